//! Kinds of items: each walks through steps, and a step says whose turn it is. What the kinds differ in is data.

use super::{
    change_request::CHANGE_REQUEST,
    overrides::{OVERRIDE, RESTORE},
    periods::{CLOSE, FREEZE, LIFT},
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
}

/// A step of an item.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// Whose turn it is.
    pub turn: Turn,
    /// After how many days it is due.
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
}

/// What happens when a step has been due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timeout {
    /// It ends without effect: silence is no.
    Lapse,
}

/// All kinds.
pub const KINDS: &[&Kind] = &[CHANGE_REQUEST, FREEZE, LIFT, CLOSE, OVERRIDE, RESTORE];

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
