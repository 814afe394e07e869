//! Time until something happens, with cases still open counted for as long as they were watched.

pub mod cox;
pub mod kaplan_meier;
pub mod log_rank;
pub mod proportionality;

use crate::estimate::NotComputable;

/// One watched case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spell {
    /// Time from start to event or to the end of watching; not negative, any unit, one unit throughout.
    pub time: f64,
    /// Whether the event happened then; otherwise the case was still open.
    pub event: bool,
}

impl Spell {
    /// A case whose event came at `time`.
    #[must_use]
    pub fn ended(time: f64) -> Self {
        Self { time, event: true }
    }

    /// A case still open at `time`.
    #[must_use]
    pub fn open(time: f64) -> Self {
        Self { time, event: false }
    }
}

pub(crate) fn check(spells: &[Spell]) -> Result<(), NotComputable> {
    NotComputable::unless_enough(spells.len(), 1)?;
    if spells.iter().any(|s| !s.time.is_finite()) {
        return Err(NotComputable::NotFinite { what: "a time".to_owned() });
    }
    if spells.iter().any(|s| s.time < 0.0) {
        return Err(NotComputable::invalid("a time is negative"));
    }
    Ok(())
}
