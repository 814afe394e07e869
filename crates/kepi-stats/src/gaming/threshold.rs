//! Do values avoid one side of a threshold?
#![expect(clippy::indexing_slicing, reason = "sums have one entry per row of the design that was built here")]

use crate::distribution::{binomial, normal};
use crate::estimate::{Estimate, Level, NotComputable};
use crate::estimation::proportion;
use crate::linear::{Cholesky, Matrix};
use crate::survival::Spell;
use crate::survival::kaplan_meier::{KaplanMeier, Scale};
use crate::survival::log_rank::{Weighting, log_rank};

/// Counts on both sides of a threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Values in `[c − h, c)`.
    pub below: u64,
    /// Values in `[c, c + h)`.
    pub above: u64,
    /// Two-sided exact p-value of equal chances.
    pub p_value: f64,
}

/// The binomial window test: near enough to the threshold, both sides should be equally likely. O(n).
///
/// Valid only where the density is about flat across the window; compare several widths. Source: Cattaneo,
/// Titiunik and Vazquez-Bare (2017).
///
/// # Errors
/// `NoRows` when the window is empty; `NotFinite`; `Invalid` for a width that is not positive.
pub fn binomial_window(values: &[f64], threshold: f64, width: f64) -> Result<Window, NotComputable> {
    NotComputable::unless_finite("a value", values)?;
    if !threshold.is_finite() || width.is_nan() || width <= 0.0 {
        return Err(NotComputable::invalid("a window is positive and a threshold a number"));
    }
    let below = values.iter().filter(|v| **v >= threshold - width && **v < threshold).count() as u64;
    let above = values.iter().filter(|v| **v >= threshold && **v < threshold + width).count() as u64;
    if below + above == 0 {
        return Err(NotComputable::NoRows);
    }
    Ok(Window { below, above, p_value: binomial::two_sided(below, below + above, 0.5) })
}

/// How wide the two sides of the density test reach.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Bandwidth {
    /// `2.58 s n^(−1⁄5)` on both sides, s the smaller of standard deviation and interquartile range ⁄ 1.349: a
    /// normal-reference rule for the triangular kernel. The default.
    #[default]
    NormalReference,
    /// These widths below and above, for instance from another selector.
    Given(f64, f64),
}

/// The density just below and above a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DensityTest {
    /// Density limit from below, per unit of the value.
    pub below: f64,
    /// Density limit from above.
    pub above: f64,
    /// Standardised difference above less below.
    pub z: f64,
    /// Two-sided p-value.
    pub p_value: f64,
    /// Values used below and above.
    pub used: (u64, u64),
    /// Widths used below and above.
    pub bandwidth: (f64, f64),
}

/// The density discontinuity test of Cattaneo, Jansson and Ma (2020).
///
/// The empirical distribution function is fitted on each side by a polynomial of degree three with triangular
/// weights; its slopes at the threshold are the density limits. The variance is that of the projection of the
/// U-statistic behind the fit (their jackknife form). Degree three makes the test robust to the bias of a bandwidth
/// chosen for degree two. O(n log n).
///
/// # Errors
/// `TooFew` unless ten distinct values lie within each width; `NoVariation`, `NotFinite`, `Invalid`.
pub fn density_test(
    values: &[f64],
    threshold: f64,
    bandwidth: Bandwidth,
) -> Result<DensityTest, NotComputable> {
    const DEGREE: usize = 3;
    NotComputable::unless_enough(values.len(), 20)?;
    NotComputable::unless_finite("a value", values)?;
    let mut sorted: Vec<f64> = values.iter().map(|v| v - threshold).collect();
    NotComputable::unless_finite("the threshold", &sorted)?;
    sorted.sort_by(f64::total_cmp);
    let (h_below, h_above) = match bandwidth {
        Bandwidth::Given(below, above) if below > 0.0 && above > 0.0 => (below, above),
        Bandwidth::Given(..) => return Err(NotComputable::invalid("a bandwidth is not positive")),
        Bandwidth::NormalReference => {
            let h = normal_reference(&sorted)?;
            (h, h)
        }
    };
    let n = sorted.len() as f64;
    // Rows within reach: value, distribution function (ties share that of their last), weight, side.
    let mut rows: Vec<(f64, f64, f64)> = Vec::new();
    let mut used = (0_u64, 0_u64);
    let mut done = 0;
    for tied in sorted.chunk_by(|a, b| a == b) {
        let x = tied[0];
        done += tied.len();
        let share = (done - 1) as f64 / (n - 1.0);
        let weight = if x < 0.0 { (1.0 + x / h_below) / h_below } else { (1.0 - x / h_above) / h_above };
        let reach = if x < 0.0 { x >= -h_below } else { x <= h_above };
        if reach {
            rows.extend(std::iter::repeat_n((x, share, weight), tied.len()));
            if x < 0.0 { used.0 += tied.len() as u64 } else { used.1 += tied.len() as u64 }
        }
    }
    let fewest = used.0.min(used.1);
    if fewest < 10 {
        return Err(NotComputable::TooFew { n: fewest, need: 10 });
    }
    let k = 2 * (DEGREE + 1);
    let mut design = Matrix::zeros(rows.len(), k);
    for (i, &(x, _, _)) in rows.iter().enumerate() {
        let (offset, scaled) = if x < 0.0 { (0, x / h_below) } else { (DEGREE + 1, x / h_above) };
        let mut power = 1.0;
        for j in 0..=DEGREE {
            design[(i, offset + j)] = power;
            power *= scaled;
        }
    }
    let weights: Vec<f64> = rows.iter().map(|r| r.2).collect();
    let inverse = Cholesky::new(&design.gram(Some(&weights))?)?.inverse();
    let weighted: Vec<f64> = rows.iter().map(|r| r.1 * r.2).collect();
    let right = design.transpose_multiply_vector(&weighted)?;
    let b = inverse.multiply_vector(&right)?;
    let (below, above) = (b[1] / h_below, b[DEGREE + 2] / h_above);
    // Each observation's influence: the other weighted rows at or beyond it, for it raises the distribution function there.
    let mut meat = Matrix::zeros(k, k);
    let mut tail = vec![0.0; k];
    let mut end = rows.len();
    while end > 0 {
        let x = rows[end - 1].0;
        let start = rows[..end].partition_point(|r| r.0 < x);
        for i in start..end {
            for (j, sum) in tail.iter_mut().enumerate() {
                *sum += design[(i, j)] * weights[i] / (n - 1.0);
            }
        }
        // Tied rows are alike, so leaving out the own one is leaving out the first.
        let others: Vec<f64> = tail
            .iter()
            .enumerate()
            .map(|(j, sum)| sum - design[(start, j)] * weights[start] / (n - 1.0))
            .collect();
        meat.add_outer((end - start) as f64, &others)?;
        end = start;
    }
    let v = inverse.sandwich(&meat)?;
    let (i, j) = (1, DEGREE + 2);
    let variance = v[(i, i)] / (h_below * h_below) + v[(j, j)] / (h_above * h_above)
        - 2.0 * v[(i, j)] / (h_below * h_above);
    if variance.is_nan() || variance <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let z = (above - below) / variance.sqrt();
    Ok(DensityTest { below, above, z, p_value: normal::two_sided(z), used, bandwidth: (h_below, h_above) })
}

fn normal_reference(sorted: &[f64]) -> Result<f64, NotComputable> {
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let deviation = (sorted.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)).sqrt();
    let at = |p: f64| sorted.get((p * (n - 1.0)) as usize).copied().unwrap_or(mean);
    let range = (at(0.75) - at(0.25)) / 1.349;
    let spread = if range > 0.0 { deviation.min(range) } else { deviation };
    if spread > 0.0 { Ok(2.58 * spread * libm::pow(n, -0.2)) } else { Err(NotComputable::NoVariation) }
}

/// A closed case and whether it came back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closure {
    /// Closed shortly before its limit.
    pub near_limit: bool,
    /// Time from closing to reopening, or to the end of watching.
    pub reopening: Spell,
}

/// How often cases closed near their limit come back, against the others.
#[derive(Debug, Clone, PartialEq)]
pub struct ReopenHazard {
    /// Share reopened within the horizon among cases closed near the limit.
    pub near_limit: Estimate,
    /// The same among the others.
    pub elsewhere: Estimate,
    /// Log-rank p-value of equal hazards up to the horizon.
    pub p_value: f64,
}

/// Compares reopening within a horizon (seven days is customary), open cases counted as far as they were watched. O(n log n).
///
/// # Errors
/// `NoRows` when one kind is missing; `TooFew` when nobody was watched up to the horizon; `NoVariation` when nothing reopened.
pub fn reopen_hazard(
    closures: &[Closure],
    horizon: f64,
    level: Level,
) -> Result<ReopenHazard, NotComputable> {
    // What happens after the horizon is out of the question.
    let spells: Vec<Spell> = closures
        .iter()
        .map(|c| if c.reopening.time > horizon { Spell::open(horizon) } else { c.reopening })
        .collect();
    let group: Vec<usize> = closures.iter().map(|c| usize::from(!c.near_limit)).collect();
    let share = |wanted: usize| -> Result<Estimate, NotComputable> {
        let own: Vec<Spell> =
            spells.iter().zip(&group).filter(|(_, g)| **g == wanted).map(|(s, _)| *s).collect();
        let survival = KaplanMeier::new(&own)?.survival(horizon, Scale::LogLog, 1, level)?;
        // Without a reopening the curve has no spread of its own; the exact bound of the count has.
        let interval = match survival.interval {
            Ok(i) => Ok(crate::estimate::Interval { low: 1.0 - i.high, high: 1.0 - i.low, level: i.level }),
            Err(_) => {
                let hits = own.iter().filter(|s| s.event).count() as u64;
                proportion::clopper_pearson(hits, own.len() as u64, level)?.interval
            }
        };
        Ok(Estimate { point: 1.0 - survival.point, interval, ..survival })
    };
    let (near_limit, elsewhere) = (share(0)?, share(1)?);
    let p_value = log_rank(&spells, &group, 2, Weighting::LogRank)?.p_value;
    Ok(ReopenHazard { near_limit, elsewhere, p_value })
}
