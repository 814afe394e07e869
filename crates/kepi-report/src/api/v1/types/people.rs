//! Who is there, and who answers for what.

use serde::{Deserialize, Serialize};

use super::Named;

/// Who is there on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Directory {
    /// The day.
    pub day: String,
    /// Persons.
    pub persons: Vec<DirectoryPerson>,
    /// Units.
    pub units: Vec<UnitSeats>,
    /// Who is there no longer, the last first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Leaver>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DirectoryPerson {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What the person does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The solid line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reports_to: Option<Named>,
    /// The dotted line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dotted_to: Option<Named>,
    /// Who acts for her while she is away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substitute: Option<Named>,
    /// The first day back; left out: she is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away_until: Option<String>,
    /// Units that she manages.
    pub manages: Vec<Named>,
    /// Seats that she holds.
    pub seats: Vec<Seat>,
    /// KPIs that she is accountable for.
    pub accountable: Vec<Named>,
    /// Of how many KPIs she does the work.
    pub responsible: usize,
    /// Sources that she owns.
    pub sources: usize,
    /// Items that are with her; left out: who asks does not see everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<usize>,
    /// Of these, those that were due before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue: Option<usize>,
}

/// A seat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seat {
    /// The unit.
    pub unit: Named,
    /// Who is accountable elsewhere.
    pub of: Named,
    /// Who answers here.
    pub holder: Named,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitSeats {
    /// The unit.
    #[serde(flatten)]
    pub unit: Named,
    /// The unit above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Named>,
    /// Who manages it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<Named>,
    /// Its seats.
    pub seats: Vec<Seat>,
}

/// Who is there no longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leaver {
    /// Id.
    pub id: String,
    /// Since when.
    pub at: String,
}

/// Who answers for what on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ownership {
    /// The day.
    pub day: String,
    /// KPIs and sources.
    pub duties: Vec<Duty>,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

/// What somebody answers for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Duty {
    /// Kind and id: `kpi/nps`.
    pub of: String,
    /// Name.
    pub name: String,
    /// Who answers for it; left out: nobody, which is a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accountable: Option<Named>,
    /// The role by which that is, whoever holds it; left out: a person is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Named>,
    /// Who acts on the day, if that is somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acts: Option<Named>,
    /// Who does the work.
    pub responsible: Vec<Named>,
    /// Who is asked.
    pub consulted: Vec<Named>,
    /// Who is told.
    pub informed: Vec<Named>,
    /// Who answers for it in units.
    pub seats: Vec<Seat>,
    /// The item by which it is handed over and not accepted yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handover: Option<u64>,
}

/// Something that is missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// `no_accountable`, `vacant`, `not_accepted`, `nobody_acts`, `idle`, `overload`, `no_responsible`, `no_manager`.
    pub code: String,
    /// Of what: `kpi/nps`, `unit/emea`, `person/ana`.
    pub of: String,
    /// In words.
    pub text: String,
    /// What to do.
    pub fix: String,
}
