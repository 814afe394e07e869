//! Figures of others on record.

use super::names::ProjectView;
use crate::benchmarks::{OnRecord, Otherwise};

/// All figures of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchmarksView {
    /// The project.
    pub project: ProjectView,
    /// Those on record, by id.
    pub benchmarks: Vec<OnRecord>,
}

/// A figure of others beside a KPI.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchmarkView {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// The figure in the unit of the KPI; none where it is in another.
    pub raw: Option<f64>,
    /// The figure, as the KPI's are written.
    pub value: String,
    /// When it was published, ISO 8601.
    pub published: String,
    /// All of it in a line, with until when it holds or since when it does not.
    pub said: String,
    /// Whether it says nothing any more.
    pub expired: bool,
    /// In what it was measured otherwise than the KPI.
    pub unlike: Vec<Otherwise>,
}

impl BenchmarkView {
    /// Where it lies in a picture of the KPI: only what can be compared and has not expired is drawn.
    pub fn drawn(&self) -> Option<f64> {
        self.raw.filter(|_| !self.expired && self.unlike.is_empty())
    }

    /// The month of its publication: `2025-09`.
    pub fn dated(&self) -> &str {
        self.published.get(..7).unwrap_or(&self.published)
    }

    /// In words, with what stands against comparing it.
    pub fn words(&self) -> String {
        let unlike: Vec<String> = self.unlike.iter().map(Otherwise::words).collect();
        match unlike.is_empty() {
            true => self.said.clone(),
            false => format!("{}; measured otherwise: {}", self.said, unlike.join(", ")),
        }
    }
}
