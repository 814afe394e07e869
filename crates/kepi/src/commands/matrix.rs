//! `kepi matrix`: which objective is measured by which KPI in which unit, and what is missing.

use kepi_report::{Reporter, facts::Facts, matrix::table};

use crate::{
    cli::Format,
    failure::Failure,
    output::{Field, Grid, Output, counted},
};

/// Shows the matrix, or only what is missing in it: then the command ends with 1 if anything is.
pub fn matrix(only_gaps: bool, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let of = Reporter::new(facts).matrix()?.of;
    match out.format {
        Format::Json => out.json(&of)?,
        Format::Csv => out.line(table(&of).trim_end())?,
        Format::Table => {
            if !only_gaps {
                let mut grid =
                    Grid::new(&["objective", "KPI", "origin", "unit", "target", "of", "basis", "answers"]);
                for objective in &of.objectives {
                    for kpi in &objective.kpis {
                        for cell in &kpi.cells {
                            let origin = kpi.proposed_by.as_ref().unwrap_or(&kpi.origin).clone();
                            let text = |of: &Option<String>| of.clone().unwrap_or_else(|| "–".to_owned());
                            let cells = [
                                objective.name.clone(),
                                kpi.name.clone(),
                                origin,
                                cell.unit.clone(),
                                text(&cell.target),
                                text(&cell.target_of),
                                text(&cell.basis),
                                text(&cell.answers),
                            ];
                            grid.push(cells.into_iter().map(Field::text).collect());
                        }
                    }
                }
                out.rows(&grid)?;
            }
            for gap in &of.gaps {
                out.line(&format!("MISSING {}", gap.text))?;
            }
            out.remark(&format!("as of {}, {}", of.day, counted(of.gaps.len() as u64, "gap")));
        }
    }
    match only_gaps && !of.gaps.is_empty() {
        true => Err(Failure::Findings),
        false => Ok(()),
    }
}
