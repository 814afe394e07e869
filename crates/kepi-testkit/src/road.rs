//! The road from definitions and tables to values, for tests: scans planned, states from any evaluator, values finished.
#![allow(clippy::expect_used, reason = "a wrong test should say so at once")]

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::Grain,
    id::EntityId,
    project::{Kpi, Project},
};
use kepi_query::{
    derive,
    finish::{AtGrain, Context, MeasuredScan, values_of},
    plan::ScanPlan,
    port::{EvaluateError, Limits, PinnedInputs},
    reach::watermarks,
    reference,
    scans::plan,
    state::{Measured, wire::Secret},
    value::Value,
};

/// A secret that everybody knows.
pub const SECRET: Secret = Secret([7; 32]);

/// States of all scans of a project.
pub struct Road {
    scans: Vec<MeasuredScan>,
    watermarks: BTreeMap<EntityId, i64>,
}

/// The scans of all KPIs of a project.
pub fn scans(project: &Project, inputs: &PinnedInputs) -> Vec<ScanPlan> {
    plan(project.kpis.values(), project, inputs).expect("checked definitions can be lowered")
}

/// The inputs with what has to be made for all KPIs, each at its own grain and by year, by a run on a date in µs UTC.
pub fn made(project: &Project, inputs: &PinnedInputs, at: i64) -> PinnedInputs {
    let grains = |kpi: &'_ Kpi| BTreeSet::from([kpi.period, Grain::Year]);
    let work: Vec<(&Kpi, Grain)> = project
        .kpis
        .values()
        .flat_map(|kpi| grains(kpi).into_iter().map(move |grain| (kpi, grain)))
        .collect();
    let plan = derive::plan(&work, project, inputs, at, &watermarks(project, inputs));
    let mut all = inputs.clone();
    if let Some(plan) = plan.expect("checked definitions can be planned") {
        let made = derive::by_reference(&plan, inputs).expect("panels of a test are small");
        assert!(
            made.out_of_range.is_empty() && made.unmade.is_empty(),
            "{:?} {:?}",
            made.out_of_range,
            made.unmade
        );
        all.tables.extend(made.tables);
    }
    all
}

impl Road {
    /// From plans and what an evaluator returned for each.
    pub fn new(measured: Vec<(ScanPlan, Measured)>, project: &Project, inputs: &PinnedInputs) -> Self {
        let scans = measured.into_iter().map(|(plan, measured)| MeasuredScan { plan, measured }).collect();
        // The name of the evaluator is all that may differ between values of the same data.
        Self { scans, watermarks: watermarks(project, inputs) }
    }

    /// Until when the data of each entity are known.
    pub fn watermarks(&self) -> &BTreeMap<EntityId, i64> {
        &self.watermarks
    }

    /// By the reference evaluator.
    pub fn by_reference(project: &Project, inputs: &PinnedInputs) -> Self {
        let measured: Result<Vec<_>, EvaluateError> = scans(project, inputs)
            .into_iter()
            .map(|plan| Ok((plan.clone(), reference::measure(&plan, inputs, &Limits::default())?)))
            .collect();
        Self::new(measured.expect("the reference evaluates what is lowered"), project, inputs)
    }

    /// What values are finished from.
    pub fn context<'a>(&'a self, project: &'a Project) -> Context<'a> {
        Context { project, scans: &self.scans, secret: &SECRET, watermarks: &self.watermarks, threads: 2 }
    }

    /// The values of all KPIs, each at its own grain and by year.
    pub fn values(&self, project: &Project) -> Vec<Value> {
        let grains: BTreeSet<Grain> =
            project.kpis.values().map(|kpi| kpi.period).chain([Grain::Year]).collect();
        let at: BTreeMap<Grain, AtGrain<'_>> = grains
            .into_iter()
            .map(|grain| (grain, AtGrain::new(self.context(project), grain).expect("states of one project")))
            .collect();
        let work: Vec<(&AtGrain<'_>, &Kpi)> = project
            .kpis
            .values()
            .flat_map(|kpi| [kpi.period, Grain::Year].map(|grain| (kpi, grain)))
            .filter_map(|(kpi, grain)| Some((at.get(&grain)?, kpi)))
            .collect();
        values_of(&work, 2).expect("states of one project")
    }
}

/// A number from the environment.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
