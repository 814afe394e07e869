//! What can go wrong with the database.

use std::{fmt, net::IpAddr, path::PathBuf};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What was given does not say where the database is.
    #[error("that is not where a database can be: {0}")]
    Location(String),
    /// The database could not be opened or created.
    #[error("the database `{location}` could not be opened: {reason}")]
    Open {
        /// Where it should be, without a password.
        location: String,
        /// Why.
        reason: Refusal,
    },
    /// The way to it could not be encrypted.
    #[error("the way to `{location}` could not be encrypted: {reason}; {way_out}")]
    Encryption {
        /// Where it should be, without a password.
        location: String,
        /// Why.
        reason: Refusal,
        /// What can be done.
        way_out: &'static str,
    },
    /// What changed in it cannot be told.
    #[error("the changes of `{slot}` cannot be read: {why}")]
    Changes {
        /// The slot, and the publication.
        slot: String,
        /// Why, and what can be done.
        why: String,
    },
    /// It would be spoken to in clear over a network that is not one's own.
    #[error(
        "`{location}` is at {address}, which is no address of the own network, and the way there is not to be encrypted: the \
         password and all rows could be read on the way; let the way be encrypted"
    )]
    Readable {
        /// Where it is, without a password.
        location: String,
        /// Where that leads.
        address: IpAddr,
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
        /// What the database says.
        found: String,
        /// What is known.
        known: String,
    },
    /// It was made by an earlier version of Kepi and is only to be read.
    #[error(
        "the database was made by another version of kepi; whoever may write to it brings it up to date by any command"
    )]
    Earlier,
    /// A statement failed.
    #[error("the database refused: {0}")]
    Refused(Refusal),
    /// The commit was sent and its answer was lost: it may have been done.
    #[error("the database did not say whether it kept the change: {0}")]
    Unacknowledged(Refusal),
    /// A command would break laws.
    #[error("{0}")]
    Forbidden(crate::door::Violations),
    /// The key of a request stands for another command already.
    #[error("the key `{0}` was used for another command; send a new key with a new command")]
    KeyUsed(String),
    /// What is stored is not what it should be.
    #[error("the database holds something unreadable in {what}: {reason}")]
    Corrupt {
        /// Where.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

/// What the database said.
pub struct Refusal(sqlx::Error);

/// Codes for "there is no room": SQLite's full disk and a failed write, which a limit on the size of files brings
/// about; PostgreSQL's full disk.
const NO_ROOM: [&str; 3] = ["13", "778", "53100"];

impl Refusal {
    pub(crate) fn new(error: sqlx::Error) -> Self {
        Self(error)
    }

    fn no_room(&self) -> bool {
        let code = self.0.as_database_error().and_then(|e| e.code());
        code.is_some_and(|code| NO_ROOM.contains(&code.as_ref()))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StoreError {
    /// Whether nothing but room on the disk is missing.
    pub fn no_room(&self) -> bool {
        match self {
            Self::Open { reason, .. } | Self::Refused(reason) | Self::Unacknowledged(reason) => {
                reason.no_room()
            }
            _ => false,
        }
    }
}
