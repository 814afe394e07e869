//! Dimensions: what a KPI is segmented by, alone and crossed: attributes, and under a name what is computed of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    codes,
    decode::{Either, Field, PathText},
    definitions::{By, DimensionPaths, Kpi},
    expression::{Expression, Node, Type},
    id::{DimensionId, EntityId},
    lexical::type_text,
    measure::Reader,
    project::{Dimension, Entity},
    source_text::Span,
    sql::{self, Want},
    table::Symbol,
};

/// The last part of a path names its dimension.
fn last_part(path: &PathText) -> &str {
    let text = path.text().unwrap_or_default();
    text.rsplit('.').next().unwrap_or(text).trim()
}

/// The names of dimensions as written, also of those that cannot be formed; `None` if `by` cannot be read.
pub(in crate::check) fn declared_dimensions(kpi: &Kpi) -> Option<BTreeSet<String>> {
    match kpi.by.get() {
        None => (!kpi.by.is_written()).then(BTreeSet::new),
        Some(Either::This(paths)) => Some(paths.iter().map(|p| last_part(&p.value).to_owned()).collect()),
        Some(Either::That(named)) => Some(named.iter().map(|e| e.text.clone()).collect()),
    }
}

/// What leads to a dimension from each entity.
enum Ways<'a> {
    /// One path for all.
    One(&'a PathText),
    /// As written under a name.
    Named(&'a DimensionPaths, Span),
}

impl Reader<'_, '_> {
    /// Reads `by`.
    pub(super) fn dimensions(&mut self, by: &Field<By>, bases: &[&Entity]) -> Vec<Dimension> {
        let named: Vec<(&str, Span, Option<Ways<'_>>)> = match by.get() {
            None => Vec::new(),
            Some(Either::This(paths)) => {
                paths.iter().map(|p| (last_part(&p.value), p.span, Some(Ways::One(&p.value)))).collect()
            }
            Some(Either::That(named)) => named
                .iter()
                .map(|e| (e.text.as_str(), e.span, e.value.as_ref().map(|v| Ways::Named(v, e.at))))
                .collect(),
        };
        let mut all: Vec<Dimension> = Vec::new();
        for (name, at, ways) in named {
            let ways = ways.and_then(|ways| self.dimension_ways(&ways, bases));
            let Ok(id) = name.parse::<DimensionId>() else { continue };
            if all.iter().any(|d| d.id == id) {
                self.findings
                    .report(codes::DIMENSION, at, format!("two dimensions are named `{id}`"))
                    .fix("give one another name: `by: {account_region: account.region}`");
                continue;
            }
            if let Some(ways) = ways {
                all.push(Dimension { id, ways });
            }
        }
        all
    }

    /// The dimension that a path leads to, from the one entity that a measure reads: that of `by`, where it has it.
    pub(super) fn one_dimension(
        &mut self,
        path: &PathText,
        base: &Entity,
        by: &[Dimension],
    ) -> Option<Dimension> {
        if let Some(known) = by.iter().find(|dimension| Some(dimension.id.as_str()) == path.text()) {
            return Some(known.clone());
        }
        let way = self.dimension_way(path, false, false, base, &[base])?;
        let id: DimensionId = last_part(path).parse().ok()?;
        let found = Dimension { id, ways: [(base.id.clone(), way)].into() };
        match by.iter().find(|dimension| dimension.id == found.id) {
            Some(known) if known.ways.get(&base.id) != found.ways.get(&base.id) => {
                self.findings
                    .report(codes::DIMENSION, path.span, format!("`by` calls something else `{}`", found.id))
                    .fix("name one of them: `by: {account_region: account.region}`");
                None
            }
            _ => Some(found),
        }
    }

    fn dimension_ways(
        &mut self,
        ways: &Ways<'_>,
        bases: &[&Entity],
    ) -> Option<BTreeMap<EntityId, Expression>> {
        let mut found = BTreeMap::new();
        for base in bases {
            let (path, shared) = match ways {
                Ways::One(path) => (*path, true),
                Ways::Named(Either::This(path), _) => (path, true),
                Ways::Named(Either::That(each), at) => {
                    match each.iter().find(|e| e.text == base.id.as_str()) {
                        Some(entry) => (entry.value.as_ref()?, false),
                        None => {
                            self.findings
                                .report(codes::DIMENSION, *at, format!("no path leads here from {}", base.id))
                                .expected(format!(
                                    "a path for each entity of the measure, also `{}: …`",
                                    base.id
                                ));
                            return None;
                        }
                    }
                }
            };
            let named = matches!(ways, Ways::Named(..));
            found.insert(base.id.clone(), self.dimension_way(path, named, shared, base, bases)?);
        }
        if let Ways::Named(Either::That(each), _) = ways {
            for entry in each {
                let used = bases.iter().any(|b| b.id.as_str() == entry.text);
                if !used && self.symbols.contains(Symbol::Entity, &entry.text) {
                    self.findings
                        .report(
                            codes::DIMENSION,
                            entry.span,
                            format!("the measure does not read {}", entry.text),
                        )
                        .fix("remove this path");
                }
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// What says the member from one entity; `shared` if it is the same for all.
    fn dimension_way(
        &mut self,
        written: &PathText,
        named: bool,
        shared: bool,
        base: &Entity,
        bases: &[&Entity],
    ) -> Option<Expression> {
        let before = self.findings.count();
        let text = written.text().unwrap_or_default();
        let computed = text.contains(['(', '\'', '|', '+', '*', '=', '<', '>', '['])
            || text.contains(char::is_whitespace);
        if computed && !named {
            self.findings
                .report(codes::DIMENSION, written.span, "what is computed needs a name to be a dimension")
                .fix(format!("write `by: {{name: \"{text}\"}}`"));
            return None;
        }
        let found = if computed {
            let scope = self.scope(base);
            sql::expression(written, &scope, Want::Any, self.findings)
        } else {
            sql::path(written, base, self.entities, self.findings)
                .map(|(path, type_)| Expression { type_, node: Node::Path(path) })
        };
        let Some(found) = found else {
            if bases.len() > 1
                && shared
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
        // Sums and products may leave 64 bits, which a member cannot.
        let mut adds = false;
        found.visit(&mut |e| adds |= matches!(e.node, Node::Arithmetic(..) | Node::Negate(_)));
        if adds && found.type_ == Type::Integer {
            self.findings
                .report(codes::DIMENSION, written.span, "nothing is segmented by a sum or product")
                .fix(format!("form bands of it: `bands({text}, 10, 20)`"));
            return None;
        }
        let fits = matches!(
            found.type_,
            Type::Text | Type::Enum { .. } | Type::Reference { .. } | Type::Boolean | Type::Integer
        );
        if !fits {
            self.findings
                .report(
                    codes::DIMENSION,
                    written.span,
                    format!("nothing is segmented by a {}", type_text(&found.type_)),
                )
                .expected("a text, an enum, a reference, an integer or a boolean");
        }
        fits.then_some(found)
    }

    /// Reads `cross`.
    pub(super) fn cross(&mut self, kpi: &Kpi) -> Vec<Vec<DimensionId>> {
        let Some(known) = declared_dimensions(kpi) else { return Vec::new() };
        let mut all = Vec::new();
        for combination in kpi.cross.items() {
            let mut ids: Vec<DimensionId> = Vec::new();
            for item in &combination.value {
                let name = &item.value;
                if !known.contains(name) {
                    let message = format!("`by` has no dimension `{name}`");
                    let known = known.iter().map(String::as_str);
                    let finding = self.findings.unknown(codes::CROSS, item.span, message, name, known);
                    if finding.fix.is_none() {
                        finding.fix("add it to `by`, or leave the combination out");
                    }
                } else if let Ok(id) = name.parse::<DimensionId>()
                    && !ids.contains(&id)
                {
                    ids.push(id);
                }
            }
            if combination.value.len() < 2
                || ids.len() < 2 && combination.value.iter().all(|i| known.contains(&i.value))
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
