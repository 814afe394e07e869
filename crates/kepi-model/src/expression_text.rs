//! Expressions as the language writes them.

use std::fmt;

use crate::{
    expression::{Arithmetic, Comparison, Expression, Function, Literal, Node, Path, Type, scaled},
    word::Word,
};

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (reference, _) in &self.references {
            write!(f, "{reference}.")?;
        }
        write!(f, "{}", self.attribute)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f)
    }
}

/// How strongly a node binds; an operand that binds less strongly stands in brackets.
fn strength(node: &Node) -> u8 {
    match node {
        Node::Or(list) | Node::And(list) if list.len() == 1 => list.first().map_or(9, |e| strength(&e.node)),
        Node::Or(_) => 1,
        Node::And(_) => 2,
        Node::Not(inner) if !matches!(inner.node, Node::IsMissing(_) | Node::In(..) | Node::Like(..)) => 3,
        Node::Not(_)
        | Node::Compare(..)
        | Node::IsMissing(_)
        | Node::In(..)
        | Node::Like(..)
        | Node::Exists(..) => 4,
        Node::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, ..)
        | Node::Call(Function::DaysBetween | Function::DaysLater, _) => 5,
        Node::Arithmetic(Arithmetic::Multiply, ..) => 6,
        Node::Negate(_) => 7,
        Node::Rescale(inner, _) => strength(&inner.node),
        Node::Literal(Literal::Integer(n)) if *n < 0 => 7,
        Node::Literal(_)
        | Node::Path(_)
        | Node::Coalesce(_)
        | Node::Call(..)
        | Node::Case(..)
        | Node::BusinessTime(..) => 9,
    }
}

fn operand(e: &Expression, at_least: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if strength(&e.node) < at_least {
        f.write_str("(")?;
        write(e, f)?;
        f.write_str(")")
    } else {
        write(e, f)
    }
}

fn joined(list: &[Expression], word: &str, at_least: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (i, e) in list.iter().enumerate() {
        if i > 0 {
            f.write_str(word)?;
        }
        operand(e, at_least, f)?;
    }
    Ok(())
}

fn write(e: &Expression, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match &e.node {
        Node::Literal(literal) => f.write_str(&literal_text(literal, &e.type_)),
        Node::Path(path) => write!(f, "{path}"),
        Node::Arithmetic(op, a, b) => {
            let (word, own) = match op {
                Arithmetic::Add => (" + ", 5),
                Arithmetic::Subtract => (" - ", 5),
                Arithmetic::Multiply => (" * ", 6),
            };
            operand(a, own, f)?;
            f.write_str(word)?;
            operand(b, own + 1, f)
        }
        Node::Negate(a) => {
            f.write_str("-")?;
            operand(a, 8, f)
        }
        Node::Rescale(a, _) => write(a, f),
        Node::Compare(comparison, a, b) => {
            operand(a, 5, f)?;
            write!(f, " {comparison} ")?;
            operand(b, 5, f)
        }
        Node::And(list) => joined(list, " and ", 3, f),
        Node::Or(list) => joined(list, " or ", 2, f),
        Node::Not(inner) => match &inner.node {
            Node::IsMissing(a) => {
                operand(a, 5, f)?;
                f.write_str(" is not null")
            }
            Node::In(a, list) => membership(a, list, " not in (", f),
            Node::Like(a, pattern) => {
                operand(a, 5, f)?;
                write!(f, " not like {}", quoted(pattern))
            }
            _ => {
                f.write_str("not ")?;
                operand(inner, 4, f)
            }
        },
        Node::IsMissing(a) => {
            operand(a, 5, f)?;
            f.write_str(" is null")
        }
        Node::In(a, list) => membership(a, list, " in (", f),
        Node::Like(a, pattern) => {
            operand(a, 5, f)?;
            write!(f, " like {}", quoted(pattern))
        }
        Node::Coalesce(list) => {
            f.write_str("coalesce(")?;
            joined(list, ", ", 0, f)?;
            f.write_str(")")
        }
        Node::Call(Function::DaysBetween | Function::DaysLater, list) => {
            let [a, b, ..] = list.as_slice() else { return Ok(()) };
            operand(a, 5, f)?;
            match &b.node {
                Node::Literal(Literal::Integer(by)) if b.type_ == Type::Duration => {
                    f.write_str(if *by < 0 { " - " } else { " + " })?;
                    f.write_str(&literal_text(&Literal::Integer(by.saturating_abs()), &b.type_))
                }
                _ => {
                    f.write_str(" - ")?;
                    operand(b, 6, f)
                }
            }
        }
        Node::Call(function, list) => {
            let shown = if function.reads_clock() { list.len() / 2 } else { list.len() };
            write!(f, "{}(", function.word())?;
            joined(list.get(..shown).unwrap_or_default(), ", ", 0, f)?;
            f.write_str(")")
        }
        Node::Case(branches, last) => {
            f.write_str("case")?;
            for (test, result) in branches {
                write!(f, " when {test} then {result}")?;
            }
            if let Some(last) = last {
                write!(f, " else {last}")?;
            }
            f.write_str(" end")
        }
        // Nobody writes it: it comes of `in:`.
        Node::BusinessTime(a, _) => write!(f, "business_time({a})"),
        Node::Exists(attribute, _) => write!(f, "{attribute} exists"),
    }
}

fn membership(a: &Expression, list: &[Literal], word: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    operand(a, 5, f)?;
    f.write_str(word)?;
    for (i, literal) in list.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        f.write_str(&literal_text(literal, &a.type_))?;
    }
    f.write_str(")")
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A length of time in the largest units that say it exactly.
pub(crate) fn duration_text(micros: i64) -> String {
    let units: [(&str, i64); 7] = [
        ("week", 604_800_000_000),
        ("day", 86_400_000_000),
        ("hour", 3_600_000_000),
        ("minute", 60_000_000),
        ("second", 1_000_000),
        ("millisecond", 1000),
        ("microsecond", 1),
    ];
    let (word, size) = units
        .into_iter()
        .find(|(_, size)| micros != 0 && micros % size == 0)
        .unwrap_or(("second", 1_000_000));
    let n = micros / size;
    format!("{n} {word}{}", if n.abs() == 1 { "" } else { "s" })
}

/// A constant of a type as the language writes it.
pub(crate) fn literal_text(literal: &Literal, type_: &Type) -> String {
    match (literal, type_) {
        (Literal::Missing, _) => "null".to_owned(),
        (Literal::Text(text), _) => quoted(text),
        (Literal::Boolean(b), _) => b.to_string(),
        (Literal::Integer(n), Type::Money { currency, scale }) => {
            if *n == 0 {
                "0".to_owned()
            } else {
                format!("'{} {currency}'", scaled(*n, *scale))
            }
        }
        (Literal::Integer(n), Type::Duration) => format!("interval '{}'", duration_text(*n)),
        (Literal::Integer(n), Type::Date | Type::Timestamp) => jiff::Timestamp::from_microsecond(*n)
            .map_or_else(|_| n.to_string(), |t| format!("timestamp '{t}'")),
        (Literal::Integer(n), other) => scaled(*n, other.scale()),
    }
}
