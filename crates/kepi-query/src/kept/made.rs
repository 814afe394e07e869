//! Rows that are made of others, kept between runs: of a day's rows only what belongs to the same keys is made anew.
//!
//! What is made together is kept under a name that says how: the steps with all their edges, and the columns that are read. A record says of
//! which files it was made. If they are the same, nothing is read. If some came or went, the rows that came or went say by their keys what else may have
//! changed ([`split::local`]): that is made twice, of the rows as they were and as they are, and where both differ the slices that hold it are written
//! anew. Slices without a difference keep their files, and so what was measured of them stays, too. Where periods begin that were not there ([`Reach`]), their
//! rows are made of all keys, and come to those that are there. Whatever is in doubt is made of all rows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
};

use kepi_model::{
    calendar::zones_version,
    derived::{HELD_FROM, UNION_AT, panel, stage},
    id::{EntityId, Hash},
};

use super::{
    Amount, Kept, Why,
    edges::{Further, Reach},
    portions::InPortions,
    record::{Record, Rows, Source},
    rows::{self, Difference, Gone},
};
use crate::{
    derive::{
        self, DerivePlan, Derived, MOST_ROWS,
        keyed::{self, Places, columns},
        plan::Step,
        size,
        split::{self, Local, Through},
    },
    port::{
        Belonging, By, EngineVersion, EvaluateError, Evaluator, Keys, Limits, MemoryColumn, MemoryTable,
        PinnedColumn, PinnedFile, PinnedInputs, PinnedTable, TableData, system,
    },
};

/// Counted up whenever the same steps over the same rows make other ones.
const FORM: u32 = 2;

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
        /// Rows that were made of them as they are now, and of all keys in periods that were not there before.
        rows: u64,
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
            let (mut there, mut made, mut rest) = (inputs.clone(), Derived::default(), Some(part));
            while let Some(part) = rest.take() {
                let (part, after) = first_of(part, &there, &made);
                made.extend(self.made_together(&part, &there, limits).await?);
                // What is made first stands in for what was landed.
                if after.is_some() {
                    there.tables.extend(made.tables.clone());
                }
                rest = after;
            }
            all.extend(made);
        }
        Ok(all)
    }

    /// What would be read to make what a plan says, and all that is kept of it. Nothing is written or removed.
    pub fn making(&self, plan: &DerivePlan, inputs: &PinnedInputs) -> (Vec<Making>, Derived) {
        let (mut makings, mut derived) = (Vec::new(), Derived::default());
        for part in split::parts(plan) {
            let (mut there, mut made, mut rest) = (inputs.clone(), Derived::default(), Some(part));
            let mut stale = None;
            while let Some(part) = rest.take() {
                let (part, after) = first_of(part, &there, &made);
                rest = after;
                let kept = self.record(&name(&part, &there)).filter(|_| stale.is_none());
                let reach = Reach::of(&part, &there);
                let is_kept = |record: &Record| record.is_of(&part, &there) && record.reach == reach;
                let why = match kept {
                    Some(record) if is_kept(&record) => {
                        made.extend(record.derived(&there, self.shelf));
                        there.tables.extend(made.tables.clone());
                        None
                    }
                    // Of what is made first it is not known how it will stand.
                    kept => {
                        let further = |record: &Record| {
                            let further = reach.further(&record.reach, &part, &there);
                            match further.filter(|_| split::local(&part, &there).is_some()) {
                                None => Why::Anew,
                                Some(further) if !further.since.is_empty() => Why::Periods,
                                Some(_) => Why::Made,
                            }
                        };
                        let why = stale.take().unwrap_or_else(|| kept.as_ref().map_or(Why::First, further));
                        stale = Some(why.clone());
                        Some(why)
                    }
                };
                let of = part.columns.keys();
                let amount = |entity: &EntityId| Amount::of_table(inputs.tables.get(entity));
                let of = of.map(|entity| (entity.clone(), amount(entity))).collect();
                makings.push(Making { tables: part.tables().cloned().collect(), of, why });
            }
            derived.extend(made);
        }
        (makings, derived)
    }

    async fn made_together(
        &self,
        part: &DerivePlan,
        inputs: &PinnedInputs,
        limits: &Limits,
    ) -> Result<Derived, EvaluateError> {
        let (name, reach) = (name(part, inputs), Reach::of(part, inputs));
        let was = |how| self.remade.lock().unwrap_or_else(PoisonError::into_inner).push(how);
        if let Some(record) = self.record(&name) {
            if record.is_of(part, inputs) && record.reach == reach {
                self.uses(&name, &record);
                was(Remade::Nothing);
                return Ok(record.derived(inputs, self.shelf));
            }
            if self.writes
                && let Some(local) = split::local(part, inputs)
            {
                let (local, record) = (&local, &record);
                let refresh = Refresh { kept: self, part, local, record, reach: &reach, inputs, limits };
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
            let portions = InPortions { kept: self, part, local: &local, only: None, inputs, limits };
            let made = portions
                .made()
                .await?
                .map(|(record, of)| (Record { name: name.clone(), reach: reach.clone(), ..record }, of));
            if let Some((record, of)) = made
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
        let derived = derive::of_rows(part, read, None, limits.threads)?;
        if let Some(read) = sources
            && let Some(record) = self.recorded(&name, part, &derived, read)
            && let record = (Record { reach, ..record })
            && self.keeps(&name, &record)
        {
            return Ok(record.derived(inputs, self.shelf));
        }
        Ok(derived)
    }

    /// What is kept under a name, if all of it is what was written.
    fn record(&self, name: &str) -> Option<Record> {
        Record::decode(&self.shelf.read(name)?)
            .filter(|record| record.name == name && record.is_sound(self.shelf))
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
        name: &str,
        part: &DerivePlan,
        derived: &Derived,
        read: BTreeMap<EntityId, Vec<Source>>,
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
        let (strays, made) = (strays.clone(), made.clone());
        Some(Record { name: name.to_owned(), read, tables, strays, made, ..Record::default() })
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

/// What of a plan is made first, with all that is read for it, all columns of what was made before it among that, and what is made after it.
fn first_of(plan: DerivePlan, inputs: &PinnedInputs, before: &Derived) -> (DerivePlan, Option<DerivePlan>) {
    let (first, after) = match split::first_of(&plan, inputs) {
        Some((first, after)) => (first, Some(after)),
        None => (plan, None),
    };
    let first = with_made(first, &before.tables);
    let first = match split::local(&first, inputs) {
        Some(local) => local.reads(first),
        None => first,
    };
    (first, after)
}

/// A plan that reads all columns of tables that were made before it, as far as it reads or adds to them.
fn with_made(mut plan: DerivePlan, before: &BTreeMap<EntityId, PinnedTable>) -> DerivePlan {
    let is_read: BTreeSet<EntityId> = plan.steps.iter().flat_map(split::tables_of).collect();
    for (entity, table) in before.iter().filter(|(entity, _)| is_read.contains(*entity)) {
        let names = table.columns.iter().map(|column| column.name.clone());
        plan.columns.entry(entity.clone()).or_default().extend(names);
    }
    plan
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

/// A name for how rows are made, however far their periods reach.
fn name(part: &DerivePlan, inputs: &PinnedInputs) -> String {
    let DerivePlan { steps, days, .. } = Reach::default().put(part);
    let read = part.columns.iter().map(|(entity, names)| {
        let table = inputs.tables.get(entity);
        let columns = table.map(|table| columns(names, table)).unwrap_or_default();
        let columns: Vec<_> = columns.into_iter().map(|column| (column.name, column.physical)).collect();
        (entity, table.map(|table| &table.key), columns)
    });
    let read: Vec<_> = read.collect();
    let engine = EngineVersion::on("made");
    let what = serde_json::json!([FORM, engine, zones_version(), steps, days, read]);
    format!("made-{}", Hash::of(what.to_string().as_bytes()))
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

/// What was made, brought up to what is there.
struct Refresh<'a> {
    kept: &'a Kept<'a>,
    part: &'a DerivePlan,
    local: &'a Local,
    record: &'a Record,
    /// How far it reaches now.
    reach: &'a Reach,
    inputs: &'a PinnedInputs,
    limits: &'a Limits,
}

/// Which files of a table came, went and stay.
struct Files {
    came: Vec<PinnedFile>,
    went: Vec<Source>,
    stays: Vec<PinnedFile>,
}

/// Rows of a table that came and went, and the files of which the others are read.
struct Moved<'a> {
    table: &'a PinnedTable,
    columns: Vec<PinnedColumn>,
    came: Arc<MemoryTable>,
    went: Arc<MemoryTable>,
    stays: PinnedTable,
}

impl Moved<'_> {
    /// Whether rows have or had other versions.
    fn has_versions(&self) -> bool {
        let at = self.columns.iter().position(|column| column.name == system::VALID_TO);
        let ends = at.and_then(|at| self.went.columns.get(at));
        let ended = |ends: &MemoryColumn| (0..self.went.rows).any(|row| !ends.cell(row).is_missing());
        self.table.has_versions() || ends.is_some_and(ended)
    }

    /// All rows, those that are and those that were: first those that stay.
    fn parts(&self) -> Vec<PinnedTable> {
        let columns = || self.columns.clone();
        let memory = |rows: &Arc<MemoryTable>| PinnedTable {
            columns: columns(),
            data: TableData::Memory(Arc::clone(rows)),
            ..self.stays.of_files(Vec::new())
        };
        vec![self.stays.clone(), memory(&self.came), memory(&self.went)]
    }
}

/// What is said of a row.
enum Says<'a> {
    /// To whom it belongs.
    Key,
    /// Through which row it is found.
    Through(&'a Through),
    /// What identifies it, for those who look it up.
    Row,
}

/// What the rows say that changed.
#[derive(Default)]
struct Asked<'a> {
    keys: Keys,
    through: Vec<(&'a Through, Keys)>,
    rows: BTreeMap<EntityId, Keys>,
}

impl<'a> Asked<'a> {
    /// Where it is put what is said of rows of a table.
    fn of(&mut self, says: &Says<'a>, table: &EntityId) -> &mut Keys {
        match says {
            Says::Key => &mut self.keys,
            Says::Through(through) => {
                let known = self.through.iter().position(|(known, _)| known == through);
                let at = known.unwrap_or_else(|| {
                    self.through.push((through, Keys::default()));
                    self.through.len() - 1
                });
                match self.through.get_mut(at) {
                    Some((_, ids)) => ids,
                    None => &mut self.keys,
                }
            }
            Says::Row => self.rows.entry(table.clone()).or_default(),
        }
    }

    /// Takes in what is said of some rows of a table.
    fn all(
        &mut self,
        (by, says): &(By, Says<'a>),
        table: &EntityId,
        (columns, rows): (&[PinnedColumn], &MemoryTable),
    ) {
        let Some(texts) = by.texts(columns, rows).filter(|_| rows.rows > 0) else { return };
        let ids = self.of(says, table);
        keyed::texts(&texts).into_iter().for_each(|text| _ = ids.add(text));
    }
}

/// All rows of tables, those that are and those that were.
fn all_of<'a>(
    moved: &'a BTreeMap<&EntityId, Moved<'_>>,
) -> impl Fn(&EntityId) -> Vec<PinnedTable> + Sync + 'a {
    |entity| moved.get(entity).map(Moved::parts).unwrap_or_default()
}

/// Whether rows of tables have or had other versions.
fn had_versions<'a>(moved: &'a BTreeMap<&EntityId, Moved<'_>>) -> impl Fn(&EntityId) -> bool + Sync + 'a {
    |entity| moved.get(entity).is_some_and(Moved::has_versions)
}

/// How a plan makes what belongs to some keys, as it was and as it is.
struct Plans {
    then: DerivePlan,
    /// Without the rows of periods that are new.
    now: DerivePlan,
}

impl Refresh<'_> {
    /// A record of what is there now; none where all rows have to be read.
    async fn touched(&self) -> Result<Option<(Record, Remade)>, EvaluateError> {
        let mut files = BTreeMap::new();
        for entity in self.part.columns.keys() {
            let Some(of) = self.files(entity) else { return Ok(None) };
            files.insert(entity, of);
        }
        let rows = |files: &[PinnedFile]| files.iter().map(|file| file.rows).sum::<u64>();
        let other = |of: &Files| rows(&of.came) + of.went.iter().map(|of| of.file.rows).sum::<u64>();
        let (all, stay) = files.values().fold((0, 0), |sum, of| (sum.0 + other(of), sum.1 + rows(&of.stays)));
        let width = |entity: &EntityId| size::width_of_row(self.part, self.inputs, entity);
        let bytes = files.iter().map(|(entity, of)| other(of).saturating_mul(width(entity)));
        // What came and went is in memory, and beside it what is made of the keys that it touches.
        if all > stay || bytes.fold(0, u64::saturating_add) > self.limits.memory_bytes / 2 {
            return Ok(None);
        }
        let mut moved: BTreeMap<&EntityId, Moved<'_>> = BTreeMap::new();
        let mut read = BTreeMap::new();
        for (entity, of) in files {
            let Some((of, sources)) = self.moved(entity, of).await? else { return Ok(None) };
            read.insert(entity.clone(), sources);
            moved.extend(of.map(|of| (entity, of)));
        }
        let Some(further) = self.reach.further(&self.record.reach, self.part, self.inputs) else {
            return Ok(None);
        };
        let Some((keys, looked_up)) = self.keys(&moved, &further).await? else { return Ok(None) };
        let plans =
            Plans { then: self.record.reach.put(self.part), now: self.reach.before(&further).put(self.part) };
        let (mut record, mut rows) = (self.record.clone(), 0);
        (record.read, record.reach) = (read, self.reach.clone());
        let number = keys.known.len() + usize::from(keys.missing);
        if number > 0 {
            let of = self.portions(&moved, &Arc::new(keys.clone()), looked_up).await?;
            let Some(of) = of else { return Ok(None) };
            for number in 0..of {
                let keys = Arc::new(keys.in_portion(number, of));
                let Some(made) = self.remade(&mut record, &moved, &plans, &keys).await? else {
                    return Ok(None);
                };
                rows += made;
            }
        }
        if !further.since.is_empty() {
            let before = record.rows();
            let Some(with_new) = self.of_new_periods(record, &further).await? else { return Ok(None) };
            record = with_new;
            rows += record.rows().saturating_sub(before);
        }
        // What has outgrown its slices gets others.
        if record.tables.values().any(|rows| rows.is_outgrown(self.kept.keeping.slice_rows)) {
            return Ok(None);
        }
        let were: BTreeSet<&str> = self.record.slices().map(|slice| slice.name.as_str()).collect();
        let slices = record.slices().filter(|slice| !were.contains(slice.name.as_str())).count();
        let of = record.slices().count();
        Ok(Some((record, Remade::Some { keys: number, rows, slices, of })))
    }

    /// With the rows of periods that were not there, of all keys; none: all rows have to be made.
    async fn of_new_periods(
        &self,
        record: Record,
        further: &Further,
    ) -> Result<Option<Record>, EvaluateError> {
        let Some((mut part, after)) = split::by_period(self.part) else { return Ok(None) };
        for step in &mut part.steps {
            if let Step::Panel(of) = step {
                // Of a panel without new periods no row is made.
                of.since = further.since.get(&of.table).copied().unwrap_or(of.periods.starts.len());
            }
        }
        let only = further.since.keys().cloned().collect();
        let Some(mut record) = self.added(record, &part, self.inputs, only).await? else { return Ok(None) };
        let Some(after) = after else { return Ok(Some(record)) };
        // What is made of the rows of panels is made of those that are there now, of all keys, and takes the place of what there was.
        let mut there = self.inputs.clone();
        let mut made = record.derived(self.inputs, self.kept.shelf).tables;
        made.retain(|table, _| self.reach.is_panel(table));
        let part = with_made(after.plan, &made);
        there.tables.extend(made);
        let made = self.added(Record::default(), &part, &there, after.tables).await?;
        let Some(made) = made else { return Ok(None) };
        record.tables.extend(made.tables);
        record.strays.extend(made.strays);
        record.made.extend(made.made);
        Ok(Some(record))
    }

    /// A record with what else is made of tables, of all keys; none where it cannot be made apart.
    async fn added(
        &self,
        record: Record,
        part: &DerivePlan,
        inputs: &PinnedInputs,
        only: BTreeSet<EntityId>,
    ) -> Result<Option<Record>, EvaluateError> {
        let Some(local) = split::local(part, inputs) else { return Ok(None) };
        let part = local.reads(part.clone());
        let (kept, limits) = (self.kept, self.limits);
        InPortions { kept, part: &part, local: &local, only: Some(only), inputs, limits }.added(record).await
    }

    /// The keys of which anything that is made may be other than it was, and whether rows that are looked up were among those that changed; none: any.
    async fn keys(
        &self,
        moved: &BTreeMap<&EntityId, Moved<'_>>,
        further: &Further,
    ) -> Result<Option<(Keys, bool)>, EvaluateError> {
        let (tables, has_versions) = (all_of(moved), had_versions(moved));
        let places = self.places(&tables, &has_versions);
        let mut asked = Asked::default();
        for (entity, of) in moved {
            let difference = Difference::of(&of.came, &of.went);
            if difference.is_none() {
                continue;
            }
            // What leads to nothing belongs to those without a key.
            let is_of = |of: &Through| of.or_nobody && (of.table == **entity || of.of == **entity);
            asked.keys.missing |= self.local.through.iter().any(is_of);
            let Some(says) = self.says(entity, moved) else { return Ok(None) };
            for rows in [&of.came, &of.went] {
                let rows = difference.rows(rows);
                says.iter().for_each(|says| asked.all(says, entity, (&of.columns, &rows)));
            }
        }
        for (entity, at, from, until) in &further.passed {
            let Some(of) = moved.get(entity) else { continue };
            let Some(says) = self.says(entity, moved) else { return Ok(None) };
            let read = says.iter().flat_map(|(by, _)| by.columns()).chain([at.to_string()]);
            let read = columns(&read.collect(), of.table);
            let place = read.iter().position(|column| column.name == at.as_str());
            let mut see = |piece: &MemoryTable| {
                let dated = place.and_then(|at| piece.columns.get(at));
                let Some(MemoryColumn::Instant(dated)) = dated else { return };
                let is_passed = |row: &u32| {
                    let at = dated.get(*row as usize).copied().flatten();
                    at.is_some_and(|at| (*from..*until).contains(&at))
                };
                let passed = piece.taken(&(0..piece.rows as u32).filter(is_passed).collect::<Vec<_>>());
                says.iter().for_each(|says| asked.all(says, entity, (&read, &passed)));
            };
            // Also of those that came and went as they were: their file was written anew for the sake of others.
            for part in of.parts() {
                self.kept.evaluator.pieces(&part, &read, None, self.limits, &mut see).await?;
            }
        }
        // Whoever looks up a row that changed, and whoever looks up that one.
        let mut followed: BTreeMap<EntityId, Keys> = BTreeMap::new();
        while let Some((entity, mut ids)) = asked.rows.pop_first() {
            let known = &mut followed.entry(entity.clone()).or_default().known;
            ids.known.retain(|id| known.insert(id.clone()));
            // A row that refers to none looks up none.
            let ids = Arc::new(Keys { missing: false, ..ids });
            for lookup in
                self.local.lookups.iter().filter(|lookup| lookup.of == entity && !ids.known.is_empty())
            {
                let Some(of) = moved.get(&lookup.table) else { continue };
                let Some(says) = self.says(&lookup.table, moved) else { return Ok(None) };
                let belonging = Belonging::by([&By::Column(lookup.column.clone())], &ids);
                for (by, says) in says {
                    let found = asked.of(&says, &lookup.table);
                    for part in of.parts() {
                        keyed::each(&part, &by, Some(&belonging), places, |text| _ = found.add(text)).await?;
                    }
                }
            }
        }
        let Asked { mut keys, through, .. } = asked;
        for (through, ids) in through {
            keyed::owners(through, &Arc::new(ids), places, &mut keys).await?;
        }
        Ok(Some((keys, !followed.is_empty())))
    }

    /// What says to whom rows of a table belong that changed, and by whom they are looked up; none: that cannot be said.
    fn says<'b>(
        &'b self,
        entity: &EntityId,
        moved: &BTreeMap<&EntityId, Moved<'_>>,
    ) -> Option<Vec<(By, Says<'b>)>> {
        let Local { ties, whole, lookups, blind, .. } = self.local;
        if blind.contains(entity) {
            return None;
        }
        let own = ties.get(entity).into_iter().flatten().map(|tie| (tie.clone(), Says::Key));
        let mut all: Vec<(By, Says<'b>)> = own.collect();
        let through = |of: &'b Through| (of.by.clone(), Says::Through(of));
        if whole.contains(entity) {
            all.extend(self.local.through.iter().filter(|of| of.table == *entity).map(through));
            let key = lookups.iter().find(|lookup| lookup.of == *entity)?.key.clone();
            all.push((By::Column(key), Says::Row));
        } else {
            ties.get(entity)?;
            all.extend(self.through(moved).filter(|of| of.table == *entity).map(through));
        }
        Some(all)
    }

    /// How rows are found through others, as far as they are not found without.
    fn through<'b>(&'b self, moved: &BTreeMap<&EntityId, Moved<'_>>) -> impl Iterator<Item = &'b Through> {
        self.local.through.iter().filter(|through| {
            let has_versions = moved.get(&through.of).is_some_and(Moved::has_versions);
            self.local.is_needed(through, has_versions)
        })
    }

    fn places<'b>(
        &'b self,
        tables: &'b (dyn Fn(&EntityId) -> Vec<PinnedTable> + Sync),
        has_versions: &'b (dyn Fn(&EntityId) -> bool + Sync),
    ) -> Places<'b> {
        Places { tables, has_versions, reader: self.kept.evaluator, limits: self.limits }
    }

    fn reading(&self) -> (&dyn Evaluator, &Limits) {
        (self.kept.evaluator, self.limits)
    }

    /// In how many portions of these keys what belongs to them fits into memory twice, as it was and as it is; none: most rows belong to them, which are
    /// made once with all others.
    async fn portions(
        &self,
        moved: &BTreeMap<&EntityId, Moved<'_>>,
        keys: &Arc<Keys>,
        looked_up: bool,
    ) -> Result<Option<u64>, EvaluateError> {
        let all = size::estimate(self.part, self.inputs).saturating_mul(2);
        let most = self.limits.memory_bytes / 2;
        if all <= most && !looked_up {
            return Ok(Some(1));
        }
        let (mut own, mut rows) = (0_u64, 0_u64);
        for (entity, of) in moved {
            let TableData::Files(files) = &of.stays.data else { continue };
            let Some(ties) = self.local.ties(entity) else { continue };
            rows += files.iter().map(|file| file.rows).sum::<u64>();
            let belonging = Belonging::by(ties, keys);
            let columns = columns(&ties.iter().flat_map(By::columns).collect(), &of.stays);
            let (reader, limits) = self.reading();
            let mut count = |piece: &MemoryTable| own += piece.rows as u64;
            reader.pieces(&of.stays, &columns, Some(&belonging), limits, &mut count).await?;
        }
        if looked_up && own > rows / 2 {
            return Ok(None);
        }
        let own = u128::from(all) * u128::from(own) / u128::from(rows.max(1));
        let of = own.div_ceil(u128::from(most.max(1)));
        Ok(Some(u64::try_from(of).unwrap_or(u64::MAX).clamp(1, size::MOST_PORTIONS)))
    }

    /// Makes what belongs to some keys, as it was and as it is, and puts the one in the place of the other; says how many rows it now is. None: all rows
    /// have to be read.
    async fn remade(
        &self,
        record: &mut Record,
        moved: &BTreeMap<&EntityId, Moved<'_>>,
        plans: &Plans,
        keys: &Arc<Keys>,
    ) -> Result<Option<u64>, EvaluateError> {
        let (tables, has_versions) = (all_of(moved), had_versions(moved));
        let places = self.places(&tables, &has_versions);
        let (chosen, _) = keyed::chosen((self.part, self.local, self.inputs), keys, places).await?;
        let (mut then, mut now) = (self.nothing(), self.nothing());
        for (entity, of) in moved {
            let belonging = chosen.get(entity).and_then(Option::as_ref);
            let Moved { table, columns, came, went, stays } = of;
            let (reader, limits) = self.reading();
            let stay = reader.read(stays, columns, belonging, limits).await?;
            for (world, more) in [(&mut then, went), (&mut now, came)] {
                let mut rows = stay.clone();
                match belonging {
                    Some(belonging) => rows.extend(&more.taken(&belonging.of(columns, more))),
                    None => rows.extend(more),
                }
                let data = TableData::Memory(Arc::new(rows));
                let table = PinnedTable { columns: columns.clone(), data, ..(*table).clone() };
                world.tables.insert((*entity).clone(), table);
            }
        }
        let asked = [&then, &now].map(|world| self.local.asked(world));
        let then = derive::of_rows(&plans.then, then, Some(Arc::clone(keys)), self.limits.threads)?;
        let now = derive::of_rows(&plans.now, now, Some(Arc::clone(keys)), self.limits.threads)?;
        let fits = |of: &Derived| of.out_of_range.is_empty() && of.unmade.is_empty();
        if !fits(&then) || !fits(&now) || self.counted(record, &then, &now).is_none() {
            return Ok(None);
        }
        let mut made = 0;
        for (id, rows) in &mut record.tables {
            let Some(of) = self.replaced(id, rows, ([&then, &now], &asked), keys).await? else {
                return Ok(None);
            };
            made += of;
        }
        Ok(Some(made))
    }

    fn nothing(&self) -> PinnedInputs {
        PinnedInputs { snapshot: self.inputs.snapshot, tables: BTreeMap::new() }
    }

    /// Which files of a table came and went; none: it cannot be said.
    fn files(&self, entity: &EntityId) -> Option<Files> {
        let (now, then) = (files(self.inputs, entity)?, self.record.read.get(entity)?);
        let is_known = |file: &PinnedFile| then.iter().any(|of| of.file == *file);
        let (stays, came) = now.iter().filter(has_rows).cloned().partition(is_known);
        let went = then.iter().filter(|of| !now.contains(&of.file)).cloned().collect();
        Some(Files { came, went, stays })
    }

    /// What came and went of a table, and all its files with what they hold; none: it cannot be said. Of a table that nobody landed nothing.
    async fn moved(
        &self,
        entity: &EntityId,
        of: Files,
    ) -> Result<Option<(Option<Moved<'_>>, Vec<Source>)>, EvaluateError> {
        let (Some(now), Some(then)) = (files(self.inputs, entity), self.record.read.get(entity)) else {
            return Ok(None);
        };
        let Some(table) = self.inputs.tables.get(entity) else { return Ok(Some((None, Vec::new()))) };
        let names = self.part.columns.get(entity).map(|names| columns(names, table));
        let columns = names.unwrap_or_default();
        let Files { came, went: gone, stays } = of;
        let known: BTreeMap<&str, &Source> = then.iter().map(|of| (of.file.path.as_str(), of)).collect();
        let went: Vec<PinnedFile> = gone.iter().map(|of| of.file.clone()).collect();
        let came_rows = self.rows(table, &columns, &came).await?;
        let went_rows = self.rows(table, &columns, &went).await?;
        let Some(new) = of_files(&came, &columns, &came_rows) else { return Ok(None) };
        // A file that is there no more is believed only if it is what was read.
        let Some(old) = of_files(&went, &columns, &went_rows) else { return Ok(None) };
        if old != gone {
            return Ok(None);
        }
        let mut new = new.into_iter();
        let sources = now.iter().filter(has_rows).map(|file| match known.get(file.path.as_str()) {
            Some(source) if source.file == *file => Some((*source).clone()),
            _ => new.next(),
        });
        let Some(sources) = sources.collect::<Option<Vec<Source>>>() else { return Ok(None) };
        let stays = table.of_files(stays);
        let (came, went) = (Arc::new(came_rows), Arc::new(went_rows));
        let moved = Moved { table, columns, came, went, stays };
        let finds_versions =
            |entity: &EntityId| self.local.through.iter().any(|of| of.is_of_versions() && of.of == *entity);
        // Of a table whose versions cannot be found some may have gone.
        if self.local.subjects.contains_key(entity) && moved.has_versions() && !finds_versions(entity) {
            return Ok(None);
        }
        Ok(Some((Some(moved), sources)))
    }

    /// All rows of some files of a table.
    async fn rows(
        &self,
        table: &PinnedTable,
        columns: &[PinnedColumn],
        files: &[PinnedFile],
    ) -> Result<MemoryTable, EvaluateError> {
        self.kept.evaluator.read(&table.of_files(files.to_vec()), columns, None, self.limits).await
    }

    /// Brings the counts of a record up to what is there now; none: they do not fit.
    fn counted(&self, record: &mut Record, then: &Derived, now: &Derived) -> Option<()> {
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
        Some(())
    }

    /// Puts what is made of keys now in the place of what was made of them, and says how many rows it is; none: what is kept is not what was made.
    async fn replaced(
        &self,
        id: &EntityId,
        rows: &mut Rows,
        ([then, now], [asked_then, asked_now]): ([&Derived; 2], &[PinnedInputs; 2]),
        keys: &Arc<Keys>,
    ) -> Result<Option<u64>, EvaluateError> {
        let columns = rows.columns();
        let of = |made: &Derived, asked: &PinnedInputs| {
            let table = made.tables.get(id)?;
            let TableData::Memory(memory) = &table.data else { return None };
            let same = table.columns.iter().map(|c| (&c.name, c.physical));
            let same = same.eq(columns.iter().map(|c| (&c.name, c.physical)));
            let own = self.local.own(&made.tables, asked, id, keys)?;
            same.then(|| memory.taken(&own))
        };
        let (Some(then), Some(now)) = (of(then, asked_then), of(now, asked_now)) else { return Ok(None) };
        let made = now.rows as u64;
        let (mut before, mut after) = (rows.sliced(&then), rows.sliced(&now));
        let numbers: BTreeSet<Option<i64>> = before.keys().chain(after.keys()).copied().collect();
        let (evaluator, shelf) = (self.kept.evaluator, self.kept.shelf);
        for number in numbers {
            let then = then.taken(&before.remove(&number).unwrap_or_default());
            let now = now.taken(&after.remove(&number).unwrap_or_default());
            if Difference::of(&then, &now).is_none() {
                continue;
            }
            let mut now = Some(now).filter(|now| now.rows > 0);
            let mut gone = Gone::of(&then);
            let together = rows.together(number, self.limits.memory_bytes / 2);
            let last = together.len().saturating_sub(1);
            for (at, places) in together.iter().enumerate() {
                let (files, bytes) = rows.placed(places, shelf);
                if bytes > self.limits.memory_bytes && places.len() == 1 {
                    return Ok(None);
                }
                let all = evaluator.read(&files, &columns, None, self.limits).await?;
                let stay = gone.stay(&all);
                // What is made now takes the place of the first that went, or comes to the last.
                if stay.len() == all.rows && (at < last || now.is_none()) {
                    continue;
                }
                let mut all = all.taken(&stay);
                if let Some(now) = now.take() {
                    all.extend(&now);
                }
                if rows.put(number, places, &all, (evaluator, shelf)).is_none() {
                    return Ok(None);
                }
            }
            // What is kept is what was made, or it is not believed.
            if !gone.is_done() {
                return Ok(None);
            }
            rows.tidy();
        }
        Ok(Some(made))
    }
}
