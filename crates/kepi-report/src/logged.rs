//! The log, as a list of what happened: facts beside the figures.

use serde::{Deserialize, Serialize};

/// What is asked of the log; the default is its newest events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogAsked {
    /// Only about this: `item/7`, `register`.
    pub about: Option<String>,
    /// Only of this person or job, by name.
    pub by: Option<String>,
    /// Only events before this one.
    pub before: Option<u64>,
}

/// Some of the log, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logged {
    /// The events.
    pub events: Vec<LogEvent>,
    /// How many the whole log has.
    pub size: u64,
    /// The event before which older ones are found; none: there are none.
    pub older: Option<u64>,
    /// The longest checkpoint that was signed; none: none was.
    pub signed: Option<Signed>,
}

/// An event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogEvent {
    /// Its position.
    pub event: u64,
    /// When, µs UTC.
    pub at: i64,
    /// Who, by name.
    pub by: String,
    /// Its kind: `item.voted`.
    pub kind: String,
    /// What it is about: `item/7`.
    pub about: String,
    /// What it says, in words.
    pub said: String,
}

/// A checkpoint that was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// So many events were signed for.
    pub size: u64,
    /// Whether the log still begins with them.
    pub holds: bool,
}

/// That an event is in the log as it was signed, for a verifier that shares nothing with Kepi: the form of `kepi audit proof`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    /// `inclusion`.
    pub proof: String,
    /// Position of the event.
    pub seq: u64,
    /// The event: the bytes that the leaf covers.
    pub event: String,
    /// How many events the log has that is proved of.
    pub size: u64,
    /// The root over them.
    pub root: String,
    /// The hashes beside the way from the leaf to the root.
    pub path: Vec<String>,
    /// Signed notes of that root; empty: nobody has signed it yet.
    pub checkpoints: Vec<String>,
    /// Keys that signed for the log.
    pub keys: Vec<String>,
}
