//! What the figures say: sentences as typed values, and what is indicated. No text of any language: `kepi-report::say` renders.
//!
//! Pure. [`frame`] holds what is read: series of published values. [`change`] judges whether a value is beyond what is usual of it,
//! [`policy`] how sure one must be to say so; [`advice`] says what follows from that together with everything else that is known, by a
//! truth table; [`sentence`] holds the forms in which both are said.

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
pub mod evidence;
pub mod frame;
pub mod policy;
pub mod sentence;
pub mod stored;
pub mod trend;

/// Version of the analyses: counted up when any of them says something else of the same figures.
pub const VERSION: u32 = 1;
