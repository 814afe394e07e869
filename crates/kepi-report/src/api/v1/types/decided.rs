//! What waits for somebody, what is in force, which periods are frozen or closed.

use serde::{Deserialize, Serialize};

use super::{MeasuredIn, Named};
use crate::dual::{Both, Vetted};

/// What waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inbox {
    /// As whom it was asked; left out: nobody who could be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Items: one's own turn first, then where one takes part, then others, then what has ended.
    pub items: Vec<Waiting>,
    /// What alerts ask nobody about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<Silent>,
}

/// What alerts ask nobody about, until a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Silent {
    /// Its number.
    pub silence: u64,
    /// The alert; left out: whichever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// The KPI; left out: all of the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kpi: Option<String>,
    /// The unit; left out: all units, and all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Until when.
    pub until: String,
    /// Who keeps it.
    pub by: String,
    /// Why; left out: the text was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// An item in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its number.
    pub item: u64,
    /// `mine`, `part`, `others` or `ended`.
    pub place: String,
    /// Its kind.
    pub kind: String,
    /// The step that it is in, or how it ended.
    pub state: String,
    /// What it is about.
    pub title: String,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Why; left out: the text was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it has to do with who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_me: Option<String>,
    /// For whom it waits.
    pub waits_for: Vec<String>,
    /// When it was opened.
    pub opened: String,
    /// Until when its step is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// In which respects definitions differ.
    pub aspects: Vec<String>,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// As in a list.
    #[serde(flatten)]
    pub of: Waiting,
    /// The hash of what it proposes.
    pub content: String,
    /// Its steps.
    pub steps: Vec<ItemStep>,
    /// What it is about where that is no definition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject: Vec<String>,
    /// Definitions that it touches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touches: Vec<Touched>,
    /// Where it says something else than what was adopted since it was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradicts: Vec<String>,
    /// How they differ from those in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Differs>,
    /// Scorecards whose scores come about otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scorecards: Vec<Named>,
    /// Alerts, closed loops, playbooks and incentive plans that go by what differs: `alert/red`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watched_by: Vec<String>,
    /// KPIs that follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follow: Vec<Named>,
    /// Figures by what is in force and by what it proposes, or by what was and what is since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<ByBoth>,
    /// Whom it touches so that they cannot decide on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concerned: Vec<String>,
    /// Whose pay it touches: they decide on nothing of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paid: Vec<String>,
    /// What was said of it.
    pub ballots: Vec<ItemBallot>,
    /// What was said of it beside: remarks, objections, how each was resolved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<ItemRemark>,
    /// What a change said in each round, the first first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<ItemRound>,
    /// What became of it.
    pub events: Vec<ItemEvent>,
    /// Who works on it, and what became of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<ItemWork>,
}

/// What speaks for a definition or against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemEvidence {
    /// What it is about: `Usage`, `Cost`, `Validity`, `Reliability`, `Gaming`, `Redundancy`, `Acted on`.
    pub about: String,
    /// In words.
    pub said: String,
}

/// Figures by two definitions, as a dual run found them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ByBoth {
    /// When they were computed.
    pub at: String,
    /// KPIs.
    pub figures: Vec<Both>,
    /// Scorecards.
    pub scores: Vec<Both>,
    /// What analyses say of KPIs that are new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vetted: Vec<Vetted>,
    /// Why there are none by what is proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_run: Option<String>,
}

/// What is known of an item because somebody works on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemWork {
    /// Whose turn it is; left out: nobody's by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The way that led there, a stop each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<String>,
    /// Whether it cannot be refused.
    pub bound: bool,
    /// How often it went up because nobody acted in time.
    pub rung: u16,
    /// When its owner said to have seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<String>,
    /// Until when its owner does not want to see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed: Option<String>,
    /// What was said to have come of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// What it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ItemPart>,
    /// What was seen of it, oldest first, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// What is known of a case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<ItemCase>,
    /// What is known of a review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ItemReview>,
    /// The item that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// Items that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<ItemChild>,
}

/// A review of a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemReview {
    /// Its shown name.
    pub name: String,
    /// The scorecard.
    pub scorecard: Named,
    /// The unit; left out: that of the scorecard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Named>,
    /// The period.
    pub period: String,
    /// Who leads it.
    pub chair: String,
    /// Who takes part beside.
    pub participants: Vec<String>,
    /// Who was there; left out: nobody has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<Vec<String>>,
    /// The run whose figures the agenda was made of; left out: nothing was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    /// The agenda, the gravest first.
    pub points: Vec<ItemPoint>,
}

/// A point of an agenda.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemPoint {
    /// Its number, from 1.
    pub point: usize,
    /// The KPI; left out: it is about a journey or a source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kpi: Option<Named>,
    /// The journey, by the entity whose rows are its stages; left out: it is about something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journey: Option<Named>,
    /// The source; left out: it is about something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Named>,
    /// The unit; left out: all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Named>,
    /// Why it is on the agenda, in words.
    pub why: Vec<String>,
    /// Whether somebody owes a plan.
    pub plan_owed: bool,
    /// Whether it is about the definition, and not about the figure.
    pub of_definition: bool,
    /// Of a definition, a journey or a source: what speaks for it and against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<ItemEvidence>,
    /// Open items about it when the agenda was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<u64>,
    /// What was decided; left out: nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<ItemDecided>,
}

/// What was decided on a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemDecided {
    /// `accept`, `task`, `plan`, `change` or `defer`.
    pub decision: String,
    /// Why, or what is to be done; left out: the text was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// By whom.
    pub by: String,
    /// The task that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<u64>,
}

/// A customer who is followed up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemCase {
    /// The closed loop.
    pub closed_loop: Named,
    /// Whose row it is.
    pub entity: String,
    /// The parts of its key; left out: it is personal, was erased, or rows are not seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// When that was.
    pub since: String,
    /// Whether the customer may be contacted, in words.
    pub permission: String,
    /// The root cause that was named, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Attempts to contact her, oldest first.
    pub contacts: Vec<CaseContact>,
    /// What she said of how it was closed, oldest first.
    pub answers: Vec<CaseAnswer>,
    /// Whether it was closed although nobody had reached her who may be contacted.
    pub closed_without_contact: bool,
}

/// An attempt to contact a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseContact {
    /// When.
    pub at: String,
    /// By which way, in words.
    pub by: String,
    /// Whether she was reached.
    pub reached: bool,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a customer said of how a case was closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseAnswer {
    /// When.
    pub at: String,
    /// Whether it is settled for her.
    pub settled: bool,
    /// In her words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A part of what an item holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemPart {
    /// Its name.
    pub part: String,
    /// Its text; left out: it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// An item that belongs to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemChild {
    /// Its number.
    pub item: u64,
    /// Its kind.
    pub kind: String,
    /// The step that it is in, or how it ended.
    pub state: String,
}

/// A step of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemStep {
    /// Its name.
    pub step: String,
    /// Whose turn it is in it.
    pub turn: String,
    /// Whether it is the one that the item is in.
    pub now: bool,
}

/// A definition that is touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Touched {
    /// Kind and name.
    pub id: String,
    /// From when on.
    pub from: String,
}

/// How a definition differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Differs {
    /// Kind and name.
    pub id: String,
    /// `new`, `changed` or `gone`.
    pub how: String,
    /// In which respects.
    pub aspects: Vec<String>,
    /// The differences in words.
    pub said: Vec<String>,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemBallot {
    /// Who.
    pub by: String,
    /// `yes`, `no` or `abstain`.
    pub stance: String,
    /// When.
    pub at: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What somebody said beside a ballot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemRemark {
    /// Its number, from 1.
    pub number: u16,
    /// Who.
    pub by: String,
    /// `comment`, `objection` or `resolution`.
    pub says: String,
    /// Of a resolution: the number of the objection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u16>,
    /// Of an objection: whether it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands: Option<bool>,
    /// When.
    pub at: String,
    /// In which words; none: they were erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a change said from one writing to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemRound {
    /// Position of the event by which it was written.
    pub event: u64,
    /// When.
    pub at: String,
    /// Who wrote it.
    pub by: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The hash of what it proposed.
    pub content: String,
    /// What differed by it from what was in force then.
    pub said: Vec<String>,
}

/// An event of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemEvent {
    /// Its position in the log.
    pub event: u64,
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
    /// Its kind.
    pub kind: String,
    /// What it says.
    pub text: String,
}

/// What is, was or will be in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Register {
    /// Each wording of each definition.
    pub definitions: Vec<HeldDefinition>,
}

/// A definition in force from a day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldDefinition {
    /// Kind and name.
    pub id: String,
    /// From when on.
    pub from: String,
    /// Position of the adoption.
    pub event: u64,
    /// When it was adopted.
    pub adopted_at: String,
    /// By whom.
    pub by: String,
    /// Its text, where one definition is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Periods: open, frozen, closed, restated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeriodsDecided {
    /// The newest of each length, and all that are closed.
    pub periods: Vec<PeriodState>,
    /// What is frozen.
    pub frozen: Vec<FrozenDays>,
    /// Closes to come, the next first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coming: Vec<PeriodComing>,
}

/// A close to come: a period whose data are attested, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeriodComing {
    /// As it is written.
    pub period: String,
    /// The day after its last.
    pub until: String,
    /// The cut-off of the first of those who attest; it is another where business is done on other days.
    pub first: String,
    /// The cut-off of the last of them.
    pub last: String,
    /// Whose data.
    pub sources: Vec<String>,
    /// How many statements there are to be.
    pub statements: usize,
}

/// A period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeriodState {
    /// As it is written.
    pub period: String,
    /// Its first day.
    pub from: String,
    /// The day after its last.
    pub until: String,
    /// Its closes, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<PeriodClose>,
    /// Items that have frozen any of its days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frozen_by: Vec<u64>,
}

/// A close.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeriodClose {
    /// The how-manieth.
    pub version: usize,
    /// When.
    pub at: String,
    /// Position of the event.
    pub event: u64,
    /// Official figures; left out: not everything is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<usize>,
    /// Of them, those computed otherwise since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restated: Option<usize>,
}

/// Days that are frozen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrozenDays {
    /// The item that froze them.
    pub item: u64,
    /// The first day.
    pub from: String,
    /// The day after the last.
    pub until: String,
    /// In which respects.
    pub aspects: Vec<String>,
}

/// The official figures of a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfficialFigures {
    /// The period.
    pub period: String,
    /// Its figures.
    pub figures: Vec<OfficialFigure>,
    /// The scores of scorecards.
    #[serde(default)]
    pub scores: Vec<OfficialScore>,
}

/// An official score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfficialScore {
    /// The scorecard.
    pub scorecard: Named,
    /// The unit; empty: of all.
    pub unit: String,
    /// What is official, as people read it; left out: nothing was published of it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub official: Option<String>,
    /// Whether it is another since.
    pub restated: bool,
    /// What that is; left out where it is restated: it is no longer computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// What is official, in points; left out: there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub official_value: Option<f64>,
    /// What it is since, in points; only where it is restated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now_value: Option<f64>,
    /// Where a unit was late with its data, what the close made of it; left out elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<String>,
}

/// An official figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfficialFigure {
    /// The KPI.
    pub kpi: Named,
    /// The segment; empty for the total.
    pub segment: String,
    /// What is official, as people read it; left out: nothing was published of it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub official: Option<String>,
    /// Whether something else was computed since.
    pub restated: bool,
    /// What that is; left out where it is restated: it is no longer computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// What is official, plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub official_value: Option<f64>,
    /// What was computed since, plain; only where it is restated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now_value: Option<f64>,
    /// Whether people say what stands since, in place of what was computed.
    #[serde(default)]
    pub overridden: bool,
    /// Where a unit was late with its data, what the close made of the figure; left out elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<String>,
    /// What the plain figures are measured in; left out: the KPI is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_in: Option<MeasuredIn>,
}

/// Some of the log, the newest event first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// The events.
    pub events: Vec<Logged>,
    /// How many the whole log has.
    pub size: u64,
    /// The event before which older ones are found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub older: Option<u64>,
    /// The longest checkpoint that was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<LogCheckpoint>,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logged {
    /// Its position.
    pub event: u64,
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub about: String,
    /// What it says.
    pub text: String,
}

/// A checkpoint that was signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogCheckpoint {
    /// So many events were signed for.
    pub events: u64,
    /// Whether the log still begins with them.
    pub holds: bool,
}

/// `GET /api/v1/gates/{id}`: whether a stage gate is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// The gate.
    pub gate: Named,
    /// Whether all that it asks for surely holds.
    pub open: bool,
    /// The unit whose figures they are; left out: all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Named>,
    /// What it asks for, and how that stands.
    pub demands: Vec<Demanded>,
}

/// One thing that a stage gate asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Demanded {
    /// The KPI.
    pub kpi: Named,
    /// What it has to be, in words.
    pub asked: String,
    /// The period of the figure; left out: none counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// The figure as it is shown; left out: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<String>,
    /// Whether it holds; left out: that is not known, so it holds nothing open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<bool>,
    /// Why it does not, or is not known, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
