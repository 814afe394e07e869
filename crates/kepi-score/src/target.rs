//! Which target holds: by unit, inherited downwards, and by date.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kepi_model::{
    id::UnitId,
    project::{CascadeTargets, Kpi, Target, Unit},
};

/// The target in force on `day`: of the latest date not after it, among those of the nearest unit that has any.
///
/// Callers take the last day of a period, so that a target set within a period holds for it. With
/// [`CascadeTargets::Inherit`] the search goes from `unit` upwards and ends at the targets without a unit; with
/// [`CascadeTargets::Own`] a named unit has only its own. `top` is the unit that the targets without a unit are for:
/// the scorecard's own.
pub fn in_force<'a>(
    kpi: &'a Kpi,
    units: &BTreeMap<UnitId, Unit>,
    unit: Option<&UnitId>,
    top: Option<&UnitId>,
    rule: CascadeTargets,
    day: Date,
) -> Option<&'a Target> {
    let latest = |of: Option<&UnitId>| {
        kpi.targets.iter().filter(|t| t.unit.as_ref() == of && t.from <= day).max_by_key(|t| t.from)
    };
    let mut at = unit;
    // A tree has no more levels than units; the bound keeps a broken tree from holding us.
    for _ in 0..=units.len() {
        let Some(id) = at else { break };
        if let Some(target) = latest(Some(id)) {
            return Some(target);
        }
        if rule == CascadeTargets::Own && Some(id) != top {
            return None;
        }
        at = units.get(id).and_then(|u| u.parent.as_ref());
    }
    latest(None)
}
