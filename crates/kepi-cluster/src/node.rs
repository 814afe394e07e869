//! The node of a physical plan that computes states, or makes portions of what is made by key: an inner node over plain Parquet sources, for a scheduler restricts tasks
//! to partitions by the leaves that it knows.

use std::{
    any::Any,
    collections::VecDeque,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use datafusion::{
    arrow::{
        array::{ArrayRef, BinaryArray, RecordBatch, UInt32Array, UInt64Array},
        datatypes::{DataType, Field, Schema, SchemaRef},
    },
    common::{DataFusionError, Result, tree_node::TreeNodeRecursion},
    datasource::{
        listing::PartitionedFile,
        physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder, ParquetSource},
        source::DataSourceExec,
    },
    execution::{SendableRecordBatchStream, SpillFile, TaskContext, object_store::ObjectStoreUrl},
    physical_expr::{EquivalenceProperties, PhysicalExpr},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
        execution_plan::{Boundedness, EmissionType},
        stream::RecordBatchStreamAdapter,
    },
};
use futures::{StreamExt, TryStreamExt};
use kepi_engine::{
    parts::{Ready, ScanTask},
    portions,
};
use kepi_query::{kept::PortionsTask, port::Limits};
use tokio::sync::OnceCell;

use crate::shared::fetched;

/// Bytes of states a row: far below what a message between processes may have.
const CHUNK: usize = 1 << 20;

/// Tasks of which this process keeps what it looked up. A run asks for one after the other.
const KEPT: usize = 4;

/// What a node does, as it travels.
#[derive(Debug, Clone)]
pub enum Work {
    /// States of the rows of each partition.
    Scan(Arc<[u8]>),
    /// Parts of the work of making something by key. The input is never read: it numbers them.
    Portions(Arc<[u8]>),
}

/// Computes states of the rows of each partition of its input, or what their numbers stand for.
#[derive(Debug)]
pub struct StatesExec {
    work: Work,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl StatesExec {
    /// Over partitions of the scan of a task.
    pub fn new(work: Work, input: Arc<dyn ExecutionPlan>) -> Self {
        let partitioning = datafusion::physical_plan::Partitioning::UnknownPartitioning(
            input.output_partitioning().partition_count(),
        );
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema()),
            partitioning,
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self { work, input, properties: Arc::new(properties) }
    }
    /// What it does.
    pub fn work(&self) -> &Work {
        &self.work
    }
}

/// One row a piece of the bytes of a part: which part, which piece of how many.
fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("part", DataType::UInt64, false),
        Field::new("piece", DataType::UInt32, false),
        Field::new("pieces", DataType::UInt32, false),
        Field::new("states", DataType::Binary, false),
    ]))
}

/// What a partition of a scan reads.
fn group(input: &Arc<dyn ExecutionPlan>, partition: usize) -> Result<&FileGroup> {
    let source: Option<&DataSourceExec> = input.downcast_ref();
    let config = source.and_then(|source| {
        let source: &dyn Any = source.data_source().as_ref();
        source.downcast_ref::<FileScanConfig>()
    });
    let group = config.and_then(|config| config.file_groups.get(partition));
    group.ok_or_else(|| DataFusionError::Internal("a scan of Kepi reads Parquet files".to_owned()))
}

/// A source that is never read, of one partition for each number: a scheduler deals out partitions of what reads files, and of nothing else.
pub fn numbers(numbers: Range<u64>) -> Arc<dyn ExecutionPlan> {
    let group = |number: u64| {
        let (from, until) = (number as i64, number as i64 + 1);
        FileGroup::new(vec![PartitionedFile::new("part-of-the-work", numbers.end).with_range(from, until)])
    };
    let source = Arc::new(ParquetSource::new(schema()));
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
        .with_file_groups(numbers.clone().map(group).collect())
        .build();
    DataSourceExec::from_data_source(config)
}

/// The number of a partition of [`numbers`].
fn number_of(input: &Arc<dyn ExecutionPlan>, partition: usize) -> Result<u64> {
    let range = group(input, partition)?.files().first().and_then(|file| file.range.as_ref());
    let number = range.and_then(|range| u64::try_from(range.start).ok());
    number.ok_or_else(|| DataFusionError::Internal("a part of the work has no number".to_owned()))
}

/// What tells a partition of a scan from all others: the byte ranges that it reads.
pub fn part_of(input: &Arc<dyn ExecutionPlan>, partition: usize) -> Result<u64> {
    let group = group(input, partition)?;
    let mut hasher = DefaultHasher::new();
    for file in group.files() {
        let path: &str = file.object_meta.location.as_ref();
        path.hash(&mut hasher);
        file.range.as_ref().map(|range| (range.start, range.end)).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// The bytes of a part as rows.
fn pieces(part: u64, states: &[u8]) -> Vec<Result<RecordBatch>> {
    let number = states.len().div_ceil(CHUNK) as u32;
    let batch = |(piece, states): (usize, &[u8])| {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(vec![part])),
            Arc::new(UInt32Array::from(vec![piece as u32])),
            Arc::new(UInt32Array::from(vec![number])),
            Arc::new(BinaryArray::from_vec(vec![states])),
        ];
        Ok(RecordBatch::try_new(schema(), columns)?)
    };
    states.chunks(CHUNK).enumerate().map(batch).collect()
}

/// What was made of tasks, the newest last.
struct Known<T>(Mutex<VecDeque<ByTask<T>>>);

/// A task, and what was made of it.
type ByTask<T> = (Arc<[u8]>, Arc<OnceCell<T>>);

/// Compiled tasks with what they look up.
static SCANS: Known<Ready> = Known::new();

/// A task with the copies of files that it reads, which are there as long as it.
type Making = Arc<(PortionsTask, Vec<Arc<dyn SpillFile>>)>;

/// Tasks whose files are there.
static PORTIONS: Known<Making> = Known::new();

impl<T: Clone> Known<T> {
    const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }
    /// What is made of a task, once a process.
    async fn of(&self, task: &Arc<[u8]>, made: impl Future<Output = Result<T>>) -> Result<T> {
        let cell = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match known.iter().find(|(own, _)| own == task) {
                Some((_, cell)) => Arc::clone(cell),
                None => {
                    if known.len() >= KEPT {
                        known.pop_front();
                    }
                    let cell = Arc::new(OnceCell::new());
                    known.push_back((Arc::clone(task), Arc::clone(&cell)));
                    cell
                }
            }
        };
        cell.get_or_try_init(|| made).await.cloned()
    }
}

async fn ready(task: &Arc<[u8]>, context: &TaskContext) -> Result<Ready> {
    let made = async {
        let mut task = ScanTask::decode(task).map_err(refused)?;
        // Read once, and kept as what is looked up.
        let _copies = fetched(task.looked_up(), context).await?;
        task.ready().await.map_err(refused)
    };
    SCANS.of(task, made).await
}

async fn making(task: &Arc<[u8]>, context: &TaskContext) -> Result<Making> {
    let made = async {
        let mut task = portions::decode(task).map_err(refused)?;
        let copies = fetched(task.paths(), context).await?;
        Ok(Arc::new((task, copies)))
    };
    PORTIONS.of(task, made).await
}

fn refused(error: impl fmt::Display) -> DataFusionError {
    DataFusionError::Execution(error.to_string())
}

impl DisplayAs for StatesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Work::Scan(task) | Work::Portions(task)) = &self.work;
        write!(f, "StatesExec: {} bytes of plan", task.len())
    }
}

impl ExecutionPlan for StatesExec {
    fn name(&self) -> &'static str {
        "StatesExec"
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }
    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }
    /// Partitions are made by who asks: what comes back is held against them.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }
    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }
    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self::new(self.work.clone(), input))),
            Err(_) => Err(DataFusionError::Internal("StatesExec has one input".to_owned())),
        }
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let part = part_of(&self.input, partition)?;
        let task = match &self.work {
            Work::Scan(task) => Arc::clone(task),
            Work::Portions(task) => {
                let (number, task) = (number_of(&self.input, partition)?, Arc::clone(task));
                let done = async move {
                    let making = making(&task, &context).await?;
                    let limits = Limits { threads: 1, ..Limits::default() };
                    let done = portions::done(&making.0, number, &limits).await.map_err(refused)?;
                    Ok::<_, DataFusionError>(futures::stream::iter(pieces(part, &done)))
                };
                let stream = futures::stream::once(done).try_flatten();
                return Ok(Box::pin(RecordBatchStreamAdapter::new(schema(), stream)));
            }
        };
        let came = Arc::clone(&self.input);
        let states = async move {
            let ready = ready(&task, &context).await?;
            // A plan that travels loses which rows of its files are out; the task has kept it.
            let mut rows = ready.source(&came, partition).map_err(refused)?.execute(0, context)?;
            let mut at_work = ready.part();
            while let Some(batch) = rows.next().await {
                if !at_work.add(&batch?).map_err(refused)? {
                    break;
                }
            }
            Ok::<_, DataFusionError>(futures::stream::iter(pieces(part, &at_work.finish())))
        };
        let stream = futures::stream::once(states).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema(), stream)))
    }
}
