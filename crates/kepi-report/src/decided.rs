//! What waits for somebody, what is in force and which periods are frozen or closed, as of the log: facts beside the figures.
//!
//! Kinds of items, steps and respects are words here: whatever kind there is, it is shown by what it says of itself.

use kepi_model::{
    calendar::Period,
    id::{SourceId, UnitId},
    project::WhenLate,
};
use kepi_query::value::Segment;
use serde::Serialize;

use crate::{difference::Difference, dual::DualRun};

/// Something that waits for somebody, or did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// Its number.
    pub number: u64,
    /// Its kind: `change_request`.
    pub kind: &'static str,
    /// What the kind is, for people.
    pub about: &'static str,
    /// The step that it is in, or how it ended.
    pub state: &'static str,
    /// The steps of its kind, in order.
    pub steps: Vec<Step>,
    /// When it ended, µs UTC.
    pub ended: Option<i64>,
    /// When it was opened, µs UTC.
    pub opened: i64,
    /// Until when its step is to be done, µs UTC.
    pub due: Option<i64>,
    /// Whose turn it is, by name.
    pub turn: Vec<String>,
    /// Who wrote it, by name.
    pub authors: Vec<String>,
    /// Why; none: the text was erased.
    pub why: Option<String>,
    /// The hash of what it proposes: what is said of it is said of this.
    pub content: String,
    /// In which respects definitions differ.
    pub aspects: Vec<&'static str>,
    /// Definitions that it touches.
    pub touches: Vec<Touch>,
    /// What it is about where that is no definition: `2026-01-01 until 2026-07-01: target`.
    pub subject: Vec<String>,
    /// Whether it is seen by those alone who take part in it, because it is not said what it touches.
    pub secret: bool,
    /// Whom it touches so that they cannot decide on it, by name.
    pub concerned: Vec<String>,
    /// Whose pay it touches, by name.
    pub paid: Vec<String>,
    /// The period of the figure that it says is not right, if it does.
    pub disputes: Option<Period>,
    /// Who takes part although nobody waits for them.
    pub part: Vec<String>,
    /// What was said of it.
    pub ballots: Vec<Ballot>,
    /// What was said of it beside, oldest first.
    pub remarks: Vec<Remark>,
    /// Who has to agree yet.
    pub missing: Vec<Missing>,
    /// Why it is whose turn it is by name, the last stop of the way there: `seat in emea`.
    pub by_way_of: Option<String>,
    /// Until when its owner does not want to see it, µs UTC.
    pub snoozed: Option<i64>,
}

/// What is known of an item because somebody works on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// Whose turn it is by name; none: nobody's by name.
    pub owner: Option<Owner>,
    /// Who may act for her, because they are above her.
    pub above: Vec<String>,
    /// What it holds, a part each: its name and its text; a text that was erased is none.
    pub parts: Vec<(&'static str, Option<String>)>,
    /// When its owner said to have seen it, µs UTC.
    pub acknowledged: Option<i64>,
    /// Until when its owner does not want to see it, µs UTC.
    pub snoozed: Option<i64>,
    /// What was said to have come of it.
    pub outcome: Option<String>,
    /// What can be said to have come of it.
    pub outcomes: Vec<&'static str>,
    /// Whether it can be ended without doing anything.
    pub may_end: bool,
    /// What was seen of it, oldest first.
    pub seen: Vec<String>,
    /// What is known of it because it is a case.
    pub case: Option<Case>,
    /// What is known of it because it is a review.
    pub review: Option<Review>,
    /// Whether a plan can answer it.
    pub asks_for_plan: bool,
    /// The item that it belongs to.
    pub parent: Option<u64>,
    /// Items that belong to it: number, kind, and what has become of it.
    pub children: Vec<(u64, &'static str, &'static str)>,
}

/// What is known of a review: people meet over the figures of a period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Its definition.
    pub rule: String,
    /// The scorecard.
    pub scorecard: String,
    /// The unit; none: that of the scorecard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The period by its length and its first day: `quarter/2026-01-01`.
    pub period: String,
    /// Who leads it.
    pub chair: String,
    /// Who takes part beside.
    pub participants: Vec<String>,
    /// Who was there; left out: nobody has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present: Option<Vec<String>>,
    /// The run whose figures the agenda was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    /// The agenda.
    pub points: Vec<ReviewPoint>,
}

/// A point of an agenda.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReviewPoint {
    /// Its number, from 1.
    pub number: usize,
    /// What it is about.
    #[serde(flatten)]
    pub about: About,
    /// The unit; none: of all rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Why it is on the agenda, in words, the gravest first.
    pub why: Vec<&'static str>,
    /// Whether somebody owes a plan, so that it cannot be accepted as it is.
    pub plan_owed: bool,
    /// Whether it is about the definition, and not about the figure.
    pub of_definition: bool,
    /// Open items that are about it.
    pub items: Vec<u64>,
    /// What was decided; none: nothing yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<PointDecided>,
}

/// What a point of an agenda is about, by its name in definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A KPI: its figure, or its definition.
    Kpi(String),
    /// A journey, by the entity whose rows are its stages.
    Journey(String),
    /// A source.
    Source(String),
}

impl Default for About {
    fn default() -> Self {
        Self::Kpi(String::new())
    }
}

impl std::fmt::Display for About {
    /// `kpi/NAME`, `journey/NAME` or `source/NAME`.
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Kpi(id) => write!(to, "kpi/{id}"),
            Self::Journey(id) => write!(to, "journey/{id}"),
            Self::Source(id) => write!(to, "source/{id}"),
        }
    }
}

/// What was decided on a point.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PointDecided {
    /// `accept`, `task`, `plan`, `change` or `defer`.
    pub decision: &'static str,
    /// Why, or what is to be done; none: the text was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// By whom.
    pub by: String,
    /// When, µs UTC.
    pub at: i64,
    /// The task that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<u64>,
}

/// What is known of a case: a customer who is followed up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case {
    /// The closed loop.
    pub rule: String,
    /// Whose row it is.
    pub of: String,
    /// The parts of its key; none: it is personal, or was erased.
    pub row: Vec<String>,
    /// When that was, µs UTC.
    pub since: i64,
    /// Whether the customer may be contacted, in words.
    pub permission: &'static str,
    /// Whether she may.
    pub may_contact: bool,
    /// What stands for it where the customer is asked once more.
    pub token: String,
    /// Whether it waits for the customer to say whether it is settled.
    pub is_confirming: bool,
    /// Who has it, or had it before it waits.
    pub had_by: Option<String>,
    /// Root causes that can be named.
    pub causes: Vec<String>,
    /// The one that was.
    pub cause: Option<String>,
    /// Attempts to contact her, oldest first.
    pub contacts: Vec<Contact>,
    /// What she said of how it was closed, oldest first.
    pub answers: Vec<Answer>,
    /// Whether it was closed although nobody had reached her who may be contacted.
    pub closed_without_contact: bool,
}

/// An attempt to contact a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// When, µs UTC.
    pub at: i64,
    /// By which way: `by phone`.
    pub by: &'static str,
    /// Whether she was reached.
    pub reached: bool,
    /// What was said; none: nothing, or the text was erased.
    pub note: Option<String>,
}

/// What a customer said of how a case was closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// When, µs UTC.
    pub at: i64,
    /// Whether it is settled for her.
    pub settled: bool,
    /// What she said; none: nothing, or the text was erased.
    pub note: Option<String>,
}

/// Whose turn it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// Who.
    pub person: String,
    /// The way that led there, a stop each: `ben: seat in emea, is away`.
    pub way: Vec<String>,
    /// Whether it cannot be refused.
    pub bound: bool,
    /// How often it went up because nobody acted in time.
    pub rung: u16,
}

/// A step of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// Whose turn it is in it: `write`, `ask`.
    pub turn: &'static str,
    /// Whether it is the one that the item is in.
    pub now: bool,
}

/// A definition that is touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// Kind and name: `kpi/nps`; of a person the kind alone.
    pub id: String,
    /// From when on: a day, or `ever`.
    pub from: String,
    /// Which of its rows it is about.
    pub rows: Rows,
}

/// Which rows of a KPI something is about: who may not see their figures does not see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Rows {
    /// The definition, whatever rows it is over: who sees any of it sees that.
    #[default]
    Any,
    /// Those of a unit; none: all of them.
    Unit(Option<UnitId>),
    /// Those of a segment.
    Segment(Segment),
}

impl Touch {
    /// A definition, from when on.
    pub fn new(id: impl Into<String>, from: impl Into<String>) -> Self {
        Self { id: id.into(), from: from.into(), rows: Rows::Any }
    }

    /// Of a definition these rows alone.
    pub fn of(self, rows: Rows) -> Self {
        Self { rows, ..self }
    }
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// Who, by name.
    pub by: String,
    /// `yes`, `no` or `abstain`.
    pub stance: &'static str,
    /// When, µs UTC.
    pub at: i64,
    /// Why.
    pub why: Option<String>,
}

/// What somebody said beside a ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Its number, from 1.
    pub number: u16,
    /// Who, by name.
    pub by: String,
    /// In which way: `comment`, `objection` or `resolution`.
    pub says: &'static str,
    /// Of a resolution: the number of the objection.
    pub to: Option<u16>,
    /// Of an objection: whether it stands.
    pub stands: bool,
    /// When, µs UTC.
    pub at: i64,
    /// In which words; none: they were erased.
    pub text: Option<String>,
}

/// What a change said from one writing to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Round {
    /// Position of the event by which it was written.
    pub event: u64,
    /// When, µs UTC.
    pub at: i64,
    /// Who wrote it, by name.
    pub by: String,
    /// Why; none: the text was erased, or it was put together with what was adopted since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The hash of what it proposed.
    pub content: String,
    /// What differed by it from what was in force then, in words.
    pub said: Vec<String>,
}

/// A definition as a change would put it in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedText {
    /// Kind and name: `kpi/nps`.
    pub id: String,
    /// From when on: a day, or `ever`.
    pub from: String,
    /// Its text.
    pub text: String,
}

/// Who has to agree yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// In which way: `all` of them, `one`, one `owner`, the `board`; `objecting`: their objections stand.
    pub what: &'static str,
    /// Of whom, by name.
    pub of: Vec<String>,
    /// Of a board: how many functions have said yes, and how many have to.
    pub functions: Option<(usize, usize)>,
}

/// What alerts ask nobody about, until a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Silence {
    /// Its number.
    pub number: u64,
    /// The alert; none: whichever.
    pub alert: Option<String>,
    /// The KPI; none: all of the alert.
    pub kpi: Option<String>,
    /// The unit; none: all units, and all rows.
    pub unit: Option<String>,
    /// Until when, µs UTC.
    pub until: i64,
    /// Who keeps it, by name.
    pub by: String,
    /// Why; none: the text was erased.
    pub why: Option<String>,
}

/// An item with everything that is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemInFull {
    /// The item.
    pub item: Item,
    /// Where it says something else than what was adopted since it was written, while it is its author's turn.
    pub contradicts: Vec<String>,
    /// How definitions differ by it from those in force, while it waits.
    pub documents: Vec<Difference>,
    /// Scorecards whose scores come about otherwise by it.
    pub scorecards: Vec<String>,
    /// KPIs that follow: what they are made of differs.
    pub follow: Vec<String>,
    /// Alerts, closed loops, playbooks and incentive plans that go by what differs.
    pub watched_by: Vec<String>,
    /// Who answers for any of it: name, and for what.
    pub people: Vec<(String, Vec<String>)>,
    /// Whether its respects are those of definitions that everybody may put in force.
    pub open: bool,
    /// What it said in each round, the first first.
    pub rounds: Vec<Round>,
    /// The definitions that it puts in force, while it waits.
    pub texts: Vec<ProposedText>,
    /// What became of it, oldest first.
    pub history: Vec<Happened>,
    /// Who works on it, and what became of that.
    pub work: Work,
    /// What was learnt before about something like it, what is most alike first.
    pub learnt: Vec<Learnt>,
    /// Figures by what is in force and by what it proposes; of a notice, by what was and by what is since. None: it changes none, or
    /// they were not computed yet.
    pub dual: Option<DualRun>,
}

/// When what happened to an item, from its signal to its effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timed {
    /// The item.
    pub item: u64,
    /// Its kind.
    pub kind: &'static str,
    /// The KPI that it is about.
    pub kpi: Option<String>,
    /// The unit; none: of all rows.
    pub unit: Option<String>,
    /// The signal: it was opened, µs UTC.
    pub opened: i64,
    /// Somebody else than who opened it did anything about it.
    pub seen: Option<i64>,
    /// It was said what is to come of it.
    pub decided: Option<i64>,
    /// That was carried out.
    pub done: Option<i64>,
    /// Its effect was seen.
    pub effect: Option<i64>,
    /// It ended.
    pub ended: Option<i64>,
}

/// A run of a playbook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Played {
    /// The item.
    pub item: u64,
    /// The playbook, or the closed loop.
    pub playbook: String,
    /// Whether it is a closed loop.
    pub of_loop: bool,
    /// The place of the step that somebody is at.
    pub step: Option<usize>,
    /// What was said of the steps before, by their places.
    pub stepped: Vec<String>,
    /// The KPI that started it.
    pub kpi: String,
    /// The unit; none: of the whole.
    pub unit: Option<String>,
    /// Whether it is only watched.
    pub held_out: bool,
    /// When it was started, µs UTC.
    pub opened: i64,
    /// The step that it is in, or how it ended.
    pub state: &'static str,
    /// What was said to have come of it.
    pub outcome: Option<String>,
    /// Whether it helped; none: that was not seen yet.
    pub helped: Option<bool>,
}

/// What a unit promised to say of the data of a period, and whether it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// The source.
    pub source: SourceId,
    /// The unit; none: all rows.
    pub unit: Option<UnitId>,
    /// The period by its length and its first day.
    pub period: String,
    /// In so many days of business.
    pub days: u16,
    /// Until when, µs UTC.
    pub due: i64,
    /// When it was said, µs UTC; none: not yet.
    pub at: Option<i64>,
}

/// All that was said of customers and of what gets in their way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// All of it, the newest first.
    pub said: Vec<Feedback>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
}

/// Something that was said of a customer, or of what gets in their way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feedback {
    /// The item with which it is kept; none: it stands in a row.
    pub item: Option<u64>,
    /// The row in which it stands: its entity and what of its key may be told.
    pub row: Option<(String, Vec<String>)>,
    /// Where it was said: `in an answer`, `at a contact`, `by the customer`, `at the front line`.
    pub what: &'static str,
    /// The KPI that it is about.
    pub kpi: String,
    /// The unit; none: everywhere.
    pub unit: Option<String>,
    /// When, µs UTC.
    pub at: i64,
    /// The root cause that was named.
    pub cause: Option<String>,
    /// What was said to have come of it.
    pub outcome: Option<String>,
    /// In whose words ever.
    pub text: String,
}

/// What an alert led to, and what would let it ask less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tuned {
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
    /// What of its text would be written anew: the field, what stands there then, and why.
    pub changes: Vec<(&'static str, String, String)>,
    /// Its text with that; none: there is nothing to change.
    pub text: Option<String>,
}

/// What was learnt from an effect that did not come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Learnt {
    /// The post-mortem.
    pub item: u64,
    /// The plan; left out: it was an initiative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<u64>,
    /// The initiative, by its name in definitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiative: Option<String>,
    /// The KPI.
    pub kpi: String,
    /// The unit; none: of all rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The cause that the plan was about; none: the text was erased.
    pub cause: Option<String>,
    /// Why the effect did not come; none: the text was erased.
    pub findings: Option<String>,
    /// What follows; none: the text was erased.
    pub follows: Option<String>,
    /// Change requests of the KPI since.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<u64>,
    /// What it has in common with what is looked at, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<&'static str>,
}

/// What was said of a KPI in a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commentary {
    /// The item.
    pub item: u64,
    /// The period, as it is written.
    pub period: String,
    /// The unit; none: of all rows.
    pub unit: Option<String>,
    /// Who said it, by name.
    pub by: Vec<String>,
    /// When, µs UTC.
    pub at: i64,
    /// Its parts: name and text; a text that was erased is none.
    pub parts: Vec<(&'static str, Option<String>)>,
    /// Whether others have read it.
    pub read: bool,
}

/// An event of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Its position in the log.
    pub event: u64,
    /// When, µs UTC.
    pub at: i64,
    /// Who, by name.
    pub by: String,
    /// Its kind: `item.voted`.
    pub kind: String,
    /// What it says, in words.
    pub said: String,
}

/// What is asked of the register; the default is everything, as it is known now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegisterAsked {
    /// Only of this definition: `kpi/nps`.
    pub of: Option<String>,
    /// Only what is in force on this day: `2026-07-01`.
    pub day: Option<String>,
    /// As it was known at this position of the log.
    pub position: Option<u64>,
}

/// The methodology of a KPI or scorecard, in Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Methodology {
    /// Kind and name: `kpi/nps`.
    pub of: String,
    /// As in force on this day.
    pub day: String,
    /// As known at this position of the log.
    pub position: u64,
    /// The document.
    pub markdown: String,
}

/// How far a unit is with a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitReadiness {
    /// The unit; none: all rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// As shown.
    pub name: String,
    /// `ready`, `waiting` for a statement before the cut-off, `late` beyond it.
    pub state: &'static str,
    /// What becomes of the close while it is not ready: `block`, `exclude`, `carry`, `warn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<&'static str>,
    /// Final figures of the unit in the period; none: whoever looks does not see them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<usize>,
    /// Figures that more data may change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisional: Option<usize>,
    /// In how many periods by now its data were to be attested.
    pub asked: usize,
    /// In how many of them they were before the cut-off.
    pub in_time: usize,
    /// What is said, or to be said, of its data.
    pub statements: Vec<Statement>,
}

/// What is said, or to be said, of the data of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// The source.
    pub source: SourceId,
    /// Whose turn it is, or who said it.
    pub by: String,
    /// `attested`, `with_reservation`, `missing`, `late`.
    pub state: String,
    /// Until when it is due, µs UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<i64>,
    /// The item.
    pub item: u64,
}

/// A unit whose data nobody attested in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateUnit {
    /// The unit.
    pub unit: UnitId,
    /// What becomes of it.
    pub how: WhenLate,
    /// Whether the period was closed so; else it is still awaited.
    pub closed: bool,
}

/// A definition in force from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Kind and name: `kpi/nps`.
    pub id: String,
    /// From when on: a day, or `ever`.
    pub from: String,
    /// Position of the adoption that says so.
    pub event: u64,
    /// When it was adopted, µs UTC.
    pub at: i64,
    /// By whom, by name.
    pub by: String,
    /// Its text; none: it was erased, or it is a person's.
    pub text: Option<String>,
}

/// What is frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The item that froze it.
    pub item: u64,
    /// The first day.
    pub from: String,
    /// The day after the last.
    pub until: String,
    /// In which respects.
    pub aspects: Vec<&'static str>,
}

/// A close of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The period, as it is written.
    pub period: String,
    /// The how-manieth close of it.
    pub version: usize,
    /// When, µs UTC.
    pub at: i64,
    /// Position of the event that says so.
    pub event: u64,
    /// Official figures, and of them those that were computed otherwise since; none: not everything is seen.
    pub figures: Option<(usize, usize)>,
}

/// All that is frozen and closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Periods {
    /// What is frozen.
    pub frozen: Vec<Frozen>,
    /// Closes, by period.
    pub closed: Vec<Closed>,
    /// Closes to come, the next first.
    pub coming: Vec<Coming>,
}

/// A close to come: a period whose data are attested, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coming {
    /// The period.
    pub period: String,
    /// The day after its last.
    pub until: String,
    /// The cut-off of the first of those who attest, µs UTC; it is another where business is done on other days.
    pub first: i64,
    /// The cut-off of the last of them, µs UTC.
    pub last: i64,
    /// Whose data.
    pub sources: Vec<SourceId>,
    /// How many statements there are to be.
    pub statements: usize,
}

/// A figure of a closed period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Official {
    /// The KPI, or the scorecard.
    pub kpi: String,
    /// The segment, or the unit; empty: all rows, or no unit.
    pub segment: String,
    /// Whether it is the score of a scorecard.
    pub is_score: bool,
    /// What is official; none: nothing was published of it when the period was closed.
    pub official: Option<String>,
    /// What was computed since, where that is something else; none within: it is no longer computed.
    pub restated: Option<Option<String>>,
    /// What is official as a number, in the unit that figures are kept in.
    pub official_value: Option<f64>,
    /// What was computed since as a number.
    pub restated_value: Option<f64>,
    /// Whether what stands since is said by people in place of what was computed.
    pub overridden: bool,
    /// Where a unit was late with its data, what the close made of the figure, in words.
    pub late: Option<String>,
}

/// What would come of a definition written anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its text.
    pub text: String,
    /// What is wrong with it, or remarkable.
    pub findings: Vec<DraftFinding>,
    /// How definitions would differ from those in force.
    pub documents: Vec<Difference>,
    /// Scorecards whose scores would come about otherwise.
    pub scorecards: Vec<String>,
    /// KPIs that would follow.
    pub follow: Vec<String>,
}

/// A finding in a draft.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DraftFinding {
    /// `error`, `warning` or `hint`.
    pub severity: &'static str,
    /// Where: `line 4`, or a file and line; empty: all of it.
    pub place: String,
    /// Its code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What was expected.
    pub expected: Option<String>,
    /// What to do.
    pub fix: Option<String>,
}

/// Whether somebody is one of those named.
pub(crate) fn is_of(name: Option<&str>, of: &[String]) -> bool {
    name.is_some_and(|name| of.iter().any(|of| of == name))
}

impl Item {
    /// Whether somebody takes part in it: wrote it, is asked, said something of it, or is touched by it.
    pub fn has_part(&self, name: Option<&str>) -> bool {
        let ballots = self.ballots.iter().any(|ballot| Some(ballot.by.as_str()) == name);
        ballots
            || [&self.turn, &self.authors, &self.concerned, &self.paid, &self.part]
                .into_iter()
                .any(|of| is_of(name, of))
    }
}
