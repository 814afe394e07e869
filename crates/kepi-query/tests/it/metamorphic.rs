//! What must hold of states whatever the data: order of rows, partition of rows, roll-up in steps.

use kepi_model::id::DimensionId;
use kepi_query::{
    merge::{merge, roll_up},
    plan::StateKind,
    port::Limits,
    reference::measure,
    state::{StateColumn, StateTable},
};
use kepi_testkit::arbitrary::{case, shuffled, split};

const SEEDS: u64 = 400;

fn dimensions(table: &StateTable) -> Vec<DimensionId> {
    table.keys.iter().map(|key| key.dimension.clone()).collect()
}

fn in_range(table: &StateTable) -> bool {
    !table.states.iter().any(|(_, column)| matches!(column, StateColumn::OutOfRange { .. }))
}

#[test]
fn the_order_of_rows_does_not_matter() {
    for seed in 0..SEEDS {
        let (inputs, plan) = case(seed);
        let one = measure(&plan, &inputs, &Limits::default()).unwrap();
        let other = measure(&plan, &shuffled(&inputs, seed), &Limits::default()).unwrap();
        assert_eq!(one, other, "seed {seed}");
    }
}

#[test]
fn the_parts_of_a_table_merge_to_the_whole_in_any_order() {
    let mut compared = 0;
    for seed in 0..SEEDS {
        let (inputs, plan) = case(seed);
        let whole = measure(&plan, &inputs, &Limits::default()).unwrap();
        let parts: Vec<_> = split(&inputs, 3, seed)
            .iter()
            .map(|part| measure(&plan, part, &Limits::default()).unwrap())
            .collect();
        assert_eq!(whole.undated, parts.iter().map(|part| part.undated).sum::<u64>());
        for (number, table) in whole.tables.iter().enumerate() {
            let pieces: Vec<&StateTable> = parts.iter().map(|part| &part.tables[number]).collect();
            let mut backwards = pieces.clone();
            backwards.reverse();
            let keys = dimensions(table);
            if parts.is_empty() || !in_range(table) {
                continue;
            }
            let merged = merge(&pieces, &plan.states, &keys).unwrap();
            assert_eq!(&merged, table, "seed {seed}");
            assert_eq!(merge(&backwards, &plan.states, &keys).unwrap(), merged, "seed {seed}");
            compared += table.buckets.len();
        }
    }
    assert!(compared > 5_000, "only {compared} cells were compared");
}

#[test]
fn dropping_keys_gives_the_smaller_key_set() {
    let mut compared = 0;
    for seed in 0..SEEDS {
        let (inputs, plan) = case(seed);
        let measured = measure(&plan, &inputs, &Limits::default()).unwrap();
        let same: Vec<Option<u32>> = (0..plan.edges.len() as u32).map(Some).collect();
        for from in &measured.tables {
            for to in &measured.tables {
                let keys = dimensions(to);
                if keys.iter().all(|key| dimensions(from).contains(key)) && in_range(from) {
                    assert_eq!(&roll_up(from, &plan.states, &same, &keys).unwrap(), to, "seed {seed}");
                    compared += to.buckets.len();
                }
            }
        }
    }
    assert!(compared > 5_000, "only {compared} cells were compared");
}

#[test]
fn rolling_up_in_two_steps_is_rolling_up_in_one() {
    for seed in 0..SEEDS {
        let (inputs, plan) = case(seed);
        let measured = measure(&plan, &inputs, &Limits::default()).unwrap();
        let buckets = plan.edges.len() as u32;
        let two: Vec<Option<u32>> = (0..buckets).map(|bucket| Some(bucket / 2)).collect();
        let six: Vec<Option<u32>> = (0..buckets).map(|bucket| Some(bucket / 6)).collect();
        let two_to_six: Vec<Option<u32>> = (0..buckets).map(|bucket| Some(bucket / 3)).collect();
        for table in &measured.tables {
            let keys = dimensions(table);
            let step = roll_up(table, &plan.states, &two, &keys).unwrap();
            let steps = roll_up(&step, &plan.states, &two_to_six, &keys).unwrap();
            assert_eq!(steps, roll_up(table, &plan.states, &six, &keys).unwrap(), "seed {seed}");
        }
    }
}

#[test]
fn cells_are_found_by_bucket_and_members() {
    for seed in 0..SEEDS {
        let (inputs, plan) = case(seed);
        for table in measure(&plan, &inputs, &Limits::default()).unwrap().tables {
            for (cell, bucket) in table.buckets.iter().enumerate() {
                let members: Vec<_> = table.members(cell).unwrap().into_iter().cloned().collect();
                assert_eq!(table.find(*bucket, &members), Some(cell), "seed {seed}");
                assert_eq!(table.find(u32::MAX, &members), None);
            }
        }
    }
}

#[test]
fn the_cases_are_worth_comparing() {
    let (mut empty, mut out_of_range, mut undated, mut distinct) = (0, 0, 0, 0);
    for seed in 0..SEEDS {
        let (inputs, plan) = case(seed);
        let measured = measure(&plan, &inputs, &Limits::default()).unwrap();
        empty += usize::from(measured.tables.iter().all(|table| table.buckets.is_empty()));
        undated += usize::from(measured.undated > 0);
        out_of_range += usize::from(!measured.tables.iter().all(in_range));
        distinct += usize::from(plan.states.iter().any(|state| matches!(state.kind, StateKind::Distinct(_))));
    }
    assert!((20..SEEDS as usize / 2).contains(&empty), "{empty} empty");
    assert!(out_of_range >= 5, "{out_of_range} out of range");
    assert!(undated > 50 && distinct > 50, "{undated} undated, {distinct} distinct");
}
