//! From value to score to roll-up: piecewise linear scores, bands, targets in force, and [`card::Card`], through which
//! every score of a scorecard is asked for.
//!
//! Pure and exact: scores are integer millionths of a point ([`MICRO`] a point), and the parts of every score add up
//! to it to the last one.

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

pub mod band;
pub mod bridge;
pub mod card;
pub mod linked;
pub mod target;
pub mod tree;
pub mod what_if;

/// Millionths of a point in a point.
pub const MICRO: i64 = 1_000_000;
/// Score at the threshold.
pub const AT_THRESHOLD: i64 = 50 * MICRO;
/// Score at the target.
pub const AT_TARGET: i64 = 100 * MICRO;
/// Score at the stretch target and beyond: the best there is.
pub const AT_STRETCH: i64 = 120 * MICRO;
