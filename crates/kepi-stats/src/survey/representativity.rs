//! How far those who answered stand for those who were asked.

use crate::estimate::NotComputable;

/// Representativity of a response.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Representativity {
    /// Mean response propensity.
    pub mean: f64,
    /// Standard deviation of the propensities.
    pub deviation: f64,
    /// `R = 1 − 2S(ρ̂)`: 1 when everyone is equally likely to answer.
    pub indicator: f64,
    /// Largest bias of a mean, in standard deviations of the answer: `S(ρ̂)/ρ̄`.
    pub largest_bias: f64,
}

/// R-indicator from estimated propensities of everyone invited, answered or not.
///
/// `weights` are design weights, or `None` for equal ones; the deviation uses n − 1. Errors: `TooFew` below two,
/// `Invalid` for a propensity outside [0, 1], `ZeroDenominator` when nobody answers.
/// Source: Schouten, Cobben and Bethlehem 2009.
pub fn indicator(propensities: &[f64], weights: Option<&[f64]>) -> Result<Representativity, NotComputable> {
    NotComputable::unless_enough(propensities.len(), 2)?;
    if propensities.iter().any(|value| !(0.0..=1.0).contains(value)) {
        return Err(NotComputable::invalid("a propensity lies between 0 and 1"));
    }
    let ones;
    let weights = match weights {
        Some(weights) => {
            super::calibration::check_weights(weights)?;
            NotComputable::unless_same_length("weights and propensities", weights.len(), propensities.len())?;
            weights
        }
        None => {
            ones = vec![1.0; propensities.len()];
            &ones
        }
    };
    let total: f64 = weights.iter().sum();
    let mean = weights.iter().zip(propensities).map(|(w, p)| w * p).sum::<f64>() / total;
    if mean == 0.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let squares: f64 = weights.iter().zip(propensities).map(|(w, p)| w * (p - mean).powi(2)).sum();
    let n = propensities.len() as f64;
    let deviation = (squares / total * n / (n - 1.0)).sqrt();
    Ok(Representativity { mean, deviation, indicator: 1.0 - 2.0 * deviation, largest_bias: deviation / mean })
}

/// The same from cells: how many were asked in each, and how many of these answered; each one's propensity is its cell's share.
///
/// Errors as for [`indicator`]. Few asked in a cell make the indicator look worse than it is.
pub fn indicator_of_cells(cells: &[(u64, u64)]) -> Result<Representativity, NotComputable> {
    let (asked, answered) = cells.iter().fold((0, 0), |(a, b), (asked, answered)| (a + asked, b + answered));
    NotComputable::unless_enough(usize::try_from(asked).unwrap_or(usize::MAX), 2)?;
    if cells.iter().any(|(asked, answered)| answered > asked) {
        return Err(NotComputable::invalid("more have answered than were asked"));
    }
    if answered == 0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let n = asked as f64;
    let mean = answered as f64 / n;
    let squares = cells.iter().filter(|(asked, _)| *asked > 0).map(|(asked, answered)| {
        let apart = *answered as f64 / *asked as f64 - mean;
        *asked as f64 * apart * apart
    });
    let deviation = (squares.sum::<f64>() / (n - 1.0)).sqrt();
    Ok(Representativity { mean, deviation, indicator: 1.0 - 2.0 * deviation, largest_bias: deviation / mean })
}

/// Bias of a mean, in standard deviations, when answering correlates with the answer: `ρ√((1 − f)/f)`, and the size
/// of a simple random sample that is as far off on average: `f/(1 − f)/ρ²`. Source: Meng 2018.
pub fn data_defect(correlation: f64, fraction: f64) -> Result<(f64, f64), NotComputable> {
    if !(fraction > 0.0 && fraction < 1.0 && (-1.0..=1.0).contains(&correlation)) {
        return Err(NotComputable::invalid(
            "a response rate lies between 0 and 1, a correlation between -1 and 1",
        ));
    }
    if correlation == 0.0 {
        return Err(NotComputable::ZeroDenominator);
    }
    let odds = fraction / (1.0 - fraction);
    Ok((correlation / odds.sqrt(), odds / (correlation * correlation)))
}

/// Whether a response may be published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// Least effective number of answers.
    pub effective_n: f64,
    /// Least R-indicator.
    pub indicator: f64,
}

impl Default for Gate {
    /// 30 effective answers and R of 0.7: starting points to be declared per KPI, not laws.
    fn default() -> Self {
        Self { effective_n: 30.0, indicator: 0.7 }
    }
}

impl Gate {
    /// Passes, or the reason why not.
    pub fn judge(&self, effective_n: f64, response: &Representativity) -> Result<(), NotComputable> {
        if effective_n < self.effective_n {
            return Err(NotComputable::TooFew {
                n: effective_n as u64,
                need: self.effective_n.ceil() as u64,
            });
        }
        if response.indicator < self.indicator {
            return Err(NotComputable::LowCoverage {
                have_percent: (100.0 * response.indicator).clamp(0.0, 100.0) as u8,
                need_percent: (100.0 * self.indicator).clamp(0.0, 100.0) as u8,
            });
        }
        Ok(())
    }
}
