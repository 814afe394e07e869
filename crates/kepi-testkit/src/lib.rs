//! For tests only: generators and harnesses that several crates share.

#![allow(
    clippy::indexing_slicing,
    reason = "generators index into lists they made themselves; tests may panic"
)]

pub mod arbitrary;
pub mod definitions;
pub mod fuzz;
pub mod kept;
pub mod mysql;
pub mod oracle;
pub mod postgres;
pub mod road;
mod server;
pub mod tables;
