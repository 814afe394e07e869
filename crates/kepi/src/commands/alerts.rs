//! `kepi alert`, `kepi feedback`, `kepi playbooks`, `kepi priorities` and `kepi latency`: what alerts led to, what would let them ask less, whether playbooks help, and how long it
//! takes to act.

use kepi_app::acting::Retiring;
use kepi_report::{Reporter, api::v1, facts::Facts, tables};

use super::deciding::{acting, nothing, opened, show};
use crate::{
    cli::{Alert, Cli, Feedback, Format, Retire},
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Shows what alerts led to, or tunes one.
pub async fn alert(what: &Alert, cli: &Cli, out: Output) -> Result<(), Failure> {
    match what {
        Alert::List => list(&compose::board(Site::of(cli), out).await?, out),
        Alert::Tune(of) if of.propose => {
            let app = opened(Site::of(cli)).await?;
            let actor = compose::actor(cli);
            show(&app, app.tune(&of.alert, acting(&actor)).await?, out).await
        }
        Alert::Tune(of) => {
            let Some(app) = compose::reading(Site::of(cli)).await? else { return Err(nothing()) };
            let all = app.tunings(Some(&of.alert)).await?;
            if out.format == Format::Json {
                return Ok(out.json(&all)?);
            }
            for tuning in &all {
                for change in &tuning.changes {
                    out.line(&format!("{}: {} ({})", change.field, change.value, change.why))?;
                }
                match &tuning.text {
                    None => out.remark("nothing would let it ask less without losing what somebody acted on"),
                    Some(text) => {
                        out.line(text.trim_end())?;
                        out.remark(&format!("`kepi alert tune {} --propose` proposes it", tuning.alert));
                    }
                }
            }
            Ok(())
        }
    }
}

/// Shows what the audit of a KPI comes to, or proposes it.
pub async fn retire(what: &Retire, cli: &Cli, out: Output) -> Result<(), Failure> {
    let wanted = Retiring { kpi: what.kpi.clone(), successor: what.successor.clone(), sunset: what.sunset };
    let today = compose::today();
    if what.propose {
        let app = opened(Site::of(cli)).await?;
        let actor = compose::actor(cli);
        return show(&app, app.retire(&wanted, today, acting(&actor)).await?, out).await;
    }
    let Some(app) = compose::reading(Site::of(cli)).await? else { return Err(nothing()) };
    let found = app.retirement(&wanted, today).await?;
    if out.format == Format::Json {
        return Ok(out.json(&found)?);
    }
    out.line(&format!("{} {}: {}", found.recommended, found.kpi, found.why))?;
    match &found.text {
        None => out.remark("nothing of its text is to change"),
        Some(text) => {
            out.line(text.trim_end())?;
            out.remark("with `--propose` those who have to agree are asked");
        }
    }
    Ok(())
}

fn list(facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let view = Reporter::new(facts).alerts()?;
    if out.format == Format::Json {
        return Ok(out.json(&v1::alerts(view))?);
    }
    let mut grid =
        Grid::new(&["alert", "acted on", "dismissed", "over by itself", "open", "of those over, acted on"]);
    for of in view.rows {
        let count = |n: u64| Field::digits(n.to_string(), n.to_string());
        grid.push(vec![
            Field::text(of.id),
            count(of.acted_on),
            count(of.dismissed),
            count(of.ignored),
            count(of.open),
            Field::text(of.precision_text),
        ]);
    }
    Ok(out.rows(&grid)?)
}

/// Shows how long it takes from a signal to its effect.
pub fn latency(facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let view = Reporter::new(facts).latency()?;
    match out.format {
        Format::Json => Ok(out.json(&v1::latency(view))?),
        Format::Csv => Ok(out.line(tables::latency(&view).trim_end())?),
        Format::Table => {
            let mut grid = Grid::new(&["by", "what", "step", "of", "open", "half of it within"]);
            for group in &view.groups {
                for row in &group.rows {
                    for step in row.steps.iter().filter(|step| step.of > 0) {
                        grid.push(vec![
                            Field::text(group.by),
                            Field::text(&row.name),
                            Field::text(step.step),
                            Field::digits(step.of.to_string(), step.of.to_string()),
                            Field::digits(step.open.to_string(), step.open.to_string()),
                            Field::text(&step.text),
                        ]);
                    }
                }
            }
            Ok(out.rows(&grid)?)
        }
    }
}

/// Shows playbooks, and whether they help.
pub fn playbooks(facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let view = Reporter::new(facts).playbooks()?;
    if out.format == Format::Json {
        return Ok(out.json(&v1::playbooks(view))?);
    }
    let mut grid =
        Grid::new(&["playbook", "open", "done", "only watched", "with it", "without", "difference"]);
    for of in view.rows {
        let count = |n: u64| Field::digits(n.to_string(), n.to_string());
        let share = |(good, all): (u64, u64)| Field::text(format!("{good} of {all}"));
        grid.push(vec![
            Field::text(match of.of_loop {
                true => format!("{} (closed loop)", of.playbook.id),
                false => of.playbook.id,
            }),
            // How far cases came is said of cases.
            if of.of_loop { Field::text("–") } else { count(of.open) },
            if of.of_loop { Field::text(format!("{} followed up", of.done)) } else { count(of.done) },
            count(of.held_out),
            share(of.with),
            share(of.without),
            Field::text(of.effect_text),
        ]);
    }
    Ok(out.rows(&grid)?)
}

/// Shows what to work on first for an outcome.
pub fn priorities(outcome: Option<&str>, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let view = Reporter::new(facts).priorities(outcome)?;
    if out.format == Format::Json {
        return Ok(out.json(&v1::priorities(view))?);
    }
    if let Some(of) = &view.outcome {
        out.remark(&format!("for {}, up to {}", of.name, view.period));
    }
    let mut grid = Grid::new(&["driver", "goes with", "short of a full score", "both", "stands"]);
    for of in view.drivers {
        let number = |of: Option<f64>, digits: usize| {
            let text = of.map_or("–".to_owned(), |of| format!("{of:.digits$}"));
            Field::digits(text, of.map_or(String::new(), |of| of.to_string()))
        };
        grid.push(vec![
            Field::text(of.kpi.id),
            Field::text(of.importance_text),
            number(of.gap, 1),
            number(of.priority, 2),
            Field::text(of.stands.unwrap_or("–")),
        ]);
    }
    Ok(out.rows(&grid)?)
}

/// Finds what was said, or says what gets in the way.
pub async fn feedback(what: &Feedback, cli: &Cli, out: Output) -> Result<(), Failure> {
    match what {
        Feedback::Add(of) => {
            let app = opened(Site::of(cli)).await?;
            let actor = compose::actor(cli);
            let about = (of.kpi.as_str(), of.unit.as_deref());
            show(&app, app.pain_point(about, &of.message, acting(&actor)).await?, out).await
        }
        Feedback::Search { words, theme } => {
            let facts = compose::board(Site::of(cli), out).await?;
            let view = Reporter::new(&facts).feedback(&words.join(" "), theme.as_deref())?;
            if out.format == Format::Json {
                return Ok(out.json(&v1::feedback(view))?);
            }
            for why in &view.unread {
                out.remark(&format!("not searched: {why}"));
            }
            let mut grid =
                Grid::new(&["item", "when", "where", "kpi", "unit", "what became of it", "themes", "text"]);
            for of in view.rows {
                grid.push(vec![
                    Field::text(of.item.map(|item| item.to_string()).unwrap_or_default()),
                    Field::text(of.at),
                    Field::text(of.what),
                    Field::text(of.kpi.id),
                    Field::text(of.unit.unwrap_or_default()),
                    Field::text(of.became.join(", ")),
                    Field::text(of.themes.join(", ")),
                    Field::text(of.text),
                ]);
            }
            Ok(out.rows(&grid)?)
        }
    }
}
