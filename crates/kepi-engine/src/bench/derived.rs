//! What per-customer questions cost: a funnel, customers who leave and cohorts, over events of accounts, beside peers that answer the same by
//! hand-written queries.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use arrow::{
    array::{ArrayRef, AsArray, RecordBatch, StringBuilder, TimestampMicrosecondArray},
    compute::cast,
    datatypes::{DataType, Field, Int64Type, Schema, TimeUnit},
};
use kepi_model::{
    calendar::Grain,
    expression::Physical,
    id::{EntityId, KpiId},
    project::{Kpi, Project},
};
use kepi_query::{
    derive,
    finish::{AtGrain, Context, MeasuredScan, values_of},
    kept::{Kept, Remade, Shelf},
    lower::lower_at,
    port::{
        Evaluator, Limits, PinnedColumn, PinnedFile, PinnedInputs, PinnedTable, SnapshotId, TableData, system,
    },
    reach::watermarks,
    scans::plan,
    side::{Role, Term},
    state::{Member, StateColumn, wire::Secret},
};
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use serde::{Deserialize, Serialize};

use super::{BenchError, asked, data::Random, median, peak_memory, project::checked, reset_peak_memory};
use crate::DataFusionEvaluator;

/// The peers' program, carried along so that the binary needs no source tree.
const PEERS: &str = include_str!("../../../../bench/derived.py");

const MODEL: &str = r#"
project: bench
name: Bench
language: 1
time_zone: UTC
---
entity: account
attributes:
  trial_at: {first: event.occurred_at, where: name = 'trial', from: created_at, within: 30 days}
  setup_at: {first: event.occurred_at, where: name = 'setup', after: trial_at, within: 7 days}
  won: {any: event, where: name = 'value', after: setup_at, within: 14 days}
---
entity: customer
rows: {every: month, of: account}
attributes:
  was_active: {any: event, ago: 1}
  is_active: {any: event}
---
kpi: trials
name: Trials
better: higher
period: month
measure: {share: {of: account, which: trial_at is not null}}
---
kpi: setups
name: Setups
better: higher
period: month
measure: {share: {of: account, which: setup_at is not null}}
---
kpi: values
name: Values
better: higher
period: month
measure: {share: {of: account, which: "coalesce(won, false)"}}
---
kpi: churn
name: Churn
better: lower
period: month
measure: {share: {of: customer, where: was_active, which: not is_active}}
---
kpi: retention
name: Retention
better: higher
period: month
measure: {share: {of: customer, which: is_active}}
by: [cohort, age]
cross: [[cohort, age]]
"#;

/// 2025-01-01T00:00:00Z.
const START: i64 = 1_735_689_600_000_000;
const DAY: i64 = 86_400_000_000;
/// Days of a year: the data end with it.
const DAYS: i64 = 365;
const FILES: u64 = 8;
const BATCH: u64 = 65_536;
const ROW_GROUP: usize = 500_000;
const NAMES: [&str; 8] = ["view", "search", "export", "share", "trial", "setup", "value", "invite"];

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct DerivedOptions {
    /// Events.
    pub events: u64,
    /// Accounts.
    pub accounts: u64,
    /// Threads for everyone.
    pub threads: usize,
    /// Bytes of working memory: what does not fit is made in portions where it is kept.
    pub memory_bytes: u64,
    /// Measured runs after one to warm up; medians are reported.
    pub runs: usize,
    /// Seed of the rows.
    pub seed: u64,
    /// Where the data are.
    pub data: PathBuf,
    /// A Python that has DuckDB and Polars; none: the peers are skipped.
    pub python: Option<PathBuf>,
}

/// What was measured. Seconds are medians of wall-clock time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DerivedReport {
    /// Events.
    pub events: u64,
    /// Accounts.
    pub accounts: u64,
    /// Bytes of Parquet.
    pub bytes: u64,
    /// Threads.
    pub threads: usize,
    /// Measured runs of everyone.
    pub runs: usize,
    /// Rows that were made: of accounts, and of accounts and months.
    pub made_rows: u64,
    /// From definitions to values, all made anew.
    pub derived_seconds: f64,
    /// Of it, making rows.
    pub derived_making_seconds: f64,
    /// The first refresh that keeps what it makes: once.
    pub derived_first_seconds: f64,
    /// In how many portions of keys that one made what does not fit into the working memory.
    pub derived_first_portions: u64,
    /// A refresh after a day's events, one in a hundred up to two weeks late.
    pub derived_day_seconds: f64,
    /// That by one that makes all anew.
    pub derived_day_fraction: f64,
    /// Keys of which anything was made anew for the day, counted where they are made together; none: all was made anew.
    pub derived_day_keys: Option<usize>,
    /// Slices that were written anew for the day.
    pub derived_day_slices: usize,
    /// A refresh after another day's events, the first of the next month.
    pub derived_new_period_seconds: f64,
    /// That by the first refresh that keeps what it makes.
    pub derived_new_period_fraction: f64,
    /// Rows that were made for it; none: all were made anew.
    pub derived_new_period_rows: Option<u64>,
    /// A refresh to which nothing came.
    pub derived_again_seconds: f64,
    /// Bytes that are kept.
    pub kept_bytes: u64,
    /// DuckDB's queries; none: not installed.
    pub derived_duckdb_seconds: Option<f64>,
    /// Polars' queries; none: not installed.
    pub derived_polars_seconds: Option<f64>,
    /// Kepi's largest memory while all is made anew, where the operating system tells.
    pub peak_rss_bytes: Option<u64>,
    /// The peers' largest memory, where the operating system tells.
    pub peer_peak_bytes: BTreeMap<String, u64>,
    /// Versions of the peers.
    pub peer_versions: BTreeMap<String, String>,
    /// Whether every peer that ran found the same, and a day the same as all; none: no peer ran.
    pub results_agree: Option<bool>,
    /// The first difference of each that found something else.
    pub differences: Vec<String>,
}

/// Runs the benchmark. `shelf` must be empty.
///
/// # Errors
/// Files cannot be written or read, a scan or a peer fails.
pub async fn derived(
    options: &DerivedOptions,
    shelf: &dyn Shelf,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<DerivedReport, BenchError> {
    let project = checked(MODEL)?;
    progress(&format!("generating {} events of {} accounts", options.events, options.accounts));
    let (before, of_day, of_next) = generate(options)?;
    let with = |before: &PinnedInputs, file: PinnedFile, days: i64| {
        let mut after = before.clone();
        for (_, table) in after.tables.iter_mut().filter(|(entity, _)| entity.as_str() == "event") {
            table
                .columns
                .iter_mut()
                .filter_map(|column| column.bounds.as_mut())
                .for_each(|of| of.1 = ends(days));
            if let TableData::Files(files) = &mut table.data {
                files.push(file.clone());
            }
        }
        after
    };
    let after = with(&before, of_day, DAYS);
    let next = with(&after, of_next, DAYS + 1);
    let limits = Limits { threads: options.threads, memory_bytes: options.memory_bytes, ..Limits::default() };
    reset_peak_memory();
    progress("making all");
    let mut all = Vec::new();
    for run in 0..=options.runs {
        let found = refresh(&project, (&before, DAYS), &limits, None).await?;
        if run > 0 || options.runs == 0 {
            all.push(found);
        }
    }
    let peak_rss_bytes = peak_memory();
    progress("making what has changed");
    let first = refresh(&project, (&before, DAYS), &limits, Some(shelf)).await?;
    let again = refresh(&project, (&before, DAYS), &limits, Some(shelf)).await?;
    let day = refresh(&project, (&after, DAYS), &limits, Some(shelf)).await?;
    let whole = refresh(&project, (&after, DAYS), &limits, None).await?;
    let period = refresh(&project, (&next, DAYS + 1), &limits, Some(shelf)).await?;
    let whole_period = refresh(&project, (&next, DAYS + 1), &limits, None).await?;
    let mut differences = Vec::new();
    for (what, one, other) in [
        ("kept", &first, all.first()),
        ("again", &again, all.first()),
        ("a day", &day, Some(&whole)),
        ("the next month", &period, Some(&whole_period)),
    ] {
        if other.is_none_or(|other| one.results != other.results) {
            differences.push(format!("{what}: other states than of all rows"));
        }
    }
    let mut peers = BTreeMap::new();
    if let Some(python) = &options.python {
        for name in ["duckdb", "polars"] {
            progress(&format!("asking {name}"));
            let Some(peer) = ask(python, name, &before, options).await? else { continue };
            let own = all.first().map(|found| &found.results);
            if let Some(difference) = own.and_then(|own| differs(own, Path::new(&peer.result)).transpose()) {
                differences.push(format!("{name}: {}", difference?));
            }
            peers.insert(name.to_owned(), peer);
        }
    }
    let seconds = |of: &dyn Fn(&Refreshed) -> f64| median(&all.iter().map(of).collect::<Vec<_>>());
    let derived_seconds = seconds(&|of| of.seconds);
    let kept_bytes = shelf.names().iter().filter_map(|name| shelf.read(name)).map(|b| b.len() as u64).sum();
    let (mut keys, mut slices) = (Some(0), 0);
    for how in &day.remade {
        match how {
            Remade::Nothing => {}
            Remade::Some { keys: some, slices: written, .. } => {
                keys = keys.map(|keys| keys + some);
                slices += written;
            }
            Remade::All | Remade::InPortions(_) => keys = None,
        }
    }
    let new_rows = period.remade.iter().try_fold(0, |sum, how| match how {
        Remade::Nothing => Some(sum),
        Remade::Some { rows, .. } => Some(sum + rows),
        Remade::All | Remade::InPortions(_) => None,
    });
    let of = |name: &str| peers.get(name).map(|peer: &Peer| peer.median);
    Ok(DerivedReport {
        events: options.events,
        accounts: options.accounts,
        bytes: super::files(&before).iter().map(|file| file.bytes).sum(),
        threads: options.threads,
        runs: options.runs,
        made_rows: all.first().map_or(0, |of| of.made_rows),
        derived_seconds,
        derived_making_seconds: seconds(&|of| of.making_seconds),
        derived_first_seconds: first.seconds,
        derived_first_portions: portions(&first),
        derived_day_seconds: day.seconds,
        derived_day_fraction: day.seconds / derived_seconds,
        derived_day_keys: keys,
        derived_day_slices: slices,
        derived_new_period_seconds: period.seconds,
        derived_new_period_fraction: period.seconds / first.seconds,
        derived_new_period_rows: new_rows,
        derived_again_seconds: again.seconds,
        kept_bytes,
        derived_duckdb_seconds: of("duckdb"),
        derived_polars_seconds: of("polars"),
        peak_rss_bytes,
        peer_peak_bytes: peers
            .iter()
            .filter_map(|(name, peer)| Some((name.clone(), peer.peak_bytes?)))
            .collect(),
        peer_versions: peers.iter().map(|(name, peer)| (name.clone(), peer.version.clone())).collect(),
        results_agree: (!peers.is_empty()).then_some(differences.is_empty()),
        differences,
    })
}

/// The most portions in which something was made.
fn portions(of: &Refreshed) -> u64 {
    let portions = |how: &Remade| if let Remade::InPortions(of) = how { *of } else { 1 };
    of.remade.iter().map(portions).max().unwrap_or(1)
}

/// Four numbers by question, month (µs UTC) and age.
type Results = BTreeMap<(String, i64, i64), [i64; 4]>;

struct Refreshed {
    seconds: f64,
    making_seconds: f64,
    made_rows: u64,
    remade: Vec<Remade>,
    results: Results,
}

async fn refresh(
    project: &Project,
    (inputs, days): (&PinnedInputs, i64),
    limits: &Limits,
    shelf: Option<&dyn Shelf>,
) -> Result<Refreshed, BenchError> {
    let evaluator = &DataFusionEvaluator;
    let kept = shelf.map(|shelf| Kept::new(evaluator, shelf));
    let began = Instant::now();
    let work: Vec<(&Kpi, Grain)> = project.kpis.values().map(|kpi| (kpi, Grain::Month)).collect();
    let reach = watermarks(project, inputs);
    let nothing = || BenchError::Project("nothing is made".into());
    let derive = derive::plan(&work, project, inputs, START + days * DAY, &reach)?.ok_or_else(nothing)?;
    let made = match &kept {
        Some(kept) => kept.made(&derive, inputs, limits).await?,
        None => derive::derived(&derive, inputs, evaluator, limits).await?,
    };
    let making_seconds = began.elapsed().as_secs_f64();
    let rows = |table: &PinnedTable| match &table.data {
        TableData::Memory(memory) => memory.rows as u64,
        TableData::Files(files) => files.iter().map(|file| file.rows).sum(),
    };
    let made_rows = made.tables.values().map(rows).sum();
    let mut inputs = inputs.clone();
    inputs.tables.extend(made.tables);
    let mut scans = Vec::new();
    for plan in plan(project.kpis.values(), project, &inputs)? {
        let measured = match &kept {
            Some(kept) => kept.measure(&plan, &inputs, limits).await?,
            None => evaluator.measure(&plan, &inputs, limits).await?,
        };
        scans.push(MeasuredScan { plan, measured });
    }
    let secret = Secret([0; 32]);
    let context =
        Context { project, scans: &scans, secret: &secret, watermarks: &reach, threads: limits.threads };
    let months = AtGrain::new(context, Grain::Month)?;
    let work: Vec<_> = project.kpis.values().map(|kpi| (&months, kpi)).collect();
    let values = values_of(&work, limits.threads)?;
    let seconds = began.elapsed().as_secs_f64();
    drop(values);
    let results = results(project, &scans)?;
    let remade = kept.map(|kept| kept.remade()).unwrap_or_default();
    Ok(Refreshed { seconds, making_seconds, made_rows, remade, results })
}

/// What the states say, in the form of the peers.
fn results(project: &Project, scans: &[MeasuredScan]) -> Result<Results, BenchError> {
    let mut all = Results::new();
    for (what, kpi, by, roles) in [
        ("funnel", "trials", false, &[(0, Role::Counted), (1, Role::Hits)][..]),
        ("funnel", "setups", false, &[(2, Role::Hits)][..]),
        ("funnel", "values", false, &[(3, Role::Hits)][..]),
        ("churn", "churn", false, &[(0, Role::Counted), (1, Role::Hits)][..]),
        ("cohort", "retention", true, &[(0, Role::Counted), (1, Role::Hits)][..]),
    ] {
        for (month, age, place, count) in counts(project, scans, kpi, by, roles)? {
            let cell = all.entry((what.to_owned(), month, age)).or_default();
            if let Some(slot) = cell.get_mut(place) {
                *slot += count;
            }
        }
    }
    Ok(all)
}

/// Month, age, place and count of some states of a KPI; `by` cohort and age, or by the month that dates the row.
fn counts(
    project: &Project,
    scans: &[MeasuredScan],
    kpi: &str,
    by: bool,
    roles: &[(usize, Role)],
) -> Result<Vec<(i64, i64, usize, i64)>, BenchError> {
    let missing = || BenchError::Project(format!("`{kpi}` has no such states"));
    let id: KpiId = kpi.parse().map_err(|_| missing())?;
    let kpi = project.kpis.get(&id).ok_or_else(missing)?;
    let lowered = lower_at(kpi, project, Grain::Month)?;
    let side = lowered.side(Term::First).ok_or_else(missing)?;
    let mut all = Vec::new();
    for (place, role) in roles {
        let state = side.states.iter().find(|(own, _)| own == role).ok_or_else(missing)?.1.id;
        let scan = scans.iter().find(|scan| scan.plan.states.iter().any(|own| own.id == state));
        let scan = scan.ok_or_else(missing)?;
        let keys = if by { 2 } else { 0 };
        let at = scan.plan.key_sets.iter().position(|set| set.len() == keys).ok_or_else(missing)?;
        let table = scan.measured.tables.get(at).ok_or_else(missing)?;
        let (_, column) = table.states.iter().find(|(own, _)| *own == state).ok_or_else(missing)?;
        let StateColumn::Count(values) = column else { return Err(missing()) };
        for (cell, (bucket, count)) in table.buckets.iter().zip(values).enumerate() {
            let member = |dimension: &str| -> Option<&str> {
                let key = table.keys.iter().find(|key| key.dimension.as_str() == dimension)?;
                match key.members.get(*key.codes.get(cell)? as usize)? {
                    Member::Value(text) => Some(text),
                    Member::Unknown => None,
                }
            };
            let (label, age) = match by {
                true => (member("cohort").unwrap_or_default().to_owned(), member("age").unwrap_or_default()),
                false => {
                    let day = scan.plan.edges.get(*bucket as usize).copied().unwrap_or_default();
                    let month = project.calendar.period_at(Grain::Month, day).map_err(|_| missing())?;
                    (project.calendar.label(month), "0")
                }
            };
            let month = project.calendar.parse(&label).map_err(|_| missing())?;
            let month = project.calendar.bounds(month).map_err(|_| missing())?.start;
            let age = age.parse().map_err(|_| missing())?;
            all.push((month, age, *place, i64::try_from(*count).unwrap_or(i64::MAX)));
        }
    }
    Ok(all)
}

/// The first difference from a peer's result.
fn differs(own: &Results, peer: &Path) -> Result<Option<String>, BenchError> {
    let failed = |e: &dyn std::fmt::Display| BenchError::File(peer.into(), e.to_string());
    let file = File::open(peer).map_err(|e| failed(&e))?;
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(file).and_then(|b| b.build()).map_err(|e| failed(&e))?;
    let mut theirs = Results::new();
    for batch in reader {
        let batch = batch.map_err(|e| failed(&e))?;
        let column = |name: &str, type_: &DataType| {
            let array = batch.column_by_name(name).ok_or_else(|| failed(&format!("no column `{name}`")))?;
            cast(array, type_).map_err(|e| failed(&e))
        };
        let what = column("what", &DataType::Utf8)?;
        let what = what.as_string::<i32>();
        let numbers: Vec<ArrayRef> = ["month", "age", "a", "b", "c", "d"]
            .into_iter()
            .map(|name| column(name, &DataType::Int64))
            .collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let values: Vec<i64> =
                numbers.iter().map(|array| array.as_primitive::<Int64Type>().value(row)).collect();
            if let [month, age, a, b, c, d] = values[..] {
                theirs.insert((what.value(row).to_owned(), month, age), [a, b, c, d]);
            }
        }
    }
    // A cell that counts nothing is a row of one and none of the other.
    let counted = |of: &Results| -> Results {
        of.iter()
            .filter(|(_, counts)| **counts != [0; 4])
            .map(|(key, counts)| (key.clone(), *counts))
            .collect()
    };
    let (own, theirs) = (counted(own), counted(&theirs));
    let keys = own.keys().chain(theirs.keys());
    let first = keys.into_iter().find(|key| own.get(*key) != theirs.get(*key));
    Ok(first.map(|key| format!("{key:?}: {:?} and {:?}", own.get(key), theirs.get(key))))
}

#[derive(Debug, Deserialize)]
struct Peer {
    version: String,
    median: f64,
    result: String,
    peak_bytes: Option<u64>,
}

async fn ask(
    python: &Path,
    name: &str,
    inputs: &PinnedInputs,
    options: &DerivedOptions,
) -> Result<Option<Peer>, BenchError> {
    let out = &options.data;
    let script = out.join("derived.py");
    std::fs::write(&script, PEERS).map_err(|e| BenchError::File(script.clone(), e.to_string()))?;
    let of = |entity: &str| -> Vec<String> {
        let table = inputs.tables.iter().find(|(id, _)| id.as_str() == entity).map(|(_, table)| &table.data);
        match table {
            Some(TableData::Files(files)) => files.iter().map(|file| file.path.clone()).collect(),
            _ => vec![],
        }
    };
    let job = serde_json::json!({
        "peer": name,
        "accounts": of("account"),
        "events": of("event"),
        "threads": options.threads,
        "runs": options.runs,
        "out": out,
        "first": "2025-01",
        "last": "2025-12",
    });
    asked(python, &script, &job, options.threads).await
}

/// The last instant of so many days.
fn ends(days: i64) -> i64 {
    START + days * DAY - 1
}

/// Accounts and events, the file of more events of the last day, and that of the next one.
fn generate(options: &DerivedOptions) -> Result<(PinnedInputs, PinnedFile, PinnedFile), BenchError> {
    let folder = &options.data;
    std::fs::create_dir_all(folder).map_err(|e| BenchError::File(folder.clone(), e.to_string()))?;
    let accounts =
        write(&folder.join("accounts.parquet"), &["id", "created_at"], (0, options.accounts), |row| {
            (vec![account(row)], created(options, row))
        })?;
    let columns = ["id", "account", "name", "occurred_at"];
    let mut files = Vec::new();
    for file in 0..FILES {
        let range = (options.events * file / FILES, options.events * (file + 1) / FILES);
        let path = folder.join(format!("events_{file:02}.parquet"));
        files.push(write(&path, &columns, range, |row| event(options, row, options.events))?);
    }
    let day = (options.events, options.events + options.events / DAYS as u64);
    let of_day =
        write(&folder.join("events_day.parquet"), &columns, day, |row| event(options, row, options.events))?;
    let next = (day.1, day.1 + options.events / DAYS as u64);
    let of_next = write(&folder.join("events_next.parquet"), &columns, next, |row| {
        let (texts, at) = event(options, row, options.events);
        (texts, at + DAY)
    })?;
    let bounds = (START, ends(DAYS));
    let table = |names: &[&str], files: Vec<PinnedFile>| {
        let column = |name: &&str| {
            let physical = if name.ends_with("_at") { Physical::Instant } else { Physical::Text };
            let bounds = (physical == Physical::Instant).then_some(bounds);
            PinnedColumn { name: (*name).to_owned(), physical, bounds, is_empty: false }
        };
        let mut columns: Vec<PinnedColumn> = names.iter().map(column).collect();
        // Files of a lake end rows with it; these were written before anything was superseded.
        columns.push(PinnedColumn {
            name: system::VALID_TO.into(),
            physical: Physical::Instant,
            bounds: None,
            is_empty: true,
        });
        PinnedTable {
            columns,
            key: "id".parse().into_iter().collect(),
            data: TableData::Files(files),
            live_until: None,
        }
    };
    let tables =
        [("account", table(&["id", "created_at"], vec![accounts])), ("event", table(&columns, files))];
    let named = tables.into_iter().filter_map(|(name, table)| Some((name.parse::<EntityId>().ok()?, table)));
    Ok((PinnedInputs { snapshot: SnapshotId(1), tables: named.collect() }, of_day, of_next))
}

fn account(number: u64) -> String {
    format!("account-{number:07}")
}

/// When an account was created: some time in the year, the earlier the more.
fn created(options: &DerivedOptions, account: u64) -> i64 {
    let random = &mut Random(options.seed ^ account.wrapping_mul(0xA24B_AED4_963E_E407));
    let day = random.below(DAYS as u64).min(random.below(DAYS as u64));
    START + day * DAY + random.below(DAY as u64 >> 10) * 1024
}

/// An event: of any account that was there by then; files are about in the order of time, one in a hundred comes up to two weeks late.
fn event(options: &DerivedOptions, row: u64, all: u64) -> (Vec<String>, i64) {
    let random = &mut Random(options.seed ^ row.wrapping_mul(0xD134_2543_DE82_EF95));
    let span = DAYS * DAY;
    let landed = ((u128::from(row) * span as u128 / u128::from(all.max(1))) as i64).min(span - DAY);
    let late = if random.chance(1) { random.below(14) * DAY } else { 0 };
    let at = START + (landed - late).clamp(0, span - DAY) + random.below(DAY as u64 >> 10) * 1024;
    let mut whose = 0;
    for _ in 0..16 {
        whose = random.below(options.accounts) as u64;
        if created(options, whose) <= at {
            break;
        }
    }
    let at = at.max(created(options, whose));
    let name = NAMES.get(random.below(NAMES.len() as u64) as usize).copied().unwrap_or_default();
    (vec![format!("event-{row:010}"), account(whose), name.to_owned()], at)
}

fn write(
    path: &Path,
    names: &[&str],
    (from, until): (u64, u64),
    row: impl Fn(u64) -> (Vec<String>, i64),
) -> Result<PinnedFile, BenchError> {
    let failed = |e: &dyn std::fmt::Display| BenchError::File(path.to_owned(), e.to_string());
    let field = |name: &&str| {
        let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        Field::new(*name, if name.ends_with("_at") { instant } else { DataType::Utf8 }, true)
    };
    let schema = Arc::new(Schema::new(names.iter().map(field).collect::<Vec<_>>()));
    let level = ZstdLevel::try_new(3).map_err(|e| failed(&e))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build();
    let out = File::create(path).map_err(|e| failed(&e))?;
    let mut writer =
        ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties)).map_err(|e| failed(&e))?;
    let mut next = from;
    while next < until {
        let end = until.min(next + BATCH);
        let mut texts: Vec<StringBuilder> = names.iter().skip(1).map(|_| StringBuilder::new()).collect();
        let mut instants = Vec::new();
        for number in next..end {
            let (own, at) = row(number);
            texts.iter_mut().zip(own).for_each(|(column, text)| column.append_value(text));
            instants.push(at);
        }
        let mut arrays: Vec<ArrayRef> =
            texts.into_iter().map(|mut of| Arc::new(of.finish()) as ArrayRef).collect();
        arrays.push(Arc::new(TimestampMicrosecondArray::from(instants).with_timezone("UTC")));
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|e| failed(&e))?;
        writer.write(&batch).map_err(|e| failed(&e))?;
        next = end;
    }
    writer.close().map_err(|e| failed(&e))?;
    let bytes = std::fs::metadata(path).map_err(|e| failed(&e))?.len();
    let absolute = std::fs::canonicalize(path).map_err(|e| failed(&e))?;
    Ok(PinnedFile::whole(absolute.to_string_lossy().into_owned(), bytes, until - from))
}
