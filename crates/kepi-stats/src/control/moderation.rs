//! Variances of many series, each known from few values, moderated: every one is drawn to what is common to all.
//!
//! Where a series has six values its own variance says little, and a test that trusts it cries wolf whenever that variance
//! came out small by chance. The variances of all series together say how much variances differ; each is then replaced by
//! the mean of its own and the common one, weighted by what either is worth in degrees of freedom.

use crate::{estimate::NotComputable, value::special::digamma};

/// Degrees of freedom above which a variance counts as known.
const KNOWN: f64 = 1e4;
/// Variances below this share of the median count as that much: a series that did not move yet is not one that cannot.
const LEAST: f64 = 1e-5;

/// What many variances have in common: `s² ~ scale · F(d, degrees)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// The common variance.
    pub scale: f64,
    /// What it is worth beside a variance of its own, in degrees of freedom; at most 10⁴, where all variances are alike.
    pub degrees: f64,
}

impl Prior {
    /// Fits the prior to variances with their degrees of freedom, by the mean and the variance of their logarithms.
    ///
    /// Source: Smyth 2004, *Linear models and empirical Bayes methods for assessing differential expression*, section 6.2
    /// (the method of limma's `fitFDist`).
    ///
    /// # Errors
    /// `TooFew` below three variances; `NoVariation` where none is above zero; `Invalid` for one that is negative, or
    /// without degrees of freedom.
    pub fn fit(variances: &[(f64, f64)]) -> Result<Self, NotComputable> {
        NotComputable::unless_enough(variances.len(), 3)?;
        if variances.iter().any(|(s2, d)| !(s2.is_finite() && *s2 >= 0.0 && *d > 0.0)) {
            return Err(NotComputable::invalid("a variance is not negative and has degrees of freedom"));
        }
        let mut sorted: Vec<f64> = variances.iter().map(|(s2, _)| *s2).filter(|s2| *s2 > 0.0).collect();
        sorted.sort_by(f64::total_cmp);
        let least = LEAST * sorted.get(sorted.len() / 2).copied().ok_or(NotComputable::NoVariation)?;
        let n = variances.len() as f64;
        let log = |(s2, d): &(f64, f64)| libm::log(s2.max(least)) - digamma(d / 2.0) + libm::log(d / 2.0);
        let logs: Vec<f64> = variances.iter().map(log).collect();
        let mean = logs.iter().sum::<f64>() / n;
        let spread = logs.iter().map(|e| (e - mean) * (e - mean)).sum::<f64>() / (n - 1.0);
        let expected = variances.iter().map(|(_, d)| trigamma(d / 2.0)).sum::<f64>() / n;
        let excess = spread - expected;
        let half = if excess > 0.0 { inverse_trigamma(excess) } else { f64::INFINITY };
        if half >= KNOWN / 2.0 {
            return Ok(Self { scale: libm::exp(mean), degrees: KNOWN });
        }
        Ok(Self { scale: libm::exp(mean + digamma(half) - libm::log(half)), degrees: 2.0 * half })
    }

    /// A variance with `d` degrees of freedom, drawn to the common one, and the degrees of freedom of the result.
    #[must_use]
    pub fn moderated(self, s2: f64, d: f64) -> (f64, f64) {
        let degrees = self.degrees + d;
        ((self.degrees * self.scale + d * s2) / degrees, degrees)
    }
}

/// The trigamma function `d² ln Γ(x) ⁄ dx²` for x > 0, by recurrence up to 10 and the asymptotic series (Abramowitz and Stegun
/// 1964, 6.4.12). NaN outside.
#[must_use]
pub fn trigamma(mut x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    let mut below = 0.0;
    while x < 10.0 {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    let s = 1.0 / (x * x);
    let series = 1.0 / 6.0 - s * (1.0 / 30.0 - s * (1.0 / 42.0 - s * (1.0 / 30.0 - s * (5.0 / 66.0))));
    below + 1.0 / x + 0.5 * s + series * s / x
}

/// The x > 0 with this trigamma, by Newton's method on `1/trigamma`, which is convex. Source: Smyth 2004, appendix.
fn inverse_trigamma(y: f64) -> f64 {
    if y > 1e7 {
        return 1.0 / y.sqrt();
    }
    if y < 1e-6 {
        return 1.0 / y;
    }
    let mut x = 0.5 + 1.0 / y;
    for _ in 0..50 {
        let value = trigamma(x);
        let step = value * (1.0 - value / y) / second_derivative(x);
        x += step;
        if -step / x < 1e-8 {
            break;
        }
    }
    x
}

/// The derivative of [`trigamma`], always negative.
fn second_derivative(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 10.0 {
        below -= 2.0 / (x * x * x);
        x += 1.0;
    }
    let s = 1.0 / (x * x);
    // −1/x² − 1/x³ − 1/(2x⁴) + 1/(6x⁶) − 1/(6x⁸) + 3/(10x¹⁰)
    below - s * (1.0 + 1.0 / x + s * (0.5 - s * (1.0 / 6.0 - s * (1.0 / 6.0 - s * 0.3))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{distribution::gamma, random::Random};

    #[test]
    fn trigamma_has_its_known_values() {
        let pi2 = std::f64::consts::PI * std::f64::consts::PI;
        // Abramowitz and Stegun 1964, 6.4.2 and 6.4.4.
        assert!((trigamma(1.0) - pi2 / 6.0).abs() < 1e-13);
        assert!((trigamma(0.5) - pi2 / 2.0).abs() < 1e-13);
        assert!((trigamma(4.0) - (pi2 / 6.0 - 1.0 - 0.25 - 1.0 / 9.0)).abs() < 1e-13);
        for x in [0.2, 0.9, 3.0, 25.0, 4_000.0] {
            assert!((inverse_trigamma(trigamma(x)) - x).abs() < 1e-6 * x, "{x}");
            let slope = (trigamma(x * (1.0 + 1e-5)) - trigamma(x * (1.0 - 1e-5))) / (2e-5 * x);
            assert!((second_derivative(x) / slope - 1.0).abs() < 1e-5, "{x}");
        }
    }

    #[test]
    fn what_was_drawn_from_a_prior_gives_it_back() {
        // s² = scale · (χ²(d)/d) / (χ²(d₀)/d₀), drawn 20 000 times by inversion.
        let mut random = Random::seeded(11);
        let mut chi = |d: f64| gamma::chi_square_quantile(random.uniform(), d) / d;
        let (scale, prior, own) = (2.5, 6.0, 4.0);
        let drawn: Vec<(f64, f64)> = (0..20_000).map(|_| (scale * chi(own) / chi(prior), own)).collect();
        let fitted = Prior::fit(&drawn).unwrap();
        assert!((fitted.scale / scale - 1.0).abs() < 0.03, "{fitted:?}");
        assert!((fitted.degrees / prior - 1.0).abs() < 0.08, "{fitted:?}");
        // Where all are alike, nothing is left of their own.
        let alike: Vec<(f64, f64)> = (0..20_000).map(|_| (scale * chi(own), own)).collect();
        assert!(Prior::fit(&alike).unwrap().degrees > 50.0);
    }

    #[test]
    fn a_moderated_variance_lies_between_its_own_and_the_common_one() {
        let prior = Prior { scale: 1.0, degrees: 6.0 };
        assert_eq!(prior.moderated(3.0, 2.0), (1.5, 8.0));
        assert!(Prior::fit(&[(1.0, 4.0), (2.0, 4.0)]).is_err());
        assert_eq!(Prior::fit(&[(0.0, 4.0); 5]), Err(NotComputable::NoVariation));
    }
}
