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
    /// Which of its rows are out from the start.
    pub deletes: Option<NewDeletes>,
}

/// A file on the disk that says which rows of a data file are out, by position, and is not yet in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeletes {
    /// Absolute path.
    pub path: PathBuf,
    /// Name within the table's folder.
    pub name: String,
    /// Rows that are out.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// BLAKE3 of all bytes.
    pub checksum: Hash,
    /// Bytes of the Parquet footer.
    pub footer: u64,
}

/// A file that is written and not named yet, whatever is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    /// Absolute path.
    pub path: &'a PathBuf,
    /// Bytes.
    pub bytes: u64,
    /// BLAKE3 of all bytes, if its writer said it.
    pub checksum: Option<Hash>,
}

impl NewFile {
    /// It, and what says which of its rows are out.
    pub fn written(&self) -> impl Iterator<Item = Written<'_>> {
        let own = Written { path: &self.path, bytes: self.bytes, checksum: self.checksum };
        std::iter::once(own).chain(self.deletes.as_ref().map(NewDeletes::written))
    }
}

impl NewDeletes {
    /// As a file on the disk.
    pub fn written(&self) -> Written<'_> {
        Written { path: &self.path, bytes: self.bytes, checksum: Some(self.checksum) }
    }
}

/// What a snapshot does to a table.
#[derive(Debug, Clone, Default)]
pub struct Replacement {
    /// Files that are in from now on.
    pub add: Vec<NewFile>,
    /// Files that are out from now on.
    pub end: Vec<i64>,
    /// Live files of which some rows are out from now on, with what says which: all that are out, also those that were before.
    pub deletes: Vec<(i64, NewDeletes)>,
    /// Live files whose rows stand in one that is added: out of every snapshot, so that nothing keeps them on the disk. What the
    /// table held at an earlier snapshot can no longer be asked by snapshot.
    pub merged: Vec<i64>,
}

impl Replacement {
    /// All files that it brings.
    pub fn written(&self) -> impl Iterator<Item = Written<'_>> {
        let deletes = self.deletes.iter().map(|(_, deletes)| deletes.written());
        self.add.iter().flat_map(NewFile::written).chain(deletes)
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.end.is_empty() && self.deletes.is_empty() && self.merged.is_empty()
    }
}

/// A file of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Its number.
    pub id: i64,
    /// Path below the lake's folder: schema, table, name.
    pub path: String,
    /// Rows that it was written with.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// What says which of them are out, where some are.
    pub deletes: Option<Deletes>,
}

/// A file that says which rows of a data file are out, by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletes {
    /// Path below the lake's folder: schema, table, name.
    pub path: String,
    /// Rows that are out.
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
        deletes: None,
    })
}

fn read_with_deletes(row: &Row) -> Result<DataFile, StoreError> {
    let deletes = match row.get::<Option<String>>("deletes")? {
        Some(path) => {
            Some(Deletes { path, rows: row.count("delete_count")?, bytes: row.count("delete_bytes")? })
        }
        None => None,
    };
    Ok(DataFile { deletes, ..read(row)? })
}

/// Every file of every snapshot, those that say which rows are out among them, in order of their numbers.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn files(tx: &mut Reading) -> Result<Vec<DataFile>, StoreError> {
    Ok(checksummed(tx, None).await?.into_iter().map(|(file, _)| file).collect())
}

/// Every file of a snapshot, or of all where none is named, those that say which rows are out among them, with the checksum it was written with. Files of other
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
    let found = tx.query(sql::TABLE_FILES).bind(table).bind(snapshot).all().await?;
    found.iter().map(read_with_deletes).collect()
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
        tx.query(sql::END_DELETES).bind(*file).bind(snapshot).run().await?;
    }
    for file in &replacement.merged {
        if tx.query(sql::FORGET_FILE).bind(*file).bind(table).run().await? != 1 {
            return Err(corrupt(format!("file {file} was merged into another but is not live")));
        }
        tx.query(sql::FORGET_STATS).bind(*file).run().await?;
        tx.query(sql::FORGET_CHECKSUM).bind(*file).run().await?;
        tx.query(sql::FORGET_DELETES).bind(*file).run().await?;
    }
    let mut row_id: i64 = tx.query(sql::NEXT_ROW).bind(table).value().await?;
    let mut ids = Vec::with_capacity(replacement.add.len());
    let mut next_file = latest.next_file_id;
    for file in &replacement.add {
        insert_file(tx, table, snapshot, next_file, row_id, file).await?;
        ids.push(next_file);
        next_file += 1;
        row_id += stored(file.rows);
        if let Some(deletes) = &file.deletes {
            insert_deletes(tx, (table, snapshot), next_file, next_file - 1, deletes).await?;
            next_file += 1;
        }
    }
    for (file, deletes) in &replacement.deletes {
        if tx.query(sql::IS_LIVE).bind(*file).bind(table).value::<i64>().await? != 1 {
            return Err(corrupt(format!("rows of file {file} were to end but it is not live")));
        }
        tx.query(sql::END_DELETES).bind(*file).bind(snapshot).run().await?;
        insert_deletes(tx, (table, snapshot), next_file, *file, deletes).await?;
        next_file += 1;
    }
    let mut changes = Vec::new();
    if !replacement.add.is_empty() {
        changes.push(format!("inserted_into_table:{table}"));
    }
    if !replacement.end.is_empty() || !replacement.deletes.is_empty() {
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

/// What says which rows of a file are out, with the snapshots in which it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDeletes {
    /// Its number.
    pub id: i64,
    /// The number of the data file.
    pub of: i64,
    /// The file.
    pub file: Deletes,
    /// Whether it says so now.
    pub is_live: bool,
    end: Option<i64>,
}

/// What says which rows of a table's files are out, in all snapshots.
///
/// # Errors
/// The database refused or holds something unreadable.
pub async fn held_deletes(tx: &mut Reading, table: i64) -> Result<Vec<HeldDeletes>, StoreError> {
    let read = |row: &Row| {
        let end: Option<i64> = row.get("end_snapshot")?;
        Ok(HeldDeletes {
            id: row.get("delete_file_id")?,
            of: row.get("data_file_id")?,
            file: Deletes {
                path: row.get("path")?,
                rows: row.count("delete_count")?,
                bytes: row.count("file_size_bytes")?,
            },
            is_live: end.is_none(),
            end,
        })
    };
    tx.query(erase::HELD_DELETES).bind(table).all().await?.iter().map(read).collect()
}

/// A file that takes the place of another in every snapshot that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchanged {
    /// The other.
    pub old: Held,
    /// The file.
    pub new: NewFile,
    /// What says which of its rows are out, in the place of what said it of the other.
    pub deletes: Vec<(HeldDeletes, NewDeletes)>,
}

/// Puts files in the place of others in every snapshot that has them, and makes a snapshot of it: whoever knows the table as it was
/// sees that it is another. Returns its number.
///
/// # Errors
/// The database refused.
pub async fn exchange(
    tx: &mut Transaction,
    table: i64,
    files: &[Exchanged],
    stamp: Stamp<'_>,
) -> Result<i64, StoreError> {
    let latest = latest(tx).await?;
    let snapshot = latest.snapshot + 1;
    let mut row_id: i64 = tx.query(sql::NEXT_ROW).bind(table).value().await?;
    let mut next_file = latest.next_file_id;
    for Exchanged { old, new, deletes } in files {
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
        let again = next_file;
        if old.end.is_none() {
            // The same file, from this snapshot on.
            insert_file(tx, table, snapshot, again, row_id, new).await?;
            next_file += 1;
            row_id += stored(new.rows);
        }
        for (old, new) in deletes {
            tx.query(erase::EXCHANGE_DELETES)
                .bind(old.id)
                .bind(&*new.name)
                .bind(stored(new.rows))
                .bind(stored(new.bytes))
                .bind(stored(new.footer))
                .bind(old.end.unwrap_or(snapshot))
                .run()
                .await?;
            tx.query(sql::FORGET_CHECKSUM).bind(old.id).run().await?;
            tx.query(sql::ADD_CHECKSUM).bind(old.id).bind(new.checksum.to_string()).run().await?;
            if old.end.is_none() {
                insert_deletes(tx, (table, snapshot), next_file, again, new).await?;
                next_file += 1;
            }
        }
    }
    let next = Latest { snapshot, next_file_id: next_file, ..latest };
    insert_snapshot(tx, next, &format!("compacted_table:{table}"), stamp).await?;
    tx.query(sql::UPDATE_STATS).bind(table).bind(row_id).run().await?;
    Ok(snapshot)
}

async fn insert_deletes(
    tx: &mut Transaction,
    (table, snapshot): (i64, i64),
    id: i64,
    of: i64,
    deletes: &NewDeletes,
) -> Result<(), StoreError> {
    tx.query(sql::ADD_DELETES)
        .bind(id)
        .bind(table)
        .bind(snapshot)
        .bind(of)
        .bind(&*deletes.name)
        .bind(true)
        .bind(stored(deletes.rows))
        .bind(stored(deletes.bytes))
        .bind(stored(deletes.footer))
        .run()
        .await?;
    tx.query(sql::ADD_CHECKSUM).bind(id).bind(deletes.checksum.to_string()).run().await?;
    Ok(())
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
