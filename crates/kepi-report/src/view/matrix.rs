//! Objectives, KPIs and units.

use super::names::ProjectView;
use crate::matrix::Matrix;

/// Which objective is measured by which KPI in which unit.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixView {
    /// The project.
    pub project: ProjectView,
    /// The matrix.
    pub of: Matrix,
}
