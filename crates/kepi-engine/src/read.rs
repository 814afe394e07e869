//! Reading columns of a pinned table into memory, for what is made of them row by row.

use arrow::array::RecordBatch;
use futures::StreamExt;
use kepi_model::expression::Physical;
use kepi_query::port::{EvaluateError, Limits, MemoryColumn, MemoryTable, PinnedColumn, PinnedTable};

use crate::{
    scan::{self, Scan},
    vector::Vector,
};

/// The columns of all rows, in the order in which they stand in the files.
pub async fn columns(
    table: &PinnedTable,
    columns: &[PinnedColumn],
    limits: &Limits,
) -> Result<MemoryTable, EvaluateError> {
    let mut read = MemoryTable {
        rows: 0,
        columns: columns
            .iter()
            .map(|column| match column.physical {
                Physical::Text => MemoryColumn::Text(Vec::new()),
                Physical::Integer => MemoryColumn::Integer(Vec::new()),
                Physical::Instant => MemoryColumn::Instant(Vec::new()),
                Physical::Boolean => MemoryColumn::Boolean(Vec::new()),
            })
            .collect(),
    };
    let wanted: Vec<&PinnedColumn> = columns.iter().collect();
    match scan::prepare(table, &wanted, false, None, limits)? {
        Scan::Memory(batches) => batches.iter().try_for_each(|batch| add(&mut read, columns, batch))?,
        Scan::Files(plan, context) => {
            use datafusion_physical_plan::ExecutionPlanProperties as _;
            for partition in 0..plan.output_partitioning().partition_count() {
                let mut stream = plan.execute(partition, context.clone()).map_err(scan::engine)?;
                while let Some(batch) = stream.next().await {
                    add(&mut read, columns, &batch.map_err(scan::engine)?)?;
                }
            }
        }
    }
    Ok(read)
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
                values.extend((0..rows).map(|row| texts.get(row).map(Into::into)));
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
            (MemoryColumn::Text(values), _) => values.extend((0..rows).map(|_| None)),
            (MemoryColumn::Integer(values) | MemoryColumn::Instant(values), _) => {
                values.extend((0..rows).map(|_| None));
            }
            (MemoryColumn::Boolean(values), _) => values.extend((0..rows).map(|_| None)),
        }
    }
    Ok(())
}
