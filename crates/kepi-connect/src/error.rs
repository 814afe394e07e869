//! Why nothing could be fetched. No message holds a secret.

use std::time::Duration;

use kepi_model::project::Secret;
use kepi_query::landing::PortError;
use kepi_store::StoreError;

/// Why nothing could be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The source or its connection does not fit.
    #[error("source `{0}`: {1}")]
    Definition(String, String),
    /// A secret is not where it should be.
    #[error("the {at} {why}; it is asked for by a connection, and Kepi reads it where it runs")]
    Secret {
        /// Where it should be.
        at: Secret,
        /// What is wrong.
        why: String,
    },
    /// The other side took longer than the connection allows.
    #[error("`{connection}` took longer than {} s; if that is to be, say so by `time_limit` of the connection", limit.as_secs())]
    TooLong {
        /// The connection.
        connection: String,
        /// How long it may take.
        limit: Duration,
    },
    /// The bucket of a lake cannot be asked.
    #[error("{0}")]
    Bucket(String),
    /// A database could not be opened or refused.
    #[error(transparent)]
    Database(#[from] StoreError),
    /// A mapped column that the rows do not have.
    #[error("source `{source_id}` has no column `{column}`, which `{attribute}` is mapped from; {way_out}")]
    NoColumn {
        /// The source.
        source_id: String,
        /// The column.
        column: String,
        /// What is mapped from it.
        attribute: String,
        /// What may be meant.
        way_out: String,
    },
    /// A cursor that cannot be looked back from.
    #[error(
        "`look_back` goes back in time, and the cursor's last value `{0}` is no time; leave `look_back` out"
    )]
    NoTime(String),
    /// What was noted of the last time cannot be understood.
    #[error("the bookmark of the source is not one of its kind: {0}")]
    Bookmark(String),
    /// A tap could not be run, or ended badly.
    #[error("the tap `{tap}` {why}")]
    Tap {
        /// Its name.
        tap: String,
        /// What is wrong.
        why: String,
    },
    /// A server did not answer as it should.
    #[error("the server cannot be asked: {0}")]
    Server(String),
    /// The rows were not taken.
    #[error("{0}")]
    Rows(PortError),
}
