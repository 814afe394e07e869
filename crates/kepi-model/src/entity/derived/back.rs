//! How far before a row's date the rows lie that it is made of: what is wrong with rows of some days is wrong with whatever
//! may be made of them, and with nothing else.

use std::collections::BTreeMap;

use super::{
    Bound, Derivation, Entities, Gathered, Moment, Panel, Part, Rows, Stages, Stretch, order::moments, panel,
    reach::Dating,
};
use crate::{
    calendar::Grain,
    entity::Entity,
    expression::{Expression, Node},
    id::{AttributeId, EntityId},
};

/// A day, in µs.
const DAY: i64 = 86_400_000_000;

/// By entity whose rows are looked up: how long before the date they may lie, in µs; none: at any time.
pub(crate) type Around = BTreeMap<EntityId, Option<i64>>;

/// What is made of looked-up rows for rows that lie so long before a date.
pub(crate) struct Back<'a> {
    pub(crate) entities: &'a Entities,
    pub(crate) found: Around,
    deep: u8,
}

/// Attributes gathered of gathered ones beyond which nothing is said: of any time.
const DEEPEST: u8 = 40;

impl<'a> Back<'a> {
    pub(crate) fn new(entities: &'a Entities) -> Self {
        Self { entities, found: Around::new(), deep: 0 }
    }

    fn note(&mut self, entity: &EntityId, back: Option<i64>) {
        let known = self.found.entry(entity.clone()).or_insert(Some(0));
        *known = known.zip(back).map(|(a, b)| a.max(b));
    }

    /// What an expression over a row is made of.
    pub(crate) fn expression(
        &mut self,
        of: &Expression,
        entity: &Entity,
        dating: Dating<'_>,
        back: Option<i64>,
    ) {
        of.visit(&mut |part| {
            let Node::Path(path) = &part.node else { return };
            match path.references.last() {
                None => self.attribute(&path.attribute, entity, dating, back),
                // Rows that it refers to have any date.
                Some((_, last)) => {
                    if let Some(last) = self.entities.get(last) {
                        self.attribute(&path.attribute, last, Dating(None), None);
                    }
                }
            }
        });
    }

    fn attribute(&mut self, of: &AttributeId, entity: &Entity, dating: Dating<'_>, back: Option<i64>) {
        match entity.derivation(of) {
            Some(Derivation::Expression(of)) => self.expression(of, entity, dating, back),
            Some(Derivation::Gathered(gathered)) => self.gathered(gathered, entity, dating, back),
            Some(Derivation::Given) | None => {}
        }
    }

    fn gathered(&mut self, of: &Gathered, entity: &Entity, dating: Dating<'_>, back: Option<i64>) {
        let theirs = begins(of, entity, dating, self.entities).zip(back);
        let theirs = theirs.map(|(own, back)| back.saturating_sub(own).max(0));
        self.note(&of.of, theirs);
        of.of_own().for_each(|own| self.expression(own, entity, dating, back));
        let Some(other) = self.entities.get(&of.of).filter(|_| self.deep < DEEPEST) else { return };
        self.deep += 1;
        let dated = Dating(match &of.dated.node {
            Node::Path(path) if path.references.is_empty() => Some(&path.attribute),
            _ => None,
        });
        of.of_theirs().for_each(|read| self.expression(read, other, dated, theirs));
        self.rows(other, theirs);
        self.deep -= 1;
    }

    /// What the rows of an entity are made of.
    pub(crate) fn rows(&mut self, of: &Entity, back: Option<i64>) {
        match &of.rows {
            Some(Rows::Panel(Panel { of: subject, from, filter, keep, .. })) => {
                // A subject may have come at any time.
                self.note(subject, None);
                if let Some(subject) = self.entities.get(subject) {
                    let dating = Dating(Some(from));
                    filter.iter().for_each(|filter| self.expression(filter, subject, dating, None));
                }
                keep.iter().for_each(|keep| self.expression(keep, of, Dating(of.time.as_ref()), back));
            }
            Some(Rows::Stages(Stages { stages, .. })) => {
                for Moment { of, at, filter, who } in moments(stages) {
                    self.note(of, None);
                    let Some(of) = self.entities.get(of) else { continue };
                    let read = filter.iter().chain([who]);
                    read.for_each(|theirs| self.expression(theirs, of, Dating(Some(at)), None));
                }
            }
            Some(Rows::Union(parts)) => {
                for Part { of, at, filter, set } in parts {
                    self.note(of, back);
                    let Some(of) = self.entities.get(of) else { continue };
                    let set = set.iter().filter_map(|(_, set)| set.as_ref());
                    let read = filter.iter().chain(set);
                    read.for_each(|theirs| self.expression(theirs, of, Dating(Some(at)), back));
                }
            }
            Some(Rows::Versions(of)) => self.note(of, None),
            None => {}
        }
    }
}

/// Where a stretch begins, counted from the date of the row that gathers; none: nobody knows.
fn begins(of: &Gathered, entity: &Entity, dating: Dating<'_>, entities: &Entities) -> Option<i64> {
    let end = |bound: &Bound| match bound {
        Bound::This => Some(0),
        Bound::At(at) => lower(at, entity, dating, entities),
    };
    match &of.stretch {
        _ if of.ago > 0 => None,
        // What is in force may have begun at any time.
        Stretch::InForce { .. } => None,
        Stretch::Dated { from: Some(from), .. } => end(from),
        Stretch::Dated { until: Some(until), within: Some(within), .. } => {
            Some(end(until)?.saturating_sub(within.micros))
        }
        Stretch::Dated { .. } => None,
    }
}

/// How long after what dates a row a date of it lies at least; less than 0 before it.
fn lower(at: &Expression, entity: &Entity, dating: Dating<'_>, entities: &Entities) -> Option<i64> {
    if let Some((at, by)) = at.as_shifted() {
        return Some(lower(at, entity, dating, entities)?.saturating_add(by));
    }
    match &at.node {
        Node::Path(path) if path.references.is_empty() => date(&path.attribute, entity, dating, entities),
        Node::Coalesce(all) => all
            .iter()
            .map(|one| lower(one, entity, dating, entities))
            .try_fold(i64::MAX, |least, one| Some(least.min(one?))),
        _ => None,
    }
}

fn date(attribute: &AttributeId, entity: &Entity, dating: Dating<'_>, entities: &Entities) -> Option<i64> {
    if dating.0 == Some(attribute) {
        return Some(0);
    }
    if let Some(Rows::Panel(of)) = &entity.rows
        && dating.0.is_some()
        && dating.0 == entity.time.as_ref()
    {
        match attribute.as_str() {
            panel::PERIOD => return Some(0),
            panel::PERIOD_START | panel::PERIOD_END => {
                return Some(of.over.map_or(0, |(number, grain)| -longest(number, grain)));
            }
            _ => {}
        }
    }
    match entity.derivation(attribute)? {
        Derivation::Expression(of) => lower(of, entity, dating, entities),
        // The date of a row that is found lies within the stretch.
        Derivation::Gathered(of) if of.value.as_ref() == Some(&of.dated) => {
            begins(of, entity, dating, entities)
        }
        Derivation::Given | Derivation::Gathered(_) => None,
    }
}

/// The most that so many days, weeks … last, in µs; a fiscal year of whole weeks may have 53.
fn longest(number: u32, grain: Grain) -> i64 {
    let days = match grain {
        Grain::Day => 1,
        Grain::Week => 7,
        Grain::Month => 35,
        Grain::Quarter => 98,
        Grain::HalfYear => 189,
        Grain::Year => 371,
    };
    i64::from(number).saturating_mul(days).saturating_mul(DAY)
}
