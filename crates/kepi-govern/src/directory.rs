//! Who answers for what on a day: lines, seats, substitutes, absences, and the owner of last resort.
//!
//! A directory is evidence: it is taken from the definitions in force at one position of the register, and names it. What is found by
//! it is written into the event that assigns an item, with the way that led there, so that nothing hangs on a later directory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_model::{
    business_hours::BusinessHours,
    calendar::Grain,
    id::{KpiId, SourceId, UnitId},
    project::WhenLate,
};
use serde::{Deserialize, Serialize};

/// An hour in µs.
const HOUR: i64 = 3_600_000_000;

/// Who answers for what, as of a position of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Position of the register that it was taken from.
    pub register: u64,
    /// Persons who are there, by number.
    pub people: BTreeMap<u64, Standing>,
    /// Roles, by number: each stands for whoever holds it in a unit.
    pub roles: BTreeSet<u64>,
    /// Units.
    pub units: BTreeMap<UnitId, Place>,
    /// Who is accountable for each KPI, or which role is.
    pub accountable: BTreeMap<KpiId, u64>,
    /// KPIs that it is announced of that they go, and the first day on which they are not to be used.
    pub ending: BTreeMap<KpiId, Date>,
    /// Who says of the rows of a source, or of those of a unit, that they are whole and right.
    pub attests: BTreeMap<(SourceId, Option<UnitId>), Attests>,
    /// Who takes what nobody else can, the first who is there.
    pub last_resort: Vec<u64>,
    /// Business hours where a unit has none.
    pub hours: BusinessHours,
    /// What is handed over and not accepted yet: it stands with a superior of whose it is to be.
    pub unaccepted: BTreeSet<Duty>,
}

/// Who says of rows that they are whole and right, and by when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attests {
    /// Who.
    pub steward: u64,
    /// Of periods of this length.
    pub every: Grain,
    /// Within so many days of business after the end of one.
    pub days: u16,
    /// What becomes of a close until then.
    pub otherwise: WhenLate,
}

/// Something that somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// To be accountable for a KPI.
    Kpi(KpiId),
    /// To answer in a unit for what somebody is accountable for elsewhere.
    Seat {
        /// The unit.
        unit: UnitId,
        /// Who is accountable elsewhere.
        of: u64,
    },
    /// To manage a unit.
    Unit(UnitId),
}

/// How a person stands to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// To whom she reports.
    pub superior: Option<u64>,
    /// To whom she reports in another matter.
    pub dotted: Option<u64>,
    /// Who acts for her while she is away.
    pub substitute: Option<u64>,
    /// When she is away: from, until, in µs UTC.
    pub away: Vec<(i64, i64)>,
}

/// A unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The unit above.
    pub parent: Option<UnitId>,
    /// Who manages it.
    pub manager: Option<u64>,
    /// Who answers here for what somebody else answers for elsewhere.
    pub seats: BTreeMap<u64, u64>,
    /// When work is done there.
    pub hours: Option<BusinessHours>,
}

/// By which line somebody is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Accountable for the KPI.
    Accountable,
    /// Holds the seat in the unit, or in the nearest above it.
    Seat,
    /// Substitute of the one before.
    Substitute,
    /// Manages the unit, or one above it.
    Manager,
    /// Superior of the one before.
    Superior,
    /// On the dotted line of the one before.
    Dotted,
    /// The first superior of all who refused.
    Common,
    /// Named by somebody.
    Named,
    /// Takes what nobody else can.
    LastResort,
}

impl Line {
    /// Its words, as in "why me".
    pub fn words(self) -> &'static str {
        match self {
            Self::Accountable => "accountable",
            Self::Seat => "seat",
            Self::Substitute => "substitute",
            Self::Manager => "manager",
            Self::Superior => "superior",
            Self::Dotted => "dotted line",
            Self::Common => "common superior",
            Self::Named => "named",
            Self::LastResort => "last resort",
        }
    }
}

/// Why somebody was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passed {
    /// Is there no longer.
    Gone,
    /// Is a role that nobody holds.
    Vacant,
    /// Is away.
    Away,
    /// Has refused it.
    Refused,
    /// Has not accepted yet to answer for it.
    Unaccepted,
}

/// A stop on the way to whose turn it is; the last one is not passed over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reached {
    /// Who.
    pub person: u64,
    /// By which line.
    pub by: Line,
    /// In which unit.
    pub unit: Option<UnitId>,
    /// Why it went on.
    pub passed: Option<Passed>,
}

impl Duty {
    /// Who has it by the definitions; none: nobody.
    pub fn holder(&self, directory: &Directory) -> Option<u64> {
        match self {
            Self::Kpi(kpi) => {
                let named = *directory.accountable.get(kpi)?;
                // A role is held for the whole in the unit at the top.
                let top = || directory.upwards(None).find_map(|(_, place)| place.seats.get(&named).copied());
                if directory.roles.contains(&named) { top() } else { Some(named) }
            }
            Self::Seat { unit, of } => directory.units.get(unit)?.seats.get(of).copied(),
            Self::Unit(unit) => directory.units.get(unit)?.manager,
        }
    }
}

/// The way so far.
struct Way<'a> {
    directory: &'a Directory,
    at: i64,
    not: &'a BTreeSet<u64>,
    stops: Vec<Reached>,
}

impl Way<'_> {
    /// Goes to somebody; whether it ends there.
    fn ends(&mut self, person: u64, by: Line, unit: Option<&UnitId>) -> bool {
        if self.stops.iter().any(|stop| stop.person == person) {
            return false;
        }
        let passed = match () {
            () if self.not.contains(&person) => Some(Passed::Refused),
            () => self.directory.passed(person, self.at),
        };
        self.stops.push(Reached { person, by, unit: unit.cloned(), passed });
        passed.is_none()
    }

    /// Goes to somebody and, while she is away, to her substitutes.
    fn ends_with(&mut self, person: u64, by: Line, unit: Option<&UnitId>) -> bool {
        let (mut next, mut line) = (Some(person), by);
        while let Some(person) = next {
            let known = self.stops.len();
            if self.ends(person, line, unit) {
                return true;
            }
            // Known already, or not there: then nobody acts for her.
            let away = self.stops.get(known).is_some_and(|stop| stop.passed == Some(Passed::Away));
            next = self.directory.people.get(&person).and_then(|of| of.substitute).filter(|_| away);
            line = Line::Substitute;
        }
        false
    }

    /// Passes over somebody who has not accepted it yet, to her superiors.
    fn ends_above(&mut self, person: u64, by: Line, unit: Option<&UnitId>) -> bool {
        if self.stops.iter().all(|stop| stop.person != person) {
            let passed = Some(Passed::Unaccepted);
            self.stops.push(Reached { person, by, unit: unit.cloned(), passed });
        }
        let superiors = self.directory.superiors(person);
        superiors.into_iter().any(|superior| self.ends_with(superior, Line::Superior, None))
    }

    /// The way if it ends with those of last resort, who are taken even if they are away; and at last with anybody.
    fn at_last(mut self) -> Option<Vec<Reached>> {
        let directory = self.directory;
        for person in &directory.last_resort {
            if self.ends_with(*person, Line::LastResort, None) {
                return Some(self.stops);
            }
        }
        let there = |person: &&u64| directory.people.contains_key(person);
        let last = directory.last_resort.iter().find(there).or(directory.people.keys().next())?;
        self.stops.push(Reached { person: *last, by: Line::LastResort, unit: None, passed: None });
        Some(self.stops)
    }
}

impl Directory {
    /// Why somebody cannot take anything just then; none: she can.
    pub fn passed(&self, person: u64, at: i64) -> Option<Passed> {
        let Some(standing) = self.people.get(&person) else {
            return Some(if self.roles.contains(&person) { Passed::Vacant } else { Passed::Gone });
        };
        let away = standing.away.iter().any(|(from, until)| (*from..*until).contains(&at));
        away.then_some(Passed::Away)
    }

    fn way<'a>(&'a self, at: i64, not: &'a BTreeSet<u64>) -> Way<'a> {
        Way { directory: self, at, not, stops: Vec::new() }
    }

    /// A unit and those above it.
    fn upwards<'a>(&'a self, unit: Option<&'a UnitId>) -> impl Iterator<Item = (&'a UnitId, &'a Place)> {
        let mut seen = BTreeSet::new();
        let root = || self.units.iter().find(|(_, place)| place.parent.is_none()).map(|(id, _)| id);
        let mut next = unit.filter(|unit| self.units.contains_key(*unit)).or_else(root);
        std::iter::from_fn(move || {
            let id = next.filter(|id| seen.insert((*id).clone()))?;
            let place = self.units.get(id)?;
            next = place.parent.as_ref();
            Some((id, place))
        })
    }

    /// Superiors of somebody, the nearest first.
    pub fn superiors(&self, of: u64) -> Vec<u64> {
        let mut found = Vec::new();
        let mut next = self.people.get(&of).and_then(|standing| standing.superior);
        while let Some(person) = next.filter(|person| *person != of && !found.contains(person)) {
            found.push(person);
            next = self.people.get(&person).and_then(|standing| standing.superior);
        }
        found
    }

    /// Whose a KPI is in a unit at a time: the seat in the unit or the nearest above, else who is accountable; her substitute while she
    /// is away; managers of the unit and those above; her superiors; the last resort. None only if nobody is there at all.
    pub fn owner(
        &self,
        kpi: &KpiId,
        unit: Option<&UnitId>,
        at: i64,
        not: &BTreeSet<u64>,
    ) -> Option<Vec<Reached>> {
        let mut way = self.way(at, not);
        let accountable = self.accountable.get(kpi).copied();
        if let Some(person) = accountable {
            let mut seats =
                self.upwards(unit).filter_map(|(id, place)| Some((id, *place.seats.get(&person)?)));
            let (duty, holder, line, at) = match seats.next() {
                Some((id, holder)) => {
                    (Duty::Seat { unit: id.clone(), of: person }, holder, Line::Seat, Some(id))
                }
                None => (Duty::Kpi(kpi.clone()), person, Line::Accountable, None),
            };
            // Of a role that is held for the whole, what was handed over is the KPI, too.
            let whole = at.is_some_and(|id| self.units.get(id).is_some_and(|place| place.parent.is_none()));
            let by_role = whole && self.roles.contains(&person);
            let unaccepted = self.unaccepted.contains(&duty)
                || by_role && self.unaccepted.contains(&Duty::Kpi(kpi.clone()));
            let ends = match unaccepted {
                false => way.ends_with(holder, line, at),
                true => way.ends_above(holder, line, at),
            };
            if ends {
                return Some(way.stops);
            }
        }
        for (id, place) in self.upwards(unit) {
            let accepted = !self.unaccepted.contains(&Duty::Unit(id.clone()));
            let ends = |way: &mut Way<'_>, manager| match accepted {
                true => way.ends_with(manager, Line::Manager, Some(id)),
                false => way.ends_above(manager, Line::Manager, Some(id)),
            };
            if place.manager.is_some_and(|manager| ends(&mut way, manager)) {
                return Some(way.stops);
            }
        }
        for superior in accountable.map(|person| self.superiors(person)).unwrap_or_default() {
            if way.ends_with(superior, Line::Superior, None) {
                return Some(way.stops);
            }
        }
        way.at_last()
    }

    /// Somebody who was named, or who acts for her; else the last resort.
    pub fn named(&self, person: u64, at: i64) -> Option<Vec<Reached>> {
        let nobody = BTreeSet::new();
        let mut way = self.way(at, &nobody);
        if way.ends_with(person, Line::Named, None) { Some(way.stops) } else { way.at_last() }
    }

    /// Who says of rows that they are whole and right: the steward who was named, else who is by now; managers of the unit and those
    /// above it; the last resort.
    pub fn keeper(
        &self,
        steward: u64,
        source: &SourceId,
        unit: Option<&UnitId>,
        at: i64,
    ) -> Option<Vec<Reached>> {
        let nobody = BTreeSet::new();
        let mut way = self.way(at, &nobody);
        let now = self.attests.get(&(source.clone(), unit.cloned())).map(|of| of.steward);
        for person in [Some(steward), now].into_iter().flatten() {
            if way.ends_with(person, Line::Named, None) {
                return Some(way.stops);
            }
        }
        for (id, place) in self.upwards(unit) {
            if place.manager.is_some_and(|manager| way.ends_with(manager, Line::Manager, Some(id))) {
                return Some(way.stops);
            }
        }
        way.at_last()
    }

    /// Who is next where these have refused, the first of them first; and whether that is bound. One refusal leads to the dotted line,
    /// a second to the first superior of all who refused.
    pub fn after_refusals(&self, refused: &[u64], at: i64) -> Option<(Vec<Reached>, bool)> {
        let not: BTreeSet<u64> = refused.iter().copied().collect();
        let first = *refused.first()?;
        let mut way = self.way(at, &not);
        let dotted = self.people.get(&first).and_then(|standing| standing.dotted);
        if let (Some(dotted), 1) = (dotted, refused.len())
            && way.ends_with(dotted, Line::Dotted, None)
        {
            return Some((way.stops, false));
        }
        let lines: Vec<Vec<u64>> = refused.iter().map(|person| self.superiors(*person)).collect();
        let common = lines.first()?.iter().filter(|person| lines.iter().all(|line| line.contains(person)));
        for person in common {
            if way.ends_with(*person, Line::Common, None) {
                return Some((way.stops, true));
            }
        }
        way.at_last().map(|stops| (stops, true))
    }

    /// Who is above somebody; none: she is at the top, or nobody else is there.
    pub fn above(&self, person: u64, at: i64) -> Option<Vec<Reached>> {
        let itself = BTreeSet::from([person]);
        if self.last_resort.iter().find(|of| self.people.contains_key(of)) == Some(&person) {
            return None;
        }
        let mut way = self.way(at, &itself);
        for superior in self.superiors(person) {
            if way.ends_with(superior, Line::Superior, None) {
                return Some(way.stops);
            }
        }
        let stops = way.at_last()?;
        stops.last().filter(|stop| stop.person != person)?;
        Some(stops)
    }

    /// Who stands in a unit for somebody who is named: the seat there or in the nearest unit above, else she herself.
    pub fn stands_for(&self, person: u64, unit: Option<&UnitId>) -> u64 {
        let seat = |unit| self.upwards(Some(unit)).find_map(|(_, place)| place.seats.get(&person).copied());
        unit.and_then(seat).unwrap_or(person)
    }

    /// Whoever holds the seat of somebody who is named in a unit, or in the nearest above it; where nobody does who is there, she herself; else
    /// the last resort.
    pub fn seated(&self, person: u64, unit: Option<&UnitId>, at: i64) -> Option<Vec<Reached>> {
        let nobody = BTreeSet::new();
        let mut way = self.way(at, &nobody);
        let mut places = unit.into_iter().flat_map(|unit| self.upwards(Some(unit)));
        let seat = places.find_map(|(id, place)| Some((id, *place.seats.get(&person)?)));
        if let Some((id, holder)) = seat
            && way.ends_with(holder, Line::Seat, Some(id))
        {
            return Some(way.stops);
        }
        if way.ends_with(person, Line::Named, None) { Some(way.stops) } else { way.at_last() }
    }

    /// When so many business hours of a unit have passed, µs UTC.
    pub fn due(&self, unit: Option<&UnitId>, at: i64, hours: u16) -> i64 {
        let own = self.upwards(unit).find_map(|(_, place)| place.hours.as_ref());
        let time = i64::from(hours) * HOUR;
        // Beyond the years that are known, or where it is never open: three hours of any clock for one of business.
        own.unwrap_or(&self.hours).add(at, time).unwrap_or(at + 3 * time)
    }

    /// When so many days of business of a unit have passed, however many hours each of them has, µs UTC.
    pub fn due_in_days(&self, unit: Option<&UnitId>, at: i64, days: u16) -> i64 {
        let own = self.upwards(unit).find_map(|(_, place)| place.hours.as_ref());
        // Beyond the years that are known, or where it is never open: a day of any clock for one of business.
        own.unwrap_or(&self.hours).add_days(at, days).unwrap_or(at + i64::from(days) * 24 * HOUR)
    }
}
