//! Integration tests of kepi-query, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::print_stdout,
    missing_docs
)]

mod agreement;
mod balance;
mod bridged;
mod buckets;
mod composed;
mod dated;
mod definitions;
mod derived;
mod entered;
mod identity;
mod kept;
mod lifetime;
mod lineage;
mod metamorphic;
mod nothing;
mod precedence;
mod published;
mod refreshed;
mod remade;
mod sampling;
mod scale;
mod screen;
mod small;
mod states;
mod stock;
mod trace;
mod trust;
mod values;
mod weighted;
mod windows;
mod without_data;
mod worked;
mod world;
