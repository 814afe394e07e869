//! Granger's test: whether the past of one series helps to predict another beyond its own past.
#![expect(clippy::indexing_slicing, reason = "rows start at the number of lags")]

use crate::distribution::{fisher, gamma};
use crate::estimate::NotComputable;
use crate::linear::Matrix;
use crate::regression::least_squares::{LeastSquares, TotalSquares};

/// Result of a Granger test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Granger {
    /// F statistic.
    pub f: f64,
    /// Degrees of freedom: lags, and rows less coefficients.
    pub degrees: (f64, f64),
    /// Tail probability of F.
    pub p: f64,
    /// Likelihood-ratio chi-square `n ln(RSS₀/RSS₁)`.
    pub likelihood_ratio: f64,
    /// Its tail probability.
    pub likelihood_ratio_p: f64,
}

/// Tests whether `cause` at lags 1 to `lags` improves an autoregression of `effect`.
///
/// Both series should be stationary (see [`super::unit_root`]): with trends the test finds what is not there. It
/// speaks of prediction, not of causes. Errors: `TooFew` below `3·lags + 3` times, `Singular`. Source: Granger 1969.
pub fn test(cause: &[f64], effect: &[f64], lags: usize) -> Result<Granger, NotComputable> {
    NotComputable::unless_same_length("the two series", cause.len(), effect.len())?;
    NotComputable::unless_finite("the cause", cause)?;
    if lags == 0 {
        return Err(NotComputable::invalid("a Granger test needs a lag"));
    }
    NotComputable::unless_enough(effect.len(), 3 * lags + 3)?;
    let rows = effect.len() - lags;
    let lagged = |series: &[f64], lag: usize| series[lags - lag..lags - lag + rows].to_vec();
    let mut columns: Vec<Vec<f64>> = (1..=lags).map(|lag| lagged(effect, lag)).collect();
    let response = &effect[lags..];
    let restricted = LeastSquares::fit(response, Matrix::with_intercept(&columns)?, TotalSquares::Centred)?;
    columns.extend((1..=lags).map(|lag| lagged(cause, lag)));
    let full = LeastSquares::fit(response, Matrix::with_intercept(&columns)?, TotalSquares::Centred)?;
    let degrees = (lags as f64, full.degrees_of_freedom);
    let f = (restricted.residual_squares - full.residual_squares) / degrees.0 / full.variance;
    let likelihood_ratio = rows as f64 * libm::log(restricted.residual_squares / full.residual_squares);
    Ok(Granger {
        f,
        degrees,
        p: fisher::above(f, degrees.0, degrees.1),
        likelihood_ratio,
        likelihood_ratio_p: gamma::chi_square_above(likelihood_ratio, degrees.0),
    })
}
