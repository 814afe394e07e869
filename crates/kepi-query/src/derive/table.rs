//! Tables on the way: columns by name, rows by key, and rows as expressions see them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, OnceLock},
};

use kepi_model::{
    expression::{Path, Physical},
    id::{AttributeId, EntityId},
};

use super::Unmade;
use crate::{
    port::{
        EvaluateError, Keys, MemoryColumn, MemoryTable, PinnedColumn, PinnedInputs, PinnedTable, TableData,
        system,
    },
    row::{Cell, Row},
    texts::Texts,
};

/// All tables that are there so far.
#[derive(Default)]
pub(super) struct World {
    pub(super) tables: BTreeMap<EntityId, Table>,
    pub(super) out_of_range: BTreeSet<(EntityId, AttributeId)>,
    pub(super) unmade: BTreeMap<EntityId, Unmade>,
    pub(super) strays: BTreeMap<EntityId, BTreeMap<String, u64>>,
    /// The subjects of which panels and stages are made; none: all.
    pub(super) only: Option<Arc<Keys>>,
    /// How many rows tables had when they were made.
    pub(super) made: BTreeMap<EntityId, u64>,
}

/// One table.
pub(super) struct Table {
    pinned: PinnedTable,
    names: HashMap<String, usize>,
    pub(super) rows: usize,
    /// The columns that were read or made; others may read them, too.
    base: Arc<MemoryTable>,
    /// Those that came after them.
    added: Vec<MemoryColumn>,
    /// Rows by key, where one text identifies a row.
    by_key: OnceLock<HashMap<Box<str>, Vec<u32>>>,
    /// Whether it was made, or added to.
    pub(super) is_changed: bool,
}

impl World {
    /// The tables that were read.
    pub(super) fn new(inputs: PinnedInputs) -> Result<Self, EvaluateError> {
        let mut world = Self::default();
        for (entity, mut pinned) in inputs.tables {
            let data = std::mem::replace(&mut pinned.data, TableData::Files(Vec::new()));
            let TableData::Memory(memory) = data else {
                return Err(EvaluateError::Engine("what is made is made of tables in memory".to_owned()));
            };
            world.tables.insert(entity, Table::new(pinned, memory));
        }
        Ok(world)
    }

    /// Whether panels and stages are made of a subject.
    pub(super) fn makes(&self, subject: Option<&str>) -> bool {
        self.only.as_ref().is_none_or(|only| only.has(subject))
    }

    /// Puts a table that was made in its place; one that could not be made is not there, and it is noted why.
    pub(super) fn put(&mut self, id: &EntityId, made: Result<Table, Unmade>) {
        match made {
            Ok(table) => {
                self.made.insert(id.clone(), table.rows as u64);
                self.tables.insert(id.clone(), table);
            }
            Err(why) => {
                self.tables.remove(id);
                self.unmade.insert(id.clone(), why);
            }
        }
    }
}

impl Table {
    /// `pinned` says all but the data, which are `memory`.
    pub(super) fn new(pinned: PinnedTable, base: Arc<MemoryTable>) -> Self {
        Self {
            names: pinned.columns.iter().enumerate().map(|(at, column)| (column.name.clone(), at)).collect(),
            pinned,
            rows: base.rows,
            base,
            added: Vec::new(),
            by_key: OnceLock::new(),
            is_changed: false,
        }
    }

    /// A table that is made.
    pub(super) fn made(key: Vec<AttributeId>, rows: usize, columns: Vec<(String, MemoryColumn)>) -> Self {
        let mut pinned =
            PinnedTable { columns: Vec::new(), key, data: TableData::Files(Vec::new()), live_until: None };
        let mut values = Vec::new();
        for (name, column) in columns {
            pinned.columns.push(described(name, &column));
            values.push(column);
        }
        let mut table = Self::new(pinned, Arc::new(MemoryTable { rows, columns: values }));
        table.is_changed = true;
        table
    }

    fn by_key(&self) -> &HashMap<Box<str>, Vec<u32>> {
        self.by_key.get_or_init(|| {
            let mut by_key: HashMap<Box<str>, Vec<u32>> = HashMap::new();
            if let Some(keys) = self.text_key() {
                for (row, key) in (0..).zip(keys.iter()) {
                    if let Some(key) = key {
                        by_key.entry(key.into()).or_default().push(row);
                    }
                }
            }
            by_key
        })
    }

    /// Adds a column.
    pub(super) fn add(&mut self, name: &AttributeId, column: MemoryColumn) {
        self.names.insert(name.to_string(), self.pinned.columns.len());
        self.pinned.columns.push(described(name.to_string(), &column));
        self.added.push(column);
        self.is_changed = true;
    }

    /// Keeps some rows.
    pub(super) fn keep(&mut self, kept: &[bool]) {
        let stay: Vec<u32> = (0_u32..).zip(kept).filter(|(_, kept)| **kept).map(|(row, _)| row).collect();
        let added = MemoryTable { rows: self.rows, columns: std::mem::take(&mut self.added) };
        let mut base = self.base.taken(&stay);
        base.columns.extend(added.taken(&stay).columns);
        (self.rows, self.base) = (base.rows, Arc::new(base));
        self.pinned.columns = self
            .pinned
            .columns
            .iter()
            .zip(&self.base.columns)
            .map(|(old, now)| described(old.name.clone(), now))
            .collect();
        self.by_key = OnceLock::new();
    }

    pub(super) fn column(&self, name: &str) -> Option<&MemoryColumn> {
        let at = *self.names.get(name)?;
        match at.checked_sub(self.base.columns.len()) {
            None => self.base.columns.get(at),
            Some(at) => self.added.get(at),
        }
    }

    pub(super) fn cell(&self, column: &str, row: u32) -> Cell {
        self.column(column).map_or(Cell::Missing, |column| column.cell(row as usize))
    }

    fn instant(&self, column: &str, row: u32) -> Option<i64> {
        match self.cell(column, row) {
            Cell::Instant(at) => Some(at),
            _ => None,
        }
    }

    /// When rows ceased to hold; none: all hold now.
    pub(super) fn ends(&self) -> Option<&[Option<i64>]> {
        match self.column(system::VALID_TO)? {
            MemoryColumn::Instant(ends) => Some(ends),
            _ => None,
        }
    }

    pub(super) fn is_current(&self, row: u32) -> bool {
        self.instant(system::VALID_TO, row).is_none()
    }

    /// Rows that hold now.
    pub(super) fn current(&self) -> impl Iterator<Item = u32> + '_ {
        let ends = self.ends();
        let holds = move |row: &u32| ends.and_then(|ends| *ends.get(*row as usize)?).is_none();
        (0..self.rows as u32).filter(holds)
    }

    /// The column that identifies rows, if it is one of texts.
    pub(super) fn text_key(&self) -> Option<&Texts> {
        match (self.pinned.key.as_slice(), self.column(self.pinned.key.first()?.as_str())?) {
            ([_], MemoryColumn::Text(keys)) => Some(keys),
            _ => None,
        }
    }

    /// What identifies a row.
    pub(super) fn key(&self, row: u32) -> Vec<Cell> {
        self.pinned.key.iter().map(|part| self.cell(part.as_str(), row)).collect()
    }

    /// By row, the one that stands for its key: the version that holds now, else the one that held last.
    pub(super) fn newest(&self) -> Vec<u32> {
        if !self.names.contains_key(system::VALID_TO) {
            return (0..self.rows as u32).collect();
        }
        let ends = self.ends();
        let ends = |row: u32| ends.and_then(|ends| *ends.get(row as usize)?).unwrap_or(i64::MAX);
        if let Some(keys) = self.text_key() {
            // The same by codes; rows without a key have one place together.
            let place = |code: &u32| (*code as usize).min(keys.members().len());
            let mut of = vec![u32::MAX; keys.members().len() + 1];
            for (row, code) in (0..).zip(keys.codes()) {
                if let Some(known) = of.get_mut(place(code))
                    && (*known == u32::MAX || ends(row) > ends(*known))
                {
                    *known = row;
                }
            }
            return keys.codes().iter().filter_map(|code| of.get(place(code)).copied()).collect();
        }
        let mut of: HashMap<Vec<Cell>, u32> = HashMap::new();
        for row in 0..self.rows as u32 {
            of.entry(self.key(row))
                .and_modify(|known| {
                    if ends(row) > ends(*known) {
                        *known = row
                    }
                })
                .or_insert(row);
        }
        (0..self.rows as u32).map(|row| of.get(&self.key(row)).copied().unwrap_or(row)).collect()
    }

    /// The version of a key that holds at an instant, or now.
    fn version(&self, key: &str, at: Option<i64>) -> Option<u32> {
        let rows = self.by_key().get(key)?;
        rows.iter().copied().find(|row| match at {
            None => self.is_current(*row),
            Some(at) => {
                self.instant(system::VALID_FROM, *row).is_none_or(|from| from <= at)
                    && self.instant(system::VALID_TO, *row).is_none_or(|to| at < to)
            }
        })
    }

    /// The table for others to read.
    pub(super) fn finished(self) -> PinnedTable {
        let mut data = Arc::unwrap_or_clone(self.base);
        data.columns.extend(self.added);
        PinnedTable { data: TableData::Memory(Arc::new(data)), ..self.pinned }
    }
}

/// How a column is described: its bounds as files have them.
fn described(name: String, column: &MemoryColumn) -> PinnedColumn {
    fn bounds(values: &[Option<i64>]) -> Option<(i64, i64)> {
        values.iter().copied().flatten().fold(None, |bounds, value| {
            let (low, high) = bounds.unwrap_or((value, value));
            Some((value.min(low), value.max(high)))
        })
    }
    let (physical, bounds, is_empty) = match column {
        MemoryColumn::Text(values) => (Physical::Text, None, values.iter().all(|value| value.is_none())),
        MemoryColumn::Boolean(values) => (Physical::Boolean, None, values.iter().all(Option::is_none)),
        MemoryColumn::Integer(values) => {
            (Physical::Integer, bounds(values), values.iter().all(Option::is_none))
        }
        MemoryColumn::Instant(values) => {
            (Physical::Instant, bounds(values), values.iter().all(Option::is_none))
        }
    };
    PinnedColumn { name, physical, bounds, is_empty }
}

/// An empty column, to be filled cell by cell.
pub(super) fn column(physical: Physical, rows: usize) -> MemoryColumn {
    match physical {
        Physical::Text => MemoryColumn::Text(Texts::with_capacity(rows)),
        Physical::Integer => MemoryColumn::Integer(Vec::with_capacity(rows)),
        Physical::Instant => MemoryColumn::Instant(Vec::with_capacity(rows)),
        Physical::Boolean => MemoryColumn::Boolean(Vec::with_capacity(rows)),
    }
}

/// Adds a cell; one of another form is none.
pub(super) fn push(column: &mut MemoryColumn, cell: Cell) {
    match (column, cell) {
        (MemoryColumn::Text(values), Cell::Text(text)) => values.push(Some(&text)),
        (MemoryColumn::Integer(values), Cell::Integer(value)) => values.push(Some(value)),
        (MemoryColumn::Instant(values), Cell::Instant(value)) => values.push(Some(value)),
        (MemoryColumn::Boolean(values), Cell::Boolean(value)) => values.push(Some(value)),
        (MemoryColumn::Text(values), _) => values.push(None),
        (MemoryColumn::Integer(values) | MemoryColumn::Instant(values), _) => values.push(None),
        (MemoryColumn::Boolean(values), _) => values.push(None),
    }
}

/// A row as an expression sees it.
pub(super) struct RowOf<'a> {
    pub(super) world: &'a World,
    pub(super) table: &'a Table,
    pub(super) row: u32,
    /// As of when references are followed; none: now.
    pub(super) as_of: Option<i64>,
    /// Values in place of the row's own, by column.
    pub(super) moved: &'a [(&'static str, i64)],
}

impl Row for RowOf<'_> {
    fn attribute(&self, path: &Path) -> Cell {
        if path.references.is_empty()
            && let Some((_, at)) = self.moved.iter().find(|(name, _)| *name == path.attribute.as_str())
        {
            return Cell::Instant(*at);
        }
        let (mut table, mut row) = (self.table, self.row);
        for (reference, next) in &path.references {
            let Cell::Text(key) = table.cell(reference.as_str(), row) else { return Cell::Missing };
            let Some(next) = self.world.tables.get(next) else { return Cell::Missing };
            let Some(found) = next.version(&key, self.as_of) else { return Cell::Missing };
            (table, row) = (next, found);
        }
        table.cell(path.attribute.as_str(), row)
    }
    fn exists(&self, _: &AttributeId, _: &EntityId) -> Option<bool> {
        // Only rules of sources ask.
        None
    }
}
