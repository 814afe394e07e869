//! Rows that the source has merged into others: what refers to one counts for the other. They are found in the rows of the lake and
//! change in the transaction that changes these, so that whoever lands rows that refer to them need not read them.

use std::collections::BTreeMap;

use crate::{
    error::StoreError,
    sql::common::merge as sql,
    store::{Reading, Transaction},
};

/// What a row was merged into, as its newest row says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The key of the row it was merged into.
    pub into: String,
    /// The load that says so.
    pub load: String,
}

/// By the key of the row that was merged.
pub type Merges = BTreeMap<String, Merge>;

/// All of an entity.
///
/// # Errors
/// The database refused.
pub async fn of_entity(tx: &mut Reading, entity: &str) -> Result<Merges, StoreError> {
    let rows = tx.query(sql::OF_ENTITY).bind(entity).all().await?;
    let merge = |row: &crate::sql::Row| {
        Ok((row.get("merged")?, Merge { into: row.get("into_key")?, load: row.get("load")? }))
    };
    rows.iter().map(merge).collect()
}

/// Entities of which rows are merged.
///
/// # Errors
/// The database refused.
pub async fn entities(tx: &mut Reading) -> Result<Vec<String>, StoreError> {
    tx.query(sql::ENTITIES).all().await?.iter().map(|row| row.get("entity")).collect()
}

/// Makes what is known of an entity another.
///
/// # Errors
/// The database refused.
pub async fn change(
    tx: &mut Transaction,
    entity: &str,
    before: &Merges,
    after: &Merges,
) -> Result<(), StoreError> {
    for merged in before.keys().filter(|merged| !after.contains_key(*merged)) {
        tx.query(sql::FORGET).bind(entity).bind(&**merged).run().await?;
    }
    for (merged, of) in after.iter().filter(|(merged, of)| before.get(*merged) != Some(of)) {
        tx.query(sql::ENTER).bind(entity).bind(&**merged).bind(&*of.into).bind(&*of.load).run().await?;
    }
    Ok(())
}
