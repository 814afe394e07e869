//! What the page of the log says.

use super::ProjectView;
use crate::logged::{LogAsked, Proven, Signed};

/// Some of the log, the newest event first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogView {
    /// The project.
    pub project: ProjectView,
    /// What was asked for.
    pub asked: LogAsked,
    /// The events.
    pub events: Vec<LogRow>,
    /// How many the whole log has.
    pub size: u64,
    /// The event before which older ones are found.
    pub older: Option<u64>,
    /// The longest checkpoint that was signed.
    pub signed: Option<Signed>,
}

/// That an event is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofView {
    /// The project.
    pub project: ProjectView,
    /// The proof.
    pub of: Proven,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Its position.
    pub event: u64,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub by: String,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub about: String,
    /// What it says, in words.
    pub said: String,
}
