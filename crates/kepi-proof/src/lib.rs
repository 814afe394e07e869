//! What makes a record provable: one spelling of JSON, commitments to texts that may have to be forgotten, and the
//! tree of hashes over a list.
//!
//! Standard constructions only: RFC 8785 for the spelling, SHA-256 for every hash, RFC 9162 for the tree. Nothing here
//! reads a clock or makes randomness; salts come in as arguments.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod canonical;
pub mod commitment;
mod digest;
pub mod merkle;

pub use canonical::{NotCanonical, canonical, read};
pub use commitment::{Commitment, Salt};
pub use digest::{Digest, NotADigest};
pub use merkle::Frontier;
