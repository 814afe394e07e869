//! Estimates with intervals from additive states: proportions, scores, means, ratios, totals, quantiles.
//!
//! Sums arrive as scaled integers (`value = integer / 10^scale`) and are combined exactly; the one rounding
//! happens when a quotient becomes an `f64` (see [`crate::exact`]).

pub mod composed;
pub mod difference;
pub mod mean;
pub mod nps;
pub mod proportion;
pub mod quantile;
pub mod ratio;
pub mod total;

use crate::distribution::normal;
use crate::estimate::{Estimate, Level, Method, NotComputable};

/// Probability that the true value lies in `[low, high)`, read from an estimate.
///
/// The estimate's interval is taken as one slice of a confidence distribution on its own scale:
/// - Wilson methods: `H(θ) = Φ((θ − p̂)/√(θ(1 − θ)/n*))` with the effective `n*`, the family the interval inverts;
/// - everything else: a normal with one standard deviation below the point and another above it, each the
///   distance to the end of the interval divided by `z`; below the point lies half, or nothing where the interval begins there;
/// - a total counted in full has probability 0 or 1.
///
/// `low` and `high` may be infinite. Errors: the reason why the estimate has no interval; `Invalid` for NaN or
/// `low > high`. Source of the idea: Schweder and Hjort 2016, confidence distributions.
pub fn probability_in_band(estimate: &Estimate, low: f64, high: f64) -> Result<f64, NotComputable> {
    if low.is_nan() || high.is_nan() || low > high {
        return Err(NotComputable::invalid("a band runs from a lower to a higher bound"));
    }
    let point = estimate.point;
    let inside = if point >= low && point < high { 1.0 } else { 0.0 };
    if estimate.method == Method::Exact {
        return Ok(inside);
    }
    let interval = estimate.interval.as_ref().map_err(Clone::clone)?;
    let (below_low, below_high) = if matches!(estimate.method, Method::Wilson | Method::WeightedProportion) {
        let below = |bound: f64| {
            if bound <= 0.0 {
                0.0
            } else if bound >= 1.0 {
                1.0
            } else {
                normal::below((bound - point) / (bound * (1.0 - bound) / estimate.effective_n).sqrt())
            }
        };
        // A proportion of exactly 1 belongs to the band that ends at or beyond 1.
        (below(low), below(high))
    } else {
        let z = Level::new(interval.level)?.z();
        let below = |bound: f64| {
            // A clamp or a scale's end may leave nothing on one side of the point: then all that is uncertain lies on the other.
            let width = if bound > point { interval.high - point } else { point - interval.low };
            if width > 0.0 {
                normal::below(z * (bound - point) / width)
            } else if bound > point {
                1.0
            } else {
                0.0
            }
        };
        (below(low), below(high))
    };
    Ok((below_high - below_low).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Interval;

    #[test]
    fn bands_partition_probability() {
        for estimate in [
            proportion::wilson(81, 263, Level::NINETY_FIVE).unwrap(),
            nps::adjusted_wald(60, 20, 20, Level::NINETY_FIVE).unwrap(),
            mean::from_moments(5, 25, 135, 0, Level::NINETY_FIVE).unwrap(),
        ] {
            let centre = estimate.point;
            let edges = [f64::NEG_INFINITY, centre - 0.1, centre, centre + 0.2, f64::INFINITY];
            let total: f64 =
                edges.windows(2).map(|pair| probability_in_band(&estimate, pair[0], pair[1]).unwrap()).sum();
            assert!((total - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn interval_holds_its_level() {
        let estimate = proportion::wilson(81, 263, Level::NINETY_FIVE).unwrap();
        let interval = estimate.interval.clone().unwrap();
        let inside = probability_in_band(&estimate, interval.low, interval.high).unwrap();
        assert!((inside - 0.95).abs() < 1e-12);
    }

    /// An index clamped at its best: the point is the upper end, and the half of it that lies below is not above.
    #[test]
    fn a_point_at_an_end_of_its_interval_is_not_certain_to_be_reached() {
        let between = |low, high| Estimate {
            point: 40.0,
            interval: Ok(Interval { low, high, level: 0.95 }),
            ..mean::from_moments(5, 25, 135, 0, Level::NINETY_FIVE).unwrap()
        };
        let at_least = |of: &Estimate, line| probability_in_band(of, line, f64::INFINITY).unwrap();
        assert_eq!(at_least(&between(0.0, 40.0), 40.0), 0.5);
        assert_eq!(at_least(&between(0.0, 40.0), 40.1), 0.0);
        assert_eq!(at_least(&between(40.0, 80.0), 40.0), 1.0);
        assert_eq!(at_least(&between(40.0, 80.0), 39.9), 1.0);
        assert_eq!(at_least(&between(40.0, 40.0), 40.0), 1.0);
        assert!((at_least(&between(0.0, 40.0), 0.0) - 0.975).abs() < 1e-12);
    }

    #[test]
    fn counts_are_certain_and_missing_intervals_say_why() {
        let count = total::count(7);
        assert_eq!(probability_in_band(&count, 5.0, 8.0).unwrap(), 1.0);
        assert_eq!(probability_in_band(&count, 8.0, 9.0).unwrap(), 0.0);
        let single = mean::from_moments(1, 4, 16, 0, Level::NINETY_FIVE).unwrap();
        assert_eq!(probability_in_band(&single, 0.0, 9.0), Err(NotComputable::TooFew { n: 1, need: 2 }));
        assert!(probability_in_band(&count, f64::NAN, 1.0).is_err());
    }
}
