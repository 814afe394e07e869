//! Delimited text: RFC 4180 quoting, a header, any ASCII delimiter, any WHATWG encoding.

use std::{io::BufRead, ops::Range, path::Path};

use kepi_query::landing::{BATCH_BYTES, BATCH_ROWS, Bad, Batch, BatchReader, Gathered, PortError, Unbound};
use memchr::memchr2;
use serde_json::{Map, Value};

use super::{
    ENCODING, LONGEST_CELL, LONGEST_HEADER, LONGEST_RAW, LONGEST_RECORD, MOST_COLUMNS, OPEN_QUOTE, RAGGED,
    TOO_LONG, bytes,
    columns::Columns,
    delimited::{Single, UNIT_SEPARATOR},
    gathered, hand_over,
    records::{Field, Fields, Found, behind, line_ends, split, swallowed_rows},
};
use crate::error::LandError;

/// Records that are found before their cells are handed over: they are still near then.
const TOGETHER: usize = 256;

pub(super) struct CsvReader {
    lines: Lines,
    columns: Columns,
    /// Names of the columns in raw rows.
    labels: Vec<String>,
    /// What rows of labels say of columns.
    told: Vec<(String, String)>,
    /// Columns that were asked for, by position in the header.
    bound: Vec<usize>,
    /// Rows read so far.
    rows: u64,
    /// Records that were found and whose cells are to be handed over, and their fields that were asked for, one behind the other.
    records: Vec<Record>,
    bound_fields: Vec<Field>,
    /// Where the rows of the batch that was filled last stand among the bytes held.
    held: Vec<Range<usize>>,
    fields: Fields,
    buffer: String,
}

impl CsvReader {
    pub fn open(
        path: &Path,
        name: &str,
        delimiter: &str,
        encoding: &str,
        (header_row, label_rows): (u32, u32),
    ) -> Result<Self, LandError> {
        let text = bytes::text(path, name, encoding)?;
        let (text, delimiter) = match delimiter.as_bytes() {
            [one] => (text, *one),
            _ => (Box::new(Single::new(text, delimiter)) as Box<dyn BufRead + Send>, UNIT_SEPARATOR),
        };
        let mut lines =
            Lines { name: name.to_owned(), text, bytes: Vec::new(), at: 0, whole: false, line: 1, delimiter };
        let empty = || LandError::Empty { path: name.to_owned() };
        if !lines.more(1)? {
            return Err(empty());
        }
        let no_header = |lines| LandError::NoHeader { path: name.to_owned(), header_row, lines };
        for skipped in 1..header_row {
            if !lines.skip()? {
                return Err(no_header(skipped - 1));
            }
        }
        let mut fields = Fields::default();
        let Some(record) = lines.next(MOST_COLUMNS, None, LONGEST_HEADER, &mut fields)? else {
            return Err(if header_row > 1 { no_header(header_row - 1) } else { empty() });
        };
        let line = record.line;
        let encoding_error = |reason: String| LandError::Encoding { path: name.to_owned(), line, reason };
        let header = lines.held(&record.place);
        if header.contains(&0) {
            return Err(encoding_error("the header holds zero bytes, as text in UTF-16 does".to_owned()));
        }
        if let Some(field) = record.open {
            return Err(LandError::OpenQuote { path: name.to_owned(), line, field });
        }
        let text = std::str::from_utf8(header).map_err(|_| {
            let field = invalid(header, &fields).map_or(1, |(field, _)| field + 1);
            encoding_error(format!("field {field} of the header is not `{encoding}`"))
        })?;
        if fields.count > MOST_COLUMNS {
            return Err(LandError::TooManyColumns {
                path: name.to_owned(),
                columns: fields.count,
                most: MOST_COLUMNS,
            });
        }
        let mut buffer = String::new();
        let names: Vec<String> = fields.iter().map(|f| f.text(text, &mut buffer).to_owned()).collect();
        let columns = Columns::new(names.iter().map(String::as_str));
        let mut rows = Vec::new();
        for _ in 0..label_rows {
            let Some(record) = lines.next(MOST_COLUMNS, None, LONGEST_HEADER, &mut fields)? else { break };
            if let Some(field) = record.open {
                return Err(LandError::OpenQuote { path: name.to_owned(), line: record.line, field });
            }
            let text = String::from_utf8_lossy(lines.held(&record.place)).into_owned();
            // Places of fields are those of the bytes, which replacement would move.
            if text.contains(char::REPLACEMENT_CHARACTER) {
                let reason = format!("a row of labels is not `{encoding}`");
                return Err(LandError::Encoding { path: name.to_owned(), line: record.line, reason });
            }
            rows.push(fields.iter().map(|f| f.text(&text, &mut buffer).to_owned()).collect::<Vec<_>>());
        }
        Ok(Self {
            told: columns.told(&rows),
            lines,
            labels: columns.labels().collect(),
            columns,
            bound: Vec::new(),
            rows: 0,
            records: Vec::new(),
            bound_fields: Vec::new(),
            held: Vec::new(),
            fields,
            buffer,
        })
    }

    /// Hands the cells of records over, or says why one is no row.
    fn cells(&mut self, columns: &mut [Gathered], into: &mut Batch) {
        let Some(from) = self.records.first().map(|record| record.place.start) else { return };
        let bytes = self.lines.bytes.get(from..self.lines.at).unwrap_or_default();
        // Whether it is UTF-8 is asked of all at once; if some of it is none, of each record.
        let whole = std::str::from_utf8(bytes).ok();
        let mut fields = self.bound_fields.chunks(self.bound.len().max(1));
        for record in &self.records {
            let fields = fields.next().unwrap_or_default();
            let place = record.place.start - from..record.place.end - from;
            let own = bytes.get(place.clone()).unwrap_or_default();
            let (text, begin) = match whole {
                Some(all) => (Some(all), place.start),
                None => (std::str::from_utf8(own).ok(), 0),
            };
            match (self.bad(record, own, text.is_some(), fields), text) {
                (None, Some(text)) => {
                    for (cells, field) in columns.iter_mut().zip(fields) {
                        match field.plain(begin) {
                            Some(place) => cells.push_of(text.as_bytes(), place),
                            None => {
                                let record = text.get(begin..).unwrap_or_default();
                                cells.push(Some(field.text(record, &mut self.buffer)));
                            }
                        }
                    }
                }
                (bad, _) => {
                    columns.iter_mut().for_each(|cells| cells.push(None));
                    into.bad.extend(bad.map(|bad| (into.rows as u32, bad)));
                }
            }
            self.held.push(record.place.clone());
            into.rows += 1;
        }
        self.records.clear();
        self.bound_fields.clear();
    }

    /// Why a record is no row.
    fn bad(&self, record: &Record, bytes: &[u8], is_text: bool, fields: &[Field]) -> Option<Bad> {
        let Record { line, .. } = record;
        let bad = |rule, reason, column| Some(Bad { rule, reason, column });
        if let Some(field) = record.open {
            let reason = format!(
                "line {line}, field {field}: the quote that opens here swallows the lines behind it, which are read as \
                 rows; close it, or double it if it is part of the text"
            );
            return bad(OPEN_QUOTE, reason, self.column(field - 1));
        }
        if !is_text {
            let mut all = Fields::default();
            split(bytes, true, self.lines.delimiter, MOST_COLUMNS, &mut all);
            let (field, byte) = invalid(bytes, &all).unwrap_or_default();
            let reason = format!(
                "line {line}, field {}: byte {} is no UTF-8; if the file is written otherwise, say so: `encoding: windows-1252`",
                field + 1,
                byte + 1
            );
            return bad(ENCODING, reason, self.column(field));
        }
        let width = self.columns.len();
        if record.fields != width {
            let reason = format!("line {line} has {} fields, the header has {width}", record.fields);
            return bad(RAGGED, reason, None);
        }
        if bytes.len() > LONGEST_CELL
            && let Some((at, _)) = self.bound.iter().zip(fields).find(|(_, field)| field.len() > LONGEST_CELL)
        {
            let reason = format!("line {line}, field {}: longer than {} MiB", at + 1, LONGEST_CELL >> 20);
            return bad(TOO_LONG, reason, self.column(*at));
        }
        None
    }

    fn column(&self, at: usize) -> Option<String> {
        self.columns.names().get(at).cloned()
    }
}

/// The first field that is not UTF-8, from 0, and how many bytes of it are.
fn invalid(record: &[u8], fields: &Fields) -> Option<(usize, usize)> {
    fields.iter().enumerate().find_map(|(at, field)| Some((at, field.valid(record)?)))
}

impl BatchReader for CsvReader {
    fn columns(&self) -> &[String] {
        self.columns.names()
    }

    fn labels(&self) -> Vec<(String, String)> {
        self.told.clone()
    }

    fn bind(&mut self, column: &str) -> Result<usize, Unbound> {
        self.bound.push(self.columns.find(column)?);
        Ok(self.bound.len() - 1)
    }

    fn next(&mut self, into: &mut Batch) -> Result<bool, PortError> {
        into.begin(self.rows + 1, self.bound.len());
        let mut columns = gathered(into);
        self.held.clear();
        self.lines.drop_read();
        let width = self.columns.len();
        while into.rows + self.records.len() < BATCH_ROWS && self.lines.at < BATCH_BYTES {
            let Some(record) = self.lines.next(width, Some(width), LONGEST_RECORD, &mut self.fields)? else {
                break;
            };
            let fields = self.bound.iter().map(|at| self.fields.get(*at).copied().unwrap_or_default());
            self.bound_fields.extend(fields);
            self.records.push(record);
            if self.records.len() == TOGETHER {
                self.cells(&mut columns, into);
            }
        }
        self.cells(&mut columns, into);
        hand_over(columns, into)?;
        self.rows += into.rows as u64;
        Ok(into.rows > 0)
    }

    fn raw(&self, row: u32) -> String {
        let record = self.held.get(row as usize).map(|place| self.lines.held(place)).unwrap_or_default();
        if record.len() > LONGEST_RAW {
            return super::shortened(record);
        }
        let mut fields = Fields::default();
        let text = String::from_utf8_lossy(record);
        let found = split(text.as_bytes(), true, self.lines.delimiter, usize::MAX, &mut fields);
        if matches!(found, Found::Open { .. }) {
            return Value::from(text).to_string();
        }
        let mut buffer = String::new();
        let mut cells = fields.iter().map(|field| Value::from(field.text(&text, &mut buffer)));
        if fields.count != self.columns.len() {
            return cells.collect::<Value>().to_string();
        }
        Value::Object(self.labels.iter().cloned().zip(&mut cells).collect::<Map<_, _>>()).to_string()
    }
}

/// The bytes of a file, record by record.
struct Lines {
    name: String,
    text: Box<dyn BufRead + Send>,
    /// What was read and may still be needed.
    bytes: Vec<u8>,
    /// Where the next line begins in them.
    at: usize,
    /// Whether no further bytes come.
    whole: bool,
    /// Number of the next line, from 1.
    line: u64,
    delimiter: u8,
}

struct Record {
    /// Where it stands among the bytes held.
    place: Range<usize>,
    /// The line that it begins in, from 1.
    line: u64,
    /// Position of a field, from 1, that is not closed where it should be: then only the first line is taken.
    open: Option<usize>,
    /// How many fields it has.
    fields: usize,
}

impl Lines {
    fn held(&self, place: &Range<usize>) -> &[u8] {
        self.bytes.get(place.clone()).unwrap_or_default()
    }

    /// Forgets what was read of before.
    fn drop_read(&mut self) {
        self.bytes.drain(..self.at);
        self.at = 0;
    }

    /// Reads so many bytes more, at least, unless the file ends; false: it has ended already.
    fn more(&mut self, least: usize) -> Result<bool, LandError> {
        let before = self.bytes.len();
        while !self.whole && self.bytes.len() < before + least {
            let read = self.text.fill_buf().map_err(|e| bytes::read_error(&self.name, e))?;
            let n = read.len();
            self.bytes.extend_from_slice(read);
            self.text.consume(n);
            self.whole = n == 0;
        }
        Ok(self.bytes.len() > before)
    }

    /// Leaves out a line; false: there is none.
    fn skip(&mut self) -> Result<bool, LandError> {
        let mut some = false;
        loop {
            self.drop_read();
            some |= !self.bytes.is_empty();
            let end = memchr2(b'\r', b'\n', &self.bytes);
            if let Some(next) = end.and_then(|end| behind(&self.bytes, end, self.whole)) {
                (self.at, self.line) = (next, self.line + 1);
                return Ok(true);
            }
            self.at = end.unwrap_or(self.bytes.len());
            if !self.more(1)? {
                return Ok(some);
            }
        }
    }

    /// The next record that is no blank line; none: the file has ended. `width`: how many fields a row has.
    fn next(
        &mut self,
        keep: usize,
        width: Option<usize>,
        longest: usize,
        fields: &mut Fields,
    ) -> Result<Option<Record>, LandError> {
        loop {
            match self.bytes.get(self.at).copied() {
                Some(b'\r' | b'\n') => match behind(&self.bytes, self.at, self.whole) {
                    Some(next) => (self.at, self.line) = (next, self.line + 1),
                    None => drop(self.more(1)?),
                },
                Some(_) => break,
                None if self.more(1)? => {}
                None => return Ok(None),
            }
        }
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let found = split(rest, self.whole, self.delimiter, keep, fields);
            let (end, first_line, open) = match found {
                Found::Record { end, first_line, .. } if end == first_line => (end, end, None),
                Found::Record { end, first_line, stray } => {
                    let record = rest.get(..end).unwrap_or_default();
                    let rows = || swallowed_rows(record, self.delimiter, width?);
                    let open = stray.or_else(rows);
                    (if open.is_some() { first_line } else { end }, first_line, open)
                }
                Found::More if rest.len() <= longest => {
                    // Twice as much, so that what is looked at again and again stays little.
                    let least = rest.len().clamp(1, longest + 1 - rest.len());
                    self.more(least)?;
                    continue;
                }
                Found::Open { .. } | Found::More => {
                    let field = match found {
                        Found::Open { field, .. } => field,
                        _ => fields.count + 1,
                    };
                    match memchr2(b'\r', b'\n', rest) {
                        Some(end) if width.is_some() => (end, end, Some(field)),
                        _ if self.whole => {
                            return Err(LandError::CutOff {
                                path: self.name.clone(),
                                line: self.line,
                                field,
                            });
                        }
                        _ => return Err(self.too_long(width, longest)),
                    }
                }
            };
            if end > longest {
                return Err(self.too_long(width, longest));
            }
            let (at, line) = (self.at, self.line);
            let next = behind(rest, end, self.whole);
            let lines = match next.and_then(|next| rest.get(..next)) {
                Some(record) if end > first_line => line_ends(record),
                _ => 1,
            };
            let Some(next) = next else {
                self.more(1)?;
                continue;
            };
            self.line += lines;
            self.at = at + next;
            return Ok(Some(Record { place: at..at + end, line, open, fields: fields.count }));
        }
    }

    fn too_long(&self, width: Option<usize>, longest: usize) -> LandError {
        let what = if width.is_some() { "record" } else { "header" };
        LandError::TooLong { path: self.name.clone(), line: self.line, what, mebibytes: longest >> 20 }
    }
}
