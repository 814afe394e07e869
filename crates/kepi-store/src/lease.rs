//! Leases: what one process does at a time, of all that share a database.
//!
//! Who takes a lease has it until an instant, which it may put off; then another may take it, under a higher fence, and the first
//! learns of that when it puts it off again. A lease spares work that would be done twice. Nothing is right only because of it:
//! a process that was stopped for long goes on without it.

use crate::{error::StoreError, sql::common::lease as sql, store::Store};

/// What one process has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is.
    pub name: String,
    /// What later holders have more of.
    pub fence: i64,
}

impl Store {
    /// Takes a lease until an instant, µs UTC; none: another has it.
    ///
    /// # Errors
    /// The database refused.
    pub async fn lease(&self, name: &str, at: i64, until: i64) -> Result<Option<Lease>, StoreError> {
        let mut tx = self.begin().await?;
        if tx.query(sql::TAKE).bind(name).bind(at).bind(until).run().await? == 0 {
            return Ok(None);
        }
        let fence = tx.query(sql::FENCE).bind(name).value().await?;
        tx.commit().await?;
        Ok(Some(Lease { name: name.to_owned(), fence }))
    }

    /// Keeps a lease until another instant, or gives it back with one that is over; whether it was still one's own.
    ///
    /// # Errors
    /// The database refused.
    pub async fn keep_lease(&self, lease: &Lease, until: i64) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let kept = tx.query(sql::UNTIL).bind(&*lease.name).bind(lease.fence).bind(until).run().await?;
        tx.commit().await?;
        Ok(kept > 0)
    }
}
