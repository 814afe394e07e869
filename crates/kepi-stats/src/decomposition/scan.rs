//! Where a deviation sits among many dimensions: the Poisson scan.
#![expect(clippy::indexing_slicing, reason = "leaves have one element per dimension, checked at entry")]

use std::collections::BTreeMap;

use super::root_cause::Leaf;
use crate::estimate::NotComputable;

/// A combination of elements in which events came otherwise than elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// Dimension and element, one or more.
    pub elements: Vec<(usize, u32)>,
    /// What came over what was forecast, inside.
    pub inside: f64,
    /// The same of the rest.
    pub outside: f64,
}

/// Combinations that are named at most.
const MOST: usize = 3;
/// By how much the ratio inside differs from none, and from that outside, at least.
const OFF: f64 = 1.15;
const APART: f64 = 1.1;
/// What naming an element costs: so many units of log likelihood, or so much of all events, if that is more.
const PRICE: (f64, f64) = (3.0, 0.02);
/// Of the deviation the rest must keep so much for another combination to be looked for.
const LEFT: f64 = 0.25;

/// The fewest combinations of elements that explain why the events of a whole missed their forecast, in the order in which they are found.
///
/// Events are counts about `ratio · forecast`, with one ratio inside a combination and another outside (Kulldorff 1997, *A spatial scan statistic*);
/// the combination with the greatest likelihood less a price for each element named is taken, its leaves are taken out, and the rest is searched as
/// long as it is off by a quarter of what it was. Only what moved the way of the whole is named. O(combinations named · 2^dimensions · leaves).
///
/// # Errors
/// `NoRows`; `NotFinite`; `Invalid` for negative values or leaves of different dimensions; `Unsupported` beyond ten dimensions.
pub fn scan(leaves: &[Leaf]) -> Result<Vec<Located>, NotComputable> {
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
    let mut rest: Vec<&Leaf> = leaves.iter().filter(|leaf| leaf.forecast > 0.0).collect();
    let mut found = Vec::new();
    let (events, forecast) = sums(&rest);
    let rises = events > forecast;
    while found.len() < MOST {
        let (before, forecast) = sums(&rest);
        let Some(located) = best(&rest, dimensions, rises) else { break };
        rest.retain(|leaf| !located.elements.iter().all(|(at, element)| leaf.elements[*at] == *element));
        found.push(located);
        let (after, left) = sums(&rest);
        let (off, was) = (after - left, before - forecast);
        if left <= 0.0 || (if rises { off < LEFT * was } else { off > LEFT * was }) {
            break;
        }
    }
    Ok(found)
}

/// Events and their forecast.
fn sums(leaves: &[&Leaf]) -> (f64, f64) {
    leaves
        .iter()
        .fold((0.0, 0.0), |(events, forecast), leaf| (events + leaf.actual, forecast + leaf.forecast))
}

fn best(leaves: &[&Leaf], dimensions: usize, rises: bool) -> Option<Located> {
    let (events, forecast) = sums(leaves);
    let mut best: Option<(f64, Located)> = None;
    // What the logarithm of the likelihood has from a side beyond what all ways to divide have in common.
    let gain = |events: f64, ratio: f64| if events > 0.0 { events * libm::log(ratio) } else { 0.0 };
    for named in 1_usize..1 << dimensions {
        let of: Vec<usize> = (0..dimensions).filter(|at| named >> at & 1 == 1).collect();
        let mut groups: BTreeMap<Vec<u32>, (f64, f64)> = BTreeMap::new();
        for leaf in leaves {
            let group = groups.entry(of.iter().map(|at| leaf.elements[*at]).collect()).or_default();
            *group = (group.0 + leaf.actual, group.1 + leaf.forecast);
        }
        for (elements, (inside, expected)) in groups {
            let (outside, others) = (events - inside, forecast - expected);
            let ratio = inside / expected;
            let rest = if others > 1e-9 * forecast { outside / others } else { 1.0 };
            let apart = if rises {
                ratio > OFF && ratio > APART * rest
            } else {
                ratio < 1.0 / OFF && ratio * APART < rest
            };
            if !apart {
                continue;
            }
            let price = of.len() as f64 * PRICE.0.max(PRICE.1 * events);
            let score = gain(inside, ratio) + gain(outside, rest) - price;
            if best.as_ref().is_none_or(|(known, _)| score > *known) {
                let elements = of.iter().copied().zip(elements).collect();
                best = Some((score, Located { elements, inside: ratio, outside: rest }));
            }
        }
    }
    best.map(|(_, located)| located)
}
