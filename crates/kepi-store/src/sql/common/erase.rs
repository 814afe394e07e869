//! What is erased.

/// Rejected rows of a source after a place, in order.
pub(crate) const REJECTED_AFTER: &str =
    "SELECT seq, load, source, file, row, rule, reason, \"column\", raw FROM kepi_quarantine
     WHERE source = $1 AND seq > $2 ORDER BY seq LIMIT $3";

/// Leaves of a rejected row where it stood and which rule rejected it.
pub(crate) const BLANK: &str = "UPDATE kepi_quarantine SET raw = $2, reason = $3 WHERE seq = $1";

/// Puts another report and another salt in the row of a load.
pub(crate) const RESEAL: &str = "UPDATE kepi_load SET report = $2, salt = $3 WHERE load = $1";

/// Reports of loads of a source, also of those that were stopped or replaced.
pub(crate) const REPORTS: &str = "SELECT load, report FROM kepi_load WHERE source = $1 ORDER BY seq";

/// Why sources did not land.
pub(crate) const NOT_LANDED: &str =
    "SELECT run, source, file, reason FROM kepi_run_not_landed WHERE source = $1";

/// Leaves nothing of why a source did not land.
pub(crate) const BLANK_NOT_LANDED: &str =
    "UPDATE kepi_run_not_landed SET reason = $4 WHERE run = $1 AND source = $2 AND file = $3";

/// Takes a text away.
pub(crate) const ERASE_TEXT: &str = "DELETE FROM kepi_text WHERE commitment = $1";

/// What is still to be removed from the disk.
pub(crate) const SCHEDULED: &str =
    "SELECT path FROM ducklake_files_scheduled_for_deletion WHERE path IS NOT NULL ORDER BY path";

/// It was removed.
pub(crate) const UNSCHEDULE: &str = "DELETE FROM ducklake_files_scheduled_for_deletion WHERE path = $1";

/// The files of a table in all snapshots.
pub(crate) const HELD: &str = "SELECT f.data_file_id, s.path || t.path || f.path AS path, f.record_count,
            f.file_size_bytes, f.begin_snapshot, f.end_snapshot
     FROM ducklake_data_file f
     JOIN ducklake_table t ON t.table_id = f.table_id AND t.begin_snapshot =
          (SELECT min(begin_snapshot) FROM ducklake_table WHERE table_id = $1)
     JOIN ducklake_schema s ON s.schema_id = t.schema_id
     WHERE f.table_id = $1 ORDER BY f.data_file_id";

/// What says which rows of a table's files are out, in all snapshots.
pub(crate) const HELD_DELETES: &str =
    "SELECT d.delete_file_id, d.data_file_id, s.path || t.path || d.path AS path,
            d.delete_count, d.file_size_bytes, d.end_snapshot
     FROM ducklake_delete_file d
     JOIN ducklake_table t ON t.table_id = d.table_id AND t.begin_snapshot =
          (SELECT min(begin_snapshot) FROM ducklake_table WHERE table_id = $1)
     JOIN ducklake_schema s ON s.schema_id = t.schema_id
     WHERE d.table_id = $1 ORDER BY d.delete_file_id";

/// The same of what says which rows of it are out.
pub(crate) const EXCHANGE_DELETES: &str = "UPDATE ducklake_delete_file
     SET path = $2, delete_count = $3, file_size_bytes = $4, footer_size = $5, end_snapshot = $6
     WHERE delete_file_id = $1";

/// Puts a file in the place of another, in the snapshots that have it until `$6`.
pub(crate) const EXCHANGE: &str = "UPDATE ducklake_data_file
     SET path = $2, record_count = $3, file_size_bytes = $4, footer_size = $5, end_snapshot = $6
     WHERE data_file_id = $1";

/// How often rows were erased.
pub(crate) const TIMES: &str = "SELECT count(*) FROM kepi_event WHERE kind = 'rows.erased'";

/// What stands in the lake, was loaded and published.
pub(crate) const STANDING: &str =
    "SELECT (SELECT coalesce(max(snapshot_id), 0) FROM ducklake_snapshot) AS snapshot,
            (SELECT coalesce(max(seq), 0) FROM kepi_load) AS load,
            (SELECT coalesce(max(seq), 0) FROM kepi_run) AS run";
