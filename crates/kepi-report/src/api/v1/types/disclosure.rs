//! What is disclosed, and what is withheld.

use serde::{Deserialize, Serialize};

use super::Named;

/// `GET /api/v1/disclosure`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Disclosure {
    /// KPIs and scorecards of which there is a methodology: kind and name, shown name.
    pub documents: Vec<Named>,
    /// Conflicts between a legal duty and transparency, as they were decided.
    pub withheld: Vec<Withheld>,
}

/// What is withheld.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Withheld {
    /// Its name in definitions.
    pub id: String,
    /// Its shown name.
    pub name: String,
    /// Of which KPIs and scorecards.
    pub of: Vec<Named>,
    /// Which sections: `figures`, `people`, `targets`, `sources`, `texts`.
    pub withheld: Vec<String>,
    /// The legal duty.
    pub duty: String,
    /// Why it weighs more.
    pub why: String,
    /// Who answers for it, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// First day.
    pub since: String,
    /// First day on which it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Whether it holds today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<bool>,
}

/// `GET /api/v1/disclosure/methodology`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Methodology {
    /// Kind and name: `kpi/nps`.
    pub of: String,
    /// As in force on this day.
    pub day: String,
    /// As known at this event.
    pub at: u64,
    /// The document.
    pub markdown: String,
}

/// `GET /api/v1/periods/{id}/readiness`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Readiness {
    /// The period.
    pub period: String,
    /// Its units.
    pub units: Vec<UnitReadiness>,
}

/// How far a unit is with a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitReadiness {
    /// The unit; left out: all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Shown name.
    pub name: String,
    /// `ready`, `waiting` for a statement before the cut-off, `late` beyond it.
    pub state: String,
    /// What becomes of the close while it is not ready: `block`, `exclude`, `carry`, `warn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// Final figures; left out for who does not see them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<usize>,
    /// Figures that more data may change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisional: Option<usize>,
    /// In how many periods by now its data were to be attested.
    pub asked: usize,
    /// In how many of them they were before the cut-off.
    pub in_time: usize,
    /// What is said, or to be said, of its data.
    pub statements: Vec<Statement>,
}

/// What is said, or to be said, of the data of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// The source.
    pub source: String,
    /// Whose turn it is, or who said it.
    pub by: String,
    /// `attested`, `with_reservation`, `missing`, `late`.
    pub state: String,
    /// Until when it is due, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// The item.
    pub item: u64,
}
