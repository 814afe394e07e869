//! A scorecard that stands several times, each from another day: every period is scored by what was in force on its last day.

use serde_json::Value;

use crate::{support::Project, tour::get};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn shown(project: &Project, period: &str) -> Value {
    json(&project.ok(&["show", "scorecard", "--period", period, "--format", "json"]))
}

/// Scores of the two KPIs, as shown.
fn scores(shown: &Value) -> Vec<f64> {
    let kpis = shown["perspectives"][0]["objectives"][0]["kpis"].as_array().unwrap();
    kpis.iter().map(|kpi| kpi["score"].as_f64().unwrap()).collect()
}

#[test]
fn each_period_is_scored_by_the_weights_that_were_in_force() {
    let project = Project::example("tiny");
    project.ok(&["run", "--quiet"]);
    let (january, february) = (shown(&project, "2026-01"), shown(&project, "2026-02"));
    assert_eq!(january["in_force_from"], Value::Null);
    let file = std::fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    let (_, card) = file.split_once("---\nscorecard: customers\n").unwrap();
    let card = card.split_once("---\n").unwrap().0;
    // From the last day of February on: that is the month's.
    let later = card
        .replace("period: month", "from: 2026-02-28\nperiod: month")
        .replace("80%", "50%")
        .replace("20%", "50%");
    project.write("later.yml", &format!("scorecard: customers\n{later}"));
    project.ok(&["check"]);
    let run = json(&project.ok(&["run", "--quiet", "--format", "json"]));
    let (then, now) = (shown(&project, "2026-01"), shown(&project, "2026-02"));
    assert_eq!(then["score"], january["score"], "history keeps its weights");
    assert_eq!(
        (&then["in_force_from"], &now["in_force_from"]),
        (&Value::from("ever"), &Value::from("2026-02-28"))
    );
    let of = scores(&now);
    let mean = (of[0] + of[1]) / 2.0;
    assert!((now["score"].as_f64().unwrap() - mean).abs() < 1e-6, "{} and {mean}", now["score"]);
    assert_ne!(now["score"], february["score"]);
    assert_eq!(
        run["restated"].as_u64().unwrap() + run["updated"].as_u64().unwrap(),
        1,
        "only February's score: {run}"
    );
    // What moved it names the weights.
    let steps = now["bridge"]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["effect"] == "weights"), "{steps:?}");
    let table = project.ok(&["show", "scorecard", "--period", "2026-02"]);
    assert!(table.contains("weights and KPIs in force from 2026-02-28"), "{table}");
    let (_server, address) = project.serve();
    let page = get(&address, "/scorecards/customers?period=2026-01").unwrap();
    assert!(page.contains("weights and KPIs in force from ever"), "{page}");
    // The log says from when on, and everything reproduces.
    let log = json(&project.ok(&["audit", "log", "--kind", "definition.adopted", "--format", "json"]));
    let days: Vec<&str> =
        log.as_array().unwrap().iter().map(|e| e["body"]["from"].as_str().unwrap()).collect();
    assert_eq!(days, ["ever", "ever", "2026-02-28"], "the place of the file, then the wording");
    let again = json(&project.ok(&["reproduce", "--format", "json"]));
    assert_eq!(again["compared"], again["identical"]);
    project.ok(&["audit", "verify"]);
    assert_eq!(
        json(&project.ok(&["run", "--quiet", "--format", "json"]))["unchanged"],
        run["values"].as_u64().unwrap() + run["scores"].as_u64().unwrap()
    );
}

#[test]
fn one_day_has_one_wording_and_before_the_first_day_there_is_none() {
    let project = Project::example("tiny");
    let file = std::fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    let dated =
        file.replace("unit: company\nperiod: month", "unit: company\nfrom: 2026-02-01\nperiod: month");
    assert_ne!(dated, file);
    project.write("kepi.yml", &dated);
    project.ok(&["run", "--quiet"]);
    assert_eq!(shown(&project, "2026-02")["periods"], serde_json::json!(["2026-02"]));
    project.fails(3, &["show", "scorecard", "--period", "2026-01"]);
    let card = dated.split_once("---\nscorecard").unwrap().1.split_once("---\n").unwrap().0;
    project.write("again.yml", &format!("scorecard{card}"));
    let (said, _) = project.fails(1, &["check"]);
    assert!(said.contains("K0116") && said.contains("another first day"), "{said}");
}
