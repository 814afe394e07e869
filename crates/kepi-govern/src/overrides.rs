//! Overrides: a figure that people say in place of the one that was computed. What is computed goes on beneath it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_model::id::KpiId;
use kepi_proof::Commitment;
use serde::{Deserialize, Serialize};

use crate::{periods::PeriodId, plain::Number};

/// A figure: of a KPI, in a period, over a segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Figure {
    /// The KPI.
    pub kpi: KpiId,
    /// The period.
    pub period: PeriodId,
    /// The segment, whose members are words of people's data; none: all rows. Whoever names a segment again names it by the same
    /// commitment.
    pub segment: Option<Commitment>,
}

/// A figure that is to stand in place of what is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The figure.
    pub figure: Figure,
    /// The day after the last of its period.
    pub until: Date,
    /// What is said.
    pub value: Number,
    /// The day from whose beginning in UTC on it is over; none: until somebody restores what is computed.
    pub expires: Option<Date>,
    /// What it rests on.
    pub evidence: Commitment,
    /// Persons who answer for the figure.
    pub concerned: BTreeSet<u64>,
}

impl Override {
    /// The texts that it names.
    pub(crate) fn named(&self) -> impl Iterator<Item = Commitment> {
        self.figure.segment.into_iter().chain([self.evidence])
    }
}

/// Why an override is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Its last day has passed.
    Expired,
    /// It was decided that what is computed holds again.
    Restored,
    /// Another override of the same figure came in force.
    Replaced,
}

impl Over {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Restored => "restored",
            Self::Replaced => "replaced",
        }
    }
}

/// An override that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overridden {
    /// The figure.
    pub figure: Figure,
    /// The day after the last of its period.
    pub until: Date,
    /// What is said.
    pub value: Number,
    /// The day on which it is over.
    pub expires: Option<Date>,
    /// What it rests on.
    pub evidence: Commitment,
    /// Position of the event that put it in force.
    pub seq: u64,
    /// When, µs UTC.
    pub at: i64,
    /// Why it is over, by which event, and when; none: it is in force.
    pub over: Option<(Over, u64, i64)>,
}

impl Overridden {
    /// Whether it was in force at a position of the log.
    pub fn holds_at(&self, position: u64) -> bool {
        self.seq <= position && self.over.is_none_or(|(_, over, _)| position < over)
    }

    /// Whether its last day has passed.
    pub fn is_due(&self, at: i64) -> bool {
        self.over.is_none() && self.expires.and_then(begins).is_some_and(|day| day <= at)
    }
}

/// When a day begins in UTC, in µs.
pub(crate) fn begins(day: Date) -> Option<i64> {
    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

/// All overrides there ever were, by the number of the item that decided them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    all: BTreeMap<u64, Overridden>,
    position: u64,
}

impl Overrides {
    /// One of them.
    pub fn get(&self, item: u64) -> Option<&Overridden> {
        self.all.get(&item)
    }

    /// All, oldest item first.
    pub fn all(&self) -> impl Iterator<Item = (u64, &Overridden)> {
        self.all.iter().map(|(item, of)| (*item, of))
    }

    /// Those in force of a figure.
    pub fn of<'a>(&'a self, figure: &'a Figure) -> impl Iterator<Item = u64> {
        self.all().filter(move |(_, of)| of.over.is_none() && of.figure == *figure).map(|(item, _)| item)
    }

    /// Position of the last event that put one in force or ended one; 0: there is none.
    pub fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn begin(&mut self, item: u64, of: &Override, seq: u64, at: i64) {
        let Override { figure, until, value, expires, evidence, .. } = of.clone();
        self.all.insert(item, Overridden { figure, until, value, expires, evidence, seq, at, over: None });
        self.position = seq;
    }

    pub(crate) fn end(&mut self, item: u64, why: Over, seq: u64, at: i64) {
        if let Some(of) = self.all.get_mut(&item)
            && of.over.is_none()
        {
            of.over = Some((why, seq, at));
            self.position = seq;
        }
    }
}
