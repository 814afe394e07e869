//! Current is what the latest run says: what it does not say any more is withdrawn, and stays in history.

use serde_json::Value;

use crate::support::Project;

fn tickets(mapping: &str, mode: &str) -> String {
    format!(
        "project: desk\nname: Desk\nlanguage: 1\ntime_zone: UTC\n---\nsource: tickets\ninto: ticket\n\
         from: {{csv: {{files: \"data/t.csv\"}}}}\nmode: {mode}\nmap:\n  id: {{column: id, as: text, required: true}}\n  \
         opened_at: {{column: at, as: date, {mapping}required: true}}\n  channel: {{column: channel, as: text}}\n---\n\
         kpi: tickets\nname: Tickets\nbetter: lower\nmeasure:\n  count: {{of: ticket}}\nperiod: month\nby: [channel]\n\
         targets:\n  - {{from: 2020-01-01, threshold: 5, target: 2}}\n---\n\
         person: ana\nname: Ana\n"
    )
}

/// The KPI as programs see it.
fn shown(project: &Project, more: &[&str]) -> Value {
    let mut arguments = vec!["show", "kpi", "tickets", "--format", "json"];
    arguments.extend(more);
    serde_json::from_str(&project.ok(&arguments)).unwrap()
}

/// Periods with a figure, over all rows.
fn history(shown: &Value) -> Vec<(String, f64)> {
    let of = shown["kpi"]["history"].as_array().unwrap().iter();
    of.filter_map(|p| Some((p["period"].as_str().unwrap().to_owned(), p["point"].as_f64()?))).collect()
}

fn members(shown: &Value) -> Vec<String> {
    let of = shown["dimensions"]["channel"].as_array().into_iter().flatten();
    of.map(|m| m["segment"].as_str().unwrap().to_owned()).collect()
}

fn withdrawn(shown: &Value) -> Vec<String> {
    let text = |gone: &Value, of: &str| gone[of].as_str().unwrap_or_default().to_owned();
    let of = shown["withdrawn"].as_array().unwrap().iter();
    of.map(|g| {
        format!("{} {} {}", text(g, "period"), text(g, "segment"), g["reason"]["code"].as_str().unwrap())
    })
    .collect()
}

/// Case 22: a file is corrected as a whole, and segments and periods of the first one are no more.
#[test]
fn figures_whose_rows_are_gone_are_withdrawn_and_stay_in_history() {
    let project = Project::empty();
    project.write("kepi.yml", &tickets("", "snapshot"));
    project.write("data/t.csv", "id,at,channel\n1,2026-01-10,mail\n2,2026-02-10,mail\n3,2026-04-10,phone\n");
    project.ok(&["run", "--quiet"]);
    let first = shown(&project, &["--period", "2026-01"]);
    let (january, february) = (("2026-01".to_owned(), 1.0), ("2026-02".to_owned(), 1.0));
    assert_eq!(history(&first)[..2], [january.clone(), february]);
    assert_eq!(members(&first), ["channel=mail"]);
    assert_eq!(withdrawn(&first), Vec::<String>::new());
    project
        .write("data/t.csv", "id,at,channel\n1,2026-01-10,phone\n2,2026-02-10,phone\n3,2026-02-10,phone\n");
    let report: Value = serde_json::from_str(&project.ok(&["run", "--quiet", "--format", "json"])).unwrap();
    assert!(report["withdrawn"].as_u64().unwrap() >= 4, "{report}");
    let now = shown(&project, &["--period", "2026-01"]);
    assert_eq!(history(&now), [january, ("2026-02".to_owned(), 2.0)]);
    assert_eq!(members(&now), ["channel=phone"]);
    let gone = withdrawn(&now);
    for expected in [
        "2026-01 channel=mail segment_gone",
        "2026-02 channel=mail segment_gone",
        "2026-04  rows_gone",
        "2026-04 channel=phone rows_gone",
    ] {
        assert!(gone.contains(&expected.to_owned()), "{gone:?}");
    }
    let was = now["withdrawn"].as_array().unwrap().iter().find(|g| g["period"] == "2026-04").unwrap();
    assert!(was["was"].as_str().unwrap().starts_with('1'), "what it was stays on record: {was}");
    // Nobody can ask for April as if it were current.
    project.fails(3, &["show", "kpi", "tickets", "--period", "2026-04"]);
    let table = project.ok(&["show", "kpi", "tickets"]);
    assert!(table.contains("Withdrawn") && table.contains("its rows are gone"), "{table}");
    let (_server, address) = project.serve();
    let page = crate::tour::get(&address, "/kpis/tickets?period=2026-01").unwrap();
    assert!(page.contains("Withdrawn") && page.contains("channel=mail"), "the page says it");
    // What stands reproduces, and what is withdrawn is not asked for.
    let again: Value = serde_json::from_str(&project.ok(&["reproduce", "--format", "json"])).unwrap();
    assert_eq!(again["identical"], again["compared"]);
}

/// Case 24: a mapping is put right, and all figures move to other months.
#[test]
fn figures_of_a_corrected_mapping_take_the_place_of_the_wrong_ones() {
    let project = Project::empty();
    project.write("kepi.yml", &tickets("format: \"%m/%d/%Y\", ", "append"));
    project.write("data/t.csv", "id,at,channel\n1,03/01/2026,mail\n2,04/01/2026,mail\n3,07/12/2025,phone\n");
    project.ok(&["run", "--quiet"]);
    let first = history(&shown(&project, &[]));
    let has =
        |all: &[(String, f64)], month: &str| all.iter().any(|(m, x)| m == month && (*x - 1.0).abs() < 1e-12);
    assert!(["2025-07", "2026-03", "2026-04"].iter().all(|m| has(&first, m)), "{first:?}");
    project.write("kepi.yml", &tickets("format: \"%d/%m/%Y\", ", "append"));
    let moved = shown(&project, &[]);
    let said = moved["moved_on"].to_string();
    assert!(said.contains("a source that feeds it"), "{said}");
    project.ok(&["run", "--quiet"]);
    let now = shown(&project, &[]);
    assert_eq!(history(&now), [("2025-12".to_owned(), 1.0), ("2026-01".to_owned(), 2.0)]);
    let gone = withdrawn(&now);
    assert!(gone.contains(&"2026-03  source_changed".to_owned()), "{gone:?}");
    assert_eq!(now["moved_on"], Value::Array(Vec::new()));
}

/// A KPI that is no longer defined has no figures; one that comes back has them again.
#[test]
fn a_kpi_that_is_gone_is_withdrawn_and_may_come_back() {
    let project = Project::empty();
    let text = tickets("", "snapshot");
    let other = "---\nkpi: mails\nname: Mails\nbetter: lower\nmeasure:\n  count: {of: ticket, where: channel = 'mail'}\nperiod: month\n";
    project.write("kepi.yml", &format!("{text}{other}"));
    project.write("data/t.csv", "id,at,channel\n1,2026-01-10,mail\n");
    project.ok(&["run", "--quiet"]);
    project.ok(&["show", "kpi", "mails"]);
    project.write("kepi.yml", &text);
    let report: Value = serde_json::from_str(&project.ok(&["run", "--quiet", "--format", "json"])).unwrap();
    assert!(report["withdrawn"].as_u64().unwrap() >= 1, "{report}");
    project.fails(3, &["show", "kpi", "mails"]);
    project.write("kepi.yml", &format!("{text}{other}"));
    project.ok(&["run", "--quiet"]);
    project.ok(&["show", "kpi", "mails"]);
}
