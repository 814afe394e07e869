//! Bodies of version 1 of reviews and disputes: these never change.

use kepi_model::id::{KpiId, ScorecardId, UnitId};
use kepi_proof::Commitment;
use serde::{Deserialize, Serialize};

use super::{
    v1_acting::Period,
    v1_deciding::{number, person, read, written, written_person},
};
use crate::{
    acting,
    event::{Event, Subject},
    items::{self, Decision, OnAgenda},
    plain::Name,
    principal::Principal,
};

/// Of `review`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Review {
    rule: Name,
    scorecard: ScorecardId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    period: Period,
    chair: Principal,
    participants: Vec<Principal>,
    hours: u16,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    run: Option<u64>,
    points: Vec<Point>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Point {
    why: Vec<OnAgenda>,
    kpi: KpiId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    items: Vec<u64>,
}

impl From<&items::Review> for Review {
    fn from(of: &items::Review) -> Self {
        let point = |of: &items::Point| Point {
            why: of.why.iter().copied().collect(),
            kpi: of.kpi.clone(),
            unit: of.unit.clone(),
            items: of.items.iter().copied().collect(),
        };
        Self {
            rule: of.rule.clone(),
            scorecard: of.scorecard.clone(),
            unit: of.unit.clone(),
            period: of.period.into(),
            chair: written_person(of.chair),
            participants: written(&of.participants),
            hours: of.hours,
            run: of.run,
            points: of.points.iter().map(point).collect(),
        }
    }
}

impl Review {
    pub(super) fn read(self) -> Result<items::Review, String> {
        let point = |of: Point| items::Point {
            why: of.why.into_iter().collect(),
            kpi: of.kpi,
            unit: of.unit,
            items: of.items.into_iter().collect(),
        };
        Ok(items::Review {
            rule: self.rule,
            scorecard: self.scorecard,
            unit: self.unit,
            period: self.period.into(),
            chair: person(self.chair)?,
            participants: read(self.participants)?,
            hours: self.hours,
            run: self.run,
            points: self.points.into_iter().map(point).collect(),
        })
    }
}

/// Of `dispute`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dispute {
    kpi: KpiId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    period: Period,
    run: u64,
}

impl From<&items::Dispute> for Dispute {
    fn from(of: &items::Dispute) -> Self {
        Self { kpi: of.kpi.clone(), unit: of.unit.clone(), period: of.period.into(), run: of.run }
    }
}

impl Dispute {
    pub(super) fn read(self) -> items::Dispute {
        items::Dispute { kpi: self.kpi, unit: self.unit, period: self.period.into(), run: self.run }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decided {
    point: u16,
    decision: Decision,
    why: Commitment,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    task: Option<u64>,
}

impl From<&acting::PointDecided> for Decided {
    fn from(e: &acting::PointDecided) -> Self {
        Self { point: e.point, decision: e.decision, why: e.why, task: e.task }
    }
}

impl Decided {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let (item, Self { point, decision, why, task }) = (number(subject, "item")?, self);
        Ok(Event::PointDecided(acting::PointDecided { item, point, decision, why, task }))
    }
}
