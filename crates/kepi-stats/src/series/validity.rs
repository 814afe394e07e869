//! Predictive validity: does a leading KPI improve forecasts of an outcome beyond the outcome's own past?
#![expect(clippy::indexing_slicing, reason = "rows start after the lags and origins lie inside the series")]

use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::estimation::quantile::sorted_quantile;
use crate::linear::{Matrix, Qr};
use crate::random::Random;

/// Options of the comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValidityOptions {
    /// Lags of the outcome in the baseline, and of the leader in the challenger.
    pub lags: usize,
    /// Periods before the first forecast.
    pub first_origin: usize,
    /// Length of the blocks that are redrawn, about the length of the errors' memory.
    pub block: usize,
    /// Redrawn samples.
    pub rounds: usize,
    /// Seed.
    pub seed: u64,
    /// Smallest share of squared error saved that is worth having.
    pub worthwhile: f64,
}

impl Default for ValidityOptions {
    /// Two lags, forecasts from period 24, blocks of 4, 2000 rounds, seed 1, 5 % worthwhile.
    fn default() -> Self {
        Self { lags: 2, first_origin: 24, block: 4, rounds: 2000, seed: 1, worthwhile: 0.05 }
    }
}

/// What the data say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The interval of the gain lies above zero.
    Predicts,
    /// The interval lies below what would be worthwhile.
    DoesNotPredict,
    /// Neither: too few periods to tell.
    InsufficientPower,
}

/// Result of a comparison of forecasts.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictiveValidity {
    /// Share of the baseline's squared forecast error that the leader saves; negative when it adds noise.
    pub gain: Estimate,
    /// The verdict.
    pub verdict: Verdict,
}

/// Forecasts one period ahead from rolling origins, with and without the leader, and compares squared errors.
///
/// Both forecasts are least squares on everything before the origin. The interval redraws blocks of consecutive
/// periods (moving-block bootstrap, Künsch 1989). Nothing here speaks of causes. Errors: `TooFew` with fewer than ten
/// forecasts or origins too early for the lags, `NotFinite`, `NoVariation`. O(periods² · lags²).
pub fn predictive_validity(
    leader: &[f64],
    outcome: &[f64],
    options: ValidityOptions,
    level: Level,
) -> Result<PredictiveValidity, NotComputable> {
    NotComputable::unless_same_length("the two series", leader.len(), outcome.len())?;
    NotComputable::unless_finite("the leader", leader)?;
    NotComputable::unless_finite("the outcome", outcome)?;
    let ValidityOptions { lags, first_origin, block, rounds, seed, worthwhile } = options;
    if lags == 0 || block == 0 || rounds < 100 {
        return Err(NotComputable::invalid("a comparison needs a lag, a block and at least 100 rounds"));
    }
    NotComputable::unless_enough(first_origin, 3 * lags + 4)?;
    NotComputable::unless_enough(outcome.len(), first_origin + 10)?;
    let mut errors = Vec::with_capacity(outcome.len() - first_origin);
    for origin in first_origin..outcome.len() {
        let squared = |with_leader: bool| -> Result<f64, NotComputable> {
            let row = |t: usize| {
                let mut row = vec![1.0];
                row.extend((1..=lags).map(|lag| outcome[t - lag]));
                if with_leader {
                    row.extend((1..=lags).map(|lag| leader[t - lag]));
                }
                row
            };
            let rows: Vec<Vec<f64>> = (lags..origin).map(row).collect();
            let coefficients = Qr::new(&Matrix::from_rows(&rows)?)?.solve(&outcome[lags..origin])?;
            let forecast: f64 = row(origin).iter().zip(&coefficients).map(|(x, b)| x * b).sum();
            Ok((outcome[origin] - forecast).powi(2))
        };
        errors.push((squared(false)?, squared(true)?));
    }
    let gain_of = |sample: &mut dyn Iterator<Item = (f64, f64)>| {
        let (base, full) = sample.fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
        1.0 - full / base
    };
    let point = gain_of(&mut errors.iter().copied());
    if !point.is_finite() {
        return Err(NotComputable::NoVariation);
    }
    let mut random = Random::seeded(seed);
    let n = errors.len();
    let block = block.min(n);
    let mut draws: Vec<f64> = (0..rounds)
        .map(|_| {
            let mut sample = Vec::with_capacity(n + block);
            while sample.len() < n {
                let start = random.below(n - block + 1);
                sample.extend_from_slice(&errors[start..start + block]);
            }
            gain_of(&mut sample.into_iter().take(n))
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    let tail = 0.5 * level.alpha();
    let (low, high) = match (sorted_quantile(&draws, tail), sorted_quantile(&draws, 1.0 - tail)) {
        (Some(low), Some(high)) => (low, high),
        _ => return Err(NotComputable::NoRows),
    };
    let verdict = if low > 0.0 {
        Verdict::Predicts
    } else if high < worthwhile {
        Verdict::DoesNotPredict
    } else {
        Verdict::InsufficientPower
    };
    let interval = Ok(Interval::new(low, high, level));
    let gain = Estimate { point, interval, n: n as u64, effective_n: n as f64, method: Method::Bootstrap };
    Ok(PredictiveValidity { gain, verdict })
}
