//! Dotted paths: where they lead, and what is wrong with those that lead nowhere.

use std::collections::BTreeMap;

use crate::{
    codes,
    derived::Derivation,
    entity::Entity,
    expression::{Path, Type},
    findings::Findings,
    id::EntityId,
    lexical::type_text,
    source_text::Span,
    wording::shorten,
    yaml::Yaml,
};

/// A path in a text, resolved from an entity.
pub(crate) fn path(
    node: &Yaml,
    base: &Entity,
    entities: &BTreeMap<EntityId, Entity>,
    findings: &mut Findings,
) -> Option<(Path, Type)> {
    path_after(node, 0, base, entities, findings)
}

/// The same of a text of which the first bytes are something else.
pub(crate) fn path_after(
    node: &Yaml,
    start: usize,
    base: &Entity,
    entities: &BTreeMap<EntityId, Entity>,
    findings: &mut Findings,
) -> Option<(Path, Type)> {
    let text = node.text()?.get(start..)?;
    let parts: Vec<&str> = text.split('.').map(str::trim).collect();
    let mut places = Vec::new();
    let mut at = start;
    for part in text.split('.') {
        let lead = part.len() - part.trim_start().len();
        places.push(node.place_within(at + lead, at + lead + part.trim().len()));
        at += part.len() + 1;
    }
    if let Some(bad) = parts.iter().position(|p| !crate::id::is_name(p)) {
        let place = places.get(bad).copied().unwrap_or(node.span);
        let message = format!("`{}` is not a path", shorten(text));
        let known = base.all_attributes().filter(|_| bad == 0).map(|a| a.id.as_str());
        let wrong = parts.get(bad).copied().unwrap_or_default();
        findings
            .unknown(codes::UNKNOWN_ATTRIBUTE, place, message, wrong, known)
            .expected("names joined by dots, such as `account.region`");
        return None;
    }
    match resolve(&parts, base, entities) {
        Ok(found) => Some(found),
        Err(problem) => {
            report_path(&problem, &parts, &places, base, entities, findings);
            None
        }
    }
}

/// Resolves a dotted path from an entity: where it leads and of what type, or what is wrong with which part.
pub(super) fn resolve(
    parts: &[&str],
    base: &Entity,
    entities: &BTreeMap<EntityId, Entity>,
) -> Result<(Path, Type), PathProblem> {
    let mut entity = base;
    let mut references = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let attribute = entity
            .all_attributes()
            .find(|a| a.id.as_str() == *part)
            .ok_or_else(|| PathProblem::Unknown { index, entity: entity.id.clone() })?;
        if index + 1 == parts.len() {
            return Ok((Path { references, attribute: attribute.id.clone() }, attribute.type_.clone()));
        }
        let Type::Reference { entity: next } = &attribute.type_ else {
            return Err(PathProblem::NoReference { index, type_: attribute.type_.clone() });
        };
        if let Some(Derivation::Expression(_)) = entity.derivation(&attribute.id) {
            return Err(PathProblem::Computed { index });
        }
        references.push((attribute.id.clone(), next.clone()));
        entity = entities.get(next).ok_or(PathProblem::Broken)?;
    }
    Err(PathProblem::Broken)
}

/// What is wrong with a path.
pub(super) enum PathProblem {
    /// The entity has no such attribute.
    Unknown { index: usize, entity: EntityId },
    /// The part is no reference, but the path goes on.
    NoReference { index: usize, type_: Type },
    /// The part is computed: there is no column of keys that could be looked up.
    Computed { index: usize },
    /// Something that has its own finding.
    Broken,
}

/// Reports a problem with a path whose parts stand at `places`.
pub(super) fn report_path(
    problem: &PathProblem,
    parts: &[&str],
    places: &[Span],
    base: &Entity,
    entities: &BTreeMap<EntityId, Entity>,
    findings: &mut Findings,
) {
    match problem {
        PathProblem::Unknown { index, entity } => {
            let (Some(part), Some(place)) = (parts.get(*index), places.get(*index)) else { return };
            if findings.is_broken(entity.as_str(), part) {
                return;
            }
            // It may be an attribute of an entity one reference away.
            let away = base.all_attributes().filter(|_| *index == 0).find_map(|a| match &a.type_ {
                Type::Reference { entity } => {
                    let found = entities.get(entity)?.all_attributes().any(|b| b.id.as_str() == *part);
                    found.then(|| format!("{}.{part}", a.id))
                }
                _ => None,
            });
            let message = format!("{entity} has no attribute `{}`", shorten(part));
            // What the project itself declares comes last, and is more likely meant.
            let known = entities
                .get(entity)
                .into_iter()
                .flat_map(|e| e.all_attributes().rev().map(|a| a.id.as_str()));
            let finding = findings.unknown(codes::UNKNOWN_ATTRIBUTE, *place, message, part, known);
            if finding.fix.is_none()
                && let Some(away) = away
            {
                finding.replace(format!("did you mean `{away}`?"), *place, away);
            } else if finding.fix.is_none() {
                let text = if parts.len() == 1 {
                    format!("if a text is meant, write `'{}'`; ", shorten(part))
                } else {
                    String::new()
                };
                finding.fix(format!("{text}an attribute is added by an `entity: {entity}` document"));
            }
        }
        PathProblem::NoReference { index, type_ } => {
            let (Some(part), Some(place)) = (parts.get(*index), places.get(*index)) else { return };
            findings
                .report(
                    codes::NOT_A_REFERENCE,
                    *place,
                    format!("`{part}` is of type {} and leads to no other entity", type_text(type_)),
                )
                .expected("a reference before the dot, such as `account` in `account.region`");
        }
        PathProblem::Computed { index } => {
            let (Some(part), Some(place)) = (parts.get(*index), places.get(*index)) else { return };
            findings
                .report(
                    codes::NOT_A_REFERENCE,
                    *place,
                    format!("`{part}` is computed, and leads to no other row"),
                )
                .expected("a reference that is landed or gathered before the dot")
                .fix("compute what is wanted instead: `coalesce(account.parent.region, account.region)`");
        }
        PathProblem::Broken => {}
    }
}
