//! The rows behind a value.

use serde::{Deserialize, Serialize};

use super::Named;
use crate::trace::TracedValue;

/// The rows behind a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowsBehind {
    /// The KPI.
    pub kpi: Named,
    /// The period.
    pub period: String,
    /// The segment; empty for the total.
    pub segment: String,
    /// The KPIs that it is computed of: they have the rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub computed_of: Vec<RowsOf>,
    /// The rows; none: it is computed of other KPIs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traced: Option<TracedValue>,
}

/// Where rows are asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowsOf {
    /// The KPI.
    pub kpi: Named,
    /// The period.
    pub period: String,
    /// The segment; empty for the total.
    pub segment: String,
}
