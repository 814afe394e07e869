//! A table that changes as tables do, and the plans that are asked of it: what a run that reads what has changed is held against.
#![expect(clippy::unwrap_used, reason = "for tests: what it made itself is there")]

use std::{
    collections::{BTreeMap, BTreeSet},
    future::ready,
    sync::{Arc, Mutex},
};

use kepi_model::id::EntityId;
use kepi_query::{
    kept::Shelf,
    plan::ScanPlan,
    port::{
        Belonging, EngineVersion, EvaluateError, Evaluator, Fut, Limits, MemoryColumn, MemoryTable,
        PinnedColumn, PinnedFile, PinnedInputs, PinnedTable, TableData, system,
    },
    reference::{self, Reference},
    side::state_id,
    state::Measured,
};

use crate::arbitrary::{Chance, case};

const DAY: i64 = 24 * 3_600_000_000;

/// A shelf in memory.
#[derive(Debug, Default)]
pub struct MemoryShelf(pub Mutex<BTreeMap<String, Vec<u8>>>);

impl Shelf for MemoryShelf {
    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(name).cloned()
    }
    fn write(&self, name: &str, bytes: &[u8]) {
        self.0.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
    }
    fn remove(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }
    fn path(&self, name: &str) -> String {
        format!("{SHELF}{name}")
    }
    fn passing(&self) -> Box<dyn Shelf> {
        Box::new(Self::default())
    }
}

/// Where a drawer finds what lies on its shelf.
const SHELF: &str = "/shelf/";

impl MemoryShelf {
    /// Damages something, or loses it.
    pub fn damage(&self, chance: &mut Chance) {
        let mut all = self.0.lock().unwrap();
        let names: Vec<String> = all.keys().cloned().collect();
        if names.is_empty() {
            return;
        }
        let name = chance.pick(&names).clone();
        let other = all.get(chance.pick(&names)).cloned().unwrap_or_default();
        let Some(bytes) = all.get_mut(&name) else { return };
        match chance.below(4) {
            0 => {
                let at = chance.below(bytes.len());
                bytes[at] ^= 1 << chance.below(8);
            }
            1 => bytes.truncate(chance.below(bytes.len())),
            2 => *bytes = other,
            _ => {
                all.remove(&name);
            }
        }
    }
}

/// The reference evaluator over files in memory, by their paths, and over those that it wrote on a shelf.
#[derive(Debug, Default)]
pub struct Drawer {
    /// Files by path.
    pub files: Mutex<BTreeMap<String, Arc<MemoryTable>>>,
    /// The shelf.
    pub shelf: MemoryShelf,
}

impl Drawer {
    fn opened(&self, table: &PinnedTable) -> Result<PinnedTable, EvaluateError> {
        let TableData::Files(files) = &table.data else { return Ok(table.clone()) };
        let open = |file: &PinnedFile| {
            let lost =
                || EvaluateError::File { path: file.path.clone(), reason: "it is not there".to_owned() };
            match file.path.strip_prefix(SHELF) {
                None => self.files.lock().unwrap().get(&file.path).cloned().ok_or_else(lost),
                Some(name) => {
                    let bytes = self.shelf.read(name).ok_or_else(lost)?;
                    serde_json::from_slice(&bytes).map(Arc::new).map_err(|_| lost())
                }
            }
        };
        let all = files.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let all: Vec<&MemoryTable> = all.iter().map(AsRef::as_ref).collect();
        let data = TableData::Memory(Arc::new(together(&all, &table.columns)));
        Ok(PinnedTable { data, ..table.clone() })
    }

    /// The inputs in files of so many rows each.
    pub fn placed(&self, inputs: &PinnedInputs, rows_a_file: usize) -> PinnedInputs {
        let mut placed = inputs.clone();
        for (entity, table) in &mut placed.tables {
            let TableData::Memory(memory) = table.data.clone() else { continue };
            let rows: Vec<u32> = (0..memory.rows as u32).collect();
            let files = rows.chunks(rows_a_file).enumerate().map(|(number, rows)| {
                let path = format!("/lake/{entity} {number}");
                self.files.lock().unwrap().insert(path.clone(), Arc::new(memory.taken(rows)));
                PinnedFile::whole(path, 1, rows.len() as u64)
            });
            table.data = TableData::Files(files.collect());
        }
        placed
    }

    /// The inputs with all their rows in memory.
    ///
    /// # Errors
    /// A file is not there, or not whole.
    pub fn all(&self, inputs: &PinnedInputs) -> Result<PinnedInputs, EvaluateError> {
        let open = |(entity, table): (&EntityId, &PinnedTable)| Ok((entity.clone(), self.opened(table)?));
        let tables = inputs.tables.iter().map(open).collect::<Result<_, EvaluateError>>()?;
        Ok(PinnedInputs { tables, ..inputs.clone() })
    }
}

impl Evaluator for Drawer {
    fn version(&self) -> EngineVersion {
        Reference.version()
    }
    fn measure<'a>(
        &'a self,
        plan: &'a ScanPlan,
        inputs: &'a PinnedInputs,
        limits: &'a Limits,
    ) -> Fut<'a, Result<Measured, EvaluateError>> {
        Box::pin(ready(self.all(inputs).and_then(|inputs| reference::measure(plan, &inputs, limits))))
    }
    fn read<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
    ) -> Fut<'a, Result<MemoryTable, EvaluateError>> {
        Box::pin(async move { Reference.read(&self.opened(table)?, columns, only, limits).await })
    }
    fn file(&self, _: &[PinnedColumn], rows: &MemoryTable) -> Result<Vec<u8>, EvaluateError> {
        serde_json::to_vec(rows).map_err(|why| EvaluateError::Engine(why.to_string()))
    }
}

/// Rows of several tables, one after the other.
pub fn together(tables: &[&MemoryTable], columns: &[PinnedColumn]) -> MemoryTable {
    let columns = columns.iter().map(|column| MemoryColumn::empty(column.physical)).collect();
    let mut all = MemoryTable { rows: 0, columns };
    tables.iter().for_each(|table| all.extend(table));
    all
}

/// Tables in files, and a plan, that change.
pub struct Changing {
    chance: Chance,
    tables: BTreeMap<EntityId, PinnedTable>,
    /// Files by entity and name.
    pub files: BTreeMap<EntityId, Vec<(String, Arc<MemoryTable>)>>,
    /// What is asked for.
    pub plan: ScanPlan,
    written: u64,
    /// What was changed, how often.
    pub did: BTreeMap<&'static str, u64>,
}

impl Changing {
    /// As it stands at first.
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let (mut inputs, plan) = loop {
            let (inputs, plan) = case(chance.bits());
            if inputs.tables.len() == 3 && plan.edges.len() > 1 {
                break (inputs, plan);
            }
        };
        let mut files = BTreeMap::new();
        let mut written = 0;
        for (entity, table) in &mut inputs.tables {
            // Rows will come that lie beyond them.
            table.columns.iter_mut().for_each(|column| (column.bounds, column.is_empty) = (None, false));
            let TableData::Memory(memory) = &table.data else { unreachable!("in memory") };
            written += 1;
            files.insert(entity.clone(), vec![(format!("{entity} {written}.parquet"), memory.clone())]);
            table.data = TableData::Files(vec![]);
        }
        let mut changing = Self { chance, tables: inputs.tables, files, plan, written, did: BTreeMap::new() };
        changing.calendar();
        changing
    }

    /// The chance that decides.
    pub fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }

    /// The tables, all of their rows in memory.
    pub fn whole(&self) -> PinnedInputs {
        self.with(|_, table, files| {
            let all: Vec<&MemoryTable> = files.iter().map(|(_, rows)| rows.as_ref()).collect();
            TableData::Memory(Arc::new(together(&all, &table.columns)))
        })
    }

    /// The tables in files, each placed as given.
    pub fn in_files(
        &self,
        mut place: impl FnMut(&PinnedTable, &str, &Arc<MemoryTable>) -> PinnedFile,
    ) -> PinnedInputs {
        self.with(|_, table, files| {
            TableData::Files(files.iter().map(|(name, rows)| place(table, name, rows)).collect())
        })
    }

    fn with(
        &self,
        mut data: impl FnMut(&EntityId, &PinnedTable, &[(String, Arc<MemoryTable>)]) -> TableData,
    ) -> PinnedInputs {
        let tables = self.tables.iter().map(|(entity, table)| {
            let data = data(entity, table, &self.files[entity]);
            (entity.clone(), PinnedTable { data, ..table.clone() })
        });
        PinnedInputs { snapshot: kepi_query::port::SnapshotId(1), tables: tables.collect() }
    }

    /// Changes something.
    pub fn change(&mut self) {
        let base = self.plan.entity.clone();
        let what = match self.chance.below(14) {
            0..=2 => {
                let rows = self.rows_of(&base, 40);
                self.put(&base, rows);
                "new"
            }
            3 | 4 => {
                let rows = self.rows_of(&base, 2);
                self.put(&base, rows);
                "late"
            }
            5 => {
                self.rewrite(&base, |changing, rows| {
                    let other = changing.rows_of(&base, 2);
                    let kept: Vec<u32> =
                        (0..rows.rows as u32).filter(|_| !changing.chance.once_in(5)).collect();
                    let columns = &changing.tables[&base].columns;
                    together(&[&rows.taken(&kept), &other], columns)
                });
                "corrected"
            }
            6 => {
                self.rewrite(&base, |changing, rows| changing.superseded(&base, rows));
                "superseded"
            }
            7 => {
                let files = self.files.get_mut(&base).unwrap();
                if !files.is_empty() {
                    files.remove(self.chance.below(files.len()));
                }
                "deleted"
            }
            8 => {
                let entities: Vec<EntityId> =
                    self.tables.keys().filter(|entity| **entity != base).cloned().collect();
                let entity = self.chance.pick(&entities).clone();
                let rows = self.rows_of(&entity, 60);
                match self.chance.below(3) {
                    0 => self.put(&entity, rows),
                    1 => self.rewrite(&entity, |changing, rows| changing.superseded(&entity, rows)),
                    _ => {
                        self.files.insert(entity.clone(), vec![]);
                        self.put(&entity, rows);
                    }
                }
                "table"
            }
            9 => {
                self.calendar();
                "calendar"
            }
            10 => {
                // Those of another plan, or some of them.
                let other = case(self.chance.bits()).1;
                let edges = self.plan.edges.clone();
                self.plan = ScanPlan { edges, ..other };
                "plan"
            }
            11 => {
                let other = case(self.chance.bits()).1;
                let (entity, time, as_of) = (&self.plan.entity, &self.plan.time, self.plan.as_of);
                for mut state in other.states {
                    state.id = state_id(entity, time, as_of, &state.kind, state.filter.as_ref());
                    if self.plan.states.iter().all(|known| known.id != state.id) {
                        self.plan.states.push(state);
                    }
                }
                "definition"
            }
            12 => {
                let at = self.chance.below(self.plan.states.len());
                if self.plan.states.len() > 1 {
                    self.plan.states.remove(at);
                }
                if self.plan.key_sets.len() > 1 {
                    self.plan.key_sets.remove(self.chance.below(self.plan.key_sets.len()));
                }
                "less"
            }
            _ => "nothing",
        };
        *self.did.entry(what).or_default() += 1;
    }

    /// Days that begin at another time, or of other lengths; most rows lie within them.
    fn calendar(&mut self) {
        let step = *self.chance.pick(&[1, 3, 7]) * DAY;
        let shift = *self.chance.pick(&[0, 0, 3_600_000_000]);
        let (first, last) = *self.chance.pick(&[(-30 * DAY, 20_100 * DAY), (19_700 * DAY, 19_900 * DAY)]);
        // Some thousand days without rows in between need no edges.
        let edges = (first / DAY..=last / DAY).step_by((step / DAY) as usize).map(|day| day * DAY + shift);
        let near = |edge: &i64| *edge < 30 * DAY || *edge > 19_700 * DAY;
        self.plan.edges = edges.filter(near).collect::<BTreeSet<i64>>().into_iter().collect();
    }

    /// Some rows of a table, at most so many.
    fn rows_of(&mut self, entity: &EntityId, most: usize) -> MemoryTable {
        loop {
            let inputs = case(self.chance.bits()).0;
            let Some(table) = inputs.tables.get(entity) else { continue };
            let TableData::Memory(memory) = &table.data else { continue };
            let mine = self.tables[entity].columns.iter().map(|column| &column.name);
            assert!(mine.eq(table.columns.iter().map(|column| &column.name)), "columns of `{entity}`");
            let rows: Vec<u32> =
                (0..memory.rows as u32).filter(|_| self.chance.once_in(2)).take(most).collect();
            return memory.taken(&rows);
        }
    }

    fn put(&mut self, entity: &EntityId, rows: MemoryTable) {
        self.written += 1;
        let name = format!("{entity} {}.parquet", self.written);
        self.files.get_mut(entity).unwrap().push((name, Arc::new(rows)));
    }

    /// Writes a file anew, under another name.
    fn rewrite(&mut self, entity: &EntityId, make: impl FnOnce(&mut Self, &MemoryTable) -> MemoryTable) {
        let number = self.files[entity].len();
        if number > 0 {
            let at = self.chance.below(number);
            let (_, rows) = self.files.get_mut(entity).unwrap().remove(at);
            let rows = make(self, &rows);
            self.put(entity, rows);
        }
    }

    /// With rows that hold no more.
    fn superseded(&mut self, entity: &EntityId, rows: &MemoryTable) -> MemoryTable {
        let mut rows = rows.clone();
        let ends = self.tables[entity].columns.iter().position(|column| column.name == system::VALID_TO);
        if let Some(MemoryColumn::Instant(ends)) = ends.and_then(|at| rows.columns.get_mut(at)) {
            for end in ends {
                if self.chance.once_in(4) {
                    *end = Some(19_800 * DAY);
                }
            }
        }
        rows
    }
}
