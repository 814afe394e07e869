//! Rejected rows, with rule, reason and the row as it stood.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use kepi_model::id::SourceId;
use kepi_proof::{Commitment, Salt};
use kepi_query::landing::QuarantinedRow;
use kepi_store::{
    Transaction,
    quarantine::{self, Quarantined, RejectedRow},
    records::Rejected,
};

use serde_json::value::RawValue;

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
    open: Vec<RejectedRow>,
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
        let kept =
            RejectedRow::new(row, &rejection.rule, &rejection.reason, rejection.column.as_deref(), raw);
        self.seal.push(kept.row, &kept.rule, &kept.reason, kept.column.as_deref(), &kept.raw)?;
        self.open.push(kept);
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
        let chunk = serde_json::to_string(&self.open).map_err(|e| LakeError::Corrupt(e.to_string()))?;
        self.open.clear();
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
            insert_chunk(tx, load, source, name, &chunk).await?;
        }
        if let Some(mut file) = self.file.take() {
            let failed = |source| LakeError::Io { path: self.path.clone(), doing: "read", source };
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            for length in std::mem::take(&mut self.lengths) {
                let mut bytes = vec![0u8; length];
                file.read_exact(&mut bytes).map_err(failed)?;
                let chunk = String::from_utf8(bytes).map_err(|e| LakeError::Corrupt(e.to_string()))?;
                insert_chunk(tx, load, source, name, &chunk).await?;
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

/// What stands for what is personal in a rejected row.
const PERSONAL: &str = "\"(personal)\"";

/// A rejected row without what stands in columns that fill personal attributes. A row that cannot be told apart into columns is
/// left out whole, if there are any.
pub(crate) fn impersonal(raw: String, columns: &[String]) -> String {
    if columns.is_empty() {
        return raw;
    }
    let Ok(mut object) = serde_json::from_str::<Cells>(&raw) else { return PERSONAL.to_owned() };
    for column in columns {
        cover(&mut object, column);
    }
    serde_json::to_string(&object).unwrap_or_else(|_| PERSONAL.to_owned())
}

/// The cells of a row, as they are spelt.
type Cells = BTreeMap<String, Box<RawValue>>;

/// Covers the value of a column, which is a key, a key with a number behind it if it is there twice, or a path of keys.
fn cover(cells: &mut Cells, column: &str) {
    let Ok(covered) = RawValue::from_string(PERSONAL.to_owned()) else { return };
    let named = |key: &str| {
        let key = key.trim();
        key == column
            || key.strip_prefix(column).is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']'))
    };
    let mut found = false;
    for (_, value) in cells.iter_mut().filter(|(key, _)| named(key)) {
        found = true;
        if value.get() != "null" {
            value.clone_from(&covered);
        }
    }
    if found {
        return;
    }
    for (dot, _) in column.match_indices('.') {
        let (Some(key), Some(rest)) = (column.get(..dot), column.get(dot + 1..)) else { continue };
        if let Some(value) = cells.get_mut(key)
            && let Ok(mut nested) = serde_json::from_str::<Cells>(value.get())
        {
            cover(&mut nested, rest);
            *value = serde_json::value::to_raw_value(&nested).unwrap_or_else(|_| covered.clone());
        }
    }
}

async fn insert_chunk(
    tx: &mut Transaction,
    load: &str,
    source: &SourceId,
    name: &str,
    chunk: &str,
) -> Result<(), LakeError> {
    let rows: Vec<RejectedRow> =
        serde_json::from_str(chunk).map_err(|e| LakeError::Corrupt(e.to_string()))?;
    Ok(quarantine::keep(tx, load, source.as_str(), name, &rows).await?)
}

impl Catalogue {
    /// A page of rejected rows of loads that were not replaced, latest load first, and how many there are.
    pub async fn quarantine(
        &self,
        source: Option<&SourceId>,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<QuarantinedRow>, u64), LandError> {
        let mut tx = self.store.read().await?;
        let (rows, all) = quarantine::page(&mut tx, source.map(SourceId::as_str), offset, limit).await?;
        Ok((rows.into_iter().map(shown).collect::<Result<_, LakeError>>()?, all))
    }

    /// A rejected row by its place, of the latest load of its file that stands.
    pub async fn rejected(
        &self,
        source: &SourceId,
        file: &str,
        row: u64,
    ) -> Result<Option<QuarantinedRow>, LandError> {
        let mut tx = self.store.read().await?;
        let found = quarantine::at(&mut tx, (source.as_str(), file, row)).await?;
        Ok(found.map(shown).transpose()?)
    }
}

fn shown(of: Quarantined) -> Result<QuarantinedRow, LakeError> {
    let misnamed = || LakeError::Corrupt(format!("a source is named `{}`", of.source));
    Ok(QuarantinedRow {
        source: of.source.parse().map_err(|_| misnamed())?,
        load: of.load,
        file: of.file,
        row: of.rejected.row,
        rule: of.rejected.rule,
        reason: of.rejected.reason,
        column: of.rejected.column,
        raw: of.rejected.raw,
    })
}

/// Where the rejected rows of a load may be kept for a while.
pub(crate) fn spool_path(data: &Path, load: &str) -> PathBuf {
    data.join("main").join(format!("{load}.quarantine.{}", crate::durable::UNFINISHED))
}
