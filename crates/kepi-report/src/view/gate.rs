//! Stage gates: whether what other systems ask for is so.

use super::{Named, ProjectView};

/// A stage gate as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct GateView {
    /// The project.
    pub project: ProjectView,
    /// Its name in definitions and the one that is shown.
    pub gate: Named,
    /// In plain words.
    pub description: Option<String>,
    /// The unit whose figures they are; none: all rows.
    pub unit: Option<Named>,
    /// Whether all of it surely holds.
    pub open: bool,
    /// What is asked for, and how it stands.
    pub demands: Vec<GateDemand>,
}

/// One thing that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct GateDemand {
    /// The KPI.
    pub kpi: Named,
    /// What it has to be, in words.
    pub asked: String,
    /// The period of the figure that was looked at; none: there is none that counts.
    pub period: Option<String>,
    /// The figure as it is shown; none: there is none.
    pub value: Option<String>,
    /// Whether it holds; none: that is not known.
    pub holds: Option<bool>,
    /// Why it is not known, or does not hold.
    pub why: Option<String>,
}
