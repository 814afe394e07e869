//! Rows that are out of a data file by position: a file beside it says which, so that a few rows of a large file that end do not
//! write it anew. A row that goes on to stand with another interval stands again in a file of its own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Int64Type, Schema},
};
use kepi_store::catalogue::NewDeletes;
use parquet::{
    arrow::{ArrowWriter, PARQUET_FIELD_ID_META_KEY, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::{Compression, Encoding, ZstdLevel},
    file::properties::{EnabledStatistics, WriterProperties},
};

use crate::{
    catalogue::{DataFile, Deletes},
    durable::{self, DurableFs, PendingFile, footer_length},
    error::{LakeError, io, written},
};

/// When rows of a file end by position instead of writing it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByPosition {
    /// Of files with as many rows.
    pub from_rows: u64,
    /// As long as not more of them are out, in percent.
    pub percent: u64,
}

impl Default for ByPosition {
    /// A smaller file is written anew within a tenth of a second; and what a tenth of which is out makes every reader pass over more
    /// than writing it anew costs once.
    fn default() -> Self {
        Self { from_rows: 65_536, percent: 10 }
    }
}

impl ByPosition {
    /// Whether so many more rows of a file end by position.
    pub fn is_for(self, file: &DataFile, more: usize) -> bool {
        let out = file.deletes.as_ref().map_or(0, |deletes| deletes.rows) + more as u64;
        file.rows >= self.from_rows && out * 100 <= file.rows * self.percent
    }
}

/// The columns, by name and by the field ids that are set aside for them.
const COLUMNS: [(&str, DataType, &str); 2] =
    [("file_path", DataType::Utf8, "2147483546"), ("pos", DataType::Int64, "2147483545")];

/// Writes down which rows of a file of this name are out, ascending.
pub(crate) fn write(
    fs: &Arc<dyn DurableFs>,
    folder: &Path,
    of: &Path,
    positions: &[u32],
) -> Result<NewDeletes, LakeError> {
    let name = format!("{}-delete.parquet", uuid::Uuid::new_v4());
    let path = folder.join(&name);
    let fields = COLUMNS.map(|(name, type_, id)| {
        Field::new(name, type_, false)
            .with_metadata([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_owned())].into())
    });
    let schema = Arc::new(Schema::new(fields.to_vec()));
    // Below the lake's folder, as in the catalogue: the project may be moved.
    let below = of.components().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect::<PathBuf>();
    let below = below.display().to_string();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(below, positions.len()))),
        Arc::new(Int64Array::from_iter_values(positions.iter().map(|row| i64::from(*row)))),
    ];
    let bad = |e: arrow::error::ArrowError| written(&path, e.into());
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(bad)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_column_statistics_enabled("file_path".into(), EnabledStatistics::None)
        // Ascending: a byte or two each.
        .set_column_dictionary_enabled("pos".into(), false)
        .set_column_encoding("pos".into(), Encoding::DELTA_BINARY_PACKED)
        .set_created_by(concat!("kepi ", env!("CARGO_PKG_VERSION")).to_owned());
    let file = PendingFile::create(fs, &path).map_err(|e| io(&path, "written", e))?;
    let mut writer =
        ArrowWriter::try_new(file, schema, Some(properties.build())).map_err(|e| written(&path, e))?;
    writer.write(&batch).map_err(|e| written(&path, e))?;
    let file = writer.into_inner().map_err(|e| written(&path, e))?;
    let (bytes, checksum) = file.finish().map_err(|e| io(&path, "written", e))?;
    let footer = footer_length(&path).map_err(|e| io(&path, "read", e))?;
    Ok(NewDeletes { name, rows: positions.len() as u64, bytes, checksum, footer, path })
}

/// Which rows of a file are out, ascending: as many as the catalogue says, and all of that file.
pub(crate) fn positions(file: &DataFile) -> Result<Vec<u32>, LakeError> {
    match &file.deletes {
        Some(deletes) => read(deletes, file.rows),
        None => Ok(Vec::new()),
    }
}

/// Which rows a file says are out, of so many.
pub(crate) fn read(deletes: &Deletes, rows: u64) -> Result<Vec<u32>, LakeError> {
    let path = &deletes.path;
    let bad = |reason: String| LakeError::Parquet { path: path.clone(), doing: "read", reason };
    let opened = durable::open(path).map_err(|e| io(path, "read", e))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(opened).and_then(|builder| builder.build());
    let mut found: Vec<u32> = Vec::new();
    for batch in reader.map_err(|e| bad(e.to_string()))? {
        let batch = batch.map_err(|e| bad(e.to_string()))?;
        let places = batch.column_by_name("pos").and_then(|places| places.as_primitive_opt::<Int64Type>());
        let places = places.ok_or_else(|| bad("it has no positions".to_owned()))?;
        for place in places.iter() {
            let next = place.and_then(|place| u32::try_from(place).ok());
            let next =
                next.filter(|next| u64::from(*next) < rows && found.last().is_none_or(|last| last < next));
            found.push(next.ok_or_else(|| bad("its positions are not those of rows, in order".to_owned()))?);
        }
    }
    if found.len() as u64 != deletes.rows {
        return Err(bad(format!("it has {} positions instead of {}", found.len(), deletes.rows)));
    }
    Ok(found)
}

/// Ascending positions together, each once.
pub(crate) fn union(one: &[u32], other: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut all: Vec<u32> = one.iter().copied().chain(other).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Where rows stand once those at some positions, ascending, are taken out; none: it is one of them.
pub(crate) fn without(row: u32, out: &[u32]) -> Option<u32> {
    match out.binary_search(&row) {
        Ok(_) => None,
        Err(before) => Some(row - before as u32),
    }
}
