//! Merging states: roll-up over buckets and dropped keys, and union of tables; exact, checked, the same bits in any
//! order.
//!
//! INVARIANT: the result depends only on the multiset of cells, not on their order or on how they were split, as long
//! as every partial sum fits its integer. Where one does not, the whole column is [`StateColumn::OutOfRange`].

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::id::DimensionId;

pub use crate::layout::MergeError;

use crate::{
    layout::Layout,
    parallel,
    plan::{StateKind, StateSpec},
    state::{Member, StateColumn, StateTable},
};

/// Adds up exactly, whatever the order: positive and negative parts apart, so that no intermediate result decides.
/// The fast engine has an accumulator of its own: what it is compared with shares no code with it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ExactSum {
    positive: u128,
    negative: u128,
    overflowed: bool,
}

impl ExactSum {
    pub(crate) fn add(&mut self, value: i128) {
        let side = if value < 0 { &mut self.negative } else { &mut self.positive };
        match side.checked_add(value.unsigned_abs()) {
            Some(sum) => *side = sum,
            None => self.overflowed = true,
        }
    }
    /// The sum, if it and its parts fit.
    pub(crate) fn total(self) -> Option<i128> {
        if self.overflowed {
            return None;
        }
        let magnitude = |value: u128| i128::try_from(value).ok();
        if self.positive >= self.negative {
            magnitude(self.positive - self.negative)
        } else {
            magnitude(self.negative - self.positive).map(|value| -value)
        }
    }
}

/// The magnitude that a 128-bit sum can hold, for [`StateColumn::OutOfRange`].
pub(crate) fn sum_bound() -> String {
    i128::MAX.to_string()
}

/// Rolls a table up: bucket `b` becomes `bucket_of[b]` (none: left out), and only the keys in `keep` stay, in that
/// order. `specs` are the states of the result, a subset of the table's.
pub fn roll_up(
    table: &StateTable,
    specs: &[StateSpec],
    bucket_of: &[Option<u32>],
    keep: &[DimensionId],
) -> Result<StateTable, MergeError> {
    combine(&[table], specs, Some(bucket_of), keep, 1)
}

/// Merges tables of the same states and keys, for example those of partitions of the rows.
pub fn merge(
    tables: &[&StateTable],
    specs: &[StateSpec],
    keys: &[DimensionId],
) -> Result<StateTable, MergeError> {
    combine(tables, specs, None, keys, 1)
}

/// The same on some threads, of those cells whose buckets stay: bucket `b` becomes `bucket_of[b]`, none is left out; no map: all stay.
pub(crate) fn merge_on(
    threads: usize,
    tables: &[&StateTable],
    specs: &[StateSpec],
    bucket_of: Option<&[Option<u32>]>,
    keys: &[DimensionId],
) -> Result<StateTable, MergeError> {
    combine(tables, specs, bucket_of, keys, threads)
}

fn combine(
    tables: &[&StateTable],
    specs: &[StateSpec],
    bucket_of: Option<&[Option<u32>]>,
    keep: &[DimensionId],
    threads: usize,
) -> Result<StateTable, MergeError> {
    let layout = Layout::new(tables, bucket_of, keep)?;
    let states = parallel::map(specs, threads, |spec| {
        let columns = tables
            .iter()
            .map(|table| table.column(spec).ok_or(MergeError::NoState(spec.id.0)))
            .collect::<Result<Vec<_>, _>>()?;
        Ok((spec.id, merged_column(&columns, &spec.kind, &layout)?))
    });
    let states = states.into_iter().collect::<Result<_, _>>()?;
    Ok(StateTable { buckets: layout.buckets, keys: layout.keys, states })
}

fn merged_column(
    columns: &[&StateColumn],
    kind: &StateKind,
    layout: &Layout,
) -> Result<StateColumn, MergeError> {
    if let Some(bound) =
        columns.iter().filter_map(|column| out_of_range(column)).max_by(|a, b| magnitude(a, b))
    {
        return Ok(StateColumn::OutOfRange { bound: bound.clone() });
    }
    let cells = layout.buckets.len();
    let parts = || columns.iter().zip(&layout.places);
    Ok(match kind {
        StateKind::Count => {
            let mut counts = vec![0_u64; cells];
            let mut fits = true;
            for (column, places) in parts() {
                let StateColumn::Count(values) = column else { return Err(MergeError::Ragged) };
                scatter(places, values, &mut counts, |sum, value| fits &= add(sum, *value))?;
            }
            if fits { StateColumn::Count(counts) } else { too_many() }
        }
        StateKind::Sum(_) => {
            let parts = parts().map(|(column, places)| match column {
                StateColumn::Sum(values) => Ok((values.as_slice(), places.as_slice())),
                _ => Err(MergeError::Ragged),
            });
            match sums(&parts.collect::<Result<Vec<_>, _>>()?, cells)? {
                Some(sums) => StateColumn::Sum(sums),
                None => StateColumn::OutOfRange { bound: sum_bound() },
            }
        }
        StateKind::Minimum(_) | StateKind::Maximum(_) => {
            let least = matches!(kind, StateKind::Minimum(_));
            let mut extremes: Vec<Option<i64>> = vec![None; cells];
            for (column, places) in parts() {
                let StateColumn::Extreme(values) = column else { return Err(MergeError::Ragged) };
                scatter(places, values, &mut extremes, |extreme, value| {
                    *extreme = match (*extreme, *value) {
                        (Some(a), Some(b)) if least => Some(a.min(b)),
                        // None is less than any.
                        (a, b) => a.max(b),
                    };
                })?;
            }
            StateColumn::Extreme(extremes)
        }
        StateKind::Histogram { edges, .. } => {
            let bins = edges.len() + 1;
            let mut sums = vec![0_u64; cells * bins];
            let mut fits = true;
            for (column, places) in parts() {
                let StateColumn::Histogram { bins: found, counts } = column else {
                    return Err(MergeError::Ragged);
                };
                if *found as usize != bins || counts.len() != places.len() * bins {
                    return Err(MergeError::Ragged);
                }
                for (place, counts) in places.iter().zip(counts.chunks_exact(bins)) {
                    let start = *place as usize * bins;
                    if let Some(sums) = sums.get_mut(start..start + bins) {
                        sums.iter_mut().zip(counts).for_each(|(sum, value)| fits &= add(sum, *value));
                    }
                }
            }
            if fits { StateColumn::Histogram { bins: bins as u32, counts: sums } } else { too_many() }
        }
        StateKind::Distinct(_) => {
            let mut sets: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); cells];
            for (column, places) in parts() {
                for (cell, place) in places.iter().enumerate() {
                    if let Some(set) = sets.get_mut(*place as usize) {
                        set.extend(column.distinct(cell).ok_or(MergeError::Ragged)?);
                    }
                }
            }
            distinct_column(&sets)
        }
    })
}

/// Gives every value and the cell of the result it goes to.
fn scatter<T, R>(
    places: &[u32],
    values: &[T],
    results: &mut [R],
    mut merge: impl FnMut(&mut R, &T),
) -> Result<(), MergeError> {
    if values.len() != places.len() {
        return Err(MergeError::Ragged);
    }
    for (place, value) in places.iter().zip(values) {
        // There is no cell that far away for those that go nowhere.
        if let Some(result) = results.get_mut(*place as usize) {
            merge(result, value);
        }
    }
    Ok(())
}

/// False if the sum does not fit.
fn add(sum: &mut u64, value: u64) -> bool {
    let (added, overflowed) = sum.overflowing_add(value);
    *sum = added;
    !overflowed
}

fn too_many() -> StateColumn {
    StateColumn::OutOfRange { bound: u64::MAX.to_string() }
}

/// The sums by cell; none if one does not fit.
fn sums(parts: &[(&[i128], &[u32])], cells: usize) -> Result<Option<Vec<i128>>, MergeError> {
    let most = parts.iter().flat_map(|(values, _)| *values).map(|value| value.unsigned_abs()).max();
    let terms: usize = parts.iter().map(|(values, _)| values.len()).sum();
    let bound = most.unwrap_or(0).checked_mul(terms as u128);
    if bound.is_some_and(|bound| bound <= i128::MAX as u128) {
        // No order can leave the range, so that plain additions are exact.
        let mut sums = vec![0_i128; cells];
        for (values, places) in parts {
            scatter(places, values, &mut sums, |sum, value| *sum += value)?;
        }
        return Ok(Some(sums));
    }
    let mut sums = vec![ExactSum::default(); cells];
    for (values, places) in parts {
        scatter(places, values, &mut sums, |sum, value| sum.add(*value))?;
    }
    Ok(sums.into_iter().map(ExactSum::total).collect())
}

/// The canonical column of sets of texts.
pub(crate) fn distinct_column<T: AsRef<str> + Ord>(sets: &[BTreeSet<T>]) -> StateColumn {
    let occurring: BTreeSet<&str> = sets.iter().flatten().map(AsRef::as_ref).collect();
    let code_of: BTreeMap<&str, u32> =
        occurring.iter().enumerate().map(|(code, value)| (*value, code as u32)).collect();
    let mut offsets = vec![0_u32];
    let mut codes = Vec::new();
    for set in sets {
        // Codes ascend because both the set and the dictionary are sorted by bytes.
        codes.extend(set.iter().filter_map(|value| code_of.get(value.as_ref()).copied()));
        offsets.push(codes.len() as u32);
    }
    StateColumn::Distinct { values: occurring.into_iter().map(Into::into).collect(), offsets, codes }
}

fn out_of_range(column: &StateColumn) -> Option<&String> {
    if let StateColumn::OutOfRange { bound } = column { Some(bound) } else { None }
}

/// Orders decimals without sign by size.
fn magnitude(left: &str, right: &str) -> std::cmp::Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

impl StateTable {
    /// The column of a state.
    pub fn column(&self, spec: &StateSpec) -> Option<&StateColumn> {
        self.states.iter().find(|(id, _)| *id == spec.id).map(|(_, column)| column)
    }

    /// Members of one cell, in the order of the keys.
    pub fn members(&self, cell: usize) -> Option<Vec<&Member>> {
        self.keys.iter().map(|key| key.members.get(*key.codes.get(cell)? as usize)).collect()
    }

    /// Position of the cell of one bucket and one segment, members in the order of the keys.
    pub fn find(&self, bucket: u32, members: &[Member]) -> Option<usize> {
        let codes = self
            .keys
            .iter()
            .zip(members)
            .map(|(key, member)| key.members.binary_search(member).ok().map(|code| code as u32))
            .collect::<Option<Vec<_>>>()?;
        if codes.len() != self.keys.len() || members.len() != codes.len() {
            return None;
        }
        // Cells are sorted by bucket, then by members, and codes are in the order of members.
        let start = self.buckets.partition_point(|found| *found < bucket);
        let end = self.buckets.partition_point(|found| *found <= bucket);
        let mut range = start..end;
        for (key, code) in self.keys.iter().zip(codes) {
            let column = key.codes.get(range.clone())?;
            let low = column.partition_point(|found| *found < code);
            let high = column.partition_point(|found| *found <= code);
            range = range.start + low..range.start + high;
        }
        (range.len() == 1).then_some(range.start)
    }
}

impl StateColumn {
    /// The different values of one cell of a distinct column.
    pub fn distinct(&self, cell: usize) -> Option<impl Iterator<Item = &str>> {
        let Self::Distinct { values, offsets, codes } = self else { return None };
        let (start, end) = (*offsets.get(cell)? as usize, *offsets.get(cell + 1)? as usize);
        Some(codes.get(start..end)?.iter().filter_map(|code| values.get(*code as usize)).map(AsRef::as_ref))
    }
}
