//! Bodies of version 1 of what was erased: these never change.

use std::collections::BTreeSet;

use kepi_model::id::EntityId;
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

use crate::{
    erasing::{Erase, Reached, Resealed, RowsErased},
    event::{Event, Sealed, Subject},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Erased {
    keys: BTreeSet<Digest>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    with: BTreeSet<EntityId>,
    why: Commitment,
    reached: Reached,
    snapshot: u64,
    files: Sealed,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    loads: Vec<Resealed>,
    stand: Commitment,
}

impl From<&RowsErased> for Erased {
    fn from(of: &RowsErased) -> Self {
        let RowsErased { erase, reached, snapshot, files, loads, stand } = of.clone();
        let Erase { keys, with, why, .. } = erase;
        Self { keys, with, why, reached, snapshot, files, loads, stand }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    keys: BTreeSet<Digest>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    with: BTreeSet<EntityId>,
    why: Commitment,
}

impl From<&Erase> for Asked {
    fn from(of: &Erase) -> Self {
        let Erase { keys, with, why, .. } = of.clone();
        Self { keys, with, why }
    }
}

impl Asked {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let Self { keys, with, why } = self;
        Ok(Event::ErasureAsked(Erase { of: entity(subject)?, keys, with, why }))
    }
}

fn entity(subject: &Subject) -> Result<EntityId, String> {
    let name = subject.of("entity").ok_or_else(|| format!("`{subject}` is no entity"))?;
    name.parse().map_err(|_| format!("`{name}` names no entity"))
}

impl Erased {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let Self { keys, with, why, reached, snapshot, files, loads, stand } = self;
        let erase = Erase { of: entity(subject)?, keys, with, why };
        Ok(Event::RowsErased(RowsErased { erase, reached, snapshot, files, loads, stand }))
    }
}
