//! The engine gives the same bits as the reference, whatever the files and partitions.

use kepi_engine::DataFusionEvaluator;
use kepi_query::{
    port::{EvaluateError, Evaluator, Limits},
    reference,
    state::{Measured, StateColumn},
};

use crate::{
    files::{Shape, written},
    generator::{Random, case},
};

/// Results that can be compared: errors by what they say, except which of several key sets was met first.
fn comparable(result: Result<Measured, EvaluateError>) -> Result<Measured, String> {
    result.map_err(|error| match error {
        EvaluateError::TooManyCells { limit, .. } => format!("more than {limit} cells"),
        other => other.to_string(),
    })
}

fn cases() -> u64 {
    std::env::var("KEPI_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}

#[tokio::test(flavor = "multi_thread")]
async fn random_plans_over_random_tables_give_the_same_bits() {
    let mut seen = (0, 0, 0, 0);
    for seed in 0..cases() {
        let case = case(seed);
        let mut random = Random(seed ^ 0xABCD);
        let shape = Shape {
            files: 1 + random.below(4),
            row_group: [1, 16, 64, 1000][random.below(4)],
            dictionary: random.chance(70),
            lacking: random.chance(50),
        };
        let threads = [1, 2, 4][random.below(3)];
        let limits = Limits {
            threads,
            cells: if random.chance(5) { 3 } else { 4_000_000 },
            // So little that key sets are grouped by each on its own.
            memory_bytes: if random.chance(15) { 60_000 } else { 1 << 30 },
        };
        let expected = comparable(reference::measure(&case.plan, &case.inputs, &limits));
        let folder = tempfile::tempdir().unwrap();
        let files = written(&case.inputs, folder.path(), shape);
        for (inputs, what) in [(&case.inputs, "in memory"), (&files, "in files")] {
            let found = comparable(DataFusionEvaluator.measure(&case.plan, inputs, &limits).await);
            if limits.memory_bytes < 1 << 30
                && matches!(&found, Err(error) if error.contains("memory") || error.contains("Resources"))
            {
                seen.3 += 1;
                continue;
            }
            assert_eq!(found, expected, "seed {seed} {what} {shape:?} {threads} threads\n{:#?}", case.plan);
        }
        if let Ok(measured) = &expected {
            let tables = &measured.tables;
            seen.0 += usize::from(tables.iter().any(|table| table.buckets.len() > 1));
            let mut columns = tables.iter().flat_map(|table| &table.states);
            seen.1 += usize::from(columns.any(|(_, c)| matches!(c, StateColumn::OutOfRange { .. })));
        } else {
            seen.2 += 1;
        }
    }
    // The cases must be worth something.
    let (several, overflows, errors, refused) = seen;
    eprintln!("{several} with several cells, {overflows} with overflows, {errors} errors, {refused} refused");
    assert!(several as u64 > cases() / 3, "{several} cases with several cells");
    assert!(overflows as u64 > cases() / 60, "{overflows} cases with overflows");
    assert!((refused as u64) < cases() / 10, "{refused} refused for want of memory");
}
