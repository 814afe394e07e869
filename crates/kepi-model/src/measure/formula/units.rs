//! Units of a formula: what its parts are measured in, and which of them cannot be put together.

use super::value::{Node, Operator, Part, number};
use crate::measure::ValueUnit;

/// What a part is measured in.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Of {
    /// A number that is written out: it takes on the unit of what it is added to.
    Literal(f64),
    /// A quantity.
    Unit(ValueUnit),
}

/// Why two parts cannot be put together.
pub(super) struct Clash {
    /// Bytes of the formula.
    pub at: (usize, usize),
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// Whether it is one of currencies.
    pub currencies: bool,
}

/// What a part is measured in; `inputs` are the units of the inputs.
pub(super) fn unit_of(part: &Part, inputs: &[ValueUnit]) -> Result<Of, Clash> {
    Ok(match &part.node {
        Node::Input(place) => {
            Of::Unit(inputs.get(*place).cloned().unwrap_or(ValueUnit::Number { decimals: 2 }))
        }
        Node::Number { percent: true, .. } => Of::Unit(ValueUnit::Share),
        Node::Number { digits, scale, .. } => Of::Literal(number(*digits, *scale)),
        Node::Negate(of) => unit_of(of, inputs)?,
        Node::Two(operator, a, b) => {
            let (a, b) = (unit_of(a, inputs)?, unit_of(b, inputs)?);
            let put = match operator {
                Operator::Add | Operator::Subtract => alike(&a, &b, *operator == Operator::Subtract),
                Operator::Multiply => times(&a, &b).or_else(|clash| times(&b, &a).map_err(|_| clash)),
                Operator::Divide => by(&a, &b),
            };
            put.map_err(|clash| Clash { at: part.at, ..clash })?
        }
        Node::Of(_, all) => {
            let mut units = all.iter().map(|part| unit_of(part, inputs));
            let first = units.next().unwrap_or(Ok(Of::Literal(0.0)))?;
            units.try_fold(first, |so_far, next| {
                alike(&so_far, &next?, false).map_err(|clash| Clash { at: part.at, ..clash })
            })?
        }
    })
}

fn clash<T>(why: String, fix: &str) -> Result<T, Clash> {
    Err(Clash { at: (0, 0), why, fix: fix.to_owned(), currencies: false })
}

fn currencies<T>(a: &str, b: &str) -> Result<T, Clash> {
    Err(Clash {
        at: (0, 0),
        why: format!("{a} and {b} are two currencies"),
        fix: "convert one of them in its KPI, where the rate and its date are known".to_owned(),
        currencies: true,
    })
}

/// A unit as a noun.
fn words(of: &Of) -> String {
    match of {
        Of::Literal(_) => "a plain number".to_owned(),
        Of::Unit(unit) => match unit {
            ValueUnit::Count => "a count".to_owned(),
            ValueUnit::Number { .. } => "a number".to_owned(),
            ValueUnit::Share => "a share".to_owned(),
            ValueUnit::NetPromoter => "points of an NPS".to_owned(),
            ValueUnit::Rating { low, high } => format!("an answer of {low}..{high}"),
            ValueUnit::Money { currency } => format!("an amount of {currency}"),
            ValueUnit::Duration => "a length of time".to_owned(),
            ValueUnit::Rate { per } => format!("a rate per {per}"),
        },
    }
}

/// What is added, subtracted or compared is of one kind.
fn alike(a: &Of, b: &Of, minus: bool) -> Result<Of, Clash> {
    use ValueUnit as U;
    let (one, other) = match (a, b) {
        (Of::Literal(x), Of::Literal(y)) => return Ok(Of::Literal(if minus { x - y } else { x + y })),
        (Of::Literal(_), Of::Unit(unit)) | (Of::Unit(unit), Of::Literal(_)) => {
            return match unit {
                U::Money { .. } | U::Duration => clash(
                    format!("{} and {} are not of one kind", words(a), words(b)),
                    "give both one unit: put a KPI in its place, or leave the number out",
                ),
                _ => Ok(Of::Unit(unit.clone())),
            };
        }
        (Of::Unit(one), Of::Unit(other)) => (one, other),
    };
    Ok(Of::Unit(match (one, other) {
        (a, b) if a == b => a.clone(),
        (U::Number { decimals: x }, U::Number { decimals: y }) => U::Number { decimals: *x.max(y) },
        (U::Number { decimals }, U::Count | U::Share) | (U::Count | U::Share, U::Number { decimals }) => {
            U::Number { decimals: (*decimals).max(2) }
        }
        (U::Money { currency: x }, U::Money { currency: y }) => return currencies(x, y),
        _ => {
            return clash(
                format!("{} and {} are not of one kind", words(a), words(b)),
                "add, subtract and compare what is measured in one unit",
            );
        }
    }))
}

/// A quantity times a plain number.
fn times(a: &Of, b: &Of) -> Result<Of, Clash> {
    use ValueUnit as U;
    let (one, other) = match (a, b) {
        (Of::Literal(x), Of::Literal(y)) => return Ok(Of::Literal(x * y)),
        (Of::Unit(U::Share), Of::Literal(100.0)) => {
            return clash(
                "a share is shown in per cent by itself: this is a hundred times too large".to_owned(),
                "leave out `100`",
            );
        }
        (Of::Unit(unit), Of::Literal(_)) => return Ok(Of::Unit(unit.clone())),
        (Of::Literal(_), Of::Unit(_)) => return times(b, a),
        (Of::Unit(one), Of::Unit(other)) => (one, other),
    };
    Ok(Of::Unit(match (one, other) {
        (U::Share, U::Share) => U::Share,
        (
            U::Money { .. } | U::Duration | U::NetPromoter | U::Rating { .. },
            U::Count | U::Number { .. } | U::Share,
        ) => one.clone(),
        (U::Count, U::Count) => U::Number { decimals: 0 },
        (U::Count | U::Number { .. } | U::Share, U::Count | U::Number { .. } | U::Share) => {
            U::Number { decimals: 2 }
        }
        (U::Rate { per }, U::Count | U::Number { .. }) => {
            return clash(
                format!("a rate per {per} times a number is {per} times too large"),
                &format!("divide by {per} first: `… / {per} * …`, or use the KPI that counts the events"),
            );
        }
        _ => {
            return clash(
                format!("{} times {} has no unit", words(a), words(b)),
                "multiply with a count, a share or a plain number",
            );
        }
    }))
}

/// A quantity by another.
fn by(a: &Of, b: &Of) -> Result<Of, Clash> {
    use ValueUnit as U;
    let plain = Of::Unit(U::Number { decimals: 2 });
    let (one, other) = match (a, b) {
        (Of::Literal(x), Of::Literal(y)) => return Ok(Of::Literal(x / y)),
        (Of::Unit(U::Rate { per }), Of::Literal(y)) if (*per as f64).total_cmp(y).is_eq() => {
            return Ok(plain);
        }
        (Of::Unit(unit), Of::Literal(_)) => return Ok(Of::Unit(unit.clone())),
        (Of::Literal(_), Of::Unit(U::Count | U::Number { .. } | U::Share)) => return Ok(plain),
        (Of::Literal(_), Of::Unit(_)) => {
            return clash(
                format!("{} by {} has no unit", words(a), words(b)),
                "divide what is measured in the same unit, or by a count",
            );
        }
        (Of::Unit(one), Of::Unit(other)) => (one, other),
    };
    Ok(Of::Unit(match (one, other) {
        (_, U::NetPromoter) => {
            return clash(
                "an NPS may be 0 or negative, so that nothing can be divided by it".to_owned(),
                "say the difference in points: `latest - before`",
            );
        }
        (U::Money { currency: x }, U::Money { currency: y }) if x != y => return currencies(x, y),
        (a, b) if a == b => U::Number { decimals: 2 },
        (
            U::Money { .. } | U::Duration | U::Rating { .. } | U::NetPromoter | U::Rate { .. },
            U::Count | U::Number { .. } | U::Share,
        ) => one.clone(),
        (
            U::Count | U::Number { .. } | U::Share,
            U::Count | U::Number { .. } | U::Share | U::Money { .. } | U::Rate { .. },
        ) => U::Number { decimals: 2 },
        (_, U::Duration) => {
            return clash(
                format!("{} by a length of time has no unit", words(a)),
                "what comes in a stretch of time is a `count` or `sum` of its period",
            );
        }
        _ => {
            return clash(
                format!("{} by {} has no unit", words(a), words(b)),
                "divide what is measured in the same unit, or by a count",
            );
        }
    }))
}
