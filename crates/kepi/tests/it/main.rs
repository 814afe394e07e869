//! End-to-end tests of the binary, and of the invariants of the whole house.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod architecture;
mod bad_input;
mod capabilities;
mod figures;
mod help;
mod speed;
mod support;
mod tour;
