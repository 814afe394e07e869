//! Chance-corrected agreement of two raters (Cohen) and of many (Fleiss).
#![expect(clippy::indexing_slicing, reason = "tables are square or rectangular, checked at entry")]

use crate::estimate::{Interval, Level, NotComputable};

/// How much a disagreement counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DisagreementWeights {
    /// All disagreements alike.
    #[default]
    None,
    /// By distance: `1 − |i − j|/(k − 1)` (Cicchetti and Allison 1971).
    Linear,
    /// By squared distance: `1 − (i − j)²/(k − 1)²` (Fleiss and Cohen 1973).
    Quadratic,
}

/// A kappa with its large-sample interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kappa {
    /// The coefficient.
    pub value: f64,
    /// Standard error away from zero (Fleiss, Cohen and Everitt 1969).
    pub standard_error: f64,
    /// Normal interval cut to [−1, 1].
    pub interval: Interval,
    /// Observed agreement, weighted.
    pub observed: f64,
    /// Agreement expected by chance, weighted.
    pub expected: f64,
}

/// Cohen's kappa of a square table of counts: rows are one rater, columns the other.
///
/// Errors: `NoRows`, `Invalid` for a table that is not square, `ZeroDenominator` when chance agreement is complete.
pub fn cohen(table: &[Vec<f64>], weights: DisagreementWeights, level: Level) -> Result<Kappa, NotComputable> {
    let k = table.len();
    NotComputable::unless_enough(k, 2)?;
    for row in table {
        NotComputable::unless_same_length("categories", row.len(), k)?;
        NotComputable::unless_finite("the table", row)?;
    }
    let n: f64 = table.iter().flatten().sum();
    if n <= 0.0 {
        return Err(NotComputable::NoRows);
    }
    let span = (k - 1) as f64;
    let credit = |i: usize, j: usize| {
        let distance = i.abs_diff(j) as f64 / span;
        match weights {
            DisagreementWeights::None => f64::from(u8::from(i == j)),
            DisagreementWeights::Linear => 1.0 - distance,
            DisagreementWeights::Quadratic => 1.0 - distance * distance,
        }
    };
    let share = |i: usize, j: usize| table[i][j] / n;
    let rows: Vec<f64> = (0..k).map(|i| (0..k).map(|j| share(i, j)).sum()).collect();
    let columns: Vec<f64> = (0..k).map(|j| (0..k).map(|i| share(i, j)).sum()).collect();
    let cells: Vec<(usize, usize)> = (0..k).flat_map(|i| (0..k).map(move |j| (i, j))).collect();
    let observed: f64 = cells.iter().map(|&(i, j)| credit(i, j) * share(i, j)).sum();
    let expected: f64 = cells.iter().map(|&(i, j)| credit(i, j) * rows[i] * columns[j]).sum();
    if expected >= 1.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let value = (observed - expected) / (1.0 - expected);
    let row_credit: Vec<f64> = (0..k).map(|i| (0..k).map(|j| credit(i, j) * columns[j]).sum()).collect();
    let column_credit: Vec<f64> = (0..k).map(|j| (0..k).map(|i| credit(i, j) * rows[i]).sum()).collect();
    let spread: f64 = cells
        .iter()
        .map(|&(i, j)| {
            let term = credit(i, j) - (row_credit[i] + column_credit[j]) * (1.0 - value);
            share(i, j) * term * term
        })
        .sum();
    let centre = value - expected * (1.0 - value);
    let standard_error = ((spread - centre * centre).max(0.0) / n).sqrt() / (1.0 - expected);
    let interval = Interval::around(value, level.z() * standard_error, level).clipped(-1.0, 1.0);
    Ok(Kappa { value, standard_error, interval, observed, expected })
}

/// Fleiss' kappa: `counts[subject][category]` raters chose that category; every subject has as many raters.
///
/// Errors: `NoRows`, `Invalid` for unequal numbers of raters, `ZeroDenominator`. Source: Fleiss 1971.
pub fn fleiss(counts: &[Vec<f64>]) -> Result<f64, NotComputable> {
    NotComputable::unless_enough(counts.len(), 1)?;
    let categories = counts[0].len();
    let raters: f64 = counts[0].iter().sum();
    let subjects = counts.len() as f64;
    if raters < 2.0 {
        return Err(NotComputable::TooFew { n: raters as u64, need: 2 });
    }
    let mut totals = vec![0.0; categories];
    let mut agreement = 0.0;
    for row in counts {
        NotComputable::unless_same_length("categories", row.len(), categories)?;
        if row.iter().sum::<f64>() != raters {
            return Err(NotComputable::invalid("every subject has the same number of raters"));
        }
        for (total, count) in totals.iter_mut().zip(row) {
            *total += count;
        }
        agreement +=
            (row.iter().map(|count| count * count).sum::<f64>() - raters) / (raters * (raters - 1.0));
    }
    let observed = agreement / subjects;
    let expected: f64 = totals.iter().map(|total| (total / (subjects * raters)).powi(2)).sum();
    if expected >= 1.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    Ok((observed - expected) / (1.0 - expected))
}
