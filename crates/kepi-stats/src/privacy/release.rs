//! Whether a benchmark of several contributors may be released.

use crate::estimate::NotComputable;

/// The customary rules for benchmarks among competitors.
///
/// They come from the safety zone of the statements on health care of the US Department of Justice and the Federal
/// Trade Commission (1996), which both have withdrawn since: custom, not legal cover.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReleaseRules {
    /// Least number of contributors. Default 5.
    pub least: u64,
    /// Largest share of one contributor. Default 0.25.
    pub largest_share: f64,
    /// Least age in days of the newest figure. Default 92, three months.
    pub age_days: u32,
}

impl Default for ReleaseRules {
    fn default() -> Self {
        Self { least: 5, largest_share: 0.25, age_days: 92 }
    }
}

/// A rule that a benchmark breaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Withheld {
    /// Fewer contributors than the least.
    TooFew {
        /// Contributors there are.
        contributors: u64,
    },
    /// One contributor weighs too much.
    Dominated {
        /// Share of the largest.
        share: f64,
    },
    /// The figures are too recent.
    TooRecent {
        /// Age of the newest in days.
        age_days: u32,
    },
}

/// All rules a benchmark breaks; none when it may be released. O(contributors).
///
/// `weights` is what each contributor adds (not the figure itself, but what it is weighted by), zeros left out;
/// a share is of their sum.
///
/// # Errors
/// `NotFinite`, `Invalid` for a negative weight.
pub fn withheld(weights: &[f64], age_days: u32, rules: ReleaseRules) -> Result<Vec<Withheld>, NotComputable> {
    NotComputable::unless_finite("a weight", weights)?;
    if weights.iter().any(|weight| *weight < 0.0) {
        return Err(NotComputable::invalid("a weight is negative"));
    }
    let contributors = weights.iter().filter(|weight| **weight > 0.0).count() as u64;
    let share = weights.iter().copied().fold(0.0, f64::max) / weights.iter().sum::<f64>();
    let mut broken = Vec::new();
    if contributors < rules.least {
        broken.push(Withheld::TooFew { contributors });
    }
    if share > rules.largest_share {
        broken.push(Withheld::Dominated { share });
    }
    if age_days < rules.age_days {
        broken.push(Withheld::TooRecent { age_days });
    }
    Ok(broken)
}
