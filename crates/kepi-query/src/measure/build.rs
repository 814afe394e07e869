//! Small constructors of expressions and states that several kinds share.

use kepi_model::{
    expression::{Arithmetic, Comparison, Expression, Literal, Node, Type},
    project::Kpi,
};
use kepi_stats::{
    estimate::{Estimate, Level, NotComputable},
    estimation::{mean, proportion},
    survey::cells::CellMoments,
};

use crate::{
    cells::Cells,
    plan::StateKind,
    side::{Role, Side, Term},
};

/// `x is not null`.
pub fn known(of: &Expression) -> Expression {
    boolean(Node::Not(Box::new(boolean(Node::IsMissing(Box::new(of.clone()))))))
}

/// `w > 0`; also false where there is no weight.
pub fn positive(weight: &Expression) -> Expression {
    let zero = Expression { type_: weight.type_.clone(), node: Node::Literal(Literal::Integer(0)) };
    boolean(Node::Compare(Comparison::Greater, Box::new(weight.clone()), Box::new(zero)))
}

/// `x <= limit`, the limit in the stored integer of `x`.
pub fn at_most(of: &Expression, limit: i64) -> Expression {
    let limit = Expression { type_: of.type_.clone(), node: Node::Literal(Literal::Integer(limit)) };
    boolean(Node::Compare(Comparison::LessOrEqual, Box::new(of.clone()), Box::new(limit)))
}

/// `x in (low, …, high)`: whole answers, written in the stored integer of `x`.
pub fn whole(of: &Expression, low: i64, high: i64) -> Expression {
    let unit = 10_i64.saturating_pow(u32::from(of.type_.scale()));
    let list = (low..=high).map(|answer| Literal::Integer(answer.saturating_mul(unit))).collect();
    boolean(Node::In(Box::new(of.clone()), list))
}

/// `x · y` as stored integers; scales add up.
pub fn times(left: &Expression, right: &Expression) -> Expression {
    Expression {
        type_: Type::Integer,
        node: Node::Arithmetic(Arithmetic::Multiply, Box::new(left.clone()), Box::new(right.clone())),
    }
}

/// Either condition; none is "always".
pub fn either(left: Option<&Expression>, right: Option<&Expression>) -> Option<Expression> {
    match (left, right) {
        (Some(left), Some(right)) if left == right => Some(left.clone()),
        (Some(left), Some(right)) => Some(boolean(Node::Or(vec![left.clone(), right.clone()]))),
        _ => None,
    }
}

/// Both conditions; none is "always".
pub fn both(left: Option<&Expression>, right: Option<&Expression>) -> Option<Expression> {
    match (left, right) {
        (Some(left), Some(right)) if left == right => Some(left.clone()),
        (Some(left), Some(right)) => Some(boolean(Node::And(vec![left.clone(), right.clone()]))),
        (one, other) => one.or(other).cloned(),
    }
}

fn boolean(node: Node) -> Expression {
    Expression { type_: Type::Boolean, node }
}

/// States of a mean of `x` over the rows for which all of `and` hold.
pub fn mean_states(side: &mut Side, kpi: &Kpi, x: &Expression, and: &[&Expression]) {
    side.state(Role::Eligible, StateKind::Count, &[]);
    match &kpi.weight {
        None => {
            let known = known(x);
            let mut counted = and.to_vec();
            counted.push(&known);
            side.state(Role::Counted, StateKind::Count, &counted);
            side.state(Role::Total, StateKind::Sum(x.clone()), and);
            side.state(Role::Squares, StateKind::Sum(times(x, x)), and);
        }
        Some(weight) => {
            let (known, positive) = (known(x), positive(weight));
            let mut counted = and.to_vec();
            counted.extend([&known, &positive]);
            let squared = times(weight, weight);
            side.state(Role::Counted, StateKind::Count, &counted);
            side.state(Role::Weight, StateKind::Sum(weight.clone()), &counted);
            side.state(Role::WeightSquares, StateKind::Sum(squared.clone()), &counted);
            side.state(Role::Weighted, StateKind::Sum(times(weight, x)), &counted);
            side.state(Role::WeightSquaresTotal, StateKind::Sum(times(&squared, x)), &counted);
            side.state(Role::WeightSquaresSquares, StateKind::Sum(times(&times(&squared, x), x)), &counted);
        }
    }
}

/// The mean of what [`mean_states`] asked for, in units of `10^−scale` made whole.
pub fn mean_estimate(
    kpi: &Kpi,
    cells: &Cells<'_>,
    scale: u8,
    level: Level,
) -> Result<Result<Estimate, NotComputable>, NotComputable> {
    let n = cells.count(Term::First, Role::Counted)?;
    let sum = |role| cells.sum(Term::First, role);
    Ok(match &kpi.weight {
        None => mean::from_moments(n, sum(Role::Total)?, sum(Role::Squares)?, scale, level),
        Some(weight) => mean::weighted(
            mean::WeightedMoments {
                n,
                sum_w: sum(Role::Weight)?,
                sum_wx: sum(Role::Weighted)?,
                sum_w2: sum(Role::WeightSquares)?,
                sum_w2x: sum(Role::WeightSquaresTotal)?,
                sum_w2x2: sum(Role::WeightSquaresSquares)?,
                weight_scale: weight.type_.scale(),
                value_scale: scale,
            },
            level,
        ),
    })
}

/// States of the share of rows for which `hit` holds among those for which `base` does.
pub fn share_states(side: &mut Side, kpi: &Kpi, base: &Expression, hit: &Expression) {
    side.state(Role::Eligible, StateKind::Count, &[]);
    match &kpi.weight {
        None => {
            side.state(Role::Counted, StateKind::Count, &[base]);
            side.state(Role::Hits, StateKind::Count, &[base, hit]);
        }
        Some(weight) => {
            let positive = positive(weight);
            let squared = times(weight, weight);
            side.state(Role::Counted, StateKind::Count, &[base, &positive]);
            side.state(Role::Weight, StateKind::Sum(weight.clone()), &[base, &positive]);
            side.state(Role::WeightSquares, StateKind::Sum(squared.clone()), &[base, &positive]);
            side.state(Role::HitWeight, StateKind::Sum(weight.clone()), &[base, hit, &positive]);
            side.state(Role::HitWeightSquares, StateKind::Sum(squared), &[base, hit, &positive]);
        }
    }
}

/// The share of what [`share_states`] asked for.
pub fn share_estimate(
    kpi: &Kpi,
    cells: &Cells<'_>,
    level: Level,
) -> Result<Result<Estimate, NotComputable>, NotComputable> {
    let n = cells.count(Term::First, Role::Counted)?;
    let sum = |role| cells.sum(Term::First, role);
    Ok(match &kpi.weight {
        None => proportion::wilson(cells.count(Term::First, Role::Hits)?, n, level),
        Some(weight) => proportion::weighted(
            sum(Role::Weight)?,
            sum(Role::HitWeight)?,
            sum(Role::WeightSquares)?,
            sum(Role::HitWeightSquares)?,
            n,
            weight.type_.scale(),
            level,
        ),
    })
}

/// The moments of a cell of what [`mean_states`] asked for.
pub fn mean_moments(kpi: &Kpi, cells: &Cells<'_>) -> Result<CellMoments, NotComputable> {
    let n = cells.count(Term::First, Role::Counted)?;
    let sum = |role| cells.sum(Term::First, role);
    Ok(match &kpi.weight {
        None => {
            let (x, x2) = (sum(Role::Total)?, sum(Role::Squares)?);
            CellMoments { n, sum_b: n.into(), sum_bx: x, sum_b2: n.into(), sum_b2x: x, sum_b2x2: x2 }
        }
        Some(_) => CellMoments {
            n,
            sum_b: sum(Role::Weight)?,
            sum_bx: sum(Role::Weighted)?,
            sum_b2: sum(Role::WeightSquares)?,
            sum_b2x: sum(Role::WeightSquaresTotal)?,
            sum_b2x2: sum(Role::WeightSquaresSquares)?,
        },
    })
}

/// The moments of a cell of what [`share_states`] asked for: the mean of 1 for a hit and 0 for none.
pub fn share_moments(kpi: &Kpi, cells: &Cells<'_>) -> Result<CellMoments, NotComputable> {
    let n = cells.count(Term::First, Role::Counted)?;
    let sum = |role| cells.sum(Term::First, role);
    let (b, bx, b2, b2x) = match &kpi.weight {
        None => {
            let hits = cells.count(Term::First, Role::Hits)?.into();
            (n.into(), hits, n.into(), hits)
        }
        Some(_) => (
            sum(Role::Weight)?,
            sum(Role::HitWeight)?,
            sum(Role::WeightSquares)?,
            sum(Role::HitWeightSquares)?,
        ),
    };
    Ok(CellMoments { n, sum_b: b, sum_bx: bx, sum_b2: b2, sum_b2x: b2x, sum_b2x2: b2x })
}
