//! One raw file on its way into the lake.

use std::{path::PathBuf, sync::Arc};

use kepi_model::{
    id::SourceId,
    project::{Entity, MappingFrom, Merges, Source},
};
use kepi_query::landing::Raw;

use crate::{
    catalogue::Table,
    combine::Combining,
    deletes::ByPosition,
    durable::DurableFs,
    erased::Met,
    ledger::Past,
    mapping::{KnownKeys, Rows, Slot},
    merges::Meets,
    table_index::IndexShape,
};

/// One raw file to be landed, with all that is needed.
pub(crate) struct Staging {
    pub source: Source,
    pub entity: Entity,
    pub table: Table,
    pub shape: IndexShape,
    pub fs: Arc<dyn DurableFs>,
    pub folder: PathBuf,
    pub spool: PathBuf,
    pub raw: Arc<dyn Raw>,
    pub name: String,
    pub load: String,
    /// Since when its rows hold if no attribute says otherwise.
    pub effective: i64,
    /// The file that has landed and is newer, although this one lands after it.
    pub newer: Option<String>,
    /// The source whose rows it is about: of a list of keys another one.
    pub about: SourceId,
    /// Other sources of the entity that fill attributes which this one does not: their rows are not superseded.
    pub others: Vec<SourceId>,
    pub at: i64,
    pub past: Past,
    pub known: KnownKeys,
    /// What was erased, as far as its rows can meet it.
    pub erased: Met,
    /// What was merged, as far as its rows can meet it.
    pub meets: Meets,
    /// Whether it is a list of keys that comes with a newer one: it says nothing of what is gone.
    pub overtaken: bool,
    /// When rows end by position.
    pub by_position: ByPosition,
    /// When small files become one.
    pub combining: Combining,
    /// Key of the hashes that the index keeps.
    pub secret: [u8; 32],
}

impl Staging {
    /// Whether the column of merges names what a row itself was merged into.
    pub fn merges_own(&self) -> bool {
        matches!(self.source.merges, Some(Merges::Into { .. }))
    }

    /// The keys that the column of merges names in a row.
    pub fn keys_of_merges(&self, row: usize, rows: &Rows) -> Vec<String> {
        let (Some(merges), Slot::Text(text)) = (&self.source.merges, rows.merged.slot(row)) else {
            return Vec::new();
        };
        let Merges::Lists { separator, .. } = merges else { return vec![text.to_owned()] };
        let of_key = self.source.map.iter().find(|m| self.entity.key.first() == Some(&m.attribute));
        let prefix = match of_key.map(|m| &m.from) {
            Some(MappingFrom::Column { prefix, .. }) => prefix,
            _ => "",
        };
        let keys = text.split(separator.as_str()).map(str::trim).filter(|key| !key.is_empty());
        keys.map(|key| format!("{prefix}{key}")).collect()
    }

    /// The key of the row that a row was merged into, unless that was erased.
    pub fn merged_into(&self, row: usize, rows: &Rows) -> Option<String> {
        let mut named = self.keys_of_merges(row, rows);
        named.pop().filter(|key| self.merges_own() && !self.erased.is_erased(key))
    }

    /// The source by which rows of one key are kept apart, where they are.
    pub fn whose(&self) -> Option<&str> {
        self.shape.apart.then(|| self.about.as_str())
    }
}
