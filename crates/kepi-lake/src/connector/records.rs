//! Where a record of delimited text ends, and its fields: RFC 4180, read leniently where nothing is lost by it.
//!
//! A quoted field may hold line ends, so one quote too many can swallow the rest of a file. Two things give it away:
//! behind the closing quote of a field over several lines the text goes on, or the lines that it swallowed are rows like
//! the one that it stands in.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memchr2_iter, memchr3};

/// Lines behind the first that are looked at to judge whether they are rows.
const LINES_JUDGED: usize = 1000;
/// So many lines of the right number of fields are rows even if nothing else tells them from text, if they have
/// [`FIELDS_THAT_TELL`].
const LINES_THAT_TELL: usize = 3;
const FIELDS_THAT_TELL: usize = 3;

/// A field, by its place in its record.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Field {
    begin: u32,
    end: u32,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Shape {
    /// As it stands.
    #[default]
    Plain,
    /// What stood between quotes, with quotes that are doubled.
    Doubled,
    /// Begins with a quote that ends before the field does.
    Mixed,
}

/// The fields of a record: the first ones, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Fields {
    places: Vec<Field>,
    pub count: usize,
}

impl Fields {
    fn clear(&mut self) {
        self.places.clear();
        self.count = 0;
    }

    #[inline]
    fn push(&mut self, (begin, end): (usize, usize), shape: Shape, keep: usize) {
        if self.count < keep {
            // Records are far shorter than 4 GiB.
            self.places.push(Field { begin: begin as u32, end: end as u32, shape });
        }
        self.count += 1;
    }

    pub fn get(&self, at: usize) -> Option<&Field> {
        self.places.get(at)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.places.iter()
    }
}

impl Field {
    /// How many bytes it has in the file.
    pub fn len(&self) -> usize {
        (self.end - self.begin) as usize
    }

    /// Where its text stands, as it is, where its record begins here.
    #[inline]
    pub fn plain(&self, begin: usize) -> Option<Range<usize>> {
        (self.shape == Shape::Plain).then(|| begin + self.begin as usize..begin + self.end as usize)
    }

    /// Its bytes as they stand in the file.
    pub fn raw<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        record.get(self.begin as usize..self.end as usize).unwrap_or_default()
    }

    /// If its text is not UTF-8: how many bytes of it are.
    pub fn valid(&self, record: &[u8]) -> Option<usize> {
        let raw = self.raw(record);
        let valid = raw.get(..std::str::from_utf8(raw).err()?.valid_up_to())?;
        let quotes = memchr_iter(b'"', valid).count();
        Some(match self.shape {
            Shape::Plain => valid.len(),
            Shape::Doubled => valid.len() - quotes / 2,
            Shape::Mixed => valid.len() - quotes.min(2),
        })
    }

    /// Its text, with the help of a buffer.
    #[inline]
    pub fn text<'a>(&self, record: &'a str, buffer: &'a mut String) -> &'a str {
        let raw = record.get(self.begin as usize..self.end as usize).unwrap_or_default();
        if self.shape == Shape::Plain { raw } else { self.unquoted(raw, buffer) }
    }

    fn unquoted<'a>(&self, raw: &'a str, buffer: &'a mut String) -> &'a str {
        buffer.clear();
        match self.shape {
            Shape::Plain => return raw,
            Shape::Doubled => undouble(raw, buffer),
            Shape::Mixed => {
                let inner = raw.get(1..).unwrap_or_default();
                let closing = closing_quote(inner.as_bytes()).unwrap_or(inner.len());
                undouble(inner.get(..closing).unwrap_or_default(), buffer);
                buffer.push_str(inner.get(closing + 1..).unwrap_or_default());
            }
        }
        buffer
    }
}

/// Appends a text in which every quote is doubled, with single ones.
fn undouble(mut text: &str, into: &mut String) {
    while let Some(at) = text.find('"') {
        into.push_str(text.get(..=at).unwrap_or_default());
        text = text.get(at + 2..).unwrap_or_default();
    }
    into.push_str(text);
}

/// Where the quote stands that closes a quoted text.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut quotes = memchr_iter(b'"', text).peekable();
    while let Some(at) = quotes.next() {
        if quotes.next_if_eq(&(at + 1)).is_none() {
            return Some(at);
        }
    }
    None
}

/// What bytes begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A record.
    Record {
        /// Where it ends.
        end: usize,
        /// Where its first line ends: before, if a quoted field holds line ends.
        first_line: usize,
        /// Position of a quoted field over several lines whose text goes on behind its closing quote, from 1.
        stray: Option<usize>,
    },
    /// A quoted field that does not end.
    Open {
        /// Its position, from 1.
        field: usize,
        /// Where its quote stands.
        at: usize,
    },
    /// More bytes are needed to say.
    More,
}

/// Takes the record apart that `bytes` begin with, which is no blank line. `whole`: no further bytes follow. Of its
/// fields the first `keep` are kept.
pub(super) fn split(bytes: &[u8], whole: bool, delimiter: u8, keep: usize, fields: &mut Fields) -> Found {
    fields.clear();
    let first_line = match memchr2(b'\r', b'\n', bytes) {
        Some(at) => at,
        None if whole => bytes.len(),
        None => return Found::More,
    };
    let line = bytes.get(..first_line).unwrap_or_default();
    if memchr(b'"', line).is_none() {
        split_plainly(line, 0, delimiter, keep, fields);
        return Found::Record { end: first_line, first_line, stray: None };
    }
    let (mut at, mut stray) = (0, None);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let field_ends = |from: usize| {
            let more = bytes.get(from..).unwrap_or_default();
            let found = memchr3(delimiter, b'\r', b'\n', more).map(|n| from + n);
            found.or(whole.then_some(bytes.len()))
        };
        let end = if rest.first() == Some(&b'"') {
            let begin = at + 1;
            let closing = closing_quote(rest.get(1..).unwrap_or_default()).map(|n| begin + n);
            let Some(closing) = closing.filter(|n| whole || n + 1 < bytes.len()) else {
                return if whole { Found::Open { field: fields.count + 1, at } } else { Found::More };
            };
            let inner = bytes.get(begin..closing).unwrap_or_default();
            let behind = closing + 1;
            if bytes.get(behind).is_none_or(|b| *b == delimiter || matches!(b, b'\r' | b'\n')) {
                let doubled = memchr(b'"', inner).is_some();
                let shape = if doubled { Shape::Doubled } else { Shape::Plain };
                fields.push((begin, closing), shape, keep);
                behind
            } else {
                let Some(end) = field_ends(behind) else { return Found::More };
                fields.push((at, end), Shape::Mixed, keep);
                if stray.is_none() && memchr2(b'\r', b'\n', inner).is_some() {
                    stray = Some(fields.count);
                }
                end
            }
        } else {
            let Some(end) = field_ends(at) else { return Found::More };
            fields.push((at, end), Shape::Plain, keep);
            end
        };
        if bytes.get(end) != Some(&delimiter) {
            return Found::Record { end, first_line, stray };
        }
        at = end + 1;
    }
}

/// Appends the fields of a line from `at` on, in which quotes mean nothing.
fn split_plainly(line: &[u8], mut at: usize, delimiter: u8, keep: usize, fields: &mut Fields) {
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    // Fields are short: eight bytes are looked at together, and none is looked at twice.
    let mut from = at;
    let (eights, rest) = line.get(from..).unwrap_or_default().as_chunks::<8>();
    for eight in eights {
        let other = u64::from_le_bytes(*eight) ^ u64::from_ne_bytes([delimiter; 8]);
        // The highest bit of each byte that is the delimiter.
        let mut found = !(((other & LOW) + LOW) | other | LOW);
        while found != 0 {
            let end = from + found.trailing_zeros() as usize / 8;
            fields.push((at, end), Shape::Plain, keep);
            at = end + 1;
            found &= found - 1;
        }
        from += eight.len();
    }
    for end in (from..).zip(rest).filter(|(_, byte)| **byte == delimiter).map(|(end, _)| end) {
        fields.push((at, end), Shape::Plain, keep);
        at = end + 1;
    }
    fields.push((at, line.len()), Shape::Plain, keep);
}

/// Where the line behind a line end at `end` begins; none: more bytes are needed to say.
pub(super) fn behind(bytes: &[u8], end: usize, whole: bool) -> Option<usize> {
    match (bytes.get(end), bytes.get(end + 1)) {
        (None, _) => Some(end),
        (Some(b'\r'), Some(b'\n')) => Some(end + 2),
        (Some(b'\r'), None) if !whole => None,
        _ => Some(end + 1),
    }
}

/// The lines of a text; each ends with LF, CR or both.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr2(b'\r', b'\n', text);
        rest = end.and_then(|end| text.get(behind(text, end, true)?..));
        text.get(..end.unwrap_or(text.len()))
    })
}

/// How many line ends a text holds.
pub(super) fn line_ends(text: &[u8]) -> u64 {
    let pairs = memchr2_iter(b'\r', b'\n', text).filter(|at| text.get(*at..at + 2) == Some(b"\r\n")).count();
    (memchr2_iter(b'\r', b'\n', text).count() - pairs) as u64
}

/// The position of the quoted field, from 1, at which a record over several lines seems to have swallowed rows: every
/// line of it, taken by itself, has as many fields as the header, and numbers where the first line has numbers.
pub(super) fn swallowed_rows(record: &[u8], delimiter: u8, width: usize) -> Option<usize> {
    let mut fields = Fields::default();
    let mut lines = lines(record);
    let first = lines.next().unwrap_or_default();
    let open = alone(first, delimiter, width, &mut fields)?;
    let numbers = |line: &[u8], fields: &Fields| -> Vec<Option<bool>> {
        fields.iter().map(|field| begins_as_number(field.raw(line))).collect()
    };
    if fields.count != width {
        return None;
    }
    let model = numbers(first, &fields);
    let (mut told, mut count) = (true, 0);
    for line in lines.filter(|line| !line.is_empty()).take(LINES_JUDGED) {
        alone(line, delimiter, width, &mut fields);
        if fields.count != width {
            return None;
        }
        count += 1;
        let pairs = || model.iter().copied().zip(numbers(line, &fields));
        told &= pairs().any(|(a, b)| a == Some(true) && b == a)
            && pairs().all(|(a, b)| a.is_none() || b.is_none() || a == b);
    }
    let rows = count > 0 && told || count >= LINES_THAT_TELL && width >= FIELDS_THAT_TELL;
    rows.then_some(open)
}

/// Takes a line apart by itself: a quote that is not closed in it means nothing. Returns the position of its field.
fn alone(line: &[u8], delimiter: u8, keep: usize, fields: &mut Fields) -> Option<usize> {
    let Found::Open { field, at } = split(line, true, delimiter, keep, fields) else { return None };
    split_plainly(line, at, delimiter, keep, fields);
    Some(field)
}

/// Whether a cell begins as numbers and dates do; none: it is empty.
fn begins_as_number(cell: &[u8]) -> Option<bool> {
    let cell = cell.trim_ascii().strip_prefix(b"\"").unwrap_or(cell.trim_ascii());
    let digits = cell.strip_prefix(b"-").or(cell.strip_prefix(b"+")).unwrap_or(cell);
    (!cell.is_empty()).then(|| digits.first().is_some_and(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, delimiter: u8) -> (Found, Vec<String>) {
        let mut fields = Fields::default();
        let found = split(text.as_bytes(), true, delimiter, usize::MAX, &mut fields);
        let mut buffer = String::new();
        let texts = fields.iter().map(|f| f.text(text, &mut buffer).to_owned()).collect();
        (found, texts)
    }

    #[test]
    fn fields_of_one_line() {
        for (line, want) in [
            ("a,b", vec!["a", "b"]),
            ("a,", vec!["a", ""]),
            ("\"a\"\"b\",\"c,d\"", vec!["a\"b", "c,d"]),
            ("\"\"\"\"", vec!["\""]),
            ("\"a\"b\"c,5\" x", vec!["ab\"c", "5\" x"]),
            ("\"\",\"\"", vec!["", ""]),
        ] {
            let (found, got) = texts(line, b',');
            assert_eq!(got, want, "{line}");
            assert_eq!(found, Found::Record { end: line.len(), first_line: line.len(), stray: None });
        }
    }

    #[test]
    fn every_delimiter_is_found_and_nothing_else() {
        let mut state = 7u64;
        for n in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Bytes that differ from it by one, or by their highest bit, beside it.
            let bytes = [b',', b'-', b'+', 0xac, 0x2b ^ 0x80, 0, 0x80, 0xff, b'x', b','];
            let line: Vec<u8> = (0..n % 40).map(|at| bytes[(state >> at) as usize % bytes.len()]).collect();
            let mut fields = Fields::default();
            split_plainly(&line, 0, b',', usize::MAX, &mut fields);
            let want: Vec<&[u8]> = line.split(|byte| *byte == b',').collect();
            assert_eq!(fields.iter().map(|f| f.raw(&line)).collect::<Vec<_>>(), want, "{line:?}");
            assert_eq!(fields.count, want.len());
        }
    }

    #[test]
    fn quotes_hold_line_ends() {
        let (found, got) = texts("1;\"a\r\nb\";2\n3;4;5", b';');
        assert_eq!(got, ["1", "a\r\nb", "2"]);
        assert_eq!(found, Found::Record { end: 10, first_line: 4, stray: None });
        assert_eq!(texts("1;\"a\nb\"c;2", b';').0, Found::Record { end: 10, first_line: 4, stray: Some(2) });
        assert_eq!(texts("1;\"a\nb", b';').0, Found::Open { field: 2, at: 2 });
    }

    #[test]
    fn nothing_is_said_before_it_is_certain() {
        // Whatever a record is cut at, what is said of a part is never taken back.
        for text in ["1,\"a\"\"\nb\",c\r\nx", "ab,c\n", "\"a\"\"b\"c,d\r"] {
            let bytes = text.as_bytes();
            let mut fields = Fields::default();
            let whole = split(bytes, true, b',', 9, &mut fields);
            let count = fields.count;
            for cut in 0..bytes.len() {
                match split(&bytes[..cut], false, b',', 9, &mut fields) {
                    Found::More => {}
                    found => assert_eq!((found, fields.count), (whole, count), "{text:?} cut at {cut}"),
                }
            }
        }
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        assert_eq!(line_ends(b"a\r\nb\rc\n\nd"), 4);
        assert_eq!(lines(b"a\r\nb\rc\n\nd").collect::<Vec<_>>(), [&b"a"[..], b"b", b"c", b"", b"d"]);
    }

    #[test]
    fn rows_in_a_cell_are_told_from_text_of_several_lines() {
        let rows = |text: &str, width| swallowed_rows(text.as_bytes(), b',', width);
        assert_eq!(rows("1,2026-01-01,\"north,5\n2,2026-01-02,north,5\n3,2026-01-03,south\",5", 4), Some(3));
        assert_eq!(rows("Ann,\"Bern,x\nBob,Genf,y\nCarl,Thun,y\nDora,Chur\",z", 3), Some(2));
        for text in [
            "1,5,\"well, yes, no\nand, then, nothing\"",
            "1,5,\"a\nb\"",
            "1,\"a\n2,b\",3",
            "7,5,\"see:\n1, 2, 3\"",
        ] {
            assert_eq!(rows(text, 3), None, "{text}");
        }
    }
}
