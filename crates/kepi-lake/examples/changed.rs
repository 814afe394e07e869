//! A thousand changed rows spread over all of a large table: how long landing them takes, and how many bytes of data files it writes.
//!
//! `changed ROWS` ends rows by position as Kepi does, `changed ROWS anew` writes every file anew that one of them stands in.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement"
)]

use std::{
    collections::BTreeMap,
    fs,
    io::{BufWriter, Write as _},
    path::Path,
    time::Instant,
};

use kepi_lake::{FileSources, Landing, LocalLake};
use kepi_model::source_text::{SourceFile, SourceMap};
use kepi_query::landing::Progress;
use kepi_store::Store;

const DEFINITIONS: &str = "project: bench
name: Changes
language: 1
time_zone: UTC
---
entity: request
name: Request
key: [id]
attributes:
  id: {type: text}
  account: {type: text}
  opened_at: {type: timestamp}
  solved_at: {type: timestamp}
  channel: {type: text}
  comment: {type: text}
  amount: {type: \"number, 2 decimals\"}
  minutes: {type: integer}
---
source: tickets
into: request
from: {csv: {files: \"data/*.csv\"}}
mode: upsert
version: solved_at
map:
  id: {column: id, as: text, required: true}
  account: {column: account, as: text}
  opened_at: {column: opened_at, as: timestamp}
  solved_at: {column: solved_at, as: timestamp}
  channel: {column: channel, as: text}
  comment: {column: comment, as: text}
  amount: {column: amount, as: \"number, 2 decimals\"}
  minutes: {column: minutes, as: integer}
";

const NOW: i64 = 1_767_225_600_000_000;

struct Silent;
impl Progress for Silent {
    fn rows(&self, _more: u64) {}
}

fn csv(path: &Path, rows: impl Iterator<Item = u64>, version: u64) {
    let mut text = BufWriter::new(fs::File::create(path).unwrap());
    writeln!(text, "id,account,opened_at,solved_at,channel,comment,amount,minutes").unwrap();
    for row in rows {
        let n = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let at = |seconds: u64| jiff::Timestamp::from_second(seconds.cast_signed()).unwrap();
        let opened = 1_600_000_000 + row * 3;
        let (account, channel) = (n % 200_000, ["phone", "web", "email"][(n % 3) as usize]);
        let (opened, solved) = (at(opened), at(opened + n % 800_000 + version * 10_000_000));
        let (words, money, minutes) = (n % 5000, n % 100_000, n % 600);
        let comment = format!("said {words} and {}", n % 77_777);
        writeln!(text, "T{row:09},A{account},{opened},{solved},{channel},{comment},{money}.50,{minutes}")
            .unwrap();
    }
    text.flush().unwrap();
}

/// The largest resident memory so far, in MB, where the system says so.
fn peak() -> u64 {
    let said = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = said.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).map_or(0, |kb: u64| kb / 1024)
}

fn data_files(folder: &Path) -> BTreeMap<String, u64> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    files.map(|file| (file.file_name().into_string().unwrap(), file.metadata().unwrap().len())).collect()
}

fn main() {
    let mut said = std::env::args().skip(1);
    let rows: u64 = said.next().unwrap().parse().unwrap();
    let anew = said.next().is_some();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("data")).unwrap();
    let files = vec![SourceFile { path: "kepi.yml".into(), text: DEFINITIONS.into() }];
    let checked = kepi_model::check::check(&SourceMap::new(files), &Default::default());
    let project = checked.value.unwrap_or_else(|| panic!("{:?}", checked.findings));
    let source = project.sources.values().next().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    // A day each of a quarter million rows would be more files; a large one is what costs most to write anew.
    csv(&root.join("data/0.csv"), 0..rows, 0);
    for day in 1..=3u64 {
        let step = (rows / 1000).max(1);
        csv(&root.join(format!("data/{day}.csv")), (day..rows).step_by(step as usize), day);
    }
    for day in 0..=3i64 {
        // Each in a process of its own, as far as the lake knows.
        let (seconds, written, bytes) = runtime.block_on(async {
            let store = Store::open(&root.join("kepi.db").into()).await.unwrap();
            let mut lake = LocalLake::open(store.clone(), &root.join("lake"), NOW).await.unwrap();
            if anew {
                lake = lake.by_position(u64::MAX, 0);
            }
            let raw = FileSources::new(root).file(source, &root.join(format!("data/{day}.csv")));
            let of_table = root.join("lake/main/request");
            let before = if day == 0 { BTreeMap::new() } else { data_files(&of_table) };
            let start = Instant::now();
            let landing = Landing { actor: "job/bench", at: NOW + day, progress: &Silent };
            let report = lake.land_raw(&project, source, &raw, landing).await.unwrap();
            let seconds = start.elapsed().as_secs_f64();
            let new: Vec<u64> = data_files(&of_table)
                .into_iter()
                .filter_map(|(name, bytes)| (!before.contains_key(&name)).then_some(bytes))
                .collect();
            store.close().await;
            assert_eq!(report.counts.quarantined, 0);
            (seconds, report.counts.landed(), new.iter().sum::<u64>())
        });
        println!(
            "day {day}: {written} rows in {seconds:.3} s, {bytes} bytes of data files written, {} MB of memory at most",
            peak()
        );
    }
}
