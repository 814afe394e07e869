//! Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations.

use super::{LinearError, Matrix};

/// `A = V diag(values) Vᵀ`, eigenvalues from largest to smallest, eigenvectors as columns of `V`.
///
/// Each eigenvector is signed so that its entry of largest magnitude (the first
/// one on a tie) is positive: signs are arbitrary in theory and must not be in a report.
#[derive(Debug, Clone)]
pub struct SymmetricEigen {
    /// Eigenvalues, descending.
    pub values: Vec<f64>,
    /// Orthonormal eigenvectors, one per column, in the order of `values`.
    pub vectors: Matrix,
}

const SWEEPS: usize = 100;

impl SymmetricEigen {
    /// Decomposes `a`, reading its lower triangle; O(n³) per sweep, a handful of sweeps.
    ///
    /// Golub and Van Loan (2013), section 8.5.
    ///
    /// # Errors
    /// `Shape` for a matrix that is not square, `NoConvergence` after 100 sweeps (not known to happen
    /// for finite input).
    pub fn new(a: &Matrix) -> Result<Self, LinearError> {
        let n = a.rows();
        if n != a.columns() {
            return Err(LinearError::Shape { left: n, right: a.columns() });
        }
        let mut work = Matrix::zeros(n, n);
        for j in 0..n {
            for i in j..n {
                work[(i, j)] = a[(i, j)];
                work[(j, i)] = a[(i, j)];
            }
        }
        let mut vectors = Matrix::identity(n);
        let size: f64 = (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).map(|at| work[at] * work[at]).sum();
        let mut settled = false;
        for _ in 0..SWEEPS {
            let off: f64 =
                (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|at| work[at] * work[at]).sum();
            if off <= 1e-32 * size {
                settled = true;
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    rotate(&mut work, &mut vectors, p, q);
                }
            }
        }
        if !settled {
            return Err(LinearError::NoConvergence { sweeps: SWEEPS });
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| work[(j, j)].total_cmp(&work[(i, i)]));
        let mut sorted = Matrix::zeros(n, n);
        for (target, &source) in order.iter().enumerate() {
            let column = vectors.column(source);
            let lead = column.iter().fold(0.0_f64, |best, v| if v.abs() > best.abs() { *v } else { best });
            let sign = if lead < 0.0 { -1.0 } else { 1.0 };
            for (to, from) in sorted.column_mut(target).iter_mut().zip(column) {
                *to = sign * from;
            }
        }
        Ok(Self { values: order.iter().map(|&i| work[(i, i)]).collect(), vectors: sorted })
    }
}

/// Zeroes entry (p, q) by a plane rotation and carries it into the eigenvectors.
fn rotate(work: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize) {
    let apq = work[(p, q)];
    if apq == 0.0 {
        return;
    }
    let theta = (work[(q, q)] - work[(p, p)]) / (2.0 * apq);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let t = if theta == 0.0 { 1.0 } else { t };
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    let n = work.rows();
    for k in 0..n {
        let (left, right) = (work[(k, p)], work[(k, q)]);
        work[(k, p)] = c * left - s * right;
        work[(k, q)] = s * left + c * right;
    }
    for k in 0..n {
        let (left, right) = (work[(p, k)], work[(q, k)]);
        work[(p, k)] = c * left - s * right;
        work[(q, k)] = s * left + c * right;
    }
    // Zero but for rounding, which would keep the sweeps from ever settling.
    work[(p, q)] = 0.0;
    work[(q, p)] = 0.0;
    for k in 0..n {
        let (left, right) = (vectors[(k, p)], vectors[(k, q)]);
        vectors[(k, p)] = c * left - s * right;
        vectors[(k, q)] = s * left + c * right;
    }
}
