//! `kepi bench landing`: how fast files land, beside DuckDB turning the same files into typed Parquet in the same run.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{DirEntry, File},
    io::{BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use kepi_app::{open, run::Request};
use kepi_engine::bench::{peak_memory, reset_peak_memory};
use serde::{Deserialize, Serialize};

use super::bench::{Random, Temporary};
use crate::{
    cli::{BenchLanding, Format},
    compose,
    failure::Failure,
    output::{Field, Grid, Output},
    progress::Terminal,
};

/// The peer's program, carried along so that the binary needs no source tree.
const PEER: &str = include_str!("../../../../bench/landing.py");
/// Columns of the tickets: name, how the source reads it, type in DuckDB.
const COLUMNS: [(&str, &str, &str); 14] = [
    ("id", "text", "VARCHAR"),
    ("account", "text", "VARCHAR"),
    ("opened_at", "timestamp", "TIMESTAMP"),
    ("first_response_at", "timestamp", "TIMESTAMP"),
    ("solved_at", "timestamp", "TIMESTAMP"),
    ("channel", "text", "VARCHAR"),
    ("category", "text", "VARCHAR"),
    ("priority", "text", "VARCHAR"),
    ("status", "text", "VARCHAR"),
    ("amount", "number, 2 decimals", "DECIMAL(18,2)"),
    ("minutes", "integer", "BIGINT"),
    ("score", "integer", "BIGINT"),
    ("region", "text", "VARCHAR"),
    ("comment", "text", "VARCHAR"),
];
/// Rows that the last file changes.
const CHANGED: u64 = 1000;
/// The formats of files.
const FORMATS: [&str; 3] = ["csv", "ndjson", "parquet"];

/// What was measured of one format.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Landed {
    /// Bytes of the file.
    file_bytes: u64,
    /// The median of all runs, from the first byte read to the commit.
    kepi_seconds: f64,
    /// The same file to typed, compressed Parquet; the median.
    duckdb_seconds: Option<f64>,
    /// Processor time of the landing process, start and end included.
    kepi_processor_seconds: Option<f64>,
    /// Largest resident memory of that process.
    peak_rss_bytes: Option<u64>,
    /// A second file of 1,000 rows, half of them changes, in a process of its own.
    day_seconds: f64,
    /// A third file that changes 1,000 rows, spread over all of the first one, in a process of its own.
    changed_seconds: f64,
    /// Bytes of data files that it wrote.
    changed_bytes: u64,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    /// Rows of the first file.
    rows: u64,
    /// Runs of each contestant.
    runs: usize,
    /// Version of DuckDB, if it took part.
    duckdb: Option<String>,
    /// CSV, what most data come in.
    #[serde(flatten)]
    csv: Landed,
    /// The others.
    ndjson: Landed,
    /// Typed Parquet.
    parquet: Landed,
}

/// What the process that lands says.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    seconds: f64,
    processor_seconds: Option<f64>,
    peak_bytes: Option<u64>,
    rows: u64,
}

/// What the peer says.
#[derive(Debug, Default, Deserialize)]
struct Peer {
    version: Option<String>,
    /// Seconds of each run by format.
    seconds: Vec<(String, Vec<f64>)>,
}

/// Lands generated files and prints figures and ratios.
pub async fn landing(what: &BenchLanding, python: Option<&Path>, out: Output) -> Result<(), Failure> {
    if let Some(folder) = &what.land {
        return land(folder, out).await;
    }
    let temporary = match &what.data {
        Some(_) => None,
        None => Some(Temporary::new("bench-landing")?),
    };
    let folder = temporary.as_ref().map_or_else(|| what.data.clone().unwrap_or_default(), |t| t.0.clone());
    let report = measure(what, python, &folder, out)?;
    match out.format {
        Format::Json => Ok(out.json(&report)?),
        Format::Table | Format::Csv => Ok(out.rows(&grid(&report))?),
    }
}

fn measure(
    what: &BenchLanding,
    python: Option<&Path>,
    folder: &Path,
    out: Output,
) -> Result<Report, Failure> {
    let made = Failure::io(format!("the files could not be written to `{}`", folder.display()));
    std::fs::create_dir_all(folder).map_err(made)?;
    let file = |format: &str| folder.join(format!("tickets.{format}"));
    let made = Failure::io(format!("the files could not be written to `{}`", folder.display()));
    generate(&file("csv"), &file("ndjson"), 0..what.rows, 0).map_err(made)?;
    let mut report = Report {
        rows: what.rows,
        runs: what.runs,
        duckdb: None,
        csv: Landed::default(),
        ndjson: Landed::default(),
        parquet: Landed::default(),
    };
    // Parquet is what the peer makes of the CSV: files as a warehouse exports them.
    let peer = match python {
        Some(python) => peer(what, python, folder)?,
        None => {
            out.remark("DuckDB is skipped: name a Python that has it with --python; without it there is no Parquet file");
            Peer::default()
        }
    };
    report.duckdb = peer.version;
    for format in FORMATS {
        let raw = file(format);
        if !raw.exists() {
            continue;
        }
        let mut landed =
            Landed { file_bytes: std::fs::metadata(&raw)?.len(), ..measure_one(what, &raw, format, folder)? };
        let of = peer.seconds.iter().find(|(name, _)| name == format);
        landed.duckdb_seconds = of.map(|(_, seconds)| median(seconds.clone()));
        out.remark(&format!("{format}: {} rows in {:.2} s", what.rows, landed.kepi_seconds));
        match format {
            "csv" => report.csv = landed,
            "ndjson" => report.ndjson = landed,
            _ => report.parquet = landed,
        }
    }
    Ok(report)
}

/// A project for one format: its file lands, in a fresh project each run; then a day's file in the last of them.
fn measure_one(what: &BenchLanding, raw: &Path, format: &str, folder: &Path) -> Result<Landed, Failure> {
    let project = folder.join(format!("project_{format}"));
    let (mut seconds, mut processor, mut peak) = (Vec::new(), Vec::new(), None);
    for _ in 0..what.runs.max(1) {
        let _ = std::fs::remove_dir_all(&project);
        let doing = || Failure::io(format!("the project could not be written to `{}`", project.display()));
        std::fs::create_dir_all(project.join("data")).map_err(doing())?;
        std::fs::write(project.join("kepi.yml"), definitions(format)).map_err(doing())?;
        let place = project.join("data").join(format!("tickets_1.{format}"));
        std::fs::hard_link(raw, &place).or_else(|_| std::fs::copy(raw, &place).map(drop)).map_err(doing())?;
        let said = in_own_process(&project)?;
        if said.rows != what.rows {
            return Err(Failure::Other(format!("{} of {} rows landed from {format}", said.rows, what.rows)));
        }
        seconds.push(said.seconds);
        processor.extend(said.processor_seconds);
        peak = peak.max(said.peak_bytes);
    }
    // Five hundred of the first file's rows changed, five hundred new ones; of Parquet the peer has made one.
    let changed = what.rows.saturating_sub(500)..what.rows + 500;
    let day = folder.join(format!("day.{format}"));
    if format != "parquet" {
        let doing = Failure::io(format!("`{}` could not be written", day.display()));
        generate(&folder.join("day.csv"), &folder.join("day.ndjson"), changed, 1).map_err(doing)?;
    }
    let place = project.join("data").join(format!("tickets_2.{format}"));
    let doing = Failure::io(format!("`{}` could not be copied", day.display()));
    std::fs::copy(&day, place).map_err(doing)?;
    let day_seconds = in_own_process(&project)?.seconds;
    let changed = folder.join(format!("changed.{format}"));
    if format != "parquet" {
        let doing = Failure::io(format!("`{}` could not be written", changed.display()));
        let rows = (0..what.rows).step_by((what.rows / CHANGED).max(1) as usize);
        generate(&folder.join("changed.csv"), &folder.join("changed.ndjson"), rows, 2).map_err(doing)?;
    }
    let place = project.join("data").join(format!("tickets_3.{format}"));
    let doing = Failure::io(format!("`{}` could not be copied", changed.display()));
    std::fs::copy(&changed, place).map_err(doing)?;
    let before = data_files(&project)?;
    let changed_seconds = in_own_process(&project)?.seconds;
    let written = data_files(&project)?.into_iter().filter(|(name, _)| !before.contains_key(name));
    let changed_bytes = written.map(|(_, bytes)| bytes).sum();
    Ok(Landed {
        kepi_seconds: median(seconds),
        kepi_processor_seconds: (!processor.is_empty()).then(|| median(processor)),
        peak_rss_bytes: peak,
        day_seconds,
        changed_seconds,
        changed_bytes,
        ..Landed::default()
    })
}

/// The data files of the table with their lengths.
fn data_files(project: &Path) -> Result<BTreeMap<OsString, u64>, Failure> {
    let folder = project.join(".kepi/data/main/request");
    let files = std::fs::read_dir(&folder)?;
    let of = |file: std::io::Result<DirEntry>| {
        file.and_then(|file| Ok((file.file_name(), file.metadata()?.len())))
    };
    Ok(files.map(of).collect::<std::io::Result<_>>()?)
}

fn in_own_process(project: &Path) -> Result<Said, Failure> {
    let output = Command::new(std::env::current_exe()?)
        .args(["bench", "landing", "--format", "json", "--land"])
        .arg(project)
        .stderr(Stdio::inherit())
        .output()?;
    serde_json::from_slice(&output.stdout).map_err(|e| Failure::Other(format!("landing: {e}")))
}

/// Lands what the project's source offers, as `kepi run` does.
async fn land(folder: &Path, out: Output) -> Result<(), Failure> {
    reset_peak_memory();
    let (files, checked) = open::check_folder(folder, &compose::sources(folder), None)?;
    let project = checked.value.ok_or(kepi_app::AppError::Definitions { errors: 1 })?;
    let app =
        compose::app(compose::Site { folder, store: None, lake: None }, compose::Means::default()).await?;
    let start = Instant::now();
    let request =
        Request { actor: "bench".to_owned(), at: compose::now(), land: true, fetch: false, any_time: true };
    let report = app.run(&files, &project, &request, &Terminal::new(true)).await?;
    let seconds = start.elapsed().as_secs_f64();
    let rows = report.loads.iter().map(|load| load.counts.accepted + load.counts.superseding).sum();
    Ok(out.json(&Said {
        seconds,
        processor_seconds: processor_seconds(),
        peak_bytes: peak_memory(),
        rows,
    })?)
}

/// Linux: processor time of this process so far.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Fields after the name, which may hold spaces: the 12th and 13th are user and system time in hundredths of a second.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / 100.0)
}

fn peer(what: &BenchLanding, python: &Path, folder: &Path) -> Result<Peer, Failure> {
    let failed = |why: String| Failure::Other(format!("DuckDB: {why}"));
    let script = folder.join("landing.py");
    std::fs::write(&script, PEER)?;
    let job = serde_json::json!({
        "folder": folder,
        "rows": what.rows,
        "runs": what.runs,
        "threads": what.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from),
        "columns": COLUMNS.map(|(name, _, type_)| (name, type_)),
    });
    let output = Command::new(python).arg(&script).arg(job.to_string()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|e| failed(format!("`{}`: {e}", python.display())))?;
    if !output.status.success() {
        return Err(failed(format!("`{}` ended with {}", python.display(), output.status)));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| failed(e.to_string()))
}

fn definitions(format: &str) -> String {
    let mut text = format!(
        "project: bench\nname: Landing\nlanguage: 1\ntime_zone: UTC\n---\nentity: request\nname: Request\nkey: [id]\ntime: \
         opened_at\nattributes:\n{}---\nsource: requests\ninto: request\nfrom: {{{format}: {{files: \
         \"data/tickets_*.{format}\"}}}}\nmode: upsert\nversion: solved_at\nmap:\n",
        COLUMNS.iter().map(|(name, as_, _)| format!("  {name}: {{type: \"{as_}\"}}\n")).collect::<String>()
    );
    for (name, as_, _) in COLUMNS {
        let required = if name == "id" { ", required: true" } else { "" };
        text.push_str(&format!("  {name}: {{column: {name}, as: \"{as_}\"{required}}}\n"));
    }
    text
}

/// Writes tickets as CSV and NDJSON: texts of few and of many members, a free text, instants, money, numbers, some missing.
fn generate(csv: &Path, ndjson: &Path, rows: impl Iterator<Item = u64>, version: u64) -> std::io::Result<()> {
    const WORDS: [&str; 8] = ["late", "broken", "refund", "thanks", "please", "order", "again", "missing"];
    let (mut csv, mut ndjson) = (BufWriter::new(File::create(csv)?), BufWriter::new(File::create(ndjson)?));
    writeln!(csv, "{}", COLUMNS.map(|(name, ..)| name).join(","))?;
    let one =
        |of: &'static [&'static str], n: u64| of.get((n % of.len() as u64) as usize).copied().unwrap_or("");
    for row in rows {
        let mut random = Random(row.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let opened = 1_700_000_000 + row * 20 + random.next() % 3600;
        let answered = opened + 60 + random.next() % 86_400;
        let solved = answered + 60 + random.next() % 864_000 + version * 10_000_000;
        let at = |seconds: u64| {
            let at = jiff::Timestamp::from_second(seconds.cast_signed()).unwrap_or_default();
            at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
        };
        let score = (!random.next().is_multiple_of(5)).then(|| random.next() % 11);
        let texts = [
            format!("T{row:09}"),
            format!("A{:06}", random.next() % 200_000),
            at(opened),
            at(answered),
            at(solved),
            one(&["phone", "web", "email", "chat"], random.next()).to_owned(),
            format!("category {}", random.next() % 40),
            one(&["low", "normal", "high", "urgent"], random.next()).to_owned(),
            one(&["open", "solved", "closed"], random.next()).to_owned(),
        ];
        let (amount, minutes) = (random.next() % 100_000, random.next() % 600);
        let region = one(&["EMEA", "APAC", "AMER"], random.next());
        let comment: Vec<&str> = (0..4).map(|_| one(&WORDS, random.next())).collect();
        let (money, comment) = (format!("{}.{:02}", amount / 100, amount % 100), comment.join(" "));
        let shown = score.map(|score| score.to_string()).unwrap_or_default();
        writeln!(csv, "{},{money},{minutes},{shown},{region},{comment}", texts.join(","))?;
        write!(ndjson, "{{")?;
        for ((name, ..), text) in COLUMNS.iter().zip(&texts) {
            write!(ndjson, "\"{name}\":\"{text}\",")?;
        }
        let score = score.map_or("null".to_owned(), |score| score.to_string());
        writeln!(
            ndjson,
            "\"amount\":{money},\"minutes\":{minutes},\"score\":{score},\"region\":\"{region}\",\"comment\":\"{comment}\"}}"
        )?;
    }
    csv.flush()?;
    ndjson.flush()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn grid(report: &Report) -> Grid {
    let mut grid = Grid::new(&[
        "Format",
        "Rows",
        "Kepi",
        "DuckDB",
        "Times DuckDB",
        "Peak",
        "A day's file",
        "1,000 changes",
    ]);
    let seconds = |s: f64| Field::figure(format!("{s:.2} s"), Some(s));
    for (name, of) in [("CSV", &report.csv), ("NDJSON", &report.ndjson), ("Parquet", &report.parquet)] {
        if of.file_bytes == 0 {
            continue;
        }
        let none = || Field::text("skipped");
        grid.push(vec![
            Field::text(name),
            Field::figure(report.rows.to_string(), Some(report.rows as f64)),
            seconds(of.kepi_seconds),
            of.duckdb_seconds.map_or_else(none, seconds),
            of.duckdb_seconds.map_or_else(none, |peer| {
                let times = of.kepi_seconds / peer;
                Field::figure(format!("{times:.2}"), Some(times))
            }),
            of.peak_rss_bytes.map_or_else(none, |bytes| {
                Field::figure(format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20)), Some(bytes as f64))
            }),
            seconds(of.day_seconds),
            seconds(of.changed_seconds),
        ]);
    }
    grid
}
