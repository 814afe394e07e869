//! Screens: what is looked for in answers, and the rows that are made of what is found.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::Context;
use crate::{
    codes,
    decode::{ExpressionText, Field, List, Placed},
    definitions as written,
    entity::screening::{Fault, Screen, ScreenRule, Then, found},
    expression::{Expression, Node, Type},
    findings::Findings,
    id::{AttributeId, EntityId, Hash, SourceId},
    lexical::type_text,
    meaning,
    project::{
        Ambiguous, Connector, Dates, Entity, FileOrder, Identical, Mapping, MappingFrom, MissingLocal, Mode,
        Parse, Source, SourceZone,
    },
    source_text::Span,
    sql::{self, Scope, Want},
    wording::quoted,
};

/// Reads the screens of all entities; adds what is found to the entities.
pub(super) fn read(
    written: &[Placed<written::Entity>],
    entities: &mut BTreeMap<EntityId, Entity>,
    zone: &TimeZone,
    context: &mut Context<'_>,
) {
    for written in written.iter().map(|w| &w.value) {
        let (Some(id), Some(screen)) =
            (written.entity.get().and_then(|e| e.id.clone()), written.screen.get())
        else {
            continue;
        };
        let Some(entity) = entities.get(&id) else { continue };
        let mut reader = Reader {
            entity,
            scope: Scope { entities, base: entity, walk: false, zone, days: zone, units: None, fiscal: None },
            findings: context.findings,
        };
        let Some(screen) = reader.screen(screen, written.screen.key) else { continue };
        let Some(found) = screen.found(entity) else { continue };
        if let Some(other) = entities.get(&found.id) {
            let message = format!("what is found of {id} is called `{}`, and so is another entity", other.id);
            context.report(codes::SCREEN, written.screen.key, message).fix("rename that entity");
            continue;
        }
        if let Some(entity) = entities.get_mut(&id) {
            entity.screen = Some(screen);
        }
        entities.insert(found.id.clone(), found);
    }
}

struct Reader<'a, 'b> {
    entity: &'a Entity,
    scope: Scope<'a>,
    findings: &'b mut Findings,
}

impl Reader<'_, '_> {
    fn screen(&mut self, written: &written::Screen, at: Span) -> Option<Screen> {
        let entity = self.entity;
        let (Some(key), Some(time)) = (entity.single_key().filter(|_| entity.rows.is_none()), &entity.time)
        else {
            self.findings
                .report(codes::SCREEN, at, format!("rows of {} cannot be screened", entity.id))
                .expected("an entity whose rows are landed, have a key of one attribute and a time")
                .fix("say `key: [id]` and `time: …` of the entity");
            return None;
        };
        let mut rules = Vec::new();
        let mut add = |name: &str, fault: Option<Fault>, then: &Field<Then>| {
            let rule = || Some(ScreenRule { id: name.parse().ok()?, fault: fault?, then: then.cloned()? });
            rules.extend(rule());
        };
        if let Some(of) = written.straight_lining.get() {
            add("straight_lining", self.straight_lining(of), &of.then);
        }
        if let Some(of) = written.speeding.get() {
            add("speeding", self.speeding(of), &of.then);
        }
        if let Some(of) = written.duplicates.get() {
            let same = self.attributes(&of.same);
            let fault = Fault::Duplicate { same, within: of.within.get().map(|micros| micros.0) };
            add("duplicates", (!of.same.items().is_empty()).then_some(fault), &of.then);
            self.not_empty(&of.same);
        }
        for flag in written.flags.items() {
            let (name, Some(of)) = (&flag.text, &flag.value) else { continue };
            if found::ALL.contains(&name.as_str()) || BUILT_IN.contains(&name.as_str()) {
                self.findings
                    .report(codes::SCREEN, flag.span, format!("no flag can be called `{name}`"))
                    .expected(format!("another name than {}", quoted(found::ALL.into_iter().chain(BUILT_IN))))
                    .fix("rename it");
                continue;
            }
            let fault = of.filter.get().and_then(|node| self.own(node, Want::Condition)).map(Fault::Row);
            add(name, fault, &of.then);
        }
        let nothing = written.straight_lining.is_absent()
            && written.speeding.is_absent()
            && written.duplicates.is_absent()
            && written.flags.is_absent();
        if nothing {
            self.findings
                .report(codes::SCREEN, at, "nothing is looked for")
                .fix("add `straight_lining`, `speeding`, `duplicates` or `flags`");
        }
        let instrument = written.instrument.get().filter(|id| self.has(id, written.instrument.span)).cloned();
        Some(Screen { entity: entity.id.clone(), key: key.clone(), time: time.clone(), instrument, rules })
    }

    fn straight_lining(&mut self, written: &written::StraightLining) -> Option<Fault> {
        let items = self.attributes(&written.items);
        let all = written.items.items().len();
        if all < 2 {
            self.findings
                .report(
                    codes::SCREEN,
                    written.items.span,
                    "one question cannot be answered the same each time",
                )
                .expected(
                    "the questions of a block, in the order in which they are asked: `[q1, q2, q3, q4]`",
                )
                .fix("list all of them");
            return None;
        }
        let run = written.run.get().and_then(|run| usize::try_from(run.0).ok()).unwrap_or(all);
        if run > all {
            self.findings
                .report(codes::SCREEN, written.run.span, format!("there are {all} questions, not {run}"))
                .expected(format!("at most {all} equal answers in a row"))
                .fix("list all questions, or ask for fewer equal answers");
        }
        (items.len() == all).then_some(Fault::StraightLining { items, run })
    }

    fn speeding(&mut self, written: &written::Speeding) -> Option<Fault> {
        let node = written.took.get()?;
        let took = self.own(node, Want::Any)?;
        if took.type_ != Type::Duration {
            self.findings
                .report(
                    codes::SCREEN,
                    written.took.span,
                    format!("this is of type {}", type_text(&took.type_)),
                )
                .expected("a length of time, such as `responded_at - started_at`")
                .fix("take the difference of two instants, or map the column `as: duration seconds`");
            return None;
        }
        let below = written.below.get()?.0.at_scale(6)?;
        Some(Fault::Speeding {
            took,
            below,
            after: usize::try_from(written.after.get()?.0).ok()?,
            at_least: written.at_least.get().map(|micros| micros.0),
        })
    }

    fn attributes(&mut self, list: &Field<List<AttributeId>>) -> Vec<AttributeId> {
        let found = list.items().iter().filter(|of| self.has(&of.value, of.span));
        found.map(|of| of.value.clone()).collect()
    }

    fn not_empty(&mut self, list: &Field<List<AttributeId>>) {
        if list.is_written() && list.items().is_empty() {
            self.findings
                .report(codes::SCREEN, list.span, "no attribute says which answers are of the same person")
                .fix("name what they have in common, such as `[invitation]`");
        }
    }

    /// Whether an attribute is landed.
    fn has(&mut self, id: &AttributeId, at: Span) -> bool {
        let entity = self.entity;
        let has = entity.attributes.iter().any(|a| &a.id == id);
        if !has && !self.findings.is_broken(entity.id.as_str(), id.as_str()) {
            let message = format!("{} has no landed attribute `{id}`", entity.id);
            let known = entity.attributes.iter().map(|a| a.id.as_str());
            self.findings.unknown(codes::SCREEN, at, message, id.as_str(), known);
        }
        has
    }

    /// An expression over landed attributes of the row.
    fn own(&mut self, node: &ExpressionText, want: Want) -> Option<Expression> {
        let typed = sql::expression(node, &self.scope, want, self.findings)?;
        let mut paths = Vec::new();
        typed.visit(&mut |part| {
            if let Node::Path(path) = &part.node {
                paths.push(path.attribute.clone());
            }
        });
        paths.iter().all(|id| self.has(id, node.span)).then_some(typed)
    }
}

/// Rules that have fields of their own.
const BUILT_IN: [&str; 3] = ["straight_lining", "speeding", "duplicates"];

/// The sources of what is found, one for each screened entity.
pub(super) fn sources(
    entities: &BTreeMap<EntityId, Entity>,
    others: &BTreeMap<SourceId, Source>,
    written: &[Placed<written::Entity>],
    zone: &str,
) -> Vec<Source> {
    let screened = entities.values().filter_map(|entity| Some((entity, entity.screen.as_ref()?)));
    let source = |(entity, screen): (&Entity, &Screen)| {
        let into = entities.get(&screen.table()?)?;
        let feeding = || others.values().filter(|source| source.into == entity.id);
        let at =
            written.iter().find(|w| w.value.entity.get().is_some_and(|e| e.text == entity.id.as_str()))?;
        let map = into.attributes.iter().map(|attribute| Mapping {
            attribute: attribute.id.clone(),
            type_: attribute.type_.clone(),
            from: MappingFrom::Column {
                column: attribute.id.to_string(),
                parse: match attribute.type_ {
                    Type::Boolean => Parse::Boolean { yes: vec!["true".into()], no: vec!["false".into()] },
                    Type::Timestamp => Parse::Timestamp { format: None },
                    _ => Parse::Text,
                },
                missing: Vec::new(),
                replace: Vec::new(),
                prefix: String::new(),
            },
            required: false,
        });
        let mut source = Source {
            id: into.id.as_str().parse().ok()?,
            name: into.name.clone(),
            into: into.id.clone(),
            from: Connector::Screening(Box::new(screen.clone())),
            mode: Mode::Upsert,
            key: into.key.clone(),
            version: found::REVISION.parse().ok(),
            identical: Identical::Land,
            order: FileOrder::Name,
            deletes_at_most: None,
            deleted: None,
            merges: None,
            keys_of: None,
            rejects_at_most: 0.0,
            dates: Dates::default(),
            clean: std::collections::BTreeSet::new(),
            zone: SourceZone {
                name: "UTC".to_owned(),
                column: None,
                ambiguous: Ambiguous::Earlier,
                missing: MissingLocal::ShiftForward,
            },
            days: zone.to_owned(),
            missing: vec![String::new()],
            unpivot: None,
            only: None,
            map: map.collect(),
            rules: Vec::new(),
            complete_until: None,
            expect: None,
            schedule: None,
            purpose: feeding().find_map(|source| source.purpose.clone()),
            owner: feeding().find_map(|source| source.owner.clone()),
            unit: None,
            attest: None,
            hash: Hash([0; 32]),
            span: at.value.screen.key,
        };
        source.hash = meaning::source(&source, None);
        Some(source)
    };
    screened.filter_map(source).collect()
}
