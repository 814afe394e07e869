//! Whom the surveys of a KPI ask next.

use super::names::{Named, ProjectView};

/// The plans of samples of a KPI.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplesView {
    /// The project.
    pub project: ProjectView,
    /// The KPI that they are to measure.
    pub kpi: Named,
    /// The day for which is planned.
    pub day: String,
    /// The plans.
    pub samples: Vec<SampleView>,
}

/// A plan of a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleView {
    /// What is planned.
    pub sampling: Named,
    /// How far the figure of a stratum may be off: `±5.0 points`.
    pub margin: String,
    /// At which confidence.
    pub confidence: String,
    /// The share of those asked that is expected to answer.
    pub response: String,
    /// From what it is known how much answers differ.
    pub from: String,
    /// The strata, or why nothing can be planned.
    pub strata: Result<Vec<StratumView>, String>,
    /// What the figure of all strata together may be off by.
    pub together: Option<String>,
    /// Each cap in words, and how many people it holds back.
    pub caps: Vec<(String, u64)>,
    /// Invitations there were, to how many people, and how many of these to people who are not among those who may be asked.
    pub invitations: (u64, u64, u64),
    /// Invitations that say nobody whom they asked.
    pub of_nobody: u64,
    /// After so many days so many may be asked, if nobody is until then.
    pub later: Vec<(u16, u64)>,
}

/// One stratum of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct StratumView {
    /// Its name.
    pub name: String,
    /// People.
    pub people: u64,
    /// Of them, those whom the caps hold back.
    pub held_back: u64,
    /// The others.
    pub may_be_asked: u64,
    /// Answers that the margin takes.
    pub needed: u64,
    /// Invitations that these take.
    pub to_ask: u64,
    /// As many of them as may be asked.
    pub ask: u64,
    /// Answers to be expected of these.
    pub expected: u64,
    /// How far its figure may be off then; none: too few answers.
    pub off: Option<String>,
    /// What other margins would take: the margin, answers, invitations, and whether so many may be asked.
    pub costs: Vec<(String, u64, u64, bool)>,
}
