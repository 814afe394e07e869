//! Whatever the number of workers and partitions, a cluster returns the bits of the reference. `KEPI_COUNT` says how many
//! cases, `KEPI_SEED` which first.

use kepi_cluster::ClusterEvaluator;
use kepi_query::{
    port::{EvaluateError, Evaluator, Limits},
    reference,
    state::{Measured, StateColumn},
};
use kepi_testkit::{
    arbitrary::{self, Chance},
    definitions,
    road::{Road, number, scans},
};

use crate::{
    files::{Shape, written},
    processes::Cluster,
};

/// Results that can be compared: errors by what they say, except which of several key sets was met first.
pub fn comparable(result: Result<Measured, EvaluateError>) -> Result<Measured, String> {
    result.map_err(|error| match error {
        EvaluateError::TooManyCells { limit, .. } => format!("more than {limit} cells"),
        other => other.to_string(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn random_plans_give_the_same_bits_on_one_two_and_three_workers() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 36));
    eprintln!("KEPI_SEED={first} KEPI_COUNT={count}");
    let mut cluster = Cluster::of(1);
    let (mut several, mut overflows, mut errors) = (0, 0, 0);
    for workers in 1..=3 {
        let mut evaluators = Vec::new();
        for partitions in [1, 4, 16] {
            evaluators.push(ClusterEvaluator::connect(cluster.reached(partitions)).await.unwrap());
        }
        // Every third case, so that each number of workers has its own.
        for seed in (first..first + count).filter(|seed| seed % 3 == workers - 1) {
            let (tables, plan) = arbitrary::case(seed);
            let mut chance = Chance::new(seed ^ 0xC105);
            let cells = if chance.once_in(12) { 3 } else { 4_000_000 };
            let limits = Limits { cells, ..Limits::default() };
            let folder = tempfile::tempdir().unwrap();
            let files = written(&tables, folder.path(), Shape::any(&mut chance));
            let expected = comparable(reference::measure(&plan, &tables, &limits));
            for evaluator in &evaluators {
                let found = comparable(evaluator.measure(&plan, &files, &limits).await);
                assert_eq!(found, expected, "seed {seed}, {workers} workers, {evaluator:?}\n{plan:#?}");
            }
            match &expected {
                Ok(measured) => {
                    several += u64::from(measured.tables.iter().any(|table| table.buckets.len() > 1));
                    let mut columns = measured.tables.iter().flat_map(|table| &table.states);
                    overflows += u64::from(columns.any(|(_, c)| matches!(c, StateColumn::OutOfRange { .. })));
                }
                Err(_) => errors += 1,
            }
        }
        eprintln!(
            "{workers} workers: {:?}",
            evaluators.iter().flat_map(ClusterEvaluator::remarks).collect::<Vec<_>>()
        );
        if workers < 3 {
            cluster.one_more();
        }
    }
    eprintln!(
        "cluster: {count} plans, {several} with several cells, {overflows} with overflows, {errors} errors: all equal"
    );
    assert!(several > count / 3, "{several} cases with several cells");
}

#[tokio::test(flavor = "multi_thread")]
async fn random_definitions_give_the_same_values() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 4));
    eprintln!("KEPI_SEED={first} KEPI_COUNT={count}");
    let cluster = Cluster::of(2);
    let evaluator = ClusterEvaluator::connect(cluster.reached(4)).await.unwrap();
    let mut values = 0;
    for seed in first..first + count {
        let case = definitions::case(seed);
        let folder = tempfile::tempdir().unwrap();
        let files = written(&case.inputs, folder.path(), Shape::any(&mut Chance::new(seed ^ 0xD15C)));
        let mut measured = Vec::new();
        for plan in scans(&case.project, &files) {
            let states = evaluator.measure(&plan, &files, &Limits::default()).await.unwrap();
            measured.push((plan, states));
        }
        let found = Road::new(measured, &case.project, &files).values(&case.project);
        let expected = Road::by_reference(&case.project, &case.inputs).values(&case.project);
        assert_eq!(found, expected, "seed {seed}\n{}", case.text);
        // Equal numbers may differ in their sign of zero; equal texts may not.
        let bits = |values: &[kepi_query::value::Value]| {
            values.iter().map(|value| format!("{:?}", value.estimate)).collect::<Vec<_>>()
        };
        assert_eq!(bits(&found), bits(&expected), "seed {seed}\n{}", case.text);
        values += found.len() as u64;
    }
    eprintln!("cluster: {values} values of {count} random projects: all equal");
    assert!(values > 100 * count, "{values} values");
}
