//! The states of one cell, by what they are for: what a measure kind computes a value from.

use kepi_model::id::Hash;
use kepi_stats::estimate::NotComputable;

use crate::{
    lower::{Lowered, Part, Role},
    state::{StateColumn, StateTable},
    value::Coverage,
};

/// The cell of one side: a table and a position in it.
#[derive(Debug, Clone, Copy)]
pub struct CellOf<'a> {
    /// States of this key set.
    pub table: &'a StateTable,
    /// Which cell; none: no row fell into it, so counts and sums are zero.
    pub cell: Option<usize>,
}

/// The states of one period and segment, for every side of a KPI.
#[derive(Debug, Clone)]
pub struct Cells<'a> {
    lowered: &'a Lowered,
    sides: Vec<CellOf<'a>>,
}

impl<'a> Cells<'a> {
    /// `sides` are in the order of [`Lowered::sides`].
    pub fn new(lowered: &'a Lowered, sides: Vec<CellOf<'a>>) -> Self {
        Self { lowered, sides }
    }

    /// Rows. Fails only if the state is out of range.
    pub fn count(&self, part: Part, role: Role) -> Result<u64, NotComputable> {
        Ok(match self.column(part, role)? {
            (StateColumn::Count(values), Some(cell)) => values.get(cell).copied().unwrap_or(0),
            _ => 0,
        })
    }

    /// A sum, zero if nothing was added.
    pub fn sum(&self, part: Part, role: Role) -> Result<i128, NotComputable> {
        Ok(match self.column(part, role)? {
            (StateColumn::Sum(values), Some(cell)) => values.get(cell).copied().unwrap_or(0),
            _ => 0,
        })
    }

    /// A sum or a number of rows, whichever the state is.
    pub fn total(&self, part: Part, role: Role) -> Result<i128, NotComputable> {
        match self.column(part, role)? {
            (StateColumn::Count(_), _) => Ok(self.count(part, role)?.into()),
            _ => self.sum(part, role),
        }
    }

    /// Number of different values.
    pub fn distinct(&self, part: Part, role: Role) -> Result<u64, NotComputable> {
        Ok(match self.column(part, role)? {
            (column @ StateColumn::Distinct { .. }, Some(cell)) => {
                column.distinct(cell).map_or(0, |values| values.count() as u64)
            }
            _ => 0,
        })
    }

    /// Counts by bin, `bins` of them.
    pub fn histogram(&self, part: Part, role: Role, bins: usize) -> Result<Vec<u64>, NotComputable> {
        Ok(match self.column(part, role)? {
            (StateColumn::Histogram { counts, .. }, Some(cell)) => {
                counts.get(cell * bins..(cell + 1) * bins).map(<[u64]>::to_vec)
            }
            _ => None,
        }
        .unwrap_or_else(|| vec![0; bins]))
    }

    /// Counted and eligible rows of one part.
    pub fn coverage(&self, part: Part) -> Result<Coverage, NotComputable> {
        let counted = self.count(part, Role::Counted)?;
        Ok(Coverage { counted, eligible: self.count(part, Role::Eligible)?, cases: counted })
    }

    /// Hash of the states of this cell in canonical form: what the value was computed from, to the bit.
    pub fn hash(&self) -> Hash {
        let mut bytes = Vec::new();
        for (side, place) in self.lowered.sides.iter().zip(&self.sides) {
            bytes.extend(side.part.to_string().as_bytes());
            for (_, spec) in &side.states {
                bytes.extend(spec.id.0.0);
                match (place.table.column(spec), place.cell) {
                    (Some(column), Some(cell)) => canonical(column, cell, &mut bytes),
                    _ => bytes.push(0),
                }
            }
        }
        Hash::of(&bytes)
    }

    fn column(&self, part: Part, role: Role) -> Result<(&'a StateColumn, Option<usize>), NotComputable> {
        let missing = || NotComputable::Invalid("the states do not hold what the measure needs".to_owned());
        let position = self.lowered.sides.iter().position(|side| side.part == part).ok_or_else(missing)?;
        let (side, place) =
            self.lowered.sides.get(position).zip(self.sides.get(position)).ok_or_else(missing)?;
        let (_, spec) = side.states.iter().find(|(found, _)| *found == role).ok_or_else(missing)?;
        match place.table.column(spec).ok_or_else(missing)? {
            StateColumn::OutOfRange { bound } => Err(NotComputable::OutOfRange { bound: bound.clone() }),
            column => Ok((column, place.cell)),
        }
    }
}

/// Appends a tag and the value of one cell, numbers little-endian, texts with their length before them.
fn canonical(column: &StateColumn, cell: usize, bytes: &mut Vec<u8>) {
    match column {
        StateColumn::Count(values) => {
            bytes.push(1);
            bytes.extend(values.get(cell).copied().unwrap_or(0).to_le_bytes());
        }
        StateColumn::Sum(values) => {
            bytes.push(2);
            bytes.extend(values.get(cell).copied().unwrap_or(0).to_le_bytes());
        }
        StateColumn::Extreme(values) => match values.get(cell).copied().flatten() {
            None => bytes.push(3),
            Some(value) => {
                bytes.push(4);
                bytes.extend(value.to_le_bytes());
            }
        },
        StateColumn::Histogram { bins, counts } => {
            bytes.push(5);
            bytes.extend(bins.to_le_bytes());
            let bins = *bins as usize;
            for count in counts.get(cell * bins..(cell + 1) * bins).unwrap_or_default() {
                bytes.extend(count.to_le_bytes());
            }
        }
        StateColumn::Distinct { .. } => {
            bytes.push(6);
            let values: Vec<&str> = column.distinct(cell).map(Iterator::collect).unwrap_or_default();
            bytes.extend((values.len() as u64).to_le_bytes());
            for value in values {
                bytes.extend((value.len() as u64).to_le_bytes());
                bytes.extend(value.as_bytes());
            }
        }
        StateColumn::OutOfRange { bound } => {
            bytes.push(7);
            bytes.extend((bound.len() as u64).to_le_bytes());
            bytes.extend(bound.as_bytes());
        }
    }
}
