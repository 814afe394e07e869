//! Excess mass at a target: how many cases sit there that a smooth distribution would put elsewhere.

use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::Matrix;
use crate::regression::least_squares::{LeastSquares, TotalSquares};

/// What the smooth distribution is fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct BunchingOptions {
    /// Bins of the window around the target, left out of the smooth fit: first and last, inclusive.
    pub window: (usize, usize),
    /// Degree of the polynomial. Customary: 5 to 7.
    pub degree: usize,
}

/// Bunching of counts in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Bunching {
    /// Cases in the window beyond the smooth distribution, with a Student interval.
    pub excess: Estimate,
    /// The same in units of the mean smooth bin of the window.
    pub normalised: f64,
    /// Smooth counts of all bins.
    pub smooth: Vec<f64>,
}

/// Fits a polynomial to bin counts outside a window and counts the excess inside. O(bins · (degree + window)²).
///
/// One dummy per bin of the window takes its count out of the fit; the excess is the sum of the dummies, its
/// variance theirs. Missing mass beyond the window is not put back. Source: Chetty et al. (2011).
///
/// # Errors
/// `Invalid` for a window outside the bins; `TooFew` unless more bins than coefficients lie outside; `Singular`.
pub fn bunching(counts: &[u64], options: &BunchingOptions, level: Level) -> Result<Bunching, NotComputable> {
    let (first, last) = options.window;
    if first > last || last >= counts.len() {
        return Err(NotComputable::invalid("the window lies outside the bins"));
    }
    let bins = counts.len();
    let dummies = last - first + 1;
    NotComputable::unless_enough(bins - dummies, options.degree + 3)?;
    // Bins on [−1, 1] and Chebyshev polynomials keep a high degree well conditioned.
    let at: Vec<f64> = (0..bins).map(|i| 2.0 * i as f64 / (bins - 1) as f64 - 1.0).collect();
    let mut columns: Vec<Vec<f64>> = vec![vec![1.0; bins]];
    for degree in 1..=options.degree {
        let column = at.iter().map(|x| libm::cos(degree as f64 * libm::acos(*x))).collect();
        columns.push(column);
    }
    let terms = columns.len();
    for bin in first..=last {
        columns.push((0..bins).map(|i| f64::from(u8::from(i == bin))).collect());
    }
    let y: Vec<f64> = counts.iter().map(|c| *c as f64).collect();
    let fit = LeastSquares::fit(&y, Matrix::from_columns(&columns)?, TotalSquares::Centred)?;
    let covariance = fit.classical_covariance();
    let point: f64 = fit.coefficients.iter().skip(terms).sum();
    let mut variance = 0.0;
    for i in terms..terms + dummies {
        for j in terms..terms + dummies {
            variance += covariance[(i, j)];
        }
    }
    let smooth: Vec<f64> = (0..bins)
        .map(|i| {
            columns
                .iter()
                .take(terms)
                .zip(&fit.coefficients)
                .map(|(c, b)| c.get(i).copied().unwrap_or(0.0) * b)
                .sum()
        })
        .collect();
    let mean = smooth.iter().skip(first).take(dummies).sum::<f64>() / dummies as f64;
    if mean <= 0.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let critical = crate::distribution::student::critical(level, fit.degrees_of_freedom);
    let n = counts.iter().sum();
    Ok(Bunching {
        excess: Estimate {
            point,
            interval: Ok(Interval::around(point, critical * variance.max(0.0).sqrt(), level)),
            n,
            effective_n: n as f64,
            method: Method::LeastSquares,
        },
        normalised: point / mean,
        smooth,
    })
}
