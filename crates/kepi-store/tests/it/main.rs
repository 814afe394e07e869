//! The store on real databases: every test runs on SQLite and on PostgreSQL.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod audit;
mod door;
mod lake;
mod lease;
mod migrate;
mod outbox;
mod publication;
mod support;
mod transactions;
