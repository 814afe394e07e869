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

const CRM: &str = "project: crm
name: CRM
language: 1
time_zone: UTC
---
entity: account
attributes:
  region: {type: text}
---
entity: ticket
---
source: accounts
name: Accounts
into: account
from: {csv: {files: \"data/accounts_*.csv\"}}
mode: upsert
version: updated_at
merges: {into: master}
quarantine: {at_most: 100%}
map:
  id: {column: id, as: text}
  region: {column: region, as: text}
  updated_at: {column: updated, as: timestamp}
---
source: tickets
into: ticket
from: {csv: {files: \"data/tickets_*.csv\"}}
mode: append
complete_until: 2026-03-05
map:
  id: {column: id, as: text}
  opened_at: {column: day, as: date}
  account: {column: account, as: reference account}
---
kpi: tickets
name: Tickets
better: lower
measure: {count: {of: ticket}}
period: day
by: {region: account.region}
---
kpi: customers
name: Customers with a ticket
better: higher
measure: {distinct: {of: ticket, value: account}}
period: day
";

/// What published figures say, by KPI, day and segment; nothing of days without a row.
type Segments = BTreeMap<(String, u32, String), u32>;

fn segments(project: &Project) -> Segments {
    let mut all = Segments::new();
    for kpi in ["tickets", "customers"] {
        for line in project.ok(&["show", "kpi", kpi, "--format", "csv"]).lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let day = cells[1].rsplit('-').next().unwrap().parse().unwrap();
            let value = cells[3].parse().unwrap();
            if value > 0 {
                all.insert((kpi.to_owned(), day, cells[2].trim_start_matches("region=").to_owned()), value);
            }
        }
    }
    all
}

/// What they are to say: tickets as day and account, and the region of each account.
fn of_tickets(tickets: &[(u32, &str)], regions: &[(&str, &str)]) -> Segments {
    let mut all = Segments::new();
    let mut customers: BTreeSet<(u32, &str)> = BTreeSet::new();
    for (day, account) in tickets {
        let region = regions.iter().find(|(of, _)| of == account).unwrap().1;
        for segment in ["", region] {
            *all.entry(("tickets".to_owned(), *day, segment.to_owned())).or_default() += 1;
        }
        customers.insert((*day, account));
    }
    for (day, _) in customers {
        *all.entry(("customers".to_owned(), day, String::new())).or_default() += 1;
    }
    all
}

#[test]
fn what_was_merged_counts_for_whom_it_was_merged_into() {
    let project = Project::empty();
    project.write("kepi.yml", CRM);
    let accounts = |n: usize, rows: &str| {
        let rows: String =
            rows.lines().map(|row| format!("{row},2026-04-{:02}T00:00:00Z\n", n + 1)).collect();
        project.write(&format!("data/accounts_{n}.csv"), &format!("id,region,master,updated\n{rows}"));
    };
    let tickets = |n: usize, rows: &str| {
        project.write(&format!("data/tickets_{n}.csv"), &format!("id,day,account\n{rows}"));
    };
    let run = || -> Value {
        let run: Value = serde_json::from_str(&project.ok(&["run", "--format", "json"])).unwrap();
        for load in run["loads"].as_array().unwrap() {
            let of = |name: &str| load["counts"][name].as_u64().unwrap();
            let landed = of("accepted") + of("superseding") + of("quarantined") + of("duplicate");
            assert_eq!(of("read"), of("out_of_scope") + landed, "{load}");
        }
        run
    };
    let followed = |run: &Value| -> u64 {
        let loads = run["loads"].as_array().unwrap().iter();
        let landed = loads.filter(|load| load["outcome"] == "landed");
        landed.filter_map(|load| load["followed"]["ticket"].as_u64()).sum()
    };
    let regions = [("A1", "north"), ("A2", "south"), ("A3", "west")];
    accounts(0, "A1,north,\nA2,south,\nA3,west,\n");
    tickets(0, "1,2026-03-01,A1\n2,2026-03-02,A2\n3,2026-03-03,A1\n4,2026-03-03,A2\n5,2026-03-04,A3\n");
    run();
    let first = segments(&project);
    assert_eq!(first, of_tickets(&[(1, "A1"), (2, "A2"), (3, "A1"), (3, "A2"), (4, "A3")], &regions));

    // A1 is merged into A2: its tickets are those of A2, and nothing else is another.
    accounts(1, "A1,north,A2\n");
    let merged = run();
    assert_eq!(followed(&merged), 2);
    // Two segments are restated or begin, the one they came from ends; days and figures that no ticket of A1 is in stay.
    let counts = ["first", "restated", "withdrawn"].map(|name| merged[name].as_u64().unwrap());
    assert_eq!(counts, [1, 2, 2], "{merged:#}");
    assert_eq!(merged["changed"], serde_json::json!({"customers": ["2026-03-01", "2026-03-03"]}));
    assert_eq!(
        segments(&project),
        of_tickets(&[(1, "A2"), (2, "A2"), (3, "A2"), (3, "A2"), (4, "A3")], &regions)
    );
    let why = project.ok(&["show", "kpi", "customers", "--period", "2026-03-03"]);
    assert!(why.contains("Accounts: 2 rows refer to others, because of merges"), "{why}");
    // What no merge touched is as it was published, and is reproduced from the files of then.
    project.ok(&["reproduce"]);

    // Then A2 into A3, and a ticket that still says A1 comes late.
    accounts(2, "A2,south,A3\n");
    tickets(1, "6,2026-03-04,A1\n");
    assert_eq!(followed(&run()), 4);
    let all = of_tickets(&[(1, "A3"), (2, "A3"), (3, "A3"), (3, "A3"), (4, "A3"), (4, "A3")], &regions);
    assert_eq!(segments(&project), all);
    let traced = project.ok(&["trace", "ticket", "6"]);
    assert!(traced.contains("account = A3 (its source says A1, which was merged into this)"), "{traced}");
    let traced = project.ok(&["trace", "account", "A2"]);
    assert!(traced.contains("merged into A3 at the source"), "{traced}");

    // What would close a circle is rejected, and nothing is lost.
    accounts(3, "A3,west,A1\n");
    assert_eq!(followed(&run()), 0);
    let rejected = project.ok(&["show", "quarantine"]);
    assert!(rejected.contains("Accounts · merged"), "{rejected}");
    assert_eq!(segments(&project), all);

    // It is taken back: each ticket is whose its source said.
    accounts(4, "A1,north,\n");
    assert_eq!(followed(&run()), 3);
    let all = of_tickets(&[(1, "A1"), (2, "A3"), (3, "A1"), (3, "A3"), (4, "A3"), (4, "A1")], &regions);
    assert_eq!(segments(&project), all);
    project.ok(&["reproduce"]);

    // Its versions are told in the order of time.
    let traced: Value =
        serde_json::from_str(&project.ok(&["trace", "account", "A1", "--format", "json"])).unwrap();
    let since: Vec<Option<&str>> =
        traced.as_array().unwrap().iter().map(|row| row["valid_from"].as_str()).collect();
    assert!(since.len() > 2 && since.is_sorted(), "{traced}");

    let erased = project.ok(&["erase", "account", "A3", "--dry-run"]);
    assert!(erased.contains("merged into them at the source, so they go, too: A2"), "{erased}");
    let (_, refused) = project.fails(3, &["erase", "account", "A2", "--dry-run"]);
    assert!(refused.contains("`A2` was merged into `A3`: erase that"), "{refused}");
}
