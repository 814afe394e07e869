//! Chains: the versions of keys, as an index gives them and as landing changes them.

use super::sorted::AT_ONCE;
use crate::mapping::Key;

/// No instant: from ever.
pub(crate) const EVER: i64 = i64::MIN;
/// No instant: until now.
pub(crate) const OPEN: i64 = i64::MAX;
/// No version.
pub(crate) const NONE: u32 = u32::MAX;
/// A version of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    /// Hash of all values.
    pub content: u64,
    /// Orders the versions of a key.
    pub order: i64,
    /// Instant from which it would hold if another came before it.
    pub start: i64,
    /// Instant at which it was ended without a successor; [`OPEN`]: not.
    pub ended: i64,
    /// Which file it is in, by number of the index.
    pub file: u32,
    /// Position in the file from 0.
    pub row: u32,
    /// Which load brought it.
    pub load: u32,
    /// Which source it is of.
    pub source: u32,
}

/// A version and the interval in which it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub version: Version,
    pub from: i64,
    pub to: i64,
}

impl Entry {
    fn new(version: Version) -> Self {
        Self { version, from: EVER, to: OPEN }
    }
}

/// An entry of a chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub entry: Entry,
    /// The version before it, or [`NONE`].
    pub previous: u32,
}

/// The chains of some keys, as an index gave them and as they are being changed.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    keys: Vec<Key>,
    /// The newest version of each key.
    newest: Vec<u32>,
    changed: Vec<bool>,
    pub(crate) links: Vec<Link>,
}

impl Chains {
    /// Removes all chains.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.newest.clear();
        self.changed.clear();
        self.links.clear();
    }

    /// Appends the chain of the next key, its newest version first.
    pub fn push(&mut self, key: Key, newest_first: impl Iterator<Item = Entry>) {
        self.keys.push(key);
        self.changed.push(false);
        let first = self.links.len() as u32;
        self.links.extend(newest_first.map(|entry| Link { entry, previous: NONE }));
        let end = self.links.len() as u32;
        for at in first..end.saturating_sub(1) {
            if let Some(link) = self.links.get_mut(at as usize) {
                link.previous = at + 1;
            }
        }
        self.newest.push(if first < end { first } else { NONE });
    }

    /// Passes over the chains that have changed, their oldest version first.
    pub fn each_changed<E>(&self, mut each: impl FnMut(Key, &[Entry]) -> Result<(), E>) -> Result<(), E> {
        let mut entries = Vec::new();
        let keys = self.keys.chunks(AT_ONCE).zip(self.newest.chunks(AT_ONCE));
        for ((keys, newest), changed) in keys.zip(self.changed.chunks(AT_ONCE)) {
            // They stand in the order in which they were inserted, all over the links.
            let first =
                |at: &u32| self.links.get(*at as usize).map_or(0, |of| of.previous ^ of.entry.version.row);
            std::hint::black_box(newest.iter().fold(0, |all, at| all ^ first(at)));
            for ((key, newest), changed) in keys.iter().zip(newest).zip(changed) {
                if !*changed {
                    continue;
                }
                let link = self.links.get(*newest as usize);
                if let Some(only) = link.filter(|link| link.previous == NONE) {
                    // Most keys have one version.
                    each(*key, std::slice::from_ref(&only.entry))?;
                } else {
                    entries.clear();
                    entries.extend(self.chain(*newest).map(|(_, entry)| entry));
                    entries.reverse();
                    each(*key, &entries)?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn get(&self, at: u32) -> Option<&Entry> {
        self.links.get(at as usize).map(|l| &l.entry)
    }

    pub(crate) fn entry_mut(&mut self, at: u32) -> Option<&mut Entry> {
        self.links.get_mut(at as usize).map(|l| &mut l.entry)
    }

    /// The versions from `at` on, the newest first.
    pub(crate) fn chain(&self, mut at: u32) -> impl Iterator<Item = (u32, Entry)> + '_ {
        std::iter::from_fn(move || {
            let link = self.links.get(at as usize)?;
            let here = at;
            at = link.previous;
            Some((here, link.entry))
        })
    }

    /// A key by its position.
    pub(crate) fn key(&self, key: usize) -> Key {
        self.keys.get(key).copied().unwrap_or_default()
    }

    pub(crate) fn head(&self, key: usize) -> u32 {
        self.newest.get(key).copied().unwrap_or(NONE)
    }

    /// Puts a version between `after`, which is newer, or none, and `before`.
    pub(crate) fn insert(&mut self, key: usize, after: u32, before: u32, version: Version) -> u32 {
        let at = self.links.len() as u32;
        self.links.push(Link { entry: Entry::new(version), previous: before });
        match self.links.get_mut(after as usize) {
            Some(link) => link.previous = at,
            None => {
                if let Some(newest) = self.newest.get_mut(key) {
                    *newest = at;
                }
            }
        }
        self.touch(key);
        at
    }

    pub(crate) fn touch(&mut self, key: usize) {
        if let Some(changed) = self.changed.get_mut(key) {
            *changed = true;
        }
    }
}
