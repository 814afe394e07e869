//! The first of several branches, row by row; texts that come from several vectors.

use std::{collections::HashMap, sync::Arc};

use arrow::array::{Array, StringArray};
use kepi_model::expression::{Literal, Physical};

use super::{Choice, Instruction, NodeId, Results};
use crate::vector::{Bitmap, Texts, Truth, Valid, Vector};

/// The first branch that is taken.
pub(super) fn choose(branches: &[(Choice, NodeId)], instruction: &Instruction, results: &Results) -> Vector {
    let rows = results.rows;
    let mut rest = Bitmap::filled(rows, true);
    let mut taken: Vec<(Bitmap, &Vector)> = Vec::new();
    for (choice, node) in branches {
        let value = results.vector(*node);
        let here = match choice {
            Choice::Always => rest.clone(),
            Choice::IfTrue(condition) => rest.and(&results.vector(*condition).truth(rows).yes),
            Choice::IfPresent => value.valid(rows).map_or_else(|| rest.clone(), |valid| rest.and(&valid)),
        };
        rest = rest.without(&here);
        taken.push((here, value));
    }
    let valid_of = |value: &Vector, here: &Bitmap| {
        value.valid(rows).map_or_else(|| here.clone(), |valid| here.and(&valid))
    };
    match instruction.physical {
        Physical::Boolean => {
            let (mut yes, mut no) = (Bitmap::filled(rows, false), Bitmap::filled(rows, false));
            for (here, value) in taken {
                let truth = value.truth(rows);
                yes = yes.or(&here.and(&truth.yes));
                no = no.or(&here.and(&truth.no()));
            }
            Vector::Boolean(Truth { yes: Arc::new(yes), no: Some(Arc::new(no)) })
        }
        Physical::Text => {
            let mut texts = TextBuilder::new(rows);
            for (here, value) in taken {
                match value {
                    Vector::Constant(Literal::Text(text)) => here.for_each(|row| texts.set(row, text)),
                    Vector::Text(from) => here.for_each(|row| {
                        if let Some(text) = from.get(row) {
                            texts.set(row, text);
                        }
                    }),
                    _ => {}
                }
            }
            texts.finish()
        }
        Physical::Integer | Physical::Instant if instruction.wide => {
            let mut values = vec![0; rows];
            let mut valid = Bitmap::filled(rows, false);
            for (here, value) in taken {
                let here = valid_of(value, &here);
                if let Some(from) = value.wide(rows) {
                    copy(&here, &from, &mut values);
                    valid = valid.or(&here);
                }
            }
            Vector::Wide(values.into(), some_missing(valid))
        }
        Physical::Integer | Physical::Instant => {
            let mut values = vec![0; rows];
            let mut valid = Bitmap::filled(rows, false);
            for (here, value) in taken {
                let here = valid_of(value, &here);
                if let Some(from) = value.integers(rows) {
                    copy(&here, &from, &mut values);
                    valid = valid.or(&here);
                }
            }
            Vector::Integer(values.into(), some_missing(valid))
        }
    }
}

fn copy<T: Copy>(rows: &Bitmap, from: &[T], to: &mut [T]) {
    rows.for_each(|row| {
        if let (Some(from), Some(to)) = (from.get(row), to.get_mut(row)) {
            *to = *from;
        }
    });
}

fn some_missing(valid: Bitmap) -> Valid {
    (valid.ones() < valid.len()).then(|| Arc::new(valid))
}

/// Builds a text vector row by row.
pub(super) struct TextBuilder {
    codes: Vec<i32>,
    valid: Bitmap,
    members: Vec<Box<str>>,
    index: HashMap<Box<str>, i32>,
}

impl TextBuilder {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            codes: vec![0; rows],
            valid: Bitmap::filled(rows, false),
            members: vec![],
            index: HashMap::new(),
        }
    }
    pub(super) fn set(&mut self, row: usize, text: &str) {
        let code = match self.index.get(text) {
            Some(code) => *code,
            None => {
                // A batch has far fewer rows than this type has values.
                let code = i32::try_from(self.members.len()).unwrap_or(i32::MAX);
                self.members.push(text.into());
                self.index.insert(text.into(), code);
                code
            }
        };
        if let Some(slot) = self.codes.get_mut(row) {
            *slot = code;
            self.valid.set(row);
        }
    }
    pub(super) fn finish(self) -> Vector {
        let members = StringArray::from_iter_values(self.members.iter());
        debug_assert_eq!(members.null_count(), 0);
        Vector::Text(Texts { codes: self.codes.into(), valid: some_missing(self.valid), members })
    }
}
