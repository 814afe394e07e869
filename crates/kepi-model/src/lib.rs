//! The definition language of Kepi: what a project says, checked.
//!
//! Pure: no I/O, no clock, no randomness, no async runtime. Texts come in as [`source_text::SourceMap`], a
//! [`project::Project`] and every finding come out.

pub mod calendar;
pub mod diagnostic;
pub mod expression;
pub mod id;
pub mod project;
pub mod source_text;
