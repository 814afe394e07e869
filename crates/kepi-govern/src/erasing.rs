//! Erasing: rows that are taken out of everything that is kept, for good. What is known of them afterwards is a keyed digest of each
//! key, by which the row is told from others if it is delivered again.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::id::EntityId;
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

use crate::{event::Sealed, plain::Uuid, principal::Principal};

/// The most keys that are erased at once.
pub const MOST: usize = 1000;
/// How long it holds that somebody asked, µs: thirty days.
const HOLDS: i64 = 30 * 86_400_000_000;

/// Asks for rows to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Erase {
    /// Whose rows.
    pub of: EntityId,
    /// What stands for each key: nothing to whoever lacks the secret of this log.
    pub keys: BTreeSet<Digest>,
    /// Entities whose rows go, too, where they refer to one of them; rows of all others lose their reference.
    pub with: BTreeSet<EntityId>,
    /// Why.
    pub why: Commitment,
}

/// A load of which less is left: what its records commit to from now on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resealed {
    /// The load.
    pub load: Uuid,
    /// The commitment to its row in the ledger.
    pub ledger: Commitment,
    /// The commitment to the root over its rejected rows, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Commitment>,
}

/// What was reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reached {
    /// Rows that went, by entity: every version of each.
    pub rows: BTreeMap<EntityId, u64>,
    /// Rows that lost their reference, by entity.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub emptied: BTreeMap<EntityId, u64>,
    /// Rejected rows of which nothing but place and rule is left.
    pub rejected: u64,
    /// Raw files that went whole.
    pub raw: u64,
    /// Texts beside the log that went.
    pub texts: u64,
    /// Published figures that rest on rows that went; they stand.
    pub figures: u64,
}

/// `rows.erased`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowsErased {
    /// What was asked for.
    pub erase: Erase,
    /// What was reached.
    pub reached: Reached,
    /// The newest snapshot of the lake after it.
    pub snapshot: u64,
    /// Checksums of the data files that were written anew.
    pub files: Sealed,
    /// Loads whose records are others now.
    pub loads: Vec<Resealed>,
    /// What published figures that rest on them are held against.
    pub stand: Commitment,
}

/// Every key that was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    keys: BTreeMap<EntityId, BTreeMap<Digest, BTreeSet<EntityId>>>,
    /// How often rows were erased.
    times: u64,
    /// What was asked for and not done yet: by whom, and when, µs UTC.
    asked: Vec<(Erase, Principal, i64)>,
}

impl Erased {
    /// How often rows were erased.
    pub fn times(&self) -> u64 {
        self.times
    }

    /// The erased keys of an entity, each with the entities whose rows that refer to it go, too; none: nothing of it was erased.
    pub fn of(&self, entity: &EntityId) -> Option<&BTreeMap<Digest, BTreeSet<EntityId>>> {
        self.keys.get(entity)
    }

    /// Whether somebody else has asked for the same, not too long ago.
    pub fn asked_by_another(&self, erase: &Erase, by: &Principal, at: i64) -> bool {
        let is_live = |since: i64| (0..HOLDS).contains(&(at - since));
        self.asked.iter().any(|(of, who, since)| same(of, erase) && who != by && is_live(*since))
    }

    pub(crate) fn ask(&mut self, erase: &Erase, by: &Principal, at: i64) {
        self.asked.retain(|(of, who, _)| !(same(of, erase) && who == by));
        self.asked.push((erase.clone(), by.clone(), at));
    }

    pub(crate) fn take(&mut self, erase: &Erase) {
        self.times += 1;
        self.asked.retain(|(of, ..)| !same(of, erase));
        let known = self.keys.entry(erase.of.clone()).or_default();
        for key in &erase.keys {
            known.entry(*key).or_default().extend(erase.with.iter().cloned());
        }
    }
}

/// Whether the same rows are meant, whatever the reason.
fn same(one: &Erase, other: &Erase) -> bool {
    (&one.of, &one.keys, &one.with) == (&other.of, &other.keys, &other.with)
}
