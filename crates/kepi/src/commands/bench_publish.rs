//! `kepi bench publish`: how fast a large scorecard is published, read and shown, and what it takes on the disk.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Instant,
};

use kepi_app::{App, archive, picture::Picture, project_files, run::what_it_rests_on};
use kepi_engine::bench::{peak_memory, reset_peak_memory};
use kepi_model::{
    calendar::{Calendar, FiscalCalendar, Grain, Period},
    id::{Hash, KpiId},
};
use kepi_query::{
    port::SnapshotId,
    published::{NewRun, Subject, TableBuilder, VALUE, Vouched, push_value},
    value::{Coverage, Finality, Segment, Value},
};
use kepi_report::{Reporter, facts::Facts};
use kepi_stats::estimate::{Estimate, Interval, Method};
use serde::{Deserialize, Serialize};

use super::bench::{Random, Temporary};
use crate::{
    cli::{BenchPublish, Format},
    compose,
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Who publishes.
const ACTOR: &str = "bench";
/// Month of the first values, in months since 1970.
const FIRST: i32 = 52 * 12;

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    /// Values of the first run.
    values: u64,
    /// The first run, from values to the commit.
    publish_seconds: f64,
    /// What it added to the project's folder.
    publish_bytes: u64,
    /// A run that changes the last month.
    next_day_seconds: f64,
    /// What it added.
    next_day_bytes: u64,
    /// Opening the board, in a process of its own.
    board_open_seconds: f64,
    /// Opening it and reading all KPIs for their list.
    board_list_seconds: f64,
    /// Largest resident memory of that process.
    board_peak_bytes: Option<u64>,
    /// `kepi show kpi`, from start to end: the median of five.
    show_seconds: f64,
    /// Daily runs after the second.
    days: u32,
    /// What the folder holds after them.
    folder_bytes: u64,
    /// The first run, and 3,650 days that add as much as these did on average.
    ten_years_bytes: u64,
}

/// What the process that opens the board says.
#[derive(Debug, Serialize, Deserialize)]
struct Opened {
    open_seconds: f64,
    list_seconds: f64,
    peak_bytes: Option<u64>,
}

/// Publishes generated values into a project of its own, and reads them back.
pub async fn publish(what: &BenchPublish, out: Output) -> Result<(), Failure> {
    if let Some(folder) = &what.open {
        return open(folder, out).await;
    }
    let report = match &what.data {
        Some(folder) => measure(what, folder, out).await?,
        None => measure(what, &Temporary::new("bench-publish")?.0, out).await?,
    };
    match out.format {
        Format::Json => Ok(out.json(&report)?),
        Format::Table | Format::Csv => Ok(out.rows(&grid(&report))?),
    }
}

fn grid(report: &Report) -> Grid {
    let mut grid = Grid::new(&["What", "Figure"]);
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let seconds = |s: f64| format!("{s:.2} s");
    for (what, figure) in [
        ("values", report.values.to_string()),
        ("publish", seconds(report.publish_seconds)),
        ("publish, bytes", mib(report.publish_bytes)),
        ("next day", seconds(report.next_day_seconds)),
        ("next day, bytes", mib(report.next_day_bytes)),
        ("board opens", seconds(report.board_open_seconds)),
        ("board lists all KPIs", seconds(report.board_list_seconds)),
        ("board, peak", report.board_peak_bytes.map_or("unknown".to_owned(), mib)),
        ("kepi show kpi", seconds(report.show_seconds)),
        ("after further days", format!("{} ({})", report.days, mib(report.folder_bytes))),
        ("ten years", mib(report.ten_years_bytes)),
    ] {
        grid.push(vec![Field::text(what), Field::text(figure)]);
    }
    grid
}

async fn measure(what: &BenchPublish, folder: &Path, out: Output) -> Result<Report, Failure> {
    write_project(what, folder)?;
    let app =
        compose::app(compose::Site { folder, store: None, lake: None }, compose::Means::default()).await?;
    let bytes = || size(folder);
    let before = bytes();
    let start = Instant::now();
    let values = run(&app, what, 0).await?;
    let publish_seconds = start.elapsed().as_secs_f64();
    let first = bytes();
    out.remark(&format!("{values} values published in {publish_seconds:.2} s"));
    let start = Instant::now();
    run(&app, what, 1).await?;
    let next_day_seconds = start.elapsed().as_secs_f64();
    let second = bytes();
    let opened = Command::new(std::env::current_exe()?)
        .args(["bench", "publish", "--format", "json", "--open"])
        .arg(folder)
        .output()?;
    let opened: Opened =
        serde_json::from_slice(&opened.stdout).map_err(|e| Failure::Other(format!("the board: {e}")))?;
    let mut shown = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let kpi = name(what.kpis / 2);
        let done = Command::new(std::env::current_exe()?)
            .arg("-C")
            .arg(folder)
            .args(["show", "kpi", &kpi])
            .output()?;
        shown.push(start.elapsed().as_secs_f64());
        if !done.status.success() {
            return Err(Failure::Other(String::from_utf8_lossy(&done.stderr).into_owned()));
        }
    }
    shown.sort_by(f64::total_cmp);
    for day in 0..what.days {
        run(&app, what, u64::from(day) + 2).await?;
    }
    // All days are today: what would be gone by now is taken away.
    compose::sweep(compose::Site { folder, store: None, lake: None }).await?;
    let folder_bytes = bytes();
    let days = u64::from(what.days) + 1;
    let daily = folder_bytes.saturating_sub(first) / days;
    Ok(Report {
        values,
        publish_seconds,
        publish_bytes: first.saturating_sub(before),
        next_day_seconds,
        next_day_bytes: second.saturating_sub(first),
        board_open_seconds: opened.open_seconds,
        board_list_seconds: opened.list_seconds,
        board_peak_bytes: opened.peak_bytes,
        show_seconds: shown.get(2).copied().unwrap_or_default(),
        days: what.days,
        folder_bytes,
        ten_years_bytes: first + daily * 3_650,
    })
}

/// Opens the board as a server does, then reads what the list of all KPIs needs.
async fn open(folder: &Path, out: Output) -> Result<(), Failure> {
    reset_peak_memory();
    let start = Instant::now();
    let app =
        compose::app(compose::Site { folder, store: None, lake: None }, compose::Means::default()).await?;
    let picture = Picture::load(&Arc::new(app)).await?;
    if Facts::is_empty(&picture) {
        return Err(Failure::Other("nothing is published".to_owned()));
    }
    let open_seconds = start.elapsed().as_secs_f64();
    let listed = Reporter::new(&picture).kpis()?.kpis.len();
    let list_seconds = start.elapsed().as_secs_f64();
    if listed != picture.project().kpis.len() {
        return Err(Failure::Other(format!("{listed} KPIs are listed")));
    }
    Ok(out.json(&Opened { open_seconds, list_seconds, peak_bytes: peak_memory() })?)
}

fn name(kpi: u32) -> String {
    format!("kpi_{kpi:03}")
}

fn write_project(what: &BenchPublish, folder: &Path) -> Result<(), Failure> {
    let mut text = "project: bench\nname: Publishing\nlanguage: 1\ntime_zone: UTC\n---\nsource: tickets\ninto: ticket\n\
                    from: {csv: {files: \"data/*.csv\"}}\nmode: append\nmap:\n  \
                    id: {column: id, as: text, required: true}\n  opened_at: {column: at, as: date, required: true}\n  \
                    channel: {column: channel, as: text}\n"
        .to_owned();
    for kpi in 0..what.kpis {
        let id = name(kpi);
        text.push_str(&format!(
            "---\nkpi: {id}\nname: Share {kpi}\nbetter: higher\nmeasure:\n  share: {{of: ticket, which: channel = 'c{kpi}'}}\n\
             period: month\nby: [channel]\ntargets:\n  - {{from: 2020-01-01, threshold: 30%, target: 50%}}\n"
        ));
    }
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(folder.join("kepi.yml"), text))
        .map_err(Failure::io(format!("the project could not be written to `{}`", folder.display())))
}

/// Publishes what a run on a day would: the last month is another every day.
async fn run(app: &App, what: &BenchPublish, day: u64) -> Result<u64, Failure> {
    let files = project_files::read(&app.root).map_err(kepi_app::AppError::from)?;
    let project = kepi_app::open::load(&app.root, app.sources.as_ref(), None)?.1;
    let at = compose::now();
    let permit = app.permit(ACTOR).await?;
    let by = permit.by().to_string();
    let definitions = archive::adopt(&app.store, &files, &project, &permit, at).await?;
    let number = app.values.begin(at).await?;
    let mut rows = TableBuilder::new(&VALUE);
    let mut random = Random(0x5eed);
    let calendar = &project.calendar;
    for kpi in project.kpis.keys() {
        for segment in 0..=what.segments {
            for month in 0..what.months {
                let last = month + 1 == what.months;
                let mut value_of =
                    if last { Random(random.next() ^ (day << 7)) } else { Random(random.next()) };
                let value = value(kpi, segment, month as i32, last, &mut value_of);
                let first_day = first_day(calendar, value.period)?;
                push_value(&mut rows, number, first_day, &value);
            }
        }
    }
    let rows = rows.finish();
    let values = rows.rows() as u64;
    let vouched: Vec<Vouched> = project
        .kpis
        .values()
        .map(|kpi| Vouched {
            subject: Subject::Kpi(kpi.id.clone()),
            grain: Grain::Month,
            definition: kpi.hash,
            mapping: Hash::of(b"bench"),
            span: None,
            changed: SnapshotId(0),
            not_renewed: None,
        })
        .collect();
    let pins = what_it_rests_on(app, &project, definitions, SnapshotId(0), &Default::default());
    let run = NewRun { number, actor: &by, at, pins: &pins, vouched: &vouched, figures: &[rows] };
    app.values.publish(run).await.map_err(kepi_app::AppError::from)?;
    Ok(values)
}

fn first_day(calendar: &Calendar, period: Period) -> Result<jiff::civil::Date, Failure> {
    calendar.first_day(period).map_err(|e| Failure::Other(e.to_string()))
}

/// A share of a few hundred cases with its interval, and states as they are kept: two counts.
fn value(kpi: &KpiId, segment: u32, month: i32, last: bool, random: &mut Random) -> Value {
    let n = 100 + random.next() % 900;
    let yes = random.next() % n;
    let point = yes as f64 / n as f64;
    let half = 1.96 * (point * (1.0 - point) / n as f64).sqrt();
    let members = if segment == 0 {
        Vec::new()
    } else {
        let member = kepi_query::state::Member::Value(format!("c{segment}").into());
        "channel".parse().map(|dimension| vec![(dimension, member)]).unwrap_or_default()
    };
    let mut states = vec![1, 1, 2];
    for count in [n, yes] {
        states.extend([(count & 0x7f) as u8 | 0x80, (count >> 7) as u8]);
    }
    Value {
        kpi: kpi.clone(),
        period: Period::new(Grain::Month, FIRST + month, FiscalCalendar::default()),
        segment: Segment::new(members),
        estimate: Ok(Estimate {
            point,
            interval: Ok(Interval { low: point - half, high: point + half, level: 0.95 }),
            n,
            effective_n: n as f64,
            method: Method::Wilson,
        }),
        coverage: Coverage { counted: n, eligible: n + random.next() % 20, cases: n },
        finality: if last {
            Finality::Provisional { data_until: Some(1_700_000_000_000_000), final_at: 1_800_000_000_000_000 }
        } else {
            Finality::Final
        },
        states: states.into(),
    }
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |path: PathBuf| {
        if path.is_dir() { size(&path) } else { std::fs::metadata(&path).map_or(0, |m| m.len()) }
    };
    entries.map(|entry| of(entry.path())).sum()
}
