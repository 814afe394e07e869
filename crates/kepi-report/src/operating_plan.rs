//! What was planned and spent for each objective of a scorecard, beside what it came to.

use serde::{Deserialize, Serialize};

/// The operating plan in whose time a period of a scorecard ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanBeside {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Its first day, ISO 8601.
    pub from: String,
    /// The day after its last, ISO 8601.
    pub until: String,
    /// All of this is as of the end of this day, ISO 8601: the last of the period, or today.
    pub day: String,
    /// The currency of all amounts, ISO 4217.
    pub currency: String,
    /// What it said by then, the earliest first: the last one is the plan. None: it says nothing yet.
    pub versions: Vec<Version>,
    /// Objectives, in the order of the scorecard, then those that are not on it.
    pub lines: Vec<Line>,
    /// Where money and what it is for do not go together.
    pub misaligned: Vec<Misaligned>,
}

/// What an operating plan says from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its name in definitions.
    pub id: String,
    /// From which day on, ISO 8601.
    pub since: String,
    /// Who has to have agreed to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agree: Vec<Agreed>,
    /// By the end of which day, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agree_by: Option<String>,
}

/// Whether somebody has agreed to a version of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// The person's id.
    pub id: String,
    /// The person's name.
    pub name: String,
    /// On which day, ISO 8601: proposed it or agreed to it as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// `in_time`, `late`, `missing` (the day is over) or `awaited`.
    pub state: String,
}

/// The money of an objective, and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The objective's id.
    pub objective: String,
    /// Its shown name.
    pub name: String,
    /// Its share of the scorecard's weight, from 0 to 1; left out: it is not on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// What was planned for all of the plan's time, by version.
    pub planned: Vec<f64>,
    /// What was spent from its first day on; left out: that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<f64>,
    /// Why it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent_reason: Option<String>,
    /// Its score in the period, in points; left out: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Its score in the last period before the plan began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
}

/// Where money and what it is for do not go together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misaligned {
    /// `no_aim`: nothing of it is to be reached; `no_money`: it is short of its target and gets nothing; `not_reached`: more of the money than of the
    /// weight, short of its target and no better than before; `beyond_plan`: more was spent than is planned for all of the time.
    pub kind: String,
    /// The objective's id.
    pub objective: String,
    /// In words.
    pub text: String,
}

impl Version {
    /// Who has agreed to it, as a sentence.
    pub fn agreement(&self) -> String {
        let one = |of: &Agreed| match (&of.on, of.state.as_str()) {
            (Some(on), "late") => format!("{} did late, on {on}", of.name),
            (Some(on), _) => format!("{} did on {on}", of.name),
            (None, "missing") => format!("{} has not", of.name),
            (None, _) => format!("{} has not yet", of.name),
        };
        let all: Vec<String> = self.agree.iter().map(one).collect();
        let by = self.agree_by.as_deref().unwrap_or_default();
        format!("{} is to be agreed to by {by}: {}.", self.id, all.join(", "))
    }
}

impl Line {
    /// What the plan says of it: its last version.
    pub fn plan(&self) -> f64 {
        self.planned.last().copied().unwrap_or_default()
    }
}
