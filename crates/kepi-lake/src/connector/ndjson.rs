//! One JSON object a line. A column is a top-level key, or a dotted path into nested objects.
//!
//! Numbers are taken as they are spelt, never through floating point.

use std::{
    borrow::Cow,
    fmt,
    io::{BufRead, Read},
    path::Path,
};

use kepi_query::landing::{BATCH_BYTES, BATCH_ROWS, Bad, Batch, BatchReader, PortError, Texts, Unbound};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    ENCODING, LONGEST_CELL, LONGEST_RECORD, MOST_COLUMNS, NOT_AN_OBJECT, REPEATED_KEY, TOO_LONG, bytes,
};
use crate::error::LandError;

pub(super) struct NdjsonReader {
    name: String,
    text: Box<dyn BufRead + Send>,
    line: u64,
    /// Rows read so far.
    rows: u64,
    /// The lines of the batch that was filled last, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Keys seen so far, sorted.
    seen: Vec<String>,
    /// Columns that were asked for.
    paths: Vec<String>,
}

impl NdjsonReader {
    pub fn open(path: &Path, name: &str) -> Result<Self, LandError> {
        Ok(Self {
            name: name.to_owned(),
            text: bytes::text(path, name, "utf-8")?,
            line: 0,
            rows: 0,
            bytes: Vec::new(),
            ends: Vec::new(),
            seen: Vec::new(),
            paths: Vec::new(),
        })
    }
}

/// A JSON object, sorted by its keys, of which one may be there twice.
#[derive(Default)]
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    pairs.push((key, value));
                }
                pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
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
            let Ok(nested) = serde_json::from_str::<Object<'a>>(value.get()) else { continue };
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
    /// Appends the next line that is not blank to the bytes held; false: there is none.
    fn line(&mut self) -> Result<bool, LandError> {
        let begin = self.bytes.len();
        loop {
            self.bytes.truncate(begin);
            let n = (&mut self.text)
                .take(LONGEST_RECORD as u64 + 1)
                .read_until(b'\n', &mut self.bytes)
                .map_err(|e| bytes::read_error(&self.name, e))?;
            if n == 0 {
                return Ok(false);
            }
            self.line += 1;
            if n > LONGEST_RECORD {
                return Err(LandError::TooLong {
                    path: self.name.clone(),
                    line: self.line,
                    what: "record",
                    mebibytes: LONGEST_RECORD >> 20,
                });
            }
            if !self.bytes.get(begin..).unwrap_or_default().iter().all(u8::is_ascii_whitespace) {
                self.ends.push(self.bytes.len());
                return Ok(true);
            }
        }
    }

    fn held(&self, row: usize) -> &[u8] {
        let begin = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(row).and_then(|end| self.bytes.get(begin..*end)).unwrap_or_default()
    }

    /// Takes the line read last apart.
    fn cells(&mut self, columns: &mut [&mut Texts]) -> Result<(), Bad> {
        let line = std::str::from_utf8(self.held(self.ends.len() - 1)).map_err(|e| Bad {
            rule: ENCODING,
            reason: format!("line {}: byte {} is not UTF-8", self.line, e.valid_up_to() + 1),
            column: None,
        })?;
        let object: Object<'_> = serde_json::from_str(line).map_err(|e| Bad {
            rule: NOT_AN_OBJECT,
            reason: format!("line {} is not a JSON object: column {}", self.line, e.column()),
            column: None,
        })?;
        let mut texts = Vec::with_capacity(self.paths.len());
        for path in &self.paths {
            let found = object.at(path).and_then(|value| value.map_or(Ok(None), text));
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
            let reason = format!("line {}: {why}", self.line);
            return Err(Bad { rule, reason, column: Some(path.clone()) });
        }
        for (cells, text) in columns.iter_mut().zip(texts) {
            cells.push(text.as_deref());
        }
        let known = |key: &str| self.seen.binary_search_by(|seen| seen.as_str().cmp(key));
        let new: Vec<String> =
            object.0.iter().filter(|(key, _)| known(key).is_err()).map(|(key, _)| key.to_string()).collect();
        for key in new {
            if let Err(place) = self.seen.binary_search(&key)
                && self.seen.len() < MOST_COLUMNS
            {
                self.seen.insert(place, key);
            }
        }
        Ok(())
    }
}

impl BatchReader for NdjsonReader {
    fn columns(&self) -> &[String] {
        &self.seen
    }

    fn bind(&mut self, column: &str) -> Result<usize, Unbound> {
        self.paths.push(column.trim().to_owned());
        Ok(self.paths.len() - 1)
    }

    fn next(&mut self, into: &mut Batch) -> Result<bool, PortError> {
        into.begin(self.rows + 1, self.paths.len());
        let mut columns: Vec<_> = into.cells.iter_mut().map(|cells| cells.texts()).collect();
        self.bytes.clear();
        self.ends.clear();
        while into.rows < BATCH_ROWS && self.bytes.len() < BATCH_BYTES && self.line()? {
            if let Err(bad) = self.cells(&mut columns) {
                columns.iter_mut().for_each(|cells| cells.push(None));
                into.bad.push((into.rows as u32, bad));
            }
            into.rows += 1;
        }
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
