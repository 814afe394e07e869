//! The texts of definitions one by one: every file cut where a document begins, so that each can be kept, compared and
//! forgotten alone. The pieces of a file, one after the other, are the file.

use std::collections::BTreeSet;

use crate::{
    definitions::DOCUMENTS,
    edit::plain,
    findings::Findings,
    source_text::{FileId, SourceFile, SourceMap},
    symbols::{FROM, is_dated},
    yaml,
};

/// One document of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentText {
    /// Its kind: the first key, such as `kpi`.
    pub kind: String,
    /// Its name: what stands there.
    pub name: String,
    /// Of a dated document its first day, as written, if it says one.
    pub from: Option<String>,
    /// The file's path.
    pub path: String,
    /// All of its text from the line that begins it up to the next document, comments included.
    pub text: String,
}

/// The keys of a document under which two texts of it say something else, whatever that is and however it is written; what
/// cannot be read differs under its first key.
pub fn keys_that_differ(then: &str, now: &str) -> BTreeSet<String> {
    let root = |text: &str| {
        let documents = yaml::parse(FileId(0), text, &mut Findings::default());
        documents.into_iter().map(|document| document.root).find(|root| !root.entries().is_empty())
    };
    let (Some(then), Some(now)) = (root(then), root(now)) else {
        return BTreeSet::from([String::new()]);
    };
    let keys = then.entries().iter().chain(now.entries()).map(|pair| pair.key.as_str());
    let of = |root: &yaml::Yaml, key: &str| root.entry(key).map(|pair| plain(&pair.value));
    keys.filter(|key| of(&then, key) != of(&now, key)).map(str::to_owned).collect()
}

/// All documents of a project in the order of files and lines. What has no first key with a name, such as an empty
/// document, belongs to the one before it, and at the beginning of a file to the one after it.
pub fn documents(files: &SourceMap) -> Vec<DocumentText> {
    files.iter().flat_map(|(id, file)| cut(id, file)).collect()
}

fn cut(id: FileId, file: &SourceFile) -> Vec<DocumentText> {
    let text: &str = &file.text;
    let mut found: Vec<(usize, DocumentText)> = Vec::new();
    for document in yaml::parse(id, text, &mut Findings::default()) {
        let Some(first) = document.root.entries().first() else { continue };
        let Some(name) = first.value.text() else { continue };
        let start = match found.is_empty() {
            true => 0,
            false => beginning(text, document.text.start as usize),
        };
        if found.last().is_some_and(|(before, _)| start <= *before) {
            continue;
        }
        let document = DocumentText {
            kind: first.key.clone(),
            name: name.to_owned(),
            from: first_day(&document.root),
            path: file.path.clone(),
            text: String::new(),
        };
        found.push((start, document));
    }
    let mut ends: Vec<usize> = found.iter().skip(1).map(|(start, _)| *start).collect();
    ends.push(text.len());
    found
        .into_iter()
        .zip(ends)
        .map(|((start, document), end)| DocumentText {
            text: text.get(start..end).unwrap_or_default().to_owned(),
            ..document
        })
        .collect()
}

/// The first day of a document of a kind that is dated.
fn first_day(root: &yaml::Yaml) -> Option<String> {
    let kind = &root.entries().first()?.key;
    DOCUMENTS.iter().find(|table| table.name == *kind).filter(|table| is_dated(table))?;
    let from = root.entries().iter().find(|e| e.key == FROM)?;
    from.value.text().map(str::to_owned)
}

/// Where the last line that begins with `---` before a place begins.
fn beginning(text: &str, place: usize) -> usize {
    text.get(..place).and_then(|before| before.rfind("\n---")).map_or(0, |at| at + 1)
}
