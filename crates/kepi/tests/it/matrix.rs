//! Which objective is measured by which KPI in which unit, and what is missing: from files to command line.

use serde_json::Value;

use crate::support::Project;

/// Two objectives of which one is not measured, a KPI that a unit proposed, one that serves nothing, a unit with a target of its own.
#[test]
fn the_matrix_says_where_what_is_measured_and_each_gap() {
    let project = Project::example("tiny");
    let edit = |file: &str, changes: &[(&str, &str)]| {
        let mut text = std::fs::read_to_string(project.path().join(file)).unwrap();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        project.write(file, &text);
    };
    edit(
        "kepi.yml",
        &[
            ("unit: company\nname: The company\n", UNITS),
            ("objectives:\n", "objectives:\n  swift: {name: Answers come swiftly, perspective: customers}\n"),
            ("period: month\nmissing", "period: month\ncascade: {match: {region: region}}\nmissing"),
        ],
    );
    edit(
        "kpis.yml",
        &[
            ("kpi: recommendation\n", "kpi: recommendation\nproposed_by: north_unit\n"),
            (
                "targets:\n",
                "targets:\n  - {from: 2026-01-01, unit: north_unit, threshold: 20, target: 45, basis: {negotiated: \"both signed\"}}\n",
            ),
        ],
    );
    project.ok(&["run", "--quiet"]);
    let matrix: Value = serde_json::from_str(&project.ok(&["matrix", "--format", "json"])).unwrap();
    let names: Vec<&str> =
        matrix["units"].as_array().unwrap().iter().map(|of| of["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["company", "north_unit", "south_unit"], "{matrix}");
    let of = |id: &str| {
        let all = matrix["objectives"].as_array().unwrap();
        all.iter().find(|of| of["id"] == id).unwrap().clone()
    };
    let loyal = of("customers_recommend_us");
    let kpis = loyal["kpis"].as_array().unwrap();
    assert_eq!(
        kpis.iter().map(|of| of["id"].as_str().unwrap()).collect::<Vec<_>>(),
        ["answers", "recommendation"]
    );
    assert_eq!((&kpis[0]["origin"], &kpis[1]["origin"]), (&"corporate".into(), &"unit".into()));
    assert_eq!(kpis[1]["proposed_by"], "north_unit");
    let cell = |kpi: usize, unit: &str| {
        let cells = kpis[kpi]["cells"].as_array().unwrap();
        cells.iter().find(|of| of["unit"] == unit).unwrap_or_else(|| panic!("{unit}: {cells:?}")).clone()
    };
    let north = cell(1, "north_unit");
    assert_eq!((&north["target_of"], &north["basis"]), (&"own".into(), &"negotiated".into()));
    assert!(north["target"].as_str().unwrap().contains("45"), "{north}");
    assert_eq!(
        (&cell(1, "south_unit")["target_of"], &cell(1, "company")["target_of"]),
        (&"all".into(), &"all".into())
    );
    assert_eq!(north["answers"], "Your Name");
    // What adds up has no target of the whole in a part of it.
    assert!(cell(0, "south_unit")["target"].is_null());
    assert_eq!(of("swift")["kpis"], Value::Array(Vec::new()));
    let gaps: Vec<(&str, &str)> = matrix["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["gap"].as_str().unwrap(), of["objective"].as_str().or(of["kpi"].as_str()).unwrap()))
        .collect();
    assert!(gaps.contains(&("objective_without_kpi", "swift")), "{gaps:?}");
    assert_eq!(
        gaps.iter().filter(|gap| gap.0 == "no_target").count(),
        2,
        "answers in both regions: {gaps:?}"
    );
    let (said, _) = project.fails(1, &["matrix", "--gaps"]);
    assert!(said.contains("MISSING Answers come swiftly: no KPI measures it"), "{said}");
    let csv = project.ok(&["matrix", "--format", "csv"]);
    assert!(csv.starts_with("objective,kpi,unit,origin,proposed_by,target,"), "{csv}");
}

const UNITS: &str = "\
unit: company
name: The company
---
unit: north_unit
name: North
parent: company
level: region
member: north
---
unit: south_unit
name: South
parent: company
level: region
member: south
";
