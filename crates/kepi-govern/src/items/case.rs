//! What is followed up with one customer: a row behind a KPI, who has it, how she was contacted, why it came to that, and what the
//! customer says of it.

use kepi_model::id::{EntityId, KpiId, UnitId};
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

use super::{
    acting::{Rung, Work},
    kind::{Kind, Step, Timeout, Turn},
};
use crate::plain::Name;

/// What is followed up with one customer.
pub const CASE: &Kind = &Kind {
    name: "case",
    about: "A customer who is followed up: somebody contacts her, finds the root cause, and hears whether it is settled.",
    steps: &[
        Step { name: "solving", turn: Turn::Work, due: 2, timeout: Timeout::Up },
        Step { name: "confirming", turn: Turn::Wait, due: 14, timeout: Timeout::GoOn },
    ],
    outcomes: &["solved", "explained", "not_solved", "not_reached", "not_wanted"],
    may_end: true,
};

/// Whether a customer may be contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// She may.
    Given,
    /// She may not: it was not said that she may.
    Withheld,
    /// Nobody asks: no definition says where that stands.
    NotAsked,
}

impl Permission {
    /// Its words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Given => "may be contacted",
            Self::Withheld => "may not be contacted",
            Self::NotAsked => "nothing says whether contact is wanted",
        }
    }
}

/// So many letters of a digest stand for a case.
const TOKEN: usize = 20;

/// A row that is followed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The closed loop, by the name of its definition.
    pub rule: Name,
    /// The KPI that looks at the row.
    pub kpi: KpiId,
    /// The unit in which it lies; none: of the whole.
    pub unit: Option<UnitId>,
    /// Whose row it is.
    pub of: EntityId,
    /// The row: a digest of its key under the secret of this log, so that it is the same for ever and says nothing.
    pub row: Digest,
    /// Its key, which can be forgotten.
    pub key: Commitment,
    /// What dates it, µs UTC.
    pub since: i64,
    /// Whether the customer may be contacted.
    pub permission: Permission,
    /// In so many business hours it is closed.
    pub hours: u16,
    /// For so many days a customer who was reached can say otherwise.
    pub confirm: u16,
    /// The root causes of which one is named.
    pub causes: Vec<Name>,
    /// Who is told if nobody acts in time.
    pub ladder: Vec<Rung>,
}

impl Case {
    /// What stands for it where a customer is asked once more: the same for ever, and to nobody outside a name of anything.
    pub fn token(&self) -> String {
        let all = Digest::of(format!("again/{}/{}", self.rule, self.row).as_bytes()).to_string();
        all.chars().take(TOKEN).collect()
    }

    /// Whether both are about the same row: there is at most one of these for ever.
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        self.row == other.row && self.rule == other.rule
    }
}

/// By which way somebody was contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// By telephone.
    Phone,
    /// By e-mail.
    Email,
    /// By letter.
    Letter,
    /// By a chat.
    Chat,
    /// Face to face.
    InPerson,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Phone, Self::Email, Self::Letter, Self::Chat, Self::InPerson];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Letter => "letter",
            Self::Chat => "chat",
            Self::InPerson => "in_person",
        }
    }

    /// Its words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Phone => "by phone",
            Self::Email => "by e-mail",
            Self::Letter => "by letter",
            Self::Chat => "by chat",
            Self::InPerson => "in person",
        }
    }
}

/// An attempt to contact a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// By which way.
    pub by: By,
    /// Whether the customer was reached.
    pub reached: bool,
    /// What was said.
    pub note: Option<Commitment>,
    /// When, µs UTC.
    pub at: i64,
}

/// What a customer says of how a case was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is settled for her.
    pub settled: bool,
    /// What she said.
    pub note: Option<Commitment>,
    /// When, µs UTC.
    pub at: i64,
}

impl Work {
    /// Whether a customer was ever reached.
    pub fn is_reached(&self) -> bool {
        self.contacts.iter().any(|of| of.reached)
    }
}
