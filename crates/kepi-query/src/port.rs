//! Ports: what others must provide.

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};

use kepi_model::id::{AttributeId, EntityId};
use serde::{Deserialize, Serialize};

pub use crate::{
    belonging::{Belonging, By, Keys, Portion},
    memory::{MemoryColumn, MemoryTable, PinnedColumn},
};
use crate::{plan::ScanPlan, state::Measured};

/// A boxed future.
pub type Fut<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A version of all tables of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SnapshotId(pub i64);

/// What the same definition makes of the same rows: counted up whenever a change of Kepi makes another figure, interval,
/// coverage or state of them, so that figures published before are named as made by another engine, and not as different.
/// 7: a window that reaches back before its period begins before the data or not whatever the period that ends with it.
/// 8: the period at whose first instant the latest row lies has begun.
const MEANING: u32 = 8;

/// Name and version of an evaluator, such as `datafusion 55.2.0 / kepi 0.1.0 / meaning 5`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EngineVersion(pub String);

impl EngineVersion {
    /// The version of Kepi's evaluator that rests on something with a version of its own, such as `datafusion 55.2.0`.
    pub fn on(basis: &str) -> Self {
        Self(format!("{basis} / kepi {} / meaning {MEANING}", env!("CARGO_PKG_VERSION")))
    }
}

impl fmt::Display for EngineVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The tables a plan may read, as they stand at one snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PinnedInputs {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Tables by entity. An entity without a table has no rows.
    pub tables: BTreeMap<EntityId, PinnedTable>,
}

/// One table at one snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PinnedTable {
    /// Columns: the entity's attributes by name and the system columns of [`system`]. Files may lack later columns.
    pub columns: Vec<PinnedColumn>,
    /// The attributes that identify a row. A table that others refer to has exactly one, of text; references hold it.
    pub key: Vec<AttributeId>,
    /// The rows.
    pub data: TableData,
    /// How far the rows reach that hold now, by the attribute that dates them: the latest value of it, or what of several sources
    /// that are expected the slowest has delivered. None where all hold or nobody looked: then the bounds of the column say it.
    pub live_until: Option<i64>,
}

impl PinnedTable {
    /// The table file by file; in memory it is one.
    pub fn by_file(&self) -> Vec<Self> {
        match &self.data {
            TableData::Memory(_) => vec![self.clone()],
            TableData::Files(files) => files.iter().map(|file| self.of_files(vec![file.clone()])).collect(),
        }
    }
    /// The same of some files.
    #[must_use]
    pub fn of_files(&self, files: Vec<PinnedFile>) -> Self {
        let (columns, key) = (self.columns.clone(), self.key.clone());
        Self { columns, key, data: TableData::Files(files), live_until: self.live_until }
    }
    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        match &self.data {
            TableData::Memory(memory) => memory.rows as u64,
            TableData::Files(files) => files.iter().map(|file| file.rows).sum(),
        }
    }
    /// Whether rows may have ceased to hold.
    pub fn has_versions(&self) -> bool {
        self.columns.iter().any(|column| column.name == system::VALID_TO && !column.is_empty)
    }
}

/// Rows of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum TableData {
    /// Explicit Parquet files.
    Files(Vec<PinnedFile>),
    /// In memory, for the reference evaluator and tests.
    Memory(Arc<MemoryTable>),
}

/// A Parquet file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedFile {
    /// Absolute path.
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// Rows of it that are in: not those that are out by position.
    pub rows: u64,
    /// What says which of its rows are out, where some are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletes: Option<PinnedDeletes>,
}

impl PinnedFile {
    /// A file of which all rows are in.
    pub fn whole(path: String, bytes: u64, rows: u64) -> Self {
        Self { path, bytes, rows, deletes: None }
    }
    /// Paths of what is read of it, to be told where that lies.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut String> {
        std::iter::once(&mut self.path).chain(self.deletes.as_mut().map(|deletes| &mut deletes.path))
    }
    /// What stands for its rows: files are never written again under the same names.
    pub fn names(&self) -> String {
        match &self.deletes {
            Some(deletes) => format!("{} without {}", self.path, deletes.path),
            None => self.path.clone(),
        }
    }
}

/// A Parquet file that says which rows of another are out: `pos` counts them from 0, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedDeletes {
    /// Absolute path.
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// Rows that are out.
    pub rows: u64,
}

/// Names of the system columns, in every table.
pub mod system {
    /// Instant from which the version holds; missing: from ever (the first version of a key).
    pub const VALID_FROM: &str = "_valid_from";
    /// Instant until which it held; missing: it is current.
    pub const VALID_TO: &str = "_valid_to";
    /// Instant at which it was landed.
    pub const RECORDED_AT: &str = "_recorded_at";
    /// Source.
    pub const SOURCE: &str = "_source";
    /// File.
    pub const FILE: &str = "_file";
    /// Row number in the file, from 1, header not counted.
    pub const ROW: &str = "_row";
    /// Load.
    pub const LOAD: &str = "_load";
    /// Of an entity whose rows are merged at the source: the key of the row that this one was merged into. Only rows that never hold
    /// have one.
    pub const MERGED_INTO: &str = "_merged_into";
    /// What stands before the name of a reference in the name of the column of what the source said, where the row that it named was
    /// merged into another.
    pub const SAID: &str = "_said_";
}

/// What a scan may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Threads.
    pub threads: usize,
    /// Bytes of working memory.
    pub memory_bytes: u64,
    /// Cells of one state table; more is an error that names the key set.
    pub cells: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { threads: 2, memory_bytes: 1 << 30, cells: 4_000_000 }
    }
}

/// Why a plan could not be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// A path names something the pinned tables do not have.
    #[error("the data have no column `{column}` in `{entity}`; land the source again")]
    NoColumn {
        /// Entity.
        entity: EntityId,
        /// Column.
        column: AttributeId,
    },
    /// Too many cells.
    #[error("segments by {dimensions} make more than {limit} cells; drop a dimension or raise the limit")]
    TooManyCells {
        /// The key set.
        dimensions: String,
        /// The same as positions among the plan's keys.
        key_set: Vec<usize>,
        /// The limit.
        limit: u64,
    },
    /// The engine failed.
    #[error("the engine could not run the scan: {0}")]
    Engine(String),
    /// A file could not be read.
    #[error("`{path}` could not be read: {reason}")]
    File {
        /// Path.
        path: String,
        /// Why.
        reason: String,
    },
}

/// Computes states.
pub trait Evaluator: Send + Sync {
    /// Name and version.
    fn version(&self) -> EngineVersion;
    /// Evaluates one plan.
    fn measure<'a>(
        &'a self,
        plan: &'a ScanPlan,
        inputs: &'a PinnedInputs,
        limits: &'a Limits,
    ) -> Fut<'a, Result<Measured, EvaluateError>>;
    /// Reads columns of a table, all its rows or those that belong to somebody, in the order in which they stand there.
    fn read<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
    ) -> Fut<'a, Result<MemoryTable, EvaluateError>>;
    /// The same in pieces, one after the other, so that no more than one is in memory: rows of a file, or all of them.
    fn pieces<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
        see: &'a mut (dyn FnMut(&MemoryTable) + Send),
    ) -> Fut<'a, Result<(), EvaluateError>> {
        Box::pin(async move {
            for piece in table.by_file() {
                see(&self.read(&piece, columns, only, limits).await?);
            }
            Ok(())
        })
    }
    /// The bytes of a file from which it reads these rows.
    ///
    /// # Errors
    /// The rows are not of these columns.
    fn file(&self, columns: &[PinnedColumn], rows: &MemoryTable) -> Result<Vec<u8>, EvaluateError>;
}
