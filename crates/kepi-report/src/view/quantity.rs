//! Values, intervals, scores and changes as a page shows them.

use kepi_model::project::{BasisKind, Better, TargetLines, ValueUnit};
use kepi_stats::estimation::difference::{Limits, recovered};
use serde::{Deserialize, Serialize};

use crate::format;

/// A number with the text to show for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// The value in the unit that the surrounding structure names. Always finite.
    pub raw: f64,
    /// As shown, with unit sign and separators.
    pub text: String,
}

impl Number {
    /// A value of `unit` with so many decimals in the scale shown (per cent for shares).
    pub fn new(raw: f64, unit: &ValueUnit, decimals: u8) -> Self {
        Self { raw, text: format::value(raw, unit, decimals) }
    }
}

/// A value, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<T> {
    /// The value.
    Value(T),
    /// Why there is none.
    Reason(Reason),
}

impl<T> Outcome<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Reason(_) => None,
        }
    }
    /// The reason, if there is no value.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Value(_) => None,
            Self::Reason(reason) => Some(reason),
        }
    }
    /// No value, for this reason.
    pub fn none(code: &str, text: impl Into<String>) -> Self {
        Self::Reason(Reason { code: code.to_owned(), text: text.into() })
    }
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable code such as `too_few`.
    pub code: String,
    /// In words, as shown: `18 answers, 30 needed`.
    pub text: String,
}

/// An interval of the project's confidence level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower limit.
    pub low: Number,
    /// Upper limit.
    pub high: Number,
    /// As shown beside the value: `±1.5`, or `78.1 – 81.4` where the two sides differ.
    pub text: String,
}

/// A value with what is known about its precision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The point estimate.
    pub value: Number,
    /// Its interval, or why it has none.
    pub interval: Outcome<Interval>,
    /// Cases that entered.
    pub n: u64,
    /// Effective number of cases where weights make it smaller.
    pub effective_n: Option<f64>,
}

impl Measured {
    /// A value with digits chosen from the width of its interval.
    pub fn new(
        point: f64,
        interval: Result<(f64, f64), Reason>,
        n: u64,
        effective_n: Option<f64>,
        unit: &ValueUnit,
    ) -> Self {
        let limits = interval.as_ref().ok().copied();
        let decimals = format::decimals(point, limits, unit);
        let interval = match interval {
            Ok((low, high)) => Outcome::Value(Interval {
                low: Number::new(low, unit, decimals),
                high: Number::new(high, unit, decimals),
                text: format::interval(point, low, high, unit, decimals),
            }),
            Err(reason) => Outcome::Reason(reason),
        };
        Self { value: Number::new(point, unit, decimals), interval, n, effective_n }
    }

    /// Lower and upper limit as numbers.
    pub fn limits(&self) -> Option<(f64, f64)> {
        self.interval.value().map(|i| (i.low.raw, i.high.raw))
    }
}

/// A score or a part of one, exact: millionths of a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Points {
    /// Millionths of a point.
    pub micro: i64,
    /// As shown: `82.4`.
    pub text: String,
}

impl Points {
    /// A score with one decimal.
    pub fn new(micro: i64) -> Self {
        Self { micro, text: format::points(micro, 1) }
    }
    /// A difference of scores with its sign and one decimal.
    pub fn signed(micro: i64) -> Self {
        Self { micro, text: format::signed_points(micro, 1) }
    }
    /// All digits.
    pub fn exact(micro: i64) -> Self {
        Self { micro, text: format::points(micro, 6) }
    }
    /// The score as a number of points, for drawing.
    pub fn as_f64(&self) -> f64 {
        self.micro as f64 / 1e6
    }
}

/// Parts with texts of one decimal that add up, as shown, to the text of their sum (largest remainder).
pub fn signed_parts(micro: &[i64]) -> Vec<Points> {
    format::parts(micro, 1)
        .into_iter()
        .zip(micro)
        .map(|(text, micro)| Points { micro: *micro, text })
        .collect()
}

/// A weight among siblings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    /// Parts of 10 000.
    pub basis_points: u32,
    /// As shown: `40 %`.
    pub text: String,
}

impl Weight {
    /// A weight in parts of 10 000.
    pub fn new(basis_points: u32) -> Self {
        Self { basis_points, text: format::weight(basis_points) }
    }
}

/// Where a value stands against its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Worse than the threshold.
    Red,
    /// At least the threshold, short of the target.
    Amber,
    /// At least the target, short of the stretch target.
    Green,
    /// At least the stretch target.
    Blue,
    /// No publishable value, or no target to hold it against.
    Grey,
}

impl Status {
    /// All, worst first, grey last.
    pub const ALL: [Self; 5] = [Self::Red, Self::Amber, Self::Green, Self::Blue, Self::Grey];

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Red => "off target",
            Self::Amber => "watch",
            Self::Green => "on target",
            Self::Blue => "beyond",
            Self::Grey => "no value",
        }
    }
    /// The shape that says the same without colour.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Red => "■",
            Self::Amber => "◆",
            Self::Green => "●",
            Self::Blue => "▲",
            Self::Grey => "○",
        }
    }
    /// The name used in class names and JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Amber => "amber",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Grey => "grey",
        }
    }
}

/// How complete the cases behind a value or a score are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Share of 1: cases with a value among those that should have one, or weight with a score.
    pub share: f64,
    /// As shown: `93 %`.
    pub text: String,
}

impl Coverage {
    /// A share of 1. Rounded down, so that 100 % means complete.
    pub fn new(share: f64) -> Self {
        Self { share, text: format::coverage(share) }
    }
}

/// Whether a value may still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finality {
    /// The period is still running: not comparable with whole ones.
    Running,
    /// The period is over; nothing is published yet.
    Provisional,
    /// Published, with pins.
    Published,
    /// Published, and later data would change it.
    Restated,
}

impl Finality {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Running => "period still running",
            Self::Provisional => "provisional",
            Self::Published => "published",
            Self::Restated => "restated since",
        }
    }
}

/// How current a value is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// The last instant or day that the data reach: ISO 8601; none without data.
    pub data_until: Option<String>,
    /// As shown: `data to 31 May 2015`.
    pub text: String,
    /// Whether it may still change.
    pub finality: Finality,
}

/// Whether a change is more than noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
}

/// A change against the previous comparable period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The difference in the KPI's unit, with its sign: `+1.1 pt`.
    pub difference: Number,
    /// The period compared with.
    pub since: String,
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
    pub fn between(
        previous: &Measured,
        current: &Measured,
        since: impl Into<String>,
        unit: &ValueUnit,
        better: Better,
    ) -> Self {
        let raw = current.value.raw - previous.value.raw;
        let width = current.limits().map(|(low, high)| (raw - (high - low) / 2.0, raw + (high - low) / 2.0));
        let decimals = format::decimals(current.value.raw, width, unit);
        let limits = |of: &Measured| of.limits().map(|(low, high)| Limits { point: of.value.raw, low, high });
        let verdict = match limits(previous).zip(limits(current)).map(|(before, now)| recovered(before, now))
        {
            Some(change) if change.low > 0.0 || change.high < 0.0 => Verdict::Signal,
            Some(_) => Verdict::WithinVariation,
            None => Verdict::NoVerdict,
        };
        let favourable = match better {
            _ if raw == 0.0 => None,
            Better::Higher => Some(raw > 0.0),
            Better::Lower => Some(raw < 0.0),
            Better::InRange => None,
        };
        let difference = Number { raw, text: format::difference(raw, unit, decimals) };
        Self { difference, since: since.into(), verdict, favourable }
    }
}

/// One period of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesPoint {
    /// The period as the interface takes it: `2026-Q1`.
    pub period: String,
    /// The value, or why there is none.
    pub value: Outcome<Measured>,
    /// Against the target of that period.
    pub status: Status,
    /// Whether the period is over; one that still runs must not be compared.
    pub complete: bool,
    /// The target's lines in that period.
    pub lines: Option<TargetLines>,
}

/// A target with its texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetView {
    /// First day it holds, ISO 8601.
    pub from: String,
    /// The unit it is for, by name; none: for all.
    pub unit: Option<String>,
    /// Which direction is good.
    pub better: Better,
    /// The lines in the KPI's unit.
    pub lines: TargetLines,
    /// As shown: `4.00`, `≤ 8.0 %`, `4 min to 6 min`.
    pub target: String,
    /// As shown.
    pub threshold: String,
    /// As shown.
    pub stretch: Option<String>,
    /// As shown.
    pub floor: Option<String>,
    /// Kind of evidence.
    pub basis: Option<BasisKind>,
    /// The evidence.
    pub evidence: Option<String>,
}

impl TargetView {
    /// A target that holds for all from a day, without basis; set the other fields by struct update.
    pub fn new(from: impl Into<String>, lines: TargetLines, better: Better, unit: &ValueUnit) -> Self {
        let one = |value: f64| format::line(value, unit);
        let sided = |value: f64| match better {
            Better::Lower => format!("≤\u{202f}{}", one(value)),
            _ => one(value),
        };
        let pair = |(low, high): (f64, f64)| format!("{} to {}", one(low), one(high));
        let (floor, threshold, target, stretch) = match lines {
            TargetLines::OneSided { floor, threshold, target, stretch } => {
                (floor.map(sided), sided(threshold), sided(target), stretch.map(sided))
            }
            TargetLines::InRange { floor, threshold, target, stretch } => {
                (floor.map(pair), pair(threshold), pair(target), stretch.map(pair))
            }
        };
        let from = from.into();
        Self {
            from,
            unit: None,
            better,
            lines,
            target,
            threshold,
            stretch,
            floor,
            basis: None,
            evidence: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: (f64, f64, f64), now: (f64, f64, f64)) -> Change {
        let measured =
            |(point, low, high)| Measured::new(point, Ok((low, high)), 1_000, None, &ValueUnit::Share);
        Change::between(&measured(before), &measured(now), "2014", &ValueUnit::Share, Better::Higher)
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
