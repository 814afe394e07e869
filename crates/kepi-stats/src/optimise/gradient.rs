//! Minimisers that use the gradient: BFGS to come close, Newton to finish.
#![expect(clippy::indexing_slicing, reason = "vectors and matrices all have the order of the start")]

use super::{Minimum, OptimiseError, Stopping};
use crate::linear::{Cholesky, Matrix, dot};

/// Minimises a function given with its gradient.
///
/// BFGS (Nocedal and Wright, *Numerical Optimization*, 2nd ed., 2006, algorithm 6.1) with
/// backtracking to the Armijo condition; the inverse Hessian is reset when a
/// direction does not descend, and an update without positive curvature is skipped.
/// Where values differ by rounding alone, a step counts when it halves the gradient
/// (Hager and Zhang 2005 call it the approximate condition).
/// Stops when the gradient is below `tolerance × (1 + |value|)` or no step improves
/// the value any more; O(n²) per iteration besides the function.
///
/// # Errors
/// `NotFinite` at the start, `NoConvergence`.
pub fn bfgs(
    mut f: impl FnMut(&[f64]) -> (f64, Vec<f64>),
    start: &[f64],
    stopping: Stopping,
) -> Result<Minimum, OptimiseError> {
    let n = start.len();
    let mut at = start.to_vec();
    let (mut value, mut gradient) = f(&at);
    if !value.is_finite() || gradient.iter().any(|g| !g.is_finite()) {
        return Err(OptimiseError::NotFinite);
    }
    let mut inverse = Matrix::identity(n);
    let mut fresh = true;
    for iteration in 0..stopping.iterations {
        let steepest = largest(&gradient);
        let rounding = 1e-13 * (1.0 + value.abs());
        if steepest <= stopping.tolerance * (1.0 + value.abs()) {
            return Ok(Minimum { at, value, iterations: iteration });
        }
        let mut direction: Vec<f64> = (0..n).map(|i| -dot(inverse.column(i), &gradient)).collect();
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            inverse = Matrix::identity(n);
            fresh = true;
            direction = gradient.iter().map(|g| -g).collect();
            slope = -dot(&gradient, &gradient);
        }
        // Without curvature yet, the first step is held to length one.
        let mut length = if fresh { 1.0 / steepest.max(1.0) } else { 1.0 };
        let mut taken = None;
        for _ in 0..60 {
            let candidate: Vec<f64> = at.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let (v, g) = f(&candidate);
            let finite = v.is_finite() && g.iter().all(|x| x.is_finite());
            let lower = v <= value + 1e-4 * length * slope && value - v > f64::EPSILON * value.abs();
            if finite && (lower || (v - value).abs() <= rounding && largest(&g) < 0.5 * steepest) {
                taken = Some((candidate, v, g));
                break;
            }
            length *= 0.5;
            if length * -slope < 1e-3 * rounding {
                break;
            }
        }
        let Some((next, next_value, next_gradient)) = taken else {
            if fresh {
                return Ok(Minimum { at, value, iterations: iteration });
            }
            inverse = Matrix::identity(n);
            fresh = true;
            continue;
        };
        let step: Vec<f64> = next.iter().zip(&at).map(|(a, b)| a - b).collect();
        let change: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&step, &change);
        if curvature > 1e-12 * dot(&step, &step).sqrt() * dot(&change, &change).sqrt() {
            if fresh {
                inverse = Matrix::identity(n).scaled(curvature / dot(&change, &change));
            }
            update(&mut inverse, &step, &change, curvature);
            fresh = false;
        }
        at = next;
        value = next_value;
        gradient = next_gradient;
    }
    Err(OptimiseError::NoConvergence { iterations: stopping.iterations })
}

fn largest(gradient: &[f64]) -> f64 {
    gradient.iter().fold(0.0, |m, g| m.max(g.abs()))
}

/// H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ.
fn update(inverse: &mut Matrix, step: &[f64], change: &[f64], curvature: f64) {
    let n = step.len();
    let rho = 1.0 / curvature;
    let along: Vec<f64> = (0..n).map(|i| dot(inverse.column(i), change)).collect();
    let total = rho * rho * dot(&along, change) + rho;
    for j in 0..n {
        for i in 0..n {
            inverse[(i, j)] += total * step[i] * step[j] - rho * (along[i] * step[j] + step[i] * along[j]);
        }
    }
}

/// The gradient of `f` by central differences with steps of about 6e-6 relative; good to about 1e-10 relative.
pub fn central_gradient(mut f: impl FnMut(&[f64]) -> f64, at: &[f64]) -> Vec<f64> {
    let mut moved = at.to_vec();
    (0..at.len())
        .map(|i| {
            let h = 6e-6 * (1.0 + at[i].abs());
            moved[i] = at[i] + h;
            let up = f(&moved);
            moved[i] = at[i] - h;
            let down = f(&moved);
            moved[i] = at[i];
            (up - down) / (2.0 * h)
        })
        .collect()
}

/// The Hessian by central differences of the gradient, made symmetric; 2n gradients.
pub fn hessian_from_gradient(mut gradient: impl FnMut(&[f64]) -> Vec<f64>, at: &[f64]) -> Matrix {
    let n = at.len();
    let mut hessian = Matrix::zeros(n, n);
    let mut moved = at.to_vec();
    for j in 0..n {
        let h = 6e-6 * (1.0 + at[j].abs());
        moved[j] = at[j] + h;
        let up = gradient(&moved);
        moved[j] = at[j] - h;
        let down = gradient(&moved);
        moved[j] = at[j];
        for i in 0..n {
            hessian[(i, j)] = (up[i] - down[i]) / (2.0 * h);
        }
    }
    for j in 0..n {
        for i in 0..j {
            let mean = 0.5 * (hessian[(i, j)] + hessian[(j, i)]);
            hessian[(i, j)] = mean;
            hessian[(j, i)] = mean;
        }
    }
    hessian
}

/// Finishes a minimum with Newton steps on the gradient while its length shrinks
/// (at most 20), and returns it with the Hessian there.
///
/// Where the Hessian is not positive definite the point is returned as it came.
pub fn newton_polish(mut gradient: impl FnMut(&[f64]) -> Vec<f64>, at: &[f64]) -> (Vec<f64>, Matrix) {
    let mut best = at.to_vec();
    let mut slope = gradient(&best);
    let mut hessian = hessian_from_gradient(&mut gradient, &best);
    for _ in 0..20 {
        let Ok(step) = Cholesky::new(&hessian).and_then(|c| c.solve(&slope)) else { break };
        let next: Vec<f64> = best.iter().zip(&step).map(|(x, s)| x - s).collect();
        let next_slope = gradient(&next);
        let length = dot(&next_slope, &next_slope);
        if length.is_nan() || length >= dot(&slope, &slope) {
            break;
        }
        best = next;
        slope = next_slope;
        hessian = hessian_from_gradient(&mut gradient, &best);
    }
    (best, hessian)
}
