//! Published vectors, and properties where there are none.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod canonical;
mod commitment;
mod merkle;
mod note;
mod path;
mod tamper;
