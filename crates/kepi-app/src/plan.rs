//! At which grains a KPI is computed.

use std::collections::BTreeSet;

use kepi_model::{
    calendar::Grain,
    project::{Kpi, Project},
};

/// The grains at which a KPI is computed: its own ones, and that of every scorecard that uses it and is no finer.
pub fn grains_of(kpi: &Kpi, project: &Project) -> BTreeSet<Grain> {
    let mut grains = BTreeSet::from([kpi.period]);
    grains.extend(&kpi.also);
    for scorecard in project.scorecards.values() {
        // One of longer periods than its scorecard is read there as of the last that has ended.
        if scorecard.period >= kpi.period && scorecard.reads().any(|id| *id == kpi.id) {
            grains.insert(scorecard.period);
        }
    }
    grains
}
