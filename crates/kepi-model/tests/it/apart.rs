//! Answers of a relationship and after a contact, and of two wordings, never meet in one score.

use kepi_model::codes;

use crate::base::{checked, files, short};

const ASKED: &str = r"---
entity: reply
name: Reply
key: [id]
time: at
apart: [survey, wording]
attributes:
  id: {type: text}
  at: {type: timestamp}
  survey: {type: text}
  wording: {type: integer}
  account: {type: reference account}
  score: {type: integer, scale: 0..10}
";

/// What is found of answers together, in a project with these definitions more.
fn found(more: &[&str]) -> Vec<String> {
    let mut files = files();
    files.push(("more.yml".to_owned(), [&[ASKED], more].concat().concat()));
    let checked = checked(&files);
    let other = checked
        .findings
        .iter()
        .filter(|of| of.code != codes::APART && of.severity == kepi_model::finding::Severity::Error);
    assert_eq!(other.count(), 0, "{}", short(&checked.findings));
    let found = checked.findings.iter().filter(|of| of.code == codes::APART);
    found.map(|of| of.message.clone()).collect()
}

fn kpi(id: &str, measure: &str) -> String {
    format!(
        "---\nkpi: {id}\nname: {id}\nbetter: higher\nperiod: month\npurpose: service_improvement\nmeasure: {{{measure}}}\n"
    )
}

#[test]
fn a_score_is_of_one_survey_in_one_wording() {
    let nps = |filter: &str| found(&[&kpi("asked", &format!("nps: {{of: reply, answer: score{filter}}}"))]);
    let (survey, wording) = ("every `survey` of reply", "every `wording` of reply");
    for (filter, mixes) in [
        ("", vec![survey, wording]),
        (", where: survey = 'relationship'", vec![wording]),
        (", where: survey = 'relationship' and wording = 2", vec![]),
        (", where: \"wording in (2) and survey = 'contact'\"", vec![]),
        (", where: \"wording in (1, 2) and survey = 'contact'\"", vec![wording]),
        // Either is both.
        (", where: wording = 1 and (survey = 'contact' or survey = 'relationship')", vec![survey]),
        (", where: wording = 1 and survey != 'contact'", vec![survey]),
    ] {
        let found = nps(filter);
        assert_eq!(found.len(), mixes.len(), "{filter}: {found:?}");
        assert!(found.iter().zip(mixes).all(|(of, mix)| of.contains(mix)), "{filter}: {found:?}");
    }
    // How many answered, and how long after, is no score.
    assert!(found(&[&kpi("asked", "count: {of: reply}")]).is_empty());
}

#[test]
fn what_is_gathered_is_of_one_and_who_answered_may_be_of_any() {
    let panel = |more: &str| {
        let entity = "---\nentity: customer_asked\nrows: {every: month, of: account}\nattributes:\n  score: {last: reply.score";
        found(&[&format!("{entity}{more}}}\n  answers: {{count: reply}}\n  last_at: {{last: reply.at}}\n")])
    };
    assert_eq!(panel("").len(), 2);
    assert!(panel(", where: survey = 'relationship' and wording = 2").is_empty());
}

#[test]
fn an_index_does_not_put_two_together() {
    let of = |survey: &str| {
        kpi(survey, &format!("nps: {{of: reply, answer: score, where: survey = '{survey}' and wording = 1}}"))
    };
    let index = |a: &str, b: &str| {
        let part = |of: &str| format!("{of}: {{weight: 50%, zero: 0, hundred: 50}}");
        kpi("both", &format!("composite: {{kpis: {{{}, {}}}}}", part(a), part(b)))
    };
    let kpis = [
        of("relationship"),
        of("contact"),
        kpi("said", "nps: {of: reply, answer: score + 0, where: survey = 'contact' and wording = 1}"),
    ];
    let all = |index: &str| {
        let texts: Vec<&str> = kpis.iter().map(String::as_str).chain([index]).collect();
        found(&texts)
    };
    assert_eq!(
        all(&index("relationship", "contact")),
        ["`relationship` is of survey `relationship`, `contact` of `contact`"]
    );
    assert!(all(&index("said", "contact")).is_empty());
}
