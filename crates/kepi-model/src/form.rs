//! The canonical form, version 1: what is hashed of types and expressions. That of a measure stands with its kind, that of
//! what is made of them in `meaning`.
//!
//! Everything is a list that begins with a word, written out here by hand, so that no name or order of a Rust type is
//! part of it. Lists only: a map would have an order that depends on how `serde_json` was built. What a word stands for
//! never changes; where a meaning changes, the words do. Golden hashes in `tests/it/meaning.rs` hold all of it.

use serde_json::{Value, json};

use crate::{
    calendar::Calendar,
    expression::{Arithmetic, Comparison, Expression, Literal, Node, Path, Type},
    word::Word,
};

pub(crate) fn option<T>(value: Option<T>, form: impl FnOnce(T) -> Value) -> Value {
    value.map_or(Value::Null, form)
}

pub(crate) fn calendar(calendar: &Calendar) -> Value {
    let mut form = json!(["calendar", calendar.zone, calendar.week_start, calendar.fiscal_year_start]);
    if let (Some(weeks), Some(form)) = (calendar.weeks, form.as_array_mut()) {
        form.push(json!([weeks.pattern.word(), weeks.begins.word()]));
    }
    form
}

pub(crate) fn type_(type_: &Type) -> Value {
    match type_ {
        Type::Text => json!(["text"]),
        Type::Integer => json!(["integer"]),
        Type::Number { scale } => json!(["number", scale]),
        Type::Money { currency, scale } => json!(["money", currency, scale]),
        Type::Boolean => json!(["boolean"]),
        Type::Date => json!(["date"]),
        Type::Timestamp => json!(["timestamp"]),
        Type::Duration => json!(["duration"]),
        Type::Enum { values } => json!(["enum", values]),
        Type::Reference { entity } => json!(["reference", entity]),
    }
}

pub(crate) fn literal(literal: &Literal) -> Value {
    match literal {
        Literal::Missing => json!(["missing"]),
        Literal::Text(text) => json!(["text", text]),
        Literal::Integer(n) => json!(["integer", n]),
        Literal::Boolean(b) => json!(["boolean", b]),
    }
}

pub(crate) fn path(path: &Path) -> Value {
    json!(["path", path.references, path.attribute])
}

/// An expression: what is computed, of which type, from what.
pub(crate) fn expression(e: &Expression) -> Value {
    let one = |word: &str, a: &Expression| vec![json!(word), expression(a)];
    let two = |word: &str, a: &Expression, b: &Expression| vec![json!(word), expression(a), expression(b)];
    let all = |word: &str, list: &[Expression]| {
        std::iter::once(json!(word)).chain(list.iter().map(expression)).collect::<Vec<_>>()
    };
    let node = match &e.node {
        Node::Literal(constant) => vec![json!("literal"), literal(constant)],
        Node::Path(to) => vec![path(to)],
        Node::Arithmetic(Arithmetic::Add, a, b) => two("add", a, b),
        Node::Arithmetic(Arithmetic::Subtract, a, b) => two("subtract", a, b),
        Node::Arithmetic(Arithmetic::Multiply, a, b) => two("multiply", a, b),
        Node::Negate(a) => one("negate", a),
        Node::Rescale(a, digits) => vec![json!("rescale"), expression(a), json!(digits)],
        Node::Compare(Comparison::Equal, a, b) => two("=", a, b),
        Node::Compare(Comparison::NotEqual, a, b) => two("<>", a, b),
        Node::Compare(Comparison::Less, a, b) => two("<", a, b),
        Node::Compare(Comparison::LessOrEqual, a, b) => two("<=", a, b),
        Node::Compare(Comparison::Greater, a, b) => two(">", a, b),
        Node::Compare(Comparison::GreaterOrEqual, a, b) => two(">=", a, b),
        Node::And(list) => all("and", list),
        Node::Or(list) => all("or", list),
        Node::Not(a) => one("not", a),
        Node::IsMissing(a) => one("is missing", a),
        Node::In(a, members) => {
            vec![json!("in"), expression(a), members.iter().map(literal).collect()]
        }
        Node::Like(a, pattern) => vec![json!("like"), expression(a), json!(pattern)],
        Node::Coalesce(list) => all("coalesce", list),
        Node::Call(function, list) => all(function.word(), list),
        Node::Case(branches, last) => vec![
            json!("case"),
            branches
                .iter()
                .map(|(test, then)| Value::Array(vec![expression(test), expression(then)]))
                .collect(),
            option(last.as_deref(), expression),
        ],
        Node::BusinessTime(a, hours) => vec![hours.form(), expression(a)],
        Node::Exists(attribute, entity) => vec![json!("exists"), json!(attribute), json!(entity)],
    };
    // Not by `json!`, which copies what it is given: that would be all below, once a level.
    vec![type_(&e.type_), node.into()].into()
}
