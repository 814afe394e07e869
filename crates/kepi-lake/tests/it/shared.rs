//! A lake whose files lie in a bucket: here one in memory, which can be lost at every step. A machine is a folder, thrown away
//! whenever its work ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    io::Write,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use kepi_lake::{Damage, Home, LakeError, Landing, LocalLake};
use kepi_model::project::{Connector, Project, Source};
use kepi_query::{
    bucket::{Bucket, Object, Unreachable},
    landing::{Fetched, Inbox, Lake, Stamp},
};
use kepi_store::{EventFilter, Store, catalogue};

use crate::{
    erasing::{Failing, accounts_file, mark, shop, tickets_file, try_to_erase},
    support::*,
};

/// Objects in memory.
#[derive(Debug)]
struct Memory {
    place: String,
    objects: Mutex<BTreeMap<String, (Vec<u8>, i64)>>,
    /// Changes until it is lost.
    left: Arc<AtomicI64>,
    /// What is put under names that hold this is gone at once, as if another process had swept it.
    swept: Mutex<Option<&'static str>>,
}

impl Memory {
    fn new(place: &str) -> Arc<Self> {
        let (objects, swept) = Default::default();
        Arc::new(Self { place: place.to_owned(), objects, left: Arc::new(AtomicI64::new(i64::MAX)), swept })
    }

    /// The same objects, lost after so many changes, which are counted with those of a disk.
    fn lost_after(&self, left: &Arc<AtomicI64>) -> Arc<Self> {
        let objects = Mutex::new(self.objects.lock().unwrap().clone());
        Arc::new(Self { place: self.place.clone(), objects, left: Arc::clone(left), swept: Mutex::default() })
    }

    fn names(&self) -> BTreeSet<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    fn step(&self) -> io::Result<()> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            left if left > 0 => Ok(()),
            _ => Err(Unreachable { place: self.place.clone(), why: "it is lost".to_owned() }.into()),
        }
    }
}

impl Bucket for Memory {
    fn place(&self) -> String {
        self.place.clone()
    }
    fn put(&self, name: &str, file: &Path) -> io::Result<()> {
        self.step()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        let mut swept = self.swept.lock().unwrap();
        if swept.is_some_and(|part| name.contains(part)) {
            *swept = None;
            return Ok(());
        }
        self.objects.lock().unwrap().insert(name.to_owned(), (fs::read(file)?, now));
        Ok(())
    }
    fn get(&self, name: &str, into: &mut dyn FnMut() -> io::Result<Box<dyn Write>>) -> io::Result<bool> {
        let Some((bytes, _)) = self.objects.lock().unwrap().get(name).cloned() else { return Ok(false) };
        let mut out = into()?;
        out.write_all(&bytes)?;
        out.flush()?;
        Ok(true)
    }
    fn length(&self, name: &str) -> io::Result<Option<u64>> {
        Ok(self.objects.lock().unwrap().get(name).map(|(bytes, _)| bytes.len() as u64))
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.step()?;
        self.objects.lock().unwrap().remove(name);
        Ok(())
    }
    fn list(&self, begin: &str) -> io::Result<Vec<Object>> {
        let objects = self.objects.lock().unwrap();
        let own = objects.iter().filter(|(name, _)| name.starts_with(begin));
        let object = |(name, (bytes, modified)): (&String, &(Vec<u8>, i64))| Object {
            name: name.clone(),
            bytes: bytes.len() as u64,
            modified: *modified,
        };
        Ok(own.map(object).collect())
    }
}

fn home(root: &Path, bucket: &Arc<Memory>) -> Home {
    Home { data: root.join("data"), bucket: Some(Arc::clone(bucket) as Arc<dyn Bucket>) }
}

/// A machine: an empty folder with the database of a project, which lies elsewhere.
async fn machine(database: &Path) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    if database.exists() {
        let _ = fs::copy(database, folder.path().join("kepi.db")).unwrap();
    }
    let store = Store::open(&folder.path().join("kepi.db").into()).await.unwrap();
    (folder, store)
}

async fn named(store: &Store) -> BTreeSet<String> {
    let files = catalogue::files(&mut store.read().await.unwrap()).await.unwrap();
    files.into_iter().map(|file| file.path).chain(["lake".to_owned()]).collect()
}

async fn land(
    lake: &LocalLake,
    project: &Project,
    source: &Source,
    file: &Path,
    at: i64,
) -> Result<(), kepi_lake::LandError> {
    let raw = raw(file.parent().unwrap(), source, file);
    lake.land_raw(project, source, &raw, Landing { actor: "person/1", at, progress: &Silent }).await.map(drop)
}

/// Accounts with their tiers, as they are now.
async fn accounts(lake: &LocalLake, project: &Project) -> Vec<Vec<String>> {
    rows(&lake.pin(project, None).await.unwrap(), "account", &["id", "tier"])
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_lost_at_any_step_all_or_nothing_is_there_and_the_next_machine_goes_on() {
    let (project, of_accounts, of_tickets) = shop();
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        fs::write(files.path().join(name), text).unwrap();
        files.path().join(name)
    };
    let first = file("accounts_1.csv", accounts_file(0..4, "basic"));
    let tickets = file("tickets_1.csv", tickets_file(0..4, 1));
    let second = file("accounts_2.csv", accounts_file(1..3, "gold"));
    let bucket = Memory::new("s3://kpis/shop");
    let (folder, store) = machine(Path::new("none")).await;
    let lake = by_position(LocalLake::open(store.clone(), home(folder.path(), &bucket), NOW).await.unwrap());
    land(&lake, &project, &of_accounts, &first, NOW).await.unwrap();
    land(&lake, &project, &of_tickets, &tickets, NOW + 1).await.unwrap();
    let before = accounts(&lake, &project).await;
    assert_eq!(bucket.names(), named(&store).await);
    store.close().await;
    drop(lake);
    let database = folder.path().join("kepi.db");
    let mut ends = BTreeMap::new();
    for steps in 0.. {
        // A machine that has nothing yet lands a file and erases an account, until disk and bucket are lost.
        let (own, store) = machine(&database).await;
        let left = Arc::new(AtomicI64::new(steps));
        let there = bucket.lost_after(&left);
        let fs = Arc::new(Failing { left: Arc::clone(&left) });
        let opened = LocalLake::open_on(fs, store.clone(), home(own.path(), &there), NOW).await;
        let mut landed = false;
        if let Ok(lake) = &opened {
            landed = land(lake, &project, &of_accounts, &second, NOW + 2).await.is_ok();
            if landed {
                let _ = try_to_erase(lake, &project, &[0], &["ticket"]).await;
            }
        }
        store.close().await;
        drop(opened);
        let done = left.load(Ordering::SeqCst) >= 0;
        left.store(i64::MAX, Ordering::SeqCst);

        // The next one has an empty folder, too.
        let (next, store) = machine(&own.path().join("kepi.db")).await;
        drop(own);
        let lake = by_position(LocalLake::open(store.clone(), home(next.path(), &there), NOW).await.unwrap());
        assert_eq!(lake.damage().await.unwrap(), [], "after {steps} steps");
        let filter = EventFilter { kind: Some("rows.erased".to_owned()), ..EventFilter::default() };
        let erased = !store.events(&filter).await.unwrap().is_empty();
        let now = accounts(&lake, &project).await;
        let gold = now.iter().filter(|row| row[1] == "gold").count();
        match gold {
            0 => assert_eq!((now, landed, erased), (before.clone(), false, false), "after {steps} steps"),
            _ => assert_eq!((gold, landed), (2, true), "after {steps} steps"),
        }
        *ends.entry((gold > 0, erased)).or_insert(0) += 1;
        land(&lake, &project, &of_accounts, &second, NOW + 3).await.unwrap();
        if !erased {
            try_to_erase(&lake, &project, &[0], &["ticket"]).await.unwrap();
        }
        lake.sweep_orphans(Duration::ZERO).await.unwrap();
        assert_eq!(there.names(), named(&store).await, "after {steps} steps");
        let rest: Vec<String> =
            accounts(&lake, &project).await.into_iter().map(|row| row[0].clone()).collect();
        assert!(!rest.contains(&format!("acc-{}", mark(0))) && rest.len() >= 3, "{rest:?}");
        assert!(
            LocalLake::verify(store.clone(), home(next.path(), &there)).await.unwrap().damaged.is_empty()
        );
        assert_whole(&store).await;
        store.close().await;
        if done {
            println!("shared lake: lost at {steps} steps: {ends:?}");
            assert!(ends.len() == 3 && ends.values().all(|n| *n > 2), "{ends:?}");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_moves_into_a_bucket_and_knows_where_it_is() {
    let bench = Bench::new().await;
    let (project, of_accounts, _) = shop();
    let path = bench.write("accounts_1.csv", accounts_file(0..4, "basic"));
    bench.land(&project, &of_accounts, &path, NOW).await.unwrap();
    let before = accounts(&bench.lake, &project).await;
    let (store, root) = (bench.store.clone(), bench.folder.path());
    assert_eq!(LocalLake::place(&store).await.unwrap(), None);
    let bucket = Memory::new("s3://kpis/shop");
    let moved = Home { data: root.join(".kepi/data"), ..home(root, &bucket) };
    let lake = by_position(LocalLake::open(store.clone(), moved.clone(), NOW).await.unwrap());
    assert_eq!(bucket.names(), named(&store).await);
    assert_eq!(LocalLake::place(&store).await.unwrap().as_deref(), Some("s3://kpis/shop"));
    drop(lake);
    // Nobody goes on beside it.
    let refused = LocalLake::open(store.clone(), &root.join(".kepi/data"), NOW).await.err().unwrap();
    assert!(matches!(&refused, LakeError::Elsewhere(place) if place == "s3://kpis/shop"), "{refused}");
    assert!(LocalLake::open_to_read(store.clone(), &root.join(".kepi/data")).await.is_err());
    // Nor in the place of another project, whose files it would sweep.
    let (other, of_other) = machine(Path::new("none")).await;
    let refused = LocalLake::open(of_other, home(other.path(), &bucket), NOW).await.err().unwrap();
    assert!(matches!(&refused, LakeError::OfAnother(_)), "{refused}");
    assert_eq!(bucket.names(), named(&store).await);

    // Whoever reads has what it needs; what is spoilt here is had anew, what is spoilt there is said.
    let read = || async {
        let lake =
            LocalLake::open_to_read(store.clone(), home(other.path(), &bucket)).await.unwrap().unwrap();
        let damaged = lake.damaged(lake.latest().await.unwrap()).await.unwrap();
        (accounts(&lake, &project).await, damaged)
    };
    assert_eq!(read().await, (before.clone(), BTreeMap::new()));
    let name = named(&store).await.into_iter().find(|name| name.starts_with("main/")).unwrap();
    let here = other.path().join("data").join(&name);
    let spoilt = vec![0; fs::read(&here).unwrap().len()];
    fs::write(&here, &spoilt).unwrap();
    let lake = LocalLake::open_to_read(store.clone(), home(other.path(), &bucket)).await.unwrap().unwrap();
    assert!(lake.damaged(lake.latest().await.unwrap()).await.unwrap().is_empty());
    assert_eq!(read().await, (before, BTreeMap::new()));
    bucket.objects.lock().unwrap().get_mut(&name).unwrap().0 = spoilt;
    fs::remove_file(&here).unwrap();
    assert_eq!(lake.damaged(lake.latest().await.unwrap()).await.unwrap().len(), 1);
    bucket.objects.lock().unwrap().remove(&name);
    let damaged = LocalLake::verify(store.clone(), home(other.path(), &bucket)).await.unwrap().damaged;
    assert!(matches!(damaged.as_slice(), [file] if file.damage == Damage::Missing), "{damaged:?}");
    // A place to which not all of it can be brought is none.
    let empty = Memory::new("s3://kpis/elsewhere");
    fs::remove_dir_all(other.path().join("data")).unwrap();
    let refused = LocalLake::open(store.clone(), home(other.path(), &empty), NOW).await.err().unwrap();
    assert!(matches!(&refused, LakeError::Unmoved { missing, .. } if missing.len() == 1), "{refused}");
    assert_eq!(LocalLake::place(&store).await.unwrap().as_deref(), Some("s3://kpis/shop"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_swept_before_it_was_named_is_put_there_anew() {
    let (project, of_accounts, _) = shop();
    let bucket = Memory::new("s3://kpis/shop");
    let (folder, store) = machine(Path::new("none")).await;
    let lake = by_position(LocalLake::open(store.clone(), home(folder.path(), &bucket), NOW).await.unwrap());
    let file = folder.path().join("accounts_1.csv");
    fs::write(&file, accounts_file(0..4, "basic")).unwrap();
    *bucket.swept.lock().unwrap() = Some("main/account/");
    land(&lake, &project, &of_accounts, &file, NOW).await.unwrap();
    assert!(bucket.swept.lock().unwrap().is_none(), "it was swept once");
    assert_eq!(bucket.names(), named(&store).await);
    assert_eq!(lake.damage().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_machine_fetched_another_lands() {
    let (mut project, of_accounts, _) = shop();
    let fetched = Source { id: id("fetched"), from: Connector::Entries, ..of_accounts.clone() };
    let copied = Source { id: id("copied"), from: csv("exports:accounts_*.csv"), ..of_accounts };
    for source in [&fetched, &copied] {
        project.sources.insert(source.id.clone(), source.clone());
    }
    let bucket = Memory::new("s3://kpis/shop");
    let (one, store) = machine(Path::new("none")).await;
    let lake = by_position(LocalLake::open(store.clone(), home(one.path(), &bucket), NOW).await.unwrap());
    let kept = lake.kept(&fetched).await.unwrap();
    let mut inflow = lake.begin(&fetched, &kept).unwrap();
    inflow.rows().row(&format!(r#"{{"id":"acc-{}","email":"x","tier":"gold"}}"#, mark(7))).unwrap();
    let done = Fetched { bookmark: serde_json::json!({"at": 1}), whole: false, more: false };
    assert!(inflow.finish(done, NOW).await.unwrap().is_some());
    let copy = |lake: &LocalLake, text: &str, tag: &str| {
        let mut copy = lake.copies(&copied).unwrap().begin("accounts_1.csv").unwrap();
        copy.write_all(text.as_bytes()).unwrap();
        copy.finish(Stamp { tag: tag.to_owned(), bytes: text.len() as u64 }, None).unwrap();
    };
    copy(&lake, &accounts_file(0..2, "basic"), "first");
    drop(lake);

    // It broke off before anything landed. The next machine has both, and fetches on from there.
    let two = tempfile::tempdir().unwrap();
    let lake = by_position(LocalLake::open(store.clone(), home(two.path(), &bucket), NOW).await.unwrap());
    let landing = || Landing { actor: "person/1", at: NOW + 1, progress: &Silent };
    let waits = lake.kept(&fetched).await.unwrap().waiting.unwrap();
    assert_eq!(lake.land_raw(&project, &fetched, &waits, landing()).await.unwrap().counts.accepted, 1);
    let kept = lake.kept(&fetched).await.unwrap();
    assert_eq!((kept.landed.len(), kept.bookmark), (1, Some(serde_json::json!({"at": 1}))));
    assert_eq!(lake.copies(&copied).unwrap().known("accounts_1.csv").unwrap().tag, "first");
    let offered = lake.copied(&copied).unwrap().raw;
    assert_eq!(lake.land_raw(&project, &copied, &offered[0], landing()).await.unwrap().counts.accepted, 2);

    // The first comes back: what changed since takes the place of what it has, and what is gone is gone.
    copy(&lake, &accounts_file(0..3, "basic"), "second");
    let back = LocalLake::open(store.clone(), home(one.path(), &bucket), NOW).await.unwrap();
    assert_eq!(back.copies(&copied).unwrap().known("accounts_1.csv").unwrap().tag, "second");
    assert_eq!(
        back.copied(&copied).unwrap().raw[0].content().unwrap(),
        lake.copied(&copied).unwrap().raw[0].content().unwrap()
    );
    lake.copies(&copied).unwrap().retain(&BTreeSet::new()).unwrap();
    assert!(back.copied(&copied).is_err(), "no object matches");
    let of_inbox: Vec<String> =
        bucket.names().into_iter().filter(|name| name.starts_with("inbox/")).collect();
    assert!(
        of_inbox.len() == 2 && of_inbox.iter().all(|name| name.starts_with("inbox/fetched/1-")),
        "{of_inbox:?}"
    );
}
