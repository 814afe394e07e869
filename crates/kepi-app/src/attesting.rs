//! Who has to say of data that they are right, once a period is over; and how far each unit is with it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use kepi_govern::{
    Content, Principal,
    command::Evidence,
    event::Subject,
    items::{Attestation, attestation, midnight},
    periods::PeriodId,
};
use kepi_model::{
    calendar::{Calendar, Grain, Period},
    id::{DimensionId, LevelId, SourceId, UnitId},
    project::{Project, Scorecard, Unit, UnitTree, WhenLate},
};
use kepi_query::{
    published::VALUE,
    state::Member,
    value::{Finality, Segment, Value},
};

use kepi_report::decided::{Coming, LateUnit, Statement, UnitReadiness};
use kepi_store::EventFilter;

use crate::{deciding::Deciding, error::AppError, open::App, publishing::values_in};

/// It is looked once an hour whether a period is over, and whenever something else is in force: names of how far that has come.
const BY_HOUR: &str = "attestation_hour";
const BY_REGISTER: &str = "attestation_register";
/// So many periods after the last one that is over are to come.
const AHEAD: i32 = 4;
/// An hour in µs.
const HOUR: u64 = 3_600_000_000;

/// The last period of a length that is over at an instant.
fn over(calendar: &Calendar, grain: Grain, at: i64) -> Option<Period> {
    let zone = TimeZone::get(&calendar.zone).unwrap_or(TimeZone::UTC);
    let today = Timestamp::from_microsecond(at).ok()?.to_zoned(zone).date();
    let running = calendar.period_of_day(grain, today);
    Some(Period { ordinal: running.ordinal - 1, ..running })
}

impl Deciding<'_> {
    /// Asks whoever keeps data to attest those of the last period that is over.
    ///
    /// # Errors
    /// The database refuses, or what is in force cannot be read.
    pub(crate) async fn attest(&self, at: i64) -> Result<(), AppError> {
        let organisation = self.0.organisation().await?;
        let (position, hour) = (organisation.register.position(), at.unsigned_abs() / HOUR);
        let seen = (self.0.cursor(BY_REGISTER).await?, self.0.cursor(BY_HOUR).await?);
        if position == 0 || seen.0 >= position && seen.1 >= hour {
            return Ok(());
        }
        let project = self.in_force_project(&organisation).await?;
        let Evidence::Answerable(directory) = self.answerable(&organisation, at).await? else {
            return Ok(());
        };
        let asked: BTreeSet<_> = organisation
            .items
            .all()
            .filter_map(|item| match &item.content {
                Content::Attestation(of) => Some((&of.source, of.unit.as_ref(), of.period)),
                _ => None,
            })
            .collect();
        for source in project.sources.values() {
            let Some(attest) = &source.attest else { continue };
            let Some(period) = over(&project.calendar, attest.every, at) else { continue };
            let (first, last) = (project.calendar.first_day(period)?, project.calendar.last_day(period)?);
            let Ok(until) = last.tomorrow() else { continue };
            for (unit, steward) in source.attesting(&project.units) {
                let Some(steward) = steward else { continue };
                let Principal::Person(steward) = self.0.person(steward.as_str()).await? else { continue };
                let id = PeriodId { grain: attest.every, first };
                if asked.contains(&(&source.id, unit, id)) {
                    continue;
                }
                let content = Content::Attestation(Attestation {
                    source: source.id.clone(),
                    unit: unit.cloned(),
                    period: id,
                    until,
                    steward,
                    days: attest.within,
                    cut_off: directory.due_in_days(unit, midnight(until), attest.within),
                    otherwise: attest.otherwise,
                });
                let whose = unit.map_or("all", |unit| unit.as_str());
                self.by_itself(content, format!("attestation/{}/{whose}/{id}", source.id), at).await?;
            }
        }
        self.0.seen_up_to(BY_REGISTER, position).await?;
        self.0.seen_up_to(BY_HOUR, hour).await?;
        Ok(())
    }
}

impl App {
    /// How far each unit is with a period: what has been attested, what is missing, and what becomes of a close for that.
    ///
    /// # Errors
    /// It is no period, nothing is in force, or the database or the lake refuses.
    pub async fn readiness(&self, period: &str, at: i64) -> Result<Vec<UnitReadiness>, AppError> {
        let (project, period, first, until) = self.period(period).await?;
        let organisation = self.store.organisation().await?;
        let values = values_in(&self.values.newest(&VALUE, None).await.map_err(AppError::Lake)?, &project)?;
        let mut units: BTreeMap<Option<UnitId>, UnitReadiness> = BTreeMap::new();
        for source in project.sources.values() {
            for (unit, _) in source.attesting(&project.units) {
                units.entry(unit.cloned()).or_insert_with(|| {
                    let known = unit.and_then(|unit| project.units.get(unit));
                    let (figures, provisional) = figures(&project, unit, period, &values);
                    let (asked, in_time) = attestation::in_time(&organisation.items, unit, at);
                    UnitReadiness {
                        unit: unit.cloned(),
                        name: known.map_or("All rows".to_owned(), |unit| unit.name.clone()),
                        state: "ready",
                        otherwise: None,
                        figures: Some(figures),
                        provisional: Some(provisional),
                        asked,
                        in_time,
                        statements: Vec::new(),
                    }
                });
            }
        }
        for item in organisation.items.all() {
            let Content::Attestation(of) = &item.content else { continue };
            if of.period.first < first || of.until > until {
                continue;
            }
            let Some(unit) = units.get_mut(&of.unit) else { continue };
            let late = attestation::is_late(item, at);
            let state = match (&item.work.finished, item.ended) {
                (Some((outcome, _)), _) => outcome.to_string(),
                (None, Some(_)) => "missing".to_owned(),
                (None, None) if late => "late".to_owned(),
                (None, None) => "missing".to_owned(),
            };
            if item.ended.is_none() {
                unit.state = if late || unit.state == "late" { "late" } else { "waiting" };
                // The strictest of them.
                unit.otherwise =
                    Some(unit.otherwise.map_or(of.otherwise.as_str(), |was| stricter(was, of.otherwise)));
            }
            let by = match &item.work.finished {
                Some(_) => self.said_by(item.number).await?,
                None => {
                    Some(Principal::Person(item.work.owner.as_ref().map_or(of.steward, |owner| owner.person)))
                }
            };
            unit.statements.push(Statement {
                source: of.source.clone(),
                by: self.store.name_of(&by.unwrap_or(Principal::Person(of.steward))).await?,
                state,
                // When it is to be said, not until when whoever has it by now has time.
                due: item.ended.is_none().then_some(of.cut_off),
                item: item.number,
            });
        }
        Ok(units.into_values().collect())
    }

    /// The closes to come: of each length of period in which data are attested the last one that is over, while its cut-off
    /// is still to come, the running one, and those after it.
    ///
    /// # Errors
    /// Nothing is in force, or the database refuses.
    pub async fn coming(&self, at: i64) -> Result<Vec<Coming>, AppError> {
        let organisation = self.store.organisation().await?;
        if organisation.register.position() == 0 {
            return Ok(Vec::new());
        }
        let deciding = Deciding(&self.store);
        let project = deciding.in_force_project(&organisation).await?;
        let grains: BTreeSet<Grain> =
            project.sources.values().filter_map(|of| of.attest.as_ref()).map(|of| of.every).collect();
        let mut all = Vec::new();
        if grains.is_empty() {
            return Ok(all);
        }
        let Evidence::Answerable(directory) = deciding.answerable(&organisation, at).await? else {
            return Ok(all);
        };
        for grain in grains {
            let Some(over) = over(&project.calendar, grain, at) else { continue };
            for ordinal in over.ordinal..=over.ordinal + AHEAD {
                let period = Period { ordinal, ..over };
                // Beyond the years that are known nothing is to come.
                let Ok(until) = project.calendar.last_day(period) else { break };
                let Ok(until) = until.tomorrow() else { break };
                let attested = project.sources.values().filter_map(|source| {
                    let attest = source.attest.as_ref().filter(|attest| attest.every == grain)?;
                    Some((source, attest))
                });
                let cut_offs: Vec<(&SourceId, i64)> = attested
                    .flat_map(|(source, attest)| {
                        let due = |unit| directory.due_in_days(unit, midnight(until), attest.within);
                        let units = source.attesting(&project.units).into_iter();
                        units.map(move |(unit, _)| (&source.id, due(unit))).collect::<Vec<_>>()
                    })
                    .collect();
                let times = || cut_offs.iter().map(|(_, at)| *at);
                let (Some(first), Some(last)) = (times().min(), times().max()) else { continue };
                if last <= at {
                    continue;
                }
                let sources: BTreeSet<&SourceId> = cut_offs.iter().map(|(source, _)| *source).collect();
                all.push(Coming {
                    period: project.calendar.label(period),
                    until: until.to_string(),
                    first,
                    last,
                    sources: sources.into_iter().cloned().collect(),
                    statements: cut_offs.len(),
                });
            }
        }
        all.sort_by(|a, b| (a.last, &a.period).cmp(&(b.last, &b.period)));
        Ok(all)
    }

    /// Who finished an item.
    async fn said_by(&self, item: u64) -> Result<Option<Principal>, AppError> {
        let (kind, subject) = (Some("item.finished".to_owned()), Some(Subject::item(item).to_string()));
        let events = self.store.events(&EventFilter { kind, subject, ..EventFilter::default() }).await?;
        Ok(events.into_iter().next_back().map(|recorded| recorded.by))
    }
}

impl Deciding<'_> {
    /// Units whose data of a period nobody attested in time: as it was closed, or as it stands.
    ///
    /// # Errors
    /// The database refuses.
    pub(crate) async fn late(
        &self,
        period: PeriodId,
        until: Date,
        at: i64,
    ) -> Result<Vec<LateUnit>, AppError> {
        let organisation = self.0.organisation().await?;
        if let Some(close) = organisation.periods.closes(period, until).next_back() {
            let late = close.late.iter();
            return Ok(late
                .map(|(unit, how)| LateUnit { unit: unit.clone(), how: *how, closed: true })
                .collect());
        }
        let mut all = attestation::late(&organisation.items, period.first, until, at);
        for (item, of) in attestation::missing(&organisation.items, period.first, until) {
            if let Some(unit) = of.unit.as_ref().filter(|_| attestation::is_late(item, at)) {
                all.entry(unit.clone()).or_insert(of.otherwise);
            }
        }
        Ok(all.into_iter().map(|(unit, how)| LateUnit { unit, how, closed: false }).collect())
    }
}

/// What a close made of figures, by the units that were late then.
pub(crate) struct ByRule<'a> {
    project: &'a Project,
    tree: UnitTree<'a>,
    late: &'a BTreeMap<UnitId, WhenLate>,
    /// Which dimension has the units of which level as members; of a level that no cascade matches, any that has a member of the name.
    levels: BTreeSet<(&'a LevelId, &'a DimensionId)>,
}

/// What a close made of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule<'a> {
    /// It is that of a unit that was left out.
    LeftOut(&'a UnitId),
    /// It is that of a unit that stands as in the period before.
    Carried(&'a UnitId),
    /// It stands as it was published, with rows of units that nobody attested.
    With,
}

impl<'a> ByRule<'a> {
    /// Of a close of a period that ends before a day.
    pub(crate) fn of(project: &'a Project, until: Date, late: &'a BTreeMap<UnitId, WhenLate>) -> Self {
        let cards = project.scorecards.values().flat_map(Scorecard::wordings);
        let levels = cards.filter_map(|card| card.cascade.as_ref()).flat_map(|cascade| &cascade.levels);
        let tree = project.tree(until.yesterday().ok());
        Self { project, tree, late, levels: levels.collect() }
    }

    /// What it made of the figures of a segment; none: nothing.
    pub(crate) fn made(&self, segment: &Segment) -> Option<Rule<'a>> {
        if self.late.is_empty() {
            return None;
        }
        for unit in self.units(segment) {
            for above in self.tree.upwards(&unit.id) {
                match self.late.get_key_value(above) {
                    Some((id, WhenLate::Exclude)) => return Some(Rule::LeftOut(id)),
                    Some((id, WhenLate::Carry)) => return Some(Rule::Carried(id)),
                    Some(_) | None => {}
                }
            }
        }
        (!self.late_in(segment).is_empty()).then_some(Rule::With)
    }

    /// The late units whose rows are in a segment: of the whole, of a unit above, or of what has nothing to do with units.
    pub(crate) fn late_in(&self, segment: &Segment) -> Vec<&'a UnitId> {
        let units: Vec<&'a Unit> = self.units(segment).collect();
        let holds = |late: &UnitId| units.iter().all(|unit| self.tree.upwards(late).any(|of| *of == unit.id));
        self.late.keys().filter(|late| holds(late)).collect()
    }

    /// The units whose rows a segment has.
    fn units(&self, segment: &Segment) -> impl Iterator<Item = &'a Unit> {
        let parts: Vec<_> = segment
            .0
            .iter()
            .filter_map(|(dimension, member)| match member {
                Member::Value(member) => Some((dimension, member)),
                _ => None,
            })
            .collect();
        self.project.units.values().filter(move |unit| {
            parts.iter().any(|(dimension, member)| {
                let of_level = |level: &LevelId| {
                    let mut known = self.levels.iter().filter(|(of, _)| *of == level).peekable();
                    known.peek().is_none() || known.any(|(_, of)| of == dimension)
                };
                *unit.member == ***member && unit.level.as_ref().is_some_and(of_level)
            })
        })
    }
}

fn stricter(was: &'static str, other: WhenLate) -> &'static str {
    let order = ["block", "exclude", "carry", "warn"];
    let place = |word: &str| order.iter().position(|of| *of == word);
    if place(other.as_str()) < place(was) { other.as_str() } else { was }
}

/// Figures of a unit in a period: final ones, and others.
fn figures(project: &Project, unit: Option<&UnitId>, period: Period, values: &[Value]) -> (usize, usize) {
    let member = unit.and_then(|unit| project.units.get(unit)).map(|unit| unit.member.as_str());
    let of = |value: &&Value| match member {
        None => value.segment.is_total(),
        Some(member) => matches!(value.segment.0.as_slice(), [(_, Member::Value(of))] if **of == *member),
    };
    let own: Vec<&Value> = values.iter().filter(|value| value.period == period).filter(of).collect();
    let last = own.iter().filter(|value| value.finality == Finality::Final).count();
    (last, own.len() - last)
}
