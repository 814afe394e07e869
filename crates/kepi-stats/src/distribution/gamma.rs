//! The incomplete gamma function, with the gamma, chi-square and Poisson distributions on it.

use super::{deviance, root_of_increasing, stirling_error};

const LIMIT: u32 = 400_000;

/// `x^a e^−x / Γ(a+1)`, the Poisson probability of a real count `a` with mean `x`.
pub fn poisson_mass(a: f64, x: f64) -> f64 {
    if x == 0.0 {
        return if a == 0.0 { 1.0 } else { 0.0 };
    }
    if a == 0.0 {
        return libm::exp(-x);
    }
    libm::exp(-stirling_error(a) - deviance(a, x)) / (2.0 * std::f64::consts::PI * a).sqrt()
}

/// Regularised lower incomplete gamma function `P(a, x)`, `a > 0`; NaN outside its domain.
pub fn lower(a: f64, x: f64) -> f64 {
    split(a, x).0
}

/// Regularised upper incomplete gamma function `Q(a, x) = 1 − P(a, x)`, accurate when small.
pub fn upper(a: f64, x: f64) -> f64 {
    split(a, x).1
}

fn split(a: f64, x: f64) -> (f64, f64) {
    if !(a > 0.0 && x >= 0.0) {
        return (f64::NAN, f64::NAN);
    }
    if x == 0.0 {
        return (0.0, 1.0);
    }
    if x.is_infinite() {
        return (1.0, 0.0);
    }
    if x < a + 1.0 {
        let mut term = 1.0;
        let mut sum = 1.0;
        let mut denominator = a;
        for _ in 0..LIMIT {
            denominator += 1.0;
            term *= x / denominator;
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        let below = sum * poisson_mass(a, x);
        (below, 1.0 - below)
    } else {
        const TINY: f64 = 1e-300;
        let mut b = x + 1.0 - a;
        let mut c = 1.0 / TINY;
        let mut d = 1.0 / b;
        let mut fraction = d;
        for step in 1..LIMIT {
            let step = f64::from(step);
            let numerator = -step * (step - a);
            b += 2.0;
            d = numerator * d + b;
            if d.abs() < TINY {
                d = TINY;
            }
            c = b + numerator / c;
            if c.abs() < TINY {
                c = TINY;
            }
            d = 1.0 / d;
            let factor = d * c;
            fraction *= factor;
            if (factor - 1.0).abs() < 1e-16 {
                break;
            }
        }
        let above = fraction * a * poisson_mass(a, x);
        (1.0 - above, above)
    }
}

/// The `x` with `P(a, x) = p`, for shape `a` and scale 1.
pub fn quantile(p: f64, a: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || a.is_nan() || a <= 0.0 {
        return f64::NAN;
    }
    if p == 0.0 {
        return 0.0;
    }
    if p == 1.0 {
        return f64::INFINITY;
    }
    // Wilson and Hilferty 1931 for the start.
    let z = super::normal::quantile(p);
    let ninth = 1.0 / (9.0 * a);
    let cube = 1.0 - ninth + z * ninth.sqrt();
    let mut start = a * cube * cube * cube;
    if start.is_nan() || start <= 0.0 || a < 0.5 {
        start = libm::exp((libm::log(p) + libm::lgamma(a + 1.0)) / a);
    }
    let mut high = (2.0 * start).max(a + 10.0);
    while lower(a, high) < p {
        high *= 2.0;
    }
    let slope = |x: f64| poisson_mass(a, x) * a / x;
    if p < 0.5 {
        root_of_increasing(|x| lower(a, x) - p, slope, 0.0, high, start)
    } else {
        root_of_increasing(|x| (1.0 - p) - upper(a, x), slope, 0.0, high, start)
    }
}

/// Probability that a chi-square variable with `degrees` of freedom exceeds `x`.
pub fn chi_square_above(x: f64, degrees: f64) -> f64 {
    upper(0.5 * degrees, 0.5 * x)
}

/// Quantile of the chi-square distribution.
pub fn chi_square_quantile(p: f64, degrees: f64) -> f64 {
    2.0 * quantile(p, 0.5 * degrees)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert!(
            (chi_square_above(22.774_368_841_894_36, 1.0) / 1.821_792_872_619_185_8e-6 - 1.0).abs() < 1e-12
        );
        // Exponential and Erlang closed forms.
        for x in [0.001_f64, 0.5, 1.0, 3.0, 40.0] {
            assert!((upper(1.0, x) / (-x).exp() - 1.0).abs() < 1e-14, "{x}");
            let erlang = (-x).exp() * (1.0 + x + 0.5 * x * x);
            assert!((upper(3.0, x) / erlang - 1.0).abs() < 1e-13, "{x}");
        }
    }

    #[test]
    fn quantile_inverts() {
        for a in [0.1, 0.3, 0.5, 1.0, 2.5, 30.0, 1e3, 1e6] {
            for p in [1e-10, 1e-3, 0.025, 0.3, 0.5, 0.9, 0.999_999] {
                let x = quantile(p, a);
                assert!((lower(a, x) / p - 1.0).abs() < 1e-11, "{a} {p} {x}");
            }
        }
    }
}
