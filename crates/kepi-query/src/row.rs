//! What a row expression means: the interpreter that every evaluator must equal.
//!
//! SQL's three-valued logic over exact integers. Arithmetic runs in 128 bits and is checked; nothing ever wraps.
//! [`evaluate`] narrows its result to the 64 bits that a row can store, [`evaluate_wide`] keeps all 128 for sums.

mod function;

pub use function::call;

use std::{borrow::Cow, cmp::Ordering};

use kepi_model::{
    expression::{Arithmetic, Comparison, Expression, Literal, Node, Path, Physical},
    id::{AttributeId, EntityId},
};

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// No value.
    Missing,
    /// Text.
    Text(Box<str>),
    /// A scaled integer, money or a duration.
    Integer(i64),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// True or false.
    Boolean(bool),
}

impl Cell {
    /// Whether there is no value.
    pub fn is_missing(&self) -> bool {
        *self == Self::Missing
    }
}

/// An exact value left the range that can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value leaves the range of {bits}-bit integers")]
pub struct Overflow {
    /// The range that was left.
    pub bits: u8,
}

/// The row that an expression is evaluated over.
pub trait Row {
    /// The value at the end of a path; missing if there is none or if a row on the way is not there.
    fn attribute(&self, path: &Path) -> Cell;
    /// Whether the row that `attribute` refers to is there; none: the row refers to nothing.
    fn exists(&self, attribute: &AttributeId, entity: &EntityId) -> Option<bool>;
}

/// A value on the way: as [`Cell`], but with room for intermediate results.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wide<'a> {
    Missing,
    Text(Cow<'a, str>),
    Integer(i128),
    Instant(i128),
    Boolean(bool),
}

/// The value of `expression` for one row.
///
/// Conditions of `and`, `or`, `case` and `coalesce` are taken in order, and operands that can no longer change the
/// result are not evaluated, so that an overflow in them does not count. Fails with [`Overflow`] if an intermediate
/// result exceeds 128 bits or the result 64.
pub fn evaluate(expression: &Expression, row: &dyn Row) -> Result<Cell, Overflow> {
    let narrow = |value: i128| i64::try_from(value).map_err(|_| Overflow { bits: 64 });
    Ok(match wide(expression, row)? {
        Wide::Missing => Cell::Missing,
        Wide::Text(text) => Cell::Text(text.into()),
        Wide::Integer(value) => Cell::Integer(narrow(value)?),
        Wide::Instant(value) => Cell::Instant(narrow(value)?),
        Wide::Boolean(value) => Cell::Boolean(value),
    })
}

/// The value of an integer-like or instant expression without narrowing; none if it is missing.
pub fn evaluate_wide(expression: &Expression, row: &dyn Row) -> Result<Option<i128>, Overflow> {
    Ok(match wide(expression, row)? {
        Wide::Integer(value) | Wide::Instant(value) => Some(value),
        Wide::Missing | Wide::Text(_) | Wide::Boolean(_) => None,
    })
}

/// Whether a condition is true; unknown is not.
pub fn holds(condition: &Expression, row: &dyn Row) -> Result<bool, Overflow> {
    Ok(wide(condition, row)? == Wide::Boolean(true))
}

fn wide<'a>(expression: &'a Expression, row: &dyn Row) -> Result<Wide<'a>, Overflow> {
    Ok(match &expression.node {
        Node::Literal(literal) => constant(literal, expression.type_.physical()),
        Node::Path(path) => match row.attribute(path) {
            Cell::Missing => Wide::Missing,
            Cell::Text(text) => Wide::Text(Cow::Owned(text.into())),
            Cell::Integer(value) => Wide::Integer(value.into()),
            Cell::Instant(value) => Wide::Instant(value.into()),
            Cell::Boolean(value) => Wide::Boolean(value),
        },
        Node::Arithmetic(operation, left, right) => {
            let (left, right) = (wide(left, row)?, wide(right, row)?);
            let (Some(left), Some(right)) = (number(&left), number(&right)) else { return Ok(Wide::Missing) };
            let result = match operation {
                Arithmetic::Add => left.checked_add(right),
                Arithmetic::Subtract => left.checked_sub(right),
                Arithmetic::Multiply => left.checked_mul(right),
            };
            typed(result.ok_or(Overflow { bits: 128 })?, expression.type_.physical())
        }
        Node::Negate(operand) => match number(&wide(operand, row)?) {
            None => Wide::Missing,
            Some(value) => {
                typed(value.checked_neg().ok_or(Overflow { bits: 128 })?, expression.type_.physical())
            }
        },
        Node::Rescale(operand, digits) => match number(&wide(operand, row)?) {
            None => Wide::Missing,
            Some(value) => {
                let factor = 10_i128.checked_pow(u32::from(*digits)).ok_or(Overflow { bits: 128 })?;
                typed(value.checked_mul(factor).ok_or(Overflow { bits: 128 })?, expression.type_.physical())
            }
        },
        Node::Compare(how, left, right) => {
            let (left, right) = (wide(left, row)?, wide(right, row)?);
            order(&left, &right).map_or(Wide::Missing, |found| Wide::Boolean(compares(*how, found)))
        }
        Node::And(operands) => {
            let mut unknown = false;
            for operand in operands {
                match wide(operand, row)? {
                    Wide::Boolean(false) => return Ok(Wide::Boolean(false)),
                    Wide::Boolean(true) => {}
                    _ => unknown = true,
                }
            }
            if unknown { Wide::Missing } else { Wide::Boolean(true) }
        }
        Node::Or(operands) => {
            let mut unknown = false;
            for operand in operands {
                match wide(operand, row)? {
                    Wide::Boolean(true) => return Ok(Wide::Boolean(true)),
                    Wide::Boolean(false) => {}
                    _ => unknown = true,
                }
            }
            if unknown { Wide::Missing } else { Wide::Boolean(false) }
        }
        Node::Not(operand) => match wide(operand, row)? {
            Wide::Boolean(value) => Wide::Boolean(!value),
            _ => Wide::Missing,
        },
        Node::IsMissing(operand) => Wide::Boolean(wide(operand, row)? == Wide::Missing),
        Node::In(operand, list) => {
            let value = wide(operand, row)?;
            if value == Wide::Missing {
                return Ok(Wide::Missing);
            }
            let mut unknown = false;
            for literal in list {
                match order(&value, &constant(literal, operand.type_.physical())) {
                    Some(Ordering::Equal) => return Ok(Wide::Boolean(true)),
                    Some(_) => {}
                    None => unknown = true,
                }
            }
            if unknown { Wide::Missing } else { Wide::Boolean(false) }
        }
        Node::Like(operand, pattern) => match wide(operand, row)? {
            Wide::Text(text) => Wide::Boolean(like(&text, pattern)),
            _ => Wide::Missing,
        },
        Node::Coalesce(operands) => {
            for operand in operands {
                let value = wide(operand, row)?;
                if value != Wide::Missing {
                    return Ok(value);
                }
            }
            Wide::Missing
        }
        Node::Case(branches, otherwise) => {
            for (condition, value) in branches {
                if wide(condition, row)? == Wide::Boolean(true) {
                    return wide(value, row);
                }
            }
            match otherwise {
                Some(value) => wide(value, row)?,
                None => Wide::Missing,
            }
        }
        Node::BusinessTime(operand, hours) => match wide(operand, row)? {
            Wide::Instant(at) => i64::try_from(at)
                .ok()
                .and_then(|at| hours.elapsed(at))
                .map_or(Wide::Missing, |time| Wide::Integer(time.into())),
            _ => Wide::Missing,
        },
        Node::Call(function, operands) => {
            let narrow = |value: i128| i64::try_from(value).map_err(|_| Overflow { bits: 64 });
            let mut values = Vec::with_capacity(operands.len());
            for operand in operands {
                values.push(match wide(operand, row)? {
                    Wide::Missing => return Ok(Wide::Missing),
                    Wide::Text(text) => Cell::Text(text.into()),
                    Wide::Integer(value) => Cell::Integer(narrow(value)?),
                    Wide::Instant(value) => Cell::Instant(narrow(value)?),
                    Wide::Boolean(value) => Cell::Boolean(value),
                });
            }
            match call(*function, &expression.type_, &values) {
                Cell::Missing => Wide::Missing,
                Cell::Text(text) => Wide::Text(Cow::Owned(text.into())),
                Cell::Integer(value) => Wide::Integer(value.into()),
                Cell::Instant(value) => Wide::Instant(value.into()),
                Cell::Boolean(value) => Wide::Boolean(value),
            }
        }
        Node::Exists(attribute, entity) => row.exists(attribute, entity).map_or(Wide::Missing, Wide::Boolean),
    })
}

fn constant(literal: &Literal, physical: Physical) -> Wide<'_> {
    match literal {
        Literal::Missing => Wide::Missing,
        Literal::Text(text) => Wide::Text(Cow::Borrowed(text)),
        Literal::Integer(value) => typed((*value).into(), physical),
        Literal::Boolean(value) => Wide::Boolean(*value),
    }
}

fn typed<'a>(value: i128, physical: Physical) -> Wide<'a> {
    if physical == Physical::Instant { Wide::Instant(value) } else { Wide::Integer(value) }
}

fn number(value: &Wide<'_>) -> Option<i128> {
    match value {
        Wide::Integer(value) | Wide::Instant(value) => Some(*value),
        Wide::Missing | Wide::Text(_) | Wide::Boolean(_) => None,
    }
}

/// None if either is missing. Checked expressions never compare values of different forms; where an unchecked one
/// does, the comparison is unknown.
fn order(left: &Wide<'_>, right: &Wide<'_>) -> Option<Ordering> {
    match (left, right) {
        (Wide::Text(left), Wide::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Wide::Boolean(left), Wide::Boolean(right)) => Some(left.cmp(right)),
        _ => Some(number(left)?.cmp(&number(right)?)),
    }
}

fn compares(how: Comparison, found: Ordering) -> bool {
    match how {
        Comparison::Equal => found.is_eq(),
        Comparison::NotEqual => found.is_ne(),
        Comparison::Less => found.is_lt(),
        Comparison::LessOrEqual => found.is_le(),
        Comparison::Greater => found.is_gt(),
        Comparison::GreaterOrEqual => found.is_ge(),
    }
}

/// SQL `like` without escape: `%` is any run of characters, `_` any one character (a Unicode scalar value).
/// Takes at most `|text| · |pattern|` steps, whatever the pattern.
pub fn like(text: &str, pattern: &str) -> bool {
    let mut text = text.chars();
    let mut pattern = pattern.chars();
    // Where to go on after a mismatch: behind the last `%`, one character of text later.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let text_before = text.clone();
        match (pattern.next(), text.next()) {
            (Some('%'), _) => {
                text = text_before;
                retry = Some((text.clone(), pattern.clone()));
            }
            (Some('_'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            (None, None) => return true,
            // Nothing is left to try when the text ended while the pattern still wants a character.
            (Some(_), None) => return false,
            (None, Some(_)) | (Some(_), Some(_)) => {
                let Some((retry_text, retry_pattern)) = retry.as_mut() else { return false };
                retry_text.next();
                text = retry_text.clone();
                pattern = retry_pattern.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kepi_model::expression::Type;

    use super::*;

    struct Cells(BTreeMap<&'static str, Cell>);
    impl Row for Cells {
        fn attribute(&self, path: &Path) -> Cell {
            self.0.get(path.attribute.as_str()).cloned().unwrap_or(Cell::Missing)
        }
        fn exists(&self, attribute: &AttributeId, _: &EntityId) -> Option<bool> {
            match self.0.get(attribute.as_str()) {
                None | Some(Cell::Missing) => None,
                Some(cell) => Some(*cell == Cell::Text("known".into())),
            }
        }
    }
    fn row() -> Cells {
        Cells(BTreeMap::from([
            ("big", Cell::Integer(i64::MAX)),
            ("two", Cell::Integer(2)),
            ("when", Cell::Instant(1_000)),
            ("text", Cell::Text("Zürich".into())),
            ("known", Cell::Text("known".into())),
            ("unknown", Cell::Text("other".into())),
            ("yes", Cell::Boolean(true)),
        ]))
    }
    fn of(type_: Type, node: Node) -> Expression {
        Expression { type_, node }
    }
    fn path(name: &str, type_: Type) -> Expression {
        of(type_, Node::Path(Path { references: vec![], attribute: name.parse().unwrap() }))
    }
    fn int(value: i64) -> Expression {
        of(Type::Integer, Node::Literal(Literal::Integer(value)))
    }
    fn boolean(value: Option<bool>) -> Expression {
        of(Type::Boolean, Node::Literal(value.map_or(Literal::Missing, Literal::Boolean)))
    }
    fn logic(node: Node) -> Option<bool> {
        match evaluate(&of(Type::Boolean, node), &row()).unwrap() {
            Cell::Boolean(value) => Some(value),
            Cell::Missing => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn logic_is_three_valued() {
        let values = [Some(true), Some(false), None];
        for a in values {
            assert_eq!(logic(Node::Not(Box::new(boolean(a)))), a.map(|a| !a));
            for b in values {
                let and = match (a, b) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                };
                let or = match (a, b) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                };
                assert_eq!(logic(Node::And(vec![boolean(a), boolean(b)])), and, "{a:?} and {b:?}");
                assert_eq!(logic(Node::Or(vec![boolean(a), boolean(b)])), or, "{a:?} or {b:?}");
            }
        }
    }

    #[test]
    fn intermediates_are_wide_and_results_never_wrap() {
        let big = || Box::new(path("big", Type::Integer));
        let product = of(Type::Integer, Node::Arithmetic(Arithmetic::Multiply, big(), big()));
        assert_eq!(evaluate(&product, &row()), Err(Overflow { bits: 64 }));
        assert_eq!(evaluate_wide(&product, &row()), Ok(Some(i128::from(i64::MAX).pow(2))));
        let back = of(
            Type::Integer,
            Node::Arithmetic(Arithmetic::Subtract, Box::new(product.clone()), Box::new(product.clone())),
        );
        assert_eq!(evaluate(&back, &row()), Ok(Cell::Integer(0)));
        let fourth = of(
            Type::Integer,
            Node::Arithmetic(Arithmetic::Multiply, Box::new(product.clone()), Box::new(product)),
        );
        assert_eq!(evaluate_wide(&fourth, &row()), Err(Overflow { bits: 128 }));
    }

    #[test]
    fn operands_that_do_not_matter_are_not_evaluated() {
        let big = || Box::new(path("big", Type::Integer));
        let square = || of(Type::Integer, Node::Arithmetic(Arithmetic::Multiply, big(), big()));
        let fourth =
            of(Type::Integer, Node::Arithmetic(Arithmetic::Multiply, Box::new(square()), Box::new(square())));
        let overflowing =
            of(Type::Boolean, Node::Compare(Comparison::Greater, Box::new(fourth.clone()), Box::new(int(0))));
        assert_eq!(logic(Node::And(vec![boolean(Some(false)), overflowing.clone()])), Some(false));
        assert_eq!(logic(Node::Or(vec![boolean(Some(true)), overflowing.clone()])), Some(true));
        let case = of(Type::Integer, Node::Case(vec![(boolean(None), fourth)], Some(Box::new(int(7)))));
        assert_eq!(evaluate(&case, &row()), Ok(Cell::Integer(7)));
        assert!(evaluate(&of(Type::Boolean, Node::And(vec![overflowing])), &row()).is_err());
    }

    #[test]
    fn instants_and_durations_keep_their_form() {
        let when = || Box::new(path("when", Type::Timestamp));
        let later = of(
            Type::Timestamp,
            Node::Arithmetic(
                Arithmetic::Add,
                when(),
                Box::new(of(Type::Duration, Node::Literal(Literal::Integer(5)))),
            ),
        );
        assert_eq!(evaluate(&later, &row()), Ok(Cell::Instant(1_005)));
        let between = of(Type::Duration, Node::Arithmetic(Arithmetic::Subtract, Box::new(later), when()));
        assert_eq!(evaluate(&between, &row()), Ok(Cell::Integer(5)));
        let literal = of(Type::Timestamp, Node::Literal(Literal::Integer(1_000)));
        assert_eq!(logic(Node::Compare(Comparison::Equal, when(), Box::new(literal))), Some(true));
    }

    #[test]
    fn missing_operands_make_results_missing() {
        let gone = || Box::new(path("gone", Type::Integer));
        let sum = of(Type::Integer, Node::Arithmetic(Arithmetic::Add, gone(), Box::new(int(1))));
        assert_eq!(evaluate(&sum, &row()), Ok(Cell::Missing));
        assert_eq!(evaluate(&of(Type::Integer, Node::Negate(gone())), &row()), Ok(Cell::Missing));
        assert_eq!(
            evaluate(&of(Type::Integer, Node::Coalesce(vec![*gone(), int(3)])), &row()),
            Ok(Cell::Integer(3))
        );
        assert_eq!(logic(Node::Compare(Comparison::NotEqual, gone(), Box::new(int(1)))), None);
        assert_eq!(logic(Node::IsMissing(gone())), Some(true));
        assert_eq!(logic(Node::In(gone(), vec![Literal::Integer(1)])), None);
        let two = || Box::new(path("two", Type::Integer));
        assert_eq!(logic(Node::In(two(), vec![Literal::Missing, Literal::Integer(2)])), Some(true));
        assert_eq!(logic(Node::In(two(), vec![Literal::Missing, Literal::Integer(3)])), None);
        assert_eq!(logic(Node::In(two(), vec![Literal::Integer(3)])), Some(false));
    }

    #[test]
    fn texts_compare_by_bytes_and_false_is_less_than_true() {
        let text = |value: &str| of(Type::Text, Node::Literal(Literal::Text(value.into())));
        let less = |a, b| logic(Node::Compare(Comparison::Less, Box::new(a), Box::new(b)));
        assert_eq!(less(text("Z"), text("a")), Some(true));
        assert_eq!(less(text("z"), text("ä")), Some(true));
        assert_eq!(less(boolean(Some(false)), boolean(Some(true))), Some(true));
        assert_eq!(less(boolean(Some(true)), boolean(Some(false))), Some(false));
    }

    #[test]
    fn like_knows_runs_and_single_characters() {
        for (text, pattern, expected) in [
            ("", "", true),
            ("", "%", true),
            ("", "_", false),
            ("abc", "abc", true),
            ("abc", "ab", false),
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "%b%", true),
            ("abc", "a_c", true),
            ("abc", "a__c", false),
            ("abab", "%ab", true),
            ("aab", "%ab", true),
            ("abcabd", "%ab_", true),
            ("Zürich", "Z_rich", true),
            ("Zürich", "z%", false),
            ("a%b", "a%b", true),
            ("aaaaaaaaaaaaaaaaaaaaaaaa", "%a%a%a%a%a%a%b", false),
        ] {
            assert_eq!(like(text, pattern), expected, "{text} like {pattern}");
        }
    }

    #[test]
    fn exists_is_unknown_without_a_reference() {
        let exists = |name: &str| logic(Node::Exists(name.parse().unwrap(), "account".parse().unwrap()));
        assert_eq!((exists("known"), exists("unknown"), exists("gone")), (Some(true), Some(false), None));
    }

    #[test]
    fn rescale_multiplies_by_a_power_of_ten() {
        let scaled = |digits| {
            of(Type::Number { scale: digits }, Node::Rescale(Box::new(path("two", Type::Integer)), digits))
        };
        assert_eq!(evaluate(&scaled(3), &row()), Ok(Cell::Integer(2_000)));
        assert_eq!(evaluate(&scaled(0), &row()), Ok(Cell::Integer(2)));
        assert_eq!(evaluate_wide(&scaled(30), &row()), Ok(Some(2 * 10_i128.pow(30))));
        assert!(evaluate_wide(&scaled(39), &row()).is_err());
    }
}
