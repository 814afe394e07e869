//! The node of a physical plan that computes states: an inner node over plain Parquet sources, for a scheduler restricts tasks
//! to partitions by the leaves that it knows.

use std::{
    any::Any,
    collections::VecDeque,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

use datafusion::{
    arrow::{
        array::{ArrayRef, BinaryArray, RecordBatch, UInt32Array, UInt64Array},
        datatypes::{DataType, Field, Schema, SchemaRef},
    },
    common::{DataFusionError, Result, tree_node::TreeNodeRecursion},
    datasource::{physical_plan::FileScanConfig, source::DataSourceExec},
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::{EquivalenceProperties, PhysicalExpr},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
        execution_plan::{Boundedness, EmissionType},
        stream::RecordBatchStreamAdapter,
    },
};
use futures::{StreamExt, TryStreamExt};
use kepi_engine::parts::{Ready, ScanTask};
use tokio::sync::OnceCell;

use crate::shared::fetched;

/// Bytes of states a row: far below what a message between processes may have.
const CHUNK: usize = 1 << 20;

/// Tasks of which this process keeps what it looked up. A run asks for one after the other.
const KEPT: usize = 4;

/// Computes states of the rows of each partition of its input.
#[derive(Debug)]
pub struct StatesExec {
    /// The task, as it travels.
    task: Arc<[u8]>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl StatesExec {
    /// Over partitions of the scan of a task.
    pub fn new(task: Arc<[u8]>, input: Arc<dyn ExecutionPlan>) -> Self {
        let partitioning = datafusion::physical_plan::Partitioning::UnknownPartitioning(
            input.output_partitioning().partition_count(),
        );
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema()),
            partitioning,
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self { task, input, properties: Arc::new(properties) }
    }
    /// The task.
    pub fn task(&self) -> &[u8] {
        &self.task
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

/// What tells a partition of a scan from all others: the byte ranges that it reads.
pub fn part_of(input: &Arc<dyn ExecutionPlan>, partition: usize) -> Result<u64> {
    let source: Option<&DataSourceExec> = input.downcast_ref();
    let config = source.and_then(|source| {
        let source: &dyn Any = source.data_source().as_ref();
        source.downcast_ref::<FileScanConfig>()
    });
    let group = config.and_then(|config| config.file_groups.get(partition));
    let Some(group) = group else {
        return Err(DataFusionError::Internal("a scan of Kepi reads Parquet files".to_owned()));
    };
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

/// Compiled tasks with what they look up, the newest last.
type Known = VecDeque<(Arc<[u8]>, Arc<OnceCell<Ready>>)>;

static KNOWN: Mutex<Known> = Mutex::new(VecDeque::new());

/// What is computed by, made once a process.
async fn ready(task: &Arc<[u8]>, context: &TaskContext) -> Result<Ready> {
    let cell = {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
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
    let made = cell.get_or_try_init(|| async {
        let mut task = ScanTask::decode(task).map_err(refused)?;
        // Read once, and kept as what is looked up.
        let _copies = fetched(&mut task, context).await?;
        task.ready().await.map_err(refused)
    });
    made.await.cloned()
}

fn refused(error: impl fmt::Display) -> DataFusionError {
    DataFusionError::Execution(error.to_string())
}

impl DisplayAs for StatesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatesExec: {} bytes of plan", self.task.len())
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
            Ok([input]) => Ok(Arc::new(Self::new(Arc::clone(&self.task), input))),
            Err(_) => Err(DataFusionError::Internal("StatesExec has one input".to_owned())),
        }
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let part = part_of(&self.input, partition)?;
        let mut rows = self.input.execute(partition, Arc::clone(&context))?;
        let task = Arc::clone(&self.task);
        let states = async move {
            let mut at_work = ready(&task, &context).await?.part();
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
