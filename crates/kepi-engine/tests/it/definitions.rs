//! Random definitions, from their text to their values: engine and reference come to the same, to the bit, with
//! coverage, finality and kept states. `KEPI_COUNT` says how many projects, `KEPI_SEED` which first.

use kepi_engine::DataFusionEvaluator;
use kepi_query::{
    port::{Evaluator, Limits},
    value::{Finality, Value},
};
use kepi_stats::estimate::NotComputable;
use kepi_testkit::{
    arbitrary::Chance,
    definitions::case,
    road::{Road, number, scans},
};

use crate::files::{Shape, written};

#[tokio::test(flavor = "multi_thread")]
async fn random_definitions_over_random_files_give_the_same_values() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 30));
    eprintln!("KEPI_SEED={first} KEPI_COUNT={count}");
    let (mut values, mut computed, mut segments, mut provisional, mut overflows) = (0, 0, 0, 0, 0);
    for seed in first..first + count {
        let case = case(seed);
        let mut chance = Chance::new(seed ^ 0xD15C);
        let shape = Shape::any(&mut chance);
        let limits = Limits { threads: *chance.pick(&[1, 2, 4]), ..Limits::default() };
        let folder = tempfile::tempdir().unwrap();
        let files = written(&case.inputs, folder.path(), shape);
        let mut measured = Vec::new();
        for plan in scans(&case.project, &files) {
            let states = DataFusionEvaluator.measure(&plan, &files, &limits).await.unwrap();
            measured.push((plan, states));
        }
        let found = Road::new(measured, &case.project, &files).values(&case.project);
        let expected = Road::by_reference(&case.project, &case.inputs).values(&case.project);
        assert_eq!(found.len(), expected.len(), "seed {seed}\n{}", case.text);
        for (found, expected) in found.iter().zip(&expected) {
            let kpi = || &case.project.kpis[&found.kpi].text;
            assert_eq!(found, expected, "seed {seed} {shape:?}\n{}", kpi());
            // Equal numbers may differ in their sign of zero; equal texts may not.
            assert_eq!(bits(found), bits(expected), "seed {seed} {shape:?}\n{}", kpi());
        }
        values += found.len();
        computed += found.iter().filter(|value| value.estimate.is_ok()).count();
        segments += found.iter().filter(|value| !value.segment.is_total()).count();
        provisional += found.iter().filter(|value| value.finality != Finality::Final).count();
        let overflown = |value: &&Value| matches!(value.estimate, Err(NotComputable::OutOfRange { .. }));
        overflows += found.iter().filter(overflown).count();
    }
    // The cases must be worth something.
    eprintln!(
        "{values} values, {computed} computed, {segments} of segments, {provisional} provisional, {overflows} out of range"
    );
    let share = |part: usize| part as f64 / values as f64;
    assert!(values as u64 > 100 * count, "{values} values");
    assert!(share(computed) > 0.4 && share(segments) > 0.5, "{computed} computed, {segments} of segments");
    assert!((0.1..0.9).contains(&share(provisional)), "{provisional} provisional");
    // A window that is out of range says so of itself alone, where without one all periods do: a third of the KPIs have one. One that begins before the
    // data, also of a longer period, says that instead.
    assert!(3 * overflows as u64 > count, "{overflows} out of range");
}

/// The estimate in a text that reads back to the same bits.
fn bits(value: &Value) -> String {
    format!("{:?}", value.estimate)
}
