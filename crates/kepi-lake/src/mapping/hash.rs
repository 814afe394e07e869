//! Rows by hash: their key, and all that they say.

use kepi_query::landing::Bits;

use super::rows::{Column, Slot};
use crate::error::LakeError;

/// The hash of a key. Rows with the same key are versions of one another.
pub(crate) type Key = u128;

/// The keys of an entity that others refer to.
pub(crate) trait Keys: Send + Sync {
    /// Which of `keys`, which are sorted, are there.
    fn hold(&self, keys: &[Key]) -> Result<Bits, LakeError>;
}

/// Hashes typed values unambiguously: kind, length, bytes. Used again row by row, so that its buffer is.
#[derive(Default)]
pub(crate) struct RowHasher {
    bytes: Vec<u8>,
}

impl RowHasher {
    /// The hash by which rows are told apart; none: a part of it is missing.
    pub fn key(&mut self, columns: &[Column], positions: &[usize], row: usize) -> Option<Key> {
        self.bytes.clear();
        for at in positions {
            if !self.value(columns.get(*at)?, row) {
                return None;
            }
        }
        Some(self.finish())
    }

    /// The hash of everything that has a value, so that attributes added to the model later do not change it.
    pub fn content(&mut self, columns: &[Column], names: &[String], row: usize) -> u64 {
        self.bytes.clear();
        for (column, name) in columns.iter().zip(names) {
            let begun = self.bytes.len();
            self.text(name);
            if !self.value(column, row) {
                self.bytes.truncate(begun);
            }
        }
        self.finish() as u64
    }

    fn text(&mut self, text: &str) {
        self.bytes.push(b't');
        self.bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
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
        let mut out = [0u8; 16];
        blake3::Hasher::new().update(&self.bytes).finalize_xof().fill(&mut out);
        Key::from_le_bytes(out)
    }
}
