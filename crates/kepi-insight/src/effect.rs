//! Before and after: by how much a figure differs between two periods, and whether that is what was expected.
//!
//! There is nothing that it is compared with, so it says what changed and not what caused it. The interval is that of the difference of
//! two independent estimates from their own intervals (Newcombe's square-and-add; Zou and Donner's MOVER).

use kepi_stats::{
    estimate::{Estimate, Method},
    estimation::difference::{Limits, recovered},
};

/// Whether what was expected came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Came {
    /// The figure moved as expected: all of the interval lies on that side of zero.
    Shown,
    /// Nothing says that it did.
    NotShown,
    /// All of the interval lies on the other side.
    Contrary,
    /// One of the figures has no interval, and was not counted in full.
    NotComputable,
}

/// A difference of two figures in the KPI's own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Whether what was expected came.
    pub came: Came,
    /// Later figure less the earlier one.
    pub change: f64,
    /// Ends of its interval; none if both were counted in full, or one has none.
    pub interval: Option<(f64, f64)>,
    /// Whether all of what was expected may have come: the interval reaches it, or goes beyond.
    pub enough: bool,
}

/// What came of an expected change, other than zero.
#[must_use]
pub fn effect(before: &Estimate, after: &Estimate, expected: f64) -> Effect {
    let change = after.point - before.point;
    let exact = |of: &Estimate| of.method == Method::Exact;
    let limits = |of: &Estimate| match &of.interval {
        Ok(interval) => Some(Limits { point: of.point, low: interval.low, high: interval.high }),
        Err(_) if exact(of) => Some(Limits { point: of.point, low: of.point, high: of.point }),
        Err(_) => None,
    };
    let (Some(first), Some(second)) = (limits(before), limits(after)) else {
        return Effect { came: Came::NotComputable, change, interval: None, enough: false };
    };
    let Limits { low, high, .. } = recovered(first, second);
    let as_expected = |x: f64| x * expected.signum();
    let (worst, best) = (as_expected(low).min(as_expected(high)), as_expected(low).max(as_expected(high)));
    let came = match () {
        () if worst > 0.0 => Came::Shown,
        () if best < 0.0 => Came::Contrary,
        () => Came::NotShown,
    };
    let interval = (!exact(before) || !exact(after)).then_some((low, high));
    Effect { came, change, interval, enough: best >= expected.abs() }
}

#[cfg(test)]
mod tests {
    use kepi_stats::estimate::{Interval, Level};

    use super::*;

    fn estimate(point: f64, low: f64, high: f64) -> Estimate {
        Estimate {
            point,
            interval: Ok(Interval::new(low, high, Level::new(0.95).unwrap())),
            n: 100,
            effective_n: 100.0,
            method: Method::Wilson,
        }
    }

    /// Newcombe (1998), table II (a): 56/70 less 48/80 is 0.2000, by his method 10 0.0524 to 0.3339.
    #[test]
    fn the_interval_is_that_of_newcombe() {
        let wilson = |x: f64, n: f64| {
            let (z, p) = (1.959_964_f64, x / n);
            let (middle, half) =
                (p + z * z / (2.0 * n), z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt());
            estimate(p, (middle - half) / (1.0 + z * z / n), (middle + half) / (1.0 + z * z / n))
        };
        let of = effect(&wilson(48.0, 80.0), &wilson(56.0, 70.0), 0.3);
        let (low, high) = of.interval.unwrap();
        assert!(
            (of.change - 0.2).abs() < 1e-9 && (low - 0.0524).abs() < 1e-4 && (high - 0.3339).abs() < 1e-4
        );
        assert_eq!((of.came, of.enough), (Came::Shown, true));
        assert!(!effect(&wilson(48.0, 80.0), &wilson(56.0, 70.0), 0.4).enough);
        assert_eq!(effect(&wilson(48.0, 80.0), &wilson(56.0, 70.0), -0.1).came, Came::Contrary);
    }

    #[test]
    fn what_is_within_chance_is_not_shown_and_what_was_counted_has_no_chance() {
        let of = effect(&estimate(70.0, 69.0, 71.0), &estimate(71.1, 70.0, 72.2), 3.0);
        assert_eq!((of.came, of.enough), (Came::NotShown, false));
        let counted = |point| Estimate::exact(point, 10, "counted in full");
        let of = effect(&counted(10.0), &counted(7.0), -3.0);
        assert_eq!((of.came, of.interval, of.enough), (Came::Shown, None, true));
        assert_eq!(effect(&counted(10.0), &counted(10.0), -3.0).came, Came::NotShown);
        let unknown = Estimate { method: Method::StudentMean, ..counted(1.0) };
        assert_eq!(effect(&unknown, &counted(2.0), 1.0).came, Came::NotComputable);
    }
}
