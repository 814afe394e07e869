//! Whether a value differs from an earlier one by more than chance.

use kepi_model::{calendar::Period, project::Better};
use kepi_stats::{
    estimate::Estimate,
    estimation::difference::{Limits, recovered},
};

/// Whether a change is more than noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The interval of the difference leaves out zero.
    Signal,
    /// The interval of the difference holds zero.
    WithinVariation,
    /// One of the two has no interval.
    NoVerdict,
}

impl Verdict {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::WithinVariation => "within variation",
            Self::NoVerdict => "no verdict",
        }
    }
    /// The name used in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::WithinVariation => "within_variation",
            Self::NoVerdict => "no_verdict",
        }
    }
}

/// A change against the previous comparable period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The difference in the KPI's unit.
    pub difference: f64,
    /// The period compared with.
    pub since: Period,
    /// Whether it is more than noise.
    pub verdict: Verdict,
    /// Whether it goes the good way; none for "in range" and for no change.
    pub favourable: Option<bool>,
}

impl Change {
    /// The change from `previous` to `current`.
    ///
    /// *Signal* means that zero lies outside the interval of the difference, of the same level as the two values'
    /// own, from which it is recovered ([`recovered`]). Both periods count as independent samples; where the same
    /// customers answer in both, changes are surer than said.
    pub fn between(previous: &Estimate, current: &Estimate, since: Period, better: Better) -> Self {
        let difference = current.point - previous.point;
        let limits = |of: &Estimate| {
            of.interval.as_ref().ok().map(|i| Limits { point: of.point, low: i.low, high: i.high })
        };
        let verdict = match limits(previous).zip(limits(current)).map(|(before, now)| recovered(before, now))
        {
            Some(change) if change.low > 0.0 || change.high < 0.0 => Verdict::Signal,
            Some(_) => Verdict::WithinVariation,
            None => Verdict::NoVerdict,
        };
        let favourable = match better {
            _ if difference == 0.0 => None,
            Better::Higher => Some(difference > 0.0),
            Better::Lower => Some(difference < 0.0),
            Better::InRange => None,
        };
        Self { difference, since, verdict, favourable }
    }
}

#[cfg(test)]
mod tests {
    use kepi_model::calendar::Grain;
    use kepi_stats::estimate::{Interval, Level, Method};

    use super::*;

    fn change(before: (f64, f64, f64), now: (f64, f64, f64)) -> Change {
        let estimate = |(point, low, high)| Estimate {
            point,
            interval: Ok(Interval::new(low, high, Level::NINETY_FIVE)),
            n: 1_000,
            effective_n: 1_000.0,
            method: Method::Wilson,
        };
        let since = Period { grain: Grain::Year, ordinal: 2014 };
        Change::between(&estimate(before), &estimate(now), since, Better::Higher)
    }

    #[test]
    fn a_change_is_a_signal_when_the_interval_of_the_difference_leaves_out_zero() {
        // The intervals overlap and yet 3.2 points are more than √(1.9² + 1.9²).
        let fell = change((0.442, 0.423, 0.461), (0.410, 0.391, 0.429));
        assert_eq!((fell.verdict, fell.favourable), (Verdict::Signal, Some(false)));
        let little = change((0.434, 0.415, 0.453), (0.410, 0.391, 0.429));
        assert_eq!(little.verdict, Verdict::WithinVariation);
        let rose = change((0.033, 0.027, 0.040), (0.045, 0.038, 0.053));
        assert_eq!((rose.verdict, rose.favourable), (Verdict::Signal, Some(true)));
    }
}
