//! Files of tables: which are in, and putting some in and taking some out.

use std::path::PathBuf;

use kepi_model::id::Hash;

use super::{Column, Latest, Stamp, corrupt, hash, insert_snapshot, latest};
use crate::{
    error::StoreError,
    sql::{
        Row,
        common::{catalogue as sql, erase},
        many, stored,
    },
    store::{Reading, Transaction},
};

/// Rows of one statement.
const AT_ONCE: usize = 50;

/// Statistics of one column of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileStats {
    /// Column.
    pub column: i64,
    /// Values that are there.
    pub values: u64,
    /// Values that are not.
    pub missing: u64,
    /// Least and greatest value in DuckLake's spelling; none where there is none, or it is not to be kept.
    pub bounds: Option<(String, String)>,
}

/// A file that is on the disk and not yet in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Absolute path, for whoever has to remove it; the catalogue keeps the name only.
    pub path: PathBuf,
    /// Name within its table's folder.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// BLAKE3 of all bytes; none of a file whose writer did not say.
    pub checksum: Option<Hash>,
    /// Bytes of the Parquet footer.
    pub footer: u64,
    /// Statistics.
    pub stats: Vec<FileStats>,
}

/// What a snapshot does to a table.
#[derive(Debug, Clone, Default)]
pub struct Replacement {
    /// Files that are in from now on.
    pub add: Vec<NewFile>,
    /// Files that are out from now on.
    pub end: Vec<i64>,
    /// Live files whose rows stand in one that is added: out of every snapshot, so that nothing keeps them on the disk. What the
    /// table held at an earlier snapshot can no longer be asked by snapshot.
    pub merged: Vec<i64>,
}

/// A file of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Its number.
    pub id: i64,
    /// Path below the lake's folder: schema, table, name.
    pub path: String,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

fn read(row: &Row) -> Result<DataFile, StoreError> {
    Ok(DataFile {
        id: row.get("data_file_id")?,
        path: row.get("path")?,
        rows: row.count("record_count")?,
        bytes: row.count("file_size_bytes")?,
    })
}

/// Every file of every snapshot, in order of their numbers.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn files(tx: &mut Reading) -> Result<Vec<DataFile>, StoreError> {
    Ok(checksummed(tx, None).await?.into_iter().map(|(file, _)| file).collect())
}

/// Every file of a snapshot, or of all where none is named, with the checksum it was written with. Files of other
/// writers have none: DuckLake keeps no checksums.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn checksummed(
    tx: &mut Reading,
    snapshot: Option<i64>,
) -> Result<Vec<(DataFile, Option<Hash>)>, StoreError> {
    let read = |row: &Row| Ok((read(row)?, row.get::<Option<String>>("blake3")?.map(hash).transpose()?));
    tx.query(sql::FILES).bind(snapshot).all().await?.iter().map(read).collect()
}

/// The files that make up a table at a snapshot, in order of their numbers.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn table_files(tx: &mut Reading, table: i64, snapshot: i64) -> Result<Vec<DataFile>, StoreError> {
    tx.query(sql::TABLE_FILES).bind(table).bind(snapshot).all().await?.iter().map(read).collect()
}

/// The files that make up a table now, in order of their numbers.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn live_files(tx: &mut Reading, table: i64) -> Result<Vec<DataFile>, StoreError> {
    table_files(tx, table, i64::MAX).await
}

/// The newest snapshot, not later than the one given, that touched a table's files; 0 if none did. Two equal versions
/// have the same files.
///
/// # Errors
/// The database refused.
pub async fn version(tx: &mut Reading, table: i64, snapshot: Option<i64>) -> Result<i64, StoreError> {
    tx.query(sql::VERSION).bind(table).bind(snapshot.unwrap_or(i64::MAX)).value().await
}

/// Least and greatest value of an integer or instant column over the files of a snapshot, if every file that has a
/// value knows them; `Some(None)` if none has one.
///
/// # Errors
/// The database refused.
pub async fn bounds(
    tx: &mut Reading,
    table: i64,
    column: &Column,
    snapshot: i64,
) -> Result<Option<Option<(i64, i64)>>, StoreError> {
    let mut all: Option<(i64, i64)> = None;
    for row in tx.query(sql::BOUNDS).bind(table).bind(column.id).bind(snapshot).all().await? {
        // A file without statistics of the column is older than the column (all missing), or the column is personal.
        let older = row.get::<i64>(3)? != 0;
        match row.get::<Option<i64>>(0)? {
            Some(0) => continue,
            None if older => continue,
            _ => {}
        }
        let end = |place: usize| -> Result<Option<i64>, StoreError> {
            Ok(row.get::<Option<&str>>(place)?.and_then(|text| column.column.type_.read(text)))
        };
        let (Some(low), Some(high)) = (end(1)?, end(2)?) else { return Ok(None) };
        all = Some(all.map_or((low, high), |(l, h)| (l.min(low), h.max(high))));
    }
    Ok(Some(all))
}

/// Makes a snapshot in which files of a table come and go; returns its number and the numbers of the added files.
///
/// # Errors
/// The database refused; a file that was to go is not there.
pub async fn commit(
    tx: &mut Transaction,
    table: i64,
    replacement: &Replacement,
    stamp: Stamp<'_>,
) -> Result<(i64, Vec<i64>), StoreError> {
    let latest = latest(tx).await?;
    let snapshot = latest.snapshot + 1;
    for file in &replacement.end {
        if tx.query(sql::END_FILE).bind(*file).bind(snapshot).run().await? != 1 {
            return Err(corrupt(format!("file {file} was to end but is not live")));
        }
    }
    for file in &replacement.merged {
        if tx.query(sql::FORGET_FILE).bind(*file).bind(table).run().await? != 1 {
            return Err(corrupt(format!("file {file} was merged into another but is not live")));
        }
        tx.query(sql::FORGET_STATS).bind(*file).run().await?;
        tx.query(sql::FORGET_CHECKSUM).bind(*file).run().await?;
    }
    let mut row_id: i64 = tx.query(sql::NEXT_ROW).bind(table).value().await?;
    let mut ids = Vec::with_capacity(replacement.add.len());
    let mut next_file = latest.next_file_id;
    for file in &replacement.add {
        insert_file(tx, table, snapshot, next_file, row_id, file).await?;
        ids.push(next_file);
        next_file += 1;
        row_id += stored(file.rows);
    }
    let mut changes = Vec::new();
    if !replacement.add.is_empty() {
        changes.push(format!("inserted_into_table:{table}"));
    }
    if !replacement.end.is_empty() {
        changes.push(format!("deleted_from_table:{table}"));
    }
    if !replacement.merged.is_empty() {
        changes.push(format!("compacted_table:{table}"));
    }
    let next = Latest { snapshot, next_file_id: next_file, ..latest };
    insert_snapshot(tx, next, &changes.join(","), stamp).await?;
    tx.query(sql::UPDATE_STATS).bind(table).bind(row_id).run().await?;
    Ok((snapshot, ids))
}

/// A file of a table with the snapshots that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The file.
    pub file: DataFile,
    /// The first snapshot that has it.
    pub begin: i64,
    /// The first that has it no longer; none: it is live.
    pub end: Option<i64>,
}

/// The files of a table in all snapshots. One that stands in several stretches of them stands here as often.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn held(tx: &mut Reading, table: i64) -> Result<Vec<Held>, StoreError> {
    let read = |row: &Row| {
        Ok(Held { file: read(row)?, begin: row.get("begin_snapshot")?, end: row.get("end_snapshot")? })
    };
    tx.query(erase::HELD).bind(table).all().await?.iter().map(read).collect()
}

/// Puts files in the place of others in every snapshot that has them, and makes a snapshot of it: whoever knows the table as it was
/// sees that it is another. Returns its number.
///
/// # Errors
/// The database refused.
pub async fn exchange(
    tx: &mut Transaction,
    table: i64,
    files: &[(Held, NewFile)],
    stamp: Stamp<'_>,
) -> Result<i64, StoreError> {
    let latest = latest(tx).await?;
    let snapshot = latest.snapshot + 1;
    let mut row_id: i64 = tx.query(sql::NEXT_ROW).bind(table).value().await?;
    let mut next_file = latest.next_file_id;
    for (old, new) in files {
        let end = old.end.unwrap_or(snapshot);
        tx.query(erase::EXCHANGE)
            .bind(old.file.id)
            .bind(&*new.name)
            .bind(stored(new.rows))
            .bind(stored(new.bytes))
            .bind(stored(new.footer))
            .bind(end)
            .run()
            .await?;
        tx.query(sql::FORGET_STATS).bind(old.file.id).run().await?;
        tx.query(sql::FORGET_CHECKSUM).bind(old.file.id).run().await?;
        describe(tx, table, old.file.id, new).await?;
        if old.end.is_none() {
            // The same file, from this snapshot on.
            insert_file(tx, table, snapshot, next_file, row_id, new).await?;
            next_file += 1;
            row_id += stored(new.rows);
        }
    }
    let next = Latest { snapshot, next_file_id: next_file, ..latest };
    insert_snapshot(tx, next, &format!("compacted_table:{table}"), stamp).await?;
    tx.query(sql::UPDATE_STATS).bind(table).bind(row_id).run().await?;
    Ok(snapshot)
}

async fn insert_file(
    tx: &mut Transaction,
    table: i64,
    snapshot: i64,
    id: i64,
    row_id: i64,
    file: &NewFile,
) -> Result<(), StoreError> {
    tx.query(sql::ADD_FILE)
        .bind(id)
        .bind(table)
        .bind(snapshot)
        .bind(&*file.name)
        .bind(true)
        .bind(stored(file.rows))
        .bind(stored(file.bytes))
        .bind(stored(file.footer))
        .bind(row_id)
        .run()
        .await?;
    describe(tx, table, id, file).await
}

/// Keeps checksum and statistics of a file.
async fn describe(tx: &mut Transaction, table: i64, id: i64, file: &NewFile) -> Result<(), StoreError> {
    if let Some(checksum) = file.checksum {
        tx.query(sql::ADD_CHECKSUM).bind(id).bind(checksum.to_string()).run().await?;
    }
    for some in file.stats.chunks(AT_ONCE) {
        let mut query = tx.query_built(many(sql::ADD_STATS, 2, 5, some.len())).bind(id).bind(table);
        for s in some {
            let (low, high) = s.bounds.as_ref().map_or((None, None), |(l, h)| (Some(&**l), Some(&**h)));
            query = query.bind(s.column).bind(stored(s.values)).bind(stored(s.missing)).bind(low).bind(high);
        }
        query.run().await?;
    }
    Ok(())
}
