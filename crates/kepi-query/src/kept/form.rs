//! The bytes in which the states of a part are kept: read only if whole, of this form and of the scan they are asked for.
//!
//! Single numbers are base 128, least digit first; signed ones are mapped to `0, −1, 1, −2, …` first. Of many numbers each has as many
//! bytes as the largest needs, so that millions are read at the speed of memory. Behind everything stands its BLAKE3. A form that is read
//! differently has another [`MAGIC`].
//!
//! In front stands an outline with a BLAKE3 of its own: of which files the part is, where it has rows, and what there is of it. A run that needs no
//! more than that reads no more.

use kepi_model::id::Hash;

use super::part::{FileId, Has, Outline, OutlineSlice, Part, Slice, is_small};
use crate::state::{Member, StateColumn};

const MAGIC: &[u8] = b"kepi states 3\n";
/// Bytes of a part that are read to see its outline, unless that is longer.
pub(super) const OUTLINE: usize = 1 << 14;
/// Bytes of the length of an outline.
const LENGTH: usize = 8;

/// The bytes of a part of a scan. Of different values of a state that has many only that there are too many.
pub(super) fn encode(scan: &Hash, part: &Part, few_values: usize) -> Vec<u8> {
    let is_kept = |column: &&StateColumn| is_small(column, part.rows(), few_values);
    let mut outline = Out(Vec::new());
    outline.0.extend(scan.0);
    outline.outline(&part.outline(is_kept));
    let mut out = Out(MAGIC.to_vec());
    out.0.extend((outline.0.len() as u64).to_le_bytes());
    out.0.extend(&outline.0);
    out.0.extend(blake3::hash(&outline.0).as_bytes());
    out.length(part.slices.len());
    part.slices.iter().for_each(|slice| out.slice(slice, is_kept));
    let whole = blake3::hash(&out.0);
    out.0.extend(whole.as_bytes());
    out.0
}

/// How many bytes of a part it takes to see its outline, by its first bytes.
pub(super) fn outline_bytes(bytes: &[u8]) -> Option<usize> {
    let length = bytes.strip_prefix(MAGIC)?.first_chunk::<LENGTH>()?;
    usize::try_from(u64::from_le_bytes(*length)).ok()?.checked_add(MAGIC.len() + LENGTH + 32)
}

/// The outline of the part of a scan, and what follows it; none if these are not the first bytes of one.
pub(super) fn outline<'a>(scan: &Hash, bytes: &'a [u8]) -> Option<(Outline, &'a [u8])> {
    let (front, rest) = bytes.split_at_checked(outline_bytes(bytes)?)?;
    let (outline, hash) = front.get(MAGIC.len() + LENGTH..)?.split_last_chunk::<32>()?;
    if blake3::hash(outline).as_bytes() != hash {
        return None;
    }
    let mut from = From(outline);
    if from.hash()? != *scan {
        return None;
    }
    let outline = from.outline()?;
    from.0.is_empty().then_some((outline, rest))
}

/// The part of a scan; none if these are not the bytes of one, whole.
pub(super) fn decode(scan: &Hash, bytes: &[u8]) -> Option<Part> {
    let (body, whole) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if blake3::hash(body).as_bytes().as_slice() != whole {
        return None;
    }
    let (Outline { files, tables, undated, .. }, slices) = outline(scan, body)?;
    let mut from = From(slices);
    let slices = from.each(From::slice)?;
    from.0.is_empty().then_some(Part { files, tables, undated, slices })
}

pub(super) struct Out(pub Vec<u8>);

impl Out {
    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub fn length(&mut self, of: usize) {
        self.number(of as u64);
    }

    pub fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend(text.as_bytes());
    }

    /// Many numbers: how many, bytes of each, and they.
    fn many(&mut self, numbers: impl ExactSizeIterator<Item = i128> + Clone) {
        let fits = |bits: u32| {
            let most = (1_i128 << (bits - 1)) - 1;
            move |number: i128| -most - 1 <= number && number <= most
        };
        let width =
            [8, 16, 32, 64].into_iter().find(|bits| numbers.clone().all(fits(*bits))).unwrap_or(128) / 8;
        self.length(numbers.len());
        self.0.push(width as u8);
        self.0.reserve(numbers.len() * width as usize);
        for number in numbers {
            self.0.extend(number.to_le_bytes().iter().take(width as usize));
        }
    }

    /// Texts, each of them or none.
    fn texts<'a>(&mut self, texts: impl ExactSizeIterator<Item = Option<&'a str>> + Clone) {
        self.many(texts.clone().map(|text| text.map_or(0, |text| text.len() as i128 + 1)));
        texts.flatten().for_each(|text| self.0.extend(text.as_bytes()));
    }

    fn outline(&mut self, outline: &Outline) {
        self.length(outline.files.len());
        for file in &outline.files {
            self.text(&file.name);
            self.number(file.bytes);
            self.number(file.rows);
        }
        self.length(outline.tables.len());
        for (table, stood) in &outline.tables {
            self.text(table);
            self.0.extend(stood.0);
        }
        self.number(outline.undated);
        self.length(outline.slices.len());
        for slice in &outline.slices {
            self.length(slice.keys.len());
            for (key, list, members) in &slice.keys {
                self.0.extend(key.0);
                self.0.extend(list.0);
                self.number(*members);
            }
            self.signed(slice.range.0);
            self.signed(slice.range.1);
            self.0.push(u8::from(slice.beyond));
            self.spans(&slice.spans);
            self.number(slice.cells);
            self.0.push(u8::from(slice.out_of_range));
            self.length(slice.states.len());
            for (state, has) in &slice.states {
                self.0.extend(state.0);
                self.0.push(u8::from(*has == Has::It));
            }
        }
    }

    fn spans(&mut self, spans: &[(i64, i64)]) {
        self.length(spans.len());
        for (from, until) in spans {
            self.signed(*from);
            self.signed(*until);
        }
    }

    fn slice(&mut self, slice: &Slice, is_kept: impl Fn(&&StateColumn) -> bool) {
        self.length(slice.keys.len());
        for (key, (members, codes)) in slice.keys.iter().zip(&slice.columns) {
            self.0.extend(key.0);
            self.texts(members.iter().map(|member| match member {
                Member::Unknown => None,
                Member::Value(text) => Some(text.as_ref()),
            }));
            self.many(codes.iter().map(|code| i128::from(*code)));
        }
        self.signed(slice.range.0);
        self.signed(slice.range.1);
        self.0.push(u8::from(slice.beyond));
        self.spans(&slice.spans);
        self.many(slice.buckets.iter().map(|bucket| i128::from(*bucket)));
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
                self.many(counts.iter().map(|count| i128::from(*count)));
            }
            Some(StateColumn::Sum(sums)) => {
                self.0.push(2);
                self.many(sums.iter().copied());
            }
            Some(StateColumn::Extreme(values)) => {
                self.0.push(3);
                self.many(values.iter().map(|value| i128::from(value.is_some())));
                self.many(values.iter().map(|value| i128::from(value.unwrap_or_default())));
            }
            Some(StateColumn::Histogram { bins, counts }) => {
                self.0.push(4);
                self.number(u64::from(*bins));
                self.length(counts.len());
                // Most bins are empty: each that is not, with how many are before it.
                let mut next = 0;
                let (mut gaps, mut filled) = (Vec::new(), Vec::new());
                for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                    gaps.push(bin - next);
                    filled.push(*count);
                    next = bin + 1;
                }
                self.many(gaps.iter().map(|gap| *gap as i128));
                self.many(filled.iter().map(|count| i128::from(*count)));
            }
            Some(StateColumn::Distinct { values, offsets, codes }) => {
                self.0.push(5);
                self.texts(values.iter().map(|value| Some(value.as_ref())));
                self.many(offsets.iter().map(|offset| i128::from(*offset)));
                self.many(codes.iter().map(|code| i128::from(*code)));
            }
            Some(StateColumn::OutOfRange { bound }) => {
                self.0.push(6);
                self.text(bound);
            }
        }
    }
}

pub(super) struct From<'a>(pub &'a [u8]);

impl From<'_> {
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub fn number(&mut self) -> Option<u64> {
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

    pub fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A number of things of which each takes a byte: what says more is damaged, and must not fill the memory.
    pub fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.number()?).ok()?;
        (length <= self.0.len()).then_some(length)
    }

    pub fn take(&mut self, length: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn hash(&mut self) -> Option<Hash> {
        Some(Hash(self.take(32)?.try_into().ok()?))
    }

    pub fn text(&mut self) -> Option<Box<str>> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).ok().map(Into::into)
    }

    pub fn each<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = self.length()?;
        let mut all = Vec::with_capacity(length);
        for _ in 0..length {
            all.push(one(self)?);
        }
        Some(all)
    }

    fn many<T: TryFrom<i64> + TryFrom<i128>>(&mut self) -> Option<Vec<T>> {
        fn of<const N: usize, T: TryFrom<i64>>(
            bytes: &[u8],
            number: impl Fn([u8; N]) -> i64,
        ) -> Option<Vec<T>> {
            bytes.as_chunks().0.iter().map(|bytes| T::try_from(number(*bytes)).ok()).collect()
        }
        let length = self.length()?;
        let width = self.byte()?;
        let bytes = self.take(length.checked_mul(usize::from(width))?)?;
        match width {
            1 => of(bytes, |bytes| i64::from(i8::from_le_bytes(bytes))),
            2 => of(bytes, |bytes| i64::from(i16::from_le_bytes(bytes))),
            4 => of(bytes, |bytes| i64::from(i32::from_le_bytes(bytes))),
            8 => of(bytes, i64::from_le_bytes),
            16 => {
                let all =
                    bytes.as_chunks().0.iter().map(|bytes| T::try_from(i128::from_le_bytes(*bytes)).ok());
                all.collect()
            }
            _ => None,
        }
    }

    fn texts(&mut self) -> Option<Vec<Option<Box<str>>>> {
        let lengths: Vec<u64> = self.many()?;
        let one = |length: u64| match length.checked_sub(1) {
            None => Some(None),
            Some(length) => {
                let text = std::str::from_utf8(self.take(usize::try_from(length).ok()?)?).ok()?;
                Some(Some(text.into()))
            }
        };
        lengths.into_iter().map(one).collect()
    }

    fn outline(&mut self) -> Option<Outline> {
        let files = self.each(|from| {
            let name = from.text()?;
            Some(FileId { name: name.into(), bytes: from.number()?, rows: from.number()? })
        })?;
        let tables = self.each(|from| Some((from.text()?.into(), from.hash()?)))?;
        let undated = self.number()?;
        let slices = self.each(|from| {
            Some(OutlineSlice {
                keys: from.each(|from| Some((from.hash()?, from.hash()?, from.number()?)))?,
                range: (from.signed()?, from.signed()?),
                beyond: from.byte()? > 0,
                spans: from.each(|from| Some((from.signed()?, from.signed()?)))?,
                cells: from.number()?,
                out_of_range: from.byte()? > 0,
                states: from.each(|from| {
                    let has = |it: u8| if it > 0 { Has::It } else { Has::TooMany };
                    Some((from.hash()?, has(from.byte()?)))
                })?,
            })
        })?;
        Some(Outline { files, tables, undated, slices })
    }

    fn slice(&mut self) -> Option<Slice> {
        let (mut keys, mut columns) = (Vec::new(), Vec::new());
        for _ in 0..self.length()? {
            keys.push(self.hash()?);
            let members = self.texts()?.into_iter().map(|text| text.map_or(Member::Unknown, Member::Value));
            columns.push((members.collect(), self.many()?));
        }
        Some(Slice {
            keys,
            columns,
            range: (self.signed()?, self.signed()?),
            beyond: self.byte()? > 0,
            spans: self.each(|from| Some((from.signed()?, from.signed()?)))?,
            buckets: self.many()?,
            states: self.each(|from| Some((from.hash()?, from.column()?)))?,
        })
    }

    fn column(&mut self) -> Option<Option<StateColumn>> {
        Some(Some(match self.byte()? {
            0 => return Some(None),
            1 => StateColumn::Count(self.many()?),
            2 => StateColumn::Sum(self.many()?),
            3 => {
                let (known, values): (Vec<u32>, Vec<i64>) = (self.many()?, self.many()?);
                let pairs = known.into_iter().zip(values);
                StateColumn::Extreme(pairs.map(|(known, value)| (known > 0).then_some(value)).collect())
            }
            4 => {
                let bins = u32::try_from(self.number()?).ok()?;
                let mut counts = vec![0; usize::try_from(self.number()?).ok().filter(|n| *n <= MOST_BINS)?];
                let (gaps, filled): (Vec<u64>, Vec<u64>) = (self.many()?, self.many()?);
                let mut bin = 0_usize;
                for (gap, count) in gaps.into_iter().zip(filled) {
                    bin = bin.checked_add(usize::try_from(gap).ok()?)?;
                    *counts.get_mut(bin)? = count;
                    bin += 1;
                }
                StateColumn::Histogram { bins, counts }
            }
            5 => {
                let values = self.texts()?.into_iter().flatten().collect();
                StateColumn::Distinct { values, offsets: self.many()?, codes: self.many()? }
            }
            6 => StateColumn::OutOfRange { bound: self.text()?.into() },
            _ => return None,
        }))
    }
}

/// Bins of all cells of a histogram, with room to spare.
const MOST_BINS: usize = 1 << 30;
