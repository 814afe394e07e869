//! One instruction over one batch: arithmetic, logic, membership.

use std::sync::Arc;

use kepi_model::expression::{Arithmetic, Literal};
use kepi_query::row;

use super::{
    Instruction, NodeId, Operation, Results,
    call::call,
    choose::choose,
    compare::{compare, text_predicate},
};
use crate::vector::{Bitmap, Truth, Vector, both};

/// Computes an instruction from the results of those before it.
pub(super) fn compute(operation: &Operation, instruction: &Instruction, results: &Results) -> Vector {
    let rows = results.rows;
    let at = |node: &NodeId| results.vector(*node);
    match operation {
        Operation::Constant(_) | Operation::Column(_) | Operation::Interpret(_) => {
            Vector::Constant(Literal::Missing)
        }
        Operation::Arithmetic(how, a, b) => {
            let (a, b) = (at(a), at(b));
            let valid = both(&a.valid(rows), &b.valid(rows));
            if instruction.wide {
                let (Some(a), Some(b)) = (a.wide(rows), b.wide(rows)) else {
                    return Vector::Constant(Literal::Missing);
                };
                let pairs = a.iter().zip(b.iter());
                // Rows without a value hold anything, so the operations must not trap.
                let values = match how {
                    Arithmetic::Add => pairs.map(|(a, b)| a.wrapping_add(*b)).collect(),
                    Arithmetic::Subtract => pairs.map(|(a, b)| a.wrapping_sub(*b)).collect(),
                    Arithmetic::Multiply => pairs.map(|(a, b)| a.wrapping_mul(*b)).collect(),
                };
                return Vector::Wide(values, valid);
            }
            let (Some(a), Some(b)) = (a.integers(rows), b.integers(rows)) else {
                return Vector::Constant(Literal::Missing);
            };
            let pairs = a.iter().zip(b.iter());
            let values: Vec<i64> = match how {
                Arithmetic::Add => pairs.map(|(a, b)| a.wrapping_add(*b)).collect(),
                Arithmetic::Subtract => pairs.map(|(a, b)| a.wrapping_sub(*b)).collect(),
                Arithmetic::Multiply => pairs.map(|(a, b)| a.wrapping_mul(*b)).collect(),
            };
            Vector::Integer(values.into(), valid)
        }
        Operation::Scale(a, factor) => {
            let a = at(a);
            let valid = a.valid(rows);
            match (i64::try_from(*factor), a.integers(rows)) {
                (Ok(factor), Some(a)) if !instruction.wide => {
                    let values: Vec<i64> = a.iter().map(|a| a.wrapping_mul(factor)).collect();
                    Vector::Integer(values.into(), valid)
                }
                _ => match a.wide(rows) {
                    Some(a) => Vector::Wide(a.iter().map(|a| a.wrapping_mul(*factor)).collect(), valid),
                    None => Vector::Constant(Literal::Missing),
                },
            }
        }
        Operation::Compare(how, a, b) => Vector::Boolean(compare(*how, at(a), at(b), rows)),
        Operation::And(list) => Vector::Boolean(combine(list, results, true)),
        Operation::Or(list) => Vector::Boolean(combine(list, results, false)),
        Operation::Not(a) => {
            let truth = at(a).truth(rows);
            let no = truth.no();
            Vector::Boolean(Truth { no: truth.no.is_some().then_some(truth.yes), yes: no })
        }
        Operation::IsMissing(a) => {
            let yes = at(a).valid(rows).map_or_else(|| Bitmap::filled(rows, false), |valid| valid.not());
            Vector::Boolean(Truth { yes: Arc::new(yes), no: None })
        }
        Operation::InIntegers(a, list, unknown) => {
            let a = at(a);
            let Some(values) = a.integers(rows) else { return Vector::Boolean(Truth::constant(None, rows)) };
            let holds = match list.as_slice() {
                [one] => Bitmap::of(&values, |v| v == *one),
                _ => {
                    let least = list.iter().copied().min().unwrap_or_default();
                    let distance = |v: i64| v.wrapping_sub(least) as u64;
                    if list.iter().all(|v| distance(*v) < 64) {
                        let members = list.iter().fold(0_u64, |set, v| set | (1 << distance(*v)));
                        Bitmap::of(&values, |v| distance(v) < 64 && members >> (distance(v) & 63) & 1 == 1)
                    } else {
                        Bitmap::of(&values, |v| list.contains(&v))
                    }
                }
            };
            Vector::Boolean(or_unknown(Truth::known(holds, &a.valid(rows)), *unknown, rows))
        }
        Operation::InTexts(a, list, unknown) => {
            let truth = text_predicate(at(a), rows, |text| list.iter().any(|l| l == text));
            Vector::Boolean(or_unknown(truth, *unknown, rows))
        }
        Operation::Like(a, pattern) => {
            Vector::Boolean(text_predicate(at(a), rows, |text| row::like(text, pattern)))
        }
        Operation::BusinessTime(a, hours) => {
            let a = at(a);
            let Some(instants) = a.integers(rows) else { return Vector::Constant(Literal::Missing) };
            let mut known = Bitmap::filled(rows, false);
            let mut values = vec![0; rows];
            for (row, (value, instant)) in values.iter_mut().zip(instants.iter()).enumerate() {
                if let Some(time) = hours.elapsed(*instant) {
                    *value = time;
                    known.set(row);
                }
            }
            let valid = both(&a.valid(rows), &Some(Arc::new(known)));
            Vector::Integer(values.into(), valid)
        }
        Operation::Call(function, type_, of) => {
            let of: Vec<_> = of.iter().map(|(node, physical)| (at(node), *physical)).collect();
            call(*function, type_, &of, rows)
        }
        Operation::Choose(branches) => choose(branches, instruction, results),
    }
}

/// A list with a missing literal never says no.
fn or_unknown(truth: Truth, unknown: bool, rows: usize) -> Truth {
    if unknown { Truth { no: Some(Arc::new(Bitmap::filled(rows, false))), ..truth } } else { truth }
}

fn combine(list: &[NodeId], results: &Results, all: bool) -> Truth {
    let mut found: Option<Truth> = None;
    for node in list {
        let next = results.vector(*node).truth(results.rows);
        found = Some(match found {
            None => next,
            Some(before) => {
                let known = before.no.is_none() && next.no.is_none();
                let join = |a: &Bitmap, b: &Bitmap, all| Arc::new(if all { a.and(b) } else { a.or(b) });
                Truth {
                    yes: join(&before.yes, &next.yes, all),
                    no: (!known).then(|| join(&before.no(), &next.no(), !all)),
                }
            }
        });
    }
    found.unwrap_or_else(|| Truth::constant(Some(all), results.rows))
}
