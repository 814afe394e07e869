//! The lake's view of its catalogue: tables of entities, with absolute paths. The catalogue itself is in the store.

mod pin;
mod table;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use kepi_model::expression::Physical;
use kepi_query::port::SnapshotId;
use kepi_store::{
    Store,
    catalogue::{self as stored, ColumnType},
};

pub(crate) use kepi_store::catalogue::{FileStats, NewFile, Replacement};
pub(crate) use table::{Table, TableColumn, ensure_table, live_files, table_of};

use crate::{
    durable::blocking,
    error::LakeError,
    shared::{Shared, Wanted},
};

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

impl DataFile {
    /// As it is to be here.
    pub fn wanted(&self) -> Wanted {
        Wanted { path: self.path.clone(), bytes: Some(self.bytes), checksum: None }
    }
}

/// The catalogue and where its files are.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    pub store: Store,
    pub data: PathBuf,
    /// Where the files lie, if machines share them.
    pub shared: Option<Arc<Shared>>,
}

impl Catalogue {
    /// Makes the catalogue if it is not there, and says where the files are, so that DuckDB finds them too.
    pub async fn open(
        store: Store,
        data: &Path,
        shared: Option<Arc<Shared>>,
        now: i64,
    ) -> Result<Self, LakeError> {
        let folder = shared.as_ref().map_or_else(|| format!("{}/", data.display()), |shared| shared.folder());
        let ready = stored::is_ready(&mut store.read().await?, &folder).await?;
        if !ready {
            let mut tx = store.begin().await?;
            stored::make_ready(&mut tx, &folder, concat!("kepi ", env!("CARGO_PKG_VERSION")), now).await?;
            tx.commit().await?;
        }
        Ok(Self { store, data: data.to_owned(), shared })
    }

    /// Unique id of this lake.
    pub async fn id(&self) -> Result<String, LakeError> {
        Ok(stored::id(&mut self.store.read().await?).await?)
    }

    /// Id of the lake, if it was made.
    pub async fn found(&self) -> Result<Option<String>, LakeError> {
        let mut reading = self.store.read().await?;
        // Another folder than the one recorded is no matter: the project was moved, and what is below it is relative.
        if !stored::is_made(&mut reading).await? {
            return Ok(None);
        }
        Ok(Some(stored::id(&mut reading).await?))
    }

    /// The newest snapshot.
    pub async fn latest(&self) -> Result<SnapshotId, LakeError> {
        Ok(SnapshotId(stored::snapshot(&mut self.store.read().await?).await?))
    }

    /// Removes what was erased on another machine, where machines share the lake: also of one that serves and stays.
    pub async fn forget_erased(&self) -> Result<(), LakeError> {
        match &self.shared {
            Some(shared) => shared.forget_erased(&self.store).await,
            None => Ok(()),
        }
    }

    /// Has files here that machines share.
    pub async fn bring(&self, files: Vec<Wanted>) -> Result<(), LakeError> {
        match &self.shared {
            Some(shared) if !files.is_empty() => {
                let shared = Arc::clone(shared);
                blocking(move || shared.bring(files)).await?
            }
            _ => Ok(()),
        }
    }

    /// A file with its absolute path.
    pub fn place(&self, file: stored::DataFile) -> DataFile {
        DataFile { id: file.id, path: self.data.join(file.path), rows: file.rows, bytes: file.bytes }
    }
}

/// How values of a physical type are stored.
pub(crate) fn column_type(physical: Physical) -> ColumnType {
    match physical {
        Physical::Text => ColumnType::Text,
        Physical::Integer => ColumnType::Int64,
        Physical::Instant => ColumnType::Instant,
        Physical::Boolean => ColumnType::Boolean,
    }
}

/// The physical type that is stored so, of those that rows of entities have.
fn physical_of(type_: ColumnType) -> Result<Physical, LakeError> {
    Ok(match type_ {
        ColumnType::Text => Physical::Text,
        ColumnType::Int64 => Physical::Integer,
        ColumnType::Instant => Physical::Instant,
        ColumnType::Boolean => Physical::Boolean,
        other => return Err(LakeError::Corrupt(format!("a column of an entity has type {other:?}"))),
    })
}
