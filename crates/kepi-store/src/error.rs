//! What can go wrong with the database.

use std::path::PathBuf;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database file could not be opened or created.
    #[error("the database `{path}` could not be opened: {source}", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// Its folder could not be made.
    #[error("the folder of the database `{path}` could not be made: {source}", path = path.display())]
    Folder {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It was written by a version of Kepi that this one does not know.
    #[error("the database has format {found}, this version of kepi reads format {known}; use a newer kepi")]
    Format {
        /// What the file says.
        found: String,
        /// What is known.
        known: String,
    },
    /// A statement failed.
    #[error("the database refused: {0}")]
    Sql(#[from] sqlx::Error),
    /// A stored text is not what it should be.
    #[error("the database holds something unreadable in {what}: {reason}")]
    Corrupt {
        /// Where.
        what: &'static str,
        /// Why.
        reason: String,
    },
}
