//! Row expressions over batches: each different subexpression is computed once a batch.
//!
//! Every integer node carries an interval that its values cannot leave, derived from the bounds of the columns.
//! Nodes proved to stay within 64 bits run in 64 bits, those within 128 run in 128, and an expression of which even
//! that cannot be proved is left to the reference interpreter, row by row. So nothing wraps, and whatever the path,
//! the meaning is the interpreter's.

use std::{collections::HashMap, sync::Arc};

use arrow::array::{Array, StringArray};
use kepi_model::{
    expression::{Arithmetic, Comparison, Expression, Literal, Node, Path, Physical},
    id::{AttributeId, EntityId},
};
use kepi_query::row::{self, Cell, Row};

use crate::vector::{Bitmap, Texts, Truth, Valid, Vector, both};

/// What integer values cannot leave.
pub type Interval = (i128, i128);

/// Position of an instruction.
pub type NodeId = usize;

/// A compiled expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Compiled {
    /// Where its result is.
    pub node: NodeId,
    /// The interval of its values if it is an integer that the instructions compute; none for what is left to the
    /// interpreter and for other types.
    pub interval: Option<Interval>,
}

#[derive(Debug)]
enum Operation {
    Constant(Literal),
    Column(usize),
    Arithmetic(Arithmetic, NodeId, NodeId),
    /// Times a constant.
    Scale(NodeId, i128),
    Compare(Comparison, NodeId, NodeId),
    And(Vec<NodeId>),
    Or(Vec<NodeId>),
    Not(NodeId),
    IsMissing(NodeId),
    InIntegers(NodeId, Vec<i64>, bool),
    InTexts(NodeId, Vec<String>, bool),
    Like(NodeId, String),
    Choose(Vec<(Choice, NodeId)>),
    Interpret(Box<Expression>),
}

/// When a branch is taken, if none before it was.
#[derive(Debug, Clone, Copy)]
enum Choice {
    Always,
    IfTrue(NodeId),
    IfPresent,
}

#[derive(Debug)]
struct Instruction {
    operation: Operation,
    physical: Physical,
    interval: Option<Interval>,
    wide: bool,
}

/// A column an expression needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Physical form.
    pub physical: Physical,
    /// Least and greatest value, where known.
    pub bounds: Option<(i64, i64)>,
}

/// Instructions in an order in which each comes after those it needs.
#[derive(Debug, Default)]
pub struct Program {
    instructions: Vec<Instruction>,
    known: HashMap<Expression, NodeId>,
    columns: HashMap<Path, (usize, Physical)>,
}

/// Results of a program for one batch.
#[derive(Debug)]
pub struct Results {
    /// Number of rows.
    pub rows: usize,
    vectors: Vec<Vector>,
    /// Rows for which the interpreter met a value beyond 128 bits, by instruction.
    overflows: HashMap<NodeId, Arc<Bitmap>>,
}

impl Results {
    /// The result of an instruction.
    pub fn vector(&self, node: NodeId) -> &Vector {
        self.vectors.get(node).unwrap_or(&Vector::Constant(Literal::Missing))
    }
    /// Rows that have no exact result.
    pub fn overflow(&self, node: NodeId) -> Option<&Arc<Bitmap>> {
        self.overflows.get(&node)
    }
}

/// Finds the position and facts of a path's column among those that [`Program::run`] will be given; none: there are no
/// rows to find it in.
pub type FindColumn<'a, E> = dyn FnMut(&Path) -> Result<Option<(usize, ColumnFacts)>, E> + 'a;

const NARROW: Interval = (i64::MIN as i128, i64::MAX as i128);

impl Program {
    /// Adds an expression.
    pub fn compile<E>(
        &mut self,
        expression: &Expression,
        column: &mut FindColumn<'_, E>,
    ) -> Result<Compiled, E> {
        let node = match (self.known.get(expression).copied(), self.node(expression, column)?) {
            (_, Some(node)) | (Some(node), None) => node,
            (None, None) => {
                // Paths must be known to the interpreter.
                self.paths(expression, column)?;
                self.push(expression, Operation::Interpret(Box::new(expression.clone())), None, true)
            }
        };
        let interval = self.instructions.get(node).and_then(|i| i.interval);
        Ok(Compiled { node, interval })
    }

    fn paths<E>(&mut self, expression: &Expression, column: &mut FindColumn<'_, E>) -> Result<(), E> {
        if let Node::Path(path) = &expression.node
            && let Some((position, facts)) = column(path)?
        {
            self.columns.insert(path.clone(), (position, facts.physical));
        }
        operands(expression).into_iter().try_for_each(|operand| self.paths(operand, column))
    }

    fn push(
        &mut self,
        expression: &Expression,
        operation: Operation,
        interval: Option<Interval>,
        wide: bool,
    ) -> NodeId {
        let physical = expression.type_.physical();
        self.instructions.push(Instruction { operation, physical, interval, wide });
        self.known.insert(expression.clone(), self.instructions.len() - 1);
        self.instructions.len() - 1
    }

    fn facts(&self, node: NodeId) -> (Option<Interval>, bool, Physical) {
        self.instructions.get(node).map_or((None, true, Physical::Text), |i| (i.interval, i.wide, i.physical))
    }

    /// None: left to the interpreter.
    fn node<E>(
        &mut self,
        expression: &Expression,
        column: &mut FindColumn<'_, E>,
    ) -> Result<Option<NodeId>, E> {
        if let Some(node) = self.known.get(expression) {
            let interpreted = matches!(
                self.instructions.get(*node),
                Some(Instruction { operation: Operation::Interpret(_), .. })
            );
            return Ok((!interpreted).then_some(*node));
        }
        let mut compiled = Vec::new();
        for operand in operands(expression) {
            match self.node(operand, column)? {
                Some(node) => compiled.push(node),
                None => return Ok(None),
            }
        }
        let physical = expression.type_.physical();
        let numeric = matches!(physical, Physical::Integer | Physical::Instant);
        let operand = |i: usize| compiled.get(i).copied().unwrap_or_default();
        let (mut interval, mut wide) = (None, false);
        let operation = match &expression.node {
            Node::Literal(literal) => {
                interval = match literal {
                    Literal::Integer(value) => Some((i128::from(*value), i128::from(*value))),
                    Literal::Missing if numeric => Some((0, 0)),
                    _ => None,
                };
                Operation::Constant(literal.clone())
            }
            Node::Path(path) => {
                if let Some((position, facts)) = column(path)? {
                    if facts.physical != physical {
                        return Ok(None);
                    }
                    self.columns.insert(path.clone(), (position, facts.physical));
                    if numeric {
                        let (low, high) = facts.bounds.unwrap_or((i64::MIN, i64::MAX));
                        interval = Some((low.min(high).into(), high.max(low).into()));
                    }
                    Operation::Column(position)
                } else {
                    // A table that is not there has no rows, so nothing can be found in it.
                    interval = numeric.then_some((0, 0));
                    Operation::Constant(Literal::Missing)
                }
            }
            Node::Arithmetic(how, ..) => {
                let ((a, a_wide, _), (b, b_wide, _)) = (self.facts(operand(0)), self.facts(operand(1)));
                let (Some(a), Some(b)) = (a, b) else { return Ok(None) };
                let Some(found) = arithmetic_interval(*how, a, b) else { return Ok(None) };
                (interval, wide) = (Some(found), a_wide || b_wide || !within(found, NARROW));
                Operation::Arithmetic(*how, operand(0), operand(1))
            }
            Node::Negate(_) | Node::Rescale(..) => {
                let factor = match &expression.node {
                    Node::Rescale(_, digits) => 10_i128.checked_pow(u32::from(*digits)),
                    _ => Some(-1),
                };
                let (a, a_wide, _) = self.facts(operand(0));
                let (Some(factor), Some(a)) = (factor, a) else { return Ok(None) };
                let Some(found) = arithmetic_interval(Arithmetic::Multiply, a, (factor, factor)) else {
                    return Ok(None);
                };
                (interval, wide) = (Some(found), a_wide || !within(found, NARROW));
                Operation::Scale(operand(0), factor)
            }
            Node::Compare(how, ..) => {
                let (a, b) = (self.facts(operand(0)).2, self.facts(operand(1)).2);
                let number = |p| matches!(p, Physical::Integer | Physical::Instant);
                if a != b && !(number(a) && number(b)) {
                    return Ok(None);
                }
                Operation::Compare(*how, operand(0), operand(1))
            }
            Node::And(_) => Operation::And(compiled),
            Node::Or(_) => Operation::Or(compiled),
            Node::Not(_) => Operation::Not(operand(0)),
            Node::IsMissing(_) => Operation::IsMissing(operand(0)),
            Node::In(_, list) => {
                let (_, a_wide, a) = self.facts(operand(0));
                let any_other = |known: fn(&Literal) -> bool| !list.iter().all(known);
                match a {
                    Physical::Integer | Physical::Instant if !a_wide => {
                        let integers = list.iter().filter_map(|l| match l {
                            Literal::Integer(value) => Some(*value),
                            _ => None,
                        });
                        let unknown = any_other(|l| matches!(l, Literal::Integer(_)));
                        Operation::InIntegers(operand(0), integers.collect(), unknown)
                    }
                    Physical::Text => {
                        let texts = list.iter().filter_map(|l| match l {
                            Literal::Text(text) => Some(text.clone()),
                            _ => None,
                        });
                        let unknown = any_other(|l| matches!(l, Literal::Text(_)));
                        Operation::InTexts(operand(0), texts.collect(), unknown)
                    }
                    _ => return Ok(None),
                }
            }
            Node::Like(_, pattern) if self.facts(operand(0)).2 == Physical::Text => {
                Operation::Like(operand(0), pattern.clone())
            }
            Node::Coalesce(_) | Node::Case(..) => {
                let branches: Vec<_> = match &expression.node {
                    Node::Case(branches, otherwise) => {
                        let pairs = compiled.chunks(2).take(branches.len());
                        let taken = pairs.filter_map(|pair| match pair {
                            [condition, value] => Some((Choice::IfTrue(*condition), *value)),
                            _ => None,
                        });
                        let rest = otherwise.is_some().then(|| compiled.last().copied()).flatten();
                        taken.chain(rest.map(|node| (Choice::Always, node))).collect()
                    }
                    _ => compiled.iter().map(|node| (Choice::IfPresent, *node)).collect(),
                };
                for (_, node) in &branches {
                    let (found, branch_wide, branch) = self.facts(*node);
                    let missing = matches!(
                        self.instructions.get(*node),
                        Some(Instruction { operation: Operation::Constant(Literal::Missing), .. })
                    );
                    if branch != physical && !missing {
                        return Ok(None);
                    }
                    wide |= branch_wide;
                    if numeric {
                        let found = found.unwrap_or((0, 0));
                        interval =
                            Some(interval.map_or(found, |i: Interval| (i.0.min(found.0), i.1.max(found.1))));
                    }
                }
                if numeric && interval.is_none() {
                    interval = Some((0, 0));
                }
                Operation::Choose(branches)
            }
            Node::Like(..) | Node::Exists(..) => return Ok(None),
        };
        Ok(Some(self.push(expression, operation, interval, wide)))
    }

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

fn operands(expression: &Expression) -> Vec<&Expression> {
    match &expression.node {
        Node::Literal(_) | Node::Path(_) | Node::Exists(..) => vec![],
        Node::Arithmetic(_, a, b) | Node::Compare(_, a, b) => vec![a, b],
        Node::Negate(a) | Node::Rescale(a, _) | Node::Not(a) | Node::IsMissing(a) => vec![a],
        Node::In(a, _) | Node::Like(a, _) => vec![a],
        Node::And(list) | Node::Or(list) | Node::Coalesce(list) => list.iter().collect(),
        Node::Case(branches, otherwise) => {
            branches.iter().flat_map(|(c, v)| [c, v]).chain(otherwise.as_deref()).collect()
        }
    }
}

fn within(inner: Interval, outer: Interval) -> bool {
    outer.0 <= inner.0 && inner.1 <= outer.1
}

/// Interval arithmetic in 128 bits; none if that is too small.
fn arithmetic_interval(how: Arithmetic, a: Interval, b: Interval) -> Option<Interval> {
    Some(match how {
        Arithmetic::Add => (a.0.checked_add(b.0)?, a.1.checked_add(b.1)?),
        Arithmetic::Subtract => (a.0.checked_sub(b.1)?, a.1.checked_sub(b.0)?),
        Arithmetic::Multiply => {
            let products =
                [a.0.checked_mul(b.0)?, a.0.checked_mul(b.1)?, a.1.checked_mul(b.0)?, a.1.checked_mul(b.1)?];
            (products.into_iter().min()?, products.into_iter().max()?)
        }
    })
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

fn compute(operation: &Operation, instruction: &Instruction, results: &Results) -> Vector {
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

/// Truth of a condition on text, decided once a member where that is less work.
fn text_predicate(vector: &Vector, rows: usize, holds: impl Fn(&str) -> bool) -> Truth {
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

fn compare(how: Comparison, a: &Vector, b: &Vector, rows: usize) -> Truth {
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

/// The first branch that is taken.
fn choose(branches: &[(Choice, NodeId)], instruction: &Instruction, results: &Results) -> Vector {
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
struct TextBuilder {
    codes: Vec<i32>,
    valid: Bitmap,
    members: Vec<Box<str>>,
    index: HashMap<Box<str>, i32>,
}

impl TextBuilder {
    fn new(rows: usize) -> Self {
        Self {
            codes: vec![0; rows],
            valid: Bitmap::filled(rows, false),
            members: vec![],
            index: HashMap::new(),
        }
    }
    fn set(&mut self, row: usize, text: &str) {
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
    fn finish(self) -> Vector {
        let members = StringArray::from_iter_values(self.members.iter());
        debug_assert_eq!(members.null_count(), 0);
        Vector::Text(Texts { codes: self.codes.into(), valid: some_missing(self.valid), members })
    }
}
