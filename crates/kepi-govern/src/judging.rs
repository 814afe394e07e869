//! What people say of rows that look doubtful: that they are what they look like, or in order.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::id::EntityId;
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

/// The most rows that are judged at once.
pub const MOST: usize = 1000;

/// What somebody says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is what it looks like.
    Confirm,
    /// It is in order.
    Dismiss,
}

impl Verdict {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Dismiss => "dismiss",
        }
    }
}

/// What somebody says of rows of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Judging {
    /// The entity.
    pub of: EntityId,
    /// What stands for each row: nothing to whoever lacks the secret of this log.
    pub rows: BTreeSet<Digest>,
    /// What is said.
    pub verdict: Verdict,
    /// Why.
    pub why: Commitment,
}

/// What was said last of each row, and at which position of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged(BTreeMap<(EntityId, Digest), (Verdict, u64)>);

impl Judged {
    /// What was said last of a row.
    pub fn of(&self, of: &EntityId, row: Digest) -> Option<Verdict> {
        self.0.get(&(of.clone(), row)).map(|(verdict, _)| *verdict)
    }

    /// The position at which anything was said last of rows of an entity; 0: nothing was.
    pub fn position(&self, of: &EntityId) -> u64 {
        let own = self.0.iter().filter(|((entity, _), _)| entity == of);
        own.map(|(_, (_, seq))| *seq).max().unwrap_or(0)
    }

    pub(crate) fn take(&mut self, judging: &Judging, seq: u64) {
        for row in &judging.rows {
            self.0.insert((judging.of.clone(), *row), (judging.verdict, seq));
        }
    }
}
