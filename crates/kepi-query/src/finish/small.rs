//! Small cells: segments of too few cases are withheld, and with them so much else of the period that nobody can work them out.
//!
//! All that is published of a KPI in one period is looked at together: the total, segments by each dimension and crosses. What is withheld
//! leaves nothing of its states, so that whoever reads published figures finds none: pages, tables, programs, scores, sums and rows behind it.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{id::DimensionId, project::Kpi};
use kepi_stats::{
    estimate::NotComputable,
    privacy::suppression::{Additive, Protection},
};

use crate::{
    cells::View,
    state::wire::{CellStates, DigestKey},
    value::{Coverage, Value},
};

/// More hidden cells than this are not audited one by one: then everything but the total is withheld.
const MOST_AUDITED: usize = 60;

/// Withholds of each period what is small, and what would give it away.
pub(super) fn withhold(kpi: &Kpi, key: &DigestKey, values: &mut [Value]) {
    let Some(least) = kpi.minimum_cell else { return };
    let mut periods: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (place, value) in values.iter().enumerate() {
        periods.entry(value.period.ordinal).or_default().push(place);
    }
    let mut nothing = Vec::new();
    View::kept(&CellStates::default()).encode(key, &mut nothing);
    for places in periods.into_values() {
        let of: Vec<&Value> = places.iter().filter_map(|place| values.get(*place)).collect();
        for hidden in hidden(&of, least) {
            if let Some(value) = places.get(hidden).and_then(|place| values.get_mut(*place)) {
                value.estimate = Err(NotComputable::SmallGroup);
                value.coverage = Coverage::default();
                value.states = nothing.as_slice().into();
            }
        }
    }
}

/// Which of the values of a period are withheld: small ones, and what would give them away.
fn hidden(of: &[&Value], least: u64) -> Vec<usize> {
    let cases = |value: &Value| value.coverage.cases.max(value.coverage.counted);
    let primary: Vec<usize> = (0..of.len())
        .filter(|place| of.get(*place).is_some_and(|value| (1..least).contains(&cases(value))))
        .collect();
    if primary.is_empty() {
        return primary;
    }
    let protection = Protection { below: least as f64, above: least as f64 };
    let grown = (primary.len() <= MOST_AUDITED).then(|| {
        let cells = of.iter().map(|value| cases(value) as f64).collect();
        Additive::nested(cells, relations(of))?.grow(&primary, protection)
    });
    match grown {
        Some(Ok(more)) => primary.into_iter().chain(more).collect(),
        // Whatever cannot be audited is not shown: each range is from nothing to all.
        _ => {
            let enough = |value: &&&Value| value.segment.is_total() && cases(value) >= 2 * least;
            (0..of.len()).filter(|place| !of.get(*place).as_ref().is_some_and(enough)).collect()
        }
    }
}

/// Of each value those that it is made of: by every set of further dimensions that has figures.
fn relations(of: &[&Value]) -> Vec<(usize, Vec<usize>)> {
    let mut sets: BTreeMap<Vec<&DimensionId>, Vec<usize>> = BTreeMap::new();
    for (place, value) in of.iter().enumerate() {
        sets.entry(value.segment.dimensions().collect()).or_default().push(place);
    }
    let mut all = Vec::new();
    for (place, value) in of.iter().enumerate() {
        let own: BTreeSet<&DimensionId> = value.segment.dimensions().collect();
        let finer =
            sets.iter().filter(|(set, _)| set.len() > own.len() && own.iter().all(|d| set.contains(d)));
        for (_, parts) in finer {
            let is_part = |part: &&usize| {
                let part = of.get(**part).map(|part| &part.segment);
                part.is_some_and(|part| value.segment.0.iter().all(|member| part.0.contains(member)))
            };
            let parts: Vec<usize> = parts.iter().filter(is_part).copied().collect();
            if !parts.is_empty() {
                all.push((place, parts));
            }
        }
    }
    all
}
