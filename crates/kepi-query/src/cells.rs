//! The states of one cell, by what they are for: what a measure kind computes a value from.

use kepi_model::id::Hash;
use kepi_stats::estimate::NotComputable;

use crate::{
    lower::{Part, Role, Side},
    state::{StateColumn, StateTable},
    value::Coverage,
};

/// The states of one side of a KPI, all its cells.
#[derive(Debug, Clone)]
pub struct SideStates<'a> {
    side: &'a Side,
    /// In the order of the side's states.
    columns: Vec<&'a StateColumn>,
}

impl<'a> SideStates<'a> {
    /// The side's states in a table; none if one is not there.
    pub fn new(side: &'a Side, table: &'a StateTable) -> Option<Self> {
        let columns = side.states.iter().map(|(_, spec)| table.column(spec)).collect::<Option<_>>()?;
        Some(Self { side, columns })
    }

    fn column(&self, role: Role) -> Option<&'a StateColumn> {
        let position = self.side.states.iter().position(|(found, _)| *found == role)?;
        self.columns.get(position).copied()
    }

    /// Whether any row of the side's population is in a cell.
    pub fn is_populated(&self, cell: usize) -> bool {
        match self.column(Role::Eligible) {
            Some(StateColumn::Count(counts)) => counts.get(cell).is_some_and(|count| *count > 0),
            // Out of range: there is something, and the value will say so.
            _ => true,
        }
    }
}

/// The states of one period and segment, for every side of a KPI.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    sides: &'a [SideStates<'a>],
    /// By side: which cell; none: no row fell into it, so counts and sums are zero.
    cells: &'a [Option<usize>],
}

impl<'a> Cells<'a> {
    /// One cell of each side.
    pub fn new(sides: &'a [SideStates<'a>], cells: &'a [Option<usize>]) -> Self {
        Self { sides, cells }
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

    /// Hash of the states of this cell in canonical form: what the value was computed from, to the bit. `bytes` is
    /// memory to write that form to.
    pub fn hash(&self, bytes: &mut Vec<u8>) -> Hash {
        bytes.clear();
        for (side, cell) in self.sides.iter().zip(self.cells) {
            bytes.extend(side.side.part.name().as_bytes());
            for ((_, spec), column) in side.side.states.iter().zip(&side.columns) {
                bytes.extend(spec.id.0.0);
                match cell {
                    Some(cell) => canonical(column, *cell, bytes),
                    None => bytes.push(0),
                }
            }
        }
        Hash::of(bytes)
    }

    fn column(&self, part: Part, role: Role) -> Result<(&'a StateColumn, Option<usize>), NotComputable> {
        let missing = || NotComputable::Invalid("the states do not hold what the measure needs".to_owned());
        let mut sides = self.sides.iter().zip(self.cells);
        let (side, cell) = sides.find(|(side, _)| side.side.part == part).ok_or_else(missing)?;
        match side.column(role).ok_or_else(missing)? {
            StateColumn::OutOfRange { bound } => Err(NotComputable::OutOfRange { bound: bound.clone() }),
            column => Ok((column, *cell)),
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
