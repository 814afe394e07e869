//! One series through one model: innovations, states, and the region in which a model forgets its start.
#![expect(
    clippy::indexing_slicing,
    reason = "a seasonal model has at least two seasonal states, next one first"
)]

use super::{ErrorKind, Model, Season, Smoothing, State, Trend};

/// Forecast of the next value and its level part without the season.
pub(super) fn one_step(state: &State, model: Model, smoothing: Smoothing) -> (f64, f64) {
    let base = match model.trend {
        Trend::None => state.level,
        Trend::Additive | Trend::Damped => state.level + smoothing.phi * state.slope,
    };
    let mean = match model.season {
        Season::None => base,
        Season::Additive => base + state.season[0],
        Season::Multiplicative => base * state.season[0],
    };
    (mean, base)
}

/// Takes one innovation into the state.
pub(super) fn advance(
    state: &mut State,
    model: Model,
    smoothing: Smoothing,
    base: f64,
    mean: f64,
    innovation: f64,
) {
    let error = match model.error {
        ErrorKind::Additive => innovation,
        ErrorKind::Multiplicative => mean * innovation,
    };
    let (for_level, for_season) = match model.season {
        Season::None | Season::Additive => (error, error),
        Season::Multiplicative => (error / state.season[0], error / base),
    };
    state.level = base + smoothing.alpha * for_level;
    if model.trend != Trend::None {
        state.slope = smoothing.phi * state.slope + smoothing.beta * for_level;
    }
    if model.season != Season::None {
        state.season.rotate_left(1);
        if let Some(last) = state.season.last_mut() {
            *last += smoothing.gamma * for_season;
        }
    }
}

pub(super) struct Run {
    pub fitted: Vec<f64>,
    pub residuals: Vec<f64>,
    /// 2Σ ln|r|, zero for additive errors.
    pub log_scale: f64,
    pub state: State,
}

/// Runs the filter over the series; none when a multiplicative model leaves the positive range.
pub(super) fn filter(series: &[f64], model: Model, smoothing: Smoothing, mut state: State) -> Option<Run> {
    let mut fitted = Vec::with_capacity(series.len());
    let mut residuals = Vec::with_capacity(series.len());
    let mut log_scale = 0.0;
    for value in series {
        let (mean, base) = one_step(&state, model, smoothing);
        if !mean.is_finite() {
            return None;
        }
        let innovation = match model.error {
            ErrorKind::Additive => value - mean,
            ErrorKind::Multiplicative => {
                if mean <= 0.0 {
                    return None;
                }
                log_scale += 2.0 * libm::log(mean);
                (value - mean) / mean
            }
        };
        if model.season == Season::Multiplicative && (base <= 0.0 || state.season[0] <= 0.0) {
            return None;
        }
        advance(&mut state, model, smoothing, base, mean, innovation);
        fitted.push(mean);
        residuals.push(innovation);
    }
    Some(Run { fitted, residuals, log_scale, state })
}

/// Whether the weight of old values dies out: all roots of the characteristic polynomial lie inside the unit circle.
///
/// Without a trend, and without a season, every smoothing inside the usual bounds does. With both, about half of
/// them do not for twelve months: the seasonal states then take what belongs to the slope. Polynomial: Hyndman,
/// Akram and Archibald 2008, "The admissible parameter space for exponential smoothing models"; test by the
/// recursion of Schur and Cohn, O(period²).
pub(super) fn admissible(model: Model, smoothing: Smoothing) -> bool {
    if model.trend == Trend::None || model.season == Season::None {
        return true;
    }
    let Smoothing { alpha, beta, gamma, phi } = smoothing;
    let inner = alpha + beta - alpha * phi;
    let mut polynomial = vec![1.0, alpha + beta - phi];
    polynomial.resize(model.period, inner);
    polynomial.extend([inner + gamma - 1.0, phi * (1.0 - alpha - gamma)]);
    while polynomial.len() > 1 {
        let last = polynomial.len() - 1;
        let reflection = polynomial[last] / polynomial[0];
        if reflection.abs() >= 1.0 {
            return false;
        }
        polynomial = (0..last).map(|i| polynomial[i] - reflection * polynomial[last - i]).collect();
    }
    true
}
