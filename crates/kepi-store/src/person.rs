//! Who acts: events know a number, the name stands here alone and can be erased.

use std::collections::BTreeMap;

use kepi_govern::Principal;

use crate::{
    error::StoreError,
    sql::{common::door as sql, stored},
    store::{Store, Transaction},
};

/// As [`Store::person`], within a change.
pub(crate) async fn number_in(tx: &mut Transaction, name: &str) -> Result<Principal, StoreError> {
    if let Some(row) = tx.query(sql::PERSON).bind(name).first().await? {
        return Ok(Principal::Person(row.count("person")?));
    }
    let next: i64 = tx.query(sql::NEXT_PERSON).value().await?;
    tx.query(sql::ADD_PERSON).bind(next).bind(name).run().await?;
    Ok(Principal::Person(next.unsigned_abs()))
}

impl Store {
    /// The person of a name, with a number of its own from the first time on.
    ///
    /// # Errors
    /// The database refused.
    pub async fn person(&self, name: &str) -> Result<Principal, StoreError> {
        if let Some(row) = self.read().await?.query(sql::PERSON).bind(name).first().await? {
            return Ok(Principal::Person(row.count("person")?));
        }
        let mut tx = self.begin().await?;
        let person = number_in(&mut tx, name).await?;
        tx.commit().await?;
        Ok(person)
    }

    /// The names of all persons by number; those that were erased are left out.
    ///
    /// # Errors
    /// The database refused.
    pub async fn names(&self) -> Result<BTreeMap<u64, String>, StoreError> {
        let rows = self.read().await?.query(sql::NAMES).all().await?;
        rows.iter().map(|row| Ok((row.count("person")?, row.get("name")?))).collect()
    }

    /// What to call somebody: the name of a person, if it is still known; a job by what it is.
    ///
    /// # Errors
    /// The database refused.
    pub async fn name_of(&self, principal: &Principal) -> Result<String, StoreError> {
        let known = match principal {
            Principal::Person(number) => {
                self.read().await?.query(sql::NAME).bind(stored(*number)).first().await?
            }
            Principal::Job(_) => None,
        };
        let name = known.map(|row| row.get::<Option<String>>("name")).transpose()?.flatten();
        Ok(name.unwrap_or_else(|| principal.to_string()))
    }
}
