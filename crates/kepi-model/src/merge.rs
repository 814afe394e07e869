//! Two ways in which definitions were written anew, put together: what each of them differs in from where both began, document by
//! document, and within a document line by line. Where both touch the same, nothing is guessed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Range,
};

use serde_json::Value;

use crate::{
    documents::{DocumentText, documents},
    edit::plain,
    findings::Findings,
    source_text::{FileId, SourceFile, SourceMap},
    yaml,
};

/// A document is compared line by line up to so many pairs of lines; beyond, what lies between the first and the last line that
/// differ counts as one.
const MOST_PAIRS: usize = 4_000_000;
/// So many lines of a contradiction are shown.
const MOST_LINES: usize = 3;

/// Where both say something else of the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The definition: `kpi/nps`.
    pub document: String,
    /// The file in which it stands on this side.
    pub path: String,
    /// What stands there on this side; empty: nothing.
    pub ours: String,
    /// What stands there on the other side; empty: nothing.
    pub theirs: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |text: &str| match text.trim() {
            "" => "nothing".to_owned(),
            text => {
                let lines: Vec<String> = text.lines().map(|line| format!("`{}`", line.trim())).collect();
                let more = if lines.len() > MOST_LINES { ", …" } else { "" };
                format!("{}{more}", lines.iter().take(MOST_LINES).cloned().collect::<Vec<_>>().join(", "))
            }
        };
        let Self { document, path, ours, theirs } = self;
        write!(f, "{document} ({path}): {} here, {} in force since", said(ours), said(theirs))
    }
}

/// What comes of putting two together.
#[derive(Debug)]
pub struct Merged {
    /// The definitions; where both contradict each other, as ours have it.
    pub files: SourceMap,
    /// Where they do.
    pub contradictions: Vec<Contradiction>,
}

/// A definition by kind, name and first day.
type Id = (String, String, Option<String>);

/// Files by path, each with its documents in order.
type Layout = BTreeMap<String, Vec<(Id, String)>>;

/// A side by document.
struct Side {
    at: BTreeMap<Id, (String, String)>,
    files: Layout,
}

impl Side {
    fn of(files: &SourceMap) -> Self {
        let mut side = Self { at: BTreeMap::new(), files: Layout::new() };
        for DocumentText { kind, name, from, path, text } in documents(files) {
            let id = (kind, name, from);
            side.at.insert(id.clone(), (path.clone(), text.clone()));
            side.files.entry(path).or_default().push((id, text));
        }
        side
    }
}

/// What `ours` and `theirs` each differ in from `base`, put together.
pub fn merged(base: &SourceMap, ours: &SourceMap, theirs: &SourceMap) -> Merged {
    let [base, ours, theirs] = [base, ours, theirs].map(Side::of);
    let mut result = theirs.files.clone();
    let mut contradictions = Vec::new();
    let mut clash = |id: &Id, path: &str, ours: &str, theirs: &str| {
        let (document, path) = (format!("{}/{}", id.0, id.1), path.to_owned());
        contradictions.push(Contradiction { document, path, ours: ours.into(), theirs: theirs.into() });
    };
    for (id, (path, text)) in &ours.at {
        match (base.at.get(id), theirs.at.get(id)) {
            (None, None) => insert(&mut result, &ours.files, id, path, text),
            (None, Some((place, other))) => {
                if body(text) != body(other) {
                    clash(id, path, text, other);
                    replace(&mut result, place, id, text);
                }
            }
            (Some((_, was)), None) => {
                if body(text) != body(was) {
                    clash(id, path, text, "");
                    insert(&mut result, &ours.files, id, path, text);
                }
            }
            (Some((before, was)), Some((place, other))) => {
                let both = match both(was, text, other) {
                    Ok(both) => both,
                    Err(all) => {
                        all.iter().for_each(|(ours, theirs)| clash(id, path, ours, theirs));
                        text.clone()
                    }
                };
                if path != before && place == before {
                    remove(&mut result, place, id);
                    insert(&mut result, &ours.files, id, path, &both);
                } else {
                    replace(&mut result, place, id, &both);
                }
            }
        }
    }
    for (id, (path, was)) in base.at.iter().filter(|(id, _)| !ours.at.contains_key(*id)) {
        if let Some((place, other)) = theirs.at.get(id) {
            if body(other) != body(was) {
                clash(id, path, "", other);
            }
            remove(&mut result, place, id);
        }
    }
    let files: Vec<SourceFile> = result
        .iter()
        .filter(|(_, documents)| !documents.is_empty())
        .map(|(path, documents)| SourceFile { path: path.clone(), text: written(documents).into() })
        .collect();
    let files = SourceMap::new(files);
    // What was put together has to be read as the documents that it was put together from.
    let ids = |layout: &Layout| layout.values().flatten().map(|(id, _)| id.clone()).collect::<BTreeSet<Id>>();
    let (meant, read) = (ids(&result), Side::of(&files));
    for id in meant.iter().filter(|id| !read.at.contains_key(*id)) {
        clash(id, "", "", "");
    }
    Merged { files, contradictions }
}

/// A document without the line that separates it from the one before, and without the end of its last line.
fn body(text: &str) -> &str {
    let text = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")).unwrap_or(text);
    text.trim_end()
}

fn written(documents: &[(Id, String)]) -> String {
    let mut whole = String::new();
    for (_, text) in documents {
        if !whole.is_empty() {
            if !whole.ends_with('\n') {
                whole.push('\n');
            }
            if !text.starts_with("---") {
                whole.push_str("---\n");
            }
        }
        whole.push_str(text);
    }
    whole
}

fn replace(files: &mut Layout, path: &str, id: &Id, text: &str) {
    let documents = files.get_mut(path).into_iter().flatten();
    for (_, old) in documents.filter(|(of, _)| of == id) {
        text.clone_into(old);
    }
}

fn remove(files: &mut Layout, path: &str, id: &Id) {
    if let Some(documents) = files.get_mut(path) {
        documents.retain(|(of, _)| of != id);
    }
}

/// Puts a document after the nearest one that stands before it on its own side.
fn insert(files: &mut Layout, own: &Layout, id: &Id, path: &str, text: &str) {
    let there = files.entry(path.to_owned()).or_default();
    let before = own.get(path).map_or(&[][..], Vec::as_slice);
    let before = before.split(|(of, _)| of == id).next().unwrap_or_default();
    let place = before.iter().rev().find_map(|(of, _)| there.iter().position(|(known, _)| known == of));
    there.insert(place.map_or(0, |place| place + 1), (id.clone(), text.to_owned()));
}

/// A document with what both differ in; else what stands against each other.
fn both(base: &str, ours: &str, theirs: &str) -> Result<String, Vec<(String, String)>> {
    if ours == base || ours == theirs {
        return Ok(theirs.to_owned());
    }
    if theirs == base {
        return Ok(ours.to_owned());
    }
    let text = by_line(base, ours, theirs)?;
    let [was, own, other, now] = [base, ours, theirs, &text].map(keys);
    let mut clashes = Vec::new();
    let all: BTreeSet<&String> = [&was, &own, &other, &now].into_iter().flat_map(BTreeMap::keys).collect();
    for key in all {
        let [was, own, other, now] = [&was, &own, &other, &now].map(|of| of.get(key));
        let fits = match (own == was, other == was) {
            (true, _) => now == other,
            (_, true) => now == own,
            // Both changed it: two values are one of them, lists and maps were put together line by line.
            _ => {
                own == other && now == own
                    || [was, own, other].iter().all(|of| of.is_none_or(Value::is_array))
            }
        };
        if !fits {
            let said = |of: Option<&Value>| match of {
                None => String::new(),
                Some(Value::String(text)) => format!("{key}: {text}"),
                Some(_) => format!("{key}: …"),
            };
            clashes.push((said(own), said(other)));
        }
    }
    if clashes.is_empty() { Ok(text) } else { Err(clashes) }
}

/// What a document says under each of its keys.
fn keys(text: &str) -> BTreeMap<String, Value> {
    let documents = yaml::parse(FileId(0), text, &mut Findings::default());
    let root = documents.into_iter().map(|document| document.root).find(|root| !root.entries().is_empty());
    let entries = root.iter().flat_map(|root| root.entries());
    entries.map(|pair| (pair.key.clone(), plain(&pair.value))).collect()
}

/// Lines of the base that are others on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hunk<'a> {
    base: Range<usize>,
    lines: Vec<&'a str>,
}

fn by_line(base: &str, ours: &str, theirs: &str) -> Result<String, Vec<(String, String)>> {
    fn lines(text: &str) -> Vec<&str> {
        text.split_inclusive('\n').collect()
    }
    let base = lines(base);
    let (ours, theirs) = (hunks(&base, &lines(ours)), hunks(&base, &lines(theirs)));
    let mut clashes = Vec::new();
    for own in &ours {
        for other in theirs.iter().filter(|other| *other != own && meet(own, other)) {
            clashes.push((own.lines.concat(), other.lines.concat()));
        }
    }
    if !clashes.is_empty() {
        return Err(clashes);
    }
    let mut all: Vec<&Hunk<'_>> = ours.iter().chain(theirs.iter().filter(|of| !ours.contains(of))).collect();
    all.sort_by_key(|hunk| (hunk.base.start, hunk.base.end));
    let (mut text, mut at) = (String::new(), 0);
    for hunk in all {
        text.extend(base.get(at..hunk.base.start).unwrap_or_default().iter().copied());
        text.extend(hunk.lines.iter().copied());
        at = hunk.base.end;
    }
    text.extend(base.get(at..).unwrap_or_default().iter().copied());
    Ok(text)
}

/// Whether two touch the same lines, or add some at the same place.
fn meet(a: &Hunk<'_>, b: &Hunk<'_>) -> bool {
    let (a, b) = (&a.base, &b.base);
    a.start < b.end && b.start < a.end || a.is_empty() && b.is_empty() && a.start == b.start
}

/// Where a text differs from another, line by line: what stays is the longest sequence that both have.
fn hunks<'a>(base: &[&str], new: &[&'a str]) -> Vec<Hunk<'a>> {
    let same = base.iter().zip(new).take_while(|(a, b)| a == b).count();
    let rest = (base.len() - same).min(new.len() - same);
    let end = base.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (Some(old), Some(now)) = (base.get(same..base.len() - end), new.get(same..new.len() - end)) else {
        return Vec::new();
    };
    if old.is_empty() && now.is_empty() {
        return Vec::new();
    }
    let whole = Hunk { base: same..same + old.len(), lines: now.to_vec() };
    if old.len().saturating_mul(now.len()) > MOST_PAIRS || old.is_empty() || now.is_empty() {
        return vec![whole];
    }
    // Lengths of the longest common sequence of what comes from each pair of places on.
    let width = now.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    let at = |longest: &[u32], i: usize, j: usize| longest.get(i * width + j).copied().unwrap_or(0);
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in now.iter().enumerate().rev() {
            let best = match a == b {
                true => at(&longest, i + 1, j + 1) + 1,
                false => at(&longest, i + 1, j).max(at(&longest, i, j + 1)),
            };
            if let Some(cell) = longest.get_mut(i * width + j) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j, mut found) = (0, 0, Vec::<Hunk<'a>>::new());
    let mut open: Option<Hunk<'a>> = None;
    while i < old.len() || j < now.len() {
        match (old.get(i), now.get(j)) {
            (Some(a), Some(b)) if a == b => {
                found.extend(open.take());
                (i, j) = (i + 1, j + 1);
                continue;
            }
            (_, Some(line)) if i == old.len() || at(&longest, i, j + 1) > at(&longest, i + 1, j) => {
                open.get_or_insert_with(|| Hunk { base: same + i..same + i, lines: Vec::new() })
                    .lines
                    .push(line);
                j += 1;
            }
            _ => {
                let hunk = open.get_or_insert_with(|| Hunk { base: same + i..same + i, lines: Vec::new() });
                hunk.base.end += 1;
                i += 1;
            }
        }
    }
    found.extend(open);
    found
}
