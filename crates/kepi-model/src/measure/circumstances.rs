//! How and where the figures of a KPI come about, to be held against those of others.

use crate::word::{Word, words};

words! {
    /// What counts once.
    pub enum Counted {
        /// Somebody who answers.
        Respondent = "respondent",
        /// A customer, however many of it answer.
        Account = "account",
    }
}

impl Counted {
    /// Its word.
    pub fn word(self) -> &'static str {
        Word::word(self)
    }
}

/// How and where figures come about, as far as it is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// How people are asked, such as `web` or `telephone`.
    pub mode: Option<String>,
    /// Where the customers are.
    pub region: Option<String>,
    /// What counts once.
    pub counted: Option<Counted>,
}
