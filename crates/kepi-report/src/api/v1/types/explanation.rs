//! The answer about how a score came about.

use serde::{Deserialize, Serialize};

use super::{Bridge, Code, MissingRule, Named, Project, Score};

/// `GET /api/v1/explain/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The project.
    pub project: Project,
    /// The scorecard.
    pub scorecard: Named,
    /// The unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Named>,
    /// The period.
    pub period: String,
    /// Periods that may be asked for, newest first.
    pub periods: Vec<String>,
    /// What a missing part does.
    pub missing: MissingRule,
    /// What moved the score since the period before, if both have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Bridge>,
    /// The whole.
    pub root: Node,
}

/// A node of an explanation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// `scorecard`, `unit`, `perspective`, `objective`, `kpi`.
    pub kind: Code,
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Its score.
    #[serde(flatten)]
    pub score: Score,
    /// Declared share of the weight of all siblings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// The share that counted, after missing siblings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_weight: Option<f64>,
    /// Points that it adds to its parent's score; siblings' add up to it exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contribution: Option<f64>,
    /// Least and greatest score, were everything missing at its worst or best.
    pub bounds: [f64; 2],
    /// How it came about, in words.
    pub steps: Vec<String>,
    /// What it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
}
