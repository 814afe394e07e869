//! Rows that are made of others, kept between runs: of a day's rows only what belongs to the same keys is made anew.
//!
//! What is made together is kept under a name that says how: the steps with all their edges, and the columns that are read. A record says of
//! which files it was made. If they are the same, nothing is read. If some came or went, the rows that came or went say by their keys what else may have
//! changed ([`split::local`]): that is made twice, of the rows as they were and as they are, and where both differ the slices that hold it are written
//! anew. Slices without a difference keep their files, and so what was measured of them stays, too. Whatever is in doubt is made of all rows.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError},
};

use kepi_model::{
    calendar::zones_version,
    derived::{HELD_FROM, UNION_AT, panel, stage},
    id::{EntityId, Hash},
};

use super::{
    Amount, Kept, Why,
    portions::InPortions,
    record::{Record, Rows, Source},
    rows::{self, Difference},
};
use crate::{
    derive::{
        self, DerivePlan, Derived, MOST_ROWS, Reads,
        plan::{StagesStep, Step},
        split::{self, Local},
    },
    port::{
        Belonging, EngineVersion, EvaluateError, Keys, Limits, MemoryTable, PinnedColumn, PinnedFile,
        PinnedInputs, PinnedTable, TableData, system,
    },
};

/// Counted up whenever the same steps over the same rows make other ones.
const FORM: u32 = 1;

/// What would be read to make rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Making {
    /// The tables that are made or added to.
    pub tables: BTreeSet<EntityId>,
    /// Of what, and how much of it there is.
    pub of: BTreeMap<EntityId, Amount>,
    /// Why it is read; none: it is kept.
    pub why: Option<Why>,
}

/// How what is made together was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remade {
    /// It was kept.
    Nothing,
    /// What belongs to some keys.
    Some {
        /// How many.
        keys: usize,
        /// Slices that were written anew.
        slices: usize,
        /// Of how many.
        of: usize,
    },
    /// All of it.
    All,
    /// All of it, in so many portions of keys, since it does not fit into memory.
    InPortions(u64),
}

impl Kept<'_> {
    /// Makes what a plan says, as [`derive::derived`] does, reading what is not kept.
    ///
    /// # Errors
    /// A table could not be read.
    pub async fn made(
        &self,
        plan: &DerivePlan,
        inputs: &PinnedInputs,
        limits: &Limits,
    ) -> Result<Derived, EvaluateError> {
        let mut all = Derived::default();
        for part in split::parts(plan) {
            all.extend(self.made_together(&part, inputs, limits).await?);
        }
        Ok(all)
    }

    /// What would be read to make what a plan says, and all that is kept of it. Nothing is written or removed.
    pub fn making(&self, plan: &DerivePlan, inputs: &PinnedInputs) -> (Vec<Making>, Derived) {
        let mut derived = Derived::default();
        let making = |part: DerivePlan| {
            let record = self.record(&name(&part, inputs));
            let why = match record {
                Some(record) if record.is_of(&part, inputs) => {
                    derived.extend(record.derived(inputs, self.shelf));
                    None
                }
                Some(_) => Some(Why::Made),
                None => Some(Why::First),
            };
            let of = part.columns.keys();
            let of = of.map(|entity| (entity.clone(), Amount::of_table(inputs.tables.get(entity)))).collect();
            Making { tables: part.tables().cloned().collect(), of, why }
        };
        let makings = split::parts(plan).into_iter().map(making).collect();
        (makings, derived)
    }

    async fn made_together(
        &self,
        part: &DerivePlan,
        inputs: &PinnedInputs,
        limits: &Limits,
    ) -> Result<Derived, EvaluateError> {
        let name = name(part, inputs);
        let was = |how| self.remade.lock().unwrap_or_else(PoisonError::into_inner).push(how);
        if let Some(record) = self.record(&name) {
            if record.is_of(part, inputs) {
                self.uses(&name, &record);
                was(Remade::Nothing);
                return Ok(record.derived(inputs, self.shelf));
            }
            if self.writes
                && let Some(local) = split::local(part, inputs)
            {
                let refresh = Refresh { kept: self, part, local: &local, record: &record, inputs, limits };
                // Whatever goes wrong with some rows: all of them say what is right.
                if let Ok(Some((record, how))) = refresh.touched().await
                    && self.keeps(&name, &record)
                {
                    was(how);
                    return Ok(record.derived(inputs, self.shelf));
                }
            }
        }
        if self.writes
            && let Some(local) = split::local(part, inputs)
        {
            let portions = InPortions { kept: self, part, local: &local, inputs, limits };
            if let Some((record, of)) = portions.made().await?
                && self.keeps(&name, &record)
            {
                was(Remade::InPortions(of));
                return Ok(record.derived(inputs, self.shelf));
            }
        }
        was(Remade::All);
        let read = derive::read(&part.columns, inputs, self.evaluator, limits).await?;
        if !self.writes || self.passing {
            return derive::of_rows(part, read, None, limits.threads);
        }
        let sources = sources(part, inputs, &read);
        let ties = match split::local(part, inputs) {
            Some(local) => ties(part, &local, &read),
            None => Vec::new(),
        };
        let derived = derive::of_rows(part, read, None, limits.threads)?;
        if let Some(read) = sources
            && let Some(record) = self.recorded(part, &derived, read, ties)
            && self.keeps(&name, &record)
        {
            return Ok(record.derived(inputs, self.shelf));
        }
        Ok(derived)
    }

    /// What is kept under a name, if all of it is what was written.
    fn record(&self, name: &str) -> Option<Record> {
        Record::decode(&self.shelf.read(name)?).filter(|record| record.is_sound(self.shelf))
    }

    fn uses(&self, name: &str, record: &Record) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert(name.to_owned());
        used.extend(record.slices().map(|slice| slice.name.clone()));
    }

    fn keeps(&self, name: &str, record: &Record) -> bool {
        self.uses(name, record);
        let Some(bytes) = record.encode() else { return false };
        self.shelf.write(name, &bytes);
        true
    }

    /// Writes what was made; none where it cannot be kept.
    fn recorded(
        &self,
        part: &DerivePlan,
        derived: &Derived,
        read: BTreeMap<EntityId, Vec<Source>>,
        ties: Vec<BTreeSet<Option<String>>>,
    ) -> Option<Record> {
        let Derived { tables, out_of_range, unmade, strays, made } = derived;
        if !out_of_range.is_empty() || !unmade.is_empty() {
            return None;
        }
        let write = |(id, table): (&EntityId, &PinnedTable)| {
            Some((
                id.clone(),
                Rows::of(table, dated(part, id), self.keeping.slice_rows, (self.evaluator, self.shelf))?,
            ))
        };
        let tables = tables.iter().map(write).collect::<Option<_>>()?;
        Some(Record { read, tables, strays: strays.clone(), made: made.clone(), ties })
    }
}

impl Record {
    /// Whether it was made of the files that are there.
    fn is_of(&self, part: &DerivePlan, inputs: &PinnedInputs) -> bool {
        part.columns.keys().all(|entity| {
            let now = files(inputs, entity).map(|files| files.iter().filter(has_rows).collect::<Vec<_>>());
            let then = self.read.get(entity).map(|read| read.iter().map(|source| &source.file));
            now.is_some_and(|now| then.is_some_and(|then| then.eq(now)))
        })
    }
}

/// The files of a table, a table that nobody landed having none; none: it is in no files.
pub(super) fn files<'a>(inputs: &'a PinnedInputs, entity: &EntityId) -> Option<&'a [PinnedFile]> {
    match inputs.tables.get(entity).map(|table| &table.data) {
        None => Some(&[]),
        Some(TableData::Files(files)) => Some(files),
        Some(TableData::Memory(_)) => None,
    }
}

pub(super) fn has_rows(file: &&PinnedFile) -> bool {
    file.rows > 0
}

/// The columns of a table that are read.
pub(super) fn columns(columns: &BTreeSet<String>, table: &PinnedTable) -> Vec<PinnedColumn> {
    table.columns.iter().filter(|column| columns.contains(&column.name)).cloned().collect()
}

/// A name for how rows are made.
fn name(part: &DerivePlan, inputs: &PinnedInputs) -> String {
    let mut steps = part.steps.clone();
    for step in &mut steps {
        if let Step::Stages(of) = step
            && nothing_after(of, inputs)
        {
            of.until = i64::MAX;
        }
    }
    let read = part.columns.iter().map(|(entity, names)| {
        let table = inputs.tables.get(entity);
        let columns = table.map(|table| columns(names, table)).unwrap_or_default();
        let columns: Vec<_> = columns.into_iter().map(|column| (column.name, column.physical)).collect();
        (entity, table.map(|table| &table.key), columns)
    });
    let read: Vec<_> = read.collect();
    let engine = EngineVersion::on("made");
    let what = serde_json::json!([FORM, engine, zones_version(), steps, part.days, read]);
    format!("made-{}", Hash::of(what.to_string().as_bytes()))
}

/// Whether no date that moves subjects is after the run: then another date of the run makes no difference.
fn nothing_after(step: &StagesStep, inputs: &PinnedInputs) -> bool {
    let mut moments = step.stages.iter().flat_map(|stage| stage.enter.iter().chain(&stage.exit));
    moments.all(|moment| {
        let Some(table) = inputs.tables.get(&moment.of) else { return true };
        let column = table.columns.iter().find(|column| column.name == moment.at.as_str());
        column
            .is_some_and(|column| column.is_empty || column.bounds.is_some_and(|(_, last)| last < step.until))
    })
}

/// What dates the rows of a table.
pub(super) fn dated(part: &DerivePlan, table: &EntityId) -> Option<String> {
    part.steps.iter().filter(|step| step.table() == table).find_map(|step| match step {
        Step::Panel(_) => Some(panel::PERIOD.to_owned()),
        Step::Stages(_) => Some(stage::ENTERED_AT.to_owned()),
        Step::Union(_) => Some(UNION_AT.to_owned()),
        Step::Versions(_) => Some(HELD_FROM.to_owned()),
        Step::Keep { .. } => None,
        Step::Gather(of) => of.time.as_ref().map(|time| time.attribute.to_string()),
    })
}

/// The files of which rows were read, each with what it holds; none where a table is in no files.
fn sources(
    part: &DerivePlan,
    inputs: &PinnedInputs,
    read: &PinnedInputs,
) -> Option<BTreeMap<EntityId, Vec<Source>>> {
    let of = |entity: &EntityId| {
        let files = files(inputs, entity)?;
        let Some(table) = read.tables.get(entity) else { return Some((entity.clone(), Vec::new())) };
        let TableData::Memory(memory) = &table.data else { return None };
        Some((entity.clone(), of_files(files, &table.columns, memory)?))
    };
    part.columns.keys().map(of).collect()
}

/// Files with what they hold, of which all rows were read one file after the other.
fn of_files(files: &[PinnedFile], columns: &[PinnedColumn], rows: &MemoryTable) -> Option<Vec<Source>> {
    let mut from = 0;
    let mut all = Vec::new();
    for file in files.iter().filter(has_rows) {
        let number = usize::try_from(file.rows).ok()?;
        all.push(Source { file: file.clone(), content: rows::content(columns, rows, from, number) });
        from += number;
    }
    (from == rows.rows).then_some(all)
}

/// Columns by which rows of a table belong to keys; none: any row of it may be looked up.
pub(super) fn ties_of<'a>(local: &'a Local, entity: &EntityId) -> Option<&'a BTreeSet<String>> {
    let ties: &Reads = &local.ties;
    ties.get(entity).filter(|_| !local.whole.contains(entity))
}

/// Keys to which versions of one row belong.
fn ties(part: &DerivePlan, local: &Local, inputs: &PinnedInputs) -> Vec<BTreeSet<Option<String>>> {
    let mut all: BTreeSet<BTreeSet<Option<String>>> = BTreeSet::new();
    for table in part.tables().collect::<BTreeSet<_>>() {
        let (Some(pinned), Some(subject)) = (inputs.tables.get(table), local.subjects.get(table)) else {
            continue;
        };
        let TableData::Memory(memory) = &pinned.data else { continue };
        let at = |name: &str| pinned.columns.iter().position(|column| column.name == name);
        let (Some(ends), Some(subject)) = (at(system::VALID_TO), at(subject)) else { continue };
        let key: Vec<usize> = pinned.key.iter().filter_map(|key| at(key.as_str())).collect();
        let cells = |row: usize| -> Vec<_> {
            key.iter().filter_map(|at| memory.columns.get(*at)).map(|column| column.cell(row)).collect()
        };
        let has_ended =
            |row: &usize| memory.columns.get(ends).is_some_and(|ends| !ends.cell(*row).is_missing());
        let mut versions: HashMap<_, BTreeSet<Option<String>>> =
            (0..memory.rows).filter(has_ended).map(|row| (cells(row), BTreeSet::new())).collect();
        if versions.is_empty() {
            continue;
        }
        for row in 0..memory.rows {
            if let Some(subjects) = versions.get_mut(&cells(row)) {
                let own = memory.columns.get(subject).and_then(|column| rows::text(column, row));
                subjects.insert(own.map(str::to_owned));
            }
        }
        all.extend(versions.into_values().filter(|subjects| subjects.len() > 1));
    }
    all.into_iter().collect()
}

/// What was made, brought up to what is there.
struct Refresh<'a> {
    kept: &'a Kept<'a>,
    part: &'a DerivePlan,
    local: &'a Local,
    record: &'a Record,
    inputs: &'a PinnedInputs,
    limits: &'a Limits,
}

/// Rows of a table that came and went, and the files of which the others are read.
struct Moved {
    columns: Vec<PinnedColumn>,
    came: MemoryTable,
    went: MemoryTable,
    stays: Vec<PinnedFile>,
}

impl Refresh<'_> {
    /// A record of what is there now; none where all rows have to be read.
    async fn touched(&self) -> Result<Option<(Record, Remade)>, EvaluateError> {
        let mut moved: BTreeMap<&EntityId, Moved> = BTreeMap::new();
        let mut read = BTreeMap::new();
        for (entity, names) in &self.part.columns {
            let Some(found) = self.moved(entity, names).await? else { return Ok(None) };
            let (of, sources) = found;
            read.insert(entity.clone(), sources);
            moved.extend(of.map(|of| (entity, of)));
        }
        let rows = |of: &Moved| (of.came.rows + of.went.rows, of.stays.iter().map(|f| f.rows).sum::<u64>());
        let (all, stay) =
            moved.values().map(rows).fold((0, 0), |sum, of| (sum.0 + of.0 as u64, sum.1 + of.1));
        if all > stay {
            return Ok(None);
        }
        let mut keys = Keys::default();
        for (entity, of) in &moved {
            if of.came.rows + of.went.rows == 0 {
                continue;
            }
            let difference = Difference::of(&of.came, &of.went);
            if difference.is_none() {
                continue;
            }
            let Some(ties) = self.ties(entity) else { return Ok(None) };
            let own = of.columns.iter().enumerate().filter(|(_, column)| ties.contains(&column.name));
            let own: Vec<usize> = own.map(|(at, _)| at).collect();
            [&of.came, &of.went].into_iter().for_each(|rows| difference.keys(rows, &own, &mut keys));
        }
        // Of whom one version of a row is, of them is what is made of all its versions.
        loop {
            let has = |of: &&BTreeSet<Option<String>>| of.iter().any(|key| keys.has(key.as_deref()));
            let tied: Vec<_> = self.record.ties.iter().filter(has).collect();
            let more = tied.into_iter().flatten().filter(|key| !keys.has(key.as_deref())).collect::<Vec<_>>();
            if more.is_empty() {
                break;
            }
            more.into_iter().for_each(|key| {
                keys.add(key.as_deref());
            });
        }
        let keys = Arc::new(keys);
        let (mut then, mut now) = (self.nothing(), self.nothing());
        for (entity, of) in moved {
            let Some(table) = self.inputs.tables.get(entity) else { continue };
            let belonging = self
                .ties(entity)
                .map(|columns| Belonging { columns: columns.clone(), keys: Arc::clone(&keys) });
            let Moved { columns, came, went, stays } = of;
            let stays = PinnedTable { data: TableData::Files(stays), ..table.clone() };
            let kept = self.kept;
            let stay = kept.evaluator.read(&stays, &columns, belonging.as_ref(), self.limits).await?;
            for (world, more) in [(&mut then, went), (&mut now, came)] {
                let own = belonging.as_ref().map(|belonging| more.taken(&belonging.of(&columns, &more)));
                let mut rows = stay.clone();
                rows.extend(&own.unwrap_or(more));
                let data = TableData::Memory(Arc::new(rows));
                world
                    .tables
                    .insert(entity.clone(), PinnedTable { columns: columns.clone(), data, ..table.clone() });
            }
        }
        let tied = ties(self.part, self.local, &now);
        let then = derive::of_rows(self.part, then, Some(Arc::clone(&keys)), self.limits.threads)?;
        let now = derive::of_rows(self.part, now, Some(Arc::clone(&keys)), self.limits.threads)?;
        let fits = |of: &Derived| of.out_of_range.is_empty() && of.unmade.is_empty();
        if !fits(&then) || !fits(&now) {
            return Ok(None);
        }
        let Some(mut record) = self.counted(&then, &now) else { return Ok(None) };
        record.read = read;
        let untouched = |of: &BTreeSet<Option<String>>| !of.iter().any(|key| keys.has(key.as_deref()));
        record.ties.retain(untouched);
        record.ties.extend(tied);
        let (mut slices, mut of) = (0, 0);
        for (id, rows) in &mut record.tables {
            let Some(written) = self.replaced(id, rows, (&then, &now), &keys).await? else { return Ok(None) };
            slices += written;
            of += rows.number();
        }
        let keys = keys.known.len() + usize::from(keys.missing);
        Ok(Some((record, Remade::Some { keys, slices, of })))
    }

    fn nothing(&self) -> PinnedInputs {
        PinnedInputs { snapshot: self.inputs.snapshot, tables: BTreeMap::new() }
    }

    /// Columns by which rows of a table belong to keys; none: any row of it may be looked up.
    fn ties(&self, entity: &EntityId) -> Option<&BTreeSet<String>> {
        ties_of(self.local, entity)
    }

    /// What came and went of a table, and all its files with what they hold; none: it cannot be said. Of a table that nobody landed nothing.
    async fn moved(
        &self,
        entity: &EntityId,
        names: &BTreeSet<String>,
    ) -> Result<Option<(Option<Moved>, Vec<Source>)>, EvaluateError> {
        let (Some(now), Some(then)) = (files(self.inputs, entity), self.record.read.get(entity)) else {
            return Ok(None);
        };
        let Some(table) = self.inputs.tables.get(entity) else { return Ok(Some((None, Vec::new()))) };
        let columns = columns(names, table);
        let known: BTreeMap<&str, &Source> = then.iter().map(|of| (of.file.path.as_str(), of)).collect();
        let is_known = |file: &&PinnedFile| known.get(file.path.as_str()).is_some_and(|of| of.file == **file);
        let came: Vec<PinnedFile> =
            now.iter().filter(has_rows).filter(|file| !is_known(file)).cloned().collect();
        let stays: Vec<PinnedFile> = now.iter().filter(has_rows).filter(is_known).cloned().collect();
        let gone: Vec<&Source> = then.iter().filter(|of| !now.contains(&of.file)).collect();
        let went: Vec<PinnedFile> = gone.iter().map(|of| of.file.clone()).collect();
        let came_rows = self.rows(table, &columns, &came).await?;
        let went_rows = self.rows(table, &columns, &went).await?;
        let Some(new) = of_files(&came, &columns, &came_rows) else { return Ok(None) };
        // A file that is there no more is believed only if it is what was read.
        let Some(old) = of_files(&went, &columns, &went_rows) else { return Ok(None) };
        if !old.iter().eq(gone) {
            return Ok(None);
        }
        let mut new = new.into_iter();
        let sources = now.iter().filter(has_rows).map(|file| match known.get(file.path.as_str()) {
            Some(source) if source.file == *file => Some((*source).clone()),
            _ => new.next(),
        });
        let Some(sources) = sources.collect::<Option<Vec<Source>>>() else { return Ok(None) };
        Ok(Some((Some(Moved { columns, came: came_rows, went: went_rows, stays }), sources)))
    }

    /// All rows of some files of a table.
    async fn rows(
        &self,
        table: &PinnedTable,
        columns: &[PinnedColumn],
        files: &[PinnedFile],
    ) -> Result<MemoryTable, EvaluateError> {
        let table = PinnedTable { data: TableData::Files(files.to_vec()), ..table.clone() };
        self.kept.evaluator.read(&table, columns, None, self.limits).await
    }

    /// The record with the counts of what is there now.
    fn counted(&self, then: &Derived, now: &Derived) -> Option<Record> {
        let mut record = self.record.clone();
        let other = |known: u64, then: u64, now: u64| Some(known.checked_sub(then)? + now);
        for (table, rows) in &mut record.made {
            let of = |made: &Derived| made.made.get(table).copied().unwrap_or_default();
            *rows = other(*rows, of(then), of(now))?;
            let is_panel = |step: &Step| matches!(step, Step::Panel(of) if of.table == *table);
            if *rows > MOST_ROWS as u64 && self.part.steps.iter().any(is_panel) {
                return None;
            }
        }
        for (table, by_stage) in &mut record.strays {
            let of = |made: &Derived| made.strays.get(table).cloned().unwrap_or_default();
            let (then, now) = (of(then), of(now));
            for stage in now.keys() {
                by_stage.entry(stage.clone()).or_default();
            }
            for (stage, count) in by_stage.iter_mut() {
                let of = |strays: &BTreeMap<String, u64>| strays.get(stage).copied().unwrap_or_default();
                *count = other(*count, of(&then), of(&now))?;
            }
            // What counts none is not listed.
            by_stage.retain(|_, count| *count > 0);
        }
        Some(record)
    }

    /// Puts what is made of keys now in the place of what was made of them, in so many slices; none: what is kept is not what was made.
    async fn replaced(
        &self,
        id: &EntityId,
        rows: &mut Rows,
        (then, now): (&Derived, &Derived),
        keys: &Arc<Keys>,
    ) -> Result<Option<usize>, EvaluateError> {
        let Some(subject) = self.local.subjects.get(id) else { return Ok(None) };
        let own = Belonging { columns: [subject.clone()].into(), keys: Arc::clone(keys) };
        let columns = rows.columns();
        let of = |made: &Derived| {
            let table = made.tables.get(id)?;
            let TableData::Memory(memory) = &table.data else { return None };
            let same = table.columns.iter().map(|c| (&c.name, c.physical));
            let same = same.eq(columns.iter().map(|c| (&c.name, c.physical)));
            same.then(|| memory.taken(&own.of(&columns, memory)))
        };
        let (Some(then), Some(now)) = (of(then), of(now)) else { return Ok(None) };
        let (mut before, mut after) = (rows.sliced(&then), rows.sliced(&now));
        let numbers: BTreeSet<Option<i64>> = before.keys().chain(after.keys()).copied().collect();
        let (evaluator, shelf) = (self.kept.evaluator, self.kept.shelf);
        let mut written = 0;
        for number in numbers {
            let then = then.taken(&before.remove(&number).unwrap_or_default());
            let now = now.taken(&after.remove(&number).unwrap_or_default());
            if Difference::of(&then, &now).is_none() {
                continue;
            }
            let files = rows.files(number, shelf);
            let data = TableData::Files(Vec::new());
            let table = PinnedTable { columns: columns.clone(), key: vec![], data, live_until: None };
            let all = self.rows(&table, &columns, &files).await?;
            let gone: BTreeSet<u32> = own.of(&columns, &all).into_iter().collect();
            let stay: Vec<u32> = (0..all.rows as u32).filter(|row| !gone.contains(row)).collect();
            if gone.len() != then.rows {
                return Ok(None);
            }
            let mut all = all.taken(&stay);
            all.extend(&now);
            if rows.put(number, &all, (evaluator, shelf)).is_none() {
                return Ok(None);
            }
            written += 1;
        }
        Ok(Some(written))
    }
}
