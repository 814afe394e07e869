//! `kepi screen`: doubtful answers to surveys, and what people say of them.

use kepi_app::screening::Screened;
use kepi_govern::judging::Verdict;
use kepi_report::format;

use super::deciding::{acting, nothing, opened};
use crate::{
    cli::{Cli, Format, Screen, acting::ScreenJudge},
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Lists what is doubtful, or says what it is.
pub async fn screen(what: &Screen, cli: &Cli, out: Output) -> Result<(), Failure> {
    match what {
        Screen::Confirm(of) => judge(of, Verdict::Confirm, cli, out).await,
        Screen::Dismiss(of) => judge(of, Verdict::Dismiss, cli, out).await,
        Screen::List(of) => {
            let Some(app) = compose::reading(Site::of(cli)).await? else { return Err(nothing()) };
            let mut all = app.screened(of.entity.as_deref()).await?;
            for one in &mut all {
                one.rows.retain(|row| of.state.is_none_or(|state| row.state == state));
                if one.is_personal {
                    one.rows.iter_mut().for_each(|row| row.key = "a personal key".to_owned());
                }
            }
            if out.format == Format::Json {
                return Ok(out.json(&all)?);
            }
            let most = if of.limit == 0 { usize::MAX } else { of.limit };
            list(&all, most, out)
        }
    }
}

fn list(all: &[Screened], most: usize, out: Output) -> Result<(), Failure> {
    let for_people = out.format == Format::Table;
    if all.is_empty() {
        out.remark("no rows are screened: `screen:` of an entity says what is looked for");
        return Ok(());
    }
    let mut grid = Grid::new(&["Entity", "Key", "State", "From the next run", "Flags"]);
    let rows = || all.iter().flat_map(|of| &of.rows);
    for row in rows().take(most) {
        grid.push(vec![
            Field::text(row.entity.as_str()),
            Field::text(&row.key),
            Field::text(row.state.word()),
            Field::text(row.said.map_or("", |said| said.word())),
            Field::text(row.flags.join(", ")),
        ]);
    }
    out.rows(&grid)?;
    if !for_people {
        return Ok(());
    }
    let more = rows().count().saturating_sub(most);
    if more > 0 {
        out.remark(&format!("and {} more: `--limit 0`", format::count(more as u64)));
    }
    for of in all {
        let counted = |(name, n): (&str, u64)| format!("{name} {}", format::count(n));
        let rules = of.tally.rules.iter().map(|(rule, n)| counted((rule.as_str(), *n)));
        let states = of.tally.states.iter().map(|(state, n)| counted((state.word(), *n)));
        out.line(&format!(
            "{}: {} flagged; by sign: {}; by state: {}",
            of.entity,
            format::count(of.tally.flagged),
            rules.collect::<Vec<_>>().join(", "),
            states.collect::<Vec<_>>().join(", ")
        ))?;
        for (instrument, cut) in &of.cut_offs {
            let name = if instrument.is_empty() { "all answers" } else { instrument };
            out.line(&format!(
                "{}: {name}: faster than {} is flagged, of the median {} of the first {} answers",
                of.entity,
                seconds(cut.micros),
                seconds(cut.median),
                format::count(cut.answers)
            ))?;
        }
    }
    Ok(())
}

fn seconds(micros: i64) -> String {
    format!("{:.1} s", micros as f64 / 1e6)
}

async fn judge(of: &ScreenJudge, verdict: Verdict, cli: &Cli, out: Output) -> Result<(), Failure> {
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    let rows = app.judge_rows(&of.entity, &of.keys, verdict, &of.message, acting(&actor)).await?;
    let what = match verdict {
        Verdict::Confirm => "left out of KPIs",
        Verdict::Dismiss => "counted",
    };
    out.remark(&format!("{rows} of {}: {what} from the next `kepi run` on", of.entity));
    Ok(())
}
