//! A thin DuckLake 1.0 catalogue in the store's own database, so that new files, the ledger row, rejected rows and the
//! event commit in one transaction.
//!
//! Copy-on-write only: a file is never changed; a rewritten file is a new one, and the old one ends at the snapshot.
//! There are no delete files and no inlined rows. DuckDB's official extension attaches this catalogue and reads every
//! snapshot (tested). Where this wants to become clever, it has gone too far.

mod commit;
mod pin;
mod table;

use std::path::{Path, PathBuf};

use kepi_model::expression::Physical;
use kepi_query::port::SnapshotId;
use kepi_store::{Reading, Store, Transaction};
use sqlx::Row;

pub(crate) use commit::{FileStats, NewFile, Replacement, end_and_add_files, table_version};
pub(crate) use table::{Table, TableColumn, ensure_table, find_table, live_files};

use crate::error::LakeError;

/// A file of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataFile {
    /// Its number.
    pub id: i64,
    /// Absolute path.
    pub path: PathBuf,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

/// The catalogue and where its files are.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    pub store: Store,
    pub data: PathBuf,
}

/// The newest snapshot as it stands in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Latest {
    pub snapshot: i64,
    pub schema_version: i64,
    pub next_catalog_id: i64,
    pub next_file_id: i64,
}

impl Catalogue {
    /// Makes the tables if they are not there, and says where the files are, so that DuckDB finds them too.
    pub async fn open(store: Store, data: &Path, now: i64) -> Result<Self, LakeError> {
        let mut tx = store.begin().await?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(tx.raw()).await?;
        let version: Option<String> =
            sqlx::query_scalar("SELECT value FROM ducklake_metadata WHERE \"key\" = 'version'")
                .fetch_optional(tx.raw())
                .await?;
        let folder = format!("{}/", data.display());
        match version.as_deref() {
            None => initialise(&mut tx, &folder, now).await?,
            Some("1.0") => {
                // The project may have been moved; paths below the folder are relative.
                sqlx::query(
                    "UPDATE ducklake_metadata SET value = ?1 WHERE \"key\" = 'data_path' AND value <> ?1",
                )
                .bind(&folder)
                .execute(tx.raw())
                .await?;
            }
            Some(other) => {
                return Err(LakeError::Corrupt(format!("it has DuckLake version {other} instead of 1.0")));
            }
        }
        tx.commit().await?;
        Ok(Self { store, data: data.to_owned() })
    }

    /// Unique id of this lake: that of its schema.
    pub async fn id(&self) -> Result<String, LakeError> {
        Ok(sqlx::query_scalar("SELECT schema_uuid FROM ducklake_schema WHERE schema_id = 0")
            .fetch_one(self.store.read().await?.raw())
            .await?)
    }

    /// The newest snapshot.
    pub async fn latest(&self) -> Result<SnapshotId, LakeError> {
        Ok(SnapshotId(
            sqlx::query_scalar("SELECT max(snapshot_id) FROM ducklake_snapshot")
                .fetch_one(self.store.read().await?.raw())
                .await?,
        ))
    }
}

/// Every file of every snapshot.
pub(crate) const ALL_FILES: &str = "SELECT f.data_file_id, t.path || f.path AS path, f.record_count, f.file_size_bytes
     FROM ducklake_data_file f
     JOIN (SELECT table_id, path, min(begin_snapshot) FROM ducklake_table GROUP BY table_id) t USING (table_id)
     ORDER BY f.data_file_id";

/// Files from a query that yields id, path below the schema's folder, rows and bytes.
pub(crate) async fn read_files(
    executor: &mut sqlx::AnyConnection,
    data: &Path,
    sql: &'static str,
    table: i64,
    snapshot: i64,
) -> Result<Vec<DataFile>, LakeError> {
    let unsigned = |row: &sqlx::any::AnyRow, column: &str| -> Result<u64, LakeError> {
        let n: i64 = row.try_get(column)?;
        u64::try_from(n).map_err(|_| LakeError::Corrupt(format!("`{column}` of a file is {n}")))
    };
    let mut query = sqlx::query(sql);
    if sql.contains("?1") {
        query = query.bind(table);
    }
    if sql.contains("?2") {
        query = query.bind(snapshot);
    }
    query
        .fetch_all(executor)
        .await?
        .iter()
        .map(|row| {
            Ok(DataFile {
                id: row.try_get("data_file_id")?,
                path: data.join("main").join(row.try_get::<&str, _>("path")?),
                rows: unsigned(row, "record_count")?,
                bytes: unsigned(row, "file_size_bytes")?,
            })
        })
        .collect()
}

async fn initialise(tx: &mut Transaction, folder: &str, now: i64) -> Result<(), LakeError> {
    for (key, value) in [
        ("version", "1.0"),
        ("created_by", concat!("kepi ", env!("CARGO_PKG_VERSION"))),
        ("data_path", folder),
        ("encrypted", "false"),
        // Others that write must write files: rows kept in the database would not be seen here.
        ("data_inlining_row_limit", "0"),
    ] {
        sqlx::query("INSERT INTO ducklake_metadata (\"key\", value) VALUES (?, ?)")
            .bind(key)
            .bind(value)
            .execute(tx.raw())
            .await?;
    }
    sqlx::query("INSERT INTO ducklake_snapshot VALUES (0, ?, 0, 1, 0)")
        .bind(snapshot_time(now))
        .execute(tx.raw())
        .await?;
    sqlx::query(
        "INSERT INTO ducklake_snapshot_changes VALUES (0, 'created_schema:\"main\"', 'kepi', NULL, NULL)",
    )
    .execute(tx.raw())
    .await?;
    sqlx::query("INSERT INTO ducklake_schema VALUES (0, ?, 0, NULL, 'main', 'main/', 1)")
        .bind(uuid::Uuid::new_v4().to_string())
        .execute(tx.raw())
        .await?;
    Ok(())
}

/// The newest snapshot, read under the write lock.
pub(crate) async fn latest_in(tx: &mut Reading) -> Result<Latest, LakeError> {
    let row = sqlx::query(
        "SELECT snapshot_id, schema_version, next_catalog_id, next_file_id FROM ducklake_snapshot
         ORDER BY snapshot_id DESC LIMIT 1",
    )
    .fetch_one(tx.raw())
    .await?;
    Ok(Latest {
        snapshot: row.try_get(0)?,
        schema_version: row.try_get(1)?,
        next_catalog_id: row.try_get(2)?,
        next_file_id: row.try_get(3)?,
    })
}

/// Adds a snapshot.
pub(crate) async fn insert_snapshot(
    tx: &mut Transaction,
    next: Latest,
    now: i64,
    changes: &str,
    actor: &str,
    message: &str,
) -> Result<(), LakeError> {
    sqlx::query("INSERT INTO ducklake_snapshot VALUES (?, ?, ?, ?, ?)")
        .bind(next.snapshot)
        .bind(snapshot_time(now))
        .bind(next.schema_version)
        .bind(next.next_catalog_id)
        .bind(next.next_file_id)
        .execute(tx.raw())
        .await?;
    sqlx::query("INSERT INTO ducklake_snapshot_changes VALUES (?, ?, ?, ?, NULL)")
        .bind(next.snapshot)
        .bind(changes)
        .bind(actor)
        .bind(message)
        .execute(tx.raw())
        .await?;
    Ok(())
}

/// An instant as DuckLake writes it in statistics; none where its spelling would leave four-digit years.
pub(crate) fn instant_text(micros: i64) -> Option<String> {
    let time = jiff::Timestamp::from_microsecond(micros).ok()?;
    let civil = jiff::tz::TimeZone::UTC.to_datetime(time);
    (1..=9999).contains(&civil.year()).then(|| {
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00",
            civil.year(),
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second(),
            civil.subsec_nanosecond() / 1000
        )
    })
}

fn snapshot_time(micros: i64) -> String {
    instant_text(micros).unwrap_or_else(|| "1970-01-01 00:00:00.000000+00".to_owned())
}

/// The instant that [`instant_text`] wrote.
pub(crate) fn parse_instant(text: &str) -> Option<i64> {
    let text = format!("{text}:00");
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}

/// DuckLake's name of a physical type.
pub(crate) fn ducklake_type(physical: Physical) -> &'static str {
    match physical {
        Physical::Text => "varchar",
        Physical::Integer => "int64",
        Physical::Instant => "timestamptz",
        Physical::Boolean => "boolean",
    }
}

/// The physical type DuckLake names so.
pub(crate) fn physical_of(name: &str) -> Result<Physical, LakeError> {
    Ok(match name {
        "varchar" => Physical::Text,
        "int64" => Physical::Integer,
        "timestamptz" => Physical::Instant,
        "boolean" => Physical::Boolean,
        other => return Err(LakeError::Corrupt(format!("a column has type `{other}`"))),
    })
}
