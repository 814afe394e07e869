//! `kepi evidence insight`: what is called out in made-up projects of which the truth is known.

use kepi_insight::evidence::{Found, Shape, Tally, run};
use serde::Serialize;

use crate::{
    cli::{Evidence, EvidenceOf, Format},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// At least so much of the shifts on a scorecard is found in the first month, by their size in spreads: the interval of what was counted
/// must not lie below.
const FLOORS: [(u32, f64); 3] = [(3, 0.35), (4, 0.65), (5, 0.80)];
/// At most so many clean months show anything, and so much of what is called out beside true shifts is false.
const PROMISE: f64 = 0.10;

/// A row of the report.
#[derive(Debug, Serialize)]
struct Row {
    analysis: &'static str,
    months: usize,
    what: String,
    share: f64,
    low: f64,
    high: f64,
    of: u64,
    floor: Option<f64>,
    holds: bool,
}

/// Runs worlds and their clean twins, prints what was found, and fails where an interval leaves out a floor.
pub fn evidence(what: &Evidence, out: Output) -> Result<(), Failure> {
    let EvidenceOf::Insight(what) = &what.of;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut rows = Vec::new();
    for periods in [12, 24, 36] {
        let on_scorecard = if what.kpis >= 100 { 50 } else { 5 };
        let shape = Shape { kpis: what.kpis, on_scorecard, members: vec![5, 4, 6, 35], periods: periods + 1 };
        let found = run(&shape, what.seed..what.seed + what.worlds, 3, threads);
        out.remark(&format!(
            "{periods} earlier months: {} of {} clean worlds show anything, {} KPIs together",
            found.false_months.hits, found.false_months.of, found.false_kpis
        ));
        rows.extend(of(&found, periods)?);
    }
    match out.format {
        Format::Json => out.json(&rows)?,
        Format::Table | Format::Csv => out.rows(&grid(&rows))?,
    }
    if rows.iter().all(|row| row.holds) { Ok(()) } else { Err(Failure::Findings) }
}

fn of(found: &Found, months: usize) -> Result<Vec<Row>, Failure> {
    let row = |what: String, tally: Tally, floor: Option<f64>, at_most: bool| {
        let (share, interval) = tally.share().map_err(|e| Failure::Other(format!("{what}: {e}")))?;
        let holds =
            floor.is_none_or(|floor| if at_most { interval.low <= floor } else { interval.high >= floor });
        let (low, high) = (interval.low, interval.high);
        Ok::<_, Failure>(Row {
            analysis: "change",
            months,
            what,
            share,
            low,
            high,
            of: tally.of,
            floor,
            holds,
        })
    };
    let mut rows =
        vec![row("clean months that show anything".to_owned(), found.false_months, Some(PROMISE), true)?];
    if found.false_share.of > 0 {
        rows.push(row(
            "false among call-outs beside true shifts".to_owned(),
            found.false_share,
            Some(PROMISE),
            true,
        )?);
    }
    for (size, on_scorecard, elsewhere) in &found.power {
        // Twelve months say little of what is usual: the floor is that of longer histories.
        let floor = FLOORS.iter().find(|(of, _)| of == size && months > 12).map(|(_, floor)| *floor);
        rows.push(row(
            format!("shift of {size} spreads on a scorecard, first month"),
            *on_scorecard,
            floor,
            false,
        )?);
        rows.push(row(format!("shift of {size} spreads elsewhere, first month"), *elsewhere, None, false)?);
    }
    Ok(rows)
}

fn grid(rows: &[Row]) -> Grid {
    let mut grid = Grid::new(&["Analysis", "Months", "What", "Share", "From", "To", "Of", "Floor", "Holds"]);
    let percent = |share: f64| Field::figure(format!("{:.1} %", share * 100.0), Some(share));
    for row in rows {
        grid.push(vec![
            Field::text(row.analysis),
            Field::text(row.months.to_string()),
            Field::text(&row.what),
            percent(row.share),
            percent(row.low),
            percent(row.high),
            Field::figure(row.of.to_string(), Some(row.of as f64)),
            row.floor.map_or_else(|| Field::text(""), percent),
            Field::text(if row.holds { "yes" } else { "NO" }),
        ]);
    }
    grid
}
