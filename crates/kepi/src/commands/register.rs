//! `kepi register`: what is in force.

use jiff::Timestamp;
use kepi_app::register::{Asked, Held, register as held_in};

use crate::{
    cli::{Format, Register},
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Prints what is in force from when on; of one definition its texts, too.
pub async fn register(which: &Register, site: Site<'_>, out: Output) -> Result<(), Failure> {
    let Some(store) = compose::audited(site).await? else {
        let why = "nothing is in force yet: the first `kepi run` puts in force what stands in the folder";
        return Err(Failure::Other(why.to_owned()));
    };
    if let (true, Some(of)) = (which.document || which.versions, &which.of) {
        let Some(app) = compose::reading(site).await? else { return Err(super::deciding::nothing()) };
        let day = which.day.unwrap_or_else(compose::today);
        let text = match which.versions {
            true => app.versions(of, day, which.at).await?,
            false => app.methodology(of, day, which.at).await?,
        };
        return match out.format {
            Format::Json => {
                Ok(out.json(&serde_json::json!({ "of": of, "day": day.to_string(), "markdown": text }))?)
            }
            Format::Table | Format::Csv => Ok(out.line(text.trim_end())?),
        };
    }
    let asked = Asked { of: which.of.clone(), day: which.day, position: which.at };
    let held = held_in(&store, &asked).await?;
    match out.format {
        Format::Json => out.json(&held)?,
        Format::Table if which.of.is_some() => {
            for of in &held {
                out.line(&format!(
                    "{} from {}, adopted {} by {} (event {})",
                    of.id,
                    of.from,
                    time(of),
                    of.by,
                    of.event
                ))?;
                let text = of.text.as_deref().unwrap_or("the text was erased");
                text.trim()
                    .trim_start_matches("---")
                    .trim()
                    .lines()
                    .try_for_each(|line| out.line(&format!("  {line}")))?;
            }
        }
        Format::Csv | Format::Table => {
            let mut grid = Grid::new(&["Definition", "In force from", "Adopted", "By", "Event"]);
            for of in &held {
                let cells = [of.id.clone(), of.from.clone(), time(of), of.by.clone()];
                let event = Field::digits(of.event.to_string(), of.event.to_string());
                grid.push(cells.into_iter().map(Field::text).chain([event]).collect());
            }
            out.rows(&grid)?;
        }
    }
    Ok(())
}

fn time(of: &Held) -> String {
    Timestamp::from_microsecond(of.at).map(|at| at.to_string()).unwrap_or_default()
}
