//! `kepi budget`: what landed of the budgets of a planning system, held against operating plans.

use std::fs;

use kepi_app::open;
use kepi_model::project::ValueUnit;
use kepi_report::{Reporter, budget::Reconciled, facts::Facts, format};

use crate::{
    cli::{Budget, Cli, Format},
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Shows budgets that landed beside plans, or writes a version of one into its plan.
pub async fn budget(what: &Budget, cli: &Cli, out: Output) -> Result<(), Failure> {
    match what {
        Budget::List { differences } => show(*differences, &compose::board(Site::of(cli), out).await?, out),
        Budget::Take { plan, version, since } => {
            let site = Site::of(cli);
            let (files, project) =
                open::load(site.folder, &compose::sources(site.folder), Some(compose::today()))?;
            let Some(app) = compose::reading(site).await? else {
                return Err(Failure::Other("nothing has landed yet: `kepi run` lands the file".to_owned()));
            };
            let since = since.unwrap_or_else(compose::today);
            let taken = app.budget_taken((&files, &project), (plan, version), since).await?;
            let to = site.folder.join(&taken.path);
            fs::write(&to, &taken.text)
                .map_err(Failure::io(format!("`{}` could not be written", to.display())))?;
            out.line(&format!("{}: {version}: {}", taken.path, taken.version))?;
            out.remark("it is the plan once it is in force: `kepi plan` says what comes of it, `kepi propose` or `kepi run` takes it there");
            Ok(())
        }
    }
}

fn show(only_differences: bool, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let all = Reporter::new(facts).budgets()?;
    let found = all.iter().any(|of| !of.findings.is_empty());
    match out.format {
        Format::Json => out.json(&all)?,
        Format::Csv => out.rows(&amounts(&all))?,
        Format::Table => {
            if !only_differences {
                out.rows(&amounts(&all))?;
            }
            for of in &all {
                for finding in &of.findings {
                    out.line(&format!("DIFFERS {}: {}", name(of), finding.text))?;
                }
            }
            if all.is_empty() {
                out.remark(
                    "no budget has landed: a source `into: budget_line` lands the file of a planning system",
                );
            }
        }
    }
    if only_differences && found { Err(Failure::Findings) } else { Ok(()) }
}

fn name(of: &Reconciled) -> &str {
    of.name.as_deref().unwrap_or(if of.plan.is_empty() { "no plan" } else { &of.plan })
}

fn amounts(all: &[Reconciled]) -> Grid {
    let mut grid = Grid::new(&["plan", "version", "objective", "landed", "planned", "lines"]);
    for of in all {
        let unit = ValueUnit::Money { currency: of.currency.clone() };
        let money = |amount: Option<f64>| match amount {
            Some(amount) => Field::digits(
                format::value(amount, &unit, format::decimals(amount, None, &unit)),
                amount.to_string(),
            ),
            None => Field::text("–"),
        };
        for version in &of.versions {
            let held = if of.held.as_ref() == Some(&version.version) { " (the plan)" } else { "" };
            let lines = Field::digits(version.lines.to_string(), version.lines.to_string());
            let mut row = vec![Field::text(name(of)), Field::text(format!("{}{held}", version.version))];
            row.extend([Field::text("all"), money(Some(version.landed)), money(version.planned), lines]);
            grid.push(row);
            for amount in &version.objectives {
                let mut row = vec![Field::text(name(of)), Field::text(&version.version)];
                row.extend([Field::text(&amount.objective), money(amount.landed), money(amount.planned)]);
                row.push(Field::text(""));
                grid.push(row);
            }
        }
    }
    grid
}
