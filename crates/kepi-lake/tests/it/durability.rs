//! The order of operations on the disk, and what is left when the power is cut.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use kepi_lake::{
    Damage, LakeError, Landing, LocalLake,
    durable::{DurableFile, DurableFs, LocalFs},
};
use kepi_model::project::Mode;
use kepi_store::Store;

use crate::{landing::orders, support::*};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Did {
    Wrote(PathBuf),
    SyncedFile(PathBuf),
    Renamed(PathBuf, PathBuf),
    SyncedFolder(PathBuf),
    Committing(Vec<PathBuf>),
}

/// A disk that remembers what was synced, so that the power can be cut.
#[derive(Default)]
struct Disk {
    did: Vec<Did>,
    /// Bytes that were synced, by the file's present name.
    synced: BTreeMap<PathBuf, u64>,
    present: BTreeSet<PathBuf>,
    /// Names that a synced folder holds.
    named: BTreeSet<PathBuf>,
}

#[derive(Clone, Default)]
struct Watched {
    disk: Arc<Mutex<Disk>>,
    forget_folders: bool,
    forget_files: bool,
}

struct WatchedFile {
    disk: Arc<Mutex<Disk>>,
    path: PathBuf,
    file: File,
    forget: bool,
}

impl Write for WatchedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut disk = self.disk.lock().unwrap();
        if disk.did.last() != Some(&Did::Wrote(self.path.clone())) {
            disk.did.push(Did::Wrote(self.path.clone()));
        }
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl DurableFile for WatchedFile {
    fn sync(&mut self) -> io::Result<()> {
        if self.forget {
            return Ok(());
        }
        let mut disk = self.disk.lock().unwrap();
        disk.did.push(Did::SyncedFile(self.path.clone()));
        disk.synced.insert(self.path.clone(), self.file.metadata()?.len());
        Ok(())
    }
}

impl DurableFs for Watched {
    fn create_folders(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        LocalFs.create_folders(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn DurableFile>> {
        let file = File::options().write(true).create_new(true).open(path)?;
        self.disk.lock().unwrap().present.insert(path.to_owned());
        Ok(Box::new(WatchedFile {
            disk: Arc::clone(&self.disk),
            path: path.to_owned(),
            file,
            forget: self.forget_files,
        }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk.lock().unwrap();
        disk.did.push(Did::Renamed(from.to_owned(), to.to_owned()));
        disk.present.remove(from);
        disk.present.insert(to.to_owned());
        if let Some(n) = disk.synced.remove(from) {
            disk.synced.insert(to.to_owned(), n);
        }
        LocalFs.rename(from, to)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        if self.forget_folders {
            return Ok(());
        }
        let mut disk = self.disk.lock().unwrap();
        disk.did.push(Did::SyncedFolder(path.to_owned()));
        let now: Vec<PathBuf> = disk.present.iter().filter(|p| p.parent() == Some(path)).cloned().collect();
        disk.named.extend(now);
        Ok(())
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.lock().unwrap().present.remove(path);
        LocalFs.remove(path)
    }
    fn committing(&self, files: &[PathBuf]) {
        self.disk.lock().unwrap().did.push(Did::Committing(files.to_vec()));
    }
}

impl Watched {
    /// Leaves on the real disk what a power cut would leave.
    fn cut_the_power(&self) {
        let disk = self.disk.lock().unwrap();
        for path in &disk.present {
            if !disk.named.contains(path) {
                std::fs::remove_file(path).unwrap();
            } else {
                let file = File::options().write(true).open(path).unwrap();
                file.set_len(disk.synced.get(path).copied().unwrap_or(0)).unwrap();
            }
        }
    }
}

async fn land_three(fs: &Watched, root: &Path) {
    let store = Store::open(&root.join("kepi.db").into()).await.unwrap();
    let lake = by_position(
        LocalLake::open_on(Arc::new(fs.clone()), store.clone(), &root.join("data"), NOW).await.unwrap(),
    );
    let (project, source) = orders(Mode::Upsert);
    for (n, text) in ["a,1,,\nb,1,,\n", "a,2,,\nb,2,,\nb,3,,\n", "c,1,,\na,3,,\n"].iter().enumerate() {
        let path = root.join(format!("{n}.csv"));
        std::fs::write(&path, format!("id,amount,at,paid\n{text}")).unwrap();
        let landing = Landing { actor: "person/1", at: NOW + n as i64, progress: &Silent };
        lake.land_raw(&project, &source, &raw(root, &source, &path), landing).await.unwrap();
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_synced_then_named_then_committed() {
    let folder = tempfile::tempdir().unwrap();
    let fs = Watched::default();
    BY_POSITION.scope((1, 50), land_three(&fs, folder.path())).await;
    {
        let disk = fs.disk.lock().unwrap();
        let mut committed = 0;
        for (at, did) in disk.did.iter().enumerate() {
            let Did::Committing(files) = did else { continue };
            for file in files {
                committed += 1;
                let before = &disk.did[..at];
                let last = |f: &dyn Fn(&Did) -> bool| before.iter().rposition(f).unwrap();
                let renamed = last(&|d| matches!(d, Did::Renamed(_, to) if to == file));
                let Did::Renamed(temporary, _) = &before[renamed] else { unreachable!() };
                let wrote = last(&|d| *d == Did::Wrote(temporary.clone()));
                let synced = last(&|d| *d == Did::SyncedFile(temporary.clone()));
                let named = last(&|d| *d == Did::SyncedFolder(file.parent().unwrap().to_owned()));
                assert!(wrote < synced && synced < renamed && renamed < named, "{:?}", disk.did);
            }
        }
        assert!(committed >= 5, "new and rewritten files were committed: {committed}");
    }
    fs.cut_the_power();
    let store = Store::open(&folder.path().join("kepi.db").into()).await.unwrap();
    let lake = by_position(LocalLake::open(store, &folder.path().join("data"), NOW).await.unwrap());
    assert!(lake.damage().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_not_synced_is_found_out() {
    for (forget_files, forget_folders) in [(true, false), (false, true)] {
        let folder = tempfile::tempdir().unwrap();
        let fs = Watched { forget_files, forget_folders, ..Watched::default() };
        land_three(&fs, folder.path()).await;
        fs.cut_the_power();
        let store = Store::open(&folder.path().join("kepi.db").into()).await.unwrap();
        match LocalLake::open(store, &folder.path().join("data"), NOW).await {
            Err(LakeError::Damaged(files)) => {
                assert!(files.iter().all(|f| (f.damage == Damage::Missing) == forget_folders), "{files:?}");
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("a damaged lake was opened"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_are_swept_and_nothing_else() {
    let bench = Bench::new().await;
    let (project, source) = orders(Mode::Append);
    let path = bench.write("a.csv", "id,amount,at,paid\na,1,,\n");
    bench.land(&project, &source, &path, NOW).await.unwrap();
    let folder = bench.folder.path().join(".kepi/data/main/order");
    for name in ["torn.unfinished", "orphan.parquet", "mine.txt"] {
        std::fs::write(folder.join(name), "PAR1 torn").unwrap();
    }
    let hour = std::time::Duration::from_secs(3600);
    assert!(bench.lake.sweep_orphans(hour).await.unwrap().is_empty(), "young files may be under way");
    let mut swept = bench.lake.sweep_orphans(std::time::Duration::ZERO).await.unwrap();
    swept.sort();
    assert_eq!(swept, [folder.join("orphan.parquet"), folder.join("torn.unfinished")]);
    assert_eq!(bench.rows(&project, "order", &["id"]).await, [["a"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_landing_sweeps_what_a_killed_one_left_a_day_ago() {
    use kepi_query::landing::Lake;
    let bench = Bench::new().await;
    let (project, source) = orders(Mode::Append);
    let path = bench.write("a.csv", "id,amount,at,paid\na,1,,\n");
    bench.land(&project, &source, &path, NOW).await.unwrap();
    let folder = bench.folder.path().join(".kepi/data/main/order");
    let hours = |n: u64| std::time::SystemTime::now() - std::time::Duration::from_secs(n * 3600);
    for (name, age) in [("old.parquet", 25), ("young.parquet", 23)] {
        File::create(folder.join(name)).unwrap().set_modified(hours(age)).unwrap();
    }
    bench
        .lake
        .land(&project, &source, &[raw(bench.folder.path(), &source, &path)], "person/1", NOW, &Silent)
        .await
        .unwrap();
    assert!(!folder.join("old.parquet").exists());
    assert!(folder.join("young.parquet").exists(), "a landing of another process may be writing it");
}
