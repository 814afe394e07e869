//! Figures of others on record.

use super::names::ProjectView;
use crate::benchmarks::OnRecord;

/// All figures of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchmarksView {
    /// The project.
    pub project: ProjectView,
    /// Those on record, by id.
    pub benchmarks: Vec<OnRecord>,
}
