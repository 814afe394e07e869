//! The answer about the strategy map.

use serde::{Deserialize, Serialize};

use super::{Code, Named, Person, Project, Score};

/// `GET /api/v1/map`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrategyMap {
    /// The project.
    pub project: Project,
    /// Mission.
    pub mission: String,
    /// Pillars with their themes.
    pub pillars: Vec<Pillar>,
    /// Long-term goals.
    pub goals: Vec<Goal>,
    /// The scorecard whose scores are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scorecard: Option<Named>,
    /// The unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Named>,
    /// The period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Perspectives, top first.
    pub perspectives: Vec<MapPerspective>,
    /// Cause-and-effect links.
    pub links: Vec<Link>,
}

/// A pillar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pillar {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Its themes.
    pub themes: Vec<Named>,
}

/// A long-term goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Id of the KPI that measures it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured_by: Option<String>,
}

/// A perspective with its objectives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapPerspective {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Its objectives.
    pub objectives: Vec<MapObjective>,
}

/// An objective on the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapObjective {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// In plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its score; left out if the scorecard does not hold it.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// Ids of the KPIs that serve it.
    pub kpis: Vec<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Person>,
}

/// An expected effect of one objective on another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Id of the cause.
    pub from: String,
    /// Id of the effect.
    pub to: String,
    /// `positive`, `negative`.
    pub sign: Code,
    /// After how long: `1 quarter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<String>,
    /// `weak`, `moderate`, `strong`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<Code>,
    /// Why it is believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What the data say: `supported`, `not_supported`, `contradicted`, `too_little`, or `untested` where no KPIs can be compared.
    pub evidence: Code,
}
