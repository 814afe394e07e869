//! The ports of fetching: what brings rows from elsewhere, and the inbox that keeps them as raw files until they land, and
//! after, so that they can land anew without asking again.

use std::sync::Arc;

use kepi_model::{
    id::Hash,
    project::{Project, Source},
};

use super::{PortError, Raw};
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
}
