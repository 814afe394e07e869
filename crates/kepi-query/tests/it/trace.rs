//! The rows listed behind a value add up to the very states that the value was made of, whatever is measured.

use std::{
    collections::HashSet,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
};

use kepi_model::{
    calendar::Grain,
    project::{Kpi, Measure, Project},
};
use kepi_query::{
    derive::{
        behind,
        influence::Influence,
        trace::{self, Entered, Traceable, TracedRow, TracedTerm, ValueTrace},
    },
    finish::finished_again,
    plan::ScanPlan,
    port::{
        Belonging, EngineVersion, EvaluateError, Evaluator, Fut, Limits, MemoryTable, PinnedColumn,
        PinnedInputs, PinnedTable,
    },
    reach::watermarks,
    reference::Reference,
    row::Cell,
    side::Term,
    state::{
        Measured,
        wire::{CellStates, StateValue},
    },
    value::Value,
};
use kepi_stats::random::Random;
use kepi_testkit::{
    definitions::case,
    kept::Drawer,
    road::{Road, SECRET, number},
    tables,
};

use crate::worked;

/// What is ready at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the reference waits for nothing"),
    }
}

/// What came of tracing values.
#[derive(Default)]
struct Agreed {
    values: usize,
    /// By how many ways to measure.
    kinds: usize,
    /// How many were listed once more where next to nothing fits into memory, and how many of these in parts.
    tried: usize,
    in_parts: usize,
}

/// Traces values, at once and where next to nothing fits into memory.
fn all_agree<'v>(
    project: &Project,
    inputs: &PinnedInputs,
    at: i64,
    values: impl IntoIterator<Item = &'v Value>,
) -> Agreed {
    let (limits, watermarks) = (Limits::default(), watermarks(project, inputs));
    let of = Traceable { project, inputs, at, watermarks: &watermarks, reader: &Reference, limits: &limits };
    let counting = Counting::default();
    let (placed, little) = (counting.drawer.placed(inputs, 3), Limits { memory_bytes: 400, ..limits });
    let all = Traceable { inputs: &placed, reader: &counting, ..of };
    let few = Traceable { limits: &little, ..all };
    let (mut agreed, mut kinds) = (Agreed::default(), HashSet::new());
    for value in values {
        let kpi = &project.kpis[&value.kpi];
        if !kpi.measure.kind().inputs().is_empty() {
            continue;
        }
        let found = ready(behind::value(of, kpi, value.period, &value.segment, &SECRET)).unwrap();
        let what = || format!("{} {:?} {}", value.kpi, value.period, value.segment);
        // Some of them, for it takes as long again for each file.
        if agreed.values.is_multiple_of(5) {
            let most = |of| {
                counting.most.store(0, Ordering::Relaxed);
                let again = ready(behind::value(of, kpi, value.period, &value.segment, &SECRET)).unwrap();
                assert_eq!(again, found, "{}", what());
                counting.most.load(Ordering::Relaxed)
            };
            agreed.tried += 1;
            agreed.in_parts += usize::from(most(few) < most(all));
        }
        let states = CellStates::decode(&value.states).unwrap();
        assert_eq!(found.disagreements(&states), Vec::new(), "{}", what());
        // The rows themselves, not only their states.
        let rows = |entered: &[Entered], term: Option<Term>| {
            let terms = found.terms.iter().filter(|of| term.is_none_or(|term| of.term == term));
            let rows = terms.flat_map(|term| &term.rows).filter(|row| entered.contains(&row.entered));
            rows.count() as u64
        };
        if states.terms.iter().chain(&states.so_far).all(|(_, states)| {
            states.iter().all(|(_, state)| !matches!(state, StateValue::OutOfRange { .. }))
        }) {
            assert_eq!(rows(&[Entered::Counted], None), value.coverage.counted, "{}", what());
            let eligible = [Entered::Counted, Entered::WithoutValue, Entered::NotCounted];
            assert_eq!(rows(&eligible, None), value.coverage.eligible, "{}", what());
        }
        check_influence(&found, kpi, &states, project.confidence, &what());
        agreed.values += 1;
        kinds.insert(std::mem::discriminant(&kpi.measure));
    }
    Agreed { kinds: kinds.len(), ..agreed }
}

/// A value without a row is finished from what all other rows add, which is more than one way to come to.
fn check_influence(found: &ValueTrace, kpi: &Kpi, states: &CellStates, confidence: f64, what: &str) {
    let Some(influence) = Influence::of(found, kpi, states, confidence) else { return };
    let point =
        |of: &CellStates| finished_again(kpi, of, confidence).unwrap().estimate.ok().map(|of| of.point);
    let value = point(states).unwrap();
    for (place, term) in found.terms.iter().enumerate() {
        for (row, traced) in term.rows.iter().enumerate().step_by(1 + term.rows.len() / 4) {
            let moves = influence.rows[place][row];
            let same = |other: &TracedRow, of: &TracedTerm| {
                of.entity == term.entity && other.place == traced.place && other.key == traced.key
            };
            let entered =
                |of: &TracedTerm| of.rows.iter().any(|row| same(row, of) && row.entered != Entered::Outside);
            if !found.terms.iter().any(entered) {
                assert!(moves.is_none_or(|moves| moves == 0.0), "{what}: {moves:?}");
            }
            // The row is left out of every term that it stands in.
            let mut others = states.clone();
            let terms = if others.so_far.is_empty() { &mut others.terms } else { &mut others.so_far };
            let adds_up = found.terms.iter().all(|of| {
                let (_, sums) = terms.iter_mut().find(|(known, _)| *known == of.term).unwrap();
                sums.iter_mut().all(|(role, sum)| {
                    let counts = |of: &StateValue| match of {
                        StateValue::Count(rows) => Some(i128::from(*rows)),
                        StateValue::Sum(sum) => Some(*sum),
                        _ => None,
                    };
                    let rest = of.rows.iter().filter(|other| !same(other, of));
                    let adds = rest.map(|other| other.adds.iter().find(|(known, _)| known == role));
                    let all: Option<i128> = adds.map(|adds| counts(&adds?.1)).sum();
                    match (&mut *sum, all) {
                        (StateValue::Count(sum), Some(all)) => *sum = u64::try_from(all).unwrap(),
                        (StateValue::Sum(sum), Some(all)) => *sum = all,
                        _ => return false,
                    }
                    true
                })
            });
            if adds_up && kpi.design.is_none() {
                assert_eq!(moves, point(&others).map(|rest| value - rest), "{what}");
            }
        }
    }
}

#[test]
fn a_row_moves_a_share_by_what_comes_out_by_hand() {
    let (project, landed, at, values) = worked::traceable();
    let (limits, watermarks) = (Limits::default(), watermarks(&project, &landed));
    let of = Traceable {
        project: &project,
        inputs: &landed,
        at,
        watermarks: &watermarks,
        reader: &Reference,
        limits: &limits,
    };
    let mut seen = 0;
    for value in values.iter().filter(|value| value.estimate.is_ok()) {
        let kpi = &project.kpis[&value.kpi];
        let Measure::Share(_) = &kpi.measure else { continue };
        let found = ready(behind::value(of, kpi, value.period, &value.segment, &SECRET)).unwrap();
        let states = CellStates::decode(&value.states).unwrap();
        let influence = Influence::of(&found, kpi, &states, project.confidence).unwrap();
        let n = value.coverage.counted as f64;
        let hits = value.estimate.as_ref().unwrap().point * n;
        for (row, moves) in found.terms[0].rows.iter().zip(&influence.rows[0]) {
            let (Some(hit), Some(moves)) = (row.hit, moves) else { continue };
            // By hand: h ⁄ n less (h − x) ⁄ (n − 1).
            let by_hand = hits / n - (hits - f64::from(u8::from(hit))) / (n - 1.0);
            assert!((moves - by_hand).abs() < 1e-12, "{} {moves} {by_hand}", value.kpi);
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn rows_behind_what_is_made_add_up_to_what_was_measured() {
    let (project, landed, at, values) = worked::traceable();
    let Agreed { values, tried, in_parts, .. } = all_agree(&project, &landed, at, &values);
    assert!(values > 100 && in_parts * 2 > tried, "{in_parts} of {tried} of {values}");
}

#[test]
fn rows_behind_whatever_is_measured_add_up_to_it() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 20));
    eprintln!("KEPI_SEED={first} KEPI_COUNT={count}");
    let (mut all, mut most, mut parts) = (0, 0, (0, 0));
    for seed in first..first + count {
        let case = case(seed);
        let values = Road::by_reference(&case.project, &case.inputs).values(&case.project);
        let some = values.iter().step_by(1 + values.len() / 25);
        let Agreed { values, kinds, tried, in_parts } =
            all_agree(&case.project, &case.inputs, i64::MAX, some);
        (all, parts, most) = (all + values, (parts.0 + in_parts, parts.1 + tried), most.max(kinds));
    }
    assert!(all as u64 > count && most > 3 && parts.0 * 2 > parts.1, "{all} {most} {parts:?}");
}

/// Two hundred parcels of a month, of which five were weighed in grams.
#[test]
fn influence_ranks_planted_bad_rows_first() {
    let kpi = |id: &str, measure: &str| {
        format!("---\nkpi: {id}\nname: {id}\nbetter: lower\nmeasure: {measure}\nperiod: month\n")
    };
    let text = [
        "project: p\nname: P\nlanguage: 1\ntime_zone: UTC\n---\nentity: parcel\nname: Parcel\nkey: [id]\ntime: at\nattributes:\n  \
         id: {type: text}\n  at: {type: timestamp}\n  weight: {type: integer}\n  pieces: {type: integer}\n"
            .to_owned(),
        kpi("mean", "{mean: {of: parcel, value: weight}}"),
        kpi("sum", "{sum: {of: parcel, value: weight}}"),
        kpi("ratio", "{ratio: {numerator: {sum: {of: parcel, value: weight}}, denominator: {sum: {of: parcel, value: pieces}}}}"),
    ];
    let project = tables::project(&text.concat());
    for seed in 0..20 {
        let mut random = Random::seeded(seed);
        let planted: HashSet<usize> = (0..5).map(|_| random.below(200)).collect();
        let mut rows = "id:text at:instant weight:integer pieces:integer\n".to_owned();
        for row in 0..200 {
            let weight = (12.0 + 3.0 * random.normal()).max(1.0).round()
                * if planted.contains(&row) { 1_000.0 } else { 1.0 };
            rows.push_str(&format!("p{row} 2026-03-{:02} {weight} {}\n", 1 + row % 28, 1 + random.below(4)));
        }
        rows.push_str("zz 2026-06-01 12 1");
        let landed = tables::inputs(vec![("parcel", tables::table(&project.calendar, &rows))]);
        let (limits, watermarks) = (Limits::default(), watermarks(&project, &landed));
        let of = Traceable {
            project: &project,
            inputs: &landed,
            at: i64::MAX,
            watermarks: &watermarks,
            reader: &Reference,
            limits: &limits,
        };
        let march = |value: &&Value| value.coverage.counted >= 200;
        let values = Road::by_reference(&project, &landed).values(&project);
        let mut seen = HashSet::new();
        for value in values.iter().filter(march).filter(|value| value.period.grain == Grain::Month) {
            let kpi = &project.kpis[&value.kpi];
            let found = ready(behind::value(of, kpi, value.period, &value.segment, &SECRET)).unwrap();
            let states = CellStates::decode(&value.states).unwrap();
            let influence = Influence::of(&found, kpi, &states, project.confidence).unwrap();
            let mut ranked: Vec<(f64, String)> = found.terms[0]
                .rows
                .iter()
                .zip(&influence.rows[0])
                .filter_map(|(row, moves)| Some(((*moves)?.abs(), format!("{:?}", row.key))))
                .collect();
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
            let named = |key: &str| planted.iter().any(|row| key.contains(&format!("\"p{row}\"")));
            let first = ranked.iter().take(planted.len()).filter(|(_, key)| named(key)).count();
            assert_eq!(first, planted.len(), "{} {seed}: {:?}", value.kpi, &ranked[..8]);
            seen.insert(value.kpi.clone());
        }
        assert_eq!(seen.len(), 3);
    }
}

/// The reference, which counts the rows that it gives.
#[derive(Default)]
struct Counting {
    drawer: Drawer,
    /// Rows that were read, and most of them at once.
    rows: AtomicUsize,
    most: AtomicUsize,
}

impl Evaluator for Counting {
    fn version(&self) -> EngineVersion {
        Reference.version()
    }
    fn measure<'a>(
        &'a self,
        plan: &'a ScanPlan,
        inputs: &'a PinnedInputs,
        limits: &'a Limits,
    ) -> Fut<'a, Result<Measured, EvaluateError>> {
        Reference.measure(plan, inputs, limits)
    }
    fn read<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
    ) -> Fut<'a, Result<MemoryTable, EvaluateError>> {
        Box::pin(async move {
            let read = self.drawer.read(table, columns, only, limits).await?;
            self.rows.fetch_add(read.rows, Ordering::Relaxed);
            self.most.fetch_max(read.rows, Ordering::Relaxed);
            Ok(read)
        })
    }
    fn file(&self, columns: &[PinnedColumn], rows: &MemoryTable) -> Result<Vec<u8>, EvaluateError> {
        Reference.file(columns, rows)
    }
}

#[test]
fn a_row_is_traced_of_what_belongs_to_its_key_as_it_is_of_all() {
    let (project, landed, at, _) = worked::traceable();
    let (limits, watermarks) = (Limits::default(), watermarks(&project, &landed));
    let counting = Counting::default();
    let of = Traceable {
        project: &project,
        inputs: &landed,
        at,
        watermarks: &watermarks,
        reader: &counting,
        limits: &limits,
    };
    let trace = |entity, key: &[Cell]| {
        counting.rows.store(0, Ordering::Relaxed);
        let found = ready(trace::rows(of, entity, Grain::Month, key, usize::MAX)).unwrap();
        (found, counting.rows.load(Ordering::Relaxed))
    };
    let (mut traced, mut fewer) = (0, 0);
    let made = project.entities.values().filter(|of| of.rows.is_some() || !of.derived.is_empty());
    for entity in made {
        let (all, of_all) = trace(entity, &[]);
        let mut keys: Vec<Cell> = all
            .iter()
            .filter_map(|row| {
                row.attributes.iter().find(|of| of.name == entity.key[0].as_str())?.value.clone()
            })
            .collect();
        keys.sort();
        keys.dedup();
        for key in keys.into_iter().take(6) {
            let (found, of_some) = trace(entity, std::slice::from_ref(&key));
            let is_its = |row: &&trace::RowTrace| {
                row.attributes
                    .iter()
                    .any(|of| of.name == entity.key[0].as_str() && of.value.as_ref() == Some(&key))
            };
            let expected: Vec<_> = all.iter().filter(is_its).cloned().collect();
            assert_eq!(found, expected, "{} {key:?}", entity.id);
            traced += 1;
            fewer += usize::from(of_some * 2 < of_all);
        }
    }
    assert!(traced > 20 && fewer * 2 > traced, "{fewer} of {traced}");
}
