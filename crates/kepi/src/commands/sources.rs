//! `kepi sources`: what came when, what of it landed, whether the next is late.

use kepi_model::project::Consequence;
use kepi_report::{
    Reporter,
    api::v1,
    facts::Facts,
    format,
    trace::plain,
    view::{CostRow, DataRuleView, DiscrepancyView, Named, PostedView, ProfileView, SourceView},
};

use super::show::{ROW_COUNTS, count_fields};
use crate::{
    cli::Format,
    failure::Failure,
    output::{Field, Grid, Output, counted},
};

/// Periods in which a rule does not hold, and files of a source that did not land, that are named.
const MOST_NAMED: usize = 6;

/// Prints how sources stand, or one of them. What a table has no room for, data have.
pub fn sources(facts: &dyn Facts, only: Option<&str>, out: Output) -> Result<(), Failure> {
    let mut view = Reporter::new(facts).sources()?;
    if let Some(id) = only {
        let known: Vec<String> = view.sources.iter().map(|s| s.source.id.clone()).collect();
        view.sources.retain(|s| s.source.id == id);
        if view.sources.is_empty() {
            let why = format!("there is no source `{id}`; there are: {}", known.join(", "));
            return Err(Failure::Other(why));
        }
    }
    if out.format == Format::Json {
        let mut all = v1::sources(facts)?;
        all.sources.retain(|s| only.is_none_or(|id| s.source.id == id));
        return Ok(out.json(&all)?);
    }
    if only.is_some() && out.format == Format::Csv {
        let profiles: Vec<_> = view.sources.iter().flat_map(|s| &s.profiles).collect();
        return Ok(out.rows(&values(&profiles, false))?);
    }
    let for_people = out.format == Format::Table;
    // A column that has nothing to say of any source is left out for people.
    let expected = !for_people || view.sources.iter().any(|s| s.delivery.expected.is_some());
    let mut header = vec!["Source", "State", "Last delivery", "Rows", "Usual"];
    if expected {
        header.extend(["Late by", "Next due"]);
    }
    match for_people {
        true => header.extend(["Landed", "Quarantined", "Share", "Data until"]),
        false => {
            header.extend(["Into", "Files"]);
            header.extend(ROW_COUNTS);
            header.extend(["Quarantined share", "Data until", "Bookmark"]);
        }
    }
    let mut grid = Grid::new(&header);
    for source in &view.sources {
        grid.push(row(source, expected, for_people));
    }
    out.rows(&grid)?;
    if for_people {
        let total = match (only, view.sources.first()) {
            (Some(_), Some(source)) => &source.rows,
            _ => &view.total,
        };
        let erased =
            if total.erased > 0 { format!(" + erased before {}", total.erased) } else { String::new() };
        out.line(&format!(
            "read {} = out of scope {} + landed {}; landed = accepted {} + superseding {} + quarantined {} + duplicate {}{erased}",
            total.read, total.out_of_scope, total.landed(), total.accepted, total.superseding, total.quarantined,
            total.duplicate
        ))?;
        for rule in view.rules.iter().filter(|_| only.is_none()) {
            out.line(&said_of_rule(rule))?;
        }
        for of in view.stranded.iter().filter(|_| only.is_none()) {
            out.line(&format!("WAITING: {of}"))?;
        }
        for source in &view.sources {
            let name = &source.source.name;
            if let Some(expected) = &source.delivery.expected {
                out.line(&format!("{name}: expected {expected}"))?;
            }
            if let Some(bookmark) = &source.delivery.bookmark {
                out.line(&format!("{name}: fetched up to {bookmark}"))?;
            }
            if let Some(of) = &source.delivery.posted {
                out.line(&format!("{name}: {}", posted(of)))?;
            }
            if let Some(stopped) = &source.stopped {
                out.line(&format!("{name}: {stopped}"))?;
            }
            // What is to be said of one source has room for all.
            let most = if only.is_some() { source.not_landed.len() } else { MOST_NAMED };
            for of in source.not_landed.iter().take(most) {
                out.line(&format!("{name}: did not land: {}", of.reason))?;
            }
            if let Some(more) = source.not_landed.len().checked_sub(most).filter(|more| *more > 0) {
                out.line(&format!(
                    "{name}: did not land: and {more} more (`kepi sources {}`)",
                    source.source.id
                ))?;
            }
            for drift in &source.drift {
                out.line(&format!("{name}: {drift}"))?;
            }
            if only.is_some() && !source.profiles.is_empty() {
                let profiles: Vec<_> = source.profiles.iter().collect();
                out.rows(&values(&profiles, true))?;
                if profiles.iter().any(|of| of.looked_at < of.rows) {
                    out.remark(
                        "missing values, least and greatest are those of all rows, the rest of a sample of them",
                    );
                }
            }
        }
    }
    Ok(())
}

/// Prints what was promised of data and how it was kept, of one source or of all.
pub fn promises(facts: &dyn Facts, only: Option<&str>, out: Output) -> Result<(), Failure> {
    let is_meant = |id: &str| only.is_none_or(|only| only == id);
    if out.format == Format::Json {
        let mut all = v1::sources(facts)?.promises;
        all.retain(|of| is_meant(&of.source.id));
        return Ok(out.json(&all)?);
    }
    let view = Reporter::new(facts).sources()?;
    let mut grid = Grid::new(&[
        "Source",
        "Unit",
        "Promised",
        "Period",
        "Due",
        "Kept",
        "Too late",
        "Not at all",
        "Longest delay",
        "Service level",
    ]);
    for of in view.promises.iter().filter(|of| is_meant(&of.source.id)) {
        let count = |n: u64| Field::digits(n.to_string(), n.to_string());
        grid.push(vec![
            Field::text(&of.source.id),
            Field::text(of.unit.as_ref().map_or("", |unit| unit.id.as_str())),
            Field::text(&of.promise),
            Field::text(&of.period),
            count(of.due),
            count(of.kept),
            count(of.late),
            count(of.missed),
            Field::digits(
                of.longest.map_or("–".to_owned(), format::length),
                of.longest.map_or(String::new(), |seconds| seconds.to_string()),
            ),
            match (of.level, of.met()) {
                (Some(level), Some(met)) => {
                    Field::text(format!("{} {}", format::share(level), if met { "kept" } else { "NOT KEPT" }))
                }
                _ => Field::text("–"),
            },
        ]);
    }
    Ok(out.rows(&grid)?)
}

/// Prints what units owed by month, and whether service levels were kept.
pub fn service(facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    if out.format == Format::Json {
        return Ok(out.json(&v1::sources(facts)?.service)?);
    }
    let mut grid = Grid::new(&["Unit", "Month", "Due", "Kept", "Too late", "Not at all", "Levels", "Below"]);
    for of in Reporter::new(facts).sources()?.service {
        let count = |n: u64| Field::digits(n.to_string(), n.to_string());
        let month = if of.is_over { of.period } else { format!("{} so far", of.period) };
        grid.push(vec![
            Field::text(of.unit.map_or_else(|| "–".to_owned(), |unit| unit.id)),
            Field::text(month),
            count(of.due),
            count(of.kept),
            count(of.late),
            count(of.missed),
            count(of.levels),
            Field::text(if of.below.is_empty() { "–".to_owned() } else { of.below.join("; ") }),
        ]);
    }
    Ok(out.rows(&grid)?)
}

/// Prints how far sources are to be relied on, of one or of all.
pub fn reliability(facts: &dyn Facts, only: Option<&str>, out: Output) -> Result<(), Failure> {
    let is_meant = |id: &str| only.is_none_or(|only| only == id);
    if out.format == Format::Json {
        let mut all = v1::sources(facts)?.reliability;
        all.retain(|of| is_meant(&of.source.id));
        return Ok(out.json(&all)?);
    }
    let view = Reporter::new(facts).sources()?;
    let mut grid = Grid::new(&[
        "Source",
        "Of 100",
        "Came",
        "In time",
        "Taken",
        "Not corrected",
        "To landing",
        "To figures",
        "Too slow",
    ]);
    for of in view.reliability.iter().filter(|of| is_meant(&of.source.id)) {
        let number = |of: Option<f64>, by: f64| {
            let text = of.map_or("–".to_owned(), |of| format!("{:.1}", of * by));
            Field::digits(text, of.map_or(String::new(), |of| of.to_string()))
        };
        let time = |of: Option<i64>| {
            let text = of.map_or("–".to_owned(), format::time);
            Field::digits(text, of.map_or(String::new(), |of| of.to_string()))
        };
        grid.push(vec![
            Field::text(&of.source.id),
            number(of.score, 1.0),
            number(of.complete, 100.0),
            number(of.in_time, 100.0),
            number(of.accepted, 100.0),
            number(of.uncorrected, 100.0),
            time(of.collected),
            time(of.processed),
            Field::digits(
                match of.promised {
                    Some(most) => format!("{} (longer than {})", of.too_slow, format::time(most)),
                    None => "nobody said".to_owned(),
                },
                of.too_slow.to_string(),
            ),
        ]);
    }
    Ok(out.rows(&grid)?)
}

/// Prints what looking at sources costs and would cost, of one or of all.
pub fn cost(facts: &dyn Facts, only: Option<&str>, out: Output) -> Result<(), Failure> {
    let is_meant = |id: Option<&str>| only.is_none_or(|only| id == Some(only));
    if out.format == Format::Json {
        let mut all = v1::sources(facts)?.costs;
        all.retain(|of| is_meant(of.source.as_ref().map(|source| source.id.as_str())));
        return Ok(out.json(&all)?);
    }
    let view = Reporter::new(facts).sources()?;
    let meant = |of: &&CostRow| is_meant(of.source.as_ref().map(|source| source.id.as_str()));
    let costs: Vec<&CostRow> = view.costs.iter().filter(meant).collect();
    let mut header = vec!["Source", "Looked at", "Measured", "A day", "Takes"];
    header.extend(costs.iter().take(1).flat_map(|of| &of.would).map(|of| of.how_often));
    let mut grid = Grid::new(&header);
    let lasting = |micros: i64| Field::digits(format::lasting(micros), micros.to_string());
    for of in &costs {
        let mut row = vec![
            Field::text(of.source.as_ref().map_or("a run in all", |source| source.id.as_str())),
            Field::text(of.schedule.as_deref().unwrap_or("by every run")),
            Field::digits(of.times.to_string(), of.times.to_string()),
            Field::figure(of.a_day.map_or("–".to_owned(), |n| format!("{n:.1}")), of.a_day),
            lasting(of.took),
        ];
        row.extend(of.would.iter().map(|would| match would.fits {
            true => lasting(would.a_day),
            false => Field::digits("takes longer".to_owned(), would.a_day.to_string()),
        }));
        grid.push(row);
    }
    out.rows(&grid)?;
    if out.format == Format::Table {
        out.remark(match costs.is_empty() {
            true => "nothing is measured yet: every `kepi run` measures how long it takes",
            false => "measured of the last thirty days of runs: how long one takes (the median), and how long a day that comes to at each frequency",
        });
    }
    Ok(())
}

/// Prints what sources that know the same rows say against each other, of one of them or of all.
pub fn discrepancies(facts: &dyn Facts, only: Option<&str>, out: Output) -> Result<(), Failure> {
    if out.format == Format::Json {
        return Ok(out.json(&v1::sources(facts)?.discrepancies)?);
    }
    let view = Reporter::new(facts).sources()?;
    let for_people = out.format == Format::Table;
    let mut header = vec!["Entity", "Key", "Attribute", "Believed", "From", "Overruled", "Of"];
    if !for_people {
        header = vec!["Entity", "Key", "Attribute"];
        header.extend(["Believed", "Believed source", "Believed file", "Believed row"]);
        header.extend(["Overruled", "Overruled source", "Overruled file", "Overruled row"]);
    }
    let mut grid = Grid::new(&header);
    let is_meant = |of: &DiscrepancyView| {
        let by = [&of.believed, &of.overruled];
        only.is_none_or(|id| by.iter().any(|row| row.source.as_deref() == Some(id)))
    };
    for of in &view.discrepancies {
        for one in of.all.iter().filter(|one| is_meant(one)) {
            let name = |of: &Named| Field::text(if for_people { &of.name } else { &of.id });
            let mut row = vec![name(&of.entity), Field::text(&one.key), name(&one.attribute)];
            for said in [&one.believed, &one.overruled] {
                row.push(Field::text(plain(&said.value)));
                let (source, file) = (said.source.as_deref().unwrap_or_default(), said.file.as_deref());
                let number = said.row.map(|row| row.to_string()).unwrap_or_default();
                match for_people {
                    true => row.push(Field::text(format!("{} row {number}", file.unwrap_or(source)))),
                    false => row.extend([
                        Field::text(source),
                        Field::text(file.unwrap_or_default()),
                        Field::digits(number.clone(), number),
                    ]),
                }
            }
            grid.push(row);
        }
    }
    let any = view.discrepancies.iter().flat_map(|of| &of.all).any(is_meant);
    if !for_people || any {
        out.rows(&grid)?;
    }
    if for_people {
        for of in &view.discrepancies {
            let order: Vec<&str> = of.order.iter().map(|source| source.id.as_str()).collect();
            out.line(&format!(
                "{}: {} known to more than one source, {} overruled; believed first: {}",
                of.entity.id,
                counted(of.shared, "row"),
                counted(of.overruled, "value"),
                order.join(", then ")
            ))?;
        }
        if view.discrepancies.is_empty() {
            out.line("no entity says `precedence`: no two sources know the same rows")?;
        }
    }
    Ok(())
}

/// What was posted, and what of it was refused.
fn posted(of: &PostedView) -> String {
    let mut said = format!("{} taken with {}", counted(of.taken, "post"), counted(of.rows, "row"));
    if let Some(at) = &of.last_taken {
        said += &format!(", the last {at}");
    }
    if of.repeated > 0 {
        said += &format!("; {} repeated", format::count(of.repeated));
    }
    if of.waiting > 0 {
        said += &format!("; {} bytes wait for the next run", format::count(of.waiting));
    }
    if of.refused > 0 {
        said += &format!("; {} refused", format::count(of.refused));
        for last in [&of.last_refused, &of.why].into_iter().flatten() {
            said += &format!(", {last}");
        }
    }
    said
}

/// What the values of the newest file are like.
fn values(profiles: &[&ProfileView], for_people: bool) -> Grid {
    let mut header =
        vec!["Attribute", "Missing", "Usually", "Different", "Least", "Lower quartile", "Median"];
    header.extend(["Upper quartile", "Greatest"]);
    if !for_people {
        header.extend(["Rows", "Looked at"]);
    }
    let mut grid = Grid::new(&header);
    let share = |share: Option<f64>| Field::figure(share.map(format::coverage).unwrap_or_default(), share);
    let count = |n: u64| Field::digits(format::count(n), n.to_string());
    for of in profiles {
        let mut row = vec![
            Field::text(if for_people { &of.attribute.name } else { &of.attribute.id }),
            share(Some(of.missing)),
            share(of.usual_missing),
            count(of.distinct),
        ];
        let spread = of.spread.clone().unwrap_or_default();
        row.extend(spread.map(|value| Field::digits(value.clone(), value)));
        if !for_people {
            row.extend([count(of.rows), count(of.looked_at)]);
        }
        grid.push(row);
    }
    grid
}

fn row(source: &SourceView, expected: bool, for_people: bool) -> Vec<Field> {
    let of = &source.delivery;
    let count = |n: Option<u64>| {
        Field::digits(n.map(format::count).unwrap_or_default(), n.map(|n| n.to_string()).unwrap_or_default())
    };
    let at = |at: &Option<String>| {
        let shown = at.as_deref().unwrap_or_default();
        // For people to the minute.
        Field::text(if for_people {
            shown.get(..16).unwrap_or(shown).replace('T', " ")
        } else {
            shown.to_owned()
        })
    };
    let mut row = vec![
        Field::text(&source.source.name),
        Field::text(of.state.word()),
        at(&of.last),
        count(of.rows),
        count(of.usual_rows),
    ];
    if expected {
        let late = of.late.map(|seconds| (format::time(seconds), seconds.to_string())).unwrap_or_default();
        row.extend([Field::digits(late.0, late.1), at(&of.due)]);
    }
    let landed = source.rows.landed();
    let share = (landed > 0).then(|| source.rows.quarantined as f64 / landed as f64);
    let share = Field::figure(share.map(format::share).unwrap_or_default(), share);
    let until = Field::text(source.watermark.clone().unwrap_or_default());
    match for_people {
        true => row.extend([count(Some(landed)), count(Some(source.rows.quarantined)), share, until]),
        false => {
            row.extend([Field::text(&source.into.name), count(Some(source.loads.len() as u64))]);
            row.extend(count_fields(source.rows));
            row.extend([share, until, Field::text(of.bookmark.clone().unwrap_or_default())]);
        }
    }
    row
}

/// What a rule about a data set demands, and where it does not hold.
fn said_of_rule(rule: &DataRuleView) -> String {
    let by = rule.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    let demand = format!("rule {}: {}{by} {}", rule.rule.id, rule.kpi.id, rule.bound);
    let periods = if rule.by.is_some() { "segments of periods" } else { "periods" };
    let then = match rule.otherwise {
        Consequence::Warn => "",
        Consequence::Distrust => ": figures of these rows are withheld",
    };
    match (rule.judged, rule.broken.as_slice()) {
        (0, _) => format!("{demand}; there is nothing to judge yet"),
        (judged, []) => format!("{demand} holds in all of {judged} {periods}"),
        (judged, broken) => {
            let named: Vec<String> =
                broken.iter().take(MOST_NAMED).map(|(period, value)| format!("{period} ({value})")).collect();
            let more = broken.len().saturating_sub(MOST_NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{demand} does not hold in {}{more} of {judged} {periods}{then}", named.join(", "))
        }
    }
}
