//! The ledger of loads: one row a load, committed with its rows, so that a file is in exactly once or not at all.

use std::collections::HashMap;

use kepi_proof::Salt;

use crate::{
    error::StoreError,
    records::LedgerRow,
    sql::{Row, common::ledger as sql, stored},
    store::{Reading, Transaction},
};

/// A load of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Its place among all loads: later ones have a higher one.
    pub seq: i64,
    /// Its id.
    pub load: String,
    /// Hash of the file's bytes.
    pub content: String,
    /// Hash of the source's definition.
    pub definition: String,
    /// Since when its rows hold, µs UTC.
    pub effective: i64,
    /// Rows in scope.
    pub rows: u64,
    /// Names of the file's columns.
    pub columns: Vec<String>,
    /// What is to be known of it, as JSON.
    pub report: String,
    /// Whether another load has replaced it.
    pub replaced: bool,
}

fn corrupt(reason: String) -> StoreError {
    StoreError::Corrupt { what: "a load", reason }
}

fn read(row: &Row) -> Result<Load, StoreError> {
    Ok(Load {
        seq: row.get("seq")?,
        load: row.get("load")?,
        content: row.get("content")?,
        definition: row.get("definition")?,
        effective: row.get("effective")?,
        rows: row.count("rows")?,
        columns: serde_json::from_str(row.get("columns")?).map_err(|e| corrupt(e.to_string()))?,
        report: row.get("report")?,
        replaced: row.get::<Option<&str>>("replaced_by")?.is_some(),
    })
}

/// The loads of a source with this content that were neither stopped nor replaced, latest first, whatever their file's
/// name.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn of_content(tx: &mut Reading, source: &str, content: &str) -> Result<Vec<Load>, StoreError> {
    tx.query(sql::OF_CONTENT).bind(source).bind(content).all().await?.iter().map(read).collect()
}

/// The load of a source and file name whose rows hold last, among those neither stopped nor replaced.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn newest_of_file(tx: &mut Reading, source: &str, file: &str) -> Result<Option<Load>, StoreError> {
    tx.query(sql::OF_FILE).bind(source).bind(file).first().await?.as_ref().map(read).transpose()
}

/// The files of a source that stand as another definition than this one read them, each with how many rows it had.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn read_before(
    tx: &mut Reading,
    source: &str,
    definition: &str,
) -> Result<Vec<(String, u64)>, StoreError> {
    let rows = tx.query(sql::READ_BEFORE).bind(source).bind(definition).all().await?;
    rows.iter().map(|row| Ok((row.get("file")?, row.count("rows")?))).collect()
}

/// The latest loads of a source that were not stopped, replaced ones too, latest first: at most so many, of those
/// before one or of all.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn latest(
    tx: &mut Reading,
    source: &str,
    before: Option<&Load>,
    most: u32,
) -> Result<Vec<Load>, StoreError> {
    let before = before.map_or(i64::MAX, |load| load.seq);
    let rows = tx.query(sql::BEFORE).bind(source).bind(before).bind(i64::from(most)).all().await?;
    rows.iter().map(read).collect()
}

/// The loads of a source whose rows hold last, among those neither stopped nor replaced, the last one first: at most so
/// many, of those before one or of all.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn holding_last(
    tx: &mut Reading,
    source: &str,
    before: Option<&Load>,
    most: u32,
) -> Result<Vec<Load>, StoreError> {
    let (effective, seq) = before.map_or((i64::MAX, i64::MAX), |load| (load.effective, load.seq));
    let query = tx.query(sql::HOLDING_BEFORE).bind(source).bind(effective).bind(seq).bind(i64::from(most));
    query.all().await?.iter().map(read).collect()
}

/// The last instant, in µs UTC, from which rows of a load of an entity hold, stopped ones left out.
///
/// # Errors
/// The database refused.
pub async fn holds_last(tx: &mut Reading, entity: &str) -> Result<Option<i64>, StoreError> {
    tx.query(sql::HOLDS_LAST).bind(entity).first().await?.map(|row| row.get(0)).transpose()
}

/// Since when the rows of each load of an entity hold, µs UTC, stopped ones left out.
///
/// # Errors
/// The database refused.
pub async fn hold(tx: &mut Reading, entity: &str) -> Result<HashMap<String, i64>, StoreError> {
    tx.query(sql::HOLD).bind(entity).all().await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The reports of loads that were not replaced, in order, of one source or all.
///
/// # Errors
/// The database refused.
pub async fn reports(tx: &mut Reading, source: Option<&str>) -> Result<Vec<String>, StoreError> {
    tx.query(sql::REPORTS).bind(source).all().await?.iter().map(|row| row.get(0)).collect()
}

/// When each content of each source first landed, and with how many rows in scope; by source, the oldest first.
///
/// # Errors
/// The database refused.
pub async fn deliveries(tx: &mut Reading) -> Result<Vec<(String, i64, u64)>, StoreError> {
    let rows = tx.query(sql::DELIVERIES).all().await?;
    rows.iter().map(|row| Ok((row.get("source")?, row.get("first")?, row.count("rows")?))).collect()
}

/// Enters a load with the salt of its commitment and the number of its rejected rows, and marks the one it replaces.
///
/// # Errors
/// The database refused, for one because the id is taken.
pub async fn enter(
    tx: &mut Transaction,
    new: &LedgerRow,
    quarantined: u64,
    salt: &Salt,
    replaces: Option<&str>,
) -> Result<(), StoreError> {
    tx.query(sql::ENTER)
        .bind(&*new.load)
        .bind(&*new.source)
        .bind(&*new.entity)
        .bind(&*new.file)
        .bind(&*new.content)
        .bind(&*new.definition)
        .bind(i64::from(new.stopped))
        .bind(new.effective)
        .bind(new.at)
        .bind(new.snapshot)
        .bind(new.rows)
        .bind(stored(quarantined))
        .bind(&*new.columns)
        .bind(&*new.report)
        .bind(salt.to_string())
        .run()
        .await?;
    if let Some(replaced) = replaces {
        tx.query(sql::REPLACE).bind(replaced).bind(&*new.load).run().await?;
    }
    Ok(())
}
