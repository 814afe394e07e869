//! `kepi review`: which there are, what is on an agenda, and what is decided on it.

use std::fmt::Write;

use kepi_app::{
    acting::Doing,
    deciding::{Deciding, on_one_line},
};
use kepi_report::{
    Reporter,
    api::v1,
    facts::Facts,
    reader::ViewError,
    view::{AboutView, ItemView, KpiRow, PointView, ReviewView},
};

use super::deciding::{acting, opened, show};
use crate::{
    cli::{Cli, Format, Review},
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Shows reviews, or decides on a point of one.
pub async fn review(what: &Review, cli: &Cli, out: Output) -> Result<(), Failure> {
    match what {
        Review::Decide(of) => {
            let app = opened(Site::of(cli)).await?;
            let actor = compose::actor(cli);
            let follows = of.who.as_deref().zip(of.by);
            let doing = Doing::Decide(of.point, of.decision.decision(), &of.message, follows);
            Deciding(&app.store).act(of.item, &doing, acting(&actor)).await?;
            show(&app, of.item, out).await
        }
        Review::Attend(of) => {
            let app = opened(Site::of(cli)).await?;
            let actor = compose::actor(cli);
            let doing = Doing::Attend(of.present.iter().map(String::as_str).collect());
            Deciding(&app.store).act(of.item, &doing, acting(&actor)).await?;
            show(&app, of.item, out).await
        }
        Review::List => list(&compose::board(Site::of(cli), out).await?, out),
        Review::Show(of) => agenda(&compose::board(Site::of(cli), out).await?, of.item, false, out),
        Review::Pack(of) => agenda(&compose::board(Site::of(cli), out).await?, of.item, true, out),
    }
}

fn list(facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let view = Reporter::new(facts).reviews()?;
    if out.format == Format::Json {
        return Ok(out.json(&v1::reviews(view))?);
    }
    let mut grid = Grid::new(&["review", "what", "state", "with", "due"]);
    for row in view.open.iter().chain(&view.held) {
        grid.push(vec![
            Field::digits(row.number.to_string(), row.number.to_string()),
            Field::text(&row.title),
            Field::text(&row.state),
            Field::text(row.waits.join(", ")),
            Field::text(row.due.clone().unwrap_or_default()),
        ]);
    }
    Ok(out.rows(&grid)?)
}

fn agenda(facts: &dyn Facts, number: u64, whole: bool, out: Output) -> Result<(), Failure> {
    let view = Reporter::new(facts).item(&number.to_string())?;
    let Some(review) = &view.review else {
        let reason = format!("item {number} is no review: `kepi review list` lists them");
        return Err(ViewError::Unclear { reason }.into());
    };
    match out.format {
        Format::Json => Ok(out.json(&v1::item(facts, &number.to_string())?)?),
        _ => Ok(out.line(written(&view, review, whole).trim_end())?),
    }
}

/// What people wrote, on one line and as text: nothing in it is markup.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for sign in on_one_line(text).chars() {
        if matches!(sign, '\\' | '`' | '*' | '[' | ']' | '<' | '#' | '|') {
            plain.push('\\');
        }
        plain.push(sign);
    }
    plain
}

/// A review as Markdown.
fn written(view: &ItemView, review: &ReviewView, whole: bool) -> String {
    let mut text = format!("# {}\n\n", plain(&view.row.title));
    let with = match review.participants.is_empty() {
        true => String::new(),
        false => format!(", with {}", review.participants.join(", ")),
    };
    let decided = review.points.iter().filter(|point| point.decided.is_some()).count();
    let _ = writeln!(
        text,
        "Led by {}{with}. {} in {}: {decided} of {} points are decided on.",
        review.chair,
        plain(&review.scorecard.name),
        review.period,
        review.points.len()
    );
    let _ = match &review.present {
        Some(present) => writeln!(text, "There: {}.", present.join(", ")),
        None => writeln!(text, "Nobody has said who was there."),
    };
    if !review.led.is_empty() {
        let _ = writeln!(text, "\n## What lags, beside what is to lead it\n");
    }
    let figure = |row: &KpiRow, period: &str| {
        let value = row.value.value().map_or("no value".to_owned(), |of| of.value.text.clone());
        let target = row.target.as_ref().map_or(String::new(), |of| format!(", target {}", of.target));
        format!("{} in {period}: {value}{target}", row.status.label())
    };
    for of in &review.led {
        let perspective =
            of.perspective.as_ref().map_or(String::new(), |of| format!(" ({})", plain(&of.name)));
        let ahead = if of.ahead.is_empty() {
            String::new()
        } else {
            format!(" Ahead: {}", plain(&of.ahead.join(" ")))
        };
        let name = plain(&of.kpi.name);
        let _ = writeln!(text, "- **{name}** lags{perspective}: {}.{ahead}", figure(&of.row, &of.period));
        for leading in &of.leading {
            let (name, said) = (plain(&leading.kpi.name), figure(&leading.row, &leading.period));
            let _ =
                writeln!(text, "  - {name} leads: {said}; that it leads is {}.", leading.evidence.label());
        }
    }
    for point in &review.points {
        one(point, whole, &mut text);
    }
    text
}

fn one(point: &PointView, whole: bool, text: &mut String) {
    let unit = point.unit.as_ref().map_or(String::new(), |unit| format!(" of {}", plain(&unit.name)));
    let definition = if point.of_definition { ": the definition" } else { "" };
    let what = match &point.about {
        AboutView::Kpi(_) => "",
        AboutView::Journey(_) => "Journey: ",
        AboutView::Source(_) => "Source: ",
    };
    let name = plain(&point.about.named().name);
    let _ = writeln!(text, "\n## {}. {what}{name}{unit}{definition}\n", point.number);
    let _ = writeln!(text, "{}.", point.why.join("; "));
    if !point.of_definition {
        if let Some(row) = &point.row {
            let value = match row.value.value() {
                Some(measured) => format!(": {}", measured.value.text),
                None => String::new(),
            };
            let target = row.target.as_ref().map_or(String::new(), |of| format!(", target {}", of.target));
            let _ = writeln!(text, "\n{} in {}{value}{target}", row.status.label(), point.period);
        }
        if let Some(insight) = point.insight.as_ref().filter(|_| whole) {
            let why = insight.why.iter().chain(&insight.located).map(|of| format!(" {}", plain(of)));
            let _ = writeln!(
                text,
                "\n{}{} **{}**",
                plain(&insight.what),
                why.collect::<String>(),
                insight.action
            );
        }
    }
    if !point.evidence.is_empty() {
        let _ = writeln!(text);
    }
    for (about, said) in &point.evidence {
        let _ = writeln!(text, "- {about}: {}", plain(said));
    }
    if let Some(said) = point.commentary.as_ref().filter(|_| whole) {
        let _ = writeln!(text, "\nSaid by {}:\n", said.by.join(", "));
        for (name, part) in &said.parts {
            let part = plain(part.as_deref().unwrap_or("the text was erased"));
            let _ = writeln!(text, "- {name}: {part}");
        }
    }
    let items: Vec<String> =
        point.items.iter().map(|(item, kind, state)| format!("{kind} {item} ({state})")).collect();
    if !items.is_empty() {
        let _ = writeln!(text, "\nOpen: {}", items.join(", "));
    }
    if let Some(of) = &point.decided {
        let why = plain(of.why.as_deref().unwrap_or("the text was erased"));
        let task = of.task.map_or(String::new(), |task| format!(" (task {task})"));
        let _ = writeln!(text, "\nDecided by {}: **{}**, {why}{task}", of.by, of.decision);
    }
}
