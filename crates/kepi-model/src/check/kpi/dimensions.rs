//! Dimensions: what a KPI is segmented by, alone and crossed.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{codes, path},
    Reader,
};
use crate::{
    expression::{Path, Type},
    id::{DimensionId, EntityId},
    lexical::type_text,
    project::{Dimension, Entity},
    source_text::Span,
    table::Symbol,
    yaml::{Node, Value},
};

/// The names of dimensions as written, also of those that cannot be formed.
pub(in crate::check) fn declared_dimensions(root: &Node) -> BTreeSet<String> {
    let Some(by) = root.get("by") else { return BTreeSet::new() };
    let last = |t: &str| t.rsplit('.').next().unwrap_or(t).trim().to_owned();
    std::iter::once(by)
        .chain(by.items())
        .filter_map(|i| i.text().map(last))
        .chain(by.entries().iter().map(|e| e.key.clone()))
        .collect()
}

impl Reader<'_, '_> {
    /// Reads `by`.
    pub(super) fn dimensions(&mut self, root: &Node, bases: &[&Entity]) -> Vec<Dimension> {
        let Some(by) = root.get("by") else { return Vec::new() };
        let mut all: Vec<Dimension> = Vec::new();
        let named: Vec<(String, Span, &Node)> = match &by.value {
            Value::List(items) => items
                .iter()
                .filter_map(|i| {
                    let text = i.text()?;
                    Some((text.rsplit('.').next().unwrap_or(text).trim().to_owned(), i.span, i))
                })
                .collect(),
            _ => by.entries().iter().map(|e| (e.key.clone(), e.key_span, &e.value)).collect(),
        };
        for (name, at, node) in named {
            let paths = self.dimension_paths(node, bases);
            let Ok(id) = name.parse::<DimensionId>() else { continue };
            if all.iter().any(|d| d.id == id) {
                self.findings
                    .report(codes::DIMENSION, at, format!("two dimensions are named `{id}`"))
                    .fix("give one another name: `by: {account_region: account.region}`");
                continue;
            }
            if let Some(paths) = paths {
                all.push(Dimension { id, paths });
            }
        }
        all
    }

    fn dimension_paths(&mut self, node: &Node, bases: &[&Entity]) -> Option<BTreeMap<EntityId, Path>> {
        let mut paths = BTreeMap::new();
        for base in bases {
            let written = match &node.value {
                Value::Map(entries) => match entries.iter().find(|e| e.key == base.id.as_str()) {
                    Some(entry) => &entry.value,
                    None => {
                        self.findings
                            .report(
                                codes::DIMENSION,
                                node.span,
                                format!("no path leads here from {}", base.id),
                            )
                            .expected(format!(
                                "a path for each entity of the measure, also `{}: …`",
                                base.id
                            ));
                        return None;
                    }
                },
                _ => node,
            };
            let before = self.findings.count();
            let Some((found, type_)) = path(written, base, self.around.entities, self.findings) else {
                if bases.len() > 1
                    && written.text().is_some()
                    && self.findings.count() > before
                    && let Some(last) = self.findings.last_mut()
                {
                    let each: Vec<String> = bases.iter().map(|b| format!("{}: …", b.id)).collect();
                    last.fix(format!(
                        "the measure reads {} entities; say the path for each: `by: {{name: {{{}}}}}`",
                        bases.len(),
                        each.join(", ")
                    ));
                }
                return None;
            };
            let fits = matches!(
                type_,
                Type::Text | Type::Enum { .. } | Type::Reference { .. } | Type::Boolean | Type::Integer
            );
            if !fits {
                self.findings
                    .report(
                        codes::DIMENSION,
                        written.span,
                        format!("nothing is segmented by a {}", type_text(&type_)),
                    )
                    .expected("a text, an enum, a reference, an integer or a boolean");
                return None;
            }
            paths.insert(base.id.clone(), found);
        }
        if let Value::Map(entries) = &node.value {
            for entry in entries {
                let used = bases.iter().any(|b| b.id.as_str() == entry.key);
                if !used && self.symbols.contains(Symbol::Entity, &entry.key) {
                    self.findings
                        .report(
                            codes::DIMENSION,
                            entry.key_span,
                            format!("the measure does not read {}", entry.key),
                        )
                        .fix("remove this path");
                }
            }
        }
        (!paths.is_empty()).then_some(paths)
    }

    /// Reads `cross`.
    pub(super) fn cross(&mut self, root: &Node, known: &BTreeSet<String>) -> Vec<Vec<DimensionId>> {
        let mut all = Vec::new();
        for combination in root.get("cross").map(Node::items).unwrap_or_default() {
            let mut ids: Vec<DimensionId> = Vec::new();
            for item in combination.items() {
                let Some(name) = item.text() else { continue };
                if !known.contains(name) {
                    self.findings
                        .report(codes::CROSS, item.span, format!("`by` has no dimension `{name}`"))
                        .did_you_mean(name, known.iter().map(String::as_str));
                    if let Some(last) = self.findings.last_mut().filter(|f| f.fix.is_none()) {
                        last.fix("add it to `by`, or leave the combination out");
                    }
                } else if let Ok(id) = name.parse::<DimensionId>()
                    && !ids.contains(&id)
                {
                    ids.push(id);
                }
            }
            if combination.items().len() < 2
                || ids.len() < 2
                    && combination.items().iter().all(|i| i.text().is_some_and(|t| known.contains(t)))
            {
                self.findings
                    .report(
                        codes::CROSS,
                        combination.span,
                        "a combination has at least two different dimensions",
                    )
                    .expected("such as `[region, tier]`");
            }
            all.push(ids);
        }
        all
    }
}
