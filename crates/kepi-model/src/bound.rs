//! How far a value may go.

/// What a value may be, in the unit of its KPI; durations in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The least.
    pub at_least: Option<f64>,
    /// The most.
    pub at_most: Option<f64>,
}

impl Bound {
    /// Whether a value is within it.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        self.at_least.is_none_or(|least| value >= least) && self.at_most.is_none_or(|most| value <= most)
    }

    /// Whether all values of an interval are on one side of it, so that it is sure whether it holds.
    #[must_use]
    pub fn parts(&self, low: f64, high: f64) -> bool {
        let between = |line: f64| low < line && line < high;
        !self.at_least.is_some_and(between) && !self.at_most.is_some_and(between)
    }
}
