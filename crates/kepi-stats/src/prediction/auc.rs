//! The area under the ROC curve, with DeLong's variance and test.
#![expect(clippy::indexing_slicing, reason = "indices come from a permutation of the checked input")]

use crate::distribution::normal;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};

/// Structural components of an AUC: one value per positive and one per negative.
struct Components {
    auc: f64,
    positives: Vec<f64>,
    negatives: Vec<f64>,
}

fn components(score: &[f64], outcome: &[bool]) -> Result<Components, NotComputable> {
    NotComputable::unless_same_length("scores and outcomes", score.len(), outcome.len())?;
    NotComputable::unless_enough(score.len(), 2)?;
    NotComputable::unless_finite("a score", score)?;
    let m = outcome.iter().filter(|y| **y).count();
    let n = outcome.len() - m;
    if m == 0 || n == 0 {
        return Err(NotComputable::NoVariation);
    }
    let all = midranks(score);
    let within = |wanted: bool| {
        let members: Vec<usize> = (0..score.len()).filter(|&i| outcome[i] == wanted).collect();
        let ranks = midranks(&members.iter().map(|&i| score[i]).collect::<Vec<_>>());
        (members, ranks)
    };
    let (positive, positive_ranks) = within(true);
    let (negative, negative_ranks) = within(false);
    // Rank among all less rank among its own = opponents below, ties half.
    let positives: Vec<f64> =
        positive.iter().zip(&positive_ranks).map(|(&i, own)| (all[i] - own) / n as f64).collect();
    let negatives: Vec<f64> =
        negative.iter().zip(&negative_ranks).map(|(&i, own)| 1.0 - (all[i] - own) / m as f64).collect();
    let auc = positives.iter().sum::<f64>() / m as f64;
    Ok(Components { auc, positives, negatives })
}

fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut done = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = done as f64 + 0.5 * (tied.len() as f64 + 1.0);
        for &i in tied {
            ranks[i] = rank;
        }
        done += tied.len();
    }
    ranks
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    if a.len() < 2 {
        return f64::NAN;
    }
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>() / (n - 1.0)
}

/// The probability that a random positive scores above a random negative, ties half, with DeLong's interval
/// cut to [0, 1]. O(n log n).
///
/// Source: DeLong, DeLong and Clarke-Pearson (1988); midranks by Sun and Xu (2014).
///
/// # Errors
/// `NoVariation` when all outcomes agree; `TooFew`, `NotFinite`, `Invalid`. With a single positive or
/// negative the point stands and the interval is `TooFew`; a perfect ranking has no interval either (`NoVariation`).
pub fn auc(score: &[f64], outcome: &[bool], level: Level) -> Result<Estimate, NotComputable> {
    let c = components(score, outcome)?;
    let fewest = c.positives.len().min(c.negatives.len());
    let interval = if fewest < 2 {
        Err(NotComputable::TooFew { n: fewest as u64, need: 2 })
    } else {
        let variance = covariance(&c.positives, &c.positives) / c.positives.len() as f64
            + covariance(&c.negatives, &c.negatives) / c.negatives.len() as f64;
        if variance > 0.0 {
            Ok(Interval::around(c.auc, level.z() * variance.sqrt(), level).clipped(0.0, 1.0))
        } else {
            Err(NotComputable::NoVariation)
        }
    };
    Ok(Estimate {
        point: c.auc,
        interval,
        n: score.len() as u64,
        effective_n: score.len() as f64,
        method: Method::NormalMean,
    })
}

/// The comparison of two scores on the same cases.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// AUC of the first score less that of the second.
    pub difference: Estimate,
    /// Standardised difference.
    pub z: f64,
    /// Two-sided p-value.
    pub p_value: f64,
}

/// DeLong's paired test of two scores, O(n log n).
///
/// # Errors
/// As [`auc`]; `NoVariation` when both rank alike.
pub fn compare(
    first: &[f64],
    second: &[f64],
    outcome: &[bool],
    level: Level,
) -> Result<Comparison, NotComputable> {
    let (a, b) = (components(first, outcome)?, components(second, outcome)?);
    let (m, n) = (a.positives.len(), a.negatives.len());
    NotComputable::unless_enough(m.min(n), 2)?;
    let part = |x: &[f64], y: &[f64]| covariance(x, x) + covariance(y, y) - 2.0 * covariance(x, y);
    let variance = part(&a.positives, &b.positives) / m as f64 + part(&a.negatives, &b.negatives) / n as f64;
    if variance.is_nan() || variance <= 1e-15 {
        return Err(NotComputable::NoVariation);
    }
    let point = a.auc - b.auc;
    let z = point / variance.sqrt();
    Ok(Comparison {
        difference: Estimate {
            point,
            interval: Ok(Interval::around(point, level.z() * variance.sqrt(), level)),
            n: outcome.len() as u64,
            effective_n: outcome.len() as f64,
            method: Method::NormalMean,
        },
        z,
        p_value: normal::two_sided(z),
    })
}

/// Average precision: the area under the precision–recall curve in steps, `Σ (Rᵢ − Rᵢ₋₁) Pᵢ` over distinct scores. O(n log n).
///
/// # Errors
/// `NoVariation` without a positive; `NotFinite`, `Invalid`.
pub fn average_precision(score: &[f64], outcome: &[bool]) -> Result<f64, NotComputable> {
    NotComputable::unless_same_length("scores and outcomes", score.len(), outcome.len())?;
    NotComputable::unless_finite("a score", score)?;
    let positives = outcome.iter().filter(|y| **y).count();
    if positives == 0 {
        return Err(NotComputable::NoVariation);
    }
    let mut order: Vec<usize> = (0..score.len()).collect();
    order.sort_unstable_by(|&a, &b| score[b].total_cmp(&score[a]));
    let (mut hits, mut seen, mut sum) = (0, 0, 0.0);
    for tied in order.chunk_by(|&a, &b| score[a] == score[b]) {
        let new = tied.iter().filter(|&&i| outcome[i]).count();
        hits += new;
        seen += tied.len();
        sum += new as f64 / positives as f64 * hits as f64 / seen as f64;
    }
    Ok(sum)
}
