//! Where figures come from.

use serde::{Deserialize, Serialize};

use crate::lineage::{Origin, StepView, ThingView};

/// Where every KPI comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineageOverview {
    /// Its KPIs.
    pub kpis: Vec<Origin>,
}

/// What one thing is made of, and what is made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// It.
    pub of: ThingView,
    /// Whether personal data enter it.
    pub personal: bool,
    /// All steps to it, nearest first.
    pub made_of: Vec<StepView>,
    /// All steps from it, nearest first.
    pub goes_into: Vec<StepView>,
}
