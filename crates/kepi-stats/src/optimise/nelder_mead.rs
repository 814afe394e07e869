//! The downhill simplex, for a handful of parameters and no derivative.
#![expect(
    clippy::indexing_slicing,
    reason = "the simplex has one vertex more than there are parameters, at least two"
)]

use super::{Minimum, OptimiseError, Stopping};

/// Minimises `f` from `start` with initial steps `step` (one per parameter).
///
/// Nelder and Mead (1965) with the usual coefficients 1, 2, ½, ½; ties keep the
/// older vertex, so the path is fixed. The search restarts once from its own
/// result, which frees a collapsed simplex. Non-finite values count as infinitely bad.
/// The arguments are good to about the square root of the precision of `f`.
///
/// # Errors
/// `Shape`, `NotFinite` at the start, `NoConvergence`.
pub fn nelder_mead(
    mut f: impl FnMut(&[f64]) -> f64,
    start: &[f64],
    step: &[f64],
    stopping: Stopping,
) -> Result<Minimum, OptimiseError> {
    if start.len() != step.len() || start.is_empty() {
        return Err(OptimiseError::Shape { left: start.len(), right: step.len() });
    }
    let mut guarded = |x: &[f64]| {
        let value = f(x);
        if value.is_finite() { value } else { f64::INFINITY }
    };
    if guarded(start).is_infinite() {
        return Err(OptimiseError::NotFinite);
    }
    let first = descend(&mut guarded, start, step, stopping)?;
    let smaller: Vec<f64> = step.iter().map(|s| s * 0.1).collect();
    let second = descend(&mut guarded, &first.at, &smaller, stopping)?;
    Ok(Minimum { iterations: first.iterations + second.iterations, ..second })
}

fn descend(
    f: &mut impl FnMut(&[f64]) -> f64,
    start: &[f64],
    step: &[f64],
    stopping: Stopping,
) -> Result<Minimum, OptimiseError> {
    let n = start.len();
    let mut simplex: Vec<(f64, Vec<f64>)> = Vec::with_capacity(n + 1);
    simplex.push((f(start), start.to_vec()));
    for i in 0..n {
        let mut vertex = start.to_vec();
        vertex[i] += step[i];
        simplex.push((f(&vertex), vertex));
    }
    for iteration in 0..stopping.iterations {
        simplex.sort_by(|a, b| a.0.total_cmp(&b.0));
        let spread = (0..n).map(|i| {
            let best = simplex[0].1[i];
            simplex.iter().map(|v| (v.1[i] - best).abs()).fold(0.0_f64, f64::max) / (1.0 + best.abs())
        });
        let flat = (simplex[n].0 - simplex[0].0).abs() <= 1e-15 * (1.0 + simplex[0].0.abs());
        let spread = spread.fold(0.0_f64, f64::max);
        if spread <= stopping.tolerance || (flat && spread <= 1e-6) {
            let (value, at) = simplex.swap_remove(0);
            return Ok(Minimum { at, value, iterations: iteration });
        }
        let centre: Vec<f64> =
            (0..n).map(|i| simplex[..n].iter().map(|v| v.1[i]).sum::<f64>() / n as f64).collect();
        let along = |factor: f64, worst: &[f64]| -> Vec<f64> {
            centre.iter().zip(worst).map(|(c, w)| c + factor * (c - w)).collect()
        };
        let worst = simplex[n].clone();
        let reflected = along(1.0, &worst.1);
        let value = f(&reflected);
        if value < simplex[0].0 {
            let expanded = along(2.0, &worst.1);
            let further = f(&expanded);
            simplex[n] = if further < value { (further, expanded) } else { (value, reflected) };
            continue;
        }
        if value < simplex[n - 1].0 {
            simplex[n] = (value, reflected);
            continue;
        }
        let contracted = along(if value < worst.0 { 0.5 } else { -0.5 }, &worst.1);
        let inside = f(&contracted);
        if inside < value.min(worst.0) {
            simplex[n] = (inside, contracted);
            continue;
        }
        let best = simplex[0].1.clone();
        for vertex in simplex.iter_mut().skip(1) {
            for (x, b) in vertex.1.iter_mut().zip(&best) {
                *x = b + 0.5 * (*x - b);
            }
            vertex.0 = f(&vertex.1);
        }
    }
    Err(OptimiseError::NoConvergence { iterations: stopping.iterations })
}
