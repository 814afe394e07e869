//! Time between two instants: the mean of rows that have both, or the share within a limit among rows that have a
//! start; an open end is late. Values are microseconds, of business time where the measure says so.

use kepi_model::project::{Duration, DurationSummary, Kpi, Measure};
use kepi_stats::{
    estimate::{Level, NotComputable},
    survey::cells::CellMoments,
};

use super::{
    Finished, MeasureKind,
    build::{
        at_most, known, mean_estimate, mean_moments, mean_states, share_estimate, share_moments, share_states,
    },
};
use crate::{
    cells::{Cells, View},
    side::{LowerError, Lowering, Term},
};

pub(super) const KIND: MeasureKind = MeasureKind::new(lower, finish).waiting(settled).a_mean(moments);

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Duration(duration) = &kpi.measure else { return Ok(()) };
    let side = lowering.side(Term::First, &duration.rows)?;
    let taken = duration.taken();
    match duration.summary {
        DurationSummary::Mean => mean_states(side, kpi, &taken, &[]),
        DurationSummary::Within(limit) => {
            share_states(side, kpi, &known(&duration.from), &at_most(&taken, limit));
        }
    }
    Ok(())
}

fn finish(kpi: &Kpi, view: &View<'_>, level: Level) -> Result<Finished, NotComputable> {
    let Measure::Duration(Duration { summary, .. }) = &kpi.measure else { return Err(NotComputable::NoRows) };
    let cells = view.own();
    let coverage = cells.coverage(Term::First)?;
    let estimate = match summary {
        DurationSummary::Mean => mean_estimate(kpi, &cells, 0, level)?,
        DurationSummary::Within(_) => share_estimate(kpi, &cells, level)?,
    };
    Ok(Finished { estimate, coverage })
}

/// Whether a row was late is known only when its limit has passed.
fn settled(kpi: &Kpi, end: i64) -> i64 {
    match &kpi.measure {
        Measure::Duration(duration) => end.saturating_add(duration.known_after()),
        _ => end,
    }
}

fn moments(kpi: &Kpi, cells: &Cells<'_>) -> Result<CellMoments, NotComputable> {
    match &kpi.measure {
        Measure::Duration(Duration { summary: DurationSummary::Within(_), .. }) => share_moments(kpi, cells),
        _ => mean_moments(kpi, cells),
    }
}
