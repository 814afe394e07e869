//! Opening the database; one writer, several readers.

use std::{path::Path, path::PathBuf, time::Duration};

use kepi_model::id::Hash;
use sqlx::{
    Sqlite, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use uuid::Uuid;

use crate::error::StoreError;

/// A transaction that holds the write lock from its first moment. Dropping it rolls back.
pub type Transaction = sqlx::Transaction<'static, Sqlite>;

/// Format of the tables; a database of another format is refused.
const FORMAT: &str = "1";

/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_secs(60);

/// The database of a project. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
    secret: Hidden,
}

/// Bytes that no message shows.
#[derive(Clone, Copy)]
struct Hidden([u8; 32]);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Store {
    /// Opens the database at `path`, making it and its folder if they are not there.
    ///
    /// Committed transactions survive a power cut: write-ahead log with `synchronous = FULL`.
    ///
    /// # Errors
    /// The file cannot be opened, is no database, or has a newer format.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|source| StoreError::Folder { path: path.to_owned(), source })?;
        }
        let opened = |source| StoreError::Open { path: path.to_owned(), source };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        // One writing connection a process: writers queue here instead of timing out on the file's lock.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY)
            .connect_with(options.clone())
            .await
            .map_err(opened)?;
        let mut store = Self {
            path: path.to_owned(),
            writer,
            readers: SqlitePoolOptions::new()
                .max_connections(4)
                .acquire_timeout(BUSY)
                .connect_lazy_with(options),
            secret: Hidden([0; 32]),
        };
        let mut tx = store.begin().await?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&mut *tx).await.map_err(opened)?;
        sqlx::query("INSERT INTO kepi_meta (key, value) VALUES ('format', ?) ON CONFLICT DO NOTHING")
            .bind(FORMAT)
            .execute(&mut *tx)
            .await?;
        let found: String = sqlx::query_scalar("SELECT value FROM kepi_meta WHERE key = 'format'")
            .fetch_one(&mut *tx)
            .await?;
        let fresh = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        sqlx::query("INSERT INTO kepi_meta (key, value) VALUES ('secret', ?) ON CONFLICT DO NOTHING")
            .bind(fresh)
            .execute(&mut *tx)
            .await?;
        let secret: String = sqlx::query_scalar("SELECT value FROM kepi_meta WHERE key = 'secret'")
            .fetch_one(&mut *tx)
            .await?;
        store.secret = Hidden(Hash::of(secret.as_bytes()).0);
        if found != FORMAT {
            return Err(StoreError::Format { found, known: FORMAT.to_owned() });
        }
        tx.commit().await?;
        Ok(store)
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A secret of this database, made with it: key of digests that stand where others may read them.
    pub fn secret(&self) -> [u8; 32] {
        self.secret.0
    }

    /// Begins a transaction that takes the write lock at once, so that what it reads cannot change before it commits.
    ///
    /// # Errors
    /// Another process held the lock too long.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Connections for reading.
    pub fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Closes all connections; waits for those in use.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
