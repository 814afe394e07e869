//! Exponential smoothing as a state-space model: error, trend and season each additive, multiplicative or absent.
//!
//! Additive models have their initial state solved exactly by least squares for every set of smoothing parameters,
//! so the search is over at most four numbers; the others are searched in full.
#![expect(clippy::indexing_slicing, reason = "seasonal states are indexed modulo their number")]

use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::estimation::quantile::sorted_quantile;
use crate::linear::{Matrix, Qr};
use crate::optimise::{Stopping, bfgs, central_gradient, nelder_mead};
use crate::random::Random;

/// How errors enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Added: spread does not depend on the level.
    Additive,
    /// In proportion to the level.
    Multiplicative,
}

/// The trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trend {
    /// None.
    None,
    /// Linear.
    Additive,
    /// Linear, flattening out by a factor between 0.8 and 0.98 per period.
    Damped,
}

/// The season.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Season {
    /// None.
    None,
    /// Added.
    Additive,
    /// A factor.
    Multiplicative,
}

/// A model of the family, ETS(error, trend, season).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Model {
    /// Error.
    pub error: ErrorKind,
    /// Trend.
    pub trend: Trend,
    /// Season.
    pub season: Season,
    /// Length of the season; 1 without one.
    pub period: usize,
}

impl Model {
    fn linear(&self) -> bool {
        self.error == ErrorKind::Additive && self.season != Season::Multiplicative
    }

    fn smoothing_count(&self) -> usize {
        1 + match self.trend {
            Trend::None => 0,
            Trend::Additive => 1,
            Trend::Damped => 2,
        } + usize::from(self.season != Season::None)
    }

    fn state_count(&self) -> usize {
        1 + usize::from(self.trend != Trend::None)
            + if self.season == Season::None { 0 } else { self.period - 1 }
    }
}

/// Smoothing parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smoothing {
    /// Of the level.
    pub alpha: f64,
    /// Of the trend; 0 without one.
    pub beta: f64,
    /// Of the season; 0 without one.
    pub gamma: f64,
    /// Damping; 1 without it.
    pub phi: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct State {
    level: f64,
    slope: f64,
    /// Seasonal states, next one first.
    season: Vec<f64>,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The model.
    pub model: Model,
    /// Its smoothing parameters.
    pub smoothing: Smoothing,
    /// Log-likelihood up to a constant: `−½(n ln Σε² + 2Σ ln|r|)`, as R's `forecast` reports it.
    pub log_likelihood: f64,
    /// Corrected Akaike criterion; smaller is better, comparable between models of one series.
    pub aicc: f64,
    /// Innovation variance, `Σε²/(n − parameters)`; relative to the fitted value for multiplicative errors.
    pub variance: f64,
    /// One-step forecasts of the series.
    pub fitted: Vec<f64>,
    /// Innovations.
    pub residuals: Vec<f64>,
    state: State,
}

/// Fits one model by maximum likelihood.
///
/// Parameters keep to the usual region (0.0001 < α < 0.9999, β < α, γ < 1 − α, 0.8 ≤ φ ≤ 0.98). Errors: `TooFew`
/// below parameters + 4 values, `Invalid` for values that are not positive in a multiplicative model,
/// `NoConvergence`, `NoVariation`. Source: Hyndman, Koehler, Ord and Snyder 2008.
pub fn fit(series: &[f64], model: Model) -> Result<Fit, NotComputable> {
    NotComputable::unless_finite("the series", series)?;
    if (model.season == Season::None) != (model.period == 1) || model.period == 0 {
        return Err(NotComputable::invalid("a season has at least two periods, and no season has one"));
    }
    let parameters = model.smoothing_count() + model.state_count();
    NotComputable::unless_enough(series.len(), (parameters + 5).max(2 * model.period))?;
    if !model.linear() && series.iter().any(|value| *value <= 0.0) {
        return Err(NotComputable::invalid("a multiplicative model needs positive values"));
    }
    if series.iter().all(|value| Some(value) == series.first()) {
        return Err(NotComputable::NoVariation);
    }
    let (smoothing, start) =
        if model.linear() { fit_linear(series, model)? } else { fit_general(series, model)? };
    let run = filter(series, model, smoothing, start).ok_or_else(unsettled)?;
    let n = series.len() as f64;
    let squares: f64 = run.residuals.iter().map(|e| e * e).sum();
    let twice = n * libm::log(squares) + run.log_scale;
    let k = parameters as f64 + 1.0;
    Ok(Fit {
        model,
        smoothing,
        log_likelihood: -0.5 * twice,
        aicc: twice + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0),
        variance: squares / (n - parameters as f64),
        fitted: run.fitted,
        residuals: run.residuals,
        state: run.state,
    })
}

/// The model with the least AICc among candidates that can be fitted.
///
/// Errors: the last reason when none can.
pub fn best(series: &[f64], candidates: &[Model]) -> Result<Fit, NotComputable> {
    let mut chosen: Option<Fit> = None;
    let mut reason = NotComputable::invalid("no model to choose from");
    for model in candidates {
        match fit(series, *model) {
            Ok(fit) if chosen.as_ref().is_none_or(|best| fit.aicc < best.aicc) => chosen = Some(fit),
            Ok(_) => {}
            Err(error) => reason = error,
        }
    }
    chosen.ok_or(reason)
}

/// The customary candidates for a period (1 for no season): all stable combinations.
///
/// Additive errors with a multiplicative season are left out as unstable, as R does.
pub fn candidates(period: usize) -> Vec<Model> {
    let mut models = Vec::new();
    for error in [ErrorKind::Additive, ErrorKind::Multiplicative] {
        for trend in [Trend::None, Trend::Additive, Trend::Damped] {
            let seasons: &[Season] = match (period, error) {
                (0 | 1, _) => &[Season::None],
                (_, ErrorKind::Additive) => &[Season::None, Season::Additive],
                (_, ErrorKind::Multiplicative) => &[Season::None, Season::Additive, Season::Multiplicative],
            };
            for season in seasons {
                let period = if *season == Season::None { 1 } else { period };
                models.push(Model { error, trend, season: *season, period });
            }
        }
    }
    models
}

/// Simulated paths for intervals without a closed form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simulation {
    /// Number of paths.
    pub paths: usize,
    /// Seed.
    pub seed: u64,
}

impl Default for Simulation {
    /// 5000 paths, seed 1.
    fn default() -> Self {
        Self { paths: 5000, seed: 1 }
    }
}

impl Fit {
    /// Forecasts for 1 to `horizon` periods ahead.
    ///
    /// Additive models: normal intervals with variance `σ²(1 + Σ c_j²)`, `c_j = α + β(φ + … + φ^j) + γ·1[m | j]`.
    /// Others: quantiles of simulated paths. Parameter uncertainty is not in the interval.
    pub fn forecast(&self, horizon: usize, level: Level, simulation: Simulation) -> Vec<Estimate> {
        let mut state = self.state.clone();
        let points: Vec<f64> = (0..horizon)
            .map(|_| {
                let (mean, base) = one_step(&state, self.model, self.smoothing);
                advance(&mut state, self.model, self.smoothing, base, mean, 0.0);
                mean
            })
            .collect();
        let intervals = if self.model.linear() {
            self.closed_intervals(&points, level)
        } else {
            self.simulated_intervals(&points, level, simulation)
        };
        let n = self.residuals.len() as u64;
        points
            .into_iter()
            .zip(intervals)
            .map(|(point, interval)| Estimate {
                point,
                interval,
                n,
                effective_n: n as f64,
                method: Method::Forecast,
            })
            .collect()
    }

    fn closed_intervals(&self, points: &[f64], level: Level) -> Vec<Result<Interval, NotComputable>> {
        let Smoothing { alpha, beta, gamma, phi } = self.smoothing;
        let (mut total, mut power, mut damped) = (1.0, 1.0, 0.0);
        points
            .iter()
            .enumerate()
            .map(|(step, point)| {
                let half = level.z() * (self.variance * total).sqrt();
                power *= phi;
                damped += power;
                let seasonal = self.model.season != Season::None && (step + 1) % self.model.period == 0;
                let weight = alpha + beta * damped + if seasonal { gamma } else { 0.0 };
                total += weight * weight;
                Ok(Interval::around(*point, half, level))
            })
            .collect()
    }

    fn simulated_intervals(
        &self,
        points: &[f64],
        level: Level,
        simulation: Simulation,
    ) -> Vec<Result<Interval, NotComputable>> {
        let mut random = Random::seeded(simulation.seed);
        let mut draws: Vec<Vec<f64>> = vec![Vec::with_capacity(simulation.paths); points.len()];
        for _ in 0..simulation.paths {
            let mut state = self.state.clone();
            for step in &mut draws {
                let (mean, base) = one_step(&state, self.model, self.smoothing);
                let innovation = self.variance.sqrt() * random.normal();
                advance(&mut state, self.model, self.smoothing, base, mean, innovation);
                step.push(match self.model.error {
                    ErrorKind::Additive => mean + innovation,
                    ErrorKind::Multiplicative => mean * (1.0 + innovation),
                });
            }
        }
        let tail = 0.5 * level.alpha();
        draws
            .into_iter()
            .map(|mut step| {
                step.sort_by(f64::total_cmp);
                match (sorted_quantile(&step, tail), sorted_quantile(&step, 1.0 - tail)) {
                    (Some(low), Some(high)) if low.is_finite() && high.is_finite() => {
                        Ok(Interval::new(low, high, level))
                    }
                    _ => Err(NotComputable::NoConvergence { margin: "the simulated paths".to_owned() }),
                }
            })
            .collect()
    }
}

/// Forecast of the next value and its level part without the season.
fn one_step(state: &State, model: Model, smoothing: Smoothing) -> (f64, f64) {
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
fn advance(state: &mut State, model: Model, smoothing: Smoothing, base: f64, mean: f64, innovation: f64) {
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

struct Run {
    fitted: Vec<f64>,
    residuals: Vec<f64>,
    /// 2Σ ln|r|, zero for additive errors.
    log_scale: f64,
    state: State,
}

/// Runs the filter over the series; none when a multiplicative model leaves the positive range.
fn filter(series: &[f64], model: Model, smoothing: Smoothing, mut state: State) -> Option<Run> {
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

fn starts(model: Model) -> Vec<Vec<f64>> {
    let with = |alpha: f64, beta: f64, gamma: f64, phi: f64| {
        let mut free = vec![alpha];
        if model.trend != Trend::None {
            free.push(beta);
        }
        if model.season != Season::None {
            free.push(gamma);
        }
        if model.trend == Trend::Damped {
            free.push(phi);
        }
        free
    };
    vec![with(0.0, -2.0, -2.0, 1.5), with(-2.0, -4.0, -4.0, 1.5), with(1.5, -4.0, -5.0, 0.0)]
}

/// The initial state from free numbers: the last seasonal state follows from the others.
fn state_of(model: Model, numbers: &[f64]) -> State {
    let mut next = numbers.iter().copied();
    let level = next.next().unwrap_or(0.0);
    let slope = if model.trend == Trend::None { 0.0 } else { next.next().unwrap_or(0.0) };
    let mut season: Vec<f64> = next.collect();
    match model.season {
        Season::None => season.clear(),
        Season::Additive => season.push(-season.iter().sum::<f64>()),
        Season::Multiplicative => season.push(model.period as f64 - season.iter().sum::<f64>()),
    }
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
            unit[index] = 1.0;
            filter(&silent, model, smoothing, state_of(model, &unit)).map(|run| run.residuals)
        })
        .collect::<Option<_>>()?;
    let negative: Vec<Vec<f64>> = columns.iter().map(|column| column.iter().map(|x| -x).collect()).collect();
    let matrix = Matrix::from_columns(&negative).ok()?;
    let state = Qr::new(&matrix).ok()?.solve(&response).ok()?;
    let explained = matrix.multiply_vector(&state).ok()?;
    let squares = response.iter().zip(&explained).map(|(e, f)| (e - f).powi(2)).sum();
    Some((squares, state))
}

fn fit_linear(series: &[f64], model: Model) -> Result<(Smoothing, State), NotComputable> {
    let n = series.len() as f64;
    let criterion = |free: &[f64]| match profile(series, model, smoothing_of(model, free)) {
        Some((squares, _)) if squares > 0.0 => n * libm::log(squares),
        _ => f64::INFINITY,
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

fn fit_general(series: &[f64], model: Model) -> Result<(Smoothing, State), NotComputable> {
    let guess = heuristic_state(series, model);
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
    let n = series.len() as f64;
    let criterion = |free: &[f64]| {
        let (smoothing, state) = unpack(free);
        match filter(series, model, smoothing, state) {
            Some(run) => {
                let squares: f64 = run.residuals.iter().map(|e| e * e).sum();
                n * libm::log(squares) + run.log_scale
            }
            None => 1e12,
        }
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

/// A starting state: seasonal indices around a centred moving average, and a line through what is left.
fn heuristic_state(series: &[f64], model: Model) -> Vec<f64> {
    let m = model.period;
    let multiplicative = model.season == Season::Multiplicative;
    let mut season = vec![if multiplicative { 1.0 } else { 0.0 }; m];
    if model.season != Season::None {
        let half = m / 2;
        let mut sums = vec![(0.0, 0.0); m];
        for t in half..series.len().saturating_sub(half).min(4 * m) {
            let window = &series[t - half..t + half + 1];
            let mut total: f64 = window.iter().sum();
            if m % 2 == 0 {
                total -= 0.5 * (window[0] + window[window.len() - 1]);
            }
            let trend = total / m as f64;
            let index = if multiplicative { series[t] / trend } else { series[t] - trend };
            sums[t % m].0 += index;
            sums[t % m].1 += 1.0;
        }
        for (index, (sum, count)) in season.iter_mut().zip(sums) {
            if count > 0.0 {
                *index = sum / count;
            }
        }
        let mean = season.iter().sum::<f64>() / m as f64;
        for index in &mut season {
            *index = if multiplicative { *index / mean } else { *index - mean };
        }
    }
    let first = series.len().min(10.max(2 * m));
    let plain: Vec<f64> = (0..first)
        .map(|t| if multiplicative { series[t] / season[t % m] } else { series[t] - season[t % m] })
        .collect();
    let n = first as f64;
    let centre = 0.5 * (n + 1.0);
    let mean = plain.iter().sum::<f64>() / n;
    let cross: f64 = plain.iter().enumerate().map(|(t, y)| (t as f64 + 1.0 - centre) * (y - mean)).sum();
    let slope = cross / (n * (n * n - 1.0) / 12.0);
    let mut state = match model.trend {
        Trend::None => vec![mean],
        Trend::Additive | Trend::Damped => vec![mean - slope * centre, slope],
    };
    if model.season != Season::None {
        state.extend(&season[..m - 1]);
    }
    state
}

fn unsettled() -> NotComputable {
    NotComputable::NoConvergence { margin: "the smoothing parameters".to_owned() }
}
