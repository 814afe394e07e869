//! Attestations: whoever keeps the data of a unit says of a period that they are whole and right.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kepi_model::{
    id::{SourceId, UnitId},
    project::WhenLate,
};

use super::{
    Content, Item, Items,
    kind::{Kind, Step, Timeout, Turn},
};
use crate::periods::PeriodId;

/// Somebody says of data that they are whole and right.
pub const ATTESTATION: &Kind = &Kind {
    name: "attestation",
    about: "Whoever keeps the data of a unit says of a period that is over that they are whole and right, or with what reservation. Until then they are not attested, and a close waits or goes without them.",
    steps: &[Step { name: "statement", turn: Turn::Work, due: 5, timeout: Timeout::Up }],
    outcomes: &[ATTESTED, "with_reservation"],
    may_end: false,
};

/// The outcome without a reservation.
pub const ATTESTED: &str = "attested";

/// What is to be attested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// The source of the rows.
    pub source: SourceId,
    /// Whose rows; none: all.
    pub unit: Option<UnitId>,
    /// The period.
    pub period: PeriodId,
    /// The day after its last.
    pub until: Date,
    /// Who says it.
    pub steward: u64,
    /// Within so many days of business.
    pub days: u16,
    /// When these have passed: the cut-off, µs UTC.
    pub cut_off: i64,
    /// What becomes of a close until then.
    pub otherwise: WhenLate,
}

impl Attestation {
    /// Whether both are of the same rows in the same period.
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        (&self.source, &self.unit, self.period) == (&other.source, &other.unit, other.period)
    }
}

/// Whether the cut-off of something that is to be attested has passed without that.
pub fn is_late(item: &Item, at: i64) -> bool {
    matches!(&item.content, Content::Attestation(of) if of.cut_off <= at) && item.ended.is_none()
}

/// What is missing for a close of a period: items that are open about data of its days.
pub fn missing(items: &Items, from: Date, until: Date) -> impl Iterator<Item = (&Item, &Attestation)> {
    items.open().filter_map(move |item| match &item.content {
        Content::Attestation(of) if of.period.first >= from && of.until <= until => Some((item, of)),
        _ => None,
    })
}

/// How often a unit, or nobody's for all rows, was to attest its data by an instant, and how often it did so before the cut-off.
/// What is not due yet and not attested counts for neither.
pub fn in_time(items: &Items, unit: Option<&UnitId>, at: i64) -> (usize, usize) {
    let mut all = (0, 0);
    for item in items.all() {
        let Content::Attestation(of) = &item.content else { continue };
        let finished = item.work.finished.as_ref().map(|(_, when)| *when);
        if of.unit.as_ref() != unit || finished.is_none() && of.cut_off > at {
            continue;
        }
        all.0 += 1;
        all.1 += usize::from(finished.is_some_and(|when| when <= of.cut_off));
    }
    all
}

/// Which units a close goes without, by the rules of what is missing: what of each.
pub fn late(items: &Items, from: Date, until: Date, at: i64) -> BTreeMap<UnitId, WhenLate> {
    let mut all = BTreeMap::new();
    for (_, of) in missing(items, from, until).filter(|(item, _)| is_late(item, at)) {
        let Some(unit) =
            of.unit.as_ref().filter(|_| matches!(of.otherwise, WhenLate::Exclude | WhenLate::Carry))
        else {
            continue;
        };
        // Left out for one source it is left out.
        let how = all.entry(unit.clone()).or_insert(of.otherwise);
        if of.otherwise == WhenLate::Exclude {
            *how = of.otherwise;
        }
    }
    all
}
