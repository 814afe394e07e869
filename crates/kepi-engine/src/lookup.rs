//! Rows that other rows refer to: found by key, and by time where history counts.
//!
//! Such tables (customers, products, calendars) are small beside those that are scanned, so they are kept in memory
//! and looked up, which can neither lose nor multiply a row as a join could.
#![expect(
    clippy::indexing_slicing,
    reason = "positions were made by this module and lie within its own columns"
)]

use std::{collections::HashMap, sync::Arc};

use arrow::array::{Array, StringArray};
use kepi_model::expression::{Literal, Physical};

use crate::vector::{Bitmap, Texts, Truth, Vector};

/// No row.
pub const NOWHERE: u32 = u32::MAX;

/// A table by key.
#[derive(Debug)]
pub struct Lookup {
    keys: HashMap<Box<str>, u32>,
    /// Versions of key `k` are `versions[starts[k]..starts[k + 1]]`, ascending by start.
    starts: Vec<u32>,
    versions: Vec<Version>,
    columns: Vec<Stored>,
}

/// A version of a row: where it is stored and when it held, in µs UTC.
#[derive(Debug, Clone, Copy)]
struct Version {
    from: i64,
    until: i64,
    row: u32,
}

/// One column of all rows.
#[derive(Debug)]
enum Stored {
    Text { codes: Vec<i32>, members: StringArray },
    Integer(Vec<Option<i64>>),
    Boolean(Vec<Option<bool>>),
}

/// Different texts of a column: the number of each, and the texts by number.
type Numbered = (HashMap<Box<str>, i32>, Vec<Box<str>>);

/// Collects the rows of a table.
#[derive(Debug)]
pub struct LookupBuilder {
    physical: Vec<Physical>,
    rows: Vec<(u32, Version)>,
    keys: HashMap<Box<str>, u32>,
    texts: Vec<Numbered>,
    codes: Vec<Vec<i32>>,
    integers: Vec<Vec<Option<i64>>>,
    booleans: Vec<Vec<Option<bool>>>,
}

impl LookupBuilder {
    /// For columns of these forms.
    pub fn new(physical: Vec<Physical>) -> Self {
        let n = physical.len();
        Self {
            physical,
            rows: vec![],
            keys: HashMap::new(),
            texts: vec![(HashMap::new(), vec![]); n],
            codes: vec![vec![]; n],
            integers: vec![vec![]; n],
            booleans: vec![vec![]; n],
        }
    }
    /// Adds a batch: the key, the versions' limits where history counts, and the columns. Rows without a key are
    /// left out, since nothing can refer to them. False if there are more rows than a table that is looked up can
    /// have.
    #[must_use]
    pub fn add(
        &mut self,
        rows: usize,
        key: &Texts,
        from: &Vector,
        until: &Vector,
        columns: &[Vector],
    ) -> bool {
        for row in 0..rows {
            let Some(text) = key.get(row) else { continue };
            let key = match self.keys.get(text) {
                Some(key) => *key,
                None => {
                    let next = self.keys.len() as u32;
                    self.keys.insert(text.into(), next);
                    next
                }
            };
            let limit = |vector: &Vector, open| match vector.cell(row, Physical::Integer) {
                kepi_query::row::Cell::Integer(value) => value,
                _ => open,
            };
            let Ok(position) = u32::try_from(self.rows.len()) else { return false };
            if position == NOWHERE {
                return false;
            }
            let version =
                Version { from: limit(from, i64::MIN), until: limit(until, i64::MAX), row: position };
            self.rows.push((key, version));
            for (i, (physical, column)) in self.physical.iter().zip(columns).enumerate() {
                match (physical, column.cell(row, *physical)) {
                    (Physical::Text, kepi_query::row::Cell::Text(text)) => {
                        let (index, members) = &mut self.texts[i];
                        let next = members.len() as i32;
                        let code = *index.entry(text).or_insert_with_key(|text| {
                            members.push(text.clone());
                            next
                        });
                        self.codes[i].push(code);
                    }
                    (Physical::Text, _) => self.codes[i].push(-1),
                    (
                        Physical::Integer | Physical::Instant,
                        kepi_query::row::Cell::Integer(v) | kepi_query::row::Cell::Instant(v),
                    ) => self.integers[i].push(Some(v)),
                    (Physical::Integer | Physical::Instant, _) => self.integers[i].push(None),
                    (Physical::Boolean, kepi_query::row::Cell::Boolean(v)) => self.booleans[i].push(Some(v)),
                    (Physical::Boolean, _) => self.booleans[i].push(None),
                }
            }
        }
        true
    }
    /// The table.
    pub fn finish(mut self) -> Lookup {
        self.rows.retain(|(_, version)| version.from < version.until);
        // Stable, so that of two versions with the same start the one landed later comes later.
        self.rows.sort_by_key(|(key, version)| (*key, version.from));
        let mut starts = vec![0_u32; self.keys.len() + 1];
        for (key, _) in &self.rows {
            starts[*key as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let columns = self.physical.iter().enumerate().map(|(i, physical)| match physical {
            Physical::Text => {
                let members = StringArray::from_iter_values(self.texts[i].1.iter());
                Stored::Text { codes: std::mem::take(&mut self.codes[i]), members }
            }
            Physical::Integer | Physical::Instant => Stored::Integer(std::mem::take(&mut self.integers[i])),
            Physical::Boolean => Stored::Boolean(std::mem::take(&mut self.booleans[i])),
        });
        Lookup {
            columns: columns.collect(),
            keys: self.keys,
            starts,
            versions: self.rows.into_iter().map(|(_, version)| version).collect(),
        }
    }
}

impl Lookup {
    fn key(&self, text: &str) -> u32 {
        self.keys.get(text).copied().unwrap_or(NOWHERE)
    }
    fn versions(&self, key: u32) -> &[Version] {
        if key == NOWHERE {
            return &[];
        }
        &self.versions[self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize]
    }
    /// The row that holds at `time`; without a time, the latest.
    fn row(&self, key: u32, time: Option<i64>) -> u32 {
        let versions = self.versions(key);
        match time {
            None => versions.last().map_or(NOWHERE, |version| version.row),
            Some(time) => {
                let after = versions.partition_point(|version| version.from <= time);
                let last = after.checked_sub(1).map(|i| versions[i]);
                last.filter(|version| time < version.until).map_or(NOWHERE, |version| version.row)
            }
        }
    }
    /// Rows that `references` refer to; `times` where history counts.
    pub fn find(
        &self,
        rows: usize,
        references: &Vector,
        times: Option<&Vector>,
        memo: &mut Memo,
    ) -> Vec<u32> {
        let at = |row: usize| match times {
            None => Some(None),
            Some(times) => match times.cell(row, Physical::Instant) {
                kepi_query::row::Cell::Instant(time) => Some(Some(time)),
                _ => None,
            },
        };
        let mut found = vec![NOWHERE; rows];
        match references {
            Vector::Text(texts) => {
                let keys = memo.of(&texts.members);
                let valid = |row: usize| texts.valid.as_ref().is_none_or(|valid| valid.get(row));
                for (row, (slot, code)) in found.iter_mut().zip(texts.codes.iter()).enumerate() {
                    if !valid(row) {
                        continue;
                    }
                    let Some(known) = usize::try_from(*code).ok().and_then(|code| keys.get_mut(code)) else {
                        continue;
                    };
                    if *known == UNRESOLVED {
                        *known = self.key(texts.members.value(*code as usize));
                    }
                    if let Some(time) = at(row) {
                        *slot = self.row(*known, time);
                    }
                }
            }
            Vector::Constant(Literal::Text(text)) => {
                let key = self.key(text);
                for (row, slot) in found.iter_mut().enumerate() {
                    if let Some(time) = at(row) {
                        *slot = self.row(key, time);
                    }
                }
            }
            _ => {}
        }
        found
    }
    /// A column of the rows found.
    pub fn gather(&self, column: usize, rows: &[u32]) -> Vector {
        let there = |row: u32| row != NOWHERE;
        match self.columns.get(column) {
            None => Vector::Constant(Literal::Missing),
            Some(Stored::Text { codes, members }) => {
                let codes: Vec<i32> =
                    rows.iter().map(|row| if there(*row) { codes[*row as usize] } else { -1 }).collect();
                let valid = Bitmap::of(&codes, |code| code >= 0);
                let valid = (valid.ones() < valid.len()).then(|| Arc::new(valid));
                Vector::Text(Texts { codes: codes.into(), valid, members: members.clone() })
            }
            Some(Stored::Integer(values)) => {
                let get = |row: u32| if there(row) { values[row as usize] } else { None };
                let valid = Bitmap::of(rows, |row| get(row).is_some());
                let valid = (valid.ones() < valid.len()).then(|| Arc::new(valid));
                let values: Vec<i64> = rows.iter().map(|row| get(*row).unwrap_or_default()).collect();
                Vector::Integer(values.into(), valid)
            }
            Some(Stored::Boolean(values)) => {
                let get = |row: u32| if there(row) { values[row as usize] } else { None };
                let yes = Bitmap::of(rows, |row| get(row) == Some(true));
                let no = Bitmap::of(rows, |row| get(row) == Some(false));
                Vector::Boolean(Truth { yes: Arc::new(yes), no: Some(Arc::new(no)) })
            }
        }
    }
}

const UNRESOLVED: u32 = u32::MAX - 1;

/// What the members of the last dictionary seen stand for, found out when first needed. Parquet hands out the same
/// dictionary with every batch of a row group.
#[derive(Debug, Default)]
pub struct Memo {
    members: Option<StringArray>,
    found: Vec<u32>,
}

impl Memo {
    /// One slot a member, [`Memo::UNRESOLVED`] until filled.
    pub fn of(&mut self, members: &StringArray) -> &mut [u32] {
        let same = self.members.as_ref().is_some_and(|known| {
            known.len() == members.len()
                && known.value_data().as_ptr() == members.value_data().as_ptr()
                && known.value_offsets().as_ptr() == members.value_offsets().as_ptr()
        });
        if !same {
            // Keeping the array alive keeps its address from being given to another.
            self.members = Some(members.clone());
            self.found.clear();
            self.found.resize(members.len(), UNRESOLVED);
        }
        &mut self.found
    }
    /// Not yet known.
    pub const UNRESOLVED: u32 = UNRESOLVED;
}
