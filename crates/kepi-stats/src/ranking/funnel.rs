//! Funnel limits for proportions, with over-dispersion.

use super::shrinkage::Count;
use crate::distribution::normal;
use crate::estimate::{Interval, Level, NotComputable};

/// How scatter beyond chance is allowed for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Overdispersion {
    /// Not at all.
    None,
    /// Limits widened by √φ, with z-scores pulled in to this share of each tail before φ is taken
    /// (Spiegelhalter 2005). The default is 0.1; 0 winsorises nothing.
    Multiplicative(f64),
    /// A variance τ² between units added to each, by moments.
    #[default]
    Additive,
}

/// One unit in the funnel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FunnelPoint {
    /// Observed proportion.
    pub rate: f64,
    /// Standardised deviation from the target by chance alone.
    pub z: f64,
    /// The same with over-dispersion allowed for.
    pub adjusted_z: f64,
    /// Limits for a unit of this size.
    pub limits: Interval,
    /// Whether the rate lies outside its limits.
    pub outside: bool,
}

/// A funnel.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    /// Target: the overall proportion.
    pub target: f64,
    /// φ: mean squared (winsorised) z; 1 when only chance is at work.
    pub phi: f64,
    /// τ² on the scale of the proportion; 0 unless additive.
    pub between: f64,
    /// The units in the order given.
    pub points: Vec<FunnelPoint>,
}

/// Draws the funnel of units around their joint proportion, O(units log units).
///
/// z by the normal approximation `(p − p₀) ⁄ √(p₀(1−p₀)⁄n)`. φ below one is taken as one: less scatter than
/// chance does not narrow limits. Source: Spiegelhalter (2005).
///
/// # Errors
/// `TooFew` below two units; `ZeroDenominator` for a unit without trials; `NoVariation`; `Invalid`.
pub fn funnel(counts: &[Count], dispersion: Overdispersion, level: Level) -> Result<Funnel, NotComputable> {
    NotComputable::unless_enough(counts.len(), 2)?;
    if counts.iter().any(|c| c.n == 0) {
        return Err(NotComputable::ZeroDenominator);
    }
    if counts.iter().any(|c| c.x > c.n) {
        return Err(NotComputable::invalid("more successes than trials"));
    }
    let (x, n) = counts.iter().fold((0, 0), |s, c| (s.0 + c.x, s.1 + c.n));
    if x == 0 || x == n {
        return Err(NotComputable::NoVariation);
    }
    let target = x as f64 / n as f64;
    let variance = |c: &Count| target * (1.0 - target) / c.n as f64;
    let z: Vec<f64> =
        counts.iter().map(|c| (c.x as f64 / c.n as f64 - target) / variance(c).sqrt()).collect();
    let (phi, between) = match dispersion {
        Overdispersion::None => (mean_square(&z), 0.0),
        Overdispersion::Multiplicative(share) => (mean_square(&winsorised(&z, share)?), 0.0),
        Overdispersion::Additive => {
            let phi = mean_square(&winsorised(&z, 0.1)?);
            let weights: Vec<f64> = counts.iter().map(|c| 1.0 / variance(c)).collect();
            let (sum, squares) = weights.iter().fold((0.0, 0.0), |s, w| (s.0 + w, s.1 + w * w));
            let k = counts.len() as f64;
            (phi, ((k * phi - (k - 1.0)) / (sum - squares / sum)).max(0.0))
        }
    };
    let widen =
        if matches!(dispersion, Overdispersion::Multiplicative(_)) { phi.max(1.0).sqrt() } else { 1.0 };
    let points = counts
        .iter()
        .zip(&z)
        .map(|(c, &z)| {
            let rate = c.x as f64 / c.n as f64;
            let spread = (variance(c) + between).sqrt() * widen;
            let limits = Interval::around(target, level.z() * spread, level);
            FunnelPoint {
                rate,
                z,
                adjusted_z: (rate - target) / spread,
                limits,
                outside: rate < limits.low || rate > limits.high,
            }
        })
        .collect();
    Ok(Funnel { target, phi, between, points })
}

impl FunnelPoint {
    /// Two-sided p-value with over-dispersion allowed for.
    #[must_use]
    pub fn p_value(&self) -> f64 {
        normal::two_sided(self.adjusted_z)
    }
}

fn mean_square(z: &[f64]) -> f64 {
    z.iter().map(|v| v * v).sum::<f64>() / z.len() as f64
}

/// Values beyond the `share` and `1 − share` quantiles (linear between order statistics) are pulled to them.
fn winsorised(z: &[f64], share: f64) -> Result<Vec<f64>, NotComputable> {
    if !(0.0..0.5).contains(&share) {
        return Err(NotComputable::invalid("a winsorised share lies between 0 and one half"));
    }
    let mut sorted = z.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quantile = |p: f64| {
        let at = p * (sorted.len() - 1) as f64;
        let (low, part) = (at as usize, at - libm::floor(at));
        let value = |i: usize| sorted.get(i).or(sorted.last()).copied().unwrap_or(0.0);
        value(low) + part * (value(low + 1) - value(low))
    };
    let (low, high) = (quantile(share), quantile(1.0 - share));
    Ok(z.iter().map(|v| v.clamp(low, high)).collect())
}
