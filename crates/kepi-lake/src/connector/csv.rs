//! Delimited text: RFC 4180 quoting, a header, any ASCII delimiter, any WHATWG encoding.

use std::{
    collections::HashMap,
    io::{BufRead, Read},
    path::Path,
};

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};
use kepi_query::landing::{BATCH_BYTES, BATCH_ROWS, Bad, Batch, BatchReader, PortError};
use serde_json::{Map, Value};

use super::{ENCODING, RAGGED, bytes};
use crate::error::LandError;

pub(super) struct CsvReader {
    name: String,
    reader: Reader<Box<dyn Read + Send>>,
    header: Vec<String>,
    /// Lines before the header.
    skipped: u64,
    /// Columns that were asked for, by position in the header.
    bound: Vec<usize>,
    /// Rows read so far.
    rows: u64,
    row: StringRecord,
    held: Held,
}

/// The rows of the batch that was filled last.
#[derive(Default)]
struct Held {
    bytes: String,
    /// Where each field ends; bad rows have none here.
    ends: Vec<usize>,
    /// Number of the first field of each row.
    begins: Vec<usize>,
    /// The fields of bad rows.
    bad: HashMap<u32, Vec<String>>,
}

impl CsvReader {
    pub fn open(
        path: &Path,
        name: &str,
        delimiter: u8,
        encoding: &str,
        header_row: u32,
    ) -> Result<Self, LandError> {
        let mut text = bytes::text(path, name, encoding)?;
        if text.fill_buf().map_err(|e| bytes::read_error(name, e))?.is_empty() {
            return Err(LandError::Empty { path: name.to_owned() });
        }
        let no_header = |lines| LandError::NoHeader { path: name.to_owned(), header_row, lines };
        for lines in 1..header_row {
            let n = text.skip_until(b'\n').map_err(|e| bytes::read_error(name, e))?;
            if n == 0 {
                return Err(no_header(lines - 1));
            }
        }
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(Box::new(text) as Box<dyn Read + Send>);
        let mut first = ByteRecord::new();
        let found = reader.read_byte_record(&mut first).map_err(|e| csv_error(name, e))?;
        let skipped = u64::from(header_row.saturating_sub(1));
        if !found {
            return Err(if header_row > 1 {
                no_header(header_row - 1)
            } else {
                LandError::Empty { path: name.to_owned() }
            });
        }
        let line = skipped + first.position().map_or(1, csv::Position::line);
        let encoding_error = |reason: String| LandError::Encoding { path: name.to_owned(), line, reason };
        if first.as_slice().contains(&0) {
            return Err(encoding_error("the header holds zero bytes, as text in UTF-16 does".to_owned()));
        }
        let first = StringRecord::from_byte_record(first).map_err(|e| {
            encoding_error(format!("field {} of the header is not `{encoding}`", e.utf8_error().field() + 1))
        })?;
        let header: Vec<String> = first.iter().map(|h| h.trim().to_owned()).collect();
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (at, column) in header.iter().enumerate().filter(|(_, c)| !c.is_empty()) {
            if let Some(earlier) = seen.insert(column, at) {
                return Err(LandError::DuplicateHeader {
                    path: name.to_owned(),
                    line,
                    column: column.clone(),
                    first: earlier + 1,
                    second: at + 1,
                });
            }
        }
        Ok(Self {
            name: name.to_owned(),
            reader,
            header,
            skipped,
            bound: Vec::new(),
            rows: 0,
            row: StringRecord::new(),
            held: Held::default(),
        })
    }

    fn line(&self, position: Option<&csv::Position>) -> u64 {
        self.skipped + position.map_or(0, csv::Position::line)
    }
}

fn csv_error(name: &str, error: csv::Error) -> LandError {
    let text = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(e) => bytes::read_error(name, e),
        _ => LandError::Format { path: name.to_owned(), format: "delimited text", reason: text },
    }
}

/// What the next record is.
enum Step {
    Row,
    Bad(Bad, ByteRecord),
    End,
}

impl CsvReader {
    /// Reads the next row into `self.row`.
    fn step(&mut self) -> Result<Step, LandError> {
        let mut record = std::mem::take(&mut self.row).into_byte_record();
        let found = self.reader.read_byte_record(&mut record).map_err(|e| csv_error(&self.name, e))?;
        if !found {
            return Ok(Step::End);
        }
        let row = match StringRecord::from_byte_record(record) {
            Ok(row) => row,
            Err(error) => {
                let (field, byte) = (error.utf8_error().field(), error.utf8_error().valid_up_to());
                let record = error.into_byte_record();
                let line = self.line(record.position());
                let bad = Bad {
                    rule: ENCODING,
                    reason: format!(
                        "line {line}, field {}: byte {} is not in the declared encoding",
                        field + 1,
                        byte + 1
                    ),
                    column: self.header.get(field).cloned(),
                };
                return Ok(Step::Bad(bad, record));
            }
        };
        if row.len() != self.header.len() {
            let line = self.line(row.position());
            let bad = Bad {
                rule: RAGGED,
                reason: format!("line {line} has {} fields, the header has {}", row.len(), self.header.len()),
                column: None,
            };
            return Ok(Step::Bad(bad, row.into_byte_record()));
        }
        self.row = row;
        Ok(Step::Row)
    }
}

impl BatchReader for CsvReader {
    fn columns(&self) -> &[String] {
        &self.header
    }

    fn bind(&mut self, column: &str) -> Option<usize> {
        self.bound.push(self.header.iter().position(|h| h == column.trim())?);
        Some(self.bound.len() - 1)
    }

    fn next(&mut self, into: &mut Batch) -> Result<bool, PortError> {
        into.first_row = self.rows + 1;
        into.rows = 0;
        into.bad.clear();
        into.cells.resize_with(self.bound.len(), Default::default);
        let mut columns: Vec<_> = into.cells.iter_mut().map(|cells| cells.texts()).collect();
        self.held.clear();
        while into.rows < BATCH_ROWS && self.held.bytes.len() < BATCH_BYTES {
            match self.step()? {
                Step::End => break,
                Step::Row => {
                    for (cells, at) in columns.iter_mut().zip(&self.bound) {
                        cells.push(self.row.get(*at));
                    }
                    self.held.push(&self.row);
                }
                Step::Bad(bad, record) => {
                    columns.iter_mut().for_each(|cells| cells.push(None));
                    let row = into.rows as u32;
                    let fields = record.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect();
                    self.held.push_bad(row, fields);
                    into.bad.push((row, bad));
                }
            }
            into.rows += 1;
        }
        self.rows += into.rows as u64;
        Ok(into.rows > 0)
    }

    fn raw(&self, row: u32) -> String {
        let cells = self.held.row(row, self.header.len());
        if cells.len() != self.header.len() {
            return Value::from(cells).to_string();
        }
        let mut object = Map::new();
        for (at, (column, cell)) in self.header.iter().zip(cells).enumerate() {
            let key = if column.is_empty() { format!("column {}", at + 1) } else { column.clone() };
            object.insert(key, Value::String(cell));
        }
        Value::Object(object).to_string()
    }
}

impl Held {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.begins.clear();
        self.bad.clear();
    }

    fn push(&mut self, row: &StringRecord) {
        self.begins.push(self.ends.len());
        for field in row {
            self.bytes.push_str(field);
            self.ends.push(self.bytes.len());
        }
    }

    /// Keeps a bad row, which counts for the length of the batch like any other.
    fn push_bad(&mut self, row: u32, fields: Vec<String>) {
        self.begins.push(self.ends.len());
        self.bad.insert(row, fields);
    }

    /// The fields of a row.
    fn row(&self, row: u32, width: usize) -> Vec<String> {
        if let Some(fields) = self.bad.get(&row) {
            return fields.clone();
        }
        let Some(first) = self.begins.get(row as usize).copied() else { return Vec::new() };
        let mut begin = first.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let ends = self.ends.get(first..first + width).unwrap_or_default();
        ends.iter()
            .map(|end| {
                let field = self.bytes.get(begin..*end).unwrap_or("").to_owned();
                begin = *end;
                field
            })
            .collect()
    }
}
