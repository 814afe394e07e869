//! Windows: what is said of one is what is said of its rows, counted row by row as if they were one period.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::{Grain, Period},
    id::KpiId,
    measure::Measure,
    project::{Kpi, Project},
    window::Over,
};
use kepi_query::{
    finish::{AtGrain, Context, MeasuredScan, finished_again},
    port::{Limits, PinnedInputs},
    reference, scans,
    state::wire::CellStates,
    value::{Segment, Value},
};
use kepi_stats::estimate::NotComputable;
use kepi_testkit::{
    definitions::{Case, case},
    road::{Road, number},
    tables::{inputs, project, table},
};

fn cases() -> impl Iterator<Item = (u64, Case)> {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 40));
    eprintln!("KEPI_SEED={first} KEPI_COUNT={count}");
    (first..first + count).map(|seed| (seed, case(seed)))
}

/// The values of a KPI without its window from the rows of some days, found by the reference evaluator as one bucket: by
/// segment, and the period that the bucket counts as.
fn of_rows_in(
    kpi: &Kpi,
    first: jiff::civil::Date,
    end: jiff::civil::Date,
    grain: Grain,
    (project, inputs, road): (&Project, &PinnedInputs, &Road),
) -> BTreeMap<Segment, Value> {
    let calendar = &project.calendar;
    let start_of = |day| calendar.bounds(calendar.period_of_day(Grain::Day, day)).unwrap().start;
    let plans = scans::plan([kpi], project, inputs).unwrap();
    let scans: Vec<MeasuredScan> = plans
        .into_iter()
        .map(|mut plan| {
            plan.edges = [start_of(first), start_of(end)].into();
            let measured = reference::measure(&plan, inputs, &Limits::default()).unwrap();
            MeasuredScan { plan, measured }
        })
        .collect();
    let plain = Kpi { over: None, ..kpi.clone() };
    let context = Context { scans: &scans, ..road.context(project) };
    let period = calendar.period_of_day(grain, first);
    let values = AtGrain::new(context, grain).unwrap().values(&plain).unwrap();
    values.into_iter().filter(|v| v.period == period).map(|v| (v.segment.clone(), v)).collect()
}

#[test]
fn a_window_says_what_its_rows_say_counted_one_by_one() {
    let (mut compared, mut segments, mut early, mut long) = (0, 0, 0, 0);
    for (seed, case) in cases() {
        let (project, calendar) = (&case.project, &case.project.calendar);
        let road = Road::by_reference(project, &case.inputs);
        for (kpi, over) in project.kpis.values().filter_map(|kpi| Some((kpi, kpi.over?))) {
            for grain in [kpi.period, Grain::Year] {
                let at = AtGrain::new(road.context(project), grain).unwrap();
                let mut by_period: BTreeMap<Period, Vec<Value>> = BTreeMap::new();
                for value in at.values(kpi).unwrap() {
                    by_period.entry(value.period).or_default().push(value);
                }
                let few = by_period.len().div_ceil(9).max(1);
                for (period, values) in by_period.iter().skip(seed as usize % few).step_by(few) {
                    let first = over.first_day(*period, calendar).unwrap();
                    let end = calendar.first_day(period.offset(1)).unwrap();
                    let expected = of_rows_in(kpi, first, end, grain, (project, &case.inputs, &road));
                    let what = format!("seed {seed} {:?} {first} to {end}\n{}", period, kpi.text);
                    let own: BTreeSet<&Segment> = values.iter().map(|value| &value.segment).collect();
                    let counted =
                        expected.values().filter(|v| v.coverage.eligible > 0 || !v.segment.is_total());
                    assert!(counted.map(|v| &v.segment).all(|segment| own.contains(segment)), "{what}");
                    for value in values {
                        let what = format!("{} {what}", value.segment);
                        let Some(same) = expected.get(&value.segment) else {
                            // Gaps of the total, in which nothing was.
                            assert!(value.segment.is_total() && value.coverage.eligible == 0, "{what}");
                            continue;
                        };
                        assert_eq!(value.coverage, same.coverage, "{what}");
                        // Of a ratio one side may begin later or end earlier than the other; among the rows of one window, too.
                        let beyond = |of: &Value| {
                            matches!(
                                of.estimate,
                                Err(NotComputable::BeforeData { .. }
                                    | NotComputable::NotBegun { .. }
                                    | NotComputable::NotReached { .. })
                            )
                        };
                        if beyond(value) || beyond(same) {
                            early += 1;
                            continue;
                        }
                        assert_eq!(format!("{:?}", value.estimate), format!("{:?}", same.estimate), "{what}");
                        assert_eq!(value.states, same.states, "{what}");
                        compared += 1;
                        segments += usize::from(!value.segment.is_total());
                        long += usize::from(matches!(over, Over::Last(_, Grain::Year | Grain::Quarter)));
                    }
                }
            }
        }
    }
    eprintln!("{compared} compared, {segments} of segments, {long} of long windows, {early} before the data");
    assert!(compared > 500 && segments > 200 && long > 20 && early > 50);
}

#[test]
fn a_window_as_long_as_the_period_changes_nothing() {
    let mut compared = 0;
    for (seed, case) in cases() {
        let project = &case.project;
        let road = Road::by_reference(project, &case.inputs);
        for kpi in project.kpis.values().filter(|kpi| kpi.over.is_none()) {
            if matches!(kpi.measure, Measure::Stock(_) | Measure::Lifetime(_)) {
                continue;
            }
            let at = AtGrain::new(road.context(project), kpi.period).unwrap();
            let plain = at.values(kpi).unwrap();
            // Sums that leave 128 bits in one period leave them in all without a window.
            if plain.iter().any(|value| matches!(value.estimate, Err(NotComputable::OutOfRange { .. }))) {
                continue;
            }
            let windowed = Kpi { over: Some(Over::Last(1, kpi.period)), ..kpi.clone() };
            let found = at.values(&windowed).unwrap();
            assert_eq!(found.len(), plain.len(), "seed {seed}\n{}", kpi.text);
            for (found, plain) in found.into_iter().zip(plain) {
                // Of a ratio one side may begin after the other.
                if matches!(found.estimate, Err(NotComputable::BeforeData { .. })) {
                    assert!(plain.estimate.is_err(), "seed {seed} {plain:?}\n{}", kpi.text);
                    continue;
                }
                assert_eq!(found, plain, "seed {seed}\n{}", kpi.text);
                compared += 1;
            }
        }
    }
    assert!(compared > 4_000, "{compared}");
}

const SHOP: &str = r#"
project: shop
name: Shop
language: 1
time_zone: Europe/Berlin
---
entity: purchase
name: Purchase
key: [id]
time: on
attributes:
  id: {type: text}
  on: {type: timestamp}
  buyer: {type: text}
  place: {type: text}
  amount: {type: "money EUR, 2 decimals"}
---
kpi: buyers
name: Buyers in four weeks
better: higher
measure: {distinct: {of: purchase, value: buyer}}
period: day
over: 28 days
by: [place]
---
kpi: revenue_year
name: Revenue of twelve months
better: higher
measure: {sum: {of: purchase, value: amount}}
period: month
over: 12 months
---
kpi: revenue_to_date
name: Revenue so far
better: higher
measure: {sum: {of: purchase, value: amount}}
period: month
over: {to_date: year}
---
kpi: basket
name: Mean basket of twelve months
better: higher
measure: {mean: {of: purchase, value: amount}}
period: month
over: 12 months
"#;

const PURCHASES: &str = "
id:text on:instant buyer:text place:text amount:integer
a 2025-01-03+5   anna here  1000
b 2025-01-31+900 ben  here  2000
c 2025-03-30+90  anna there 4000
d 2025-04-26+5   carl there  500
e 2025-04-27+5   anna here   700
f 2025-12-31+1439 dora here 10000
g 2026-01-01     ben  there 3000
";

fn at(project: &Project, road: &Road, kpi: &str, period: &str, place: Option<&str>) -> Option<Value> {
    let period = project.calendar.parse(period).unwrap();
    let at = AtGrain::new(road.context(project), period.grain).unwrap();
    let segment = place.map_or(Segment::total(), |place| Segment::one("place".parse().unwrap(), place));
    let values = at.values(&project.kpis[&kpi.parse::<KpiId>().unwrap()]).unwrap();
    values.into_iter().find(|value| value.period == period && value.segment == segment)
}

/// Worked out with a pencil.
#[test]
fn windows_by_hand() {
    let project = project(SHOP);
    let inputs = inputs(vec![("purchase", table(&project.calendar, PURCHASES))]);
    let road = Road::by_reference(&project, &inputs);
    let point = |kpi, period, place| at(&project, &road, kpi, period, place).unwrap().point();
    // Anna and Carl, 28 days to 26 April: from 30 March on, a day of 23 hours. A day later Anna's purchase of March is gone.
    assert_eq!(point("buyers", "2025-04-26", None), Some(2.0));
    assert_eq!(point("buyers", "2025-04-26", Some("there")), Some(2.0));
    assert_eq!(point("buyers", "2025-04-27", Some("there")), Some(1.0));
    assert_eq!(point("buyers", "2025-04-27", None), Some(2.0));
    // The segment has rows in the window until 28 days after its last one, and then none.
    assert_eq!(point("buyers", "2025-01-30", Some("here")), Some(1.0));
    assert_eq!(at(&project, &road, "buyers", "2025-02-28", Some("here")), None);
    assert_eq!(point("buyers", "2025-02-28", None), Some(0.0));
    // Twelve months to December 2025: all but the last purchase; to January 2026: without January 2025.
    assert_eq!(point("revenue_year", "2025-12", None), Some(182.0));
    assert_eq!(point("revenue_year", "2026-01", None), Some(182.0));
    assert_eq!(point("revenue_to_date", "2025-01", None), Some(30.0));
    assert_eq!(point("revenue_to_date", "2025-02", None), Some(30.0));
    assert_eq!(point("revenue_to_date", "2025-12", None), Some(182.0));
    assert_eq!(point("revenue_to_date", "2026-01", None), Some(30.0));
    // (10 + 20 + 40 + 5 + 7 + 100) / 6, not a mean of the means of months.
    assert_eq!(point("basket", "2025-12", None), Some(182.0 / 6.0));
    // The window of December 2025 by year and by month is the same; of 2026 there is January.
    assert_eq!(point("basket", "2025", None), Some(182.0 / 6.0));
    let early = at(&project, &road, "revenue_year", "2025-11", None).unwrap();
    let reason = early.estimate.clone().unwrap_err();
    assert_eq!(
        reason,
        NotComputable::BeforeData { window: "2024-12-01".to_owned(), data: "2025-01-01".to_owned() }
    );
    assert_eq!(reason.to_string(), "the window begins on 2024-12-01, the data on 2025-01-01");
    assert_eq!(early.coverage.counted, 5);
    // And said again from what is kept.
    let kpi = &project.kpis[&"revenue_year".parse::<KpiId>().unwrap()];
    let states = CellStates::decode(&early.states).unwrap();
    assert_eq!(CellStates::decode(&states.encode()).unwrap(), states);
    let again = finished_again(kpi, &states, project.confidence).unwrap();
    assert_eq!((again.estimate, again.coverage), (early.estimate, early.coverage));
    assert!(CellStates::sum(&[states.clone(), states]).is_none(), "windows overlap: they do not add up");
}
