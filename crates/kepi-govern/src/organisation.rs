//! The state that decisions look at: the fold of all events.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    access::Access,
    correcting::Corrected,
    erasing::Erased,
    event::Event,
    governance::Governance,
    items::Items,
    judging::Judged,
    overrides::Overrides,
    periods::{Closed, Periods},
    principal::Principal,
    register::Register,
    silences::Silences,
    wire::Recorded,
};

/// Where in the log an event stands, when it happened, and who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Its position.
    pub seq: u64,
    /// When, in µs UTC.
    pub at: i64,
    /// Who.
    pub by: &'a Principal,
}

impl Recorded {
    /// Where it stands, when it happened, and who acted.
    pub fn place(&self) -> Place<'_> {
        Place { seq: self.seq, at: self.at, by: &self.by }
    }
}

/// What is the case, as of one position of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organisation {
    /// What is in force.
    pub register: Register,
    /// How that is decided.
    pub governance: Governance,
    /// Who signs in, and which tokens there are.
    pub access: Access,
    /// Persons who are there.
    pub people: BTreeSet<u64>,
    /// Persons who were there and are no longer, and when they left, µs UTC.
    pub left: BTreeMap<u64, i64>,
    /// What is frozen and what is closed.
    pub periods: Periods,
    /// Which figures are overridden, and were.
    pub overrides: Overrides,
    /// What nobody is asked about, and was not.
    pub silences: Silences,
    /// What was said of rows that look doubtful.
    pub judged: Judged,
    /// What was said by hand of rows of raw files.
    pub corrected: Corrected,
    /// Which rows were erased.
    pub erased: Erased,
    /// What waits for somebody, or did.
    pub items: Items,
}

impl Organisation {
    /// Takes in an event. Every event can be taken in at any time; what it does not concern stays as it is.
    pub fn apply(&mut self, place: Place<'_>, event: &Event) {
        match event {
            Event::SignInBound(_)
            | Event::SignInEnded(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_) => self.access.apply(event),
            Event::DefinitionAdopted(adoption) => self.register.apply(place.seq, adoption),
            Event::GovernanceAdopted(governance) => self.governance = governance.clone(),
            Event::PersonJoined(person) => {
                self.people.insert(*person);
                self.left.remove(person);
            }
            Event::PersonLeft(person) => {
                if self.people.remove(person) {
                    self.left.insert(*person, place.at);
                }
            }
            Event::PeriodFrozen(e) => {
                self.periods.frozen.insert(e.item, e.freeze.clone());
            }
            Event::PeriodLifted(item) => {
                self.periods.frozen.remove(item);
            }
            Event::PeriodClosed(e) => {
                let (until, published) = (e.until, e.published);
                let late = e.late.clone();
                let closed = Closed { seq: place.seq, at: place.at, until, published, late };
                self.periods.closed.entry(e.period).or_default().push(closed);
            }
            Event::FigureOverridden(e) => self.overrides.begin(e.item, &e.of, place.seq, place.at),
            Event::OverrideEnded(e) => self.overrides.end(e.item, e.why, place.seq, place.at),
            Event::AlertsSilenced(e) => self.silences.begin(e.silence, &e.of, (place.by, place.at)),
            Event::SilenceEnded(silence) => self.silences.end(*silence, place.at),
            Event::RowsJudged(e) => self.judged.take(e, place.seq),
            Event::RowCorrected(e) => self.corrected.take(e, (place.seq, place.at, place.by)),
            Event::ErasureAsked(e) => self.erased.ask(e, place.by, place.at),
            Event::RowsErased(e) => self.erased.take(&e.erase),
            Event::ItemOpened(_)
            | Event::ItemEdited(_)
            | Event::ItemRebased(_)
            | Event::ItemMoved(_)
            | Event::ItemVoted(_)
            | Event::ItemRemarked(_)
            | Event::ItemReturned(_)
            | Event::ItemEnded(_)
            | Event::ItemAssigned(_)
            | Event::ItemRefused(_)
            | Event::ItemEscalated(_)
            | Event::ItemAcknowledged(_)
            | Event::ItemSnoozed(_)
            | Event::ItemFinished(_)
            | Event::ItemContacted(_)
            | Event::ItemAnswered(_)
            | Event::ItemStepped(_)
            | Event::ItemAttended(_)
            | Event::PointDecided(_)
            | Event::ItemObserved(_) => self.items.apply(place, event),
            // Loads, tables and runs are kept by their records; nothing is decided from them yet.
            Event::LoadLanded(_)
            | Event::LoadStopped(_)
            | Event::TableShaped(_)
            | Event::RunPublished(_)
            | Event::InsightsPublished(_)
            | Event::ValueEntered(_)
            | Event::ValueTakenBack(_)
            | Event::AttemptRefused(_)
            | Event::AttemptForbidden(_)
            | Event::Legacy(_) => {}
        }
    }

    /// Kinds of events that can change it; a fold may leave out all others.
    pub const KINDS: &[&str] = &[
        "alerts.silenced",
        "definition.adopted",
        "figure.overridden",
        "governance.adopted",
        "item.acknowledged",
        "item.answered",
        "item.assigned",
        "item.attended",
        "item.contacted",
        "item.decided",
        "item.edited",
        "item.ended",
        "item.escalated",
        "item.finished",
        "item.moved",
        "item.observed",
        "item.opened",
        "item.rebased",
        "item.refused",
        "item.remarked",
        "item.returned",
        "item.snoozed",
        "item.stepped",
        "item.voted",
        "override.ended",
        "period.closed",
        "period.frozen",
        "period.lifted",
        "person.joined",
        "person.left",
        "row.corrected",
        "rows.asked_to_erase",
        "rows.erased",
        "rows.judged",
        "silence.ended",
        "sign_in.bound",
        "sign_in.ended",
        "token.issued",
        "token.revoked",
    ];
}
