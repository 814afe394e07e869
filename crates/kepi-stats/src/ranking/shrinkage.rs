//! Empirical Bayes: small units borrow from all the others.
#![expect(clippy::indexing_slicing, reason = "parameters are two")]

use crate::distribution::beta;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::optimise::{Stopping, bfgs, newton_polish};
use crate::value::special::digamma;

/// Successes of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Successes.
    pub x: u64,
    /// Trials.
    pub n: u64,
}

/// A fitted distribution of true rates over units, Beta(a, b).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaBinomial {
    /// First shape: prior successes.
    pub a: f64,
    /// Second shape: prior failures.
    pub b: f64,
    /// Log-likelihood without binomial coefficients.
    pub log_likelihood: f64,
}

impl BetaBinomial {
    /// Fits by maximum marginal likelihood with the exact gradient, O(units) per evaluation.
    ///
    /// `ln L = Σ ln B(a + x, b + n − x) − ln B(a, b)`. Source: Skellam (1948).
    ///
    /// # Errors
    /// `TooFew` below two units; `Invalid` when successes exceed trials; `NoConvergence` when units scatter no more than
    /// chance, for then the prior has no finite size.
    pub fn fit(counts: &[Count]) -> Result<Self, NotComputable> {
        let counts: Vec<(f64, f64)> = counts
            .iter()
            .map(|c| {
                if c.x > c.n {
                    Err(NotComputable::invalid("more successes than trials"))
                } else {
                    Ok((c.x as f64, c.n as f64))
                }
            })
            .collect::<Result<_, _>>()?;
        NotComputable::unless_enough(counts.iter().filter(|c| c.1 > 0.0).count(), 2)?;
        let (x, n) = counts.iter().fold((0.0, 0.0), |s, c| (s.0 + c.0, s.1 + c.1));
        if x == 0.0 || x == n {
            return Err(NotComputable::NoVariation);
        }
        let units = counts.len() as f64;
        // Parameters: log of the mean's odds and log of the prior size.
        let shapes = |t: &[f64]| {
            let mean = 1.0 / (1.0 + libm::exp(-t[0]));
            let size = libm::exp(t[1]);
            (mean * size, (1.0 - mean) * size, mean, size)
        };
        let objective = |t: &[f64]| {
            let (a, b, mean, size) = shapes(t);
            let (da, db, dab) = (digamma(a), digamma(b), digamma(a + b));
            let base = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
            let (mut sum, mut by_a, mut by_b) = (0.0, 0.0, 0.0);
            for &(x, n) in &counts {
                sum += libm::lgamma(a + x) + libm::lgamma(b + n - x) - libm::lgamma(a + b + n) - base;
                let all = digamma(a + b + n) - dab;
                by_a += digamma(a + x) - da - all;
                by_b += digamma(b + n - x) - db - all;
            }
            let by_odds = (by_a - by_b) * size * mean * (1.0 - mean);
            let by_size = by_a * a + by_b * b;
            (-sum / units, vec![-by_odds / units, -by_size / units])
        };
        let start = [libm::log(x / (n - x)), 3.0];
        // Rounding of digamma keeps the gradient of a flat likelihood above tighter limits; Newton steps finish.
        let found = bfgs(objective, &start, Stopping { tolerance: 1e-8, iterations: 1000 })?;
        let (at, hessian) = newton_polish(|t| objective(t).1, &found.at);
        if at[1] > 16.0 || hessian[(1, 1)] <= 0.0 {
            return Err(NotComputable::NoConvergence {
                margin: "the prior size: units scatter no more than chance".to_owned(),
            });
        }
        let (a, b, ..) = shapes(&at);
        Ok(Self { a, b, log_likelihood: -objective(&at).0 * units })
    }

    /// Mean rate over units.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.a / (self.a + self.b)
    }

    /// A unit's rate, shrunk: posterior mean with the equal-tailed posterior interval.
    ///
    /// # Errors
    /// `Invalid` when successes exceed trials.
    pub fn rate(&self, count: Count, level: Level) -> Result<Estimate, NotComputable> {
        if count.x > count.n {
            return Err(NotComputable::invalid("more successes than trials"));
        }
        let (a, b) = (self.a + count.x as f64, self.b + (count.n - count.x) as f64);
        let tail = 0.5 * level.alpha();
        Ok(Estimate {
            point: a / (a + b),
            interval: Ok(Interval::new(
                beta::quantile(tail, a, b),
                beta::quantile_pair(1.0 - tail, tail, a, b).0,
                level,
            )),
            n: count.n,
            effective_n: count.n as f64 + self.a + self.b,
            method: Method::Shrinkage,
        })
    }

    /// A target for the successes in `trials` to come: the `p` quantile of the unit's predictive distribution, O(trials).
    ///
    /// At p = 0.5 the unit reaches it in about half of all futures if nothing changes.
    ///
    /// # Errors
    /// `Invalid` unless 0 < p < 1, or when successes exceed trials.
    pub fn target(&self, count: Count, trials: u64, p: f64) -> Result<u64, NotComputable> {
        if count.x > count.n || p.is_nan() || p <= 0.0 || p >= 1.0 {
            return Err(NotComputable::invalid(
                "a target needs a probability inside 0 to 1 and successes within trials",
            ));
        }
        let (a, b) = (self.a + count.x as f64, self.b + (count.n - count.x) as f64);
        let n = trials as f64;
        let base = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
        let mut below = 0.0;
        for x in 0..trials {
            let k = x as f64;
            let choose = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
            below += libm::exp(
                choose + libm::lgamma(a + k) + libm::lgamma(b + n - k) - libm::lgamma(a + b + n) - base,
            );
            if below >= p {
                return Ok(x);
            }
        }
        Ok(trials)
    }
}

/// Stein's shrinkage of means with one known variance.
#[derive(Debug, Clone, PartialEq)]
pub struct JamesStein {
    /// The grand mean, towards which units shrink.
    pub mean: f64,
    /// Share of a unit's deviation that is kept.
    pub kept: f64,
    /// Shrunken values in the order given.
    pub values: Vec<f64>,
}

/// Whether a deviation may be turned around when noise exceeds all scatter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PositivePart {
    /// Never: the kept share is at least zero, which is better everywhere. The default.
    #[default]
    Yes,
    /// The original estimator.
    No,
}

/// Shrinks towards the grand mean: `kept = 1 − (k − 3) σ² ⁄ Σ(y − ȳ)²`. O(units).
///
/// Source: Efron and Morris (1975).
///
/// # Errors
/// `TooFew` below four units; `NoVariation`; `Invalid`, `NotFinite`.
pub fn james_stein(values: &[f64], variance: f64, part: PositivePart) -> Result<JamesStein, NotComputable> {
    NotComputable::unless_enough(values.len(), 4)?;
    NotComputable::unless_finite("a value", values)?;
    if !variance.is_finite() || variance <= 0.0 {
        return Err(NotComputable::invalid("the variance is not positive"));
    }
    let k = values.len() as f64;
    let mean = values.iter().sum::<f64>() / k;
    let scatter: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    if scatter <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let kept = 1.0 - (k - 3.0) * variance / scatter;
    let kept = if part == PositivePart::Yes { kept.max(0.0) } else { kept };
    Ok(JamesStein { mean, kept, values: values.iter().map(|v| mean + kept * (v - mean)).collect() })
}
