//! `kepi freeze`, `lift`, `close` and `periods`.

use kepi_app::{App, deciding::local_clock};

use super::deciding::{acting, nothing, opened, show};
use crate::{
    cli::{Cli, Close, Format, Freeze, Lift, Periods},
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output, counted},
};

/// Asks to freeze a period.
pub async fn freeze(what: &Freeze, cli: &Cli, out: Output) -> Result<(), Failure> {
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    let item = app.freeze(&what.period, &what.respects(), acting(&actor), &what.message).await?;
    show(&app, item, out).await
}

/// Asks to lift a freeze.
pub async fn lift(what: &Lift, cli: &Cli, out: Output) -> Result<(), Failure> {
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    let item = app.lift(what.item, acting(&actor), &what.message).await?;
    show(&app, item, out).await
}

/// Asks to close a period.
pub async fn close(what: &Close, cli: &Cli, out: Output) -> Result<(), Failure> {
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    let (item, readiness) = app.close(&what.period, acting(&actor), &what.message).await?;
    let n = readiness;
    out.remark(&format!(
        "{} has {} figures: {} provisional, {} with a reason in place of a figure",
        what.period, n.figures, n.provisional, n.reasons
    ));
    for (name, figures) in &n.also {
        out.remark(&format!(
            "{name} is the same days: {} of it are official by that, too",
            counted(*figures as u64, "figure")
        ));
    }
    show(&app, item, out).await
}

/// Shows what is frozen and closed, or the official figures of a period.
pub async fn periods(what: &Periods, cli: &Cli, out: Output) -> Result<(), Failure> {
    let Some(app) = compose::reading(Site::of(cli)).await? else { return Err(nothing()) };
    if let (true, Some(period)) = (what.readiness, &what.period) {
        return readiness(&app, period, out).await;
    }
    if what.coming {
        return coming(&app, out).await;
    }
    if let Some(period) = &what.period {
        let figures = app.official(period).await?;
        if out.format == Format::Json {
            return Ok(out.json(&figures)?);
        }
        let mut grid = Grid::new(&["KPI", "Segment", "Official", "Restated", "Overridden", "Late", "Is"]);
        for of in &figures {
            let nothing = || "nothing".to_owned();
            let official = of.official.clone().unwrap_or_else(nothing);
            let restated =
                of.restated.as_ref().map_or(String::new(), |of| of.clone().unwrap_or_else(nothing));
            // Programs get numbers, and reasons where there are none.
            let number =
                |value: Option<f64>, text: &str| value.map_or(text.to_owned(), |value| value.to_string());
            grid.push(vec![
                Field::text(of.kpi.clone()),
                Field::text(of.segment.clone()),
                Field::digits(official.clone(), number(of.official_value, &official)),
                Field::digits(restated.clone(), number(of.restated_value, &restated)),
                Field::text(if of.overridden { "yes" } else { "" }),
                Field::text(of.late.clone().unwrap_or_default()),
                Field::text(if of.is_score { "score" } else { "figure" }),
            ]);
        }
        return Ok(out.rows(&grid)?);
    }
    let periods = app.periods().await?;
    if out.format == Format::Json {
        return Ok(out.json(&periods)?);
    }
    let clock = local_clock(&app.store).await?;
    let mut grid = Grid::new(&["Period", "Is", "Since", "Item or event", "Figures", "Restated"]);
    let count = |n: usize| Field::digits(n.to_string(), n.to_string());
    for of in &periods.frozen {
        let is = format!("frozen: {}", of.aspects.join(", "));
        let cells =
            [format!("{} until {}", of.from, of.until), is, String::new(), format!("item {}", of.item)];
        let rest = [Field::text(""), Field::text("")];
        grid.push(cells.into_iter().map(Field::text).chain(rest).collect());
    }
    for of in &periods.closed {
        let is = format!("closed, version {}", of.version);
        let cells = [of.period.clone(), is, clock.instant(of.at), format!("event {}", of.event)];
        let rest = [count(of.figures), count(of.restated)];
        grid.push(cells.into_iter().map(Field::text).chain(rest).collect());
    }
    Ok(out.rows(&grid)?)
}

/// Shows the closes to come.
async fn coming(app: &App, out: Output) -> Result<(), Failure> {
    let all = app.coming(compose::now()).await?;
    if out.format == Format::Json {
        return Ok(out.json(&all)?);
    }
    if all.is_empty() {
        out.remark(
            "nobody attests data, so no cut-off is known: a source says who does, `attest: {every: month}`",
        );
    }
    let clock = local_clock(&app.store).await?;
    let mut grid =
        Grid::new(&["Period", "Over on", "First cut-off", "Last cut-off", "Statements", "Sources"]);
    for of in &all {
        let sources: Vec<&str> = of.sources.iter().map(|source| source.as_str()).collect();
        grid.push(vec![
            Field::text(of.period.clone()),
            Field::text(of.until.clone()),
            Field::text(clock.instant(of.first)),
            Field::text(clock.instant(of.last)),
            Field::digits(of.statements.to_string(), of.statements.to_string()),
            Field::text(sources.join(", ")),
        ]);
    }
    Ok(out.rows(&grid)?)
}

/// Shows how far each unit is with a period.
async fn readiness(app: &App, period: &str, out: Output) -> Result<(), Failure> {
    let units = app.readiness(period, compose::now()).await?;
    if out.format == Format::Json {
        return Ok(out.json(&units)?);
    }
    if units.is_empty() {
        out.remark("nobody attests data: a source says who does, `attest: {every: month}`");
    }
    let clock = local_clock(&app.store).await?;
    let mut grid = Grid::new(&["Unit", "State", "Close", "Final", "Provisional", "In time so far", "Data"]);
    let count = |n: usize| Field::digits(n.to_string(), n.to_string());
    for of in &units {
        let said = of.statements.iter().map(|said| {
            let due = said.due.map_or(String::new(), |due| format!(", due {}", clock.instant(due)));
            format!("{} {} ({}{due}, item {})", said.source, said.state, said.by, said.item)
        });
        grid.push(vec![
            Field::text(of.unit.as_ref().map_or("all rows", |unit| unit.as_str())),
            Field::text(of.state),
            Field::text(of.otherwise.unwrap_or("goes")),
            count(of.figures.unwrap_or_default()),
            count(of.provisional.unwrap_or_default()),
            Field::text(if of.asked == 0 {
                String::new()
            } else {
                format!("{} of {}", of.in_time, of.asked)
            }),
            Field::text(said.collect::<Vec<_>>().join("; ")),
        ]);
    }
    Ok(out.rows(&grid)?)
}
