//! Root causes of a deviation among many dimensions: RiskLoc.
#![expect(clippy::indexing_slicing, reason = "leaves have one element per dimension, checked at entry")]

use std::collections::BTreeMap;

use crate::estimate::NotComputable;

/// A full combination of elements, expected and observed.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// Its element in every dimension.
    pub elements: Vec<u32>,
    /// What was forecast. Not negative.
    pub forecast: f64,
    /// What came. Not negative.
    pub actual: f64,
}

/// When a combination counts as a root cause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RootCauseOptions {
    /// Most extreme distinct deviations on each side that do not tell how wide the noise is; at most one in twenty
    /// of them. Default 5.
    pub extremes: usize,
    /// Least risk. Default 0.5.
    pub risk: f64,
    /// Least share of the anomalous deviation worth explaining. Default 0.02.
    pub power: f64,
}

impl Default for RootCauseOptions {
    fn default() -> Self {
        Self { extremes: 5, risk: 0.5, power: 0.02 }
    }
}

/// A combination that explains a deviation.
#[derive(Debug, Clone, PartialEq)]
pub struct RootCause {
    /// Dimension and element, one or more.
    pub elements: Vec<(usize, u32)>,
    /// Risk: weighted share of anomalous leaves, less how unevenly they moved. Between −∞ and 1.
    pub risk: f64,
    /// Share of the total deviation.
    pub explanatory_power: f64,
}

struct Scored<'a> {
    leaf: &'a Leaf,
    deviation: f64,
    anomalous: bool,
    weight: f64,
    power: f64,
}

/// The combinations of elements that explain why a total missed its forecast, largest first in each round.
///
/// A leaf deviates by `d = 2(f − a)/(f + a)`. The side that deviates less tells the width of the noise; what lies
/// beyond its mirror image is anomalous. Risk of a combination is `w_a/(w_a + w_n + 1)`, with weights |d| of
/// anomalous leaves and the distance from the cut of others, at most 1 each, less the mean |d| left once the combination
/// moves as one, over its mean |d|. One is added so that a handful of leaves proves little. Combinations of one element
/// are searched first, then of two and so on; what is found is taken out and the search starts anew. Source: Kalander
/// 2022, RiskLoc. O(causes · 2^dimensions · leaves).
///
/// # Errors
/// `NoRows`, `NoVariation` when nothing deviates, `ZeroDenominator` when deviations cancel in total, `NotFinite`,
/// `Invalid` for negative values or leaves of different dimensions, `Unsupported` beyond ten dimensions.
pub fn root_causes(leaves: &[Leaf], options: RootCauseOptions) -> Result<Vec<RootCause>, NotComputable> {
    let dimensions = leaves.first().ok_or(NotComputable::NoRows)?.elements.len();
    if dimensions > 10 {
        return Err(NotComputable::Unsupported(
            "combinations of more than ten dimensions are too many".to_owned(),
        ));
    }
    if leaves.iter().any(|leaf| !leaf.forecast.is_finite() || !leaf.actual.is_finite()) {
        return Err(NotComputable::NotFinite { what: "a leaf".to_owned() });
    }
    if leaves.iter().any(|leaf| leaf.elements.len() != dimensions || leaf.forecast < 0.0 || leaf.actual < 0.0)
    {
        return Err(NotComputable::invalid("leaves have all dimensions and no negative values"));
    }
    NotComputable::unless_finite("the options", &[options.risk, options.power])?;
    let mut rest = scored(leaves, options.extremes)?;
    let anomalous = |rest: &[Scored<'_>]| rest.iter().filter(|s| s.anomalous).map(|s| s.power).sum::<f64>();
    if anomalous(&rest) < 0.0 {
        for scored in &mut rest {
            scored.power = -scored.power;
        }
    }
    let enough = options.power * anomalous(&rest);
    let mut found = Vec::new();
    while anomalous(&rest) > 0.0 && anomalous(&rest) >= enough {
        let Some(cause) = search(&rest, dimensions, options.risk, enough) else { break };
        rest.retain(|s| !cause.elements.iter().all(|(d, element)| s.leaf.elements[*d] == *element));
        found.push(cause);
    }
    Ok(found)
}

fn score(forecast: f64, actual: f64) -> f64 {
    if forecast + actual == 0.0 { 0.0 } else { 2.0 * (forecast - actual) / (forecast + actual) }
}

fn scored(leaves: &[Leaf], extremes: usize) -> Result<Vec<Scored<'_>>, NotComputable> {
    let deviations: Vec<f64> = leaves.iter().map(|leaf| score(leaf.forecast, leaf.actual)).collect();
    let mut distinct = deviations.clone();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if distinct.iter().all(|d| *d == 0.0) {
        return Err(NotComputable::NoVariation);
    }
    let total: f64 = leaves.iter().map(|leaf| leaf.actual - leaf.forecast).sum();
    if total == 0.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let dropped = extremes.min(distinct.len() / 20);
    let (low, high) = (distinct[dropped], distinct[distinct.len() - 1 - dropped]);
    let quiet = if low.abs() <= high.abs() { low } else { high };
    let (cut, upward) = (-quiet, if quiet == 0.0 { total < 0.0 } else { quiet < 0.0 });
    Ok(leaves
        .iter()
        .zip(deviations)
        .map(|(leaf, deviation)| {
            let anomalous = if upward { deviation > cut } else { deviation < cut };
            let weight = if anomalous { deviation.abs() } else { (cut - deviation).abs() };
            let empty = leaf.forecast == 0.0 && leaf.actual == 0.0;
            Scored {
                leaf,
                deviation,
                anomalous,
                weight: if empty { 0.0 } else { weight.min(1.0) },
                power: (leaf.actual - leaf.forecast) / total,
            }
        })
        .collect())
}

/// The combination of fewest elements with enough risk; among those of equally many the one that explains most.
fn search(rest: &[Scored<'_>], dimensions: usize, least: f64, enough: f64) -> Option<RootCause> {
    for layer in 1..=dimensions as u32 {
        let mut best: Option<RootCause> = None;
        for chosen in (1_u32..1 << dimensions).filter(|chosen| chosen.count_ones() == layer) {
            let axes: Vec<usize> = (0..dimensions).filter(|d| chosen >> d & 1 == 1).collect();
            let mut groups: BTreeMap<Vec<u32>, Vec<&Scored<'_>>> = BTreeMap::new();
            for scored in rest {
                let key = axes.iter().map(|d| scored.leaf.elements[*d]).collect();
                groups.entry(key).or_default().push(scored);
            }
            let bar = best.as_ref().map_or(enough, |best| best.explanatory_power);
            let mut candidates: Vec<(f64, &Vec<u32>, &Vec<&Scored<'_>>)> = groups
                .iter()
                .filter(|(_, group)| group.iter().any(|s| s.anomalous))
                .map(|(key, group)| (group.iter().map(|s| s.power).sum::<f64>(), key, group))
                .filter(|(power, ..)| *power > bar)
                .collect();
            candidates.sort_by(|x, y| y.0.total_cmp(&x.0));
            let guilty = candidates.into_iter().map(|(power, key, group)| (power, key, risk(group)));
            if let Some((power, key, risk)) = guilty.into_iter().find(|(_, _, risk)| *risk >= least) {
                let elements = axes.iter().copied().zip(key.iter().copied()).collect();
                best = Some(RootCause { elements, risk, explanatory_power: power });
            }
        }
        if best.is_some() {
            return best;
        }
    }
    None
}

fn risk(group: &[&Scored<'_>]) -> f64 {
    let weight =
        |anomalous: bool| group.iter().filter(|s| s.anomalous == anomalous).map(|s| s.weight).sum::<f64>();
    let high = weight(true) / (weight(true) + weight(false) + 1.0);
    // How a leaf that had nothing, or was to have nothing, moved in proportion cannot be said.
    let moved: Vec<&&Scored<'_>> =
        group.iter().filter(|s| s.leaf.actual != 0.0 && s.leaf.forecast != 0.0).collect();
    let sum = |of: fn(&Scored<'_>) -> f64| moved.iter().map(|s| of(s)).sum::<f64>();
    let factor = sum(|s| s.leaf.actual) / sum(|s| s.leaf.forecast);
    let before = sum(|s| s.deviation.abs());
    let after: f64 = moved.iter().map(|s| score(s.leaf.forecast * factor, s.leaf.actual).abs()).sum();
    if before > 0.0 { high - after / before } else { high }
}
