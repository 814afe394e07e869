//! The Gamma-Gamma model of spend per purchase.
#![expect(clippy::indexing_slicing, reason = "parameters are three")]

use super::special::digamma;
use crate::estimate::NotComputable;
use crate::linear::{Cholesky, Matrix};
use crate::optimise::{Stopping, bfgs, newton_polish};

/// A customer's repeat purchases and their mean value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spend {
    /// Purchases averaged over; positive.
    pub purchases: u32,
    /// Mean value of a purchase, in money; positive.
    pub mean_value: f64,
}

/// A fitted model: values of a customer are Gamma(p, ν), ν over customers Gamma(q, v).
#[derive(Debug, Clone)]
pub struct GammaGamma {
    /// Shape of a customer's values.
    pub p: f64,
    /// Shape of the heterogeneity.
    pub q: f64,
    /// Scale of the heterogeneity, in money.
    pub v: f64,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Covariance of the logarithms of (p, q, v).
    pub log_covariance: Matrix,
    /// Correlation of number and value of purchases, which the model takes to be zero; beyond ±0.3 do not trust it.
    pub correlation: f64,
    /// Customers.
    pub n: u64,
}

fn value_and_slope(spends: &[Spend], p: f64, q: f64, v: f64) -> (f64, [f64; 3]) {
    let mut sum = 0.0;
    let mut slope = [0.0; 3];
    let (gamma_q, digamma_q, log_v) = (libm::lgamma(q), digamma(q), libm::log(v));
    for s in spends {
        let x = f64::from(s.purchases);
        let m = s.mean_value;
        let (shape, total) = (p * x, p * x + q);
        let (log_m, log_x, log_all) = (libm::log(m), libm::log(x), libm::log(x * m + v));
        sum += libm::lgamma(total) - libm::lgamma(shape) - gamma_q
            + q * log_v
            + (shape - 1.0) * log_m
            + shape * log_x
            - total * log_all;
        let digamma_total = digamma(total);
        slope[0] += x * (digamma_total - digamma(shape) + log_m + log_x - log_all);
        slope[1] += digamma_total - digamma_q + log_v - log_all;
        slope[2] += q / v - total / (x * m + v);
    }
    (sum, slope)
}

impl GammaGamma {
    /// Fits by maximum likelihood with the exact gradient, O(n) per evaluation.
    ///
    /// Source: Fader and Hardie (2013), *The Gamma-Gamma model of monetary value*.
    ///
    /// # Errors
    /// `TooFew` below five customers; `Invalid` for purchases or values that are not positive;
    /// `NoVariation`, `NotFinite`, `NoConvergence`.
    pub fn fit(spends: &[Spend]) -> Result<Self, NotComputable> {
        NotComputable::unless_enough(spends.len(), 5)?;
        if spends.iter().any(|s| !s.mean_value.is_finite()) {
            return Err(NotComputable::NotFinite { what: "a mean value".to_owned() });
        }
        if spends.iter().any(|s| s.purchases == 0 || s.mean_value <= 0.0) {
            return Err(NotComputable::invalid("spend needs at least one purchase of positive value"));
        }
        let n = spends.len() as f64;
        let unit = spends.iter().map(|s| s.mean_value).sum::<f64>() / n;
        let scaled: Vec<Spend> =
            spends.iter().map(|s| Spend { mean_value: s.mean_value / unit, ..*s }).collect();
        if scaled.iter().all(|s| (s.mean_value - 1.0).abs() < 1e-12) {
            return Err(NotComputable::NoVariation);
        }
        let objective = |x: &[f64]| {
            let at = [libm::exp(x[0]), libm::exp(x[1]), libm::exp(x[2])];
            let (value, slope) = value_and_slope(&scaled, at[0], at[1], at[2]);
            (-value / n, slope.iter().zip(&at).map(|(s, a)| -s * a / n).collect::<Vec<f64>>())
        };
        let found = bfgs(objective, &[0.5, 1.0, 0.0], Stopping { tolerance: 1e-9, iterations: 500 })?;
        let (at, hessian) = newton_polish(|x| objective(x).1, &found.at);
        if at.iter().any(|v| v.abs() > 15.0) {
            return Err(NotComputable::NoConvergence { margin: "a parameter at its boundary".to_owned() });
        }
        let log_covariance = Cholesky::new(&hessian.scaled(n))
            .map_err(|_| NotComputable::NoConvergence { margin: "a flat likelihood".to_owned() })?
            .inverse();
        let (p, q, v) = (libm::exp(at[0]), libm::exp(at[1]), libm::exp(at[2]) * unit);
        Ok(Self {
            p,
            q,
            v,
            log_likelihood: value_and_slope(spends, p, q, v).0,
            log_covariance,
            correlation: correlation(spends),
            n: spends.len() as u64,
        })
    }

    /// Mean value of a purchase over the population, `v p ⁄ (q − 1)`, in money.
    ///
    /// # Errors
    /// `Unsupported` for q ≤ 1, where the mean does not exist.
    pub fn population_mean(&self) -> Result<f64, NotComputable> {
        if self.q <= 1.0 {
            return Err(NotComputable::Unsupported(
                "the mean of the fitted population does not exist (q ≤ 1)".to_owned(),
            ));
        }
        Ok(self.v * self.p / (self.q - 1.0))
    }

    /// Expected value of a customer's next purchase: own mean and population mean, weighted by experience.
    ///
    /// `spend` is `None` for a customer without repeat purchases.
    ///
    /// # Errors
    /// As [`GammaGamma::population_mean`].
    pub fn expected_value(&self, spend: Option<&Spend>) -> Result<f64, NotComputable> {
        let population = self.population_mean()?;
        let Some(spend) = spend else { return Ok(population) };
        let experience = self.p * f64::from(spend.purchases);
        let weight = experience / (experience + self.q - 1.0);
        Ok((1.0 - weight) * population + weight * spend.mean_value)
    }
}

fn correlation(spends: &[Spend]) -> f64 {
    let n = spends.len() as f64;
    let mx = spends.iter().map(|s| f64::from(s.purchases)).sum::<f64>() / n;
    let my = spends.iter().map(|s| s.mean_value).sum::<f64>() / n;
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for s in spends {
        let (x, y) = (f64::from(s.purchases) - mx, s.mean_value - my);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    xy / (xx * yy).sqrt()
}
