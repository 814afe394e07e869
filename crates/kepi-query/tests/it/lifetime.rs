//! What customers will still bring: histories become the set that a model is fitted to, and what it came to is kept.

use std::{fmt::Write, path::PathBuf};

use kepi_model::{calendar::Grain, id::KpiId, project::Project};
use kepi_query::{
    finish::{AtGrain, finished_again},
    state::wire::CellStates,
    value::{Segment, Value},
};
use kepi_stats::{
    estimate::{Level, Method, NotComputable},
    value::{
        History,
        lifetime::{Ahead, Buyer, of_buyers},
    },
};
use kepi_testkit::{
    arbitrary::Chance,
    road::Road,
    tables::{inputs, project, table},
};

const SHOP: &str = r#"
project: shop
name: Shop
language: 1
time_zone: UTC
---
entity: history
name: History
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  buyer: {type: text}
  land: {type: text}
  repeats: {type: integer}
  last: {type: duration}
  age: {type: duration}
  spent: {type: "money USD, 2 decimals"}
---
kpi: worth
name: Worth
better: higher
measure:
  lifetime_value: {of: history, customer: buyer, repeats: repeats, last: last, age: age, spent: spent, ahead: 365 days, discount: 12.6825%}
period: month
by: [land]
---
kpi: equity
name: Equity
better: higher
measure:
  lifetime_value: {of: history, customer: buyer, repeats: repeats, last: last, age: age, spent: spent, ahead: 365 days, discount: 12.6825%, summary: total}
period: month
---
kpi: half
name: Half of it
better: higher
measure: {formula: {kpis: {equity: equity}, value: equity * 0.5}}
period: month
"#;

/// A day in µs.
const DAY: i64 = 86_400_000_000;
const HEAD: &str = "id:text at:instant buyer:text land:text repeats:integer last:integer age:integer spent:integer _valid_to:instant\n";

struct Shop {
    project: Project,
    road: Road,
}

impl Shop {
    fn new(rows: &str) -> Self {
        let project = project(SHOP);
        let tables = inputs(vec![("history", table(&project.calendar, &format!("{HEAD}{rows}")))]);
        let road = Road::by_reference(&project, &tables);
        Self { project, road }
    }
    fn value(&self, kpi: &str, segment: &str) -> Value {
        let kpi = &self.project.kpis[&kpi.parse::<KpiId>().unwrap()];
        let all = AtGrain::new(self.road.context(&self.project), Grain::Month).unwrap().values(kpi).unwrap();
        let period = self.project.calendar.parse("2026-01").unwrap();
        let segment: Segment = segment.parse().unwrap();
        all.into_iter().find(|value| value.period == period && value.segment == segment).unwrap()
    }
}

/// Histories of people who buy at a pace of their own and leave after some purchase: repeats, days of the last and of all, cents
/// of the repeats.
fn histories(n: usize) -> Vec<(i64, i64, i64, i64)> {
    let mut chance = Chance::new(1907);
    let share = |chance: &mut Chance| (chance.between(0, 999_999) as f64 + 0.5) / 1e6;
    let mut of = |_| {
        let age = chance.between(200, 400);
        let pace = *chance.pick(&[8.0, 20.0, 45.0, 110.0]);
        let leave = *chance.pick(&[0.02, 0.1, 0.3, 0.7]);
        let (mut repeats, mut last, mut now) = (0, 0, 0);
        loop {
            now += 1 + (-share(&mut chance).ln() * pace) as i64;
            if now >= age {
                break;
            }
            (repeats, last) = (repeats + 1, now);
            if share(&mut chance) < leave {
                break;
            }
        }
        let price = *chance.pick(&[900, 1500, 2500, 4000]) + chance.between(-300, 300);
        (repeats, last, age, repeats * price)
    };
    (0..n).map(&mut of).collect()
}

fn expected<'a>(of: impl Iterator<Item = &'a (i64, i64, i64, i64)>) -> kepi_stats::estimate::Estimate {
    let buyers: Vec<Buyer> = of
        .map(|(repeats, last, age, spent)| Buyer {
            history: History { repeats: *repeats as u32, last: *last as f64, age: *age as f64 },
            spent: *spent as f64 / 100.0,
        })
        .collect();
    let worth = of_buyers(&buyers, Ahead::of_days(365.0, 0.126_825)).unwrap();
    worth.total(Level::NINETY_FIVE)
}

#[test]
fn the_worth_of_customers_is_that_of_their_histories() {
    let all = histories(150);
    let mut rows = String::new();
    for (place, (repeats, last, age, spent)) in all.iter().enumerate() {
        let land = if place % 3 == 0 { "at" } else { "de" };
        let (last, age) = (last * DAY, age * DAY);
        writeln!(rows, "r{place} 2026-01-31 b{place} {land} {repeats} {last} {age} {spent} -").unwrap();
        if place % 7 == 0 {
            // What was known of it a day earlier: of two rows of a buyer the older history counts.
            let earlier = age - DAY;
            let last = last.min(earlier);
            writeln!(rows, "e{place} 2026-01-30 b{place} {land} {repeats} {last} {earlier} {spent} -")
                .unwrap();
        }
    }
    // Whose repeats were all returned, and a row that says nothing.
    writeln!(rows, "x1 2026-01-31 x1 de 2 {} {} 0 -", 3 * DAY, 200 * DAY).unwrap();
    writeln!(rows, "x2 2026-01-31 x2 de - 0 {} 0 -", 200 * DAY).unwrap();
    let shop = Shop::new(&rows);
    let equity = shop.value("equity", "");
    let want = expected(all.iter());
    let estimate = equity.estimate.as_ref().unwrap();
    assert!((estimate.point / want.point - 1.0).abs() < 1e-12, "{} {}", estimate.point, want.point);
    let (got, own) = (estimate.interval.as_ref().unwrap(), want.interval.as_ref().unwrap());
    assert!((got.low / own.low - 1.0).abs() < 1e-9 && (got.high / own.high - 1.0).abs() < 1e-9);
    assert_eq!((estimate.n, estimate.method), (150, Method::MaximumLikelihood));
    let doubled = all.iter().step_by(7).count() as u64;
    assert_eq!((equity.coverage.counted, equity.coverage.eligible), (150 + doubled, 152 + doubled));
    // A customer of all of them, and a model of its own for each segment.
    let mean = shop.value("worth", "").estimate.unwrap();
    assert!((mean.point - want.point / 150.0).abs() < 1e-9);
    let part = shop.value("worth", "land=at").estimate.unwrap();
    let own = expected(all.iter().step_by(3));
    assert!((part.point - own.point / 50.0).abs() < 1e-9, "{} {}", part.point, own.point / 50.0);
    // What is kept is what the model came to, and finishes to the same bits, alone and within a formula.
    for kpi in ["worth", "equity", "half"] {
        let value = shop.value(kpi, "");
        let states = CellStates::decode(&value.states).unwrap();
        let definition = &shop.project.kpis[&kpi.parse::<KpiId>().unwrap()];
        let again = finished_again(definition, &states, shop.project.confidence).unwrap();
        assert_eq!((again.estimate, again.coverage), (value.estimate, value.coverage), "{kpi}");
        let text = String::from_utf8_lossy(&value.states).into_owned();
        assert!(!text.contains("b17"), "no customer stands in what is kept");
    }
    let half = shop.value("half", "").estimate.unwrap();
    assert!((half.point - want.point / 2.0).abs() < 1e-9);
}

#[test]
fn where_no_model_fits_there_is_a_reason_and_it_is_kept() {
    let shop = Shop::new(&format!(
        "r1 2026-01-31 b1 de 1 {DAY} {} 500 -\nr2 2026-01-31 b2 de 0 0 {} 0 -",
        9 * DAY,
        5 * DAY
    ));
    let value = shop.value("equity", "");
    assert_eq!(value.estimate, Err(NotComputable::TooFew { n: 2, need: 5 }));
    let states = CellStates::decode(&value.states).unwrap();
    let equity = &shop.project.kpis[&"equity".parse::<KpiId>().unwrap()];
    let again = finished_again(equity, &states, shop.project.confidence).unwrap();
    assert_eq!(again.estimate, value.estimate);
}

/// CDNOW, as lifetimes ships it with the spend; fetched by `make tools`.
#[test]
fn cdnow_comes_to_its_published_worth() {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/reference/cdnow_summary_monetary.csv");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("SKIPPED: needs cdnow_summary_monetary.csv: run `make tools`");
        return;
    };
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let place = |name: &str| head.iter().position(|of| *of == name).unwrap();
    let [x, recency, age, money] = ["frequency", "recency", "T", "monetary_value"].map(place);
    let mut rows = String::new();
    for (row, line) in lines.enumerate() {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN)).collect();
        // Weeks.
        let micros = |weeks: f64| (weeks * 7.0 * DAY as f64).round() as i64;
        let spent = (cells[x] * cells[money] * 100.0).round() as i64;
        let (last, age) = (micros(cells[recency]), micros(cells[age]));
        writeln!(rows, "r{row} 2026-01-31 b{row} de {} {last} {age} {spent} -", cells[x]).unwrap();
    }
    let shop = Shop::new(&rows);
    let mean = shop.value("worth", "").estimate.unwrap();
    let interval = mean.interval.unwrap();
    // As the chapter on customer value says, with lifetimes' own sums of the first five customers: twelve months at 1 % a month.
    assert!((mean.point - 30.34).abs() < 0.01, "{}", mean.point);
    assert!((interval.low - 27.40).abs() < 0.02 && (interval.high - 33.60).abs() < 0.02, "{interval:?}");
}
