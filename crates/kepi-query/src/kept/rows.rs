//! Rows as bytes: to tell whether two are the same, and what some hold.

use std::collections::{BTreeMap, HashMap};

use kepi_model::id::Hash;

use crate::port::{MemoryColumn, MemoryTable, PinnedColumn};

/// A row as bytes that no other row of these columns has.
fn bytes(table: &MemoryTable, row: usize, into: &mut Vec<u8>) {
    into.clear();
    for column in &table.columns {
        let number = |value: Option<&i64>, into: &mut Vec<u8>| match value {
            None => into.push(0),
            Some(value) => {
                into.push(1);
                into.extend(value.to_le_bytes());
            }
        };
        match column {
            MemoryColumn::Text(values) => match values.get(row) {
                None => into.push(0),
                Some(value) => {
                    into.push(1);
                    into.extend((value.len() as u64).to_le_bytes());
                    into.extend(value.as_bytes());
                }
            },
            MemoryColumn::Integer(values) | MemoryColumn::Instant(values) => {
                number(values.get(row).and_then(Option::as_ref), into);
            }
            MemoryColumn::Boolean(values) => {
                into.push(values.get(row).copied().flatten().map_or(0, |value| 1 + u8::from(value)));
            }
        }
    }
}

/// How often rows stand in one table and not in another.
#[derive(Default)]
pub(super) struct Difference(HashMap<Box<[u8]>, i64>);

impl Difference {
    /// Of two tables with the same columns.
    pub fn of(one: &MemoryTable, other: &MemoryTable) -> Self {
        let mut counts: HashMap<Box<[u8]>, i64> = HashMap::new();
        let mut row = Vec::new();
        for (table, by) in [(one, 1), (other, -1)] {
            for at in 0..table.rows {
                bytes(table, at, &mut row);
                match counts.get_mut(row.as_slice()) {
                    Some(count) => *count += by,
                    None => {
                        counts.insert(row.as_slice().into(), by);
                    }
                }
            }
        }
        counts.retain(|_, count| *count != 0);
        Self(counts)
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The rows that differ.
    pub fn rows(&self, table: &MemoryTable) -> MemoryTable {
        let mut row = Vec::new();
        let differs = |at: &u32| {
            bytes(table, *at as usize, &mut row);
            self.0.contains_key(row.as_slice())
        };
        table.taken(&(0..table.rows as u32).filter(differs).collect::<Vec<_>>())
    }
}

/// A hash of what so many rows from one on hold.
pub(super) fn content(columns: &[PinnedColumn], table: &MemoryTable, from: usize, rows: usize) -> Hash {
    let mut content = Content::of(columns);
    content.add(table, from, rows);
    content.hash(columns)
}

/// What rows hold, taken in one piece after the other.
pub(super) struct Content {
    columns: Vec<blake3::Hasher>,
    bytes: Vec<u8>,
    /// How many.
    pub rows: usize,
}

impl Content {
    pub fn of(columns: &[PinnedColumn]) -> Self {
        Self { columns: columns.iter().map(|_| blake3::Hasher::new()).collect(), bytes: Vec::new(), rows: 0 }
    }

    /// Takes in so many rows of a table from one on.
    pub fn add(&mut self, table: &MemoryTable, from: usize, rows: usize) {
        fn some<T>(values: &[T], from: usize, rows: usize) -> &[T] {
            values.get(from..from.saturating_add(rows)).unwrap_or_default()
        }
        self.rows += rows;
        let all = &mut self.bytes;
        for (hasher, values) in self.columns.iter_mut().zip(&table.columns) {
            all.clear();
            match values {
                MemoryColumn::Text(values) => {
                    values.iter().skip(from).take(rows).for_each(|value| match value {
                        None => all.extend(u32::MAX.to_le_bytes()),
                        Some(value) => {
                            all.extend((value.len() as u32).to_le_bytes());
                            all.extend(value.as_bytes());
                        }
                    });
                }
                MemoryColumn::Integer(values) | MemoryColumn::Instant(values) => {
                    some(values, from, rows).iter().for_each(|value| {
                        all.push(u8::from(value.is_some()));
                        all.extend(value.unwrap_or_default().to_le_bytes());
                    });
                }
                MemoryColumn::Boolean(values) => {
                    all.extend(some(values, from, rows).iter().map(|v| v.map_or(0, |v| 1 + u8::from(v))));
                }
            }
            hasher.update(all);
        }
    }

    /// Of rows with these columns.
    pub fn hash(&self, columns: &[PinnedColumn]) -> Hash {
        let mut hasher = blake3::Hasher::new();
        for (column, values) in columns.iter().zip(&self.columns) {
            hasher.update(column.name.as_bytes());
            hasher.update(&[0]);
            hasher.update(values.finalize().as_bytes());
        }
        Hash(*hasher.finalize().as_bytes())
    }
}

/// Rows that are to be taken away, each as often as it stands among some.
pub(super) struct Gone(HashMap<Box<[u8]>, u64>);

impl Gone {
    pub fn of(table: &MemoryTable) -> Self {
        let mut counts: HashMap<Box<[u8]>, u64> = HashMap::new();
        let mut row = Vec::new();
        for at in 0..table.rows {
            bytes(table, at, &mut row);
            match counts.get_mut(row.as_slice()) {
                Some(count) => *count += 1,
                None => drop(counts.insert(row.as_slice().into(), 1)),
            }
        }
        Self(counts)
    }

    /// The rows of a table that stay, by place: the others are taken away, and no more have to be.
    pub fn stay(&mut self, table: &MemoryTable) -> Vec<u32> {
        let mut row = Vec::new();
        let mut stays = |at: &u32| {
            bytes(table, *at as usize, &mut row);
            match self.0.get_mut(row.as_slice()) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    false
                }
                _ => true,
            }
        };
        (0..table.rows as u32).filter(|at| stays(at)).collect()
    }

    /// Whether all were taken away.
    pub fn is_done(&self) -> bool {
        self.0.values().all(|count| *count == 0)
    }
}

/// Rows by the slice of time in which they are dated, so many µs wide; those without a date have one of their own.
pub(super) fn slices(
    table: &MemoryTable,
    dated: Option<usize>,
    width: i64,
) -> BTreeMap<Option<i64>, Vec<u32>> {
    let mut slices: BTreeMap<Option<i64>, Vec<u32>> = BTreeMap::new();
    let at = |row: usize| match table.columns.get(dated?)? {
        MemoryColumn::Instant(values) => values.get(row).copied()?,
        _ => None,
    };
    for row in 0..table.rows {
        slices.entry(at(row).map(|at| at.div_euclid(width.max(1)))).or_default().push(row as u32);
    }
    slices
}
