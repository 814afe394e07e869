//! Which target holds: by unit, inherited downwards, and by period.

use kepi_model::{
    calendar::Period,
    id::{DimensionId, UnitId},
    measure::Carry,
    project::{CascadeAsOf, CascadeTargets, Kpi, Project, Scorecard, Target, UnitTree},
};
use kepi_query::{state::Member, value::Segment};

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
///
/// `part` are the rows beyond that: a segment of the unit's. A target for the largest segment that holds all of them comes before
/// one for fewer dimensions, and that before one for all rows; of two of one size that of the dimension which `by` names first. What no
/// level is, is held against targets for exactly these rows.
pub fn in_force(
    kpi: &Kpi,
    project: &Project,
    unit: Option<&UnitId>,
    top: Option<&UnitId>,
    part: &Segment,
    rule: Down,
    period: Period,
) -> Option<Target> {
    // Of a KPI that changed with time those of the wording that is in force.
    let kpi = kpi.in_period(period, &project.calendar)?;
    let stays = kpi.measure.kind().over_units() == Carry::Stays;
    let own_only = rule.targets == CascadeTargets::Own || !stays;
    let tree = rule.tree(project, period);
    let mut segments = holding(kpi, part, !stays).into_iter();
    segments.find_map(|segment| {
        let of = |unit: Option<&UnitId>| kpi.target(unit, segment, period, &project.calendar);
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
    })
}

/// The segments of targets that hold all rows of a segment, the closest first; only itself where that is asked.
fn holding<'k>(kpi: &'k Kpi, part: &Segment, only_itself: bool) -> Vec<&'k [(DimensionId, String)]> {
    let has = |(dimension, member): &(DimensionId, String)| {
        let is = |of: &Member| matches!(of, Member::Value(text) if text.as_ref() == member);
        part.0.iter().any(|(of, found)| of == dimension && is(found))
    };
    let mut all: Vec<&[(DimensionId, String)]> = kpi.targets.iter().map(|of| of.segment.as_slice()).collect();
    all.retain(|of| of.iter().all(has) && (!only_itself || of.len() == part.0.len()));
    let place = |of: &DimensionId| kpi.by.iter().position(|dimension| &dimension.id == of);
    all.sort_by_key(|of| (std::cmp::Reverse(of.len()), of.iter().filter_map(|(d, _)| place(d)).min()));
    all.dedup();
    all
}
