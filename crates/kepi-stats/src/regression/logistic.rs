//! Logistic regression by Newton steps, with separation detected.

use crate::distribution::normal;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::{Cholesky, Matrix, dot};

/// A fitted logistic regression `P(y = 1) = 1 ⁄ (1 + exp(−x · b))`.
#[derive(Debug, Clone)]
pub struct LogisticFit {
    /// Coefficients: change of the log odds per unit of the column.
    pub coefficients: Vec<f64>,
    /// Inverse of the information matrix.
    pub covariance: Matrix,
    /// Fitted probability of each row.
    pub probabilities: Vec<f64>,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Log-likelihood of a constant probability.
    pub null_log_likelihood: f64,
    /// Newton steps made.
    pub iterations: usize,
}

impl LogisticFit {
    /// Standard errors.
    #[must_use]
    pub fn standard_errors(&self) -> Vec<f64> {
        self.covariance.diagonal().iter().map(|v| v.sqrt()).collect()
    }

    /// Coefficients with Wald intervals, in log odds.
    #[must_use]
    pub fn estimates(&self, level: Level) -> Vec<Estimate> {
        let n = self.probabilities.len() as u64;
        self.coefficients
            .iter()
            .zip(self.standard_errors())
            .map(|(&point, se)| Estimate {
                point,
                interval: Ok(Interval::around(point, level.z() * se, level)),
                n,
                effective_n: n as f64,
                method: Method::MaximumLikelihood,
            })
            .collect()
    }

    /// Two-sided Wald p-values.
    #[must_use]
    pub fn p_values(&self) -> Vec<f64> {
        self.coefficients
            .iter()
            .zip(self.standard_errors())
            .map(|(b, se)| normal::two_sided(b / se))
            .collect()
    }

    /// McFadden's share of the null log-likelihood explained.
    #[must_use]
    pub fn pseudo_r_squared(&self) -> f64 {
        1.0 - self.log_likelihood / self.null_log_likelihood
    }

    /// Probabilities for new rows of the same columns.
    ///
    /// # Errors
    /// `Invalid` for another number of columns.
    pub fn predict(&self, design: &Matrix) -> Result<Vec<f64>, NotComputable> {
        Ok(design.multiply_vector(&self.coefficients)?.into_iter().map(logistic).collect())
    }
}

/// Fits by Newton's method (iteratively reweighted least squares), O(n k²) per step, with halved steps
/// when the likelihood falls.
///
/// Separation is proved, not guessed: a direction along which no row is classified
/// worse and some row better means that the likelihood grows for ever. It is looked for in the coefficients (complete
/// separation) and in a Newton step that will not shrink (quasi-complete; the step then points along
/// it). Sources: McCullagh and Nelder (1989), section 4.4; Albert and Anderson (1984).
///
/// `design` includes its intercept column. `names` has one name per column, for the error.
///
/// # Errors
/// `Separation` naming the column that weighs most in the separating direction; `NoVariation` when all outcomes agree;
/// `Singular`, `TooFew`, `NotFinite`, `NoConvergence` (100 steps).
pub fn logistic_regression(
    outcome: &[bool],
    design: &Matrix,
    names: &[&str],
) -> Result<LogisticFit, NotComputable> {
    let (n, k) = (design.rows(), design.columns());
    NotComputable::unless_same_length("outcome and design", outcome.len(), n)?;
    NotComputable::unless_same_length("names and columns", names.len(), k)?;
    NotComputable::unless_enough(n, k + 1)?;
    let ones = outcome.iter().filter(|y| **y).count();
    if ones == 0 || ones == n {
        return Err(NotComputable::NoVariation);
    }
    let share = ones as f64 / n as f64;
    let null_log_likelihood = n as f64 * (share * libm::log(share) + (1.0 - share) * libm::log1p(-share));
    let mut coefficients = vec![0.0; k];
    let mut linear = vec![0.0; n];
    let mut likelihood = log_likelihood(outcome, &linear);
    for iteration in 1..=100 {
        let probabilities: Vec<f64> = linear.iter().map(|eta| logistic(*eta)).collect();
        let weights: Vec<f64> = probabilities.iter().map(|p| p * (1.0 - p)).collect();
        let slack: Vec<f64> =
            outcome.iter().zip(&probabilities).map(|(y, p)| f64::from(u8::from(*y)) - p).collect();
        let score = design.transpose_multiply_vector(&slack)?;
        let information = Cholesky::new(&design.gram(Some(&weights))?);
        if iteration > 1 && separates(outcome, &linear, 0.0) {
            return Err(separation(design, &coefficients, names));
        }
        let information = match information {
            Ok(factor) => factor,
            Err(_) if separates(outcome, &linear, 1e-6) => {
                return Err(separation(design, &coefficients, names));
            }
            Err(error) => return Err(error.into()),
        };
        let step = information.solve(&score)?;
        let along = design.multiply_vector(&step)?;
        if iteration > 6 && along.iter().any(|a| a.abs() > 0.2) && separates(outcome, &along, 1e-6) {
            return Err(separation(design, &step, names));
        }
        // The decrement bounds how much the likelihood can still grow.
        let decrement = dot(&step, &score);
        let mut length = 1.0;
        let mut next = likelihood;
        let mut moved = linear.clone();
        for _ in 0..30 {
            for (target, (eta, a)) in moved.iter_mut().zip(linear.iter().zip(&along)) {
                *target = eta + length * a;
            }
            next = log_likelihood(outcome, &moved);
            if next >= likelihood - 1e-12 * likelihood.abs() {
                break;
            }
            length *= 0.5;
        }
        for (b, s) in coefficients.iter_mut().zip(&step) {
            *b += length * s;
        }
        linear = moved;
        likelihood = next;
        if decrement <= 1e-20 * (1.0 + likelihood.abs()) || (decrement <= 1e-12 && length >= 1.0) {
            let linear = design.multiply_vector(&coefficients)?;
            let probabilities: Vec<f64> = linear.iter().map(|eta| logistic(*eta)).collect();
            let weights: Vec<f64> = probabilities.iter().map(|p| p * (1.0 - p)).collect();
            return Ok(LogisticFit {
                covariance: Cholesky::new(&design.gram(Some(&weights))?)?.inverse(),
                log_likelihood: log_likelihood(outcome, &linear),
                coefficients,
                probabilities,
                null_log_likelihood,
                iterations: iteration,
            });
        }
    }
    Err(NotComputable::NoConvergence { margin: "the logistic regression".to_owned() })
}

/// Whether a direction, given by its value in every row, classifies no row worse (beyond `tolerance` of the
/// largest) and some row better.
fn separates(outcome: &[bool], along: &[f64], tolerance: f64) -> bool {
    let largest = along.iter().fold(0.0_f64, |m, a| m.max(a.abs()));
    let worst =
        outcome.iter().zip(along).map(|(y, a)| if *y { *a } else { -a }).fold(f64::INFINITY, f64::min);
    // Without tolerance only complete separation counts: equality would accept the zero direction.
    if tolerance > 0.0 { worst >= -tolerance * largest && largest > 0.0 } else { worst > 0.0 }
}

fn separation(design: &Matrix, direction: &[f64], names: &[&str]) -> NotComputable {
    let n = design.rows() as f64;
    let mut best = (0.0, "the intercept");
    for (j, (b, name)) in direction.iter().zip(names).enumerate() {
        let column = design.column(j);
        let mean = column.iter().sum::<f64>() / n;
        let spread = (column.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
        if (b * spread).abs() > best.0 {
            best = ((b * spread).abs(), *name);
        }
    }
    NotComputable::Separation { what: best.1.to_owned() }
}

/// `1 ⁄ (1 + e^−x)` without overflow.
#[must_use]
pub fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + libm::exp(-x))
    } else {
        let e = libm::exp(x);
        e / (1.0 + e)
    }
}

fn log_likelihood(outcome: &[bool], linear: &[f64]) -> f64 {
    outcome
        .iter()
        .zip(linear)
        .map(|(y, eta)| {
            let against = if *y { -eta } else { *eta };
            // −ln(1 + e^a), written for either sign of a.
            -(against.max(0.0) + libm::log1p(libm::exp(-against.abs())))
        })
        .sum()
}
