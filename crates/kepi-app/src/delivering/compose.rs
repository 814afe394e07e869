//! What is said, to whom, and when: of an event of the log a message for each channel and person.

use std::collections::BTreeMap;

use jiff::civil::Time;
use kepi_govern::{
    Content, Event, Item, Recorded,
    delivery::Message,
    items::{Missed, PostMortem, Tally, TaskOf, Turn, tally},
};
use kepi_insight::link::moving_together;
use kepi_model::{
    acting::{Channel, Severity},
    id::KpiId,
    project::{Project, Sensitivity},
    wording::with_causes,
};
use kepi_report::{
    format::Clock,
    view::{Measured, TargetView},
};
use kepi_store::{
    Follower, StoreError, Transaction,
    outbox::{self, NewMessage},
};

use super::is_turn;
use crate::{
    acting::{self, Figures, period_of_card, period_of_kpi},
    deciding::{self, ItemView},
    error::AppError,
    open::App,
};

/// Under which name it is kept how far messages were made of the log, for ever.
pub(super) const FOLLOWER: &str = "messages";

/// Makes messages of events.
pub(super) struct Composer<'a> {
    app: &'a App,
    project: &'a Project,
    clock: Clock,
    at: i64,
    /// Whether this is the first time: then only what is somebody's turn now is told, to programs as well.
    first: bool,
    figures: Option<Figures>,
    /// KPIs with the first of those that they move together with.
    together: BTreeMap<&'a KpiId, &'a KpiId>,
    /// The first message of what leaves together, by channel, person, whether it waits for nothing, and the first KPI.
    groups: BTreeMap<(String, u64, bool, KpiId), String>,
    /// Messages that were entered.
    pub entered: u64,
}

/// That it is somebody's turn.
struct Told<'a> {
    item: &'a Item,
    view: &'a ItemView,
    /// Whose, by number.
    person: u64,
    why: String,
    went_up: bool,
    since: i64,
}

impl<'a> Composer<'a> {
    pub async fn new(app: &'a App, project: &'a Project, at: i64) -> Result<Self, AppError> {
        Ok(Self {
            app,
            project,
            clock: Clock::new(&project.calendar),
            at,
            first: app.store.cursor(FOLLOWER).await? == 0,
            figures: None,
            together: moving_together(project),
            groups: BTreeMap::new(),
            entered: 0,
        })
    }

    /// Makes messages of one event.
    pub async fn make(&mut self, tx: &mut Transaction, recorded: &Recorded) -> Result<(), AppError> {
        // Most events are about no item, and some are of earlier versions of Kepi.
        let Ok(event) = recorded.event() else { return Ok(()) };
        let (Some(number), went_up) = (event.item(), matches!(event, Event::ItemEscalated(_))) else {
            return Ok(());
        };
        if !matches!(event, Event::ItemAssigned(_) | Event::ItemEscalated(_) | Event::ItemMoved(_)) {
            return Ok(());
        }
        // The log is locked: nothing is newer than what is read here.
        let organisation = self.app.store.organisation().await?;
        let Some(item) = organisation.items.get(number) else { return Ok(()) };
        let people: Vec<u64> = match &event {
            Event::ItemAssigned(e) => e.way.last().map(|stop| stop.person).into_iter().collect(),
            Event::ItemEscalated(e) => e.way.last().map(|stop| stop.person).into_iter().collect(),
            _ if item.step().is_some_and(|step| step.turn == Turn::Ask) && item.since == recorded.at => {
                match tally(&organisation, item) {
                    Tally::Pending(missing) => {
                        let all: std::collections::BTreeSet<u64> =
                            missing.iter().flat_map(|of| of.of().iter().copied()).collect();
                        all.into_iter().collect()
                    }
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        };
        if people.is_empty() {
            return Ok(());
        }
        let view = deciding::view(&self.app.store, &organisation, item).await?;
        let way = match &event {
            Event::ItemAssigned(e) => e.way.last(),
            Event::ItemEscalated(e) => e.way.last(),
            _ => None,
        };
        let why = way.map_or_else(
            || "asked to agree".to_owned(),
            |stop| {
                let unit = stop.unit.as_ref().map_or(String::new(), |unit| format!(" in {unit}"));
                format!("{}{unit}", stop.by.words())
            },
        );
        for channel in self.project.channels.values() {
            // People read of each their own turn; a channel, once, that it is somebody's.
            let to: Vec<u64> = match channel.to {
                kepi_model::acting::Way::Email { .. } => people.clone(),
                _ => vec![0],
            };
            for person in to {
                let now = is_turn(&organisation, number, person, recorded.at);
                if !now && (self.first || channel.to.is_read()) {
                    continue;
                }
                let told = Told { item, view: &view, person, why: why.clone(), went_up, since: recorded.at };
                self.enter(tx, channel, recorded.seq, &told).await?;
            }
        }
        Ok(())
    }

    async fn enter(
        &mut self,
        tx: &mut Transaction,
        channel: &Channel,
        seq: u64,
        told: &Told<'_>,
    ) -> Result<(), AppError> {
        let message = self.message(channel, told).await?;
        let urgent = matches!(&told.item.content, Content::Alert(of) if of.severity == Severity::High);
        let passes = told.went_up || urgent || !channel.to.is_read();
        let id = channel.id.to_string();
        let due = if passes { self.at } else { self.after_quiet(channel) };
        let day = self.clock.date(due);
        let key = format!("{seq}/{id}/{}", told.person);
        let group = match &told.item.content {
            Content::Alert(of) if channel.to.is_read() => {
                let first = self.together.get(&of.kpi).map_or(&of.kpi, |first| *first);
                Some((id.clone(), told.person, passes, first.clone()))
            }
            _ => None,
        };
        let with = match group.as_ref().and_then(|group| self.groups.get(group)) {
            // What somebody sends already leaves without it.
            Some(first) if outbox::is_fresh(tx, first).await? => Some(first.clone()),
            _ => None,
        };
        let used = outbox::of_day(tx, &id, told.person, &day).await?;
        let (batch, due) = match with.is_some() || passes || used < channel.budget {
            true => {
                let batch = with.unwrap_or_else(|| key.clone());
                self.groups.extend(group.map(|group| (group, batch.clone())));
                (batch, due)
            }
            false => {
                let due = self.next(channel.digest, due);
                (format!("digest/{id}/{}/{due}", told.person), due)
            }
        };
        let new = NewMessage {
            key,
            batch,
            channel: id,
            person: told.person,
            item: told.item.number,
            caused_at: told.since,
            day,
            body: serde_json::to_string(&message)
                .map_err(|e| StoreError::Corrupt { what: "a message", reason: e.to_string() })?,
            due,
        };
        self.entered += u64::from(outbox::enter(tx, &new, self.at).await?);
        Ok(())
    }

    /// What is said.
    async fn message(&mut self, channel: &Channel, told: &Told<'_>) -> Result<Message, AppError> {
        let item = told.item;
        Ok(Message {
            kind: told.view.kind.to_owned(),
            item: item.number,
            about: self.about(told),
            turn: told.why.clone(),
            step: item.play_step().and_then(|(place, _)| u16::try_from(place + 1).ok()),
            went_up: told.went_up,
            figure: match &item.content {
                Content::Alert(alert) => self.figure(alert).await?,
                _ => None,
            },
            since: self.clock.instant(told.since),
            until: told.view.due.map(|due| self.clock.instant(due)),
            link: channel.link.as_ref().map(|link| format!("{link}/items/{}", item.number)),
        })
    }

    /// What it is about: never in the words of a person.
    fn about(&self, told: &Told<'_>) -> String {
        let unit_name =
            |unit| self.project.units.get(unit).map_or_else(|| format!("{unit}"), |of| of.name.clone());
        match &told.item.content {
            Content::Alert(alert) => {
                let of = alert.unit.as_ref().map_or(String::new(), |unit| format!(" of {}", unit_name(unit)));
                let when = self.project.calendar.label(period_of_kpi(self.project, &alert.kpi, alert.period));
                format!("{}{of} is {} in {when}", acting::told(self.project, &alert.kpi), alert.sign.says())
            }
            Content::ActionPlan(plan) => {
                let of = plan.unit.as_ref().map_or(String::new(), |unit| format!(" of {}", unit_name(unit)));
                format!("{}{of}", acting::told(self.project, &plan.kpi))
            }
            Content::Task(task) => {
                let by = task.action.by;
                match &task.of {
                    TaskOf::Plan(item) => format!("an action of plan {item}, until {by}"),
                    TaskOf::Point { review, .. } => format!("what review {review} decided, until {by}"),
                    TaskOf::Comment { kpi, period } => {
                        let when = self.project.calendar.label(period_of_kpi(self.project, kpi, *period));
                        format!("why {} is as it is in {when}, until {by}", acting::told(self.project, kpi))
                    }
                    TaskOf::Before { review, kpi, unit, .. } => {
                        let of =
                            unit.as_ref().map_or(String::new(), |unit| format!(" of {}", unit_name(unit)));
                        let name = review.as_str().parse().ok().and_then(|id| self.project.reviews.get(&id));
                        let name = name.map_or_else(|| review.to_string(), |review| review.name.clone());
                        let kpi = acting::told(self.project, kpi);
                        format!(
                            "{kpi}{of} is red beyond chance: a plan is asked for until {by}, before {name}"
                        )
                    }
                }
            }
            Content::Review(of) => {
                let name = of.rule.as_str().parse().ok().and_then(|id| self.project.reviews.get(&id));
                let name = name.map_or_else(|| of.rule.to_string(), |review| review.name.clone());
                let when =
                    self.project.calendar.label(period_of_card(self.project, &of.scorecard, of.period));
                format!("{name} of {when}: {} points", of.points.len())
            }
            Content::Dispute(of) => {
                let unit = of.unit.as_ref().map_or(String::new(), |unit| format!(" of {}", unit_name(unit)));
                let when = self.project.calendar.label(period_of_kpi(self.project, &of.kpi, of.period));
                format!("{}{unit} in {when} is disputed", acting::told(self.project, &of.kpi))
            }
            Content::Case(case) => {
                let of = case.unit.as_ref().map_or(String::new(), |unit| format!(" of {}", unit_name(unit)));
                format!(
                    "a customer behind {}{of} is to be followed up",
                    acting::told(self.project, &case.kpi)
                )
            }
            Content::PainPoint(of) => {
                let unit = of.unit.as_ref().map_or(String::new(), |unit| format!(" of {}", unit_name(unit)));
                format!("something gets in the way of {}{unit}", acting::told(self.project, &of.kpi))
            }
            Content::Play(of) => {
                let unit = of.unit.as_ref().map_or(String::new(), |unit| format!(" of {}", unit_name(unit)));
                let name = of.playbook.as_str().parse().ok().and_then(|id| self.project.playbooks.get(&id));
                let name = name.map_or_else(|| of.playbook.to_string(), |playbook| playbook.name.clone());
                let steps = match told.item.play_step() {
                    Some((place, _)) => format!("step {} of {}", place + 1, of.steps.len()),
                    None => format!("{} steps", of.steps.len()),
                };
                format!("{name}: {steps} about {}{unit}", acting::told(self.project, &of.kpi))
            }
            Content::PostMortem(PostMortem { of: Missed::Plan(plan), .. }) => {
                format!("what was expected of plan {plan} did not come")
            }
            Content::PostMortem(PostMortem { of: Missed::Initiative { name, kpi, .. }, .. }) => {
                let at = acting::told(self.project, kpi);
                format!("what was expected of initiative {name} at {at} did not come")
            }
            Content::Handover(_)
            | Content::Notice(_)
            | Content::ChangeNotice(_)
            | Content::Attestation(_)
            | Content::Change(_) => told.view.touches.iter().take(3).cloned().collect::<Vec<_>>().join(", "),
            _ => "somebody asks for it".to_owned(),
        }
    }

    /// By how much: the figure and its target. None where it is withheld, or for the eyes of some only.
    async fn figure(&mut self, alert: &kepi_govern::items::Alert) -> Result<Option<String>, AppError> {
        let Some(kpi) = self.project.kpis.get(&alert.kpi) else { return Ok(None) };
        if !matches!(kpi.sensitivity, Sensitivity::Public | Sensitivity::Internal) {
            return Ok(None);
        }
        if self.figures.is_none() {
            self.figures = Some(Figures::of(self.app, self.project).await?);
        }
        let Some(figures) = &self.figures else { return Ok(None) };
        Ok(figures.at(self.project, alert).map(|(estimate, lines)| {
            let is = Measured::new(&estimate, &kpi.unit).value.text;
            match lines {
                Some(lines) => {
                    format!("{is}, target {}", TargetView::new("", lines, kpi.better, &kpi.unit).target)
                }
                None => is,
            }
        }))
    }

    /// The next instant at which clocks show a minute of the day, from an instant on.
    fn next(&self, minute: u16, from: i64) -> i64 {
        let Some(now) = self.clock.at(from) else { return from };
        let time = Time::new((minute / 60) as i8, (minute % 60) as i8, 0, 0).unwrap_or_default();
        let days = now.date().series(jiff::Span::new().days(1)).take(3);
        let instants = days.filter_map(|day| {
            Some(day.to_datetime(time).to_zoned(now.time_zone().clone()).ok()?.timestamp().as_microsecond())
        });
        instants.into_iter().find(|at| *at > from).unwrap_or(from)
    }

    /// Now, or when people are no longer left in peace.
    fn after_quiet(&self, channel: &Channel) -> i64 {
        let (Some((from, until)), Some(now)) = (channel.quiet, self.clock.at(self.at)) else {
            return self.at;
        };
        let now = now.hour() as u16 * 60 + now.minute() as u16;
        let quiet = if from <= until { (from..until).contains(&now) } else { now >= from || now < until };
        if quiet { self.next(until, self.at) } else { self.at }
    }
}

impl Follower for Composer<'_> {
    fn name(&self) -> &'static str {
        FOLLOWER
    }

    async fn on(&mut self, tx: &mut Transaction, event: &Recorded) -> Result<(), StoreError> {
        self.make(tx, event).await.map_err(|error| match error {
            AppError::Store(error) => error,
            other => StoreError::Corrupt { what: "a message", reason: with_causes(&other) },
        })
    }
}
