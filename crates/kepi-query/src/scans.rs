//! Scans: the states of many KPIs asked for together, one pass over the rows of an entity, by days of the calendar.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kepi_model::{
    calendar::{Calendar, Grain},
    derived::Rows,
    expression::Path,
    id::{DimensionId, EntityId, KpiId},
    meaning,
    project::{AsOf, Kpi, Project},
};

use crate::{
    lower::{Lowered, lower_at, lower_unscreened},
    plan::{ScanPlan, StateId},
    port::{MemoryColumn, PinnedInputs, TableData},
    reference::expression_paths,
    side::{LowerError, MAXIMUM_DAYS, Side, path_text},
};

const GRAINS: [Grain; 6] =
    [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::HalfYear, Grain::Year];

/// Plans the scans of many KPIs at day grain: all that read one entity, dated by one attribute and as of the same
/// versions, share one scan; states and key sets occur once. Days run over the range of time in the data; an entity
/// without rows has no days. Sorted by entity, time and as-of, so that equal projects give equal plans.
pub fn plan<'k>(
    kpis: impl IntoIterator<Item = &'k Kpi>,
    project: &Project,
    inputs: &PinnedInputs,
) -> Result<Vec<ScanPlan>, LowerError> {
    let mut scans: BTreeMap<(EntityId, Path, AsOf), ScanPlan> = BTreeMap::new();
    let mut of_rows: Vec<&Kpi> = Vec::new();
    kpis.into_iter().flat_map(Kpi::wordings).for_each(|kpi| down_to_rows(kpi, &mut of_rows));
    let mut all = Vec::new();
    for kpi in of_rows {
        all.extend(at_grains(kpi, project, inputs)?);
    }
    for lowered in all {
        for side in &lowered.sides {
            let scan = (side.entity.clone(), side.time.clone(), side.as_of);
            let plan = scans.entry(scan).or_insert_with(|| ScanPlan {
                entity: side.entity.clone(),
                time: side.time.clone(),
                edges: Arc::new([]),
                calendar: meaning::calendar(&project.calendar),
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
            for key_set in lowered.key_sets.iter().chain(&lowered.hidden) {
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

/// The KPIs that ask for each state, at their own grain.
///
/// # Errors
/// A definition does not fit the project.
pub fn asked_by<'k>(
    kpis: impl IntoIterator<Item = &'k Kpi>,
    project: &Project,
) -> Result<BTreeMap<StateId, BTreeSet<KpiId>>, LowerError> {
    let mut asked: BTreeMap<StateId, BTreeSet<KpiId>> = BTreeMap::new();
    for kpi in kpis {
        let mut of_rows: Vec<&Kpi> = Vec::new();
        kpi.wordings().for_each(|kpi| down_to_rows(kpi, &mut of_rows));
        for of in of_rows {
            let whole = lower_unscreened(of, project, of.period)?;
            let lowered = whole.into_iter().chain([lower_at(of, project, of.period)?]);
            for (_, state) in lowered.flat_map(|lowered| lowered.sides).flat_map(|side| side.states) {
                asked.entry(state.id).or_default().insert(kpi.id.clone());
            }
        }
    }
    Ok(asked)
}

/// A KPI, or those that it is computed of, down to those that read rows; each once.
fn down_to_rows<'k>(kpi: &'k Kpi, found: &mut Vec<&'k Kpi>) {
    let inputs = kpi.measure.kind().inputs();
    if !inputs.is_empty() {
        inputs.into_iter().for_each(|input| down_to_rows(&input.kpi, found));
    } else if found.iter().all(|known| (&known.id, known.wording) != (&kpi.id, kpi.wording)) {
        found.push(kpi);
    }
}

/// A KPI at its own grain; of panels whose rows differ by the length of periods, at each longer one at which all that it reads
/// was made.
fn at_grains(kpi: &Kpi, project: &Project, inputs: &PinnedInputs) -> Result<Vec<Lowered>, LowerError> {
    let mut all = vec![lower_at(kpi, project, kpi.period)?];
    // What is screened is measured twice in one scan.
    all.extend(lower_unscreened(kpi, project, kpi.period)?);
    let bases = kpi.measure.bases();
    let by_period = |base: &&EntityId| {
        project.entities.get(*base).and_then(|entity| entity.rows.as_ref()).is_some_and(Rows::by_period)
    };
    if !bases.iter().any(by_period) {
        return Ok(all);
    }
    for grain in GRAINS.into_iter().filter(|grain| *grain > kpi.period) {
        let lowered = lower_at(kpi, project, grain)?;
        if lowered.sides.iter().all(|side| is_there(side, inputs)) {
            all.push(lowered);
        }
    }
    Ok(all)
}

/// Whether the table of a side is there with all columns that are read of it.
fn is_there(side: &Side, inputs: &PinnedInputs) -> bool {
    let Some(table) = inputs.tables.get(&side.entity) else { return false };
    let mut paths = vec![&side.time];
    let states = side.states.iter();
    let read = states.flat_map(|(_, state)| state.filter.iter().chain(state.kind.expressions()));
    read.chain(side.keys.iter().map(|key| &key.of)).for_each(|of| expression_paths(of, &mut paths));
    paths.into_iter().all(|path| {
        let own = path.references.first().map_or(&path.attribute, |(reference, _)| reference);
        table.columns.iter().any(|column| column.name == own.as_str())
    })
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
