//! JSON objects: one a line, or the elements of a list in one document. A column is a top-level key, or a dotted path into nested
//! objects.
//!
//! Numbers are taken as they are spelt, never through floating point.

use std::{
    borrow::Cow,
    fmt,
    io::{self, BufRead},
    ops::Range,
    path::Path,
};

use kepi_query::landing::{BATCH_BYTES, BATCH_ROWS, Bad, Batch, BatchReader, Gathered, PortError, Unbound};
use memchr::memchr;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    ENCODING, LONGEST_CELL, LONGEST_RECORD, MOST_COLUMNS, NOT_AN_OBJECT, REPEATED_KEY, TOO_LONG, bytes,
    document::Document,
    gathered, hand_over,
    object::{Taken, Usual},
};
use crate::error::LandError;

/// Lines that are read before they are taken apart: they are still near then.
const TOGETHER: usize = 256;

/// Where objects come from.
enum Objects {
    Lines(Box<dyn BufRead + Send>),
    List(Box<Document>),
}

impl Objects {
    /// What one of them is called.
    fn word(&self) -> &'static str {
        match self {
            Self::Lines(_) => "line",
            Self::List(_) => "row",
        }
    }
}

pub(super) struct NdjsonReader {
    name: String,
    text: Objects,
    /// Of the object that was read last: of lines blank ones count, too.
    number: u64,
    /// Rows read so far.
    rows: u64,
    /// The lines of the batch that was filled last, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Which one each is of the file's, from 1.
    numbers: Vec<u64>,
    /// Keys seen so far, sorted.
    seen: Vec<String>,
    /// Columns that were asked for.
    paths: Vec<String>,
    /// What objects before were like.
    usual: Usual,
    taken: Taken,
}

impl NdjsonReader {
    pub fn open(path: &Path, name: &str) -> Result<Self, LandError> {
        Ok(Self::of(name, Objects::Lines(bytes::text(path, name, "utf-8")?)))
    }

    /// The elements of a list in one document.
    pub fn document(path: &Path, name: &str, rows: Option<&str>) -> Result<Self, LandError> {
        let document = Document::open(bytes::text(path, name, "utf-8")?, name, rows)?;
        Ok(Self::of(name, Objects::List(Box::new(document))))
    }

    fn of(name: &str, text: Objects) -> Self {
        Self {
            name: name.to_owned(),
            text,
            number: 0,
            rows: 0,
            bytes: Vec::new(),
            ends: Vec::new(),
            numbers: Vec::new(),
            seen: Vec::new(),
            paths: Vec::new(),
            usual: Usual::default(),
            taken: Taken::default(),
        }
    }
}

/// A JSON object as it stands, in which a key may be there twice.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    pairs.push((key, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// A JSON object, sorted by its keys, of which one may be there twice.
#[derive(Default)]
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> From<&Pairs<'a>> for Object<'a> {
    fn from(pairs: &Pairs<'a>) -> Self {
        let mut pairs = pairs.0.clone();
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(pairs)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Why a value cannot be taken.
enum Unfit {
    /// This key is there twice on the way to it.
    Repeated(String),
    /// Half of a surrogate pair stands in it.
    Half,
}

impl<'a> Object<'a> {
    fn get(&self, key: &str) -> Result<Option<&'a RawValue>, Unfit> {
        let first = self.0.partition_point(|(k, _)| k.as_ref() < key);
        let named = |at: usize| self.0.get(at).filter(|(k, _)| k == key);
        match (named(first), named(first + 1)) {
            (Some(_), Some(_)) => Err(Unfit::Repeated(key.to_owned())),
            (found, _) => Ok(found.map(|(_, value)| *value)),
        }
    }

    /// The value at a dotted path: the whole path may also be one key.
    fn at(&self, path: &str) -> Result<Option<&'a RawValue>, Unfit> {
        if let Some(value) = self.get(path)? {
            return Ok(Some(value));
        }
        for (dot, _) in path.match_indices('.') {
            let (Some(key), Some(rest)) = (path.get(..dot), path.get(dot + 1..)) else { continue };
            let Some(value) = self.get(key)? else { continue };
            let Ok(nested) = serde_json::from_str::<Pairs<'a>>(value.get()) else { continue };
            let nested = Object::from(&nested);
            if let Some(found) = nested.at(rest)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// A JSON value as text; none: `null`.
fn text(value: &RawValue) -> Result<Option<Cow<'_, str>>, Unfit> {
    let raw = value.get();
    match raw.as_bytes().first() {
        // All else that can be wrong with a text has been said of its line.
        Some(b'"') => {
            serde_json::from_str::<Key<'_>>(raw).map(|Key(text)| Some(text)).map_err(|_| Unfit::Half)
        }
        Some(b'n') => Ok(None),
        _ => Ok(Some(raw.into())),
    }
}

impl NdjsonReader {
    /// Appends the next object to the bytes held; false: there is none. Lines that are blank hold none.
    fn object(&mut self) -> Result<bool, LandError> {
        let begin = self.bytes.len();
        let text = match &mut self.text {
            Objects::Lines(text) => text,
            Objects::List(document) => {
                let any = document.next(&mut self.bytes)?;
                if any {
                    self.number += 1;
                    self.numbers.push(self.number);
                    self.ends.push(self.bytes.len());
                }
                return Ok(any);
            }
        };
        loop {
            self.bytes.truncate(begin);
            let n = read_line(text, &mut self.bytes).map_err(|e| bytes::read_error(&self.name, e))?;
            if n == 0 {
                return Ok(false);
            }
            self.number += 1;
            if n > LONGEST_RECORD {
                return Err(LandError::TooLong {
                    path: self.name.clone(),
                    line: self.number,
                    what: "record",
                    mebibytes: LONGEST_RECORD >> 20,
                });
            }
            if !self.bytes.get(begin..).unwrap_or_default().iter().all(u8::is_ascii_whitespace) {
                self.numbers.push(self.number);
                self.ends.push(self.bytes.len());
                return Ok(true);
            }
        }
    }

    fn held(&self, row: usize) -> &[u8] {
        let end = self.ends.get(row);
        end.and_then(|end| self.bytes.get(begin(&self.ends, row)..*end)).unwrap_or_default()
    }

    /// Takes the lines from one on apart.
    fn take_apart(&mut self, first: usize, columns: &mut [Gathered], bad: &mut Vec<(u32, Bad)>) {
        let bytes = std::mem::take(&mut self.bytes);
        let from = begin(&self.ends, first);
        let all = bytes.get(from..).unwrap_or_default();
        // Whether it is UTF-8 is asked of all at once; if some of it is none, of each line.
        let whole = std::str::from_utf8(all).ok();
        for row in first..self.ends.len() {
            let end = self.ends.get(row).copied().unwrap_or(from);
            let place = begin(&self.ends, row) - from..end - from;
            let done = match whole {
                Some(all) => self.cells(all, place, row, columns),
                None => {
                    let line = self.utf8(all.get(place).unwrap_or_default(), row);
                    line.and_then(|line| self.cells(line, 0..line.len(), row, columns))
                }
            };
            if let Err(why) = done {
                columns.iter_mut().for_each(|cells| cells.push(None));
                bad.push((row as u32, why));
            }
        }
        self.bytes = bytes;
    }

    fn utf8<'a>(&self, line: &'a [u8], row: usize) -> Result<&'a str, Bad> {
        std::str::from_utf8(line).map_err(|e| Bad {
            rule: ENCODING,
            reason: format!(
                "{} {}: byte {} is not UTF-8",
                self.text.word(),
                self.numbers.get(row).copied().unwrap_or(0),
                e.valid_up_to() + 1
            ),
            column: None,
        })
    }

    /// Takes the line apart that stands at a place.
    fn cells(
        &mut self,
        all: &str,
        place: Range<usize>,
        row: usize,
        columns: &mut [Gathered],
    ) -> Result<(), Bad> {
        let Self { numbers, seen, paths, usual, taken, .. } = self;
        if usual.take(all, place.clone(), paths.len(), taken) {
            taken.push(all, columns);
            return Ok(());
        }
        let (word, number) = (self.text.word(), numbers.get(row).copied().unwrap_or(0));
        let line = all.get(place).unwrap_or_default();
        let pairs: Pairs<'_> = serde_json::from_str(line).map_err(|e| Bad {
            rule: NOT_AN_OBJECT,
            reason: format!("{word} {number} is not a JSON object: column {}", e.column()),
            column: None,
        })?;
        let sorted = Object::from(&pairs);
        let mut texts = Vec::with_capacity(paths.len());
        for path in paths.iter() {
            let found = sorted.at(path).and_then(|value| value.map_or(Ok(None), text));
            let (rule, why) = match found {
                Ok(found) if found.as_ref().is_none_or(|text| text.len() <= LONGEST_CELL) => {
                    texts.push(found);
                    continue;
                }
                Ok(_) => (TOO_LONG, format!("`{path}` is longer than {} MiB", LONGEST_CELL >> 20)),
                Err(Unfit::Repeated(key)) => (REPEATED_KEY, format!("the key `{key}` is there twice")),
                Err(Unfit::Half) => {
                    (ENCODING, format!("`{path}` holds half of a character (a lone `\\u` surrogate)"))
                }
            };
            let reason = format!("{word} {number}: {why}");
            return Err(Bad { rule, reason, column: Some(path.clone()) });
        }
        for (cells, text) in columns.iter_mut().zip(texts) {
            cells.push(text.as_deref());
        }
        for (key, _) in &pairs.0 {
            if let Err(place) = seen.binary_search_by(|seen| seen.as_str().cmp(key))
                && seen.len() < MOST_COLUMNS
            {
                seen.insert(place, key.to_string());
            }
        }
        learn(usual, &pairs);
        Ok(())
    }
}

/// Appends a line with its end; returns its length, which is too long where its end was not looked for any further.
fn read_line(text: &mut dyn BufRead, into: &mut Vec<u8>) -> io::Result<usize> {
    let begin = into.len();
    loop {
        let read = match text.fill_buf() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let end = memchr(b'\n', read);
        let n = end.map_or(read.len(), |end| end + 1);
        into.extend_from_slice(read.get(..n).unwrap_or_default());
        text.consume(n);
        let length = into.len() - begin;
        if end.is_some() || n == 0 || length > LONGEST_RECORD {
            return Ok(length);
        }
    }
}

/// Remembers the keys of an object, and of objects within it of which something is wanted.
fn learn(usual: &mut Usual, pairs: &Pairs<'_>) {
    for (key, value) in &pairs.0 {
        if let Some(within) = usual.learn(key)
            && let Ok(nested) = serde_json::from_str::<Pairs<'_>>(value.get())
        {
            learn(within, &nested);
        }
    }
}

/// Where a row begins.
fn begin(ends: &[usize], row: usize) -> usize {
    row.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0)
}

impl BatchReader for NdjsonReader {
    fn columns(&self) -> &[String] {
        &self.seen
    }

    fn bind(&mut self, column: &str) -> Result<usize, Unbound> {
        let at = self.paths.len();
        self.paths.push(column.trim().to_owned());
        self.usual.want(column.trim(), at);
        Ok(at)
    }

    fn next(&mut self, into: &mut Batch) -> Result<bool, PortError> {
        into.begin(self.rows + 1, self.paths.len());
        let mut columns = gathered(into);
        self.bytes.clear();
        self.ends.clear();
        self.numbers.clear();
        let mut ended = false;
        while !ended {
            let first = self.ends.len();
            let most = BATCH_ROWS.min(first + TOGETHER);
            loop {
                ended = self.ends.len() >= BATCH_ROWS || self.bytes.len() >= BATCH_BYTES || !self.object()?;
                if ended || self.ends.len() == most {
                    break;
                }
            }
            self.take_apart(first, &mut columns, &mut into.bad);
        }
        hand_over(columns, into)?;
        into.rows = self.ends.len();
        self.rows += into.rows as u64;
        Ok(into.rows > 0)
    }

    fn raw(&self, row: u32) -> String {
        let line = String::from_utf8_lossy(self.held(row as usize));
        let line = line.trim();
        match serde_json::from_str::<&RawValue>(line) {
            Ok(_) => line.to_owned(),
            Err(_) => serde_json::Value::from(line).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is taken apart as usual is what the reader of any object says, whatever stands in it.
    #[test]
    fn usual_objects_say_what_any_object_says() {
        let mut state = 1u64;
        let mut random = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let keys = ["a", "b", "a.b", "c d", "é", "b.c", "x", "\\u0061", "q\\\"", ""];
        let values = [
            "null",
            "true",
            "false",
            "0",
            "-0",
            "-1.50e+07",
            "1E400",
            "12345678901234567890.123",
            "\"\"",
            "\"plain text\"",
            "\"é ü \\u00e9 \\n \\\" \\\\\"",
            "\"\\ud83d\\ude00\"",
            "[]",
            "[1, {\"a\": [\"]\"]}]",
            "{}",
            "{\"b\":1,\"c\":\"y\"}",
            "{\"b\": {\"c\": null}, \"c\": [2]}",
            "{\"b.c\":true}",
            "{\"b\":1,\"b\":2}",
            // No values.
            "01",
            "1.",
            "-",
            "+1",
            ".5",
            "1e",
            "nul",
            "nulls",
            "\"",
            "\"\t\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\ud800 end\"",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "[",
            "",
        ];
        let paths = ["a", "b", "a.b", "a.b.c", "b.c", "é", "a", "none", "a.c", ""];
        let mut usual = Usual::default();
        paths.iter().enumerate().for_each(|(at, path)| usual.want(path, at));
        let (mut taken, mut fast) = (Taken::default(), 0);
        let good = 19;
        for _ in 0..30_000 {
            let space = ["", "", "", " ", "\t", " \r\n "];
            let mut text = format!("{}{{", space[random(6)]);
            for n in 0..random(5) {
                let comma = if n > 0 { "," } else { "" };
                let (some, few) = (random(4) > 0, random(3) > 0);
                let value = values[random(if some { good } else { values.len() })];
                let key = keys[random(if few { 4 } else { keys.len() })];
                let gaps = [(); 4].map(|()| space[random(6)]);
                let [a, b, c, d] = gaps;
                text += &format!("{comma}{a}\"{key}\"{b}:{c}{value}{d}");
            }
            text += ["}", "}", "}", "} ", "}}", "", "}x", ",}"][random(8)];
            let any = serde_json::from_str::<Pairs<'_>>(&text);
            if usual.take(&text, 0..text.len(), paths.len(), &mut taken) {
                fast += 1;
                let mut own: Vec<Gathered> = paths.iter().map(|_| Gathered::default()).collect();
                taken.push(&text, &mut own);
                let own: Vec<_> = own.into_iter().map(|own| own.texts().unwrap()).collect();
                let pairs = any.unwrap_or_else(|e| panic!("{text:?}: {e}"));
                let sorted = Object::from(&pairs);
                for (path, own) in paths.iter().zip(&own) {
                    let Ok(found) = sorted.at(path) else { panic!("{text:?}: `{path}`") };
                    let Ok(want) = found.map_or(Ok(None), super::text) else { panic!("{text:?}: `{path}`") };
                    assert_eq!(own.get(0), want.as_deref(), "{text:?}: `{path}`");
                }
            } else if let Ok(pairs) = any {
                learn(&mut usual, &pairs);
            }
        }
        assert!(fast > 5000, "{fast} of 30,000 as usual");
    }
}
