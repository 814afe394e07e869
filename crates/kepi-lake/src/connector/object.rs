//! One JSON object, taken apart by what the objects before it were like: mostly the same keys stand in the same order, so that a key
//! is found by comparing its bytes. What is not as usual is left to whoever reads any object, and says what is wrong with it.

use std::{collections::HashMap, ops::Range};

use kepi_query::landing::Gathered;

use super::{LONGEST_CELL, MOST_COLUMNS};

/// Values within values that are followed; deeper ones are left to others.
const DEEPEST: usize = 64;

/// The columns that are wanted of objects, and the keys that they have had.
#[derive(Default)]
pub(super) struct Usual {
    /// Paths below these objects, and the columns that they fill.
    paths: Vec<(String, usize)>,
    /// In the order in which they came.
    keys: Vec<Known>,
    places: HashMap<Box<str>, usize>,
    /// Objects so far.
    objects: u64,
}

/// A key that objects have had.
struct Known {
    /// With its quotes and the colon behind it, as most write it.
    written: Box<str>,
    /// The columns that its values fill.
    columns: Vec<usize>,
    /// What is wanted of objects that are its values.
    within: Option<Box<Usual>>,
    /// The object that had it last.
    last: u64,
}

/// What one object has for each column. Its buffers are used again.
#[derive(Default)]
pub(super) struct Taken {
    texts: Vec<Text>,
    /// Texts in which something was escaped.
    own: Vec<String>,
}

/// A text of an object.
#[derive(Default, Clone, Copy)]
enum Text {
    /// There is no such value.
    #[default]
    Absent,
    Null,
    /// As it stands, from here to there.
    At(u32, u32),
    /// By number, one in which something was escaped.
    Own(u32),
}

impl Taken {
    /// Appends the texts to their columns. `all`: what the object stands in.
    pub fn push(&self, all: &str, columns: &mut [Gathered]) {
        for (column, text) in columns.iter_mut().zip(&self.texts) {
            match *text {
                Text::Absent | Text::Null => column.push(None),
                Text::At(begin, end) => column.push_of(all.as_bytes(), begin as usize..end as usize),
                Text::Own(at) => column.push(self.own.get(at as usize).map(String::as_str)),
            }
        }
    }

    /// Fills a column; none: two values are called so, or it is too long.
    fn fill(&mut self, column: usize, text: Text) -> Option<()> {
        let length = match text {
            Text::At(begin, end) => (end - begin) as usize,
            Text::Own(at) => self.own.get(at as usize).map_or(0, String::len),
            Text::Absent | Text::Null => 0,
        };
        let before = self.texts.get_mut(column).filter(|before| matches!(before, Text::Absent))?;
        *before = text;
        (length <= LONGEST_CELL).then_some(())
    }
}

impl Usual {
    /// Of whole objects: a column by its path.
    pub fn want(&mut self, path: &str, column: usize) {
        self.paths.push((path.to_owned(), column));
    }

    /// Remembers a key. What objects that are its values are like is to be learnt by what is returned.
    pub fn learn(&mut self, key: &str) -> Option<&mut Usual> {
        // As it is written it must stand as it is.
        if key.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
            return None;
        }
        let at = match self.places.get(key) {
            Some(at) => *at,
            None if self.keys.len() < MOST_COLUMNS => {
                let columns = self.paths.iter().filter(|(path, _)| path == key).map(|(_, column)| *column);
                let below = |(path, column): &(String, usize)| {
                    let rest = path.strip_prefix(key)?.strip_prefix('.')?;
                    Some((rest.to_owned(), *column))
                };
                let paths: Vec<_> = self.paths.iter().filter_map(below).collect();
                let within = Usual { paths, ..Usual::default() };
                self.keys.push(Known {
                    written: format!("\"{key}\":").into(),
                    columns: columns.collect(),
                    within: Some(Box::new(within)).filter(|within| !within.paths.is_empty()),
                    last: 0,
                });
                self.places.insert(key.into(), self.keys.len() - 1);
                self.keys.len() - 1
            }
            None => return None,
        };
        self.keys.get_mut(at)?.within.as_deref_mut()
    }

    /// Takes the object apart that stands at a place; false: it is not as usual, and may be none.
    pub fn take(&mut self, all: &str, place: Range<usize>, columns: usize, into: &mut Taken) -> bool {
        into.texts.clear();
        into.texts.resize(columns, Text::Absent);
        into.own.clear();
        let Some(text) = all.get(..place.end).filter(|text| u32::try_from(text.len()).is_ok()) else {
            return false;
        };
        let mut walk = Walk { text, at: place.start };
        walk.space();
        let done = self.object(&mut walk, into, 0).is_some();
        walk.space();
        done && walk.at == text.len()
    }

    fn object(&mut self, walk: &mut Walk<'_>, into: &mut Taken, depth: usize) -> Option<()> {
        self.objects += 1;
        walk.sign(b'{')?;
        walk.space();
        if walk.sign(b'}').is_some() {
            return Some(());
        }
        let mut expected = 0;
        loop {
            let at = self.key(walk, expected)?;
            expected = at + 1;
            walk.space();
            let known = self.keys.get_mut(at)?;
            if std::mem::replace(&mut known.last, self.objects) == self.objects {
                return None;
            }
            match &mut known.within {
                Some(within) if walk.peek() == Some(b'{') && known.columns.is_empty() && depth < DEEPEST => {
                    within.object(walk, into, depth + 1)?;
                }
                Some(_) if walk.peek() == Some(b'{') => return None,
                _ => {
                    let value = walk.value(depth, &mut into.own)?;
                    known.columns.iter().try_for_each(|column| into.fill(*column, value))?;
                }
            }
            if !walk.goes_on(b'}')? {
                return Some(());
            }
        }
    }

    /// Passes a key and the colon behind it: most likely the one that stands behind the one before.
    fn key(&self, walk: &mut Walk<'_>, expected: usize) -> Option<usize> {
        if let Some(known) = self.keys.get(expected)
            && begins(walk.rest(), known.written.as_bytes())
        {
            walk.at += known.written.len();
            return Some(expected);
        }
        let (place, false) = walk.string()? else { return None };
        let at = self.places.get(walk.text.get(place)?).copied()?;
        walk.space();
        walk.sign(b':')?;
        Some(at)
    }
}

/// Goes through a text of JSON. Nothing is told of what is not as it should be.
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn sign(&mut self, sign: u8) -> Option<()> {
        (self.peek()? == sign).then(|| self.at += 1)
    }

    /// Whether a comma stands behind a value, or what ends the list.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        self.space();
        if self.sign(b',').is_some() {
            self.space();
            return Some(true);
        }
        self.sign(end).map(|()| false)
    }

    /// Passes a text: where it stands between its quotes, and whether something in it is escaped.
    #[inline]
    fn string(&mut self) -> Option<(Range<usize>, bool)> {
        self.sign(b'"')?;
        let begin = self.at;
        let mut escaped = false;
        loop {
            self.at += plain(self.rest());
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at += 2;
                }
                // Characters that may not stand in a text.
                _ => return None,
            }
        }
        self.at += 1;
        Some((begin..self.at - 1, escaped))
    }

    /// What a text says that was passed and in which something is escaped.
    fn said(&self, place: Range<usize>) -> Option<String> {
        serde_json::from_str(self.text.get(place.start - 1..=place.end)?).ok()
    }

    /// Passes a value.
    #[inline]
    fn value(&mut self, depth: usize, own: &mut Vec<String>) -> Option<Text> {
        let begin = self.at;
        match self.peek()? {
            b'"' => {
                let (place, escaped) = self.string()?;
                if !escaped {
                    return Some(Text::At(place.start as u32, place.end as u32));
                }
                own.push(self.said(place)?);
                return Some(Text::Own(own.len() as u32 - 1));
            }
            b'n' => {
                self.word("null")?;
                return Some(Text::Null);
            }
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'-' | b'0'..=b'9' => self.number()?,
            b'[' | b'{' if depth < DEEPEST => self.nested(depth + 1)?,
            _ => return None,
        }
        Some(Text::At(begin as u32, self.at as u32))
    }

    /// Passes a list or an object of which nothing is wanted but what it is written as.
    fn nested(&mut self, depth: usize) -> Option<()> {
        let end = if self.peek()? == b'[' { b']' } else { b'}' };
        self.at += 1;
        self.space();
        if self.sign(end).is_some() {
            return Some(());
        }
        loop {
            if end == b'}' {
                if let (key, true) = self.string()? {
                    self.said(key)?;
                }
                self.space();
                self.sign(b':')?;
                self.space();
            }
            // Of texts within it is wanted whether they are texts.
            self.value(depth, &mut Vec::new())?;
            if !self.goes_on(end)? {
                return Some(());
            }
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.rest().starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    /// Passes digits, one at least.
    fn digits(&mut self) -> Option<()> {
        let n = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += n;
        (n > 0).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.sign(b'-');
        if self.sign(b'0').is_none() {
            self.digits()?;
        }
        if self.sign(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }
}

/// Whether bytes begin with others, which are few: eight are compared together, without a call.
#[inline]
fn begins(bytes: &[u8], with: &[u8]) -> bool {
    let Some(bytes) = bytes.get(..with.len()) else { return false };
    let ((own, _), (others, _)) = (bytes.as_chunks::<8>(), with.as_chunks::<8>());
    match (bytes.last_chunk::<8>(), with.last_chunk::<8>()) {
        (Some(last), Some(other)) => last == other && own.iter().zip(others).all(|(own, other)| own == other),
        _ => bytes.iter().zip(with).all(|(own, other)| own == other),
    }
}

/// How many bytes come before a quote, a backslash or a control character, eight looked at together.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    // The lowest byte that is less than `n` has its highest bit set, and none below it has.
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word;
    let (eights, rest) = bytes.as_chunks::<8>();
    for (at, eight) in eights.iter().enumerate() {
        let word = u64::from_le_bytes(*eight);
        let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = (is(b'"') | is(b'\\') | below(word, 0x20)) & (ONES * 0x80);
        if found != 0 {
            return at * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let is_plain = |byte: &&u8| !matches!(**byte, b'"' | b'\\' | 0..0x20);
    eights.len() * 8 + rest.iter().take_while(is_plain).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_plain_text_is_found_wherever_it_stands() {
        for length in 0..40 {
            for end in [b'"', b'\\', 0, b'\n', 0x1f] {
                for at in 0..length {
                    // Bytes beside it that differ from it by one, or by their highest bit.
                    for other in [b'!', b'#', b' ', b']', b'[', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                        let mut bytes = vec![other; length];
                        bytes[at] = end;
                        assert_eq!(plain(&bytes), at, "{bytes:?}");
                    }
                }
            }
            assert_eq!(plain(&vec![b'x'; length]), length);
        }
    }
}
