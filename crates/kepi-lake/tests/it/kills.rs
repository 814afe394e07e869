//! Exactly once under kill -9: loaders are killed at random points, alone and in pairs, and nothing is lost, doubled or
//! unreadable. `KEPI_KILLS` sets how many kills, `KEPI_SEED` the seed.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use kepi_lake::{Landing, LocalLake};
use kepi_model::{id::Hash, project::Mode};
use kepi_query::landing::Lake;
use kepi_store::Store;

use crate::{landing::orders, support::*};

/// Set in a loader's environment to the folder it works in.
const LOADER: &str = "KEPI_TEST_LOADER";
const APPEND_ROWS: usize = 5;
const KEYS: usize = 12;
const UPSERT_ROWS: usize = 6;

/// Not a test of its own: what a killed process does.
#[test]
fn loader() {
    let Ok(root) = std::env::var(LOADER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(load_everything(Path::new(&root), std::env::var("KEPI_TEST_SWEEP").is_ok()));
}

/// Lands every file that is not landed yet, in the order of names.
async fn load_everything(root: &Path, sweep: bool) {
    let store = Store::open(&database(root)).await.unwrap();
    let lake = by_position(LocalLake::open(store, &root.join("lake"), NOW).await.unwrap());
    if sweep {
        lake.sweep_orphans(Duration::ZERO).await.unwrap();
    }
    let (project, append) = orders(Mode::Append);
    let mut names: Vec<_> = std::fs::read_dir(root.join("in")).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let landed: std::collections::HashSet<String> =
        lake.loads(None).await.unwrap().into_iter().map(|l| l.file).collect();
    for (n, path) in names.iter().enumerate() {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        // Skipping what the ledger has only saves time; without it the lake would say `already landed`.
        if landed.contains(&name) && n % 16 != 0 {
            continue;
        }
        let (project, source) =
            if name.contains("upsert") { states() } else { (project.clone(), append.clone()) };
        let landing = Landing { actor: "job/land", at: NOW + n as i64, progress: &Silent };
        lake.land_raw(&project, &source, &raw(root, &source, path), landing).await.unwrap();
    }
}

/// Another entity, upserted by a version.
fn states() -> (kepi_model::project::Project, kepi_model::project::Source) {
    let (project, mut source) = orders(Mode::Upsert);
    let mut entity = project.entities.values().next().unwrap().clone();
    entity.id = id("state");
    source.id = id("states");
    source.into = id("state");
    source.version = Some(id("at"));
    source.hash = Hash::of(b"states");
    (crate::support::project(vec![entity]), source)
}

fn write_files(root: &Path, from: usize, to: usize) {
    for n in from..to {
        let mut append = "id,amount,at,paid\n".to_owned();
        for row in 0..APPEND_ROWS {
            append.push_str(&format!("{n}-{row},{row},,\n"));
        }
        let mut upsert = "id,amount,at,paid\n".to_owned();
        for row in 0..UPSERT_ROWS {
            let key = (n * 5 + row) % KEYS;
            upsert.push_str(&format!(
                "{key},{n},{},\n",
                jiff::Timestamp::from_microsecond(NOW + n as i64).unwrap()
            ));
        }
        for (kind, text) in [("append", append), ("upsert", upsert)] {
            let path = root.join("in").join(format!("{n:05}-{kind}.csv"));
            std::fs::write(path.with_extension("new"), text).unwrap();
            std::fs::rename(path.with_extension("new"), path).unwrap();
        }
    }
}

fn spawn(root: &Path, sweep: bool) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "kills::loader", "--nocapture"]).env(LOADER, root).env("KEPI_BY_POSITION", "60");
    if sweep {
        command.env("KEPI_TEST_SWEEP", "1");
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Rows as they must be: every appended row once, every version of every key once with its interval.
fn expected(files: usize) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    let mut append: Vec<Vec<String>> = (0..files)
        .flat_map(|n| (0..APPEND_ROWS).map(move |r| vec![format!("{n}-{r}"), (r * 100).to_string()]))
        .collect();
    append.sort();
    let mut versions: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for n in 0..files {
        for row in 0..UPSERT_ROWS {
            versions.entry((n * 5 + row) % KEYS).or_default().push(n);
        }
    }
    let instant = |n: usize| (NOW + n as i64).to_string();
    let mut upsert = Vec::new();
    for (key, files) in versions {
        for (i, n) in files.iter().enumerate() {
            let from = if i == 0 { "-".to_owned() } else { instant(*n) };
            let to = files.get(i + 1).map_or("-".to_owned(), |next| instant(*next));
            upsert.push(vec![key.to_string(), (n * 100).to_string(), from, to]);
        }
    }
    upsert.sort();
    (append, upsert)
}

#[test]
fn kills_lose_nothing_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    kill_loaders(folder.path(), 80);
}

#[test]
fn kills_lose_nothing_and_double_nothing_on_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    if on_postgres(folder.path()) {
        kill_loaders(folder.path(), 25);
    }
}

fn kill_loaders(root: &Path, kills: u32) {
    let kills: u32 = std::env::var("KEPI_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(kills);
    let seed: u64 = std::env::var("KEPI_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0x5eed);
    let mut state = seed | 1;
    let mut random = move |below: u64| {
        // xorshift64*: any spread of moments will do.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d) % below
    };
    std::fs::create_dir(root.join("in")).unwrap();
    let mut files = 8;
    write_files(root, 0, files);
    // How long a loader needs when it is left alone decides where the kills fall.
    let begun = std::time::Instant::now();
    assert!(spawn(root, false).wait().unwrap().success(), "a loader that is left alone succeeds");
    let longest = (begun.elapsed().as_micros() as u64).clamp(20_000, 400_000);
    let (mut killed, mut finished) = (0u32, 0u32);
    while killed < kills {
        let pair = random(4) == 0;
        let mut loaders = vec![spawn(root, !pair)];
        if pair {
            loaders.push(spawn(root, false));
        }
        std::thread::sleep(Duration::from_micros(random(longest)));
        for mut loader in loaders {
            if loader.try_wait().unwrap().is_some() {
                finished += 1;
                if files < 120 {
                    write_files(root, files, files + 4);
                    files += 4;
                }
            } else {
                loader.kill().unwrap();
                loader.wait().unwrap();
                killed += 1;
            }
        }
    }
    assert!(spawn(root, false).wait().unwrap().success(), "seed {seed:#x}: the last loader succeeds");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&database(root)).await.unwrap();
        let lake = by_position(LocalLake::open(store.clone(), &root.join("lake"), NOW).await.unwrap());
        let swept = lake.sweep_orphans(Duration::ZERO).await.unwrap();
        assert!(lake.damage().await.unwrap().is_empty());
        assert_whole(&store).await;
        let (append, upsert) = expected(files);
        let pinned = lake.pin(&orders(Mode::Append).0, None).await.unwrap();
        assert_eq!(rows(&pinned, "order", &["id", "amount"]), append, "seed {seed:#x}");
        assert_eq!(rows(&pinned, "state", &["id", "amount", "_valid_from", "_valid_to"]), upsert, "seed {seed:#x}");
        assert_eq!(lake.loads(None).await.unwrap().len(), files * 2);
        let landed = kepi_store::EventFilter { kind: Some("load.landed".into()), ..Default::default() };
        assert_eq!(store.events(&landed).await.unwrap().len(), files * 2, "one event a load");
        println!(
            "{killed} kills, {finished} loaders done, {} files, {} orphans swept at the end: 0 lost, 0 doubled",
            files * 2,
            swept.len()
        );
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn two_loaders_land_every_file_once() {
    let folder = tempfile::tempdir().unwrap();
    land_twice_at_once(folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_loaders_land_every_file_once_on_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    if on_postgres(folder.path()) {
        land_twice_at_once(folder.path()).await;
    }
}

async fn land_twice_at_once(root: &Path) {
    std::fs::create_dir(root.join("in")).unwrap();
    write_files(root, 0, 12);
    let mut both = [spawn(root, false), spawn(root, false)];
    for loader in &mut both {
        assert!(loader.wait().unwrap().success());
    }
    let store = Store::open(&database(root)).await.unwrap();
    let lake = by_position(LocalLake::open(store, &root.join("lake"), NOW).await.unwrap());
    let (append, upsert) = expected(12);
    let pinned = lake.pin(&orders(Mode::Append).0, None).await.unwrap();
    assert_eq!(rows(&pinned, "order", &["id", "amount"]), append);
    assert_eq!(rows(&pinned, "state", &["id", "amount", "_valid_from", "_valid_to"]), upsert);
    assert_eq!(lake.loads(None).await.unwrap().len(), 24);
}
