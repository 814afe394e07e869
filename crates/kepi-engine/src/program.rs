//! Row expressions over batches: each different subexpression is computed once a batch.
//!
//! Every integer node carries an interval that its values cannot leave, derived from the bounds of the columns.
//! Nodes proved to stay within 64 bits run in 64 bits, those within 128 run in 128, and an expression of which even
//! that cannot be proved is left to the reference interpreter, row by row. So nothing wraps, and whatever the path,
//! the meaning is the interpreter's.
//!
//! `emit` makes instructions of expressions and proves their intervals; `run` computes them for a batch, by
//! `operation`, `call`, `compare` and `choose`.

mod call;
mod choose;
mod compare;
mod emit;
mod operation;
mod run;

use std::{collections::HashMap, sync::Arc};

use kepi_model::{
    business_hours::BusinessHours,
    expression::{Arithmetic, Comparison, Expression, Function, Literal, Path, Physical, Type},
};

use crate::vector::{Bitmap, Vector};

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
    /// A function, and the type of its result.
    Call(Function, Type, Vec<(NodeId, Physical)>),
    Choose(Vec<(Choice, NodeId)>),
    BusinessTime(NodeId, BusinessHours),
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
