//! A score that rises while the outcome it stands for falls.

use crate::estimate::{Estimate, NotComputable};
use crate::estimation::probability_in_band;

/// Change of a score beside the change of its outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Myopia {
    /// Change of the score.
    pub score: f64,
    /// Change of the outcome, where more is better.
    pub outcome: f64,
    /// Largest p at which both directions hold: small means that the score did rise and the outcome did fall.
    pub p: f64,
}

/// Tests whether a score rose while its paired outcome fell.
///
/// Takes the estimated changes with their intervals. Both one-sided tests must reject, so p is the larger of their
/// two (intersection–union, Berger 1982): the level holds however the two estimates depend on each other, and needs no
/// correction. A sign is a reason to look: the outcome may lag, or fall for other reasons.
///
/// # Errors
/// The reason why an estimate has no interval.
pub fn myopia(score: &Estimate, outcome: &Estimate) -> Result<Myopia, NotComputable> {
    let not_up = probability_in_band(score, f64::NEG_INFINITY, 0.0)?;
    let not_down = probability_in_band(outcome, 0.0, f64::INFINITY)?;
    Ok(Myopia { score: score.point, outcome: outcome.point, p: not_up.max(not_down) })
}
