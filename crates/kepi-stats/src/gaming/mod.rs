//! Signs that a number was made to fit: thresholds, digits, heaps, early closures and bursts of invitations.
//!
//! A sign is a reason to look, never a proof of intent.

pub mod bunching;
pub mod digits;
pub mod spikes;
pub mod threshold;
