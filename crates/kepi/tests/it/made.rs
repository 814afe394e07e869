//! Per customer and period, from files to shown figures: attributes that are gathered, and a panel.

use crate::{support::Project, tour::wait_for};

const DEFINITIONS: &str = r#"
project: subscribers
name: Subscribers
language: 1
time_zone: Europe/Berlin
---
entity: subscription
attributes:
  fee: {type: "money EUR, 2 decimals"}
---
entity: account
attributes:
  orders: {count: order, from: created_at, within: 90 days}
---
entity: customer
rows: {every: period, of: account}
attributes:
  opening: {sum: subscription.fee, in_force: period_start}
  closing: {sum: subscription.fee, in_force: period_end}
  kept: {expression: case when closing < opening then closing else opening end}
---
entity: journey
rows:
  of: account
  stages:
    subscribes: {enter: subscription}
    orders: {enter: order, follows: [subscribes]}
---
source: accounts
into: account
from: {csv: {files: data/accounts.csv}}
mode: append
map:
  id: {column: id, as: text}
  created_at: {column: created, as: date}
  tier: {column: tier, as: text}
complete_until: 2026-06-30
---
source: subscriptions
into: subscription
from: {csv: {files: "data/subscriptions*.csv"}}
mode: append
map:
  id: {column: id, as: text}
  account: {column: account, as: reference account}
  started_at: {column: from, as: date}
  ended_at: {column: until, as: date}
  fee: {column: fee, as: "money EUR, 2 decimals"}
complete_until: 2026-06-30
---
source: orders
into: order
from: {csv: {files: data/orders.csv}}
mode: append
map:
  id: {column: id, as: text}
  account: {column: account, as: reference account}
  ordered_at: {column: on, as: date}
complete_until: 2026-06-30
---
kpi: churn
name: Customers who left
better: lower
period: month
by: [account.tier]
measure: {share: {of: customer, where: opening > 0, which: closing = 0}}
---
kpi: quarterly_churn
name: Customers who left in a quarter
better: lower
period: quarter
measure: {share: {of: customer, where: opening > 0, which: closing = 0}}
---
kpi: nrr
name: Net revenue retention
better: higher
period: month
measure:
  ratio:
    numerator: {sum: {of: customer, value: closing, where: opening > 0}}
    denominator: {sum: {of: customer, value: opening}}
---
kpi: grr
name: Gross revenue retention
better: higher
period: month
measure:
  ratio:
    numerator: {sum: {of: customer, value: kept}}
    denominator: {sum: {of: customer, value: opening}}
---
kpi: stages
name: Stages begun
better: higher
period: month
by: [stage]
measure: {count: {of: journey}}
---
kpi: repeat
name: Customers who order twice in 90 days
better: higher
period: month
measure: {share: {of: account, which: orders >= 2}}
"#;

fn project() -> Project {
    let project = Project::empty();
    project.write("kepi.yml", DEFINITIONS);
    project.write(
        "data/accounts.csv",
        "id,created,tier\na1,2026-01-10,gold\na2,2026-01-20,basic\na3,2026-02-05,gold\n",
    );
    project.write(
        "data/subscriptions.csv",
        "id,account,from,until,fee\ns1,a1,2026-01-10,,100\ns2,a2,2026-01-20,2026-03-10,50\ns3,a3,2026-02-05,,30\ns4,a1,2026-03-31,,20\n",
    );
    project.write(
        "data/orders.csv",
        "id,account,on\no1,a1,2026-01-10\no2,a1,2026-02-10\no3,a1,2026-06-10\no4,a2,2026-04-21\no5,a2,2026-01-21\no6,a3,2026-02-01\n",
    );
    project
}

/// The value of a period and segment, as shown, and whether it is final.
fn shown(project: &Project, kpi: &str, period: &str, segment: &str) -> Option<(f64, String)> {
    let text = project.ok(&["show", "kpi", kpi, "--format", "csv"]);
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    lines.map(|line| line.split(',').collect::<Vec<_>>()).find_map(|cells| {
        let found = cells[at("period")] == period && cells[at("segment")] == segment;
        found.then(|| (cells[at("value")].parse().unwrap(), cells[at("final")].to_owned()))
    })
}

#[test]
fn churn_retention_and_repeat_customers_are_shown_as_worked_by_hand() {
    let project = project();
    project.ok(&["check"]);
    // a3 orders before it subscribes, and a1 subscribes once more while it orders.
    let (_, said) = project.fails_or_not(&["run"]);
    assert!(said.contains("stray: 1 entry into stage `orders` of `journey`"), "{said}");
    assert!(said.contains("stray: 1 entry into stage `subscribes` of `journey`"), "{said}");
    let value = |kpi: &str, period: &str| shown(&project, kpi, period, "").map(|(value, _)| value);
    // In March a2's 50 of 180 end, and a1 adds 20; in no other month anything ends.
    assert_eq!(value("churn", "2026-03"), Some(1.0 / 3.0));
    assert_eq!(value("churn", "2026-04"), Some(0.0));
    assert_eq!(value("nrr", "2026-03"), Some(150.0 / 180.0));
    assert_eq!(value("grr", "2026-03"), Some(130.0 / 180.0));
    // Nobody was there when the first quarter began; of two at the beginning of the second nobody leaves.
    assert_eq!(value("quarterly_churn", "2026-Q2"), Some(0.0));
    // Of those who came in January a1 orders twice within 90 days; a2's second order comes on the 91st.
    assert_eq!(value("repeat", "2026-01"), Some(0.5));
    // In January a1 orders as it subscribes, a2 a day later.
    assert_eq!(value("stages", "2026-01"), Some(3.0));
    assert_eq!(shown(&project, "stages", "2026-01", "stage=subscribes").map(|(value, _)| value), Some(1.0));
    let of_tier = |segment: &str| shown(&project, "churn", "2026-03", segment).map(|(value, _)| value);
    assert_eq!((of_tier("tier=basic"), of_tier("tier=gold")), (Some(1.0), Some(0.0)));
    // The data are there until the end of June: 90 days after January, not after May.
    assert_eq!(shown(&project, "repeat", "2026-01", "").unwrap().1, "true");
    assert_eq!(shown(&project, "churn", "2026-06", "").unwrap().1, "true");
    assert_eq!(value("churn", "2026-07"), None);
    project.ok(&["reproduce"]);

    // A contract that is told of late counts where its date says.
    project.write("data/subscriptions-late.csv", "id,account,from,until,fee\ns9,a2,2026-04-01,,50\n");
    project.ok(&["run"]);
    assert_eq!(value("nrr", "2026-04"), Some(150.0 / 150.0));
    assert_eq!(value("nrr", "2026-05"), Some(200.0 / 200.0));
    project.ok(&["reproduce"]);
}

#[test]
fn rows_that_cannot_be_made_are_a_reason_for_those_who_need_them_alone() {
    let project = project();
    let beyond = ["seats"; 20].join(" * ");
    let definitions = DEFINITIONS
        .replace(
            "  fee: {type: \"money EUR, 2 decimals\"}\n",
            "  fee: {type: \"money EUR, 2 decimals\"}\n  seats: {type: integer}\n",
        )
        .replace("  fee: {column: fee,", "  seats: {column: fee, as: integer}\n  fee: {column: fee,")
        .replace(
            "subscribes: {enter: subscription}",
            &format!("subscribes: {{enter: {{of: subscription, where: {beyond} > 0}}}}"),
        );
    project.write("kepi.yml", &definitions);
    let (said, stderr) = project.fails(1, &["run"]);
    let expected =
        "a condition or a value by which the rows of `journey` are made leaves the range of 128-bit integers";
    assert!(format!("{said}{stderr}").contains(expected), "{said}{stderr}");
    let (_, why) = project.fails(3, &["show", "kpi", "stages"]);
    assert!(why.contains(expected), "{why}");
    assert_eq!(shown(&project, "churn", "2026-03", "").map(|(value, _)| value), Some(1.0 / 3.0));
}

#[test]
fn a_value_is_traced_to_its_rows_and_a_row_to_what_it_was_made_of() {
    let project = project();
    project.fails_or_not(&["run"]);
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&project.ok(&[arguments, &["--format", "json"]].concat())).unwrap()
    };
    // Who left in March: a2, whose 50 had ended.
    let churn = &json(&["trace", "churn", "--period", "2026-03"])["traced"];
    assert_eq!(churn["agrees"], true);
    let rows = churn["terms"][0]["rows"].as_array().unwrap();
    let left: Vec<&str> = rows
        .iter()
        .filter(|row| row["read"]["closing"] == "0.00")
        .map(|row| row["key"].as_str().unwrap())
        .collect();
    assert_eq!((rows.len(), left), (3, vec!["a2 2026-03"]));
    let basic = &json(&["trace", "churn", "--period", "2026-03", "--segment", "tier=basic"])["traced"];
    assert_eq!((&basic["value"], basic["terms"][0]["of"].as_u64()), (&serde_json::json!(1.0), Some(1)));
    // How that row came about, down to the file.
    let row = &json(&["trace", "customer", "a2", "2026-03"])[0];
    assert_eq!(row["made_of"][0]["file"], "data/accounts.csv");
    let opening = &row["gathered"][0];
    assert_eq!((&opening["value"], &opening["rows"][0]["key"]), (&"50.00".into(), &"s2".into()));
    assert_eq!(
        (&opening["rows"][0]["file"], &opening["rows"][0]["row"]),
        (&"data/subscriptions.csv".into(), &2.into())
    );
    // A landed row says where it stood, and nothing that is personal.
    let account = &json(&["trace", "account", "a1"])[0];
    assert_eq!((&account["row"], &account["attributes"]["name"]), (&1.into(), &"(personal)".into()));
    // The two parts of a ratio; what does not enter says why.
    let said = project.ok(&["trace", "nrr", "--period", "2026-04", "--format", "csv"]);
    assert!(
        said.contains("numerator,customer,a2 2026-04,2026-04-01,`where` does not hold,,,,,0,0.00,0.00"),
        "{said}"
    );
    // What a stage was entered by.
    let said = project.ok(&["trace", "journey", "a1"]);
    assert!(said.contains("enters orders `order`: o1  2026-01-10  data/orders.csv row 1"), "{said}");
    // Everything that is published adds up to its rows.
    for kpi in ["churn", "quarterly_churn", "nrr", "grr", "stages", "repeat"] {
        project.ok(&["trace", kpi]);
    }
    let (_, said) = project.fails(3, &["trace", "customer", "a2"]);
    assert!(said.contains("name one, such as `kepi trace customer a2 2026-03`"), "{said}");
    let (_, said) = project.fails(3, &["trace", "churn", "--period", "1999-01"]);
    assert!(said.contains("there is no period `1999-01`"), "{said}");
    let (_, said) = project.fails(3, &["trace", "chrun"]);
    assert!(said.contains("there is no KPI `chrun`") && said.contains("perhaps:"), "{said}");
    let (_, said) = project.fails(3, &["trace", "churn", "--segment", "tier=basik"]);
    assert!(said.contains("there is no segment `tier=basik` of `churn`"), "{said}");
    let (_, said) = project.fails(3, &["trace", "custmer", "a2"]);
    assert!(said.contains("there is no entity `custmer`"), "{said}");
}

/// Who left, on a page: the value leads to its rows, a row to what it was made of, and both can be taken away.
#[test]
fn rows_behind_a_value_are_on_a_page() {
    let project = project();
    project.fails_or_not(&["run"]);
    let (_server, address) = project.serve();
    let get = |path: &str| wait_for(&address, path);
    let page = get("/kpis/churn?period=2026-03");
    assert!(page.contains("/kpis/churn/rows?period=2026-03"), "{page}");
    let page = get("/kpis/churn/rows?period=2026-03");
    assert!(page.contains("The rows add up to what was published, to the last digit."), "{page}");
    let row = "/entities/customer/row?key=a2&amp;key=2026-03";
    assert!(page.contains(row), "{page}");
    let page = get(&row.replace("&amp;", "&"));
    assert!(page.contains("data/subscriptions.csv, row 2") && page.contains("50.00"), "{page}");
    let csv = get("/kpis/churn/rows.csv?period=2026-03&segment=tier%3Dbasic");
    assert!(csv.contains("value,customer,a2 2026-03,2026-03-01,,,,,"), "{csv}");
    let json = get("/api/v1/entities/account/row?key=a1");
    assert!(json.contains("\"name\":\"(personal)\""), "{json}");
    // What is computed of other KPIs leads to theirs; what is asked otherwise than it can be is said so.
    assert!(get("/entities/customer/row?key=a2").starts_with("HTTP/1.1 400"));
    assert!(get("/entities/customer/row?key=nobody&key=2026-03").starts_with("HTTP/1.1 404"));
}
