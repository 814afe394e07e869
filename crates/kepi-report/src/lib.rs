//! Documents from results: what a page shows, what a program is told, how numbers are written, and the product's own
//! marks as SVG.
//!
//! Nothing here reads a file, a clock or a database, or computes a KPI: a [`Reporter`] writes from whatever implements
//! [`facts::Facts`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::float_cmp
    )
)]

pub mod api;
pub mod audience;
pub mod benchmarks;
pub mod budget;
pub mod correction;
pub mod csv;
pub mod decided;
pub mod difference;
pub mod dual;
pub mod facts;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
pub mod format;
pub mod initiatives;
pub mod lineage;
pub mod logged;
pub mod matrix;
pub mod openlineage;
pub mod operating_plan;
pub mod people;
pub mod reader;
pub mod reason;
mod reporter;
pub mod sampling;
pub mod say;
pub mod seen;
pub mod svg;
pub mod tables;
pub mod tidy;
pub mod trace;
pub mod view;

pub use reporter::{Reporter, insights::Against};
