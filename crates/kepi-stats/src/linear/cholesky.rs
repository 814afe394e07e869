//! Cholesky factorisation of a symmetric positive definite matrix.
#![expect(clippy::indexing_slicing, reason = "indices are bounded by the order of the factored matrix")]

use super::{LinearError, Matrix};

/// `A = L Lᵀ`, `L` lower triangular with a positive diagonal.
///
/// Golub and Van Loan (2013), algorithm 4.2.1; O(n³ ⁄ 3). Only the lower triangle of `A` is read.
#[derive(Debug, Clone)]
pub struct Cholesky {
    lower: Matrix,
}

impl Cholesky {
    /// Factors `a`.
    ///
    /// # Errors
    /// `Shape` for a matrix that is not square; `NotPositiveDefinite` when a pivot falls
    /// below 1e-14 of its diagonal entry.
    pub fn new(a: &Matrix) -> Result<Self, LinearError> {
        let n = a.rows();
        if n != a.columns() {
            return Err(LinearError::Shape { left: n, right: a.columns() });
        }
        let mut lower = Matrix::zeros(n, n);
        for j in 0..n {
            let mut pivot = a[(j, j)];
            for k in 0..j {
                pivot -= lower[(j, k)] * lower[(j, k)];
            }
            if pivot.is_nan() || pivot <= 1e-14 * a[(j, j)].abs() {
                return Err(LinearError::NotPositiveDefinite { pivot: j });
            }
            let root = pivot.sqrt();
            lower[(j, j)] = root;
            for i in j + 1..n {
                let mut value = a[(i, j)];
                for k in 0..j {
                    value -= lower[(i, k)] * lower[(j, k)];
                }
                lower[(i, j)] = value / root;
            }
        }
        Ok(Self { lower })
    }

    /// The factor `L`.
    #[must_use]
    pub fn lower(&self) -> &Matrix {
        &self.lower
    }

    /// Solves `A x = b`.
    ///
    /// # Errors
    /// `Shape` when `b` has not one entry per row.
    pub fn solve(&self, b: &[f64]) -> Result<Vec<f64>, LinearError> {
        let n = self.lower.rows();
        if b.len() != n {
            return Err(LinearError::Shape { left: n, right: b.len() });
        }
        let mut x = b.to_vec();
        for i in 0..n {
            for k in 0..i {
                x[i] -= self.lower[(i, k)] * x[k];
            }
            x[i] /= self.lower[(i, i)];
        }
        for i in (0..n).rev() {
            for k in i + 1..n {
                x[i] -= self.lower[(k, i)] * x[k];
            }
            x[i] /= self.lower[(i, i)];
        }
        Ok(x)
    }

    /// `A⁻¹`, symmetric by construction.
    #[must_use]
    pub fn inverse(&self) -> Matrix {
        let n = self.lower.rows();
        let mut inverse = Matrix::zeros(n, n);
        for j in 0..n {
            // Forward and back substitution of a unit vector; the upper half is mirrored.
            let mut x = vec![0.0; n];
            x[j] = 1.0;
            for i in j..n {
                for k in j..i {
                    x[i] -= self.lower[(i, k)] * x[k];
                }
                x[i] /= self.lower[(i, i)];
            }
            for i in (j..n).rev() {
                for k in i + 1..n {
                    x[i] -= self.lower[(k, i)] * x[k];
                }
                x[i] /= self.lower[(i, i)];
            }
            for i in j..n {
                inverse[(i, j)] = x[i];
                inverse[(j, i)] = x[i];
            }
        }
        inverse
    }

    /// `ln det A`.
    #[must_use]
    pub fn log_determinant(&self) -> f64 {
        2.0 * self.lower.diagonal().iter().map(|d| libm::log(*d)).sum::<f64>()
    }
}
