//! What is kept of some files: their states by cell, under names that say all that they depend on.

use kepi_model::id::{DimensionId, Hash};

use super::name::Asked;
use crate::{
    merge::{MergeError, roll_up},
    parallel,
    plan::{ScanPlan, StateId, StateSpec},
    port::PinnedFile,
    state::{KeyColumn, Measured, Member, StateColumn, StateTable},
};

/// A data file. What was written once is never written again under the same name, so the name stands for the content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FileId {
    /// Its name, without the folders above it.
    pub name: String,
    pub bytes: u64,
    /// Rows, superseded ones included.
    pub rows: u64,
}

impl FileId {
    pub fn of(file: &PinnedFile) -> Self {
        let last = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
        let name = match &file.deletes {
            None => last(&file.path),
            // Other rows of the same file are out: it holds something else.
            Some(deletes) => format!("{} without {}", last(&file.path), last(&deletes.path)),
        };
        Self { name, bytes: file.bytes, rows: file.rows }
    }
}

/// States of some files that were read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub files: Vec<FileId>,
    /// How the tables stood that its rows refer to.
    pub tables: Vec<(String, Hash)>,
    /// Current rows without a time.
    pub undated: u64,
    pub slices: Vec<Slice>,
}

/// States by bucket and by some keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slice {
    /// Names of the keys, in the order of `columns`.
    pub keys: Vec<Hash>,
    /// Members that occur, sorted, and the position among them of every cell; by key.
    pub columns: Vec<(Vec<Member>, Vec<u32>)>,
    /// The first and the last edge of the plan it was read for.
    pub range: (i64, i64),
    /// Whether there are rows outside the range, of which nothing is kept.
    pub beyond: bool,
    /// Buckets that have rows, from when until when.
    pub spans: Vec<(i64, i64)>,
    /// Position among the spans, by cell.
    pub buckets: Vec<u32>,
    /// States by name; none where there were too many different values to be written down.
    pub states: Vec<(Hash, Option<StateColumn>)>,
}

/// What there is of a part, without its states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outline {
    pub files: Vec<FileId>,
    pub tables: Vec<(String, Hash)>,
    pub undated: u64,
    pub slices: Vec<OutlineSlice>,
}

/// What there is of a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OutlineSlice {
    /// Names of the keys, each with a hash of its members and how many they are.
    pub keys: Vec<(Hash, Hash, u64)>,
    pub range: (i64, i64),
    pub beyond: bool,
    pub spans: Vec<(i64, i64)>,
    pub cells: u64,
    /// Whether a state left the range of its integers.
    pub out_of_range: bool,
    /// States by name.
    pub states: Vec<(Hash, Has)>,
}

/// Of many different values, one for so many rows: else reading the rows again is the cheaper.
const ROWS_A_VALUE: usize = 8;

impl Slice {
    /// What was measured of a key set, by the buckets of `edges`, what lies after them, and one bucket `before` them if there is one. None
    /// where values that are too large may be those of rows outside.
    pub fn of(
        table: &StateTable,
        (keys, states): (Vec<Hash>, &[Hash]),
        edges: &[i64],
        before: bool,
    ) -> Option<Self> {
        let (before, last) = (u32::from(before), edges.len() as u32 - 1);
        let inside = |bucket: u32| bucket >= before && bucket - before < last;
        let start = table.buckets.partition_point(|bucket| *bucket < before);
        let end = table.buckets.partition_point(|bucket| *bucket < before || inside(*bucket));
        let beyond = start > 0 || end < table.buckets.len();
        let is_out = |column: &StateColumn| matches!(column, StateColumn::OutOfRange { .. });
        if beyond && table.states.iter().any(|(_, column)| is_out(column)) {
            return None;
        }
        let mut spans: Vec<(i64, i64)> = Vec::new();
        let mut buckets = Vec::with_capacity(end - start);
        let mut at = None;
        for bucket in table.buckets.get(start..end)? {
            if at != Some(*bucket) {
                at = Some(*bucket);
                let place = (*bucket - before) as usize;
                spans.push((*edges.get(place)?, *edges.get(place + 1)?));
            }
            buckets.push(spans.len() as u32 - 1);
        }
        let columns = table.keys.iter().map(|key| {
            let codes = key.codes.get(start..end)?.to_vec();
            Some((key.members.clone(), codes))
        });
        let columns = columns.collect::<Option<_>>()?;
        let states = states
            .iter()
            .zip(&table.states)
            .map(|(state, (_, column))| Some((*state, Some(cut(column, start, end)?))));
        let states = states.collect::<Option<_>>()?;
        let range = (*edges.first()?, *edges.last()?);
        Some(Self { keys, columns, range, beyond, spans, buckets, states })
    }

    /// Whether its spans are buckets of a plan, and it shows all rows that the plan would find.
    fn fits(&self, edges: &[i64]) -> bool {
        buckets_of(&self.spans, self.range, self.beyond, edges).is_some()
    }

    /// Its buckets by the edges of a plan; none if they are no buckets of it, or it would show rows that are not kept.
    fn buckets_in(&self, edges: &[i64]) -> Option<Vec<u32>> {
        let of = buckets_of(&self.spans, self.range, self.beyond, edges)?;
        self.buckets.iter().map(|span| of.get(*span as usize).copied()).collect()
    }

    fn column(&self, state: &Hash) -> Option<&Option<StateColumn>> {
        self.states.iter().find(|(name, _)| name == state).map(|(_, column)| column)
    }
}

/// Buckets of spans by the edges of a plan; none if they are no buckets of it, or there are rows outside the range for which they were read.
fn buckets_of(spans: &[(i64, i64)], range: (i64, i64), beyond: bool, edges: &[i64]) -> Option<Vec<u32>> {
    if beyond && (Some(&range.0), Some(&range.1)) != (edges.first(), edges.last()) {
        return None;
    }
    let of = |(from, until): &(i64, i64)| {
        let bucket = edges.binary_search(from).ok()?;
        (edges.get(bucket + 1) == Some(until)).then_some(bucket as u32)
    };
    spans.iter().map(of).collect()
}

impl OutlineSlice {
    /// Where it has rows, in the buckets of a plan.
    pub fn buckets_in(&self, edges: &[i64]) -> Option<Vec<u32>> {
        buckets_of(&self.spans, self.range, self.beyond, edges)
    }
}

impl Outline {
    /// Its name among those of a scan, whatever it is found under.
    pub fn name(&self) -> String {
        name_of(&self.files)
    }

    /// The slices that say all that a plan asks for, one for each of these key sets; none where something is missing, too much was different to be kept, or
    /// numbers left their range.
    pub fn complete<'a>(&'a self, asked: &Asked<'_>, sets: &[Vec<usize>]) -> Option<Vec<&'a OutlineSlice>> {
        let of_set = |set: &Vec<usize>| {
            let keys = set.iter().map(|key| asked.keys.get(*key)).collect::<Option<Vec<_>>>()?;
            self.slices.iter().find(|slice| {
                let has_state =
                    |state: &Hash| slice.states.iter().any(|(own, has)| own == state && *has == Has::It);
                !slice.out_of_range
                    && keys.iter().all(|key| slice.keys.iter().any(|(own, ..)| own == *key))
                    && asked.states.iter().all(has_state)
                    && slice.buckets_in(&asked.plan.edges).is_some()
            })
        };
        sets.iter().map(of_set).collect()
    }
}

/// Whether it is cheaper to keep a column than to read so many rows again.
pub(super) fn is_small(column: &StateColumn, rows: u64, few_values: usize) -> bool {
    match column {
        StateColumn::Distinct { codes, .. } => codes.len() <= few_values.max(rows as usize / ROWS_A_VALUE),
        _ => true,
    }
}

/// The cells from `start` until `end`.
fn cut(column: &StateColumn, start: usize, end: usize) -> Option<StateColumn> {
    Some(match column {
        StateColumn::Count(values) => StateColumn::Count(values.get(start..end)?.to_vec()),
        StateColumn::Sum(values) => StateColumn::Sum(values.get(start..end)?.to_vec()),
        StateColumn::Extreme(values) => StateColumn::Extreme(values.get(start..end)?.to_vec()),
        StateColumn::Histogram { bins, counts } => {
            let bins_a_cell = *bins as usize;
            let counts = counts.get(start * bins_a_cell..end * bins_a_cell)?.to_vec();
            StateColumn::Histogram { bins: *bins, counts }
        }
        // Values that are in no cell any more do no harm: merging leaves them out.
        StateColumn::Distinct { values, offsets, codes } => {
            let offsets = offsets.get(start..=end)?;
            let (first, last) = (*offsets.first()?, *offsets.last()?);
            StateColumn::Distinct {
                values: values.clone(),
                offsets: offsets.iter().map(|offset| offset - first).collect(),
                codes: codes.get(first as usize..last as usize)?.to_vec(),
            }
        }
        StateColumn::OutOfRange { bound } => StateColumn::OutOfRange { bound: bound.clone() },
    })
}

/// What a part has of a state for a key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Has {
    /// The state.
    It,
    /// Too many different values were found.
    TooMany,
    /// Nothing.
    Nothing,
}

impl Part {
    /// One of which nothing is known yet.
    pub fn new(files: Vec<FileId>) -> Self {
        Self { files, tables: vec![], undated: 0, slices: vec![] }
    }

    /// Rows of its files, superseded ones included.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Its name among those of a scan.
    pub fn name(&self) -> String {
        name_of(&self.files)
    }

    /// What there is of it, of which some columns are not kept.
    pub fn outline(&self, is_kept: impl Fn(&&StateColumn) -> bool) -> Outline {
        let slices = self.slices.iter().map(|slice| {
            let keys = slice.keys.iter().zip(&slice.columns).map(|(key, (members, _))| {
                let mut list = Vec::new();
                for member in members {
                    // No text has these bytes.
                    match member {
                        Member::Value(text) => list.extend(text.as_bytes()),
                        Member::Unknown => list.push(0xfe),
                    }
                    list.push(0xff);
                }
                (*key, Hash::of(&list), members.len() as u64)
            });
            let is_out = |(_, column): &(Hash, Option<StateColumn>)| {
                matches!(column, Some(StateColumn::OutOfRange { .. }))
            };
            let has = |column: &Option<StateColumn>| match column.as_ref().filter(&is_kept) {
                Some(_) => Has::It,
                None => Has::TooMany,
            };
            OutlineSlice {
                keys: keys.collect(),
                range: slice.range,
                beyond: slice.beyond,
                spans: slice.spans.clone(),
                cells: slice.buckets.len() as u64,
                out_of_range: slice.states.iter().any(is_out),
                states: slice.states.iter().map(|(state, column)| (*state, has(column))).collect(),
            }
        });
        Outline {
            files: self.files.clone(),
            tables: self.tables.clone(),
            undated: self.undated,
            slices: slices.collect(),
        }
    }

    /// Adds what was measured.
    pub fn add(&mut self, slice: Slice) {
        let same = |known: &&mut Slice| {
            known.keys == slice.keys
                && known.range == slice.range
                && known.spans == slice.spans
                && known.buckets == slice.buckets
                && known.columns == slice.columns
        };
        match self.slices.iter_mut().find(same) {
            Some(known) => {
                known.states.retain(|(state, _)| slice.states.iter().all(|(new, _)| new != state));
                known.states.extend(slice.states);
            }
            None => self.slices.push(slice),
        }
    }

    /// Leaves out what a plan does not ask for any more.
    pub fn tidy(&mut self, asked: &Asked<'_>) {
        for slice in &mut self.slices {
            slice.states.retain(|(state, _)| asked.states.contains(state));
        }
        let is_used = |slice: &Slice| {
            slice.fits(&asked.plan.edges)
                && slice.keys.iter().all(|key| asked.keys.contains(key))
                && (!slice.states.is_empty() || asked.states.is_empty())
        };
        self.slices.retain(is_used);
    }

    /// What there is of a state (by position) for a key set of the plan.
    pub fn has(&self, asked: &Asked<'_>, key_set: &[usize], state: usize) -> Has {
        let Some(name) = asked.states.get(state) else { return Has::Nothing };
        let mut has = Has::Nothing;
        for slice in self.fitting(asked, key_set) {
            match slice.column(name) {
                Some(Some(_)) => return Has::It,
                Some(None) => has = Has::TooMany,
                None => {}
            }
        }
        has
    }

    /// Slices that can be rolled up to a key set in the buckets of the plan.
    fn fitting<'a>(&'a self, asked: &'a Asked<'_>, key_set: &'a [usize]) -> impl Iterator<Item = &'a Slice> {
        let keys = move |slice: &Slice| {
            key_set.iter().all(|key| asked.keys.get(*key).is_some_and(|key| slice.keys.contains(key)))
        };
        self.slices.iter().filter(move |slice| keys(slice) && slice.fits(&asked.plan.edges))
    }

    /// Whether it was grouped by a key set, or by one that has all its keys.
    pub fn is_grouped(&self, asked: &Asked<'_>, key_set: &[usize]) -> bool {
        self.fitting(asked, key_set).next().is_some()
    }

    /// The states (by position) of a key set, in the buckets of the plan; none if one is not there.
    pub fn table(&self, asked: &Asked<'_>, key_set: &[usize], states: &[usize]) -> Option<StateTable> {
        let slices: Vec<&Slice> = self.fitting(asked, key_set).collect();
        let mut from: Vec<(&Slice, Vec<(StateSpec, StateColumn)>)> = Vec::new();
        for state in states {
            let (spec, name) = (asked.plan.states.get(*state)?, asked.states.get(*state)?);
            let found = slices.iter().find_map(|slice| match slice.column(name) {
                Some(Some(column)) => Some((*slice, column)),
                _ => None,
            });
            let (slice, column) = found?;
            let of = (spec.clone(), column.clone());
            match from.iter_mut().find(|(known, _)| std::ptr::eq(*known, slice)) {
                Some((_, all)) => all.push(of),
                None => from.push((slice, vec![of])),
            }
        }
        if from.is_empty() {
            from.push((slices.first()?, vec![]));
        }
        let mut whole: Option<StateTable> = None;
        for (slice, columns) in from {
            let next = rolled(slice, asked, key_set, columns)?;
            match &mut whole {
                None => whole = Some(next),
                // Whatever the states: cells are where there are rows.
                Some(whole) if whole.buckets == next.buckets && whole.keys == next.keys => {
                    whole.states.extend(next.states);
                }
                Some(_) => return None,
            }
        }
        let mut whole = whole?;
        let place = |id: &StateId| asked.plan.states.iter().position(|spec| spec.id == *id);
        whole.states.sort_by_key(|(id, _)| place(id));
        Some(whole)
    }
}

fn rolled(
    slice: &Slice,
    asked: &Asked<'_>,
    key_set: &[usize],
    columns: Vec<(StateSpec, StateColumn)>,
) -> Option<StateTable> {
    let place = |name: &Hash| asked.keys.iter().position(|key| key == name);
    let keys = slice.keys.iter().zip(&slice.columns).enumerate().map(|(i, (key, (members, codes)))| {
        let dimension = match place(key) {
            Some(position) => dimension(position)?,
            // Nobody asks for it any more.
            None => format!("gone_{i}").parse().ok()?,
        };
        Some(KeyColumn { dimension, members: members.clone(), codes: codes.clone() })
    });
    let (specs, states): (Vec<StateSpec>, Vec<_>) =
        columns.into_iter().map(|(spec, column)| (spec.clone(), (spec.id, column))).unzip();
    let table = StateTable {
        buckets: slice.buckets_in(&asked.plan.edges)?,
        keys: keys.collect::<Option<_>>()?,
        states,
    };
    let keep = dimensions(key_set)?;
    if table.keys.iter().map(|key| &key.dimension).eq(&keep) {
        return Some(table);
    }
    roll_up(&table, &specs, &themselves(asked.plan), &keep).ok()
}

/// The name of what files hold.
fn name_of(files: &[FileId]) -> String {
    let mut all = String::new();
    files.iter().for_each(|file| all.push_str(&format!("{} {} {}\n", file.name, file.bytes, file.rows)));
    Hash::of(all.as_bytes()).short()
}

/// Names for the keys at these positions, each of its own: two may be of one dimension.
pub(super) fn dimensions(key_set: &[usize]) -> Option<Vec<DimensionId>> {
    key_set.iter().map(|key| dimension(*key)).collect()
}

fn dimension(key: usize) -> Option<DimensionId> {
    format!("key_{key}").parse().ok()
}

/// Every bucket as itself.
pub(super) fn themselves(plan: &ScanPlan) -> Vec<Option<u32>> {
    (0..plan.edges.len().saturating_sub(1) as u32).map(Some).collect()
}

/// What a plan asks for, made of the tables of its key sets that are part of no other.
pub(super) fn measured(
    plan: &ScanPlan,
    tables: &[(Vec<usize>, StateTable)],
    undated: u64,
    threads: usize,
) -> Result<Option<Measured>, MergeError> {
    let of_set = |key_set: &Vec<usize>| {
        let from = tables.iter().filter(|(of, _)| key_set.iter().all(|key| of.contains(key)));
        let Some((of, from)) = from.min_by_key(|(_, table)| table.buckets.len()) else { return Ok(None) };
        let Some(keep) = dimensions(key_set) else { return Ok(None) };
        let mut table =
            if of == key_set { from.clone() } else { roll_up(from, &plan.states, &themselves(plan), &keep)? };
        for (column, key) in table.keys.iter_mut().zip(key_set) {
            let Some(key) = plan.keys.get(*key) else { return Ok(None) };
            column.dimension = key.dimension.clone();
        }
        Ok(Some(table))
    };
    let all = parallel::map(&plan.key_sets, threads, of_set);
    let all = all.into_iter().collect::<Result<Option<Vec<_>>, _>>()?;
    Ok(all.map(|tables| Measured { tables, undated }))
}
