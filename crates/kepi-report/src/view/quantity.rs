//! Values, intervals, scores and changes as a page shows them.

use kepi_insight::change::{self, Verdict};
use kepi_model::project::{BasisKind, Better, Kpi, TargetLines, ValueUnit};
use kepi_query::value::Finality;
use kepi_score::{
    band::Band,
    tree::{NoScore, Observed, Standing},
};
use kepi_stats::estimate::Estimate;

pub use crate::reason::Reason;
use crate::{
    facts::Entry,
    format,
    say::{self, Say},
};

/// A number with the text to show for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// The value in the unit that the surrounding structure names. Always finite.
    pub raw: f64,
    /// As shown, with unit sign and separators.
    pub text: String,
    /// All its digits, in plain decimal, where it is a sum of more than `raw` can hold.
    pub exact: Option<String>,
}

impl Number {
    /// A value of `unit` with so many decimals in the scale shown (per cent for shares).
    pub fn new(raw: f64, unit: &ValueUnit, decimals: u8) -> Self {
        Self { raw, text: format::value(raw, unit, decimals), exact: None }
    }

    /// In plain decimal, for programs.
    pub fn digits(&self) -> String {
        self.exact.clone().unwrap_or_else(|| self.raw.to_string())
    }
}

/// A value, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub fn none(reason: impl Into<Reason>) -> Self {
        Self::Reason(reason.into())
    }
}

/// An interval of the project's confidence level.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// Lower limit.
    pub low: Number,
    /// Upper limit.
    pub high: Number,
    /// As shown beside the value: `±1.5`, or `78.1 – 81.4` where the two sides differ.
    pub text: String,
}

/// A value with what is known about its precision.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The point estimate.
    pub value: Number,
    /// Its interval, or why it has none.
    pub interval: Outcome<Interval>,
    /// Cases that entered.
    pub n: u64,
    /// Effective number of cases where weights make it smaller.
    pub effective_n: Option<f64>,
    /// That people said it in place of what was computed, or did: `overridden, computed 71.5`; or that it was not measured, and
    /// where it comes from: `carried forward from 2026-03 (no rows)`.
    pub mark: Option<String>,
}

impl Measured {
    /// A value with digits chosen from the width of its interval.
    pub fn new(estimate: &Estimate, unit: &ValueUnit) -> Self {
        let point = estimate.point;
        let limits = estimate.interval.as_ref().ok().map(|i| (i.low, i.high));
        let decimals = format::decimals(point, limits, unit);
        let interval = match &estimate.interval {
            Ok(i) => Outcome::Value(Interval {
                low: Number::new(i.low, unit, decimals),
                high: Number::new(i.high, unit, decimals),
                text: format::interval(point, i.low, i.high, unit, decimals),
            }),
            Err(reason) => Outcome::none(reason),
        };
        Self {
            value: Number::new(point, unit, decimals),
            interval,
            n: estimate.n,
            effective_n: effective_n(estimate),
            mark: estimate.not_measured().map(str::to_owned),
        }
    }

    /// What was observed of a KPI.
    pub fn outcome(observed: Option<&Observed>, unit: &ValueUnit) -> Outcome<Self> {
        match observed {
            None => Outcome::none(&NoScore::NoValue),
            Some(Err(reason)) => Outcome::none(reason),
            Some(Ok(estimate)) => Outcome::Value(Self::new(estimate, unit)),
        }
    }

    /// What was computed of a KPI, with all the digits of a sum.
    pub fn of(entry: Option<&Entry>, kpi: &Kpi) -> Outcome<Self> {
        let mut outcome = Self::outcome(entry.map(|e| &e.value.estimate), &kpi.unit);
        if let (Outcome::Value(measured), Some(entry)) = (&mut outcome, entry) {
            measured.mark = match (&entry.computed, entry.overrides.last()) {
                (Some(computed), _) => {
                    let computed = match Self::outcome(Some(computed), &kpi.unit) {
                        Outcome::Value(computed) => format!("computed {}", computed.value.text),
                        Outcome::Reason(reason) => format!("computed: {}", reason.text),
                    };
                    Some(format!("overridden, {computed}"))
                }
                (None, Some(_)) => {
                    let own = measured.mark.take().map(|own| format!("{own}; "));
                    Some(format!("{}was overridden", own.unwrap_or_default()))
                }
                (None, None) => measured.mark.take(),
            };
            // Its states are those of what was computed.
            if entry.computed.is_some() {
                return outcome;
            }
        }
        if let (Outcome::Value(measured), Some(exact)) =
            (&mut outcome, entry.and_then(|e| e.value.exact(kpi)))
        {
            if let Some(text) = format::exact(&exact.to_string(), &kpi.unit) {
                measured.value.text = text;
            }
            measured.value.exact = Some(exact.to_string());
        }
        outcome
    }

    /// Lower and upper limit as numbers.
    pub fn limits(&self) -> Option<(f64, f64)> {
        self.interval.value().map(|i| (i.low.raw, i.high.raw))
    }
}

/// The effective number of cases where weights make it smaller.
pub(crate) fn effective_n(of: &Estimate) -> Option<f64> {
    Some(of.effective_n).filter(|effective| *effective < of.n as f64)
}

/// A score or a part of one, exact: millionths of a point.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Worse than the threshold.
    Red,
    /// At least the threshold, short of the target.
    Amber,
    /// At least the target, short of the stretch target.
    Green,
    /// At least the stretch target.
    Blue,
    /// A value, and no target to hold it against.
    NoTarget,
    /// No publishable value.
    Grey,
}

impl From<&Standing> for Status {
    fn from(standing: &Standing) -> Self {
        match standing.score {
            Err(NoScore::NoTarget) => Self::NoTarget,
            _ => standing.band.into(),
        }
    }
}

impl From<Option<Band>> for Status {
    fn from(band: Option<Band>) -> Self {
        match band {
            Some(Band::Red) => Self::Red,
            Some(Band::Amber) => Self::Amber,
            Some(Band::Green) => Self::Green,
            Some(Band::Blue) => Self::Blue,
            None => Self::Grey,
        }
    }
}

impl Status {
    /// All, worst first, those without a band last.
    pub const ALL: [Self; 6] = [Self::Red, Self::Amber, Self::Green, Self::Blue, Self::NoTarget, Self::Grey];

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Red => "off target",
            Self::Amber => "watch",
            Self::Green => "on target",
            Self::Blue => "beyond",
            Self::NoTarget => "no target",
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
            Self::NoTarget => "–",
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
            Self::NoTarget | Self::Grey => "grey",
        }
    }
}

/// How complete the cases behind a value or a score are.
#[derive(Debug, Clone, PartialEq)]
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

    /// As shown where there may be no cases: a dash then.
    pub fn shown(of: Option<&Self>) -> &str {
        of.map_or("–", |of| &of.text)
    }
}

/// How current a value is, and whether it may still change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// As shown: `data to 31 May 2015`.
    pub text: String,
    /// Whether more data may still change it; none without a value.
    pub finality: Option<Finality>,
    /// Whether it was published as final before, with another value.
    pub restated: bool,
}

impl Freshness {
    /// What deserves a word beside a value.
    pub fn remark(&self) -> Option<&'static str> {
        match self.finality {
            Some(Finality::Provisional { .. }) => Some("provisional"),
            Some(Finality::Final) if self.restated => Some("restated since"),
            Some(Finality::Final) | None => None,
        }
    }
}

/// A change against the previous comparable period, as shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The difference in the KPI's unit, with its sign: `+1.1 pt`.
    pub difference: Number,
    /// The period compared with.
    pub since: String,
    /// How the value lies to what is usual of it.
    pub verdict: Verdict,
    /// What is usual of it, or why nobody can say.
    pub usual: Outcome<UsualView>,
    /// The verdict in words: `beyond its usual variation`.
    pub said: &'static str,
    /// The verdict with what it rests on, in words.
    pub by: String,
    /// Whether it goes the good way; none where neither way is good and for no change.
    pub favourable: Option<bool>,
}

/// What is usual of a value, as shown.
#[derive(Debug, Clone, PartialEq)]
pub struct UsualView {
    /// What was expected.
    pub expected: Number,
    /// The least value that would not have been called out.
    pub low: Number,
    /// The greatest.
    pub high: Number,
    /// How many of the last periods the verdict looks at together.
    pub look: u32,
    /// Earlier periods it rests on.
    pub periods: u32,
}

impl Change {
    /// A change to `current`, whose interval decides the digits.
    pub fn new(change: &change::Change, current: &Estimate, say: &Say<'_>) -> Self {
        let raw = change.difference;
        let half = current.interval.as_ref().ok().map(|i| (i.high - i.low) / 2.0);
        let decimals = format::decimals(current.point, half.map(|h| (raw - h, raw + h)), say.unit());
        Self {
            difference: Number { raw, text: format::difference(raw, say.unit(), decimals), exact: None },
            since: say.label(change.since),
            verdict: change.verdict(),
            usual: match change.judged {
                Ok(usual) => {
                    let (low, high) = say.usual(&usual);
                    Outcome::Value(UsualView {
                        expected: say.number(usual.expected),
                        low: say.number(low),
                        high: say.number(high),
                        look: usual.look,
                        periods: usual.periods,
                    })
                }
                Err(why) => Outcome::none(Reason { code: why.code(), text: say::refusal(why) }),
            },
            said: say::verdict(change.verdict()),
            by: say.judged(&change.judged),
            favourable: change.favourable,
        }
    }
}

/// One period of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesPoint {
    /// The period as the interface takes it: `2026-Q1`.
    pub period: String,
    /// The value, or why there is none.
    pub value: Outcome<Measured>,
    /// Against the target of that period.
    pub status: Status,
    /// Whether the value is final; a provisional one must not be compared.
    pub complete: bool,
    /// The target's lines in that period.
    pub lines: Option<TargetLines>,
    /// What of the value is usual: what lies between would not have been called out.
    pub usual: Option<(f64, f64)>,
}

impl SeriesPoint {
    /// Whether its value was measured, and does not stand in place of one that was not.
    pub fn is_measured(&self) -> bool {
        let reason = self.value.value().and_then(|of| of.interval.reason());
        reason.is_none_or(|why| why.code != "not_measured")
    }
}

/// Recent periods up to the one shown, as a picture the size of a word needs them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recent {
    /// Oldest first: the point, if there is one, and whether it is final.
    pub points: Vec<(Option<f64>, bool)>,
    /// The first and the last that have a value.
    pub ends: Option<[RecentEnd; 2]>,
}

/// One end of a recent course.
#[derive(Debug, Clone, PartialEq)]
pub struct RecentEnd {
    /// The period as the interface takes it.
    pub period: String,
    /// The value as shown.
    pub text: String,
    /// Against the target of that period.
    pub status: Status,
}

/// A target with its texts.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetView {
    /// First day it holds, ISO 8601.
    pub from: String,
    /// The unit and the segment it is for, by name; none: for all.
    pub whom: Option<String>,
    /// The length of the periods it is for, such as `month`; none: nobody asked.
    pub period: Option<String>,
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
    /// The file in which it is to be read, with the beginning of its SHA-256.
    pub attached: Option<String>,
    /// The plan and its version that it was planned with, by name.
    pub plan: Option<String>,
    /// That it is out of date by that plan, in words.
    pub out_of_date: Option<String>,
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
            whom: None,
            period: None,
            better,
            lines,
            target,
            threshold,
            stretch,
            floor,
            basis: None,
            evidence: None,
            attached: None,
            plan: None,
            out_of_date: None,
        }
    }
}
