//! Delimited text: RFC 4180 quoting, a header, any ASCII delimiter, any WHATWG encoding.

use std::{
    collections::HashMap,
    io::{BufRead, Read},
    path::Path,
};

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use super::{ENCODING, RAGGED, RowReader, Step, bytes};
use crate::error::LandError;

pub(super) struct CsvReader {
    name: String,
    reader: Reader<Box<dyn Read + Send>>,
    header: Vec<String>,
    /// Lines before the header.
    skipped: u64,
    row: StringRecord,
    /// The current row where it is not text.
    broken: Option<ByteRecord>,
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
        Ok(Self { name: name.to_owned(), reader, header, skipped, row: StringRecord::new(), broken: None })
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

impl RowReader for CsvReader {
    fn columns(&self) -> Vec<String> {
        self.header.clone()
    }

    fn bind(&mut self, column: &str) -> Option<usize> {
        self.header.iter().position(|h| h == column.trim())
    }

    fn step(&mut self) -> Result<Step, LandError> {
        let mut record = match self.broken.take() {
            Some(record) => record,
            None => std::mem::take(&mut self.row).into_byte_record(),
        };
        let found = self.reader.read_byte_record(&mut record).map_err(|e| csv_error(&self.name, e))?;
        if !found {
            return Ok(Step::End);
        }
        match StringRecord::from_byte_record(record) {
            Ok(row) => self.row = row,
            Err(error) => {
                let (field, byte) = (error.utf8_error().field(), error.utf8_error().valid_up_to());
                let record = error.into_byte_record();
                let line = self.line(record.position());
                self.broken = Some(record);
                return Ok(Step::Bad {
                    rule: ENCODING,
                    reason: format!(
                        "line {line}, field {}: byte {} is not in the declared encoding",
                        field + 1,
                        byte + 1
                    ),
                    column: self.header.get(field).cloned(),
                });
            }
        }
        if self.row.len() != self.header.len() {
            let line = self.line(self.row.position());
            return Ok(Step::Bad {
                rule: RAGGED,
                reason: format!(
                    "line {line} has {} fields, the header has {}",
                    self.row.len(),
                    self.header.len()
                ),
                column: None,
            });
        }
        Ok(Step::Row)
    }

    fn cell(&self, column: usize) -> Option<&str> {
        self.row.get(column)
    }

    fn raw(&self) -> String {
        let cells: Vec<String> = match &self.broken {
            Some(record) => record.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect(),
            None => self.row.iter().map(str::to_owned).collect(),
        };
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
