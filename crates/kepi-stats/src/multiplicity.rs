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

/// One p-value of several for the hypothesis that nothing is behind any of them: the least of `m·pᵢ ⁄ rank`. Valid under
/// independence and positive dependence. None of none.
///
/// Source: Simes 1986.
#[must_use]
pub fn simes(p_values: &[f64]) -> Option<f64> {
    let mut sorted = p_values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let m = sorted.len() as f64;
    sorted
        .iter()
        .enumerate()
        .map(|(rank, p)| p * m / (rank as f64 + 1.0))
        .reduce(f64::min)
        .map(|p| p.min(1.0))
}

/// Of each p-value the greatest at which its hypothesis would be rejected, the others being as they are: the false discovery rate
/// is held at `level` by rejecting exactly those whose p-value is not above it.
///
/// `p_values` are divided by `weights`, which count relative to their mean. Under independence and positive dependence.
/// O(m²) at worst. Source: Benjamini and Hochberg 1995; weights: Genovese, Roeder and Wasserman 2006; what one value needs, the others
/// given, is `level·R ⁄ m` with R the rejections if it were zero.
///
/// # Errors
/// `Invalid` for a p outside [0, 1] or a weight that is not positive; `Invalid` for lists of different length.
pub fn limits(p_values: &[f64], weights: &[f64], level: f64) -> Result<Vec<f64>, NotComputable> {
    NotComputable::unless_same_length("p-values and weights", p_values.len(), weights.len())?;
    if p_values.iter().any(|p| !(0.0..=1.0).contains(p))
        || weights.iter().any(|w| !(w.is_finite() && *w > 0.0))
    {
        return Err(NotComputable::invalid("a p-value lies between 0 and 1, a weight above 0"));
    }
    let m = p_values.len() as f64;
    let mean = weights.iter().sum::<f64>() / m;
    let relative: Vec<f64> = weights.iter().map(|w| w / mean).collect();
    let weighted: Vec<f64> = p_values.iter().zip(&relative).map(|(p, w)| p / w).collect();
    let mut sorted = weighted.clone();
    sorted.sort_by(f64::total_cmp);
    // With a value put to zero, the others keep their order: from the greatest down, the first rank that holds.
    let rejected = |own: f64| -> usize {
        let place = sorted.partition_point(|p| *p < own);
        (1..=sorted.len())
            .rev()
            .find(|rank| {
                // The rank-th smallest once `own` is at the front.
                let at = if *rank == 1 { return true } else { rank - 2 };
                let at = if at < place { at } else { at + 1 };
                sorted.get(at).is_some_and(|p| *p <= level * *rank as f64 / m)
            })
            .unwrap_or(1)
    };
    Ok(weighted.iter().zip(&relative).map(|(p, w)| (w * level * rejected(*p) as f64 / m).min(1.0)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn simes_takes_the_best_of_its_ranks() {
        assert_eq!(simes(&[0.04, 0.01, 0.5]), Some(0.03));
        // Two that are moderate together beat the least alone: 3 · 0.02 / 2.
        assert_eq!(simes(&[0.02, 0.015, 0.9]), Some(0.03));
        assert_eq!(simes(&[]), None);
    }

    #[test]
    fn weights_count_relative_to_their_mean() {
        let limits = limits(&[0.5, 0.5], &[3.0, 1.0], 0.1).unwrap();
        assert_eq!(limits, vec![1.5 * 0.05, 0.5 * 0.05]);
    }

    proptest! {
        #[test]
        fn limits_reject_what_benjamini_and_hochberg_reject(
            p in prop::collection::vec((0..1000u32).prop_map(|p| f64::from(p) / 5000.0), 1..40), level in 0.01..0.3f64,
        ) {
            let by_limits: Vec<bool> =
                limits(&p, &vec![2.0; p.len()], level).unwrap().iter().zip(&p).map(|(limit, p)| p <= limit).collect();
            let adjusted = adjust(&p, Adjustment::BenjaminiHochberg).unwrap();
            for ((by_limit, adjusted), p) in by_limits.iter().zip(&adjusted).zip(&p) {
                // On the border rounding may decide.
                prop_assert!(*by_limit == (*adjusted <= level) || (adjusted - level).abs() < 1e-12, "{p} {adjusted}");
            }
        }

        #[test]
        fn a_value_at_its_limit_is_rejected_and_one_above_is_not(
            p in prop::collection::vec(0.0..0.2f64, 1..20), weights in prop::collection::vec(0.5..20.0f64, 20), level in 0.01..0.3f64,
        ) {
            let weights = &weights[..p.len()];
            let limit = limits(&p, weights, level).unwrap()[0];
            let mut at = p.clone();
            at[0] = limit * (1.0 - 1e-12);
            prop_assert!(at[0] <= limits(&at, weights, level).unwrap()[0]);
            at[0] = (limit * (1.0 + 1e-9)).min(1.0);
            if at[0] > limit {
                prop_assert!(at[0] > limits(&at, weights, level).unwrap()[0]);
            }
        }
    }
}
