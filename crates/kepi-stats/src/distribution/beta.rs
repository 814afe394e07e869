//! The incomplete beta function and the beta distribution.

use super::{binomial::mass_real, root_of_increasing};

const LIMIT: u32 = 200_000;

/// Regularised incomplete beta function `I_x(a, b)`; NaN outside its domain.
pub fn below(x: f64, a: f64, b: f64) -> f64 {
    split(x, 1.0 - x, a, b).0
}

/// `1 − I_x(a, b)`, accurate when small.
pub fn above(x: f64, a: f64, b: f64) -> f64 {
    split(x, 1.0 - x, a, b).1
}

/// `(I_x(a, b), 1 − I_x(a, b))` from `x` and its complement `y = 1 − x`, which the caller may know better.
pub fn split(x: f64, y: f64, a: f64, b: f64) -> (f64, f64) {
    if !(a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&x)) {
        return (f64::NAN, f64::NAN);
    }
    if x == 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    if x < (a + 1.0) / (a + b + 2.0) {
        let value = prefix(x, y, a, b) / a * fraction(x, a, b);
        (value, 1.0 - value)
    } else {
        let value = prefix(y, x, b, a) / b * fraction(y, b, a);
        (1.0 - value, value)
    }
}

/// `x^a y^b / B(a, b)`.
fn prefix(x: f64, y: f64, a: f64, b: f64) -> f64 {
    mass_real(a, a + b, x, y) * (a * b / (a + b))
}

/// Continued fraction of the incomplete beta function, modified Lentz.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guarded = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guarded(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for step in 1..LIMIT {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guarded(1.0 + even * d);
        c = guarded(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guarded(1.0 + odd * d);
        c = guarded(1.0 + odd / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    h
}

/// Density of the beta distribution.
pub fn density(x: f64, a: f64, b: f64) -> f64 {
    density_pair(x, 1.0 - x, a, b)
}

/// Density from `x` and its complement `y = 1 − x`, which the caller may know better.
pub fn density_pair(x: f64, y: f64, a: f64, b: f64) -> f64 {
    prefix(x, y, a, b) / (x * y)
}

/// The `x` with `I_x(a, b) = p`.
pub fn quantile(p: f64, a: f64, b: f64) -> f64 {
    quantile_pair(p, 1.0 - p, a, b).0
}

/// `(x, 1 − x)` with `I_x(a, b) = p`, where `q = 1 − p`; both keep their digits near 0 and 1.
pub fn quantile_pair(p: f64, q: f64, a: f64, b: f64) -> (f64, f64) {
    if !(a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&p)) {
        return (f64::NAN, f64::NAN);
    }
    if p == 0.0 {
        return (0.0, 1.0);
    }
    if q <= 0.0 {
        return (1.0, 0.0);
    }
    if below(0.5, a, b) >= p {
        let x = lower_half(p, q, a, b);
        (x, 1.0 - x)
    } else {
        let y = lower_half(q, p, b, a);
        (1.0 - y, y)
    }
}

/// Solves for a root known to lie in (0, ½].
fn lower_half(p: f64, q: f64, a: f64, b: f64) -> f64 {
    let mean = a / (a + b);
    let deviation = (mean * (1.0 - mean) / (a + b + 1.0)).sqrt();
    let z = if p < q { super::normal::quantile(p) } else { -super::normal::quantile(q) };
    let mut start = mean + z * deviation;
    if start <= 0.0 || a < 1.0 {
        // Leading term of the series at zero.
        let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
        start = libm::exp((libm::log(p * a) + log_beta) / a);
    }
    let slope = |x: f64| density(x, a, b);
    if p < q {
        root_of_increasing(|x| below(x, a, b) - p, slope, 0.0, 0.5 + 1e-12, start)
    } else {
        root_of_increasing(|x| q - above(x, a, b), slope, 0.0, 0.5 + 1e-12, start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        for x in [1e-9, 0.01, 0.3, 0.5, 0.77, 0.999] {
            assert!((below(x, 1.0, 1.0) / x - 1.0).abs() < 1e-14);
            assert!((below(x, 2.0, 1.0) / (x * x) - 1.0).abs() < 1e-14);
            assert!((below(x, 1.0, 3.0) - (1.0 - (1.0 - x).powi(3))).abs() < 1e-15);
        }
    }

    #[test]
    fn quantile_inverts() {
        for (a, b) in [(0.5, 0.5), (0.1, 2.0), (3.0, 0.2), (81.0, 183.0), (1e6, 2e6), (5e7, 10.0), (0.5, 5e5)]
        {
            for p in [1e-8, 0.001, 0.025, 0.5, 0.975, 0.999_99] {
                let (x, y) = quantile_pair(p, 1.0 - p, a, b);
                let back = split(x, y, a, b);
                assert!(
                    (back.0 / p - 1.0).abs() < 1e-9 && (back.1 / (1.0 - p) - 1.0).abs() < 1e-9,
                    "{a} {b} {p} {x}"
                );
            }
        }
    }
}
