//! What signing in needs beside the log: what passwords are recognised by, browsers that are signed in, failures in a row.
//!
//! Secrets come in as hashes only. Who signs in, in which roles, and which tokens there are is said by the log
//! ([`kepi_govern::access::Access`]).

use kepi_govern::Evidence;

use crate::{
    door::{Effects, Receipt},
    error::StoreError,
    sql::{common::access as sql, stored},
    store::{Reading, Store, Transaction},
};

/// What is kept of a person's password as the log is told of the sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// This is kept from now on.
    Password(String),
    /// What is kept stays.
    AsItWas,
    /// Nothing is kept.
    None,
}

/// Writes what a sign-in needs beside its event. Whoever was signed in as that person is signed out, unless only roles
/// have changed.
#[derive(Debug)]
pub struct KeepCredential {
    /// The person's number.
    pub person: u64,
    /// What is kept.
    pub credential: Credential,
}

impl Effects for KeepCredential {
    type Output = ();
    type Error = StoreError;

    async fn prepare(&mut self, _: &mut Transaction) -> Result<Evidence, StoreError> {
        Ok(Evidence::None)
    }

    async fn write(&mut self, tx: &mut Transaction, _: Receipt) -> Result<(), StoreError> {
        let person = stored(self.person);
        match &self.credential {
            Credential::AsItWas => return Ok(()),
            Credential::Password(hash) => {
                tx.query(sql::KEEP_PASSWORD).bind(person).bind(hash.clone()).run().await?
            }
            Credential::None => tx.query(sql::FORGET_PASSWORD).bind(person).run().await?,
        };
        tx.query(sql::END_SESSIONS_OF).bind(person).run().await?;
        Ok(())
    }
}

/// A command whose events are all there is of it.
#[derive(Debug, Clone, Copy)]
pub struct EventsOnly;

impl Effects for EventsOnly {
    type Output = ();
    type Error = StoreError;

    async fn prepare(&mut self, _: &mut Transaction) -> Result<Evidence, StoreError> {
        Ok(Evidence::None)
    }

    async fn write(&mut self, _: &mut Transaction, _: Receipt) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A browser that is signed in. Times are µs UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The person's number.
    pub person: u64,
    /// When it began.
    pub began: i64,
    /// When it was last used, as far as that was kept.
    pub seen: i64,
}

/// Failures in a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// When the last was, µs UTC.
    pub at: i64,
}

impl Store {
    /// What the password of a person is recognised by.
    ///
    /// # Errors
    /// The database refused.
    pub async fn password(&self, person: u64) -> Result<Option<String>, StoreError> {
        let row = self.read().await?.query(sql::PASSWORD).bind(stored(person)).first().await?;
        row.map(|row| row.get("hash")).transpose()
    }

    /// The person of a name, if there is one.
    ///
    /// # Errors
    /// The database refused.
    pub async fn person_named(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let sql = crate::sql::common::door::PERSON;
        let row = self.read().await?.query(sql).bind(name.to_owned()).first().await?;
        row.map(|row| row.count("person")).transpose()
    }

    /// Keeps a session under the hash of its key, and lets go those that began or were last used before.
    ///
    /// # Errors
    /// The database refused.
    pub async fn begin_session(
        &self,
        id: &str,
        person: u64,
        at: i64,
        began_before: i64,
        seen_before: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.query(sql::SWEEP_SESSIONS).bind(began_before).bind(seen_before).run().await?;
        tx.query(sql::BEGIN_SESSION).bind(id).bind(stored(person)).bind(at).run().await?;
        tx.commit().await
    }

    /// The session under a hash.
    ///
    /// # Errors
    /// The database refused.
    pub async fn session(&self, id: &str) -> Result<Option<Session>, StoreError> {
        let row = self.read().await?.query(sql::SESSION).bind(id.to_owned()).first().await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Session { person: row.count("person")?, began: row.get("began")?, seen: row.get("seen")? }))
    }

    /// Says that a session was used.
    ///
    /// # Errors
    /// The database refused.
    pub async fn use_session(&self, id: &str, at: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.query(sql::SEEN).bind(id).bind(at).run().await?;
        tx.commit().await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database refused.
    pub async fn end_session(&self, id: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.query(sql::END_SESSION).bind(id).run().await?;
        tx.commit().await
    }

    /// How often in a row it failed under each of some hashes.
    ///
    /// # Errors
    /// The database refused.
    pub async fn failures(&self, of: &[String]) -> Result<Vec<Failures>, StoreError> {
        let mut tx = self.read().await?;
        let mut found = Vec::new();
        for who in of {
            found.push(failures(&mut tx, who).await?);
        }
        Ok(found)
    }

    /// One more failure under each of some hashes; failures before a time do not count any more.
    ///
    /// # Errors
    /// The database refused.
    pub async fn failed(&self, of: &[String], at: i64, forgotten_before: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.query(sql::SWEEP_FAILURES).bind(forgotten_before).run().await?;
        for who in of {
            tx.query(sql::FAILED).bind(who.clone()).bind(at).bind(forgotten_before).run().await?;
        }
        tx.commit().await
    }

    /// Forgets the failures under a hash.
    ///
    /// # Errors
    /// The database refused.
    pub async fn went_well(&self, who: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.query(sql::WENT_WELL).bind(who).run().await?;
        tx.commit().await
    }
}

async fn failures(tx: &mut Reading, who: &str) -> Result<Failures, StoreError> {
    let Some(row) = tx.query(sql::FAILURES).bind(who.to_owned()).first().await? else {
        return Ok(Failures::default());
    };
    Ok(Failures { count: row.count("failures")?, at: row.get("at")? })
}
