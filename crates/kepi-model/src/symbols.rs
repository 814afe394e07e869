//! Which names are defined, of what kind and where: gathered before anything is read, so that a mistake inside a
//! definition never makes its name unknown.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    builtin, codes,
    entity::screening,
    findings::Findings,
    source_text::{FileId, Span},
    table::{Key, Kind, Symbol, Table},
    wording::nearest,
    yaml::Document,
};

/// The defined names.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    names: BTreeMap<Symbol, BTreeMap<String, Option<Span>>>,
    /// First days, as written, of documents that may stand several times.
    days: BTreeSet<(Symbol, String, String)>,
    /// Names of persons that stand for whoever holds a role.
    roles: BTreeSet<String>,
}

/// Under which key a dated document says its first day.
pub(crate) const FROM: &str = "from";

/// Whether documents of a kind may stand several times, each from another day.
pub(crate) fn is_dated(table: &Table) -> bool {
    table.field(FROM).is_some_and(|field| matches!(field.kind, Kind::Date))
}

impl Symbols {
    /// Gathers the names that documents define where their tables say so; a document whose own name is defined twice is
    /// a finding.
    pub(crate) fn gather(documents: &[Document], tables: &[&'static Table], findings: &mut Findings) -> Self {
        let mut symbols = Self::default();
        for name in builtin::ENTITIES.iter().map(|e| e.id) {
            symbols.names.entry(Symbol::Entity).or_default().insert(name.to_owned(), None);
        }
        for document in documents {
            let Some(first) = document.root.entries().first() else { continue };
            // A misspelt kind has its own finding; what it defines is known nevertheless.
            let kind = nearest(&first.key, tables.iter().map(|t| t.name));
            let Some(table) = tables.iter().find(|t| Some(t.name) == kind) else { continue };
            if let (Some(symbol), Some(name)) = (document_symbol(table), first.value.text()) {
                let from = is_dated(table).then(|| document.root.entries().iter().find(|e| e.key == FROM));
                let from = from.map(|entry| entry.and_then(|e| e.value.text()).unwrap_or_default());
                symbols.define(symbol, name, from, first.value.span, findings);
                if table.name == "role" {
                    symbols.roles.insert(name.to_owned());
                }
                // What is found of rows that are screened are rows, too.
                if document.root.entry("screen").is_some() {
                    symbols.note(symbol, &screening::table_of(name), first.value.span);
                }
            }
            for entry in document.root.entries().iter().skip(1) {
                match table.field(&entry.key).map(|f| f.kind) {
                    Some(Kind::Name(Some(symbol))) => {
                        if let Some(name) = entry.value.text() {
                            symbols.note(symbol, name, entry.value.span);
                        }
                    }
                    Some(Kind::Map(Key::Name(Some(symbol)), _)) => {
                        for pair in entry.value.entries() {
                            symbols.note(symbol, &pair.key, pair.key_span);
                        }
                    }
                    _ => {}
                }
            }
        }
        symbols
    }

    /// Names that a file which is no YAML seems to define, so that its neighbours are not blamed.
    pub(crate) fn add_from_broken_file(&mut self, file: FileId, text: &str, tables: &[&'static Table]) {
        let mut at = 0u32;
        for line in text.split_inclusive('\n') {
            if let Some((key, value)) = line.split_once(':')
                && let Some(symbol) = tables.iter().find(|t| t.name == key).and_then(|t| document_symbol(t))
            {
                let name = value.split('#').next().unwrap_or("").trim();
                let span = Span { file, start: at, end: at + line.trim_end().len() as u32 };
                self.note(symbol, name, span);
            }
            at += line.len() as u32;
        }
    }

    /// Notes a name that may be written several times.
    fn note(&mut self, symbol: Symbol, name: &str, span: Span) {
        self.names.entry(symbol).or_default().entry(name.to_owned()).or_insert(Some(span));
    }

    /// Defines a name. A dated document may stand several times, each from another day.
    fn define(
        &mut self,
        symbol: Symbol,
        name: &str,
        from: Option<&str>,
        span: Span,
        findings: &mut Findings,
    ) {
        let day = from.map(|from| (symbol, name.to_owned(), from.to_owned()));
        if day.is_some_and(|day| self.days.insert(day)) {
            return self.note(symbol, name, span);
        }
        let names = self.names.entry(symbol).or_default();
        match names.get(name) {
            Some(Some(first)) => {
                findings
                    .report(
                        codes::DEFINED_TWICE,
                        span,
                        format!("the {} `{name}` is defined twice", symbol.word()),
                    )
                    .related(*first, "first defined here")
                    .fix(match from {
                        Some(_) => "give one of them another first day (`from`), rename it or remove it",
                        None => "rename one of them or remove it",
                    });
            }
            // Adding attributes to a built-in entity is no second definition.
            Some(None) | None => {
                names.insert(name.to_owned(), Some(span));
            }
        }
    }

    /// Whether a name is defined.
    pub(crate) fn contains(&self, symbol: Symbol, name: &str) -> bool {
        self.names.get(&symbol).is_some_and(|n| n.contains_key(name))
    }
    /// Whether a name is that of a role.
    pub(crate) fn is_role(&self, name: &str) -> bool {
        self.roles.contains(name)
    }
    /// Where a name is defined.
    pub(crate) fn span(&self, symbol: Symbol, name: &str) -> Option<Span> {
        self.names.get(&symbol)?.get(name).copied().flatten()
    }
    /// All names of a kind.
    pub(crate) fn names(&self, symbol: Symbol) -> impl Iterator<Item = &str> + Clone {
        self.names.get(&symbol).into_iter().flat_map(|n| n.keys().map(String::as_str))
    }
}

/// What the first key of a document names.
fn document_symbol(table: &Table) -> Option<Symbol> {
    match table.fields.first()?.kind {
        Kind::Name(symbol) => symbol,
        _ => None,
    }
}
