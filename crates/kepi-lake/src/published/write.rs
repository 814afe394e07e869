//! Writing what a run changes: its own rows, the newest of all anew now and then, and small files of earlier runs as one.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use kepi_govern::event::Sealed;
use kepi_proof::Frontier;
use kepi_query::published::{
    Cause, Changed, Changes, ColumnSpec, ColumnType, Counts, Form, Table, changes, newest,
};
use kepi_store::{
    Transaction,
    catalogue::{self as stored, NewColumn, Stamp},
    publication::{self as rows, NewestFile},
};

use super::{
    FOLDER,
    file::{self, Wanted},
    files::{FILES, Files, all_of},
};
use crate::{
    LocalLake,
    catalogue::{NewFile, Replacement},
    door::CalledOff,
    durable::{DurableFs, blocking, create_folder_durably},
    error::LakeError,
    folders::NEWEST,
};

/// A table as it is after a run, not committed yet.
pub(super) struct Written {
    pub(super) form: &'static Form,
    pub(super) counts: Counts,
    /// What changed, segments apart.
    pub(super) changed: Vec<Changed>,
    /// The rows of the run.
    pub(super) sealed: Sealed,
    pub(super) file: Option<NewFile>,
    pub(super) newest: Option<(PathBuf, NewestFile)>,
    /// The rows of earlier runs' small files in one, and the numbers of those.
    pub(super) merged: Option<(NewFile, Vec<i64>)>,
}

impl Written {
    /// Names the files in the catalogue.
    pub(super) async fn commit(
        &mut self,
        lake: &LocalLake,
        tx: &mut Transaction,
        stamp: Stamp<'_>,
    ) -> Result<(), LakeError> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let table = lake.published_table(tx, self.form, (stamp.at, stamp.actor)).await?;
        let (merged, ids) = self.merged.take().unzip();
        let add = [Some(file), merged].into_iter().flatten().collect();
        let of = Replacement { add, merged: ids.unwrap_or_default(), ..Replacement::default() };
        stored::commit(tx, table, &of, stamp).await?;
        Ok(())
    }
}

/// Writes the rows of small files to one, sorted by key. Within a run they stand as they stood, for a run's rows are sealed in
/// that order.
pub(super) fn merge(
    fs: &Arc<dyn DurableFs>,
    folder: &Path,
    files: &Files,
    form: &'static Form,
) -> Result<Option<(NewFile, Vec<i64>)>, LakeError> {
    let small = files.mergeable();
    if small.is_empty() {
        return Ok(None);
    }
    let ids = small.iter().map(|(_, file)| file.id).collect();
    let tables = files.read(small, form, Wanted::default())?;
    let rows = all_of(form, &tables).sorted(|run| files.rank(run));
    drop(tables);
    Ok(Some((file::write(fs, folder, &rows)?, ids)))
}

/// Finds what a run changes and writes it to files.
pub(super) fn write(
    fs: &Arc<dyn DurableFs>,
    data: &Path,
    files: &Files,
    computed: Table,
    run: i64,
    cause: impl Fn(&str, &str) -> Cause,
) -> Result<Written, LakeError> {
    let form = computed.form();
    let folder = data.join(FOLDER).join(form.name);
    let made = |path: &Path| {
        create_folder_durably(fs.as_ref(), path).map_err(|source| LakeError::Io {
            path: path.to_owned(),
            doing: "made",
            source,
        })
    };
    let rank = |of: i64| if of == run { i64::MAX } else { files.rank(of) };
    let computed = computed.sorted(rank);
    let current = files.current(form, Wanted::default())?;
    let Changes { rows, counts, changed } = changes(run, &computed, &current, cause);
    drop(computed);
    let mut written =
        Written { form, counts, changed, sealed: sealed([]), file: None, newest: None, merged: None };
    if rows.is_empty() {
        return Ok(written);
    }
    made(&folder)?;
    // Each takes about as long as the other, and neither needs it.
    let (sealed, file) = thread::scope(|scope| {
        let sealed = scope.spawn(|| sealed_rows(&rows));
        let file = file::write(fs, &folder, &rows);
        (sealed.join(), file)
    });
    written.sealed = sealed.map_err(|_| LakeError::Worker("the rows could not be sealed".to_owned()))?;
    written.file = Some(file?);
    let cached = files.newest.as_ref();
    let since = files.after(cached.map_or(0, |(_, file)| file.seq));
    // Anew after many files, or after much; a first run's own file is as good.
    let much = cached.map_or(0, |(_, file)| file.rows / 2);
    let bytes: i64 = since.iter().map(|(_, file)| file.bytes).sum();
    if !since.is_empty() && (since.len() >= FILES || (cached.is_some() && bytes > much * 16)) {
        let all = newest(form, &[current, rows], rank);
        let beside = data.join(FOLDER).join(NEWEST);
        made(&beside)?;
        let file = named_by_content(fs, &beside, file::write(fs, &beside, &all)?)?;
        let named = NewestFile { name: file.name, seq: 0, rows: all.rows() as i64 };
        written.newest = Some((file.path, named));
    }
    // A run does without: the files are merged another time, and whoever reads a damaged one says so.
    written.merged = merge(fs, &folder, files, form).unwrap_or_else(|error| {
        tracing::warn!(%error, "files of {} are not merged", form.name);
        None
    });
    Ok(written)
}

/// Gives a file the name of its checksum, so that whoever reads it can tell whether it is what was written.
pub(super) fn named_by_content(
    fs: &Arc<dyn DurableFs>,
    folder: &Path,
    file: NewFile,
) -> Result<NewFile, LakeError> {
    let Some(checksum) = file.checksum else { return Ok(file) };
    let name = format!("{checksum}.parquet");
    let path = folder.join(&name);
    let renamed = fs.rename(&file.path, &path).and_then(|()| fs.sync_folder(folder));
    renamed.map_err(|source| LakeError::Io { path: path.clone(), doing: "named", source })?;
    Ok(NewFile { path, name, ..file })
}

pub(super) fn column_type(type_: ColumnType) -> stored::ColumnType {
    match type_ {
        ColumnType::Integer => stored::ColumnType::Int64,
        ColumnType::Instant => stored::ColumnType::Instant,
        ColumnType::Number => stored::ColumnType::Float64,
        ColumnType::Text => stored::ColumnType::Text,
        ColumnType::Day => stored::ColumnType::Date,
        ColumnType::Bytes => stored::ColumnType::Bytes,
    }
}

impl LocalLake {
    /// Writes tables to files: all, or none stays.
    pub(super) async fn write_all(
        &self,
        tables: Vec<Table>,
        files: Vec<Files>,
        write: impl Fn(Table, &Files) -> Result<Written, LakeError> + Send + 'static,
    ) -> Result<Vec<Written>, LakeError> {
        let written = blocking(move || {
            let mut written = Vec::new();
            for (table, files) in tables.into_iter().zip(&files) {
                match write(table, files) {
                    Ok(one) => written.push(one),
                    Err(error) => return Err((error, written)),
                }
            }
            Ok(written)
        });
        written.await?.map_err(|(error, written)| {
            self.remove_all(&paths(&written));
            error
        })
    }

    /// Calls a command off whose new files are not there any more.
    pub(super) async fn all_there(&self, written: &[Written]) -> Result<(), CalledOff> {
        for one in written {
            let merged = one.merged.as_ref().map(|(file, _)| file);
            for file in [one.file.as_ref(), merged].into_iter().flatten() {
                self.still_there(&file.path, file.bytes).await?;
            }
        }
        Ok(())
    }

    /// The number of a table of published rows, made if need be.
    pub(super) async fn published_table(
        &self,
        tx: &mut Transaction,
        form: &Form,
        (at, actor): (i64, &str),
    ) -> Result<i64, LakeError> {
        if let Some(table) = rows::published_table(tx, form.name).await? {
            return Ok(table);
        }
        let column = |column: &ColumnSpec| NewColumn {
            name: column.name.to_owned(),
            type_: column_type(column.type_),
            declared: None,
        };
        let columns: Vec<NewColumn> = form.columns.iter().map(column).collect();
        let stamp = Stamp { at, actor, message: "publish" };
        Ok(stored::widen(tx, FOLDER, form.name, &columns, stamp).await?.table.id)
    }
}

/// So many entries with the root over them: **the one place where published rows are sealed.**
pub(super) fn sealed(entries: impl IntoIterator<Item = Vec<u8>>) -> Sealed {
    let mut frontier = Frontier::default();
    entries.into_iter().for_each(|entry| frontier.push(&entry));
    Sealed { rows: frontier.size(), root: frontier.root() }
}

pub(super) fn sealed_rows(of: &Table) -> Sealed {
    let mut frontier = Frontier::default();
    let mut bytes = Vec::new();
    for row in 0..of.rows() {
        of.row_bytes(row, &mut bytes);
        frontier.push(&bytes);
    }
    Sealed { rows: frontier.size(), root: frontier.root() }
}

/// Paths of all files that were written.
pub(super) fn paths(written: &[Written]) -> Vec<PathBuf> {
    let files = written.iter().filter_map(|one| one.file.as_ref().map(|file| file.path.clone()));
    let newest = written.iter().filter_map(|one| one.newest.as_ref().map(|(path, _)| path.clone()));
    let merged = written.iter().filter_map(|one| one.merged.as_ref().map(|(file, _)| file.path.clone()));
    files.chain(newest).chain(merged).collect()
}
