//! Reading one file into new files of the lake, before anything is committed. Runs on a blocking thread.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    thread,
};

use arrow::array::{
    ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray, TimestampMicrosecondBuilder, new_null_array,
};
use kepi_model::{
    id::RuleId,
    project::{Entity, Mapping, MappingFrom, Mode, Otherwise, Requirement, Rule, Source},
};
use kepi_query::{
    landing::{DELETES, MissingCount, ORDER, Profile, RowCounts, RuleCount},
    port::system,
    row::Cell,
};
use kepi_store::erase::ERASED;
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    ahead::{Ahead, AsTheyStand, Maker},
    catalogue::{DataFile, NewFile, Replacement},
    connector::kept,
    error::{LakeError, LandError},
    history::{self, History, Placed},
    index::{Chains, EVER, KeyMap, KeySet, OPEN, Version},
    mapping::{self, BoundMapping, Fate, Key, OTHER_SOURCE, Rejection, Rows, Slot},
    profile::{Profiler, unlike},
    quarantine::{Spool, impersonal},
    staging::Staging,
    table_file::{TableFileWriter, data_type, rewrite},
    table_index::TableIndex,
    typing::{TypedBatch, Typing},
};

/// A key of which a part is missing.
const KEY: &str = "key";
/// Append mode: another row has this key.
const DUPLICATE_KEY: &str = "duplicate key";
/// Whether the key is gone cannot be said.
const GONE: &str = "deleted";
/// The version attribute has no value.
const VERSION: &str = "version";
/// With fewer earlier loads there is no verdict on the number of rows.
const LOADS_FOR_A_VERDICT: usize = 3;

/// What a file came to.
pub(crate) struct Staged {
    pub replacement: Replacement,
    /// Numbers in the index of the added files, in their order.
    pub added: Vec<u32>,
    pub counts: RowCounts,
    pub ended: u64,
    pub missing: Vec<MissingCount>,
    pub rules: Vec<RuleCount>,
    /// Rows out of scope of which it is unknown whether they are in it.
    pub unknown: u64,
    /// What else is to be known, in words.
    pub notes: Vec<String>,
    pub profiles: Vec<Profile>,
    pub columns: Vec<String>,
    /// What the file itself says of its columns.
    pub labels: Vec<(String, String)>,
    pub quarantine: Spool,
    /// The rule that stops it.
    pub stopped: Option<(RuleId, String)>,
}

struct Working<'a> {
    staging: &'a Staging,
    index: TableIndex,
    history: History,
    writer: TableFileWriter,
    /// Where each column of the table comes from.
    columns: Vec<ColumnFrom>,
    /// Numbers in the index of the new file, the load and the source.
    staged: u32,
    load: u32,
    source: u32,
    /// Number of the source whose rows it is about.
    about: u32,
    /// Keys that it says are gone, and of them those that nobody knew.
    gone: (u64, u64),
    /// Mode `keys`: keys of rows that have not come.
    not_yet: u64,
    /// Numbers of the sources whose rows are not superseded.
    others: Vec<u32>,
    unknown: u64,
    /// Keys in the file, where those that are absent end.
    seen: KeySet,
    counts: RowCounts,
    broken: Vec<u64>,
    built_in: BTreeMap<String, u64>,
    quarantine: Spool,
    batch: Placing,
    profiler: Profiler,
    /// Columns that fill personal attributes.
    personal: Vec<String>,
    /// What rules about the file said that only warn.
    notes: Vec<String>,
}

/// What is known of a batch while its rows are placed.
#[derive(Default)]
struct Placing {
    /// The keys of its rows, sorted.
    keys: Vec<Key>,
    chains: Chains,
    /// Of every rule of uniqueness: which key has a value that a row of the batch has.
    owners: Vec<KeyMap<Key>>,
    /// Values of rules of uniqueness and the keys that have them from now on.
    owned: Vec<Vec<(Key, Key, u64)>>,
    /// Rows to be written, and since when and until when each holds.
    landing: Vec<u32>,
    intervals: Vec<(i64, i64)>,
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

/// What a file said of itself.
struct Told {
    missing: Vec<MissingCount>,
    notes: Vec<String>,
    columns: Vec<String>,
    labels: Vec<(String, String)>,
}

/// Reads a file. The index is changed as if it were committed; if it is not, the index is of no more use.
pub(crate) fn stage(
    staging: &Staging,
    mut index: TableIndex,
    progress: &UnboundedSender<u64>,
) -> Result<(Staged, TableIndex), LandError> {
    let mut reader = staging.raw.open().map_err(LandError::from_port)?;
    let personal: Vec<bool> = staging.entity.attributes.iter().map(|a| a.personal).collect();
    let mapping =
        BoundMapping::bind(&staging.source, &staging.entity, &personal, reader.as_mut(), &staging.name)?;
    let mut history = History::default();
    let load = index.loads.number(&staging.load);
    index.keys.begin(load);
    let source = index.sources.number(staging.source.id.as_str());
    let about = index.sources.number(staging.about.as_str());
    let others = staging.others.iter().map(|id| index.sources.number(id.as_str())).collect();
    let dropped = match &staging.past.earlier {
        Some(earlier) => {
            let number = index.loads.number(&earlier.load);
            history.remove_load(&mut index.keys, number, about, earlier.effective)?
        }
        None => BTreeMap::new(),
    };
    let staged = index.files.len() as u32;
    index.files.push(DataFile { id: -1, path: PathBuf::new(), rows: 0, bytes: 0 });
    let unique = staging.shape.unique.len();
    let mut working = Working {
        writer: TableFileWriter::create(&staging.fs, &staging.folder, &staging.table)?,
        columns: staging.table.columns.iter().map(|c| column_from(&c.name, &staging.entity)).collect(),
        staging,
        index,
        history,
        staged,
        load,
        source,
        about,
        gone: (0, 0),
        not_yet: 0,
        others,
        unknown: 0,
        seen: KeySet::default(),
        counts: RowCounts::default(),
        broken: vec![0; staging.source.rules.len()],
        built_in: BTreeMap::new(),
        quarantine: Spool::new(staging.spool.clone()),
        profiler: Profiler::new(&staging.entity, staging.secret),
        notes: Vec::new(),
        personal: personal_columns(&staging.source, &staging.entity),
        batch: Placing {
            owners: vec![KeyMap::default(); unique],
            owned: vec![Vec::new(); unique],
            ..Placing::default()
        },
    };
    let mut stopped = match &staging.newer {
        Some(newer) if matches!(staging.source.mode, Mode::Snapshot | Mode::Keys) => {
            let why = format!(
                "by {} it is older than `{newer}`, which has landed, and would end what came since; take it away, or say \
                 under `order` of the source which file is newer",
                staging.source.order
            );
            Some((built_in(ORDER)?, why))
        }
        _ => None,
    };
    let mut rejected = AsTheyStand::new(&staging.raw);
    let (reader, mapping) = thread::scope(|scope| {
        let typing = Typing::new(staging, Ahead::of(scope, reader), mapping, personal);
        let mut typed = typing.empty();
        let mut typing = Ahead::of(scope, typing);
        // Rows of the batch behind which a row stops the file.
        let mut last = stopped.is_some().then_some(0);
        while last.is_none() && typing.next(&mut typed)? {
            working.profiler.see(typed.batch.first_row, &typed.fates, &typed.rows);
            if let Some((row, rule, why)) = working.batch(&mut typed, &mut rejected)? {
                last = Some(row + 1);
                stopped = Some((rule, why));
            }
            let _ = progress.send(typed.batch.rows as u64);
        }
        let typing = typing.ended()?;
        match last {
            Some(rows) => typing.stopped_behind(rows, &mut typed),
            None => typing.ended(),
        }
    })?;
    if stopped.is_none() {
        stopped = working.whole_file();
    }
    let told = Told {
        missing: mapping.missing(),
        notes: mapping.notes(),
        columns: reader.columns().to_vec(),
        labels: reader.labels(),
    };
    working.finish(&dropped, stopped, told)
}

/// The columns that fill personal attributes.
pub(crate) fn personal_columns(source: &Source, entity: &Entity) -> Vec<String> {
    let personal = |m: &&Mapping| entity.attribute(&m.attribute).is_some_and(|a| a.personal);
    let columns = source.map.iter().filter(personal).filter_map(|m| match &m.from {
        MappingFrom::Column { column, .. } => Some(column.trim().to_owned()),
        _ => None,
    });
    columns.collect()
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
    /// Takes the rows of a batch; returns the row and the rule that stop the file, if any.
    fn batch(
        &mut self,
        typed: &mut TypedBatch,
        rejected: &mut AsTheyStand,
    ) -> Result<Option<(usize, RuleId, String)>, LandError> {
        let rules = &self.staging.source.rules;
        self.probe(typed)?;
        for (row, fate) in std::mem::take(&mut typed.fates).into_iter().enumerate() {
            let number = typed.batch.first_row + row as u64;
            let meeting = &typed.meeting;
            self.counts.read += 1;
            if meeting.gone.contains(&row) {
                self.counts.erased += 1;
                continue;
            }
            let rejection = match fate {
                Fate::OutOfScope { unknown } => {
                    self.counts.out_of_scope += 1;
                    self.unknown += u64::from(unknown);
                    continue;
                }
                Fate::Bad(rejection) => rejection,
                Fate::Rejected(rejection) => {
                    // The key may be readable all the same: then it is not absent from the file.
                    self.see(typed.keys.get(row).copied().flatten());
                    rejection
                }
                Fate::Typed => match self.typed(number, row, typed) {
                    Verdict::Lands => continue,
                    Verdict::Rejected(rejection) => rejection,
                    Verdict::Stops(rule, reason) => return Ok(Some((row, rule, reason))),
                },
            };
            self.counts.quarantined += 1;
            if !rules.iter().any(|r| r.id.as_str() == rejection.rule) {
                *self.built_in.entry(rejection.rule.clone()).or_default() += 1;
            }
            if meeting.emptied.contains(&row) {
                // As it stands it names whom nothing is to be kept of.
                let rejection = Rejection { reason: ERASED.to_owned(), ..rejection };
                self.quarantine.push(number, &rejection, &format!("\"{ERASED}\""))?;
                continue;
            }
            self.quarantine.push(
                number,
                &rejection,
                &impersonal(kept(rejected.row(number)?), &self.personal),
            )?;
        }
        self.write(typed.batch.first_row, &typed.rows)?;
        self.index.keys.apply(&self.batch.chains)?;
        for (rule, owned) in self.batch.owned.iter().enumerate() {
            self.index.keys.own(rule, owned)?;
        }
        Ok(None)
    }

    /// Asks the index for all that a batch will want to know of it.
    fn probe(&mut self, typed: &TypedBatch) -> Result<(), LakeError> {
        let batch = &mut self.batch;
        batch.landing.clear();
        batch.intervals.clear();
        let of_typed = typed.keys.iter().zip(&typed.fates).filter(|(_, fate)| matches!(fate, Fate::Typed));
        batch.keys.clear();
        batch.keys.extend(of_typed.filter_map(|(key, _)| *key));
        batch.keys.sort_unstable();
        batch.keys.dedup();
        self.index.keys.probe(&batch.keys, &mut batch.chains)?;
        for (rule, values) in typed.unique.iter().enumerate() {
            let (Some(owners), Some(owned)) = (batch.owners.get_mut(rule), batch.owned.get_mut(rule)) else {
                continue;
            };
            owners.clear();
            owned.clear();
            let mut values: Vec<Key> = values.iter().flatten().copied().collect();
            values.sort_unstable();
            values.dedup();
            let found = self.index.keys.owners(rule, &values)?;
            owners.extend(values.into_iter().zip(found).filter_map(|(value, key)| Some((value, key?))));
        }
        Ok(())
    }

    fn see(&mut self, key: Option<Key>) {
        if matches!(self.staging.source.mode, Mode::Snapshot | Mode::Keys) {
            self.seen.extend(key);
        }
    }

    fn typed(&mut self, number: u64, row: usize, typed: &TypedBatch) -> Verdict {
        let rows = &typed.rows;
        let shape = &self.staging.shape;
        let reject = |rule: &str, reason: String| {
            Verdict::Rejected(Rejection { rule: rule.to_owned(), reason, column: None })
        };
        let Some(key) = typed.keys.get(row).copied().flatten() else {
            let missing: Vec<String> = self
                .staging
                .source
                .key
                .iter()
                .filter(|k| rows.position(k).is_none_or(|at| rows.slot(at, row) == Slot::Missing))
                .map(|k| format!("`{k}`"))
                .collect();
            return reject(KEY, format!("the key has no value: {}", missing.join(", ")));
        };
        if self.staging.source.mode == Mode::Keys {
            return self.listed(key);
        }
        let is_gone = match &self.staging.source.deleted {
            Some(condition) => match mapping::evaluate(condition, &rows.row(row)) {
                Ok(cell) => cell == Cell::Boolean(true),
                Err(why) => return reject(GONE, why),
            },
            None => false,
        };
        if is_gone && self.staging.source.mode == Mode::Snapshot {
            // As if it were not there.
            self.counts.out_of_scope += 1;
            self.gone.0 += 1;
            return Verdict::Lands;
        }
        self.see(Some(key));
        let Some((order, start)) = shape.order(&rows.columns, row, self.staging.effective) else {
            return reject(VERSION, "the attribute that says which row is newer has no value".to_owned());
        };
        // Of what is gone nothing else is demanded.
        if !is_gone {
            match self.rules(number, row, key, typed) {
                Verdict::Lands => {}
                other => return other,
            }
        }
        let version = Version {
            content: typed.contents.get(row).copied().unwrap_or_default(),
            order,
            start,
            ended: OPEN,
            file: self.staged,
            row: (self.writer.rows() + self.batch.landing.len() as u64) as u32,
            load: self.load,
            source: self.source,
        };
        // Every key of a typed row was asked for.
        let Ok(at) = self.batch.keys.binary_search(&key) else { return Verdict::Lands };
        if let Some(other) = self.erases(at, &version) {
            return reject(OTHER_SOURCE, other);
        }
        let batch = &mut self.batch;
        let (placed, interval) = match self.staging.source.mode {
            _ if is_gone => self.history.gone(&mut batch.chains, at, version),
            Mode::Append
                if batch.chains.get(batch.chains.head(at)).is_some_and(|e| e.version.ended != OPEN) =>
            {
                // It was gone, and is there again: from now on.
                self.history.upsert(&mut batch.chains, at, version)
            }
            Mode::Append => (self.history.append(&mut batch.chains, at, version), (EVER, OPEN)),
            Mode::Upsert | Mode::Snapshot | Mode::Keys => self.history.upsert(&mut batch.chains, at, version),
        };
        match placed {
            Placed::New => self.counts.accepted += 1,
            Placed::Superseding => self.counts.superseding += 1,
            Placed::Gone => {
                let knew = batch.chains.chain(batch.chains.head(at)).count() > 1;
                let count = if knew { &mut self.counts.superseding } else { &mut self.counts.accepted };
                *count += 1;
                self.gone.0 += 1;
                self.gone.1 += u64::from(!knew);
            }
            Placed::Duplicate => {
                self.counts.duplicate += 1;
                return Verdict::Lands;
            }
            Placed::Conflict => {
                let key: Vec<String> =
                    shape.key.iter().map(|at| rows.shown(*at, row, &self.staging.source.days)).collect();
                return reject(
                    DUPLICATE_KEY,
                    format!("another row with other content has the key {}", key.join(", ")),
                );
            }
        }
        if is_gone {
            batch.landing.push(row as u32);
            batch.intervals.push(interval);
            return Verdict::Lands;
        }
        let unique = batch.owners.iter_mut().zip(&mut batch.owned).zip(&typed.unique);
        for ((owners, owned), values) in unique {
            if let Some(value) = values.get(row).copied().flatten() {
                owners.insert(value, key);
                owned.push((value, key, version.content));
            }
        }
        batch.landing.push(row as u32);
        batch.intervals.push(interval);
        Verdict::Lands
    }

    /// A key in a list of keys: known, or of a row that has not come.
    fn listed(&mut self, key: Key) -> Verdict {
        self.see(Some(key));
        let chains = &self.batch.chains;
        let at = self.batch.keys.binary_search(&key).ok();
        let head = at.and_then(|at| chains.get(chains.head(at)));
        if head.is_some_and(|e| e.version.ended == OPEN) {
            self.counts.duplicate += 1;
        } else {
            self.counts.out_of_scope += 1;
            self.not_yet += 1;
        }
        Verdict::Lands
    }

    /// Whether a row would supersede one of a source that knows more of it; why that is refused.
    fn erases(&self, key: usize, version: &Version) -> Option<String> {
        if self.others.is_empty() || self.staging.source.mode == Mode::Append {
            return None;
        }
        let chains = &self.batch.chains;
        let held = chains.chain(chains.head(key)).map(|(_, entry)| entry);
        let other = held
            .filter(|e| e.to == OPEN && e.version.content != version.content)
            .find_map(|e| self.others.iter().position(|number| *number == e.version.source))?;
        let other = self.staging.others.get(other)?;
        Some(format!(
            "the source `{other}` fills this row and knows attributes that `{}` does not; superseding it would erase them",
            self.staging.source.id
        ))
    }

    fn rules(&mut self, number: u64, row: usize, key: Key, typed: &TypedBatch) -> Verdict {
        let rows = &typed.rows;
        let mut unique = 0usize;
        let mut verdict = Verdict::Lands;
        for (rule, broken) in self.staging.source.rules.iter().zip(&mut self.broken) {
            let why = match &rule.require {
                Requirement::Row(expression) => match mapping::evaluate(expression, &rows.row(row)) {
                    Ok(Cell::Boolean(false)) => {
                        let shown = mapping::attributes_read(expression)
                            .iter()
                            .filter_map(|a| {
                                rows.position(a).map(|at| {
                                    format!("`{a}` is {}", rows.shown(at, row, &self.staging.source.days))
                                })
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
                    let value = typed.unique.get(at).and_then(|values| *values.get(row)?);
                    let other = value.and_then(|v| self.batch.owners.get(at)?.get(&v));
                    other.filter(|k| **k != key).map(|_| {
                        let names: Vec<String> = attributes.iter().map(|a| format!("`{a}`")).collect();
                        format!("another row has the same {}", names.join(", "))
                    })
                }
                Requirement::RowsAtLeast(_)
                | Requirement::RowsAgainstHistory { .. }
                | Requirement::MissingAtMost { .. }
                | Requirement::LikeHistory { .. } => None,
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

    /// Writes the rows of the batch that land.
    fn write(&mut self, first_row: u64, rows: &Rows) -> Result<(), LakeError> {
        let landing = &self.batch.landing;
        let n = landing.len();
        if n == 0 {
            return Ok(());
        }
        let instants = |pick: fn(&(i64, i64)) -> i64, none: i64| -> ArrayRef {
            let mut builder = TimestampMicrosecondBuilder::with_capacity(n).with_timezone("UTC");
            for interval in &self.batch.intervals {
                builder.append_option(Some(pick(interval)).filter(|n| *n != none));
            }
            Arc::new(builder.finish())
        };
        let same = |text: &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, n)))
        };
        let columns =
            self.columns.iter().zip(&self.staging.table.columns).map(|(from, column)| match *from {
                ColumnFrom::Attribute(at) => match rows.columns.get(at) {
                    Some(values) if values.physical == column.physical => values.array(landing),
                    _ => new_null_array(&data_type(column.physical), n),
                },
                ColumnFrom::ValidFrom => instants(|i| i.0, EVER),
                ColumnFrom::ValidTo => instants(|i| i.1, OPEN),
                ColumnFrom::RecordedAt => {
                    Arc::new(TimestampMicrosecondArray::from_value(self.staging.at, n).with_timezone("UTC"))
                }
                ColumnFrom::Source => same(self.staging.source.id.as_str()),
                ColumnFrom::File => same(&self.staging.name),
                ColumnFrom::Row => Arc::new(Int64Array::from_iter_values(
                    landing.iter().map(|row| (first_row + u64::from(*row)) as i64),
                )),
                ColumnFrom::Load => same(&self.staging.load),
                ColumnFrom::Nothing => new_null_array(&data_type(column.physical), n),
            });
        let columns = columns.collect();
        self.writer.write_columns(columns)
    }

    /// Rules about the file as a whole. A file has no row to reject, so `quarantine` stops it too.
    fn whole_file(&mut self) -> Option<(RuleId, String)> {
        let rows = self.counts.landed();
        for (rule, broken) in self.staging.source.rules.iter().zip(&mut self.broken) {
            let why = match &rule.require {
                Requirement::RowsAtLeast(least) if rows < *least => {
                    format!("it has {rows} rows, at least {least} are required")
                }
                Requirement::RowsAgainstHistory { share, loads } => {
                    let mut earlier: Vec<u64> =
                        self.staging.past.rows.iter().copied().take(*loads as usize).collect();
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
                Requirement::MissingAtMost { attribute, share } => {
                    let Some((missing, of)) = self.profiler.missing(attribute) else { continue };
                    if missing as f64 <= share * of as f64 {
                        continue;
                    }
                    format!("{missing} of {of} rows have no `{attribute}`, more than {}%", share * 100.0)
                }
                Requirement::LikeHistory { attribute, loads, bound } => {
                    let earlier = self.staging.past.profiles.iter().filter(|of| of.attribute == *attribute);
                    let earlier: Vec<&Profile> = earlier.take(*loads as usize).collect();
                    let now = self.profiler.profile_of(attribute);
                    let Some(now) = now else { continue };
                    let Some(index) = unlike(&now, &earlier, *bound) else { continue };
                    format!(
                        "`{attribute}` is spread otherwise than in the last {} loads: stability index {index:.2}, more than \
                         {bound}",
                        earlier.len()
                    )
                }
                Requirement::RowsAtLeast(_) | Requirement::Row(_) | Requirement::Unique(_) => continue,
            };
            *broken += 1;
            match rule.otherwise {
                Otherwise::Warn => self.notes.push(format!("{}: {why}", rule.id)),
                _ => return Some((rule.id.clone(), why)),
            }
        }
        None
    }

    fn finish(
        mut self,
        dropped: &BTreeMap<u32, Vec<u32>>,
        stopped: Option<(RuleId, String)>,
        told: Told,
    ) -> Result<(Staged, TableIndex), LandError> {
        let staging = self.staging;
        let counts = self.counts;
        let rules = rule_counts(&staging.source.rules, &self.broken, &self.built_in);
        let mut staged = Staged {
            replacement: Replacement::default(),
            added: Vec::new(),
            counts,
            ended: 0,
            missing: told.missing,
            rules,
            unknown: self.unknown,
            notes: told.notes.into_iter().chain(self.notes).collect(),
            profiles: self.profiler.profiles(&staging.source.map.iter().map(|m| &m.attribute).collect()),
            columns: told.columns,
            labels: told.labels,
            quarantine: self.quarantine,
            stopped,
        };
        if staged.stopped.is_some() {
            return Ok((staged, self.index));
        }
        if counts.out_of_scope + counts.landed() != counts.read {
            return Err(LandError::Accounting { path: staging.name.clone(), detail: format!("{counts:?}") });
        }
        if matches!(staging.source.mode, Mode::Snapshot | Mode::Keys) {
            let index = &mut self.index.keys;
            let absent = history::absent(index, (self.about, self.load), staging.effective, &self.seen)?;
            if let Some(why) = absent.too_many(staging.source.deletes_at_most) {
                staged.stopped = Some((built_in(DELETES)?, why));
                return Ok((staged, self.index));
            }
            staged.ended = self.history.end(index, absent, staging.effective)?;
        }
        staged.ended += self.gone.0;
        staged.notes.extend(said_of_keys(&staging.source, staged.ended, self.gone, self.not_yet));
        let mut new: BTreeMap<u32, NewFile> = BTreeMap::new();
        let ended = &mut staged.replacement.end;
        let index = &mut self.index;
        let history = &mut self.history;
        if let Err(e) =
            write_files(staging, self.writer, index, history, self.staged, dropped, &mut new, ended)
        {
            // A full disk should not stay full of what nothing will ever name. Best effort: the rest is swept.
            new.values().for_each(|file| drop(staging.fs.remove(&file.path)));
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

/// What a file said of keys that are gone, in words.
fn said_of_keys(source: &Source, ended: u64, (gone, unknown): (u64, u64), not_yet: u64) -> Vec<String> {
    let keys = |n: u64| if n == 1 { "1 key".to_owned() } else { format!("{n} keys") };
    let mut said = Vec::new();
    if gone > 0 && source.mode != Mode::Snapshot {
        let never = if unknown > 0 { format!(", {unknown} of which never came") } else { String::new() };
        said.push(format!("its rows say of {} that it is gone at the source{never}", keys(gone)));
    } else if ended > gone {
        said.push(format!("{} in force not in it: gone at the source", keys(ended - gone)));
    }
    if not_yet > 0 {
        said.push(format!("it has {} of rows that have not come, or are gone", keys(not_yet)));
    }
    said
}

/// The name of a built-in rule that stops a file.
fn built_in(rule: &str) -> Result<RuleId, LakeError> {
    rule.parse().map_err(|_| LakeError::Corrupt(format!("no rule can be named `{rule}`")))
}

/// Completes the file of the new rows, and writes anew those whose rows change. `new` has what is on the disk, by number
/// of the index, also after an error; `ended` the files that are out.
#[expect(clippy::too_many_arguments, reason = "called once; a struct would only rename the arguments")]
fn write_files(
    staging: &Staging,
    writer: TableFileWriter,
    index: &TableIndex,
    history: &mut History,
    staged: u32,
    dropped: &BTreeMap<u32, Vec<u32>>,
    new: &mut BTreeMap<u32, NewFile>,
    ended: &mut Vec<i64>,
) -> Result<(), LandError> {
    if let Some(file) = writer.finish(&staging.table)? {
        new.insert(staged, file);
    }
    let changes = history.take_changes();
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
        let rewritten = rewrite(&staging.fs, &staging.folder, &staging.table, &old, rows, intervals, names)?;
        match rewritten {
            Some(file) => new.insert(number, file),
            None => new.remove(&number),
        };
        if old.id < 0 {
            let failed = |source| LakeError::Io { path: old.path.clone(), doing: "removed", source };
            staging.fs.remove(&old.path).map_err(failed)?;
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
