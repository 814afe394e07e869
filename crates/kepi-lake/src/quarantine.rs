//! Rejected rows, with rule, reason and the row as it stood.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use kepi_model::id::SourceId;
use kepi_proof::{Commitment, Salt};
use kepi_query::landing::QuarantinedRow;
use kepi_store::{Transaction, records::Rejected};
use serde_json::json;
use sqlx::Row;

use crate::{
    catalogue::Catalogue,
    durable,
    error::{LakeError, LandError},
    mapping::Rejection,
};

/// Rows of a chunk.
const CHUNK_ROWS: usize = 1000;
/// Bytes held in memory; what comes after goes to a file.
const IN_MEMORY: usize = 16 << 20;

/// Rejected rows of a load that is not committed yet: in memory, and in a file when there are many.
pub(crate) struct Spool {
    path: PathBuf,
    open: Vec<serde_json::Value>,
    chunks: Vec<String>,
    held: usize,
    file: Option<File>,
    lengths: Vec<usize>,
    seal: Rejected,
    pub rows: u64,
}

impl Spool {
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            open: Vec::new(),
            chunks: Vec::new(),
            held: 0,
            file: None,
            lengths: Vec::new(),
            seal: Rejected::default(),
            rows: 0,
        }
    }

    pub fn push(&mut self, row: u64, rejection: &Rejection, raw: &str) -> Result<(), LakeError> {
        self.rows += 1;
        self.seal.push(row, &rejection.rule, &rejection.reason, rejection.column.as_deref(), raw)?;
        self.open.push(json!({
            "row": row, "rule": rejection.rule, "reason": rejection.reason,
            "column": rejection.column, "raw": raw,
        }));
        if self.open.len() >= CHUNK_ROWS { self.close_chunk() } else { Ok(()) }
    }

    /// What the event of the load commits to.
    pub fn commitment(&self, salt: &Salt) -> Commitment {
        self.seal.commitment(salt)
    }

    fn close_chunk(&mut self) -> Result<(), LakeError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let chunk = serde_json::Value::from(std::mem::take(&mut self.open)).to_string();
        if self.held + chunk.len() <= IN_MEMORY {
            self.held += chunk.len();
            self.chunks.push(chunk);
            return Ok(());
        }
        let failed = |source| LakeError::Io { path: self.path.clone(), doing: "written", source };
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(durable::scratch(&self.path).map_err(failed)?),
        };
        file.write_all(chunk.as_bytes()).map_err(failed)?;
        self.lengths.push(chunk.len());
        Ok(())
    }

    /// Writes all rows within the load's transaction.
    pub async fn insert(
        mut self,
        tx: &mut Transaction,
        load: &str,
        source: &SourceId,
        name: &str,
    ) -> Result<(), LakeError> {
        self.close_chunk()?;
        for chunk in std::mem::take(&mut self.chunks) {
            insert_chunk(tx, load, source, name, chunk).await?;
        }
        if let Some(mut file) = self.file.take() {
            let failed = |source| LakeError::Io { path: self.path.clone(), doing: "read", source };
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            for length in std::mem::take(&mut self.lengths) {
                let mut bytes = vec![0u8; length];
                file.read_exact(&mut bytes).map_err(failed)?;
                let chunk = String::from_utf8(bytes).map_err(|e| LakeError::Corrupt(e.to_string()))?;
                insert_chunk(tx, load, source, name, chunk).await?;
            }
        }
        Ok(())
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if self.lengths.is_empty() && self.file.is_none() && !self.path.exists() {
            return;
        }
        let _ = durable::remove(&self.path);
    }
}

async fn insert_chunk(
    tx: &mut Transaction,
    load: &str,
    source: &SourceId,
    name: &str,
    chunk: String,
) -> Result<(), LakeError> {
    sqlx::query(
        "INSERT INTO kepi_quarantine (load, source, file, row, rule, reason, \"column\", raw)
         SELECT ?1, ?2, ?3, value ->> 'row', value ->> 'rule', value ->> 'reason', value ->> 'column',
                value ->> 'raw'
         FROM json_each(?4) ORDER BY key",
    )
    .bind(load)
    .bind(source.as_str())
    .bind(name)
    .bind(chunk)
    .execute(tx.raw())
    .await?;
    Ok(())
}

/// Rows before the page are stepped over in the index alone; loads come first, so that nothing is sorted.
const PAGE: &str = "SELECT q.load, q.source, q.file, q.row, q.rule, q.reason, q.\"column\", q.raw
     FROM (SELECT q.seq, l.seq AS load_seq FROM kepi_load l CROSS JOIN kepi_quarantine q ON q.load = l.load
           WHERE l.replaced_by IS NULL AND (?1 IS NULL OR l.source = ?1)
           ORDER BY l.seq DESC, q.seq LIMIT ?2 OFFSET ?3) page
     JOIN kepi_quarantine q USING (seq) ORDER BY load_seq DESC, seq";

impl Catalogue {
    /// A page of rejected rows of loads that were not replaced, latest load first, and how many there are.
    pub async fn quarantine(
        &self,
        source: Option<&SourceId>,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<QuarantinedRow>, u64), LandError> {
        let source = source.map(SourceId::as_str);
        let mut tx = self.store.read().await?;
        // From the ledger, not by counting: a page costs the same whether a hundred rows are rejected or a million.
        let all: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(report ->> '$.counts.quarantined'), 0) FROM kepi_load
             WHERE replaced_by IS NULL AND NOT stopped AND (?1 IS NULL OR source = ?1)",
        )
        .bind(source)
        .fetch_one(tx.raw())
        .await?;
        let rows = sqlx::query(PAGE)
            .bind(source)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(i64::try_from(offset).unwrap_or(i64::MAX))
            .fetch_all(tx.raw())
            .await?;
        let page = rows
            .iter()
            .map(|r| {
                let source: String = r.try_get(1)?;
                Ok(QuarantinedRow {
                    load: r.try_get(0)?,
                    source: source
                        .parse()
                        .map_err(|_| LakeError::Corrupt(format!("a source is named `{source}`")))?,
                    file: r.try_get(2)?,
                    row: r.try_get::<i64, _>(3)?.unsigned_abs(),
                    rule: r.try_get(4)?,
                    reason: r.try_get(5)?,
                    column: r.try_get(6)?,
                    raw: r.try_get(7)?,
                })
            })
            .collect::<Result<_, LakeError>>()?;
        Ok((page, all.unsigned_abs()))
    }
}

/// Where the rejected rows of a load may be kept for a while.
pub(crate) fn spool_path(data: &Path, load: &str) -> PathBuf {
    data.join("main").join(format!("{load}.quarantine.{}", crate::durable::UNFINISHED))
}
