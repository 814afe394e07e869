//! Small files that become one: few are left however many have landed, every snapshot holds what it held, and no row is written often.

use std::collections::BTreeMap;

use kepi_model::project::Mode;
use kepi_query::port::TableData;

use crate::{landing::orders, support::*};

on_both![of_files_that_landed_at_once_the_later_holds_for_an_index_that_is_read_anew];

const COLUMNS: [&str; 7] = ["id", "amount", "_valid_from", "_valid_to", "_file", "_row", "_load"];
const LANDINGS: usize = 200;
const KEYS: usize = 400;
/// Rows that change in a landing.
const CHANGES: usize = 3;

/// A version of a key: number of the landing, its place in the file, and its load.
type Versions = BTreeMap<usize, Vec<(usize, usize, String)>>;

/// All rows as they are to be.
fn expected(versions: &Versions) -> Vec<Vec<String>> {
    let instant = |n: usize| (NOW + n as i64).to_string();
    let mut rows = Vec::new();
    for (key, versions) in versions {
        for (at, (n, row, load)) in versions.iter().enumerate() {
            let from = if at == 0 { "-".to_owned() } else { instant(*n) };
            let to = versions.get(at + 1).map_or("-".to_owned(), |(next, ..)| instant(*next));
            let file = format!("data/{n}.csv");
            let (amount, row) = ((n * 100).to_string(), row.to_string());
            rows.push(vec![format!("k{key}"), amount, from, to, file, row, load.clone()]);
        }
    }
    rows.sort();
    rows
}

#[tokio::test]
async fn two_hundred_landings_leave_few_files_and_every_snapshot_as_it_was() {
    // In memory where there is such a place: so many landings wait for the disk most of the time.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let (store, lake) = open(folder.path()).await;
    let mut bench = Bench { folder, store, lake: lake.by_position(100, 40) };
    let (project, mut source) = orders(Mode::Upsert);
    source.version = Some(id("at"));
    let mut versions = Versions::new();
    let mut snapshots = Vec::new();
    for n in 0..=LANDINGS {
        let keys: Vec<usize> = if n == 0 {
            (0..KEYS).collect()
        } else {
            (0..CHANGES).map(|row| (n * 7 + row * 61) % KEYS).collect()
        };
        let mut text = "id,amount,at,paid\n".to_owned();
        for key in &keys {
            let at = jiff::Timestamp::from_microsecond(NOW + n as i64).unwrap();
            text.push_str(&format!("k{key},{n},{at},\n"));
        }
        let path = bench.write(&format!("data/{n}.csv"), text);
        if n % 60 == 59 {
            // The index is read anew of what is there.
            bench.lake = open(bench.folder.path()).await.1.by_position(100, 40);
            std::fs::remove_dir_all(bench.folder.path().join(".kepi/data/index")).unwrap();
        }
        let report = bench.land(&project, &source, &path, NOW + n as i64).await.unwrap();
        for (row, key) in keys.into_iter().enumerate() {
            versions.entry(key).or_default().push((n, row + 1, report.load.clone()));
        }
        if n % 20 == 0 {
            snapshots.push((report.snapshot.unwrap(), expected(&versions)));
        }
    }
    for (snapshot, want) in snapshots {
        let got = rows(&bench.pin(&project, Some(snapshot.0)).await, "order", &COLUMNS);
        assert_eq!(got, want, "snapshot {}", snapshot.0);
    }
    let pinned = bench.pin(&project, None).await;
    let TableData::Files(files) = &pinned.tables[&id("order")].data else { panic!("files expected") };
    assert!(files.len() <= 20, "{} files are left of {LANDINGS} landings", files.len());
    // What was written of rows is what is measured anew of them, too: states are kept by file.
    let all = kepi_store::catalogue::files(&mut bench.store.read().await.unwrap()).await.unwrap();
    let data = all.iter().filter(|file| !file.path.ends_with("-delete.parquet"));
    let written: u64 = data.map(|file| file.rows).sum();
    let versions = (KEYS + LANDINGS * CHANGES) as u64;
    println!("{} files of {LANDINGS} landings, {written} rows written of {versions} versions", files.len());
    assert!(written < 10 * versions, "{written} rows were written of {versions} versions");
    let damaged = bench.lake.damage().await.unwrap();
    assert!(damaged.is_empty(), "{damaged:?}");
    assert_whole(&bench.store).await;
}

async fn of_files_that_landed_at_once_the_later_holds_for_an_index_that_is_read_anew() {
    let bench = Bench::new().await;
    let (project, mut source) = orders(Mode::Upsert);
    source.version = Some(id("at"));
    // The same key and version in both, farther behind in the first.
    let newest = "2026-01-01 10:00:00";
    let first =
        bench.write("data/a.csv", format!("id,amount,at,paid\nb,1,,\nc,1,{newest},\nk,1,{newest},\n"));
    let second = bench.write("data/b.csv", format!("id,amount,at,paid\nk,2,{newest},\n"));
    let third = bench.write("data/c.csv", "id,amount,at,paid\nk,3,2025-01-01 10:00:00,\n");
    for path in [&first, &second, &third] {
        let _ = std::fs::remove_dir_all(bench.folder.path().join(".kepi/data/index"));
        let lake = open(bench.folder.path()).await.1;
        let bench = Bench { folder: tempfile::tempdir().unwrap(), store: bench.store.clone(), lake };
        let raw = raw(path.ancestors().nth(2).unwrap(), &source, path);
        let landing = kepi_lake::Landing { actor: "person/1", at: NOW, progress: &Silent };
        bench.lake.land_raw(&project, &source, &raw, landing).await.unwrap();
    }
    let rows = bench.rows(&project, "order", &["id", "amount", "_valid_to"]).await;
    let in_force: Vec<_> = rows.iter().filter(|row| row[0] == "k" && row[2] == "-").collect();
    assert_eq!(in_force, [&["k".to_owned(), "200".to_owned(), "-".to_owned()]]);
}
