//! The evaluator on DataFusion: reads pinned Parquet files and computes a plan's states in one pass.
//!
//! DataFusion reads: it prunes row groups, decodes columns in parallel and keeps to a memory budget. The rest is one
//! fused kernel over its batches: each different subexpression once, rows dealt to cells by small numbers, all
//! states added to flat arrays of integers. The reference evaluator in `kepi-query` says what every result must be.

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

mod accumulate;
pub mod bench;
mod compile;
mod deleted;
mod evaluator;
mod file;
mod group;
mod lookup;
pub mod parts;
pub mod portions;
mod program;
mod read;
mod scan;
mod tabulate;
mod vector;
mod wire;
mod worker;

pub use evaluator::DataFusionEvaluator;
