//! How a score came about, to the last digit.

use super::{
    bridge::Bridge,
    names::{Choice, Named, ProjectView, UnitChoice},
    quantity::{Coverage, Outcome, Points, Status, Weight},
};

/// The tree behind a scorecard's score.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainView {
    /// The project.
    pub project: ProjectView,
    /// The scorecard.
    pub scorecard: Named,
    /// The unit shown, if the scorecard is for one.
    pub unit: Option<Named>,
    /// Units to choose.
    pub units: Vec<UnitChoice>,
    /// The period.
    pub period: String,
    /// Periods to choose, newest first.
    pub periods: Vec<Choice>,
    /// What a missing child does, in words.
    pub missing_rule: String,
    /// What moved the score since the period before, if both have one.
    pub bridge: Option<Bridge>,
    /// The linked index: what the score had come to by performance alone since the first period.
    pub linked: Option<Points>,
    /// The scorecard's node.
    pub root: ExplainNode,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// The whole.
    Scorecard,
    /// A unit below, where a unit's score is the mean of its children's.
    Unit,
    /// A perspective.
    Perspective,
    /// An objective.
    Objective,
    /// A segment that is judged by KPIs of its own.
    Segment,
    /// A KPI.
    Kpi,
}

impl NodeKind {
    /// The name used in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Scorecard => "scorecard",
            Self::Unit => "unit",
            Self::Perspective => "perspective",
            Self::Objective => "objective",
            Self::Segment => "segment",
            Self::Kpi => "kpi",
        }
    }
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainNode {
    /// What it is.
    pub kind: NodeKind,
    /// Which one.
    pub of: Named,
    /// Of a KPI that judges a segment: the segment over which it is read.
    pub segment: Option<String>,
    /// Its status.
    pub status: Status,
    /// Its score with all digits, or why there is none.
    pub score: Outcome<Points>,
    /// Its declared weight among siblings; none at the root.
    pub weight: Option<Weight>,
    /// The weight that counted after missing siblings, a share of 1, as shown: `66.67 %`.
    pub effective_weight: Option<String>,
    /// Points it adds to its parent's score, all digits; siblings' add up exactly to it.
    pub contribution: Option<Points>,
    /// Share of weight beneath that has a score.
    pub coverage: Coverage,
    /// The steps of the computation in words: `3.71 lies between threshold 3.60 (50) and target 4.00 (100)`.
    pub steps: Vec<String>,
    /// What it is made of.
    pub children: Vec<ExplainNode>,
}
