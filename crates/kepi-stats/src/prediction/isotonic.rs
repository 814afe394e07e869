//! Isotonic regression by pooling adjacent violators.
#![expect(clippy::indexing_slicing, reason = "knots are never empty and indices come from a search in them")]

use crate::estimate::NotComputable;

/// The non-decreasing sequence nearest to `y` in weighted squares, O(n).
///
/// Source: Ayer et al. (1955); Barlow et al. (1972).
///
/// # Errors
/// `NoRows`, `NotFinite`, `Invalid` for weights that are not positive or other lengths.
pub fn isotonic(y: &[f64], weights: Option<&[f64]>) -> Result<Vec<f64>, NotComputable> {
    NotComputable::unless_enough(y.len(), 1)?;
    NotComputable::unless_finite("a value", y)?;
    if let Some(w) = weights {
        NotComputable::unless_same_length("values and weights", y.len(), w.len())?;
        if w.iter().any(|v| !v.is_finite() || *v <= 0.0) {
            return Err(NotComputable::invalid("a weight is not positive"));
        }
    }
    // Blocks of mean, weight and length.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (i, value) in y.iter().enumerate() {
        let mut block = (*value, weights.map_or(1.0, |w| w[i]), 1);
        while let Some(&last) = blocks.last() {
            if last.0 <= block.0 {
                break;
            }
            blocks.pop();
            let weight = last.1 + block.1;
            block = ((last.0 * last.1 + block.0 * block.1) / weight, weight, last.2 + block.2);
        }
        blocks.push(block);
    }
    Ok(blocks.iter().flat_map(|b| std::iter::repeat_n(b.0, b.2)).collect())
}

/// A monotone map from scores to probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct IsotonicCalibrator {
    /// Scores where the map has a knot, ascending.
    scores: Vec<f64>,
    /// Its value there.
    values: Vec<f64>,
}

impl IsotonicCalibrator {
    /// Learns the map from scores and outcomes, O(n log n). Equal scores are pooled first.
    ///
    /// Source: Zadrozny and Elkan (2002).
    ///
    /// # Errors
    /// `NoRows`, `NotFinite`, `Invalid`.
    pub fn fit(score: &[f64], outcome: &[bool]) -> Result<Self, NotComputable> {
        NotComputable::unless_same_length("scores and outcomes", score.len(), outcome.len())?;
        NotComputable::unless_enough(score.len(), 1)?;
        NotComputable::unless_finite("a score", score)?;
        let mut pairs: Vec<(f64, bool)> = score.iter().copied().zip(outcome.iter().copied()).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut scores, mut shares, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        for tied in pairs.chunk_by(|a, b| a.0 == b.0) {
            scores.push(tied[0].0);
            sizes.push(tied.len() as f64);
            shares.push(tied.iter().filter(|p| p.1).count() as f64 / tied.len() as f64);
        }
        let values = isotonic(&shares, Some(&sizes))?;
        Ok(Self { scores, values })
    }

    /// The calibrated probability of a score: linear between knots, constant beyond them.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        let after = self.scores.partition_point(|s| *s < score);
        if after == 0 {
            return self.values[0];
        }
        if after == self.scores.len() {
            return self.values[after - 1];
        }
        let (x0, x1) = (self.scores[after - 1], self.scores[after]);
        let share = (score - x0) / (x1 - x0);
        self.values[after - 1] + share * (self.values[after] - self.values[after - 1])
    }
}
