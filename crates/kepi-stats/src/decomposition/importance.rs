//! Relative importance of drivers: their shares of explained variance.

use super::shapley::shapley;
use crate::estimate::NotComputable;
use crate::linear::{Cholesky, Matrix, SymmetricEigen, dot};
use crate::regression::redundancy::correlation;

/// The method that shares R² among drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Importance {
    /// LMG (Lindeman, Merenda and Gold 1980; Shapley values of R²): exact, 2^k regressions. The default up to 12 drivers.
    #[default]
    Lmg,
    /// Johnson's relative weights (2000): one eigen-decomposition, close to LMG, for any number of drivers.
    Johnson,
}

impl Importance {
    /// LMG up to twelve drivers, Johnson beyond.
    #[must_use]
    pub fn for_drivers(k: usize) -> Self {
        if k <= 12 { Self::Lmg } else { Self::Johnson }
    }
}

/// The share of R² of each driver column; the shares add up to R². O(n k² + 2^k k³) or O(n k² + k³).
///
/// # Errors
/// `NoVariation`, `Singular` for drivers that repeat each other, `TooFew`, `NotFinite`, `Unsupported` (LMG above 20).
pub fn relative_importance(
    y: &[f64],
    drivers: &[Vec<f64>],
    method: Importance,
) -> Result<Vec<f64>, NotComputable> {
    let k = drivers.len();
    NotComputable::unless_enough(k, 1)?;
    NotComputable::unless_enough(y.len(), k + 2)?;
    let mut all = drivers.to_vec();
    all.push(y.to_vec());
    let r = correlation(&all)?;
    match method {
        Importance::Lmg => {
            // Refuse a singular full model once, so that every smaller one is sound.
            Cholesky::new(&sub(&r, &(0..k).collect::<Vec<_>>()))?;
            shapley(k, |mask| {
                let members: Vec<usize> = (0..k).filter(|i| mask >> i & 1 == 1).collect();
                let with_y: Vec<f64> = members.iter().map(|&i| r[(i, k)]).collect();
                if members.is_empty() {
                    return 0.0;
                }
                Cholesky::new(&sub(&r, &members))
                    .and_then(|c| c.solve(&with_y))
                    .map_or(f64::NAN, |b| dot(&b, &with_y))
            })
        }
        Importance::Johnson => {
            let x = sub(&r, &(0..k).collect::<Vec<_>>());
            let eigen = SymmetricEigen::new(&x)?;
            if let Some(at) = eigen.values.iter().position(|v| *v <= 1e-12) {
                return Err(NotComputable::Singular { what: format!("principal axis {at}") });
            }
            // The orthogonal variables nearest to the drivers: Λ = V D^½ Vᵀ.
            let mut root = Matrix::zeros(k, k);
            for (i, v) in eigen.values.iter().enumerate() {
                root[(i, i)] = v.sqrt();
            }
            let lambda = eigen.vectors.sandwich(&root)?;
            let with_y: Vec<f64> = (0..k).map(|i| r[(i, k)]).collect();
            let beta = Cholesky::new(&lambda)?.solve(&with_y)?;
            Ok((0..k)
                .map(|i| beta.iter().enumerate().map(|(j, b)| lambda[(i, j)] * lambda[(i, j)] * b * b).sum())
                .collect())
        }
    }
}

fn sub(r: &Matrix, members: &[usize]) -> Matrix {
    let mut part = Matrix::zeros(members.len(), members.len());
    for (j, &b) in members.iter().enumerate() {
        for (i, &a) in members.iter().enumerate() {
            part[(i, j)] = r[(a, b)];
        }
    }
    part
}
