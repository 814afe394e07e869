//! What a run would read, and why. Nothing is read, kept or forgotten to say it.

use std::collections::BTreeSet;

use kepi_model::{
    calendar::Grain,
    id::{EntityId, KpiId},
    project::{Kpi, Project},
};
use kepi_query::{
    derive,
    kept::{Amount, Kept, Why},
    reach, scans,
};
use serde::Serialize;

use crate::{error::AppError, open::App, plan};

/// What would be read of one entity's rows, for KPIs that share a scan.
#[derive(Debug, Clone, Serialize)]
pub struct ScanCost {
    /// Whose rows.
    pub entity: EntityId,
    /// All there is of them.
    pub of: Amount,
    /// What would be read, by reason; nothing: all of it is kept.
    pub reads: Vec<ReadFor>,
}

/// What would be read for one reason.
#[derive(Debug, Clone, Serialize)]
pub struct ReadFor {
    /// The reason.
    pub why: Why,
    /// How much.
    pub amount: Amount,
    /// The KPIs that ask for it.
    pub kpis: BTreeSet<KpiId>,
}

impl App {
    /// What a run of these definitions over what has landed would read; `at` is its date, µs UTC.
    ///
    /// # Errors
    /// The lake cannot be read, or a definition does not fit what has landed.
    pub async fn cost(&self, project: &Project, at: i64) -> Result<Vec<ScanCost>, AppError> {
        let inputs = self.lake.pin(project, None).await.map_err(AppError::Lake)?;
        let work: Vec<(&Kpi, Grain)> = project
            .kpis
            .values()
            .flat_map(|kpi| plan::grains_of(kpi, project).into_iter().map(move |grain| (kpi, grain)))
            .collect();
        let watermarks = reach::watermarks(project, &inputs);
        let derived = derive::plan(&work, project, &inputs, at, &watermarks)?;
        let made: BTreeSet<&EntityId> = derived.iter().flat_map(|plan| plan.tables()).collect();
        let makes = |kpi: &&Kpi| kpi.wordings().any(|of| !of.made.is_empty());
        let mut costs = Vec::new();
        // What is made is read whole, and what is measured of it is in memory.
        for entity in derived.iter().flat_map(|plan| plan.columns.keys()) {
            let amount = Amount::of_table(inputs.tables.get(entity));
            let kpis = project.kpis.values().filter(makes).map(|kpi| kpi.id.clone()).collect();
            let reads = vec![ReadFor { why: Why::Made, amount, kpis }];
            costs.push(ScanCost { entity: entity.clone(), of: amount, reads });
        }
        let plain = || project.kpis.values().filter(|kpi| !makes(kpi));
        let asked = scans::asked_by(plain(), project)?;
        let kept = Kept::only_reading(self.evaluator.as_ref(), self.shelf.as_ref());
        let plans = scans::plan(plain(), project, &inputs)?;
        // How the others will stand is not known before they are made.
        let mut landed = inputs.clone();
        landed.tables.retain(|entity, _| !made.contains(entity));
        for scan in plans.iter().filter(|scan| !made.contains(&scan.entity)) {
            let cost = kept.cost(scan, &landed);
            let reads = cost.reads.into_iter().map(|read| {
                let kpis = read.states.iter().filter_map(|state| asked.get(state)).flatten().cloned();
                ReadFor { why: read.why, amount: read.amount, kpis: kpis.collect() }
            });
            costs.push(ScanCost { entity: cost.entity, of: cost.of, reads: reads.collect() });
        }
        Ok(costs)
    }
}
