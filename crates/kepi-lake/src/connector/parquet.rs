//! Parquet: numbers, times and truth values as what they are, everything else as the text that a person would write,
//! exactly.

use std::{
    cell::{Cell, OnceCell},
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::{Arc, Once},
};

use arrow::{
    array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, LargeBinaryArray, StringArray},
    buffer::NullBuffer,
    compute::cast,
    datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimeUnit, UInt64Type},
};
use kepi_query::landing::{
    BATCH_BYTES, BATCH_ROWS, Bad, Batch, BatchReader, Bits, Cells, PortError, Texts, Unbound,
};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use serde_json::{Map, Value};

use super::{ENCODING, LONGEST_CELL, MOST_COLUMNS, NO_TEXT, TOO_LONG, bytes, columns::Columns};
use crate::{durable, error::LandError};

/// 0000-01-01T00:00 in µs since 1970-01-01.
const FIRST_MICROS: i64 = -62_167_219_200_000_000;
/// 9999-12-30T22:00, the last instant that every zone has a day for.
const LAST_INSTANT: i64 = 253_402_207_200_000_000;
/// The end of 9999-12-31.
const LAST_LOCAL: i64 = 253_402_300_800_000_000;
/// 0000-01-01 and 9999-12-31 in days since 1970-01-01.
const DAYS: std::ops::RangeInclusive<i32> = -719_528..=2_932_896;

pub(super) struct ParquetReader {
    name: String,
    columns: Columns,
    /// Columns that were asked for, by position.
    bound: Vec<usize>,
    batches: ParquetRecordBatchReader,
    /// Rows read so far.
    rows: u64,
    /// All columns of the batch that was filled last.
    batch: Vec<ArrayRef>,
    /// The same as texts, where somebody asked.
    texts: OnceCell<Vec<Option<ArrayRef>>>,
}

impl ParquetReader {
    pub fn open(path: &Path, name: &str) -> Result<Self, LandError> {
        let file = durable::open(path).map_err(|e| bytes::read_error(name, e))?;
        if file.metadata().is_ok_and(|m| m.len() == 0) {
            return Err(LandError::Empty { path: name.to_owned() });
        }
        guarded(name, || Self::begin(file, name))?
    }

    fn begin(file: std::fs::File, name: &str) -> Result<Self, LandError> {
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| not_parquet(name, e.to_string()))?;
        let columns = Columns::new(builder.schema().fields().iter().map(|f| f.name().as_str()));
        if columns.len() > MOST_COLUMNS {
            return Err(LandError::TooManyColumns {
                path: name.to_owned(),
                columns: columns.len(),
                most: MOST_COLUMNS,
            });
        }
        let groups = builder.metadata().row_groups();
        let bytes = groups.iter().fold(0i64, |sum, g| sum.saturating_add(g.total_byte_size()));
        let rows = groups.iter().fold(0i64, |sum, g| sum.saturating_add(g.num_rows()));
        let a_row = usize::try_from(bytes / rows.max(1)).unwrap_or(0).max(1);
        let at_once = (BATCH_BYTES / a_row).clamp(1, BATCH_ROWS);
        let batches =
            builder.with_batch_size(at_once).build().map_err(|e| not_parquet(name, e.to_string()))?;
        Ok(Self {
            name: name.to_owned(),
            columns,
            bound: Vec::new(),
            batches,
            rows: 0,
            batch: Vec::new(),
            texts: OnceCell::new(),
        })
    }
}

thread_local! {
    /// Whether a panic of this thread is caught and said in other words.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Does what may panic where the bytes of a file contradict each other: damage of a file is a finding about it, without
/// a backtrace.
fn guarded<T>(name: &str, work: impl FnOnce() -> T) -> Result<T, LandError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CAUGHT.get() {
                before(info);
            }
        }));
    });
    CAUGHT.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(false);
    done.map_err(|_| not_parquet(name, "it is damaged, its parts contradict each other".to_owned()))
}

fn not_parquet(name: &str, reason: String) -> LandError {
    LandError::Format { path: name.to_owned(), format: "Parquet", reason }
}

/// The texts of a column; none: it is of a type without a text form, such as a list.
fn as_text(array: &ArrayRef) -> Option<ArrayRef> {
    let array = match array.data_type() {
        nested if nested.is_nested() => return None,
        // Zone names would need a second zone database; the instant is the same.
        DataType::Timestamp(unit, Some(_)) => {
            cast(array, &DataType::Timestamp(*unit, Some("+00:00".into()))).ok()?
        }
        _ => array.clone(),
    };
    cast(&array, &DataType::Utf8).ok()
}

/// A column of bytes that may be texts.
fn as_bytes(array: &ArrayRef) -> Option<LargeBinaryArray> {
    use DataType::{Binary, BinaryView, Dictionary, FixedSizeBinary, LargeBinary};
    let of = match array.data_type() {
        Dictionary(_, of) => of,
        other => other,
    };
    match of {
        Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => {
            cast(array, &LargeBinary).ok()?.as_binary_opt::<i64>().cloned()
        }
        _ => None,
    }
}

/// The texts of a column for somebody to look at.
fn as_shown(array: &ArrayRef) -> Option<ArrayRef> {
    let Some(bytes) = as_bytes(array) else { return as_text(array) };
    let texts = bytes.iter().map(|b| b.map(String::from_utf8_lossy));
    Some(Arc::new(StringArray::from_iter(texts)))
}

fn of_type(kind: &DataType) -> String {
    format!("of the type {kind}")
}

fn in_words(kind: &DataType) -> String {
    match kind {
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "a list".to_owned(),
        DataType::Struct(_) => "a structure".to_owned(),
        DataType::Map(..) => "a map".to_owned(),
        other => of_type(other),
    }
}

/// Which rows have a value.
fn there(array: &dyn Array) -> Bits {
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => Bits::all(array.len()),
        Some(nulls) => nulls.iter().collect(),
    }
}

/// Of numbers the last one is not in the range, and no number either.
const ALL: std::ops::Range<i64> = i64::MIN..i64::MAX;

/// Values of a column as 64-bit integers in `range`; none: one of them is not.
fn integers<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    range: std::ops::Range<i64>,
    value: impl Fn(T::Native) -> Option<i64>,
) -> Option<(Vec<i64>, Bits)> {
    let array = array.as_primitive_opt::<T>()?;
    let there = there(array);
    let mut values = Vec::with_capacity(array.len());
    let all = array.values().iter().enumerate().all(|(row, v)| {
        let n = if there.get(row) { value(*v).filter(|n| range.contains(n)) } else { Some(0) };
        values.push(n.unwrap_or_default());
        n.is_some()
    });
    all.then_some((values, there))
}

/// A column by its type; none: there is no exact form for all its values but text.
fn typed(array: &ArrayRef) -> Option<Cells> {
    match array.data_type() {
        DataType::Dictionary(_, of) if !of.is_nested() => typed(&cast(array, of).ok()?),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            let wide = cast(array, &DataType::Int64).ok()?;
            let (values, there) = as_they_are(&wide)?;
            Some(Cells::Integers(values, 0, there))
        }
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => {
            let wide = cast(array, &DataType::UInt64).ok()?;
            let (values, there) = integers::<UInt64Type>(&wide, ALL, |n| i64::try_from(n).ok())?;
            Some(Cells::Integers(values, 0, there))
        }
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => {
            let wide = cast(array, &DataType::Decimal128(*precision, *scale)).ok()?;
            let (values, there) = integers::<Decimal128Type>(&wide, ALL, |n| i64::try_from(n).ok())?;
            Some(Cells::Integers(values, u8::try_from(*scale).ok()?, there))
        }
        DataType::Timestamp(unit, zone) => {
            let (micros, there) = micros(array, *unit)?;
            let last = if zone.is_some() { LAST_INSTANT } else { LAST_LOCAL };
            let inside = |(row, n): (usize, &i64)| !there.get(row) || (FIRST_MICROS..last).contains(n);
            if !micros.iter().enumerate().all(inside) {
                return None;
            }
            Some(if zone.is_some() { Cells::Instants(micros, there) } else { Cells::Locals(micros, there) })
        }
        DataType::Date32 => {
            let days = array.as_primitive_opt::<Date32Type>()?;
            let values =
                days.iter().map(|day| day.map_or(Some(0), |day| Some(day).filter(|d| DAYS.contains(d))));
            Some(Cells::Days(values.collect::<Option<_>>()?, there(days)))
        }
        DataType::Boolean => {
            let values = array.as_boolean_opt()?;
            let bits = values.iter().map(|v| v == Some(true)).collect();
            Some(Cells::Booleans(bits, there(values)))
        }
        _ => None,
    }
}

/// 64-bit integers of a column as they lie there; none: one of them is not in [`ALL`].
fn as_they_are(array: &ArrayRef) -> Option<(Vec<i64>, Bits)> {
    let plain = array.as_primitive_opt::<Int64Type>()?;
    // Where there is no value any number may stand.
    if plain.values().contains(&ALL.end) {
        return integers::<Int64Type>(array, ALL, Some);
    }
    Some((plain.values().to_vec(), there(plain)))
}

/// Times in µs; none: one of them has parts below.
fn micros(array: &ArrayRef, unit: TimeUnit) -> Option<(Vec<i64>, Bits)> {
    let (up, down) = match unit {
        TimeUnit::Second => (1_000_000, 1),
        TimeUnit::Millisecond => (1000, 1),
        TimeUnit::Microsecond => (1, 1),
        TimeUnit::Nanosecond => (1, 1000),
    };
    // The numbers as they stand, under a unit that has a type here.
    let plain = cast(array, &DataType::Int64).ok()?;
    if unit == TimeUnit::Microsecond {
        return as_they_are(&plain);
    }
    integers::<Int64Type>(&plain, ALL, |n| n.checked_mul(up).filter(|n| n % down == 0).map(|n| n / down))
}

/// The texts of the first cells of a column, and what is wrong with the others.
fn texts(name: &str, column: &str, array: &ArrayRef, into: &mut Texts) -> Result<Vec<(u32, Bad)>, LandError> {
    let mut wrong = Vec::new();
    let mut bad = |row: usize, rule: &'static str, why: String| {
        wrong.push((
            row as u32,
            Bad { rule, reason: format!("`{column}`: {why}"), column: Some(column.to_owned()) },
        ));
    };
    let too_long = |text: Option<&str>| text.is_some_and(|t| t.len() > LONGEST_CELL);
    let long = || format!("longer than {} MiB", LONGEST_CELL >> 20);
    if let Some(bytes) = as_bytes(array) {
        for (row, bytes) in bytes.iter().enumerate() {
            let text = bytes.map(std::str::from_utf8).transpose();
            if let Err(e) = text {
                bad(row, ENCODING, format!("byte {} is not UTF-8", e.valid_up_to() + 1));
            }
            let text = text.ok().flatten();
            if too_long(text) {
                bad(row, TOO_LONG, long());
            }
            into.push(text);
        }
        return Ok(wrong);
    }
    let Some(texts) = as_text(array) else {
        return one_by_one(name, column, array, into);
    };
    let nulls = array.logical_nulls();
    let texts = texts.as_string_opt::<i32>();
    if let Some(texts) = texts
        && texts.null_count() == nulls.as_ref().map_or(0, NullBuffer::null_count)
        && take_all(texts, into)
    {
        return Ok(wrong);
    }
    for row in 0..array.len() {
        let text = texts.filter(|a| a.is_valid(row)).map(|a| a.value(row));
        // What cannot be written as text may come back as if it were not there.
        if text.is_none() && nulls.as_ref().is_none_or(|n| n.is_valid(row)) {
            bad(row, NO_TEXT, no_text(array));
        }
        if too_long(text) {
            bad(row, TOO_LONG, long());
        }
        into.push(text);
    }
    Ok(wrong)
}

/// Takes the texts of a column over as they lie there; false: something is to be looked at one by one.
fn take_all(array: &StringArray, into: &mut Texts) -> bool {
    let offsets = array.value_offsets();
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else { return false };
    let bytes = usize::try_from(*first).ok().zip(usize::try_from(*last).ok());
    let bytes = bytes.and_then(|(first, last)| array.value_data().get(first..last));
    let Some(Ok(text)) = bytes.map(std::str::from_utf8) else { return false };
    let there = there(array);
    let lengths = || offsets.windows(2).map(|pair| if let [from, to] = pair { to - from } else { 0 });
    // What is not there may take room all the same.
    let fits = |(row, length): (usize, i32)| length as usize <= if there.get(row) { LONGEST_CELL } else { 0 };
    if !lengths().enumerate().all(fits) {
        return false;
    }
    let ends = offsets.iter().skip(1).map(|end| (end - first) as usize);
    into.take_all(text, ends, there);
    true
}

/// As [`texts`], of a column of which one value at least has no text: nobody says which one.
fn one_by_one(
    name: &str,
    column: &str,
    array: &ArrayRef,
    into: &mut Texts,
) -> Result<Vec<(u32, Bad)>, LandError> {
    if array.data_type().is_nested() {
        let kind = in_words(array.data_type());
        return Err(LandError::NoText { path: name.to_owned(), column: column.to_owned(), kind });
    }
    let mut wrong = Vec::new();
    let nulls = array.logical_nulls();
    for row in 0..array.len() {
        let value = as_text(&array.slice(row, 1));
        let text = value.as_ref().and_then(|a| a.as_string_opt::<i32>()).filter(|a| a.is_valid(0));
        into.push(text.map(|a| a.value(0)));
        if text.is_none() && nulls.as_ref().is_none_or(|n| n.is_valid(row)) {
            let reason = format!("`{column}`: {}", no_text(array));
            wrong.push((row as u32, Bad { rule: NO_TEXT, reason, column: Some(column.to_owned()) }));
        }
    }
    Ok(wrong)
}

fn no_text(array: &ArrayRef) -> String {
    format!("a value {} that cannot be written as text", of_type(array.data_type()))
}

impl ParquetReader {
    fn fill(&mut self, into: &mut Batch) -> Result<bool, LandError> {
        while into.rows == 0 {
            let Some(batch) = self.batches.next() else { return Ok(false) };
            let batch = batch.map_err(|e| not_parquet(&self.name, e.to_string()))?;
            into.rows = batch.num_rows();
            self.batch = batch.columns().to_vec();
        }
        let mut bad = BTreeMap::new();
        for (cells, at) in into.cells.iter_mut().zip(&self.bound) {
            let column = self.columns.names().get(*at);
            let (Some(array), Some(column)) = (self.batch.get(*at), column) else { continue };
            match typed(array) {
                Some(column) => *cells = column,
                None => {
                    for (row, why) in texts(&self.name, column, array, cells.texts())? {
                        bad.entry(row).or_insert(why);
                    }
                }
            }
        }
        into.bad.extend(bad);
        Ok(true)
    }
}

impl BatchReader for ParquetReader {
    fn columns(&self) -> &[String] {
        self.columns.names()
    }

    fn bind(&mut self, column: &str) -> Result<usize, Unbound> {
        self.bound.push(self.columns.find(column)?);
        Ok(self.bound.len() - 1)
    }

    fn next(&mut self, into: &mut Batch) -> Result<bool, PortError> {
        into.begin(self.rows + 1, self.bound.len());
        self.texts.take();
        let name = self.name.clone();
        let filled = guarded(&name, || self.fill(into))??;
        self.rows += into.rows as u64;
        Ok(filled)
    }

    fn raw(&self, row: u32) -> String {
        let texts = self.texts.get_or_init(|| self.batch.iter().map(as_shown).collect());
        let row = row as usize;
        let cells = self.columns.labels().zip(texts).map(|(column, texts)| {
            let texts = texts.as_ref().and_then(|a| a.as_string_opt::<i32>());
            let text = texts.filter(|a| row < a.len() && a.is_valid(row)).map(|a| a.value(row));
            (column, text.into())
        });
        Value::Object(cells.collect::<Map<_, _>>()).to_string()
    }
}
