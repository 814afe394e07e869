//! Connectors: what a source has to land, and readers of files, one a format. Each yields batches of cells; what they
//! mean is the mapping's business.
//!
//! To add a format: a file here that implements [`BatchReader`], a variant of `Connector` in the model, an arm in
//! [`FileSources`]' reader, cases in the malformed corpus and in the comparison with the reader row by row.

mod bytes;
mod csv;
mod files;
mod ndjson;
mod parquet;

use std::path::Path;

use kepi_model::project::Connector;
use kepi_query::landing::BatchReader;

pub use files::FileSources;

use crate::error::LandError;

/// A row that has too many or too few fields.
pub(crate) const RAGGED: &str = "ragged row";
/// A row that is not in the declared encoding.
pub(crate) const ENCODING: &str = "encoding";
/// A line that is not a JSON object.
pub(crate) const NOT_AN_OBJECT: &str = "not an object";

/// Opens a file. `name` is how messages call it.
fn open(connector: &Connector, path: &Path, name: &str) -> Result<Box<dyn BatchReader>, LandError> {
    Ok(match connector {
        Connector::Csv { delimiter, encoding, header_row, .. } => {
            Box::new(csv::CsvReader::open(path, name, *delimiter, encoding, *header_row)?)
        }
        Connector::Ndjson { .. } => Box::new(ndjson::NdjsonReader::open(path, name)?),
        Connector::Parquet { .. } => Box::new(parquet::ParquetReader::open(path, name)?),
    })
}
