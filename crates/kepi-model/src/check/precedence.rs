//! Whom an entity believes where several sources know the same rows.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::{
    codes,
    decode::{Field, List, Placed},
    definitions as written,
    entity::precedence::{Believed, Precedence},
    expression::Type,
    findings::Findings,
    id::{AttributeId, EntityId, SourceId},
    lexical::type_text,
    project::{Entity, Mode, Source},
    wording::quoted,
};

/// Reads whom entities believe; what sources have to do with it is looked at when they are read.
pub(super) fn read(
    written: &[Placed<written::Entity>],
    entities: &mut BTreeMap<EntityId, Entity>,
    context: &mut Context<'_>,
) {
    for document in written.iter().map(|w| &w.value) {
        let Some(entity) = document.entity.get().and_then(|name| entities.get_mut(name.id.as_ref()?)) else {
            continue;
        };
        let said = attributes(document, entity, context.findings);
        if !document.precedence.is_written() {
            if let Some((_, at)) = said.first() {
                context
                    .report(codes::PRECEDENCE, *at, format!("{} says no `precedence` of its sources", entity.id))
                    .fix("add `precedence` to the entity: all its sources, the one that is believed first at the head");
            }
            continue;
        }
        if document.rows.is_written() {
            context
                .report(
                    codes::PRECEDENCE,
                    document.precedence.key,
                    format!("nothing is landed in {}", entity.id),
                )
                .fix("say it of the entities whose rows its own are made of");
            continue;
        }
        let order = each_once(&document.precedence, context.findings);
        let mut precedence = Precedence {
            order,
            of: BTreeMap::new(),
            clocks: BTreeSet::new(),
            span: document.precedence.span,
        };
        for (believed, _) in said {
            let (attribute, believed) = believed;
            if let Believed::Newest(at) = &believed {
                precedence.clocks.insert(at.clone());
            }
            precedence.of.insert(attribute, believed);
        }
        entity.precedence = Some(precedence);
    }
}

type Said = ((AttributeId, Believed), crate::source_text::Span);

/// What attributes say for themselves.
fn attributes(document: &written::Entity, entity: &Entity, findings: &mut Findings) -> Vec<Said> {
    let mut said = Vec::new();
    for entry in document.attributes.items() {
        let (Some(name), Some(of)) =
            (entry.key.as_ref().and_then(|key| key.id.clone()), entry.value.as_ref())
        else {
            continue;
        };
        let (first, newest) = (&of.precedence, &of.newest);
        let at = if first.is_written() { first.key } else { newest.key };
        if !first.is_written() && !newest.is_written() {
            continue;
        }
        if first.is_written() && newest.is_written() {
            findings
                .report(codes::PRECEDENCE, newest.key, format!("whom `{name}` believes is said twice"))
                .related(first.key, "said here, too")
                .fix("keep `precedence` or `newest`");
            continue;
        }
        if entity.key.contains(&name) {
            findings
                .report(
                    codes::PRECEDENCE,
                    at,
                    format!("`{name}` is the key of {}: it is the same in all", entity.id),
                )
                .fix("remove it");
            continue;
        }
        if let Some(by) = newest.get() {
            let Some(attribute) = entity.attributes.iter().find(|a| a.id == *by) else {
                let message = format!("{} has no landed attribute `{by}`", entity.id);
                let known = entity.attributes.iter().map(|a| a.id.as_str());
                findings.unknown(
                    codes::UNKNOWN_ATTRIBUTE_OF_ENTITY,
                    newest.span,
                    message,
                    by.as_str(),
                    known,
                );
                continue;
            };
            let grows = Type::Number { scale: 0 };
            if !matches!(attribute.type_, Type::Date | Type::Timestamp | Type::Integer)
                && attribute.type_ != grows
            {
                findings
                    .report(
                        codes::NEWEST,
                        newest.span,
                        format!("`{by}` is of type {}", type_text(&attribute.type_)),
                    )
                    .fix("name a date, such as `updated_at`");
                continue;
            }
            said.push(((name, Believed::Newest(by.clone())), at));
        } else if first.get().is_some() {
            let order = each_once(first, findings);
            for item in first.items() {
                let listed = document.precedence.items().iter().any(|of| of.value == item.value);
                if document.precedence.is_written() && !listed {
                    findings
                        .report(
                            codes::PRECEDENCE,
                            item.span,
                            format!("`{}` is not in the `precedence` of {}", item.value, entity.id),
                        )
                        .related(document.precedence.span, "its sources");
                }
            }
            said.push(((name, Believed::First(order)), at));
        }
    }
    said
}

/// The sources of a list, each once.
fn each_once(list: &Field<List<SourceId>>, findings: &mut Findings) -> Vec<SourceId> {
    let mut order: Vec<SourceId> = Vec::new();
    for item in list.items() {
        if order.contains(&item.value) {
            findings
                .report(codes::PRECEDENCE, item.span, format!("`{}` is listed twice", item.value))
                .fix("keep the place that is meant");
        } else {
            order.push(item.value.clone());
        }
    }
    order
}

/// What the sources of an entity with an order of precedence have to do with it.
pub(super) fn sources(
    entity: &mut Entity,
    written: &[Placed<written::Entity>],
    sources: &BTreeMap<SourceId, Source>,
    findings: &mut Findings,
) {
    let Some(precedence) = &mut entity.precedence else { return };
    let of_entity =
        || sources.values().filter(|source| source.into == entity.id && source.mode != Mode::Keys);
    for source in of_entity() {
        if !precedence.order.contains(&source.id) {
            let listed = quoted(precedence.order.iter().map(SourceId::as_str));
            findings
                .report(
                    codes::PRECEDENCE,
                    source.span,
                    format!("`{}` fills {}, whose `precedence` lists {listed}", source.id, entity.id),
                )
                .related(precedence.span, "its sources");
        }
        if source.key != entity.key {
            findings
                .report(
                    codes::PRECEDENCE,
                    source.span,
                    format!(
                        "`{}` tells rows of {} apart by another key than the others",
                        source.id, entity.id
                    ),
                )
                .expected(format!(
                    "the key of {}: {}",
                    entity.id,
                    quoted(entity.key.iter().map(|k| k.as_str()))
                ))
                .fix("remove `key` of the source, and map the entity's");
        }
        precedence.clocks.extend(source.version.clone());
    }
    let document = written
        .iter()
        .map(|w| &w.value)
        .find(|of| of.entity.get().and_then(|name| name.id.as_ref()).is_some_and(|id| *id == entity.id));
    for item in document.iter().flat_map(|of| of.precedence.items()) {
        // An unknown one has its own finding.
        let Some(source) = sources.get(&item.value) else { continue };
        if source.into != entity.id || source.mode == Mode::Keys {
            let what = match source.mode {
                Mode::Keys => "lists keys alone".to_owned(),
                _ => format!("fills {}", source.into),
            };
            findings
                .report(codes::PRECEDENCE, item.span, format!("`{}` {what}", item.value))
                .related(source.span, "that source")
                .fix("remove it");
        }
    }
    let entries = document.iter().flat_map(|of| of.attributes.items());
    for entry in entries {
        let Some(of) = &entry.value else { continue };
        let Some(by) = of.newest.get() else { continue };
        let fills = |source: &Source, name: &str| source.map.iter().any(|m| m.attribute.as_str() == name);
        for source in of_entity().filter(|s| fills(s, &entry.text) && !fills(s, by.as_str())) {
            findings
                .report(
                    codes::NEWEST,
                    of.newest.span,
                    format!("`{}` fills `{}` and does not say `{by}`", source.id, entry.text),
                )
                .related(source.span, "that source");
        }
    }
}
