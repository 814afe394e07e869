//! Acting: whom a signal waits for, what becomes of it, and whether what was promised came.

use std::collections::BTreeSet;

mod cases;
mod directory;
mod disputing;
mod explaining;
pub(crate) mod feedback;
mod follow;
pub(crate) mod learning;
mod playing;
mod retiring;
mod reviewing;
mod shown;
mod silences;
mod tuning;

pub use disputing::{Disputed, no_figure};
pub(crate) use follow::Figures;
pub use follow::Followed;
pub use kepi_govern::items::{By, Decision, Method};
use kepi_govern::{
    Act, Command, Content, Deed, Edit, Evidence, Facts, Item, Open, Organisation, Permit, Principal,
    Situation, decide,
    items::{Action, ActionPlan, Expected, Follows, PostMortem, Task, TaskOf, Timeout},
    laws,
    periods::PeriodId,
    plain::{Name, Number},
};
use kepi_model::{
    calendar::Period,
    id::{KpiId, PersonId, ScorecardId, UnitId},
    project::{Better, Project, ValueUnit},
};
use kepi_proof::Commitment;
use kepi_report::format;
use kepi_store::{Asked, NewText, Store, StoreError, door::new_key};
pub use retiring::{Retirement, Retiring};
pub use shown::{AnswerView, CaseView, ContactView, OwnerView, WorkView};
pub(crate) use shown::{above, touches, worked_on};
pub use silences::{SilenceView, Silencing, silences};
pub use tuning::{Change as TuningChange, Tuning};

use crate::{
    archive,
    deciding::{Acting, Deciding, Looking, clock, known, words},
    error::AppError,
    picture::project_of,
};

/// How often something is asked for anew because others changed what it rests on meanwhile.
const ATTEMPTS: u32 = 10;
/// An hour in µs.
const HOUR: i64 = 3_600_000_000;

/// What somebody does about an item, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing<'a> {
    /// Has seen it.
    Acknowledge,
    /// Gives it to somebody, by name.
    Assign(&'a str),
    /// Says that it is not hers, and why.
    Refuse(&'a str),
    /// Wants to see it again after so many hours, and why.
    Snooze(u16, &'a str),
    /// Ends it without doing anything, and why.
    Dismiss(&'a str),
    /// Is done with it: what came of it, and in words.
    Finish(&'a str, Option<&'a str>),
    /// Is done with this step of a playbook, the first is 1: what came of it, and in words.
    FinishStep(u16, &'a str, Option<&'a str>),
    /// Is done with a case: what came of it, the root cause, and in words.
    Close(&'a str, &'a str, Option<&'a str>),
    /// Has tried to contact the customer: by which way, whether she was reached, and what was said.
    Contact(By, bool, Option<&'a str>),
    /// Says who was there when a review was held, by name.
    Attend(Vec<&'a str>),
    /// Has heard of the customer whether it is settled, and what she said.
    Answer(bool, Option<&'a str>),
    /// Decides on a point of a review, the first is 1: what, why or what is to be done, and who does that until when.
    Decide(u16, Decision, &'a str, Option<(&'a str, jiff::civil::Date)>),
}

/// A plan as somebody files it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPlan<'a> {
    /// The alert that it answers.
    pub alert: u64,
    /// Why it happened.
    pub cause: &'a str,
    /// How that was found.
    pub method: Method,
    /// What shows it.
    pub evidence: &'a str,
    /// Who does what until which day.
    pub actions: Vec<(&'a str, jiff::civil::Date, &'a str)>,
    /// By how much the KPI is to differ, as it is shown: shares and promoter scores in points, durations in hours.
    pub change: f64,
    /// The period in which that is measured.
    pub period: &'a str,
}

/// What somebody says of a difference of a KPI, in the unit that figures are kept in.
fn kept(shown: f64, unit: &ValueUnit) -> f64 {
    match unit {
        ValueUnit::Share => shown / 100.0,
        ValueUnit::Duration => shown * HOUR as f64,
        _ => shown,
    }
}

/// What is asked one after the other at an instant. Who answers for what is looked up once, and again where a law says that it has
/// changed since: to look it up is to read all definitions in force.
pub(crate) struct Asking<'a> {
    deciding: Deciding<'a>,
    at: i64,
    found: Option<Evidence>,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(store: &'a Store, at: i64) -> Self {
        Self { deciding: Deciding(store), at, found: None }
    }

    /// When it is asked, µs UTC.
    pub(crate) fn at(&self) -> i64 {
        self.at
    }

    /// Who answers for what.
    pub(crate) async fn found(&mut self) -> Result<Evidence, AppError> {
        if self.found.is_none() {
            let organisation = self.deciding.0.organisation().await?;
            self.found = Some(self.deciding.answerable(&organisation, self.at).await?);
        }
        Ok(self.found.clone().unwrap_or(Evidence::None))
    }

    pub(crate) async fn ask(
        &mut self,
        by: &Permit,
        command: &Command,
        texts: Vec<NewText>,
        key: &str,
    ) -> Result<(), AppError> {
        for _ in 0..ATTEMPTS {
            let mut effects = Looking { texts: texts.clone(), found: self.found().await? };
            match self.deciding.0.perform(Asked::new(by, key, self.at), command, &mut effects).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Forbidden(v)) if v.0.iter().all(|v| v.code == laws::LOOK_AGAIN) => {
                    self.found = None;
                }
                Err(other) => return Err(self.deciding.refused(other, by, command, self.at).await),
            }
        }
        Err(AppError::Busy)
    }
}

impl Deciding<'_> {
    /// Who answers for what at an instant, as evidence, by what is in force.
    pub(crate) async fn answerable(
        &self,
        organisation: &Organisation,
        at: i64,
    ) -> Result<Evidence, AppError> {
        let project = self.in_force_project(organisation).await?;
        Ok(Evidence::Answerable(Box::new(directory::of(self.0, organisation, &project, at).await?)))
    }

    pub(crate) async fn in_force_project(&self, organisation: &Organisation) -> Result<Project, AppError> {
        project_of(&archive::of(self.0, &organisation.register).await?.0)
    }

    /// Does something about an item that is with whoever acts, or with somebody below.
    ///
    /// # Errors
    /// A law forbids it, or the database refuses.
    pub async fn act(&self, number: u64, doing: &Doing<'_>, acting: Acting<'_>) -> Result<(), AppError> {
        self.tick(acting.at).await?;
        let mut texts = Vec::new();
        let mut keep = |text: &str| -> Result<Commitment, AppError> {
            let text = words("the reason", text)?;
            let commitment = text.commitment;
            texts.push(text);
            Ok(commitment)
        };
        let deed = match doing {
            Doing::Acknowledge => Deed::Acknowledge,
            Doing::Assign(to) => Deed::Assign { to: self.number_of(to).await? },
            Doing::Refuse(why) => Deed::Refuse { why: keep(why)? },
            Doing::Snooze(hours, why) => {
                Deed::Snooze { until: acting.at + i64::from(*hours) * HOUR, why: keep(why)? }
            }
            Doing::Dismiss(why) => Deed::Dismiss { why: keep(why)? },
            Doing::Finish(outcome, why) => {
                let outcome = outcome_of(outcome)?;
                let organisation = self.0.organisation().await?;
                let content = organisation.items.get(number).map(|item| &item.content);
                // To sign or to have read says all there is to say.
                let says_all = matches!(
                    content,
                    Some(Content::Handover(_) | Content::Notice(_) | Content::ChangeNotice(_)) | None
                );
                if why.is_none() && !says_all {
                    return Err(AppError::NotFound(
                        "say in words what came of it: `-m`, which is read years later".to_owned(),
                    ));
                }
                Deed::Finish { outcome, cause: None, step: None, why: why.map(keep).transpose()? }
            }
            Doing::FinishStep(step, outcome, why) => Deed::Finish {
                outcome: outcome_of(outcome)?,
                cause: None,
                step: Some(*step),
                why: Some(keep(why.unwrap_or_default())?),
            },
            Doing::Close(outcome, cause, why) => {
                let cause = cause.parse().map_err(|_| {
                    AppError::NotFound(format!("`{cause}` is no root cause; one is a word such as `waiting`"))
                })?;
                Deed::Finish {
                    outcome: outcome_of(outcome)?,
                    cause: Some(cause),
                    step: None,
                    why: why.map(keep).transpose()?,
                }
            }
            Doing::Contact(by, reached, note) => {
                Deed::Contact { by: *by, reached: *reached, note: note.map(keep).transpose()? }
            }
            Doing::Decide(point, decision, why, follows) => {
                let point = point
                    .checked_sub(1)
                    .ok_or_else(|| AppError::NotFound("the first point is 1".to_owned()))?;
                let why = keep(why)?;
                let follows = match follows {
                    Some((owner, by)) => Some(Follows { owner: self.number_of(owner).await?, by: *by }),
                    None => None,
                };
                Deed::Decide { point, decision: *decision, why, follows }
            }
            Doing::Attend(names) => {
                let mut present = BTreeSet::new();
                for name in names {
                    present.insert(self.number_of(name).await?);
                }
                Deed::Attend { present }
            }
            Doing::Answer(settled, note) => {
                Deed::Answer { settled: *settled, note: note.map(keep).transpose()? }
            }
        };
        self.ask(&Command::Act(Act { item: number, deed }), texts, acting).await
    }

    /// Files a plan for an alert, or for a task by which a review asks for one.
    ///
    /// # Errors
    /// The alert or a period is not known, a law forbids it, or the database refuses.
    pub async fn plan(&self, new: &NewPlan<'_>, acting: Acting<'_>) -> Result<u64, AppError> {
        whole(&[("cause", new.cause), ("evidence", new.evidence)])?;
        new.actions.iter().try_for_each(|(.., what)| whole(&[("action", what)]))?;
        self.tick(acting.at).await?;
        let organisation = self.0.organisation().await?;
        let project = self.in_force_project(&organisation).await?;
        let asks = &known(&organisation, new.alert)?.content;
        let (kpi, unit_of, from) = asked_for(&project, &organisation, asks).ok_or_else(|| {
            AppError::NotFound(format!(
                "item {} is no alert, and no task of a review: a plan answers one of these",
                new.alert
            ))
        })?;
        let id = kpi;
        let calendar = project.calendar_of_kpi(id.as_str());
        let to = calendar.parse(project.without_card(new.period, calendar))?;
        let after = project.calendar.first_day(to.offset(1))?;
        let kpi = project.kpis.get(id);
        let worse = match kpi.map(|kpi| kpi.better) {
            Some(Better::Higher) => new.change < 0.0,
            Some(Better::Lower) => new.change > 0.0,
            Some(Better::InRange) | None => false,
        };
        if worse {
            return Err(AppError::NotFound(format!(
                "a change by {} would be worse: a plan says what it is to come to for the better",
                new.change
            )));
        }
        // No figure of it lies so far from another.
        let farther = kpi.filter(|kpi| {
            let (low, high) = kpi.possible();
            kept(new.change, &kpi.unit).abs() > high - low
        });
        if let Some(kpi) = farther {
            let (low, high) = kpi.possible();
            let most = format::difference(high - low, &kpi.unit, 0);
            return Err(AppError::NotFound(format!(
                "a change by {} is more than `{id}` can differ: no two figures of it are farther apart than {}",
                new.change,
                most.trim_start_matches('+')
            )));
        }
        let unit = kpi.map(|kpi| kpi.unit.clone());
        let change = unit
            .map(|unit| kept(new.change, &unit))
            .and_then(Number::new)
            .ok_or_else(|| AppError::NotFound(format!("`{}` is no change of `{}`", new.change, id)))?;
        let mut texts = Vec::new();
        let mut keep = |text: &str| {
            let text = NewText::new(text.to_owned());
            let commitment = text.commitment;
            texts.push(text);
            commitment
        };
        let mut actions = Vec::new();
        for (owner, by, what) in &new.actions {
            actions.push(Action { what: keep(what), owner: self.number_of(owner).await?, by: *by });
        }
        let content = Content::ActionPlan(ActionPlan {
            alert: Some(new.alert),
            kpi: id.clone(),
            unit: unit_of.cloned(),
            cause: keep(new.cause),
            method: new.method,
            evidence: keep(new.evidence),
            actions,
            expected: Expected {
                change,
                from,
                to: PeriodId { grain: to.grain, first: project.calendar.first_day(to)? },
                until: after,
            },
        });
        let why = keep(new.cause);
        let number = self.0.organisation().await?.items.next();
        self.ask(&Command::Open(Open { content, why }), texts, acting).await?;
        let organisation = self.0.organisation().await?;
        // Others may have opened something just then: it is the one about this alert.
        let own = organisation.items.children(new.alert).filter(|item| item.number >= number);
        own.last().map(|item| item.number).ok_or(AppError::Busy)
    }

    /// Writes what was learnt from an effect that did not come.
    ///
    /// # Errors
    /// The item is no post-mortem, a law forbids it, or the database refuses.
    pub async fn learn(
        &self,
        number: u64,
        (findings, follows): (&str, &str),
        acting: Acting<'_>,
    ) -> Result<(), AppError> {
        whole(&[("findings", findings), ("follows", follows)])?;
        self.tick(acting.at).await?;
        let organisation = self.0.organisation().await?;
        let item = known(&organisation, number)?;
        let Content::PostMortem(of) = &item.content else {
            return Err(AppError::NotFound(format!("item {number} is no post-mortem")));
        };
        let (findings, follows) = (NewText::new(findings.to_owned()), NewText::new(follows.to_owned()));
        let why = findings.commitment;
        let content = PostMortem {
            of: of.of.clone(),
            findings: Some(findings.commitment),
            follows: Some(follows.commitment),
        };
        let content = Content::PostMortem(content);
        let edit = Command::Edit(Edit { item: number, was: item.digest, content, why });
        self.ask(&edit, vec![findings, follows], acting).await
    }

    /// Asks for something that rests on who answers for what.
    async fn ask(&self, command: &Command, texts: Vec<NewText>, acting: Acting<'_>) -> Result<(), AppError> {
        let by = Permit::open(self.0.person(acting.actor).await?);
        self.ask_as(&by, command, texts, (&acting.key("act"), acting.at)).await
    }

    /// The same in the name of whoever it may be.
    pub(crate) async fn ask_as(
        &self,
        by: &Permit,
        command: &Command,
        texts: Vec<NewText>,
        (key, at): (&str, i64),
    ) -> Result<(), AppError> {
        Asking::new(self.0, at).ask(by, command, texts, key).await
    }

    /// Ends what nobody decided in time, hands on what nobody did, freezes what a rule says, opens what comes of adoptions, and takes in what was adopted beside a proposal. Whether anything is due is found before the door is asked.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn tick(&self, at: i64) -> Result<(), AppError> {
        self.end_overdue(at).await?;
        self.freeze_by_rule(at).await?;
        self.attest(at).await?;
        self.hand_over(at).await?;
        self.rebase(at).await
    }

    async fn end_overdue(&self, at: i64) -> Result<(), AppError> {
        for _ in 0..ATTEMPTS {
            let organisation = self.0.organisation().await?;
            let mut open = organisation.items.open();
            let worked =
                open.any(|item| item.content.kind().steps.iter().any(|step| step.timeout != Timeout::Lapse));
            let found = if worked { self.answerable(&organisation, at).await? } else { Evidence::None };
            let by = clock();
            let facts = Facts { at, by: &by, evidence: &found };
            if decide(Situation { organisation: &organisation }, &Command::Tick, facts).is_err() {
                return Ok(());
            }
            let (permit, key) = (Permit::open(by), new_key("tick"));
            let mut effects = Looking { texts: Vec::new(), found };
            match self.0.perform(Asked::new(&permit, &key, at), &Command::Tick, &mut effects).await {
                // Somebody else was first.
                Err(StoreError::Forbidden(v)) if v.0.iter().all(|v| v.code == laws::NOTHING_DUE) => {
                    return Ok(());
                }
                Err(StoreError::Forbidden(v)) if v.0.iter().all(|v| v.code == laws::LOOK_AGAIN) => {}
                Err(other) => return Err(other.into()),
                Ok(_) => return Ok(()),
            }
        }
        Err(AppError::Busy)
    }

    /// The number of a person of the project in force.
    async fn number_of(&self, name: &str) -> Result<u64, AppError> {
        let organisation = self.0.organisation().await?;
        let project = self.in_force_project(&organisation).await?;
        let known = name.parse::<PersonId>().is_ok_and(|id| project.persons.contains_key(&id));
        match self.0.person(name).await? {
            Principal::Person(number) if known => Ok(number),
            _ => Err(AppError::NotFound(format!("`{name}` is no person of this project"))),
        }
    }
}

/// The KPI and the unit of which an item asks for a plan, and the period from which on its effect is measured: of an alert that in which
/// it was raised, of a task of a review the last of the KPI in the period that was gone through.
fn asked_for<'a>(
    project: &Project,
    organisation: &'a Organisation,
    content: &'a Content,
) -> Option<(&'a KpiId, Option<&'a UnitId>, PeriodId)> {
    let (kpi, unit) = organisation.items.about(content)?;
    match content {
        Content::Alert(alert) => Some((kpi, unit, alert.period)),
        Content::Task(Task { of: TaskOf::Point { review, .. }, .. }) => {
            let Content::Review(review) = &organisation.items.get(*review)?.content else { return None };
            let card = project.scorecards.get(&review.scorecard)?;
            let grain = card.period.max(project.kpis.get(kpi)?.period);
            let last = project.calendar.last_day(period_of_card(project, &card.id, review.period)).ok()?;
            let first = project.calendar.first_day(card.calendar.period_of_day(grain, last)).ok()?;
            Some((kpi, unit, PeriodId { grain, first }))
        }
        Content::Task(Task { of: TaskOf::Before { review, period, .. }, .. }) => {
            let review = project.reviews.get(&review.as_str().parse().ok()?)?;
            let card = project.scorecards.get(&review.scorecard)?;
            let grain = card.period.max(project.kpis.get(kpi)?.period);
            let last = project.calendar.last_day(period_of_card(project, &card.id, *period)).ok()?;
            let first = project.calendar.first_day(card.calendar.period_of_day(grain, last)).ok()?;
            Some((kpi, unit, PeriodId { grain, first }))
        }
        _ => None,
    }
}

/// Whether nobody does anything about it, nor is to: those who treat some customers are not told whom they hold out.
pub(crate) fn is_only_watched(item: &Item) -> bool {
    matches!(&item.content, Content::Play(of) if of.is_watched())
}

fn outcome_of(text: &str) -> Result<Name, AppError> {
    let no_word = || format!("`{text}` is no outcome; one is a word such as `fixed` or `done`");
    text.parse().map_err(|_| AppError::NotFound(no_word()))
}

/// Whether parts of what is filed say anything.
pub(crate) fn whole(parts: &[(&str, &str)]) -> Result<(), AppError> {
    match parts.iter().find(|(_, text)| text.trim().is_empty()) {
        None => Ok(()),
        Some((part, _)) => Err(AppError::NotFound(format!("it is not whole: `{part}` says nothing"))),
    }
}

/// The period of a KPI that an id names.
pub(crate) fn period_of_kpi(project: &Project, kpi: &KpiId, id: PeriodId) -> Period {
    project.calendar_of_kpi(kpi.as_str()).period_of_day(id.grain, id.first)
}

/// The period of a scorecard that an id names: that of a review is one.
pub(crate) fn period_of_card(project: &Project, card: &ScorecardId, id: PeriodId) -> Period {
    project.calendar_of_scorecard(card.as_str()).period_of_day(id.grain, id.first)
}

/// What an alert says, for those who get it.
pub(crate) fn told(project: &Project, kpi: &KpiId) -> String {
    project.kpis.get(kpi).map_or_else(|| kpi.to_string(), |kpi| kpi.name.clone())
}
