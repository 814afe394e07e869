//! Interrupted time series: a change of level, and of slope, at a known moment.
#![expect(clippy::indexing_slicing, reason = "coefficients follow the columns that were built")]

use crate::distribution::student;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::Matrix;
use crate::regression::covariance::{Prewhitening, SmallSample, newey_west};
use crate::regression::least_squares::{LeastSquares, TotalSquares};

/// What may change at the interruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change {
    /// The level.
    #[default]
    Level,
    /// The level and the slope per period.
    LevelAndSlope,
}

/// A fitted interruption, in units of the series (log points for a logarithm).
#[derive(Debug, Clone, PartialEq)]
pub struct Interruption {
    /// Change of level at the interruption.
    pub level_change: Estimate,
    /// Its standard error, robust to autocorrelation.
    pub standard_error: f64,
    /// Its standard error if errors were independent; for comparison only.
    pub naive_error: f64,
    /// Change of slope per period, if asked for.
    pub slope_change: Option<Estimate>,
    /// Slope per period before.
    pub trend: f64,
    /// Durbin–Watson statistic of the residuals.
    pub durbin_watson: f64,
}

/// Fits `y_t = a + b·t + season + level·1[t ≥ start] (+ slope·(t − start)·1[t ≥ start])` by least squares with
/// Newey–West errors.
///
/// `start` is the position of the first interrupted period; `period` the season's length (1 for none). Errors:
/// `Invalid` unless periods lie on both sides, `Singular`, `TooFew`. Source: Wagner et al. 2002.
pub fn fit(
    values: &[f64],
    start: usize,
    period: usize,
    change: Change,
    lags: usize,
    level: Level,
) -> Result<Interruption, NotComputable> {
    NotComputable::unless_finite("the series", values)?;
    if start == 0 || start >= values.len() || period == 0 {
        return Err(NotComputable::invalid("an interruption lies inside the series"));
    }
    let n = values.len();
    let mut columns = vec![(0..n).map(|t| f64::from(u8::from(t >= start))).collect::<Vec<f64>>()];
    columns.push((0..n).map(|t| t as f64 + 1.0).collect());
    if change == Change::LevelAndSlope {
        columns.push((0..n).map(|t| t.saturating_sub(start) as f64).collect());
    }
    for season in 1..period {
        columns.push((0..n).map(|t| f64::from(u8::from(t % period == season))).collect());
    }
    let fit = LeastSquares::fit(values, Matrix::with_intercept(&columns)?, TotalSquares::Centred)?;
    if fit.residual_squares <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let robust = newey_west(&fit, lags, Prewhitening::None, SmallSample::None)?;
    let estimate = |column: usize| {
        let error = robust[(column, column)].sqrt();
        let point = fit.coefficients[column];
        let half = student::critical(level, fit.degrees_of_freedom) * error;
        Estimate {
            point,
            interval: Ok(Interval::around(point, half, level)),
            n: n as u64,
            effective_n: n as f64,
            method: Method::LeastSquares,
        }
    };
    Ok(Interruption {
        level_change: estimate(1),
        standard_error: robust[(1, 1)].sqrt(),
        naive_error: fit.classical_covariance()[(1, 1)].sqrt(),
        slope_change: (change == Change::LevelAndSlope).then(|| estimate(3)),
        trend: fit.coefficients[2],
        durbin_watson: fit.durbin_watson(),
    })
}
