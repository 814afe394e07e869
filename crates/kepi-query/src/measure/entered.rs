//! Figures that people enter: added up or averaged, and where nobody has entered one, awaited until it is due, then late.

use kepi_model::{
    measure::{Combine, Entered, EnteredType, Measure},
    project::Kpi,
};
use kepi_stats::{
    estimate::{Estimate, Level, NotComputable},
    estimation::total,
};

use super::{Finished, MeasureKind, Presence, build::known};
use crate::{
    cells::View,
    plan::StateKind,
    side::{LowerError, Lowering, Role, Term},
    value::Finality,
};

pub(super) const KIND: MeasureKind =
    MeasureKind::new(lower, finish).present(|_| Presence::Everywhere).waiting(due);

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Entered(Entered { rows, value, .. }) = &kpi.measure else { return Ok(()) };
    let side = lowering.side(Term::First, rows)?;
    side.state(Role::Eligible, StateKind::Count, &[]);
    side.state(Role::Counted, StateKind::Count, &[&known(value)]);
    side.state(Role::Total, StateKind::Sum(value.clone()), &[]);
    Ok(())
}

fn finish(kpi: &Kpi, view: &View<'_>, _: Level) -> Result<Finished, NotComputable> {
    let Measure::Entered(Entered { value, combine, of_type, .. }) = &kpi.measure else {
        return Err(NotComputable::NoRows);
    };
    let cells = view.own();
    let coverage = cells.coverage(Term::First)?;
    let n = coverage.counted;
    if n == 0 {
        return Ok(Finished { estimate: Err(NotComputable::NoRows), coverage });
    }
    let sum = total::sum(cells.sum(Term::First, Role::Total)?, value.type_.scale(), n);
    // Rows hold seconds, so that years of them have room; values are in µs, as all lengths of time.
    let micros = if *of_type == EnteredType::Duration { 1e6 } else { 1.0 };
    let exact = |point: f64| Estimate::exact(point, n, "what people enter is no sample");
    let estimate = match combine {
        Combine::Sum if *of_type == EnteredType::Duration => exact(sum.point * micros),
        Combine::Sum => sum,
        Combine::Mean => exact(sum.point * micros / n as f64),
    };
    Ok(Finished { estimate: Ok(estimate), coverage })
}

fn due(kpi: &Kpi, end: i64) -> i64 {
    match &kpi.measure {
        Measure::Entered(entered) => entered.due.at(end),
        _ => end,
    }
}

/// Why nobody has entered a figure: it is not due yet, or late. Never zero, and never the last one.
pub(crate) fn missing(kpi: &Kpi, reason: NotComputable, finality: Finality) -> NotComputable {
    match (&kpi.measure, &reason, finality) {
        (Measure::Entered(_), NotComputable::NoRows, Finality::Final) => NotComputable::Late,
        (Measure::Entered(_), NotComputable::NoRows, Finality::Provisional { final_at, .. }) => {
            NotComputable::NotMature { final_at }
        }
        _ => reason,
    }
}
