//! Rows by hash: their key, and all that they say.

use std::ops::Range;

use kepi_model::{expression::Physical, id::AttributeId, project::Entity};
use kepi_query::landing::Bits;
use siphasher::sip128::SipHasher13;

use super::rows::{Column, Slot, Values};
use crate::error::LakeError;

/// The hash of a key. Rows with the same key are versions of one another.
pub(crate) type Key = u128;

/// The keys of an entity that others refer to.
pub(crate) trait Keys: Send + Sync {
    /// Which of `keys`, which are sorted, are there.
    fn hold(&self, keys: &[Key]) -> Result<Bits, LakeError>;
}

/// What stands for an attribute where the content of a row is hashed.
pub(crate) type Tag = u64;

/// Rows of which the contents are hashed together: their bytes fit into a near cache.
const TOGETHER: usize = 256;
/// Bytes of a text that are copied at once.
const COPIED: usize = 32;

/// Hashes typed values unambiguously: kind, length, bytes. Used again row by row, so that its buffer is. By SipHash-1-3 with
/// 128 bits: of texts as short as rows are it takes an eighth of the time of BLAKE3 (`bench/README.md`, Landing), and without
/// its key nobody can tell which value a hash is of by trying values, nor make two values that have one.
pub(crate) struct RowHasher {
    bytes: Vec<u8>,
    hasher: SipHasher13,
    /// Of rows that are hashed together: their bytes, where those of each begin and the next of them goes, and the sum of the tags
    /// of what it has.
    rows: Vec<u8>,
    begins: Vec<usize>,
    ends: Vec<usize>,
    tags: Vec<Tag>,
}

impl Default for RowHasher {
    /// Its hashes are kept nowhere.
    fn default() -> Self {
        Self::by(SipHasher13::new())
    }
}

impl RowHasher {
    /// Its hashes are the lake's own.
    pub fn secret(secret: [u8; 32]) -> Self {
        let mut key = [0; 16];
        blake3::Hasher::new_keyed(&secret).update(b"rows").finalize_xof().fill(&mut key);
        Self::by(SipHasher13::new_with_key(&key))
    }

    fn by(hasher: SipHasher13) -> Self {
        let (bytes, rows, begins, ends, tags) = Default::default();
        Self { bytes, hasher, rows, begins, ends, tags }
    }

    /// The tags of the attributes of an entity, in their order.
    pub fn tags(&mut self, entity: &Entity) -> Vec<Tag> {
        entity.attributes.iter().map(|a| self.tag(&a.id, a.type_.physical())).collect()
    }

    /// The tag of an attribute: of its name and its type, so that attributes added to the model later change no other's.
    fn tag(&mut self, attribute: &AttributeId, physical: Physical) -> Tag {
        self.bytes.clear();
        self.bytes.push(match physical {
            Physical::Text => b't',
            Physical::Integer => b'i',
            Physical::Instant => b'm',
            Physical::Boolean => b'b',
        });
        self.bytes.extend_from_slice(attribute.as_str().as_bytes());
        self.finish() as Tag
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

    /// The hashes of everything that the first rows have, one a row, so that attributes added to the model later do not change
    /// them: the sum of the tags of those that have a value, then the values in the order of the attributes. A column after the
    /// other for some rows at once, since what a column is does not change from row to row.
    pub fn contents(&mut self, columns: &[Column], tags: &[Tag], rows: usize, into: &mut Vec<u64>) {
        into.clear();
        for first in (0..rows).step_by(TOGETHER) {
            let rows = first..rows.min(first + TOGETHER);
            self.ends.clear();
            self.ends.resize(rows.len(), size_of::<Tag>());
            self.tags.clear();
            self.tags.resize(rows.len(), 0);
            for (column, tag) in columns.iter().zip(tags) {
                let places = self.ends.iter_mut().zip(&mut self.tags).zip(rows.clone());
                match column.values() {
                    Values::Numbers(_, there) => {
                        for ((end, tags), _) in places.filter(|(_, row)| there.get(*row)) {
                            *end += size_of::<i64>();
                            *tags = tags.wrapping_add(*tag);
                        }
                    }
                    Values::Texts(texts) => {
                        for (((end, tags), row), place) in places.zip(texts.places(rows.clone())) {
                            if texts.is_there(row) {
                                *end += length(place.len()).1 + place.len();
                                *tags = tags.wrapping_add(*tag);
                            }
                        }
                    }
                }
            }
            let mut all = 0;
            for end in &mut self.ends {
                // What is copied may reach behind its row.
                (all, *end) = (all + *end + COPIED, all);
            }
            if self.rows.len() < all {
                self.rows.resize(all, 0);
            }
            self.begins.clone_from(&self.ends);
            let bytes = &mut self.rows;
            self.ends.iter_mut().zip(&self.tags).for_each(|(end, tags)| put(bytes, end, tags.to_le_bytes()));
            for column in columns.iter().take(tags.len()) {
                let places = self.ends.iter_mut().zip(rows.clone());
                match column.values() {
                    Values::Numbers(numbers, there) => {
                        for (end, row) in places.filter(|(_, row)| there.get(*row)) {
                            put(bytes, end, numbers.get(row).copied().unwrap_or_default().to_le_bytes());
                        }
                    }
                    Values::Texts(texts) => {
                        let letters = texts.parts().0.as_bytes();
                        for ((end, row), place) in places.zip(texts.places(rows.clone())) {
                            if texts.is_there(row) {
                                match u8::try_from(place.len()).ok().filter(|of| *of < u8::MAX) {
                                    Some(short) => put(bytes, end, [short]),
                                    None => put(bytes, end, length(place.len()).0),
                                }
                                copy(bytes, end, letters, place);
                            }
                        }
                    }
                }
            }
            for (begin, end) in self.begins.iter().zip(&self.ends) {
                let content = self.rows.get(*begin..*end).unwrap_or_default();
                into.push(self.hasher.hash(content).as_u128() as u64);
            }
        }
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
        let (length, bytes) = length(text.len());
        self.bytes.extend_from_slice(length.get(..bytes).unwrap_or_default());
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

/// Puts bytes somewhere among others, and goes behind them.
#[inline]
fn put<const N: usize>(into: &mut [u8], at: &mut usize, value: [u8; N]) {
    if let Some(place) = into.get_mut(*at..).and_then(<[u8]>::first_chunk_mut) {
        *place = value;
    }
    *at += N;
}

/// The same of a text that stands in a longer one. Most are short: so many bytes are copied whatever the length is, which takes no
/// call, and what was too much is overwritten by what comes behind it.
#[inline]
fn copy(into: &mut [u8], at: &mut usize, all: &[u8], place: Range<usize>) {
    let length = place.len();
    let from = all.get(place.start..).and_then(<[u8]>::first_chunk::<COPIED>);
    let to = into.get_mut(*at..).and_then(<[u8]>::first_chunk_mut::<COPIED>);
    match (from, to) {
        (Some(from), Some(to)) if length <= COPIED => *to = *from,
        _ => {
            if let (Some(from), Some(to)) = (all.get(place), into.get_mut(*at..*at + length)) {
                to.copy_from_slice(from);
            }
        }
    }
    *at += length;
}

/// How the length of a text is written, and in how many bytes: most texts are short.
fn length(of: usize) -> ([u8; 9], usize) {
    let mut written = [u8::MAX; 9];
    let [first, eight @ ..] = &mut written;
    match u8::try_from(of).ok().filter(|of| *of < u8::MAX) {
        Some(of) => *first = of,
        None => eight.copy_from_slice(&(of as u64).to_le_bytes()),
    }
    let bytes = if of < usize::from(u8::MAX) { 1 } else { written.len() };
    (written, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(physical: Physical, values: &[Option<&str>]) -> Column {
        let mut column = Column::new(physical);
        for value in values {
            match (value, physical) {
                (None, _) => column.missing(),
                (Some(text), Physical::Text) => column.text(text),
                (Some(number), _) => column.number(number.parse().unwrap()),
            }
        }
        column
    }

    #[test]
    fn rows_have_one_content_if_they_say_the_same_and_only_then() {
        use Physical::{Boolean, Instant, Integer, Text};
        let mut hasher = RowHasher::secret([7; 32]);
        let long = "x".repeat(255);
        let texts = [None, Some(""), Some("a"), Some("ab"), Some("1"), Some(long.as_str())];
        let numbers = [None, Some("0"), Some("1")];
        // Every row of three texts and two numbers, more of them than are hashed together.
        let rows: Vec<[Option<&str>; 5]> = (0..6 * 6 * 6 * 3 * 3)
            .map(|n| {
                [texts[n % 6], texts[n / 6 % 6], texts[n / 36 % 6], numbers[n / 216 % 3], numbers[n / 648]]
            })
            .collect();
        let physical = [Text, Text, Text, Integer, Instant];
        let of = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
        let mut columns: Vec<Column> = (0..5).map(|at| column(physical[at], &of(at))).collect();
        let names = ["a", "b", "c", "d", "e", "later"].map(|name| name.parse::<AttributeId>().unwrap());
        let kinds = physical.into_iter().chain([Boolean]);
        let tags: Vec<Tag> = names.iter().zip(kinds).map(|(name, kind)| hasher.tag(name, kind)).collect();
        let (mut contents, mut again) = (Vec::new(), Vec::new());
        hasher.contents(&columns, &tags[..5], rows.len(), &mut contents);
        assert_eq!(contents.iter().collect::<std::collections::BTreeSet<_>>().len(), rows.len());
        // By itself each is the same, also in a table that has got another attribute; of another type it is another.
        columns.push(column(Boolean, &vec![None; rows.len()]));
        hasher.contents(&columns, &tags, rows.len(), &mut again);
        assert_eq!(again, contents);
        let single: Vec<Column> = (0..5).map(|at| column(physical[at], &[rows[1000][at]])).collect();
        hasher.contents(&single, &tags, 1, &mut again);
        assert_eq!(again, contents[1000..=1000]);
        assert_ne!(hasher.tag(&names[0], Text), hasher.tag(&names[0], Integer));
        let mut other = RowHasher::secret([8; 32]);
        let tags: Vec<Tag> = names.iter().map(|name| other.tag(name, Text)).collect();
        other.contents(&single, &tags, 1, &mut again);
        assert_ne!(again, contents[1000..=1000]);
    }
}
