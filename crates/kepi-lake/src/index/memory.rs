//! The key index in memory: two look-ups a row, and some 140 bytes a version: 72 of its link, the rest of the table that
//! finds it. Both double when they are full, so that it is 110 before and 220 after.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
    mem::size_of,
};

use kepi_query::landing::Bits;

use super::{Chains, Entry, KeyIndex, Link, NONE};
use crate::{
    error::LakeError,
    mapping::{Key, Keys},
};

/// Keys are hashes already.
#[derive(Default)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*b);
        }
    }
    fn write_u128(&mut self, n: u128) {
        self.0 = n as u64;
    }
}

pub(crate) type KeyMap<T> = HashMap<Key, T, BuildHasherDefault<AsIs>>;
pub(crate) type KeySet = HashSet<Key, BuildHasherDefault<AsIs>>;

impl Keys for KeySet {
    fn hold(&self, keys: &[Key]) -> Result<Bits, LakeError> {
        Ok(keys.iter().map(|key| self.contains(key)).collect())
    }
}

/// Chains in one vector, their newest versions by key.
#[derive(Debug, Default)]
pub(crate) struct MemoryIndex {
    newest: KeyMap<u32>,
    links: Vec<Link>,
    free: Vec<u32>,
    /// Of every rule of uniqueness: hash of its attributes → key of the row.
    unique: Vec<KeyMap<Key>>,
}

impl MemoryIndex {
    /// An index with so many rules of uniqueness.
    pub fn new(rules: usize) -> Self {
        Self { unique: vec![KeyMap::default(); rules], ..Self::default() }
    }

    fn link(&self, at: u32) -> Option<&Link> {
        self.links.get(at as usize)
    }

    fn place(&mut self, link: Link) -> u32 {
        match self.free.pop() {
            Some(at) => {
                if let Some(l) = self.links.get_mut(at as usize) {
                    *l = link;
                }
                at
            }
            None => {
                self.links.push(link);
                (self.links.len() - 1) as u32
            }
        }
    }

    /// The versions from `at` on, the newest first.
    fn chain(&self, mut at: u32) -> impl Iterator<Item = (u32, Entry)> + '_ {
        std::iter::from_fn(move || {
            let link = self.link(at)?;
            let here = at;
            at = link.previous;
            Some((here, link.entry))
        })
    }
}

impl KeyIndex for MemoryIndex {
    fn probe(&self, keys: &[Key], chains: &mut Chains) -> Result<(), LakeError> {
        chains.clear();
        for key in keys {
            let newest = self.newest.get(key).copied().unwrap_or(NONE);
            chains.push(*key, self.chain(newest).map(|(_, entry)| entry));
        }
        Ok(())
    }

    fn apply(&mut self, chains: &Chains) -> Result<(), LakeError> {
        let mut slots = Vec::new();
        chains.each_changed(|key, entries| {
            slots.clear();
            let newest = self.newest.get(&key).copied().unwrap_or(NONE);
            slots.extend(self.chain(newest).map(|(at, _)| at));
            // From the oldest on, so that each knows the one before it.
            let mut previous = NONE;
            for entry in entries {
                let link = Link { entry: *entry, previous };
                previous = match slots.pop() {
                    Some(at) => {
                        if let Some(l) = self.links.get_mut(at as usize) {
                            *l = link;
                        }
                        at
                    }
                    None => self.place(link),
                };
            }
            self.free.append(&mut slots);
            if previous == NONE {
                self.newest.remove(&key);
            } else if previous != newest {
                self.newest.insert(key, previous);
            }
        });
        Ok(())
    }

    fn scan(&self, each: &mut dyn FnMut(Key, &[Entry])) -> Result<(), LakeError> {
        let mut entries = Vec::new();
        for (key, newest) in &self.newest {
            entries.clear();
            entries.extend(self.chain(*newest).map(|(_, entry)| entry));
            entries.reverse();
            each(*key, &entries);
        }
        Ok(())
    }

    fn remove(&mut self, places: &BTreeMap<u32, Vec<u32>>) -> Result<(), LakeError> {
        let out = |e: &Entry| {
            places.get(&e.version.file).is_some_and(|rows| rows.binary_search(&e.version.row).is_ok())
        };
        let mut newest = std::mem::take(&mut self.newest);
        newest.retain(|_, head| {
            let chain: Vec<(u32, Entry)> = self.chain(*head).collect();
            let mut after = NONE;
            for (at, entry) in chain {
                if out(&entry) {
                    let previous = self.link(at).map_or(NONE, |l| l.previous);
                    match self.links.get_mut(after as usize) {
                        Some(link) => link.previous = previous,
                        None => *head = previous,
                    }
                    self.free.push(at);
                } else {
                    after = at;
                }
            }
            *head != NONE
        });
        self.newest = newest;
        for link in &mut self.links {
            if let Some(rows) = places.get(&link.entry.version.file) {
                let row = &mut link.entry.version.row;
                *row -= rows.partition_point(|r| r < row) as u32;
            }
        }
        for map in &mut self.unique {
            map.retain(|_, key| self.newest.contains_key(key));
        }
        Ok(())
    }

    fn owners(&self, rule: usize, values: &[Key]) -> Result<Vec<Option<Key>>, LakeError> {
        let map = self.unique.get(rule);
        Ok(values.iter().map(|value| map.and_then(|m| m.get(value)).copied()).collect())
    }

    fn own(&mut self, rule: usize, owned: &[(Key, Key)]) -> Result<(), LakeError> {
        if let Some(map) = self.unique.get_mut(rule) {
            map.extend(owned.iter().copied());
        }
        Ok(())
    }

    fn size(&self) -> (u64, u64) {
        // A table of hashes keeps one byte an entry beside it.
        let map = |capacity: usize, value: usize| capacity * 8 / 7 * (value + 1);
        let links = self.links.capacity() * size_of::<Link>() + self.free.capacity() * size_of::<u32>();
        let unique: usize = self.unique.iter().map(|m| map(m.capacity(), size_of::<(Key, Key)>())).sum();
        let bytes = links + map(self.newest.capacity(), size_of::<(Key, u32)>()) + unique;
        ((self.links.len() - self.free.len()) as u64, bytes as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        history::History,
        index::{OPEN, Version},
    };

    fn version(order: i64, file: u32, row: u32) -> Version {
        Version { content: order as u64, order, start: order, ended: OPEN, file, row, load: file, source: 0 }
    }

    /// Places versions, one batch.
    fn place(index: &mut MemoryIndex, rows: &[(Key, Version)]) {
        let mut keys: Vec<Key> = rows.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys.dedup();
        let (mut chains, mut history) = (Chains::default(), History::default());
        index.probe(&keys, &mut chains).unwrap();
        for (key, version) in rows {
            history.upsert(&mut chains, keys.binary_search(key).unwrap(), *version);
        }
        index.apply(&chains).unwrap();
    }

    fn rows(index: &MemoryIndex) -> BTreeMap<Key, Vec<(u32, u32)>> {
        let mut all = BTreeMap::new();
        index
            .scan(&mut |key, entries| {
                all.insert(key, entries.iter().map(|e| (e.version.file, e.version.row)).collect());
            })
            .unwrap();
        all
    }

    #[test]
    fn what_was_applied_is_found_again_in_its_order() {
        let mut index = MemoryIndex::new(0);
        place(&mut index, &[(7, version(20, 0, 0)), (9, version(5, 0, 1)), (7, version(10, 0, 2))]);
        place(&mut index, &[(7, version(15, 1, 0)), (8, version(1, 1, 1))]);
        let want = [(7, vec![(0, 2), (1, 0), (0, 0)]), (8, vec![(1, 1)]), (9, vec![(0, 1)])];
        assert_eq!(rows(&index), want.into_iter().collect());
        assert_eq!(index.size().0, 5);
    }

    #[test]
    fn rows_that_are_taken_out_leave_no_gap_and_free_what_they_owned() {
        let mut index = MemoryIndex::new(1);
        place(&mut index, &[(7, version(10, 0, 0)), (8, version(1, 0, 1)), (9, version(1, 0, 2))]);
        place(&mut index, &[(7, version(20, 1, 0)), (6, version(1, 1, 1))]);
        index.own(0, &[(100, 8), (101, 9)]).unwrap();
        index.remove(&BTreeMap::from([(0, vec![0, 1])])).unwrap();
        let want = [(6, vec![(1, 1)]), (7, vec![(1, 0)]), (9, vec![(0, 0)])];
        assert_eq!(rows(&index), want.into_iter().collect());
        assert_eq!(index.owners(0, &[100, 101]).unwrap(), [None, Some(9)]);
        // What is free is used again.
        place(&mut index, &[(5, version(1, 2, 0)), (4, version(1, 2, 1))]);
        assert_eq!((index.links.len(), index.size().0), (5, 5));
    }

    #[test]
    fn a_version_takes_some_140_bytes() {
        let mut index = MemoryIndex::new(0);
        let spread = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835_u128;
        for batch in 0..16u32 {
            let keys: Vec<(Key, Version)> = (0..16_384u32)
                .map(|row| (u128::from(batch * 16_384 + row).wrapping_mul(spread), version(1, batch, row)))
                .collect();
            place(&mut index, &keys);
        }
        let (versions, bytes) = index.size();
        assert_eq!(versions, 1 << 18);
        assert!((130..=145).contains(&(bytes / versions)), "{} a version", bytes / versions);
    }
}
