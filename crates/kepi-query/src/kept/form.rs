//! The bytes in which the states of a part are kept: read only if whole, of this form and of the scan they are asked for.
//!
//! Numbers are base 128, least digit first; signed ones are mapped to `0, −1, 1, −2, …` first. Behind everything stands its
//! BLAKE3. A form that is read differently has another [`MAGIC`].

use kepi_model::id::Hash;

use super::part::{FileId, Part, Slice, is_small};
use crate::state::{Member, StateColumn};

const MAGIC: &[u8] = b"kepi states 1\n";

/// The bytes of a part of a scan.
/// Of different values of a state that has many only that there are too many.
pub(super) fn encode(scan: &Hash, part: &Part, few_values: usize) -> Vec<u8> {
    let is_kept = |column: &&StateColumn| is_small(column, part.rows(), few_values);
    let mut out = Out(MAGIC.to_vec());
    out.0.extend(scan.0);
    out.length(part.files.len());
    for file in &part.files {
        out.text(&file.name);
        out.number(file.bytes);
        out.number(file.rows);
    }
    out.length(part.tables.len());
    for (table, stood) in &part.tables {
        out.text(table);
        out.0.extend(stood.0);
    }
    out.number(part.undated);
    out.length(part.slices.len());
    part.slices.iter().for_each(|slice| out.slice(slice, is_kept));
    let whole = blake3::hash(&out.0);
    out.0.extend(whole.as_bytes());
    out.0
}

/// The part of a scan; none if these are not the bytes of one, whole.
pub(super) fn decode(scan: &Hash, bytes: &[u8]) -> Option<Part> {
    let (body, whole) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if blake3::hash(body).as_bytes().as_slice() != whole {
        return None;
    }
    let mut from = From(body.strip_prefix(MAGIC)?);
    if from.hash()? != *scan {
        return None;
    }
    let files = from.many(|from| {
        let name = from.text()?;
        Some(FileId { name: name.into(), bytes: from.number()?, rows: from.number()? })
    })?;
    let tables = from.many(|from| Some((from.text()?.into(), from.hash()?)))?;
    let undated = from.number()?;
    let slices = from.many(From::slice)?;
    from.0.is_empty().then_some(Part { files, tables, undated, slices })
}

struct Out(Vec<u8>);

impl Out {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn length(&mut self, of: usize) {
        self.number(of as u64);
    }

    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    fn wide(&mut self, number: i128) {
        let mut rest = ((number << 1) ^ (number >> 127)) as u128;
        while rest >= 0x80 {
            self.0.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend(text.as_bytes());
    }

    fn numbers(&mut self, numbers: &[u32]) {
        self.length(numbers.len());
        numbers.iter().for_each(|number| self.number(u64::from(*number)));
    }

    fn slice(&mut self, slice: &Slice, is_kept: impl Fn(&&StateColumn) -> bool) {
        self.length(slice.keys.len());
        for (key, (members, codes)) in slice.keys.iter().zip(&slice.columns) {
            self.0.extend(key.0);
            self.length(members.len());
            for member in members {
                match member {
                    Member::Unknown => self.0.push(0),
                    Member::Value(text) => {
                        self.0.push(1);
                        self.text(text);
                    }
                }
            }
            self.numbers(codes);
        }
        self.signed(slice.range.0);
        self.signed(slice.range.1);
        self.0.push(u8::from(slice.beyond));
        self.length(slice.spans.len());
        for (from, until) in &slice.spans {
            self.signed(*from);
            self.signed(*until);
        }
        self.numbers(&slice.buckets);
        self.length(slice.states.len());
        for (state, column) in &slice.states {
            self.0.extend(state.0);
            self.column(column.as_ref().filter(&is_kept));
        }
    }

    fn column(&mut self, column: Option<&StateColumn>) {
        match column {
            None => self.0.push(0),
            Some(StateColumn::Count(counts)) => {
                self.0.push(1);
                self.length(counts.len());
                counts.iter().for_each(|count| self.number(*count));
            }
            Some(StateColumn::Sum(sums)) => {
                self.0.push(2);
                self.length(sums.len());
                sums.iter().for_each(|sum| self.wide(*sum));
            }
            Some(StateColumn::Extreme(values)) => {
                self.0.push(3);
                self.length(values.len());
                for value in values {
                    self.0.push(u8::from(value.is_some()));
                    if let Some(value) = value {
                        self.signed(*value);
                    }
                }
            }
            Some(StateColumn::Histogram { bins, counts }) => {
                self.0.push(4);
                self.number(u64::from(*bins));
                self.length(counts.len());
                // Most bins are empty: each that is not, with how many are before it.
                let filled = || counts.iter().enumerate().filter(|(_, count)| **count > 0);
                self.length(filled().count());
                let mut next = 0;
                for (bin, count) in filled() {
                    self.length(bin - next);
                    self.number(*count);
                    next = bin + 1;
                }
            }
            Some(StateColumn::Distinct { values, offsets, codes }) => {
                self.0.push(5);
                self.length(values.len());
                values.iter().for_each(|value| self.text(value));
                self.numbers(offsets);
                self.numbers(codes);
            }
            Some(StateColumn::OutOfRange { bound }) => {
                self.0.push(6);
                self.text(bound);
            }
        }
    }
}

struct From<'a>(&'a [u8]);

impl From<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn wide(&mut self) -> Option<i128> {
        let mut number = 0_u128;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some((number >> 1) as i128 ^ -((number & 1) as i128));
            }
        }
        None
    }

    /// A number of things of which each takes a byte: what says more is damaged, and must not fill the memory.
    fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.number()?).ok()?;
        (length <= self.0.len()).then_some(length)
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn hash(&mut self) -> Option<Hash> {
        Some(Hash(self.take(32)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<Box<str>> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).ok().map(Into::into)
    }

    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = self.length()?;
        let mut all = Vec::with_capacity(length);
        for _ in 0..length {
            all.push(one(self)?);
        }
        Some(all)
    }

    fn numbers(&mut self) -> Option<Vec<u32>> {
        self.many(|from| u32::try_from(from.number()?).ok())
    }

    fn slice(&mut self) -> Option<Slice> {
        let (mut keys, mut columns) = (Vec::new(), Vec::new());
        for _ in 0..self.length()? {
            keys.push(self.hash()?);
            let members = self.many(|from| match from.byte()? {
                0 => Some(Member::Unknown),
                1 => from.text().map(Member::Value),
                _ => None,
            })?;
            columns.push((members, self.numbers()?));
        }
        Some(Slice {
            keys,
            columns,
            range: (self.signed()?, self.signed()?),
            beyond: self.byte()? > 0,
            spans: self.many(|from| Some((from.signed()?, from.signed()?)))?,
            buckets: self.numbers()?,
            states: self.many(|from| Some((from.hash()?, from.column()?)))?,
        })
    }

    fn column(&mut self) -> Option<Option<StateColumn>> {
        Some(Some(match self.byte()? {
            0 => return Some(None),
            1 => StateColumn::Count(self.many(Self::number)?),
            2 => StateColumn::Sum(self.many(Self::wide)?),
            3 => StateColumn::Extreme(self.many(|from| match from.byte()? {
                0 => Some(None),
                _ => from.signed().map(Some),
            })?),
            4 => {
                let bins = u32::try_from(self.number()?).ok()?;
                let mut counts = vec![0; usize::try_from(self.number()?).ok().filter(|n| *n <= MOST_BINS)?];
                let mut bin = 0_usize;
                for _ in 0..self.length()? {
                    bin = bin.checked_add(usize::try_from(self.number()?).ok()?)?;
                    *counts.get_mut(bin)? = self.number()?;
                    bin += 1;
                }
                StateColumn::Histogram { bins, counts }
            }
            5 => StateColumn::Distinct {
                values: self.many(Self::text)?,
                offsets: self.numbers()?,
                codes: self.numbers()?,
            },
            6 => StateColumn::OutOfRange { bound: self.text()?.into() },
            _ => return None,
        }))
    }
}

/// Bins of all cells of a histogram, with room to spare.
const MOST_BINS: usize = 1 << 30;
