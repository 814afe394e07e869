//! Who answers for what, as the definitions in force say.

use std::{array, collections::BTreeMap};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use kepi_govern::{
    Directory, Organisation, Principal,
    directory::{Attests, Place, Standing},
};
use kepi_model::{
    business_hours::{BusinessHours, Opened, Opening},
    id::PersonId,
    project::Project,
};
use kepi_store::Store;

use crate::error::AppError;

/// Monday to Friday from nine to five in a zone, where nothing else is said.
fn nine_to_five(zone: &str) -> BusinessHours {
    let day =
        |weekday: usize| if weekday < 5 { vec![Opening { from: 540, until: 1020 }] } else { Vec::new() };
    Opened { zone: zone.to_owned(), week: array::from_fn(day), days: BTreeMap::new() }.into()
}

/// When a day begins in a zone, µs UTC.
fn begins(day: Date, zone: &TimeZone) -> Option<i64> {
    Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond())
}

/// Everybody and everything of a project as it stands at an instant, persons by number.
pub(super) async fn of(
    store: &Store,
    organisation: &Organisation,
    project: &Project,
    at: i64,
) -> Result<Directory, AppError> {
    let mut numbers: BTreeMap<&PersonId, u64> = BTreeMap::new();
    // A role has a number as a person has, and is nobody.
    for id in project.persons.keys().chain(project.roles.keys()) {
        if let Principal::Person(number) = store.person(id.as_str()).await? {
            numbers.insert(id, number);
        }
    }
    let numbered = |id: Option<&PersonId>| id.and_then(|id| numbers.get(id)).copied();
    let number = |id: &Option<PersonId>| numbered(id.as_ref());
    let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
    let today = Timestamp::from_microsecond(at).unwrap_or_default().to_zoned(zone.clone()).date();
    let people = project.persons.values().filter_map(|person| {
        let away = person.away.iter();
        let standing = Standing {
            superior: numbered(person.reports_to(today)),
            dotted: numbered(person.dotted_to(today)),
            substitute: number(&person.substitute),
            away: away
                .filter_map(|(from, until)| Some((begins(*from, &zone)?, begins(*until, &zone)?)))
                .collect(),
        };
        Some((*numbers.get(&person.id)?, standing))
    });
    let tree = project.tree_at(at);
    let units = tree.units().map(|unit| {
        let seat = |(of, holder): (&PersonId, &PersonId)| Some((*numbers.get(of)?, *numbers.get(holder)?));
        let hours = unit.business_hours.as_ref().and_then(|id| project.business_hours.get(id));
        let place = Place {
            parent: unit.parent.clone(),
            manager: number(&unit.manager),
            seats: unit.seats.iter().filter_map(seat).collect(),
            hours: hours.map(|named| named.hours.clone()),
        };
        (unit.id.clone(), place)
    });
    let root = tree.root();
    let owners = project.governance.iter().flat_map(|governance| &governance.owners);
    let last_resort =
        project.last_resort.iter().chain(owners).chain(root.and_then(|unit| unit.manager.as_ref()));
    Ok(Directory {
        register: organisation.register.position(),
        last_resort: last_resort.filter_map(|id| numbers.get(id)).copied().collect(),
        accountable: project
            .kpis
            .values()
            .filter_map(|kpi| Some((kpi.id.clone(), number(&kpi.accountable)?)))
            .collect(),
        ending: project.kpis.values().filter_map(|kpi| Some((kpi.id.clone(), kpi.life?.sunset))).collect(),
        attests: project
            .sources
            .values()
            .flat_map(|source| source.attesting(&project.units).into_iter().map(move |of| (source, of)))
            .filter_map(|(source, (unit, steward))| {
                let attest = source.attest.as_ref()?;
                let steward = *numbers.get(steward?)?;
                let rule = Attests {
                    steward,
                    every: attest.every,
                    days: attest.within,
                    otherwise: attest.otherwise,
                };
                Some(((source.id.clone(), unit.cloned()), rule))
            })
            .collect(),
        people: people.collect(),
        roles: project.roles.keys().filter_map(|id| numbers.get(id)).copied().collect(),
        units: units.collect(),
        hours: nine_to_five(&project.calendar.zone),
        unaccepted: organisation.items.unaccepted().into_keys().collect(),
    })
}
