//! Small dense linear algebra: what a regression or a factor of a covariance
//! matrix needs, and nothing for large or sparse systems.
//!
//! Matrices are column-major, factorisations are the textbook ones (Golub and
//! Van Loan, *Matrix Computations*, 4th ed., 2013), and every sum runs in a fixed
//! order, so the same input gives the same bits on every machine. The choice
//! against a linear-algebra crate is recorded in `docs/adr/0006-linear-algebra-and-optimisers.md`.

mod cholesky;
mod eigen;
mod matrix;
mod qr;

use crate::estimate::NotComputable;

pub use cholesky::Cholesky;
pub use eigen::SymmetricEigen;
pub(crate) use matrix::BLOCK;
pub use matrix::{Matrix, dot};
pub use qr::Qr;

/// Why a matrix operation has no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LinearError {
    /// Two operands, or an operand and its declared shape, do not fit.
    #[error("shapes do not fit: {left} against {right}")]
    Shape {
        /// Rows or columns on the left.
        left: usize,
        /// Rows or columns on the right.
        right: usize,
    },
    /// An entry is NaN or infinite.
    #[error("a matrix entry is not a finite number")]
    NotFinite,
    /// A column is, to working precision, a combination of the columns before it.
    #[error("column {column} is a linear combination of the columns before it")]
    Singular {
        /// Zero-based index of the first dependent column.
        column: usize,
    },
    /// A pivot of a Cholesky factorisation is not positive.
    #[error("the matrix is not positive definite at pivot {pivot}")]
    NotPositiveDefinite {
        /// Zero-based index of the pivot.
        pivot: usize,
    },
    /// An iteration (eigenvalues) did not settle.
    #[error("no convergence after {sweeps} sweeps")]
    NoConvergence {
        /// Sweeps made.
        sweeps: usize,
    },
}

impl From<LinearError> for NotComputable {
    fn from(error: LinearError) -> Self {
        match error {
            LinearError::Singular { column } => Self::Singular { what: format!("column {column}") },
            LinearError::NotPositiveDefinite { pivot } => Self::Singular { what: format!("column {pivot}") },
            LinearError::NotFinite => Self::NotFinite { what: "the matrix".to_owned() },
            LinearError::NoConvergence { .. } => Self::NoConvergence { margin: "the eigenvalues".to_owned() },
            LinearError::Shape { left, right } => {
                Self::Invalid(format!("shapes do not fit: {left} against {right}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(left: f64, right: f64, tolerance: f64) {
        assert!((left - right).abs() <= tolerance * (1.0 + right.abs()), "{left} is not {right}");
    }

    #[test]
    fn qr_solves_squares_and_inverts_the_gram() {
        let x = Matrix::from_rows(&[[2.0, 1.0, 0.0], [1.0, -3.0, 2.0], [0.0, 4.0, 1.0], [5.0, 0.5, -2.0]])
            .unwrap();
        let qr = Qr::new(&x).unwrap();
        let gram = x.gram(None).unwrap();
        let identity = gram.multiply(&qr.inverse_gram()).unwrap();
        let via_cholesky = Cholesky::new(&gram).unwrap().inverse();
        for i in 0..3 {
            for j in 0..3 {
                near(identity[(i, j)], f64::from(u8::from(i == j)), 1e-13);
                near(via_cholesky[(i, j)], qr.inverse_gram()[(i, j)], 1e-13);
            }
        }
        let b = qr.solve(&x.multiply_vector(&[1.0, -2.0, 3.0]).unwrap()).unwrap();
        for (found, truth) in b.iter().zip([1.0, -2.0, 3.0]) {
            near(*found, truth, 1e-13);
        }
        near(qr.leverages(&x).unwrap().iter().sum(), 3.0, 1e-13);
    }

    #[test]
    fn dependent_columns_are_named() {
        let x = Matrix::from_columns(&[vec![1.0; 4], vec![1.0, 2.0, 3.0, 4.0], vec![3.0, 5.0, 7.0, 9.0]])
            .unwrap();
        assert_eq!(Qr::new(&x).unwrap_err(), LinearError::Singular { column: 2 });
        assert_eq!(Qr::new(&Matrix::zeros(3, 1)).unwrap_err(), LinearError::Singular { column: 0 });
        assert!(Matrix::from_columns(&[vec![f64::NAN]]).is_err());
        assert!(Cholesky::new(&Matrix::from_rows(&[[1.0, 2.0], [2.0, 1.0]]).unwrap()).is_err());
    }

    #[test]
    fn determinants_agree_between_factorisations() {
        let a = Matrix::from_rows(&[[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 2.0]]).unwrap();
        let eigen = SymmetricEigen::new(&a).unwrap();
        let product: f64 = eigen.values.iter().product();
        near(libm::exp(Cholesky::new(&a).unwrap().log_determinant()), product, 1e-13);
        near(libm::exp(Qr::new(&a).unwrap().log_absolute_determinant()), product, 1e-13);
        // A = V Λ Vᵀ
        let mut lambda = Matrix::zeros(3, 3);
        for (i, v) in eigen.values.iter().enumerate() {
            lambda[(i, i)] = *v;
        }
        let back = eigen.vectors.sandwich(&lambda).unwrap();
        for i in 0..3 {
            for j in 0..3 {
                near(back[(i, j)], a[(i, j)], 1e-13);
            }
        }
    }
}
