//! Logistic regression by Newton steps, with separation detected.
#![expect(clippy::indexing_slicing, reason = "blocks of rows are those of the design")]

use crate::distribution::normal;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::{BLOCK, Cholesky, LinearError, Matrix, dot};

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
    let mut coefficients = start(outcome, design, names);
    let mut here = Pass::at(&coefficients, outcome, design);
    for iteration in 1..=100 {
        if iteration > 1 && separates(outcome, &here.linear, 0.0) {
            return Err(separation(design, &coefficients, names));
        }
        let information = match Cholesky::new(&here.information) {
            Ok(factor) => factor,
            Err(_) if separates(outcome, &here.linear, 1e-6) => {
                return Err(separation(design, &coefficients, names));
            }
            Err(error) => return Err(error.into()),
        };
        let step = information.solve(&here.score)?;
        // The decrement bounds how much the likelihood can still grow.
        let decrement = dot(&step, &here.score);
        // So close to the maximum a step squares the distance: it is made without another look at the rows.
        if decrement <= 1e-16 {
            for (b, s) in coefficients.iter_mut().zip(&step) {
                *b += s;
            }
            return Ok(here.fit(coefficients, null_log_likelihood, iteration)?);
        }
        let mut length = 1.0;
        let mut next = coefficients.clone();
        let mut there = None;
        for _ in 0..30 {
            for (target, (b, s)) in next.iter_mut().zip(coefficients.iter().zip(&step)) {
                *target = b + length * s;
            }
            let pass = Pass::at(&next, outcome, design);
            let risen = pass.log_likelihood >= here.log_likelihood - 1e-12 * here.log_likelihood.abs();
            there = Some(pass);
            if risen {
                break;
            }
            length *= 0.5;
        }
        let Some(there) = there else { break };
        if iteration > 6 {
            let along: Vec<f64> =
                there.linear.iter().zip(&here.linear).map(|(to, from)| (to - from) / length).collect();
            if along.iter().any(|a| a.abs() > 0.2) && separates(outcome, &along, 1e-6) {
                return Err(separation(design, &step, names));
            }
        }
        coefficients = next;
        here = there;
        if decrement <= 1e-20 * (1.0 + here.log_likelihood.abs()) || (decrement <= 1e-12 && length >= 1.0) {
            return Ok(here.fit(coefficients, null_log_likelihood, iteration)?);
        }
    }
    Err(NotComputable::NoConvergence { margin: "the logistic regression".to_owned() })
}

/// Where to start: at zero, or, with many rows, at the fit to every sixteenth, which leaves few passes over all of them.
fn start(outcome: &[bool], design: &Matrix, names: &[&str]) -> Vec<f64> {
    let zero = vec![0.0; design.columns()];
    if design.rows() < 20_000.max(1600 * design.columns()) {
        return zero;
    }
    let some: Vec<bool> = outcome.iter().step_by(16).copied().collect();
    let columns: Vec<Vec<f64>> =
        (0..design.columns()).map(|j| design.column(j).iter().step_by(16).copied().collect()).collect();
    Matrix::from_columns(&columns)
        .map_err(NotComputable::from)
        .and_then(|some_rows| logistic_regression(&some, &some_rows, names))
        .map_or(zero, |fit| fit.coefficients)
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

/// Everything about one vector of coefficients, from one pass over the rows.
struct Pass {
    /// Log odds of each row.
    linear: Vec<f64>,
    log_likelihood: f64,
    score: Vec<f64>,
    information: Matrix,
}

impl Pass {
    fn fit(
        self,
        coefficients: Vec<f64>,
        null_log_likelihood: f64,
        iterations: usize,
    ) -> Result<LogisticFit, LinearError> {
        Ok(LogisticFit {
            covariance: Cholesky::new(&self.information)?.inverse(),
            probabilities: self.linear.iter().map(|eta| logistic(*eta)).collect(),
            log_likelihood: self.log_likelihood,
            coefficients,
            null_log_likelihood,
            iterations,
        })
    }

    fn at(coefficients: &[f64], outcome: &[bool], design: &Matrix) -> Self {
        let k = design.columns();
        let mut pass = Self {
            linear: vec![0.0; design.rows()],
            log_likelihood: 0.0,
            score: vec![0.0; k],
            information: Matrix::zeros(k, k),
        };
        let (mut slack, mut weights) = (Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
        let mut from = 0;
        for (linear, outcome) in pass.linear.chunks_mut(BLOCK).zip(outcome.chunks(BLOCK)) {
            let rows = from..from + linear.len();
            from = rows.end;
            for (j, b) in coefficients.iter().enumerate() {
                for (eta, x) in linear.iter_mut().zip(&design.column(j)[rows.clone()]) {
                    *eta += x * b;
                }
            }
            slack.clear();
            weights.clear();
            // A row adds −ln(1 + e^a), with a against its outcome. One logarithm serves the product of a block,
            // which stays below 2^512.
            let (mut linear_part, mut product) = (0.0, 1.0);
            for (eta, y) in linear.iter().zip(outcome) {
                let small = libm::exp(-eta.abs());
                let likelier = 1.0 / (1.0 + small);
                let p = if *eta >= 0.0 { likelier } else { small * likelier };
                linear_part += if *y { -eta } else { *eta }.max(0.0);
                product *= 1.0 + small;
                slack.push(if *y { 1.0 } else { 0.0 } - p);
                weights.push(small * likelier * likelier);
            }
            pass.log_likelihood -= linear_part + libm::log(product);
            for (j, score) in pass.score.iter_mut().enumerate() {
                *score += dot(&design.column(j)[rows.clone()], &slack);
            }
            design.add_gram(&mut pass.information, rows, Some(&weights));
        }
        pass
    }
}
