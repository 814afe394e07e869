//! What makes a record provable: one spelling of JSON, commitments to texts that may have to be forgotten, the tree of
//! hashes over a list with its proofs, and signed checkpoints of a growing one.
//!
//! Standard constructions only: RFC 8785 for the spelling, SHA-256 for every hash, RFC 9162 for the tree and its proofs,
//! Ed25519 (RFC 8032) in signed notes (C2SP) for checkpoints. Nothing here reads a clock or makes randomness; salts and
//! seeds of keys come in as arguments.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod canonical;
pub mod checkpoint;
pub mod commitment;
mod digest;
pub mod merkle;
pub mod note;
pub mod path;

pub use canonical::{NotCanonical, canonical, read};
pub use checkpoint::Checkpoint;
pub use commitment::{Commitment, Salt};
pub use digest::{Digest, NotADigest};
pub use merkle::Frontier;
pub use note::{Key, NoteError, PublicKey};
