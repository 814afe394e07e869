//! `kepi correct`: what people say by hand of rejected rows.

use kepi_app::correcting::{RowOf, Sheet, ToCorrect};
use kepi_lake::draft;
use kepi_report::{
    correction::{Cell, Correction, Then},
    csv,
};

use super::deciding::{acting, nothing, opened};
use crate::{
    cli::{
        Cli, Correct, Format,
        acting::{CorrectRow, CorrectRows, CorrectedRow},
    },
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output, counted},
};

/// Lists corrections and what can be corrected, makes them or takes one back.
pub async fn correct(what: &Correct, cli: &Cli, out: Output) -> Result<(), Failure> {
    match what {
        Correct::List { source } => {
            let Some(app) = compose::reading(Site::of(cli)).await? else { return Err(nothing()) };
            let all = app.corrections(None).await?;
            let all: Vec<Correction> = all
                .into_iter()
                .filter(|of| source.as_ref().is_none_or(|source| of.source == *source))
                .collect();
            list(&all, out)
        }
        Correct::Row(CorrectRow { of, set, clear }) => {
            let app = opened(Site::of(cli)).await?;
            let set = set.iter().map(|(column, value)| (column.clone(), Some(value.clone())));
            let cells: Vec<_> = set.chain(clear.iter().map(|column| (column.clone(), None))).collect();
            let actor = compose::actor(cli);
            let taken = app.correct(row(of), &cells, &of.message, acting(&actor)).await?;
            out.remark(&format!("the next `kepi run` reads row {} of {} with it, by the usual rules; `kepi correct list` says whether it landed", of.row, of.file));
            if let Then::RejectedAgain { .. } = &taken.then {
                out.remark(&format!("as it is said, it {}", taken.then.words()));
            }
            Ok(())
        }
        Correct::Export { source } => {
            let Some(app) = compose::reading(Site::of(cli)).await? else { return Err(nothing()) };
            export(source, &app.rows_to_correct(source).await?, out)
        }
        Correct::Rows(what) => rows(what, cli, out).await,
        Correct::TakeBack(of) => {
            let app = opened(Site::of(cli)).await?;
            let actor = compose::actor(cli);
            app.take_back_correction(row(of), &of.message, acting(&actor)).await?;
            out.remark(&format!("the next `kepi run` takes row {} of {} as it came", of.row, of.file));
            Ok(())
        }
    }
}

/// As CSV whatever is asked for: it is for a spreadsheet.
fn export(source: &str, of: &ToCorrect, out: Output) -> Result<(), Failure> {
    if of.gone > 0 {
        out.remark(&format!(
            "left out {} of files that are not there any more, or are others by now",
            counted(of.gone as u64, "row")
        ));
    }
    if of.rows.is_empty() {
        out.remark(&format!("no row of `{source}` can be corrected"));
    }
    let header: Vec<&str> = of.columns.iter().map(String::as_str).collect();
    Ok(out.line(csv::table(&header, of.rows.iter().cloned()).trim_end())?)
}

async fn rows(what: &CorrectRows, cli: &Cli, out: Output) -> Result<(), Failure> {
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    let name = what.table.display().to_string();
    if !what.table.is_file() {
        return Err(Failure::Other(format!("there is no file `{name}`")));
    }
    let read = draft::table(&what.table, &name).map_err(|e| Failure::Other(e.to_string()))?;
    let draft::Table { columns, rows } = read;
    let sheet = Sheet { columns, rows };
    let of = app.correct_rows(&what.source, &sheet, &what.message, acting(&actor), what.dry_run).await?;
    if out.format == Format::Json {
        return Ok(out.json(&of.taken)?);
    }
    for respelt in &of.respelt {
        out.remark(&format!("{respelt}: nothing is said of it; `kepi correct row` does"));
    }
    if of.taken.is_empty() && out.format == Format::Table {
        out.remark("the table says nothing that does not stand there by now");
        return Ok(());
    }
    let mut grid = Grid::new(&["File", "Row", "Said", "Then"]);
    for taken in &of.taken {
        let said: Vec<String> = taken.cells.iter().map(Cell::words).collect();
        grid.push(vec![
            Field::text(&taken.file),
            Field::digits(taken.row.to_string(), taken.row.to_string()),
            Field::text(said.join("; ")),
            Field::text(taken.then.words()),
        ]);
    }
    out.rows(&grid)?;
    out.remark(&match what.dry_run {
        true => format!(
            "nothing is kept: without --dry-run something is said of {}",
            counted(of.taken.len() as u64, "row")
        ),
        false => format!(
            "something is said of {}: the next `kepi run` reads them with it",
            counted(of.taken.len() as u64, "row")
        ),
    });
    Ok(())
}

fn row(of: &CorrectedRow) -> RowOf<'_> {
    RowOf { source: &of.source, file: &of.file, row: of.row }
}

fn list(all: &[Correction], out: Output) -> Result<(), Failure> {
    if out.format == Format::Json {
        return Ok(out.json(&all)?);
    }
    if all.is_empty() && out.format == Format::Table {
        out.remark("no row is corrected by hand: `kepi show quarantine` lists those that are rejected");
        return Ok(());
    }
    let mut grid = Grid::new(&["Source", "File", "Row", "Said", "Why", "By", "Stands", "Event"]);
    for of in all {
        let said = if of.cells.is_empty() { "erased".to_owned() } else { of.words() };
        grid.push(vec![
            Field::text(&of.source),
            Field::text(&of.file),
            Field::digits(of.row.to_string(), of.row.to_string()),
            Field::text(said),
            Field::text(of.why.as_deref().unwrap_or("erased")),
            Field::text(&of.by),
            Field::text(of.state.word()),
            Field::digits(of.event.to_string(), of.event.to_string()),
        ]);
    }
    Ok(out.rows(&grid)?)
}
