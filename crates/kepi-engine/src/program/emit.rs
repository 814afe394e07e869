//! Expressions → instructions, each with the interval its values cannot leave.

use kepi_model::expression::{Arithmetic, Expression, Function, Literal, Node, Path, Physical};

use super::{
    Choice, ColumnFacts, Compiled, FindColumn, Instruction, Interval, NARROW, NodeId, Operation, Program,
};

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
        let emitted = match &expression.node {
            Node::Path(path) => {
                let found = column(path)?;
                self.column(path, expression.type_.physical(), found)
            }
            _ => self.operation(expression, compiled),
        };
        Ok(emitted.map(|(operation, interval, wide)| self.push(expression, operation, interval, wide)))
    }

    fn column(
        &mut self,
        path: &Path,
        physical: Physical,
        found: Option<(usize, ColumnFacts)>,
    ) -> Option<Emitted> {
        let Some((position, facts)) = found else {
            // A table that is not there has no rows, so nothing can be found in it.
            let interval = is_number(physical).then_some((0, 0));
            return Some((Operation::Constant(Literal::Missing), interval, false));
        };
        if facts.physical != physical {
            return None;
        }
        self.columns.insert(path.clone(), (position, facts.physical));
        let (low, high) = facts.bounds.unwrap_or((i64::MIN, i64::MAX));
        let interval = is_number(physical).then(|| (low.min(high).into(), high.max(low).into()));
        Some((Operation::Column(position), interval, false))
    }

    /// The operation of an expression whose operands are `compiled`.
    fn operation(&self, expression: &Expression, compiled: Vec<NodeId>) -> Option<Emitted> {
        let operand = |i: usize| compiled.get(i).copied().unwrap_or_default();
        let truth = |operation| Some((operation, None, false));
        match &expression.node {
            Node::Literal(literal) => {
                let interval = match literal {
                    Literal::Integer(value) => Some((i128::from(*value), i128::from(*value))),
                    Literal::Missing if is_number(expression.type_.physical()) => Some((0, 0)),
                    _ => None,
                };
                Some((Operation::Constant(literal.clone()), interval, false))
            }
            Node::Arithmetic(how, ..) => {
                let ((a, a_wide, _), (b, b_wide, _)) = (self.facts(operand(0)), self.facts(operand(1)));
                let found = arithmetic_interval(*how, a?, b?)?;
                let wide = a_wide || b_wide || !within(found, NARROW);
                Some((Operation::Arithmetic(*how, operand(0), operand(1)), Some(found), wide))
            }
            Node::Negate(_) => self.scaled(operand(0), -1),
            Node::Rescale(_, digits) => self.scaled(operand(0), 10_i128.checked_pow(u32::from(*digits))?),
            Node::Compare(how, ..) => {
                let (a, b) = (self.facts(operand(0)).2, self.facts(operand(1)).2);
                if a != b && !(is_number(a) && is_number(b)) {
                    return None;
                }
                truth(Operation::Compare(*how, operand(0), operand(1)))
            }
            Node::And(_) => truth(Operation::And(compiled)),
            Node::Or(_) => truth(Operation::Or(compiled)),
            Node::Not(_) => truth(Operation::Not(operand(0))),
            Node::IsMissing(_) => truth(Operation::IsMissing(operand(0))),
            Node::In(_, list) => truth(self.membership(operand(0), list)?),
            Node::Like(_, pattern) if self.facts(operand(0)).2 == Physical::Text => {
                truth(Operation::Like(operand(0), pattern.clone()))
            }
            Node::Coalesce(_) => {
                let branches = compiled.iter().map(|node| (Choice::IfPresent, *node)).collect();
                self.choice(branches, expression.type_.physical())
            }
            Node::Case(branches, otherwise) => {
                let pairs = compiled.chunks(2).take(branches.len());
                let taken = pairs.filter_map(|pair| match pair {
                    [condition, value] => Some((Choice::IfTrue(*condition), *value)),
                    _ => None,
                });
                let rest = otherwise.is_some().then(|| compiled.last().copied()).flatten();
                let branches = taken.chain(rest.map(|node| (Choice::Always, node))).collect();
                self.choice(branches, expression.type_.physical())
            }
            Node::BusinessTime(_, hours)
                if matches!(self.facts(operand(0)), (_, false, Physical::Instant)) =>
            {
                let interval = (0, i128::from(hours.total()));
                Some((Operation::BusinessTime(operand(0), hours.clone()), Some(interval), false))
            }
            Node::Call(function, _) => {
                // What may exceed 64 bits on its way is the interpreter's.
                if compiled.iter().any(|node| self.facts(*node).1) {
                    return None;
                }
                let of_days = matches!(function, Function::DaysBetween | Function::DaysLater);
                let found = if of_days { NARROW } else { FUNCTIONS };
                let interval = is_number(expression.type_.physical()).then_some(found);
                let of = compiled.into_iter().map(|node| (node, self.facts(node).2)).collect();
                Some((Operation::Call(*function, expression.type_.clone(), of), interval, false))
            }
            Node::Path(_) | Node::Like(..) | Node::BusinessTime(..) | Node::Exists(..) => None,
        }
    }

    fn scaled(&self, operand: NodeId, factor: i128) -> Option<Emitted> {
        let (a, wide, _) = self.facts(operand);
        let found = arithmetic_interval(Arithmetic::Multiply, a?, (factor, factor))?;
        Some((Operation::Scale(operand, factor), Some(found), wide || !within(found, NARROW)))
    }

    fn membership(&self, operand: NodeId, list: &[Literal]) -> Option<Operation> {
        let any_other = |known: fn(&Literal) -> bool| !list.iter().all(known);
        match self.facts(operand) {
            (_, false, Physical::Integer | Physical::Instant) => {
                let integers = list.iter().filter_map(|l| match l {
                    Literal::Integer(value) => Some(*value),
                    _ => None,
                });
                let unknown = any_other(|l| matches!(l, Literal::Integer(_)));
                Some(Operation::InIntegers(operand, integers.collect(), unknown))
            }
            (_, _, Physical::Text) => {
                let texts = list.iter().filter_map(|l| match l {
                    Literal::Text(text) => Some(text.clone()),
                    _ => None,
                });
                let unknown = any_other(|l| matches!(l, Literal::Text(_)));
                Some(Operation::InTexts(operand, texts.collect(), unknown))
            }
            _ => None,
        }
    }

    /// The interval of a choice spans those of its branches.
    fn choice(&self, branches: Vec<(Choice, NodeId)>, physical: Physical) -> Option<Emitted> {
        let (mut interval, mut wide) = (None, false);
        for (_, node) in &branches {
            let (found, branch_wide, branch) = self.facts(*node);
            let missing = matches!(
                self.instructions.get(*node),
                Some(Instruction { operation: Operation::Constant(Literal::Missing), .. })
            );
            if branch != physical && !missing {
                return None;
            }
            wide |= branch_wide;
            let found = found.unwrap_or((0, 0));
            interval = Some(interval.map_or(found, |i: Interval| (i.0.min(found.0), i.1.max(found.1))));
        }
        let interval = is_number(physical).then(|| interval.unwrap_or((0, 0)));
        Some((Operation::Choose(branches), interval, wide))
    }
}

/// Between what the results of functions lie that are numbers: no year, hour or length of a text is beyond, but days, which are instants
/// or lengths of time.
const FUNCTIONS: Interval = (i32::MIN as i128, i32::MAX as i128);

/// What an instruction does, the interval of its values, whether it needs 128 bits.
type Emitted = (Operation, Option<Interval>, bool);

fn is_number(physical: Physical) -> bool {
    matches!(physical, Physical::Integer | Physical::Instant)
}

fn operands(expression: &Expression) -> Vec<&Expression> {
    match &expression.node {
        Node::Literal(_) | Node::Path(_) | Node::Exists(..) => vec![],
        Node::Arithmetic(_, a, b) | Node::Compare(_, a, b) => vec![a, b],
        Node::Negate(a) | Node::Rescale(a, _) | Node::Not(a) | Node::IsMissing(a) => vec![a],
        Node::In(a, _) | Node::Like(a, _) | Node::BusinessTime(a, _) => vec![a],
        Node::And(list) | Node::Or(list) | Node::Coalesce(list) | Node::Call(_, list) => {
            list.iter().collect()
        }
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
