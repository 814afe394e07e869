//! Policies: who may see what, in Cedar. Nobody else names it.
//!
//! A project's own files take the place of those that come with Kepi. They are validated against a schema before anybody
//! relies on them, and the names in them against the project.

mod check;
mod roles;
mod sight;

use std::str::FromStr;

use cedar_policy::{Policy, PolicyId, PolicySet, Schema};

pub use check::{beside, check};
pub use roles::{RUNNER, Roles};
pub use sight::{Bound, Holder, Sight};

/// What policies can speak of.
pub const SCHEMA: &str = include_str!("schema.cedarschema");
/// The policies that hold where a project has none.
pub const DEFAULT: &str = include_str!("default.cedar");
/// The unit above all units.
pub(crate) const EVERYWHERE: &str = "everywhere";

/// What may be done at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Values, scores, how they came about.
    SeeValue,
    /// What figures are made of: segments, members, rows behind.
    SeeExplanation,
    /// How deliveries went.
    SeeData,
    /// Rejected rows.
    SeeRows,
    /// What is decided, in force, frozen and closed.
    SeeDecisions,
    /// Taking part in decisions.
    Decide,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::SeeValue,
        Self::SeeExplanation,
        Self::SeeData,
        Self::SeeRows,
        Self::SeeDecisions,
        Self::Decide,
    ];
    /// The group that all of these belong to by which something is seen.
    pub const SEE: &str = "see";

    /// As policies and scopes of tokens write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::SeeValue => "see_value",
            Self::SeeExplanation => "see_explanation",
            Self::SeeData => "see_data",
            Self::SeeRows => "see_rows",
            Self::SeeDecisions => "see_decisions",
            Self::Decide => "decide",
        }
    }

    /// Whether it only shows something.
    pub fn sees(self) -> bool {
        self != Self::Decide
    }
}

/// Policies that were read and are right.
#[derive(Debug, Clone)]
pub struct Policies {
    pub(crate) set: PolicySet,
    /// Whether the project has policies of its own.
    own: bool,
}

/// A file of policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// Its path in the project.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

impl Policies {
    /// Those that come with Kepi.
    pub fn built_in() -> Self {
        let set = read(DEFAULT, "").unwrap_or_default().into_iter();
        Self { set: PolicySet::from_policies(set).unwrap_or_default(), own: false }
    }

    /// Those of files that [`check`] found nothing wrong with; without files those that come with Kepi. None: they cannot be read.
    pub fn of(files: &[PolicyFile]) -> Option<Self> {
        if files.is_empty() {
            return Some(Self::built_in());
        }
        let mut all = Vec::new();
        for file in files {
            all.extend(read(&file.text, &file.path)?);
        }
        Some(Self { set: PolicySet::from_policies(all).ok()?, own: true })
    }

    /// Whether they are those that come with Kepi.
    pub fn are_built_in(&self) -> bool {
        !self.own
    }

    /// What a policy says of itself, and where it stands.
    pub(crate) fn words(&self, id: &PolicyId) -> String {
        let said = self.set.annotation(id, "says").or_else(|| self.set.annotation(id, "id"));
        match said {
            Some(said) if !self.own => said.to_owned(),
            Some(said) => format!("{said} ({id})"),
            None => id.to_string(),
        }
    }
}

/// The schema.
pub(crate) fn schema() -> Option<Schema> {
    Schema::from_cedarschema_str(SCHEMA).ok().map(|(schema, _)| schema)
}

/// The policies of a text, each called after its `@id`, else its place, and its file.
fn read(text: &str, path: &str) -> Option<Vec<Policy>> {
    let set = PolicySet::from_str(text).ok()?;
    let named = set.policies().enumerate().map(|(n, policy)| {
        let own = policy.annotation("id").map_or_else(|| format!("policy {}", n + 1), str::to_owned);
        let id = if path.is_empty() { own } else { format!("{path}: {own}") };
        policy.new_id(PolicyId::new(id))
    });
    Some(named.collect())
}
