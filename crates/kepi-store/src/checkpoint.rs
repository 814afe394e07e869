//! Checkpoints of the log, and the proofs between them and its events.

use kepi_proof::{Checkpoint, Digest, path};
use serde::Serialize;

use crate::{
    error::StoreError,
    event::{self, EventFilter, unreadable},
    sql::{
        common::{META, tree as sql},
        stored,
    },
    store::{Reading, Store},
    tree,
};

/// Under which key of `kepi_meta` the name of the log stands.
pub(crate) const ORIGIN: &str = "log";

/// That an event is in the log of a size, or that one log begins as another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "proof", rename_all = "snake_case")]
pub enum Proof {
    /// An event is in the log.
    Inclusion {
        /// Its position.
        seq: u64,
        /// The event: the bytes that the leaf covers.
        event: String,
        /// How many events the log has.
        size: u64,
        /// The root over them.
        root: Digest,
        /// The hashes beside the way from the leaf to the root.
        path: Vec<Digest>,
    },
    /// The log only grew.
    Consistency {
        /// How many events it had.
        earlier: u64,
        /// The root over them.
        before: Digest,
        /// How many it has.
        size: u64,
        /// The root over them.
        root: Digest,
        /// The hashes that tie one to the other.
        path: Vec<Digest>,
    },
}

/// The name of the log, for ever: what its checkpoints begin with.
pub(crate) async fn origin(tx: &mut Reading) -> Result<String, StoreError> {
    tx.query(META).bind(ORIGIN).value().await
}

/// All signed checkpoints, the shortest log first.
pub(crate) async fn all(tx: &mut Reading) -> Result<Vec<String>, StoreError> {
    tx.query(sql::CHECKPOINTS).all().await?.iter().map(|row| row.get("note")).collect()
}

impl Store {
    /// The log as it stands: its name, how many events there are and the root over them.
    ///
    /// # Errors
    /// The database refused, or the tree over the log is broken.
    pub async fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        let mut tx = self.read().await?;
        let size = event::size(&mut tx).await?;
        let root = tree::edge(&mut tx, size).await?.root();
        Ok(Checkpoint { origin: origin(&mut tx).await?, size, root })
    }

    /// The name of the log, for ever.
    ///
    /// # Errors
    /// The database refused.
    pub async fn origin(&self) -> Result<String, StoreError> {
        origin(&mut self.read().await?).await
    }

    /// The signed checkpoints, the shortest log first.
    ///
    /// # Errors
    /// The database refused.
    pub async fn checkpoints(&self) -> Result<Vec<String>, StoreError> {
        all(&mut self.read().await?).await
    }

    /// Keeps a signed checkpoint.
    ///
    /// # Errors
    /// The database refused.
    pub async fn keep_checkpoint(&self, size: u64, note: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.query(sql::KEEP_CHECKPOINT).bind(stored(size)).bind(note).run().await?;
        tx.commit().await
    }

    /// That the event at `seq` is in the log of its first `size` events; none if it is not.
    ///
    /// # Errors
    /// The database refused, or the tree over the log is broken.
    pub async fn inclusion(&self, seq: u64, size: u64) -> Result<Option<Proof>, StoreError> {
        let mut tx = self.read().await?;
        let size = size.min(event::size(&mut tx).await?);
        let Some(at) = seq.checked_sub(1).filter(|at| *at < size) else { return Ok(None) };
        let filter = EventFilter { after: Some(at), limit: Some(1), ..EventFilter::default() };
        let found = event::select(&mut tx, &filter).await?;
        let Some(recorded) = found.first().filter(|e| e.seq == seq) else { return Ok(None) };
        let event = recorded.line().map_err(unreadable)?;
        let root = tree::edge(&mut tx, size).await?.root();
        let path = hashes_over(&mut tx, &path::inclusion(at, size)).await?;
        Ok(Some(Proof::Inclusion { seq, event, size, root, path }))
    }

    /// That the log of `size` events begins as that of `earlier`; none if it never had so many.
    ///
    /// # Errors
    /// The database refused, or the tree over the log is broken.
    pub async fn consistency(&self, earlier: u64, size: u64) -> Result<Option<Proof>, StoreError> {
        let mut tx = self.read().await?;
        if earlier > size || size > event::size(&mut tx).await? {
            return Ok(None);
        }
        let before = tree::edge(&mut tx, earlier).await?.root();
        let root = tree::edge(&mut tx, size).await?.root();
        let path = hashes_over(&mut tx, &path::consistency(earlier, size)).await?;
        Ok(Some(Proof::Consistency { earlier, before, size, root, path }))
    }
}

async fn hashes_over(tx: &mut Reading, ranges: &[std::ops::Range<u64>]) -> Result<Vec<Digest>, StoreError> {
    let kept = tree::hashes(tx, &path::needed(ranges)).await?;
    let all: Option<Vec<Digest>> = ranges.iter().map(|range| path::over(range, &kept)).collect();
    all.ok_or_else(|| StoreError::Corrupt {
        what: "the tree over the log",
        reason: "hashes are missing; `kepi audit verify` says which".to_owned(),
    })
}
