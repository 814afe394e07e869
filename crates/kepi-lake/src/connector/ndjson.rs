//! One JSON object a line. A column is a top-level key, or a dotted path into nested objects.
//!
//! Numbers are taken as they are spelt, never through floating point.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, Read},
    path::Path,
};

use serde_json::value::RawValue;

use super::{ENCODING, NOT_AN_OBJECT, RowReader, Step, bytes};
use crate::error::LandError;

/// A longer line is refused: nobody's record, and it must fit into memory.
const LONGEST_LINE: u64 = 64 << 20;

pub(super) struct NdjsonReader {
    name: String,
    text: Box<dyn BufRead + Send>,
    line: u64,
    bytes: Vec<u8>,
    seen: BTreeSet<String>,
    paths: Vec<String>,
    cells: Vec<Option<String>>,
}

impl NdjsonReader {
    pub fn open(path: &Path, name: &str) -> Result<Self, LandError> {
        let mut text = bytes::text(path, name, "utf-8")?;
        if text.fill_buf().map_err(|e| bytes::read_error(name, e))?.is_empty() {
            return Err(LandError::Empty { path: name.to_owned() });
        }
        Ok(Self {
            name: name.to_owned(),
            text,
            line: 0,
            bytes: Vec::new(),
            seen: BTreeSet::new(),
            paths: Vec::new(),
            cells: Vec::new(),
        })
    }
}

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// The value at a dotted path: the whole path may also be one key.
fn at<'a>(object: &Object<'a>, path: &str) -> Option<&'a RawValue> {
    if let Some(value) = object.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let (key, rest) = (path.get(..dot)?, path.get(dot + 1..)?);
        let nested: Object<'a> = serde_json::from_str(object.get(key)?.get()).ok()?;
        at(&nested, rest)
    })
}

/// A JSON value as text; none: `null`.
fn text(value: &RawValue) -> Option<String> {
    let raw = value.get();
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).ok(),
        Some(b'n') => None,
        _ => Some(raw.to_owned()),
    }
}

impl RowReader for NdjsonReader {
    fn columns(&self) -> Vec<String> {
        self.seen.iter().cloned().collect()
    }

    fn bind(&mut self, column: &str) -> Option<usize> {
        self.paths.push(column.trim().to_owned());
        Some(self.paths.len() - 1)
    }

    fn step(&mut self) -> Result<Step, LandError> {
        loop {
            self.bytes.clear();
            let n = (&mut self.text)
                .take(LONGEST_LINE + 1)
                .read_until(b'\n', &mut self.bytes)
                .map_err(|e| bytes::read_error(&self.name, e))?;
            if n == 0 {
                return Ok(Step::End);
            }
            self.line += 1;
            if n as u64 > LONGEST_LINE {
                return Err(LandError::Format {
                    path: self.name.clone(),
                    format: "JSON lines",
                    reason: format!("line {} is longer than {} MiB", self.line, LONGEST_LINE >> 20),
                });
            }
            if !self.bytes.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        let line = match std::str::from_utf8(&self.bytes) {
            Ok(line) => line,
            Err(e) => {
                return Ok(Step::Bad {
                    rule: ENCODING,
                    reason: format!("line {}: byte {} is not UTF-8", self.line, e.valid_up_to() + 1),
                    column: None,
                });
            }
        };
        let object: Object<'_> = match serde_json::from_str(line) {
            Ok(object) => object,
            Err(e) => {
                return Ok(Step::Bad {
                    rule: NOT_AN_OBJECT,
                    reason: format!("line {} is not a JSON object: column {}", self.line, e.column()),
                    column: None,
                });
            }
        };
        self.cells.clear();
        for path in &self.paths {
            self.cells.push(at(&object, path).and_then(text));
        }
        for key in object.into_keys() {
            if !self.seen.contains(&key) {
                self.seen.insert(key);
            }
        }
        Ok(Step::Row)
    }

    fn cell(&self, column: usize) -> Option<&str> {
        self.cells.get(column)?.as_deref()
    }

    fn raw(&self) -> String {
        let line = String::from_utf8_lossy(&self.bytes);
        let line = line.trim();
        match serde_json::from_str::<&RawValue>(line) {
            Ok(_) => line.to_owned(),
            Err(_) => serde_json::Value::from(line).to_string(),
        }
    }
}
