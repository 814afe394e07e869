//! Bytes by key: what is new in memory, the rest in sorted runs. The newest that is said of a key holds; no bytes: it is gone.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsString,
    hash::{BuildHasherDefault, Hasher},
    path::{Path, PathBuf},
    thread,
};

use hashbrown::hash_table::{Entry, HashTable};
use kepi_query::landing::Bits;

use super::run::{Blocks, Run, RunWriter, merge};
use crate::{
    durable,
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

/// Keys that are held in memory before they are written as a run: some 100 MB.
pub(super) const FRESH: usize = 1 << 20;
/// Bytes a key, after which they are written all the same: those of what no longer holds are among them.
const BYTES: usize = 128;
/// The part of them, as one in so many, after which room is made for all.
const SOON: usize = 16;
/// So many new keys are put in order and written by two threads: mostly a landing waits for nothing else then.
const PARTED: usize = 1 << 15;
/// So many runs of about one size become one.
const TOGETHER: usize = 4;
/// How much larger a run may be than all newer ones and still be merged with them.
const LARGER: u64 = 3;

/// What is new of a key: where in the bytes it begins, and its length. Halves of the key, so that it takes 24 bytes.
struct New {
    key: [u64; 2],
    from: u32,
    length: u32,
}

impl New {
    fn key(&self) -> Key {
        Key::from(self.key[0]) << 64 | Key::from(self.key[1])
    }
}

/// Keys that are looked up, or bytes that are fetched, one behind the other before something is done with them: so they wait for
/// memory together.
pub(super) const AT_ONCE: usize = 64;

/// Where a key stands in a table: those that are asked for in order stand behind one another in it, as long as it has no more places
/// than [`FRESH`] keys need.
fn place(upper: u64) -> u64 {
    upper.rotate_left(FRESH.ilog2() + 1)
}

/// What is new, in the order in which it came; a key that is said again keeps its place. The table holds places only: it is
/// asked for keys all over it, and the smaller it is, the nearer it stays.
#[derive(Default)]
struct Fresh {
    places: HashTable<u32>,
    all: Vec<New>,
    bytes: Vec<u8>,
}

impl Fresh {
    fn len(&self) -> usize {
        self.all.len()
    }

    fn bytes_of(&self, new: &New) -> &[u8] {
        let from = new.from as usize;
        self.bytes.get(from..from + new.length as usize).unwrap_or_default()
    }

    fn find(&self, key: Key) -> Option<&New> {
        let is = |at: &u32| self.all.get(*at as usize).is_some_and(|new| new.key() == key);
        let at = self.places.find(place((key >> 64) as u64), is)?;
        self.all.get(*at as usize)
    }

    /// `say` appends what is said of the key.
    fn put(&mut self, key: Key, say: impl FnOnce(&mut Vec<u8>)) {
        let from = self.bytes.len();
        say(&mut self.bytes);
        let new = New {
            key: [(key >> 64) as u64, key as u64],
            from: from as u32,
            length: (self.bytes.len() - from) as u32,
        };
        let all = &self.all;
        let is = |at: &u32| all.get(*at as usize).is_some_and(|new| new.key() == key);
        let hash = |at: &u32| all.get(*at as usize).map_or(0, |new| place(new.key[0]));
        match self.places.entry(place(new.key[0]), is, hash) {
            Entry::Occupied(entry) => {
                let at = *entry.get() as usize;
                if let Some(old) = self.all.get_mut(at) {
                    *old = new;
                }
            }
            Entry::Vacant(entry) => {
                entry.insert(all.len() as u32);
                self.all.push(new);
            }
        }
    }

    /// Makes room for so many keys.
    fn reserve(&mut self, keys: usize) {
        let all = &self.all;
        let hash = |at: &u32| all.get(*at as usize).map_or(0, |new| place(new.key[0]));
        self.places.reserve(keys - self.all.len(), hash);
        let bytes = self.bytes.len() / self.all.len().max(1);
        self.all.reserve_exact(keys - self.all.len());
        self.bytes.reserve(keys * bytes - self.bytes.len());
    }

    fn take(&mut self) -> Vec<New> {
        self.places.clear();
        std::mem::take(&mut self.all)
    }

    /// Passes over what was taken, by key.
    fn in_order<E>(
        &self,
        mut new: Vec<New>,
        mut each: impl FnMut(Key, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        // They came batch by batch in order, which a stable sort makes use of.
        new.sort_by_key(|new| new.key);
        for new in new.chunks(AT_ONCE) {
            // They stand all over the bytes.
            let first = |new: &New| self.bytes_of(new).first().copied().unwrap_or_default();
            std::hint::black_box(new.iter().fold(0, |all, new| all ^ first(new)));
            new.iter().try_for_each(|new| each(new.key(), self.bytes_of(new)))?;
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        // A table of hashes keeps one byte an entry beside it.
        self.places.capacity() * 8 / 7 * (size_of::<u32>() + 1)
            + self.all.capacity() * size_of::<New>()
            + self.bytes.capacity()
    }
}

/// Bytes by key.
#[derive(Default)]
pub(super) struct Sorted {
    /// Where its runs stand; none: it is never written.
    folder: Option<PathBuf>,
    /// The oldest first.
    runs: Vec<Run>,
    fresh: Fresh,
    /// How many keys are held in memory.
    limit: usize,
    /// Runs that are of no more use, but named by what was kept last.
    out: Vec<PathBuf>,
    unnamed: Unnamed,
}

/// Runs that no list names yet. They go where nothing comes of the landing that wrote them.
#[derive(Default)]
struct Unnamed(Vec<PathBuf>);

impl Drop for Unnamed {
    fn drop(&mut self) {
        for path in &self.0 {
            // Best effort: what no list names is removed when the index is opened.
            let _ = durable::remove(path);
        }
    }
}

impl Sorted {
    /// Empty, with a folder for its runs.
    pub fn new(folder: Option<PathBuf>, limit: usize) -> Self {
        Self { folder, limit, ..Self::default() }
    }

    /// As it was left, by the names of its runs.
    pub fn open(folder: &Path, names: &[String], limit: usize) -> Result<Self, LakeError> {
        let runs = names.iter().map(|name| Run::open(&folder.join(name))).collect::<Result<_, _>>()?;
        Ok(Self { runs, ..Self::new(Some(folder.to_owned()), limit) })
    }

    /// The names of its runs; what is new is not in them.
    pub fn names(&self) -> Vec<String> {
        let name = |run: &Run| run.path().file_name().map(OsString::from)?.into_string().ok();
        self.runs.iter().filter_map(name).collect()
    }

    /// Takes over a run that was written elsewhere, newer than all others.
    pub fn take(&mut self, run: Run) {
        self.runs.push(run);
    }

    /// Hands over the bytes of sorted keys, none for those that are not there.
    pub fn get(
        &mut self,
        keys: &[Key],
        mut each: impl FnMut(Key, &[u8]) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        for run in &mut self.runs {
            run.expect(keys.len())?;
        }
        let (mut found, mut buffer) = (Vec::new(), Vec::new());
        let mut new: Vec<Option<&New>> = Vec::with_capacity(AT_ONCE);
        for keys in keys.chunks(AT_ONCE) {
            new.clear();
            new.extend(keys.iter().map(|key| self.fresh.find(*key)));
            for (key, new) in keys.iter().zip(&new) {
                if let Some(new) = new {
                    each(*key, self.fresh.bytes_of(new))?;
                    continue;
                }
                found.clear();
                for run in self.runs.iter().rev() {
                    if run.get(*key, &mut buffer, &mut found)? {
                        break;
                    }
                }
                each(*key, &found)?;
            }
        }
        Ok(())
    }

    /// Says something new of a key: `say` appends it.
    #[inline]
    pub fn put(&mut self, key: Key, say: impl FnOnce(&mut Vec<u8>)) -> Result<(), LakeError> {
        let is_full = self.fresh.len() >= self.limit || self.fresh.bytes.len() >= self.limit * BYTES;
        if self.folder.is_some() && is_full && self.fresh.len() > 0 {
            self.spill()?;
        }
        if self.fresh.len() == self.limit / SOON && self.folder.is_some() {
            // As many follow: nothing is moved time and again while it grows.
            self.fresh.reserve(self.limit);
        }
        self.fresh.put(key, say);
        Ok(())
    }

    /// Passes over all keys that are there, in any order.
    pub fn scan(&self, mut each: impl FnMut(Key, &[u8])) -> Result<(), LakeError> {
        let mut unless_gone = |key: Key, bytes: &[u8]| {
            if !bytes.is_empty() {
                each(key, bytes);
            }
        };
        for new in &self.fresh.all {
            unless_gone(new.key(), self.fresh.bytes_of(new));
        }
        merge(self.runs.iter(), |key, at| {
            if let Some(newest) = at.first().filter(|_| self.fresh.find(key).is_none()) {
                unless_gone(key, newest.bytes());
            }
            Ok(())
        })
    }

    /// Takes a run that it has written.
    fn push(&mut self, run: Run) {
        self.unnamed.0.push(run.path().to_owned());
        self.runs.push(run);
    }

    fn path(folder: &Path) -> PathBuf {
        folder.join(format!("{}.run", uuid::Uuid::new_v4()))
    }

    /// Writes what is new as a run, and merges those of about one size.
    pub fn spill(&mut self) -> Result<(), LakeError> {
        let Some(folder) = self.folder.clone().filter(|_| self.fresh.len() > 0) else { return Ok(()) };
        let keys = self.fresh.len();
        let mut writer = RunWriter::create(&Self::path(&folder), keys as u64)?;
        let (new, fresh) = (self.fresh.take(), &self.fresh);
        if keys < PARTED {
            fresh.in_order(new, |key, bytes| writer.push(key, bytes))?;
        } else {
            let (upper, lower): (Vec<New>, Vec<New>) =
                new.into_iter().partition(|new| new.key.first().is_some_and(|upper| upper >> 63 == 1));
            thread::scope(|scope| {
                let upper = scope.spawn(move || {
                    let room = fresh.bytes.len() / 2 + upper.len() * size_of::<[Key; 2]>();
                    let mut blocks = Blocks::of(Vec::with_capacity(room), keys as u64);
                    let done = fresh.in_order(upper, |key, bytes| blocks.push(key, bytes));
                    done.map(|()| blocks)
                });
                fresh.in_order(lower, |key, bytes| writer.push(key, bytes))?;
                let died = |_| LakeError::Worker("a thread that writes an index ended by itself".to_owned());
                let failed = |source| LakeError::Io { path: folder.clone(), doing: "written", source };
                writer.append(upper.join().map_err(died)?.map_err(failed)?)
            })?;
        }
        self.push(writer.finish()?);
        self.fresh.bytes.clear();
        let mut from = self.runs.len() - 1;
        let mut newer = self.runs.last().map_or(0, |run| run.keys);
        while let Some(before) = from.checked_sub(1).and_then(|at| self.runs.get(at)) {
            if before.keys > newer.saturating_mul(LARGER) {
                break;
            }
            newer += before.keys;
            from -= 1;
        }
        if self.runs.len() - from >= TOGETHER {
            self.merge_from(&folder, from)?;
        }
        Ok(())
    }

    /// Makes the runs from a number on one.
    fn merge_from(&mut self, folder: &Path, from: usize) -> Result<(), LakeError> {
        let old = self.runs.get(from..).unwrap_or_default();
        let mut writer = RunWriter::create(&Self::path(folder), old.iter().map(|run| run.keys).sum())?;
        merge(old.iter(), |key, at| {
            let bytes = at.first().map_or(&[][..], |newest| newest.bytes());
            // What is gone is to be said as long as an older run may know it.
            if bytes.is_empty() && from == 0 { Ok(()) } else { writer.push(key, bytes) }
        })?;
        let merged = writer.finish()?;
        self.leave(from);
        self.push(merged);
        Ok(())
    }

    /// Lets go of the runs from a number on: what another one holds. Those that no list names yet go at once, or as many bytes would lie there as often as
    /// new keys are merged.
    fn leave(&mut self, from: usize) {
        for run in self.runs.drain(from..) {
            let path = run.path().to_owned();
            drop(run);
            match self.unnamed.0.iter().position(|unnamed| *unnamed == path) {
                Some(at) => {
                    self.unnamed.0.swap_remove(at);
                    // Best effort: what no list names is removed when the index is opened.
                    let _ = durable::remove(&path);
                }
                None => self.out.push(path),
            }
        }
    }

    /// Makes what is said of every key anew: `change` gets the bytes and leaves those that hold from now on.
    pub fn rewrite(&mut self, mut change: impl FnMut(&mut Vec<u8>)) -> Result<(), LakeError> {
        let mut bytes = Vec::new();
        let Some(folder) = self.folder.clone() else {
            let mut all = Vec::new();
            self.scan(|key, bytes| all.push((key, bytes.to_owned())))?;
            for (key, mut bytes) in all {
                change(&mut bytes);
                self.put(key, |into| into.extend_from_slice(&bytes))?;
            }
            return Ok(());
        };
        self.spill()?;
        let mut writer = RunWriter::create(&Self::path(&folder), self.runs.iter().map(|run| run.keys).sum())?;
        merge(self.runs.iter(), |key, at| {
            bytes.clear();
            bytes.extend_from_slice(at.first().map_or(&[][..], |newest| newest.bytes()));
            if !bytes.is_empty() {
                change(&mut bytes);
            }
            if bytes.is_empty() { Ok(()) } else { writer.push(key, &bytes) }
        })?;
        let written = writer.finish()?;
        self.leave(0);
        self.push(written);
        Ok(())
    }

    /// Removes runs that are of no more use. To be called when a list of the names of the others is kept.
    pub fn tidy(&mut self) {
        self.unnamed.0.clear();
        for path in self.out.drain(..) {
            // Best effort: what no list names is removed when the index is opened.
            let _ = durable::remove(&path);
        }
    }

    /// Bytes of memory it takes.
    pub fn memory(&self) -> u64 {
        self.fresh.memory() as u64 + self.runs.iter().map(Run::memory).sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_keys_are_written_by_two_threads_as_one_run() {
        let folder = tempfile::tempdir().unwrap();
        let mut sorted = Sorted::new(Some(folder.path().to_owned()), FRESH);
        // As hashes are: spread over the whole range, or over one half of it.
        let half = Key::MAX / 2;
        for (from, spread) in [(0, half / 20_000), (0, half / 40_000), (half + 1, half / 40_000)] {
            let keys: Vec<Key> = (0..40_000).map(|n: Key| from + n * 7919 % 40_000 * spread).collect();
            keys.iter().for_each(|key| sorted.put(*key, |into| into.extend(key.to_le_bytes())).unwrap());
            sorted.spill().unwrap();
            let (mut sought, mut found) = (keys.clone(), 0);
            sought.sort_unstable();
            let mut opened = Sorted::open(folder.path(), &sorted.names(), FRESH).unwrap();
            let mut each = |key: Key, bytes: &[u8]| {
                assert_eq!(bytes, key.to_le_bytes());
                found += 1;
                Ok(())
            };
            opened.get(&sought, &mut each).unwrap();
            opened.scan(|key, bytes| each(key, bytes).unwrap()).unwrap();
            assert!(found >= 80_000, "{found}");
        }
    }

    #[test]
    fn runs_that_became_one_before_anybody_named_them_are_gone_and_others_wait() {
        let folder = tempfile::tempdir().unwrap();
        let there = || durable::names(folder.path()).unwrap().len();
        let mut sorted = Sorted::new(Some(folder.path().to_owned()), 10);
        let put = |sorted: &mut Sorted, keys: std::ops::Range<u128>| {
            for key in keys {
                sorted.put(key << 64, |into| into.push(1)).unwrap();
                assert!(sorted.out.len() + sorted.runs.len() == there());
            }
        };
        put(&mut sorted, 0..1_000);
        assert!(sorted.out.is_empty() && there() < 12, "of a hundred runs {} are there", there());
        // A list names them now, so they stay until another one is kept.
        let named = sorted.names().len();
        sorted.tidy();
        put(&mut sorted, 1_000..3_000);
        assert!(sorted.out.len() <= named && !sorted.out.is_empty());
        sorted.tidy();
        assert_eq!(there(), sorted.runs.len());
    }
}
