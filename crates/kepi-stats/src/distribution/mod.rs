//! Distribution functions, densities and quantiles, on the pinned `libm`.
//!
//! Incomplete beta and gamma functions use continued fractions and series with saddle-point prefactors
//! (Loader 2000), so they keep about 12 digits for parameters from 10⁻³ to 10⁹. Quantiles solve the
//! distribution function by Newton steps inside a bracket.

pub mod beta;
pub mod binomial;
pub mod fisher;
pub mod gamma;
pub mod normal;
pub mod student;

/// Error of Stirling's formula, `ln n! − ½ln(2πn) − n ln n + n`. Source: Loader 2000.
pub(crate) fn stirling_error(n: f64) -> f64 {
    if n <= 15.0 {
        const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;
        return libm::lgamma(n + 1.0) - (n + 0.5) * libm::log(n) + n - HALF_LN_TWO_PI;
    }
    let square = n * n;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0) / square) / square) / square)
            / square)
        / n
}

/// `x ln(x/m) + m − x` without cancellation near `x = m`. Source: Loader 2000.
pub(crate) fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() < 0.1 * (x + mean) {
        let ratio = difference / (x + mean);
        let mut sum = difference * ratio;
        let mut term = 2.0 * x * ratio;
        let square = ratio * ratio;
        for step in 1..1000 {
            term *= square;
            let next = sum + term / f64::from(2 * step + 1);
            if next == sum {
                break;
            }
            sum = next;
        }
        return sum;
    }
    x * libm::log(x / mean) - difference
}

/// Root of an increasing function on `(low, high)` by Newton steps that fall back to bisection.
///
/// `value` returns the function minus its target, `slope` its derivative. Brackets on the positive half-line
/// are halved geometrically while they span more than a factor of four, so tiny roots keep their digits.
pub(crate) fn root_of_increasing(
    value: impl Fn(f64) -> f64,
    slope: impl Fn(f64) -> f64,
    mut low: f64,
    mut high: f64,
    start: f64,
) -> f64 {
    let mut at = if start > low && start < high { start } else { 0.5 * (low + high) };
    for _ in 0..400 {
        let here = value(at);
        if here == 0.0 || here.is_nan() {
            return at;
        }
        if here > 0.0 {
            high = at;
        } else {
            low = at;
        }
        let newton = at - here / slope(at);
        let next = if newton > low && newton < high {
            newton
        } else if low > 0.0 && high > 4.0 * low {
            (low * high).sqrt()
        } else if low == 0.0 && high > 0.0 {
            high / 16.0
        } else {
            0.5 * (low + high)
        };
        if (next - at).abs() <= 2e-16 * at.abs() || high - low <= f64::MIN_POSITIVE {
            return next;
        }
        at = next;
    }
    at
}
