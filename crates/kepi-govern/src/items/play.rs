//! A run of a playbook: what is done where something is so, and whether that helped; or what was only watched, to know what would have
//! been without it.

use kepi_model::id::{KpiId, UnitId};
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

use super::{
    Content, Item,
    acting::{Rung, Seen},
    kind::{Kind, Step, Timeout, Turn},
};
use crate::plain::Name;

/// A run of a playbook.
pub const PLAY: &Kind = &Kind {
    name: "play",
    about: "A run of a playbook: somebody does its steps where something is so, and it is looked whether that helped. What is held out is only watched, and so is whom a closed loop follows up, to compare both.",
    steps: &[
        Step { name: "doing", turn: Turn::Work, due: 2, timeout: Timeout::Up },
        Step { name: "watching", turn: Turn::Wait, due: 60, timeout: Timeout::GoOn },
    ],
    outcomes: &["done", SKIPPED, "not_reached", "not_wanted"],
    // Whoever dismissed those that look hopeless would make it seem to help: what was started is looked at, whatever came of it.
    may_end: false,
};

/// How long after the day on which it is looked whether it helped that is waited for, in days.
pub(super) const PATIENCE: u16 = 60;

/// A run of a playbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// The playbook, by the name of its definition; without steps the closed loop.
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
    /// The steps, in the words of the definition; none: what is done about it is a case.
    pub steps: Vec<Commitment>,
    /// Of each of them who does it, and in how many business hours: one after the other. None: all at once, by whoever answers for the KPI.
    pub each: Vec<PlayStep>,
    /// In so many business hours they are done.
    pub hours: u16,
    /// For so many days the same starts nothing again.
    pub cool_down: u16,
    /// So many days after it was started it is looked whether it helped.
    pub after: u16,
    /// Who is told if nobody acts in time.
    pub ladder: Vec<Rung>,
}

/// Who does a step of a playbook, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlayStep {
    /// In so many business hours from when the one before was done.
    pub hours: u16,
    /// Who, or in the unit whoever holds her seat there; none: whoever answers for the KPI.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<u64>,
}

/// What is said of a step that is not done although the run goes on.
pub const SKIPPED: &str = "skipped";

/// Outcomes of a step after which the next one comes.
const GOES_ON: [&str; 2] = ["done", SKIPPED];

impl Play {
    /// Whether both were started by the same.
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        self.row == other.row && self.playbook == other.playbook && self.is_of_loop() == other.is_of_loop()
    }

    /// Whether it watches what a closed loop follows up, or would.
    pub fn is_of_loop(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether nobody does anything by it.
    pub fn is_watched(&self) -> bool {
        self.held_out || self.is_of_loop()
    }
}

impl Item {
    /// The step of a playbook that somebody is at, by its place; none: it has none, or all of them are done.
    pub fn play_step(&self) -> Option<(usize, PlayStep)> {
        let Content::Play(play) = &self.content else { return None };
        let place = self.work.stepped.len();
        Some((place, *play.each.get(place)?))
    }

    /// Whether another step of a playbook comes after what was said of this one.
    pub(crate) fn goes_on(&self, outcome: &Name) -> bool {
        let Content::Play(play) = &self.content else { return false };
        GOES_ON.contains(&outcome.as_str()) && self.work.stepped.len() + 1 < play.each.len()
    }

    /// Whether it helped, as far as that was seen; none: not yet, or it is no run of a playbook.
    pub fn helped(&self) -> Option<bool> {
        self.work.seen.iter().rev().find_map(|(seen, _)| match seen {
            Seen::Helped { helped, .. } => Some(*helped),
            _ => None,
        })
    }
}
