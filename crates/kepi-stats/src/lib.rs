//! Statistics on slices and small matrices: estimates with intervals, or a typed reason why there is none.
//!
//! The crate is pure: no input or output, no clock, no runtime, no hidden randomness. Random procedures take a
//! seed. Transcendental functions come from a pinned `libm`, so every machine returns the same bits.
//! A result is an [`estimate::Estimate`] or a record of its own; what cannot be computed is an
//! [`estimate::NotComputable`], never a zero or a NaN.
#![allow(
    clippy::float_cmp,
    reason = "floats are compared with exact boundary values and with themselves for convergence"
)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod agreement;
pub mod control;
pub mod decomposition;
pub mod distribution;
pub mod estimate;
pub mod estimation;
pub mod exact;
pub mod experiment;
pub mod fairness;
pub mod gaming;
pub mod index_numbers;
pub mod judgement;
pub mod linear;
pub mod linkage;
pub mod multiplicity;
pub mod optimise;
pub mod prediction;
pub mod privacy;
pub mod random;
pub mod ranking;
pub mod reconciliation;
pub mod regression;
pub mod series;
pub mod survey;
pub mod survival;
pub mod value;
