//! The search for smoothing parameters and the initial state.
#![expect(
    clippy::indexing_slicing,
    reason = "free numbers and seasonal indices have the lengths the model gives"
)]

use super::filter::{admissible, filter};
use super::{Model, Season, Smoothing, State, Trend, criterion_of, start};
use crate::estimate::NotComputable;
use crate::linear::{Matrix, Qr};
use crate::optimise::{NashStopping, Stopping, bfgs, central_gradient, nash_simplex, nelder_mead};

/// Free numbers to parameters inside the usual region.
fn smoothing_of(model: Model, free: &[f64]) -> Smoothing {
    let squash = |x: f64| 1.0 / (1.0 + libm::exp(-x));
    let mut next = free.iter();
    let mut take = |low: f64, high: f64| low + (high - low) * squash(next.next().copied().unwrap_or(0.0));
    let alpha = take(1e-4, 0.9999);
    let beta = if model.trend == Trend::None { 0.0 } else { take(1e-4, alpha.max(1.1e-4)) };
    let gamma = if model.season == Season::None { 0.0 } else { take(1e-4, (1.0 - alpha).max(1.1e-4)) };
    let phi = if model.trend == Trend::Damped { take(0.8, 0.98) } else { 1.0 };
    Smoothing { alpha, beta, gamma, phi }
}

/// Only the numbers a model has.
fn present(model: Model, smoothing: Smoothing) -> Vec<f64> {
    let mut numbers = vec![smoothing.alpha];
    if model.trend != Trend::None {
        numbers.push(smoothing.beta);
    }
    if model.season != Season::None {
        numbers.push(smoothing.gamma);
    }
    if model.trend == Trend::Damped {
        numbers.push(smoothing.phi);
    }
    numbers
}

/// Even, slow, quick in the level, quick in the season: maxima lie where one of them takes most of an error.
fn starts(model: Model) -> [Vec<f64>; 4] {
    [(0.0, -2.0, -2.0, 1.5), (-2.0, -4.0, -4.0, 1.5), (1.5, -4.0, -5.0, 0.0), (-0.5, -5.0, 2.0, 1.5)]
        .map(|(alpha, beta, gamma, phi)| present(model, Smoothing { alpha, beta, gamma, phi }))
}

/// The initial state from its numbers: level, slope, then the seasonal states from the last of the first year back
/// to the second; the first follows from the others.
fn state_of(model: Model, numbers: &[f64]) -> State {
    let mut next = numbers.iter().copied();
    let level = next.next().unwrap_or(0.0);
    let slope = if model.trend == Trend::None { 0.0 } else { next.next().unwrap_or(0.0) };
    let mut season: Vec<f64> = next.collect();
    let sum: f64 = season.iter().sum();
    match model.season {
        Season::None => season.clear(),
        Season::Additive => season.push(-sum),
        Season::Multiplicative => season.push(model.period as f64 - sum),
    }
    season.reverse();
    State { level, slope, season }
}

/// Best initial state of an additive model for given smoothing, by least squares, with its squared error.
fn profile(series: &[f64], model: Model, smoothing: Smoothing) -> Option<(f64, Vec<f64>)> {
    let k = model.state_count();
    let zero = vec![0.0; k];
    let response = filter(series, model, smoothing, state_of(model, &zero))?.residuals;
    let silent = vec![0.0; series.len()];
    let columns: Vec<Vec<f64>> = (0..k)
        .map(|index| {
            let mut unit = zero.clone();
            unit[index] = -1.0;
            filter(&silent, model, smoothing, state_of(model, &unit)).map(|run| run.residuals)
        })
        .collect::<Option<_>>()?;
    let matrix = Matrix::from_columns(&columns).ok()?;
    let state = Qr::new(&matrix).ok()?.solve(&response).ok()?;
    let explained = matrix.multiply_vector(&state).ok()?;
    let squares = response.iter().zip(&explained).map(|(e, f)| (e - f).powi(2)).sum();
    Some((squares, state))
}

pub(super) fn thorough_linear(series: &[f64], model: Model) -> Result<(Smoothing, State), NotComputable> {
    let n = series.len() as f64;
    let criterion = |free: &[f64]| {
        let smoothing = smoothing_of(model, free);
        match admissible(model, smoothing).then(|| profile(series, model, smoothing)).flatten() {
            Some((squares, _)) if squares > 0.0 => n * libm::log(squares),
            _ => f64::INFINITY,
        }
    };
    let stopping = Stopping { tolerance: 1e-9, iterations: 4000 };
    let mut chosen: Option<(f64, Vec<f64>)> = None;
    for start in starts(model) {
        let step = vec![1.0; start.len()];
        if let Ok(minimum) = nelder_mead(criterion, &start, &step, stopping)
            && chosen.as_ref().is_none_or(|best| minimum.value < best.0)
        {
            chosen = Some((minimum.value, minimum.at));
        }
    }
    let (_, free) = chosen.ok_or_else(unsettled)?;
    let smoothing = smoothing_of(model, &free);
    let (_, state) = profile(series, model, smoothing).ok_or_else(unsettled)?;
    Ok((smoothing, state_of(model, &state)))
}

pub(super) fn thorough_general(series: &[f64], model: Model) -> Result<(Smoothing, State), NotComputable> {
    let guess = start::state(series, model)?;
    let level = guess[0].abs().max(1e-8);
    let k = model.smoothing_count();
    let slope_at = usize::from(model.trend != Trend::None);
    // Numbers of order one: the level and slope relative to the level, seasonal factors as they are.
    let unpack = |free: &[f64]| {
        let smoothing = smoothing_of(model, &free[..k]);
        let state: Vec<f64> = free[k..]
            .iter()
            .zip(&guess)
            .enumerate()
            .map(|(index, (x, start))| {
                let unit = match index {
                    0 => level,
                    _ if index == slope_at => 0.01 * level,
                    _ if model.season == Season::Multiplicative => 0.1,
                    _ => 0.1 * level,
                };
                start + unit * x
            })
            .collect();
        (smoothing, state_of(model, &state))
    };
    let criterion = |free: &[f64]| {
        let (smoothing, state) = unpack(free);
        let run = admissible(model, smoothing).then(|| filter(series, model, smoothing, state)).flatten();
        run.map_or(1e12, |run| criterion_of(&run))
    };
    let mut chosen: Option<(f64, Vec<f64>)> = None;
    for start in starts(model) {
        let mut free = start;
        free.resize(k + model.state_count(), 0.0);
        let with_gradient = |at: &[f64]| (criterion(at), central_gradient(criterion, at));
        // A gradient by differences is good to about 1e-7 of the criterion, so the search stops there.
        let stopping = Stopping { tolerance: 1e-7, iterations: 500 };
        let mut here = match bfgs(with_gradient, &free, stopping) {
            Ok(minimum) => (minimum.value, minimum.at),
            Err(_) => (criterion(&free), free),
        };
        let step = vec![0.2; here.1.len()];
        if let Ok(minimum) =
            nelder_mead(criterion, &here.1, &step, Stopping { tolerance: 1e-7, iterations: 20_000 })
            && minimum.value < here.0
        {
            here = (minimum.value, minimum.at);
        }
        if here.0 < 1e11 && chosen.as_ref().is_none_or(|best| here.0 < best.0) {
            chosen = Some(here);
        }
    }
    let (_, free) = chosen.ok_or_else(unsettled)?;
    Ok(unpack(&free))
}

/// The search of R's `forecast::ets`: Nash's simplex over all parameters as they are, at most 2000 evaluations.
pub(super) fn simplex(series: &[f64], model: Model) -> Result<(Smoothing, State), NotComputable> {
    let k = model.smoothing_count();
    let unpack = |numbers: &[f64]| {
        let mut next = numbers[..k].iter().copied();
        let alpha = next.next().unwrap_or(0.0);
        let beta = if model.trend == Trend::None { 0.0 } else { next.next().unwrap_or(0.0) };
        let gamma = if model.season == Season::None { 0.0 } else { next.next().unwrap_or(0.0) };
        let phi = if model.trend == Trend::Damped { next.next().unwrap_or(0.0) } else { 1.0 };
        (Smoothing { alpha, beta, gamma, phi }, state_of(model, &numbers[k..]))
    };
    let criterion = |numbers: &[f64]| {
        let (smoothing, state) = unpack(numbers);
        let Smoothing { alpha, beta, gamma, phi } = smoothing;
        let usual = (1e-4..=0.9999).contains(&alpha)
            && (model.trend == Trend::None || (1e-4..=alpha).contains(&beta))
            && (model.season == Season::None || (1e-4..=1.0 - alpha).contains(&gamma))
            && (model.trend != Trend::Damped || (0.8..=0.98).contains(&phi));
        let run = (usual && admissible(model, smoothing))
            .then(|| filter(series, model, smoothing, state))
            .flatten();
        run.map_or(f64::INFINITY, |run| criterion_of(&run))
    };
    let mut start = present(model, start::smoothing(model));
    start.extend(start::state(series, model)?);
    let stopping = NashStopping { tolerance: f64::EPSILON.sqrt(), evaluations: 2000 };
    Ok(unpack(&nash_simplex(criterion, &start, stopping)?.at))
}

pub(super) fn unsettled() -> NotComputable {
    NotComputable::NoConvergence { margin: "the smoothing parameters".to_owned() }
}
