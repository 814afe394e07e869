//! Whatever stands in the files, checking ends with findings and never with a crash.

use kepi_model::{
    check::{Options, check},
    finding::Severity,
    render,
    source_text::{SourceFile, SourceMap},
};
use proptest::prelude::*;

use crate::base::{checked, files};

fn one_file(text: &str) -> SourceMap {
    SourceMap::new(vec![SourceFile { path: "a.yml".into(), text: text.into() }])
}

fn with_where(expression: &str) -> Vec<(String, String)> {
    let mut files = files();
    let quoted = serde_json::to_string(expression).unwrap();
    for (path, text) in &mut files {
        if path == "kpis.yml" {
            *text = text.replacen("where: survey = 'relationship'", &format!("where: {quoted}"), 1);
        }
    }
    files
}

#[test]
fn huge_and_deep_expressions_are_findings() {
    let hostile = [
        "1".repeat(100_000),
        vec!["1"; 2000].join("+"),
        vec!["1"; 2001].join(" + "),
        format!("{}1{} = 1", "(".repeat(33), ")".repeat(33)),
        format!("{}1{} = 1", "(".repeat(1000), ")".repeat(1000)),
        format!("{} reopened", "not ".repeat(900)),
        format!("{}1", "-".repeat(3000)),
        format!("{}1", "- ".repeat(1500)),
        "case when ".repeat(300),
        format!("{}1{}", "case when true then ".repeat(31), " end".repeat(31)),
        format!("score in ({})", vec!["1"; 1500].join(",")),
        vec!["survey = 'a'"; 150].join(" or "),
        "score between 1 and ".repeat(150),
        "((((((((((((((((((((((((((((((((".to_owned(),
        format!("{}score{}", "coalesce(".repeat(31), ")".repeat(31)),
        "\u{0}\u{1f600}'".to_owned(),
        "a.".repeat(500),
    ];
    for expression in hostile {
        let started = std::time::Instant::now();
        let found = checked(&with_where(&expression)).findings;
        assert!(
            found.iter().any(|f| f.severity == Severity::Error),
            "accepted: {}",
            expression.chars().take(80).collect::<String>()
        );
        assert!(
            started.elapsed().as_secs() < 10,
            "slow: {}",
            expression.chars().take(80).collect::<String>()
        );
    }
}

#[test]
fn expressions_within_the_caps_are_accepted() {
    for expression in [
        vec!["score"; 90].join(" + ") + " > 5",
        format!("{}score{} > 5", "(".repeat(30), ")".repeat(30)),
        vec!["survey = 'a'"; 49].join(" or "),
        format!("survey in ({})", vec!["'a'"; 150].join(", ")),
    ] {
        let found = checked(&with_where(&expression)).findings;
        assert!(found.is_empty(), "{}", crate::base::short(&found));
    }
}

#[test]
fn places_within_a_text_with_escapes_end_where_characters_end() {
    let files = with_where("survey\t= \u{e9}");
    let map = crate::base::map(&files);
    let found = checked(&files).findings;
    let places: Vec<&str> = found.iter().map(|f| map.slice(f.at.span)).collect();
    assert_eq!(places, ["\u{e9}"], "{}", crate::base::short(&found));
}

#[test]
fn a_deep_or_large_file_is_a_finding() {
    for text in ["[".repeat(100_000), "a: ".repeat(10_000), "- ".repeat(50_000), "x".repeat(2_000_000)] {
        let files = one_file(&text);
        let found = check(&files, &Options::default());
        assert!(found.value.is_none());
        assert!(found.findings.iter().any(|f| f.severity == Severity::Error));
        let shown = render::text(&found.findings, &files, true);
        assert!(shown.len() < 20_000, "{} bytes are shown", shown.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*|[ -~\\n]{0,400}|(kpi|source|unit|entity|measure|- |: |\\[|\\{|\\}|'|\"|\\n|  |é|&a|\\*a|!t){0,80}") {
        let files = one_file(&text);
        let found = check(&files, &Options::default());
        let _ = render::text(&found.findings, &files, false);
        let _ = render::json(&found.findings, &files);
    }

    #[test]
    fn mutated_projects_never_panic(file in 0usize..5, at in 0usize..3000, cut in 0usize..40, put in "[ -~\\né]{0,12}") {
        let mut all = files();
        let text = &mut all[file].1;
        let chars: Vec<char> = text.chars().collect();
        let at = at % (chars.len() + 1);
        let end = (at + cut).min(chars.len());
        *text = chars[..at].iter().copied().chain(put.chars()).chain(chars[end..].iter().copied()).collect();
        let found = checked(&all);
        let _ = render::text(&found.findings, &crate::base::map(&all), false);
        let errors = found.findings.iter().filter(|f| f.severity == Severity::Error).count();
        prop_assert_eq!(found.value.is_none(), errors > 0);
        if let Some(project) = found.value {
            // Nothing that is written may be lost without a finding.
            let count = |kind: &str| all.iter().flat_map(|(_, t)| t.split("\n---")).filter(|d| d.trim_start().starts_with(kind)).count();
            prop_assert!(project.kpis.len() >= count("kpi: "));
            prop_assert!(project.sources.len() >= count("source: "));
            prop_assert!(project.scorecards.len() >= count("scorecard: "));
        }
    }

    #[test]
    fn arbitrary_expressions_never_panic(text in "(score|survey|account\\.region|amount| |\\+|-|\\*|/|=|<|>|\\(|\\)|and|or|not|null|'a'|1|2\\.5|in|between|like|case|when|then|end|coalesce|interval|,|is|exists|é){0,40}") {
        let _ = checked(&with_where(&text));
    }
}
