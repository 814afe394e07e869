//! `kepi schema`: the JSON Schema of the language, and the built-in entities.

use kepi_model::schema;

use crate::{cli::Schema, failure::Failure, output::Output};

/// Prints the schema.
pub fn schema(what: &Schema, out: Output) -> Result<(), Failure> {
    Ok(out.json(&if what.entities { schema::entities() } else { schema::json_schema() })?)
}
