//! Which records are the same person or company: comparators, match weights and clusters.

pub mod clusters;
pub mod comparators;
pub mod fellegi_sunter;
mod short;
