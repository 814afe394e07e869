//! Whether hazard ratios stay constant over time.
#![expect(clippy::indexing_slicing, reason = "rows and columns are those of the fitted design")]

use super::cox::{CoxFit, Prepared, walk};
use super::kaplan_meier::KaplanMeier;
use super::{Spell, check};
use crate::distribution::gamma::chi_square_above;
use crate::estimate::NotComputable;
use crate::linear::{Cholesky, Matrix, dot};

/// The clock along which a hazard ratio may drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// One less the survival just before the time: robust to long tails. The default, as in R.
    #[default]
    KaplanMeier,
    /// Rank of the event; tied events take consecutive ranks in the order given.
    Rank,
    /// The time itself.
    Identity,
    /// Its logarithm.
    Log,
}

/// The form of the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// The exact score test of a coefficient `b + θ g(t)` (R `survival` 3.0 and later). The default.
    #[default]
    Score,
    /// Correlation of scaled Schoenfeld residuals with the clock, with the average variance (Grambsch and
    /// Therneau 1994; lifelines).
    ScaledResiduals,
}

/// One hypothesis tested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Chi-square statistic.
    pub chi_square: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: f64,
    /// p-value: small means the ratio changes over time.
    pub p_value: f64,
}

/// The tests of all columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Proportionality {
    /// Each column on its own.
    pub columns: Vec<Drift>,
    /// All columns together; only for [`Form::Score`].
    pub all: Option<Drift>,
}

fn drift(chi_square: f64, degrees_of_freedom: f64) -> Drift {
    Drift { chi_square, degrees_of_freedom, p_value: chi_square_above(chi_square, degrees_of_freedom) }
}

/// Tests a fit on the data it was fitted to, O(n k²).
///
/// # Errors
/// `NoVariation` when all events share one time; `Singular`, `Invalid`.
pub fn proportionality(
    fit: &CoxFit,
    spells: &[Spell],
    design: &Matrix,
    clock: Clock,
    form: Form,
) -> Result<Proportionality, NotComputable> {
    check(spells)?;
    NotComputable::unless_same_length("cases and design", spells.len(), design.rows())?;
    let k = fit.coefficients.len();
    NotComputable::unless_same_length("coefficients and columns", k, design.columns())?;
    let curve = KaplanMeier::new(spells)?;
    let before = |time: f64| {
        let steps = curve.steps();
        steps
            .partition_point(|s| s.time < time)
            .checked_sub(1)
            .and_then(|i| steps.get(i))
            .map_or(1.0, |s| s.survival)
    };
    let cases = Prepared::new(spells, design);
    let mut times: Vec<(f64, usize)> = Vec::new();
    let mut scores: Vec<Vec<f64>> = Vec::new();
    let mut informations: Vec<Matrix> = Vec::new();
    let mut residuals: Vec<(usize, Vec<f64>)> = Vec::new();
    walk(&cases, &fit.coefficients, fit.ties, |at| {
        times.push((at.time, at.tied.len()));
        scores.push(at.score.to_vec());
        informations.push(at.information.clone());
        // x less the mean over the tied's risk sets; score = Σ x − Σ means.
        let d = at.tied.len() as f64;
        let sum: Vec<f64> = (0..k).map(|j| at.tied.iter().map(|&i| cases.row(i)[j]).sum::<f64>()).collect();
        for &i in at.tied {
            let row = cases.row(i);
            residuals.push((cases.order[i], (0..k).map(|j| row[j] - (sum[j] - at.score[j]) / d).collect()));
        }
    });
    // Clock readings per event time; ties share one reading, except for ranks in the residual form.
    let mut reading = vec![0.0; times.len()];
    let mut ahead = 0.0;
    for (index, &(time, d)) in times.iter().enumerate().rev() {
        reading[index] = match clock {
            Clock::KaplanMeier => 1.0 - before(time),
            Clock::Identity => time,
            Clock::Log if time > 0.0 => libm::log(time),
            Clock::Log => return Err(NotComputable::invalid("an event at time zero has no logarithm")),
            // Mid-rank of the tied.
            Clock::Rank => ahead + 0.5 * (d as f64 + 1.0),
        };
        ahead += d as f64;
    }
    let mean = reading.iter().zip(&times).map(|(g, (_, d))| g * *d as f64).sum::<f64>() / ahead;
    match form {
        Form::Score => score_test(&reading, mean, &scores, &informations, k),
        Form::ScaledResiduals => {
            residuals.sort_by(|a, b| spells[a.0].time.total_cmp(&spells[b.0].time).then(a.0.cmp(&b.0)));
            let g: Vec<f64> = residuals
                .iter()
                .enumerate()
                .map(|(rank, (i, _))| match clock {
                    Clock::Rank => rank as f64 + 1.0,
                    Clock::KaplanMeier => 1.0 - before(spells[*i].time),
                    Clock::Identity => spells[*i].time,
                    Clock::Log => libm::log(spells[*i].time),
                })
                .collect();
            residual_test(fit, &g, &residuals)
        }
    }
}

fn score_test(
    reading: &[f64],
    mean: f64,
    scores: &[Vec<f64>],
    informations: &[Matrix],
    k: usize,
) -> Result<Proportionality, NotComputable> {
    let mut u = vec![0.0; k];
    let (mut own, mut cross, mut drifted) = (Matrix::zeros(k, k), Matrix::zeros(k, k), Matrix::zeros(k, k));
    for ((g, score), information) in reading.iter().zip(scores).zip(informations) {
        let g = g - mean;
        for (sum, value) in u.iter_mut().zip(score) {
            *sum += g * value;
        }
        own = own.plus_scaled(1.0, information)?;
        cross = cross.plus_scaled(g, information)?;
        drifted = drifted.plus_scaled(g * g, information)?;
    }
    let own = Cholesky::new(&own)?;
    // What is left of the drift's information once the coefficients are known only by estimate.
    let mut rest = drifted.clone();
    for j in 0..k {
        let solved = own.solve(cross.column(j))?;
        for i in 0..k {
            rest[(i, j)] -= dot(cross.column(i), &solved);
        }
    }
    let columns = (0..k)
        .map(|j| {
            if rest[(j, j)] > 0.0 {
                Ok(drift(u[j] * u[j] / rest[(j, j)], 1.0))
            } else {
                Err(NotComputable::NoVariation)
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    let all = dot(&u, &Cholesky::new(&rest)?.solve(&u)?);
    Ok(Proportionality { columns, all: Some(drift(all, k as f64)) })
}

fn residual_test(
    fit: &CoxFit,
    g: &[f64],
    residuals: &[(usize, Vec<f64>)],
) -> Result<Proportionality, NotComputable> {
    let events = residuals.len() as f64;
    let mean = g.iter().sum::<f64>() / events;
    let squares: f64 = g.iter().map(|v| (v - mean) * (v - mean)).sum();
    if squares <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let columns = (0..fit.coefficients.len())
        .map(|j| {
            let along: f64 = g
                .iter()
                .zip(residuals)
                .map(|(v, (_, r))| (v - mean) * events * dot(fit.covariance.column(j), r))
                .sum();
            drift(along * along / (events * fit.covariance[(j, j)] * squares), 1.0)
        })
        .collect();
    Ok(Proportionality { columns, all: None })
}
