//! What lies beyond a bound or off a scale is left out and named, and the KPI goes on.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Project;

/// Tickets with a region, a channel, a grade from 1 to 5, the hours they took and how much they weigh.
fn desk(kpis: &str, rows: impl Iterator<Item = String>) -> Project {
    let project = Project::empty();
    project.write(
        "kepi.yml",
        &format!(
            "project: desk\nname: Desk\nlanguage: 1\ntime_zone: UTC\n---\nentity: ticket\nattributes:\n  region: {{type: \
             text}}\n  channel: {{type: text}}\n  grade: {{type: integer, scale: 1..5}}\n  hours: {{type: \
             integer}}\n  weight: {{type: integer}}\n---\nsource: tickets\ninto: ticket\nfrom: {{csv: {{files: \"t.csv\"}}}}\nmode: append\nmap:\n  \
             id: {{column: id, as: text, required: true}}\n  opened_at: {{column: at, as: date, required: true}}\n  region: \
             {{column: region, as: text}}\n  channel: {{column: channel, as: text}}\n  grade: {{column: grade, as: \
             integer}}\n  hours: {{column: hours, as: integer}}\n  weight: {{column: weight, as: integer}}\n{kpis}"
        ),
    );
    let rows: String = rows.map(|row| row + "\n").collect();
    project.write("t.csv", &format!("id,at,region,channel,grade,hours,weight\n{rows}"));
    project
}

fn shown(project: &Project, kpi: &str) -> Value {
    serde_json::from_str(&project.ok(&["show", "kpi", kpi, "--format", "json"])).unwrap()
}

/// Value by segment in the first period.
fn values(project: &Project, kpi: &str) -> BTreeMap<String, String> {
    let csv = project.ok(&["show", "kpi", kpi, "--format", "csv"]);
    let cells = |line: &str| -> Vec<String> { line.split(',').map(str::to_owned).collect() };
    csv.lines().skip(1).map(cells).map(|row| (row[2].clone(), row[3].clone())).collect()
}

#[test]
fn a_dimension_with_too_many_members_is_left_out_and_named() {
    // 10,001 channels, one more than a KPI is shown by; two regions.
    let rows =
        (0..10_001).map(|n| format!("{n},2026-01-10,{},c{n},3,1,1", if n % 2 == 0 { "N" } else { "S" }));
    let kpi = "---\nkpi: tickets\nname: Tickets\nbetter: lower\nmeasure:\n  count: {of: ticket}\nperiod: month\nby: [region, \
               channel]\ncross: [[region, channel]]\n";
    let project = desk(kpi, rows);
    let report: Value = serde_json::from_str(&project.ok(&["run", "--format", "json"])).unwrap();
    let without: Vec<&str> =
        report["without"]["tickets"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(without, ["channel", "channel × region"], "{report}");
    let found = values(&project, "tickets");
    let of = |segment: &str| found.get(segment).map(String::as_str);
    assert_eq!((of(""), of("region=N"), of("region=S")), (Some("10001"), Some("5001"), Some("5000")));
    assert_eq!(found.len(), 3, "no channel is shown");
    // In the terminal it is said, and a run that leaves something out has not failed.
    let said = project.kepi(&["run"]);
    assert!(said.status.success());
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains("channel") && said.contains("more than 10\u{202f}000 members"), "{said}");
}

#[test]
fn answers_off_the_scale_are_no_answers_anywhere() {
    // Grades 4, 2, and a 99 that stands for "no answer": neither in the mean, nor good, nor poor.
    let rows = ["1,2026-01-10,N,a,4,1,1", "2,2026-01-11,N,a,2,1,1", "3,2026-01-12,N,a,99,1,1"];
    let kpi = |name: &str, measure: &str, by: &str| {
        format!("---\nkpi: {name}\nname: {name}\nbetter: higher\nmeasure:\n  {measure}\nperiod: month\n{by}")
    };
    let kpis = [
        kpi("grade", "mean: {of: ticket, value: grade}", ""),
        kpi("good", "share: {of: ticket, which: grade >= 4}", ""),
        kpi("tickets", "count: {of: ticket}", "by: {graded: \"bands(grade, 4)\"}\n"),
    ];
    let project = desk(&kpis.concat(), rows.into_iter().map(str::to_owned));
    project.ok(&["run", "--quiet"]);
    assert_eq!(shown(&project, "grade")["kpi"]["value"]["point"], 3.0);
    assert_eq!(shown(&project, "good")["kpi"]["value"]["point"], 0.5);
    let graded = values(&project, "tickets");
    assert_eq!(graded.get("graded=4 or more").map(String::as_str), Some("1"));
    assert_eq!(
        graded.get("graded=3 or less").map(String::as_str),
        Some("1"),
        "the 99 is in no band: {graded:?}"
    );
    assert_eq!(graded.get("").map(String::as_str), Some("3"));
    // The one row off the scale is counted on the page and in the terminal, with its code.
    let page = project.ok(&["show", "kpi", "grade"]);
    assert!(page.contains("99") && page.contains("off the scale"), "{page}");
}

#[test]
fn a_row_with_a_negative_weight_is_left_out_and_shows_as_coverage() {
    let rows = ["1,2026-01-10,N,a,4,1,3", "2,2026-01-11,N,a,2,1,-2", "3,2026-02-12,N,a,2,1,-1"];
    let kpi = "---\nkpi: good\nname: Good\nbetter: higher\nmeasure:\n  share: {of: ticket, which: grade >= 4}\nweight: \
               weight\nperiod: month\n";
    let project = desk(kpi, rows.into_iter().map(str::to_owned));
    project.ok(&["run", "--quiet"]);
    let csv = project.ok(&["show", "kpi", "good", "--format", "csv"]);
    let of = |month: &str| {
        csv.lines().find(|line| line.starts_with(&format!("good,{month},"))).unwrap().to_owned()
    };
    // Period, segment, value, unit, low, high, n, coverage: of two rows one counts, and one case has no interval.
    assert!(of("2026-01").starts_with("good,2026-01,,1,share,,,1,0.5,"), "{}", of("2026-01"));
    // Where no other row is left there is a reason and no number.
    assert!(of("2026-02").starts_with("good,2026-02,,,share,"), "{}", of("2026-02"));
    assert!(project.ok(&["show", "kpi", "good"]).contains("left out    1 no usable value in the row"));
}

#[test]
fn an_edge_that_no_value_can_reach_is_a_finding() {
    let kpi = "---\nkpi: hours\nname: Hours\nbetter: lower\nmeasure:\n  quantile: {of: ticket, value: hours, quantile: 50%, \
               bins: {from: 0, to: 99999999999999999999, count: 100}}\nperiod: month\n";
    let project = desk(kpi, std::iter::empty());
    let (stdout, stderr) = project.fails(1, &["check"]);
    assert!(format!("{stdout}{stderr}").contains("kepi.yml:"), "{stdout}{stderr}");
}
