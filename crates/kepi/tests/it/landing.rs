//! From cells to figures: what small files come to when a project lands them and computes from them.

use std::fs;

use crate::support::Project;

const HEAD: &str = "project: p\nname: P\nlanguage: 1\ntime_zone: UTC\n---\n";

/// The column of a KPI's table as CSV: its value in a period, of the whole.
fn values(project: &Project, kpi: &str) -> Vec<(String, String)> {
    let (table, said) = project.fails_or_not(&["show", "kpi", kpi, "--format", "csv"]);
    if said.contains("has no value") {
        return Vec::new();
    }
    let mut lines = table.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let at = |name: &str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
    let (period, value, segment) = (at("period").unwrap(), at("value").unwrap(), at("segment"));
    lines
        .filter(|line| segment.is_none_or(|at| line[at].is_empty()))
        .map(|line| (line[period].clone(), line[value].clone()))
        .collect()
}

/// The values that are there.
fn figures(project: &Project, kpi: &str) -> Vec<(String, f64)> {
    let all = values(project, kpi).into_iter();
    all.filter_map(|(period, value)| Some((period, value.parse().ok()?))).collect()
}

fn figure(period: &str, value: f64) -> (String, f64) {
    (period.to_owned(), value)
}

fn project(definitions: &str, files: &[(&str, &str)]) -> Project {
    let project = Project::empty();
    project.write("kepi.yml", &format!("{HEAD}{definitions}"));
    for (path, text) in files {
        project.write(path, text);
    }
    project
}

/// A KPI.
fn kpi(id: &str, measure: &str, period: &str) -> String {
    format!("---\nkpi: {id}\nname: {id}\nbetter: higher\nmeasure: {{{measure}}}\nperiod: {period}\n")
}

#[test]
fn cells_with_blanks_around_are_the_same_text_key_and_reference() {
    let definitions = "source: accounts\ninto: account\nfrom: {csv: {files: a.csv}}\nmode: snapshot\nmap:\n  \
         id: {column: id, as: text}\n  created_at: {column: created, as: date}\n  region: {column: region, as: text}\n\
         ---\nsource: tickets\ninto: ticket\nfrom: {csv: {files: t.csv}}\nmode: append\nmap:\n  \
         id: {column: id, as: text}\n  account: {column: account, as: reference account}\n  \
         opened_at: {column: opened, as: date}\n  channel: {column: channel, as: text}\nrules:\n  \
         - {name: known, require: account exists, else: quarantine}\n"
        .to_owned()
        + &*kpi("by_mail", "count: {of: ticket, where: \"channel = 'mail' and account.region = 'north'\"}", "month");
    let project = project(
        &definitions,
        &[
            ("a.csv", "id,created,region\nA1 \u{a0},2026-01-05,north \n A2,2026-01-05,\u{2003}north\n"),
            (
                "t.csv",
                "id,account,opened,channel\n1, A1,2026-03-02,mail \n2,A2 ,2026-03-02, mail\n3,A1,2026-03-03,mail\n",
            ),
        ],
    );
    project.ok(&["run"]);
    assert_eq!(figures(&project, "by_mail"), [figure("2026-03", 3.0)]);
}

#[test]
fn the_greater_number_in_a_name_is_the_newer_file() {
    let accounts = "source: accounts\ninto: account\nfrom: {csv: {files: \"a_*.csv\"}}\nmode: snapshot\nmap:\n  \
                    id: {column: id, as: text}\n  created_at: {column: at, as: date}\n---\nsource: tickets\ninto: \
                    ticket\nfrom: {csv: {files: \"t_*.csv\"}}\nmode: upsert\nmap:\n  id: {column: id, as: text}\n  \
                    opened_at: {column: at, as: date}\n  status: {column: status, as: text}\n"
        .to_owned()
        + &*kpi("accounts", "count: {of: account}", "year")
        + &*kpi("solved", "count: {of: ticket, where: status = 'solved'}", "year");
    let files = [
        ("a_9.csv", "id,at\nA1,2026-01-05\nA2,2026-01-06\n"),
        ("a_10.csv", "id,at\nA1,2026-01-05\n"),
        ("t_9.csv", "id,at,status\nT1,2026-02-01,open\nT2,2026-02-01,open\n"),
        ("t_10.csv", "id,at,status\nT1,2026-02-01,solved\n"),
    ];
    let (one_solved, one) = ([figure("2026", 1.0)], [figure("2026", 1.0)]);
    let at_once = project(&accounts, &files);
    let (_, told) = at_once.fails_or_not(&["run"]);
    assert!(told.contains("in order of name"), "{told}");
    assert_eq!(
        (figures(&at_once, "accounts"), figures(&at_once, "solved")),
        (one.to_vec(), one_solved.to_vec())
    );
    // The older file comes late: what it alone knows is added, nothing that is newer is undone.
    let late = project(&accounts, &[files[1], files[3]]);
    late.ok(&["run"]);
    late.write(files[0].0, files[0].1);
    late.write(files[2].0, files[2].1);
    let (_, told) = late.fails(1, &["run"]);
    assert!(told.contains("by name it is older than `a_10.csv`"), "{told}");
    assert!(told.contains("by name it is older than `t_10.csv`"), "{told}");
    assert_eq!((figures(&late, "accounts"), figures(&late, "solved")), (one.to_vec(), one_solved.to_vec()));
}

#[test]
fn a_column_may_say_which_file_is_newer() {
    let definitions = "source: tickets\ninto: ticket\nfrom: {csv: {files: \"*.csv\"}}\nmode: upsert\norder: {column: \
                       exported}\nmap:\n  id: {column: id, as: text}\n  opened_at: {column: at, as: date}\n  status: \
                       {column: status, as: text}\n"
        .to_owned()
        + &*kpi("solved", "count: {of: ticket, where: status = 'solved'}", "year");
    let project = project(
        &definitions,
        &[
            ("b.csv", "id,at,status,exported\nT1,2026-02-01,open,2026-02-03\n"),
            ("a.csv", "id,at,status,exported\nT1,2026-02-01,solved,2026-02-10\n"),
        ],
    );
    project.ok(&["run"]);
    assert_eq!(figures(&project, "solved"), [figure("2026", 1.0)]);
}

#[test]
fn decimals_after_a_comma_are_never_thousands() {
    let definitions = "entity: order_item\nattributes: {kg: {type: \"number, 3 decimals\"}}\n---\nsource: lines\ninto: \
                       order_item\nfrom: {csv: {files: lines.csv, delimiter: \";\"}}\nmode: append\nmap:\n  id: {column: \
                       id, as: text}\n  ordered_at: {column: on, as: date}\n  kg: {column: kg, as: \"number, 3 \
                       decimals\"}\n"
        .to_owned()
        + &*kpi("weight", "sum: {of: order_item, value: kg}", "month");
    let lines = "id;on;kg\n1;2026-03-02;0,750\n2;2026-03-03;0,125\n3;2026-03-04;00,500\n4;2026-03-05;12,5\n";
    let project = project(&definitions, &[("lines.csv", lines)]);
    let (_, told) = project.fails(1, &["run"]);
    assert!(told.contains("all 4 rows of `lines.csv` were rejected"), "{told}");
    assert!(figures(&project, "weight").is_empty());
    let rejected = project.ok(&["show", "quarantine", "--format", "json"]);
    assert!(rejected.contains("say `decimal_mark: \\\",\\\"` if decimals follow"), "{rejected}");
    let corrected = definitions.replace("3 decimals\"}\n", "3 decimals\", decimal_mark: \",\"}\n");
    project.write("kepi.yml", &format!("{HEAD}{corrected}"));
    project.ok(&["run"]);
    assert_eq!(figures(&project, "weight"), [figure("2026-03", 13.875)]);
}

#[test]
fn two_systems_that_know_the_same_rows_do_not_erase_each_other() {
    let both = |second: &str| {
        format!(
            "entity: account\nattributes: {{mrr: {{type: \"money EUR, 2 decimals\"}}}}\n---\nsource: crm\ninto: \
             account\nfrom: {{csv: {{files: crm.csv}}}}\nmode: upsert\nmap:\n  id: {{column: id, as: text}}\n  \
             created_at: {{column: at, as: date}}\n  tier: {{column: tier, as: text}}\n---\nsource: z_billing\ninto: \
             account\nfrom: {{csv: {{files: billing.csv}}}}\nmode: upsert\nmap:\n  id: {{column: id, as: text}}\n  \
             created_at: {{column: at, as: date}}\n{second}"
        ) + &*kpi("gold", "count: {of: account, where: tier = 'gold'}", "year")
    };
    let files = [
        ("crm.csv", "id,at,tier\na1,2025-02-01,gold\na2,2025-02-01,gold\n"),
        ("billing.csv", "id,at,mrr\na1,2025-02-01,10.00\na3,2025-02-01,20.00\n"),
    ];
    let refused = project(&both("  mrr: {column: mrr, as: \"money EUR, 2 decimals\"}\n"), &files);
    let (found, _) = refused.fails(1, &["check"]);
    assert!(found.contains("K0430") && found.contains("fill `account` with the same keys"), "{found}");
    // Where only one of the two knows more, what it knows stays.
    let less = project(&both(""), &files);
    let (_, told) = less.fails(1, &["run"]);
    assert!(told.contains("rule `other source` broken by 1 row"), "{told}");
    assert_eq!(figures(&less, "gold"), [figure("2025", 2.0)]);
}

/// Customers in two systems: sales is believed first, but for how a customer stands, which billing knows better.
fn in_two_systems() -> String {
    "entity: account\nprecedence: [crm, billing]\nattributes:\n  mrr: {type: \"money EUR, 2 decimals\"}\n  status: {type: text, \
     precedence: [billing]}\n---\nsource: billing\ninto: account\nfrom: {csv: {files: \"billing*.csv\"}}\nmode: snapshot\nmap:\n  id: \
     {column: id, as: text}\n  created_at: {column: at, as: date}\n  tier: {column: tier, as: text}\n  status: {column: \
     status, as: text}\n  mrr: {column: mrr, as: \"money EUR, 2 decimals\"}\nrules:\n  - {name: one_tariff, require: unique \
     mrr, else: warn}\n---\nsource: crm\ninto: account\nfrom: {csv: {files: \"crm*.csv\"}}\nmode: snapshot\nmap:\n  id: {column: id, \
     as: text}\n  created_at: {column: at, as: date}\n  tier: {column: tier, as: text}\n  status: {column: status, as: text}\n  \
     region: {column: region, as: text}\n"
        .to_owned()
        + &*kpi("gold", "count: {of: account, where: tier = 'gold'}", "year")
        + &*kpi("gone", "count: {of: account, where: status = 'left'}", "year")
        + &*kpi("mrr", "sum: {of: account, value: mrr}", "year")
        + "by: [region]\n"
}

const CRM: (&str, &str) = (
    "crm.csv",
    "id,at,tier,status,region\na1,2025-02-01,gold,active,north\na2,2025-02-01,gold,active,south\na3,2025-02-01,,active,south\n",
);
const BILLING: (&str, &str) = (
    "billing.csv",
    "id,at,tier,status,mrr\na1,2025-02-01,silver,left,10.00\na3,2025-02-01,gold,,20.00\na4,2025-02-01,gold,active,40.00\n",
);

#[test]
fn of_two_systems_that_know_the_same_rows_each_attribute_believes_one_whichever_lands_first() {
    let definitions = in_two_systems();
    let at_once = project(&definitions, &[CRM, BILLING]);
    at_once.ok(&["run"]);
    // A file with nothing but its header: the source is there, and knows nothing yet.
    let empty = |of: (&'static str, &'static str), name: &'static str| {
        (name, of.1.split_inclusive('\n').next().unwrap())
    };
    let sales_first = project(&definitions, &[CRM, empty(BILLING, "billing-0.csv")]);
    sales_first.ok(&["run"]);
    // What sales alone says: billing's tier and payments have not come.
    assert_eq!(figures(&sales_first, "gold"), [figure("2025", 2.0)]);
    sales_first.write(BILLING.0, BILLING.1);
    sales_first.ok(&["run"]);
    let billing_first = project(&definitions, &[BILLING, empty(CRM, "crm-0.csv")]);
    billing_first.ok(&["run"]);
    assert_eq!(figures(&billing_first, "gold"), [figure("2025", 2.0)]);
    billing_first.write(CRM.0, CRM.1);
    billing_first.ok(&["run"]);
    for project in [&at_once, &sales_first, &billing_first] {
        // Gold are a1 and a2, as sales says, and a3 and a4, of which only billing says anything.
        assert_eq!(figures(project, "gold"), [figure("2025", 4.0)]);
        assert_eq!(figures(project, "gone"), [figure("2025", 1.0)]);
        assert_eq!(figures(project, "mrr"), [figure("2025", 70.0)]);
        // Payments by region: what one system knows of what the other knows.
        let by = project.ok(&["show", "kpi", "mrr", "--format", "csv"]);
        assert!(by.contains("mrr,2025,region=south,20,"), "{by}");
        project.ok(&["reproduce", "kpi/mrr"]);
    }
    // Two lists: each overruled value with both places, and how many in all.
    let listed = at_once.ok(&["sources", "--discrepancies", "--format", "csv"]);
    let want = "entity,key,attribute,believed,believed_source,believed_file,believed_row,overruled,overruled_source,\
                overruled_file,overruled_row\naccount,a1,status,left,billing,billing.csv,1,active,crm,crm.csv,1\naccount,a1,tier,gold,crm,\
                crm.csv,1,silver,billing,billing.csv,1\n";
    let mut lines: Vec<&str> = listed.lines().collect();
    lines[1..].sort_unstable();
    assert_eq!(lines, want.lines().collect::<Vec<_>>());
    let told = at_once.ok(&["sources", "--discrepancies"]);
    assert!(
        told.contains("account: 2 rows known to more than one source, 2 values overruled; believed first: crm, then billing"),
        "{told}"
    );
    // Who said what of a row.
    let told = at_once.ok(&["trace", "account", "a1"]);
    for line in [
        "tier, believed: gold  crm.csv row 1 (source crm)",
        "tier, not believed: silver  billing.csv row 1 (source billing)",
        "status, believed: left  billing.csv row 1 (source billing)",
        "mrr, believed: 10.00  billing.csv row 1 (source billing)",
        "region, believed: north  crm.csv row 1 (source crm)",
        "created_at, the same: 2025-02-01  billing.csv row 1 (source billing)",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
}

#[test]
fn whom_an_entity_believes_may_change_and_what_a_source_leaves_out_is_gone_of_it_alone() {
    let definitions = in_two_systems();
    let project = project(&definitions, &[CRM, BILLING]);
    project.ok(&["run"]);
    let other = definitions.replace("precedence: [crm, billing]", "precedence: [billing, crm]");
    project.write("kepi.yml", &format!("{HEAD}{other}"));
    project.ok(&["run"]);
    // a1 is silver now, as billing says.
    assert_eq!(figures(&project, "gold"), [figure("2025", 3.0)]);
    // A customer that a newer list of billing lacks is still one of sales; one that it alone knew is gone.
    project.write("billing_2.csv", "id,at,tier,status,mrr\na3,2025-02-01,gold,,20.00\n");
    let generous = other.replace("mode: snapshot\nmap", "mode: snapshot\ndeletes: {at_most: 90%}\nmap");
    project.write("kepi.yml", &format!("{HEAD}{generous}"));
    project.ok(&["run"]);
    assert_eq!(figures(&project, "gold"), [figure("2025", 3.0)]);
    assert_eq!(figures(&project, "gone"), [figure("2025", 0.0)]);
    assert_eq!(figures(&project, "mrr"), [figure("2025", 20.0)]);
}

#[test]
fn what_moved_a_restated_figure_is_told_change_by_change() {
    let orders = |least: &str| {
        "source: lines\ninto: order_item\nfrom: {csv: {files: \"lines_*.csv\"}}\nmode: \
         append\nmap:\n  id: {column: id, as: text}\n  ordered_at: {column: at, as: timestamp}\n  quantity: {column: n, as: \
         integer}\n"
            .to_owned()
            + &*kpi("large", &format!("count: {{of: order_item, where: quantity >= {least}}}"), "month")
    };
    let first = "id,at,n\n1,2026-01-05T10:00:00Z,20\n2,2026-01-06T10:00:00Z,8\n3,2026-01-07T10:00:00Z,12\n4,2026-03-01T10:00:00Z,30\n";
    let late = "id,at,n\n5,2026-01-08T10:00:00Z,7\n6,2026-01-09T10:00:00Z,15\n7,2026-01-10T10:00:00Z,25\n";
    let project = project(&orders("10"), &[("lines_1.csv", first)]);
    project.ok(&["run"]);
    assert_eq!(figures(&project, "large")[0], figure("2026-01", 2.0));
    let (_, said) = project.fails(3, &["explain", "large", "--restated", "--period", "2026-01"]);
    assert!(said.contains("was not restated"), "{said}");
    project.write("kepi.yml", &format!("{HEAD}{}", orders("5")));
    project.write("lines_2.csv", late);
    project.ok(&["run"]);
    // Two at first; three by the new definition alone, four with the late rows alone, six with both.
    assert_eq!(figures(&project, "large")[0], figure("2026-01", 6.0));
    let told = project.ok(&["explain", "large", "--restated", "--period", "2026-01"]);
    assert!(told.contains("2 by run 1, 6 by run 2, +4"), "{told}");
    let place = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text} in {told}"));
    assert!(place("+2.5  rows of order_item") < place("+1.5  its definition"), "{told}");
}

/// Eleven events around the first of March and of April in Kiritimati, Tokyo, Berlin, Los Angeles and Pago Pago.
const EVENTS: &str = "id,at\n\
    e1,2026-02-28T11:30:00Z\ne2,2026-02-28T16:00:00Z\ne3,2026-02-28T23:30:00Z\ne4,2026-03-01T07:59:00Z\ne5,2026-03-01T08:00:00Z\n\
    e6,2026-03-01T10:59:00Z\ne7,2026-03-01T11:00:00Z\ne8,2026-03-31T14:59:00Z\ne9,2026-03-31T22:30:00Z\n\
    e10,2026-04-01T06:59:00Z\ne11,2026-04-01T07:00:00Z\n";

#[test]
fn scorecards_of_several_zones_read_the_days_that_begin_there() {
    let zones = ["Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago"];
    let objective = "objective: heard\n";
    let mut definitions = "strategy: s\nmission: M\nperspectives: {customer: {name: Customers}}\nobjectives: {heard: {name: Heard, \
                           perspective: customer}}\n---\nentity: visit\nkey: [id]\ntime: day\nattributes: {id: {type: text}, day: {type: \
                           date}}\n---\nsource: events\ninto: event\nfrom: {csv: {files: events.csv}}\nmode: append\nmap:\n  id: {column: \
                           id, as: text}\n  occurred_at: {column: at, as: timestamp}\n---\nsource: visits\ninto: visit\nfrom: {csv: {files: \
                           visits.csv}}\nmode: append\nmap:\n  id: {column: id, as: text}\n  day: {column: day, as: date}\n"
        .to_owned();
    definitions += &(kpi("events", "count: {of: event}", "month") + objective);
    definitions += &(kpi("daily", "count: {of: event}", "day") + objective);
    definitions +=
        &(kpi("early", "count: {of: event, where: \"occurred_at < '2026-03-01'\"}", "year") + objective);
    definitions += &(kpi(
        "per_event",
        "formula: {kpis: {a: events, b: {kpi: events, ago: 1 month}}, value: a / b}",
        "month",
    ) + objective);
    definitions += &(kpi("visits", "count: {of: visit}", "month") + objective);
    for (n, zone) in zones.iter().enumerate() {
        definitions += &format!(
            "---\nscorecard: card_{n}\nname: Card {n}\nperiod: year\ntime_zone: {zone}\nperspectives: {{customer: {{weight: 100%, \
             objectives: {{heard: {{weight: 100%, kpis: {{events: 20%, daily: 20%, early: 20%, per_event: 20%, visits: 20%}}}}}}}}}}\n"
        );
    }
    let project = Project::empty();
    let head = HEAD.replace("UTC", "Europe/Berlin");
    project.write("kepi.yml", &format!("{head}{definitions}"));
    project.write("events.csv", EVENTS);
    project.write("visits.csv", "id,day\nv1,2026-03-01\nv2,2026-03-31\n");
    project.ok(&["run"]);
    // At its own grain: it stands at that of the scorecard as well.
    let own = |kpi: &str| {
        let all = figures(&project, kpi);
        let finest = all.iter().map(|(period, _)| period.len()).max().unwrap_or(0);
        all.into_iter().filter(|(period, n)| period.len() == finest && *n > 0.0).collect::<Vec<_>>()
    };
    let months = |kpi: &str| own(kpi).into_iter().map(|(period, n)| (period, n as i64)).collect::<Vec<_>>();
    let of =
        |all: &[(&str, i64)]| all.iter().map(|(period, n)| ((*period).to_owned(), *n)).collect::<Vec<_>>();
    // In Berlin e3 is of March, half an hour after midnight; e9 is of April, since clocks are two hours ahead by then.
    assert_eq!(months("events"), of(&[("2026-02", 2), ("2026-03", 6), ("2026-04", 3)]));
    // Tokyo: the 28th ends at 15:00 UTC.
    assert_eq!(months("events__asia_tokyo"), of(&[("2026-02", 1), ("2026-03", 7), ("2026-04", 3)]));
    // Los Angeles: the 28th ends at 08:00 UTC, the 31st at 07:00, for clocks have changed on the 8th.
    assert_eq!(months("events__america_los_angeles"), of(&[("2026-02", 4), ("2026-03", 6), ("2026-04", 1)]));
    // Kiritimati: 14 hours ahead, no event is of February. Pago Pago, 11 behind: none is of April.
    assert_eq!(months("events__pacific_kiritimati"), of(&[("2026-03", 7), ("2026-04", 4)]));
    assert_eq!(months("events__pacific_pago_pago"), of(&[("2026-02", 6), ("2026-03", 5)]));
    // Across the date line one instant has two dates: e6 is of 2 March here, of 28 February there.
    let days = |zone: &str| months(&format!("daily__{zone}"));
    assert_eq!(days("pacific_kiritimati"), of(&[("2026-03-01", 5), ("2026-03-02", 2), ("2026-04-01", 4)]));
    assert_eq!(days("pacific_pago_pago"), of(&[("2026-02-28", 6), ("2026-03-01", 1), ("2026-03-31", 4)]));
    // A day in a condition is a day of that zone, too.
    for (zone, n) in [("", 2), ("__asia_tokyo", 1), ("__america_los_angeles", 4), ("__pacific_pago_pago", 6)]
    {
        assert_eq!(months(&format!("early{zone}")), of(&[("2026", n)]), "early{zone}");
    }
    // What is computed of others is computed of theirs; days that landed as days are those days everywhere.
    assert_eq!(own("per_event__asia_tokyo"), [figure("2026-03", 7.0), figure("2026-04", 3.0 / 7.0)]);
    assert_eq!(months("visits"), of(&[("2026-03", 2)]));
    let card = project.ok(&["show", "scorecard", "card_0", "--format", "json"]);
    assert!(card.contains("\"time_zone\": \"Asia/Tokyo\""), "{card}");
    assert!(card.contains("\"visits\"") && card.contains("\"events__asia_tokyo\""), "{card}");
    // Made again and traced to rows they are the same.
    project.ok(&["reproduce", "kpi/events__asia_tokyo"]);
    let told = project.ok(&["trace", "events__asia_tokyo", "--period", "2026-03"]);
    assert!(told.contains("The rows add up to the states that were published"), "{told}");
    assert!(told.contains("e2") && !told.contains("e1 "), "{told}");
}

/// Ten orders around the ends of January, February and March, and of two periods of 4-4-5 from February.
const ORDERS: &str = "id,account,at\n\
    o1,a1,2026-01-31T12:00:00Z\no2,a1,2026-02-01T12:00:00Z\no3,a2,2026-02-28T23:30:00Z\no4,a1,2026-03-01T12:00:00Z\n\
    o5,a1,2026-03-28T12:00:00Z\no6,a2,2026-03-29T12:00:00Z\no7,a1,2026-03-31T12:00:00Z\no8,a1,2026-04-01T12:00:00Z\n\
    o9,a1,2026-05-02T12:00:00Z\no10,a2,2026-05-03T12:00:00Z\n";

/// A company whose year begins in April, its retailer that counts 4-4-5 from February in weeks from Sunday, and that in Tokyo.
fn of_two_calendars() -> Project {
    let mut definitions = "strategy: s\nmission: M\nperspectives: {customer: {name: Customers}}\nobjectives: {heard: {name: Heard, \
                           perspective: customer}}\n---\nentity: visit\nkey: [id]\ntime: day\nattributes: {id: {type: text}, day: {type: \
                           date}}\n---\nentity: customer\nrows: {every: period, of: account}\nattributes:\n  bought: {count: order}\n"
        .to_owned();
    let source = |name: &str, into: &str, map: &str| {
        format!(
            "---\nsource: {name}\ninto: {into}\nfrom: {{csv: {{files: {name}.csv}}}}\nmode: append\ncomplete_until: 2026-05-31\nmap:\n  id: \
             {{column: id, as: text}}\n{map}"
        )
    };
    definitions += &source("accounts", "account", "  created_at: {column: created, as: timestamp}\n");
    let order =
        "  account: {column: account, as: reference account}\n  ordered_at: {column: at, as: timestamp}\n";
    definitions += &source("orders", "order", order);
    definitions += &source("visits", "visit", "  day: {column: day, as: date}\n");
    let objective = "objective: heard\n";
    let count = "count: {of: order}";
    definitions += &(kpi("orders", count, "month")
        + objective
        + "targets: [{from: 2025-04-01, threshold: 1, target: 3}]\n");
    definitions += &(kpi("weekly", count, "week") + objective);
    definitions += &(kpi("recent", count, "month") + objective + "over: 2 months\n");
    let growth = "formula: {kpis: {now: orders, then: {kpi: orders, ago: 1 month}}, value: now / then}";
    definitions += &(kpi("growth", growth, "month") + objective);
    definitions += &(kpi("buyers", "count: {of: customer, where: bought > 0}", "month") + objective);
    definitions += &(kpi("visits", "count: {of: visit}", "month") + objective);
    let retail = "week_start: sunday\nfiscal_year_start: february\ncalendar: {weeks: 4-4-5}\n";
    let all = "orders: 50%, weekly: 10%, recent: 10%, growth: 10%, buyers: 10%, visits: 10%";
    for (card, period, calendar, kpis) in [
        ("company", "quarter", "", all),
        ("retail", "quarter", retail, all),
        ("tokyo", "month", &format!("time_zone: Asia/Tokyo\n{retail}"), "orders: 50%, visits: 50%"),
    ] {
        definitions += &format!(
            "---\nscorecard: {card}\nname: {card}\nperiod: {period}\n{calendar}perspectives: {{customer: {{weight: 100%, objectives: {{heard: \
             {{weight: 100%, kpis: {{{kpis}}}}}}}}}}}\n"
        );
    }
    let project = Project::empty();
    let head = HEAD.replace("\n---", "\nfiscal_year_start: april\n---");
    project.write("kepi.yml", &format!("{head}{definitions}"));
    project.write("accounts.csv", "id,created\na1,2026-01-01T00:00:00Z\na2,2026-01-01T00:00:00Z\n");
    project.write("orders.csv", ORDERS);
    project.write("visits.csv", "id,day\nv1,2026-02-28\nv2,2026-03-29\n");
    project.ok(&["run"]);
    project
}

#[test]
fn scorecards_of_several_calendars_have_periods_of_their_own() {
    let project = of_two_calendars();
    // Each calendar keeps its own states: nothing is read again where nothing came.
    let cost = project.ok(&["plan", "--cost"]);
    assert!(cost.contains("nothing is read: all of it is kept"), "{cost}");
    let of = |all: &[(&str, f64)]| all.iter().map(|(period, n)| figure(period, *n)).collect::<Vec<_>>();
    // At its own grain, or at that of the scorecards, which is written with a Q.
    let own = |kpi: &str, is: fn(&str) -> bool| {
        figures(&project, kpi).into_iter().filter(|(period, n)| is(period) && *n > 0.0).collect::<Vec<_>>()
    };
    let months = |kpi: &str| own(kpi, |period| !period.contains('Q'));
    let there = |kpi: &str| months(&format!("{kpi}__4_4_5_february_sunday"));
    // The first of February 2026 is a Sunday: four weeks to 28 February, four to 28 March, five to 2 May.
    assert_eq!(
        months("orders"),
        of(&[("2026-01", 1.0), ("2026-02", 2.0), ("2026-03", 4.0), ("2026-04", 1.0), ("2026-05", 2.0)])
    );
    assert_eq!(
        there("orders"),
        of(&[
            ("2025/26-P12", 1.0),
            ("2026/27-P01", 2.0),
            ("2026/27-P02", 2.0),
            ("2026/27-P03", 4.0),
            ("2026/27-P04", 1.0)
        ])
    );
    // Weeks: both days around the first of February are of one from Monday, and of two from Sunday.
    let weeks = months("weekly");
    assert_eq!((&weeks[0], weeks.len()), (&figure("2026-W05", 2.0), 5));
    let weeks = there("weekly");
    assert_eq!(
        (&weeks[..2], weeks.len()),
        (&of(&[("week of 2026-01-25", 1.0), ("week of 2026-02-01", 1.0)])[..], 8)
    );
    // Windows and what lies back go by the same months.
    assert_eq!(months("recent")[1..3], of(&[("2026-03", 6.0), ("2026-04", 5.0)]));
    assert_eq!(there("recent")[1..3], of(&[("2026/27-P02", 4.0), ("2026/27-P03", 6.0)]));
    assert_eq!(
        months("growth"),
        of(&[("2026-02", 2.0), ("2026-03", 2.0), ("2026-04", 0.25), ("2026-05", 2.0)])
    );
    assert_eq!(
        there("growth"),
        of(&[("2026/27-P01", 2.0), ("2026/27-P02", 1.0), ("2026/27-P03", 2.0), ("2026/27-P04", 0.25)])
    );
    // Per customer and period: a2 buys on 29 March, which is of March here and of P03 there.
    assert_eq!(
        months("buyers"),
        of(&[("2026-01", 1.0), ("2026-02", 2.0), ("2026-03", 2.0), ("2026-04", 1.0), ("2026-05", 2.0)])
    );
    assert_eq!(
        there("buyers"),
        of(&[
            ("2025/26-P12", 1.0),
            ("2026/27-P01", 2.0),
            ("2026/27-P02", 1.0),
            ("2026/27-P03", 2.0),
            ("2026/27-P04", 1.0)
        ])
    );
    // Rows dated by days as well: that a day is a day everywhere says nothing of months.
    assert_eq!(there("visits"), of(&[("2026/27-P01", 1.0), ("2026/27-P03", 1.0)]));
    // In Tokyo the order of 28 February, 23:30 UTC, is of the first of March.
    let tokyo = months("orders__asia_tokyo_4_4_5_february_sunday");
    assert_eq!(tokyo[1..3], of(&[("2026/27-P01", 1.0), ("2026/27-P02", 3.0)]));
    // One label, two quarters: April to June, of which data reach May, and February to 2 May.
    let quarters = |kpi: &str| own(kpi, |period| period.contains('Q'));
    assert_eq!(quarters("orders"), of(&[("2025/26-Q4", 7.0), ("2026/27-Q1", 3.0)]));
    assert_eq!(
        quarters("orders__4_4_5_february_sunday"),
        of(&[("2025/26-Q4", 1.0), ("2026/27-Q1", 8.0), ("2026/27-Q2", 1.0)])
    );
}

#[test]
fn a_scorecard_of_another_calendar_is_shown_explained_traced_reproduced_and_closed() {
    let project = of_two_calendars();
    let json = |arguments: &[&str]| {
        let said = project.ok(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str::<serde_json::Value>(&said).unwrap()
    };
    // Three a month are nine a quarter, at least three: these score 50, and eight 50 and five sixths of as much.
    let score = |card: &str, period: &str| json(&["show", "scorecard", card, "--period", period]);
    let retail = score("retail", "2026/27-Q1");
    assert_eq!(retail["calendar"], "years of weeks by 4-4-5 from February, weeks from Sunday");
    assert!(score("company", "2026/27-Q1")["calendar"].is_null());
    assert_eq!(retail["score"], 91.666667);
    assert_eq!(score("company", "2026/27-Q1")["score"], 50.0);
    let shown = project.ok(&["show", "kpi", "orders__4_4_5_february_sunday", "--period", "2026/27-P03"]);
    assert!(shown.contains("orders (4-4-5, February, Sunday)") && shown.contains("2026/27-P03"), "{shown}");
    let told = project.ok(&["explain", "orders__4_4_5_february_sunday", "--period", "2026/27-P03"]);
    assert!(told.contains("2026/27-P03"), "{told}");
    project.ok(&["reproduce"]);
    project.ok(&["reproduce", "kpi/buyers__4_4_5_february_sunday", "--period", "2026/27-P03"]);
    project.ok(&["reproduce", "score/retail"]);
    let told = project.ok(&["trace", "orders__4_4_5_february_sunday", "--period", "2026/27-P02"]);
    assert!(told.contains("The rows add up to the states that were published"), "{told}");
    assert!(
        told.contains("o4") && told.contains("o5") && !told.contains("o3") && !told.contains("o6"),
        "{told}"
    );
    let told = project.ok(&["trace", "buyers__4_4_5_february_sunday", "--period", "2026/27-P02"]);
    assert!(told.contains("The rows add up to the states that were published"), "{told}");
    // A row of a panel is one of a calendar, and is asked for so.
    assert!(told.contains("a1 retail:2026/27-P02"), "{told}");
    let row = json(&["trace", "customer", "a1", "retail:2026/27-P02"]);
    assert_eq!(row[0]["gathered"][0]["value"], 2, "{row}");
    assert_eq!(json(&["trace", "customer", "a1", "2026-03"])[0]["gathered"][0]["value"], 3);
    // A close of one calendar says nothing of the other's, whatever both are called.
    project.ok(&["close", "retail:2026/27-Q1", "-m", "as reported"]);
    let closed = json(&["periods"])["closed"].clone();
    assert_eq!(closed.as_array().unwrap().len(), 1);
    assert_eq!(closed[0]["period"], "retail:2026/27-Q1");
    let official = json(&["periods", "retail:2026/27-Q1"]);
    let of = |all: &serde_json::Value, kpi: &str| {
        all.as_array().unwrap().iter().find(|of| of["kpi"] == kpi).map(|of| of["official_value"].clone())
    };
    assert_eq!(of(&official, "orders__4_4_5_february_sunday"), Some(8.0.into()));
    assert_eq!(of(&official, "retail"), Some(91.666667.into()));
    assert_eq!((of(&official, "orders"), of(&official, "company")), (None, None));
    let (_, said) = project.fails(3, &["periods", "2026/27-Q1"]);
    assert!(said.contains("2026/27-Q1 is not closed"), "{said}");
    project.ok(&["close", "2026/27-Q1", "-m", "as reported"]);
    let official = json(&["periods", "2026/27-Q1"]);
    assert_eq!(
        (of(&official, "orders"), of(&official, "orders__4_4_5_february_sunday")),
        (Some(3.0.into()), None)
    );
    let page = project.ok(&["show", "scorecard", "retail", "--period", "2026/27-Q1"]);
    assert!(page.contains("retail:2026/27-Q1 was closed"), "{page}");
    let page = project.ok(&["show", "scorecard", "retail", "--period", "2026/27-Q2"]);
    assert!(!page.contains("was closed"), "{page}");
    let (_, said) = project.fails(3, &["close", "wholesale:2026/27-Q1", "-m", "as reported"]);
    assert!(said.contains("`wholesale:2026/27-Q1` names no period"), "{said}");
    // A period is taken as lists print it; a week that begins on another day is none, and no other is closed in its place.
    assert_eq!(score("retail", "retail:2026/27-Q1")["score"], 91.666667);
    project.ok(&["show", "kpi", "orders__4_4_5_february_sunday", "--period", "retail:2026/27-P03"]);
    for week in ["week of 2026-04-05", "retail:week of 2026-04-07"] {
        let (_, said) = project.fails(3, &["close", week, "-m", "as reported"]);
        assert!(said.contains("names no period"), "{said}");
    }
    // Four weeks of March that begin on its first day are not March: closing them says nothing of it, and each has its own figures.
    project.ok(&["close", "retail:2026/27-P02", "-m", "as reported"]);
    let (_, said) = project.fails(3, &["periods", "2026-03"]);
    assert!(said.contains("2026-03 is not closed"), "{said}");
    project.ok(&["close", "2026-03", "-m", "as reported"]);
    for (period, its, other) in [
        ("2026-03", "orders", "orders__4_4_5_february_sunday"),
        ("retail:2026/27-P02", "orders__4_4_5_february_sunday", "orders"),
    ] {
        let official = json(&["periods", period]);
        assert!(of(&official, its).is_some() && of(&official, other).is_none(), "{official}");
    }
    let listed = json(&["periods"])["closed"].clone();
    let names: Vec<&str> = listed.as_array().unwrap().iter().filter_map(|of| of["period"].as_str()).collect();
    assert!(names.contains(&"2026-03") && names.contains(&"retail:2026/27-P02"), "{names:?}");
    // A figure of another calendar's KPI is said otherwise as any other is.
    let orders = ["override", "set", "orders__4_4_5_february_sunday", "retail:2026/27-P03", "4"];
    project.ok(&[&orders[..], &["--evidence", "a list", "-m", "one was lost"]].concat());
    let said = json(&["show", "kpi", "orders__4_4_5_february_sunday", "--period", "2026/27-P03"]);
    assert_eq!(said["kpi"]["value"]["point"], 4.0, "{said}");
    // Other periods are other figures: that is a definition, and said.
    let text = std::fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    project.write("kepi.yml", &text.replace("weeks: 4-4-5", "weeks: 4-5-4"));
    let plan = project.ok(&["plan"]);
    assert!(plan.contains("definition") && plan.contains("by what its periods are counted: "), "{plan}");
    // What was closed by a calendar that is no more is no period of the company.
    project.write("kepi.yml", &text.replace("fiscal_year_start: february", "fiscal_year_start: march"));
    project.ok(&["run"]);
    let closed = json(&["periods"])["closed"].clone();
    let of = |text: &str| closed.as_array().unwrap().iter().find(|of| of["period"] == text).cloned();
    let gone = of("quarter/2026-02-01 until 2026-05-03, of a calendar that is no more");
    assert!(gone.is_some_and(|of| of["figures"] != 0) && of("2026/27-Q1").is_some(), "{closed}");
}

#[test]
fn a_scorecard_that_says_the_calendar_of_the_project_changes_nothing() {
    let project = of_two_calendars();
    let before = project.ok(&["show", "kpi", "orders", "--format", "csv"]);
    let text = std::fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    let says = "scorecard: company\nweek_start: monday\nfiscal_year_start: april\ncalendar: {weeks: none}\n";
    project.write("kepi.yml", &text.replace("scorecard: company\n", says));
    project.ok(&["run"]);
    assert_eq!(project.ok(&["show", "kpi", "orders", "--format", "csv"]), before);
    let card = project.ok(&["show", "scorecard", "company", "--format", "json"]);
    assert!(card.contains("\"orders\"") && !card.contains("orders__"), "{card}");
}

#[test]
fn data_reach_as_far_in_every_zone() {
    // The last of March ends in Berlin at 22:00 UTC; in Tokyo it has ended by then, in Los Angeles it ends nine hours later.
    let card = |name: &str, zone: &str| {
        format!(
            "---\nscorecard: {name}\nname: Card\nperiod: month\ntime_zone: {zone}\nperspectives: {{customer: {{weight: 100%, objectives: \
             {{heard: {{weight: 100%, kpis: {{events: 100%}}}}}}}}}}\n"
        )
    };
    let definitions = "strategy: s\nmission: M\nperspectives: {customer: {name: Customers}}\nobjectives: {heard: {name: Heard, \
                       perspective: customer}}\n---\nsource: events\ninto: event\nfrom: {csv: {files: events.csv}}\nmode: \
                       append\ncomplete_until: 2026-03-31\nmap:\n  id: {column: id, as: text}\n  occurred_at: {column: at, as: timestamp}\n"
        .to_owned()
        + &*kpi("events", "count: {of: event}", "month")
        + "objective: heard\n"
        + &*card("east", "Asia/Tokyo")
        + &*card("west", "America/Los_Angeles");
    let project = Project::empty();
    project.write("kepi.yml", &format!("{}{definitions}", HEAD.replace("UTC", "Europe/Berlin")));
    project.write("events.csv", "id,at\ne1,2026-03-02T08:00:00Z\ne2,2026-03-31T14:59:00Z\n");
    project.ok(&["run"]);
    for (kpi, is_final) in
        [("events", true), ("events__asia_tokyo", true), ("events__america_los_angeles", false)]
    {
        let told = project.ok(&["show", "kpi", kpi, "--format", "csv"]);
        let place = told.lines().next().unwrap().split(',').position(|column| column == "final").unwrap();
        let march = told.lines().find(|line| line.contains(",2026-03,,")).unwrap();
        assert_eq!(march.split(',').nth(place), Some(if is_final { "true" } else { "false" }), "{told}");
        project.ok(&["reproduce", &format!("kpi/{kpi}")]);
    }
}

#[test]
fn a_snapshot_that_is_cut_short_ends_nothing() {
    let definitions =
        "source: accounts\ninto: account\nfrom: {csv: {files: \"acc_*.csv\"}}\nmode: snapshot\nmap:\n  id: \
                       {column: id, as: text}\n  created_at: {column: created, as: timestamp}\n"
            .to_owned()
            + &*kpi("accounts", "count: {of: account}", "year");
    let whole: String = (1..=1000).map(|n| format!("a{n},2025-02-01T00:00:00\n")).collect();
    let cut: String = whole.split_inclusive('\n').take(3).collect();
    let head = "id,created\n";
    let project = project(
        &definitions,
        &[("acc_1.csv", &format!("{head}{whole}")), ("acc_2.csv", &format!("{head}{cut}"))],
    );
    let (_, told) = project.fails(1, &["run"]);
    assert!(told.contains("997 of 1000 keys in force are absent and would end, 99.7%"), "{told}");
    assert_eq!(figures(&project, "accounts"), [figure("2025", 1000.0)]);
    let allowed = definitions.replace("mode: snapshot\n", "mode: snapshot\ndeletes: {at_most: 99.7%}\n");
    project.write("kepi.yml", &format!("{HEAD}{allowed}"));
    project.ok(&["run"]);
    assert_eq!(figures(&project, "accounts"), [figure("2025", 3.0)]);
}

#[test]
fn a_date_that_cannot_be_meant_costs_its_row_and_nothing_else() {
    let subscriptions = |dates: &str| {
        format!(
            "source: subs\ninto: subscription\nfrom: {{csv: {{files: subs.csv}}}}\nmode: snapshot\n{dates}map:\n  id: \
             {{column: id, as: text}}\n  started_at: {{column: start, as: date}}\n  ended_at: {{column: end, as: date}}\n"
        ) + &*kpi("starts", "count: {of: subscription}", "month")
            + &*kpi("ends", "count: {of: subscription, at: ended_at}", "month")
            + &*kpi("cancelled", "count: {of: subscription, at: cancelled_at}", "month")
    };
    let file = "id,start,end\nS1,2026-01-05,2026-02-10\nS2,2026-01-06,2026-03-01\nS3,2026-02-07,9999-12-31\n\
                S4,0206-02-08,2026-03-02\nS5,0000-01-01,\nS6,2026-02-09,192154-01-01\n";
    for zone in ["UTC", "Pacific/Auckland", "America/Los_Angeles"] {
        let project = project(&subscriptions(&format!("time_zone: {zone}\n")), &[("subs.csv", file)]);
        let (_, told) = project.fails(1, &["run"]);
        assert!(told.contains("4 of 6 rows of `subs.csv` were rejected"), "{told}");
        assert_eq!(figures(&project, "starts"), [figure("2026-01", 2.0)]);
        let rejected = project.ok(&["show", "quarantine"]);
        assert!(rejected.contains("lies outside the dates that can be meant"), "{rejected}");
        // Sentinels that are declared say that there is no end yet.
        let open = subscriptions(&format!("time_zone: {zone}\ndates: {{open: [9999-12-31]}}\n"));
        project.write("kepi.yml", &format!("{HEAD}{open}"));
        project.fails(1, &["run"]);
        assert_eq!(figures(&project, "starts"), [figure("2026-01", 2.0), figure("2026-02", 1.0)]);
        assert!(figures(&project, "cancelled").iter().all(|(_, value)| *value == 0.0));
        let sources = project.ok(&["show", "sources", "--format", "json"]);
        assert!(sources.contains("\"open\""), "{sources}");
    }
    // With times and offsets, too.
    let times = subscriptions("").replace("start, as: date", "start, as: timestamp");
    let far = "id,start,end\nS1,2026-01-05T10:00,\nS2,9999-12-31T23:59,\nS3,9999-12-30T22:00:00Z,\nS4,0001-01-01T00:00,\n";
    let project = project(&times, &[("subs.csv", far)]);
    project.fails(1, &["run"]);
    assert_eq!(figures(&project, "starts"), [figure("2026-01", 1.0)]);
}

#[test]
fn a_day_stays_that_day_wherever_it_was_written() {
    let definitions = "source: invoices\ninto: invoice\nfrom: {csv: {files: i.csv}}\nmode: append\ntime_zone: \
                       Asia/Tokyo\nmap:\n  id: {column: id, as: text}\n  issued_at: {column: issued, as: timestamp}\n  \
                       due_on: {column: due, as: date}\n"
        .to_owned()
        + &*kpi("due", "count: {of: invoice, at: due_on}", "month")
        + &*kpi("on_the_first", "count: {of: invoice, where: due_on = '2026-03-01'}", "year")
        + &*kpi("issued", "count: {of: invoice}", "day");
    let file = "id,issued,due\n1,2026-02-01 09:00,2026-03-01\n2,2026-02-02 09:00,2026-03-15\n";
    let west = project(&definitions, &[("i.csv", file)]);
    let kepi = fs::read_to_string(west.path().join("kepi.yml")).unwrap();
    west.write("kepi.yml", &kepi.replace("time_zone: UTC", "time_zone: America/Los_Angeles"));
    west.ok(&["run"]);
    assert_eq!(figures(&west, "due"), [figure("2026-03", 2.0)]);
    assert_eq!(figures(&west, "on_the_first"), [figure("2026", 1.0)]);
    // An instant is another matter: 09:00 in Tokyo is the day before in California.
    let days = figures(&west, "issued");
    assert_eq!(days, [figure("2026-01-31", 1.0), figure("2026-02-01", 1.0)]);
    // Another reporting zone, and it is still that day.
    west.write("kepi.yml", &kepi.replace("time_zone: UTC", "time_zone: Pacific/Auckland"));
    west.ok(&["run"]);
    assert_eq!(figures(&west, "due"), [figure("2026-03", 2.0)]);
    assert_eq!(figures(&west, "on_the_first"), [figure("2026", 1.0)]);
}

#[test]
fn rows_of_which_a_condition_knows_nothing_are_told() {
    let definitions = |only: &str| {
        format!(
            "source: tickets\ninto: ticket\nfrom: {{csv: {{files: t.csv}}}}\nmode: append\nonly: {only}\nmap:\n  id: \
             {{column: id, as: text}}\n  opened_at: {{column: at, as: date}}\n  status: {{column: status, as: text}}\n  \
             channel: {{column: channel, as: text}}\n"
        ) + &*kpi("tickets", "count: {of: ticket}", "month")
            + &*kpi("not_by_phone", "count: {of: ticket, where: channel != 'phone'}", "month")
    };
    let file = "id,at,status,channel\n1,2026-03-01,open,phone\n2,2026-03-01,test,phone\n3,2026-03-01,,mail\n\
                4,2026-03-01,solved,\n";
    let out = project(&definitions("status != 'test'"), &[("t.csv", file)]);
    let (found, _) = out.fails_or_not(&["check", "--format", "json"]);
    assert!(found.contains("K0435") && found.contains("or status is null"), "{found}");
    let (_, told) = out.fails_or_not(&["run"]);
    assert!(told.contains("1 row of `t.csv` is left out because `only` is unknown"), "{told}");
    assert_eq!(figures(&out, "tickets"), [figure("2026-03", 2.0)]);
    assert!(figures(&out, "not_by_phone").iter().all(|(_, n)| *n == 0.0));
    let kept = project(&definitions("status != 'test' or status is null"), &[("t.csv", file)]);
    assert!(!kept.fails_or_not(&["check", "--format", "json"]).0.contains("K0435"));
    kept.ok(&["run"]);
    assert_eq!(figures(&kept, "tickets"), [figure("2026-03", 3.0)]);
    assert_eq!(figures(&kept, "not_by_phone"), [figure("2026-03", 1.0)]);
}

#[test]
fn texts_that_look_alike_are_compared_in_one_form() {
    let definitions = |clean: &str| {
        format!(
            "entity: survey_response\nattributes: {{city: {{type: text}}, amount: {{type: \"money CHF, 2 \
             decimals\"}}}}\n---\nsource: answers\ninto: survey_response\nfrom: {{csv: {{files: a.csv}}}}\nmode: \
             append\n{clean}map:\n  id: {{column: id, as: text}}\n  responded_at: {{column: at, as: date}}\n  score: \
             {{column: Note für Service, as: integer}}\n  city: {{column: city, as: text}}\n  amount: {{column: amount, \
             as: \"money CHF, 2 decimals\"}}\n"
        ) + &*kpi("zurich", "count: {of: survey_response, where: \"city = 'Zu\u{308}rich'\"}", "month")
            + &*kpi("amount", "sum: {of: survey_response, value: amount}", "month")
    };
    let file = "id,at,Note fu\u{308}r Service,city,amount\n1,2026-03-01,9,Zürich,1 234.50\n\
                2,2026-03-01,10,Zu\u{308}rich,1\u{202f}234.50\n3,2026-03-01,8\u{a0},Zürich\u{a0},1\u{a0}234.50\n\
                4,2026-03-01,7,Zürich\u{200b},(5.00)\n5,2026-03-01,\u{200b}7,Zürich\u{200b},1\n";
    let as_it_is = project(&definitions(""), &[("a.csv", file)]);
    let (_, told) = as_it_is.fails(1, &["run"]);
    assert!(told.contains("column `city`: characters that cannot be seen in 2 values"), "{told}");
    assert_eq!(figures(&as_it_is, "zurich"), [figure("2026-03", 3.0)]);
    assert_eq!(figures(&as_it_is, "amount"), [figure("2026-03", 3703.5)]);
    let rejected = as_it_is.ok(&["show", "quarantine", "--format", "json"]);
    assert!(rejected.contains("`‹U+200B›7` is not a number"), "{rejected}");
    let cleaned = project(&definitions("clean: [invisible]\n"), &[("a.csv", file)]);
    cleaned.fails(1, &["run"]);
    assert_eq!(figures(&cleaned, "zurich"), [figure("2026-03", 4.0)]);
}

#[test]
fn a_file_that_goes_back_to_what_it_was_is_counted_each_time() {
    let definitions =
        "source: tickets\ninto: ticket\nfrom: {csv: {files: t.csv}}\nmode: upsert\nmap:\n  id: {column: id, \
                       as: text}\n  opened_at: {column: at, as: date}\n"
            .to_owned()
            + &*kpi("tickets", "count: {of: ticket}", "month");
    let (a, b) = ("id,at\n1,2026-03-01\n2,2026-03-01\n", "id,at\n1,2026-03-01\n2,2026-03-01\n3,2026-03-02\n");
    let project = project(&definitions, &[("t.csv", a)]);
    project.ok(&["run"]);
    for (text, want) in [
        (
            b,
            "read 5 = out of scope 0 + landed 5; landed = accepted 3 + superseding 0 + quarantined 0 + duplicate 2",
        ),
        (
            a,
            "read 7 = out of scope 0 + landed 7; landed = accepted 3 + superseding 0 + quarantined 0 + duplicate 4",
        ),
    ] {
        project.write("t.csv", text);
        project.ok(&["run"]);
        let sources = project.ok(&["show", "sources"]);
        assert!(sources.contains(want), "{sources}");
    }
    assert_eq!(figures(&project, "tickets"), [figure("2026-03", 3.0)]);
}

#[test]
fn a_run_that_rejects_much_says_so_aloud() {
    let definitions = |limit: &str| {
        format!(
            "source: tickets\ninto: ticket\nfrom: {{csv: {{files: t.csv}}}}\nmode: append\n{limit}map:\n  id: {{column: \
             id, as: text}}\n  opened_at: {{column: at, as: date}}\n"
        ) + &*kpi("tickets", "count: {of: ticket}", "month")
    };
    let file: String =
        (1..=20).map(|n| format!("{n},{}\n", if n <= 2 { "01.03.2026" } else { "2026-03-01" })).collect();
    let file = format!("id,at\n{file}");
    let loud = project(&definitions(""), &[("t.csv", &file)]);
    let (_, told) = loud.fails(1, &["run"]);
    assert!(told.contains("2 of 20 rows of `t.csv` were rejected, 10%, more than 5%"), "{told}");
    assert!(told.contains("`format: \"%d.%m.%Y\"`"), "the commonest reason: {told}");
    assert_eq!(figures(&loud, "tickets"), [figure("2026-03", 18.0)]);
    let quiet = project(&definitions("quarantine: {at_most: 10%}\n"), &[("t.csv", &file)]);
    quiet.ok(&["run"]);
}

/// 2 March 2026 was a Monday, wherever the file was written.
#[test]
fn the_weekday_of_a_date_is_that_of_the_day_in_every_zone() {
    for zone in ["America/Los_Angeles", "Asia/Tokyo", "UTC"] {
        let project = Project::empty();
        let rows = "id,day\n1,2026-03-02\n2,2026-03-03\n3,2026-03-08\n";
        project.write("t.csv", rows);
        project.write(
            "kepi.yml",
            &format!(
                "project: p\nname: P\nlanguage: 1\ntime_zone: Europe/Berlin\n---\nentity: visit\nname: Visit\nkey: [id]\n\
                 time: day\nattributes:\n  id: {{type: text}}\n  day: {{type: date}}\n  start: {{type: boolean}}\n---\n\
                 source: visits\ninto: visit\nfrom: {{csv: {{files: t.csv}}}}\nmode: append\ntime_zone: {zone}\nmap:\n  \
                 id: {{column: id, as: text}}\n  day: {{column: day, as: date}}\n  \
                 start: {{expression: \"weekday(day) = 'monday' and day(day) = 2\"}}\n{}{}",
                kpi("in_source", "count: {of: visit, where: start}", "month"),
                kpi("in_kpi", "count: {of: visit, where: \"weekday(day) = 'sunday'\"}", "month"),
            ),
        );
        project.ok(&["run", "--quiet"]);
        for kpi in ["in_source", "in_kpi"] {
            assert_eq!(figures(&project, kpi), [figure("2026-03", 1.0)], "{zone} {kpi}");
        }
    }
}
