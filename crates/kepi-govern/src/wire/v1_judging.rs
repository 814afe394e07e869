//! Bodies of version 1 of what is said of rows: these never change.

use std::collections::BTreeSet;

use kepi_model::id::EntityId;
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

use crate::{
    event::{Event, Subject},
    judging::{Judging, Verdict},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Judged {
    rows: BTreeSet<Digest>,
    verdict: Verdict,
    why: Commitment,
}

impl From<&Judging> for Judged {
    fn from(of: &Judging) -> Self {
        let Judging { rows, verdict, why, .. } = of.clone();
        Self { rows, verdict, why }
    }
}

impl Judged {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let Self { rows, verdict, why } = self;
        let name = subject.of("entity").ok_or_else(|| format!("`{subject}` is no entity"))?;
        let of: EntityId = name.parse().map_err(|_| format!("`{name}` names no entity"))?;
        Ok(Event::RowsJudged(Judging { of, rows, verdict, why }))
    }
}
