//! Bodies of version 1 of silences: these never change.

use kepi_model::id::{KpiId, UnitId};
use kepi_proof::Commitment;
use serde::{Deserialize, Serialize};

use super::v1_deciding::number;
use crate::{
    event::{AlertsSilenced, Event, Subject},
    plain::Name,
    silences::Silence,
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Silenced {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    rule: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    kpi: Option<KpiId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<UnitId>,
    until: i64,
    why: Commitment,
}

impl From<&Silence> for Silenced {
    fn from(of: &Silence) -> Self {
        let Silence { rule, kpi, unit, until, why } = of.clone();
        Self { rule, kpi, unit, until, why }
    }
}

impl Silenced {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let Self { rule, kpi, unit, until, why } = self;
        let of = Silence { rule, kpi, unit, until, why };
        Ok(Event::AlertsSilenced(AlertsSilenced { silence: number(subject, "silence")?, of }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ended {}

impl Ended {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        number(subject, "silence").map(Event::SilenceEnded)
    }
}
