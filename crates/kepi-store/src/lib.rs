//! The SQL database of a Kepi project, in a file of SQLite or a schema of PostgreSQL: events, runs and published values.
//! No other crate knows a statement or names a driver.
//!
//! Every change goes through one transaction that also appends its event, so the log and what it tells of never
//! differ. Times and actors come in as arguments; this crate reads no clock. Bodies are JSON the store does not
//! look into. The lake keeps its catalogue in the same database, so files, ledger and event commit together.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod error;
pub mod event;
pub mod location;
pub mod publication;
mod sql;
pub mod store;

pub use error::StoreError;
pub use event::{Event, EventFilter, NewEvent};
pub use location::Location;
pub use publication::{NewPublication, Published, PublishedCounts, Run, RunStatus, ValueFilter, ValueKey};
pub use store::{Reading, Store, Transaction};
