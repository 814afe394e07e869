//! A scan in parts that are computed anywhere: what a part needs to know, and what comes back of it, as bytes.
//!
//! A part is a group of byte ranges of the files of the scan. Its states merge with those of the others in any order to the
//! same bits, so where and how often parts are computed cannot show.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use arrow::array::RecordBatch;
use datafusion_physical_plan::ExecutionPlan;
use kepi_model::id::EntityId;
use kepi_query::{
    plan::ScanPlan,
    port::{
        EngineVersion, EvaluateError, Fut, Limits, MemoryTable, PinnedColumn, PinnedFile, PinnedInputs,
        PinnedTable, TableData, system,
    },
    reference::check_columns,
    state::Measured,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    compile::{self, Prepared},
    deleted::{self, RowsIn, rows_in},
    evaluator::{Attempt, DATAFUSION, attempts, load, wanted},
    scan::{self, Partitions, Scan},
    tabulate::tabulate,
    wire::{Reader, Writer},
    worker::{Partial, Stop, Tabulation, Worker},
};

pub use crate::scan::BATCH_ROWS;

/// Counted up when the bytes of tasks or parts change their form, so that processes that differ refuse each other.
const WIRE: u32 = 4;

/// Values of tables in memory that travel with a task.
const MOST_VALUES: usize = 1 << 20;

/// What this process and one that it shares work with have to agree on.
pub fn version() -> String {
    format!("{} / wire {WIRE}", EngineVersion::on(&format!("datafusion {DATAFUSION}")))
}

/// What a part of a scan needs to know beside its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScanTask {
    plan: ScanPlan,
    /// Columns of the base table, and the tables that are looked up.
    inputs: PinnedInputs,
    key_sets: Vec<Vec<usize>>,
    cells: u64,
    bytes: u64,
    /// The files of the scan: its plan does not travel with which of their rows are out.
    scanned: Vec<Scanned>,
}

/// A file of a scan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scanned {
    /// Where it lies, in the words of the scan's source.
    pub location: String,
    /// The file.
    file: PinnedFile,
}

/// Why a task cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It comes from another version.
    #[error("the scan was planned by `{theirs}`, but this is `{ours}`: run one version of kepi everywhere")]
    Version {
        /// Whose it is.
        theirs: String,
        /// Who reads it.
        ours: String,
    },
    /// It is no task.
    #[error("the bytes are no scan: {0}")]
    Damaged(String),
}

/// A task as bytes, behind the version.
pub(crate) fn encoded(task: &impl Serialize) -> Result<Vec<u8>, EvaluateError> {
    let mut to = Writer::default();
    to.text(&version());
    let mut bytes = to.finish();
    serde_json::to_writer(&mut bytes, task).map_err(scan::engine)?;
    Ok(bytes)
}

/// A task from bytes of a process of the same version.
pub(crate) fn decoded<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    let mut from = Reader(bytes);
    let ours = version();
    match from.text() {
        Some(theirs) if theirs == ours => {}
        Some(theirs) => return Err(Unreadable::Version { theirs: theirs.to_owned(), ours }),
        None => return Err(Unreadable::Damaged("they have no version".to_owned())),
    }
    serde_json::from_slice(from.0).map_err(|error| Unreadable::Damaged(error.to_string()))
}

impl ScanTask {
    /// As bytes, behind the version.
    ///
    /// # Errors
    /// Something in it has no form as JSON, which nothing in a plan is.
    pub fn encode(&self) -> Result<Vec<u8>, EvaluateError> {
        encoded(self)
    }

    /// From bytes of a process of the same version.
    ///
    /// # Errors
    /// They are of another version, or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        decoded(bytes)
    }

    /// The files of the scan, to be told where they lie for who computes parts.
    pub fn scanned(&mut self) -> &mut [Scanned] {
        &mut self.scanned
    }

    /// Paths of the files of tables that are looked up, and of those that say which rows are out, to be told where they lie for who
    /// computes parts.
    pub fn looked_up(&mut self) -> impl Iterator<Item = &mut String> {
        let files = self.inputs.tables.values_mut().filter_map(|table| match &mut table.data {
            TableData::Files(files) => Some(files),
            TableData::Memory(_) => None,
        });
        // The base, whose rows come with the scan, has no path.
        let paths = files.flatten().flat_map(PinnedFile::paths).filter(|path| !path.is_empty());
        let deletes = self.scanned.iter_mut().filter_map(|of| of.file.deletes.as_mut());
        paths.chain(deletes.map(|deletes| &mut deletes.path))
    }

    fn prepared(&self) -> Result<Prepared, EvaluateError> {
        match self.inputs.tables.get(&self.plan.entity) {
            Some(base) => compile::prepare(&self.plan, &self.inputs, base),
            None => Ok(compile::nothing(&self.plan)),
        }
    }

    fn tabulation(&self, lookups: Vec<crate::lookup::Lookup>) -> Result<Tabulation, EvaluateError> {
        let (prepared, key_sets) = (self.prepared()?, self.key_sets.clone());
        Ok(Tabulation { prepared, lookups, key_sets, cells: self.cells, bytes: self.bytes })
    }

    /// Compiles it and loads what is looked up, once a process.
    ///
    /// # Errors
    /// A table cannot be read.
    pub async fn ready(&self) -> Result<Ready, EvaluateError> {
        let limits = Limits { threads: 1, memory_bytes: self.bytes, cells: self.cells };
        let mut lookups = Vec::new();
        for table in &self.prepared()?.tables {
            lookups.push(load(table, &self.inputs, &limits).await?);
        }
        let rows = self.scanned.iter().map(|of| Ok((of.location.clone(), rows_in(&of.file)?)));
        let rows = rows.collect::<Result<RowsIn, EvaluateError>>()?;
        Ok(Ready { tabulation: Arc::new(self.tabulation(lookups)?), rows: Arc::new(rows) })
    }
}

/// A task of which parts can be computed.
#[derive(Debug, Clone)]
pub struct Ready {
    tabulation: Arc<Tabulation>,
    rows: Arc<RowsIn>,
}

/// A part at work.
#[derive(Debug)]
pub struct Part {
    worker: Worker,
    /// Why its states are of no use, which is a result: the caller groups otherwise then.
    stopped: Option<Stop>,
}

impl Ready {
    /// A partition of the scan that it came with, as a scan of one partition that passes over rows which are out.
    ///
    /// # Errors
    /// It is no scan of the task's files.
    pub fn source(
        &self,
        came: &Arc<dyn ExecutionPlan>,
        partition: usize,
    ) -> Result<Arc<dyn ExecutionPlan>, EvaluateError> {
        deleted::again(came, partition, &self.rows)
    }

    /// A part that has seen no row.
    pub fn part(&self) -> Part {
        Part { worker: Worker::new(Arc::clone(&self.tabulation)), stopped: None }
    }
}

impl Part {
    /// Adds rows; false: no more are needed.
    ///
    /// # Errors
    /// The batch is not of the scan.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<bool, EvaluateError> {
        if self.stopped.is_none() {
            match self.worker.add(batch) {
                Ok(()) => return Ok(true),
                Err(Stop::Failed(error)) => return Err(error),
                Err(stop) => self.stopped = Some(stop),
            }
        }
        Ok(false)
    }

    /// What the rows came to.
    pub fn finish(self) -> Vec<u8> {
        let mut to = Writer::default();
        match self.stopped {
            Some(Stop::TooManyCells(grouping)) => {
                to.number(1);
                to.length(grouping);
            }
            Some(_) => to.number(2),
            None => {
                to.number(0);
                self.worker.finish().write(&mut to);
            }
        }
        to.finish()
    }
}

impl Partial {
    fn write(&self, to: &mut Writer) {
        to.number(self.undated.into());
        self.poisoned.iter().for_each(|bits| to.number((*bits).into()));
        self.interners.iter().for_each(|interner| interner.write(to));
        for (grouping, states) in self.groupings.iter().zip(&self.states) {
            to.length(grouping.len());
            let mut codes = vec![0; grouping.keys.len()];
            for cell in 0..grouping.len() {
                to.number(grouping.cell(cell, &mut codes).into());
                codes.iter().for_each(|code| to.number((*code).into()));
            }
            states.iter().for_each(|state| state.write(to));
        }
    }

    /// The partial states of a part; none: the bytes are not that.
    fn read(tabulation: &Tabulation, from: &mut Reader<'_>) -> Option<Self> {
        let mut partial = Self::empty(tabulation);
        let buckets = tabulation.prepared.edges.len().saturating_sub(1);
        partial.undated = from.number()?;
        for bits in &mut partial.poisoned {
            *bits = from.number()?;
        }
        for interner in &mut partial.interners {
            *interner = crate::group::Interner::read(from)?;
        }
        for (grouping, states) in partial.groupings.iter_mut().zip(&mut partial.states) {
            let cells = from.length()?;
            for cell in 0..cells {
                let bucket: u32 = from.number()?;
                let mut codes = Vec::with_capacity(grouping.keys.len());
                for key in &grouping.keys {
                    let code: u32 = from.number()?;
                    partial.interners.get(*key)?.members().get(code as usize)?;
                    codes.push(code);
                }
                if bucket as usize >= buckets || grouping.number(bucket, &codes) as usize != cell {
                    return None;
                }
            }
            for state in states {
                *state = state.read(cells, from)?;
            }
        }
        Some(partial)
    }
}

/// Where parts are computed.
pub trait Elsewhere: Send + Sync {
    /// The bytes of every partition of `source`, each once, in any order.
    fn parts<'a>(
        &'a self,
        task: &'a ScanTask,
        source: Arc<dyn ExecutionPlan>,
    ) -> Fut<'a, Result<Vec<Vec<u8>>, EvaluateError>>;
}

/// Whether a scan has to be computed in this process, and why; an empty reason: there is nothing to compute.
pub fn stays_here(plan: &ScanPlan, inputs: &PinnedInputs) -> Option<String> {
    let Some(base) = inputs.tables.get(&plan.entity) else { return Some(String::new()) };
    match &base.data {
        TableData::Memory(_) => return Some(format!("`{}` is made of other rows", plan.entity)),
        TableData::Files(files) if files.iter().all(|file| file.rows == 0) => return Some(String::new()),
        TableData::Files(_) => {}
    }
    // What is wrong with the plan is said where it runs.
    let prepared = compile::prepare(plan, inputs, base).ok()?;
    let looked_up: BTreeSet<&EntityId> = prepared.tables.iter().map(|table| &table.entity).collect();
    let too_large = looked_up.into_iter().find(|entity| match inputs.tables.get(*entity).map(|t| &t.data) {
        Some(TableData::Memory(memory)) => memory.rows.saturating_mul(memory.columns.len()) > MOST_VALUES,
        _ => false,
    });
    too_large.map(|entity| format!("`{entity}`, which it refers to, is made of other rows and large"))
}

/// Measures a plan, its rows read in so many partitions elsewhere.
///
/// # Errors
/// As in this process, and where parts cannot be had from elsewhere.
pub async fn measure(
    plan: &ScanPlan,
    inputs: &PinnedInputs,
    limits: &Limits,
    partitions: usize,
    elsewhere: &dyn Elsewhere,
) -> Result<Measured, EvaluateError> {
    check_columns(plan, inputs)?;
    let mut last = None;
    for attempt in attempts(plan) {
        match once(plan, inputs, limits, partitions, &attempt, elsewhere).await {
            Ok(measured) => return Ok(measured),
            Err(stop) => {
                let goes_on = attempt.tentative && !matches!(stop, Stop::Failed(_));
                last = Some(stop.said(plan, &attempt, limits));
                if !goes_on {
                    break;
                }
            }
        }
    }
    Err(last.unwrap_or_else(|| EvaluateError::Engine("a plan without key sets".to_owned())))
}

async fn once(
    plan: &ScanPlan,
    inputs: &PinnedInputs,
    limits: &Limits,
    partitions: usize,
    attempt: &Attempt,
    elsewhere: &dyn Elsewhere,
) -> Result<Measured, Stop> {
    let share = attempt.share(limits);
    let task = |inputs, scanned| ScanTask {
        plan: plan.clone(),
        inputs,
        key_sets: attempt.key_sets.clone(),
        cells: share.cells,
        bytes: share.memory_bytes,
        scanned,
    };
    let (task, source) = match inputs.tables.get(&plan.entity) {
        // No table, no rows.
        None => (task(PinnedInputs { snapshot: inputs.snapshot, tables: BTreeMap::new() }, Vec::new()), None),
        Some(base) => {
            let prepared = compile::prepare(plan, inputs, base).map_err(Stop::Failed)?;
            let columns: Vec<&PinnedColumn> = prepared.columns.iter().collect();
            let dated = wanted(&prepared, plan);
            let wide = Limits { threads: partitions.max(1), ..*limits };
            let read = scan::prepare(base, &columns, true, dated.as_ref(), Partitions::InOrder, &wide)
                .map_err(Stop::Failed)?;
            let source = match read {
                Scan::Files(source, ..) => Some(source),
                Scan::Memory(_) => None,
            };
            let scanned = scanned(base).map_err(Stop::Failed)?;
            (task(needed(plan, inputs, &prepared), scanned), source)
        }
    };
    let tabulation = task.tabulation(Vec::new()).map_err(Stop::Failed)?;
    let parts = match source {
        Some(source) => elsewhere.parts(&task, source).await.map_err(Stop::Failed)?,
        None => Vec::new(),
    };
    let mut partials = Vec::with_capacity(parts.len());
    for part in parts {
        partials.push(partial_of(&tabulation, &part)?);
    }
    let (plan, limits) = (plan.clone(), *limits);
    let merged = tokio::task::spawn_blocking(move || {
        tabulate(&plan, &tabulation, partials, limits.cells, limits.threads.max(1))
    });
    merged.await.map_err(|panic| Stop::Failed(scan::engine(panic)))?.map_err(Stop::Failed)
}

fn partial_of(tabulation: &Tabulation, part: &[u8]) -> Result<Partial, Stop> {
    let damaged = || Stop::Failed(EvaluateError::Engine("the states of a part came back damaged".to_owned()));
    let mut from = Reader(part);
    match from.number::<u8>().ok_or_else(damaged)? {
        0 => {
            let partial = Partial::read(tabulation, &mut from);
            partial.filter(|_| from.is_at_end()).ok_or_else(damaged)
        }
        1 => Err(Stop::TooManyCells(from.number().ok_or_else(damaged)?)),
        2 => Err(Stop::TooManyBytes),
        _ => Err(damaged()),
    }
}

/// The files of a table that is scanned.
fn scanned(table: &PinnedTable) -> Result<Vec<Scanned>, EvaluateError> {
    let TableData::Files(files) = &table.data else { return Ok(Vec::new()) };
    let of =
        |file: &PinnedFile| Ok(Scanned { location: scan::location(file)?.to_string(), file: file.clone() });
    files.iter().filter(|file| file.rows > 0).map(of).collect()
}

/// Of the inputs what parts need: columns of the base, whose rows come with the scan, and the tables that are looked up.
fn needed(plan: &ScanPlan, inputs: &PinnedInputs, prepared: &Prepared) -> PinnedInputs {
    let mut names: BTreeMap<&EntityId, BTreeSet<&str>> = BTreeMap::new();
    let base = names.entry(&plan.entity).or_default();
    base.extend(prepared.columns.iter().map(|column| column.name.as_str()));
    for table in &prepared.tables {
        let wanted = names.entry(&table.entity).or_default();
        wanted.extend(table.columns.iter().map(|column| column.name.as_str()));
        wanted.extend([system::VALID_FROM, system::VALID_TO]);
        let key = inputs.tables.get(&table.entity).map_or(&[][..], |table| &table.key);
        wanted.extend(key.iter().map(|key| key.as_str()));
    }
    let is_looked_up = |entity: &EntityId| prepared.tables.iter().any(|table| table.entity == *entity);
    let tables = names.into_iter().filter_map(|(entity, names)| {
        let table = inputs.tables.get(entity)?;
        let kept = |column: &PinnedColumn| names.contains(column.name.as_str());
        let data = match &table.data {
            // Only how many rows there are says how large a sum can be.
            TableData::Files(_) if !is_looked_up(entity) => {
                TableData::Files(vec![PinnedFile::whole(String::new(), 0, compile::rows(table))])
            }
            TableData::Files(files) => TableData::Files(files.clone()),
            TableData::Memory(memory) => {
                let columns = table.columns.iter().zip(&memory.columns).filter(|(column, _)| kept(column));
                let columns = columns.map(|(_, values)| values.clone()).collect();
                TableData::Memory(Arc::new(MemoryTable { rows: memory.rows, columns }))
            }
        };
        let columns = table.columns.iter().filter(|column| kept(column)).cloned().collect();
        let table = PinnedTable { columns, key: table.key.clone(), data, live_until: table.live_until };
        Some((entity.clone(), table))
    });
    PinnedInputs { snapshot: inputs.snapshot, tables: tables.collect() }
}
