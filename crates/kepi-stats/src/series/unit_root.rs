//! Stationarity: the augmented Dickey–Fuller test with MacKinnon's probabilities.
#![expect(
    clippy::indexing_slicing,
    reason = "rows start after the lags, coefficients follow the columns built"
)]

use crate::distribution::normal;
use crate::estimate::NotComputable;
use crate::linear::Matrix;
use crate::regression::least_squares::{LeastSquares, TotalSquares};

/// What the series is stationary around under the alternative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Around {
    /// A constant.
    #[default]
    Constant,
    /// A constant and a linear trend.
    Trend,
}

/// Result of a unit-root test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnitRoot {
    /// The t statistic of the lagged level.
    pub statistic: f64,
    /// Probability of a smaller statistic for a random walk; small means stationary.
    pub p: f64,
}

/// Regresses the change on the lagged level, `lags` lagged changes and the deterministic part.
///
/// The probability is MacKinnon's response surface. Errors: `TooFew`, `Singular`.
/// Source: Dickey and Fuller 1979; MacKinnon 1994.
pub fn augmented_dickey_fuller(
    series: &[f64],
    lags: usize,
    around: Around,
) -> Result<UnitRoot, NotComputable> {
    NotComputable::unless_finite("the series", series)?;
    NotComputable::unless_enough(series.len(), 2 * lags + 6)?;
    let n = series.len();
    let change: Vec<f64> = (1..n).map(|t| series[t] - series[t - 1]).collect();
    let rows = change.len() - lags;
    let mut columns = vec![series[lags..lags + rows].to_vec()];
    for lag in 1..=lags {
        columns.push(change[lags - lag..lags - lag + rows].to_vec());
    }
    if around == Around::Trend {
        columns.push((0..rows).map(|t| t as f64 + 1.0).collect());
    }
    let fit = LeastSquares::fit(&change[lags..], Matrix::with_intercept(&columns)?, TotalSquares::Centred)?;
    let statistic = fit.coefficients[1] / fit.classical_covariance()[(1, 1)].sqrt();
    Ok(UnitRoot { statistic, p: probability(statistic, around) })
}

/// MacKinnon's approximation: Φ of a polynomial in the statistic, one for each side of a switch point.
fn probability(statistic: f64, around: Around) -> f64 {
    let (low, switch, high, small, large): (f64, f64, f64, [f64; 3], [f64; 4]) = match around {
        Around::Constant => {
            (-18.83, -1.61, 2.74, [2.1659, 1.4412, 0.038_269], [1.7339, 0.932_02, -0.127_45, -0.010_368])
        }
        Around::Trend => {
            (-16.18, -2.89, 0.7, [3.2512, 1.6047, 0.049_588], [2.5261, 0.616_54, -0.379_56, -0.060_285])
        }
    };
    if statistic <= low {
        return 0.0;
    }
    if statistic >= high {
        return 1.0;
    }
    let polynomial = |coefficients: &[f64]| coefficients.iter().rev().fold(0.0, |sum, c| sum * statistic + c);
    normal::below(if statistic <= switch { polynomial(&small) } else { polynomial(&large) })
}
