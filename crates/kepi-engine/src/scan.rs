//! Reading a pinned table through DataFusion: explicit Parquet files, only the columns that are needed, row groups
//! that cannot matter left out.
//!
//! DataFusion never sees text of a query, a catalogue or a listing: a scan is one plain `DataSourceExec` over the
//! pinned files.

use std::{fs::File, path::Path as FilePath, sync::Arc};

use arrow::{
    array::{ArrayRef, RecordBatch},
    compute::filter_record_batch,
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef},
};
use datafusion_common::{DataFusionError, ScalarValue};
use datafusion_datasource::{
    PartitionedFile, file_groups::FileGroup, file_scan_config::FileScanConfigBuilder, source::DataSourceExec,
};
use datafusion_datasource_parquet::source::ParquetSource;
use datafusion_execution::{
    TaskContext, config::SessionConfig, memory_pool::GreedyMemoryPool, object_store::ObjectStoreUrl,
    runtime_env::RuntimeEnvBuilder,
};
use datafusion_expr::Operator;
use datafusion_physical_expr::{
    PhysicalExpr,
    expressions::{binary, col, is_null, lit},
};
use datafusion_physical_plan::ExecutionPlan;
use kepi_model::expression::Physical;
use kepi_query::port::{
    EvaluateError, Limits, MemoryColumn, PinnedColumn, PinnedFile, PinnedTable, TableData, system,
};
use object_store::{ObjectMeta, path::Path as ObjectPath};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use kepi_query::texts::Texts;

use crate::{
    deleted::{self, RowsIn, of_rows, rows_in},
    vector::arrow_type,
};

/// Rows a batch: large enough that a state's cells stay in the nearest cache while a batch is added to them.
pub const BATCH_ROWS: usize = 1 << 15;

/// What lies behind a scan.
#[derive(Debug)]
pub enum Scan {
    /// A plan over files and the session it runs in; one stream a partition. Also how many rows they have.
    Files(Arc<dyn ExecutionPlan>, Arc<TaskContext>, u64),
    /// Batches in memory, dealt to partitions in turn.
    Memory(Vec<RecordBatch>),
}

/// Rows that can matter: the current ones whose time is missing or within `[low, high)`.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Name of the base column that dates rows.
    pub time: &'a str,
    /// From.
    pub low: i64,
    /// Until.
    pub high: i64,
}

/// Columns of `table` by position, as a schema for reading.
fn schema_of(columns: &[&PinnedColumn]) -> SchemaRef {
    let fields: Vec<Field> =
        columns.iter().map(|c| Field::new(c.name.clone(), arrow_type(c.physical), true)).collect();
    Arc::new(Schema::new(fields))
}

/// Whether partitions are stretches of the files one behind the other, or take the next file when they are done with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitions {
    InOrder,
    AsTheyCome,
}

/// Prepares a scan of the named columns; `only_current` leaves out row groups of superseded versions.
pub fn prepare(
    table: &PinnedTable,
    columns: &[&PinnedColumn],
    only_current: bool,
    wanted: Option<&Wanted<'_>>,
    partitions: Partitions,
    limits: &Limits,
) -> Result<Scan, EvaluateError> {
    match &table.data {
        TableData::Memory(memory) => {
            let schema = schema_of(columns);
            let lacking = || EvaluateError::Engine("a table in memory lacks a column".into());
            let find = |c: &&PinnedColumn| {
                let position = table.columns.iter().position(|own| own.name == c.name).ok_or_else(lacking)?;
                array_of(memory.columns.get(position).ok_or_else(lacking)?)
            };
            let arrays: Vec<ArrayRef> = columns.iter().map(find).collect::<Result<_, _>>()?;
            let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(memory.rows));
            let batch = RecordBatch::try_new_with_options(schema, arrays, &options).map_err(engine)?;
            let rows = batch.num_rows().div_ceil(limits.threads.max(1)).clamp(1, BATCH_ROWS);
            let starts = (0..batch.num_rows()).step_by(rows);
            let slice = |start: usize| batch.slice(start, rows.min(batch.num_rows() - start));
            Ok(Scan::Memory(starts.map(slice).collect()))
        }
        TableData::Files(files) => files_scan(files, columns, only_current, wanted, partitions, limits),
    }
}

fn files_scan(
    files: &[PinnedFile],
    columns: &[&PinnedColumn],
    only_current: bool,
    wanted: Option<&Wanted<'_>>,
    partitions: Partitions,
    limits: &Limits,
) -> Result<Scan, EvaluateError> {
    let threads = limits.threads.max(1);
    let mut config = SessionConfig::new().with_target_partitions(threads).with_batch_size(BATCH_ROWS);
    // Byte ranges decide which partition reads a row group, so every file can be split.
    config.options_mut().optimizer.repartition_file_min_size = 1;
    config.options_mut().execution.enable_file_stream_work_stealing = partitions == Partitions::AsTheyCome;
    let memory = usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory)))
        .build_arc()
        .map_err(engine)?;
    let context = TaskContext::default().with_session_config(config).with_runtime(runtime);

    let schema = schema_of(columns);
    let mut group = Vec::new();
    let mut rows = RowsIn::new();
    for file in files.iter().filter(|f| f.rows > 0) {
        let location = location(file)?;
        let last_modified = Default::default();
        let meta = ObjectMeta { location, last_modified, size: file.bytes, e_tag: None, version: None };
        let schema = read_as(file, columns)?;
        let read = rows_in(file)?;
        let at = meta.location.to_string();
        group.push(of_rows(PartitionedFile::new_from_meta(meta).with_arrow_schema(schema), read.as_ref()));
        rows.insert(at, read);
    }
    if group.is_empty() {
        return Ok(Scan::Memory(Vec::new()));
    }
    let mut source = ParquetSource::new(Arc::clone(&schema));
    if let Some(predicate) = predicate(only_current, wanted, &schema).map_err(engine)? {
        source = source.with_predicate(predicate);
    }
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
        .with_file_group(FileGroup::new(group))
        .build();
    let plan: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(config);
    let options = context.session_config().options();
    let plan = plan.repartitioned(threads, options).map_err(engine)?.unwrap_or(plan);
    deleted::kept(&plan, &rows)?;
    Ok(Scan::Files(plan, Arc::new(context), files.iter().map(|file| file.rows).sum()))
}

/// Where a file lies, in the words of a scan's source.
pub fn location(file: &PinnedFile) -> Result<ObjectPath, EvaluateError> {
    ObjectPath::from_absolute_path(&file.path).map_err(|e| unreadable(file, e))
}

/// The schema in which a file is to be read: its own, with text kept in its dictionary and instants in UTC.
fn read_as(file: &PinnedFile, columns: &[&PinnedColumn]) -> Result<SchemaRef, EvaluateError> {
    let open = File::open(FilePath::new(&file.path)).map_err(|e| unreadable(file, e))?;
    let metadata =
        ArrowReaderMetadata::load(&open, ArrowReaderOptions::new()).map_err(|e| unreadable(file, e))?;
    let read_field = |field: &FieldRef| {
        let column = columns.iter().find(|c| c.name == *field.name());
        let wanted = match (column.map(|c| c.physical), field.data_type()) {
            (Some(Physical::Text), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => {
                arrow_type(Physical::Text)
            }
            (Some(Physical::Instant), DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, _)) => {
                arrow_type(Physical::Instant)
            }
            _ => return Arc::clone(field),
        };
        Arc::new(field.as_ref().clone().with_data_type(wanted))
    };
    let fields: Vec<FieldRef> = metadata.schema().fields().iter().map(read_field).collect();
    Ok(Arc::new(Schema::new_with_metadata(fields, metadata.schema().metadata().clone())))
}

/// The schema in which a file is to be read if all its texts are wanted.
pub fn read_in_dictionaries(file: &PinnedFile) -> Result<SchemaRef, EvaluateError> {
    let open = File::open(FilePath::new(&file.path)).map_err(|e| unreadable(file, e))?;
    let metadata =
        ArrowReaderMetadata::load(&open, ArrowReaderOptions::new()).map_err(|e| unreadable(file, e))?;
    let text = metadata.schema().fields().iter().filter(|field| *field.data_type() == DataType::Utf8);
    let columns: Vec<PinnedColumn> = text
        .map(|field| PinnedColumn {
            name: field.name().clone(),
            physical: Physical::Text,
            bounds: None,
            is_empty: false,
        })
        .collect();
    read_as(file, &columns.iter().collect::<Vec<_>>())
}

/// Used to leave out row groups only: rows are judged again by their values.
fn predicate(
    only_current: bool,
    wanted: Option<&Wanted<'_>>,
    schema: &Schema,
) -> Result<Option<Arc<dyn PhysicalExpr>>, DataFusionError> {
    let has = |name: &str| schema.field_with_name(name).is_ok();
    let both = |a, operator, b| binary(a, operator, b, schema);
    let mut all = None;
    if only_current && has(system::VALID_TO) {
        all = Some(is_null(col(system::VALID_TO, schema)?)?);
    }
    if let Some(wanted) = wanted.filter(|wanted| has(wanted.time)) {
        let instant = |value| lit(ScalarValue::TimestampMicrosecond(Some(value), Some("UTC".into())));
        let time = || col(wanted.time, schema);
        let from = both(time()?, Operator::GtEq, instant(wanted.low))?;
        let until = both(time()?, Operator::Lt, instant(wanted.high))?;
        let within = both(from, Operator::And, until)?;
        let timely = both(is_null(time()?)?, Operator::Or, within)?;
        all = Some(match all {
            Some(current) => both(current, Operator::And, timely)?,
            None => timely,
        });
    }
    Ok(all)
}

fn array_of(column: &MemoryColumn) -> Result<ArrayRef, EvaluateError> {
    use arrow::array::{
        BooleanArray, DictionaryArray, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
    };
    Ok(match column {
        MemoryColumn::Text(values) => {
            let code = |code: &u32| i32::try_from(*code).ok().filter(|_| *code != Texts::MISSING);
            let codes: Int32Array = values.codes().iter().map(code).collect();
            let members = StringArray::from_iter_values(values.members().iter());
            Arc::new(DictionaryArray::try_new(codes, Arc::new(members)).map_err(engine)?)
        }
        MemoryColumn::Integer(values) => Arc::new(Int64Array::from(values.clone())),
        MemoryColumn::Instant(values) => {
            Arc::new(TimestampMicrosecondArray::from(values.clone()).with_timezone("UTC"))
        }
        MemoryColumn::Boolean(values) => Arc::new(BooleanArray::from(values.clone())),
    })
}

/// Leaves superseded rows out of a batch, if it has the column that tells.
pub fn current_rows(batch: RecordBatch) -> Result<RecordBatch, EvaluateError> {
    let Some(valid_to) = batch.column_by_name(system::VALID_TO) else { return Ok(batch) };
    let current = arrow::compute::is_null(valid_to).map_err(engine)?;
    if current.true_count() == batch.num_rows() {
        return Ok(batch);
    }
    filter_record_batch(&batch, &current).map_err(engine)
}

fn unreadable(file: &PinnedFile, error: impl std::fmt::Display) -> EvaluateError {
    EvaluateError::File { path: file.path.clone(), reason: error.to_string() }
}

/// An error of Arrow or DataFusion.
pub fn engine(error: impl std::fmt::Display) -> EvaluateError {
    EvaluateError::Engine(error.to_string())
}
