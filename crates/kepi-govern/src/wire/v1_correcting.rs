//! Bodies of version 1 of what is said of rows by hand: these never change.

use kepi_model::id::{Hash, SourceId};
use kepi_proof::Commitment;
use serde::{Deserialize, Serialize};

use crate::{
    correcting::Correcting,
    event::{Event, Subject},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Corrected {
    content: Hash,
    row: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cells: Option<Commitment>,
    why: Commitment,
}

impl From<&Correcting> for Corrected {
    fn from(of: &Correcting) -> Self {
        let Correcting { content, row, cells, why, .. } = of.clone();
        Self { content, row, cells, why }
    }
}

impl Corrected {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let Self { content, row, cells, why } = self;
        let name = subject.of("source").ok_or_else(|| format!("`{subject}` is no source"))?;
        let of: SourceId = name.parse().map_err(|_| format!("`{name}` names no source"))?;
        Ok(Event::RowCorrected(Correcting { of, content, row, cells, why }))
    }
}
