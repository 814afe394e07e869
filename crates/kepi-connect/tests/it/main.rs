//! Fetching, against what is fetched from.
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
#[path = "../../src/address.rs"]
mod address;
mod changes;
mod conformance;
mod databases;
mod deliver;
mod delivering;
mod encrypted;
mod http;
mod mysql;
mod objects;
mod presets;
#[allow(dead_code)]
#[path = "../../src/proof.rs"]
mod proof;
mod sftp;
#[allow(dead_code)]
#[path = "../../src/sign.rs"]
mod sign;
mod singer;
mod stopped;
mod support;
