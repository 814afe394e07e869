//! Newton's method for functions whose second derivatives are cheap beside a pass over the data.

use super::{Minimum, OptimiseError, Stopping};
use crate::linear::{Cholesky, Matrix, dot};

/// A function at a point.
#[derive(Debug, Clone)]
pub struct Local {
    /// Value.
    pub value: f64,
    /// First derivatives.
    pub gradient: Vec<f64>,
    /// Second derivatives, symmetric.
    pub hessian: Matrix,
}

/// Minimises a function given with gradient and Hessian, and returns the minimum with the Hessian there.
///
/// Levenberg's damping (Nocedal and Wright, *Numerical Optimization*, 2nd ed., 2006, section 3.4): a multiple of the
/// identity is added until the Hessian is positive definite and the value does not rise. A few passes, quadratic near
/// the end. Stops when an undamped step promises to lower the value by at most `tolerance × (1 + |value|)`; that step is
/// still made.
///
/// # Errors
/// `NotFinite` at the start, `NoConvergence`.
pub fn newton(
    mut f: impl FnMut(&[f64]) -> Local,
    start: &[f64],
    stopping: Stopping,
) -> Result<(Minimum, Matrix), OptimiseError> {
    let mut at = start.to_vec();
    let mut here = f(&at);
    if !here.value.is_finite() || here.gradient.iter().any(|g| !g.is_finite()) {
        return Err(OptimiseError::NotFinite);
    }
    let mut damping = 0.0;
    for iteration in 0..stopping.iterations {
        let size = here.hessian.diagonal().iter().fold(f64::MIN_POSITIVE, |m, d| m.max(d.abs()));
        let damped = here
            .hessian
            .plus_scaled(damping * size, &Matrix::identity(at.len()))
            .and_then(|h| Cholesky::new(&h))
            .and_then(|c| c.solve(&here.gradient));
        if let Ok(step) = damped {
            let next: Vec<f64> = at.iter().zip(&step).map(|(x, s)| x - s).collect();
            let promise = 0.5 * dot(&step, &here.gradient);
            let scale = 1.0 + here.value.abs();
            if damping == 0.0 && promise <= stopping.tolerance * scale {
                let minimum = Minimum { at: next, value: here.value - promise, iterations: iteration };
                return Ok((minimum, here.hessian));
            }
            let there = f(&next);
            if there.value <= here.value + 1e-13 * scale && there.gradient.iter().all(|g| g.is_finite()) {
                (at, here) = (next, there);
                damping = if damping > 1e-4 { 0.1 * damping } else { 0.0 };
                continue;
            }
        }
        damping = f64::max(1e-3, 10.0 * damping);
    }
    Err(OptimiseError::NoConvergence { iterations: stopping.iterations })
}
