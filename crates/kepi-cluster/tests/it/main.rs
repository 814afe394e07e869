//! Scans on a cluster of real processes against the engine in this one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[cfg(feature = "ballista")]
mod certified;
#[cfg(feature = "ballista")]
mod differential;
#[cfg(feature = "ballista")]
mod failures;
/// Tables in files, as the engine's own tests write them.
#[cfg(feature = "ballista")]
#[path = "../../../kepi-engine/tests/it/files.rs"]
mod files;
mod listening;
#[cfg(feature = "ballista")]
mod processes;
#[cfg(feature = "ballista")]
mod shared;
#[cfg(feature = "ballista")]
mod versions;
