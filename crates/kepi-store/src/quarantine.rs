//! RejectedRow rows, with rule, reason and the row as it stood.

use serde::{Deserialize, Serialize};

use crate::{
    error::StoreError,
    sql::{Row, common::quarantine as sql, many, stored},
    store::{Reading, Transaction},
};

/// Rows of one statement: more would not be faster.
const AT_ONCE: usize = 50;

/// A rejected row of a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// Its number in the file, from 1.
    pub row: u64,
    /// The rule that rejected it.
    pub rule: String,
    /// Why, in words.
    pub reason: String,
    /// The column at fault, if it is one.
    pub column: Option<String>,
    /// The row as it stood, as JSON.
    pub raw: String,
}

impl RejectedRow {
    /// A row as it is kept. PostgreSQL's texts cannot hold the character NUL: words that quote it show the symbol for
    /// it, in either database.
    pub fn new(row: u64, rule: &str, reason: &str, column: Option<&str>, raw: &str) -> Self {
        let text = |text: &str| text.replace('\0', "\u{2400}");
        Self {
            row,
            rule: rule.to_owned(),
            reason: text(reason),
            column: column.map(text),
            raw: raw.to_owned(),
        }
    }
}

/// A rejected row with where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The load.
    pub load: String,
    /// Its source.
    pub source: String,
    /// Its file.
    pub file: String,
    /// The row.
    pub rejected: RejectedRow,
}

/// Keeps rejected rows of a load that is in the ledger.
///
/// # Errors
/// The database refused.
pub async fn keep(
    tx: &mut Transaction,
    load: &str,
    source: &str,
    file: &str,
    rows: &[RejectedRow],
) -> Result<(), StoreError> {
    for some in rows.chunks(AT_ONCE) {
        let mut query = tx.query_built(many(sql::KEEP, 3, 5, some.len())).bind(load).bind(source).bind(file);
        for rejected in some {
            query = query
                .bind(stored(rejected.row))
                .bind(&*rejected.rule)
                .bind(&*rejected.reason)
                .bind(rejected.column.as_deref())
                .bind(&*rejected.raw);
        }
        query.run().await?;
    }
    Ok(())
}

/// A page of rejected rows of loads that were not replaced, latest load first, of one source or all, and how many there
/// are. The number is from the ledger, so that a page costs the same whether a hundred rows are rejected or a million.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn page(
    tx: &mut Reading,
    source: Option<&str>,
    offset: u64,
    limit: u64,
) -> Result<(Vec<Quarantined>, u64), StoreError> {
    let all: i64 = tx.query(sql::COUNT).bind(source).value().await?;
    let rows = tx.query(sql::PAGE).bind(source).bind(stored(limit)).bind(stored(offset)).all().await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, all.unsigned_abs()))
}

/// A rejected row by its place: source, file and number; of the latest load of the file that stands.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn at(
    tx: &mut Reading,
    (source, file, row): (&str, &str, u64),
) -> Result<Option<Quarantined>, StoreError> {
    let found = tx.query(sql::AT).bind(source).bind(file).bind(stored(row)).first().await?;
    found.as_ref().map(read).transpose()
}

pub(crate) fn read(row: &Row) -> Result<Quarantined, StoreError> {
    Ok(Quarantined {
        load: row.get("load")?,
        source: row.get("source")?,
        file: row.get("file")?,
        rejected: RejectedRow {
            row: row.count("row")?,
            rule: row.get("rule")?,
            reason: row.get("reason")?,
            column: row.get("column")?,
            raw: row.get("raw")?,
        },
    })
}
