//! Commands and events of items on which somebody works: who has them, what becomes of them, what is seen of them.

use std::collections::BTreeSet;

use kepi_proof::Commitment;
use serde::{Serialize, Serializer};

use crate::{
    directory::Reached,
    items::{By, Decision, Follows, Seen},
    plain::Name,
    wire,
};

/// What somebody does about an item that is with her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Has seen it.
    Acknowledge,
    /// Gives it to somebody else.
    Assign {
        /// To whom.
        to: u64,
    },
    /// Says that it is not hers.
    Refuse {
        /// Why.
        why: Commitment,
    },
    /// Wants to see it again later.
    Snooze {
        /// When, µs UTC.
        until: i64,
        /// Why.
        why: Commitment,
    },
    /// Ends it without doing anything.
    Dismiss {
        /// Why.
        why: Commitment,
    },
    /// Is done with it.
    Finish {
        /// What came of it.
        outcome: Name,
        /// The root cause, of a case.
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<Name>,
        /// Which step that is said of, of a playbook, the first is 1; none: the one she is at.
        #[serde(skip_serializing_if = "Option::is_none")]
        step: Option<u16>,
        /// In her words.
        why: Option<Commitment>,
    },
    /// Has tried to contact the customer.
    Contact {
        /// By which way.
        by: By,
        /// Whether she was reached.
        reached: bool,
        /// What was said.
        note: Option<Commitment>,
    },
    /// Has heard of the customer whether it is settled.
    Answer {
        /// Whether it is.
        settled: bool,
        /// What she said.
        note: Option<Commitment>,
    },
    /// Says who was there when a review was held.
    Attend {
        /// Who.
        present: BTreeSet<u64>,
    },
    /// Decides on a point of a review.
    Decide {
        /// The place of the point.
        point: u16,
        /// What.
        decision: Decision,
        /// Why, or what is to be done.
        why: Commitment,
        /// Who does that, and until when.
        #[serde(skip_serializing_if = "Option::is_none")]
        follows: Option<Follows>,
    },
}

/// Does something about an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Act {
    /// The item.
    pub item: u64,
    /// What.
    pub deed: Deed,
}

/// Says what was seen of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Observe {
    /// The item.
    pub item: u64,
    /// What.
    #[serde(serialize_with = "seen")]
    pub seen: Seen,
}

fn seen<S: Serializer>(of: &Seen, to: S) -> Result<S::Ok, S::Error> {
    wire::seen(of).serialize(to)
}

/// An item is somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemAssigned {
    /// Its number.
    pub item: u64,
    /// The way that led to whom it is with: the last stop.
    pub way: Vec<Reached>,
    /// Whether it cannot be refused.
    pub bound: bool,
    /// Until when, µs UTC.
    pub due: i64,
}

/// Whoever had it says that it is somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemRefused {
    /// Its number.
    pub item: u64,
    /// Why.
    pub why: Commitment,
}

/// Nobody acted in time: it is somebody's above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemEscalated {
    /// Its number.
    pub item: u64,
    /// The way that led to whom it is with: the last stop.
    pub way: Vec<Reached>,
    /// Until when, µs UTC.
    pub due: i64,
}

/// Whoever has it will see it again later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemSnoozed {
    /// Its number.
    pub item: u64,
    /// When, µs UTC.
    pub until: i64,
    /// Why.
    pub why: Commitment,
}

/// Whoever had it is done with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemFinished {
    /// Its number.
    pub item: u64,
    /// What came of it.
    pub outcome: Name,
    /// The root cause, of a case.
    pub cause: Option<Name>,
    /// In words.
    pub why: Option<Commitment>,
}

/// A step of a playbook is done, and the next one is somebody's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemStepped {
    /// Its number.
    pub item: u64,
    /// What came of it.
    pub outcome: Name,
    /// In words.
    pub why: Option<Commitment>,
}

/// It was said who was there when a review was held.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemAttended {
    /// The number of the review.
    pub item: u64,
    /// Who.
    pub present: BTreeSet<u64>,
}

/// Something was seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemObserved {
    /// Its number.
    pub item: u64,
    /// What.
    pub seen: Seen,
}

/// Somebody tried to contact the customer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemContacted {
    /// Its number.
    pub item: u64,
    /// By which way.
    pub by: By,
    /// Whether she was reached.
    pub reached: bool,
    /// What was said.
    pub note: Option<Commitment>,
}

/// The customer said whether it is settled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemAnswered {
    /// Its number.
    pub item: u64,
    /// Whether it is.
    pub settled: bool,
    /// What she said.
    pub note: Option<Commitment>,
}

/// A point of a review was decided on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PointDecided {
    /// The number of the review.
    pub item: u64,
    /// The place of the point.
    pub point: u16,
    /// What was decided.
    pub decision: Decision,
    /// Why, or what is to be done.
    pub why: Commitment,
    /// The task that follows.
    pub task: Option<u64>,
}
