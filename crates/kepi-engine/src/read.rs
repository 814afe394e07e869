//! Reading columns of a pinned table into memory, for what is made of them row by row.

use arrow::{
    array::{Array as _, BooleanArray, RecordBatch},
    compute::filter_record_batch,
};
use futures::StreamExt;
use kepi_model::expression::Physical;
use kepi_query::port::{
    Belonging, EvaluateError, Limits, MemoryColumn, MemoryTable, PinnedColumn, PinnedTable,
};
use kepi_query::texts::Texts;

use crate::{
    scan::{self, Scan},
    vector::Vector,
};

/// The columns of all rows or of those that belong to somebody, in the order in which they stand in the files.
pub async fn columns(
    table: &PinnedTable,
    columns: &[PinnedColumn],
    only: Option<&Belonging>,
    limits: &Limits,
) -> Result<MemoryTable, EvaluateError> {
    let mut read = MemoryTable {
        rows: 0,
        columns: columns.iter().map(|column| MemoryColumn::empty(column.physical)).collect(),
    };
    let mut add = |batch: RecordBatch| {
        let batch = match only {
            Some(only) => belonging(only, batch)?,
            None => batch,
        };
        add(&mut read, columns, &batch)
    };
    let wanted: Vec<&PinnedColumn> = columns.iter().collect();
    match scan::prepare(table, &wanted, false, None, limits)? {
        Scan::Memory(batches) => batches.into_iter().try_for_each(&mut add)?,
        Scan::Files(plan, context) => {
            use datafusion_physical_plan::ExecutionPlanProperties as _;
            for partition in 0..plan.output_partitioning().partition_count() {
                let mut stream = plan.execute(partition, context.clone()).map_err(scan::engine)?;
                while let Some(batch) = stream.next().await {
                    add(batch.map_err(scan::engine)?)?;
                }
            }
        }
    }
    Ok(read)
}

/// The rows of which a column holds a key.
fn belonging(only: &Belonging, batch: RecordBatch) -> Result<RecordBatch, EvaluateError> {
    let mut of = vec![false; batch.num_rows()];
    for array in only.columns.iter().filter_map(|name| batch.column_by_name(name)) {
        let Vector::Text(texts) = Vector::of_array(array, Physical::Text).map_err(EvaluateError::Engine)?
        else {
            continue;
        };
        // Each different text is looked up once.
        let members: Vec<bool> = texts.members.iter().map(|member| only.keys.has(member)).collect();
        for (row, of) in of.iter_mut().enumerate() {
            let is_key = texts.code(row).and_then(|code| members.get(code).copied());
            *of |= is_key.unwrap_or(only.keys.missing);
        }
    }
    filter_record_batch(&batch, &BooleanArray::from(of)).map_err(scan::engine)
}

fn add(read: &mut MemoryTable, columns: &[PinnedColumn], batch: &RecordBatch) -> Result<(), EvaluateError> {
    let rows = batch.num_rows();
    read.rows += rows;
    for (to, column) in read.columns.iter_mut().zip(columns) {
        let vector = match batch.column_by_name(&column.name) {
            Some(array) => Vector::of_array(array, column.physical).map_err(EvaluateError::Engine)?,
            None => Vector::Constant(kepi_model::expression::Literal::Missing),
        };
        match (to, vector) {
            (MemoryColumn::Text(values), Vector::Text(texts)) => {
                // Each different text of the batch that occurs is looked up once.
                let mut codes = vec![None; texts.members.len()];
                for row in 0..rows {
                    let code = texts.code(row).and_then(|code| {
                        let slot = codes.get_mut(code)?;
                        Some(*slot.get_or_insert_with(|| values.code(texts.members.value(code))))
                    });
                    values.push_code(code.unwrap_or(Texts::MISSING));
                }
            }
            (MemoryColumn::Integer(values) | MemoryColumn::Instant(values), Vector::Integer(of, valid)) => {
                let known = |row: usize| valid.as_ref().is_none_or(|valid| valid.get(row));
                values.extend((0..rows).map(|row| of.get(row).copied().filter(|_| known(row))));
            }
            (MemoryColumn::Boolean(values), Vector::Boolean(truth)) => {
                let no = |row| truth.no.as_ref().is_none_or(|no| no.get(row));
                values.extend(
                    (0..rows)
                        .map(|row| if truth.yes.get(row) { Some(true) } else { no(row).then_some(false) }),
                );
            }
            (MemoryColumn::Text(values), _) => (0..rows).for_each(|_| values.push(None)),
            (MemoryColumn::Integer(values) | MemoryColumn::Instant(values), _) => {
                values.extend((0..rows).map(|_| None));
            }
            (MemoryColumn::Boolean(values), _) => values.extend((0..rows).map(|_| None)),
        }
    }
    Ok(())
}
