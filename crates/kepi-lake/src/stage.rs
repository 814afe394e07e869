//! Reading one file into new files of the lake, before anything is committed. Runs on a blocking thread.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use kepi_model::{
    id::RuleId,
    project::{Entity, Mode, Otherwise, Requirement, Rule, Source},
};
use kepi_query::{
    landing::{MissingCount, RowCounts, RuleCount},
    port::system,
    row::Cell,
};
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    catalogue::{DataFile, NewFile, Replacement, Table},
    connector::{self, RowReader, Step},
    durable::DurableFs,
    error::{LakeError, LandError},
    history::{EVER, KeySet, OPEN, Placed, Version},
    index::{IndexShape, TableIndex},
    ledger::Past,
    mapping::{self, KnownKeys, Program, Read, Rejection, Slot, Values},
    quarantine::Spool,
    table_file::{ColumnBuilder, TableFileWriter, rewrite},
};

/// A key of which a part is missing.
const KEY: &str = "key";
/// Append mode: another row has this key.
const DUPLICATE_KEY: &str = "duplicate key";
/// The version attribute has no value.
const VERSION: &str = "version";
/// With fewer earlier loads there is no verdict on the number of rows.
const LOADS_FOR_A_VERDICT: usize = 3;
/// Rows between two words on progress.
const PROGRESS_ROWS: u64 = 8192;

/// One file to be landed, with all that is needed.
pub(crate) struct Job {
    pub source: Source,
    pub entity: Entity,
    pub table: Table,
    pub shape: IndexShape,
    pub fs: Arc<dyn DurableFs>,
    pub folder: PathBuf,
    pub spool: PathBuf,
    pub path: PathBuf,
    pub name: String,
    pub load: String,
    /// Since when its rows hold if no attribute says otherwise.
    pub effective: i64,
    pub at: i64,
    pub past: Past,
    pub known: KnownKeys,
    pub progress: UnboundedSender<u64>,
}

/// What a file came to.
pub(crate) struct Staged {
    pub replacement: Replacement,
    /// Numbers in the index of the added files, in their order.
    pub added: Vec<u32>,
    pub counts: RowCounts,
    pub ended: u64,
    pub missing: Vec<MissingCount>,
    pub rules: Vec<RuleCount>,
    pub columns: Vec<String>,
    pub quarantine: Spool,
    /// The rule that stops it.
    pub stopped: Option<(RuleId, String)>,
}

struct Working<'a> {
    job: &'a Job,
    index: TableIndex,
    writer: TableFileWriter,
    /// Where each column of the table comes from.
    columns: Vec<ColumnFrom>,
    names: Vec<String>,
    staged: u32,
    load: u32,
    source: u32,
    seen: KeySet,
    counts: RowCounts,
    broken: Vec<u64>,
    built_in: BTreeMap<String, u64>,
    quarantine: Spool,
}

#[derive(Debug, Clone, Copy)]
enum ColumnFrom {
    Attribute(usize),
    ValidFrom,
    ValidTo,
    RecordedAt,
    Source,
    File,
    Row,
    Load,
    /// An attribute that the model no longer has.
    Nothing,
}

/// What the rules say of a row.
enum Verdict {
    Lands,
    Rejected(Rejection),
    Stops(RuleId, String),
}

/// Reads a file. The index is changed as if it were committed; if it is not, the index is of no more use.
pub(crate) fn stage(job: &Job, mut index: TableIndex) -> Result<(Staged, TableIndex), LandError> {
    let mut reader = connector::open(&job.source.from, &job.path, &job.name)?;
    let mut program = Program::bind(&job.source, &job.entity, reader.as_mut(), &job.name)?;
    let load = index.loads.number(&job.load);
    let source = index.sources.number(job.source.id.as_str());
    let dropped = match &job.past.earlier {
        Some(earlier) => {
            let number = index.loads.number(&earlier.load);
            index.history.remove_load(number, source, earlier.effective)
        }
        None => BTreeMap::new(),
    };
    if job.past.earlier.is_some() {
        // Which rows the removed ones stood for is no longer known; rules of uniqueness see them as gone.
        index.unique.iter_mut().for_each(|map| {
            map.retain(|_, key| index.history.holds(*key));
        });
    }
    let staged = index.files.len() as u32;
    index.files.push(DataFile { id: -1, path: PathBuf::new(), rows: 0, bytes: 0 });
    let mut working = Working {
        writer: TableFileWriter::create(&job.fs, &job.folder, &job.table)?,
        columns: job.table.columns.iter().map(|c| column_from(&c.name, &job.entity)).collect(),
        names: job.entity.attributes.iter().map(|a| a.id.to_string()).collect(),
        job,
        index,
        staged,
        load,
        source,
        seen: KeySet::default(),
        counts: RowCounts::default(),
        broken: vec![0; job.source.rules.len()],
        built_in: BTreeMap::new(),
        quarantine: Spool::new(job.spool.clone()),
    };
    let mut values = Values::new(&job.entity, job.known.clone());
    let mut stopped = None;
    while stopped.is_none() {
        let step = reader.step()?;
        if step == Step::End {
            break;
        }
        working.counts.read += 1;
        if working.counts.read.is_multiple_of(PROGRESS_ROWS) {
            let _ = job.progress.send(PROGRESS_ROWS);
        }
        stopped = working.row(step, reader.as_ref(), &mut program, &mut values)?;
    }
    let _ = job.progress.send(working.counts.read % PROGRESS_ROWS);
    if stopped.is_none() {
        stopped = working.whole_file();
    }
    working.finish(&dropped, stopped, program.missing(), reader.columns())
}

fn column_from(name: &str, entity: &Entity) -> ColumnFrom {
    match name {
        system::VALID_FROM => ColumnFrom::ValidFrom,
        system::VALID_TO => ColumnFrom::ValidTo,
        system::RECORDED_AT => ColumnFrom::RecordedAt,
        system::SOURCE => ColumnFrom::Source,
        system::FILE => ColumnFrom::File,
        system::ROW => ColumnFrom::Row,
        system::LOAD => ColumnFrom::Load,
        _ => entity
            .attributes
            .iter()
            .position(|a| a.id.as_str() == name)
            .map_or(ColumnFrom::Nothing, ColumnFrom::Attribute),
    }
}

impl Working<'_> {
    /// Takes one row; returns the rule that stops the file, if any.
    fn row(
        &mut self,
        step: Step,
        reader: &dyn RowReader,
        program: &mut Program,
        values: &mut Values,
    ) -> Result<Option<(RuleId, String)>, LandError> {
        let number = self.counts.read;
        let rejection = match step {
            Step::Bad { rule, reason, column } => Rejection { rule: rule.to_owned(), reason, column },
            Step::Row | Step::End => match program.read(reader, number, values) {
                Read::OutOfScope => {
                    self.counts.out_of_scope += 1;
                    return Ok(None);
                }
                Read::Rejected(rejection) => {
                    // The key may be readable all the same: then it is not absent from the file.
                    if let Some(key) = values.key(&self.job.shape.key) {
                        self.seen.insert(key);
                    }
                    rejection
                }
                Read::Typed => match self.typed(number, values)? {
                    Verdict::Lands => return Ok(None),
                    Verdict::Rejected(rejection) => rejection,
                    Verdict::Stops(rule, reason) => return Ok(Some((rule, reason))),
                },
            },
        };
        self.counts.quarantined += 1;
        if !self.job.source.rules.iter().any(|r| r.id.as_str() == rejection.rule) {
            *self.built_in.entry(rejection.rule.clone()).or_default() += 1;
        }
        self.quarantine.push(number, &rejection, &reader.raw())?;
        Ok(None)
    }

    fn typed(&mut self, number: u64, values: &mut Values) -> Result<Verdict, LandError> {
        let reject = |rule: &str, reason: String| {
            Ok(Verdict::Rejected(Rejection { rule: rule.to_owned(), reason, column: None }))
        };
        let Some(key) = values.key(&self.job.shape.key) else {
            let missing: Vec<String> = self
                .job
                .source
                .key
                .iter()
                .filter(|k| values.position(k).is_none_or(|at| values.get(at) == Slot::Missing))
                .map(|k| format!("`{k}`"))
                .collect();
            return reject(KEY, format!("the key has no value: {}", missing.join(", ")));
        };
        self.seen.insert(key);
        let Some((order, start)) = self.job.shape.order(values, self.job.effective) else {
            return reject(VERSION, "the attribute that says which row is newer has no value".to_owned());
        };
        match self.rules(number, key, values) {
            Verdict::Lands => {}
            other => return Ok(other),
        }
        let version = Version {
            content: values.content(&self.names),
            order,
            start,
            ended: OPEN,
            file: self.staged,
            row: self.writer.rows() as u32,
            load: self.load,
            source: self.source,
        };
        let placed = match self.job.source.mode {
            Mode::Append => self.index.history.append(key, version),
            Mode::Upsert | Mode::Snapshot => self.index.history.upsert(key, version),
        };
        match placed {
            Placed::New => self.counts.accepted += 1,
            Placed::Superseding => self.counts.superseding += 1,
            Placed::Duplicate => {
                self.counts.duplicate += 1;
                return Ok(Verdict::Lands);
            }
            Placed::Conflict => {
                let key: Vec<String> = self.job.shape.key.iter().map(|at| values.shown(*at)).collect();
                return reject(
                    DUPLICATE_KEY,
                    format!("another row with other content has the key {}", key.join(", ")),
                );
            }
        }
        for (map, attributes) in self.index.unique.iter_mut().zip(&self.job.shape.unique) {
            if let Some(hash) = values.key(attributes) {
                map.insert(hash, key);
            }
        }
        let interval = self.index.history.last_interval();
        self.write(number, values, interval)?;
        Ok(Verdict::Lands)
    }

    fn rules(&mut self, number: u64, key: u128, values: &Values) -> Verdict {
        let mut unique = 0usize;
        let mut verdict = Verdict::Lands;
        for (rule, broken) in self.job.source.rules.iter().zip(&mut self.broken) {
            let why = match &rule.require {
                Requirement::Row(expression) => match mapping::evaluate(expression, values) {
                    Ok(Cell::Boolean(false)) => {
                        let shown = mapping::attributes_read(expression)
                            .iter()
                            .filter_map(|a| {
                                values.position(a).map(|at| format!("`{a}` is {}", values.shown(at)))
                            })
                            .collect::<Vec<_>>();
                        Some(shown.join(", "))
                    }
                    Ok(_) => None,
                    Err(why) => Some(why),
                },
                Requirement::Unique(attributes) => {
                    let at = unique;
                    unique += 1;
                    let hash = self.job.shape.unique.get(at).and_then(|a| values.key(a));
                    let other = hash.and_then(|h| self.index.unique.get(at)?.get(&h));
                    other.filter(|k| **k != key).map(|_| {
                        let names: Vec<String> = attributes.iter().map(|a| format!("`{a}`")).collect();
                        format!("another row has the same {}", names.join(", "))
                    })
                }
                Requirement::RowsAtLeast(_) | Requirement::RowsAgainstHistory { .. } => None,
            };
            let Some(why) = why else { continue };
            *broken += 1;
            match rule.otherwise {
                Otherwise::Warn => {}
                Otherwise::Stop => return Verdict::Stops(rule.id.clone(), format!("row {number}: {why}")),
                Otherwise::Quarantine => {
                    if matches!(verdict, Verdict::Lands) {
                        verdict = Verdict::Rejected(Rejection {
                            rule: rule.id.to_string(),
                            reason: why,
                            column: None,
                        });
                    }
                }
            }
        }
        verdict
    }

    fn write(&mut self, number: u64, values: &Values, interval: (i64, i64)) -> Result<(), LandError> {
        let instant = |builder: &mut ColumnBuilder, n: i64, none: i64| {
            if n == none { builder.missing() } else { builder.integer(n) }
        };
        for (builder, from) in self.writer.columns.iter_mut().zip(&self.columns) {
            match *from {
                ColumnFrom::Attribute(at) => match values.get(at) {
                    Slot::Missing => builder.missing(),
                    Slot::Text => builder.text(values.text(at)),
                    Slot::Integer(n) | Slot::Instant(n) => builder.integer(n),
                    Slot::Boolean(b) => builder.boolean(b),
                },
                ColumnFrom::ValidFrom => instant(builder, interval.0, EVER),
                ColumnFrom::ValidTo => instant(builder, interval.1, OPEN),
                ColumnFrom::RecordedAt => builder.integer(self.job.at),
                ColumnFrom::Source => builder.text(self.job.source.id.as_str()),
                ColumnFrom::File => builder.text(&self.job.name),
                ColumnFrom::Row => builder.integer(number as i64),
                ColumnFrom::Load => builder.text(&self.job.load),
                ColumnFrom::Nothing => builder.missing(),
            }
        }
        Ok(self.writer.end_row()?)
    }

    /// Rules about the file as a whole. A file has no row to reject, so `quarantine` stops it too.
    fn whole_file(&mut self) -> Option<(RuleId, String)> {
        let rows = self.counts.landed();
        for (rule, broken) in self.job.source.rules.iter().zip(&mut self.broken) {
            let why = match &rule.require {
                Requirement::RowsAtLeast(least) if rows < *least => {
                    format!("it has {rows} rows, at least {least} are required")
                }
                Requirement::RowsAgainstHistory { share, loads } => {
                    let mut earlier: Vec<u64> =
                        self.job.past.rows.iter().copied().take(*loads as usize).collect();
                    if earlier.len() < LOADS_FOR_A_VERDICT {
                        continue;
                    }
                    let median = median(&mut earlier);
                    if rows as f64 >= share * median {
                        continue;
                    }
                    format!(
                        "it has {rows} rows, less than {:.0}% of {median}, the median of the last {} loads",
                        share * 100.0,
                        earlier.len()
                    )
                }
                _ => continue,
            };
            *broken += 1;
            if rule.otherwise != Otherwise::Warn {
                return Some((rule.id.clone(), why));
            }
        }
        None
    }

    fn finish(
        mut self,
        dropped: &BTreeMap<u32, Vec<u32>>,
        stopped: Option<(RuleId, String)>,
        missing: Vec<MissingCount>,
        columns: Vec<String>,
    ) -> Result<(Staged, TableIndex), LandError> {
        let job = self.job;
        let counts = self.counts;
        let rules = rule_counts(&job.source.rules, &self.broken, &self.built_in);
        let mut staged = Staged {
            replacement: Replacement::default(),
            added: Vec::new(),
            counts,
            ended: 0,
            missing,
            rules,
            columns,
            quarantine: self.quarantine,
            stopped,
        };
        if staged.stopped.is_some() {
            return Ok((staged, self.index));
        }
        if counts.out_of_scope + counts.landed() != counts.read {
            return Err(LandError::Accounting { path: job.name.clone(), detail: format!("{counts:?}") });
        }
        if job.source.mode == Mode::Snapshot {
            staged.ended = self.index.history.end_absent(self.source, job.effective, &self.seen);
        }
        let mut new: BTreeMap<u32, NewFile> = BTreeMap::new();
        let ended = &mut staged.replacement.end;
        if let Err(e) = write_files(job, self.writer, &mut self.index, self.staged, dropped, &mut new, ended)
        {
            // A full disk should not stay full of what nothing will ever name. Best effort: the rest is swept.
            new.values().for_each(|file| drop(job.fs.remove(&file.path)));
            return Err(e);
        }
        for (number, file) in new {
            if let Some(slot) = self.index.files.get_mut(number as usize) {
                *slot = DataFile { id: -1, path: file.path.clone(), rows: file.rows, bytes: file.bytes };
            }
            staged.added.push(number);
            staged.replacement.add.push(file);
        }
        Ok((staged, self.index))
    }
}

/// Completes the file of the new rows, and writes anew those whose rows change. `new` has what is on the disk, by number
/// of the index, also after an error; `ended` the files that are out.
fn write_files(
    job: &Job,
    writer: TableFileWriter,
    index: &mut TableIndex,
    staged: u32,
    dropped: &BTreeMap<u32, Vec<u32>>,
    new: &mut BTreeMap<u32, NewFile>,
    ended: &mut Vec<i64>,
) -> Result<(), LandError> {
    if let Some(file) = writer.finish(&job.table)? {
        new.insert(staged, file);
    }
    let changes = index.history.take_changes();
    let touched: BTreeSet<u32> = changes.keys().chain(dropped.keys()).copied().collect();
    let (none, nothing) = (BTreeMap::new(), Vec::new());
    for number in touched {
        let intervals = changes.get(&number).unwrap_or(&none);
        let rows = dropped.get(&number).unwrap_or(&nothing);
        let old = match (new.get(&number), index.files.get(number as usize)) {
            (Some(f), _) => DataFile { id: -1, path: f.path.clone(), rows: f.rows, bytes: f.bytes },
            (None, Some(f)) => f.clone(),
            (None, None) => return Err(LakeError::Corrupt(format!("the index has no file {number}")).into()),
        };
        let names = (system::VALID_FROM, system::VALID_TO);
        let rewritten = rewrite(&job.fs, &job.folder, &job.table, &old, rows, intervals, names)?;
        match rewritten {
            Some(file) => new.insert(number, file),
            None => new.remove(&number),
        };
        if old.id < 0 {
            let failed = |source| LakeError::Io { path: old.path.clone(), doing: "removed", source };
            job.fs.remove(&old.path).map_err(failed)?;
        } else {
            ended.push(old.id);
        }
    }
    Ok(())
}

fn rule_counts(rules: &[Rule], broken: &[u64], built_in: &BTreeMap<String, u64>) -> Vec<RuleCount> {
    let declared = rules.iter().zip(broken).filter(|(_, n)| **n > 0).map(|(rule, n)| RuleCount {
        rule: rule.id.to_string(),
        otherwise: rule.otherwise,
        broken: *n,
    });
    let others = built_in.iter().map(|(rule, n)| RuleCount {
        rule: rule.clone(),
        otherwise: Otherwise::Quarantine,
        broken: *n,
    });
    declared.chain(others).collect()
}

/// Middle value; of an even number the mean of the two in the middle.
fn median(values: &mut [u64]) -> f64 {
    values.sort_unstable();
    let middle = values.len() / 2;
    let at = |i: usize| values.get(i).copied().unwrap_or(0) as f64;
    if values.len() % 2 == 1 { at(middle) } else { (at(middle.saturating_sub(1)) + at(middle)) / 2.0 }
}
