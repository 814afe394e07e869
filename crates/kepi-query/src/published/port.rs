//! The port of published values: where runs leave what they computed, and where readers find it.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::civil::Date;
use kepi_model::{
    calendar::Grain,
    id::{EntityId, Hash, InvalidName, KpiId, ScorecardId, SourceId},
};
use serde::{Deserialize, Serialize};

use super::{
    changes::{Changed, Counts},
    table::{Form, GRAINS, Table, grain_text},
};
use crate::{
    landing::{NotLanded, PortError},
    port::{EngineVersion, Fut, SnapshotId},
};

/// What figures are of. Its text is `kpi/…` or `score/…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// Values of a KPI.
    Kpi(KpiId),
    /// Scores of a scorecard.
    Score(ScorecardId),
}

impl Subject {
    /// The id without its kind.
    pub fn id(&self) -> &str {
        match self {
            Self::Kpi(id) => id.as_str(),
            Self::Score(id) => id.as_str(),
        }
    }
    /// The table that holds its figures.
    pub fn form(&self) -> &'static Form {
        match self {
            Self::Kpi(_) => &super::VALUE,
            Self::Score(_) => &super::SCORE,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kpi(id) => write!(f, "kpi/{id}"),
            Self::Score(id) => write!(f, "score/{id}"),
        }
    }
}

impl FromStr for Subject {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.split_once('/') {
            Some(("kpi", id)) => Ok(Self::Kpi(id.parse()?)),
            Some(("score", id)) => Ok(Self::Score(id.parse()?)),
            _ => Err(InvalidName(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> String {
        subject.to_string()
    }
}

/// What a run rests on, said once for all its figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPins {
    /// Position of the last adoption in the register of definitions.
    pub register: u64,
    /// The pin of the definitions.
    pub definition: Hash,
    /// The lake.
    pub lake: String,
    /// Version of its tables.
    pub snapshot: SnapshotId,
    /// Who computed the states.
    pub engine: EngineVersion,
    /// Zone, week and fiscal year.
    pub calendar: Hash,
    /// Version of the time-zone data.
    pub zones: String,
    /// How far the data of each entity reached, µs UTC.
    pub watermarks: BTreeMap<EntityId, i64>,
}

/// What a run says of one subject at one grain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// KPI or scorecard.
    pub subject: Subject,
    /// Grain.
    pub grain: Grain,
    /// Hash of its definition.
    pub definition: Hash,
    /// Hash of the sources that feed it; of a scorecard that of what its KPIs are.
    pub mapping: Hash,
    /// First days of the first and the last period that have a figure.
    pub span: Option<(Date, Date)>,
    /// Newest snapshot that changed a landed table it reads.
    pub changed: SnapshotId,
    /// Why the run could not renew it; then it does not vouch for it, and what was said before stays.
    pub not_renewed: Option<String>,
}

impl Vouched {
    /// Whether it is of this subject, by its id, and grain.
    pub fn is_of(&self, subject: &str, grain: &str) -> bool {
        self.subject.id() == subject && grain_text(self.grain) == grain
    }
    /// Its grain as stored.
    pub fn grain_text(&self) -> &'static str {
        grain_text(self.grain)
    }
    /// What [`Self::grain_text`] stands for.
    pub fn read_grain(text: &str) -> Option<Grain> {
        GRAINS.into_iter().find(|grain| grain_text(*grain) == text)
    }
}

/// A run that is to be published.
#[derive(Debug)]
pub struct NewRun<'a> {
    /// Its number, from [`Values::begin`].
    pub number: i64,
    /// Who runs it.
    pub actor: &'a str,
    /// When, µs UTC.
    pub at: i64,
    /// What it rests on.
    pub pins: &'a RunPins,
    /// What it says, by subject and grain; each once.
    pub vouched: &'a [Vouched],
    /// All figures it computed, by form.
    pub figures: &'a [Table],
}

/// What analyses say of the figures of a run, to be published.
#[derive(Debug)]
pub struct NewInsights<'a> {
    /// The run, which must be the newest.
    pub run: &'a Run,
    /// Version of the analyses.
    pub version: u32,
    /// Who publishes.
    pub actor: &'a str,
    /// When, µs UTC.
    pub at: i64,
    /// All that they say, by form; each table sorted by key. What is published and not among them is withdrawn.
    pub tables: &'a [Table],
}

/// A published run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub number: i64,
    /// Position of its `run.published` in the log: what orders runs.
    pub seq: i64,
    /// When it was published, µs UTC.
    pub at: i64,
    /// What it rests on.
    pub pins: RunPins,
}

/// How long a published run took, or looking at a source in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTime {
    /// The run.
    pub run: i64,
    /// When it began, µs UTC.
    pub at: i64,
    /// The source; none: the run itself, until it was published.
    pub source: Option<SourceId>,
    /// How long, µs.
    pub took: i64,
}

/// What publishing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Position of `run.published`.
    pub seq: i64,
    /// By form, in the order of [`NewRun::figures`].
    pub counts: Vec<Counts>,
    /// What changed of each form, segments apart.
    pub changed: Vec<Vec<Changed>>,
}

/// Why a run is not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A later run has newer data.
    #[error(
        "`{subject}` was published meanwhile from newer data (snapshot {theirs}, this run has {ours}); run again",
        theirs = theirs.0, ours = ours.0
    )]
    Overtaken {
        /// What it is about.
        subject: Subject,
        /// Newest snapshot that this run saw of its tables.
        ours: SnapshotId,
        /// Newest snapshot that the published one saw.
        theirs: SnapshotId,
    },
    /// Other runs were published each time that this one was about to be.
    #[error("other runs are being published all the time; run again")]
    Busy,
    /// Store or file system refused.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Where published figures are.
pub trait Values: Send + Sync {
    /// Allots the number of a run that begins at `at`, in µs UTC.
    fn begin(&self, at: i64) -> Fut<'_, Result<i64, PortError>>;
    /// Publishes a run: its files first, then its pins, what it vouches for, the files' names and the event in one
    /// transaction.
    fn publish<'a>(&'a self, run: NewRun<'a>) -> Fut<'a, Result<Published, PublishError>>;
    /// Publishes insights of the newest run: files first, then their names, the event and how far insights have come in one
    /// transaction. False: another run was published meanwhile, and nothing was done.
    fn publish_insights<'a>(&'a self, insights: NewInsights<'a>) -> Fut<'a, Result<bool, PublishError>>;
    /// Position of the newest run whose insights are published; 0: none.
    fn insights_reach(&self) -> Fut<'_, Result<i64, PortError>>;
    /// Records how long a published run took, and looking at each source in it, µs, and what of these it could not land.
    fn record_looks<'a>(
        &'a self,
        run: i64,
        took: &'a [(Option<SourceId>, i64)],
        not_landed: &'a [NotLanded],
    ) -> Fut<'a, Result<(), PortError>>;
    /// What did not land when a published run last looked at its source, with when that was, µs UTC; by source and file.
    fn not_landed(&self) -> Fut<'_, Result<Vec<(i64, NotLanded)>, PortError>>;
    /// How long published runs took, and looking at sources in those after an instant, µs UTC; oldest first, nothing of those of
    /// which that was not recorded.
    fn times(&self, looks_after: i64) -> Fut<'_, Result<Vec<RunTime>, PortError>>;
    /// When published runs last looked at sources, µs UTC.
    fn last_looks(&self) -> Fut<'_, Result<BTreeMap<SourceId, i64>, PortError>>;
    /// Published runs up to a position of the log, or all; oldest first.
    fn runs(&self, up_to: Option<i64>) -> Fut<'_, Result<Vec<Run>, PortError>>;
    /// What stands as of a position of the log, or now: of each subject and grain the run that vouches for it and what
    /// it said, with the reason if the newest run could not renew it.
    fn vouched(&self, up_to: Option<i64>) -> Fut<'_, Result<Vec<(i64, Vouched)>, PortError>>;
    /// The newest row of each key, of some subjects or all, sorted by key; also those that say *withdrawn*.
    fn newest<'a>(
        &'a self,
        form: &'static Form,
        subjects: Option<&'a [String]>,
    ) -> Fut<'a, Result<Table, PortError>>;
    /// The rows of runs after a position of the log, sorted by key and then by the order of runs.
    fn after(&self, form: &'static Form, position: i64) -> Fut<'_, Result<Table, PortError>>;
    /// As [`Self::newest`], as it stood at a position of the log.
    fn as_of<'a>(
        &'a self,
        form: &'static Form,
        position: i64,
        subjects: Option<&'a [String]>,
    ) -> Fut<'a, Result<Table, PortError>>;
    /// Every row of a subject, sorted by key and then by the order of runs; of one period, by its first day, or all.
    fn history<'a>(
        &'a self,
        form: &'static Form,
        subject: &'a str,
        period: Option<Date>,
    ) -> Fut<'a, Result<Table, PortError>>;
}
