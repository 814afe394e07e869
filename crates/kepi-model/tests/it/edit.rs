//! Small forms end in changes of a text: what was to differ differs, and nothing else.

use std::collections::BTreeSet;

use kepi_model::{
    check::{Options, check},
    documents::{documents, keys_that_differ},
    edit::{Field, NotEdited, add, fields, put, set, without},
    source_text::{SourceFile, SourceMap},
};
use proptest::prelude::*;

const KPI: &str = "kpi: nps   # the one that the board looks at\nname: \"NPS: would they?\"\nbetter: higher\nmeasure:\n  nps: {of: survey_response, answer: score}\n\
                   targets:   # agreed in May\n  - {from: 2026-01-01, threshold: 10, target: 40, stretch: 60}   # a first guess\n  - from: 2027-01-01\n    \
                   target: 45 # better\n    threshold: 20\naccountable: 'owner'\n";
const CARD: &str = "scorecard: all\nperspectives:\n  customer:\n    weight: 60%\n    objectives:\n      ease: {weight: 100%, kpis: {nps: 70%, effort: 30%}}\n  \
                    money: # and this\n    weight: 40%\n    objectives: {growth: {weight: 100%, kpis: {retention: 100%}}}\n";

fn path(text: &str) -> Vec<String> {
    text.split('/').map(str::to_owned).collect()
}

fn values(of: &[(&str, &str)]) -> Vec<(Vec<String>, String)> {
    of.iter().map(|(at, value)| (path(at), (*value).to_owned())).collect()
}

#[test]
fn a_value_is_written_where_it_stands_and_comments_stay() {
    let changed = set(
        KPI,
        &values(&[("targets/0/target", "50"), ("targets/1/threshold", "25"), ("accountable", "carl")]),
    );
    let expected = KPI
        .replace("target: 40", "target: 50")
        .replace("threshold: 20", "threshold: 25")
        .replace("accountable: 'owner'", "accountable: carl");
    assert_eq!(changed.unwrap(), expected);
    let weights = [("perspectives/customer/weight", "50%"), ("perspectives/money/weight", "50%")];
    let expected = CARD.replace("weight: 60%", "weight: 50%").replace("weight: 40%", "weight: 50%");
    assert_eq!(set(CARD, &values(&weights)).unwrap(), expected);
    assert_eq!(
        set(CARD, &values(&[("perspectives/customer/weight", "60%")])).unwrap(),
        CARD,
        "nothing differs"
    );
}

#[test]
fn a_definition_says_what_small_forms_can_change() {
    let all = |text: &str| -> Vec<(String, String)> {
        fields(text).unwrap().into_iter().map(|of| (of.path.join("/"), of.value)).collect()
    };
    let pair = |at: &str, value: &str| (at.to_owned(), value.to_owned());
    assert_eq!(
        all(KPI),
        [
            pair("targets/0/threshold", "10"),
            pair("targets/0/target", "40"),
            pair("targets/0/stretch", "60"),
            pair("targets/1/threshold", "20"),
            pair("targets/1/target", "45"),
            pair("accountable", "owner"),
        ]
    );
    assert_eq!(
        all(CARD),
        [
            pair("perspectives/customer/weight", "60%"),
            pair("perspectives/customer/objectives/ease/weight", "100%"),
            pair("perspectives/customer/objectives/ease/kpis/nps", "70%"),
            pair("perspectives/customer/objectives/ease/kpis/effort", "30%"),
            pair("perspectives/money/weight", "40%"),
            pair("perspectives/money/objectives/growth/weight", "100%"),
            pair("perspectives/money/objectives/growth/kpis/retention", "100%"),
        ]
    );
    assert_eq!(fields("entity: visit\n"), Ok(Vec::<Field>::new()));
    assert_eq!(fields("kpi: a\n---\nkpi: b\n"), Err(NotEdited::NotOne));
}

#[test]
fn what_is_no_value_is_not_written() {
    for at in ["targets/0/floor", "targets/7/target", "targets", "measure/nps", "nothing", "accountable/x"] {
        let refused = set(KPI, &values(&[(at, "1")]));
        assert!(matches!(refused, Err(NotEdited::NoValue(_))), "{at}: {refused:?}");
    }
}

/// Every definition of the examples and the library, as it is written by hand, of which a small form could change something.
fn written() -> Vec<String> {
    fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "yml") {
                let text = std::fs::read_to_string(path).unwrap();
                let files = SourceMap::new(vec![SourceFile { path: "a.yml".to_owned(), text: text.into() }]);
                found.extend(documents(&files).into_iter().map(|document| document.text));
            }
        }
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    ["examples", "library"].iter().for_each(|folder| walk(&root.join(folder), &mut found));
    found.retain(|text| fields(text).is_ok_and(|fields| !fields.is_empty()));
    found
}

/// Difference → text → parse ≡ difference: of every value of every definition that is written by hand, whatever it is changed
/// to, the text reads as the one before with that value instead, in no more lines than it had.
#[test]
fn exactly_what_is_to_differ_differs() {
    let all = written();
    assert!(all.len() > 40, "{} definitions", all.len());
    let mut tried = 0;
    for text in &all {
        for field in fields(text).unwrap() {
            for value in ["7", "0.5", "-3", "80 %", "2 h", "carl", "true", "a: b # c", "\"q\" \\ {", "Ü"] {
                let changed = set(text, &[(field.path.clone(), value.to_owned())]).unwrap();
                tried += 1;
                let (was, is) = (fields(text).unwrap(), fields(&changed).unwrap());
                assert_eq!(was.len(), is.len(), "{changed}");
                for (was, is) in was.iter().zip(&is) {
                    let expected = if was.path == field.path { value } else { &was.value };
                    assert_eq!((&was.path, expected), (&is.path, is.value.as_str()), "{changed}");
                }
                let key = BTreeSet::from([field.path[0].clone()]);
                let differs = keys_that_differ(text, &changed);
                assert!(
                    differs == key || field.value == value && differs.is_empty(),
                    "{differs:?}\n{changed}"
                );
                assert_eq!(text.lines().count(), changed.lines().count());
            }
        }
    }
    eprintln!("{tried} changes of {} definitions", all.len());
}

proptest! {
    /// No value breaks out of its place, whatever it is: it stands there as it is, or nothing is changed.
    #[test]
    fn no_value_breaks_out(value in "\\PC{0,12}", n in 0usize..6) {
        let field = fields(KPI).unwrap().swap_remove(n);
        match set(KPI, &[(field.path.clone(), value.clone())]) {
            Ok(changed) => {
                let is = fields(&changed).unwrap();
                prop_assert_eq!(&is[n].value, &value);
                prop_assert_eq!(is.len(), 6);
            }
            Err(error) => prop_assert_eq!(error, NotEdited::Otherwise(value)),
        }
    }
}

#[test]
fn a_changed_target_is_a_project_as_the_one_before() {
    let text = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/tiny/kpis.yml"),
    )
    .unwrap();
    let files =
        |text: String| SourceMap::new(vec![SourceFile { path: "kpis.yml".to_owned(), text: text.into() }]);
    let nps = documents(&files(text.clone())).into_iter().find(|d| d.name == "recommendation").unwrap();
    let changed = set(&nps.text, &values(&[("targets/0/target", "55")])).unwrap();
    let whole = text.replace(&nps.text, &changed);
    let errors = |text: String| check(&files(text), &Options::default()).findings.len();
    assert_eq!(errors(text), errors(whole));
}

#[test]
fn a_line_takes_the_place_of_what_stands_there_or_comes_last_and_nothing_else_differs() {
    let alert = "alert: it # the one\nname: It\non:\n  - red\n  - beyond\nclear: 3\n";
    let longer = put(alert, "persistence", "4").unwrap();
    assert_eq!(longer, format!("{alert}persistence: 4\n"));
    assert_eq!(put(&longer, "persistence", "5").unwrap(), format!("{alert}persistence: 5\n"));
    let fewer = put(alert, "on", "[beyond]").unwrap();
    assert!(fewer.contains("on:\n  [beyond]\n") && fewer.ends_with("clear: 3\n"), "{fewer}");
    assert!(fewer.starts_with("alert: it # the one\n"));
    // What would say something else of the rest is refused.
    assert!(matches!(put(alert, "clear", "3\nname: Other"), Err(NotEdited::Otherwise(_))));
    assert!(matches!(put("a: 1\n---\nb: 2\n", "c", "3"), Err(NotEdited::NotOne)));
}

#[test]
fn what_is_taken_out_leaves_the_rest_as_it_was_written() {
    let block = "kpi: a\nmoves:\n  b: {sign: positive}  # tried\n  # of the second\n  c:\n    sign: negative\n    why: \"It is said\"\nbetter: higher\n";
    assert_eq!(
        without(block, &["moves", "c"]).unwrap(),
        "kpi: a\nmoves:\n  b: {sign: positive}  # tried\n  # of the second\nbetter: higher\n"
    );
    let one = without(block, &["moves", "b"]).unwrap();
    assert!(one.contains("moves:\n  # of the second\n  c:"), "{one}");
    // The last of a map takes it along.
    let none = without(&one, &["moves", "c"]).unwrap();
    assert!(!none.contains("moves") && none.contains("better: higher"), "{none}");
    let flow = "kpi: a\nmoves: {b: {sign: positive}, c: {sign: negative}}\n";
    assert_eq!(without(flow, &["moves", "b"]).unwrap(), "kpi: a\nmoves: {c: {sign: negative}}\n");
    assert_eq!(without(flow, &["moves", "c"]).unwrap(), "kpi: a\nmoves: {b: {sign: positive}}\n");
    assert_eq!(without(flow, &["moves"]).unwrap(), "kpi: a\n");
    assert_eq!(without(flow, &["moves", "d"]), Err(NotEdited::NoValue("moves / d".to_owned())));
}

#[test]
fn a_key_is_added_to_a_map_however_it_is_written() {
    let block = "plan: year # of all\nversions:\n  budget: {since: 2025-12-01}   # agreed\n\nwithin: 15%\n";
    let added = "plan: year # of all\nversions:\n  budget: {since: 2025-12-01}   # agreed\n  v3: {since: 2026-07-01}\n\nwithin: 15%\n";
    assert_eq!(add(block, &["versions"], "v3", "{since: 2026-07-01}").unwrap(), added);
    let deep = "plan: year\nversions:\n  budget:\n    since: 2025-12-01\n    amounts:\n      a: 1 EUR\n";
    assert_eq!(
        add(deep, &["versions"], "v3", "{since: 2026-07-01}").unwrap(),
        format!("{deep}  v3: {{since: 2026-07-01}}\n")
    );
    assert_eq!(
        add("plan: year\nversions: {a: 1}\n", &["versions"], "b", "2").unwrap(),
        "plan: year\nversions: {a: 1, b: 2}\n"
    );
    assert_eq!(add("plan: year\n", &["versions"], "b", "2").unwrap(), "plan: year\nversions: {b: 2}\n");
    assert!(add(block, &["versions"], "budget", "2").is_err(), "it is there");
    assert!(add(block, &["plan"], "x", "2").is_err(), "it is no map");
}
