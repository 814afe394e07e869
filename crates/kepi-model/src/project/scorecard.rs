//! Scorecards and their cascade.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::{
    calendar::{Calendar, FiscalCalendar, Grain},
    id::{DimensionId, Hash, KpiId, LevelId, ObjectiveId, PerspectiveId, ScorecardId, UnitId},
    measure::{BasisPoints, MissingRule},
    source_text::Span,
    word::words,
};

/// A scorecard.
#[derive(Debug, Clone)]
pub struct Scorecard {
    /// Id.
    pub id: ScorecardId,
    /// Shown name.
    pub name: String,
    /// The unit it is for.
    pub unit: Option<UnitId>,
    /// Its period.
    pub period: Grain,
    /// The zone in which its days and periods begin, where not in the project's.
    pub time_zone: Option<String>,
    /// How its days make weeks, months and years, where it says so itself.
    pub fiscal: Option<FiscalCalendar>,
    /// What its periods are periods of: the project's calendar, but for what it says itself.
    pub calendar: Calendar,
    /// What a missing child does.
    pub missing: MissingRule,
    /// Less weight with a value than this, and the node has no score; a share of 1.
    pub minimum_coverage: f64,
    /// Perspectives, in the strategy's order.
    pub perspectives: Vec<ScorecardPerspective>,
    /// Of which KPIs the weight in the whole never falls below a share; what an earlier wording says holds on.
    pub floors: BTreeMap<KpiId, BasisPoints>,
    /// The same for units below.
    pub cascade: Option<Cascade>,
    /// Hash of what decides the score: period, rules, weights, targets of its KPIs; of one that changed with time, of all
    /// that it said.
    pub hash: Hash,
    /// The same of this wording alone.
    pub wording: Hash,
    /// First day on which it is in force; none: it was from ever.
    pub from: Option<Date>,
    /// What it said before, oldest first; the last to come into force stands for all of them. They agree on period, unit and
    /// cascade.
    pub earlier: Vec<Scorecard>,
    /// Where it is defined.
    pub span: Span,
}

/// What a weight in the whole is counted in: basis points of a perspective, of an objective in it, and of a KPI in that.
pub const WHOLE: u64 = 10_000 * 10_000 * 10_000;

impl Scorecard {
    /// All that it said and says, oldest first.
    pub fn wordings(&self) -> impl DoubleEndedIterator<Item = &Self> {
        self.earlier.iter().chain([self])
    }

    /// What is in force on a day: the last whose first day is not later.
    pub fn in_force(&self, day: Date) -> Option<&Self> {
        self.wordings().rev().find(|wording| wording.from.is_none_or(|from| from <= day))
    }

    /// The weight of a KPI in the whole, in [`WHOLE`]ths; 0 for one that does not stand on it.
    pub fn weight_of(&self, kpi: &KpiId) -> u64 {
        let objectives =
            self.perspectives.iter().flat_map(|p| p.objectives.iter().map(move |o| (p.weight, o)));
        let weights = objectives.flat_map(|(above, objective)| {
            let own = objective.placed().filter(|of| of.kpi == kpi);
            own.map(move |own| u64::from(above) * u64::from(objective.weight) * own.weight / 10_000)
        });
        weights.sum()
    }

    /// The same as a share of 1.
    pub fn share_of(&self, kpi: &KpiId) -> f64 {
        self.weight_of(kpi) as f64 / WHOLE as f64
    }

    /// Its KPIs, of all that it said, in the order in which they stand.
    pub fn kpis(&self) -> impl Iterator<Item = &KpiId> {
        let mut seen = BTreeSet::new();
        self.placed().map(|of| of.kpi).filter(move |kpi| seen.insert(*kpi))
    }

    /// The same with the segments that they judge: each KPI once for each.
    pub fn placed(&self) -> impl Iterator<Item = Placed<'_>> {
        let mut seen = BTreeSet::new();
        let all = self.all_objectives().flat_map(ScorecardObjective::placed);
        all.filter(move |of| seen.insert((of.kpi, of.members)))
    }

    /// All KPIs that its scores are made of: those that stand on it, and those that say what segments are worth.
    pub fn reads(&self) -> impl Iterator<Item = &KpiId> {
        let mut seen = BTreeSet::new();
        let weigh_by = self.all_objectives().filter_map(|of| of.weigh_by.as_ref());
        self.kpis().chain(weigh_by).filter(move |kpi| seen.insert(*kpi))
    }

    /// Objectives of all that it said, the last first.
    fn all_objectives(&self) -> impl Iterator<Item = &ScorecardObjective> {
        let perspectives = self.wordings().rev().flat_map(|wording| &wording.perspectives);
        perspectives.flat_map(|perspective| &perspective.objectives)
    }

    /// Objectives of this wording.
    pub fn objectives(&self) -> impl Iterator<Item = &ScorecardObjective> {
        self.perspectives.iter().flat_map(|perspective| &perspective.objectives)
    }
}

/// A perspective in a scorecard.
#[derive(Debug, Clone)]
pub struct ScorecardPerspective {
    /// Id.
    pub id: PerspectiveId,
    /// Weight among siblings.
    pub weight: BasisPoints,
    /// Objectives.
    pub objectives: Vec<ScorecardObjective>,
}

/// An objective in a scorecard.
#[derive(Debug, Clone)]
pub struct ScorecardObjective {
    /// Id.
    pub id: ObjectiveId,
    /// Weight among siblings.
    pub weight: BasisPoints,
    /// KPIs and weights among siblings; none where segments are judged by KPIs of their own.
    pub kpis: Vec<(KpiId, BasisPoints)>,
    /// Segments that are judged by KPIs of their own.
    pub segments: Vec<ScorecardSegment>,
    /// The total by whose values in the period the segments are weighed, where no weights are given.
    pub weigh_by: Option<KpiId>,
}

/// A segment in an objective, with what it is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScorecardSegment {
    /// Its members, sorted by dimension.
    pub members: Vec<(DimensionId, String)>,
    /// Weight among siblings; as much as each other where a KPI says what they are worth.
    pub weight: BasisPoints,
    /// KPIs and weights among siblings.
    pub kpis: Vec<(KpiId, BasisPoints)>,
}

/// A KPI where it stands in an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed<'a> {
    /// Of which rows of the unit it is: members of a segment, sorted by dimension; none: of all.
    pub members: &'a [(DimensionId, String)],
    /// Which.
    pub kpi: &'a KpiId,
    /// Its weight in the objective, in parts of 10 000².
    pub weight: u64,
}

impl ScorecardObjective {
    /// Its KPIs, in the order in which they stand; one several times where it judges several segments.
    pub fn placed(&self) -> impl Iterator<Item = Placed<'_>> {
        let whole = self.kpis.iter().map(|(kpi, weight)| Placed {
            members: &[],
            kpi,
            weight: u64::from(*weight) * 10_000,
        });
        let of_segments = self.segments.iter().flat_map(|of| {
            of.kpis.iter().map(|(kpi, weight)| Placed {
                members: &of.members,
                kpi,
                weight: u64::from(of.weight) * u64::from(*weight),
            })
        });
        whole.chain(of_segments)
    }

    /// The same without where they stand.
    pub fn kpis(&self) -> impl Iterator<Item = &KpiId> {
        self.placed().map(|of| of.kpi)
    }
}

/// The same scorecard for units below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cascade {
    /// Level of units → dimension of the KPIs.
    pub levels: BTreeMap<LevelId, DimensionId>,
    /// How a unit's values come about.
    pub value: CascadeValue,
    /// Whose targets hold for a unit without its own.
    pub targets: CascadeTargets,
    /// By which tree units lie below one another.
    pub as_of: CascadeAsOf,
}

words! {
    /// How a unit's score comes about.
    pub enum CascadeValue {
        /// From the states of its segment: the parent is the same KPI over all rows.
        Recompute = "recompute",
        /// A unit with children scores the mean of their scores.
        AverageOfChildren = "average_of_children",
    }

    /// By which tree units lie below one another.
    pub enum CascadeAsOf {
        /// By that of the last day of the period: as then.
        Period = "period",
        /// By the newest in all periods: as now.
        Now = "now",
    }

    /// Whose targets hold for a unit without its own.
    pub enum CascadeTargets {
        /// The nearest unit above that has one, in the end the general one.
        Inherit = "inherit",
        /// None: no target, no score.
        Own = "own",
    }
}
