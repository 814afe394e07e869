//! What comes of an adoption beside what it says: what somebody answered for is handed over, and who uses what goes is told.
//!
//! Both are found by comparing what is in force with what was when this was looked at last, so that nothing hangs on the process that adopted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, tz::TimeZone};
use kepi_govern::{
    Command, Content, Item, Open, Organisation, Permit, Principal,
    directory::Duty,
    items::{Handover, Notice},
};
use kepi_model::{
    governance::Mode,
    id::{KpiId, PersonId},
    project::{Kpi, Project},
};
use kepi_report::{benchmarks, view::TargetView};
use kepi_store::{NewText, Store, StoreError};

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
        for id in projects.iter().flat_map(|project| project.persons.keys()) {
            if let (false, Principal::Person(number)) =
                (all.contains_key(id), store.person(id.as_str()).await?)
            {
                all.insert(id.clone(), number);
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
    let kpis =
        kpis.filter_map(|kpi| Some((Duty::Kpi(kpi.id.clone()), numbers.get(kpi.accountable.as_ref())?)));
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

/// Who uses a KPI: whoever answers for it, works on it, is asked or told, and who manages the unit of a scorecard that it stands on.
fn users(project: &Project, kpi: &Kpi) -> BTreeSet<PersonId> {
    let named = kpi.accountable.iter().chain(&kpi.responsible).chain(&kpi.consulted).chain(&kpi.informed);
    let cards = project.scorecards.values().filter(|card| card.kpis().any(|id| *id == kpi.id));
    let units = cards.filter_map(|card| project.units.get(card.unit.as_ref()?));
    named.chain(units.filter_map(|unit| unit.manager.as_ref())).cloned().collect()
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
            let before = project_of(&archive::of(self.0, &earlier.register).await?.0)?;
            let now = self.in_force_project(&organisation).await?;
            let numbers = Numbers::of(self.0, [&before, &now]).await?;
            self.handed(&organisation, (&before, &now), &numbers, at).await?;
            self.noticed(&organisation, (&before, &now), &numbers, at).await?;
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

    async fn noticed(
        &self,
        organisation: &Organisation,
        (before, now): (&Project, &Project),
        numbers: &Numbers,
        at: i64,
    ) -> Result<(), AppError> {
        let zone = TimeZone::get(&now.calendar.zone).unwrap_or(TimeZone::UTC);
        let day = Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        let from = day.to_zoned(zone).date();
        let gone: Vec<(&KpiId, &Kpi)> =
            before.kpis.iter().filter(|(id, _)| !now.kpis.contains_key(*id)).collect();
        for (kpi, was) in gone {
            let there = |id: &PersonId| now.persons.contains_key(id);
            for to in users(before, was).iter().filter(|id| there(id)).filter_map(|id| numbers.get(Some(id)))
            {
                let register = organisation.register.position();
                let content = Content::Notice(Notice { kpi: kpi.clone(), from, to, register });
                self.by_itself(content, format!("notice/{register}/{kpi}/{to}"), at).await?;
            }
        }
        Ok(())
    }

    /// Opens something in nobody's name. Whoever was first has done it.
    async fn by_itself(&self, content: Content, key: String, at: i64) -> Result<(), AppError> {
        let why = NewText::new("it follows from what came into force".to_owned());
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
        let mut said = Vec::new();
        let kpis = of.duties.iter().filter_map(|duty| match duty {
            Duty::Kpi(kpi) => project.kpis.get(kpi),
            Duty::Seat { .. } | Duty::Unit(_) => None,
        });
        for kpi in kpis {
            for target in &kpi.targets {
                let shown = TargetView::new(target.from.to_string(), target.lines, kpi.better, &kpi.unit);
                let basis =
                    benchmarks::evidence(target, &project).unwrap_or_else(|| "no basis is given".to_owned());
                let whose = target.unit.as_ref().map_or(String::new(), |unit| format!(" for unit/{unit}"));
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
