//! Exact Shapley values: each driver's average marginal effect over all orders of change.
#![expect(clippy::indexing_slicing, reason = "coalitions are masks below 2^players, the length of the table")]

use crate::estimate::NotComputable;

/// Above this many players the 2ⁿ coalitions take too long to list.
pub const MOST_PLAYERS: usize = 20;

/// Shapley values of a game given by its characteristic function over bit masks.
///
/// `φᵢ = Σ_S |S|!(n−|S|−1)!⁄n! · (v(S∪i) − v(S))`; they add up to `v(all) − v(none)`.
/// Calls `worth` 2ⁿ times, then O(n 2ⁿ). Source: Shapley (1953).
///
/// # Errors
/// `TooFew` without players, `Unsupported` above 20, `NotFinite` when a coalition has no finite worth.
pub fn shapley(players: usize, mut worth: impl FnMut(u32) -> f64) -> Result<Vec<f64>, NotComputable> {
    NotComputable::unless_enough(players, 1)?;
    if players > MOST_PLAYERS {
        return Err(NotComputable::Unsupported(format!(
            "{players} drivers have 2^{players} combinations; at most {MOST_PLAYERS} are enumerated"
        )));
    }
    let worths: Vec<f64> = (0..1_u32 << players).map(&mut worth).collect();
    NotComputable::unless_finite("the worth of a coalition", &worths)?;
    let weights = order_weights(players);
    let mut values = vec![0.0; players];
    for (player, value) in values.iter_mut().enumerate() {
        let bit = 1_usize << player;
        for without in (0..worths.len()).filter(|mask| mask & bit == 0) {
            *value += weights[without.count_ones() as usize] * (worths[without | bit] - worths[without]);
        }
    }
    Ok(values)
}

/// `s!(n−s−1)!⁄n!` for coalition sizes s.
fn order_weights(players: usize) -> Vec<f64> {
    // 1 ⁄ (n · C(n−1, s)); the binomials stay exact up to 20 players.
    let mut choose = 1.0;
    (0..players)
        .map(|s| {
            if s > 0 {
                choose = choose * (players - s) as f64 / s as f64;
            }
            1.0 / (players as f64 * choose)
        })
        .collect()
}

/// Splits the change of any function of drivers: `combine` receives the drivers, some old and some new.
///
/// Serves driver trees that mix sums, products and ratios. O(2ⁿ) calls.
///
/// # Errors
/// As [`shapley`]; `Invalid` for other lengths.
pub fn driver_tree(
    before: &[f64],
    after: &[f64],
    combine: impl Fn(&[f64]) -> f64,
) -> Result<Vec<f64>, NotComputable> {
    NotComputable::unless_same_length("drivers", before.len(), after.len())?;
    let mut drivers = before.to_vec();
    shapley(before.len(), |mask| {
        for (i, driver) in drivers.iter_mut().enumerate() {
            *driver = if mask >> i & 1 == 1 { after[i] } else { before[i] };
        }
        combine(&drivers)
    })
}

/// Splits the change of `Σ_segments Π factors`, all segments of a factor changing together.
///
/// # Errors
/// As [`driver_tree`].
pub fn product_tree(before: &[Vec<f64>], after: &[Vec<f64>]) -> Result<Vec<f64>, NotComputable> {
    NotComputable::unless_same_length("segments", before.len(), after.len())?;
    let factors = before.first().map_or(0, Vec::len);
    if before.iter().chain(after).any(|segment| segment.len() != factors) {
        return Err(NotComputable::invalid("segments differ in their number of factors"));
    }
    shapley(factors, |mask| {
        before
            .iter()
            .zip(after)
            .map(|(old, new)| {
                (0..factors).map(|k| if mask >> k & 1 == 1 { new[k] } else { old[k] }).product::<f64>()
            })
            .sum()
    })
}

/// Shapley values of a cost game where a coalition pays its dearest member (the airport game), O(n log n).
///
/// Each stretch of cost is shared equally by all who need it. Source: Littlechild and Owen (1973).
///
/// # Errors
/// `NoRows`; `Invalid` for negative costs.
pub fn airport(costs: &[f64]) -> Result<Vec<f64>, NotComputable> {
    NotComputable::unless_enough(costs.len(), 1)?;
    NotComputable::unless_finite("a cost", costs)?;
    if costs.iter().any(|c| *c < 0.0) {
        return Err(NotComputable::invalid("a cost is negative"));
    }
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by(|&a, &b| costs[a].total_cmp(&costs[b]));
    let mut shares = vec![0.0; costs.len()];
    let (mut paid, mut share) = (0.0, 0.0);
    for (rank, &player) in order.iter().enumerate() {
        share += (costs[player] - paid) / (costs.len() - rank) as f64;
        paid = costs[player];
        shares[player] = share;
    }
    Ok(shares)
}
