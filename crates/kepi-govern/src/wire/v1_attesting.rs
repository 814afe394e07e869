//! Bodies of version 1 of what is attested: these never change.

use kepi_model::{
    calendar::Grain,
    id::{SourceId, UnitId},
    project::WhenLate,
};
use serde::{Deserialize, Serialize};

use super::v1_deciding::{Day, person, written_person};
use crate::{items, periods::PeriodId, principal::Principal};

/// Of `attestation`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attestation {
    source: SourceId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    grain: Grain,
    first: Day,
    until: Day,
    steward: Principal,
    days: u16,
    cut_off: i64,
    otherwise: WhenLate,
}

impl From<&items::Attestation> for Attestation {
    fn from(of: &items::Attestation) -> Self {
        Self {
            source: of.source.clone(),
            unit: of.unit.clone(),
            grain: of.period.grain,
            first: Day(of.period.first),
            until: Day(of.until),
            steward: written_person(of.steward),
            days: of.days,
            cut_off: of.cut_off,
            otherwise: of.otherwise,
        }
    }
}

impl Attestation {
    pub(super) fn read(self) -> Result<items::Attestation, String> {
        Ok(items::Attestation {
            source: self.source,
            unit: self.unit,
            period: PeriodId { grain: self.grain, first: self.first.0 },
            until: self.until.0,
            steward: person(self.steward)?,
            days: self.days,
            cut_off: self.cut_off,
            otherwise: self.otherwise,
        })
    }
}

/// A unit that a close goes without, and what becomes of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Late {
    pub(super) unit: UnitId,
    pub(super) how: WhenLate,
}
