//! `kepi correct`: what people say by hand of rejected rows.

use kepi_app::correcting::RowOf;
use kepi_report::correction::Correction;

use super::deciding::{acting, nothing, opened};
use crate::{
    cli::{
        Cli, Correct, Format,
        acting::{CorrectRow, CorrectedRow},
    },
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Lists corrections, makes one or takes one back.
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
            app.correct(row(of), &cells, &of.message, acting(&actor)).await?;
            out.remark(&format!("the next `kepi run` reads row {} of {} with it, by the usual rules; `kepi correct list` says whether it landed", of.row, of.file));
            Ok(())
        }
        Correct::TakeBack(of) => {
            let app = opened(Site::of(cli)).await?;
            let actor = compose::actor(cli);
            app.take_back_correction(row(of), &of.message, acting(&actor)).await?;
            out.remark(&format!("the next `kepi run` takes row {} of {} as it came", of.row, of.file));
            Ok(())
        }
    }
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
