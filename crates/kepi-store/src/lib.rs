//! The SQL database of a Kepi project, in a file of SQLite or a schema of PostgreSQL: events, runs and published values.
//! No other crate knows a statement or names a driver.
//!
//! Every change passes one [`door`]: a command is decided, its events are appended and its rows are written in one
//! transaction, so the log and what it tells of never differ. Times and actors come in as arguments; this crate reads
//! no clock. The lake keeps its catalogue in the same database, so files, ledger and event commit together.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod access;
pub mod audit;
pub mod catalogue;
pub mod checkpoint;
pub mod door;
pub mod erase;
pub mod error;
pub mod event;
pub mod follow;
pub mod foreign;
pub mod inbox;
pub mod lease;
pub mod ledger;
pub mod location;
pub mod merge;
mod migrate;
pub mod outbox;
mod person;
mod projection;
pub mod publication;
pub mod quarantine;
pub mod records;
mod sql;
pub mod store;
pub mod tables;
pub mod text;
mod tree;
mod way;

pub use audit::{Audited, Finding, Trusted};
pub use checkpoint::Proof;
pub use door::{Asked, Effects, Performed, Receipt, Violations};
pub use error::StoreError;
pub use event::EventFilter;
pub use follow::Follower;
pub use lease::Lease;
pub use location::Location;
pub use records::Altered;
pub use store::{Reading, Store, Transaction};
pub use tables::{Class, TABLES, Table};
pub use text::NewText;
pub use way::is_own;

/// Under which name the driver of the database writes to the log.
pub const DRIVER: &str = "sqlx";
