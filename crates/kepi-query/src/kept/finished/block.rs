//! The bytes of values that are kept together: read only if whole, of this form, and under the name they were written for.

use std::{collections::HashMap, hash::Hash as StdHash, ops::Range};

use kepi_model::{calendar::Period, project::Kpi};
use kepi_stats::estimate::{Estimate, Interval, Method, NotComputable};
use serde::{Serialize, de::DeserializeOwned};

use super::super::form::{From, Out};
use crate::{
    state::Member,
    value::{Coverage, Finality, Segment, Value},
};

const MAGIC: &[u8] = b"kepi values 1\n";

/// What stands in a block instead of what occurs often: its place among all that do.
struct Dictionary<'a, T>(HashMap<&'a T, u64>, Vec<&'a T>);

impl<'a, T: Eq + StdHash> Dictionary<'a, T> {
    fn place(&mut self, of: &'a T) -> u64 {
        *self.0.entry(of).or_insert_with(|| {
            self.1.push(of);
            self.1.len() as u64 - 1
        })
    }
}

/// The bytes of values by KPI and key set; none where a reason cannot be written.
pub(super) fn encode(name: &str, all: &[Vec<Vec<&Value>>]) -> Option<Vec<u8>> {
    let mut segments = Dictionary(HashMap::new(), Vec::new());
    let mut reasons = Dictionary(HashMap::new(), Vec::new());
    let mut methods = Dictionary(HashMap::new(), Vec::new());
    let (mut runs, mut body) = (Out(Vec::new()), Out(Vec::new()));
    runs.length(all.len());
    for sets in all {
        runs.length(sets.len());
        for values in sets {
            let begin = body.0.len();
            for value in values {
                body.signed(value.period.ordinal.into());
                body.number(segments.place(&value.segment));
                match &value.estimate {
                    Err(reason) => {
                        body.0.push(0);
                        body.number(reasons.place(reason));
                    }
                    Ok(Estimate { point, interval, n, effective_n, method }) => {
                        body.0.push(1 + u8::from(interval.is_ok()));
                        body.0.extend(point.to_bits().to_le_bytes());
                        body.0.extend(effective_n.to_bits().to_le_bytes());
                        body.number(*n);
                        body.number(methods.place(method));
                        match interval {
                            Err(reason) => body.number(reasons.place(reason)),
                            Ok(Interval { low, high, level }) => {
                                let ends = [low, high, level].map(|end| end.to_bits().to_le_bytes());
                                body.0.extend(ends.as_flattened());
                            }
                        }
                    }
                }
                let Coverage { counted, eligible, cases } = value.coverage;
                [counted, eligible, cases].into_iter().for_each(|rows| body.number(rows));
                match value.finality {
                    Finality::Final => body.0.push(0),
                    Finality::Provisional { data_until, final_at } => {
                        body.0.push(1 + u8::from(data_until.is_some()));
                        body.signed(final_at);
                        data_until.into_iter().for_each(|until| body.signed(until));
                    }
                }
                body.length(value.states.len());
                body.0.extend(&value.states);
            }
            runs.length(values.len());
            runs.length(body.0.len() - begin);
        }
    }
    let mut out = Out(MAGIC.to_vec());
    out.text(name);
    out.length(segments.1.len());
    for segment in segments.1 {
        out.length(segment.0.len());
        for (dimension, member) in &segment.0 {
            out.text(dimension.as_str());
            match member {
                Member::Unknown => out.0.push(0),
                Member::Value(text) => {
                    out.0.push(1);
                    out.text(text);
                }
            }
        }
    }
    texts(&reasons.1, &mut out)?;
    texts(&methods.1, &mut out)?;
    out.0.extend(&runs.0);
    out.0.extend(&body.0);
    let whole = blake3::hash(&out.0);
    out.0.extend(whole.as_bytes());
    Some(out.0)
}

fn texts<T: Serialize>(all: &[&T], out: &mut Out) -> Option<()> {
    out.length(all.len());
    for one in all {
        out.text(&serde_json::to_string(one).ok()?);
    }
    Some(())
}

fn of_texts<T: DeserializeOwned>(from: &mut From<'_>) -> Option<Vec<T>> {
    from.each(|from| serde_json::from_str(&from.text()?).ok())
}

/// Values that are kept together.
pub(super) struct Block {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
    reasons: Vec<NotComputable>,
    methods: Vec<Method>,
    /// By KPI and key set: how many values, and where.
    runs: Vec<Vec<(usize, Range<usize>)>>,
}

impl Block {
    /// What stands under a name; none if these bytes are not what was written there.
    pub fn read(name: &str, mut bytes: Vec<u8>) -> Option<Self> {
        let (body, whole) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        if blake3::hash(body).as_bytes().as_slice() != whole {
            return None;
        }
        let mut from = From(body.strip_prefix(MAGIC)?);
        if from.text()?.as_ref() != name {
            return None;
        }
        let segments = from.each(|from| {
            let members = from.each(|from| {
                let dimension = from.text()?.parse().ok()?;
                let member = if from.byte()? > 0 { Member::Value(from.text()?) } else { Member::Unknown };
                Some((dimension, member))
            });
            Some(Segment(members?))
        })?;
        let (reasons, methods) = (of_texts(&mut from)?, of_texts(&mut from)?);
        let mut end = 0_usize;
        let runs = from.each(|from| {
            from.each(|from| {
                let (values, bytes) = (from.length()?, from.length()?);
                let begin = end;
                end = end.checked_add(bytes)?;
                Some((values, begin..end))
            })
        })?;
        if from.0.len() != end {
            return None;
        }
        let values = body.len() - end..body.len();
        bytes.truncate(values.end);
        bytes.drain(..values.start);
        Some(Self { bytes, segments, reasons, methods, runs })
    }

    /// Whether it has a place for each of these KPIs.
    pub fn is_of(&self, items: &[(usize, &Kpi)]) -> bool {
        self.runs.len() == items.len()
    }

    /// How many values there are of a KPI.
    pub fn number(&self, item: usize) -> usize {
        self.runs.get(item).map_or(0, |sets| sets.iter().map(|(values, _)| values).sum())
    }

    /// Adds the values of a KPI for a key set, both by place; none where they are damaged.
    pub fn values(
        &self,
        (item, set): (usize, usize),
        period: impl Fn(i32) -> Period,
        kpi: &Kpi,
        into: &mut Vec<Value>,
    ) -> Option<()> {
        let (values, place) = self.runs.get(item)?.get(set)?;
        let mut from = From(self.bytes.get(place.clone())?);
        let mut last: Option<Period> = None;
        for _ in 0..*values {
            let ordinal = i32::try_from(from.signed()?).ok()?;
            let period = last.filter(|last| last.ordinal == ordinal).unwrap_or_else(|| period(ordinal));
            last = Some(period);
            let segment = self.segments.get(from.place()?)?.clone();
            let estimate = match from.byte()? {
                0 => Err(self.reasons.get(from.place()?)?.clone()),
                interval => Ok(Estimate {
                    point: from.bits()?,
                    effective_n: from.bits()?,
                    n: from.number()?,
                    method: *self.methods.get(from.place()?)?,
                    interval: match interval {
                        1 => Err(self.reasons.get(from.place()?)?.clone()),
                        _ => Ok(Interval { low: from.bits()?, high: from.bits()?, level: from.bits()? }),
                    },
                }),
            };
            let coverage =
                Coverage { counted: from.number()?, eligible: from.number()?, cases: from.number()? };
            let finality = match from.byte()? {
                0 => Finality::Final,
                known => {
                    let final_at = from.signed()?;
                    let data_until = if known > 1 { Some(from.signed()?) } else { None };
                    Finality::Provisional { data_until, final_at }
                }
            };
            let length = from.length()?;
            let states = from.take(length)?.into();
            into.push(Value { kpi: kpi.id.clone(), period, segment, estimate, coverage, finality, states });
        }
        from.0.is_empty().then_some(())
    }
}

impl From<'_> {
    /// A place in a list.
    fn place(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// A number to the bit.
    fn bits(&mut self) -> Option<f64> {
        Some(f64::from_bits(u64::from_le_bytes(self.take(8)?.try_into().ok()?)))
    }
}
