//! Figures of others on record.

use serde::{Deserialize, Serialize};

use crate::benchmarks::OnRecord;

/// All figures of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Benchmarks {
    /// Those on record, by id.
    pub benchmarks: Vec<OnRecord>,
}
