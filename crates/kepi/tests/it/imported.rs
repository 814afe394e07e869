//! A project that an earlier Kepi left: `tests/format_1` is one, with the database and the file of rows as version 0.1.0 of
//! the first format wrote them.

use serde_json::Value;

use crate::support::{Project, copy, root};

/// Net promoter scores by month: 2 promoters and a detractor among 3, then one among 2.
const SCORES: [(&str, f64); 2] = [("2026-01", 100.0 / 3.0), ("2026-02", 50.0)];

fn earlier() -> Project {
    let project = Project::copied("crates/kepi/tests/format_1");
    copy(&root().join("crates/kepi/tests/format_1/state"), &project.path().join(".kepi"));
    project
}

/// Periods with their figures, as programs see them.
fn history(project: &Project) -> Vec<(String, f64)> {
    let shown = project.ok(&["show", "kpi", "recommendation", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let periods = shown["kpi"]["history"].as_array().unwrap().iter();
    periods.filter_map(|p| Some((p["period"].as_str()?.to_owned(), p["point"].as_f64()?))).collect()
}

fn expected() -> Vec<(String, f64)> {
    SCORES.map(|(period, score)| (period.to_owned(), score)).to_vec()
}

#[test]
fn published_figures_of_the_first_format_are_shown_and_stay_when_the_next_run_comes() {
    let project = earlier();
    assert_eq!(history(&project), expected());
    let board = project.ok(&["show", "scorecard", "--period", "2026-01"]);
    assert!(board.contains("score 100.0 (on target at 100)"), "{board}");
    let said = project.ok(&["check", "--data"]);
    assert!(!said.contains("damaged"), "{said}");
    // Twice, so that nothing is imported twice.
    assert_eq!(history(&project), expected());

    let report: Value = serde_json::from_str(&project.ok(&["run", "--quiet", "--format", "json"])).unwrap();
    assert_eq!(report["withdrawn"], 0, "{report}");
    assert_eq!(history(&project), expected());
}

#[test]
fn figures_of_the_first_format_are_named_as_not_reproducible_here() {
    let project = earlier();
    let said = project.ok(&["reproduce", "recommendation"]);
    assert!(said.contains("not reproducible here"), "{said}");
}
