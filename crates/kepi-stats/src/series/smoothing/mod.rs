//! Exponential smoothing as a state-space model: error, trend and season each additive, multiplicative or absent.
//!
//! The likelihood has several local maxima: where the season hardly moves, and where it takes most of every error. The thorough search solves the
//! initial state of additive models exactly by least squares for every smoothing, so that it looks at no more than
//! four numbers; others are searched in full. The search of R's `forecast` is offered to repeat its results: it stops
//! after 2000 evaluations, on monthly data before it has arrived.

mod filter;
mod forecast;
mod holt_winters;
mod search;
mod start;

use crate::estimate::NotComputable;
use filter::{Run, filter};
use search::unsettled;

pub use forecast::{Deviation, Intervals, Simulation, deviation};
pub use holt_winters::holt_winters;

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

    fn parameter_count(&self) -> usize {
        self.smoothing_count() + self.state_count()
    }

    fn accepts(&self, series: &[f64]) -> Result<(), NotComputable> {
        NotComputable::unless_finite("the series", series)?;
        if (self.season == Season::None) != (self.period == 1) || self.period == 0 {
            return Err(NotComputable::invalid("a season has at least two periods, and no season has one"));
        }
        if (self.error == ErrorKind::Multiplicative || self.season == Season::Multiplicative)
            && series.iter().any(|value| *value <= 0.0)
        {
            return Err(NotComputable::invalid("a multiplicative model needs positive values"));
        }
        if !series.is_empty() && series.iter().all(|value| Some(value) == series.first()) {
            return Err(NotComputable::NoVariation);
        }
        Ok(())
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

/// What a model remembers after a value.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Level, in the units of the series.
    pub level: f64,
    /// Change of the level per period; 0 without a trend.
    pub slope: f64,
    /// Seasonal states, the one of the next value first; empty without a season.
    pub season: Vec<f64>,
}

/// How the maximum of the likelihood is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Search {
    /// From four starts, with the initial state of additive models solved exactly. The default.
    #[default]
    Thorough,
    /// The path of R's `forecast::ets`: one simplex of at most 2000 evaluations from a classical decomposition.
    /// Repeats its parameters to ten digits, also where it stops short of the maximum.
    Simplex,
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
    ///
    /// Counts smoothing parameters, initial states (one less than the period for the season) and the variance.
    pub aicc: f64,
    /// Innovation variance, `Σε²/(n − parameters)`; relative to the fitted value for multiplicative errors.
    pub variance: f64,
    /// One-step forecasts of the series.
    pub fitted: Vec<f64>,
    /// Innovations.
    pub residuals: Vec<f64>,
    /// The state before the first value.
    pub start: State,
    /// The state after the last value.
    pub state: State,
}

/// Fits one model by maximum likelihood.
///
/// Parameters keep to the usual region (0.0001 ≤ α ≤ 0.9999, β ≤ α, γ ≤ 1 − α, 0.8 ≤ φ ≤ 0.98) and, where trend
/// and season meet, to smoothing under which old values are forgotten. O(n · s) per evaluation for a state of s
/// numbers, O(n · s²) in the thorough search of additive models.
///
/// # Errors
/// `TooFew` below parameters + 5 values or two seasons, `Invalid` for values that are not positive in a
/// multiplicative model, `NoConvergence`, `NoVariation`, `NotFinite`.
///
/// Source: Hyndman, Koehler, Ord and Snyder 2008, *Forecasting with Exponential Smoothing*, chapter 5.
pub fn fit(series: &[f64], model: Model, search: Search) -> Result<Fit, NotComputable> {
    model.accepts(series)?;
    NotComputable::unless_enough(series.len(), (model.parameter_count() + 5).max(2 * model.period))?;
    let (smoothing, start) = match search {
        Search::Simplex => search::simplex(series, model)?,
        Search::Thorough if model.linear() => search::thorough_linear(series, model)?,
        Search::Thorough => search::thorough_general(series, model)?,
    };
    apply(series, model, smoothing, start)
}

/// A model with given smoothing and start on a series, not estimated: to judge published parameters, or to carry a
/// model on to new values.
///
/// # Errors
/// As [`fit`], with `TooFew` only where no degree of freedom is left.
pub fn apply(series: &[f64], model: Model, smoothing: Smoothing, start: State) -> Result<Fit, NotComputable> {
    model.accepts(series)?;
    let parameters = model.parameter_count();
    NotComputable::unless_enough(series.len(), parameters + 3)?;
    if start.season.len() != if model.season == Season::None { 0 } else { model.period } {
        return Err(NotComputable::invalid("a start holds one seasonal state per period of the season"));
    }
    let run = filter(series, model, smoothing, start.clone()).ok_or_else(unsettled)?;
    let squares: f64 = run.residuals.iter().map(|e| e * e).sum();
    if squares <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let twice = criterion_of(&run);
    let n = series.len() as f64;
    let k = parameters as f64 + 1.0;
    Ok(Fit {
        model,
        smoothing,
        log_likelihood: -0.5 * twice,
        aicc: twice + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0),
        variance: squares / (n - parameters as f64),
        fitted: run.fitted,
        residuals: run.residuals,
        start,
        state: run.state,
    })
}

/// Minus twice the log-likelihood, up to a constant.
fn criterion_of(run: &Run) -> f64 {
    let squares: f64 = run.residuals.iter().map(|e| e * e).sum();
    run.residuals.len() as f64 * libm::log(squares) + run.log_scale
}

/// The model with the least AICc among candidates that can be fitted.
///
/// # Errors
/// The last reason when none can.
pub fn best(series: &[f64], candidates: &[Model], search: Search) -> Result<Fit, NotComputable> {
    let mut chosen: Option<Fit> = None;
    let mut reason = NotComputable::invalid("no model to choose from");
    for model in candidates {
        match fit(series, *model, search) {
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
