//! Who is there, and who answers for what.

use super::{Named, ProjectView};

/// Who is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryView {
    /// The project.
    pub project: ProjectView,
    /// The day.
    pub day: String,
    /// Whether that day was asked for.
    pub asked: bool,
    /// Persons.
    pub persons: Vec<PersonRow>,
    /// Roles, and who holds them.
    pub roles: Vec<RoleRow>,
    /// Units with their managers and seats.
    pub units: Vec<UnitRow>,
    /// Who is there no longer, and since when, RFC 3339.
    pub left: Vec<(String, String)>,
    /// How much is missing.
    pub gaps: usize,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Id and name.
    pub person: Named,
    /// What the person does.
    pub role: Option<String>,
    /// The solid line.
    pub reports_to: Option<Named>,
    /// The dotted line.
    pub dotted_to: Option<Named>,
    /// Who acts for her while she is away.
    pub substitute: Option<Named>,
    /// The first day back, while she is away on the day.
    pub away_until: Option<String>,
    /// Absences that are to come: the first day, and the first day back.
    pub away_next: Vec<(String, String)>,
    /// Units that she manages.
    pub manages: Vec<Named>,
    /// Seats that she holds: unit, and for whom.
    pub seats: Vec<(Named, Named)>,
    /// KPIs that she is accountable for.
    pub accountable: Vec<Named>,
    /// Of how many KPIs she does the work.
    pub responsible: usize,
    /// How many KPIs she is asked about or told of.
    pub other: usize,
    /// Sources that she owns.
    pub sources: usize,
    /// Items that are with her, and of these the overdue ones; none: not everything is seen.
    pub items: Option<(usize, usize)>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    /// Id and name.
    pub role: Named,
    /// Who holds it: unit, and who.
    pub held: Vec<(Named, Named)>,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRow {
    /// Id and name.
    pub unit: Named,
    /// The unit above.
    pub parent: Option<Named>,
    /// Who manages it.
    pub manager: Option<Named>,
    /// Seats: for whom, and who holds it.
    pub seats: Vec<(Named, Named)>,
}

/// Who answers for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnershipView {
    /// The project.
    pub project: ProjectView,
    /// The day.
    pub day: String,
    /// Whether that day was asked for.
    pub asked: bool,
    /// What somebody answers for.
    pub duties: Vec<DutyRow>,
    /// What is missing.
    pub gaps: Vec<GapRow>,
}

/// What somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyRow {
    /// Kind and id: `kpi/nps`.
    pub of: String,
    /// Shown name.
    pub name: String,
    /// The page of it.
    pub path: Option<String>,
    /// Who answers for it.
    pub accountable: Option<Named>,
    /// The role by which that is.
    pub role: Option<Named>,
    /// Who acts on the day, if that is somebody else.
    pub acts: Option<Named>,
    /// Who does the work.
    pub responsible: Vec<Named>,
    /// Who is asked.
    pub consulted: Vec<Named>,
    /// Who is told.
    pub informed: Vec<Named>,
    /// Who answers for it in units: unit, and who.
    pub units: Vec<(Named, Named)>,
    /// The item by which it is handed over.
    pub handover: Option<u64>,
}

/// Something that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapRow {
    /// Its code: `no_accountable`.
    pub code: &'static str,
    /// Of what: `kpi/nps`, `person/ana`.
    pub of: String,
    /// The page of it.
    pub path: Option<String>,
    /// In words.
    pub said: String,
    /// What to do.
    pub fix: String,
}
