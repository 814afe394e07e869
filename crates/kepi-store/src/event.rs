//! The append-only log: who did what to what, when.

use serde_json::Value;
use uuid::Uuid;

use crate::{
    error::StoreError,
    sql::{Row, common::event as sql},
    store::{Reading, Store, Transaction},
};

/// An event to append.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// When, in µs UTC.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What happened, such as `load.landed`.
    pub kind: String,
    /// To what, such as `source/survey_2015`.
    pub subject: String,
    /// Everything else.
    pub body: Value,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Position in the log, ascending.
    pub seq: i64,
    /// Unique id (UUID version 7).
    pub id: Uuid,
    /// What was appended.
    pub event: NewEvent,
}

/// Which events are wanted. The default is all of them.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only of this kind; a trailing `*` stands for any ending.
    pub kind: Option<String>,
    /// Only about this subject.
    pub subject: Option<String>,
    /// Only after this position.
    pub after: Option<i64>,
    /// At most so many; the earliest ones.
    pub limit: Option<u32>,
}

/// Appends an event within a transaction; returns its position.
///
/// # Errors
/// The database refused.
pub async fn append_event(tx: &mut Transaction, event: &NewEvent) -> Result<i64, StoreError> {
    let millis = u64::try_from(event.at / 1000).unwrap_or(0);
    let time = uuid::Timestamp::from_unix_time(millis / 1000, (millis % 1000) as u32 * 1_000_000, 0, 0);
    let seq = tx.query(sql::NEXT).value().await?;
    tx.query(sql::APPEND)
        .bind(seq)
        .bind(Uuid::new_v7(time).to_string())
        .bind(event.at)
        .bind(&*event.actor)
        .bind(&*event.kind)
        .bind(&*event.subject)
        .bind(event.body.to_string())
        .run()
        .await?;
    Ok(seq)
}

/// How many events there are: the position of the newest.
///
/// # Errors
/// The database refused.
pub async fn size(tx: &mut Reading) -> Result<i64, StoreError> {
    tx.query(sql::SIZE).value().await
}

impl Store {
    /// Position of the newest event, 0 before the first: another one means that there is news.
    ///
    /// # Errors
    /// The database refused.
    pub async fn newest_event(&self) -> Result<i64, StoreError> {
        size(&mut self.read().await?).await
    }

    /// Events in the order in which they were appended.
    ///
    /// # Errors
    /// The database refused or holds something unreadable.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        let (kind, prefix) = match filter.kind.as_deref() {
            Some(k) => match k.strip_suffix('*') {
                Some(prefix) => (None, Some(prefix)),
                None => (Some(k), None),
            },
            None => (None, None),
        };
        self.read()
            .await?
            .query(sql::SELECT)
            .bind(kind)
            .bind(prefix)
            .bind(filter.subject.as_deref())
            .bind(filter.after.unwrap_or(0))
            .bind(filter.limit.map_or(i64::MAX, i64::from))
            .all()
            .await?
            .iter()
            .map(read)
            .collect()
    }
}

fn read(row: &Row) -> Result<Event, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { what: "an event", reason };
    Ok(Event {
        seq: row.get("seq")?,
        id: row.get::<&str>("id")?.parse().map_err(|e: uuid::Error| corrupt(e.to_string()))?,
        event: NewEvent {
            at: row.get("at")?,
            actor: row.get("actor")?,
            kind: row.get("kind")?,
            subject: row.get("subject")?,
            body: serde_json::from_str(row.get("body")?)
                .map_err(|e: serde_json::Error| corrupt(e.to_string()))?,
        },
    })
}
