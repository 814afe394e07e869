//! Functions over one batch. What a function means stands with the interpreter; here it is asked once for each
//! different text, or once a row.

use arrow::array::Array;
use kepi_model::expression::{Function, Physical, Type};
use kepi_query::row::{self, Cell};

use super::choose::TextBuilder;
use crate::vector::{Bitmap, Truth, Vector};

/// The results of a function whose values are these vectors, of these forms.
pub(super) fn call(function: Function, type_: &Type, of: &[(&Vector, Physical)], rows: usize) -> Vector {
    let mut texts = TextBuilder::new(rows);
    let mut values = vec![0; rows];
    let mut valid = Bitmap::filled(rows, false);
    let (mut yes, mut no) = (Bitmap::filled(rows, false), Bitmap::filled(rows, false));
    // Where only one value differs from row to row and is a text, its members are few.
    let varying: Vec<&Vector> =
        of.iter().map(|(v, _)| *v).filter(|v| !matches!(v, Vector::Constant(_))).collect();
    let members = match varying.as_slice() {
        [Vector::Text(texts)] => Some(texts),
        _ => None,
    };
    let mut known: Vec<Option<Cell>> = vec![None; members.map_or(0, |texts| texts.members.len())];
    let mut cells = Vec::with_capacity(of.len());
    for row in 0..rows {
        let slot = members.and_then(|texts| {
            let code = usize::try_from(*texts.codes.get(row)?).ok()?;
            texts.valid.as_ref().is_none_or(|valid| valid.get(row)).then_some(code)
        });
        let before = slot.and_then(|code| known.get(code)).cloned().flatten();
        let found = before.unwrap_or_else(|| {
            cells.clear();
            cells.extend(of.iter().map(|(vector, physical)| vector.cell(row, *physical)));
            let missing = cells.iter().any(Cell::is_missing);
            let found = if missing { Cell::Missing } else { row::call(function, type_, &cells) };
            if let Some(known) = slot.and_then(|code| known.get_mut(code)) {
                *known = Some(found.clone());
            }
            found
        });
        match found {
            Cell::Missing => {}
            Cell::Text(text) => texts.set(row, &text),
            Cell::Integer(n) | Cell::Instant(n) => {
                if let Some(value) = values.get_mut(row) {
                    *value = n;
                    valid.set(row);
                }
            }
            Cell::Boolean(true) => yes.set(row),
            Cell::Boolean(false) => no.set(row),
        }
    }
    match type_.physical() {
        Physical::Text => texts.finish(),
        Physical::Integer | Physical::Instant => Vector::Integer(values.into(), Some(valid.into())),
        Physical::Boolean => Vector::Boolean(Truth { yes: yes.into(), no: Some(no.into()) }),
    }
}
