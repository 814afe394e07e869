//! Whether the last values all went the same way.

use kepi_model::project::{Better, TargetLines};

/// Moves in one direction that make a trend.
pub const TREND: usize = 6;

/// The direction of a run of moves that all go the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trend {
    /// The last [`TREND`] moves were all for the worse.
    Worsening,
    /// They were all for the better.
    Improving,
    /// Neither, or too few values.
    None,
}

impl Trend {
    /// The trend of a series, oldest first. In a series without any trend and without ties one of 5 040 ends in such a run of
    /// one direction: the 7 values would have to stand in order.
    pub fn of(points: &[f64], better: Better, lines: Option<&TargetLines>) -> Self {
        let Some(good) = goodness(better, lines) else { return Self::None };
        let Some(last) = points.len().checked_sub(TREND + 1).and_then(|from| points.get(from..)) else {
            return Self::None;
        };
        let all = |of: fn(f64, f64) -> bool| {
            last.windows(2).all(|pair| matches!(pair, [before, now] if of(good(*now), good(*before))))
        };
        if all(|now, before| now < before) {
            Self::Worsening
        } else if all(|now, before| now > before) {
            Self::Improving
        } else {
            Self::None
        }
    }
}

/// How good a value is, as far as order goes; nothing where a range is good and none is known. Within the range all are alike.
pub(crate) fn goodness(better: Better, lines: Option<&TargetLines>) -> Option<impl Fn(f64) -> f64 + use<>> {
    let range = match (better, lines) {
        (Better::InRange, Some(TargetLines::InRange { target, .. })) => Some(*target),
        (Better::InRange, _) => return None,
        _ => None,
    };
    Some(move |value: f64| match (better, range) {
        (_, Some((low, high))) => -(low - value).max(value - high).max(0.0),
        (Better::Lower, None) => -value,
        _ => value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_moves_one_way_are_a_trend() {
        let up: Vec<f64> = (0..7).map(f64::from).collect();
        assert_eq!(Trend::of(&up, Better::Higher, None), Trend::Improving);
        assert_eq!(Trend::of(&up, Better::Lower, None), Trend::Worsening);
        assert_eq!(Trend::of(&up[1..], Better::Higher, None), Trend::None);
        let mut flat = up.clone();
        flat[3] = flat[2];
        assert_eq!(Trend::of(&flat, Better::Higher, None), Trend::None);
        // Towards a range from below is for the better, away from it above for the worse; nothing is said without one.
        let lines = |low: f64, high: f64| TargetLines::InRange {
            floor: None,
            threshold: (low - 1.0, high + 1.0),
            target: (low, high),
            stretch: None,
        };
        assert_eq!(Trend::of(&up, Better::InRange, Some(&lines(6.0, 8.0))), Trend::Improving);
        assert_eq!(Trend::of(&up, Better::InRange, Some(&lines(-2.0, 0.0))), Trend::Worsening);
        assert_eq!(Trend::of(&up, Better::InRange, Some(&lines(-2.0, 10.0))), Trend::None);
        assert_eq!(Trend::of(&up, Better::InRange, None), Trend::None);
    }
}
