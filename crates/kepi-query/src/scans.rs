//! Scans: the states of many KPIs asked for together, one pass over the rows of an entity, by days of the calendar.

use std::{collections::BTreeMap, sync::Arc};

use kepi_model::{
    calendar::{Calendar, Grain},
    expression::Path,
    id::{DimensionId, EntityId},
    project::{AsOf, Kpi, Project},
};

use crate::{
    lower::lower,
    plan::ScanPlan,
    port::{MemoryColumn, PinnedInputs, TableData},
    side::{LowerError, MAXIMUM_DAYS, Side, path_text},
};

/// Plans the scans of many KPIs at day grain: all that read one entity, dated by one attribute and as of the same
/// versions, share one scan; states and key sets occur once. Days run over the range of time in the data; an entity
/// without rows has no days. Sorted by entity, time and as-of, so that equal projects give equal plans.
pub fn plan<'k>(
    kpis: impl IntoIterator<Item = &'k Kpi>,
    project: &Project,
    inputs: &PinnedInputs,
) -> Result<Vec<ScanPlan>, LowerError> {
    let mut scans: BTreeMap<(EntityId, Path, AsOf), ScanPlan> = BTreeMap::new();
    for kpi in kpis {
        let lowered = lower(kpi, project)?;
        for side in &lowered.sides {
            let scan = (side.entity.clone(), side.time.clone(), side.as_of);
            let plan = scans.entry(scan).or_insert_with(|| ScanPlan {
                entity: side.entity.clone(),
                time: side.time.clone(),
                edges: Arc::new([]),
                as_of: side.as_of,
                keys: Vec::new(),
                key_sets: Vec::new(),
                states: Vec::new(),
            });
            for key in &side.keys {
                if !plan.keys.contains(key) {
                    plan.keys.push(key.clone());
                }
            }
            for key_set in &lowered.key_sets {
                let positions = key_positions(plan, side, key_set);
                if !plan.key_sets.contains(&positions) {
                    plan.key_sets.push(positions);
                }
            }
            for (_, state) in &side.states {
                if !plan.states.iter().any(|known| known.id == state.id) {
                    plan.states.push(state.clone());
                }
            }
        }
    }
    scans
        .into_values()
        .map(|mut plan| {
            plan.edges = day_edges(&plan.entity, &plan.time, &project.calendar, inputs)?.into();
            Ok(plan)
        })
        .collect()
}

/// Positions of a side's keys in a plan, ascending.
pub(crate) fn key_positions(plan: &ScanPlan, side: &Side, key_set: &[DimensionId]) -> Vec<usize> {
    let mut positions: Vec<usize> = key_set
        .iter()
        .filter_map(|dimension| side.keys.iter().find(|key| &key.dimension == dimension))
        .filter_map(|key| plan.keys.iter().position(|known| known == key))
        .collect();
    positions.sort_unstable();
    positions
}

/// Least and greatest time of an entity's rows, from the bounds of the column at the end of the path; none: no rows.
pub fn time_range(
    entity: &EntityId,
    time: &Path,
    inputs: &PinnedInputs,
) -> Result<Option<(i64, i64)>, LowerError> {
    let last = time.references.last().map_or(entity, |(_, next)| next);
    let (Some(_), Some(table)) = (inputs.tables.get(entity), inputs.tables.get(last)) else {
        return Ok(None);
    };
    let Some(position) = table.columns.iter().position(|column| column.name == time.attribute.as_str())
    else {
        return Err(LowerError::NoAttribute { entity: last.clone(), attribute: time.attribute.clone() });
    };
    match &table.data {
        TableData::Files(files) if files.iter().all(|file| file.rows == 0) => Ok(None),
        TableData::Files(_) => table
            .columns
            .get(position)
            .and_then(|column| if column.is_empty { Some(None) } else { column.bounds.map(Some) })
            .ok_or_else(|| LowerError::NoBounds { entity: entity.clone(), path: path_text(time) }),
        TableData::Memory(memory) => Ok(match memory.columns.get(position) {
            Some(MemoryColumn::Instant(values)) => {
                let known = || values.iter().copied().flatten();
                known().min().zip(known().max())
            }
            _ => None,
        }),
    }
}

fn day_edges(
    entity: &EntityId,
    time: &Path,
    calendar: &Calendar,
    inputs: &PinnedInputs,
) -> Result<Vec<i64>, LowerError> {
    let Some((first, last)) = time_range(entity, time, inputs)? else { return Ok(Vec::new()) };
    let first = calendar.period_at(Grain::Day, first)?;
    let last = calendar.period_at(Grain::Day, last)?;
    if last.ordinal.saturating_sub(first.ordinal) >= MAXIMUM_DAYS {
        return Err(LowerError::TooManyDays {
            entity: entity.clone(),
            path: path_text(time),
            first: calendar.label(first),
            last: calendar.label(last),
        });
    }
    Ok(calendar.edges(Grain::Day, first.ordinal, last.ordinal)?)
}
