//! What every page names: the project, things with an id, people, choices.

use super::quantity::{Outcome, Points, Status};

/// Something with an id and a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Id as the interface takes it.
    pub id: String,
    /// Shown name.
    pub name: String,
}

impl Named {
    /// An id with its name.
    pub fn new(id: impl ToString, name: impl Into<String>) -> Self {
        Self { id: id.to_string(), name: name.into() }
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// What the person does.
    pub role: Option<String>,
}

/// The project that a page belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectView {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// Confidence level of every interval, as shown: `95 %`.
    pub confidence: String,
    /// How much may be called out although nothing is going on: `10 %`.
    pub attention: String,
    /// Whether it has a strategy, and so a map.
    pub has_strategy: bool,
    /// Whether customers go through stages.
    pub has_journeys: bool,
    /// Scorecards of the project, in the order of their ids.
    pub scorecards: Vec<Named>,
    /// Who sees it, if that is known.
    pub viewer: Option<Viewer>,
    /// How many items wait for who sees it.
    pub waiting: usize,
    /// Items that changed something in an emergency and are not ratified, with the day on which that is taken back.
    pub emergencies: Vec<(u64, String)>,
}

/// Who sees a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// As shown.
    pub name: String,
    /// Whether this is a session, out of which one can sign.
    pub signed_in: bool,
    /// What a form of this person carries, so that nobody else's page can send one; none: there are no forms.
    pub form_key: Option<String>,
    /// As whom, by name, this person decides; none: nothing can be decided.
    pub acts_as: Option<String>,
    /// Whether forms that decide are shown.
    pub decides: bool,
    /// What makes a form one request, however often it is sent.
    pub request_key: String,
}

/// One of several to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Id as the interface takes it.
    pub id: String,
    /// As shown.
    pub name: String,
    /// Whether it is the one shown.
    pub chosen: bool,
}

/// A unit to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitChoice {
    /// Id as the interface takes it.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Steps below the scorecard's own unit.
    pub depth: u8,
    /// Whether it is the one shown.
    pub chosen: bool,
    /// Status of its score in the period shown.
    pub status: Status,
    /// Its score in the period shown, or why there is none.
    pub score: Outcome<Points>,
}
