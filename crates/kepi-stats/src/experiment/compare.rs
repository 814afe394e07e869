//! Comparing two arms: Welch's test, relative lift by the delta method, always-valid sequences.

use crate::distribution::student;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::exact::quotient;

/// One arm of an experiment, as additive moments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    /// Units.
    pub n: u64,
    /// Mean of the outcome.
    pub mean: f64,
    /// Variance of one unit's outcome.
    pub variance: f64,
}

impl Arm {
    /// An arm from its values; variance with n − 1. Errors: `TooFew` below two, `NotFinite`.
    pub fn of_values(values: &[f64]) -> Result<Self, NotComputable> {
        NotComputable::unless_enough(values.len(), 2)?;
        NotComputable::unless_finite("the outcomes", values)?;
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        NotComputable::unless_finite("the variance", &[variance])?;
        Ok(Self { n: values.len() as u64, mean, variance })
    }

    /// An arm from sums; variance with n − 1.
    ///
    /// Sums of large values lose digits in `f64`: prefer exact moments where the sums are integers
    /// ([`crate::estimation::mean::variance_from_moments`]).
    pub fn of_sums(n: u64, sum: f64, sum_squares: f64) -> Result<Self, NotComputable> {
        if n < 2 {
            return Err(NotComputable::TooFew { n, need: 2 });
        }
        NotComputable::unless_finite("the sums", &[sum, sum_squares])?;
        let count = n as f64;
        let variance = (sum_squares - sum * sum / count) / (count - 1.0);
        if variance < 0.0 {
            return Err(NotComputable::invalid("the sum of squares is smaller than the sum allows"));
        }
        Ok(Self { n, mean: sum / count, variance })
    }

    /// An arm of yes and no; variance `p(1 − p)`.
    pub fn of_conversions(conversions: u64, n: u64) -> Result<Self, NotComputable> {
        if n < 2 {
            return Err(NotComputable::TooFew { n, need: 2 });
        }
        if conversions > n {
            return Err(NotComputable::invalid(format!("{conversions} conversions among {n}")));
        }
        let mean = quotient(i128::from(conversions), i128::from(n))?;
        Ok(Self { n, mean, variance: mean * (1.0 - mean) })
    }

    fn squared_error(&self) -> f64 {
        self.variance / self.n as f64
    }
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effect {
    /// Treatment less control, in units of the outcome.
    #[default]
    Absolute,
    /// Treatment less control, relative to control; delta method.
    Relative,
}

/// When the result may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Looks {
    /// Once, at the planned size.
    #[default]
    Once,
    /// At any time: an asymptotic confidence sequence, narrowest near `tuned_at` units in total.
    Always {
        /// Units in total for which the sequence is tuned.
        tuned_at: f64,
    },
}

/// A comparison of two arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The effect with its interval; `n` counts both arms.
    pub effect: Estimate,
    /// Standard error of the effect.
    pub standard_error: f64,
    /// Effect over its standard error.
    pub t: f64,
    /// Welch's degrees of freedom.
    pub degrees: f64,
    /// Two-sided p-value; always-valid for `Looks::Always`.
    pub p: f64,
}

/// Compares treatment with control.
///
/// Absolute: Welch 1947, `t = Δ/√(s_c²/n_c + s_t²/n_t)`. Relative: `Δ/m_c` with the delta-method variance
/// `s_t²/n_t/m_c² + s_c²/n_c·m_t²/m_c⁴`, Welch's degrees of freedom. Always-valid half-width with
/// `ρ² = (−2 ln α + ln(−2 ln α + 1))/tuned_at`, N units: `√(N·V)·√(2(Nρ² + 1)/(Nρ)²·ln(√(Nρ² + 1)/α))`.
/// Source: Waudby-Smith et al. 2024. Errors: `ZeroDenominator` for a relative effect on a control mean of zero,
/// `NoVariation` when neither arm varies.
pub fn compare(
    control: Arm,
    treatment: Arm,
    effect: Effect,
    looks: Looks,
    level: Level,
) -> Result<Comparison, NotComputable> {
    let (vc, vt) = (control.squared_error(), treatment.squared_error());
    let (point, variance) = match effect {
        Effect::Absolute => (treatment.mean - control.mean, vc + vt),
        Effect::Relative => {
            if control.mean == 0.0 {
                return Err(NotComputable::ZeroDenominator);
            }
            let (lift, ratio) =
                ((treatment.mean - control.mean) / control.mean, treatment.mean / control.mean);
            (lift, (vt + vc * ratio * ratio) / (control.mean * control.mean))
        }
    };
    if variance <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    NotComputable::unless_finite("the variance", &[variance])?;
    // Of shares, not of squares of variances, which leave the range of numbers sooner.
    let (sc, st) = (vc / (vc + vt), vt / (vc + vt));
    let degrees = 1.0 / (sc * sc / (control.n as f64 - 1.0) + st * st / (treatment.n as f64 - 1.0));
    let standard_error = variance.sqrt();
    let t = point / standard_error;
    let n = control.n + treatment.n;
    let (half, p, method) = match looks {
        Looks::Once => {
            let method =
                if effect == Effect::Absolute { Method::WelchDifference } else { Method::DeltaRelative };
            (student::critical(level, degrees) * standard_error, student::two_sided(t, degrees), method)
        }
        Looks::Always { tuned_at } => {
            if tuned_at.is_nan() || tuned_at <= 0.0 {
                return Err(NotComputable::invalid("a confidence sequence is tuned for a positive size"));
            }
            let units = n as f64;
            let budget = -2.0 * libm::log(level.alpha());
            let rho2 = (budget + libm::log1p(budget)) / tuned_at;
            let inflated = units * rho2 + 1.0;
            let half = (units * variance).sqrt()
                * (2.0 * inflated * libm::log(inflated.sqrt() / level.alpha()) / (units * units * rho2))
                    .sqrt();
            let evidence = libm::exp(0.5 * rho2 * t * t * units / inflated) / inflated.sqrt();
            (half, (1.0 / evidence).min(1.0), Method::ConfidenceSequence)
        }
    };
    let estimate = Estimate {
        point,
        interval: Ok(Interval::around(point, half, level)),
        n,
        effective_n: n as f64,
        method,
    };
    Ok(Comparison { effect: estimate, standard_error, t, degrees, p })
}

/// Mixture sequential probability ratio of a normal effect: evidence `Λ` and always-valid p `min(1, 1/Λ)`.
///
/// `variance` is that of the difference, `prior_variance` that of the mixing normal.
/// `Λ = √(V/(V + τ²))·exp(τ²d²/(2V(V + τ²)))`. Source: Johari, Koomen, Pekelis and Walsh 2022.
pub fn mixture_ratio(
    difference: f64,
    variance: f64,
    prior_variance: f64,
) -> Result<(f64, f64), NotComputable> {
    if !(variance > 0.0 && prior_variance > 0.0 && difference.is_finite()) {
        return Err(NotComputable::invalid("variances are positive"));
    }
    let total = variance + prior_variance;
    let ratio = (variance / total).sqrt()
        * libm::exp(prior_variance * difference * difference / (2.0 * variance * total));
    Ok((ratio, (1.0 / ratio).min(1.0)))
}
