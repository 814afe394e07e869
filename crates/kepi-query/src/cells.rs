//! The states of one cell, by what they are for: what a measure kind computes a value from.

use std::borrow::Cow;

use kepi_stats::estimate::NotComputable;

use crate::{
    lower::{Part, Role, Side},
    state::{
        StateColumn, StateTable,
        wire::{CellStates, DigestKey, Seen, Writer},
    },
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

/// The states of one period and segment, for every side of a KPI: of a table, or as they were kept beside a value.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a>(Place<'a>);

#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    Table {
        sides: &'a [SideStates<'a>],
        /// By side: which cell; none: no row fell into it, so counts and sums are zero.
        cells: &'a [Option<usize>],
    },
    Kept(&'a CellStates),
}

impl<'a> Cells<'a> {
    /// One cell of each side.
    pub fn new(sides: &'a [SideStates<'a>], cells: &'a [Option<usize>]) -> Self {
        Self(Place::Table { sides, cells })
    }

    /// States that were kept.
    pub fn kept(states: &'a CellStates) -> Self {
        Self(Place::Kept(states))
    }

    /// Rows. Fails only if the state is out of range.
    pub fn count(&self, part: Part, role: Role) -> Result<u64, NotComputable> {
        Ok(if let Seen::Count(rows) = self.state(part, role)? { rows } else { 0 })
    }

    /// A sum, zero if nothing was added.
    pub fn sum(&self, part: Part, role: Role) -> Result<i128, NotComputable> {
        Ok(if let Seen::Sum(sum) = self.state(part, role)? { sum } else { 0 })
    }

    /// A sum or a number of rows, whichever the state is.
    pub fn total(&self, part: Part, role: Role) -> Result<i128, NotComputable> {
        Ok(match self.state(part, role)? {
            Seen::Count(rows) => rows.into(),
            Seen::Sum(sum) => sum,
            _ => 0,
        })
    }

    /// Number of different values.
    pub fn distinct(&self, part: Part, role: Role) -> Result<u64, NotComputable> {
        Ok(if let Seen::Distinct(values) = self.state(part, role)? { values } else { 0 })
    }

    /// Counts by bin, `bins` of them.
    pub fn histogram(&self, part: Part, role: Role, bins: usize) -> Result<Vec<u64>, NotComputable> {
        Ok(match self.state(part, role)? {
            Seen::Histogram(counts) if counts.len() == bins => counts.into_owned(),
            _ => vec![0; bins],
        })
    }

    /// Counted and eligible rows of one part.
    pub fn coverage(&self, part: Part) -> Result<Coverage, NotComputable> {
        let counted = self.count(part, Role::Counted)?;
        Ok(Coverage { counted, eligible: self.count(part, Role::Eligible)?, cases: counted })
    }

    /// Writes these states as they are kept (see [`wire`](crate::state::wire)): what the value was computed from, to
    /// the bit.
    pub fn encode(&self, key: &DigestKey, bytes: &mut Vec<u8>) {
        match self.0 {
            Place::Kept(states) => *bytes = states.encode(),
            Place::Table { sides, cells } => {
                let mut writer = Writer::new(bytes, sides.len());
                for (side, cell) in sides.iter().zip(cells) {
                    writer.term(side.side.part, side.columns.len());
                    for ((role, _), column) in side.side.states.iter().zip(&side.columns) {
                        write(column, *role, *cell, key, &mut writer);
                    }
                }
            }
        }
    }

    fn state(&self, part: Part, role: Role) -> Result<Seen<'a>, NotComputable> {
        let missing = || NotComputable::Invalid("the states do not hold what the measure needs".to_owned());
        let seen = match self.0 {
            Place::Kept(states) => states.get(part, role).ok_or_else(missing)?.seen(),
            Place::Table { sides, cells } => {
                let mut sides = sides.iter().zip(cells);
                let (side, cell) = sides.find(|(side, _)| side.side.part == part).ok_or_else(missing)?;
                seen(side.column(role).ok_or_else(missing)?, *cell)
            }
        };
        match seen {
            Seen::OutOfRange(bound) => Err(NotComputable::OutOfRange { bound: bound.to_owned() }),
            seen => Ok(seen),
        }
    }
}

fn bins_of(bins: u32, counts: &[u64], cell: Option<usize>) -> &[u64] {
    let bins = bins as usize;
    cell.and_then(|cell| counts.get(cell * bins..(cell + 1) * bins)).unwrap_or_default()
}

fn seen(column: &StateColumn, cell: Option<usize>) -> Seen<'_> {
    // Out of range is the whole column, also where no row fell into the cell.
    if let StateColumn::OutOfRange { bound } = column {
        return Seen::OutOfRange(bound);
    }
    let Some(cell) = cell else { return Seen::Nothing };
    match column {
        StateColumn::Count(rows) => Seen::Count(rows.get(cell).copied().unwrap_or(0)),
        StateColumn::Sum(sums) => Seen::Sum(sums.get(cell).copied().unwrap_or(0)),
        StateColumn::Histogram { bins, counts } => {
            Seen::Histogram(Cow::Borrowed(bins_of(*bins, counts, Some(cell))))
        }
        StateColumn::Distinct { .. } => {
            Seen::Distinct(column.distinct(cell).map_or(0, |values| values.count() as u64))
        }
        StateColumn::Extreme(_) | StateColumn::OutOfRange { .. } => Seen::Extreme,
    }
}

/// One state of one cell. A cell that no row fell into is written like one in which nothing was added.
fn write(column: &StateColumn, role: Role, cell: Option<usize>, key: &DigestKey, writer: &mut Writer<'_>) {
    match column {
        StateColumn::Count(rows) => {
            writer.count(role, cell.and_then(|cell| rows.get(cell).copied()).unwrap_or(0));
        }
        StateColumn::Sum(sums) => {
            writer.sum(role, cell.and_then(|cell| sums.get(cell).copied()).unwrap_or(0));
        }
        StateColumn::Extreme(values) => {
            writer.extreme(role, cell.and_then(|cell| values.get(cell).copied().flatten()));
        }
        StateColumn::Histogram { bins, counts } => {
            writer.histogram(role, *bins as usize, bins_of(*bins, counts, cell));
        }
        StateColumn::Distinct { .. } => {
            let (count, digest) =
                key.digest(cell.and_then(|cell| column.distinct(cell)).into_iter().flatten());
            writer.distinct(role, count, digest);
        }
        StateColumn::OutOfRange { bound } => writer.out_of_range(role, bound),
    }
}
