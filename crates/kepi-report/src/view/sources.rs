//! Sources, what landed of them, and the rows that did not.

use kepi_model::project::{Consequence, Mode, Otherwise};
use kepi_query::landing::{self, RowCounts};

use super::names::{Named, Person, ProjectView};
use crate::{correction::Correction, trace::FoundRow};

/// All sources.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcesView {
    /// The project.
    pub project: ProjectView,
    /// Snapshot of the lake that the counts are of; none before the first load.
    pub snapshot: Option<String>,
    /// Sum over all sources.
    pub total: RowCounts,
    /// Sources in the order of their ids.
    pub sources: Vec<SourceView>,
    /// What was posted and waits under names to which nothing is posted.
    pub stranded: Vec<landing::Stranded>,
    /// Rules about data sets, those that do not hold first.
    pub rules: Vec<DataRuleView>,
    /// Entities whose rows are screened.
    pub screens: Vec<ScreenView>,
    /// Entities whose rows are composed of several sources.
    pub discrepancies: Vec<DiscrepanciesView>,
    /// How far sources are to be relied on.
    pub reliability: Vec<ReliabilityRow>,
    /// What was promised of data, by source, unit and period, the newest first, and how it was kept.
    pub promises: Vec<PromiseRow>,
    /// What units owed by month, and how it was kept.
    pub service: Vec<ServiceRow>,
    /// What looking at sources costs, and a run in all.
    pub costs: Vec<CostRow>,
}

/// What looking at a source costs, or a run in all, as measured of runs of the last thirty days; of older ones where there are none.
#[derive(Debug, Clone, PartialEq)]
pub struct CostRow {
    /// The source; none: a run in all, from its beginning to its figures.
    pub source: Option<Named>,
    /// When runs look at it, in words; none: at every run.
    pub schedule: Option<String>,
    /// Runs it is measured of.
    pub times: u64,
    /// How often a day that was, from the first of them to the last; none: there was one only.
    pub a_day: Option<f64>,
    /// How long it takes, the median, µs.
    pub took: i64,
    /// What other frequencies would cost.
    pub would: Vec<WouldCost>,
}

/// What a frequency would cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WouldCost {
    /// How often, in words.
    pub how_often: &'static str,
    /// How long a day, µs: the median as often as that.
    pub a_day: i64,
    /// Whether one is done before the next begins.
    pub fits: bool,
}

/// How far a source is to be relied on, over the last year.
#[derive(Debug, Clone, PartialEq)]
pub struct ReliabilityRow {
    /// The source.
    pub source: Named,
    /// The share of deliveries that were to come and came, late or not; none: nobody said when.
    pub complete: Option<f64>,
    /// The share of those that came in time; none: none was to come.
    pub in_time: Option<f64>,
    /// The share of landed rows that were not set aside; none: nothing landed.
    pub accepted: Option<f64>,
    /// The share of landed rows that correct no other; none: nothing landed.
    pub uncorrected: Option<f64>,
    /// 100 times the product of those that are known; none: none is.
    pub score: Option<f64>,
    /// Seconds from the newest of what a file says to when it landed, the median of files; none: files say no time.
    pub collected: Option<i64>,
    /// Seconds from when something landed to when a run had published its figures, the median; none: nothing is published.
    pub processed: Option<i64>,
    /// In how many seconds that is to be done; none: nobody said.
    pub promised: Option<i64>,
    /// How often it was not.
    pub too_slow: u64,
}

/// What was promised of data in a period, and how it was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct PromiseRow {
    /// The source.
    pub source: Named,
    /// The unit that promised it; none: whoever answers for the source.
    pub unit: Option<Named>,
    /// What, in words.
    pub promise: String,
    /// The period, as shown.
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
    pub longest: Option<i64>,
    /// The service level: which share is to be kept, from 0 to 1; none: nobody said.
    pub level: Option<f64>,
}

impl PromiseRow {
    /// Whether the service level was kept; none: there is none, or nothing was due.
    pub fn met(&self) -> Option<bool> {
        let level = self.level.filter(|_| self.due > 0)?;
        // 19 of 20 are 95 %, whatever a division makes of it.
        Some(self.kept as f64 >= level * self.due as f64 - 1e-9)
    }
}

/// What a unit owed in a month, and how it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRow {
    /// The unit; none: what is owed by no unit, but by whoever answers for the source.
    pub unit: Option<Named>,
    /// The month, as shown.
    pub period: String,
    /// Whether it is over.
    pub is_over: bool,
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
    /// Sources below theirs, with what was kept and what was agreed, in words.
    pub below: Vec<String>,
}

/// What sources of one entity say against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct DiscrepanciesView {
    /// The entity.
    pub entity: Named,
    /// Its sources, the one that is believed first at the head.
    pub order: Vec<Named>,
    /// Rows that more than one source knows.
    pub shared: u64,
    /// Values that are overruled.
    pub overruled: u64,
    /// The same by attribute, source that is believed and source that is not.
    pub counts: Vec<OverruledView>,
    /// Each of them, by key and attribute; none for who may not see rows.
    pub all: Vec<DiscrepancyView>,
}

/// How often one source is believed against another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverruledView {
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
#[derive(Debug, Clone, PartialEq)]
pub struct DiscrepancyView {
    /// The key of the row.
    pub key: String,
    /// The attribute.
    pub attribute: Named,
    /// What holds.
    pub believed: FoundRow,
    /// What another source says.
    pub overruled: FoundRow,
}

/// What is doubtful about the rows of an entity, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenView {
    /// The entity.
    pub entity: Named,
    /// Rows that are flagged.
    pub flagged: u64,
    /// How often each sign flags.
    pub rules: Vec<(String, u64)>,
    /// How many rows are in which state, in its word.
    pub states: Vec<(&'static str, u64)>,
    /// How many wait for somebody to confirm or dismiss them.
    pub waiting: u64,
    /// Where times are cut off, in words: one for each version of the questionnaire.
    pub cut_offs: Vec<String>,
}

/// A rule about a data set, and where it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRuleView {
    /// The rule.
    pub rule: Named,
    /// The KPI that measures it.
    pub kpi: Named,
    /// What it must be, in words: `at least 99 %`.
    pub bound: String,
    /// The dimension whose segments are judged apart.
    pub by: Option<String>,
    /// What follows where it does not hold.
    pub otherwise: Consequence,
    /// The newest period that could be judged, and what the KPI is there.
    pub newest: Option<(String, String)>,
    /// Periods, or segments of periods, that could be judged.
    pub judged: usize,
    /// Those in which it does not hold, newest first, with what the KPI is there.
    pub broken: Vec<(String, String)>,
    /// Who answers for it.
    pub owner: Option<Person>,
}

/// A source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceView {
    /// The source.
    pub source: Named,
    /// The entity it fills.
    pub into: Named,
    /// What is read, in words: `CSV, data/2015_*.csv.gz`.
    pub from: String,
    /// How a row relates to those landed before.
    pub mode: Mode,
    /// What its data may be used for.
    pub purpose: Option<String>,
    /// Who answers for it.
    pub owner: Option<Person>,
    /// The latest event time landed, as shown; none before the first load.
    pub watermark: Option<String>,
    /// When something last landed, RFC 3339.
    pub last_landed: Option<String>,
    /// Why the newest file that was tried did not land, if it did not.
    pub stopped: Option<String>,
    /// What did not land when a run last looked at it.
    pub not_landed: Vec<NotLandedView>,
    /// How it delivers.
    pub delivery: DeliveryView,
    /// Rows by what became of them.
    pub rows: RowCounts,
    /// Files landed, newest first.
    pub loads: Vec<LoadView>,
    /// Values that are missing, by attribute and reason.
    pub missing: Vec<MissingCount>,
    /// What the newest file says of its columns, if it does: name and text.
    pub labels: Vec<(String, String)>,
    /// What the values of the newest file are like, attribute by attribute.
    pub profiles: Vec<ProfileView>,
    /// Columns that came, went or changed since the first file, in words.
    pub drift: Vec<String>,
    /// Rules in declared order.
    pub rules: Vec<RuleView>,
}

/// Something of a source that did not land when a run last looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotLandedView {
    /// The file; none: the source has none, or its files cannot be listed or fetched.
    pub file: Option<String>,
    /// Why, with the way out.
    pub reason: String,
    /// When it was looked at, RFC 3339.
    pub looked_at: String,
}

/// What the values of an attribute are like in the newest file of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileView {
    /// The attribute.
    pub attribute: Named,
    /// Rows that could be read.
    pub rows: u64,
    /// The share of them without a value.
    pub missing: f64,
    /// The median of that share in the loads before, of thirty at most; none of fewer than three.
    pub usual_missing: Option<f64>,
    /// Different values among the rows looked at.
    pub distinct: u64,
    /// Rows looked at: of many, a sample.
    pub looked_at: u64,
    /// Least, quartiles and greatest of numbers and times, as they are written.
    pub spread: Option<[String; 5]>,
}

/// How a source delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryView {
    /// How it stands.
    pub state: SourceState,
    /// When something new last came, RFC 3339: landing the same anew is no delivery.
    pub last: Option<String>,
    /// Rows in scope of that.
    pub rows: Option<u64>,
    /// The median of those before it, of thirty at most; none of fewer than three.
    pub usual_rows: Option<u64>,
    /// When it is expected, in words; none: nobody said.
    pub expected: Option<String>,
    /// When the next is due, RFC 3339; in the past if it is late.
    pub due: Option<String>,
    /// Seconds that it is late.
    pub late: Option<i64>,
    /// How far fetching has come, as JSON.
    pub bookmark: Option<String>,
    /// What was posted to it; none: nothing, or nothing is posted to it.
    pub posted: Option<PostedView>,
}

/// What was posted to a source so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedView {
    /// Deliveries that were kept and acknowledged.
    pub taken: u64,
    /// Rows in them.
    pub rows: u64,
    /// Deliveries that were repeated.
    pub repeated: u64,
    /// Deliveries that were refused.
    pub refused: u64,
    /// When one was last kept, RFC 3339.
    pub last_taken: Option<String>,
    /// When one was last refused, RFC 3339.
    pub last_refused: Option<String>,
    /// Why that was.
    pub why: Option<String>,
    /// Bytes that have not landed yet.
    pub waiting: u64,
}

/// How a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceState {
    /// Nothing of it has landed yet.
    Nothing,
    /// The newest that was tried did not land.
    Stopped,
    /// The next is due and did not come.
    Late,
    /// What was due has come.
    OnTime,
    /// It has landed; when it is to deliver nobody said.
    Landed,
}

impl SourceState {
    /// In words, which programs know it by, too.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing yet",
            Self::Stopped => "stopped",
            Self::Late => "late",
            Self::OnTime => "on time",
            Self::Landed => "landed",
        }
    }
}

/// One file landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadView {
    /// Load id.
    pub id: String,
    /// Path as read.
    pub file: String,
    /// Hash of its content, short.
    pub content: String,
    /// When it landed, RFC 3339.
    pub landed_at: String,
    /// Rows by what became of them.
    pub rows: RowCounts,
}

/// Values of an attribute that are missing, for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingCount {
    /// The attribute.
    pub attribute: Named,
    /// The reason: `blank`, `never used`.
    pub reason: String,
    /// How many rows.
    pub count: u64,
}

/// A rule and what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleView {
    /// Its name.
    pub name: String,
    /// What it demands, as written.
    pub require: String,
    /// What happens if it does not hold.
    pub otherwise: Otherwise,
    /// Rows (or files) that broke it.
    pub broken: u64,
}

/// Rows in quarantine, a page of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineView {
    /// The project.
    pub project: ProjectView,
    /// The source shown; none: all.
    pub source: Option<Named>,
    /// Sources that have rows in quarantine.
    pub sources: Vec<Named>,
    /// Counts by rule, most first; a row that breaks two rules counts for both.
    pub rules: Vec<RuleCount>,
    /// Rows on all pages.
    pub total: u64,
    /// This page, from 1.
    pub page: u64,
    /// Number of pages, at least 1.
    pub pages: u64,
    /// Rows of this page, newest load first, then by place.
    pub rows: Vec<QuarantinedRow>,
}

/// What people say by hand of rows, and where they say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionsView {
    /// The project.
    pub project: ProjectView,
    /// The source shown; none: all.
    pub source: Option<Named>,
    /// Columns that its rows are read by.
    pub columns: Vec<String>,
    /// The corrections that hold, each with when it was said, RFC 3339.
    pub corrections: Vec<(Correction, String)>,
}

/// How often a rule sent rows to quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCount {
    /// The source.
    pub source: Named,
    /// The rule.
    pub rule: String,
    /// How many rows.
    pub count: u64,
}

/// A row that did not land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// The source.
    pub source: Named,
    /// The row as the lake keeps it: place, rule, reason. What it holds must not be shown; see `text`.
    pub row: landing::QuarantinedRow,
    /// The text of the column to blame, if it may be shown: not where it fills a personal attribute.
    pub text: Option<String>,
    /// When it was set aside, RFC 3339.
    pub recorded_at: String,
}
