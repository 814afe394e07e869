//! How long it takes to act, and what alerts led to.

use serde::Serialize;

use crate::decided::Learnt;

/// How long it takes from a signal to its effect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Latency {
    /// All signals, by unit, by KPI, and all kinds of items: a row each.
    pub rows: Vec<LatencyOf>,
    /// What was learnt from effects that did not come, the newest first.
    pub learnt: Vec<Learnt>,
}

/// How long some of it took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatencyOf {
    /// By what it is taken apart: `signal`, `unit`, `kpi` or `kind`.
    pub by: String,
    /// Which.
    pub id: String,
    /// Its shown name.
    pub name: String,
    /// Items.
    pub items: u64,
    /// Step by step.
    pub steps: Vec<LatencyStep>,
}

/// How long a step takes, from the one before it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatencyStep {
    /// The step.
    pub step: String,
    /// Items that it could follow in.
    pub of: u64,
    /// Of them, those in which it did not yet.
    pub open: u64,
    /// The time within which half of them have it, in seconds; left out: none can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median: Option<f64>,
    /// Lower end of its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end; left out: longer than is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What an alert led to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertLedTo {
    /// The alert.
    pub alert: String,
    /// Alerts that somebody acted on.
    pub acted_on: u64,
    /// Alerts that somebody dismissed.
    pub dismissed: u64,
    /// Alerts that were over before anybody did anything.
    pub ignored: u64,
    /// Alerts that are open.
    pub open: u64,
    /// The share of those over that somebody acted on; left out: none is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// Lower end of its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// What would let it ask less.
    pub changes: Vec<AlertTuned>,
}

/// A change of an alert by which it asks less.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertTuned {
    /// What of it.
    pub field: String,
    /// What stands there then.
    pub value: String,
    /// Why.
    pub why: String,
}

/// A playbook, what was started by it, and whether that helped.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaybookLedTo {
    /// The playbook, or the closed loop.
    pub playbook: String,
    /// Whether it is a closed loop: `done` are those followed up.
    pub closed_loop: bool,
    /// The KPI whose rows or state start it.
    pub kpi: String,
    /// Its steps, one after the other, then those of units that have their own.
    pub steps: Vec<PlaybookStepLedTo>,
    /// Runs that somebody works on.
    pub open: u64,
    /// Runs whose steps are done, or that came to another end.
    pub done: u64,
    /// Those that are, or were, only watched.
    pub held_out: u64,
    /// Of what was done and looked at: so many are as they should be, of so many.
    pub with: (u64, u64),
    /// The same of what was only watched.
    pub without: (u64, u64),
    /// The difference of both shares; left out: one of them is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<f64>,
    /// Lower end of its interval at 95 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// The newest runs.
    pub runs: Vec<PlaybookRun>,
}

/// A step of a playbook, and how far runs came with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaybookStepLedTo {
    /// The unit that does it so, with the units below it; left out: everywhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What is done.
    pub step: String,
    /// In so many business hours.
    pub hours: u16,
    /// Who does it; left out: whoever answers for the KPI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Runs in which somebody is at it.
    pub at_it: u64,
    /// Runs in which it is done.
    pub done: u64,
    /// Runs that went on without it.
    pub skipped: u64,
}

/// A run of a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaybookRun {
    /// The item.
    pub item: u64,
    /// The unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// When it was started, RFC 3339.
    pub opened: String,
    /// What has become of it.
    pub state: String,
    /// Whether it is only watched.
    pub held_out: bool,
    /// Whether it helped; left out: that was not seen yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helped: Option<bool>,
}

/// What to work on first for an outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Priorities {
    /// The outcome; left out: nothing is believed to move anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The period up to which it was looked.
    pub period: String,
    /// Its drivers, what would gain most first.
    pub drivers: Vec<PriorityOf>,
}

/// A driver of an outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PriorityOf {
    /// The driver.
    pub kpi: String,
    /// By how much the outcome gets better with a typical move of it, in its unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importance: Option<f64>,
    /// What its score lacks of a full one, in points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<f64>,
    /// Both multiplied, as a share of the largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<f64>,
    /// Where it stands: `act first`, `keep`, `later` or `watch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stands: Option<String>,
    /// Whether what is believed is supported: a verdict.
    pub verdict: String,
    /// Why its importance is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What was said of customers and of what gets in their way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedbackFound {
    /// How much there is altogether.
    pub all: usize,
    /// How much was found.
    pub found: usize,
    /// Root causes of what was found, with how often.
    pub causes: Vec<(String, usize)>,
    /// Themes of what was found, with in how many texts; a text can be about several.
    pub themes: Vec<(String, usize)>,
    /// Texts about none, although their KPI has themes.
    pub about_none: usize,
    /// What could not be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// The newest of it.
    pub said: Vec<FeedbackSaid>,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedbackSaid {
    /// The item with which it is kept; left out: it stands in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u64>,
    /// The row in which it stands: its entity and what of its key may be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<(String, Vec<String>)>,
    /// Where it was said.
    pub place: String,
    /// The KPI that it is about.
    pub kpi: String,
    /// The unit; left out: everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// When, RFC 3339.
    pub at: String,
    /// The root cause, and what came of it.
    pub became: Vec<String>,
    /// Its themes.
    pub themes: Vec<String>,
    /// The words.
    pub text: String,
}
