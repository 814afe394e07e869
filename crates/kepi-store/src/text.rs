//! Texts that events name by commitment, one row each: a row can be erased, and the log is as whole as before.

use std::collections::BTreeMap;

use kepi_proof::{Commitment, Salt};
use uuid::Uuid;

use crate::{
    error::StoreError,
    sql::common::{audit, door as sql},
    store::{Reading, Store, Transaction},
};

/// How many texts are read at once.
const AT_ONCE: usize = 200;

/// A text with a salt of its own, not kept yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewText {
    /// The commitment to it.
    pub commitment: Commitment,
    salt: Salt,
    text: String,
}

/// 32 bytes of which 244 bits are random.
pub fn salt() -> Salt {
    let mut bytes = [0; 32];
    let (left, right) = bytes.split_at_mut(16);
    left.copy_from_slice(Uuid::new_v4().as_bytes());
    right.copy_from_slice(Uuid::new_v4().as_bytes());
    Salt(bytes)
}

impl NewText {
    /// Commits to a text.
    pub fn new(text: String) -> Self {
        let salt = salt();
        Self { commitment: Commitment::to(&salt, &text), salt, text }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Transaction {
    /// Keeps a text.
    ///
    /// # Errors
    /// The database refused.
    pub async fn keep_text(&mut self, new: &NewText) -> Result<(), StoreError> {
        let commitment = new.commitment.to_string();
        self.query(sql::KEEP_TEXT).bind(commitment).bind(new.salt.to_string()).bind(&*new.text).run().await?;
        Ok(())
    }
}

impl Reading {
    /// The text of a commitment; none: it was erased.
    ///
    /// # Errors
    /// The database refused, or holds another text.
    pub async fn text(&mut self, commitment: &Commitment) -> Result<Option<String>, StoreError> {
        Ok(self.texts(&[*commitment]).await?.remove(commitment))
    }

    /// The texts of commitments; those that were erased are left out.
    ///
    /// # Errors
    /// The database refused, or holds another text.
    pub async fn texts(
        &mut self,
        commitments: &[Commitment],
    ) -> Result<BTreeMap<Commitment, String>, StoreError> {
        let corrupt = |reason: String| StoreError::Corrupt { what: "a text", reason };
        let digits = |e: kepi_proof::NotADigest| corrupt(e.to_string());
        let mut found = BTreeMap::new();
        for some in commitments.chunks(AT_ONCE) {
            // Hexadecimal digits and nothing else.
            let list = some.iter().map(|c| format!("'{c}'")).collect::<Vec<_>>().join(", ");
            for row in self.query_texts(&list).all().await? {
                let commitment: Commitment = row.get::<String>("commitment")?.parse().map_err(digits)?;
                let salt: Salt = row.get::<String>("salt")?.parse().map_err(digits)?;
                let text: String = row.get("text")?;
                if !commitment.is_to(&salt, &text) {
                    return Err(corrupt(format!("it is not the text of {commitment}")));
                }
                found.insert(commitment, text);
            }
        }
        Ok(found)
    }
}

impl Store {
    /// Texts after one in the order of their commitments, at most `limit`, each with commitment and salt, as they stand.
    ///
    /// # Errors
    /// The database refused.
    pub async fn texts_after(
        &self,
        seen: &str,
        limit: u32,
    ) -> Result<Vec<(String, String, String)>, StoreError> {
        let mut reading = self.read().await?;
        let rows = reading.query(audit::TEXTS).bind(seen).bind(i64::from(limit)).all().await?;
        rows.iter().map(|row| Ok((row.get("commitment")?, row.get("salt")?, row.get("text")?))).collect()
    }
}
