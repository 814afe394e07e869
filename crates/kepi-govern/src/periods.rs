//! Periods: what is frozen while it is judged, and what is closed.
//!
//! A close is a position of the log: official is what was published up to there, and whatever comes later stands beside it. A
//! freeze forbids, while it stands, that definitions change what holds on its days.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::civil::Date;
use kepi_model::{
    calendar::Grain,
    governance::Aspect,
    id::{FreezeId, UnitId},
    project::WhenLate,
};

use crate::{
    event::DefinitionAdopted,
    register::{DocumentId, Effective, Register},
};

/// Days on which nothing may change in some respects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// The first day.
    pub from: Date,
    /// The day after the last.
    pub until: Date,
    /// In which respects.
    pub aspects: BTreeSet<Aspect>,
    /// Of which definitions; empty: of all.
    pub scope: BTreeSet<DocumentId>,
    /// The rule by which it came by itself; none: people asked for it.
    pub rule: Option<ByRule>,
}

/// The rule by which a period is frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByRule {
    /// Its name.
    pub rule: FreezeId,
    /// The period that was over.
    pub period: PeriodId,
}

impl Freeze {
    /// Whether it is of a definition.
    pub fn is_of(&self, id: &DocumentId) -> bool {
        self.scope.is_empty() || self.scope.contains(id)
    }
}

/// A period by its length and first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeriodId {
    /// Its length.
    pub grain: Grain,
    /// Its first day.
    pub first: Date,
}

impl fmt::Display for PeriodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Subjects of events are made of it, so it is spelled here and nowhere else.
        let grain = match self.grain {
            Grain::Day => "day",
            Grain::Week => "week",
            Grain::Month => "month",
            Grain::Quarter => "quarter",
            Grain::HalfYear => "half_year",
            Grain::Year => "year",
        };
        write!(f, "{grain}/{}", self.first)
    }
}

/// What is official of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// The period.
    pub period: PeriodId,
    /// The day after its last.
    pub until: Date,
    /// Position of the run up to which what was published is official.
    pub published: u64,
    /// Units whose data nobody had attested by the cut-off, and what became of each.
    pub late: BTreeMap<UnitId, WhenLate>,
}

/// A close that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Position of the event that says so.
    pub seq: u64,
    /// When, µs UTC.
    pub at: i64,
    /// The day after the period's last.
    pub until: Date,
    /// Position of the run up to which what was published is official.
    pub published: u64,
    /// Units that it went without, and what became of each.
    pub late: BTreeMap<UnitId, WhenLate>,
}

/// What is frozen and what is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Periods {
    /// What is frozen, by the number of the item that froze it.
    pub frozen: BTreeMap<u64, Freeze>,
    /// The closes of the periods that begin on a day, the first one first; of those with the same end each is the next version.
    pub closed: BTreeMap<PeriodId, Vec<Closed>>,
}

impl Periods {
    /// The closes of a period, the first one first. Periods of other calendars may begin on the same day: that one of them is closed says
    /// nothing of one that ends on another.
    pub fn closes(&self, period: PeriodId, until: Date) -> impl DoubleEndedIterator<Item = &Closed> {
        self.closed.get(&period).into_iter().flatten().filter(move |close| close.until == until)
    }

    /// The freezes that adoptions would break by changing what holds on their days, in respects that are frozen; of adoptions whose
    /// respects are not known, in any.
    pub fn broken_by(
        &self,
        register: &Register,
        adoptions: &[DefinitionAdopted],
        aspects: Option<&BTreeSet<Aspect>>,
    ) -> Vec<(u64, &Freeze)> {
        let met = |freeze: &&Freeze| aspects.is_none_or(|aspects| !aspects.is_disjoint(&freeze.aspects));
        let frozen = self.frozen.iter().filter(|(_, freeze)| met(freeze));
        let frozen: Vec<(u64, &Freeze)> = frozen.map(|(number, freeze)| (*number, freeze)).collect();
        if frozen.is_empty() {
            return frozen;
        }
        let mut after = register.clone();
        adoptions.iter().for_each(|adoption| after.apply(register.position(), adoption));
        let ids: BTreeSet<&DocumentId> =
            adoptions.iter().flat_map(|adoption| adoption.texts.keys()).collect();
        let changes =
            |freeze: &Freeze| ids.iter().any(|id| freeze.is_of(id) && differs(id, register, &after, freeze));
        frozen.into_iter().filter(|(_, freeze)| changes(freeze)).collect()
    }
}

/// Whether anything else holds on any day of a freeze: it can begin to on its first day, and on days on which a wording begins.
fn differs(id: &DocumentId, before: &Register, after: &Register, freeze: &Freeze) -> bool {
    let begin = before.adoptions(id).chain(after.adoptions(id)).filter_map(|(from, ..)| match from {
        Effective::Ever => None,
        Effective::From(day) => Some(day),
    });
    let mut days = begin.filter(|day| (freeze.from..freeze.until).contains(day)).chain([freeze.from]);
    days.any(|day| {
        let of = |register: &Register| register.in_force(id, Some(day)).map(|held| (held.text, held.meaning));
        of(before) != of(after)
    })
}
