//! A small world: a project as text that asks for every kind of measure, and rows as text.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::Grain,
    id::{EntityId, KpiId},
    project::Project,
};
use kepi_query::{
    finish::{AtGrain, Context, MeasuredScan},
    port::{Limits, PinnedInputs},
    reach::watermarks,
    reference::measure,
    scans::plan,
    state::{Member, wire::Secret},
    value::{Segment, Value},
};
use kepi_stats::estimate::NotComputable;
use kepi_testkit::tables::{inputs, project, table};

pub const HEAD: &str = r#"
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
---
business_hours: desk
name: Help desk
week: {weekdays: ["09:00-11:30", "13:00-17:00"]}
holidays: [2026-01-06]
special_days: [{on: 2026-01-31, open: ["23:00-24:00"]}]
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
        kpi("worked", "duration: {of: visit, from: at, until: done, summary: mean, in: desk}", by),
        kpi("worked_in_time", "duration: {of: visit, from: at, until: done, within: 40 minutes, in: desk}", by),
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

pub const VISITS: &str = "
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
pub const SHOPS: &str = "
id:text region:text _valid_from:instant _valid_to:instant
s1 north -          2026-01-16
s1 south 2026-01-16 -
s2 west  -          -
s3 east  -          -
";
pub const CONTRACTS: &str = "
id:text signed_at:instant shop:text
c1 2026-01-07 s1
c2 2026-01-08 s3
";

/// A secret that everybody knows.
pub const SECRET: Secret = Secret([7; 32]);

pub struct World {
    pub project: Project,
    pub inputs: PinnedInputs,
    pub scans: Vec<MeasuredScan>,
    pub watermarks: BTreeMap<EntityId, i64>,
}

impl World {
    pub fn new() -> Self {
        let project = project(&(HEAD.to_owned() + &kpis()));
        let calendar = &project.calendar;
        let inputs = inputs(vec![
            ("visit", table(calendar, VISITS)),
            ("shop", table(calendar, SHOPS)),
            ("contract", table(calendar, CONTRACTS)),
        ]);
        let plans = plan(project.kpis.values(), &project, &inputs).unwrap();
        let watermarks = watermarks(&project, &inputs);
        let scans = plans
            .into_iter()
            .map(|plan| {
                let measured = measure(&plan, &inputs, &Limits::default()).unwrap();
                MeasuredScan { plan, measured }
            })
            .collect();
        Self { project, inputs, scans, watermarks }
    }
    pub fn context(&self) -> Context<'_> {
        Context {
            project: &self.project,
            scans: &self.scans,
            secret: &SECRET,
            watermarks: &self.watermarks,
            threads: 2,
        }
    }
    pub fn values(&self, kpi: &str, grain: Grain) -> Vec<Value> {
        let kpi = &self.project.kpis[&kpi.parse::<KpiId>().unwrap()];
        AtGrain::new(self.context(), grain).unwrap().values(kpi).unwrap()
    }
    /// The value of a period and of `dimension=member …`, or of the total.
    pub fn value(&self, kpi: &str, period: &str, segment: &str) -> Option<Value> {
        let period = self.project.calendar.parse(period).unwrap();
        let members = segment.split_whitespace().map(|part| {
            let (dimension, member) = part.split_once('=').unwrap();
            let member = if member == "?" { Member::Unknown } else { Member::Value(member.into()) };
            (dimension.parse().unwrap(), member)
        });
        let segment = Segment::new(members.collect());
        self.values(kpi, period.grain).into_iter().find(|v| v.period == period && v.segment == segment)
    }
    pub fn point(&self, kpi: &str, period: &str, segment: &str) -> f64 {
        let value = self.value(kpi, period, segment).unwrap_or_else(|| panic!("{kpi} {period} {segment}"));
        value.estimate.unwrap_or_else(|reason| panic!("{kpi} {period} {segment}: {reason}")).point
    }
    pub fn reason(&self, kpi: &str, period: &str, segment: &str) -> NotComputable {
        self.value(kpi, period, segment).unwrap().estimate.unwrap_err()
    }
}
