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
    /// Whether it is the sum of the plans of units.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_sum: bool,
    /// The plans of units below for the same days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitPlan>,
    /// Units directly below of which no plan is known, by name, where others have one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Spending beside results, by dimension.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<SpendingBy>,
}

/// The plan of a unit below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitPlan {
    /// The unit's id.
    pub unit: String,
    /// Its shown name.
    pub name: String,
    /// The plan's id.
    pub plan: String,
    /// The version that is the plan; left out: it says nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it plans in all.
    pub planned: f64,
}

/// What of an objective's money is for an initiative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfInitiative {
    /// The initiative's id.
    pub initiative: String,
    /// Its shown name.
    pub name: String,
    /// What is planned for it in the plan's time; of what nothing is planned 0.
    pub planned: f64,
    /// What it may cost in all.
    pub budget: f64,
    /// What was spent of it in the plan's time by the day; left out: that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<f64>,
}

/// What was spent by the members of a dimension, beside what came of it there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpendingBy {
    /// The dimension.
    pub dimension: String,
    /// Its shown name.
    pub name: String,
    /// What was spent in all, as far as it is known.
    pub spent: f64,
    /// Members, with the most money first.
    pub members: Vec<MemberMoney>,
    /// Where the money lies, in words: what reached its targets, what did not and is no better than before, what is short and got nothing.
    pub reallocation: Vec<String>,
}

/// What was spent at a member, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberMoney {
    /// The member, as in `segment`.
    pub segment: String,
    /// Its shown name.
    pub name: String,
    /// What was spent from the plan's first day on; left out: that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<f64>,
    /// Why it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent_reason: Option<String>,
    /// Its share of all that was spent, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// What KPIs say there.
    pub results: Vec<MemberResult>,
    /// `reached`: all targets; `better`: short of one, and better than before the plan began; `no_better`: money was spent; `unfunded`: none was; `unknown`:
    /// nothing is scored, or there was nothing before.
    pub verdict: String,
}

/// What a KPI says of a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberResult {
    /// The KPI's id.
    pub kpi: String,
    /// Its shown name.
    pub name: String,
    /// Its value in the period, as shown; left out: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The value's score by the target that holds there, in points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The score in the last period before the plan began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
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
    /// What the plans of units below say of it together; left out: there are none, or they are the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_units: Option<f64>,
    /// What of it is for initiatives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub initiatives: Vec<OfInitiative>,
}

/// Where money and what it is for do not go together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misaligned {
    /// `no_aim`: nothing of it is to be reached; `no_money`: it is short of its target and gets nothing; `not_reached`: more of the money than of the
    /// weight, short of its target and no better than before; `beyond_plan`: more was spent than is planned for all of the time, of the objective or of an initiative;
    /// `units_differ`: the plans of units do not add up to it; `old_target`: a target was planned with another version than the one that is the plan;
    /// `budget_differs`: what landed of a budget is not what the plan says.
    pub kind: String,
    /// The objective's id; empty: it is of several.
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

impl PlanBeside {
    /// What units below plan, as a sentence; none: they plan nothing of their own.
    pub fn of_units(&self, money: &dyn Fn(f64) -> String) -> Option<String> {
        if self.units.is_empty() {
            return None;
        }
        let one = |of: &UnitPlan| format!("{} {}", of.name, money(of.planned));
        let all = self.units.iter().map(one).collect::<Vec<_>>().join(", ");
        let sum = money(self.units.iter().map(|of| of.planned).sum());
        let without = match self.without.as_slice() {
            [] => String::new(),
            names => format!("; no plan is known of {}", names.join(", ")),
        };
        Some(match self.is_sum {
            true => format!("It is the sum of what units plan: {all}{without}."),
            false => format!("Units plan {sum} together: {all}{without}."),
        })
    }
}

impl Line {
    /// What the plan says of it: its last version.
    pub fn plan(&self) -> f64 {
        self.planned.last().copied().unwrap_or_default()
    }
}
