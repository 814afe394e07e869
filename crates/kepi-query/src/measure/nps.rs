//! Net promoter score: promoters (9 and 10) less detractors (0 to 6), in points of −100..100. Answers that are not
//! whole or not of 0..10 are left out and show as coverage.

use kepi_model::project::{Kpi, Measure, Nps};
use kepi_stats::{
    estimate::{Level, NotComputable},
    estimation::nps,
    survey::cells::CellMoments,
};

use super::{
    Finished, MeasureKind,
    build::{positive, times, whole},
};
use crate::{
    cells::{Cells, View},
    plan::StateKind,
    side::{LowerError, Lowering, Role, Term},
};

pub(super) const KIND: MeasureKind = MeasureKind::new(lower, finish).a_mean(moments);

/// Promoters, passives, detractors.
const GROUPS: [(u8, i64, i64); 3] = [(0, 9, 10), (1, 7, 8), (2, 0, 6)];

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Nps(Nps { rows, answer }) = &kpi.measure else { return Ok(()) };
    let side = lowering.side(Term::First, rows)?;
    side.state(Role::Eligible, StateKind::Count, &[]);
    let scale = whole(answer, 0, 10);
    match &kpi.weight {
        None => {
            side.state(Role::Counted, StateKind::Count, &[&scale]);
            for (group, low, high) in GROUPS {
                side.state(Role::Group(group), StateKind::Count, &[&whole(answer, low, high)]);
            }
        }
        Some(weight) => {
            let positive = positive(weight);
            let squared = times(weight, weight);
            side.state(Role::Counted, StateKind::Count, &[&scale, &positive]);
            for (group, low, high) in GROUPS {
                let answers = whole(answer, low, high);
                let rows = [&answers, &positive];
                side.state(Role::Group(group), StateKind::Count, &rows);
                side.state(Role::GroupWeight(group), StateKind::Sum(weight.clone()), &rows);
                side.state(Role::GroupWeightSquares(group), StateKind::Sum(squared.clone()), &rows);
            }
        }
    }
    Ok(())
}

fn finish(kpi: &Kpi, view: &View<'_>, level: Level) -> Result<Finished, NotComputable> {
    let cells = view.own();
    let coverage = cells.coverage(Term::First)?;
    let count = |group| cells.count(Term::First, Role::Group(group));
    let estimate = if kpi.weight.is_none() {
        nps::adjusted_wald(count(0)?, count(1)?, count(2)?, level)
    } else {
        let group = |group| {
            Ok::<_, NotComputable>(nps::WeightedAnswers {
                n: count(group)?,
                sum_w: cells.sum(Term::First, Role::GroupWeight(group))?,
                sum_w2: cells.sum(Term::First, Role::GroupWeightSquares(group))?,
            })
        };
        nps::weighted(group(0)?, group(1)?, group(2)?, level)
    };
    Ok(Finished { estimate, coverage })
}

/// Of the mean of 100 for promoters, 0 for passives and −100 for detractors.
fn moments(kpi: &Kpi, cells: &Cells<'_>) -> Result<CellMoments, NotComputable> {
    let mut all = CellMoments::default();
    for (group, points) in [(0_u8, 100_i128), (1, 0), (2, -100)] {
        let n = cells.count(Term::First, Role::Group(group))?;
        let (b, b2) = match &kpi.weight {
            None => (n.into(), n.into()),
            Some(_) => (
                cells.sum(Term::First, Role::GroupWeight(group))?,
                cells.sum(Term::First, Role::GroupWeightSquares(group))?,
            ),
        };
        let more = CellMoments {
            n,
            sum_b: b,
            sum_bx: points.saturating_mul(b),
            sum_b2: b2,
            sum_b2x: points.saturating_mul(b2),
            sum_b2x2: (points * points).saturating_mul(b2),
        };
        all = all.plus(&more).ok_or_else(|| NotComputable::OutOfRange { bound: i128::MAX.to_string() })?;
    }
    Ok(all)
}
