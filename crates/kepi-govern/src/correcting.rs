//! Corrections: what somebody says by hand of a row that was rejected. The raw file stays as it came; what is said holds for a row
//! of a content, whatever the file is called.

use std::collections::BTreeMap;

use kepi_model::id::{Hash, SourceId};
use kepi_proof::Commitment;
use serde::Serialize;

use crate::principal::Principal;

/// What somebody says of a row of a raw file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Correcting {
    /// The source.
    pub of: SourceId,
    /// Hash of the file's bytes.
    pub content: Hash,
    /// Number of the row in it, from 1.
    pub row: u64,
    /// What stands in which columns, and what stood there; none: what was said of the row before is taken back.
    pub cells: Option<Commitment>,
    /// Why.
    pub why: Commitment,
}

/// A correction that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The position of the log at which it was said.
    pub seq: u64,
    /// When, in µs UTC.
    pub at: i64,
    /// Who said it.
    pub by: Principal,
    /// What stands in which columns, and what stood there.
    pub cells: Commitment,
    /// Why.
    pub why: Commitment,
}

/// The corrections that hold: what was said last of each row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corrected(BTreeMap<(SourceId, Hash), BTreeMap<u64, Correction>>);

impl Corrected {
    /// Those of a content of a source, by row; none: it is taken as it came.
    pub fn of(&self, source: &SourceId, content: Hash) -> Option<&BTreeMap<u64, Correction>> {
        self.0.get(&(source.clone(), content))
    }

    /// All of them: source, content, row, and what holds.
    pub fn all(&self) -> impl Iterator<Item = (&SourceId, Hash, u64, &Correction)> {
        self.0.iter().flat_map(|((source, content), rows)| {
            rows.iter().map(move |(row, correction)| (source, *content, *row, correction))
        })
    }

    pub(crate) fn take(&mut self, said: &Correcting, (seq, at, by): (u64, i64, &Principal)) {
        let place = (said.of.clone(), said.content);
        match said.cells {
            Some(cells) => {
                let correction = Correction { seq, at, by: by.clone(), cells, why: said.why };
                self.0.entry(place).or_default().insert(said.row, correction);
            }
            None => {
                let Some(rows) = self.0.get_mut(&place) else { return };
                rows.remove(&said.row);
                if rows.is_empty() {
                    self.0.remove(&place);
                }
            }
        }
    }
}
