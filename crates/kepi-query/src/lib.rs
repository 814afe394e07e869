//! From KPIs to measure plans, from states to values: what a KPI *means*.
//!
//! A [`plan::ScanPlan`] asks for additive, exact states of one entity; an [`port::Evaluator`] computes them; the states
//! become values with intervals. The reference evaluator in this crate is the definition; any other must equal it.
//!
//! Pure: no I/O, no clock, no randomness, no async runtime (ports return boxed standard futures).

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

mod belonging;
pub mod bucket;
pub mod cells;
pub mod compose;
pub mod derive;
pub mod finish;
mod guard;
pub mod kept;
pub mod landing;
mod layout;
pub mod lower;
pub mod measure;
mod memory;
pub mod merge;
pub mod parallel;
pub mod plan;
pub mod port;
pub mod published;
pub mod reach;
pub mod reference;
pub mod response;
pub mod row;
pub mod sampling;
pub mod scans;
pub mod screen;
pub mod side;
pub mod state;
pub mod texts;
pub mod trust;
pub mod value;
