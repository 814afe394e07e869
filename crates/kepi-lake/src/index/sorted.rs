//! Bytes by key: what is new in memory, the rest in sorted runs. The newest that is said of a key holds; no bytes: it is gone.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsString,
    hash::{BuildHasherDefault, Hasher},
    path::{Path, PathBuf},
};

use kepi_query::landing::Bits;

use super::run::{Run, RunWriter, merge};
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
/// So many runs of about one size become one.
const TOGETHER: usize = 4;
/// How much larger a run may be than all newer ones and still be merged with them.
const LARGER: u64 = 3;

/// Bytes by key.
#[derive(Default)]
pub(super) struct Sorted {
    /// Where its runs stand; none: it is never written.
    folder: Option<PathBuf>,
    /// The oldest first.
    runs: Vec<Run>,
    /// Where in `bytes` what is new of a key begins, and its length.
    fresh: KeyMap<(u32, u32)>,
    bytes: Vec<u8>,
    /// How many keys are held in memory.
    limit: usize,
    /// Runs that are of no more use, but named by what was kept last.
    out: Vec<PathBuf>,
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
        for key in keys {
            found.clear();
            if let Some((from, length)) = self.fresh.get(key) {
                let at = *from as usize;
                each(*key, self.bytes.get(at..at + *length as usize).unwrap_or_default())?;
                continue;
            }
            for run in self.runs.iter().rev() {
                if run.get(*key, &mut buffer, &mut found)? {
                    break;
                }
            }
            each(*key, &found)?;
        }
        Ok(())
    }

    /// Says something new of a key.
    pub fn put(&mut self, key: Key, bytes: &[u8]) -> Result<(), LakeError> {
        let at = self.bytes.len();
        if self.folder.is_some()
            && (self.fresh.len() >= self.limit || at >= self.limit * BYTES)
            && !self.fresh.is_empty()
        {
            self.spill()?;
            return self.put(key, bytes);
        }
        self.bytes.extend_from_slice(bytes);
        self.fresh.insert(key, (at as u32, bytes.len() as u32));
        Ok(())
    }

    /// Passes over all keys that are there, in any order.
    pub fn scan(&self, mut each: impl FnMut(Key, &[u8])) -> Result<(), LakeError> {
        let mut unless_gone = |key: Key, bytes: &[u8]| {
            if !bytes.is_empty() {
                each(key, bytes);
            }
        };
        for (key, (from, length)) in &self.fresh {
            let at = *from as usize;
            unless_gone(*key, self.bytes.get(at..at + *length as usize).unwrap_or_default());
        }
        merge(self.runs.iter(), |key, at| {
            if let Some(newest) = at.first().filter(|_| !self.fresh.contains_key(&key)) {
                unless_gone(key, newest.bytes());
            }
            Ok(())
        })
    }

    fn path(folder: &Path) -> PathBuf {
        folder.join(format!("{}.run", uuid::Uuid::new_v4()))
    }

    /// Writes what is new as a run, and merges those of about one size.
    pub fn spill(&mut self) -> Result<(), LakeError> {
        let Some(folder) = self.folder.clone().filter(|_| !self.fresh.is_empty()) else { return Ok(()) };
        let mut sorted: Vec<(Key, (u32, u32))> = self.fresh.drain().collect();
        sorted.sort_unstable_by_key(|(key, _)| *key);
        let mut writer = RunWriter::create(&Self::path(&folder), sorted.len() as u64)?;
        for (key, (from, length)) in sorted {
            let at = from as usize;
            writer.push(key, self.bytes.get(at..at + length as usize).unwrap_or_default())?;
        }
        self.runs.push(writer.finish()?);
        self.bytes.clear();
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
        self.out.extend(self.runs.drain(from..).map(|run| run.path().to_owned()));
        self.runs.push(merged);
        Ok(())
    }

    /// Makes what is said of every key anew: `change` gets the bytes and leaves those that hold from now on.
    pub fn rewrite(&mut self, mut change: impl FnMut(&mut Vec<u8>)) -> Result<(), LakeError> {
        let mut bytes = Vec::new();
        let Some(folder) = self.folder.clone() else {
            let mut all = Vec::new();
            self.scan(|key, bytes| all.push((key, bytes.to_owned())))?;
            for (key, mut bytes) in all {
                change(&mut bytes);
                self.put(key, &bytes)?;
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
        self.out.extend(self.runs.drain(..).map(|run| run.path().to_owned()));
        self.runs.push(written);
        Ok(())
    }

    /// Removes runs that are of no more use. To be called when a list of the names of the others is kept.
    pub fn tidy(&mut self) {
        for path in self.out.drain(..) {
            // Best effort: what no list names is removed when the index is opened.
            let _ = durable::remove(&path);
        }
    }

    /// Bytes of memory it takes.
    pub fn memory(&self) -> u64 {
        // A table of hashes keeps one byte an entry beside it.
        let fresh = self.fresh.capacity() * 8 / 7 * (size_of::<(Key, (u32, u32))>() + 1);
        (fresh + self.bytes.capacity()) as u64 + self.runs.iter().map(Run::memory).sum::<u64>()
    }
}
