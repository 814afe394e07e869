//! The random intercept: units scatter around a common line, and each unit's own mean is shrunk towards it.

use std::collections::BTreeMap;

use crate::estimate::NotComputable;
use crate::linear::{Cholesky, Matrix, dot};
use crate::optimise::{Stopping, minimise_scalar};

/// The criterion for the variances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Criterion {
    /// Restricted maximum likelihood, which counts the coefficients. The default.
    #[default]
    Reml,
    /// Maximum likelihood.
    Ml,
}

/// One unit's effect.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitEffect {
    /// The unit's number as given.
    pub unit: usize,
    /// Rows of the unit.
    pub n: u64,
    /// Best linear unbiased prediction of the unit's deviation, in units of `y`.
    pub deviation: f64,
    /// Share of the raw deviation kept, between 0 (all noise) and 1.
    pub kept: f64,
    /// Conditional standard deviation of the prediction, given the coefficients.
    pub standard_deviation: f64,
}

/// A fitted model `y = X b + u_unit + e`.
#[derive(Debug, Clone)]
pub struct RandomIntercept {
    /// Coefficients of the fixed part.
    pub coefficients: Vec<f64>,
    /// Their covariance.
    pub covariance: Matrix,
    /// Variance between units.
    pub between: f64,
    /// Variance within units.
    pub within: f64,
    /// Minus twice the (restricted) log-likelihood.
    pub deviance: f64,
    /// Effects of the units in ascending order of unit.
    pub effects: Vec<UnitEffect>,
}

impl RandomIntercept {
    /// Intraclass correlation: the share of the variance that lies between units.
    #[must_use]
    pub fn intraclass(&self) -> f64 {
        self.between / (self.between + self.within)
    }
}

struct Unit {
    n: f64,
    y_sum: f64,
    x_sum: Vec<f64>,
}

struct Profile {
    deviance: f64,
    coefficients: Vec<f64>,
    inverse: Matrix,
    within: f64,
}

/// Fits by profiling the likelihood over the ratio of variances, O(n k² + units · k²) per evaluation.
///
/// `design` includes the intercept. A between variance of zero is an answer, not an error.
/// Source: Laird and Ware (1982); Bates et al. (2015) for the profile.
///
/// # Errors
/// `TooFew` with fewer than two units or not more rows than units; `NoVariation`, `Singular`, `NotFinite`.
pub fn random_intercept(
    y: &[f64],
    design: &Matrix,
    units: &[usize],
    criterion: Criterion,
) -> Result<RandomIntercept, NotComputable> {
    NotComputable::unless_finite("the response", y)?;
    NotComputable::unless_same_length("response and design", y.len(), design.rows())?;
    NotComputable::unless_same_length("response and units", y.len(), units.len())?;
    let (n, k) = (design.rows(), design.columns());
    NotComputable::unless_enough(n, k + 2)?;
    // Centring the response keeps the digits of the residual squares.
    let centre = y.iter().sum::<f64>() / n as f64;
    let centred: Vec<f64> = y.iter().map(|v| v - centre).collect();
    let mut by_unit: BTreeMap<usize, Unit> = BTreeMap::new();
    for (row, (value, unit)) in centred.iter().zip(units).enumerate() {
        let entry = by_unit.entry(*unit).or_insert_with(|| Unit { n: 0.0, y_sum: 0.0, x_sum: vec![0.0; k] });
        entry.n += 1.0;
        entry.y_sum += value;
        for (j, sum) in entry.x_sum.iter_mut().enumerate() {
            *sum += design[(row, j)];
        }
    }
    NotComputable::unless_enough(by_unit.len(), 2)?;
    NotComputable::unless_enough(n, by_unit.len() + 1)?;
    let cross = design.gram(None)?;
    let right = design.transpose_multiply_vector(&centred)?;
    let squares = dot(&centred, &centred);
    let profile = |ratio: f64| -> Result<Profile, NotComputable> {
        let mut a = cross.clone();
        let mut b = right.clone();
        let mut total = squares;
        let mut log_det = 0.0;
        for unit in by_unit.values() {
            let shrink = ratio / (1.0 + unit.n * ratio);
            a.add_outer(-shrink, &unit.x_sum)?;
            for (target, x) in b.iter_mut().zip(&unit.x_sum) {
                *target -= shrink * x * unit.y_sum;
            }
            total -= shrink * unit.y_sum * unit.y_sum;
            log_det += libm::log1p(unit.n * ratio);
        }
        let factor = Cholesky::new(&a)?;
        let coefficients = factor.solve(&b)?;
        let rest = total - dot(&coefficients, &b);
        if rest <= 1e-14 * squares || rest.is_nan() {
            return Err(NotComputable::NoVariation);
        }
        let (rows, extra) = match criterion {
            Criterion::Reml => ((n - k) as f64, factor.log_determinant()),
            Criterion::Ml => (n as f64, 0.0),
        };
        let within = rest / rows;
        let deviance = rows * (1.0 + libm::log(2.0 * std::f64::consts::PI * within)) + log_det + extra;
        Ok(Profile { deviance, coefficients, inverse: factor.inverse(), within })
    };
    let at_zero = profile(0.0)?;
    // The ratio is searched on its logarithm, from units of no weight to units that are all there is.
    let value = |log_ratio: f64| profile(libm::exp(log_ratio)).map_or(f64::NAN, |p| p.deviance);
    let (log_ratio, best) =
        minimise_scalar(value, -18.0, 14.0, Stopping { tolerance: 1e-12, iterations: 500 })?;
    let ratio = if best < at_zero.deviance { polish(&value, log_ratio) } else { 0.0 };
    let mut fit = profile(ratio)?;
    let effects = by_unit
        .iter()
        .map(|(&unit, u)| {
            let kept = u.n * ratio / (1.0 + u.n * ratio);
            let raw = (u.y_sum - dot(&u.x_sum, &fit.coefficients)) / u.n;
            UnitEffect {
                unit,
                n: u.n as u64,
                deviation: kept * raw,
                kept,
                standard_deviation: (fit.within * ratio / (1.0 + u.n * ratio)).sqrt(),
            }
        })
        .collect();
    // Undo the centring: the coefficients of a constant response are those of an intercept.
    let ones = vec![1.0; n];
    let shift = crate::linear::Qr::new(design)?.solve(&ones)?;
    let fitted_ones = design.multiply_vector(&shift)?;
    if fitted_ones.iter().any(|v| (v - 1.0).abs() > 1e-8) {
        return Err(NotComputable::invalid("the design has no intercept"));
    }
    for (b, s) in fit.coefficients.iter_mut().zip(&shift) {
        *b += centre * s;
    }
    Ok(RandomIntercept {
        coefficients: fit.coefficients,
        covariance: fit.inverse.scaled(fit.within),
        between: ratio * fit.within,
        within: fit.within,
        deviance: fit.deviance,
        effects,
    })
}

/// Newton steps on the slope of the profile, which see further than its flat bottom does.
fn polish(value: &impl Fn(f64) -> f64, start: f64) -> f64 {
    let mut at = start;
    for _ in 0..3 {
        let h = 1e-3;
        let (low, here, high) = (value(at - h), value(at), value(at + h));
        let (wide_low, wide_high) = (value(at - 2.0 * h), value(at + 2.0 * h));
        // Five-point derivatives: the truncation error is of order h⁴.
        let slope = (wide_low - 8.0 * low + 8.0 * high - wide_high) / (12.0 * h);
        let curvature = (-wide_low + 16.0 * low - 30.0 * here + 16.0 * high - wide_high) / (12.0 * h * h);
        if curvature.is_nan() || curvature <= 0.0 || (slope / curvature).abs() > 1e-3 {
            break;
        }
        at -= slope / curvature;
    }
    libm::exp(at)
}
