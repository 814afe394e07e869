//! The classical method of Holt and Winters: fixed start, least squares.
#![expect(clippy::indexing_slicing, reason = "three free numbers; the series holds more than three seasons")]

use super::filter::filter;
use super::{ErrorKind, Fit, Model, Season, Smoothing, State, Trend, apply, start};
use crate::estimate::NotComputable;
use crate::optimise::{Stopping, bfgs, central_gradient};

/// Fits level, slope and season by the squared one-step errors from the second season on.
///
/// The start is not estimated: seasonal departures and a line from the first two seasons (Winters 1960), as R's
/// `HoltWinters` takes it. In the notation of Winters α is `smoothing.alpha`, his β is `beta / alpha` and his γ is
/// `gamma / (1 − alpha)`, each between 0 and 1. The fit covers the series after its first season; its likelihood does
/// not compare with those of [`super::fit`].
///
/// # Errors
/// `TooFew` below three seasons and five values, `Invalid` without a season or for values that are not positive with
/// a multiplicative one, `NoVariation`, `NoConvergence`.
pub fn holt_winters(series: &[f64], period: usize, season: Season) -> Result<Fit, NotComputable> {
    let model = Model { error: ErrorKind::Additive, trend: Trend::Additive, season, period };
    model.accepts(series)?;
    if season == Season::None {
        return Err(NotComputable::invalid("the method of Holt and Winters has a season"));
    }
    NotComputable::unless_enough(series.len(), 3 * period + 5)?;
    let (indices, trend) = start::classical(&series[..2 * period], period, season);
    let (level, slope) = start::line(&trend);
    let rest = &series[period..];
    let begin = State { level, slope, season: indices };
    let smoothing_of = |free: &[f64]| {
        let share = |x: f64| 1.0 / (1.0 + libm::exp(-x));
        let alpha = share(free[0]);
        Smoothing { alpha, beta: alpha * share(free[1]), gamma: (1.0 - alpha) * share(free[2]), phi: 1.0 }
    };
    let squares = |free: &[f64]| {
        filter(rest, model, smoothing_of(free), begin.clone())
            .map_or(1e300, |run| run.residuals.iter().map(|e| e * e).sum::<f64>())
    };
    let scale = squares(&[0.0; 3]).max(f64::MIN_POSITIVE);
    let mut chosen: Option<(f64, Vec<f64>)> = None;
    for first in [[-0.85, -2.2, -2.2], [0.85, -4.0, 0.0], [-2.0, -2.0, 1.0]] {
        let relative = |at: &[f64]| squares(at) / scale;
        let with_gradient = |at: &[f64]| (relative(at), central_gradient(relative, at));
        // A gradient by differences is good to about 1e-9 here.
        let stopping = Stopping { tolerance: 1e-8, iterations: 500 };
        if let Ok(found) = bfgs(with_gradient, &first, stopping)
            && chosen.as_ref().is_none_or(|best| found.value < best.0)
        {
            chosen = Some((found.value, found.at));
        }
    }
    let (_, free) = chosen.ok_or_else(super::search::unsettled)?;
    apply(rest, model, smoothing_of(&free), begin)
}
