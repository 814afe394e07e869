//! Reading one file into new files of the lake, before anything is committed. Runs on a blocking thread.

mod files;
mod merged;
mod placing;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    thread,
};

use arrow::array::{
    ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray, TimestampMicrosecondBuilder, new_null_array,
};
use kepi_model::{
    expression::Physical,
    id::RuleId,
    project::{Entity, Mapping, MappingFrom, Mode, Otherwise, Requirement, Rule, Source},
};
use kepi_query::{
    landing::{DELETES, MissingCount, ORDER, Profile, RowCounts, RuleCount},
    port::system,
    row::Cell,
};
use kepi_store::{
    erase::ERASED,
    merge::{Merge, Merges},
};
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    ahead::{Ahead, AsTheyStand, Maker},
    catalogue::{DataFile, Replacement},
    connector::kept,
    deletes,
    error::{LakeError, LandError},
    history::{self, History, Placed, Removed},
    index::{EVER, KeySet, OPEN, Version},
    mapping::{self, BoundMapping, Counts, Fate, Key, KnownKeys, OTHER_SOURCE, Rejection, Rows, Slot},
    merges::{self, Reference},
    profile::{Profiler, unlike},
    quarantine::{Spool, impersonal},
    staging::Staging,
    table_file::{TableFileWriter, data_type},
    table_index::TableIndex,
    typing::{TypedBatch, Typing},
};
use files::Files;
use merged::{Listed, Merged, follow_own, merged_after, said_of_merges};
use placing::Placing;

/// A key of which a part is missing.
const KEY: &str = "key";
/// Append mode: another row has this key.
const DUPLICATE_KEY: &str = "duplicate key";
/// Whether the key is gone cannot be said.
const GONE: &str = "deleted";
/// A row was merged into one that was itself merged into it.
const MERGED: &str = "merged";
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
    /// What is merged of its entity once it has landed.
    pub merges: Merges,
    /// Rows of its own entity that count for another now.
    pub followed: u64,
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
    /// Of a file that lands anew: when its rows ended because later files or lists lacked their keys.
    ends: HashMap<Key, i64>,
    /// What is merged of its entity, as far as it was read.
    merges: Merges,
    /// Keys that its rows say were merged: where each stands in the new file, and into which.
    merged: Vec<Merged>,
    /// Keys that rows list as merged into them.
    listed: Vec<Listed>,
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

#[derive(Debug, Clone, Copy)]
enum ColumnFrom {
    Attribute(usize),
    /// What the source said of an attribute that says another row.
    Said(usize),
    MergedInto,
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

impl ColumnFrom {
    /// The text that all rows of a file have.
    fn same(self, staging: &Staging) -> Option<&str> {
        match self {
            Self::Source => Some(staging.source.id.as_str()),
            Self::File => Some(&staging.name),
            Self::Load => Some(&staging.load),
            _ => None,
        }
    }
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
    let Removed { rows: dropped, ends } = match &staging.past.earlier {
        Some(earlier) => {
            let number = index.loads.number(&earlier.load);
            let files = &index.files;
            let out = |file: u32| files.get(file as usize).map_or(Ok(Vec::new()), deletes::positions);
            history.remove_load(&mut index.keys, (number, about), earlier.effective, out)?
        }
        None => Removed::default(),
    };
    let staged = index.files.len() as u32;
    index.files.push(DataFile::gone());
    let unique = staging.shape.unique.len();
    let mut merges = staging.meets.own.as_ref().map(|(_, merges)| merges.clone()).unwrap_or_default();
    if let Some(earlier) = &staging.past.earlier {
        merges.retain(|_, of| of.load != earlier.load);
    }
    let columns: Vec<ColumnFrom> =
        staging.table.columns.iter().map(|c| column_from(&c.name, &staging.entity)).collect();
    let same = columns.iter().map(|from| from.same(staging).map(str::to_owned)).collect();
    let mut working = Working {
        writer: TableFileWriter::create_saying(&staging.fs, &staging.folder, &staging.table, same)?,
        columns,
        staging,
        index,
        history,
        staged,
        load,
        source,
        about,
        gone: (0, 0),
        ends,
        merges,
        merged: Vec::new(),
        listed: Vec::new(),
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
        batch: Placing::new(unique),
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
        let typing = Typing::new(staging, Ahead::of(scope, reader), mapping, personal.clone());
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
        working.place_listed(personal, mapping.counts())?;
        stopped = working.whole_file();
    }
    let told = Told {
        missing: mapping.missing(),
        notes: mapping.notes(),
        columns: reader.columns().to_vec(),
        labels: reader.labels(),
    };
    working.finish(dropped, stopped, told)
}

/// The columns that fill personal attributes.
pub(crate) fn personal_columns(source: &Source, entity: &Entity) -> Vec<String> {
    let personal = |m: &&Mapping| entity.attribute(&m.attribute).is_some_and(|a| a.personal);
    let columns = source.map.iter().filter(personal).filter_map(|m| match &m.from {
        MappingFrom::Column { column, .. } => Some(column.trim().to_owned()),
        _ => None,
    });
    // Which row one was merged into is a key, too.
    let is_key = |of: &kepi_model::project::Attribute| of.personal && entity.key.contains(&of.id);
    let merges = source.merges.iter().filter(|_| entity.attributes.iter().any(is_key));
    columns.chain(merges.map(|of| of.column().trim().to_owned())).collect()
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
        system::MERGED_INTO => ColumnFrom::MergedInto,
        _ => {
            let (of, said) = name.strip_prefix(system::SAID).map_or((name, false), |of| (of, true));
            let at = entity.attributes.iter().position(|a| a.id.as_str() == of);
            let from = if said { ColumnFrom::Said } else { ColumnFrom::Attribute };
            at.map_or(ColumnFrom::Nothing, from)
        }
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
                Fate::Bad(rejection) => *rejection,
                Fate::Rejected(rejection) => {
                    // The key may be readable all the same: then it is not absent from the file.
                    self.see(typed.keys.get(row).copied().flatten());
                    *rejection
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
        self.write(&|row| typed.batch.first_row + u64::from(row), &typed.rows)?;
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
        batch.merged.clear();
        batch.place(&typed.keys, &typed.fates);
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
            return self.listed(key, row);
        }
        let own = self.own_key(row, rows);
        let named = self.staging.keys_of_merges(row, rows);
        let is_merged = self.staging.merges_own() && !named.is_empty();
        // Of what was merged into an erased row nothing is known but that it is gone.
        let mut named =
            named.into_iter().filter(|key| !self.staging.erased.is_erased(key)).collect::<Vec<_>>();
        if let Some(own) = &own {
            let circle = |key: &String| match is_merged {
                true => merges::leads(&self.merges, key, own),
                false => merges::leads(&self.merges, own, key),
            };
            if !is_merged {
                named.retain(|key| key != own);
            }
            if is_merged && named.contains(own) {
                let reason = "it says to be merged into itself; correct it at the source";
                return reject(MERGED, reason.to_owned());
            }
            if named.iter().any(circle) {
                let reason = "the row that it says to be merged with was merged the other way round, so that neither \
                              would be left; correct one of them at the source";
                return reject(MERGED, reason.to_owned());
            }
        }
        let into = if is_merged { named.pop() } else { None };
        let is_gone = match &self.staging.source.deleted {
            _ if is_merged => true,
            Some(condition) => match mapping::evaluate(condition, &rows.row(row)) {
                Ok(cell) => cell == Cell::Boolean(true),
                Err(why) => return reject(GONE, why),
            },
            None => false,
        };
        if is_gone && !is_merged && self.staging.source.mode == Mode::Snapshot {
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
        let mut version = self.version(typed, row, (order, start));
        if let Some(end) = self.ends.get(&key).filter(|end| !is_gone && **end > start) {
            version.ended = *end;
        }
        // Every key of a typed row was asked for.
        let Some(at) = self.batch.at(row) else { return Verdict::Lands };
        if let Some(other) = self.erases(at, &version) {
            return reject(OTHER_SOURCE, other);
        }
        let batch = &mut self.batch;
        let (placed, interval) = match self.staging.source.mode {
            _ if is_gone => self.history.gone(&mut batch.chains, at, version, into.is_some()),
            Mode::Append
                if batch.chains.get(batch.chains.head(at)).is_some_and(|e| e.version.ended != OPEN) =>
            {
                // It was gone, and is there again: from now on.
                self.history.upsert(&mut batch.chains, at, version)
            }
            Mode::Append if version.ended != OPEN => self.history.upsert(&mut batch.chains, at, version),
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
                // What it lists may be new, and the rows of what it lists may be in this file, too.
                if let Some(own) = own.filter(|_| !is_gone) {
                    self.list(own, named, (number, row), rows);
                }
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
            if let (Some(into), Some(key)) = (into, own) {
                let load = self.staging.load.clone();
                self.merges.insert(key.clone(), Merge { into: into.clone(), load });
                batch.merged.insert(row as u32, into.clone());
                self.merged.push(Merged { key, into, row: version.row });
            }
            batch.landing.push(row as u32);
            batch.intervals.push(interval);
            return Verdict::Lands;
        }
        if let Some(own) = own.as_ref().filter(|_| interval.1 == OPEN) {
            // It is a row of its own again.
            self.merges.remove(own);
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
        if let Some(own) = own {
            self.list(own, named, (number, row), rows);
        }
        Verdict::Lands
    }

    /// Takes down the keys that a row lists as merged into it.
    fn list(&mut self, own: String, named: Vec<String>, (number, row): (u64, usize), rows: &Rows) {
        let version = self.staging.shape.version.and_then(|(at, _)| match rows.slot(at, row) {
            Slot::Integer(n) | Slot::Instant(n) => Some(n),
            _ => None,
        });
        for key in named {
            let into = own.clone();
            let known = self.merges.get(&key).is_some_and(|of| of.into == into);
            if !known {
                let load = self.staging.load.clone();
                self.merges.insert(key.clone(), Merge { into: into.clone(), load });
            }
            self.listed.push(Listed { key, into, known, version, number });
        }
    }

    /// The version that a row of a batch is if it is written next, with what orders it and since when it holds.
    fn version(&self, typed: &TypedBatch, row: usize, (order, start): (i64, i64)) -> Version {
        Version {
            content: typed.contents.get(row).copied().unwrap_or_default(),
            order,
            start,
            ended: OPEN,
            file: self.staged,
            row: (self.writer.rows() + self.batch.landing.len() as u64) as u32,
            load: self.load,
            source: self.source,
        }
    }

    /// The key of a row, where rows of its entity are merged.
    fn own_key(&self, row: usize, rows: &Rows) -> Option<String> {
        let (at, _) = self.staging.meets.own.as_ref()?;
        match rows.slot(*at, row) {
            Slot::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }

    /// Ends the keys that rows list as merged into them, each by a row of its own.
    fn place_listed(&mut self, personal: Vec<bool>, counts: Counts) -> Result<(), LakeError> {
        let Some((at, _)) = self.staging.meets.own else { return Ok(()) };
        let mut listed = std::mem::take(&mut self.listed);
        // A row of its own in this file does not undo what another row of this file lists.
        listed.retain(|of| !of.known || self.merges.get(&of.key).is_none_or(|now| now.into != of.into));
        if listed.is_empty() {
            return Ok(());
        }
        let version = self.staging.shape.version.map(|(at, _)| at);
        let mut rows = Rows::new(&self.staging.entity, personal, KnownKeys::new());
        for of in &listed {
            for (slot, column) in rows.columns.iter_mut().enumerate() {
                match of.version {
                    _ if slot == at => column.text(&of.key),
                    Some(n) if version == Some(slot) => column.number(n),
                    _ => column.missing(),
                }
            }
        }
        let into: Vec<&str> = listed.iter().map(|of| of.into.as_str()).collect();
        let made = TypedBatch::made(self.staging, rows, &into, counts);
        self.probe(&made)?;
        for (row, of) in listed.iter().enumerate() {
            let key = made.keys.get(row).copied().flatten();
            self.see(key);
            let (shape, effective) = (&self.staging.shape, self.staging.effective);
            let placed = key.and_then(|_| {
                let (order, start) = shape.order(&made.rows.columns, row, effective)?;
                Some((self.batch.at(row)?, order, start))
            });
            let Some((at, order, start)) = placed else { continue };
            let version = self.version(&made, row, (order, start));
            let knew = self.batch.chains.get(self.batch.chains.head(at)).is_some();
            let (placed, interval) = self.history.gone(&mut self.batch.chains, at, version, true);
            if placed == Placed::Duplicate {
                continue;
            }
            self.gone.0 += 1;
            self.gone.1 += u64::from(!knew);
            self.merged.push(Merged { key: of.key.clone(), into: of.into.clone(), row: version.row });
            self.batch.merged.insert(row as u32, of.into.clone());
            self.batch.landing.push(row as u32);
            self.batch.intervals.push(interval);
        }
        let numbers: Vec<u64> = listed.iter().map(|of| of.number).collect();
        self.write(&|row| numbers.get(row as usize).copied().unwrap_or(0), &made.rows)?;
        self.index.keys.apply(&self.batch.chains)
    }

    /// A key in a list of keys: known, or of a row that has not come.
    fn listed(&mut self, key: Key, row: usize) -> Verdict {
        self.see(Some(key));
        let chains = &self.batch.chains;
        let at = self.batch.at(row);
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
    fn write(&mut self, number: &dyn Fn(u32) -> u64, rows: &Rows) -> Result<(), LakeError> {
        let landing = &self.batch.landing;
        let n = landing.len();
        if n == 0 {
            return Ok(());
        }
        let instants = |pick: fn(&(i64, i64)) -> i64, none: i64| -> ArrayRef {
            // Most rows hold from ever until now.
            if self.batch.intervals.iter().all(|interval| pick(interval) == none) {
                return new_null_array(&data_type(Physical::Instant), n);
            }
            let mut builder = TimestampMicrosecondBuilder::with_capacity(n).with_timezone("UTC");
            for interval in &self.batch.intervals {
                builder.append_option(Some(pick(interval)).filter(|n| *n != none));
            }
            Arc::new(builder.finish())
        };
        let reference = |at: usize| self.staging.meets.references.iter().find(|of| of.at == at);
        // What a row refers to, and what its source said where that is another one.
        let references = |at: usize, of: &Reference, said: bool| -> ArrayRef {
            let texts = landing.iter().map(|row| match rows.slot(at, *row as usize) {
                Slot::Text(text) => {
                    let now = merges::resolved(&of.merges, text);
                    if said { Some(text).filter(|text| *text != now) } else { Some(now) }
                }
                _ => None,
            });
            Arc::new(texts.collect::<StringArray>())
        };
        let by_row = |(from, _): &(&ColumnFrom, _)| from.same(self.staging).is_none();
        let columns =
            self.columns.iter().zip(&self.staging.table.columns).filter(by_row).map(|(from, column)| {
                match *from {
                    ColumnFrom::Said(at) => match reference(at) {
                        Some(of) => references(at, of, true),
                        None => new_null_array(&data_type(column.physical), n),
                    },
                    ColumnFrom::MergedInto => {
                        let into = landing.iter().map(|row| self.batch.merged.get(row).map(String::as_str));
                        Arc::new(into.collect::<StringArray>())
                    }
                    ColumnFrom::Attribute(at) => match (reference(at), rows.columns.get(at)) {
                        (Some(of), _) if !of.merges.is_empty() => references(at, of, false),
                        (_, Some(values)) if values.physical == column.physical => values.array(landing),
                        _ => new_null_array(&data_type(column.physical), n),
                    },
                    ColumnFrom::ValidFrom => instants(|i| i.0, EVER),
                    ColumnFrom::ValidTo => instants(|i| i.1, OPEN),
                    ColumnFrom::RecordedAt => Arc::new(
                        TimestampMicrosecondArray::from_value(self.staging.at, n).with_timezone("UTC"),
                    ),
                    ColumnFrom::Row => {
                        Arc::new(Int64Array::from_iter_values(landing.iter().map(|row| number(*row) as i64)))
                    }
                    ColumnFrom::Source | ColumnFrom::File | ColumnFrom::Load | ColumnFrom::Nothing => {
                        new_null_array(&data_type(column.physical), n)
                    }
                }
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
        dropped: BTreeMap<u32, Vec<u32>>,
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
            profiles: Vec::new(),
            columns: told.columns,
            labels: told.labels,
            quarantine: self.quarantine,
            merges: Merges::new(),
            followed: 0,
            stopped,
        };
        let profiler = self.profiler;
        let profiles = || profiler.profiles(&staging.source.map.iter().map(|m| &m.attribute).collect());
        if staged.stopped.is_some() {
            staged.profiles = profiles();
            return Ok((staged, self.index));
        }
        if counts.out_of_scope + counts.landed() != counts.read {
            return Err(LandError::Accounting { path: staging.name.clone(), detail: format!("{counts:?}") });
        }
        // Of lists that come together the newest says what there is.
        if matches!(staging.source.mode, Mode::Snapshot | Mode::Keys) && !staging.overtaken {
            let index = &mut self.index.keys;
            let absent = history::absent(index, (self.about, self.load), staging.effective, &self.seen)?;
            if let Some(why) = absent.too_many(staging.source.deletes_at_most) {
                staged.stopped = Some((built_in(DELETES)?, why));
                staged.profiles = profiles();
                return Ok((staged, self.index));
            }
            staged.ended = self.history.end(index, absent, staging.effective)?;
        }
        staged.ended += self.gone.0;
        staged.notes.extend(said_of_keys(&staging.source, staged.ended, self.gone, self.not_yet));
        self.writer.no_more();
        let keys = &mut self.index.keys;
        staged.profiles = thread::scope(|scope| {
            let profiles = scope.spawn(profiles);
            keys.write_new()?;
            let died = |_| LakeError::Worker("the thread that makes profiles ended by itself".to_owned());
            profiles.join().map_err(died)
        })?;
        let mut files = Files {
            staging,
            index: &mut self.index,
            staged: self.staged,
            changes: self.history.take_changes(),
            dropped,
            new: BTreeMap::new(),
            replacement: &mut staged.replacement,
        };
        if let Err(e) = files.write(self.writer) {
            // A full disk should not stay full of what nothing will ever name.
            files.discard();
            return Err(e);
        }
        for (number, file) in files.new {
            staged.added.push(number);
            staged.replacement.add.push(file);
        }
        if let Some((_, before)) = &staging.meets.own {
            let done = merged_after(staging, &mut self.index, before, &self.merged, self.staged);
            let done = done.and_then(|merges| {
                let moved = merges::moved(before, &merges);
                staged.merges = merges;
                follow_own(staging, &mut self.index, &moved, &mut staged)?;
                staged.notes.extend(said_of_merges(before, &staged.merges));
                Ok(())
            });
            if let Err(e) = done {
                staged.replacement.written().for_each(|file| drop(staging.fs.remove(file.path)));
                return Err(e.into());
            }
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
