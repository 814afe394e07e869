//! Many tests at once: adjusted p-values.

use crate::estimate::NotComputable;

/// How p-values are adjusted for their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adjustment {
    /// False discovery rate under independence or positive dependence. Source: Benjamini and Hochberg 1995.
    #[default]
    BenjaminiHochberg,
    /// False discovery rate under any dependence. Source: Benjamini and Yekutieli 2001.
    BenjaminiYekutieli,
    /// Family-wise error, step-down. Source: Holm 1979.
    Holm,
    /// Family-wise error, `m·p`.
    Bonferroni,
}

/// Adjusted p-values in the order given: compare them with the level directly.
///
/// Errors: `Invalid` for a p outside [0, 1]; no tests give no values. O(m log m).
pub fn adjust(p_values: &[f64], adjustment: Adjustment) -> Result<Vec<f64>, NotComputable> {
    if p_values.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return Err(NotComputable::invalid("a p-value lies between 0 and 1"));
    }
    let m = p_values.len() as f64;
    if adjustment == Adjustment::Bonferroni {
        return Ok(p_values.iter().map(|p| (p * m).min(1.0)).collect());
    }
    let mut order: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    order.sort_by(|left, right| left.1.total_cmp(&right.1).then(left.0.cmp(&right.0)));
    let mut adjusted: Vec<(usize, f64)> = Vec::with_capacity(order.len());
    if adjustment == Adjustment::Holm {
        let mut largest = 0.0_f64;
        for (rank, (index, p)) in order.into_iter().enumerate() {
            largest = largest.max(p * (m - rank as f64)).min(1.0);
            adjusted.push((index, largest));
        }
    } else {
        let harmonic: f64 = match adjustment {
            Adjustment::BenjaminiYekutieli => (1..=p_values.len()).map(|i| 1.0 / i as f64).sum(),
            _ => 1.0,
        };
        let mut smallest = 1.0_f64;
        for (rank, (index, p)) in order.into_iter().enumerate().rev() {
            smallest = smallest.min(p * harmonic * m / (rank as f64 + 1.0));
            adjusted.push((index, smallest));
        }
    }
    adjusted.sort_by_key(|(index, _)| *index);
    Ok(adjusted.into_iter().map(|(_, p)| p).collect())
}

/// Which tests are rejected at a level, after adjustment.
pub fn rejected(p_values: &[f64], adjustment: Adjustment, alpha: f64) -> Result<Vec<bool>, NotComputable> {
    Ok(adjust(p_values, adjustment)?.into_iter().map(|p| p <= alpha).collect())
}
