//! The mean of an expression over the rows that have it.

use kepi_model::project::{Kpi, Measure};
use kepi_stats::estimate::{Level, NotComputable};

use super::{
    Finished, MeasureKind,
    build::{mean_estimate, mean_states},
};
use crate::{
    cells::Cells,
    lower::{LowerError, Lowering, Part},
};

pub(super) const KIND: MeasureKind = MeasureKind {
    name: "mean",
    summary: "mean of an expression over the rows that have it",
    handles: |measure| matches!(measure, Measure::Mean { .. }),
    lower,
    finish: |kpi, cells, level| Finished::from(finish(kpi, cells, level)),
};

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Mean { rows, value } = &kpi.measure else { return Ok(()) };
    mean_states(lowering.side(Part::Base, rows)?, kpi, value, &[]);
    Ok(())
}

fn finish(kpi: &Kpi, cells: &Cells<'_>, level: Level) -> Result<Finished, NotComputable> {
    let Measure::Mean { value, .. } = &kpi.measure else { return Err(NotComputable::NoRows) };
    let coverage = cells.coverage(Part::Base)?;
    Ok(Finished { estimate: mean_estimate(kpi, cells, value.type_.scale(), level)?, coverage })
}
