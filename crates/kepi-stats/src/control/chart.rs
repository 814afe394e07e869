//! Control charts: individuals, proportions, rates, counts, and the charts with memory.

use std::ops::Range;

use crate::distribution::normal;
use crate::estimate::NotComputable;

/// One point of a chart, in the units of the statistic drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartPoint {
    /// The value drawn.
    pub value: f64,
    /// Lower control limit.
    pub low: f64,
    /// Upper control limit.
    pub high: f64,
    /// Standard deviation about the centre line.
    pub sigma: f64,
}

impl ChartPoint {
    /// Whether the value lies beyond its limits.
    pub fn outside(&self) -> bool {
        self.value < self.low || self.value > self.high
    }
}

/// A chart with limits from a baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Centre line.
    pub centre: f64,
    /// Points in the order given.
    pub points: Vec<ChartPoint>,
    /// What the limits rest on.
    pub spread: Spread,
}

impl Chart {
    /// Positions beyond the limits, from zero.
    pub fn outside(&self) -> Vec<usize> {
        self.points.iter().enumerate().filter(|(_, point)| point.outside()).map(|(index, _)| index).collect()
    }
}

/// Where the width of a chart's limits comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// Standard deviation from the mean moving range.
    MovingRange {
        /// Mean moving range.
        mean_range: f64,
        /// Standard deviation.
        sigma: f64,
    },
    /// Theoretical spread of a count or proportion.
    Theoretical,
    /// Theoretical spread times what neighbours differ beyond it (Laney).
    Inflated {
        /// The factor σ_z; above 1 means over-dispersion.
        factor: f64,
    },
    /// A standard deviation that was given.
    Given {
        /// Standard deviation.
        sigma: f64,
    },
}

/// Convention of `d₂`, the expected range of two standard normal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RangeConstant {
    /// 1.128, as printed in tables and used by other tools.
    #[default]
    Customary,
    /// 2/√π = 1.12837916….
    Exact,
}

impl RangeConstant {
    fn value(self) -> f64 {
        match self {
            Self::Customary => 1.128,
            Self::Exact => std::f64::consts::FRAC_2_SQRT_PI,
        }
    }
}

/// Expected range of `n` standard normal values, `∫ 1 − Φⁿ − (1 − Φ)ⁿ`, by Simpson's rule to about 10⁻¹².
pub fn expected_range(n: u32) -> f64 {
    let steps = 4800;
    let width = 24.0 / f64::from(steps);
    let mut sum = 0.0;
    for step in 0..=steps {
        let x = -12.0 + width * f64::from(step);
        let value =
            1.0 - libm::pow(normal::below(x), f64::from(n)) - libm::pow(normal::above(x), f64::from(n));
        let factor = if step == 0 || step == steps {
            1.0
        } else if step % 2 == 1 {
            4.0
        } else {
            2.0
        };
        sum += factor * value;
    }
    sum * width / 3.0
}

/// Bias of the standard deviation of `n` normal values: `c₄ = √(2/(n−1))·Γ(n/2)/Γ((n−1)/2)`.
pub fn deviation_bias(n: u32) -> f64 {
    let n = f64::from(n);
    (2.0 / (n - 1.0)).sqrt() * libm::exp(libm::lgamma(0.5 * n) - libm::lgamma(0.5 * (n - 1.0)))
}

/// Individuals chart (XmR): `x̄ ± 3·MR̄/d₂`.
///
/// Centre and limits come from `baseline`, a frozen stretch known to be undisturbed, or from everything. The moving
/// range keeps a shift from widening its own limits. Errors: `TooFew` below two baseline values, `NoVariation`,
/// `NotFinite`. Source: Shewhart 1931; Wheeler 1993.
pub fn individuals(
    values: &[f64],
    baseline: Option<Range<usize>>,
    constant: RangeConstant,
) -> Result<Chart, NotComputable> {
    NotComputable::unless_finite("the values", values)?;
    let base = slice(values, baseline)?;
    NotComputable::unless_enough(base.len(), 2)?;
    let centre = base.iter().sum::<f64>() / base.len() as f64;
    let mean_range = mean_moving_range(base);
    if mean_range == 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let sigma = mean_range / constant.value();
    let points = values.iter().map(|value| ChartPoint {
        value: *value,
        low: centre - 3.0 * sigma,
        high: centre + 3.0 * sigma,
        sigma,
    });
    Ok(Chart { centre, points: points.collect(), spread: Spread::MovingRange { mean_range, sigma } })
}

/// Upper limit of the moving ranges of an individuals chart: `3.267·MR̄` (`D₄` for two).
pub fn moving_range_limit(mean_range: f64) -> f64 {
    3.267 * mean_range
}

/// Counts out of a number at risk: p chart, limits `p̄ ± 3√(p̄(1−p̄)/n_i)` cut to [0, 1].
///
/// `p̄` pools the baseline: Σcounts/Σsizes. Errors: `NoRows`, `Invalid` when a count exceeds its size.
pub fn proportions(
    counts: &[u64],
    sizes: &[u64],
    baseline: Option<Range<usize>>,
    dispersion: Dispersion,
) -> Result<Chart, NotComputable> {
    NotComputable::unless_same_length("counts and sizes", counts.len(), sizes.len())?;
    if counts.iter().zip(sizes).any(|(count, size)| count > size || *size == 0) {
        return Err(NotComputable::invalid("a count lies between 0 and its size, which is not 0"));
    }
    let exposures: Vec<f64> = sizes.iter().map(|size| *size as f64).collect();
    attributes(counts, &exposures, baseline, dispersion, |centre| centre * (1.0 - centre), 1.0)
}

/// Events per exposure: u chart, limits `ū ± 3√(ū/e_i)`, not below 0.
pub fn rates(
    counts: &[u64],
    exposures: &[f64],
    baseline: Option<Range<usize>>,
    dispersion: Dispersion,
) -> Result<Chart, NotComputable> {
    NotComputable::unless_same_length("counts and exposures", counts.len(), exposures.len())?;
    NotComputable::unless_finite("the exposures", exposures)?;
    if exposures.iter().any(|exposure| *exposure <= 0.0) {
        return Err(NotComputable::invalid("an exposure is positive"));
    }
    attributes(counts, exposures, baseline, dispersion, |centre| centre, f64::INFINITY)
}

/// Events per equal period: c chart, limits `c̄ ± 3√c̄`, not below 0.
pub fn counts(counts: &[u64], baseline: Option<Range<usize>>) -> Result<Chart, NotComputable> {
    rates(counts, &vec![1.0; counts.len()], baseline, Dispersion::Theoretical)
}

/// Whether the limits of a p or u chart trust the binomial or Poisson spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dispersion {
    /// Trust it: fine for small sizes.
    #[default]
    Theoretical,
    /// Multiply by the spread of neighbouring z-scores, `MR̄(z)/1.128`: p′ and u′ charts, for large sizes whose real
    /// spread exceeds theory. Source: Laney 2002.
    Laney,
}

fn attributes(
    counts: &[u64],
    exposures: &[f64],
    baseline: Option<Range<usize>>,
    dispersion: Dispersion,
    variance: impl Fn(f64) -> f64,
    top: f64,
) -> Result<Chart, NotComputable> {
    let range = baseline.unwrap_or(0..counts.len());
    let base_counts = counts.get(range.clone()).ok_or_else(outside_baseline)?;
    let base_exposures = exposures.get(range.clone()).ok_or_else(outside_baseline)?;
    NotComputable::unless_enough(base_counts.len(), 1)?;
    let centre =
        base_counts.iter().map(|count| *count as f64).sum::<f64>() / base_exposures.iter().sum::<f64>();
    let unit = variance(centre).sqrt();
    if unit == 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let factor = match dispersion {
        Dispersion::Theoretical => 1.0,
        Dispersion::Laney => {
            NotComputable::unless_enough(base_counts.len(), 2)?;
            let deviates: Vec<f64> = base_counts
                .iter()
                .zip(base_exposures)
                .map(|(count, exposure)| (*count as f64 / exposure - centre) / (unit / exposure.sqrt()))
                .collect();
            mean_moving_range(&deviates) / RangeConstant::Customary.value()
        }
    };
    let points = counts
        .iter()
        .zip(exposures)
        .map(|(count, exposure)| {
            let sigma = factor * unit / exposure.sqrt();
            let half = 3.0 * sigma;
            ChartPoint {
                value: *count as f64 / exposure,
                low: (centre - half).max(0.0),
                high: (centre + half).min(top),
                sigma,
            }
        })
        .collect();
    let spread = match dispersion {
        Dispersion::Theoretical => Spread::Theoretical,
        Dispersion::Laney => Spread::Inflated { factor },
    };
    Ok(Chart { centre, points, spread })
}

/// Limits of an EWMA chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EwmaLimits {
    /// As they are after many points.
    #[default]
    Asymptotic,
    /// Narrower at the start: `√(1 − (1 − λ)^2t)`.
    Exact,
}

/// Exponentially weighted moving average `z_t = λx_t + (1 − λ)z_{t−1}`, from `z₀ = target`; limits
/// `target ± width·σ·√(λ/(2 − λ))`.
///
/// Small persistent shifts show here before they show on the individuals chart. Points start at t = 1. Customary
/// choices: λ 0.3 (0.05 to 0.3), width 3. Errors: `Invalid` for λ outside (0, 1] or σ not positive.
/// Source: Roberts 1959; Lucas and Saccucci 1990.
pub fn ewma(
    values: &[f64],
    target: f64,
    sigma: f64,
    lambda: f64,
    width: f64,
    limits: EwmaLimits,
) -> Result<Chart, NotComputable> {
    NotComputable::unless_enough(values.len(), 1)?;
    NotComputable::unless_finite("the values", values)?;
    if !(lambda > 0.0 && lambda <= 1.0 && sigma > 0.0 && width > 0.0 && target.is_finite()) {
        return Err(NotComputable::invalid("an EWMA needs lambda in (0, 1] and a positive sigma and width"));
    }
    let steady = width * sigma * (lambda / (2.0 - lambda)).sqrt();
    let mut average = target;
    let points = values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            average = lambda * value + (1.0 - lambda) * average;
            let half = match limits {
                EwmaLimits::Asymptotic => steady,
                EwmaLimits::Exact => {
                    let age = 2.0 * (index as f64 + 1.0);
                    steady * (1.0 - libm::pow(1.0 - lambda, age)).sqrt()
                }
            };
            ChartPoint { value: average, low: target - half, high: target + half, sigma: half / width }
        })
        .collect();
    Ok(Chart { centre: target, points, spread: Spread::Given { sigma } })
}

/// A tabular CUSUM.
#[derive(Debug, Clone, PartialEq)]
pub struct Cusum {
    /// Upper and lower sums after each value.
    pub sums: Vec<(f64, f64)>,
    /// Position of the first value at which a sum exceeds the decision limit.
    pub signal: Option<usize>,
    /// Where the shift probably began: the value after the signalling sum was last zero.
    pub start: Option<usize>,
}

/// Tabular CUSUM: `C⁺ = max(0, C⁺ + x − target − k)`, `C⁻ = max(0, C⁻ + target − k − x)`, signal beyond `h`.
///
/// `allowance` k and `decision` h are in the units of the values; half and four to five standard deviations find a
/// shift of one. Source: Page 1954.
pub fn cusum(values: &[f64], target: f64, allowance: f64, decision: f64) -> Result<Cusum, NotComputable> {
    NotComputable::unless_enough(values.len(), 1)?;
    NotComputable::unless_finite("the values", values)?;
    if !(allowance >= 0.0 && decision > 0.0 && target.is_finite()) {
        return Err(NotComputable::invalid("a CUSUM needs an allowance of at least 0 and a positive limit"));
    }
    let (mut high, mut low) = (0.0_f64, 0.0_f64);
    let (mut high_start, mut low_start) = (0, 0);
    let (mut signal, mut start) = (None, None);
    let mut sums = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        high = (high + value - target - allowance).max(0.0);
        low = (low + target - allowance - value).max(0.0);
        if high == 0.0 {
            high_start = index + 1;
        }
        if low == 0.0 {
            low_start = index + 1;
        }
        if signal.is_none() && (high > decision || low > decision) {
            signal = Some(index);
            start = Some(if high > decision { high_start } else { low_start });
        }
        sums.push((high, low));
    }
    Ok(Cusum { sums, signal, start })
}

/// The greatest factor σ_z of a chart of so many points that is within chance, at this level, where nothing spreads beyond theory. Of normal
/// deviates `MR̄/d₂` has the mean 1 and the variance `(0.8264·n − 1.082)/(n − 1)²` (Cryer and Ryan 1990).
pub fn greatest_factor(points: usize, level: f64) -> f64 {
    let n = points as f64;
    1.0 - normal::quantile(level) * (0.8264 * n - 1.082).max(0.0).sqrt() / (n - 1.0).max(1.0)
}

fn mean_moving_range(values: &[f64]) -> f64 {
    let ranges = values.iter().zip(values.iter().skip(1)).map(|(before, after)| (after - before).abs());
    ranges.sum::<f64>() / (values.len() as f64 - 1.0)
}

fn slice(values: &[f64], baseline: Option<Range<usize>>) -> Result<&[f64], NotComputable> {
    match baseline {
        None => Ok(values),
        Some(range) => values.get(range).ok_or_else(outside_baseline),
    }
}

fn outside_baseline() -> NotComputable {
    NotComputable::invalid("the baseline lies outside the values")
}
