//! Files cut into documents.

use kepi_model::{
    documents::documents,
    source_text::{SourceFile, SourceMap},
};

fn cut(text: &str) -> Vec<(String, String)> {
    let file = SourceFile { path: "a.yml".into(), text: text.into() };
    documents(&SourceMap::new(vec![file]))
        .into_iter()
        .map(|d| (format!("{}/{}", d.kind, d.name), d.text))
        .collect()
}

#[test]
fn the_pieces_are_the_file() {
    let text = "# of all\nperson: ana\nname: Ana\n---\n# of b\nkpi: b # here\nname: \"--- no end\"\n---\n---\nunit: c\n";
    let pieces = cut(text);
    assert_eq!(pieces.iter().map(|p| p.0.as_str()).collect::<Vec<_>>(), ["person/ana", "kpi/b", "unit/c"]);
    assert_eq!(pieces.iter().map(|p| p.1.as_str()).collect::<String>(), text);
    assert_eq!(pieces[0].1, "# of all\nperson: ana\nname: Ana\n");
    assert!(pieces[1].1.starts_with("---\n# of b\n"));
}

#[test]
fn an_empty_beginning_belongs_to_the_first_and_no_document_is_none() {
    let text = "---\n# nothing\n---\nkpi: a\n";
    assert_eq!(cut(text), [("kpi/a".to_owned(), text.to_owned())]);
    assert_eq!(cut("# only a comment\n"), []);
    assert_eq!(cut(""), []);
    assert_eq!(cut("- a\n- list\n"), []);
}

#[test]
fn a_dated_document_says_its_first_day() {
    let text = "scorecard: a\nname: A\n---\nscorecard: a\nfrom: 2026-01-01\n---\nsource: s\nfrom: {csv: {files: x}}\n---\nkpi: k\nfrom: 2026-01-01\n";
    let file = SourceFile { path: "a.yml".into(), text: text.into() };
    let found = documents(&SourceMap::new(vec![file]));
    let days: Vec<_> = found.iter().map(|d| (d.kind.as_str(), d.from.as_deref())).collect();
    assert_eq!(
        days,
        [
            ("scorecard", None),
            ("scorecard", Some("2026-01-01")),
            ("source", None),
            ("kpi", Some("2026-01-01"))
        ],
        "only of kinds that are dated"
    );
}
