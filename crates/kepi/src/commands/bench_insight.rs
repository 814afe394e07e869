//! `kepi bench insight`: judging every period of a project, as the follower does after a first run.

use std::time::Instant;

use kepi_insight::{
    change::{Verdict, reviewed},
    evidence::{Shape, World},
};
use serde::Serialize;

use crate::{
    cli::{BenchInsight, Format},
    failure::Failure,
    output::{Field, Grid, Output},
};

#[derive(Debug, Serialize)]
struct Report {
    series: usize,
    periods: usize,
    threads: usize,
    judged: usize,
    called_out: usize,
    all_periods_seconds: f64,
    newest_period_seconds: f64,
}

/// How many of so many KPIs stand on the scorecard: equal weights have to make up 100 %.
fn scorecard_of(kpis: usize) -> usize {
    [50, 25, 20, 10, 5, 4, 2, 1].into_iter().find(|n| *n <= kpis).unwrap_or(0)
}

/// Times it.
pub fn insight(what: &BenchInsight, out: Output) -> Result<(), Failure> {
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = what.threads.map_or(available, usize::from);
    let members = vec![what.segments];
    let shape =
        Shape { kpis: what.kpis, on_scorecard: scorecard_of(what.kpis), members, periods: what.months };
    let project = World::project(&shape);
    let world = World::clean(1, &shape);
    let frame = world.frame(&project);
    let (mut judged, mut called_out) = (0, 0);
    let begun = Instant::now();
    for ordinal in frame.periods() {
        let review = reviewed(&project, &frame, ordinal, 1, threads);
        let verdicts =
            review.judged.values().flatten().filter_map(|(_, j)| j.ok()).map(|usual| usual.verdict);
        for verdict in verdicts {
            judged += 1;
            called_out += usize::from(matches!(verdict, Verdict::Beyond | Verdict::Drifting));
        }
    }
    let all_periods_seconds = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let newest = reviewed(&project, &frame, world.last(), 1, threads);
    let newest_period_seconds = begun.elapsed().as_secs_f64();
    debug_assert_eq!(newest.period.ordinal, world.last());
    let series = frame.kpis.values().map(|of| of.len()).sum();
    let periods = frame.periods().len();
    let report =
        Report { series, periods, threads, judged, called_out, all_periods_seconds, newest_period_seconds };
    if out.format == Format::Json {
        return Ok(out.json(&report)?);
    }
    let mut grid = Grid::new(&["What", "Figure"]);
    for (what, figure) in [
        ("series", report.series.to_string()),
        ("periods", report.periods.to_string()),
        ("threads", report.threads.to_string()),
        ("figures judged", report.judged.to_string()),
        ("called out", report.called_out.to_string()),
        ("all periods", format!("{all_periods_seconds:.2} s")),
        ("the newest period", format!("{newest_period_seconds:.2} s")),
    ] {
        grid.push(vec![Field::text(what), Field::text(figure)]);
    }
    Ok(out.rows(&grid)?)
}
