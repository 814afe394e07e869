//! The form in which events are kept, for ever.
//!
//! `{seq, at, by, kind, v, subject, n, cause, body}`. The body is canonical JSON (RFC 8785 without floating point) and
//! is kept byte for byte. No user's words stand in it: what people and their data say is named by commitments. A kind
//! whose body changes gets the next `v`, a step in [`upcast`], and a fixture; the fixtures of all versions stay.

mod access_v1;
mod v1;
mod v1_acting;
mod v1_attesting;
mod v1_cases;
mod v1_correcting;
mod v1_deciding;
mod v1_erasing;
mod v1_figures;
mod v1_handover;
mod v1_judging;
mod v1_reviews;
mod v1_silences;

use kepi_proof::canonical;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use v1_acting as acting;
use v1_deciding as deciding;

use crate::{
    event::{Event, Subject},
    plain::{Kind, NotPlain},
    principal::Principal,
};

/// Every kind of event with the version that is written now.
pub const KINDS: &[(&str, u32)] = &[
    ("alerts.silenced", 1),
    ("attempt.forbidden", 1),
    ("attempt.refused", 1),
    ("definition.adopted", 1),
    ("figure.overridden", 1),
    ("governance.adopted", 2),
    ("insights.published", 1),
    ("item.acknowledged", 1),
    ("item.answered", 1),
    ("item.stepped", 1),
    ("item.attended", 1),
    ("item.assigned", 1),
    ("item.contacted", 1),
    ("item.decided", 1),
    ("item.edited", 1),
    ("item.ended", 1),
    ("item.escalated", 1),
    ("item.finished", 2),
    ("item.moved", 1),
    ("item.observed", 1),
    ("item.opened", 1),
    ("item.rebased", 1),
    ("item.refused", 1),
    ("item.remarked", 1),
    ("item.returned", 1),
    ("item.snoozed", 1),
    ("item.voted", 1),
    ("legacy", 0),
    ("load.landed", 1),
    ("load.stopped", 1),
    ("override.ended", 1),
    ("period.closed", 1),
    ("period.frozen", 2),
    ("period.lifted", 1),
    ("person.joined", 1),
    ("person.left", 1),
    ("row.corrected", 1),
    ("rows.asked_to_erase", 1),
    ("rows.erased", 1),
    ("rows.judged", 1),
    ("run.published", 1),
    ("sign_in.bound", 1),
    ("sign_in.ended", 1),
    ("silence.ended", 1),
    ("table.shaped", 1),
    ("token.issued", 1),
    ("token.revoked", 1),
    ("value.entered", 1),
    ("value.taken_back", 1),
];

/// Why an event cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// This version of Kepi does not know it.
    #[error("event `{kind}` of version {v} is not known here; use a newer kepi")]
    Unknown {
        /// Its kind.
        kind: String,
        /// Its version.
        v: u32,
    },
    /// The body is not what events of its kind have.
    #[error("event `{kind}` of version {v} holds something else than it should: {reason}")]
    Body {
        /// Its kind.
        kind: String,
        /// Its version.
        v: u32,
        /// Why.
        reason: String,
    },
    /// A text that may not stand in an event.
    #[error(transparent)]
    Plain(#[from] NotPlain),
}

/// An event as it is kept, without its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its kind.
    pub kind: &'static str,
    /// The version of its body.
    pub v: u32,
    /// What it is about.
    pub subject: Subject,
    /// The body in canonical spelling.
    pub body: String,
}

/// An event of the log as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its position: 1, 2, 3 … without gaps.
    pub seq: u64,
    /// When, in µs UTC; never before the event before it.
    pub at: i64,
    /// Who.
    pub by: Principal,
    /// What happened.
    pub kind: Kind,
    /// The version of its body; 0 for what is older than versions.
    pub v: u32,
    /// What it is about.
    pub subject: Subject,
    /// The how-manieth event about that: 1, 2, 3 … without gaps.
    pub n: u64,
    /// Position of the event that led to it, if one did.
    pub cause: Option<u64>,
    /// The body in canonical spelling.
    pub body: String,
}

/// The parts of an event in the order in which its line spells them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: i64,
    body: Value,
    by: Principal,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cause: Option<u64>,
    kind: Kind,
    n: u64,
    seq: u64,
    subject: String,
    v: u32,
}

impl Recorded {
    /// What happened.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn event(&self) -> Result<Event, Unreadable> {
        read(self.kind.as_str(), self.v, &self.subject, &self.body)
    }

    /// The whole event in canonical spelling: one line of an export, and the bytes that a tree over the log covers.
    ///
    /// # Errors
    /// [`Unreadable::Body`] if the body is not canonical.
    pub fn line(&self) -> Result<String, Unreadable> {
        let line = Line {
            at: self.at,
            body: kepi_proof::read(&self.body).map_err(|e| self.broken(&e))?,
            by: self.by.clone(),
            cause: self.cause,
            kind: self.kind.clone(),
            n: self.n,
            seq: self.seq,
            subject: self.subject.to_string(),
            v: self.v,
        };
        let value = serde_json::to_value(line).map_err(|e| self.broken(&e))?;
        canonical(&value).map_err(|e| self.broken(&e))
    }

    /// Reads a line that [`Self::line`] wrote.
    ///
    /// # Errors
    /// [`Unreadable::Body`] if it is not one.
    pub fn read_line(text: &str) -> Result<Self, Unreadable> {
        let broken = |reason: String| Unreadable::Body { kind: "a line".to_owned(), v: 1, reason };
        let value = kepi_proof::read(text).map_err(|e| broken(e.to_string()))?;
        let line: Line = serde_json::from_value(value).map_err(|e| broken(e.to_string()))?;
        Ok(Self {
            seq: line.seq,
            at: line.at,
            by: line.by,
            kind: line.kind,
            v: line.v,
            subject: Subject::recorded(&line.subject),
            n: line.n,
            cause: line.cause,
            body: canonical(&line.body).map_err(|e| broken(e.to_string()))?,
        })
    }

    /// From the parts as a database holds them.
    ///
    /// # Errors
    /// [`Unreadable::Plain`] if kind or principal is none.
    #[expect(clippy::too_many_arguments, reason = "the columns of one row")]
    pub fn of_parts(
        seq: u64,
        at: i64,
        by: &str,
        kind: &str,
        v: u32,
        subject: &str,
        n: u64,
        cause: Option<u64>,
        body: String,
    ) -> Result<Self, Unreadable> {
        let (by, kind) = (by.parse()?, kind.parse()?);
        Ok(Self { seq, at, by, kind, v, subject: Subject::recorded(subject), n, cause, body })
    }

    fn broken(&self, reason: &dyn std::fmt::Display) -> Unreadable {
        Unreadable::Body { kind: self.kind.to_string(), v: self.v, reason: reason.to_string() }
    }
}

/// An event in the form of today's version.
///
/// # Errors
/// [`Unreadable::Body`] if a number does not fit into canonical JSON.
pub fn write(event: &Event) -> Result<Written, Unreadable> {
    let (kind, v, body) = match event {
        Event::DefinitionAdopted(e) => ("definition.adopted", 1, to_value(&v1::Adoption::from(e))),
        Event::LoadLanded(e) => ("load.landed", 1, to_value(&v1::LoadLanded::from(e))),
        Event::LoadStopped(e) => ("load.stopped", 1, to_value(&v1::LoadStopped::from(e))),
        Event::TableShaped(e) => ("table.shaped", 1, to_value(&v1::TableShaped::from(e))),
        Event::RunPublished(e) => ("run.published", 1, to_value(&v1::RunPublished::from(e))),
        Event::InsightsPublished(e) => ("insights.published", 1, to_value(&v1::InsightsPublished::from(e))),
        Event::SignInBound(e) => ("sign_in.bound", 1, to_value(&access_v1::SignInBound::from(e))),
        Event::SignInEnded(_) => ("sign_in.ended", 1, to_value(&access_v1::Nothing {})),
        Event::TokenIssued(e) => ("token.issued", 1, to_value(&access_v1::TokenIssued::from(e))),
        Event::TokenRevoked(_) => ("token.revoked", 1, to_value(&access_v1::Nothing {})),
        Event::AttemptRefused(e) => ("attempt.refused", 1, to_value(&access_v1::AttemptRefused::from(e))),
        Event::AttemptForbidden(e) => ("attempt.forbidden", 1, to_value(&deciding::Forbidden::from(e))),
        Event::GovernanceAdopted(e) => ("governance.adopted", 2, to_value(&deciding::Governance::from(e))),
        Event::PersonJoined(_) => ("person.joined", 1, to_value(&deciding::Person {})),
        Event::PersonLeft(_) => ("person.left", 1, to_value(&deciding::Person {})),
        Event::PeriodFrozen(e) => ("period.frozen", 2, to_value(&deciding::Freeze::from(&e.freeze))),
        Event::PeriodLifted(_) => ("period.lifted", 1, to_value(&deciding::Lifted {})),
        Event::PeriodClosed(e) => ("period.closed", 1, to_value(&deciding::Closed::from(e))),
        Event::FigureOverridden(e) => {
            ("figure.overridden", 1, to_value(&v1_figures::Overridden::from(&e.of)))
        }
        Event::ValueEntered(e) => ("value.entered", 1, to_value(&v1_figures::Entry::from(&e.of))),
        Event::ValueTakenBack(_) => ("value.taken_back", 1, to_value(&v1_figures::TakenBack {})),
        Event::OverrideEnded(e) => ("override.ended", 1, to_value(&v1_figures::OverrideEnded { why: e.why })),
        Event::ItemOpened(e) => ("item.opened", 1, to_value(&deciding::Proposed::opened(e))),
        Event::ItemEdited(e) => ("item.edited", 1, to_value(&deciding::Proposed::edited(e))),
        Event::ItemRebased(e) => ("item.rebased", 1, to_value(&deciding::Rebased::from(e))),
        Event::ItemMoved(e) => ("item.moved", 1, to_value(&deciding::ItemMoved { to: e.to.clone() })),
        Event::ItemVoted(e) => ("item.voted", 1, to_value(&deciding::ItemVoted::from(e))),
        Event::ItemRemarked(e) => ("item.remarked", 1, to_value(&deciding::ItemRemarked::from(e))),
        Event::ItemReturned(e) => ("item.returned", 1, to_value(&deciding::ItemReturned { why: e.why })),
        Event::ItemEnded(e) => ("item.ended", 1, to_value(&deciding::ItemEnded { outcome: e.outcome })),
        Event::ItemAssigned(e) => ("item.assigned", 1, to_value(&acting::Assigned::from(e))),
        Event::ItemRefused(e) => ("item.refused", 1, to_value(&acting::Refused { why: e.why })),
        Event::ItemEscalated(e) => ("item.escalated", 1, to_value(&acting::Escalated::from(e))),
        Event::ItemAcknowledged(_) => ("item.acknowledged", 1, to_value(&acting::Acknowledged {})),
        Event::ItemSnoozed(e) => {
            ("item.snoozed", 1, to_value(&acting::Snoozed { until: e.until, why: e.why }))
        }
        Event::ItemFinished(e) => ("item.finished", 2, to_value(&acting::Finished::from(e))),
        Event::ItemObserved(e) => ("item.observed", 1, to_value(&acting::Observed::from(&e.seen))),
        Event::ItemContacted(e) => ("item.contacted", 1, to_value(&v1_cases::Contacted::from(e))),
        Event::ItemStepped(e) => ("item.stepped", 1, to_value(&v1_cases::Stepped::from(e))),
        Event::ItemAttended(e) => ("item.attended", 1, to_value(&v1_reviews::Attended::from(e))),
        Event::ItemAnswered(e) => ("item.answered", 1, to_value(&v1_cases::Answered::from(e))),
        Event::PointDecided(e) => ("item.decided", 1, to_value(&v1_reviews::Decided::from(e))),
        Event::AlertsSilenced(e) => ("alerts.silenced", 1, to_value(&v1_silences::Silenced::from(&e.of))),
        Event::SilenceEnded(_) => ("silence.ended", 1, to_value(&v1_silences::Ended {})),
        Event::RowsJudged(e) => ("rows.judged", 1, to_value(&v1_judging::Judged::from(e))),
        Event::RowCorrected(e) => ("row.corrected", 1, to_value(&v1_correcting::Corrected::from(e))),
        Event::ErasureAsked(e) => ("rows.asked_to_erase", 1, to_value(&v1_erasing::Asked::from(e))),
        Event::RowsErased(e) => ("rows.erased", 1, to_value(&v1_erasing::Erased::from(e))),
        Event::Legacy(e) => ("legacy", 0, to_value(&v1::Legacy::from(e))),
    };
    let broken = |reason: String| Unreadable::Body { kind: kind.to_owned(), v, reason };
    let body = canonical(&body.map_err(&broken)?).map_err(|e| broken(e.to_string()))?;
    Ok(Written { kind, v, subject: event.subject(), body })
}

/// Reads an event of any version that was ever written.
///
/// # Errors
/// [`Unreadable`]
pub fn read(kind: &str, v: u32, subject: &Subject, body: &str) -> Result<Event, Unreadable> {
    let broken = |reason: String| Unreadable::Body { kind: kind.to_owned(), v, reason };
    let unknown = || Unreadable::Unknown { kind: kind.to_owned(), v };
    let now = KINDS.iter().find(|(k, _)| *k == kind).ok_or_else(unknown)?.1;
    if v > now {
        return Err(unknown());
    }
    let mut value = kepi_proof::read(body).map_err(|e| broken(e.to_string()))?;
    for step in v..now {
        value = upcast(kind, step, value).ok_or_else(unknown)?;
    }
    let event = match kind {
        "definition.adopted" => from::<v1::Adoption>(value).and_then(|b| b.read_event(subject)),
        "load.landed" => from::<v1::LoadLanded>(value).and_then(|b| b.read(subject)),
        "load.stopped" => from::<v1::LoadStopped>(value).and_then(|b| b.read(subject)),
        "table.shaped" => from::<v1::TableShaped>(value).and_then(|b| b.read(subject)),
        "run.published" => from::<v1::RunPublished>(value).and_then(|b| b.read(subject)),
        "insights.published" => from::<v1::InsightsPublished>(value).and_then(|b| b.read(subject)),
        "sign_in.bound" => from::<access_v1::SignInBound>(value).and_then(|b| b.read(subject)),
        "sign_in.ended" => from::<access_v1::Nothing>(value).and_then(|_| access_v1::ended(subject)),
        "token.issued" => from::<access_v1::TokenIssued>(value).and_then(|b| b.read(subject)),
        "token.revoked" => from::<access_v1::Nothing>(value).and_then(|_| access_v1::revoked(subject)),
        "attempt.refused" => from::<access_v1::AttemptRefused>(value).and_then(|b| b.read(subject)),
        "governance.adopted" => from::<deciding::Governance>(value).and_then(|b| b.read(subject)),
        "person.joined" => from::<deciding::Person>(value).and_then(|b| b.read(subject, Event::PersonJoined)),
        "person.left" => from::<deciding::Person>(value).and_then(|b| b.read(subject, Event::PersonLeft)),
        "period.frozen" => from::<deciding::Freeze>(value).and_then(|b| b.read(subject)),
        "period.lifted" => from::<deciding::Lifted>(value).and_then(|b| b.read(subject)),
        "period.closed" => from::<deciding::Closed>(value).and_then(|b| b.read(subject)),
        "figure.overridden" => from::<v1_figures::Overridden>(value).and_then(|b| b.read(subject)),
        "value.entered" => from::<v1_figures::Entry>(value).and_then(|b| b.read(subject)),
        "value.taken_back" => from::<v1_figures::TakenBack>(value).and_then(|b| b.read(subject)),
        "override.ended" => from::<v1_figures::OverrideEnded>(value).and_then(|b| b.read(subject)),
        "attempt.forbidden" => from::<deciding::Forbidden>(value).and_then(|b| b.read(subject)),
        "item.opened" => from::<deciding::Proposed>(value).and_then(|b| b.read_opened(subject)),
        "item.edited" => from::<deciding::Proposed>(value).and_then(|b| b.read_edited(subject)),
        "item.rebased" => from::<deciding::Rebased>(value).and_then(|b| b.read(subject)),
        "item.moved" => from::<deciding::ItemMoved>(value).and_then(|b| b.read(subject)),
        "item.remarked" => from::<deciding::ItemRemarked>(value).and_then(|b| b.read(subject)),
        "item.voted" => from::<deciding::ItemVoted>(value).and_then(|b| b.read(subject)),
        "item.returned" => from::<deciding::ItemReturned>(value).and_then(|b| b.read(subject)),
        "item.ended" => from::<deciding::ItemEnded>(value).and_then(|b| b.read(subject)),
        "item.assigned" => from::<acting::Assigned>(value).and_then(|b| b.read(subject)),
        "item.refused" => from::<acting::Refused>(value).and_then(|b| b.read(subject)),
        "item.escalated" => from::<acting::Escalated>(value).and_then(|b| b.read(subject)),
        "item.acknowledged" => from::<acting::Acknowledged>(value).and_then(|b| b.read(subject)),
        "item.snoozed" => from::<acting::Snoozed>(value).and_then(|b| b.read(subject)),
        "item.finished" => from::<acting::Finished>(value).and_then(|b| b.read(subject)),
        "item.observed" => from::<acting::Observed>(value).and_then(|b| b.read_event(subject)),
        "item.contacted" => from::<v1_cases::Contacted>(value).and_then(|b| b.read(subject)),
        "item.stepped" => from::<v1_cases::Stepped>(value).and_then(|b| b.read(subject)),
        "item.attended" => from::<v1_reviews::Attended>(value).and_then(|b| b.read(subject)),
        "item.answered" => from::<v1_cases::Answered>(value).and_then(|b| b.read(subject)),
        "item.decided" => from::<v1_reviews::Decided>(value).and_then(|b| b.read(subject)),
        "alerts.silenced" => from::<v1_silences::Silenced>(value).and_then(|b| b.read(subject)),
        "silence.ended" => from::<v1_silences::Ended>(value).and_then(|b| b.read(subject)),
        "row.corrected" => from::<v1_correcting::Corrected>(value).and_then(|b| b.read(subject)),
        "rows.asked_to_erase" => from::<v1_erasing::Asked>(value).and_then(|b| b.read(subject)),
        "rows.erased" => from::<v1_erasing::Erased>(value).and_then(|b| b.read(subject)),
        "rows.judged" => from::<v1_judging::Judged>(value).and_then(|b| b.read(subject)),
        "legacy" => from::<v1::Legacy>(value).and_then(|b| b.read(subject)),
        _ => return Err(unknown()),
    };
    event.map_err(broken)
}

/// The body of a kind in the next version's form; none: there is no such version.
pub fn upcast(kind: &str, v: u32, body: Value) -> Option<Value> {
    match (kind, v) {
        // Freezes by rule, and of some definitions: there were none.
        ("governance.adopted" | "period.frozen", 1) => Some(body),
        // Root causes: there were no cases.
        ("item.finished", 1) => Some(body),
        _ => None,
    }
}

/// What an item proposes, in canonical spelling: ballots are for the hash of this.
pub fn content(content: &crate::items::Content) -> String {
    // A number that is no position of a log cannot be written; nothing that was proposed has one.
    let value = deciding::content(content).unwrap_or(Value::Null);
    canonical(&value).unwrap_or_default()
}

/// What was seen of an item, as it is written.
pub(crate) fn seen(seen: &crate::items::Seen) -> Value {
    to_value(&acting::Observed::from(seen)).unwrap_or(Value::Null)
}

fn to_value(body: &impl Serialize) -> Result<Value, String> {
    serde_json::to_value(body).map_err(|e| e.to_string())
}

fn from<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    serde_json::from_value(body).map_err(|e| e.to_string())
}
