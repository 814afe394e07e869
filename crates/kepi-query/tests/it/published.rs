//! Published rows: to the bit and back, and what is current after any sequence of runs, against a map that is simply
//! overwritten.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use kepi_model::{
    calendar::{FiscalCalendar, Grain, Period},
    id::Hash,
};
use kepi_query::{
    port::SnapshotId,
    published::{
        Cause, Cell, Counts, Figure, SCORE, Scored, Subject, Table, TableBuilder, VALUE, Vouched, Withdrawn,
        causes, changes, figure, newest, push_score, push_value, restates, scored, states_of,
    },
    state::Member,
    value::{Coverage, Finality, Segment, Value},
};
use kepi_stats::estimate::{Estimate, Interval, Method, NotComputable};
use proptest::prelude::*;

use crate::world::World;

#[test]
fn values_survive_columns_to_the_bit() {
    let world = World::new();
    let all: Vec<Value> =
        world.project.kpis.keys().flat_map(|kpi| world.values(kpi.as_str(), Grain::Month)).collect();
    assert!(all.len() > 100, "{}", all.len());
    let mut rows = TableBuilder::new(&VALUE);
    for value in &all {
        push_value(&mut rows, 7, world.project.calendar.first_day(value.period).unwrap(), value);
    }
    let rows = rows.finish();
    for (row, value) in all.iter().enumerate() {
        let Figure { estimate, coverage, finality } = figure(&rows, row).unwrap();
        assert_eq!((&estimate, coverage, finality), (&value.estimate, value.coverage, value.finality));
        let bits = |e: &Result<Estimate, NotComputable>| e.as_ref().ok().map(|e| e.point.to_bits());
        assert_eq!(bits(&estimate), bits(&value.estimate));
        assert_eq!(states_of(&rows, row), value.states.as_ref());
        assert_eq!(rows.segment(row).parse::<Segment>().unwrap(), value.segment);
        assert_eq!((rows.run(row), rows.subject(row)), (7, value.kpi.as_str()));
        let day = world.project.calendar.first_day(value.period).unwrap();
        assert_eq!(rows.period(row), kepi_model::calendar::ordinal_of_day(day));
    }
}

fn any_member() -> impl Strategy<Value = Member> {
    prop_oneof![
        Just(Member::Unknown),
        Just(Member::Value("unknown".into())),
        Just(Member::Value("".into())),
        "[a-z%;=?\\PC]{0,6}".prop_map(|text| Member::Value(text.into())),
        "(%25|%3B|=|;|%){1,3}".prop_map(|text| Member::Value(text.into())),
    ]
}

fn any_segment() -> impl Strategy<Value = Segment> {
    proptest::collection::btree_map(0..4u8, any_member(), 0..4).prop_map(|members| {
        let members = members.into_iter().map(|(d, m)| (format!("d{d}").parse().unwrap(), m));
        Segment::new(members.collect())
    })
}

proptest! {
    #[test]
    fn a_segment_has_one_text_and_a_text_one_segment(a in any_segment(), b in any_segment()) {
        let text = a.to_string();
        prop_assert_eq!(text.parse::<Segment>().unwrap(), a.clone());
        prop_assert_eq!(a == b, text == b.to_string());
    }

    #[test]
    fn a_text_that_reads_as_a_segment_is_that_segments_up_to_order(text in "[ab%;=253BD]{0,10}") {
        if let Ok(segment) = text.parse::<Segment>() {
            let mut parts: Vec<&str> = text.split(';').filter(|p| !p.is_empty()).collect();
            parts.sort_by_key(|part| part.split('=').next().unwrap().to_owned());
            prop_assert_eq!(segment.to_string(), parts.join(";"));
        }
    }
}

/// What a run computes: of a few KPIs, grains, segments and months some number.
type Said = BTreeMap<(String, String, i32), u8>;

fn any_run() -> impl Strategy<Value = (Said, Vec<u8>)> {
    let key = (0..3u8, 0..3u8, 0..4i32).prop_map(|(k, s, p)| {
        let segment = if s == 0 { String::new() } else { format!("d=m{s}") };
        (format!("kpi{k}"), segment, p * 31)
    });
    // For each KPI: 0 it is gone, 1 it could not be renewed, else it is vouched for.
    (proptest::collection::btree_map(key, 0..3u8, 0..20), proptest::collection::vec(0..6u8, 3))
}

fn row(run: i64, (kpi, segment, period): &(String, String, i32), number: u8, into: &mut TableBuilder) {
    into.push([
        Cell::Integer(run),
        Cell::Text(kpi),
        Cell::Text("month"),
        Cell::Day(*period),
        Cell::Text(segment),
        Cell::Missing,
        // Zeros of both signs and NaN are as different as any numbers.
        Cell::Number([0.0, -0.0, f64::NAN][usize::from(number)]),
    ]);
}

fn current(rows: &Table) -> Said {
    let number = |row: usize| match rows.cell(6, row) {
        Cell::Number(x) if x.is_nan() => 2,
        Cell::Number(x) => u8::from(x.is_sign_negative()),
        _ => panic!("no number"),
    };
    let key = |row| {
        let (kpi, _, segment, period) = rows.key(row);
        (kpi.to_owned(), segment.to_owned(), period)
    };
    (0..rows.rows()).filter(|r| rows.withdrawn(*r).is_empty()).map(|r| (key(r), number(r))).collect()
}

proptest! {
    #[test]
    fn current_is_what_the_last_run_says_that_vouches(runs in proptest::collection::vec(any_run(), 1..6)) {
        // Numbers of runs are not their order: that is the position in the log.
        let number = |nth: usize| (runs.len() - nth) as i64;
        let rank = |run: i64| -run;
        let mut tables: Vec<Table> = Vec::new();
        let mut expected = Said::new();
        let mut stood: Vec<Said> = Vec::new();
        for (nth, (said, fates)) in runs.iter().enumerate() {
            let fate = |kpi: &str| fates[usize::from(kpi.as_bytes()[3] - b'0')];
            let said: Said =
                said.iter().filter(|((kpi, ..), _)| fate(kpi) > 1).map(|(k, n)| (k.clone(), *n)).collect();
            let mut computed = TableBuilder::new(&VALUE);
            said.iter().rev().for_each(|(key, n)| row(number(nth), key, *n, &mut computed));
            let computed = computed.finish().sorted(rank);
            let before = newest(&VALUE, &tables, rank);
            let cause = |kpi: &str, grain: &str| -> Cause {
                assert_eq!(grain, "month");
                match fate(kpi) {
                    0 => Some(Withdrawn::KpiGone),
                    1 => None,
                    _ => Some(Withdrawn::RowsGone),
                }
            };
            let found = changes(number(nth), &computed, &before, cause);
            let earlier = expected.clone();
            expected.retain(|(kpi, ..), _| fate(kpi) == 1);
            expected.extend(said.clone());
            let gone = earlier.keys().filter(|key| !expected.contains_key(*key)).count();
            prop_assert_eq!(found.counts.withdrawn, gone as u64);
            prop_assert_eq!(found.counts.computed(), said.len() as u64);
            let same = said.iter().filter(|(key, n)| earlier.get(*key) == Some(n)).count();
            prop_assert_eq!(found.counts.unchanged, same as u64);
            prop_assert_eq!(found.rows.rows(), said.len() - same + gone);
            for row in 0..found.rows.rows() {
                let (kpi, _, segment, _) = found.rows.key(row);
                match found.rows.withdrawn(row) {
                    "" => {}
                    "kpi_gone" => prop_assert_eq!(fate(kpi), 0),
                    "segment_gone" => prop_assert!(!said.keys().any(|(k, s, _)| k == kpi && s == segment)),
                    "rows_gone" => prop_assert!(said.keys().any(|(k, s, _)| k == kpi && s == segment)),
                    other => panic!("{other}"),
                }
            }
            tables.push(found.rows);
            stood.push(expected.clone());
            prop_assert_eq!(current(&newest(&VALUE, &tables, rank)), expected.clone());
        }
        // As it stood after any earlier run.
        for (nth, stood) in stood.iter().enumerate() {
            prop_assert_eq!(&current(&newest(&VALUE, &tables[..=nth], rank)), stood);
        }
    }
}

fn value(kpi: &str, period: i32, point: f64) -> Value {
    Value {
        kpi: kpi.parse().unwrap(),
        period: Period::new(Grain::Month, period, FiscalCalendar::default()),
        segment: Segment::total(),
        estimate: Ok(Estimate {
            point,
            interval: Ok(Interval { low: 1.0, high: 2.0, level: 0.95 }),
            n: 3,
            effective_n: 2.5,
            method: Method::Wilson,
        }),
        coverage: Coverage { counted: 3, eligible: 4, cases: 3 },
        finality: Finality::Provisional { data_until: None, final_at: -5 },
        states: [1, 2, 3].into(),
    }
}

fn table(values: &[Value]) -> Table {
    let mut rows = TableBuilder::new(&VALUE);
    let first: Date = date(2026, 1, 1);
    for value in values {
        push_value(
            &mut rows,
            1,
            first.checked_add(jiff::Span::new().months(value.period.ordinal)).unwrap(),
            value,
        );
    }
    rows.finish().sorted(|run| run)
}

#[test]
fn each_part_of_a_value_is_content() {
    let before = value("a", 0, 1.5);
    let table_before = table(std::slice::from_ref(&before));
    let changed: [fn(&mut Value); 9] = [
        |v| v.states = [1, 2, 4].into(),
        |v| v.finality = Finality::Final,
        |v| v.finality = Finality::Provisional { data_until: Some(0), final_at: -5 },
        |v| v.coverage.counted = 2,
        |v| v.coverage.eligible = 5,
        |v| v.coverage.cases = 2,
        |v| v.estimate = Err(NotComputable::TooFew { n: 1, need: 3 }),
        |v| v.estimate.as_mut().unwrap().n = 4,
        |v| v.estimate.as_mut().unwrap().interval = Err(NotComputable::NoVariation),
    ];
    for change in changed {
        let mut after = before.clone();
        change(&mut after);
        let found = changes(2, &table(&[after]), &table_before, |_, _| None);
        assert_eq!(found.counts, Counts { restated: 1, ..Counts::default() });
    }
    let found = changes(2, &table(&[before]), &table_before, |_, _| None);
    assert_eq!(found.counts, Counts { unchanged: 1, ..Counts::default() });
    assert!(found.rows.is_empty());
}

#[test]
fn only_a_final_figure_is_restated_and_that_is_remembered() {
    let said = |point: f64, is_final: bool, run: i64| {
        let mut value = value("a", 0, point);
        if is_final {
            value.finality = Finality::Final;
        }
        let mut rows = TableBuilder::new(&VALUE);
        push_value(&mut rows, run, date(2026, 1, 1), &value);
        rows.finish()
    };
    let mut newest = said(1.0, false, 1);
    let expected = [
        // Provisional figures are no last word.
        (2.0, false, 2, None),
        (3.0, true, 3, None),
        (4.0, true, 4, Some(3)),
        // Only its finality changes: what it restates stays.
        (4.0, false, 5, Some(3)),
        (5.0, true, 6, Some(3)),
        (6.0, true, 7, Some(6)),
    ];
    for (point, is_final, run, restated) in expected {
        let found = changes(run, &said(point, is_final, run), &newest, |_, _| None);
        assert_eq!(restates(&found.rows, 0), restated, "run {run}");
        newest = found.rows;
    }
    // What is remembered is no content.
    assert!(changes(8, &said(6.0, true, 8), &newest, |_, _| None).rows.is_empty());
}

#[test]
fn a_row_is_sealed_by_every_byte() {
    let bytes = |value: &Value| {
        let mut bytes = vec![7];
        table(std::slice::from_ref(value)).row_bytes(0, &mut bytes);
        bytes
    };
    let one = value("a", 0, 1.5);
    assert_eq!(bytes(&one), bytes(&one.clone()));
    let mut other = one.clone();
    other.states = [1, 2, 4].into();
    assert_ne!(bytes(&one), bytes(&other));
    assert_ne!(bytes(&value("a", 0, 0.0)), bytes(&value("a", 0, -0.0)));
    assert_ne!(bytes(&value("a", 0, 1.5)), bytes(&value("b", 0, 1.5)));
}

#[test]
fn a_figure_is_withdrawn_for_what_changed() {
    let vouched = |definition: &str, mapping: &str, not_renewed: Option<&str>| Vouched {
        subject: Subject::Kpi("a".parse().unwrap()),
        grain: Grain::HalfYear,
        definition: Hash::of(definition.as_bytes()),
        mapping: Hash::of(mapping.as_bytes()),
        span: None,
        changed: SnapshotId(1),
        not_renewed: not_renewed.map(str::to_owned),
    };
    let before = [vouched("d", "m", None)];
    let cause = |now: &[Vouched]| causes(now, &before, true)("a", "half_year");
    assert_eq!(cause(&[]), Some(Withdrawn::KpiGone));
    assert_eq!(cause(&[vouched("e", "m", Some("no column"))]), None);
    let other_calendar = causes(&before, &before, false)("a", "half_year");
    assert_eq!(other_calendar, Some(Withdrawn::DefinitionChanged));
    assert_eq!(cause(&[vouched("e", "n", None)]), Some(Withdrawn::DefinitionChanged));
    assert_eq!(cause(&[vouched("d", "n", None)]), Some(Withdrawn::SourceChanged));
    assert_eq!(cause(&[vouched("d", "m", None)]), Some(Withdrawn::RowsGone));
    assert_eq!(causes(&before, &[], true)("a", "month"), Some(Withdrawn::KpiGone));
    for why in ["kpi_gone", "definition_changed", "source_changed", "segment_gone", "rows_gone"] {
        assert_eq!(Withdrawn::from_code(why).unwrap().code(), why);
    }
}

#[test]
fn scores_are_rows_too() {
    let mut rows = TableBuilder::new(&SCORE);
    let day = date(2026, 4, 1);
    let all = [
        Scored { score: Ok(-1_000_000), coverage: 1_000_000 },
        Scored { score: Err("blocked".to_owned()), coverage: 0 },
    ];
    for (unit, one) in ["", "north"].into_iter().zip(&all) {
        push_score(&mut rows, 3, ("main", Grain::Quarter, day, unit), one);
    }
    let rows = rows.finish();
    for (row, one) in all.iter().enumerate() {
        assert_eq!(&scored(&rows, row).unwrap(), one);
    }
    assert_eq!(rows.key(1), ("main", "quarter", "north", 20_544));
}
