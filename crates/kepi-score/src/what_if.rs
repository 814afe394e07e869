//! What a score would be with other weights or other values: pure, and nothing is kept.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::{Grain, Period},
    id::{KpiId, ObjectiveId, PerspectiveId, UnitId},
    project::{BasisPoints, Scorecard, Target},
};
use kepi_query::value::Segment;
use kepi_stats::estimate::{Estimate, Method, NotComputable};

use crate::{
    bridge::{self, Bridge, bridge},
    card::{Card, KpiValues},
    tree::{NodeId, Observed, ScoreNode},
};

/// What of a scorecard has a weight.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A perspective.
    Perspective(PerspectiveId),
    /// An objective.
    Objective(ObjectiveId),
    /// A segment of an objective.
    Segment(ObjectiveId, Segment),
    /// A KPI, over all rows or where it judges a segment.
    Kpi(KpiId, Segment),
}

impl Place {
    /// All places of a scorecard, each once, parents first, with their weights; of a KPI that stands several times the first.
    pub fn all(scorecard: &Scorecard) -> Vec<(Self, BasisPoints)> {
        let mut all: Vec<(Self, BasisPoints)> = Vec::new();
        for perspective in &scorecard.perspectives {
            all.push((Self::Perspective(perspective.id.clone()), perspective.weight));
            for objective in &perspective.objectives {
                all.push((Self::Objective(objective.id.clone()), objective.weight));
                let mut kpis = |of: &[(KpiId, BasisPoints)], part: &Segment| {
                    for (kpi, weight) in of {
                        let place = Self::Kpi(kpi.clone(), part.clone());
                        if !all.iter().any(|(known, _)| *known == place) {
                            all.push((place, *weight));
                        }
                    }
                };
                kpis(&objective.kpis, &Segment::total());
                for of in &objective.segments {
                    kpis(&of.kpis, &Segment::of(&of.members));
                }
                // What figures say is no weight that could be another.
                for of in objective.segments.iter().filter(|_| objective.weigh_by.is_none()) {
                    let part = Segment::of(&of.members);
                    all.push((Self::Segment(objective.id.clone(), part), of.weight));
                }
            }
        }
        all
    }

    /// Its name in definitions; of what is of a segment with that: `effort[plan=consumer]`.
    pub fn id(&self) -> String {
        match self {
            Self::Perspective(id) => id.to_string(),
            Self::Objective(id) => id.to_string(),
            Self::Segment(id, of) => format!("{id}[{of}]"),
            Self::Kpi(id, of) if of.is_total() => id.to_string(),
            Self::Kpi(id, of) => format!("{id}[{of}]"),
        }
    }
}

/// What is supposed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Supposed {
    /// Values of KPIs over the rows of the unit, or those of a segment that they judge, in their units.
    pub values: BTreeMap<(KpiId, Segment), f64>,
    /// Weights among siblings; those that are not named share out the rest as they share it now.
    pub weights: BTreeMap<Place, BasisPoints>,
}

/// Why nothing follows from what is supposed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSupposable {
    /// Siblings have more than all of the weight.
    #[error("the weights beside `{place}` come to more than 100 %")]
    TooMuch {
        /// One of them.
        place: String,
    },
    /// Siblings have less than all of the weight, and nothing is left that could take the rest.
    #[error(
        "the weights beside `{place}` come to less than 100 %, and nothing else is there to take the rest"
    )]
    TooLittle {
        /// One of them.
        place: String,
    },
    /// The score is a mean of units.
    #[error("its score is the mean of the units below it: suppose a value of one of these")]
    Averaged,
    /// No wording is in force.
    #[error("no scorecard is in force in this period")]
    NotInForce,
}

/// A score as it is, as it would be, and by what the two differ.
#[derive(Debug, Clone)]
pub struct WhatIf {
    /// As it is.
    pub before: ScoreNode,
    /// As it would be.
    pub after: ScoreNode,
    /// By what they differ, to the last digit; none where one of them has no score.
    pub bridge: Option<Bridge>,
    /// Weights that are others: as they are, as they would be.
    pub weights: Vec<(Place, BasisPoints, BasisPoints)>,
}

/// What becomes of the score of a unit in a period, were values and weights as supposed.
///
/// # Errors
/// See [`NotSupposable`].
pub fn what_if<V: KpiValues + ?Sized>(
    card: &Card<'_, V>,
    unit: Option<&UnitId>,
    period: Period,
    supposed: &Supposed,
) -> Result<WhatIf, NotSupposable> {
    let now = card.in_force(period).ok_or(NotSupposable::NotInForce)?;
    let before = card.tree(unit, period);
    let is_mean = before.children.iter().any(|child| matches!(child.id, NodeId::Unit(_)));
    if is_mean && !supposed.values.is_empty() {
        return Err(NotSupposable::Averaged);
    }
    let other = reweighted(now, &supposed.weights)?;
    let of = supposed.values.iter().filter_map(|((id, part), point)| {
        let kpi = card.project.kpis.get(id);
        let period = kpi.map_or(period, |kpi| card.period_of(kpi, period));
        Some(((id.clone(), card.part_of(unit, part)?), (period, *point)))
    });
    let values = Supposing { values: card.values, of: of.collect() };
    let after = Card { project: card.project, scorecard: &other, values: &values }.tree(unit, period);
    let weights = Place::all(now).into_iter().zip(Place::all(&other));
    let weights =
        weights.filter(|((_, a), (_, b))| a != b).map(|((place, a), (_, b))| (place, a, b)).collect();
    Ok(WhatIf { bridge: bridge(&before, &after, &Same), before, after, weights })
}

/// A scorecard with other weights, as the only one that ever was.
fn reweighted(now: &Scorecard, weights: &BTreeMap<Place, BasisPoints>) -> Result<Scorecard, NotSupposable> {
    let mut other = Scorecard { earlier: Vec::new(), from: None, ..now.clone() };
    let asked = |place: Place| weights.get(&place).copied();
    let mut of_perspectives: Vec<_> = other
        .perspectives
        .iter_mut()
        .map(|p| (p.id.to_string(), asked(Place::Perspective(p.id.clone())), &mut p.weight))
        .collect();
    share_out(&mut of_perspectives)?;
    for perspective in &mut other.perspectives {
        let mut of_objectives: Vec<_> = perspective
            .objectives
            .iter_mut()
            .map(|o| (o.id.to_string(), asked(Place::Objective(o.id.clone())), &mut o.weight))
            .collect();
        share_out(&mut of_objectives)?;
        for objective in &mut perspective.objectives {
            let share = |kpis: &mut [(KpiId, BasisPoints)], part: Segment| {
                let of = kpis.iter_mut();
                let of = of.map(|(kpi, weight)| {
                    (kpi.to_string(), asked(Place::Kpi(kpi.clone(), part.clone())), weight)
                });
                share_out(&mut of.collect::<Vec<_>>())
            };
            share(&mut objective.kpis, Segment::total())?;
            for of in &mut objective.segments {
                share(&mut of.kpis, Segment::of(&of.members))?;
            }
            let id = &objective.id;
            let of_segments = objective.segments.iter_mut().map(|of| {
                let place = Place::Segment(id.clone(), Segment::of(&of.members));
                (place.id(), asked(place), &mut of.weight)
            });
            share_out(&mut of_segments.collect::<Vec<_>>())?;
        }
    }
    Ok(other)
}

/// Gives siblings the weights asked for; the others share the rest as they did, to the last basis point, the largest
/// remainder first. Where none is asked for nothing changes.
fn share_out(siblings: &mut [(String, Option<BasisPoints>, &mut BasisPoints)]) -> Result<(), NotSupposable> {
    let Some((place, ..)) = siblings.iter().find(|(_, asked, _)| asked.is_some()) else { return Ok(()) };
    let place = place.clone();
    let all: u64 = siblings.iter().map(|(.., weight)| u64::from(**weight)).sum();
    let taken: u64 = siblings.iter().filter_map(|(_, asked, _)| asked.map(u64::from)).sum();
    let rest = all.checked_sub(taken).ok_or(NotSupposable::TooMuch { place: place.clone() })?;
    let others: u64 =
        siblings.iter().filter(|(_, asked, _)| asked.is_none()).map(|(.., weight)| u64::from(**weight)).sum();
    if others == 0 && rest > 0 {
        return Err(NotSupposable::TooLittle { place });
    }
    let mut remainders: Vec<(u64, usize)> = Vec::new();
    let mut given = 0;
    for (at, (_, asked, weight)) in siblings.iter_mut().enumerate() {
        match asked {
            Some(asked) => **weight = *asked,
            None => {
                let share = u64::from(**weight) * rest;
                let whole = share.checked_div(others).unwrap_or(0);
                remainders.push((share - whole * others, at));
                given += whole;
                **weight = whole as BasisPoints;
            }
        }
    }
    remainders.sort_by_key(|(remainder, at)| (std::cmp::Reverse(*remainder), *at));
    for (_, at) in remainders.into_iter().take((rest - given) as usize) {
        if let Some((.., weight)) = siblings.get_mut(at) {
            **weight += 1;
        }
    }
    Ok(())
}

/// Of more units than this no order is looked at: it would take too long, and nobody reads it as one.
const MOST_UNITS: usize = 30;

/// How much hangs on a weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sensitivity {
    /// Which.
    pub place: Place,
    /// As it is.
    pub weight: BasisPoints,
    /// What five percentage points more would add to the score, in millionths of a point, and five less; none where the weight
    /// cannot change so.
    pub more: Option<i64>,
    /// See [`more`](Self::more).
    pub less: Option<i64>,
    /// Between which weights the units below stand in the order in which they stand now; none with fewer than two that have a
    /// score, or more than 30.
    pub same_order: Option<(BasisPoints, BasisPoints)>,
}

/// How much hangs on each weight of a scorecard: on the score of a unit, and on the order of the units directly below it. One
/// weight changes at a time, its siblings share out the rest.
///
/// # Errors
/// No scorecard is in force.
pub fn sensitivity<V: KpiValues + ?Sized>(
    card: &Card<'_, V>,
    unit: Option<&UnitId>,
    period: Period,
) -> Result<Vec<Sensitivity>, NotSupposable> {
    let now = card.in_force(period).ok_or(NotSupposable::NotInForce)?;
    let with =
        |place: &Place, weight: BasisPoints| reweighted(now, &BTreeMap::from([(place.clone(), weight)])).ok();
    let score = |scorecard: &Scorecard| Card { scorecard, ..*card }.tree(unit, period).score.ok();
    let units = card.units(period);
    let own = units.iter().find(|(of, _)| *of == unit).map_or(0, |(_, depth)| *depth);
    let below = units.iter().skip_while(|(of, _)| *of != unit).skip(1).take_while(|(_, depth)| *depth > own);
    let mut below: Vec<&UnitId> =
        below.filter(|(_, depth)| *depth == own + 1).filter_map(|(of, _)| *of).collect();
    if below.len() > MOST_UNITS {
        below.clear();
    }
    let order = |scorecard: &Scorecard| -> Vec<usize> {
        let card = Card { scorecard, ..*card };
        let scores = below
            .iter()
            .enumerate()
            .filter_map(|(at, of)| Some((at, card.tree(Some(of), period).score.ok()?)));
        let mut scores: Vec<(usize, i64)> = scores.collect();
        scores.sort_by_key(|(at, score)| (std::cmp::Reverse(*score), *at));
        scores.into_iter().map(|(at, _)| at).collect()
    };
    let (score_now, order_now) = (score(now), order(now));
    let mut all = Vec::new();
    for (place, weight) in Place::all(now) {
        let moved = |to: Option<BasisPoints>| {
            let to = to.filter(|to| *to <= 10_000)?;
            Some(score(&with(&place, to)?)? - score_now?)
        };
        let stays =
            |weight: BasisPoints| with(&place, weight).is_some_and(|other| order(&other) == order_now);
        let same_order = (order_now.len() > 1).then(|| {
            // The furthest weight with the same order in a direction: by whole percentage points, then halved.
            let furthest = |up: bool| {
                let step = |from: BasisPoints, by: BasisPoints| match up {
                    true => (from < 10_000).then(|| from.saturating_add(by).min(10_000)),
                    false => (from > 0).then(|| from.saturating_sub(by)),
                };
                let mut at = weight;
                let mut beyond = None;
                while let Some(next) = step(at, 100) {
                    if !stays(next) {
                        beyond = Some(next);
                        break;
                    }
                    at = next;
                }
                while let Some(far) = beyond.filter(|far| far.abs_diff(at) > 1) {
                    let middle = at.midpoint(far);
                    if stays(middle) {
                        at = middle;
                    } else {
                        beyond = Some(middle);
                    }
                }
                at
            };
            (furthest(false), furthest(true))
        });
        let (more, less) = (moved(weight.checked_add(500)), moved(weight.checked_sub(500)));
        all.push(Sensitivity { place, weight, more, less, same_order });
    }
    Ok(all)
}

/// Values, with some supposed, each in the period in which it is read.
struct Supposing<'a, V: ?Sized> {
    values: &'a V,
    of: BTreeMap<(KpiId, Segment), (Period, f64)>,
}

impl<V: KpiValues + ?Sized> KpiValues for Supposing<'_, V> {
    fn observed(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Option<Observed> {
        let supposed = self.of.get(&(kpi.clone(), segment.clone()));
        match supposed.filter(|(of, _)| *of == period) {
            Some((_, point)) => Some(Ok(Estimate {
                point: *point,
                interval: Err(NotComputable::Unsupported("it is supposed".to_owned())),
                n: 0,
                effective_n: 0.0,
                method: Method::Exact,
            })),
            None => self.values.observed(kpi, period, segment),
        }
    }
    fn periods(&self, kpi: &KpiId, grain: Grain, segment: &Segment) -> Vec<(i32, bool)> {
        self.values.periods(kpi, grain, segment)
    }
}

/// Before and after are of one period: the same targets, the same definitions.
struct Same;

impl bridge::Values for Same {
    fn rescored(&self, _: &KpiId, _: Option<&UnitId>, _: &Segment, _: &Target) -> Option<i64> {
        None
    }
    fn redefined(&self, _: &KpiId, _: Option<&UnitId>, _: &Segment) -> bool {
        false
    }
}
