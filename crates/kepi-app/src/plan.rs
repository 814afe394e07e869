//! How far the data reach, and at which grains a KPI is computed.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::{Calendar, Grain},
    id::EntityId,
    project::{Kpi, Project},
};

/// The grains at which a KPI is computed: its own, and that of every scorecard that uses it.
pub fn grains_of(kpi: &Kpi, project: &Project) -> BTreeSet<Grain> {
    let mut grains = BTreeSet::from([kpi.period]);
    for scorecard in project.scorecards.values() {
        let uses = scorecard.perspectives.iter().flat_map(|p| &p.objectives).flat_map(|o| &o.kpis);
        if uses.into_iter().any(|(id, _)| id == &kpi.id) {
            grains.insert(scorecard.period);
        }
    }
    grains
}

/// How far the data of each entity reach: the latest event time, or the end of the last day up to which one of its
/// sources is declared complete, whichever is later. µs UTC.
pub fn watermarks(
    project: &Project,
    latest: &BTreeMap<EntityId, i64>,
    calendar: &Calendar,
) -> BTreeMap<EntityId, i64> {
    let mut reach = latest.clone();
    for source in project.sources.values() {
        let Some(day) = source.complete_until else { continue };
        let period = calendar.period_of_day(Grain::Day, day);
        if let (Ok(bounds), true) = (calendar.bounds(period), latest.contains_key(&source.into)) {
            let entry = reach.entry(source.into.clone()).or_insert(bounds.end);
            *entry = (*entry).max(bounds.end);
        }
    }
    reach
}
