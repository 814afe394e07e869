//! Every version of every row of a table, by hash: which rows are in force, and from when until when.
//!
//! The versions of a key form a chain in the order of their version attribute (without one: of their loads). A
//! version holds until the next one begins or it is ended; the first holds from ever. Because the order decides and
//! not the moment of arrival, late files and files landed anew fall into their place.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
};

/// No instant: from ever.
pub(crate) const EVER: i64 = i64::MIN;
/// No instant: until now.
pub(crate) const OPEN: i64 = i64::MAX;
/// No row.
const NONE: u32 = u32::MAX;

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

pub(crate) type KeyMap<T> = HashMap<u128, T, BuildHasherDefault<AsIs>>;
pub(crate) type KeySet = HashSet<u128, BuildHasherDefault<AsIs>>;

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

#[derive(Debug, Clone, Copy)]
struct Entry {
    version: Version,
    from: i64,
    to: i64,
    /// The version before it.
    previous: u32,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    /// A key that was not in force.
    New,
    /// Another version of a key.
    Superseding,
    /// Says what is known.
    Duplicate,
    /// Append mode: another row of a known key.
    Conflict,
}

/// All versions of a table.
#[derive(Debug, Default)]
pub(crate) struct History {
    heads: KeyMap<u32>,
    entries: Vec<Entry>,
    /// Interval as it is written in the file, for entries that have changed since.
    written: BTreeMap<u32, (i64, i64)>,
}

impl History {
    /// Adds a version known from a file. Versions of a key must come in their order.
    pub fn restore(&mut self, key: u128, version: Version, from: i64, to: i64) {
        let at = self.entries.len() as u32;
        let previous = self.heads.insert(key, at).unwrap_or(NONE);
        self.entries.push(Entry { version, from, to, previous });
        // What was written until its successor is no end of its own.
        if let Some(entry) = self.entries.get_mut(previous as usize)
            && entry.version.ended >= version.start
        {
            entry.version.ended = OPEN;
        }
    }

    fn entry(&self, at: u32) -> Option<&Entry> {
        self.entries.get(at as usize)
    }

    /// Places a row of append mode.
    pub fn append(&mut self, key: u128, version: Version) -> Placed {
        match self.heads.get(&key).and_then(|h| self.entry(*h)) {
            Some(e) if e.version.content == version.content => Placed::Duplicate,
            Some(_) => Placed::Conflict,
            None => {
                self.heads.insert(key, self.entries.len() as u32);
                self.entries.push(Entry { version, from: EVER, to: OPEN, previous: NONE });
                Placed::New
            }
        }
    }

    /// Places a row of upsert or snapshot mode where its order puts it, behind its equals.
    pub fn upsert(&mut self, key: u128, version: Version) -> Placed {
        let head = self.heads.get(&key).copied().unwrap_or(NONE);
        let (mut after, mut before) = (NONE, head);
        while let Some(e) = self.entry(before) {
            if e.version.order <= version.order {
                break;
            }
            (after, before) = (before, e.previous);
        }
        let placed = match (self.entry(before), self.entry(after)) {
            (Some(e), _) if e.version.ended <= version.start => Placed::New,
            (Some(e), _) if e.version.content == version.content => return Placed::Duplicate,
            (Some(_), _) => Placed::Superseding,
            (None, Some(e)) if e.version.content == version.content => return Placed::Duplicate,
            (None, Some(_)) => Placed::Superseding,
            (None, None) => Placed::New,
        };
        let at = self.entries.len() as u32;
        self.entries.push(Entry { version, from: EVER, to: OPEN, previous: before });
        match self.entries.get_mut(after as usize) {
            Some(e) => e.previous = at,
            None => {
                self.heads.insert(key, at);
            }
        }
        self.settle(key);
        placed
    }

    /// The interval of the version that was placed last.
    pub fn last_interval(&mut self) -> (i64, i64) {
        let at = self.entries.len().saturating_sub(1) as u32;
        // It is written as it is now.
        self.written.remove(&at);
        self.entry(at).map_or((EVER, OPEN), |e| (e.from, e.to))
    }

    /// Works out the intervals of a key's versions.
    fn settle(&mut self, key: u128) {
        let mut chain = Vec::new();
        let mut at = self.heads.get(&key).copied().unwrap_or(NONE);
        while let Some(e) = self.entry(at) {
            chain.push(at);
            at = e.previous;
        }
        let mut first = true;
        let mut chain = chain.into_iter().rev().peekable();
        while let Some(at) = chain.next() {
            let next = chain.peek().and_then(|n| self.entry(*n)).map_or(OPEN, |e| e.version.start);
            let Some(e) = self.entries.get_mut(at as usize) else { continue };
            let to = next.min(e.version.ended);
            let (from, to) = if to != OPEN && e.version.start >= to {
                // Superseded before it began: it never held.
                (to, to)
            } else {
                (if std::mem::take(&mut first) { EVER } else { e.version.start }, to)
            };
            if (from, to) != (e.from, e.to) {
                self.written.entry(at).or_insert((e.from, e.to));
                (e.from, e.to) = (from, to);
            }
        }
    }

    /// Ends the versions of a source that are in force at `instant` and whose keys are not in `seen`.
    pub fn end_absent(&mut self, source: u32, instant: i64, seen: &KeySet) -> u64 {
        let mut absent: Vec<(u128, u32)> = Vec::new();
        for (key, head) in &self.heads {
            let mut at = *head;
            while let Some(e) = self.entry(at) {
                if e.version.start <= instant {
                    break;
                }
                at = e.previous;
            }
            if let Some(e) = self.entry(at)
                && e.version.source == source
                && e.version.ended > instant
                && !seen.contains(key)
            {
                absent.push((*key, at));
            }
        }
        for (key, at) in &absent {
            if let Some(e) = self.entries.get_mut(*at as usize) {
                e.version.ended = instant;
            }
            self.settle(*key);
        }
        absent.len() as u64
    }

    /// Takes out all rows of a load, and undoes the ends it made at `instant`. Returns how many rows are out by file.
    pub fn remove_load(&mut self, load: u32, source: u32, instant: i64) -> BTreeMap<u32, Vec<u32>> {
        let mut removed: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let keys: Vec<u128> = self.heads.keys().copied().collect();
        for key in keys {
            let mut at = self.heads.get(&key).copied().unwrap_or(NONE);
            let mut after = NONE;
            let mut changed = false;
            while let Some(e) = self.entry(at).copied() {
                if e.version.load == load {
                    changed = true;
                    removed.entry(e.version.file).or_default().push(e.version.row);
                    self.written.remove(&at);
                    match self.entries.get_mut(after as usize) {
                        Some(a) => a.previous = e.previous,
                        None if e.previous == NONE => {
                            self.heads.remove(&key);
                        }
                        None => {
                            self.heads.insert(key, e.previous);
                        }
                    }
                    if let Some(gone) = self.entries.get_mut(at as usize) {
                        gone.version.file = NONE;
                    }
                } else {
                    if e.version.ended == instant && e.version.source == source {
                        changed = true;
                        if let Some(e) = self.entries.get_mut(at as usize) {
                            e.version.ended = OPEN;
                        }
                    }
                    after = at;
                }
                at = e.previous;
            }
            if changed {
                self.settle(key);
            }
        }
        removed.values_mut().for_each(|rows| rows.sort_unstable());
        // The rows behind those that are out move up.
        for e in &mut self.entries {
            if let Some(rows) = removed.get(&e.version.file) {
                e.version.row -= rows.partition_point(|r| *r < e.version.row) as u32;
            }
        }
        removed
    }

    /// Intervals to be written anew, by file and row; afterwards they count as written.
    pub fn take_changes(&mut self) -> BTreeMap<u32, BTreeMap<u32, (i64, i64)>> {
        let mut changes: BTreeMap<u32, BTreeMap<u32, (i64, i64)>> = BTreeMap::new();
        for (at, written) in std::mem::take(&mut self.written) {
            if let Some(e) = self.entry(at)
                && e.version.file != NONE
                && (e.from, e.to) != written
            {
                changes.entry(e.version.file).or_default().insert(e.version.row, (e.from, e.to));
            }
        }
        changes
    }

    /// Whether a key has any version.
    pub fn holds(&self, key: u128) -> bool {
        self.heads.contains_key(&key)
    }

    /// Keys in force.
    #[cfg(test)]
    pub fn current(&self) -> impl Iterator<Item = u128> {
        self.heads
            .iter()
            .filter(|(_, head)| self.entry(**head).is_some_and(|e| e.to == OPEN))
            .map(|(key, _)| *key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(order: i64, content: u64, row: u32) -> Version {
        Version { content, order, start: order, ended: OPEN, file: 0, row, load: 0, source: 0 }
    }

    fn chain(history: &History, key: u128) -> Vec<(u64, i64, i64)> {
        let mut at = history.heads.get(&key).copied().unwrap_or(NONE);
        let mut out = Vec::new();
        while let Some(e) = history.entry(at) {
            out.push((e.version.content, e.from, e.to));
            at = e.previous;
        }
        out.reverse();
        out
    }

    #[test]
    fn versions_fall_into_their_place_whatever_the_order_of_arrival() {
        let rows = [(10, 1), (20, 2), (30, 3)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut history = History::default();
            for at in order {
                let (start, content) = rows[at];
                assert_ne!(history.upsert(7, version(start, content, at as u32)), Placed::Duplicate);
            }
            assert_eq!(chain(&history, 7), [(1, EVER, 20), (2, 20, 30), (3, 30, OPEN)], "{order:?}");
        }
    }

    #[test]
    fn the_same_version_again_is_a_duplicate_and_a_second_of_one_instant_wins() {
        let mut history = History::default();
        assert_eq!(history.upsert(7, version(10, 1, 0)), Placed::New);
        assert_eq!(history.upsert(7, version(10, 1, 1)), Placed::Duplicate);
        assert_eq!(history.upsert(7, version(10, 2, 1)), Placed::Superseding);
        assert_eq!(chain(&history, 7), [(1, 10, 10), (2, EVER, OPEN)]);
    }

    #[test]
    fn absent_keys_end_and_may_come_back() {
        let mut history = History::default();
        history.upsert(7, version(10, 1, 0));
        history.upsert(8, version(10, 1, 1));
        let seen: KeySet = [8].into_iter().collect();
        assert_eq!(history.end_absent(0, 20, &seen), 1);
        assert_eq!(history.end_absent(0, 30, &seen), 0, "what has ended does not end again");
        assert_eq!(history.upsert(7, version(40, 1, 2)), Placed::New);
        assert_eq!(chain(&history, 7), [(1, EVER, 20), (1, 40, OPEN)]);
        assert_eq!(history.current().count(), 2);
    }

    #[test]
    fn taking_a_load_out_leaves_what_would_have_been_without_it() {
        let mut history = History::default();
        history.upsert(7, version(10, 1, 0));
        history.upsert(7, Version { load: 1, row: 1, ..version(20, 2, 1) });
        history.upsert(7, version(30, 3, 2));
        let removed = history.remove_load(1, 0, 20);
        assert_eq!(removed, BTreeMap::from([(0, vec![1])]));
        assert_eq!(chain(&history, 7), [(1, EVER, 30), (3, 30, OPEN)]);
        assert_eq!(history.entries[2].version.row, 1, "rows move up");
    }
}
