//! What somebody who is new gets wrong, and what is said of it, word for word: `tests/newcomer.txt`.
//!
//! Every message is read as the newcomer would read it. `UPDATE_GOLDENS=1 cargo test -p kepi-model newcomer` writes the
//! transcript anew; read the difference.

use std::{fs, path::PathBuf};

use kepi_model::{
    render,
    source_text::{SourceFile, SourceMap},
};

use crate::base::checked_map;

/// A first project.
const FIRST: &str = "\
project: clinic
name: A clinic
language: 1
time_zone: Europe/Berlin
---
entity: survey_response
attributes:
  score: {type: integer, scale: 0..10}
  region: {type: text}
  waited: {type: duration}
---
source: answers
into: survey_response
from: {csv: {files: data/answers.csv}}
mode: append
map:
  id: {column: id, as: text}
  responded_at: {column: answered, as: timestamp, format: \"%d.%m.%Y %H:%M\"}
  score: {column: score, as: integer}
  region: {column: region, as: text}
  waited: {column: waited, as: duration minutes}
---
kpi: recommendation
name: Would patients recommend us?
better: higher
measure:
  nps: {of: survey_response, answer: score}
period: month
by: [region]
targets:
  - {from: 2026-01-01, threshold: 20, target: 40, basis: {history: two years}}
";

const MEASURE: &str = "nps: {of: survey_response, answer: score}";
const TARGET: &str = "{from: 2026-01-01, threshold: 20, target: 40, basis: {history: two years}}";
const TARGETS: &str =
    "targets:\n  - {from: 2026-01-01, threshold: 20, target: 40, basis: {history: two years}}\n";

/// What is done, what stood there, and what stands there instead; an empty text appends.
fn mistakes() -> Vec<(&'static str, &'static str, String)> {
    let condition = |text: &str| format!("nps: {{of: survey_response, answer: score, where: {text}}}");
    let mistakes = [
        ("all is well, but little is said", "", ""),
        ("a median is called by its name", MEASURE, "median: {of: survey_response, value: waited}"),
        ("an average is called by its name", MEASURE, "average: {of: survey_response, value: waited}"),
        ("the measure is one word", "measure:\n  nps: {of: survey_response, answer: score}", "measure: nps"),
        ("the measure is a word and an attribute", MEASURE, "nps: score"),
        (
            "the kind of measure is a field",
            "measure:\n  nps: {of: survey_response, answer: score}",
            "measure: {type: nps, of: survey_response, answer: score}",
        ),
        (
            "the measure is a formula",
            "measure:\n  nps: {of: survey_response, answer: score}",
            "formula: promoters - detractors",
        ),
        (
            "other words for what rows, when, which",
            MEASURE,
            "nps: {from: survey_response, field: score, date: responded_at, filter: score > 0}",
        ),
        ("the name of a column instead of an attribute", MEASURE, "nps: {of: survey_response, answer: Q1}"),
        ("the name of an attribute with a capital", MEASURE, "nps: {of: survey_response, answer: Score}"),
        ("an entity that is not there", MEASURE, "nps: {of: response, answer: score}"),
        ("an entity that nothing fills", MEASURE, "count: {of: order}"),
        (
            "a quantile without bins",
            MEASURE,
            "quantile: {of: survey_response, value: waited, quantile: median}",
        ),
        ("a duration of one attribute", MEASURE, "duration: {of: survey_response, value: waited}"),
        (
            "satisfaction without what is made of it",
            MEASURE,
            "satisfaction: {of: survey_response, answer: score, scale: 0..10}",
        ),
        (
            "a scale with a dash",
            MEASURE,
            "satisfaction: {of: survey_response, answer: score, scale: 0-10, top: 2}",
        ),
        ("a scale as a list", "scale: 0..10", "scale: [0, 10]"),
        ("a ratio of two names", MEASURE, "ratio: {numerator: score, denominator: waited}"),
        (
            "either of two, in the manner of programs",
            MEASURE,
            &condition("\"score > 6 || region = 'north'\""),
        ),
        ("a text in double quotes", MEASURE, &condition("'region = \"north\"'")),
        ("a text without quotes", MEASURE, &condition("region = north")),
        ("typographic quotes", MEASURE, &condition("region = ‘north’")),
        ("a number in quotes", MEASURE, &condition("score >= '9'")),
        ("a date without quotes", MEASURE, &condition("responded_at >= 2026-01-01")),
        ("a length of time as a number", MEASURE, &condition("waited > 30")),
        ("a division", MEASURE, &condition("score / 2 > 4")),
        ("a function", MEASURE, &condition("left(region, 1) = 'n'")),
        ("a comparison with null", MEASURE, &condition("region != null")),
        ("a list in brackets", MEASURE, &condition("\"region in ['north', 'south']\"")),
        (
            "two conditions in the manner of programs",
            MEASURE,
            &condition("\"score > 6 && region = 'north'\""),
        ),
        ("nothing after `where`", MEASURE, &condition("")),
        ("a period in the manner of people", "period: month", "period: monthly"),
        ("a direction in another word", "better: higher", "better: up"),
        ("no direction at all", "better: higher\n", ""),
        ("one segment without brackets", "by: [region]", "by: region"),
        ("a segment with a capital", "by: [region]", "by: [Region]"),
        ("a segment by a number", "by: [region]", "by: [waited]"),
        ("one number as target", TARGETS, "target: 40\n"),
        ("a target that is no list", TARGETS, "targets: {from: 2026-01-01, threshold: 20, target: 40}\n"),
        (
            "a target in per cent",
            TARGET,
            "{from: 2026-01-01, threshold: 20%, target: 40%, basis: {history: two years}}",
        ),
        (
            "lines the wrong way round",
            TARGET,
            "{from: 2026-01-01, threshold: 40, target: 20, basis: {history: two years}}",
        ),
        (
            "a date as it is written at home",
            TARGET,
            "{from: 01.01.2026, threshold: 20, target: 40, basis: {history: two years}}",
        ),
        ("no threshold", TARGET, "{from: 2026-01-01, target: 40, basis: {history: two years}}"),
        ("a basis as a text", "basis: {history: two years}", "basis: two years"),
        (
            "a name for people where one for definitions is meant",
            "kpi: recommendation",
            "kpi: Patient Recommendation",
        ),
        ("a person by name", "by: [region]", "by: [region]\naccountable: Ada Berg"),
        ("an objective without a strategy", "by: [region]", "by: [region]\nobjective: recommended"),
        ("a gate as a number", "by: [region]", "by: [region]\npublish_if: 30"),
        (
            "a second KPI without `---` before it",
            "",
            "kpi: second\nname: Second\nbetter: higher\nmeasure: {count: {of: survey_response}}\nperiod: month\n",
        ),
        ("a list of KPIs", "", "---\nkpis:\n  - name: Second\n    measure: {count: {of: survey_response}}\n"),
        ("a metric instead of a KPI", "", "---\nmetric: second\nname: Second\n"),
        (
            "the name before the kind",
            "kpi: recommendation\nname: Would patients recommend us?\n",
            "name: Would patients recommend us?\nkpi: recommendation\n",
        ),
        ("a tabulator for indentation", "measure:\n  nps", "measure:\n\tnps"),
        ("a colon within a text", "name: Would patients recommend us?", "name: Recommendation: would they?"),
        ("a bracket that is not closed", "by: [region]", "by: [region"),
        ("a glob without quotes", "files: data/answers.csv", "files: *.csv"),
        ("a path of Windows", "files: data/answers.csv", "files: \"C:\\\\data\\\\answers.csv\""),
        ("a path out of the project", "files: data/answers.csv", "files: ../answers.csv"),
        ("a file that is not there", "files: data/answers.csv", "files: data/absent.csv"),
        (
            "a key that is there already",
            "entity: survey_response\nattributes:",
            "entity: survey_response\nkey: id\nattributes:",
        ),
        ("the connector without `csv`", "from: {csv: {files: data/answers.csv}}", "from: data/answers.csv"),
        (
            "the file without the connector",
            "from: {csv: {files: data/answers.csv}}",
            "file: data/answers.csv",
        ),
        ("a tabulator by name", "files: data/answers.csv", "files: data/answers.csv, delimiter: tab"),
        (
            "other words for a separator and a header",
            "files: data/answers.csv",
            "files: data/answers.csv, separator: \";\", header: true",
        ),
        ("a type of other tools", "score: {column: score, as: integer}", "score: {column: score, as: float}"),
        (
            "a type that the attribute has not",
            "score: {column: score, as: integer}",
            "score: {column: score, as: text}",
        ),
        ("a duration without unit", "as: duration minutes", "as: duration"),
        ("a format of other tools", "%d.%m.%Y %H:%M", "DD.MM.YYYY HH:mm"),
        ("a timestamp with a format of days", "%d.%m.%Y %H:%M", "%d.%m.%Y"),
        ("a column without more", "score: {column: score, as: integer}", "score: score"),
        ("a column without how it is read", "score: {column: score, as: integer}", "score: {column: score}"),
        ("an attribute that nobody declared", "  region: {type: text}\n", ""),
        ("a key that is not mapped", "  id: {column: id, as: text}\n", ""),
        ("another word for a mode", "mode: append", "mode: overwrite"),
        ("a zone by its abbreviation", "time_zone: Europe/Berlin", "time_zone: CEST"),
        ("a zone by its city", "time_zone: Europe/Berlin", "timezone: Berlin"),
        ("no language", "language: 1\n", ""),
        ("a new entity without a key", "", "---\nentity: visit\nattributes:\n  id: {type: text}\n"),
        ("an enum without members", "region: {type: text}", "region: {type: enum}"),
        ("yes instead of true", "region: {type: text}", "region: {type: text, personal: yes}"),
        ("a number without decimals", "waited: {type: duration}", "waited: {type: number}"),
        (
            "weights as fractions",
            "",
            "---\nscorecard: card\nname: Card\nperiod: month\nmissing: {rule: ignore}\nperspectives:\n  customer: {weight: 0.5, objectives: {recommended: {weight: 100, kpis: {recommendation: 1}}}}\n",
        ),
    ];
    mistakes.into_iter().map(|(what, from, to)| (what, from, to.to_owned())).collect()
}

#[test]
fn the_transcript_is_as_it_was_read() {
    let (mut transcript, mut silent) = (String::new(), Vec::new());
    for (what, from, to) in mistakes() {
        let text = if from.is_empty() {
            format!("{FIRST}{to}")
        } else {
            assert!(FIRST.contains(from), "{what}: `{from}`");
            FIRST.replacen(from, &to, 1)
        };
        let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".into(), text: text.into() }]);
        let checked = checked_map(&files);
        let mut findings = checked.findings;
        // The hints of the first project are shown once.
        if !to.is_empty() || !from.is_empty() {
            findings.retain(|f| !matches!(f.code.0, "K0601" | "K0607" | "K0626"));
            silent.extend(findings.is_empty().then_some(what));
        }
        transcript.push_str(&format!("### {what}\n\n{}\n", render::text(&findings, &files, false)));
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/newcomer.txt");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, &transcript).unwrap();
    } else {
        assert!(fs::read_to_string(&path).unwrap_or_default() == transcript, "it differs:\n{transcript}");
    }
    assert!(silent.is_empty(), "nothing is said of {silent:?}");
}

#[test]
fn what_is_said_to_write_is_right() {
    let fixes = |text: &str| {
        let files = SourceMap::new(vec![SourceFile {
            path: "kepi.yml".to_owned(),
            text: FIRST.replace(TARGETS, text).into(),
        }]);
        let findings = checked_map(&files).findings;
        findings.iter().filter_map(|of| of.fix.as_ref().map(|fix| fix.text.clone())).collect::<String>()
    };
    let said = fixes("moves: {recommendation: 1 month}\n");
    assert!(said.contains("write `recommendation: {sign: positive}`"), "{said}");
    let said = fixes("coverage_at_least: 120%\n");
    assert!(said.contains("write `100%` for the whole, or less"), "{said}");
}
