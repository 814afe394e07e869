//! What a day costs: a refresh after a day's rows landed, a hundredth of them late, beside a refresh that reads everything.

use std::{collections::BTreeSet, time::Instant};

use kepi_model::{
    calendar::Grain,
    project::{Kpi, Project},
};
use kepi_query::{
    finish::MeasuredScan,
    kept::{Finishing, Kept, Shelf},
    port::{Evaluator, Limits, PinnedInputs, TableData},
    reach::watermarks,
    scans::plan,
    value::Value,
};
use serde::{Deserialize, Serialize};

use super::{BenchError, BenchOptions, SECRET, data, median, project, the_scan, values_by_month};
use crate::DataFusionEvaluator;

/// What was measured. Seconds are medians of wall-clock time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DayReport {
    /// Rows before the day.
    pub rows: u64,
    /// Rows of the day.
    pub day_rows: u64,
    /// Threads.
    pub threads: usize,
    /// Measured runs.
    pub runs: usize,
    /// From definitions to values, reading everything and keeping nothing.
    pub full_seconds: f64,
    /// Of it, the scan.
    pub full_scan_seconds: f64,
    /// The first refresh that keeps states: once.
    pub first_seconds: f64,
    /// From definitions to values after the day's rows landed.
    pub day_seconds: f64,
    /// Values.
    pub values: usize,
    /// Of them, finished anew for the day.
    pub day_values_anew: usize,
    /// All states once more, from what is kept then.
    pub day_scan_seconds: f64,
    /// The same, once more: nothing has changed.
    pub again_seconds: f64,
    /// The day by a full refresh.
    pub day_fraction: f64,
    /// All states from what is kept by those of a full refresh.
    pub day_scan_fraction: f64,
    /// Bytes that are kept.
    pub kept_bytes: u64,
    /// Whether states and values were those of a full refresh.
    pub results_agree: bool,
}

struct Refresh {
    scan: MeasuredScan,
    values: Vec<Value>,
    anew: usize,
    seconds: f64,
    scan_seconds: f64,
}

/// Measures a day. `shelf` must be empty.
///
/// # Errors
/// Files cannot be written or read, or a scan fails.
pub async fn day(
    options: &BenchOptions,
    shelf: &dyn Shelf,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<DayReport, BenchError> {
    let project = project::project()?;
    progress(&format!("generating {} rows in {}", options.rows, options.data.display()));
    let wanted = data::Wanted { rows: options.rows, seed: options.seed, ordered: options.ordered };
    let (before, _) = data::pinned(&options.data, wanted, options.threads)?;
    let of_day = data::next_day(&options.data, wanted)?;
    let mut after = before.clone();
    for table in after.tables.values_mut() {
        if let TableData::Files(files) = &mut table.data {
            files.push(of_day.clone());
        }
    }
    let limits = Limits { threads: options.threads, ..Limits::default() };

    progress("reading everything");
    let mut full = Vec::new();
    for run in 0..=options.runs {
        let found = refresh(&project, &after, &limits, None).await?;
        if run > 0 || options.runs == 0 {
            full.push(found);
        }
    }
    progress("reading what has changed");
    let first = refresh(&project, &before, &limits, Some(shelf)).await?;
    let kept: BTreeSet<String> = shelf.names().into_iter().collect();
    let (mut days, mut agains) = (Vec::new(), Vec::new());
    for run in 0..=options.runs {
        shelf.names().iter().filter(|name| !kept.contains(*name)).for_each(|name| shelf.remove(name));
        let found = refresh(&project, &after, &limits, Some(shelf)).await?;
        let again = refresh(&project, &after, &limits, Some(shelf)).await?;
        if run > 0 || options.runs == 0 {
            days.push(found);
            agains.push(again);
        }
    }
    let seconds = |of: &[Refresh]| median(&of.iter().map(|of| of.seconds).collect::<Vec<_>>());
    let scans = |of: &[Refresh]| median(&of.iter().map(|of| of.scan_seconds).collect::<Vec<_>>());
    let all = full.iter().chain(&days).chain(&agains);
    let results_agree = full.first().is_some_and(|first| {
        all.into_iter().all(|other| {
            other.values == first.values
                && other.scan.plan == first.scan.plan
                && other.scan.measured == first.scan.measured
        })
    });
    let kept_bytes = shelf.names().iter().filter_map(|name| shelf.read(name)).map(|b| b.len() as u64).sum();
    Ok(DayReport {
        rows: options.rows,
        day_rows: of_day.rows,
        threads: options.threads,
        runs: options.runs,
        full_seconds: seconds(&full),
        full_scan_seconds: scans(&full),
        first_seconds: first.seconds,
        day_seconds: seconds(&days),
        values: first.values.len(),
        day_values_anew: days.first().map_or(0, |day| day.anew),
        day_scan_seconds: scans(&days),
        again_seconds: seconds(&agains),
        day_fraction: seconds(&days) / seconds(&full),
        day_scan_fraction: scans(&days) / scans(&full),
        kept_bytes,
        results_agree,
    })
}

async fn refresh(
    project: &Project,
    inputs: &PinnedInputs,
    limits: &Limits,
    shelf: Option<&dyn Shelf>,
) -> Result<Refresh, BenchError> {
    let began = Instant::now();
    let plan = the_scan(project, inputs)?;
    let watermarks = watermarks(project, inputs);
    let Some(shelf) = shelf else {
        let scanning = Instant::now();
        let measured = DataFusionEvaluator.measure(&plan, inputs, limits).await?;
        let scan_seconds = scanning.elapsed().as_secs_f64();
        let scan = MeasuredScan { plan, measured };
        let values = values_by_month(project, &scan, &watermarks, limits)?;
        let (anew, seconds) = (values.len(), began.elapsed().as_secs_f64());
        return Ok(Refresh { scan, values, anew, seconds, scan_seconds });
    };
    let kept = Kept::new(&DataFusionEvaluator, shelf);
    let items: Vec<(&Kpi, Grain)> = project.kpis.values().map(|kpi| (kpi, Grain::Month)).collect();
    let of = Finishing { project, secret: &SECRET, watermarks: &watermarks };
    let found = kept.refreshed(of, (&plan, &items), inputs, limits).await?;
    let mut values = Vec::with_capacity(found.values.iter().flatten().map(Vec::len).sum());
    for of in found.values {
        values.extend(of.ok_or_else(|| BenchError::Project("a KPI looks beyond its period".into()))?);
    }
    let seconds = began.elapsed().as_secs_f64();
    // What is kept of all states has to be right, too.
    let scanning = Instant::now();
    let measured = kept.measure(&plan, inputs, limits).await?;
    let scan_seconds = scanning.elapsed().as_secs_f64();
    Ok(Refresh { scan: MeasuredScan { plan, measured }, values, anew: found.anew, seconds, scan_seconds })
}

/// What checking a large project costs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompileReport {
    /// KPIs.
    pub kpis: usize,
    /// Bytes of definitions.
    pub bytes: usize,
    /// From texts to a checked project and the plan of its scans; the median of the runs.
    pub compile_seconds: f64,
    /// The same, of 400 KPIs; none: of others.
    pub compile_400_seconds: Option<f64>,
    /// States that its scans ask for.
    pub states: usize,
}

/// Measures how long so many KPIs take from their texts to a plan; `runs` times after one to warm up.
///
/// # Errors
/// The definitions do not pass their check.
pub fn compile(kpis: usize, runs: usize) -> Result<CompileReport, BenchError> {
    let text = project::text_of(kpis);
    let mut seconds = Vec::new();
    let mut states = 0;
    for run in 0..=runs {
        let began = Instant::now();
        let project = project::checked(&text)?;
        let nothing = PinnedInputs { snapshot: kepi_query::port::SnapshotId(1), tables: [].into() };
        let plans = plan(project.kpis.values(), &project, &nothing)?;
        if run > 0 || runs == 0 {
            seconds.push(began.elapsed().as_secs_f64());
        }
        states = plans.iter().map(|plan| plan.states.len()).sum();
    }
    let compile_seconds = median(&seconds);
    let compile_400_seconds = (kpis == 400).then_some(compile_seconds);
    Ok(CompileReport { kpis, bytes: text.len(), compile_seconds, compile_400_seconds, states })
}
