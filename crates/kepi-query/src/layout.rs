//! Where the cells of some tables meet: one canonical order of cells over all of them.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::id::{DimensionId, Hash};

use crate::state::{KeyColumn, Member, StateTable};

/// Why tables cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// A table lacks a key that the result is to have.
    #[error("the states have no key `{0}`")]
    NoKey(DimensionId),
    /// A table lacks a state, or holds it in another form than its kind.
    #[error("the states lack `{}`, or hold it in another form", .0.short())]
    NoState(Hash),
    /// A column is shorter or longer than the table.
    #[error("a column of the states is not as long as the table")]
    Ragged,
}

/// The place of a cell that is in no cell of the result.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// The cells of a result in canonical order, and where the cells of the tables that it is made of go.
pub(crate) struct Layout {
    /// Bucket of each cell of the result.
    pub buckets: Vec<u32>,
    /// One column a key of the result.
    pub keys: Vec<KeyColumn>,
    /// By table: the cell of the result that each of its cells goes to, or [`NOWHERE`].
    pub places: Vec<Vec<u32>>,
}

/// Cells of all tables on their way into the result, by column.
struct Entries {
    buckets: Vec<u32>,
    tables: Vec<u32>,
    cells: Vec<u32>,
}

impl Layout {
    /// Bucket `b` becomes `bucket_of[b]` (none: left out; no map: itself); only the keys in `keep` stay, in that order.
    ///
    /// Cells are numbered by counting sorts from the last key to the bucket: linear in the number of cells.
    pub fn new(
        tables: &[&StateTable],
        bucket_of: Option<&[Option<u32>]>,
        keep: &[DimensionId],
    ) -> Result<Self, MergeError> {
        let entries = Entries::new(tables, bucket_of);
        let keys = keep.iter().map(|key| entries.key(tables, key)).collect::<Result<Vec<_>, _>>()?;
        let mut order: Vec<u32> = (0..entries.buckets.len() as u32).collect();
        for key in keys.iter().rev() {
            order = sorted(&order, &key.codes, key.members.len());
        }
        let buckets = entries.buckets.iter().max().map_or(0, |most| *most as usize + 1);
        order = sorted(&order, &entries.buckets, buckets);

        let mut result = Self {
            buckets: Vec::new(),
            keys: keys.iter().map(|key| KeyColumn { codes: Vec::new(), ..key.clone() }).collect(),
            places: tables.iter().map(|table| vec![NOWHERE; table.buckets.len()]).collect(),
        };
        let mut last: Option<usize> = None;
        for entry in order {
            let entry = entry as usize;
            let at = |column: &[u32], entry: usize| column.get(entry).copied().unwrap_or_default();
            let same = last.is_some_and(|last| {
                at(&entries.buckets, last) == at(&entries.buckets, entry)
                    && keys.iter().all(|key| at(&key.codes, last) == at(&key.codes, entry))
            });
            if !same {
                result.buckets.push(at(&entries.buckets, entry));
                for (to, from) in result.keys.iter_mut().zip(&keys) {
                    to.codes.push(at(&from.codes, entry));
                }
            }
            last = Some(entry);
            let place = result.buckets.len() as u32 - 1;
            let table = result.places.get_mut(at(&entries.tables, entry) as usize);
            if let Some(slot) = table.and_then(|cells| cells.get_mut(at(&entries.cells, entry) as usize)) {
                *slot = place;
            }
        }
        Ok(result)
    }
}

impl Entries {
    fn new(tables: &[&StateTable], bucket_of: Option<&[Option<u32>]>) -> Self {
        let mut entries = Self { buckets: Vec::new(), tables: Vec::new(), cells: Vec::new() };
        for (number, table) in tables.iter().enumerate() {
            for (cell, bucket) in table.buckets.iter().enumerate() {
                let bucket = match bucket_of {
                    None => Some(*bucket),
                    Some(map) => map.get(*bucket as usize).copied().flatten(),
                };
                if let Some(bucket) = bucket {
                    entries.buckets.push(bucket);
                    entries.tables.push(number as u32);
                    entries.cells.push(cell as u32);
                }
            }
        }
        entries
    }

    /// One key over all entries, with the sorted dictionary of the members that occur.
    fn key(&self, tables: &[&StateTable], dimension: &DimensionId) -> Result<KeyColumn, MergeError> {
        let columns = tables
            .iter()
            .map(|table| table.keys.iter().find(|key| &key.dimension == dimension))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| MergeError::NoKey(dimension.clone()))?;
        let own: Vec<(usize, u32)> = self
            .tables
            .iter()
            .zip(&self.cells)
            .map(|(table, cell)| {
                let code = columns.get(*table as usize)?.codes.get(*cell as usize)?;
                Some((*table as usize, *code))
            })
            .collect::<Option<_>>()
            .ok_or(MergeError::Ragged)?;
        let mut used: Vec<Vec<bool>> =
            columns.iter().map(|column| vec![false; column.members.len()]).collect();
        for (table, code) in &own {
            *used
                .get_mut(*table)
                .and_then(|used| used.get_mut(*code as usize))
                .ok_or(MergeError::Ragged)? = true;
        }
        let occurring = |table: usize| {
            let members = columns.get(table).map_or(&[][..], |column| &column.members);
            let used = used.get(table).into_iter().flatten();
            members.iter().zip(used).map(|(member, used)| used.then_some(member))
        };
        let members: BTreeSet<&Member> =
            (0..columns.len()).flat_map(|table| occurring(table).flatten()).collect();
        let rank: BTreeMap<&Member, u32> = members.iter().copied().zip(0..).collect();
        let ranks: Vec<Vec<u32>> = (0..columns.len())
            .map(|table| {
                let ranks = occurring(table).map(|member| member.and_then(|m| rank.get(m)).copied());
                ranks.map(|rank| rank.unwrap_or(NOWHERE)).collect()
            })
            .collect();
        let codes = own
            .iter()
            .map(|(table, code)| ranks.get(*table)?.get(*code as usize).copied())
            .collect::<Option<_>>()
            .ok_or(MergeError::Ragged)?;
        Ok(KeyColumn { dimension: dimension.clone(), members: members.into_iter().cloned().collect(), codes })
    }
}

/// `order`, stably sorted by `codes`, which are below `number`.
fn sorted(order: &[u32], codes: &[u32], number: usize) -> Vec<u32> {
    let code = |entry: &u32| codes.get(*entry as usize).map_or(0, |code| *code as usize);
    if order.is_sorted_by_key(code) {
        return order.to_vec();
    }
    let mut starts = vec![0_u32; number + 1];
    for entry in order {
        if let Some(start) = starts.get_mut(code(entry) + 1) {
            *start += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut sorted = vec![0; order.len()];
    for entry in order {
        if let Some(start) = starts.get_mut(code(entry)) {
            if let Some(slot) = sorted.get_mut(*start as usize) {
                *slot = *entry;
            }
            *start += 1;
        }
    }
    sorted
}
