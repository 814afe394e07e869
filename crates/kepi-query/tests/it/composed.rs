//! KPIs that are computed of others: by hand, and the coverage of their intervals.

use std::collections::BTreeMap;

use kepi_model::{calendar::Period, id::KpiId, measure::Measure, project::Project, window::Ago};
use kepi_query::{
    finish::{AtGrain, finished_again},
    state::wire::CellStates,
    value::{Finality, Segment, Value},
};
use kepi_stats::estimate::{Method, NotComputable};
use kepi_testkit::{
    definitions::case,
    road::{Road, number},
    tables::{inputs, project, table},
};

const SHOP: &str = r#"
project: shop
name: Shop
language: 1
time_zone: UTC
confidence: 90%
---
entity: sale
name: Sale
key: [id]
time: on
attributes:
  id: {type: text}
  on: {type: timestamp}
  region: {type: text}
  amount: {type: "money EUR, 2 decimals"}
  in_time: {type: boolean}
---
entity: visit
name: Visit
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  region: {type: text}
  score: {type: integer, scale: 0..10}
---
kpi: revenue
name: Revenue
better: higher
measure: {sum: {of: sale, value: amount}}
period: month
by: [region]
---
kpi: punctual
name: In time
better: higher
measure: {share: {of: sale, which: in_time}}
period: month
by: [region]
---
kpi: nps
name: NPS
better: higher
measure: {nps: {of: visit, answer: score}}
period: month
by: [region]
---
kpi: growth
name: Growth
better: higher
measure: {formula: {kpis: {now: revenue, before: {kpi: revenue, ago: 1 month}}, value: (now - before) / before, measured_in: share}}
period: month
by: [region]
---
kpi: share_of_all
name: Share of all revenue
better: higher
measure: {formula: {kpis: {own: revenue, all: {kpi: revenue, total: true}}, value: own / all, measured_in: share}}
period: month
by: [region]
---
kpi: late
name: Late
better: lower
measure: {formula: {kpis: {punctual: punctual}, value: 1 - punctual}}
period: month
by: [region]
---
kpi: doubled
name: Late twice
better: lower
measure: {formula: {kpis: {late: late}, value: 2 * late}}
period: month
---
kpi: health
name: Health
better: higher
measure:
  composite:
    kpis:
      nps: {weight: 33.34%, zero: 0, hundred: 60}
      punctual: {weight: 33.33%, zero: 50%, hundred: 100%}
      late: {weight: 33.33%, zero: 50%, hundred: 0%}
    missing: ignore
period: month
by: [region]
---
kpi: strict
name: Strict
better: higher
measure: {composite: {kpis: {nps: {weight: 60%, zero: 0, hundred: 60}, punctual: {weight: 40%, zero: 50%, hundred: 100%}}}}
period: month
by: [region]
publish_if: {n: 3}
"#;

const ORDERS: &str = "
id:text on:instant region:text amount:integer in_time:boolean
a 2026-01-05 north 10000 true
b 2026-01-06 south 30000 true
c 2026-02-01 north 15000 false
d 2026-02-02 south 30000 true
e 2026-02-03 south  5000 true
f 2026-03-03 south  5000 true
";
const VISITS: &str = "
id:text at:instant region:text score:integer
a 2026-01-05 north 10
b 2026-01-05 north  9
c 2026-01-05 north  3
d 2026-02-05 south 10
";

fn world() -> (Project, Road) {
    let project = project(SHOP);
    let tables = [("sale", ORDERS), ("visit", VISITS)].map(|(of, text)| (of, table(&project.calendar, text)));
    let inputs = inputs(tables.to_vec());
    let road = Road::by_reference(&project, &inputs);
    (project, road)
}

fn value(of: &(Project, Road), kpi: &str, period: &str, region: Option<&str>) -> Value {
    let (project, road) = of;
    let period = project.calendar.parse(period).unwrap();
    let kpi = &project.kpis[&kpi.parse::<KpiId>().unwrap()];
    let at = AtGrain::new(road.context(project), period.grain).unwrap();
    let segment = region.map_or(Segment::total(), |region| Segment::one("region".parse().unwrap(), region));
    let found = at.values(kpi).unwrap().into_iter().find(|v| v.period == period && v.segment == segment);
    let found = found.unwrap_or_else(|| panic!("{} {period:?} {segment}", kpi.id));
    let states = CellStates::decode(&found.states).unwrap();
    let again = finished_again(kpi, &states, project.confidence).unwrap();
    assert_eq!((&again.estimate, again.coverage), (&found.estimate, found.coverage), "{} again", kpi.id);
    found
}

/// Worked out with a pencil.
#[test]
fn formulas_by_hand() {
    let of = world();
    let point = |kpi, period, region| value(&of, kpi, period, region).point();
    assert_eq!(point("growth", "2026-02", None), Some(0.25));
    assert_eq!(point("growth", "2026-02", Some("north")), Some(0.5));
    assert_eq!(point("share_of_all", "2026-02", Some("south")), Some(0.7));
    assert_eq!(point("share_of_all", "2026-02", None), Some(1.0));
    // Money that was counted in full: nothing is uncertain of it.
    let growth = value(&of, "growth", "2026-02", None).estimate.unwrap();
    assert_eq!((growth.method, growth.n), (Method::Exact, 2));
    // No month before the first.
    let first = value(&of, "growth", "2026-01", None).estimate.unwrap_err();
    assert_eq!(first.to_string(), "`revenue` 1 month earlier: no value for this period and segment");
    assert_eq!(first.code(), "no_input");
    // 1 − p turns the interval round, at the level that one input has: the whole.
    let (punctual, late) = (value(&of, "punctual", "2026-02", None), value(&of, "late", "2026-02", None));
    let (p, l) = (punctual.estimate.unwrap(), late.estimate.unwrap());
    let (pi, li) = (p.interval.unwrap(), l.interval.unwrap());
    assert_eq!((l.point, l.n, l.method), (1.0 - p.point, 3, Method::FormulaBox));
    assert_eq!((li.low, li.high, li.level), (1.0 - pi.high, 1.0 - pi.low, 0.9));
    assert_eq!(point("doubled", "2026-02", None), Some(2.0 * l.point));
    assert_eq!(late.coverage, punctual.coverage);
}

#[test]
fn an_index_by_hand_and_what_is_missing_in_it() {
    let of = world();
    // January: NPS (2 − 1) / 3 = 33.33 of 60: 55.555556 points; all in time: 100; none late: 100.
    let january = value(&of, "health", "2026-01", None).estimate.unwrap();
    let expected = (3334.0 * 55.555556 + 6666.0 * 100.0) / 10_000.0;
    assert!((january.point - expected).abs() < 1e-6, "{} {expected}", january.point);
    assert_eq!(january.method, Method::Composite);
    let interval = january.interval.unwrap();
    assert!(interval.low < january.point && january.point < interval.high && interval.high <= 100.0);
    // North in February was not asked: half of what is left is 0 points, late and in time; of the strict one there is none.
    assert_eq!(value(&of, "health", "2026-02", Some("north")).point(), Some(0.0));
    let none = value(&of, "strict", "2026-02", Some("north"));
    assert_eq!(none.estimate.unwrap_err().to_string(), "`nps`: no value for this period and segment");
    // Fewest cases decide: two orders.
    let few = value(&of, "strict", "2026-01", None);
    assert_eq!(few.estimate.unwrap_err(), NotComputable::TooFew { n: 2, need: 3 });
    assert_eq!(few.finality, Finality::Final);
    // Orders reach into March, visits to February only.
    assert_ne!(value(&of, "strict", "2026-02", None).finality, Finality::Final);
}

/// What a random formula says, written again.
fn by_hand(value: &str, a: f64, b: f64) -> f64 {
    match value {
        "a - b" => a - b,
        "least(a, b, a / 2)" => a.min(b).min(a / 2.0),
        "(a + b) / 2" => (a + b) / 2.0,
        "a / b - 1" => a / b - 1.0,
        "a * b + greatest(a, b) * 0.5" => a * b + a.max(b) * 0.5,
        "(a - b) / (a + b + 1)" => (a - b) / (a + b + 1.0),
        other => panic!("{other}"),
    }
}

#[test]
fn random_formulas_come_to_what_their_inputs_come_to() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 60));
    let (mut compared, mut bounded, mut without) = (0, 0, 0);
    for seed in first..first + count {
        let case = case(seed);
        let (project, calendar) = (&case.project, &case.project.calendar);
        let road = Road::by_reference(project, &case.inputs);
        for kpi in project.kpis.values() {
            let Measure::Formula(formula) = &kpi.measure else { continue };
            let at = AtGrain::new(road.context(project), kpi.period).unwrap();
            let text = kpi.text.split("value: \"").nth(1).unwrap().split('"').next().unwrap();
            let known: Vec<BTreeMap<(Period, Segment), Value>> = formula
                .inputs
                .iter()
                .map(|input| {
                    let own = &project.kpis[&input.kpi.id];
                    at.values(own).unwrap().into_iter().map(|v| ((v.period, v.segment.clone()), v)).collect()
                })
                .collect();
            for value in at.values(kpi).unwrap() {
                let points: Vec<Option<f64>> = formula
                    .inputs
                    .iter()
                    .zip(&known)
                    .map(|(input, known)| {
                        // A year before a day, a week and longer periods, and so many periods before.
                        let period = match input.ago {
                            None => value.period,
                            Some(Ago::Periods(by)) => value.period.offset(-(by as i32)),
                            Some(ago) => ago.before(value.period, calendar).unwrap().unwrap(),
                        };
                        let segment = if input.total { Segment::total() } else { value.segment.clone() };
                        known.get(&(period, segment))?.point()
                    })
                    .collect();
                let what = format!("seed {seed} {:?} {}\n{}", value.period, value.segment, kpi.text);
                let [Some(a), Some(b)] = points[..] else {
                    assert!(value.estimate.is_err(), "{what}");
                    without += 1;
                    continue;
                };
                let expected = by_hand(text, a, b);
                match &value.estimate {
                    Ok(estimate) => {
                        let near = (estimate.point - expected).abs() <= 1e-9 * expected.abs().max(1.0);
                        assert!(near, "{} instead of {expected}: {what}", estimate.point);
                        if let Ok(interval) = &estimate.interval {
                            let around = interval.low <= estimate.point && estimate.point <= interval.high;
                            assert!(around, "{interval:?} around {}: {what}", estimate.point);
                            bounded += 1;
                        }
                        compared += 1;
                    }
                    Err(reason) => assert!(!expected.is_finite(), "{reason}: {what}"),
                }
            }
        }
    }
    eprintln!("{compared} compared, {bounded} with an interval, {without} without a value");
    assert!(compared > 100 && bounded > 30 && without > 100, "{compared} {bounded} {without}");
}
