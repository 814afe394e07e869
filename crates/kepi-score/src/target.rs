//! Which target holds: by unit, inherited downwards, and by period.

use kepi_model::{
    calendar::Period,
    id::UnitId,
    measure::Carry,
    project::{CascadeTargets, Kpi, Project, Target},
};

/// The target that holds for a period: of the nearest unit that has any for it, as
/// [`Kpi::target`](kepi_model::project::Kpi::target) says.
///
/// A target set within a period holds for the whole of it. With [`CascadeTargets::Inherit`] the search goes from `unit`
/// upwards and ends at the targets without a unit; with [`CascadeTargets::Own`], and for what no level is (a total of a part
/// is not held against the target of the whole), a named unit has only its own. `top` is the unit that the targets without
/// a unit are for: the scorecard's own.
pub fn in_force(
    kpi: &Kpi,
    project: &Project,
    unit: Option<&UnitId>,
    top: Option<&UnitId>,
    rule: CascadeTargets,
    period: Period,
) -> Option<Target> {
    // Of a KPI that changed with time those of the wording that is in force.
    let kpi = kpi.in_period(period, &project.calendar)?;
    let of = |unit: Option<&UnitId>| kpi.target(unit, period, &project.calendar);
    let own_only = rule == CascadeTargets::Own || kpi.measure.kind().over_units() != Carry::Stays;
    let mut at = unit;
    // A tree has no more levels than units; the bound keeps a broken tree from holding us.
    for _ in 0..=project.units.len() {
        let Some(id) = at else { break };
        if let Some(target) = of(Some(id)) {
            return Some(target);
        }
        if own_only && Some(id) != top {
            return None;
        }
        at = project.units.get(id).and_then(|u| u.parent.as_ref());
    }
    of(None)
}
