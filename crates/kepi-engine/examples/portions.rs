//! Memory that what is made by key takes, where rows had other versions and are tied by several columns: `portions [claims] [bytes of memory] [KPI]`. One
//! in five claims was said to be of another client before; each has a message. Prints how it was made, and this process's largest memory. `boxed` is of
//! claims by what is computed of their address, `words` of claims and messages as one, which belong to clients by a reference, `told` of claims by messages that
//! name them in other letters, `turned` of claims by a `case` over the claims that they follow, `spoken` of a union by another `case` over references, `numbered` of
//! calls, whose key is a number; `boxed+again` of claims by two subjects.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use kepi_engine::{
    DataFusionEvaluator,
    bench::{peak_memory, reset_peak_memory},
};
use kepi_model::{
    calendar::Grain,
    check::{Options, check},
    expression::Physical,
    project::Kpi,
    source_text::{SourceFile, SourceMap},
};
use kepi_query::{
    derive,
    kept::{Kept, Shelf},
    port::{
        Evaluator, Limits, MemoryColumn, MemoryTable, PinnedColumn, PinnedFile, PinnedInputs, PinnedTable,
        SnapshotId, TableData,
    },
    reach::watermarks,
};

const MODEL: &str = r#"
project: desk
name: Desk
language: 1
time_zone: UTC
---
entity: client
name: Client
key: [id]
time: since
attributes:
  id: {type: text}
  since: {type: timestamp}
  most: {greatest: claim.replies, from: since, within: 900 days}
---
entity: claim
name: Claim
key: [id]
time: opened_at
attributes:
  id: {type: text}
  client: {type: reference client}
  opened_at: {type: timestamp}
  cost: {type: integer}
  mail: {type: text}
  box: {expression: lower(mail)}
  of_box: {count: claim, same: box, until: this}
  earlier: {count: claim, same: client, until: this}
  replies: {count: message, same: {id: claim}, from: opened_at, within: 60 days}
  told_by: {count: message, same: {id: told}, from: opened_at, within: 60 days}
  follows: {type: reference claim}
  turned: {expression: "case when follows.cost > 45 then follows.client else client end"}
  of_turned: {count: claim, same: turned, until: this}
---
entity: call
name: Call
key: [number]
time: at
attributes:
  number: {type: integer}
  at: {type: timestamp}
  line: {type: integer}
  of_line: {count: call, same: line, until: this}
---
entity: message
name: Message
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  claim: {type: reference claim}
  refers: {type: text}
  told: {expression: lower(refers)}
---
entity: speech
name: Speech
rows: {union: [claim, {of: message, set: {client: "case when claim.cost > 45 then claim.follows.client else claim.client end"}}]}
attributes:
  client: {type: reference client}
  continues: {any: speech, same: client, until: this, within: 20 days}
---
entity: word
name: Word
rows: {union: [claim, {of: message, set: {client: claim.client}}]}
attributes:
  client: {type: reference client}
  continues: {any: word, same: client, until: this, within: 20 days}
---
kpi: told
name: Told
better: lower
measure: {mean: {of: claim, value: told_by}}
period: month
---
kpi: turned
name: Turned
better: lower
measure: {mean: {of: claim, value: of_turned}}
period: month
---
kpi: spoken
name: Spoken
better: lower
measure: {share: {of: speech, which: continues}}
period: month
---
kpi: numbered
name: Numbered
better: lower
measure: {mean: {of: call, value: of_line}}
period: month
---
kpi: boxed
name: Boxed
better: lower
measure: {share: {of: claim, which: of_box > 0}}
period: month
---
kpi: words
name: Words
better: lower
measure: {share: {of: word, which: continues}}
period: month
---
kpi: again
name: Again
better: lower
measure: {share: {of: claim, which: earlier > 0}}
period: month
---
kpi: most
name: Most
better: lower
measure: {mean: {of: client, value: most}}
period: month
"#;

/// 2025-01-01T00:00:00Z.
const START: i64 = 1_735_689_600_000_000;
const DAY: i64 = 86_400_000_000;
const FILES: u64 = 8;

/// A folder.
struct Folder(PathBuf);

impl Shelf for Folder {
    fn names(&self) -> Vec<String> {
        let all = fs::read_dir(&self.0).into_iter().flatten().flatten();
        all.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(name)).ok()
    }
    fn write(&self, name: &str, bytes: &[u8]) {
        // What is not there is made again.
        let _ = fs::write(self.0.join(name), bytes);
    }
    fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.0.join(name));
    }
    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
    fn passing(&self) -> Box<dyn Shelf> {
        Box::new(Self(self.0.clone()))
    }
}

/// Mixes the bits of a number.
fn mixed(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 16
}

type Row = Vec<Value>;

enum Value {
    Text(Option<String>),
    Number(Option<i64>),
}

fn text(of: &str, number: u64) -> Value {
    Value::Text(Some(format!("{of}{number}")))
}

/// Writes the rows of a table as files.
fn table(
    folder: &Path,
    name: &str,
    columns: &[(&str, Physical)],
    numbers: u64,
    rows: impl Fn(u64) -> Vec<Row>,
) -> Result<PinnedTable, Box<dyn std::error::Error>> {
    let column = |(name, physical): &(&str, Physical)| {
        let bounds = (*physical == Physical::Instant).then_some((START, START + 365 * DAY));
        PinnedColumn { name: (*name).to_owned(), physical: *physical, bounds, is_empty: false }
    };
    let columns: Vec<PinnedColumn> = columns.iter().map(column).collect();
    let mut files = Vec::new();
    for file in 0..FILES {
        let mut memory = MemoryTable {
            rows: 0,
            columns: columns.iter().map(|column| MemoryColumn::empty(column.physical)).collect(),
        };
        for row in (file * numbers / FILES..(file + 1) * numbers / FILES).flat_map(&rows) {
            memory.rows += 1;
            for (column, value) in memory.columns.iter_mut().zip(row) {
                match (column, value) {
                    (MemoryColumn::Text(values), Value::Text(value)) => values.push(value.as_deref()),
                    (MemoryColumn::Integer(values) | MemoryColumn::Instant(values), Value::Number(value)) => {
                        values.push(value);
                    }
                    _ => return Err("a value of another type".into()),
                }
            }
        }
        let path = folder.join(format!("{name}-{file}.parquet"));
        let bytes = DataFusionEvaluator.file(&columns, &memory)?;
        fs::write(&path, &bytes)?;
        files.push(PinnedFile::whole(path.display().to_string(), bytes.len() as u64, memory.rows as u64));
    }
    Ok(PinnedTable { columns, key: vec!["id".parse()?], data: TableData::Files(files), live_until: None })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let claims: u64 = arguments.next().map_or(Ok(1_000_000), |of| of.parse())?;
    let memory_bytes: u64 = arguments.next().map_or(Ok(1 << 30), |of| of.parse())?;
    let asked = arguments.next();
    let folder = std::env::temp_dir().join(format!("kepi-portions-{}", std::process::id()));
    let shelf = Folder(folder.join("shelf"));
    fs::create_dir_all(&shelf.0)?;
    let clients = claims / 10;
    let (id, instant) = (("id", Physical::Text), Physical::Instant);
    let at = |number: u64| Value::Number(Some(START + (mixed(number) % 365) as i64 * DAY));
    let client = |number: u64| text("client-", mixed(number) % clients.max(1));
    let tables = [
        (
            "client",
            table(&folder, "client", &[id, ("since", instant)], clients, |number| {
                vec![vec![text("client-", number), Value::Number(Some(START))]]
            })?,
        ),
        (
            "claim",
            table(
                &folder,
                "claim",
                &[
                    id,
                    ("client", Physical::Text),
                    ("opened_at", instant),
                    ("cost", Physical::Integer),
                    ("mail", Physical::Text),
                    ("follows", Physical::Text),
                    ("_valid_from", instant),
                    ("_valid_to", instant),
                ],
                claims,
                |number| {
                    let moved = (number % 5 == 0).then_some(START + 200 * DAY);
                    let row = |client, from: Option<i64>, to: Option<i64>| {
                        let cost = Value::Number(Some((number % 90) as i64));
                        let (from, to) = (Value::Number(from), Value::Number(to));
                        let mail = if number % 2 == 0 { "Box-" } else { "box-" };
                        let mail = text(mail, mixed(number / 2) % clients.max(1));
                        let follows = text("claim-", mixed(number + 7) % claims);
                        vec![text("claim-", number), client, at(number), cost, mail, follows, from, to]
                    };
                    let before = moved.map(|moved| row(client(number + claims), None, Some(moved)));
                    before.into_iter().chain([row(client(number), moved, None)]).collect()
                },
            )?,
        ),
        (
            "message",
            table(
                &folder,
                "message",
                &[id, ("at", instant), ("claim", Physical::Text), ("refers", Physical::Text)],
                claims,
                |number| {
                    let [claim, refers] = ["claim-", "Claim-"].map(|of| text(of, mixed(number) % claims));
                    vec![vec![text("message-", number), at(number + 1), claim, refers]]
                },
            )?,
        ),
        (
            "call",
            PinnedTable {
                key: vec!["number".parse()?],
                ..table(
                    &folder,
                    "call",
                    &[("number", Physical::Integer), ("at", instant), ("line", Physical::Integer)],
                    claims,
                    |number| {
                        let line = Value::Number(Some((mixed(number) % clients.max(1)) as i64));
                        vec![vec![Value::Number(Some(number as i64)), at(number), line]]
                    },
                )?
            },
        ),
    ];
    let tables: BTreeMap<_, _> = tables
        .into_iter()
        .map(|(name, table)| Ok((name.parse()?, table)))
        .collect::<Result<_, Box<dyn std::error::Error>>>()?;
    let inputs = PinnedInputs { snapshot: SnapshotId(1), tables };
    let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".to_owned(), text: Arc::from(MODEL) }]);
    let project = check(&files, &Options::default()).value.ok_or("the definitions have errors")?;
    // Those that were there first, unless one is named.
    let is_asked = |kpi: &&Kpi| match &asked {
        Some(asked) => asked.split('+').any(|of| kpi.id.as_str() == of),
        None => ["again", "most"].contains(&kpi.id.as_str()),
    };
    let work: Vec<(&Kpi, Grain)> =
        project.kpis.values().filter(is_asked).map(|kpi| (kpi, kpi.period)).collect();
    let reach = watermarks(&project, &inputs);
    let plan = derive::plan(&work, &project, &inputs, START + 365 * DAY, &reach)?.ok_or("nothing is made")?;
    let limits = Limits { memory_bytes, ..Limits::default() };
    let before = peak_memory();
    reset_peak_memory();
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let kept = Kept::new(&DataFusionEvaluator, &shelf);
    let made = runtime.block_on(kept.made(&plan, &inputs, &limits))?;
    let rows = |table: &PinnedTable| match &table.data {
        TableData::Memory(memory) => memory.rows as u64,
        TableData::Files(files) => files.iter().map(|file| file.rows).sum(),
    };
    writeln!(
        std::io::stdout(),
        "{} rows made in {:.1} s: {:?}; at most {:?} bytes of memory ({before:?} to write the files)",
        made.tables.values().map(rows).sum::<u64>(),
        began.elapsed().as_secs_f64(),
        kept.remade(),
        peak_memory().unwrap_or_default()
    )?;
    fs::remove_dir_all(&folder)?;
    Ok(())
}
