//! What definitions name without saying it: where a secret is read, and texts that may be read there, too.

use std::fmt;

/// Where something is read that does not stand in a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// In a variable of the environment.
    Env(String),
    /// In a file of its own.
    File(String),
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable `{name}`"),
            Self::File(path) => write!(f, "file `{path}`"),
        }
    }
}

/// A text of a definition, or where it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// As written.
    Text(String),
    /// Read there.
    From(Secret),
}
