//! What people judge: weights by pairwise comparison, and maturity by practices with evidence.

use crate::estimate::NotComputable;
use crate::linear::Matrix;

/// Weights and how consistent the judgements were.
#[derive(Debug, Clone, PartialEq)]
pub struct Hierarchy {
    /// Weights of the alternatives, summing to one.
    pub weights: Vec<f64>,
    /// The principal eigenvalue; the number of alternatives when judgements agree perfectly.
    pub eigenvalue: f64,
    /// Consistency index `(λ − n) ⁄ (n − 1)`.
    pub consistency_index: f64,
    /// Index over that of random judgements; below 0.1 is customary. `None` for fewer than three alternatives.
    pub consistency_ratio: Option<f64>,
}

/// Saaty's mean consistency index of random matrices for 3 to 10 alternatives (Saaty 1980).
const RANDOM: [f64; 8] = [0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49];

/// Weights from pairwise comparisons: the principal eigenvector of the reciprocal matrix. O(n²) per iteration.
///
/// `comparisons` lists, row by row above the diagonal, how many times as important the first of a pair is (1⁄9 to 9).
/// Source: Saaty (1980).
///
/// # Errors
/// `Invalid` unless there are n(n−1)⁄2 positive comparisons; `Unsupported` above ten alternatives; `NoConvergence`.
pub fn hierarchy(alternatives: usize, comparisons: &[f64]) -> Result<Hierarchy, NotComputable> {
    NotComputable::unless_enough(alternatives, 2)?;
    NotComputable::unless_same_length(
        "pairs and comparisons",
        alternatives * (alternatives - 1) / 2,
        comparisons.len(),
    )?;
    NotComputable::unless_finite("a comparison", comparisons)?;
    if comparisons.iter().any(|c| *c <= 0.0) {
        return Err(NotComputable::invalid("a comparison is not positive"));
    }
    if alternatives > 10 {
        return Err(NotComputable::Unsupported(
            "more than ten alternatives have no table of random consistency".to_owned(),
        ));
    }
    let mut matrix = Matrix::identity(alternatives);
    let mut given = comparisons.iter();
    for i in 0..alternatives {
        for j in i + 1..alternatives {
            let ratio = given.next().copied().unwrap_or(1.0);
            matrix[(i, j)] = ratio;
            matrix[(j, i)] = 1.0 / ratio;
        }
    }
    let n = alternatives as f64;
    let mut weights = vec![1.0 / n; alternatives];
    for _ in 0..10_000 {
        let image = matrix.multiply_vector(&weights)?;
        // The weights sum to one, so the sum of the image is the eigenvalue.
        let eigenvalue: f64 = image.iter().sum();
        let next: Vec<f64> = image.iter().map(|v| v / eigenvalue).collect();
        let moved = next.iter().zip(&weights).map(|(a, b)| (a - b).abs()).fold(0.0_f64, f64::max);
        weights = next;
        if moved < 1e-16 {
            let consistency_index = (eigenvalue - n) / (n - 1.0);
            let consistency_ratio = alternatives
                .checked_sub(3)
                .and_then(|i| RANDOM.get(i))
                .map(|random| consistency_index / random);
            return Ok(Hierarchy { weights, eigenvalue, consistency_index, consistency_ratio });
        }
    }
    Err(NotComputable::NoConvergence { margin: "the principal eigenvector".to_owned() })
}

/// Weights from swings: what the step from the worst to the best is worth, by points, as shares of one.
/// Source: von Winterfeldt and Edwards (1986), § 8.3.
///
/// # Errors
/// `NoRows`; `Invalid` for points that are negative; `ZeroDenominator` when all are zero.
pub fn swing(points: &[f64]) -> Result<Vec<f64>, NotComputable> {
    NotComputable::unless_enough(points.len(), 1)?;
    NotComputable::unless_finite("the points", points)?;
    if points.iter().any(|of| *of < 0.0) {
        return Err(NotComputable::invalid("points are not negative"));
    }
    let all: f64 = points.iter().sum();
    if all == 0.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    Ok(points.iter().map(|of| of / all).collect())
}

/// Weights that sum to one as parts of 10 000 that sum to 10 000 exactly: rounded down, and the rest to the largest remainders,
/// the earlier first.
///
/// # Errors
/// `Invalid` unless the weights are not negative and sum to one.
pub fn basis_points(weights: &[f64]) -> Result<Vec<u32>, NotComputable> {
    NotComputable::unless_finite("the weights", weights)?;
    if weights.iter().any(|of| *of < 0.0) || (weights.iter().sum::<f64>() - 1.0).abs() > 1e-9 {
        return Err(NotComputable::invalid("weights are not negative and sum to one"));
    }
    let mut parts: Vec<u32> = weights.iter().map(|of| (of * 10_000.0).floor() as u32).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    let remainder = |at: &usize| weights.get(*at).map_or(0.0, |of| (of * 10_000.0).fract());
    order.sort_by(|a, b| remainder(b).total_cmp(&remainder(a)).then_with(|| a.cmp(b)));
    let short = 10_000_u32.saturating_sub(parts.iter().sum());
    for at in order.into_iter().take(short as usize) {
        if let Some(part) = parts.get_mut(at) {
            *part += 1;
        }
    }
    Ok(parts)
}

/// A practice and how far it is lived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Practice<'a> {
    /// Its name.
    pub name: &'a str,
    /// Level reached, by the rules of the model.
    pub level: u8,
    /// Pieces of evidence for it.
    pub evidence: usize,
}

/// Maturity of an area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maturity<'a> {
    /// Level of the area.
    pub level: u8,
    /// The practices that hold it there, in the order given.
    pub holding: Vec<&'a str>,
}

/// The lowest level over all required practices; a practice without evidence is at level 0. O(practices).
///
/// Levels are ordered, not spaced, so their mean says nothing: nine practices at 5 and one at 1 are an area at 1.
/// This is how staged models rate (CMMI; Paulk et al. 1993).
///
/// # Errors
/// `NoRows` without a practice.
pub fn maturity<'a>(required: &[Practice<'a>]) -> Result<Maturity<'a>, NotComputable> {
    let shown = |practice: &Practice<'_>| if practice.evidence == 0 { 0 } else { practice.level };
    let level = required.iter().map(shown).min().ok_or(NotComputable::NoRows)?;
    let holding = required.iter().filter(|practice| shown(practice) == level).map(|practice| practice.name);
    Ok(Maturity { level, holding: holding.collect() })
}
