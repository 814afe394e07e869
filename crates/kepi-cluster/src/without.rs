//! A build without clusters says so.

use std::ops::Range;

use kepi_engine::DataFusionEvaluator;
use kepi_query::{
    kept::{MadePortion, MakesPortions, PortionsTask},
    plan::ScanPlan,
    port::{
        Belonging, EngineVersion, EvaluateError, Evaluator, Fut, Limits, MemoryTable, PinnedColumn,
        PinnedInputs, PinnedTable,
    },
    state::Measured,
};

use crate::{Address, ClientOptions, ClusterError, SchedulerOptions, WorkerOptions};

/// Cannot be had in this build.
#[derive(Debug)]
pub struct ClusterEvaluator(DataFusionEvaluator);

impl ClusterEvaluator {
    /// There is none.
    ///
    /// # Errors
    /// Always.
    pub async fn connect(_: ClientOptions) -> Result<Self, ClusterError> {
        Err(ClusterError::NotBuilt)
    }
    /// What it said.
    pub fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Evaluator for ClusterEvaluator {
    fn version(&self) -> EngineVersion {
        self.0.version()
    }
    fn measure<'a>(
        &'a self,
        plan: &'a ScanPlan,
        inputs: &'a PinnedInputs,
        limits: &'a Limits,
    ) -> Fut<'a, Result<Measured, EvaluateError>> {
        self.0.measure(plan, inputs, limits)
    }
    fn read<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
    ) -> Fut<'a, Result<MemoryTable, EvaluateError>> {
        self.0.read(table, columns, only, limits)
    }
    fn pieces<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
        see: &'a mut (dyn FnMut(&MemoryTable) + Send),
    ) -> Fut<'a, Result<(), EvaluateError>> {
        self.0.pieces(table, columns, only, limits, see)
    }
    fn file(&self, columns: &[PinnedColumn], rows: &MemoryTable) -> Result<Vec<u8>, EvaluateError> {
        self.0.file(columns, rows)
    }
}

impl MakesPortions for ClusterEvaluator {
    fn at_a_time(&self) -> u64 {
        1
    }
    fn done<'a>(
        &'a self,
        task: &'a PortionsTask,
        numbers: Range<u64>,
    ) -> Fut<'a, Result<Vec<MadePortion>, EvaluateError>> {
        Box::pin(async move {
            let mut all = Vec::new();
            for number in numbers {
                all.push(task.done(number, &self.0, &Limits::default()).await?);
            }
            Ok(all)
        })
    }
}

/// There is none.
///
/// # Errors
/// Always.
pub async fn scheduler(_: SchedulerOptions, _: impl FnOnce(Address)) -> Result<(), ClusterError> {
    Err(ClusterError::NotBuilt)
}

/// There is none.
///
/// # Errors
/// Always.
pub async fn worker(_: WorkerOptions, _: impl FnOnce(&str)) -> Result<(), ClusterError> {
    Err(ClusterError::NotBuilt)
}
