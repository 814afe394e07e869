//! Variance reduction by a covariate from before the experiment (CUPED).

use super::compare::{Arm, Comparison, Effect, Looks, compare};
use crate::estimate::{Level, NotComputable};

/// Outcome and pre-period covariate of one arm.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// Covariate measured before anybody was treated; a later one would absorb the effect.
    pub before: &'a [f64],
    /// Outcome.
    pub outcome: &'a [f64],
}

/// How the slope is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Slope {
    /// From all units together: cov(x, y)/var(x), as Deng et al. write it.
    #[default]
    Pooled,
    /// From deviations within arms, which an effect cannot tilt.
    Within,
}

/// A comparison after adjustment.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjusted {
    /// The comparison of adjusted outcomes `y − θ(x − x̄)`.
    pub comparison: Comparison,
    /// θ.
    pub slope: f64,
    /// Share of the outcome's variance that the covariate removed, over all units.
    pub variance_removed: f64,
}

/// Compares arms after removing what a pre-period covariate predicts.
///
/// Errors: `Invalid` for lengths, `NoVariation` for a constant covariate, others as [`compare`].
/// Source: Deng, Xu, Kohavi and Walker 2013. O(n).
pub fn adjusted(
    control: Measured<'_>,
    treatment: Measured<'_>,
    slope: Slope,
    effect: Effect,
    level: Level,
) -> Result<Adjusted, NotComputable> {
    for arm in [control, treatment] {
        NotComputable::unless_same_length("covariate and outcome", arm.before.len(), arm.outcome.len())?;
        NotComputable::unless_finite("the covariate", arm.before)?;
        NotComputable::unless_finite("the outcome", arm.outcome)?;
        NotComputable::unless_enough(arm.outcome.len(), 2)?;
    }
    let all_before: Vec<f64> = control.before.iter().chain(treatment.before).copied().collect();
    let all_outcome: Vec<f64> = control.outcome.iter().chain(treatment.outcome).copied().collect();
    let (cross, square) = match slope {
        Slope::Pooled => products(&all_before, &all_outcome),
        Slope::Within => {
            let (a, b) =
                (products(control.before, control.outcome), products(treatment.before, treatment.outcome));
            (a.0 + b.0, a.1 + b.1)
        }
    };
    if square <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let theta = cross / square;
    let centre = mean(&all_before);
    let remove = |arm: Measured<'_>| -> Vec<f64> {
        arm.outcome.iter().zip(arm.before).map(|(y, x)| y - theta * (x - centre)).collect()
    };
    let (control, treatment) = (remove(control), remove(treatment));
    let all: Vec<f64> = control.iter().chain(&treatment).copied().collect();
    let spread = |values: &[f64]| products(values, values).1;
    let variance_removed = 1.0 - spread(&all) / spread(&all_outcome);
    let comparison =
        compare(Arm::of_values(&control)?, Arm::of_values(&treatment)?, effect, Looks::Once, level)?;
    Ok(Adjusted { comparison, slope: theta, variance_removed })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn products(x: &[f64], y: &[f64]) -> (f64, f64) {
    let (mx, my) = (mean(x), mean(y));
    let cross = x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum();
    (cross, x.iter().map(|x| (x - mx).powi(2)).sum())
}
