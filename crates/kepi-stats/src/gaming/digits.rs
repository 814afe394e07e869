//! First digits and heaps of round numbers.

use crate::distribution::{binomial, gamma::chi_square_above};
use crate::estimate::{Estimate, Level, NotComputable};
use crate::estimation::proportion;

/// Nigrini's verdict on the mean absolute deviation of first digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conformity {
    /// Below 0.006.
    Close,
    /// Below 0.012.
    Acceptable,
    /// Below 0.015.
    Marginal,
    /// 0.015 and above.
    None,
}

/// First digits against Benford's law.
#[derive(Debug, Clone, PartialEq)]
pub struct Benford {
    /// How often each first digit 1 to 9 occurs.
    pub counts: [u64; 9],
    /// Mean absolute deviation of the nine shares.
    pub mean_absolute_deviation: f64,
    /// Chi-square statistic, eight degrees of freedom; rejects everything in large samples.
    pub chi_square: f64,
    /// Its p-value.
    pub p_value: f64,
    /// Verdict by mean absolute deviation (Nigrini 2012).
    pub conformity: Conformity,
}

/// Benford's share of a first digit: `log₁₀(1 + 1⁄d)`.
#[must_use]
pub fn benford_share(digit: u8) -> f64 {
    if digit == 0 { 0.0 } else { libm::log10(1.0 + 1.0 / f64::from(digit)) }
}

/// Compares first digits of the magnitudes with Benford's law, zeros left out. O(n).
///
/// Only data that span three orders of magnitude or more can follow it; survey scores never do.
/// Sources: Benford (1938); Nigrini (2012).
///
/// # Errors
/// `TooFew` below 50 values that are not zero; `Unsupported` for a span below three orders of magnitude; `NotFinite`.
pub fn benford(values: &[f64]) -> Result<Benford, NotComputable> {
    NotComputable::unless_finite("a value", values)?;
    let sizes: Vec<f64> = values.iter().map(|v| v.abs()).filter(|v| *v > 0.0).collect();
    NotComputable::unless_enough(sizes.len(), 50)?;
    let (low, high) = sizes.iter().fold((f64::INFINITY, 0.0_f64), |s, v| (s.0.min(*v), s.1.max(*v)));
    if high / low < 1000.0 {
        return Err(NotComputable::Unsupported("values span less than three orders of magnitude".to_owned()));
    }
    let mut counts = [0_u64; 9];
    for size in &sizes {
        if let Some(count) = counts.get_mut(usize::from(first_digit(*size)).wrapping_sub(1)) {
            *count += 1;
        }
    }
    let n = sizes.len() as f64;
    let (mut deviation, mut chi_square) = (0.0, 0.0);
    for (digit, count) in (1_u8..).zip(counts) {
        let expected = benford_share(digit);
        deviation += (count as f64 / n - expected).abs() / 9.0;
        chi_square += (count as f64 - n * expected) * (count as f64 - n * expected) / (n * expected);
    }
    let conformity = match deviation {
        d if d < 0.006 => Conformity::Close,
        d if d < 0.012 => Conformity::Acceptable,
        d if d < 0.015 => Conformity::Marginal,
        _ => Conformity::None,
    };
    Ok(Benford {
        counts,
        mean_absolute_deviation: deviation,
        chi_square,
        p_value: chi_square_above(chi_square, 8.0),
        conformity,
    })
}

/// The leading digit of the shortest decimal that reads back as the number, so 0.3 has digit 3.
fn first_digit(size: f64) -> u8 {
    format!("{size:e}").bytes().next().map_or(0, |b| b.saturating_sub(b'0'))
}

/// Heaping on multiples of a base.
#[derive(Debug, Clone, PartialEq)]
pub struct Heaping {
    /// Share of multiples, with its Wilson interval.
    pub share: Estimate,
    /// 100 when multiples are as common as by chance (1 ⁄ base), 100 · base when there is nothing else.
    pub index: f64,
    /// One-sided exact p-value of no more multiples than by chance.
    pub p_value: f64,
}

/// Whipple's index for any base: minutes on 5, prices on 10. O(n).
///
/// Source: Whipple (1919); United Nations (1955).
///
/// # Errors
/// `NoRows`; `Invalid` for a base below 2.
pub fn heaping(values: &[i64], base: u32, level: Level) -> Result<Heaping, NotComputable> {
    NotComputable::unless_enough(values.len(), 1)?;
    if base < 2 {
        return Err(NotComputable::invalid("heaping needs a base of at least 2"));
    }
    let hits = values.iter().filter(|v| **v % i64::from(base) == 0).count() as u64;
    let n = values.len() as u64;
    let share = proportion::wilson(hits, n, level)?;
    Ok(Heaping {
        index: 100.0 * f64::from(base) * hits as f64 / n as f64,
        share,
        p_value: binomial::at_least(hits, n, 1.0 / f64::from(base)),
    })
}
