//! Records: rows that the log does not hold and whose events say what they must be.
//!
//! A row with anybody's words in it is named by a commitment: the salt stands in the row and goes with it, and then
//! the event says nothing of it any more.

use std::collections::BTreeMap;

use kepi_govern::{Event, erasing::Resealed, event::Load};
use kepi_proof::{Commitment, Frontier, Salt, canonical};
use serde_json::json;

use crate::{
    error::StoreError,
    event::{self, EventFilter, unreadable},
    sql::{
        Row,
        common::{erase, records as sql},
    },
    store::{Reading, Store, Transaction},
    text::salt,
};

/// How many events are looked at together.
const CHUNK: u32 = 1000;

/// A row of the ledger, as far as it never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Id of the load.
    pub load: String,
    /// Source.
    pub source: String,
    /// Entity.
    pub entity: String,
    /// The file's path relative to the project.
    pub file: String,
    /// Hash of its bytes.
    pub content: String,
    /// Hash of the source's definition.
    pub definition: String,
    /// Whether a rule stopped it.
    pub stopped: bool,
    /// From when its rows hold, µs UTC.
    pub effective: i64,
    /// When it was landed, µs UTC.
    pub at: i64,
    /// The snapshot that holds it.
    pub snapshot: Option<i64>,
    /// Rows in scope.
    pub rows: i64,
    /// Columns of the file, as JSON.
    pub columns: String,
    /// Everything else, as JSON.
    pub report: String,
}

impl LedgerRow {
    /// What the event of the load commits to.
    ///
    /// # Errors
    /// Never in practice: texts always have a spelling.
    pub fn commitment(&self, salt: &Salt) -> Result<Commitment, StoreError> {
        let text = spelling(&[
            Some(&self.load),
            Some(&self.source),
            Some(&self.entity),
            Some(&self.file),
            Some(&self.content),
            Some(&self.definition),
            Some(if self.stopped { "stopped" } else { "landed" }),
            Some(&self.effective.to_string()),
            Some(&self.at.to_string()),
            self.snapshot.map(|s| s.to_string()).as_deref(),
            Some(&self.rows.to_string()),
            Some(&self.columns),
            Some(&self.report),
        ])?;
        Ok(Commitment::to(salt, &text))
    }
}

/// The canonical spelling of a row of texts.
fn spelling(cells: &[Option<&str>]) -> Result<String, StoreError> {
    canonical(&json!(cells)).map_err(|e| StoreError::Corrupt { what: "a row", reason: e.to_string() })
}

/// The rejected rows of a load, one after the other.
#[derive(Debug, Default)]
pub struct Rejected(Frontier);

impl Rejected {
    /// The next row.
    ///
    /// # Errors
    /// Never in practice: texts always have a spelling.
    pub fn push(
        &mut self,
        row: u64,
        rule: &str,
        reason: &str,
        column: Option<&str>,
        raw: &str,
    ) -> Result<(), StoreError> {
        let text = spelling(&[Some(&row.to_string()), Some(rule), Some(reason), column, Some(raw)])?;
        self.0.push(text.as_bytes());
        Ok(())
    }

    /// What the event of the load commits to, under the salt of its row in the ledger.
    pub fn commitment(&self, salt: &Salt) -> Commitment {
        Commitment::to(salt, &self.0.root().to_string())
    }
}

/// A record that is not what its event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Altered {
    /// Position of the event.
    pub seq: u64,
    /// The table.
    pub table: &'static str,
    /// What it is about: the id of a load.
    pub of: String,
}

impl Store {
    /// Holds every row of the ledger and every rejected row against what its event committed to.
    ///
    /// # Errors
    /// The database refused or holds something unreadable.
    pub async fn altered_records(&self) -> Result<Vec<Altered>, StoreError> {
        let mut tx = self.read().await?;
        let mut altered = Vec::new();
        let resealed = resealed(&mut tx).await?;
        let mut seen = 0;
        loop {
            let filter = EventFilter {
                kind: Some("load.*".to_owned()),
                after: Some(seen),
                limit: Some(CHUNK),
                ..EventFilter::default()
            };
            let events = event::select(&mut tx, &filter).await?;
            let Some(last) = events.last() else { return Ok(altered) };
            seen = last.seq;
            for recorded in &events {
                let (load, ledger, rejected) = match recorded.event().map_err(unreadable)? {
                    Event::LoadLanded(e) => (e.load, e.ledger, e.rejected),
                    Event::LoadStopped(e) => (e.load, e.ledger, None),
                    _ => continue,
                };
                // What was erased of a load went with an event that says what is left.
                let (ledger, rejected) = match resealed.get(load.load.as_str()) {
                    Some(left) => (left.ledger, left.rejected),
                    None => (ledger, rejected),
                };
                for (table, whole) in compare(&mut tx, &load, ledger, rejected).await? {
                    if !whole {
                        altered.push(Altered { seq: recorded.seq, table, of: load.load.to_string() });
                    }
                }
            }
        }
    }
}

/// What is left of loads of which something was erased, by the last event that says so.
async fn resealed(tx: &mut Reading) -> Result<BTreeMap<String, Resealed>, StoreError> {
    let mut all = BTreeMap::new();
    for recorded in event::of_kinds(tx, &["rows.erased"], 0).await? {
        if let Event::RowsErased(erased) = recorded.event().map_err(unreadable)? {
            all.extend(erased.loads.into_iter().map(|left| (left.load.to_string(), left)));
        }
    }
    Ok(all)
}

/// Commits anew to the records of a load of which something was erased, under another salt, so that nobody can try out by the old
/// one what stood there. With `report` in the place of what it said, if it says something else now.
///
/// # Errors
/// The database refused, or there is no such load.
pub async fn reseal(
    tx: &mut Transaction,
    load: &str,
    report: Option<String>,
) -> Result<Resealed, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { what: "a load", reason };
    let row = tx.query(sql::LEDGER_ROW).bind(load.to_owned()).first().await?;
    let mut row = ledger_row(&row.ok_or_else(|| corrupt(format!("there is no load {load}")))?)?;
    row.report = report.unwrap_or(row.report);
    let salt = salt();
    let (rejected, n) = rejected_rows(tx, load).await?;
    tx.query(erase::RESEAL).bind(load).bind(&*row.report).bind(salt.to_string()).run().await?;
    Ok(Resealed {
        load: load.parse().map_err(|e: kepi_govern::plain::NotPlain| corrupt(e.to_string()))?,
        ledger: row.commitment(&salt)?,
        rejected: (n > 0).then(|| rejected.commitment(&salt)),
    })
}

/// The rejected rows of a load as they stand, and how many there are.
async fn rejected_rows(tx: &mut Reading, load: &str) -> Result<(Rejected, u64), StoreError> {
    let mut rows = Rejected::default();
    let mut n = 0;
    for row in tx.query(sql::REJECTED_ROWS).bind(load.to_owned()).all().await? {
        let column: Option<String> = row.get("column")?;
        let (rule, reason): (String, String) = (row.get("rule")?, row.get("reason")?);
        rows.push(row.count("row")?, &rule, &reason, column.as_deref(), &row.get::<String>("raw")?)?;
        n += 1;
    }
    Ok((rows, n))
}

/// Whether the rows of a load are what its event says.
async fn compare(
    tx: &mut Reading,
    load: &Load,
    ledger: Commitment,
    rejected: Option<Commitment>,
) -> Result<[(&'static str, bool); 2], StoreError> {
    let id = load.load.as_str().to_owned();
    let row = tx.query(sql::LEDGER_ROW).bind(id.clone()).first().await?;
    let salt = row.as_ref().map(|row| row.get::<String>("salt")).transpose()?.and_then(|s| s.parse().ok());
    let (Some(row), Some(salt)) = (row, salt) else {
        return Ok([("kepi_load", false), ("kepi_quarantine", rejected.is_none())]);
    };
    let (rows, _) = rejected_rows(tx, &id).await?;
    let expected = rejected.unwrap_or_else(|| Rejected::default().commitment(&salt));
    Ok([
        ("kepi_load", ledger_row(&row)?.commitment(&salt)? == ledger),
        ("kepi_quarantine", rows.commitment(&salt) == expected),
    ])
}

fn ledger_row(row: &Row) -> Result<LedgerRow, StoreError> {
    Ok(LedgerRow {
        load: row.get("load")?,
        source: row.get("source")?,
        entity: row.get("entity")?,
        file: row.get("file")?,
        content: row.get("content")?,
        definition: row.get("definition")?,
        stopped: row.get::<i64>("stopped")? != 0,
        effective: row.get("effective")?,
        at: row.get("at")?,
        snapshot: row.get("snapshot")?,
        rows: row.get("rows")?,
        columns: row.get("columns")?,
        report: row.get("report")?,
    })
}
