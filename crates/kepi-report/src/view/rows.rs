//! Rows behind a value, and how a row came about.

use super::{InputView, Named, ProjectView};
use crate::trace::{TracedEntityRow, TracedValue};

/// The rows behind a value.
#[derive(Debug, Clone)]
pub struct RowsView {
    /// The project.
    pub project: ProjectView,
    /// The KPI.
    pub kpi: Named,
    /// Period.
    pub period: String,
    /// Segment; none: the total.
    pub segment: Option<Named>,
    /// The KPIs that it is computed of: they have the rows.
    pub inputs: Vec<InputView>,
    /// The rows; none: it is computed of other KPIs.
    pub traced: Option<TracedValue>,
}

/// How rows of an entity came about.
#[derive(Debug, Clone)]
pub struct EntityRowsView {
    /// The project.
    pub project: ProjectView,
    /// The entity.
    pub entity: String,
    /// The parts of the key that were asked for.
    pub key: Vec<String>,
    /// Its rows: several versions, or all that begin so.
    pub rows: Vec<TracedEntityRow>,
}
