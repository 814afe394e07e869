//! Bodies of version 1 of what is said in place of figures: these never change.

use kepi_model::{calendar::Grain, id::KpiId};
use kepi_proof::Commitment;
use serde::{Deserialize, Serialize};

use super::v1_deciding::{Day, number, read, written};
use crate::{
    entries,
    event::{self, Event, Subject},
    overrides::{self, Figure, Over},
    periods::PeriodId,
    plain::{Name, Number},
    principal::Principal,
};

/// Of `figure.overridden`, and what an item proposes of kind `override`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Overridden {
    kpi: KpiId,
    grain: Grain,
    first: Day,
    until: Day,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    segment: Option<Commitment>,
    value: Number,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    expires: Option<Day>,
    evidence: Commitment,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    concerned: Vec<Principal>,
}

impl From<&overrides::Override> for Overridden {
    fn from(of: &overrides::Override) -> Self {
        Self {
            kpi: of.figure.kpi.clone(),
            grain: of.figure.period.grain,
            first: Day(of.figure.period.first),
            until: Day(of.until),
            segment: of.figure.segment,
            value: of.value.clone(),
            expires: of.expires.map(Day),
            evidence: of.evidence,
            concerned: written(&of.concerned),
        }
    }
}

impl Overridden {
    pub(super) fn plain(self) -> Result<overrides::Override, String> {
        let period = PeriodId { grain: self.grain, first: self.first.0 };
        Ok(overrides::Override {
            figure: Figure { kpi: self.kpi, period, segment: self.segment },
            until: self.until.0,
            value: self.value,
            expires: self.expires.map(|day| day.0),
            evidence: self.evidence,
            concerned: read(self.concerned)?,
        })
    }

    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let (item, of) = (number(subject, "override")?, self.plain()?);
        Ok(Event::FigureOverridden(event::FigureOverridden { item, of }))
    }
}

/// Of `value.entered`, and what an item proposes of kind `manual_entry`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    figure: Name,
    grain: Grain,
    first: Day,
    until: Day,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    part: Option<Commitment>,
    value: Number,
    evidence: Commitment,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    concerned: Vec<Principal>,
}

impl From<&entries::Entry> for Entry {
    fn from(of: &entries::Entry) -> Self {
        Self {
            figure: of.figure.clone(),
            grain: of.period.grain,
            first: Day(of.period.first),
            until: Day(of.until),
            part: of.part,
            value: of.value.clone(),
            evidence: of.evidence,
            concerned: written(&of.concerned),
        }
    }
}

impl Entry {
    pub(super) fn plain(self) -> Result<entries::Entry, String> {
        Ok(entries::Entry {
            figure: self.figure,
            period: PeriodId { grain: self.grain, first: self.first.0 },
            until: self.until.0,
            part: self.part,
            value: self.value,
            evidence: self.evidence,
            concerned: read(self.concerned)?,
        })
    }

    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let (item, of) = (number(subject, "entry")?, self.plain()?);
        Ok(Event::ValueEntered(event::ValueEntered { item, of }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverrideEnded {
    pub(super) why: Over,
}

impl OverrideEnded {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let item = number(subject, "override")?;
        Ok(Event::OverrideEnded(event::OverrideEnded { item, why: self.why }))
    }
}

/// What an item proposes of kind `restore`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Restore {
    pub(super) overriding: u64,
}

/// Of `value.taken_back`: its subject says which.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TakenBack {}

impl TakenBack {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        number(subject, "entry").map(Event::ValueTakenBack)
    }
}

/// What an item proposes of kind `take_back`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TakeBack {
    pub(super) entry: u64,
}
