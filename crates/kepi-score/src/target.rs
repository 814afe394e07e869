//! Which target holds: by unit, inherited downwards, and by period.

use kepi_model::{
    calendar::Period,
    id::UnitId,
    measure::Carry,
    project::{CascadeAsOf, CascadeTargets, Kpi, Project, Scorecard, Target, UnitTree},
};

/// How targets go down the tree of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Down {
    /// Whose hold for a unit without its own.
    pub targets: CascadeTargets,
    /// By which tree units lie below one another.
    pub as_of: CascadeAsOf,
}

impl Default for Down {
    fn default() -> Self {
        Self { targets: CascadeTargets::Inherit, as_of: CascadeAsOf::Period }
    }
}

impl Down {
    /// What a scorecard says.
    pub fn of(scorecard: &Scorecard) -> Self {
        let cascade = scorecard.cascade.as_ref();
        cascade.map_or_else(Self::default, |of| Self { targets: of.targets, as_of: of.as_of })
    }

    /// The tree by which units lie below one another in a period.
    pub fn tree(self, project: &Project, period: Period) -> UnitTree<'_> {
        project.tree(match self.as_of {
            CascadeAsOf::Period => project.calendar.last_day(period).ok(),
            CascadeAsOf::Now => None,
        })
    }
}

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
    rule: Down,
    period: Period,
) -> Option<Target> {
    // Of a KPI that changed with time those of the wording that is in force.
    let kpi = kpi.in_period(period, &project.calendar)?;
    let of = |unit: Option<&UnitId>| kpi.target(unit, period, &project.calendar);
    let own_only = rule.targets == CascadeTargets::Own || kpi.measure.kind().over_units() != Carry::Stays;
    let tree = rule.tree(project, period);
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
        at = tree.above(id);
    }
    of(None)
}
