//! One raw file on its way into the lake.

use std::{path::PathBuf, sync::Arc};

use kepi_model::{
    id::SourceId,
    project::{Entity, Source},
};
use kepi_query::landing::Raw;

use crate::{
    catalogue::Table, durable::DurableFs, erased::Met, ledger::Past, mapping::KnownKeys,
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
    /// Key of the hashes that the index keeps.
    pub secret: [u8; 32],
}

impl Staging {
    /// The source by which rows of one key are kept apart, where they are.
    pub fn whose(&self) -> Option<&str> {
        self.shape.apart.then(|| self.about.as_str())
    }
}
