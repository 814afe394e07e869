//! Items: what waits for somebody. One life cycle for all kinds; an item is folded from its events.
//!
//! ```text
//!           edit: ballots void · rebased: put together with what was adopted since
//!           ┌──────────────┐
//! opened ─▶ write ─moved─▶ ask ─passed─▶ takes effect ─▶ ended (done)
//!             ▲             │ └─ outdated: returned ──┐
//!             └─────────────┼────────────────────────┘
//!                           └─ rejected · lapsed · withdrawn ─▶ ended
//! ```
//!
//! Where somebody works on it, the step says whose turn it is by name, and the clock leads upwards:
//!
//! ```text
//!              refused: dotted line, common superior · not in time: superior … last resort
//!              ┌──────┐
//! opened ─▶ work (owner) ─finished─▶ wait (data or a day) ─▶ ended
//!              ▲                       │
//!              └───── seen again ──────┘
//! ```

pub mod acting;
pub mod attestation;
pub mod case;
pub mod change_request;
mod commentary;
pub mod dispute;
pub mod emergency;
pub mod handover;
pub mod kind;
pub mod overrides;
pub mod pain_point;
pub mod periods;
pub mod play;
pub mod remark;
pub mod review;
pub mod tally;
pub mod times;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_model::{
    governance::{Aspect, Mode},
    id::{KpiId, UnitId},
};
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

use crate::{
    directory::Duty,
    entries::Entry,
    event::Event,
    organisation::Place,
    overrides::Override,
    periods::{Close, Freeze, PeriodId},
    principal::Principal,
    wire,
};
pub use acting::{
    Action, ActionPlan, Alert, Alone, Beside, Came, Effect, Expected, Method, Missed, Owner, PostMortem,
    Rung, Seen, Stepped, Task, TaskOf, Untold, Work,
};
pub use attestation::Attestation;
pub use case::{Answer, By, Case, Contact, Permission};
pub use change_request::Change;
pub use commentary::{Commentary, Named};
pub use dispute::Dispute;
pub use emergency::{Emergency, RATIFICATION};
pub use handover::{ChangeNotice, Handover, Notice};
pub use kind::{KINDS, Kind, Step, Timeout, Turn};
pub use pain_point::PainPoint;
pub use play::{Play, PlayStep};
pub use remark::{Remark, Says};
pub use review::{Decided, Decision, Follows, OnAgenda, Point, Review, Topic};
pub use tally::{Ask, Electorate, Missing, Tally, electorate, tally, turn};

/// What an item proposes, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// `change_request`
    Change(Change),
    /// `emergency`
    Emergency(Emergency),
    /// `freeze`
    Freeze(Freeze),
    /// `lift`, by the number of the item that froze
    Lift(u64),
    /// `close`
    Close(Close),
    /// `override`
    Override(Override),
    /// `manual_entry`
    Entry(Entry),
    /// `restore`, by the number of the item that overrode
    Restore(u64),
    /// `take_back`, by the number of the item that entered
    TakeBack(u64),
    /// `alert`
    Alert(Alert),
    /// `task`
    Task(Task),
    /// `action_plan`
    ActionPlan(ActionPlan),
    /// `post_mortem`
    PostMortem(PostMortem),
    /// `commentary`
    Commentary(Commentary),
    /// `case`
    Case(Case),
    /// `handover`
    Handover(Handover),
    /// `notice`
    Notice(Notice),
    /// `change_notice`
    ChangeNotice(ChangeNotice),
    /// `attestation`
    Attestation(Attestation),
    /// `review`
    Review(Review),
    /// `dispute`
    Dispute(Dispute),
    /// `play`
    Play(Play),
    /// `pain_point`
    PainPoint(PainPoint),
}

/// Nobody, of whatever concerns nobody.
static NOBODY: BTreeSet<u64> = BTreeSet::new();
/// No respect, of whatever changes no definition.
static NOTHING: BTreeSet<Aspect> = BTreeSet::new();

impl Content {
    /// The kind of item.
    pub fn kind(&self) -> &'static Kind {
        match self {
            Self::Change(_) => change_request::CHANGE_REQUEST,
            Self::Emergency(_) => emergency::EMERGENCY,
            Self::Freeze(_) => periods::FREEZE,
            Self::Lift(_) => periods::LIFT,
            Self::Close(_) => periods::CLOSE,
            Self::Override(_) => overrides::OVERRIDE,
            Self::Restore(_) => overrides::RESTORE,
            Self::TakeBack(_) => overrides::TAKE_BACK,
            Self::Entry(_) => overrides::MANUAL_ENTRY,
            Self::Alert(_) => acting::ALERT,
            Self::Task(_) => acting::TASK,
            Self::ActionPlan(_) => acting::ACTION_PLAN,
            Self::PostMortem(_) => acting::POST_MORTEM,
            Self::Commentary(_) => commentary::COMMENTARY,
            Self::Case(_) => case::CASE,
            Self::Handover(_) => handover::HANDOVER,
            Self::Notice(_) => handover::NOTICE,
            Self::ChangeNotice(_) => handover::CHANGE_NOTICE,
            Self::Attestation(_) => attestation::ATTESTATION,
            Self::Review(_) => review::REVIEW,
            Self::Dispute(_) => dispute::DISPUTE,
            Self::Play(_) => play::PLAY,
            Self::PainPoint(_) => pain_point::PAIN_POINT,
        }
    }

    /// Texts that it names, each of which can be erased; those of definitions are named by what adopts them.
    pub fn texts(&self) -> Vec<Commitment> {
        match self {
            Self::Task(task) => vec![task.action.what],
            Self::ActionPlan(plan) => Item::texts_of_plan(plan),
            Self::PostMortem(of) => of.findings.into_iter().chain(of.follows).collect(),
            Self::Case(of) => vec![of.key],
            Self::Play(of) => of.steps.iter().copied().chain([of.key]).collect(),
            Self::Commentary(of) => {
                [of.what, of.why, of.done, of.outlook].into_iter().chain(of.unsure).collect()
            }
            Self::Override(of) => of.named().collect(),
            Self::Entry(of) => of.named().collect(),
            _ => Vec::new(),
        }
    }

    /// The KPI and the unit that it is about.
    pub fn about(&self) -> Option<(&KpiId, Option<&UnitId>)> {
        match self {
            Self::Alert(alert) => Some((&alert.kpi, alert.unit.as_ref())),
            Self::ActionPlan(plan) => Some((&plan.kpi, plan.unit.as_ref())),
            Self::Commentary(of) => Some((&of.kpi, of.unit.as_ref())),
            Self::Case(of) => Some((&of.kpi, of.unit.as_ref())),
            Self::Notice(of) => Some((&of.kpi, None)),
            Self::Dispute(of) => Some((&of.kpi, of.unit.as_ref())),
            Self::Play(of) => Some((&of.kpi, of.unit.as_ref())),
            Self::PainPoint(of) => Some((&of.kpi, of.unit.as_ref())),
            Self::Task(Task { of: TaskOf::Comment { kpi, .. }, .. }) => Some((kpi, None)),
            Self::Task(Task { of: TaskOf::Before { kpi, unit, .. }, .. })
            | Self::PostMortem(PostMortem { of: Missed::Initiative { kpi, unit, .. }, .. }) => {
                Some((kpi, unit.as_ref()))
            }
            _ => None,
        }
    }

    /// Who is told if nobody acts in time, rung by rung; empty: whoever is above.
    pub fn ladder(&self) -> &[Rung] {
        match self {
            Self::Alert(of) => &of.ladder,
            Self::Case(of) => &of.ladder,
            Self::Play(of) => &of.ladder,
            Self::Review(of) => &of.ladder,
            _ => &[],
        }
    }

    /// The unit in whose hours it is worked on.
    pub fn unit(&self) -> Option<&UnitId> {
        match self {
            Self::Review(of) => of.unit.as_ref(),
            Self::Attestation(of) => of.unit.as_ref(),
            other => other.about().and_then(|(_, unit)| unit),
        }
    }

    /// The item that it belongs to.
    pub fn parent(&self) -> Option<u64> {
        match self {
            Self::Task(task) => task.of.item(),
            Self::PostMortem(PostMortem { of: Missed::Plan(plan), .. }) => Some(*plan),
            Self::ActionPlan(plan) => plan.alert,
            _ => None,
        }
    }

    /// The definitions that are to come into force.
    pub fn change(&self) -> Option<&Change> {
        match self {
            Self::Change(change) | Self::Emergency(Emergency { change, .. }) => Some(change),
            _ => None,
        }
    }

    /// Who has to agree at first.
    pub fn ask(&self, mode: Mode) -> Ask {
        match self {
            Self::Change(change) => change.ask(mode),
            Self::Emergency(_) => emergency::ask(),
            // The rule was agreed to.
            Self::Freeze(Freeze { rule: Some(_), .. }) => Ask::default(),
            Self::Freeze(_) | Self::Lift(_) => periods::of_freeze(mode),
            Self::Close(_) => periods::of_close(mode),
            Self::Override(_) | Self::Restore(_) | Self::Entry(_) | Self::TakeBack(_) => {
                overrides::of_override(mode)
            }
            Self::ActionPlan(_) | Self::PostMortem(_) | Self::Commentary(_) => acting::ask(mode),
            Self::Alert(_)
            | Self::Task(_)
            | Self::Case(_)
            | Self::Handover(_)
            | Self::Notice(_)
            | Self::ChangeNotice(_)
            | Self::Attestation(_)
            | Self::Review(_)
            | Self::Dispute(_)
            | Self::Play(_)
            | Self::PainPoint(_) => Ask::default(),
        }
    }

    /// Persons whom it touches so that they cannot decide on it.
    pub fn concerned(&self) -> &BTreeSet<u64> {
        match self {
            Self::Change(change) | Self::Emergency(Emergency { change, .. }) => &change.concerned,
            Self::Override(of) => &of.concerned,
            Self::Entry(of) => &of.concerned,
            _ => &NOBODY,
        }
    }

    /// Persons whose pay it touches: none of them is another who decides, whatever they sign as a party.
    pub fn paid(&self) -> &BTreeSet<u64> {
        self.change().map_or(&NOBODY, |change| &change.paid)
    }

    /// In which respects definitions would differ.
    pub fn aspects(&self) -> &BTreeSet<Aspect> {
        match self {
            Self::Change(change) | Self::Emergency(Emergency { change, .. }) => &change.aspects,
            _ => &NOTHING,
        }
    }

    /// What a ballot is for: the hash of its canonical spelling.
    pub fn digest(&self) -> Digest {
        Digest::of(wire::content(self).as_bytes())
    }
}

impl Serialize for Content {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        wire::content(self).serialize(to)
    }
}

/// What somebody says of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stance {
    /// Agrees.
    Yes,
    /// Does not.
    No,
    /// Neither: counts for no side.
    Abstain,
}

impl Stance {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Abstain => "abstain",
        }
    }
}

/// How an item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took effect.
    Done,
    /// Others did not agree.
    Rejected,
    /// Its author gave it up.
    Withdrawn,
    /// Nobody decided in time.
    Lapsed,
    /// What it was about is over.
    Recovered,
    /// Whoever had it ended it with a reason.
    Dismissed,
}

impl Outcome {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
            Self::Recovered => "recovered",
            Self::Dismissed => "dismissed",
        }
    }
}

/// Somebody's word on a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ballot {
    /// What was said.
    pub stance: Stance,
    /// Of which content.
    pub content: Digest,
    /// When, µs UTC.
    pub at: i64,
    /// Why, if that was said.
    pub why: Option<Commitment>,
}

/// What waits for somebody, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number.
    pub number: u64,
    /// What it proposes.
    pub content: Content,
    /// What ballots have to be for.
    pub digest: Digest,
    /// Why.
    pub why: Commitment,
    /// When it was opened, µs UTC.
    pub opened: i64,
    /// Since when it has been in its step, µs UTC.
    pub since: i64,
    /// Whoever wrote any of it.
    pub authors: BTreeSet<Principal>,
    /// Who wrote its content as it stands.
    pub editor: Principal,
    /// The place of its step.
    pub step: usize,
    /// The last word of each who said something since it was written.
    pub ballots: BTreeMap<u64, Ballot>,
    /// What was said of it beside, oldest first.
    pub remarks: Vec<Remark>,
    /// Who works on it, and what became of that.
    pub work: Work,
    /// Whether it put something in force before others had agreed: an emergency, whatever became of it.
    pub was_in_force: bool,
    /// How it ended, and when; none: it is open.
    pub ended: Option<(Outcome, i64)>,
}

/// A day in µs.
const DAY: i64 = 86_400_000_000;

impl Item {
    /// Whose turn it is; nobody's once it has ended.
    pub fn step(&self) -> Option<&'static Step> {
        self.content.kind().steps.get(self.step).filter(|_| self.ended.is_none())
    }

    /// Whether it put something in force that is not ratified yet.
    pub fn is_unratified(&self) -> bool {
        self.step().is_some_and(|step| step.name == RATIFICATION)
    }

    /// Who has to agree in its step.
    pub fn ask(&self, mode: Mode) -> Ask {
        match &self.content {
            Content::Emergency(of) if self.is_unratified() => of.change.ask(mode),
            content => content.ask(mode),
        }
    }

    /// Whose turn it is by name; none: nobody's, its author's, or that of those who have to agree.
    pub fn owner(&self) -> Option<&Owner> {
        let step = self.step()?;
        self.work.owner.as_ref().filter(|_| matches!(step.turn, Turn::Work | Turn::Write))
    }

    /// Until when its step is to be done, µs UTC; none once it has ended.
    pub fn due(&self) -> Option<i64> {
        let step = self.step()?;
        let from = match (&self.content, step.turn) {
            (Content::ActionPlan(plan), Turn::Wait) => self.since.max(midnight(plan.expected.until)),
            (Content::Play(_), Turn::Wait) => self.opened,
            _ => self.since,
        };
        let days = match &self.content {
            Content::Emergency(of) if self.is_unratified() => of.days,
            Content::Case(of) if step.turn == Turn::Wait => of.confirm,
            Content::Play(of) if step.turn == Turn::Wait => of.after.saturating_add(play::PATIENCE),
            _ => step.due,
        };
        Some(self.owner().map_or(from + i64::from(days) * DAY, |owner| owner.due))
    }
}

/// When a day begins, in UTC.
pub fn midnight(day: Date) -> i64 {
    i64::from(kepi_model::calendar::ordinal_of_day(day)) * DAY
}

/// All items by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items(BTreeMap<u64, Item>);

impl Items {
    /// One of them.
    pub fn get(&self, number: u64) -> Option<&Item> {
        self.0.get(&number)
    }

    /// All, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Item> {
        self.0.values()
    }

    /// Those that wait for somebody.
    pub fn open(&self) -> impl Iterator<Item = &Item> {
        self.all().filter(|item| item.ended.is_none())
    }

    /// Whether somebody has said why a figure is as it is, and did not take it back.
    pub fn is_explained(&self, kpi: &KpiId, unit: Option<&UnitId>, period: PeriodId) -> bool {
        self.all().any(|item| {
            let stands = matches!(item.ended, None | Some((Outcome::Done, _)));
            matches!(&item.content, Content::Commentary(of)
                if stands && of.kpi == *kpi && of.unit.as_ref() == unit && of.period == period)
        })
    }

    /// Those that belong to another.
    pub fn children(&self, of: u64) -> impl Iterator<Item = &Item> {
        self.all().filter(move |item| item.content.parent() == Some(of))
    }

    /// The KPI and the unit that an item is about: its own, or those of what it belongs to.
    pub fn about<'a>(&'a self, content: &'a Content) -> Option<(&'a KpiId, Option<&'a UnitId>)> {
        let parent = || self.get(content.parent()?);
        let of_point = || match (content, &parent()?.content) {
            (Content::Task(Task { of: TaskOf::Point { point, .. }, .. }), Content::Review(review)) => {
                let point = review.points.get(usize::from(*point))?;
                Some((point.about.kpi()?, point.unit.as_ref()))
            }
            (_, parent) => parent.about(),
        };
        content.about().or_else(of_point)
    }

    /// What is handed over and not accepted yet, with the item that says so.
    pub fn unaccepted(&self) -> BTreeMap<Duty, u64> {
        let open = self.open().filter_map(|item| match &item.content {
            Content::Handover(of) => Some(of.duties.iter().map(|duty| (duty.clone(), item.number))),
            _ => None,
        });
        open.flatten().collect()
    }

    /// The number of the next.
    pub fn next(&self) -> u64 {
        self.0.keys().last().map_or(1, |last| last + 1)
    }

    /// Takes in an event; one of an item that is not known, or has ended, changes nothing.
    pub(crate) fn apply(&mut self, place: Place<'_>, event: &Event) {
        if let Event::ItemOpened(opened) = event {
            self.0.entry(opened.item).or_insert_with(|| Item {
                number: opened.item,
                digest: opened.content.digest(),
                content: opened.content.clone(),
                why: opened.why,
                opened: place.at,
                since: place.at,
                authors: BTreeSet::from([place.by.clone()]),
                editor: place.by.clone(),
                step: 0,
                ballots: BTreeMap::new(),
                remarks: Vec::new(),
                work: Work::default(),
                was_in_force: false,
                ended: None,
            });
            return;
        }
        let Some(item) = event.item().and_then(|number| self.0.get_mut(&number)) else { return };
        if item.ended.is_some() {
            return;
        }
        match event {
            Event::ItemEdited(edited) => {
                item.digest = edited.content.digest();
                item.content = edited.content.clone();
                item.why = edited.why;
                item.authors.insert(place.by.clone());
                item.editor = place.by.clone();
                item.ballots.clear();
                item.since = place.at;
            }
            Event::ItemRebased(rebased) => {
                let was = std::mem::replace(&mut item.digest, rebased.content.digest());
                item.content = rebased.content.clone();
                item.ballots.retain(|_, ballot| rebased.kept && ballot.content == was);
                item.ballots.values_mut().for_each(|ballot| ballot.content = item.digest);
                if !rebased.kept {
                    // Nobody has signed what nobody wrote.
                    item.editor = place.by.clone();
                    item.since = place.at;
                }
            }
            Event::ItemMoved(moved) => {
                if let Some(step) = item.content.kind().step(moved.to.as_str()) {
                    item.step = step;
                    item.since = place.at;
                    if item.is_unratified() {
                        // To let it be at once is not to ratify it.
                        item.ballots.clear();
                        item.was_in_force = true;
                    }
                    item.work.moved(item.content.kind().steps.get(step));
                }
            }
            Event::ItemVoted(voted) => {
                if let Principal::Person(person) = place.by {
                    let (stance, content, why) = (voted.stance, voted.content, voted.why);
                    item.ballots.insert(*person, Ballot { stance, content, at: place.at, why });
                }
            }
            Event::ItemRemarked(of) => {
                if let (Says::Objection, Principal::Person(person)) = (of.says, place.by) {
                    // Who objects agrees no longer.
                    item.ballots.remove(person);
                }
                item.remarks.push(Remark {
                    by: place.by.clone(),
                    says: of.says,
                    to: of.to,
                    content: of.content,
                    text: of.text,
                    at: place.at,
                });
            }
            Event::ItemReturned(_) => {
                item.step = 0;
                item.ballots.clear();
                item.since = place.at;
            }
            Event::ItemEnded(ended) => item.ended = Some((ended.outcome, place.at)),
            Event::ItemObserved(e) => {
                if let (Content::Review(review), Seen::Agenda(points)) = (&mut item.content, &e.seen) {
                    review.points.extend(points.iter().cloned());
                    item.digest = item.content.digest();
                }
                item.work.apply(place, event);
            }
            _ => item.work.apply(place, event),
        }
    }
}
