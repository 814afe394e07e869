//! What is made of more rows than fit into memory, or by others than the one who runs: in portions of the keys to which rows belong. Of each portion the
//! rows are read, what is made of them is put into the slices on the shelf, and it is forgotten before the next one is read. A portion rests on nothing
//! but the landed files and a [`PortionsTask`], so any process that reads those can make it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use kepi_model::id::{EntityId, Hash};
use serde::{Deserialize, Serialize};

use super::{
    Kept,
    made::{dated, files, has_rows},
    record::{Record, Rows, Source},
    rows::Content,
};
use crate::{
    derive::{
        self, DerivePlan, Derived, MOST_ROWS,
        keyed::{columns, rows_of},
        plan::Step,
        size::{MOST_PORTIONS, beside, bytes, estimate},
        split::Local,
    },
    port::{
        EvaluateError, Evaluator, Fut, Keys, Limits, MemoryColumn, MemoryTable, PinnedColumn, PinnedFile,
        PinnedInputs, PinnedTable, TableData,
    },
};

/// More files of one stretch of time are written as one.
const MOST_FILES: usize = 16;

/// All that portions are made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PortionsTask {
    part: DerivePlan,
    /// The tables that are read.
    inputs: PinnedInputs,
    local: Local,
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
        files.flatten().flat_map(PinnedFile::paths)
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
        let of_file = table.of_files(vec![file.clone()]);
        let columns = self.columns(entity, table);
        let mut content = Content::of(&columns);
        let mut add = |piece: &MemoryTable| content.add(piece, 0, piece.rows);
        reader.pieces(&of_file, &columns, None, limits, &mut add).await?;
        if content.rows as u64 != file.rows {
            return Ok(MadePortion::Apart);
        }
        Ok(MadePortion::Content(content.hash(&columns)))
    }

    /// Makes a portion.
    async fn made(
        &self,
        number: u64,
        reader: &dyn Evaluator,
        limits: &Limits,
    ) -> Result<MadePortion, EvaluateError> {
        let keys = Arc::new(Keys::portion(number, self.of));
        let of_these = (&self.part, &self.local, &self.inputs);
        let (world, mut size) = rows_of(of_these, &keys, (reader, limits)).await?;
        size = size.saturating_add(beside(&self.part, &world));
        if size > limits.memory_bytes && self.of < MOST_PORTIONS {
            // It is told before anything is made of it.
            let (tables, strays, made) = Default::default();
            return Ok(MadePortion::Rows { tables, strays, made, bytes: u64::MAX });
        }
        let asked = self.local.asked(&world);
        let derived = derive::of_rows(&self.part, world, Some(Arc::clone(&keys)), limits.threads)?;
        let Derived { tables, out_of_range, unmade, strays, made } = derived;
        if !out_of_range.is_empty() || !unmade.is_empty() {
            return Ok(MadePortion::Apart);
        }
        let own = tables.keys().map(|id| self.local.own(&tables, &asked, id, &keys));
        let own: Option<Vec<Vec<u32>>> = own.collect();
        let Some(own) = own else { return Ok(MadePortion::Apart) };
        let mut made_of = BTreeMap::new();
        for ((id, table), own) in tables.into_iter().zip(own) {
            let TableData::Memory(memory) = &table.data else { return Ok(MadePortion::Apart) };
            size = size.saturating_add(bytes(memory));
            let memory =
                if own.len() == memory.rows { Arc::clone(memory) } else { Arc::new(memory.taken(&own)) };
            made_of.insert(id, PinnedTable { data: TableData::Memory(memory), ..table });
        }
        Ok(MadePortion::Rows { tables: made_of, strays, made, bytes: size })
    }
}

/// What is made in portions.
pub(super) struct InPortions<'a> {
    pub kept: &'a Kept<'a>,
    pub part: &'a DerivePlan,
    pub local: &'a Local,
    /// The tables of which what is made is kept; none: all.
    pub only: Option<BTreeSet<EntityId>>,
    pub inputs: &'a PinnedInputs,
    pub limits: &'a Limits,
}

impl InPortions<'_> {
    /// A record of what was made, and in how many portions; none where all of it fits into memory, or cannot be made apart.
    ///
    /// # Errors
    /// A table could not be read.
    pub async fn made(&self) -> Result<Option<(Record, u64)>, EvaluateError> {
        let of = self.portions();
        if of <= 1 && self.kept.elsewhere.is_none() {
            return Ok(None);
        }
        // What is never asked for again needs not to say of which files it is.
        let read = if self.kept.passing { Some(BTreeMap::new()) } else { self.sources().await? };
        let Some(read) = read else { return Ok(None) };
        let made = self.made_with(Record::default(), of).await?;
        Ok(made.map(|(record, of)| (Record { read, ..record }, of)))
    }

    /// A record with what is made beside what it has; none where it cannot be made apart.
    ///
    /// # Errors
    /// A table could not be read.
    pub async fn added(&self, record: Record) -> Result<Option<Record>, EvaluateError> {
        Ok(self.made_with(record, self.portions()).await?.map(|(record, _)| record))
    }

    /// In how many portions it is made, if it takes no more than is expected.
    fn portions(&self) -> u64 {
        // Of what others make as much is here at a time as fits.
        let at_a_time = self.kept.elsewhere.map_or(1, MakesPortions::at_a_time);
        let fit = estimate(self.part, self.inputs).div_ceil(self.limits.memory_bytes.max(1)).max(1);
        fit.saturating_mul(at_a_time).min(MOST_PORTIONS)
    }

    /// A record with what is made, and in how many portions.
    async fn made_with(&self, record: Record, mut of: u64) -> Result<Option<(Record, u64)>, EvaluateError> {
        loop {
            match self.made_in(record.clone(), of).await? {
                Made::All(record) => return Ok(Some((*record, of))),
                Made::TooLarge => of = (of * 2).min(MOST_PORTIONS),
                Made::Apart => return Ok(None),
            }
        }
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
        PortionsTask {
            part: self.part.clone(),
            inputs: PinnedInputs { snapshot: self.inputs.snapshot, tables: tables.collect() },
            local: self.local.clone(),
            of,
        }
    }

    async fn made_in(&self, mut record: Record, of: u64) -> Result<Made, EvaluateError> {
        let task = self.task(of);
        let is_kept = |table: &EntityId| self.only.as_ref().is_none_or(|only| only.contains(table));
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
                for (table, rows) in made.into_iter().filter(|(table, _)| is_kept(table)) {
                    let all = record.made.entry(table.clone()).or_default();
                    *all += rows;
                    let is_panel = |step: &Step| matches!(step, Step::Panel(of) if of.table == table);
                    if *all > MOST_ROWS as u64 && self.part.steps.iter().any(is_panel) {
                        return Ok(Made::Apart);
                    }
                }
                for (table, by_stage) in strays.into_iter().filter(|(table, _)| is_kept(table)) {
                    let all = record.strays.entry(table).or_default();
                    by_stage.into_iter().for_each(|(stage, count)| *all.entry(stage).or_default() += count);
                }
                for (id, mut table) in tables.into_iter().filter(|(id, _)| is_kept(id)) {
                    let data = std::mem::replace(&mut table.data, TableData::Files(Vec::new()));
                    let TableData::Memory(memory) = data else { return Ok(Made::Apart) };
                    let memory = Arc::unwrap_or_clone(memory);
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
            let together = rows.together(number, self.limits.memory_bytes / 2);
            let put = match together.as_slice() {
                [places] if rows.number_of(number) >= MOST_FILES => {
                    let (slice, _) = rows.placed(places, self.kept.shelf);
                    let mut all = self.kept.evaluator.read(&slice, &columns, None, self.limits).await?;
                    all.extend(&own);
                    rows.put(number, places, &all, store).map(|()| rows.tidy())
                }
                // What does not fit into memory is not written as one.
                _ => rows.add(number, &own, store),
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
