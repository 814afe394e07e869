//! The strategy map.

use super::{
    names::{Choice, Named, Person, ProjectView, UnitChoice},
    scorecard::ScoreView,
};
use kepi_model::project::{Sign, Strength};

/// The strategy as a map.
#[derive(Debug, Clone, PartialEq)]
pub struct StrategyMapView {
    /// The project.
    pub project: ProjectView,
    /// Mission.
    pub mission: String,
    /// Pillars with their themes.
    pub pillars: Vec<ThemeView>,
    /// Long-term goals, each with the KPI that measures it.
    pub goals: Vec<(Named, Option<Named>)>,
    /// The scorecard that colours the map; none if there is none.
    pub scorecard: Option<Named>,
    /// The unit shown, if one is chosen.
    pub unit: Option<Named>,
    /// Units to choose.
    pub units: Vec<UnitChoice>,
    /// The period shown.
    pub period: Option<String>,
    /// Periods to choose, newest first.
    pub periods: Vec<Choice>,
    /// Perspectives, top first.
    pub lanes: Vec<Lane>,
    /// Cause-and-effect links.
    pub links: Vec<MapLink>,
}

/// A pillar with its themes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeView {
    /// The pillar.
    pub pillar: Named,
    /// Its themes.
    pub themes: Vec<Named>,
}

/// A perspective with its objectives.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// The perspective.
    pub perspective: Named,
    /// Its objectives in declared order.
    pub objectives: Vec<MapObjective>,
}

/// An objective on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapObjective {
    /// The objective.
    pub objective: Named,
    /// In plain words.
    pub description: Option<String>,
    /// Its score in the scorecard; none if no scorecard holds it.
    pub score: Option<ScoreView>,
    /// KPIs that serve it.
    pub kpis: Vec<Named>,
    /// Who answers for it.
    pub owner: Option<Person>,
}

/// What the data say about a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkEvidence {
    /// No KPIs of the two objectives can be held against each other: a hypothesis.
    Untested,
    /// Too little is known to tell.
    TooLittle,
    /// Of all pairs of KPIs an effect worth having can be ruled out.
    NotSupported,
    /// What was expected is seen in a pair of KPIs, and the contrary in none.
    Supported,
    /// The contrary is seen.
    Contradicted,
}

impl LinkEvidence {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Untested => "untested",
            Self::TooLittle => "too little data to tell",
            Self::NotSupported => "not supported by data",
            Self::Supported => "supported by data",
            Self::Contradicted => "contradicted by data",
        }
    }
    /// The name used in JSON and for its style.
    pub fn code(self) -> &'static str {
        match self {
            Self::Untested => "untested",
            Self::TooLittle => "too_little",
            Self::NotSupported => "not_supported",
            Self::Supported => "supported",
            Self::Contradicted => "contradicted",
        }
    }
}

/// An expected effect of one objective on another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapLink {
    /// Cause.
    pub from: Named,
    /// Effect.
    pub to: Named,
    /// Direction.
    pub sign: Sign,
    /// After how long, in words: `1 quarter`.
    pub lag: Option<String>,
    /// Expected strength.
    pub strength: Option<Strength>,
    /// Why it is believed.
    pub why: Option<String>,
    /// What the data say.
    pub evidence: LinkEvidence,
}
