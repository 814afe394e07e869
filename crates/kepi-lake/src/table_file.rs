//! Parquet files of the lake: written with field ids and statistics, read back column by column.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray,
        new_null_array,
    },
    buffer::NullBuffer,
    compute::filter_record_batch,
    datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType},
};
use kepi_model::{expression::Physical, id::Hash};
use kepi_query::port::system;
use parquet::{
    arrow::{
        ArrowWriter, PARQUET_FIELD_ID_META_KEY,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
            statistics::StatisticsConverter,
        },
        arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves},
    },
    basic::{Compression, Encoding, ZstdLevel},
    errors::ParquetError,
    file::{
        metadata::{PageIndexPolicy, ParquetMetaDataReader, RowGroupMetaData},
        properties::{EnabledStatistics, WriterProperties},
        writer::SerializedFileWriter,
    },
    schema::types::ColumnPath,
};

use crate::{
    catalogue::{DataFile, FileStats, NewFile, Table, column_type},
    deletes,
    durable::{self, DurableFs, PendingFile, footer_length},
    error::{LakeError, io, written},
    index::{EVER, OPEN},
    mapping::range,
    same,
};

/// Rows of a file of the lake that are read at once.
const BATCH_ROWS: usize = 65_536;
/// Rows of a row group at most.
const GROUP_ROWS: usize = 1_000_000;

/// Data type of a physical type.
pub(crate) fn data_type(physical: Physical) -> DataType {
    match physical {
        Physical::Text => DataType::Utf8,
        Physical::Integer => DataType::Int64,
        Physical::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Physical::Boolean => DataType::Boolean,
    }
}

/// Schema of a table's files.
fn schema(table: &Table) -> SchemaRef {
    let fields = table.columns.iter().map(|c| {
        Field::new(&c.name, data_type(c.physical), true)
            .with_metadata([(PARQUET_FIELD_ID_META_KEY.to_owned(), c.id.to_string())].into())
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[derive(Debug, Clone, Default)]
struct Seen {
    values: u64,
    missing: u64,
    integers: Option<(i64, i64)>,
}

impl Seen {
    fn integer(&mut self, n: i64) {
        self.integers = Some(self.integers.map_or((n, n), |(l, h)| (l.min(n), h.max(n))));
    }

    fn integers(&mut self, values: &[i64], nulls: Option<&NullBuffer>) {
        let range = match nulls {
            None => range(values, std::iter::repeat(u64::MAX)),
            Some(nulls) => range(values, nulls.inner().bit_chunks().iter_padded()),
        };
        if let Some((low, high)) = range {
            self.integer(low);
            self.integer(high);
        }
    }

    fn add(&mut self, array: &ArrayRef) {
        self.missing += array.null_count() as u64;
        self.values += (array.len() - array.null_count()) as u64;
        if let Some(a) = array.as_primitive_opt::<Int64Type>() {
            self.integers(a.values(), array.nulls());
        } else if let Some(a) = array.as_primitive_opt::<TimestampMicrosecondType>() {
            self.integers(a.values(), array.nulls());
        } else if let Some(a) = array.as_boolean_opt() {
            a.iter().flatten().for_each(|b| self.integer(i64::from(b)));
        }
    }
}

/// Batches that may wait for the thread that writes: enough that neither waits for the other's next one.
const WAITING: usize = 4;

/// Writes a file of a table batch by batch, in a thread of its own: encoding and compressing take about as long as reading
/// rows does. Dropped unfinished, nothing stays.
pub(crate) struct TableFileWriter {
    fs: Arc<dyn DurableFs>,
    path: PathBuf,
    name: String,
    /// Of the columns that are told row by row.
    schema: SchemaRef,
    rows: u64,
    /// Until it ends.
    running: Option<Running>,
}

/// What the thread is told.
enum Told {
    Rows(RecordBatch),
    /// No batch follows, and the file is to stay.
    Whole,
}

struct Running {
    /// None: nothing follows.
    batches: Option<SyncSender<Told>>,
    thread: JoinHandle<Result<Option<Complete>, LakeError>>,
}

impl Running {
    /// Nothing follows: what has become of all.
    fn ended(self) -> Result<Option<Complete>, LakeError> {
        drop(self.batches);
        let died = |_| LakeError::Worker("the thread that writes a file ended by itself".to_owned());
        self.thread.join().map_err(died)?
    }
}

/// What the thread holds.
struct Encoder {
    path: PathBuf,
    schema: SchemaRef,
    file: SerializedFileWriter<PendingFile>,
    groups: ArrowRowGroupWriterFactory,
    /// The columns of the row group that is being written, and its rows.
    group: Vec<ArrowColumnWriter>,
    rows: usize,
    /// By column: the text that all rows have.
    same: Vec<Option<String>>,
    seen: Vec<Seen>,
}

/// A file that is on the disk.
struct Complete {
    bytes: u64,
    checksum: Hash,
    footer: u64,
    seen: Vec<Seen>,
}

impl Encoder {
    /// None: the file was not to stay.
    fn encode(mut self, told: Receiver<Told>) -> Result<Option<Complete>, LakeError> {
        for told in told {
            match told {
                Told::Rows(batch) => self.write(batch).map_err(|e| written(&self.path, e))?,
                Told::Whole => return self.complete().map(Some),
            }
        }
        Ok(None)
    }

    fn write(&mut self, mut batch: RecordBatch) -> Result<(), ParquetError> {
        while batch.num_rows() > 0 {
            let n = batch.num_rows().min(GROUP_ROWS - self.rows);
            if self.rows == 0 {
                self.group = self.groups.create_column_writers(self.file.flushed_row_groups().len())?;
            }
            let rows = batch.slice(0, n);
            let mut arrays = rows.columns().iter();
            let columns =
                self.schema.fields().iter().zip(&mut self.group).zip(&self.same).zip(&mut self.seen);
            for (((field, writer), same), seen) in columns {
                if same.is_some() {
                    seen.values += n as u64;
                } else if let Some(array) = arrays.next() {
                    seen.add(array);
                    compute_leaves(field, array)?.iter().try_for_each(|leaf| writer.write(leaf))?;
                }
            }
            self.rows += n;
            if self.rows == GROUP_ROWS {
                self.end_group()?;
            }
            batch = batch.slice(n, batch.num_rows() - n);
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let columns = self.file.schema_descr().columns().to_vec();
        let mut group = self.file.next_row_group()?;
        for ((writer, same), column) in self.group.drain(..).zip(&self.same).zip(&columns) {
            match same {
                Some(text) => same::append(&mut group, column, text, self.rows)?,
                None => writer.close()?.append_to_row_group(&mut group)?,
            }
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    fn complete(mut self) -> Result<Complete, LakeError> {
        let ended = self.end_group();
        let path = self.path;
        let failed = |e| written(&path, e);
        ended.map_err(failed)?;
        let file = self.file.into_inner().map_err(failed)?;
        let (bytes, checksum) = file.finish().map_err(|e| io(&path, "written", e))?;
        let footer = footer_length(&path).map_err(|e| io(&path, "read", e))?;
        Ok(Complete { bytes, checksum, footer, seen: self.seen })
    }
}

impl TableFileWriter {
    /// Begins a file in the table's folder.
    pub fn create(fs: &Arc<dyn DurableFs>, folder: &Path, table: &Table) -> Result<Self, LakeError> {
        Self::create_saying(fs, folder, table, vec![None; table.columns.len()])
    }

    /// Begins a file in which all rows say the same in some columns: by column of the table the text that it is, which no
    /// batch has.
    pub fn create_saying(
        fs: &Arc<dyn DurableFs>,
        folder: &Path,
        table: &Table,
        same: Vec<Option<String>>,
    ) -> Result<Self, LakeError> {
        let name = format!("{}.parquet", uuid::Uuid::new_v4());
        let path = folder.join(&name);
        let schema = schema(table);
        let level = ZstdLevel::try_new(1).unwrap_or_default();
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_created_by(concat!("kepi ", env!("CARGO_PKG_VERSION")).to_owned());
        for column in table.columns.iter().filter(|c| c.personal || c.physical == Physical::Text) {
            // Statistics would outlive the erasure of a person, and any text may name one: a key may be an address.
            properties = properties.set_column_statistics_enabled(
                ColumnPath::from(column.name.as_str()),
                EnabledStatistics::None,
            );
        }
        for column in
            table.columns.iter().filter(|c| matches!(c.physical, Physical::Integer | Physical::Instant))
        {
            // Differences take less room than values or their numbers in a dictionary, and less time: no value is looked up.
            let path = ColumnPath::from(column.name.as_str());
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
        let file = PendingFile::create(fs, &path).map_err(|e| io(&path, "written", e))?;
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties.build()));
        let begun = writer.and_then(ArrowWriter::into_serialized_writer);
        let (file, groups) = begun.map_err(|e| written(&path, e))?;
        let told = schema.fields().iter().zip(&same).filter(|(_, same)| same.is_none());
        let told = Arc::new(Schema::new(told.map(|(field, _)| Arc::clone(field)).collect::<Vec<_>>()));
        let seen = vec![Seen::default(); table.columns.len()];
        let encoder =
            Encoder { path: path.clone(), schema, file, groups, group: Vec::new(), rows: 0, same, seen };
        let (batches, waiting) = sync_channel::<Told>(WAITING);
        let work = move || encoder.encode(waiting);
        let thread = thread::Builder::new().name("write rows".to_owned()).spawn(work);
        let thread = thread.map_err(|e| LakeError::Worker(format!("no thread to write a file: {e}")))?;
        let running = Some(Running { batches: Some(batches), thread });
        Ok(Self { fs: Arc::clone(fs), path, name, schema: told, rows: 0, running })
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes columns of the table that are told row by row, in their order and of one length.
    pub fn write_columns(&mut self, columns: Vec<ArrayRef>) -> Result<(), LakeError> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|e| written(&self.path, e.into()))?;
        self.write(batch)
    }

    /// Writes a whole batch of the table's schema. What fails may be said of a later batch.
    fn write(&mut self, batch: RecordBatch) -> Result<(), LakeError> {
        self.rows += batch.num_rows() as u64;
        let batches = self.running.as_ref().and_then(|running| running.batches.as_ref());
        let sent = batches.is_some_and(|batches| batches.send(Told::Rows(batch)).is_ok());
        if sent { Ok(()) } else { self.ended().map(drop) }
    }

    /// Says that no batch follows: the file is completed on the disk, if it has rows, while the caller does something else.
    pub fn no_more(&mut self) {
        if self.rows > 0 {
            self.complete();
        }
    }

    fn complete(&mut self) {
        if let Some(batches) = self.running.as_mut().and_then(|running| running.batches.take()) {
            // If it has failed that is said when it is asked for.
            let _ = batches.send(Told::Whole);
        }
    }

    /// What has become of all batches.
    fn ended(&mut self) -> Result<Option<Complete>, LakeError> {
        let running = self.running.take();
        running.ok_or_else(|| LakeError::Worker("a file was ended twice".to_owned()))?.ended()
    }

    /// Completes the file on the disk; none if it has no rows, then it is not there.
    pub fn finish(mut self, table: &Table) -> Result<Option<NewFile>, LakeError> {
        if self.rows == 0 {
            self.ended()?;
            return Ok(None);
        }
        Ok(Some(self.finish_whatever(table)?))
    }

    /// Completes the file on the disk, also without rows.
    pub fn finish_whatever(mut self, table: &Table) -> Result<NewFile, LakeError> {
        self.complete();
        let complete = self.ended()?;
        let Complete { bytes, checksum, footer, seen } =
            complete.ok_or_else(|| LakeError::Worker("a file was not completed".to_owned()))?;
        let stats = table
            .columns
            .iter()
            .zip(seen)
            .filter(|(c, _)| !c.personal)
            .map(|(c, seen)| FileStats {
                column: c.id,
                values: seen.values,
                missing: seen.missing,
                bounds: seen.integers.and_then(|(low, high)| column_type(c.physical).spell(low, high)),
            })
            .collect();
        Ok(NewFile {
            path: self.path.clone(),
            name: std::mem::take(&mut self.name),
            rows: self.rows,
            bytes,
            checksum: Some(checksum),
            footer,
            stats,
            deletes: None,
        })
    }
}

impl Drop for TableFileWriter {
    fn drop(&mut self) {
        // The unfinished file is gone when the thread is; one that is complete although nobody asked for it goes as well.
        if let Some(running) = self.running.take()
            && let Ok(Some(_)) = running.ended()
        {
            // Best effort: what stays behind is swept later.
            let _ = self.fs.remove(&self.path);
        }
    }
}

/// The latest instant of a column by what the file says of itself; none where it does not say.
pub(crate) fn latest_in(file: &DataFile, column: &str) -> Result<Option<i64>, LakeError> {
    let bad = |reason: String| LakeError::Parquet { path: file.path.clone(), doing: "read", reason };
    let opened = durable::open(&file.path).map_err(|e| io(&file.path, "read", e))?;
    let read =
        ArrowReaderMetadata::load(&opened, ArrowReaderOptions::default()).map_err(|e| bad(e.to_string()))?;
    let Ok(says) = StatisticsConverter::try_new(column, read.schema(), read.parquet_schema()) else {
        return Ok(None);
    };
    let groups = says.row_group_maxes(read.metadata().row_groups()).map_err(|e| bad(e.to_string()))?;
    let times = groups.as_primitive_opt::<TimestampMicrosecondType>();
    // One group that does not say is enough.
    Ok(times.filter(|times| times.null_count() == 0).and_then(|times| times.iter().flatten().max()))
}

/// Reads the rows of a file that are in, in batches of the table's schema; columns the file does not have are missing throughout.
pub(crate) fn read_batches(
    file: &DataFile,
    table: &Table,
    wanted: Option<&[&str]>,
    mut each: impl FnMut(RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let out = deletes::positions(file)?;
    let (mut before, mut held) = (0u32, 0u64);
    read_all(file, table, wanted, |batch| {
        let rows = before..before + batch.num_rows() as u32;
        before = rows.end;
        let first = out.partition_point(|row| *row < rows.start);
        let batch = match out.get(first) {
            Some(next) if *next < rows.end => {
                let is_in: BooleanArray = rows.map(|row| Some(out.binary_search(&row).is_err())).collect();
                filter_record_batch(&batch, &is_in).map_err(|e| written(&file.path, e.into()))?
            }
            _ => batch,
        };
        held += batch.num_rows() as u64;
        each(batch)
    })?;
    if !out.is_empty() && held + out.len() as u64 != file.rows {
        let (path, reason) = (file.path.clone(), format!("it has {before} rows instead of {}", file.rows));
        return Err(LakeError::Parquet { path, doing: "read", reason });
    }
    Ok(())
}

/// The same of all rows that it was written with.
pub(crate) fn read_all(
    file: &DataFile,
    table: &Table,
    wanted: Option<&[&str]>,
    each: impl FnMut(RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    read_some(file, table, wanted, None, each)
}

/// The same of rows at some positions, ascending: no more pages are read than those that hold them.
fn read_some(
    file: &DataFile,
    table: &Table,
    wanted: Option<&[&str]>,
    rows: Option<&[u32]>,
    mut each: impl FnMut(RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let bad = |reason: String| LakeError::Parquet { path: file.path.clone(), doing: "read", reason };
    let opened = durable::open(&file.path).map_err(|e| io(&file.path, "read", e))?;
    let places = if rows.is_some() { PageIndexPolicy::Optional } else { PageIndexPolicy::Skip };
    let options = ArrowReaderOptions::new().with_offset_index_policy(places);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(opened, options);
    let mut builder = builder.map_err(|e| bad(e.to_string()))?;
    if let Some(rows) = rows {
        let all = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
        let ranges = rows.iter().map(|row| *row as usize..*row as usize + 1);
        builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(ranges, all));
    }
    let columns: Vec<&crate::catalogue::TableColumn> =
        table.columns.iter().filter(|c| wanted.is_none_or(|w| w.contains(&c.name.as_str()))).collect();
    let roots = builder.schema().fields().iter().enumerate();
    let mask = roots.filter(|(_, f)| columns.iter().any(|c| &c.name == f.name())).map(|(at, _)| at);
    let mask = parquet::arrow::ProjectionMask::roots(builder.parquet_schema(), mask);
    let reader =
        builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(|e| bad(e.to_string()))?;
    let full = schema(table);
    let fields: Vec<Field> =
        columns.iter().filter_map(|c| full.field_with_name(&c.name).ok().cloned()).collect();
    let wanted_schema = Arc::new(Schema::new(fields));
    for batch in reader {
        let batch = batch.map_err(|e| bad(e.to_string()))?;
        let arrays = columns
            .iter()
            .map(|c| {
                batch
                    .column_by_name(&c.name)
                    .cloned()
                    .unwrap_or_else(|| new_null_array(&data_type(c.physical), batch.num_rows()))
            })
            .collect();
        let batch = RecordBatch::try_new_with_options(
            Arc::clone(&wanted_schema),
            arrays,
            &arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows())),
        )
        .map_err(|e| bad(e.to_string()))?;
        each(batch)?;
    }
    Ok(())
}

/// A table whose columns are personal where they were when a file of it was written: an attribute that has left the model
/// since, or is no longer said to be personal, still holds what it held. Only personal columns have no statistics.
pub(crate) fn as_personal_as_before(table: &Table, file: &DataFile) -> Result<Table, LakeError> {
    let bad = |reason: String| LakeError::Parquet { path: file.path.clone(), doing: "read", reason };
    let opened = durable::open(&file.path).map_err(|e| io(&file.path, "read", e))?;
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&opened).map_err(|e| bad(e.to_string()))?;
    let mut table = table.clone();
    for column in &mut table.columns {
        let silent = |group: &RowGroupMetaData| {
            let chunks = group.columns().iter();
            let mut own = chunks.filter(|c| c.column_descr().name() == column.name);
            own.any(|chunk| chunk.statistics().is_none())
        };
        column.personal |= metadata.row_groups().iter().any(silent);
    }
    Ok(table)
}

/// Writes a file anew with other intervals at some rows and without others. `dropped` and the positions of
/// `intervals` count rows before and after dropping.
pub(crate) fn rewrite(
    fs: &Arc<dyn DurableFs>,
    folder: &Path,
    table: &Table,
    file: &DataFile,
    dropped: &[u32],
    intervals: &BTreeMap<u32, (i64, i64)>,
) -> Result<Option<NewFile>, LakeError> {
    let table = &as_personal_as_before(table, file)?;
    let mut writer = TableFileWriter::create(fs, folder, table)?;
    append(&mut writer, table, file, dropped, intervals, |_| Ok(()))?;
    writer.finish(table)
}

/// The same in a file that is written, behind the rows that are there; `each` sees those that come.
pub(crate) fn append(
    writer: &mut TableFileWriter,
    table: &Table,
    file: &DataFile,
    dropped: &[u32],
    intervals: &BTreeMap<u32, (i64, i64)>,
    mut each: impl FnMut(&RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let (mut before, mut after) = (0u32, 0u32);
    read_all(file, table, None, |batch| {
        let rows = batch.num_rows() as u32;
        let kept: BooleanArray =
            (before..before + rows).map(|r| Some(dropped.binary_search(&r).is_err())).collect();
        before += rows;
        let bad = |e: arrow::error::ArrowError| written(&file.path, e.into());
        let batch = if kept.true_count() == batch.num_rows() {
            batch
        } else {
            filter_record_batch(&batch, &kept).map_err(bad)?
        };
        let range = after..after + batch.num_rows() as u32;
        after = range.end;
        let changes: Vec<(u32, (i64, i64))> =
            intervals.range(range.clone()).map(|(r, i)| (r - range.start, *i)).collect();
        each(&batch)?;
        writer.write(with_intervals(&file.path, batch, &changes)?)
    })?;
    if u64::from(before) == file.rows {
        return Ok(());
    }
    let (path, reason) = (file.path.clone(), format!("it has {before} rows instead of {}", file.rows));
    Err(LakeError::Parquet { path, doing: "read", reason })
}

/// Writes rows of a file again, with other intervals.
pub(crate) fn again(
    writer: &mut TableFileWriter,
    table: &Table,
    file: &DataFile,
    intervals: &BTreeMap<u32, (i64, i64)>,
) -> Result<(), LakeError> {
    let rows: Vec<u32> = intervals.keys().copied().collect();
    let mut left = intervals.values();
    read_some(file, table, None, Some(&rows), |batch| {
        let changes: Vec<_> = (0..batch.num_rows() as u32).zip(left.by_ref().copied()).collect();
        writer.write(with_intervals(&file.path, batch, &changes)?)
    })?;
    match left.next() {
        None => Ok(()),
        Some(_) => Err(LakeError::Corrupt(format!("`{}` has fewer rows than it had", file.path.display()))),
    }
}

/// Rows with other intervals at some of them, by position.
fn with_intervals(
    path: &Path,
    batch: RecordBatch,
    changes: &[(u32, (i64, i64))],
) -> Result<RecordBatch, LakeError> {
    if changes.is_empty() {
        return Ok(batch);
    }
    let schema = batch.schema();
    let mut columns = batch.columns().to_vec();
    for (name, pick) in [
        (system::VALID_FROM, (|i: (i64, i64)| (i.0 != EVER).then_some(i.0)) as fn((i64, i64)) -> Option<i64>),
        (system::VALID_TO, |i| (i.1 != OPEN).then_some(i.1)),
    ] {
        let Some((at, old)) = schema.index_of(name).ok().and_then(|at| {
            Some((at, columns.get(at)?.as_primitive_opt::<TimestampMicrosecondType>()?.clone()))
        }) else {
            return Err(LakeError::Corrupt(format!("`{}` has no column `{name}`", path.display())));
        };
        let mut values: Vec<Option<i64>> = old.iter().collect();
        for (row, interval) in changes {
            if let Some(v) = values.get_mut(*row as usize) {
                *v = pick(*interval);
            }
        }
        if let Some(column) = columns.get_mut(at) {
            *column = Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"));
        }
    }
    RecordBatch::try_new(schema, columns).map_err(|e| written(path, e.into()))
}

/// Writes a file anew without some rows, and without values of some columns in others; positions count rows before that, those that
/// are out among them. A file of which nothing is left is one without rows.
pub(crate) fn without(
    fs: &Arc<dyn DurableFs>,
    folder: &Path,
    table: &Table,
    file: &DataFile,
    dropped: &[u32],
    emptied: &BTreeMap<String, Vec<u32>>,
) -> Result<NewFile, LakeError> {
    let table = &as_personal_as_before(table, file)?;
    let mut writer = TableFileWriter::create(fs, folder, table)?;
    let mut before = 0u32;
    read_all(file, table, None, |batch| {
        let bad = |e: arrow::error::ArrowError| written(&file.path, e.into());
        let rows = before..before + batch.num_rows() as u32;
        before = rows.end;
        let kept: BooleanArray = rows.clone().map(|r| Some(dropped.binary_search(&r).is_err())).collect();
        let schema = batch.schema();
        let mut columns = batch.columns().to_vec();
        for (name, at) in emptied {
            let Ok(place) = schema.index_of(name) else { continue };
            let gone: BooleanArray = rows.clone().map(|r| Some(at.binary_search(&r).is_ok())).collect();
            if let Some(column) = columns.get_mut(place) {
                *column = arrow::compute::nullif(column, &gone).map_err(bad)?;
            }
        }
        let batch = RecordBatch::try_new(schema, columns).map_err(bad)?;
        writer.write(filter_record_batch(&batch, &kept).map_err(bad)?)
    })?;
    writer.finish_whatever(table)
}

/// Writes a file anew, those of its rows that are out among them, with references to other rows: of each its column and that of what the source said, and for which key every
/// key counts now that counts for another one.
pub(crate) fn with_references(
    fs: &Arc<dyn DurableFs>,
    folder: &Path,
    table: &Table,
    file: &DataFile,
    references: &[(String, String)],
    moved: &BTreeMap<String, String>,
) -> Result<NewFile, LakeError> {
    let table = &as_personal_as_before(table, file)?;
    let mut writer = TableFileWriter::create(fs, folder, table)?;
    read_all(file, table, None, |batch| {
        let bad = |e: arrow::error::ArrowError| written(&file.path, e.into());
        let schema = batch.schema();
        let mut columns = batch.columns().to_vec();
        for (name, said) in references {
            let (Ok(at), Ok(beside)) = (schema.index_of(name), schema.index_of(said)) else { continue };
            let texts = |at: usize| columns.get(at).and_then(|c| c.as_string_opt::<i32>());
            let (Some(values), Some(said)) = (texts(at), texts(beside)) else { continue };
            let both = values.iter().zip(said).map(|(value, said)| {
                let first = said.or(value);
                match first.and_then(|first| moved.get(first)) {
                    None => (value, said),
                    Some(now) => (Some(now.as_str()), first.filter(|first| first != now)),
                }
            });
            let (values, said): (Vec<Option<&str>>, Vec<Option<&str>>) = both.unzip();
            let (values, said): (ArrayRef, ArrayRef) =
                (Arc::new(StringArray::from(values)), Arc::new(StringArray::from(said)));
            for (at, array) in [(at, values), (beside, said)] {
                if let Some(column) = columns.get_mut(at) {
                    *column = array;
                }
            }
        }
        writer.write(RecordBatch::try_new(schema, columns).map_err(bad)?)
    })?;
    writer.finish_whatever(table)
}
