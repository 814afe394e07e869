//! The shifted beta-geometric model of contract renewals.
#![expect(clippy::indexing_slicing, reason = "parameters are two, and windows of two")]

use super::special::digamma;
use crate::estimate::NotComputable;
use crate::linear::{Cholesky, Matrix};
use crate::optimise::{Stopping, bfgs, newton_polish};

/// A fitted model: each customer leaves at every renewal with a personal chance, Beta(α, β) over customers.
#[derive(Debug, Clone)]
pub struct ShiftedBetaGeometric {
    /// First shape of the chance to leave.
    pub alpha: f64,
    /// Second shape.
    pub beta: f64,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Covariance of the logarithms of (α, β).
    pub log_covariance: Matrix,
}

impl ShiftedBetaGeometric {
    /// Fits from the number of customers left after 0, 1, 2, … renewals, O(renewals) per evaluation.
    ///
    /// Counts may be fractions of a panel scaled to any size. Source: Fader and Hardie (2007).
    ///
    /// # Errors
    /// `TooFew` below three counts; `Invalid` unless they fall; `NoVariation` when nobody leaves; `NoConvergence`.
    pub fn fit(survivors: &[f64]) -> Result<Self, NotComputable> {
        NotComputable::unless_enough(survivors.len(), 3)?;
        NotComputable::unless_finite("a count", survivors)?;
        let mut lost: Vec<f64> = survivors.windows(2).map(|w| w[0] - w[1]).collect();
        let mut stayed = vec![0.0; lost.len()];
        stayed.push(survivors.last().copied().unwrap_or(0.0));
        lost.push(0.0);
        if stayed.iter().chain(&lost).any(|count| *count < 0.0) {
            return Err(NotComputable::invalid("survivors cannot grow in number or fall below zero"));
        }
        Self::fit_counts(&lost, &stayed)
    }

    /// Fits from customers by the number of renewals they have made: `lost[i]` made i and not the next, `stayed[i]` made i so far.
    /// So customers who began at different times enter together. O(renewals) per evaluation.
    ///
    /// Source: Fader and Hardie (2007), *How to project customer retention*; the likelihood of several cohorts is in their note
    /// on fitting the model to multi-cohort data (2007).
    ///
    /// # Errors
    /// `Invalid` unless both are as long and not negative; `TooFew` where nobody came to a second renewal; `NoVariation` when nobody
    /// leaves; `NoConvergence`.
    pub fn fit_counts(lost: &[f64], stayed: &[f64]) -> Result<Self, NotComputable> {
        NotComputable::unless_finite("a count", lost)?;
        NotComputable::unless_finite("a count", stayed)?;
        if lost.len() != stayed.len() || lost.iter().chain(stayed).any(|count| *count < 0.0) {
            return Err(NotComputable::invalid(
                "counts by renewals are not negative, and there is one of each",
            ));
        }
        // Renewals that somebody decided on: who made i has decided i times, and who left then once more.
        let decided = |(i, (l, s)): (usize, (&f64, &f64))| {
            if *l > 0.0 {
                i + 1
            } else if *s > 0.0 {
                i
            } else {
                0
            }
        };
        let most = lost.iter().zip(stayed).enumerate().map(decided).max().unwrap_or(0);
        if most < 2 {
            return Err(NotComputable::TooFew { n: most as u64, need: 2 });
        }
        let n: f64 = lost.iter().chain(stayed).sum();
        if lost.iter().sum::<f64>() <= 0.0 {
            return Err(NotComputable::NoVariation);
        }
        let objective = |x: &[f64]| {
            let (a, b) = (libm::exp(x[0]), libm::exp(x[1]));
            let (mut sum, mut by_a, mut by_b) = (0.0, 0.0, 0.0);
            let mut log_survival = 0.0;
            let both = digamma(a + b);
            for (i, (l, s)) in lost.iter().zip(stayed).enumerate() {
                let t = i as f64;
                if *s > 0.0 {
                    // S(t), of those who have stayed so far.
                    sum += s * log_survival;
                    by_a += s * (both - digamma(a + b + t));
                    by_b += s * (digamma(b + t) - digamma(b) + both - digamma(a + b + t));
                }
                // P(leave at t + 1) = S(t) · a ⁄ (a + b + t)
                let hazard = a / (a + b + t);
                if *l > 0.0 {
                    sum += l * (log_survival + libm::log(hazard));
                    by_a += l * (1.0 / a - digamma(a + b + t + 1.0) + both);
                    by_b += l * (digamma(b + t) - digamma(b) - digamma(a + b + t + 1.0) + both);
                }
                log_survival += libm::log1p(-hazard);
            }
            (-sum / n, vec![-by_a * a / n, -by_b * b / n])
        };
        let found = bfgs(objective, &[0.0, 0.0], Stopping { tolerance: 1e-10, iterations: 500 })?;
        let (at, hessian) = newton_polish(|x| objective(x).1, &found.at);
        if at.iter().any(|v| v.abs() > 12.0) {
            return Err(NotComputable::NoConvergence { margin: "a parameter at its boundary".to_owned() });
        }
        let log_covariance = Cholesky::new(&hessian.scaled(n))
            .map_err(|_| NotComputable::NoConvergence { margin: "a flat likelihood".to_owned() })?
            .inverse();
        Ok(Self {
            alpha: libm::exp(at[0]),
            beta: libm::exp(at[1]),
            log_likelihood: -objective(&at).0 * n,
            log_covariance,
        })
    }

    /// The share of customers left after `renewals`.
    #[must_use]
    pub fn survival(&self, renewals: u32) -> f64 {
        (0..renewals).map(|t| self.retention(t + 1)).product()
    }

    /// The share of those who came to renewal `renewal` (from 1) that renew: `(β + t − 1) ⁄ (α + β + t − 1)`, rising
    /// because the fickle leave first.
    #[must_use]
    pub fn retention(&self, renewal: u32) -> f64 {
        let t = f64::from(renewal);
        (self.beta + t - 1.0) / (self.alpha + self.beta + t - 1.0)
    }

    /// Discounted expected renewals of a customer about to make renewal `from` (1 for a new one), discount `d` per period.
    ///
    /// `Σ_k S(from−1+k) ⁄ S(from−1) ⁄ (1+d)^(k−1)`, in contracts; multiply by the net value of one.
    /// Summed until the rest is below 1e-12 of it. Source: Fader and Hardie (2010).
    ///
    /// # Errors
    /// `Invalid` unless the discount is positive: without it the sum may not end.
    pub fn residual_lifetime(&self, from: u32, discount: f64) -> Result<f64, NotComputable> {
        if discount.is_nan() || discount <= 0.0 {
            return Err(NotComputable::invalid("the discount per period is positive"));
        }
        let (mut share, mut sum, mut factor) = (1.0, 0.0, 1.0);
        let mut renewal = from.max(1);
        loop {
            share *= self.retention(renewal);
            let term = share * factor;
            sum += term;
            factor /= 1.0 + discount;
            // Even with nobody leaving any more, the rest is term ⁄ discount.
            if term / discount <= 1e-12 * sum {
                return Ok(sum);
            }
            let Some(next) = renewal.checked_add(1) else {
                return Err(NotComputable::NoConvergence { margin: "the discounted sum".to_owned() });
            };
            renewal = next;
        }
    }
}
