//! What people set out to do.

use super::names::ProjectView;
use crate::initiatives::Initiatives;

/// All initiatives.
#[derive(Debug, Clone, PartialEq)]
pub struct InitiativesView {
    /// The project.
    pub project: ProjectView,
    /// The initiatives, with budgets and quick wins.
    pub of: Initiatives,
}
