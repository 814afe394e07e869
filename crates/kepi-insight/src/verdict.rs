//! What is answered to a question that may be answered with no.

/// A verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Yes.
    Yes,
    /// No, and enough was looked at to say so.
    No,
    /// The contrary of what is believed.
    Contrary,
    /// Not enough could be looked at.
    Unknown,
}

impl Verdict {
    /// The name used in JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Contrary => "contrary",
            Self::Unknown => "unknown",
        }
    }
}
