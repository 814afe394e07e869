//! What changes at the source changes the values that it touches, and no others: deletions, edits, rows that move to another day, survey
//! answers that are scored anew; and the run says which.

use std::collections::{BTreeMap, BTreeSet};

use kepi_testkit::arbitrary::Chance;
use serde_json::Value;

use crate::support::Project;

const SHOP: &str = "project: shop
name: Shop
language: 1
time_zone: UTC
---
entity: order
attributes:
  amount: {type: \"money EUR, 2 decimals\"}
  gone: {type: boolean}
---
entity: survey_response
attributes:
  score: {type: integer, scale: 0..10}
  changed_at: {type: timestamp}
---
source: orders
into: order
from: {csv: {files: \"data/orders_*.csv\"}}
mode: upsert
version: updated_at
deletes: {where: gone}
map:
  id: {column: id, as: text}
  ordered_at: {column: day, as: date}
  amount: {column: amount, as: \"money EUR, 2 decimals\"}
  gone: {column: gone, as: boolean}
  updated_at: {column: updated, as: timestamp}
---
source: order_keys
into: order
from: {csv: {files: \"data/keys_*.csv\"}}
mode: keys
keys_of: orders
deletes: {at_most: 50%}
map: {id: {column: id, as: text}}
---
source: answers
into: survey_response
from: {csv: {files: \"data/answers_*.csv\"}}
mode: upsert
version: changed_at
map:
  id: {column: id, as: text}
  responded_at: {column: day, as: date}
  score: {column: score, as: integer}
  changed_at: {column: changed, as: timestamp}
---
kpi: orders
name: Orders
better: higher
measure: {count: {of: order}}
period: day
---
kpi: sales
name: Sales
better: higher
measure: {sum: {of: order, value: amount}}
period: day
---
kpi: score
name: Score
better: higher
measure: {mean: {of: survey_response, value: score}}
period: day
";

/// By KPI and day.
type Figures = BTreeMap<(String, String), f64>;

fn figures(project: &Project) -> Figures {
    let mut all = Figures::new();
    for kpi in ["orders", "sales", "score"] {
        for line in project.ok(&["show", "kpi", kpi, "--format", "csv"]).lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            // A day without a row is one with none.
            if let Some(value) = cells[3].parse().ok().filter(|value| (kpi, *value) != ("orders", 0.0)) {
                all.insert((kpi.to_owned(), cells[1].to_owned()), value);
            }
        }
    }
    all
}

/// What there is at the source.
#[derive(Default)]
struct World {
    /// Day and cents by key.
    orders: BTreeMap<u32, (u32, u32)>,
    /// Day and score by key.
    answers: BTreeMap<u32, (u32, u32)>,
}

impl World {
    fn expected(&self) -> Figures {
        let mut all = Figures::new();
        let day = |day: u32| format!("2026-03-{day:02}");
        let (mut scores, mut sales): (BTreeMap<u32, Vec<u32>>, BTreeMap<u32, u32>) = Default::default();
        for (of, cents) in self.orders.values() {
            *all.entry(("orders".into(), day(*of))).or_default() += 1.0;
            *sales.entry(*of).or_default() += cents;
        }
        self.answers.values().for_each(|(of, score)| scores.entry(*of).or_default().push(*score));
        all.extend(
            sales.into_iter().map(|(of, cents)| (("sales".into(), day(of)), f64::from(cents) / 100.0)),
        );
        for (of, scores) in scores {
            all.insert(
                ("score".into(), day(of)),
                f64::from(scores.iter().sum::<u32>()) / scores.len() as f64,
            );
        }
        all
    }
}

#[test]
fn what_changes_at_the_source_changes_those_values_and_no_others() {
    let count: usize = std::env::var("KEPI_COUNT").map_or(1, |text| text.parse().unwrap());
    let first: u64 = std::env::var("KEPI_SEED").map_or(7, |text| text.parse().unwrap());
    for seed in first..first + count as u64 {
        one(seed);
    }
}

fn one(seed: u64) {
    let mut chance = Chance::new(seed);
    let project = Project::empty();
    project.write("kepi.yml", SHOP);
    let mut world = World::default();
    let below = |chance: &mut Chance, n: usize| chance.below(n) as u32;
    for key in 0..30 {
        world.orders.insert(key, (1 + below(&mut chance, 9), below(&mut chance, 9000)));
        world.answers.insert(key, (1 + below(&mut chance, 9), below(&mut chance, 11)));
    }
    let order = |n: usize, key: u32, (day, cents): (u32, u32), gone: bool| {
        format!(
            "o{key},2026-03-{day:02},{}.{:02},{gone},2026-04-01T00:{n:02}:00Z\n",
            cents / 100,
            cents % 100
        )
    };
    let answer = |n: usize, key: u32, (day, score): (u32, u32)| {
        format!("a{key},2026-03-{day:02},{score},2026-04-01T00:{n:02}:00Z\n")
    };
    let write = |n: usize, orders: &str, answers: &str| {
        project.write(&format!("data/orders_{n:02}.csv"), &format!("id,day,amount,gone,updated\n{orders}"));
        project.write(&format!("data/answers_{n:02}.csv"), &format!("id,day,score,changed\n{answers}"));
    };
    let keys = |n: usize, world: &World| {
        let keys: String = world.orders.keys().map(|key| format!("o{key}\n")).collect();
        project.write(&format!("data/keys_{n:02}.csv"), &format!("id\n{keys}"));
    };
    let all: String = world.orders.iter().map(|(key, of)| order(0, *key, *of, false)).collect();
    let said: String = world.answers.iter().map(|(key, of)| answer(0, *key, *of)).collect();
    write(0, &all, &said);
    keys(0, &world);
    project.ok(&["run", "--quiet"]);
    let mut before = figures(&project);
    assert_eq!(before, world.expected());
    for n in 1..=8 {
        let (mut orders, mut answers) = (String::new(), String::new());
        let mut touched: BTreeSet<(&str, u32)> = BTreeSet::new();
        for _ in 0..3 {
            let key = below(&mut chance, 34);
            let old = world.orders.get(&key).copied();
            let new = match chance.below(5) {
                // Deleted: by a row that says so, or by a list of keys that lacks it.
                0 | 1 => None,
                // Edited in its place; moved to another day.
                2 => Some((old.map_or(3, |(day, _)| day), below(&mut chance, 9000))),
                _ => Some((1 + below(&mut chance, 9), old.map_or(500, |(_, cents)| cents))),
            };
            if new == old || orders.contains(&format!("o{key},")) {
                continue;
            }
            touched.extend(
                [old, new].into_iter().flatten().flat_map(|(day, _)| [("orders", day), ("sales", day)]),
            );
            match new {
                Some(new) => {
                    orders.push_str(&order(n, key, new, false));
                    world.orders.insert(key, new);
                }
                None => {
                    if n % 2 == 0 {
                        orders.push_str(&order(n, key, (1, 0), true));
                    }
                    world.orders.remove(&key);
                }
            }
        }
        // An answer is scored anew.
        let key = below(&mut chance, 30);
        let (day, old) = world.answers[&key];
        let new = below(&mut chance, 11);
        if new != old {
            answers.push_str(&answer(n, key, (day, new)));
            world.answers.insert(key, (day, new));
            touched.insert(("score", day));
        }
        write(n, &orders, &answers);
        keys(n, &world);
        let run: Value = serde_json::from_str(&project.ok(&["run", "--format", "json"])).unwrap();
        let now = figures(&project);
        assert_eq!(now, world.expected(), "seed {seed}, step {n}");
        let places: BTreeSet<_> = before.keys().chain(now.keys()).collect();
        let changed: BTreeSet<(String, String)> =
            places.into_iter().filter(|at| before.get(*at) != now.get(*at)).cloned().collect();
        let predicted: BTreeSet<(String, String)> =
            touched.iter().map(|(kpi, day)| ((*kpi).to_owned(), format!("2026-03-{day:02}"))).collect();
        assert!(changed.is_subset(&predicted), "seed {seed}, step {n}: {changed:?} beyond {predicted:?}");
        // The run names them; what it published for the first time is no change.
        let named: BTreeSet<(String, String)> = run["changed"]
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(kpi, days)| {
                let days = days.as_array().unwrap().iter();
                days.map(move |day| (kpi.clone(), day.as_str().unwrap().to_owned()))
            })
            .collect();
        let known: BTreeSet<_> = changed.iter().filter(|at| before.contains_key(*at)).cloned().collect();
        assert!(known.is_subset(&named), "seed {seed}, step {n}: {known:?} not all in {named:?}");
        assert!(named.is_subset(&predicted), "seed {seed}, step {n}: {named:?} beyond {predicted:?}");
        before = now;
    }
    let loads: Value = serde_json::from_str(&project.ok(&["sources", "--format", "json"])).unwrap();
    assert!(loads.to_string().contains("order_keys"), "{loads}");
}
