//! Erasing from the database: rows lose what they said, texts go, and what has to go from the disk is written down in the same
//! transaction, so that it goes although whoever erased it was killed.

use kepi_proof::Commitment;

use crate::{
    catalogue::instant_text,
    error::StoreError,
    quarantine::{Quarantined, read},
    sql::{common::erase as sql, postgres, sqlite},
    store::{Reading, Transaction},
};

/// What stands for the words of what was erased.
pub const ERASED: &str = "(erased)";
/// The same where JSON stands.
const ERASED_JSON: &str = "\"(erased)\"";
/// Rows that are read at once.
const CHUNK: i64 = 1000;

/// Rejected rows of a source behind a place of the table, each with its own; none: there are no more.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn rejected_after(
    tx: &mut Reading,
    source: &str,
    seen: i64,
) -> Result<Vec<(i64, Quarantined)>, StoreError> {
    let rows = tx.query(sql::REJECTED_AFTER).bind(source).bind(seen).bind(CHUNK).all().await?;
    rows.iter().map(|row| Ok((row.get("seq")?, read(row)?))).collect()
}

/// Leaves of a rejected row, by its place in the table, where it stood and which rule rejected it.
///
/// # Errors
/// The database refused.
pub async fn blank(tx: &mut Transaction, place: i64) -> Result<(), StoreError> {
    tx.query(sql::BLANK).bind(place).bind(ERASED_JSON).bind(ERASED).run().await?;
    Ok(())
}

/// The reports of all loads of a source, by load.
///
/// # Errors
/// The database refused.
pub async fn reports(tx: &mut Reading, source: &str) -> Result<Vec<(String, String)>, StoreError> {
    let rows = tx.query(sql::REPORTS).bind(source).all().await?;
    rows.iter().map(|row| Ok((row.get("load")?, row.get("report")?))).collect()
}

/// Leaves nothing of why a source did not land where that quotes one of some texts; how often.
///
/// # Errors
/// The database refused.
pub async fn blank_not_landed(
    tx: &mut Transaction,
    source: &str,
    quotes: &(dyn Fn(&str) -> bool + Sync),
) -> Result<u64, StoreError> {
    let mut n = 0;
    for row in tx.query(sql::NOT_LANDED).bind(source).all().await? {
        let (run, file): (i64, String) = (row.get("run")?, row.get("file")?);
        if quotes(&row.get::<String>("reason")?) {
            tx.query(sql::BLANK_NOT_LANDED).bind(run).bind(source).bind(&*file).bind(ERASED).run().await?;
            n += 1;
        }
    }
    Ok(n)
}

/// Takes texts away; how many there were.
///
/// # Errors
/// The database refused.
pub async fn texts(tx: &mut Transaction, all: &[Commitment]) -> Result<u64, StoreError> {
    let mut n = 0;
    for commitment in all {
        n += tx.query(sql::ERASE_TEXT).bind(commitment.to_string()).run().await?;
    }
    Ok(n)
}

/// Writes down that a file below the lake's folder has to go.
///
/// # Errors
/// The database refused.
pub async fn schedule(tx: &mut Transaction, path: &str, at: i64) -> Result<(), StoreError> {
    let sql = tx.dialect().choose(sqlite::SCHEDULE, postgres::SCHEDULE);
    let at = instant_text(at).unwrap_or_else(|| "1970-01-01 00:00:00.000000+00".to_owned());
    tx.query(sql).bind(path).bind(at).run().await?;
    Ok(())
}

/// Files below the lake's folder that have to go and were not seen to be gone.
///
/// # Errors
/// The database refused.
pub async fn scheduled(tx: &mut Reading) -> Result<Vec<String>, StoreError> {
    tx.query(sql::SCHEDULED).all().await?.iter().map(|row| row.get("path")).collect()
}

/// These are gone.
///
/// # Errors
/// The database refused.
pub async fn unschedule(tx: &mut Transaction, paths: &[String]) -> Result<(), StoreError> {
    for path in paths {
        tx.query(sql::UNSCHEDULE).bind(&**path).run().await?;
    }
    Ok(())
}

/// How often rows were erased.
///
/// # Errors
/// The database refused.
pub async fn times(tx: &mut Reading) -> Result<u64, StoreError> {
    Ok(tx.query(sql::TIMES).value::<i64>().await?.unsigned_abs())
}

/// What of the lake rows are looked for in: its newest snapshot, its newest load and the newest run. If it is the same later, nothing has
/// landed or was published since.
///
/// # Errors
/// The database refused.
pub async fn standing(tx: &mut Reading) -> Result<(i64, i64, i64), StoreError> {
    let row = tx.query(sql::STANDING).first().await?;
    let none = || StoreError::Corrupt { what: "the catalogue of the lake", reason: "it is empty".to_owned() };
    let row = row.ok_or_else(none)?;
    Ok((row.get("snapshot")?, row.get("load")?, row.get("run")?))
}
