//! Values: what is published of a KPI for a period and a segment, and what pins it.

use std::{cmp::Ordering, collections::HashMap, fmt, str::FromStr, sync::Arc};

use kepi_model::{
    calendar::Period,
    expression::{Expression, Type},
    id::{DimensionId, Hash, KpiId},
    project::{Dimension, Kpi},
};
use kepi_stats::estimate::{Estimate, NotComputable};
use serde::{Deserialize, Serialize};

use crate::{
    port::{EngineVersion, SnapshotId},
    state::Member,
};

pub mod wire;

/// A segment: members by dimension, sorted by dimension; empty for the total.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Segment(pub Vec<(DimensionId, Member)>);

impl Segment {
    /// Everything.
    pub fn total() -> Self {
        Self::default()
    }
    /// A segment from members in any order.
    pub fn new(mut members: Vec<(DimensionId, Member)>) -> Self {
        members.sort();
        Self(members)
    }
    /// One member of one dimension.
    pub fn one(dimension: DimensionId, member: &str) -> Self {
        Self(vec![(dimension, Member::Value(member.into()))])
    }
    /// Of members as definitions name them.
    pub fn of(members: &[(DimensionId, String)]) -> Self {
        let one = |(of, member): &(DimensionId, String)| (of.clone(), Member::Value(member.as_str().into()));
        Self::new(members.iter().map(one).collect())
    }
    /// The rows that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self::new(self.0.iter().chain(&other.0).cloned().collect())
    }
    /// Its dimensions, in the order in which members stand.
    pub fn dimensions(&self) -> impl Iterator<Item = &DimensionId> {
        self.0.iter().map(|(dimension, _)| dimension)
    }
    /// Sorts segments of a KPI for people: the total first, then by dimensions, then members in the order in which a closed
    /// list declares them, all others as [`Member::natural`] has them.
    pub fn sort(segments: &mut [Self], kpi: &Kpi) {
        let lists: Vec<(&DimensionId, HashMap<&str, usize>)> = kpi.by.iter().filter_map(declared).collect();
        let place = |of: &DimensionId, member: &Member| {
            let (_, list) = lists.iter().find(|(id, _)| *id == of)?;
            let Member::Value(text) = member else { return None };
            list.get(text.as_ref()).copied()
        };
        // What no list knows stands behind what it does.
        let behind = |of: &DimensionId, member: &Member| place(of, member).unwrap_or(usize::MAX);
        segments.sort_by(|a, b| {
            let members = a.0.iter().zip(&b.0);
            let members =
                members.map(|((of, a), (_, b))| behind(of, a).cmp(&behind(of, b)).then_with(|| a.natural(b)));
            (a.0.len().cmp(&b.0.len()))
                .then_with(|| a.0.iter().map(|(d, _)| d).cmp(b.0.iter().map(|(d, _)| d)))
                .then_with(|| members.fold(Ordering::Equal, Ordering::then))
        });
    }
    /// Whether it is the total.
    pub fn is_total(&self) -> bool {
        self.0.is_empty()
    }
}

/// The members of a dimension that is of a closed list, each with its place; none where its ways are of different lists.
fn declared(dimension: &Dimension) -> Option<(&DimensionId, HashMap<&str, usize>)> {
    fn list(way: &Expression) -> Option<&Arc<[String]>> {
        match &way.type_ {
            Type::Enum { values } => Some(values),
            _ => None,
        }
    }
    let mut ways = dimension.ways.values().map(list);
    let values = ways.next()??;
    let same = ways.all(|other| other == Some(values));
    same.then(|| (&dimension.id, values.iter().enumerate().map(|(at, text)| (text.as_str(), at)).collect()))
}

/// `dimension=member`, several joined by `;`; an unknown member is the dimension alone; empty for the total. `%`, `;`
/// and `=` within a member are percent-encoded, so different segments have different texts.
impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (dimension, member)) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(";")?;
            }
            write!(f, "{dimension}")?;
            if let Member::Value(text) = member {
                let text = text.replace('%', "%25").replace(';', "%3B").replace('=', "%3D");
                write!(f, "={text}")?;
            }
        }
        Ok(())
    }
}

/// A text is no segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a segment: write `dimension=member`, several joined by `;`")]
pub struct NotASegment(pub String);

/// Reads what [`Segment`] displays as; members in any order of dimensions.
impl FromStr for Segment {
    type Err = NotASegment;
    fn from_str(text: &str) -> Result<Self, NotASegment> {
        if text.is_empty() {
            return Ok(Self::total());
        }
        let part = |part: &str| {
            let (dimension, member) = match part.split_once('=') {
                Some((dimension, member)) => (dimension, Some(decoded(member)?)),
                None => (part, None),
            };
            let member = member.map_or(Member::Unknown, |text| Member::Value(text.into()));
            Some((dimension.parse().ok()?, member))
        };
        let members: Option<Vec<_>> = text.split(';').map(part).collect();
        let segment = Self::new(members.ok_or_else(|| NotASegment(text.to_owned()))?);
        // A dimension that is named twice is two answers to one question.
        let twice = segment.0.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
        if twice { Err(NotASegment(text.to_owned())) } else { Ok(segment) }
    }
}

/// A member without its percent-encoding; none if something is encoded that needs not be, so that each member has one
/// text.
fn decoded(member: &str) -> Option<String> {
    let mut parts = member.split('%');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        text.push(match part.get(..2)? {
            "25" => '%',
            "3B" => ';',
            "3D" => '=',
            _ => return None,
        });
        text.push_str(part.get(2..)?);
    }
    (!member.contains('=')).then_some(text)
}

/// How much of what should be there is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Coverage {
    /// Rows that entered the value. For ratios those of both parts.
    pub counted: u64,
    /// Rows of the population. For ratios those of both parts.
    pub eligible: u64,
    /// Cases for `publish_if`: rows that entered; for ratios those below the line.
    pub cases: u64,
}

impl Coverage {
    /// `counted / eligible`; none without eligible rows.
    pub fn share(self) -> Option<f64> {
        (self.eligible > 0).then(|| self.counted as f64 / self.eligible as f64)
    }
}

/// Whether more data may still change the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finality {
    /// The data reach beyond the period; only late rows can change it.
    Final,
    /// The data end before the value can be complete.
    Provisional {
        /// Where the data end, in µs UTC; none: there are none.
        data_until: Option<i64>,
        /// Where they have to reach, in µs UTC.
        final_at: i64,
    },
}

/// Everything a value depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pins {
    /// Definition of the KPI.
    pub definition: Hash,
    /// Sources that feed its entities.
    pub mapping: Hash,
    /// Zone, week and fiscal year.
    pub calendar: Hash,
    /// The lake.
    pub lake: String,
    /// Version of its tables.
    pub snapshot: SnapshotId,
    /// Who computed the states.
    pub engine: EngineVersion,
    /// Hash of the states that the value was computed from, in the form in which they are kept.
    pub states: Hash,
}

/// A number with all its digits: a sum or a count, which nothing has divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    /// The number times `10^scale`.
    pub units: i128,
    /// Decimals.
    pub scale: u8,
}

impl Exact {
    /// Whether a floating-point number may not have all its digits.
    pub fn is_beyond_float(self) -> bool {
        self.units.unsigned_abs() > 1 << f64::MANTISSA_DIGITS
    }
}

/// In decimal, with a point before the decimals.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.units.unsigned_abs(), width = scale + 1);
        let (whole, decimals) = digits.split_at(digits.len() - scale);
        match decimals {
            "" => write!(f, "{sign}{whole}"),
            _ => write!(f, "{sign}{whole}.{decimals}"),
        }
    }
}

/// A value, or the reason why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The KPI.
    pub kpi: KpiId,
    /// The period.
    pub period: Period,
    /// The segment.
    pub segment: Segment,
    /// The estimate in the KPI's unit. A value held back by a publication gate is a reason.
    pub estimate: Result<Estimate, NotComputable>,
    /// How much of what should be there is there.
    pub coverage: Coverage,
    /// Whether more data may still change it.
    pub finality: Finality,
    /// The states it was finished from, as they are kept ([`CellStates`](crate::state::wire::CellStates)).
    pub states: Box<[u8]>,
}

impl Value {
    /// What was measured, or why nothing was: of a value that was filled in, where that comes from.
    ///
    /// # Errors
    /// There is no value, or it was not measured.
    pub fn measured(&self) -> Result<&Estimate, &NotComputable> {
        match &self.estimate {
            Ok(Estimate { interval: Err(why @ NotComputable::NotMeasured { .. }), .. }) => Err(why),
            other => other.as_ref(),
        }
    }

    /// The point, if there is one.
    pub fn point(&self) -> Option<f64> {
        self.estimate.as_ref().ok().map(|estimate| estimate.point)
    }
}
