//! Ratios and rates: two aggregates that meet on period and segment.
//!
//! Within one entity dated by one attribute the interval is linearised over the rows that are in either term; across
//! entities their joint spread is unknown and the interval is a reason.

use kepi_model::{
    expression::Expression,
    project::{Aggregate, Kpi, Measure, Ratio, Unmatched},
};
use kepi_stats::{
    estimate::{Estimate, Level, NotComputable},
    estimation::ratio,
};

use super::{
    Finished, MeasureKind, Presence,
    build::{both, either, times},
    total::{aggregate_states, is_unknown},
};
use crate::{
    cells::{Cells, View},
    plan::StateKind,
    side::{LowerError, Lowering, Role, Term},
    value::Coverage,
};

pub(super) const KIND: MeasureKind = MeasureKind::new(lower, finish).present(presence);

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Ratio(Ratio { numerator, denominator, .. }) = &kpi.measure else { return Ok(()) };
    let linearised = linearised(kpi);
    for (term, of) in [(Term::First, numerator), (Term::Second, denominator)] {
        let side = lowering.side(term, &of.rows)?;
        aggregate_states(side, &of.aggregate, None);
        if linearised && let Aggregate::Sum(x) = &of.aggregate {
            side.state(Role::Squares, StateKind::Sum(times(x, x)), &[]);
        }
        if linearised && term == Term::Second {
            let (above, below) = (numerator.rows.filter.as_ref(), denominator.rows.filter.as_ref());
            side.state_where(Role::Joint, StateKind::Count, either(above, below));
            let kind = match (&numerator.aggregate, &denominator.aggregate) {
                (Aggregate::Sum(y), Aggregate::Sum(x)) => StateKind::Sum(times(x, y)),
                (Aggregate::Sum(one), _) | (_, Aggregate::Sum(one)) => StateKind::Sum(one.clone()),
                _ => StateKind::Count,
            };
            side.state_where(Role::Products, kind, both(above, below));
        }
    }
    Ok(())
}

fn presence(kpi: &Kpi) -> Presence {
    match &kpi.measure {
        Measure::Ratio(Ratio { unmatched: Unmatched::Drop, .. }) => Presence::EverySide,
        _ => Presence::AnySide,
    }
}

/// Whether both terms are sums over the same rows, so that their joint spread is known.
fn linearised(kpi: &Kpi) -> bool {
    let Measure::Ratio(Ratio { numerator, denominator, .. }) = &kpi.measure else { return false };
    let distinct = |aggregate: &Aggregate| matches!(aggregate, Aggregate::Distinct(_));
    numerator.rows.of == denominator.rows.of
        && numerator.rows.at == denominator.rows.at
        && !distinct(&numerator.aggregate)
        && !distinct(&denominator.aggregate)
}

fn finish(kpi: &Kpi, view: &View<'_>, level: Level) -> Result<Finished, NotComputable> {
    let Measure::Ratio(Ratio { numerator, denominator, per, .. }) = &kpi.measure else {
        return Err(NotComputable::NoRows);
    };
    let cells = view.own();
    let (above, below) = (cells.coverage(Term::First)?, cells.coverage(Term::Second)?);
    // What is divided by: rows, or the different things among them.
    let cases = match &denominator.aggregate {
        Aggregate::Distinct(_) => cells.distinct(Term::Second, Role::Total)?,
        Aggregate::Count | Aggregate::Sum(_) => below.counted,
    };
    let coverage = Coverage {
        counted: above.counted.saturating_add(below.counted),
        eligible: above.eligible.saturating_add(below.eligible),
        cases,
    };
    let (y, y_scale) = amount(&cells, Term::First, &numerator.aggregate)?;
    let (x, x_scale) = amount(&cells, Term::Second, &denominator.aggregate)?;
    let estimate = if kpi.weight.is_some() {
        Err(NotComputable::Unsupported("a ratio has no weights".to_owned()))
    } else if below.counted == 0 {
        Err(NotComputable::ZeroDenominator)
    } else if is_unknown(&numerator.aggregate, above) {
        Err(NotComputable::NoValues)
    } else if linearised(kpi) {
        ratio::within_entity(
            ratio::PairMoments {
                n: cells.count(Term::Second, Role::Joint)?,
                sum_x: x,
                sum_y: y,
                sum_x2: squares(&cells, Term::Second, &denominator.aggregate)?,
                sum_y2: squares(&cells, Term::First, &numerator.aggregate)?,
                sum_xy: cells.total(Term::Second, Role::Products)?,
                x_scale,
                y_scale,
            },
            level,
        )
    } else {
        ratio::across(y, y_scale, x, x_scale, below.counted)
    };
    // Whatever rows the spread was taken over, the cases of a ratio are those below the line.
    let shown = |estimate| Estimate { n: cases, effective_n: cases as f64, ..scaled(estimate, *per) };
    Ok(Finished { estimate: estimate.map(shown), coverage })
}

/// The aggregate and its decimals.
fn amount(cells: &Cells<'_>, term: Term, aggregate: &Aggregate) -> Result<(i128, u8), NotComputable> {
    let scale = |of: &Expression| of.type_.scale();
    Ok(match aggregate {
        Aggregate::Count => (cells.count(term, Role::Counted)?.into(), 0),
        Aggregate::Sum(of) => (cells.sum(term, Role::Total)?, scale(of)),
        Aggregate::Distinct(_) => (cells.distinct(term, Role::Total)?.into(), 0),
    })
}

fn squares(cells: &Cells<'_>, term: Term, aggregate: &Aggregate) -> Result<i128, NotComputable> {
    match aggregate {
        Aggregate::Sum(_) => cells.sum(term, Role::Squares),
        // 1² = 1
        Aggregate::Count | Aggregate::Distinct(_) => Ok(cells.count(term, Role::Counted)?.into()),
    }
}

fn scaled(mut estimate: Estimate, per: u64) -> Estimate {
    let per = per as f64;
    estimate.point *= per;
    if let Ok(interval) = &mut estimate.interval {
        interval.low *= per;
        interval.high *= per;
    }
    estimate
}
