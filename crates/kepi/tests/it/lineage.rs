//! From the columns of sources to scores and back, on the command line.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Project;

fn json(project: &Project, arguments: &[&str]) -> Value {
    let all: Vec<&str> =
        ["lineage", "--format", "json"].into_iter().chain(arguments.iter().copied()).collect();
    serde_json::from_str(&project.ok(&all)).unwrap()
}

fn ends<'a>(steps: &'a Value, end: &str) -> BTreeSet<&'a str> {
    steps.as_array().unwrap().iter().map(|step| step[end].as_str().unwrap()).collect()
}

#[test]
fn lineage_leads_from_a_column_to_a_score_and_back() {
    let project = Project::example("subscription");
    // Nothing was computed: it is read from the definitions.
    let all = json(&project, &[]);
    let kpis = all["kpis"].as_array().unwrap();
    assert!(kpis.len() > 20, "{}", kpis.len());
    assert!(kpis.iter().all(|kpi| !kpi["sources"].as_array().unwrap().is_empty()), "{all}");

    // What leads to a KPI of customers from columns leads from each of them to the KPI.
    let nrr =
        kpis.iter().find(|kpi| kpi["kpi"]["id"] == "kpi/net_revenue_retention").expect("the example has it");
    let steps = json(&project, &["net_revenue_retention"]);
    let from = ends(&steps["made_of"], "from");
    let columns: Vec<&str> = from.into_iter().filter(|id| id.starts_with("source/")).collect();
    assert!(columns.len() >= nrr["columns"].as_u64().unwrap() as usize);
    for column in &columns {
        let back = json(&project, &[column]);
        assert!(ends(&back["goes_into"], "to").contains("kpi/net_revenue_retention"), "{column}");
    }

    // In words; and what is mistyped is guessed at.
    let said = project.ok(&["lineage", "net_revenue_retention"]);
    assert!(
        said.contains("made of") && said.contains("goes into") && said.contains("counted or summarised"),
        "{said}"
    );
    let (_, said) = project.fails(3, &["lineage", "net_revenue_retentoin"]);
    assert!(said.contains("perhaps: kpi/net_revenue_retention"), "{said}");

    // Every step has both ends in the table of all steps.
    let table = project.ok(&["lineage", "--format", "csv"]);
    for step in steps["made_of"].as_array().unwrap() {
        let (from, to) = (step["from"].as_str().unwrap(), step["to"].as_str().unwrap());
        assert!(table.lines().any(|line| line.contains(from) && line.contains(to)), "{from} to {to}");
    }

    // For a catalogue: a job for each source, and what one reads another has written.
    let events = project.ok(&["lineage", "--openlineage"]);
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let jobs: BTreeSet<&str> = events.iter().map(|event| event["job"]["name"].as_str().unwrap()).collect();
    assert!(jobs.contains("compute") && jobs.contains("score"), "{jobs:?}");
    assert!(jobs.iter().filter(|job| job.starts_with("land.")).count() >= 6, "{jobs:?}");
}
