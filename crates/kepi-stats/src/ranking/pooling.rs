//! Random-effects pooling of unit estimates.

use crate::distribution::gamma::chi_square_above;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::optimise::{Stopping, root};

/// How the variance between units is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Between {
    /// By moments (DerSimonian and Laird 1986): closed form. The default.
    #[default]
    DerSimonianLaird,
    /// Restricted maximum likelihood.
    Reml,
}

/// One unit's estimate and the variance of its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// The estimate.
    pub value: f64,
    /// Variance of its sampling error; positive.
    pub variance: f64,
}

/// The pooled mean and what varies around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// The mean over units with its normal interval.
    pub mean: Estimate,
    /// Its standard error.
    pub standard_error: f64,
    /// Variance between units, τ².
    pub between: f64,
    /// Cochran's Q.
    pub q: f64,
    /// p-value of no variance between units.
    pub q_p_value: f64,
    /// Share of the total variation that lies between units, in per cent.
    pub i_squared: f64,
    /// Each unit shrunk towards the mean, in the order given.
    pub shrunk: Vec<f64>,
}

fn mean_with(effects: &[Effect], between: f64) -> (f64, f64) {
    let (mut top, mut weights) = (0.0, 0.0);
    for e in effects {
        let w = 1.0 / (e.variance + between);
        top += w * e.value;
        weights += w;
    }
    (top / weights, weights)
}

/// Pools units whose true values scatter with variance τ² around a mean, O(units).
///
/// DL: `τ² = max(0, (Q − (k−1)) ⁄ (Σw − Σw² ⁄ Σw))` with `w = 1 ⁄ v`. I² uses the typical sampling variance
/// (Higgins and Thompson 2002). Sources: DerSimonian and Laird (1986); Viechtbauer (2005) for REML.
///
/// # Errors
/// `TooFew` below two units; `Invalid` for variances that are not positive; `NotFinite`, `NoConvergence`.
pub fn pool(effects: &[Effect], method: Between, level: Level) -> Result<Pooled, NotComputable> {
    NotComputable::unless_enough(effects.len(), 2)?;
    if effects.iter().any(|e| !e.value.is_finite() || !e.variance.is_finite()) {
        return Err(NotComputable::NotFinite { what: "an effect".to_owned() });
    }
    if effects.iter().any(|e| e.variance <= 0.0) {
        return Err(NotComputable::invalid("the variance of an effect is not positive"));
    }
    let k = effects.len() as f64;
    let (fixed, weights) = mean_with(effects, 0.0);
    let q: f64 = effects.iter().map(|e| (e.value - fixed) * (e.value - fixed) / e.variance).sum();
    let squares: f64 = effects.iter().map(|e| 1.0 / (e.variance * e.variance)).sum();
    let spread = weights - squares / weights;
    let moments = ((q - (k - 1.0)) / spread).max(0.0);
    let between = match method {
        Between::DerSimonianLaird => moments,
        Between::Reml => reml(effects)?,
    };
    let (point, total) = mean_with(effects, between);
    let standard_error = (1.0 / total).sqrt();
    let typical = (k - 1.0) / spread;
    Ok(Pooled {
        mean: Estimate {
            point,
            interval: Ok(Interval::around(point, level.z() * standard_error, level)),
            n: effects.len() as u64,
            effective_n: k,
            method: Method::RandomEffects,
        },
        standard_error,
        between,
        q,
        q_p_value: chi_square_above(q, k - 1.0),
        i_squared: 100.0 * between / (between + typical),
        shrunk: effects
            .iter()
            .map(|e| point + between / (between + e.variance) * (e.value - point))
            .collect(),
    })
}

/// The root of the restricted score, 0 where the score is negative already there.
fn reml(effects: &[Effect]) -> Result<f64, NotComputable> {
    let score = |between: f64| {
        let (mean, weights) = mean_with(effects, between);
        let (mut fit, mut squares) = (0.0, 0.0);
        for e in effects {
            let w = 1.0 / (e.variance + between);
            fit += w * w * (e.value - mean) * (e.value - mean);
            squares += w * w;
        }
        fit - weights + squares / weights
    };
    if score(0.0) <= 0.0 {
        return Ok(0.0);
    }
    let (low, high) =
        effects.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |s, e| (s.0.min(e.value), s.1.max(e.value)));
    let mut top = (high - low) * (high - low) + 1e-12;
    for _ in 0..60 {
        if score(top) < 0.0 {
            break;
        }
        top *= 4.0;
    }
    Ok(root(score, 0.0, top, Stopping { tolerance: 1e-14, iterations: 500 })?)
}
