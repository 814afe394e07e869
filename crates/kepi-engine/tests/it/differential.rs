//! The engine gives the same bits as the reference, whatever the files and partitions.

use std::sync::Arc;

use kepi_engine::DataFusionEvaluator;
use kepi_model::expression::{Expression, Function, Node, Path, Type};
use kepi_query::{
    port::{Belonging, By, EvaluateError, Evaluator, Keys, Limits, MemoryColumn, MemoryTable, TableData},
    reference,
    state::{Measured, StateColumn},
};

use kepi_testkit::{
    arbitrary::{Chance, case},
    road::number,
};

use crate::files::{Shape, written};

/// Results that can be compared: errors by what they say, except which of several key sets was met first.
pub fn comparable(result: Result<Measured, EvaluateError>) -> Result<Measured, String> {
    result.map_err(|error| match error {
        EvaluateError::TooManyCells { limit, .. } => format!("more than {limit} cells"),
        other => other.to_string(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn random_plans_over_random_tables_give_the_same_bits() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 400));
    eprintln!("KEPI_SEED={first} KEPI_COUNT={count}");
    let mut seen = (0, 0, 0, 0);
    for seed in first..first + count {
        let (tables, plan) = case(seed);
        let mut chance = Chance::new(seed ^ 0xABCD);
        let shape = Shape::any(&mut chance);
        let threads = *chance.pick(&[1, 2, 4]);
        let limits = Limits {
            threads,
            cells: if chance.once_in(20) { 3 } else { 4_000_000 },
            // So little that key sets are grouped by each on its own.
            memory_bytes: if chance.once_in(7) { 60_000 } else { 1 << 30 },
        };
        let expected = comparable(reference::measure(&plan, &tables, &limits));
        let folder = tempfile::tempdir().unwrap();
        let files = written(&tables, folder.path(), shape);
        for (inputs, what) in [(&tables, "in memory"), (&files, "in files")] {
            let found = comparable(DataFusionEvaluator.measure(&plan, inputs, &limits).await);
            if limits.memory_bytes < 1 << 30
                && matches!(&found, Err(error) if error.contains("memory") || error.contains("Resources"))
            {
                seen.3 += 1;
                continue;
            }
            assert_eq!(found, expected, "seed {seed} {what} {shape:?} {threads} threads\n{:#?}", plan);
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
    assert!(several as u64 > count / 3, "{several} cases with several cells");
    assert!(overflows as u64 > count / 60, "{overflows} cases with overflows");
    assert!((refused as u64) < count / 10, "{refused} refused for want of memory");
}

/// What a column of text is in small letters.
fn lower(column: &str) -> By {
    let Ok(attribute) = column.parse() else { return By::Column(column.to_owned()) };
    let path = Path { references: Vec::new(), attribute };
    let of = |node| Expression { node, type_: Type::Text };
    By::Computed(Box::new(of(Node::Call(Function::Lower, vec![of(Node::Path(path))]))))
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_read_as_they_stand_in_the_files_whatever_the_threads() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 40));
    eprintln!("KEPI_SEED={first} KEPI_COUNT={count}");
    let (mut rows, mut belong) = (0, 0);
    for seed in first..first + count {
        let (tables, _) = case(seed);
        let shape = Shape::any(&mut Chance::new(seed ^ 0xABCD));
        let folder = tempfile::tempdir().unwrap();
        let files = written(&tables, folder.path(), shape);
        for (entity, table) in &tables.tables {
            let TableData::Memory(expected) = &table.data else { panic!("not in memory") };
            rows += expected.rows;
            // Those of which one column of text or another holds a key of its own, or what is computed of it, or a number.
            let mut only = Belonging::default();
            for (column, values) in table.columns.iter().zip(&expected.columns) {
                if let MemoryColumn::Text(values) = values
                    && only.ties.len() < 2
                {
                    let portion = Keys::portion(only.ties.len() as u64, 6);
                    let mut keys = Keys { missing: false, ..portion };
                    values.iter().take(seed as usize % 2).for_each(|value| _ = keys.add(value));
                    let by = By::Column(column.name.clone());
                    let by = if seed % 3 == 0 { lower(&column.name) } else { by };
                    only.ties.push((by, Arc::new(keys)));
                }
                if let MemoryColumn::Integer(values) = values
                    && seed % 4 == 0
                {
                    let mut keys = Keys::default();
                    let texts = values.iter().take(2).map(|value| value.map(|value| value.to_string()));
                    texts.for_each(|value| _ = keys.add(value.as_deref()));
                    only.ties.push((By::Column(column.name.clone()), Arc::new(keys)));
                }
            }
            let some = expected.taken(&only.of(&table.columns, expected));
            belong += some.rows;
            for threads in [1, 2, 7] {
                let limits = Limits { threads, ..Limits::default() };
                let found = DataFusionEvaluator.read(&files.tables[entity], &table.columns, None, &limits);
                assert_eq!(
                    &found.await.unwrap(),
                    expected.as_ref(),
                    "seed {seed} {entity} {shape:?} {threads} threads"
                );
                if threads != 2 {
                    continue;
                }
                for (only, expected) in [(None, expected.as_ref()), (Some(&only), &some)] {
                    let of = (&files.tables[entity], &table.columns);
                    let found = DataFusionEvaluator.read(of.0, of.1, only, &limits).await.unwrap();
                    assert_eq!(&found, expected, "seed {seed} {entity} {shape:?} {threads} threads");
                    let mut all = MemoryTable { rows: 0, ..expected.taken(&[]) };
                    let mut see = |piece: &MemoryTable| all.extend(piece);
                    DataFusionEvaluator.pieces(of.0, of.1, only, &limits, &mut see).await.unwrap();
                    assert_eq!(&all, expected, "in pieces: seed {seed} {entity} {shape:?} {threads} threads");
                }
            }
        }
    }
    assert!(
        rows as u64 > 40 * count && belong * 10 > rows && belong * 10 < rows * 9,
        "{belong} of {rows} rows"
    );
}
