//! Parquet files of published rows. Their columns are those of the form, so that any reader of Parquet reads them.

use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    path::Path,
    sync::Arc,
};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, Date32Array, DictionaryArray, Float64Array, Int32Array,
        Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    },
    buffer::{NullBuffer, OffsetBuffer, ScalarBuffer},
    datatypes::{
        DataType, Date32Type, Field, Float64Type, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit,
        TimestampMicrosecondType,
    },
};
use kepi_query::published::{Cell, Column, ColumnType, Data, Form, Place, Table};
use parquet::{
    arrow::{
        ArrowWriter, PARQUET_FIELD_ID_META_KEY, ProjectionMask,
        arrow_reader::{ParquetRecordBatchReaderBuilder, statistics::StatisticsConverter},
    },
    basic::{Compression, Encoding, ZstdLevel},
    file::{
        metadata::ParquetMetaData,
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};

use crate::{
    catalogue::{FileStats, NewFile},
    durable::{self, DurableFs, PendingFile, footer_length},
    error::{LakeError, io, written},
};

/// Rows of a row group: few enough that one KPI is read without most of the others.
const GROUP_ROWS: usize = 16_384;
/// Strong enough for figures that are written once and kept for ever, and still faster than the disk.
const LEVEL: i32 = 3;
/// Longer texts are not kept as bounds.
const LONGEST_BOUND: usize = 64;

fn data_type(type_: ColumnType) -> DataType {
    match type_ {
        ColumnType::Integer => DataType::Int64,
        ColumnType::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Number => DataType::Float64,
        ColumnType::Text => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        ColumnType::Day => DataType::Date32,
        ColumnType::Bytes => DataType::Binary,
    }
}

/// Field ids count from 1: they are the numbers of the columns in the catalogue.
fn schema(form: &Form) -> SchemaRef {
    let fields = form.columns.iter().enumerate().map(|(at, column)| {
        Field::new(column.name, data_type(column.type_), true)
            .with_metadata([(PARQUET_FIELD_ID_META_KEY.to_owned(), (at + 1).to_string())].into())
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn properties(form: &Form) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL).unwrap_or_default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!("kepi ", env!("CARGO_PKG_VERSION")).to_owned());
    for (at, column) in form.columns.iter().enumerate().skip(Place::COUNT) {
        let path = || ColumnPath::from(column.name);
        let encoding = match column.type_ {
            // Figures hardly repeat, but neighbours have the same sign, exponent and length.
            ColumnType::Number => Encoding::BYTE_STREAM_SPLIT,
            ColumnType::Integer => Encoding::DELTA_BINARY_PACKED,
            ColumnType::Bytes => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            ColumnType::Instant | ColumnType::Text | ColumnType::Day => continue,
        };
        properties =
            properties.set_column_dictionary_enabled(path(), false).set_column_encoding(path(), encoding);
        if column.type_ == ColumnType::Bytes || at > Place::COUNT {
            // Nobody looks for a figure by its size.
            properties = properties.set_column_statistics_enabled(path(), EnabledStatistics::None);
        }
    }
    properties.build()
}

fn nulls(column: &Column) -> Option<NullBuffer> {
    let missing = column.missing();
    (!missing.is_empty()).then(|| missing.iter().map(|m| !m).collect::<Vec<bool>>().into())
}

fn array(type_: ColumnType, column: &Column) -> Result<ArrayRef, arrow::error::ArrowError> {
    let nulls = nulls(column);
    Ok(match column.data() {
        Data::Integers(values) if type_ == ColumnType::Instant => {
            Arc::new(TimestampMicrosecondArray::try_new(values.clone().into(), nulls)?.with_timezone("UTC"))
        }
        Data::Integers(values) => Arc::new(Int64Array::try_new(values.clone().into(), nulls)?),
        Data::Numbers(values) => Arc::new(Float64Array::try_new(values.clone().into(), nulls)?),
        Data::Days(values) => Arc::new(Date32Array::try_new(values.clone().into(), nulls)?),
        Data::Texts { codes, texts } => {
            let dictionary = StringArray::from_iter_values(texts.iter());
            // Where a row is missing the code says nothing.
            let code =
                |code: &u32| i32::try_from(*code).ok().filter(|c| (*c as usize) < texts.len()).unwrap_or(0);
            let codes: Vec<i32> = codes.iter().map(code).collect();
            let nulls = match texts.is_empty() {
                true => Some(NullBuffer::new_null(codes.len())),
                false => nulls,
            };
            let keys = Int32Array::try_new(codes.into(), nulls)?;
            Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(dictionary))?)
        }
        Data::Bytes { ends, data } => {
            let end = |end: &usize| i32::try_from(*end).map_err(|_| too_long());
            let offsets: Result<Vec<i32>, _> = std::iter::once(Ok(0)).chain(ends.iter().map(end)).collect();
            let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets?));
            Arc::new(BinaryArray::try_new(offsets, data.clone().into(), nulls)?)
        }
    })
}

fn too_long() -> arrow::error::ArrowError {
    arrow::error::ArrowError::InvalidArgumentError("the states of one file exceed 2 GiB".to_owned())
}

/// Writes rows to a new file in `folder`; synced when it returns. Rows of one KPI must stand together.
pub(crate) fn write(fs: &Arc<dyn DurableFs>, folder: &Path, table: &Table) -> Result<NewFile, LakeError> {
    let name = format!("{}.parquet", uuid::Uuid::new_v4());
    let path = folder.join(&name);
    let form = table.form();
    let schema = schema(form);
    let failed = |e: arrow::error::ArrowError| written(&path, e.into());
    let arrays: Result<Vec<ArrayRef>, _> =
        form.columns.iter().zip(table.columns()).map(|(spec, column)| array(spec.type_, column)).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.map_err(failed)?).map_err(failed)?;
    let file = PendingFile::create(fs, &path).map_err(|e| io(&path, "written", e))?;
    let mut writer =
        ArrowWriter::try_new(file, schema, Some(properties(form))).map_err(|e| written(&path, e))?;
    writer.write(&batch).map_err(|e| written(&path, e))?;
    let file = writer.into_inner().map_err(|e| written(&path, e))?;
    let (bytes, checksum) = file.finish().map_err(|e| io(&path, "written", e))?;
    let footer = footer_length(&path).map_err(|e| io(&path, "read", e))?;
    let stats = (0..Place::COUNT).map(|at| stats(table, at)).collect();
    Ok(NewFile {
        path,
        name,
        rows: table.rows() as u64,
        bytes,
        checksum: Some(checksum),
        footer,
        stats,
        deletes: None,
    })
}

/// Statistics of one of the first columns, in DuckLake's spelling: whoever looks for a KPI or a period skips files by
/// them.
fn stats(table: &Table, at: usize) -> FileStats {
    let mut stats = FileStats { column: at as i64 + 1, ..FileStats::default() };
    let mut bounds: Option<(Cell<'_>, Cell<'_>)> = None;
    let less = |a: Cell<'_>, b: Cell<'_>| match (a, b) {
        (Cell::Text(a), Cell::Text(b)) => a < b,
        (Cell::Integer(a), Cell::Integer(b)) => a < b,
        (Cell::Day(a), Cell::Day(b)) => a < b,
        _ => false,
    };
    for row in 0..table.rows() {
        match table.cell(at, row) {
            Cell::Missing => stats.missing += 1,
            cell => {
                stats.values += 1;
                let (low, high) = bounds.unwrap_or((cell, cell));
                bounds = Some((
                    if less(cell, low) { cell } else { low },
                    if less(high, cell) { cell } else { high },
                ));
            }
        }
    }
    let spell = |cell: Cell<'_>| match cell {
        Cell::Text(text) => (text.len() <= LONGEST_BOUND).then(|| text.to_owned()),
        Cell::Integer(n) => Some(n.to_string()),
        Cell::Day(day) => day_text(day),
        _ => None,
    };
    stats.bounds = bounds.and_then(|(low, high)| Some((spell(low)?, spell(high)?)));
    stats
}

/// A day as DuckLake writes it in statistics.
fn day_text(days: i32) -> Option<String> {
    let day =
        jiff::civil::date(1970, 1, 1).checked_add(jiff::SignedDuration::from_hours(i64::from(days) * 24));
    day.ok().filter(|d| (1..=9999).contains(&d.year())).map(|d| d.to_string())
}

/// Which rows of a file are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    /// Only of these subjects.
    pub subjects: Option<&'a [String]>,
    /// Only of the period that begins on this day since 1970-01-01.
    pub period: Option<i32>,
}

/// Reads rows of a file; row groups without any that is wanted are left on the disk.
pub(crate) fn read(path: &Path, form: &'static Form, wanted: Wanted<'_>) -> Result<Table, LakeError> {
    let bad = |reason: String| LakeError::Parquet { path: path.to_owned(), doing: "read", reason };
    let opened = durable::open(path).map_err(|e| io(path, "read", e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(opened).map_err(|e| bad(e.to_string()))?;
    let groups = groups(&builder, form, wanted).map_err(|e| bad(e.to_string()))?;
    let roots = builder.schema().fields().iter().enumerate();
    let known = roots.filter(|(_, f)| form.columns.iter().any(|c| c.name == f.name())).map(|(at, _)| at);
    let mask = ProjectionMask::roots(builder.parquet_schema(), known);
    let reader = builder
        .with_row_groups(groups)
        .with_projection(mask)
        .with_batch_size(GROUP_ROWS)
        .build()
        .map_err(|e| bad(e.to_string()))?;
    let mut columns: Vec<Option<Reading>> = form.columns.iter().map(|_| None).collect();
    let mut rows = 0;
    for batch in reader {
        let batch = batch.map_err(|e| bad(e.to_string()))?;
        for (column, spec) in columns.iter_mut().zip(form.columns) {
            let Some(array) = batch.column_by_name(spec.name) else { continue };
            let column = column.get_or_insert_with(|| Reading::new(spec.type_));
            column.append(array).ok_or_else(|| bad(format!("column `{}` has another type", spec.name)))?;
        }
        rows += batch.num_rows();
    }
    let columns = columns.into_iter().map(|column| column.map(Reading::finish)).collect();
    let table = Table::from_columns(form, rows, columns);
    let subjects: Option<BTreeSet<&str>> = wanted.subjects.map(|s| s.iter().map(String::as_str).collect());
    let subject = |row: usize| subjects.as_ref().is_none_or(|s| s.contains(table.subject(row)));
    let period = |row: usize| wanted.period.is_none_or(|p| table.period(row) == p);
    Ok(if wanted.subjects.is_none() && wanted.period.is_none() {
        table
    } else {
        table.filter(|row| subject(row) && period(row))
    })
}

/// Row groups that may hold wanted rows.
fn groups(
    builder: &ParquetRecordBatchReaderBuilder<File>,
    form: &Form,
    wanted: Wanted<'_>,
) -> Result<Vec<usize>, parquet::errors::ParquetError> {
    let metadata: &ParquetMetaData = builder.metadata();
    let groups = metadata.row_groups();
    let all = || (0..groups.len()).collect();
    let column = |place: usize| form.columns.get(place).map_or("", |c| c.name);
    let bounds = |place: usize| -> Result<(ArrayRef, ArrayRef), parquet::errors::ParquetError> {
        let converter =
            StatisticsConverter::try_new(column(place), builder.schema(), builder.parquet_schema())?;
        Ok((converter.row_group_mins(groups)?, converter.row_group_maxes(groups)?))
    };
    let mut kept: Vec<usize> = all();
    if let Some(subjects) = wanted.subjects {
        let (low, high) = bounds(Place::SUBJECT)?;
        kept.retain(|group| match (text_at(&low, *group), text_at(&high, *group)) {
            (Some(low), Some(high)) => subjects.iter().any(|s| low <= s.as_str() && s.as_str() <= high),
            _ => true,
        });
    }
    if let Some(period) = wanted.period {
        let (low, high) = bounds(Place::PERIOD)?;
        let day = |array: &ArrayRef, group: usize| {
            array.as_primitive_opt::<Date32Type>().filter(|a| a.is_valid(group)).map(|a| a.value(group))
        };
        kept.retain(|group| match (day(&low, *group), day(&high, *group)) {
            (Some(low), Some(high)) => (low..=high).contains(&period),
            _ => true,
        });
    }
    Ok(kept)
}

/// A text of an array of texts or of a dictionary of them.
fn text_at(array: &ArrayRef, at: usize) -> Option<&str> {
    if array.is_null(at) {
        return None;
    }
    if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() {
        let key = usize::try_from(dictionary.keys().value(at)).ok()?;
        return Some(dictionary.values().as_string_opt::<i32>()?.value(key));
    }
    Some(array.as_string_opt::<i32>()?.value(at))
}

/// A column while it is read.
struct Reading {
    data: Data,
    missing: Vec<bool>,
    rows: usize,
    known: HashMap<Arc<str>, u32>,
}

impl Reading {
    fn new(type_: ColumnType) -> Self {
        Self { data: Data::of(type_), missing: Vec::new(), rows: 0, known: HashMap::new() }
    }

    /// None: the array is of another type.
    fn append(&mut self, array: &ArrayRef) -> Option<()> {
        match &mut self.data {
            Data::Integers(values) => match array.as_primitive_opt::<Int64Type>() {
                Some(array) => values.extend_from_slice(array.values()),
                None => {
                    values.extend_from_slice(array.as_primitive_opt::<TimestampMicrosecondType>()?.values())
                }
            },
            Data::Numbers(values) => {
                values.extend_from_slice(array.as_primitive_opt::<Float64Type>()?.values())
            }
            Data::Days(values) => values.extend_from_slice(array.as_primitive_opt::<Date32Type>()?.values()),
            Data::Texts { codes, texts } => {
                let dictionary = array.as_dictionary_opt::<Int32Type>()?;
                let values = dictionary.values().as_string_opt::<i32>()?;
                let map: Vec<u32> = values
                    .iter()
                    .map(|text| {
                        let text = text.unwrap_or_default();
                        self.known.get(text).copied().unwrap_or_else(|| {
                            let text: Arc<str> = text.into();
                            let code = texts.len() as u32;
                            texts.push(Arc::clone(&text));
                            self.known.insert(text, code);
                            code
                        })
                    })
                    .collect();
                let code = |key: &i32| {
                    usize::try_from(*key).ok().and_then(|k| map.get(k).copied()).unwrap_or(u32::MAX)
                };
                codes.extend(dictionary.keys().values().iter().map(code));
            }
            Data::Bytes { ends, data } => {
                let array = array.as_binary_opt::<i32>()?;
                for value in array.iter() {
                    data.extend_from_slice(value.unwrap_or_default());
                    ends.push(data.len());
                }
            }
        }
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        if nulls.is_some() || !self.missing.is_empty() {
            self.missing.resize(self.rows, false);
            match nulls {
                Some(nulls) => self.missing.extend(nulls.iter().map(|there| !there)),
                None => self.missing.resize(self.rows + array.len(), false),
            }
        }
        self.rows += array.len();
        Some(())
    }

    fn finish(self) -> Column {
        Column::from_parts(self.data, self.missing)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kepi_query::published::{Cell, TableBuilder, VALUE};

    use super::*;
    use crate::durable::LocalFs;

    fn rows(kpis: usize, periods: i32) -> Table {
        let mut rows = TableBuilder::new(&VALUE);
        for kpi in 0..kpis {
            for period in 0..periods {
                let (kpi, states) =
                    (format!("kpi_{kpi:04}"), (kpi as u64 * 31 + period as u64).to_le_bytes());
                let x = f64::from(period) / 3.0;
                let interval = if period % 2 == 0 { Cell::Number(x - 1.0) } else { Cell::Missing };
                rows.push([
                    Cell::Integer(9),
                    Cell::Text(&kpi),
                    Cell::Text("month"),
                    Cell::Day(period - 3),
                    Cell::Text(""),
                    if period == 7 { Cell::Text("rows_gone") } else { Cell::Missing },
                    Cell::Number(if period == 1 { f64::NAN } else { x }),
                    interval,
                    interval,
                    Cell::Number(0.95),
                    Cell::Integer(i64::MIN + i64::from(period)),
                    Cell::Missing,
                    Cell::Missing,
                    Cell::Missing,
                    if period == 2 { Cell::Text("no_rows") } else { Cell::Missing },
                    Cell::Integer(0),
                    Cell::Integer(-1),
                    Cell::Integer(1),
                    Cell::Integer(-5),
                    Cell::Missing,
                    if period == 3 {
                        Cell::Missing
                    } else {
                        Cell::Bytes(states.get(..(period as usize % 9).min(8)).unwrap())
                    },
                ]);
            }
        }
        rows.finish()
    }

    fn same(a: &Table, b: &Table) {
        assert_eq!(a.rows(), b.rows());
        let bytes = |of: &Table, row| {
            let mut bytes = Vec::new();
            of.row_bytes(row, &mut bytes);
            bytes
        };
        assert!((0..a.rows()).all(|row| bytes(a, row) == bytes(b, row)));
    }

    #[test]
    fn what_is_written_is_read_to_the_bit_and_only_where_it_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let fs: Arc<dyn DurableFs> = Arc::new(LocalFs);
        for (kpis, periods) in [(1, 1), (40, 10), (4_000, 12)] {
            let table = rows(kpis, periods);
            let file = write(&fs, folder.path(), &table).unwrap();
            assert_eq!(file.rows, (kpis as u64) * periods as u64);
            same(&read(&file.path, &VALUE, Wanted::default()).unwrap(), &table);
            let subjects = [format!("kpi_{:04}", kpis / 2)];
            let wanted = Wanted { subjects: Some(&subjects), period: None };
            let one = read(&file.path, &VALUE, wanted).unwrap();
            same(&one, &table.filter(|row| table.subject(row) == subjects[0]));
            assert_eq!(one.rows(), periods as usize);
            let wanted = Wanted { subjects: Some(&subjects), period: Some(-3) };
            assert_eq!(read(&file.path, &VALUE, wanted).unwrap().rows(), 1);
            let opened = ParquetRecordBatchReaderBuilder::try_new(File::open(&file.path).unwrap()).unwrap();
            let few = groups(&opened, &VALUE, wanted).unwrap().len();
            assert!(
                few <= 2
                    && opened.metadata().num_row_groups() == (kpis * periods as usize).div_ceil(GROUP_ROWS)
            );
        }
    }
}
