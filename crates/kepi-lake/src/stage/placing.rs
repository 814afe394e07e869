//! A batch while its rows are placed in the history of their table.

use std::collections::BTreeMap;

use crate::{
    index::{Chains, KeyMap},
    mapping::{Fate, Key},
};

/// What is known of a batch while its rows are placed.
#[derive(Default)]
pub(super) struct Placing {
    /// The keys of its rows, sorted, and where the key of each row stands among them.
    pub keys: Vec<Key>,
    places: Vec<u32>,
    /// Keys with their rows, to be sorted.
    of_rows: Vec<(Key, u32)>,
    pub chains: Chains,
    /// Of every rule of uniqueness: which key has a value that a row of the batch has.
    pub owners: Vec<KeyMap<Key>>,
    /// Values of rules of uniqueness and the keys that have them from now on.
    pub owned: Vec<Vec<(Key, Key, u64)>>,
    /// Rows to be written, and since when and until when each holds.
    pub landing: Vec<u32>,
    pub intervals: Vec<(i64, i64)>,
    /// Of them those that were merged, and into which.
    pub merged: BTreeMap<u32, String>,
}

impl Placing {
    /// One with so many rules of uniqueness.
    pub fn new(rules: usize) -> Self {
        let (owners, owned) = (vec![KeyMap::default(); rules], vec![Vec::new(); rules]);
        Self { owners, owned, ..Self::default() }
    }

    /// Puts the keys of rows that are typed in order, and notes where that of each row stands.
    pub fn place(&mut self, keys: &[Option<Key>], fates: &[Fate]) {
        let typed = (0u32..).zip(keys).zip(fates).filter(|(_, fate)| matches!(fate, Fate::Typed));
        self.of_rows.clear();
        self.of_rows.extend(typed.filter_map(|((row, key), _)| Some(((*key)?, row))));
        self.of_rows.sort_unstable();
        self.keys.clear();
        self.places.clear();
        self.places.resize(keys.len(), u32::MAX);
        for (key, row) in &self.of_rows {
            if self.keys.last() != Some(key) {
                self.keys.push(*key);
            }
            if let Some(place) = self.places.get_mut(*row as usize) {
                *place = self.keys.len() as u32 - 1;
            }
        }
    }

    /// Where the key of a row stands, if it was asked for.
    pub fn at(&self, row: usize) -> Option<usize> {
        self.places.get(row).filter(|place| **place != u32::MAX).map(|place| *place as usize)
    }
}
