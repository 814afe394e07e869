//! Connectors: what a source has to land, and readers of files, one a format. Each yields batches of cells; what they
//! mean is the mapping's business.
//!
//! To add a format: a file here that implements [`BatchReader`], a variant of `Connector` in the model, an arm in
//! [`FileSources`]' reader, cases in the malformed corpus and in the comparison with the reader row by row.

pub(crate) mod bytes;
mod columns;
mod csv;
mod delimited;
pub(crate) mod document;
mod excel;
mod files;
mod fixed;
mod ndjson;
mod object;
mod parquet;
mod records;
mod unpivot;
mod walk;
mod workbook;

use std::path::Path;

use kepi_model::project::{Connector, Unpivot};
use kepi_query::landing::{Batch, BatchReader, Cells, Gathered};

pub use files::FileSources;
pub(crate) use files::{Copy, offer};

use crate::error::{LakeError, LandError};

/// The columns of a batch, to be filled with texts.
fn gathered(batch: &mut Batch) -> Vec<Gathered> {
    batch.cells.iter_mut().map(|cells| Gathered::anew(cells.texts())).collect()
}

/// Hands filled columns over.
fn hand_over(columns: Vec<Gathered>, into: &mut Batch) -> Result<(), LandError> {
    for (cells, column) in into.cells.iter_mut().zip(columns) {
        let texts = column.texts();
        *cells = Cells::Texts(texts.ok_or_else(|| LakeError::Corrupt("texts were cut apart".to_owned()))?);
    }
    Ok(())
}

/// A row that has too many or too few fields.
pub(crate) const RAGGED: &str = "ragged row";
/// A row that is not in the declared encoding.
pub(crate) const ENCODING: &str = "encoding";
/// A line that is not a JSON object.
pub(crate) const NOT_AN_OBJECT: &str = "not an object";

/// A quoted field that swallows the lines behind it.
pub(crate) const OPEN_QUOTE: &str = "open quote";
/// An object that has a mapped key twice.
pub(crate) const REPEATED_KEY: &str = "repeated key";
/// A value that cannot be written as a text, where a mapping needs one.
pub(crate) const NO_TEXT: &str = "no text";
/// A mapped cell that is longer than [`LONGEST_CELL`].
pub(crate) const TOO_LONG: &str = "too long";

/// A longer record is refused: nobody's row, and it must fit into memory.
const LONGEST_RECORD: usize = 64 << 20;
/// A longer header is refused.
const LONGEST_HEADER: usize = 1 << 20;
/// More columns than any spreadsheet can hold.
const MOST_COLUMNS: usize = 16_384;
/// A row with a longer mapped cell is rejected: no attribute is that long.
const LONGEST_CELL: usize = 1 << 20;
/// Of a longer rejected row only the beginning is kept.
const LONGEST_RAW: usize = 64 << 10;

/// The beginning of a row that is too long to be kept whole, as JSON.
fn shortened(row: &[u8]) -> String {
    let beginning = String::from_utf8_lossy(row.get(..LONGEST_RAW).unwrap_or(row));
    serde_json::Value::from(format!("{beginning}… ({} bytes)", row.len())).to_string()
}

/// A rejected row as it is kept: whole, unless it is very long.
pub(crate) fn kept(raw: String) -> String {
    // What was short may have become longer by being written as JSON.
    if raw.len() > 2 * LONGEST_RAW { shortened(raw.as_bytes()) } else { raw }
}

/// Opens a file. `name` is how messages call it.
pub(crate) fn open(
    connector: &Connector,
    path: &Path,
    name: &str,
) -> Result<Box<dyn BatchReader>, LandError> {
    Ok(match connector {
        Connector::Csv { delimiter, encoding, header_row, label_rows, .. } => {
            Box::new(csv::CsvReader::open(path, name, delimiter, encoding, (*header_row, *label_rows))?)
        }
        Connector::Excel { sheet, header_row, label_rows, .. } => {
            Box::new(excel::ExcelReader::open(path, name, sheet.as_deref(), (*header_row, *label_rows))?)
        }
        Connector::FixedWidth { columns, encoding, skip_lines, .. } => {
            Box::new(fixed::FixedReader::open(path, name, encoding, columns, *skip_lines)?)
        }
        Connector::Ndjson { .. } => Box::new(ndjson::NdjsonReader::open(path, name)?),
        Connector::Json { rows, .. } => {
            Box::new(ndjson::NdjsonReader::document(path, name, rows.as_deref())?)
        }
        Connector::Parquet { .. } => Box::new(parquet::ParquetReader::open(path, name)?),
        // What is fetched is kept as lines of JSON.
        Connector::Fetch(_)
        | Connector::Webhook(_)
        | Connector::Entries
        | Connector::Items
        | Connector::Loads
        | Connector::Screening(_) => Box::new(ndjson::NdjsonReader::open(path, name)?),
    })
}

/// The same, with columns that become rows, and texts that mean "no value", where a source says so.
pub(crate) fn unpivoted(
    reader: Box<dyn BatchReader>,
    unpivot: Option<&(Unpivot, Vec<String>)>,
    name: &str,
) -> Result<Box<dyn BatchReader>, LandError> {
    Ok(match unpivot {
        Some((how, missing)) => Box::new(unpivot::Unpivoted::new(reader, how, missing, name)?),
        None => reader,
    })
}
