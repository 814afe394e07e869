//! What a run would read, and why. Nothing is read, kept or forgotten to say it.

use std::collections::BTreeSet;

use kepi_model::{
    calendar::Grain,
    id::{EntityId, KpiId},
    project::{Kpi, Project},
};
use kepi_query::{
    derive::{self, Derived},
    kept::{Amount, Kept, Making, Why},
    port::PinnedInputs,
    scans,
};
use serde::Serialize;

use crate::{error::AppError, open::App, plan, run::reach_of};

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
        let inputs = self.pinned_for_run(project, at).await?;
        let mut costs = Vec::new();
        for calendar in project.calendars() {
            costs.extend(self.cost_in(&project.in_calendar(&calendar), &inputs, at)?);
        }
        Ok(costs)
    }

    fn cost_in(&self, project: &Project, inputs: &PinnedInputs, at: i64) -> Result<Vec<ScanCost>, AppError> {
        let work: Vec<(&Kpi, Grain)> = project
            .kpis
            .values()
            .flat_map(|kpi| plan::grains_of(kpi, project).into_iter().map(move |grain| (kpi, grain)))
            .collect();
        let watermarks = reach_of(project, inputs, at);
        let derived = derive::plan(&work, project, inputs, at, &watermarks)?;
        let kept = Kept::only_reading(self.evaluator.as_ref(), self.shelf.as_ref());
        let (making, made) = match &derived {
            Some(plan) => kept.making(plan, inputs),
            None => (Vec::new(), Derived::default()),
        };
        let makes = |kpi: &&Kpi| kpi.wordings().any(|of| !of.made.is_empty());
        let mut costs = Vec::new();
        for Making { of, why, .. } in &making {
            let reads = |amount: Amount| {
                let kpis = project.kpis.values().filter(makes).map(|kpi| kpi.id.clone()).collect();
                why.iter()
                    .map(|why| ReadFor { why: why.clone(), amount, kpis: BTreeSet::clone(&kpis) })
                    .collect()
            };
            // Of rows that are kept it is said below what is measured of them.
            let read = of.iter().filter(|_| why.is_some());
            costs.extend(read.map(|(entity, amount)| ScanCost {
                entity: entity.clone(),
                of: *amount,
                reads: reads(*amount),
            }));
        }
        // How tables will stand is not known before they are made.
        let unknown: BTreeSet<&EntityId> =
            making.iter().filter(|making| making.why.is_some()).flat_map(|making| &making.tables).collect();
        let mut known = inputs.clone();
        known.tables.extend(made.tables);
        known.tables.retain(|entity, _| !unknown.contains(entity));
        let of_known = || project.kpis.values().filter(|kpi| unknown.is_empty() || !makes(kpi));
        let asked = scans::asked_by(of_known(), project)?;
        let plans = scans::plan(of_known(), project, &known)?;
        for scan in plans.iter().filter(|scan| !unknown.contains(&scan.entity)) {
            let cost = kept.cost(scan, &known);
            let reads = cost.reads.into_iter().map(|read| {
                let kpis = read.states.iter().filter_map(|state| asked.get(state)).flatten().cloned();
                ReadFor { why: read.why, amount: read.amount, kpis: kpis.collect() }
            });
            costs.push(ScanCost { entity: cost.entity, of: cost.of, reads: reads.collect() });
        }
        Ok(costs)
    }
}
