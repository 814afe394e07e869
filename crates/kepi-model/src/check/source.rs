//! Sources: where rows come from, how their columns become attributes, and what must hold of them.

mod column;
mod mapping;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use mapping::mappings;
use rules::rules;

use super::{Context, codes, id, ids, is_defined, name_place, place, text, texts};
use crate::{
    expression::{Expression, Node as Part},
    findings::Findings,
    id::{AttributeId, EntityId},
    lexical::{self},
    meaning,
    project::{Ambiguous, Connector, Entity, MissingLocal, Mode, Source, SourceZone},
    sql::{self, Scope, Want},
    table::Symbol,
    yaml::Node,
};

/// Reads a source.
pub(super) fn read(
    root: &Node,
    entities: &BTreeMap<EntityId, Entity>,
    project_zone: &str,
    context: &mut Context<'_>,
) -> Option<Source> {
    let into = root.get_text("into")?;
    if !is_defined(context, Symbol::Entity, into) {
        return None;
    }
    let entity = entities.get(&into.parse().ok()?)?;
    let zone = zone(root, project_zone);
    let time_zone = zone.as_ref().and_then(|z| TimeZone::get(&z.name).ok()).unwrap_or(TimeZone::UTC);
    let scope = Scope { entities, base: entity, walk: false, zone: &time_zone };

    let mode = match root.get_text("mode") {
        Some("append") => Some(Mode::Append),
        Some("upsert") => Some(Mode::Upsert),
        Some("snapshot") => Some(Mode::Snapshot),
        _ => None,
    };
    let map = mappings(root, entity, &scope, context.findings);
    let mapped: BTreeSet<&str> =
        root.get("map").map(Node::entries).unwrap_or_default().iter().map(|e| e.key.as_str()).collect();
    let key = key(root, entity, &mapped, context.findings);
    let version = version(root, entity, mode, context.findings);
    let only = root.get("only").and_then(|node| {
        let typed = sql::expression(node, &scope, Want::Condition, context.findings)?;
        unmapped(&typed, node, &mapped, context.findings);
        Some(typed)
    });
    let rules = rules(root, entity, &scope, &mapped, context.findings);
    let mut source = Source {
        id: id(root, "source")?,
        name: text(root, "name")
            .unwrap_or_else(|| super::model::shown(root.get_text("source").unwrap_or_default())),
        into: entity.id.clone(),
        from: connector(root)?,
        mode: mode?,
        key,
        version,
        zone: zone?,
        missing: if root.get("missing").is_some() { texts(root, "missing") } else { vec![String::new()] },
        only,
        map: map?,
        rules,
        complete_until: root.get_text("complete_until").and_then(lexical::date),
        purpose: id(root, "purpose"),
        owner: id(root, "owner"),
        hash: crate::id::Hash([0; 32]),
        span: name_place(root),
    };
    source.hash = meaning::source(&source);
    Some(source)
}

fn connector(root: &Node) -> Option<Connector> {
    let from = root.get("from")?;
    let kind = from.entries().first()?;
    let files = text(&kind.value, "files")?;
    Some(match kind.key.as_str() {
        "csv" => Connector::Csv {
            files,
            delimiter: kind.value.get_text("delimiter").map_or(Some(b','), |d| d.bytes().next())?,
            encoding: kind.value.get_text("encoding").unwrap_or("utf-8").trim().to_ascii_lowercase(),
            header_row: kind.value.get_text("header_row").map_or(Some(1), |n| n.parse().ok())?,
        },
        "ndjson" => Connector::Ndjson { files },
        "parquet" => Connector::Parquet { files },
        _ => return None,
    })
}

fn zone(root: &Node, project_zone: &str) -> Option<SourceZone> {
    let default = |name: String| SourceZone {
        name,
        ambiguous: Ambiguous::Earlier,
        missing: MissingLocal::ShiftForward,
    };
    let Some(node) = root.get("time_zone") else { return Some(default(project_zone.to_owned())) };
    if let Some(name) = node.text() {
        return Some(default(name.to_owned()));
    }
    Some(SourceZone {
        name: text(node, "name")?,
        ambiguous: match node.get_text("ambiguous").unwrap_or("earlier") {
            "earlier" => Ambiguous::Earlier,
            "later" => Ambiguous::Later,
            "quarantine" => Ambiguous::Quarantine,
            _ => return None,
        },
        missing: match node.get_text("missing").unwrap_or("shift forward") {
            "shift forward" => MissingLocal::ShiftForward,
            "quarantine" => MissingLocal::Quarantine,
            _ => return None,
        },
    })
}

fn key(root: &Node, entity: &Entity, mapped: &BTreeSet<&str>, findings: &mut Findings) -> Vec<AttributeId> {
    let written = root.get("key");
    for item in written.map(Node::items).unwrap_or_default() {
        let name = item.text().unwrap_or_default();
        let broken = findings.is_broken(entity.id.as_str(), name);
        if crate::id::is_name(name) && !broken && !entity.attributes.iter().any(|a| a.id.as_str() == name) {
            findings
                .report(codes::SOURCE_KEY, item.span, format!("{} has no attribute `{name}`", entity.id))
                .did_you_mean(name, entity.attributes.iter().map(|a| a.id.as_str()));
        }
    }
    let key = if written.is_some() { ids(root, "key") } else { entity.key.clone() };
    for part in &key {
        if entity.attribute(part).is_some() && root.get("map").is_some() && !mapped.contains(part.as_str()) {
            let at = written.map_or_else(|| place(root, "into"), |k| k.span);
            findings
                .report(codes::KEY_NOT_MAPPED, at, format!("the key attribute `{part}` is not mapped"))
                .fix(format!("add `{part}: {{column: …, as: …}}` under `map`"));
        }
    }
    key
}

fn version(root: &Node, entity: &Entity, mode: Option<Mode>, findings: &mut Findings) -> Option<AttributeId> {
    match (mode, root.get("version")) {
        (Some(Mode::Upsert), None) => {
            findings
                .report(
                    codes::UPSERT_WITHOUT_VERSION,
                    place(root, "mode"),
                    "which of two rows is newer is not said",
                )
                .fix("add `version: updated_at`, or whatever attribute grows with each change");
            None
        }
        (Some(Mode::Append | Mode::Snapshot), Some(node)) => {
            findings
                .report(codes::VERSION_WITHOUT_UPSERT, node.span, "`version` does nothing in this mode")
                .fix("write `mode: upsert`, or remove `version`");
            None
        }
        (_, Some(node)) => {
            let name = node.text()?;
            let attribute = entity.attributes.iter().find(|a| a.id.as_str() == name);
            match attribute {
                None if crate::id::is_name(name) => {
                    findings
                        .report(
                            codes::SOURCE_KEY,
                            node.span,
                            format!("{} has no attribute `{name}`", entity.id),
                        )
                        .did_you_mean(name, entity.attributes.iter().map(|a| a.id.as_str()));
                    None
                }
                other => other.map(|a| a.id.clone()),
            }
        }
        _ => None,
    }
}

/// The attributes of the row that an expression uses.
fn used(expression: &Expression) -> BTreeSet<AttributeId> {
    let mut names = BTreeSet::new();
    expression.visit(&mut |e| match &e.node {
        Part::Path(path) => {
            names.insert(path.references.first().map_or_else(|| path.attribute.clone(), |(a, _)| a.clone()));
        }
        Part::Exists(attribute, _) => {
            names.insert(attribute.clone());
        }
        _ => {}
    });
    names
}

/// An attribute that the source does not map is always missing in its rows.
fn unmapped(expression: &Expression, at: &Node, mapped: &BTreeSet<&str>, findings: &mut Findings) {
    for name in used(expression).iter().filter(|n| !mapped.contains(n.as_str())) {
        let start = at.text().and_then(|t| t.find(name.as_str())).unwrap_or(0);
        findings
            .report(
                codes::NOT_MAPPED,
                at.place_within(start, start + name.as_str().len()),
                format!("`{name}` is not mapped by this source, so it is always missing"),
            )
            .fix(format!("map `{name}`, or leave it out"));
    }
}
