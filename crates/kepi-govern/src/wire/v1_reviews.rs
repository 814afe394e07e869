//! Bodies of version 1 of reviews and disputes: these never change.

use kepi_model::id::{EntityId, KpiId, ScorecardId, SourceId, UnitId};
use kepi_proof::Commitment;
use serde::{Deserialize, Serialize};

use super::{
    v1_acting::Period,
    v1_deciding::{number, person, read, written, written_person},
};
use crate::{
    acting,
    event::{Event, Subject},
    items::{self, Decision, OnAgenda, Rung, Topic},
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
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    ladder: Vec<Rung>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Point {
    why: Vec<OnAgenda>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    kpi: Option<KpiId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    journey: Option<EntityId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    source: Option<SourceId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    items: Vec<u64>,
}

impl From<&items::Point> for Point {
    fn from(of: &items::Point) -> Self {
        let (mut kpi, mut journey, mut source) = (None, None, None);
        match &of.about {
            Topic::Kpi(id) => kpi = Some(id.clone()),
            Topic::Journey(id) => journey = Some(id.clone()),
            Topic::Source(id) => source = Some(id.clone()),
        }
        Self {
            why: of.why.iter().copied().collect(),
            kpi,
            journey,
            source,
            unit: of.unit.clone(),
            items: of.items.iter().copied().collect(),
        }
    }
}

impl Point {
    pub(super) fn read(self) -> Result<items::Point, String> {
        let about = match (self.kpi, self.journey, self.source) {
            (Some(id), None, None) => Topic::Kpi(id),
            (None, Some(id), None) => Topic::Journey(id),
            (None, None, Some(id)) => Topic::Source(id),
            _ => return Err("a point of an agenda is about a KPI, a journey or a source".to_owned()),
        };
        Ok(items::Point {
            why: self.why.into_iter().collect(),
            about,
            unit: self.unit,
            items: self.items.into_iter().collect(),
        })
    }
}

impl From<&items::Review> for Review {
    fn from(of: &items::Review) -> Self {
        Self {
            rule: of.rule.clone(),
            scorecard: of.scorecard.clone(),
            unit: of.unit.clone(),
            period: of.period.into(),
            chair: written_person(of.chair),
            participants: written(&of.participants),
            hours: of.hours,
            run: of.run,
            points: of.points.iter().map(Point::from).collect(),
            ladder: of.ladder.clone(),
        }
    }
}

impl Review {
    pub(super) fn read(self) -> Result<items::Review, String> {
        Ok(items::Review {
            rule: self.rule,
            scorecard: self.scorecard,
            unit: self.unit,
            period: self.period.into(),
            chair: person(self.chair)?,
            participants: read(self.participants)?,
            hours: self.hours,
            run: self.run,
            points: self.points.into_iter().map(Point::read).collect::<Result<_, _>>()?,
            ladder: self.ladder,
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attended {
    present: Vec<Principal>,
}

impl From<&acting::ItemAttended> for Attended {
    fn from(e: &acting::ItemAttended) -> Self {
        Self { present: written(&e.present) }
    }
}

impl Attended {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let (item, present) = (number(subject, "item")?, read(self.present)?);
        Ok(Event::ItemAttended(acting::ItemAttended { item, present }))
    }
}
