//! A quantile from a histogram, interpolated within a bin. Beyond the first and last edge nothing is known but how
//! many rows lie there: a quantile that falls there is a reason, not a number.

use std::sync::Arc;

use kepi_model::project::{Bins, Kpi, Measure, Quantile, Spacing};
use kepi_stats::{
    estimate::{Estimate, Level, NotComputable},
    estimation::quantile,
};

use super::{Finished, MeasureKind, build::known};
use crate::{
    cells::View,
    plan::StateKind,
    side::{LowerError, Lowering, Role, Term},
};

pub(super) const KIND: MeasureKind = MeasureKind::new(lower, finish);

fn lower(kpi: &Kpi, lowering: &mut Lowering<'_>) -> Result<(), LowerError> {
    let Measure::Quantile(Quantile { rows, value, bins, .. }) = &kpi.measure else { return Ok(()) };
    let side = lowering.side(Term::First, rows)?;
    side.state(Role::Eligible, StateKind::Count, &[]);
    side.state(Role::Counted, StateKind::Count, &[&known(value)]);
    let edges: Arc<[i64]> = bins.edges.as_slice().into();
    side.state(Role::Histogram, StateKind::Histogram { of: value.clone(), edges }, &[]);
    Ok(())
}

fn finish(kpi: &Kpi, view: &View<'_>, level: Level) -> Result<Finished, NotComputable> {
    let Measure::Quantile(Quantile { value, quantile, bins, .. }) = &kpi.measure else {
        return Err(NotComputable::NoRows);
    };
    let cells = view.own();
    let coverage = cells.coverage(Term::First)?;
    let estimate = if kpi.weight.is_some() {
        Err(NotComputable::Unsupported("a quantile from a histogram has no weights".to_owned()))
    } else {
        let counts = cells.histogram(Term::First, Role::Histogram, bins.edges.len() + 1)?;
        from_open_histogram(&counts, bins, *quantile, value.type_.scale(), level)
    };
    Ok(Finished { estimate, coverage })
}

/// The open bins at both ends are given a width, so that ranks come out right; a point there is then refused, and an
/// interval that ends there too.
fn from_open_histogram(
    counts: &[u64],
    bins: &Bins,
    q_millionths: u32,
    scale: u8,
    level: Level,
) -> Result<Estimate, NotComputable> {
    let (Some(first), Some(last)) = (bins.edges.first(), bins.edges.last()) else {
        return Err(NotComputable::invalid("a histogram has edges"));
    };
    let width = last.saturating_sub(*first).max(1);
    let mut edges = vec![first.saturating_sub(width)];
    edges.extend(&bins.edges);
    edges.push(last.saturating_add(width));
    let spacing = match bins.spacing {
        Spacing::Linear => quantile::Spacing::Linear,
        Spacing::Logarithmic => quantile::Spacing::Logarithmic,
    };
    let mut estimate = quantile::from_histogram(counts, &edges, q_millionths, spacing, scale, level)?;
    let unit = 10_f64.powi(i32::from(scale));
    let (low, high) = (*first as f64 / unit, *last as f64 / unit);
    let beyond =
        |what: &str| NotComputable::Unsupported(format!("{what} lies beyond the bins, {low} to {high}"));
    if estimate.point < low || estimate.point > high {
        return Err(beyond("the quantile"));
    }
    if let Ok(interval) = &estimate.interval
        && (interval.low < low || interval.high > high)
    {
        estimate.interval = Err(beyond("an end of the interval"));
    }
    Ok(estimate)
}
