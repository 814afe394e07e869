//! Periods without data through the binary: what is filled in is marked wherever it is shown, and late rows restate it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::Project;

const DESK: &str = "project: desk
name: Desk
language: 1
time_zone: UTC
---
source: answers
name: Answers
into: survey_response
from: {csv: {files: \"data/*.csv\"}}
mode: append
map:
  id: {column: id, as: text, required: true}
  responded_at: {column: at, as: date, required: true}
  score: {column: score, as: integer}
---
kpi: mood
name: Mood
better: higher
measure:
  mean: {of: survey_response, value: score}
period: month
without_data: {carry: {at_most: 2 months}}
targets:
  - {from: 2020-01-01, threshold: 5, target: 7}
---
kpi: spoilt
name: Spoilt
better: lower
measure:
  formula: {kpis: {mood: mood}, value: 10 - mood}
period: month
";

/// Two answers a month from January 2024 to April 2026, of which March 2026 has none and February 2026 is bad.
fn desk() -> Project {
    let project = Project::empty();
    project.write("kepi.yml", DESK);
    let mut rows = "id,at,score\n".to_owned();
    for month in (0..28).filter(|month| *month != 26) {
        let (year, of) = (2024 + month / 12, month % 12 + 1);
        let (low, high) = if month == 25 { (2, 3) } else { (6 + month % 2, 8) };
        let _ = writeln!(rows, "a{month},{year}-{of:02}-05,{low}\nb{month},{year}-{of:02}-25,{high}");
    }
    project.write("data/a.csv", &rows);
    project.ok(&["run", "--quiet"]);
    project
}

fn shown(project: &Project, kpi: &str, period: &str) -> Value {
    let text = project.ok(&["show", "kpi", kpi, "--period", period, "--format", "json"]);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn what_is_filled_in_is_marked_everywhere_and_judged_nowhere() {
    let project = desk();
    let how = "carried forward from 2026-02 (no rows)";
    let march = shown(&project, "mood", "2026-03");
    let value = &march["kpi"]["value"];
    assert_eq!((value["point"].as_f64(), value["n"].as_u64()), (Some(2.5), Some(0)), "{value}");
    assert_eq!(
        (value["mark"].as_str(), value["no_interval"]["code"].as_str()),
        (Some(how), Some("not_measured"))
    );
    assert_eq!(march["kpi"]["status"], "red");
    assert_eq!(march["kpi"]["no_change"]["code"], "not_measured");
    assert_eq!(
        march["definition"]["without_data"],
        "the last measured value, marked so, for at most 2 months"
    );
    // What is computed of it is marked, too.
    let of_it = shown(&project, "spoilt", "2026-03");
    assert_eq!(of_it["kpi"]["value"]["point"].as_f64(), Some(7.5));
    assert_eq!(of_it["kpi"]["value"]["mark"], format!("`mood` {how}"));
    assert!(shown(&project, "mood", "2026-04")["kpi"]["value"]["mark"].is_null());
    // In text and as a table.
    let text = project.ok(&["show", "kpi", "mood", "--period", "2026-03"]);
    assert!(text.contains(how), "{text}");
    let table = project.ok(&["show", "kpi", "mood", "--format", "csv"]);
    assert!(table.lines().next().unwrap().ends_with(",not_measured"), "{table}");
    let marked: Vec<&str> = table.lines().filter(|line| line.ends_with(how)).collect();
    assert!(matches!(marked[..], [one] if one.starts_with("mood,2026-03,")), "{table}");
    // February is judged; March, which repeats it, is not, and April is compared with February.
    let verdict = |period: &str| shown(&project, "mood", period)["kpi"]["change"]["verdict"].clone();
    assert_eq!((verdict("2026-02"), verdict("2026-03")), ("within".into(), Value::Null));
    // April is final once there is a row of May.
    project.write("data/c.csv", "id,at,score\nc1,2026-05-03,7\n");
    project.ok(&["run", "--quiet"]);
    assert_eq!(shown(&project, "mood", "2026-04")["kpi"]["change"]["since"], "2026-02");
    project.ok(&["reproduce"]);
}

#[test]
fn late_rows_restate_their_period_alone_and_are_told_as_the_reason() {
    let project = desk();
    assert_eq!(shown(&project, "mood", "2026-03")["restatements"], Value::Array(Vec::new()));
    project.write("data/b.csv", "id,at,score\nlate1,2026-03-10,6\nlate2,2026-03-11,8\nlate3,2026-03-12,7\n");
    let report: Value = serde_json::from_str(&project.ok(&["run", "--quiet", "--format", "json"])).unwrap();
    // March of both KPIs: everything else says the same as before.
    assert_eq!(report["restated"], 2, "{report}");
    let march = shown(&project, "mood", "2026-03");
    assert_eq!(march["kpi"]["value"]["point"].as_f64(), Some(7.0));
    assert!(march["kpi"]["value"]["mark"].is_null());
    let [restated] = march["restatements"].as_array().unwrap().as_slice() else { panic!("{march}") };
    assert_eq!(
        (restated["period"].as_str(), restated["reason"].as_str()),
        (Some("2026-03"), Some("Answers: 3 rows landed since"))
    );
    assert!(
        restated["published"].as_str().unwrap().starts_with("2.5"),
        "the earlier value is told: {restated}"
    );
    let text = project.ok(&["show", "kpi", "mood", "--period", "2026-03"]);
    assert!(text.contains("restated    2026-03: published 2.5"), "{text}");
    // Another definition is another reason.
    project.write(
        "kepi.yml",
        &DESK.replace("{of: survey_response, value: score}", "{of: survey_response, value: score + 1}"),
    );
    project.ok(&["run", "--quiet"]);
    let march = shown(&project, "mood", "2026-03");
    let reasons = march["restatements"].as_array().unwrap().iter();
    let of_march = reasons.filter(|of| of["period"] == "2026-03").map(|of| of["reason"].as_str().unwrap());
    assert_eq!(of_march.collect::<Vec<_>>(), ["its definition changed"]);
    project.ok(&["reproduce"]);
}

/// The same KPI by month and by quarter on one card.
const CARD: &str = "---
strategy: plan
mission: Be kind.
perspectives: {people: {name: People}}
objectives: {kind: {name: Kindness, perspective: people}}
---
kpi: mood_of_the_quarter
name: Mood of the quarter
objective: kind
better: higher
measure:
  mean: {of: survey_response, value: score}
period: quarter
targets:
  - {from: 2020-01-01, threshold: 5, target: 7}
---
scorecard: card
name: Card
period: month
missing: {rule: ignore, minimum_coverage: 50%}
perspectives: {people: {weight: 100%, objectives: {kind: {weight: 100%, kpis: {mood: 50%, mood_of_the_quarter: 50%}}}}}
";

#[test]
fn a_quarter_on_a_monthly_scorecard_says_as_of_when_it_is() {
    let project = desk();
    project.write("kepi.yml", &(DESK.to_owned() + CARD));
    let checked = project.ok(&["check"]);
    assert!(checked.contains("K0711"), "{checked}");
    project.ok(&["run", "--quiet"]);
    let card = |period: &str| -> Value {
        let text = project.ok(&["show", "scorecard", "--period", period, "--format", "json"]);
        let card: Value = serde_json::from_str(&text).unwrap();
        card["perspectives"][0]["objectives"][0]["kpis"].clone()
    };
    // January has 6 and 8, February 2 and 3, March nothing.
    let february = card("2026-02");
    assert_eq!((&february[0]["id"], &february[0]["as_of"]), (&"mood".into(), &Value::Null));
    assert_eq!((&february[1]["as_of"], &february[1]["value"]["n"]), (&"2025-Q4".into(), &6.into()));
    let march = card("2026-03");
    assert_eq!((&march[1]["as_of"], &march[1]["value"]["point"]), (&"2026-Q1".into(), &4.75.into()));
    let text = project.ok(&["show", "scorecard", "--period", "2026-02"]);
    assert!(text.contains("Mood of the quarter, as of 2025-Q4"), "{text}");
    let explained = project.ok(&["explain", "--period", "2026-02"]);
    assert!(explained.contains("as of 2025-Q4"), "{explained}");
    // A link from the card leads to the quarter.
    assert_eq!(shown(&project, "mood_of_the_quarter", "2026-02")["period"], "2025-Q4");
    project.ok(&["reproduce"]);
}
