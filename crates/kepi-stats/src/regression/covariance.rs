//! Covariances of least-squares coefficients that do not trust the classical assumptions.
#![expect(clippy::indexing_slicing, reason = "rows and columns are those of the fitted design")]

use std::collections::BTreeMap;

use super::least_squares::LeastSquares;
use crate::estimate::NotComputable;
use crate::linear::{Matrix, Qr};

/// How squared residuals are inflated in a heteroskedasticity-consistent covariance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hc {
    /// White (1980): `e²`.
    Hc0,
    /// `e² n ⁄ (n − k)`, the usual one of econometric packages.
    Hc1,
    /// `e² ⁄ (1 − h)`, unbiased under equal variances.
    Hc2,
    /// `e² ⁄ (1 − h)²`, close to the jackknife; the safe choice in small samples. The default.
    #[default]
    Hc3,
}

/// Whether a covariance for correlated errors is scaled for the fitted coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SmallSample {
    /// As the asymptotic theory has it. The default, as in R `sandwich::NeweyWest`.
    #[default]
    None,
    /// Multiplied by `n ⁄ (n − k)`.
    DegreesOfFreedom,
}

/// Whether the scores are whitened by a first-order vector autoregression before lags are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prewhitening {
    /// No. The default.
    #[default]
    None,
    /// Yes (Andrews and Monahan 1992).
    FirstOrder,
}

/// What the term for the intersection of two clusterings is scaled by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Intersection {
    /// By its own number of cells, as the two one-way terms are. The default.
    #[default]
    SameAsOthers,
    /// Not at all (White's term), as in Petersen (2009).
    White,
}

/// The heteroskedasticity-consistent covariance, O(n k²).
///
/// `(XᵀX)⁻¹ (Σ ωᵢ xᵢ xᵢᵀ) (XᵀX)⁻¹`. Source: White (1980); MacKinnon and White (1985).
///
/// # Errors
/// `Invalid` when a leverage of one makes HC2 or HC3 undefined.
pub fn heteroskedastic(fit: &LeastSquares, kind: Hc) -> Result<Matrix, NotComputable> {
    let n = fit.n() as f64;
    let k = fit.coefficients.len() as f64;
    let mut weights = Vec::with_capacity(fit.n());
    for (row, (e, h)) in fit.residuals.iter().zip(&fit.leverages).enumerate() {
        let rest = 1.0 - h;
        if matches!(kind, Hc::Hc2 | Hc::Hc3) && rest <= 1e-12 {
            return Err(NotComputable::Invalid(format!(
                "row {row} alone determines a coefficient (leverage 1)"
            )));
        }
        weights.push(match kind {
            Hc::Hc0 => e * e,
            Hc::Hc1 => e * e * n / (n - k),
            Hc::Hc2 => e * e / rest,
            Hc::Hc3 => e * e / (rest * rest),
        });
    }
    Ok(fit.inverse_gram.sandwich(&fit.design.gram(Some(&weights))?)?)
}

/// Newey and West's covariance for rows in time order: Bartlett weights `1 − l ⁄ (lags + 1)`, O(n k² lags).
///
/// Source: Newey and West (1987); Andrews and Monahan (1992) for the whitening.
///
/// # Errors
/// `TooFew` unless there are more rows than lags; `Singular` when whitening fails.
pub fn newey_west(
    fit: &LeastSquares,
    lags: usize,
    whitening: Prewhitening,
    correction: SmallSample,
) -> Result<Matrix, NotComputable> {
    NotComputable::unless_enough(fit.n(), lags + 2)?;
    let k = fit.coefficients.len();
    let mut scores = scores(fit);
    let mut recolour = None;
    if whitening == Prewhitening::FirstOrder {
        let (whitened, d) = whiten(&scores)?;
        scores = whitened;
        recolour = Some(d);
    }
    let n = scores.rows();
    let mut meat = scores.gram(None)?;
    for lag in 1..=lags.min(n - 1) {
        let weight = 1.0 - lag as f64 / (lags as f64 + 1.0);
        for i in 0..k {
            for j in 0..k {
                let forward: f64 = (lag..n).map(|t| scores[(t, i)] * scores[(t - lag, j)]).sum();
                let backward: f64 = (lag..n).map(|t| scores[(t, j)] * scores[(t - lag, i)]).sum();
                meat[(i, j)] += weight * (forward + backward);
            }
        }
    }
    if let Some(d) = recolour {
        meat = d.sandwich(&meat)?;
    }
    let rows = fit.n() as f64;
    let factor = match correction {
        SmallSample::None => 1.0,
        SmallSample::DegreesOfFreedom => rows / (rows - k as f64),
    };
    Ok(fit.inverse_gram.sandwich(&meat)?.scaled(factor))
}

/// The covariance under arbitrary correlation within clusters.
///
/// `G ⁄ (G − 1) · (n − 1) ⁄ (n − k)` times the sandwich of summed scores (CR1). Inference uses
/// Student with G − 1 degrees of freedom; below some 30 clusters it is optimistic.
/// `clusters` names the cluster of each row by any number. O(n k).
/// Source: Liang and Zeger (1986).
///
/// # Errors
/// `TooFew` with fewer than two clusters; `Invalid` for another length.
pub fn clustered(fit: &LeastSquares, clusters: &[usize]) -> Result<Matrix, NotComputable> {
    NotComputable::unless_same_length("rows and clusters", fit.n(), clusters.len())?;
    let (meat, count) = cluster_meat(fit, clusters.iter().map(|&c| (c, 0)))?;
    NotComputable::unless_enough(count, 2)?;
    Ok(fit.inverse_gram.sandwich(&meat)?.scaled(cluster_factor(count) * coefficient_factor(fit)))
}

/// The covariance under arbitrary correlation within two crossing clusterings, such as customer and month.
///
/// `V₁ + V₂ − V₁₂`. The result need not be positive definite; a negative variance comes out as it is
/// and the interval then has a reason. Source: Cameron, Gelbach and Miller (2011).
///
/// # Errors
/// As [`clustered`].
pub fn clustered_two_way(
    fit: &LeastSquares,
    first: &[usize],
    second: &[usize],
    intersection: Intersection,
) -> Result<Matrix, NotComputable> {
    NotComputable::unless_same_length("rows and clusters", fit.n(), first.len())?;
    NotComputable::unless_same_length("rows and clusters", fit.n(), second.len())?;
    let (a, n_first) = cluster_meat(fit, first.iter().map(|&c| (c, 0)))?;
    let (b, n_second) = cluster_meat(fit, second.iter().map(|&c| (c, 0)))?;
    let (both, n_both) = cluster_meat(fit, first.iter().zip(second).map(|(&c, &d)| (c, d)))?;
    NotComputable::unless_enough(n_first.min(n_second), 2)?;
    let common = coefficient_factor(fit);
    let last = match intersection {
        Intersection::SameAsOthers => cluster_factor(n_both) * common,
        Intersection::White => 1.0,
    };
    let meat = a
        .scaled(cluster_factor(n_first) * common)
        .plus_scaled(cluster_factor(n_second) * common, &b)?
        .plus_scaled(-last, &both)?;
    Ok(fit.inverse_gram.sandwich(&meat)?)
}

fn cluster_factor(count: usize) -> f64 {
    count as f64 / (count as f64 - 1.0)
}

fn coefficient_factor(fit: &LeastSquares) -> f64 {
    (fit.n() as f64 - 1.0) / fit.degrees_of_freedom
}

/// Sum over clusters of the outer product of summed scores, and the number of clusters.
fn cluster_meat(
    fit: &LeastSquares,
    clusters: impl Iterator<Item = (usize, usize)>,
) -> Result<(Matrix, usize), NotComputable> {
    let k = fit.coefficients.len();
    let mut sums: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    for (row, cluster) in clusters.enumerate() {
        let sum = sums.entry(cluster).or_insert_with(|| vec![0.0; k]);
        for (j, value) in sum.iter_mut().enumerate() {
            *value += fit.design[(row, j)] * fit.residuals[row];
        }
    }
    let mut meat = Matrix::zeros(k, k);
    for sum in sums.values() {
        meat.add_outer(1.0, sum)?;
    }
    Ok((meat, sums.len()))
}

/// Rows `xᵢ eᵢ`.
fn scores(fit: &LeastSquares) -> Matrix {
    let mut scores = fit.design.clone();
    for j in 0..scores.columns() {
        for (value, e) in scores.column_mut(j).iter_mut().zip(&fit.residuals) {
            *value *= e;
        }
    }
    scores
}

/// Residuals of `uₜ = A uₜ₋₁` by least squares, and `(I − A)⁻¹`.
fn whiten(scores: &Matrix) -> Result<(Matrix, Matrix), NotComputable> {
    let (n, k) = (scores.rows(), scores.columns());
    let mut before = Matrix::zeros(n - 1, k);
    for j in 0..k {
        before.column_mut(j).copy_from_slice(&scores.column(j)[..n - 1]);
    }
    let qr = Qr::new(&before)?;
    let mut whitened = Matrix::zeros(n - 1, k);
    let mut i_minus_a = Matrix::identity(k);
    for j in 0..k {
        let now = &scores.column(j)[1..];
        let coefficients = qr.solve(now)?;
        let predicted = before.multiply_vector(&coefficients)?;
        for (target, (value, guess)) in whitened.column_mut(j).iter_mut().zip(now.iter().zip(&predicted)) {
            *target = value - guess;
        }
        for (i, c) in coefficients.iter().enumerate() {
            i_minus_a[(j, i)] -= c;
        }
    }
    let solver = Qr::new(&i_minus_a)?;
    let mut inverse = Matrix::zeros(k, k);
    for j in 0..k {
        let mut unit = vec![0.0; k];
        unit[j] = 1.0;
        inverse.column_mut(j).copy_from_slice(&solver.solve(&unit)?);
    }
    Ok((whitened, inverse))
}
