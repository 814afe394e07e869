//! Tests of equal survival in groups.
#![expect(clippy::indexing_slicing, reason = "group numbers are checked against the number of groups")]

use super::{Spell, check};
use crate::distribution::gamma::chi_square_above;
use crate::estimate::NotComputable;
use crate::linear::{Cholesky, Matrix, dot};

/// How much each event time weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weighting {
    /// All alike: best against proportional hazards. The default.
    #[default]
    LogRank,
    /// By the number at risk (Gehan 1965): early differences.
    Gehan,
    /// By its square root (Tarone and Ware 1977).
    TaroneWare,
}

/// The result of a k-sample test.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRank {
    /// Chi-square statistic.
    pub chi_square: f64,
    /// Groups less one.
    pub degrees_of_freedom: f64,
    /// p-value.
    pub p_value: f64,
    /// Events in each group.
    pub observed: Vec<f64>,
    /// Events expected if all groups were alike (unweighted).
    pub expected: Vec<f64>,
}

/// Compares groups `0..groups`; `group` holds each case's number. O(n log n + event times · groups²).
///
/// Source: Mantel (1966); Peto and Peto (1972).
///
/// # Errors
/// `NoVariation` without events or when groups never overlap; `TooFew` for an empty group or fewer than two; `Invalid`.
pub fn log_rank(
    spells: &[Spell],
    group: &[usize],
    groups: usize,
    weighting: Weighting,
) -> Result<LogRank, NotComputable> {
    check(spells)?;
    NotComputable::unless_same_length("cases and groups", spells.len(), group.len())?;
    NotComputable::unless_enough(groups, 2)?;
    let mut at_risk = vec![0.0; groups];
    for &g in group {
        if g >= groups {
            return Err(NotComputable::Invalid(format!("group {g} of {groups}, counted from 0")));
        }
        at_risk[g] += 1.0;
    }
    if at_risk.contains(&0.0) {
        return Err(NotComputable::TooFew { n: 0, need: 1 });
    }
    let mut order: Vec<usize> = (0..spells.len()).collect();
    order.sort_unstable_by(|&a, &b| spells[a].time.total_cmp(&spells[b].time));
    let (mut observed, mut expected) = (vec![0.0; groups], vec![0.0; groups]);
    let mut gap = vec![0.0; groups - 1];
    let mut variance = Matrix::zeros(groups - 1, groups - 1);
    for tied in order.chunk_by(|&a, &b| spells[a].time == spells[b].time) {
        let n: f64 = at_risk.iter().sum();
        let mut d = vec![0.0; groups];
        for &i in tied {
            d[group[i]] += f64::from(u8::from(spells[i].event));
        }
        let events: f64 = d.iter().sum();
        if events > 0.0 {
            let weight = match weighting {
                Weighting::LogRank => 1.0,
                Weighting::Gehan => n,
                Weighting::TaroneWare => n.sqrt(),
            };
            for g in 0..groups {
                let e = events * at_risk[g] / n;
                observed[g] += d[g];
                expected[g] += e;
                if g + 1 < groups {
                    gap[g] += weight * (d[g] - e);
                }
            }
            if n > 1.0 {
                let factor = weight * weight * events * (n - events) / (n - 1.0);
                for i in 0..groups - 1 {
                    for j in 0..groups - 1 {
                        let own = if i == j { at_risk[i] / n } else { 0.0 };
                        variance[(i, j)] += factor * (own - at_risk[i] * at_risk[j] / (n * n));
                    }
                }
            }
        }
        for &i in tied {
            at_risk[group[i]] -= 1.0;
        }
    }
    let solved =
        Cholesky::new(&variance).and_then(|c| c.solve(&gap)).map_err(|_| NotComputable::NoVariation)?;
    let chi_square = dot(&gap, &solved);
    let degrees_of_freedom = (groups - 1) as f64;
    Ok(LogRank {
        chi_square,
        degrees_of_freedom,
        p_value: chi_square_above(chi_square, degrees_of_freedom),
        observed,
        expected,
    })
}
