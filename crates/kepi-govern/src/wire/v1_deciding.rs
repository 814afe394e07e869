//! Bodies of version 1 of what is proposed and decided: these never change. What the subject says is not said again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_model::{
    calendar::Grain,
    governance::{Aspect, Mode},
    id::{BusinessHoursId, FreezeId, FunctionId, ScorecardId, UnitId},
    project::WhenLate,
};
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    to_value,
    v1::Adoption,
    v1_acting as acting,
    v1_attesting::{Attestation, Late},
    v1_cases,
    v1_figures::{Entry, Overridden, Restore, TakeBack},
    v1_handover::{ChangeNotice, Handover, Notice},
    v1_reviews,
};
use crate::{
    event::{self, Event, Returned, Subject},
    governance::{self, Governing},
    items::{self, Change, Outcome, Says, Stance},
    periods::{self, PeriodId},
    plain::{Name, StepName},
    principal::Principal,
    register::DocumentId,
};

/// The number of what an event is about.
pub(super) fn number(subject: &Subject, kind: &str) -> Result<u64, String> {
    let number = subject.of(kind).and_then(|text| text.parse::<u64>().ok().filter(|n| n.to_string() == text));
    number.ok_or_else(|| format!("it is about `{subject}`, which is no {kind}"))
}

/// A person by number.
pub(super) fn written_person(number: u64) -> Principal {
    Principal::Person(number)
}

/// The number of a person.
pub(super) fn person(of: Principal) -> Result<u64, String> {
    match of {
        Principal::Person(number) => Ok(number),
        Principal::Job(_) => Err(format!("`{of}` is no person")),
    }
}

pub(super) fn written<'a>(persons: impl IntoIterator<Item = &'a u64>) -> Vec<Principal> {
    persons.into_iter().map(|person| written_person(*person)).collect()
}

pub(super) fn read<T: FromIterator<u64>>(persons: Vec<Principal>) -> Result<T, String> {
    persons.into_iter().map(person).collect()
}

/// A day as `2026-01-31`, and no other spelling of it.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[derive(Clone, Copy)]
pub(super) struct Day(pub(super) Date);

impl TryFrom<String> for Day {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
        day.map(Self).ok_or_else(|| format!("`{text}` is no day"))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.0.to_string()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Governance {
    mode: Mode,
    owners: Vec<Principal>,
    board: Vec<Function>,
    quorum: u16,
    /// From version 2 on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    freezes: Vec<FreezeRule>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    emergency: Option<InEmergency>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InEmergency {
    among: Vec<Principal>,
    days: u16,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FreezeRule {
    rule: FreezeId,
    period: Grain,
    after: u16,
    aspects: Vec<Aspect>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    scope: Option<ScorecardId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    business_hours: Option<BusinessHoursId>,
}

impl FreezeRule {
    fn of((rule, of): (&FreezeId, &kepi_model::governance::FreezeRule)) -> Self {
        Self {
            rule: rule.clone(),
            period: of.period,
            after: of.after,
            aspects: of.aspects.iter().copied().collect(),
            scope: of.scope.clone(),
            business_hours: of.business_hours.clone(),
        }
    }

    fn plain(self) -> (FreezeId, kepi_model::governance::FreezeRule) {
        let Self { rule, period, after, aspects, scope, business_hours } = self;
        let aspects = aspects.into_iter().collect();
        (rule, kepi_model::governance::FreezeRule { period, after, aspects, scope, business_hours })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    function: FunctionId,
    members: Vec<Principal>,
}

impl From<&governance::Governance> for Governance {
    fn from(e: &governance::Governance) -> Self {
        let function = |(function, members): (&FunctionId, &_)| Function {
            function: function.clone(),
            members: written::<'_>(members),
        };
        Self {
            mode: e.mode,
            owners: written(&e.owners),
            board: e.board.iter().map(function).collect(),
            quorum: e.quorum,
            freezes: e.freezes.iter().map(FreezeRule::of).collect(),
            emergency: e
                .emergency
                .as_ref()
                .map(|of| InEmergency { among: written(&of.among), days: of.days }),
        }
    }
}

impl Governance {
    fn plain(self) -> Result<governance::Governance, String> {
        let functions = self.board.len();
        let board: BTreeMap<_, _> = self
            .board
            .into_iter()
            .map(|of| Ok::<_, String>((of.function, read(of.members)?)))
            .collect::<Result<_, _>>()?;
        if board.len() != functions {
            return Err("a function stands twice".to_owned());
        }
        Ok(governance::Governance {
            mode: self.mode,
            owners: read(self.owners)?,
            board,
            quorum: self.quorum,
            freezes: self.freezes.into_iter().map(FreezeRule::plain).collect(),
            emergency: self
                .emergency
                .map(|of| Ok::<_, String>(governance::InEmergency { among: read(of.among)?, days: of.days }))
                .transpose()?,
        })
    }

    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        if *subject != Subject::governance() {
            return Err(format!("it is about `{subject}` and not the governance"));
        }
        self.plain().map(Event::GovernanceAdopted)
    }
}

/// That somebody is there, or is there no longer: the subject says who.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {}

impl Person {
    pub(super) fn read(self, subject: &Subject, event: fn(u64) -> Event) -> Result<Event, String> {
        number(subject, "person").map(event)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Content {
    ChangeRequest(ChangeRequest),
    Emergency(Emergency),
    Freeze(Freeze),
    Lift(Lift),
    Close(Close),
    Override(Overridden),
    ManualEntry(Entry),
    Restore(Restore),
    TakeBack(TakeBack),
    Alert(acting::Alert),
    Task(acting::Task),
    ActionPlan(acting::ActionPlan),
    PostMortem(acting::PostMortem),
    Handover(Handover),
    Notice(Notice),
    ChangeNotice(ChangeNotice),
    Attestation(Attestation),
    Review(v1_reviews::Review),
    Dispute(v1_reviews::Dispute),
    Commentary(acting::Commentary),
    Case(v1_cases::Case),
    Play(v1_cases::Play),
    PainPoint(v1_cases::PainPoint),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Freeze {
    from: Day,
    until: Day,
    aspects: Vec<Aspect>,
    /// From version 2 on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    scope: Vec<DocumentId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    rule: Option<ByRule>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ByRule {
    rule: FreezeId,
    grain: Grain,
    first: Day,
}

impl From<&periods::Freeze> for Freeze {
    fn from(of: &periods::Freeze) -> Self {
        let rule = of.rule.as_ref().map(|by| ByRule {
            rule: by.rule.clone(),
            grain: by.period.grain,
            first: Day(by.period.first),
        });
        Self {
            from: Day(of.from),
            until: Day(of.until),
            aspects: of.aspects.iter().copied().collect(),
            scope: of.scope.iter().cloned().collect(),
            rule,
        }
    }
}

impl Freeze {
    fn plain(self) -> periods::Freeze {
        let Self { from, until, aspects, scope, rule } = self;
        periods::Freeze {
            from: from.0,
            until: until.0,
            aspects: aspects.into_iter().collect(),
            scope: scope.into_iter().collect(),
            rule: rule.map(|by| periods::ByRule {
                rule: by.rule,
                period: PeriodId { grain: by.grain, first: by.first.0 },
            }),
        }
    }

    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let (item, freeze) = (number(subject, "freeze")?, self.plain());
        Ok(Event::PeriodFrozen(event::PeriodFrozen { item, freeze }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lift {
    freeze: u64,
}

/// That a freeze is lifted: the subject says which.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lifted {}

impl Lifted {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        number(subject, "freeze").map(Event::PeriodLifted)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    grain: Grain,
    first: Day,
    until: Day,
    published: u64,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    late: Vec<Late>,
}

fn written_late(of: &periods::Close) -> Vec<Late> {
    of.late.iter().map(|(unit, how)| Late { unit: unit.clone(), how: *how }).collect()
}

fn read_late(of: Vec<Late>) -> BTreeMap<UnitId, WhenLate> {
    of.into_iter().map(|late| (late.unit, late.how)).collect()
}

/// That a period is closed: the subject says which.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Closed {
    until: Day,
    published: u64,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    late: Vec<Late>,
}

impl From<&periods::Close> for Closed {
    fn from(e: &periods::Close) -> Self {
        Self { until: Day(e.until), published: e.published, late: written_late(e) }
    }
}

impl Closed {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let wrong = || format!("it is about `{subject}`, which is no period");
        let (grain, first) = subject.of("period").and_then(|of| of.split_once('/')).ok_or_else(wrong)?;
        let grain = serde_json::from_value(Value::String(grain.to_owned())).map_err(|_| wrong())?;
        let period = PeriodId { grain, first: first.parse().map_err(|_| wrong())? };
        if *subject != Subject::period(period) {
            return Err(wrong());
        }
        let late = read_late(self.late);
        Ok(Event::PeriodClosed(periods::Close {
            period,
            until: self.until.0,
            published: self.published,
            late,
        }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeRequest {
    base: u64,
    aspects: Vec<Aspect>,
    adoptions: Vec<Adoption>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    concerned: Vec<Principal>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    paid: Vec<Principal>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    governance: Option<Governance>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    joined: Vec<Principal>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    left: Vec<Principal>,
}

impl From<&Change> for ChangeRequest {
    fn from(change: &Change) -> Self {
        Self {
            base: change.base,
            aspects: change.aspects.iter().copied().collect(),
            adoptions: change.adoptions.iter().map(Adoption::from).collect(),
            concerned: written(&change.concerned),
            paid: written(&change.paid),
            governance: change.governing.governance.as_ref().map(Governance::from),
            joined: written(&change.governing.joined),
            left: written(&change.governing.left),
        }
    }
}

impl ChangeRequest {
    fn plain(self) -> Result<Change, String> {
        Ok(Change {
            base: self.base,
            aspects: self.aspects.into_iter().collect(),
            adoptions: self.adoptions.into_iter().map(Adoption::read).collect::<Result<_, _>>()?,
            concerned: read(self.concerned)?,
            paid: read(self.paid)?,
            governing: Governing {
                governance: self.governance.map(Governance::plain).transpose()?,
                joined: read(self.joined)?,
                left: read(self.left)?,
            },
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Emergency {
    change: ChangeRequest,
    back: Vec<Adoption>,
    days: u16,
}

impl From<&items::Content> for Content {
    fn from(content: &items::Content) -> Self {
        match content {
            items::Content::Change(change) => Self::ChangeRequest(change.into()),
            items::Content::Emergency(of) => Self::Emergency(Emergency {
                change: (&of.change).into(),
                back: of.back.iter().map(Adoption::from).collect(),
                days: of.days,
            }),
            items::Content::Freeze(freeze) => Self::Freeze(Freeze::from(freeze)),
            items::Content::Lift(freeze) => Self::Lift(Lift { freeze: *freeze }),
            items::Content::Override(of) => Self::Override(Overridden::from(of)),
            items::Content::Entry(of) => Self::ManualEntry(Entry::from(of)),
            items::Content::Restore(item) => Self::Restore(Restore { overriding: *item }),
            items::Content::TakeBack(entry) => Self::TakeBack(TakeBack { entry: *entry }),
            items::Content::Close(of) => Self::Close(Close {
                grain: of.period.grain,
                first: Day(of.period.first),
                until: Day(of.until),
                published: of.published,
                late: written_late(of),
            }),
            items::Content::Alert(of) => Self::Alert(of.into()),
            items::Content::Task(of) => Self::Task(of.into()),
            items::Content::ActionPlan(of) => Self::ActionPlan(of.into()),
            items::Content::PostMortem(of) => Self::PostMortem(of.into()),
            items::Content::Commentary(of) => Self::Commentary(of.into()),
            items::Content::Case(of) => Self::Case(of.into()),
            items::Content::Play(of) => Self::Play(of.into()),
            items::Content::PainPoint(of) => Self::PainPoint(of.into()),
            items::Content::Handover(of) => Self::Handover(of.into()),
            items::Content::Notice(of) => Self::Notice(of.into()),
            items::Content::ChangeNotice(of) => Self::ChangeNotice(of.into()),
            items::Content::Attestation(of) => Self::Attestation(of.into()),
            items::Content::Review(of) => Self::Review(of.into()),
            items::Content::Dispute(of) => Self::Dispute(of.into()),
        }
    }
}

impl Content {
    fn read(self) -> Result<items::Content, String> {
        match self {
            Self::Freeze(of) => Ok(items::Content::Freeze(of.plain())),
            Self::Lift(of) => Ok(items::Content::Lift(of.freeze)),
            Self::Override(of) => Ok(items::Content::Override(of.plain()?)),
            Self::ManualEntry(of) => Ok(items::Content::Entry(of.plain()?)),
            Self::Restore(of) => Ok(items::Content::Restore(of.overriding)),
            Self::TakeBack(of) => Ok(items::Content::TakeBack(of.entry)),
            Self::Close(Close { grain, first, until, published, late }) => {
                let period = PeriodId { grain, first: first.0 };
                let late = read_late(late);
                Ok(items::Content::Close(periods::Close { period, until: until.0, published, late }))
            }
            Self::Alert(of) => Ok(items::Content::Alert(of.read())),
            Self::Task(of) => of.read().map(items::Content::Task),
            Self::ActionPlan(of) => of.read().map(items::Content::ActionPlan),
            Self::PostMortem(of) => of.read().map(items::Content::PostMortem),
            Self::Commentary(of) => Ok(items::Content::Commentary(of.read())),
            Self::Case(of) => Ok(items::Content::Case(of.read())),
            Self::Play(of) => Ok(items::Content::Play(of.read())),
            Self::PainPoint(of) => Ok(items::Content::PainPoint(of.read())),
            Self::Handover(of) => Ok(items::Content::Handover(of.read()?)),
            Self::Notice(of) => Ok(items::Content::Notice(of.read()?)),
            Self::ChangeNotice(of) => Ok(items::Content::ChangeNotice(of.read()?)),
            Self::Attestation(of) => Ok(items::Content::Attestation(of.read()?)),
            Self::Review(of) => of.read().map(items::Content::Review),
            Self::Dispute(of) => Ok(items::Content::Dispute(of.read())),
            Self::ChangeRequest(of) => of.plain().map(items::Content::Change),
            Self::Emergency(of) => Ok(items::Content::Emergency(items::Emergency {
                change: of.change.plain()?,
                back: of.back.into_iter().map(Adoption::read).collect::<Result<_, _>>()?,
                days: of.days,
            })),
        }
    }
}

/// What an item proposes as it is written; ballots are for the hash of this.
pub(super) fn content(content: &items::Content) -> Result<Value, String> {
    to_value(&Content::from(content))
}

/// Of `item.opened` and `item.edited`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proposed {
    content: Content,
    why: Commitment,
}

impl Proposed {
    pub(super) fn opened(e: &event::ItemOpened) -> Self {
        Self { content: Content::from(&e.content), why: e.why }
    }

    pub(super) fn edited(e: &event::ItemEdited) -> Self {
        Self { content: Content::from(&e.content), why: e.why }
    }

    pub(super) fn read_opened(self, subject: &Subject) -> Result<Event, String> {
        let (item, content) = (number(subject, "item")?, self.content.read()?);
        Ok(Event::ItemOpened(event::ItemOpened { item, content, why: self.why }))
    }

    pub(super) fn read_edited(self, subject: &Subject) -> Result<Event, String> {
        let (item, content) = (number(subject, "item")?, self.content.read()?);
        Ok(Event::ItemEdited(event::ItemEdited { item, content, why: self.why }))
    }
}

/// Of `attempt.forbidden`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forbidden {
    action: Name,
    laws: BTreeSet<u16>,
}

impl From<&event::AttemptForbidden> for Forbidden {
    fn from(e: &event::AttemptForbidden) -> Self {
        Self { action: e.action.clone(), laws: e.laws.clone() }
    }
}

impl Forbidden {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let item = if *subject == Subject::register() { None } else { Some(number(subject, "item")?) };
        let Self { action, laws } = self;
        Ok(Event::AttemptForbidden(event::AttemptForbidden { item, action, laws }))
    }
}

/// Of `item.rebased`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rebased {
    content: Content,
    kept: bool,
}

impl From<&event::ItemRebased> for Rebased {
    fn from(e: &event::ItemRebased) -> Self {
        Self { content: Content::from(&e.content), kept: e.kept }
    }
}

impl Rebased {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let (item, content) = (number(subject, "item")?, self.content.read()?);
        Ok(Event::ItemRebased(event::ItemRebased { item, content, kept: self.kept }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemMoved {
    pub(super) to: StepName,
}

impl ItemMoved {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        Ok(Event::ItemMoved(event::ItemMoved { item: number(subject, "item")?, to: self.to }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemVoted {
    stance: Stance,
    content: Digest,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    why: Option<Commitment>,
}

impl From<&event::ItemVoted> for ItemVoted {
    fn from(e: &event::ItemVoted) -> Self {
        Self { stance: e.stance, content: e.content, why: e.why }
    }
}

impl ItemVoted {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let Self { stance, content, why } = self;
        Ok(Event::ItemVoted(event::ItemVoted { item: number(subject, "item")?, stance, content, why }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemRemarked {
    says: Says,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    to: Option<u16>,
    content: Digest,
    text: Commitment,
}

impl From<&event::ItemRemarked> for ItemRemarked {
    fn from(e: &event::ItemRemarked) -> Self {
        Self { says: e.says, to: e.to, content: e.content, text: e.text }
    }
}

impl ItemRemarked {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let Self { says, to, content, text } = self;
        let item = number(subject, "item")?;
        Ok(Event::ItemRemarked(event::ItemRemarked { item, says, to, content, text }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemReturned {
    pub(super) why: Returned,
}

impl ItemReturned {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        Ok(Event::ItemReturned(event::ItemReturned { item: number(subject, "item")?, why: self.why }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemEnded {
    pub(super) outcome: Outcome,
}

impl ItemEnded {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        Ok(Event::ItemEnded(event::ItemEnded { item: number(subject, "item")?, outcome: self.outcome }))
    }
}
