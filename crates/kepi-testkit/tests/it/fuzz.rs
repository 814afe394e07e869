//! Definitions and expressions that nobody would write: each ends in findings or in a project, and a project can be described.
//!
//! `KEPI_COUNT` says how many of each, `KEPI_SEED` which first; `make evidence AREA=fuzz` takes many.

use kepi_model::{
    check::{Options, check},
    describe,
    documents::documents,
    finding::{Checked, Severity},
    project::Project,
    render,
    source_text::{SourceFile, SourceMap},
};
use kepi_testkit::{
    arbitrary::Chance,
    fuzz::{self, Effort},
};

fn map(files: impl IntoIterator<Item = (String, String)>) -> SourceMap {
    SourceMap::new(files.into_iter().map(|(path, text)| SourceFile { path, text: text.into() }).collect())
}

/// Checks, and holds the outcome against what is always true of it.
fn checked(files: &SourceMap) -> Checked<Project> {
    let there = |pattern: &str| pattern.len() % 3;
    let found = check(
        files,
        &Options {
            known_files: Some(&there),
            today: Some(jiff::civil::date(2026, 6, 1)),
            ..Options::default()
        },
    );
    let errors = found.findings.iter().filter(|f| f.severity == Severity::Error).count();
    assert_eq!(found.value.is_none(), errors > 0, "a project if and only if nothing is wrong");
    for finding in &found.findings {
        assert!(finding.expected.is_some() && finding.fix.is_some(), "{finding:?}");
        for label in std::iter::once(&finding.at).chain(&finding.related) {
            let text = &files.file(label.span.file).expect("a file of the project").text;
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{finding:?}");
            assert!(start <= end || start <= text.len(), "{finding:?}");
        }
        assert!(finding.message.len() < 2_000 && !finding.message.contains('\u{1b}'), "{finding:?}");
    }
    let shown = render::text(&found.findings, files, false);
    assert_eq!(shown.is_empty(), found.findings.is_empty());
    assert!(render::json(&found.findings, files).is_array());
    if let Some(project) = &found.value {
        for kpi in project.kpis.values() {
            assert!(
                !describe::measure(kpi, project).is_empty() && !describe::formula(kpi, project).is_empty()
            );
        }
    }
    let pieces = documents(files);
    for (_, file) in files.iter() {
        let whole: String = pieces.iter().filter(|d| d.path == file.path).map(|d| d.text.as_str()).collect();
        assert!(whole.is_empty() || whole == *file.text, "the pieces of a file are the file");
    }
    found
}

/// Projects to change: the examples, each a list of files.
fn projects() -> Vec<Vec<(String, String)>> {
    ["examples/tiny", "examples/saas", "examples/retail", "crates/kepi-model/tests/it/base"]
        .map(|folder| fuzz::texts(folder, &[".yml"]))
        .into_iter()
        .filter(|files| !files.is_empty())
        .collect()
}

#[test]
fn definitions_end_in_findings_or_in_a_project() {
    let projects = projects();
    assert!(projects.len() >= 3);
    let others: Vec<String> = projects.iter().flatten().map(|(_, text)| text.clone()).collect();
    let raw: Vec<Vec<u8>> = others.iter().map(|text| text.clone().into_bytes()).collect();
    let make = |chance: &mut Chance| {
        // The smallest most often: it is checked fastest.
        let project = if chance.once_in(8) { chance.pick(&projects) } else { &projects[0] };
        let at = chance.below(project.len());
        let text = &project[at].1;
        let changed = match chance.below(3) {
            0 => String::from_utf8_lossy(&fuzz::mutated(chance, text.as_bytes(), &raw)).into_owned(),
            _ => fuzz::mutated_lines(chance, text, &others),
        };
        let mut files = project.clone();
        files[at].1 = changed;
        files.iter().map(|(path, text)| format!("{path}\0{text}\u{1}")).collect::<String>()
    };
    let mut accepted = 0;
    let line = fuzz::run("definitions", Effort::or(600), make, |input| {
        let files = input.split('\u{1}').filter_map(|file| file.split_once('\0'));
        let found = checked(&map(files.map(|(path, text)| (path.to_owned(), text.to_owned()))));
        accepted += u64::from(found.value.is_some());
    });
    println!("{line}; {accepted} of them are projects");
}

/// What the seed 1002384 found.
#[test]
fn the_beginning_of_a_long_expression_is_cut_between_letters() {
    for shift in 0..8 {
        let condition = format!("{} = {}", "a".repeat(shift + 1), vec!["'é'"; 300].join(" = "));
        let quoted = serde_json::to_string(&condition).unwrap();
        let text = format!(
            "project: p\nname: P\nlanguage: 1\ntime_zone: UTC\n---\nkpi: k\nname: K\nbetter: higher\nperiod: month\nmeasure: \
             {{count: {{of: survey_response, where: {quoted}}}}}\n"
        );
        let found = checked(&map([("kepi.yml".to_owned(), text)]));
        assert!(found.findings.iter().any(|f| f.message.contains("attributes and constants")), "{shift}");
    }
}

/// So many expressions stand in one project, so that the project costs little.
const AT_ONCE: usize = 20;

#[test]
fn expressions_end_in_findings_or_in_a_condition() {
    let paths = [
        "score",
        "region",
        "waited",
        "paid",
        "state",
        "answered",
        "account",
        "account.region",
        "account.created_at",
        "account.parent.tier",
        "reopened",
        "nothing",
        "account.nothing",
        "region.tier",
    ];
    let head = "project: p\nname: P\nlanguage: 1\ntime_zone: Europe/Berlin\n---\nentity: survey_response\nattributes:\n  \
                score: {type: integer, scale: 0..10}\n  region: {type: text}\n  waited: {type: duration}\n  \
                paid: {type: \"money EUR, 2 decimals\"}\n  state: {type: enum, values: [web, phone]}\n  answered: {type: date}\n  reopened: {type: boolean}\n";
    let make = |chance: &mut Chance| {
        let one = |chance: &mut Chance| {
            let depth = 1 + chance.below(4);
            let text = fuzz::expression(chance, &paths, depth);
            if chance.once_in(3) {
                String::from_utf8_lossy(&fuzz::mutated(chance, text.as_bytes(), &[])).into_owned()
            } else {
                text
            }
        };
        (0..AT_ONCE).map(|_| one(chance)).collect::<Vec<_>>().join("\u{1}")
    };
    let mut accepted = 0u64;
    let effort = Effort::or(4_000);
    let effort = Effort { count: effort.count.div_ceil(AT_ONCE as u64), ..effort };
    let line = fuzz::run("expressions, twenty at once", effort, make, |input| {
        let mut text = head.to_owned();
        for (n, condition) in input.split('\u{1}').enumerate() {
            let quoted = serde_json::to_string(condition).unwrap();
            text.push_str(&format!(
                "---\nkpi: k{n}\nname: K{n}\nbetter: higher\nperiod: month\nmeasure: {{count: {{of: survey_response, where: {quoted}}}}}\n"
            ));
        }
        let files = map([("kepi.yml".to_owned(), text)]);
        let found = checked(&files);
        let wrong: std::collections::BTreeSet<u32> = found
            .findings
            .iter()
            .filter(|f| f.severity == Severity::Error)
            .map(|f| files.line_column(f.at.span).line)
            .collect();
        accepted += (AT_ONCE.saturating_sub(wrong.len())) as u64;
    });
    println!("{line}; about {accepted} of them are conditions");
}
