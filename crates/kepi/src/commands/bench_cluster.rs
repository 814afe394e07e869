//! `kepi bench cluster`: what the same scan costs in this process and on clusters of processes of this machine.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use kepi_cluster::{Address, ClientOptions, ClusterError, ClusterEvaluator};
use kepi_engine::{
    DataFusionEvaluator,
    bench::{BenchError, BenchOptions, Workload, median},
};
use kepi_query::{
    port::{Evaluator, Limits},
    state::Measured,
};
use serde::Serialize;

use super::bench::Temporary;
use crate::{
    cli::{BenchCluster, Format},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Rows of a scan that costs next to nothing, so that what is left is the way there and back.
const FEW: u64 = 1_000;

/// What was measured. Seconds are medians of wall-clock time.
#[derive(Debug, Serialize)]
struct Report {
    rows: u64,
    bytes: u64,
    /// Processors of this machine, which all processes share.
    processors: usize,
    runs: usize,
    results: Vec<Timed>,
    /// Whether every scan returned the states of the first.
    states_agree: bool,
}

#[derive(Debug, Serialize)]
struct Timed {
    /// None: in this process.
    workers: Option<u16>,
    partitions: usize,
    seconds: f64,
    /// Of a scan of 1,000 rows.
    few_rows_seconds: f64,
}

/// Generates data, starts clusters, and times one scan on each.
pub async fn cluster(what: &BenchCluster, out: Output) -> Result<(), Failure> {
    let report = match &what.data {
        Some(folder) => measure(what, folder, out).await?,
        None => measure(what, &Temporary::new("bench-cluster")?.0, out).await?,
    };
    match out.format {
        Format::Json => out.json(&report)?,
        Format::Table | Format::Csv => out.rows(&grid(&report))?,
    }
    if report.states_agree { Ok(()) } else { Err(Failure::Findings) }
}

fn grid(report: &Report) -> Grid {
    let mut grid = Grid::new(&["Where", "Parts", "Seconds", "1,000 rows"]);
    for timed in &report.results {
        let place = match timed.workers {
            None => "in this process".to_owned(),
            Some(1) => "1 worker".to_owned(),
            Some(workers) => format!("{workers} workers"),
        };
        let seconds = |s: f64| Field::text(format!("{s:.3}"));
        let parts = Field::text(timed.partitions.to_string());
        grid.push(vec![Field::text(place), parts, seconds(timed.seconds), seconds(timed.few_rows_seconds)]);
    }
    grid
}

async fn measure(what: &BenchCluster, folder: &Path, out: Output) -> Result<Report, Failure> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let of = |rows: u64| {
        let data = folder.join(rows.to_string());
        let failed = format!("`{}` could not be made", data.display());
        std::fs::create_dir_all(&data).map_err(Failure::io(failed))?;
        let options = BenchOptions { rows, threads: processors, data, ..BenchOptions::default() };
        Workload::new(&options).map_err(failure)
    };
    out.remark(&format!("generating {} rows in {}", what.rows, folder.display()));
    let (many, few) = (of(what.rows)?, of(FEW)?);
    let limits = Limits { threads: processors, ..Limits::default() };
    let mut report = Report {
        rows: what.rows,
        bytes: many.bytes(),
        processors,
        runs: what.runs.max(1),
        results: Vec::new(),
        states_agree: true,
    };
    let (mut expected, mut expected_few) = (None, None);
    let mut time = async |workers, partitions, evaluator: &dyn Evaluator| -> Result<(), Failure> {
        let seconds =
            median_of(&many, evaluator, &limits, what.runs, &mut expected, &mut report.states_agree).await?;
        let few = median_of(&few, evaluator, &limits, what.runs, &mut expected_few, &mut report.states_agree)
            .await?;
        report.results.push(Timed { workers, partitions, seconds, few_rows_seconds: few });
        Ok(())
    };
    out.remark("in this process");
    time(None, processors, &DataFusionEvaluator).await?;
    let scheduler = Role::start(&["scheduler", "--port", "0"], "scheduler at ")?;
    let address: Address =
        scheduler.said.trim_end_matches(';').parse().map_err(|e| Failure::Port(Box::new(e)))?;
    let mut workers = Vec::new();
    for number in 1..=what.workers {
        let (to, data) = (address.to_string(), folder.to_string_lossy());
        workers.push(Role::start(
            &["worker", "--scheduler", &to, "--threads", "1", "--folder", &data],
            "worker ",
        )?);
        if number != 1 && number != what.workers {
            continue;
        }
        for partitions in [1, 4, 16] {
            out.remark(&format!("{number} worker(s), {partitions} part(s)"));
            let options = ClientOptions {
                partitions: Some(partitions),
                shared: what.shared_files.clone(),
                ..ClientOptions::of(address.clone())
            };
            let evaluator = ClusterEvaluator::connect(options).await?;
            time(Some(number), partitions, &evaluator).await?;
        }
    }
    Ok(report)
}

fn failure(error: BenchError) -> Failure {
    Failure::Port(Box::new(error))
}

/// The median of some scans after one to warm up; they are held against what was found before.
async fn median_of(
    workload: &Workload,
    evaluator: &dyn Evaluator,
    limits: &Limits,
    runs: usize,
    expected: &mut Option<Measured>,
    agree: &mut bool,
) -> Result<f64, Failure> {
    let mut seconds = Vec::new();
    for run in 0..=runs.max(1) {
        let (took, found) = workload.scan(evaluator, limits).await.map_err(failure)?;
        if run > 0 {
            seconds.push(took);
        }
        match expected {
            Some(expected) => *agree &= *expected == found,
            None => *expected = Some(found),
        }
    }
    Ok(median(&seconds))
}

/// This binary in another role, which ends with this.
struct Role {
    child: Child,
    /// The word after the mark.
    said: String,
}

impl Role {
    /// Starts it, and waits until it says that it has begun.
    fn start(arguments: &[&str], mark: &str) -> Result<Self, Failure> {
        let doing = || format!("`kepi {}` could not be started", arguments.join(" "));
        let program = std::env::current_exe().map_err(Failure::io(doing()))?;
        let mut command = Command::new(program);
        let mut child = command
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Failure::io(doing()))?;
        let mut lines = child.stderr.take().map(|stderr| BufReader::new(stderr).lines());
        let mut heard = Vec::new();
        let said = lines.iter_mut().flatten().map_while(Result::ok).find_map(|line| {
            let word = line.split_once(mark).and_then(|(_, rest)| rest.split_whitespace().next());
            let word = word.map(str::to_owned);
            heard.push(line);
            word
        });
        let Some(said) = said else {
            let _ = child.wait();
            return Err(ClusterError::Ended(format!("{}: {}", doing(), heard.join("; "))).into());
        };
        // Reads on, so that it never waits for somebody to.
        thread::spawn(move || lines.into_iter().flatten().map_while(Result::ok).for_each(drop));
        Ok(Self { child, said })
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
