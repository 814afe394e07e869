//! Units of the organisation, and the tree that they form on a day.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::civil::Date;

use crate::{
    id::{BusinessHoursId, LevelId, PersonId, UnitId},
    source_text::Span,
};

/// An organisational unit.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Id.
    pub id: UnitId,
    /// Shown name.
    pub name: String,
    /// Level in the tree; the root may have none.
    pub level: Option<LevelId>,
    /// The unit above; none for the root.
    pub parent: Option<UnitId>,
    /// Units of other lines that it stands below, too.
    pub also_below: Vec<UnitId>,
    /// The member of the matched dimension that this unit stands for.
    pub member: String,
    /// Who manages it.
    pub manager: Option<PersonId>,
    /// Who holds a role here, or answers here for what somebody is accountable for elsewhere.
    pub seats: BTreeMap<PersonId, PersonId>,
    /// When work is done here; none: as in the unit above.
    pub business_hours: Option<BusinessHoursId>,
    /// First day of this wording; none: from ever. Before the first of all it is not there.
    pub from: Option<Date>,
    /// What was said of it before, oldest first; the last to come into force stands for all. They agree on level and member.
    pub earlier: Vec<Unit>,
    /// Where it is defined.
    pub span: Span,
}

impl Unit {
    /// The units directly above it, by whatever line; the parent first.
    pub fn lines(&self) -> impl Iterator<Item = &UnitId> {
        self.parent.iter().chain(&self.also_below)
    }

    /// All that was and is said of it, oldest first.
    pub fn wordings(&self) -> impl DoubleEndedIterator<Item = &Self> {
        self.earlier.iter().chain([self])
    }

    /// What holds on a day: the last wording whose first day is not later; none before it is there.
    pub fn in_force(&self, day: Date) -> Option<&Self> {
        self.wordings().rev().find(|wording| wording.from.is_none_or(|from| from <= day))
    }
}

/// The tree of units as it stands on a day, or as it stands in the end.
#[derive(Debug, Clone, Copy)]
pub struct UnitTree<'a> {
    units: &'a BTreeMap<UnitId, Unit>,
    day: Option<Date>,
}

impl<'a> UnitTree<'a> {
    /// The tree of these units on a day; without one that of the wordings that come into force last.
    pub fn of(units: &'a BTreeMap<UnitId, Unit>, day: Option<Date>) -> Self {
        Self { units, day }
    }

    /// What is said of a unit; none where there is none by that name then.
    pub fn unit(self, id: &UnitId) -> Option<&'a Unit> {
        let unit = self.units.get(id)?;
        self.day.map_or(Some(unit), |day| unit.in_force(day))
    }

    /// All units that are there, by id.
    pub fn units(self) -> impl Iterator<Item = &'a Unit> {
        self.units.keys().filter_map(move |id| self.unit(id))
    }

    /// The unit above another.
    pub fn above(self, id: &UnitId) -> Option<&'a UnitId> {
        self.unit(id)?.parent.as_ref()
    }

    /// A unit and those above it by whatever line, the nearest first, each once.
    pub fn upwards(self, id: &'a UnitId) -> impl Iterator<Item = &'a UnitId> {
        let (mut seen, mut next) = (BTreeSet::from([id]), VecDeque::from([id]));
        std::iter::from_fn(move || {
            let id = next.pop_front()?;
            next.extend(self.unit(id).into_iter().flat_map(Unit::lines).filter(|above| seen.insert(above)));
            Some(id)
        })
    }

    /// The units directly below one, by whatever line, by id.
    pub fn below(self, above: &UnitId) -> impl Iterator<Item = &'a Unit> {
        self.units().filter(move |unit| unit.lines().any(|of| of == above))
    }

    /// The unit without one above it; none where there are no units.
    pub fn root(self) -> Option<&'a Unit> {
        self.units().find(|unit| unit.parent.is_none())
    }
}
