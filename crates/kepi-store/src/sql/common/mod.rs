//! Statements that both databases understand, one module a topic.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod catalogue;
pub(crate) mod door;
pub(crate) mod erase;
pub(crate) mod event;
pub(crate) mod inbox;
pub(crate) mod lease;
pub(crate) mod ledger;
pub(crate) mod merge;
pub(crate) mod migrate;
pub(crate) mod outbox;
pub(crate) mod projection;
pub(crate) mod publication;
pub(crate) mod quarantine;
pub(crate) mod records;
pub(crate) mod tree;

/// Takes the row that all writers take first.
pub(crate) const LOCK_HEAD: &str = "UPDATE kepi_head SET size = size + 0";

/// A property of the database.
pub(crate) const META: &str = "SELECT value FROM kepi_meta WHERE key = $1";

/// Whether the tables are those of this program.
pub(crate) const SCHEMA_IS: &str = "SELECT count(*) FROM kepi_meta WHERE key = 'schema' AND value = $1";

/// Sets a property of the database.
pub(crate) const SET_META: &str = "INSERT INTO kepi_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

/// Sets a property of the database unless it is set.
pub(crate) const INIT_META: &str =
    "INSERT INTO kepi_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
