//! Ratios and rates: two aggregates that meet on period and segment.
//!
//! Within one entity dated by one attribute the interval is linearised over the rows that are in either part; across
//! entities their joint spread is unknown and the interval is a reason.

use kepi_model::{
    expression::Expression,
    project::{Aggregate, Kpi, Measure},
};
use kepi_stats::{
    estimate::{Estimate, Level, NotComputable},
    estimation::ratio,
};

use super::{
    Finished, MeasureKind,
    build::{both, either, times},
    total::aggregate_states,
};
use crate::{
    cells::Cells,
    lower::{LowerError, Lowering, Part, Role},
    plan::StateKind,
    value::Coverage,
};

pub(super) const KIND: MeasureKind = MeasureKind {
    name: "ratio",
    summary: "one aggregate divided by another, also as a rate per so many",
    handles: |measure| matches!(measure, Measure::Ratio { .. }),
    lower,
    finish: |kpi, cells, level| Finished::from(finish(kpi, cells, level)),
};

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Ratio { numerator, denominator, .. } = &kpi.measure else { return Ok(()) };
    let linearised = linearised(kpi);
    for (part, of) in [(Part::Base, numerator), (Part::Denominator, denominator)] {
        let side = lowering.side(part, &of.rows)?;
        aggregate_states(side, &of.aggregate, None);
        if linearised && let Aggregate::Sum(x) = &of.aggregate {
            side.state(Role::Squares, StateKind::Sum(times(x, x)), &[]);
        }
        if linearised && part == Part::Denominator {
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

/// Whether both parts are sums over the same rows, so that their joint spread is known.
fn linearised(kpi: &Kpi) -> bool {
    let Measure::Ratio { numerator, denominator, .. } = &kpi.measure else { return false };
    let distinct = |aggregate: &Aggregate| matches!(aggregate, Aggregate::Distinct(_));
    numerator.rows.of == denominator.rows.of
        && numerator.rows.at == denominator.rows.at
        && !distinct(&numerator.aggregate)
        && !distinct(&denominator.aggregate)
}

fn finish(kpi: &Kpi, cells: &Cells<'_>, level: Level) -> Result<Finished, NotComputable> {
    let Measure::Ratio { numerator, denominator, per, .. } = &kpi.measure else {
        return Err(NotComputable::NoRows);
    };
    let (above, below) = (cells.coverage(Part::Base)?, cells.coverage(Part::Denominator)?);
    let coverage = Coverage {
        counted: above.counted.saturating_add(below.counted),
        eligible: above.eligible.saturating_add(below.eligible),
        cases: below.counted,
    };
    let (y, y_scale) = amount(cells, Part::Base, &numerator.aggregate)?;
    let (x, x_scale) = amount(cells, Part::Denominator, &denominator.aggregate)?;
    let estimate = if kpi.weight.is_some() {
        Err(NotComputable::Unsupported("a ratio has no weights".to_owned()))
    } else if below.counted == 0 {
        Err(NotComputable::ZeroDenominator)
    } else if linearised(kpi) {
        ratio::within_entity(
            ratio::PairMoments {
                n: cells.count(Part::Denominator, Role::Joint)?,
                sum_x: x,
                sum_y: y,
                sum_x2: squares(cells, Part::Denominator, &denominator.aggregate)?,
                sum_y2: squares(cells, Part::Base, &numerator.aggregate)?,
                sum_xy: cells.total(Part::Denominator, Role::Products)?,
                x_scale,
                y_scale,
            },
            level,
        )
    } else {
        ratio::across(y, y_scale, x, x_scale, below.counted)
    };
    Ok(Finished { estimate: estimate.map(|estimate| scaled(estimate, *per)), coverage })
}

/// The aggregate and its decimals.
fn amount(cells: &Cells<'_>, part: Part, aggregate: &Aggregate) -> Result<(i128, u8), NotComputable> {
    let scale = |of: &Expression| of.type_.scale();
    Ok(match aggregate {
        Aggregate::Count => (cells.count(part, Role::Counted)?.into(), 0),
        Aggregate::Sum(of) => (cells.sum(part, Role::Total)?, scale(of)),
        Aggregate::Distinct(_) => (cells.distinct(part, Role::Total)?.into(), 0),
    })
}

fn squares(cells: &Cells<'_>, part: Part, aggregate: &Aggregate) -> Result<i128, NotComputable> {
    match aggregate {
        Aggregate::Sum(_) => cells.sum(part, Role::Squares),
        // 1² = 1
        Aggregate::Count | Aggregate::Distinct(_) => Ok(cells.count(part, Role::Counted)?.into()),
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
