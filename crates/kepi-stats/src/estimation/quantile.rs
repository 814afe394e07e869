//! Quantiles of histograms with order-statistic intervals.

use crate::distribution::binomial;
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::exact::scaled;

/// How values are taken to lie inside a bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spacing {
    /// Every value equals the lower edge of its bin: scales of whole points. The histogram is exact.
    Points,
    /// Evenly over the bin.
    #[default]
    Linear,
    /// Evenly over the logarithm; bins that touch zero or less fall back to linear.
    Logarithmic,
}

/// Quantile `q` (millionths) of a histogram.
///
/// Bin `i` holds `counts[i]` values in `[edges[i], edges[i+1])`; edges are in units of `10^−scale`. The point is the
/// value that a share `q` lies below (for `Points` the smallest value with at least that share at or below it).
/// The interval takes the order statistics `k_low`, `k_high` with `P(B < k_low) ≤ α/2` and `P(B ≥ k_high) ≤ α/2`,
/// `B ~ Bin(n, q)`. Of a value no more is known than its bin, so the interval runs from the lower edge of the bin of the
/// one to the upper edge of the bin of the other (for `Points` from the one to the other): it covers however values lie
/// within their bins, and is never finer than those.
/// Errors: `NoRows`, `Invalid` for edges that do not fit. Too few values for a bound at this level: the interval
/// is `TooFew` with the n needed. Source: David and Nagaraja 2003, § 7.1. O(bins + log n).
pub fn from_histogram(
    counts: &[u64],
    edges: &[i64],
    q_millionths: u32,
    spacing: Spacing,
    scale: u8,
    level: Level,
) -> Result<Estimate, NotComputable> {
    if edges.len() != counts.len() + 1 {
        return Err(NotComputable::invalid(format!("{} bins need {} edges", counts.len(), counts.len() + 1)));
    }
    if edges.iter().zip(edges.iter().skip(1)).any(|(low, high)| low >= high) {
        return Err(NotComputable::invalid("edges of bins rise"));
    }
    if q_millionths == 0 || q_millionths >= 1_000_000 {
        return Err(NotComputable::invalid("a quantile lies strictly between 0 and 1"));
    }
    let n: u64 = counts.iter().sum();
    if n == 0 {
        return Err(NotComputable::NoRows);
    }
    let q = f64::from(q_millionths) / 1e6;
    let place = |rank: f64| locate(counts, edges, rank, spacing, scale);
    let point = place(q * n as f64).ok_or(NotComputable::NoRows)?;
    let end = |rank: u64, upper: bool| {
        let bin = bin_of(counts, edges, rank as f64 - 0.5)?;
        let edge = if upper && spacing != Spacing::Points { bin.high } else { bin.low };
        Some(scaled(i128::from(edge), u32::from(scale)))
    };
    let interval = ranks(n, q, level)
        .and_then(|(low, high)| Some((end(low, false)?, end(high, true)?)))
        .map(|(low, high)| Interval::new(low, high, level))
        .ok_or(NotComputable::TooFew { n, need: needed(q, level) });
    Ok(Estimate { point, interval, n, effective_n: n as f64, method: Method::HistogramQuantile })
}

/// Quantile of a sample with the order-statistic interval; the point interpolates as R's type 7.
///
/// Errors: `NoRows`, `NotFinite`, `Invalid` for `q` outside (0, 1). O(n log n).
pub fn from_sample(values: &[f64], q: f64, level: Level) -> Result<Estimate, NotComputable> {
    NotComputable::unless_enough(values.len(), 1)?;
    NotComputable::unless_finite("the sample", values)?;
    if !(q > 0.0 && q < 1.0) {
        return Err(NotComputable::invalid("a quantile lies strictly between 0 and 1"));
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as u64;
    let point = sorted_quantile(&sorted, q).ok_or(NotComputable::NoRows)?;
    let at = |rank: u64| sorted.get(rank as usize - 1).copied();
    let interval = ranks(n, q, level)
        .and_then(|(low, high)| Some(Interval::new(at(low)?, at(high)?, level)))
        .ok_or(NotComputable::TooFew { n, need: needed(q, level) });
    Ok(Estimate { point, interval, n, effective_n: n as f64, method: Method::SampleQuantile })
}

/// Linear interpolation of order statistics at `(n − 1)q` (type 7 of Hyndman and Fan 1996); none when empty.
pub fn sorted_quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let position = q * (sorted.len().checked_sub(1)? as f64);
    let lower = *sorted.get(position.floor() as usize)?;
    let upper = sorted.get(position.floor() as usize + 1).copied().unwrap_or(lower);
    Some(lower + (position - position.floor()) * (upper - lower))
}

/// Median of unsorted values; none when empty.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted_quantile(&sorted, 0.5)
}

/// The ranks of the order statistics that bound the quantile, both in 1..=n.
fn ranks(n: u64, q: f64, level: Level) -> Option<(u64, u64)> {
    let tail = 0.5 * level.alpha();
    // Largest k with P(B ≤ k − 1) ≤ α/2, by bisection over a monotone function.
    let (mut low, mut high) = (0_u64, n + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if binomial::at_most(middle - 1, n, q) <= tail { low = middle } else { high = middle }
    }
    let lower = low;
    // Smallest k with P(B ≥ k) ≤ α/2.
    let (mut low, mut high) = (0_u64, n + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if binomial::at_least(middle, n, q) <= tail { high = middle } else { low = middle }
    }
    (lower >= 1 && high <= n).then_some((lower, high))
}

/// The smallest n for which both bounds exist: the rarer side decides.
fn needed(q: f64, level: Level) -> u64 {
    let tail = libm::log(0.5 * level.alpha());
    let lower = tail / libm::log1p(-q);
    let upper = tail / libm::log(q);
    lower.max(upper).ceil() as u64
}

/// A bin that is not empty.
struct Bin {
    /// Counts in the bins before it.
    before: u64,
    count: u64,
    low: i64,
    high: i64,
}

/// The bin in which `rank` counts are reached.
fn bin_of(counts: &[u64], edges: &[i64], rank: f64) -> Option<Bin> {
    let mut before = 0_u64;
    let mut last = None;
    for (count, pair) in counts.iter().zip(edges.windows(2)) {
        let &[low, high] = pair else { continue };
        if *count == 0 {
            continue;
        }
        last = Some(Bin { before, count: *count, low, high });
        // Counts stay below 2^53, so the comparison is exact.
        if rank <= (before + count) as f64 {
            break;
        }
        before += count;
    }
    last
}

/// The value below which `rank` counts lie.
fn locate(counts: &[u64], edges: &[i64], rank: f64, spacing: Spacing, scale: u8) -> Option<f64> {
    let Bin { before, count, low, high } = bin_of(counts, edges, rank)?;
    let share = ((rank - before as f64) / count as f64).clamp(0.0, 1.0);
    let decimals = u32::from(scale);
    let (low, high) = (scaled(i128::from(low), decimals), scaled(i128::from(high), decimals));
    Some(match spacing {
        Spacing::Points => low,
        Spacing::Logarithmic if low > 0.0 => low * libm::exp(share * libm::log(high / low)),
        Spacing::Linear | Spacing::Logarithmic => low + share * (high - low),
    })
}
