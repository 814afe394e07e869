//! Totals: the number of rows, a sum, or the number of different values. Counted in full, so without an interval.

use kepi_model::{
    expression::Expression,
    project::{Aggregate, Kpi, Measure},
};
use kepi_stats::{
    estimate::{Estimate, Level, NotComputable},
    estimation::total,
};

use super::{
    Finished, MeasureKind, Presence,
    build::{known, positive, times},
};
use crate::{
    cells::View,
    plan::StateKind,
    side::{LowerError, Lowering, Role, Side, Term},
    value::{Coverage, Exact},
};

pub(super) const KIND: MeasureKind = MeasureKind::new(lower, finish).present(presence).exactly(exact);

/// A count of nothing is zero, so there is one wherever the data are; a sum of nothing is nothing known.
fn presence(kpi: &Kpi) -> Presence {
    match &kpi.measure {
        Measure::Total(total) if !matches!(total.aggregate, Aggregate::Sum(_)) => Presence::Everywhere,
        _ => Presence::AnySide,
    }
}

/// Whether there are rows to sum over and not one of them has a value: then the sum is unknown, not zero.
pub(super) fn is_unknown(aggregate: &Aggregate, of: Coverage) -> bool {
    matches!(aggregate, Aggregate::Sum(_)) && of.counted == 0 && of.eligible > 0
}

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Total(total) = &kpi.measure else { return Ok(()) };
    let side = lowering.side(Term::First, &total.rows)?;
    aggregate_states(side, &total.aggregate, kpi.weight.as_ref());
    Ok(())
}

/// States of one aggregate; also those of either term of a ratio.
pub(super) fn aggregate_states(side: &mut Side, aggregate: &Aggregate, weight: Option<&Expression>) {
    side.state(Role::Eligible, StateKind::Count, &[]);
    let operand = match aggregate {
        Aggregate::Count => None,
        Aggregate::Sum(of) | Aggregate::Distinct(of) => Some(known(of)),
    };
    let mut counted: Vec<&Expression> = operand.iter().collect();
    let weighted = weight.map(|weight| (weight, positive(weight)));
    if let Some((_, positive)) = &weighted {
        counted.push(positive);
    }
    side.state(Role::Counted, StateKind::Count, &counted);
    match (aggregate, &weighted) {
        // The number of rows that entered is the total itself.
        (Aggregate::Count, None) => {}
        (Aggregate::Sum(of), None) => side.state(Role::Total, StateKind::Sum(of.clone()), &[]),
        (Aggregate::Distinct(of), _) => side.state(Role::Total, StateKind::Distinct(vec![of.clone()]), &[]),
        (Aggregate::Count, Some((weight, _))) => {
            side.state(Role::Total, StateKind::Sum((*weight).clone()), &counted);
        }
        (Aggregate::Sum(of), Some((weight, _))) => {
            side.state(Role::Total, StateKind::Sum(times(weight, of)), &counted);
        }
    }
}

fn exact(kpi: &Kpi, view: &View<'_>) -> Option<Exact> {
    let Measure::Total(total) = &kpi.measure else { return None };
    let weight_scale = kpi.weight.as_ref().map_or(0, |weight| weight.type_.scale());
    let scale = match &total.aggregate {
        Aggregate::Sum(of) => of.type_.scale() + weight_scale,
        Aggregate::Count if kpi.weight.is_some() => weight_scale,
        // Rows are fewer than a floating-point number can count.
        Aggregate::Count | Aggregate::Distinct(_) => return None,
    };
    Some(Exact { units: view.own().sum(Term::First, Role::Total).ok()?, scale })
}

fn finish(kpi: &Kpi, view: &View<'_>, _: Level) -> Result<Finished, NotComputable> {
    let Measure::Total(total) = &kpi.measure else { return Err(NotComputable::NoRows) };
    let cells = view.own();
    let coverage = cells.coverage(Term::First)?;
    let weight_scale = kpi.weight.as_ref().map_or(0, |weight| weight.type_.scale());
    let n = coverage.counted;
    // A sum of nothing is nothing known, not zero; a count of nothing is zero.
    let sum = |scale: u8| -> Result<Result<Estimate, NotComputable>, NotComputable> {
        let sum = cells.sum(Term::First, Role::Total)?;
        Ok(if n == 0 { Err(NotComputable::NoRows) } else { Ok(total::sum(sum, scale, n)) })
    };
    let estimate = match (&total.aggregate, &kpi.weight) {
        (Aggregate::Count, None) => Ok(total::count(n)),
        // No row weighs nothing; rows without a weight weigh nobody knows what.
        (Aggregate::Count, Some(_)) if coverage.eligible == 0 => Ok(total::sum(0, weight_scale, 0)),
        (Aggregate::Count, Some(_)) => sum(weight_scale)?,
        (Aggregate::Sum(of), _) => sum(of.type_.scale() + weight_scale)?,
        (Aggregate::Distinct(_), None) => {
            Ok(total::sum(cells.distinct(Term::First, Role::Total)?.into(), 0, n))
        }
        (Aggregate::Distinct(_), Some(_)) => {
            Err(NotComputable::Unsupported("a number of different values has no weights".to_owned()))
        }
    };
    Ok(Finished { estimate, coverage })
}
