//! `kepi sample`: whom a survey asks next.

use std::{fmt::Write as _, fs::OpenOptions, io::Write as _, path::Path};

use jiff::civil::Date;
use kepi_app::sampling::Sampled;
use kepi_model::project::Kpi;
use kepi_query::sampling::{Plan, Spread, plan};
use kepi_report::{csv, facts::Facts, format, sampling};
use kepi_stats::estimate::Level;
use serde::Serialize;

use super::deciding::nothing;
use crate::{
    cli::{Cli, Format, Sample},
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// What is told to programs.
#[derive(Serialize)]
struct Told<'a> {
    sampling: &'a str,
    kpi: &'a str,
    on: String,
    margin: f64,
    confidence: f64,
    response: f64,
    deviation: f64,
    deviation_from: &'a str,
    #[serde(flatten)]
    plan: &'a Plan,
    invitations_of_nobody: u64,
}

/// Prints the plan of a sample; writes who is asked only where that is wanted.
pub async fn sample(what: &Sample, cli: &Cli, out: Output) -> Result<(), Failure> {
    let Some(app) = compose::reading(Site::of(cli)).await? else { return Err(nothing()) };
    let found = app.sampled(&what.sampling).await?;
    let facts = compose::board(Site::of(cli), out).await?;
    let project = facts.project();
    let Some(kpi) = project.kpis.get(&found.sampling.kpi) else { return Err(nothing()) };
    let level = Level::new(project.confidence).unwrap_or(Level::NINETY_FIVE);
    let (deviation, from) = sampling::deviation(&facts, kpi).map_err(Failure::Other)?;
    let on = what.on.unwrap_or_else(compose::today);
    let at = sampling::end_of(on, &project.calendar)
        .map_err(|why| Failure::Other(format!("{on} is no day that can be planned for: {why}")))?;
    let planned = plan(
        &found.sampling,
        &found.behind.people,
        &found.behind.asked,
        Spread { deviation, level },
        (at, what.seed),
    )
    .map_err(|why| Failure::Other(format!("nothing can be planned: {why}")))?;
    if let Some(into) = &what.list {
        write(&found, &planned, into, out)?;
    }
    match out.format {
        Format::Json => {
            let of = &found.sampling;
            Ok(out.json(&Told {
                sampling: of.id.as_str(),
                kpi: kpi.id.as_str(),
                on: on.to_string(),
                margin: of.margin,
                confidence: level.get(),
                response: of.response,
                deviation,
                deviation_from: &from,
                plan: &planned,
                invitations_of_nobody: found.behind.of_nobody,
            })?)
        }
        Format::Csv => Ok(out.rows(&strata(&found, &planned, kpi))?),
        Format::Table => print(&found, &planned, (kpi, level, on), &from, out),
    }
}

fn strata(found: &Sampled, planned: &Plan, kpi: &Kpi) -> Grid {
    let mut grid = Grid::new(&[
        "Stratum",
        "People",
        "Held back",
        "May be asked",
        "Answers needed",
        "To ask for them",
        "Ask",
        "Expected",
        "Off by",
    ]);
    for of in &planned.strata {
        let count = |n: u64| Field::figure(format::count(n), Some(n as f64));
        grid.push(vec![
            Field::text(of.member.as_deref().unwrap_or("all")),
            count(of.people),
            count(of.held_back.iter().sum()),
            count(of.may_be_asked),
            count(of.answers_needed),
            count(of.to_ask),
            count(of.asked),
            count(of.answers_expected as u64),
            match of.reached {
                Some(margin) => Field::figure(off(margin, found, kpi), Some(margin)),
                None => Field::none("too few answers"),
            },
        ]);
    }
    grid
}

/// A margin as it is shown.
fn off(margin: f64, found: &Sampled, kpi: &Kpi) -> String {
    sampling::off(margin, found.sampling.margin, &kpi.unit)
}

fn print(
    found: &Sampled,
    planned: &Plan,
    (kpi, level, on): (&Kpi, Level, Date),
    from: &str,
    out: Output,
) -> Result<(), Failure> {
    let of = &found.sampling;
    let (percent, response) = (level.get() * 100.0, of.response * 100.0);
    out.line(&format!("{} · {on}", of.name))?;
    out.line(&format!(
        "{} to {} at {percent:.0} % in each stratum, {response:.0} % expected to answer; how much answers differ is from {from}\n",
        kpi.name,
        off(of.margin, found, kpi)
    ))?;
    out.rows(&strata(found, planned, kpi))?;
    if let Some(margin) = planned.reached.filter(|_| planned.strata.len() > 1) {
        out.line(&format!("all together: {}", off(margin, found, kpi)))?;
    }
    out.line("")?;
    for (place, cap) in of.caps.iter().enumerate() {
        let held: u64 = planned.strata.iter().filter_map(|of| of.held_back.get(place)).sum();
        out.line(&format!(
            "held back: {} by at most {} within {} days",
            format::count(held),
            cap.at_most,
            cap.within / 86_400_000_000
        ))?;
    }
    let invitations: usize = found.behind.asked.values().map(Vec::len).sum();
    out.line(&format!(
        "invitations: {} of {} people, {} of them of people who are not among these; {} say nobody whom they asked",
        format::count(invitations as u64),
        format::count(found.behind.asked.len() as u64),
        format::count(planned.of_others),
        format::count(found.behind.of_nobody)
    ))?;
    for place in 0..planned.strata.first().map_or(0, |of| of.later.len()) {
        let of = planned.strata.iter().filter_map(|of| of.later.get(place));
        let (days, may) = of.fold((0, 0), |(_, sum), (days, may)| (*days, sum + may));
        out.line(&format!("in {days} days {} may be asked if nobody is until then", format::count(may)))?;
    }
    out.line("\nWhat a margin costs")?;
    let mut grid = Grid::new(&["Stratum", "Off by", "Answers", "To ask", "May be asked"]);
    for stratum in &planned.strata {
        for cost in &stratum.costs {
            grid.push(vec![
                Field::text(stratum.member.as_deref().unwrap_or("all")),
                Field::figure(off(cost.margin, found, kpi), Some(cost.margin)),
                Field::figure(format::count(cost.answers), Some(cost.answers as f64)),
                Field::figure(format::count(cost.to_ask), Some(cost.to_ask as f64)),
                Field::text(if cost.within_caps { "yes" } else { "not so many" }),
            ]);
        }
    }
    Ok(out.rows(&grid)?)
}

/// Writes who is asked, for nobody else to read.
fn write(found: &Sampled, planned: &Plan, into: &Path, out: Output) -> Result<(), Failure> {
    if found.is_personal {
        return Err(Failure::Other(format!(
            "the key of `{}` is personal data, so nobody is told whom to ask: let it have a key that says nothing of anybody",
            found.sampling.of
        )));
    }
    let mut text = "person,stratum\n".to_owned();
    for stratum in &planned.strata {
        for key in &stratum.drawn {
            let _ = writeln!(
                text,
                "{},{}",
                csv::cell(key),
                csv::cell(stratum.member.as_deref().unwrap_or("all"))
            );
        }
    }
    let doing = || format!("`{}` could not be written", into.display());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(into).map_err(Failure::io(doing()))?;
    file.write_all(text.as_bytes()).map_err(Failure::io(doing()))?;
    let asked: u64 = planned.strata.iter().map(|of| of.asked).sum();
    out.remark(&format!("{} people to ask: `{}`", format::count(asked), into.display()));
    Ok(())
}
