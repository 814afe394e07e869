//! Bodies of version 1 of what is acted on: these never change.

use kepi_model::{
    acting::{Severity, Signal},
    calendar::Grain,
    id::{KpiId, UnitId},
};
use kepi_proof::Commitment;
use serde::{Deserialize, Serialize};

use super::{
    v1_deciding::{Day, number, person, written_person},
    v1_reviews::Point,
};
use crate::{
    acting,
    directory::{self, Line, Passed},
    event::{Event, Subject},
    items::{self, Alone, Came, Method, Rung, Untold},
    periods::PeriodId,
    plain::{Name, Number},
    principal::Principal,
};

/// A period by its length and its first day.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Period {
    grain: Grain,
    first: Day,
}

impl From<PeriodId> for Period {
    fn from(of: PeriodId) -> Self {
        Self { grain: of.grain, first: Day(of.first) }
    }
}

impl From<Period> for PeriodId {
    fn from(of: Period) -> Self {
        Self { grain: of.grain, first: of.first.0 }
    }
}

/// Of `alert`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alert {
    rule: Name,
    kpi: KpiId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    period: Period,
    sign: Signal,
    severity: Severity,
    clear: u16,
    run: u64,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    ladder: Vec<Rung>,
}

impl From<&items::Alert> for Alert {
    fn from(of: &items::Alert) -> Self {
        Self {
            rule: of.rule.clone(),
            kpi: of.kpi.clone(),
            unit: of.unit.clone(),
            period: of.period.into(),
            sign: of.sign,
            severity: of.severity,
            clear: of.clear,
            run: of.run,
            ladder: of.ladder.clone(),
        }
    }
}

impl Alert {
    pub(super) fn read(self) -> items::Alert {
        let Self { rule, kpi, unit, period, sign, severity, clear, run, ladder } = self;
        items::Alert { rule, kpi, unit, period: period.into(), sign, severity, clear, run, ladder }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    what: Commitment,
    owner: Principal,
    by: Day,
}

impl From<&items::Action> for Action {
    fn from(of: &items::Action) -> Self {
        Self { what: of.what, owner: written_person(of.owner), by: Day(of.by) }
    }
}

impl Action {
    fn read(self) -> Result<items::Action, String> {
        Ok(items::Action { what: self.what, owner: person(self.owner)?, by: self.by.0 })
    }
}

/// Of `task`: of a plan, of a point of a review, of a figure before one, or of one that is to be commented on.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Task {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    plan: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    review: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    point: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    before: Option<Before>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    comment: Option<ToComment>,
    action: Action,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToComment {
    kpi: KpiId,
    period: Period,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    review: Name,
    period: Period,
    kpi: KpiId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
}

impl From<&items::Task> for Task {
    fn from(of: &items::Task) -> Self {
        let action = Action::from(&of.action);
        let task = Self { plan: None, review: None, point: None, before: None, comment: None, action };
        match &of.of {
            items::TaskOf::Plan(plan) => Self { plan: Some(*plan), ..task },
            items::TaskOf::Point { review, point } => {
                Self { review: Some(*review), point: Some(*point), ..task }
            }
            items::TaskOf::Before { review, period, kpi, unit } => {
                let (review, period) = (review.clone(), (*period).into());
                let before = Before { review, period, kpi: kpi.clone(), unit: unit.clone() };
                Self { before: Some(before), ..task }
            }
            items::TaskOf::Comment { kpi, period } => {
                let comment = ToComment { kpi: kpi.clone(), period: (*period).into() };
                Self { comment: Some(comment), ..task }
            }
        }
    }
}

impl Task {
    pub(super) fn read(self) -> Result<items::Task, String> {
        let of = match (self.plan, self.review, self.point, self.before, self.comment) {
            (Some(plan), None, None, None, None) => items::TaskOf::Plan(plan),
            (None, Some(review), Some(point), None, None) => items::TaskOf::Point { review, point },
            (None, None, None, Some(Before { review, period, kpi, unit }), None) => {
                items::TaskOf::Before { review, period: period.into(), kpi, unit }
            }
            (None, None, None, None, Some(ToComment { kpi, period })) => {
                items::TaskOf::Comment { kpi, period: period.into() }
            }
            _ => {
                return Err("a task is of a plan, of a point of a review, or of a figure".to_owned());
            }
        };
        Ok(items::Task { of, action: self.action.read()? })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    change: Number,
    from: Period,
    to: Period,
    until: Day,
}

/// Of `action_plan`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionPlan {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    alert: Option<u64>,
    kpi: KpiId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    cause: Commitment,
    method: Method,
    evidence: Commitment,
    actions: Vec<Action>,
    expected: Expected,
}

impl From<&items::ActionPlan> for ActionPlan {
    fn from(of: &items::ActionPlan) -> Self {
        Self {
            alert: of.alert,
            kpi: of.kpi.clone(),
            unit: of.unit.clone(),
            cause: of.cause,
            method: of.method,
            evidence: of.evidence,
            actions: of.actions.iter().map(Action::from).collect(),
            expected: Expected {
                change: of.expected.change.clone(),
                from: of.expected.from.into(),
                to: of.expected.to.into(),
                until: Day(of.expected.until),
            },
        }
    }
}

impl ActionPlan {
    pub(super) fn read(self) -> Result<items::ActionPlan, String> {
        let Expected { change, from, to, until } = self.expected;
        Ok(items::ActionPlan {
            alert: self.alert,
            kpi: self.kpi,
            unit: self.unit,
            cause: self.cause,
            method: self.method,
            evidence: self.evidence,
            actions: self.actions.into_iter().map(Action::read).collect::<Result<_, _>>()?,
            expected: items::Expected { change, from: from.into(), to: to.into(), until: until.0 },
        })
    }
}

/// Of `commentary`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Commentary {
    kpi: KpiId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    period: Period,
    what: Commitment,
    why: Commitment,
    done: Commitment,
    outlook: Commitment,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unsure: Option<Commitment>,
    favourable: u32,
    other: u32,
    all_other: u32,
    run: u64,
}

impl From<&items::Commentary> for Commentary {
    fn from(of: &items::Commentary) -> Self {
        let items::Named { favourable, other, all_other, run } = of.named;
        Self {
            kpi: of.kpi.clone(),
            unit: of.unit.clone(),
            period: of.period.into(),
            what: of.what,
            why: of.why,
            done: of.done,
            outlook: of.outlook,
            unsure: of.unsure,
            favourable,
            other,
            all_other,
            run,
        }
    }
}

impl Commentary {
    pub(super) fn read(self) -> items::Commentary {
        let Self { kpi, unit, period, what, why, done, outlook, unsure, favourable, other, all_other, run } =
            self;
        let named = items::Named { favourable, other, all_other, run };
        items::Commentary { kpi, unit, period: period.into(), what, why, done, outlook, unsure, named }
    }
}

/// Of `post_mortem`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PostMortem {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    plan: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    initiative: Option<Initiative>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    findings: Option<Commitment>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    follows: Option<Commitment>,
}

impl From<&items::PostMortem> for PostMortem {
    fn from(of: &items::PostMortem) -> Self {
        let (plan, initiative) = match &of.of {
            items::Missed::Plan(plan) => (Some(*plan), None),
            items::Missed::Initiative { name, kpi, unit, owner } => {
                let (name, kpi, unit) = (name.clone(), kpi.clone(), unit.clone());
                (None, Some(Initiative { name, kpi, unit, owner: written_person(*owner) }))
            }
        };
        Self { plan, initiative, findings: of.findings, follows: of.follows }
    }
}

impl PostMortem {
    pub(super) fn read(self) -> Result<items::PostMortem, String> {
        let of = match (self.plan, self.initiative) {
            (Some(plan), None) => items::Missed::Plan(plan),
            (None, Some(Initiative { name, kpi, unit, owner })) => {
                items::Missed::Initiative { name, kpi, unit, owner: person(owner)? }
            }
            _ => return Err("a post-mortem is of a plan or of an initiative".to_owned()),
        };
        Ok(items::PostMortem { of, findings: self.findings, follows: self.follows })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Initiative {
    name: Name,
    kpi: KpiId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    owner: Principal,
}

/// A stop on the way to whose turn it is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    person: Principal,
    by: Line,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    passed: Option<Passed>,
}

fn written(way: &[directory::Reached]) -> Vec<Stop> {
    let stop = |of: &directory::Reached| Stop {
        person: written_person(of.person),
        by: of.by,
        unit: of.unit.clone(),
        passed: of.passed,
    };
    way.iter().map(stop).collect()
}

fn read(way: Vec<Stop>) -> Result<Vec<directory::Reached>, String> {
    let stop = |of: Stop| {
        let person = person(of.person)?;
        Ok(directory::Reached { person, by: of.by, unit: of.unit, passed: of.passed })
    };
    let way: Vec<directory::Reached> = way.into_iter().map(stop).collect::<Result<_, String>>()?;
    if way.is_empty() { Err("it leads to nobody".to_owned()) } else { Ok(way) }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assigned {
    way: Vec<Stop>,
    bound: bool,
    due: i64,
}

impl From<&acting::ItemAssigned> for Assigned {
    fn from(e: &acting::ItemAssigned) -> Self {
        Self { way: written(&e.way), bound: e.bound, due: e.due }
    }
}

impl Assigned {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let (item, way) = (number(subject, "item")?, read(self.way)?);
        Ok(Event::ItemAssigned(acting::ItemAssigned { item, way, bound: self.bound, due: self.due }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Escalated {
    way: Vec<Stop>,
    due: i64,
}

impl From<&acting::ItemEscalated> for Escalated {
    fn from(e: &acting::ItemEscalated) -> Self {
        Self { way: written(&e.way), due: e.due }
    }
}

impl Escalated {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let (item, way) = (number(subject, "item")?, read(self.way)?);
        Ok(Event::ItemEscalated(acting::ItemEscalated { item, way, due: self.due }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refused {
    pub(super) why: Commitment,
}

impl Refused {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        Ok(Event::ItemRefused(acting::ItemRefused { item: number(subject, "item")?, why: self.why }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Acknowledged {}

impl Acknowledged {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        number(subject, "item").map(Event::ItemAcknowledged)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Snoozed {
    pub(super) until: i64,
    pub(super) why: Commitment,
}

impl Snoozed {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let item = number(subject, "item")?;
        Ok(Event::ItemSnoozed(acting::ItemSnoozed { item, until: self.until, why: self.why }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finished {
    outcome: Name,
    /// From version 2 on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cause: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    why: Option<Commitment>,
}

impl From<&acting::ItemFinished> for Finished {
    fn from(e: &acting::ItemFinished) -> Self {
        Self { outcome: e.outcome.clone(), cause: e.cause.clone(), why: e.why }
    }
}

impl Finished {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let item = number(subject, "item")?;
        let Self { outcome, cause, why } = self;
        Ok(Event::ItemFinished(acting::ItemFinished { item, outcome, cause, why }))
    }
}

/// What was seen: `{"signal": …}`, `{"clear": …}`, `{"effect": …}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Observed {
    Signal(InPeriod),
    Clear(InPeriod),
    Effect(Effect),
    Helped(Helped),
    Agenda(Vec<Point>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Helped {
    helped: bool,
    run: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InPeriod {
    period: Period,
    run: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Effect {
    came: Came,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    change: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    low: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    high: Option<Number>,
    enough: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    run: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    beside: Option<Beside>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    untold: Option<Untold>,
}

/// Beside what an effect is seen: `{"units": 5, "alone": 2.1}`, or why beside nothing: `{"nothing": "few_units"}`.
#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum Beside {
    Units { units: u16, alone: Number },
    Nothing { nothing: Alone },
}

impl From<&items::Seen> for Observed {
    fn from(seen: &items::Seen) -> Self {
        match seen {
            items::Seen::Signal { period, run } => {
                Self::Signal(InPeriod { period: (*period).into(), run: *run })
            }
            items::Seen::Clear { period, run } => {
                Self::Clear(InPeriod { period: (*period).into(), run: *run })
            }
            items::Seen::Helped { helped, run } => Self::Helped(Helped { helped: *helped, run: *run }),
            items::Seen::Agenda(points) => Self::Agenda(points.iter().map(Point::from).collect()),
            items::Seen::Effect(of) => {
                let ends = of.change.as_ref().and_then(|(_, ends)| ends.as_ref());
                Self::Effect(Effect {
                    came: of.came,
                    change: of.change.as_ref().map(|(change, _)| change.clone()),
                    low: ends.map(|(low, _)| low.clone()),
                    high: ends.map(|(_, high)| high.clone()),
                    enough: of.enough,
                    run: of.run,
                    beside: of.beside.as_ref().map(|of| match of {
                        Ok(of) => Beside::Units { units: of.units, alone: of.alone.clone() },
                        Err(nothing) => Beside::Nothing { nothing: *nothing },
                    }),
                    untold: of.untold,
                })
            }
        }
    }
}

impl Observed {
    pub(super) fn read_event(self, subject: &Subject) -> Result<Event, String> {
        let seen = match self {
            Self::Signal(of) => items::Seen::Signal { period: of.period.into(), run: of.run },
            Self::Clear(of) => items::Seen::Clear { period: of.period.into(), run: of.run },
            Self::Helped(Helped { helped, run }) => items::Seen::Helped { helped, run },
            Self::Agenda(points) => {
                items::Seen::Agenda(points.into_iter().map(Point::read).collect::<Result<_, _>>()?)
            }
            Self::Effect(of) => {
                let change = match (of.change, of.low, of.high) {
                    (Some(change), Some(low), Some(high)) => Some((change, Some((low, high)))),
                    (Some(change), None, None) => Some((change, None)),
                    (None, None, None) => None,
                    _ => return Err("an interval has two ends, and something in between".to_owned()),
                };
                let beside = of.beside.map(|of| match of {
                    Beside::Units { units, alone } => Ok(items::Beside { units, alone }),
                    Beside::Nothing { nothing } => Err(nothing),
                });
                let (came, enough, run, untold) = (of.came, of.enough, of.run, of.untold);
                items::Seen::Effect(items::Effect { came, change, enough, run, beside, untold })
            }
        };
        Ok(Event::ItemObserved(acting::ItemObserved { item: number(subject, "item")?, seen }))
    }
}
