//! What is made of more rows than fit into memory, or by others than the one who runs: in portions of the keys to which rows belong. Of each portion the
//! rows are read, what is made of them is put into the slices on the shelf, and it is forgotten before the next one is read. A portion rests on nothing
//! but the landed files and a [`PortionsTask`], so any process that reads those can make it.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use kepi_model::{
    expression::Physical,
    id::{EntityId, Hash},
};
use serde::{Deserialize, Serialize};

use super::{
    Kept,
    made::{columns, dated, files, has_rows, ties_of},
    record::{Record, Rows, Source},
    rows,
};
use crate::{
    derive::{self, DerivePlan, Derived, MOST_ROWS, Reads, plan::Step, split::Local},
    port::{
        Belonging, EvaluateError, Evaluator, Fut, Keys, Limits, MemoryColumn, MemoryTable, PinnedColumn,
        PinnedFile, PinnedInputs, PinnedTable, TableData, system,
    },
};

/// More portions read the files too often.
const MOST_PORTIONS: u64 = 256;

/// More files of one stretch of time are written as one.
const MOST_FILES: usize = 16;

/// All that portions are made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PortionsTask {
    part: DerivePlan,
    /// The tables that are read.
    inputs: PinnedInputs,
    /// The columns by which rows belong to keys; of other tables all rows are read.
    ties: Reads,
    /// Of what is made the column that says to whom a row belongs.
    subjects: BTreeMap<EntityId, String>,
    of: u64,
}

/// What came of a part of the work: of a portion what was made, of a file what it holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum MadePortion {
    /// It has to be made of all rows at once.
    Apart,
    /// What a file holds.
    Content(Hash),
    /// Rows that belong to it.
    Rows {
        /// By table.
        tables: BTreeMap<EntityId, PinnedTable>,
        /// As in [`Derived`].
        strays: BTreeMap<EntityId, BTreeMap<String, u64>>,
        /// How many rows tables had before only some of them were kept.
        made: BTreeMap<EntityId, u64>,
        /// Bytes of all that was read and made.
        bytes: u64,
    },
}

/// Makes portions in other processes.
pub trait MakesPortions: Send + Sync {
    /// How many portions are made at a time.
    fn at_a_time(&self) -> u64;
    /// What comes of some parts of the work, in their order: of portions, whose numbers are below how many there are, and of files behind them.
    fn done<'a>(
        &'a self,
        task: &'a PortionsTask,
        numbers: Range<u64>,
    ) -> Fut<'a, Result<Vec<MadePortion>, EvaluateError>>;
}

impl PortionsTask {
    /// Paths of the files that are read, to be told where they lie for who makes portions.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut String> {
        let files = self.inputs.tables.values_mut().filter_map(|table| match &mut table.data {
            TableData::Files(files) => Some(files),
            TableData::Memory(_) => None,
        });
        files.flatten().map(|file| &mut file.path)
    }

    /// The columns that are read of a table.
    fn columns(&self, entity: &EntityId, table: &PinnedTable) -> Vec<PinnedColumn> {
        self.part.columns.get(entity).map(|names| columns(names, table)).unwrap_or_default()
    }

    /// The files with rows, each with its table, in order.
    fn files(&self) -> impl Iterator<Item = (&EntityId, &PinnedTable, &PinnedFile)> {
        self.inputs.tables.iter().flat_map(|(entity, table)| {
            let files = match &table.data {
                TableData::Files(files) => files.as_slice(),
                TableData::Memory(_) => &[],
            };
            files.iter().filter(has_rows).map(move |file| (entity, table, file))
        })
    }

    /// Does a part of the work.
    ///
    /// # Errors
    /// A table could not be read.
    pub async fn done(
        &self,
        number: u64,
        reader: &dyn Evaluator,
        limits: &Limits,
    ) -> Result<MadePortion, EvaluateError> {
        match number.checked_sub(self.of) {
            Some(file) => self.content(file, reader, limits).await,
            None => self.made(number, reader, limits).await,
        }
    }

    /// What a file holds.
    async fn content(
        &self,
        file: u64,
        reader: &dyn Evaluator,
        limits: &Limits,
    ) -> Result<MadePortion, EvaluateError> {
        let file = usize::try_from(file).ok().and_then(|file| self.files().nth(file));
        let Some((entity, table, file)) = file else { return Ok(MadePortion::Apart) };
        let of_file = PinnedTable { data: TableData::Files(vec![file.clone()]), ..table.clone() };
        let columns = self.columns(entity, table);
        let memory = reader.read(&of_file, &columns, None, limits).await?;
        if memory.rows as u64 != file.rows {
            return Ok(MadePortion::Apart);
        }
        Ok(MadePortion::Content(rows::content(&columns, &memory, 0, memory.rows)))
    }

    /// Makes a portion.
    async fn made(
        &self,
        number: u64,
        reader: &dyn Evaluator,
        limits: &Limits,
    ) -> Result<MadePortion, EvaluateError> {
        let keys = Arc::new(Keys::portion(number, self.of));
        let mut world = PinnedInputs { snapshot: self.inputs.snapshot, tables: BTreeMap::new() };
        let mut size = 0_u64;
        for (entity, table) in &self.inputs.tables {
            let columns = self.columns(entity, table);
            let belonging = self.ties.get(entity);
            let belonging =
                belonging.map(|columns| Belonging { columns: columns.clone(), keys: Arc::clone(&keys) });
            let memory = reader.read(table, &columns, belonging.as_ref(), limits).await?;
            size = size.saturating_add(bytes(&memory));
            let data = TableData::Memory(Arc::new(memory));
            world.tables.insert(entity.clone(), PinnedTable { columns, data, ..table.clone() });
        }
        let derived = derive::of_rows(&self.part, world, Some(Arc::clone(&keys)), limits.threads)?;
        let Derived { tables, out_of_range, unmade, strays, made } = derived;
        if !out_of_range.is_empty() || !unmade.is_empty() {
            return Ok(MadePortion::Apart);
        }
        let mut own = BTreeMap::new();
        for (id, table) in tables {
            let (Some(subject), TableData::Memory(memory)) = (self.subjects.get(&id), &table.data) else {
                return Ok(MadePortion::Apart);
            };
            size = size.saturating_add(bytes(memory));
            let belonging = Belonging { columns: [subject.clone()].into(), keys: Arc::clone(&keys) };
            let memory = memory.taken(&belonging.of(&table.columns, memory));
            own.insert(id, PinnedTable { data: TableData::Memory(Arc::new(memory)), ..table });
        }
        Ok(MadePortion::Rows { tables: own, strays, made, bytes: size })
    }
}

/// What is made in portions.
pub(super) struct InPortions<'a> {
    pub kept: &'a Kept<'a>,
    pub part: &'a DerivePlan,
    pub local: &'a Local,
    pub inputs: &'a PinnedInputs,
    pub limits: &'a Limits,
}

impl InPortions<'_> {
    /// A record of what was made, and in how many portions; none where all of it fits into memory, or cannot be made apart.
    ///
    /// # Errors
    /// A table could not be read.
    pub async fn made(&self) -> Result<Option<(Record, u64)>, EvaluateError> {
        // Of what others make as much is here at a time as fits.
        let at_a_time = self.kept.elsewhere.map_or(1, MakesPortions::at_a_time);
        let fit = self.estimate().div_ceil(self.limits.memory_bytes.max(1)).max(1);
        let mut of = fit.saturating_mul(at_a_time).min(MOST_PORTIONS);
        if (of <= 1 && self.kept.elsewhere.is_none()) || self.has_versions() {
            return Ok(None);
        }
        // What is never asked for again needs not to say of which files it is.
        let read = if self.kept.passing { Some(BTreeMap::new()) } else { self.sources().await? };
        let Some(read) = read else { return Ok(None) };
        loop {
            match self.made_in(of).await? {
                Made::All(record) => return Ok(Some((Record { read, ..*record }, of))),
                Made::TooLarge => of = (of * 2).min(MOST_PORTIONS),
                Made::Apart => return Ok(None),
            }
        }
    }

    /// Bytes that all rows would take which are read and made, at most.
    fn estimate(&self) -> u64 {
        let rows = |entity: &EntityId| -> u64 {
            let files = files(self.inputs, entity).unwrap_or_default();
            files.iter().map(|file| file.rows).sum()
        };
        let read = self.part.columns.iter().map(|(entity, names)| {
            let columns =
                self.inputs.tables.get(entity).map(|table| columns(names, table)).unwrap_or_default();
            let width = columns.iter().map(|column| width(column.physical)).sum::<u64>();
            rows(entity).saturating_mul(width)
        });
        let made = self.part.steps.iter().map(|step| {
            let Step::Panel(panel) = step else { return 0 };
            let gathered = |step: &&Step| matches!(step, Step::Gather(of) if of.table == panel.table);
            let columns = 8 + self.part.steps.iter().filter(gathered).count() as u64;
            let most = rows(&panel.of).saturating_mul(panel.periods.edges.len() as u64).min(MOST_ROWS as u64);
            most.saturating_mul(columns).saturating_mul(width(Physical::Integer))
        });
        read.chain(made).fold(0, u64::saturating_add)
    }

    /// Whether rows that something is added to have had other versions, which may belong to others.
    fn has_versions(&self) -> bool {
        self.part.tables().filter_map(|table| self.inputs.tables.get(table)).any(|table| {
            table.columns.iter().any(|column| column.name == system::VALID_TO && !column.is_empty)
        })
    }

    /// The files of which rows are read, each with what it holds, one after the other; none where a table is in no files.
    async fn sources(&self) -> Result<Option<BTreeMap<EntityId, Vec<Source>>>, EvaluateError> {
        if self.part.columns.keys().any(|entity| files(self.inputs, entity).is_none()) {
            return Ok(None);
        }
        let task = self.task(1);
        let mut contents = Vec::new();
        let numbers = 1..1 + task.files().count() as u64;
        match self.kept.elsewhere {
            Some(elsewhere) => contents = elsewhere.done(&task, numbers).await?,
            None => {
                for number in numbers {
                    contents.push(task.done(number, self.kept.evaluator, self.limits).await?);
                }
            }
        }
        let mut contents = contents.into_iter();
        let mut all = BTreeMap::new();
        for entity in self.part.columns.keys() {
            let mut sources = Vec::new();
            for file in files(self.inputs, entity).unwrap_or_default().iter().filter(has_rows) {
                let Some(MadePortion::Content(content)) = contents.next() else { return Ok(None) };
                sources.push(Source { file: file.clone(), content });
            }
            all.insert(entity.clone(), sources);
        }
        Ok(Some(all))
    }

    /// All that portions are made of.
    fn task(&self, of: u64) -> PortionsTask {
        let tables = self
            .part
            .columns
            .keys()
            .filter_map(|entity| Some((entity.clone(), self.inputs.tables.get(entity)?.clone())));
        let ties = self
            .part
            .columns
            .keys()
            .filter_map(|entity| Some((entity.clone(), ties_of(self.local, entity)?.clone())));
        PortionsTask {
            part: self.part.clone(),
            inputs: PinnedInputs { snapshot: self.inputs.snapshot, tables: tables.collect() },
            ties: ties.collect(),
            subjects: self.local.subjects.clone(),
            of,
        }
    }

    async fn made_in(&self, of: u64) -> Result<Made, EvaluateError> {
        let (mut record, task) = (Record::default(), self.task(of));
        // Of tables that have no rows so far what they would look like.
        let mut empty: BTreeMap<EntityId, PinnedTable> = BTreeMap::new();
        let at_a_time = self.kept.elsewhere.map_or(1, MakesPortions::at_a_time).max(1);
        let mut next = 0;
        while next < of {
            let numbers = next..(next + at_a_time).min(of);
            next = numbers.end;
            let portions = match self.kept.elsewhere {
                Some(elsewhere) => elsewhere.done(&task, numbers).await?,
                None => vec![task.done(numbers.start, self.kept.evaluator, self.limits).await?],
            };
            let mut size = 0_u64;
            for portion in portions {
                let MadePortion::Rows { tables, strays, made, bytes } = portion else {
                    return Ok(Made::Apart);
                };
                size = size.saturating_add(bytes);
                if size > self.limits.memory_bytes && of < MOST_PORTIONS {
                    return Ok(Made::TooLarge);
                }
                for (table, rows) in made {
                    let all = record.made.entry(table.clone()).or_default();
                    *all += rows;
                    let is_panel = |step: &Step| matches!(step, Step::Panel(of) if of.table == table);
                    if *all > MOST_ROWS as u64 && self.part.steps.iter().any(is_panel) {
                        return Ok(Made::Apart);
                    }
                }
                for (table, by_stage) in strays {
                    let all = record.strays.entry(table).or_default();
                    by_stage.into_iter().for_each(|(stage, count)| *all.entry(stage).or_default() += count);
                }
                for (id, table) in tables {
                    let TableData::Memory(memory) = &table.data else { return Ok(Made::Apart) };
                    let memory = memory.as_ref().clone();
                    if self.put(&mut record, id.clone(), &table, memory, of).await?.is_none() {
                        return Ok(Made::Apart);
                    }
                    if !record.tables.contains_key(&id) {
                        let data = TableData::Memory(Arc::new(MemoryTable::default()));
                        empty.insert(id, PinnedTable { data, ..table });
                    }
                }
            }
        }
        empty.retain(|id, _| !record.tables.contains_key(id));
        for (id, table) in empty {
            let columns = table.columns.iter().map(|column| MemoryColumn::empty(column.physical)).collect();
            let data = TableData::Memory(Arc::new(MemoryTable { rows: 0, columns }));
            let store = (self.kept.evaluator, self.kept.shelf);
            let table = PinnedTable { data, ..table };
            let Some(rows) = Rows::of(&table, dated(self.part, &id), u64::MAX, store) else {
                return Ok(Made::Apart);
            };
            record.tables.insert(id, rows);
        }
        Ok(Made::All(Box::new(record)))
    }

    /// Adds the rows of a portion to those that are on the shelf; none where they cannot be kept.
    async fn put(
        &self,
        record: &mut Record,
        id: EntityId,
        table: &PinnedTable,
        memory: MemoryTable,
        of: u64,
    ) -> Result<Option<()>, EvaluateError> {
        if memory.rows == 0 {
            return Ok(Some(()));
        }
        let store = (self.kept.evaluator, self.kept.shelf);
        let Some(rows) = record.tables.get_mut(&id) else {
            // As many slices as if all rows were there.
            let slice_rows = (self.kept.keeping.slice_rows / of).max(1);
            let table = PinnedTable { data: TableData::Memory(Arc::new(memory)), ..table.clone() };
            let rows = Rows::of(&table, dated(self.part, &id), slice_rows, store);
            return Ok(rows.map(|rows| drop(record.tables.insert(id, rows))));
        };
        let columns = rows.columns();
        let same = table.columns.iter().map(|c| (&c.name, c.physical));
        if !same.eq(columns.iter().map(|c| (&c.name, c.physical))) {
            return Ok(None);
        }
        for (number, own) in rows.sliced(&memory) {
            let own = memory.taken(&own);
            let files = rows.files(number, self.kept.shelf);
            let put = if files.len() < MOST_FILES {
                rows.add(number, &own, store)
            } else {
                let slice = PinnedTable {
                    columns: columns.clone(),
                    key: vec![],
                    data: TableData::Files(files),
                    live_until: None,
                };
                let mut all = self.kept.evaluator.read(&slice, &columns, None, self.limits).await?;
                all.extend(&own);
                rows.put(number, &all, store)
            };
            if put.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }
}

/// What became of making something in so many portions.
enum Made {
    All(Box<Record>),
    /// A portion took more than the memory.
    TooLarge,
    /// It has to be made of all rows at once.
    Apart,
}

/// Bytes of a value in memory, at most; texts are numbers of the different ones.
fn width(physical: Physical) -> u64 {
    match physical {
        Physical::Text => 12,
        Physical::Integer | Physical::Instant => 16,
        Physical::Boolean => 1,
    }
}

/// Bytes of a table in memory.
fn bytes(table: &MemoryTable) -> u64 {
    let of = |column: &MemoryColumn| match column {
        MemoryColumn::Text(values) => 4 * table.rows as u64 + 48 * values.members().len() as u64,
        MemoryColumn::Integer(_) | MemoryColumn::Instant(_) => 16 * table.rows as u64,
        MemoryColumn::Boolean(_) => table.rows as u64,
    };
    table.columns.iter().map(of).sum()
}
