//! Bodies of version 1 of cases: these never change.

use kepi_model::id::{EntityId, KpiId, UnitId};
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

use super::v1_deciding::number;
use crate::{
    acting,
    event::{Event, Subject},
    items::{self, By, Permission},
    plain::Name,
};

/// Of `case`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    rule: Name,
    kpi: KpiId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    of: EntityId,
    row: Digest,
    key: Commitment,
    since: i64,
    permission: Permission,
    hours: u16,
    confirm: u16,
    causes: Vec<Name>,
}

impl From<&items::Case> for Case {
    fn from(case: &items::Case) -> Self {
        let items::Case { rule, kpi, unit, of, row, key, since, permission, hours, confirm, causes } =
            case.clone();
        Self { rule, kpi, unit, of, row, key, since, permission, hours, confirm, causes }
    }
}

impl Case {
    pub(super) fn read(self) -> items::Case {
        let Self { rule, kpi, unit, of, row, key, since, permission, hours, confirm, causes } = self;
        items::Case { rule, kpi, unit, of, row, key, since, permission, hours, confirm, causes }
    }
}

/// Of `play`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Play {
    playbook: Name,
    kpi: KpiId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    row: Digest,
    key: Commitment,
    since: i64,
    held_out: bool,
    steps: Vec<Commitment>,
    hours: u16,
    cool_down: u16,
    after: u16,
}

impl From<&items::Play> for Play {
    fn from(play: &items::Play) -> Self {
        let items::Play { playbook, kpi, unit, row, key, since, held_out, steps, hours, cool_down, after } =
            play.clone();
        Self { playbook, kpi, unit, row, key, since, held_out, steps, hours, cool_down, after }
    }
}

impl Play {
    pub(super) fn read(self) -> items::Play {
        let Self { playbook, kpi, unit, row, key, since, held_out, steps, hours, cool_down, after } = self;
        items::Play { playbook, kpi, unit, row, key, since, held_out, steps, hours, cool_down, after }
    }
}

/// Of `pain_point`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PainPoint {
    kpi: KpiId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
}

impl From<&items::PainPoint> for PainPoint {
    fn from(of: &items::PainPoint) -> Self {
        Self { kpi: of.kpi.clone(), unit: of.unit.clone() }
    }
}

impl PainPoint {
    pub(super) fn read(self) -> items::PainPoint {
        items::PainPoint { kpi: self.kpi, unit: self.unit }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contacted {
    by: By,
    reached: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    note: Option<Commitment>,
}

impl From<&acting::ItemContacted> for Contacted {
    fn from(e: &acting::ItemContacted) -> Self {
        Self { by: e.by, reached: e.reached, note: e.note }
    }
}

impl Contacted {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let (item, Self { by, reached, note }) = (number(subject, "item")?, self);
        Ok(Event::ItemContacted(acting::ItemContacted { item, by, reached, note }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answered {
    settled: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    note: Option<Commitment>,
}

impl From<&acting::ItemAnswered> for Answered {
    fn from(e: &acting::ItemAnswered) -> Self {
        Self { settled: e.settled, note: e.note }
    }
}

impl Answered {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let (item, Self { settled, note }) = (number(subject, "item")?, self);
        Ok(Event::ItemAnswered(acting::ItemAnswered { item, settled, note }))
    }
}
