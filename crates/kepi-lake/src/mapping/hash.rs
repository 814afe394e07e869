//! Rows by hash: their key, and all that they say.

use kepi_model::id::AttributeId;
use kepi_query::landing::Bits;
use siphasher::sip128::SipHasher13;

use super::rows::{Column, Slot};
use crate::error::LakeError;

/// The hash of a key. Rows with the same key are versions of one another.
pub(crate) type Key = u128;

/// The keys of an entity that others refer to.
pub(crate) trait Keys: Send + Sync {
    /// Which of `keys`, which are sorted, are there.
    fn hold(&self, keys: &[Key]) -> Result<Bits, LakeError>;
}

/// What stands for an attribute where the content of a row is hashed.
pub(crate) type Tag = [u8; 8];

/// The tag of an attribute: of its name, so that attributes added to the model later change no other's.
pub(crate) fn tag(attribute: &AttributeId) -> Tag {
    let mut tag = Tag::default();
    blake3::Hasher::new().update(attribute.as_str().as_bytes()).finalize_xof().fill(&mut tag);
    tag
}

/// Hashes typed values unambiguously: kind, length, bytes. Used again row by row, so that its buffer is. By SipHash-1-3 with
/// 128 bits: of texts as short as rows are it takes an eighth of the time of BLAKE3 (`bench/README.md`, Landing), and without
/// its key nobody can tell which value a hash is of by trying values, nor make two values that have one.
pub(crate) struct RowHasher {
    bytes: Vec<u8>,
    hasher: SipHasher13,
}

impl Default for RowHasher {
    /// Its hashes are kept nowhere.
    fn default() -> Self {
        Self { bytes: Vec::new(), hasher: SipHasher13::new() }
    }
}

impl RowHasher {
    /// Its hashes are the lake's own.
    pub fn secret(secret: [u8; 32]) -> Self {
        let mut key = [0; 16];
        blake3::Hasher::new_keyed(&secret).update(b"rows").finalize_xof().fill(&mut key);
        Self { bytes: Vec::new(), hasher: SipHasher13::new_with_key(&key) }
    }

    /// The hash by which rows are told apart; none: a part of it is missing.
    pub fn key(&mut self, columns: &[Column], positions: &[usize], row: usize) -> Option<Key> {
        self.key_of(None, columns, positions, row)
    }

    /// As [`Self::key`], of rows that one source alone knows, if they are kept apart by it.
    pub fn key_of(
        &mut self,
        source: Option<&str>,
        columns: &[Column],
        positions: &[usize],
        row: usize,
    ) -> Option<Key> {
        self.bytes.clear();
        if let Some(source) = source {
            self.bytes.push(b's');
            self.text(source);
        }
        for at in positions {
            if !self.value(columns.get(*at)?, row) {
                return None;
            }
        }
        Some(self.finish())
    }

    /// The hash of everything that has a value, so that attributes added to the model later do not change it.
    pub fn content(&mut self, columns: &[Column], tags: &[Tag], row: usize) -> u64 {
        self.bytes.clear();
        for (column, tag) in columns.iter().zip(tags) {
            let begun = self.bytes.len();
            self.bytes.extend_from_slice(tag);
            if !self.value(column, row) {
                self.bytes.truncate(begun);
            }
        }
        self.finish() as u64
    }

    /// The hash of what a row says that also says which one it was merged into.
    pub fn merged(&mut self, content: u64, into: &str) -> u64 {
        self.bytes.clear();
        self.bytes.extend_from_slice(&content.to_le_bytes());
        self.text(into);
        self.finish() as u64
    }

    fn text(&mut self, text: &str) {
        self.bytes.push(b't');
        // Most texts are short.
        match u8::try_from(text.len()).ok().filter(|length| *length < u8::MAX) {
            Some(length) => self.bytes.push(length),
            None => {
                self.bytes.push(u8::MAX);
                self.bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            }
        }
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Adds a value; false if it is missing.
    fn value(&mut self, column: &Column, row: usize) -> bool {
        match column.slot(row) {
            Slot::Missing => return false,
            Slot::Text(text) => self.text(text),
            Slot::Integer(n) | Slot::Instant(n) => {
                self.bytes.push(b'i');
                self.bytes.extend_from_slice(&n.to_le_bytes());
            }
            Slot::Boolean(b) => self.bytes.extend_from_slice(&[b'b', u8::from(b)]),
        }
        true
    }

    fn finish(&self) -> Key {
        self.hasher.hash(&self.bytes).as_u128()
    }
}
