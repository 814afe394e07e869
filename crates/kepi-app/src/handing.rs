//! What comes of an adoption beside what it says: what somebody answered for is handed over, and who uses what goes is told.
//!
//! Both are found by comparing what is in force with what was when this was looked at last, so that nothing hangs on the process that adopted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, tz::TimeZone};
use kepi_govern::{
    Command, Content, Item, Open, Organisation, Permit, Principal,
    directory::Duty,
    items::{ChangeNotice, Handover, Notice},
};
use kepi_model::{
    governance::{Aspect, Mode},
    id::{KpiId, PersonId},
    project::{Kpi, Project, Scorecard, Unit},
    source_text::SourceMap,
};
use kepi_report::{
    audience::{audience, of_scorecard},
    benchmarks,
    difference::{self, Difference},
    view::TargetView,
};
use kepi_store::{EventFilter, NewText, Store, StoreError};

use crate::{
    archive,
    deciding::{Deciding, clock},
    error::AppError,
    picture::project_of,
};

/// Under which name it is kept how far this has come.
const FOLLOWER: &str = "handover";

/// Persons by their numbers and back.
struct Numbers(BTreeMap<PersonId, u64>);

impl Numbers {
    async fn of(store: &Store, projects: [&Project; 2]) -> Result<Self, AppError> {
        let mut all = BTreeMap::new();
        let ids = |project: &&Project| -> Vec<PersonId> {
            project.persons.keys().chain(project.roles.keys()).cloned().collect()
        };
        let ids: BTreeSet<PersonId> = projects.iter().flat_map(ids).collect();
        for id in ids {
            if let Principal::Person(number) = store.person(id.as_str()).await? {
                all.insert(id, number);
            }
        }
        Ok(Self(all))
    }

    fn get(&self, id: Option<&PersonId>) -> Option<u64> {
        self.0.get(id?).copied()
    }
}

/// Who has each duty.
fn held(project: &Project, numbers: &Numbers) -> BTreeMap<Duty, u64> {
    let kpis = project.kpis.values();
    let kpis = kpis.filter_map(|kpi| {
        let holder = project.answering(kpi.accountable.as_ref()?, None, None);
        Some((Duty::Kpi(kpi.id.clone()), numbers.get(holder)?))
    });
    let units = project
        .units
        .values()
        .filter_map(|unit| Some((Duty::Unit(unit.id.clone()), numbers.get(unit.manager.as_ref())?)));
    let seats = project.units.values().flat_map(|unit| {
        unit.seats.iter().filter_map(|(of, holder)| {
            let of = numbers.get(Some(of))?;
            Some((Duty::Seat { unit: unit.id.clone(), of }, numbers.get(Some(holder))?))
        })
    });
    kpis.chain(units).chain(seats).collect()
}

/// Open items that are with somebody and belong to what goes.
fn items_of(organisation: &Organisation, of: u64, duties: &BTreeSet<Duty>) -> BTreeSet<u64> {
    let belongs = |item: &Item| {
        let Some((kpi, unit)) = organisation.items.about(&item.content) else { return false };
        let is_of = |duty: &Duty| match duty {
            Duty::Kpi(own) => own == kpi,
            Duty::Seat { unit: own, .. } | Duty::Unit(own) => unit == Some(own),
        };
        duties.iter().any(is_of)
    };
    let with = organisation.items.open().filter(|item| item.owner().is_some_and(|owner| owner.person == of));
    with.filter(|item| belongs(item)).map(|item| item.number).collect()
}

/// What is in force at two positions, each as texts and as a project.
struct Between {
    before: (SourceMap, Project),
    now: (SourceMap, Project),
    /// Position of the register that was looked at last.
    seen: u64,
}

/// Whether it is news to who uses it: more than words, and not who answers for it, which those are asked about.
fn is_news(of: &Difference) -> bool {
    of.aspects.iter().any(|aspect| !matches!(aspect, Aspect::Words | Aspect::Owner | Aspect::Absence))
}

/// Whom it reaches that somebody is away on other days, or that another acts for her: herself and whoever acted or acts for her, with the
/// KPIs that she answers for, of the whole or in a unit. Who answers for none leaves nothing to act for.
fn acted_for(before: &Project, now: &Project) -> BTreeMap<PersonId, BTreeSet<KpiId>> {
    let mut all: BTreeMap<PersonId, BTreeSet<KpiId>> = BTreeMap::new();
    for (id, is) in &now.persons {
        let was = before.persons.get(id);
        let same = was.is_some_and(|was| was.substitute == is.substitute && was.away == is.away);
        // Of somebody new nothing has changed.
        let Some(was) = was.filter(|_| !same) else { continue };
        let seated = |of: &PersonId| {
            let mut seats = now.units.values().flat_map(Unit::wordings).filter_map(|unit| unit.seats.get(of));
            of == id || seats.any(|holder| holder == id)
        };
        let answers =
            |kpi: &&Kpi| kpi.wordings().filter_map(|wording| wording.accountable.as_ref()).any(seated);
        let kpis: BTreeSet<KpiId> = now.kpis.values().filter(answers).map(|kpi| kpi.id.clone()).collect();
        let people = [Some(id), was.substitute.as_ref(), is.substitute.as_ref()];
        for person in people.into_iter().flatten().filter(|_| !kpis.is_empty()) {
            all.entry(person.clone()).or_default().extend(kpis.iter().cloned());
        }
    }
    all
}

impl Deciding<'_> {
    /// Opens what comes of adoptions since this was looked at last. In an open project whoever runs it decides, and is told nothing.
    ///
    /// # Errors
    /// The database refuses, or what is in force cannot be read.
    pub(crate) async fn hand_over(&self, at: i64) -> Result<(), AppError> {
        let organisation = self.0.organisation().await?;
        let position = organisation.register.position();
        if organisation.governance.mode == Mode::Open || position == 0 {
            return Ok(());
        }
        let seen = self.0.cursor(FOLLOWER).await?;
        if seen >= position {
            return Ok(());
        }
        if seen > 0 {
            let earlier = self.0.organisation_at(seen).await?;
            let both = |files: SourceMap| project_of(&files).map(|project| (files, project));
            let before = both(archive::of(self.0, &earlier.register).await?.0)?;
            let now = both(archive::of(self.0, &organisation.register).await?.0)?;
            let numbers = Numbers::of(self.0, [&before.1, &now.1]).await?;
            let between = Between { before, now, seen };
            self.handed(&organisation, (&between.before.1, &between.now.1), &numbers, at).await?;
            let told = self.noticed(&organisation, &between, &numbers, at).await?;
            self.changed(&organisation, &between, &numbers, (&told, at)).await?;
        }
        self.0.seen_up_to(FOLLOWER, position).await?;
        Ok(())
    }

    async fn handed(
        &self,
        organisation: &Organisation,
        (before, now): (&Project, &Project),
        numbers: &Numbers,
        at: i64,
    ) -> Result<(), AppError> {
        let (then, held) = (held(before, numbers), held(now, numbers));
        let mut moved: BTreeMap<(u64, u64), BTreeSet<Duty>> = BTreeMap::new();
        for (duty, to) in held {
            if let Some(from) = then.get(&duty).filter(|from| **from != to) {
                moved.entry((*from, to)).or_default().insert(duty);
            }
        }
        for ((from, to), duties) in moved {
            let items = items_of(organisation, from, &duties);
            let register = organisation.register.position();
            let content = Content::Handover(Handover { from, to, duties, items, register });
            self.by_itself(content, format!("handover/{register}/{from}/{to}"), at).await?;
        }
        Ok(())
    }

    /// Tells whoever uses a KPI that it goes, or will; gives back of which KPIs that was said, and to whom.
    async fn noticed(
        &self,
        organisation: &Organisation,
        Between { before: (_, before), now: (_, now), .. }: &Between,
        numbers: &Numbers,
        at: i64,
    ) -> Result<BTreeMap<KpiId, BTreeSet<u64>>, AppError> {
        let zone = TimeZone::get(&now.calendar.zone).unwrap_or(TimeZone::UTC);
        let day = Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        let today = day.to_zoned(zone).date();
        // Of one that was retired everybody knows.
        let is_retired = |kpi: &Kpi| kpi.life.is_some_and(|life| life.retired.is_some());
        let gone = before.kpis.iter().filter(|(id, was)| !now.kpis.contains_key(*id) && !is_retired(was));
        let gone = gone.map(|(id, _)| (id, today, false, before));
        let known = |id: &KpiId| before.kpis.get(id).and_then(|kpi| kpi.life).map(|life| life.sunset);
        let announced = now.kpis.values().filter_map(|kpi| Some((&kpi.id, kpi.life?.sunset)));
        let announced = announced.filter(|(id, sunset)| known(id) != Some(*sunset));
        let announced = announced.map(|(id, sunset)| (id, sunset, true, now));
        let mut told = BTreeMap::new();
        let all: Vec<(&KpiId, jiff::civil::Date, bool, &Project)> = gone.chain(announced).collect();
        for (kpi, from, announced, project) in all {
            let users = audience(project, &BTreeSet::from([kpi.clone()]));
            let users = users.keys().filter(|id| now.persons.contains_key(*id));
            let users: BTreeSet<u64> = users.filter_map(|id| numbers.get(Some(id))).collect();
            told.insert(kpi.clone(), users.clone());
            for to in users {
                let register = organisation.register.position();
                let content = Content::Notice(Notice { kpi: kpi.clone(), from, to, register, announced });
                self.by_itself(content, format!("notice/{register}/{kpi}/{to}"), at).await?;
            }
        }
        Ok(told)
    }

    /// Tells whoever uses a KPI that it says something else, or is made or weighed otherwise: once for all that was adopted. Who wrote or
    /// decided it knows; words alone are no news, and who is told that a KPI goes is not told again that its scorecards go on without it.
    async fn changed(
        &self,
        organisation: &Organisation,
        between: &Between,
        numbers: &Numbers,
        (told, at): (&BTreeMap<KpiId, BTreeSet<u64>>, i64),
    ) -> Result<(), AppError> {
        let Between { before, now, seen } = between;
        let differences = difference::between((&before.0, &before.1), (&now.0, &now.1));
        let mut reached: BTreeMap<u64, BTreeSet<KpiId>> = BTreeMap::new();
        let own =
            differences.documents.iter().filter(|of| is_news(of)).filter_map(|of| of.id.strip_prefix("kpi/"));
        let own = own.filter_map(|id| id.parse::<KpiId>().ok());
        let kpis: BTreeSet<KpiId> = own.chain(differences.follow.iter().cloned()).collect();
        for kpi in kpis.into_iter().filter(|kpi| !told.contains_key(kpi)) {
            for (person, _) in working(organisation, &kpi) {
                reached.entry(person).or_default().insert(kpi.clone());
            }
            for project in [&before.1, &now.1] {
                let all = audience(project, &BTreeSet::from([kpi.clone()]));
                for person in all.keys().filter_map(|id| numbers.get(Some(id))) {
                    reached.entry(person).or_default().insert(kpi.clone());
                }
            }
        }
        let cards = differences
            .documents
            .iter()
            .filter(|of| is_news(of))
            .filter_map(|of| of.id.strip_prefix("scorecard/"));
        let cards: BTreeSet<&str> = cards.collect();
        for project in [&before.1, &now.1] {
            for card in project.scorecards.values().filter(|card| cards.contains(card.id.as_str())) {
                let both = [&before.1, &now.1].into_iter().filter_map(|of| of.scorecards.get(&card.id));
                let goes: BTreeSet<u64> = both
                    .flat_map(Scorecard::kpis)
                    .filter_map(|kpi| told.get(kpi))
                    .flatten()
                    .copied()
                    .collect();
                let people = of_scorecard(project, card);
                let people = people.keys().filter_map(|id| numbers.get(Some(id)));
                for person in people.filter(|person| !goes.contains(person)) {
                    reached.entry(person).or_default().extend(card.kpis().cloned());
                }
            }
        }
        for (person, kpis) in acted_for(&before.1, &now.1) {
            if let Some(to) = numbers.get(Some(&person)) {
                reached.entry(to).or_default().extend(kpis);
            }
        }
        let knows = self.known_to(organisation, *seen).await?;
        let register = organisation.register.position();
        reached.retain(|to, _| organisation.people.contains(to) && !knows.contains(to));
        for (to, kpis) in reached {
            let content = Content::ChangeNotice(ChangeNotice { to, kpis, before: *seen, register });
            self.by_itself(content, format!("change_notice/{register}/{to}"), at).await?;
        }
        Ok(())
    }

    /// Who wrote or said something of everything that was adopted since a position.
    async fn known_to(&self, organisation: &Organisation, seen: u64) -> Result<BTreeSet<u64>, AppError> {
        let kind = Some("definition.adopted".to_owned());
        let after = Some(seen);
        let adopted = self.0.events(&EventFilter { kind, after, ..EventFilter::default() }).await?;
        let adopted: BTreeSet<i64> = adopted.iter().map(|of| of.at).collect();
        let items = organisation.items.all().filter(|item| {
            let ended = item.ended.is_some_and(|(_, at)| adopted.contains(&at));
            item.content.change().is_some() && (ended || item.was_in_force && adopted.contains(&item.since))
        });
        let of_each = items.map(|item| {
            let authors = item.authors.iter().filter_map(|of| match of {
                Principal::Person(number) => Some(*number),
                Principal::Job(_) => None,
            });
            authors.chain(item.ballots.keys().copied()).collect::<BTreeSet<u64>>()
        });
        Ok(of_each.reduce(|all, of| all.intersection(&of).copied().collect()).unwrap_or_default())
    }

    /// Opens something in nobody's name. Whoever was first has done it.
    pub(crate) async fn by_itself(&self, content: Content, key: String, at: i64) -> Result<(), AppError> {
        let why = NewText::new("it follows from what is in force".to_owned());
        let command = Command::Open(Open { content, why: why.commitment });
        match self.ask_as(&Permit::open(clock()), &command, vec![why], (&key, at)).await {
            Err(AppError::Forbidden(_) | AppError::Store(StoreError::KeyUsed(_))) | Ok(()) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// What belongs to what is handed over: targets with what they rest on, and what is assumed.
    pub(crate) async fn pack(
        &self,
        organisation: &Organisation,
        of: &Handover,
    ) -> Result<Vec<String>, AppError> {
        let project = self.in_force_project(organisation).await?;
        let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
        let today = Some(Timestamp::now().to_zoned(zone).date());
        let mut said = Vec::new();
        let kpis = of.duties.iter().filter_map(|duty| match duty {
            Duty::Kpi(kpi) => project.kpis.get(kpi),
            Duty::Seat { .. } | Duty::Unit(_) => None,
        });
        for kpi in kpis {
            for target in &kpi.targets {
                let shown = TargetView::new(target.from.to_string(), target.lines, kpi.better, &kpi.unit);
                let basis = benchmarks::evidence(target, &project, today)
                    .unwrap_or_else(|| "no basis is given".to_owned());
                let whose = target.scope().map_or(String::new(), |whom| format!(" for {whom}"));
                said.push(format!(
                    "kpi/{}: target {} from {}{whose}, rests on {basis}",
                    kpi.id, shown.target, target.from
                ));
            }
            said.extend(kpi.assumptions.iter().map(|of| format!("kpi/{}: assumed: {of}", kpi.id)));
        }
        Ok(said)
    }
}

/// Who works on open action plans about a KPI, by the number of the plan: its effect is measured by figures that mean something else from now on.
pub(crate) fn working<'a>(
    organisation: &'a Organisation,
    kpi: &'a KpiId,
) -> impl Iterator<Item = (u64, u64)> + 'a {
    let plans = organisation
        .items
        .open()
        .filter(move |item| matches!(&item.content, Content::ActionPlan(plan) if plan.kpi == *kpi));
    plans.flat_map(|item| {
        let authors = item.authors.iter().filter_map(|of| match of {
            Principal::Person(number) => Some(*number),
            Principal::Job(_) => None,
        });
        let people: BTreeSet<u64> = authors.chain(item.owner().map(|owner| owner.person)).collect();
        people.into_iter().map(|person| (person, item.number))
    })
}
