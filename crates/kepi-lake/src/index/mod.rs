//! The key index: which versions of which rows a table holds, by hash of their keys.
//!
//! A cache of the table's files, never of record: it is built from them and may be lost. Landing asks it batch by batch,
//! for keys in order and each once, and hands it back what has changed. What is new is held in memory up to a million
//! keys, the rest stands in sorted runs on the disk, so that memory does not grow with the table and the next process
//! goes on where this one ended.

mod build;
mod chains;
mod coded;
mod run;
mod sorted;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use coded::{entries, put_entry};
use run::{Run, take};
use sorted::{FRESH, Sorted};

pub(crate) use build::{Builder, Found};
pub(crate) use chains::{Chains, EVER, Entry, NONE, OPEN, Version};
pub(crate) use sorted::{KeyMap, KeySet};

use crate::{error::LakeError, mapping::Key};

/// Keys of which many are asked for at once.
pub(crate) const KEYS_AT_ONCE: usize = 16_384;

/// All versions of a table's rows.
#[derive(Default)]
pub(crate) struct KeyIndex {
    chains: Sorted,
    /// Of every rule of uniqueness: hash of its attributes → key and content of the row that has them.
    unique: Vec<Sorted>,
    /// Where runs are written, and how many keys before that.
    room: Option<(PathBuf, usize)>,
    /// The load that is landing: what it says of uniqueness holds, whatever has become of its rows.
    landing: Option<u32>,
    /// Whether rows were taken out for it.
    replaces: bool,
}

/// The names of the runs of an index.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct RunNames {
    chains: Vec<String>,
    unique: Vec<Vec<String>>,
}

impl RunNames {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        self.chains.iter().chain(self.unique.iter().flatten())
    }
}

impl KeyIndex {
    /// An empty index with so many rules of uniqueness; without a folder all stays in memory.
    pub fn new(rules: usize, folder: Option<&Path>) -> Self {
        Self::with_limit(rules, folder, FRESH)
    }

    fn with_limit(rules: usize, folder: Option<&Path>, limit: usize) -> Self {
        let sorted = || Sorted::new(folder.map(Path::to_owned), limit);
        Self {
            chains: sorted(),
            unique: (0..rules).map(|_| sorted()).collect(),
            room: folder.map(|folder| (folder.to_owned(), limit)),
            ..Self::default()
        }
    }

    /// An index as it was left in a folder.
    pub fn open(folder: &Path, names: &RunNames) -> Result<Self, LakeError> {
        let open = |names: &Vec<String>| Sorted::open(folder, names, FRESH);
        Ok(Self {
            chains: open(&names.chains)?,
            unique: names.unique.iter().map(open).collect::<Result<_, _>>()?,
            room: Some((folder.to_owned(), FRESH)),
            ..Self::default()
        })
    }

    fn room(&self) -> Option<(PathBuf, usize)> {
        self.room.clone()
    }

    fn put(&mut self, key: Key, bytes: &[u8]) -> Result<(), LakeError> {
        self.chains.put(key, |into| into.extend_from_slice(bytes))
    }

    fn take(&mut self, run: Run) {
        self.chains.take(run);
    }

    /// Says which load lands.
    pub fn begin(&mut self, load: u32) {
        self.landing = Some(load);
        self.replaces = false;
    }

    /// Reads the versions of `keys`, which are sorted and each there once, into `chains`, which is emptied first. A key
    /// without versions has an empty chain.
    pub fn probe(&mut self, keys: &[Key], chains: &mut Chains) -> Result<(), LakeError> {
        chains.clear();
        let mut chain = Vec::new();
        self.chains.get(keys, |key, bytes| {
            chain.clear();
            chain.extend(entries(bytes));
            chains.push(key, chain.iter().rev().copied());
            Ok(())
        })
    }

    /// Takes over the chains that were changed since they were probed.
    pub fn apply(&mut self, chains: &Chains) -> Result<(), LakeError> {
        chains.each_changed(|key, entries| {
            self.chains.put(key, |into| entries.iter().for_each(|entry| put_entry(into, entry)))
        })
    }

    /// Passes over every key that has versions, in any order, with its versions in theirs.
    pub fn scan(&self, each: &mut dyn FnMut(Key, &[Entry])) -> Result<(), LakeError> {
        let mut chain = Vec::new();
        self.chains.scan(|key, bytes| {
            chain.clear();
            chain.extend(entries(bytes));
            each(key, &chain);
        })
    }

    /// Takes out the rows at these places, by file ascending; the rows behind them move up. Values that rules of
    /// uniqueness knew of keys that are gone with them are free again.
    pub fn remove(&mut self, places: &BTreeMap<u32, Vec<u32>>) -> Result<(), LakeError> {
        self.replaces |= !places.is_empty();
        self.move_up(places)
    }

    /// Says that files were written anew without rows that none of its versions stands in: the rows behind these move up.
    pub fn move_up(&mut self, places: &BTreeMap<u32, Vec<u32>>) -> Result<(), LakeError> {
        let mut chain = Vec::new();
        self.chains.rewrite(|bytes| {
            chain.clear();
            chain.extend(entries(bytes));
            let before = chain.len();
            let mut moved = false;
            chain.retain_mut(|entry: &mut Entry| {
                let Some(rows) = places.get(&entry.version.file) else { return true };
                let row = entry.version.row;
                moved = true;
                entry.version.row -= rows.partition_point(|r| *r < row) as u32;
                rows.binary_search(&row).is_err()
            });
            if moved || chain.len() != before {
                bytes.clear();
                chain.iter().for_each(|entry| put_entry(bytes, entry));
            }
        })
    }

    /// Says that versions of keys, which are sorted, stand elsewhere now: `place` says where, by file and row.
    pub fn stand_again(
        &mut self,
        keys: &[Key],
        place: impl Fn((u32, u32)) -> Option<(u32, u32)>,
    ) -> Result<(), LakeError> {
        let mut chains = Chains::default();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            self.probe(keys, &mut chains)?;
            for key in 0..keys.len() {
                let mut at = chains.head(key);
                while let Some(link) = chains.links.get_mut(at as usize) {
                    at = link.previous;
                    let version = &mut link.entry.version;
                    if let Some(place) = place((version.file, version.row)) {
                        (version.file, version.row) = place;
                    }
                }
                chains.touch(key);
            }
            self.apply(&chains)?;
        }
        Ok(())
    }

    /// Of a rule of uniqueness, by number: the key that has each of these values, which are sorted.
    pub fn owners(&mut self, rule: usize, values: &[Key]) -> Result<Vec<Option<Key>>, LakeError> {
        let Some(known) = self.unique.get_mut(rule) else { return Ok(vec![None; values.len()]) };
        let mut owners: Vec<Option<(Key, u64)>> = Vec::with_capacity(values.len());
        known.get(values, |_, mut bytes| {
            let key = take(&mut bytes).map(Key::from_be_bytes);
            owners.push(key.zip(take(&mut bytes).map(u64::from_le_bytes)));
            Ok(())
        })?;
        let mut keys: Vec<Key> = owners.iter().flatten().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys.dedup();
        let (landing, replaces) = (self.landing, self.replaces);
        let mut said: KeyMap<Vec<Entry>> = KeyMap::default();
        self.chains.get(&keys, |key, bytes| {
            said.insert(key, entries(bytes).collect());
            Ok(())
        })?;
        // A value is its owner's as long as the owner's row says it: the one in force before this load, or one of this load.
        let has = |key: &Key, content: u64| {
            let Some(chain) = said.get(key) else { return false };
            let ours = |e: &&Entry| Some(e.version.load) == landing;
            let before = chain.iter().rev().find(|e| !ours(e));
            let held = before.filter(|e| e.version.ended == OPEN);
            if replaces {
                return !chain.is_empty();
            }
            held.is_some_and(|e| e.version.content == content)
                || chain.iter().filter(ours).any(|e| e.version.content == content)
        };
        Ok(owners
            .into_iter()
            .map(|owner| owner.filter(|(key, content)| has(key, *content)).map(|o| o.0))
            .collect())
    }

    /// Gives values of a rule of uniqueness to keys, whose rows have this content.
    pub fn own(&mut self, rule: usize, owned: &[(Key, Key, u64)]) -> Result<(), LakeError> {
        let Some(known) = self.unique.get_mut(rule) else { return Ok(()) };
        for (value, key, content) in owned {
            let mut bytes = [0; 24];
            let (first, last) = bytes.split_at_mut(16);
            first.copy_from_slice(&key.to_be_bytes());
            last.copy_from_slice(&content.to_le_bytes());
            known.put(*value, |into| into.extend_from_slice(&bytes))?;
        }
        Ok(())
    }

    /// Writes what is new, which [`Self::keep`] need not do then.
    pub fn write_new(&mut self) -> Result<(), LakeError> {
        self.chains.spill()?;
        self.unique.iter_mut().try_for_each(Sorted::spill)
    }

    /// Writes what is new; returns the names of all runs. None: who owns what is not as files would tell it, because rows
    /// were taken out.
    pub fn keep(&mut self) -> Result<Option<RunNames>, LakeError> {
        if self.replaces && !self.unique.is_empty() {
            return Ok(None);
        }
        self.write_new()?;
        let unique = self.unique.iter().map(Sorted::names).collect();
        Ok(Some(RunNames { chains: self.chains.names(), unique }))
    }

    /// Removes runs of no more use; to be called when the names of the others are kept.
    pub fn tidy(&mut self) {
        self.chains.tidy();
        self.unique.iter_mut().for_each(Sorted::tidy);
    }

    /// Bytes of memory it takes.
    pub fn memory(&self) -> u64 {
        self.chains.memory() + self.unique.iter().map(Sorted::memory).sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{durable, history::History};

    fn version(order: i64, file: u32, row: u32) -> Version {
        Version { content: order as u64, order, start: order, ended: OPEN, file, row, load: file, source: 0 }
    }

    /// Places versions, one batch.
    fn place(index: &mut KeyIndex, rows: &[(Key, Version)]) {
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

    fn all(index: &KeyIndex) -> BTreeMap<Key, Vec<Entry>> {
        let mut all = BTreeMap::new();
        index.scan(&mut |key, entries| assert!(all.insert(key, entries.to_vec()).is_none())).unwrap();
        all
    }

    fn rows(index: &KeyIndex) -> BTreeMap<Key, Vec<(u32, u32)>> {
        let place = |e: &Entry| (e.version.file, e.version.row);
        all(index).into_iter().map(|(key, chain)| (key, chain.iter().map(place).collect())).collect()
    }

    /// A key as hashes are: spread over the whole range.
    fn key(n: u64) -> Key {
        Key::from(n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }

    #[test]
    fn what_was_applied_is_found_again_in_its_order() {
        let mut index = KeyIndex::new(0, None);
        place(&mut index, &[(7, version(20, 0, 0)), (9, version(5, 0, 1)), (7, version(10, 0, 2))]);
        place(&mut index, &[(7, version(15, 1, 0)), (8, version(1, 1, 1))]);
        let want = [(7, vec![(0, 2), (1, 0), (0, 0)]), (8, vec![(1, 1)]), (9, vec![(0, 1)])];
        assert_eq!(rows(&index), want.into_iter().collect());
    }

    #[test]
    fn rows_that_are_taken_out_leave_no_gap_and_free_what_they_owned() {
        let folder = tempfile::tempdir().unwrap();
        for folder in [None, Some(folder.path())] {
            let mut index = KeyIndex::with_limit(1, folder, 2);
            place(&mut index, &[(7, version(10, 0, 0)), (8, version(1, 0, 1)), (9, version(1, 0, 2))]);
            place(&mut index, &[(7, version(20, 1, 0)), (6, version(1, 1, 1))]);
            index.own(0, &[(100, 8, 1), (101, 9, 1)]).unwrap();
            index.begin(5);
            index.remove(&BTreeMap::from([(0, vec![0, 1])])).unwrap();
            let want = [(6, vec![(1, 1)]), (7, vec![(1, 0)]), (9, vec![(0, 0)])];
            assert_eq!(rows(&index), want.into_iter().collect());
            assert_eq!(index.owners(0, &[100, 101]).unwrap(), [None, Some(9)]);
            assert!(index.keep().unwrap().is_none(), "who owns what is asked of the files the next time");
        }
    }

    #[test]
    fn a_value_is_its_owners_until_another_load_has_changed_the_row() {
        let mut index = KeyIndex::new(1, None);
        index.begin(1);
        place(&mut index, &[(7, version(10, 1, 0))]);
        index.own(0, &[(100, 7, 10)]).unwrap();
        assert_eq!(index.owners(0, &[100]).unwrap(), [Some(7)]);
        index.begin(2);
        place(&mut index, &[(7, version(20, 2, 0))]);
        index.own(0, &[(101, 7, 20)]).unwrap();
        // Within a load it makes no difference which row comes first.
        assert_eq!(index.owners(0, &[100, 101]).unwrap(), [Some(7), Some(7)]);
        index.begin(3);
        assert_eq!(index.owners(0, &[100, 101]).unwrap(), [None, Some(7)]);
    }

    /// Whatever is put, in whatever pieces it is written, and however often it is opened anew: it says the same as an index
    /// in memory.
    #[test]
    fn an_index_on_the_disk_says_what_one_in_memory_says() {
        let folder = tempfile::tempdir().unwrap();
        let (mut memory, mut disk) =
            (KeyIndex::new(0, None), KeyIndex::with_limit(0, Some(folder.path()), 37));
        let mut state = 7u64;
        let mut random = move |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        for load in 0..60u32 {
            let batch: Vec<(Key, Version)> = (0..random(60))
                .map(|row| (key(random(900)), version(random(1000) as i64, load, row as u32)))
                .collect();
            place(&mut memory, &batch);
            place(&mut disk, &batch);
            if random(5) == 0 {
                let places = BTreeMap::from([(random(u64::from(load) + 1) as u32, vec![0, 2])]);
                memory.remove(&places).unwrap();
                disk.remove(&places).unwrap();
            }
            if random(4) == 0 {
                let names = disk.keep().unwrap().unwrap();
                disk.tidy();
                let there = durable::names(folder.path()).unwrap().len();
                assert_eq!(names.all().count(), there, "only what is named is there");
                assert!(there <= 12, "{there} runs of a few hundred keys");
                disk = KeyIndex::open(folder.path(), &names).unwrap();
            }
        }
        assert!(all(&memory).len() > 500);
        assert_eq!(all(&memory), all(&disk));
        // Also key by key, one at a time and many at once, those that are not there among them.
        let mut keys: Vec<Key> = (0..1200).map(key).collect();
        keys.sort_unstable();
        let chains_of = |index: &mut KeyIndex, keys: &[Key]| -> Vec<Vec<Entry>> {
            let mut chains = Chains::default();
            index.probe(keys, &mut chains).unwrap();
            (0..keys.len()).map(|at| chains.chain(chains.head(at)).map(|(_, e)| e).collect()).collect()
        };
        let want = chains_of(&mut memory, &keys);
        for (key, want) in keys.iter().zip(&want) {
            assert_eq!(chains_of(&mut disk, &[*key]), std::slice::from_ref(want));
        }
        assert_eq!(chains_of(&mut disk, &keys), want);
    }

    #[test]
    fn an_index_of_rows_in_pieces_is_that_of_all_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let made = |folder, limit| {
            let mut builder = Builder::new(KeyIndex::with_limit(0, folder, limit));
            for row in 0..1000u32 {
                let order = i64::from(row * 7919 % 10);
                let ended = if row % 3 == 0 { order + 2 } else { OPEN };
                let version = Version { ended, ..version(order, row / 100, row % 100) };
                let entry = Entry { version, from: EVER, to: ended };
                let (recorded, number) = (i64::from(row / 300), i64::from(row));
                builder
                    .push(Found { key: key(u64::from(row * 31 % 400)), entry, recorded, since: 0, number })
                    .unwrap();
            }
            builder.finish().unwrap()
        };
        let (memory, mut disk) = (made(None, 0), made(Some(folder.path()), 64));
        assert_eq!(all(&memory).len(), 400);
        assert_eq!(all(&memory), all(&disk));
        let names = disk.keep().unwrap().unwrap();
        assert_eq!(durable::names(folder.path()).unwrap().len(), names.all().count(), "no piece stays");
    }

    /// Every byte of a run: it is noticed, or was of no matter to what is asked.
    #[test]
    fn a_run_that_is_not_as_it_was_written_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = KeyIndex::new(0, Some(folder.path()));
        let rows: Vec<(Key, Version)> = (0..200).map(|n| (key(n), version(1, 0, n as u32))).collect();
        place(&mut index, &rows);
        let names = index.keep().unwrap().unwrap();
        let want = all(&index);
        let path = folder.path().join(names.all().next().unwrap());
        let bytes = std::fs::read(&path).unwrap();
        let reads = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let index = KeyIndex::open(folder.path(), &names)?;
            let mut found = BTreeMap::new();
            index.scan(&mut |key, entries| drop(found.insert(key, entries.to_vec())))?;
            Ok::<_, LakeError>(found)
        };
        assert_eq!(reads(&bytes).unwrap(), want);
        for at in (0..bytes.len()).step_by(7) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(reads(&changed).is_err(), "byte {at}");
        }
        for length in (0..bytes.len()).step_by(101) {
            assert!(reads(&bytes[..length]).is_err(), "cut at {length}");
        }
    }
}
