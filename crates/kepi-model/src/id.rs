//! Names and ids: incompatible newtypes, parsed once.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name: use a lower-case letter, then letters, digits or `_`, at most 63 characters")]
pub struct InvalidName(pub String);

/// Whether `text` matches `[a-z][a-z0-9_]{0,62}`.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 63
        && bytes.next().is_some_and(|b| b.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

macro_rules! names {
    ($($(#[$doc:meta])* $id:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $id(Arc<str>);

        impl $id {
            /// The name as text.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl FromStr for $id {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if is_name(text) { Ok(Self(text.into())) } else { Err(InvalidName(text.into())) }
            }
        }
        impl TryFrom<String> for $id {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> { text.parse() }
        }
        impl From<$id> for String {
            fn from(id: $id) -> String { id.0.as_ref().to_owned() }
        }
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{:?}", &self.0) }
        }
    )*};
}

names! {
    /// A project.
    ProjectId
    /// A person.
    PersonId
    /// An organisational unit.
    UnitId
    /// A level of the tree of units, such as `region`.
    LevelId
    /// A kind of thing in the customer model, such as `ticket`.
    EntityId
    /// An attribute of an entity.
    AttributeId
    /// A place data come from.
    SourceId
    /// A validation rule of a source.
    RuleId
    /// A guardrail.
    GuardrailId
    /// What is withheld of a disclosure.
    WithholdingId
    /// A strategy.
    StrategyId
    /// A strategic pillar.
    PillarId
    /// A theme beneath a pillar.
    ThemeId
    /// A long-term goal.
    GoalId
    /// A perspective of the scorecard.
    PerspectiveId
    /// A strategic objective.
    ObjectiveId
    /// A KPI.
    KpiId
    /// What segments are formed by, such as `region`.
    DimensionId
    /// A scorecard.
    ScorecardId
    /// What data may be used for.
    PurposeId
    /// Hours in which work is done.
    BusinessHoursId
    /// How the codes of one version of a classification pass into those of the next.
    CrosswalkId
    /// A way to another system.
    ConnectionId
    /// How it is decided what is in force.
    GovernanceId
    /// Who may see and do what.
    PolicyId
    /// When somebody is asked to act.
    AlertId
    /// Where messages leave to.
    ChannelId
    /// Which rows somebody follows up.
    LoopId
    /// A root cause, such as `waiting`.
    CauseId
    /// What customers write.
    FeedbackId
    /// What a text of a customer may be about, such as `waiting`.
    FeedbackThemeId
    /// What is done where something is so.
    PlaybookId
    /// What somebody sets out to do.
    InitiativeId
    /// What is to be spent in a time.
    OperatingPlanId
    /// What an operating plan says from a day on.
    PlanVersionId
    /// Which KPIs the pay of whom hangs on.
    IncentivePlanId
    /// An event of the enterprise.
    EnterpriseEventId
    /// Who is told if nobody acts in time.
    LadderId
    /// Who is asked next.
    SamplingId
    /// When people meet over figures.
    ReviewId
    /// What other systems ask before they go on.
    StageGateId
    /// A figure of others.
    BenchmarkId
    /// A function that is represented on the board, such as `finance`.
    FunctionId
    /// A freeze that comes by itself, such as `quarter_end`.
    FreezeId
}

/// A BLAKE3 hash of a meaning or of content, shown as lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
    /// The first twelve hexadecimal digits, for people.
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
impl From<Hash> for String {
    fn from(hash: Hash) -> String {
        hash.to_string()
    }
}
impl TryFrom<String> for Hash {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        blake3::Hash::from_hex(&text)
            .map(|h| Self(*h.as_bytes()))
            .map_err(|_| format!("`{text}` is not a hash"))
    }
}
