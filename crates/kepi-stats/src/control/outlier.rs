//! Outliers of a sample: modified z-scores, Grubbs' test, the generalised extreme studentised deviate.

use crate::distribution::student;
use crate::estimate::NotComputable;
use crate::estimation::quantile::median;

/// Modified z-score `0.6745(x − median)/MAD` of every value; beyond 3.5 is an outlier by custom.
///
/// Errors: `NoRows`, `NotFinite`; `NoVariation` when more than half of the values are equal.
/// Source: Iglewicz and Hoaglin 1993.
pub fn modified_z(values: &[f64]) -> Result<Vec<f64>, NotComputable> {
    NotComputable::unless_finite("the values", values)?;
    let centre = median(values).ok_or(NotComputable::NoRows)?;
    let spread = median_absolute_deviation(values).ok_or(NotComputable::NoRows)?;
    if spread == 0.0 {
        return Err(NotComputable::NoVariation);
    }
    Ok(values.iter().map(|value| 0.6745 * (value - centre) / spread).collect())
}

/// Median distance from the median, unscaled; none when empty.
pub fn median_absolute_deviation(values: &[f64]) -> Option<f64> {
    let centre = median(values)?;
    median(&values.iter().map(|value| (value - centre).abs()).collect::<Vec<f64>>())
}

/// One step of the generalised test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExtremeDeviate {
    /// Position of the value removed at this step.
    pub index: usize,
    /// Its deviation from the mean of what was left, in standard deviations.
    pub statistic: f64,
    /// Critical value at this step.
    pub critical: f64,
}

/// The generalised extreme studentised deviate test.
#[derive(Debug, Clone, PartialEq)]
pub struct Gesd {
    /// All steps, as many as were asked for.
    pub steps: Vec<ExtremeDeviate>,
    /// Positions of the outliers, most extreme first.
    pub outliers: Vec<usize>,
}

/// Tests for up to `most` outliers at once: removes the most extreme value `most` times and takes the last step
/// whose statistic exceeds its critical value, so that two outliers cannot hide each other.
///
/// Errors: `TooFew` unless `most + 2` values are left, `NoVariation`, `Invalid` for α outside (0, 1).
/// O(most · n). Source: Rosner 1983; wants n ≥ 25.
pub fn gesd(values: &[f64], most: usize, alpha: f64) -> Result<Gesd, NotComputable> {
    NotComputable::unless_finite("the values", values)?;
    NotComputable::unless_enough(values.len(), most + 2)?;
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(NotComputable::invalid("a level of a test lies between 0 and 1"));
    }
    let n = values.len() as f64;
    let mut left: Vec<(usize, f64)> = values.iter().copied().enumerate().collect();
    let mut steps = Vec::with_capacity(most);
    for step in 1..=most {
        let (mean, deviation) = moments(left.iter().map(|pair| pair.1));
        if deviation == 0.0 {
            return Err(NotComputable::NoVariation);
        }
        let Some((position, (index, value))) = left
            .iter()
            .copied()
            .enumerate()
            .max_by(|a, b| (a.1.1 - mean).abs().total_cmp(&(b.1.1 - mean).abs()).then(b.0.cmp(&a.0)))
        else {
            break;
        };
        let step = step as f64;
        let tail = alpha / (2.0 * (n - step + 1.0));
        let t = -student::quantile(tail, n - step - 1.0);
        let critical = (n - step) * t / ((n - step - 1.0 + t * t) * (n - step + 1.0)).sqrt();
        steps.push(ExtremeDeviate { index, statistic: (value - mean).abs() / deviation, critical });
        left.remove(position);
    }
    let found = steps.iter().rposition(|step| step.statistic > step.critical).map_or(0, |last| last + 1);
    let outliers = steps.iter().take(found).map(|step| step.index).collect();
    Ok(Gesd { steps, outliers })
}

/// Which side Grubbs' test looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// The most extreme value on either side.
    #[default]
    Either,
    /// The largest value.
    High,
    /// The smallest value.
    Low,
}

/// Grubbs' test of the single most extreme value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grubbs {
    /// Position of the value tested.
    pub index: usize,
    /// Its deviation from the mean in standard deviations.
    pub statistic: f64,
    /// Critical value.
    pub critical: f64,
}

/// Tests one outlier; normal values assumed. Errors: `TooFew` below three, `NoVariation`. Source: Grubbs 1969.
pub fn grubbs(values: &[f64], side: Side, alpha: f64) -> Result<Grubbs, NotComputable> {
    NotComputable::unless_finite("the values", values)?;
    NotComputable::unless_enough(values.len(), 3)?;
    let (mean, deviation) = moments(values.iter().copied());
    if deviation == 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let signed = |value: f64| match side {
        Side::Either => (value - mean).abs(),
        Side::High => value - mean,
        Side::Low => mean - value,
    };
    let (index, distance) = values
        .iter()
        .map(|value| signed(*value))
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
        .ok_or(NotComputable::NoRows)?;
    let n = values.len() as f64;
    let tail = if side == Side::Either { alpha / (2.0 * n) } else { alpha / n };
    let t = -student::quantile(tail, n - 2.0);
    let critical = (n - 1.0) / n.sqrt() * (t * t / (n - 2.0 + t * t)).sqrt();
    Ok(Grubbs { index, statistic: distance / deviation, critical })
}

fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}
