//! How values were stored before they stood in columns, version 1: read for ever, and written no more. Floating-point numbers are texts in the shortest form that reads back
//! to the same bits; nothing here depends on how a JSON reader rounds.

use kepi_model::{
    calendar::{FiscalCalendar, Grain, Period},
    id::KpiId,
};
use kepi_stats::estimate::{Estimate, Interval, Method, NotComputable};
use serde::{Deserialize, Serialize};

use super::{Coverage, Finality, Pins, Segment, Value};

/// A floating-point number as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Exact(String);

impl From<f64> for Exact {
    fn from(value: f64) -> Self {
        Self(format!("{value:?}"))
    }
}

/// A text is not a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number")]
pub struct NotANumber(String);

impl TryFrom<&Exact> for f64 {
    type Error = NotANumber;
    fn try_from(text: &Exact) -> Result<Self, NotANumber> {
        text.0.parse().map_err(|_| NotANumber(text.0.clone()))
    }
}

/// An interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntervalV1 {
    /// Lower end.
    pub low: Exact,
    /// Upper end.
    pub high: Exact,
    /// Level.
    pub level: Exact,
}

/// An estimate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstimateV1 {
    /// Point.
    pub point: Exact,
    /// Interval or reason.
    pub interval: Result<IntervalV1, NotComputable>,
    /// Observations.
    pub n: u64,
    /// Effective observations.
    pub effective_n: Exact,
    /// Method.
    pub method: Method,
}

/// A period of the project's calendar, which says by what it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodV1 {
    /// Grain.
    pub grain: Grain,
    /// Which one.
    pub ordinal: i32,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueV1 {
    /// KPI.
    pub kpi: KpiId,
    /// Period.
    pub period: PeriodV1,
    /// Segment.
    pub segment: Segment,
    /// Estimate or reason.
    pub estimate: Result<EstimateV1, NotComputable>,
    /// Coverage.
    pub coverage: Coverage,
    /// Finality.
    pub finality: Finality,
    /// Pins.
    pub pins: Pins,
}

/// A value with the version of its form; later versions become further variants, and this one stays readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version")]
pub enum WireValue {
    /// Version 1.
    #[serde(rename = "1")]
    V1(Box<ValueV1>),
}

/// First byte of states of which only the hash is known.
const HASH_ONLY: u8 = 0;

/// Whether of states only the hash is known: an earlier Kepi left them so, in a form that is not made any more.
pub fn is_hash_only(states: &[u8]) -> bool {
    states.first() == Some(&HASH_ONLY)
}

impl TryFrom<WireValue> for (Value, Pins) {
    type Error = NotANumber;
    fn try_from(wire: WireValue) -> Result<Self, NotANumber> {
        let WireValue::V1(value) = wire;
        let estimate = match &value.estimate {
            Ok(estimate) => Ok(Estimate::try_from(estimate)?),
            Err(reason) => Err(reason.clone()),
        };
        let states = std::iter::once(HASH_ONLY).chain(value.pins.states.0).collect();
        let segment = Segment::new(value.segment.0);
        let PeriodV1 { grain, ordinal } = value.period;
        let period = Period::new(grain, ordinal, FiscalCalendar::default());
        let (kpi, coverage, finality) = (value.kpi, value.coverage, value.finality);
        Ok((Value { kpi, period, segment, estimate, coverage, finality, states }, value.pins))
    }
}

impl From<&Estimate> for EstimateV1 {
    fn from(estimate: &Estimate) -> Self {
        let interval = estimate.interval.as_ref().map_err(Clone::clone).map(|interval| IntervalV1 {
            low: interval.low.into(),
            high: interval.high.into(),
            level: interval.level.into(),
        });
        Self {
            point: estimate.point.into(),
            interval,
            n: estimate.n,
            effective_n: estimate.effective_n.into(),
            method: estimate.method,
        }
    }
}

impl TryFrom<&EstimateV1> for Estimate {
    type Error = NotANumber;
    fn try_from(wire: &EstimateV1) -> Result<Self, NotANumber> {
        let interval = match &wire.interval {
            Ok(interval) => Ok(Interval {
                low: f64::try_from(&interval.low)?,
                high: f64::try_from(&interval.high)?,
                level: f64::try_from(&interval.level)?,
            }),
            Err(reason) => Err(reason.clone()),
        };
        Ok(Self {
            point: f64::try_from(&wire.point)?,
            interval,
            n: wire.n,
            effective_n: f64::try_from(&wire.effective_n)?,
            method: wire.method,
        })
    }
}
