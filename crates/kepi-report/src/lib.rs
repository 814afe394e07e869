//! Documents from results: what a page shows (and the JSON interface says), how numbers are written, and the
//! product's own marks as SVG.
//!
//! Nothing here reads a file, a clock or a database: views come from whoever implements [`reader::Reader`].

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

#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
pub mod format;
pub mod reader;
pub mod svg;
pub mod view;
