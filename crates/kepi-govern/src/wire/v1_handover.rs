//! Bodies of version 1 of what is handed over and told: these never change.

use kepi_model::id::{KpiId, UnitId};
use serde::{Deserialize, Serialize};

use super::v1_deciding::{Day, person, written_person};
use crate::{directory, items, principal::Principal};

/// `{"kpi": …}`, `{"seat": {"unit": …, "of": …}}`, `{"unit": …}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Duty {
    Kpi(KpiId),
    Seat(Seat),
    Unit(UnitId),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seat {
    unit: UnitId,
    of: Principal,
}

impl From<&directory::Duty> for Duty {
    fn from(of: &directory::Duty) -> Self {
        match of {
            directory::Duty::Kpi(kpi) => Self::Kpi(kpi.clone()),
            directory::Duty::Seat { unit, of } => {
                Self::Seat(Seat { unit: unit.clone(), of: written_person(*of) })
            }
            directory::Duty::Unit(unit) => Self::Unit(unit.clone()),
        }
    }
}

impl Duty {
    fn read(self) -> Result<directory::Duty, String> {
        Ok(match self {
            Self::Kpi(kpi) => directory::Duty::Kpi(kpi),
            Self::Seat(Seat { unit, of }) => directory::Duty::Seat { unit, of: person(of)? },
            Self::Unit(unit) => directory::Duty::Unit(unit),
        })
    }
}

/// Of `handover`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Handover {
    from: Principal,
    to: Principal,
    duties: Vec<Duty>,
    items: Vec<u64>,
    register: u64,
}

impl From<&items::Handover> for Handover {
    fn from(of: &items::Handover) -> Self {
        Self {
            from: written_person(of.from),
            to: written_person(of.to),
            duties: of.duties.iter().map(Duty::from).collect(),
            items: of.items.iter().copied().collect(),
            register: of.register,
        }
    }
}

impl Handover {
    pub(super) fn read(self) -> Result<items::Handover, String> {
        Ok(items::Handover {
            from: person(self.from)?,
            to: person(self.to)?,
            duties: self.duties.into_iter().map(Duty::read).collect::<Result<_, _>>()?,
            items: self.items.into_iter().collect(),
            register: self.register,
        })
    }
}

/// Of `notice`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notice {
    kpi: KpiId,
    from: Day,
    to: Principal,
    register: u64,
    /// Of a KPI that is still there.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    announced: bool,
}

impl From<&items::Notice> for Notice {
    fn from(of: &items::Notice) -> Self {
        Self {
            kpi: of.kpi.clone(),
            from: Day(of.from),
            to: written_person(of.to),
            register: of.register,
            announced: of.announced,
        }
    }
}

impl Notice {
    pub(super) fn read(self) -> Result<items::Notice, String> {
        let Self { kpi, from, to, register, announced } = self;
        Ok(items::Notice { kpi, from: from.0, to: person(to)?, register, announced })
    }
}

/// Of `change_notice`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeNotice {
    to: Principal,
    kpis: Vec<KpiId>,
    before: u64,
    register: u64,
}

impl From<&items::ChangeNotice> for ChangeNotice {
    fn from(of: &items::ChangeNotice) -> Self {
        Self {
            to: written_person(of.to),
            kpis: of.kpis.iter().cloned().collect(),
            before: of.before,
            register: of.register,
        }
    }
}

impl ChangeNotice {
    pub(super) fn read(self) -> Result<items::ChangeNotice, String> {
        let Self { to, kpis, before, register } = self;
        Ok(items::ChangeNotice { to: person(to)?, kpis: kpis.into_iter().collect(), before, register })
    }
}
