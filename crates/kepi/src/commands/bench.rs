//! `kepi bench`: the speed of a full refresh, beside its peers on the same data in the same run.

use std::path::{Path, PathBuf};

use kepi_engine::bench::{self, BenchOptions, BenchReport, DerivedOptions};
use kepi_lake::FolderShelf;

use super::{bench_cluster, bench_insight, bench_landing, bench_publish};
use crate::{
    cli::{Bench, BenchCompile, BenchDay, BenchDerived, BenchOf, Format},
    compose::Means,
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Generates data, runs everyone, prints figures and ratios.
pub async fn bench(what: &Bench, out: Output) -> Result<(), Failure> {
    match &what.of {
        Some(BenchOf::Cluster(of)) => return bench_cluster::cluster(of, out).await,
        Some(BenchOf::Publish(of)) => return bench_publish::publish(of, out).await,
        Some(BenchOf::Landing(of)) => return bench_landing::landing(of, what.python.as_deref(), out).await,
        Some(BenchOf::Day(of)) => return day(of, out).await,
        Some(BenchOf::Derived(of)) => return derived(of, what.python.as_deref(), out).await,
        Some(BenchOf::Compile(of)) => return compile(of, out),
        Some(BenchOf::Insight(of)) => return bench_insight::insight(of, out),
        None => {}
    }
    let defaults = BenchOptions::default();
    let temporary = match &what.data {
        Some(_) => None,
        None => Some(Temporary::new("bench")?),
    };
    let options = BenchOptions {
        rows: what.rows,
        runs: what.runs,
        threads: what.threads.map_or(defaults.threads, usize::from).max(1),
        ordered: !what.unordered,
        data: temporary.as_ref().map_or_else(|| what.data.clone().unwrap_or_default(), |t| t.0.clone()),
        python: what.python.clone(),
        metricflow: what.metricflow.clone(),
        seed: defaults.seed,
    };
    let report = bench::run(&options, &|remark: &str| out.remark(remark))
        .await
        .map_err(|e| Failure::Port(Box::new(e)))?;
    match out.format {
        Format::Json => out.json(&report)?,
        Format::Table | Format::Csv => out.rows(&grid(&report))?,
    }
    if report.results_agree == Some(false) {
        report.differences.iter().take(10).for_each(|d| out.remark(d));
        return Err(Failure::Findings);
    }
    Ok(())
}

async fn day(what: &BenchDay, out: Output) -> Result<(), Failure> {
    let folder = Temporary::new("bench-day")?;
    let defaults = BenchOptions::default();
    let options = BenchOptions { rows: what.rows, runs: what.runs, data: folder.0.clone(), ..defaults };
    let shelf = FolderShelf::in_lake(&folder.0);
    let report = bench::day(&options, &shelf, &|remark: &str| out.remark(remark))
        .await
        .map_err(|e| Failure::Port(Box::new(e)))?;
    let mut grid = Grid::new(&["Refresh", "Seconds", "Of it the states", "Of a full one"]);
    let mut push = |what: &str, seconds: f64, states: Option<f64>| {
        let figure = |of: Option<f64>| Field::figure(of.map_or(String::new(), |of| format!("{of:.3}")), of);
        let part = seconds / report.full_seconds;
        let part = Field::figure(format!("{:.1} %", 100.0 * part), Some(part));
        grid.push(vec![Field::text(what), figure(Some(seconds)), figure(states), part]);
    };
    push("full", report.full_seconds, Some(report.full_scan_seconds));
    push("the first that keeps states", report.first_seconds, None);
    push("a day's rows", report.day_seconds, None);
    push("nothing changed", report.again_seconds, None);
    push("all states, from what is kept", report.day_scan_seconds, Some(report.day_scan_seconds));
    match out.format {
        Format::Json => out.json(&report)?,
        Format::Table | Format::Csv => out.rows(&grid)?,
    }
    if report.results_agree { Ok(()) } else { Err(Failure::Findings) }
}

async fn derived(what: &BenchDerived, python: Option<&Path>, out: Output) -> Result<(), Failure> {
    let folder = Temporary::new("bench-derived")?;
    let BenchOptions { threads, seed, .. } = BenchOptions::default();
    let (events, accounts, runs) = (what.events, what.accounts.max(1), what.runs);
    let (data, python) = (folder.0.clone(), python.map(Path::to_owned));
    let memory_bytes = Means { memory: what.memory, ..Means::default() }.limits().memory_bytes;
    let options = DerivedOptions { events, accounts, threads, memory_bytes, runs, seed, data, python };
    let shelf = FolderShelf::in_lake(&folder.0);
    let report = bench::derived(&options, &shelf, &|remark: &str| out.remark(remark))
        .await
        .map_err(|e| Failure::Port(Box::new(e)))?;
    let mut grid = Grid::new(&["Contestant", "Seconds", "Times Kepi", "Peak MB"]);
    let mut push = |who: &str, seconds: Option<f64>, bytes: Option<u64>| {
        let figure = |of: Option<f64>| Field::figure(of.map_or(String::new(), |of| format!("{of:.3}")), of);
        let times = seconds.map(|seconds| seconds / report.derived_seconds);
        let mb = bytes.map(|bytes| bytes as f64 / 1e6);
        grid.push(vec![Field::text(who), figure(seconds), figure(times), figure(mb)]);
    };
    let peak = |name: &str| report.peer_peak_bytes.get(name).copied();
    push("Kepi", Some(report.derived_seconds), report.peak_rss_bytes);
    push("Kepi, the first that keeps", Some(report.derived_first_seconds), None);
    push("Kepi, a day's events", Some(report.derived_day_seconds), None);
    push("Kepi, the next month begins", Some(report.derived_new_period_seconds), None);
    push("Kepi, nothing changed", Some(report.derived_again_seconds), None);
    push("DuckDB", report.derived_duckdb_seconds, peak("duckdb"));
    push("Polars", report.derived_polars_seconds, peak("polars"));
    match out.format {
        Format::Json => out.json(&report)?,
        Format::Table | Format::Csv => out.rows(&grid)?,
    }
    report.differences.iter().take(10).for_each(|difference| out.remark(difference));
    if report.differences.is_empty() { Ok(()) } else { Err(Failure::Findings) }
}

fn compile(what: &BenchCompile, out: Output) -> Result<(), Failure> {
    let report = bench::compile(what.kpis, what.runs).map_err(|e| Failure::Port(Box::new(e)))?;
    let mut grid = Grid::new(&["KPIs", "States", "Seconds"]);
    grid.push(vec![
        Field::digits(report.kpis.to_string(), report.kpis.to_string()),
        Field::digits(report.states.to_string(), report.states.to_string()),
        Field::figure(format!("{:.3}", report.compile_seconds), Some(report.compile_seconds)),
    ]);
    match out.format {
        Format::Json => out.json(&report)?,
        Format::Table | Format::Csv => out.rows(&grid)?,
    }
    Ok(())
}

/// A folder of its own that goes when this goes.
pub struct Temporary(pub PathBuf);

impl Temporary {
    /// Makes it; one that is there already is somebody else's.
    pub fn new(name: &str) -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("kepi-{name}-{}", std::process::id()));
        let doing = format!("the folder `{}` could not be made; name one with --data", folder.display());
        std::fs::create_dir(&folder).map_err(Failure::io(doing))?;
        Ok(Self(folder))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Best effort: it is a temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Numbers that look random and are the same in every run: xorshift64*.
pub struct Random(pub u64);

impl Random {
    /// The next number, below 2⁵³.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }
}

fn grid(report: &BenchReport) -> Grid {
    let mut grid = Grid::new(&["Contestant", "Seconds", "Times Kepi", "Remark"]);
    let mut push = |who: &str, seconds: Option<f64>, remark: String| {
        let times = seconds.map(|s| s / report.kepi_seconds);
        grid.push(vec![
            Field::text(who),
            Field::figure(seconds.map_or("skipped".to_owned(), |s| format!("{s:.2}")), seconds),
            Field::figure(times.map_or(String::new(), |t| format!("{t:.2}")), times),
            Field::text(remark),
        ]);
    };
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let peak = report.peak_rss_bytes.map(|b| format!(", peak {:.0} MiB", mib(b))).unwrap_or_default();
    push(
        "Kepi",
        Some(report.kepi_seconds),
        format!(
            "{} KPIs, {} states, {} cells, {} values{peak}",
            report.kpis, report.states, report.cells, report.values
        ),
    );
    push(
        "decode floor",
        Some(report.decode_floor_seconds),
        format!("{} rows, {:.0} MiB of Parquet, {} threads", report.rows, mib(report.bytes), report.threads),
    );
    let agree = match report.results_agree {
        Some(true) => "the same results, cell by cell",
        Some(false) => "OTHER RESULTS",
        None => "not compared",
    };
    let version = |name: &str| report.peer_versions.get(name).map(|v| format!("{v}, ")).unwrap_or_default();
    push("DuckDB, one fused query", report.duckdb_fused_seconds, format!("{}{agree}", version("duckdb")));
    push("Polars, one fused query", report.polars_fused_seconds, format!("{}{agree}", version("polars")));
    push(
        "MetricFlow, a query a breakdown",
        report.metricflow_seconds,
        format!("{}{agree}", version("metricflow")),
    );
    grid
}
