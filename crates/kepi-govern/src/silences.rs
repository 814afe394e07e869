//! Silences: until a day nobody is asked about what is known and is being dealt with. Each has an end and a reason.

use std::collections::BTreeMap;

use kepi_model::id::{KpiId, UnitId};
use kepi_proof::Commitment;
use serde::Serialize;

use crate::{plain::Name, principal::Principal};

/// The longest, µs: nobody remembers what is silent for longer.
pub const LONGEST: i64 = 92 * 86_400_000_000;

/// What nobody is asked about, until when.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Silence {
    /// The alert; none: whichever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Name>,
    /// The KPI; none: all of the alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kpi: Option<KpiId>,
    /// The unit; none: all units, and all rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// Until when, µs UTC.
    pub until: i64,
    /// Why.
    pub why: Commitment,
}

impl Silence {
    /// Whether it is about what an alert would ask about.
    pub fn is_about(&self, rule: &Name, kpi: &KpiId, unit: Option<&UnitId>) -> bool {
        self.rule.as_ref().is_none_or(|of| of == rule)
            && self.kpi.as_ref().is_none_or(|of| of == kpi)
            && self.unit.as_ref().is_none_or(|of| Some(of) == unit)
    }
}

/// A silence as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What of.
    pub of: Silence,
    /// Who keeps it.
    pub by: Principal,
    /// Since when, µs UTC.
    pub since: i64,
    /// When somebody ended it before its time, µs UTC.
    pub ended: Option<i64>,
}

impl Kept {
    /// Whether it holds at an instant.
    pub fn holds(&self, at: i64) -> bool {
        self.ended.is_none() && self.since <= at && at < self.of.until
    }
}

/// All silences there ever were, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Silences(BTreeMap<u64, Kept>);

impl Silences {
    /// All of them, the oldest first.
    pub fn all(&self) -> impl Iterator<Item = (u64, &Kept)> {
        self.0.iter().map(|(number, of)| (*number, of))
    }

    /// One of them.
    pub fn get(&self, number: u64) -> Option<&Kept> {
        self.0.get(&number)
    }

    /// The number of the next.
    pub fn next(&self) -> u64 {
        self.0.keys().last().map_or(1, |last| last + 1)
    }

    /// The one that holds for what an alert would ask about at an instant.
    pub fn of(&self, rule: &Name, kpi: &KpiId, unit: Option<&UnitId>, at: i64) -> Option<u64> {
        self.all()
            .find(|(_, kept)| kept.holds(at) && kept.of.is_about(rule, kpi, unit))
            .map(|(number, _)| number)
    }

    pub(crate) fn begin(&mut self, number: u64, of: &Silence, (by, at): (&Principal, i64)) {
        let kept = || Kept { of: of.clone(), by: by.clone(), since: at, ended: None };
        self.0.entry(number).or_insert_with(kept);
    }

    pub(crate) fn end(&mut self, number: u64, at: i64) {
        if let Some(kept) = self.0.get_mut(&number) {
            kept.ended = kept.ended.or(Some(at));
        }
    }
}
