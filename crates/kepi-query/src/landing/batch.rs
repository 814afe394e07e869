//! Rows on their way into the lake: batches of typed cells, column by column, that a reader of a raw file hands over.
//!
//! A format that has types keeps them: a Parquet integer never becomes a text on its way. What a format cannot say
//! exactly in one of the types here it says as a text, which a mapping reads like any other.

use std::ops::Range;

use super::PortError;

/// Rows of a batch at most.
pub const BATCH_ROWS: usize = 16_384;
/// Bytes of a batch after which no further row is added to it.
pub const BATCH_BYTES: usize = 4 << 20;

/// Bytes of a text that are copied at once.
const AT_ONCE: usize = 32;

/// Reads a raw file from its beginning to its end.
pub trait BatchReader: Send {
    /// Columns in order; of formats without a header those seen so far, sorted.
    fn columns(&self) -> &[String];
    /// What the file itself says of columns: name and text, where it has rows for that.
    fn labels(&self) -> Vec<(String, String)> {
        Vec::new()
    }
    /// Asks for a column: its cells stand at the number returned in every batch from now on. To be called before the
    /// first [`Self::next`] only.
    ///
    /// # Errors
    /// The file has no such column, or several.
    fn bind(&mut self, column: &str) -> Result<usize, Unbound>;
    /// Fills `into`, whose buffers are used again, with the next rows: at most [`BATCH_ROWS`], and none after
    /// [`BATCH_BYTES`]. False: there are no more rows.
    ///
    /// # Errors
    /// The file cannot be read on. Rows that cannot be read by themselves are no error but [`Batch::bad`].
    fn next(&mut self, into: &mut Batch) -> Result<bool, PortError>;
    /// A row of the batch that was filled last, all columns of it, as JSON: what quarantine keeps. Of a bad row what
    /// there is of it.
    fn raw(&self, row: u32) -> String;
}

/// Why a column cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unbound {
    /// The file has no such column.
    Unknown,
    /// Several columns have this name.
    Repeated {
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
    },
}

/// Rows of a raw file, column by column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Number of the first row in the file, from 1.
    pub first_row: u64,
    /// How many rows.
    pub rows: usize,
    /// The columns that were asked for, by the number that [`BatchReader::bind`] gave them.
    pub cells: Vec<Cells>,
    /// Rows that cannot be read as such, by position in the batch from 0, ascending. Their cells hold nothing.
    pub bad: Vec<(u32, Bad)>,
}

impl Batch {
    /// Forgets the rows before, for so many columns from this row on; the columns keep what they hold to be filled anew.
    pub fn begin(&mut self, first_row: u64, columns: usize) {
        self.first_row = first_row;
        self.rows = 0;
        self.bad.clear();
        self.cells.resize_with(columns, Default::default);
    }
}

/// Why a row cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// Built-in rule.
    pub rule: &'static str,
    /// In words, with the place.
    pub reason: String,
    /// Column, where one is to blame.
    pub column: Option<String>,
}

/// The cells of one column of a batch. The last bits of each say which rows have a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cells {
    /// Texts as they stand in the file.
    Texts(Texts),
    /// Decimal numbers: value × 10^scale.
    Integers(Vec<i64>, u8, Bits),
    /// Instants in µs UTC, of the years 0 to 9999.
    Instants(Vec<i64>, Bits),
    /// What a clock showed, without its zone: µs since it showed 1970-01-01T00:00, of the years 0 to 9999.
    Locals(Vec<i64>, Bits),
    /// Days since 1970-01-01, of the years 0 to 9999.
    Days(Vec<i32>, Bits),
    /// Truth values.
    Booleans(Bits, Bits),
}

impl Default for Cells {
    fn default() -> Self {
        Self::Texts(Texts::default())
    }
}

impl Cells {
    /// Empties the column and makes it one of texts; its buffers are used again if it was one.
    pub fn texts(&mut self) -> &mut Texts {
        loop {
            match self {
                Self::Texts(texts) => {
                    texts.clear();
                    return texts;
                }
                _ => *self = Self::default(),
            }
        }
    }
}

/// Texts, one after the other in one buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    bytes: String,
    /// Where each text ends.
    ends: Vec<usize>,
    there: Bits,
}

impl Texts {
    /// Removes all texts.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.there.clear();
    }

    /// Appends the text of the next row; none: it has none.
    #[inline]
    pub fn push(&mut self, text: Option<&str>) {
        self.bytes.push_str(text.unwrap_or(""));
        self.ends.push(self.bytes.len());
        self.there.push(text.is_some());
    }

    /// Takes over texts that stand one after the other in `bytes`: where each ends, and which rows have one. A text must end
    /// where a character does.
    pub fn take_all(&mut self, bytes: &str, ends: impl Iterator<Item = usize>, there: Bits) {
        self.clear();
        self.bytes.push_str(bytes);
        self.ends.extend(ends);
        self.there = there;
    }

    /// How many rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// All texts, one after the other, where each ends, and which rows have one.
    #[inline]
    pub fn parts(&self) -> (&str, &[usize], &Bits) {
        (&self.bytes, &self.ends, &self.there)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a row; none: it has none.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&str> {
        if !self.there.get(row) {
            return None;
        }
        let begin = row.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.bytes.get(begin..*self.ends.get(row)?)
    }

    /// Whether a row has a text.
    #[inline]
    pub fn is_there(&self, row: usize) -> bool {
        self.there.get(row)
    }

    /// Where the texts of some rows stand in the bytes of all.
    #[inline]
    pub fn places(&self, rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let before = rows.start.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let ends = self.ends.get(rows).unwrap_or_default().iter();
        ends.scan(before.unwrap_or(0), |begin, end| Some(std::mem::replace(begin, *end)..*end))
    }
}

/// Texts that are being gathered, of which it is asked all at once whether they are UTF-8.
#[derive(Debug, Default)]
pub struct Gathered {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    there: Bits,
}

impl Gathered {
    /// Begins in the place of earlier ones, whose buffers are used again.
    pub fn anew(texts: &mut Texts) -> Self {
        texts.clear();
        let Texts { bytes, ends, there } = std::mem::take(texts);
        Self { bytes: bytes.into_bytes(), ends, there }
    }

    /// Appends the text of the next row; none: it has none.
    #[inline]
    pub fn push(&mut self, text: Option<&str>) {
        self.bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        self.ends.push(self.bytes.len());
        self.there.push(text.is_some());
    }

    /// Appends the text of the next row, which stands at a place of a longer one.
    #[inline]
    pub fn push_of(&mut self, all: &[u8], place: Range<usize>) {
        // Most texts are short, and what stands behind them is at hand: so many bytes are copied whatever the length is, which
        // takes no call, and what was too much is dropped.
        let end = self.bytes.len() + place.len();
        match all.get(place.start..).and_then(<[u8]>::first_chunk::<AT_ONCE>) {
            Some(more) if place.len() <= AT_ONCE => {
                self.bytes.extend_from_slice(more);
                self.bytes.truncate(end);
            }
            _ => self.bytes.extend_from_slice(all.get(place).unwrap_or_default()),
        }
        self.ends.push(self.bytes.len());
        self.there.push(true);
    }

    /// The texts; none: they are no UTF-8.
    pub fn texts(self) -> Option<Texts> {
        let Self { bytes, ends, there } = self;
        let bytes = String::from_utf8(bytes).ok()?;
        let whole = bytes.is_ascii() || ends.iter().all(|end| bytes.is_char_boundary(*end));
        whole.then_some(Texts { bytes, ends, there })
    }
}

/// One bit a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// Removes all bits.
    pub fn clear(&mut self) {
        self.words.clear();
        self.len = 0;
    }

    /// So many bits that are set.
    pub fn all(len: usize) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(64)];
        if let (Some(last), 1..) = (words.last_mut(), len % 64) {
            *last >>= 64 - len % 64;
        }
        Self { words, len }
    }

    /// Appends a bit.
    #[inline]
    pub fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        if bit && let Some(word) = self.words.last_mut() {
            *word |= 1 << (self.len % 64);
        }
        self.len += 1;
    }

    /// Appends `n` times the same bit.
    pub fn extend(&mut self, bit: bool, n: usize) {
        (0..n).for_each(|_| self.push(bit));
    }

    /// A bit; false beyond the end.
    #[inline]
    pub fn get(&self, at: usize) -> bool {
        at < self.len && self.words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// How many bits.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many of them are set.
    pub fn ones(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The bits, 64 a word, the first in the lowest place; behind the last there are zeros.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Whether there is no bit.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl FromIterator<bool> for Bits {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let mut all = Self::default();
        bits.into_iter().for_each(|bit| all.push(bit));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_stand_in_a_longer_one_are_gathered_whatever_stands_behind_them() {
        let mixed = format!("{}é{}", "a".repeat(31), "b".repeat(40));
        for all in ["", "abc", &"x".repeat(100), &"é".repeat(50), &mixed] {
            for begin in (0..=all.len()).filter(|at| all.is_char_boundary(*at)) {
                let mut want = Texts::default();
                let mut gathered = Gathered::anew(&mut want.clone());
                for end in (begin..=all.len()).filter(|at| all.is_char_boundary(*at)) {
                    gathered.push_of(all.as_bytes(), begin..end);
                    want.push(Some(&all[begin..end]));
                }
                assert_eq!(gathered.texts().as_ref(), Some(&want), "{all} {begin}");
            }
        }
        // Halves of a character, also where they come together again.
        for halves in 1..=2 {
            let mut gathered = Gathered::default();
            (0..halves).for_each(|at| gathered.push_of("é".as_bytes(), at..at + 1));
            assert_eq!(gathered.texts(), None);
        }
    }

    #[test]
    fn bits_beyond_a_word_and_beyond_the_end() {
        let bits: Bits = (0..200).map(|n| n % 3 == 0).collect();
        assert_eq!(bits.len(), 200);
        assert!((0..200).all(|n| bits.get(n) == (n % 3 == 0)));
        assert!(!bits.get(200) && !bits.get(usize::MAX));
        for n in [0, 1, 63, 64, 65, 200] {
            assert_eq!(Bits::all(n), (0..n).map(|_| true).collect(), "{n}");
        }
    }

    #[test]
    fn texts_keep_what_is_empty_apart_from_what_is_not_there() {
        let mut texts = Texts::default();
        [Some("é"), Some(""), None, Some("b")].into_iter().for_each(|t| texts.push(t));
        assert_eq!(
            (0..5).map(|row| texts.get(row)).collect::<Vec<_>>(),
            [Some("é"), Some(""), None, Some("b"), None]
        );
    }

    #[test]
    fn a_column_becomes_one_of_texts_whatever_it_was() {
        let mut cells = Cells::Integers(vec![1], 0, [true].into_iter().collect());
        cells.texts().push(Some("a"));
        assert_eq!(cells.texts().len(), 0, "it is emptied each time");
    }
}
