//! The append-only log: who did what to what, when.

use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    error::StoreError,
    store::{Store, Transaction},
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
    let seq = sqlx::query_scalar(
        "INSERT INTO kepi_event (id, at, actor, kind, subject, body) VALUES (?, ?, ?, ?, ?, ?) RETURNING seq",
    )
    .bind(Uuid::new_v7(time).to_string())
    .bind(event.at)
    .bind(&event.actor)
    .bind(&event.kind)
    .bind(&event.subject)
    .bind(event.body.to_string())
    .fetch_one(&mut **tx)
    .await?;
    Ok(seq)
}

impl Store {
    /// Position of the newest event, 0 before the first: another one means that there is news.
    ///
    /// # Errors
    /// The database refused.
    pub async fn newest_event(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM kepi_event")
            .fetch_one(self.readers())
            .await?)
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
        sqlx::query(
            "SELECT seq, id, at, actor, kind, subject, body FROM kepi_event
             WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR substr(kind, 1, length(?2)) = ?2)
               AND (?3 IS NULL OR subject = ?3) AND seq > ?4 ORDER BY seq LIMIT ?5",
        )
        .bind(kind)
        .bind(prefix)
        .bind(filter.subject.as_deref())
        .bind(filter.after.unwrap_or(0))
        .bind(filter.limit.map_or(-1, i64::from))
        .fetch_all(self.readers())
        .await?
        .iter()
        .map(read)
        .collect()
    }
}

fn read(row: &SqliteRow) -> Result<Event, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { what: "an event", reason };
    Ok(Event {
        seq: row.try_get("seq")?,
        id: row.try_get::<&str, _>("id")?.parse().map_err(|e: uuid::Error| corrupt(e.to_string()))?,
        event: NewEvent {
            at: row.try_get("at")?,
            actor: row.try_get("actor")?,
            kind: row.try_get("kind")?,
            subject: row.try_get("subject")?,
            body: serde_json::from_str(row.try_get("body")?)
                .map_err(|e: serde_json::Error| corrupt(e.to_string()))?,
        },
    })
}
