//! Periods without data by hand: what a KPI declares to be said of them, what that is made of, and that it is marked.

use kepi_model::{
    calendar::{FiscalCalendar, Grain, Period},
    id::KpiId,
    measure::Imputation,
    project::{Kpi, Project, WithoutData},
    window::Over,
};
use kepi_query::{
    finish::{AtGrain, finished_again},
    measure::Finished,
    state::wire::{CellStates, Filled, Way},
    trust::withhold,
    value::{Finality, Segment, Value},
};
use kepi_stats::estimate::{Method, NotComputable};
use kepi_testkit::{
    road::Road,
    tables::{inputs, project, table},
};

use crate::world::World;

const HEAD: &str = r#"
project: desk
name: Desk
language: 1
time_zone: UTC
---
entity: reply
name: Reply
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  region: {type: text}
  score: {type: "number, 1 decimals"}
---
source: replies
into: reply
from: {csv: {files: replies.csv}}
mode: append
complete_until: 2026-08-15
map:
  id: {column: id, as: text, required: true}
  at: {column: at, as: timestamp, required: true}
"#;

fn mean(id: &str, more: &str) -> String {
    format!(
        "---\nkpi: {id}\nname: {id}\nbetter: higher\nmeasure: {{mean: {{of: reply, value: score}}}}\nperiod: month\nby: [region]\n{more}\n"
    )
}

fn text() -> String {
    let kpis = [
        mean("plain", ""),
        mean("zero", "without_data: zero"),
        mean("carried", "without_data: {carry: {at_most: 2 months}}"),
        mean("imputed", "without_data: {impute: {mean: {last: 2, at_most: 2 months}}}"),
        mean("season", "without_data: {impute: {season: {years: 2, at_most: 1 year}}}"),
        mean("gated", "publish_if: {n: 2}\nwithout_data: {carry: {at_most: 1 year}}"),
        mean("vital", "without_data: block"),
    ];
    let of_others = [
        "---\nkpi: less\nname: less\nbetter: higher\nmeasure: {formula: {kpis: {a: carried}, value: a - 1}}\nperiod: month\n",
        "---\nkpi: growth\nname: growth\nbetter: higher\nmeasure: {formula: {kpis: {a: plain, b: {kpi: carried, ago: 1}}, value: a / b - 1}}\nperiod: month\n",
        "---\nkpi: index\nname: index\nbetter: higher\nmeasure:\n  composite: {kpis: {carried: {weight: 50%, zero: 0, hundred: 10}, plain: {weight: 50%, zero: 0, hundred: 10}}, missing: ignore}\nperiod: month\n",
        "---\nkpi: strict\nname: strict\nbetter: higher\nmeasure:\n  composite: {kpis: {zero: {weight: 50%, zero: 0, hundred: 10}, vital: {weight: 50%, zero: 0, hundred: 10}}, missing: ignore}\nperiod: month\n",
    ];
    HEAD.to_owned() + &kpis.concat() + &of_others.concat()
}

// January 4 and 6, February 7, nothing until June; in March 2024 and 2025 5 and 3.
const REPLIES: &str = "
id:text at:instant region:text score:integer
a 2024-03-10 s 50
b 2025-03-10 s 30
c 2026-01-10 n 40
d 2026-01-11 s 60
e 2026-02-10 s 70
f 2026-06-10 s 90
g 2026-07-10 s -
";

struct Desk {
    project: Project,
    road: Road,
}

impl Desk {
    fn new() -> Self {
        let project = project(&text());
        let road = Road::by_reference(&project, &inputs(vec![("reply", table(&project.calendar, REPLIES))]));
        Self { project, road }
    }
    fn kpi(&self, kpi: &str) -> &Kpi {
        &self.project.kpis[&kpi.parse::<KpiId>().unwrap()]
    }
    fn all(&self, kpi: &str, grain: Grain) -> Vec<Value> {
        AtGrain::new(self.road.context(&self.project), grain).unwrap().values(self.kpi(kpi)).unwrap()
    }
    fn value(&self, kpi: &str, period: &str, segment: &str) -> Option<Value> {
        let period = self.project.calendar.parse(period).unwrap();
        let segment: Segment = segment.parse().unwrap();
        let all = self.all(kpi, period.grain);
        all.into_iter().find(|value| value.period == period && value.segment == segment)
    }
    /// The points of January to August 2026.
    fn months(&self, kpi: &str, segment: &str) -> [Option<f64>; 8] {
        let month = |month| format!("2026-{month:02}");
        [1, 2, 3, 4, 5, 6, 7, 8].map(|of| self.value(kpi, &month(of), segment)?.point())
    }
    /// Where a value comes from that was not measured.
    fn how(&self, kpi: &str, period: &str, segment: &str) -> String {
        let value = self.value(kpi, period, segment).unwrap();
        let estimate = value.estimate.unwrap();
        assert_eq!((estimate.n, estimate.effective_n), (0, 0.0), "it has no cases");
        estimate.not_measured().unwrap().to_owned()
    }
    fn reason(&self, kpi: &str, period: &str) -> NotComputable {
        self.value(kpi, period, "").unwrap().estimate.unwrap_err()
    }
}

#[test]
fn without_a_policy_nothing_stands_in_place_of_nothing() {
    let desk = Desk::new();
    let none = None;
    assert_eq!(desk.months("plain", ""), [Some(5.0), Some(7.0), none, none, none, Some(9.0), none, none]);
    assert_eq!(desk.reason("plain", "2026-03"), NotComputable::NoRows);
    assert_eq!(desk.reason("plain", "2026-07"), NotComputable::NoValues);
    assert!(desk.value("plain", "2026-02", "region=n").is_none(), "a segment without rows is none");
    assert!(desk.value("plain", "2026-08", "").is_none());
    assert_eq!(desk.all("plain", Grain::Month), {
        let vital = desk.all("vital", Grain::Month).into_iter();
        vital.map(|value| Value { kpi: "plain".parse().unwrap(), ..value }).collect::<Vec<_>>()
    });
}

#[test]
fn zero_stands_from_the_first_measured_value_to_as_far_as_the_data_reach() {
    let desk = Desk::new();
    let all = [5.0, 7.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0];
    assert_eq!(desk.months("zero", ""), all.map(Some));
    assert_eq!(desk.months("zero", "region=n"), [4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0].map(Some));
    assert_eq!(desk.how("zero", "2026-03", ""), "taken as zero (no rows)");
    assert_eq!(desk.how("zero", "2026-07", ""), "taken as zero (none of its rows has a value)");
    let value = desk.value("zero", "2026-07", "").unwrap();
    assert_eq!((value.coverage.counted, value.coverage.eligible), (0, 1), "the row without a value is told");
    assert_eq!(value.estimate.unwrap().method, Method::TakenAsZero);
    assert!(desk.value("zero", "2025-12", "region=n").is_none(), "nobody had begun to measure");
    // August is not over: more may come.
    assert_eq!(desk.value("zero", "2026-07", "").unwrap().finality, Finality::Final);
    assert_ne!(desk.value("zero", "2026-08", "").unwrap().finality, Finality::Final);
}

#[test]
fn the_last_measured_value_is_carried_for_so_long_and_no_longer() {
    let desk = Desk::new();
    let [none, seven, nine] = [None, Some(7.0), Some(9.0)];
    assert_eq!(desk.months("carried", ""), [Some(5.0), seven, seven, seven, none, nine, nine, nine]);
    assert_eq!(
        desk.months("carried", "region=n"),
        [4.0; 3].map(Some).into_iter().chain([none; 5]).collect::<Vec<_>>()[..]
    );
    assert_eq!(desk.how("carried", "2026-04", ""), "carried forward from 2026-02 (no rows)");
    assert_eq!(desk.how("carried", "2026-03", "region=n"), "carried forward from 2026-01 (no rows)");
    assert_eq!(desk.reason("carried", "2026-05"), NotComputable::NoRows, "too long ago: the reason stands");
    // February has one case, and what is held back was measured.
    assert_eq!(desk.months("gated", "")[..4], [Some(5.0), None, Some(5.0), Some(5.0)]);
    assert_eq!(desk.reason("gated", "2026-02"), NotComputable::TooFew { n: 1, need: 2 });
    // A quarter is made of its own rows: of those of January and February 17 ⁄ 3, of that of June, and none of its own in the third.
    let quarter = |of| desk.value("carried", of, "").unwrap();
    assert!((quarter("2026-Q1").point().unwrap() - 17.0 / 3.0).abs() < 1e-12);
    assert_eq!(quarter("2026-Q2").point(), Some(9.0));
    assert_eq!(
        quarter("2026-Q3").estimate.unwrap_err(),
        NotComputable::NoValues,
        "2 months reach no quarter"
    );
}

#[test]
fn an_imputed_value_is_made_of_measured_ones_alone() {
    let desk = Desk::new();
    let all = desk.months("imputed", "");
    assert_eq!(all, [Some(5.0), Some(7.0), Some(6.0), Some(6.0), None, Some(9.0), Some(8.0), Some(8.0)]);
    assert_eq!(
        desk.how("imputed", "2026-04", ""),
        "imputed: mean of 2026-01 and 2026-02 (no rows)",
        "not of what was imputed"
    );
    assert!(desk.value("imputed", "2026-02", "region=n").is_none(), "of one value there is no mean of two");
    // March 2025 and March 2024.
    assert_eq!(desk.months("season", "")[2], Some(4.0));
    assert_eq!(desk.how("season", "2026-03", ""), "imputed: mean of 2024-03 and 2025-03 (no rows)");
    assert_eq!(desk.reason("season", "2026-04"), NotComputable::NoRows, "no April was measured");
}

#[test]
fn what_is_computed_of_a_value_that_was_not_measured_was_not_measured_either() {
    let desk = Desk::new();
    assert_eq!(desk.months("less", "")[..5], [Some(4.0), Some(6.0), Some(6.0), Some(6.0), None]);
    assert!(desk.value("less", "2026-02", "").unwrap().measured().is_ok());
    let of = |kpi: &str, period: &str| {
        desk.value(kpi, period, "").unwrap().estimate.unwrap().not_measured().map(str::to_owned)
    };
    assert_eq!(of("less", "2026-03").unwrap(), "`carried` carried forward from 2026-02 (no rows)");
    assert_eq!(of("growth", "2026-02"), None);
    // June against May, of which the carried one has nothing.
    assert!(desk.value("growth", "2026-06", "").unwrap().estimate.is_err());
    // 70 of 100 points of the one that is there.
    assert_eq!(desk.months("index", "")[2], Some(70.0));
    assert_eq!(of("index", "2026-03").unwrap(), "`carried` carried forward from 2026-02 (no rows)");
    assert_eq!(of("index", "2026-02"), None);
    // What says that nothing stands without it is not left out.
    assert!(matches!(desk.reason("strict", "2026-03"), NotComputable::NoInput { .. }));
    assert_eq!(desk.months("strict", "")[1], Some(70.0));
}

#[test]
fn a_value_that_was_filled_in_is_finished_again_from_what_is_kept_and_adds_nothing_to_longer_periods() {
    let desk = Desk::new();
    for kpi in ["zero", "carried", "imputed", "season", "gated", "less", "index"] {
        for value in desk.all(kpi, Grain::Month) {
            let states = CellStates::decode(&value.states).unwrap();
            assert_eq!(states.encode(), &*value.states);
            let again = finished_again(desk.kpi(kpi), &states, desk.project.confidence).unwrap();
            assert_eq!(again, Finished { estimate: value.estimate, coverage: value.coverage }, "{kpi}");
        }
    }
    let year = |kpi: &str| desk.value(kpi, "2026", "").unwrap();
    let months: Vec<CellStates> = desk
        .all("zero", Grain::Month)
        .iter()
        .filter(|value| {
            value.segment.is_total() && desk.project.calendar.label(value.period).starts_with("2026")
        })
        .map(|value| CellStates::decode(&value.states).unwrap())
        .collect();
    assert!(months.len() == 8 && months.iter().any(|month| month.filled.is_some()));
    let sum = CellStates::sum(&months).unwrap();
    let again = finished_again(desk.kpi("zero"), &sum, desk.project.confidence).unwrap();
    assert_eq!(again.estimate.unwrap().point, 26.0 / 4.0, "4, 6, 7 and 9");
    assert_eq!(year("zero").point(), Some(26.0 / 4.0));
}

#[test]
fn bytes_of_what_was_filled_in_are_read_or_refused() {
    let filled =
        Filled { way: Way::Carried, point: 7.0_f64.to_bits(), since: -3, how: "from 2026-02".to_owned() };
    let states = CellStates { filled: Some(filled), ..CellStates::default() };
    let bytes = states.encode();
    assert_eq!(bytes[..2], [5, 1]);
    assert_eq!(CellStates::decode(&bytes).unwrap(), states);
    for end in 0..bytes.len() {
        assert!(CellStates::decode(&bytes[..end]).is_err(), "{end}");
    }
    let twice: Vec<u8> = bytes[..bytes.len() - 2].iter().chain(&bytes).copied().collect();
    assert!(CellStates::decode(&twice).is_err(), "nothing is filled in twice");
    let deep: Vec<u8> = [5, 0, 0, 0, 0].repeat(100_000);
    assert!(CellStates::decode(&deep).is_err(), "and damaged bytes do not fill the stack");
    assert_eq!(CellStates { inputs: vec![Some(states)], ..CellStates::default() }.filled_since(), Some(-3));
}

#[test]
fn a_policy_changes_nothing_that_is_measured() {
    let world = World::new();
    let policies = [
        WithoutData::Zero,
        WithoutData::Carry(Over::Last(2, Grain::Month)),
        WithoutData::Impute(Imputation::Mean(2), Over::Last(1, Grain::Quarter)),
    ];
    let (mut filled, mut same) = (0, 0);
    for grain in [Grain::Month, Grain::Quarter] {
        let at = AtGrain::new(world.context(), grain).unwrap();
        for kpi in world.project.kpis.values() {
            let before = at.values(kpi).unwrap();
            for policy in policies {
                let after = at.values(&Kpi { without_data: policy, ..kpi.clone() }).unwrap();
                let mut keys: Vec<_> = after.iter().map(|value| (value.period, &value.segment)).collect();
                keys.sort();
                keys.dedup();
                assert_eq!(keys.len(), after.len(), "one value each");
                for value in &before {
                    let now =
                        after.iter().find(|of| (of.period, &of.segment) == (value.period, &value.segment));
                    let now = now.unwrap();
                    if now == value {
                        same += 1;
                    } else {
                        assert!(value.estimate.is_err() && now.measured().is_err() && now.estimate.is_ok());
                        assert_eq!(now.coverage, value.coverage);
                    }
                }
                filled +=
                    after.iter().filter(|value| value.estimate.is_ok() && value.measured().is_err()).count();
            }
        }
    }
    assert!(filled >= 5 && same > 500, "{filled} {same}");
}

#[test]
fn what_is_carried_from_a_period_that_is_not_trusted_is_not_trusted_either() {
    let rule = "---\nkpi: known\nname: known\nbetter: higher\nmeasure: {share: {of: reply, which: region is not null}}\nperiod: month\n---\nrule: regions\nname: Regions are known\nkpi: known\nat_least: 90%\nelse: distrust\n";
    let project = project(&(text() + rule));
    let replies = REPLIES.replace("2026-02-10 s", "2026-02-10 -");
    let road = Road::by_reference(&project, &inputs(vec![("reply", table(&project.calendar, &replies))]));
    let at = AtGrain::new(road.context(&project), Grain::Month).unwrap();
    let of = |kpi: &str| at.values(&project.kpis[&kpi.parse::<KpiId>().unwrap()]).unwrap();
    let mut values: Vec<Value> = ["known", "carried", "less", "zero"].into_iter().flat_map(of).collect();
    let judged = withhold(&project, &mut values).unwrap();
    let value = |kpi: &str, month: i32| {
        let period = Period::new(Grain::Month, 56 * 12 + month - 1, FiscalCalendar::default());
        let found =
            values.iter().find(|of| of.kpi.as_str() == kpi && of.period == period && of.segment.is_total());
        found.unwrap().estimate.clone().map(|of| of.point)
    };
    let not_trusted = |kpi: &str, month| matches!(value(kpi, month), Err(NotComputable::NotTrusted { .. }));
    assert!(not_trusted("carried", 2) && not_trusted("carried", 3) && not_trusted("carried", 4));
    assert!(not_trusted("less", 3), "nor what is computed of it");
    assert_eq!(value("carried", 1), Ok(5.0));
    assert_eq!(value("carried", 8), Ok(9.0), "June is trusted");
    assert_eq!(value("zero", 3), Ok(0.0), "which is made of no rows");
    assert!(judged.withheld.iter().any(|of| of.kpi.as_str() == "carried" && of.periods.len() == 3));
}
