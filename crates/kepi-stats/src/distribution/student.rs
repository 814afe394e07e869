//! Student's t distribution, central and non-central.

use super::{beta, gamma, normal};

/// Above this many degrees of freedom Hill's expansion is exact to double precision, the beta function is not.
const MANY: f64 = 1e4;

/// The normal deviate with the same tail as `t`. Source: Hill 1970, algorithm 395.
fn as_normal(t: f64, degrees: f64) -> f64 {
    let a = degrees - 0.5;
    let b = 48.0 * a * a;
    let y = a * libm::log1p(t * t / degrees);
    let correction = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b);
    ((correction + y + 3.0) / b + 1.0) * y.sqrt()
}

/// Probability above `t` with `degrees` of freedom.
pub fn above(t: f64, degrees: f64) -> f64 {
    let tail = 0.5 * two_sided(t, degrees);
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// Probability below `t` with `degrees` of freedom.
pub fn below(t: f64, degrees: f64) -> f64 {
    above(-t, degrees)
}

/// Two-sided probability of a deviation at least as large as `t`.
pub fn two_sided(t: f64, degrees: f64) -> f64 {
    if t.is_nan() || degrees.is_nan() || degrees <= 0.0 {
        return f64::NAN;
    }
    let square = t * t;
    if degrees > MANY {
        return normal::two_sided(as_normal(t, degrees));
    }
    if square.is_infinite() {
        return 0.0;
    }
    beta::split(degrees / (degrees + square), square / (degrees + square), 0.5 * degrees, 0.5).0
}

/// The `t` below which a share `p` lies.
pub fn quantile(p: f64, degrees: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || degrees.is_nan() || degrees <= 0.0 {
        return f64::NAN;
    }
    let tail = p.min(1.0 - p);
    let sign = if p < 0.5 { -1.0 } else { 1.0 };
    if tail == 0.0 {
        return sign * f64::INFINITY;
    }
    if tail == 0.5 {
        return 0.0;
    }
    if degrees > MANY {
        let z = -normal::quantile(tail);
        let mut t = z + (z * z * z + z) / (4.0 * degrees);
        // Newton on the deviate itself, whose slope in t is close to one.
        for _ in 0..6 {
            t -= as_normal(t, degrees) - z;
        }
        return sign * t;
    }
    let z = -normal::quantile(tail);
    if degrees >= 3.0 && z * z <= degrees {
        return sign * near_normal(tail, z, degrees);
    }
    let (x, y) = beta::quantile_pair(2.0 * tail, 1.0 - 2.0 * tail, 0.5 * degrees, 0.5);
    sign * (degrees * y / x).sqrt()
}

/// The `t` above which a share `tail` lies, from the normal deviate `z` with the same tail.
///
/// Fisher and Cornish's expansion in powers of 1/degrees (Abramowitz and Stegun 1964, 26.7.5), then Halley's steps on
/// the exact tail: each triples the number of digits, so that one or two are enough.
fn near_normal(tail: f64, z: f64, degrees: f64) -> f64 {
    let square = z * z;
    let terms = [
        (square + 1.0) / 4.0,
        ((5.0 * square + 16.0) * square + 3.0) / 96.0,
        (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0,
        ((((79.0 * square + 776.0) * square + 1482.0) * square - 1920.0) * square - 945.0) / 92160.0,
    ];
    let mut t = z * terms.iter().rev().fold(0.0, |sum, term| (sum + term) / degrees) + z;
    for _ in 0..8 {
        let (x, y) = (degrees / (degrees + t * t), t * t / (degrees + t * t));
        let density = beta::density_pair(x, y, 0.5 * degrees, 0.5) * t * x * x / degrees;
        let newton = (above(t, degrees) - tail) / density;
        // f″/f′ = −(ν + 1)t/(ν + t²)
        let step = newton / (1.0 - 0.5 * newton * (degrees + 1.0) * t / (degrees + t * t));
        t += step;
        if step.abs() <= 1e-6 * t {
            // What is left is of the third power of the step.
            break;
        }
    }
    t
}

/// The value that a two-sided interval of the given level extends, in standard errors.
pub fn critical(level: crate::estimate::Level, degrees: f64) -> f64 {
    -quantile(0.5 * level.alpha(), degrees)
}

/// Probability that a non-central t variable exceeds `t`.
///
/// Numerical integration over the chi variable: `∫ Φ(δ − t·s) f(s) ds`, with `s² ~ χ²/df`; Simpson's rule on
/// ±12 standard deviations, about 10⁻¹². Used for power, where that is ample.
pub fn noncentral_above(t: f64, degrees: f64, shift: f64) -> f64 {
    let half = 0.5 * degrees;
    // Density of s: 2·half^half/Γ(half) s^(df−1) e^(−half·s²), by way of the Poisson mass of x = half·s².
    let density = |s: f64| {
        let x = half * s * s;
        gamma::poisson_mass(half, x) * 2.0 * half / s
    };
    let spread = 1.0 / (2.0 * degrees).sqrt();
    let low = (1.0 - 12.0 * spread).max(1e-9);
    let high = 1.0 + 14.0 * spread;
    let steps = 4000;
    let width = (high - low) / f64::from(steps);
    let mut sum = 0.0;
    for step in 0..=steps {
        let s = low + width * f64::from(step);
        let factor = match step {
            0 => 1.0,
            _ if step == steps => 1.0,
            _ if step % 2 == 1 => 4.0,
            _ => 2.0,
        };
        sum += factor * density(s) * normal::below(shift - t * s);
    }
    sum * width / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // Two degrees of freedom have a closed form; one is the Cauchy distribution.
        for t in [0.001_f64, 0.1, 1.0, 4.0, 30.0] {
            let two = 0.5 - 0.5 * t / (2.0 + t * t).sqrt();
            assert!((above(t, 2.0) - two).abs() < 1e-15);
            let cauchy = (1.0_f64 / t).atan() / std::f64::consts::PI;
            assert!((above(t, 1.0) / cauchy - 1.0).abs() < 1e-13, "{t}");
        }
        assert!((quantile(0.975, 5.0) / 2.570_581_835_636_314 - 1.0).abs() < 1e-13);
        for degrees in [0.7, 1.0, 3.3, 29.0, 1e4, 9.9e7, 1.1e8] {
            for p in [1e-9, 0.01, 0.3, 0.499, 0.9, 0.999] {
                let t = quantile(p, degrees);
                assert!((below(t, degrees) / p - 1.0).abs() < 1e-10, "{degrees} {p} {t}");
            }
        }
    }

    #[test]
    fn both_ways_to_a_quantile_agree() {
        for degrees in [3.0, 3.5, 5.0, 12.0, 100.0, 2_345.0, 1e4] {
            for p in [0.6, 0.75, 0.9, 0.95, 0.975, 0.995, 0.9999] {
                let tail: f64 = 1.0 - p;
                let (x, y) = beta::quantile_pair(2.0 * tail, 1.0 - 2.0 * tail, 0.5 * degrees, 0.5);
                let other = (degrees * y / x).sqrt();
                assert!((quantile(p, degrees) / other - 1.0).abs() < 2e-12, "{degrees} {p}");
            }
        }
    }

    #[test]
    fn noncentral_without_shift_is_central() {
        for degrees in [3.0, 10.0, 60.0] {
            assert!((noncentral_above(2.0, degrees, 0.0) - above(2.0, degrees)).abs() < 1e-10, "{degrees}");
        }
    }
}
