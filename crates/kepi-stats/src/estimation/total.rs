//! Counts and sums of everything there is: exact numbers without a sampling error.

use crate::estimate::Estimate;
use crate::exact::scaled;

/// A full count.
pub fn count(n: u64) -> Estimate {
    Estimate::exact(n as f64, n, "a full count has no sampling error")
}

/// A full sum of `n` values in units of `10^−scale`, rounded once to the nearest `f64`.
pub fn sum(sum: i128, scale: u8, n: u64) -> Estimate {
    Estimate::exact(scaled(sum, u32::from(scale)), n, "a full sum has no sampling error")
}
