//! Faults of many kinds, planted where it is known: what rules find of them, and what they take for one that is none.
//!
//! `KEPI_COUNT` says how many worlds (small by default), `KEPI_SEED` which first.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    project::Project,
    source_text::{SourceFile, SourceMap},
};
use kepi_query::landing::{Lake, LoadOutcome};
use kepi_stats::{estimate::Level, estimation::proportion::clopper_pearson};

use crate::support::*;

const DEFINITIONS: &str = r#"project: shop
name: Shop
language: 1
time_zone: Europe/Berlin
---
entity: client
name: Client
key: [id]
attributes: {id: {type: text}}
---
entity: sale
name: Sale
key: [id]
attributes:
  id: {type: text}
  number: {type: text}
  client: {type: "reference client"}
  amount: {type: "money EUR, 2 decimals"}
  quantity: {type: integer}
  sold_on: {type: date}
  channel: {type: text}
  kind: {type: enum, values: [new, renewal]}
  email: {type: text, personal: true}
---
source: clients
into: client
from: {csv: {files: "clients*.csv"}}
mode: snapshot
map: {id: {column: id, as: text}}
---
source: sales
into: sale
from: {csv: {files: "sales*.csv"}}
mode: append
dates: {from: 2020-01-01, until: 2030-01-01}
map:
  id: {column: id, as: text}
  number: {column: number, as: text, required: true}
  client: {column: client, as: "reference client"}
  amount: {column: amount, as: "money EUR, 2 decimals"}
  quantity: {column: quantity, as: integer}
  sold_on: {column: day, as: date}
  channel: {column: channel, as: text}
  kind: {column: kind, as: enum, values: {N: new, R: renewal}}
  email: {column: email, as: text}
rules:
  - {name: range, require: quantity between 1 and 1000, else: quarantine}
  - {name: set, require: "channel in ('web', 'phone', 'shop')", else: quarantine}
  - {name: pattern, require: "number like 'ORD-%'", else: quarantine}
  - {name: balance, require: amount >= 0 or quantity = 1, else: quarantine}
  - {name: uniqueness, require: unique number, else: quarantine}
  - {name: reference, require: client exists, else: quarantine}
  - {name: volume, require: rows >= 60% of median of 14 loads, else: stop}
  - {name: completeness, require: missing email <= 10%, else: stop}
  - {name: drift of numbers, require: amount like 14 loads, else: stop}
  - {name: drift of texts, require: channel like 14 loads, else: stop}
"#;

fn project(text: &str) -> Project {
    // A rule is named by an identifier.
    let text =
        text.replace("drift of numbers", "drift_of_numbers").replace("drift of texts", "drift_of_texts");
    let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".into(), text: text.into() }]);
    let checked = kepi_model::check::check(&files, &Default::default());
    checked.value.unwrap_or_else(|| panic!("{:?}", checked.findings))
}

/// Numbers that look random, the same for a seed.
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.unit() * n as f64) as u64
    }

    /// About normal.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// Faults of rows, by what is to find them.
const OF_ROWS: [&str; 13] = [
    "number",
    "date",
    "day out of range",
    "enum",
    "missing",
    "range",
    "set",
    "pattern",
    "balance",
    "uniqueness",
    "reference",
    "key twice",
    "ragged",
];

/// A row of a file: its cells. `at`: its number.
fn row(
    chance: &mut Chance,
    file: u64,
    at: u64,
    clients: u64,
    fault: Option<&str>,
    before: &[(String, String)],
) -> Vec<String> {
    // Edges of what is right are common, so that a rule that is one off is found out.
    let edge = chance.below(4);
    let quantity = [1, 1000, 1 + chance.below(1000), 1 + chance.below(9)][edge as usize];
    let amount = if quantity == 1 && edge == 0 { -1.5 } else { (chance.normal() * 0.8 + 4.0).exp() };
    let channel = ["web", "web", "web", "phone", "phone", "shop"][chance.below(6) as usize];
    let day = match edge {
        0 => "2020-01-01".to_owned(),
        1 => "2029-12-31".to_owned(),
        _ => format!("2026-{:02}-{:02}", 1 + chance.below(12), 1 + chance.below(28)),
    };
    let email = if chance.below(33) == 0 { String::new() } else { format!("c{at}@example.org") };
    let mut cells = vec![
        format!("{file}-{at}"),
        format!("ORD-{file}-{at}"),
        format!("c{}", chance.below(clients)),
        format!("{amount:.2}"),
        quantity.to_string(),
        day,
        channel.to_owned(),
        ["N", "R"][chance.below(2) as usize].to_owned(),
        email,
    ];
    let one_of =
        |chance: &mut Chance, texts: &[&str]| texts[chance.below(texts.len() as u64) as usize].to_owned();
    match fault {
        Some("number") => cells[3] = one_of(chance, &["twelve", "1.234.5", "12.345", "--5"]),
        Some("date") => cells[5] = one_of(chance, &["2026-02-30", "31.12.2026", "2026-13-01", "yesterday"]),
        Some("day out of range") => cells[5] = one_of(chance, &["2019-12-31", "2030-01-01", "0206-05-01"]),
        Some("enum") => cells[7] = one_of(chance, &["n", "X", "new"]),
        Some("missing") => cells[1] = String::new(),
        Some("range") => cells[4] = one_of(chance, &["0", "1001", "-7"]),
        Some("set") => cells[6] = one_of(chance, &["Web", "e-mail", "fax"]),
        Some("pattern") => cells[1] = one_of(chance, &["ord-", "ORD/", "OR-"]) + &at.to_string(),
        Some("balance") => (cells[3], cells[4]) = ("-0.01".to_owned(), "2".to_owned()),
        Some("uniqueness") => cells[1] = before[chance.below(before.len() as u64) as usize].1.clone(),
        Some("reference") => cells[2] = format!("c{}", clients + chance.below(9)),
        Some("key twice") => cells[0] = before[chance.below(before.len() as u64) as usize].0.clone(),
        Some("ragged") => cells.truncate(8),
        _ => {}
    }
    cells
}

const HEADER: &str = "id,number,client,amount,quantity,day,channel,kind,email\n";

/// What was planted, what was flagged, and what was both.
#[derive(Debug, Default, Clone, Copy)]
struct Found {
    planted: u64,
    flagged: u64,
    right: u64,
}

type Table = BTreeMap<String, Found>;

/// What a rejection is taken for, by rule and column.
fn taken_for(rule: &str, column: Option<&str>) -> String {
    match (rule, column) {
        ("type", Some("amount")) => "number",
        ("type", Some("day")) => "date",
        ("type", Some("kind")) => "enum",
        ("required", _) => "missing",
        ("duplicate key", _) => "key twice",
        ("ragged row", _) => "ragged",
        (other, _) => other,
    }
    .to_owned()
}

/// Rows of a file at a rate of faults, beside what the quarantine holds of them.
async fn rows_of(seed: u64, rate: f64, table: &mut Table) {
    let bench = Bench::new().await;
    let project = project(DEFINITIONS);
    let (clients, sales) = (&project.sources[&id("clients")], &project.sources[&id("sales")]);
    let mut chance = Chance::new(seed);
    let known: String = (0..50).map(|n| format!("c{n}\n")).collect();
    let path = bench.write("clients.csv", format!("id\n{known}"));
    bench.land(&project, clients, &path, NOW).await.unwrap();
    let (mut text, mut truth, mut before) = (HEADER.to_owned(), BTreeMap::new(), Vec::new());
    for at in 1..=1500u64 {
        let fault =
            (at > 20 && chance.unit() < rate).then(|| OF_ROWS[chance.below(OF_ROWS.len() as u64) as usize]);
        let cells = row(&mut chance, 0, at, 50, fault, &before);
        if let Some(fault) = fault {
            truth.insert(at, fault);
        } else {
            before.push((cells[0].clone(), cells[1].clone()));
        }
        text += &(cells.join(",") + "\n");
    }
    // Which of two rows with one key is wrong nobody can know: the later one counts, if the earlier one landed.
    let path = bench.write("sales.csv", text);
    let report = bench.land(&project, sales, &path, NOW).await.unwrap();
    assert_eq!(report.outcome, LoadOutcome::Landed);
    let (rows, total) = bench.lake.quarantine(Some(&sales.id), 0, 2000).await.unwrap();
    assert_eq!(rows.len() as u64, total);
    let name = |kind: &str| format!("row: {kind}");
    for fault in truth.values() {
        table.entry(name(fault)).or_default().planted += 1;
    }
    for row in rows {
        let fault = truth.get(&row.row).copied();
        let mut taken = taken_for(&row.rule, row.column.as_deref());
        if taken == "date"
            && row.reason.contains("lies") | row.reason.contains("before") | row.reason.contains("from")
        {
            taken = "day out of range".to_owned();
        }
        let found = table.entry(name(&taken)).or_default();
        found.flagged += 1;
        found.right += u64::from(fault == Some(taken.as_str()));
    }
}

/// Faults of files, by the rule that is to find them.
const OF_FILES: [(&str, &str); 8] = [
    ("half of the rows", "volume"),
    ("a fifth without address", "completeness"),
    ("cents for euros", "drift_of_numbers"),
    ("a third more", "drift_of_numbers"),
    ("spread twice as wide", "drift_of_numbers"),
    ("a channel by another name", "drift_of_texts"),
    ("a channel that is gone", "drift_of_texts"),
    ("none", ""),
];

/// One delivery: its rows vary from one to the next, as do the mean and the mix.
fn delivery(chance: &mut Chance, file: u64, fault: &str) -> String {
    let (level, web) = (chance.normal() * 0.05, 0.5 + chance.normal() * 0.03);
    let n = (400.0 * (1.0 + chance.normal() * 0.1)) as u64;
    let n = if fault == "half of the rows" { n / 2 } else { n };
    let mut text = HEADER.to_owned();
    for at in 1..=n {
        let mut cells = row(chance, file, at, 50, None, &[]);
        let wide = if fault == "spread twice as wide" { 1.6 } else { 0.8 };
        let mut amount = (chance.normal() * wide + 4.0 + level).exp();
        match fault {
            "cents for euros" => amount *= 100.0,
            "a third more" => amount *= 1.33,
            _ => {}
        }
        let gone = fault == "a channel that is gone";
        let channel = match chance.unit() {
            u if u < web => "web",
            u if u < web + 0.3 && !gone => "phone",
            _ => "shop",
        };
        cells[6] = if fault == "a channel by another name" && channel == "phone" { "shop" } else { channel }
            .to_owned();
        cells[3] = format!("{amount:.2}");
        if fault == "a fifth without address" && chance.below(5) == 0 {
            cells[8] = String::new();
        }
        text += &(cells.join(",") + "\n");
    }
    text
}

/// Deliveries of a source, some of them with a fault: which rule stops which.
async fn files_of(seed: u64, table: &mut Table) {
    let bench = Bench::new().await;
    let project = project(DEFINITIONS);
    let (clients, sales) = (&project.sources[&id("clients")], &project.sources[&id("sales")]);
    let mut chance = Chance::new(seed ^ 0xf11e5);
    let known: String = (0..50).map(|n| format!("c{n}\n")).collect();
    bench.land(&project, clients, &bench.write("clients.csv", format!("id\n{known}")), NOW).await.unwrap();
    let mut faults = vec![("none", ""); 5];
    let mut rest: Vec<_> = OF_FILES.to_vec();
    while !rest.is_empty() {
        faults.push(rest.swap_remove(chance.below(rest.len() as u64) as usize));
        faults.push(("none", ""));
    }
    for (file, (fault, rule)) in (0u64..).zip(faults) {
        let path = bench.write(&format!("sales{file}.csv"), delivery(&mut chance, file, fault));
        let report = bench.land(&project, sales, &path, NOW + file as i64).await.unwrap();
        assert_eq!(report.counts.quarantined, 0, "no row has a fault: {:?}", report.rules);
        let by = match report.outcome {
            LoadOutcome::Stopped { rule, .. } => Some(rule.to_string()),
            _ => None,
        };
        if fault != "none" {
            let found = table.entry(format!("file: {fault}")).or_default();
            found.planted += 1;
            let right = u64::from(by.as_deref() == Some(rule));
            found.right += right;
            found.flagged += right;
        }
        if fault == "none" {
            let found = table.entry("clean files".to_owned()).or_default();
            found.planted += 1;
            found.flagged += u64::from(by.is_some());
        } else if let Some(by) = by.filter(|by| by != rule) {
            table.entry(format!("file: {fault}")).or_default().flagged += 1;
            println!("seed {seed}: {fault} was taken for {by}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_find_what_was_planted_and_little_else() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (count, seed) = (number("KEPI_COUNT").unwrap_or(3), number("KEPI_SEED").unwrap_or(1));
    let mut table = Table::new();
    for seed in seed..seed + count {
        for rate in [0.0, 0.001, 0.05] {
            rows_of(seed, rate, &mut table).await;
        }
        files_of(seed, &mut table).await;
    }
    let share = |right: u64, of: u64| match clopper_pearson(right, of, Level::NINETY_FIVE) {
        Ok(estimate) => match estimate.interval {
            Ok(interval) => format!("{:.3} [{:.3}, {:.3}]", estimate.point, interval.low, interval.high),
            Err(_) => format!("{:.3}", estimate.point),
        },
        Err(_) => "-".to_owned(),
    };
    println!("data: {count} worlds from seed {seed}; shares with 95 % intervals");
    for (kind, f) in &table {
        if kind == "clean files" {
            println!("data: {kind}: {} of {} stopped, {}", f.flagged, f.planted, share(f.flagged, f.planted));
            continue;
        }
        let (precision, recall) = (share(f.right, f.flagged), share(f.right, f.planted));
        println!("data: {kind}: planted {}, precision {precision}, recall {recall}", f.planted);
    }
    let kinds: BTreeSet<&str> = table.keys().filter_map(|kind| kind.strip_prefix("row: ")).collect();
    assert_eq!(kinds, OF_ROWS.into_iter().collect(), "every kind was planted");
    for (kind, f) in table.iter().filter(|(kind, _)| kind.starts_with("row: ")) {
        assert_eq!(
            (f.right, f.flagged),
            (f.planted, f.planted),
            "{kind}: what a row breaks is no matter of chance"
        );
    }
    for (fault, _) in OF_FILES.iter().filter(|(fault, _)| *fault != "none") {
        let f = table[&format!("file: {fault}")];
        // A third more is near what deliveries vary by: found or not, it is counted.
        let floor = if *fault == "a third more" { 0.0 } else { 0.9 };
        assert!(f.right as f64 >= floor * f.planted as f64, "{fault}: {f:?}");
    }
    let clean = table["clean files"];
    assert!(clean.flagged as f64 <= 0.05 * clean.planted as f64, "{clean:?}");
}
