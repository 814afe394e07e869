//! The definition language of Kepi: what a project says, checked.
//!
//! Pure: no I/O, no clock, no randomness, no async runtime. Texts come in as [`source_text::SourceMap`], a
//! [`project::Project`] and every finding come out of [`check::check`].

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
pub mod benchmark;
pub mod bound;
pub mod bounds;
mod builtin;
pub mod business_hours;
pub mod calendar;
pub mod check;
pub mod codes;
pub mod crosswalk;
mod decode;
mod definitions;
pub mod describe;
pub mod documents;
pub mod edit;
pub mod engine;
pub mod entity;
pub mod expectation;
pub mod expression;
mod expression_text;
mod extend;
pub mod feedback;
pub mod finding;
mod findings;
mod form;
pub mod governance;
pub mod id;
pub mod initiative;
mod lexical;
pub mod library;
pub mod lineage;
pub mod meaning;
mod meant;
pub mod measure;
pub mod merge;
pub mod operating_plan;
mod options;
pub mod project;
pub mod render;
pub mod review;
pub mod sampling;
pub mod schema;
pub mod secret;
pub mod source_text;
mod sql;
mod symbols;
mod table;
pub mod unicode;
pub mod unit;
pub mod window;
mod word;
pub mod wording;
mod yaml;

pub use entity::{derived, screening};
