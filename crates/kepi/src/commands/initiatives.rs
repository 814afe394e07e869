//! `kepi initiatives`: what speaks for what people set out to do, what came of it, and its money.

use kepi_model::project::ValueUnit;
use kepi_report::{
    Reporter,
    facts::Facts,
    format,
    initiatives::{Initiative, Initiatives, table},
};

use crate::{
    cli::Format,
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Shows all of them, or one in full.
pub fn initiatives(only: Option<&str>, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let of = Reporter::new(facts).initiatives(only)?.of;
    match out.format {
        Format::Json => Ok(out.json(&of)?),
        Format::Csv => Ok(out.line(table(&of).trim_end())?),
        Format::Table if of.initiatives.is_empty() => {
            Ok(out
                .line("there is no initiative: a document `initiative: …` says what is set out to be done")?)
        }
        Format::Table if only.is_some() => single(&of, out),
        Format::Table => all(&of, out),
    }
}

/// Money as it is shown.
fn amount(of: f64, all: &Initiatives) -> String {
    let unit = ValueUnit::Money { currency: all.currency.clone().unwrap_or_default() };
    format::value(of, &unit, format::decimals(of, None, &unit))
}

fn money(of: Option<f64>, all: &Initiatives) -> Field {
    Field::digits(
        of.map_or("not known".to_owned(), |of| amount(of, all)),
        of.map_or(String::new(), |of| of.to_string()),
    )
}

fn number(of: Option<f64>, digits: usize) -> Field {
    let shown = of.map_or("–".to_owned(), |of| format!("{of:.digits$}"));
    Field::digits(shown, of.map_or(String::new(), |of| of.to_string()))
}

fn effects(of: &Initiative) -> String {
    let said = of.effects.iter().map(|effect| format!("{} {}", effect.kpi, effect.verdict));
    said.collect::<Vec<_>>().join(", ")
}

fn all(of: &Initiatives, out: Output) -> Result<(), Failure> {
    out.remark(&format!("as of {}", of.day));
    let header = ["initiative", "state", "evidence", "size", "confidence", "budget", "spent", "effects"];
    let mut grid = Grid::new(&header);
    for one in &of.initiatives {
        grid.push(vec![
            Field::text(&one.id),
            Field::text(&one.state),
            number(one.score, 1),
            number(one.size, 2),
            number(one.confidence, 2),
            money(Some(one.budget), of),
            money(one.spent, of),
            Field::text(effects(one)),
        ]);
    }
    out.rows(&grid)?;
    let mut grid = Grid::new(&["objective", "budget", "spent", "kept", "missed", "open", "unknown"]);
    let count = |n: u64| Field::digits(n.to_string(), n.to_string());
    for one in &of.budgets {
        let spent = match (one.spent_unknown, one.initiatives.len() as u64) {
            (0, _) => money(Some(one.spent), of),
            (unknown, all) if unknown == all => money(None, of),
            (unknown, _) => Field::text(format!("{}, of {unknown} not known", amount(one.spent, of))),
        };
        grid.push(vec![
            Field::text(one.objective.as_deref().unwrap_or("none")),
            money(Some(one.budget), of),
            spent,
            count(one.kept),
            count(one.missed),
            count(one.open),
            count(one.unknown),
        ]);
    }
    out.line("")?;
    out.rows(&grid)?;
    for one in &of.reallocation {
        let left = one.unspent.map_or("what is not yet spent, which is not known,".to_owned(), |left| {
            format!("{} not yet spent", amount(left, of))
        });
        let waiting =
            one.waiting.iter().map(|waiting| format!("{} ({:.1})", waiting.initiative, waiting.score));
        let waiting: Vec<String> = waiting.collect();
        let waits = if waiting.len() == 1 { "waits" } else { "wait" };
        out.remark(&format!(
            "{left} lie at {} (evidence {:.1}), while {} {waits}",
            one.initiative,
            one.score,
            waiting.join(", ")
        ));
    }
    for win in &of.quick_wins.wins {
        out.remark(&format!(
            "quick win: {}, {} within {} days",
            win.initiative,
            win.came.join("; "),
            win.days
        ));
    }
    Ok(())
}

fn single(of: &Initiatives, out: Output) -> Result<(), Failure> {
    for one in &of.initiatives {
        let evidence = match &one.reason {
            Some(why) => format!("evidence not known: {why}"),
            None => {
                let share = |of: Option<f64>| of.map_or("–".to_owned(), |of| format!("{of:.3}"));
                let (size, sure) = (share(one.size), share(one.confidence));
                format!(
                    "evidence {:.1} = 100 × size {size} × confidence {sure}",
                    one.score.unwrap_or_default()
                )
            }
        };
        out.line(&format!("{} ({}), {}: {}", one.name, one.id, one.owner, one.state))?;
        out.line(&evidence)?;
        let mut grid = Grid::new(&["part", "kpi", "period", "figure", "size", "sure", "reason"]);
        for part in &one.parts {
            grid.push(vec![
                Field::text(&part.part),
                Field::text(&part.kpi),
                Field::text(part.period.as_deref().unwrap_or("–")),
                Field::text(part.figure.as_deref().unwrap_or("–")),
                number(part.beside, 3),
                number(part.sure, 3),
                Field::text(part.reason.as_deref().unwrap_or("")),
            ]);
        }
        out.rows(&grid)?;
        let mut grid = Grid::new(&["effect on", "expected", "by", "before", "after", "verdict", "came"]);
        for effect in &one.effects {
            grid.push(vec![
                Field::text(&effect.kpi),
                Field::text(&effect.expected_text),
                Field::text(&effect.by),
                Field::text(effect.before.as_deref().unwrap_or("–")),
                Field::text(effect.after.as_deref().unwrap_or("–")),
                Field::text(&effect.verdict),
                Field::text(&effect.text),
            ]);
        }
        out.line("")?;
        out.rows(&grid)?;
        let spent = match (one.spent, &one.spent_reason) {
            (Some(spent), _) => format!("{} spent", amount(spent, of)),
            (None, why) => why.clone().unwrap_or_default(),
        };
        out.line(&format!("budget {}, {spent}", amount(one.budget, of)))?;
    }
    Ok(())
}
