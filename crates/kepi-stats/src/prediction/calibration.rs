//! Whether predicted probabilities mean what they say.

use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};
use crate::estimation::proportion;

fn refuse(probability: &[f64], outcome: &[bool]) -> Result<(), NotComputable> {
    NotComputable::unless_same_length("probabilities and outcomes", probability.len(), outcome.len())?;
    NotComputable::unless_enough(probability.len(), 1)?;
    if probability.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return Err(NotComputable::invalid("a probability is outside 0 to 1"));
    }
    Ok(())
}

fn number(outcome: bool) -> f64 {
    f64::from(u8::from(outcome))
}

fn mean_loss(losses: &[f64], level: Level) -> Estimate {
    let n = losses.len() as f64;
    let point = losses.iter().sum::<f64>() / n;
    let squares: f64 = losses.iter().map(|l| (l - point) * (l - point)).sum();
    let interval = if losses.len() < 2 {
        Err(NotComputable::TooFew { n: losses.len() as u64, need: 2 })
    } else {
        Ok(Interval::around(point, level.z() * (squares / (n - 1.0) / n).sqrt(), level))
    };
    Estimate { point, interval, n: losses.len() as u64, effective_n: n, method: Method::NormalMean }
}

/// The Brier score: mean squared distance of probability and outcome; 0 is perfect, 0.25 is a coin. O(n).
///
/// Source: Brier (1950).
///
/// # Errors
/// `NoRows`, `Invalid` for values that are no probabilities.
pub fn brier(probability: &[f64], outcome: &[bool], level: Level) -> Result<Estimate, NotComputable> {
    refuse(probability, outcome)?;
    let losses: Vec<f64> =
        probability.iter().zip(outcome).map(|(p, y)| (p - number(*y)) * (p - number(*y))).collect();
    Ok(mean_loss(&losses, level))
}

/// Mean negative log-likelihood, in nats. O(n).
///
/// # Errors
/// As [`brier`]; `Invalid` when a certainty was wrong, which costs infinitely much.
pub fn log_loss(probability: &[f64], outcome: &[bool], level: Level) -> Result<Estimate, NotComputable> {
    refuse(probability, outcome)?;
    let losses: Vec<f64> = probability
        .iter()
        .zip(outcome)
        .map(|(p, y)| if *y { -libm::log(*p) } else { -libm::log1p(-*p) })
        .collect();
    if losses.iter().any(|l| l.is_infinite()) {
        return Err(NotComputable::invalid("a prediction was certain and wrong"));
    }
    Ok(mean_loss(&losses, level))
}

/// How predictions are sorted into bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bins {
    /// This many intervals of equal width on [0, 1]; the last includes 1.
    EqualWidth(usize),
    /// This many groups of (nearly) equal size by rising prediction; equal predictions may be parted.
    EqualCount(usize),
}

impl Default for Bins {
    /// Ten of equal width.
    fn default() -> Self {
        Self::EqualWidth(10)
    }
}

/// One bin of a reliability diagram.
#[derive(Debug, Clone, PartialEq)]
pub struct Bin {
    /// Mean predicted probability.
    pub predicted: f64,
    /// Observed share with its Wilson interval.
    pub observed: Estimate,
}

impl Bin {
    /// Whether the mean prediction lies inside the interval of what was observed.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.observed.interval.as_ref().is_ok_and(|i| i.low <= self.predicted && self.predicted <= i.high)
    }
}

/// A reliability diagram and its summary.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Bins that hold predictions, from low to high.
    pub bins: Vec<Bin>,
    /// Expected calibration error: mean |observed − predicted| over bins, weighted by size.
    pub expected_error: f64,
    /// The largest such gap.
    pub largest_error: f64,
    /// Mean observed less mean predicted: calibration in the large.
    pub bias: f64,
}

/// Compares predicted and observed shares by bins, O(n log n).
///
/// Source: Naeini, Cooper and Hauskrecht (2015).
///
/// # Errors
/// As [`brier`]; `Invalid` for no bins.
pub fn calibration(
    probability: &[f64],
    outcome: &[bool],
    bins: Bins,
    level: Level,
) -> Result<Calibration, NotComputable> {
    refuse(probability, outcome)?;
    let n = probability.len();
    let (Bins::EqualWidth(count) | Bins::EqualCount(count)) = bins;
    if count == 0 {
        return Err(NotComputable::invalid("at least one bin is needed"));
    }
    let mut pairs: Vec<(f64, bool)> = probability.iter().copied().zip(outcome.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    // Sum of predictions, successes, size.
    let mut cells = vec![(0.0, 0_u64, 0_u64); count];
    for (rank, (p, y)) in pairs.iter().enumerate() {
        let index = match bins {
            Bins::EqualWidth(_) => ((p * count as f64) as usize).min(count - 1),
            Bins::EqualCount(_) => rank * count / n,
        };
        if let Some(cell) = cells.get_mut(index) {
            cell.0 += p;
            cell.1 += u64::from(*y);
            cell.2 += 1;
        }
    }
    let mut result = Calibration { bins: Vec::new(), expected_error: 0.0, largest_error: 0.0, bias: 0.0 };
    for (sum, hits, size) in cells.into_iter().filter(|cell| cell.2 > 0) {
        let bin = Bin { predicted: sum / size as f64, observed: proportion::wilson(hits, size, level)? };
        let gap = hits as f64 / size as f64 - bin.predicted;
        result.expected_error += gap.abs() * size as f64 / n as f64;
        result.largest_error = result.largest_error.max(gap.abs());
        result.bias += gap * size as f64 / n as f64;
        result.bins.push(bin);
    }
    Ok(result)
}

/// The pinball loss of a predicted quantile: `p (y − q)` above, `(1 − p)(q − y)` below, in units of y.
///
/// Source: Koenker and Bassett (1978).
#[must_use]
pub fn pinball(p: f64, y: f64, q: f64) -> f64 {
    if y >= q { p * (y - q) } else { (1.0 - p) * (q - y) }
}
