//! Cox's proportional hazards regression.
#![expect(clippy::indexing_slicing, reason = "rows and columns are those of the checked design")]

use super::{Spell, check};
use crate::distribution::{gamma::chi_square_above, normal};
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::linear::{Cholesky, Matrix, dot};

/// What happens when several events share a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ties {
    /// Efron (1977): the tied leave the risk set one by one on average. The default, as in R and lifelines.
    #[default]
    Efron,
    /// Breslow (1974): all tied stay; coefficients shrink with many ties. The default of other packages.
    Breslow,
}

/// A fitted hazard `h₀(t) exp(x · b)`.
#[derive(Debug, Clone)]
pub struct CoxFit {
    /// Log hazard ratio per unit of each column.
    pub coefficients: Vec<f64>,
    /// Inverse of the information matrix.
    pub covariance: Matrix,
    /// Partial log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Partial log-likelihood of no effect.
    pub null_log_likelihood: f64,
    /// Harrell's concordance: share of comparable pairs whose earlier event had the higher risk, ties half.
    pub concordance: f64,
    /// Events.
    pub events: u64,
    /// Cases.
    pub n: u64,
    pub(crate) ties: Ties,
}

impl CoxFit {
    /// Standard errors of the coefficients.
    #[must_use]
    pub fn standard_errors(&self) -> Vec<f64> {
        self.covariance.diagonal().iter().map(|v| v.sqrt()).collect()
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

    /// Hazard ratios with intervals symmetric on the logarithm; `effective_n` is the number of events.
    #[must_use]
    pub fn hazard_ratios(&self, level: Level) -> Vec<Estimate> {
        self.coefficients
            .iter()
            .zip(self.standard_errors())
            .map(|(b, se)| Estimate {
                point: libm::exp(*b),
                interval: Ok(Interval::new(
                    libm::exp(b - level.z() * se),
                    libm::exp(b + level.z() * se),
                    level,
                )),
                n: self.n,
                effective_n: self.events as f64,
                method: Method::MaximumLikelihood,
            })
            .collect()
    }

    /// Likelihood-ratio statistic against no effect at all, and its p-value.
    #[must_use]
    pub fn likelihood_ratio(&self) -> (f64, f64) {
        let statistic = 2.0 * (self.log_likelihood - self.null_log_likelihood);
        (statistic, chi_square_above(statistic, self.coefficients.len() as f64))
    }
}

/// Fits by Newton's method with halved steps, O(n k²) per step after sorting.
///
/// `design` has no intercept; columns are centred inside, which changes nothing but rounding.
/// Source: Cox (1972); Efron (1977).
///
/// # Errors
/// `NoVariation` without events; `Singular` for dependent columns; `Separation` when a coefficient runs away
/// (a column orders the events perfectly); `NoConvergence`, `NotFinite`, `Invalid`.
pub fn cox(spells: &[Spell], design: &Matrix, ties: Ties) -> Result<CoxFit, NotComputable> {
    check(spells)?;
    NotComputable::unless_same_length("cases and design", spells.len(), design.rows())?;
    let k = design.columns();
    NotComputable::unless_enough(spells.len(), k + 1)?;
    let events = spells.iter().filter(|s| s.event).count() as u64;
    if events == 0 {
        return Err(NotComputable::NoVariation);
    }
    let cases = Prepared::new(spells, design);
    let evaluate = |b: &[f64]| {
        let mut sum = Sums::new(k);
        walk(&cases, b, ties, |at| sum.add(at));
        sum
    };
    let mut coefficients = vec![0.0; k];
    let mut here = evaluate(&coefficients);
    let null_log_likelihood = here.log_likelihood;
    for _ in 0..60 {
        let step = Cholesky::new(&here.information)?.solve(&here.score)?;
        let decrement = dot(&step, &here.score);
        let mut length = 1.0;
        let mut next = None;
        for _ in 0..30 {
            let candidate: Vec<f64> = coefficients.iter().zip(&step).map(|(b, s)| b + length * s).collect();
            let there = evaluate(&candidate);
            if there.log_likelihood >= here.log_likelihood - 1e-11 * here.log_likelihood.abs() {
                next = Some((candidate, there));
                break;
            }
            length *= 0.5;
        }
        let Some((candidate, there)) = next else { break };
        coefficients = candidate;
        here = there;
        let widest = (0..k).map(|j| coefficients[j].abs() * spread(design.column(j))).enumerate();
        let (worst, size) = widest.fold((0, 0.0), |m, c| if c.1 > m.1 { c } else { m });
        if size > 30.0 {
            return Err(NotComputable::Separation { what: format!("column {worst}") });
        }
        if decrement <= 1e-16 * (1.0 + here.log_likelihood.abs()) {
            let risk = design.multiply_vector(&coefficients)?;
            return Ok(CoxFit {
                covariance: Cholesky::new(&here.information)?.inverse(),
                log_likelihood: here.log_likelihood,
                null_log_likelihood,
                concordance: concordance(spells, &risk)?,
                coefficients,
                events,
                n: spells.len() as u64,
                ties,
            });
        }
    }
    Err(NotComputable::NoConvergence { margin: "the partial likelihood".to_owned() })
}

fn spread(column: &[f64]) -> f64 {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    (column.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt()
}

/// Cases from the last time to the first, which is how risk sets grow, with centred rows beside each other.
pub(crate) struct Prepared {
    /// Index of each case as it was given.
    pub order: Vec<usize>,
    spells: Vec<Spell>,
    rows: Vec<f64>,
    columns: usize,
}

impl Prepared {
    pub fn new(spells: &[Spell], design: &Matrix) -> Self {
        let columns = design.columns();
        let mut order: Vec<usize> = (0..spells.len()).collect();
        order.sort_by(|&a, &b| spells[b].time.total_cmp(&spells[a].time));
        let mut rows = vec![0.0; spells.len() * columns];
        for j in 0..columns {
            let column = design.column(j);
            let mean = column.iter().sum::<f64>() / column.len() as f64;
            for (row, &i) in rows.chunks_exact_mut(columns).zip(&order) {
                row[j] = column[i] - mean;
            }
        }
        Self { spells: order.iter().map(|&i| spells[i]).collect(), order, rows, columns }
    }

    /// The centred row of the case at a place in the order.
    pub fn row(&self, place: usize) -> &[f64] {
        &self.rows[place * self.columns..(place + 1) * self.columns]
    }
}

/// What an event time contributes.
pub(crate) struct EventTime<'a> {
    pub time: f64,
    /// Places of the cases with an event at this time.
    pub tied: &'a [usize],
    pub log_likelihood: f64,
    /// Sum over the tied of `x`, less the sum of the risk set's weighted means.
    pub score: &'a [f64],
    /// Sum of the risk set's weighted covariances.
    pub information: &'a Matrix,
}

struct Sums {
    log_likelihood: f64,
    score: Vec<f64>,
    information: Matrix,
}

impl Sums {
    fn new(k: usize) -> Self {
        Self { log_likelihood: 0.0, score: vec![0.0; k], information: Matrix::zeros(k, k) }
    }

    fn add(&mut self, at: &EventTime<'_>) {
        self.log_likelihood += at.log_likelihood;
        for (sum, value) in self.score.iter_mut().zip(at.score) {
            *sum += value;
        }
        for j in 0..self.score.len() {
            for (sum, value) in self.information.column_mut(j).iter_mut().zip(at.information.column(j)) {
                *sum += value;
            }
        }
    }
}

/// Visits event times from the last to the first with the sums over the risk set at each.
pub(crate) fn walk(
    cases: &Prepared,
    coefficients: &[f64],
    ties: Ties,
    mut visit: impl FnMut(&EventTime<'_>),
) {
    let k = coefficients.len();
    // The largest linear predictor is taken out so that nothing overflows.
    let linear: Vec<f64> = (0..cases.spells.len()).map(|i| dot(cases.row(i), coefficients)).collect();
    let top = linear.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v));
    let (mut at_risk, mut ending) = (Moments::new(k), Moments::new(k));
    let mut tied_events = Vec::new();
    let (mut score, mut mean) = (vec![0.0; k], vec![0.0; k]);
    let mut information = Matrix::zeros(k, k);
    let mut from = 0;
    for tied in cases.spells.chunk_by(|a, b| a.time == b.time) {
        let places = from..from + tied.len();
        from = places.end;
        tied_events.clear();
        tied_events.extend(places.clone().filter(|&i| cases.spells[i].event));
        for i in places {
            at_risk.add(libm::exp(linear[i] - top), cases.row(i));
        }
        let (Some(first), d) = (tied.first(), tied_events.len()) else { continue };
        if d == 0 {
            continue;
        }
        let mut log_likelihood = 0.0;
        score.fill(0.0);
        for j in 0..k {
            information.column_mut(j).fill(0.0);
        }
        // A single event shares nothing.
        let shared = ties == Ties::Efron && d > 1;
        ending.clear();
        for &i in &tied_events {
            log_likelihood += linear[i] - top;
            for (sum, x) in score.iter_mut().zip(cases.row(i)) {
                *sum += x;
            }
            if shared {
                ending.add(libm::exp(linear[i] - top), cases.row(i));
            }
        }
        for l in 0..d {
            let share = if shared { l as f64 / d as f64 } else { 0.0 };
            let total = at_risk.weight - share * ending.weight;
            log_likelihood -= libm::log(total);
            for j in 0..k {
                mean[j] = (at_risk.first[j] - share * ending.first[j]) / total;
                score[j] -= mean[j];
            }
            for j in 0..k {
                let (risk, end) = (at_risk.second.column(j), ending.second.column(j));
                for (i, sum) in information.column_mut(j).iter_mut().enumerate() {
                    *sum += (risk[i] - share * end[i]) / total - mean[i] * mean[j];
                }
            }
        }
        visit(&EventTime {
            time: first.time,
            tied: &tied_events,
            log_likelihood,
            score: &score,
            information: &information,
        });
    }
}

/// Weighted sums of rows: of 1, x and x xᵀ.
struct Moments {
    weight: f64,
    first: Vec<f64>,
    second: Matrix,
}

impl Moments {
    fn new(k: usize) -> Self {
        Self { weight: 0.0, first: vec![0.0; k], second: Matrix::zeros(k, k) }
    }

    fn clear(&mut self) {
        self.weight = 0.0;
        self.first.fill(0.0);
        for j in 0..self.first.len() {
            self.second.column_mut(j).fill(0.0);
        }
    }

    fn add(&mut self, weight: f64, row: &[f64]) {
        self.weight += weight;
        for (j, x) in row.iter().enumerate() {
            let weighted = weight * x;
            self.first[j] += weighted;
            for (target, y) in self.second.column_mut(j).iter_mut().zip(row) {
                *target += weighted * y;
            }
        }
    }
}

/// Harrell's concordance of a risk score with the times, O(n log n).
///
/// A pair is comparable when the earlier time is an event, or both times agree and only one is an event;
/// two events at one time say nothing. Equal scores count half. Source: Harrell, Lee and Mark (1996).
///
/// # Errors
/// `NoVariation` without a comparable pair; `NotFinite`, `Invalid`.
pub fn concordance(spells: &[Spell], risk: &[f64]) -> Result<f64, NotComputable> {
    check(spells)?;
    NotComputable::unless_same_length("cases and risks", spells.len(), risk.len())?;
    NotComputable::unless_finite("a risk", risk)?;
    let mut levels = risk.to_vec();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let rank: Vec<usize> = risk.iter().map(|r| levels.partition_point(|l| l < r)).collect();
    // A Fenwick tree of how many of the later cases have each rank.
    let mut tree = vec![0_u64; levels.len() + 1];
    let mut seen = 0_u64;
    let insert = |tree: &mut Vec<u64>, rank: usize| {
        let mut i = rank + 1;
        while i < tree.len() {
            tree[i] += 1;
            i += i & i.wrapping_neg();
        }
    };
    let below = |tree: &Vec<u64>, rank: usize| {
        let (mut i, mut sum) = (rank, 0);
        while i > 0 {
            sum += tree[i];
            i -= i & i.wrapping_neg();
        }
        sum
    };
    let mut order: Vec<usize> = (0..spells.len()).collect();
    order.sort_by(|&a, &b| spells[b].time.total_cmp(&spells[a].time));
    let (mut twice_concordant, mut pairs) = (0_u64, 0_u64);
    for tied in order.chunk_by(|&a, &b| spells[a].time == spells[b].time) {
        for &i in tied.iter().filter(|&&i| !spells[i].event) {
            insert(&mut tree, rank[i]);
            seen += 1;
        }
        for &i in tied.iter().filter(|&&i| spells[i].event) {
            let (lower, upto) = (below(&tree, rank[i]), below(&tree, rank[i] + 1));
            twice_concordant += lower + upto;
            pairs += seen;
        }
        for &i in tied.iter().filter(|&&i| spells[i].event) {
            insert(&mut tree, rank[i]);
            seen += 1;
        }
    }
    if pairs == 0 {
        Err(NotComputable::NoVariation)
    } else {
        Ok(twice_concordant as f64 / (2 * pairs) as f64)
    }
}
