//! From a plan to what has to be read, looked up and computed for it.

use std::{collections::BTreeMap, sync::Arc};

use kepi_model::{
    expression::{Expression, Path, Physical},
    id::{AttributeId, EntityId},
    project::AsOf,
};
use kepi_query::{
    plan::{ScanPlan, StateKind, StateSpec},
    port::{EvaluateError, PinnedColumn, PinnedInputs, PinnedTable, TableData, system},
};

use crate::{
    accumulate::{Accumulator, Distinct},
    program::{ColumnFacts, Compiled, NodeId, Program},
};

/// Where one of a batch's vectors comes from.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// A column of the scan, by position.
    Base(usize, Physical),
    /// A column of rows referred to: hop and position in its table.
    Referenced(usize, usize),
}

/// A walk along one reference.
#[derive(Debug, Clone)]
pub struct Hop {
    /// Position of the vector that holds the references.
    pub references: usize,
    /// The table looked up, by position.
    pub table: usize,
    /// Vectors known when the walk is made.
    after: Option<usize>,
    attribute: AttributeId,
    entity: EntityId,
    as_of: AsOf,
}

/// A table to be looked up.
#[derive(Debug)]
pub struct LookupTable {
    /// The entity.
    pub entity: EntityId,
    /// Which versions are wanted: all of them or the current ones.
    pub as_of: AsOf,
    /// The columns wanted.
    pub columns: Vec<PinnedColumn>,
}

/// One state, ready to be added to.
#[derive(Debug)]
pub struct CompiledState {
    /// Over the rows for which this is true.
    pub filter: Option<NodeId>,
    /// What is added, with its form: nothing to a count, several to a set of combinations.
    pub operands: Vec<(NodeId, Physical)>,
    /// An empty accumulator of the kind.
    pub empty: Accumulator,
}

/// A plan, ready to run over batches.
#[derive(Debug)]
pub struct Prepared {
    /// Columns to read of the base table, in order.
    pub columns: Vec<PinnedColumn>,
    /// Vectors of a batch, in order.
    pub sources: Vec<Source>,
    /// Hops, each after those it starts from.
    pub hops: Vec<Hop>,
    /// Tables that hops look up.
    pub tables: Vec<LookupTable>,
    /// Which vector dates a row; none: no row has a time.
    pub time: Option<usize>,
    /// Name of the base column that dates a row, if it is one.
    pub time_column: Option<String>,
    /// Which vector ends a version, if the table has it.
    pub valid_to: Option<usize>,
    /// Bucket edges.
    pub edges: Arc<[i64]>,
    /// Results by which segments are formed, and their form.
    pub keys: Vec<(NodeId, Physical)>,
    /// States in the plan's order.
    pub states: Vec<CompiledState>,
    /// What is computed.
    pub program: Program,
}

impl Hop {
    /// Which version of the row counts.
    pub fn as_of(&self) -> AsOf {
        self.as_of
    }
}

struct Resolver<'a> {
    inputs: &'a PinnedInputs,
    entity: &'a EntityId,
    base: &'a PinnedTable,
    columns: Vec<PinnedColumn>,
    sources: Vec<(Option<usize>, String, Source, ColumnFacts)>,
    hops: Vec<Hop>,
    tables: Vec<LookupTable>,
    paths: BTreeMap<(Path, AsOf), Option<usize>>,
}

impl Resolver<'_> {
    fn facts(column: &PinnedColumn) -> ColumnFacts {
        ColumnFacts { physical: column.physical, bounds: column.bounds }
    }
    fn base_column(&mut self, column: &PinnedColumn) -> usize {
        let known = self.sources.iter().position(|(hop, name, ..)| hop.is_none() && *name == column.name);
        known.unwrap_or_else(|| {
            self.columns.push(column.clone());
            let source = Source::Base(self.columns.len() - 1, column.physical);
            self.sources.push((None, column.name.clone(), source, Self::facts(column)));
            self.sources.len() - 1
        })
    }
    /// A column of the base entity or of the entity that a hop leads to; none if that entity has no table.
    fn column(
        &mut self,
        hop: Option<usize>,
        entity: &EntityId,
        attribute: &AttributeId,
    ) -> Result<Option<usize>, EvaluateError> {
        let table = match hop {
            None => self.base,
            Some(_) => match self.inputs.tables.get(entity) {
                Some(table) => table,
                None => return Ok(None),
            },
        };
        let Some(column) = table.columns.iter().find(|c| c.name == attribute.as_str()) else {
            return Err(EvaluateError::NoColumn { entity: entity.clone(), column: attribute.clone() });
        };
        let Some(hop) = hop else { return Ok(Some(self.base_column(column))) };
        let known = |(at, name, ..): &(Option<usize>, String, Source, ColumnFacts)| {
            *at == Some(hop) && *name == column.name
        };
        if let Some(position) = self.sources.iter().position(known) {
            return Ok(Some(position));
        }
        let wanted = self.hops.get(hop).and_then(|h| self.tables.get_mut(h.table));
        let Some(wanted) = wanted else { return Ok(None) };
        let position = match wanted.columns.iter().position(|c| c.name == column.name) {
            Some(position) => position,
            None => {
                wanted.columns.push(column.clone());
                wanted.columns.len() - 1
            }
        };
        let source = Source::Referenced(hop, position);
        self.sources.push((Some(hop), column.name.clone(), source, Self::facts(column)));
        Ok(Some(self.sources.len() - 1))
    }
    fn path(&mut self, path: &Path, as_of: AsOf) -> Result<Option<usize>, EvaluateError> {
        let wanted = (path.clone(), as_of);
        if let Some(known) = self.paths.get(&wanted) {
            return Ok(*known);
        }
        let mut at: Option<usize> = None;
        let mut entity = self.entity.clone();
        for (attribute, next) in &path.references {
            let Some(references) = self.column(at, &entity, attribute)? else {
                self.paths.insert(wanted, None);
                return Ok(None);
            };
            let same =
                |h: &Hop| h.after == at && h.attribute == *attribute && h.entity == *next && h.as_of == as_of;
            let known = self.hops.iter().position(same);
            at = Some(known.unwrap_or_else(|| {
                let table = self.tables.iter().position(|t| t.entity == *next && t.as_of == as_of);
                let table = table.unwrap_or_else(|| {
                    self.tables.push(LookupTable { entity: next.clone(), as_of, columns: vec![] });
                    self.tables.len() - 1
                });
                let (attribute, entity) = (attribute.clone(), next.clone());
                self.hops.push(Hop { references, table, after: at, attribute, entity, as_of });
                self.hops.len() - 1
            }));
            entity = next.clone();
        }
        let found = self.column(at, &entity, &path.attribute)?;
        self.paths.insert(wanted, found);
        Ok(found)
    }
}

/// Prepares a plan over tables.
pub fn prepare(
    plan: &ScanPlan,
    inputs: &PinnedInputs,
    base: &PinnedTable,
) -> Result<Prepared, EvaluateError> {
    let mut resolver = Resolver {
        inputs,
        entity: &plan.entity,
        base,
        columns: vec![],
        sources: vec![],
        hops: vec![],
        tables: vec![],
        paths: BTreeMap::new(),
    };
    let valid_to = base.columns.iter().find(|c| c.name == system::VALID_TO);
    let valid_to = valid_to.map(|column| resolver.base_column(column));
    // The time comes first, since history is walked by it; a time that is itself referred to is the current one.
    let time = resolver.path(&plan.time, AsOf::Now)?;
    let time_column = plan.time.references.is_empty().then(|| plan.time.attribute.as_str().to_owned());

    let mut program = Program::default();
    let mut compile = |expression: &Expression| -> Result<Compiled, EvaluateError> {
        program.compile(expression, &mut |path| {
            let position = resolver.path(path, plan.as_of)?;
            let facts = position.and_then(|position| resolver.sources.get(position));
            Ok(position.zip(facts.map(|(.., facts)| facts.clone())))
        })
    };
    let mut keys = Vec::new();
    for key in &plan.keys {
        keys.push((compile(&key.of)?.node, key.of.type_.physical()));
    }
    let rows = rows(base);
    let mut states = Vec::new();
    for state in &plan.states {
        states.push(compile_state(state, rows, &mut compile)?);
    }
    Ok(Prepared {
        columns: resolver.columns,
        sources: resolver.sources.into_iter().map(|(_, _, source, _)| source).collect(),
        hops: resolver.hops,
        tables: resolver.tables,
        time,
        time_column,
        valid_to,
        edges: Arc::clone(&plan.edges),
        keys,
        states,
        program,
    })
}

/// Rows of a table, superseded ones included.
pub fn rows(table: &PinnedTable) -> u64 {
    match &table.data {
        TableData::Files(files) => files.iter().map(|f| f.rows).sum(),
        TableData::Memory(memory) => memory.rows as u64,
    }
}

fn compile_state(
    state: &StateSpec,
    rows: u64,
    compile: &mut dyn FnMut(&Expression) -> Result<Compiled, EvaluateError>,
) -> Result<CompiledState, EvaluateError> {
    let filter = state.filter.as_ref().map(&mut *compile).transpose()?.map(|c| c.node);
    let empty = match &state.kind {
        StateKind::Count => Accumulator::Count(vec![]),
        StateKind::Sum(_) => Accumulator::Total(vec![]),
        StateKind::Minimum(_) => Accumulator::Minimum(vec![]),
        StateKind::Maximum(_) => Accumulator::Maximum(vec![]),
        StateKind::Histogram { edges, .. } => {
            let (edges, bins) = (Arc::clone(edges), edges.len() + 1);
            Accumulator::Histogram { bins, edges, counts: vec![] }
        }
        StateKind::Distinct(_) => Accumulator::Distinct(Distinct::default()),
    };
    let mut operands = Vec::new();
    let mut interval = None;
    for of in state.kind.expressions() {
        let compiled = compile(of)?;
        operands.push((compiled.node, of.type_.physical()));
        interval = compiled.interval;
    }
    let empty = match (empty, interval) {
        // n · max|x| within 64 bits: no sum of any of the rows can leave them.
        (Accumulator::Total(_), Some((low, high)))
            if low
                .unsigned_abs()
                .max(high.unsigned_abs())
                .checked_mul(rows.into())
                .is_some_and(|bound| bound <= i64::MAX as u128) =>
        {
            Accumulator::Sum(vec![])
        }
        (other, _) => other,
    };
    Ok(CompiledState { filter, operands, empty })
}

/// A plan over a table that is not there.
pub fn nothing(plan: &ScanPlan) -> Prepared {
    let missing = |_: &Expression| Ok(Compiled { node: 0, interval: Some((0, 0)) });
    // Compiling cannot fail where no column is looked for.
    let states = plan.states.iter().filter_map(|state| compile_state(state, 0, &mut { missing }).ok());
    Prepared {
        columns: vec![],
        sources: vec![],
        hops: vec![],
        tables: vec![],
        time: None,
        time_column: None,
        valid_to: None,
        edges: Arc::clone(&plan.edges),
        keys: vec![],
        states: states.collect(),
        program: Program::default(),
    }
}
