//! What is made of landed rows before anything is measured: tables of panels, stages, unions and versions, and columns of
//! gathered attributes.
//!
//! A [`plan::DerivePlan`] is typed and knows no calendar. [`derived`] is a function from pinned tables to pinned tables, in
//! which what was made stands in for what was landed, so that scans, lookups and measures know nothing of it.

pub mod behind;
pub mod following;
mod gather;
pub mod influence;
pub(crate) mod keyed;
pub mod plan;
mod quick;
mod reference;
mod rows;
pub(crate) mod size;
pub(crate) mod split;
mod table;
pub mod trace;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kepi_model::id::{AttributeId, EntityId};

use crate::port::{
    EvaluateError, Evaluator, Keys, Limits, PinnedColumn, PinnedInputs, PinnedTable, TableData,
};
pub use plan::{DerivePlan, Reads, plan};
pub(crate) use rows::MOST_ROWS;
use table::World;

/// What was made.
#[derive(Debug, Clone, Default)]
pub struct Derived {
    /// Tables that stand in for others of that name, or beside them.
    pub tables: BTreeMap<EntityId, PinnedTable>,
    /// Attributes of which a value left the range of 64 bits: nothing that reads them has a value.
    pub out_of_range: BTreeSet<(EntityId, AttributeId)>,
    /// Tables whose rows could not be made: nothing that needs them has a value.
    pub unmade: BTreeMap<EntityId, Unmade>,
    /// Entries into stages that counted for none, since they came from a stage that they do not follow; by table and stage.
    pub strays: BTreeMap<EntityId, BTreeMap<String, u64>>,
    /// How many rows tables had before only some of them were kept.
    pub(crate) made: BTreeMap<EntityId, u64>,
}

/// Why the rows of a table could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmade {
    /// A panel has more rows than anybody needs.
    #[error(
        "the rows of `{table}` would be more than {most}: make its periods longer, or keep fewer subjects by `where`"
    )]
    TooMany {
        /// The table.
        table: EntityId,
        /// Most rows.
        most: usize,
    },
    /// A condition or a value by which they are made.
    #[error(
        "a condition or a value by which the rows of `{table}` are made leaves the range of {bits}-bit integers"
    )]
    OutOfRange {
        /// The table.
        table: EntityId,
        /// The range.
        bits: u8,
    },
}

/// Reads what a plan needs and makes what it says.
///
/// # Errors
/// A table could not be read.
pub async fn derived(
    plan: &DerivePlan,
    inputs: &PinnedInputs,
    reader: &dyn Evaluator,
    limits: &Limits,
) -> Result<Derived, EvaluateError> {
    let mut all = Derived::default();
    // Apart, so that no more is in memory at a time than is needed together.
    let parts = split::parts(plan);
    // A table that several need is read once.
    let mut wanted: BTreeMap<&EntityId, (BTreeSet<&String>, usize)> = BTreeMap::new();
    for (entity, columns) in parts.iter().flat_map(|part| &part.columns) {
        let (all, parts) = wanted.entry(entity).or_default();
        all.extend(columns);
        *parts += 1;
    }
    let mut waiting = PinnedInputs { snapshot: inputs.snapshot, tables: BTreeMap::new() };
    let shared = quick::Shared::default();
    for part in &parts {
        let mut world = PinnedInputs { snapshot: inputs.snapshot, tables: BTreeMap::new() };
        for entity in part.columns.keys() {
            let Some((columns, still)) = wanted.get_mut(entity) else { continue };
            *still -= 1;
            if !waiting.tables.contains_key(entity) {
                let columns = columns.iter().map(|column| (*column).clone()).collect();
                let columns = Reads::from([(entity.clone(), columns)]);
                waiting.tables.extend(read(&columns, inputs, reader, limits).await?.tables);
            }
            let table = match still {
                0 => waiting.tables.remove(entity),
                _ => waiting.tables.get(entity).cloned(),
            };
            world.tables.extend(table.map(|table| (entity.clone(), table)));
        }
        all.extend(finished(by_sorted_rows(part, world, None, None, limits.threads, &shared)?));
        shared.keep(|entity| waiting.tables.contains_key(entity));
    }
    Ok(all)
}

impl Derived {
    /// With what was made apart from it.
    pub(crate) fn extend(&mut self, other: Self) {
        self.tables.extend(other.tables);
        self.out_of_range.extend(other.out_of_range);
        self.unmade.extend(other.unmade);
        self.strays.extend(other.strays);
        self.made.extend(other.made);
    }
}

/// Columns of tables, in memory.
pub(crate) async fn read(
    columns: &Reads,
    inputs: &PinnedInputs,
    reader: &dyn Evaluator,
    limits: &Limits,
) -> Result<PinnedInputs, EvaluateError> {
    let mut read = PinnedInputs { snapshot: inputs.snapshot, tables: BTreeMap::new() };
    for (entity, names) in columns {
        let Some(table) = inputs.tables.get(entity) else { continue };
        let columns: Vec<PinnedColumn> =
            table.columns.iter().filter(|column| names.contains(&column.name)).cloned().collect();
        let memory = reader.read(table, &columns, None, limits).await?;
        let data = TableData::Memory(Arc::new(memory));
        read.tables.insert(entity.clone(), PinnedTable { columns, data, ..table.clone() });
    }
    Ok(read)
}

/// By row of a table in memory, the one that stands for its key; none: each stands for itself.
pub(crate) fn newest(of: &PinnedTable) -> Option<Vec<u32>> {
    let TableData::Memory(memory) = &of.data else { return None };
    let table = table::Table::new(of.of_files(Vec::new()), Arc::clone(memory));
    table.ends().is_some_and(|ends| ends.iter().any(Option::is_some)).then(|| table.newest())
}

/// What was made of what was read.
fn finished(world: World) -> Derived {
    let World { tables, out_of_range, unmade, strays, made, .. } = world;
    let tables = tables.into_iter().filter(|(_, table)| table.is_changed);
    let tables = tables.map(|(id, table)| (id, table.finished())).collect();
    Derived { tables, out_of_range, unmade, strays, made }
}

/// Makes what a plan says of tables in memory, row by row: what the plan means.
///
/// # Errors
/// A table is not in memory.
pub fn by_reference(plan: &DerivePlan, inputs: &PinnedInputs) -> Result<Derived, EvaluateError> {
    reference::derive(plan, inputs.clone(), None, reference::gather).map(finished)
}

/// The same by sorted rows, in so many buckets of keys; none: by how many rows there are.
///
/// # Errors
/// A table is not in memory.
pub fn in_buckets(
    plan: &DerivePlan,
    inputs: &PinnedInputs,
    buckets: Option<u64>,
) -> Result<Derived, EvaluateError> {
    by_sorted_rows(plan, inputs.clone(), None, buckets, 1, &quick::Shared::default()).map(finished)
}

/// The same of tables in memory; of panels and stages only what belongs to some subjects, if such are given.
pub(crate) fn of_rows(
    plan: &DerivePlan,
    inputs: PinnedInputs,
    only: Option<Arc<Keys>>,
    threads: usize,
) -> Result<Derived, EvaluateError> {
    by_sorted_rows(plan, inputs, only, None, threads, &quick::Shared::default()).map(finished)
}

fn by_sorted_rows(
    plan: &DerivePlan,
    inputs: PinnedInputs,
    only: Option<Arc<Keys>>,
    buckets: Option<u64>,
    threads: usize,
    shared: &quick::Shared,
) -> Result<World, EvaluateError> {
    reference::derive(plan, inputs, only, |step, days, world| {
        if let (None, Some(made)) = (buckets, quick::gather(step, days, world, shared, threads.max(1))) {
            return made;
        }
        let of = world.tables.get(&step.gathered.of);
        gather::gather(step, days, world, buckets.unwrap_or_else(|| gather::buckets(of)))
    })
}
