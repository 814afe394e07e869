//! States of cells: flat arrays of integers that batches, partitions and coarser key sets are added to.
//!
//! Everything here is addition, least, greatest or union, so the order in which rows come cannot show.
#![expect(
    clippy::indexing_slicing,
    reason = "arrays are grown to the number of cells before they are added to"
)]

mod wire;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use kepi_query::state::{Member, StateColumn};

use crate::group::{IntegerState, Interner};

/// A sum of 128-bit numbers whose result cannot depend on their order: positive and negative parts apart, as the
/// reference evaluator adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total {
    positive: u128,
    negative: u128,
    overflowed: bool,
}

impl Total {
    fn add_total(&mut self, other: Self) {
        let positive = self.positive.checked_add(other.positive);
        let negative = self.negative.checked_add(other.negative);
        self.overflowed |= other.overflowed || positive.is_none() || negative.is_none();
        self.positive = positive.unwrap_or_default();
        self.negative = negative.unwrap_or_default();
    }
    /// Adds a value.
    pub fn add(&mut self, value: i128) {
        let side = if value < 0 { &mut self.negative } else { &mut self.positive };
        match side.checked_add(value.unsigned_abs()) {
            Some(sum) => *side = sum,
            None => self.overflowed = true,
        }
    }
    /// The sum, if it and its parts fit.
    pub fn value(self) -> Option<i128> {
        let magnitude = i128::try_from(self.positive.abs_diff(self.negative)).ok()?;
        let value = if self.positive >= self.negative { magnitude } else { -magnitude };
        (!self.overflowed).then_some(value)
    }
}

/// States of one kind, one a cell.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a scan has few of them, and a box would be followed for every row"
)]
pub enum Accumulator {
    /// Rows.
    Count(Vec<u64>),
    /// Sums proved to stay within 64 bits.
    Sum(Vec<i64>),
    /// Sums of anything.
    Total(Vec<Total>),
    /// Least values.
    Minimum(Vec<Option<i64>>),
    /// Greatest values.
    Maximum(Vec<Option<i64>>),
    /// Counts by bin, cell after cell.
    Histogram {
        /// Bins a cell.
        bins: usize,
        /// Edges between them.
        edges: Arc<[i64]>,
        /// Counts.
        counts: Vec<u64>,
    },
    /// Sets of members.
    Distinct(Distinct),
}

/// Sets of members by cell.
#[derive(Debug, Default)]
pub struct Distinct {
    /// Numbers of the members.
    pub interner: Interner,
    /// Cell and member, packed.
    pairs: HashSet<u64, IntegerState>,
    cells: usize,
}

impl Distinct {
    /// Adds a member to a cell.
    pub fn add(&mut self, cell: u32, member: u32) {
        self.pairs.insert((u64::from(cell) << 32) | u64::from(member));
    }
}

impl Accumulator {
    /// The same kind, empty.
    pub fn empty(&self) -> Self {
        match self {
            Self::Count(_) => Self::Count(vec![]),
            Self::Sum(_) => Self::Sum(vec![]),
            Self::Total(_) => Self::Total(vec![]),
            Self::Minimum(_) => Self::Minimum(vec![]),
            Self::Maximum(_) => Self::Maximum(vec![]),
            Self::Histogram { bins, edges, .. } => {
                Self::Histogram { bins: *bins, edges: Arc::clone(edges), counts: vec![] }
            }
            Self::Distinct(_) => Self::Distinct(Distinct::default()),
        }
    }
    /// Makes room for so many cells.
    pub fn grow(&mut self, cells: usize) {
        match self {
            Self::Count(values) => values.resize(cells, 0),
            Self::Sum(values) => values.resize(cells, 0),
            Self::Total(values) => values.resize(cells, Total::default()),
            Self::Minimum(values) | Self::Maximum(values) => values.resize(cells, None),
            Self::Histogram { bins, counts, .. } => counts.resize(cells * *bins, 0),
            Self::Distinct(distinct) => distinct.cells = cells,
        }
    }
    /// Bytes a cell takes, sets left out.
    pub fn bytes_a_cell(&self) -> u64 {
        match self {
            Self::Count(_) | Self::Sum(_) => 8,
            Self::Total(_) => 48,
            Self::Minimum(_) | Self::Maximum(_) => 16,
            Self::Histogram { bins, .. } => 8 * *bins as u64,
            Self::Distinct(_) => 16,
        }
    }
    /// Bytes of sets.
    pub fn bytes_of_sets(&self) -> u64 {
        match self {
            Self::Distinct(distinct) => {
                16 * distinct.pairs.len() as u64 + 96 * distinct.interner.members().len() as u64
            }
            _ => 0,
        }
    }
    /// Adds the states of `other`, whose cell `i` goes to cell `map[i]` of this.
    pub fn merge(&mut self, other: &Self, map: &[u32]) {
        let cells = || map.iter().map(|cell| *cell as usize);
        match (self, other) {
            (Self::Count(to), Self::Count(from)) => cells().zip(from).for_each(|(i, v)| to[i] += v),
            (Self::Sum(to), Self::Sum(from)) => cells().zip(from).for_each(|(i, v)| to[i] += v),
            (Self::Total(to), Self::Total(from)) => {
                cells().zip(from).for_each(|(i, v)| to[i].add_total(*v));
            }
            (Self::Minimum(to), Self::Minimum(from)) => {
                cells().zip(from).for_each(|(i, v)| to[i] = least(to[i], *v));
            }
            (Self::Maximum(to), Self::Maximum(from)) => {
                cells().zip(from).for_each(|(i, v)| to[i] = to[i].max(*v));
            }
            (Self::Histogram { bins, counts: to, .. }, Self::Histogram { counts: from, .. }) => {
                for (i, from) in cells().zip(from.chunks_exact(*bins)) {
                    to[i * *bins..][..*bins].iter_mut().zip(from).for_each(|(to, from)| *to += from);
                }
            }
            (Self::Distinct(to), Self::Distinct(from)) => {
                let members: Vec<u32> =
                    from.interner.members().iter().map(|member| to.interner.member(member)).collect();
                for pair in &from.pairs {
                    to.add(map[(pair >> 32) as usize], members[*pair as u32 as usize]);
                }
            }
            _ => debug_assert!(false, "states of different kinds"),
        }
    }
    /// The column, cells in order.
    pub fn finish(self) -> StateColumn {
        match self {
            Self::Count(values) => StateColumn::Count(values),
            Self::Sum(values) => StateColumn::Sum(values.into_iter().map(i128::from).collect()),
            Self::Total(values) => {
                match values.into_iter().map(Total::value).collect::<Option<Vec<i128>>>() {
                    Some(values) => StateColumn::Sum(values),
                    None => out_of_range(128),
                }
            }
            Self::Minimum(values) | Self::Maximum(values) => StateColumn::Extreme(values),
            Self::Histogram { bins, counts, .. } => StateColumn::Histogram { bins: bins as u32, counts },
            Self::Distinct(distinct) => {
                let mut values: Vec<(u32, &str)> = Vec::new();
                let used: HashSet<u32, IntegerState> = distinct.pairs.iter().map(|p| *p as u32).collect();
                for (code, member) in distinct.interner.members().iter().enumerate() {
                    if let Member::Value(text) = member
                        && used.contains(&(code as u32))
                    {
                        values.push((code as u32, text));
                    }
                }
                values.sort_unstable_by_key(|(_, text)| *text);
                let rank: HashMap<u32, u32, IntegerState> =
                    values.iter().enumerate().map(|(i, (code, _))| (*code, i as u32)).collect();
                let ranked = |p: &u64| Some((p >> 32, *rank.get(&(*p as u32))?));
                let mut pairs: Vec<(u64, u32)> = distinct.pairs.iter().filter_map(ranked).collect();
                pairs.sort_unstable();
                let mut offsets = vec![0; distinct.cells + 1];
                for (cell, _) in &pairs {
                    offsets[*cell as usize + 1] += 1;
                }
                for i in 1..offsets.len() {
                    offsets[i] += offsets[i - 1];
                }
                StateColumn::Distinct {
                    values: values.into_iter().map(|(_, text)| text.into()).collect(),
                    offsets,
                    codes: pairs.into_iter().map(|(_, code)| code).collect(),
                }
            }
        }
    }
}

/// The least of those there are.
pub fn least(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

/// What stands for a state of which a value left so many bits.
pub fn out_of_range(bits: u8) -> StateColumn {
    StateColumn::OutOfRange { bound: if bits == 64 { i64::MAX.to_string() } else { i128::MAX.to_string() } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_do_not_depend_on_order() {
        let of = |values: &[i128]| {
            let mut total = Total::default();
            values.iter().for_each(|value| total.add(*value));
            total.value()
        };
        assert_eq!(of(&[i128::MAX, i128::MAX]), None);
        assert_eq!(of(&[i128::MAX, i128::MAX, -i128::MAX]), Some(i128::MAX));
        assert_eq!(of(&[i128::MAX, -i128::MAX, i128::MAX]), Some(i128::MAX));
        assert_eq!(of(&[i128::MAX, i128::MAX, i128::MAX, -i128::MAX, -i128::MAX]), None);
        assert_eq!(of(&[1, -3]), Some(-2));
        let (mut a, mut b) = (Total::default(), Total::default());
        a.add(5);
        b.add(-7);
        a.add_total(b);
        assert_eq!(a.value(), Some(-2));
    }
}
