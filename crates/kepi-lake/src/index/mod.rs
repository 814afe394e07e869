//! The key index: which versions of which rows a table holds, by hash of their keys.
//!
//! A cache of the table's files, never of record: it is built from them and may be lost. Landing asks it batch by batch,
//! for keys in order and each once, and hands it back what has changed, so that an index on a disk can answer by merging
//! sorted runs as well as this one in memory does by looking up. Nobody else knows how it is kept.

mod chains;
mod memory;

use std::collections::BTreeMap;

pub(crate) use chains::{Chains, EVER, Entry, Link, NONE, OPEN, Version};
pub(crate) use memory::{KeyMap, KeySet, MemoryIndex};

use crate::{error::LakeError, mapping::Key};

/// All versions of a table's rows.
pub(crate) trait KeyIndex: Send {
    /// Reads the versions of `keys`, which are sorted and each there once, into `chains`, which is emptied first. A key
    /// without versions has an empty chain.
    fn probe(&self, keys: &[Key], chains: &mut Chains) -> Result<(), LakeError>;
    /// Takes over the chains that were changed since they were probed.
    fn apply(&mut self, chains: &Chains) -> Result<(), LakeError>;
    /// Passes over every key that has versions, in any order, with its versions in theirs.
    fn scan(&self, each: &mut dyn FnMut(Key, &[Entry])) -> Result<(), LakeError>;
    /// Takes out the rows at these places, by file ascending; the rows behind them move up. Values that rules of
    /// uniqueness knew of keys that are gone with them are free again.
    fn remove(&mut self, places: &BTreeMap<u32, Vec<u32>>) -> Result<(), LakeError>;
    /// Of a rule of uniqueness, by number: the key that has each of these values, which are sorted.
    fn owners(&self, rule: usize, values: &[Key]) -> Result<Vec<Option<Key>>, LakeError>;
    /// Gives values of a rule of uniqueness to keys.
    fn own(&mut self, rule: usize, owned: &[(Key, Key)]) -> Result<(), LakeError>;
    /// How many versions it holds, and bytes of memory it takes.
    fn size(&self) -> (u64, u64);
}
