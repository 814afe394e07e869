//! Sources, what landed of them, and the rows that did not.

use std::iter::Sum;

use kepi_model::project::{Mode, Otherwise};
use serde::{Deserialize, Serialize};

use super::scorecard::{Named, Person, ProjectView};

/// All sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcesView {
    /// The project.
    pub project: ProjectView,
    /// Snapshot of the lake that the counts are of; none before the first load.
    pub snapshot: Option<String>,
    /// Sum over all sources.
    pub total: RowCounts,
    /// Sources in the order of their ids.
    pub sources: Vec<SourceView>,
}

/// Rows by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowCounts {
    /// Read from files.
    pub read: u64,
    /// Out of scope by the source's own filter: counted, not landed.
    pub out_of_scope: u64,
    /// Landed: accepted + superseding + quarantined + duplicate.
    pub landed: u64,
    /// New rows.
    pub accepted: u64,
    /// Newer versions of known rows.
    pub superseding: u64,
    /// Broken a rule.
    pub quarantined: u64,
    /// Equal to a row landed before.
    pub duplicate: u64,
}

impl RowCounts {
    /// Whether the accounts close: read = out of scope + landed, and landed = its four parts.
    pub fn balances(&self) -> bool {
        let parts = [self.superseding, self.quarantined, self.duplicate];
        parts.iter().try_fold(self.accepted, |sum, part| sum.checked_add(*part)) == Some(self.landed)
            && self.out_of_scope.checked_add(self.landed) == Some(self.read)
    }
}

impl Sum for RowCounts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, more| Self {
            read: sum.read + more.read,
            out_of_scope: sum.out_of_scope + more.out_of_scope,
            landed: sum.landed + more.landed,
            accepted: sum.accepted + more.accepted,
            superseding: sum.superseding + more.superseding,
            quarantined: sum.quarantined + more.quarantined,
            duplicate: sum.duplicate + more.duplicate,
        })
    }
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Rows by what became of them.
    pub rows: RowCounts,
    /// Files landed, newest first.
    pub loads: Vec<LoadView>,
    /// Values that are missing, by attribute and reason.
    pub missing: Vec<MissingCount>,
    /// Columns that came, went or changed since the first file, in words.
    pub drift: Vec<String>,
    /// Rules in declared order.
    pub rules: Vec<RuleView>,
}

/// One file landed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingCount {
    /// The attribute.
    pub attribute: Named,
    /// The reason: `blank`, `never used`.
    pub reason: String,
    /// How many rows.
    pub count: u64,
}

/// A rule and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// How often a rule sent rows to quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCount {
    /// The source.
    pub source: Named,
    /// The rule.
    pub rule: String,
    /// How many rows.
    pub count: u64,
}

/// A row that did not land.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedRow {
    /// The source.
    pub source: Named,
    /// The rule it broke, or the step that failed.
    pub rule: String,
    /// Why, in words.
    pub reason: String,
    /// The file.
    pub file: String,
    /// The row in the file, from 1, the header not counted.
    pub row: u64,
    /// The column, if one is to blame.
    pub column: Option<String>,
    /// The offending text, if it may be shown.
    pub text: Option<String>,
    /// When it was set aside, RFC 3339.
    pub recorded_at: String,
}
