//! `kepi evidence insight`: what is called out in made-up projects of which the truth is known.

use kepi_insight::evidence::{Line, Shape, asked, doubts, links, outlooks, places, run};

use crate::{
    cli::{Evidence, EvidenceOf, Format},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Runs worlds and their clean twins, prints what was found, and fails where an interval leaves out a floor.
pub fn evidence(what: &Evidence, out: Output) -> Result<(), Failure> {
    let EvidenceOf::Insight(what) = &what.of;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut rows = Vec::new();
    let seeds = || what.seed..what.seed + what.worlds;
    for periods in [12, 24, 36] {
        let on_scorecard = if what.kpis >= 100 { 50 } else { 5 };
        let shape = Shape { kpis: what.kpis, on_scorecard, members: vec![5, 4, 6, 35], periods: periods + 1 };
        let found = run(&shape, seeds(), 3, threads);
        out.remark(&format!(
            "{periods} earlier months: {} of {} clean worlds show anything, {} KPIs together",
            found.false_months.hits, found.false_months.of, found.false_kpis
        ));
        rows.push(found.lines(periods));
    }
    rows.extend([
        doubts(seeds()).lines(),
        places(seeds()).lines(),
        links(seeds()).lines(),
        outlooks(seeds()).lines(),
        asked(seeds(), 1).lines(),
    ]);
    let rows: Result<Vec<Vec<Line>>, _> = rows.into_iter().collect();
    let rows = rows.map_err(|e| Failure::Other(e.to_string()))?.concat();
    match out.format {
        Format::Json => out.json(&rows)?,
        Format::Table | Format::Csv => out.rows(&grid(&rows))?,
    }
    if rows.iter().all(|row| row.holds) { Ok(()) } else { Err(Failure::Findings) }
}

fn grid(rows: &[Line]) -> Grid {
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
