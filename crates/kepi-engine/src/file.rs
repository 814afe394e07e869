//! Writing rows in memory as a Parquet file, for [`crate::read`] and scans to read again.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
        TimestampMicrosecondArray,
    },
    datatypes::{DataType, Field, Schema},
};
use kepi_query::port::{EvaluateError, MemoryColumn, MemoryTable, PinnedColumn};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::{EnabledStatistics, WriterProperties},
};

use crate::scan::engine;

/// The bytes of a file with these columns and rows.
pub fn bytes(columns: &[PinnedColumn], rows: &MemoryTable) -> Result<Vec<u8>, EvaluateError> {
    let arrays: Vec<ArrayRef> = rows.columns.iter().map(array).collect();
    let field = |(column, array): (&PinnedColumn, &ArrayRef)| {
        Field::new(column.name.clone(), array.data_type().clone(), true)
    };
    let schema = Arc::new(Schema::new(columns.iter().zip(&arrays).map(field).collect::<Vec<_>>()));
    let options = RecordBatchOptions::new().with_row_count(Some(rows.rows));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options).map_err(engine)?;
    // Statistics of texts would name people beside the rows.
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for field in schema.fields().iter().filter(|field| *field.data_type() == DataType::Utf8) {
        properties =
            properties.set_column_statistics_enabled(field.name().as_str().into(), EnabledStatistics::None);
    }
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties.build())).map_err(engine)?;
    writer.write(&batch).map_err(engine)?;
    writer.close().map_err(engine)?;
    Ok(bytes)
}

fn array(column: &MemoryColumn) -> ArrayRef {
    match column {
        MemoryColumn::Text(values) => Arc::new(values.iter().collect::<StringArray>()),
        MemoryColumn::Integer(values) => Arc::new(Int64Array::from(values.clone())),
        MemoryColumn::Instant(values) => {
            Arc::new(TimestampMicrosecondArray::from(values.clone()).with_timezone("UTC"))
        }
        MemoryColumn::Boolean(values) => Arc::new(BooleanArray::from(values.clone())),
    }
}
