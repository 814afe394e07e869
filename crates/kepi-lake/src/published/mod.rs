//! Published figures: Parquet files under the schema `published`; runs, and what they vouch for, beside the catalogue.
//!
//! A run's files are on the disk before the transaction that names them. The newest row of each key is also kept in
//! one file a table, made anew now and then, so that a reader opens a handful of files however many runs there were.

mod audit;
mod file;
mod insights;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use jiff::civil::Date;
use kepi_govern::{
    Command, Evidence, Publish,
    event::{RunCounts, Sealed},
    plain::Engine,
};
use kepi_model::{calendar::ordinal_of_day, id::Hash};
use kepi_proof::{Digest, Frontier, canonical};
use kepi_query::{
    landing::PortError,
    port::{EngineVersion, Fut, SnapshotId},
    published::{
        Cause, Changes, ColumnSpec, ColumnType, Counts, Form, NewInsights, NewRun, PublishError, Published,
        Run, RunPins, SCORE, Subject, Table, TableBuilder, VALUE, Values, Vouched, causes, changes, newest,
        point,
    },
};
use kepi_store::{
    Asked, Effects, Performed, Reading, Receipt, Store, StoreError, Transaction,
    catalogue::{self as stored, NewColumn, Stamp},
    publication::{self as rows, NewestFile, PublishedFile, RunRow, VouchedRow},
};
use serde_json::json;

use crate::{
    LocalLake,
    catalogue::{NewFile, Replacement},
    door::{CalledOff, permit, plain},
    durable::{self, DurableFs, blocking, create_folder_durably},
    error::{LakeError, LandError},
    sound::{Doubtful, Sound},
};
use file::Wanted;

/// Folder of the schema.
pub(crate) const FOLDER: &str = "published";
/// Folder in it for the files of newest rows.
const NEWEST: &str = "newest";
/// After so many files the newest rows are written anew, and so many small ones are merged.
const FILES: usize = 32;
/// Smaller files are small [bytes]. What is not is never written again.
const SMALL: i64 = 4 << 20;
/// Small files become one of at most so many bytes: a bound on what is in memory for it.
const MERGED: i64 = 32 << 20;
/// How often a run tries to publish while others do.
const ATTEMPTS: usize = 5;

/// Where the files of a table stand as of one moment, and how its runs are ordered.
#[derive(Debug, Clone)]
struct Files {
    /// The lake's folder.
    data: PathBuf,
    /// Which of them were held against their checksums.
    sound: Arc<Sound>,
    files: Vec<(PathBuf, PublishedFile)>,
    newest: Option<(PathBuf, NewestFile)>,
    /// Position of each published run.
    seqs: Arc<HashMap<i64, i64>>,
}

impl Files {
    async fn of(reading: &mut Reading, lake: &LocalLake, form: &Form) -> Result<Self, LakeError> {
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

    fn names(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().map(|(path, _)| path).chain(self.newest.iter().map(|(path, _)| path))
    }

    /// How runs are ordered: by position in the log.
    fn rank(&self, run: i64) -> i64 {
        self.seqs.get(&run).copied().unwrap_or(i64::MAX)
    }

    /// Files that hold a row of a run after a position.
    fn after(&self, seq: i64) -> Vec<&(PathBuf, PublishedFile)> {
        self.files.iter().filter(|(_, file)| self.reaches_beyond(file, seq)).collect()
    }

    /// Whether a file may hold a row of a run after a position. Numbers between that no run has were those of runs that never
    /// published.
    fn reaches_beyond(&self, file: &PublishedFile, seq: i64) -> bool {
        let (first, last) = file.runs;
        (first..=last).any(|run| self.seqs.get(&run).is_some_and(|of| *of > seq))
    }

    /// Small files to be merged, the oldest first: none where they are few. What the file of newest rows has not stays as it is,
    /// for every reader reads it.
    fn mergeable(&self) -> Vec<&(PathBuf, PublishedFile)> {
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
    fn current(&self, form: &'static Form, wanted: Wanted<'_>) -> Result<Table, LakeError> {
        if let Some((path, file)) = &self.newest {
            match self.believe_named(path).and_then(|()| file::read(path, form, wanted)) {
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

    fn read(
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

    fn doubtful(&self, path: &Path, bytes: u64, checksum: Option<Hash>) -> Doubtful {
        let name = path.strip_prefix(&self.data).unwrap_or(path).to_string_lossy().into_owned();
        Doubtful { name, path: path.to_owned(), bytes, checksum }
    }

    /// A file of newest rows is named after what is in it; earlier versions gave it another name.
    fn believe_named(&self, path: &Path) -> Result<(), LakeError> {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let (Ok(checksum), Ok(found)) = (Hash::try_from(stem.to_owned()), durable::metadata(path)) else {
            return Ok(());
        };
        self.sound.believe(&self.data, vec![self.doubtful(path, found.len(), Some(checksum))])
    }
}

/// A table as it is after a run, not committed yet.
struct Written {
    form: &'static Form,
    counts: Counts,
    /// The rows of the run.
    sealed: Sealed,
    file: Option<NewFile>,
    newest: Option<(PathBuf, NewestFile)>,
    /// The rows of earlier runs' small files in one, and the numbers of those.
    merged: Option<(NewFile, Vec<i64>)>,
}

impl Written {
    /// Names the files in the catalogue.
    async fn commit(
        &mut self,
        lake: &LocalLake,
        tx: &mut Transaction,
        stamp: Stamp<'_>,
    ) -> Result<(), LakeError> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let table = lake.published_table(tx, self.form, (stamp.at, stamp.actor)).await?;
        let (merged, ids) = self.merged.take().unzip();
        let add = [Some(file), merged].into_iter().flatten().collect();
        let of = Replacement { add, end: Vec::new(), merged: ids.unwrap_or_default() };
        stored::commit(tx, table, &of, stamp).await?;
        Ok(())
    }
}

/// Writes the rows of small files to one, sorted by key. Within a run they stand as they stood, for a run's rows are sealed in
/// that order.
fn merge(
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
fn write(
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
    let Changes { rows, counts } = changes(run, &computed, &current, cause);
    drop(computed);
    let mut written = Written { form, counts, sealed: sealed([]), file: None, newest: None, merged: None };
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
fn named_by_content(fs: &Arc<dyn DurableFs>, folder: &Path, file: NewFile) -> Result<NewFile, LakeError> {
    let Some(checksum) = file.checksum else { return Ok(file) };
    let name = format!("{checksum}.parquet");
    let path = folder.join(&name);
    let renamed = fs.rename(&file.path, &path).and_then(|()| fs.sync_folder(folder));
    renamed.map_err(|source| LakeError::Io { path: path.clone(), doing: "named", source })?;
    Ok(NewFile { path, name, ..file })
}

fn column_type(type_: ColumnType) -> stored::ColumnType {
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
    fn store(&self) -> &Store {
        &self.catalogue.store
    }

    async fn files(&self, form: &Form) -> Result<Files, LakeError> {
        let mut reading = self.store().read().await?;
        Files::of(&mut reading, self, form).await
    }

    /// Reads from the files of a table. Files that were merged or renewed meanwhile may be gone: then from those that are named
    /// instead.
    async fn read_published<T: Send + 'static>(
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

    /// Tries once. None: another run was published meanwhile, and what was written is gone again.
    async fn try_publish(&self, run: &NewRun<'_>) -> Result<Option<Published>, PublishError> {
        let failed = |e: LakeError| PublishError::Port(e.into());
        let mut reading = self.store().read().await.map_err(LakeError::from).map_err(failed)?;
        let head = rows::newest_run(&mut reading, None).await.map_err(LakeError::from).map_err(failed)?;
        let before = standing(&mut reading, head.map(|(run, _)| run)).await.map_err(failed)?;
        let calendar = rows::calendar_of(&mut reading, head.map(|(run, _)| run)).await;
        let calendar = calendar.map_err(LakeError::from).map_err(failed)?;
        let same_calendar = calendar.is_none_or(|known| known == run.pins.calendar.to_string());
        let mut files = Vec::new();
        for table in run.figures {
            files.push(Files::of(&mut reading, self, table.form()).await.map_err(failed)?);
        }
        drop(reading);
        overtaken(run.vouched, &before)?;
        let earlier: Vec<Vouched> = before.iter().map(|(_, of)| of.clone()).collect();
        let (fs, data) = (Arc::clone(&self.fs), self.catalogue.data.clone());
        let (figures, number, now) = (run.figures.to_vec(), run.number, run.vouched.to_vec());
        let written = blocking(move || {
            let mut written = Vec::new();
            for (table, files) in figures.into_iter().zip(&files) {
                match write(&fs, &data, files, table, number, causes(&now, &earlier, same_calendar)) {
                    Ok(one) => written.push(one),
                    Err(error) => return Err((error, written)),
                }
            }
            Ok(written)
        });
        let mut written = match written.await.map_err(failed)? {
            Ok(written) => written,
            Err((error, written)) => {
                self.remove_all(&paths(&written));
                return Err(failed(error));
            }
        };
        let paths = paths(&written);
        let permit = permit(run.actor).map_err(failed)?;
        let command = command(run).map_err(failed)?;
        let key = format!("run/{}", run.number);
        let asked = Asked::new(&permit, &key, run.at);
        let mut effects =
            Publishing { lake: self, run, head, before: &before, written: &mut written, paths: &paths };
        match self.store().perform(asked, &command, &mut effects).await {
            Ok(Performed::Done(receipt, ())) => {
                let seq = i64::try_from(receipt.last).unwrap_or(i64::MAX);
                Ok(Some(Published { seq, counts: written.iter().map(|one| one.counts).collect() }))
            }
            // Its number is its own: nobody can have published it before.
            Ok(Performed::Before(_)) | Err(CalledOff::Faster) => {
                self.remove_all(&paths);
                Ok(None)
            }
            // It may have been done although it could not be acknowledged: the files stay.
            Err(CalledOff::Failed(LandError::Lake(e @ LakeError::Store(StoreError::Unacknowledged(_))))) => {
                Err(failed(e))
            }
            Err(CalledOff::Failed(error)) => {
                self.remove_all(&paths);
                Err(PublishError::Port(error.into()))
            }
        }
    }

    /// The number of a table of published rows, made if need be.
    async fn published_table(
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

/// What a run leaves in the database beside its event.
struct Publishing<'a> {
    lake: &'a LocalLake,
    run: &'a NewRun<'a>,
    /// The newest run when this one was compared with it, and its position.
    head: Option<(i64, i64)>,
    before: &'a [(i64, Vouched)],
    written: &'a mut [Written],
    paths: &'a [PathBuf],
}

impl Effects for Publishing<'_> {
    type Output = ();
    type Error = CalledOff;

    async fn prepare(&mut self, tx: &mut Transaction) -> Result<Evidence, CalledOff> {
        if rows::newest_run(tx, None).await? != self.head {
            return Err(CalledOff::Faster);
        }
        let run = self.run;
        for one in self.written.iter_mut() {
            let message = format!("run {}", run.number);
            let stamp = Stamp { at: run.at, actor: run.actor, message: &message };
            one.commit(self.lake, tx, stamp).await?;
        }
        let of = |form: &Form| {
            let one = self.written.iter().find(|one| std::ptr::eq(one.form, form));
            one.map_or((Counts::default(), sealed([])), |one| (one.counts, one.sealed))
        };
        let ((values, of_values), (scores, of_scores)) = (of(&VALUE), of(&SCORE));
        let all = self.written.iter().map(|one| one.counts).fold(Counts::default(), |a, b| a + b);
        let computed = run.figures.iter().filter(|table| std::ptr::eq(table.form(), &VALUE));
        let reasons =
            computed.map(|table| (0..table.rows()).filter(|row| point(table, *row).is_none()).count());
        let vouched = run.vouched.iter().map(|of| spelt(&vouched_row(run.number, of, self.before)));
        Ok(Evidence::Published {
            outrun_by: None,
            counts: RunCounts {
                values: values.computed(),
                reasons: reasons.sum::<usize>() as u64,
                scores: scores.computed(),
                first: all.first,
                restated: all.restated,
                withdrawn: all.withdrawn,
                unchanged: all.unchanged,
            },
            values: of_values,
            scores: of_scores,
            vouched: sealed(vouched),
        })
    }

    async fn write(&mut self, tx: &mut Transaction, receipt: Receipt) -> Result<(), CalledOff> {
        let run = self.run;
        let seq = i64::try_from(receipt.last).map_err(|e| LakeError::Corrupt(e.to_string()))?;
        rows::end_run(tx, &run_row(run, seq)?).await?;
        let vouched: Vec<VouchedRow> =
            run.vouched.iter().map(|of| vouched_row(run.number, of, self.before)).collect();
        rows::vouch(tx, run.number, &vouched).await?;
        for one in self.written.iter() {
            if let Some((_, file)) = &one.newest {
                rows::set_newest_file(tx, one.form.name, &NewestFile { seq, ..file.clone() }).await?;
            }
        }
        self.lake.fs.committing(self.paths);
        Ok(())
    }
}

fn command(run: &NewRun<'_>) -> Result<Command, LakeError> {
    let unsigned = |n: i64| u64::try_from(n).map_err(|_| corrupt(n));
    let watermarks = serde_json::to_value(&run.pins.watermarks).map_err(corrupt)?;
    Ok(Command::Publish(Publish {
        run: unsigned(run.number)?,
        register: run.pins.register,
        definitions: run.pins.definition,
        lake: plain(&run.pins.lake)?,
        snapshot: unsigned(run.pins.snapshot.0)?,
        engine: Engine::named(&run.pins.engine.0).map_err(corrupt)?,
        watermarks: Digest::of(canonical(&watermarks).map_err(corrupt)?.as_bytes()),
    }))
}

/// So many entries with the root over them: **the one place where published rows are sealed.**
fn sealed(entries: impl IntoIterator<Item = Vec<u8>>) -> Sealed {
    let mut frontier = Frontier::default();
    entries.into_iter().for_each(|entry| frontier.push(&entry));
    Sealed { rows: frontier.size(), root: frontier.root() }
}

fn sealed_rows(of: &Table) -> Sealed {
    let mut frontier = Frontier::default();
    let mut bytes = Vec::new();
    for row in 0..of.rows() {
        of.row_bytes(row, &mut bytes);
        frontier.push(&bytes);
    }
    Sealed { rows: frontier.size(), root: frontier.root() }
}

/// What a run says of a subject, as it is sealed.
fn spelt(of: &VouchedRow) -> Vec<u8> {
    let VouchedRow { subject, grain, by, definition, mapping, span, changed, not_renewed } = of;
    json!([subject, grain, by, definition, mapping, span, changed, not_renewed]).to_string().into_bytes()
}

/// The rows of all tables.
fn all_of(form: &'static Form, tables: &[Table]) -> Table {
    let mut all = TableBuilder::new(form);
    tables.iter().for_each(|table| all.append(table));
    all.finish()
}

/// Paths of all files that were written.
fn paths(written: &[Written]) -> Vec<PathBuf> {
    let files = written.iter().filter_map(|one| one.file.as_ref().map(|file| file.path.clone()));
    let newest = written.iter().filter_map(|one| one.newest.as_ref().map(|(path, _)| path.clone()));
    let merged = written.iter().filter_map(|one| one.merged.as_ref().map(|(file, _)| file.path.clone()));
    files.chain(newest).chain(merged).collect()
}

/// What stands after a run: of each subject and grain who vouches for it, and what it said.
async fn standing(reading: &mut Reading, run: Option<i64>) -> Result<Vec<(i64, Vouched)>, LakeError> {
    let Some(run) = run else { return Ok(Vec::new()) };
    rows::vouched(reading, run).await?.into_iter().map(read_vouched).collect()
}

/// Refuses a run whose data are older than what is published of one of its subjects.
fn overtaken(now: &[Vouched], before: &[(i64, Vouched)]) -> Result<(), PublishError> {
    for of in now.iter().filter(|of| of.not_renewed.is_none()) {
        let known = before.iter().find(|(_, b)| b.subject == of.subject && b.grain == of.grain);
        if let Some((_, theirs)) = known.filter(|(_, theirs)| theirs.changed > of.changed) {
            let subject = of.subject.clone();
            return Err(PublishError::Overtaken { subject, ours: of.changed, theirs: theirs.changed });
        }
    }
    Ok(())
}

fn corrupt(what: impl std::fmt::Display) -> LakeError {
    LakeError::Corrupt(format!("a run: {what}"))
}

fn run_row(run: &NewRun<'_>, seq: i64) -> Result<RunRow, LakeError> {
    let RunPins { register, definition, lake, snapshot, engine, calendar, zones, watermarks } = run.pins;
    Ok(RunRow {
        run: run.number,
        seq,
        at: run.at,
        register: i64::try_from(*register).map_err(corrupt)?,
        definition: definition.to_string(),
        lake: lake.clone(),
        snapshot: snapshot.0,
        engine: engine.0.clone(),
        calendar: calendar.to_string(),
        zones: zones.clone(),
        watermarks: serde_json::to_string(watermarks).map_err(corrupt)?,
    })
}

fn read_run(row: RunRow) -> Result<Run, LakeError> {
    Ok(Run {
        number: row.run,
        seq: row.seq,
        at: row.at,
        pins: RunPins {
            register: u64::try_from(row.register).map_err(corrupt)?,
            definition: Hash::try_from(row.definition).map_err(corrupt)?,
            lake: row.lake,
            snapshot: SnapshotId(row.snapshot),
            engine: EngineVersion(row.engine),
            calendar: Hash::try_from(row.calendar).map_err(corrupt)?,
            zones: row.zones,
            watermarks: serde_json::from_str(&row.watermarks).map_err(corrupt)?,
        },
    })
}

/// What a run could not renew is said by whoever vouched for it before, in whose words.
fn vouched_row(run: i64, of: &Vouched, before: &[(i64, Vouched)]) -> VouchedRow {
    let known = before.iter().find(|(_, b)| b.subject == of.subject && b.grain == of.grain);
    let (by, said) = match (&of.not_renewed, known) {
        (Some(_), Some((by, said))) => (*by, said),
        _ => (run, of),
    };
    VouchedRow {
        subject: of.subject.to_string(),
        grain: of.grain_text().to_owned(),
        by,
        definition: said.definition.to_string(),
        mapping: said.mapping.to_string(),
        span: said.span.map(|(first, last)| (first.to_string(), last.to_string())),
        changed: said.changed.0,
        not_renewed: of.not_renewed.clone(),
    }
}

fn read_vouched(row: VouchedRow) -> Result<(i64, Vouched), LakeError> {
    let day = |text: &str| text.parse::<Date>().map_err(corrupt);
    let subject: Subject = row.subject.parse().map_err(corrupt)?;
    Ok((
        row.by,
        Vouched {
            subject,
            grain: Vouched::read_grain(&row.grain).ok_or_else(|| corrupt(&row.grain))?,
            definition: Hash::try_from(row.definition).map_err(corrupt)?,
            mapping: Hash::try_from(row.mapping).map_err(corrupt)?,
            span: row.span.map(|(a, b)| Ok::<_, LakeError>((day(&a)?, day(&b)?))).transpose()?,
            changed: SnapshotId(row.changed),
            not_renewed: row.not_renewed,
        },
    ))
}

impl Values for LocalLake {
    fn begin<'a>(&'a self, at: i64) -> Fut<'a, Result<i64, PortError>> {
        Box::pin(async move {
            let mut tx = self.store().begin().await?;
            let run = rows::begin_run(&mut tx, at).await?;
            tx.commit().await?;
            Ok(run)
        })
    }

    fn publish<'a>(&'a self, run: NewRun<'a>) -> Fut<'a, Result<Published, PublishError>> {
        Box::pin(async move {
            for _ in 0..ATTEMPTS {
                if let Some(published) = self.try_publish(&run).await? {
                    return Ok(published);
                }
            }
            Err(PublishError::Busy)
        })
    }

    fn publish_insights<'a>(&'a self, insights: NewInsights<'a>) -> Fut<'a, Result<bool, PublishError>> {
        Box::pin(self.publish_insights(insights))
    }

    fn insights_reach(&self) -> Fut<'_, Result<i64, PortError>> {
        Box::pin(async move { Ok(i64::try_from(self.store().cursor(insights::FOLLOWER).await?)?) })
    }

    fn runs(&self, up_to: Option<i64>) -> Fut<'_, Result<Vec<Run>, PortError>> {
        Box::pin(async move {
            let runs = rows::runs(&mut self.store().read().await?, up_to).await?;
            Ok(runs.into_iter().map(read_run).collect::<Result<_, _>>()?)
        })
    }

    fn vouched(&self, up_to: Option<i64>) -> Fut<'_, Result<Vec<(i64, Vouched)>, PortError>> {
        Box::pin(async move {
            let mut reading = self.store().read().await?;
            let newest = rows::newest_run(&mut reading, up_to).await?;
            Ok(standing(&mut reading, newest.map(|(run, _)| run)).await?)
        })
    }

    fn newest<'a>(
        &'a self,
        form: &'static Form,
        subjects: Option<&'a [String]>,
    ) -> Fut<'a, Result<Table, PortError>> {
        let subjects = subjects.map(<[String]>::to_vec);
        Box::pin(self.read_published(form, move |files| {
            files.current(form, Wanted { subjects: subjects.as_deref(), period: None })
        }))
    }

    fn after(&self, form: &'static Form, position: i64) -> Fut<'_, Result<Table, PortError>> {
        Box::pin(self.read_published(form, move |files| {
            let tables = files.read(files.after(position), form, Wanted::default())?;
            let rows = all_of(form, &tables);
            let rows = rows.filter(|row| files.rank(rows.run(row)) > position);
            Ok(rows.sorted(|run| files.rank(run)))
        }))
    }

    fn as_of<'a>(
        &'a self,
        form: &'static Form,
        position: i64,
        subjects: Option<&'a [String]>,
    ) -> Fut<'a, Result<Table, PortError>> {
        let subjects = subjects.map(<[String]>::to_vec);
        Box::pin(self.read_published(form, move |files| {
            let wanted = Wanted { subjects: subjects.as_deref(), period: None };
            let mut tables = files.read(files.files.iter().collect(), form, wanted)?;
            for table in &mut tables {
                *table = table.filter(|row| files.rank(table.run(row)) <= position);
            }
            Ok(newest(form, &tables, |run| files.rank(run)))
        }))
    }

    fn history<'a>(
        &'a self,
        form: &'static Form,
        subject: &'a str,
        period: Option<Date>,
    ) -> Fut<'a, Result<Table, PortError>> {
        let (subjects, period) = ([subject.to_owned()], period.map(ordinal_of_day));
        Box::pin(self.read_published(form, move |files| {
            let wanted = Wanted { subjects: Some(&subjects), period };
            let tables = files.read(files.files.iter().collect(), form, wanted)?;
            Ok(all_of(form, &tables).sorted(|run| files.rank(run)))
        }))
    }
}

/// Files of newest rows: the catalogue does not name them.
pub(crate) async fn newest_paths(reading: &mut Reading, data: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let names = rows::newest_files(reading).await?;
    Ok(names.into_iter().map(|name| data.join(FOLDER).join(NEWEST).join(name)).collect())
}
