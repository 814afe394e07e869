//! The answers of version 1.
//!
//! Numbers are plain: shares of 1, points of 0 to 120, values in the unit that `measured_in` names. Where something is
//! missing, its field is left out and a field beside it says why. Codes are the words that `docs/reference/api.md` lists.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

/// One of a closed list of words.
pub type Code = Cow<'static, str>;

/// Something with an id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// Id, as paths and queries take it.
    pub id: String,
    /// Shown name.
    pub name: String,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// What the person does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// Why something is not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable code.
    pub code: Code,
    /// In words.
    pub text: String,
}

/// The project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Level of confidence of every interval, a share of 1.
    pub confidence: f64,
    /// Its scorecards.
    pub scorecards: Vec<Named>,
}

/// A score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// 0 to 120 points, exact to the sixth decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_score: Option<Reason>,
    /// `red`, `amber`, `green`, `blue`; `grey` without a score.
    pub status: Code,
    /// Share of the weight beneath that has a score.
    pub coverage: f64,
}

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

/// What a missing part does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingRule {
    /// `ignore`, `block`, `worst_case`.
    pub rule: Code,
    /// Less weight with a score than this share, and there is no score.
    pub minimum_coverage: f64,
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

/// A KPI that needs attention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    /// Id of the KPI.
    pub kpi: String,
    /// Its status.
    pub status: Code,
    /// What is off, in a sentence.
    pub what: String,
    /// What the data say about why.
    pub why: Vec<String>,
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
    /// Its KPIs.
    pub kpis: Vec<Kpi>,
}

/// What a value is measured in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MeasuredIn {
    /// A number of things.
    Count,
    /// A plain number.
    Number {
        /// Decimals worth showing.
        decimals: u8,
    },
    /// A share of 1.
    Share,
    /// Points of −100 to 100.
    NetPromoter,
    /// A mean answer on a scale.
    Rating {
        /// Lowest answer.
        low: i64,
        /// Highest answer.
        high: i64,
    },
    /// Major units of a currency.
    Money {
        /// ISO 4217 code.
        currency: String,
    },
    /// Microseconds.
    Duration,
    /// So many per so many.
    Rate {
        /// The denominator.
        per: u64,
    },
}

/// A value with what is known about its precision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// The estimate.
    pub point: f64,
    /// All digits of a sum that `point` has not room for, in plain decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// As shown: `80.4 %`.
    pub text: String,
    /// Lower end of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Why there is no interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_interval: Option<Reason>,
    /// Cases behind it.
    pub n: u64,
    /// Effective number of cases, where weights make it smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_n: Option<f64>,
}

/// A line of a target: one value, or lower and upper end where better is `in_range`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// One value.
    One(f64),
    /// Lower and upper end.
    Range([f64; 2]),
}

/// A target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// First day it holds.
    pub from: String,
    /// Id of the unit it is for; left out: for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Score 0; left out: the slope from threshold to target goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<Line>,
    /// Score 50.
    pub threshold: Line,
    /// Score 100.
    pub target: Line,
    /// Score 120.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stretch: Option<Line>,
    /// `history`, `benchmark`, `expectation`, `capability`, `negotiated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<Code>,
    /// What it rests on, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// A change since the last final value before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The difference.
    pub difference: f64,
    /// The period compared with.
    pub since: String,
    /// `signal`, `within_variation`, `no_verdict`.
    pub verdict: Code,
    /// By what: `sampling` (the interval of the difference), `counting` (chance alone moves a number of events), `history` (its
    /// own moves from period to period), `nothing`.
    pub judged_by: Code,
    /// Whether it goes the good way; left out where neither way is good and for no change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub favourable: Option<bool>,
}

/// A KPI in a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kpi {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// What its value is measured in.
    pub measured_in: MeasuredIn,
    /// `higher`, `lower`, `in_range`.
    pub better: Code,
    /// `leading`, `lagging`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indicator: Option<Code>,
    /// Share of the objective's weight; left out outside a scorecard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value: Option<Reason>,
    /// `red`, `amber`, `green`, `blue`; `grey` without value or target.
    pub status: Code,
    /// Probability that the true value lies in the band of the status, where the interval tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// 0 to 120 points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Why a value has no score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_score: Option<Reason>,
    /// The target in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// Why a value has no change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_change: Option<Reason>,
    /// Share of the cases that should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// `final`, `provisional`; left out where nothing was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finality: Option<Code>,
    /// Whether it was published as final before, with another value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restated: bool,
    /// The last day to which its data reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_until: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accountable: Option<Person>,
    /// The last periods up to the one asked for, oldest first, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<HistoryPoint>>,
}

/// A KPI in a period of its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryPoint {
    /// The period.
    pub period: String,
    /// The estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<f64>,
    /// Lower end of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Code of the reason for no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value: Option<Code>,
    /// Against the target of that period.
    pub status: Code,
    /// `final`, `provisional`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finality: Option<Code>,
}

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

/// `GET /api/v1/kpis`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KpiList {
    /// The project.
    pub project: Project,
    /// All KPIs that have values, each in its newest period.
    pub kpis: Vec<ListedKpi>,
}

/// A KPI of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListedKpi {
    /// Id of the perspective it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perspective: Option<String>,
    /// Id of the objective it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<String>,
    /// The period.
    pub period: String,
    /// The KPI.
    #[serde(flatten)]
    pub kpi: Kpi,
}

/// `GET /api/v1/kpis/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KpiInFull {
    /// The project.
    pub project: Project,
    /// In plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The perspective it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perspective: Option<Named>,
    /// The objective it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<Named>,
    /// Scorecards that use it.
    pub scorecards: Vec<Named>,
    /// The unit asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Named>,
    /// The segment asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<Named>,
    /// The period.
    pub period: String,
    /// Periods that may be asked for, newest first.
    pub periods: Vec<String>,
    /// The KPI in this period, with all of its history.
    pub kpi: Kpi,
    /// This period by the segments within what is shown: members by dimension; by several together, joined by `;`, where they
    /// are crossed.
    pub dimensions: BTreeMap<String, Vec<Member>>,
    /// What the value is.
    pub definition: Definition,
    /// What the value was computed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pins: Option<Pins>,
    /// What entered and what did not.
    pub quality: Quality,
    /// Who does what.
    pub people: People,
    /// What is taken for granted.
    pub assumptions: Vec<String>,
    /// All targets, newest first.
    pub targets: Vec<Target>,
    /// Values that were final and were published with others since.
    pub restatements: Vec<Restatement>,
    /// Figures that are no longer computed.
    pub withdrawn: Vec<Withdrawal>,
    /// What the figures rest on and is not so any more.
    pub moved_on: Vec<String>,
    /// Why the newest run could not renew them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_renewed: Option<String>,
}

/// A figure that is no longer computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// The period.
    pub period: String,
    /// The segment, as queries take it; empty for the total.
    pub segment: String,
    /// What it was, and when that was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// When it was withdrawn, RFC 3339.
    pub withdrawn_at: String,
    /// Why.
    pub reason: Reason,
}

/// A member of a dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The segment, as queries take it.
    pub segment: String,
    /// Shown name.
    pub name: String,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value: Option<Reason>,
    /// Against the target that holds for it.
    pub status: Code,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// In words.
    pub words: String,
    /// As a formula.
    pub formula: String,
    /// As written.
    pub code: String,
    /// File and line.
    pub place: String,
    /// Hash of its meaning.
    pub hash: String,
    /// When it is published.
    pub gates: Vec<String>,
    /// What the data may be used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// What a value was computed from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pins {
    /// Hash of the definition.
    pub definition: String,
    /// Snapshot of the lake.
    pub snapshot: String,
    /// Engine and version.
    pub engine: String,
    /// Hash of the states.
    pub states: String,
    /// When it was published, RFC 3339.
    pub computed_at: String,
    /// The command that recomputes and compares it.
    pub reproduce: String,
}

/// What entered a value and what did not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Cases.
    pub n: u64,
    /// Effective number of cases, where weights make it smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_n: Option<f64>,
    /// Rows of the population that did not enter, by reason.
    pub left_out: Vec<LeftOut>,
    /// Rows in quarantine of the sources behind it.
    pub quarantined: u64,
    /// Those sources.
    pub sources: Vec<Named>,
}

/// Rows that did not enter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Why.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// Who does what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct People {
    /// Exactly one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accountable: Option<Person>,
    /// Who does the work.
    pub responsible: Vec<Person>,
    /// Who is asked.
    pub consulted: Vec<Person>,
    /// Who is told.
    pub informed: Vec<Person>,
}

/// A value that was final and was published with another since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Restatement {
    /// The period.
    pub period: String,
    /// The segment, as queries take it; left out for the total.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub segment: String,
    /// As published, with the time.
    pub published: String,
    /// As it is now.
    pub now: String,
    /// When it was noticed, RFC 3339.
    pub noticed_at: String,
    /// Why.
    pub reason: String,
}

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
    /// What the data say: `untested`.
    pub evidence: Code,
}

/// Rows by what became of them: read = out of scope + landed; landed = accepted + superseding + quarantined + duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// Read from files.
    pub read: u64,
    /// Left out by the source's `only`.
    pub out_of_scope: u64,
    /// In scope.
    pub landed: u64,
    /// New.
    pub accepted: u64,
    /// New versions of known rows.
    pub superseding: u64,
    /// Rejected and kept.
    pub quarantined: u64,
    /// The same as known rows.
    pub duplicate: u64,
}

/// `GET /api/v1/sources`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sources {
    /// The project.
    pub project: Project,
    /// Snapshot of the lake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// Rows of all sources.
    pub total: Rows,
    /// The sources.
    pub sources: Vec<Source>,
}

/// A source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Id and name.
    pub source: Named,
    /// The entity it fills.
    pub into: Named,
    /// What is read, in words.
    pub from: String,
    /// `append`, `upsert`, `snapshot`.
    pub mode: Code,
    /// What its data may be used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Person>,
    /// The last day to which the data of its entity reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_until: Option<String>,
    /// When something last landed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_landed: Option<String>,
    /// Rows.
    pub rows: Rows,
    /// Files landed, newest first.
    pub loads: Vec<Load>,
    /// Values that are missing, by attribute and reason.
    pub missing: Vec<Missing>,
    /// Columns that came or went, in words.
    pub drift: Vec<String>,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// One file landed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Id.
    pub id: String,
    /// Path.
    pub file: String,
    /// Hash of its content, short.
    pub content: String,
    /// When, RFC 3339.
    pub landed_at: String,
    /// Rows.
    pub rows: Rows,
}

/// Missing values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Missing {
    /// The attribute.
    pub attribute: Named,
    /// The declared reason.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// A rule and how often it was broken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it demands, as written.
    pub require: String,
    /// `warn`, `quarantine`, `stop`.
    pub otherwise: Code,
    /// Rows or files that broke it.
    pub broken: u64,
}

/// `GET /api/v1/quarantine`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quarantine {
    /// The project.
    pub project: Project,
    /// The source asked for; left out: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Named>,
    /// Sources that have rows in quarantine.
    pub sources: Vec<Named>,
    /// Rows by rule, most first; a row that breaks two counts for both.
    pub rules: Vec<BrokenRule>,
    /// Rows on all pages.
    pub total: u64,
    /// This page, from 1.
    pub page: u64,
    /// Number of pages.
    pub pages: u64,
    /// Rows of this page.
    pub rows: Vec<QuarantinedRow>,
}

/// How often a rule sent rows to quarantine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BrokenRule {
    /// The source.
    pub source: Named,
    /// The rule.
    pub rule: String,
    /// How many rows.
    pub count: u64,
}

/// A row that did not land.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuarantinedRow {
    /// The source.
    pub source: Named,
    /// The rule it broke, or the step that failed.
    pub rule: String,
    /// Why, in words.
    pub reason: String,
    /// The file.
    pub file: String,
    /// The row in it, from 1, the header not counted.
    pub row: u64,
    /// The column to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The offending text, unless it is personal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When it was set aside, RFC 3339.
    pub recorded_at: String,
}
