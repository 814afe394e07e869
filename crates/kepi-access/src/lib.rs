//! Who comes to the server, and what they may see and do: passwords, sessions, tokens, limits on attempts.
//!
//! Nobody else hashes a password or makes a secret. Secrets leave this crate once, when they are made, and are kept as
//! hashes. Times come in as arguments, in µs UTC.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod door;
mod limits;
mod password;
pub mod policy;
mod secret;

pub use door::{Access, AccessError, Denied, Visitor};
