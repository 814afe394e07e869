//! The history of a table's rows, by hash: which versions are in force, and from when until when.
//!
//! The versions of a key form a chain in the order of their version attribute (without one: of their loads). A
//! version holds until the next one begins or it is ended; the first holds from ever. Because the order decides and
//! not the moment of arrival, late files and files landed anew fall into their place.

use std::collections::{BTreeMap, HashMap};

use crate::{
    deletes::union,
    error::LakeError,
    index::{Chains, EVER, Entry, KEYS_AT_ONCE, KeyIndex, KeySet, NONE, OPEN, Version},
    mapping::Key,
};

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
    /// That a key is gone, which was not known.
    Gone,
}

/// Since when and until when.
type Interval = (i64, i64);

/// The interval of a row as it stands in its file, and as it is now.
#[derive(Debug)]
struct Rewrite {
    key: Key,
    written: Interval,
    now: Interval,
}

/// So many keys may end although a file is the whole, if no more is said: few rows come and go.
const FEW: usize = 5;
/// The share of keys that may end if no more is said.
const MAY_END: f64 = 0.1;

/// Keys in force that a file which is the whole does not have.
#[derive(Debug)]
pub(crate) struct Absent {
    keys: Vec<Key>,
    /// Keys in force before it.
    in_force: usize,
}

impl Absent {
    /// Whether it looks as if the file were cut short; why it is not taken for the whole.
    pub fn too_many(&self, at_most: Option<f64>) -> Option<String> {
        let (ends, all) = (self.keys.len(), self.in_force);
        let allowed = at_most.unwrap_or(MAY_END);
        let few = at_most.is_none() && ends <= FEW && ends < all;
        if ends == 0 || few || ends as f64 <= allowed * all as f64 {
            return None;
        }
        let percent = |share: f64| format!("{}%", (share * 1000.0).round() / 10.0);
        let share = percent(ends as f64 / all as f64);
        Some(format!(
            "{ends} of {all} keys in force are absent and would end, {share} and so more than {}; if the file is whole, \
             allow it: `deletes: {{at_most: {share}}}`",
            percent(allowed)
        ))
    }
}

/// Which keys of a source that are in force at `instant` are not in `seen`; what the load brought itself counts as no key
/// in force.
pub(crate) fn absent(
    index: &KeyIndex,
    (source, load): (u32, u32),
    instant: i64,
    seen: &KeySet,
) -> Result<Absent, LakeError> {
    let mut absent = Absent { keys: Vec::new(), in_force: 0 };
    index.scan(&mut |key, entries| {
        let before = entries.iter().rev().find(|e| e.version.start <= instant && e.version.load != load);
        if before.is_some_and(|e| e.version.source == source && e.version.ended > instant) {
            absent.in_force += 1;
            if !seen.contains(&key) {
                absent.keys.push(key);
            }
        }
    })?;
    Ok(absent)
}

/// What was taken out of a table with a load.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    /// Its rows by file, with those that are out of the file already: it is written anew.
    pub rows: BTreeMap<u32, Vec<u32>>,
    /// When rows of it ended because a later file or list lacked their keys: what lands anew in their place ends then, too, for that
    /// is not said again.
    pub ends: HashMap<Key, i64>,
}

/// What a load does to the history of a table: which intervals, that stand in files, have changed.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// By file and row.
    rewrites: HashMap<(u32, u32), Rewrite>,
}

impl History {
    /// Places a row of append mode.
    pub fn append(&mut self, chains: &mut Chains, key: usize, version: Version) -> Placed {
        match chains.get(chains.head(key)) {
            Some(e) if e.version.content == version.content => Placed::Duplicate,
            Some(_) => Placed::Conflict,
            None => {
                chains.insert(key, NONE, NONE, version);
                Placed::New
            }
        }
    }

    /// Places a row of upsert or snapshot mode where its order puts it, behind its equals; also the interval in which
    /// it holds if it is new or superseding.
    pub fn upsert(&mut self, chains: &mut Chains, key: usize, version: Version) -> (Placed, Interval) {
        let (mut after, mut before) = (NONE, chains.head(key));
        while let Some(link) = chains.links.get(before as usize) {
            if link.entry.version.order <= version.order {
                break;
            }
            (after, before) = (before, link.previous);
        }
        let nothing = (EVER, OPEN);
        let placed = match (chains.get(before), chains.get(after)) {
            (Some(e), _) if e.version.ended <= version.start => Placed::New,
            (Some(e), _) if e.version.content == version.content => return (Placed::Duplicate, nothing),
            (Some(_), _) => Placed::Superseding,
            (None, Some(e)) if e.version.content == version.content => return (Placed::Duplicate, nothing),
            (None, Some(_)) => Placed::Superseding,
            (None, None) => Placed::New,
        };
        let at = chains.insert(key, after, before, version);
        self.settle(chains, key);
        // It is written as it is now.
        if !self.rewrites.is_empty() {
            self.rewrites.remove(&(version.file, version.row));
        }
        (placed, chains.get(at).map_or(nothing, |e| (e.from, e.to)))
    }

    /// Places a row that says that its key is gone: a version that never holds and ends the one before it, whatever comes in which
    /// order. Also the interval in which it stands written. `says_more`: also what has become of
    /// the key, so that it is placed although that is gone, unless it says what is known.
    pub fn gone(
        &mut self,
        chains: &mut Chains,
        key: usize,
        version: Version,
        says_more: bool,
    ) -> (Placed, Interval) {
        // Before it begins: so it is told from a version that was superseded at once.
        let version = Version { ended: version.start.saturating_sub(1), ..version };
        let mut before = chains.head(key);
        while let Some(link) = chains.links.get(before as usize) {
            if link.entry.version.order <= version.order {
                break;
            }
            before = link.previous;
        }
        let known = chains.get(before).is_some_and(|e| {
            e.version.ended <= version.start && (!says_more || e.version.content == version.content)
        });
        if known {
            return (Placed::Duplicate, (EVER, OPEN));
        }
        let (_, interval) = self.upsert(chains, key, version);
        (Placed::Gone, interval)
    }

    /// Works out the intervals of a key's versions.
    fn settle(&mut self, chains: &mut Chains, key: usize) {
        chains.touch(key);
        let newest = chains.head(key);
        if chains.links.get(newest as usize).is_some_and(|l| l.previous == NONE) {
            // Most keys have one version.
            self.settle_one(chains, key, (newest, OPEN), &mut true);
            return;
        }
        let mut chain: Vec<u32> = chains.chain(newest).map(|(at, _)| at).collect();
        chain.reverse();
        let mut first = true;
        let mut chain = chain.into_iter().peekable();
        while let Some(at) = chain.next() {
            let next = chain.peek().and_then(|n| chains.get(*n)).map_or(OPEN, |e| e.version.start);
            self.settle_one(chains, key, (at, next), &mut first);
        }
    }

    fn settle_one(&mut self, chains: &mut Chains, key: usize, (at, next): (u32, i64), first: &mut bool) {
        let of = chains.key(key);
        let Some(e) = chains.entry_mut(at) else { return };
        let to = next.min(e.version.ended);
        let (from, to) = if to != OPEN && e.version.start >= to {
            // Superseded before it began: it never held.
            (to, to)
        } else {
            (if std::mem::take(first) { EVER } else { e.version.start }, to)
        };
        if (from, to) != (e.from, e.to) {
            let place = (e.version.file, e.version.row);
            let written = (e.from, e.to);
            let before = Rewrite { key: of, written, now: written };
            self.rewrites.entry(place).or_insert(before).now = (from, to);
            (e.from, e.to) = (from, to);
        }
    }

    /// Ends the versions in force at `instant` of keys that are absent.
    pub fn end(&mut self, index: &mut KeyIndex, absent: Absent, instant: i64) -> Result<u64, LakeError> {
        let Absent { mut keys, .. } = absent;
        self.change(index, &mut keys, |e| {
            let held = e.version.start <= instant;
            if held {
                e.version.ended = instant;
            }
            !held
        })?;
        Ok(keys.len() as u64)
    }

    /// Takes out all rows of a load, and undoes the ends it made at `instant`. `out` says which rows are out of a file already.
    pub fn remove_load(
        &mut self,
        index: &mut KeyIndex,
        (load, source): (u32, u32),
        instant: i64,
        out: impl Fn(u32) -> Result<Vec<u32>, LakeError>,
    ) -> Result<Removed, LakeError> {
        let mut removed: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut ends: HashMap<Key, i64> = HashMap::new();
        let mut changed: Vec<Key> = Vec::new();
        let ended = |e: &Entry| e.version.ended == instant && e.version.source == source;
        index.scan(&mut |key, entries| {
            let mut touched = false;
            for entry in entries {
                if entry.version.load == load {
                    let Version { start, ended, .. } = entry.version;
                    if ended != OPEN && ended > start {
                        let end = ends.entry(key).or_insert(ended);
                        *end = ended.max(*end);
                    }
                    removed.entry(entry.version.file).or_default().push(entry.version.row);
                    touched = true;
                } else {
                    touched |= ended(entry);
                }
            }
            if touched {
                changed.push(key);
            }
        })?;
        for (file, rows) in &mut removed {
            *rows = union(rows, out(*file)?.into_iter());
        }
        index.remove(&removed)?;
        self.change(index, &mut changed, |e| {
            if ended(e) {
                e.version.ended = OPEN;
            }
            true
        })?;
        Ok(Removed { rows: removed, ends })
    }

    /// Changes the versions of keys, the newest first until `change` says that it is enough, and works out what that
    /// means.
    fn change(
        &mut self,
        index: &mut KeyIndex,
        keys: &mut [Key],
        change: impl Fn(&mut Entry) -> bool,
    ) -> Result<(), LakeError> {
        keys.sort_unstable();
        let mut chains = Chains::default();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            index.probe(keys, &mut chains)?;
            for key in 0..keys.len() {
                let mut at = chains.head(key);
                while let Some(link) = chains.links.get_mut(at as usize) {
                    at = link.previous;
                    if !change(&mut link.entry) {
                        break;
                    }
                }
                self.settle(&mut chains, key);
            }
            index.apply(&chains)?;
        }
        Ok(())
    }

    /// Intervals to be written anew, by file and row, with the keys of these rows; afterwards they count as written.
    pub fn take_changes(&mut self) -> BTreeMap<u32, BTreeMap<u32, (Key, Interval)>> {
        let mut changes: BTreeMap<u32, BTreeMap<u32, (Key, Interval)>> = BTreeMap::new();
        for ((file, row), Rewrite { key, written, now }) in std::mem::take(&mut self.rewrites) {
            if written != now {
                changes.entry(file).or_default().insert(row, (key, now));
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(order: i64, content: u64, row: u32) -> Version {
        Version { content, order, start: order, ended: OPEN, file: 0, row, load: 0, source: 0 }
    }

    fn upsert(index: &mut KeyIndex, history: &mut History, key: Key, version: Version) -> Placed {
        let mut chains = Chains::default();
        index.probe(&[key], &mut chains).unwrap();
        let (placed, _) = history.upsert(&mut chains, 0, version);
        index.apply(&chains).unwrap();
        placed
    }

    fn chain(index: &KeyIndex, key: Key) -> Vec<(u64, i64, i64)> {
        let mut out = Vec::new();
        index
            .scan(&mut |k, entries| {
                if k == key {
                    out = entries.iter().map(|e| (e.version.content, e.from, e.to)).collect();
                }
            })
            .unwrap();
        out
    }

    #[test]
    fn versions_fall_into_their_place_whatever_the_order_of_arrival() {
        let rows = [(10, 1), (20, 2), (30, 3)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let (mut index, mut history) = (KeyIndex::new(0, None), History::default());
            for at in order {
                let (start, content) = rows[at];
                let placed = upsert(&mut index, &mut history, 7, version(start, content, at as u32));
                assert_ne!(placed, Placed::Duplicate);
            }
            assert_eq!(chain(&index, 7), [(1, EVER, 20), (2, 20, 30), (3, 30, OPEN)], "{order:?}");
        }
    }

    #[test]
    fn the_same_version_again_is_a_duplicate_and_a_second_of_one_instant_wins() {
        let (mut index, mut history) = (KeyIndex::new(0, None), History::default());
        assert_eq!(upsert(&mut index, &mut history, 7, version(10, 1, 0)), Placed::New);
        assert_eq!(upsert(&mut index, &mut history, 7, version(10, 1, 1)), Placed::Duplicate);
        assert_eq!(upsert(&mut index, &mut history, 7, version(10, 2, 1)), Placed::Superseding);
        assert_eq!(chain(&index, 7), [(1, 10, 10), (2, EVER, OPEN)]);
    }

    #[test]
    fn a_key_is_gone_from_its_deletion_on_whatever_comes_first() {
        let gone = |index: &mut KeyIndex, history: &mut History, order, row| {
            let mut chains = Chains::default();
            index.probe(&[7], &mut chains).unwrap();
            let (placed, interval) = history.gone(&mut chains, 0, version(order, 99, row), false);
            index.apply(&chains).unwrap();
            (placed, interval)
        };
        // The row first, then its deletion; and the other way round.
        for deletion_first in [false, true] {
            let (mut index, mut history) = (KeyIndex::new(0, None), History::default());
            if deletion_first {
                assert_eq!(gone(&mut index, &mut history, 20, 1), (Placed::Gone, (19, 19)));
                assert_eq!(upsert(&mut index, &mut history, 7, version(10, 1, 0)), Placed::Superseding);
            } else {
                assert_eq!(upsert(&mut index, &mut history, 7, version(10, 1, 0)), Placed::New);
                assert_eq!(gone(&mut index, &mut history, 20, 1), (Placed::Gone, (19, 19)));
            }
            assert_eq!(chain(&index, 7), [(1, EVER, 20), (99, 19, 19)], "{deletion_first}");
            assert_eq!(gone(&mut index, &mut history, 30, 2).0, Placed::Duplicate, "it is gone already");
            // It is there again, and what is older than its deletion stays gone.
            assert_eq!(upsert(&mut index, &mut history, 7, version(40, 2, 3)), Placed::New);
            assert_eq!(chain(&index, 7), [(1, EVER, 20), (99, 19, 19), (2, 40, OPEN)], "{deletion_first}");
        }
    }

    #[test]
    fn absent_keys_end_and_may_come_back() {
        let (mut index, mut history) = (KeyIndex::new(0, None), History::default());
        upsert(&mut index, &mut history, 7, version(10, 1, 0));
        upsert(&mut index, &mut history, 8, version(10, 1, 1));
        let seen: KeySet = [8].into_iter().collect();
        let mut end = |index: &mut KeyIndex, at| {
            let absent = absent(index, (0, 9), at, &seen).unwrap();
            assert_eq!(absent.too_many(Some(1.0)), None);
            history.end(index, absent, at).unwrap()
        };
        assert_eq!(end(&mut index, 20), 1);
        assert_eq!(end(&mut index, 30), 0, "what has ended does not end again");
        assert_eq!(upsert(&mut index, &mut history, 7, version(40, 1, 2)), Placed::New);
        assert_eq!(chain(&index, 7), [(1, EVER, 20), (1, 40, OPEN)]);
        assert_eq!(chain(&index, 8), [(1, EVER, OPEN)]);
    }

    #[test]
    fn a_file_that_lacks_many_keys_is_not_taken_for_the_whole() {
        let stops = |ends: usize, in_force: usize, at_most| {
            Absent { keys: (0..ends as Key).collect(), in_force }.too_many(at_most).is_some()
        };
        for (ends, in_force) in [(0, 0), (0, 9), (1, 2), (5, 6), (100, 1000), (5, 20)] {
            assert!(!stops(ends, in_force, None), "{ends} of {in_force}");
        }
        for (ends, in_force) in [(1, 1), (5, 5), (6, 20), (101, 1000), (997, 1000)] {
            assert!(stops(ends, in_force, None), "{ends} of {in_force}");
        }
        assert!(stops(1, 20, Some(0.0)) && !stops(1, 20, Some(0.05)) && !stops(20, 20, Some(1.0)));
        let why = Absent { keys: (0..997).collect(), in_force: 1000 }.too_many(None).unwrap();
        assert!(why.starts_with("997 of 1000 keys in force are absent and would end, 99.7%"), "{why}");
    }

    #[test]
    fn taking_a_load_out_leaves_what_would_have_been_without_it() {
        let (mut index, mut history) = (KeyIndex::new(0, None), History::default());
        upsert(&mut index, &mut history, 7, version(10, 1, 0));
        upsert(&mut index, &mut history, 7, Version { load: 1, row: 1, ..version(20, 2, 1) });
        upsert(&mut index, &mut history, 7, version(30, 3, 2));
        let removed = history.remove_load(&mut index, (1, 0), 20, |_| Ok(Vec::new())).unwrap();
        assert_eq!(removed, Removed { rows: BTreeMap::from([(0, vec![1])]), ends: HashMap::new() });
        assert_eq!(chain(&index, 7), [(1, EVER, 30), (3, 30, OPEN)]);
        let mut rows = Vec::new();
        index.scan(&mut |_, entries| rows.extend(entries.iter().map(|e| e.version.row))).unwrap();
        assert_eq!(rows, [0, 1], "rows move up");
    }

    #[test]
    fn a_load_that_is_taken_out_leaves_when_its_rows_ended() {
        let (mut index, mut history) = (KeyIndex::new(0, None), History::default());
        upsert(&mut index, &mut history, 7, Version { load: 1, ..version(10, 1, 0) });
        upsert(&mut index, &mut history, 8, Version { load: 1, ..version(10, 1, 1) });
        let seen: KeySet = [8].into_iter().collect();
        let lacking = absent(&index, (0, 9), 20, &seen).unwrap();
        assert_eq!(history.end(&mut index, lacking, 20).unwrap(), 1);
        let Removed { ends, .. } = history.remove_load(&mut index, (1, 0), 10, |_| Ok(Vec::new())).unwrap();
        assert_eq!(ends, HashMap::from([(7, 20)]));
    }

    #[test]
    fn only_what_differs_from_the_file_is_written_anew() {
        let (mut index, mut history) = (KeyIndex::new(0, None), History::default());
        upsert(&mut index, &mut history, 7, version(10, 1, 0));
        assert!(history.take_changes().is_empty(), "a row is written as it is");
        upsert(&mut index, &mut history, 7, version(20, 2, 1));
        assert_eq!(history.take_changes(), BTreeMap::from([(0, BTreeMap::from([(0, (7, (EVER, 20)))]))]));
        assert!(history.take_changes().is_empty());
    }
}
