//! Where figures come from, column by column.

use super::names::ProjectView;
use crate::lineage::{Origin, Traced};

/// Where every KPI comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineagesView {
    /// The project.
    pub project: ProjectView,
    /// Its KPIs.
    pub kpis: Vec<Origin>,
}

/// What one thing is made of, and what is made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineageView {
    /// The project.
    pub project: ProjectView,
    /// Its lineage.
    pub traced: Traced,
}
