//! Bursts of invitations or closures.

use crate::distribution::binomial;
use crate::estimate::NotComputable;
use crate::multiplicity::{Adjustment, adjust};

/// A period with its count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    /// Events in the period.
    pub count: u64,
    /// What the count is proportional to: days, open cases, customers. Positive.
    pub exposure: f64,
}

/// One period judged against the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    /// Events the other periods lead one to expect.
    pub expected: f64,
    /// Probability of as many or more, given the total.
    pub p_value: f64,
    /// The same corrected for the number of periods (Holm).
    pub adjusted: f64,
}

/// Tests every period for more Poisson events than the others suggest, O(periods log periods).
///
/// Given the total, a period's count is binomial with its share of the exposure: an exact test without a plugged-in
/// rate (Przyborowski and Wilenski 1940). Over-dispersed counts need a control chart instead.
///
/// # Errors
/// `TooFew` below two periods; `Invalid` for exposure that is not positive; `NoVariation` without any event.
pub fn poisson_spikes(periods: &[Period]) -> Result<Vec<Spike>, NotComputable> {
    NotComputable::unless_enough(periods.len(), 2)?;
    if periods.iter().any(|p| !p.exposure.is_finite() || p.exposure <= 0.0) {
        return Err(NotComputable::invalid("an exposure is not positive"));
    }
    let total: u64 = periods.iter().map(|p| p.count).sum();
    if total == 0 {
        return Err(NotComputable::NoVariation);
    }
    let exposure: f64 = periods.iter().map(|p| p.exposure).sum();
    let p_values: Vec<f64> =
        periods.iter().map(|p| binomial::at_least(p.count, total, p.exposure / exposure)).collect();
    let adjusted = adjust(&p_values, Adjustment::Holm)?;
    Ok(periods
        .iter()
        .zip(p_values.iter().zip(&adjusted))
        .map(|(p, (&p_value, &adjusted))| Spike {
            expected: (total - p.count) as f64 / (exposure - p.exposure) * p.exposure,
            p_value,
            adjusted,
        })
        .collect())
}
