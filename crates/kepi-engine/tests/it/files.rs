//! Tables in memory written to Parquet files, in as many shapes as files come in.

use std::{fs::File, path::Path, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
    },
    datatypes::{DataType, Field, Schema, TimeUnit},
};
use kepi_model::expression::Physical;
use kepi_query::port::{MemoryColumn, PinnedDeletes, PinnedFile, PinnedInputs, PinnedTable, TableData};
use kepi_testkit::arbitrary::Chance;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};

/// How a table is written.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Number of files.
    pub files: usize,
    /// Rows a row group.
    pub row_group: usize,
    /// Whether text is dictionary-encoded.
    pub dictionary: bool,
    /// Whether files leave out columns without any value, as files do that were written before a column came.
    pub lacking: bool,
    /// Behind which share of rows, one in so many, a row stands that is out by position; 0: none.
    pub out: usize,
}

impl Shape {
    /// A random shape.
    pub fn any(chance: &mut Chance) -> Self {
        Self {
            files: 1 + chance.below(4),
            row_group: *chance.pick(&[1, 16, 64, 1000]),
            dictionary: !chance.once_in(3),
            lacking: chance.once_in(2),
            out: *chance.pick(&[0, 1, 2, 7]),
        }
    }
}

fn array(column: &MemoryColumn, from: usize, until: usize) -> ArrayRef {
    match column {
        MemoryColumn::Text(v) => Arc::new(v.iter().skip(from).take(until - from).collect::<StringArray>()),
        MemoryColumn::Integer(v) => Arc::new(Int64Array::from(v[from..until].to_vec())),
        MemoryColumn::Instant(v) => {
            Arc::new(TimestampMicrosecondArray::from(v[from..until].to_vec()).with_timezone("UTC"))
        }
        MemoryColumn::Boolean(v) => Arc::new(BooleanArray::from(v[from..until].to_vec())),
    }
}

fn data_type(physical: Physical) -> DataType {
    match physical {
        Physical::Text => DataType::Utf8,
        Physical::Integer => DataType::Int64,
        Physical::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Physical::Boolean => DataType::Boolean,
    }
}

/// What says that rows of a file at these positions are out.
fn deletes(of: &Path, out: Vec<i64>) -> PinnedDeletes {
    let path = of.with_extension("delete.parquet");
    let rows = out.len() as u64;
    let fields =
        vec![Field::new("file_path", DataType::Utf8, false), Field::new("pos", DataType::Int64, false)];
    let schema = Arc::new(Schema::new(fields));
    let names = StringArray::from_iter_values(out.iter().map(|_| of.to_str().unwrap()));
    let columns: Vec<ArrayRef> = vec![Arc::new(names), Arc::new(Int64Array::from(out))];
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), Arc::clone(&schema), None).unwrap();
    writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
    writer.close().unwrap();
    PinnedDeletes { path: path.to_str().unwrap().to_owned(), bytes: path.metadata().unwrap().len(), rows }
}

/// The same inputs with every table in files below `folder`.
pub fn written(inputs: &PinnedInputs, folder: &Path, shape: Shape) -> PinnedInputs {
    let tables = inputs.tables.iter().map(|(entity, table)| {
        let TableData::Memory(memory) = &table.data else { panic!("not in memory") };
        let rows = memory.rows;
        let mut files = vec![];
        for i in 0..shape.files {
            let (from, until) = (rows * i / shape.files, rows * (i + 1) / shape.files);
            let mut fields = vec![];
            let mut arrays = vec![];
            for (column, values) in table.columns.iter().zip(&memory.columns) {
                let values = array(values, from, until);
                if shape.lacking && values.null_count() == values.len() && !fields.is_empty() {
                    continue;
                }
                fields.push(Field::new(&column.name, data_type(column.physical), true));
                arrays.push(values);
            }
            // Rows that count twice where they are not passed over: those before them once more.
            let mut out = vec![];
            if shape.out > 0 && until > from {
                let mut taken: Vec<u32> = vec![];
                for row in 0..(until - from) as u32 {
                    taken.push(row);
                    if (row as usize).is_multiple_of(shape.out) {
                        out.push(taken.len() as i64);
                        taken.push(row);
                    }
                }
                let taken = UInt32Array::from(taken);
                arrays = arrays.iter().map(|of| arrow::compute::take(of, &taken, None).unwrap()).collect();
            }
            let schema = Arc::new(Schema::new(fields));
            let path = folder.join(format!("{entity} teil ü {i}.parquet"));
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap()))
                .set_max_row_group_row_count(Some(shape.row_group))
                .set_dictionary_enabled(shape.dictionary)
                .build();
            let file = File::create(&path).unwrap();
            let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).unwrap();
            writer.write(&RecordBatch::try_new(schema, arrays).unwrap()).unwrap();
            writer.close().unwrap();
            let bytes = path.metadata().unwrap().len();
            let file = PinnedFile::whole(path.to_str().unwrap().to_owned(), bytes, (until - from) as u64);
            let deletes = (!out.is_empty()).then(|| deletes(&path, out));
            files.push(PinnedFile { deletes, ..file });
        }
        let pinned = PinnedTable { data: TableData::Files(files), ..table.clone() };
        (entity.clone(), pinned)
    });
    PinnedInputs { snapshot: inputs.snapshot, tables: tables.collect() }
}
