//! Nothing old overtakes something new: the order is that of the log, whatever clocks say and however runs interleave; and
//! readers are in nobody's way.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use kepi_app::{
    App, AppError, open,
    picture::Picture,
    run::{Request, RunProgress, RunReport, Step},
};
use kepi_connect::Connections;
use kepi_engine::DataFusionEvaluator;
use kepi_lake::{FileSources, FolderShelf, LocalLake};
use kepi_query::{
    landing::Progress,
    plan::ScanPlan,
    port::{
        Belonging, EngineVersion, EvaluateError, Evaluator, Fut, Limits, MemoryTable, PinnedColumn,
        PinnedInputs, PinnedTable,
    },
    published::PublishError,
    state::Measured,
};
use kepi_report::facts::Facts;
use kepi_store::Store;

use crate::{
    support::Project,
    tour::{get, wait_for},
};

struct Silent;

impl Progress for Silent {
    fn rows(&self, _: u64) {}
}

impl RunProgress for Silent {
    fn step(&self, _: Step<'_>) {}
    fn landing(&self) -> &dyn Progress {
        self
    }
}

/// The project in a folder, computed by an evaluator.
pub async fn app(root: &Path, evaluator: Arc<dyn Evaluator>) -> App {
    app_on(root, evaluator, |lake| lake).await
}

/// The same with another lake.
pub async fn app_on(
    root: &Path,
    evaluator: Arc<dyn Evaluator>,
    other: impl FnOnce(LocalLake) -> LocalLake,
) -> App {
    let store = Store::open(&root.join(".kepi/kepi.db").into()).await.unwrap();
    let lake = LocalLake::open(store.clone(), &root.join(".kepi/data"), 1).await.unwrap();
    let lake = Arc::new(other(lake));
    App {
        sources: Arc::new(FileSources::new(root)),
        fetcher: Arc::new(Connections::new(root)),
        inbox: lake.clone(),
        root: root.to_owned(),
        store,
        values: lake.clone(),
        lake,
        evaluator,
        elsewhere: None,
        shelf: Arc::new(FolderShelf::in_lake(&root.join(".kepi/data"))),
        limits: Limits::default(),
    }
}

/// Runs what the folder holds, by a clock.
pub async fn run_at(app: &App, at: i64) -> Result<RunReport, AppError> {
    let (files, project) = open::load(&app.root, app.sources.as_ref(), None).unwrap();
    let request = Request { actor: "tester".to_owned(), at, land: true, fetch: true, any_time: false };
    app.run(&files, &project, &request, &Silent).await
}

/// A moment of 2026, in µs UTC.
pub const NOON: i64 = 1_780_000_000_000_000;
const HOUR: i64 = 3_600_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_does_not_bring_back_what_was() {
    let project = Project::example("tiny");
    let app = app(project.path(), Arc::new(DataFusionEvaluator)).await;
    run_at(&app, NOON).await.unwrap();
    let kpis = fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    project.write("kpis.yml", &kpis.replace("name: Answers", "name: Answers as of now"));
    let text = fs::read_to_string(project.path().join("data/answers.csv")).unwrap();
    project.write("data/answers.csv", &format!("{text}n1,2026-04-05 10:00,north,5\n"));
    // An hour earlier, says the clock.
    run_at(&app, NOON - HOUR).await.unwrap();
    let picture = Picture::load(&Arc::new(app)).await.unwrap();
    let kpi = Facts::project(&picture).kpis.values().find(|k| k.id.as_str() == "answers").unwrap();
    assert_eq!(kpi.name, "Answers as of now");
    let entity = "survey_response".parse().unwrap();
    let april = 1_775_340_000_000_000;
    assert!(picture.watermark(&entity).unwrap() >= april, "the data reach April");
}

/// Computes, and once in between lets others go first.
struct Overtaken {
    root: PathBuf,
    once: AtomicBool,
}

impl Evaluator for Overtaken {
    fn version(&self) -> EngineVersion {
        DataFusionEvaluator.version()
    }
    fn measure<'a>(
        &'a self,
        plan: &'a ScanPlan,
        inputs: &'a PinnedInputs,
        limits: &'a Limits,
    ) -> Fut<'a, Result<Measured, EvaluateError>> {
        Box::pin(async move {
            if !self.once.swap(true, Ordering::SeqCst) {
                let file = self.root.join("data/answers.csv");
                let text = fs::read_to_string(&file).unwrap();
                fs::write(&file, format!("{text}n1,2026-03-25 10:00,north,5\n")).unwrap();
                let other = app(&self.root, Arc::new(DataFusionEvaluator)).await;
                run_at(&other, NOON + HOUR).await.unwrap();
            }
            DataFusionEvaluator.measure(plan, inputs, limits).await
        })
    }
    fn read<'a>(
        &'a self,
        table: &'a PinnedTable,
        columns: &'a [PinnedColumn],
        only: Option<&'a Belonging>,
        limits: &'a Limits,
    ) -> Fut<'a, Result<MemoryTable, EvaluateError>> {
        DataFusionEvaluator.read(table, columns, only, limits)
    }
    fn file(&self, columns: &[PinnedColumn], rows: &MemoryTable) -> Result<Vec<u8>, EvaluateError> {
        DataFusionEvaluator.file(columns, rows)
    }
}

/// Computes nothing.
pub struct Broken;

impl Evaluator for Broken {
    fn version(&self) -> EngineVersion {
        DataFusionEvaluator.version()
    }
    fn measure<'a>(
        &'a self,
        _: &'a ScanPlan,
        _: &'a PinnedInputs,
        _: &'a Limits,
    ) -> Fut<'a, Result<Measured, EvaluateError>> {
        Box::pin(async { Err(EvaluateError::Engine("planted".to_owned())) })
    }
    fn read<'a>(
        &'a self,
        _: &'a PinnedTable,
        _: &'a [PinnedColumn],
        _: Option<&'a Belonging>,
        _: &'a Limits,
    ) -> Fut<'a, Result<MemoryTable, EvaluateError>> {
        Box::pin(async { Err(EvaluateError::Engine("planted".to_owned())) })
    }
    fn file(&self, _: &[PinnedColumn], _: &MemoryTable) -> Result<Vec<u8>, EvaluateError> {
        Err(EvaluateError::Engine("planted".to_owned()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_overtaken_does_not_publish_older_data_over_newer() {
    let project = Project::example("tiny");
    let evaluator = Overtaken { root: project.path().to_owned(), once: AtomicBool::new(false) };
    let first = app(project.path(), Arc::new(evaluator)).await;
    let refused = run_at(&first, NOON).await.unwrap_err();
    assert!(matches!(refused, AppError::Publish(PublishError::Overtaken { .. })), "{refused}");
    assert!(refused.to_string().contains("run again"), "{refused}");
    let shown = project.ok(&["show", "kpi", "answers", "--format", "csv"]);
    let rows = fs::read_to_string(project.path().join("data/answers.csv")).unwrap().lines().count() - 1;
    let total: f64 = shown
        .lines()
        .skip(1)
        .map(|l| l.split(',').collect::<Vec<_>>())
        .filter(|c| c[2].is_empty())
        .map(|c| c[3].parse::<f64>().unwrap())
        .sum();
    assert_eq!(total as usize, rows, "all of the newer data: {shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_wait_for_a_writer() {
    let project = Project::example("tiny");
    project.ok(&["run"]);
    let store = Store::open(&project.location()).await.unwrap();
    // Somebody holds the write lock all the time.
    let writing = store.begin().await.unwrap();
    let began = Instant::now();
    for arguments in [
        &["show", "scorecard"][..],
        &["show", "kpi", "answers"],
        &["show", "sources"],
        &["explain"],
        &["check", "--data"],
        &["reproduce"],
    ] {
        project.ok(arguments);
    }
    let (_server, address) = project.serve();
    assert!(wait_for(&address, "/kpis").starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
    drop(writing);
}

fn make_writable(path: &Path, writable: bool) {
    let mode = match (path.is_dir(), writable) {
        (true, true) => 0o755,
        (true, false) => 0o555,
        (false, true) => 0o644,
        (false, false) => 0o444,
    };
    if path.is_dir() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        fs::read_dir(path).unwrap().for_each(|e| make_writable(&e.unwrap().path(), writable));
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_project_that_may_only_be_read_is_read() {
    let project = Project::example("tiny");
    project.ok(&["run"]);
    make_writable(project.path(), false);
    // Whoever is root may write everywhere: then somebody else reads.
    let bin = env!("CARGO_BIN_EXE_kepi");
    let as_nobody = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", bin, "-C"]).arg(project.path());
        command.args(arguments).env("NO_COLOR", "1").output()
    };
    let is_root = fs::write(project.path().join("probe"), "x").is_ok();
    let run = |arguments: &[&str]| {
        if is_root { as_nobody(arguments).unwrap() } else { project.kepi(arguments) }
    };
    if is_root && !as_nobody(&["--version"]).is_ok_and(|output| output.status.success()) {
        println!(
            "SKIPPED: this is run by root, who may write everywhere, and nobody else can run the binary"
        );
        make_writable(project.path(), true);
        return;
    }
    let outputs = [
        &["show", "scorecard"][..],
        &["show", "kpi", "answers"],
        &["explain"],
        &["check", "--data"],
        &["reproduce"],
    ]
    .map(|arguments| (arguments, run(arguments)));
    make_writable(project.path(), true);
    for (arguments, output) in outputs {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
    }
}

#[test]
fn looking_leaves_nothing() {
    let project = Project::empty();
    for arguments in [
        &["show", "sources"][..],
        &["show", "kpi", "x"],
        &["explain"],
        &["reproduce"],
        &["serve", "--port", "0"],
    ] {
        let (_, stderr) = project.fails(3, arguments);
        assert!(stderr.contains("kepi init"), "{arguments:?}: {stderr}");
    }
    assert_eq!(fs::read_dir(project.path()).unwrap().count(), 0);
    // Nor does it in a project of which nothing was computed; what there is to see is shown.
    let project = Project::example("tiny");
    project.ok(&["show", "sources"]);
    let (_, stderr) = project.fails(3, &["show", "scorecard"]);
    assert!(stderr.contains("nothing has been computed yet"), "{stderr}");
    assert!(!project.path().join(".kepi").exists());
}

fn until(address: &str, path: &str, said: impl Fn(&str) -> bool) -> String {
    let last = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = get(address, path).unwrap_or_default();
        if said(&answer) || Instant::now() > last {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_server_that_began_before_the_first_run_and_one_whose_state_is_replaced_follow() {
    let project = Project::example("tiny");
    let (_server, address) = project.serve();
    assert!(wait_for(&address, "/readyz").starts_with("HTTP/1.1 503"));
    project.ok(&["run"]);
    assert!(until(&address, "/readyz", |a| a.starts_with("HTTP/1.1 200")).starts_with("HTTP/1.1 200"));
    // What is recommended where the lake is damaged.
    fs::rename(project.path().join(".kepi"), project.path().join(".kepi-before")).unwrap();
    let said = until(&address, "/readyz", |a| a.starts_with("HTTP/1.1 503"));
    assert!(said.contains("moved away or replaced") && said.contains("kepi run"), "{said}");
    let text = fs::read_to_string(project.path().join("data/answers.csv")).unwrap();
    project.write("data/answers.csv", &format!("{text}n1,2026-06-25 10:00,north,5\n"));
    project.ok(&["run"]);
    assert!(until(&address, "/readyz", |a| a.starts_with("HTTP/1.1 200")).starts_with("HTTP/1.1 200"));
    assert!(
        get(&address, "/kpis/answers?period=2026-06").unwrap().starts_with("HTTP/1.1 200"),
        "the new figures"
    );
}
