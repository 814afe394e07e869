//! Tables that are folded from the log, in the transaction that appends: they can be dropped and rebuilt.
//!
//! One file each. A projection keeps nothing that the log does not say.

mod in_force;

use kepi_govern::{Event, Recorded};

pub(crate) use in_force::{InForceRows, as_stored as in_force_as_stored};

use crate::{
    error::StoreError,
    event::{self, EventFilter, unreadable},
    store::{Store, Transaction},
};

/// How many events are read at once while rebuilding.
const CHUNK: u32 = 1000;

/// Brings every projection up to an event that has just been appended.
pub(crate) async fn follow(
    tx: &mut Transaction,
    recorded: &Recorded,
    event: &Event,
) -> Result<(), StoreError> {
    in_force::on(tx, recorded, event).await
}

impl Store {
    /// Drops every projection and folds it from the log anew; returns how many events were folded.
    ///
    /// # Errors
    /// The database refused or the log holds something unreadable; then nothing has changed.
    pub async fn rebuild(&self) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        in_force::clear(&mut tx).await?;
        let mut seen = 0;
        loop {
            let filter = EventFilter { after: Some(seen), limit: Some(CHUNK), ..EventFilter::default() };
            let events = event::select(&mut tx, &filter).await?;
            let Some(last) = events.last() else { break };
            seen = last.seq;
            for recorded in &events {
                follow(&mut tx, recorded, &recorded.event().map_err(unreadable)?).await?;
            }
        }
        tx.commit().await?;
        Ok(seen)
    }
}
