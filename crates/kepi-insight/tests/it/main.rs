//! What is called out, in worlds of which the truth is known.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp
)]

mod alarms;
mod analyses;
mod anomalies;
mod change;
mod charts;
mod evidence;
mod incidents;
mod priorities;
