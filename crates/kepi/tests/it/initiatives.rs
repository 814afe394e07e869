//! From rows to what is said of an initiative: evidence, effect, quick win and budget, by a clock, and nothing that was expected afterwards.

use std::{fmt::Write, path::Path, sync::Arc};

use jiff::{Timestamp, ToSpan, Zoned, civil::Date, tz::TimeZone};
use kepi_app::picture::Picture;
use kepi_engine::DataFusionEvaluator;
use kepi_insight::change::Refusal;
use kepi_model::calendar::Grain;
use kepi_query::value::Segment;
use kepi_report::{Reporter, facts::Facts, initiatives::Initiatives};

use crate::{
    order::{app, run_at},
    support::Project,
};

const PROJECT: &str = "project: sets_out
name: Sets out
language: 1
time_zone: UTC
quick_wins: {within: 70, budget: 50000 EUR}
---
person: ann
name: Ann
---
strategy: help
mission: We help.
perspectives:
  customers: {name: Customers}
objectives:
  quick: {name: Quick help, perspective: customers}
---
entity: call
name: Call
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: date}
  again: {type: boolean}
  worth: {type: \"money EUR, 2 decimals\"}
---
source: contacts
into: call
from: {csv: {files: \"data/*.csv\"}}
mode: append
map:
  id: {column: id, as: text, required: true}
  at: {column: at, as: date, required: true}
  again: {column: again, as: boolean}
  worth: {column: worth, as: \"money EUR, 2 decimals\"}
---
kpi: contacts
name: Contacts
better: lower
measure: {count: {of: call}}
period: month
targets: [{from: 2020-01-01, threshold: 300, target: 100}]
---
kpi: contacts_again
name: Contacts for the same reason
better: lower
measure: {count: {of: call, where: again}}
period: month
targets: [{from: 2020-01-01, threshold: 10, target: 0}]
---
kpi: at_risk
name: Revenue of those who called
better: lower
measure: {sum: {of: call, value: worth}}
period: month
---
initiative: desk
name: A desk that calls back
owner: ann
begins: BEGINS
objective: quick
effects: {contacts: {expect: -40, by: BY}}
evidence: {volume: contacts, severity: contacts, revenue_at_risk: at_risk}
budget: 50000 EUR
spent: [{on: BEGINS, amount: 12000.50 EUR}]
---
initiative: forms
name: Shorter forms
owner: ann
objective: quick
effects: {contacts_again: {expect: -3, by: 2099-12-31}}
evidence: {volume: contacts, severity: contacts_again, revenue_at_risk: at_risk}
budget: 20000 EUR
";

/// Said when all of it was over.
const AFTERWARDS: &str = "---
initiative: praise
name: Praise afterwards
owner: ann
begins: BEGINS
effects: {contacts: {expect: -20, by: BY}}
budget: 10 EUR
spent: []
";

/// The first day of the month so many months from this one.
fn month(from_now: i64) -> Date {
    Zoned::now().with_time_zone(TimeZone::UTC).date().first_of_month().checked_add(from_now.months()).unwrap()
}

fn at(day: Date) -> i64 {
    let noon = day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap();
    Timestamp::from(noon).as_microsecond()
}

/// So many contacts on a day, six of which call again, each worth 100.25.
fn contacts(n: usize, day: Date) -> String {
    let mut rows = String::new();
    for i in 0..n {
        let again = if i < 6 { "true" } else { "false" };
        writeln!(rows, "{day}-{i},{day},{again},100.25").unwrap();
    }
    rows
}

/// 300 contacts a month before, then 260, 220 and 200 each. With lines at 300 and 100 two hundred score 75 and lack ¼; six again score 70 by lines at
/// 10 and 0 and lack 0.3. All is counted in full, and both have the largest volume and money: evidence 100 ∛0.25 = 62.996 and
/// 100 ∛0.3 = 66.943.
#[tokio::test(flavor = "multi_thread")]
async fn initiatives_are_ranked_and_followed_from_rows_to_page() {
    let begins = month(-6);
    let by = month(-4).yesterday().unwrap();
    let told = |text: &str| text.replace("BEGINS", &begins.to_string()).replace("BY", &by.to_string());
    let project = Project::empty();
    project.write("kepi.yml", &told(PROJECT));
    let mut rows = "id,at,again,worth\n".to_owned();
    for before in (-20..=-7).map(month) {
        rows += &contacts(300, before);
    }
    project.write("data/before.csv", &rows);
    std::fs::create_dir_all(project.path().join(".kepi")).unwrap();
    let app = Arc::new(app(Path::new(project.path()), Arc::new(DataFusionEvaluator)).await);
    let first = begins.checked_sub(10.days()).unwrap();
    run_at(&app, at(first)).await.unwrap();
    let mut rows = "id,at,again,worth\n".to_owned();
    for (n, month) in [260, 220, 200, 200, 200, 200, 1].into_iter().zip((-6..=0).map(month)) {
        rows += &contacts(n, month);
    }
    project.write("data/since.csv", &rows);
    // What is spent is said later, and in other words: what is expected stays said since the first day.
    let text = told(PROJECT).replace("name: A desk that calls back", "name: The desk that calls back");
    project.write("kepi.yml", &format!("{text}{}", told(AFTERWARDS)));
    run_at(&app, at(month(0))).await.unwrap();

    let picture = Picture::load(&app).await.unwrap();
    let judged = |picture: &Picture| {
        let last = picture.project().calendar.period_of_day(Grain::Month, month(-1));
        picture.judged(&"contacts".parse().unwrap(), last, &Segment::total())
    };
    let usual = judged(&Picture::load(&app).await.unwrap());
    assert_ne!(usual, Err(Refusal::NotLooked));
    let of = Reporter::new(&picture).initiatives(None).unwrap().of;
    // Both name it, as evidence and as effect: it is known as well as before.
    assert_eq!(judged(&picture), usual);
    let order: Vec<&str> = of.initiatives.iter().map(|of| of.id.as_str()).collect();
    assert_eq!(order, ["forms", "desk", "praise"], "{of:#?}");
    let [forms, desk, praise] = &of.initiatives[..] else { panic!("{order:?}") };
    let near = |found: Option<f64>, expected: f64| found.is_some_and(|of| (of - expected).abs() < 5e-4);
    assert!(near(forms.score, 66.943) && near(desk.score, 62.996), "{forms:#?} {desk:#?}");
    assert_eq!((desk.confidence, desk.spent), (Some(1.0), Some(12_000.5)));
    assert_eq!(praise.reason.as_deref(), Some("no KPI is named that speaks for it"));

    assert_eq!(
        (desk.said.as_deref(), desk.name.as_str()),
        (Some(&*first.to_string()), "The desk that calls back")
    );
    let [effect] = &desk.effects[..] else { panic!("one is expected") };
    assert_eq!((effect.verdict.as_str(), effect.change), ("kept", Some(-80.0)), "{effect:#?}");
    let [effect] = &praise.effects[..] else { panic!("one is expected") };
    assert_eq!((effect.verdict.as_str(), effect.change), ("unknown", None));
    assert!(effect.text.ends_with("nobody expected it"), "{}", effect.text);

    let wins: Vec<&str> = of.quick_wins.wins.iter().map(|of| of.initiative.as_str()).collect();
    assert_eq!(wins, ["desk"]);
    let [lies] = &of.reallocation[..] else { panic!("{:?}", of.reallocation) };
    assert_eq!((lies.initiative.as_str(), lies.unspent), ("desk", Some(37_999.5)));
    assert_eq!(lies.waiting.iter().map(|of| of.initiative.as_str()).collect::<Vec<_>>(), ["forms"]);
    let [quick, none] = &of.budgets[..] else { panic!("{:?}", of.budgets) };
    assert_eq!((quick.budget, quick.spent, quick.spent_unknown, quick.kept), (70_000.0, 12_000.5, 1, 1));
    assert_eq!((none.budget, none.open, none.unknown), (10.0, 0, 1));
    drop((picture, app));

    // The command line says the same.
    let json = project.ok(&["initiatives", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Initiatives>(&json).unwrap(), of);
    let table = project.ok(&["initiatives"]);
    assert!(table.contains("forms") && table.contains("66.9") && table.contains("contacts kept"), "{table}");
    let one = project.ok(&["initiatives", "desk"]);
    assert!(one.contains("evidence 63.0 = 100 × size 0.630 × confidence 1.000"), "{one}");
    assert_eq!(project.ok(&["initiatives", "--format", "csv"]).lines().count(), 4);
    let (_, said) = project.fails(3, &["initiatives", "deks"]);
    assert!(said.contains("there is no initiative `deks`"), "{said}");
}
