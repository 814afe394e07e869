//! What the definition language accepts, and what it says of mistakes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp
)]

mod apart;
mod base;
mod benchmark;
mod built_in;
mod calendars;
mod computed;
mod dated;
mod documents;
mod edit;
mod ending;
mod examples;
mod expectation;
mod extends;
mod generated;
mod goldens;
mod growth;
mod hostile;
mod library;
mod lineage;
mod made;
mod meaning;
mod merge;
mod newcomer;
mod operating_plans;
mod reach;
mod rules;
mod words;
