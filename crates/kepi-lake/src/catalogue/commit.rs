//! Files in and files out, within a transaction that is the caller's.

use std::path::PathBuf;

use kepi_model::{expression::Physical, id::Hash};
use kepi_store::{Reading, Transaction};
use sqlx::QueryBuilder;

use super::{Latest, insert_snapshot, instant_text, latest_in};
use crate::error::LakeError;

/// Statistics of one column of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FileStats {
    /// Column.
    pub column: i64,
    /// Values that are there.
    pub values: u64,
    /// Values that are not.
    pub missing: u64,
    /// Least and greatest value in DuckLake's spelling; none where there is none, or it is not to be kept.
    pub bounds: Option<(String, String)>,
}

impl FileStats {
    /// Spells the bounds of an integer-like column.
    pub fn spell(physical: Physical, low: i64, high: i64) -> Option<(String, String)> {
        match physical {
            Physical::Instant => Some((instant_text(low)?, instant_text(high)?)),
            Physical::Boolean => Some(((low != 0).to_string(), (high != 0).to_string())),
            Physical::Integer => Some((low.to_string(), high.to_string())),
            Physical::Text => None,
        }
    }
}

/// A file that is on the disk and not yet in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewFile {
    /// Absolute path.
    pub path: PathBuf,
    /// Name within its table's folder.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// BLAKE3 of all bytes.
    pub checksum: Hash,
    /// Bytes of the Parquet footer.
    pub footer: u64,
    /// Statistics.
    pub stats: Vec<FileStats>,
}

/// What a snapshot does to a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replacement {
    /// Files that are in from now on.
    pub add: Vec<NewFile>,
    /// Files that are out from now on.
    pub end: Vec<i64>,
}

/// The newest snapshot that touched a table's files. Two equal versions have the same files.
pub(crate) async fn table_version(tx: &mut Reading, table: i64) -> Result<i64, LakeError> {
    Ok(sqlx::query_scalar(
        "SELECT coalesce(max(max(begin_snapshot, coalesce(end_snapshot, 0))), 0) FROM ducklake_data_file
         WHERE table_id = ?",
    )
    .bind(table)
    .fetch_one(tx.raw())
    .await?)
}

/// Makes a snapshot of it; returns its number and the numbers of the added files.
pub(crate) async fn end_and_add_files(
    tx: &mut Transaction,
    table: i64,
    replacement: &Replacement,
    now: i64,
    actor: &str,
    message: &str,
) -> Result<(i64, Vec<i64>), LakeError> {
    let latest = latest_in(tx).await?;
    let snapshot = latest.snapshot + 1;
    for file in &replacement.end {
        let ended = sqlx::query(
            "UPDATE ducklake_data_file SET end_snapshot = ? WHERE data_file_id = ? AND end_snapshot IS NULL",
        )
        .bind(snapshot)
        .bind(file)
        .execute(tx.raw())
        .await?;
        if ended.rows_affected() != 1 {
            return Err(LakeError::Corrupt(format!("file {file} was to end but is not live")));
        }
    }
    let mut row_id: i64 =
        sqlx::query_scalar("SELECT next_row_id FROM ducklake_table_stats WHERE table_id = ?")
            .bind(table)
            .fetch_one(tx.raw())
            .await?;
    let mut ids = Vec::with_capacity(replacement.add.len());
    let mut next_file = latest.next_file_id;
    for file in &replacement.add {
        sqlx::query(
            "INSERT INTO ducklake_data_file
             VALUES (?, ?, ?, NULL, NULL, ?, 1, 'parquet', ?, ?, ?, ?, NULL, NULL, NULL, NULL)",
        )
        .bind(next_file)
        .bind(table)
        .bind(snapshot)
        .bind(&file.name)
        .bind(file.rows as i64)
        .bind(file.bytes as i64)
        .bind(file.footer as i64)
        .bind(row_id)
        .execute(tx.raw())
        .await?;
        sqlx::query("INSERT INTO kepi_file_checksum VALUES (?, ?)")
            .bind(next_file)
            .bind(file.checksum.to_string())
            .execute(tx.raw())
            .await?;
        if !file.stats.is_empty() {
            QueryBuilder::new(
                "INSERT INTO ducklake_file_column_stats (data_file_id, table_id, column_id, value_count,
                 null_count, min_value, max_value) ",
            )
            .push_values(&file.stats, |mut row, s| {
                row.push_bind(next_file)
                    .push_bind(table)
                    .push_bind(s.column)
                    .push_bind(s.values as i64)
                    .push_bind(s.missing as i64)
                    .push_bind(s.bounds.as_ref().map(|b| b.0.clone()))
                    .push_bind(s.bounds.as_ref().map(|b| b.1.clone()));
            })
            .build()
            .execute(tx.raw())
            .await?;
        }
        ids.push(next_file);
        next_file += 1;
        row_id += file.rows as i64;
    }
    let mut changes = Vec::new();
    if !replacement.add.is_empty() {
        changes.push(format!("inserted_into_table:{table}"));
    }
    if !replacement.end.is_empty() {
        changes.push(format!("deleted_from_table:{table}"));
    }
    let next = Latest { snapshot, next_file_id: next_file, ..latest };
    insert_snapshot(tx, next, now, &changes.join(","), actor, message).await?;
    sqlx::query(
        "UPDATE ducklake_table_stats SET next_row_id = ?2,
           record_count = (SELECT coalesce(sum(record_count), 0) FROM ducklake_data_file
                           WHERE table_id = ?1 AND end_snapshot IS NULL),
           file_size_bytes = (SELECT coalesce(sum(file_size_bytes), 0) FROM ducklake_data_file
                              WHERE table_id = ?1 AND end_snapshot IS NULL)
         WHERE table_id = ?1",
    )
    .bind(table)
    .bind(row_id)
    .execute(tx.raw())
    .await?;
    Ok((snapshot, ids))
}
