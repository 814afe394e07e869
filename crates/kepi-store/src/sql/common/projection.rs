//! What is folded from the log into tables.

/// What an adoption of a definition leaves behind: those that begin no earlier are never again the last on any day.
pub(crate) const END_IN_FORCE: &str = "DELETE FROM kepi_in_force WHERE id = $1 AND since >= $2";

/// A definition is in force.
pub(crate) const IN_FORCE: &str =
    "INSERT INTO kepi_in_force (id, since, text, meaning, seq) VALUES ($1, $2, $3, $4, $5)";

/// Forgets the projection.
pub(crate) const CLEAR_IN_FORCE: &str = "DELETE FROM kepi_in_force";

/// All of the projection.
pub(crate) const ALL_IN_FORCE: &str = "SELECT id, since, text, meaning, seq FROM kepi_in_force";
