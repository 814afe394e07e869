//! Followers: work that is due by the log. How far a follower has come commits with what it did, so that no event is
//! missed and none is worked on twice.

use std::future::Future;

use kepi_govern::Recorded;

use crate::{
    error::StoreError,
    event::{self, EventFilter},
    sql::{common::door as sql, stored},
    store::{Store, Transaction},
};

/// How many events are worked on in one transaction.
const CHUNK: u32 = 100;

/// Work that is due by the log.
pub trait Follower: Send {
    /// Its name, for ever: its cursor is kept under it.
    fn name(&self) -> &'static str;

    /// Works on one event, in the transaction that moves its cursor.
    fn on(
        &mut self,
        tx: &mut Transaction,
        event: &Recorded,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Moves the cursor of a follower whose work commits with this transaction.
///
/// # Errors
/// The database refused.
pub async fn advance(tx: &mut Transaction, follower: &str, seq: u64) -> Result<(), StoreError> {
    tx.query(sql::SET_CURSOR).bind(follower).bind(stored(seq)).run().await?;
    Ok(())
}

impl Store {
    /// Lets a follower work on all that it has not seen; returns how many events that were.
    ///
    /// # Errors
    /// The database or the follower refused; what was done in earlier transactions stays done.
    pub async fn follow<F: Follower>(&self, follower: &mut F) -> Result<u64, StoreError> {
        let mut worked = 0;
        loop {
            // Most of the time there is nothing to do, and no reason to keep writers waiting.
            if self.cursor(follower.name()).await? >= self.newest_event().await? {
                return Ok(worked);
            }
            let mut tx = self.begin().await?;
            let row = tx.query(sql::CURSOR).bind(follower.name()).first().await?;
            let seen = row.map_or(Ok(0), |row| row.count("seen"))?;
            let filter = EventFilter { after: Some(seen), limit: Some(CHUNK), ..EventFilter::default() };
            let events = event::select(&mut tx, &filter).await?;
            let Some(last) = events.last().map(|e| e.seq) else { return Ok(worked) };
            for event in &events {
                follower.on(&mut tx, event).await?;
            }
            advance(&mut tx, follower.name(), last).await?;
            tx.commit().await?;
            worked += events.len() as u64;
        }
    }

    /// Says how far a follower has come whose work is done elsewhere, each of it once under a key of its own.
    ///
    /// # Errors
    /// The database refused.
    pub async fn seen_up_to(&self, follower: &str, seq: u64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        advance(&mut tx, follower, seq).await?;
        tx.commit().await
    }

    /// How far a follower has come: the position of the last event it worked on.
    ///
    /// # Errors
    /// The database refused.
    pub async fn cursor(&self, follower: &str) -> Result<u64, StoreError> {
        let row = self.read().await?.query(sql::CURSOR).bind(follower.to_owned()).first().await?;
        row.map_or(Ok(0), |row| row.count("seen"))
    }
}
