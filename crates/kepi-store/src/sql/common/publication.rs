//! Runs and published figures.

/// The number of the next run.
pub(crate) const NEXT_RUN: &str = "SELECT coalesce(max(run), 0) + 1 FROM kepi_run";

/// Begins a run.
pub(crate) const BEGIN_RUN: &str = "INSERT INTO kepi_run (run, began) VALUES ($1, $2)";

/// Publishes a run.
pub(crate) const END_RUN: &str =
    "UPDATE kepi_run SET seq = $2, at = $3, register = $4, definition = $5, lake = $6, snapshot = $7,
       engine = $8, calendar = $9, zones = $10, watermarks = $11
     WHERE run = $1 AND seq IS NULL";

/// Says what a run vouches for.
pub(crate) const VOUCH: &str =
    "INSERT INTO kepi_run_kpi (run, subject, grain, by_run, definition, mapping, first, last, changed, not_renewed)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// Published runs.
pub(crate) const RUNS: &str =
    "SELECT run, seq, at, register, definition, lake, snapshot, engine, calendar, zones, watermarks FROM kepi_run
     WHERE seq <= $1 ORDER BY seq";

/// The last published run.
pub(crate) const NEWEST_RUN: &str = "SELECT run, seq FROM kepi_run WHERE seq <= $1 ORDER BY seq DESC LIMIT 1";

/// The calendar of a run.
pub(crate) const CALENDAR: &str = "SELECT calendar FROM kepi_run WHERE run = $1";

/// Says how long something of a run took.
pub(crate) const TOOK: &str = "INSERT INTO kepi_run_time (run, source, took) VALUES ($1, $2, $3)";
/// How long runs took, and looking at sources in those of late.
pub(crate) const TIMES: &str =
    "SELECT t.run, r.at, t.source, t.took FROM kepi_run_time t JOIN kepi_run r ON r.run = t.run
     WHERE r.seq IS NOT NULL AND (t.source = '' OR r.at > $1) ORDER BY r.seq, t.source";
/// Says what a run could not land. One trouble of a source as a whole may follow another: the first is kept.
pub(crate) const NOT_LANDED: &str =
    "INSERT INTO kepi_run_not_landed (run, source, file, entity, reason) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (run, source, file) DO NOTHING";
/// What did not land when a source was last looked at.
pub(crate) const STILL_NOT_LANDED: &str =
    "SELECT n.run, r.at, n.source, n.file, n.entity, n.reason
     FROM kepi_run_not_landed n JOIN kepi_run r ON r.run = n.run
     WHERE r.seq = (SELECT MAX(l.seq) FROM kepi_run l JOIN kepi_run_time t ON t.run = l.run WHERE t.source = n.source)
     ORDER BY n.source, n.file";
/// When sources were last looked at: each source is found after the one before it, and of its runs the newest few, of which one may have been
/// published before another that began earlier.
pub(crate) const LAST_LOOKS: &str = "WITH RECURSIVE known (source) AS (
       SELECT MIN(f.source) FROM kepi_run_time f WHERE f.source > ''
       UNION ALL
       SELECT (SELECT MIN(n.source) FROM kepi_run_time n WHERE n.source > known.source) FROM known
       WHERE known.source IS NOT NULL
     ), looked (source, at) AS (
       SELECT known.source, (
         SELECT MAX(r.at)
         FROM (SELECT t.run FROM kepi_run_time t WHERE t.source = known.source ORDER BY t.run DESC LIMIT 8) newest
         JOIN kepi_run r ON r.run = newest.run WHERE r.seq IS NOT NULL
       ) FROM known WHERE known.source IS NOT NULL
     )
     SELECT source, at FROM looked WHERE at IS NOT NULL ORDER BY source";

/// What a run says of its subjects.
pub(crate) const VOUCHED: &str =
    "SELECT subject, grain, by_run, definition, mapping, first, last, changed, not_renewed FROM kepi_run_kpi
     WHERE run = $1 ORDER BY subject, grain";

/// A table of the schema `published`.
pub(crate) const TABLE: &str =
    "SELECT t.table_id FROM ducklake_table t JOIN ducklake_schema s ON s.schema_id = t.schema_id
     WHERE s.schema_name = 'published' AND t.table_name = $1 AND t.end_snapshot IS NULL";

/// Files of such a table, with the bounds of their runs and subjects.
pub(crate) const FILES: &str =
    "SELECT f.path, f.file_size_bytes, r.min_value, r.max_value, k.min_value, k.max_value, c.blake3, f.data_file_id
     FROM ducklake_data_file f
     LEFT JOIN ducklake_file_column_stats r ON r.data_file_id = f.data_file_id AND r.column_id = 1
     LEFT JOIN ducklake_file_column_stats k ON k.data_file_id = f.data_file_id AND k.column_id = 2
     LEFT JOIN kepi_file_checksum c ON c.data_file_id = f.data_file_id
     WHERE f.table_id = $1 AND f.end_snapshot IS NULL ORDER BY f.data_file_id";

/// The file of newest rows of a table.
pub(crate) const NEWEST_FILE: &str = "SELECT name, seq, rows FROM kepi_newest WHERE published = $1";
/// All of them.
pub(crate) const NEWEST_FILES: &str = "SELECT name FROM kepi_newest ORDER BY name";
/// Before another is named.
pub(crate) const FORGET_NEWEST_FILE: &str = "DELETE FROM kepi_newest WHERE published = $1";
/// Names one.
pub(crate) const SET_NEWEST_FILE: &str =
    "INSERT INTO kepi_newest (published, name, seq, rows) VALUES ($1, $2, $3, $4)";

/// Runs that published anything, as they were stored before.
pub(crate) const LEGACY_RUNS: &str =
    "SELECT run, definition, snapshot, engine, body, started FROM kepi_run_before
     WHERE status = 'succeeded' ORDER BY started, run";
/// Figures as they were stored before.
pub(crate) const LEGACY_FIGURES: &str =
    "SELECT kind, subject, period, segment, value, pins, run, published_at FROM kepi_published ORDER BY seq";
