//! Rows that were merged into others.

/// All of an entity.
pub(crate) const OF_ENTITY: &str =
    "SELECT merged, into_key, load FROM kepi_merge WHERE entity = $1 ORDER BY merged";

/// Entities of which there are any.
pub(crate) const ENTITIES: &str = "SELECT DISTINCT entity FROM kepi_merge ORDER BY entity";

/// Says that a row was merged.
pub(crate) const ENTER: &str =
    "INSERT INTO kepi_merge (entity, merged, into_key, load) VALUES ($1, $2, $3, $4)
     ON CONFLICT (entity, merged) DO UPDATE SET into_key = excluded.into_key, load = excluded.load";

/// Says that it was not.
pub(crate) const FORGET: &str = "DELETE FROM kepi_merge WHERE entity = $1 AND merged = $2";
