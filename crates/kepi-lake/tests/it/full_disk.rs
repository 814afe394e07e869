//! A disk that is full in the middle of a landing: nothing half-done stays, the message says the place and the way out,
//! and landing again loses nothing and doubles nothing.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kepi_lake::{
    Landing, LocalLake,
    durable::{DurableFile, DurableFs, LocalFs},
};
use kepi_model::project::Mode;
use kepi_query::landing::{Lake, LoadOutcome};
use kepi_store::Store;

use crate::{landing::orders, support::*};

/// What Linux says when a disk is full.
const ENOSPC: i32 = 28;

/// A disk on which so many operations still succeed. Removing always does.
#[derive(Clone)]
struct Filling(Arc<AtomicU64>);

impl Filling {
    fn one(&self) -> io::Result<()> {
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .map(drop)
            .map_err(|_| io::Error::from_raw_os_error(ENOSPC))
    }
}

struct FillingFile(Filling, Box<dyn DurableFile>);

impl Write for FillingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(full) = self.0.one() {
            // A full disk takes what still fits before it says so.
            self.1.write_all(bytes.get(..bytes.len() / 2).unwrap_or(bytes))?;
            return Err(full);
        }
        self.1.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.1.flush()
    }
}

impl DurableFile for FillingFile {
    fn sync(&mut self) -> io::Result<()> {
        self.0.one()?;
        self.1.sync()
    }
}

impl DurableFs for Filling {
    fn create_folders(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.one()?;
        LocalFs.create_folders(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn DurableFile>> {
        self.one()?;
        Ok(Box::new(FillingFile(self.clone(), LocalFs.create(path)?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.one()?;
        LocalFs.rename(from, to)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.one()?;
        LocalFs.sync_folder(path)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        LocalFs.remove(path)
    }
}

fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            all.extend(files_below(&entry));
        } else {
            all.insert(entry);
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_disk_is_full_nothing_stays_and_landing_again_succeeds() {
    BY_POSITION.scope((1, 50), full_at_every_point(|_| true)).await;
}

/// The database is elsewhere and has room; the data files have none.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_disk_is_full_nothing_stays_on_postgresql_either() {
    full_at_every_point(on_postgres).await;
}

async fn full_at_every_point(prepare: fn(&Path) -> bool) {
    let interval = ["id", "amount", "_valid_from", "_valid_to"];
    let texts = ["a,1,,\nb,1,,\n", "c,1,,\n", "a,2,,\nc,2,,\nx,no,,\n"];
    let mut expected = None;
    let mut points = 0;
    for room in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        if !prepare(root) {
            return;
        }
        let left = Arc::new(AtomicU64::new(u64::MAX));
        let store = Store::open(&database(root)).await.unwrap();
        let fs = Arc::new(Filling(Arc::clone(&left)));
        let lake = by_position(LocalLake::open_on(fs, store.clone(), &root.join("data"), NOW).await.unwrap());
        let (project, source) = orders(Mode::Upsert);
        let landing = |n: usize| Landing { actor: "person/1", at: NOW + n as i64, progress: &Silent };
        let paths: Vec<PathBuf> = (0..3).map(|n| root.join(format!("{n}.csv"))).collect();
        for (path, text) in paths.iter().zip(texts) {
            std::fs::write(path, format!("id,amount,at,paid\n{text}")).unwrap();
        }
        for (n, path) in paths.iter().take(2).enumerate() {
            lake.land_raw(&project, &source, &raw(root, &source, path), landing(n)).await.unwrap();
        }
        let (before, latest) = (files_below(&root.join("data")), lake.latest().await.unwrap());
        left.store(room, Ordering::SeqCst);
        // The third file writes new rows, ends a row of the first file by position or writes it anew, and writes the second anew.
        let result = lake.land_raw(&project, &source, &raw(root, &source, &paths[2]), landing(2)).await;
        left.store(u64::MAX, Ordering::SeqCst);
        if let Err(error) = &result {
            points += 1;
            let text = error.to_string();
            for word in [root.join("data").to_str().unwrap(), "os error 28", "make room and run it again"] {
                assert!(text.contains(word), "room {room}: {text}");
            }
            assert_eq!(files_below(&root.join("data")), before, "room {room}: nothing half-done stays");
            assert_eq!(lake.latest().await.unwrap(), latest, "room {room}");
            assert_eq!(lake.loads(None).await.unwrap().len(), 2, "room {room}");
            assert_eq!(lake.quarantine(None, 0, 9).await.unwrap().1, 0, "room {room}");
            lake.land_raw(&project, &source, &raw(root, &source, &paths[2]), landing(2)).await.unwrap();
        }
        let rows = rows(&lake.pin(&project, None).await.unwrap(), "order", &interval);
        assert_eq!(rows.len(), 5, "room {room}: {rows:?}");
        assert_eq!(*expected.get_or_insert_with(|| rows.clone()), rows, "room {room}");
        assert_eq!(lake.quarantine(None, 0, 9).await.unwrap().1, 1, "room {room}");
        assert_whole(&store).await;
        if result.is_ok() {
            break;
        }
    }
    println!("{points} points at which the disk was full: nothing stayed, nothing was lost or doubled");
    assert!(points > 12, "three files are made, written, synced and named: {points} points");
}

/// Set in the environment of a process that lands what is in this folder.
const LOADER: &str = "KEPI_TEST_FULL_DISK";
const ROWS: usize = 400;
const FILES: usize = 3;

/// Not a test of its own: what a process with little room does.
#[test]
fn loader() {
    let Ok(root) = std::env::var(LOADER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    if let Err(error) = runtime.block_on(load(Path::new(&root))) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

async fn load(root: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let store = Store::open(&root.join("kepi.db").into()).await?;
    let lake = by_position(LocalLake::open(store, &root.join("data"), NOW).await?);
    let (project, source) = orders(Mode::Append);
    for n in 0..FILES {
        let landing = Landing { actor: "person/1", at: NOW + n as i64, progress: &Silent };
        lake.land_raw(&project, &source, &raw(root, &source, &root.join(format!("{n}.csv"))), landing)
            .await?;
    }
    Ok(())
}

/// Files cannot grow beyond a limit that rises step by step, so that the database, its log and the data files run out
/// of room at ever other points: what SQLite does then is part of the promise.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_grow_loses_nothing_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for n in 0..FILES {
        let mut text = "id,amount,at,paid\n".to_owned();
        for row in 0..ROWS {
            // Every fourth row is rejected and goes into the database, as it stood.
            let amount = if row % 4 == 0 { "none".repeat(20) } else { row.to_string() };
            text.push_str(&format!("{n}-{row},{amount},,\n"));
        }
        std::fs::write(root.join(format!("{n}.csv")), text).unwrap();
    }
    // The empty database is there: without it nothing but making it would fail.
    Store::open(&root.join("kepi.db").into()).await.unwrap().close().await;
    let (mut failures, mut said, mut landed) = (0, BTreeSet::new(), BTreeSet::new());
    for kibibytes in (4..4000).step_by(12) {
        let output = Command::new("bash")
            .arg("-c")
            .arg(format!(
                "trap '' XFSZ; ulimit -f {kibibytes}; exec \"$0\" --exact full_disk::loader --nocapture"
            ))
            .arg(std::env::current_exe().unwrap())
            .env(LOADER, root)
            .output()
            .unwrap();
        let store = Store::open(&root.join("kepi.db").into()).await.unwrap();
        let lake = by_position(LocalLake::open(store.clone(), &root.join("data"), NOW).await.unwrap());
        let (project, _) = orders(Mode::Append);
        let loads = lake.loads(None).await.unwrap();
        assert!(loads.iter().all(|l| l.outcome == LoadOutcome::Landed));
        let rows = rows(&lake.pin(&project, None).await.unwrap(), "order", &["id"]);
        assert_eq!(rows.len(), loads.len() * ROWS * 3 / 4, "{kibibytes} KiB");
        assert_eq!(
            rows.iter().collect::<BTreeSet<_>>().len(),
            rows.len(),
            "{kibibytes} KiB: nothing is doubled"
        );
        let rejected = lake.quarantine(None, 0, 1).await.unwrap().1;
        assert_eq!(rejected as usize, loads.len() * ROWS / 4, "{kibibytes} KiB");
        let verified = LocalLake::verify(store.clone(), &root.join("data")).await.unwrap();
        assert!(verified.damaged.is_empty(), "{kibibytes} KiB: {:?}", verified.damaged);
        landed.insert(loads.len());
        assert_whole(&store).await;
        lake.sweep_orphans(Duration::ZERO).await.unwrap();
        drop(lake);
        store.close().await;
        if output.status.success() {
            break;
        }
        failures += 1;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        said.extend(
            stderr.lines().filter(|l| l.contains("make room")).map(|l| l.contains("of the lake could")),
        );
        assert!(stderr.contains("make room") || landed.contains(&0), "{kibibytes} KiB: {stderr}");
    }
    assert_eq!(landed.last(), Some(&FILES), "with room enough everything lands");
    println!(
        "{failures} processes ran out of room, with {landed:?} files landed: nothing lost, nothing doubled"
    );
    assert!(failures > 3 && !said.is_empty(), "{failures} failures, {said:?}");
}
