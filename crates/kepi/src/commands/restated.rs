//! `kepi explain KPI --restated`: which of several changes moved a figure that was final.

use kepi_model::id::KpiId;
use kepi_query::value::Segment;

use crate::{
    cli::{Cli, Explain, Format},
    compose,
    failure::Failure,
    output::{Field, Grid, Output},
    progress::Terminal,
};

/// Tells what moved it, and by how much.
pub async fn restated(what: &Explain, cli: &Cli, out: Output) -> Result<(), Failure> {
    let Some(app) = compose::reading(compose::Site::of(cli)).await? else {
        compose::before_the_first_run(compose::Site::of(cli))?;
        return Err(Failure::Other("nothing is published yet: `kepi run` computes and publishes".to_owned()));
    };
    let (kpi, period) =
        (what.what.as_deref().unwrap_or_default(), what.period.as_deref().unwrap_or_default());
    let id: KpiId = kpi.parse().map_err(|_| Failure::Other(format!("`{kpi}` is no KPI")))?;
    let segment: Segment = what
        .segment
        .as_deref()
        .unwrap_or_default()
        .parse()
        .map_err(|_| Failure::Other("a segment is written as `region=north`".to_owned()))?;
    let progress = Terminal::new(out.quiet);
    let found = app.restatement((&id, period, &segment), &progress).await;
    progress.done();
    let found = found?;
    match out.format {
        Format::Json => out.json(&found)?,
        Format::Csv => {
            let mut grid = Grid::new(&["What", "By"]);
            for part in &found.moved {
                grid.push(vec![Field::text(&part.what), Field::figure(part.by.to_string(), Some(part.by))]);
            }
            out.rows(&grid)?;
        }
        Format::Table => {
            let ((first, then), (last, now)) = (found.then, found.now);
            let segment =
                if found.segment.is_empty() { String::new() } else { format!(" · {}", found.segment) };
            out.line(&format!(
                "{} · {}{segment}: {} by run {first}, {} by run {last}, {}",
                found.kpi,
                found.period,
                plain(then),
                plain(now),
                signed(now - then)
            ))?;
            for part in &found.moved {
                out.line(&format!("  {}  {}", signed(part.by), part.what))?;
            }
            if found.moved.len() > 1 {
                out.remark("what several changes make only together is shared out evenly among them");
            }
        }
    }
    Ok(())
}

/// Nothing of how halves are kept is told.
fn plain(of: f64) -> f64 {
    (of * 1e9).round() / 1e9
}

fn signed(by: f64) -> String {
    format!("{:+}", plain(by))
}
