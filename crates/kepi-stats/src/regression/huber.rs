//! Huber's M-estimator: a regression that single wild values cannot turn.

use crate::distribution::normal;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::{Matrix, Qr};

/// A robust fit.
#[derive(Debug, Clone)]
pub struct HuberFit {
    /// Coefficients, in units of `y` per unit of the column.
    pub coefficients: Vec<f64>,
    /// Standard errors by Huber's first covariance estimate.
    pub standard_errors: Vec<f64>,
    /// Robust scale of the residuals: their median absolute deviation ⁄ Φ⁻¹(¾).
    pub scale: f64,
    /// Weight of each row at the end, 1 for the undisputed and less for the remote.
    pub weights: Vec<f64>,
    /// Reweightings made.
    pub iterations: usize,
}

impl HuberFit {
    /// Coefficients with normal intervals.
    #[must_use]
    pub fn estimates(&self, level: Level) -> Vec<Estimate> {
        let n = self.weights.len() as u64;
        self.coefficients
            .iter()
            .zip(&self.standard_errors)
            .map(|(&point, se)| Estimate {
                point,
                interval: Ok(Interval::around(point, level.z() * se, level)),
                n,
                effective_n: self.weights.iter().sum(),
                method: Method::LeastSquares,
            })
            .collect()
    }
}

/// The customary bend: 95 % efficient for normal errors.
pub const BEND: f64 = 1.345;

/// Fits `y = X b` with Huber's ψ bent at `bend` scales, by reweighted least squares.
///
/// The scale is the median absolute deviation of the residuals from zero divided by
/// 0.6745, updated with each reweighting. Standard errors as Huber (1981), eq. 7.6.7:
/// `K² · (Σψ² σ² ⁄ (n − k)) ⁄ (Σψ′ ⁄ n)² · (XᵀX)⁻¹` with
/// `K = 1 + k ⁄ n · Var(ψ′) ⁄ mean(ψ′)²`. O(n k²) per iteration.
///
/// # Errors
/// `TooFew`, `Singular`, `NotFinite`; `NoVariation` when half the residuals vanish;
/// `NoConvergence` after 200 reweightings.
pub fn huber(y: &[f64], design: &Matrix, bend: f64) -> Result<HuberFit, NotComputable> {
    NotComputable::unless_finite("the response", y)?;
    NotComputable::unless_same_length("response and design", y.len(), design.rows())?;
    let (n, k) = (design.rows(), design.columns());
    NotComputable::unless_enough(n, k + 1)?;
    if bend.is_nan() || bend <= 0.0 {
        return Err(NotComputable::Invalid(format!("the bend is positive, not `{bend}`")));
    }
    let mut coefficients = Qr::new(design)?.solve(y)?;
    let mut weights = vec![1.0; n];
    for iteration in 1..=200 {
        let residuals = residuals(y, design, &coefficients)?;
        let scale = scale(&residuals)?;
        for (weight, e) in weights.iter_mut().zip(&residuals) {
            let size = e.abs() / scale;
            *weight = if size <= bend { 1.0 } else { bend / size };
        }
        let mut weighted = design.clone();
        for j in 0..k {
            for (value, weight) in weighted.column_mut(j).iter_mut().zip(&weights) {
                *value *= weight.sqrt();
            }
        }
        let right: Vec<f64> = y.iter().zip(&weights).map(|(v, w)| v * w.sqrt()).collect();
        let next = Qr::new(&weighted)?.solve(&right)?;
        let moved = next
            .iter()
            .zip(&coefficients)
            .map(|(a, b)| (a - b).abs() / (1.0 + b.abs()))
            .fold(0.0_f64, f64::max);
        coefficients = next;
        if moved <= 1e-12 {
            return finish(y, design, coefficients, weights, bend, iteration);
        }
    }
    Err(NotComputable::NoConvergence { margin: "the robust weights".to_owned() })
}

fn finish(
    y: &[f64],
    design: &Matrix,
    coefficients: Vec<f64>,
    weights: Vec<f64>,
    bend: f64,
    iterations: usize,
) -> Result<HuberFit, NotComputable> {
    let (n, k) = (design.rows() as f64, design.columns() as f64);
    let residuals = residuals(y, design, &coefficients)?;
    let scale = scale(&residuals)?;
    let squares: f64 = residuals.iter().map(|e| (e / scale).clamp(-bend, bend)).map(|psi| psi * psi).sum();
    let inside = residuals.iter().filter(|e| e.abs() <= bend * scale).count() as f64 / n;
    if inside <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let inflation = 1.0 + k / n * (inside * (1.0 - inside)) / (inside * inside);
    let factor = inflation * inflation * squares * scale * scale / (n - k) / (inside * inside);
    let standard_errors =
        Qr::new(design)?.inverse_gram().diagonal().iter().map(|v| (factor * v).sqrt()).collect();
    Ok(HuberFit { coefficients, standard_errors, scale, weights, iterations })
}

fn residuals(y: &[f64], design: &Matrix, coefficients: &[f64]) -> Result<Vec<f64>, NotComputable> {
    Ok(y.iter().zip(design.multiply_vector(coefficients)?).map(|(a, b)| a - b).collect())
}

fn scale(residuals: &[f64]) -> Result<f64, NotComputable> {
    let mut sizes: Vec<f64> = residuals.iter().map(|e| e.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let at = |i: usize| sizes.get(i).copied().unwrap_or(f64::NAN);
    let half = sizes.len() / 2;
    let median = if sizes.len() % 2 == 1 { at(half) } else { 0.5 * (at(half.saturating_sub(1)) + at(half)) };
    if median > 0.0 { Ok(median / normal::quantile(0.75)) } else { Err(NotComputable::NoVariation) }
}
