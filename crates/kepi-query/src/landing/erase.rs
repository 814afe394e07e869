//! The port of erasing: rows are taken out of everything that is kept, and what they came to is held on to before they go.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    id::{EntityId, SourceId},
    project::Project,
};
use serde::Serialize;

use super::PortError;
use crate::port::{Fut, PinnedInputs, SnapshotId};

/// Which rows are to be erased.
#[derive(Debug, Clone, Copy)]
pub struct Erasing<'a> {
    /// Whose.
    pub entity: &'a EntityId,
    /// Their keys, part by part as people write them.
    pub keys: &'a [Vec<String>],
    /// Entities whose rows go, too, where they refer to one of them; rows of all others lose their reference.
    pub with: &'a BTreeSet<EntityId>,
}

/// What holds rows that are to be erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Holding {
    /// Rows that go, by entity: every version of each.
    pub rows: BTreeMap<EntityId, u64>,
    /// Rows that lose their reference, by entity.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub emptied: BTreeMap<EntityId, u64>,
    /// Keys that were merged into one of them at the source: their rows are among those that go.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub merged: BTreeSet<String>,
    /// Data files that are written anew, of all snapshots.
    pub files: u64,
    /// Rejected rows, of which nothing but place and rule stays.
    pub rejected: u64,
    /// Raw files that were fetched or copied and hold such a row: they go whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub raw: Vec<String>,
    /// Texts beside the log: what was said by hand of such rows, keys of cases.
    pub texts: u64,
    /// Reports of loads that quote a key.
    pub reports: u64,
    /// What is not Kepi's own and holds them: files in the project's folder, objects in a bucket. Whoever keeps it erases there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub elsewhere: BTreeMap<SourceId, BTreeSet<String>>,
    /// How far fetching has come says a key: it stays, for without it all would be fetched anew.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub bookmarks: BTreeSet<SourceId>,
}

impl Holding {
    /// Whether nothing holds them.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.rejected == 0
            && self.raw.is_empty()
            && self.texts == 0
            && self.reports == 0
    }
}

/// Who erases, when and why, and what published figures are held against afterwards.
#[derive(Debug, Clone, Copy)]
pub struct Ordered<'a> {
    /// Who, as written into events.
    pub actor: &'a str,
    /// What makes it one request however often it is sent.
    pub key: &'a str,
    /// When, in µs UTC.
    pub at: i64,
    /// Why.
    pub why: &'a str,
    /// What published figures that rest on the rows are held against.
    pub stand: &'a str,
    /// How many figures that are.
    pub figures: u64,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// The position of its event in the log.
    pub event: u64,
    /// Whether nothing of it is left on the disk; false: others read meanwhile, and the next command that writes goes on with it.
    pub gone: bool,
}

/// Rows that are about to be erased: nothing has changed yet.
pub trait Erasure: Send + Sync {
    /// What holds them.
    fn holding(&self) -> &Holding;
    /// Writes data files anew without them, beside those that are there, and says what tables at snapshots will be like.
    fn without<'a>(
        &'a mut self,
        at: &'a [(&'a Project, SnapshotId)],
    ) -> Fut<'a, Result<Vec<PinnedInputs>, PortError>>;
    /// Asks another owner to do the same, where nobody erases alone and nobody else has asked; the position of the event. None: it
    /// can be done.
    fn ask<'a>(&'a mut self, order: Ordered<'a>) -> Fut<'a, Result<Option<u64>, PortError>>;
    /// Erases them: all of it is decided in one transaction, and then taken from the disk. None: something has landed or was
    /// published since it was looked, and all begins anew.
    fn carry_out<'a>(&'a mut self, order: Ordered<'a>) -> Fut<'a, Result<Option<Erased>, PortError>>;
}
