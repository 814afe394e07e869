//! The ports of landing: what sources have to land, how it is read, and the lake that it lands in.
//!
//! ```text
//! Sources ──▶ Raw ──▶ BatchReader ──▶ Batch ──▶ Lake
//! ```
//!
//! A source offers raw files; each opens as a reader of typed batches; the lake lands one raw file after the other. Use
//! cases hand the one on to the other and know no format. What fetches from elsewhere leaves raw files, too: in the inbox.

mod batch;
mod erase;
mod fetch;

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    iter::Sum,
    sync::Arc,
    time::Duration,
};

use kepi_model::{
    id::{AttributeId, EntityId, Hash, RuleId, SourceId},
    project::{Otherwise, Project, Source},
};
use serde::{Deserialize, Serialize};

pub use batch::{BATCH_BYTES, BATCH_ROWS, Bad, Batch, BatchReader, Bits, Cells, Gathered, Texts, Unbound};
pub use erase::{Erased, Erasing, Erasure, Holding, Ordered};
pub use fetch::{
    Arrival, Copies, Copying, Fetched, Fetcher, Inbox, Inflow, Kept, Posted, Rows, Stamp, Stranded,
};

use crate::{
    port::{Fut, MemoryTable, PinnedColumn, PinnedInputs, SnapshotId},
    state::wire::Secret,
};

/// An error from behind a port: typed where it is raised, boxed where it crosses.
pub type PortError = Box<dyn std::error::Error + Send + Sync>;

/// What became of the rows of a file. Always `read = out_of_scope + landed()` and
/// `landed() = accepted + superseding + quarantined + duplicate + erased`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Rows in the file.
    pub read: u64,
    /// Left out by the source's `only`.
    pub out_of_scope: u64,
    /// New rows.
    pub accepted: u64,
    /// New versions of rows already there.
    pub superseding: u64,
    /// Rejected, kept with rule and reason.
    pub quarantined: u64,
    /// The same as a row already there.
    pub duplicate: u64,
    /// Of rows that were erased: they do not come back.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub erased: u64,
}

impl RowCounts {
    /// Rows in scope.
    pub fn landed(&self) -> u64 {
        self.accepted + self.superseding + self.quarantined + self.duplicate + self.erased
    }

    /// Whether the accounts close: read = out of scope + landed.
    pub fn balances(&self) -> bool {
        self.out_of_scope + self.landed() == self.read
    }
}

impl Sum for RowCounts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, more| Self {
            read: sum.read + more.read,
            out_of_scope: sum.out_of_scope + more.out_of_scope,
            accepted: sum.accepted + more.accepted,
            superseding: sum.superseding + more.superseding,
            quarantined: sum.quarantined + more.quarantined,
            duplicate: sum.duplicate + more.duplicate,
            erased: sum.erased + more.erased,
        })
    }
}

/// Stops a snapshot that lacks more keys than its source allows.
pub const DELETES: &str = "deletes_at_most";
/// Stops a snapshot that is older than one that has landed.
pub const ORDER: &str = "order_of_files";

/// How a load ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadOutcome {
    /// In the lake.
    Landed,
    /// The same content was landed before under the same definition; nothing was done.
    AlreadyLanded,
    /// A rule with `else: stop` was broken; nothing was landed.
    Stopped {
        /// The rule.
        rule: RuleId,
        /// In words.
        reason: String,
    },
}

impl LoadOutcome {
    /// Whether figures lack what did not land. A snapshot that is refused for what it lacks, or because a newer one has
    /// landed, leaves the one before it, which is whole.
    pub fn leaves_a_gap(&self) -> bool {
        matches!(self, Self::Stopped { rule, .. } if ![DELETES, ORDER].contains(&rule.as_str()))
    }
}

/// Values left out of one column for one declared reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingCount {
    /// The attribute.
    pub attribute: AttributeId,
    /// Its column in the source.
    pub column: String,
    /// The text that stood there.
    pub text: String,
    /// The declared reason.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// Whether it is a value that landed and lies off the attribute's scale: no KPI counts it as an answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off_scale: bool,
}

/// How often a rule was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCount {
    /// The rule, or a built-in one such as `type` or `key`.
    pub rule: String,
    /// What it does.
    pub otherwise: Otherwise,
    /// How often it was broken.
    pub broken: u64,
}

/// How numbers or times are spread, in the units in which they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// Least of all.
    pub least: i64,
    /// A quarter of the rows looked at has less, or this.
    pub lower: i64,
    /// Half of them.
    pub median: i64,
    /// Three quarters.
    pub upper: i64,
    /// Greatest of all.
    pub greatest: i64,
}

/// What the values of an attribute are like in a file. No value of a text stands in it, and of personal attributes
/// only how many are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The attribute.
    pub attribute: AttributeId,
    /// Rows that could be read.
    pub rows: u64,
    /// Of them without a value.
    pub missing: u64,
    /// Of how many rows the rest is: of many, a sample.
    pub looked_at: u64,
    /// Different values among them.
    pub distinct: u64,
    /// How numbers and times are spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// How many rows each stretch of numbers, or each text by its hash, has; none of texts of which there are many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<(i64, u64)>,
}

/// What one file's load did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Id of the load.
    pub load: String,
    /// Source.
    pub source: SourceId,
    /// Entity filled.
    pub entity: EntityId,
    /// Path relative to the project's folder.
    pub file: String,
    /// Hash of the file's bytes.
    pub content: Hash,
    /// Hash of the source's definition.
    pub definition: Hash,
    /// How it ended.
    pub outcome: LoadOutcome,
    /// Rows.
    pub counts: RowCounts,
    /// Values left out, by column and reason.
    pub missing: Vec<MissingCount>,
    /// Broken rules.
    pub rules: Vec<RuleCount>,
    /// Of a file that was known already under another name: that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// Of a list of keys that came with a newer one: that one says what is gone, and this one says nothing of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overtaken: bool,
    /// Rows out of scope for which the source's `only` is unknown, because a value is missing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown: u64,
    /// What else is to be known of it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// By what files of its source were ordered when it landed, and what of it decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// The corrections by hand that it was read with: positions in the log, in the order of their rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<u64>,
    /// Rows that refer to others because it says what was merged, by entity.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub followed: BTreeMap<EntityId, u64>,
    /// What the file itself says of its columns: name and text, such as the questions of a survey.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<(String, String)>,
    /// What its values are like, attribute by attribute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<Profile>,
    /// Columns that came or went since the source's last load, in words.
    pub drift: Vec<String>,
    /// The snapshot that holds it.
    pub snapshot: Option<SnapshotId>,
    /// When, in µs UTC.
    pub at: i64,
}

/// What a source has delivered, whatever became of its definition since: landing the same anew is no delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// When each content first landed, in µs UTC, and its rows in scope; the oldest first.
    pub deliveries: Vec<(i64, u64)>,
    /// How far fetching has come, as JSON; none of a source that is not fetched.
    pub bookmark: Option<String>,
}

/// What of a source could not be landed, and why. Nothing of it is in the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotLanded {
    /// Source.
    pub source: SourceId,
    /// Entity that it would have filled.
    pub entity: EntityId,
    /// Path relative to the project's folder; none: the source has no file, or its files cannot be listed.
    pub file: Option<String>,
    /// Why, with the way out.
    pub reason: String,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// By what a file stands in order with others of its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What decides: `name`, `modification time`, ``column `x` ``.
    pub by: String,
    /// Its value; compared as [`natural`] does.
    pub value: String,
}

/// Natural order: runs of digits by the number they write, everything else by its characters. Texts that differ in
/// leading zeros only are equal.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (da, db) = (digits(a), digits(b));
        if da > 0 && db > 0 {
            let (x, rest_a) = a.split_at(da);
            let (y, rest_b) = b.split_at(db);
            let (x, y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
            match x.len().cmp(&y.len()).then(x.cmp(y)) {
                Ordering::Equal => (a, b) = (rest_a, rest_b),
                other => return other,
            }
            continue;
        }
        let (mut in_a, mut in_b) = (a.chars(), b.chars());
        match (in_a.next(), in_b.next()) {
            (Some(x), Some(y)) if x == y => (a, b) = (in_a.as_str(), in_b.as_str()),
            (x, y) => return x.cmp(&y),
        }
    }
}

/// A rejected row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedRow {
    /// Id of the load.
    pub load: String,
    /// Source.
    pub source: SourceId,
    /// Path relative to the project's folder.
    pub file: String,
    /// Row number in the file, from 1, header not counted.
    pub row: u64,
    /// The rule, or a built-in one such as `type` or `key`.
    pub rule: String,
    /// In words, with the offending text.
    pub reason: String,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// The row as it stood, as JSON.
    pub raw: String,
}

/// A cell that somebody has said otherwise by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectedCell {
    /// What stood there, as it is shown: of what is personal, that it is; none: nothing.
    pub was: Option<String>,
    /// What stands there now; none: nothing.
    pub is: Option<String>,
}

/// What is said by hand of a row of a raw file, by column.
pub type Corrections = BTreeMap<String, CorrectedCell>;

/// How a row of a raw file reads with what is said of it by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Number of the row, from 1.
    pub row: u64,
    /// What rejects it, or stops its file, and why in words; what only other rows can tell, such as whether it is there twice, is not
    /// looked at.
    pub refused: Option<(String, String)>,
    /// Whether the source leaves it out.
    pub out_of_scope: bool,
    /// The row as it stands, as JSON, without what is personal.
    pub raw: String,
    /// Its instants, in µs UTC, by attribute.
    pub instants: BTreeMap<AttributeId, i64>,
}

/// Which rows of a raw file are tried.
#[derive(Debug, Clone)]
pub enum Trying {
    /// Those of some numbers.
    Rows(BTreeSet<u64>),
    /// Those that are refused; where a rule stopped the file because too many rows have no value, those that have none, too.
    Refused(Option<RuleId>),
}

/// Told how far a long work is.
pub trait Progress: Send + Sync {
    /// So many more rows are done.
    fn rows(&self, more: u64);
}

/// How a raw file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawState {
    /// Its length.
    pub bytes: u64,
    /// When it was last written, in ns since 1970 by the clock of where it stands, if that says so.
    pub modified: Option<i64>,
}

/// All that a file system says of a file without reading it. Where all of it is as it was, the file holds what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stand {
    /// Its length.
    pub bytes: u64,
    /// When it was last written, in ns since 1970. Whoever writes it can say another time.
    pub modified: i64,
    /// When anything of it was last changed, in ns since 1970. Nobody can say another time.
    pub changed: i64,
    /// Which file it is: another one under its name is another.
    pub file: (u64, u64),
}

impl Stand {
    /// Whether it has stood so for a while: else it may be changed once more at what its times say.
    #[must_use]
    pub fn has_stood(&self, now: i64, a_while: Duration) -> bool {
        let a_while = i64::try_from(a_while.as_nanos()).unwrap_or(i64::MAX);
        self.modified.max(self.changed) <= now.saturating_sub(a_while)
    }
}

/// A raw file: what a source gave, as it gave it. It lands whole, as one load, or not at all.
pub trait Raw: Send + Sync {
    /// What the ledger calls it: its path within the project.
    fn name(&self) -> &str;
    /// What of it decides which of a source's files is newer.
    fn order(&self) -> Order;
    /// How it stands now; none: it is not there.
    fn state(&self) -> Option<RawState>;
    /// How it stands, where that tells whether it holds what it held; none: it is to be read.
    fn stand(&self) -> Option<Stand> {
        None
    }
    /// Hash of its bytes.
    ///
    /// # Errors
    /// It cannot be read.
    fn content(&self) -> Result<Hash, PortError>;
    /// Whether its source still gives what it once gave under this name.
    fn is_there(&self, name: &str) -> bool;
    /// Begins to read it. It may be read as often as need be.
    ///
    /// # Errors
    /// It is not of its format.
    fn open(&self) -> Result<Box<dyn BatchReader>, PortError>;
    /// Of a raw file that was fetched: its place among those of its source. Its bookmark moves with its rows.
    fn arrival(&self) -> Option<&Arrival> {
        None
    }
}

/// The raw files of a source.
#[derive(Default)]
pub struct Offer {
    /// Those that can be landed, in the order in which they are.
    pub raw: Vec<Arc<dyn Raw>>,
    /// What should be among them but cannot be read, such as a folder or a link to nothing: its path and why.
    pub unreadable: Vec<(String, PortError)>,
}

/// What sources have to land.
pub trait Sources: Send + Sync {
    /// The raw files of a source.
    ///
    /// # Errors
    /// There is none, or they cannot be listed.
    fn offered(&self, source: &Source) -> Result<Offer, PortError>;
    /// How many files a path or pattern, relative to the project's folder, matches.
    fn matching(&self, pattern: &str) -> usize;
}

/// Rows of an entity as its sources say them.
#[derive(Debug, Clone)]
pub struct Uncomposed {
    /// Their columns.
    pub columns: Vec<PinnedColumn>,
    /// The rows.
    pub rows: MemoryTable,
}

/// The lake, as use cases see it.
pub trait Lake: Send + Sync {
    /// Identity of this lake, in every pin.
    fn id(&self) -> String;
    /// Its secret.
    fn secret(&self) -> Secret;
    /// Lands raw files of a source, one transaction a file: rows, ledger and event together or not at all. What became
    /// of each, in their order: a file that cannot be landed does not stop the others.
    ///
    /// # Errors
    /// Nothing more can be landed: the database refuses, or the disk is full.
    fn land<'a>(
        &'a self,
        project: &'a Project,
        source: &'a Source,
        raw: &'a [Arc<dyn Raw>],
        actor: &'a str,
        at: i64,
        progress: &'a dyn Progress,
    ) -> Fut<'a, Result<Vec<Result<LoadReport, PortError>>, PortError>>;
    /// All tables as of a snapshot, or of the newest one.
    fn pin<'a>(
        &'a self,
        project: &'a Project,
        snapshot: Option<SnapshotId>,
    ) -> Fut<'a, Result<PinnedInputs, PortError>>;
    /// The rows of an entity as its sources say them, before they are composed; none of one that says no precedence, or that
    /// nothing has filled yet.
    fn uncomposed<'a>(
        &'a self,
        project: &'a Project,
        entity: &'a EntityId,
        snapshot: Option<SnapshotId>,
    ) -> Fut<'a, Result<Option<Uncomposed>, PortError>>;
    /// Tables that hold, at a snapshot, what is not as it was written, and how that shows. Nothing is to be computed from
    /// them.
    fn damaged(&self, snapshot: SnapshotId) -> Fut<'_, Result<BTreeMap<EntityId, String>, PortError>>;
    /// The newest snapshot that changed the rows of each table of rows that were landed, up to a snapshot or to now.
    fn changed(
        &self,
        up_to: Option<SnapshotId>,
    ) -> Fut<'_, Result<BTreeMap<EntityId, SnapshotId>, PortError>>;
    /// Loads in order, of one source or all.
    fn loads<'a>(&'a self, source: Option<&'a SourceId>) -> Fut<'a, Result<Vec<LoadReport>, PortError>>;
    /// What each source has delivered, of those that have.
    fn delivered(&self) -> Fut<'_, Result<BTreeMap<SourceId, Delivered>, PortError>>;
    /// Looks for rows that are to be erased.
    ///
    /// # Errors
    /// There is no such entity or key, or the lake cannot be read.
    fn to_erase<'a>(
        &'a self,
        project: &'a Project,
        erasing: Erasing<'a>,
    ) -> Fut<'a, Result<Box<dyn Erasure + 'a>, PortError>>;
    /// A page of quarantined rows and how many there are in all.
    fn quarantine<'a>(
        &'a self,
        source: Option<&'a SourceId>,
        offset: u64,
        limit: u64,
    ) -> Fut<'a, Result<(Vec<QuarantinedRow>, u64), PortError>>;
    /// Reads rows of a raw file with what is said of them by hand; nothing lands.
    ///
    /// # Errors
    /// The file cannot be read by the definition of its source.
    fn tried<'a>(
        &'a self,
        project: &'a Project,
        source: &'a Source,
        raw: &'a Arc<dyn Raw>,
        said: &'a BTreeMap<u64, Corrections>,
        trying: Trying,
    ) -> Fut<'a, Result<Vec<Tried>, PortError>>;
    /// A rejected row by its place, of the latest load of its file that stands.
    fn rejected<'a>(
        &'a self,
        source: &'a SourceId,
        file: &'a str,
        row: u64,
    ) -> Fut<'a, Result<Option<QuarantinedRow>, PortError>>;
}
