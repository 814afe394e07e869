//! Periods without data: what a KPI declares to be said of them stands in their place, and is marked as not measured. What
//! is said is made of measured values alone, never of what was filled in itself.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::{Calendar, Grain, Period},
    measure::Imputation,
    project::{Kpi, WithoutData},
    window::{Ago, Over},
};
use kepi_stats::estimate::NotComputable;

use super::{AtGrain, FinishError};
use crate::{
    state::wire::{CellStates, Filled, Way},
    value::{Coverage, Segment, Value},
};

/// A series: its values by the ordinals of their periods.
type Series = BTreeMap<i32, Value>;

/// The values of a KPI with what it declares of periods without data: in each series from its first measured value to the
/// last period that the data reach. Sorted as they came.
pub(super) fn filled(at: &AtGrain<'_>, kpi: &Kpi, values: Vec<Value>) -> Result<Vec<Value>, FinishError> {
    if !kpi.without_data.fills() {
        return Ok(values);
    }
    let last = at.last(kpi)?.map(|bucket| at.first.saturating_add_unsigned(bucket));
    let mut all = Vec::with_capacity(values.len());
    // Those of a key set stand together.
    for own in values.chunk_by(|a, b| a.segment.dimensions().eq(b.segment.dimensions())) {
        let mut series: BTreeMap<&Segment, Series> = BTreeMap::new();
        for value in own {
            series.entry(&value.segment).or_default().insert(value.period.ordinal, value.clone());
        }
        let mut found = Vec::new();
        for (_, series) in series {
            found.extend(Filling { at, kpi, series: &series }.whole(last)?);
        }
        found.sort_by(|a, b| (a.period.ordinal, &a.segment).cmp(&(b.period.ordinal, &b.segment)));
        all.append(&mut found);
    }
    Ok(all)
}

/// A series that is filled in.
struct Filling<'a, 'b> {
    at: &'a AtGrain<'b>,
    kpi: &'a Kpi,
    series: &'a Series,
}

impl Filling<'_, '_> {
    /// All of its values.
    fn whole(&self, last: Option<i32>) -> Result<Vec<Value>, FinishError> {
        let mut all = Vec::new();
        let (Some((_, example)), Some(end)) = (self.series.first_key_value(), self.series.keys().next_back())
        else {
            return Ok(all);
        };
        let first =
            self.series.iter().find(|(_, value)| value.point().is_some()).map(|(ordinal, _)| *ordinal);
        let end = last.map_or(*end, |last| last.max(*end));
        for ordinal in example.period.ordinal..=end {
            let value = self.series.get(&ordinal);
            let reason = match value.map(|value| &value.estimate) {
                None => NotComputable::NoRows,
                Some(Err(reason)) => reason.clone(),
                Some(Ok(_)) => {
                    all.extend(value.cloned());
                    continue;
                }
            };
            // Before the first one nobody had begun to measure.
            let begun = first.is_some_and(|first| first < ordinal);
            let filled = if begun { self.in_place_of(&reason, ordinal)? } else { None };
            let Some(filled) = filled else {
                all.extend(value.cloned());
                continue;
            };
            let bucket = u32::try_from(i64::from(ordinal) - i64::from(self.at.first)).unwrap_or_default();
            let (period, finality) = self.at.finality(self.kpi, bucket)?;
            let states = match value {
                Some(value) => CellStates::decode(&value.states).unwrap_or_default(),
                None => CellStates::decode(&example.states).map(CellStates::emptied).unwrap_or_default(),
            };
            all.push(Value {
                kpi: self.kpi.id.clone(),
                period,
                segment: example.segment.clone(),
                estimate: Ok(filled.estimate()),
                coverage: value.map_or(Coverage::default(), |value| value.coverage),
                finality,
                states: CellStates { filled: Some(filled), ..states }.encode().into(),
            });
        }
        Ok(all)
    }

    /// What stands in place of a value that is missing for this reason; nothing where the reason stands.
    fn in_place_of(&self, reason: &NotComputable, ordinal: i32) -> Result<Option<Filled>, FinishError> {
        let policy = self.kpi.without_data;
        if !is_without_data(reason, policy) {
            return Ok(None);
        }
        let calendar = &self.at.context.project.calendar;
        let period = self.period(ordinal);
        if let Some(over) = policy.at_most()
            && !self.is_within(over, period, calendar)?
        {
            return Ok(None);
        }
        Ok(match policy {
            WithoutData::Exclude | WithoutData::Block => None,
            WithoutData::Zero => Some(Filled {
                way: Way::Zero,
                point: 0.0_f64.to_bits(),
                since: ordinal,
                how: format!("taken as zero ({reason})"),
            }),
            WithoutData::Carry(_) => self.before(ordinal).next().map(|(since, point)| Filled {
                way: Way::Carried,
                point: point.to_bits(),
                since,
                how: format!("carried forward from {} ({reason})", self.label(since)),
            }),
            WithoutData::Impute(Imputation::Mean(last), _) => {
                let of: Vec<_> = self.before(ordinal).take(last as usize).collect();
                self.mean(&of, last, reason)
            }
            WithoutData::Impute(Imputation::Season(years), _) => {
                let earlier = (1..=years).map(|years| {
                    let period = Ago::Calendar(years, Grain::Year).before(period, calendar)?;
                    Ok(period.and_then(|of| Some((of.ordinal, self.series.get(&of.ordinal)?.point()?))))
                });
                let of: Vec<_> = earlier.collect::<Result<Vec<_>, FinishError>>()?;
                self.mean(&of.into_iter().flatten().collect::<Vec<_>>(), years, reason)
            }
        })
    }

    /// The mean of as many values as are asked for; nothing of fewer. The newest comes first.
    fn mean(&self, of: &[(i32, f64)], need: u32, reason: &NotComputable) -> Option<Filled> {
        let ((newest, _), (since, _)) = (of.first()?, of.last()?);
        let point = of.iter().map(|(_, point)| point).sum::<f64>() / of.len() as f64;
        (of.len() == need as usize && point.is_finite()).then(|| Filled {
            way: Way::Imputed,
            point: point.to_bits(),
            since: *since,
            how: match need {
                1 => format!("imputed: as in {} ({reason})", self.label(*since)),
                2 => {
                    format!("imputed: mean of {} and {} ({reason})", self.label(*since), self.label(*newest))
                }
                _ => format!(
                    "imputed: mean of the {need} measured values from {} to {} ({reason})",
                    self.label(*since),
                    self.label(*newest)
                ),
            },
        })
    }

    /// What was measured before a period, the newest first.
    fn before(&self, ordinal: i32) -> impl Iterator<Item = (i32, f64)> {
        // Not from the newest one on: a series of ten years of days has thousands.
        self.series.range(..ordinal).rev().filter_map(|(known, value)| Some((*known, value.point()?)))
    }

    /// Whether the last measured value before a period is not too long ago.
    fn is_within(&self, over: Over, period: Period, calendar: &Calendar) -> Result<bool, FinishError> {
        match self.before(period.ordinal).next() {
            Some((last, _)) => Ok(over.reaches(self.period(last), period, calendar)?),
            None => Ok(false),
        }
    }

    fn period(&self, ordinal: i32) -> Period {
        self.at.context.project.calendar.period(self.at.grain, ordinal)
    }

    fn label(&self, ordinal: i32) -> String {
        self.at.context.project.calendar.label(self.period(ordinal))
    }
}

/// Whether a value is missing because there are no data. What is held back, out of range or not trusted has some.
fn is_without_data(reason: &NotComputable, policy: WithoutData) -> bool {
    match reason {
        NotComputable::NoRows | NotComputable::NoValues | NotComputable::Late => true,
        // A figure that people enter is awaited.
        NotComputable::NotMature { .. } => true,
        // What has not come in yet is not nothing.
        NotComputable::NotReached { .. } => policy != WithoutData::Zero,
        _ => false,
    }
}
