//! A run of a playbook: what is done where something is so, and whether that helped; or what was only watched, to know what would have
//! been without it.

use kepi_model::id::{KpiId, UnitId};
use kepi_proof::{Commitment, Digest};

use super::{
    Item,
    acting::Seen,
    kind::{Kind, Step, Timeout, Turn},
};
use crate::plain::Name;

/// A run of a playbook.
pub const PLAY: &Kind = &Kind {
    name: "play",
    about: "A run of a playbook: somebody does its steps where something is so, and it is looked whether that helped. What is held out is only watched.",
    steps: &[
        Step { name: "doing", turn: Turn::Work, due: 2, timeout: Timeout::Up },
        Step { name: "watching", turn: Turn::Wait, due: 60, timeout: Timeout::GoOn },
    ],
    outcomes: &["done", "not_reached", "not_wanted"],
    // Whoever dismissed those that look hopeless would make it seem to help: what was started is looked at, whatever came of it.
    may_end: false,
};

/// How long after the day on which it is looked whether it helped that is waited for, in days.
pub(super) const PATIENCE: u16 = 60;

/// A run of a playbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// The playbook, by the name of its definition.
    pub playbook: Name,
    /// The KPI whose rows or state started it.
    pub kpi: KpiId,
    /// The unit in which that lies; none: of the whole.
    pub unit: Option<UnitId>,
    /// What started it: a digest under the secret of this log, so that it is the same for ever and says nothing.
    pub row: Digest,
    /// What that is called, which can be forgotten.
    pub key: Commitment,
    /// What dates it, µs UTC.
    pub since: i64,
    /// Whether it is only watched.
    pub held_out: bool,
    /// The steps, in the words of the definition.
    pub steps: Vec<Commitment>,
    /// In so many business hours they are done.
    pub hours: u16,
    /// For so many days the same starts nothing again.
    pub cool_down: u16,
    /// So many days after it was started it is looked whether it helped.
    pub after: u16,
}

impl Play {
    /// Whether both were started by the same.
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        self.row == other.row && self.playbook == other.playbook
    }
}

impl Item {
    /// Whether it helped, as far as that was seen; none: not yet, or it is no run of a playbook.
    pub fn helped(&self) -> Option<bool> {
        self.work.seen.iter().rev().find_map(|(seen, _)| match seen {
            Seen::Helped { helped, .. } => Some(*helped),
            _ => None,
        })
    }
}
