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
}

impl Standing {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waits => "from the next run on",
            Self::Landed => "landed",
            Self::RejectedAgain => "rejected again",
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
