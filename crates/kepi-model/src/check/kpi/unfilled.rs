//! Attributes that a KPI reads and that no source maps: they have no value in any row, and nobody would be told.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Context;
use crate::{
    codes,
    definitions::{self as written, Definitions},
    derived::Derivation,
    expression::{Expression, Node, Path},
    id::{AttributeId, EntityId, SourceId},
    project::{Entity, Kpi, Source},
    wording::quoted,
};

/// What sources map, by entity; not of an entity that nothing fills, or whose sources have mistakes of their own.
pub(super) struct Filled<'a> {
    entities: &'a BTreeMap<EntityId, Entity>,
    mapped: BTreeMap<&'a EntityId, BTreeSet<&'a AttributeId>>,
}

impl<'a> Filled<'a> {
    pub(super) fn of(
        definitions: &Definitions,
        entities: &'a BTreeMap<EntityId, Entity>,
        sources: &'a BTreeMap<SourceId, Source>,
    ) -> Self {
        let mut written: BTreeMap<&EntityId, usize> = BTreeMap::new();
        for into in definitions.sources.iter().filter_map(|source| source.value.into.get()) {
            *written.entry(into).or_default() += 1;
        }
        let mut mapped: BTreeMap<&EntityId, BTreeSet<&AttributeId>> = BTreeMap::new();
        for source in sources.values() {
            let own = mapped.entry(&source.into).or_default();
            own.extend(source.map.iter().map(|mapping| &mapping.attribute));
            if let Some(left) = written.get_mut(&source.into) {
                *left -= 1;
            }
        }
        mapped.retain(|entity, _| written.get(entity) == Some(&0));
        Self { entities, mapped }
    }

    /// Reports what a KPI reads without any source mapping it.
    pub(super) fn report(&self, kpi: &Kpi, written: &written::Kpi, context: &mut Context<'_>) {
        let mut of_measure = Walk { filled: self, seen: BTreeSet::new(), missing: BTreeSet::new() };
        for reading in kpi.measure.kind().readings() {
            of_measure.path(&reading.rows.at, &reading.rows.of);
            let read = reading.rows.filter.iter().chain(reading.values);
            read.for_each(|read| of_measure.expression(read, &reading.rows.of));
        }
        let mut all = Walk { filled: self, seen: of_measure.seen, missing: BTreeSet::new() };
        for (base, read) in kpi.expressions() {
            read.iter().for_each(|read| all.expression(read, base));
        }
        let beside = if written.by.is_absent() { written.measure.span } else { written.by.span };
        for (span, missing) in [(written.measure.span, of_measure.missing), (beside, all.missing)] {
            if missing.is_empty() {
                continue;
            }
            let names: Vec<String> =
                missing.iter().map(|(of, attribute)| format!("{of}.{attribute}")).collect();
            context
                .report(
                    codes::NOT_FILLED,
                    span,
                    format!(
                        "no source maps {}, which `{}` reads: no row has a value",
                        quoted(names.iter().map(String::as_str)),
                        kpi.id
                    ),
                )
                .fix(match missing.first() {
                    Some((of, attribute)) => {
                        format!("add `{attribute}` under `map` of a source of {of}, or do not read it")
                    }
                    None => String::new(),
                });
        }
    }
}

struct Walk<'a> {
    filled: &'a Filled<'a>,
    seen: BTreeSet<(EntityId, AttributeId)>,
    missing: BTreeSet<(EntityId, AttributeId)>,
}

impl Walk<'_> {
    fn expression(&mut self, of: &Expression, base: &EntityId) {
        of.visit(&mut |part| {
            if let Node::Path(path) = &part.node {
                self.path(path, base);
            }
        });
    }

    fn path(&mut self, path: &Path, base: &EntityId) {
        let mut at = base;
        for (reference, next) in &path.references {
            self.attribute(at, reference);
            at = next;
        }
        self.attribute(at, &path.attribute);
    }

    fn attribute(&mut self, of: &EntityId, attribute: &AttributeId) {
        let Some(entity) = self.filled.entities.get(of) else { return };
        if !self.seen.insert((of.clone(), attribute.clone())) {
            return;
        }
        match entity.derivation(attribute) {
            Some(Derivation::Expression(of_row)) => self.expression(of_row, of),
            Some(Derivation::Gathered(gathered)) => {
                gathered.of_own().for_each(|own| self.expression(own, of));
                gathered.of_theirs().for_each(|theirs| self.expression(theirs, &gathered.of));
            }
            Some(Derivation::Given) | None => {
                let mapped = self.filled.mapped.get(of).filter(|_| entity.rows.is_none());
                if mapped.is_some_and(|mapped| !mapped.contains(attribute)) {
                    self.missing.insert((of.clone(), attribute.clone()));
                }
            }
        }
    }
}
