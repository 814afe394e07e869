//! Columns and rows of a table in memory.

use kepi_model::expression::Physical;
use serde::{Deserialize, Serialize};

use crate::{row::Cell, texts::Texts};

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedColumn {
    /// Attribute or system column.
    pub name: String,
    /// How it is stored.
    pub physical: Physical,
    /// Least and greatest value of an integer or instant column over all files, where every file knows them.
    pub bounds: Option<(i64, i64)>,
    /// Whether it is known that no row has a value; then it has no bounds either.
    pub is_empty: bool,
}

/// Columns in memory, all of one length.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryTable {
    /// Number of rows.
    pub rows: usize,
    /// Values by column, in the order of [`crate::port::PinnedTable::columns`].
    pub columns: Vec<MemoryColumn>,
}

/// Values of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemoryColumn {
    /// Text.
    Text(Texts),
    /// Integers.
    Integer(Vec<Option<i64>>),
    /// Instants in µs UTC.
    Instant(Vec<Option<i64>>),
    /// Booleans.
    Boolean(Vec<Option<bool>>),
}

impl MemoryTable {
    /// Some of its rows, by place.
    #[must_use]
    pub fn taken(&self, rows: &[u32]) -> Self {
        fn some<T: Clone>(values: &[Option<T>], rows: &[u32]) -> Vec<Option<T>> {
            rows.iter().map(|row| values.get(*row as usize).cloned().flatten()).collect()
        }
        let columns = self.columns.iter().map(|column| match column {
            MemoryColumn::Text(values) => MemoryColumn::Text(values.taken(rows)),
            MemoryColumn::Integer(values) => MemoryColumn::Integer(some(values, rows)),
            MemoryColumn::Instant(values) => MemoryColumn::Instant(some(values, rows)),
            MemoryColumn::Boolean(values) => MemoryColumn::Boolean(some(values, rows)),
        });
        Self { columns: columns.collect(), rows: rows.len() }
    }
    /// Adds rows of the same columns.
    pub fn extend(&mut self, more: &Self) {
        self.rows += more.rows;
        for pair in self.columns.iter_mut().zip(&more.columns) {
            match pair {
                (MemoryColumn::Text(to), MemoryColumn::Text(from)) => to.extend(from),
                (MemoryColumn::Integer(to), MemoryColumn::Integer(from))
                | (MemoryColumn::Instant(to), MemoryColumn::Instant(from)) => to.extend(from),
                (MemoryColumn::Boolean(to), MemoryColumn::Boolean(from)) => to.extend(from),
                (to, _) => to.missing(more.rows),
            }
        }
    }
}

impl MemoryColumn {
    /// The value in a row; missing beyond the end.
    pub fn cell(&self, row: usize) -> Cell {
        match self {
            Self::Text(values) => values.get(row).map_or(Cell::Missing, |text| Cell::Text(text.into())),
            Self::Integer(values) => values.get(row).copied().flatten().map_or(Cell::Missing, Cell::Integer),
            Self::Instant(values) => values.get(row).copied().flatten().map_or(Cell::Missing, Cell::Instant),
            Self::Boolean(values) => values.get(row).copied().flatten().map_or(Cell::Missing, Cell::Boolean),
        }
    }
    /// Without rows.
    pub fn empty(physical: Physical) -> Self {
        match physical {
            Physical::Text => Self::Text(Texts::default()),
            Physical::Integer => Self::Integer(Vec::new()),
            Physical::Instant => Self::Instant(Vec::new()),
            Physical::Boolean => Self::Boolean(Vec::new()),
        }
    }
    /// Adds so many rows without a value.
    fn missing(&mut self, rows: usize) {
        match self {
            Self::Text(values) => (0..rows).for_each(|_| values.push(None)),
            Self::Integer(values) | Self::Instant(values) => values.extend((0..rows).map(|_| None)),
            Self::Boolean(values) => values.extend((0..rows).map(|_| None)),
        }
    }
}
