//! Completing late answers: chain ladder with Mack's standard error.
#![expect(clippy::indexing_slicing, reason = "the triangle's rows shrink by one, checked at entry")]

use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};

/// A completed triangle.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// Development factors, from age 1→2 onwards.
    pub factors: Vec<f64>,
    /// Mack's variance parameters σ², one per factor.
    pub variances: Vec<f64>,
    /// Completed value of each period, oldest first.
    pub ultimate: Vec<f64>,
    /// Standard error of each period's outstanding part.
    pub errors: Vec<f64>,
    /// Outstanding in total, with a normal interval that covers estimation and process error.
    pub outstanding: Estimate,
}

impl Completion {
    /// Share of each period's ultimate that has arrived; below a threshold a value is immature.
    pub fn maturity(&self, triangle: &[Vec<f64>]) -> Vec<f64> {
        triangle
            .iter()
            .zip(&self.ultimate)
            .map(|(row, ultimate)| row.last().copied().unwrap_or(0.0) / ultimate)
            .collect()
    }
}

/// Chain ladder on a cumulative triangle: row `i` (oldest first) holds ages `1..=columns − i`.
///
/// Factors are `f_k = ΣC_{k+1}/ΣC_k` over periods that show both ages; σ² of the last factor is extrapolated as the
/// smaller of the two before it and their geometric continuation (Mack's rule). Errors: `TooFew` below three
/// periods, `Invalid` for another shape or values that are not positive, `ZeroDenominator`.
/// Source: Mack 1993, 1999. O(periods²).
pub fn complete(triangle: &[Vec<f64>], level: Level) -> Result<Completion, NotComputable> {
    let n = triangle.len();
    NotComputable::unless_enough(n, 3)?;
    for (index, row) in triangle.iter().enumerate() {
        NotComputable::unless_same_length("ages of a period", row.len(), n - index)?;
        NotComputable::unless_finite("the triangle", row)?;
        if row.iter().any(|value| *value <= 0.0) {
            return Err(NotComputable::invalid("cumulative values of a triangle are positive"));
        }
    }
    let mut factors = Vec::with_capacity(n - 1);
    let mut variances: Vec<f64> = Vec::with_capacity(n - 1);
    for age in 0..n - 1 {
        let rows = &triangle[..n - 1 - age];
        let before: f64 = rows.iter().map(|row| row[age]).sum();
        let after: f64 = rows.iter().map(|row| row[age + 1]).sum();
        let factor = after / before;
        let spread: f64 = rows.iter().map(|row| row[age] * (row[age + 1] / row[age] - factor).powi(2)).sum();
        let variance = if rows.len() > 1 {
            spread / (rows.len() as f64 - 1.0)
        } else {
            let (last, earlier) = (variances[age - 1], variances[age.saturating_sub(2)]);
            let continued = if earlier > 0.0 { last * last / earlier } else { 0.0 };
            continued.min(last).min(earlier)
        };
        factors.push(factor);
        variances.push(variance);
    }
    let column_sums: Vec<f64> =
        (0..n - 1).map(|age| triangle[..n - 1 - age].iter().map(|row| row[age]).sum()).collect();
    let mut ultimate = Vec::with_capacity(n);
    let mut squared = Vec::with_capacity(n);
    let mut shared = Vec::with_capacity(n);
    for row in triangle {
        let known = row.len() - 1;
        let mut value = row[known];
        let (mut process_and_parameter, mut parameter) = (0.0, 0.0);
        for age in known..n - 1 {
            let relative = variances[age] / (factors[age] * factors[age]);
            process_and_parameter += relative * (1.0 / value + 1.0 / column_sums[age]);
            parameter += relative / column_sums[age];
            value *= factors[age];
        }
        squared.push(value * value * process_and_parameter);
        shared.push(parameter);
        ultimate.push(value);
    }
    let mut total_variance = 0.0;
    for (index, value) in ultimate.iter().enumerate() {
        let younger: f64 = ultimate[index + 1..].iter().sum();
        total_variance += squared[index] + 2.0 * value * younger * shared[index];
    }
    let point: f64 =
        ultimate.iter().zip(triangle).map(|(value, row)| value - row.last().copied().unwrap_or(0.0)).sum();
    let rows = triangle.iter().map(|row| row.len() as u64).sum::<u64>();
    Ok(Completion {
        factors,
        variances,
        errors: squared.iter().map(|value| value.sqrt()).collect(),
        ultimate,
        outstanding: Estimate {
            point,
            interval: Ok(Interval::around(point, level.z() * total_variance.sqrt(), level)),
            n: rows,
            effective_n: rows as f64,
            method: Method::ChainLadder,
        },
    })
}
