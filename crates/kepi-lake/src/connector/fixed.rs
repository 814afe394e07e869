//! Lines whose columns stand at fixed places, counted in characters. Spaces around what stands there are padding; a line
//! may end before its last columns do, which are empty then. Blank lines are none.

use std::{
    io::{BufRead, Read},
    path::Path,
};

use kepi_query::landing::{BATCH_BYTES, BATCH_ROWS, Bad, Batch, BatchReader, PortError, Texts, Unbound};
use serde_json::{Map, Value};

use super::{ENCODING, bytes};
use crate::error::LandError;

/// A longer line is refused: it must fit into memory.
const LONGEST_LINE: u64 = 16 << 20;

pub(super) struct FixedReader {
    name: String,
    encoding: String,
    text: Box<dyn BufRead + Send>,
    line: u64,
    /// Rows read so far.
    rows: u64,
    names: Vec<String>,
    /// First and last character of each column, from 1.
    places: Vec<(u32, u32)>,
    /// Columns that were asked for, by position.
    bound: Vec<usize>,
    /// The lines of the batch that was filled last.
    lines: Vec<String>,
}

impl FixedReader {
    pub fn open(
        path: &Path,
        name: &str,
        encoding: &str,
        columns: &[(String, u32, u32)],
        skip_lines: u32,
    ) -> Result<Self, LandError> {
        let mut text = bytes::text(path, name, encoding)?;
        if text.fill_buf().map_err(|e| bytes::read_error(name, e))?.is_empty() {
            return Err(LandError::Empty { path: name.to_owned() });
        }
        let mut reader = Self {
            name: name.to_owned(),
            encoding: encoding.to_owned(),
            text,
            line: 0,
            rows: 0,
            names: columns.iter().map(|(name, ..)| name.trim().to_owned()).collect(),
            places: columns.iter().map(|(_, first, last)| (*first, *last)).collect(),
            bound: Vec::new(),
            lines: Vec::new(),
        };
        for _ in 0..skip_lines {
            reader.read_line(&mut Vec::new())?;
        }
        Ok(reader)
    }

    /// The next line without its end; false: there is none.
    fn read_line(&mut self, into: &mut Vec<u8>) -> Result<bool, LandError> {
        into.clear();
        let n = (&mut self.text)
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', into)
            .map_err(|e| bytes::read_error(&self.name, e))?;
        self.line += 1;
        if n as u64 > LONGEST_LINE {
            return Err(LandError::Format {
                path: self.name.clone(),
                format: "lines of fixed width",
                reason: format!("line {} is longer than {} MiB", self.line, LONGEST_LINE >> 20),
            });
        }
        while into.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
            into.pop();
        }
        Ok(n > 0)
    }

    fn cell<'a>(&self, line: &'a str, column: usize) -> &'a str {
        let Some((first, last)) = self.places.get(column) else { return "" };
        // Mostly each character is a byte.
        let (first, last) = (*first as usize - 1, *last as usize);
        let cell = if line.is_ascii() {
            line.get(first.min(line.len())..last.min(line.len())).unwrap_or("")
        } else {
            let mut at = line.char_indices().map(|(i, _)| i).skip(first);
            match at.next() {
                Some(begin) => {
                    let end = line.char_indices().map(|(i, _)| i).nth(last).unwrap_or(line.len());
                    line.get(begin..end).unwrap_or("")
                }
                None => "",
            }
        };
        cell.trim_matches([' ', '\t'])
    }
}

impl BatchReader for FixedReader {
    fn columns(&self) -> &[String] {
        &self.names
    }

    fn bind(&mut self, column: &str) -> Result<usize, Unbound> {
        self.bound.push(self.names.iter().position(|c| c == column.trim()).ok_or(Unbound::Unknown)?);
        Ok(self.bound.len() - 1)
    }

    fn next(&mut self, into: &mut Batch) -> Result<bool, PortError> {
        into.begin(self.rows + 1, self.bound.len());
        let mut columns: Vec<&mut Texts> = into.cells.iter_mut().map(|cells| cells.texts()).collect();
        self.lines.clear();
        let (mut bytes, mut held) = (Vec::new(), 0);
        while into.rows < BATCH_ROWS && held < BATCH_BYTES && self.read_line(&mut bytes)? {
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            held += bytes.len();
            match std::str::from_utf8(&bytes) {
                Ok(line) => {
                    for (cells, at) in columns.iter_mut().zip(&self.bound) {
                        cells.push(Some(self.cell(line, *at)));
                    }
                    self.lines.push(line.to_owned());
                }
                Err(e) => {
                    columns.iter_mut().for_each(|cells| cells.push(None));
                    let bad = Bad {
                        rule: ENCODING,
                        reason: format!(
                            "line {}: byte {} is not in the declared encoding `{}`",
                            self.line,
                            e.valid_up_to() + 1,
                            self.encoding
                        ),
                        column: None,
                    };
                    into.bad.push((into.rows as u32, bad));
                    self.lines.push(String::from_utf8_lossy(&bytes).into_owned());
                }
            }
            into.rows += 1;
        }
        self.rows += into.rows as u64;
        Ok(into.rows > 0)
    }

    fn raw(&self, row: u32) -> String {
        let Some(line) = self.lines.get(row as usize) else { return Value::Null.to_string() };
        let cell = |(at, name): (usize, &String)| (name.clone(), Value::from(self.cell(line, at)));
        Value::Object(self.names.iter().enumerate().map(cell).collect::<Map<_, _>>()).to_string()
    }
}
