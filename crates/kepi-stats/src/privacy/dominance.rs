//! Primary suppression: which cells say too much about somebody.

use crate::estimate::NotComputable;

/// Why a cell is sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensitive {
    /// Fewer contributors than the least.
    TooFew,
    /// The largest contributors hold too large a share.
    Dominated,
    /// The second largest can estimate the largest too closely.
    TooClose,
}

/// The rules of primary suppression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrimaryRules {
    /// Least number of contributors. Default 5.
    pub least: u64,
    /// Dominance: the largest n may hold at most this share. Default none.
    pub dominance: Option<(usize, f64)>,
    /// p % rule: all but the two largest must add up to at least this share of the largest. Default 0.1.
    pub percent: Option<f64>,
}

impl Default for PrimaryRules {
    fn default() -> Self {
        Self { least: 5, dominance: None, percent: Some(0.1) }
    }
}

/// Whether n contributors dominate: `Σ largest n > k · total`. Source: Cox (1981).
#[must_use]
pub fn dominated(contributions: &[f64], n: usize, share: f64) -> bool {
    let sorted = descending(contributions);
    sorted.iter().take(n).sum::<f64>() > share * sorted.iter().sum::<f64>()
}

/// Whether the p % rule is broken: `total − largest − second < p · largest`. Source: Willenborg and de Waal (2001).
#[must_use]
pub fn too_close(contributions: &[f64], p: f64) -> bool {
    let sorted = descending(contributions);
    let largest = sorted.first().copied().unwrap_or(0.0);
    remainder(contributions) < p * largest
}

/// What all but the two largest contribute.
#[must_use]
pub fn remainder(contributions: &[f64]) -> f64 {
    descending(contributions).iter().skip(2).sum()
}

fn descending(contributions: &[f64]) -> Vec<f64> {
    let mut sorted = contributions.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted
}

/// The first rule a cell breaks, `None` when it may be shown. An empty cell is too few. O(n log n).
///
/// # Errors
/// `Invalid` for negative contributions, `NotFinite`.
pub fn sensitive(contributions: &[f64], rules: &PrimaryRules) -> Result<Option<Sensitive>, NotComputable> {
    NotComputable::unless_finite("a contribution", contributions)?;
    if contributions.iter().any(|c| *c < 0.0) {
        return Err(NotComputable::invalid("a contribution is negative"));
    }
    if (contributions.len() as u64) < rules.least {
        return Ok(Some(Sensitive::TooFew));
    }
    if rules.dominance.is_some_and(|(n, share)| dominated(contributions, n, share)) {
        return Ok(Some(Sensitive::Dominated));
    }
    if rules.percent.is_some_and(|p| too_close(contributions, p)) {
        return Ok(Some(Sensitive::TooClose));
    }
    Ok(None)
}
