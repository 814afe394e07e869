//! From the states of partitions to the tables asked for: merged, added up to each key set, in canonical order.
#![expect(clippy::indexing_slicing, reason = "positions come from the same columns")]

use kepi_query::{
    parallel,
    plan::ScanPlan,
    port::EvaluateError,
    reference::names,
    state::{KeyColumn, Measured, Member, StateTable},
};

use crate::{
    accumulate::{Accumulator, out_of_range},
    group::{Grouping, Interner},
    worker::{Partial, Tabulation},
};

/// Cells of one key set over all partitions.
#[derive(Debug)]
struct Merged {
    grouping: Grouping,
    states: Vec<Accumulator>,
}

/// Merges partitions into the tables of the plan.
pub fn tabulate(
    plan: &ScanPlan,
    tabulation: &Tabulation,
    partials: Vec<Partial>,
    limit: u64,
    threads: usize,
) -> Result<Measured, EvaluateError> {
    let undated = partials.iter().map(|partial| partial.undated).sum();
    let bits = |i: usize| partials.iter().map(|partial| partial.poisoned[i]).max().unwrap_or_default();
    let poisoned: Vec<u8> = (0..plan.states.len()).map(bits).collect();
    let mut interners: Vec<Interner> = plan.keys.iter().map(|_| Interner::default()).collect();
    let mut merged: Vec<Merged> = Vec::with_capacity(tabulation.key_sets.len());
    let buckets = plan.edges.len().saturating_sub(1);
    let renumbered: Vec<Vec<Vec<u32>>> = partials
        .iter()
        .map(|partial| {
            let keys = interners.iter_mut().zip(&partial.interners);
            keys.map(|(all, own)| own.members().iter().map(|member| all.member(member)).collect()).collect()
        })
        .collect();
    for (number, keys) in tabulation.key_sets.iter().enumerate() {
        let mut grouping = Grouping::new(keys.clone(), buckets);
        let maps: Vec<Vec<u32>> = partials
            .iter()
            .zip(&renumbered)
            .map(|(partial, renumbered)| {
                let own = &partial.groupings[number];
                let mut codes = vec![0; keys.len()];
                (0..own.len())
                    .map(|cell| {
                        let bucket = own.cell(cell, &mut codes);
                        codes.iter_mut().zip(keys).for_each(|(code, key)| {
                            *code = renumbered[*key][*code as usize];
                        });
                        grouping.number(bucket, &codes)
                    })
                    .collect()
            })
            .collect();
        let positions: Vec<usize> = (0..plan.states.len()).collect();
        let states = parallel::map(&positions, threads, |state| {
            let mut all = tabulation.prepared.states[*state].empty.empty();
            all.grow(grouping.len());
            for (partial, map) in partials.iter().zip(&maps) {
                all.merge(&partial.states[number][*state], map);
            }
            all
        });
        merged.push(Merged { grouping, states });
    }
    drop(partials);
    let mut tables = Vec::with_capacity(plan.key_sets.len());
    for keys in &plan.key_sets {
        let from = merged.iter().filter(|merged| keys.iter().all(|key| merged.grouping.keys.contains(key)));
        let Some(from) = from.min_by_key(|merged| merged.grouping.len()) else {
            return Err(EvaluateError::Engine("a key set was not grouped by".into()));
        };
        tables.push(table(plan, keys, from, &interners, &poisoned, limit, threads)?);
    }
    Ok(Measured { tables, undated })
}

fn table(
    plan: &ScanPlan,
    keys: &[usize],
    from: &Merged,
    interners: &[Interner],
    poisoned: &[u8],
    limit: u64,
    threads: usize,
) -> Result<StateTable, EvaluateError> {
    let cells = from.grouping.len();
    let mut found = vec![0; from.grouping.keys.len()];
    let mut all_buckets = Vec::with_capacity(cells);
    let mut codes: Vec<Vec<u32>> = vec![Vec::with_capacity(cells); found.len()];
    for cell in 0..cells {
        all_buckets.push(from.grouping.cell(cell, &mut found));
        codes.iter_mut().zip(&found).for_each(|(column, code)| column.push(*code));
    }
    let mut columns: Vec<KeyColumn> = Vec::with_capacity(keys.len());
    let mut ranks: Vec<Vec<u32>> = Vec::with_capacity(keys.len());
    for key in keys {
        let position = from.grouping.keys.iter().position(|own| own == key).unwrap_or_default();
        let (members, ranked) = rank(interners[*key].members(), &codes[position]);
        columns.push(KeyColumn { dimension: plan.keys[*key].dimension.clone(), members, codes: vec![] });
        ranks.push(ranked);
    }
    let mut order: Vec<u32> = (0..cells as u32).collect();
    let compare = |a: &u32, b: &u32| {
        let (a, b) = (*a as usize, *b as usize);
        let by_bucket = all_buckets[a].cmp(&all_buckets[b]);
        ranks.iter().fold(by_bucket, |order, rank| order.then_with(|| rank[a].cmp(&rank[b])))
    };
    order.sort_unstable_by(compare);
    let mut map = vec![0_u32; cells];
    let mut buckets = Vec::new();
    let mut last: Option<u32> = None;
    for cell in order {
        if last.is_none_or(|last| compare(&last, &cell).is_ne()) {
            buckets.push(all_buckets[cell as usize]);
            for (column, ranks) in columns.iter_mut().zip(&ranks) {
                column.codes.push(ranks[cell as usize]);
            }
        }
        last = Some(cell);
        map[cell as usize] = (buckets.len() - 1) as u32;
    }
    if buckets.len() as u64 > limit {
        return Err(too_many_cells(plan, keys, limit));
    }
    let positions: Vec<usize> = (0..plan.states.len()).collect();
    let states = parallel::map(&positions, threads, |state| {
        let id = plan.states[*state].id;
        if poisoned[*state] > 0 {
            return (id, out_of_range(poisoned[*state]));
        }
        let mut rolled = from.states[*state].empty();
        rolled.grow(buckets.len());
        rolled.merge(&from.states[*state], &map);
        (id, rolled.finish())
    });
    Ok(StateTable { buckets, keys: columns, states })
}

/// Members that occur, sorted, and for every cell the position of its own.
fn rank(members: &[Member], codes: &[u32]) -> (Vec<Member>, Vec<u32>) {
    let mut used = vec![false; members.len()];
    codes.iter().for_each(|code| used[*code as usize] = true);
    let mut sorted: Vec<u32> = (0..members.len() as u32).filter(|code| used[*code as usize]).collect();
    sorted.sort_unstable_by_key(|code| &members[*code as usize]);
    let mut ranks = vec![0; members.len()];
    for (rank, code) in sorted.iter().enumerate() {
        ranks[*code as usize] = rank as u32;
    }
    let names = sorted.iter().map(|code| members[*code as usize].clone()).collect();
    (names, codes.iter().map(|code| ranks[*code as usize]).collect())
}

/// The error that names a key set.
pub fn too_many_cells(plan: &ScanPlan, keys: &[usize], limit: u64) -> EvaluateError {
    EvaluateError::TooManyCells { dimensions: names(plan, keys), key_set: keys.to_vec(), limit }
}
