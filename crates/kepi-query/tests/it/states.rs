//! States as they are kept: the form stays readable for ever, and values can be finished from it again.

use kepi_model::{calendar::Grain, id::KpiId};
use kepi_query::{
    finish::{AtGrain, Context, finished_again},
    side::{Role, Term},
    state::wire::{CellStates, Fitted, Secret, StateValue, WireError},
};
use kepi_stats::{
    estimate::{Level, NotComputable},
    estimation::mean,
    value::lifetime::Worth,
};

use crate::world::World;

/// Written once by the first program that knew the form, a line a KPI: the states of its total of January in
/// hexadecimal. Never write it anew: a line that no longer reads is a figure that is lost.
const GOLDEN: &str = include_str!("states_v1.txt");

fn golden() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    GOLDEN.lines().map(|line| {
        let (kpi, hex) = line.split_once(' ').unwrap();
        let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
        (kpi, bytes.collect())
    })
}

#[test]
fn states_that_were_kept_read_and_finish_to_the_same_bits() {
    let world = World::new();
    let shown = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (kpi, bytes) in golden() {
        let value = world.value(kpi, "2026-01", "").unwrap();
        assert_eq!(shown(&value.states), shown(&bytes), "{kpi}");
        let states = CellStates::decode(&bytes).unwrap();
        assert_eq!(states.encode(), bytes, "{kpi}");
        let definition = &world.project.kpis[&kpi.parse::<KpiId>().unwrap()];
        let again = finished_again(definition, &states, world.project.confidence).unwrap();
        assert_eq!((again.estimate, again.coverage), (value.estimate, value.coverage), "{kpi}");
    }
    let lacking: Vec<String> = world
        .project
        .kpis
        .keys()
        .filter(|kpi| !golden().any(|(known, _)| known == kpi.as_str()))
        .map(|kpi| format!("{kpi} {}", shown(&world.value(kpi.as_str(), "2026-01", "").unwrap().states)))
        .collect();
    assert!(lacking.is_empty(), "lines to add for what is new here:\n{}", lacking.join("\n"));
}

#[test]
fn every_value_of_every_grain_is_finished_again_from_its_states() {
    let world = World::new();
    let mut finished = 0;
    for grain in [Grain::Month, Grain::Quarter, Grain::Year] {
        let at = AtGrain::new(world.context(), grain).unwrap();
        for kpi in world.project.kpis.values() {
            for value in at.values(kpi).unwrap() {
                let states = CellStates::decode(&value.states).unwrap();
                let again = finished_again(kpi, &states, world.project.confidence).unwrap();
                // Debug writes the shortest text that reads back to the same bits.
                assert_eq!(format!("{:?}", again.estimate), format!("{:?}", value.estimate), "{}", kpi.id);
                assert_eq!(again.coverage, value.coverage);
                finished += 1;
            }
        }
    }
    assert!(finished > 300, "{finished}");
}

#[test]
fn moments_can_be_read_without_the_definition() {
    let world = World::new();
    let value = world.value("price", "2026-01", "").unwrap();
    let states = CellStates::decode(&value.states).unwrap();
    let [Some(StateValue::Count(n)), Some(StateValue::Sum(total)), Some(StateValue::Sum(squares))] =
        [Role::Counted, Role::Total, Role::Squares].map(|role| states.get(Term::First, role))
    else {
        panic!("{states:?}")
    };
    // Prices 10, 20, 30, 40 in hundredths.
    assert_eq!((*n, *total, *squares), (4, 10_000, 30_000_000));
    let level = kepi_stats::estimate::Level::new(world.project.confidence).unwrap();
    assert_eq!(mean::from_moments(*n, *total, *squares, 2, level), value.estimate);
}

#[test]
fn of_different_values_only_their_number_and_a_keyed_digest_are_kept() {
    let world = World::new();
    let states = |secret: u8, kpi: &str, period: &str| {
        let secret = Secret([secret; 32]);
        let context = Context { secret: &secret, ..world.context() };
        let at = AtGrain::new(context, Grain::Month).unwrap();
        let period = world.project.calendar.parse(period).unwrap();
        let values = at.values(&world.project.kpis[&kpi.parse::<KpiId>().unwrap()]).unwrap();
        values.into_iter().find(|v| v.period == period && v.segment.is_total()).unwrap().states
    };
    let january = states(1, "customers", "2026-01");
    for name in ["anna", "ben", "carl", "dora"] {
        assert!(!january.windows(name.len()).any(|part| part == name.as_bytes()), "{name} is kept");
    }
    assert_eq!(january, states(1, "customers", "2026-01"));
    assert_ne!(january, states(2, "customers", "2026-01"), "without the secret nobody can try values out");
    assert_ne!(january, states(1, "customers", "2026-02"), "other customers, another digest");
    assert_eq!(states(1, "price", "2026-01"), states(2, "price", "2026-01"), "sums have no key");
}

#[test]
fn a_histogram_takes_room_for_bins_that_hold_something() {
    let empty = |counts: Vec<u64>| CellStates {
        terms: vec![(Term::First, vec![(Role::Histogram, StateValue::Histogram(counts))])],
        ..CellStates::default()
    };
    let mut counts = vec![0; 10_002];
    counts[17] = 3;
    counts[10_001] = u64::MAX;
    let bytes = empty(counts.clone()).encode();
    assert!(bytes.len() < 32, "{} bytes", bytes.len());
    assert_eq!(CellStates::decode(&bytes).unwrap(), empty(counts));
}

#[test]
fn numbers_at_the_ends_survive() {
    let sums = [0, 1, -1, 63, 64, -64, -65, i128::from(i64::MIN), i128::MAX, i128::MIN];
    let states = CellStates {
        terms: vec![
            (Term::First, sums.map(|sum| (Role::Total, StateValue::Sum(sum))).to_vec()),
            (
                Term::Second,
                vec![
                    (Role::Counted, StateValue::Count(u64::MAX)),
                    (Role::Group(2), StateValue::Extreme(Some(i64::MIN))),
                    (Role::GroupWeight(0), StateValue::Extreme(None)),
                    (Role::GroupWeightSquares(15), StateValue::OutOfRange { bound: "9".repeat(39) }),
                    (Role::Total, StateValue::Distinct { count: 0, digest: None }),
                ],
            ),
        ],
        so_far: vec![(Term::First, vec![(Role::Counted, StateValue::Count(17))])],
        ..CellStates::default()
    };
    assert_eq!(CellStates::decode(&states.encode()).unwrap(), states);
    // And with more than terms: a window before the data, inputs of inputs, one that is missing.
    let early = CellStates { before_data: Some((-1, i32::MAX)), ..states.clone() };
    let formula =
        CellStates { inputs: vec![Some(early.clone()), None, Some(states)], ..CellStates::default() };
    let formula = CellStates { inputs: vec![Some(formula)], before_data: Some((0, 1)), ..early };
    let bytes = formula.encode();
    assert_eq!(CellStates::decode(&bytes).unwrap(), formula);
    for end in 0..bytes.len() {
        assert!(CellStates::decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    let deep = (0..60).fold(CellStates::default(), |inner, _| CellStates {
        inputs: vec![Some(inner)],
        ..CellStates::default()
    });
    assert!(CellStates::decode(&deep.encode()).is_err());
}

/// Values that a model was fitted to: one that came to something, and one that did not.
fn fitted() -> Vec<(&'static str, Vec<u8>)> {
    let worth = Worth { total: 4799.297, log_error: 0.0999, n: 120 };
    let came = [Ok(worth), Err(NotComputable::TooFew { n: 1, need: 2 })];
    let states = |fitted: Result<Worth, NotComputable>| {
        let digest = Some(kepi_model::id::Hash([7; 32]));
        let terms = vec![(
            Term::First,
            vec![
                (Role::Counted, StateValue::Count(3)),
                (Role::Total, StateValue::Distinct { count: 3, digest }),
            ],
        )];
        CellStates { terms, fitted: Some(Fitted::of(fitted)), ..CellStates::default() }
    };
    came.into_iter().map(|of| ("a model", states(of).encode())).collect()
}

#[test]
fn what_a_model_came_to_is_kept_and_no_part_of_another_period() {
    for (_, bytes) in fitted() {
        let states = CellStates::decode(&bytes).unwrap();
        assert_eq!(states.encode(), bytes);
        assert!(CellStates::sum(&[states.clone(), states.clone()]).is_none());
        assert!(states.clone().without(Term::First, &[]).is_none());
    }
    let states = CellStates::decode(&fitted()[0].1).unwrap();
    let found = states.fitted.unwrap();
    let all = found.estimate(true, Level::NINETY_FIVE).unwrap();
    let each = found.estimate(false, Level::NINETY_FIVE).unwrap();
    assert_eq!((all.point, all.n), (4799.297, 120));
    assert!((each.point - 4799.297 / 120.0).abs() < 1e-12);
    let interval = each.interval.unwrap();
    assert!((interval.high / each.point - (1.959_963_984_540_054_f64 * 0.0999).exp()).abs() < 1e-12);
}

#[test]
fn bytes_that_were_not_written_so_are_refused_and_never_panic() {
    for (kpi, bytes) in golden().chain(fitted()) {
        for end in 0..bytes.len() {
            assert!(CellStates::decode(&bytes[..end]).is_err(), "{kpi} cut at {end}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(CellStates::decode(&longer).is_err(), "{kpi} with more behind it");
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut other = bytes.clone();
                other[at] ^= flip;
                // What still reads is other states, never a second form of the same.
                if let Ok(states) = CellStates::decode(&other) {
                    assert_eq!(states.encode(), other, "{kpi} flipped at {at}");
                }
            }
        }
    }
    assert_eq!(CellStates::decode(&[8, 0]), Err(WireError::Version(8)));
    assert_eq!(CellStates::decode(&[]), Err(WireError::Short(0)));
}
