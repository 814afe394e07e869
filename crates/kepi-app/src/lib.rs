//! Use cases: check a project, land its sources, compute and publish its values, read them, reproduce them.
//!
//! Every change goes through here and leaves an event; the lake and the engine are seen through their ports only.

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

pub mod acting;
pub mod archive;
pub mod attesting;
pub mod audit;
pub mod budget;
pub mod commentary;
mod concerned;
pub mod correcting;
pub mod cost;
pub mod deciding;
pub mod delivering;
pub mod disclosure;
mod discrepancies;
mod dual;
pub mod editing;
pub mod entries;
pub mod erasing;
pub mod error;
mod freezing;
mod handing;
mod import;
pub mod insights;
mod items;
mod landing;
pub mod live;
mod loads;
pub mod named;
pub mod negotiating;
pub mod open;
pub mod overrides;
mod people;
pub mod periods;
pub mod picture;
pub mod plan;
pub mod planned;
pub mod project_files;
pub mod publishing;
pub mod pull;
mod reaching;
mod rebasing;
mod refusals;
pub mod register;
pub mod reproduce;
pub mod restating;
pub mod run;
pub mod sampling;
pub mod screening;
pub mod slips;
mod told;
pub mod trace;
pub mod vetting;
mod without_late;

pub use error::AppError;
pub use open::App;
