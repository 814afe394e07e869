//! Published figures in the lake: what is current, what was, and that a run is published whole or not at all, killed
//! wherever it is. `KEPI_COUNT` sets how many kills.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::civil::{Date, date};
use kepi_govern::{
    Adopt, Command as Asking, DocumentId, Effective, Evidence, Permit, Principal, event::DefinitionAdopted,
    register::Adopted,
};
use kepi_lake::{
    LocalLake,
    durable::{DurableFile, DurableFs, LocalFs},
};
use kepi_model::{
    calendar::{FiscalCalendar, Grain, Period},
    id::Hash,
};
use kepi_query::{
    port::{EngineVersion, SnapshotId},
    published::{
        NewRun, PublishError, Published, RunPins, SCORE, Scored, Subject, Table, TableBuilder, VALUE, Values,
        Vouched, figure, push_score, push_value,
    },
    value::{Coverage, Finality, Segment, Value},
};
use kepi_stats::estimate::Estimate;
use kepi_store::{Asked, Effects, EventFilter, NewText, Receipt, Store, StoreError, Transaction};

use crate::support::{NOW, assert_whole, database, id, on_postgres};

/// What a run computes: by KPI, member (empty: all) and month of 2026 a number.
type Said<'a> = &'a [(&'a str, &'a str, i8, f64)];

fn month(month: i8) -> Date {
    date(2026, month, 1)
}

fn values(run: i64, said: Said<'_>) -> Table {
    let mut rows = TableBuilder::new(&VALUE);
    for (kpi, member, period, point) in said {
        let value = Value {
            kpi: id(kpi),
            period: Period::new(Grain::Month, 672 + i32::from(*period) - 1, FiscalCalendar::default()),
            segment: if member.is_empty() { Segment::total() } else { Segment::one(id("channel"), member) },
            estimate: Ok(Estimate::exact(*point, 1, "counted in full")),
            coverage: Coverage { counted: 1, eligible: 1, cases: 1 },
            finality: Finality::Final,
            states: format!("{point}").as_bytes().into(),
        };
        push_value(&mut rows, run, month(*period), &value);
    }
    rows.finish()
}

fn vouched(kpi: &str, changed: i64, not_renewed: Option<&str>) -> Vouched {
    Vouched {
        subject: Subject::Kpi(id(kpi)),
        grain: Grain::Month,
        definition: Hash::of(b"definition"),
        mapping: Hash::of(b"mapping"),
        span: Some((month(1), month(2))),
        changed: SnapshotId(changed),
        not_renewed: not_renewed.map(str::to_owned),
    }
}

/// Definitions that a run can name.
struct Adopting;

impl Effects for Adopting {
    type Output = ();
    type Error = StoreError;

    async fn prepare(&mut self, _: &mut Transaction) -> Result<Evidence, StoreError> {
        Ok(Evidence::None)
    }
    async fn write(&mut self, _: &mut Transaction, _: Receipt) -> Result<(), StoreError> {
        Ok(())
    }
}

async fn adopt(store: &Store) {
    if store.organisation().await.unwrap().register.position() > 0 {
        return;
    }
    let adopted = Adopted { text: Some(NewText::new("kpi: a".to_owned()).commitment), meaning: None };
    let texts = BTreeMap::from([(DocumentId::named("kpi", "a").unwrap(), adopted)]);
    let command = Asking::Adopt(Adopt {
        aspects: None,
        base: 0,
        adoptions: vec![DefinitionAdopted { from: Effective::Ever, texts, files: None }],
        governing: Default::default(),
    });
    let permit = Permit::open(Principal::Person(1));
    store.perform(Asked::new(&permit, "adopt", NOW), &command, &mut Adopting).await.unwrap();
}

fn pins(snapshot: i64) -> RunPins {
    RunPins {
        register: 1,
        definition: Hash::of(b"texts"),
        lake: "6f9619ff-8b86-4d01-b42d-00cf4fc964ff".into(),
        snapshot: SnapshotId(snapshot),
        engine: EngineVersion("engine 1".into()),
        calendar: Hash::of(b"calendar"),
        zones: "2026f".into(),
        watermarks: BTreeMap::from([(id("ticket"), 5)]),
    }
}

async fn publish(lake: &LocalLake, vouched: &[Vouched], said: Said<'_>) -> Result<Published, PublishError> {
    let number = lake.begin(NOW).await.unwrap();
    let mut scores = TableBuilder::new(&SCORE);
    let scored = Scored { score: Ok(said.len() as i64), coverage: 1_000_000 };
    push_score(&mut scores, number, ("main", Grain::Month, month(1), ""), &scored);
    let snapshot = vouched.iter().map(|v| v.changed.0).max().unwrap_or(0);
    let figures = [values(number, said), scores.finish()];
    let mut all = vouched.to_vec();
    all.push(Vouched { subject: Subject::Score(id("main")), ..vouched[0].clone() });
    lake.publish(NewRun {
        number,
        actor: "person/1",
        at: NOW + number,
        pins: &pins(snapshot),
        vouched: &all,
        figures: &figures,
    })
    .await
}

async fn open(root: &Path) -> (Store, LocalLake) {
    let store = Store::open(&database(root)).await.unwrap();
    adopt(&store).await;
    let lake = LocalLake::open(store.clone(), &root.join("lake"), NOW).await.unwrap();
    (store, lake)
}

/// Rows as text: KPI, segment, period, and what is said.
fn shown(rows: &Table) -> Vec<String> {
    let said = |row| match figure(rows, row) {
        _ if !rows.withdrawn(row).is_empty() => rows.withdrawn(row).to_owned(),
        Ok(said) => said.estimate.unwrap().point.to_string(),
        Err(error) => error.to_string(),
    };
    let month =
        |row: usize| date(1970, 1, 1).checked_add(jiff::Span::new().days(rows.period(row))).unwrap().month();
    (0..rows.rows())
        .map(|row| format!("{} {} {} {}", rows.subject(row), rows.segment(row), month(row), said(row)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn current_is_what_the_last_run_says_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (store, lake) = open(folder.path()).await;
    assert!(lake.newest(&VALUE, None).await.unwrap().is_empty());
    let both = [vouched("a", 1, None), vouched("b", 1, None)];
    let first: Said<'_> = &[("a", "", 1, 1.0), ("a", "mail", 1, 1.0), ("a", "", 4, 1.0), ("b", "", 1, 7.0)];
    let one = publish(&lake, &both, first).await.unwrap();
    assert_eq!((one.counts[0].first, one.counts[1].first), (4, 1));
    // The same again: vouched for, nothing written.
    let again = publish(&lake, &both, first).await.unwrap();
    assert_eq!((again.counts[0].unchanged, again.counts[1].unchanged), (4, 1));
    assert_eq!(lake.history(&VALUE, "a", None).await.unwrap().rows(), 3);
    // Mail and April are gone; `b` cannot be renewed and stays.
    let later = [vouched("a", 2, None), vouched("b", 2, Some("no column"))];
    let two = publish(&lake, &later, &[("a", "", 1, 2.0), ("a", "phone", 1, 2.0)]).await.unwrap();
    let counts = two.counts[0];
    assert_eq!((counts.first, counts.restated, counts.withdrawn), (1, 1, 2));
    let now = ["a  1 2", "a  4 rows_gone", "a channel=mail 1 segment_gone", "a channel=phone 1 2", "b  1 7"];
    assert_eq!(shown(&lake.newest(&VALUE, None).await.unwrap()), now);
    assert_eq!(shown(&lake.newest(&VALUE, Some(&["b".into()])).await.unwrap()), ["b  1 7"]);
    let then = ["a  1 1", "a  4 1", "a channel=mail 1 1", "b  1 7"];
    assert_eq!(shown(&lake.as_of(&VALUE, one.seq, None).await.unwrap()), then);
    assert_eq!(shown(&lake.as_of(&VALUE, two.seq, None).await.unwrap()), now);
    let january = lake.history(&VALUE, "a", Some(month(1))).await.unwrap();
    assert_eq!(
        shown(&january),
        ["a  1 1", "a  1 2", "a channel=mail 1 1", "a channel=mail 1 segment_gone", "a channel=phone 1 2"]
    );
    assert_eq!(lake.after(&VALUE, one.seq).await.unwrap().rows(), 4);
    let standing = lake.vouched(None).await.unwrap();
    let of = |kpi: &str| standing.iter().find(|(_, v)| v.subject == Subject::Kpi(id(kpi))).unwrap();
    assert_eq!((of("a").0, of("b").0), (3, 2), "who vouches");
    assert_eq!(of("b").1.not_renewed.as_deref(), Some("no column"));
    assert_eq!(of("b").1.changed, SnapshotId(1), "as of the run that vouches");
    let runs = lake.runs(None).await.unwrap();
    assert_eq!(
        runs.iter().map(|r| (r.number, r.seq)).collect::<Vec<_>>(),
        [(1, one.seq), (2, again.seq), (3, two.seq)]
    );
    assert_eq!(runs[2].pins, pins(2));
    assert_eq!(lake.runs(Some(one.seq)).await.unwrap().len(), 1);
    // Older data of `a` are refused, and leave nothing behind.
    let files = files(folder.path());
    let refused = publish(&lake, &[vouched("a", 1, None)], &[("a", "", 1, 9.0)]).await.unwrap_err();
    assert!(matches!(refused, PublishError::Overtaken { ours: SnapshotId(1), theirs: SnapshotId(2), .. }));
    assert_eq!(self::files(folder.path()), files);
    let published = EventFilter { kind: Some("run.published".into()), ..Default::default() };
    assert_eq!(store.events(&published).await.unwrap().len(), 3);
    assert_eq!(lake.changed(None).await.unwrap(), BTreeMap::new(), "publishing changes no landed table");
    assert_eq!(LocalLake::verify(store, &folder.path().join("lake")).await.unwrap().damaged, []);
}

use kepi_query::landing::Lake;

fn files(root: &Path) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().map(|e| e.unwrap().path()) {
            if entry.is_dir() { walk(&entry, found) } else { found.push(entry) }
        }
    }
    let mut found = Vec::new();
    walk(&root.join("lake/published"), &mut found);
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn many_runs_are_read_from_few_files() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, lake) = open(folder.path()).await;
    let mut expected: BTreeMap<i8, f64> = BTreeMap::new();
    // Every row that a run was told to add, and everything else that is asked of the past.
    let (mut history, mut as_of) = (Vec::new(), Vec::new());
    for run in 0..80_i64 {
        // Each run changes one month, and now and then one is gone.
        let at = (run * 7 % 12) as i8 + 1;
        if run % 11 == 10 {
            expected.remove(&at)
        } else {
            expected.insert(at, run as f64)
        };
        let said: Vec<_> = expected.iter().map(|(month, point)| ("a", "", *month, *point)).collect();
        let position = publish(&lake, &[vouched("a", run, None)], &said).await.unwrap().seq;
        history.extend(shown(&lake.after(&VALUE, position - 1).await.unwrap()));
        if run % 20 == 0 {
            as_of.push((position, shown(&lake.newest(&VALUE, None).await.unwrap())));
        }
        if run % 9 == 0 || run > 75 {
            let newest = lake.newest(&VALUE, None).await.unwrap();
            let current: BTreeMap<i8, f64> = shown(&newest)
                .iter()
                .filter(|line| !line.ends_with("gone"))
                .map(|line| line.split(' ').collect::<Vec<_>>())
                .map(|parts| (parts[2].parse().unwrap(), parts[3].parse().unwrap()))
                .collect();
            assert_eq!(current, expected, "run {run}");
        }
    }
    let newest =
        |found: Vec<PathBuf>| found.iter().filter(|p| p.parent().unwrap().ends_with("newest")).count();
    assert!(newest(files(folder.path())) > 1);
    lake.sweep_orphans(Duration::ZERO).await.unwrap();
    let left = files(folder.path());
    assert_eq!(newest(left.clone()), 1, "only the last is needed");
    // Small files were merged, and nothing that was published is lost or looks otherwise to those who hold it against the log.
    let runs = left.len() - 1;
    assert!((2..=48).contains(&runs), "{runs} files hold 80 runs");
    let mut held = shown(&lake.history(&VALUE, "a", None).await.unwrap());
    held.sort();
    history.sort();
    assert_eq!(held, history);
    for (position, then) in as_of {
        assert_eq!(shown(&lake.as_of(&VALUE, position, None).await.unwrap()), then);
    }
    assert_eq!(lake.audit_published().await.unwrap(), []);
    // Without it nothing is lost.
    let before = shown(&lake.newest(&VALUE, None).await.unwrap());
    let cache = files(folder.path()).into_iter().find(|p| p.parent().unwrap().ends_with("newest")).unwrap();
    std::fs::remove_file(cache).unwrap();
    assert_eq!(shown(&lake.newest(&VALUE, None).await.unwrap()), before);
}

/// A disk that is full when it is told to be.
#[derive(Default)]
struct Full(AtomicBool);

impl DurableFs for Full {
    fn create_folders(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        LocalFs.create_folders(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn DurableFile>> {
        if self.0.load(Ordering::Relaxed) && path.to_string_lossy().contains("score") {
            return Err(io::ErrorKind::StorageFull.into());
        }
        LocalFs.create(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        LocalFs.rename(from, to)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        LocalFs.sync_folder(path)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        LocalFs.remove(path)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_publishes_nothing_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let fs = Arc::new(Full::default());
    let store = Store::open(&database(root)).await.unwrap();
    adopt(&store).await;
    let lake = LocalLake::open_on(fs.clone(), store, &root.join("lake"), NOW).await.unwrap();
    fs.0.store(true, Ordering::Relaxed);
    let of = [vouched("a", 1, None)];
    let failed = publish(&lake, &of, &[("a", "", 1, 1.0)]).await.unwrap_err();
    assert!(matches!(failed, PublishError::Port(_)), "{failed}");
    assert_eq!(files(root), Vec::<PathBuf>::new());
    assert!(lake.newest(&VALUE, None).await.unwrap().is_empty() && lake.runs(None).await.unwrap().is_empty());
    fs.0.store(false, Ordering::Relaxed);
    publish(&lake, &of, &[("a", "", 1, 1.0)]).await.unwrap();
    assert_eq!(shown(&lake.newest(&VALUE, None).await.unwrap()), ["a  1 1"]);
}

/// Set in a publisher's environment to the folder it works in.
const PUBLISHER: &str = "KEPI_TEST_PUBLISHER";
/// Months of which each run says its own number.
const MONTHS: i8 = 6;

/// Not a test of its own: what a killed process does.
#[test]
fn publisher() {
    let Ok(root) = std::env::var(PUBLISHER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let (_store, lake) = open(Path::new(&root)).await;
        for _ in 0..6 {
            let number = lake.runs(None).await.unwrap().len() as f64;
            let said: Vec<_> = (1..=MONTHS).map(|month| ("a", "", month, number + 0.5)).collect();
            match publish(&lake, &[vouched("a", 1, None)], &said).await {
                Ok(_) | Err(PublishError::Busy) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
}

fn spawn(root: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "published::publisher", "--nocapture"]).env(PUBLISHER, root);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn kills_publish_a_run_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    kill_publishers(folder.path(), 40);
}

#[test]
fn kills_publish_a_run_whole_or_not_at_all_on_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    if on_postgres(folder.path()) {
        kill_publishers(folder.path(), 20);
    }
}

fn kill_publishers(root: &Path, kills: u32) {
    let kills: u32 = std::env::var("KEPI_COUNT").ok().and_then(|n| n.parse().ok()).unwrap_or(kills);
    let mut state = 0x5eed_u64;
    let mut random = move |below: u64| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d) % below
    };
    let begun = std::time::Instant::now();
    assert!(spawn(root).wait().unwrap().success());
    let longest = (begun.elapsed().as_micros() as u64).clamp(20_000, 400_000);
    for _ in 0..kills {
        let mut both = vec![spawn(root)];
        if random(3) == 0 {
            both.push(spawn(root));
        }
        std::thread::sleep(Duration::from_micros(random(longest)));
        for mut publisher in both {
            let _ = publisher.kill();
            publisher.wait().unwrap();
        }
    }
    assert!(spawn(root).wait().unwrap().success(), "the last publisher succeeds");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (store, lake) = open(root).await;
        let runs = lake.runs(None).await.unwrap();
        let published = EventFilter { kind: Some("run.published".into()), ..Default::default() };
        let events = store.events(&published).await.unwrap();
        assert_eq!(
            events.iter().map(|e| e.seq as i64).collect::<Vec<_>>(),
            runs.iter().map(|r| r.seq).collect::<Vec<_>>()
        );
        // Every run wrote every month or, if another had said its number before, none.
        let history = lake.history(&VALUE, "a", None).await.unwrap();
        let mut of: BTreeMap<i64, usize> = BTreeMap::new();
        (0..history.rows()).for_each(|row| *of.entry(history.run(row)).or_default() += 1);
        assert!(of.values().all(|rows| *rows == MONTHS as usize), "{of:?}");
        assert!(of.keys().all(|run| runs.iter().any(|r| r.number == *run)), "rows of published runs only");
        let newest = lake.newest(&VALUE, None).await.unwrap();
        let said: std::collections::BTreeSet<String> =
            shown(&newest).iter().map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect();
        assert_eq!((newest.rows(), said.len()), (MONTHS as usize, 1), "{said:?}");
        let swept = lake.sweep_orphans(Duration::ZERO).await.unwrap().len();
        assert_whole(&store).await;
        assert_eq!(lake.audit_published().await.unwrap(), [], "every row is one that the log has sealed");
        let damaged = LocalLake::verify(store, &root.join("lake")).await.unwrap().damaged;
        assert_eq!(damaged, []);
        println!("{kills} kills, {} runs, {swept} orphans swept: each whole or not at all", runs.len());
    });
}
