//! The Pareto/NBD model: purchases at a steady personal rate until an unobserved personal end.
#![expect(clippy::indexing_slicing, reason = "parameters are four")]

use super::special::{log_add, log_hypergeometric};
use super::{History, check, distinct, mean_age};
use crate::estimate::NotComputable;
use crate::optimise::{Stopping, bfgs, central_gradient, nelder_mead};

/// Parameters: purchase rates are Gamma(r, α), rates of leaving Gamma(s, β).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// Shape of the purchase rates.
    pub r: f64,
    /// Scale of the purchase rates, in units of time.
    pub alpha: f64,
    /// Shape of the rates of leaving.
    pub s: f64,
    /// Scale of the rates of leaving, in units of time.
    pub beta: f64,
}

/// A fitted model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParetoNbd {
    /// Maximum-likelihood parameters.
    pub parameters: Parameters,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Customers.
    pub n: u64,
}

/// `ln A₀` of Fader and Hardie's note on implementing the model (2005): the weight of having left between the last purchase and now.
fn log_left(h: &History, p: &Parameters) -> f64 {
    let total = p.r + p.s + f64::from(h.repeats);
    let (high, second) =
        if p.alpha >= p.beta { (p.alpha, p.s + 1.0) } else { (p.beta, p.r + f64::from(h.repeats)) };
    let gap = (p.alpha - p.beta).abs();
    let at = |time: f64| {
        log_hypergeometric(total, second, total + 1.0, gap / (high + time)) - total * libm::log(high + time)
    };
    let (then, now) = (at(h.last), at(h.age));
    if now >= then { f64::NEG_INFINITY } else { then + libm::log(-libm::expm1(now - then)) }
}

fn row(h: &History, p: &Parameters) -> f64 {
    let x = f64::from(h.repeats);
    let first =
        libm::lgamma(p.r + x) - libm::lgamma(p.r) + p.r * libm::log(p.alpha) + p.s * libm::log(p.beta);
    let alive = -(p.r + x) * libm::log(p.alpha + h.age) - p.s * libm::log(p.beta + h.age);
    let left = libm::log(p.s) + log_left(h, p) - libm::log(p.r + p.s + x);
    first + log_add(alive, left)
}

/// The log-likelihood of histories under given parameters, O(n) with a series of some fifty terms each.
#[must_use]
pub fn log_likelihood(histories: &[History], p: &Parameters) -> f64 {
    histories.iter().map(|h| row(h, p)).sum()
}

impl ParetoNbd {
    /// Fits by maximum likelihood on the logarithms of the parameters: BFGS with central differences, then a simplex.
    ///
    /// Equal histories are evaluated once. Source: Schmittlein, Morrison and Colombo (1987).
    ///
    /// # Errors
    /// `TooFew`, `NoVariation`, `Invalid`, `NoConvergence`.
    pub fn fit(histories: &[History]) -> Result<Self, NotComputable> {
        check(histories)?;
        let n = histories.len() as f64;
        let unit = mean_age(histories);
        let distinct = distinct(histories, unit);
        let parameters = |x: &[f64]| Parameters {
            r: libm::exp(x[0]),
            alpha: libm::exp(x[1]),
            s: libm::exp(x[2]),
            beta: libm::exp(x[3]),
        };
        let value = |x: &[f64]| {
            let p = parameters(x);
            -distinct.iter().map(|(count, h)| count * row(h, &p)).sum::<f64>() / n
        };
        let start = [-0.5, -1.0, -0.5, -1.0];
        let found = bfgs(
            |x| (value(x), central_gradient(value, x)),
            &start,
            Stopping { tolerance: 1e-7, iterations: 200 },
        )?;
        let found = nelder_mead(value, &found.at, &[1e-3; 4], Stopping { tolerance: 1e-8, iterations: 400 })?;
        if found.at.iter().any(|v| v.abs() > 12.0) {
            return Err(NotComputable::NoConvergence { margin: "a parameter at its boundary".to_owned() });
        }
        let p = parameters(&found.at);
        let parameters = Parameters { alpha: p.alpha * unit, beta: p.beta * unit, ..p };
        Ok(Self {
            log_likelihood: log_likelihood(histories, &parameters),
            parameters,
            n: histories.len() as u64,
        })
    }

    /// The probability that a customer is still one.
    #[must_use]
    pub fn alive(&self, history: &History) -> f64 {
        let p = &self.parameters;
        let x = f64::from(history.repeats);
        let odds = libm::log(p.s / (p.r + p.s + x))
            + (p.r + x) * libm::log(p.alpha + history.age)
            + p.s * libm::log(p.beta + history.age)
            + log_left(history, p);
        1.0 / (1.0 + libm::exp(odds))
    }

    /// Purchases of a customer expected within `time` from now.
    #[must_use]
    pub fn expected(&self, history: &History, time: f64) -> f64 {
        let p = &self.parameters;
        let x = f64::from(history.repeats);
        self.alive(history) * (p.r + x) / (p.alpha + history.age)
            * active_time(p.s, p.beta + history.age, time)
    }

    /// Purchases of a new customer expected within `time`.
    #[must_use]
    pub fn expected_new(&self, time: f64) -> f64 {
        let p = &self.parameters;
        p.r / p.alpha * active_time(p.s, p.beta, time)
    }
}

/// Mean time alive within `time`: `β ⁄ (s − 1) · (1 − (β ⁄ (β + t))^(s−1))`, and `β ln(1 + t ⁄ β)` at s = 1.
fn active_time(s: f64, beta: f64, time: f64) -> f64 {
    let log = libm::log1p(time / beta);
    let power = (s - 1.0) * log;
    if power.abs() < 1e-12 { beta * log } else { beta / (s - 1.0) * -libm::expm1(-power) }
}
