//! What goes with a typical move of a cause, and what is to be thought of it: the words that links, their budget and their sentences share.

use crate::verdict::Verdict;

/// What goes with a typical move of the cause to the better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Association {
    /// By how much the effect moves, in its unit.
    pub effect: f64,
    /// Standard error of that.
    pub error: f64,
    /// Degrees of freedom with which it is known.
    pub degrees: f64,
    /// What a typical move of the cause is, in its unit.
    pub moves: f64,
    /// Members that were compared; none where it is the total.
    pub units: Option<usize>,
    /// Periods.
    pub periods: usize,
}

/// Why nothing can be said of a pair, and what would lift that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Untold {
    /// Too few periods in which both are known, and too few members.
    TooFew {
        /// There are so many.
        have: usize,
        /// A total needs so many.
        periods: usize,
        /// Or so many members.
        units: usize,
    },
    /// Both look at the same rows in the same period, so that chance moves them together.
    SameRows,
    /// Neighbouring periods share rows.
    Overlapping,
    /// The lag is no whole number of periods.
    Lag,
    /// One of them never moved.
    NeverMoved,
}

/// What was found of a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Supported, not supported, contradicted, or not to be told.
    pub verdict: Verdict,
    /// What was measured.
    pub association: Association,
    /// Ends of its interval, in the unit of the effect.
    pub range: (f64, f64),
    /// The smallest effect worth having: a tenth of the way from threshold to target; none without a target.
    pub worth: Option<f64>,
}

impl Untold {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::TooFew { .. } => "too_few",
            Self::SameRows => "same_rows",
            Self::Overlapping => "overlapping",
            Self::Lag => "lag",
            Self::NeverMoved => "never_moved",
        }
    }
}
