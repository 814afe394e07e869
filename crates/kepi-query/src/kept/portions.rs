//! What is made of more rows than fit into memory: in portions of the keys to which rows belong. Of each portion the rows are read, what is made of
//! them is put into the slices on the shelf, and it is forgotten before the next one is read.

use std::{collections::BTreeMap, sync::Arc};

use kepi_model::{expression::Physical, id::EntityId};

use super::{
    Kept,
    made::{columns, dated, files, has_rows, ties_of},
    record::{Record, Rows, Source},
    rows,
};
use crate::{
    derive::{self, DerivePlan, Derived, MOST_ROWS, plan::Step, split::Local},
    port::{
        Belonging, EvaluateError, Keys, Limits, MemoryColumn, MemoryTable, PinnedInputs, PinnedTable,
        TableData, system,
    },
};

/// More portions read the files too often.
const MOST_PORTIONS: u64 = 256;

/// More files of one stretch of time are written as one.
const MOST_FILES: usize = 16;

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
        let mut of = self.estimate().div_ceil(self.limits.memory_bytes.max(1)).min(MOST_PORTIONS);
        if of <= 1 || self.has_versions() {
            return Ok(None);
        }
        let Some(read) = self.sources().await? else { return Ok(None) };
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
        let mut all = BTreeMap::new();
        for (entity, names) in &self.part.columns {
            let Some(files) = files(self.inputs, entity) else { return Ok(None) };
            let mut sources = Vec::new();
            if let Some(table) = self.inputs.tables.get(entity) {
                let columns = columns(names, table);
                for file in files.iter().filter(has_rows) {
                    let table = PinnedTable { data: TableData::Files(vec![file.clone()]), ..table.clone() };
                    let memory = self.kept.evaluator.read(&table, &columns, None, self.limits).await?;
                    if memory.rows as u64 != file.rows {
                        return Ok(None);
                    }
                    let content = rows::content(&columns, &memory, 0, memory.rows);
                    sources.push(Source { file: file.clone(), content });
                }
            }
            all.insert(entity.clone(), sources);
        }
        Ok(Some(all))
    }

    async fn made_in(&self, of: u64) -> Result<Made, EvaluateError> {
        let mut record = Record::default();
        // Of tables that have no rows so far what they would look like.
        let mut empty: BTreeMap<EntityId, PinnedTable> = BTreeMap::new();
        for number in 0..of {
            let keys = Arc::new(Keys::portion(number, of));
            let mut world = PinnedInputs { snapshot: self.inputs.snapshot, tables: BTreeMap::new() };
            let mut size = 0_u64;
            for (entity, names) in &self.part.columns {
                let Some(table) = self.inputs.tables.get(entity) else { continue };
                let columns = columns(names, table);
                let belonging = ties_of(self.local, entity)
                    .map(|columns| Belonging { columns: columns.clone(), keys: Arc::clone(&keys) });
                let memory =
                    self.kept.evaluator.read(table, &columns, belonging.as_ref(), self.limits).await?;
                size = size.saturating_add(bytes(&memory));
                let data = TableData::Memory(Arc::new(memory));
                world.tables.insert(entity.clone(), PinnedTable { columns, data, ..table.clone() });
            }
            let Derived { tables, out_of_range, unmade, strays, made } =
                derive::of_rows(self.part, world, Some(Arc::clone(&keys)), self.limits.threads)?;
            if !out_of_range.is_empty() || !unmade.is_empty() {
                return Ok(Made::Apart);
            }
            for table in tables.values() {
                if let TableData::Memory(memory) = &table.data {
                    size = size.saturating_add(bytes(memory));
                }
            }
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
                let Some(subject) = self.local.subjects.get(&id) else { return Ok(Made::Apart) };
                let TableData::Memory(memory) = &table.data else { return Ok(Made::Apart) };
                let own = Belonging { columns: [subject.clone()].into(), keys: Arc::clone(&keys) };
                let memory = memory.taken(&own.of(&table.columns, memory));
                if self.put(&mut record, id.clone(), &table, memory, of).await?.is_none() {
                    return Ok(Made::Apart);
                }
                if !record.tables.contains_key(&id) {
                    let data = TableData::Memory(Arc::new(MemoryTable::default()));
                    empty.insert(id, PinnedTable { data, ..table });
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
