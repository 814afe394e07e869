//! Autoregressive filters by Yule and Walker, for pre-whitening and baselines.
#![expect(clippy::indexing_slicing, reason = "autocovariances run from lag 0 to the order, checked at entry")]

use crate::distribution::gamma;
use crate::estimate::NotComputable;

/// Order of an autoregression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// This many lags.
    Fixed(usize),
    /// The order up to this one with the least AIC `n ln σ² + 2p`.
    Akaike(usize),
}

/// A fitted autoregression around the mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Autoregression {
    /// Mean of the series.
    pub mean: f64,
    /// Coefficients, lag 1 first.
    pub coefficients: Vec<f64>,
    /// Innovation variance.
    pub variance: f64,
}

/// Autocovariances over n, lags 0 to `most`.
pub fn autocovariance(series: &[f64], most: usize) -> Result<Vec<f64>, NotComputable> {
    NotComputable::unless_finite("the series", series)?;
    NotComputable::unless_enough(series.len(), most + 2)?;
    let n = series.len();
    let mean = series.iter().sum::<f64>() / n as f64;
    let covariance: Vec<f64> = (0..=most)
        .map(|lag| (lag..n).map(|t| (series[t] - mean) * (series[t - lag] - mean)).sum::<f64>() / n as f64)
        .collect();
    NotComputable::unless_finite("the autocovariance", &covariance)?;
    Ok(covariance)
}

/// Fits by the Yule–Walker equations with Levinson's recursion; always stationary. O(n·p + p²).
///
/// Errors: `TooFew`, `NoVariation`, `NotFinite`. Source: Brockwell and Davis 1991, § 8.1.
pub fn fit(series: &[f64], order: Order) -> Result<Autoregression, NotComputable> {
    let most = match order {
        Order::Fixed(p) | Order::Akaike(p) => p,
    };
    let covariance = autocovariance(series, most)?;
    if covariance[0] <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let n = series.len() as f64;
    let mean = series.iter().sum::<f64>() / n;
    let mut coefficients: Vec<f64> = Vec::new();
    let mut variance = covariance[0];
    let mut best = (n * libm::log(variance), coefficients.clone(), variance);
    for p in 1..=most {
        let predicted: f64 = coefficients.iter().enumerate().map(|(i, a)| a * covariance[p - 1 - i]).sum();
        let reflection = (covariance[p] - predicted) / variance;
        let reversed: Vec<f64> = coefficients.iter().rev().copied().collect();
        for (a, mirror) in coefficients.iter_mut().zip(reversed) {
            *a -= reflection * mirror;
        }
        coefficients.push(reflection);
        variance *= 1.0 - reflection * reflection;
        let criterion = n * libm::log(variance) + 2.0 * p as f64;
        if criterion < best.0 || order == Order::Fixed(p) {
            best = (criterion, coefficients.clone(), variance);
        }
    }
    if let Order::Fixed(_) = order {
        best = (0.0, coefficients, variance);
    }
    Ok(Autoregression { mean, coefficients: best.1, variance: best.2 })
}

impl Autoregression {
    /// What the filter leaves of a series around `mean`: one value per time from lag p on.
    pub fn filter(&self, series: &[f64], mean: f64) -> Vec<f64> {
        let p = self.coefficients.len();
        (p..series.len())
            .map(|t| {
                let carried: f64 =
                    self.coefficients.iter().enumerate().map(|(i, a)| a * (series[t - 1 - i] - mean)).sum();
                series[t] - mean - carried
            })
            .collect()
    }
}

/// Ljung and Box's test that the first `lags` autocorrelations are zero: statistic and tail probability with
/// `lags − fitted` degrees of freedom. Source: Ljung and Box 1978.
pub fn ljung_box(series: &[f64], lags: usize, fitted: usize) -> Result<(f64, f64), NotComputable> {
    if lags <= fitted {
        return Err(NotComputable::invalid("more lags are tested than parameters were fitted"));
    }
    let covariance = autocovariance(series, lags)?;
    if covariance[0] <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let n = series.len() as f64;
    let sum: f64 = (1..=lags).map(|lag| (covariance[lag] / covariance[0]).powi(2) / (n - lag as f64)).sum();
    let statistic = n * (n + 2.0) * sum;
    Ok((statistic, gamma::chi_square_above(statistic, (lags - fitted) as f64)))
}
