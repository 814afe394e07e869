//! The catalogue.

/// A property of the catalogue.
pub(crate) const PROPERTY: &str = "SELECT value FROM ducklake_metadata WHERE \"key\" = $1";

/// Adds a property.
pub(crate) const ADD_PROPERTY: &str = "INSERT INTO ducklake_metadata (\"key\", value) VALUES ($1, $2)";

/// Says where the files are.
pub(crate) const MOVE_DATA: &str = "UPDATE ducklake_metadata SET value = $1 WHERE \"key\" = 'data_path'";

/// The lake's own id.
pub(crate) const ID: &str = "SELECT CAST(schema_uuid AS TEXT) FROM ducklake_schema WHERE schema_id = 0";

/// The newest snapshot.
pub(crate) const LATEST: &str = "SELECT snapshot_id, schema_version, next_catalog_id, next_file_id
     FROM ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1";

/// What a snapshot did, by whom and why.
pub(crate) const ADD_CHANGES: &str = "INSERT INTO ducklake_snapshot_changes VALUES ($1, $2, $3, $4, NULL)";

/// A schema by its name.
pub(crate) const SCHEMA: &str =
    "SELECT schema_id FROM ducklake_schema WHERE schema_name = $1 AND end_snapshot IS NULL";

/// A table of a schema, as it stands now.
pub(crate) const TABLE: &str =
    "SELECT t.table_id FROM ducklake_table t JOIN ducklake_schema s USING (schema_id)
     WHERE s.schema_name = $1 AND t.table_name = $2 AND s.end_snapshot IS NULL AND t.end_snapshot IS NULL";

/// The tables of a schema at a snapshot.
pub(crate) const TABLES: &str = "SELECT t.table_id, t.table_name
     FROM ducklake_table t JOIN ducklake_schema s USING (schema_id)
     WHERE s.schema_name = $1 AND s.begin_snapshot <= $2 AND (s.end_snapshot IS NULL OR s.end_snapshot > $2)
       AND t.begin_snapshot <= $2 AND (t.end_snapshot IS NULL OR t.end_snapshot > $2)
     ORDER BY t.table_id";

/// Begins the statistics of a table.
pub(crate) const ADD_TABLE_STATS: &str = "INSERT INTO ducklake_table_stats VALUES ($1, 0, 0, 0)";

/// The columns of a table at a snapshot.
pub(crate) const COLUMNS: &str = "SELECT c.column_id, c.column_name, c.column_type, d.declared
     FROM ducklake_column c LEFT JOIN kepi_column_type d ON d.table_id = c.table_id AND d.column_id = c.column_id
     WHERE c.table_id = $1 AND c.begin_snapshot <= $2 AND (c.end_snapshot IS NULL OR c.end_snapshot > $2)
     ORDER BY c.column_order";

/// The greatest number a column of a table ever had.
pub(crate) const LAST_COLUMN: &str =
    "SELECT coalesce(max(column_id), 0) FROM ducklake_column WHERE table_id = $1";

/// Adds a column, in the order of numbers.
pub(crate) const ADD_COLUMN: &str = "INSERT INTO ducklake_column
     VALUES ($1, $2, NULL, $3, $1, $4, $5, NULL, 'NULL', $6, NULL, 'literal', 'duckdb')";

/// As what a column is declared.
pub(crate) const ADD_DECLARED: &str = "INSERT INTO kepi_column_type VALUES ($1, $2, $3)";

/// Which version of the schema a snapshot begins.
pub(crate) const ADD_SCHEMA_VERSION: &str = "INSERT INTO ducklake_schema_versions VALUES ($1, $2, $3)";

/// Every file of a snapshot, or of all, also those that say which rows of another are out. The path of a table is the one it was made with.
pub(crate) const FILES: &str = "SELECT f.data_file_id, s.path || t.path || f.path AS path, f.record_count,
            f.file_size_bytes, c.blake3
     FROM (SELECT data_file_id, table_id, path, record_count, file_size_bytes, begin_snapshot, end_snapshot
           FROM ducklake_data_file
           UNION ALL
           SELECT delete_file_id, table_id, path, delete_count, file_size_bytes, begin_snapshot, end_snapshot
           FROM ducklake_delete_file) f
     JOIN ducklake_table t ON t.table_id = f.table_id AND t.begin_snapshot =
          (SELECT min(begin_snapshot) FROM ducklake_table WHERE table_id = f.table_id)
     JOIN ducklake_schema s ON s.schema_id = t.schema_id
     LEFT JOIN kepi_file_checksum c ON c.data_file_id = f.data_file_id
     WHERE ($1 IS NULL OR f.begin_snapshot <= $1 AND (f.end_snapshot IS NULL OR f.end_snapshot > $1))
     ORDER BY f.data_file_id";

/// The files of a table at a snapshot, each with the one that says which of its rows are out.
pub(crate) const TABLE_FILES: &str =
    "SELECT f.data_file_id, s.path || t.path || f.path AS path, f.record_count, f.file_size_bytes,
            s.path || t.path || d.path AS deletes, d.delete_count, d.file_size_bytes AS delete_bytes
     FROM ducklake_data_file f
     JOIN ducklake_table t ON t.table_id = f.table_id AND t.begin_snapshot =
          (SELECT min(begin_snapshot) FROM ducklake_table WHERE table_id = $1)
     JOIN ducklake_schema s ON s.schema_id = t.schema_id
     LEFT JOIN ducklake_delete_file d ON d.data_file_id = f.data_file_id AND d.begin_snapshot <= $2
          AND (d.end_snapshot IS NULL OR d.end_snapshot > $2)
     WHERE f.table_id = $1 AND f.begin_snapshot <= $2 AND (f.end_snapshot IS NULL OR f.end_snapshot > $2)
     ORDER BY f.data_file_id";

/// The newest snapshot up to one that touched a table's files.
pub(crate) const VERSION: &str = "SELECT coalesce(max(CASE WHEN end_snapshot <= $2 THEN end_snapshot
                                  ELSE begin_snapshot END), 0)
     FROM (SELECT begin_snapshot, end_snapshot FROM ducklake_data_file
           WHERE table_id = $1 AND begin_snapshot <= $2
           UNION ALL
           SELECT begin_snapshot, end_snapshot FROM ducklake_delete_file
           WHERE table_id = $1 AND begin_snapshot <= $2) AS files";

/// Bounds of a column, a row a file, and whether the file is older than the column.
pub(crate) const BOUNDS: &str = "SELECT s.value_count, s.min_value, s.max_value,
            CASE WHEN f.begin_snapshot < c.begin_snapshot THEN 1 ELSE 0 END AS older
     FROM ducklake_data_file f
     JOIN ducklake_column c ON c.table_id = f.table_id AND c.column_id = $2
     LEFT JOIN ducklake_file_column_stats s
            ON s.table_id = f.table_id AND s.data_file_id = f.data_file_id AND s.column_id = $2
     WHERE f.table_id = $1 AND f.begin_snapshot <= $3 AND (f.end_snapshot IS NULL OR f.end_snapshot > $3)";

/// Ends a file that is live.
pub(crate) const END_FILE: &str =
    "UPDATE ducklake_data_file SET end_snapshot = $2 WHERE data_file_id = $1 AND end_snapshot IS NULL";

/// Whether a file of a table is live.
pub(crate) const IS_LIVE: &str = "SELECT count(*) FROM ducklake_data_file WHERE data_file_id = $1 AND table_id = $2 AND end_snapshot IS NULL";

/// Ends what says which rows of a file are out.
pub(crate) const END_DELETES: &str =
    "UPDATE ducklake_delete_file SET end_snapshot = $2 WHERE data_file_id = $1 AND end_snapshot IS NULL";

/// Says from a snapshot on which rows of a file are out.
pub(crate) const ADD_DELETES: &str = "INSERT INTO ducklake_delete_file
     VALUES ($1, $2, $3, NULL, $4, $5, $6, 'parquet', $7, $8, $9, NULL, NULL)";

/// Takes what says which rows of a file are out of every snapshot.
pub(crate) const FORGET_DELETES: &str = "DELETE FROM ducklake_delete_file WHERE data_file_id = $1";

/// Takes a live file out of every snapshot.
pub(crate) const FORGET_FILE: &str =
    "DELETE FROM ducklake_data_file WHERE data_file_id = $1 AND table_id = $2 AND end_snapshot IS NULL";
/// Its statistics.
pub(crate) const FORGET_STATS: &str = "DELETE FROM ducklake_file_column_stats WHERE data_file_id = $1";
/// Its checksum.
pub(crate) const FORGET_CHECKSUM: &str = "DELETE FROM kepi_file_checksum WHERE data_file_id = $1";

/// The number of the next row of a table.
pub(crate) const NEXT_ROW: &str = "SELECT next_row_id FROM ducklake_table_stats WHERE table_id = $1";

/// Adds a file.
pub(crate) const ADD_FILE: &str = "INSERT INTO ducklake_data_file
     VALUES ($1, $2, $3, NULL, NULL, $4, $5, 'parquet', $6, $7, $8, $9, NULL, NULL, NULL, NULL)";

/// BLAKE3 of a file.
pub(crate) const ADD_CHECKSUM: &str = "INSERT INTO kepi_file_checksum VALUES ($1, $2)";

/// Statistics of a file's columns; the values follow.
pub(crate) const ADD_STATS: &str =
    "INSERT INTO ducklake_file_column_stats (data_file_id, table_id, column_id,
     value_count, null_count, min_value, max_value)";

/// Brings the statistics of a table up to its live files.
pub(crate) const UPDATE_STATS: &str = "UPDATE ducklake_table_stats SET next_row_id = $2,
       record_count = (SELECT CAST(coalesce(sum(record_count), 0) AS BIGINT) FROM ducklake_data_file
                       WHERE table_id = $1 AND end_snapshot IS NULL)
                    - (SELECT CAST(coalesce(sum(delete_count), 0) AS BIGINT) FROM ducklake_delete_file
                       WHERE table_id = $1 AND end_snapshot IS NULL),
       file_size_bytes = (SELECT CAST(coalesce(sum(file_size_bytes), 0) AS BIGINT) FROM ducklake_data_file
                          WHERE table_id = $1 AND end_snapshot IS NULL)
     WHERE table_id = $1";
