//! What only SQLite understands.

/// Tables and triggers; can be run any number of times.
pub(crate) const SCHEMA: &str = include_str!("sqlite/schema.sql");
/// How a connection that writes begins: committed is on the disk.
pub(crate) const WRITER: &str = "PRAGMA busy_timeout = 60000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;";
/// How a connection that reads begins.
pub(crate) const READER: &str = "PRAGMA busy_timeout = 60000;
    PRAGMA query_only = ON;";
/// Whether an error says that another process holds the database: `SQLITE_BUSY`, with what it was about above the low byte.
pub(crate) fn is_busy(code: Option<&str>) -> bool {
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}
/// Looks at the file.
pub(crate) const LOOK: &str = "SELECT count(*) FROM sqlite_schema";
/// Takes the write lock.
pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";
/// Reads what stood when the first statement ran.
pub(crate) const BEGIN_READING: &str = "BEGIN";
/// Whether a table is there.
pub(crate) const TABLE_EXISTS: &str = "SELECT count(*) FROM sqlite_schema WHERE name = $1";
/// Moves the tables of format 1 out of the way of their successors.
pub(crate) const FROM_1: &str = include_str!("sqlite/from_1.sql");
/// Loads of format 1 have no commitments and need no salt; how many rows they rejected stands in their report only.
pub(crate) const LEDGER_FROM_1: &str = "ALTER TABLE kepi_load ADD COLUMN salt TEXT NOT NULL DEFAULT '';
    ALTER TABLE kepi_load ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;
    UPDATE kepi_load SET quarantined = coalesce(report ->> '$.counts.quarantined', 0) WHERE stopped = 0;";

/// Writes the database anew, without what was deleted from it.
pub(crate) const COMPACT: &str = "VACUUM";
/// Puts what was written ahead where it belongs, and leaves none of it; not 0: others kept it from that.
pub(crate) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
/// Schedules a file for removal.
pub(crate) const SCHEDULE: &str =
    "INSERT INTO ducklake_files_scheduled_for_deletion VALUES (NULL, $1, 1, $2)";

/// Adds a snapshot.
pub(crate) const ADD_SNAPSHOT: &str = "INSERT INTO ducklake_snapshot VALUES ($1, $2, $3, $4, $5)";
/// Adds a schema.
pub(crate) const ADD_SCHEMA: &str = "INSERT INTO ducklake_schema VALUES ($1, $2, $3, NULL, $4, $5, $6)";
/// Adds a table.
pub(crate) const ADD_TABLE: &str = "INSERT INTO ducklake_table VALUES ($1, $2, $3, NULL, $4, $5, $6, $7)";
