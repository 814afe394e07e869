//! From files to a first project: how each is read, what its columns are, which KPIs they offer. What was guessed and may
//! be otherwise stands beside it as a comment that begins with `# doubt`.

mod guess;
mod write;

use std::{
    io::{BufRead, Read},
    path::Path,
};

use kepi_model::project::Connector;
use kepi_query::landing::{Batch, BatchReader};

pub use guess::{Guess, Is, guess};
pub use write::{Drafted, draft};

use crate::{
    connector::{self, bytes, document::Document},
    error::LandError,
    mapping::spell,
};

/// Rows that are looked at.
const ROWS: usize = 50_000;
/// Bytes by which delimiter and encoding are told.
const HEAD: u64 = 1 << 16;

/// A file as it was looked at.
#[derive(Debug)]
pub struct Looked {
    /// Where it will be, relative to the project's folder.
    pub path: String,
    /// How it is read.
    pub from: Connector,
    /// What could be otherwise.
    pub doubts: Vec<String>,
    /// Rows that were looked at.
    pub rows: usize,
    /// Whether there are more.
    pub more: bool,
    /// Its columns in order, each with what it seems to be.
    pub columns: Vec<(String, Guess)>,
    /// The first instant of the day on which the file was last written, if no column dates its rows.
    pub written: Option<String>,
}

/// A table that somebody keeps in a spreadsheet: its columns, and its rows with the number that stands beside each, of which the header
/// has the first.
#[derive(Debug, Default)]
pub struct Table {
    /// The names of its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<(u64, Vec<Option<String>>)>,
}

/// Reads a table as a spreadsheet saves it: CSV with whatever parts its cells, in whatever encoding, or an Excel file, of which the first
/// sheet counts.
///
/// # Errors
/// It cannot be read, or a row of it is none.
pub fn table(file: &Path, path: &str) -> Result<Table, LandError> {
    let from = connector(file, path, &mut Vec::new())?;
    let mut reader = connector::open(&from, file, path)?;
    let names: Vec<String> =
        reader.columns().iter().filter(|name| !name.trim().is_empty()).cloned().collect();
    let mut table = Table::default();
    let mut bound = Vec::new();
    for name in names {
        let at = reader.bind(&name).map_err(|_| LandError::Format {
            path: path.to_owned(),
            format: "a table with a name for each column",
            reason: format!("two columns are called `{name}`"),
        })?;
        bound.push(at);
        table.columns.push(name);
    }
    let (mut batch, mut text) = (Batch::default(), String::new());
    while reader.next(&mut batch).map_err(LandError::from_port)? {
        if let Some((row, why)) = batch.bad.first() {
            return Err(LandError::Format {
                path: path.to_owned(),
                format: "a table whose rows all have a cell for each column",
                reason: format!("row {}: {}", batch.first_row + u64::from(*row) + 1, why.reason),
            });
        }
        for row in 0..batch.rows {
            let mut cell = |at: &usize| {
                let there = batch.cells.get(*at).is_some_and(|cells| spell(cells, row, &mut text));
                there.then(|| text.clone())
            };
            table.rows.push((batch.first_row + row as u64 + 1, bound.iter().map(&mut cell).collect()));
        }
    }
    Ok(table)
}

/// Looks at a file.
///
/// # Errors
/// It cannot be read, or is of no format that is known.
pub fn look(file: &Path, path: &str) -> Result<Looked, LandError> {
    let mut doubts = Vec::new();
    let from = connector(file, path, &mut doubts)?;
    let open = || connector::open(&from, file, path);
    let mut reader = open()?;
    let mut names = reader.columns().to_vec();
    if names.is_empty() {
        // Of a format without a header columns are known once rows have been read.
        reader.next(&mut Batch::default()).map_err(LandError::from_port)?;
        names = reader.columns().to_vec();
    }
    let mut reader = open()?;
    let mut columns: Vec<(String, usize, Vec<Option<String>>)> = Vec::new();
    for (place, name) in names.iter().enumerate().filter(|(_, n)| !n.is_empty()) {
        // Of several columns of one name each is chosen by its number.
        let alike = |list: &[String]| list.iter().filter(|n| *n == name).count();
        let many = alike(&names) > 1;
        let number = alike(names.get(..=place).unwrap_or_default());
        let name = if many { format!("{name}[{number}]") } else { name.clone() };
        if let Ok(at) = reader.bind(&name) {
            columns.push((name, at, Vec::new()));
        }
    }
    let (rows, bad, more) = read(reader.as_mut(), &mut columns, &mut doubts)?;
    if bad > 0 {
        doubts
            .push(format!("{bad} of the first {} rows cannot be read and would be quarantined", rows + bad));
    }
    if more {
        doubts.push(format!("guessed from the first {rows} rows"));
    }
    let columns: Vec<(String, Guess)> = columns
        .into_iter()
        .map(|(name, _, cells)| {
            let found = guess(&name, &cells);
            (name, found)
        })
        .collect();
    let day = |at: std::time::SystemTime| {
        let at = jiff::Timestamp::try_from(at).ok()?;
        Some(at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
    };
    let written = crate::durable::metadata(file).ok().and_then(|m| m.modified().ok()).and_then(day);
    Ok(Looked { path: path.to_owned(), from, doubts, rows, more, columns, written })
}

fn read(
    reader: &mut dyn BatchReader,
    columns: &mut [(String, usize, Vec<Option<String>>)],
    doubts: &mut Vec<String>,
) -> Result<(usize, usize, bool), LandError> {
    let (mut rows, mut bad, mut batch, mut text) = (0, 0, Batch::default(), String::new());
    loop {
        match reader.next(&mut batch) {
            Ok(false) => return Ok((rows, bad, false)),
            Ok(true) => {}
            Err(e) if rows > 0 => {
                doubts.push(format!("it cannot be read to its end: {e}"));
                return Ok((rows, bad, false));
            }
            Err(e) => return Err(LandError::from_port(e)),
        }
        let mut broken = batch.bad.iter().map(|(row, _)| *row as usize).peekable();
        for row in 0..batch.rows {
            if broken.next_if_eq(&row).is_some() {
                bad += 1;
                continue;
            }
            for (_, at, cells) in &mut *columns {
                let there = batch.cells.get(*at).is_some_and(|c| spell(c, row, &mut text));
                cells.push(there.then(|| text.clone()));
            }
            rows += 1;
            if rows == ROWS {
                return Ok((rows, bad, true));
            }
        }
    }
}

/// How a file is read, by its name and its beginning.
fn connector(file: &Path, path: &str, doubts: &mut Vec<String>) -> Result<Connector, LandError> {
    let lower = path.to_lowercase();
    let bare = lower.strip_suffix(".gz").unwrap_or(&lower);
    let files = path.to_owned();
    if bare.ends_with(".parquet") {
        return Ok(Connector::Parquet { files });
    }
    if bare.ends_with(".xlsx") || bare.ends_with(".xlsm") {
        return Ok(Connector::Excel { files, sheet: None, header_row: 1, label_rows: 0 });
    }
    let unknown = |reason: &str| LandError::Format {
        path: path.to_owned(),
        format: "CSV, NDJSON, JSON, Parquet or Excel (.xlsx)",
        reason: reason.to_owned(),
    };
    if bare.ends_with(".xls") || bare.ends_with(".ods") {
        return Err(unknown("save it as .xlsx"));
    }
    let mut head = Vec::new();
    bytes::unpacked(file, path)?.take(HEAD).read_to_end(&mut head).map_err(|e| bytes::read_error(path, e))?;
    if head.is_empty() {
        return Err(LandError::Empty { path: path.to_owned() });
    }
    let encoding = encoding(&head, doubts);
    // Only what the file begins with is looked at, in the encoding that was found.
    let mut text = String::new();
    let mut decoded = bytes::text(file, path, encoding)?;
    let mut line = Vec::new();
    for _ in 0..50 {
        line.clear();
        let n =
            (&mut decoded).take(HEAD).read_until(b'\n', &mut line).map_err(|e| bytes::read_error(path, e))?;
        if n == 0 {
            break;
        }
        text.push_str(&String::from_utf8_lossy(&line));
    }
    match text.trim_start().chars().next() {
        Some('{') if text.lines().next().is_some_and(|l| l.trim_end().ends_with('}')) => {
            // One line may be an object that is a row, or one that holds a list of them.
            let alone = text.lines().filter(|l| !l.trim().is_empty()).count() == 1;
            let document = if alone { document(file, path, doubts)? } else { None };
            return Ok(document.unwrap_or(Connector::Ndjson { files }));
        }
        Some('{' | '[') => {
            return document(file, path, doubts)?
                .ok_or_else(|| unknown("it is one JSON text without a list of objects"));
        }
        _ => {}
    }
    Ok(Connector::Csv {
        files,
        delimiter: delimiter(&text, doubts),
        encoding: encoding.to_owned(),
        header_row: 1,
        label_rows: 0,
    })
}

/// How a JSON document is read: its rows are the longest list of objects. None: it has no such list.
fn document(file: &Path, path: &str, doubts: &mut Vec<String>) -> Result<Option<Connector>, LandError> {
    let lists = Document::lists(bytes::text(file, path, "utf-8")?, path)?;
    let Some((rows, _)) = lists.iter().max_by_key(|(_, bytes)| *bytes) else { return Ok(None) };
    let others: Vec<String> =
        lists.iter().filter(|(of, _)| of != rows).map(|(of, _)| format!("`{of}`")).collect();
    if !others.is_empty() {
        doubts.push(format!(
            "rows are those of `{rows}`, the longest list; there are also {}",
            others.join(", ")
        ));
    }
    Ok(Some(Connector::Json {
        files: path.to_owned(),
        rows: Some(rows.clone()).filter(|rows| !rows.is_empty()),
    }))
}

fn encoding(head: &[u8], doubts: &mut Vec<String>) -> &'static str {
    match head {
        [0xff, 0xfe, ..] => return "utf-16le",
        [0xfe, 0xff, ..] => return "utf-16be",
        _ => {}
    }
    match std::str::from_utf8(head) {
        Ok(_) => "utf-8",
        // The end may be within a character.
        Err(e) if e.error_len().is_none() => "utf-8",
        Err(_) => {
            doubts.push("the encoding may be another one of western Europe".to_owned());
            "windows-1252"
        }
    }
}

/// What parts the header into most cells, and the lines below it into as many.
fn delimiter(text: &str, doubts: &mut Vec<String>) -> String {
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).take(20).collect();
    let cells = |line: &str, by: &str| {
        let mut quoted = false;
        let plain: String = line
            .chars()
            .filter(|c| {
                quoted ^= *c == '"';
                !quoted
            })
            .collect();
        plain.matches(by).count()
    };
    let best = ["||", ",", ";", "\t", "|", "¦"]
        .into_iter()
        .map(|by| {
            let header = lines.first().map_or(0, |l| cells(l, by));
            let same = lines.iter().filter(|l| cells(l, by) == header).count();
            (by, header, header > 0 && same * 2 > lines.len(), same)
        })
        .filter(|(_, header, ..)| *header > 0)
        .max_by_key(|(by, header, fits, same)| (*fits, *same * *header, by.len()));
    match best {
        Some((by, ..)) => by.to_owned(),
        None => {
            doubts.push("one column only: nothing parts the cells of the header".to_owned());
            ",".to_owned()
        }
    }
}
