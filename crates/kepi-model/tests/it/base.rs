//! The small valid project that mistakes are made in.

use kepi_model::{
    check::{Options, check},
    finding::{Checked, Finding},
    project::Project,
    source_text::{SourceFile, SourceMap},
};

/// The files of the project: path and text.
pub fn files() -> Vec<(String, String)> {
    [
        ("kepi.yml", include_str!("base/kepi.yml")),
        ("kpis.yml", include_str!("base/kpis.yml")),
        ("scorecard.yml", include_str!("base/scorecard.yml")),
        ("sources.yml", include_str!("base/sources.yml")),
        ("strategy.yml", include_str!("base/strategy.yml")),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .to_vec()
}

/// Files as a map.
pub fn map(files: &[(String, String)]) -> SourceMap {
    SourceMap::new(
        files
            .iter()
            .map(|(path, text)| SourceFile { path: path.clone(), text: text.as_str().into() })
            .collect(),
    )
}

/// Checks files as on 1 June 2026, all data there.
pub fn checked(files: &[(String, String)]) -> Checked<Project> {
    checked_map(&map(files))
}

/// The same of a map.
pub fn checked_map(files: &SourceMap) -> Checked<Project> {
    let there = |pattern: &str| usize::from(!pattern.contains("absent"));
    let digest = |path: &str| (!path.contains("absent")).then(|| "5e".repeat(32));
    check(
        files,
        &Options {
            known_files: Some(&there),
            digest: Some(&digest),
            today: Some(jiff::civil::date(2026, 6, 1)),
            ..Options::default()
        },
    )
}

/// Findings in short, for messages of tests.
pub fn short(findings: &[Finding]) -> String {
    findings.iter().map(|f| format!("{} {}\n", f.code.0, f.message)).collect()
}

#[test]
fn the_base_project_is_free_of_findings() {
    let checked = checked(&files());
    assert_eq!(short(&checked.findings), "");
    let project = checked.value.unwrap();
    assert_eq!(project.kpis.len(), 3);
    assert_eq!(project.sources.len(), 3);
    assert_eq!(project.units.len(), 3);
    assert_eq!(project.scorecards.len(), 1);
}
