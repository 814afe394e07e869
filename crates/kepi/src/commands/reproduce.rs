//! `kepi reproduce`: published values and scores, recomputed from their pins.

use kepi_app::reproduce::{Verdict, Which};

use crate::{
    cli::{Cli, Format, Reproduce},
    compose,
    failure::Failure,
    output::{Field, Grid, Output},
    progress::Terminal,
};

/// Recomputes and compares; any difference ends with exit code 1.
pub async fn reproduce(what: &Reproduce, cli: &Cli, out: Output) -> Result<(), Failure> {
    let Some(app) = compose::reading(compose::Site::of(cli)).await? else {
        // Says what is wrong with the project, if anything is.
        compose::before_the_first_run(compose::Site::of(cli))?;
        return Err(Failure::Other("nothing is published yet: `kepi run` computes and publishes".to_owned()));
    };
    let which = Which { subject: what.subject.clone(), period: what.period.clone() };
    let progress = Terminal::new(out.quiet);
    let found = app.reproduce(&which, &progress).await;
    progress.done();
    let found = found?;
    match out.format {
        Format::Json => out.json(&found)?,
        Format::Csv | Format::Table => {
            if out.format == Format::Csv || !found.differences.is_empty() {
                let mut grid = Grid::new(&["Of", "Period", "Segment", "Verdict"]);
                for difference in &found.differences {
                    let verdict = match difference.verdict {
                        Verdict::Identical => "identical",
                        Verdict::Different => "different",
                        Verdict::Absent => "absent",
                        Verdict::OtherEngine => "other engine",
                    };
                    grid.push(vec![
                        Field::text(difference.subject.to_string()),
                        Field::text(&difference.period),
                        Field::text(&difference.segment),
                        Field::text(verdict),
                    ]);
                }
                out.rows(&grid)?;
            }
            if out.format == Format::Table {
                out.line(&format!(
                    "{} of {} published figures are identical to the bit, states included",
                    found.identical, found.compared
                ))?;
                if !found.erased.is_empty() {
                    let most = found.erased.iter().map(|of| of.rows).max().unwrap_or_default();
                    let erased =
                        |n| if n == 1 { "1 row erased".to_owned() } else { format!("{n} rows erased") };
                    out.line(&format!(
                        "{} of them rest on rows that were erased, at most {} of one: what is left comes to what it came to right after \
                         that, and what is published to what all rows had come to",
                        found.erased.len(),
                        most
                    ))?;
                    if what.subject.is_some() {
                        for of in &found.erased {
                            let segment = if of.segment.is_empty() {
                                String::new()
                            } else {
                                format!(" · {}", of.segment)
                            };
                            out.line(&format!(
                                "  {} · {}{segment}: {}",
                                of.subject,
                                of.period,
                                erased(of.rows)
                            ))?;
                        }
                    }
                }
                if found.other_engine > 0 {
                    out.line(&format!(
                        "{} were computed by another engine or an earlier kepi, whose forms are not reproducible here",
                        found.other_engine
                    ))?;
                }
            }
        }
    }
    if found.holds() { Ok(()) } else { Err(Failure::Findings) }
}
