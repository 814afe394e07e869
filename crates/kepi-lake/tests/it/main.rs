//! The lake on real files and a real database.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

/// A room with unit tests of its own: they run here, in the one test binary of this crate.
#[allow(dead_code)]
#[path = "../../src/history.rs"]
mod chain_of_versions;

mod accounting;
mod durability;
mod examples;
mod full_disk;
mod history;
mod kills;
mod landing;
mod malformed;
mod official;
mod records;
mod rules;
mod support;
mod verify;
