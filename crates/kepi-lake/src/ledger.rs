//! The ledger of loads: one row a load, committed with its rows, so that a file is in exactly once or not at all.

use std::collections::HashMap;

use kepi_model::{
    id::{Hash, SourceId},
    project::Mode,
};
use kepi_proof::Salt;
use kepi_query::landing::{LoadOutcome, LoadReport};
use kepi_store::{Reading, Transaction, records::LedgerRow};
use sqlx::Row;

use crate::{
    catalogue::Catalogue,
    error::{LakeError, LandError},
};

/// A load of the same file before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Earlier {
    pub load: String,
    pub definition: String,
    pub effective: i64,
    pub report: LoadReport,
}

/// What the ledger knows before a file is landed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Past {
    /// The same file, if it is in the lake.
    pub earlier: Option<Earlier>,
    /// Rows in scope of the source's other loads, latest first.
    pub rows: Vec<u64>,
    /// Columns of the source's load before.
    pub columns: Option<Vec<String>>,
    /// Latest instant from which rows of the entity's loads hold.
    pub last_effective: Option<i64>,
    /// Since when the rows of each load of the entity hold.
    pub effective: HashMap<String, i64>,
}

fn report(text: &str) -> Result<LoadReport, LakeError> {
    serde_json::from_str(text).map_err(|e| LakeError::Corrupt(format!("a load: {e}")))
}

/// The load that makes a file landed already.
///
/// Append: any of this content, whatever its name. Upsert and snapshot: the latest of this name, if its content is
/// this; a file that goes back to what it once was is landed again.
pub(crate) async fn find_earlier(
    tx: &mut Reading,
    source: &SourceId,
    mode: Mode,
    file: &str,
    content: Hash,
) -> Result<Option<Earlier>, LakeError> {
    let sql = match mode {
        Mode::Append => {
            "SELECT load, definition, effective, report, content FROM kepi_load
             WHERE source = ?1 AND ?2 = ?2 AND content = ?3 AND stopped = 0 AND replaced_by IS NULL
             ORDER BY seq DESC LIMIT 1"
        }
        Mode::Upsert | Mode::Snapshot => {
            "SELECT load, definition, effective, report, content FROM kepi_load
             WHERE source = ?1 AND file = ?2 AND ?3 = ?3 AND stopped = 0 AND replaced_by IS NULL
             ORDER BY effective DESC, seq DESC LIMIT 1"
        }
    };
    let row = sqlx::query(sql)
        .bind(source.as_str())
        .bind(file)
        .bind(content.to_string())
        .fetch_optional(tx.raw())
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<&str, _>("content")? != content.to_string() {
        return Ok(None);
    }
    Ok(Some(Earlier {
        load: row.try_get("load")?,
        definition: row.try_get("definition")?,
        effective: row.try_get("effective")?,
        report: report(row.try_get("report")?)?,
    }))
}

/// Everything about the past that a landing needs.
pub(crate) async fn past(
    catalogue: &Catalogue,
    source: &kepi_model::project::Source,
    file: &str,
    content: Hash,
) -> Result<Past, LandError> {
    let mut tx = catalogue.store.read().await?;
    let mut past = Past {
        earlier: find_earlier(&mut tx, &source.id, source.mode, file, content).await?,
        ..Past::default()
    };
    for row in sqlx::query(
        "SELECT load, source, content, rows, columns, effective, replaced_by FROM kepi_load
         WHERE entity = ? AND stopped = 0 ORDER BY seq DESC",
    )
    .bind(source.into.as_str())
    .fetch_all(tx.raw())
    .await?
    {
        let effective: i64 = row.try_get("effective")?;
        past.last_effective = past.last_effective.max(Some(effective));
        past.effective.insert(row.try_get("load")?, effective);
        if row.try_get::<&str, _>("source")? != source.id.as_str() {
            continue;
        }
        if past.columns.is_none() {
            past.columns = serde_json::from_str(row.try_get("columns")?).ok();
        }
        if row.try_get::<Option<&str>, _>("replaced_by")?.is_none()
            && row.try_get::<&str, _>("content")? != content.to_string()
        {
            past.rows.push(row.try_get::<i64, _>("rows")?.unsigned_abs());
        }
    }
    Ok(past)
}

/// A row of the ledger.
pub(crate) struct Entry<'a> {
    pub report: &'a LoadReport,
    pub effective: i64,
    pub columns: &'a [String],
}

impl Entry<'_> {
    /// As it is kept.
    pub fn row(&self) -> Result<LedgerRow, LakeError> {
        let text = |e: serde_json::Error| LakeError::Corrupt(e.to_string());
        let r = self.report;
        Ok(LedgerRow {
            load: r.load.clone(),
            source: r.source.to_string(),
            entity: r.entity.to_string(),
            file: r.file.clone(),
            content: r.content.to_string(),
            definition: r.definition.to_string(),
            stopped: matches!(r.outcome, LoadOutcome::Stopped { .. }),
            effective: self.effective,
            at: r.at,
            snapshot: r.snapshot.map(|s| s.0),
            rows: r.counts.landed() as i64,
            columns: serde_json::to_string(self.columns).map_err(text)?,
            report: serde_json::to_string(r).map_err(text)?,
        })
    }
}

/// Adds a load, and marks the one it replaces.
pub(crate) async fn insert(
    tx: &mut Transaction,
    row: LedgerRow,
    salt: &Salt,
    replaces: Option<&str>,
) -> Result<(), LakeError> {
    let load = row.load.clone();
    sqlx::query(
        "INSERT INTO kepi_load (load, source, entity, file, content, definition, stopped, effective, at, snapshot,
                                rows, columns, report, salt)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(row.load)
    .bind(row.source)
    .bind(row.entity)
    .bind(row.file)
    .bind(row.content)
    .bind(row.definition)
    .bind(row.stopped)
    .bind(row.effective)
    .bind(row.at)
    .bind(row.snapshot)
    .bind(row.rows)
    .bind(row.columns)
    .bind(row.report)
    .bind(salt.to_string())
    .execute(tx.raw())
    .await?;
    if let Some(replaced) = replaces {
        sqlx::query("UPDATE kepi_load SET replaced_by = ? WHERE load = ?")
            .bind(load)
            .bind(replaced.to_owned())
            .execute(tx.raw())
            .await?;
    }
    Ok(())
}

impl Catalogue {
    /// Loads that were not replaced, in order, of one source or all.
    pub async fn loads(&self, source: Option<&SourceId>) -> Result<Vec<LoadReport>, LandError> {
        sqlx::query(
            "SELECT report FROM kepi_load WHERE (?1 IS NULL OR source = ?1) AND replaced_by IS NULL ORDER BY seq",
        )
        .bind(source.map(SourceId::as_str))
        .fetch_all(self.store.read().await?.raw())
        .await?
        .iter()
        .map(|row| Ok(report(row.try_get(0).map_err(LakeError::from)?)?))
        .collect()
    }
}
