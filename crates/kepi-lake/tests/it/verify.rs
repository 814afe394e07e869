//! Data files that change after they were written are found out, by name.

use kepi_lake::{Damage, DamagedFile, LakeError, LocalLake, Verified};
use kepi_model::project::Mode;
use kepi_query::{landing::Lake, port::SnapshotId};
use kepi_store::catalogue::{self, MAIN, NewFile, Replacement, Stamp};
use std::path::PathBuf;

use crate::{landing::orders, support::*};

on_both![
    every_flipped_byte_of_every_file_is_found,
    a_file_that_is_short_or_gone_is_named_with_the_others,
    a_snapshot_asked_for_by_number_is_given_whole_or_not_at_all,
    files_of_other_writers_have_no_checksum_and_are_counted,
];

/// A lake of two snapshots, the second of which rewrote a file of the first.
async fn lake() -> (Bench, Vec<PathBuf>) {
    let bench = Bench::new().await;
    let (project, source) = orders(Mode::Upsert);
    for (n, text) in ["a,1,,\nb,1,,\n", "a,2,,\n"].iter().enumerate() {
        let path = bench.write(&format!("{n}.csv"), format!("id,amount,at,paid\n{text}"));
        bench.land(&project, &source, &path, NOW + n as i64).await.unwrap();
    }
    let folder = bench.folder.path().join(".kepi/data/main/order");
    let files = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    (bench, files)
}

async fn verify(bench: &Bench) -> Verified {
    let root = bench.folder.path();
    LocalLake::verify(bench.store.clone(), &root.join(".kepi/data")).await.unwrap()
}

async fn every_flipped_byte_of_every_file_is_found() {
    let (bench, files) = lake().await;
    assert_eq!(files.len(), 3);
    let whole = verify(&bench).await;
    let bytes: u64 = files.iter().map(|f| f.metadata().unwrap().len()).sum();
    assert_eq!(whole, Verified { files: 3, bytes, without_checksum: 0, damaged: vec![] });
    for path in &files {
        let written = std::fs::read(path).unwrap();
        // Magic, data, statistics, footer: each part of a Parquet file is a place where a bit may flip.
        for at in (0..written.len()).step_by(97).chain([written.len() - 1]) {
            let mut flipped = written.clone();
            flipped[at] ^= 0x10;
            std::fs::write(path, flipped).unwrap();
            let found = verify(&bench).await.damaged;
            assert!(
                matches!(&found[..], [DamagedFile { path: of, damage: Damage::Content { .. } }] if of == path),
                "byte {at}: {found:?}"
            );
        }
        std::fs::write(path, written).unwrap();
    }
    assert_eq!(verify(&bench).await, whole);
}

async fn a_file_that_is_short_or_gone_is_named_with_the_others() {
    let (bench, files) = lake().await;
    let length = files[0].metadata().unwrap().len();
    std::fs::File::options().write(true).open(&files[0]).unwrap().set_len(5).unwrap();
    std::fs::remove_file(&files[1]).unwrap();
    let mut found = verify(&bench).await.damaged;
    found.sort_by_key(|f| files.iter().position(|p| *p == f.path));
    assert_eq!(
        found,
        [
            DamagedFile { path: files[0].clone(), damage: Damage::Length { expected: length, found: 5 } },
            DamagedFile { path: files[1].clone(), damage: Damage::Missing },
        ]
    );
}

async fn a_snapshot_asked_for_by_number_is_given_whole_or_not_at_all() {
    let (bench, _) = lake().await;
    let (project, _) = orders(Mode::Upsert);
    let latest = bench.lake.latest().await.unwrap();
    let earlier = SnapshotId(latest.0 - 1);
    let pinned = bench.pin(&project, Some(earlier.0)).await;
    let kepi_query::port::TableData::Files(files) = &pinned.tables[&id("order")].data else { panic!() };
    let path = PathBuf::from(&files[0].path);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = bench.lake.pin(&project, Some(earlier)).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error.downcast_ref(), Some(LakeError::Damaged(_))), "{text}");
    for word in [path.to_str().unwrap(), "other content", "restore it from a backup"] {
        assert!(text.contains(word), "{text}");
    }
    assert!(bench.lake.pin(&project, Some(latest)).await.is_ok(), "the file is not of the newest snapshot");
}

async fn files_of_other_writers_have_no_checksum_and_are_counted() {
    let (bench, files) = lake().await;
    // Another writer takes a file out and puts the same rows in under a name of its own.
    let written = &files[0];
    std::fs::copy(written, written.with_file_name("other.parquet")).unwrap();
    let mut tx = bench.store.begin().await.unwrap();
    let table = catalogue::table(&mut tx, MAIN, "order").await.unwrap().unwrap();
    let live = catalogue::live_files(&mut tx, table.id).await.unwrap();
    let other = NewFile {
        path: written.with_file_name("other.parquet"),
        name: "other.parquet".into(),
        rows: live[0].rows,
        bytes: std::fs::metadata(written).unwrap().len(),
        checksum: None,
        footer: 0,
        stats: vec![],
        deletes: None,
    };
    let stamp = Stamp { at: NOW, actor: "duck", message: "of another writer" };
    let added = Replacement { add: vec![other], ..Replacement::default() };
    catalogue::commit(&mut tx, table.id, &added, stamp).await.unwrap();
    tx.commit().await.unwrap();
    let found = verify(&bench).await;
    assert_eq!((found.files, found.without_checksum), (files.len() as u64, 1));
    assert!(found.damaged.is_empty());
}
