//! Decisions, the fold and the form of events.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod acting;
mod arbitrary;
mod deciding;
mod decisions;
mod figures;
mod fixtures;
mod model;
mod register;
mod reviews;
mod wire;
mod words;
