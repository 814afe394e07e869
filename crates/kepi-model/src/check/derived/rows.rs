//! Entities whose rows are made: what their rows come with, and how they are made.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Reader};
use crate::{
    codes,
    decode::Field,
    definitions::{self as written, Named},
    derived::{
        Derivation, Derived, Every, HELD_FROM, HELD_UNTIL, Lasts, Moment, PANEL, Panel, Part, Rows, Stage,
        Stages, UNION_AT, UNION_ID, UNION_KIND, at_grain, panel, stage,
    },
    entity::Attribute,
    expression::{Expression, Node, Path, Type},
    id::{AttributeId, EntityId},
    lexical::type_text,
    project::Entity,
    source_text::Span,
    sql::Want,
    wording::quoted,
};

/// The ways to make rows, each with the fields that belong to it.
const FORMS: [(&str, &[&str]); 4] = [
    ("every", &["of", "from", "until", "where", "keep", "over"]),
    ("stages", &["of"]),
    ("union", &[]),
    ("versions", &[]),
];

/// The one way that is written.
fn form(rows: &written::Rows, context: &mut Context<'_>) -> Option<&'static str> {
    let written: Vec<(&str, Span)> = rows.written().map(|(name, key, _)| (name, key)).collect();
    let ways: Vec<&(&str, &[&str])> =
        FORMS.iter().filter(|(way, _)| written.iter().any(|(name, _)| name == way)).collect();
    let [(way, fields)] = ways.as_slice() else {
        let message = if ways.is_empty() {
            "how the rows are made is not said".to_owned()
        } else {
            format!("the rows are made in {} ways: {}", ways.len(), quoted(ways.iter().map(|(way, _)| *way)))
        };
        context
            .report(codes::ROWS, rows.key, message)
            .expected("`{every: month, of: account}`, `{of: account, stages: {…}}`, `{union: […]}` or `{versions: ticket}`");
        return None;
    };
    for (name, key) in written.iter().filter(|(name, _)| name != way && !fields.contains(name)) {
        context.report(codes::ROWS, *key, format!("`{name}` does nothing beside `{way}`")).fix("remove it");
    }
    if fields.contains(&"of") && rows.of.is_absent() {
        context
            .report(codes::ROWS, rows.key, format!("`{way}` does not say of what"))
            .fix("add `of: account`, or what else it is");
        return None;
    }
    Some(way)
}

/// Gives an entity what its rows come with, before anything of it is read; false where that cannot be known.
pub(super) fn shape(
    document: &written::Entity,
    id: &EntityId,
    entities: &mut BTreeMap<EntityId, Entity>,
    context: &mut Context<'_>,
) -> bool {
    let built_in = entities.get(id).is_some_and(|entity| !entity.attributes.is_empty());
    if built_in {
        context
            .report(codes::ROWS, document.rows.key, format!("the rows of {id} are landed"))
            .fix("give the entity whose rows are made a name of its own");
        return true;
    }
    for (name, key, _) in document.written().filter(|(name, ..)| ["key", "time", "lasts"].contains(name)) {
        context
            .report(codes::ROWS, key, format!("`{name}` follows from how the rows of {id} are made"))
            .fix("remove it");
    }
    let Some(rows) = document.rows.get() else { return false };
    let way = form(rows, context);
    let subject = rows.of.get().and_then(|of| entities.get(of));
    let subject = subject.map(|subject| {
        let refers = Type::Reference { entity: subject.id.clone() };
        (subject.id.to_string(), refers, subject.name.clone(), subject.description.clone())
    });
    let own = |name: &str, type_: Type, shown: &str, doc: &str| {
        (name.to_owned(), type_, shown.to_owned(), doc.to_owned())
    };
    let (given, key, time, lasts) = match (way, subject) {
        (Some("every"), Some(subject)) => {
            let given = PANEL.map(|(name, type_, shown, doc)| own(name, type_, shown, doc));
            let key = [subject.0.clone(), panel::PERIOD.to_owned()];
            ([subject].into_iter().chain(given).collect(), key.to_vec(), panel::PERIOD, None)
        }
        (Some("stages"), Some(subject)) => {
            let names: Vec<String> = rows.stages.items().iter().map(|stage| stage.text.clone()).collect();
            let one_of = Type::Enum { values: names.into() };
            let key = [subject.0.clone(), stage::ENTERED_AT.to_owned()];
            let given = vec![
                subject,
                own(stage::STAGE, one_of.clone(), "Stage", "The stage."),
                own(
                    stage::ENTERED_AT,
                    Type::Timestamp,
                    "Entered at",
                    "When it was entered; it dates the row.",
                ),
                own(stage::LEFT_AT, Type::Timestamp, "Left at", "When it was left; none: not yet."),
                own(stage::PREVIOUS, one_of.clone(), "Previous stage", "The stage that it followed at once."),
                own(stage::NEXT, one_of, "Next stage", "The stage that followed it at once."),
            ];
            (given, key.to_vec(), stage::ENTERED_AT, Some((stage::ENTERED_AT, stage::LEFT_AT)))
        }
        (Some("union"), _) => {
            let named = |part: &Named<written::Part>| match part {
                Named::Entity(of) => Some(of.to_string()),
                Named::More(part) => part.of.get().map(ToString::to_string),
            };
            let kinds: BTreeSet<String> =
                rows.union.items().iter().filter_map(|part| named(&part.value)).collect();
            let kinds = Type::Enum { values: kinds.into_iter().collect::<Vec<_>>().into() };
            let given = vec![
                own(UNION_ID, Type::Text, "Id", "Kind and key of the row."),
                own(UNION_KIND, kinds, "Kind", "The entity that the row is of."),
                own(UNION_AT, Type::Timestamp, "At", "What dates the row."),
            ];
            (given, vec![UNION_ID.to_owned()], UNION_AT, None)
        }
        (Some("versions"), _) => {
            let Some(of) = rows.versions.get().and_then(|of| entities.get(of)) else { return false };
            let copied = of.attributes.iter().map(|a| {
                (a.id.to_string(), a.type_.clone(), a.name.clone(), a.description.clone().unwrap_or_default())
            });
            let held = [
                own(HELD_FROM, Type::Timestamp, "Held from", "Since when the version held; none: from ever."),
                own(HELD_UNTIL, Type::Timestamp, "Held until", "Until when it held; none: it still does."),
            ];
            let key = of.key.iter().map(ToString::to_string).chain([HELD_FROM.to_owned()]).collect();
            (copied.chain(held).collect(), key, HELD_FROM, Some((HELD_FROM, HELD_UNTIL)))
        }
        _ => return false,
    };
    let given: Vec<(String, Type, String, String)> = given;
    let key: Vec<String> = key;
    let scales: BTreeMap<AttributeId, (Option<(i64, i64)>, bool)> = rows
        .versions
        .get()
        .and_then(|of| entities.get(of))
        .map(|of| of.attributes.iter().map(|a| (a.id.clone(), (a.scale, a.personal))).collect())
        .unwrap_or_default();
    let Some(entity) = entities.get_mut(id) else { return false };
    entity.key = key.iter().filter_map(|name| name.parse().ok()).collect();
    entity.time = time.parse().ok();
    entity.lasts =
        lasts.and_then(|(from, until)| Some(Lasts { from: from.parse().ok()?, until: until.parse().ok() }));
    let attribute = |(name, type_, shown, doc): (String, Type, String, String)| {
        let id: AttributeId = name.parse().ok()?;
        let (scale, personal) = scales.get(&id).copied().unwrap_or_default();
        let attribute = Attribute { id, name: shown, description: Some(doc), type_, scale, personal };
        Some(Derived { attribute, from: Derivation::Given })
    };
    entity.derived = given.into_iter().filter_map(attribute).collect();
    true
}

impl Reader<'_, '_, '_> {
    pub(super) fn rows(&mut self, written: &written::Rows, id: &EntityId) -> Option<Rows> {
        // Which way has its own finding.
        if written.every.is_written() {
            self.panel(written, id).map(Rows::Panel)
        } else if written.stages.is_written() {
            self.stages(written, id).map(Rows::Stages)
        } else if written.union.is_written() {
            self.union(written, id).map(Rows::Union)
        } else {
            let of = written.versions.get()?;
            self.landed(of, written.versions.span, id).map(|of| Rows::Versions(of.id))
        }
    }

    /// An entity whose rows are landed.
    fn landed(&mut self, of: &EntityId, at: Span, id: &EntityId) -> Option<Entity> {
        let found = self.entities.get(of)?.clone();
        if found.rows.is_some() || of == id {
            self.context
                .report(codes::ROWS, at, format!("the rows of {of} are made themselves"))
                .expected("an entity whose rows are landed")
                .fix(format!("name an entity that {of} is made of"));
            return None;
        }
        Some(found)
    }

    /// An entity whose rows are landed, and identified by one attribute.
    fn subject(&mut self, of: &Field<EntityId>, id: &EntityId) -> Option<Entity> {
        let found = self.landed(of.get()?, of.span, id)?;
        if found.single_key().is_none() {
            self.context
                .report(
                    codes::ROWS,
                    of.span,
                    format!("a row of {} is identified by several attributes", found.id),
                )
                .expected("an entity with one key, such as `id`");
            return None;
        }
        Some(found)
    }

    fn panel(&mut self, written: &written::Rows, id: &EntityId) -> Option<Panel> {
        let every = match written.every.get()?.grain() {
            None => Every::Period,
            Some(grain) => Every::Grain(grain),
        };
        if every == Every::Period && at_grain(id, crate::calendar::Grain::HalfYear).is_none() {
            self.context
                .report(
                    codes::ROWS,
                    written.key,
                    format!("the name `{id}` is too long for a panel of every period"),
                )
                .expected("at most 52 characters");
        }
        let subject = self.subject(&written.of, id)?;
        let of = &subject.id;
        let lasts = subject.lasts.as_ref();
        let from = match written.from.get() {
            Some(from) => self.date_of(from, written.from.span, &subject)?,
            None if written.from.is_written() => return None,
            None => match lasts {
                Some(lasts) => lasts.from.clone(),
                None => {
                    self.context
                        .report(
                            codes::NOT_LASTING,
                            written.of.span,
                            format!("when the rows of {of} begin is not said"),
                        )
                        .fix(format!("add `from: …`, a date of {of}, or `lasts` to the entity"));
                    return None;
                }
            },
        };
        let until = match written.until.get() {
            Some(now) if now.as_str() == "now" => None,
            Some(until) => Some(self.date_of(until, written.until.span, &subject)?),
            None if written.until.is_written() => return None,
            None => lasts.and_then(|lasts| lasts.until.clone()),
        };
        let filter =
            self.optional(&written.filter, |reader, filter| reader.expression(filter, of, Want::Condition))?;
        Some(Panel {
            every,
            of: of.clone(),
            subject: of.as_str().parse().ok()?,
            from,
            until,
            filter,
            keep: None,
            over: written.over.get().map(|lag| (lag.0, lag.1)),
            longest: 0,
        })
    }

    fn stages(&mut self, written: &written::Rows, id: &EntityId) -> Option<Stages> {
        let subject = self.subject(&written.of, id)?;
        let entries = written.stages.items();
        let names: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
        if names.is_empty() {
            self.context.report(codes::STAGES, written.stages.span, "there are no stages");
            return None;
        }
        let mut stages = Vec::new();
        let mut whole = true;
        for (place, entry) in entries.iter().enumerate() {
            let Some(stage) = &entry.value else {
                whole = false;
                continue;
            };
            let enter = self.moments(&stage.enter, &subject, id);
            let exit = if stage.exit.is_written() {
                self.moments(&stage.exit, &subject, id)
            } else {
                Some(Vec::new())
            };
            let follows = self.follows(stage, place, &names);
            match (enter, exit, follows) {
                (Some(enter), Some(exit), Some(follows)) => {
                    stages.push(Stage { name: entry.text.clone(), enter, exit, follows });
                }
                _ => whole = false,
            }
        }
        whole.then(|| {
            Some(Stages { of: subject.id.clone(), subject: subject.id.as_str().parse().ok()?, stages })
        })?
    }

    /// From which stages an entry counts.
    fn follows(
        &mut self,
        stage: &written::Stage,
        place: usize,
        names: &[&str],
    ) -> Option<Vec<Option<usize>>> {
        if !stage.follows.is_written() {
            return Some([None].into_iter().chain((0..place).map(Some)).collect());
        }
        let mut follows = Vec::new();
        for item in stage.follows.items() {
            let known = names.iter().position(|name| *name == item.value);
            match known {
                Some(before) => follows.push(Some(before)),
                None if item.value == "nothing" => follows.push(None),
                None => {
                    let known = names.iter().copied().chain(["nothing"]);
                    let message = format!("there is no stage `{}`", item.value);
                    self.context.findings.unknown(codes::STAGES, item.span, message, &item.value, known);
                    return None;
                }
            }
        }
        Some(follows)
    }

    fn moments(
        &mut self,
        field: &Field<written::Moments>,
        subject: &Entity,
        id: &EntityId,
    ) -> Option<Vec<Moment>> {
        let mut read = Vec::new();
        for moment in &field.get()?.0 {
            let (of, at_written, filter, same) = match &moment.value {
                Named::Entity(of) => (of, None, None, None),
                Named::More(more) => (more.of.get()?, Some(&more.at), Some(&more.filter), Some(&more.same)),
            };
            let of = self.readable(of, moment.span, id)?;
            let at = match at_written.and_then(Field::get) {
                Some(at) => self.date_of(at, at_written.map_or(moment.span, |field| field.span), &of)?,
                None => self.dated_by(&of, moment.span, "at")?,
            };
            let filter = match filter {
                Some(field) => {
                    self.optional(field, |reader, text| reader.expression(text, &of.id, Want::Condition))?
                }
                None => None,
            };
            let who = match same.and_then(Field::get) {
                Some(same) => self.of_row(same, same_span(same_field(&moment.value), moment.span), &of)?,
                None if of.id == subject.id => self.of_row(of.single_key()?, moment.span, &of)?,
                None => self.only_reference(&of, subject, moment.span)?,
            };
            let refers = match &who.type_ {
                Type::Reference { entity } => *entity == subject.id,
                // Its own key.
                type_ => of.id == subject.id && *type_ == Type::Text,
            };
            if !refers {
                self.context
                    .report(
                        codes::SAME,
                        moment.span,
                        format!("this says no {}: it is of type {}", subject.id, type_text(&who.type_)),
                    )
                    .expected(format!("an attribute of type reference {}", subject.id));
                return None;
            }
            read.push(Moment { of: of.id.clone(), at, filter, who });
        }
        Some(read)
    }

    /// The only attribute of an entity that refers to another.
    fn only_reference(&mut self, of: &Entity, subject: &Entity, at: Span) -> Option<Expression> {
        let references: Vec<&Attribute> = of
            .all_attributes()
            .filter(|a| matches!(&a.type_, Type::Reference { entity } if *entity == subject.id))
            .filter(|a| !matches!(of.derivation(&a.id), Some(Derivation::Expression(_))))
            .collect();
        if let [one] = references.as_slice() {
            let path = Path { references: Vec::new(), attribute: one.id.clone() };
            return Some(Expression { type_: one.type_.clone(), node: Node::Path(path) });
        }
        let message = if references.is_empty() {
            format!("{} does not refer to {}", of.id, subject.id)
        } else {
            format!(
                "{} refers to {} by {}",
                of.id,
                subject.id,
                quoted(references.iter().map(|a| a.id.as_str()))
            )
        };
        self.context
            .report(codes::SAME, at, message)
            .fix(format!("say by which attribute: `{{of: {}, same: …}}`", of.id));
        None
    }

    /// An entity of which rows can be made: not itself, and no panel of every period.
    fn readable(&mut self, of: &EntityId, at: Span, id: &EntityId) -> Option<Entity> {
        let found = self.entities.get(of)?.clone();
        if of == id || found.rows.as_ref().is_some_and(Rows::by_period) {
            let why = if of == id { "its own rows" } else { "rows whose periods are not said" };
            self.context
                .report(codes::ROWS, at, format!("the rows of {id} cannot be made of {why}"))
                .expected("another entity whose rows are landed or made at one length of period");
            return None;
        }
        Some(found)
    }

    fn dated_by(&mut self, of: &Entity, at: Span, field: &str) -> Option<AttributeId> {
        if of.time.is_none() {
            self.context
                .report(codes::NO_TIME, at, format!("nothing dates the rows of {}", of.id))
                .fix(format!("write `{{of: {}, {field}: …}}`, a date of {}", of.id, of.id));
        }
        of.time.clone()
    }

    fn union(&mut self, written: &written::Rows, id: &EntityId) -> Option<Vec<Part>> {
        let own: Vec<Attribute> = self
            .entities
            .get(id)?
            .derived
            .iter()
            .filter(|d| {
                d.from == Derivation::Given
                    && ![UNION_ID, UNION_KIND, UNION_AT].contains(&d.attribute.id.as_str())
            })
            .map(|d| d.attribute.clone())
            .collect();
        let mut parts = Vec::new();
        let mut seen = BTreeSet::new();
        for item in written.union.items() {
            let (of, more) = match &item.value {
                Named::Entity(of) => (of, None),
                Named::More(more) => (more.of.get()?, Some(more)),
            };
            let of = self.readable(of, item.span, id)?;
            if !seen.insert(of.id.clone()) {
                self.context
                    .report(codes::ROWS, item.span, format!("{} is taken twice", of.id))
                    .fix("write it once, with `where` for both");
                return None;
            }
            let at = match more.and_then(|more| more.at.get()) {
                Some(at) => self.date_of(at, more.map_or(item.span, |more| more.at.span), &of)?,
                None => self.dated_by(&of, item.span, "at")?,
            };
            let filter = match more {
                Some(more) => self.optional(&more.filter, |reader, text| {
                    reader.expression(text, &of.id, Want::Condition)
                })?,
                None => None,
            };
            let mut set = Vec::new();
            for attribute in &own {
                let entry = more.and_then(|more| {
                    more.set.items().iter().find(|entry| entry.text == attribute.id.as_str())
                });
                let value = match entry {
                    Some(entry) => Some(self.expression(entry.value.as_ref()?, &of.id, Want::Any)?),
                    None => of.attribute(&attribute.id).map(|own| {
                        let path = Path { references: Vec::new(), attribute: own.id.clone() };
                        Expression { type_: own.type_.clone(), node: Node::Path(path) }
                    }),
                };
                let at = entry.map_or(item.span, |entry| entry.at);
                if let (None, Type::Reference { entity }) = (&value, &attribute.type_) {
                    let key = of.single_key().filter(|_| of.id == *entity);
                    let own = key.map_or("…", |key| key.as_str());
                    self.context
                        .report(
                            codes::UNION_OF_NOBODY,
                            item.span,
                            format!(
                                "rows of {} say nothing of `{}`: of {id} they belong to nobody",
                                of.id, attribute.id
                            ),
                        )
                        .fix(format!(
                            "say where it comes from: `{{of: {}, set: {{{}: {own}}}}}`",
                            of.id, attribute.id
                        ));
                }
                if let Some(value) = &value
                    && !fits(&value.type_, &attribute.type_)
                {
                    self.context
                        .report(
                            codes::TYPE_MISMATCH,
                            at,
                            format!("`{}` of {} is of type {}", attribute.id, of.id, type_text(&value.type_)),
                        )
                        .expected(type_text(&attribute.type_));
                    return None;
                }
                set.push((attribute.id.clone(), value));
            }
            for entry in more.into_iter().flat_map(|more| more.set.items()) {
                if !own.iter().any(|attribute| attribute.id.as_str() == entry.text) {
                    let known = own.iter().map(|a| a.id.as_str());
                    let message = format!("{id} declares no attribute `{}`", entry.text);
                    self.context
                        .findings
                        .unknown(codes::UNKNOWN_ATTRIBUTE, entry.span, message, &entry.text, known)
                        .expected(format!("attributes of {id} with a `type`"));
                    return None;
                }
            }
            parts.push(Part { of: of.id.clone(), at, filter, set });
        }
        if parts.is_empty() {
            self.context.report(codes::ROWS, written.union.span, "`union` takes no rows");
            return None;
        }
        Some(parts)
    }

    /// A date of an entity by its name.
    pub(super) fn date_of(&mut self, name: &AttributeId, at: Span, of: &Entity) -> Option<AttributeId> {
        let attribute = self.named(name, at, of)?;
        let computed = matches!(of.derivation(name), Some(Derivation::Expression(_)));
        if !matches!(attribute.type_, Type::Date | Type::Timestamp) || computed {
            let what = if computed {
                "computed".to_owned()
            } else {
                format!("of type {}", type_text(&attribute.type_))
            };
            self.context
                .report(codes::NOT_A_TIME, at, format!("`{name}` is {what}"))
                .expected("a date or timestamp that is landed or gathered");
            return None;
        }
        Some(name.clone())
    }
}

fn same_field(moment: &Named<written::Moment>) -> Option<&Field<AttributeId>> {
    match moment {
        Named::Entity(_) => None,
        Named::More(more) => Some(&more.same),
    }
}

fn same_span(field: Option<&Field<AttributeId>>, otherwise: Span) -> Span {
    field.map_or(otherwise, |field| field.span)
}

/// Whether values of a type can stand in an attribute of another.
fn fits(value: &Type, attribute: &Type) -> bool {
    match (value, attribute) {
        (Type::Text | Type::Enum { .. } | Type::Reference { .. }, Type::Text) => true,
        (Type::Date, Type::Timestamp) => true,
        (a, b) => a == b,
    }
}
