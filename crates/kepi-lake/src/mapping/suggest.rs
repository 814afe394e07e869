//! What a column that is not there may have meant.

use kepi_model::{project::Mapping, wording::nearest};

use crate::error::LandError;

/// The finding about a column that a file does not have.
pub(super) fn no_column(file: &str, column: &str, mapping: &Mapping, available: &[String]) -> LandError {
    let closest = nearest(column, available.iter().map(String::as_str)).map(str::to_owned);
    LandError::NoColumn {
        path: file.to_owned(),
        column: column.to_owned(),
        attribute: mapping.attribute.clone(),
        closest,
        available: available.to_vec(),
    }
}
