//! Scales: from values to places.

use kepi_model::project::{TargetLines, ValueUnit};

use crate::view::Measured;

/// A linear scale from values to coordinates. `from` and `to` may run downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Smallest value.
    pub low: f64,
    /// Largest value.
    pub high: f64,
    /// Coordinate of the smallest value.
    pub from: f64,
    /// Coordinate of the largest value.
    pub to: f64,
}

impl Scale {
    /// The scale that holds all `values` with some air, within what the unit allows; at least a little wide.
    pub fn around(values: impl IntoIterator<Item = f64>, unit: &ValueUnit, from: f64, to: f64) -> Self {
        let (mut low, mut high) = values
            .into_iter()
            .filter(|v| v.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let air = if high > low { (high - low) * 0.1 } else { high.abs().max(1.0) * 0.05 };
        let (least, most) = match unit {
            ValueUnit::Share => (0.0, 1.0),
            ValueUnit::NetPromoter => (-100.0, 100.0),
            ValueUnit::Rating { low, high } => (*low as f64, *high as f64),
            ValueUnit::Number { .. } | ValueUnit::Money { .. } if low < 0.0 => {
                (f64::NEG_INFINITY, f64::INFINITY)
            }
            _ => (0.0, f64::INFINITY),
        };
        let (low, high) = ((low - air).max(least.min(low)), (high + air).min(most.max(high)));
        // A single value at the very edge of what is allowed still needs width.
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, from, to }
    }

    /// The coordinate of a value, clamped to the scale.
    pub fn at(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }

    /// Round values within the scale, about `wanted` of them.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        if !(rough.is_finite() && rough > 0.0) {
            return Vec::new();
        }
        let magnitude = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|m| m * magnitude)
            .find(|step| *step >= rough)
            .unwrap_or(magnitude * 10.0);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).take(20).map(|i| i as f64 * step).collect()
    }
}

/// The declared lines of a target as values, for scales.
pub(crate) fn line_values(lines: &TargetLines) -> Vec<f64> {
    match *lines {
        TargetLines::OneSided { threshold, target, stretch, .. } => {
            [Some(threshold), Some(target), stretch].into_iter().flatten().collect()
        }
        TargetLines::InRange { threshold, target, stretch, .. } => [Some(threshold), Some(target), stretch]
            .into_iter()
            .flatten()
            .flat_map(|(low, high)| [low, high])
            .collect(),
    }
}

/// The target line or lines themselves.
pub(crate) fn target_values(lines: &TargetLines) -> Vec<f64> {
    match *lines {
        TargetLines::OneSided { target, .. } => vec![target],
        TargetLines::InRange { target, .. } => vec![target.0, target.1],
    }
}

/// A value and its limits, for scales.
pub(crate) fn value_and_limits(measured: &Measured) -> Vec<f64> {
    let mut all = vec![measured.value.raw];
    if let Some((low, high)) = measured.limits() {
        all.extend([low, high]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_stay_within_the_unit() {
        let share = Scale::around([0.97, 1.0], &ValueUnit::Share, 0.0, 100.0);
        assert_eq!(share.high, 1.0);
        let rating = Scale::around([4.0, 4.9], &ValueUnit::Rating { low: 1, high: 5 }, 0.0, 100.0);
        assert!(rating.high <= 5.0 && rating.low < 4.0);
        let nothing = Scale::around([], &ValueUnit::Count, 0.0, 100.0);
        assert!(nothing.high > nothing.low);
        assert_eq!(rating.at(-100.0), 0.0);
        let one = Scale::around([1.0], &ValueUnit::Share, 0.0, 100.0);
        assert!(one.high > one.low);
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let scale = Scale { low: 3.52, high: 4.13, from: 0.0, to: 1.0 };
        let ticks: Vec<String> = scale.ticks(4).iter().map(|t| format!("{t:.2}")).collect();
        assert_eq!(ticks, ["3.60", "3.80", "4.00"]);
    }
}
