//! The reference evaluator: row by row, as plain as possible. It is what a plan means; others must equal it.
//!
//! What it settles beyond [`ScanPlan`]:
//! - The time of a row is read through current versions of referenced rows, since the time is what decides versions.
//! - With [`AsOf::Event`] a reference leads to the version with `_valid_from <= time < _valid_to`, a missing bound
//!   being no bound; with [`AsOf::Now`] to the version without `_valid_to`.
//! - At most one version of a key holds at any instant; the lake ensures it. Of several, the first in the table is
//!   taken here; other evaluators may rely on there being one.
//! - A row whose filter or expression overflows makes the whole state [`StateColumn::OutOfRange`]; so does a sum that
//!   leaves 128 bits.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::ready,
};

use kepi_model::{
    expression::{Expression, Node, Path},
    id::{AttributeId, EntityId},
    project::AsOf,
};

use crate::{
    merge::{ExactSum, distinct_column, sum_bound},
    plan::{JOINT, ScanPlan, StateKind, StateSpec},
    port::{
        Belonging, EngineVersion, EvaluateError, Evaluator, Fut, Limits, MemoryColumn, MemoryTable,
        PinnedColumn, PinnedInputs, PinnedTable, TableData, system,
    },
    row::{Cell, Overflow, Row, evaluate, evaluate_wide, holds},
    state::{
        KeyColumn, Measured, Member, StateColumn, StateTable,
        wire::{DigestKey, StateValue},
    },
};

/// The reference evaluator. Reads tables in memory only.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reference;

impl Evaluator for Reference {
    fn version(&self) -> EngineVersion {
        EngineVersion::on("reference")
    }
    fn measure<'a>(
        &'a self,
        plan: &'a ScanPlan,
        inputs: &'a PinnedInputs,
        limits: &'a Limits,
    ) -> Fut<'a, Result<Measured, EvaluateError>> {
        Box::pin(ready(measure(plan, inputs, limits)))
    }
    fn read<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        _: &'a Limits,
    ) -> Fut<'a, Result<MemoryTable, EvaluateError>> {
        let TableData::Memory(memory) = &table.data else { return Box::pin(ready(Err(in_memory_only()))) };
        let at = |column: &PinnedColumn| table.columns.iter().position(|own| own.name == column.name);
        let read = columns.iter().map(|column| memory.columns.get(at(column)?).cloned());
        let read: Option<Vec<MemoryColumn>> = read.collect();
        let lacking = || EvaluateError::Engine("a table in memory lacks a column".to_owned());
        let some = |columns| {
            let all = MemoryTable { rows: memory.rows, columns };
            // What rows are chosen by need not be read of them.
            only.map_or(all.clone(), |only| all.taken(&only.of(&table.columns, memory)))
        };
        Box::pin(ready(read.map(some).ok_or_else(lacking)))
    }
    fn file(&self, _: &[PinnedColumn], _: &MemoryTable) -> Result<Vec<u8>, EvaluateError> {
        Err(in_memory_only())
    }
}

fn in_memory_only() -> EvaluateError {
    EvaluateError::Engine("the reference evaluator reads tables in memory only".to_owned())
}

/// Evaluates a plan.
pub fn measure(plan: &ScanPlan, inputs: &PinnedInputs, limits: &Limits) -> Result<Measured, EvaluateError> {
    check_columns(plan, inputs)?;
    let tables = Tables::new(inputs)?;
    let mut grids: Vec<Grid> = plan.key_sets.iter().map(|_| Grid::default()).collect();
    let mut undated = 0;
    for row in tables.current_rows(&plan.entity) {
        let at_now = RowOf { tables: &tables, entity: &plan.entity, row, as_of: None };
        let time = match at_now.attribute(&plan.time) {
            Cell::Instant(time) => time,
            _ => {
                undated += 1;
                continue;
            }
        };
        let Some(bucket) = bucket_of(&plan.edges, time) else { continue };
        let as_of = if plan.as_of == AsOf::Event { Some(time) } else { None };
        let row = RowOf { tables: &tables, entity: &plan.entity, row, as_of };
        let members: Vec<Member> =
            plan.keys.iter().map(|key| evaluate(&key.of, &row).map_or(Member::Unknown, member_of)).collect();
        for (key_set, grid) in plan.key_sets.iter().zip(&mut grids) {
            let key = key_set.iter().filter_map(|position| members.get(*position).cloned()).collect();
            let cell = grid
                .cells
                .entry((bucket, key))
                .or_insert_with(|| plan.states.iter().map(|state| Accumulator::new(&state.kind)).collect());
            for (position, (state, accumulator)) in plan.states.iter().zip(cell).enumerate() {
                if let Err(overflow) = accumulator.add(state, &row) {
                    // The wider of two, so that the order of rows cannot show.
                    let known = grid.out_of_range.entry(position).or_insert(overflow);
                    known.bits = known.bits.max(overflow.bits);
                }
            }
            if grid.cells.len() as u64 > limits.cells {
                return Err(EvaluateError::TooManyCells {
                    dimensions: names(plan, key_set),
                    key_set: key_set.clone(),
                    limit: limits.cells,
                });
            }
        }
    }
    let tables =
        plan.key_sets.iter().zip(grids).map(|(key_set, grid)| grid.into_table(plan, key_set)).collect();
    Ok(Measured { tables, undated })
}

/// The bucket `[edges[i], edges[i + 1])` of an instant.
pub fn bucket_of(edges: &[i64], time: i64) -> Option<u32> {
    let after = edges.partition_point(|edge| *edge <= time);
    if after == 0 || after >= edges.len() { None } else { u32::try_from(after - 1).ok() }
}

/// The member that a value stands for.
pub fn member_of(cell: Cell) -> Member {
    rendered(cell).map_or(Member::Unknown, Member::Value)
}

/// Texts as they are, integers and instants in decimal, booleans as `true` and `false`.
fn rendered(cell: Cell) -> Option<Box<str>> {
    match cell {
        Cell::Missing => None,
        Cell::Text(text) => Some(text),
        Cell::Integer(value) | Cell::Instant(value) => Some(value.to_string().into()),
        Cell::Boolean(value) => Some(value.to_string().into()),
    }
}

/// The dimensions of a key set, for [`EvaluateError::TooManyCells`].
pub fn names(plan: &ScanPlan, key_set: &[usize]) -> String {
    let names: Vec<&str> = key_set
        .iter()
        .filter_map(|position| plan.keys.get(*position))
        .map(|key| key.dimension.as_str())
        .collect();
    names.join(" × ")
}

/// Cells of one key set on the way.
#[derive(Default)]
struct Grid {
    cells: BTreeMap<(u32, Vec<Member>), Vec<Accumulator>>,
    /// By position of the state.
    out_of_range: BTreeMap<usize, Overflow>,
}

impl Grid {
    fn into_table(self, plan: &ScanPlan, key_set: &[usize]) -> StateTable {
        let keys = key_set
            .iter()
            .enumerate()
            .filter_map(|(place, position)| {
                let key = plan.keys.get(*position)?;
                let members: BTreeSet<&Member> =
                    self.cells.keys().filter_map(|(_, key)| key.get(place)).collect();
                let members: Vec<Member> = members.into_iter().cloned().collect();
                let codes = self
                    .cells
                    .keys()
                    .filter_map(|(_, key)| members.binary_search(key.get(place)?).ok())
                    .map(|code| code as u32)
                    .collect();
                Some(KeyColumn { dimension: key.dimension.clone(), members, codes })
            })
            .collect();
        let states = plan
            .states
            .iter()
            .enumerate()
            .map(|(position, state)| {
                let column = match self.out_of_range.get(&position) {
                    Some(overflow) => StateColumn::OutOfRange { bound: bound(*overflow) },
                    None => column(state, self.cells.values().filter_map(|cell| cell.get(position))),
                };
                (state.id, column)
            })
            .collect();
        StateTable { buckets: self.cells.keys().map(|(bucket, _)| *bucket).collect(), keys, states }
    }
}

fn bound(overflow: Overflow) -> String {
    if overflow.bits == 64 { i64::MAX.to_string() } else { sum_bound() }
}

/// What one state adds up in one cell.
pub(crate) enum Accumulator {
    Count(u64),
    Sum(ExactSum),
    Minimum(Option<i64>),
    Maximum(Option<i64>),
    Histogram(Vec<u64>),
    Distinct(BTreeSet<Box<str>>),
}

impl Accumulator {
    pub(crate) fn new(kind: &StateKind) -> Self {
        match kind {
            StateKind::Count => Self::Count(0),
            StateKind::Sum(_) => Self::Sum(ExactSum::default()),
            StateKind::Minimum(_) => Self::Minimum(None),
            StateKind::Maximum(_) => Self::Maximum(None),
            StateKind::Histogram { edges, .. } => Self::Histogram(vec![0; edges.len() + 1]),
            StateKind::Distinct(_) => Self::Distinct(BTreeSet::new()),
        }
    }

    pub(crate) fn add(&mut self, state: &StateSpec, row: &dyn Row) -> Result<(), Overflow> {
        if let Some(filter) = &state.filter
            && !holds(filter, row)?
        {
            return Ok(());
        }
        let integer = |of: &Expression| match evaluate(of, row)? {
            Cell::Integer(value) | Cell::Instant(value) => Ok(Some(value)),
            _ => Ok(None),
        };
        match (self, &state.kind) {
            (Self::Count(count), StateKind::Count) => *count += 1,
            (Self::Sum(sum), StateKind::Sum(of)) => {
                if let Some(value) = evaluate_wide(of, row)? {
                    sum.add(value);
                }
            }
            (Self::Minimum(least), StateKind::Minimum(of)) => {
                if let Some(value) = integer(of)? {
                    *least = Some(least.map_or(value, |old| old.min(value)));
                }
            }
            (Self::Maximum(greatest), StateKind::Maximum(of)) => {
                if let Some(value) = integer(of)? {
                    *greatest = Some(greatest.map_or(value, |old| old.max(value)));
                }
            }
            (Self::Histogram(counts), StateKind::Histogram { of, edges }) => {
                if let Some(value) = integer(of)? {
                    let bin = edges.partition_point(|edge| *edge <= value);
                    if let Some(count) = counts.get_mut(bin) {
                        *count += 1;
                    }
                }
            }
            (Self::Distinct(values), StateKind::Distinct(of)) => {
                values.extend(joint(of, row)?);
            }
            // `new` makes the accumulator that fits the kind.
            _ => {}
        }
        Ok(())
    }

    /// As it is kept of a value.
    pub(crate) fn value(&self, key: &DigestKey) -> StateValue {
        match self {
            Self::Count(count) => StateValue::Count(*count),
            Self::Sum(sum) => {
                sum.total().map_or_else(|| StateValue::OutOfRange { bound: sum_bound() }, StateValue::Sum)
            }
            Self::Minimum(value) | Self::Maximum(value) => StateValue::Extreme(*value),
            Self::Histogram(counts) => StateValue::Histogram(counts.clone()),
            Self::Distinct(values) => {
                let (count, digest) = key.digest(values.iter().map(AsRef::as_ref));
                StateValue::Distinct { count, digest }
            }
        }
    }
}

/// The values of a row side by side; none if it lacks one of them.
fn joint(of: &[Expression], row: &dyn Row) -> Result<Option<Box<str>>, Overflow> {
    let mut text = String::new();
    for (place, of) in of.iter().enumerate() {
        let Some(value) = rendered(evaluate(of, row)?) else { return Ok(None) };
        if place > 0 {
            text.push(JOINT);
        }
        text.push_str(&value);
    }
    Ok(Some(text.into()))
}

fn column<'a>(state: &StateSpec, cells: impl Iterator<Item = &'a Accumulator>) -> StateColumn {
    let mut counts = Vec::new();
    let mut sums = Vec::new();
    let mut extremes = Vec::new();
    let mut sets = Vec::new();
    for cell in cells {
        match cell {
            Accumulator::Count(count) => counts.push(*count),
            Accumulator::Histogram(bins) => counts.extend(bins),
            Accumulator::Minimum(value) | Accumulator::Maximum(value) => extremes.push(*value),
            Accumulator::Distinct(values) => sets.push(values.clone()),
            Accumulator::Sum(sum) => match sum.total() {
                Some(sum) => sums.push(sum),
                None => return StateColumn::OutOfRange { bound: sum_bound() },
            },
        }
    }
    match &state.kind {
        StateKind::Count => StateColumn::Count(counts),
        StateKind::Sum(_) => StateColumn::Sum(sums),
        StateKind::Minimum(_) | StateKind::Maximum(_) => StateColumn::Extreme(extremes),
        StateKind::Histogram { edges, .. } => StateColumn::Histogram { bins: edges.len() as u32 + 1, counts },
        StateKind::Distinct(_) => distinct_column(&sets),
    }
}

/// Every column that a plan names must be in the tables that are there; else [`EvaluateError::NoColumn`].
pub fn check_columns(plan: &ScanPlan, inputs: &PinnedInputs) -> Result<(), EvaluateError> {
    let mut paths = vec![&plan.time];
    let mut expressions: Vec<&Expression> = plan.keys.iter().map(|key| &key.of).collect();
    for state in &plan.states {
        expressions.extend(&state.filter);
        expressions.extend(state.kind.expressions());
    }
    for expression in expressions {
        expression_paths(expression, &mut paths);
    }
    for path in paths {
        let mut entity = &plan.entity;
        for (reference, next) in &path.references {
            check_column(inputs, entity, reference)?;
            entity = next;
        }
        check_column(inputs, entity, &path.attribute)?;
    }
    Ok(())
}

fn check_column(inputs: &PinnedInputs, entity: &EntityId, column: &AttributeId) -> Result<(), EvaluateError> {
    match inputs.tables.get(entity) {
        Some(table) if !table.columns.iter().any(|found| found.name == column.as_str()) => {
            Err(EvaluateError::NoColumn { entity: entity.clone(), column: column.clone() })
        }
        _ => Ok(()),
    }
}

/// All paths that an expression reads, in order, with repetitions.
pub fn expression_paths<'a>(expression: &'a Expression, paths: &mut Vec<&'a Path>) {
    expression.visit(&mut |part| {
        if let Node::Path(path) = &part.node {
            paths.push(path);
        }
    });
}

/// One table, its columns by name and its rows by key.
struct Table<'a> {
    pinned: &'a PinnedTable,
    memory: &'a MemoryTable,
    rows_of_key: BTreeMap<&'a str, Vec<usize>>,
}

impl Table<'_> {
    fn cell(&self, column: &str, row: usize) -> Cell {
        let position = self.pinned.columns.iter().position(|found| found.name == column);
        match position.and_then(|position| self.memory.columns.get(position)) {
            Some(column) => column.cell(row),
            None => Cell::Missing,
        }
    }
    fn instant(&self, column: &str, row: usize) -> Option<i64> {
        if let Cell::Instant(value) = self.cell(column, row) { Some(value) } else { None }
    }
    fn is_current(&self, row: usize) -> bool {
        self.instant(system::VALID_TO, row).is_none()
    }
    fn holds_at(&self, row: usize, time: i64) -> bool {
        self.instant(system::VALID_FROM, row).is_none_or(|from| from <= time)
            && self.instant(system::VALID_TO, row).is_none_or(|to| time < to)
    }
}

struct Tables<'a>(BTreeMap<&'a EntityId, Table<'a>>);

impl<'a> Tables<'a> {
    fn new(inputs: &'a PinnedInputs) -> Result<Self, EvaluateError> {
        let mut tables = BTreeMap::new();
        for (entity, pinned) in &inputs.tables {
            let TableData::Memory(memory) = &pinned.data else {
                return Err(in_memory_only());
            };
            let mut rows_of_key: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            if let [key] = pinned.key.as_slice() {
                let position = pinned.columns.iter().position(|column| column.name == key.as_str());
                if let Some(MemoryColumn::Text(keys)) = position.and_then(|at| memory.columns.get(at)) {
                    for (row, key) in keys.iter().enumerate() {
                        if let Some(key) = key {
                            rows_of_key.entry(key).or_default().push(row);
                        }
                    }
                }
            }
            tables.insert(entity, Table { pinned, memory, rows_of_key });
        }
        Ok(Self(tables))
    }

    fn current_rows(&self, entity: &EntityId) -> Vec<usize> {
        let Some(table) = self.0.get(entity) else { return Vec::new() };
        (0..table.memory.rows).filter(|row| table.is_current(*row)).collect()
    }
}

/// A row of the base entity; references are followed as of `as_of`, or now.
struct RowOf<'a> {
    tables: &'a Tables<'a>,
    entity: &'a EntityId,
    row: usize,
    as_of: Option<i64>,
}

impl RowOf<'_> {
    /// The row that a reference value leads to.
    fn follow(&self, entity: &EntityId, value: &Cell) -> Option<usize> {
        let table = self.tables.0.get(entity)?;
        let Cell::Text(key) = value else { return None };
        table.rows_of_key.get(key.as_ref())?.iter().copied().find(|row| match self.as_of {
            Some(time) => table.holds_at(*row, time),
            None => table.is_current(*row),
        })
    }
}

impl Row for RowOf<'_> {
    fn attribute(&self, path: &Path) -> Cell {
        let (mut entity, mut row) = (self.entity, self.row);
        for (reference, next) in &path.references {
            let Some(table) = self.tables.0.get(entity) else { return Cell::Missing };
            let Some(found) = self.follow(next, &table.cell(reference.as_str(), row)) else {
                return Cell::Missing;
            };
            (entity, row) = (next, found);
        }
        self.tables.0.get(entity).map_or(Cell::Missing, |table| table.cell(path.attribute.as_str(), row))
    }
    fn exists(&self, attribute: &AttributeId, entity: &EntityId) -> Option<bool> {
        let value = self.tables.0.get(self.entity)?.cell(attribute.as_str(), self.row);
        if value.is_missing() { None } else { Some(self.follow(entity, &value).is_some()) }
    }
}

impl StateKind {
    /// What it reads beside the filter.
    pub fn expressions(&self) -> &[Expression] {
        match self {
            Self::Count => &[],
            Self::Sum(of) | Self::Minimum(of) | Self::Maximum(of) | Self::Histogram { of, .. } => {
                std::slice::from_ref(of)
            }
            Self::Distinct(of) => of,
        }
    }
}
