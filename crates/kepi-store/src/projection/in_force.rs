//! `kepi_in_force`: which text of each definition is in force from which day on. The row `files` says which definitions
//! stand in which files.

use kepi_govern::{Effective, Event, Recorded};

use crate::{
    error::StoreError,
    sql::{common::projection as sql, stored},
    store::Transaction,
};

/// The row that is no definition's.
const FILES: &str = "files";

pub(super) async fn on(tx: &mut Transaction, recorded: &Recorded, event: &Event) -> Result<(), StoreError> {
    let Event::DefinitionAdopted(adoption) = event else { return Ok(()) };
    // Nothing sorts before the empty text: it is earlier than every day.
    let since = match adoption.from {
        Effective::Ever => String::new(),
        Effective::From(day) => day.to_string(),
    };
    for (id, adopted) in &adoption.texts {
        let (text, meaning) = (adopted.text.map(String::from), adopted.meaning.map(String::from));
        put(tx, id.to_string(), &since, text, meaning, recorded.seq).await?;
    }
    if let Some(files) = adoption.files {
        put(tx, FILES.to_owned(), &since, Some(files.to_string()), None, recorded.seq).await?;
    }
    Ok(())
}

async fn put(
    tx: &mut Transaction,
    id: String,
    since: &str,
    text: Option<String>,
    meaning: Option<String>,
    seq: u64,
) -> Result<(), StoreError> {
    tx.query(sql::END_IN_FORCE).bind(id.clone()).bind(since).run().await?;
    tx.query(sql::IN_FORCE).bind(id).bind(since).bind(text).bind(meaning).bind(stored(seq)).run().await?;
    Ok(())
}

pub(super) async fn clear(tx: &mut Transaction) -> Result<(), StoreError> {
    tx.query(sql::CLEAR_IN_FORCE).run().await?;
    Ok(())
}
