//! One JSON object a line. A column is a top-level key, or a dotted path into nested objects.
//!
//! Numbers are taken as they are spelt, never through floating point.

use std::{
    collections::BTreeMap,
    io::{BufRead, Read},
    path::Path,
};

use kepi_query::landing::{BATCH_BYTES, BATCH_ROWS, Bad, Batch, BatchReader, PortError, Texts};
use serde_json::value::RawValue;

use super::{ENCODING, NOT_AN_OBJECT, bytes};
use crate::error::LandError;

/// A longer line is refused: nobody's record, and it must fit into memory.
const LONGEST_LINE: u64 = 64 << 20;

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
        let mut text = bytes::text(path, name, "utf-8")?;
        if text.fill_buf().map_err(|e| bytes::read_error(name, e))?.is_empty() {
            return Err(LandError::Empty { path: name.to_owned() });
        }
        Ok(Self {
            name: name.to_owned(),
            text,
            line: 0,
            rows: 0,
            bytes: Vec::new(),
            ends: Vec::new(),
            seen: Vec::new(),
            paths: Vec::new(),
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

impl NdjsonReader {
    /// Appends the next line that is not blank to the bytes held; false: there is none.
    fn line(&mut self) -> Result<bool, LandError> {
        let begin = self.bytes.len();
        loop {
            self.bytes.truncate(begin);
            let n = (&mut self.text)
                .take(LONGEST_LINE + 1)
                .read_until(b'\n', &mut self.bytes)
                .map_err(|e| bytes::read_error(&self.name, e))?;
            if n == 0 {
                return Ok(false);
            }
            self.line += 1;
            if n as u64 > LONGEST_LINE {
                return Err(LandError::Format {
                    path: self.name.clone(),
                    format: "JSON lines",
                    reason: format!("line {} is longer than {} MiB", self.line, LONGEST_LINE >> 20),
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
        for (cells, path) in columns.iter_mut().zip(&self.paths) {
            cells.push(at(&object, path).and_then(text).as_deref());
        }
        let new: Vec<String> =
            object.into_keys().filter(|key| self.seen.binary_search(key).is_err()).collect();
        for key in new {
            if let Err(place) = self.seen.binary_search(&key) {
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

    fn bind(&mut self, column: &str) -> Option<usize> {
        self.paths.push(column.trim().to_owned());
        Some(self.paths.len() - 1)
    }

    fn next(&mut self, into: &mut Batch) -> Result<bool, PortError> {
        into.first_row = self.rows + 1;
        into.rows = 0;
        into.bad.clear();
        into.cells.resize_with(self.paths.len(), Default::default);
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
