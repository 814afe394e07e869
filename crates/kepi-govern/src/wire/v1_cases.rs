//! Bodies of version 1 of cases: these never change.

use kepi_model::id::{EntityId, KpiId, UnitId};
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

use super::v1_deciding::number;
use crate::{
    acting,
    event::{Event, Subject},
    items::{self, By, Permission, PlayStep, Rung},
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
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    ladder: Vec<Rung>,
}

impl From<&items::Case> for Case {
    fn from(case: &items::Case) -> Self {
        let items::Case { rule, kpi, unit, of, row, key, since, permission, hours, confirm, causes, ladder } =
            case.clone();
        Self { rule, kpi, unit, of, row, key, since, permission, hours, confirm, causes, ladder }
    }
}

impl Case {
    pub(super) fn read(self) -> items::Case {
        let Self { rule, kpi, unit, of, row, key, since, permission, hours, confirm, causes, ladder } = self;
        items::Case { rule, kpi, unit, of, row, key, since, permission, hours, confirm, causes, ladder }
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
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    each: Vec<PlayStep>,
    hours: u16,
    cool_down: u16,
    after: u16,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    ladder: Vec<Rung>,
}

impl From<&items::Play> for Play {
    fn from(play: &items::Play) -> Self {
        let items::Play {
            playbook,
            kpi,
            unit,
            row,
            key,
            since,
            held_out,
            steps,
            each,
            hours,
            cool_down,
            after,
            ladder,
        } = play.clone();
        Self { playbook, kpi, unit, row, key, since, held_out, steps, each, hours, cool_down, after, ladder }
    }
}

impl Play {
    pub(super) fn read(self) -> items::Play {
        let Self {
            playbook,
            kpi,
            unit,
            row,
            key,
            since,
            held_out,
            steps,
            each,
            hours,
            cool_down,
            after,
            ladder,
        } = self;
        items::Play {
            playbook,
            kpi,
            unit,
            row,
            key,
            since,
            held_out,
            steps,
            each,
            hours,
            cool_down,
            after,
            ladder,
        }
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stepped {
    outcome: Name,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    why: Option<Commitment>,
}

impl From<&acting::ItemStepped> for Stepped {
    fn from(e: &acting::ItemStepped) -> Self {
        Self { outcome: e.outcome.clone(), why: e.why }
    }
}

impl Stepped {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let (item, Self { outcome, why }) = (number(subject, "item")?, self);
        Ok(Event::ItemStepped(acting::ItemStepped { item, outcome, why }))
    }
}
