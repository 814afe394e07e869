//! The beta-geometric/NBD model: purchases at a steady personal rate, and after each one a personal chance to leave.
#![expect(
    clippy::indexing_slicing,
    reason = "parameters are four and tables reach the largest number of repeats"
)]

use super::special::{log_add, log_hypergeometric};
use super::{History, check};
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::{Cholesky, Matrix};
use crate::optimise::{Stopping, bfgs, newton_polish};

/// When a customer may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variant {
    /// After every repeat purchase (Fader, Hardie and Lee 2005). Customers without repeats are alive. The default.
    #[default]
    Original,
    /// After every purchase, the first included (Batislam, Denizel and Filiztekin 2007).
    Modified,
}

impl Variant {
    /// Chances to leave of a customer with this many repeats.
    fn chances(self, repeats: u32) -> u32 {
        match self {
            Self::Original => repeats,
            Self::Modified => repeats + 1,
        }
    }
}

/// Parameters: rates are Gamma(r, α), chances to leave Beta(a, b).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// Shape of the purchase rates.
    pub r: f64,
    /// Scale of the purchase rates, in units of time.
    pub alpha: f64,
    /// First shape of the chance to leave.
    pub a: f64,
    /// Second shape of the chance to leave.
    pub b: f64,
}

/// A fitted model.
#[derive(Debug, Clone)]
pub struct BgNbd {
    /// Maximum-likelihood parameters.
    pub parameters: Parameters,
    /// When customers may leave.
    pub variant: Variant,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Covariance of the logarithms of (r, α, a, b).
    pub log_covariance: Matrix,
    /// Customers.
    pub n: u64,
}

/// Sums over histories with the same number of repeats share their gamma functions.
struct Tables {
    /// `ln Γ(shape + i) − ln Γ(shape)`.
    log: Vec<f64>,
    /// `ψ(shape + i) − ψ(shape)`.
    slope: Vec<f64>,
}

fn tables(shape: f64, most: usize) -> Tables {
    let (mut log, mut slope) = (Vec::with_capacity(most + 1), Vec::with_capacity(most + 1));
    let (mut l, mut s) = (0.0, 0.0);
    for i in 0..=most {
        log.push(l);
        slope.push(s);
        l += libm::log(shape + i as f64);
        s += 1.0 / (shape + i as f64);
    }
    Tables { log, slope }
}

/// The log-likelihood of histories under given parameters, O(n).
///
/// Source: Fader, Hardie and Lee (2005), equation 6, in the stable form of their technical note.
#[must_use]
pub fn log_likelihood(histories: &[History], p: &Parameters, variant: Variant) -> f64 {
    value_and_slope(histories, p, variant).0
}

fn value_and_slope(histories: &[History], p: &Parameters, variant: Variant) -> (f64, [f64; 4]) {
    let most = histories.iter().map(|h| h.repeats).max().unwrap_or(0) as usize;
    let rate = tables(p.r, most);
    let stay = tables(p.b, most + 1);
    let both = tables(p.a + p.b, most + 1);
    let log_alpha = libm::log(p.alpha);
    let log_a = libm::log(p.a);
    let mut sum = 0.0;
    let mut slope = [0.0; 4];
    for h in histories {
        let x = h.repeats as usize;
        let m = variant.chances(h.repeats) as usize;
        let exponent = p.r + x as f64;
        let log_now = libm::log(p.alpha + h.age);
        let alive = -exponent * log_now;
        sum += rate.log[x] + p.r * log_alpha + stay.log[m] - both.log[m];
        slope[0] += rate.slope[x] + log_alpha;
        slope[1] += p.r / p.alpha;
        slope[2] -= both.slope[m];
        slope[3] += stay.slope[m] - both.slope[m];
        if m == 0 {
            sum += alive;
            slope[0] -= log_now;
            slope[1] -= exponent / (p.alpha + h.age);
            continue;
        }
        let before = p.b + m as f64 - 1.0;
        let log_then = libm::log(p.alpha + h.last);
        let left = log_a - libm::log(before) - exponent * log_then;
        let total = log_add(alive, left);
        sum += total;
        let gone = libm::exp(left - total);
        let here = 1.0 - gone;
        slope[0] -= here * log_now + gone * log_then;
        slope[1] -= exponent * (here / (p.alpha + h.age) + gone / (p.alpha + h.last));
        slope[2] += gone / p.a;
        slope[3] -= gone / before;
    }
    (sum, slope)
}

impl BgNbd {
    /// Fits by maximum likelihood: BFGS on the logarithms of the parameters with the exact gradient, then Newton.
    /// O(n) per evaluation, some fifty evaluations.
    ///
    /// # Errors
    /// `TooFew` below five customers, `NoVariation` without any repeat, `Invalid` for contradictory histories,
    /// `NoConvergence` (also when the likelihood rises towards a boundary).
    pub fn fit(histories: &[History], variant: Variant) -> Result<Self, NotComputable> {
        check(histories)?;
        let n = histories.len() as f64;
        // Time in units of the mean age puts all four logarithms near zero.
        let unit = histories.iter().map(|h| h.age).sum::<f64>() / n;
        let scaled: Vec<History> =
            histories.iter().map(|h| History { last: h.last / unit, age: h.age / unit, ..*h }).collect();
        let parameters = |x: &[f64]| Parameters {
            r: libm::exp(x[0]),
            alpha: libm::exp(x[1]),
            a: libm::exp(x[2]),
            b: libm::exp(x[3]),
        };
        let objective = |x: &[f64]| {
            let p = parameters(x);
            let (value, slope) = value_and_slope(&scaled, &p, variant);
            let by_log = [slope[0] * p.r, slope[1] * p.alpha, slope[2] * p.a, slope[3] * p.b];
            (-value / n, by_log.iter().map(|s| -s / n).collect::<Vec<f64>>())
        };
        let found = bfgs(objective, &[0.0; 4], Stopping { tolerance: 1e-9, iterations: 500 })?;
        let (at, hessian) = newton_polish(|x| objective(x).1, &found.at);
        if at.iter().any(|v| v.abs() > 15.0) {
            return Err(NotComputable::NoConvergence { margin: "a parameter at its boundary".to_owned() });
        }
        let log_covariance = Cholesky::new(&hessian.scaled(n))
            .map_err(|_| NotComputable::NoConvergence { margin: "a flat likelihood".to_owned() })?
            .inverse();
        let p = parameters(&at);
        let parameters = Parameters { alpha: p.alpha * unit, ..p };
        Ok(Self {
            log_likelihood: log_likelihood(histories, &parameters, variant),
            parameters,
            variant,
            log_covariance,
            n: histories.len() as u64,
        })
    }

    /// r, α, a, b with intervals symmetric on the logarithm.
    #[must_use]
    pub fn estimates(&self, level: Level) -> [Estimate; 4] {
        let p = self.parameters;
        let variances = self.log_covariance.diagonal();
        let points = [p.r, p.alpha, p.a, p.b];
        std::array::from_fn(|i| {
            let half = level.z() * variances[i].max(0.0).sqrt();
            Estimate {
                point: points[i],
                interval: Ok(Interval::new(points[i] * libm::exp(-half), points[i] * libm::exp(half), level)),
                n: self.n,
                effective_n: self.n as f64,
                method: Method::MaximumLikelihood,
            }
        })
    }

    /// The probability that a customer is still one.
    #[must_use]
    pub fn alive(&self, history: &History) -> f64 {
        let p = &self.parameters;
        let m = self.variant.chances(history.repeats);
        if m == 0 {
            return 1.0;
        }
        let exponent = p.r + f64::from(history.repeats);
        let odds = libm::log(p.a / (p.b + f64::from(m) - 1.0))
            + exponent * libm::log((p.alpha + history.age) / (p.alpha + history.last));
        1.0 / (1.0 + libm::exp(odds))
    }

    /// Purchases of a customer expected within `time` from now.
    ///
    /// Fader, Hardie and Lee (2005), equation 10. About 50 terms of a series.
    ///
    /// # Errors
    /// `Unsupported` for the modified variant, and where a + b + x ≤ 1, outside the closed form; `Invalid` for a negative time.
    pub fn expected(&self, history: &History, time: f64) -> Result<f64, NotComputable> {
        let p = &self.parameters;
        let x = f64::from(history.repeats);
        let (shape, base) = (p.r + x, p.alpha + history.age);
        Ok(self.purchases(shape, p.b + x, base, p.a + p.b + x - 1.0, time)? * self.alive(history))
    }

    /// Purchases of a new customer expected within `time`.
    ///
    /// # Errors
    /// As [`BgNbd::expected`].
    pub fn expected_new(&self, time: f64) -> Result<f64, NotComputable> {
        let p = &self.parameters;
        self.purchases(p.r, p.b, p.alpha, p.a + p.b - 1.0, time)
    }

    /// `c ⁄ (a − 1) · (1 − (base ⁄ (base + t))^shape ₂F₁(shape, b; c; t ⁄ (base + t)))`.
    fn purchases(&self, shape: f64, b: f64, base: f64, c: f64, time: f64) -> Result<f64, NotComputable> {
        if self.variant == Variant::Modified {
            return Err(NotComputable::Unsupported("expected purchases of the modified model".to_owned()));
        }
        if time.is_nan() || time < 0.0 {
            return Err(NotComputable::Invalid(format!("a time is not negative, unlike `{time}`")));
        }
        if c <= 0.0 {
            return Err(NotComputable::Unsupported(
                "a + b + repeats is at most 1, outside the closed form".to_owned(),
            ));
        }
        // The form has a removable gap at a = 1; a nudge costs no visible digit.
        let a = if (self.parameters.a - 1.0).abs() < 1e-7 { 1.0 + 1e-7 } else { self.parameters.a };
        let c = c + a - self.parameters.a;
        let log =
            shape * libm::log(base / (base + time)) + log_hypergeometric(shape, b, c, time / (base + time));
        let value = c / (a - 1.0) * -libm::expm1(log);
        if value.is_finite() {
            Ok(value)
        } else {
            Err(NotComputable::NoConvergence { margin: "the hypergeometric series".to_owned() })
        }
    }
}
