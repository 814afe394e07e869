//! A classification that changed: as then, as now and bridged, worked out by hand.
//!
//! Until March shops are gold, silver and basic. From April on gold is enterprise or mid, of which 60 % and 40 % is known and not
//! which, silver is mid, and basic stays.

use kepi_model::{calendar::Grain, id::KpiId, project::Project};
use kepi_query::{
    finish::{AtGrain, finished_again},
    state::wire::CellStates,
    value::{Segment, Value},
};
use kepi_stats::{
    estimate::{Level, Method, NotComputable},
    estimation::mean,
};
use kepi_testkit::{
    road::Road,
    tables::{inputs, project, table},
};

const HEAD: &str = r#"
project: shops
name: Shops
language: 1
time_zone: Europe/Berlin
---
entity: shop
name: Shop
key: [id]
attributes:
  id: {type: text}
  tier: {type: text}
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
  solved: {type: boolean}
---
crosswalk: tiers_2026
name: Tiers of 2026
since: 2026-04-01
from: [gold, silver, basic]
to: [enterprise, mid, basic]
map:
  gold: {enterprise: 60%, mid: 40%}
  silver: mid
---
crosswalk: merged
since: 2026-04-01
from: [gold, silver]
to: [top]
map: {gold: top, silver: top}
"#;

fn kpi(id: &str, measure: &str, more: &str) -> String {
    format!(
        "---\nkpi: {id}\nname: {id}\nbetter: higher\nmeasure:\n  {measure}\nperiod: month\nby: [shop.tier]\n{more}\n"
    )
}

fn text() -> String {
    let bridged = "bridged: {tier: tiers_2026}";
    let both = "by: {tier: shop.tier, tier_then: shop.tier}\nbridged: {tier: tiers_2026}";
    [
        HEAD.to_owned(),
        kpi("then", "count: {of: visit}", ""),
        kpi("now", "count: {of: visit}", "as_of: now"),
        kpi("bridged", "count: {of: visit}", bridged),
        kpi("both", "count: {of: visit}", both).replace("by: [shop.tier]\n", ""),
        kpi("turnover", "sum: {of: visit, value: price}", bridged),
        kpi("price", "mean: {of: visit, value: price}", bridged),
        kpi("solved", "share: {of: visit, which: solved}", bridged),
        kpi("nps", "nps: {of: visit, answer: score}", bridged),
        kpi("whole", "distinct: {of: visit, value: score}", "bridged: {tier: merged}"),
        kpi("gated", "count: {of: visit}", "bridged: {tier: tiers_2026}\npublish_if: {n: 4}"),
    ]
    .concat()
}

// Shop g was gold until April and is enterprise since, h gold and mid, s silver and mid, b basic.
const SHOPS: &str = "
id:text tier:text _valid_from:instant _valid_to:instant
g gold       -          2026-04-01
g enterprise 2026-04-01 -
h gold       -          2026-04-01
h mid        2026-04-01 -
s silver     -          2026-04-01
s mid        2026-04-01 -
b basic      -          -
";

// March: gold 4, silver 1, basic 1. The last of the 31st is at 23:30 in Berlin, the first of April half an hour later.
const VISITS: &str = "
id:text at:instant shop:text score:integer price:integer solved:boolean
1 2026-03-02+600  g 10 1000 true
2 2026-03-03+600  g  9 2000 false
3 2026-03-04+600  h  8 3000 true
4 2026-03-31+1410 h  3 4000 true
5 2026-03-06+600  s 10 5000 false
6 2026-03-07+600  b  6 6000 true
7 2026-04-01      g 10 1000 true
8 2026-04-02+600  h  2 2000 true
9 2026-04-02+660  s 10 3000 false
";

struct Shops {
    project: Project,
    road: Road,
}

impl Shops {
    fn new() -> Self {
        let project = project(&text());
        let calendar = &project.calendar;
        let tables = vec![("visit", table(calendar, VISITS)), ("shop", table(calendar, SHOPS))];
        let road = Road::by_reference(&project, &inputs(tables));
        Self { project, road }
    }
    fn all(&self, kpi: &str) -> Vec<Value> {
        let kpi = &self.project.kpis[&kpi.parse::<KpiId>().unwrap()];
        AtGrain::new(self.road.context(&self.project), Grain::Month).unwrap().values(kpi).unwrap()
    }
    fn value(&self, kpi: &str, period: &str, segment: &str) -> Value {
        let period = self.project.calendar.parse(period).unwrap();
        let segment: Segment = segment.parse().unwrap();
        let mut all = self.all(kpi).into_iter();
        all.find(|of| of.period == period && of.segment == segment)
            .unwrap_or_else(|| panic!("{kpi} {segment}"))
    }
    /// Points of a month by segment.
    fn month(&self, kpi: &str, period: &str) -> Vec<(String, f64)> {
        let period = self.project.calendar.parse(period).unwrap();
        let own = self.all(kpi).into_iter().filter(|of| of.period == period);
        own.filter_map(|of| Some((of.segment.to_string(), of.point()?))).collect()
    }
}

fn named(all: &[(&str, f64)]) -> Vec<(String, f64)> {
    all.iter().map(|(name, point)| ((*name).to_owned(), *point)).collect()
}

#[test]
fn a_classification_that_changed_reads_as_then_as_now_and_bridged() {
    let shops = Shops::new();
    assert_eq!(
        shops.month("then", "2026-03"),
        named(&[("", 6.0), ("tier=basic", 1.0), ("tier=gold", 4.0), ("tier=silver", 1.0)])
    );
    // By what the shops are today: g two visits, h two, s one, b one.
    assert_eq!(
        shops.month("now", "2026-03"),
        named(&[("", 6.0), ("tier=basic", 1.0), ("tier=enterprise", 2.0), ("tier=mid", 3.0)])
    );
    // 60 % and 40 % of four, and the one of silver.
    assert_eq!(
        shops.month("bridged", "2026-03"),
        named(&[("", 6.0), ("tier=basic", 1.0), ("tier=enterprise", 2.4), ("tier=mid", 2.6)])
    );
    let april = named(&[("", 3.0), ("tier=enterprise", 1.0), ("tier=mid", 2.0)]);
    let of_april = |kpi| {
        let all = shops.month(kpi, "2026-04").into_iter();
        all.filter(|(_, point)| *point > 0.0).collect::<Vec<_>>()
    };
    assert_eq!(
        [of_april("then"), of_april("now"), of_april("bridged")],
        [april.clone(), april.clone(), april]
    );
    // Both views of one KPI side by side.
    let both = shops.month("both", "2026-03");
    assert!(
        both.contains(&("tier=enterprise".to_owned(), 2.4))
            && both.contains(&("tier_then=gold".to_owned(), 4.0))
    );
    // Where no code is split everything can be bridged: 10, 9, 8 and 3 are four, and a 10 of silver is known.
    assert_eq!(shops.month("whole", "2026-03"), named(&[("", 5.0), ("tier=basic", 1.0), ("tier=top", 4.0)]));
}

#[test]
fn what_is_split_by_shares_is_exact_and_says_how_many_rows_stand_behind_it() {
    let shops = Shops::new();
    // 60 % of 100 and 40 % of it with the 50 of silver.
    let turnover = shops.month("turnover", "2026-03");
    assert_eq!(turnover[2..], named(&[("tier=enterprise", 60.0), ("tier=mid", 90.0)]));
    let of = shops.value("bridged", "2026-03", "tier=mid");
    assert_eq!((of.coverage.counted, of.coverage.eligible), (5, 5), "four in part and one as a whole");
    let estimate = of.estimate.unwrap();
    assert_eq!((estimate.n, estimate.method), (5, Method::Exact));
    // Mean prices: gold 25, silver 50. (0.4·4·25 + 50) / (0.4·4 + 1) = 90 / 2.6.
    let mid = shops.value("price", "2026-03", "tier=mid").estimate.unwrap();
    assert!((mid.point - 90.0 / 2.6).abs() < 1e-12, "{}", mid.point);
    // Effective n by Kish: (4·0.4 + 1)² / (4·0.16 + 1).
    assert!((mid.effective_n - 2.6 * 2.6 / 1.64).abs() < 1e-9, "{}", mid.effective_n);
    assert!(mid.interval.is_ok());
    // All with one share: the mean of gold, with the interval of its four rows.
    let alone = shops.value("price", "2026-03", "tier=enterprise").estimate.unwrap();
    let rows = mean::from_moments(4, 10_000, 30_000_000, 2, Level::NINETY_FIVE).unwrap();
    assert!((alone.point - 25.0).abs() < 1e-12 && (alone.effective_n - 4.0).abs() < 1e-9);
    let (one, other) = (alone.interval.unwrap(), rows.interval.unwrap());
    assert!((one.low - other.low).abs() < 1e-9 && (one.high - other.high).abs() < 1e-9, "{one:?} {other:?}");
    // Three of four solved: 0.4·3 of 0.4·4 + 1, and 3 of 4.
    let solved = |segment| shops.value("solved", "2026-03", segment).point().unwrap();
    assert!((solved("tier=mid") - 1.2 / 2.6).abs() < 1e-12);
    assert!((solved("tier=enterprise") - 0.75).abs() < 1e-12);
    // Two promoters, a detractor and one between: 25 points; with a promoter of silver (0.4·1 + 1) / 2.6.
    let nps = |segment| shops.value("nps", "2026-03", segment).point().unwrap();
    assert!((nps("tier=enterprise") - 25.0).abs() < 1e-9);
    assert!((nps("tier=mid") - 140.0 / 2.6).abs() < 1e-9);
    // Gates count the rows that stand behind it.
    let gated = |segment| shops.value("gated", "2026-03", segment).estimate.map(|of| of.point);
    assert_eq!(gated("tier=enterprise"), Ok(2.4));
    assert_eq!(gated("tier=basic"), Err(NotComputable::TooFew { n: 1, need: 4 }));
}

#[test]
fn what_was_shared_out_adds_up_to_the_whole_and_is_finished_again() {
    let shops = Shops::new();
    for kpi in ["bridged", "turnover"] {
        for month in ["2026-03", "2026-04"] {
            let all = shops.month(kpi, month);
            let parts: f64 = all.iter().skip(1).map(|(_, point)| point).sum();
            assert!((parts - all[0].1).abs() < 1e-9, "{kpi} {month} {all:?}");
        }
    }
    let (mut shared, confidence) = (0, shops.project.confidence);
    for kpi in shops.project.kpis.values() {
        for value in shops.all(kpi.id.as_str()) {
            let states = CellStates::decode(&value.states).unwrap();
            let again = finished_again(kpi, &states, confidence).unwrap();
            assert_eq!(
                (again.estimate, again.coverage),
                (value.estimate.clone(), value.coverage),
                "{}",
                kpi.id
            );
            shared += usize::from(states.weighting.is_some());
            assert!(value.segment.to_string().chars().all(|c| !c.is_control()), "{}", value.segment);
        }
    }
    assert_eq!(shared, 14, "enterprise and mid of March, of seven KPIs");
}
