//! The mean of an expression over the rows that have it.

use kepi_model::project::{Kpi, Mean, Measure};
use kepi_stats::estimate::{Level, NotComputable};

use super::{
    Finished, MeasureKind,
    build::{mean_estimate, mean_moments, mean_states},
};
use crate::{
    cells::View,
    side::{LowerError, Lowering, Term},
};

pub(super) const KIND: MeasureKind = MeasureKind::new(lower, finish).a_mean(mean_moments);

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Mean(Mean { rows, value }) = &kpi.measure else { return Ok(()) };
    mean_states(lowering.side(Term::First, rows)?, kpi, value, &[]);
    Ok(())
}

fn finish(kpi: &Kpi, view: &View<'_>, level: Level) -> Result<Finished, NotComputable> {
    let Measure::Mean(Mean { value, .. }) = &kpi.measure else { return Err(NotComputable::NoRows) };
    let cells = view.own();
    let coverage = cells.coverage(Term::First)?;
    Ok(Finished { estimate: mean_estimate(kpi, &cells, value.type_.scale(), level)?, coverage })
}
