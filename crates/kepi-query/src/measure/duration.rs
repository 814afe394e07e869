//! Time between two instants: the mean of rows that have both, or the share within a limit among rows that have a
//! start; an open end is late. Values are microseconds.

use kepi_model::{
    expression::{Arithmetic, Expression, Node, Type},
    project::{DurationSummary, Kpi, Measure},
};
use kepi_stats::estimate::{Level, NotComputable};

use super::{
    Finished, MeasureKind,
    build::{at_most, known, mean_estimate, mean_states, share_estimate, share_states},
};
use crate::{
    cells::Cells,
    lower::{LowerError, Lowering, Part},
};

pub(super) const KIND: MeasureKind = MeasureKind {
    name: "duration",
    summary: "mean time between two instants, or the share within a limit",
    handles: |measure| matches!(measure, Measure::Duration { .. }),
    lower,
    finish: |kpi, cells, level| Finished::from(finish(kpi, cells, level)),
};

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Duration { rows, from, until, summary } = &kpi.measure else { return Ok(()) };
    let side = lowering.side(Part::Base, rows)?;
    let taken = Expression {
        type_: Type::Duration,
        node: Node::Arithmetic(Arithmetic::Subtract, Box::new(until.clone()), Box::new(from.clone())),
    };
    match summary {
        DurationSummary::Mean => mean_states(side, kpi, &taken, &[]),
        DurationSummary::Within(limit) => {
            share_states(side, kpi, &known(from), &at_most(&taken, *limit));
        }
    }
    Ok(())
}

fn finish(kpi: &Kpi, cells: &Cells<'_>, level: Level) -> Result<Finished, NotComputable> {
    let Measure::Duration { summary, .. } = &kpi.measure else { return Err(NotComputable::NoRows) };
    let coverage = cells.coverage(Part::Base)?;
    let estimate = match summary {
        DurationSummary::Mean => mean_estimate(kpi, cells, 0, level)?,
        DurationSummary::Within(_) => share_estimate(kpi, cells, level)?,
    };
    Ok(Finished { estimate, coverage })
}
