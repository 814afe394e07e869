//! What only PostgreSQL understands.

/// Tables and triggers; can be run any number of times.
pub(crate) const SCHEMA: &str = include_str!("postgres/schema.sql");
/// How every connection begins, in its schema.
pub(crate) const SESSION: &str = "SET lock_timeout = '60s';
    SET client_min_messages = warning;
    SET TIME ZONE 'UTC';";
/// Takes no lock: the first statement of a change does.
pub(crate) const BEGIN: &str = "BEGIN";
/// Reads what stood when the first statement ran.
pub(crate) const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Whether a table is there.
pub(crate) const TABLE_EXISTS: &str =
    "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1";
/// Moves the tables of format 1 out of the way of their successors.
pub(crate) const FROM_1: &str = include_str!("postgres/from_1.sql");
/// Whoever makes schemas and tables does so alone. The number is `kepi` in ASCII.
pub(crate) const LOCK_SCHEMAS: &str = "SELECT pg_advisory_xact_lock(1801808489)";
/// Whether a schema is there.
pub(crate) const SCHEMA_EXISTS: &str = "SELECT count(*) FROM pg_namespace WHERE nspname = $1";

/// Writes tables anew, without what was deleted from them.
pub(crate) const COMPACT: &[&str] = &[
    "VACUUM (FULL) kepi_quarantine",
    "VACUUM (FULL) kepi_load",
    "VACUUM (FULL) kepi_text",
    "VACUUM (FULL) kepi_run_not_landed",
    "VACUUM (FULL) ducklake_file_column_stats",
    "VACUUM (FULL) ducklake_data_file",
];
/// Schedules a file for removal.
pub(crate) const SCHEDULE: &str =
    "INSERT INTO ducklake_files_scheduled_for_deletion VALUES (NULL, $1, true, CAST($2 AS TIMESTAMPTZ))";

/// Adds a snapshot.
pub(crate) const ADD_SNAPSHOT: &str =
    "INSERT INTO ducklake_snapshot VALUES ($1, CAST($2 AS TIMESTAMPTZ), $3, $4, $5)";
/// Adds a schema.
pub(crate) const ADD_SCHEMA: &str =
    "INSERT INTO ducklake_schema VALUES ($1, CAST($2 AS UUID), $3, NULL, $4, $5, $6)";
/// Adds a table.
pub(crate) const ADD_TABLE: &str =
    "INSERT INTO ducklake_table VALUES ($1, CAST($2 AS UUID), $3, NULL, $4, $5, $6, $7)";
