//! Opens a review once its day has come, with an agenda made of what deviates and of what waits; whose turn it is to be confirmed among
//! the definitions is found from the reviews before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use kepi_govern::{
    Command, Content, Directory, Evidence, Item, Observe, Open, Organisation, Principal,
    items::{Action, Decision, Dispute, OnAgenda, Point, Review, Seen, Task, TaskOf, Topic, midnight},
    laws,
    periods::PeriodId,
    plain::Name,
};
use kepi_insight::{
    analysis::Ask,
    stages::{self, Departure},
    validity,
};
use kepi_model::{
    business_hours::nth_open_day,
    calendar::{Calendar, CalendarError, Grain, Period},
    derived::Rows,
    id::{EntityId, KpiId, PersonId, SourceId, UnitId},
    project::{Better, Kpi, Project, Scorecard},
    review,
};
use kepi_query::value::Finality;
use kepi_score::{
    band::{Band, band},
    card::Card,
    target::Down,
};
use kepi_store::{NewText, door::new_key};

use super::{
    Asking,
    follow::{Followed, NoFigures, OfProject, Published, Watched, job, unless},
    period_of_card, told,
};
use crate::{deciding::Deciding, error::AppError, open::App, picture::texts_of};

/// Business hours of a day.
const DAY: u16 = 8;

/// What in a unit, and whether it is about its definition.
type Subject = (Topic, Option<UnitId>, bool);

/// Points by what they are about.
type Points = BTreeMap<Subject, (BTreeSet<OnAgenda>, BTreeSet<u64>)>;

/// By which gate of planning a review is open, in words; none: it goes by the calendar.
fn by_gate<'a>(project: &Project, rule: &'a review::Review, at: i64) -> Option<&'a str> {
    let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
    rule.by_gate(Timestamp::from_microsecond(at).ok()?.to_zoned(zone).date())
}

/// The definitions whose turn it is to be confirmed: so many that each has its turn within so many reviews, those first that were
/// confirmed longest ago, or never.
fn rotated<'a>(
    kpis: &[&'a KpiId],
    confirmed: &BTreeMap<&KpiId, PeriodId>,
    within: u16,
) -> BTreeSet<&'a KpiId> {
    let mut all: Vec<&KpiId> = kpis.to_vec();
    all.sort_by_key(|kpi| confirmed.get(kpi).map(|period| period.first));
    let each = kpis.len().div_ceil(usize::from(within.max(1)));
    all.into_iter().take(each).collect()
}

/// The period of a length in which a longer one ends.
fn last_within(calendar: &Calendar, grain: Grain, period: Period) -> Result<Period, CalendarError> {
    Ok(calendar.period_of_day(grain, calendar.last_day(period)?))
}

/// A unit and all below it at the end of a period; none: everything.
fn below<'a>(
    project: &'a Project,
    period: Period,
    top: Option<&'a UnitId>,
) -> impl Fn(Option<&UnitId>) -> bool + 'a {
    let tree = project.tree(project.calendar.last_day(period).ok());
    move |unit| {
        let Some(top) = top else { return true };
        unit.is_some_and(|unit| tree.upwards(unit).any(|above| above == top))
    }
}

/// What speaks against sources: a delivery that is overdue, a promise that was not kept, rows that were set aside.
type Doubted = BTreeMap<SourceId, BTreeSet<OnAgenda>>;

/// What an agenda is made of.
struct Agenda<'a> {
    project: &'a Project,
    organisation: &'a Organisation,
    published: Option<&'a Published>,
    rule: &'a review::Review,
    card: &'a Scorecard,
    period: Period,
    id: PeriodId,
    at: i64,
    /// What speaks against sources in the period.
    doubted: &'a Doubted,
}

/// Worse so many times in a row is a trend.
const WORSE: i32 = 3;
/// From so many of a hundred rows on that were set aside, that is said.
const SET_ASIDE: u64 = 5;

impl Agenda<'_> {
    /// The unit whose figures are gone through; none: all rows.
    fn unit(&self) -> Option<&UnitId> {
        self.named(self.rule.unit.as_ref())
    }

    /// A unit as the agenda names it: figures of the scorecard's own unit are those of all rows, whichever way it was said.
    fn named<'b>(&self, unit: Option<&'b UnitId>) -> Option<&'b UnitId> {
        unit.filter(|unit| self.card.unit.as_ref() != Some(*unit))
    }

    /// The period whose figure of a KPI is gone through; none: it has no figure of this period alone.
    fn period_of(&self, kpi: &Kpi) -> Result<Option<Period>, CalendarError> {
        let grain = self.card.period.max(kpi.period);
        match grain > self.rule.period {
            true => Ok(None),
            false => last_within(&self.card.calendar, grain, self.period).map(Some),
        }
    }

    fn points(&self) -> Result<Vec<Point>, AppError> {
        let mut points = Points::new();
        for kpi in self.card.kpis() {
            self.figure(kpi, self.unit(), &mut points)?;
        }
        self.waiting(&mut points)?;
        self.of_journeys(&mut points);
        self.of_data(&mut points);
        self.before(&mut points);
        let point = |((about, unit, _), (why, items)): (Subject, _)| Point { why, about, unit, items };
        let mut points: Vec<Point> = points.into_iter().map(point).collect();
        points.sort();
        Ok(points)
    }

    /// What there is to say of the figure of a KPI.
    fn figure(&self, id: &KpiId, unit: Option<&UnitId>, points: &mut Points) -> Result<(), AppError> {
        let Some(kpi) = self.project.kpis.get(id) else { return Ok(()) };
        let Some((watched, period)) = self.watched(kpi, unit)? else { return Ok(()) };
        let grain = period.grain;
        let looked = self.published.map(|published| watched.looked(self.project, None, published));
        let looked = looked.unwrap_or_default();
        let own = looked.iter().find(|of| of.ordinal == period.ordinal);
        let before = looked.iter().find(|of| of.ordinal == period.ordinal - 1);
        let value = self.published.and_then(|published| published.value(&watched, period.ordinal));
        let mut why = BTreeSet::new();
        let is_red = value.and_then(|value| value.measured().ok()).is_some_and(|estimate| {
            let lines = watched.lines(self.project, period);
            lines.is_some_and(|lines| band(estimate.point, &lines, kpi.better) == Band::Red)
        });
        let beyond = own.is_some_and(|of| of.beyond == Some(true));
        if is_red {
            why.insert(OnAgenda::Red);
        }
        if beyond {
            why.insert(OnAgenda::Unusual);
        }
        if own.is_some_and(|of| of.guardrail == Some(true)) {
            why.insert(OnAgenda::Guardrail);
        }
        if own.is_none_or(|of| of.red.is_none() && of.beyond.is_none()) && !is_red {
            // Without a target and within too few periods to judge, a sure figure is one nevertheless.
            let is_sure = value.is_some_and(|value| value.measured().is_ok())
                && self
                    .published
                    .is_some_and(|published| watched.why_not_at(published, period.ordinal).is_none());
            if !is_sure {
                why.insert(OnAgenda::Unknown);
            }
        }
        if self.worsens(&watched, period) {
            why.insert(OnAgenda::Trend);
        }
        if unit == self.unit() && self.is_contradicted(kpi, period) {
            why.insert(OnAgenda::Strategy);
        }
        // Red for sure, and no chance of one period: somebody has to do something about it.
        let sure = own.is_some_and(|of| of.red == Some(true));
        let lasts = before.is_some_and(|of| of.red == Some(true));
        let plan = |item: &Item| matches!(&item.content, Content::ActionPlan(plan) if plan.kpi == *id && self.named(plan.unit.as_ref()) == unit);
        if sure && (beyond || lasts) && !self.organisation.items.open().any(plan) {
            why.insert(OnAgenda::PlanOwed);
        }
        if (is_red || beyond)
            && !self.is_explained(
                id,
                unit,
                PeriodId { grain, first: self.project.calendar.first_day(period)? },
            )
        {
            why.insert(OnAgenda::Unexplained);
        }
        if !why.is_empty() {
            points.entry((Topic::Kpi(id.clone()), unit.cloned(), false)).or_default().0.extend(why);
        }
        Ok(())
    }

    /// The series of a KPI in a unit, and the period of it that is gone through; none: it has none.
    fn watched<'b>(
        &self,
        kpi: &'b Kpi,
        unit: Option<&UnitId>,
    ) -> Result<Option<(Watched<'b>, Period)>, CalendarError> {
        let card = Card { project: self.project, scorecard: self.card, values: &NoFigures };
        let (Some(segment), Some(period)) = (card.segment(unit), self.period_of(kpi)?) else {
            return Ok(None);
        };
        let (rule, top) = (Down::of(self.card), self.card.unit.clone());
        Ok(Some((Watched { kpi, grain: period.grain, unit: unit.cloned(), segment, rule, top }, period)))
    }

    /// Whether a figure is red for sure, and that is no chance of one period; none: that is not known.
    fn is_red_beyond_chance(
        &self,
        kpi: &KpiId,
        unit: Option<&UnitId>,
    ) -> Result<Option<bool>, CalendarError> {
        let Some(kpi) = self.project.kpis.get(kpi) else { return Ok(None) };
        let Some((watched, period)) = self.watched(kpi, unit)? else { return Ok(None) };
        let Some(published) = self.published else { return Ok(None) };
        let looked = watched.looked(self.project, None, published);
        let at = |ordinal| looked.iter().find(|of| of.ordinal == ordinal);
        let Some(own) = at(period.ordinal) else { return Ok(None) };
        let lasts = at(period.ordinal - 1).is_some_and(|of| of.red == Some(true));
        Ok(own.red.map(|red| red && (own.beyond == Some(true) || lasts)))
    }

    /// Whether a figure got worse each time, so many times in a row, in periods that are final.
    fn worsens(&self, watched: &Watched<'_>, period: Period) -> bool {
        let Some(published) = self.published else { return false };
        let at = |ago: i32| {
            let value = published.value(watched, period.ordinal - ago)?;
            let is_final = value.finality == Finality::Final;
            value.measured().ok().map(|estimate| estimate.point).filter(|_| is_final)
        };
        let worse = |ago: i32| match (at(ago + 1), at(ago), watched.kpi.better) {
            (Some(before), Some(now), Better::Higher) => now < before,
            (Some(before), Some(now), Better::Lower) => now > before,
            _ => false,
        };
        (0..WORSE).all(worse)
    }

    /// Whether what a KPI is believed to move does not follow it.
    fn is_contradicted(&self, kpi: &Kpi, period: Period) -> bool {
        let Some(published) = self.published.filter(|_| period.grain == kpi.period) else { return false };
        let frames = OfProject { project: self.project, published };
        validity::fails(&Ask { kpi, period }, &frames) == Some(true)
    }

    /// Whether a KPI rests on the rows of an entity.
    fn rests(&self, kpi: &KpiId, on: &EntityId) -> bool {
        let kpi = self.project.kpis.get(kpi);
        kpi.is_some_and(|kpi| kpi.reads.contains(on) || kpi.looked_at.contains(on))
    }

    /// Whether a journey belongs to the scorecard: a KPI of it is by stage, rests on the stages, or on those who go through them.
    fn is_gone_on(&self, journey: &EntityId, of: &EntityId) -> bool {
        let by_stage = |kpi: &KpiId| {
            let kpi = self.project.kpis.get(kpi);
            kpi.is_some_and(|kpi| stages::stage_of(kpi, journey, self.project).is_some())
        };
        self.card.kpis().any(|kpi| by_stage(kpi) || self.rests(kpi, journey) || self.rests(kpi, of))
    }

    /// The journeys that are gone through: stages are of all rows, so that a review of a unit has none.
    fn journeys(&self) -> impl Iterator<Item = &EntityId> {
        let all = self.project.entities.values().filter(|_| self.unit().is_none());
        all.filter_map(|entity| match &entity.rows {
            Some(Rows::Stages(stages)) if self.is_gone_on(&entity.id, &stages.of) => Some(&entity.id),
            _ => None,
        })
    }

    /// Whether a journey rests on the rows of an entity, by its KPIs by stage.
    fn goes_over(&self, journey: &EntityId, on: &EntityId) -> bool {
        let by_stage = |kpi: &&Kpi| stages::stage_of(kpi, journey, self.project).is_some();
        self.project.kpis.values().filter(by_stage).any(|kpi| self.rests(&kpi.id, on))
    }

    /// Journeys on whose stages something is unusual, each a point of its own.
    fn of_journeys(&self, points: &mut Points) {
        let Some(published) = self.published else { return };
        let frames = OfProject { project: self.project, published };
        for journey in self.journeys() {
            let why = stages::departed(journey, self.period, &frames).into_iter().map(|of| match of.what {
                Departure::DropOff => OnAgenda::DropOff,
                Departure::Volume => OnAgenda::Volume,
                Departure::Worse => OnAgenda::Unusual,
            });
            let why: BTreeSet<OnAgenda> = why.collect();
            if !why.is_empty() {
                points.entry((Topic::Journey(journey.clone()), None, false)).or_default().0.extend(why);
            }
        }
    }

    /// Sources whose data are late, set aside or not as promised: each a point of its own, and said at the KPIs and journeys that are on the agenda and rest on it.
    fn of_data(&self, points: &mut Points) {
        for (id, why) in self.doubted {
            let Some(source) = self.project.sources.get(id) else { continue };
            let on = &source.into;
            if !self.card.kpis().any(|kpi| self.rests(kpi, on))
                && !self.journeys().any(|of| self.goes_over(of, on))
            {
                continue;
            }
            for ((about, _, of_definition), (why, _)) in points.iter_mut() {
                let rests = match about {
                    Topic::Kpi(kpi) => !*of_definition && self.rests(kpi, on),
                    Topic::Journey(journey) => self.goes_over(journey, on),
                    Topic::Source(_) => false,
                };
                if rests {
                    why.insert(OnAgenda::Data);
                }
            }
            points.entry((Topic::Source(id.clone()), None, false)).or_default().0.extend(why);
        }
    }

    /// Whether somebody has said why a figure is as it is, and did not take it back.
    fn is_explained(&self, kpi: &KpiId, unit: Option<&UnitId>, period: PeriodId) -> bool {
        let own = self.card.unit.as_ref().filter(|_| unit.is_none());
        let items = &self.organisation.items;
        items.is_explained(kpi, unit, period) || own.is_some() && items.is_explained(kpi, own, period)
    }

    /// What waits for somebody about a KPI of the scorecard, in the unit or below.
    fn waiting(&self, points: &mut Points) -> Result<(), AppError> {
        let kpis: BTreeSet<&KpiId> = self.card.kpis().collect();
        let within = below(self.project, self.period, self.unit());
        let mut seen: BTreeSet<(KpiId, Option<UnitId>)> = BTreeSet::new();
        let mut plans = Vec::new();
        for item in self.organisation.items.open() {
            let Some((kpi, unit)) = self.organisation.items.about(&item.content) else { continue };
            if !kpis.contains(kpi) || !within(unit) {
                continue;
            }
            let unit = self.named(unit);
            let late = || item.due().is_some_and(|due| due <= self.at) || !item.work.missed.is_empty();
            let why = match &item.content {
                Content::Alert(_) => OnAgenda::Alert,
                // Of another period than is gone through it is another figure.
                Content::Dispute(of) if !self.is_gone_through(of)? => continue,
                Content::Dispute(_) => OnAgenda::Disputed,
                Content::Task(_) if late() => OnAgenda::Overdue,
                Content::ActionPlan(_) => {
                    plans.push((kpi.clone(), unit.cloned(), item.number));
                    continue;
                }
                _ => continue,
            };
            if unit != self.unit() && seen.insert((kpi.clone(), unit.cloned())) {
                self.figure(kpi, unit, points)?;
            }
            let point = points.entry((Topic::Kpi(kpi.clone()), unit.cloned(), false)).or_default();
            point.0.insert(why);
            point.1.insert(item.number);
        }
        for (kpi, unit, plan) in plans {
            if let Some(point) = points.get_mut(&(Topic::Kpi(kpi), unit, false)) {
                point.1.insert(plan);
            }
        }
        Ok(())
    }

    /// Whether a figure that is disputed is one that is gone through.
    fn is_gone_through(&self, of: &Dispute) -> Result<bool, CalendarError> {
        let Some(kpi) = self.project.kpis.get(&of.kpi) else { return Ok(false) };
        let Some(period) = self.period_of(kpi)? else { return Ok(false) };
        Ok(of.period == PeriodId { grain: period.grain, first: self.project.calendar.first_day(period)? })
    }

    /// What the reviews before leave to this one: what was put off, and definitions in turn.
    fn before(&self, points: &mut Points) {
        let kpis: Vec<&KpiId> = self.card.kpis().collect();
        let mut reviews: Vec<(&Review, &Item)> = self
            .organisation
            .items
            .all()
            .filter_map(|item| match &item.content {
                Content::Review(of) if of.rule.as_str() == self.rule.id.as_str() && of.period < self.id => {
                    Some((of, item))
                }
                _ => None,
            })
            .collect();
        reviews.sort_by_key(|(of, _)| of.period);
        let mut confirmed = BTreeMap::new();
        let mut since: BTreeMap<&KpiId, i64> = BTreeMap::new();
        for (last, (of, item)) in reviews.iter().rev().enumerate().rev() {
            for (place, point) in of.points.iter().enumerate() {
                let decided = u16::try_from(place).ok().and_then(|place| item.work.decided.get(&place));
                let is_there = match &point.about {
                    Topic::Kpi(kpi) => kpis.contains(&kpi),
                    Topic::Journey(id) => self.project.entities.contains_key(id),
                    Topic::Source(id) => self.project.sources.contains_key(id),
                };
                let Some(decided) = decided.filter(|_| is_there) else { continue };
                let deferred = decided.decision == Decision::Defer;
                if deferred && last == 0 && !point.is_of_definition() {
                    let key = (point.about.clone(), self.named(point.unit.as_ref()).cloned(), false);
                    let plan = |item: &Item| {
                        matches!(&item.content, Content::ActionPlan(plan)
                            if point.about.kpi() == Some(&plan.kpi) && self.named(plan.unit.as_ref()) == self.named(point.unit.as_ref()))
                    };
                    // What was owed is owed until somebody has filed it, whatever this period's figure is.
                    let owed =
                        point.why.contains(&OnAgenda::PlanOwed) && !self.organisation.items.open().any(plan);
                    let why = &mut points.entry(key).or_default().0;
                    why.insert(OnAgenda::Deferred);
                    why.extend(owed.then_some(OnAgenda::PlanOwed));
                }
                if let Some(kpi) = point.about.kpi().filter(|_| !deferred && point.is_of_definition()) {
                    confirmed.insert(kpi, of.period);
                    since.insert(kpi, item.opened);
                }
            }
        }
        self.after_events(&kpis, &since, points);
        let Some(within) = self.rule.rotation else { return };
        for kpi in rotated(&kpis, &confirmed, within) {
            points.entry((Topic::Kpi(kpi.clone()), None, true)).or_default().0.insert(OnAgenda::Definition);
        }
    }
}

impl Agenda<'_> {
    /// Definitions that something that happened to the enterprise touches, until a review that opened since has confirmed them.
    fn after_events(&self, kpis: &[&KpiId], confirmed: &BTreeMap<&KpiId, i64>, points: &mut Points) {
        let zone = TimeZone::get(&self.project.calendar.zone).unwrap_or(TimeZone::UTC);
        let came =
            |day: Date| day.to_zoned(zone.clone()).map_or(i64::MAX, |at| at.timestamp().as_microsecond());
        for event in self.project.enterprise_events.values() {
            let on = came(event.on);
            for id in kpis.iter().copied().filter(|_| on <= self.at) {
                let touched = self.project.kpis.get(id).is_some_and(|kpi| event.touches(kpi));
                if touched && confirmed.get(id).is_none_or(|opened| *opened < on) {
                    let point = points.entry((Topic::Kpi(id.clone()), None, true)).or_default();
                    point.0.extend([OnAgenda::Event, OnAgenda::Definition]);
                }
            }
        }
    }
}

/// What agendas of all reviews are made of.
#[derive(Clone, Copy)]
struct About<'a> {
    in_force: &'a Project,
    organisation: &'a Organisation,
    published: Option<&'a Published>,
    at: i64,
}

impl<'a> About<'a> {
    /// The agenda of a period; none: its scorecard is gone.
    fn agenda(
        self,
        rule: &'a review::Review,
        period: Period,
        doubted: &'a Doubted,
    ) -> Result<Option<Agenda<'a>>, AppError> {
        let Self { in_force: project, organisation, published, at } = self;
        let Some(card) = project.scorecards.get(&rule.scorecard) else { return Ok(None) };
        let id = PeriodId { grain: rule.period, first: project.calendar.first_day(period)? };
        Ok(Some(Agenda { project, organisation, published, rule, card, period, id, at, doubted }))
    }
}

/// What is grave enough to be taken in by a review that is open.
const GRAVE: [OnAgenda; 7] = [
    OnAgenda::PlanOwed,
    OnAgenda::Red,
    OnAgenda::Disputed,
    OnAgenda::Unusual,
    OnAgenda::Guardrail,
    OnAgenda::Alert,
    OnAgenda::Overdue,
];

/// Points of an agenda as it would be made now that are not on it yet.
fn came_up(of: &Review, now: Vec<Point>) -> Vec<Point> {
    let about = |point: &Point| (point.about.clone(), point.unit.clone());
    let known: BTreeSet<_> = of.points.iter().filter(|point| !point.is_of_definition()).map(about).collect();
    let is_new = |point: &Point| {
        !point.is_of_definition()
            && !known.contains(&about(point))
            && point.why.iter().any(|why| GRAVE.contains(why))
    };
    now.into_iter().filter(is_new).collect()
}

/// In how many days of business of its unit a review is closed, so that it is closed in as many as the rule says of those of its own business hours.
fn days_to_close(project: &Project, rule: &review::Review, directory: &Directory, at: i64) -> u16 {
    let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
    let day = |at: i64| Timestamp::from_microsecond(at).map(|at| at.to_zoned(zone.clone()).date());
    let own = rule.business_hours.as_ref().and_then(|id| project.business_hours.get(id));
    let last = own.zip(day(at).ok()).and_then(|(own, day)| nth_open_day(rule.days, day, Some(&own.hours)));
    let Some(last) = last else { return rule.days };
    let reaches =
        |days: &u16| day(directory.due_in_days(rule.unit.as_ref(), at, *days)).is_ok_and(|day| day >= last);
    // Two calendars of business differ by no more than that.
    (1..rule.days.saturating_mul(4).saturating_add(30)).find(reaches).unwrap_or(rule.days)
}

impl App {
    /// Opens the reviews whose day has come, each once for its period.
    ///
    /// # Errors
    /// Store or lake refused, or what is in force cannot be read.
    pub async fn open_reviews(&self, at: i64) -> Result<u64, AppError> {
        let deciding = Deciding(&self.store);
        let organisation = self.store.organisation().await?;
        if organisation.register.position() == 0 {
            return Ok(0);
        }
        let in_force = deciding.in_force_project(&organisation).await?;
        let mut due = Vec::new();
        for rule in in_force.reviews.values() {
            if let Some(period) = self.review_due(&in_force, rule, &organisation, at)? {
                due.push((rule, period));
            }
        }
        if due.is_empty() {
            return Ok(0);
        }
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let published = match runs.last() {
            Some(run) => Some(self.published(&texts_of(self, &run.pins).await?.1).await?),
            None => None,
        };
        let (in_force, organisation) = (&in_force, &organisation);
        let about = About { in_force, organisation, published: published.as_ref(), at };
        let mut opened = 0;
        for (rule, period) in due {
            let doubted = self.doubted(in_force, period, at).await?;
            let Some(agenda) = about.agenda(rule, period, &doubted)? else { continue };
            let id = agenda.id;
            let Evidence::Answerable(directory) = deciding.answerable(organisation, at).await? else {
                continue;
            };
            let unit = rule.unit.as_ref();
            let Some(chair) = self.stands_for(&directory, &rule.chair, unit).await? else { continue };
            let mut participants = BTreeSet::new();
            for person in &rule.participants {
                participants.extend(
                    self.stands_for(&directory, person, unit).await?.filter(|person| *person != chair),
                );
            }
            let Ok(name) = rule.id.as_str().parse() else { continue };
            let content = Content::Review(Review {
                rule: name,
                scorecard: rule.scorecard.clone(),
                unit: rule.unit.clone(),
                period: id,
                chair,
                participants,
                hours: days_to_close(in_force, rule, &directory, at) * DAY,
                run: runs.last().map(|run| run.number.unsigned_abs()),
                points: agenda.points()?,
                ladder: self.rungs(in_force, rule.ladder.as_ref()).await?,
            });
            let label = in_force.calendar.label(period);
            let why = match by_gate(in_force, rule, at) {
                Some(gate) => format!("{}: {gate}; {label} is the last that is over", rule.name),
                None => format!("{}: {label} is over", rule.name),
            };
            let why = NewText::new(why);
            let open = Command::Open(Open { content, why: why.commitment });
            let done = deciding.ask_as(&job(), &open, vec![why], (&new_key("reviews"), at)).await;
            opened += u64::from(unless(done, &[laws::ALREADY_OPEN, laws::NOBODY_THERE])?);
        }
        Ok(opened)
    }

    /// What a run means for reviews: what came up since one opened is on its agenda, and before one opens plans are asked for of what is red beyond
    /// chance.
    ///
    /// # Errors
    /// As for [`App::open_reviews`].
    pub(super) async fn before_reviews(&self, at: i64, report: &mut Followed) -> Result<(), AppError> {
        let deciding = Deciding(&self.store);
        let organisation = self.store.organisation().await?;
        if organisation.register.position() == 0 {
            return Ok(());
        }
        let in_force = deciding.in_force_project(&organisation).await?;
        let is_asked = |item: &Item| {
            matches!(
                &item.content,
                Content::Review(_) | Content::Task(Task { of: TaskOf::Before { .. }, .. })
            )
        };
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let Some(run) = runs.last().filter(|_| {
            in_force.reviews.values().any(|of| of.plans > 0) || organisation.items.open().any(is_asked)
        }) else {
            return Ok(());
        };
        let published = self.published(&texts_of(self, &run.pins).await?.1).await?;
        let run = run.number.unsigned_abs();
        let (in_force, organisation) = (&in_force, &organisation);
        let about = About { in_force, organisation, published: Some(&published), at };
        let rule_of = |name: &Name| in_force.reviews.get(&name.as_str().parse().ok()?);
        let mut asking = Asking::new(&self.store, at);
        for item in organisation.items.open() {
            let (item, seen) = match &item.content {
                Content::Review(review) => {
                    let Some(rule) = rule_of(&review.rule) else { continue };
                    let period = period_of_card(in_force, &review.scorecard, review.period);
                    let doubted = self.doubted(in_force, period, at).await?;
                    let Some(agenda) = about.agenda(rule, period, &doubted)? else { continue };
                    let new = came_up(review, agenda.points()?);
                    if new.is_empty() {
                        continue;
                    }
                    report.came_up += new.len() as u64;
                    (item.number, Seen::Agenda(new))
                }
                Content::Task(Task { of: TaskOf::Before { review, period, kpi, unit }, .. }) => {
                    let Some(rule) = rule_of(review) else { continue };
                    let none = Doubted::new();
                    let of = period_of_card(in_force, &rule.scorecard, *period);
                    let Some(agenda) = about.agenda(rule, of, &none)? else { continue };
                    if agenda.is_red_beyond_chance(kpi, unit.as_ref())? != Some(false) {
                        continue;
                    }
                    (item.number, Seen::Clear { period: *period, run })
                }
                _ => continue,
            };
            let observe = Command::Observe(Observe { item, seen });
            let done = asking.ask(&job(), &observe, Vec::new(), &new_key("reviews")).await;
            unless(done, &[laws::NOTHING_NEW, laws::NO_ITEM])?;
        }
        for rule in in_force.reviews.values().filter(|rule| rule.plans > 0) {
            let Some((period, opens)) = self.review_ahead(in_force, rule, at)? else { continue };
            let none = Doubted::new();
            let Some(agenda) = about.agenda(rule, period, &none)? else { continue };
            let Evidence::Answerable(directory) = asking.found().await? else { continue };
            for point in agenda.points()?.iter().filter(|of| of.why.contains(&OnAgenda::PlanOwed)) {
                let nobody = BTreeSet::new();
                let Some(kpi) = point.about.kpi() else { continue };
                let way = directory.owner(kpi, point.unit.as_ref(), at, &nobody);
                let Some(owner) = way.and_then(|way| way.last().map(|stop| stop.person)) else { continue };
                let Ok(review) = rule.id.as_str().parse() else { continue };
                let why = NewText::new(format!(
                    "{} is red beyond chance, and nobody has filed a plan; {} opens on {opens}",
                    told(in_force, kpi),
                    rule.name
                ));
                let (kpi, unit) = (kpi.clone(), point.unit.clone());
                let of = TaskOf::Before { review, period: agenda.id, kpi, unit };
                let by = opens.yesterday().unwrap_or(opens);
                let action = Action { what: why.commitment, owner, by };
                let open = Open { content: Content::Task(Task { of, action }), why: why.commitment };
                let done = asking.ask(&job(), &Command::Open(open), vec![why], &new_key("reviews")).await;
                report.plans_asked += u64::from(unless(done, &[laws::ALREADY_OPEN, laws::NOBODY_THERE])?);
            }
        }
        Ok(())
    }

    /// The period whose review opens within so many days of business as it asks for plans ahead, and on which day; none: none does, or it is
    /// open.
    fn review_ahead(
        &self,
        project: &Project,
        rule: &review::Review,
        at: i64,
    ) -> Result<Option<(Period, Date)>, AppError> {
        let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
        let Ok(now) = Timestamp::from_microsecond(at) else { return Ok(None) };
        let today = now.to_zoned(zone).date();
        let hours = rule.business_hours.as_ref().and_then(|id| project.business_hours.get(id));
        let hours = hours.map(|named| &named.hours);
        let calendar = project.calendar_of_scorecard(rule.scorecard.as_str());
        let due = |day: Date| rule.due(calendar, day, hours);
        let running = due(today)?;
        let Some(last) = nth_open_day(rule.plans, today, hours) else { return Ok(None) };
        for day in today.series(jiff::Span::new().days(1)).skip(1).take_while(|day| *day <= last) {
            if let Some(period) = due(day)?.filter(|of| Some(*of) != running) {
                // Its figures are there once it is over.
                return Ok((project.calendar.last_day(period)? < today).then_some((period, day)));
            }
        }
        Ok(None)
    }

    /// What speaks against sources: a delivery that is overdue, one of the period that came late or never, and so many rows that landed since the period
    /// began and were set aside.
    async fn doubted(&self, project: &Project, period: Period, at: i64) -> Result<Doubted, AppError> {
        let mut doubted = Doubted::new();
        let mut say = |source: &SourceId, why| {
            doubted.entry(source.clone()).or_default().insert(why);
        };
        self.overdue(project, at).await?.keys().for_each(|source| say(source, OnAgenda::Late));
        let bounds = project.calendar.bounds(period)?;
        let delivered = self.lake.delivered().await.map_err(AppError::Lake)?;
        for source in project.sources.values() {
            let (Some(expect), Some(delivered)) = (&source.expect, delivered.get(&source.id)) else {
                continue;
            };
            let hours =
                expect.hours.as_ref().and_then(|id| project.business_hours.get(id)).map(|of| &of.hours);
            let came: Vec<i64> = delivered.deliveries.iter().map(|(at, _)| *at).collect();
            let mut all = expect.promised(&came, at, &project.calendar, hours).into_iter();
            // What is due at the end of a period is of that period.
            if all.any(|of| of.due > bounds.start && of.due <= bounds.end && !of.is_kept()) {
                say(&source.id, OnAgenda::Promise);
            }
        }
        let begins = midnight(project.calendar.first_day(period)?);
        let mut rows: BTreeMap<SourceId, (u64, u64)> = BTreeMap::new();
        for load in self.lake.loads(None).await.map_err(AppError::Lake)? {
            if load.at < begins {
                continue;
            }
            let of = rows.entry(load.source).or_default();
            *of = (of.0 + load.counts.quarantined, of.1 + load.counts.landed());
        }
        let many =
            rows.into_iter().filter(|(_, (aside, all))| *aside * 100 >= SET_ASIDE * *all && *aside > 0);
        many.filter(|(source, _)| project.sources.contains_key(source))
            .for_each(|(source, _)| say(&source, OnAgenda::SetAside));
        Ok(doubted)
    }

    /// The period whose review is to be opened; none: its day has not come, or it was opened.
    fn review_due(
        &self,
        project: &Project,
        rule: &review::Review,
        organisation: &Organisation,
        at: i64,
    ) -> Result<Option<Period>, AppError> {
        let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
        let Ok(now) = Timestamp::from_microsecond(at) else { return Ok(None) };
        let today = now.to_zoned(zone).date();
        let hours = rule.business_hours.as_ref().and_then(|id| project.business_hours.get(id));
        let calendar = project.calendar_of_scorecard(rule.scorecard.as_str());
        let Some(period) = rule.due(calendar, today, hours.map(|named| &named.hours))? else {
            return Ok(None);
        };
        let id = PeriodId { grain: rule.period, first: project.calendar.first_day(period)? };
        let was = organisation.items.all().any(|item| {
            matches!(&item.content, Content::Review(of) if of.rule.as_str() == rule.id.as_str() && of.period == id)
        });
        Ok(Some(period).filter(|_| !was))
    }

    /// Who stands in a unit for somebody whom a definition names.
    async fn stands_for(
        &self,
        directory: &Directory,
        person: &PersonId,
        unit: Option<&UnitId>,
    ) -> Result<Option<u64>, AppError> {
        Ok(match self.store.person(person.as_str()).await? {
            Principal::Person(number) => Some(directory.stands_for(number, unit)),
            Principal::Job(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use super::*;

    #[test]
    fn sixty_definitions_are_each_confirmed_once_in_a_year_of_four_reviews() {
        let all: Vec<KpiId> = (0..60).map(|n| format!("k{n}").parse().unwrap()).collect();
        let kpis: Vec<&KpiId> = all.iter().collect();
        let mut confirmed: BTreeMap<&KpiId, PeriodId> = BTreeMap::new();
        for (n, month) in [1i8, 4, 7, 10].into_iter().enumerate() {
            let turn = rotated(&kpis, &confirmed, 4);
            assert_eq!(turn.len(), 15);
            assert!(turn.iter().all(|kpi| !confirmed.contains_key(kpi)), "none twice in a year");
            let period = PeriodId { grain: Grain::Quarter, first: Date::constant(2026, month, 1) };
            confirmed.extend(turn.into_iter().map(|kpi| (kpi, period)));
            assert_eq!(confirmed.len(), 15 * (n + 1));
        }
        // In the next year those come first whose turn was longest ago.
        let first: BTreeSet<&KpiId> = kpis.iter().take(15).copied().collect();
        assert_eq!(rotated(&kpis, &confirmed, 4), first);
        // What was put off comes first, and no more than a review's share.
        confirmed.remove(kpis[40]);
        let turn = rotated(&kpis, &confirmed, 4);
        assert!(turn.contains(kpis[40]) && turn.len() == 15);
    }
}
