//! What the sources of one entity say of each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    codes,
    findings::Findings,
    id::{AttributeId, EntityId, SourceId},
    project::{Entity, Mapping, MappingFrom, Mode, Source},
    wording::quoted,
};

/// Two systems that each know other attributes of the same rows. A row of the one would supersede the other's row whole,
/// and what it does not know would be gone; so it is refused unless the entity says whom it believes. Sources
/// whose keys are made different, as by a prefix, or whose rows are final cannot do that.
///
/// One source stands for all that fill the same attributes in the same way, so that many alike are compared once.
pub(in crate::check) fn together(
    sources: &BTreeMap<SourceId, Source>,
    entities: &BTreeMap<EntityId, Entity>,
    findings: &mut Findings,
) {
    let mut kinds: BTreeMap<(&EntityId, String), &Source> = BTreeMap::new();
    for source in sources.values() {
        if source.mode == Mode::Keys {
            lists(source, sources, findings);
            continue;
        }
        // Rows that are composed erase nothing of each other.
        if entities.get(&source.into).is_some_and(|entity| entity.precedence.is_some()) {
            continue;
        }
        kinds.entry((&source.into, kind(source))).or_insert(source);
    }
    let kinds: Vec<&Source> = kinds.into_values().collect();
    for of_entity in kinds.chunk_by(|a, b| a.into == b.into) {
        for (at, one) in of_entity.iter().enumerate() {
            for other in of_entity.iter().skip(at + 1) {
                let (one, other) = if one.span < other.span { (*one, *other) } else { (*other, *one) };
                pair(one, other, findings);
            }
        }
    }
}

/// A list of keys is of a source that brings rows piece by piece, into the same entity and by the same key.
fn lists(source: &Source, sources: &BTreeMap<SourceId, Source>, findings: &mut Findings) {
    // An unknown one has its own finding.
    let Some(of) = source.keys_of.as_ref().and_then(|id| sources.get(id)) else { return };
    let message = match of.mode {
        Mode::Keys => format!("`{}` lists keys itself", of.id),
        Mode::Snapshot => format!("each file of `{}` is the whole already", of.id),
        _ if of.into != source.into => format!("`{}` fills {}, not {}", of.id, of.into, source.into),
        _ if of.key != source.key => format!("`{}` has another key", of.id),
        _ => return,
    };
    findings.report(codes::GONE, source.span, message).related(of.span, "that source");
}

/// What decides whether a source may erase what others know.
fn kind(source: &Source) -> String {
    let fills: BTreeSet<&str> = source.map.iter().map(|m| m.attribute.as_str()).collect();
    let keys = source.map.iter().filter(|m| source.key.contains(&m.attribute)).map(|m| match &m.from {
        MappingFrom::Constant(constant) => format!("= {constant:?}"),
        MappingFrom::Column { prefix, .. } => format!("from {prefix:?}"),
        MappingFrom::Position => "position".to_owned(),
        MappingFrom::Expression(_) => "expression".to_owned(),
    });
    let keys: Vec<String> = keys.collect();
    format!("{:?} {fills:?} {:?} {keys:?}", source.mode == Mode::Append, source.key)
}

fn pair(one: &Source, other: &Source, findings: &mut Findings) {
    let (only_one, only_other) = (beyond(one, other), beyond(other, one));
    let final_rows = one.mode == Mode::Append && other.mode == Mode::Append;
    if final_rows || only_one.is_empty() || only_other.is_empty() || keys_differ(one, other) {
        return;
    }
    let list = |all: &BTreeSet<&AttributeId>| quoted(all.iter().map(|a| a.as_str()));
    findings
        .report(
            codes::SHARED_KEYS,
            other.span,
            format!(
                "`{}` and `{}` fill `{}` with the same keys: a row of one would erase what the other knows, {} or {}",
                one.id,
                other.id,
                other.into,
                list(&only_one),
                list(&only_other)
            ),
        )
        .related(one.span, "the other source")
        .expected("every attribute of a row from one source")
        .fix(format!(
            "fill an entity of its own that refers to `{}`, or say which of them {} believes first: `precedence: [{}, {}]` under the entity; if the sources know \
             different rows, set their keys apart: `prefix` under the key's mapping",
            other.into, other.into, one.id, other.id
        ));
}

/// The attributes that `one` fills and `other` does not.
fn beyond<'a>(one: &'a Source, other: &Source) -> BTreeSet<&'a AttributeId> {
    let fills = |attribute| other.map.iter().any(|m| &m.attribute == attribute);
    one.map.iter().map(|m| &m.attribute).filter(|a| !fills(*a)).collect()
}

/// Whether no row of the one can have the key of a row of the other: some part of it is another constant in each, or
/// starts otherwise.
fn keys_differ(one: &Source, other: &Source) -> bool {
    if one.key != other.key {
        return false;
    }
    let part = |source: &Source, id| source.map.iter().find(|m| &m.attribute == id).cloned();
    one.key.iter().any(|id| match (part(one, id), part(other, id)) {
        (Some(a), Some(b)) => mapped_apart(&a, &b),
        _ => false,
    })
}

fn mapped_apart(a: &Mapping, b: &Mapping) -> bool {
    match (&a.from, &b.from) {
        (MappingFrom::Constant(a), MappingFrom::Constant(b)) => a != b,
        (MappingFrom::Column { prefix: a, .. }, MappingFrom::Column { prefix: b, .. }) => a != b,
        (MappingFrom::Position, _) | (_, MappingFrom::Position) => true,
        _ => false,
    }
}
