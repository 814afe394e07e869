//! `kepi trace`: the rows behind a value, and how a row came about.

use kepi_report::{
    Reporter,
    api::v1,
    reader::KpiQuery,
    tables,
    trace::{FoundRow, Gathered, TermRows, TracedEntityRow, TracedValue, plain},
    view::RowsView,
};

use crate::{
    cli::{Cli, Format, Trace},
    compose,
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Traces what is asked for; rows that do not add up to what was published end with exit code 1.
pub async fn trace(what: &Trace, cli: &Cli, out: Output) -> Result<(), Failure> {
    let picture = compose::board(compose::Site::of(cli), out).await?;
    let reporter = Reporter::new(&picture);
    if !what.key.is_empty() {
        let view = reporter.entity_rows(&what.what, &what.key, what.limit)?;
        return print_rows(&what.what, &view.rows, out);
    }
    let segment = (!what.segment.is_empty()).then(|| what.segment.clone());
    let asked = KpiQuery { unit: None, segment, period: what.period.clone() };
    let view = reporter.rows_behind(&what.what, &asked, what.limit)?;
    match (out.format, &view.traced) {
        (Format::Csv, _) => out.line(tables::rows(&view).trim_end())?,
        (Format::Table, Some(found)) => print_value(found, out)?,
        (Format::Table, None) => print_inputs(&view, out)?,
        (Format::Json, _) => return Ok(out.json(&v1::rows_behind(view))?),
    }
    let Some(found) = &view.traced else { return Ok(()) };
    if !found.disagreements.is_empty() {
        let which = found.disagreements.join(", ");
        out.remark(&format!("the rows do not add up to what run {} published: {which}", found.run));
        return Err(Failure::Findings);
    }
    Ok(())
}

/// Which KPIs have the rows.
fn print_inputs(view: &RowsView, out: Output) -> Result<(), Failure> {
    out.line(&format!("{} · {}: computed of other KPIs, which have the rows", view.kpi.id, view.period))?;
    for input in &view.inputs {
        let segment =
            if input.segment.is_empty() { String::new() } else { format!(" --segment '{}'", input.segment) };
        out.line(&format!("  kepi trace {} --period {}{segment}", input.kpi.id, input.period))?;
    }
    Ok(())
}

fn print_value(found: &TracedValue, out: Output) -> Result<(), Failure> {
    let segment = if found.segment.is_empty() { String::new() } else { format!(" · {}", found.segment) };
    out.line(&format!("{} · {}{segment}, as published by run {}", found.kpi, found.period, found.run))?;
    match (&found.shown, &found.reason) {
        (Some(value), _) => {
            out.line(&format!("value {value}, made of {} of {} rows", found.counted, found.eligible))?
        }
        (None, reason) => out.line(&format!("no value: {}", reason.as_deref().unwrap_or("")))?,
    }
    for term in &found.terms {
        out.line("")?;
        let totals: Vec<String> = term.totals.iter().map(|(name, total)| format!("{name} {total}")).collect();
        out.line(&format!("{} · rows of `{}`: {}", term.term, term.entity, totals.join(", ")))?;
        for (why, rows) in &term.left_out {
            out.line(&format!("  left out: {rows}, {why}"))?;
        }
        if term.undated > 0 {
            out.line(&format!("  {} more, of whatever period, without a date", term.undated))?;
        }
        out.rows(&grid(term))?;
        let listed = term.rows.len() as u64;
        if listed < term.of {
            out.line(&format!("  … {} more; `--limit {}` lists all", term.of - listed, term.of))?;
        }
        if term.made
            && let Some(row) = term.rows.first()
        {
            out.line(&format!("  how a row was made: `kepi trace {} {}`", term.entity, row.key))?;
        }
    }
    if let Some(rows) = found.erased {
        out.line(&match rows {
            0 => "\nRows that they walk to were erased; what is published stands, and `kepi reproduce` verifies it.".to_owned(),
            n => format!("\n{n} more were erased; what is published stands, and `kepi reproduce` verifies it."),
        })?;
    } else if found.agrees {
        out.line("\nThe rows add up to the states that were published, to the last digit.")?;
    } else if found.disagreements.is_empty() {
        out.line("\nAn earlier version published this value without the states that the rows could be held against.")?;
    }
    Ok(())
}

fn grid(term: &TermRows) -> Grid {
    let mut grid =
        Grid::new(&["Key", "Date", "Read", "Left out", "Source", "File", "Row", "Hit", "Moves it by"]);
    for row in &term.rows {
        let read: Vec<String> =
            row.read.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
        grid.push(vec![
            Field::text(&row.key),
            Field::text(&row.date),
            Field::text(read.join("; ")),
            Field::text(row.left_out.as_deref().unwrap_or_default()),
            Field::text(row.source.clone().unwrap_or_default()),
            Field::text(match (&row.file, &row.corrected) {
                (Some(file), Some(_)) => format!("{file} (corrected by hand)"),
                (file, _) => file.clone().unwrap_or_default(),
            }),
            number(row.row),
            Field::text(row.hit.map(|hit| if hit { "yes" } else { "no" }).unwrap_or_default()),
            Field::figure(row.moves_shown.clone().unwrap_or_default(), row.moves),
        ]);
    }
    grid
}

fn number(of: Option<i64>) -> Field {
    let text = of.map(|of| of.to_string()).unwrap_or_default();
    Field::digits(text.clone(), text)
}

fn print_rows(entity: &str, rows: &[TracedEntityRow], out: Output) -> Result<(), Failure> {
    match out.format {
        Format::Json => return Ok(out.json(&rows)?),
        Format::Csv => {
            let mut grid =
                Grid::new(&["Attribute", "How", "Of", "Key", "Date", "Value", "Source", "File", "Row"]);
            for of in rows.iter().flat_map(|row| &row.gathered) {
                for found in &of.rows {
                    let date = found.date.as_deref().unwrap_or_default();
                    let words = [&of.attribute, &of.how, &of.of, &found.key, date];
                    let mut cells: Vec<Field> = words.into_iter().map(Field::text).collect();
                    cells.push(Field::text(plain(&found.value)));
                    cells.push(Field::text(found.source.clone().unwrap_or_default()));
                    cells.push(Field::text(found.file.clone().unwrap_or_default()));
                    cells.push(number(found.row));
                    grid.push(cells);
                }
            }
            return Ok(out.rows(&grid)?);
        }
        Format::Table => {}
    }
    for (place, row) in rows.iter().enumerate() {
        if place > 0 {
            out.line("")?;
        }
        let holds = match (&row.valid_from, &row.valid_to) {
            (None, None) => String::new(),
            (from, to) => format!(
                ", holds {}{}",
                from.as_ref().map_or_else(|| "from ever".to_owned(), |from| format!("from {from}")),
                to.as_ref().map(|to| format!(" until {to}")).unwrap_or_default()
            ),
        };
        out.line(&format!(
            "{entity}{}{holds}",
            from_where(row.file.as_deref(), row.row, row.source.as_deref())
        ))?;
        if let Some(of) = &row.corrected {
            let why = of.why.as_deref().unwrap_or("erased");
            out.line(&format!(
                "  corrected by hand by {} (event {}): {}; why: {why}",
                of.by,
                of.event,
                of.words()
            ))?;
        }
        if let Some(into) = &row.merged_into {
            out.line(&format!(
                "  merged into {} at the source: what refers to it counts for that",
                plain(into)
            ))?;
        }
        for of in &row.made_of {
            out.line(&format!("  {} `{}`: {}", of.what, of.of, found_row(&of.row)))?;
        }
        for (name, value) in &row.attributes {
            if !row.gathered.iter().any(|of| of.attribute == *name) {
                let merged = row
                    .merged
                    .get(name)
                    .map(|said| format!(" (its source says {}, which was merged into this)", plain(said)));
                out.line(&format!("  {name} = {}{}", told(&plain(value)), merged.unwrap_or_default()))?;
            }
        }
        row.gathered.iter().try_for_each(|of| print_gathered(of, out))?;
        for of in &row.said {
            for (place, by) in of.by.iter().enumerate() {
                let whom = match of.by.first() {
                    _ if place == 0 => "believed",
                    Some(first) if first.value == by.value => "the same",
                    _ => "not believed",
                };
                let said = from_where(by.file.as_deref(), by.row, by.source.as_deref());
                out.line(&format!("  {}, {whom}: {}{said}", of.attribute, plain(&by.value)))?;
            }
        }
    }
    Ok(())
}

fn print_gathered(of: &Gathered, out: Output) -> Result<(), Failure> {
    let found = if of.asks_nothing {
        "what it asks with is missing".to_owned()
    } else {
        format!("{} of {} {} of `{}`", of.how, of.found, if of.found == 1 { "row" } else { "rows" }, of.of)
    };
    out.line(&format!("  {} = {}: {found}", of.attribute, told(&plain(&of.value))))?;
    for row in &of.rows {
        out.line(&format!("    {}", found_row(row)))?;
    }
    let listed = of.rows.len() as u64;
    if listed < of.found {
        out.line(&format!("    … {} more", of.found - listed))?;
    }
    Ok(())
}

fn found_row(row: &FoundRow) -> String {
    let value = plain(&row.value);
    let parts = [row.key.as_str(), row.date.as_deref().unwrap_or_default(), value.as_str()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}{}", parts.join("  "), from_where(row.file.as_deref(), row.row, row.source.as_deref()))
}

fn told(value: &str) -> &str {
    if value.is_empty() { "no value" } else { value }
}

fn from_where(file: Option<&str>, row: Option<i64>, source: Option<&str>) -> String {
    match (file, row, source) {
        (Some(file), Some(row), Some(source)) => format!("  {file} row {row} (source {source})"),
        _ => String::new(),
    }
}
