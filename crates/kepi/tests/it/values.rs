//! `show kpi --format csv|json`: every value, segment and cross of every period, one row a value.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Project;

/// Tickets by region and tier and their cross, by month, with one target.
fn tickets() -> Project {
    let project = Project::empty();
    project.write(
        "kepi.yml",
        "project: desk\nname: Desk\nlanguage: 1\ntime_zone: UTC\n---\nentity: ticket\nattributes:\n  region: {type: text}\n  \
         tier: {type: text}\n---\nsource: tickets\ninto: ticket\nfrom: {csv: {files: \"data/t.csv\"}}\nmode: snapshot\nmap:\n  \
         id: {column: id, as: text, required: true}\n  opened_at: {column: at, as: date, required: true}\n  region: {column: \
         region, as: text}\n  tier: {column: tier, as: text}\n---\nkpi: tickets\nname: Tickets\nbetter: lower\nmeasure:\n  \
         count: {of: ticket}\nperiod: month\nby: [region, tier]\ncross: [[region, tier]]\npublish_if: {n: 2}\ntargets:\n  - \
         {from: 2020-01-01, threshold: 9, target: 5}\n",
    );
    project.write(
        "data/t.csv",
        "id,at,region,tier\n1,2026-01-10,EMEA,ent\n2,2026-01-11,EMEA,ent\n3,2026-01-12,APAC,ent\n4,2026-02-10,EMEA,smb\n\
         5,2026-02-11,EMEA,smb\n6,2026-03-02,EMEA,smb\n7,2026-03-03,\"=cmd();x\",smb\n",
    );
    project
}

/// Rows of simple CSV by their column names.
fn rows(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let cells = |line: &str| -> Vec<String> { line.split(',').map(str::to_owned).collect() };
    lines
        .map(|line| header.iter().map(|h| (*h).to_owned()).zip(cells(&line.replace(", ", "; "))).collect())
        .collect()
}

#[test]
fn every_segment_and_cross_of_every_period_is_a_row() {
    let project = tickets();
    project.ok(&["run", "--quiet"]);
    let csv = project.ok(&["show", "kpi", "tickets", "--format", "csv"]);
    assert!(
        csv.starts_with("kpi,period,segment,value,unit,low,high,n,coverage,status,reason,final,grain,"),
        "{csv}"
    );
    let all = rows(&csv);
    let value = |period: &str, segment: &str| {
        let mut hits = all.iter().filter(|r| r["period"] == period && r["segment"] == segment);
        let hit = hits.next().unwrap_or_else(|| panic!("{period} {segment}: {csv}"));
        assert!(hits.next().is_none(), "{period} {segment} comes once");
        hit
    };
    assert_eq!(value("2026-01", "")["value"], "3");
    assert_eq!(value("2026-01", "")["status"], "green");
    assert_eq!(value("2026-01", "")["unit"], "count");
    assert_eq!(value("2026-01", "")["final"], "true");
    assert_eq!(value("2026-01", "region=EMEA")["value"], "2");
    assert_eq!(value("2026-01", "region=EMEA;tier=ent")["value"], "2");
    assert_eq!(value("2026-02", "tier=smb")["value"], "2");
    // One ticket is fewer than may be published: no value, and why.
    let held = value("2026-01", "region=APAC");
    assert_eq!((held["value"].as_str(), held["reason_code"].as_str()), ("", "too_few"));
    assert!(held["reason"].contains("at least 2 are needed"), "{held:?}");
    assert_eq!((held["n"].as_str(), held["status"].as_str()), ("1", "grey"));
    assert_eq!(value("2026-03", "")["final"], "false");
    for row in &all {
        assert!(row["value"].is_empty() != row["reason"].is_empty(), "a value or a reason: {row:?}");
    }
    // The same rows as JSON, beside what programs are told of the KPI.
    let json: Value =
        serde_json::from_str(&project.ok(&["show", "kpi", "tickets", "--format", "json"])).unwrap();
    assert_eq!(json["values"].as_array().unwrap().len(), all.len());
    let odd = json["values"].as_array().unwrap().iter().find(|r| r["segment"] == "region=%3Dcmd()%3Bx");
    assert!(odd.is_some(), "a member with signs of its own: {}", json["values"]);
    assert_eq!(json["kpi"]["id"], "tickets");
    // One period only.
    let one = rows(&project.ok(&["show", "kpi", "tickets", "--period", "2026-02", "--format", "csv"]));
    assert!(!one.is_empty() && one.iter().all(|r| r["period"] == "2026-02"), "{one:?}");
}

/// A snapshot is corrected as a whole: what it does not hold any more is in no row.
#[test]
fn figures_that_are_withdrawn_are_not_among_the_values() {
    let project = tickets();
    project.write(
        "kepi.yml",
        &std::fs::read_to_string(project.path().join("kepi.yml"))
            .unwrap()
            .replace("publish_if: {n: 2}\n", ""),
    );
    project.ok(&["run", "--quiet"]);
    project.write(
        "data/t.csv",
        "id,at,region,tier\n1,2026-01-10,APAC,ent\n2,2026-02-11,APAC,ent\n3,2026-02-12,APAC,smb\n",
    );
    project.ok(&["run", "--quiet"]);
    let all = rows(&project.ok(&["show", "kpi", "tickets", "--format", "csv"]));
    let is = |period: &str, segment: &str| -> Option<String> {
        all.iter().find(|r| r["period"] == period && r["segment"] == segment).map(|r| r["value"].clone())
    };
    assert_eq!(is("2026-01", ""), Some("1".to_owned()));
    assert_eq!(is("2026-01", "region=APAC"), Some("1".to_owned()));
    assert_eq!(is("2026-01", "region=EMEA"), None);
    assert_eq!(is("2026-02", "region=APAC;tier=smb"), Some("1".to_owned()));
    assert!(all.iter().all(|r| r["period"] != "2026-03"), "nothing of March is left: {all:?}");
}

/// Answers by month: a share, a mean, a count, different values.
fn by_month() -> Project {
    let project = Project::empty();
    let kpi = |id: &str, better: &str, measure: &str| {
        format!(
            "---\nkpi: {id}\nname: {id}\nbetter: {better}\nmeasure:\n  {measure}\nperiod: month\nby: [region]\n"
        )
    };
    project.write(
        "kepi.yml",
        &[
            "project: desk\nname: Desk\nlanguage: 1\ntime_zone: UTC\n---\nentity: ticket\nattributes:\n  region: {type: text}\n---\n\
             source: tickets\ninto: ticket\nfrom: {csv: {files: \"data/t.csv\"}}\nmode: snapshot\nmap:\n  id: {column: id, as: \
             text, required: true}\n  opened_at: {column: at, as: date, required: true}\n  region: {column: region, as: text}\n"
                .to_owned(),
            kpi("tickets", "lower", "count: {of: ticket}"),
            kpi("from_emea", "higher", "share: {of: ticket, which: region = 'EMEA'}"),
            kpi("regions", "higher", "distinct: {of: ticket, value: region}"),
            // The same share by quarter, computed from the rows.
            kpi("by_quarter", "higher", "share: {of: ticket, which: region = 'EMEA'}").replace("month", "quarter"),
        ]
        .concat(),
    );
    let mut text = "id,at,region\n".to_owned();
    // 10 in January, 20 in February, 30 in March, 5 in April; every third of the east, unevenly over the months.
    let mut id = 0;
    for (month, tickets) in [(1, 10), (2, 20), (3, 30), (4, 5)] {
        for n in 0..tickets {
            id += 1;
            let region = if n % (month + 1) == 0 { "EMEA" } else { "APAC" };
            text.push_str(&format!("{id},2026-{month:02}-{:02},{region}\n", 1 + n % 28));
        }
    }
    project.write("data/t.csv", &text);
    project
}

#[test]
fn a_kpi_by_month_is_added_up_to_a_quarter_with_the_interval_of_all_its_rows() {
    let project = by_month();
    project.ok(&["run", "--quiet"]);
    let shown = |kpi: &str, period: &str| -> Value {
        serde_json::from_str(&project.ok(&["show", "kpi", kpi, "--period", period, "--format", "json"]))
            .unwrap()
    };
    let count = shown("tickets", "2026-Q1");
    assert_eq!(count["kpi"]["value"]["point"], 60.0);
    assert_eq!(count["period"], "2026-Q1");
    assert_eq!(count["kpi"]["finality"], "final");
    assert_eq!(shown("tickets", "2026-Q2")["kpi"]["finality"], "provisional");
    assert_eq!(shown("tickets", "2026")["kpi"]["value"]["point"], 65.0);
    // As from the rows, to the bit: point, interval, cases, and every segment.
    let (sum, whole) = (shown("from_emea", "2026-Q1"), shown("by_quarter", "2026-Q1"));
    assert_eq!(sum["kpi"]["value"], whole["kpi"]["value"]);
    assert!(sum["kpi"]["value"]["low"].as_f64().unwrap() < sum["kpi"]["value"]["point"].as_f64().unwrap());
    let strip = |of: &Value| {
        let rows = of["values"].as_array().unwrap().iter();
        rows.map(|r| {
            (r["segment"].clone(), r["value"].clone(), r["low"].clone(), r["n"].clone(), r["final"].clone())
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(strip(&sum), strip(&whole));
    assert_eq!(strip(&sum).len(), 3, "the total and two regions");
    // Pages ask the same.
    let (_server, address) = project.serve();
    let page = crate::tour::wait_for(&address, "/kpis/tickets?period=2026-Q1");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("60"), "{page}");
    // Which values differ, the months do not tell.
    let (_, stderr) = project.fails(3, &["show", "kpi", "regions", "--period", "2026-Q1"]);
    assert!(stderr.contains("counts different values") && stderr.contains("scorecard"), "{stderr}");
    // Weeks are no parts of months, and nothing is shorter than a month.
    let (_, stderr) = project.fails(3, &["show", "kpi", "tickets", "--period", "2026-W10"]);
    assert!(stderr.contains("2026-W10"), "{stderr}");
}
