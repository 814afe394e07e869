//! Measurement invariance: confirmatory factor analysis of several groups, by maximum likelihood.
//!
//! Scores of two groups, countries or years compare only where the items measure the same thing the same way. A model
//! says which items show which factor; the question is how much of it may differ between groups before it fits.

mod layout;

use crate::distribution::gamma;
use crate::estimate::{Estimate, Level, NotComputable};
use crate::linear::{Cholesky, Matrix, dot};
use crate::optimise::{Stopping, bfgs};
use layout::Layout;

/// What is held equal between groups; each adds to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariance {
    /// Only the pattern: the same items show the same factors.
    Configural,
    /// Loadings: relations between factors compare.
    Metric,
    /// Intercepts: means of factors, and so scores, compare.
    Scalar,
    /// Residual variances: items are equally precise.
    Strict,
}

/// Number, means and covariances of the answers of a group: all that maximum likelihood asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Respondents without a gap.
    pub n: u64,
    /// Means of the items.
    pub means: Vec<f64>,
    /// Covariances of the items, divided by n.
    pub covariance: Matrix,
}

impl Moments {
    /// Moments of items, one slice per item.
    ///
    /// # Errors
    /// `TooFew` unless there are more respondents than items, `Invalid` for lengths that differ, `NotFinite`.
    pub fn of<C: AsRef<[f64]>>(items: &[C]) -> Result<Self, NotComputable> {
        let n = items.first().map_or(0, |item| item.as_ref().len());
        NotComputable::unless_enough(n, items.len() + 1)?;
        let centred: Vec<(f64, Vec<f64>)> = items
            .iter()
            .map(|item| {
                NotComputable::unless_same_length("the answers to the items", n, item.as_ref().len())?;
                NotComputable::unless_finite("an item", item.as_ref())?;
                let mean = item.as_ref().iter().sum::<f64>() / n as f64;
                Ok((mean, item.as_ref().iter().map(|x| x - mean).collect()))
            })
            .collect::<Result<_, NotComputable>>()?;
        let mut covariance = Matrix::zeros(items.len(), items.len());
        for (i, (_, left)) in centred.iter().enumerate() {
            for (j, (_, right)) in centred.iter().enumerate() {
                covariance[(i, j)] = dot(left, right) / n as f64;
            }
        }
        Ok(Self { n: n as u64, means: centred.into_iter().map(|(mean, _)| mean).collect(), covariance })
    }
}

/// Estimates of a group. The first item of every factor has loading 1 and gives the factor its unit.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupEstimates {
    /// Loadings, items by factors.
    pub loadings: Matrix,
    /// Intercepts of the items.
    pub intercepts: Vec<f64>,
    /// Residual variances of the items.
    pub residuals: Vec<f64>,
    /// Covariances of the factors.
    pub factors: Matrix,
    /// Means of the factors against the first group, with intervals from the expected information; zero with a reason
    /// instead of an interval in the first group, and in all groups below scalar invariance.
    pub factor_means: Vec<Estimate>,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorFit {
    /// What was held equal.
    pub invariance: Invariance,
    /// Likelihood-ratio chi-square against any means and covariances.
    pub chi_square: f64,
    /// Its degrees of freedom.
    pub degrees: u64,
    /// Its tail probability.
    pub p: f64,
    /// Comparative fit index: 1 is perfect, above 0.95 customarily good (Bentler 1990; Hu and Bentler 1999).
    pub comparative_fit: f64,
    /// Tucker and Lewis's index.
    pub tucker_lewis: f64,
    /// Root mean square error of approximation: below 0.06 customarily good (Steiger 1990).
    pub approximation_error: f64,
    /// Standardised root mean square residual: below 0.08 customarily good.
    pub residual: f64,
    /// Log-likelihood.
    pub log_likelihood: f64,
    /// Akaike's criterion.
    pub aic: f64,
    /// Whether a variance came out negative: the model is then wrong or the sample too small, whatever its fit.
    pub improper: bool,
    /// Estimates by group.
    pub groups: Vec<GroupEstimates>,
}

/// A tighter model against a looser one.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The tighter model.
    pub fit: FactorFit,
    /// Rise of chi-square; none for the first model.
    pub difference: Option<f64>,
    /// Degrees of freedom it gained.
    pub degrees: u64,
    /// Tail probability of the rise: small means that the groups differ in what was held equal.
    pub p: Option<f64>,
}

/// The models from configural to strict, each tested against the one before.
///
/// Read downwards and stop at the first rejection, by p or, in large samples, by a fall of the comparative fit index
/// beyond 0.01 (Cheung and Rensvold 2002). Arguments and errors as [`fit`].
pub fn steps(groups: &[Moments], pattern: &[Vec<usize>], level: Level) -> Result<Vec<Step>, NotComputable> {
    let mut steps: Vec<Step> = Vec::new();
    for invariance in [Invariance::Configural, Invariance::Metric, Invariance::Scalar, Invariance::Strict] {
        let fit = fit(groups, pattern, invariance, level)?;
        let before = steps.last().map(|step| (step.fit.chi_square, step.fit.degrees));
        let difference = before.map(|(chi_square, _)| fit.chi_square - chi_square);
        let degrees = before.map_or(0, |(_, degrees)| fit.degrees.saturating_sub(degrees));
        let p = difference
            .filter(|_| degrees > 0)
            .map(|rise| gamma::chi_square_above(rise.max(0.0), degrees as f64));
        steps.push(Step { fit, difference, degrees, p });
    }
    Ok(steps)
}

/// Fits one model; `pattern` lists the items of every factor, by position, the one that gives the unit first.
///
/// Minimises `Σ n_g/N [ln|Σ_g| + tr(S_gΣ_g⁻¹) − ln|S_g| − p + d'Σ_g⁻¹d]` with `Σ = ΛΨΛ' + Θ`, `d = m − ν − Λα`,
/// by BFGS with exact gradients; chi-square is N times the minimum (Jöreskog 1971; Sörbom 1974). Items are scaled to
/// unit variance inside. Variances are not kept positive: see [`FactorFit::improper`]. O(parameters · items²) per
/// evaluation.
///
/// # Errors
/// `NoRows` without groups, `Invalid` for a pattern that misses an item or names one that is not there, or a model with
/// more parameters than moments, `NoVariation`, `Singular` for items that repeat each other, `NoConvergence`.
pub fn fit(
    groups: &[Moments],
    pattern: &[Vec<usize>],
    invariance: Invariance,
    level: Level,
) -> Result<FactorFit, NotComputable> {
    let first = groups.first().ok_or(NotComputable::NoRows)?;
    let p = first.means.len();
    let known = pattern.iter().all(|items| !items.is_empty() && items.iter().all(|item| *item < p));
    if !known || (0..p).any(|item| !pattern.iter().any(|items| items.contains(&item))) {
        return Err(NotComputable::invalid("every item belongs to a factor, and every factor has an item"));
    }
    if groups.iter().any(|group| {
        group.means.len() != p || group.covariance.rows() != p || group.covariance.columns() != p
    }) {
        return Err(NotComputable::invalid("all groups answer the same items"));
    }
    let total: f64 = groups.iter().map(|group| group.n as f64).sum();
    let scales: Vec<f64> = (0..p)
        .map(|i| {
            let pooled = groups.iter().map(|g| g.n as f64 * g.covariance[(i, i)]).sum::<f64>() / total;
            if pooled > 0.0 { Ok(pooled.sqrt()) } else { Err(NotComputable::NoVariation) }
        })
        .collect::<Result<_, _>>()?;
    let scaled: Vec<Moments> = groups.iter().map(|group| rescaled(group, &scales)).collect();
    let mut saturated = 0.0;
    for group in &scaled {
        saturated += group.n as f64 * (Cholesky::new(&group.covariance)?.log_determinant() + p as f64);
    }
    let layout = Layout::new(scaled.len(), p, pattern, invariance);
    let moments = scaled.len() * p * (p + 3) / 2;
    if layout.count > moments {
        return Err(NotComputable::invalid(format!("{} parameters for {moments} moments", layout.count)));
    }
    let objective = |at: &[f64]| match layout.deviance(&scaled, at) {
        Ok((value, gradient)) => {
            ((value - saturated) / total, gradient.into_iter().map(|g| g / total).collect())
        }
        Err(_) => (f64::INFINITY, vec![f64::NAN; layout.count]),
    };
    // Chi-square errs by N times the square of the gradient; further down the objective is rounding.
    let found = bfgs(objective, &layout.start(&scaled), Stopping { tolerance: 1e-7, iterations: 5000 })?;
    // Two steps of Fisher's scoring settle the last digits of the estimates.
    let mut at = found.at;
    for _ in 0..2 {
        let slope = layout.deviance(&scaled, &at)?.1;
        let step = Cholesky::new(&layout.information(&scaled, &at)?)?.solve(&slope)?;
        at = at.iter().zip(step).map(|(x, s)| x - 0.5 * s).collect();
    }
    let information = Cholesky::new(&layout.information(&scaled, &at)?)?.inverse();
    let chi_square = (layout.deviance(&scaled, &at)?.0 - saturated).max(0.0);
    let degrees = (moments - layout.count) as u64;
    let estimates = (0..scaled.len())
        .map(|group| layout.estimates(group, &at, &information, &scales, groups, level))
        .collect::<Vec<_>>();
    let improper = estimates
        .iter()
        .any(|group| group.residuals.iter().any(|v| *v < 0.0) || Cholesky::new(&group.factors).is_err());
    let independent: f64 = scaled
        .iter()
        .map(|group| {
            group.n as f64
                * (group.covariance.diagonal().iter().map(|v| libm::log(*v)).sum::<f64>() + p as f64)
        })
        .sum::<f64>()
        - saturated;
    let apart = (scaled.len() * p * (p - 1) / 2) as f64;
    let df = degrees as f64;
    let (misfit, worst) = ((chi_square - df).max(0.0), (independent - apart).max(chi_square - df).max(0.0));
    let jacobian: f64 = scales.iter().map(|s| libm::log(*s)).sum();
    let log_likelihood = -0.5
        * (chi_square
            + saturated
            + total * (p as f64 * libm::log(2.0 * std::f64::consts::PI) + 2.0 * jacobian));
    Ok(FactorFit {
        invariance,
        chi_square,
        degrees,
        p: if degrees == 0 { 1.0 } else { gamma::chi_square_above(chi_square, df) },
        comparative_fit: if worst > 0.0 { 1.0 - misfit / worst } else { 1.0 },
        tucker_lewis: if degrees == 0 {
            1.0
        } else {
            (independent / apart - chi_square / df) / (independent / apart - 1.0)
        },
        approximation_error: if degrees == 0 {
            0.0
        } else {
            (scaled.len() as f64 * misfit / (total * df)).sqrt()
        },
        residual: layout.residual(&scaled, &at, total)?,
        log_likelihood,
        aic: 2.0 * layout.count as f64 - 2.0 * log_likelihood,
        improper,
        groups: estimates,
    })
}

fn rescaled(group: &Moments, scales: &[f64]) -> Moments {
    let mut covariance = group.covariance.clone();
    for (j, right) in scales.iter().enumerate() {
        for (i, left) in scales.iter().enumerate() {
            covariance[(i, j)] /= left * right;
        }
    }
    let means = group.means.iter().zip(scales).map(|(mean, scale)| mean / scale).collect();
    Moments { n: group.n, means, covariance }
}
