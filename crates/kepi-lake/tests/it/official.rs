//! Proof that the catalogue is DuckLake: DuckDB's own extension attaches it and reads every snapshot equal.
//!
//! Needs a Python with what `tests/requirements.txt` says, named by `KEPI_PYTHON`; without it the test says so and passes.

use std::process::Command;

use kepi_model::project::Mode;
use kepi_query::port::TableData;
use serde_json::{Value, json};

use crate::{landing::orders, support::*};

on_both![duckdb_reads_every_snapshot_equal];

/// Rows end by position where no more than half of a file are out, and two files of about one size become one.
async fn duckdb_reads_every_snapshot_equal() {
    BY_POSITION.scope((1, 50), every_snapshot()).await;
}

async fn every_snapshot() {
    let Ok(python) = std::env::var("KEPI_PYTHON") else {
        eprintln!("SKIPPED: DuckDB was not asked to read the lake; set KEPI_PYTHON (1 test skipped)");
        return;
    };
    let bench = Bench::new().await;
    let (mut project, mut source) = orders(Mode::Upsert);
    for n in 0..6i64 {
        if n == 3 {
            let entity = project.entities.values_mut().next().unwrap();
            entity.attributes.push(attribute("note", kepi_model::expression::Type::Text));
            source.map.push(column(
                "note",
                kepi_model::expression::Type::Text,
                "note",
                kepi_model::project::Parse::Text,
            ));
        }
        let mut text = "id,amount,at,paid,note\n".to_owned();
        for row in 0..2000 {
            text.push_str(&format!(
                "k{},{n}.{:02},2026-01-01 10:00:00,{},n{n}\n",
                (row + n * 700) % 4000,
                row % 100,
                row % 2
            ));
        }
        let path = bench.write(&format!("{n}.csv"), text);
        bench.land(&project, &source, &path, NOW + n).await.unwrap();
    }
    let latest = bench.lake.latest().await.unwrap().0;
    let columns = ["id", "amount", "at", "paid", "note", "_valid_from", "_valid_to", "_row", "_source"];
    let (mut out, mut last) = (0, 0);
    for snapshot in 1..=latest {
        let pinned = bench.pin(&project, Some(snapshot)).await;
        let Some(TableData::Files(files)) = pinned.tables.values().next().map(|of| &of.data) else {
            continue;
        };
        last = files.len();
        out += files.iter().filter_map(|file| file.deletes.as_ref()).map(|of| of.rows).sum::<u64>();
    }
    assert!(out > 500, "rows are out by position: {out}");
    assert!(last < 6, "files of six landings became fewer: {last}");
    let mut wanted = Vec::new();
    for snapshot in 1..=latest {
        let rows = rows(&bench.pin(&project, Some(snapshot)).await, "order", &columns);
        wanted.push(json!({"snapshot": snapshot, "rows": rows}));
    }
    let asked = bench.write("asked.json", Value::from(wanted).to_string());
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/duckdb_reads.py");
    let catalogue = match kepi_testkit::postgres::connection(&address(bench.folder.path())) {
        Some(connection) => format!("postgres:{connection}"),
        None => format!("sqlite:{}", address(bench.folder.path())),
    };
    let done = Command::new(python).arg(script).arg(catalogue).arg(asked).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    println!("{said}");
    // DuckDB has appended a row of its own; the lake reads it, and goes on.
    assert_eq!(bench.rows(&project, "order", &["id"]).await.iter().filter(|r| r[0] == "duck").count(), 1);
    let path = bench.write("after.csv", "id,amount,at,paid,note\nlast,1,,,\n");
    bench.land(&project, &source, &path, NOW + 10).await.unwrap();
}
