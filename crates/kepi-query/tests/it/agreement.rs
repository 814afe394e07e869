//! How far repeated answers agree, through a KPI file: answers are paired by who gave them, within a gap that is stated.

use kepi_model::{
    check::Options,
    source_text::{SourceFile, SourceMap},
};
use kepi_query::{
    finish::finished_again,
    state::wire::CellStates,
    value::{Finality, Value},
};
use kepi_stats::estimate::NotComputable;
use kepi_testkit::{
    road::{Road, made},
    tables::{inputs, instant, project, table},
};

const SURVEY: &str = r#"
project: survey
name: Survey
language: 1
time_zone: UTC
---
entity: answer
name: Answer
key: [id]
time: answered_at
apart: [wording]
attributes:
  id: {type: text}
  person: {type: text}
  answered_at: {type: timestamp}
  wording: {type: integer}
  score: {type: integer, scale: 1..10}
  before: {any: answer, same: person, until: this}
  second: {first: answer.score, same: person, where: wording = 1, from: answered_at + 7 days, until: answered_at + 14 days}
  third: {first: answer.score, same: person, where: wording = 1, from: answered_at + 14 days, until: answered_at + 21 days}
  fourth: {first: answer.score, same: person, where: wording = 1, from: answered_at + 21 days, until: answered_at + 28 days}
"#;

/// Shrout and Fleiss 1979, table 2: six targets, each judged by four judges; here six persons and four weeks. To ten digits as R's
/// `psych` has them, with interval.
const TABLE: [[u8; 4]; 6] =
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]];
const PUBLISHED: [(&str, f64, f64, f64); 6] = [
    ("form: one_way", 0.1657417684055, -0.1329323248748, 0.7225600623281),
    ("form: absolute", 0.2897637795276, 0.01878651337471, 0.761084369649),
    ("form: consistent", 0.7148407148407, 0.3424647650339, 0.9458582599554),
    ("form: one_way, summary: mean", 0.4427971336793, -0.8844421552381, 0.9124154203408),
    ("form: absolute, summary: mean", 0.620050547599, 0.0711368153025, 0.9272320401677),
    ("form: consistent, summary: mean", 0.9093155423771, 0.6756747138163, 0.9858916781691),
];

#[test]
fn test_and_retest_through_a_file_is_the_table_of_shrout_and_fleiss() {
    let mut text = SURVEY.to_owned();
    let kpi = |name: &str, answers: &str, form: &str, more: &str| {
        format!(
            "---\nkpi: {name}\nname: {name}\nbetter: higher\nmeasure:\n  agreement: {{of: answer, answers: [{answers}], where: \"wording = 1 and not before\"{form}}}\nperiod: month\n{more}"
        )
    };
    for (place, (form, ..)) in PUBLISHED.iter().enumerate() {
        text.push_str(&kpi(
            &format!("icc_{place}"),
            "score, second, third, fourth",
            &format!(", {form}"),
            "",
        ));
    }
    text.push_str(&kpi("retest", "score, second", "", ""));
    text.push_str(&kpi("held_back", "score, second", "", "coverage_at_least: 90%\n"));
    text.push_str(&kpi("shifted", "score, score + 2", "", ""));
    text.push_str(&kpi("level_apart", "score, score + 2", ", form: consistent", ""));
    let project = project(&text);
    let calendar = &project.calendar;
    let mut rows = "id:text person:text answered_at:instant wording:integer score:integer\n".to_owned();
    for (person, answers) in TABLE.iter().enumerate() {
        for (week, score) in answers.iter().enumerate() {
            let day = 1 + 7 * week + person.min(2);
            rows.push_str(&format!("a{person}{week} p{person} 2026-03-{day:02} 1 {score}\n"));
        }
    }
    // Who answers once, or too late, has no second answer; who answers in another wording neither.
    rows.push_str("b1 q1 2026-03-02 1 3\nc1 q2 2026-03-02 1 3\nc2 q2 2026-05-02 1 9\nd1 q3 2026-03-02 1 4\nd2 q3 2026-03-10 2 9\n");
    // In April nobody differs from anybody.
    rows.push_str("e1 r1 2026-04-01 1 5\ne2 r1 2026-04-09 1 5\nf1 r2 2026-04-01 1 5\nf2 r2 2026-04-09 1 5\n");
    let inputs = inputs(vec![("answer", table(calendar, &rows))]);
    let all = made(&project, &inputs, instant(calendar, "2026-07-01"));
    let values = Road::by_reference(&project, &all).values(&project);
    let value = |kpi: &str, period: &str| -> &Value {
        let period = calendar.parse(period).unwrap();
        values.iter().find(|of| of.kpi.as_str() == kpi && of.period == period).unwrap()
    };
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
    for (place, (_, point, low, high)) in PUBLISHED.iter().enumerate() {
        let found = value(&format!("icc_{place}"), "2026-03");
        let estimate = found.estimate.as_ref().unwrap();
        let interval = estimate.interval.as_ref().unwrap();
        near(estimate.point, *point);
        near(interval.low, *low);
        near(interval.high, *high);
        assert_eq!((estimate.n, found.coverage.counted, found.coverage.eligible), (6, 6, 9));
        let kpi = &project.kpis[&found.kpi];
        let states = CellStates::decode(&found.states).unwrap();
        assert_eq!(finished_again(kpi, &states, project.confidence).unwrap().estimate, found.estimate);
    }
    // Two occasions by hand: differences 7, 5, 4, 6, 5, 4 of pairs that sum to 11, 7, 12, 8, 15, 8.
    let (between, within, columns) = (667.0_f64 / 2.0 - 61.0 * 61.0 / 12.0, 167.0 / 2.0, 31.0 * 31.0 / 12.0);
    let (msb, mse, msj) = (between / 5.0, (within - columns) / 5.0, columns);
    let two = value("retest", "2026-03").estimate.as_ref().unwrap();
    near(two.point, (msb - mse) / (msb + mse + 2.0 * (msj - mse) / 6.0));
    // What waits for a second answer is not final before it can come.
    assert_eq!(value("retest", "2026-03").finality, Finality::Final);
    assert!(matches!(value("held_back", "2026-03").estimate, Err(NotComputable::LowCoverage { .. })));
    assert_eq!(value("retest", "2026-04").estimate, Err(NotComputable::NoVariation));
    // Always two higher: the same order and distances, and yet not the same answers. Whoever answers 9 or 10 has both.
    let level_apart = value("level_apart", "2026-03").estimate.as_ref().unwrap();
    assert_eq!((level_apart.point, &level_apart.interval), (1.0, &Err(NotComputable::NoVariation)));
    assert!(value("shifted", "2026-03").estimate.as_ref().unwrap().point < 0.9);
}

#[test]
fn answers_of_two_wordings_are_no_test_and_retest() {
    let text = format!(
        "{SURVEY}  other: {{first: answer.score, same: person, where: wording = 2, from: answered_at + 7 days, until: answered_at + 14 days}}\n---\nkpi: mixed\nname: Mixed\nbetter: higher\nmeasure: {{agreement: {{of: answer, answers: [score, other], where: wording = 1}}}}\nperiod: month\n"
    );
    let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".to_owned(), text: text.into() }]);
    let checked = kepi_model::check::check(&files, &Options::default());
    let found: Vec<(&str, &str)> = checked
        .findings
        .iter()
        .map(|of| (of.code.0, of.message.as_str()))
        .filter(|of| of.0 == "K0646")
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.starts_with("answers of wording `1` are held against answers of `2`"), "{found:?}");
}
