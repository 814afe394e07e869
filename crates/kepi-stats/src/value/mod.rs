//! What customers will still buy: repeat purchases, survival of the relation, spend and contracts renewed.

pub mod bg_nbd;
pub mod gamma_gamma;
pub mod lifetime;
pub mod pareto_nbd;
pub mod shifted_beta_geometric;
pub mod special;

use crate::estimate::NotComputable;

/// A customer's purchase history, summarised. Times share one unit, such as weeks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct History {
    /// Purchases after the first one.
    pub repeats: u32,
    /// Time from the first to the last purchase; 0 without repeats.
    pub last: f64,
    /// Time from the first purchase to now.
    pub age: f64,
}

pub(crate) fn check(histories: &[History]) -> Result<(), NotComputable> {
    NotComputable::unless_enough(histories.len(), 5)?;
    for (row, h) in histories.iter().enumerate() {
        if !h.last.is_finite() || !h.age.is_finite() {
            return Err(NotComputable::NotFinite { what: format!("history {row}") });
        }
        if h.last < 0.0 || h.age < h.last || h.age <= 0.0 || (h.repeats == 0) != (h.last == 0.0) {
            return Err(NotComputable::Invalid(format!(
                "history {row} contradicts itself: {} repeats, the last after {}, watched for {}",
                h.repeats, h.last, h.age
            )));
        }
    }
    if histories.iter().all(|h| h.repeats == 0) {
        return Err(NotComputable::NoVariation);
    }
    Ok(())
}

pub(crate) fn mean_age(histories: &[History]) -> f64 {
    histories.iter().map(|h| h.age).sum::<f64>() / histories.len() as f64
}

/// The distinct histories with their counts, sorted by repeats, age and last purchase, and times divided by `unit`.
pub(crate) fn distinct(histories: &[History], unit: f64) -> Vec<(f64, History)> {
    let mut sorted = histories.to_vec();
    sorted.sort_unstable_by(|a, b| {
        a.repeats.cmp(&b.repeats).then(a.age.total_cmp(&b.age)).then(a.last.total_cmp(&b.last))
    });
    let scaled = |same: &[History]| {
        let first = same.first()?;
        Some((same.len() as f64, History { last: first.last / unit, age: first.age / unit, ..*first }))
    };
    sorted.chunk_by(|a, b| a == b).filter_map(scaled).collect()
}

/// Expected purchases of successive periods, discounted to now: `Σ (E(iL) − E((i−1)L)) ⁄ (1 + d)^i`.
///
/// `expected` gives purchases up to a time from now; `length` is a period in the unit of the histories, `discount` the
/// rate per period. Multiply by spend per purchase and margin for a customer lifetime value. O(periods).
///
/// # Errors
/// What `expected` returns; `Invalid` for a length that is not positive or a discount of −1 or less.
pub fn discounted_purchases(
    expected: impl Fn(f64) -> Result<f64, NotComputable>,
    periods: u32,
    length: f64,
    discount: f64,
) -> Result<f64, NotComputable> {
    if length.is_nan() || length <= 0.0 || discount.is_nan() || discount <= -1.0 {
        return Err(NotComputable::invalid("a period is positive and a discount above -1"));
    }
    let (mut sum, mut before, mut factor) = (0.0, 0.0, 1.0);
    for period in 1..=periods {
        let until = expected(length * f64::from(period))?;
        factor /= 1.0 + discount;
        sum += (until - before) * factor;
        before = until;
    }
    Ok(sum)
}
