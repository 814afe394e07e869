//! What is known of rows that were made and are kept: of what they were made, and where they are.

use std::collections::BTreeMap;

use kepi_model::{
    expression::Physical,
    id::{AttributeId, EntityId, Hash},
};
use serde::{Deserialize, Serialize};

use super::{Shelf, edges::Reach, rows};
use crate::{
    derive::{Derived, size::width},
    port::{
        Evaluator, MemoryColumn, MemoryTable, PinnedColumn, PinnedFile, PinnedInputs, PinnedTable, TableData,
    },
};

/// What was made together.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Record {
    /// Under which name it was put on the shelf: what lies under another one is of something else.
    #[serde(default)]
    pub name: String,
    /// How far its periods and dates reach.
    pub reach: Reach,
    /// Of which files, by table.
    pub read: BTreeMap<EntityId, Vec<Source>>,
    /// Where the rows are, by table.
    pub tables: BTreeMap<EntityId, Rows>,
    /// Entries into stages that counted for none.
    pub strays: BTreeMap<EntityId, BTreeMap<String, u64>>,
    /// How many rows tables had before only some of them were kept.
    pub made: BTreeMap<EntityId, u64>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    pub file: PinnedFile,
    /// A hash of what was read of it.
    pub content: Hash,
}

/// The rows of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Rows {
    key: Vec<AttributeId>,
    columns: Vec<(String, Physical)>,
    /// What dates them.
    dated: Option<String>,
    /// How many µs of dates are in a slice.
    width: i64,
    slices: Vec<Slice>,
}

/// Rows of a stretch of time, in a file of their own. What was made in portions may have several of one stretch, until one of its rows changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Slice {
    /// Which; none: rows without a date.
    pub number: Option<i64>,
    /// Its name on the shelf.
    pub name: String,
    bytes: u64,
    rows: u64,
    content: Hash,
    /// By column: least and greatest number, and whether no row has a value.
    bounds: Vec<(Option<(i64, i64)>, bool)>,
}

/// Slices of a table at most.
const SLICES: u64 = 64;
const DAY: i64 = 86_400_000_000;

impl Record {
    /// As bytes, whole.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self).ok()?;
        let whole = blake3::hash(&bytes);
        bytes.extend(whole.as_bytes());
        Some(bytes)
    }

    /// From bytes; none if they are not whole.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, whole) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        (blake3::hash(body).as_bytes() == whole).then(|| serde_json::from_slice(body).ok())?
    }

    /// The slices of all tables.
    pub fn slices(&self) -> impl Iterator<Item = &Slice> {
        self.tables.values().flat_map(|rows| &rows.slices)
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.slices().map(|slice| slice.rows).sum()
    }

    /// Whether all rows are what was written.
    pub fn is_sound(&self, shelf: &dyn Shelf) -> bool {
        self.slices().all(|slice| shelf.content(&slice.name) == Some(slice.content))
    }

    /// What was made, in files.
    pub fn derived(&self, inputs: &PinnedInputs, shelf: &dyn Shelf) -> Derived {
        let table = |(id, rows): (&EntityId, &Rows)| {
            let live_until = inputs.tables.get(id).and_then(|table| table.live_until);
            (id.clone(), PinnedTable { live_until, ..rows.pinned(shelf) })
        };
        Derived {
            tables: self.tables.iter().map(table).collect(),
            strays: self.strays.clone(),
            made: self.made.clone(),
            ..Derived::default()
        }
    }
}

impl Rows {
    /// Writes the rows of a table in slices; none: they could not be kept.
    pub fn of(
        table: &PinnedTable,
        dated: Option<String>,
        slice_rows: u64,
        (evaluator, shelf): (&dyn Evaluator, &dyn Shelf),
    ) -> Option<Self> {
        let TableData::Memory(memory) = &table.data else { return None };
        let place = dated.as_ref().and_then(|name| table.columns.iter().position(|c| c.name == *name));
        let dates = place.and_then(|place| bounds(memory.columns.get(place)?).0);
        let span = dates.map_or(1, |(low, high)| high.saturating_sub(low).max(1));
        let slices = (memory.rows as u64 / slice_rows.max(1)).clamp(1, SLICES) as i64;
        let columns = table.columns.iter().map(|column| (column.name.clone(), column.physical)).collect();
        // Whole days. One slice has room for what comes.
        let width = if slices > 1 { (span / slices / DAY + 1).saturating_mul(DAY) } else { i64::MAX };
        let mut rows = Self { key: table.key.clone(), columns, dated, width, slices: Vec::new() };
        for (number, own) in rows.sliced(memory) {
            rows.slices.push(rows.written(number, &memory.taken(&own), evaluator, shelf)?);
        }
        Some(rows)
    }

    /// The columns by name, without their bounds.
    pub fn columns(&self) -> Vec<PinnedColumn> {
        let column = |(name, physical): &(String, Physical)| PinnedColumn {
            name: name.clone(),
            physical: *physical,
            bounds: None,
            is_empty: false,
        };
        self.columns.iter().map(column).collect()
    }

    /// Whether one slice of all time holds rows for several, of so many each.
    pub fn is_outgrown(&self, slice_rows: u64) -> bool {
        let rows: u64 = self.slices.iter().map(|slice| slice.rows).sum();
        self.width == i64::MAX && self.dated.is_some() && rows > slice_rows.saturating_mul(4)
    }

    /// Rows by slice, by place.
    pub fn sliced(&self, rows: &MemoryTable) -> BTreeMap<Option<i64>, Vec<u32>> {
        let dated = self.dated.as_ref().and_then(|name| self.columns.iter().position(|(own, _)| own == name));
        rows::slices(rows, dated, self.width)
    }

    /// The files of a stretch of time, by their place, those together that are read and written as one: all of them, if no more rows of a table with such
    /// columns are in so many bytes of memory, or else each by itself.
    pub fn together(&self, number: Option<i64>, most_bytes: u64) -> Vec<Vec<usize>> {
        let places = (0..).zip(&self.slices).filter(|(_, slice)| slice.number == number);
        let places: Vec<(usize, u64)> = places.map(|(at, slice)| (at, slice.rows)).collect();
        let rows: u64 = places.iter().map(|(_, rows)| rows).sum();
        if rows.saturating_mul(self.width_of_row()) <= most_bytes {
            vec![places.into_iter().map(|(at, _)| at).collect()]
        } else {
            places.into_iter().map(|(at, _)| vec![at]).collect()
        }
    }

    /// Bytes that a row takes in memory, at most.
    fn width_of_row(&self) -> u64 {
        self.columns.iter().map(|(_, physical)| width(*physical)).sum()
    }

    /// Files by place, to be read, and bytes that their rows take in memory, at most.
    pub fn placed(&self, places: &[usize], shelf: &dyn Shelf) -> (PinnedTable, u64) {
        let slices = || places.iter().filter_map(|at| self.slices.get(*at));
        let (files, rows) = (
            slices().map(|slice| slice.file(shelf)).collect(),
            slices().map(|slice| slice.rows).sum::<u64>(),
        );
        let data = TableData::Files(files);
        let table = PinnedTable { columns: self.columns(), key: vec![], data, live_until: None };
        (table, rows.saturating_mul(self.width_of_row()))
    }

    /// How many files there are of a stretch of time.
    pub fn number_of(&self, number: Option<i64>) -> usize {
        self.slices.iter().filter(|slice| slice.number == number).count()
    }

    /// Adds rows of a stretch of time, in a file of their own; none: they could not be kept.
    pub fn add(
        &mut self,
        number: Option<i64>,
        rows: &MemoryTable,
        (evaluator, shelf): (&dyn Evaluator, &dyn Shelf),
    ) -> Option<()> {
        self.slices.push(self.written(number, rows, evaluator, shelf)?);
        self.slices.sort_by_key(|slice| slice.number);
        Some(())
    }

    /// Puts rows in the place of those of some files of a stretch of time; none: they could not be kept.
    pub fn put(
        &mut self,
        number: Option<i64>,
        places: &[usize],
        rows: &MemoryTable,
        (evaluator, shelf): (&dyn Evaluator, &dyn Shelf),
    ) -> Option<()> {
        let written = match rows.rows {
            0 => None,
            _ => Some(self.written(number, rows, evaluator, shelf)?),
        };
        // Others keep their places until all is done: see `tidy`.
        for at in places {
            if let Some(slice) = self.slices.get_mut(*at) {
                slice.rows = 0;
            }
        }
        self.slices.extend(written);
        Some(())
    }

    /// Leaves out the files in whose place others were put.
    pub fn tidy(&mut self) {
        self.slices.retain(|slice| slice.rows > 0);
        self.slices.sort_by_key(|slice| slice.number);
    }

    fn written(
        &self,
        number: Option<i64>,
        rows: &MemoryTable,
        evaluator: &dyn Evaluator,
        shelf: &dyn Shelf,
    ) -> Option<Slice> {
        let bytes = evaluator.file(&self.columns(), rows).ok()?;
        let content = Hash::of(&bytes);
        let name = format!("rows-{content}");
        shelf.write(&name, &bytes);
        // What the disk makes of it is found now and not by a scan.
        (shelf.content(&name) == Some(content)).then(|| Slice {
            number,
            name,
            bytes: bytes.len() as u64,
            rows: rows.rows as u64,
            content,
            bounds: rows.columns.iter().map(bounds).collect(),
        })
    }

    fn pinned(&self, shelf: &dyn Shelf) -> PinnedTable {
        let mut columns = self.columns();
        for (at, column) in columns.iter_mut().enumerate() {
            let of = || self.slices.iter().filter_map(|slice| slice.bounds.get(at));
            let known = || of().filter_map(|(bounds, _)| *bounds);
            column.bounds = known().map(|of| of.0).min().zip(known().map(|of| of.1).max());
            column.is_empty = of().all(|(_, is_empty)| *is_empty);
        }
        let files = self.slices.iter().map(|slice| slice.file(shelf)).collect();
        PinnedTable { columns, key: self.key.clone(), data: TableData::Files(files), live_until: None }
    }
}

impl Slice {
    fn file(&self, shelf: &dyn Shelf) -> PinnedFile {
        PinnedFile::whole(shelf.path(&self.name), self.bytes, self.rows)
    }
}

fn bounds(column: &MemoryColumn) -> (Option<(i64, i64)>, bool) {
    match column {
        MemoryColumn::Integer(values) | MemoryColumn::Instant(values) => {
            let known = || values.iter().copied().flatten();
            (known().min().zip(known().max()), known().next().is_none())
        }
        MemoryColumn::Text(values) => (None, values.iter().all(|value| value.is_none())),
        MemoryColumn::Boolean(values) => (None, values.iter().all(Option::is_none)),
    }
}
