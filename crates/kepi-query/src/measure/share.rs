//! The share of rows for which a condition holds, among those for which it is known.

use kepi_model::project::{Kpi, Measure};
use kepi_stats::estimate::{Level, NotComputable};

use super::{
    Finished, MeasureKind,
    build::{known, share_estimate, share_states},
};
use crate::{
    cells::Cells,
    lower::{LowerError, Lowering, Part},
};

pub(super) const KIND: MeasureKind = MeasureKind {
    name: "share",
    summary: "share of rows for which a condition holds, among those for which it is known",
    handles: |measure| matches!(measure, Measure::Share { .. }),
    lower,
    finish: |kpi, cells, level| Finished::from(finish(kpi, cells, level)),
};

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Share { rows, which } = &kpi.measure else { return Ok(()) };
    share_states(lowering.side(Part::Base, rows)?, kpi, &known(which), which);
    Ok(())
}

fn finish(kpi: &Kpi, cells: &Cells<'_>, level: Level) -> Result<Finished, NotComputable> {
    let coverage = cells.coverage(Part::Base)?;
    Ok(Finished { estimate: share_estimate(kpi, cells, level)?, coverage })
}
