//! `kepi evidence insight`: what is called out in made-up projects of which the truth is known.

use kepi_insight::evidence::{
    Asked, Doubts, Found, Links, Outlooks, Shape, Tally, asked, doubts, links, outlooks, run,
};
use serde::Serialize;

use crate::{
    cli::{Evidence, EvidenceOf, Format},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// At least so much of the shifts on a scorecard is found in the first month, by their size in spreads: the interval of what was counted
/// must not lie below.
const FLOORS: [(u32, f64); 3] = [(3, 0.42), (4, 0.70), (5, 0.86)];
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
    rows.extend(of_doubts(doubts(what.seed..what.seed + what.worlds))?);
    rows.extend(of_links(links(what.seed..what.seed + what.worlds))?);
    rows.extend(of_outlooks(outlooks(what.seed..what.seed + what.worlds))?);
    rows.extend(of_asked(asked(what.seed..what.seed + what.worlds, 1))?);
    match out.format {
        Format::Json => out.json(&rows)?,
        Format::Table | Format::Csv => out.rows(&grid(&rows))?,
    }
    if rows.iter().all(|row| row.holds) { Ok(()) } else { Err(Failure::Findings) }
}

/// What was counted, held against a floor: the interval must not lie beyond it.
fn row_of(
    analysis: &'static str,
    months: usize,
    what: String,
    tally: Tally,
    floor: Option<f64>,
    at_most: bool,
) -> Result<Row, Failure> {
    let (share, interval) = tally.share().map_err(|e| Failure::Other(format!("{what}: {e}")))?;
    let (low, high) = (interval.low, interval.high);
    let holds = floor.is_none_or(|floor| if at_most { low <= floor } else { high >= floor });
    Ok(Row { analysis, months, what, share, low, high, of: tally.of, floor, holds })
}

fn of_doubts(found: Doubts) -> Result<Vec<Row>, Failure> {
    let rows = [
        ("a daily file with half its rows", found.halved, 0.95, false),
        ("a daily file with a tenth of its rows rejected", found.code, 0.95, false),
        ("a daily file with a column empty in a fifth of its rows", found.column, 0.95, false),
        ("a month with half its rows", found.rows, 0.95, false),
        ("a month of whose rows a tenth fewer enter", found.covered, 0.95, false),
        ("clean months of daily files, any in doubt", found.deliveries_false, 0.01, true),
        ("clean months of figures, any in doubt", found.figures_false, 0.01, true),
    ];
    let row = |(what, tally, floor, at_most): (&str, _, _, _)| {
        row_of("data_doubt", 29, what.to_owned(), tally, Some(floor), at_most)
    };
    rows.into_iter().map(row).collect()
}

fn of_outlooks(found: Outlooks) -> Result<Vec<Row>, Failure> {
    let rows = [
        ("outlook", "values in the range of 95 % said a month before", found.covered, Some(0.90), false),
        ("outlook", "values in the range of 95 % said half a year before", found.later, None, false),
        ("target", "targets five spreads off called out of reach", found.infeasible, Some(0.90), false),
        ("target", "targets half a spread off called out of reach", found.feasible_false, Some(0.05), true),
    ];
    let row = |(analysis, what, tally, floor, at_most): (_, &str, _, _, _)| {
        row_of(analysis, 36, what.to_owned(), tally, floor, at_most)
    };
    rows.into_iter().map(row).collect()
}

fn of_asked(found: Asked) -> Result<Vec<Row>, Failure> {
    let rows = [
        (
            "redundancy",
            36,
            "a duplicate with a tenth of its movement as noise is named",
            found.duplicates,
            0.95,
            false,
        ),
        ("redundancy", 36, "no duplicate, any named", found.duplicates_false, 0.01, true),
        ("tension", 24, "30 members, a pull of 0.3 spreads is named", found.tension, 0.9, false),
        ("tension", 24, "30 members, no pull, one named", found.tension_false, 0.05, true),
        ("style", 1, "lower in everything, taken for this figure's own", found.style_false, 0.05, true),
        ("style", 1, "half a standard deviation in one figure, kept", found.style_real, 0.8, false),
        ("validity", 60, "a link that stopped after 40 months is told to have", found.ended, 0.9, false),
        ("validity", 60, "a live link of 0.2 spreads is told to have stopped", found.ended_false, 0.05, true),
        ("validity", 60, "a live link of 0.2 spreads is told to predict", found.alive, 0.62, false),
    ];
    let row = |(analysis, months, what, tally, floor, at_most): (_, _, &str, _, _, _)| {
        row_of(analysis, months, what.to_owned(), tally, Some(floor), at_most)
    };
    rows.into_iter().map(row).collect()
}

fn of_links(found: Links) -> Result<Vec<Row>, Failure> {
    let rows = [
        ("50 members, an effect of 0.2 spreads is supported", found.panel, Some(0.91), false),
        ("50 members, nothing there: anything but no or unknown", found.panel_false, Some(0.02), true),
        ("50 members, nothing there: no, with power", found.panel_no, None, false),
        ("a total, an effect of 0.4 spreads: too little to tell", found.total_untold, Some(0.6), false),
        ("a total, nothing there: anything but no or unknown", found.total_false, Some(0.02), true),
    ];
    let row = |(what, tally, floor, at_most): (&str, _, _, _)| {
        row_of("link", 36, what.to_owned(), tally, floor, at_most)
    };
    rows.into_iter().map(row).collect()
}

fn of(found: &Found, months: usize) -> Result<Vec<Row>, Failure> {
    let row = |what, tally, floor, at_most| row_of("change", months, what, tally, floor, at_most);
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
