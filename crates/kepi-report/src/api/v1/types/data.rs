//! The answers about sources and quarantine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Code, Named, Person, Project};
use crate::trace::FoundRow;

/// Rows by what became of them: read = out of scope + landed; landed = accepted + superseding + quarantined + duplicate + erased.
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
    /// Of rows that were erased before; left out: none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub erased: u64,
}

fn is_none(n: &u64) -> bool {
    *n == 0
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
    /// What was posted and waits under names to which nothing is posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stranded: Vec<StrandedPosts>,
    /// Rules about data sets, those that do not hold first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_rules: Vec<DataRule>,
    /// Entities whose rows are composed of several sources: what these say against each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discrepancies: Vec<Discrepancies>,
    /// How far sources are to be relied on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reliability: Vec<Reliability>,
    /// What was promised of data, by source, unit and period, and how it was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promises: Vec<Promise>,
    /// What units owed by month, and how it was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<Service>,
    /// What looking at sources costs, and a run in all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<SourceCost>,
}

/// What was posted and waits under a name to which nothing is posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrandedPosts {
    /// The name.
    pub source: String,
    /// Rows that wait.
    pub rows: u64,
    /// Their bytes on the disk.
    pub bytes: u64,
}

/// What looking at a source costs, or a run in all, as measured of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceCost {
    /// The source; left out: a run in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Named>,
    /// When runs look at it, in words; left out: at every run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Runs it is measured of.
    pub times: u64,
    /// How often a day that was; left out: there was one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a_day: Option<f64>,
    /// How long it takes, the median.
    pub microseconds: i64,
    /// What other frequencies would cost.
    pub would: Vec<FrequencyCost>,
}

/// What a frequency would cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrequencyCost {
    /// How often, in words.
    pub how_often: String,
    /// How long a day.
    pub microseconds_a_day: i64,
    /// Whether one is done before the next begins.
    pub fits: bool,
}

/// How far a source is to be relied on, over the last year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// The source.
    pub source: Named,
    /// The share of deliveries that were to come and came, late or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete: Option<f64>,
    /// The share of those that came in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_time: Option<f64>,
    /// The share of landed rows that were not set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<f64>,
    /// The share of landed rows that correct no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncorrected: Option<f64>,
    /// 100 times the product of those that are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Seconds from the newest of what a file says to when it landed, the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected: Option<i64>,
    /// Seconds from when something landed to when a run had published its figures, the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processed: Option<i64>,
    /// In how many seconds that is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<i64>,
    /// How often it was not.
    pub too_slow: u64,
}

/// What was promised of data in a period, and how it was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// The source.
    pub source: Named,
    /// The unit that promised it; left out: whoever answers for the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Named>,
    /// What, in words.
    pub promise: String,
    /// The period.
    pub period: String,
    /// How often it was due.
    pub due: u64,
    /// How often it was kept.
    pub kept: u64,
    /// How often it came too late.
    pub late: u64,
    /// How often it did not come.
    pub missed: u64,
    /// The longest delay of what came too late, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<i64>,
    /// The service level: which share is to be kept, from 0 to 1; left out: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<f64>,
    /// Whether it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<bool>,
}

/// What a unit owed in a month, all sources together, and how it was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The unit; left out: what is owed by no unit, but by whoever answers for the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Named>,
    /// The month.
    pub period: String,
    /// Whether it is over.
    pub over: bool,
    /// How often something was due.
    pub due: u64,
    /// How often it was kept.
    pub kept: u64,
    /// How often it came too late.
    pub late: u64,
    /// How often it did not come.
    pub missed: u64,
    /// Of how many sources a service level is agreed.
    pub levels: u64,
    /// Sources below theirs, in words.
    pub below: Vec<String>,
}

/// What sources of one entity say against each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Discrepancies {
    /// The entity.
    pub entity: Named,
    /// Its sources, the one that is believed first at the head.
    pub precedence: Vec<Named>,
    /// Rows that more than one source knows.
    pub shared: u64,
    /// Values that are overruled.
    pub overruled: u64,
    /// How often one source is believed against another.
    pub counts: Vec<Overruled>,
    /// Values that are overruled, by key and attribute, at most a thousand; none for who may not see rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Discrepancy>,
}

/// How often one source is believed against another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overruled {
    /// The attribute.
    pub attribute: Named,
    /// Who is believed.
    pub believed: Named,
    /// Who is not.
    pub overruled: Named,
    /// How often.
    pub values: u64,
}

/// A value that is overruled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Discrepancy {
    /// The key of the row.
    pub key: String,
    /// The attribute.
    pub attribute: Named,
    /// What holds, and where it stands.
    pub believed: FoundRow,
    /// What another source says, and where it stands.
    pub overruled: FoundRow,
}

/// A rule about a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataRule {
    /// Id and name.
    pub rule: Named,
    /// The KPI that measures it.
    pub kpi: Named,
    /// What it must be, in words.
    pub bound: String,
    /// `warn`, `distrust`.
    pub otherwise: Code,
    /// The dimension whose segments are judged apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Periods that could be judged; with `by`, segments of periods.
    pub judged: usize,
    /// Those in which it does not hold, newest first; with `by`, the member stands behind the period: `2026-03 (apac)`.
    pub broken_in: Vec<String>,
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
    /// How it delivers.
    pub delivery: Delivery,
    /// What did not land when a run last looked at it; left out where all did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_landed: Vec<NotLanded>,
    /// Rows.
    pub rows: Rows,
    /// Files landed, newest first.
    pub loads: Vec<Load>,
    /// Values that are missing, by attribute and reason.
    pub missing: Vec<Missing>,
    /// What the newest file says of its columns, by name; left out where it says nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What the values of the newest file are like; left out where nothing is known of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<Profile>,
    /// Columns that came or went, in words.
    pub drift: Vec<String>,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// Something of a source that did not land when a run last looked at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotLanded {
    /// The file; left out: the source has none, or its files cannot be listed or fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Why, with the way out.
    pub reason: String,
    /// When it was looked at, RFC 3339.
    pub looked_at: String,
}

/// What the values of an attribute are like in the newest file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Id and name.
    pub attribute: Named,
    /// Rows that could be read.
    pub rows: u64,
    /// The share of them without a value.
    pub missing_share: f64,
    /// The median of that share in the loads before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_missing_share: Option<f64>,
    /// Different values among the rows looked at.
    pub distinct: u64,
    /// Rows looked at.
    pub looked_at: u64,
    /// Least, quartiles and greatest of numbers and times, as they are written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spread: Vec<String>,
}

/// How a source delivers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// `nothing yet`, `stopped`, `late`, `on time`, `landed`.
    pub state: Code,
    /// When something new last came, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Rows in scope of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The median of those before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_rows: Option<u64>,
    /// When it is expected, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// When the next is due, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Seconds that it is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_seconds: Option<i64>,
    /// How far fetching has come, as JSON in a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bookmark: Option<String>,
    /// What was posted to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted: Option<Posted>,
}

/// What was posted to a source so far, on the machine that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// Deliveries that were kept and acknowledged.
    pub taken: u64,
    /// Rows in them.
    pub rows: u64,
    /// Deliveries that were repeated.
    pub repeated: u64,
    /// Deliveries that were refused.
    pub refused: u64,
    /// When one was last kept, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_taken: Option<String>,
    /// When one was last refused, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_refused: Option<String>,
    /// Why that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_refused: Option<String>,
    /// Bytes that have not landed yet.
    pub waiting_bytes: u64,
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
