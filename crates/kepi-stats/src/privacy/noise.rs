//! Noise for differential privacy: the discrete Laplace distribution and the calibrated Gaussian.

use crate::distribution::normal;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::optimise::{Stopping, root};
use crate::random::Random;

/// Noise on whole numbers with `P(k) ∝ exp(−ε |k| ⁄ Δ)`: pure ε-differential privacy for counts of sensitivity Δ.
///
/// Whole numbers leave no floating-point traces (Mironov 2012). ε is a ratio of whole numbers so that sampling is exact.
/// Source: Ghosh, Roughgarden and Sundararajan (2012); Canonne, Kamath and Steinke (2020) for the sampler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscreteLaplace {
    /// Scale Δ ⁄ ε as a ratio: numerator and denominator.
    scale: (u64, u64),
}

impl DiscreteLaplace {
    /// Noise for a sensitivity and a privacy loss ε given as a ratio of whole numbers, for example 1 ⁄ 2.
    ///
    /// # Errors
    /// `Invalid` for zeros or products beyond 2³².
    pub fn new(sensitivity: u32, epsilon: (u32, u32)) -> Result<Self, NotComputable> {
        let top = u64::from(sensitivity) * u64::from(epsilon.1);
        if top == 0 || epsilon.0 == 0 || top > u64::from(u32::MAX) {
            return Err(NotComputable::invalid(
                "sensitivity and privacy loss are positive and of moderate size",
            ));
        }
        Ok(Self { scale: (top, u64::from(epsilon.0)) })
    }

    /// `exp(−ε ⁄ Δ)`, the ratio of successive probabilities.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        libm::exp(-(self.scale.1 as f64) / self.scale.0 as f64)
    }

    /// `P(noise = k) = (1 − q) ⁄ (1 + q) · q^|k|`.
    #[must_use]
    pub fn mass(&self, k: i64) -> f64 {
        let q = self.ratio();
        (1.0 - q) / (1.0 + q) * libm::pow(q, k.unsigned_abs() as f64)
    }

    /// `P(|noise| > k) = 2 q^(k+1) ⁄ (1 + q)`.
    #[must_use]
    pub fn beyond(&self, k: u64) -> f64 {
        let q = self.ratio();
        2.0 * libm::pow(q, k as f64 + 1.0) / (1.0 + q)
    }

    /// Variance `2 q ⁄ (1 − q)²`.
    #[must_use]
    pub fn variance(&self) -> f64 {
        let q = self.ratio();
        2.0 * q / ((1.0 - q) * (1.0 - q))
    }

    /// One draw, exact for ideal random bits. The privacy holds only if nobody can guess the seed of `random`.
    pub fn sample(&self, random: &mut Random) -> i64 {
        let (t, s) = self.scale;
        loop {
            let u = uniform_below(random, t);
            if !bernoulli_exp(random, u, t) {
                continue;
            }
            let mut v = 0_u64;
            while bernoulli_exp(random, 1, 1) {
                v += 1;
            }
            let size = (u + t * v) / s;
            let negative = random.bits() & 1 == 1;
            if negative && size == 0 {
                continue;
            }
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            return if negative { -size } else { size };
        }
    }

    /// A count released with noise; the interval holds the true count with at least the level.
    pub fn release(&self, count: u64, random: &mut Random, level: Level) -> Estimate {
        let noisy = i128::from(count) + i128::from(self.sample(random));
        let mut reach = 0;
        while self.beyond(reach) > level.alpha() {
            reach += 1;
        }
        let point = noisy as f64;
        Estimate {
            point,
            interval: Ok(Interval::around(point, reach as f64, level)),
            n: 1,
            effective_n: 1.0,
            method: Method::PrivateRelease,
        }
    }
}

/// Uniform on 0..n by rejection.
fn uniform_below(random: &mut Random, n: u64) -> u64 {
    let limit = u64::MAX - u64::MAX % n;
    loop {
        let bits = random.bits();
        if bits < limit {
            return bits % n;
        }
    }
}

/// True with probability exp(−a ⁄ b), a ≤ b: the first failure of Bernoulli(a ⁄ (b k)), k = 1, 2, … comes at an odd k.
fn bernoulli_exp(random: &mut Random, a: u64, b: u64) -> bool {
    let mut k = 1;
    while uniform_below(random, b * k) < a {
        k += 1;
    }
    k % 2 == 1
}

/// Scale of Laplace noise, Δ ⁄ ε; its standard deviation is √2 times that.
///
/// # Errors
/// `Invalid` unless both are positive.
pub fn laplace_scale(sensitivity: f64, epsilon: f64) -> Result<f64, NotComputable> {
    positive(sensitivity, epsilon)?;
    Ok(sensitivity / epsilon)
}

fn positive(sensitivity: f64, epsilon: f64) -> Result<(), NotComputable> {
    if sensitivity > 0.0 && epsilon > 0.0 && sensitivity.is_finite() && epsilon.is_finite() {
        Ok(())
    } else {
        Err(NotComputable::invalid("sensitivity and privacy loss are positive"))
    }
}

/// How Gaussian noise is calibrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Calibration {
    /// Exactly, for any ε (Balle and Wang 2018). The default.
    #[default]
    Analytic,
    /// `√(2 ln(1.25 ⁄ δ)) ⁄ ε` (Dwork and Roth 2014), valid for ε below one only, and wasteful.
    Classic,
}

/// Standard deviation of Gaussian noise for (ε, δ)-differential privacy of a query of sensitivity Δ (Euclidean).
///
/// Analytic: the least σ with `Φ(Δ⁄2σ − εσ⁄Δ) − e^ε Φ(−Δ⁄2σ − εσ⁄Δ) ≤ δ`.
///
/// # Errors
/// `Invalid` unless 0 < δ < 1 and the rest is positive, or for the classic form at ε ≥ 1; `NoConvergence`.
pub fn gaussian_deviation(
    sensitivity: f64,
    epsilon: f64,
    delta: f64,
    calibration: Calibration,
) -> Result<f64, NotComputable> {
    positive(sensitivity, epsilon)?;
    if delta.is_nan() || delta <= 0.0 || delta >= 1.0 {
        return Err(NotComputable::invalid("delta lies between 0 and 1"));
    }
    match calibration {
        Calibration::Classic if epsilon >= 1.0 => {
            Err(NotComputable::invalid("the classic calibration holds for a privacy loss below 1 only"))
        }
        Calibration::Classic => Ok(sensitivity * (2.0 * libm::log(1.25 / delta)).sqrt() / epsilon),
        Calibration::Analytic => {
            let gap = |log_sigma: f64| {
                let sigma = libm::exp(log_sigma);
                let first = normal::below(0.5 / sigma - epsilon * sigma);
                let second = libm::exp(epsilon) * normal::below(-0.5 / sigma - epsilon * sigma);
                first - second - delta
            };
            let stopping = Stopping { tolerance: 1e-15, iterations: 500 };
            Ok(sensitivity * libm::exp(root(gap, -12.0, 12.0, stopping)?))
        }
    }
}
