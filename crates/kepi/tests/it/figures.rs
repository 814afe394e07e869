//! What the examples must come to: figures computed from the raw files by a script that knows nothing of Kepi, and
//! published ones (`examples/*/expected.json`, made by `examples/expected.py`).

use std::{collections::BTreeMap, fs};

use kepi_lake::{FileSources, LocalLake};
use kepi_query::{
    published::{VALUE, Values},
    state::Member,
    value::{Segment, Value},
};
use kepi_store::Store;
use serde::Deserialize;

use crate::support::{Project, root};

/// Largest relative difference where a figure names none: both sides round a handful of times.
const RELATIVE: f64 = 1e-9;

#[derive(Deserialize)]
struct Expected {
    kpi: String,
    period: String,
    segment: BTreeMap<String, String>,
    value: f64,
    n: Option<u64>,
    tolerance: Option<f64>,
    source: String,
}

#[derive(Deserialize)]
struct Fact {
    fact: String,
    value: f64,
    source: String,
}

/// Publishes an example and returns its values by KPI, period and segment.
pub fn published(project: &Project) -> BTreeMap<(String, String, Segment), Value> {
    project.ok(&["run", "--quiet"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rows = runtime.block_on(async {
        let state = project.path().join(".kepi");
        let store = Store::open(&project.location()).await.unwrap();
        let lake = LocalLake::open(store, &state.join("data"), 0).await.unwrap();
        lake.newest(&VALUE, None).await.unwrap()
    });
    let (_, definitions) =
        kepi_app::open::load(project.path(), &FileSources::new(project.path()), None).unwrap();
    kepi_app::publishing::values_in(&rows, &definitions)
        .unwrap()
        .into_iter()
        .map(|value| {
            let period = definitions.calendar.label(value.period);
            ((value.kpi.to_string(), period, value.segment.clone()), value)
        })
        .collect()
}

fn expected(path: &str) -> Vec<Expected> {
    let text = fs::read_to_string(root().join(path).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn check(path: &str) -> (Project, BTreeMap<(String, String, Segment), Value>) {
    let project = Project::copied(path);
    let values = comes_to_its_figures(path, &project);
    (project, values)
}

/// Runs a copy of an example and compares what is published with what it must come to.
pub fn comes_to_its_figures(path: &str, project: &Project) -> BTreeMap<(String, String, Segment), Value> {
    let values = published(project);
    let expected = expected(path);
    let mut wrong = Vec::new();
    for figure in &expected {
        let members =
            figure.segment.iter().map(|(d, m)| (d.parse().unwrap(), Member::Value(m.as_str().into())));
        let segment = Segment::new(members.collect());
        let what = format!("{} {} {:?}", figure.kpi, figure.period, figure.segment);
        let Some(value) = values.get(&(figure.kpi.clone(), figure.period.clone(), segment)) else {
            wrong.push(format!("{what}: nothing published, expected {}", figure.value));
            continue;
        };
        let estimate = match &value.estimate {
            Ok(estimate) => estimate,
            Err(reason) => {
                wrong.push(format!("{what}: {reason}, expected {} (n {:?})", figure.value, figure.n));
                continue;
            }
        };
        let tolerance = figure.tolerance.unwrap_or(figure.value.abs() * RELATIVE);
        if (estimate.point - figure.value).abs() > tolerance {
            wrong.push(format!("{what}: {} expected {} ({})", estimate.point, figure.value, figure.source));
        }
        if figure.n.is_some_and(|n| n != estimate.n) {
            wrong.push(format!("{what}: n {} expected {:?}", estimate.n, figure.n));
        }
    }
    assert!(wrong.is_empty(), "{} of {} figures:\n{}", wrong.len(), expected.len(), wrong.join("\n"));
    println!("{path}: {} figures as computed independently", expected.len());
    rows(path, project);
    values
}

/// Rows by what became of them, source by source.
fn rows(path: &str, project: &Project) {
    let text = fs::read_to_string(root().join(path).join("expected_rows.json")).unwrap();
    let expected: BTreeMap<String, BTreeMap<String, u64>> = serde_json::from_str(&text).unwrap();
    let shown: serde_json::Value =
        serde_json::from_str(&project.ok(&["show", "sources", "--format", "json"])).unwrap();
    for (source, counts) in expected {
        let sources = shown["sources"].as_array().unwrap();
        let found = sources.iter().find(|s| s["source"]["id"] == source.as_str()).unwrap();
        for (what, count) in counts {
            assert_eq!(found["rows"][&what], count, "{path}: {what} of {source}");
        }
    }
}

#[test]
fn every_kpi_of_the_library_comes_to_what_was_worked_out_by_hand() {
    let (project, values) = check("library");
    let worked: Vec<String> = expected("library").into_iter().map(|figure| figure.kpi).collect();
    assert!(worked.len() >= 60, "{}", worked.len());
    for (kpi, _, _) in values.keys() {
        assert!(worked.contains(kpi), "`{kpi}` has no value worked out by hand");
    }
    let findings = project.ok(&["check", "--format", "json"]);
    assert_eq!(findings.trim(), "[]");
    // Counted in the file of invitations: 20 of 25 arrived; of 17 to nobody who is known 9 answered, of 3 to known customers 2.
    let shown = ["show", "kpi", "net_promoter_score_of_all_asked", "--period", "2015-03"];
    let shown = project.ok(&shown).replace(kepi_report::format::THIN, " ");
    assert!(shown.contains("52 % of 17 answered") && shown.contains("66 % of 3 answered"), "{shown}");
}

#[test]
fn tiny_comes_to_its_figures() {
    check("examples/tiny");
}

#[test]
fn the_airport_comes_to_its_figures_and_they_reproduce() {
    let (project, values) = check("examples/airport");
    let found: serde_json::Value =
        serde_json::from_str(&project.ok(&["reproduce", "--format", "json"])).unwrap();
    assert!(found["compared"].as_u64().unwrap() > values.len() as u64, "scores too");
    assert_eq!(found["identical"], found["compared"]);
    // What was judged of a KPI, total and segments, comes out once more.
    let judged = project.ok(&["reproduce", "insight/overall_satisfaction", "--format", "json"]);
    let judged: serde_json::Value = serde_json::from_str(&judged).unwrap();
    assert!(judged["compared"].as_u64().unwrap() > 6, "{judged}");
    assert_eq!(judged["identical"], judged["compared"]);
}

#[test]
fn the_subscription_business_comes_to_its_figures() {
    check("examples/subscription");
}

#[test]
fn the_city_comes_to_its_figures() {
    check("examples/city");
}

#[test]
fn saas_comes_to_its_figures() {
    check("examples/saas");
}

#[test]
fn the_retailer_comes_to_its_figures_and_to_published_ones() {
    let (_project, values) = check("examples/retail");
    let text = fs::read_to_string(root().join("examples/retail/published.json")).unwrap();
    let total = |kpi: &str| -> f64 {
        let of = values.iter().filter(|((id, _, segment), v)| {
            id == kpi && segment.is_total() && v.period.grain == kepi_model::calendar::Grain::Month
        });
        of.map(|(_, v)| v.point().unwrap()).sum()
    };
    for fact in serde_json::from_str::<Vec<Fact>>(&text).unwrap() {
        let found = match fact.fact.as_str() {
            "sum of net_revenue over all months, pounds" => total("net_revenue"),
            // Asserted as rows read and accepted, source by source, in `rows`.
            _ => continue,
        };
        assert!(
            (found - fact.value).abs() < 5e-3,
            "{}: {found}, {} ({})",
            fact.fact,
            fact.value,
            fact.source
        );
    }
}
