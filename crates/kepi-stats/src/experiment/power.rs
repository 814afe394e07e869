//! How many units an experiment needs. Sizes are per arm, two arms, not rounded.

use crate::distribution::{normal, student};
use crate::estimate::{Level, NotComputable};
use crate::optimise::{Stopping, root};

/// Which approximation sizes a comparison of proportions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProportionPower {
    /// Pooled variance under the null, unpooled under the alternative: `(z_α√(2p̄q̄) + z_β√(p₁q₁ + p₂q₂))²/Δ²`.
    #[default]
    Pooled,
    /// Unpooled variance throughout: `(z_α + z_β)²(p₁q₁ + p₂q₂)/Δ²`.
    Unpooled,
    /// Cohen's h on the arcsine scale: `(z_α + z_β)²·2/h²`.
    Arcsine,
}

/// Units per arm to tell two proportions apart. Source: Fleiss, Levin and Paik 2003; Cohen 1988.
///
/// `level` is one less the two-sided error. Errors: `Invalid` for proportions outside (0, 1) or equal.
pub fn size_for_proportions(
    control: f64,
    treatment: f64,
    power: f64,
    how: ProportionPower,
    level: Level,
) -> Result<f64, NotComputable> {
    let inside = |p: f64| p > 0.0 && p < 1.0;
    if !(inside(control) && inside(treatment) && inside(power)) || control == treatment {
        return Err(NotComputable::invalid(
            "power needs two different proportions and a power between 0 and 1",
        ));
    }
    let (alpha, beta) = (level.z(), normal::quantile(power));
    let (vc, vt) = (control * (1.0 - control), treatment * (1.0 - treatment));
    let difference = treatment - control;
    Ok(match how {
        ProportionPower::Pooled => {
            let middle = 0.5 * (control + treatment);
            let spread = alpha * (2.0 * middle * (1.0 - middle)).sqrt() + beta * (vc + vt).sqrt();
            spread * spread / (difference * difference)
        }
        ProportionPower::Unpooled => (alpha + beta).powi(2) * (vc + vt) / (difference * difference),
        ProportionPower::Arcsine => {
            let h = 2.0 * (libm::asin(treatment.sqrt()) - libm::asin(control.sqrt()));
            2.0 * (alpha + beta).powi(2) / (h * h)
        }
    })
}

/// Power of the two-sided t-test with `n` units per arm and an effect of `d` standard deviations.
///
/// Exact by the non-central t distribution, both tails.
pub fn power_of_t(n: f64, d: f64, level: Level) -> Result<f64, NotComputable> {
    if !(n > 1.0 && n.is_finite() && d.is_finite()) {
        return Err(NotComputable::invalid("a t-test needs more than one unit per arm"));
    }
    let degrees = 2.0 * n - 2.0;
    let shift = d * (0.5 * n).sqrt();
    let critical = student::critical(level, degrees);
    Ok(student::noncentral_above(critical, degrees, shift)
        + student::noncentral_above(critical, degrees, -shift))
}

/// Units per arm for the two-sided t-test to find an effect of `d` standard deviations.
pub fn size_for_means(d: f64, power: f64, level: Level) -> Result<f64, NotComputable> {
    if !(power > level.alpha() && power < 1.0) || d == 0.0 || !d.is_finite() {
        return Err(NotComputable::invalid("power needs an effect, and lies above the level of the test"));
    }
    let guess = 2.0 * ((level.z() + normal::quantile(power)) / d).powi(2);
    let gap = |n: f64| power_of_t(n, d, level).map_or(f64::NAN, |reached| reached - power);
    let (low, high) = ((0.5 * guess).max(1.05), 2.0 * guess + 20.0);
    Ok(root(gap, low, high, Stopping { tolerance: 1e-13, iterations: 200 })?)
}

/// Smallest effect, in standard deviations, that `n` units per arm find with the given power.
pub fn detectable_effect(n: f64, power: f64, level: Level) -> Result<f64, NotComputable> {
    if !(power > level.alpha() && power < 1.0 && n > 1.0) {
        return Err(NotComputable::invalid("power lies above the level of the test, and n above one"));
    }
    let gap = |d: f64| power_of_t(n, d, level).map_or(f64::NAN, |reached| reached - power);
    Ok(root(gap, 0.0, 40.0 / n.sqrt(), Stopping { tolerance: 1e-12, iterations: 200 })?)
}
