//! The F distribution.

use super::beta;

/// Probability that an F variable exceeds `f`.
pub fn above(f: f64, numerator_degrees: f64, denominator_degrees: f64) -> f64 {
    if f <= 0.0 {
        return 1.0;
    }
    let total = denominator_degrees + numerator_degrees * f;
    beta::split(
        denominator_degrees / total,
        numerator_degrees * f / total,
        0.5 * denominator_degrees,
        0.5 * numerator_degrees,
    )
    .0
}

/// The `f` below which a share `p` lies.
pub fn quantile(p: f64, numerator_degrees: f64, denominator_degrees: f64) -> f64 {
    let (x, y) = beta::quantile_pair(1.0 - p, p, 0.5 * denominator_degrees, 0.5 * numerator_degrees);
    denominator_degrees * y / (numerator_degrees * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn square_of_student() {
        let t = 2.1_f64;
        assert!(
            (above(t * t, 1.0, 17.0) / crate::distribution::student::two_sided(t, 17.0) - 1.0).abs() < 1e-13
        );
        let f = quantile(0.95, 3.0, 40.0);
        assert!((above(f, 3.0, 40.0) - 0.05).abs() < 1e-13);
    }
}
