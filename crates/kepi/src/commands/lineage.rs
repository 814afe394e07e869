//! `kepi lineage`: which columns can move a KPI, and what a column goes into.

use std::{collections::BTreeSet, path::Path};

use jiff::Timestamp;
use kepi_app::open;
use kepi_model::id::KpiId;
use kepi_report::{
    facts::Facts,
    lineage::{self, Branch, ThingView},
    openlineage,
    reader::ViewError,
};
use serde_json::json;

use crate::{
    cli::{Format, Lineage},
    compose,
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Prints the lineage of what is asked for, read from the definitions in a folder.
pub fn lineage(what: &Lineage, folder: &Path, out: Output) -> Result<(), Failure> {
    let root = compose::root(folder)?;
    let (_, project) = open::load(&root, &compose::sources(&root), Some(compose::today()))?;
    if what.openlineage {
        let at = Timestamp::from_microsecond(compose::now()).unwrap_or_default().to_string();
        let events = openlineage::jobs(&project, &at, env!("CARGO_PKG_VERSION"));
        return Ok(events.iter().try_for_each(|event| out.line(&event.to_string()))?);
    }
    let Some(of) = &what.of else {
        return match out.format {
            Format::Csv => Ok(out.line(lineage::steps_csv(&project).trim_end())?),
            Format::Json => Ok(out.json(&json!({"kpis": lineage::origins(&project)}))?),
            Format::Table => Ok(out.rows(&overview(&lineage::origins(&project)))?),
        };
    };
    let traced = lineage::traced(&project, of).map_err(|near| {
        Failure::View(ViewError::NotFound {
            what: format!("`{of}` that data pass"),
            suggestions: near.into_iter().map(|near| (near.clone(), near)).collect(),
        })
    })?;
    match out.format {
        Format::Json => Ok(out.json(&json!({
            "of": traced.of, "personal": traced.personal, "made_of": traced.steps_to, "goes_into": traced.steps_from,
        }))?),
        Format::Csv => {
            let mut grid = Grid::new(&["Direction", "Distance", "From", "To", "How", "Direct"]);
            let both = [("made of", &traced.steps_to), ("goes into", &traced.steps_from)];
            for (direction, step) in both.into_iter().flat_map(|(word, steps)| steps.iter().map(move |s| (word, s))) {
                grid.push(vec![
                    Field::text(direction),
                    Field::digits(step.distance.to_string(), step.distance.to_string()),
                    Field::text(&step.from),
                    Field::text(&step.to),
                    Field::text(step.how.words()),
                    Field::text(step.direct.to_string()),
                ]);
            }
            Ok(out.rows(&grid)?)
        }
        Format::Table => {
            let personal = if traced.personal { ", personal data enter it" } else { "" };
            out.line(&format!("{} ({}{personal})", traced.of.name, traced.of.id))?;
            for (head, branches, none) in [
                ("made of", &traced.made_of, "nothing: data begin here, or no source fills it"),
                ("goes into", &traced.goes_into, "nothing"),
            ] {
                out.line(&format!("\n{head}"))?;
                if branches.is_empty() {
                    out.line(&format!("  {none}"))?;
                }
                print(branches, 1, out)?;
            }
            Ok(())
        }
    }
}

/// Prints the events of the newest published run.
pub fn run(facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let Some(run) = facts.newest_run() else { return Ok(()) };
    let kpis = facts.project().kpis.values();
    let not_renewed: BTreeSet<KpiId> =
        kpis.filter(|kpi| facts.not_renewed(&kpi.id, kpi.period)).map(|kpi| kpi.id.clone()).collect();
    let ran = openlineage::Ran {
        run,
        times: facts.times(),
        loads: facts.loads(),
        not_landed: facts.not_landed(),
        not_renewed: &not_renewed,
    };
    let events = openlineage::run(facts.project(), ran, env!("CARGO_PKG_VERSION"));
    Ok(events.iter().try_for_each(|event| out.line(&event.to_string()))?)
}

fn print(branches: &[Branch], depth: usize, out: Output) -> Result<(), Failure> {
    for branch in branches {
        let again = if branch.again { " (as above)" } else { "" };
        let how = branch.how.join(", ");
        out.line(&format!("{}{}  {how}{again}", "  ".repeat(depth), branch.thing.id))?;
        print(&branch.branches, depth + 1, out)?;
    }
    Ok(())
}

fn overview(kpis: &[lineage::Origin]) -> Grid {
    let ids = |of: &[ThingView]| {
        let bare = |of: &ThingView| of.id.split_once('/').map_or(of.id.clone(), |(_, id)| id.to_owned());
        of.iter().map(bare).collect::<Vec<_>>().join(", ")
    };
    let mut grid = Grid::new(&["KPI", "Sources", "Columns", "Personal data", "Scorecards"]);
    for of in kpis {
        grid.push(vec![
            Field::text(of.kpi.id.trim_start_matches("kpi/")),
            Field::text(ids(&of.sources)),
            Field::digits(of.columns.to_string(), of.columns.to_string()),
            Field::text(if of.personal { "yes" } else { "no" }),
            Field::text(ids(&of.scorecards)),
        ]);
    }
    grid
}
