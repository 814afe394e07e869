//! Two groups, before and after: the classic difference in differences.

use crate::distribution::student;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::Matrix;
use crate::regression::covariance::clustered;
use crate::regression::least_squares::{LeastSquares, TotalSquares};

/// One observation of a unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// The unit, by any number; errors are clustered by it.
    pub unit: usize,
    /// Whether the unit belongs to the treated group.
    pub treated: bool,
    /// Whether the observation comes after treatment began.
    pub after: bool,
    /// The outcome.
    pub outcome: f64,
}

/// A difference in differences.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferenceInDifferences {
    /// The effect on the treated, with Student's interval on units − 1 degrees of freedom.
    pub effect: Estimate,
    /// Standard error clustered by unit (CR1).
    pub standard_error: f64,
    /// Standard error that pretends observations are independent; for comparison only.
    pub naive_error: f64,
    /// Two-sided p-value.
    pub p: f64,
}

/// `(ȳ_treated,after − ȳ_treated,before) − (ȳ_control,after − ȳ_control,before)` with clustered error.
///
/// Equal to the interaction in a least-squares fit on group, period and both. Assumes that without treatment both
/// groups would have moved alike: look at earlier periods. For rollouts in phases use [`super::staggered`].
/// Errors: `Singular` when one of the four cells is empty. Source: Bertrand, Duflo and Mullainathan 2004.
pub fn two_by_two(
    observations: &[Observation],
    level: Level,
) -> Result<DifferenceInDifferences, NotComputable> {
    NotComputable::unless_enough(observations.len(), 5)?;
    let number = |flag: bool| f64::from(u8::from(flag));
    let column = |value: fn(&Observation) -> bool| -> Vec<f64> {
        observations.iter().map(|observation| number(value(observation))).collect()
    };
    let treated = column(|o| o.treated);
    let after = column(|o| o.after);
    let both = column(|o| o.treated && o.after);
    let outcome: Vec<f64> = observations.iter().map(|observation| observation.outcome).collect();
    let units: Vec<usize> = observations.iter().map(|observation| observation.unit).collect();
    let fit =
        LeastSquares::fit(&outcome, Matrix::with_intercept(&[treated, after, both])?, TotalSquares::Centred)?;
    let covariance = clustered(&fit, &units)?;
    let diagonal = |matrix: &Matrix| matrix.diagonal().last().copied().unwrap_or(f64::NAN).sqrt();
    let (standard_error, naive_error) = (diagonal(&covariance), diagonal(&fit.classical_covariance()));
    let mut distinct = units;
    distinct.sort_unstable();
    distinct.dedup();
    let degrees = distinct.len() as f64 - 1.0;
    let point = fit.coefficients.last().copied().unwrap_or(f64::NAN);
    let effect = Estimate {
        point,
        interval: Ok(Interval::around(point, student::critical(level, degrees) * standard_error, level)),
        n: observations.len() as u64,
        effective_n: distinct.len() as f64,
        method: Method::DifferenceInDifferences,
    };
    let p = student::two_sided(point / standard_error, degrees);
    Ok(DifferenceInDifferences { effect, standard_error, naive_error, p })
}
