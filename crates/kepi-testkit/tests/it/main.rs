//! Hostile definitions and expressions. What is hostile to landing and to the server stands with them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod fuzz;
