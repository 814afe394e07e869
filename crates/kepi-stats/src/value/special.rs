//! Special functions of the purchase models: digamma and Gauss's hypergeometric function.

/// The digamma function `d ln Γ(x) ⁄ dx` for x > 0, to about 1e-15 relative.
///
/// Recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 1964, 6.3.18). NaN outside.
#[must_use]
pub fn digamma(mut x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    let mut below = 0.0;
    while x < 10.0 {
        below -= 1.0 / x;
        x += 1.0;
    }
    let s = 1.0 / (x * x);
    let series = s
        * (1.0 / 12.0
            - s * (1.0 / 120.0
                - s * (1.0 / 252.0
                    - s * (1.0 / 240.0 - s * (1.0 / 132.0 - s * (691.0 / 32760.0 - s * (1.0 / 12.0)))))));
    below + libm::log(x) - 0.5 / x - series
}

/// `ln ₂F₁(a, b; c; z)` for `0 ≤ z < 1` and positive a, b, c, where the function is positive.
///
/// Sums the series of positive terms, after Euler's transformation
/// `(1−z)^(c−a−b) ₂F₁(c−a, c−b; c; z)` where that keeps all terms positive and shorter. About
/// `40 ⁄ −ln z` terms. NaN outside its domain or when a hundred thousand terms do not suffice.
/// Source: Abramowitz and Stegun (1964), 15.1.1 and 15.3.3.
#[must_use]
pub fn log_hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let inside = a > 0.0 && b > 0.0 && c > 0.0 && (0.0..1.0).contains(&z);
    if !inside {
        return f64::NAN;
    }
    if z == 0.0 {
        return 0.0;
    }
    if c - a - b < 0.0 && c - a >= 0.0 && c - b >= 0.0 {
        (c - a - b) * libm::log1p(-z) + log_series(c - a, c - b, c, z)
    } else {
        log_series(a, b, c, z)
    }
}

fn log_series(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut term, mut sum, mut scale) = (1.0, 1.0, 0.0);
    for step in 0..100_000_u32 {
        let n = f64::from(step);
        let ratio = (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        term *= ratio;
        sum += term;
        // The rest is below term · ratio ⁄ (1 − ratio) once the ratio falls below one.
        if ratio < 1.0 && term * ratio <= 1e-17 * sum * (1.0 - ratio) {
            return scale + libm::log(sum);
        }
        if sum > 1e280 {
            scale += 280.0 * std::f64::consts::LN_10;
            sum *= 1e-280;
            term *= 1e-280;
        }
    }
    f64::NAN
}

/// `ln(e^x + e^y)` without overflow.
#[must_use]
pub(crate) fn log_add(x: f64, y: f64) -> f64 {
    let (high, low) = if x >= y { (x, y) } else { (y, x) };
    if high == f64::NEG_INFINITY { high } else { high + libm::log1p(libm::exp(low - high)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_mpmath() {
        for (x, want) in [
            (1.0, -0.577_215_664_901_532_9),
            (0.25, -4.227_453_533_376_265_4),
            (3.7, 1.167_153_539_361_511_4),
            (123.4, 4.811_373_775_116_277_4),
        ] {
            assert!((digamma(x) - want).abs() < 1e-14 * (1.0 + want.abs()), "{x}: {}", digamma(x));
        }
        for (a, b, c, z, want) in [
            (2.2426, 4.4258, 4.2186, 0.4736, 1.518_564_304_278_174),
            (0.2426, 2.4258, 2.2186, 0.8983, 0.660_302_741_049_849_6),
            (60.5, 40.2, 41.0, 0.9, 137.174_308_419_642_94),
            (12.2, 2.5, 13.2, 0.95, 6.157_979_207_206_608),
            (1.3, 0.7, 2.5, 0.3, 0.124_115_246_636_750_95),
            (300.2, 302.4, 302.2, 0.47, 190.716_809_579_360_33),
        ] {
            let got = log_hypergeometric(a, b, c, z);
            assert!((got - want).abs() < 1e-12 * want.abs(), "{a} {b} {c} {z}: {got}");
        }
        assert!(log_hypergeometric(1.0, 1.0, 1.0, 1.0).is_nan());
    }
}
