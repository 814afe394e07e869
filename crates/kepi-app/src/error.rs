//! Why a use case could not be done.

use std::path::PathBuf;

use kepi_model::{
    calendar::CalendarError,
    id::{EntityId, SourceId},
};
use kepi_proof::NoteError;
use kepi_query::{
    derive::trace::TraceError, finish::FinishError, landing::PortError, port::EvaluateError,
    published::PublishError, side::LowerError,
};
use kepi_store::{StoreError, Violations};

use crate::project_files::ReadError;

/// What to do where a database cannot grow.
const MAKE_ROOM: &str =
    ": there is no room; make room and run it again (a limit on the size of files counts, too: `ulimit -f`)";

/// Why a use case could not be done.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The project's files could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The definitions have errors.
    #[error("the definitions have {errors} {}; `kepi check` shows them", if *errors == 1 { "error" } else { "errors" })]
    Definitions {
        /// How many.
        errors: usize,
    },
    /// The database failed.
    #[error("the database failed{room}", room = if .0.no_room() { MAKE_ROOM } else { "" })]
    Store(#[source] StoreError),
    /// Laws forbid it.
    #[error("{0}")]
    Forbidden(Violations),
    /// A source could not be landed.
    #[error("source `{id}` could not be landed")]
    Land {
        /// The source.
        id: SourceId,
        /// Why.
        #[source]
        source: PortError,
    },
    /// The lake failed.
    #[error("the lake could not be read")]
    Lake(#[source] PortError),
    /// Rows could not be erased.
    #[error("nothing was erased")]
    Erase(#[source] PortError),
    /// A run could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A scan failed.
    #[error("measuring `{entity}` failed")]
    Evaluate {
        /// The entity.
        entity: EntityId,
        /// Why.
        #[source]
        source: EvaluateError,
    },
    /// A KPI could not be planned.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// Values could not be made from states.
    #[error(transparent)]
    Finish(#[from] FinishError),
    /// A calendar could not answer.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// Something stored cannot be read back.
    #[error("{what} in the store cannot be read: {reason}")]
    Corrupt {
        /// What.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The folder and what was decided since say different things of the same.
    #[error(
        "the folder says something else than what was decided since it was followed: {}; settle it in the files, then `kepi pull --settled`",
        .0.join("; ")
    )]
    Contradicts(Vec<String>),
    /// Others kept changing what was to be changed.
    #[error("others keep changing the definitions; try again")]
    Busy,
    /// The project could not be opened.
    #[error("{0}")]
    Reopen(String),
    /// Something asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// There is no such row or published value.
    #[error("there is no {0}")]
    NoRow(String),
    /// Rows behind a value or of an entity could not be listed.
    #[error("the rows could not be traced")]
    Trace(#[from] TraceError),
    /// A file of the audit could not be read or written.
    #[error("`{path}` could not be {doing}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// A key of the audit is none.
    #[error("`{path}` holds no key that can be used: {reason}", path = path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: NoteError,
    },
    /// The log is not the one that was signed for: it is not signed again.
    #[error("the log is not the one that was signed for: {0}; `kepi audit verify` says what is wrong")]
    NotSigned(String),
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Forbidden(violations) => Self::Forbidden(violations),
            other => Self::Store(other),
        }
    }
}
