//! What is made of landed rows: entities whose rows are made, computed and gathered attributes.
//!
//! What is written is put into an order by the names that it mentions, so that everything is typed after what it reads; what
//! runs in a circle is a finding.

mod gathered;
mod mentions;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::Context;
use crate::{
    bounds, codes,
    decode::{ExpressionText, Field, Keyed, Name, PathText, Placed},
    definitions as written,
    derived::{Derivation, Derived, How, Rows, size},
    entity::Attribute,
    expression::{Expression, Type},
    id::{AttributeId, EntityId},
    lexical::type_text,
    project::Entity,
    source_text::Span,
    sql::{self, Scope, Want},
    wording::{quoted, shown},
};

type Entry = Keyed<Name<AttributeId>, written::Attribute>;

/// Whether an attribute is made: all that says how it is landed is left out then.
pub(super) fn is_made(attribute: &written::Attribute) -> bool {
    attribute.expression.is_written() || hows(attribute).next().is_some()
}

/// Whether what an attribute is stands there, or is misspelt: then that has its own finding.
pub(super) fn is_meant(attribute: &written::Attribute) -> bool {
    !attribute.type_.is_absent()
        || !attribute.expression.is_absent()
        || all_hows(attribute).any(|(_, field)| !field.is_absent())
}

/// The ways to gather that are written, each with its field.
fn hows(attribute: &written::Attribute) -> impl Iterator<Item = (How, &Field<PathText>)> {
    all_hows(attribute).filter(|(_, field)| field.is_written())
}

fn all_hows(attribute: &written::Attribute) -> impl Iterator<Item = (How, &Field<PathText>)> {
    [
        (How::Count, &attribute.count),
        (How::Any, &attribute.any),
        (How::Sum, &attribute.sum),
        (How::Least, &attribute.least),
        (How::Greatest, &attribute.greatest),
        (How::First, &attribute.first),
        (How::Last, &attribute.last),
        (How::Distinct, &attribute.distinct),
        (How::Days, &attribute.days),
    ]
    .into_iter()
}

/// Something that is written and has to be read after what it mentions.
#[derive(Clone, Copy)]
enum Item<'a> {
    Rows(&'a written::Rows),
    /// Which of the finished rows are kept.
    Keep(&'a written::Rows, &'a ExpressionText),
    Attribute(&'a Entry, &'a written::Attribute),
}

/// Its name: an attribute's, or that of what else it is.
type Place = (EntityId, String);

const ROWS: &str = "rows";
const KEEP: &str = "rows.keep";

/// Reads all that is made and adds it to the entities.
pub(super) fn read(
    written: &[Placed<written::Entity>],
    entities: &mut BTreeMap<EntityId, Entity>,
    zone: &TimeZone,
    context: &mut Context<'_>,
) {
    let mut items: BTreeMap<Place, Item<'_>> = BTreeMap::new();
    let mut order: Vec<Place> = Vec::new();
    for document in written.iter().map(|w| &w.value) {
        let Some(id) = document.entity.get().and_then(|e| e.id.clone()) else { continue };
        if document.rows.is_written() && !rows::shape(document, &id, entities, context) {
            // What its rows come with is not known: nobody else is blamed for that.
            entities.remove(&id);
            continue;
        }
        if let Some(made) = document.rows.get() {
            items.insert((id.clone(), ROWS.to_owned()), Item::Rows(made));
            order.push((id.clone(), ROWS.to_owned()));
            if let Some(keep) = made.keep.get() {
                items.insert((id.clone(), KEEP.to_owned()), Item::Keep(made, keep));
                order.push((id.clone(), KEEP.to_owned()));
            }
        }
        for entry in document.attributes.items() {
            let Some(attribute) = entry.value.as_ref() else { continue };
            let Some(entity) = entities.get(&id) else { continue };
            if !is_made(attribute) {
                if document.rows.get().is_some_and(|rows| rows.union.is_written()) {
                    in_union(&id, entry, entities, context);
                } else if document.rows.is_written() {
                    landed_in_made(&id, entry, context);
                }
                continue;
            }
            let known =
                entry.key.as_ref().and_then(|key| key.id.as_ref()).and_then(|key| entity.attribute(key));
            if known.is_some() {
                let what = if entity.rows.is_some() || document.rows.is_written() {
                    format!("the rows of {id} come with an attribute `{}`", entry.text)
                } else {
                    format!("{id} has a landed attribute `{}`", entry.text)
                };
                context.report(codes::ATTRIBUTE_CONFLICT, entry.span, what).fix("give yours another name");
                continue;
            }
            let place = (id.clone(), entry.text.clone());
            items.insert(place.clone(), Item::Attribute(entry, attribute));
            order.push(place);
        }
    }
    let needs: BTreeMap<&Place, Vec<Place>> =
        items.iter().map(|(place, item)| (place, mentions::needs(place, item, &items, entities))).collect();
    let (order, circles) = sorted(&order, &needs);
    for circle in circles {
        report_circle(&circle, &items, context);
    }
    let mut reader = Reader { entities, zone, context };
    for place in order {
        if let Some(item) = items.get(&place) {
            reader.item(&place.0, item);
        }
    }
}

/// The places in an order in which each comes after what it needs, and the circles that have none.
fn sorted(order: &[Place], needs: &BTreeMap<&Place, Vec<Place>>) -> (Vec<Place>, Vec<Vec<Place>>) {
    struct Walk<'a> {
        needs: &'a BTreeMap<&'a Place, Vec<Place>>,
        seen: BTreeSet<Place>,
        open: Vec<Place>,
        done: Vec<Place>,
        circles: Vec<Vec<Place>>,
    }
    impl Walk<'_> {
        fn visit(&mut self, place: &Place) {
            if let Some(start) = self.open.iter().position(|open| open == place) {
                self.circles.push(self.open.get(start..).unwrap_or_default().to_vec());
                return;
            }
            // What is nested deeper than anybody writes is left as it is: it cannot be a circle of a few.
            if self.open.len() > bounds::MADE_DEPTH || !self.seen.insert(place.clone()) {
                return;
            }
            self.open.push(place.clone());
            self.needs.get(place).into_iter().flatten().for_each(|need| self.visit(need));
            self.open.pop();
            self.done.push(place.clone());
        }
    }
    let mut walk = Walk { needs, seen: BTreeSet::new(), open: vec![], done: vec![], circles: vec![] };
    order.iter().for_each(|place| walk.visit(place));
    let within: BTreeSet<&Place> = walk.circles.iter().flatten().collect();
    let done = walk.done.iter().filter(|place| !within.contains(place)).cloned().collect();
    (done, walk.circles.clone())
}

fn report_circle(circle: &[Place], items: &BTreeMap<Place, Item<'_>>, context: &mut Context<'_>) {
    let Some(first) = circle.first() else { return };
    let span = |place: &Place| items.get(place).map(Item::span);
    let Some(at) = span(first) else { return };
    let names: Vec<String> = circle
        .iter()
        .chain([first])
        .map(|(entity, name)| match name.as_str() {
            ROWS => format!("the rows of {entity}"),
            KEEP => format!("`keep` of {entity}"),
            name => format!("`{entity}.{name}`"),
        })
        .collect();
    let finding = context.report(
        codes::MADE_CYCLE,
        at,
        format!("nothing can be made first: {}", names.join(", which needs ")),
    );
    for place in circle.iter().skip(1) {
        if let Some(span) = span(place) {
            finding.related(span, "in the circle");
        }
    }
    for (entity, name) in circle {
        context.findings.attribute_is_broken(entity.as_str(), name);
    }
}

/// An attribute that rows of several entities have, or are given.
fn in_union(
    id: &EntityId,
    entry: &Entry,
    entities: &mut BTreeMap<EntityId, Entity>,
    context: &mut Context<'_>,
) {
    let Some(attribute) = super::model::attribute(entry, context) else {
        context.findings.attribute_is_broken(id.as_str(), &entry.text);
        return;
    };
    let Some(entity) = entities.get_mut(id) else { return };
    if entity.attribute(&attribute.id).is_some() {
        context
            .report(
                codes::ATTRIBUTE_CONFLICT,
                entry.span,
                format!("the rows of {id} come with an attribute `{}`", entry.text),
            )
            .fix("give yours another name");
        return;
    }
    entity.derived.push(Derived { attribute, from: Derivation::Given });
}

fn landed_in_made(id: &EntityId, entry: &Entry, context: &mut Context<'_>) {
    let is_landed = entry.value.as_ref().is_some_and(|written| written.type_.is_written());
    let message = if is_landed {
        format!("nothing is landed in {id}, whose rows are made")
    } else {
        format!("how `{}` is made is not said", entry.text)
    };
    if is_landed || !entry.value.as_ref().is_some_and(is_meant) {
        context
            .report(codes::ROWS, entry.span, message)
            .expected("an attribute that is gathered, such as `{count: order}`, or computed by `expression`")
            .fix("say what is gathered, or computed of what");
    }
    context.findings.attribute_is_broken(id.as_str(), &entry.text);
}

impl Item<'_> {
    fn span(&self) -> Span {
        match self {
            Self::Rows(rows) => rows.key,
            Self::Keep(rows, _) => rows.keep.key,
            Self::Attribute(entry, _) => entry.span,
        }
    }
}

/// Reads one item after the other.
struct Reader<'a, 'b, 'c> {
    entities: &'a mut BTreeMap<EntityId, Entity>,
    zone: &'a TimeZone,
    context: &'b mut Context<'c>,
}

impl Reader<'_, '_, '_> {
    fn item(&mut self, id: &EntityId, item: &Item<'_>) {
        match item {
            Item::Rows(rows) => {
                let read = self.rows(rows, id);
                if let (Some(read), Some(entity)) = (read, self.entities.get_mut(id)) {
                    entity.rows = Some(read);
                }
            }
            Item::Keep(_, keep) => {
                let read = self.expression(keep, id, Want::Condition);
                if let Some(Rows::Panel(panel)) =
                    self.entities.get_mut(id).and_then(|entity| entity.rows.as_mut())
                {
                    panel.keep = read;
                }
            }
            Item::Attribute(entry, written) => match self.attribute(entry, written, id) {
                Some(made) => {
                    if let Some(entity) = self.entities.get_mut(id) {
                        entity.derived.push(made);
                    }
                }
                None => self.context.findings.attribute_is_broken(id.as_str(), &entry.text),
            },
        }
    }

    fn attribute(&mut self, entry: &Entry, written: &written::Attribute, id: &EntityId) -> Option<Derived> {
        let name = entry.key.as_ref()?.id.clone()?;
        let ways: Vec<&str> = written
            .written()
            .map(|(name, ..)| name)
            .filter(|name| {
                *name == "type"
                    || *name == "expression"
                    || crate::word::Word::from_word(name).is_some_and(|_: How| true)
            })
            .collect();
        if ways.len() > 1 {
            let message = format!("`{}` says {} times what it is: {}", entry.text, ways.len(), quoted(ways));
            self.context.report(codes::ATTRIBUTE_FORM, entry.span, message).expected(
                "one of `type` (landed), `expression` (computed) and a way to gather, such as `count: order`",
            );
            return None;
        }
        for (option, key, _) in
            written.written().filter(|(name, ..)| ["values", "scale", "precedence", "newest"].contains(name))
        {
            self.context
                .report(
                    codes::ATTRIBUTE_FORM,
                    key,
                    format!("`{option}` comes with what is landed: here it follows from what is read"),
                )
                .fix("remove it");
        }
        let (type_, scale, personal, from) = if written.expression.is_written() {
            let others = [
                "value", "where", "same", "from", "after", "until", "within", "in_force", "dated", "as_of",
                "ago",
            ];
            for (option, key, _) in written.written().filter(|(name, ..)| others.contains(name)) {
                self.context
                    .report(
                        codes::ATTRIBUTE_FORM,
                        key,
                        format!("`{option}` belongs to what is gathered, and this is computed"),
                    )
                    .fix("remove it, or write the attribute as gathered, such as `count: order`");
            }
            let of = self.expression(written.expression.get()?, id, Want::Any)?;
            let parts = size(&of, id, self.entities);
            if parts > bounds::COMPUTED_PARTS {
                self.context
                    .report(
                        codes::EXPRESSION_TOO_LARGE,
                        written.expression.span,
                        format!("with the attributes that it reads written out, this has {parts} parts"),
                    )
                    .expected(format!("at most {}", bounds::COMPUTED_PARTS));
                return None;
            }
            (of.type_.clone(), None, false, Derivation::Expression(of))
        } else {
            let (how, target) = hows(written).next()?;
            let found = self.gathered(how, target, written, id)?;
            (found.type_, found.scale, found.personal, Derivation::Gathered(Box::new(found.gathered)))
        };
        let attribute = Attribute {
            name: written.name.cloned().unwrap_or_else(|| shown(&entry.text)),
            id: name,
            description: written.description.cloned(),
            type_,
            scale,
            personal: personal || written.personal.cloned().unwrap_or_default(),
        };
        Some(Derived { attribute, from })
    }

    /// An expression over rows of an entity.
    fn expression(&mut self, text: &ExpressionText, of: &EntityId, want: Want) -> Option<Expression> {
        let base = self.entities.get(of)?;
        let scope = Scope {
            entities: self.entities,
            base,
            walk: true,
            zone: self.zone,
            days: self.zone,
            units: None,
            fiscal: None,
        };
        sql::expression(text, &scope, want, self.context.findings)
    }

    /// An expression over rows of an entity that comes to a date.
    fn date(&mut self, text: &ExpressionText, of: &EntityId) -> Option<Expression> {
        let found = self.expression(text, of, Want::Any)?;
        if matches!(found.type_, Type::Date | Type::Timestamp) {
            return Some(found);
        }
        self.context
            .report(codes::NOT_A_TIME, text.span, format!("this is of type {}", type_text(&found.type_)))
            .expected("a date or timestamp of this row, such as `created_at` or `due_on + 30 days`");
        None
    }

    /// An attribute of an entity by its name.
    fn named<'e>(&mut self, name: &AttributeId, at: Span, of: &'e Entity) -> Option<&'e Attribute> {
        let found = of.attribute(name);
        if found.is_none() && !self.context.findings.is_broken(of.id.as_str(), name.as_str()) {
            let message = format!("{} has no attribute `{name}`", of.id);
            let known = of.all_attributes().map(|a| a.id.as_str());
            self.context.findings.unknown(codes::UNKNOWN_ATTRIBUTE, at, message, name.as_str(), known);
        }
        found
    }
}
