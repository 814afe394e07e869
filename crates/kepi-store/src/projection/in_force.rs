//! `kepi_in_force`: which text of each definition is in force from which day on. The row `files` says which definitions
//! stand in which files.

use std::collections::{BTreeMap, BTreeSet};

use kepi_govern::{Effective, Event, Recorded};

use crate::{
    error::StoreError,
    sql::{Row, common::projection as sql, stored},
    store::{Reading, Transaction},
};

/// The row that is no definition's.
const FILES: &str = "files";

/// A row: that a text of a definition is in force from a day on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InForceRow {
    /// The definition.
    pub id: String,
    /// From when on; nothing sorts before the empty text, which is earlier than every day.
    since: String,
    text: Option<String>,
    meaning: Option<String>,
    seq: u64,
}

/// The rows that an event adds, each in place of those of its definition that begin no earlier.
fn rows_of(seq: u64, event: &Event) -> Vec<InForceRow> {
    let Event::DefinitionAdopted(adoption) = event else { return Vec::new() };
    let since = match adoption.from {
        Effective::Ever => String::new(),
        Effective::From(day) => day.to_string(),
    };
    let row = |id: String, text, meaning| InForceRow { id, since: since.clone(), text, meaning, seq };
    let definitions = adoption.texts.iter().map(|(id, adopted)| {
        row(id.to_string(), adopted.text.map(String::from), adopted.meaning.map(String::from))
    });
    let files = adoption.files.map(|files| row(FILES.to_owned(), Some(files.to_string()), None));
    definitions.chain(files).collect()
}

pub(super) async fn on(tx: &mut Transaction, recorded: &Recorded, event: &Event) -> Result<(), StoreError> {
    for InForceRow { id, since, text, meaning, seq } in rows_of(recorded.seq, event) {
        tx.query(sql::END_IN_FORCE).bind(id.clone()).bind(since.clone()).run().await?;
        tx.query(sql::IN_FORCE).bind(id).bind(since).bind(text).bind(meaning).bind(stored(seq)).run().await?;
    }
    Ok(())
}

/// The same folded without a database, to be held against it.
#[derive(Debug, Default)]
pub(crate) struct InForceRows(BTreeMap<String, Vec<InForceRow>>);

impl InForceRows {
    pub(crate) fn on(&mut self, seq: u64, event: &Event) {
        for row in rows_of(seq, event) {
            let held = self.0.entry(row.id.clone()).or_default();
            held.retain(|old| old.since < row.since);
            held.push(row);
        }
    }

    pub(crate) fn rows(self) -> impl Iterator<Item = InForceRow> {
        self.0.into_values().flatten()
    }
}

/// The rows as they stand.
pub(crate) async fn as_stored(tx: &mut Reading) -> Result<BTreeSet<InForceRow>, StoreError> {
    let row = |row: &Row| {
        Ok(InForceRow {
            id: row.get("id")?,
            since: row.get("since")?,
            text: row.get("text")?,
            meaning: row.get("meaning")?,
            seq: row.count("seq")?,
        })
    };
    tx.query(sql::ALL_IN_FORCE).all().await?.iter().map(row).collect()
}

pub(super) async fn clear(tx: &mut Transaction) -> Result<(), StoreError> {
    tx.query(sql::CLEAR_IN_FORCE).run().await?;
    Ok(())
}
