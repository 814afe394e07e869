//! The scorecard as a tree of scores whose parts add up.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::Period,
    id::{KpiId, LevelId, ObjectiveId, PerspectiveId, ScorecardId, UnitId},
    project::{Cascade, CascadeTargets, CascadeValue, Kpi, MissingRule, Project, Scorecard, Target, Unit},
};
use kepi_stats::estimate::{Estimate, NotComputable};
use serde::{Deserialize, Serialize};

use crate::{
    AT_STRETCH,
    band::{Band, band, band_of_score, probability, score},
    target::in_force,
};

/// A KPI's value as the roll-up takes it: an estimate or why there is none.
pub type Observed = Result<Estimate, NotComputable>;

/// What a node stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// A scorecard for its unit.
    Scorecard(ScorecardId),
    /// A unit below, where a score is the mean of its children's.
    Unit(UnitId),
    /// A perspective.
    Perspective(PerspectiveId),
    /// An objective.
    Objective(ObjectiveId),
    /// A KPI.
    Kpi(KpiId),
}

/// Why a node has no score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
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
    #[error("{} of weight has a score, {} needed", percent(*covered), percent(*needed))]
    Coverage {
        /// Millionths of the weight that have a score.
        covered: u32,
        /// Millionths needed.
        needed: u32,
    },
    /// A child has none, and the scorecard says `missing: block`.
    #[error("a part has no score, and the scorecard blocks on missing parts")]
    Blocked,
    /// There is nothing beneath.
    #[error("nothing is beneath it")]
    Empty,
}

fn percent(millionths: u32) -> String {
    format!("{}.{} %", millionths / 10_000, millionths % 10_000 / 1_000)
}

/// A KPI held against its target.
#[derive(Debug, Clone)]
pub struct Held {
    /// The target in force.
    pub target: Option<Target>,
    /// The band, where there is a value and a target.
    pub band: Option<Band>,
    /// The probability that the true value lies in that band, where the interval tells.
    pub probability: Option<f64>,
}

/// One node.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it stands for.
    pub of: Of,
    /// Its shown name.
    pub name: String,
    /// Its weight; a share of the sum over siblings. 10 000 at the root.
    pub weight: u32,
    /// The weight that counted: millionths of its parent's score, 0 if it was left out.
    pub effective_weight: u32,
    /// Its score in millionths of a point.
    pub score: Result<i64, NoScore>,
    /// What it adds to its parent's score; siblings' contributions sum to it exactly. 0 where it was left out.
    pub contribution: i64,
    /// Millionths of the weight beneath that have a score.
    pub coverage: u32,
    /// Least and greatest score, were everything that is missing at its worst or best.
    pub bounds: (i64, i64),
    /// Band of the score.
    pub band: Option<Band>,
    /// Of a KPI: how it stands against its target.
    pub held: Option<Held>,
    /// What it is made of.
    pub children: Vec<Node>,
}

impl Node {
    /// This node and all beneath, parents first.
    pub fn walk(&self) -> Vec<&Node> {
        let mut all = vec![self];
        self.children.iter().for_each(|child| all.extend(child.walk()));
        all
    }
}

/// What a scorecard is computed from.
pub struct Scoring<'a> {
    /// The project.
    pub project: &'a Project,
    /// The scorecard.
    pub scorecard: &'a Scorecard,
    /// The period: its targets hold.
    pub period: Period,
    /// The value of a KPI for a unit; `None` for the unit means all rows.
    pub value: &'a dyn Fn(Option<&UnitId>, &KpiId) -> Option<Observed>,
}

impl Scoring<'_> {
    /// The tree for a unit: the scorecard's own, or one below it in the cascade.
    pub fn tree(&self, unit: Option<&UnitId>) -> Node {
        Node { effective_weight: 1_000_000, ..self.grow(unit) }
    }

    fn grow(&self, unit: Option<&UnitId>) -> Node {
        let children = unit.map(|u| self.children(u)).unwrap_or_default();
        let cascade = self.scorecard.cascade.as_ref();
        let average =
            cascade.is_some_and(|c| c.value == CascadeValue::AverageOfChildren) && !children.is_empty();
        let of = match unit {
            Some(unit) if self.scorecard.unit.as_ref() != Some(unit) => Of::Unit(unit.clone()),
            _ => Of::Scorecard(self.scorecard.id.clone()),
        };
        let name = match &of {
            Of::Unit(unit) => self.project.units.get(unit).map_or(unit.to_string(), |u| u.name.clone()),
            _ => self.scorecard.name.clone(),
        };
        if average {
            let nodes =
                children.iter().map(|child| Node { weight: 1, ..self.grow(Some(&child.id)) }).collect();
            return self.roll_up(of, name, 10_000, nodes);
        }
        let perspectives = self.scorecard.perspectives.iter().map(|perspective| {
            let objectives = perspective.objectives.iter().map(|objective| {
                let kpis = objective.kpis.iter().map(|(kpi, weight)| self.leaf(unit, kpi, *weight)).collect();
                let name = self.objective_name(&objective.id);
                self.roll_up(Of::Objective(objective.id.clone()), name, objective.weight, kpis)
            });
            let name = self.perspective_name(&perspective.id);
            let nodes = objectives.collect();
            self.roll_up(Of::Perspective(perspective.id.clone()), name, perspective.weight, nodes)
        });
        let nodes = perspectives.collect();
        self.roll_up(of, name, 10_000, nodes)
    }

    /// Units directly below one that the cascade reaches, in the order of their ids.
    pub fn children(&self, unit: &UnitId) -> Vec<&Unit> {
        let Some(cascade) = &self.scorecard.cascade else { return Vec::new() };
        children(&self.project.units, cascade, unit)
    }

    fn leaf(&self, unit: Option<&UnitId>, id: &KpiId, weight: u32) -> Node {
        let kpi = self.project.kpis.get(id);
        let target = kpi.and_then(|kpi| self.target(kpi, unit));
        // The scorecard's own unit stands for all rows.
        let of = unit.filter(|u| self.scorecard.unit.as_ref() != Some(*u));
        let observed = (self.value)(of, id);
        let mut held = Held { target, band: None, probability: None };
        let score = match (&observed, &held.target, kpi) {
            (None, ..) => Err(NoScore::NoValue),
            (Some(Err(reason)), ..) => Err(NoScore::NotComputable(reason.clone())),
            (Some(Ok(_)), None, _) | (Some(Ok(_)), _, None) => Err(NoScore::NoTarget),
            (Some(Ok(estimate)), Some(target), Some(kpi)) => {
                let at = band(estimate.point, &target.lines, kpi.better);
                held.band = Some(at);
                held.probability = probability(estimate, &target.lines, kpi.better, at).ok();
                Ok(score(estimate.point, &target.lines, kpi.better))
            }
        };
        Node {
            of: Of::Kpi(id.clone()),
            name: kpi.map_or(id.to_string(), |k| k.name.clone()),
            weight,
            effective_weight: 0,
            contribution: 0,
            coverage: if score.is_ok() { 1_000_000 } else { 0 },
            bounds: score.as_ref().map_or((0, AT_STRETCH), |s| (*s, *s)),
            band: held.band,
            score,
            held: Some(held),
            children: Vec::new(),
        }
    }

    /// The target of a KPI that holds for a unit.
    pub fn target(&self, kpi: &Kpi, unit: Option<&UnitId>) -> Option<Target> {
        let rule = self.scorecard.cascade.as_ref().map_or(CascadeTargets::Inherit, |c| c.targets);
        in_force(kpi, self.project, unit, self.scorecard.unit.as_ref(), rule, self.period)
    }

    fn roll_up(&self, of: Of, name: String, weight: u32, mut children: Vec<Node>) -> Node {
        let all: u128 = children.iter().map(|c| u128::from(c.weight)).sum();
        // Shares of weight in millionths: exact products, one division, rounded down.
        let share = |part: u128| part.checked_div(all).unwrap_or(0) as u32;
        let covered =
            |c: &Node| if c.score.is_ok() { u128::from(c.weight) * u128::from(c.coverage) } else { 0 };
        let coverage = share(children.iter().map(covered).sum());
        let bound = |pick: fn(&Node) -> i64| {
            let sum: i128 = children.iter().map(|c| i128::from(c.weight) * i128::from(pick(c))).sum();
            divide_half_even(sum, (all as i128).max(1)) as i64
        };
        let bounds = (bound(|c| c.bounds.0), bound(|c| c.bounds.1));
        let worst_case = self.scorecard.missing == MissingRule::WorstCase;
        let entering: Vec<Option<i64>> = children
            .iter()
            .map(|c| c.score.as_ref().ok().copied().or(if worst_case { Some(0) } else { None }))
            .collect();
        let needed = (self.scorecard.minimum_coverage * 1e6).round() as u32;
        let missing = children.iter().any(|c| c.score.is_err());
        let score = if children.is_empty() {
            Err(NoScore::Empty)
        } else if self.scorecard.missing == MissingRule::Block && missing {
            Err(NoScore::Blocked)
        } else if entering.iter().all(Option::is_none) || (!worst_case && coverage < needed) {
            Err(NoScore::Coverage { covered: coverage, needed })
        } else {
            let (score, parts) = weighted_mean(&children, &entering);
            for (child, (contribution, effective)) in children.iter_mut().zip(parts) {
                child.contribution = contribution;
                child.effective_weight = effective;
            }
            Ok(score)
        };
        Node {
            of,
            name,
            weight,
            effective_weight: 0,
            contribution: 0,
            coverage,
            bounds,
            band: score.as_ref().ok().map(|s| band_of_score(*s)),
            score,
            held: None,
            children,
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

/// Units directly below `unit` whose level the cascade matches, in the order of their ids.
pub fn children<'a>(units: &'a BTreeMap<UnitId, Unit>, cascade: &Cascade, unit: &UnitId) -> Vec<&'a Unit> {
    let matched = |level: &Option<LevelId>| level.as_ref().is_some_and(|l| cascade.levels.contains_key(l));
    units.values().filter(|u| u.parent.as_ref() == Some(unit) && matched(&u.level)).collect()
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

/// The weighted mean of the scores that enter, rounded half to even, and for every child its contribution and its
/// effective weight in millionths. Contributions are rounded down and the rest goes to the largest remainders, the
/// earlier child first, so that they sum to the mean exactly.
fn weighted_mean(children: &[Node], entering: &[Option<i64>]) -> (i64, Vec<(i64, u32)>) {
    let weights: Vec<i128> = children
        .iter()
        .zip(entering)
        .map(|(c, e)| if e.is_some() { i128::from(c.weight) } else { 0 })
        .collect();
    let all: i128 = weights.iter().sum::<i128>().max(1);
    let products: Vec<i128> =
        weights.iter().zip(entering).map(|(w, e)| w * i128::from(e.unwrap_or(0))).collect();
    let total: i128 = products.iter().sum();
    let mean = divide_half_even(total, all);
    let mut parts: Vec<i128> = products.iter().map(|p| p.div_euclid(all)).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(products.get(*i).map_or(0, |p| p.rem_euclid(all))));
    let short = (mean - parts.iter().sum::<i128>()).max(0) as usize;
    for i in order.into_iter().take(short) {
        if let Some(part) = parts.get_mut(i) {
            *part += 1;
        }
    }
    let effective = weights.iter().map(|w| (w * 1_000_000 / all) as u32);
    (mean as i64, parts.iter().map(|p| *p as i64).zip(effective).collect())
}
