//! Comparisons, and conditions on texts.

use std::sync::Arc;

use arrow::array::Array;
use kepi_model::expression::{Comparison, Literal};

use crate::vector::{Bitmap, Truth, Vector, both};

/// Truth of a condition on text, decided once a member where that is less work.
pub(super) fn text_predicate(vector: &Vector, rows: usize, holds: impl Fn(&str) -> bool) -> Truth {
    match vector {
        Vector::Constant(Literal::Text(text)) => Truth::constant(Some(holds(text)), rows),
        Vector::Text(texts) => {
            let member = |code: i32| usize::try_from(code).ok().filter(|c| *c < texts.members.len());
            let bits = if texts.members.len() <= rows {
                let table: Vec<bool> =
                    (0..texts.members.len()).map(|i| holds(texts.members.value(i))).collect();
                if table.len() <= 64 {
                    let set = table.iter().enumerate().fold(0_u64, |set, (i, v)| set | (u64::from(*v) << i));
                    // Rows without a text hold any code; what they make is left out below.
                    Bitmap::of(&texts.codes, |code| set >> (code & 63) & 1 == 1)
                } else {
                    Bitmap::of(&texts.codes, |code| table.get(code as usize).copied().unwrap_or(false))
                }
            } else {
                Bitmap::of(&texts.codes, |code| member(code).is_some_and(|c| holds(texts.members.value(c))))
            };
            Truth::known(bits, &texts.valid)
        }
        _ => Truth::constant(None, rows),
    }
}

fn compares<T: Ord>(how: Comparison, a: &T, b: &T) -> bool {
    match how {
        Comparison::Equal => a == b,
        Comparison::NotEqual => a != b,
        Comparison::Less => a < b,
        Comparison::LessOrEqual => a <= b,
        Comparison::Greater => a > b,
        Comparison::GreaterOrEqual => a >= b,
    }
}

fn flipped(how: Comparison) -> Comparison {
    match how {
        Comparison::Equal | Comparison::NotEqual => how,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

/// Where two vectors compare so; unknown where one of them has no value.
pub(super) fn compare(how: Comparison, a: &Vector, b: &Vector, rows: usize) -> Truth {
    match (a, b) {
        (Vector::Constant(Literal::Missing), _) | (_, Vector::Constant(Literal::Missing)) => {
            Truth::constant(None, rows)
        }
        (Vector::Constant(_), Vector::Integer(..) | Vector::Text(_)) => compare(flipped(how), b, a, rows),
        (Vector::Integer(values, valid), Vector::Constant(Literal::Integer(c))) => {
            let c = *c;
            // One loop an operator, so that each is made of vector instructions.
            let holds = match how {
                Comparison::Equal => Bitmap::of(values, |v| v == c),
                Comparison::NotEqual => Bitmap::of(values, |v| v != c),
                Comparison::Less => Bitmap::of(values, |v| v < c),
                Comparison::LessOrEqual => Bitmap::of(values, |v| v <= c),
                Comparison::Greater => Bitmap::of(values, |v| v > c),
                Comparison::GreaterOrEqual => Bitmap::of(values, |v| v >= c),
            };
            Truth::known(holds, valid)
        }
        (Vector::Integer(left, left_valid), Vector::Integer(right, right_valid)) => {
            let holds = match how {
                Comparison::Equal => Bitmap::of_pairs(left, right, |a, b| a == b),
                Comparison::NotEqual => Bitmap::of_pairs(left, right, |a, b| a != b),
                Comparison::Less => Bitmap::of_pairs(left, right, |a, b| a < b),
                Comparison::LessOrEqual => Bitmap::of_pairs(left, right, |a, b| a <= b),
                Comparison::Greater => Bitmap::of_pairs(left, right, |a, b| a > b),
                Comparison::GreaterOrEqual => Bitmap::of_pairs(left, right, |a, b| a >= b),
            };
            Truth::known(holds, &both(left_valid, right_valid))
        }
        (Vector::Text(_), Vector::Constant(Literal::Text(text))) => {
            text_predicate(a, rows, |member| compares(how, &member.as_bytes(), &text.as_bytes()))
        }
        (Vector::Text(left), Vector::Text(right)) => {
            let mut holds = Bitmap::filled(rows, false);
            for row in 0..rows {
                if let (Some(a), Some(b)) = (left.get(row), right.get(row))
                    && compares(how, &a.as_bytes(), &b.as_bytes())
                {
                    holds.set(row);
                }
            }
            Truth::known(holds, &both(&left.valid, &right.valid))
        }
        (Vector::Constant(Literal::Text(a)), Vector::Constant(Literal::Text(b))) => {
            Truth::constant(Some(compares(how, &a.as_bytes(), &b.as_bytes())), rows)
        }
        (
            Vector::Boolean(_) | Vector::Constant(Literal::Boolean(_)),
            Vector::Boolean(_) | Vector::Constant(Literal::Boolean(_)),
        ) => compare_truths(how, &a.truth(rows), &b.truth(rows)),
        _ => match (a.wide(rows), b.wide(rows)) {
            (Some(left), Some(right)) => {
                let holds = Bitmap::of_pairs(&left, &right, |a, b| compares(how, &a, &b));
                Truth::known(holds, &both(&a.valid(rows), &b.valid(rows)))
            }
            _ => Truth::constant(None, rows),
        },
    }
}

fn compare_truths(how: Comparison, a: &Truth, b: &Truth) -> Truth {
    let (a_no, b_no) = (a.no(), b.no());
    let less = a_no.and(&b.yes);
    let greater = a.yes.and(&b_no);
    let equal = a.yes.and(&b.yes).or(&a_no.and(&b_no));
    let (yes, no) = match how {
        Comparison::Equal => (equal, less.or(&greater)),
        Comparison::NotEqual => (less.or(&greater), equal),
        Comparison::Less => (less, equal.or(&greater)),
        Comparison::LessOrEqual => (less.or(&equal), greater),
        Comparison::Greater => (greater, equal.or(&less)),
        Comparison::GreaterOrEqual => (greater.or(&equal), less),
    };
    Truth { yes: Arc::new(yes), no: Some(Arc::new(no)) }
}
