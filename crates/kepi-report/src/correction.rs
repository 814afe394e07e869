//! What people say by hand of rows of raw files, for pages, terminals and programs alike. Personal values are never told.

use serde::{Deserialize, Serialize};

/// How a correction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The next run lands the row with it.
    Waits,
    /// The row has landed with it.
    Landed,
    /// The row was rejected with it, too.
    RejectedAgain,
    /// A rule stopped the whole file with it, too.
    StoppedAgain,
}

impl Standing {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waits => "from the next run on",
            Self::Landed => "landed",
            Self::RejectedAgain => "rejected again",
            Self::StoppedAgain => "its file was stopped again",
        }
    }
}

/// A cell that is said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The column.
    pub column: String,
    /// What stood there; none: nothing.
    pub was: Option<String>,
    /// What stands there now; none: nothing.
    pub is: Option<String>,
}

impl Cell {
    /// In words: `amount: 1x → 10`.
    pub fn words(&self) -> String {
        let shown = |of: &Option<String>| match of.as_deref() {
            None | Some("") => "nothing".to_owned(),
            Some(text) => text.to_owned(),
        };
        format!("{}: {} → {}", self.column, shown(&self.was), shown(&self.is))
    }
}

/// A row that is corrected by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The source.
    pub source: String,
    /// The file, as it was called when it landed.
    pub file: String,
    /// Number of the row in it, from 1.
    pub row: u64,
    /// What is said otherwise; empty: the words were erased, and the row is taken as it came.
    pub cells: Vec<Cell>,
    /// Who says so.
    pub by: String,
    /// When, in µs UTC.
    pub at: i64,
    /// Why; none: the words were erased.
    pub why: Option<String>,
    /// How it stands.
    pub state: Standing,
    /// The position of the log at which it was said.
    pub event: u64,
}

impl Correction {
    /// All that is said otherwise, in words.
    pub fn words(&self) -> String {
        self.cells.iter().map(Cell::words).collect::<Vec<_>>().join("; ")
    }
}

/// What the next run makes of a row with what is said of it, as far as the row alone tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "then")]
pub enum Then {
    /// No rule keeps it out.
    Lands,
    /// A rule rejects it with it, too, or stops its file.
    RejectedAgain {
        /// The rule.
        rule: String,
        /// In words.
        reason: String,
    },
    /// The source leaves such rows out.
    LeftOut,
    /// Nothing is said of it any more.
    AsItCame,
}

impl Then {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Lands => "lands with the next run".to_owned(),
            Self::RejectedAgain { rule, reason } => format!("is rejected again by `{rule}`: {reason}"),
            Self::LeftOut => "is left out by `only` of its source".to_owned(),
            Self::AsItCame => "is taken as it came".to_owned(),
        }
    }
}

/// A row of which something is said by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The file.
    pub file: String,
    /// Number of the row in it, from 1.
    pub row: u64,
    /// What is said otherwise than so far.
    pub cells: Vec<Cell>,
    /// What becomes of it.
    #[serde(flatten)]
    pub then: Then,
    /// The item that has frozen data on a day on which it counts: nothing is said of it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<u64>,
}
