//! How far beyond a row's date an attribute looks: as long as that, what was computed may still change.

use super::{
    Bound, Derivation, Entities, Gathered, HELD_UNTIL, Moment, Panel, Part, Rows, Stages, Stretch,
    order::moments, panel, stage,
};
use crate::{
    entity::Entity,
    expression::{Expression, Node, Path},
    id::{AttributeId, EntityId},
};

/// What dates a row: an attribute of its own, or nothing that bounds could be held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dating<'a>(pub(crate) Option<&'a AttributeId>);

/// How long after a row's date (of a panel: after the end of its period) an expression over it may still change, in µs; for
/// ever is the attribute to blame.
pub(crate) fn latest<'a>(
    of: &'a Expression,
    entity: &'a Entity,
    dating: Dating<'_>,
    entities: &'a Entities,
) -> Result<i64, &'a Path> {
    let mut worst = Ok(0);
    of.visit(&mut |part| {
        if let Node::Path(path) = &part.node {
            let own = path_reach(path, entity, dating, entities);
            worst = worst.and_then(|worst: i64| own.map(|own| own.max(worst)).ok_or(path));
        }
    });
    worst
}

fn path_reach(path: &Path, entity: &Entity, dating: Dating<'_>, entities: &Entities) -> Option<i64> {
    match path.references.last() {
        None => attribute_reach(&path.attribute, entity, dating, entities),
        // Whatever the row is dated by bounds nothing of a row that it refers to.
        Some((_, last)) => attribute_reach(&path.attribute, entities.get(last)?, Dating(None), entities),
    }
}

/// How long after its date an attribute of a row may still change; none: for ever.
fn attribute_reach(
    attribute: &AttributeId,
    entity: &Entity,
    dating: Dating<'_>,
    entities: &Entities,
) -> Option<i64> {
    if dating.0 == Some(attribute) {
        return Some(0);
    }
    match entity.derivation(attribute) {
        // How a stage or a version ended is known when it has.
        Some(Derivation::Given) if ends(attribute, entity) => None,
        None | Some(Derivation::Given) => Some(0),
        Some(Derivation::Expression(of)) => latest(of, entity, dating, entities).ok(),
        Some(Derivation::Gathered(gathered)) => gathered_reach(gathered, entity, dating, entities),
    }
}

fn ends(attribute: &AttributeId, entity: &Entity) -> bool {
    match &entity.rows {
        Some(Rows::Stages(_)) => [stage::LEFT_AT, stage::NEXT].contains(&attribute.as_str()),
        Some(Rows::Versions(_)) => attribute.as_str() == HELD_UNTIL,
        Some(Rows::Panel(_) | Rows::Union(_)) | None => false,
    }
}

fn gathered_reach(
    gathered: &Gathered,
    entity: &Entity,
    dating: Dating<'_>,
    entities: &Entities,
) -> Option<i64> {
    let end = |at: &Expression| upper(at, entity, dating, entities);
    let until = match &gathered.stretch {
        Stretch::InForce { at, within, .. } => {
            end(at)?.saturating_add(within.as_ref().map_or(0, |within| within.micros))
        }
        Stretch::Dated { until: Some(Bound::This), .. } => 0,
        Stretch::Dated { until: Some(Bound::At(at)), .. } => end(at)?,
        Stretch::Dated { from: Some(from), within: Some(within), .. } => match from {
            Bound::This => within.micros,
            Bound::At(at) => end(at)?.saturating_add(within.micros),
        },
        Stretch::Dated { .. } => return None,
    };
    // What is asked with may itself be known later: which rows belong to it, and where the stretch begins.
    let mut known = until.max(0);
    for expression in gathered.of_own() {
        known = latest(expression, entity, dating, entities).ok()?.max(known);
    }
    // What is read of their rows may itself be looked up later than they are dated.
    let of = entities.get(&gathered.of)?;
    let theirs = Dating(match &gathered.dated.node {
        Node::Path(path) if path.references.is_empty() => Some(&path.attribute),
        _ => None,
    });
    let mut later = of_rows(of, entities).ok()?;
    let same = gathered.same.iter().map(|(_, theirs)| theirs);
    for expression in gathered.value.iter().chain(&gathered.filter).chain(same) {
        later = latest(expression, of, theirs, entities).ok()?.max(later);
    }
    // Theirs is counted from where the stretch ends.
    Some(known.max(until.max(0).saturating_add(later).saturating_add(length(of))))
}

/// How long after their date (of a panel: after the end of their period) rows that are made may still come, go or be given
/// another value, in µs; for ever is the attribute to blame.
pub(crate) fn of_rows<'a>(of: &'a Entity, entities: &'a Entities) -> Result<i64, &'a Path> {
    let mut worst = 0;
    let mut see = |expression, entity: &'a EntityId, dating| -> Result<(), &'a Path> {
        let Some(entity) = entities.get(entity) else { return Ok(()) };
        worst = latest(expression, entity, Dating(Some(dating)), entities)?.max(worst);
        Ok(())
    };
    match &of.rows {
        Some(Rows::Panel(Panel { of: subject, from, filter, keep, .. })) => {
            // Nobody has a row before the period in which its life begins.
            filter.iter().try_for_each(|filter| see(filter, subject, from))?;
            let period = of.time.as_ref();
            keep.iter().zip(period).try_for_each(|(keep, period)| see(keep, &of.id, period))?;
        }
        Some(Rows::Stages(Stages { stages, .. })) => {
            // In which stage somebody is says what moved it until then.
            for Moment { of, at, filter, who } in moments(stages) {
                filter.iter().chain([who]).try_for_each(|theirs| see(theirs, of, at))?;
            }
        }
        Some(Rows::Union(parts)) => {
            for Part { of, at, filter, set } in parts {
                let set = set.iter().filter_map(|(_, set)| set.as_ref());
                filter.iter().chain(set).try_for_each(|theirs| see(theirs, of, at))?;
            }
        }
        Some(Rows::Versions(_)) | None => {}
    }
    Ok(worst)
}

/// How long after the date of a made row its stretch ends.
fn length(of: &Entity) -> i64 {
    match &of.rows {
        Some(Rows::Panel(panel)) => panel.longest,
        Some(Rows::Stages(_) | Rows::Union(_) | Rows::Versions(_)) | None => 0,
    }
}

/// How long after what dates a row a date of it can lie at most.
fn upper(at: &Expression, entity: &Entity, dating: Dating<'_>, entities: &Entities) -> Option<i64> {
    if let Some((at, by)) = at.as_shifted() {
        return Some(upper(at, entity, dating, entities)?.saturating_add(by));
    }
    match &at.node {
        Node::Path(path) if path.references.is_empty() => date(&path.attribute, entity, dating, entities),
        Node::Coalesce(all) => all
            .iter()
            .map(|one| upper(one, entity, dating, entities))
            .try_fold(i64::MIN, |most, one| Some(most.max(one?))),
        _ => None,
    }
}

fn date(attribute: &AttributeId, entity: &Entity, dating: Dating<'_>, entities: &Entities) -> Option<i64> {
    if dating.0 == Some(attribute) {
        return Some(0);
    }
    // A panel's row is dated by its period, and counted from the end of it.
    if entity.rows.as_ref().is_some_and(|rows| rows.panel().is_some())
        && dating.0.is_some()
        && dating.0 == entity.time.as_ref()
    {
        let own = [panel::PERIOD, panel::PERIOD_START, panel::PERIOD_END, panel::FIRST_PERIOD];
        if own.contains(&attribute.as_str()) {
            return Some(0);
        }
    }
    match entity.derivation(attribute)? {
        Derivation::Expression(of) => upper(of, entity, dating, entities),
        // The date of a row that is found lies within the stretch.
        Derivation::Gathered(gathered) if gathered.value.as_ref() == Some(&gathered.dated) => {
            gathered_reach(gathered, entity, dating, entities)
        }
        Derivation::Given | Derivation::Gathered(_) => None,
    }
}
