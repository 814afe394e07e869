//! Householder QR: least squares, general square systems, leverages.
#![expect(clippy::indexing_slicing, reason = "indices are bounded by the dimensions of the factored matrix")]

use super::{LinearError, Matrix, dot};

/// `X = Q R` with `Q` orthonormal and `R` upper triangular, for at least as many
/// rows as columns and full column rank.
///
/// Householder reflections as in Golub and Van Loan (2013), algorithm 5.2.1;
/// O(rows × columns²). A column counts as dependent when the part of it that is
/// orthogonal to its predecessors is below 1e-11 of its own length: the Longley
/// regression, the customary hard case, stays well above.
#[derive(Debug, Clone)]
pub struct Qr {
    /// Reflectors below the diagonal, `R` above it.
    factors: Matrix,
    r_diagonal: Vec<f64>,
    tau: Vec<f64>,
}

/// Relative length of the orthogonal part below which a column is dependent.
const DEPENDENT: f64 = 1e-11;

impl Qr {
    /// Factors `x`.
    ///
    /// # Errors
    /// `Shape` with fewer rows than columns; `Singular` naming the first dependent column.
    pub fn new(x: &Matrix) -> Result<Self, LinearError> {
        let (rows, columns) = (x.rows(), x.columns());
        if rows < columns {
            return Err(LinearError::Shape { left: rows, right: columns });
        }
        let mut factors = x.clone();
        let mut r_diagonal = Vec::with_capacity(columns);
        let mut tau = Vec::with_capacity(columns);
        for k in 0..columns {
            let whole = norm(x.column(k));
            let part = norm(&factors.column(k)[k..]);
            if part.is_nan() || part <= DEPENDENT * whole {
                return Err(LinearError::Singular { column: k });
            }
            let head = factors[(k, k)];
            let beta = if head > 0.0 { -part } else { part };
            factors[(k, k)] = head - beta;
            let reflector = factors.column(k)[k..].to_vec();
            let scale = 2.0 / dot(&reflector, &reflector);
            for j in k + 1..columns {
                let target = &mut factors.column_mut(j)[k..];
                let along = scale * dot(&reflector, target);
                for (value, direction) in target.iter_mut().zip(&reflector) {
                    *value -= along * direction;
                }
            }
            r_diagonal.push(beta);
            tau.push(scale);
        }
        Ok(Self { factors, r_diagonal, tau })
    }

    /// The coefficients `b` that minimise `‖X b − y‖²`; with a square `X`, the solution of `X b = y`.
    ///
    /// # Errors
    /// `Shape` when `y` has not one entry per row.
    pub fn solve(&self, y: &[f64]) -> Result<Vec<f64>, LinearError> {
        let mut rotated = self.rotate(y)?;
        rotated.truncate(self.r_diagonal.len());
        Ok(self.back_substitute(rotated))
    }

    /// `(XᵀX)⁻¹ = R⁻¹ R⁻ᵀ`.
    #[must_use]
    pub fn inverse_gram(&self) -> Matrix {
        let inverse = self.r_inverse();
        let n = self.r_diagonal.len();
        let mut gram = Matrix::zeros(n, n);
        for i in 0..n {
            for j in i..n {
                let value: f64 = (j..n).map(|k| inverse[(i, k)] * inverse[(j, k)]).sum();
                gram[(i, j)] = value;
                gram[(j, i)] = value;
            }
        }
        gram
    }

    /// The leverages: the diagonal of the hat matrix `X (XᵀX)⁻¹ Xᵀ`, O(rows × columns²).
    ///
    /// # Errors
    /// `Shape` when `x` is not the matrix that was factored.
    pub fn leverages(&self, x: &Matrix) -> Result<Vec<f64>, LinearError> {
        let q = x.multiply(&self.r_inverse())?;
        Ok((0..q.rows()).map(|i| (0..q.columns()).map(|j| q[(i, j)] * q[(i, j)]).sum()).collect())
    }

    /// `ln |det X|` for a square matrix.
    #[must_use]
    pub fn log_absolute_determinant(&self) -> f64 {
        self.r_diagonal.iter().map(|d| libm::log(d.abs())).sum()
    }

    /// `R⁻¹`, upper triangular.
    #[must_use]
    pub fn r_inverse(&self) -> Matrix {
        let n = self.r_diagonal.len();
        let mut inverse = Matrix::zeros(n, n);
        for j in 0..n {
            let mut unit = vec![0.0; n];
            unit[j] = 1.0;
            inverse.column_mut(j).copy_from_slice(&self.back_substitute(unit));
        }
        inverse
    }

    fn rotate(&self, y: &[f64]) -> Result<Vec<f64>, LinearError> {
        if y.len() != self.factors.rows() {
            return Err(LinearError::Shape { left: self.factors.rows(), right: y.len() });
        }
        let mut rotated = y.to_vec();
        for (k, scale) in self.tau.iter().enumerate() {
            let reflector = &self.factors.column(k)[k..];
            let along = scale * dot(reflector, &rotated[k..]);
            for (value, direction) in rotated[k..].iter_mut().zip(reflector) {
                *value -= along * direction;
            }
        }
        Ok(rotated)
    }

    fn back_substitute(&self, mut b: Vec<f64>) -> Vec<f64> {
        for k in (0..self.r_diagonal.len()).rev() {
            let value = b[k] / self.r_diagonal[k];
            b[k] = value;
            for (i, target) in b.iter_mut().enumerate().take(k) {
                *target -= value * self.factors[(i, k)];
            }
        }
        b
    }
}

/// Euclidean length without overflow for any finite input.
fn norm(v: &[f64]) -> f64 {
    let largest = v.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    largest * v.iter().map(|x| (x / largest) * (x / largest)).sum::<f64>().sqrt()
}
