//! Ranks with their uncertainty: most league tables rank noise.
#![expect(clippy::indexing_slicing, reason = "draws have one value per unit")]

use super::pooling::{Effect, Pooled};
use crate::estimate::{Interval, Level, NotComputable};
use crate::random::Random;

/// The rank of one unit, 1 for the highest value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rank {
    /// Mean rank over draws.
    pub mean: f64,
    /// Interval of the rank.
    pub interval: Interval,
    /// Probability of being the highest.
    pub top: f64,
}

/// Ranks by Monte Carlo: every draw takes each unit from its posterior under the pooled model and ranks the draw.
///
/// Posterior: normal with the shrunken mean and variance `1 ⁄ (1⁄τ² + 1⁄v)`; with τ² = 0 all units are
/// alike and ranks are uniform. Deterministic for a seed. O(draws · units log units).
/// Source: Goldstein and Spiegelhalter (1996).
///
/// # Errors
/// `Invalid` for other lengths or fewer than 100 draws.
pub fn rank_intervals(
    effects: &[Effect],
    pooled: &Pooled,
    draws: usize,
    seed: u64,
    level: Level,
) -> Result<Vec<Rank>, NotComputable> {
    NotComputable::unless_same_length("effects and shrunken values", effects.len(), pooled.shrunk.len())?;
    if draws < 100 {
        return Err(NotComputable::invalid("at least 100 draws are needed for an interval"));
    }
    let k = effects.len();
    let deviations: Vec<f64> = effects
        .iter()
        .map(|e| (e.variance * pooled.between / (e.variance + pooled.between)).sqrt())
        .collect();
    let mut random = Random::seeded(seed);
    let mut counts = vec![vec![0_usize; k]; k];
    let mut order: Vec<usize> = (0..k).collect();
    for _ in 0..draws {
        let values: Vec<f64> =
            pooled.shrunk.iter().zip(&deviations).map(|(mean, sd)| mean + sd * random.normal()).collect();
        // Units that cannot be told apart are ranked by lot, not by their place in the list.
        let lots: Vec<u64> = (0..k).map(|_| random.bits()).collect();
        order.sort_by(|&i, &j| values[j].total_cmp(&values[i]).then(lots[i].cmp(&lots[j])));
        for (rank, &unit) in order.iter().enumerate() {
            counts[unit][rank] += 1;
        }
    }
    let tail = 0.5 * level.alpha() * draws as f64;
    Ok(counts
        .iter()
        .map(|count| {
            let mean = count.iter().enumerate().map(|(r, c)| (r as f64 + 1.0) * *c as f64).sum::<f64>()
                / draws as f64;
            let reach = |ranks: &mut dyn Iterator<Item = usize>| {
                let mut below = 0.0;
                for r in ranks {
                    below += count[r] as f64;
                    if below > tail {
                        return r as f64 + 1.0;
                    }
                }
                f64::NAN
            };
            let interval = Interval::new(reach(&mut (0..k)), reach(&mut (0..k).rev()), level);
            Rank { mean, interval, top: count[0] as f64 / draws as f64 }
        })
        .collect())
}
