//! The rows listed behind a value add up to the very states that the value was made of, whatever is measured.

use std::{
    collections::HashSet,
    pin::pin,
    task::{Context, Poll, Waker},
};

use kepi_model::project::Project;
use kepi_query::{
    derive::trace::{self, Entered, Traceable},
    port::{Limits, PinnedInputs},
    reach::watermarks,
    reference::Reference,
    side::Term,
    state::wire::CellStates,
    value::Value,
};
use kepi_testkit::{
    definitions::case,
    road::{Road, SECRET, number},
};

use crate::worked;

/// What is ready at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the reference waits for nothing"),
    }
}

/// Traces values; tells of how many, by how many ways to measure.
fn all_agree<'v>(
    project: &Project,
    inputs: &PinnedInputs,
    at: i64,
    values: impl IntoIterator<Item = &'v Value>,
) -> (usize, usize) {
    let (limits, watermarks) = (Limits::default(), watermarks(project, inputs));
    let of = Traceable { project, inputs, at, watermarks: &watermarks, reader: &Reference, limits: &limits };
    let (mut traced, mut kinds) = (0, HashSet::new());
    for value in values {
        let kpi = &project.kpis[&value.kpi];
        if !kpi.measure.kind().inputs().is_empty() {
            continue;
        }
        let found = ready(trace::value(of, kpi, value.period, &value.segment, &SECRET)).unwrap();
        let what = || format!("{} {:?} {}", value.kpi, value.period, value.segment);
        let states = CellStates::decode(&value.states).unwrap();
        assert_eq!(found.disagreements(&states), Vec::new(), "{}", what());
        // The rows themselves, not only their states.
        let rows = |entered: &[Entered], term: Option<Term>| {
            let terms = found.terms.iter().filter(|of| term.is_none_or(|term| of.term == term));
            let rows = terms.flat_map(|term| &term.rows).filter(|row| entered.contains(&row.entered));
            rows.count() as u64
        };
        if states.terms.iter().chain(&states.so_far).all(|(_, states)| {
            states
                .iter()
                .all(|(_, state)| !matches!(state, kepi_query::state::wire::StateValue::OutOfRange { .. }))
        }) {
            assert_eq!(rows(&[Entered::Counted], None), value.coverage.counted, "{}", what());
            let eligible = [Entered::Counted, Entered::WithoutValue, Entered::NotCounted];
            assert_eq!(rows(&eligible, None), value.coverage.eligible, "{}", what());
        }
        traced += 1;
        kinds.insert(std::mem::discriminant(&kpi.measure));
    }
    (traced, kinds.len())
}

#[test]
fn rows_behind_what_is_made_add_up_to_what_was_measured() {
    let (project, landed, at, values) = worked::traceable();
    let (traced, _) = all_agree(&project, &landed, at, &values);
    assert!(traced > 100, "{traced}");
}

#[test]
fn rows_behind_whatever_is_measured_add_up_to_it() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 20));
    eprintln!("KEPI_SEED={first} KEPI_COUNT={count}");
    let (mut all, mut most) = (0, 0);
    for seed in first..first + count {
        let case = case(seed);
        let values = Road::by_reference(&case.project, &case.inputs).values(&case.project);
        let some = values.iter().step_by(1 + values.len() / 25);
        let (traced, kinds) = all_agree(&case.project, &case.inputs, i64::MAX, some);
        all += traced;
        most = most.max(kinds);
    }
    assert!(all as u64 > count && most > 3, "{all} {most}");
}
