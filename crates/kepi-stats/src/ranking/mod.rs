//! Comparing many units fairly: pooling, shrinkage, ranks with their uncertainty, funnels.

pub mod funnel;
pub mod pooling;
pub mod ranks;
pub mod shrinkage;
