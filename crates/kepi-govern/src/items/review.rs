//! Reviews: people meet over the figures of a period, point by point, and none is left without a decision.

use std::collections::BTreeSet;

use jiff::civil::Date;
use kepi_model::id::{EntityId, KpiId, ScorecardId, SourceId, UnitId};
use kepi_proof::Commitment;
use serde::{Deserialize, Serialize, Serializer};

use super::{
    acting::Rung,
    kind::{Kind, Step, Timeout, Turn},
};
use crate::{periods::PeriodId, plain::Name, principal::Principal};

/// People meet over the figures of a period.
pub const REVIEW: &Kind = &Kind {
    name: "review",
    about: "The figures of a period are gone through, point by point: each is accepted, or something follows, or it is put off with a reason.",
    steps: &[Step { name: "deciding", turn: Turn::Work, due: 10, timeout: Timeout::Up }],
    outcomes: &["held"],
    may_end: false,
};

/// A review of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The review, by the name of its definition.
    pub rule: Name,
    /// The scorecard whose KPIs are gone through.
    pub scorecard: ScorecardId,
    /// The unit whose figures they are; none: that of the scorecard.
    pub unit: Option<UnitId>,
    /// The period.
    pub period: PeriodId,
    /// Who leads it.
    pub chair: u64,
    /// Who takes part beside.
    pub participants: BTreeSet<u64>,
    /// In so many days of business it is closed, each of them written as eight hours.
    pub hours: u16,
    /// The run whose figures the agenda was made of; none: nothing was published.
    pub run: Option<u64>,
    /// The agenda.
    pub points: Vec<Point>,
    /// Who is told if nobody closes it in time.
    pub ladder: Vec<Rung>,
}

/// A point of the agenda.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Why it is on the agenda, the gravest first.
    pub why: BTreeSet<OnAgenda>,
    /// What it is about.
    pub about: Topic,
    /// The unit; none: of all rows.
    pub unit: Option<UnitId>,
    /// Open items that are about it.
    pub items: BTreeSet<u64>,
}

/// What a point of an agenda is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// A KPI: its figure, or its definition.
    Kpi(KpiId),
    /// A journey, by the entity whose rows are its stages.
    Journey(EntityId),
    /// A source.
    Source(SourceId),
}

impl Topic {
    /// The KPI, if it is one.
    pub fn kpi(&self) -> Option<&KpiId> {
        match self {
            Self::Kpi(kpi) => Some(kpi),
            Self::Journey(_) | Self::Source(_) => None,
        }
    }
}

impl std::fmt::Display for Topic {
    /// `kpi/NAME`, `journey/NAME` or `source/NAME`.
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Kpi(id) => write!(to, "kpi/{id}"),
            Self::Journey(id) => write!(to, "journey/{id}"),
            Self::Source(id) => write!(to, "source/{id}"),
        }
    }
}

/// Why something is on the agenda, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnAgenda {
    /// It is red beyond chance, and nobody has filed a plan.
    PlanOwed,
    /// It is red.
    Red,
    /// Somebody says that the figure is not right.
    Disputed,
    /// It changed for the worse, beyond what is usual.
    Unusual,
    /// What was agreed on with others is broken.
    Guardrail,
    /// Fewer go on from a stage of a journey than usual.
    DropOff,
    /// More or fewer come into a stage of a journey than usual.
    Volume,
    /// A delivery is overdue.
    Late,
    /// What was promised of its data in the period was not kept.
    Promise,
    /// Many of its rows were set aside.
    SetAside,
    /// An alert is open.
    Alert,
    /// What is to be done by a plan is late.
    Overdue,
    /// There is no figure, or its data are in doubt.
    Unknown,
    /// It got worse three times in a row.
    Trend,
    /// Its data are late, or many of their rows were set aside.
    Data,
    /// What the strategy believes that it moves does not follow it.
    Strategy,
    /// It is red or unusual, and nobody has said why.
    Unexplained,
    /// It was put off by the review before.
    Deferred,
    /// Something that happened to the enterprise touches it.
    Event,
    /// Its definition is confirmed, or is to change: it is its turn.
    Definition,
}

impl OnAgenda {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::PlanOwed,
        Self::Red,
        Self::Disputed,
        Self::Unusual,
        Self::Guardrail,
        Self::DropOff,
        Self::Volume,
        Self::Late,
        Self::Promise,
        Self::SetAside,
        Self::Alert,
        Self::Overdue,
        Self::Unknown,
        Self::Trend,
        Self::Data,
        Self::Strategy,
        Self::Unexplained,
        Self::Deferred,
        Self::Event,
        Self::Definition,
    ];

    /// Its words.
    pub fn words(self) -> &'static str {
        match self {
            Self::PlanOwed => "a plan is owed",
            Self::Red => "red",
            Self::Disputed => "the figure is disputed",
            Self::Unusual => "worse than usual",
            Self::Guardrail => "beyond what was agreed on",
            Self::DropOff => "fewer go on from a stage than usual",
            Self::Volume => "more or fewer come into a stage than usual",
            Self::Late => "a delivery is overdue",
            Self::Promise => "what was promised was not kept",
            Self::SetAside => "many of its rows were set aside",
            Self::Alert => "an alert is open",
            Self::Overdue => "what is to be done is late",
            Self::Unknown => "there is no sure figure",
            Self::Trend => "worse three times in a row",
            Self::Data => "its data are late or set aside",
            Self::Strategy => "what it is believed to move does not follow it",
            Self::Unexplained => "nobody has said why",
            Self::Deferred => "put off by the review before",
            Self::Event => "an event of the enterprise touches it",
            Self::Definition => "the definition is to be confirmed",
        }
    }
}

/// What is decided on a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It stays as it is.
    Accept,
    /// Somebody does something until a day.
    Task,
    /// Somebody files a plan until a day.
    Plan,
    /// Somebody proposes another definition, target or owner until a day.
    Change,
    /// It is put off to the next review.
    Defer,
}

impl Decision {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Accept, Self::Task, Self::Plan, Self::Change, Self::Defer];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Task => "task",
            Self::Plan => "plan",
            Self::Change => "change",
            Self::Defer => "defer",
        }
    }

    /// Whether somebody has something to do by it.
    pub fn is_followed(self) -> bool {
        !matches!(self, Self::Accept | Self::Defer)
    }
}

/// Who does what follows of a decision, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Follows {
    /// Who.
    pub owner: u64,
    /// The last day on which that is in time.
    #[serde(serialize_with = "day")]
    pub by: Date,
}

fn day<S: Serializer>(of: &Date, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(of)
}

/// What was decided on a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub decision: Decision,
    /// Why, or what is to be done.
    pub why: Commitment,
    /// By whom.
    pub by: Principal,
    /// When, µs UTC.
    pub at: i64,
    /// The task that follows.
    pub task: Option<u64>,
}

impl Point {
    /// Whether it is about the definition and not about the figure.
    pub fn is_of_definition(&self) -> bool {
        self.why.contains(&OnAgenda::Definition)
    }
}

impl Review {
    /// Who takes part, whoever leads it among them.
    pub fn part(&self) -> BTreeSet<u64> {
        self.participants.iter().copied().chain([self.chair]).collect()
    }

    /// In so many days of business it is closed.
    pub fn days(&self) -> u16 {
        self.hours.div_ceil(8)
    }
}
