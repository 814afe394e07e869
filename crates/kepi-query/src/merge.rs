//! Merging states: roll-up over buckets and dropped keys, and union of tables; exact, checked, the same bits in any
//! order.
//!
//! INVARIANT: the result depends only on the multiset of cells, not on their order or on how they were split, as long
//! as every partial sum fits its integer. Where one does not, the whole column is [`StateColumn::OutOfRange`].

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use kepi_model::id::DimensionId;

use crate::{
    plan::{StateKind, StateSpec},
    state::{KeyColumn, Member, StateColumn, StateTable},
};

/// Why tables cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// A table lacks a key that the result is to have.
    #[error("the states have no key `{0}`")]
    NoKey(DimensionId),
    /// A table lacks a state, or holds it in another form than its kind.
    #[error("the states lack `{}`, or hold it in another form", .0.short())]
    NoState(kepi_model::id::Hash),
    /// A column is shorter or longer than the table.
    #[error("a column of the states is not as long as the table")]
    Ragged,
}

/// Adds up exactly, whatever the order: positive and negative parts apart, so that no intermediate result decides.
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
    combine(&[table], specs, Some(bucket_of), keep)
}

/// Merges tables of the same states and keys, for example those of partitions of the rows.
pub fn merge(
    tables: &[&StateTable],
    specs: &[StateSpec],
    keys: &[DimensionId],
) -> Result<StateTable, MergeError> {
    combine(tables, specs, None, keys)
}

/// One cell of one table on its way into the result.
struct Entry {
    bucket: u32,
    table: usize,
    cell: usize,
}

fn combine(
    tables: &[&StateTable],
    specs: &[StateSpec],
    bucket_of: Option<&[Option<u32>]>,
    keep: &[DimensionId],
) -> Result<StateTable, MergeError> {
    let entries = entries(tables, bucket_of);
    let keys = keep.iter().map(|key| merged_key(tables, &entries, key)).collect::<Result<Vec<_>, _>>()?;
    let code = |key: &KeyColumn, entry: usize| key.codes.get(entry).copied().unwrap_or(u32::MAX);
    let compare = |left: &usize, right: &usize| {
        let bucket = |entry: &usize| entries.get(*entry).map(|entry| entry.bucket);
        bucket(left).cmp(&bucket(right)).then_with(|| {
            keys.iter()
                .map(|key| code(key, *left).cmp(&code(key, *right)))
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        })
    };
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(compare);
    let ordered: Vec<&Entry> = order.iter().filter_map(|entry| entries.get(*entry)).collect();
    let groups = groups(&order, compare);
    let first = |group: &Range<usize>| order.get(group.start).copied().unwrap_or_default();
    let buckets = groups.iter().filter_map(|group| ordered.get(group.start)).map(|e| e.bucket).collect();
    let keys = keys
        .iter()
        .map(|key| KeyColumn {
            dimension: key.dimension.clone(),
            members: key.members.clone(),
            codes: groups.iter().map(|group| code(key, first(group))).collect(),
        })
        .collect();
    let states = specs
        .iter()
        .map(|spec| {
            let columns = tables
                .iter()
                .map(|table| table.column(spec).ok_or(MergeError::NoState(spec.id.0)))
                .collect::<Result<Vec<_>, _>>()?;
            Ok((spec.id, merged_column(&columns, &spec.kind, &ordered, &groups)?))
        })
        .collect::<Result<_, _>>()?;
    Ok(StateTable { buckets, keys, states })
}

fn entries(tables: &[&StateTable], bucket_of: Option<&[Option<u32>]>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (table, states) in tables.iter().enumerate() {
        for (cell, bucket) in states.buckets.iter().enumerate() {
            let bucket = match bucket_of {
                None => Some(*bucket),
                Some(map) => map.get(*bucket as usize).copied().flatten(),
            };
            if let Some(bucket) = bucket {
                entries.push(Entry { bucket, table, cell });
            }
        }
    }
    entries
}

/// One key over all entries, with the dictionary of members that occur.
fn merged_key(
    tables: &[&StateTable],
    entries: &[Entry],
    dimension: &DimensionId,
) -> Result<KeyColumn, MergeError> {
    let columns = tables
        .iter()
        .map(|table| {
            table
                .keys
                .iter()
                .find(|key| &key.dimension == dimension)
                .ok_or_else(|| MergeError::NoKey(dimension.clone()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let member = |entry: &Entry| {
        let column = columns.get(entry.table)?;
        column.members.get(*column.codes.get(entry.cell)? as usize)
    };
    let occurring: BTreeSet<&Member> =
        entries.iter().map(|entry| member(entry).ok_or(MergeError::Ragged)).collect::<Result<_, _>>()?;
    let code_of: BTreeMap<&Member, u32> =
        occurring.iter().enumerate().map(|(code, member)| (*member, code as u32)).collect();
    let codes = entries
        .iter()
        .map(|entry| member(entry).and_then(|member| code_of.get(member).copied()).ok_or(MergeError::Ragged))
        .collect::<Result<_, _>>()?;
    Ok(KeyColumn { dimension: dimension.clone(), members: occurring.into_iter().cloned().collect(), codes })
}

/// Runs of equal neighbours.
fn groups(order: &[usize], compare: impl Fn(&usize, &usize) -> std::cmp::Ordering) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut start = 0;
    for (position, pair) in order.windows(2).enumerate() {
        if let [left, right] = pair
            && compare(left, right).is_ne()
        {
            groups.push(start..position + 1);
            start = position + 1;
        }
    }
    if start < order.len() {
        groups.push(start..order.len());
    }
    groups
}

fn merged_column(
    columns: &[&StateColumn],
    kind: &StateKind,
    ordered: &[&Entry],
    groups: &[Range<usize>],
) -> Result<StateColumn, MergeError> {
    if let Some(bound) =
        columns.iter().filter_map(|column| out_of_range(column)).max_by(|a, b| magnitude(a, b))
    {
        return Ok(StateColumn::OutOfRange { bound: bound.clone() });
    }
    let cells = |group: &Range<usize>| ordered.get(group.clone()).unwrap_or_default().iter();
    let column_of = |entry: &Entry| columns.get(entry.table).copied();
    Ok(match kind {
        StateKind::Count => {
            let mut counts = Vec::with_capacity(groups.len());
            for group in groups {
                let mut sum = Some(0_u64);
                for entry in cells(group) {
                    let Some(StateColumn::Count(values)) = column_of(entry) else {
                        return Err(MergeError::Ragged);
                    };
                    let value = *values.get(entry.cell).ok_or(MergeError::Ragged)?;
                    sum = sum.and_then(|sum| sum.checked_add(value));
                }
                let Some(sum) = sum else {
                    return Ok(StateColumn::OutOfRange { bound: u64::MAX.to_string() });
                };
                counts.push(sum);
            }
            StateColumn::Count(counts)
        }
        StateKind::Sum(_) => {
            let mut sums = Vec::with_capacity(groups.len());
            for group in groups {
                let mut sum = ExactSum::default();
                for entry in cells(group) {
                    let Some(StateColumn::Sum(values)) = column_of(entry) else {
                        return Err(MergeError::Ragged);
                    };
                    sum.add(*values.get(entry.cell).ok_or(MergeError::Ragged)?);
                }
                let Some(sum) = sum.total() else {
                    return Ok(StateColumn::OutOfRange { bound: sum_bound() });
                };
                sums.push(sum);
            }
            StateColumn::Sum(sums)
        }
        StateKind::Minimum(_) | StateKind::Maximum(_) => {
            let least = matches!(kind, StateKind::Minimum(_));
            let mut extremes = Vec::with_capacity(groups.len());
            for group in groups {
                let mut extreme: Option<i64> = None;
                for entry in cells(group) {
                    let Some(StateColumn::Extreme(values)) = column_of(entry) else {
                        return Err(MergeError::Ragged);
                    };
                    if let Some(value) = *values.get(entry.cell).ok_or(MergeError::Ragged)? {
                        extreme = Some(
                            extreme.map_or(value, |old| if least { old.min(value) } else { old.max(value) }),
                        );
                    }
                }
                extremes.push(extreme);
            }
            StateColumn::Extreme(extremes)
        }
        StateKind::Histogram { edges, .. } => {
            let bins = edges.len() + 1;
            let mut counts = Vec::with_capacity(groups.len() * bins);
            for group in groups {
                let mut sums = vec![0_u64; bins];
                for entry in cells(group) {
                    let Some(StateColumn::Histogram { bins: found, counts }) = column_of(entry) else {
                        return Err(MergeError::Ragged);
                    };
                    if *found as usize != bins {
                        return Err(MergeError::Ragged);
                    }
                    let values =
                        counts.get(entry.cell * bins..(entry.cell + 1) * bins).ok_or(MergeError::Ragged)?;
                    for (sum, value) in sums.iter_mut().zip(values) {
                        let Some(added) = sum.checked_add(*value) else {
                            return Ok(StateColumn::OutOfRange { bound: u64::MAX.to_string() });
                        };
                        *sum = added;
                    }
                }
                counts.extend(sums);
            }
            StateColumn::Histogram { bins: bins as u32, counts }
        }
        StateKind::Distinct(_) => {
            let mut sets = Vec::with_capacity(groups.len());
            for group in groups {
                let mut set: BTreeSet<&str> = BTreeSet::new();
                for entry in cells(group) {
                    let column = column_of(entry).ok_or(MergeError::Ragged)?;
                    set.extend(column.distinct(entry.cell).ok_or(MergeError::Ragged)?);
                }
                sets.push(set);
            }
            distinct_column(&sets)
        }
    })
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
