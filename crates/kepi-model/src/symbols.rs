//! Which names are defined, of what kind and where: gathered before anything is read, so that a mistake inside a
//! definition never makes its name unknown.

use std::collections::BTreeMap;

use crate::{
    builtin,
    check::codes,
    findings::{Findings, nearest},
    source_text::{FileId, Span},
    table::Symbol,
    yaml::{Document, Node},
};

/// The defined names.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    names: BTreeMap<Symbol, BTreeMap<String, Option<Span>>>,
}

/// The kind of a document by its first key.
pub(crate) fn document_symbol(key: &str) -> Option<Symbol> {
    Some(match key {
        "project" => Symbol::Project,
        "person" => Symbol::Person,
        "unit" => Symbol::Unit,
        "entity" => Symbol::Entity,
        "source" => Symbol::Source,
        "strategy" => Symbol::Strategy,
        "kpi" => Symbol::Kpi,
        "scorecard" => Symbol::Scorecard,
        _ => return None,
    })
}

impl Symbols {
    /// Gathers the names of all documents; a name defined twice is a finding.
    pub(crate) fn gather(documents: &[Document], findings: &mut Findings) -> Self {
        let mut symbols = Self::default();
        for name in builtin::ENTITIES.iter().map(|e| e.id) {
            symbols.names.entry(Symbol::Entity).or_default().insert(name.to_owned(), None);
        }
        for document in documents {
            let Some(first) = document.root.entries().first() else { continue };
            let kinds = crate::definitions::DOCUMENTS.iter().map(|t| t.name);
            // A misspelt kind has its own finding; what it defines is known nevertheless.
            let symbol =
                document_symbol(&first.key).or_else(|| nearest(&first.key, kinds).and_then(document_symbol));
            let Some(symbol) = symbol else { continue };
            if let Some(name) = first.value.text() {
                symbols.define(symbol, name, first.value.span, findings);
            }
            match symbol {
                Symbol::Project => symbols.define_keys(&document.root, "purposes", Symbol::Purpose),
                Symbol::Unit => {
                    if let Some(level) = document.root.get("level").filter(|l| l.text().is_some()) {
                        let name = level.text().unwrap_or_default().to_owned();
                        symbols
                            .names
                            .entry(Symbol::Level)
                            .or_default()
                            .entry(name)
                            .or_insert(Some(level.span));
                    }
                }
                Symbol::Strategy => {
                    symbols.define_keys(&document.root, "pillars", Symbol::Pillar);
                    symbols.define_keys(&document.root, "themes", Symbol::Theme);
                    symbols.define_keys(&document.root, "goals", Symbol::Goal);
                    symbols.define_keys(&document.root, "perspectives", Symbol::Perspective);
                    symbols.define_keys(&document.root, "objectives", Symbol::Objective);
                }
                _ => {}
            }
        }
        symbols
    }

    /// Names that a file which is no YAML seems to define, so that its neighbours are not blamed.
    pub(crate) fn add_from_broken_file(&mut self, file: FileId, text: &str) {
        let mut at = 0u32;
        for line in text.split_inclusive('\n') {
            if let Some((key, value)) = line.split_once(':')
                && let Some(symbol) = document_symbol(key)
            {
                let name = value.split('#').next().unwrap_or("").trim();
                let span = Span { file, start: at, end: at + line.trim_end().len() as u32 };
                self.names.entry(symbol).or_default().entry(name.to_owned()).or_insert(Some(span));
            }
            at += line.len() as u32;
        }
    }

    fn define(&mut self, symbol: Symbol, name: &str, span: Span, findings: &mut Findings) {
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
                    .fix("rename one of them or remove it");
            }
            // Adding attributes to a built-in entity is no second definition.
            Some(None) | None => {
                names.insert(name.to_owned(), Some(span));
            }
        }
    }

    fn define_keys(&mut self, root: &Node, field: &str, symbol: Symbol) {
        let names = self.names.entry(symbol).or_default();
        for entry in root.get(field).map(Node::entries).unwrap_or_default() {
            names.entry(entry.key.clone()).or_insert(Some(entry.key_span));
        }
    }

    /// Whether a name is defined.
    pub(crate) fn contains(&self, symbol: Symbol, name: &str) -> bool {
        self.names.get(&symbol).is_some_and(|n| n.contains_key(name))
    }
    /// Where a name is defined.
    pub(crate) fn span(&self, symbol: Symbol, name: &str) -> Option<Span> {
        self.names.get(&symbol)?.get(name).copied().flatten()
    }
    /// All names of a kind.
    pub(crate) fn names(&self, symbol: Symbol) -> impl Iterator<Item = &str> {
        self.names.get(&symbol).into_iter().flat_map(|n| n.keys().map(String::as_str))
    }
}
