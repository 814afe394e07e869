//! The answer about a scorecard.

use serde::{Deserialize, Serialize};

use crate::operating_plan::PlanBeside;

use super::{Code, Kpi, Named, Person, Project, Score};

/// The score of a unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitScore {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Steps below the scorecard's own unit.
    pub depth: u8,
    /// Its score.
    #[serde(flatten)]
    pub score: Score,
}

/// That a score is without some units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    /// The units that are late: id, name, what becomes of each (`exclude`, `carry`, `block`, `warn`).
    pub late: Vec<LateUnit>,
    /// Whether the period was closed so.
    pub closed: bool,
    /// The score in points without them, where it is a mean of units and there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<f64>,
}

/// A unit whose data nobody attested in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LateUnit {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// What becomes of it.
    pub how: String,
}

/// What a missing part does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingRule {
    /// `ignore`, `block`, `worst_case`.
    pub rule: Code,
    /// Less weight with a score than this share, and there is no score.
    pub minimum_coverage: f64,
}

/// A unit that came to stand below another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitMove {
    /// The unit.
    pub unit: Named,
    /// Its first day there.
    pub since: String,
    /// The unit above it before; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Named>,
    /// The unit above it since; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Named>,
}

/// `GET /api/v1/scorecard`, `GET /api/v1/scorecards/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scorecard {
    /// The project.
    pub project: Project,
    /// The scorecard.
    pub scorecard: Named,
    /// The unit it is shown for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Named>,
    /// The period.
    pub period: String,
    /// The zone in which its days and periods begin, where it says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time_zone: Option<String>,
    /// How its days make weeks, months and years, where it says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub calendar: Option<String>,
    /// Of a scorecard that changed with time, the first day of the weights and KPIs that hold in the period, or `ever`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub in_force_from: Option<String>,
    /// Units that came to stand below another within the period, with their rows.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub moves: Vec<UnitMove>,
    /// Whether all values are final.
    pub complete: bool,
    /// Periods that may be asked for, newest first.
    pub periods: Vec<String>,
    /// The last day to which the data of all KPIs reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_until: Option<String>,
    /// The overall score.
    #[serde(flatten)]
    pub score: Score,
    /// Units whose data nobody attested in time, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    /// What was planned and spent for its objectives, if an operating plan says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanBeside>,
    /// What moved it since the period before, if both have a score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Bridge>,
    /// What a missing part does.
    pub missing: MissingRule,
    /// Scores of all units of the cascade, in tree order, its own first; empty without a cascade.
    pub units: Vec<UnitScore>,
    /// What needs attention, worst first.
    pub deviations: Vec<Deviation>,
    /// Perspectives in the strategy's order.
    pub perspectives: Vec<Perspective>,
}

/// From one period's score to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bridge {
    /// The earlier period.
    pub from_period: String,
    /// Its score.
    pub from: f64,
    /// What moved it; adds up to the difference exactly.
    pub steps: Vec<BridgeStep>,
    /// The later period.
    pub to_period: String,
    /// Its score.
    pub to: f64,
}

/// One step of a bridge: one effect on one part. A part without an effect has no step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BridgeStep {
    /// `perspective`, `unit`.
    pub kind: Code,
    /// Id.
    pub id: String,
    /// `performance`, `definition`, `targets`, `weights`, `coverage`.
    pub effect: Code,
    /// Points.
    pub points: f64,
    /// The KPIs behind it; they add up to it exactly.
    pub kpis: Vec<BridgeKpi>,
}

/// What one KPI brought to a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BridgeKpi {
    /// Id.
    pub kpi: String,
    /// Id of the unit over whose rows it was measured, where units are averaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The segment that it judges, where segments are judged by KPIs of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// Points.
    pub points: f64,
    /// Its own score before the step; of performance and definition that of the earlier value against today's target. Left
    /// out if it had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score_before: Option<f64>,
    /// Its own score after the step; left out if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score_after: Option<f64>,
}

/// What people say made a figure what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// The item that says it.
    pub item: u64,
    /// Why, in their words.
    pub text: String,
    /// Who said it.
    pub by: Vec<String>,
    /// Whether whoever answers for the KPI said it, or others have read it; else it is proposed.
    pub confirmed: bool,
}

/// A KPI that needs attention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    /// Id of the KPI.
    pub kpi: String,
    /// The segment that it judges, where segments are judged by KPIs of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// Its status.
    pub status: Code,
    /// What is off, in a sentence.
    pub what: String,
    /// What the data say about why.
    pub why: Vec<String>,
    /// What people say made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What is indicated.
    pub action: String,
    /// The same in a word: `look_at_data`, `wait`, `find_cause`, `keep_course`, `plan`, `watch`, `none`.
    pub advice: Code,
    /// Points that the scorecard lacks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points_lost: Option<f64>,
}

/// A perspective in a scorecard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Perspective {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Share of the scorecard's weight.
    pub weight: f64,
    /// Its score.
    #[serde(flatten)]
    pub score: Score,
    /// Points that it adds to the overall score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contribution: Option<f64>,
    /// Its objectives.
    pub objectives: Vec<Objective>,
}

/// An objective in a scorecard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Share of the perspective's weight.
    pub weight: f64,
    /// Its score.
    #[serde(flatten)]
    pub score: Score,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Person>,
    /// Its KPIs; one several times where it judges several segments.
    pub kpis: Vec<Kpi>,
    /// Segments that are judged by KPIs of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<ObjectiveSegment>,
    /// What no segment is of, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_judged: Option<String>,
}

/// A segment in an objective, with the score of what it is judged by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveSegment {
    /// Which: `plan=enterprise`.
    pub segment: String,
    /// Share of the objective's weight, in the period; missing where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Its score.
    #[serde(flatten)]
    pub score: Score,
    /// Points that it adds to the objective's score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contribution: Option<f64>,
}
