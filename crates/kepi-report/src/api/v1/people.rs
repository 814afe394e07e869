//! What programs are told of who is there, and who answers for what.

use super::{Directory, DirectoryPerson, Duty, Gap, Leaver, Named, Ownership, Seat, UnitSeats, from_named};
use crate::{facts::Facts, people::PeopleAsked, reader::ViewError, reporter::Reporter, view};

fn all(of: Vec<view::Named>) -> Vec<Named> {
    of.into_iter().map(from_named).collect()
}

/// Who is there.
///
/// # Errors
/// It is no day, nothing was in force then, or it cannot be read.
pub fn people(facts: &dyn Facts, asked: &PeopleAsked) -> Result<Directory, ViewError> {
    let view = Reporter::new(facts).people(asked)?;
    let member = |of: view::PersonRow| DirectoryPerson {
        id: of.person.id.clone(),
        name: of.person.name.clone(),
        role: of.role,
        reports_to: of.reports_to.map(from_named),
        dotted_to: of.dotted_to.map(from_named),
        substitute: of.substitute.map(from_named),
        away_until: of.away_until,
        manages: all(of.manages),
        seats: of
            .seats
            .into_iter()
            .map(|(unit, who)| Seat {
                unit: from_named(unit),
                of: from_named(who),
                holder: from_named(of.person.clone()),
            })
            .collect(),
        accountable: all(of.accountable),
        responsible: of.responsible,
        sources: of.sources,
        items: of.items.map(|(open, _)| open),
        overdue: of.items.map(|(_, overdue)| overdue),
    };
    let unit = |of: view::UnitRow| UnitSeats {
        seats: of
            .seats
            .into_iter()
            .map(|(who, by)| Seat {
                unit: from_named(of.unit.clone()),
                of: from_named(who),
                holder: from_named(by),
            })
            .collect(),
        unit: from_named(of.unit),
        parent: of.parent.map(from_named),
        manager: of.manager.map(from_named),
    };
    Ok(Directory {
        day: view.day,
        persons: view.persons.into_iter().map(member).collect(),
        units: view.units.into_iter().map(unit).collect(),
        left: view.left.into_iter().map(|(id, at)| Leaver { id, at }).collect(),
    })
}

/// Who answers for what, and what is missing in that.
///
/// # Errors
/// It is no day, nothing was in force then, or it cannot be read.
pub fn ownership(facts: &dyn Facts, asked: &PeopleAsked) -> Result<Ownership, ViewError> {
    let view = Reporter::new(facts).ownership(asked)?;
    let duty = |of: view::DutyRow| Duty {
        seats: of
            .units
            .into_iter()
            .filter_map(|(unit, by)| {
                let accountable = of.role.clone().or(of.accountable.clone())?;
                Some(Seat { unit: from_named(unit), of: from_named(accountable), holder: from_named(by) })
            })
            .collect(),
        of: of.of,
        name: of.name,
        accountable: of.accountable.map(from_named),
        role: of.role.map(from_named),
        acts: of.acts.map(from_named),
        responsible: all(of.responsible),
        consulted: all(of.consulted),
        informed: all(of.informed),
        handover: of.handover,
    };
    let gap = |of: view::GapRow| Gap { code: of.code.to_owned(), of: of.of, text: of.said, fix: of.fix };
    Ok(Ownership {
        day: view.day,
        duties: view.duties.into_iter().map(duty).collect(),
        gaps: view.gaps.into_iter().map(gap).collect(),
    })
}
