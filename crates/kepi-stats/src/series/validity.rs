//! Predictive validity: does a leading KPI improve forecasts of an outcome beyond the outcome's own past?
#![expect(
    clippy::indexing_slicing,
    reason = "rows start after the lags, origins lie inside the series, members are counted first"
)]

use std::collections::BTreeMap;

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
    let ValidityOptions { lags, first_origin, .. } = options;
    if lags == 0 {
        return Err(NotComputable::invalid("a comparison needs a lag"));
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
    judged(&errors, options, level)
}

/// The share of squared error saved, with its interval: blocks of consecutive periods redrawn.
fn judged(
    errors: &[(f64, f64)],
    options: ValidityOptions,
    level: Level,
) -> Result<PredictiveValidity, NotComputable> {
    let ValidityOptions { block, rounds, seed, worthwhile, .. } = options;
    if block == 0 || rounds < 100 {
        return Err(NotComputable::invalid("a comparison needs a block and at least 100 rounds"));
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

/// A member in a period, as it was known when the period was forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PanelRow {
    /// Which member.
    pub unit: usize,
    /// Which period.
    pub period: i32,
    /// The outcome.
    pub outcome: f64,
    /// The outcome one period before.
    pub before: f64,
    /// The leader, as early as it leads.
    pub leader: f64,
}

/// Sums of a member's earlier rows: outcome, outcome before and leader, and their products.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: f64,
    of: [f64; 3],
    products: [[f64; 3]; 3],
}

impl Sums {
    fn add(&mut self, values: [f64; 3]) {
        self.n += 1.0;
        for i in 0..3 {
            self.of[i] += values[i];
            for j in 0..3 {
                self.products[i][j] += values[i] * values[j];
            }
        }
    }

    fn mean(&self, i: usize) -> f64 {
        self.of[i] / self.n
    }

    /// Sum of products of deviations from the means.
    fn within(&self, i: usize, j: usize) -> f64 {
        self.products[i][j] - self.of[i] * self.of[j] / self.n
    }
}

/// Earlier rows that a member needs before it is forecast.
const UNIT_ROWS: f64 = 4.0;

/// What [`predictive_validity`] asks, of many members at once: forecasts of every member one period ahead from rolling origins, by its own mean
/// and the outcome before, and by the leader besides; both slopes are the same for all members.
///
/// With two members or more what all share in a period is taken off first: nobody forecasts it better for knowing one member's leader.
/// Squared errors are added up over the members of a period; the interval redraws blocks of consecutive periods. `first_origin`
/// counts periods; `lags` is not asked for. One member is a single series. Errors: `TooFew` with fewer than ten periods that are forecast,
/// `NotFinite`, `NoVariation`. O(rows + periods · members + rounds · periods).
pub fn panel_validity(
    rows: &[PanelRow],
    options: ValidityOptions,
    level: Level,
) -> Result<PredictiveValidity, NotComputable> {
    let mut periods: BTreeMap<i32, Vec<(usize, [f64; 3])>> = BTreeMap::new();
    for row in rows {
        let values = [row.outcome, row.before, row.leader];
        NotComputable::unless_finite("a row", &values)?;
        periods.entry(row.period).or_default().push((row.unit, values));
    }
    let units = rows.iter().map(|row| row.unit + 1).max().unwrap_or(0);
    if units > 1 {
        for of in periods.values_mut() {
            let n = of.len() as f64;
            let means = [0, 1, 2].map(|i| of.iter().map(|(_, values)| values[i]).sum::<f64>() / n);
            of.iter_mut().for_each(|(_, values)| (0..3).for_each(|i| values[i] -= means[i]));
        }
    }
    let mut sums = vec![Sums::default(); units];
    let mut errors: Vec<(f64, f64)> = Vec::new();
    for (place, of) in periods.values().enumerate() {
        if place >= options.first_origin {
            let all = |i, j| sums.iter().filter(|of| of.n > 1.0).map(|of| of.within(i, j)).sum::<f64>();
            let (bb, bl, ll, yb, yl) = (all(1, 1), all(1, 2), all(2, 2), all(0, 1), all(0, 2));
            let alone = if bb > 0.0 { yb / bb } else { 0.0 };
            let determinant = bb * ll - bl * bl;
            // A leader that has not moved yet, or only as the outcome did, says nothing.
            let both = if determinant > 1e-12 * bb * ll {
                ((yb * ll - yl * bl) / determinant, (yl * bb - yb * bl) / determinant)
            } else {
                (alone, 0.0)
            };
            let mut squared = (0.0, 0.0);
            for (unit, [outcome, before, leader]) in of {
                let known = &sums[*unit];
                if known.n < UNIT_ROWS {
                    continue;
                }
                let (y, b, l) = (outcome - known.mean(0), before - known.mean(1), leader - known.mean(2));
                squared.0 += (y - alone * b).powi(2);
                squared.1 += (y - both.0 * b - both.1 * l).powi(2);
            }
            if squared.0 > 0.0 {
                errors.push(squared);
            }
        }
        of.iter().for_each(|(unit, values)| sums[*unit].add(*values));
    }
    NotComputable::unless_enough(errors.len(), 10)?;
    judged(&errors, options, level)
}
