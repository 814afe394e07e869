//! How far data reach, and what is final by that: the one place that says so.
//!
//! A KPI's finality depends on the entities that it reads, on nothing else: not on what other KPIs are defined, and not on
//! what dates other KPIs read.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::{Calendar, CalendarError, Grain},
    entity::Entity,
    expression::Path,
    id::EntityId,
    project::{Kpi, Mode, Project, Source},
};

use crate::{measure::kind_of, port::PinnedInputs, scans::time_range, value::Finality};

/// Until when the data of each entity are known, µs UTC, an end that is no part of it: right after its latest time, or the
/// end of the last day up to which one of its sources is declared complete, whichever is later. So the period of the
/// latest row has begun, also where the row lies at its first instant, as a row that is dated by a day does.
///
/// The latest time is that of the attribute that dates its rows. Other times, such as when a contract ends, may lie in the
/// future and say nothing of how far the data reach; they are looked at only where an entity has no time of its own.
/// Sources of one entity often follow each other, one a year, so the latest of them counts, unless several are expected again and
/// again ([`going_on`]): then whoever pins the tables has said how far the slowest of them reaches.
pub fn watermarks(project: &Project, inputs: &PinnedInputs) -> BTreeMap<EntityId, i64> {
    let mut reach: BTreeMap<EntityId, i64> = BTreeMap::new();
    for entity in project.entities.values() {
        if let Some(latest) = latest(entity, project, inputs) {
            reach.insert(entity.id.clone(), latest.saturating_add(1));
        }
    }
    for source in project.sources.values().filter(|source| going_on(project, &source.into).is_empty()) {
        // Without a row there is no period to say anything of.
        if let (Some(end), Some(reach)) = (declared_end(project, source), reach.get_mut(&source.into)) {
            *reach = end.max(*reach);
        }
    }
    reach
}

/// The end of the last day for which a source says that everything is in, µs UTC.
///
/// The day of the source is the project's, also where days of KPIs begin in another zone: the same rows are in.
pub fn declared_end(project: &Project, source: &Source) -> Option<i64> {
    let calendar = Calendar { zone: source.days.clone(), ..project.calendar.clone() };
    let day = calendar.period_of_day(Grain::Day, source.complete_until?);
    Some(calendar.bounds(day).ok()?.end)
}

/// The sources of an entity that are expected again and again, where several fill it: its data reach as far as those of the slowest of
/// them. Other sources follow one another, one a year, and the latest of them counts. None, too, where sources know the same rows.
pub fn going_on<'a>(project: &'a Project, entity: &EntityId) -> Vec<&'a Source> {
    let is_composed = || project.entities.get(entity).is_some_and(|of| of.precedence.is_some());
    let own = project.sources.values().filter(|source| source.into == *entity && source.mode != Mode::Keys);
    let own: Vec<&Source> = own.collect();
    if own.len() < 2 || is_composed() {
        return Vec::new();
    }
    own.into_iter().filter(|source| source.expect.is_some()).collect()
}

/// The latest time of an entity's rows, if they have one.
fn latest(entity: &Entity, project: &Project, inputs: &PinnedInputs) -> Option<i64> {
    let last = |path: &Path| time_range(&entity.id, path, inputs).ok().flatten().map(|(_, last)| last);
    let own = entity.time.as_ref().map(|time| Path { references: Vec::new(), attribute: time.clone() });
    let live = || inputs.tables.get(&entity.id)?.live_until;
    own.as_ref().and_then(|own| live().or_else(|| last(own))).or_else(|| {
        let readings =
            project.kpis.values().flat_map(Kpi::wordings).flat_map(|kpi| kpi.measure.kind().readings());
        readings
            .filter(|reading| reading.rows.of == entity.id)
            .filter_map(|reading| last(&reading.rows.at))
            .max()
    })
}

/// Until when all that a KPI reads is known, µs UTC; none if of something nothing is.
pub fn data_until(kpi: &Kpi, watermarks: &BTreeMap<EntityId, i64>) -> Option<i64> {
    let known = kpi.reads.iter().map(|entity| watermarks.get(entity).copied());
    known.collect::<Option<Vec<i64>>>().and_then(|all| all.into_iter().min())
}

/// Whether a KPI's value for a period that ends at `end` may still change: not if all that it reads is known for as long as
/// a row of the period may change.
pub fn finality(
    kpi: &Kpi,
    end: i64,
    calendar: &Calendar,
    watermarks: &BTreeMap<EntityId, i64>,
) -> Result<Finality, CalendarError> {
    let rows_end = rows_end(kpi, end, calendar)?;
    let final_at = kind_of(&kpi.measure).settled(kpi, end).max(rows_end.saturating_add(kpi.reach));
    let data_until = data_until(kpi, watermarks);
    Ok(if data_until.is_some_and(|until| until >= final_at) {
        Finality::Final
    } else {
        Finality::Provisional { data_until, final_at }
    })
}

/// When the last row ends that counts for a period which ends at `end`: a row of a panel whose periods are no parts of the KPI's goes on.
pub(crate) fn rows_end(kpi: &Kpi, end: i64, calendar: &Calendar) -> Result<i64, CalendarError> {
    let mut last = end;
    for grain in &kpi.stretches {
        last = last.max(calendar.bounds(calendar.period_at(*grain, end.saturating_sub(1))?)?.end);
    }
    Ok(last)
}
