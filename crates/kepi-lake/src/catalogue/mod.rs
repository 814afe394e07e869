//! The lake's view of its catalogue: tables of entities, with absolute paths. The catalogue itself is in the store.

mod pin;
mod table;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use kepi_model::expression::Physical;
use kepi_query::port::{PinnedDeletes, PinnedFile, SnapshotId};
use kepi_store::{
    Store,
    catalogue::{self as stored, ColumnType},
};

pub(crate) use kepi_store::catalogue::{FileStats, NewDeletes, NewFile, Replacement};
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
    /// Rows that it was written with.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// What says which of them are out, where some are.
    pub deletes: Option<Deletes>,
}

impl DataFile {
    /// One that is written and has no number yet.
    pub fn new(file: &NewFile) -> Self {
        let deletes = file.deletes.as_ref().map(placed);
        Self { id: -1, path: file.path.clone(), rows: file.rows, bytes: file.bytes, deletes }
    }

    /// One that is out.
    pub fn gone() -> Self {
        Self { id: -1, path: PathBuf::new(), rows: 0, bytes: 0, deletes: None }
    }

    /// A file of a pin.
    pub fn of_pin(file: &PinnedFile) -> Self {
        let deletes = file.deletes.as_ref().map(|of| Deletes {
            path: of.path.clone().into(),
            rows: of.rows,
            bytes: of.bytes,
        });
        let out = deletes.as_ref().map_or(0, |of| of.rows);
        let (path, bytes) = (file.path.clone().into(), file.bytes);
        Self { id: 0, path, rows: file.rows + out, bytes, deletes }
    }

    /// As a pin has it.
    pub fn pinned(&self) -> PinnedFile {
        let deletes = self.deletes.as_ref().map(|of| PinnedDeletes {
            path: of.path.display().to_string(),
            bytes: of.bytes,
            rows: of.rows,
        });
        let rows = self.rows.saturating_sub(deletes.as_ref().map_or(0, |of| of.rows));
        PinnedFile { path: self.path.display().to_string(), bytes: self.bytes, rows, deletes }
    }

    /// As it is to be here.
    pub fn wanted(&self) -> Wanted {
        Wanted { path: self.path.clone(), bytes: Some(self.bytes), checksum: None }
    }

    /// The same, with what says which of its rows are out.
    pub fn all_wanted(&self) -> impl Iterator<Item = Wanted> {
        let deletes = self.deletes.as_ref();
        let deletes =
            deletes.map(|of| Wanted { path: of.path.clone(), bytes: Some(of.bytes), checksum: None });
        std::iter::once(self.wanted()).chain(deletes)
    }
}

/// What says which rows are out, as it is written.
pub(crate) fn placed(deletes: &NewDeletes) -> Deletes {
    Deletes { path: deletes.path.clone(), rows: deletes.rows, bytes: deletes.bytes }
}

/// A file that says which rows of a data file are out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deletes {
    /// Absolute path.
    pub path: PathBuf,
    /// Rows that are out.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
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
        let deletes = file.deletes.map(|of| self.place_deletes(of));
        DataFile { id: file.id, path: self.data.join(file.path), rows: file.rows, bytes: file.bytes, deletes }
    }

    /// The same of what says which rows are out.
    pub fn place_deletes(&self, of: stored::Deletes) -> Deletes {
        Deletes { path: self.data.join(of.path), rows: of.rows, bytes: of.bytes }
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
