//! Composites: an index of other KPIs, each in points of 0 to 100, weighted. Counted in millionths of a point, so that what
//! each part adds is exact and the parts sum to the index.

use kepi_model::{
    measure::{Composite, CompositePart},
    project::{MissingRule, WithoutData},
};
use kepi_stats::estimate::{Estimate, Interval, Level, Method, NotComputable};

use super::{
    Finished,
    formula::{known, least_covered, limits, not_measured},
};

/// What one KPI adds to an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// Its points in millionths, 0 to 100 millions; or why it has none.
    pub points: Result<i64, NotComputable>,
    /// Its weight among those that count, in parts of 10 000 of their sum.
    pub weight: u32,
    /// What it adds, in millionths of a point. The parts sum to the index.
    pub adds: i64,
}

/// What each part adds, and the index, in millionths of a point.
///
/// # Errors
/// A part without a value leaves no index, by the rule of the composite, or none has a value.
pub fn parts(composite: &Composite, inputs: &[Option<Finished>]) -> Result<(Vec<Added>, i64), NotComputable> {
    let points = composite.parts.iter().zip(inputs);
    let points =
        points.map(|(part, found)| known(&part.input, found.as_ref()).map(|of| micro(part, of.point)));
    let points: Vec<Result<i64, NotComputable>> = points.collect();
    put(composite, points)
}

fn micro(part: &CompositePart, amount: f64) -> i64 {
    (part.points(amount) * 1e6).round() as i64
}

fn put(
    composite: &Composite,
    points: Vec<Result<i64, NotComputable>>,
) -> Result<(Vec<Added>, i64), NotComputable> {
    let missing = points.iter().find_map(|points| points.as_ref().err());
    let of_blocking = composite.parts.iter().zip(&points).find_map(|(part, points)| {
        points.as_ref().err().filter(|_| part.input.kpi.without_data == WithoutData::Block)
    });
    if let Some(reason) = of_blocking {
        return Err(reason.clone());
    }
    if let Some(reason) = missing
        && (composite.missing == MissingRule::Block || points.iter().all(Result::is_err))
    {
        return Err(reason.clone());
    }
    let counts = |of: &Result<i64, NotComputable>| of.is_ok() || composite.missing == MissingRule::WorstCase;
    let all: i64 = composite
        .parts
        .iter()
        .zip(&points)
        .filter(|(_, of)| counts(of))
        .map(|(part, _)| i64::from(part.weight))
        .sum();
    let mut added: Vec<(Added, i64)> = Vec::new();
    let mut sum = 0;
    for (part, points) in composite.parts.iter().zip(points) {
        let weight = if counts(&points) { part.weight } else { 0 };
        // At most 10⁴ × 10⁸.
        let share = i64::from(weight) * points.as_ref().map_or(0, |points| *points);
        sum += share;
        let (adds, rest) = (share.div_euclid(all.max(1)), share.rem_euclid(all.max(1)));
        added.push((Added { points, weight, adds }, rest));
    }
    // Rounded once; what is left over goes where the most was cut off.
    let all = all.max(1);
    let index = (2 * sum + all).div_euclid(2 * all);
    let mut left = index - added.iter().map(|(added, _)| added.adds).sum::<i64>();
    let mut order: Vec<usize> = (0..added.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(added.get(*place).map_or(0, |(_, rest)| *rest)));
    for place in order {
        if let Some((added, _)) = added.get_mut(place).filter(|_| left > 0) {
            added.adds += 1;
            left -= 1;
        }
    }
    Ok((added.into_iter().map(|(added, _)| added).collect(), index))
}

/// What becomes of the inputs' values; none of one that has none at all.
pub(super) fn finish(composite: &Composite, inputs: &[Option<Finished>], level: Level) -> Finished {
    Finished { estimate: estimate(composite, inputs, level), coverage: least_covered(inputs) }
}

fn estimate(
    composite: &Composite,
    inputs: &[Option<Finished>],
    level: Level,
) -> Result<Estimate, NotComputable> {
    let (_, index) = parts(composite, inputs)?;
    let known = || inputs.iter().flatten().filter_map(|found| found.estimate.as_ref().ok());
    let n = known().map(|estimate| estimate.n).min().unwrap_or(0);
    let point = index as f64 / 1e6;
    if known().all(|estimate| estimate.method == Method::Exact) {
        return Ok(Estimate::exact(point, n, "what it is computed of was counted in full"));
    }
    let effective_n = known().map(|estimate| estimate.effective_n).fold(f64::INFINITY, f64::min);
    let interval = interval(composite, inputs, level);
    Ok(Estimate { point, interval, n, effective_n, method: Method::Composite })
}

/// The index with every part at its worst, and with every part at its best.
fn interval(
    composite: &Composite,
    inputs: &[Option<Finished>],
    level: Level,
) -> Result<Interval, NotComputable> {
    let mut ends: [Vec<Result<i64, NotComputable>>; 2] = [Vec::new(), Vec::new()];
    for (part, found) in composite.parts.iter().zip(inputs) {
        let pair = match known(&part.input, found.as_ref()) {
            Ok(estimate) => {
                if let Some(reason) = not_measured(&part.input, estimate) {
                    return Err(reason);
                }
                let limits = limits(&part.input, estimate)?;
                let (a, b) = (micro(part, limits.low), micro(part, limits.high));
                [Ok(a.min(b)), Ok(a.max(b))]
            }
            Err(reason) => [Err(reason.clone()), Err(reason)],
        };
        for (end, of) in ends.iter_mut().zip(pair) {
            end.push(of);
        }
    }
    let [low, high] = ends.map(|points| put(composite, points).map(|(_, index)| index as f64 / 1e6));
    Ok(Interval::new(low?, high?, level))
}
