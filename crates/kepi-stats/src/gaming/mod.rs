//! Signs that a number was made to fit: thresholds, digits, heaps, early closures, bursts of
//! invitations, and scores that rise while their outcome falls.
//!
//! A sign is a reason to look, never a proof of intent.

pub mod bunching;
pub mod digits;
pub mod myopia;
pub mod spikes;
pub mod threshold;
