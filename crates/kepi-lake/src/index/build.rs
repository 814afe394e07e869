//! An index made from the rows of files, in any order and of any number: sorted in pieces, then together.

use std::path::{Path, PathBuf};

use super::{
    Entry, KeyIndex, OPEN,
    coded::{put_entry, take_entry},
    run::{Run, RunWriter, merge, put_number, take, take_number},
};
use crate::{durable, error::LakeError, mapping::Key};

/// A version as it stands in a file.
pub(crate) struct Found {
    pub key: Key,
    pub entry: Entry,
    pub recorded: i64,
    /// Since when the rows of its load hold: of loads that were recorded at once the later one.
    pub since: i64,
    pub number: i64,
}

/// Gathers versions until all are known.
pub(crate) struct Builder {
    index: KeyIndex,
    found: Vec<Found>,
    /// Pieces that were written, sorted by key.
    pieces: Vec<Run>,
}

impl Builder {
    /// Begins with an empty index.
    pub fn new(index: KeyIndex) -> Self {
        Self { index, found: Vec::new(), pieces: Vec::new() }
    }

    /// Values of a rule of uniqueness and the keys that have them, with the content of their rows.
    pub fn own(&mut self, rule: usize, owned: &[(Key, Key, u64)]) -> Result<(), LakeError> {
        self.index.own(rule, owned)
    }

    /// A version of a row.
    pub fn push(&mut self, found: Found) -> Result<(), LakeError> {
        self.found.push(found);
        if let Some((folder, limit)) = self.index.room()
            && self.found.len() >= limit
        {
            let path = folder.join(format!("{}.run", uuid::Uuid::new_v4()));
            self.end_piece(&path)?;
        }
        Ok(())
    }

    fn end_piece(&mut self, path: &Path) -> Result<(), LakeError> {
        self.found.sort_by_key(|f| f.key);
        let mut writer = RunWriter::create(path, self.found.len() as u64)?;
        let mut bytes = Vec::new();
        for versions in self.found.chunk_by(|a, b| a.key == b.key) {
            bytes.clear();
            for found in versions {
                put_entry(&mut bytes, &found.entry);
                bytes.extend_from_slice(&found.recorded.to_le_bytes());
                bytes.extend_from_slice(&found.since.to_le_bytes());
                put_number(&mut bytes, found.number as u64);
            }
            if let Some(first) = versions.first() {
                writer.push(first.key, &bytes)?;
            }
        }
        self.found.clear();
        self.pieces.push(writer.finish()?);
        Ok(())
    }

    /// The index of all versions.
    pub fn finish(mut self) -> Result<KeyIndex, LakeError> {
        if self.pieces.is_empty() {
            self.found.sort_by_key(|f| f.key);
            let mut bytes = Vec::new();
            for versions in self.found.chunk_by_mut(|a, b| a.key == b.key) {
                let Some(key) = versions.first().map(|f| f.key) else { continue };
                chain(versions, &mut bytes);
                self.index.put(key, &bytes)?;
            }
            return Ok(self.index);
        }
        let Some((folder, _)) = self.index.room() else { return Ok(self.index) };
        let path = || folder.join(format!("{}.run", uuid::Uuid::new_v4()));
        self.end_piece(&path())?;
        let keys = self.pieces.iter().map(|piece| piece.keys).sum();
        let mut writer = RunWriter::create(&path(), keys)?;
        let (mut versions, mut bytes) = (Vec::new(), Vec::new());
        merge(self.pieces.iter(), |key, at| {
            versions.clear();
            // The oldest piece first, so that equals stay in the order of the files.
            for piece in at.iter().rev() {
                let mut rest = piece.bytes();
                while !rest.is_empty() {
                    let found = take_found(key, &mut rest);
                    versions.push(found.ok_or_else(|| LakeError::Index(path()))?);
                }
            }
            chain(&mut versions, &mut bytes);
            writer.push(key, &bytes)
        })?;
        let pieces: Vec<PathBuf> = self.pieces.iter().map(|piece| piece.path().to_owned()).collect();
        self.index.take(writer.finish()?);
        for piece in pieces {
            // Best effort: what no list names is removed when the index is opened.
            let _ = durable::remove(&piece);
        }
        Ok(self.index)
    }
}

fn take_found(key: Key, rest: &mut &[u8]) -> Option<Found> {
    let entry = take_entry(rest)?;
    let (recorded, since) = (i64::from_le_bytes(take(rest)?), i64::from_le_bytes(take(rest)?));
    Some(Found { key, entry, recorded, since, number: take_number(rest)? as i64 })
}

/// The chain of a key as its versions in files tell it.
fn chain(versions: &mut [Found], bytes: &mut Vec<u8>) {
    versions.sort_by_key(|f| (f.entry.version.order, f.recorded, f.since, f.number));
    bytes.clear();
    let mut rest = versions.iter().peekable();
    while let Some(found) = rest.next() {
        let mut entry = found.entry;
        // What was written until its successor is no end of its own.
        if rest.peek().is_some_and(|next| entry.version.ended >= next.entry.version.start) {
            entry.version.ended = OPEN;
        }
        put_entry(bytes, &entry);
    }
}
