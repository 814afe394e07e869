//! Records: rows that the log does not hold and whose events say what they must be.
//!
//! A row with anybody's words in it is named by a commitment: the salt stands in the row and goes with it, and then
//! the event says nothing of it any more.

use kepi_govern::{Event, event::Load};
use kepi_proof::{Commitment, Frontier, Salt, canonical};
use serde_json::json;

use crate::{
    error::StoreError,
    event::{self, EventFilter, unreadable},
    sql::{Row, common::records as sql},
    store::{Reading, Store},
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
                for (table, whole) in compare(&mut tx, &load, ledger, rejected).await? {
                    if !whole {
                        altered.push(Altered { seq: recorded.seq, table, of: load.load.to_string() });
                    }
                }
            }
        }
    }
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
    let mut rows = Rejected::default();
    for row in tx.query(sql::REJECTED_ROWS).bind(id).all().await? {
        let column: Option<String> = row.get("column")?;
        let (rule, reason): (String, String) = (row.get("rule")?, row.get("reason")?);
        rows.push(row.count("row")?, &rule, &reason, column.as_deref(), &row.get::<String>("raw")?)?;
    }
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
