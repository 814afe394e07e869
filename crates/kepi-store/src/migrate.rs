//! A database of format 1 becomes one of today: its events are sealed as they stood.
//!
//! Their bodies hold whatever was written then, names of files and cells among it, so each becomes a text that the log
//! names by a commitment and that can be erased. Whoever acted becomes a person with a number. Format 2 had no tree over
//! its log: it grows over the events as they stand.

use kepi_govern::{
    Event,
    event::{Legacy, Subject},
    wire,
};

use kepi_proof::Frontier;

use crate::{
    door,
    error::StoreError,
    event::{self, EventFilter, unreadable},
    person,
    sql::common::{door as sql, migrate},
    store::Transaction,
    text::NewText,
    tree,
};

/// Seals every event of format 1, whose table stands aside, and lets that table go.
pub(crate) async fn seal_events_of_format_1(tx: &mut Transaction) -> Result<(), StoreError> {
    let plain = |e: kepi_govern::plain::NotPlain| StoreError::Corrupt {
        what: "an event of format 1",
        reason: e.to_string(),
    };
    let mut edge = Frontier::default();
    let (mut seen, mut seq, mut at) = (0i64, 0, i64::MIN);
    loop {
        let rows = tx.query(migrate::EVENTS).bind(seen).all().await?;
        let Some(last) = rows.last() else { break };
        seen = last.get("seq")?;
        for row in &rows {
            let body = NewText::new(row.get("body")?);
            tx.keep_text(&body).await?;
            let by = person::number_in(tx, &row.get::<String>("actor")?).await?;
            seq += 1;
            at = at.max(row.get("at")?);
            let event = Event::Legacy(Legacy {
                was: row.get::<String>("kind")?.parse().map_err(plain)?,
                id: row.get::<String>("id")?.parse().map_err(plain)?,
                body: body.commitment,
                subject: Subject::recorded(&row.get::<String>("subject")?),
            });
            let written = wire::write(&event).map_err(unreadable)?;
            door::append(tx, &mut edge, seq, at, &by.to_string(), None, written).await?;
        }
    }
    if seq > 0 {
        tx.query(sql::SET_HEAD).bind(crate::sql::stored(seq)).bind(at).run().await?;
    }
    tx.query(migrate::DROP_EVENTS).run().await?;
    Ok(())
}

/// How many events are read at once.
const CHUNK: u32 = 1000;

/// Grows the tree over a log of format 2.
pub(crate) async fn grow_tree(tx: &mut Transaction) -> Result<(), StoreError> {
    let mut edge = Frontier::default();
    loop {
        let filter = EventFilter { after: Some(edge.size()), limit: Some(CHUNK), ..EventFilter::default() };
        let events = event::select(tx, &filter).await?;
        if events.is_empty() {
            return Ok(());
        }
        for recorded in &events {
            tree::grow(tx, &mut edge, recorded).await?;
        }
    }
}
