//! What is to be expected of a period to come: the words that forecasts and their sentences share.

use kepi_model::{calendar::Period, project::TargetLines};
use serde::{Deserialize, Serialize};

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

/// What was expected of a period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// What was expected, in the KPI's unit.
    pub expected: f64,
    /// Lower end of the range that was to hold it at 95 %.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl From<&Ahead> for Said {
    fn from(of: &Ahead) -> Self {
        Self { expected: of.expected, low: of.low, high: of.high }
    }
}

/// What was said of a period before it was known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Foretold {
    /// The period, by its ordinal.
    pub period: i32,
    /// From its own past.
    pub alone: Said,
    /// Beside a leading indicator, by its name in definitions.
    pub beside: Option<(String, Said)>,
    /// What the KPI meant.
    pub meaning: String,
}

/// How outlooks came out.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Kept {
    /// Of how many.
    pub of: usize,
    /// So many ranges held what came.
    pub within: usize,
    /// By how much they missed it, as the root of the mean square, in the KPI's unit.
    pub missed: f64,
}
