//! Minimisers, roots and small linear programmes, all deterministic: the same
//! function and start give the same bits.
//!
//! The choice to write them, and what was weighed, is recorded in
//! `docs/adr/0006-linear-algebra-and-optimisers.md`.

mod gradient;
mod nash;
mod nelder_mead;
mod newton;
mod programme;
mod scalar;

use crate::estimate::NotComputable;

pub use gradient::{bfgs, central_gradient, hessian_from_gradient, newton_polish};
pub use nash::{NashStopping, nash_simplex};
pub use nelder_mead::nelder_mead;
pub use newton::{Local, newton};
pub use programme::{LinearProgramme, Optimum};
pub use scalar::{minimise_scalar, root};

/// When to stop an iterative search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stopping {
    /// Relative change of the arguments (and length of the gradient relative to the value) held to be none.
    pub tolerance: f64,
    /// Iterations after which the search gives up.
    pub iterations: usize,
}

impl Default for Stopping {
    /// Tolerance 1e-10, 10,000 iterations.
    fn default() -> Self {
        Self { tolerance: 1e-10, iterations: 10_000 }
    }
}

/// A minimum that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// Where.
    pub at: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// Iterations made.
    pub iterations: usize,
}

/// Why a search has no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OptimiseError {
    /// The function is not finite where it has to be.
    #[error("the function is not a finite number at the start")]
    NotFinite,
    /// The search ran out of iterations.
    #[error("no convergence after {iterations} iterations")]
    NoConvergence {
        /// Iterations made.
        iterations: usize,
    },
    /// The function has the same sign at both ends of the interval.
    #[error("the interval does not bracket a root")]
    NoBracket,
    /// A linear programme has no feasible point.
    #[error("the constraints contradict each other")]
    Infeasible,
    /// A linear programme has no finite optimum.
    #[error("the objective is unbounded")]
    Unbounded,
    /// Numbers of variables, bounds or coefficients do not fit.
    #[error("shapes do not fit: {left} against {right}")]
    Shape {
        /// Expected length.
        left: usize,
        /// Length given.
        right: usize,
    },
}

impl From<OptimiseError> for NotComputable {
    fn from(error: OptimiseError) -> Self {
        match error {
            OptimiseError::NotFinite => Self::NotFinite { what: "the likelihood at the start".to_owned() },
            OptimiseError::NoConvergence { iterations } => {
                Self::NoConvergence { margin: format!("the search, after {iterations} iterations") }
            }
            other => Self::Invalid(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::Matrix;

    fn near(left: f64, right: f64, tolerance: f64) {
        assert!((left - right).abs() <= tolerance * (1.0 + right.abs()), "{left} is not {right}");
    }

    /// Rosenbrock's valley, minimum 0 at (1, 1).
    fn valley(x: &[f64]) -> (f64, Vec<f64>) {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        (a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b])
    }

    #[test]
    fn minimisers_find_the_valley_floor() {
        let found = bfgs(valley, &[-1.2, 1.0], Stopping::default()).unwrap();
        near(found.at[0], 1.0, 1e-8);
        let (polished, hessian) = newton_polish(|x| valley(x).1, &found.at);
        near(polished[1], 1.0, 1e-12);
        near(hessian[(0, 0)], 802.0, 1e-6);
        let simplex = nelder_mead(|x| valley(x).0, &[-1.2, 1.0], &[0.5, 0.5], Stopping::default()).unwrap();
        near(simplex.at[0], 1.0, 1e-8);
        let slope = central_gradient(|x| valley(x).0, &[0.3, -0.7]);
        near(slope[0], valley(&[0.3, -0.7]).1[0], 1e-8);
        assert_eq!(
            bfgs(|_| (f64::NAN, vec![0.0]), &[1.0], Stopping::default()),
            Err(OptimiseError::NotFinite)
        );
    }

    /// Newton's method finds the valley floor, a start where the Hessian is indefinite, and reasons for none.
    #[test]
    fn newton_is_damped_where_it_must_be() {
        let local = |x: &[f64]| {
            let (value, gradient) = valley(x);
            let cross = -400.0 * x[0];
            let hessian =
                Matrix::from_rows(&[[1200.0 * x[0] * x[0] - 400.0 * x[1] + 2.0, cross], [cross, 200.0]]);
            Local { value, gradient, hessian: hessian.unwrap() }
        };
        for start in [[-1.2, 1.0], [0.0, 3.0], [1.0, 1.0]] {
            let (found, hessian) = newton(local, &start, Stopping::default()).unwrap();
            near(found.at[0], 1.0, 1e-9);
            near(found.at[1], 1.0, 1e-9);
            near(found.value, 0.0, 1e-12);
            near(hessian[(0, 0)], 802.0, 1e-4);
        }
        let slope = |x: &[f64]| Local { value: x[0], gradient: vec![1.0], hessian: Matrix::zeros(1, 1) };
        let few = Stopping { tolerance: 1e-10, iterations: 30 };
        assert_eq!(newton(slope, &[0.0], few).unwrap_err(), OptimiseError::NoConvergence { iterations: 30 });
        let bad = |_: &[f64]| Local { value: f64::NAN, gradient: vec![0.0], hessian: Matrix::zeros(1, 1) };
        assert_eq!(newton(bad, &[0.0], few).unwrap_err(), OptimiseError::NotFinite);
    }

    /// A value with the rounding of a sum over many rows has no slope near the minimum: there the gradient leads, and the
    /// search ends in a few looks at the function instead of all it may have.
    #[test]
    fn rounding_does_not_hold_up_the_search() {
        for seed in 1..=20 {
            let mut random = crate::random::Random::seeded(seed);
            let mut looks = 0;
            let rounded = |x: &[f64]| {
                looks += 1;
                let (a, b) = (x[0] - 0.3, x[1] + 0.7);
                let value = 12.0 + a * a + 1e-3 * b * b + 0.01 * a * b + a * a * a * a;
                let gradient = vec![2.0 * a + 0.01 * b + 4.0 * a * a * a, 2e-3 * b + 0.01 * a];
                (value + 1e-13 * random.normal(), gradient)
            };
            let found = bfgs(rounded, &[2.0, 3.0], Stopping { tolerance: 1e-12, iterations: 500 }).unwrap();
            near(found.at[0], 0.3, 1e-8);
            near(found.at[1], -0.7, 1e-6);
            assert!(looks < 300, "{looks} with seed {seed}");
        }
    }

    #[test]
    fn roots_and_scalar_minima() {
        let found = root(|x| libm::cos(x) - x, 0.0, 1.0, Stopping::default()).unwrap();
        near(found, 0.739_085_133_215_160_6, 1e-14);
        assert_eq!(root(|x| x * x + 1.0, -1.0, 1.0, Stopping::default()), Err(OptimiseError::NoBracket));
        let (at, value) =
            minimise_scalar(|x| (x - 0.3) * (x - 0.3) + 2.0, -5.0, 9.0, Stopping::default()).unwrap();
        near(at, 0.3, 1e-7);
        near(value, 2.0, 1e-14);
    }

    #[test]
    fn programmes_have_optima_or_a_reason() {
        // Maximise 3x + 5y with x ≤ 4, 2y ≤ 12, 3x + 2y ≤ 18 (Wyndor Glass; Hillier and Lieberman): 36 at (2, 6).
        let mut wyndor = LinearProgramme::new(5);
        wyndor.equal(&[1.0, 0.0, 1.0, 0.0, 0.0], 4.0).unwrap();
        wyndor.equal(&[0.0, 2.0, 0.0, 1.0, 0.0], 12.0).unwrap();
        wyndor.equal(&[3.0, 2.0, 0.0, 0.0, 1.0], 18.0).unwrap();
        let best = wyndor.maximise(&[3.0, 5.0, 0.0, 0.0, 0.0]).unwrap();
        near(best.value, 36.0, 1e-12);
        near(best.at[0], 2.0, 1e-12);
        let mut contradiction = LinearProgramme::new(1);
        contradiction.equal(&[1.0], 1.0).unwrap();
        contradiction.equal(&[1.0], 2.0).unwrap();
        assert_eq!(contradiction.minimise(&[1.0]), Err(OptimiseError::Infeasible));
        let mut open = LinearProgramme::new(2);
        open.equal(&[1.0, -1.0], 0.0).unwrap();
        assert_eq!(open.maximise(&[1.0, 0.0]), Err(OptimiseError::Unbounded));
        // A redundant row is no harm.
        open.equal(&[2.0, -2.0], 0.0).unwrap();
        near(open.minimise(&[1.0, 1.0]).unwrap().value, 0.0, 1e-12);
    }
}
