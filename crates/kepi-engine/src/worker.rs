//! One partition: its batches are dated, looked up, computed, dealt to cells and added.
#![expect(
    clippy::indexing_slicing,
    reason = "rows and cells are positions in columns of the batch and its cells"
)]

use std::{collections::HashMap, sync::Arc};

use arrow::array::RecordBatch;
use kepi_model::{
    expression::{Literal, Physical},
    project::AsOf,
};
use kepi_query::{plan::JOINT, port::EvaluateError, state::Member};

use crate::{
    accumulate::{Accumulator, Distinct, least},
    compile::{Prepared, Source},
    group::{Grouping, Interner, OUTSIDE, buckets},
    lookup::{Lookup, Memo},
    program::{NodeId, Results},
    vector::{Bitmap, Vector},
};

/// Everything a partition needs, the same for all.
#[derive(Debug)]
pub struct Tabulation {
    /// The plan.
    pub prepared: Prepared,
    /// Tables looked up, by position.
    pub lookups: Vec<Lookup>,
    /// Key sets that are grouped by; what was asked for is added up from them.
    pub key_sets: Vec<Vec<usize>>,
    /// Most cells of one grouping.
    pub cells: u64,
    /// Most bytes of all states.
    pub bytes: u64,
}

/// Why a partition stopped.
#[derive(Debug)]
pub enum Stop {
    /// A grouping has more cells than allowed.
    TooManyCells(usize),
    /// The states take more memory than allowed.
    TooManyBytes,
    /// It failed.
    Failed(EvaluateError),
}

/// The states of one partition, to be merged with those of others.
#[derive(Debug)]
pub struct Partial {
    /// Members by key.
    pub interners: Vec<Interner>,
    /// Cells by key set.
    pub groupings: Vec<Grouping>,
    /// States by key set and state.
    pub states: Vec<Vec<Accumulator>>,
    /// Bits that a value of a state left, by state; 0: none did.
    pub poisoned: Vec<u8>,
    /// Current rows without a time.
    pub undated: u64,
}

impl Partial {
    /// Of no row.
    pub fn empty(tabulation: &Tabulation) -> Self {
        let prepared = &tabulation.prepared;
        let number = prepared.edges.len().saturating_sub(1);
        let empty = || prepared.states.iter().map(|state| state.empty.empty()).collect();
        Self {
            interners: prepared.keys.iter().map(|_| Interner::default()).collect(),
            groupings: tabulation.key_sets.iter().map(|keys| Grouping::new(keys.clone(), number)).collect(),
            states: tabulation.key_sets.iter().map(|_| empty()).collect(),
            poisoned: vec![0; prepared.states.len()],
            undated: 0,
        }
    }
}

/// One partition at work.
#[derive(Debug)]
pub struct Worker {
    tabulation: Arc<Tabulation>,
    memos: Vec<Memo>,
    partial: Partial,
    tally: Tally,
    selection: Selection,
    places: Places,
}

/// Where the rows of a batch belong; memory that is kept between batches.
#[derive(Debug, Default)]
struct Places {
    buckets: Vec<u32>,
    /// Member numbers by key.
    codes: Vec<Vec<u32>>,
    segments: Vec<u32>,
    /// Cells by key set.
    cells: Vec<Vec<u32>>,
}

/// The rows that some states are added over.
#[derive(Debug, Default)]
struct Selection {
    /// Every row of the batch.
    all: bool,
    rows: Vec<u32>,
}

impl Selection {
    fn make(&mut self, mask: &Bitmap, ones: usize) {
        self.all = ones == mask.len();
        self.rows.clear();
        if !self.all {
            self.rows.resize(ones, 0);
            let mut place = 0;
            mask.for_each(|row| {
                self.rows[place] = row as u32;
                place += 1;
            });
        }
    }
    /// Calls `f` with value and cell of every selected row.
    #[inline]
    fn each<T: Copy>(&self, cells: &[u32], values: &[T], mut f: impl FnMut(T, usize)) {
        if self.all {
            values.iter().zip(cells).for_each(|(value, cell)| f(*value, *cell as usize));
        } else {
            self.rows.iter().map(|row| *row as usize).for_each(|row| f(values[row], cells[row] as usize));
        }
    }
}

/// The different sets of rows that the states of a batch are added over.
#[derive(Debug, Default)]
struct Masks {
    /// Sets, each with its number of rows.
    known: Vec<(usize, Bitmap)>,
    /// States by set.
    states: Vec<Vec<usize>>,
}

impl Masks {
    /// Adds a state. Sets are told apart by content: a condition on a column without gaps costs nothing.
    fn add(&mut self, state: usize, mask: Bitmap) {
        let ones = mask.ones();
        match self.known.iter().position(|(known, other)| *known == ones && *other == mask) {
            Some(place) => self.states[place].push(state),
            None => {
                self.known.push((ones, mask));
                self.states.push(vec![state]);
            }
        }
    }
}

impl Worker {
    /// A partition that has seen no row.
    pub fn new(tabulation: Arc<Tabulation>) -> Self {
        Self {
            memos: tabulation.prepared.hops.iter().map(|_| Memo::default()).collect(),
            partial: Partial::empty(&tabulation),
            tally: Tally::default(),
            selection: Selection::default(),
            places: Places::default(),
            tabulation,
        }
    }

    /// What the rows came to.
    pub fn finish(self) -> Partial {
        self.partial
    }

    /// Adds the rows of a batch.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), Stop> {
        let tabulation = Arc::clone(&self.tabulation);
        let prepared = &tabulation.prepared;
        let rows = batch.num_rows();
        let mut vectors: Vec<Vector> = Vec::with_capacity(prepared.sources.len());
        let mut found: Vec<Option<Vec<u32>>> = vec![None; prepared.hops.len()];
        for source in &prepared.sources {
            let vector = match source {
                Source::Base(position, physical) => Vector::of_array(batch.column(*position), *physical)
                    .map_err(|e| Stop::Failed(EvaluateError::Engine(e)))?,
                Source::Referenced(hop, column) => {
                    let Some(lookup) = tabulation.lookups.get(prepared.hops[*hop].table) else {
                        vectors.push(Vector::Constant(Literal::Missing));
                        continue;
                    };
                    if found[*hop].is_none() {
                        let references = &vectors[prepared.hops[*hop].references];
                        let times = match prepared.hops[*hop].as_of() {
                            AsOf::Now => None,
                            AsOf::Event => Some(
                                prepared.time.map_or(&Vector::Constant(Literal::Missing), |t| &vectors[t]),
                            ),
                        };
                        found[*hop] = Some(lookup.find(rows, references, times, &mut self.memos[*hop]));
                    }
                    lookup.gather(*column, found[*hop].as_deref().unwrap_or_default())
                }
            };
            vectors.push(vector);
        }
        let current = match prepared.valid_to {
            None => Bitmap::filled(rows, true),
            Some(position) => vectors[position].valid(rows).map_or(Bitmap::filled(rows, false), |v| v.not()),
        };
        let time = prepared.time.map(|position| &vectors[position]);
        let Some((times, dated)) = time.and_then(|time| Some((time.integers(rows)?, time.valid(rows))))
        else {
            self.partial.undated += current.ones() as u64;
            return Ok(());
        };
        let dated = match dated {
            None => current,
            Some(dated) => {
                self.partial.undated += current.without(&dated).ones() as u64;
                current.and(&dated)
            }
        };
        let mut places = std::mem::take(&mut self.places);
        let inside = buckets(&times, &prepared.edges, &dated, &mut places.buckets);
        if inside.ones() > 0 {
            let results = prepared.program.run(rows, &vectors);
            self.place(&results, &inside, &mut places);
            self.check_limits()?;
            for (grouping, states) in self.partial.groupings.iter().zip(&mut self.partial.states) {
                states.iter_mut().for_each(|state| state.grow(grouping.len()));
            }
            self.add_states(&results, &inside, &places.cells);
        }
        self.places = places;
        Ok(())
    }

    /// Finds the cells of the rows inside, from their buckets.
    fn place(&mut self, results: &Results, inside: &Bitmap, places: &mut Places) {
        let keys = &self.tabulation.prepared.keys;
        places.codes.resize_with(keys.len(), Vec::new);
        for (((node, physical), interner), codes) in
            keys.iter().zip(&mut self.partial.interners).zip(&mut places.codes)
        {
            interner.codes(results.vector(*node), *physical, inside, codes);
        }
        places.cells.resize_with(self.partial.groupings.len(), Vec::new);
        for (grouping, cells) in self.partial.groupings.iter_mut().zip(&mut places.cells) {
            grouping.cells(&places.buckets, &places.codes, inside, &mut places.segments, cells);
        }
    }

    fn check_limits(&self) -> Result<(), Stop> {
        let mut bytes = 0;
        for (i, (grouping, states)) in self.partial.groupings.iter().zip(&self.partial.states).enumerate() {
            let cells = grouping.len() as u64;
            if cells > self.tabulation.cells {
                return Err(Stop::TooManyCells(i));
            }
            bytes += states.iter().map(|s| s.bytes_a_cell() * cells + s.bytes_of_sets()).sum::<u64>();
        }
        if bytes > self.tabulation.bytes { Err(Stop::TooManyBytes) } else { Ok(()) }
    }

    fn add_states(&mut self, results: &Results, inside: &Bitmap, cells: &[Vec<u32>]) {
        let tabulation = Arc::clone(&self.tabulation);
        let mut filtered: HashMap<NodeId, Bitmap> = HashMap::new();
        let mut masks = Masks::default();
        for (position, state) in tabulation.prepared.states.iter().enumerate() {
            let mask = match state.filter {
                None => inside,
                Some(filter) => {
                    if results.overflow(filter).is_some_and(|overflow| overflow.and(inside).ones() > 0) {
                        self.partial.poisoned[position] = 128;
                    }
                    &*filtered
                        .entry(filter)
                        .or_insert_with(|| inside.and(&results.vector(filter).truth(results.rows).yes))
                }
            };
            let mut all = None;
            for (operand, _) in &state.operands {
                // Of a combination only rows that have what stands before: so the reference stops where one is missing.
                let so_far = all.as_ref().unwrap_or(mask);
                if results.overflow(*operand).is_some_and(|overflow| overflow.and(so_far).ones() > 0) {
                    self.partial.poisoned[position] = 128;
                }
                if let Some(valid) = results.vector(*operand).valid(results.rows) {
                    all = Some(so_far.and(&valid));
                }
            }
            masks.add(position, all.unwrap_or_else(|| mask.clone()));
        }
        for (grouping, cells) in cells.iter().enumerate() {
            self.tally.start(cells, inside, self.partial.groupings[grouping].len());
            for ((ones, mask), states) in masks.known.iter().zip(&masks.states) {
                if *ones > 0 {
                    self.add_selected(&tabulation, results, (*ones, mask), states, grouping, cells);
                }
            }
        }
    }

    fn add_selected(
        &mut self,
        tabulation: &Tabulation,
        results: &Results,
        (ones, mask): (usize, &Bitmap),
        states: &[usize],
        grouping: usize,
        cells: &[u32],
    ) {
        let missing = Vector::Constant(Literal::Missing);
        let accumulators = &mut self.partial.states[grouping];
        // States that count the same rows share the counting, the others the list of rows.
        let (counting, adding): (Vec<usize>, Vec<usize>) =
            states.iter().partition(|state| matches!(accumulators[**state], Accumulator::Count(_)));
        if !counting.is_empty() {
            self.tally.count(mask);
            for state in counting {
                if let Accumulator::Count(counts) = &mut accumulators[state] {
                    self.tally.add_to(counts);
                }
            }
        }
        if !adding.is_empty() {
            self.selection.make(mask, ones);
        }
        for state in adding {
            let compiled = &tabulation.prepared.states[state];
            let accumulator = &mut accumulators[state];
            let exact = match (accumulator, compiled.operands.as_slice()) {
                (Accumulator::Distinct(distinct), several @ [_, _, ..]) => {
                    let operands = several.iter().map(|(node, physical)| (results.vector(*node), *physical));
                    add_joint(distinct, operands, &self.selection, cells, results.rows)
                }
                (accumulator, operands) => {
                    let none = (&missing, Physical::Integer);
                    let (operand, physical) =
                        operands.first().map_or(none, |(node, physical)| (results.vector(*node), *physical));
                    add(accumulator, operand, physical, &self.selection, cells, results.rows)
                }
            };
            if !exact {
                let known = &mut self.partial.poisoned[state];
                *known = (*known).max(64);
            }
        }
    }
}

/// Counts of rows by cell within a batch. The cells that occur in it are few, so that they are numbered anew and their
/// counts stay in the nearest cache.
#[derive(Debug, Default)]
struct Tally {
    /// Number of a cell within the batch; [`OUTSIDE`] between batches.
    numbers: Vec<u32>,
    /// Cells by number.
    cells: Vec<u32>,
    /// Numbers by row.
    rows: Vec<u32>,
    counts: Vec<u32>,
}

impl Tally {
    /// Numbers the cells of the rows inside, of `number` cells in all.
    fn start(&mut self, cells: &[u32], inside: &Bitmap, number: usize) {
        self.numbers.resize(number.max(self.numbers.len()), OUTSIDE);
        self.rows.resize(cells.len(), 0);
        self.cells.clear();
        inside.for_each(|row| {
            let own = &mut self.numbers[cells[row] as usize];
            if *own == OUTSIDE {
                *own = self.cells.len() as u32;
                self.cells.push(cells[row]);
            }
            self.rows[row] = *own;
        });
        for cell in &self.cells {
            self.numbers[*cell as usize] = OUTSIDE;
        }
    }
    /// Counts the rows of a mask, which are among those inside.
    fn count(&mut self, mask: &Bitmap) {
        self.counts.clear();
        self.counts.resize(self.cells.len(), 0);
        mask.for_each(|row| self.counts[self.rows[row] as usize] += 1);
    }
    fn add_to(&self, counts: &mut [u64]) {
        for (cell, n) in self.cells.iter().zip(&self.counts) {
            counts[*cell as usize] += u64::from(*n);
        }
    }
}

/// Adds the combinations of several vectors to a set. False if a value does not fit the 64 bits that it can hold.
fn add_joint<'a>(
    distinct: &mut Distinct,
    operands: impl Iterator<Item = (&'a Vector, Physical)>,
    selection: &Selection,
    cells: &[u32],
    rows: usize,
) -> bool {
    let mut wanted = Bitmap::filled(rows, selection.all);
    selection.rows.iter().for_each(|row| wanted.set(*row as usize));
    let mut exact = true;
    let mut texts: Vec<String> = vec![String::new(); rows];
    for (place, (operand, physical)) in operands.enumerate() {
        if let Vector::Wide(values, _) = operand {
            selection.each(cells, values, |value, _| exact &= i64::try_from(value).is_ok());
        }
        let (mut interner, mut codes) = (Interner::default(), vec![]);
        interner.codes(operand, physical, &wanted, &mut codes);
        wanted.for_each(|row| {
            if place > 0 {
                texts[row].push(JOINT);
            }
            if let Member::Value(text) = &interner.members()[codes[row] as usize] {
                texts[row].push_str(text);
            }
        });
    }
    let mut codes = vec![0; rows];
    wanted.for_each(|row| {
        let text = std::mem::take(&mut texts[row]);
        codes[row] = distinct.interner.member(&Member::Value(text.into()));
    });
    selection.each(cells, &codes, |code, cell| distinct.add(cell as u32, code));
    exact
}

/// Adds the selected rows of a vector to a state that is no count. False if a value does not fit the 64 bits that the
/// state can hold.
fn add(
    state: &mut Accumulator,
    operand: &Vector,
    physical: Physical,
    selection: &Selection,
    cells: &[u32],
    rows: usize,
) -> bool {
    let narrow = || match operand {
        Vector::Wide(values, valid) => {
            let mut exact = true;
            let mut narrowed = Vec::with_capacity(values.len());
            for (row, value) in values.iter().enumerate() {
                let value = i64::try_from(*value).unwrap_or_else(|_| {
                    exact &= valid.as_ref().is_some_and(|valid| !valid.get(row));
                    0
                });
                narrowed.push(value);
            }
            if !exact {
                // Only selected rows count.
                exact = true;
                selection.each(cells, values, |value, _| exact &= i64::try_from(value).is_ok());
            }
            Some((narrowed.into(), exact))
        }
        other => other.integers(rows).map(|values| (values, true)),
    };
    match state {
        // Counted by `Tally`.
        Accumulator::Count(_) => true,
        Accumulator::Sum(sums) => {
            // Proved to stay within 64 bits, so are the values.
            if let Some((values, exact)) = narrow() {
                selection.each(cells, &values, |value, cell| sums[cell] = sums[cell].wrapping_add(value));
                return exact;
            }
            true
        }
        Accumulator::Total(totals) => {
            match operand {
                Vector::Integer(values, _) => {
                    selection.each(cells, values, |value, cell| totals[cell].add(value.into()));
                }
                _ => {
                    if let Some(values) = operand.wide(rows) {
                        selection.each(cells, &values, |value, cell| totals[cell].add(value));
                    }
                }
            }
            true
        }
        Accumulator::Minimum(found) => narrow().is_none_or(|(values, exact)| {
            selection.each(cells, &values, |value, cell| found[cell] = least(found[cell], Some(value)));
            exact
        }),
        Accumulator::Maximum(found) => narrow().is_none_or(|(values, exact)| {
            selection.each(cells, &values, |value, cell| found[cell] = found[cell].max(Some(value)));
            exact
        }),
        Accumulator::Histogram { bins, edges, counts } => narrow().is_none_or(|(values, exact)| {
            selection.each(cells, &values, |value, cell| {
                let bin = edges.partition_point(|edge| *edge <= value);
                counts[cell * *bins + bin] += 1;
            });
            exact
        }),
        Accumulator::Distinct(distinct) => {
            let exact = !matches!(operand, Vector::Wide(..)) || narrow().is_none_or(|(_, exact)| exact);
            let mut wanted = Bitmap::filled(rows, selection.all);
            selection.rows.iter().for_each(|row| wanted.set(*row as usize));
            let mut codes = vec![];
            distinct.interner.codes(operand, physical, &wanted, &mut codes);
            selection.each(cells, &codes, |code, cell| distinct.add(cell as u32, code));
            exact
        }
    }
}
