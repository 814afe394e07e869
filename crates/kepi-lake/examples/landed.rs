//! A run of a source with many files, none of which is new: how long it takes to see that all have landed.
//!
//! `landed FILES ROWS` lands so many files of so many rows, then looks at them again: reading all of them, and by how they stand.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement"
)]

use std::{
    fmt::Write as _,
    fs,
    time::{Duration, Instant},
};

use kepi_lake::{FileSources, LocalLake};
use kepi_model::source_text::{SourceFile, SourceMap};
use kepi_query::landing::{Lake as _, LoadOutcome, Progress, Sources as _};
use kepi_store::{Store, catalogue};

const DEFINITIONS: &str = "project: bench
name: Landed
language: 1
time_zone: UTC
---
entity: log_line
name: Line
key: [id]
attributes:
  id: {type: text}
  account: {type: text}
  comment: {type: text}
---
source: lines
into: log_line
from: {csv: {files: \"data/*.csv\"}}
mode: append
map:
  id: {column: id, as: text, required: true}
  account: {column: account, as: text}
  comment: {column: comment, as: text}
";

const NOW: i64 = 1_767_225_600_000_000;

struct Silent;
impl Progress for Silent {
    fn rows(&self, _more: u64) {}
}

fn main() {
    let mut said = std::env::args().skip(1).map(|n| n.parse::<u64>().unwrap());
    let (files, rows) = (said.next().unwrap(), said.next().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("data")).unwrap();
    let mut bytes = 0;
    for file in 0..files {
        let mut text = "id,account,comment\n".to_owned();
        for row in 0..rows {
            let n = (file * rows + row).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            writeln!(text, "{file}-{row},A{},said {n:x} and {:x} of it", n % 9973, n.rotate_left(29))
                .unwrap();
        }
        bytes += text.len();
        fs::write(root.join(format!("data/{file:05}.csv")), text).unwrap();
    }
    let definitions = vec![SourceFile { path: "kepi.yml".into(), text: DEFINITIONS.into() }];
    let checked = kepi_model::check::check(&SourceMap::new(definitions), &Default::default());
    let project = checked.value.unwrap_or_else(|| panic!("{:?}", checked.findings));
    let source = project.sources.values().next().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    println!("{files} files of {rows} rows, {} MB", bytes / 1_000_000);
    for what in ["landed", "all read", "once more", "by how they stand"] {
        // Each in a process of its own, as far as the lake knows.
        let seconds = runtime.block_on(async {
            let store = Store::open(&root.join("kepi.db").into()).await.unwrap();
            let lake = LocalLake::open(store.clone(), &root.join("lake"), NOW).await.unwrap();
            let mut lake = lake.settled_after(Duration::ZERO);
            if what == "all read" {
                lake = lake.reading_all();
            }
            let start = Instant::now();
            let raw = FileSources::new(root).offered(source).unwrap().raw;
            let landed = lake.land(&project, source, &raw, "job/bench", NOW, &Silent).await.unwrap();
            let seconds = start.elapsed().as_secs_f64();
            let new = landed.into_iter().map(Result::unwrap).filter(|of| of.outcome == LoadOutcome::Landed);
            assert_eq!(new.count() as u64, if what == "landed" { files } else { 0 });
            if what == "landed" {
                let mut reading = store.read().await.unwrap();
                let table =
                    catalogue::table(&mut reading, catalogue::MAIN, "log_line").await.unwrap().unwrap();
                let live = catalogue::live_files(&mut reading, table.id).await.unwrap();
                println!("{} files of the table are left", live.len());
            }
            store.close().await;
            seconds
        });
        println!("{what}: {seconds:.3} s");
    }
}
