//! How long CUSUM and EWMA charts run until they signal: what their limits cost and what they find.

use crate::distribution::normal;
use crate::estimate::NotComputable;
use crate::linear::{Matrix, Qr, dot};
use crate::optimise::{Stopping, root};

/// Which shifts a CUSUM looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sides {
    /// Up and down. The default.
    #[default]
    Both,
    /// Up only; for down, turn the sign of the shift.
    Upper,
}

/// Average number of points until [`super::chart::cusum`] signals, starting from zero.
///
/// `allowance`, `decision` and `shift` are in standard deviations of independent normal points; shift 0 gives the
/// time to a false alarm. Solves `L(z) = 1 + L(0)Φ(k − z − δ) + ∫₀ʰ L(y) φ(y + k − z − δ) dy` (Page 1954) at the nodes
/// of Gauss and Legendre, to about ten digits; the sides combine as `1/L = 1/L⁺ + 1/L⁻` (Kemp 1961). The Markov chain
/// of Brook and Evans 1972 is the same equation at equal steps, and slower to converge. O(nodes³), 30 + 4h nodes.
///
/// # Errors
/// `Invalid` for an allowance below 0 or a decision not positive, `OutOfRange` for h beyond 100 or lengths beyond 10¹².
pub fn cusum_run_length(
    allowance: f64,
    decision: f64,
    shift: f64,
    sides: Sides,
) -> Result<f64, NotComputable> {
    if !(allowance >= 0.0 && allowance.is_finite() && decision > 0.0 && shift.is_finite()) {
        return Err(NotComputable::invalid("a CUSUM needs an allowance of at least 0 and a positive limit"));
    }
    let upward = |shift: f64| {
        let drift = allowance - shift;
        let kernel = |z: f64, y: f64| normal::density(y + drift - z);
        expected_steps(0.0, decision, decision, kernel, Some(&|z| normal::below(drift - z)))
    };
    finite(match sides {
        Sides::Upper => upward(shift)?,
        Sides::Both => 1.0 / (1.0 / upward(shift)? + 1.0 / upward(-shift)?),
    })
}

/// Average number of points until [`super::chart::ewma`] with asymptotic limits signals, starting at its target.
///
/// `width` and `shift` are in standard deviations of independent normal points. Solves `L(z) = 1 + ∫ L(y) φ((y −
/// (1 − λ)z)/λ − δ)/λ dy` between the limits (Crowder 1987) as [`cusum_run_length`] does.
///
/// # Errors
/// `Invalid` for λ outside (0, 1] or a width not positive, `OutOfRange` where λ is so small that 430 nodes do not do
/// (0.005 at width 3) or lengths beyond 10¹².
pub fn ewma_run_length(lambda: f64, width: f64, shift: f64) -> Result<f64, NotComputable> {
    if !(lambda > 0.0 && lambda <= 1.0 && width > 0.0 && shift.is_finite()) {
        return Err(NotComputable::invalid("an EWMA needs lambda in (0, 1] and a positive width"));
    }
    let limit = width * (lambda / (2.0 - lambda)).sqrt();
    let kernel = |z: f64, y: f64| normal::density((y - (1.0 - lambda) * z) / lambda - shift) / lambda;
    finite(expected_steps(-limit, limit, 2.0 * limit / lambda, kernel, None)?)
}

/// The decision limit h at which a CUSUM runs so many points to a false alarm; inverse of [`cusum_run_length`].
///
/// # Errors
/// As [`cusum_run_length`]; `Invalid` for a run length no limit between 0.01 and 30 gives.
pub fn cusum_decision(allowance: f64, run_length: f64, sides: Sides) -> Result<f64, NotComputable> {
    limit_for(run_length, 30.0, |decision| cusum_run_length(allowance, decision, 0.0, sides))
}

/// The width at which an EWMA runs so many points to a false alarm; inverse of [`ewma_run_length`].
///
/// # Errors
/// As [`ewma_run_length`]; `Invalid` for a run length no width between 0.01 and 6 gives.
pub fn ewma_width(lambda: f64, run_length: f64) -> Result<f64, NotComputable> {
    limit_for(run_length, 6.0, |width| ewma_run_length(lambda, width, 0.0))
}

fn limit_for(
    wanted: f64,
    most: f64,
    length: impl Fn(f64) -> Result<f64, NotComputable>,
) -> Result<f64, NotComputable> {
    length(1.0)?;
    // Lengths grow like exponentials; one that cannot be computed is longer than any that is wanted.
    let distance = |limit: f64| libm::log(length(limit).unwrap_or(1e12)) - libm::log(wanted);
    let stopping = Stopping { tolerance: 1e-10, iterations: 200 };
    root(distance, 0.01, most, stopping)
        .map_err(|_| NotComputable::invalid(format!("no limit runs `{wanted}` points to a false alarm")))
}

/// Expected steps of a walk on `[low, high]` from 0 until it leaves, infinite when it hardly ever does; `at_zero` is the chance to be put to zero.
fn expected_steps(
    low: f64,
    high: f64,
    spreads: f64,
    kernel: impl Fn(f64, f64) -> f64,
    at_zero: Option<&dyn Fn(f64) -> f64>,
) -> Result<f64, NotComputable> {
    if spreads > 100.0 {
        return Err(NotComputable::OutOfRange { bound: "430 nodes".to_owned() });
    }
    let count = 30 + (4.0 * spreads) as usize;
    let (half, middle) = (0.5 * (high - low), 0.5 * (high + low));
    let nodes: Vec<(f64, f64)> =
        legendre(count).into_iter().map(|(x, w)| (middle + half * x, half * w)).collect();
    // Unknown are the lengths at the nodes and, last, at the point of return.
    let chances = |z: f64| -> Vec<f64> {
        let mut row: Vec<f64> = nodes.iter().map(|(y, weight)| weight * kernel(z, *y)).collect();
        row.extend(at_zero.map(|chance| chance(z)));
        row
    };
    let points = nodes.iter().map(|(z, _)| *z).chain(at_zero.map(|_| 0.0));
    let rows: Vec<Vec<f64>> = points
        .enumerate()
        .map(|(i, z)| {
            let mut row: Vec<f64> = chances(z).iter().map(|chance| -chance).collect();
            if let Some(own) = row.get_mut(i) {
                *own += 1.0;
            }
            row
        })
        .collect();
    // Beyond 10¹² the equations cannot be told from singular ones.
    let lengths = Qr::new(&Matrix::from_rows(&rows)?).and_then(|qr| qr.solve(&vec![1.0; rows.len()]));
    let length = lengths.map_or(f64::INFINITY, |lengths| 1.0 + dot(&chances(0.0), &lengths));
    Ok(if (1.0..1e12).contains(&length) { length } else { f64::INFINITY })
}

fn finite(length: f64) -> Result<f64, NotComputable> {
    if length.is_finite() {
        Ok(length)
    } else {
        Err(NotComputable::OutOfRange { bound: "1000000000000 points".to_owned() })
    }
}

/// Nodes and weights of Gauss and Legendre on [−1, 1], by Newton's method from Tricomi's approximation.
fn legendre(count: usize) -> Vec<(f64, f64)> {
    let n = count as f64;
    (0..count)
        .map(|i| {
            let mut x = -libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5));
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut before, mut value) = (0.0, 1.0);
                for k in 0..count {
                    let k = k as f64;
                    (before, value) = (value, ((2.0 * k + 1.0) * x * value - k * before) / (k + 1.0));
                }
                slope = n * (x * value - before) / (x * x - 1.0);
                let step = value / slope;
                x -= step;
                if step.abs() <= 1e-15 {
                    break;
                }
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_for_polynomials() {
        let nodes = legendre(12);
        for power in [0, 2, 10, 22] {
            let sum: f64 = nodes.iter().map(|(x, w)| w * x.powi(power)).sum();
            assert!((sum - 2.0 / f64::from(power + 1)).abs() < 1e-14, "{power}: {sum}");
        }
    }
}
