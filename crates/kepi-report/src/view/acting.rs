//! How long it takes from a signal to its effect, what was learnt, and what alerts led to.

use super::{Named, ProjectView};
use crate::decided::Learnt;

/// How long what waited took.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyView {
    /// The project.
    pub project: ProjectView,
    /// All signals together, by unit, by KPI, and all kinds of items.
    pub groups: Vec<LatencyGroup>,
    /// What was learnt from effects that did not come, the newest first.
    pub learnt: Vec<Learnt>,
}

/// Some of what waited, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyGroup {
    /// By what: `unit`.
    pub by: &'static str,
    /// The same for people.
    pub title: &'static str,
    /// A row each.
    pub rows: Vec<LatencyRow>,
}

/// How long it took, step by step.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyRow {
    /// Which: an id.
    pub id: String,
    /// The shown name.
    pub name: String,
    /// Its page.
    pub path: Option<String>,
    /// Items.
    pub items: u64,
    /// The steps from the signal on, in their order.
    pub steps: Vec<StepTime>,
}

/// How long a step takes: from the one before it to itself.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTime {
    /// The step: `seen`.
    pub step: &'static str,
    /// Items that came so far that it could follow.
    pub of: u64,
    /// Of them, those in which it did not yet: they count for as long as they have waited.
    pub open: u64,
    /// The time within which half of them have it, in seconds, with both ends of its interval, of which the later may be open; or why
    /// none can be said.
    pub median: Result<(f64, f64, Option<f64>), String>,
    /// The same in words.
    pub text: String,
}

/// What alerts led to.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertsView {
    /// The project.
    pub project: ProjectView,
    /// A row each.
    pub rows: Vec<AlertRow>,
}

/// What an alert led to, and what would let it ask less.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRow {
    /// Its name in definitions.
    pub id: String,
    /// Its shown name.
    pub name: String,
    /// What raises it, in words.
    pub on: Vec<&'static str>,
    /// Alerts that somebody acted on.
    pub acted_on: u64,
    /// Alerts that somebody dismissed.
    pub dismissed: u64,
    /// Alerts that were over before anybody did anything.
    pub ignored: u64,
    /// Alerts that are open.
    pub open: u64,
    /// The share of those over that somebody acted on, with both ends of its interval at 95 %; none: none is over.
    pub precision: Option<(f64, f64, f64)>,
    /// The same in words.
    pub precision_text: String,
    /// What of its text would be written anew: the field, what stands there then, and why.
    pub changes: Vec<(&'static str, String, String)>,
    /// Its text with that; none: there is nothing to change.
    pub text: Option<String>,
}

/// Playbooks, and whether they help.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaybooksView {
    /// The project.
    pub project: ProjectView,
    /// A row each.
    pub rows: Vec<PlaybookRow>,
}

/// A playbook, what was started by it, and whether that helped.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaybookRow {
    /// Its name in definitions and the one that is shown.
    pub playbook: Named,
    /// Whether it is a closed loop, which follows rows up by cases and holds some out.
    pub of_loop: bool,
    /// The KPI whose rows or state start it.
    pub kpi: Named,
    /// What starts it, in words.
    pub starts: String,
    /// Its steps, one after the other; none of a closed loop.
    pub steps: Vec<PlaybookStepRow>,
    /// So many runs are open at once in each unit.
    pub capacity: u16,
    /// For so many days the same starts it once.
    pub cool_down: u16,
    /// So many of a hundred are only watched.
    pub hold_out: u8,
    /// So many days later it is looked whether it helped.
    pub after: u16,
    /// Units in which something is otherwise.
    pub variants: Vec<String>,
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
    /// The difference of both shares, with both ends of its interval at 95 %; none: one of them is empty.
    pub effect: Option<(f64, f64, f64)>,
    /// The same in words.
    pub effect_text: String,
    /// The newest runs.
    pub runs: Vec<RunRow>,
}

/// A step of a playbook, and how far runs came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaybookStepRow {
    /// The unit that does it so, shown name, with the units below it; none: everywhere else.
    pub unit: Option<String>,
    /// What is done.
    pub text: String,
    /// In so many business hours.
    pub hours: u16,
    /// Who does it, shown name; none: whoever answers for the KPI.
    pub by: Option<String>,
    /// Runs in which somebody is at it.
    pub at_it: u64,
    /// Runs in which it is done.
    pub done: u64,
    /// Runs that went on without it.
    pub skipped: u64,
}

/// A run of a playbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The item.
    pub item: u64,
    /// The unit.
    pub unit: Option<String>,
    /// When it was started, RFC 3339.
    pub opened: String,
    /// What has become of it, in words.
    pub state: String,
    /// Whether it is only watched.
    pub held_out: bool,
    /// Whether it helped; none: that was not seen yet.
    pub helped: Option<bool>,
}

/// What to work on first for an outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct PrioritiesView {
    /// The project.
    pub project: ProjectView,
    /// The outcome; none: nothing is believed to move anything.
    pub outcome: Option<Named>,
    /// Outcomes of which something is believed to move them.
    pub outcomes: Vec<Named>,
    /// The period up to which it was looked.
    pub period: String,
    /// Its drivers, what would gain most first.
    pub drivers: Vec<DriverRow>,
}

/// A driver of an outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverRow {
    /// The driver.
    pub kpi: Named,
    /// By how much the outcome gets better with a typical move of it; none: not known.
    pub importance: Option<f64>,
    /// The same in words, or why it is not known.
    pub importance_text: String,
    /// What its score lacks of a full one, in points; none: it has no score.
    pub gap: Option<f64>,
    /// Both multiplied, as a share of the largest; none: one is not known.
    pub priority: Option<f64>,
    /// Where it stands, in words.
    pub stands: Option<&'static str>,
    /// Whether what is believed is supported.
    pub verdict: &'static str,
}

/// What was said of customers and of what gets in their way, as far as it was searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedbackView {
    /// The project.
    pub project: ProjectView,
    /// What was searched for.
    pub words: String,
    /// How much there is altogether.
    pub all: usize,
    /// How much was found.
    pub found: usize,
    /// The theme that it was searched for.
    pub theme: Option<String>,
    /// Root causes of what was found, with how often, the most frequent first.
    pub causes: Vec<(String, usize)>,
    /// Themes of what was found, with in how many texts, the most frequent first. A text can be about several.
    pub themes: Vec<(String, usize)>,
    /// Texts that were found and are about none, although their KPI has themes.
    pub about_none: usize,
    /// The newest of it.
    pub rows: Vec<FeedbackRow>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
    /// KPIs of which something can be said.
    pub kpis: Vec<Named>,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackRow {
    /// The item with which it is kept; none: it stands in a row.
    pub item: Option<u64>,
    /// The row in which it stands: its entity and what of its key may be told.
    pub row: Option<(String, Vec<String>)>,
    /// Where it was said.
    pub what: &'static str,
    /// The KPI that it is about.
    pub kpi: Named,
    /// The unit.
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
