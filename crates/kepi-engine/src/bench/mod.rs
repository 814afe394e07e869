//! The benchmark: 40 KPIs by month, region, tier and channel over millions of rows, beside peers and the floor.
//!
//! Data, Kepi, the decode floor and the peers run in one invocation with the same number of threads, so that ratios
//! mean something whatever else the machine does. `bench/README.md` says what is measured and what came out.

mod compare;
mod data;
mod day;
mod derived;
mod project;

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use kepi_model::{calendar::Grain, id::EntityId, project::Project};
use kepi_query::{
    finish::{AtGrain, Context, FinishError, MeasuredScan, values_of},
    plan::ScanPlan,
    port::{EvaluateError, Evaluator, Limits, PinnedFile, PinnedInputs, TableData},
    reach::watermarks,
    scans::plan,
    side::LowerError,
    state::{Measured, wire::Secret},
    value::Value,
};
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use day::{CompileReport, DayReport, compile, day};
pub use derived::{DerivedOptions, DerivedReport, derived};

use crate::{DataFusionEvaluator, scan::BATCH_ROWS};

/// The peers' program, carried along so that the binary needs no source tree.
const PEERS: &str = include_str!("../../../../bench/peers.py");
/// The semantic layer's.
const SEMANTIC_LAYER: &str = include_str!("../../../../bench/semantic_layer.py");

/// A secret that everybody knows: nothing here is anybody's.
const SECRET: Secret = Secret([0; 32]);

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// Rows.
    pub rows: u64,
    /// Threads for everyone.
    pub threads: usize,
    /// Measured runs after one to warm up; medians are reported.
    pub runs: usize,
    /// Seed of the rows.
    pub seed: u64,
    /// Whether rows come in about the order of time, as landed data do, or at random.
    pub ordered: bool,
    /// Where the data are kept between invocations.
    pub data: PathBuf,
    /// A Python that has DuckDB and Polars; none: the peers are skipped.
    pub python: Option<PathBuf>,
    /// A Python that has MetricFlow; none: it is skipped.
    pub metricflow: Option<PathBuf>,
}

impl Default for BenchOptions {
    fn default() -> Self {
        Self {
            rows: 20_000_000,
            threads: 2,
            runs: 5,
            seed: 1,
            ordered: true,
            data: std::env::temp_dir().join("kepi-bench"),
            python: None,
            metricflow: None,
        }
    }
}

/// What was measured. Seconds are medians of wall-clock time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BenchReport {
    /// Rows.
    pub rows: u64,
    /// Bytes of Parquet.
    pub bytes: u64,
    /// Threads.
    pub threads: usize,
    /// Measured runs of everyone.
    pub runs: usize,
    /// Whether rows come in about the order of time.
    pub ordered: bool,
    /// KPIs.
    pub kpis: usize,
    /// Different states computed in the one scan.
    pub states: usize,
    /// Cells of the finest table.
    pub cells: usize,
    /// Published values.
    pub values: usize,
    /// The evaluator.
    pub engine: String,
    /// From definitions to values: planning, the scan and finishing.
    pub kepi_seconds: f64,
    /// The scan alone.
    pub kepi_scan_seconds: f64,
    /// Each run from definitions to values.
    pub kepi_runs: Vec<f64>,
    /// Decoding the columns needed and doing nothing with them.
    pub decode_floor_seconds: f64,
    /// DuckDB's one query; none: not installed.
    pub duckdb_fused_seconds: Option<f64>,
    /// Polars' one query; none: not installed.
    pub polars_fused_seconds: Option<f64>,
    /// MetricFlow's five queries on DuckDB, one a breakdown; none: not installed.
    pub metricflow_seconds: Option<f64>,
    /// Versions of the peers.
    pub peer_versions: BTreeMap<String, String>,
    /// Kepi's largest memory, where the operating system tells.
    pub peak_rss_bytes: Option<u64>,
    /// Whether every peer that ran found the same in every cell; none: no peer ran.
    pub results_agree: Option<bool>,
    /// The first difference of each peer that found something else.
    pub differences: Vec<String>,
    /// DuckDB's time by Kepi's scan.
    pub times_faster_than_duckdb: Option<f64>,
    /// Polars' time by Kepi's scan.
    pub times_faster_than_polars: Option<f64>,
    /// MetricFlow's time by Kepi's from definitions to values.
    pub times_faster_than_metricflow: Option<f64>,
    /// Kepi's scan by the floor.
    pub times_the_floor: f64,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The project of the benchmark does not pass its check.
    #[error("the project of the benchmark is wrong: {0}")]
    Project(String),
    /// A file could not be written or read.
    #[error("`{}`: {}", .0.display(), .1)]
    File(PathBuf, String),
    /// The KPIs could not be planned.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// The scan failed.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The states could not be finished.
    #[error(transparent)]
    Finish(#[from] FinishError),
    /// The peers failed.
    #[error("the peers failed: {0}")]
    Peers(String),
}

/// Runs the benchmark. `progress` is told what begins.
pub async fn run(
    options: &BenchOptions,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<BenchReport, BenchError> {
    let evaluator = &DataFusionEvaluator;
    let project = project::project()?;
    progress(&format!("generating {} rows in {}", options.rows, options.data.display()));
    let wanted = data::Wanted { rows: options.rows, seed: options.seed, ordered: options.ordered };
    let (inputs, _) = data::pinned(&options.data, wanted, options.threads)?;
    let files = files(&inputs);
    let limits = Limits { threads: options.threads, ..Limits::default() };

    // What generating took is not Kepi's.
    reset_peak_memory();
    progress("computing with Kepi");
    let mut seconds = Vec::new();
    let mut scan_seconds = Vec::new();
    let mut last = None;
    for run in 0..=options.runs {
        // The former result goes first, so that the peak is that of one.
        drop(last.take());
        let start = Instant::now();
        let found = compute(&project, &inputs, &limits, evaluator).await?;
        if run > 0 || options.runs == 0 {
            seconds.push(start.elapsed().as_secs_f64());
            scan_seconds.push(found.scan_seconds);
        }
        last = Some(found);
    }
    let peak_rss_bytes = peak_memory();
    let Some(computed) = last else { return Err(BenchError::Project("nothing ran".into())) };

    progress("decoding only");
    let mut floor = Vec::new();
    for run in 0..=options.runs {
        let start = Instant::now();
        decode(&files, &computed.columns, options.threads)?;
        if run > 0 || options.runs == 0 {
            floor.push(start.elapsed().as_secs_f64());
        }
    }

    let mut peers = Peers::default();
    let mut differences = Vec::new();
    let mut compared = 0;
    if let Some(python) = &options.python {
        progress("computing with DuckDB and Polars");
        let out = options.data.join("peers");
        std::fs::create_dir_all(&out).map_err(|e| BenchError::File(out.clone(), e.to_string()))?;
        peers = run_peers(python, &files, options, &out).await?;
        for (name, peer) in [("DuckDB", &peers.duckdb), ("Polars", &peers.polars)] {
            let Some(peer) = peer else { continue };
            compared += 1;
            if let Some(difference) = compare::difference(&project, &computed.scan, Path::new(&peer.result))?
            {
                differences.push(format!("{name}: {difference}"));
            }
        }
    }
    let mut metricflow: Option<Peer> = None;
    if let Some(python) = &options.metricflow {
        progress("computing with MetricFlow");
        let out = options.data.join("peers");
        std::fs::create_dir_all(&out).map_err(|e| BenchError::File(out.clone(), e.to_string()))?;
        let (script, job) = (out.join("semantic_layer.py"), job(&files, options, &out));
        std::fs::write(&script, SEMANTIC_LAYER)
            .map_err(|e| BenchError::File(script.clone(), e.to_string()))?;
        metricflow = asked(python, &script, &job, options.threads).await?;
        if let Some(peer) = &metricflow {
            compared += 1;
            let difference = compare::values(&computed.values, &project.calendar, Path::new(&peer.result))?;
            differences.extend(difference.map(|difference| format!("MetricFlow: {difference}")));
        }
    }
    let kepi_scan_seconds = median(&scan_seconds);
    let kepi_seconds = median(&seconds);
    let decode_floor_seconds = median(&floor);
    let (duckdb, polars) = (peers.duckdb, peers.polars);
    let versions = [("duckdb", &duckdb), ("polars", &polars), ("metricflow", &metricflow)];
    Ok(BenchReport {
        rows: options.rows,
        bytes: files.iter().map(|file| file.bytes).sum(),
        threads: options.threads,
        runs: options.runs,
        ordered: options.ordered,
        kpis: project.kpis.len(),
        states: computed.scan.plan.states.len(),
        cells: computed.scan.measured.tables.iter().map(|t| t.buckets.len()).max().unwrap_or(0),
        values: computed.values.len(),
        engine: evaluator.version().to_string(),
        kepi_seconds,
        kepi_scan_seconds,
        kepi_runs: seconds,
        decode_floor_seconds,
        duckdb_fused_seconds: duckdb.as_ref().map(|peer| peer.median),
        polars_fused_seconds: polars.as_ref().map(|peer| peer.median),
        metricflow_seconds: metricflow.as_ref().map(|peer| peer.median),
        peer_versions: versions
            .into_iter()
            .filter_map(|(name, peer)| Some((name.to_owned(), peer.as_ref()?.version.clone())))
            .collect(),
        peak_rss_bytes,
        results_agree: (compared > 0).then_some(differences.is_empty()),
        differences,
        times_faster_than_duckdb: duckdb.as_ref().map(|peer| peer.median / kepi_scan_seconds),
        times_faster_than_polars: polars.as_ref().map(|peer| peer.median / kepi_scan_seconds),
        times_faster_than_metricflow: metricflow.as_ref().map(|peer| peer.median / kepi_seconds),
        times_the_floor: kepi_scan_seconds / decode_floor_seconds,
    })
}

/// The one scan of the benchmark's KPIs, for other evaluators to be timed on.
#[derive(Debug)]
pub struct Workload {
    plan: ScanPlan,
    inputs: PinnedInputs,
}

impl Workload {
    /// Generates its rows in the folder that the options name, unless they are there.
    ///
    /// # Errors
    /// A file could not be written.
    pub fn new(options: &BenchOptions) -> Result<Self, BenchError> {
        let project = project::project()?;
        let wanted = data::Wanted { rows: options.rows, seed: options.seed, ordered: options.ordered };
        let (inputs, _) = data::pinned(&options.data, wanted, options.threads)?;
        Ok(Self { plan: the_scan(&project, &inputs)?, inputs })
    }

    /// Bytes of Parquet.
    pub fn bytes(&self) -> u64 {
        files(&self.inputs).iter().map(|file| file.bytes).sum()
    }

    /// The seconds of one scan, and what it came to.
    ///
    /// # Errors
    /// The scan failed.
    pub async fn scan(
        &self,
        evaluator: &dyn Evaluator,
        limits: &Limits,
    ) -> Result<(f64, Measured), BenchError> {
        let start = Instant::now();
        let measured = evaluator.measure(&self.plan, &self.inputs, limits).await?;
        Ok((start.elapsed().as_secs_f64(), measured))
    }
}

/// The scan that all KPIs share.
fn the_scan(project: &Project, inputs: &PinnedInputs) -> Result<ScanPlan, BenchError> {
    let mut plans = plan(project.kpis.values(), project, inputs)?;
    match (plans.pop(), plans.is_empty()) {
        (Some(plan), true) => Ok(plan),
        _ => Err(BenchError::Project("the KPIs do not share one scan".into())),
    }
}

struct Computed {
    scan: MeasuredScan,
    columns: Vec<String>,
    scan_seconds: f64,
    values: Vec<Value>,
}

async fn compute(
    project: &Project,
    inputs: &PinnedInputs,
    limits: &Limits,
    evaluator: &DataFusionEvaluator,
) -> Result<Computed, BenchError> {
    let plan = the_scan(project, inputs)?;
    let watermarks = watermarks(project, inputs);
    let start = Instant::now();
    let measured = evaluator.measure(&plan, inputs, limits).await?;
    let scan_seconds = start.elapsed().as_secs_f64();
    let columns = match inputs.tables.get(&plan.entity) {
        Some(base) => {
            let prepared = crate::compile::prepare(&plan, inputs, base)?;
            prepared.columns.into_iter().map(|column| column.name).collect()
        }
        None => vec![],
    };
    let scan = MeasuredScan { plan, measured };
    let values = values_by_month(project, &scan, &watermarks, limits)?;
    Ok(Computed { scan, columns, scan_seconds, values })
}

/// The values that come of a scan, all KPIs by month.
fn values_by_month(
    project: &Project,
    scan: &MeasuredScan,
    watermarks: &BTreeMap<EntityId, i64>,
    limits: &Limits,
) -> Result<Vec<Value>, BenchError> {
    let context = Context {
        project,
        scans: std::slice::from_ref(scan),
        secret: &SECRET,
        watermarks,
        threads: limits.threads,
    };
    let months = AtGrain::new(context, Grain::Month)?;
    let work: Vec<_> = project.kpis.values().map(|kpi| (&months, kpi)).collect();
    Ok(values_of(&work, limits.threads)?)
}

fn files(inputs: &PinnedInputs) -> Vec<PinnedFile> {
    let of = |data: &TableData| match data {
        TableData::Files(files) => files.clone(),
        TableData::Memory(_) => vec![],
    };
    inputs.tables.values().flat_map(|table| of(&table.data)).collect()
}

/// Decodes columns as the scan does, row groups dealt to threads, and looks at nothing.
fn decode(files: &[PinnedFile], columns: &[String], threads: usize) -> Result<(), BenchError> {
    let mut work: Vec<(&PinnedFile, usize)> = Vec::new();
    let failed = |file: &PinnedFile, e: &dyn std::fmt::Display| {
        BenchError::File(PathBuf::from(&file.path), e.to_string())
    };
    for file in files {
        let open = File::open(&file.path).map_err(|e| failed(file, &e))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(open).map_err(|e| failed(file, &e))?;
        work.extend((0..reader.metadata().num_row_groups()).map(|group| (file, group)));
    }
    let next = AtomicUsize::new(0);
    let one = || -> Result<(), BenchError> {
        while let Some((file, group)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            let open = File::open(&file.path).map_err(|e| failed(file, &e))?;
            let schema = crate::scan::read_in_dictionaries(file)?;
            let options = ArrowReaderOptions::new().with_schema(schema);
            let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(open, options)
                .map_err(|e| failed(file, &e))?;
            let names = columns.iter().map(String::as_str);
            let mask = ProjectionMask::columns(builder.parquet_schema(), names);
            let reader = builder
                .with_projection(mask)
                .with_row_groups(vec![*group])
                .with_batch_size(BATCH_ROWS)
                .build()
                .map_err(|e| failed(file, &e))?;
            for batch in reader {
                std::hint::black_box(batch.map_err(|e| failed(file, &e))?);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(one)).collect();
        running.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(BenchError::Project("a thread that decodes died".into())))
        })
    })
}

#[derive(Debug, Default, Deserialize)]
struct Peers {
    duckdb: Option<Peer>,
    polars: Option<Peer>,
}

#[derive(Debug, Deserialize)]
struct Peer {
    version: String,
    median: f64,
    result: String,
}

async fn run_peers(
    python: &Path,
    files: &[PinnedFile],
    options: &BenchOptions,
    out: &Path,
) -> Result<Peers, BenchError> {
    let script = out.join("peers.py");
    std::fs::write(&script, PEERS).map_err(|e| BenchError::File(script.clone(), e.to_string()))?;
    asked(python, &script, &job(files, options, out), options.threads).await
}

/// What a script of peers is to do.
fn job(files: &[PinnedFile], options: &BenchOptions, out: &Path) -> serde_json::Value {
    serde_json::json!({
        "files": files.iter().map(|file| &file.path).collect::<Vec<_>>(),
        "threads": options.threads,
        "runs": options.runs,
        "out": out,
    })
}

/// What a script of peers answers to a job that it gets as its argument, as JSON.
async fn asked<T: DeserializeOwned>(
    python: &Path,
    script: &Path,
    job: &serde_json::Value,
    threads: usize,
) -> Result<T, BenchError> {
    let output = tokio::process::Command::new(python)
        .arg(script)
        .arg(job.to_string())
        .env("POLARS_MAX_THREADS", threads.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await
        .map_err(|e| BenchError::Peers(format!("`{}`: {e}", python.display())))?;
    if !output.status.success() {
        return Err(BenchError::Peers(format!("`{}` ended with {}", python.display(), output.status)));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| BenchError::Peers(e.to_string()))
}

/// The median of some figures.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
    match (sorted.get(low), sorted.get(high)) {
        (Some(low), Some(high)) => (low + high) / 2.0,
        _ => 0.0,
    }
}

/// Linux: the largest resident memory of this process since the last reset.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Linux: the largest resident memory counts from now on.
pub fn reset_peak_memory() {
    // Where it cannot be reset the figure includes what generating took: too large, never too small.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shelf in a folder.
    struct OnDisk(PathBuf);

    impl kepi_query::kept::Shelf for OnDisk {
        fn names(&self) -> Vec<String> {
            let files = std::fs::read_dir(&self.0).into_iter().flatten();
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
        }
        fn read(&self, name: &str) -> Option<Vec<u8>> {
            std::fs::read(self.0.join(name)).ok()
        }
        fn write(&self, name: &str, bytes: &[u8]) {
            std::fs::create_dir_all(&self.0).unwrap();
            std::fs::write(self.0.join(name), bytes).unwrap();
        }
        fn remove(&self, name: &str) {
            std::fs::remove_file(self.0.join(name)).unwrap();
        }
        fn path(&self, name: &str) -> String {
            self.0.join(name).display().to_string()
        }
        fn passing(&self) -> Box<dyn kepi_query::kept::Shelf> {
            Box::new(Self(self.0.join("passing")))
        }
    }

    #[test]
    fn the_project_of_the_benchmark_passes_its_check() {
        let project = project::project().unwrap();
        assert_eq!(project.kpis.len(), 40);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_small_benchmark_runs_from_definitions_to_values() {
        let folder = tempfile::tempdir().unwrap();
        let options = BenchOptions {
            rows: 20_000,
            runs: 1,
            data: folder.path().to_path_buf(),
            python: std::env::var_os("KEPI_PYTHON").map(PathBuf::from),
            metricflow: std::env::var_os("KEPI_METRICFLOW").map(PathBuf::from),
            ..BenchOptions::default()
        };
        let report = run(&options, &|_| {}).await.unwrap();
        if report.results_agree.is_none() {
            eprintln!(
                "SKIPPED: comparison with DuckDB and Polars: KEPI_PYTHON does not name a Python that has them"
            );
        }
        assert!(report.results_agree != Some(false), "{:?}", report.differences);
        assert!(report.cells > 10_000 && report.values > 40 * 100, "{report:?}");
        assert!(report.states > 57, "{report:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_day_reads_what_has_changed_and_finds_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_path_buf();
        let options = BenchOptions { rows: 20_000, runs: 1, data, ..BenchOptions::default() };
        let shelf = kepi_testkit::kept::MemoryShelf::default();
        let report = day(&options, &shelf, &|_| {}).await.unwrap();
        assert!(report.results_agree && report.kept_bytes > 0 && report.day_rows == 23, "{report:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn questions_per_customer_are_answered_as_peers_answer_them() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = OnDisk(folder.path().join("kept"));
        let options = DerivedOptions {
            events: 20_000,
            accounts: 1_000,
            threads: 2,
            memory_bytes: Limits::default().memory_bytes,
            runs: 1,
            seed: 1,
            data: folder.path().to_path_buf(),
            python: std::env::var_os("KEPI_PYTHON").map(PathBuf::from),
        };
        let report = derived(&options, &shelf, &|_| {}).await.unwrap();
        if report.results_agree.is_none() {
            eprintln!(
                "SKIPPED: comparison with DuckDB and Polars: KEPI_PYTHON does not name a Python that has them"
            );
        }
        assert!(report.differences.is_empty(), "{:?}", report.differences);
        assert!(report.made_rows > 5_000 && report.kept_bytes > 0, "{report:?}");
        assert!(report.derived_day_keys.is_some_and(|keys| keys > 0 && keys < 1_000), "{report:?}");
        assert!(report.derived_new_period_rows.is_some_and(|rows| rows < report.made_rows / 2), "{report:?}");
    }

    #[test]
    fn many_kpis_compile() {
        let report = compile(80, 0).unwrap();
        assert!(
            report.kpis == 80 && report.states > 88 && report.compile_400_seconds.is_none(),
            "{report:?}"
        );
    }

    #[test]
    fn medians() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
    }
}
