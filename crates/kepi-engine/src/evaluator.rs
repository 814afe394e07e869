//! The evaluator: reads pinned tables through DataFusion and adds up states in one pass.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arrow::array::RecordBatch;
use futures::StreamExt;
use kepi_model::{expression::Physical, project::AsOf};
use kepi_query::{
    plan::ScanPlan,
    port::{
        Belonging, EngineVersion, EvaluateError, Evaluator, Fut, Limits, MemoryTable, PinnedColumn,
        PinnedInputs, PinnedTable, system,
    },
    reference::check_columns,
    state::Measured,
};

use crate::{
    compile::{self, LookupTable, Prepared},
    deleted::not_more_read,
    file,
    lookup::{Lookup, LookupBuilder},
    read,
    scan::{self, Partitions, Scan, Wanted},
    tabulate::{tabulate, too_many_cells},
    vector::Vector,
    worker::{Partial, Stop, Tabulation, Worker},
};

/// Version of DataFusion that this crate is built with; a test compares it with the lock file.
pub const DATAFUSION: &str = "55.2.0";

/// Evaluates plans in this process.
///
/// Every call has threads and a memory budget of its own, so that a long scan cannot starve whoever waits for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct DataFusionEvaluator;

impl Evaluator for DataFusionEvaluator {
    fn version(&self) -> EngineVersion {
        EngineVersion::on(&format!("datafusion {DATAFUSION}"))
    }
    fn measure<'a>(
        &'a self,
        plan: &'a ScanPlan,
        inputs: &'a PinnedInputs,
        limits: &'a Limits,
    ) -> Fut<'a, Result<Measured, EvaluateError>> {
        let (plan, inputs, limits) = (plan.clone(), inputs.clone(), *limits);
        Box::pin(on_own_threads(
            limits,
            move |stop| async move { measure(&plan, &inputs, &limits, &stop).await },
        ))
    }
    fn read<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
    ) -> Fut<'a, Result<MemoryTable, EvaluateError>> {
        let (table, columns, only) = (table.clone(), columns.to_vec(), only.cloned());
        let limits = *limits;
        Box::pin(on_own_threads(limits, move |_| async move {
            read::columns(&table, &columns, only.as_ref(), &limits).await
        }))
    }
    fn pieces<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
        see: &'a mut (dyn FnMut(&MemoryTable) + Send),
    ) -> Fut<'a, Result<(), EvaluateError>> {
        let (table, columns, only) = (table.clone(), columns.to_vec(), only.cloned());
        let limits = *limits;
        Box::pin(async move {
            // One is read while another is seen.
            let (send, mut receive) = tokio::sync::mpsc::channel(1);
            let read = on_own_threads(limits, move |_| async move {
                read::pieces(&table, &columns, only.as_ref(), &limits, send).await
            });
            let seen = async {
                while let Some(piece) = receive.recv().await {
                    see(&piece);
                }
            };
            futures::join!(read, seen).0
        })
    }
    fn file(&self, columns: &[PinnedColumn], rows: &MemoryTable) -> Result<Vec<u8>, EvaluateError> {
        file::bytes(columns, rows)
    }
}

/// Set when whoever waited for a scan went away.
struct Abandoned(Arc<AtomicBool>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn on_own_threads<T: Send + 'static, F: Future<Output = Result<T, EvaluateError>>>(
    limits: Limits,
    work: impl FnOnce(Arc<AtomicBool>) -> F + Send + 'static,
) -> Result<T, EvaluateError> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let abandoned = Abandoned(Arc::new(AtomicBool::new(false)));
    let stop = Arc::clone(&abandoned.0);
    std::thread::Builder::new()
        .name("kepi-scan".into())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(limits.threads.max(1))
                .thread_name("kepi-scan")
                .build();
            let result = match runtime {
                Ok(runtime) => runtime.block_on(work(stop)),
                Err(error) => Err(scan::engine(error)),
            };
            // Nobody may be waiting any more.
            let _ = send.send(result);
        })
        .map_err(scan::engine)?;
    let result = receive.await;
    drop(abandoned);
    result.unwrap_or_else(|_| Err(EvaluateError::Engine("the scan ended without a result".into())))
}

async fn measure(
    plan: &ScanPlan,
    inputs: &PinnedInputs,
    limits: &Limits,
    stop: &Arc<AtomicBool>,
) -> Result<Measured, EvaluateError> {
    check_columns(plan, inputs)?;
    let mut last = None;
    for attempt in attempts(plan) {
        match once(plan, inputs, limits, stop, &attempt).await {
            Ok(measured) => return Ok(measured),
            Err(stop) => {
                let goes_on = attempt.tentative && !matches!(stop, Stop::Failed(_));
                last = Some(stop.said(plan, &attempt, limits));
                if !goes_on {
                    break;
                }
            }
        }
        tracing::debug!(entity = %plan.entity, "too many cells in the finest key set, grouping by each");
    }
    Err(last.unwrap_or_else(|| EvaluateError::Engine("a plan without key sets".to_owned())))
}

/// What a pass over the rows groups by.
#[derive(Debug)]
pub struct Attempt {
    /// The key sets; what was asked for is added up from them.
    pub key_sets: Vec<Vec<usize>>,
    /// Whether there is another, should this one be too large.
    pub tentative: bool,
}

impl Attempt {
    /// What each partition may use: of the memory one part each, and one for what they are merged into.
    pub fn share(&self, limits: &Limits) -> Limits {
        let share = limits.memory_bytes / (limits.threads.max(1) as u64 + 1);
        if self.tentative {
            Limits { cells: u64::MAX, memory_bytes: share / 2, ..*limits }
        } else {
            Limits { memory_bytes: share, ..*limits }
        }
    }
}

impl Stop {
    /// As an error.
    pub fn said(self, plan: &ScanPlan, attempt: &Attempt, limits: &Limits) -> EvaluateError {
        match self {
            Self::TooManyCells(grouping) => {
                let keys = attempt.key_sets.get(grouping).map_or(&[][..], Vec::as_slice);
                too_many_cells(plan, keys, limits.cells)
            }
            Self::TooManyBytes => EvaluateError::Engine(format!(
                "the states need more than the {} bytes of memory that a scan may use; drop a dimension, a state of \
                 different values, or raise the limit",
                limits.memory_bytes
            )),
            Self::Failed(error) => error,
        }
    }
}

/// Coarser key sets are sums of finer ones, so one pass over the finest is enough, unless that has too many cells.
pub fn attempts(plan: &ScanPlan) -> Vec<Attempt> {
    let each = maximal(&plan.key_sets);
    let mut attempts = Vec::new();
    if each.len() > 1 {
        attempts.push(Attempt { key_sets: vec![finest(&plan.key_sets)], tentative: true });
    }
    attempts.push(Attempt { key_sets: each, tentative: false });
    attempts
}

/// Rows that can matter to a plan, where a column of their own dates them.
pub fn wanted<'a>(prepared: &'a Prepared, plan: &ScanPlan) -> Option<Wanted<'a>> {
    match (&prepared.time_column, plan.edges.first(), plan.edges.last()) {
        (Some(time), Some(low), Some(high)) => Some(Wanted { time, low: *low, high: *high }),
        _ => None,
    }
}

fn finest(key_sets: &[Vec<usize>]) -> Vec<usize> {
    let mut all: Vec<usize> = key_sets.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The key sets that are part of no other.
fn maximal(key_sets: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = Vec::new();
    let part = |a: &Vec<usize>, b: &Vec<usize>| a.iter().all(|key| b.contains(key));
    for set in key_sets {
        if !found.iter().any(|other| part(set, other)) {
            found.retain(|other| !part(other, set));
            found.push(set.clone());
        }
    }
    found
}

async fn once(
    plan: &ScanPlan,
    inputs: &PinnedInputs,
    limits: &Limits,
    stop: &Arc<AtomicBool>,
    attempt: &Attempt,
) -> Result<Measured, Stop> {
    let threads = limits.threads.max(1);
    let key_sets = attempt.key_sets.clone();
    let Some(base) = inputs.tables.get(&plan.entity) else {
        return empty(plan, key_sets, limits).map_err(Stop::Failed);
    };
    let prepared = compile::prepare(plan, inputs, base).map_err(Stop::Failed)?;
    let mut lookups = Vec::with_capacity(prepared.tables.len());
    for table in &prepared.tables {
        lookups.push(load(table, inputs, limits).await.map_err(Stop::Failed)?);
    }
    let columns: Vec<&PinnedColumn> = prepared.columns.iter().collect();
    let scan =
        scan::prepare(base, &columns, true, wanted(&prepared, plan).as_ref(), Partitions::AsTheyCome, limits);
    let scan = scan.map_err(Stop::Failed)?;
    drop(columns);
    let Limits { cells, memory_bytes: bytes, .. } = attempt.share(limits);
    let tabulation = Arc::new(Tabulation { lookups, key_sets, cells, bytes, prepared });
    let partials = run(scan, &tabulation, threads, stop).await?;
    tabulate(plan, &tabulation, partials, limits.cells, threads).map_err(Stop::Failed)
}

/// What a plan over a table without rows gives.
fn empty(plan: &ScanPlan, key_sets: Vec<Vec<usize>>, limits: &Limits) -> Result<Measured, EvaluateError> {
    let prepared = compile::nothing(plan);
    let tabulation =
        Tabulation { prepared, lookups: vec![], key_sets, cells: limits.cells, bytes: limits.memory_bytes };
    tabulate(plan, &tabulation, vec![], limits.cells, 1)
}

async fn run(
    scan: Scan,
    tabulation: &Arc<Tabulation>,
    threads: usize,
    stop: &Arc<AtomicBool>,
) -> Result<Vec<Partial>, Stop> {
    match scan {
        Scan::Memory(batches) => {
            let mut workers: Vec<Worker> =
                (0..threads).map(|_| Worker::new(Arc::clone(tabulation))).collect();
            for (i, batch) in batches.iter().enumerate() {
                if let Some(worker) = workers.get_mut(i % threads) {
                    worker.add(batch)?;
                }
            }
            Ok(workers.into_iter().map(Worker::finish).collect())
        }
        Scan::Files(plan, context, rows) => {
            use datafusion_physical_plan::ExecutionPlanProperties as _;
            let partitions = plan.output_partitioning().partition_count();
            let mut tasks = Vec::with_capacity(partitions);
            for partition in 0..partitions {
                let stream = plan.execute(partition, Arc::clone(&context)).map_err(failed)?;
                let (tabulation, stop) = (Arc::clone(tabulation), Arc::clone(stop));
                tasks.push(tokio::spawn(async move {
                    let mut stream = stream;
                    let mut worker = Worker::new(tabulation);
                    let mut read = 0;
                    while let Some(batch) = stream.next().await {
                        if stop.load(Ordering::Relaxed) {
                            return Err(Stop::Failed(EvaluateError::Engine("the scan was abandoned".into())));
                        }
                        let batch = batch.map_err(failed)?;
                        read += batch.num_rows() as u64;
                        worker.add(&batch)?;
                    }
                    Ok((worker.finish(), read))
                }));
            }
            let mut partials = Vec::with_capacity(partitions);
            let (mut error, mut read) = (None, 0);
            for task in tasks {
                match task.await {
                    Ok(Ok((partial, more))) => {
                        partials.push(partial);
                        read += more;
                    }
                    Ok(Err(stopped)) => {
                        // The others need not go on.
                        stop.store(true, Ordering::Relaxed);
                        error.get_or_insert(stopped);
                    }
                    Err(panic) => {
                        error.get_or_insert(failed(panic));
                    }
                }
            }
            match error {
                // Row groups that cannot matter are left out.
                None => not_more_read(read, rows).map(|()| partials).map_err(Stop::Failed),
                Some(error) => {
                    stop.store(false, Ordering::Relaxed);
                    Err(error)
                }
            }
        }
    }
}

fn failed(error: impl std::fmt::Display) -> Stop {
    Stop::Failed(scan::engine(error))
}

/// Reads a table that is looked up.
pub async fn load(
    table: &LookupTable,
    inputs: &PinnedInputs,
    limits: &Limits,
) -> Result<Lookup, EvaluateError> {
    let mut builder = LookupBuilder::new(table.columns.iter().map(|c| c.physical).collect());
    let Some(pinned) = inputs.tables.get(&table.entity) else { return Ok(builder.finish()) };
    let find = |name: &str| pinned.columns.iter().find(|c| c.name == name);
    // Only a single text can be referred to.
    let key = match pinned.key.as_slice() {
        [key] => find(key.as_str()).filter(|key| key.physical == Physical::Text),
        _ => None,
    };
    let Some(key) = key else { return Ok(builder.finish()) };
    let limits = Limits { threads: 1, ..*limits };
    let history = [find(system::VALID_FROM), find(system::VALID_TO)];
    let only_current = table.as_of == AsOf::Now;
    let mut columns: Vec<&PinnedColumn> = vec![key];
    for column in history.into_iter().flatten().chain(&table.columns) {
        if !columns.iter().any(|known| known.name == column.name) {
            columns.push(column);
        }
    }
    let mut add = |batch: RecordBatch| -> Result<(), EvaluateError> {
        let batch = if only_current { scan::current_rows(batch)? } else { batch };
        let vector = |column: Option<&PinnedColumn>| -> Result<Vector, EvaluateError> {
            let array =
                column.and_then(|column| Some((batch.column_by_name(&column.name)?, column.physical)));
            match array {
                Some((array, physical)) => Vector::of_array(array, physical).map_err(EvaluateError::Engine),
                None => Ok(Vector::Constant(kepi_model::expression::Literal::Missing)),
            }
        };
        let Vector::Text(keys) = vector(Some(key))? else {
            return Err(EvaluateError::Engine(format!("the key of `{}` is not text", table.entity)));
        };
        let [from, until] = history;
        let (from, until) = (vector(from)?, vector(until)?);
        let columns =
            table.columns.iter().map(|column| vector(Some(column))).collect::<Result<Vec<_>, _>>()?;
        if builder.add(batch.num_rows(), &keys, &from, &until, &columns) {
            Ok(())
        } else {
            Err(EvaluateError::Engine(format!("`{}` has too many rows to be referred to", table.entity)))
        }
    };
    match scan::prepare(pinned, &columns, only_current, None, Partitions::InOrder, &limits)? {
        Scan::Memory(batches) => batches.into_iter().try_for_each(&mut add)?,
        Scan::Files(plan, context, rows) => {
            use datafusion_physical_plan::ExecutionPlanProperties as _;
            let mut read = 0;
            for partition in 0..plan.output_partitioning().partition_count() {
                let mut stream = plan.execute(partition, Arc::clone(&context)).map_err(scan::engine)?;
                while let Some(batch) = stream.next().await {
                    let batch = batch.map_err(scan::engine)?;
                    read += batch.num_rows() as u64;
                    add(batch)?;
                }
            }
            not_more_read(read, rows)?;
        }
    }
    Ok(builder.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_lock_file() {
        let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock")).unwrap();
        let scan = format!("name = \"datafusion-datasource-parquet\"\nversion = \"{DATAFUSION}\"\n");
        assert!(lock.contains(&scan));
    }

    #[test]
    fn key_sets_that_are_part_of_others_are_added_up_from_them() {
        let sets = vec![vec![], vec![0], vec![1], vec![0, 1], vec![2]];
        assert_eq!(maximal(&sets), [vec![0, 1], vec![2]]);
        assert_eq!(finest(&sets), [0, 1, 2]);
        assert_eq!(maximal(&[vec![]]), [Vec::<usize>::new()]);
    }
}
