//! Random files under random definitions land as they do row by row: same rows, intervals, verdicts, reasons, counts.

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
        RecordBatch, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
        TimestampNanosecondArray, UInt64Array,
    },
    compute::cast,
    datatypes::DataType,
};
use kepi_model::{
    expression::Physical,
    project::Project,
    source_text::{SourceFile, SourceMap},
};
use kepi_query::{
    landing::{Lake, LoadOutcome, LoadReport},
    row::Cell,
};

use crate::{
    key_index,
    oracle::{Expected, Oracle, Rejected},
    support::*,
};

/// Numbers that look random and are the same on every machine: SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// The columns of a file: name, what stands in it, and how a text of it may be read.
const COLUMNS: [&str; 9] = ["id", "account", "amount", "quantity", "at", "day", "wait", "paid", "kind"];

fn text_of(column: &str, random: &mut Random) -> String {
    let odd = ["", " ", "NA", "n/a", "-", "x", "é", "999"];
    if random.one_in(9) {
        return random.pick(&odd).to_owned();
    }
    let n = random.below(40);
    match column {
        "id" => format!("k{}", random.below(25)),
        "account" => random.pick(&["a", "b", "c", "nobody", " a "]).to_owned(),
        "amount" => match random.below(5) {
            0 => format!("-{n}.{:02}", n * 2),
            1 => format!("{n}.005"),
            2 => "1,234.5".to_owned(),
            3 => "92233720368547758.07".to_owned(),
            _ => format!("{n}.5"),
        },
        "quantity" => match random.below(6) {
            0 => "999".to_owned(),
            1 => "4611686018427387904".to_owned(),
            2 => "1e3".to_owned(),
            _ => n.to_string(),
        },
        "at" => match random.below(6) {
            0 => format!("2026-03-29 02:{n:02}:00"),
            1 => format!("2025-10-26T02:{n:02}:00"),
            2 => format!("2026-01-{:02}T10:00:00.123456+02:00", n % 28 + 1),
            3 => "2026-02-30 00:00:00".to_owned(),
            _ => format!("2026-01-{:02} 1{}:00:00", n % 28 + 1, n % 10),
        },
        "day" => match random.below(4) {
            0 => "31.12.2025".to_owned(),
            _ => format!("2026-0{}-1{}", n % 9 + 1, n % 10),
        },
        "wait" => match random.below(4) {
            0 => format!("{n}.5"),
            1 => "0.0000001".to_owned(),
            _ => n.to_string(),
        },
        "paid" => random.pick(&["yes", "NO", "true", "0", "maybe"]).to_owned(),
        _ => random.pick(&["new", "old", " new ", "other"]).to_owned(),
    }
}

fn csv_file(rows: usize, random: &mut Random) -> Vec<u8> {
    let mut bytes = format!("{}, note\n", COLUMNS.join(",")).into_bytes();
    for _ in 0..rows {
        let mut cells: Vec<String> = COLUMNS.iter().map(|c| text_of(c, random)).collect();
        cells.push("free \"text\", in\ntwo lines".to_owned());
        match random.below(40) {
            0 => drop(cells.pop()),
            1 => cells.push("more".to_owned()),
            _ => {}
        }
        let quoted: Vec<String> = cells.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect();
        bytes.extend_from_slice(quoted.join(",").as_bytes());
        if random.one_in(40) {
            bytes.truncate(bytes.len() - 2);
            bytes.extend_from_slice(b"\xff\"");
        }
        bytes.push(b'\n');
    }
    bytes
}

fn ndjson_file(rows: usize, random: &mut Random) -> Vec<u8> {
    let mut bytes = b"\n".to_vec();
    for _ in 0..rows {
        let mut cells = Vec::new();
        for column in COLUMNS {
            let text = text_of(column, random);
            let plain = serde_json::from_str::<serde_json::Number>(&text).is_ok() && random.one_in(2);
            match random.below(12) {
                0 => {}
                1 => cells.push(format!("\"{column}\":null")),
                _ if plain => cells.push(format!("\"{column}\":{text}")),
                _ => cells.push(format!("\"{column}\":{}", serde_json::Value::from(text))),
            }
        }
        let line = match random.below(40) {
            0 => "[1]".to_owned(),
            1 => format!("{{{}", cells.join(",")),
            _ => format!("{{{}}}", cells.join(",")),
        };
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

fn parquet_file(rows: usize, random: &mut Random) -> Vec<u8> {
    let (micro, day) = (1_000_000i64, 86_400i64);
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    for column in COLUMNS {
        let numbers = |random: &mut Random| -> Vec<Option<i64>> {
            let value = |random: &mut Random| match random.below(10) {
                0 => 999,
                1 => -(random.below(1000) as i64),
                _ => random.below(1000) as i64,
            };
            (0..rows).map(|_| (!random.one_in(8)).then(|| value(random))).collect()
        };
        let array: ArrayRef = match (column, random.below(4)) {
            ("id", 0) => Arc::new(Int32Array::from_iter((0..rows).map(|_| Some(random.below(25) as i32)))),
            ("amount", 0) => {
                let values: Vec<Option<i128>> =
                    numbers(random).into_iter().map(|n| n.map(i128::from)).collect();
                Arc::new(Decimal128Array::from(values).with_data_type(DataType::Decimal128(12, 3)))
            }
            ("amount", 1) => {
                let values: Vec<Option<i128>> =
                    numbers(random).into_iter().map(|n| n.map(i128::from)).collect();
                Arc::new(Decimal128Array::from(values).with_data_type(DataType::Decimal128(38, 1)))
            }
            ("amount", 2) => {
                let values = numbers(random).into_iter().map(|n| n.map(|n| n as f64 / 8.0));
                Arc::new(Float64Array::from_iter(values))
            }
            ("quantity", 0) => Arc::new(Int64Array::from(numbers(random))),
            ("quantity", 1) => {
                let huge = random.one_in(2);
                let values = numbers(random).into_iter().map(|n| n.map(|n| n.unsigned_abs()));
                let values = values.map(|n| n.map(|n| if huge && n == 999 { u64::MAX } else { n }));
                Arc::new(UInt64Array::from_iter(values))
            }
            ("at", 0) => {
                let values: Vec<_> =
                    numbers(random).into_iter().map(|n| n.map(|n| n * 3600 * micro + n)).collect();
                Arc::new(TimestampMicrosecondArray::from(values).with_timezone("America/New_York"))
            }
            ("at", 1) => {
                // Around both changes of the clock of 2026 in Berlin.
                let base = if random.one_in(2) { 1_774_742_400_000 } else { 1_792_886_400_000 };
                let values: Vec<_> =
                    numbers(random).into_iter().map(|n| n.map(|n| base + n * 60_000 + 120)).collect();
                Arc::new(TimestampMillisecondArray::from(values))
            }
            ("at", 2) => {
                let parts = random.below(2) as i64;
                let values: Vec<_> = numbers(random)
                    .into_iter()
                    .map(|n| n.map(|n| n * day * 1_000_000_000 + n * parts))
                    .collect();
                Arc::new(TimestampNanosecondArray::from(values))
            }
            ("day", 0 | 1) => Arc::new(Date32Array::from_iter(
                numbers(random).into_iter().map(|n| n.map(|n| n as i32 * 20)),
            )),
            ("wait", 0) => Arc::new(Int64Array::from(numbers(random))),
            ("wait", 1) => {
                let values: Vec<Option<i128>> =
                    numbers(random).into_iter().map(|n| n.map(i128::from)).collect();
                Arc::new(Decimal128Array::from(values).with_data_type(DataType::Decimal128(12, 2)))
            }
            ("paid", 0 | 1) => {
                Arc::new(BooleanArray::from_iter(numbers(random).into_iter().map(|n| n.map(|n| n % 2 == 0))))
            }
            (column, dictionary) => {
                let texts = (0..rows).map(|_| (!random.one_in(8)).then(|| text_of(column, random)));
                let texts: ArrayRef = Arc::new(StringArray::from_iter(texts));
                let small = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                if dictionary == 3 { cast(&texts, &small).unwrap() } else { texts }
            }
        };
        columns.push((column, array));
    }
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

const ENTITIES: &str = "project: p
name: P
language: 1
time_zone: Europe/Berlin
---
entity: client
key: [id]
attributes:
  id: {type: text}
---
entity: purchase
key: [id]
time: at
attributes:
  id: {type: text}
  account: {type: reference client}
  amount: {type: \"money EUR, 2 decimals\"}
  quantity: {type: integer}
  at: {type: timestamp}
  day: {type: date}
  wait: {type: duration}
  paid: {type: boolean}
  kind: {type: text}
  twice: {type: integer}
  large: {type: boolean}
  place: {type: text}
  channel: {type: text}
---
source: accounts
into: client
from: {csv: {files: accounts.csv}}
mode: append
map: {id: {column: id, as: text}}
---
";

/// A source that fills the orders, at random.
fn definition(format: &str, mode: &str, version: &str, random: &mut Random) -> String {
    let mut text = format!(
        "{ENTITIES}source: shop\ninto: purchase\nfrom: {{{format}: {{files: \"x*\"}}}}\nmode: {mode}\n"
    );
    let mut say = |line: &str| writeln!(text, "{line}").unwrap();
    say(random.pick(&[
        "missing: [\"\", NA]",
        "missing: []",
        "missing: [\"\", \" \", \"-\", \"999\", \"true\"]",
    ]));
    say(version);
    if mode == "snapshot" {
        // A handful of keys comes and goes as it likes.
        say("deletes: {at_most: 100%}");
    }
    if random.one_in(3) {
        say(random.pick(&["only: kind = 'new'", "only: quantity < 30", "only: kind is not null or paid"]));
    }
    say("map:");
    say(random.pick(&[
        "  id: {column: id, as: text}",
        "  id: {column: id, as: text, required: true}",
        "  id: {column: id, as: text, prefix: \"o-\"}",
    ]));
    say("  account: {column: account, as: reference client}");
    say(random.pick(&[
        "  amount: {column: amount, as: \"money EUR, 2 decimals\"}",
        "  amount: {column: amount, as: \"money EUR, 2 decimals\", excess_digits: round}",
        "  amount: {column: amount, as: \"money EUR, 2 decimals\", missing: {\"999\": unknown, \"0.5\": half}}",
    ]));
    say(random.pick(&[
        "  quantity: {column: quantity, as: integer}",
        "  quantity: {column: quantity, as: integer, required: true}",
        "  quantity: {column: quantity, as: integer, missing: {\"999\": never}, replace: {\"1e3\": \"7\"}}",
    ]));
    say(random.pick(&[
        "  at: {column: at, as: timestamp}",
        "  at: {column: at, as: timestamp, required: true}",
        "  at: {column: at, as: timestamp, format: \"%Y-%m-%d %H:%M:%S\"}",
    ]));
    say(random
        .pick(&["  day: {column: day, as: date}", "  day: {column: day, as: date, format: \"%d.%m.%Y\"}"]));
    say(random.pick(&[
        "  wait: {column: wait, as: duration minutes}",
        "  wait: {column: wait, as: duration days}",
    ]));
    say("  paid: {column: paid, as: boolean}");
    say(random.pick(&[
        "  kind: {column: kind, as: text}",
        "  kind: {column: kind, as: text, replace: {new: fresh, old: \" stale \"}}",
        "  kind: {column: kind, as: text, prefix: \"k:\"}",
    ]));
    say("  twice: {expression: quantity * quantity}");
    say("  large: {expression: twice > 100 and paid}");
    say("  place: {position: file and row}");
    say("  channel: {constant: web}");
    say("rules:");
    let otherwise =
        |random: &mut Random| random.pick(&["warn", "quarantine", "quarantine", "quarantine"]).to_owned();
    say(&format!("  - {{name: small, require: quantity + twice < 900, else: {}}}", otherwise(random)));
    say(&format!("  - {{name: known, require: account exists, else: {}}}", otherwise(random)));
    if mode == "append" && random.one_in(2) {
        say("  - {name: one_each, require: \"unique account, day\", else: quarantine}");
    }
    if random.one_in(4) {
        say("  - {name: never, require: quantity <> 33, else: stop}");
    }
    if random.one_in(3) {
        say("  - {name: enough, require: rows >= 5, else: stop}");
    }
    text
}

fn checked(text: &str) -> Project {
    let files = vec![SourceFile { path: "kepi.yml".into(), text: text.into() }];
    let checked = kepi_model::check::check(&SourceMap::new(files), &Default::default());
    let said: Vec<String> = checked.findings.iter().map(|f| f.message.clone()).collect();
    checked.value.unwrap_or_else(|| panic!("{said:?}\n{text}"))
}

const ATTRIBUTES: [&str; 13] = [
    "id", "account", "amount", "quantity", "at", "day", "wait", "paid", "kind", "twice", "large", "place",
    "channel",
];

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Missing => "-".to_owned(),
        Cell::Text(t) => t.to_string(),
        Cell::Integer(n) | Cell::Instant(n) => n.to_string(),
        Cell::Boolean(b) => b.to_string(),
    }
}

fn wanted_rows(oracle: &Oracle) -> Vec<Vec<String>> {
    let instant = |i: Option<i64>| i.map_or("-".to_owned(), |i| i.to_string());
    let mut rows: Vec<Vec<String>> = oracle
        .rows()
        .into_iter()
        .map(|(values, from, to, file, row)| {
            let mut cells: Vec<String> = values.iter().map(shown).collect();
            cells.extend([instant(from), instant(to), file, row.to_string()]);
            cells
        })
        .collect();
    rows.sort();
    rows
}

async fn compare(bench: &Bench, report: &LoadReport, want: &Expected, from: &str, said: &str) {
    assert_eq!(report.counts, want.counts, "{said}");
    let sorted = |mut missing: Vec<kepi_query::landing::MissingCount>| {
        missing.sort_by_key(|m| (m.attribute.clone(), m.text.clone(), m.reason.clone()));
        missing
    };
    assert_eq!(sorted(report.missing.clone()), sorted(want.missing.clone()), "{said}");
    let rules: BTreeMap<String, u64> = report.rules.iter().map(|r| (r.rule.clone(), r.broken)).collect();
    assert_eq!(rules, want.rules, "{said}");
    match (&report.outcome, &want.stopped) {
        (LoadOutcome::Stopped { rule, reason }, Some((want, why))) => {
            assert_eq!((rule.as_str(), reason), (want.as_str(), why), "{said}");
            return;
        }
        (LoadOutcome::Landed, None) => {}
        other => panic!("{other:?}\n{said}"),
    }
    let (rows, _) = bench.lake.quarantine(None, 0, 1 << 20).await.unwrap();
    let rejected = rows.into_iter().filter(|r| r.load == report.load);
    let rejected: Vec<Rejected> = rejected.map(|r| (r.row, r.rule, r.reason, r.column, r.raw)).collect();
    assert_eq!(rejected.len(), want.quarantine.len(), "{said}");
    for (got, want) in rejected.iter().zip(&want.quarantine) {
        assert_eq!((got.0, &got.1, &got.3, &got.4), (want.0, &want.1, &want.3, &want.4), "{said}");
        let whole = from != "ndjson" || got.1 != "not an object";
        assert!(
            if whole { got.2 == want.2 } else { got.2.starts_with(&want.2) },
            "{got:?}\n{want:?}\n{said}"
        );
    }
}

/// One life of a table: files land, and land anew under other definitions, now in one process and now in another.
async fn life(seed: u64, rows_of_a_file: usize) -> (u64, u64) {
    let mut random = Random(seed);
    let bench = Bench::new().await;
    let format = random.pick(&["csv", "ndjson", "parquet"]);
    let mode = random.pick(&["append", "upsert", "snapshot"]);
    // Another version attribute would be another history.
    let version = if mode == "upsert" { random.pick(&["", "version: at", "version: quantity"]) } else { "" };
    let mut texts = [0, 1].map(|_| definition(format, mode, version, &mut random));
    let mut oracle = Oracle::default();
    let accounts = bench.write("accounts.csv", "id\na\nb\nc\n");
    let project = checked(&texts[0]);
    bench.land(&project, &project.sources[&id("accounts")], &accounts, NOW - 1).await.unwrap();
    oracle.known.insert(id("client"), ["a", "b", "c"].map(|a| Cell::Text(a.into())).into());
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let (mut kept, mut rejected) = (0, 0);
    for step in 0..5 {
        if files.is_empty() || !random.one_in(3) {
            let rows = random.below(rows_of_a_file + 1);
            let bytes = match format {
                "csv" => csv_file(rows, &mut random),
                "ndjson" => ndjson_file(rows, &mut random),
                _ => parquet_file(rows, &mut random),
            };
            files.push((format!("x{}", files.len()), bytes));
        } else {
            // Another definition, and a file that is in under the former.
            texts.swap(0, 1);
            let at = random.below(files.len());
            files[at..].rotate_left(1);
        }
        let project = checked(&texts[0]);
        let source = &project.sources[&id("shop")];
        let (name, bytes) = files.last().unwrap();
        let path = bench.write(name, bytes);
        let at = NOW + step;
        let said = format!("seed {seed}, step {step}, {name}\n{}", texts[0]);
        let fresh;
        key_index::befalls(&bench, &mut || random.next());
        let lake = if random.one_in(2) {
            &bench.lake
        } else {
            fresh = open(bench.folder.path()).await.1;
            &fresh
        };
        let landing = kepi_lake::Landing { actor: "person/1", at, progress: &Silent };
        let report =
            match lake.land_raw(&project, source, &raw(bench.folder.path(), source, &path), landing).await {
                Ok(report) => report,
                Err(e) => panic!("{e}\n{said}"),
            };
        if report.outcome == LoadOutcome::AlreadyLanded {
            continue;
        }
        let entity = &project.entities[&source.into];
        let want = oracle.land(entity, source, name, bytes, at);
        compare(&bench, &report, &want, format, &said).await;
        if want.stopped.is_none() {
            kept += want.counts.accepted + want.counts.superseding;
            rejected += want.counts.quarantined;
        }
        let columns: Vec<&str> =
            ATTRIBUTES.iter().copied().chain(["_valid_from", "_valid_to", "_file", "_row"]).collect();
        assert!(entity.attributes.iter().map(|a| a.id.as_str()).eq(ATTRIBUTES), "{said}");
        assert!(entity.attributes.iter().any(|a| a.type_.physical() == Physical::Boolean));
        assert_eq!(bench.rows(&project, "purchase", &columns).await, wanted_rows(&oracle), "{said}");
    }
    (kept, rejected)
}

#[tokio::test(flavor = "multi_thread")]
async fn random_files_land_as_they_do_row_by_row() {
    let lives: u64 = std::env::var("KEPI_COUNT").ok().and_then(|n| n.parse().ok()).unwrap_or(30);
    let (mut kept, mut rejected) = (0, 0);
    for seed in 0..lives {
        // Every other one ends rows by position wherever not most are out.
        let of = life(seed, 60);
        let (k, r) = if seed % 2 == 0 { of.await } else { BY_POSITION.scope((1, 60), of).await };
        kept += k;
        rejected += r;
    }
    println!("{lives} lives of a table: {kept} rows kept, {rejected} rejected");
    assert!(kept > lives && rejected > lives, "the cases are worth something: {kept}, {rejected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_several_batches_land_as_they_do_row_by_row() {
    for seed in 1000..1002 {
        life(seed, 40_000).await;
    }
}
