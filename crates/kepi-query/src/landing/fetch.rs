//! The ports of fetching: what brings rows from elsewhere, and the inbox that keeps them as raw files until they land, and
//! after, so that they can land anew without asking again.

use std::{collections::BTreeSet, fmt, io, sync::Arc};

use kepi_model::{
    id::{Hash, SourceId},
    project::{Project, Source},
};

use serde::{Deserialize, Serialize};

use super::{Offer, PortError, Raw};
use crate::port::Fut;

/// Takes rows, one JSON object each.
pub trait Rows: Send {
    /// The next row; no line break stands in it.
    ///
    /// # Errors
    /// There is no room for it.
    fn row(&mut self, json: &str) -> Result<(), PortError>;
}

/// What fetching once has brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// How far it has come, in words that only its fetcher understands: no secret is among them.
    pub bookmark: serde_json::Value,
    /// Whether it is everything there is, not only what is new.
    pub whole: bool,
    /// Whether there is more to fetch at once.
    pub more: bool,
}

/// Brings rows from elsewhere. It knows no lake; whatever it has brought may be thrown away and asked for again.
pub trait Fetcher: Send + Sync {
    /// Fetches the rows of a source behind a bookmark, or from the beginning.
    ///
    /// # Errors
    /// The other side cannot be reached, refuses, or gives what cannot be rows; or the rows are not taken.
    fn fetch<'a>(
        &'a self,
        project: &'a Project,
        source: &'a Source,
        from: Option<&'a serde_json::Value>,
        into: &'a mut dyn Rows,
    ) -> Fut<'a, Result<Fetched, PortError>>;
    /// Copies the objects of a source that are new or have changed. What was copied before it breaks off stays.
    ///
    /// # Errors
    /// As of fetching rows.
    fn copy<'a>(
        &'a self,
        project: &'a Project,
        source: &'a Source,
        into: &'a mut dyn Copies,
    ) -> Fut<'a, Result<(), PortError>>;
}

/// How an object of elsewhere stands: as long as this is the same, so are its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// What the other side calls its content.
    pub tag: String,
    /// Its length.
    pub bytes: u64,
}

/// A copy of an object that is being written: bytes, then how the object stood when they were read.
pub trait Copying: io::Write + Send {
    /// Completes it, in the place of the copy before, so that it survives a power cut. `modified`: when the object was
    /// last written, in seconds since 1970, if the other side says so.
    ///
    /// # Errors
    /// The disk refuses; the copy before stays.
    fn finish(self: Box<Self>, stamp: Stamp, modified: Option<i64>) -> Result<(), PortError>;
}

/// The copies of the objects of a source.
pub trait Copies: Send + Sync {
    /// How the copied object stood.
    fn known(&self, name: &str) -> Option<&Stamp>;
    /// Begins to copy an object; nothing is changed before it is finished.
    ///
    /// # Errors
    /// The disk refuses.
    fn begin(&self, name: &str) -> Result<Box<dyn Copying>, PortError>;
    /// Removes the copies of all objects but these: they are gone where they were.
    ///
    /// # Errors
    /// The disk refuses.
    fn retain(&mut self, names: &BTreeSet<String>) -> Result<(), PortError>;
}

/// A raw file that was fetched: its place among those of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// 1, 2, 3 … of those that have landed.
    pub seq: u64,
    /// What it was fetched of: another table, query or cursor is another stream.
    pub stream: Hash,
    /// How far it has come, as JSON.
    pub bookmark: String,
    /// Its rows.
    pub rows: u64,
    /// When it was fetched, µs UTC.
    pub at: i64,
}

/// What the inbox has of a source.
#[derive(Default)]
pub struct Kept {
    /// Raw files that have landed and are still there, in order.
    pub landed: Vec<Arc<dyn Raw>>,
    /// One that was fetched and has not landed yet.
    pub waiting: Option<Arc<dyn Raw>>,
    /// How far fetching has come: that of the newest that has landed of this stream.
    pub bookmark: Option<serde_json::Value>,
    /// Hash of the newest that has landed of this stream.
    pub newest: Option<Hash>,
    /// The place of the next.
    pub next: u64,
}

/// A raw file that is being written.
pub trait Inflow: Rows {
    /// Completes it, so that it survives a power cut; none if it brings nothing new.
    fn finish(
        self: Box<Self>,
        fetched: Fetched,
        at: i64,
    ) -> Fut<'static, Result<Option<Arc<dyn Raw>>, PortError>>;
    /// As what takes rows.
    fn rows(&mut self) -> &mut dyn Rows;
}

/// What was posted to a source so far, on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Posted {
    /// Deliveries that were kept and acknowledged.
    pub taken: u64,
    /// Rows in them.
    pub rows: u64,
    /// Deliveries that were known already.
    pub repeated: u64,
    /// Deliveries that were refused.
    pub refused: u64,
    /// When one was last kept, µs UTC.
    pub last_taken: Option<i64>,
    /// When one was last refused, µs UTC.
    pub last_refused: Option<i64>,
    /// Why that was, in words that quote nothing of it.
    pub why: Option<String>,
    /// Bytes that have not landed yet.
    #[serde(skip)]
    pub waiting: u64,
}

impl Posted {
    /// Adds what was posted since.
    pub fn add(&mut self, more: &Self) {
        self.taken += more.taken;
        self.rows += more.rows;
        self.repeated += more.repeated;
        self.refused += more.refused;
        self.last_taken = self.last_taken.max(more.last_taken);
        if more.last_refused.is_some() {
            self.last_refused = more.last_refused;
            self.why.clone_from(&more.why);
        }
    }
}

/// What was posted and waits under a name to which nothing is posted: its source was renamed, or is no webhook any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stranded {
    /// The name.
    pub source: SourceId,
    /// Rows that wait.
    pub rows: u64,
    /// Their bytes on the disk.
    pub bytes: u64,
    /// The folder in which they lie.
    #[serde(skip)]
    pub folder: String,
}

impl fmt::Display for Stranded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, rows, folder, .. } = self;
        let wait = if *rows == 1 {
            "1 row that was posted waits".into()
        } else {
            format!("{rows} rows that were posted wait")
        };
        write!(
            f,
            "{wait} under `{source}`, which is no webhook: write `earlier_names: [{source}]` into the webhook that is to land them; if \
             nobody wants them, remove `{folder}`"
        )
    }
}

/// Where raw files are kept that were fetched.
pub trait Inbox: Send + Sync {
    /// What is there of a source.
    ///
    /// # Errors
    /// The database or the disk refuses.
    fn kept<'a>(&'a self, source: &'a Source) -> Fut<'a, Result<Kept, PortError>>;
    /// Begins the next raw file of a source.
    ///
    /// # Errors
    /// The disk refuses.
    fn begin(&self, source: &Source, kept: &Kept) -> Result<Box<dyn Inflow>, PortError>;
    /// Gives the rows of what was posted to a source behind a bookmark, as fetching does.
    ///
    /// # Errors
    /// The disk refuses, or what was kept is damaged.
    fn posted<'a>(
        &'a self,
        source: &'a Source,
        from: Option<&'a serde_json::Value>,
        into: &'a mut dyn Rows,
    ) -> Fut<'a, Result<Fetched, PortError>>;
    /// What was posted to a source so far; none: nothing.
    fn posted_so_far(&self, source: &SourceId) -> Option<Posted>;
    /// What waits under names to which nothing is posted; `anew`: what other machines have kept is looked for, too.
    ///
    /// # Errors
    /// The disk refuses.
    fn stranded(&self, project: &Project, anew: bool) -> Result<Vec<Stranded>, PortError>;
    /// The copies of a source's objects.
    ///
    /// # Errors
    /// The disk refuses.
    fn copies(&self, source: &Source) -> Result<Box<dyn Copies>, PortError>;
    /// The copies of a source's objects, to land them.
    ///
    /// # Errors
    /// The disk refuses.
    fn copied(&self, source: &Source) -> Result<Offer, PortError>;
}
