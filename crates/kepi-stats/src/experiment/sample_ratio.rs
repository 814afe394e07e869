//! Whether units fell into arms as planned. If not, no effect is shown.

use crate::distribution::gamma;
use crate::estimate::NotComputable;

/// Test of a sample ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleRatio {
    /// Chi-square.
    pub chi_square: f64,
    /// Tail probability with arms − 1 degrees of freedom.
    pub p: f64,
}

/// Probability below which an experiment counts as broken. Source: Fabijan et al. 2019.
pub const BROKEN: f64 = 0.001;

impl SampleRatio {
    /// The result, unless the split is broken: then the reason to show instead of an effect.
    pub fn or_broken(self) -> Result<Self, NotComputable> {
        if self.p < BROKEN {
            Err(NotComputable::Unsupported(format!(
                "units did not fall into arms as planned (p = {:.1e}), so no effect can be trusted",
                self.p
            )))
        } else {
            Ok(self)
        }
    }
}

/// Chi-square test of counts against planned shares (any positive numbers in proportion).
///
/// Errors: `TooFew` below two arms, `Invalid` for shares, `NoRows`.
pub fn test(counts: &[u64], shares: &[f64]) -> Result<SampleRatio, NotComputable> {
    NotComputable::unless_same_length("arms and shares", counts.len(), shares.len())?;
    NotComputable::unless_enough(counts.len(), 2)?;
    if shares.iter().any(|share| !(*share > 0.0 && share.is_finite())) {
        return Err(NotComputable::invalid("planned shares are positive"));
    }
    let total: u64 = counts.iter().sum();
    if total == 0 {
        return Err(NotComputable::NoRows);
    }
    let whole: f64 = shares.iter().sum();
    let chi_square = counts
        .iter()
        .zip(shares)
        .map(|(count, share)| {
            let expected = total as f64 * share / whole;
            (*count as f64 - expected).powi(2) / expected
        })
        .sum();
    Ok(SampleRatio { chi_square, p: gamma::chi_square_above(chi_square, counts.len() as f64 - 1.0) })
}
