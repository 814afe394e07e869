//! Use cases on a database and the projects under `examples/`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod archive;
mod audit;
mod deciding;
mod editing;
mod emergency;
mod freezing;
mod handing;
mod pull;
mod said;
