//! How much memory rows take.

use std::collections::BTreeSet;

use kepi_model::{
    expression::{Expression, Node, Physical},
    id::EntityId,
};

use super::{DerivePlan, MOST_ROWS, plan::Step};
use crate::port::{MemoryColumn, MemoryTable, PinnedColumn, PinnedInputs, TableData};

/// More portions read the files too often.
pub(crate) const MOST_PORTIONS: u64 = 256;

/// Bytes of a key among others.
pub(crate) const KEY_BYTES: u64 = 64;

/// Bytes that all rows would take which are read and made, at most.
pub(crate) fn estimate(part: &DerivePlan, inputs: &PinnedInputs) -> u64 {
    // Those in memory are there already.
    let rows = |entity: &EntityId| match inputs.tables.get(entity).map(|table| &table.data) {
        Some(TableData::Files(files)) => files.iter().map(|file| file.rows).sum::<u64>(),
        Some(TableData::Memory(_)) | None => 0,
    };
    let width_of = |entity: &EntityId| width_of_row(part, inputs, entity);
    let read = part.columns.keys().map(|entity| rows(entity).saturating_mul(width_of(entity)));
    let gathered = |table: &EntityId| {
        part.steps.iter().filter(|step| matches!(step, Step::Gather(of) if of.table == *table)).count() as u64
    };
    let made = part.tables().collect::<BTreeSet<_>>().into_iter().map(|table| {
        let panel = part.steps.iter().find_map(|step| match step {
            Step::Panel(panel) if panel.table == *table => Some(panel),
            _ => None,
        });
        let columns = gathered(table).saturating_mul(width(Physical::Integer));
        match panel {
            Some(panel) => {
                let periods = panel.periods.edges.len().saturating_sub(panel.since);
                let most = rows(&panel.of).saturating_mul(periods as u64);
                most.min(MOST_ROWS as u64).saturating_mul(8 * width(Physical::Integer) + columns)
            }
            // Of a landed table with what is added to it, and what identifies the rows through which others are found.
            None => rows(table).saturating_mul(width_of(table) + columns + KEY_BYTES),
        }
    });
    read.chain(made).fold(0, u64::saturating_add)
}

/// Bytes that a row of a table takes as it is read, at most.
pub(crate) fn width_of_row(part: &DerivePlan, inputs: &PinnedInputs, entity: &EntityId) -> u64 {
    let Some((names, table)) = part.columns.get(entity).zip(inputs.tables.get(entity)) else { return 0 };
    let width = |column: &PinnedColumn| match column.physical {
        // What identifies a row is in few others.
        Physical::Text if table.key.iter().any(|key| key.as_str() == column.name) => KEY_BYTES,
        physical => width(physical),
    };
    table.columns.iter().filter(|column| names.contains(&column.name)).map(width).sum()
}

/// Bytes of a value in memory, at most; texts are numbers of the different ones.
pub(crate) fn width(physical: Physical) -> u64 {
    match physical {
        Physical::Text => 12,
        Physical::Integer | Physical::Instant => 16,
        Physical::Boolean => 1,
    }
}

/// Bytes of a row beside those of its columns, where rows are put in order one by one.
const ROW_BYTES: u64 = 384;

/// So many of them are in order at a time.
const IN_ORDER: u64 = 1_000_000;

/// Bytes that gathering takes beside the rows, at most: by a column it takes few, by what is computed each row is put in order by itself.
pub(crate) fn beside(part: &DerivePlan, rows: &PinnedInputs) -> u64 {
    let is_column = |of: &Expression| matches!(&of.node, Node::Path(path) if path.references.is_empty());
    let of_step = |step: &Step| match step {
        Step::Gather(of) => {
            let by_column = matches!(of.gathered.same.as_slice(), [(a, b)] if is_column(a) && is_column(b));
            let rows = rows.tables.get(&of.gathered.of).filter(|_| !by_column)?.rows();
            Some(rows.min(IN_ORDER) * ROW_BYTES)
        }
        _ => None,
    };
    part.steps.iter().filter_map(of_step).max().unwrap_or_default()
}

/// Bytes of a table in memory.
pub(crate) fn bytes(table: &MemoryTable) -> u64 {
    let of = |column: &MemoryColumn| match column {
        MemoryColumn::Text(values) => 4 * table.rows as u64 + 48 * values.members().len() as u64,
        MemoryColumn::Integer(_) | MemoryColumn::Instant(_) => 16 * table.rows as u64,
        MemoryColumn::Boolean(_) => table.rows as u64,
    };
    table.columns.iter().map(of).sum()
}
