//! Rows that end by position: every snapshot holds the same rows as where files are written anew, and what says which rows are out is
//! guarded as the rows are.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use kepi_lake::{Damage, LakeError, LocalLake};
use kepi_model::{
    id::Hash,
    project::{Mode, Project, Source},
};
use kepi_query::{
    landing::{Lake as _, LoadOutcome},
    port::{PinnedDeletes, TableData},
};
use kepi_testkit::arbitrary::Chance;

use crate::{landing::orders, support::*};

on_both![
    random_histories_hold_the_same_rows_at_every_snapshot,
    rows_of_one_delivery_that_supersede_each_other_end_by_position,
    what_says_which_rows_are_out_is_guarded_as_they_are,
];

const COLUMNS: [&str; 8] = ["id", "amount", "at", "paid", "_valid_from", "_valid_to", "_file", "_row"];

/// What says which rows are out, of all files of a table now.
async fn deletes(bench: &Bench, project: &Project) -> Vec<PinnedDeletes> {
    let pinned = bench.pin(project, None).await;
    let Some(TableData::Files(files)) = pinned.tables.values().next().map(|table| &table.data) else {
        return Vec::new();
    };
    files.iter().filter_map(|file| file.deletes.clone()).collect()
}

/// The files that the table has now.
async fn files(bench: &Bench, project: &Project) -> BTreeSet<String> {
    let pinned = bench.pin(project, None).await;
    match pinned.tables.values().next().map(|table| &table.data) {
        Some(TableData::Files(files)) => files.iter().map(|file| file.path.clone()).collect(),
        _ => BTreeSet::new(),
    }
}

fn data_files(bench: &Bench) -> BTreeSet<PathBuf> {
    let folder = bench.folder.path().join(".kepi/data/main/order");
    std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect()
}

async fn random_histories_hold_the_same_rows_at_every_snapshot() {
    let count: u64 = std::env::var("KEPI_COUNT").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let first: u64 = std::env::var("KEPI_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (mut by_position, mut folded, mut combined, mut compared) = (0, 0, 0, 0);
    for seed in first..first + count {
        let found = history(seed).await;
        (by_position, folded) = (by_position + found.0, folded + found.1);
        (combined, compared) = (combined + found.2, compared + found.3);
    }
    println!(
        "{compared} rows of snapshots equal; {by_position} times rows ended by position, {folded} times folded, {combined} files \
         became parts of others"
    );
    assert!(by_position > count && folded > 0 && combined > count, "{by_position} {folded} {combined}");
}

/// One history in two lakes: how often rows ended by position in one of them, how often a file with such rows was written anew, how
/// many files went more, and how many rows were compared.
async fn history(seed: u64) -> (u64, u64, u64, usize) {
    let mut chance = Chance::new(seed);
    let anew = Bench::new().await;
    let percent = 20 + chance.below(70) as u64;
    let mut by = Bench::new().await;
    let (together, enough) = (2 + chance.below(2) as u64, 8 + chance.below(200) as u64);
    by.lake = by.lake.by_position(1, percent).combining(together, enough);
    let mode = *chance.pick(&[Mode::Upsert, Mode::Upsert, Mode::Snapshot]);
    let (project, mut source) = orders(mode);
    source.deletes_at_most = Some(1.0);
    if mode == Mode::Upsert && chance.once_in(2) {
        source.version = Some(id("at"));
    }
    let (mut by_position, mut folded, mut combined, mut compared) = (0, 0, 0, 0);
    let mut texts: Vec<String> = Vec::new();
    for step in 0..7i64 {
        let at = if texts.is_empty() || !chance.once_in(4) {
            let mut text = "id,amount,at,paid\n".to_owned();
            let keys = 5 + chance.below(40);
            for _ in 0..chance.below(2 * keys) {
                let (key, minute) = (chance.below(keys), chance.below(60));
                text.push_str(&format!("k{key},{},2026-01-01 10:{minute:02}:00,\n", chance.below(3)));
            }
            texts.push(text);
            texts.len() - 1
        } else {
            // One of them lands anew.
            source.hash = Hash::of(format!("{seed} {step}").as_bytes());
            chance.below(texts.len())
        };
        let name = format!("data/{at}.csv");
        let said = format!("seed {seed}, step {step}, {mode:?}, {percent} %, {name}");
        if chance.once_in(3) {
            let _ = std::fs::remove_dir_all(by.folder.path().join(".kepi/data/index"));
        }
        if chance.once_in(2) {
            by.lake = open(by.folder.path()).await.1.by_position(1, percent).combining(together, enough);
        }
        let before: Vec<_> = deletes(&by, &project).await;
        let stood = [files(&anew, &project).await, files(&by, &project).await];
        let mut outcomes = Vec::new();
        for bench in [&anew, &by] {
            let path = bench.write(&name, &texts[at]);
            let report = bench.land(&project, &source, &path, NOW + step).await.unwrap();
            outcomes.push((report.counts, report.outcome, report.snapshot, report.notes));
        }
        assert_eq!(outcomes[0], outcomes[1], "{said}");
        let now = deletes(&by, &project).await;
        by_position += now.iter().filter(|of| !before.contains(of)).count() as u64;
        folded += before.len().saturating_sub(now.len()) as u64;
        assert!(outcomes[0].1 == LoadOutcome::Landed, "{said}");
        let mut gone = [0; 2];
        for ((bench, before), gone) in [&anew, &by].into_iter().zip(&stood).zip(&mut gone) {
            *gone = before.difference(&files(bench, &project).await).count() as u64;
        }
        // Where rows end by position, fewer files go than where these are written anew.
        combined += gone[1].saturating_sub(gone[0]);
        for snapshot in 1..=anew.lake.latest().await.unwrap().0 {
            let [want, got] =
                [anew.pin(&project, Some(snapshot)).await, by.pin(&project, Some(snapshot)).await]
                    .map(|pinned| rows(&pinned, "order", &COLUMNS));
            compared += got.len();
            assert_eq!(got, want, "{said}, snapshot {snapshot}");
        }
    }
    assert!(deletes(&anew, &project).await.is_empty(), "small files are written anew by themselves");
    assert_eq!(
        LocalLake::verify(by.store.clone(), &by.folder.path().join(".kepi/data")).await.unwrap().damaged,
        []
    );
    assert_whole(&by.store).await;
    (by_position, folded, combined, compared)
}

async fn rows_of_one_delivery_that_supersede_each_other_end_by_position() {
    let mut bench = Bench::new().await;
    bench.lake = bench.lake.by_position(1, 50);
    let (project, source) = orders(Mode::Upsert);
    let path = bench.write("a.csv", "id,amount,at,paid\na,1,,\nb,1,,\nc,1,,\nb,2,,\nb,3,,\n");
    bench.land(&project, &source, &path, NOW).await.unwrap();
    let out = deletes(&bench, &project).await;
    assert_eq!(out.iter().map(|of| of.rows).collect::<Vec<_>>(), [2]);
    assert_eq!(data_files(&bench).len(), 3, "the new file, the two rows that stand again, and which are out");
    let in_force = |rows: Vec<Vec<String>>| -> Vec<String> {
        rows.into_iter().filter(|row| row[2] == "-").map(|row| row[..2].join(" ")).collect()
    };
    let columns = ["id", "amount", "_valid_to"];
    assert_eq!(in_force(bench.rows(&project, "order", &columns).await), ["a 100", "b 300", "c 100"]);
    // The index knows where they stand.
    let path = bench.write("b.csv", "id,amount,at,paid\nb,4,,\n");
    bench.land(&project, &source, &path, NOW + 1).await.unwrap();
    assert_eq!(in_force(bench.rows(&project, "order", &columns).await), ["a 100", "b 400", "c 100"]);
}

/// A lake of which one file has a row that is out.
async fn one_out() -> (Bench, Project, Source, PathBuf) {
    let mut bench = Bench::new().await;
    bench.lake = bench.lake.by_position(1, 50);
    let (project, source) = orders(Mode::Upsert);
    let path = bench.write("a.csv", "id,amount,at,paid\na,1,,\nb,1,,\nc,1,,\n");
    bench.land(&project, &source, &path, NOW).await.unwrap();
    let path = bench.write("b.csv", "id,amount,at,paid\nb,2,,\n");
    bench.land(&project, &source, &path, NOW + 1).await.unwrap();
    let found = deletes(&bench, &project).await;
    let [of] = found.as_slice() else { panic!("{found:?}") };
    let path = PathBuf::from(&of.path);
    (bench, project, source, path)
}

async fn what_says_which_rows_are_out_is_guarded_as_they_are() {
    let (bench, project, source, out) = one_out().await;
    // It is no orphan; one that nothing names is.
    let orphan = out.with_file_name("left-delete.parquet");
    std::fs::copy(&out, &orphan).unwrap();
    let before = data_files(&bench);
    assert_eq!(bench.lake.sweep_orphans(Duration::ZERO).await.unwrap(), std::slice::from_ref(&orphan));
    assert_eq!(data_files(&bench), before.into_iter().filter(|file| *file != orphan).collect());

    let (bytes, data) = (std::fs::read(&out).unwrap(), bench.folder.path().join(".kepi/data"));
    let order = id("order");
    for damage in 0..2 {
        match damage {
            0 => {
                let mut spoilt = bytes.clone();
                spoilt[20] ^= 1;
                std::fs::write(&out, spoilt).unwrap();
            }
            _ => std::fs::remove_file(&out).unwrap(),
        }
        let verified = LocalLake::verify(bench.store.clone(), &data).await.unwrap();
        assert_eq!(verified.damaged.iter().map(|of| &of.path).collect::<Vec<_>>(), [&out]);
        // What reads the table is held back, by name.
        let lake = LocalLake::open_as_it_is(bench.store.clone(), &data, NOW).await.unwrap();
        let held_back = lake.damaged(lake.latest().await.unwrap()).await.unwrap();
        assert!(held_back[&order].contains("-delete.parquet"), "{held_back:?}");
        assert!(lake.pin(&project, Some(lake.latest().await.unwrap())).await.is_err());
        // The snapshot before has nothing to do with it.
        let before = lake.pin(&project, Some(kepi_query::port::SnapshotId(2))).await.unwrap();
        assert_eq!(rows(&before, "order", &["id"]).len(), 3);
        // Nor does anything land on it.
        std::fs::remove_dir_all(data.join("index")).unwrap();
        let path = bench.write("c.csv", "id,amount,at,paid\nc,2,,\n");
        let landing = kepi_lake::Landing { actor: "person/1", at: NOW + 2, progress: &Silent };
        let refused =
            lake.land_raw(&project, &source, &raw(bench.folder.path(), &source, &path), landing).await;
        assert!(refused.unwrap_err().to_string().contains("-delete.parquet"));
        std::fs::create_dir_all(data.join("index")).unwrap();
    }
    let refused = LocalLake::open(bench.store.clone(), &data, NOW).await.err().unwrap();
    assert!(matches!(&refused, LakeError::Damaged(of) if of[0].damage == Damage::Missing), "{refused}");
    std::fs::write(&out, &bytes).unwrap();
    assert_eq!(bench.rows(&project, "order", &["id", "amount"]).await.len(), 4);
}
