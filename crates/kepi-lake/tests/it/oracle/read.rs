//! Files row by row, every cell as a text.

use std::{collections::BTreeMap, io::Write};

use arrow::{
    array::{Array, ArrayRef, AsArray},
    compute::cast,
    datatypes::DataType,
};
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use kepi_model::project::Connector;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value, value::RawValue};

/// A row: its cells by column, or rule, reason and column of why it is none; and as it stood.
pub struct Line {
    #[expect(clippy::type_complexity, reason = "the shape of one rejection")]
    pub cells: Result<Vec<(String, Option<String>)>, (&'static str, String, Option<String>)>,
    pub raw: String,
}

pub fn rows(from: &Connector, bytes: &[u8]) -> Vec<Line> {
    match from {
        Connector::Csv { .. } => csv(bytes),
        Connector::Excel { .. } => unreachable!("what a workbook holds is written out in its own test"),
        Connector::FixedWidth { columns, .. } => fixed(columns, bytes),
        Connector::Json { .. } => unreachable!("documents are held against lines of the same objects"),
        Connector::Ndjson { .. }
        | Connector::Fetch(_)
        | Connector::Webhook(_)
        | Connector::Entries
        | Connector::Items
        | Connector::Loads
        | Connector::Screening(_) => ndjson(bytes),
        Connector::Parquet { .. } => parquet(bytes),
    }
}

fn csv(bytes: &[u8]) -> Vec<Line> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut header = StringRecord::new();
    assert!(reader.read_record(&mut header).unwrap());
    let header: Vec<String> = header.iter().map(|h| h.trim().to_owned()).collect();
    let mut lines = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap() {
        let line = record.position().unwrap().line();
        let texts: Vec<String> = record.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect();
        let raw = if texts.len() == header.len() {
            let cells = header.iter().cloned().zip(texts.iter().cloned().map(Value::String));
            Value::Object(cells.collect()).to_string()
        } else {
            Value::from(texts.clone()).to_string()
        };
        let invalid = record
            .iter()
            .enumerate()
            .find_map(|(at, field)| Some((at, std::str::from_utf8(field).err()?.valid_up_to())));
        let cells = match invalid {
            Some((field, byte)) => Err((
                "encoding",
                format!(
                    "line {line}, field {}: byte {} is no UTF-8; if the file is written otherwise, say so: `encoding: windows-1252`",
                    field + 1,
                    byte + 1
                ),
                header.get(field).cloned(),
            )),
            None if texts.len() != header.len() => Err((
                "ragged row",
                format!("line {line} has {} fields, the header has {}", texts.len(), header.len()),
                None,
            )),
            None => Ok(header.iter().cloned().zip(texts.into_iter().map(Some)).collect()),
        };
        lines.push(Line { cells, raw });
    }
    lines
}

fn fixed(columns: &[(String, u32, u32)], bytes: &[u8]) -> Vec<Line> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut lines = Vec::new();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let chars: Vec<char> = line.chars().collect();
        let cell = |first: &u32, last: &u32| -> String {
            let found: String =
                chars.iter().skip(*first as usize - 1).take((last - first + 1) as usize).collect();
            found.trim().to_owned()
        };
        let cells: Vec<(String, String)> =
            columns.iter().map(|(name, first, last)| (name.clone(), cell(first, last))).collect();
        let raw = cells.iter().map(|(name, cell)| (name.clone(), Value::from(cell.as_str())));
        let raw = Value::Object(raw.collect()).to_string();
        lines.push(Line { cells: Ok(cells.into_iter().map(|(n, c)| (n, Some(c))).collect()), raw });
    }
    lines
}

fn ndjson(bytes: &[u8]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, line) in bytes.split(|b| *b == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let text = String::from_utf8_lossy(line);
        let json = serde_json::from_str::<&RawValue>(text.trim()).is_ok();
        let raw = if json { text.trim().to_owned() } else { Value::from(text.trim()).to_string() };
        let value = serde_json::from_str::<Object<'_>>(&text);
        let cells = match (std::str::from_utf8(line), value) {
            (Err(e), _) => Err((
                "encoding",
                format!("line {}: byte {} is not UTF-8", number + 1, e.valid_up_to() + 1),
                None,
            )),
            (_, Ok(object)) => Ok(flat(&object)),
            // Where the reader stops is its own affair; that it does, and in which line, is not.
            _ => Err(("not an object", format!("line {} is not a JSON object", number + 1), None)),
        };
        lines.push(Line { cells, raw });
    }
    lines
}

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// Every key, and every path into nested objects. Numbers stay as they are spelt.
fn flat(object: &Object<'_>) -> Vec<(String, Option<String>)> {
    let mut cells = Vec::new();
    for (key, value) in object {
        if let Ok(nested) = serde_json::from_str::<Object<'_>>(value.get()) {
            cells.extend(flat(&nested).into_iter().map(|(path, text)| (format!("{key}.{path}"), text)));
        }
        let text = match serde_json::from_str(value.get()).unwrap() {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ => Some(value.get().to_owned()),
        };
        cells.push((key.clone(), text));
    }
    cells
}

fn parquet(bytes: &[u8]) -> Vec<Line> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut lines = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let columns: Vec<(String, Option<ArrayRef>)> = batch
            .schema()
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, array)| (field.name().trim().to_owned(), as_text(array)))
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<(String, Option<String>)> = columns
                .iter()
                .map(|(name, array)| {
                    let texts = array.as_ref().map(|a| a.as_string::<i32>());
                    let text = texts.filter(|a| a.is_valid(row)).map(|a| a.value(row).to_owned());
                    (name.clone(), text)
                })
                .collect();
            let raw: Map<String, Value> =
                cells.iter().map(|(name, text)| (name.clone(), text.clone().into())).collect();
            lines.push(Line { cells: Ok(cells), raw: Value::Object(raw).to_string() });
        }
    }
    lines
}

fn as_text(array: &ArrayRef) -> Option<ArrayRef> {
    let array = match array.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            cast(array, &DataType::Timestamp(*unit, Some("+00:00".into()))).ok()?
        }
        _ => array.clone(),
    };
    cast(&array, &DataType::Utf8).ok()
}
