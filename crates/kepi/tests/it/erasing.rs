//! Erasing through the binary: rows go, published figures stand to the bit and are verified, also in a period that is frozen.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use serde_json::Value;

use crate::support::Project;

pub const SHOP: &str = "project: shop
name: Shop
language: 1
time_zone: UTC
---
person: ines
name: Ines
---
person: olga
name: Olga
---
unit: company
name: Company
---
strategy: growth
mission: They come back.
perspectives:
  customers: {name: Customers}
objectives:
  they_buy: {name: They buy, perspective: customers}
---
scorecard: company
name: Company
unit: company
period: month
missing: {rule: ignore, minimum_coverage: 50%}
perspectives:
  customers:
    weight: 100%
    objectives:
      they_buy: {weight: 100%, kpis: {revenue: 60%, buyers: 40%}}
---
entity: customer
name: Customer
key: [id]
attributes:
  id: {type: text, name: Id}
  email: {type: text, name: Email, personal: true}
  tier: {type: text, name: Tier}
  purchases: {count: purchase, name: Purchases}
---
entity: purchase
name: Purchase
key: [id]
time: bought_at
attributes:
  id: {type: text, name: Id}
  customer: {type: reference customer, name: Customer}
  bought_at: {type: timestamp, name: Bought}
  amount: {type: \"money EUR, 2 decimals\", name: Amount}
---
source: customers
into: customer
from: {csv: {files: \"data/customers_*.csv\"}}
mode: upsert
map:
  id: {column: id, as: text}
  email: {column: email, as: text}
  tier: {column: tier, as: text}
---
source: purchases
into: purchase
from: {csv: {files: \"data/purchases_*.csv\"}}
mode: append
quarantine: {at_most: 100%}
map:
  id: {column: id, as: text}
  customer: {column: customer, as: reference customer}
  bought_at: {column: at, as: timestamp}
  amount: {column: amount, as: \"money EUR, 2 decimals\"}
---
kpi: revenue
name: Revenue
objective: they_buy
better: higher
accountable: olga
measure: {sum: {of: purchase, value: amount}}
period: month
by: {tier: customer.tier}
targets: [{from: 2020-01-01, threshold: 100.00 EUR, target: 400.00 EUR, basis: {expectation: \"as agreed\"}}]
---
kpi: buyers
name: Buyers
objective: they_buy
better: higher
accountable: olga
measure: {distinct: {of: purchase, value: customer}}
period: month
targets: [{from: 2020-01-01, threshold: 5, target: 10, basis: {expectation: \"as agreed\"}}]
---
kpi: growth
name: Growth
objective: they_buy
better: higher
accountable: olga
measure: {formula: {kpis: {now: revenue, then: {kpi: revenue, ago: 1 month}}, value: now - then}}
period: month
---
kpi: regulars
name: Purchases of those who came back
objective: they_buy
better: higher
accountable: olga
measure: {count: {of: purchase, where: \"customer.purchases >= 4\"}}
period: month
final_after: 1 month
";

/// What nothing but rows of a customer has.
pub fn mark(n: usize) -> String {
    format!("qzc{n:03}zq")
}

pub fn customers(all: impl Iterator<Item = usize>) -> String {
    let mut file = "id,email,tier\n".to_owned();
    for n in all {
        writeln!(file, "{0},{0}@example.org,{1}", mark(n), if n % 3 == 0 { "gold" } else { "basic" })
            .unwrap();
    }
    file
}

/// Purchases of months 1 to `until` of 2026, some of them of an amount that is none.
pub fn purchases(delivery: usize, months: std::ops::RangeInclusive<usize>) -> String {
    let mut file = "id,customer,at,amount\n".to_owned();
    for month in months {
        for n in 0..12 {
            for again in 0..=(n + month) % 2 {
                let id = format!("p{delivery}-{month}-{n}-{again}");
                let day = 1 + (n * 2 + again) % 27;
                writeln!(file, "{id},{},2026-{month:02}-{day:02}T10:00:00Z,{}.50", mark(n), 10 + n).unwrap();
            }
        }
        writeln!(file, "p{delivery}-{month}-x,{},2026-{month:02}-03T10:00:00Z,12x", mark(1)).unwrap();
    }
    file
}

/// Every published figure as it stands.
pub fn figures(project: &Project) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for kpi in ["revenue", "buyers", "growth", "regulars"] {
        let shown = project.ok(&["show", "kpi", kpi, "--format", "json"]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        all.insert(kpi.to_owned(), shown["kpi"]["series"].clone());
        assert!(shown["kpi"]["series"].is_array() || shown["kpi"]["value"].is_object(), "{shown}");
        all.insert(format!("{kpi} value"), shown["kpi"]["value"].clone());
    }
    all
}

pub fn reproduce(project: &Project) -> Value {
    serde_json::from_str(&project.ok(&["reproduce", "--format", "json"])).unwrap()
}

/// How often the mark of a customer stands in the bytes of what Kepi keeps, but for Parquet, which compresses them.
fn bytes_with(project: &Project, n: usize) -> Vec<String> {
    fn walk(folder: &std::path::Path, mark: &str, into: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                walk(&entry, mark, into);
            } else if fs::read(&entry).unwrap().windows(mark.len()).any(|w| w == mark.as_bytes()) {
                into.push(entry.display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    walk(&project.path().join(".kepi"), &mark(n), &mut found);
    found
}

/// The shop; `governed`: others decide, and there are two owners.
fn shop(governed: bool) -> Project {
    let project = Project::empty();
    project.set_clock("2026-05-04T09:00:00Z");
    let owners = "---\ngovernance: shop\nmode: reviewed\nowners: [ines, olga]\n";
    project.write("kepi.yml", &format!("{SHOP}{}", if governed { owners } else { "" }));
    project.write("data/customers_1.csv", &customers(0..12));
    project.write("data/purchases_1.csv", &purchases(1, 1..=4));
    project.fails_or_not(&["run", "--quiet", "--as", "ines"]);
    project
}

#[test]
fn what_is_published_stands_and_is_verified_after_its_rows_were_erased() {
    let project = shop(false);
    project.ok(&["freeze", "2026-01", "-m", "the quarter is reported", "--as", "olga"]);
    let (before, first) = (figures(&project), reproduce(&project));
    assert!(first["differences"].as_array().unwrap().is_empty() && first["erased"].is_null(), "{first}");
    assert!(!bytes_with(&project, 1).is_empty(), "who looks finds it before");

    // Looking changes nothing.
    let dry = project.ok(&["erase", "customer", &mark(1), "--dry-run", "--format", "json", "--as", "ines"]);
    let dry: Value = serde_json::from_str(&dry).unwrap();
    assert_eq!(dry["holding"]["rows"]["customer"], 1, "{dry}");
    assert_eq!((&dry["holding"]["emptied"]["purchase"], &dry["holding"]["rejected"]), (&6.into(), &4.into()));
    assert!(dry["event"].is_null() && dry["figures"].as_u64().unwrap() > 10, "{dry}");
    assert_eq!(dry["unproven"], 0);
    assert_eq!(dry["holding"]["elsewhere"]["customers"][0], "data/customers_1.csv");
    assert_eq!((figures(&project), reproduce(&project)), (before.clone(), first.clone()));

    // One whose purchases stay, one whose purchases go. Without a reason, or by nobody of the project, nothing is.
    let (_, refused) = project.fails(3, &["erase", "customer", &mark(1), "--as", "ines"]);
    assert!(refused.contains("say why"), "{refused}");
    let (_, refused) = project.fails(3, &["erase", "customer", "nobody", "-m", "asked", "--as", "ines"]);
    assert!(refused.contains("nothing is kept of that row"), "{refused}");
    let done = project.ok(&["erase", "customer", &mark(1), "-m", "request 1", "--as", "ines"]);
    assert!(done.contains("rows that stay and lose their reference: 6 of purchase"), "{done}");
    project.write("keys.txt", &format!("{}\n{}\n", mark(2), mark(3)));
    let keys = project.path().join("keys.txt").display().to_string();
    let both =
        ["erase", "customer", "--keys", &keys, "--with-rows", "purchase", "-m", "request 2", "--as", "ines"];
    let done = project.ok(&both);
    assert!(done.contains("rows, every version: 2 of customer, 12 of purchase"), "{done}");
    for n in 1..4 {
        assert_eq!(bytes_with(&project, n), Vec::<String>::new(), "customer {n}");
    }

    // All of it stands, to the bit, and what vouches for it says why.
    let holds = |what: &str| {
        let again = reproduce(&project);
        assert_eq!(figures(&project), before, "{what}");
        assert_eq!(again["identical"], again["compared"], "{what}: {again}");
        assert!(again["erased"].as_array().unwrap().len() > 10, "{what}: {again}");
        let march = project.ok(&["reproduce", "revenue", "--period", "2026-03"]);
        assert!(march.contains("· 2026-03: 3 rows erased"), "{what}: {march}");
        project.ok(&["audit", "verify", "--quiet"]);
    };
    holds("right after");
    // Another run computes from the rest, and says nothing else of what was published.
    let (ran, _) = project.fails_or_not(&["run", "--as", "ines"]);
    assert!(!ran.contains("restated"), "{ran}");
    holds("after another run");

    // They are delivered again: left out, counted, and nothing is restated.
    project.write("data/customers_2.csv", &customers(0..12));
    let (_, said) = project.fails_or_not(&["run", "--as", "ines"]);
    assert!(said.contains("9 duplicate + 3 erased before"), "{said}");
    holds("after they were delivered again");
    for n in 1..4 {
        assert_eq!(bytes_with(&project, n), Vec::<String>::new(), "customer {n}");
    }
    let certificate: Value =
        serde_json::from_str(&project.ok(&["erase", "--certificate", "--format", "json"])).unwrap();
    assert_eq!(certificate["why"], "request 2");
    assert_eq!(
        (&certificate["reached"]["rows"]["purchase"], &certificate["by"]),
        (&12.into(), &"ines".into())
    );

    // A row that comes late restates its month alone, from the rest.
    project.write(
        "data/purchases_2.csv",
        &format!("id,customer,at,amount\nlate,{},2026-02-09T10:00:00Z,100.00\n", mark(4)),
    );
    project.fails_or_not(&["run", "--quiet", "--as", "ines"]);
    let after = reproduce(&project);
    assert_eq!(after["identical"], after["compared"], "{after}");
    let shown: Value =
        serde_json::from_str(&project.ok(&["show", "kpi", "revenue", "--format", "json"])).unwrap();
    assert_eq!(shown["kpi"]["value"], before["revenue value"], "April is untouched");
}

#[test]
fn a_published_figure_that_was_changed_is_found_after_erasing_too() {
    let project = shop(true);
    // Where others decide, nobody erases alone: the first asks, the same of another owner does it.
    let key = mark(5);
    let erase = |who: &'static str| {
        ["erase", "customer", &key, "--with-rows", "purchase", "-m", "request", "--as", who]
            .map(str::to_owned)
    };
    let said = |who: &'static str| project.ok(&erase(who).iter().map(String::as_str).collect::<Vec<_>>());
    for _ in 0..2 {
        assert!(said("ines").contains("nothing is erased until another owner runs the same command"));
        assert!(!bytes_with(&project, 5).is_empty());
    }
    assert!(said("olga").contains("rows, every version: 1 of customer, 6 of purchase"));
    assert_eq!(bytes_with(&project, 5), Vec::<String>::new());
    assert!(reproduce(&project)["differences"].as_array().unwrap().is_empty());
    // What a figure is held against is gone: nothing vouches for it any more, and that is said.
    let database = project.path().join(".kepi/kepi.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection;
        sqlx::any::install_default_drivers();
        let mut beside =
            sqlx::AnyConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
        let sql = "DELETE FROM kepi_text WHERE text LIKE '{\"form\":1,\"figures\":%'";
        assert_eq!(sqlx::query(sql).execute(&mut beside).await.unwrap().rows_affected(), 1);
        beside.close().await.unwrap();
    });
    let (out, _) = project.fails(1, &["reproduce", "--format", "json"]);
    let found: Value = serde_json::from_str(&out).unwrap();
    assert!(found["differences"].as_array().unwrap().len() > 3, "{found}");
}
