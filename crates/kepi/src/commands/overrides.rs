//! `kepi enter` and `kepi override`.

use kepi_app::{deciding::local_clock, entries::Entering, overrides::Saying};

use super::deciding::{acting, nothing, opened, show};
use crate::{
    cli::{Cli, Enter, Format, Override},
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Asks to enter a figure.
pub async fn enter(what: &Enter, cli: &Cli, out: Output) -> Result<(), Failure> {
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    let entering = Entering {
        kpi: &what.kpi,
        period: &what.period,
        part: &what.part,
        value: &what.value,
        evidence: &what.evidence,
    };
    show(&app, app.enter(entering, acting(&actor), &what.message).await?, out).await
}

/// Asks to say a figure in place of the one that is computed, or to restore that; or lists what was said.
pub async fn overrides(what: &Override, cli: &Cli, out: Output) -> Result<(), Failure> {
    let actor = compose::actor(cli);
    match what {
        Override::Set(what) => {
            let app = opened(Site::of(cli)).await?;
            let saying = Saying {
                kpi: &what.kpi,
                period: &what.period,
                segment: &what.segment,
                value: &what.value,
                expires: what.until,
                evidence: &what.evidence,
            };
            show(&app, app.say(saying, acting(&actor), &what.message).await?, out).await
        }
        Override::Restore(what) => {
            let app = opened(Site::of(cli)).await?;
            show(&app, app.restore(what.item, acting(&actor), &what.message).await?, out).await
        }
        Override::List => {
            let Some(app) = compose::reading(Site::of(cli)).await? else { return Err(nothing()) };
            let all = app.overridden().await?;
            if out.format == Format::Json {
                return Ok(out.json(&all)?);
            }
            let clock = local_clock(&app.store).await?;
            let columns = [
                "Item", "KPI", "Period", "Segment", "Said", "Since", "Until", "State", "By", "Agreed", "Why",
                "Evidence",
            ];
            let mut grid = Grid::new(&columns);
            for of in &all {
                let erased = |of: &Option<String>| of.clone().unwrap_or_else(|| "erased".to_owned());
                let rest = [
                    of.kpi.clone(),
                    of.period.clone(),
                    erased(&of.segment),
                    of.said.clone(),
                    clock.instant(of.since),
                    of.expires.clone().unwrap_or_default(),
                    of.over.unwrap_or("in force").to_owned(),
                    of.by.join(", "),
                    of.agreed.join(", "),
                    erased(&of.why),
                    erased(&of.evidence),
                ];
                let number = Field::digits(of.item.to_string(), of.item.to_string());
                grid.push([number].into_iter().chain(rest.into_iter().map(Field::text)).collect());
            }
            Ok(out.rows(&grid)?)
        }
    }
}
