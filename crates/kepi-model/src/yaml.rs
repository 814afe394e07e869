//! YAML text → a thin tree of nodes with byte spans.
//!
//! Scalars keep their text as it is, so that a country `NO` stays text; what they mean is decided by the field they
//! stand in. Anchors, aliases, tags and duplicate keys are findings, and so are files that are too large or too deep.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as YamlSpan};

use crate::{
    bounds, codes,
    findings::Findings,
    source_text::{FileId, Span},
    wording::shorten,
};

/// A piece of YAML with its place.
#[derive(Debug, Clone)]
pub(crate) struct Yaml {
    /// Where it is written.
    pub(crate) span: Span,
    /// What it is.
    pub(crate) value: Value,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Nothing is written.
    Empty,
    /// A text, as written.
    Scalar(Scalar),
    /// A list.
    List(Vec<Yaml>),
    /// A map in written order; keys are scalars.
    Map(Vec<Pair>),
}

/// A scalar.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    /// The text.
    pub(crate) text: String,
    /// For each byte of `text` where the character of the file begins and ends that it comes from; empty if the text is in
    /// the file as it is, from `start`.
    offsets: Vec<(u32, u32)>,
    start: u32,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// The key.
    pub(crate) key: String,
    /// Where the key is.
    pub(crate) key_span: Span,
    /// The value.
    pub(crate) value: Yaml,
}

/// One document of a file.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// Its root.
    pub(crate) root: Yaml,
    /// All of its text, comments included.
    pub(crate) text: Span,
}

impl Yaml {
    /// The key of a map as a text.
    pub(crate) fn of_key(text: &str, span: Span) -> Self {
        let scalar = Scalar { text: text.to_owned(), offsets: Vec::new(), start: span.start };
        Self { span, value: Value::Scalar(scalar) }
    }
    /// The same as if all of it were written at a place.
    pub(crate) fn at(self, span: Span) -> Self {
        let value = match self.value {
            Value::Scalar(scalar) => {
                let offsets = vec![(span.start, span.end); scalar.text.len()];
                Value::Scalar(Scalar { offsets, start: span.start, ..scalar })
            }
            Value::List(items) => Value::List(items.into_iter().map(|item| item.at(span)).collect()),
            Value::Map(pairs) => {
                let pair = |pair: Pair| Pair { key_span: span, value: pair.value.at(span), ..pair };
                Value::Map(pairs.into_iter().map(pair).collect())
            }
            Value::Empty => Value::Empty,
        };
        Self { span, value }
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }
    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[Pair] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }
    /// The entry under a key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Pair> {
        self.entries().iter().find(|e| e.key == key)
    }
    /// A word for what it is.
    pub(crate) fn shape(&self) -> &'static str {
        match self.value {
            Value::Empty => "nothing",
            Value::Scalar(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
    /// The place of a byte range of a scalar's text.
    pub(crate) fn place_within(&self, start: usize, end: usize) -> Span {
        let Value::Scalar(scalar) = &self.value else { return self.span };
        let at = |i: usize| -> Option<(u32, u32)> {
            if scalar.offsets.is_empty() {
                Some((scalar.start + i as u32, scalar.start + i as u32 + 1))
            } else {
                scalar.offsets.get(i).copied()
            }
        };
        match (at(start), end.checked_sub(1).and_then(at)) {
            (Some((from, own)), Some((last, until))) if end > start && last >= from => {
                Span { start: from, end: until.min(self.span.end.max(own)), ..self.span }
            }
            (Some((from, _)), _) => Span { start: from, end: from, ..self.span },
            _ => self.span,
        }
    }
}

/// Reads all documents of a file. One that is no YAML is a finding and hides no other.
pub(crate) fn parse(file: FileId, text: &str, findings: &mut Findings) -> Vec<Document> {
    let whole = Span { file, start: 0, end: 0 };
    if text.len() > bounds::FILE {
        findings
            .report(codes::TOO_LARGE, whole, "the file is too long")
            .expected(format!("at most {} bytes in a file of definitions", bounds::FILE))
            .fix(
                "split it into several files, whose number and names mean nothing; data belong under `data/`",
            );
        return Vec::new();
    }
    // A line that starts with `---` ends a document wherever it stands, so documents can be read one by one.
    let mut starts = vec![if text.starts_with('\u{feff}') { 3 } else { 0 }];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && line.starts_with("---") && line[3..].chars().next().is_none_or(char::is_whitespace) {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    starts
        .windows(2)
        .flat_map(|pair| match pair {
            [from, to] => parse_chunk(file, text, *from, *to, findings),
            _ => Vec::new(),
        })
        .collect()
}

/// What the parser says, and what is most likely the cause.
const CAUSES: &[(&str, &str)] = &[
    ("tab", "indent with spaces; a tabulator cannot stand here"),
    (
        "mapping values are not allowed",
        "put a text that holds `: ` in quotes: `name: \"Recommendation: would they?\"`",
    ),
    ("anchor", "put a text that begins with `*` or `&` in quotes: `\"*.csv\"`"),
    ("alias", "put a text that begins with `*` or `&` in quotes: `\"*.csv\"`"),
    ("placement of ':'", "a bracket or a quote before this place is not closed"),
    ("while parsing a flow", "a bracket before this place is not closed"),
    ("quoted scalar", "a quote before this place is not closed"),
    ("cannot start any token", "put a text that begins with `%`, `@` or a backtick in quotes"),
];

/// What is being built: a list, or a map whose key may wait for its value.
enum Open {
    List {
        span: Span,
        items: Vec<Yaml>,
    },
    Map {
        span: Span,
        entries: Vec<Pair>,
        known: BTreeMap<String, Span>,
        /// Whether a second definition goes on without a line `---` before it, which has been said.
        runs_on: bool,
        key: Option<(String, Span)>,
    },
}

fn parse_chunk(file: FileId, text: &str, from: usize, to: usize, findings: &mut Findings) -> Vec<Document> {
    let Some(chunk) = text.get(from..to) else { return Vec::new() };
    let mut bytes: Vec<u32> = chunk.char_indices().map(|(i, _)| (from + i) as u32).collect();
    bytes.push(to as u32);
    let byte = |index: usize| bytes.get(index).copied().unwrap_or(to as u32);
    let place = |s: YamlSpan| Span { file, start: byte(s.start.index()), end: byte(s.end.index()) };
    let body = chunk.strip_prefix("---").unwrap_or(chunk).trim_matches(['\n', '\r', ' ']);
    let body_start = from + (body.as_ptr() as usize - chunk.as_ptr() as usize);
    let text_span = Span { file, start: body_start as u32, end: (body_start + body.len()) as u32 };

    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(chunk) {
        let (event, span) = match event {
            Ok((event, span)) => (event, place(span)),
            Err(error) => {
                let start = byte(error.marker().index());
                let span = Span { file, start, end: start };
                let why = error.info();
                let finding =
                    findings.report(codes::NOT_YAML, span, format!("this is not YAML: {}", shorten(why)));
                if let Some((_, way)) = CAUSES.iter().find(|(words, _)| why.contains(words)) {
                    finding.fix(*way);
                }
                return documents;
            }
        };
        let mut refuse = |what: &str| {
            findings
                .report(codes::YAML_REFUSED, span, format!("{what} is not allowed here"))
                .fix("write the value out where it is needed");
        };
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => (*anchor, tag.is_some()),
            _ => (0, false),
        };
        if anchor > 0 {
            refuse("an anchor (`&name`)");
        }
        if tag {
            refuse("a tag (`!name`)");
        }
        let node = match event {
            Event::Alias(_) => {
                refuse("an alias (`*name`)");
                Some(Yaml { span, value: Value::Empty })
            }
            Event::Scalar(content, style, ..) => {
                if style == ScalarStyle::Plain && span.start == span.end {
                    Some(Yaml { span, value: Value::Empty })
                } else {
                    Some(scalar(span, text, content.into_owned(), style))
                }
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= bounds::DEPTH => {
                findings
                    .report(codes::TOO_LARGE, span, "this is nested too deeply")
                    .expected(format!("at most {} levels", bounds::DEPTH))
                    .fix("no definition needs so many levels; look at the brackets and the indentation");
                return documents;
            }
            Event::SequenceStart(..) => {
                open.push(Open::List { span, items: Vec::new() });
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Map {
                    span,
                    entries: Vec::new(),
                    known: BTreeMap::new(),
                    runs_on: false,
                    key: None,
                });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List { span: start, items }) => {
                    let end = items.last().map_or(span.end, |i| i.span.end.max(start.end));
                    // A flow list ends with its bracket, which the event covers.
                    let end = if span.end > span.start { span.end } else { end };
                    Some(Yaml { span: Span { end, ..start }, value: Value::List(items) })
                }
                Some(Open::Map { span: start, entries, .. }) => {
                    let end = entries.last().map_or(span.end, |e| e.value.span.end.max(e.key_span.end));
                    let end = if span.end > span.start { span.end } else { end };
                    let start = entries
                        .first()
                        .map_or(start, |e| Span { start: start.start.min(e.key_span.start), ..start });
                    Some(Yaml { span: Span { end, ..start }, value: Value::Map(entries) })
                }
                None => None,
            },
            _ => None,
        };
        if let Some(node) = node {
            let outermost = open.len() == 1;
            match open.last_mut() {
                None => documents.push(Document { root: node, text: text_span }),
                Some(Open::List { items, .. }) => items.push(node),
                Some(Open::Map { entries, known, runs_on, key, .. }) => match key.take() {
                    None => {
                        let name = match &node.value {
                            Value::Scalar(scalar) => scalar.text.clone(),
                            _ => {
                                findings
                                    .report(codes::WRONG_SHAPE, node.span, "a key is not a text")
                                    .expected("a text before the colon");
                                String::new()
                            }
                        };
                        *key = Some((name, node.span));
                    }
                    Some((name, key_span)) => {
                        if let Some(first) = known.get(&name) {
                            // What comes after a second first key belongs to another definition.
                            let next = outermost && entries.first().is_some_and(|e| e.key == name);
                            if !*runs_on {
                                let message = format!("`{}` is written twice", shorten(&name));
                                let finding = findings.report(codes::DUPLICATE_KEY, key_span, message);
                                finding.related(*first, "first written here");
                                if next {
                                    finding.fix("begin another definition with a line `---` before it");
                                }
                            }
                            *runs_on |= next;
                        } else {
                            known.insert(name.clone(), key_span);
                            entries.push(Pair { key: name, key_span, value: node });
                        }
                    }
                },
            }
        }
    }
    documents
}

/// The length of an escape at the beginning of a text, such as `\n` or `\u00e9`.
fn escape(raw: &str) -> Option<usize> {
    let mut after = raw.strip_prefix('\\')?.chars();
    let length = match after.next()? {
        'x' => 4,
        'u' => 6,
        'U' => 10,
        other => 1 + other.len_utf8(),
    };
    raw.is_char_boundary(length).then_some(length)
}

/// A scalar with the place of each of its bytes.
fn scalar(span: Span, file: &str, text: String, style: ScalarStyle) -> Yaml {
    let raw = file.get(span.start as usize..span.end as usize).unwrap_or("");
    let quote = usize::from(matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
    if raw.get(quote..).is_some_and(|r| r.starts_with(&text)) {
        let start = span.start + quote as u32;
        return Yaml { span, value: Value::Scalar(Scalar { text, offsets: Vec::new(), start }) };
    }
    // Folded, escaped or indented text: walk both and note where each character was found.
    let mut offsets = Vec::with_capacity(text.len());
    let mut at = match style {
        ScalarStyle::Literal | ScalarStyle::Folded => raw.find('\n').map_or(0, |i| i + 1),
        _ => quote,
    };
    for c in text.chars() {
        if style == ScalarStyle::DoubleQuoted {
            // A backslash at the end of a line joins it with the next.
            while let Some(joined) = raw.get(at..).and_then(|r| r.strip_prefix("\\\n")) {
                at = raw.len() - joined.trim_start().len();
            }
            if let Some(length) = raw.get(at..).and_then(escape) {
                let (from, until) = (span.start + at as u32, span.start + (at + length) as u32);
                offsets.extend(std::iter::repeat_n((from, until), c.len_utf8()));
                at += length;
                continue;
            }
        }
        let rest = raw.get(at..).unwrap_or("");
        let found = if c.is_whitespace() {
            rest.chars().next().filter(|r| r.is_whitespace()).map(|_| 0)
        } else {
            rest.char_indices()
                .take_while(|(_, r)| r.is_whitespace() || matches!(r, '\\' | '\'') || *r == c)
                .find(|(_, r)| *r == c)
                .map(|(i, _)| i)
        };
        let place = at + found.unwrap_or(0);
        let width = raw.get(place..).and_then(|r| r.chars().next()).map_or(0, char::len_utf8);
        let (from, until) = (span.start + place as u32, span.start + (place + width) as u32);
        offsets.extend(std::iter::repeat_n((from, until), c.len_utf8()));
        if let Some(step) = found {
            at += step + raw.get(at + step..).and_then(|r| r.chars().next()).map_or(0, char::len_utf8);
            if c.is_whitespace() {
                at += raw.get(at..).map_or(0, |r| r.len() - r.trim_start().len());
            }
        }
    }
    offsets.push((span.end, span.end));
    Yaml { span, value: Value::Scalar(Scalar { text, offsets, start: span.start }) }
}
