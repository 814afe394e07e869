//! What is to be expected of a period to come: the words that forecasts and their sentences share.

use kepi_model::{calendar::Period, project::TargetLines};

use crate::policy;

/// Why nothing is to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoOutlook {
    /// Too few periods in a row.
    TooFew {
        /// There are so many.
        have: usize,
        /// So many are needed.
        need: usize,
    },
    /// It begins anew every so often.
    StartsOver,
    /// It never moved.
    NeverMoved,
}

/// What is expected of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ahead {
    /// The period.
    pub period: Period,
    /// What is expected, in the KPI's unit.
    pub expected: f64,
    /// Lower end of the range that holds it at 95 %.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Its place on the scale of its kind.
    pub place: f64,
    /// The spread there.
    pub spread: f64,
    /// Degrees of freedom with which it is known.
    pub degrees: f64,
}

/// A period ahead, with its target and the probability that it is met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// What is expected.
    pub ahead: Ahead,
    /// The target in force then, and how probable it is that it is met.
    pub target: Option<(TargetLines, f64)>,
}

impl Outlook {
    /// Whether the whole range meets its target, or misses it.
    #[must_use]
    pub fn is_sure(&self) -> Option<bool> {
        policy::sure(self.target?.1)
    }
}
