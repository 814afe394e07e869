//! Checking: texts in, a project and every finding out.
//!
//! Names are gathered first, then each document is checked against its field table, then read. A mistake in one place
//! hides no other and is reported once.

use std::collections::BTreeMap;

use jiff::{civil::Date, fmt::strtime::BrokenDownTime, tz::TimeZone};

use crate::{
    calendar::Calendar,
    decode::{Decoder, shorten},
    definitions,
    diagnostic::Checked,
    expression::{Path, Type},
    findings::Findings,
    id::EntityId,
    project::{Entity, Kpi, Project},
    source_text::{FileId, SourceMap, Span},
    sql,
    symbols::{Symbols, document_symbol},
    table::Symbol,
    yaml::{self, Document, Node, Value},
};

pub mod codes;
mod kpi;
mod model;
mod scorecard;
mod source;
mod strategy;

/// What the checker may know of the world; it looks at nothing itself.
#[derive(Default, Clone, Copy)]
pub struct Options<'a> {
    /// How many files a path or glob of a source matches; without it files are not asked for.
    pub known_files: Option<&'a dyn Fn(&str) -> usize>,
    /// Whether a label of an encoding is known; without it a list of the usual ones is used.
    pub known_encodings: Option<&'a dyn Fn(&str) -> bool>,
    /// Today in the reporting zone, for findings about targets that do not hold yet.
    pub today: Option<Date>,
}

impl Options<'_> {
    pub(crate) fn knows_encoding(&self, label: &str) -> bool {
        let label = label.trim().to_ascii_lowercase();
        self.known_encodings.map_or_else(|| ENCODINGS.contains(&label.as_str()), |known| known(&label))
    }
}

/// The usual labels of the WHATWG encoding standard.
pub const ENCODINGS: &[&str] = &[
    "utf-8",
    "utf8",
    "utf-16le",
    "utf-16be",
    "utf-16",
    "us-ascii",
    "ascii",
    "latin1",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-9",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "cp1250",
    "cp1251",
    "cp1252",
    "cp1253",
    "cp1254",
    "cp1257",
    "ibm866",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "x-mac-cyrillic",
    "gbk",
    "gb2312",
    "gb18030",
    "big5",
    "euc-jp",
    "iso-2022-jp",
    "shift_jis",
    "sjis",
    "euc-kr",
];

/// What the readers of documents share.
pub(crate) struct Context<'a> {
    pub(crate) options: &'a Options<'a>,
    pub(crate) symbols: &'a Symbols,
    pub(crate) findings: &'a mut Findings,
    pub(crate) files: &'a SourceMap,
}

/// Checks a project and collects all findings, sorted by place. There is a value if none of them is an error.
pub fn check(files: &SourceMap, options: &Options<'_>) -> Checked<Project> {
    let mut findings = Findings::default();
    let mut documents = Vec::new();
    let mut broken: Vec<FileId> = Vec::new();
    for (id, file) in files.iter() {
        let before = findings.count();
        documents.extend(yaml::parse(id, &file.text, &mut findings));
        if findings.count() > before {
            broken.push(id);
        }
    }
    documents.retain(|d| !matches!(d.root.value, Value::Empty));
    let mut symbols = Symbols::gather(&documents, &mut findings);
    for id in broken {
        if let Some(file) = files.file(id) {
            symbols.add_from_broken_file(id, &file.text);
        }
    }
    decode(&documents, &symbols, options, &mut findings);
    let mut context = Context { options, symbols: &symbols, findings: &mut findings, files };
    let project = read(&documents, &mut context);
    // What is missing cannot be known while definitions are unreadable.
    if findings.any(&[codes::NOT_YAML, codes::UNKNOWN_KIND, codes::NO_DEFINITIONS]) {
        findings.remove(&[
            codes::OBJECTIVE_WITHOUT_KPI,
            codes::ONLY_LAGGING,
            codes::NO_SCORECARD,
            codes::NO_SOURCE,
            codes::PROJECT_COUNT,
        ]);
    }
    let value = if findings.has_errors() { None } else { project };
    Checked { value, findings: findings.sorted() }
}

/// Checks every document against its field table.
fn decode(documents: &[Document], symbols: &Symbols, options: &Options<'_>, findings: &mut Findings) {
    for document in documents {
        let root = &document.root;
        let Some(first) = root.entries().first() else {
            findings
                .report(
                    codes::NO_DEFINITIONS,
                    root.span,
                    format!("a definition is a map, and this is {}", root.shape()),
                )
                .expected("a first line such as `kpi: relationship_nps`");
            continue;
        };
        let table = definitions::DOCUMENTS.iter().find(|t| t.name == first.key);
        let Some(table) = table else {
            // A kind further down means that only the order is wrong.
            let later =
                root.entries().iter().find(|e| document_symbol(&e.key).is_some() && e.value.text().is_some());
            let finding = findings.report(
                codes::UNKNOWN_KIND,
                first.key_span,
                format!("`{}` is no kind of definition", shorten(&first.key)),
            );
            finding.expected(format!(
                "one of {} as the first key",
                definitions::DOCUMENTS.iter().map(|t| format!("`{}`", t.name)).collect::<Vec<_>>().join(", ")
            ));
            match later {
                Some(later) => {
                    finding
                        .related(later.key_span, "this names a kind")
                        .fix(format!("write `{}` first", later.key));
                }
                None => {
                    finding.did_you_mean(&first.key, definitions::DOCUMENTS.iter().map(|t| t.name));
                }
            }
            continue;
        };
        Decoder { symbols, options, findings }.object(root, table, first.key_span);
    }
}

/// The documents of a kind.
pub(crate) fn of_kind<'a>(documents: &'a [Document], kind: &'a str) -> impl Iterator<Item = &'a Document> {
    documents.iter().filter(move |d| d.root.entries().first().is_some_and(|e| e.key == kind))
}

fn read(documents: &[Document], context: &mut Context<'_>) -> Option<Project> {
    let start = context
        .files
        .iter()
        .next()
        .map_or(Span { file: FileId(0), start: 0, end: 0 }, |(file, _)| Span { file, start: 0, end: 0 });
    let header = model::project(documents, start, context);
    let persons = model::persons(documents);
    let units = model::units(documents, context);
    let entities = model::entities(documents, context);
    // Without a valid project document the rest is still checked, in UTC.
    let calendar = header.as_ref().map_or_else(
        || Calendar { zone: "UTC".to_owned(), week_start: 0, fiscal_year_start: 1 },
        |h| h.calendar.clone(),
    );
    let zone = TimeZone::get(&calendar.zone).unwrap_or(TimeZone::UTC);
    let sources: BTreeMap<_, _> = of_kind(documents, "source")
        .filter_map(|d| source::read(&d.root, &entities, &calendar.zone, context))
        .map(|s| (s.id.clone(), s))
        .collect();
    let strategy = strategy::read(documents, context);
    let kpis: BTreeMap<_, Kpi> = of_kind(documents, "kpi")
        .filter_map(|d| {
            kpi::read(
                d,
                &kpi::Surroundings { entities: &entities, calendar: &calendar, zone: &zone },
                context,
            )
        })
        .map(|k| (k.id.clone(), k))
        .collect();
    let scorecards: BTreeMap<_, _> = of_kind(documents, "scorecard")
        .filter_map(|d| scorecard::read(&d.root, strategy.as_ref(), &kpis, &units, context))
        .map(|s| (s.id.clone(), s))
        .collect();
    kpi::together(documents, &kpis, &sources, context);
    strategy::together(documents, strategy.as_ref(), context);
    scorecard::together(documents, &kpis, context);
    let header = header?;
    Some(Project {
        id: header.id,
        name: header.name,
        description: header.description,
        language: 1,
        calendar,
        confidence: header.confidence,
        purposes: header.purposes,
        persons,
        units,
        entities,
        sources,
        strategy,
        kpis,
        scorecards,
    })
}

/// A field's text parsed as an id; silent, because the decoder has said what is wrong.
pub(crate) fn id<T: std::str::FromStr>(node: &Node, field: &str) -> Option<T> {
    node.get_text(field)?.parse().ok()
}

/// A field's text.
pub(crate) fn text(node: &Node, field: &str) -> Option<String> {
    node.get_text(field).map(str::to_owned)
}

/// A list of ids.
pub(crate) fn ids<T: std::str::FromStr>(node: &Node, field: &str) -> Vec<T> {
    node.get(field)
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|i| i.text().and_then(|t| t.parse().ok()))
        .collect()
}

/// A list of texts.
pub(crate) fn texts(node: &Node, field: &str) -> Vec<String> {
    node.get(field)
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|i| i.text().map(str::to_owned))
        .collect()
}

/// The place of a field's value, or of the node.
pub(crate) fn place(node: &Node, field: &str) -> Span {
    node.get(field).map_or(node.span, |n| n.span)
}

/// The place of a document's name.
pub(crate) fn name_place(root: &Node) -> Span {
    root.entries().first().map_or(root.span, |e| e.value.span)
}

/// A path in a text, resolved from an entity.
pub(crate) fn path(
    node: &Node,
    base: &Entity,
    entities: &BTreeMap<EntityId, Entity>,
    findings: &mut Findings,
) -> Option<(Path, Type)> {
    let text = node.text()?;
    let parts: Vec<&str> = text.split('.').map(str::trim).collect();
    let mut places = Vec::new();
    let mut at = 0;
    for part in text.split('.') {
        let lead = part.len() - part.trim_start().len();
        places.push(node.place_within(at + lead, at + lead + part.trim().len()));
        at += part.len() + 1;
    }
    if let Some(bad) = parts.iter().position(|p| !crate::id::is_name(p)) {
        let place = places.get(bad).copied().unwrap_or(node.span);
        findings
            .report(codes::UNKNOWN_ATTRIBUTE, place, format!("`{}` is not a path", shorten(text)))
            .expected("names joined by dots, such as `account.region`");
        return None;
    }
    match sql::resolve(&parts, base, entities) {
        Ok(found) => Some(found),
        Err(problem) => {
            sql::report_path(&problem, &parts, &places, base, entities, findings);
            None
        }
    }
}

/// Whether a text is a strptime pattern that can be read.
pub(crate) fn time_format(pattern: &str) -> Result<(), String> {
    if !pattern.contains('%') {
        return Err("it has no part that starts with `%`".to_owned());
    }
    // A pattern is tried on what it itself prints: both ways refuse directives they do not know.
    let sample = jiff::Zoned::new(jiff::Timestamp::UNIX_EPOCH, TimeZone::UTC);
    let printed = BrokenDownTime::from(&sample).to_string(pattern).map_err(|e| e.to_string())?;
    BrokenDownTime::parse(pattern, printed).map(|_| ()).map_err(|e| e.to_string())
}

/// The symbol tables' word for something that is known although its definition is broken.
pub(crate) fn is_defined(context: &Context<'_>, symbol: Symbol, name: &str) -> bool {
    context.symbols.contains(symbol, name)
}
