//! From one period's score to the next: what moved it, split by what can be the reason.
//!
//! The earlier score is led to the later one in five moves, each a change of the tree that rounds as every score does:
//!
//! 1. today's **weights** over what had a score before,
//! 2. today's **targets** for the values of before,
//! 3. parts that have a score now and had none come in, parts that have none any more go: **coverage** (or targets, or
//!    weights, where that is why),
//! 4. the values of today for those that had one before: **performance**, or the **definition** where the two values do not
//!    mean the same.
//!
//! So performance counts at today's weights and against today's targets, and only of KPIs that had a score in both periods.
//! Every move but the first goes one KPI at a time and a weighted mean rises with its parts, rounding included: no effect of
//! performance can have another sign than the change of the KPI's own score, and the steps add up to the last digit.

use std::collections::BTreeMap;

use kepi_model::{
    id::{KpiId, UnitId},
    project::Target,
};

use kepi_query::value::Segment;

use crate::tree::{NoScore, NodeId, ScoreNode, mean};

/// What moved a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Another value, by the same definition and against today's target.
    Performance,
    /// Another definition: the two values do not mean the same.
    Definition,
    /// Another target for the same value; also one that is new or has gone.
    Targets,
    /// Another weight; also of what came onto the scorecard or left it.
    Weights,
    /// A part that had no score and has one now, or the other way round: it counts now instead of those that stood for it.
    Coverage,
}

impl Effect {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 5] =
        [Self::Performance, Self::Definition, Self::Targets, Self::Weights, Self::Coverage];

    /// The name used in JSON and in words.
    pub fn code(self) -> &'static str {
        match self {
            Self::Performance => "performance",
            Self::Definition => "definition",
            Self::Targets => "targets",
            Self::Weights => "weights",
            Self::Coverage => "coverage",
        }
    }
}

/// How a score came from one period to the next; the steps add up to the difference exactly. Millionths of a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// The earlier score.
    pub from: i64,
    /// What moved it: by effect, then in the order of the parts. None of them is zero.
    pub steps: Vec<Step>,
    /// The later score.
    pub to: i64,
}

/// One step of a bridge: one effect of one KPI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What kind of reason it is.
    pub effect: Effect,
    /// The part of the whole that the KPI belongs to: a perspective, or a unit where units are averaged.
    pub part: NodeId,
    /// Its shown name.
    pub part_name: String,
    /// The unit over whose rows the KPI was measured, where units are averaged.
    pub unit: Option<UnitId>,
    /// The segment that the KPI judges; the total: all rows.
    pub segment: Segment,
    /// The KPI.
    pub kpi: KpiId,
    /// Its shown name.
    pub kpi_name: String,
    /// Millionths of a point that the whole gained, never zero.
    pub points: i64,
    /// What the KPI's own score was before the step; none where it had none. Of performance and definition it is that of the
    /// earlier value against today's target.
    pub before: Option<i64>,
    /// What it was after; none where it has none.
    pub after: Option<i64>,
}

/// What trees do not say of a KPI, by the unit over whose rows it was measured where units are averaged.
pub trait Values {
    /// The score of its earlier value against another target. `part`: the segment that it judges, the total where it is of all rows.
    fn rescored(&self, kpi: &KpiId, unit: Option<&UnitId>, part: &Segment, target: &Target) -> Option<i64>;
    /// Whether its two values rest on different definitions.
    fn redefined(&self, kpi: &KpiId, unit: Option<&UnitId>, part: &Segment) -> bool;
}

/// The bridge between two trees of the same whole, of an earlier and a later period. None where one of the two has no score.
pub fn bridge(before: &ScoreNode, now: &ScoreNode, values: &impl Values) -> Option<Bridge> {
    let (from, to) = (*before.score.as_ref().ok()?, *now.score.as_ref().ok()?);
    let mut tree = Walked::of(Some(before), Some(now), Above::WHOLE)?;
    let mut leaves = Vec::new();
    tree.leaves(None, (None, None), &mut Vec::new(), &mut leaves);
    for leaf in &mut leaves {
        if let Some(target) = &leaf.other_target {
            leaf.rescored = values.rescored(&leaf.kpi, leaf.unit.as_ref(), &leaf.segment, target);
        }
    }
    let mut steps = Vec::new();

    reweigh(&mut tree, &leaves, from, &mut steps);
    let (stay, change): (Vec<&Leaf>, Vec<&Leaf>) = leaves.iter().partition(|leaf| leaf.counts_in_both());
    for leaf in &stay {
        let points = tree.enter(&leaf.path, leaf.rescored);
        steps.push(leaf.step(Effect::Targets, points, leaf.score_before, leaf.rescored));
    }
    // What comes in does so before anything goes, so that the whole never stands on nothing.
    let (came, gone): (Vec<&Leaf>, Vec<&Leaf>) = change.into_iter().partition(|leaf| leaf.now.is_some());
    for leaf in came.into_iter().chain(gone) {
        let points = tree.enter(&leaf.path, leaf.now);
        steps.push(leaf.step(leaf.presence, points, leaf.score_before, leaf.score_now));
    }
    for leaf in &stay {
        let points = tree.enter(&leaf.path, leaf.now);
        let redefined = points != 0 && values.redefined(&leaf.kpi, leaf.unit.as_ref(), &leaf.segment);
        let effect = if redefined { Effect::Definition } else { Effect::Performance };
        steps.push(leaf.step(effect, points, leaf.rescored, leaf.now));
    }
    steps.retain(|step| step.points != 0);
    steps.sort_by_key(|step| step.effect);
    Some(Bridge { from, steps, to })
}

/// Gives every part today's weight, and each KPI its share of what that brings: what its weight gained, times how far its
/// score is above the whole's. Weights together are one, so the shares add up to the whole; they are rounded towards zero and
/// the rest is the largest one's.
fn reweigh(tree: &mut Walked, leaves: &[Leaf], from: i64, steps: &mut Vec<Step>) {
    let shares = |tree: &Walked| {
        let mut shares = BTreeMap::new();
        tree.shares(1.0, &mut Vec::new(), &mut shares);
        shares
    };
    let before = shares(tree);
    tree.take_todays_weights();
    let moved = tree.value.unwrap_or(from) - from;
    let now = shares(tree);
    let gain = |leaf: &Leaf| {
        let share = |of: &BTreeMap<Vec<usize>, f64>| of.get(&leaf.path).copied().unwrap_or(0.0);
        let score = leaf.before.unwrap_or(from);
        ((share(&now) - share(&before)) * (score - from) as f64) as i64
    };
    let mut gains: Vec<i64> = leaves.iter().map(gain).collect();
    let rest = moved - gains.iter().sum::<i64>();
    if let Some(largest) = gains.iter_mut().max_by_key(|gain| gain.abs()) {
        *largest += rest;
    }
    for (leaf, points) in leaves.iter().zip(gains) {
        steps.push(leaf.step(Effect::Weights, points, leaf.score_before, leaf.score_before));
    }
}

/// A KPI of the whole: what it entered the whole with and its own score, before and now.
struct Leaf {
    path: Vec<usize>,
    part: (NodeId, String),
    unit: Option<UnitId>,
    segment: Segment,
    kpi: KpiId,
    kpi_name: String,
    before: Option<i64>,
    now: Option<i64>,
    score_before: Option<i64>,
    score_now: Option<i64>,
    /// Today's target, where it is another than before.
    other_target: Option<Target>,
    /// The score of its value of before against today's target.
    rescored: Option<i64>,
    /// What it is called where it comes in or goes.
    presence: Effect,
}

impl Leaf {
    /// Whether it has a score in both periods that enters the whole. A missing one that counts as 0 has none.
    fn counts_in_both(&self) -> bool {
        let counts = |entered: Option<i64>, score: Option<i64>| entered.is_some() && entered == score;
        counts(self.before, self.score_before) && counts(self.now, self.score_now) && self.rescored.is_some()
    }

    fn step(&self, effect: Effect, points: i64, before: Option<i64>, after: Option<i64>) -> Step {
        let (part, part_name) = self.part.clone();
        let (unit, kpi, kpi_name) = (self.unit.clone(), self.kpi.clone(), self.kpi_name.clone());
        let segment = self.segment.clone();
        Step { effect, part, part_name, unit, segment, kpi, kpi_name, points, before, after }
    }
}

/// What stands above a part says of how the part enters the whole.
#[derive(Clone, Copy)]
struct Above {
    before: Enters,
    now: Enters,
    /// Why a KPI that has a score in both does so in one of them only.
    why: Effect,
}

/// How what is below a part enters the whole in one of the two periods.
#[derive(Clone, Copy)]
struct Enters {
    /// Whether it does.
    at_all: bool,
    /// Whether as 0, since the part has no score and counts as that.
    as_nothing: bool,
    /// Whether it is known what it weighs.
    weighs: bool,
}

impl Above {
    /// What the whole itself stands below.
    const WHOLE: Self = Self { before: Enters::WHOLE, now: Enters::WHOLE, why: Effect::Coverage };
}

impl Enters {
    const WHOLE: Self = Self { at_all: true, as_nothing: false, weighs: true };

    /// Below a part that enters the whole with a score, if it does.
    fn below(self, part: Option<&ScoreNode>, entered: Option<i64>) -> Self {
        let has_score = part.is_none_or(|part| part.score.is_ok());
        Self {
            at_all: entered.is_some(),
            as_nothing: entered.is_some() && (self.as_nothing || !has_score),
            weighs: part.is_some_and(ScoreNode::knows_weights),
        }
    }

    /// With what a part enters the whole.
    fn entered(self, part: Option<&ScoreNode>) -> Option<i64> {
        let part = part.filter(|_| self.at_all)?;
        if self.as_nothing { Some(0) } else { part.enters }
    }
}

/// Two trees laid over each other, on the way from one to the other.
struct Walked {
    id: NodeId,
    name: String,
    /// The weight that counts on the way, and the one to come.
    weight: u32,
    weight_now: u32,
    /// The score that it has on the way; none where it is left out.
    value: Option<i64>,
    /// What it enters the whole with.
    before: Option<i64>,
    now: Option<i64>,
    /// Its own score.
    score_before: Option<i64>,
    score_now: Option<i64>,
    other_target: Option<Target>,
    presence: Effect,
    children: Vec<Walked>,
}

impl Walked {
    fn of(before: Option<&ScoreNode>, now: Option<&ScoreNode>, above: Above) -> Option<Self> {
        let shape = now.or(before)?;
        let score = |of: Option<&ScoreNode>| of?.score.as_ref().ok().copied();
        let without_target = |of: Option<&ScoreNode>| of.is_some_and(|n| n.score == Err(NoScore::NoTarget));
        let presence = match (before, now) {
            (None, _) | (_, None) => Effect::Weights,
            _ if without_target(before) || without_target(now) => Effect::Targets,
            _ if score(before).is_some() && score(now).is_some() => above.why,
            _ => Effect::Coverage,
        };
        let target = |of: Option<&'_ ScoreNode>| of.and_then(|node| node.target.as_ref()).map(|t| t.lines);
        let other = target(before) != target(now);
        let weights = (before.filter(|_| above.before.weighs), now.filter(|_| above.now.weighs));
        let mut walked = Self {
            id: shape.id.clone(),
            name: shape.name.clone(),
            weight: weights.0.or(weights.1).map_or(0, |node| node.weight),
            weight_now: weights.1.or(weights.0).map_or(0, |node| node.weight),
            value: None,
            before: above.before.entered(before),
            now: above.now.entered(now),
            score_before: score(before),
            score_now: score(now),
            other_target: now.and_then(|node| node.target.clone()).filter(|_| other),
            presence,
            children: Vec::new(),
        };
        // The same KPIs have a score, and they are no longer enough, or are enough now: they weigh otherwise.
        let is_reweighed = walked.before.is_some() != walked.now.is_some() && !comes_or_goes(before, now);
        let below = Above {
            before: above.before.below(before, walked.before),
            now: above.now.below(now, walked.now),
            why: if is_reweighed { Effect::Weights } else { above.why },
        };
        let children = children_of(before, now)
            .into_iter()
            .filter_map(|id| Self::of(child(before, id), child(now, id), below));
        walked.children = children.collect();
        walked.value = if walked.is_leaf() { walked.before } else { walked.mean() };
        Some(walked)
    }

    /// Whether it is a KPI, or a part without anything beneath.
    fn is_leaf(&self) -> bool {
        self.children.is_empty()
    }

    fn mean(&self) -> Option<i64> {
        let parts = || self.children.iter().filter_map(|child| Some((child.weight, child.value?)));
        parts().next()?;
        Some(mean(parts()))
    }

    /// Lets the leaf at a path enter with a score, and gives what that brings the whole.
    fn enter(&mut self, path: &[usize], score: Option<i64>) -> i64 {
        let before = self.value;
        match path.split_first() {
            None => self.value = score,
            Some((first, rest)) => {
                if let Some(child) = self.children.get_mut(*first) {
                    child.enter(rest, score);
                }
                self.value = self.mean();
            }
        }
        self.value.zip(before).map_or(0, |(now, before)| now - before)
    }

    fn take_todays_weights(&mut self) {
        self.weight = self.weight_now;
        if !self.is_leaf() {
            self.children.iter_mut().for_each(Self::take_todays_weights);
            self.value = self.mean();
        }
    }

    /// The share of the whole of every leaf that counts.
    fn shares(&self, share: f64, path: &mut Vec<usize>, all: &mut BTreeMap<Vec<usize>, f64>) {
        if self.is_leaf() {
            all.insert(path.clone(), share);
            return;
        }
        let counts = || self.children.iter().enumerate().filter(|(_, child)| child.value.is_some());
        let together: u64 = counts().map(|(_, child)| u64::from(child.weight)).sum();
        for (place, child) in counts() {
            path.push(place);
            child.shares(share * f64::from(child.weight) / together.max(1) as f64, path, all);
            path.pop();
        }
    }

    /// The KPIs beneath, with the part of the whole, the unit and the segment that they belong to.
    fn leaves(
        &self,
        part: Option<&(NodeId, String)>,
        (unit, segment): (Option<&UnitId>, Option<&Segment>),
        path: &mut Vec<usize>,
        all: &mut Vec<Leaf>,
    ) {
        let own = (self.id.clone(), self.name.clone());
        let unit = if let (NodeId::Unit(id), false) = (&self.id, path.is_empty()) { Some(id) } else { unit };
        let segment = if let NodeId::Segment(of) = &self.id { Some(of) } else { segment };
        if let NodeId::Kpi(kpi) = &self.id {
            all.push(Leaf {
                path: path.clone(),
                part: part.unwrap_or(&own).clone(),
                unit: unit.cloned(),
                segment: segment.cloned().unwrap_or_default(),
                kpi: kpi.clone(),
                kpi_name: self.name.clone(),
                before: self.before,
                now: self.now,
                score_before: self.score_before,
                score_now: self.score_now,
                other_target: self.other_target.clone(),
                rescored: self.score_before,
                presence: self.presence,
            });
        }
        let part = if path.is_empty() { None } else { Some(part.unwrap_or(&own)) };
        for (place, child) in self.children.iter().enumerate() {
            path.push(place);
            child.leaves(part, (unit, segment), path, all);
            path.pop();
        }
    }
}

/// Whether a KPI below has a score in one of the two periods only.
fn comes_or_goes(before: Option<&ScoreNode>, now: Option<&ScoreNode>) -> bool {
    let ids = children_of(before, now);
    let has_score = |of: Option<&ScoreNode>| of.is_some_and(|node| node.score.is_ok());
    if ids.is_empty() {
        return has_score(before) != has_score(now);
    }
    ids.into_iter().any(|id| comes_or_goes(child(before, id), child(now, id)))
}

/// The children of either, in the order of today.
fn children_of<'n>(before: Option<&'n ScoreNode>, now: Option<&'n ScoreNode>) -> Vec<&'n NodeId> {
    let mut ids: Vec<&NodeId> = Vec::new();
    for child in [now, before].into_iter().flatten().flat_map(|node| &node.children) {
        if !ids.contains(&&child.id) {
            ids.push(&child.id);
        }
    }
    ids
}

fn child<'n>(of: Option<&'n ScoreNode>, id: &NodeId) -> Option<&'n ScoreNode> {
    of?.children.iter().find(|child| &child.id == id)
}
