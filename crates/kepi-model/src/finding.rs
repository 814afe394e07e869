//! Findings: what is wrong, where, what was expected and what to do.

use serde::Serialize;

use crate::source_text::Span;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The project cannot be used.
    Error,
    /// The project can be used; something is probably not as meant.
    Warning,
    /// All is well; something more could be said.
    Hint,
}

impl Severity {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// A stable code such as `K0201`; the list is in `codes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Code(pub &'static str);

/// A place with a remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be said of it; may be empty.
    pub text: String,
}

/// A way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What to do, in words.
    pub text: String,
    /// A replacement of the text at a span, where one is certain enough to offer.
    pub replace: Option<(Span, String)>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable code.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// Lower case, no full stop, input in backticks.
    pub message: String,
    /// The main place.
    pub at: Label,
    /// Other places that matter.
    pub related: Vec<Label>,
    /// What was expected.
    pub expected: Option<String>,
    /// What to do.
    pub fix: Option<Fix>,
}

/// A result together with every finding made on the way.
#[derive(Debug, Clone)]
pub struct Checked<T> {
    /// Present when it can be used in spite of the findings.
    pub value: Option<T>,
    /// All findings, in order of place.
    pub findings: Vec<Finding>,
}
