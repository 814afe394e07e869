//! Cells: which bucket and which members a row belongs to, as one small number a row.
#![expect(clippy::indexing_slicing, reason = "tables are grown before they are read")]

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use kepi_model::expression::{Literal, Physical};
use kepi_query::{row::Cell, state::Member};

use crate::{
    lookup::Memo,
    vector::{Bitmap, Vector},
};

/// Not in any cell.
pub const OUTSIDE: u32 = u32::MAX;

/// A hasher for small integers: they come from counters, so mixing once is enough.
#[derive(Debug, Default, Clone, Copy)]
pub struct IntegerHasher(u64);

impl Hasher for IntegerHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }
    fn write_u64(&mut self, value: u64) {
        // Fibonacci hashing; the high bits, which the table uses as tags, are folded into the low ones.
        let mixed = (self.0 ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// Builds [`IntegerHasher`]s.
pub type IntegerState = BuildHasherDefault<IntegerHasher>;

/// Members of one dimension, numbered as they come.
#[derive(Debug, Default)]
pub struct Interner {
    members: Vec<Member>,
    texts: HashMap<Box<str>, u32>,
    integers: HashMap<i64, u32, IntegerState>,
    booleans: [Option<u32>; 2],
    unknown: Option<u32>,
    memo: Memo,
}

impl Interner {
    /// Members by number.
    pub fn members(&self) -> &[Member] {
        &self.members
    }
    fn push(members: &mut Vec<Member>, member: Member) -> u32 {
        members.push(member);
        (members.len() - 1) as u32
    }
    fn unknown(&mut self) -> u32 {
        let members = &mut self.members;
        *self.unknown.get_or_insert_with(|| Self::push(members, Member::Unknown))
    }
    fn text(members: &mut Vec<Member>, texts: &mut HashMap<Box<str>, u32>, text: &str) -> u32 {
        match texts.get(text) {
            Some(code) => *code,
            None => {
                let code = Self::push(members, Member::Value(text.into()));
                texts.insert(text.into(), code);
                code
            }
        }
    }
    /// The number of a member.
    pub fn member(&mut self, member: &Member) -> u32 {
        match member {
            Member::Unknown => self.unknown(),
            Member::Value(text) => Self::text(&mut self.members, &mut self.texts, text),
        }
    }
    fn integer(&mut self, value: i64) -> u32 {
        if let Some(code) = self.integers.get(&value) {
            return *code;
        }
        let code = Self::text(&mut self.members, &mut self.texts, &value.to_string());
        self.integers.insert(value, code);
        code
    }
    /// Writes the numbers of the rows that `wanted` names to `codes`; of others anything.
    pub fn codes(&mut self, vector: &Vector, physical: Physical, wanted: &Bitmap, codes: &mut Vec<u32>) {
        codes.resize(wanted.len(), 0);
        match vector {
            Vector::Constant(literal) => {
                let code = match literal {
                    Literal::Missing => self.unknown(),
                    Literal::Text(text) => Self::text(&mut self.members, &mut self.texts, text),
                    Literal::Integer(value) => self.integer(*value),
                    Literal::Boolean(value) => self.member(&Member::Value(value.to_string().into())),
                };
                codes.fill(code);
            }
            Vector::Text(texts) => {
                let unknown = if texts.valid.is_some() { self.unknown() } else { 0 };
                let known = self.memo.of(&texts.members);
                wanted.for_each(|row| {
                    if texts.valid.as_ref().is_some_and(|valid| !valid.get(row)) {
                        codes[row] = unknown;
                        return;
                    }
                    let position = texts.codes[row] as usize;
                    if known[position] == Memo::UNRESOLVED {
                        let text = texts.members.value(position);
                        known[position] = Self::text(&mut self.members, &mut self.texts, text);
                    }
                    codes[row] = known[position];
                });
            }
            Vector::Boolean(_) => wanted.for_each(|row| {
                codes[row] = match vector.cell(row, physical) {
                    Cell::Boolean(value) => match self.booleans[usize::from(value)] {
                        Some(code) => code,
                        None => {
                            let code = self.member(&Member::Value(value.to_string().into()));
                            self.booleans[usize::from(value)] = Some(code);
                            code
                        }
                    },
                    _ => self.unknown(),
                };
            }),
            Vector::Integer(values, valid) => {
                let mut last: Option<(i64, u32)> = None;
                wanted.for_each(|row| {
                    codes[row] = match valid {
                        Some(valid) if !valid.get(row) => self.unknown(),
                        _ => match last {
                            Some((value, code)) if value == values[row] => code,
                            _ => {
                                let code = self.integer(values[row]);
                                last = Some((values[row], code));
                                code
                            }
                        },
                    };
                });
            }
            Vector::Wide(values, valid) => wanted.for_each(|row| {
                codes[row] = match valid {
                    Some(valid) if !valid.get(row) => self.unknown(),
                    _ => self.member(&Member::Value(values[row].to_string().into())),
                };
            }),
        }
    }
}

/// Numbers pairs of small numbers in the order in which they come: by a table while that is small, else by hash.
#[derive(Debug)]
pub struct Pairs {
    stride: usize,
    rows: usize,
    table: Vec<u32>,
    hashed: Option<HashMap<u64, u32, IntegerState>>,
    pairs: Vec<(u32, u32)>,
}

/// Largest table of pairs, in entries of 4 bytes.
const TABLE: usize = 1 << 22;

impl Pairs {
    /// With room for second numbers below `seconds`.
    pub fn new(seconds: usize) -> Self {
        Self {
            stride: seconds.next_power_of_two().max(4),
            rows: 0,
            table: vec![],
            hashed: None,
            pairs: vec![],
        }
    }
    /// The number of a pair.
    #[inline]
    pub fn number(&mut self, first: u32, second: u32) -> u32 {
        if self.hashed.is_none() && (second as usize) < self.stride {
            let slot = first as usize * self.stride + second as usize;
            if let Some(number) = self.table.get(slot)
                && *number != OUTSIDE
            {
                return *number;
            }
        }
        self.slow(first, second)
    }
    #[cold]
    fn slow(&mut self, first: u32, second: u32) -> u32 {
        let packed = |(first, second): (u32, u32)| (u64::from(first) << 32) | u64::from(second);
        if self.hashed.is_none() {
            self.rows = self.rows.max(first as usize + 1);
            let stride = self.stride.max((second as usize + 1).next_power_of_two());
            if self.rows * stride <= TABLE {
                if stride != self.stride {
                    self.stride = stride;
                    self.table.clear();
                    self.table.resize(self.rows * stride, OUTSIDE);
                    for (i, (first, second)) in self.pairs.iter().enumerate() {
                        self.table[*first as usize * stride + *second as usize] = i as u32;
                    }
                }
                self.table.resize(self.rows * stride, OUTSIDE);
                self.pairs.push((first, second));
                let number = (self.pairs.len() - 1) as u32;
                self.table[first as usize * stride + second as usize] = number;
                return number;
            }
            self.table = vec![];
            self.hashed = Some(self.pairs.iter().enumerate().map(|(i, p)| (packed(*p), i as u32)).collect());
        }
        let next = self.pairs.len() as u32;
        let pairs = &mut self.pairs;
        let hashed = self.hashed.get_or_insert_default();
        *hashed.entry(packed((first, second))).or_insert_with(|| {
            pairs.push((first, second));
            next
        })
    }
}

/// Cells by bucket and the members of some keys.
#[derive(Debug)]
pub struct Grouping {
    /// Positions among the plan's keys.
    pub keys: Vec<usize>,
    /// Pairs of (segment by the keys before, member), one a key; the first key's segment is 0.
    levels: Vec<Pairs>,
    /// Pairs of (segment, bucket).
    cells: Pairs,
}

impl Grouping {
    /// For so many buckets.
    pub fn new(keys: Vec<usize>, buckets: usize) -> Self {
        let levels = keys.iter().map(|_| Pairs::new(4)).collect();
        Self { keys, levels, cells: Pairs::new(buckets) }
    }
    /// Number of cells so far.
    pub fn len(&self) -> usize {
        self.cells.pairs.len()
    }
    /// Writes the cell of every row in `wanted` to `cells`; of others anything. `codes` are those of all the plan's
    /// keys, `segments` is memory to work with.
    pub fn cells(
        &mut self,
        buckets: &[u32],
        codes: &[Vec<u32>],
        wanted: &Bitmap,
        segments: &mut Vec<u32>,
        cells: &mut Vec<u32>,
    ) {
        cells.resize(buckets.len(), 0);
        segments.clear();
        segments.resize(buckets.len(), 0);
        for (key, level) in self.keys.iter().zip(&mut self.levels) {
            let codes = &codes[*key];
            wanted.for_each(|row| segments[row] = level.number(segments[row], codes[row]));
        }
        wanted.for_each(|row| cells[row] = self.cells.number(segments[row], buckets[row]));
    }
    /// The bucket of a cell; `codes` become its member numbers.
    pub fn cell(&self, cell: usize, codes: &mut [u32]) -> u32 {
        let (mut segment, bucket) = self.cells.pairs[cell];
        for (level, code) in self.levels.iter().zip(codes).rev() {
            (segment, *code) = level.pairs[segment as usize];
        }
        bucket
    }
    /// The cell of a bucket and member numbers.
    pub fn number(&mut self, bucket: u32, codes: &[u32]) -> u32 {
        let levels = self.levels.iter_mut().zip(codes);
        let segment = levels.fold(0, |segment, (level, code)| level.number(segment, *code));
        self.cells.number(segment, bucket)
    }
}

/// Writes the bucket of every row in `wanted` and within the edges to `buckets`; the rows that are.
pub fn buckets(times: &[i64], edges: &[i64], wanted: &Bitmap, buckets: &mut Vec<u32>) -> Bitmap {
    buckets.resize(times.len(), 0);
    let (Some(first), Some(last)) = (edges.first(), edges.last()) else {
        return Bitmap::filled(times.len(), false);
    };
    let inside = wanted.and(&Bitmap::of(times, |time| *first <= time && time < *last));
    let mut at = 0_usize;
    let (mut low, mut high) = (1, 0);
    inside.for_each(|row| {
        let time = times[row];
        if time < low || time >= high {
            // Rows that come in about the order of time are a bucket away at most.
            at = match (at.checked_sub(1), edges.get(at + 2)) {
                (Some(before), _) if edges[before] <= time && time < edges[at] => before,
                (_, Some(after)) if edges[at + 1] <= time && time < *after => at + 1,
                _ => edges.partition_point(|edge| *edge <= time) - 1,
            };
            (low, high) = (edges[at], edges[at + 1]);
        }
        buckets[row] = at as u32;
    });
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_keep_their_numbers_as_tables_grow_and_give_way_to_hashing() {
        let mut pairs = Pairs::new(1);
        let mut expected: HashMap<(u32, u32), u32> = HashMap::new();
        let mut state = 7_u64;
        for i in 0..200_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let range = if i < 1_000 {
                3
            } else if i < 20_000 {
                300
            } else {
                90_000
            };
            let pair = ((state >> 33) as u32 % range, (state >> 13) as u32 % range);
            let next = expected.len() as u32;
            let wanted = *expected.entry(pair).or_insert(next);
            assert_eq!(pairs.number(pair.0, pair.1), wanted, "step {i}");
        }
        assert!(pairs.hashed.is_some());
    }

    #[test]
    fn buckets_are_half_open() {
        let times = [-1, 0, 9, 10, 19, 20, 30, 5];
        let all = Bitmap::filled(times.len(), true);
        let mut found = vec![];
        let inside = buckets(&times, &[0, 10, 20, 30], &all, &mut found);
        let of: Vec<Option<u32>> = (0..times.len()).map(|i| inside.get(i).then_some(found[i])).collect();
        assert_eq!(of, [None, Some(0), Some(0), Some(1), Some(1), Some(2), None, Some(0)]);
        assert_eq!(buckets(&times, &[0], &all, &mut found).ones(), 0);
        assert_eq!(buckets(&times, &[], &all, &mut found).ones(), 0);
    }
}
