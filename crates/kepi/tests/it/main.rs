//! End-to-end tests of the binary, and of the invariants of the whole house.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

/// The real command line, and what has unit tests of its own: they run here, in the one test binary of this crate.
#[path = "../../src/called.rs"]
mod called;
#[allow(dead_code)]
#[path = "../../src/cli.rs"]
mod cli;
#[allow(dead_code)]
#[path = "../../src/output.rs"]
mod output;

mod access;
mod acting;
mod architecture;
mod attesting;
mod audit;
mod bad_input;
mod bounds;
mod bridged;
mod capabilities;
mod changes_at_source;
mod closed_loop;
mod cluster;
mod correcting;
mod crowd;
mod current;
mod data_rules;
mod dated;
mod deciding;
mod ending;
mod erasing;
mod faults;
mod fetching;
mod figures;
mod first_project;
mod guardrails;
mod help;
mod hiring;
mod hooks;
mod imported;
mod initiatives;
mod insight;
mod kept;
mod landing;
mod lineage;
mod made;
mod matrix;
mod moved;
mod negotiating;
mod one_bad_source;
mod operating_plan;
mod order;
mod people;
mod plan;
mod playbooks;
mod postgres;
mod provider;
mod reviewing;
mod rooms;
mod scenarios;
mod schedules;
mod screened;
mod shared_lake;
mod side_by_side;
mod speed;
mod stories;
mod support;
mod terminal;
mod tour;
mod transcript;
mod values;
mod without_data;
mod world;
