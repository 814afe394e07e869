//! What is acted on: a signal has an owner until it is over, what is planned has tasks, and what was promised of it is measured.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_model::{
    acting::{Severity, Signal},
    governance::Mode,
    id::{KpiId, UnitId},
};
use kepi_proof::Commitment;
use serde::{Deserialize, Serialize};

use super::{
    Item,
    case::{Answer, Contact},
    kind::{Kind, Step, Timeout, Turn},
    review::{Decided, Point},
    tally::Ask,
};
use crate::{
    directory::Reached,
    event::Event,
    organisation::Place,
    periods::PeriodId,
    plain::{Name, Number},
    principal::Principal,
};

/// A signal that has an owner until it is over.
pub const ALERT: &Kind = &Kind {
    name: "alert",
    about: "A KPI that is red for longer, or changed beyond what is usual: somebody acts, or says why not.",
    steps: &[
        Step { name: "open", turn: Turn::Work, due: 1, timeout: Timeout::Up },
        Step { name: "recovering", turn: Turn::Wait, due: 180, timeout: Timeout::Back },
    ],
    outcomes: &["fixed", "accepted"],
    may_end: true,
};

/// Something that somebody does until a day.
pub const TASK: &Kind = &Kind {
    name: "task",
    about: "Something that somebody does until a day: an action of a plan, or what a review decided.",
    steps: &[Step { name: "doing", turn: Turn::Work, due: 10, timeout: Timeout::Up }],
    outcomes: &["done", UNCHANGED],
    may_end: true,
};

/// What is done about a KPI, and what that is to come to.
pub const ACTION_PLAN: &Kind = &Kind {
    name: "action_plan",
    about: "What is done about a KPI: the cause, actions with owners and days, and the effect that is expected.",
    steps: &[
        Step { name: "draft", turn: Turn::Write, due: 30, timeout: Timeout::Lapse },
        Step { name: "approval", turn: Turn::Ask, due: 14, timeout: Timeout::Lapse },
        Step { name: "doing", turn: Turn::Work, due: 10, timeout: Timeout::Up },
        Step { name: "measuring", turn: Turn::Wait, due: 120, timeout: Timeout::GoOn },
    ],
    outcomes: &["done"],
    may_end: true,
};

/// What is learnt from an effect that did not come.
pub const POST_MORTEM: &Kind = &Kind {
    name: "post_mortem",
    about: "Why what was expected of a plan did not come, and what follows. It is owed.",
    steps: &[
        Step { name: "writing", turn: Turn::Write, due: 10, timeout: Timeout::Up },
        Step { name: "reading", turn: Turn::Ask, due: 14, timeout: Timeout::GoOn },
    ],
    outcomes: &[],
    may_end: false,
};

/// The outcome of a task by which a review asked for a change, where there is none.
pub const UNCHANGED: &str = "no_change";

/// The outcome of an alert for which there is a plan.
pub const PLANNED: &str = "plan";

/// A signal on a KPI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The alert, by the name of its definition.
    pub rule: Name,
    /// The KPI.
    pub kpi: KpiId,
    /// The unit; none: of all rows.
    pub unit: Option<UnitId>,
    /// The period in which it was raised.
    pub period: PeriodId,
    /// What was seen.
    pub sign: Signal,
    /// How soon somebody has to act.
    pub severity: Severity,
    /// After so many clear periods it is over.
    pub clear: u16,
    /// The run that published the figure.
    pub run: u64,
    /// Who is told if nobody acts in time.
    pub ladder: Vec<Rung>,
}

/// Who is told next where nobody acted in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Who, or in the unit whoever holds her seat there; none: whoever is above.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<u64>,
    /// In so many business hours she acts.
    pub hours: u16,
    /// It is hers as well, whatever the clock says, once the signal was there for so many periods.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lasts: Option<u16>,
}

impl Alert {
    /// Whether both are about the same: at most one of these is open. Overdue data, and what is to be entered, are other matters than a figure.
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        let of_days = |of: &Self| Some(of.sign).filter(|sign| sign.is_of_days());
        self.rule == other.rule
            && self.kpi == other.kpi
            && self.unit == other.unit
            && of_days(self) == of_days(other)
    }
}

/// An action of a plan, as it waits for its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What it comes of.
    pub of: TaskOf,
    /// What is to be done.
    pub action: Action,
}

/// What a task comes of, by the number of the item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskOf {
    /// An action of a plan.
    Plan(u64),
    /// A point of a review on which was decided.
    Point {
        /// The review.
        review: u64,
        /// The place of the point.
        point: u16,
    },
    /// A figure that is red beyond chance, for which a plan is asked before a review opens.
    Before {
        /// The review, by the name of its definition.
        review: Name,
        /// The period that it will go through.
        period: PeriodId,
        /// The KPI.
        kpi: KpiId,
        /// The unit; none: of all rows.
        unit: Option<UnitId>,
    },
    /// A figure of a period that was closed, red or worse than usual, of which nobody has said why.
    Comment {
        /// The KPI.
        kpi: KpiId,
        /// The period.
        period: PeriodId,
    },
}

impl TaskOf {
    /// The item; none: it comes of a figure.
    pub fn item(&self) -> Option<u64> {
        match self {
            Self::Plan(item) | Self::Point { review: item, .. } => Some(*item),
            Self::Before { .. } | Self::Comment { .. } => None,
        }
    }
}

/// What somebody is to do until a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What.
    pub what: Commitment,
    /// Who.
    pub owner: u64,
    /// The last day on which that is in time.
    pub by: Date,
}

/// How a cause was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The KPI taken apart into what it is made of.
    DriverTree,
    /// Asked why, five times.
    FiveWhys,
    /// Whether design, execution or something outside failed.
    DesignExecutionExternal,
    /// Compared with where it does not happen.
    Comparison,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::DriverTree, Self::FiveWhys, Self::DesignExecutionExternal, Self::Comparison];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::DriverTree => "driver_tree",
            Self::FiveWhys => "five_whys",
            Self::DesignExecutionExternal => "design_execution_external",
            Self::Comparison => "comparison",
        }
    }
}

/// What a plan is to come to, said before anything is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// By how much the KPI is to differ, in its own unit: `3.0`, `-12`.
    pub change: Number,
    /// From this period,
    pub from: PeriodId,
    /// to this one.
    pub to: PeriodId,
    /// The day after its last.
    pub until: Date,
}

/// What is done about a KPI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionPlan {
    /// The alert that it answers, or the task of a review that asks for it.
    pub alert: Option<u64>,
    /// The KPI.
    pub kpi: KpiId,
    /// The unit; none: of all rows.
    pub unit: Option<UnitId>,
    /// Why it happened.
    pub cause: Commitment,
    /// How that was found.
    pub method: Method,
    /// What shows it.
    pub evidence: Commitment,
    /// What is done.
    pub actions: Vec<Action>,
    /// What that is to come to.
    pub expected: Expected,
}

/// What is learnt from an effect that did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostMortem {
    /// What was expected.
    pub of: Missed,
    /// Why it did not come; none: that is to be written.
    pub findings: Option<Commitment>,
    /// What follows.
    pub follows: Option<Commitment>,
}

/// Of what the effect did not come that was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// Of a plan, by the number of the item.
    Plan(u64),
    /// Of an initiative at a KPI.
    Initiative {
        /// The initiative, by the name of its definition.
        name: Name,
        /// The KPI.
        kpi: KpiId,
        /// The unit; none: of all rows.
        unit: Option<UnitId>,
        /// Who answers for the initiative.
        owner: u64,
    },
}

/// Whether an expected effect came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// The figure moved as expected, beyond chance.
    Shown,
    /// Nothing says that it did.
    NotShown,
    /// It moved the other way, beyond chance.
    Contrary,
    /// There is no figure to say it by.
    NotComputable,
}

impl Came {
    /// Its words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::NotShown => "not shown",
            Self::Contrary => "contrary",
            Self::NotComputable => "not computable",
        }
    }
}

/// Why nothing can be said of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Untold {
    /// One of the two figures is missing, withheld or not computable.
    NoFigure,
    /// No final figure came in time.
    NotInTime,
    /// A figure has no interval, and was not counted in full.
    NoInterval,
    /// Counted in full: too few earlier periods say what is usual.
    FewPeriods,
    /// Counted in full: too few cases say what is usual.
    FewCases,
    /// Counted in full, and it never moved before.
    NeverMoved,
    /// Periods share rows, so what is usual of them says nothing.
    Overlapping,
}

impl Untold {
    /// Its words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoFigure => "a figure is missing, withheld or not computable",
            Self::NotInTime => "no final figure came in time",
            Self::NoInterval => "a figure has no interval, so chance cannot be told from change",
            Self::FewPeriods => {
                "it is counted in full, and too few earlier periods say what it usually varies by"
            }
            Self::FewCases => "it is counted in full, and of too few cases to say what it usually varies by",
            Self::NeverMoved => "it is counted in full, and never moved before",
            Self::Overlapping => "its periods share rows, so nobody knows what it usually varies by",
        }
    }
}

/// Why an effect is seen beside nothing: before and after only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alone {
    /// The plan is for all rows.
    Whole,
    /// Fewer than three units like it were without one.
    FewUnits,
    /// It is not known whether they went alike before.
    NoPast,
    /// They did not go alike before.
    OtherCourse,
    /// What adds up came to nothing or less in one of them.
    NoSize,
    /// All others moved by exactly the same.
    Alike,
    /// Something else was done about the KPI in its unit meanwhile.
    Mixed,
}

impl Alone {
    /// Its words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Whole => "it is of all rows, beside which there is nothing",
            Self::FewUnits => "fewer than three units of its level had figures and no plan",
            Self::NoPast => "too few figures say whether units went alike before",
            Self::OtherCourse => "it went otherwise than units without a plan already before",
            Self::NoSize => {
                "in one of the units it came to nothing or less, and units of different size are compared by what they grow by"
            }
            Self::Mixed => {
                "another plan or an initiative was to move it there meanwhile, and what came of which is not told apart"
            }
            Self::Alike => {
                "units without a plan all moved by exactly the same, so nobody knows what they vary by"
            }
        }
    }
}

/// Beside what an effect is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// So many units of its level, in which nothing was done about the KPI.
    pub units: u16,
    /// By how much the figure differs by itself, before and after.
    pub alone: Number,
}

/// What a figure did between two periods: beside units in which nothing was done where there are such, else before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Whether what was expected came.
    pub came: Came,
    /// By how much the figure differs, from what it would have been by the others if it is seen beside them, with the ends of its interval if it has
    /// one; none: not computable.
    pub change: Option<(Number, Option<(Number, Number)>)>,
    /// Whether all of what was expected may have come: the interval reaches it.
    pub enough: bool,
    /// The run that published the later figure; none: none did in time.
    pub run: Option<u64>,
    /// Beside what it is seen, or why beside nothing; none: nobody looked.
    pub beside: Option<Result<Beside, Alone>>,
    /// Why nothing can be said; none: it can, or that was not kept.
    pub untold: Option<Untold>,
}

/// What was seen of an item that waits for data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The signal is there in a period.
    Signal {
        /// The period.
        period: PeriodId,
        /// The run that published the figure.
        run: u64,
    },
    /// It is not.
    Clear {
        /// The period.
        period: PeriodId,
        /// The run that published the figure.
        run: u64,
    },
    /// What a plan has come to.
    Effect(Effect),
    /// Whether what was done helped, or what was only watched came by itself.
    Helped {
        /// Whether it is so.
        helped: bool,
        /// The run by which that was seen.
        run: u64,
    },
    /// What came up after a review opened: further points of its agenda.
    Agenda(Vec<Point>),
}

impl Seen {
    /// The period it is about.
    pub fn period(&self) -> Option<PeriodId> {
        match self {
            Self::Signal { period, .. } | Self::Clear { period, .. } => Some(*period),
            Self::Effect(_) | Self::Helped { .. } | Self::Agenda(_) => None,
        }
    }
}

/// Whose turn it is, since when and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Who.
    pub person: u64,
    /// The way that led there, the last stop being the person.
    pub way: Vec<Reached>,
    /// Whether it cannot be refused.
    pub bound: bool,
    /// Since when, µs UTC.
    pub since: i64,
    /// Until when, µs UTC; then it is the superior's.
    pub due: i64,
    /// How often it went to a superior because nobody acted in time.
    pub rung: u16,
}

/// What is known of an item beside its content, because somebody works on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// Whose turn it is while it is anybody's.
    pub owner: Option<Owner>,
    /// Who has refused it since it was first assigned, the first first.
    pub refused: Vec<u64>,
    /// When its owner first said to have seen it, µs UTC.
    pub acknowledged: Option<i64>,
    /// Until when it is not in the inbox, µs UTC.
    pub snoozed: Option<i64>,
    /// What was said to have come of it, and when.
    pub finished: Option<(Name, i64)>,
    /// The root cause that was named.
    pub cause: Option<Name>,
    /// What was seen of it, oldest first.
    pub seen: Vec<(Seen, i64)>,
    /// Attempts to contact the customer, oldest first.
    pub contacts: Vec<Contact>,
    /// What the customer said of how it was closed, oldest first.
    pub answers: Vec<Answer>,
    /// What was decided on points of a review, by their places.
    pub decided: BTreeMap<u16, Decided>,
    /// What was said of steps of a playbook, the first first.
    pub stepped: Vec<Stepped>,
    /// Who was there when a review was held, as it was last said.
    pub present: Option<BTreeSet<u64>>,
    /// From whom it went up because they did not act in time, and when, µs UTC.
    pub missed: Vec<(u64, i64)>,
}

/// What was said of a step of a playbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stepped {
    /// What came of it.
    pub outcome: Name,
    /// By whom.
    pub by: Principal,
    /// When, µs UTC.
    pub at: i64,
    /// In words.
    pub why: Option<Commitment>,
}

impl Work {
    /// Periods in which the signal was there since it was raised, the first among them.
    pub fn lasted(&self) -> usize {
        1 + self.seen.iter().filter(|(seen, _)| matches!(seen, Seen::Signal { .. })).count()
    }

    /// The last period something was seen of.
    pub fn last_period(&self) -> Option<PeriodId> {
        self.seen.iter().rev().find_map(|(seen, _)| seen.period())
    }

    /// Clear periods since the last signal.
    pub fn clear(&self) -> usize {
        let clear = |(seen, _): &&(Seen, i64)| matches!(seen, Seen::Clear { .. });
        self.seen.iter().rev().take_while(clear).count()
    }

    /// What a plan has come to.
    pub fn effect(&self) -> Option<&Effect> {
        self.seen.iter().rev().find_map(|(seen, _)| match seen {
            Seen::Effect(effect) => Some(effect),
            _ => None,
        })
    }
}

impl Work {
    /// It is in another step: what was said of the work before begins anew where somebody works on it again.
    pub(super) fn moved(&mut self, to: Option<&Step>) {
        self.snoozed = None;
        if to.is_some_and(|step| step.turn == Turn::Work) {
            (self.owner, self.acknowledged, self.finished, self.cause) = (None, None, None, None);
            self.refused.clear();
        }
    }

    /// Takes in an event; one of another sort changes nothing.
    pub(super) fn apply(&mut self, place: Place<'_>, event: &Event) {
        let owner = |way: &[Reached], bound, due, rung| {
            let person = way.last()?.person;
            Some(Owner { person, way: way.to_vec(), bound, since: place.at, due, rung })
        };
        let rung = self.owner.as_ref().map_or(0, |owner| owner.rung);
        match event {
            Event::ItemAssigned(e) => {
                self.owner = owner(&e.way, e.bound, e.due, rung);
                self.snoozed = None;
            }
            Event::ItemEscalated(e) => {
                self.missed.extend(self.owner.as_ref().map(|owner| (owner.person, place.at)));
                self.owner = owner(&e.way, true, e.due, rung.saturating_add(1));
                self.snoozed = None;
            }
            Event::ItemRefused(_) => {
                if let Principal::Person(person) = place.by {
                    self.refused.push(*person);
                }
            }
            Event::ItemAcknowledged(_) => self.acknowledged = self.acknowledged.or(Some(place.at)),
            Event::ItemSnoozed(e) => self.snoozed = Some(e.until),
            Event::ItemFinished(e) => {
                self.finished = Some((e.outcome.clone(), place.at));
                self.cause.clone_from(&e.cause);
            }
            Event::ItemContacted(e) => {
                self.contacts.push(Contact { by: e.by, reached: e.reached, note: e.note, at: place.at });
            }
            Event::ItemAnswered(e) => {
                self.answers.push(Answer { settled: e.settled, note: e.note, at: place.at });
            }
            Event::PointDecided(e) => {
                let (decision, why, task) = (e.decision, e.why, e.task);
                let decided = Decided { decision, why, by: place.by.clone(), at: place.at, task };
                self.decided.entry(e.point).or_insert(decided);
            }
            Event::ItemStepped(e) => {
                self.stepped.push(Stepped {
                    outcome: e.outcome.clone(),
                    by: place.by.clone(),
                    at: place.at,
                    why: e.why,
                });
                // Another task, of somebody else perhaps: what was said of the one before is not said of it.
                self.refused.clear();
                (self.acknowledged, self.snoozed) = (None, None);
                if let Some(owner) = &mut self.owner {
                    owner.rung = 0;
                }
            }
            Event::ItemAttended(e) => self.present = Some(e.present.clone()),
            Event::ItemObserved(e) => self.seen.push((e.seen.clone(), place.at)),
            _ => {}
        }
    }
}

/// Who has to agree to a plan, or reads what was learnt: one other, unless the project is open.
pub(super) fn ask(mode: Mode) -> Ask {
    Ask { one_other: mode != Mode::Open, ..Ask::default() }
}

impl Item {
    /// The texts of what was planned and learnt.
    pub(crate) fn texts_of_plan(plan: &ActionPlan) -> Vec<Commitment> {
        let of = plan.actions.iter().map(|action| action.what);
        [plan.cause, plan.evidence].into_iter().chain(of).collect()
    }

    /// Persons a plan names.
    pub fn planned_for(plan: &ActionPlan) -> BTreeSet<u64> {
        plan.actions.iter().map(|action| action.owner).collect()
    }
}
