//! Whether a question still measures the same: population stability, differential item functioning.

use crate::distribution::{gamma, normal};
use crate::estimate::{Interval, Level, NotComputable};

/// Population stability index `Σ (a − e) ln(a/e)` over bins of two distributions.
///
/// Inputs are counts or shares; each is scaled to one. A bin that is empty on one side only makes the index
/// infinite, so it is an error naming the bin: merge bins, or decide on a floor yourself. Customary reading: below
/// 0.1 stable, above 0.25 shifted (Siddiqi 2006).
pub fn stability_index(expected: &[f64], actual: &[f64]) -> Result<f64, NotComputable> {
    NotComputable::unless_same_length("bins", expected.len(), actual.len())?;
    NotComputable::unless_finite("the bins", expected)?;
    NotComputable::unless_finite("the bins", actual)?;
    let (before, after): (f64, f64) = (expected.iter().sum(), actual.iter().sum());
    if before <= 0.0 || after <= 0.0 {
        return Err(NotComputable::NoRows);
    }
    let mut index = 0.0;
    for (bin, (expected, actual)) in expected.iter().zip(actual).enumerate() {
        let (e, a) = (expected / before, actual / after);
        if e < 0.0 || a < 0.0 {
            return Err(NotComputable::invalid("counts of bins are not negative"));
        }
        match (e == 0.0, a == 0.0) {
            (true, true) => {}
            (false, false) => index += (a - e) * libm::log(a / e),
            _ => return Err(NotComputable::invalid(format!("bin {bin} is empty on one side only"))),
        }
    }
    Ok(index)
}

/// One stratum of a two-by-two comparison: `[[a, b], [c, d]]`, rows are groups, columns outcomes.
pub type TwoByTwo = [[f64; 2]; 2];

/// Result of a Mantel–Haenszel analysis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MantelHaenszel {
    /// Common odds ratio.
    pub odds_ratio: f64,
    /// Its interval, by the variance of Robins, Breslow and Greenland 1986.
    pub interval: Interval,
    /// Chi-square with one degree of freedom.
    pub chi_square: f64,
    /// Its tail probability.
    pub p: f64,
    /// ETS delta, `−2.35 ln(odds ratio)`: beyond ±1.5 is large (Holland and Thayer 1988).
    pub delta: f64,
}

/// Whether chi-square is corrected for continuity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Continuity {
    /// Yes, by one half, as R does by default.
    #[default]
    Corrected,
    /// No.
    Plain,
}

/// Common odds ratio over strata, and the test that it is one.
///
/// For item functioning: strata are levels of the total score, rows reference and focal group, columns right and
/// wrong. Errors: `NoRows`, `ZeroDenominator` when one side never occurs. Source: Mantel and Haenszel 1959.
pub fn mantel_haenszel(
    strata: &[TwoByTwo],
    continuity: Continuity,
    level: Level,
) -> Result<MantelHaenszel, NotComputable> {
    let (mut r, mut s, mut excess, mut variance) = (0.0, 0.0, 0.0, 0.0);
    let (mut pr, mut mixed, mut qs) = (0.0, 0.0, 0.0);
    for [[a, b], [c, d]] in strata {
        let n = a + b + c + d;
        if !n.is_finite() || [a, b, c, d].iter().any(|count| **count < 0.0) {
            return Err(NotComputable::invalid("counts are not negative"));
        }
        if n < 2.0 {
            continue;
        }
        r += a * d / n;
        s += b * c / n;
        let (p, q) = ((a + d) / n, (b + c) / n);
        pr += p * a * d / n;
        mixed += p * b * c / n + q * a * d / n;
        qs += q * b * c / n;
        excess += a - (a + b) * (a + c) / n;
        variance += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1.0));
    }
    if r == 0.0 || s == 0.0 || variance == 0.0 {
        return Err(if strata.is_empty() { NotComputable::NoRows } else { NotComputable::ZeroDenominator });
    }
    let odds_ratio = r / s;
    let error = (pr / (2.0 * r * r) + mixed / (2.0 * r * s) + qs / (2.0 * s * s)).sqrt();
    let half = level.z() * error;
    let log = libm::log(odds_ratio);
    let corrected = match continuity {
        Continuity::Corrected => (excess.abs() - 0.5).max(0.0),
        Continuity::Plain => excess.abs(),
    };
    let chi_square = corrected * corrected / variance;
    Ok(MantelHaenszel {
        odds_ratio,
        interval: Interval::new(libm::exp(log - half), libm::exp(log + half), level),
        chi_square,
        p: gamma::chi_square_above(chi_square, 1.0),
        delta: -2.35 * log,
    })
}

/// Mantel's test for an ordinal item: whether a group answers higher at equal level. Source: Mantel 1963.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrdinalItem {
    /// Chi-square with one degree of freedom.
    pub chi_square: f64,
    /// Its tail probability.
    pub p: f64,
    /// Standardised mean difference, focal less reference, focal group's weights. Source: Dorans and Schmitt 1991.
    pub difference: f64,
    /// Signed deviate.
    pub z: f64,
}

/// Differential functioning of an item with ordered answers.
///
/// Each stratum holds two rows of counts, reference and focal group, over the same answers with `scores`.
/// Errors: `Invalid` for shapes, `NoVariation` when the answers never differ.
pub fn ordinal_item(strata: &[[Vec<f64>; 2]], scores: &[f64]) -> Result<OrdinalItem, NotComputable> {
    NotComputable::unless_enough(strata.len(), 1)?;
    let (mut excess, mut variance, mut difference, mut focal_total) = (0.0, 0.0, 0.0, 0.0);
    for [reference, focal] in strata {
        NotComputable::unless_same_length("answers and scores", reference.len(), scores.len())?;
        NotComputable::unless_same_length("answers and scores", focal.len(), scores.len())?;
        let (nr, nf): (f64, f64) = (reference.iter().sum(), focal.iter().sum());
        let n = nr + nf;
        if nr == 0.0 || nf == 0.0 || n < 2.0 {
            continue;
        }
        let weighted =
            |counts: &[f64]| counts.iter().zip(scores).map(|(count, score)| count * score).sum::<f64>();
        let all: Vec<f64> = reference.iter().zip(focal).map(|(a, b)| a + b).collect();
        let sum = weighted(&all);
        let squares: f64 = all.iter().zip(scores).map(|(count, score)| count * score * score).sum();
        excess += weighted(focal) - nf * sum / n;
        variance += nr * nf * (n * squares - sum * sum) / (n * n * (n - 1.0));
        difference += nf * (weighted(focal) / nf - weighted(reference) / nr);
        focal_total += nf;
    }
    if variance <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let z = excess / variance.sqrt();
    Ok(OrdinalItem { chi_square: z * z, p: normal::two_sided(z), difference: difference / focal_total, z })
}
