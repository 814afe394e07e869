//! The states of one cell, by what they are for: what a measure kind computes a value from.

use std::borrow::Cow;

use kepi_model::id::DimensionId;
use kepi_stats::estimate::NotComputable;

use crate::{
    plan::StateKind,
    side::{Role, Side, Term},
    state::{
        Member, StateColumn, StateTable,
        weighting::Weighting,
        wire::{CellStates, DigestKey, Fitted, Outside, Seen, StateValue, TermStates, Writer, fitted, get},
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

    /// Which term of the measure it is.
    pub fn term(&self) -> Term {
        self.side.term
    }

    /// Its states by role.
    pub fn states(&self) -> impl Iterator<Item = (Role, &'a StateKind, &'a StateColumn)> {
        let states = self.side.states.iter().zip(self.columns.iter().copied());
        states.map(|((role, spec), column)| (*role, &spec.kind, column))
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

/// What a measure kind sees of one period and segment: its cell, and what lies around it. Kinds that look at their own
/// cell only cost nothing more.
#[derive(Clone, Copy)]
pub struct View<'a> {
    own: Cells<'a>,
    so_far: &'a [TermStates],
    parts: Option<&'a dyn Parts>,
    /// States that were kept, or merged for a window.
    kept: Option<&'a CellStates>,
    outside: Option<Outside>,
    fitted: Option<&'a Fitted>,
}

/// Finds the parts of a cell when they are asked for.
pub(crate) trait Parts {
    /// Shows the members and the states of each part by these dimensions; false if no scan holds them.
    fn each(&self, by: &[DimensionId], see: &mut dyn FnMut(&[Member], Cells<'_>)) -> bool;
}

impl<'a> View<'a> {
    /// A cell, and the sums over all periods of its segment up to it, if the kind looks back.
    pub(crate) fn new(own: Cells<'a>, so_far: &'a [TermStates], parts: &'a dyn Parts) -> Self {
        Self { own, so_far, parts: Some(parts), kept: None, outside: None, fitted: None }
    }

    /// The same of a period that the data of a term do not reach.
    pub(crate) fn outside_of(self, outside: Option<Outside>) -> Self {
        Self { outside, ..self }
    }

    /// States in memory: those that were kept, or those of a window.
    pub fn kept(states: &'a CellStates) -> Self {
        let (own, so_far) = (Cells::of(&states.terms), states.so_far.as_slice());
        let fitted = states.fitted.as_ref();
        Self { own, so_far, parts: None, kept: Some(states), outside: states.outside, fitted }
    }

    /// The same with what a model came to that was fitted to its rows.
    pub(crate) fn with_fit(self, fitted: &'a Fitted) -> Self {
        Self { fitted: Some(fitted), ..self }
    }

    /// What a model came to that was fitted to its rows.
    pub fn fitted(&self) -> Option<&'a Fitted> {
        self.fitted
    }

    /// What the weights of its rows are made from.
    pub fn weighting(&self) -> Option<&'a Weighting> {
        self.kept?.weighting.as_ref()
    }

    /// Where the window begins before the data: the first days of both.
    pub fn before_data(&self) -> Option<(i32, i32)> {
        self.kept?.before_data
    }

    /// Which term has no data in the period.
    pub fn outside(&self) -> Option<Outside> {
        self.outside
    }

    /// The states of the period itself.
    pub fn own(&self) -> Cells<'a> {
        self.own
    }

    /// The states of all periods up to and with this one, from the first that has rows; only those that add up, and
    /// only for kinds that [look back](crate::measure::MeasureKind::looks_back).
    pub fn so_far(&self) -> Cells<'a> {
        Cells::of(self.so_far)
    }

    /// Shows the parts of the period and segment by further dimensions, those with rows, sorted by members: what weights by
    /// strata are computed from. The KPI has to ask for the dimensions together with those of the segment (`by`, `cross`).
    ///
    /// # Errors
    /// It does not, or the states are those that were kept, which are of the whole.
    pub fn parts(
        &self,
        by: &[DimensionId],
        mut see: impl FnMut(&[Member], Cells<'_>),
    ) -> Result<(), NotComputable> {
        let found = self.parts.is_some_and(|parts| parts.each(by, &mut see));
        let names = || by.iter().map(DimensionId::as_str).collect::<Vec<_>>().join(" × ");
        if found {
            Ok(())
        } else {
            Err(NotComputable::Unsupported(format!("there are no states by {}", names())))
        }
    }

    /// Writes these states as they are kept (see [`wire`](crate::state::wire)): what the value was computed from, to
    /// the bit.
    pub fn encode(&self, key: &DigestKey, bytes: &mut Vec<u8>) {
        if let Some(kept) = self.kept {
            *bytes = kept.encode();
            return;
        }
        let Place::Table { sides, cells } = self.own.0 else { return };
        let terms = sides.len() + self.so_far.len();
        let mut writer = match self.outside {
            None => Writer::new(bytes, terms),
            Some(_) => Writer::new_outside(bytes, terms),
        };
        for (side, cell) in sides.iter().zip(cells) {
            writer.term(side.side.term, side.columns.len());
            for ((role, _), column) in side.side.states.iter().zip(&side.columns) {
                write(column, *role, *cell, key, &mut writer);
            }
        }
        self.so_far.iter().for_each(|term| writer.states(term, true));
        if let Some(outside) = &self.outside {
            writer.ends_outside(outside);
        }
        if let Some(of) = self.fitted {
            *bytes = fitted(of, bytes);
        }
    }
}

/// The states of one period and segment, for every side of a KPI: of a table, or in memory.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a>(Place<'a>);

#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    Table {
        sides: &'a [SideStates<'a>],
        /// By side: which cell; none: no row fell into it, so counts and sums are zero.
        cells: &'a [Option<usize>],
    },
    Memory(&'a [TermStates]),
}

impl<'a> Cells<'a> {
    /// One cell of each side.
    pub fn new(sides: &'a [SideStates<'a>], cells: &'a [Option<usize>]) -> Self {
        Self(Place::Table { sides, cells })
    }

    /// States in memory.
    pub(crate) fn of(terms: &'a [TermStates]) -> Self {
        Self(Place::Memory(terms))
    }

    /// Rows. Fails only if the state is out of range.
    pub fn count(&self, term: Term, role: Role) -> Result<u64, NotComputable> {
        Ok(if let Seen::Count(rows) = self.state(term, role)? { rows } else { 0 })
    }

    /// A sum, zero if nothing was added.
    pub fn sum(&self, term: Term, role: Role) -> Result<i128, NotComputable> {
        Ok(if let Seen::Sum(sum) = self.state(term, role)? { sum } else { 0 })
    }

    /// A sum or a number of rows, whichever the state is.
    pub fn total(&self, term: Term, role: Role) -> Result<i128, NotComputable> {
        Ok(match self.state(term, role)? {
            Seen::Count(rows) => rows.into(),
            Seen::Sum(sum) => sum,
            _ => 0,
        })
    }

    /// Number of different values.
    pub fn distinct(&self, term: Term, role: Role) -> Result<u64, NotComputable> {
        Ok(if let Seen::Distinct(values) = self.state(term, role)? { values } else { 0 })
    }

    /// The different combinations, sorted; none where only their number is at hand: of what is kept, and of a window.
    pub fn combinations(
        &self,
        term: Term,
        role: Role,
    ) -> Result<Option<impl Iterator<Item = &'a str> + use<'a>>, NotComputable> {
        if let Seen::OutOfRange(bound) = self.state(term, role)?.clone() {
            return Err(NotComputable::OutOfRange { bound: bound.to_owned() });
        }
        let Place::Table { sides, cells } = self.0 else { return Ok(None) };
        let mut sides = sides.iter().zip(cells);
        let found = sides.find(|(side, _)| side.side.term == term);
        let values = found.and_then(|(side, cell)| side.column(role)?.distinct((*cell)?));
        Ok(values)
    }

    /// Counts by bin, `bins` of them.
    pub fn histogram(&self, term: Term, role: Role, bins: usize) -> Result<Vec<u64>, NotComputable> {
        Ok(match self.state(term, role)? {
            Seen::Histogram(counts) if counts.len() == bins => counts.into_owned(),
            _ => vec![0; bins],
        })
    }

    /// Counted and eligible rows of one term.
    pub fn coverage(&self, term: Term) -> Result<Coverage, NotComputable> {
        let counted = self.count(term, Role::Counted)?;
        Ok(Coverage { counted, eligible: self.count(term, Role::Eligible)?, cases: counted })
    }

    /// Adds these states to a sum over periods: those that add up.
    pub(crate) fn add_to(&self, sum: &mut Vec<TermStates>) {
        let Place::Table { sides, cells } = self.0 else { return };
        let begin = sum.is_empty();
        for (place, (side, cell)) in sides.iter().zip(cells).enumerate() {
            let states = side.side.states.iter().zip(&side.columns);
            let states = states.map(|((role, _), column)| (*role, seen(column, *cell)));
            if begin {
                let first = |(role, seen)| Some((role, StateValue::first(&seen)?));
                sum.push((side.side.term, states.filter_map(first).collect()));
            } else if let Some((_, sums)) = sum.get_mut(place) {
                for (role, seen) in states {
                    if let Some((_, sum)) = sums.iter_mut().find(|(found, _)| *found == role) {
                        sum.add(&seen);
                    }
                }
            }
        }
    }

    fn state(&self, term: Term, role: Role) -> Result<Seen<'a>, NotComputable> {
        let missing = || NotComputable::Invalid("the states do not hold what the measure needs".to_owned());
        let seen = match self.0 {
            Place::Memory(terms) => get(terms, term, role).ok_or_else(missing)?.seen(),
            Place::Table { sides, cells } => {
                let mut sides = sides.iter().zip(cells);
                let (side, cell) = sides.find(|(side, _)| side.side.term == term).ok_or_else(missing)?;
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

/// Where no row fell into the cell, nothing was added.
fn seen(column: &StateColumn, cell: Option<usize>) -> Seen<'_> {
    match column {
        StateColumn::Count(rows) => Seen::Count(cell.and_then(|cell| rows.get(cell).copied()).unwrap_or(0)),
        StateColumn::Sum(sums) => Seen::Sum(cell.and_then(|cell| sums.get(cell).copied()).unwrap_or(0)),
        StateColumn::Histogram { bins, counts } => match bins_of(*bins, counts, cell) {
            [] => Seen::Histogram(Cow::Owned(vec![0; *bins as usize])),
            counts => Seen::Histogram(Cow::Borrowed(counts)),
        },
        StateColumn::Distinct { .. } => {
            let values = cell.and_then(|cell| column.distinct(cell));
            Seen::Distinct(values.map_or(0, |values| values.count() as u64))
        }
        StateColumn::Extreme(_) => Seen::Extreme,
        // Out of range is the whole column, also where no row fell into the cell.
        StateColumn::OutOfRange { bound } => Seen::OutOfRange(bound),
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
