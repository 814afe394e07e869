//! What several answers say: names, reasons, values, targets, changes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One of a closed list of words.
pub type Code = Cow<'static, str>;

/// Something with an id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// Id, as paths and queries take it.
    pub id: String,
    /// Shown name.
    pub name: String,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// What the person does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// Why something is not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable code.
    pub code: Code,
    /// In words.
    pub text: String,
}

/// The project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Level of confidence of every interval, a share of 1.
    pub confidence: f64,
    /// Its scorecards.
    pub scorecards: Vec<Named>,
}

/// A score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// 0 to 120 points, exact to the sixth decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_score: Option<Reason>,
    /// `red`, `amber`, `green`, `blue`; `grey` without a score.
    pub status: Code,
    /// Share of the weight beneath that has a score.
    pub coverage: f64,
}

/// What a value is measured in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MeasuredIn {
    /// A number of things.
    Count,
    /// A plain number.
    Number {
        /// Decimals worth showing.
        decimals: u8,
    },
    /// A share of 1.
    Share,
    /// Points of −100 to 100.
    NetPromoter,
    /// A mean answer on a scale.
    Rating {
        /// Lowest answer.
        low: i64,
        /// Highest answer.
        high: i64,
    },
    /// Major units of a currency.
    Money {
        /// ISO 4217 code.
        currency: String,
    },
    /// Microseconds.
    Duration,
    /// So many per so many.
    Rate {
        /// The denominator.
        per: u64,
    },
}

/// A value with what is known about its precision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// The estimate.
    pub point: f64,
    /// All digits of a sum that `point` has not room for, in plain decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// As shown: `80.4 %`.
    pub text: String,
    /// Lower end of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Why there is no interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_interval: Option<Reason>,
    /// Cases behind it.
    pub n: u64,
    /// Effective number of cases, where weights make it smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_n: Option<f64>,
    /// That people said it in place of what was computed, with that, or did: `overridden, computed 71.5`; or that it was not
    /// measured, and where it comes from: `carried forward from 2026-03 (no rows)`; the code of `no_interval` is `not_measured` then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
}

/// A line of a target: one value, or lower and upper end where better is `in_range`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// One value.
    One(f64),
    /// Lower and upper end.
    Range([f64; 2]),
}

/// The version of an operating plan that a target was planned with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedWith {
    /// The plan's id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// From which day on the plan says something else, or is over, while the target holds: ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_date_from: Option<String>,
    /// The version that is the plan from then on; left out: the plan is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// First day it holds.
    pub from: String,
    /// Id of the unit it is for; left out: for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The segment it is for: `tier=enterprise`; left out: all rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// The length of the periods it is for, as in definitions: `month`.
    pub period: String,
    /// Score 0; left out: the slope from threshold to target goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<Line>,
    /// Score 50.
    pub threshold: Line,
    /// Score 100.
    pub target: Line,
    /// Score 120.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stretch: Option<Line>,
    /// `history`, `benchmark`, `expectation`, `capability`, `negotiated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<Code>,
    /// What it rests on, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The file in which that is to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attached: Option<Attached>,
    /// What it was planned with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlannedWith>,
}

/// A file that a target rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Its path in the project's folder.
    pub file: String,
    /// Its SHA-256 when the target was agreed on; left out: it was not written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What is usual of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Usual {
    /// What was expected of it.
    pub expected: f64,
    /// The least value that would not have been called out.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// How many of the last periods the verdict looks at together.
    pub look: u32,
    /// Earlier periods it rests on.
    pub periods: u32,
}

/// A change since the last final value before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The difference.
    pub difference: f64,
    /// The period compared with.
    pub since: String,
    /// `beyond` what is usual of the value, `drifting` (the last periods together are), `within`, `no_verdict`.
    pub verdict: Code,
    /// What is usual of the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual: Option<Usual>,
    /// Why there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_verdict: Option<Code>,
    /// Whether it goes the good way; left out where neither way is good and for no change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub favourable: Option<bool>,
}

/// A KPI in a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kpi {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// What its value is measured in.
    pub measured_in: MeasuredIn,
    /// `higher`, `lower`, `in_range`.
    pub better: Code,
    /// `leading`, `lagging`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indicator: Option<Code>,
    /// Share of the objective's weight; left out outside a scorecard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// The segment that it judges on the scorecard, of the unit's rows; left out: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// On a scorecard of shorter periods the period that the value is of: the last of its own that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value: Option<Reason>,
    /// `red`, `amber`, `green`, `blue`; `grey` without value or target.
    pub status: Code,
    /// Probability that the true value lies in the band of the status, where the interval tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// 0 to 120 points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Why a value has no score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_score: Option<Reason>,
    /// The target in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// Why a value has no change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_change: Option<Reason>,
    /// Share of the cases that should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// `final`, `provisional`; left out where nothing was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finality: Option<Code>,
    /// Whether it was published as final before, with another value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restated: bool,
    /// The item by which people say the value in place of what was computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<u64>,
    /// The last day to which its data reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_until: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accountable: Option<Person>,
    /// The last periods up to the one asked for, oldest first, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<HistoryPoint>>,
}

/// A KPI in a period of its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryPoint {
    /// The period.
    pub period: String,
    /// The estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<f64>,
    /// All digits of a sum that `point` has not room for, in plain decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// Lower end of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Whether it was not measured but stands in place of what was not, as the KPI declares.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_measured: bool,
    /// Code of the reason for no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value: Option<Code>,
    /// Against the target of that period.
    pub status: Code,
    /// `final`, `provisional`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finality: Option<Code>,
    /// The item by which people say it in place of what was computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<u64>,
}
