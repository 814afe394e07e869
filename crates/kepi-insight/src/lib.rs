//! What the figures say: sentences as typed values, and what is indicated. No text of any language: `kepi-report::say` renders.
//!
//! Pure. [`change`] judges whether a value has moved by more than it varies, [`advice`] what follows from that together with
//! everything else that is known, by a truth table; [`sentence`] holds the forms in which both are said.

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

pub mod advice;
pub mod change;
pub mod sentence;
