//! The answers about KPIs: their list, and one in full.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Code, ItemChild, Kpi, Named, Person, Project, Reason, Target, Value};

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
    /// What analyses say of the period, over all rows; left out for a segment or unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub insights: Vec<Insight>,
    /// The KPI in this period, with all of its history.
    pub kpi: Kpi,
    /// This period by the segments within what is shown: members by dimension; by several together, joined by `;`, where they
    /// are crossed.
    pub dimensions: BTreeMap<String, Vec<Member>>,
    /// The KPIs that it is computed of, as they entered the value; empty for one that is measured on rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    /// KPIs that it says are to be shown beside its values, of the same period and rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Beside>,
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
    /// What people said in place of computed values, or did, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// What was said of it, the newest period first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commentary: Vec<Commentary>,
    /// What is open about its figures: alerts, plans, post-mortems, disputes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<ItemChild>,
    /// Items that say that the figure is not right, and have no answer yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputed: Vec<u64>,
    /// That it comes to its end, or did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// KPIs whose place it takes, with their figures on its level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub succeeds: Vec<Succeeds>,
    /// Figures that are no longer computed.
    pub withdrawn: Vec<Withdrawal>,
    /// What the figures rest on and is not so any more.
    pub moved_on: Vec<String>,
    /// Why the newest run could not renew them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_renewed: Option<String>,
    /// Sources that feed it and are late, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<String>,
}

/// That a KPI comes to its end, or did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// `deprecated`, `sunset`, `shadow` (nothing takes its place) or `retired`.
    pub state: String,
    /// First day on which it is not to be used.
    pub sunset: String,
    /// First day of which it has no figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<String>,
    /// What is to be used instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<Named>,
    /// How that lies to it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<String>,
    /// The same in figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridged: Option<Bridged>,
}

/// A KPI whose place another one takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Succeeds {
    /// Which.
    pub kpi: Named,
    /// How the other one lies to it, in words.
    pub bridge: String,
    /// The same in figures.
    pub bridged: Bridged,
}

/// How far what is to be used instead lies from a KPI, and its figures on that level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bridged {
    /// New less old, on average over periods that have both; none between two scales.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Value>,
    /// By how much that differs from period to period besides chance: a standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub varies: Option<f64>,
    /// Figures of periods that the new one has none of, on its level, the newest first.
    pub moved: Vec<Moved>,
}

/// A figure on the level of another KPI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// The period.
    pub period: String,
    /// The value there.
    pub value: Value,
}

/// A KPI that another one is computed of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its name in the formula.
    pub name: String,
    /// The KPI.
    pub kpi: Named,
    /// Its period.
    pub period: String,
    /// Its segment, as queries take it; empty for the total.
    pub segment: String,
    /// Its value, at the confidence of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value: Option<Reason>,
    /// In an index: what it adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// A KPI that is shown beside another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// The KPI.
    pub kpi: Named,
    /// Its value, at the confidence of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value: Option<Reason>,
    /// Share of its cases that entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
}

/// What a KPI adds to an index, in points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its share of the index, of 1.
    pub weight: f64,
    /// Its points, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<f64>,
    /// What it adds; all parts sum to the index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adds: Option<f64>,
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

/// What `kepi analyse` says of a KPI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Insights {
    /// Its id.
    pub kpi: String,
    /// The period.
    pub period: String,
    /// What analyses say.
    pub insights: Vec<Insight>,
}

/// What an analysis says of the period, over all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Insight {
    /// Its name.
    pub analysis: String,
    /// Its version.
    pub version: u32,
    /// What it answers.
    pub question: String,
    /// `yes`, `no`, `contrary`, `unknown`.
    pub verdict: Code,
    /// In sentences.
    pub says: Vec<String>,
    /// How many series were compared.
    pub looked_at: u64,
    /// What was checked.
    pub checks: Vec<Check>,
    /// The figures that the sentences rest on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exhibit: Option<Exhibit>,
}

/// What was checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What.
    pub check: String,
    /// Whether it holds.
    pub holds: bool,
}

/// A table of figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exhibit {
    /// What its columns are.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<ExhibitRow>,
}

/// A row of figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExhibitRow {
    /// What they are of.
    pub of: String,
    /// The figures, a column each.
    pub figures: Vec<f64>,
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
    /// That target, where it is for a segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// In words.
    pub words: String,
    /// As a formula.
    pub formula: String,
    /// The window that a value is made from, where it is not the period: `12 months`. Neighbouring values then share rows: they
    /// overlap and are not independent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// As written.
    pub code: String,
    /// File and line.
    pub place: String,
    /// Hash of its meaning.
    pub hash: String,
    /// Of a KPI that changed with time: the first day of the wording in force in the period, or `ever`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force_from: Option<String>,
    /// Where values begin to mean something else, the newest first: values before and after are not compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<Break>,
    /// When it is published.
    pub gates: Vec<String>,
    /// What is said of periods without data, where that is anything: `taken as zero, and marked so`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_data: Option<String>,
    /// What is seen of it by whoever does not answer for it, where that is not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication: Option<String>,
    /// What the data may be used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// A place in a series from which on its values mean something else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Break {
    /// The first period that is computed otherwise.
    pub period: String,
    /// The first day of the new wording.
    pub from: String,
    /// What was measured before, in words.
    pub before: String,
    /// What is measured since.
    pub after: String,
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

/// What was said of a KPI in a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Commentary {
    /// The item.
    pub item: u64,
    /// The period.
    pub period: String,
    /// The name of the unit; left out: of all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Who said it.
    pub by: Vec<String>,
    /// When, RFC 3339.
    pub at: String,
    /// Its parts.
    pub parts: Vec<super::ItemPart>,
    /// Whether others have read it.
    pub read: bool,
}

/// What people said in place of a computed value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Override {
    /// The item that decided it.
    pub item: u64,
    /// The period.
    pub period: String,
    /// The segment; empty for all rows.
    pub segment: String,
    /// What was said, as shown.
    pub said: String,
    /// What is computed now, as shown.
    pub computed: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// The day on which it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// `expired`, `restored`, `replaced`; left out while it is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<Code>,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_at: Option<String>,
    /// Why; left out: the text was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Who proposed it.
    pub by: Vec<String>,
    /// Who agreed to it.
    pub agreed: Vec<String>,
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
