//! Nash's variant of the downhill simplex, for results that have to agree with software built on it.
#![expect(
    clippy::indexing_slicing,
    reason = "the simplex has one vertex more than there are parameters, and vertices their value last"
)]

use std::cell::Cell;

use super::{Minimum, OptimiseError};

/// Where the search of [`nash_simplex`] ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NashStopping {
    /// Spread of the simplex's values, relative to the value at the start, that is held to be none.
    pub tolerance: f64,
    /// Evaluations after which the best vertex so far is the answer.
    pub evaluations: usize,
}

/// Minimises `f` from `start` as R's `optim` does by default.
///
/// Nash, *Compact Numerical Methods for Computers*, 2nd ed., 1990, algorithm 19. It differs from
/// [`super::nelder_mead`] in its first steps (one length for all parameters, a tenth of the largest), in contracting
/// also after a reflection that helped a little, and in stopping by the spread of values alone, so that it can end
/// far from a minimum. Use it to repeat what other software found, not to find a minimum. Non-finite values count as
/// 10³⁵. Running out of evaluations is no error: the answer is the best vertex, as in the original.
///
/// # Errors
/// `Shape` without parameters, `NotFinite` at the start.
pub fn nash_simplex(
    mut f: impl FnMut(&[f64]) -> f64,
    start: &[f64],
    stopping: NashStopping,
) -> Result<Minimum, OptimiseError> {
    let n = start.len();
    if n == 0 {
        return Err(OptimiseError::Shape { left: 1, right: 0 });
    }
    let used = Cell::new(0);
    let mut value_at = |at: &[f64]| {
        used.set(used.get() + 1);
        let value = f(at);
        if value.is_finite() { value } else { 1e35 }
    };
    let first = value_at(start);
    if first >= 1e35 {
        return Err(OptimiseError::NotFinite);
    }
    let spread = stopping.tolerance * (first.abs() + stopping.tolerance);
    let largest = start.iter().fold(0.0_f64, |most, x| most.max(0.1 * x.abs()));
    let step = if largest == 0.0 { 0.1 } else { largest };
    let mut simplex = vec![(start.to_vec(), first)];
    for j in 0..n {
        let mut vertex = start.to_vec();
        let mut length = step;
        while vertex[j] == start[j] {
            vertex[j] = start[j] + length;
            length *= 10.0;
        }
        simplex.push((vertex, f64::NAN));
    }
    let mut size = step * n as f64;
    let (mut low, mut measured) = (0, false);
    let mut iterations = 0;
    loop {
        iterations += 1;
        if !measured {
            for j in (0..=n).filter(|j| *j != low) {
                simplex[j].1 = value_at(&simplex[j].0);
            }
            measured = true;
        }
        let mut high = low;
        for j in 0..=n {
            if simplex[j].1 < simplex[low].1 {
                low = j;
            }
            if simplex[j].1 > simplex[high].1 {
                high = j;
            }
        }
        if simplex[high].1 <= simplex[low].1 + spread {
            break;
        }
        let centre: Vec<f64> = (0..n)
            .map(|i| simplex.iter().fold(-simplex[high].0[i], |sum, vertex| sum + vertex.0[i]) / n as f64)
            .collect();
        let reflected: Vec<f64> = centre.iter().zip(&simplex[high].0).map(|(c, h)| 2.0 * c - h).collect();
        let value = value_at(&reflected);
        if value < simplex[low].1 {
            let expanded: Vec<f64> = reflected.iter().zip(&centre).map(|(r, c)| 2.0 * r - c).collect();
            let further = value_at(&expanded);
            simplex[high] = if further < value { (expanded, further) } else { (reflected, value) };
        } else {
            let worst = simplex[high].1;
            if value < worst {
                simplex[high] = (reflected, value);
            }
            let contracted: Vec<f64> =
                simplex[high].0.iter().zip(&centre).map(|(h, c)| 0.5 * h + 0.5 * c).collect();
            let inside = value_at(&contracted);
            if inside < simplex[high].1 {
                simplex[high] = (contracted, inside);
            } else if value >= worst {
                let best = simplex[low].0.clone();
                let mut shrunk = 0.0;
                for vertex in simplex.iter_mut().filter(|vertex| vertex.0 != best) {
                    for (x, b) in vertex.0.iter_mut().zip(&best) {
                        *x = 0.5 * (*x - b) + b;
                        shrunk += (*x - b).abs();
                    }
                }
                if shrunk >= size {
                    break;
                }
                size = shrunk;
                measured = false;
            }
        }
        if used.get() > stopping.evaluations {
            break;
        }
    }
    let (at, value) = simplex.swap_remove(low);
    Ok(Minimum { at, value, iterations })
}
