//! From the states of partitions to the tables asked for: merged, added up to each key set, in canonical order.
#![expect(clippy::indexing_slicing, reason = "positions come from the same columns")]

use std::collections::HashMap;

use kepi_query::{
    plan::ScanPlan,
    port::EvaluateError,
    reference::names,
    state::{KeyColumn, Measured, Member, StateTable},
};

use crate::{
    accumulate::{Accumulator, out_of_range},
    group::Interner,
    worker::{Job, Worker},
};

/// Cells of one key set over all partitions.
#[derive(Debug)]
struct Merged {
    keys: Vec<usize>,
    buckets: Vec<u32>,
    /// Member numbers by key of the set.
    codes: Vec<Vec<u32>>,
    states: Vec<Accumulator>,
}

/// Merges partitions into the tables of the plan.
pub fn tabulate(
    plan: &ScanPlan,
    job: &Job,
    workers: Vec<Worker>,
    limit: u64,
) -> Result<Measured, EvaluateError> {
    let undated = workers.iter().map(|worker| worker.undated).sum();
    let bits = |i: usize| workers.iter().map(|worker| worker.poisoned[i]).max().unwrap_or_default();
    let poisoned: Vec<u8> = (0..plan.states.len()).map(bits).collect();
    let mut interners: Vec<Interner> = plan.keys.iter().map(|_| Interner::default()).collect();
    let mut merged: Vec<Merged> = job
        .key_sets
        .iter()
        .map(|keys| Merged {
            keys: keys.clone(),
            buckets: vec![],
            codes: vec![vec![]; keys.len()],
            states: job.prepared.states.iter().map(|state| state.empty.empty()).collect(),
        })
        .collect();
    let mut known: Vec<HashMap<(u32, Vec<u32>), u32>> = merged.iter().map(|_| HashMap::new()).collect();
    for worker in workers {
        let renumbered: Vec<Vec<u32>> = interners
            .iter_mut()
            .zip(&worker.interners)
            .map(|(all, own)| own.members().iter().map(|member| all.member(member)).collect())
            .collect();
        let groupings = worker.groupings.into_iter().zip(worker.states);
        for ((merged, known), (grouping, states)) in merged.iter_mut().zip(&mut known).zip(groupings) {
            let map: Vec<u32> = (0..grouping.len())
                .map(|cell| {
                    let (bucket, mut codes) = grouping.cell(cell);
                    for (code, key) in codes.iter_mut().zip(&grouping.keys) {
                        *code = renumbered[*key][*code as usize];
                    }
                    let next = merged.buckets.len() as u32;
                    *known.entry((bucket, codes)).or_insert_with_key(|(bucket, codes)| {
                        merged.buckets.push(*bucket);
                        merged.codes.iter_mut().zip(codes).for_each(|(column, code)| column.push(*code));
                        next
                    })
                })
                .collect();
            for (to, from) in merged.states.iter_mut().zip(states) {
                to.grow(merged.buckets.len());
                to.merge(&from, &map);
            }
        }
    }
    drop(known);
    let mut tables = Vec::with_capacity(plan.key_sets.len());
    for keys in &plan.key_sets {
        let from = merged.iter().filter(|merged| keys.iter().all(|key| merged.keys.contains(key)));
        let Some(from) = from.min_by_key(|merged| merged.buckets.len()) else {
            return Err(EvaluateError::Engine("a key set was not grouped by".into()));
        };
        tables.push(table(plan, keys, from, &interners, &poisoned, limit)?);
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
) -> Result<StateTable, EvaluateError> {
    let mut columns: Vec<KeyColumn> = Vec::with_capacity(keys.len());
    let mut ranks: Vec<Vec<u32>> = Vec::with_capacity(keys.len());
    for key in keys {
        let position = from.keys.iter().position(|own| own == key).unwrap_or_default();
        let (members, ranked) = rank(interners[*key].members(), &from.codes[position]);
        columns.push(KeyColumn { dimension: plan.keys[*key].dimension.clone(), members, codes: vec![] });
        ranks.push(ranked);
    }
    let cells = from.buckets.len();
    let mut order: Vec<u32> = (0..cells as u32).collect();
    let compare = |a: &u32, b: &u32| {
        let (a, b) = (*a as usize, *b as usize);
        let by_bucket = from.buckets[a].cmp(&from.buckets[b]);
        ranks.iter().fold(by_bucket, |order, rank| order.then_with(|| rank[a].cmp(&rank[b])))
    };
    order.sort_unstable_by(compare);
    let mut map = vec![0_u32; cells];
    let mut buckets = Vec::new();
    let mut last: Option<u32> = None;
    for cell in order {
        if last.is_none_or(|last| compare(&last, &cell).is_ne()) {
            buckets.push(from.buckets[cell as usize]);
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
    let states = plan.states.iter().zip(&from.states).zip(poisoned).map(|((spec, state), poisoned)| {
        if *poisoned > 0 {
            return (spec.id, out_of_range(*poisoned));
        }
        let mut rolled = state.empty();
        rolled.grow(buckets.len());
        rolled.merge(state, &map);
        (spec.id, rolled.finish())
    });
    let states = states.collect();
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
    EvaluateError::TooManyCells { dimensions: names(plan, keys), limit }
}
