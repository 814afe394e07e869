//! Forecasts with intervals, by exact moments or by simulation.

use super::filter::{advance, one_step};
use super::{ErrorKind, Fit, Model, Season, Smoothing, State, Trend};
use crate::distribution::normal;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::estimation::quantile::sorted_quantile;
use crate::linear::{LinearError, Matrix, dot};
use crate::random::Random;

/// How intervals come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Intervals {
    /// Exact mean and variance of every future value, and normal quantiles. The default.
    ///
    /// Exact in shape for additive models; multiplicative ones are skewed, so far ahead their tails are better
    /// simulated. Additive errors with a multiplicative season have no closed form and answer with a reason.
    #[default]
    Moments,
    /// The path without further errors, and quantiles of simulated paths.
    Simulated(Simulation),
}

/// Simulated paths.
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
    /// Forecasts for 1 to `horizon` periods ahead. The uncertainty of the parameters is not in the intervals.
    ///
    /// Additive models: variance `σ²(1 + Σ c_j²)`, `c_j = α + β(φ + … + φ^j) + γ·1[m | j]`. Multiplicative errors: first
    /// two moments of the state, which moves by a matrix that is a polynomial in the normal innovation. Hyndman,
    /// Koehler, Ord and Snyder 2008, chapter 6. O(horizon · s³) for a state of s numbers (twice the period with a
    /// multiplicative season), or O(horizon · paths).
    pub fn forecast(&self, horizon: usize, level: Level, intervals: Intervals) -> Vec<Estimate> {
        let mut state = self.state.clone();
        let path: Vec<f64> = (0..horizon)
            .map(|_| {
                let (mean, base) = one_step(&state, self.model, self.smoothing);
                advance(&mut state, self.model, self.smoothing, base, mean, 0.0);
                mean
            })
            .collect();
        let around =
            |mean: f64, variance: f64| Ok(Interval::around(mean, level.z() * variance.sqrt(), level));
        let all: Vec<(f64, Result<Interval, NotComputable>)> = match intervals {
            Intervals::Simulated(simulation) => {
                path.into_iter().zip(self.simulated(horizon, level, simulation)).collect()
            }
            Intervals::Moments if self.model.linear() => {
                let variances = self.variances(horizon);
                path.into_iter()
                    .zip(variances)
                    .map(|(mean, variance)| (mean, around(mean, variance)))
                    .collect()
            }
            Intervals::Moments => match self.moments(horizon) {
                Ok(moments) => moments.into_iter().map(|(mean, v)| (mean, around(mean, v))).collect(),
                Err(reason) => path.into_iter().map(|mean| (mean, Err(reason.clone()))).collect(),
            },
        };
        let n = self.residuals.len() as u64;
        let method = Method::Forecast;
        all.into_iter()
            .map(|(point, interval)| Estimate { point, interval, n, effective_n: n as f64, method })
            .collect()
    }

    fn variances(&self, horizon: usize) -> Vec<f64> {
        let Smoothing { alpha, beta, gamma, phi } = self.smoothing;
        let (mut total, mut power, mut damped) = (1.0, 1.0, 0.0);
        (1..=horizon)
            .map(|step| {
                let variance = self.variance * total;
                power *= phi;
                damped += power;
                let seasonal = self.model.season != Season::None && step % self.model.period == 0;
                let weight = alpha + beta * damped + if seasonal { gamma } else { 0.0 };
                total += weight * weight;
                variance
            })
            .collect()
    }

    /// Mean and variance of the values ahead, for multiplicative errors.
    fn moments(&self, horizon: usize) -> Result<Vec<(f64, f64)>, NotComputable> {
        let Some(motion) = Motion::new(self.model, self.smoothing, &self.state)? else {
            return Err(NotComputable::Unsupported(
                "the variance of additive errors with a multiplicative season has no closed form; simulate it"
                    .to_owned(),
            ));
        };
        let [still, once, twice] = &motion.powers;
        let v = self.variance;
        let mut mean = motion.state;
        let mut second = Matrix::zeros(mean.len(), mean.len());
        second.add_outer(1.0, &mean)?;
        let mut all = Vec::with_capacity(horizon);
        for _ in 0..horizon {
            let point = dot(&motion.weights, &mean);
            let square = dot(&motion.weights, &second.multiply_vector(&motion.weights)?);
            all.push((point, (1.0 + v) * square - point * point));
            // E ε² = v, E ε³ = 0, E ε⁴ = 3v².
            let mixed = still.multiply(&second)?.multiply(&twice.transpose())?;
            second = still
                .sandwich(&second)?
                .plus_scaled(v, &once.sandwich(&second)?)?
                .plus_scaled(v, &mixed)?
                .plus_scaled(v, &mixed.transpose())?
                .plus_scaled(3.0 * v * v, &twice.sandwich(&second)?)?;
            mean = still.plus_scaled(v, twice)?.multiply_vector(&mean)?;
        }
        Ok(all)
    }

    fn simulated(
        &self,
        horizon: usize,
        level: Level,
        simulation: Simulation,
    ) -> Vec<Result<Interval, NotComputable>> {
        let mut random = Random::seeded(simulation.seed);
        let mut draws: Vec<Vec<f64>> = vec![Vec::with_capacity(simulation.paths); horizon];
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

/// What came against what was forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviation {
    /// Actual less forecast, in the units of the series.
    pub difference: f64,
    /// The same in standard deviations of the forecast.
    pub z: f64,
    /// Chance of a deviation as large either way, if nothing changed.
    pub p: f64,
}

/// How surprising a value is, given its forecast with a symmetric interval.
///
/// The normal distribution behind [`Intervals::Moments`]. Correct p for the number of KPIs you look at
/// ([`crate::multiplicity`]).
///
/// # Errors
/// The reason why the forecast has no interval, `NoVariation` for one of no width, `NotFinite`.
pub fn deviation(forecast: &Estimate, actual: f64) -> Result<Deviation, NotComputable> {
    NotComputable::unless_finite("the value", &[actual])?;
    let interval = forecast.interval.as_ref().map_err(Clone::clone)?;
    let spread = 0.5 * (interval.high - interval.low) / Level::new(interval.level)?.z();
    if spread <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let difference = actual - forecast.point;
    Ok(Deviation { difference, z: difference / spread, p: normal::two_sided(difference / spread) })
}

/// A state as a vector that one period multiplies by `powers[0] + powers[1]·ε + powers[2]·ε²`; the value is
/// `weights · state · (1 + ε)`.
struct Motion {
    state: Vec<f64>,
    weights: Vec<f64>,
    powers: [Matrix; 3],
}

impl Motion {
    /// None for additive errors with a multiplicative season.
    fn new(model: Model, smoothing: Smoothing, state: &State) -> Result<Option<Self>, LinearError> {
        let Smoothing { alpha, beta, gamma, phi } = smoothing;
        let trend = model.trend != Trend::None;
        let mut line = vec![state.level];
        let mut line_weights = vec![1.0];
        let mut line_gain = vec![alpha];
        let mut line_still = Matrix::identity(1);
        if trend {
            line.push(state.slope);
            line_weights.push(phi);
            line_gain.push(beta);
            line_still = Matrix::from_rows(&[[1.0, phi], [0.0, phi]])?;
        }
        let m = state.season.len();
        let mut turn = Matrix::zeros(m, m);
        for i in 0..m {
            turn[(i, (i + 1) % m)] = 1.0;
        }
        Ok(match (model.error, model.season) {
            (ErrorKind::Additive, _) => None,
            (_, Season::Multiplicative) => {
                let line_once = outer(&line_gain, &line_weights);
                let mut season_once = Matrix::zeros(m, m);
                season_once[(m - 1, 0)] = gamma;
                let first: Vec<f64> = (0..m).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect();
                Some(Self {
                    state: kronecker_vector(&state.season, &line),
                    weights: kronecker_vector(&first, &line_weights),
                    powers: [
                        kronecker(&turn, &line_still),
                        kronecker(&turn, &line_once)
                            .plus_scaled(1.0, &kronecker(&season_once, &line_still))?,
                        kronecker(&season_once, &line_once),
                    ],
                })
            }
            (_, Season::None | Season::Additive) => {
                let (k, n) = (line.len(), line.len() + m);
                let mut still = Matrix::zeros(n, n);
                for i in 0..n {
                    for j in 0..n {
                        still[(i, j)] = match (i < k, j < k) {
                            (true, true) => line_still[(i, j)],
                            (false, false) => turn[(i - k, j - k)],
                            _ => 0.0,
                        };
                    }
                }
                let weights: Vec<f64> =
                    line_weights.into_iter().chain((0..m).map(|i| if i == 0 { 1.0 } else { 0.0 })).collect();
                let gain: Vec<f64> =
                    line_gain.into_iter().chain((1..=m).map(|i| if i == m { gamma } else { 0.0 })).collect();
                let once = outer(&gain, &weights);
                line.extend(&state.season);
                Some(Self { state: line, weights, powers: [still, once, Matrix::zeros(n, n)] })
            }
        })
    }
}

fn outer(left: &[f64], right: &[f64]) -> Matrix {
    let mut product = Matrix::zeros(left.len(), right.len());
    for (j, r) in right.iter().enumerate() {
        for (i, l) in left.iter().enumerate() {
            product[(i, j)] = l * r;
        }
    }
    product
}

fn kronecker_vector(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().flat_map(|l| right.iter().map(move |r| l * r)).collect()
}

fn kronecker(left: &Matrix, right: &Matrix) -> Matrix {
    let (a, b) = (right.rows(), right.columns());
    let mut product = Matrix::zeros(left.rows() * a, left.columns() * b);
    for j in 0..product.columns() {
        for i in 0..product.rows() {
            product[(i, j)] = left[(i / a, j / b)] * right[(i % a, j % b)];
        }
    }
    product
}
