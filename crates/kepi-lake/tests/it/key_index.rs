//! The key index that is kept beside the files: the next process goes on with it, and whatever befalls it costs time only.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use kepi_lake::Landing;
use kepi_model::project::Mode;
use kepi_query::landing::Lake as _;

use crate::{landing::orders, support::*};

on_both![the_next_process_goes_on_where_this_one_ended];

fn folder(root: &Path) -> PathBuf {
    root.join(".kepi/data/index")
}

/// All files of all indexes.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for table in std::fs::read_dir(folder(root)).into_iter().flatten() {
        files.extend(std::fs::read_dir(table.unwrap().path()).unwrap().map(|file| file.unwrap().path()));
    }
    files.sort();
    files
}

/// Something happens to the indexes of a lake, or nothing does.
pub fn befalls(bench: &Bench, random: &mut impl FnMut() -> u64) {
    let root = bench.folder.path();
    let (aside, there) = (root.join("aside"), folder(root));
    let all = files(root);
    let what = random() % 8;
    let Some(file) = all.get(random() as usize % all.len().max(1)) else { return };
    match what {
        0 => std::fs::remove_dir_all(&there).unwrap(),
        1 => std::fs::remove_file(file).unwrap(),
        2 => {
            let bytes = std::fs::read(file).unwrap();
            std::fs::write(file, &bytes[..random() as usize % bytes.len()]).unwrap();
        }
        3 => {
            let mut bytes = std::fs::read(file).unwrap();
            let at = random() as usize % bytes.len();
            bytes[at] ^= 1 << (random() % 8);
            std::fs::write(file, bytes).unwrap();
        }
        // That of another time comes back: somebody restored a part of a backup.
        4 if aside.exists() => {
            std::fs::remove_dir_all(&there).unwrap();
            std::fs::rename(&aside, &there).unwrap();
        }
        5 if !aside.exists() => copy(&there, &aside),
        _ => {}
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let beside = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &beside);
        } else {
            std::fs::copy(&path, &beside).unwrap();
        }
    }
}

async fn the_next_process_goes_on_where_this_one_ended() {
    let bench = Bench::new().await;
    let (project, source) = orders(Mode::Upsert);
    let first: String = (0..300).map(|n| format!("{n}-secret,{n},,\n")).collect();
    let first = bench.write("a.csv", format!("id,amount,at,paid\n{first}"));
    bench.land(&project, &source, &first, NOW).await.unwrap();
    let root = bench.folder.path();
    let runs = |root: &Path| -> BTreeSet<PathBuf> {
        files(root).into_iter().filter(|file| file.extension().is_some_and(|e| e == "run")).collect()
    };
    let before = runs(root);
    assert_eq!(before.len(), 1);
    // A key may be an address: what is kept of it tells nobody which.
    for file in files(root) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(7).any(|seven| seven == b"-secret"), "{}", file.display());
    }
    let unkeyed = blake3_of_key("7-secret");
    let holds = |bytes: &[u8]| bytes.windows(16).any(|w| w == unkeyed || w.iter().rev().eq(unkeyed.iter()));
    assert!(!before.iter().any(|run| holds(&std::fs::read(run).unwrap())), "a hash that anybody can try");

    let (_store, lake) = open(root).await;
    let change = bench.write("b.csv", "id,amount,at,paid\n7-secret,8,,\n8-secret,8,,\nnew,1,,\n");
    let landing = Landing { actor: "person/1", at: NOW + 1, progress: &Silent };
    let c = lake.land_raw(&project, &source, &raw(root, &source, &change), landing).await.unwrap().counts;
    assert_eq!((c.accepted, c.superseding, c.duplicate), (1, 1, 1));
    assert!(runs(root).is_superset(&before), "what was kept was not made anew");
    assert_eq!(lake.loads(None).await.unwrap().len(), 2);

    // What a killed process left there goes.
    let left = before.iter().next().unwrap().with_file_name("left.run");
    std::fs::write(&left, "half").unwrap();
    let (_store, lake) = open(root).await;
    let change = bench.write("c.csv", "id,amount,at,paid\n9-secret,8,,\n");
    let landing = Landing { actor: "person/1", at: NOW + 2, progress: &Silent };
    lake.land_raw(&project, &source, &raw(root, &source, &change), landing).await.unwrap();
    assert!(!left.exists());
    assert!(runs(root).is_superset(&before));
}

/// The hash of a key of one text without a secret, as it would be: kind, length, bytes.
fn blake3_of_key(text: &str) -> [u8; 16] {
    let mut bytes = vec![b't', text.len() as u8];
    bytes.extend_from_slice(text.as_bytes());
    let mut hash = [0; 16];
    hash.copy_from_slice(&kepi_model::id::Hash::of(&bytes).0[..16]);
    hash
}
