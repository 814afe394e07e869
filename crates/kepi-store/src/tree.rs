//! The tree of hashes over the log, kept as it grows: every hash in the order in which it became known, in the
//! transaction that appends the event.
//!
//! A leaf covers the whole event, in the bytes of [`Recorded::line`].

use std::collections::BTreeMap;

use kepi_govern::Recorded;
use kepi_proof::{Digest, Frontier, merkle, path};

use crate::{
    error::StoreError,
    event::unreadable,
    sql::{common::tree as sql, many, stored},
    store::{Reading, Transaction},
};

/// How many hashes are read at once.
const AT_ONCE: usize = 200;

fn corrupt(reason: impl ToString) -> StoreError {
    StoreError::Corrupt { what: "the tree over the log", reason: reason.to_string() }
}

/// The right edge of the tree over the first `size` events.
pub(crate) async fn edge(tx: &mut Reading, size: u64) -> Result<Frontier, StoreError> {
    let whole = 0..size;
    let places = path::needed(std::slice::from_ref(&whole));
    let found = hashes(tx, &places).await?;
    let peaks: Vec<Digest> = places.iter().filter_map(|at| found.get(at).copied()).collect();
    Frontier::resume(size, peaks).ok_or_else(|| corrupt("hashes are missing; `kepi audit verify` says which"))
}

/// Grows the tree by an event.
pub(crate) async fn grow(
    tx: &mut Transaction,
    edge: &mut Frontier,
    recorded: &Recorded,
) -> Result<(), StoreError> {
    let first = path::kept(edge.size());
    let mut known = Vec::new();
    edge.grow(leaf(recorded)?, |hash| known.push(hash));
    let mut insert = tx.query_built(many(sql::KEEP, 0, 2, known.len()));
    for (at, hash) in (first..).zip(known) {
        insert = insert.bind(stored(at)).bind(hash.to_string());
    }
    insert.run().await?;
    Ok(())
}

/// The leaf of an event.
pub(crate) fn leaf(recorded: &Recorded) -> Result<Digest, StoreError> {
    Ok(merkle::leaf(recorded.line().map_err(unreadable)?.as_bytes()))
}

/// The hashes at some places; those that are not there are left out.
pub(crate) async fn hashes(tx: &mut Reading, places: &[u64]) -> Result<BTreeMap<u64, Digest>, StoreError> {
    let mut found = BTreeMap::new();
    for some in places.chunks(AT_ONCE) {
        // Digits and nothing else.
        let list = some.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        for row in
            tx.query_built(format!("SELECT at, hash FROM kepi_tree WHERE at IN ({list})")).all().await?
        {
            found.insert(row.count("at")?, row.get::<String>("hash")?.parse().map_err(corrupt)?);
        }
    }
    Ok(found)
}

/// Up to `limit` hashes from a place on, as they stand; what is no hash is none.
pub(crate) async fn from(
    tx: &mut Reading,
    at: u64,
    limit: u32,
) -> Result<Vec<(i64, Option<Digest>)>, StoreError> {
    let rows = tx.query(sql::FROM).bind(stored(at)).bind(i64::from(limit)).all().await?;
    rows.iter().map(|row| Ok((row.get("at")?, row.get::<String>("hash")?.parse().ok()))).collect()
}
