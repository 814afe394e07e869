//! Every measure kind by hand: a project as text, rows as text, values worked out on paper.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::Grain,
    id::{EntityId, KpiId},
    project::Project,
};
use kepi_query::{
    finish::{AtGrain, Context, FinishError, MeasuredScan, watermarks},
    lower::plan,
    measure::{MEASURE_KINDS, kind_of},
    port::{EngineVersion, Limits, PinnedInputs, SnapshotId},
    reference::measure,
    state::Member,
    value::{Finality, Segment, Value, wire::WireValue},
};
use kepi_stats::estimate::NotComputable;
use kepi_testkit::tables::{inputs, instant, project, table};

const HEAD: &str = r#"
project: test
name: Test
language: 1
time_zone: Europe/Berlin
---
entity: shop
name: Shop
key: [id]
attributes:
  id: {type: text}
  region: {type: text}
---
entity: visit
name: Visit
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  shop: {type: reference shop}
  score: {type: integer}
  price: {type: "number, 2 decimals"}
  weight: {type: "number, 6 decimals"}
  done: {type: timestamp}
  solved: {type: boolean}
  rate: {type: integer}
  customer: {type: text}
---
entity: contract
name: Contract
key: [id]
time: signed_at
attributes:
  id: {type: text}
  signed_at: {type: timestamp}
  shop: {type: reference shop}
"#;

/// A KPI that counts, with what differs.
fn kpi(id: &str, measure: &str, more: &str) -> String {
    format!("---\nkpi: {id}\nname: {id}\nbetter: higher\nmeasure:\n  {measure}\nperiod: month\n{more}\n")
}

fn kpis() -> String {
    let by = "by: [shop.region]";
    let weighted = "by: [shop.region]\nweight: weight";
    let rate = |unmatched: &str| {
        format!(
            "ratio: {{numerator: {{count: {{of: contract}}}}, denominator: {{count: {{of: visit}}}}, unmatched: {unmatched}}}"
        )
    };
    [
        kpi("nps", "nps: {of: visit, answer: score}", by),
        kpi("nps_now", "nps: {of: visit, answer: score}", "by: [shop.region]\nas_of: now"),
        kpi("nps_weighted", "nps: {of: visit, answer: score}", weighted),
        kpi("price", "mean: {of: visit, value: price}", by),
        kpi("price_weighted", "mean: {of: visit, value: price}", weighted),
        kpi("solved", "share: {of: visit, which: solved}", by),
        kpi("solved_weighted", "share: {of: visit, which: solved}", weighted),
        kpi("visits", "count: {of: visit}", by),
        kpi("north_only", "count: {of: visit, where: \"shop.region = 'north'\"}", by),
        kpi("turnover", "sum: {of: visit, value: price}", "by: [shop.region, solved]\ncross: [[solved, region]]"),
        kpi("customers", "distinct: {of: visit, value: customer}", by),
        kpi("happy", "satisfaction: {of: visit, answer: rate, scale: 1..5, top: 2}", by),
        kpi("happiness", "satisfaction: {of: visit, answer: rate, scale: 1..5, summary: mean}", by),
        kpi("taken", "duration: {of: visit, from: at, until: done, summary: mean}", by),
        kpi("in_time", "duration: {of: visit, from: at, until: done, within: 4 hours}", by),
        kpi(
            "median_price",
            "quantile: {of: visit, value: price, quantile: median, bins: {from: 0, to: 100, count: 10, spacing: linear}}",
            by,
        ),
        kpi(
            "ticket_size",
            "ratio: {numerator: {sum: {of: visit, value: price}}, denominator: {count: {of: visit}}}",
            by,
        ),
        kpi("conversion", &rate("show"), by),
        kpi("conversion_dropped", &rate("drop"), by),
        kpi(
            "per_hundred",
            "rate: {events: {count: {of: contract}}, population: {count: {of: visit}}, per: 100}",
            by,
        ),
        kpi("gated", "count: {of: visit}", "by: [shop.region]\npublish_if: {n: 3}"),
        kpi("covered", "nps: {of: visit, answer: score}", "by: [shop.region]\ncoverage_at_least: 90%"),
    ]
    .concat()
}

const VISITS: &str = "
id:text at:instant shop:text score:integer price:integer weight:integer done:instant solved:boolean rate:integer customer:text _valid_to:instant
v1 2026-01-05+600  s1 10 1000 1000000 2026-01-05+720  true  5 anna -
v2 2026-01-06+600  s1  9 2000 2000000 2026-01-06+900  true  4 ben  -
v3 2026-01-20+600  s1  3 -    1000000 -               false 2 anna -
v4 2026-01-20+660  s2  8 3000  500000 2026-01-20+720  -     6 carl -
v5 2026-01-31+1410 s2 11 4000 1000000 2026-02-01+150  true  5 dora -
v6 2026-02-01      s2 10 5000 1000000 2026-02-01+240  false 1 anna -
v7 -               s2 10 5000 1000000 2026-02-01+240  false 1 anna -
v8 2026-01-20+660  s2  0 9900 1000000 2026-01-20+720  true  1 emil 2026-01-21
";
const SHOPS: &str = "
id:text region:text _valid_from:instant _valid_to:instant
s1 north -          2026-01-16
s1 south 2026-01-16 -
s2 west  -          -
s3 east  -          -
";
const CONTRACTS: &str = "
id:text signed_at:instant shop:text
c1 2026-01-07 s1
c2 2026-01-08 s3
";

struct World {
    project: Project,
    inputs: PinnedInputs,
    scans: Vec<MeasuredScan>,
    watermarks: BTreeMap<EntityId, i64>,
    engine: EngineVersion,
}

impl World {
    fn new() -> Self {
        let project = project(&(HEAD.to_owned() + &kpis()));
        let calendar = &project.calendar;
        let inputs = inputs(vec![
            ("visit", table(calendar, VISITS)),
            ("shop", table(calendar, SHOPS)),
            ("contract", table(calendar, CONTRACTS)),
        ]);
        let plans = plan(project.kpis.values(), &project, &inputs).unwrap();
        let watermarks = watermarks(&plans, &inputs).unwrap();
        let scans = plans
            .into_iter()
            .map(|plan| {
                let measured = measure(&plan, &inputs, &Limits::default()).unwrap();
                MeasuredScan { plan, measured }
            })
            .collect();
        Self { project, inputs, scans, watermarks, engine: EngineVersion("reference".to_owned()) }
    }
    fn context(&self) -> Context<'_> {
        Context {
            project: &self.project,
            scans: &self.scans,
            lake: "lake",
            snapshot: SnapshotId(1),
            engine: &self.engine,
            watermarks: &self.watermarks,
            threads: 2,
        }
    }
    fn values(&self, kpi: &str, grain: Grain) -> Vec<Value> {
        let kpi = &self.project.kpis[&kpi.parse::<KpiId>().unwrap()];
        AtGrain::new(self.context(), grain).unwrap().values(kpi).unwrap()
    }
    /// The value of a period and of `dimension=member …`, or of the total.
    fn value(&self, kpi: &str, period: &str, segment: &str) -> Option<Value> {
        let period = self.project.calendar.parse(period).unwrap();
        let members = segment.split_whitespace().map(|part| {
            let (dimension, member) = part.split_once('=').unwrap();
            let member = if member == "?" { Member::Unknown } else { Member::Value(member.into()) };
            (dimension.parse().unwrap(), member)
        });
        let segment = Segment::new(members.collect());
        self.values(kpi, period.grain).into_iter().find(|v| v.period == period && v.segment == segment)
    }
    fn point(&self, kpi: &str, period: &str, segment: &str) -> f64 {
        let value = self.value(kpi, period, segment).unwrap_or_else(|| panic!("{kpi} {period} {segment}"));
        value.estimate.unwrap_or_else(|reason| panic!("{kpi} {period} {segment}: {reason}")).point
    }
    fn reason(&self, kpi: &str, period: &str, segment: &str) -> NotComputable {
        self.value(kpi, period, segment).unwrap().estimate.unwrap_err()
    }
}

#[test]
fn january_by_hand() {
    let world = World::new();
    let hours = 3_600e6;
    for (kpi, expected) in [
        ("nps", 25.0),
        ("nps_weighted", 100.0 * (3.0 - 1.0) / 4.5),
        ("price", 25.0),
        ("price_weighted", 105.0 / 4.5),
        ("solved", 0.75),
        ("solved_weighted", 0.8),
        ("visits", 5.0),
        ("north_only", 2.0),
        ("turnover", 100.0),
        ("customers", 4.0),
        ("happy", 0.75),
        ("happiness", 4.0),
        ("taken", 2.75 * hours),
        ("in_time", 0.6),
        ("median_price", 30.0),
        ("ticket_size", 20.0),
        ("conversion", 0.4),
        ("per_hundred", 40.0),
    ] {
        let point = world.point(kpi, "2026-01", "");
        assert!((point - expected).abs() <= 1e-12 * expected.abs(), "{kpi}: {point} instead of {expected}");
    }
}

#[test]
fn rows_left_out_show_as_coverage() {
    let world = World::new();
    for (kpi, counted) in
        [("nps", 4), ("price", 4), ("solved", 4), ("happy", 4), ("taken", 4), ("in_time", 5)]
    {
        let coverage = world.value(kpi, "2026-01", "").unwrap().coverage;
        assert_eq!((coverage.counted, coverage.eligible), (counted, 5), "{kpi}");
    }
    assert_eq!(world.scans.iter().map(|scan| scan.measured.undated).max(), Some(1));
}

#[test]
fn segments_follow_the_version_of_the_shop() {
    let world = World::new();
    for (kpi, region, expected) in [
        ("nps", "north", 100.0),
        ("nps", "south", -100.0),
        ("nps", "west", 0.0),
        ("nps_now", "south", 100.0 / 3.0),
        ("nps_now", "west", 0.0),
    ] {
        let point = world.point(kpi, "2026-01", &format!("region={region}"));
        assert!((point - expected).abs() < 1e-12, "{kpi} {region}: {point}");
    }
    assert!(world.value("nps_now", "2026-01", "region=north").is_none());
    assert!(world.value("nps", "2026-02", "region=north").is_none());
}

#[test]
fn segments_sum_to_the_total_and_crosses_to_segments() {
    let world = World::new();
    let sum = |dimension: &str| -> f64 {
        let of = |v: &Value| v.segment.0.len() == 1 && v.segment.0[0].0.as_str() == dimension;
        let january = world.project.calendar.parse("2026-01").unwrap();
        let values = world.values("turnover", Grain::Month);
        values.iter().filter(|v| of(v) && v.period == january).filter_map(Value::point).sum()
    };
    assert_eq!((sum("region"), sum("solved")), (100.0, 100.0));
    assert_eq!(world.point("turnover", "2026-01", "solved=true region=west"), 40.0);
    assert_eq!(world.point("turnover", "2026-01", "solved=? region=west"), 30.0);
    // The only row of the segment has no price: known rows, no sum.
    assert_eq!(world.reason("turnover", "2026-01", "region=south"), NotComputable::NoRows);
}

#[test]
fn longer_periods_come_from_states_not_from_values() {
    let world = World::new();
    assert_eq!(world.point("customers", "2026-Q1", ""), 4.0);
    assert_eq!(world.point("visits", "2026", ""), 6.0);
    assert_eq!(world.point("price", "2026-H1", ""), 30.0);
    let nps = world.point("nps", "2026-Q1", "");
    assert!((nps - 100.0 * (3.0 - 1.0) / 5.0).abs() < 1e-12, "{nps}");
    let kpi = &world.project.kpis[&"nps".parse::<KpiId>().unwrap()];
    let days = AtGrain::new(world.context(), Grain::Day).unwrap();
    assert!(matches!(days.values(kpi), Err(FinishError::FinerThanPeriod { .. })));
}

#[test]
fn ratios_across_entities_meet_on_segments() {
    let world = World::new();
    assert_eq!(world.point("conversion", "2026-01", "region=north"), 0.5);
    assert_eq!(world.point("conversion", "2026-01", "region=south"), 0.0);
    assert_eq!(world.reason("conversion", "2026-01", "region=east"), NotComputable::ZeroDenominator);
    assert_eq!(world.point("conversion_dropped", "2026-01", "region=north"), 0.5);
    for region in ["south", "west", "east"] {
        assert!(world.value("conversion_dropped", "2026-01", &format!("region={region}")).is_none());
    }
    // Nobody signed in February, somebody visited.
    assert_eq!(world.point("per_hundred", "2026-02", ""), 0.0);
    let across = world.value("conversion", "2026-01", "").unwrap().estimate.unwrap();
    assert!(matches!(across.interval, Err(NotComputable::Unsupported(_))));
    let within = world.value("ticket_size", "2026-01", "").unwrap().estimate.unwrap();
    // Prices 10, 20, none, 30, 40 over 1 each: residuals −10, 0, −20, 10, 20; V = 5/4 · 1000/25 = 50.
    let interval = within.interval.unwrap();
    let half = (interval.high - interval.low) / 2.0;
    assert!((half - 2.776_445_105_197_8 * 50_f64.sqrt()).abs() < 1e-9, "{half}");
}

#[test]
fn gates_hold_values_back_with_the_reason() {
    let world = World::new();
    assert_eq!(world.point("gated", "2026-01", ""), 5.0);
    assert_eq!(world.reason("gated", "2026-02", ""), NotComputable::TooFew { n: 1, need: 3 });
    assert_eq!(
        world.reason("covered", "2026-01", ""),
        NotComputable::LowCoverage { have_percent: 80, need_percent: 90 }
    );
    assert_eq!(world.point("covered", "2026-02", ""), 100.0);
}

#[test]
fn a_value_is_final_when_the_data_reach_beyond_it() {
    let world = World::new();
    let calendar = &world.project.calendar;
    let february = instant(calendar, "2026-02-01");
    let of = |kpi, period| world.value(kpi, period, "").unwrap().finality;
    assert_eq!(of("nps", "2026-01"), Finality::Final);
    let march = instant(calendar, "2026-03-01");
    let provisional = |final_at| Finality::Provisional { data_until: Some(february), final_at };
    assert_eq!(of("nps", "2026-02"), provisional(march));
    // Whether the last case of January was late shows four hours later.
    assert_eq!(of("in_time", "2026-01"), provisional(february + 4 * 3_600_000_000));
    // Contracts end on 8 January, so their ratio to visits does too.
    let contracts =
        Finality::Provisional { data_until: Some(instant(calendar, "2026-01-08")), final_at: february };
    assert_eq!(of("conversion", "2026-01"), contracts);
}

#[test]
fn pins_change_with_what_they_pin() {
    let world = World::new();
    let january = world.value("nps", "2026-01", "").unwrap();
    let again = World::new().value("nps", "2026-01", "").unwrap();
    assert_eq!(january, again);
    let february = world.value("nps", "2026-02", "").unwrap();
    assert_ne!(january.pins.states, february.pins.states);
    assert_eq!(january.pins.definition, february.pins.definition);
    assert_ne!(january.pins.definition, world.value("price", "2026-01", "").unwrap().pins.definition);
}

#[test]
fn values_survive_the_wire_to_the_bit() {
    let world = World::new();
    let mut survived = 0;
    for kpi in world.project.kpis.keys() {
        for value in world.values(kpi.as_str(), Grain::Month) {
            let text = serde_json::to_string(&WireValue::from(&value)).unwrap();
            let back = Value::try_from(serde_json::from_str::<WireValue>(&text).unwrap()).unwrap();
            assert_eq!(back, value);
            assert_eq!(back.point().map(f64::to_bits), value.point().map(f64::to_bits));
            survived += 1;
        }
    }
    assert!(survived > 100, "{survived}");
}

#[test]
fn kpis_of_one_entity_share_one_scan_and_their_states() {
    let world = World::new();
    let visits: Vec<_> = world.scans.iter().filter(|scan| scan.plan.entity.as_str() == "visit").collect();
    assert_eq!(visits.len(), 2, "one as of the event, one as of now");
    let counts = |scan: &MeasuredScan| {
        scan.plan
            .states
            .iter()
            .filter(|s| s.filter.is_none() && s.kind == kepi_query::plan::StateKind::Count)
            .count()
    };
    assert!(visits.iter().all(|scan| counts(scan) == 1), "the number of visits is counted once");
    let shuffled = plan(world.project.kpis.values(), &world.project, &world.inputs).unwrap();
    assert_eq!(shuffled, world.scans.iter().map(|scan| scan.plan.clone()).collect::<Vec<_>>());
}

#[test]
fn an_entity_without_rows_has_no_days_and_no_values() {
    let world = World::new();
    let calendar = &world.project.calendar;
    let header = |text: &str| table(calendar, text.trim().lines().next().unwrap());
    let inputs =
        inputs(vec![("visit", header(VISITS)), ("shop", header(SHOPS)), ("contract", header(CONTRACTS))]);
    let plans = plan(world.project.kpis.values(), &world.project, &inputs).unwrap();
    assert!(plans.iter().all(|plan| plan.edges.is_empty()));
    let scans: Vec<MeasuredScan> = plans
        .into_iter()
        .map(|plan| MeasuredScan { measured: measure(&plan, &inputs, &Limits::default()).unwrap(), plan })
        .collect();
    let context = Context { scans: &scans, ..world.context() };
    let months = AtGrain::new(context, Grain::Month).unwrap();
    for kpi in world.project.kpis.values() {
        assert!(months.values(kpi).unwrap().is_empty(), "{}", kpi.id);
    }
}

#[test]
fn every_measure_belongs_to_exactly_one_kind_and_every_kind_is_tried_here() {
    let world = World::new();
    let mut names: Vec<&str> = MEASURE_KINDS.iter().map(|kind| kind.name).collect();
    for kpi in world.project.kpis.values() {
        let handling: Vec<_> = MEASURE_KINDS.iter().filter(|kind| (kind.handles)(&kpi.measure)).collect();
        assert_eq!(handling.len(), 1, "{}", kpi.id);
        assert_eq!(handling[0].name, kind_of(&kpi.measure).name);
        names.retain(|name| *name != handling[0].name);
    }
    assert!(names.is_empty(), "not tried: {names:?}");
}
