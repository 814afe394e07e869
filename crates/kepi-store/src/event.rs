//! The append-only log: who did what to what, when. Only the [`door`](crate::door) appends.

use kepi_govern::{Recorded, wire::Unreadable};

use crate::{
    error::StoreError,
    sql::{Row, common::event as sql, stored},
    store::{Reading, Store},
};

/// Which events are wanted. The default is all of them.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only of this kind; a trailing `*` stands for any ending.
    pub kind: Option<String>,
    /// Only about this subject.
    pub subject: Option<String>,
    /// Only after this position.
    pub after: Option<u64>,
    /// At most so many; the earliest ones.
    pub limit: Option<u32>,
}

/// How many events there are: the position of the newest.
///
/// # Errors
/// The database refused.
pub async fn size(tx: &mut Reading) -> Result<u64, StoreError> {
    let row = tx.query(sql::HEAD).first().await?;
    row.map_or(Ok(0), |row| row.count("size"))
}

/// When the newest event happened, µs UTC.
pub(crate) async fn last_at(tx: &mut Reading) -> Result<i64, StoreError> {
    let row = tx.query(sql::HEAD).first().await?;
    row.map_or(Ok(i64::MIN), |row| row.get("at"))
}

/// Events of some kinds after a position.
pub(crate) async fn of_kinds(
    tx: &mut Reading,
    kinds: &[&'static str],
    after: u64,
) -> Result<Vec<Recorded>, StoreError> {
    let mut found = Vec::new();
    for kind in kinds {
        let filter =
            EventFilter { kind: Some((*kind).to_owned()), after: Some(after), ..EventFilter::default() };
        found.extend(select(tx, &filter).await?);
    }
    found.sort_by_key(|recorded| recorded.seq);
    Ok(found)
}

/// Events in the order in which they were appended.
pub(crate) async fn select(tx: &mut Reading, filter: &EventFilter) -> Result<Vec<Recorded>, StoreError> {
    let (kind, prefix) = match filter.kind.as_deref() {
        Some(k) => match k.strip_suffix('*') {
            Some(prefix) => (None, Some(prefix)),
            None => (Some(k), None),
        },
        None => (None, None),
    };
    tx.query(sql::SELECT)
        .bind(kind)
        .bind(prefix)
        .bind(filter.subject.as_deref())
        .bind(stored(filter.after.unwrap_or(0)))
        .bind(filter.limit.map_or(i64::MAX, i64::from))
        .all()
        .await?
        .iter()
        .map(read)
        .collect()
}

/// Events after a position as they stand, read or not, with the positions that they say.
pub(crate) async fn standing(
    tx: &mut Reading,
    after: u64,
    limit: u32,
) -> Result<Vec<(u64, Result<Recorded, StoreError>)>, StoreError> {
    let none: Option<&str> = None;
    let rows = tx.query(sql::SELECT).bind(none).bind(none).bind(none);
    let rows = rows.bind(stored(after)).bind(i64::from(limit)).all().await?;
    rows.iter().map(|row| Ok((row.count("seq")?, read(row)))).collect()
}

impl Store {
    /// Position of the newest event, 0 before the first: another one means that there is news.
    ///
    /// # Errors
    /// The database refused.
    pub async fn newest_event(&self) -> Result<u64, StoreError> {
        size(&mut self.read().await?).await
    }

    /// Position of the last event before an instant, µs UTC; 0: there was none.
    ///
    /// # Errors
    /// The database refused.
    pub async fn position_before(&self, at: i64) -> Result<u64, StoreError> {
        let seq: i64 = self.read().await?.query(sql::BEFORE).bind(at).value().await?;
        Ok(seq.unsigned_abs())
    }

    /// Events in the order in which they were appended.
    ///
    /// # Errors
    /// The database refused or holds something unreadable.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<Recorded>, StoreError> {
        select(&mut self.read().await?, filter).await
    }
}

pub(crate) fn unreadable(error: Unreadable) -> StoreError {
    StoreError::Corrupt { what: "an event", reason: error.to_string() }
}

fn read(row: &Row) -> Result<Recorded, StoreError> {
    let v = row.count("v")?;
    let v = u32::try_from(v)
        .map_err(|_| StoreError::Corrupt { what: "an event", reason: format!("its version is {v}") })?;
    let cause = match row.get::<Option<i64>>("cause")? {
        Some(_) => Some(row.count("cause")?),
        None => None,
    };
    let (by, kind, subject) =
        (row.get::<String>("by")?, row.get::<String>("kind")?, row.get::<String>("subject")?);
    Recorded::of_parts(
        row.count("seq")?,
        row.get("at")?,
        &by,
        &kind,
        v,
        &subject,
        row.count("n")?,
        cause,
        row.get("body")?,
    )
    .map_err(unreadable)
}
