//! KPIs that are computed of others: their values meet on period and segment, before anything is published.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
};

use kepi_model::{
    calendar::Period,
    id::DimensionId,
    measure::{Input, Measure, Together},
    project::Kpi,
};
use kepi_stats::{estimate::Level, estimation::composed::each_of};

use super::{AtGrain, FinishError, gate};
use crate::{
    lower::key_sets_of,
    measure::{Finished, put_together},
    reach,
    state::wire::CellStates,
    value::{Finality, Segment, Value},
};

/// Values of an input by period and segment.
pub(super) type Known = BTreeMap<(i32, Segment), Value>;

/// The level at which the inputs of a KPI are taken, so that its interval has the one asked for.
pub(super) fn level_of_inputs(kpi: &Kpi, level: Level) -> Result<Level, FinishError> {
    if matches!(&kpi.measure, Measure::Formula(formula) if formula.together == Together::Independent) {
        return Ok(level);
    }
    let uncertain: BTreeSet<_> = kpi
        .measure
        .kind()
        .inputs()
        .into_iter()
        .filter(|input| !is_exact(&input.kpi))
        .map(|input| (&input.kpi.id, input.ago.map(|ago| ago.words()), input.total))
        .collect();
    each_of(uncertain.len(), level).map_err(|_| FinishError::Confidence)
}

/// Whether it is counted in full, so that it adds no uncertainty.
fn is_exact(kpi: &Kpi) -> bool {
    match &kpi.measure {
        Measure::Total(_) | Measure::Stock(_) => true,
        of => {
            let inputs = of.kind().inputs();
            !inputs.is_empty() && inputs.iter().all(|input| is_exact(&input.kpi))
        }
    }
}

/// What becomes of the inputs' values, gates included.
pub(super) fn finished(kpi: &Kpi, inputs: &[Option<Finished>], level: Level) -> Finished {
    let Finished { estimate, coverage } = put_together(&kpi.measure, inputs, level);
    let estimate = estimate.and_then(|estimate| gate(kpi, coverage).map_or(Ok(estimate), Err));
    Finished { estimate, coverage }
}

impl AtGrain<'_> {
    /// The values of a KPI that is computed of others: wherever one of them has one.
    pub(super) fn composed(&self, kpi: &Kpi, level: Level) -> Result<Vec<Value>, FinishError> {
        let inputs = kpi.measure.kind().inputs();
        let own = level_of_inputs(kpi, level)?;
        let known = inputs.iter().map(|input| self.known(&input.kpi, own)).collect::<Result<Vec<_>, _>>()?;
        let calendar = &self.context.project.calendar;
        // By period asked for, which of each input.
        let mut earlier: BTreeMap<i32, Vec<Option<i32>>> = BTreeMap::new();
        let mut values = Vec::new();
        for key_set in key_sets_of(kpi) {
            for (ordinal, segment) in places(&inputs, &known, &key_set) {
                let period = calendar.period(self.grain, ordinal);
                let periods = match earlier.get(&ordinal) {
                    Some(periods) => periods,
                    None => {
                        let of = inputs.iter().map(|input| match input.ago {
                            None => Ok(Some(ordinal)),
                            Some(ago) => Ok(ago.before(period, calendar)?.map(|period| period.ordinal)),
                        });
                        let of = of.collect::<Result<Vec<_>, FinishError>>()?;
                        earlier.entry(ordinal).or_insert(of)
                    }
                };
                let found: Vec<Option<&Value>> = inputs
                    .iter()
                    .zip(&known)
                    .zip(periods)
                    .map(|((input, known), ordinal)| {
                        let segment = if input.total { Segment::total() } else { segment.clone() };
                        known.get(&((*ordinal)?, segment))
                    })
                    .collect();
                values.push(self.value_of(kpi, period, segment, &found, level)?);
            }
        }
        Ok(values)
    }

    fn value_of(
        &self,
        kpi: &Kpi,
        period: Period,
        segment: Segment,
        found: &[Option<&Value>],
        level: Level,
    ) -> Result<Value, FinishError> {
        let of = |value: &Value| Finished { estimate: value.estimate.clone(), coverage: value.coverage };
        let inputs: Vec<Option<Finished>> = found.iter().map(|value| value.map(of)).collect();
        let Finished { estimate, coverage } = finished(kpi, &inputs, level);
        let kept = found.iter().map(|value| value.and_then(|value| CellStates::decode(&value.states).ok()));
        let states = CellStates { inputs: kept.collect(), ..CellStates::default() };
        let calendar = &self.context.project.calendar;
        let end = calendar.bounds(period)?.end;
        let finality = found.iter().flatten().map(|value| value.finality).reduce(latest);
        let finality = match finality {
            // One that has no value yet may have one when more data are there.
            Some(of) if found.iter().all(Option::is_some) => of,
            of => {
                let own = reach::finality(kpi, end, calendar, self.context.watermarks)?;
                of.map_or(own, |of| latest(of, own))
            }
        };
        Ok(Value {
            kpi: kpi.id.clone(),
            period,
            segment,
            estimate,
            coverage,
            finality,
            states: states.encode().into(),
        })
    }

    /// The values of an input at a level, kept for other KPIs that are computed of it.
    fn known(&self, kpi: &Kpi, level: Level) -> Result<Arc<Known>, FinishError> {
        let key = (kpi.id.clone(), kpi.wording, level.get().to_bits());
        let kept = || self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept().get(&key) {
            return Ok(Arc::clone(known));
        }
        let values = self.values_at(kpi, level)?;
        let known: Known = values.into_iter().map(|v| ((v.period.ordinal, v.segment.clone()), v)).collect();
        let known = Arc::new(known);
        kept().insert(key, Arc::clone(&known));
        Ok(known)
    }
}

/// Where there is to be a value: wherever an input has one, in its period and over its rows; if all are of other times or of
/// all rows, wherever any of them has.
fn places(inputs: &[&Input], known: &[Arc<Known>], key_set: &[DimensionId]) -> BTreeSet<(i32, Segment)> {
    let is_own = |input: &Input| input.ago.is_none() && !input.total;
    let all = inputs.iter().zip(known);
    let own: Vec<_> = all.clone().filter(|(input, _)| is_own(input)).collect();
    let of: Vec<_> = if own.is_empty() { all.collect() } else { own };
    let keys = of.into_iter().flat_map(|(_, known)| known.keys());
    let fits = |segment: &Segment| segment.0.iter().map(|(dimension, _)| dimension).eq(key_set);
    keys.filter(|(_, segment)| fits(segment)).cloned().collect()
}

/// The later of two: provisional until both are final.
fn latest(a: Finality, b: Finality) -> Finality {
    match (a, b) {
        (Finality::Final, other) | (other, Finality::Final) => other,
        (
            Finality::Provisional { data_until: x, final_at: p },
            Finality::Provisional { data_until: y, final_at: q },
        ) => Finality::Provisional { data_until: x.min(y), final_at: p.max(q) },
    }
}

/// A value finished again from states that were kept of the inputs.
pub(super) fn again(kpi: &Kpi, states: &CellStates, level: Level) -> Result<Finished, FinishError> {
    Ok(finished(kpi, &inputs_again(kpi, states, level_of_inputs(kpi, level)?)?, level))
}

/// The inputs of a value at a level, from states that were kept.
pub(super) fn inputs_again(
    kpi: &Kpi,
    states: &CellStates,
    level: Level,
) -> Result<Vec<Option<Finished>>, FinishError> {
    let of = kpi.measure.kind().inputs().into_iter().enumerate().map(|(place, input)| {
        let kept = states.inputs.get(place).and_then(Option::as_ref);
        kept.map(|kept| super::finished_at(&input.kpi, kept, level)).transpose()
    });
    of.collect()
}
