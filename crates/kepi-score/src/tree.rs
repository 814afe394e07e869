//! The scorecard as a tree of scores whose parts add up.

use kepi_model::{
    id::{KpiId, ObjectiveId, PerspectiveId, ScorecardId, UnitId},
    project::{Kpi, MissingRule, Scorecard, Target, TargetLines, WithoutData},
};
use kepi_query::value::Segment;
use kepi_stats::estimate::{Estimate, NotComputable};
use serde::{Deserialize, Serialize};

use crate::{
    AT_STRETCH, AT_TARGET,
    band::{Band, band, band_of_score, probability, score},
};

/// The most that anything scores against a target: no more than at it where nothing lies beyond.
fn best(target: Option<&Target>) -> i64 {
    match target.map(|target| &target.lines) {
        Some(TargetLines::OneSided { stretch: None, .. } | TargetLines::InRange { stretch: None, .. }) => {
            AT_TARGET
        }
        _ => AT_STRETCH,
    }
}

/// A KPI's value as the roll-up takes it: an estimate or why there is none.
pub type Observed = Result<Estimate, NotComputable>;

/// What a node stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeId {
    /// A scorecard for its unit.
    Scorecard(ScorecardId),
    /// A unit below, where a score is the mean of its children's.
    Unit(UnitId),
    /// A perspective.
    Perspective(PerspectiveId),
    /// An objective.
    Objective(ObjectiveId),
    /// A segment that is judged by KPIs of its own.
    Segment(Segment),
    /// A KPI.
    Kpi(KpiId),
}

/// Why a node has no score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NoScore {
    /// The KPI has no value.
    #[error("{0}")]
    NotComputable(NotComputable),
    /// Nothing was computed for this unit and period.
    #[error("nothing was measured")]
    NoValue,
    /// There is a value and no target to hold it against.
    #[error("no target is in force")]
    NoTarget,
    /// Too little of the weight has a score.
    #[error("{}", too_little(*covered, *needed))]
    Coverage {
        /// Millionths of the weight that have a score.
        covered: u32,
        /// Millionths needed.
        needed: u32,
    },
    /// A child has none, and the scorecard says `missing: block`.
    #[error("a part has no score, and the scorecard blocks on missing parts")]
    Blocked,
    /// A KPI beneath has no value and says `without_data: block`.
    #[error("`{kpi}` has no value, and nothing is scored without it")]
    Without {
        /// The KPI.
        kpi: KpiId,
    },
    /// What the segments beneath weigh is not known.
    #[error("what its segments weigh is not known: `{kpi}` has no value of {segment}")]
    Weights {
        /// The KPI that should say it.
        kpi: KpiId,
        /// The segment.
        segment: String,
    },
    /// There is nothing beneath.
    #[error("nothing is beneath it")]
    Empty,
}

/// Where nothing is needed there is still no score of nothing.
fn too_little(covered: u32, needed: u32) -> String {
    match needed {
        0 => "nothing beneath it has a score".to_owned(),
        _ => format!("{} of weight has a score, {} needed", percent(covered), percent(needed)),
    }
}

fn percent(millionths: u32) -> String {
    format!("{}.{} %", millionths / 10_000, millionths % 10_000 / 1_000)
}

impl NoScore {
    /// A stable code, part of the interfaces; never changed once released.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotComputable(reason) => reason.code(),
            Self::NoValue => "no_value",
            Self::NoTarget => "no_target",
            Self::Coverage { .. } => "coverage",
            Self::Blocked => "blocked",
            Self::Without { .. } => "without",
            Self::Weights { .. } => "segment_weights",
            Self::Empty => "empty",
        }
    }
}

/// Where a KPI stands: its value held against the target in force.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The target that holds.
    pub target: Option<Target>,
    /// The score in millionths of a point, or why there is none.
    pub score: Result<i64, NoScore>,
    /// The band, where there is a value and a target.
    pub band: Option<Band>,
}

impl Standing {
    /// Holds what was observed of a KPI against a target.
    pub fn of(kpi: &Kpi, observed: Option<&Observed>, target: Option<Target>) -> Self {
        let (score, band) = match (observed, &target) {
            (None, _) => (Err(NoScore::NoValue), None),
            (Some(Err(reason)), _) => (Err(NoScore::NotComputable(reason.clone())), None),
            (Some(Ok(_)), None) => (Err(NoScore::NoTarget), None),
            (Some(Ok(estimate)), Some(target)) => (
                Ok(score(estimate.point, &target.lines, kpi.better)),
                Some(band(estimate.point, &target.lines, kpi.better)),
            ),
        };
        Self { target, score, band }
    }

    /// The probability that the true value lies in the band, where the interval tells.
    pub fn probability(&self, kpi: &Kpi, observed: Option<&Observed>) -> Option<f64> {
        let estimate = observed?.as_ref().ok()?;
        probability(estimate, &self.target.as_ref()?.lines, kpi.better, self.band?).ok()
    }
}

/// One node.
#[derive(Debug, Clone)]
pub struct ScoreNode {
    /// What it stands for.
    pub id: NodeId,
    /// Its shown name.
    pub name: String,
    /// Its weight; a share of the sum over siblings. 10 000 at the root.
    pub weight: u32,
    /// The weight that counted: millionths of its parent's score, 0 if it was left out.
    pub effective_weight: u32,
    /// Its score in millionths of a point.
    pub score: Result<i64, NoScore>,
    /// The score with which it enters its parent's, where that has one; 0 for a missing one in the worst case, none where it
    /// is left out.
    pub enters: Option<i64>,
    /// What it adds to its parent's score; siblings' contributions sum to it exactly. 0 where it was left out.
    pub contribution: i64,
    /// Millionths of the weight beneath that have a score.
    pub coverage: u32,
    /// Least and greatest score, were everything that is missing at its worst or best.
    pub bounds: (i64, i64),
    /// Band of the score.
    pub band: Option<Band>,
    /// Of a KPI: the target it is held against.
    pub target: Option<Target>,
    /// A KPI at or beneath it that has no value and without which nothing is scored.
    pub blocked_by: Option<KpiId>,
    /// What it is made of.
    pub children: Vec<ScoreNode>,
}

impl ScoreNode {
    /// This node and all beneath, parents first.
    pub fn walk(&self) -> Vec<&Self> {
        let mut all = vec![self];
        self.children.iter().for_each(|child| all.extend(child.walk()));
        all
    }

    /// The first node at or beneath this one that stands for `id`.
    pub fn find(&self, id: &NodeId) -> Option<&Self> {
        if &self.id == id { Some(self) } else { self.children.iter().find_map(|child| child.find(id)) }
    }

    /// Millionths of a point that this node's score lacks because a KPI beneath, where it judges a segment (or all rows), is
    /// not at 100 points; negative where it is beyond. It stands there several times where units are averaged. None where it has no
    /// score.
    pub fn points_lost(&self, kpi: &KpiId, part: &Segment) -> Option<i64> {
        fn walk(node: &ScoreNode, of: (&KpiId, bool, &Segment), weight: f64, lost: &mut Option<f64>) {
            let (kpi, within, part) = of;
            let within = match &node.id {
                NodeId::Segment(segment) => segment == part,
                _ => within,
            };
            match (&node.id, &node.score) {
                (NodeId::Kpi(id), Ok(score)) if id == kpi && within => {
                    *lost = Some(lost.unwrap_or(0.0) + (AT_TARGET - score) as f64 * weight);
                }
                _ => {
                    for child in &node.children {
                        let weight = weight * f64::from(child.effective_weight) / 1e6;
                        walk(child, (kpi, within, part), weight, lost);
                    }
                }
            }
        }
        let mut lost = None;
        walk(self, (kpi, part.is_total(), part), 1.0, &mut lost);
        lost.map(|points| points as i64)
    }

    /// A node over parts of which nobody knows what they weigh: it has no score, which is between the least and the greatest of
    /// theirs.
    pub(crate) fn unweighed(self, reason: NoScore) -> Self {
        let bounds = self.children.iter().map(|child| child.bounds);
        let bounds = bounds.reduce(|all, of| (all.0.min(of.0), all.1.max(of.1))).unwrap_or(self.bounds);
        let children = self.children.into_iter().map(|child| {
            let enters = child.score.as_ref().ok().copied();
            Self { weight: 0, effective_weight: 0, contribution: 0, enters, ..child }
        });
        let children = children.collect();
        Self { score: Err(reason), enters: None, band: None, coverage: 0, bounds, children, ..self }
    }

    /// Whether it is known what its parts weigh, or would if it had a score.
    pub fn knows_weights(&self) -> bool {
        !matches!(self.score, Err(NoScore::Weights { .. }))
    }

    /// A KPI, not yet weighed against its siblings.
    pub(crate) fn leaf(
        (id, name): (KpiId, String),
        weight: u32,
        standing: Standing,
        policy: WithoutData,
    ) -> Self {
        let no_value = matches!(standing.score, Err(NoScore::NotComputable(_) | NoScore::NoValue));
        Self {
            blocked_by: (policy == WithoutData::Block && no_value).then(|| id.clone()),
            id: NodeId::Kpi(id),
            name,
            weight,
            effective_weight: 0,
            contribution: 0,
            enters: standing.score.as_ref().ok().copied(),
            coverage: if standing.score.is_ok() { 1_000_000 } else { 0 },
            bounds: standing.score.as_ref().map_or((0, best(standing.target.as_ref())), |s| (*s, *s)),
            band: standing.band,
            score: standing.score,
            target: standing.target,
            children: Vec::new(),
        }
    }

    /// A node over its children by the rules of a scorecard. Children leave with what they add.
    pub(crate) fn over(
        id: NodeId,
        name: String,
        weight: u32,
        mut children: Vec<Self>,
        rules: &Scorecard,
    ) -> Self {
        let all: u128 = children.iter().map(|c| u128::from(c.weight)).sum();
        // Shares of weight in millionths: exact products, one division, rounded down.
        let share = |part: u128| part.checked_div(all).unwrap_or(0) as u32;
        let covered =
            |c: &Self| if c.score.is_ok() { u128::from(c.weight) * u128::from(c.coverage) } else { 0 };
        let coverage = share(children.iter().map(covered).sum());
        let worst_case = rules.missing == MissingRule::WorstCase;
        let bound = |pick: &dyn Fn(&Self) -> i64| {
            let sum: i128 = children.iter().map(|c| i128::from(c.weight) * i128::from(pick(c))).sum();
            divide_half_even(sum, (all as i128).max(1)) as i64
        };
        // What has no score and counts as 0 may stay so.
        let least = |c: &Self| if worst_case && c.score.is_err() { 0 } else { c.bounds.0 };
        let bounds = (bound(&least), bound(&|c| c.bounds.1));
        let entering: Vec<Option<i64>> = children
            .iter()
            .map(|c| c.score.as_ref().ok().copied().or(if worst_case { Some(0) } else { None }))
            .collect();
        let needed = (rules.minimum_coverage * 1e6).round() as u32;
        let missing = children.iter().any(|c| c.score.is_err());
        let blocked_by = children.iter().find_map(|c| c.blocked_by.clone());
        let score = if children.is_empty() {
            Err(NoScore::Empty)
        } else if let Some(kpi) = &blocked_by {
            Err(NoScore::Without { kpi: kpi.clone() })
        } else if rules.missing == MissingRule::Block && missing {
            Err(NoScore::Blocked)
        } else if entering.iter().all(Option::is_none) || (!worst_case && coverage < needed) {
            Err(NoScore::Coverage { covered: coverage, needed })
        } else {
            let (score, parts) = weighted_mean(&children, &entering);
            for ((child, (contribution, effective)), enters) in children.iter_mut().zip(parts).zip(entering) {
                child.contribution = contribution;
                child.effective_weight = effective;
                child.enters = enters;
            }
            Ok(score)
        };
        Self {
            id,
            name,
            weight,
            effective_weight: 0,
            contribution: 0,
            enters: score.as_ref().ok().copied(),
            coverage,
            bounds,
            band: score.as_ref().ok().map(|s| band_of_score(*s)),
            score,
            target: None,
            blocked_by,
            children,
        }
    }
}

/// `total / parts`, rounded half to even; `parts` is positive.
fn divide_half_even(total: i128, parts: i128) -> i128 {
    let (whole, rest) = (total.div_euclid(parts), total.rem_euclid(parts));
    let up = match (rest * 2).cmp(&parts) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => whole % 2 != 0,
    };
    whole + i128::from(up)
}

/// The weighted mean of scores, rounded half to even; 0 of nothing. Each comes with its weight.
pub(crate) fn mean(parts: impl Iterator<Item = (u32, i64)>) -> i64 {
    let (all, total) = parts.fold((0, 0), |(all, total), (weight, score)| {
        (all + i128::from(weight), total + i128::from(weight) * i128::from(score))
    });
    divide_half_even(total, all.max(1)) as i64
}

/// The [`mean`] of the scores that enter, and for every child its contribution and its
/// effective weight in millionths. Contributions are rounded down and the rest goes to the largest remainders, the
/// earlier child first, so that they sum to the mean exactly.
fn weighted_mean(children: &[ScoreNode], entering: &[Option<i64>]) -> (i64, Vec<(i64, u32)>) {
    let weights: Vec<i128> = children
        .iter()
        .zip(entering)
        .map(|(c, e)| if e.is_some() { i128::from(c.weight) } else { 0 })
        .collect();
    let all: i128 = weights.iter().sum::<i128>().max(1);
    let products: Vec<i128> =
        weights.iter().zip(entering).map(|(w, e)| w * i128::from(e.unwrap_or(0))).collect();
    let entered = children.iter().zip(entering).filter_map(|(c, e)| Some((c.weight, (*e)?)));
    let mean = mean(entered);
    let mut parts: Vec<i128> = products.iter().map(|p| p.div_euclid(all)).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(products.get(*i).map_or(0, |p| p.rem_euclid(all))));
    let short = (i128::from(mean) - parts.iter().sum::<i128>()).max(0) as usize;
    for i in order.into_iter().take(short) {
        if let Some(part) = parts.get_mut(i) {
            *part += 1;
        }
    }
    let effective = weights.iter().map(|w| (w * 1_000_000 / all) as u32);
    (mean, parts.iter().map(|p| *p as i64).zip(effective).collect())
}
