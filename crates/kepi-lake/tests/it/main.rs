//! The lake on real files and a real database.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod accounting;
mod by_position;
mod combining;
mod durability;
mod erasing;
mod examples;
mod full_disk;
mod fuzz;
mod history;
mod key_index;
mod kills;
mod labels;
mod landing;
mod malformed;
mod merging;
mod official;
mod oracle;
mod people;
mod personal;
mod planted;
mod published;
mod reading;
mod records;
mod rooms;
mod row_by_row;
mod rules;
mod shared;
mod support;
mod verify;
