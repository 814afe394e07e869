//! The one door: whatever changes what is known passes here and leaves events, or changes nothing.
//!
//! One transaction: the head of the log is locked, a receipt for the same key is given again, what is the case is
//! brought up to the head, the effects say what they found, the decision is taken, its events are appended, projections
//! follow, the effects write their rows, and all of it commits or nothing does. Slow work is done before. The tree of
//! hashes over the log grows with every event.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use kepi_govern::{
    Command, Evidence, Facts, Organisation, Permit, Recorded, Situation, decide,
    laws::Violation,
    wire::{self, Written},
};
use kepi_proof::{Digest, Frontier, canonical};

use crate::{
    error::StoreError,
    event::{self, unreadable},
    projection,
    sql::{common::door as sql, stored},
    store::{Reading, Store, Transaction},
    tree,
};

/// Who asks, under which key, and when.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// That it may be asked, and by whom.
    pub permit: &'a Permit,
    /// What makes it one request however often it is sent.
    pub key: &'a str,
    /// Now, in µs UTC. Events never go back: one that is later than this gives its time to them.
    pub at: i64,
    /// Position of the event that led to it.
    pub cause: Option<u64>,
}

impl<'a> Asked<'a> {
    /// A request that no event led to.
    pub fn new(permit: &'a Permit, key: &'a str, at: i64) -> Self {
        Self { permit, key, at, cause: None }
    }
}

/// A key that no other request has, for one that is never sent twice.
pub fn new_key(kind: &str) -> String {
    format!("{kind}/{}", uuid::Uuid::new_v4())
}

/// Where the events of a command stand in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Position of the first.
    pub first: u64,
    /// Position of the last.
    pub last: u64,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Performed<T> {
    /// It was done.
    Done(Receipt, T),
    /// It had been done before under the same key, and was not done again.
    Before(Receipt),
}

/// What a command does beside its events: rows of the ledger, of the catalogue, of a run. An error rolls all back.
pub trait Effects: Send {
    /// What is handed back.
    type Output: Send;
    /// Why it is called off; the caller's own type.
    type Error: From<StoreError> + Send;

    /// Under the lock and before the decision: looks, and writes what gives the numbers that the events hold.
    fn prepare(&mut self, tx: &mut Transaction)
    -> impl Future<Output = Result<Evidence, Self::Error>> + Send;

    /// After the events are appended and before all is kept: writes the rest. It is the last thing before the commit.
    fn write(
        &mut self,
        tx: &mut Transaction,
        receipt: Receipt,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// What the decisions look at, as of a position of the log.
#[derive(Debug, Default)]
struct Folded {
    seq: u64,
    organisation: Arc<Organisation>,
}

/// The fold of the log, kept between commands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fold(Arc<Mutex<Folded>>);

impl Fold {
    /// What is the case as of what `tx` sees.
    async fn up_to(&self, tx: &mut Reading) -> Result<(u64, Arc<Organisation>), StoreError> {
        let head = event::size(tx).await?;
        let (known, mut organisation) = {
            let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            (held.seq, Arc::clone(&held.organisation))
        };
        let later =
            if known < head { event::of_kinds(tx, Organisation::KINDS, known).await? } else { Vec::new() };
        if known > head {
            // Another moment's reading is behind; it is folded for itself.
            return Ok((head, Arc::new(fold(tx, head).await?)));
        }
        for recorded in &later {
            let event = recorded.event().map_err(unreadable)?;
            Arc::make_mut(&mut organisation).apply(recorded.place(), &event);
        }
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.seq < head {
            *held = Folded { seq: head, organisation: Arc::clone(&organisation) };
        }
        Ok((head, organisation))
    }
}

/// The state as of a position.
async fn fold(tx: &mut Reading, position: u64) -> Result<Organisation, StoreError> {
    let mut organisation = Organisation::default();
    for recorded in event::of_kinds(tx, Organisation::KINDS, 0).await? {
        if recorded.seq <= position {
            organisation.apply(recorded.place(), &recorded.event().map_err(unreadable)?);
        }
    }
    Ok(organisation)
}

impl Store {
    /// Does what is asked, once.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`] with every law it would break, [`StoreError::KeyUsed`] if the key stands for another
    /// command, [`StoreError::Unacknowledged`] if it may have been done nevertheless, whatever the effects call it off
    /// for, or the database refused. But for the third nothing has changed then.
    pub async fn perform<E: Effects>(
        &self,
        asked: Asked<'_>,
        command: &Command,
        effects: &mut E,
    ) -> Result<Performed<E::Output>, E::Error> {
        let by = asked.permit.by().to_string();
        let hash = hash(command)?;
        let mut tx = self.begin().await?;
        if let Some(receipt) = receipt(&mut tx, asked.key, &by, &hash).await? {
            return Ok(Performed::Before(receipt));
        }
        let (head, organisation) = self.fold.up_to(&mut tx).await?;
        let evidence = effects.prepare(&mut tx).await?;
        let facts = Facts { at: asked.at, by: asked.permit.by(), evidence: &evidence };
        let decided = decide(Situation { organisation: &organisation }, command, facts)
            .map_err(|violations| StoreError::Forbidden(Violations(violations)))?;
        let at = asked.at.max(event::last_at(&mut tx).await?);
        let mut edge = tree::edge(&mut tx, head).await?;
        let mut seq = head;
        for event in &decided {
            seq += 1;
            let written = wire::write(event).map_err(unreadable)?;
            // What comes of the first event of a command has that as its cause.
            let cause = if seq > head + 1 { Some(head + 1) } else { asked.cause };
            let recorded = append(&mut tx, &mut edge, seq, at, &by, cause, written).await?;
            projection::follow(&mut tx, &recorded, event).await?;
        }
        let receipt = Receipt { first: head + 1, last: seq };
        tx.query(sql::SET_HEAD).bind(stored(seq)).bind(at).run().await?;
        tx.query(sql::KEEP_RECEIPT)
            .bind(asked.key)
            .bind(&*by)
            .bind(hash)
            .bind(stored(receipt.first))
            .bind(stored(receipt.last))
            .run()
            .await?;
        let output = effects.write(&mut tx, receipt).await?;
        tx.commit().await.map_err(|e| match e {
            StoreError::Refused(reason) => StoreError::Unacknowledged(reason),
            other => other,
        })?;
        Ok(Performed::Done(receipt, output))
    }

    /// What came of a request under a key, and who sent it, as `person/7`; none: nothing yet.
    ///
    /// # Errors
    /// The database refused.
    pub async fn performed(&self, key: &str) -> Result<Option<(String, Receipt)>, StoreError> {
        let Some(row) = self.read().await?.query(sql::RECEIPT).bind(key).first().await? else {
            return Ok(None);
        };
        let receipt = Receipt { first: row.count("first")?, last: row.count("last")? };
        Ok(Some((row.get::<String>("by")?, receipt)))
    }

    /// What is the case now.
    ///
    /// # Errors
    /// The database refused or holds something unreadable.
    pub async fn organisation(&self) -> Result<Arc<Organisation>, StoreError> {
        Ok(self.fold.up_to(&mut self.read().await?).await?.1)
    }

    /// What was the case at a position of the log.
    ///
    /// # Errors
    /// The database refused or holds something unreadable.
    pub async fn organisation_at(&self, position: u64) -> Result<Organisation, StoreError> {
        fold(&mut self.read().await?, position).await
    }
}

/// Every law that a command would break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations(pub Vec<Violation>);

impl std::fmt::Display for Violations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, violation) in self.0.iter().enumerate() {
            write!(f, "{}{violation}", if n > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

fn hash(command: &Command) -> Result<String, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { what: "a command", reason };
    let value = serde_json::to_value(command).map_err(|e| corrupt(e.to_string()))?;
    Ok(Digest::of(canonical(&value).map_err(|e| corrupt(e.to_string()))?.as_bytes()).to_string())
}

async fn receipt(
    tx: &mut Transaction,
    key: &str,
    by: &str,
    hash: &str,
) -> Result<Option<Receipt>, StoreError> {
    let Some(row) = tx.query(sql::RECEIPT).bind(key).first().await? else { return Ok(None) };
    if row.get::<String>("by")? != by || row.get::<String>("command")? != hash {
        return Err(StoreError::KeyUsed(key.to_owned()));
    }
    Ok(Some(Receipt { first: row.count("first")?, last: row.count("last")? }))
}

/// The only place at which an event is appended, and the tree over the log with it.
pub(crate) async fn append(
    tx: &mut Transaction,
    edge: &mut Frontier,
    seq: u64,
    at: i64,
    by: &str,
    cause: Option<u64>,
    written: Written,
) -> Result<Recorded, StoreError> {
    let n = tx.query(sql::NEXT_OF_SUBJECT).bind(written.subject.to_string()).value::<i64>().await?;
    let n = u64::try_from(n)
        .map_err(|_| StoreError::Corrupt { what: "a subject's count", reason: format!("it is {n}") })?;
    tx.query(sql::APPEND)
        .bind(stored(seq))
        .bind(at)
        .bind(by)
        .bind(written.kind)
        .bind(i64::from(written.v))
        .bind(written.subject.to_string())
        .bind(stored(n))
        .bind(cause.map(stored))
        .bind(&*written.body)
        .run()
        .await?;
    let subject = written.subject.as_str();
    let recorded = Recorded::of_parts(seq, at, by, written.kind, written.v, subject, n, cause, written.body)
        .map_err(unreadable)?;
    tree::grow(tx, edge, &recorded).await?;
    Ok(recorded)
}
