//! What is disclosed, and what is withheld.

use super::names::{Named, Person, ProjectView};

/// Of what there is a methodology, and what is withheld.
#[derive(Debug, Clone, PartialEq)]
pub struct DisclosureView {
    /// The project.
    pub project: ProjectView,
    /// Scorecards.
    pub scorecards: Vec<Named>,
    /// KPIs, in the order of perspectives and objectives.
    pub kpis: Vec<Named>,
    /// Conflicts between a legal duty and transparency, as they were decided.
    pub withheld: Vec<WithheldView>,
}

/// What is withheld.
#[derive(Debug, Clone, PartialEq)]
pub struct WithheldView {
    /// Its document.
    pub of: Named,
    /// Of which KPIs and scorecards: kind and name, shown name.
    pub from: Vec<Named>,
    /// Which sections.
    pub withheld: Vec<&'static str>,
    /// The legal duty.
    pub duty: String,
    /// Why it weighs more.
    pub why: String,
    /// Who answers for it.
    pub owner: Option<Person>,
    /// First day.
    pub since: String,
    /// First day on which it is over.
    pub until: Option<String>,
    /// Whether it holds today; none: nobody knows what day it is.
    pub holds: Option<bool>,
}

/// The methodology of a KPI or scorecard.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodologyView {
    /// The project.
    pub project: ProjectView,
    /// Kind and name.
    pub of: String,
    /// As in force on this day.
    pub day: String,
    /// As known at this position of the log.
    pub position: u64,
    /// The document, in Markdown.
    pub markdown: String,
}

/// How far each unit is with a period.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadinessView {
    /// The project.
    pub project: ProjectView,
    /// The period.
    pub period: String,
    /// The units; empty: nobody attests anything.
    pub units: Vec<UnitReadinessView>,
}

/// How far a unit is with a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitReadinessView {
    /// The unit; none: all rows.
    pub unit: Option<String>,
    /// As shown.
    pub name: String,
    /// `ready`, `waiting`, `late`.
    pub state: &'static str,
    /// What becomes of the close while it is not ready.
    pub otherwise: Option<&'static str>,
    /// Final figures.
    pub figures: Option<usize>,
    /// Figures that more data may change.
    pub provisional: Option<usize>,
    /// In how many periods by now its data were to be attested.
    pub asked: usize,
    /// In how many of them they were before the cut-off.
    pub in_time: usize,
    /// What is said, or to be said, of its data.
    pub statements: Vec<StatementView>,
}

/// What is said, or to be said, of the data of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementView {
    /// The source.
    pub source: String,
    /// Whose turn it is, or who said it.
    pub by: String,
    /// `attested`, `with_reservation`, `missing`, `late`.
    pub state: String,
    /// Until when it is due, RFC 3339.
    pub due: Option<String>,
    /// The item.
    pub item: u64,
}
