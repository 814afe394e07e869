//! Kinds of items: each walks through steps, and a step says whose turn it is. What the kinds differ in is data.

use super::{
    acting::{ACTION_PLAN, ALERT, POST_MORTEM, TASK},
    attestation::ATTESTATION,
    case::CASE,
    change_request::CHANGE_REQUEST,
    commentary::COMMENTARY,
    dispute::DISPUTE,
    emergency::EMERGENCY,
    handover::{CHANGE_NOTICE, HANDOVER, NOTICE},
    overrides::{MANUAL_ENTRY, OVERRIDE, RESTORE, TAKE_BACK},
    pain_point::PAIN_POINT,
    periods::{CLOSE, FREEZE, LIFT},
    play::PLAY,
    review::REVIEW,
};

/// A kind of item.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// What it is, for people.
    pub about: &'static str,
    /// Its steps; after the last it takes effect and ends.
    pub steps: &'static [Step],
    /// What can be said to have come of work on it.
    pub outcomes: &'static [&'static str],
    /// Whether whoever works on it may end it with a reason.
    pub may_end: bool,
}

/// A step of an item.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// Whose turn it is.
    pub turn: Turn,
    /// After how many days it is due; where somebody works or writes, days of business, unless its content says more.
    pub due: u16,
    /// What happens then.
    pub timeout: Timeout,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    /// The author's, to write what is proposed.
    Write,
    /// Others', to agree or not.
    Ask,
    /// Its owner's, to do something and say what came of it.
    Work,
    /// Nobody's, until data or a day.
    Wait,
}

/// What happens when a step has been due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timeout {
    /// It ends without effect: silence is no.
    Lapse,
    /// It is the turn of whoever is above, and so on up to the last resort, with whom it stands.
    Up,
    /// It is somebody's turn again, as at first.
    Back,
    /// It goes on as it is.
    GoOn,
    /// It ends, and what it put in force is taken back.
    Revert,
}

/// All kinds.
pub const KINDS: &[&Kind] = &[
    CHANGE_REQUEST,
    EMERGENCY,
    FREEZE,
    LIFT,
    CLOSE,
    OVERRIDE,
    RESTORE,
    MANUAL_ENTRY,
    TAKE_BACK,
    ALERT,
    TASK,
    ACTION_PLAN,
    POST_MORTEM,
    COMMENTARY,
    CASE,
    HANDOVER,
    NOTICE,
    CHANGE_NOTICE,
    ATTESTATION,
    REVIEW,
    DISPUTE,
    PLAY,
    PAIN_POINT,
];

impl Kind {
    /// The place of a step.
    pub fn step(&self, name: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.name == name)
    }

    /// The first step in which others are asked.
    pub fn asking(&self) -> Option<&'static Step> {
        self.steps.iter().find(|step| step.turn == Turn::Ask)
    }
}
