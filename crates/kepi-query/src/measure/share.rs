//! The share of rows for which a condition holds, among those for which it is known.

use kepi_model::project::{Kpi, Measure, Share};
use kepi_stats::estimate::{Level, NotComputable};

use super::{
    Finished, MeasureKind,
    build::{known, share_estimate, share_moments, share_states},
};
use crate::{
    cells::View,
    side::{LowerError, Lowering, Term},
};

pub(super) const KIND: MeasureKind = MeasureKind::new(lower, finish).a_mean(share_moments);

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Share(Share { rows, which }) = &kpi.measure else { return Ok(()) };
    share_states(lowering.side(Term::First, rows)?, kpi, &known(which), which);
    Ok(())
}

fn finish(kpi: &Kpi, view: &View<'_>, level: Level) -> Result<Finished, NotComputable> {
    let cells = view.own();
    let coverage = cells.coverage(Term::First)?;
    Ok(Finished { estimate: share_estimate(kpi, &cells, level)?, coverage })
}
