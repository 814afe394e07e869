//! One value against its target: score, band, and how sure the band is.

use kepi_model::project::{Better, TargetLines};
use kepi_stats::{
    estimate::{Estimate, Method, NotComputable},
    estimation::probability_in_band,
};
use serde::{Deserialize, Serialize};

use crate::{AT_STRETCH, AT_TARGET, AT_THRESHOLD};

/// Where a value stands. Lower bounds are inclusive in the good direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Worse than the threshold.
    Red,
    /// At least the threshold, short of the target.
    Amber,
    /// At least the target, short of the stretch target.
    Green,
    /// At least the stretch target.
    Blue,
}

/// Lines in a direction in which more is better.
#[derive(Debug, Clone, Copy)]
struct Ladder {
    floor: f64,
    threshold: f64,
    target: f64,
    stretch: Option<f64>,
}

impl Ladder {
    /// Without a floor the slope from threshold to target goes on below the threshold.
    fn new(floor: Option<f64>, threshold: f64, target: f64, stretch: Option<f64>) -> Self {
        Self { floor: floor.unwrap_or(2.0 * threshold - target), threshold, target, stretch }
    }

    fn negated(self) -> Self {
        Self {
            floor: -self.floor,
            threshold: -self.threshold,
            target: -self.target,
            stretch: self.stretch.map(|s| -s),
        }
    }

    fn score(self, value: f64) -> i64 {
        match self.stretch {
            Some(stretch) if value >= stretch => AT_STRETCH,
            Some(stretch) if value >= self.target => step(value, self.target, stretch, AT_TARGET, AT_STRETCH),
            None if value >= self.target => AT_TARGET,
            _ if value >= self.threshold => step(value, self.threshold, self.target, AT_THRESHOLD, AT_TARGET),
            _ if value > self.floor => step(value, self.floor, self.threshold, 0, AT_THRESHOLD),
            _ => 0,
        }
    }
}

/// The straight line from `(x0, y0)` to `(x1, y1)` at `x0 <= x < x1`, never reaching `y1`: the next band starts
/// exactly at its line.
fn step(x: f64, x0: f64, x1: f64, y0: i64, y1: i64) -> i64 {
    let share = (x - x0) / (x1 - x0);
    let rise = (share * (y1 - y0) as f64).round() as i64;
    (y0 + rise).clamp(y0, y1 - 1)
}

/// The ladders that a value must climb: one for `higher` and `lower`, both sides for `in_range`. Values are negated
/// where less is better, so that more is better on every ladder.
fn ladders(lines: &TargetLines, better: Better) -> Vec<(Ladder, f64)> {
    match *lines {
        TargetLines::OneSided { floor, threshold, target, stretch } => {
            if better == Better::Lower {
                let plain =
                    Ladder { floor: floor.unwrap_or(2.0 * threshold - target), threshold, target, stretch };
                vec![(plain.negated(), -1.0)]
            } else {
                vec![(Ladder::new(floor, threshold, target, stretch), 1.0)]
            }
        }
        TargetLines::InRange { floor, threshold, target, stretch } => {
            let low = Ladder::new(floor.map(|f| f.0), threshold.0, target.0, stretch.map(|s| s.0));
            let high = Ladder::new(floor.map(|f| f.1), threshold.1, target.1, stretch.map(|s| s.1));
            vec![(low, 1.0), (high.negated(), -1.0)]
        }
    }
}

/// The score of a value in millionths of a point, 0 to 120 points.
///
/// Piecewise linear through floor → 0, threshold → 50, target → 100, stretch → 120, clamped at both ends. Without a
/// floor, the slope below the threshold is that from threshold to target. Without a stretch target nothing scores
/// above 100. *In range* applies the same on both sides and takes the worse one.
pub fn score(value: f64, lines: &TargetLines, better: Better) -> i64 {
    ladders(lines, better).iter().map(|(ladder, sign)| ladder.score(sign * value)).min().unwrap_or(0)
}

/// The band of a value.
pub fn band(value: f64, lines: &TargetLines, better: Better) -> Band {
    let one = |(ladder, sign): &(Ladder, f64)| {
        let value = sign * value;
        if value < ladder.threshold {
            Band::Red
        } else if value < ladder.target {
            Band::Amber
        } else if ladder.stretch.is_some_and(|stretch| value >= stretch) {
            Band::Blue
        } else {
            Band::Green
        }
    };
    ladders(lines, better).iter().map(one).min().unwrap_or(Band::Red)
}

/// The band of a score: red below 50, amber below 100, green below 120, blue at 120 points.
pub fn band_of_score(micro: i64) -> Band {
    match micro {
        AT_STRETCH.. => Band::Blue,
        AT_TARGET.. => Band::Green,
        AT_THRESHOLD.. => Band::Amber,
        _ => Band::Red,
    }
}

/// The bands of a target as ranges of values, from the smallest values to the largest. Of two that meet, the better one
/// holds the line between them: [`band`] of a value within a range is that range's.
pub fn ranges(lines: &TargetLines, better: Better) -> Vec<(Band, f64, f64)> {
    let all = match *lines {
        TargetLines::OneSided { threshold, target, stretch, .. } => {
            let far = if better == Better::Lower { f64::NEG_INFINITY } else { f64::INFINITY };
            let mut upwards = vec![
                (Band::Red, -far, threshold),
                (Band::Amber, threshold, target),
                (Band::Green, target, stretch.unwrap_or(far)),
            ];
            upwards.extend(stretch.map(|stretch| (Band::Blue, stretch, far)));
            if better == Better::Lower {
                upwards.into_iter().rev().map(|(band, worse, good)| (band, good, worse)).collect()
            } else {
                upwards
            }
        }
        TargetLines::InRange { threshold, target, stretch, .. } => {
            let inner = match stretch {
                Some((low, high)) => {
                    vec![(Band::Green, target.0, low), (Band::Blue, low, high), (Band::Green, high, target.1)]
                }
                None => vec![(Band::Green, target.0, target.1)],
            };
            let mut all =
                vec![(Band::Red, f64::NEG_INFINITY, threshold.0), (Band::Amber, threshold.0, target.0)];
            all.extend(inner);
            all.extend([(Band::Amber, target.1, threshold.1), (Band::Red, threshold.1, f64::INFINITY)]);
            all
        }
    };
    all.into_iter().filter(|(_, from, to)| from < to).collect()
}

/// The values at least as good as a line: `(low, high)`, open-ended where one-sided.
fn at_least(lines: &TargetLines, better: Better, band: Band) -> Option<(f64, f64)> {
    let one = |line: f64| match better {
        Better::Lower => (f64::NEG_INFINITY, line),
        _ => (line, f64::INFINITY),
    };
    match (*lines, band) {
        (_, Band::Red) => Some((f64::NEG_INFINITY, f64::INFINITY)),
        (TargetLines::OneSided { threshold, .. }, Band::Amber) => Some(one(threshold)),
        (TargetLines::OneSided { target, .. }, Band::Green) => Some(one(target)),
        (TargetLines::OneSided { stretch, .. }, Band::Blue) => stretch.map(one),
        (TargetLines::InRange { threshold, .. }, Band::Amber) => Some(threshold),
        (TargetLines::InRange { target, .. }, Band::Green) => Some(target),
        (TargetLines::InRange { stretch, .. }, Band::Blue) => stretch,
    }
}

/// The probability that the true value lies in `band`, from the estimate's interval read as a normal distribution
/// ([`probability_in_band`]): the probability of being at least that good less that of being better still.
///
/// # Errors
/// The reason why the estimate has no interval.
pub fn probability(
    estimate: &Estimate,
    lines: &TargetLines,
    better: Better,
    band: Band,
) -> Result<f64, NotComputable> {
    // What is certain lies where it lies; as ranges of values, bands would part at a line on the wrong side of it where less is better.
    let sure = estimate.method == Method::Exact
        || estimate.interval.as_ref().is_ok_and(|interval| interval.high <= interval.low);
    if sure {
        return Ok(if self::band(estimate.point, lines, better) == band { 1.0 } else { 0.0 });
    }
    let reach = |band| match at_least(lines, better, band) {
        Some((low, high)) => probability_in_band(estimate, low, high),
        None => Ok(0.0),
    };
    let beyond = match band {
        Band::Red => reach(Band::Amber)?,
        Band::Amber => reach(Band::Green)?,
        Band::Green => reach(Band::Blue)?,
        Band::Blue => 0.0,
    };
    let this = if band == Band::Red { 1.0 } else { reach(band)? };
    Ok((this - beyond).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use kepi_stats::estimate::{Interval, Level, Method};
    use proptest::prelude::*;

    use super::*;
    use crate::MICRO;

    fn higher() -> TargetLines {
        TargetLines::OneSided { floor: Some(0.0), threshold: 20.0, target: 40.0, stretch: Some(55.0) }
    }

    #[test]
    fn every_line_scores_exactly_and_bands_start_at_it() {
        let lines = higher();
        for (value, points, expected) in [
            (-5.0, 0, Band::Red),
            (0.0, 0, Band::Red),
            (10.0, 25, Band::Red),
            (20.0, 50, Band::Amber),
            (30.0, 75, Band::Amber),
            (40.0, 100, Band::Green),
            (55.0, 120, Band::Blue),
            (90.0, 120, Band::Blue),
        ] {
            assert_eq!(score(value, &lines, Better::Higher), points * MICRO, "{value}");
            assert_eq!(band(value, &lines, Better::Higher), expected, "{value}");
        }
        assert_eq!(score(47.5, &lines, Better::Higher), 110 * MICRO);
    }

    #[test]
    fn just_below_a_line_is_the_band_below() {
        let lines = higher();
        for (line, band_below) in [(20.0, Band::Red), (40.0, Band::Amber), (55.0, Band::Green)] {
            let value = f64::next_down(line);
            assert_eq!(band(value, &lines, Better::Higher), band_below);
            assert_eq!(band_of_score(score(value, &lines, Better::Higher)), band_below);
        }
    }

    #[test]
    fn lower_is_better_turns_the_ladder() {
        let lines =
            TargetLines::OneSided { floor: Some(1.2), threshold: 0.8, target: 0.5, stretch: Some(0.3) };
        for (value, points) in [(1.3, 0), (1.2, 0), (1.0, 25), (0.8, 50), (0.5, 100), (0.3, 120), (0.0, 120)]
        {
            assert_eq!(score(value, &lines, Better::Lower), points * MICRO, "{value}");
        }
        assert_eq!(band(0.8, &lines, Better::Lower), Band::Amber);
        assert_eq!(band(f64::next_up(0.8), &lines, Better::Lower), Band::Red);
    }

    #[test]
    fn without_a_floor_the_slope_goes_on_and_without_stretch_it_ends_at_100() {
        let lines = TargetLines::OneSided { floor: None, threshold: 20.0, target: 40.0, stretch: None };
        assert_eq!(score(10.0, &lines, Better::Higher), 25 * MICRO);
        assert_eq!(score(0.0, &lines, Better::Higher), 0);
        assert_eq!(score(400.0, &lines, Better::Higher), 100 * MICRO);
        assert_eq!(band(400.0, &lines, Better::Higher), Band::Green);
    }

    #[test]
    fn in_range_mirrors_on_both_sides() {
        let lines = TargetLines::InRange {
            floor: Some((0.0, 10.0)),
            threshold: (2.0, 8.0),
            target: (4.0, 6.0),
            stretch: Some((4.8, 5.2)),
        };
        for (low, high) in [(0.0, 10.0), (1.0, 9.0), (2.0, 8.0), (3.0, 7.0), (4.0, 6.0), (4.8, 5.2)] {
            assert_eq!(
                score(low, &lines, Better::InRange),
                score(high, &lines, Better::InRange),
                "{low} {high}"
            );
            assert_eq!(band(low, &lines, Better::InRange), band(high, &lines, Better::InRange));
        }
        assert_eq!(score(5.0, &lines, Better::InRange), 120 * MICRO);
        assert_eq!(score(3.0, &lines, Better::InRange), 75 * MICRO);
        assert_eq!(band(4.0, &lines, Better::InRange), Band::Green);
    }

    #[test]
    fn probabilities_of_the_bands_add_up_to_one() {
        let level = Level::NINETY_FIVE;
        let estimate = Estimate {
            point: 41.0,
            interval: Ok(Interval::around(41.0, 8.0, level)),
            n: 100,
            effective_n: 100.0,
            method: Method::StudentMean,
        };
        let all = [Band::Red, Band::Amber, Band::Green, Band::Blue];
        let parts = all.map(|b| probability(&estimate, &higher(), Better::Higher, b).unwrap());
        assert!((parts.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{parts:?}");
        assert!(parts[2] > parts[1] && parts[1] > parts[0]);
        let none = Estimate { interval: Err(NotComputable::NoRows), ..estimate };
        assert!(probability(&none, &higher(), Better::Higher, Band::Green).is_err());
    }

    #[test]
    fn what_is_counted_in_full_is_sure_of_its_band_on_every_line_of_it() {
        let exact = |point: f64| Estimate {
            point,
            interval: Err(NotComputable::NoRows),
            n: 4,
            effective_n: 4.0,
            method: Method::Exact,
        };
        let lower = TargetLines::OneSided { floor: None, threshold: 8.0, target: 4.0, stretch: Some(2.0) };
        let within =
            TargetLines::InRange { floor: None, threshold: (1.0, 5.0), target: (2.0, 4.0), stretch: None };
        for (lines, better, point, expected) in [
            (&lower, Better::Lower, 8.0, Band::Amber),
            (&lower, Better::Lower, 4.0, Band::Green),
            (&lower, Better::Lower, 2.0, Band::Blue),
            (&within, Better::InRange, 4.0, Band::Green),
            (&within, Better::InRange, 2.0, Band::Green),
            (&within, Better::InRange, 5.0, Band::Amber),
        ] {
            assert_eq!(band(point, lines, better), expected, "{point}");
            assert_eq!(probability(&exact(point), lines, better, expected).unwrap(), 1.0, "{point}");
            assert_eq!(probability(&exact(point), lines, better, Band::Red).unwrap(), 0.0, "{point}");
        }
    }

    #[test]
    fn ranges_cover_every_value_and_meet_in_the_lines() {
        let lower = TargetLines::OneSided { floor: None, threshold: 10.0, target: 8.0, stretch: Some(5.0) };
        assert_eq!(
            ranges(&lower, Better::Lower),
            [
                (Band::Blue, f64::NEG_INFINITY, 5.0),
                (Band::Green, 5.0, 8.0),
                (Band::Amber, 8.0, 10.0),
                (Band::Red, 10.0, f64::INFINITY)
            ]
        );
        let range = TargetLines::InRange {
            floor: None,
            threshold: (2.0, 8.0),
            target: (4.0, 6.0),
            stretch: Some((4.0, 5.5)),
        };
        // Green between target and stretch is empty below, where the two meet.
        assert_eq!(
            ranges(&range, Better::InRange).iter().map(|r| r.0).collect::<Vec<_>>(),
            [Band::Red, Band::Amber, Band::Blue, Band::Green, Band::Amber, Band::Red]
        );
    }

    proptest! {
        #[test]
        fn the_range_that_holds_a_value_is_its_band(value in -10.0..70.0f64, place in 0usize..3, on_line in any::<bool>()) {
            let (lines, better) = [
                (higher(), Better::Higher),
                (TargetLines::OneSided { floor: None, threshold: 50.0, target: 40.0, stretch: Some(20.0) }, Better::Lower),
                (TargetLines::InRange { floor: None, threshold: (0.0, 60.0), target: (10.0, 50.0), stretch: Some((20.0, 40.0)) }, Better::InRange),
            ][place];
            let all = ranges(&lines, better);
            let value = if on_line { all[1].1 } else { value };
            let best = all.iter().filter(|(_, from, to)| (*from..=*to).contains(&value)).map(|r| r.0).max();
            prop_assert_eq!(best, Some(band(value, &lines, better)));
        }

        #[test]
        fn scores_rise_with_the_value_and_agree_with_bands(a in -100.0..100.0f64, b in -100.0..100.0f64) {
            let lines = higher();
            let (low, high) = if a < b { (a, b) } else { (b, a) };
            prop_assert!(score(low, &lines, Better::Higher) <= score(high, &lines, Better::Higher));
            let micro = score(a, &lines, Better::Higher);
            prop_assert!((0..=AT_STRETCH).contains(&micro));
            prop_assert_eq!(band(a, &lines, Better::Higher), band_of_score(micro));
        }

        #[test]
        fn lower_is_higher_of_the_negated(value in -100.0..100.0f64) {
            let mirrored =
                TargetLines::OneSided { floor: Some(0.0), threshold: -20.0, target: -40.0, stretch: Some(-55.0) };
            prop_assert_eq!(
                score(value, &higher(), Better::Higher),
                score(-value, &mirrored, Better::Lower)
            );
        }
    }
}
