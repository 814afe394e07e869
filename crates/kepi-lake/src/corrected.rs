//! Corrections by hand on their way into the lake: a raw file reads as it came, but for the cells that somebody has said otherwise.
//! The file itself is never changed, and a file in which nothing is corrected is not wrapped.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{Timestamp, civil};
use kepi_govern::correcting::Correction;
use kepi_model::id::{Hash, SourceId};
use kepi_query::landing::{
    Arrival, Bad, Batch, BatchReader, Bits, Cells, Corrections, Order, PortError, Raw, RawState, Unbound,
};
use kepi_store::Store;
use serde_json::{Map, Value};

use crate::error::{LakeError, LandError};

/// What stands in the columns of a row; none: nothing.
type Row = BTreeMap<String, Option<String>>;

/// What is said by hand of rows of a content: by which events, and what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub places: Vec<u64>,
    rows: Arc<BTreeMap<u64, Row>>,
}

impl Said {
    /// What is said of rows, whether or not it stands in the log.
    pub fn of(said: &BTreeMap<u64, Corrections>) -> Self {
        let rows = said.iter().map(|(row, of)| (*row, stands(of.clone()))).collect();
        Self { places: Vec::new(), rows: Arc::new(rows) }
    }

    /// The raw file with what is said of it.
    pub fn over(&self, raw: &Arc<dyn Raw>) -> Arc<dyn Raw> {
        if self.rows.is_empty() {
            return Arc::clone(raw);
        }
        Arc::new(Corrected { raw: Arc::clone(raw), rows: Arc::clone(&self.rows) })
    }

    /// In words.
    pub fn note(&self) -> Option<String> {
        match self.rows.len() {
            0 => None,
            1 => Some("1 row is corrected by hand: `kepi correct list` says which".to_owned()),
            n => Some(format!("{n} rows are corrected by hand: `kepi correct list` says which")),
        }
    }
}

/// The corrections that hold for a content. One whose words were erased says nothing any more, and is no reason to read the file
/// anew: what landed by it stays.
pub(crate) async fn said(store: &Store, source: &SourceId, content: Hash) -> Result<Said, LandError> {
    let organisation = store.organisation().await?;
    let Some(known) = organisation.corrected.of(source, content) else { return Ok(Said::default()) };
    let texts: Vec<_> = known.values().map(|of| of.cells).collect();
    let texts = store.read().await?.texts(&texts).await?;
    let mut said = Said::default();
    let mut rows = BTreeMap::new();
    for (row, Correction { seq, cells, .. }) in known {
        said.places.push(*seq);
        let Some(text) = texts.get(cells) else { continue };
        let of: Corrections = serde_json::from_str(text)
            .map_err(|e| LakeError::Corrupt(format!("the correction of row {row}: {e}")))?;
        rows.insert(*row, stands(of));
    }
    said.rows = Arc::new(rows);
    Ok(said)
}

fn stands(of: Corrections) -> Row {
    of.into_iter().map(|(column, of)| (column, of.is)).collect()
}

struct Corrected {
    raw: Arc<dyn Raw>,
    rows: Arc<BTreeMap<u64, Row>>,
}

impl Raw for Corrected {
    fn name(&self) -> &str {
        self.raw.name()
    }
    fn order(&self) -> Order {
        self.raw.order()
    }
    fn state(&self) -> Option<RawState> {
        self.raw.state()
    }
    fn content(&self) -> Result<Hash, PortError> {
        self.raw.content()
    }
    fn is_there(&self, name: &str) -> bool {
        self.raw.is_there(name)
    }
    fn open(&self) -> Result<Box<dyn BatchReader>, PortError> {
        Ok(Box::new(Reader {
            reader: self.raw.open()?,
            rows: Arc::clone(&self.rows),
            bound: Vec::new(),
            first_row: 1,
        }))
    }
    fn arrival(&self) -> Option<&Arrival> {
        self.raw.arrival()
    }
}

struct Reader {
    reader: Box<dyn BatchReader>,
    rows: Arc<BTreeMap<u64, Row>>,
    /// The columns that were asked for, with their numbers.
    bound: Vec<(String, usize)>,
    first_row: u64,
}

impl BatchReader for Reader {
    fn columns(&self) -> &[String] {
        self.reader.columns()
    }

    fn labels(&self) -> Vec<(String, String)> {
        self.reader.labels()
    }

    fn bind(&mut self, column: &str) -> Result<usize, Unbound> {
        let number = self.reader.bind(column)?;
        self.bound.push((column.trim().to_owned(), number));
        Ok(number)
    }

    fn next(&mut self, into: &mut Batch) -> Result<bool, PortError> {
        if !self.reader.next(into)? {
            return Ok(false);
        }
        self.first_row = into.first_row;
        let behind = into.first_row + into.rows as u64;
        let said: BTreeMap<u32, &Row> = self
            .rows
            .range(into.first_row..behind)
            .map(|(row, of)| ((row - into.first_row) as u32, of))
            .collect();
        if said.is_empty() {
            return Ok(true);
        }
        // Of a row that could not be read, what is said of it is all there is.
        into.bad.retain(|(row, _)| !said.contains_key(row));
        let mut bad: BTreeMap<u32, Bad> = BTreeMap::new();
        let mut done: BTreeSet<usize> = BTreeSet::new();
        for (column, number) in &self.bound {
            let of: BTreeMap<usize, Option<&str>> = said
                .iter()
                .filter_map(|(row, of)| Some((*row as usize, of.get(column)?.as_deref())))
                .collect();
            let Some(cells) = into.cells.get_mut(*number).filter(|_| !of.is_empty() && done.insert(*number))
            else {
                continue;
            };
            for (row, text) in correct(cells, &of) {
                bad.entry(row as u32).or_insert_with(|| Bad {
                    rule: "type",
                    reason: format!("what is said by hand, `{text}`, is none of the values that the file has in `{column}`"),
                    column: Some(column.clone()),
                });
            }
        }
        into.bad.extend(bad);
        into.bad.sort_by_key(|(row, _)| *row);
        Ok(true)
    }

    fn raw(&self, row: u32) -> String {
        let raw = self.reader.raw(row);
        let Some(said) = self.rows.get(&(self.first_row + u64::from(row))) else { return raw };
        let mut cells: Map<String, Value> = serde_json::from_str(&raw).unwrap_or_default();
        for (column, text) in said {
            cells.insert(column.clone(), text.clone().map_or(Value::Null, Value::String));
        }
        Value::Object(cells).to_string()
    }
}

/// Puts other cells in their place; returns the texts that the column cannot hold. Columns with types keep them.
fn correct<'a>(cells: &mut Cells, of: &BTreeMap<usize, Option<&'a str>>) -> Vec<(usize, &'a str)> {
    let mut unfit = Vec::new();
    match cells {
        Cells::Texts(texts) => {
            let before = std::mem::take(texts);
            for row in 0..before.len() {
                texts.push(of.get(&row).map_or_else(|| before.get(row), |text| *text));
            }
        }
        Cells::Integers(values, scale, there) => {
            let scale = *scale;
            typed(values, there, of, &mut unfit, |text| scaled(text, scale));
        }
        Cells::Instants(values, there) => typed(values, there, of, &mut unfit, |text| {
            text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
        }),
        Cells::Locals(values, there) => typed(values, there, of, &mut unfit, |text| {
            let shown = text.parse::<civil::DateTime>().ok()?;
            Some(shown.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond())
        }),
        Cells::Days(values, there) => typed(values, there, of, &mut unfit, |text| {
            let day = text.parse::<civil::Date>().ok()?;
            day.since(civil::Date::constant(1970, 1, 1)).ok().map(|span| span.get_days())
        }),
        Cells::Booleans(values, there) => {
            let mut all: Vec<bool> = (0..values.len()).map(|row| values.get(row)).collect();
            typed(&mut all, there, of, &mut unfit, |text| text.parse().ok());
            *values = all.into_iter().collect();
        }
    }
    unfit
}

fn typed<'a, T>(
    values: &mut [T],
    there: &mut Bits,
    of: &BTreeMap<usize, Option<&'a str>>,
    unfit: &mut Vec<(usize, &'a str)>,
    read: impl Fn(&str) -> Option<T>,
) {
    let mut is_there: Vec<bool> = (0..there.len()).map(|row| there.get(row)).collect();
    for (row, text) in of {
        let (Some(value), Some(is_there)) = (values.get_mut(*row), is_there.get_mut(*row)) else { continue };
        match text.map(|text| (text, read(text.trim()))) {
            None => *is_there = false,
            Some((_, Some(read))) => (*value, *is_there) = (read, true),
            Some((text, None)) => unfit.push((*row, text)),
        }
    }
    *there = is_there.into_iter().collect();
}

/// A decimal number in units of its last digit; none: it is no number, or has digits beyond.
fn scaled(text: &str, scale: u8) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = whole.trim_start_matches(['-', '+']);
    if fraction.len() > usize::from(scale) || unsigned.is_empty() || !digits(unsigned) || !digits(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<width$}", width = usize::from(scale)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly_or_not_at_all() {
        let read = |text| scaled(text, 2);
        assert_eq!(
            [read("12"), read("-0.5"), read("+1.20"), read("3.070")].map(Option::unwrap),
            [1200, -50, 120, 307]
        );
        assert_eq!(
            [read("1.005"), read(""), read("-"), read("1e3"), read("1,5"), read("99999999999999999999")],
            [None; 6]
        );
    }

    #[test]
    fn columns_keep_their_types_and_say_what_they_cannot_hold() {
        let bits = |bits: &[bool]| bits.iter().copied().collect::<Bits>();
        let of = BTreeMap::from([(0, Some("2026-03-04")), (1, None), (2, Some("soon"))]);
        let mut days = Cells::Days(vec![0, 1, 2, 3], bits(&[false, true, true, true]));
        assert_eq!(correct(&mut days, &of), [(2, "soon")]);
        // 2026-03-04 is day 20,516: 56 years with 14 leap days, 31 + 28 + 3 days.
        assert_eq!(days, Cells::Days(vec![56 * 365 + 14 + 62, 1, 2, 3], bits(&[true, false, true, true])));
        let of = BTreeMap::from([(1, Some("true"))]);
        let mut yes = Cells::Booleans(bits(&[true, false]), bits(&[true, false]));
        assert!(correct(&mut yes, &of).is_empty());
        assert_eq!(yes, Cells::Booleans(bits(&[true, true]), bits(&[true, true])));
        let of = BTreeMap::from([(0, Some("1970-01-01T00:00:01Z"))]);
        let mut instants = Cells::Instants(vec![5], bits(&[true]));
        assert!(correct(&mut instants, &of).is_empty());
        assert_eq!(instants, Cells::Instants(vec![1_000_000], bits(&[true])));
    }
}
