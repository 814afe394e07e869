//! Readers of files, one a kind. Each yields rows of texts; what the texts mean is the mapping's business.
//!
//! To add one: a file here, a variant of `Connector` in the model, a row in [`KINDS`], a case in the malformed corpus.

mod bytes;
mod csv;
mod ndjson;
mod parquet;

use std::path::Path;

use kepi_model::project::Connector;

use crate::error::LandError;

/// Every kind of connector: its word in the language.
pub const KINDS: &[&str] = &["csv", "ndjson", "parquet"];

/// What a reader came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A row.
    Row,
    /// A row that cannot be read as one; the next may be.
    Bad {
        /// Built-in rule.
        rule: &'static str,
        /// In words, with the place.
        reason: String,
        /// Column, where one is to blame.
        column: Option<String>,
    },
    /// No more rows.
    End,
}

/// A row that has too many or too few fields.
pub(crate) const RAGGED: &str = "ragged row";
/// A row that is not in the declared encoding.
pub(crate) const ENCODING: &str = "encoding";
/// A line that is not a JSON object.
pub(crate) const NOT_AN_OBJECT: &str = "not an object";

/// Reads a file row by row.
pub(crate) trait RowReader: Send {
    /// Columns in order; for formats without a header those seen so far, sorted.
    fn columns(&self) -> Vec<String>;
    /// Number by which [`Self::cell`] reads a column; none: the file has no such column.
    fn bind(&mut self, column: &str) -> Option<usize>;
    /// Goes to the next row.
    fn step(&mut self) -> Result<Step, LandError>;
    /// A cell of the current row; none: the row has no such value.
    fn cell(&self, column: usize) -> Option<&str>;
    /// The current row as JSON.
    fn raw(&self) -> String;
}

/// The pattern of a connector.
pub(crate) fn pattern(connector: &Connector) -> &str {
    match connector {
        Connector::Csv { files, .. } | Connector::Ndjson { files } | Connector::Parquet { files } => files,
    }
}

/// Opens a file. `name` is how messages call it.
pub(crate) fn open(connector: &Connector, path: &Path, name: &str) -> Result<Box<dyn RowReader>, LandError> {
    Ok(match connector {
        Connector::Csv { delimiter, encoding, header_row, .. } => {
            Box::new(csv::CsvReader::open(path, name, *delimiter, encoding, *header_row)?)
        }
        Connector::Ndjson { .. } => Box::new(ndjson::NdjsonReader::open(path, name)?),
        Connector::Parquet { .. } => Box::new(parquet::ParquetReader::open(path, name)?),
    })
}
