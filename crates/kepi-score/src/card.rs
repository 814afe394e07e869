//! A scorecard over the values of its KPIs: its periods, its units, and the tree of scores for each.
//!
//! Whoever needs a score asks here: a run that publishes, a page that shows, an explanation, a reproduction. So they
//! cannot differ in what they score or how.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use kepi_model::{
    calendar::{Grain, Period},
    id::{DimensionId, Hash, KpiId, LevelId, ObjectiveId, PerspectiveId, UnitId, is_name},
    project::{
        BasisPoints, Cascade, CascadeAsOf, CascadeValue, Kpi, Project, Scorecard, ScorecardObjective, Target,
        Unit, UnitTree, WhenLate, WithoutData,
    },
};
use kepi_query::{state::Member, value::Segment};

use crate::{
    band::Band,
    bridge::{self, Bridge, bridge},
    target::{Down, in_force},
    tree::{NoScore, NodeId, Observed, ScoreNode, Standing},
};

/// Values of KPIs, as scoring reads them.
pub trait KpiValues {
    /// The value of a KPI in a period over a segment, or why it has none; nothing where none was computed.
    fn observed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed>;
    /// The periods of a grain for which anything was computed of a KPI over a segment, oldest first: ordinal, and whether
    /// the value is final.
    fn periods(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Vec<(i32, bool)>;
    /// The hash of the definition by which a value was computed; none where that is not known.
    fn definition(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Hash> {
        let _ = (kpi, period, segment);
        None
    }
}

/// Periods that can be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Periods {
    /// Ordinals, oldest first.
    pub all: Vec<i32>,
    /// The newest in which every value is final, else the newest.
    pub newest: Option<i32>,
}

impl Periods {
    /// Periods in which any of these KPIs has a value over all rows.
    pub fn of<'k>(
        values: &(impl KpiValues + ?Sized),
        kpis: impl IntoIterator<Item = &'k KpiId>,
        grain: Grain,
    ) -> Self {
        let mut all: BTreeMap<i32, bool> = BTreeMap::new();
        for kpi in kpis {
            for (ordinal, is_final) in values.periods(kpi, grain, &Segment::total()) {
                *all.entry(ordinal).or_insert(true) &= is_final;
            }
        }
        let newest = all.iter().rev().find(|(_, is_final)| **is_final).or_else(|| all.iter().next_back());
        Self { newest: newest.map(|(ordinal, _)| *ordinal), all: all.into_keys().collect() }
    }
}

/// A unit that came to stand below another within a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved<'a> {
    /// The unit.
    pub unit: &'a UnitId,
    /// Its first day there.
    pub since: Date,
    /// The unit above it before; none: it had none, or was not there.
    pub from: Option<&'a UnitId>,
    /// The unit above it now.
    pub to: Option<&'a UnitId>,
}

/// What a rule about units that are late makes of a unit's score.
#[derive(Debug, Clone)]
pub enum ByRule {
    /// It has none: the unit was left out, or stands below one that was.
    LeftOut,
    /// Another than that of the rows that landed.
    Made(Box<ScoreNode>),
}

/// The score of one unit in one period.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitScore {
    /// The unit; none where the scorecard is for none.
    pub unit: Option<UnitId>,
    /// Steps below the scorecard's own unit.
    pub depth: u8,
    /// The score in millionths of a point, or why there is none.
    pub score: Result<i64, NoScore>,
    /// Its band.
    pub band: Option<Band>,
    /// Millionths of the weight that have a score.
    pub coverage: u32,
}

/// A scorecard of a project over values.
pub struct Card<'a, V: ?Sized> {
    /// The project.
    pub project: &'a Project,
    /// The scorecard.
    pub scorecard: &'a Scorecard,
    /// Where values are read.
    pub values: &'a V,
}

// Not derived: that would ask it of the values too, of which this is only a reference.
impl<V: ?Sized> Clone for Card<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: ?Sized> Copy for Card<'_, V> {}

impl<'a, V: KpiValues + ?Sized> Card<'a, V> {
    /// Its KPIs, in the order in which they stand.
    pub fn kpis(&self) -> impl Iterator<Item = &'a KpiId> + use<'a, V> {
        self.scorecard.kpis()
    }

    /// What the scorecard says of a period: the wording in force on its last day; none before the first.
    pub fn in_force(&self, period: Period) -> Option<&'a Scorecard> {
        self.scorecard.in_force(self.project.calendar.last_day(period).ok()?)
    }

    /// One of its periods.
    pub fn period(&self, ordinal: i32) -> Period {
        self.scorecard.calendar.period(self.scorecard.period, ordinal)
    }

    /// The periods that it has: those in which any of *its* KPIs has a value over all rows, from its first day on.
    pub fn periods(&self) -> Periods {
        let grain = self.scorecard.period;
        let mut periods = Periods::of(self.values, self.kpis(), grain);
        periods.all.retain(|ordinal| self.in_force(self.period(*ordinal)).is_some());
        periods.newest =
            periods.newest.filter(|newest| periods.all.contains(newest)).or(periods.all.last().copied());
        periods
    }

    /// The units that it has in a period: its own, then those that the cascade reaches from there, in tree order, each with its
    /// steps below the own one. A scorecard without a unit has one entry, none.
    ///
    /// A unit elsewhere in the organisation, or of a level that the cascade does not match, has no scorecard here.
    pub fn units(&self, period: Period) -> Vec<(Option<&'a UnitId>, u8)> {
        self.units_of(self.tree_of(period))
    }

    /// The units that it ever has: those of the newest tree, then those that stood below it before, as far down as they were.
    pub fn all_units(&self) -> Vec<(Option<&'a UnitId>, u8)> {
        let mut all = self.units_of(self.project.tree(None));
        let by_day = self.scorecard.cascade.as_ref().is_some_and(|of| of.as_of == CascadeAsOf::Period);
        let wordings = self.project.units.values().filter(|_| by_day).flat_map(Unit::wordings);
        let mut days: BTreeSet<Date> = wordings.filter_map(|unit| unit.from).collect();
        // The days before the first change, if there is any.
        days.extend(days.first().and_then(|day| day.yesterday().ok()));
        let mut known: BTreeSet<_> = all.iter().map(|(unit, _)| *unit).collect();
        for day in days.into_iter().rev() {
            for (unit, depth) in self.units_of(self.project.tree(Some(day))) {
                if known.insert(unit) {
                    all.push((unit, depth));
                }
            }
        }
        all
    }

    fn units_of(&self, tree: UnitTree<'a>) -> Vec<(Option<&'a UnitId>, u8)> {
        let own = self.scorecard.unit.as_ref();
        let mut all = vec![(own, 0)];
        self.below(own, 1, tree, &mut all);
        all
    }

    fn below(
        &self,
        unit: Option<&UnitId>,
        depth: u8,
        tree: UnitTree<'a>,
        all: &mut Vec<(Option<&'a UnitId>, u8)>,
    ) {
        for child in self.children(unit, tree) {
            all.push((Some(&child.id), depth));
            // No tree is deeper than it has units; the bound keeps a broken one from holding us.
            if all.len() <= self.project.units.len() {
                self.below(Some(&child.id), depth.saturating_add(1), tree, all);
            }
        }
    }

    /// The tree by which units lie below one another in a period.
    fn tree_of(&self, period: Period) -> UnitTree<'a> {
        Down::of(self.scorecard).tree(self.project, period)
    }

    /// Units directly below one that the cascade reaches, in the order of their ids.
    fn children(&self, unit: Option<&UnitId>, tree: UnitTree<'a>) -> Vec<&'a Unit> {
        let Some((cascade, unit)) = self.scorecard.cascade.as_ref().zip(unit) else { return Vec::new() };
        let matched =
            |level: &Option<LevelId>| level.as_ref().is_some_and(|l| cascade.levels.contains_key(l));
        tree.below(unit).filter(|below| matched(&below.level)).collect()
    }

    /// What moved within a period and so changed whose rows are a unit's: units of matched levels that came from elsewhere, or went
    /// there. By the newest tree nothing ever moved.
    pub fn moves(&self, unit: Option<&UnitId>, period: Period) -> Vec<Moved<'a>> {
        let Some(cascade) = self.scorecard.cascade.as_ref().filter(|of| of.as_of == CascadeAsOf::Period)
        else {
            return Vec::new();
        };
        let calendar = &self.project.calendar;
        let (Ok(first), Ok(last)) = (calendar.first_day(period), calendar.last_day(period)) else {
            return Vec::new();
        };
        let own = unit.or(self.scorecard.unit.as_ref());
        let is_below = |above: Option<&'a UnitId>, day: Date| {
            let mut upwards = above.into_iter().flat_map(|above| self.project.tree(Some(day)).upwards(above));
            own.is_none() || upwards.any(|above| Some(above) == own)
        };
        let matched = |unit: &&Unit| unit.level.as_ref().is_some_and(|l| cascade.levels.contains_key(l));
        let mut all = Vec::new();
        for unit in self.project.units.values().filter(matched) {
            for (before, wording) in unit.wordings().zip(unit.wordings().skip(1)) {
                let Some(since) = wording.from.filter(|day| (first..=last).contains(day)) else { continue };
                let (from, to) = (before.parent.as_ref(), wording.parent.as_ref());
                let eve = since.yesterday().unwrap_or(since);
                if from != to && (Some(&unit.id) == own || is_below(from, eve) || is_below(to, since)) {
                    all.push(Moved { unit: &unit.id, since, from, to });
                }
            }
        }
        all
    }

    /// The segment whose rows are a unit's: all rows for the scorecard's own unit, a member of the matched dimension for
    /// one below. None for a unit that the cascade gives no dimension to: it has no rows here.
    pub fn segment(&self, unit: Option<&UnitId>) -> Option<Segment> {
        let Some(id) = unit.filter(|u| self.scorecard.unit.as_ref() != Some(*u)) else {
            return Some(Segment::total());
        };
        let unit = self.project.units.get(id)?;
        let dimension = self.scorecard.cascade.as_ref()?.levels.get(unit.level.as_ref()?)?;
        Some(Segment::one(dimension.clone(), &unit.member))
    }

    /// The segment of those of a unit's rows that are also in another, such as one that is judged by KPIs of its own.
    pub fn part_of(&self, unit: Option<&UnitId>, part: &Segment) -> Option<Segment> {
        Some(self.segment(unit)?.and(part))
    }

    /// The unit whose rows are a segment's, the reverse of [`Card::segment`]; the own unit for all rows.
    pub fn unit_of(&self, segment: &Segment) -> Option<&'a UnitId> {
        match segment.0.as_slice() {
            [] => self.scorecard.unit.as_ref(),
            [(_, Member::Value(_))] => {
                let all = self.all_units().into_iter().filter_map(|(unit, _)| unit);
                all.into_iter().find(|unit| self.segment(Some(*unit)).as_ref() == Some(segment))
            }
            _ => None,
        }
    }

    /// The period in which a KPI is read for one of the scorecard: that period, or where its own are longer the last of them that
    /// has ended by then.
    pub fn period_of(&self, kpi: &Kpi, period: Period) -> Period {
        self.scorecard.calendar.as_of_end(period, kpi.period).unwrap_or(period)
    }

    /// The unit within whose rows a segment lies, the lowest of them, and what it says beyond that; the own unit where it is no other's.
    pub fn within(&self, segment: &Segment) -> (Option<&'a UnitId>, Segment) {
        let own = self.scorecard.unit.as_ref();
        if segment.is_total() {
            return (own, segment.clone());
        }
        let units = self.all_units();
        let found = segment.0.iter().filter_map(|pair| {
            let whole = Segment(vec![pair.clone()]);
            let of = units
                .iter()
                .find(|(unit, _)| *unit != own && self.segment(*unit).as_ref() == Some(&whole))?;
            Some((of.1, of.0, pair))
        });
        let Some((_, unit, pair)) = found.max_by_key(|(depth, ..)| *depth) else {
            return (own, segment.clone());
        };
        (unit, Segment(segment.0.iter().filter(|of| *of != pair).cloned().collect()))
    }

    /// The target of a KPI that holds for a unit in a period.
    pub fn target(&self, kpi: &Kpi, unit: Option<&UnitId>, period: Period) -> Option<Target> {
        self.target_of(kpi, unit, &Segment::total(), period)
    }

    /// The target of a KPI that holds for some of a unit's rows in a period.
    pub fn target_of(
        &self,
        kpi: &Kpi,
        unit: Option<&UnitId>,
        part: &Segment,
        period: Period,
    ) -> Option<Target> {
        in_force(
            kpi,
            self.project,
            unit,
            self.scorecard.unit.as_ref(),
            part,
            Down::of(self.scorecard),
            period,
        )
    }

    /// The tree of scores of a unit in a period: of the scorecard's own, or of one that the cascade reaches.
    pub fn tree(&self, unit: Option<&UnitId>, period: Period) -> ScoreNode {
        ScoreNode { effective_weight: 1_000_000, ..self.grow(unit, period) }
    }

    /// How the score of a unit came from the period before to this one, whose tree is given; none where one of the two has no
    /// score.
    pub fn bridge(&self, unit: Option<&UnitId>, period: Period, now: &ScoreNode) -> Option<Bridge> {
        let before = self.tree(unit, period.offset(-1));
        bridge(&before, now, &Between { card: self, unit, period })
    }

    fn grow(&self, unit: Option<&UnitId>, period: Period) -> ScoreNode {
        let children = self.averaged(unit, period);
        if children.is_empty() {
            return self.measured(unit, period);
        }
        let nodes = children.into_iter().map(|child| self.grow(Some(&child.id), period)).collect();
        self.mean(unit, nodes, period)
    }

    /// The scores of all units in a period, in the order of [`Card::units`]; each unit is computed once, however many
    /// units above average it.
    pub fn scores(&self, period: Period) -> Vec<UnitScore> {
        let mut all = Vec::new();
        self.score_below(self.scorecard.unit.as_ref(), 0, period, &mut all);
        all
    }

    fn score_below(
        &self,
        unit: Option<&UnitId>,
        depth: u8,
        period: Period,
        all: &mut Vec<UnitScore>,
    ) -> ScoreNode {
        let place = all.len();
        let empty =
            UnitScore { unit: unit.cloned(), depth, score: Err(NoScore::Empty), band: None, coverage: 0 };
        all.push(empty);
        let mut nodes = Vec::new();
        if place <= self.project.units.len() {
            for child in self.children(unit, self.tree_of(period)) {
                nodes.push(self.score_below(Some(&child.id), depth.saturating_add(1), period, all));
            }
        }
        let mut node = if self.averaged(unit, period).is_empty() {
            self.measured(unit, period)
        } else {
            self.mean(unit, nodes, period)
        };
        node.children.clear();
        if let Some(entry) = all.get_mut(place) {
            entry.score = node.score.clone();
            entry.band = node.band;
            entry.coverage = node.coverage;
        }
        node
    }

    /// A unit's score as a mean of units without some that are late: left out, or as they were in the period before. None where it is
    /// computed from its own rows: then it has what landed of them.
    pub fn without(
        &self,
        unit: Option<&UnitId>,
        period: Period,
        late: &BTreeMap<UnitId, WhenLate>,
    ) -> Option<ScoreNode> {
        let units = self.averaged(unit, period);
        if units.is_empty() {
            return None;
        }
        let nodes = units.into_iter().filter_map(|child| {
            let period = match late.get(&child.id) {
                Some(WhenLate::Exclude) => return None,
                Some(WhenLate::Carry) => Period { ordinal: period.ordinal - 1, ..period },
                Some(WhenLate::Block | WhenLate::Warn) | None => period,
            };
            let id = Some(&child.id);
            Some(self.without(id, period, late).unwrap_or_else(|| self.grow(id, period)))
        });
        Some(self.mean(unit, nodes.collect(), period))
    }

    /// What the rule about units that are late makes of a unit's score in a period; none: it is that of the rows that landed. What becomes of
    /// a unit becomes of those below it.
    pub fn by_rule(
        &self,
        unit: Option<&'a UnitId>,
        period: Period,
        late: &BTreeMap<UnitId, WhenLate>,
    ) -> Option<ByRule> {
        let mut above = unit.into_iter().flat_map(|unit| self.above(unit, period));
        match above.find_map(|unit| late.get(unit)) {
            Some(WhenLate::Exclude) => Some(ByRule::LeftOut),
            Some(WhenLate::Carry) => Some(ByRule::Made(Box::new(self.tree(unit, period.offset(-1))))),
            Some(WhenLate::Block | WhenLate::Warn) | None => {
                self.without(unit, period, late).map(|tree| ByRule::Made(Box::new(tree)))
            }
        }
    }

    /// Whether a unit's data go into what a unit shows in a period: it is the same, or lies below; or above, so that what becomes of
    /// that becomes of it.
    pub fn concerns(&self, unit: Option<&UnitId>, other: &UnitId, period: Period) -> bool {
        let tree = self.tree_of(period);
        let own = self.scorecard.unit.as_ref();
        let Some((unit, _)) = self.project.units.get_key_value(unit.or(own).unwrap_or(other)) else {
            return false;
        };
        let Some((other, _)) = self.project.units.get_key_value(other) else { return false };
        tree.upwards(other).any(|above| above == unit) || self.above(unit, period).any(|above| above == other)
    }

    /// A unit and those above it in a period, up to the scorecard's own.
    pub fn above(&self, unit: &'a UnitId, period: Period) -> impl Iterator<Item = &'a UnitId> {
        let own = self.scorecard.unit.as_ref();
        let beyond: BTreeSet<&UnitId> =
            own.into_iter().flat_map(|own| self.tree_of(period).upwards(own).skip(1)).collect();
        self.tree_of(period).upwards(unit).filter(move |above| !beyond.contains(above))
    }

    /// The units whose mean a unit's score is; none where it is computed from its own rows.
    fn averaged(&self, unit: Option<&UnitId>, period: Period) -> Vec<&'a Unit> {
        let averages = |c: &Cascade| c.value == CascadeValue::AverageOfChildren;
        if self.scorecard.cascade.as_ref().is_some_and(averages) {
            self.children(unit, self.tree_of(period))
        } else {
            Vec::new()
        }
    }

    /// A unit as the mean of the units below it.
    fn mean(&self, unit: Option<&UnitId>, nodes: Vec<ScoreNode>, period: Period) -> ScoreNode {
        let (id, name) = self.root(unit);
        let nodes = nodes.into_iter().map(|node| ScoreNode { weight: 1, ..node }).collect();
        ScoreNode::over(id, name, 10_000, nodes, self.in_force(period).unwrap_or(self.scorecard))
    }

    /// The tree of a unit from the values over its own rows, also where its score is the mean of the units below: that is
    /// what its perspectives and objectives come to.
    pub fn measured(&self, unit: Option<&UnitId>, period: Period) -> ScoreNode {
        let leaf = |id: &KpiId, weight: u32, part: &Segment| {
            let Some(kpi) = self.project.kpis.get(id) else {
                let nothing = Standing { target: None, score: Err(NoScore::NoValue), band: None };
                let named = (id.clone(), id.to_string());
                return ScoreNode::leaf(named, weight, nothing, WithoutData::default());
            };
            let period = self.period_of(kpi, period);
            let segment = self.part_of(unit, part);
            let observed = segment.and_then(|s| self.values.observed(id, period, &s));
            let standing = Standing::of(kpi, observed.as_ref(), self.target_of(kpi, unit, part, period));
            let policy = kpi.in_period(period, &self.project.calendar).unwrap_or(kpi).without_data;
            let name = match part.is_total() {
                true => kpi.name.clone(),
                false => format!("{} ({})", kpi.name, members_named(part)),
            };
            ScoreNode::leaf((id.clone(), name), weight, standing, policy)
        };
        let wording = self.in_force(period);
        let rule = wording.unwrap_or(self.scorecard);
        let leaves = |kpis: &[(KpiId, u32)], part: &Segment| {
            kpis.iter().map(|(kpi, weight)| leaf(kpi, *weight, part)).collect::<Vec<_>>()
        };
        let objective = |of: &ScorecardObjective| {
            let (id, name) = (NodeId::Objective(of.id.clone()), self.objective_name(&of.id));
            let mut below = leaves(&of.kpis, &Segment::total());
            let weights = self.segment_weights(of, unit, period);
            for (place, segment) in of.segments.iter().enumerate() {
                let part = Segment::of(&segment.members);
                let given = weights.as_ref().ok().and_then(|all| all.get(place).copied());
                let (name, leaves) = (members_named(&part), leaves(&segment.kpis, &part));
                let weight = given.unwrap_or(segment.weight);
                below.push(ScoreNode::over(NodeId::Segment(part), name, weight, leaves, rule));
            }
            let node = ScoreNode::over(id, name, of.weight, below, rule);
            match weights {
                Err(reason) => node.unweighed(reason),
                Ok(_) => node,
            }
        };
        let perspectives = wording.into_iter().flat_map(|w| &w.perspectives).map(|perspective| {
            let objectives = perspective.objectives.iter().map(objective);
            let id = NodeId::Perspective(perspective.id.clone());
            let name = self.perspective_name(&perspective.id);
            ScoreNode::over(id, name, perspective.weight, objectives.collect(), rule)
        });
        let (id, name) = self.root(unit);
        ScoreNode::over(id, name, 10_000, perspectives.collect(), rule)
    }

    /// What the segments of an objective weigh over a unit's rows in a period, in their order: as given, or as the total that says what they
    /// are worth is shared among them, in parts of 10 000 together, the largest remainder first.
    ///
    /// # Errors
    /// The total has no value of one of them, or is nothing or negative.
    pub fn segment_weights(
        &self,
        of: &ScorecardObjective,
        unit: Option<&UnitId>,
        period: Period,
    ) -> Result<Vec<BasisPoints>, NoScore> {
        let Some((id, kpi)) = of.weigh_by.as_ref().map(|id| (id, self.project.kpis.get(id))) else {
            return Ok(of.segments.iter().map(|of| of.weight).collect());
        };
        let period = kpi.map_or(period, |kpi| self.period_of(kpi, period));
        let mut worth = Vec::with_capacity(of.segments.len());
        for part in of.segments.iter().map(|of| Segment::of(&of.members)) {
            let found = self.part_of(unit, &part).and_then(|of| self.values.observed(id, period, &of));
            let point = found.and_then(|of| of.ok()).map(|of| of.point).filter(|point| *point >= 0.0);
            let unknown = || NoScore::Weights { kpi: id.clone(), segment: part.to_string() };
            worth.push(point.ok_or_else(unknown)?);
        }
        let all: f64 = worth.iter().sum();
        if all <= 0.0 {
            let segment = of.segments.first().map(|of| Segment::of(&of.members).to_string());
            return Err(NoScore::Weights { kpi: id.clone(), segment: segment.unwrap_or_default() });
        }
        let shares: Vec<f64> = worth.iter().map(|of| of / all * 10_000.0).collect();
        let mut weights: Vec<BasisPoints> = shares.iter().map(|share| *share as BasisPoints).collect();
        let rest = |place: usize| shares.get(place).map_or(0.0, |share| share.fract());
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by(|a, b| rest(*b).total_cmp(&rest(*a)).then(a.cmp(b)));
        let short = 10_000_u32.saturating_sub(weights.iter().sum());
        for place in order.into_iter().take(short as usize) {
            if let Some(weight) = weights.get_mut(place) {
                *weight += 1;
            }
        }
        Ok(weights)
    }

    /// What a unit's whole is called.
    fn root(&self, unit: Option<&UnitId>) -> (NodeId, String) {
        match unit.filter(|u| self.scorecard.unit.as_ref() != Some(*u)) {
            Some(unit) => {
                let name = self.project.units.get(unit).map_or(unit.to_string(), |u| u.name.clone());
                (NodeId::Unit(unit.clone()), name)
            }
            None => (NodeId::Scorecard(self.scorecard.id.clone()), self.scorecard.name.clone()),
        }
    }

    fn perspective_name(&self, id: &PerspectiveId) -> String {
        let strategy = self.project.strategy.as_ref();
        let found = strategy.and_then(|s| s.perspectives.iter().find(|p| &p.id == id));
        found.map_or(id.to_string(), |p| p.name.clone())
    }

    fn objective_name(&self, id: &ObjectiveId) -> String {
        let strategy = self.project.strategy.as_ref();
        let found = strategy.and_then(|s| s.objectives.iter().find(|o| &o.id == id));
        found.map_or(id.to_string(), |o| o.name.clone())
    }
}

/// What a bridge asks of a card.
struct Between<'c, 'a, V: ?Sized> {
    card: &'c Card<'a, V>,
    unit: Option<&'c UnitId>,
    period: Period,
}

impl<V: KpiValues + ?Sized> bridge::Values for Between<'_, '_, V> {
    fn rescored(&self, kpi: &KpiId, unit: Option<&UnitId>, part: &Segment, target: &Target) -> Option<i64> {
        let segment = self.card.part_of(unit.or(self.unit), part)?;
        let kpi = self.card.project.kpis.get(kpi)?;
        let before = self.card.period_of(kpi, self.period.offset(-1));
        let observed = self.card.values.observed(&kpi.id, before, &segment);
        Standing::of(kpi, observed.as_ref(), Some(target.clone())).score.ok()
    }

    fn redefined(&self, kpi: &KpiId, unit: Option<&UnitId>, part: &Segment) -> bool {
        let Some(segment) = self.card.part_of(unit.or(self.unit), part) else { return false };
        let definition = |period| {
            let kpi = self.card.project.kpis.get(kpi)?;
            self.card.values.definition(&kpi.id, self.card.period_of(kpi, period), &segment)
        };
        let both = definition(self.period.offset(-1)).zip(definition(self.period));
        both.is_some_and(|(then, now)| then != now)
    }
}

/// A segment as the part of a scorecard is called: its members, `enterprise` or `enterprise, EU`.
pub fn members_named(of: &Segment) -> String {
    let one = |(_, member): &(DimensionId, Member)| match member {
        Member::Value(text) if is_name(text) => text.replace('_', " "),
        Member::Value(text) => text.to_string(),
        Member::Unknown => "no value".to_owned(),
    };
    of.0.iter().map(one).collect::<Vec<_>>().join(", ")
}
