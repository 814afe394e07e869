//! Ratings on a scale: the share of the best answers, or the mean. Answers that are not whole or off the scale are
//! left out and show as coverage.

use kepi_model::project::{Kpi, Measure, Rating, RatingSummary};
use kepi_stats::{
    estimate::{Level, NotComputable},
    survey::cells::CellMoments,
};

use super::{
    Finished, MeasureKind,
    build::{mean_estimate, mean_moments, mean_states, share_estimate, share_moments, share_states, whole},
};
use crate::{
    cells::{Cells, View},
    side::{LowerError, Lowering, Term},
};

pub(super) const KIND: MeasureKind = MeasureKind::new(lower, finish).a_mean(moments);

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Rating(Rating { rows, answer, scale: (low, high), summary, .. }) = &kpi.measure else {
        return Ok(());
    };
    let side = lowering.side(Term::First, rows)?;
    let on_scale = whole(answer, *low, *high);
    match summary {
        RatingSummary::Mean => mean_states(side, kpi, answer, &[&on_scale]),
        RatingSummary::TopBox(top) => {
            let best = whole(answer, high - i64::from(*top) + 1, *high);
            share_states(side, kpi, &on_scale, &best);
        }
    }
    Ok(())
}

fn finish(kpi: &Kpi, view: &View<'_>, level: Level) -> Result<Finished, NotComputable> {
    let Measure::Rating(Rating { answer, summary, .. }) = &kpi.measure else {
        return Err(NotComputable::NoRows);
    };
    let cells = view.own();
    let coverage = cells.coverage(Term::First)?;
    let estimate = match summary {
        RatingSummary::Mean => mean_estimate(kpi, &cells, answer.type_.scale(), level)?,
        RatingSummary::TopBox(_) => share_estimate(kpi, &cells, level)?,
    };
    Ok(Finished { estimate, coverage })
}

fn moments(kpi: &Kpi, cells: &Cells<'_>) -> Result<CellMoments, NotComputable> {
    match &kpi.measure {
        Measure::Rating(Rating { summary: RatingSummary::TopBox(_), .. }) => share_moments(kpi, cells),
        _ => mean_moments(kpi, cells),
    }
}
