//! What was fetched of each source and has landed: one row a raw file, entered in the transaction that holds its rows. The
//! newest of them is the bookmark, so that nothing is fetched past rows that have not landed, and none lands twice.

use crate::{
    error::StoreError,
    sql::{Row, common::inbox as sql, stored},
    store::{Reading, Transaction},
};

/// A raw file that was fetched and has landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its place among those of its source, from 1 without gaps.
    pub seq: u64,
    /// Hash of what it was fetched of.
    pub stream: String,
    /// The load by which it first landed.
    pub load: String,
    /// The file's name.
    pub file: String,
    /// Hash of its bytes.
    pub content: String,
    /// How far it has come, as JSON.
    pub bookmark: String,
    /// Its rows.
    pub rows: u64,
    /// When it was fetched, µs UTC.
    pub at: i64,
}

fn read(row: &Row) -> Result<Fetched, StoreError> {
    Ok(Fetched {
        seq: row.count("seq")?,
        stream: row.get("stream")?,
        load: row.get("load")?,
        file: row.get("file")?,
        content: row.get("content")?,
        bookmark: row.get("bookmark")?,
        rows: row.count("rows")?,
        at: row.get("fetched_at")?,
    })
}

/// All of a source, in order.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn of_source(tx: &mut Reading, source: &str) -> Result<Vec<Fetched>, StoreError> {
    tx.query(sql::OF_SOURCE).bind(source).all().await?.iter().map(read).collect()
}

/// The one at a place.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn at(tx: &mut Reading, source: &str, seq: u64) -> Result<Option<Fetched>, StoreError> {
    tx.query(sql::AT).bind(source).bind(stored(seq)).first().await?.as_ref().map(read).transpose()
}

/// How many of a source have landed.
///
/// # Errors
/// The database refused.
pub async fn size(tx: &mut Reading, source: &str) -> Result<u64, StoreError> {
    let n: i64 = tx.query(sql::SIZE).bind(source).value().await?;
    Ok(n.unsigned_abs())
}

/// How far fetching has come, by source, as JSON.
///
/// # Errors
/// The database refused.
pub async fn bookmarks(tx: &mut Reading) -> Result<Vec<(String, String)>, StoreError> {
    let rows = tx.query(sql::NEWEST).all().await?;
    rows.iter().map(|row| Ok((row.get("source")?, row.get("bookmark")?))).collect()
}

/// Enters one.
///
/// # Errors
/// The database refused, for one because the place is taken.
pub async fn enter(tx: &mut Transaction, source: &str, new: &Fetched) -> Result<(), StoreError> {
    tx.query(sql::ENTER)
        .bind(source)
        .bind(stored(new.seq))
        .bind(&*new.stream)
        .bind(&*new.load)
        .bind(&*new.file)
        .bind(&*new.content)
        .bind(&*new.bookmark)
        .bind(stored(new.rows))
        .bind(new.at)
        .run()
        .await?;
    Ok(())
}
