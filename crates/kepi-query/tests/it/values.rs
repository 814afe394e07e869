//! Every measure kind by hand: a project as text, rows as text, values worked out on paper.

use kepi_model::{
    calendar::Grain,
    id::{DimensionId, KpiId},
};
use kepi_query::{
    finish::{AtGrain, Context, FinishError, MeasuredScan},
    port::Limits,
    reference::measure,
    scans::plan,
    side::{Role, Term},
    state::Member,
    value::{Finality, Value},
};
use kepi_stats::estimate::NotComputable;
use kepi_testkit::tables::{inputs, instant, table};

use crate::world::{CONTRACTS, SHOPS, VISITS, World};

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
        // By row 1 h 30, none on the holiday, 30 minutes before the break, 30 minutes until midnight of the special day.
        ("worked", 0.625 * hours),
        // Of five with a start one is late and one has no end.
        ("worked_in_time", 0.6),
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
    // The only row of the segment has no price: a row, no sum.
    assert_eq!(world.reason("turnover", "2026-01", "region=south"), NotComputable::NoValues);
}

#[test]
fn a_cell_is_made_of_its_parts() {
    let world = World::new();
    let kpi = &world.project.kpis[&"turnover".parse::<KpiId>().unwrap()];
    let at = AtGrain::new(world.context(), Grain::Month).unwrap();
    let [region, solved] = ["region", "solved"].map(|name| name.parse::<DimensionId>().unwrap());
    let mut seen = 0;
    at.views(kpi, |period, segment, view| {
        let own = view.own().sum(Term::First, Role::Total).unwrap();
        let by = |dimensions: &[DimensionId]| {
            let mut parts: Vec<(Vec<Member>, i128)> = Vec::new();
            view.parts(dimensions, |members, cells| {
                parts.push((members.to_vec(), cells.sum(Term::First, Role::Total).unwrap()));
            })
            .map(|()| parts)
        };
        match segment.0.as_slice() {
            [] => {
                for dimensions in
                    [vec![region.clone()], vec![solved.clone()], vec![solved.clone(), region.clone()]]
                {
                    let parts = by(&dimensions).unwrap();
                    assert_eq!(
                        parts.iter().map(|(_, sum)| sum).sum::<i128>(),
                        own,
                        "{period:?} {dimensions:?}"
                    );
                    assert!(parts.iter().all(|(members, _)| members.len() == dimensions.len()));
                }
            }
            [(dimension, _)] => {
                let other = if *dimension == region { &solved } else { &region };
                let parts = by(std::slice::from_ref(other)).unwrap();
                assert_eq!(parts.iter().map(|(_, sum)| sum).sum::<i128>(), own, "{period:?} {segment}");
                // Nothing was asked for by customer.
                assert!(by(&["customer".parse().unwrap()]).is_err());
            }
            _ => {}
        }
        seen += 1;
    })
    .unwrap();
    assert!(seen > 10, "{seen}");
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
    // Somebody visited in February, and of contracts nothing is known after 8 January.
    let february = world.reason("per_hundred", "2026-02", "");
    assert!(
        matches!(&february, NotComputable::NotReached { until, .. } if until == "2026-01-08"),
        "{february}"
    );
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
    // The last row lies at the first instant of February, which is known with it.
    let provisional = |final_at| Finality::Provisional { data_until: Some(february + 1), final_at };
    assert_eq!(of("nps", "2026-02"), provisional(march));
    // Whether the last case of January was late shows four hours later.
    assert_eq!(of("in_time", "2026-01"), provisional(february + 4 * 3_600_000_000));
    // Contracts end on 8 January, so their ratio to visits does too.
    let contracts =
        Finality::Provisional { data_until: Some(instant(calendar, "2026-01-08") + 1), final_at: february };
    assert_eq!(of("conversion", "2026-01"), contracts);
}

#[test]
fn what_a_value_rests_on_changes_with_it() {
    let world = World::new();
    let january = world.value("nps", "2026-01", "").unwrap();
    let again = World::new().value("nps", "2026-01", "").unwrap();
    assert_eq!(january, again);
    let february = world.value("nps", "2026-02", "").unwrap();
    assert_ne!(january.states, february.states);
    let basis = |kpi: &str| {
        let kpi = world.project.kpis.values().find(|k| k.id.as_str() == kpi).unwrap();
        kepi_query::finish::basis(kpi, &world.project).entities
    };
    let of = |entities: std::collections::BTreeSet<kepi_model::id::EntityId>| {
        entities.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_ne!(of(basis("conversion")), of(basis("nps")));
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
