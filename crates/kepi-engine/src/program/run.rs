//! Instructions over one batch; what could not be proved to fit is interpreted row by row.

use std::{collections::HashMap, sync::Arc};

use kepi_model::{
    expression::{Expression, Literal, Path, Physical},
    id::{AttributeId, EntityId},
};
use kepi_query::row::{self, Cell, Row};

use super::{Operation, Program, Results, choose::TextBuilder, operation::compute};
use crate::vector::{Bitmap, Truth, Vector};

impl Program {
    /// Computes everything for one batch of `rows` rows, given its columns.
    pub fn run(&self, rows: usize, columns: &[Vector]) -> Results {
        let mut results =
            Results { rows, vectors: Vec::with_capacity(self.instructions.len()), overflows: HashMap::new() };
        for (id, instruction) in self.instructions.iter().enumerate() {
            let vector = match &instruction.operation {
                Operation::Constant(literal) => Vector::Constant(literal.clone()),
                Operation::Column(position) => {
                    columns.get(*position).cloned().unwrap_or(Vector::Constant(Literal::Missing))
                }
                Operation::Interpret(expression) => {
                    let (vector, overflow) = self.interpret(expression, rows, columns);
                    if let Some(overflow) = overflow {
                        results.overflows.insert(id, Arc::new(overflow));
                    }
                    vector
                }
                operation => compute(operation, instruction, &results),
            };
            results.vectors.push(vector);
        }
        results
    }

    fn interpret(
        &self,
        expression: &Expression,
        rows: usize,
        columns: &[Vector],
    ) -> (Vector, Option<Bitmap>) {
        let mut overflow: Option<Bitmap> = None;
        let mut failed = |row| overflow.get_or_insert_with(|| Bitmap::filled(rows, false)).set(row);
        let view = |row| BatchRow { columns: &self.columns, vectors: columns, row };
        let vector = match expression.type_.physical() {
            Physical::Integer | Physical::Instant => {
                let mut values = vec![0; rows];
                let mut valid = Bitmap::filled(rows, false);
                for (i, value) in values.iter_mut().enumerate() {
                    match row::evaluate_wide(expression, &view(i)) {
                        Ok(None) => {}
                        Ok(Some(found)) => {
                            *value = found;
                            valid.set(i);
                        }
                        Err(_) => {
                            failed(i);
                            // So that the states that need this row learn of it.
                            valid.set(i);
                        }
                    }
                }
                Vector::Wide(values.into(), Some(Arc::new(valid)))
            }
            Physical::Boolean => {
                let (mut yes, mut no) = (Bitmap::filled(rows, false), Bitmap::filled(rows, false));
                for i in 0..rows {
                    match row::evaluate(expression, &view(i)) {
                        Ok(Cell::Boolean(true)) => yes.set(i),
                        Ok(Cell::Boolean(false)) => no.set(i),
                        Ok(_) => {}
                        Err(_) => failed(i),
                    }
                }
                Vector::Boolean(Truth { yes: Arc::new(yes), no: Some(Arc::new(no)) })
            }
            Physical::Text => {
                let mut texts = TextBuilder::new(rows);
                for i in 0..rows {
                    match row::evaluate(expression, &view(i)) {
                        Ok(Cell::Text(text)) => texts.set(i, &text),
                        Ok(_) => {}
                        Err(_) => failed(i),
                    }
                }
                texts.finish()
            }
        };
        (vector, overflow)
    }
}

struct BatchRow<'a> {
    columns: &'a HashMap<Path, (usize, Physical)>,
    vectors: &'a [Vector],
    row: usize,
}

impl Row for BatchRow<'_> {
    fn attribute(&self, path: &Path) -> Cell {
        let Some((position, physical)) = self.columns.get(path) else { return Cell::Missing };
        self.vectors.get(*position).map_or(Cell::Missing, |vector| vector.cell(self.row, *physical))
    }
    /// Only rules of sources ask for this; a plan never does.
    fn exists(&self, _: &AttributeId, _: &EntityId) -> Option<bool> {
        None
    }
}
