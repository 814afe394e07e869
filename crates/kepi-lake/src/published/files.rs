//! The files of published rows as a reader finds them: which there are, which of them it needs, and what they hold together.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use kepi_model::id::Hash;
use kepi_query::{
    landing::PortError,
    published::{Form, Table, TableBuilder, newest},
};
use kepi_store::{
    Reading,
    publication::{self as rows, NewestFile, PublishedFile},
};

use super::{
    FOLDER,
    file::{self, Wanted},
};
use crate::{
    LocalLake,
    durable::{self, blocking},
    error::LakeError,
    folders::NEWEST,
    sound::{Doubtful, Sound},
};

/// After so many files the newest rows are written anew, and so many small ones are merged.
pub(super) const FILES: usize = 32;
/// Smaller files are small [bytes]. What is not is never written again.
pub(super) const SMALL: i64 = 4 << 20;
/// Small files become one of at most so many bytes: a bound on what is in memory for it.
pub(super) const MERGED: i64 = 32 << 20;

/// Where the files of a table stand as of one moment, and how its runs are ordered.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// The lake's folder.
    pub(super) data: PathBuf,
    /// Which of them were held against their checksums.
    pub(super) sound: Arc<Sound>,
    pub(super) files: Vec<(PathBuf, PublishedFile)>,
    pub(super) newest: Option<(PathBuf, NewestFile)>,
    /// Position of each published run.
    pub(super) seqs: Arc<HashMap<i64, i64>>,
}

impl Files {
    pub(super) async fn of(reading: &mut Reading, lake: &LocalLake, form: &Form) -> Result<Self, LakeError> {
        let data = &lake.catalogue.data;
        let seqs = rows::runs(reading, None).await?.into_iter().map(|run| (run.run, run.seq)).collect();
        let folder = data.join(FOLDER);
        let files = match rows::published_table(reading, form.name).await? {
            Some(table) => rows::published_files(reading, table).await?,
            None => Vec::new(),
        };
        let path = |file: PublishedFile| (folder.join(form.name).join(&file.name), file);
        let newest = rows::newest_file(reading, form.name).await?;
        Ok(Self {
            data: data.clone(),
            sound: Arc::clone(&lake.sound),
            files: files.into_iter().map(path).collect(),
            newest: newest.map(|file| (folder.join(NEWEST).join(&file.name), file)),
            seqs: Arc::new(seqs),
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().map(|(path, _)| path).chain(self.newest.iter().map(|(path, _)| path))
    }

    /// How runs are ordered: by position in the log.
    pub(super) fn rank(&self, run: i64) -> i64 {
        self.seqs.get(&run).copied().unwrap_or(i64::MAX)
    }

    /// Files that hold a row of a run after a position.
    pub(super) fn after(&self, seq: i64) -> Vec<&(PathBuf, PublishedFile)> {
        self.files.iter().filter(|(_, file)| self.reaches_beyond(file, seq)).collect()
    }

    /// Whether a file may hold a row of a run after a position. Numbers between that no run has were those of runs that never
    /// published.
    pub(super) fn reaches_beyond(&self, file: &PublishedFile, seq: i64) -> bool {
        let (first, last) = file.runs;
        (first..=last).any(|run| self.seqs.get(&run).is_some_and(|of| *of > seq))
    }

    /// Small files to be merged, the oldest first: none where they are few. What the file of newest rows has not stays as it is,
    /// for every reader reads it.
    pub(super) fn mergeable(&self) -> Vec<&(PathBuf, PublishedFile)> {
        let Some((_, newest)) = &self.newest else { return Vec::new() };
        let small = |file: &PublishedFile| file.bytes < SMALL && !self.reaches_beyond(file, newest.seq);
        let small: Vec<_> = self.files.iter().filter(|(_, file)| small(file)).collect();
        if small.len() < FILES {
            return Vec::new();
        }
        let mut bytes = 0;
        let mut fits = |file: &PublishedFile| {
            bytes += file.bytes;
            bytes <= MERGED
        };
        small.into_iter().take_while(|(_, file)| fits(file)).collect()
    }

    /// The newest row of each key.
    pub(super) fn current(&self, form: &'static Form, wanted: Wanted<'_>) -> Result<Table, LakeError> {
        if let Some((path, file)) = &self.newest {
            match self
                .sound
                .bring(path)
                .and_then(|()| self.believe_named(path))
                .and_then(|()| file::read(path, form, wanted))
            {
                Ok(cached) => {
                    let mut tables = vec![cached];
                    tables.extend(self.read(self.after(file.seq), form, wanted)?);
                    return Ok(newest(form, &tables, |run| self.rank(run)));
                }
                // It is made from the others; without it, they are read.
                Err(error) => tracing::warn!(%error, "the file of newest rows is not read"),
            }
        }
        let tables = self.read(self.files.iter().collect(), form, wanted)?;
        Ok(newest(form, &tables, |run| self.rank(run)))
    }

    pub(super) fn read(
        &self,
        files: Vec<&(PathBuf, PublishedFile)>,
        form: &'static Form,
        wanted: Wanted<'_>,
    ) -> Result<Vec<Table>, LakeError> {
        let may_hold = |file: &PublishedFile| match (&file.subjects, wanted.subjects) {
            (Some((low, high)), Some(subjects)) => subjects.iter().any(|s| low <= s && s <= high),
            _ => true,
        };
        let files: Vec<_> = files.into_iter().filter(|(_, file)| may_hold(file)).collect();
        let doubtful = |(path, file): &&(PathBuf, PublishedFile)| {
            self.doubtful(path, file.bytes.unsigned_abs(), file.checksum)
        };
        self.sound.believe(&self.data, files.iter().map(doubtful).collect())?;
        files.into_iter().map(|(path, _)| file::read(path, form, wanted)).collect()
    }

    pub(super) fn doubtful(&self, path: &Path, bytes: u64, checksum: Option<Hash>) -> Doubtful {
        let name = path.strip_prefix(&self.data).unwrap_or(path).to_string_lossy().into_owned();
        Doubtful { name, path: path.to_owned(), bytes, checksum }
    }

    /// A file of newest rows is named after what is in it; earlier versions gave it another name.
    pub(super) fn believe_named(&self, path: &Path) -> Result<(), LakeError> {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let (Ok(checksum), Ok(found)) = (Hash::try_from(stem.to_owned()), durable::metadata(path)) else {
            return Ok(());
        };
        self.sound.believe(&self.data, vec![self.doubtful(path, found.len(), Some(checksum))])
    }
}

impl LocalLake {
    pub(super) async fn files(&self, form: &Form) -> Result<Files, LakeError> {
        self.catalogue.forget_erased().await?;
        let mut reading = self.store().read().await?;
        Files::of(&mut reading, self, form).await
    }

    /// Reads from the files of a table. Files that were merged or renewed meanwhile may be gone: then from those that are named
    /// instead.
    pub(super) async fn read_published<T: Send + 'static>(
        &self,
        form: &Form,
        read: impl Fn(&Files) -> Result<T, LakeError> + Clone + Send + 'static,
    ) -> Result<T, PortError> {
        let mut files = self.files(form).await?;
        loop {
            let (read, of) = (read.clone(), files.clone());
            match blocking(move || read(&of)).await? {
                Ok(found) => return Ok(found),
                Err(error) => {
                    let now = self.files(form).await?;
                    if now.names().eq(files.names()) {
                        return Err(error.into());
                    }
                    files = now;
                }
            }
        }
    }
}

/// The rows of all tables.
pub(super) fn all_of(form: &'static Form, tables: &[Table]) -> Table {
    let mut all = TableBuilder::new(form);
    tables.iter().for_each(|table| all.append(table));
    all.finish()
}
