//! Who acts. Events know a number; the name belongs to a row that can be erased.

use std::{fmt, str::FromStr};

use kepi_model::id::is_name;
use serde::{Deserialize, Serialize};

use crate::plain::NotPlain;

/// Who acts, as written into events: `person/17` or `job/run`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Principal {
    /// A human, by number.
    Person(u64),
    /// Work that is due without anybody asking.
    Job(JobName),
}

/// The name of a job, such as `run`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName(String);

impl JobName {
    /// The job of this name; none if it is no name.
    pub fn new(name: &str) -> Option<Self> {
        is_name(name).then(|| Self(name.to_owned()))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(number) => write!(f, "person/{number}"),
            Self::Job(JobName(name)) => write!(f, "job/{name}"),
        }
    }
}

impl FromStr for Principal {
    type Err = NotPlain;

    fn from_str(text: &str) -> Result<Self, NotPlain> {
        let wrong = || NotPlain::new(text, "`person/` with a number or `job/` with a name");
        let found = match text.split_once('/') {
            Some(("person", number)) => number.parse().ok().map(Self::Person),
            Some(("job", name)) => JobName::new(name).map(Self::Job),
            _ => None,
        };
        // One spelling each: no `person/007`, no `person/+7`.
        found.filter(|p| p.to_string() == text).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Principal {
    type Error = NotPlain;
    fn try_from(text: String) -> Result<Self, NotPlain> {
        text.parse()
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> String {
        principal.to_string()
    }
}

/// That somebody may do what is asked: the door opens to nobody who has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    by: Principal,
}

impl Permit {
    /// A project without governance is open: whoever can reach its files may do everything.
    pub fn open(by: Principal) -> Self {
        Self { by }
    }

    /// Who acts.
    pub fn by(&self) -> &Principal {
        &self.by
    }
}
