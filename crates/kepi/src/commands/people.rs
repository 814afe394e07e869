//! `kepi people`: who is there, who answers for what, and what is missing in that.

use kepi_report::{Reporter, api::v1, facts::Facts, people::PeopleAsked, tables, view::Named};

use crate::{
    cli::{Format, People},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Prints persons, duties, or what is missing.
pub fn people(what: &People, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let asked = PeopleAsked { day: what.day.map(|day| day.to_string()) };
    if !(what.duties || what.gaps) {
        return persons(facts, &asked, out);
    }
    let view = Reporter::new(facts).ownership(&asked)?;
    match out.format {
        Format::Json => out.json(&v1::ownership(facts, &asked)?)?,
        Format::Csv if what.duties => out.line(tables::ownership(&view).trim_end())?,
        Format::Table if what.duties => {
            let mut grid =
                Grid::new(&["What", "Accountable", "Responsible", "Consulted", "Informed", "In units"]);
            for of in &view.duties {
                let units = of.units.iter().map(|(unit, by)| format!("{}: {}", unit.id, by.id));
                let accountable = of.accountable.as_ref().map_or("NOBODY", |of| of.id.as_str());
                let role = of.role.as_ref().map_or(String::new(), |role| format!(" as {}", role.id));
                let acts = of.acts.as_ref().map_or(String::new(), |by| format!(" (away: {} acts)", by.id));
                let cells = [
                    of.of.clone(),
                    format!("{accountable}{role}{acts}"),
                    ids(&of.responsible),
                    ids(&of.consulted),
                    ids(&of.informed),
                    units.collect::<Vec<_>>().join(", "),
                ];
                grid.push(cells.into_iter().map(Field::text).collect());
            }
            out.rows(&grid)?;
        }
        Format::Csv | Format::Table => {
            let mut grid = Grid::new(&["Gap", "Of", "What", "To do"]);
            for gap in &view.gaps {
                let cells = [gap.code.to_owned(), gap.of.clone(), gap.said.clone(), gap.fix.clone()];
                grid.push(cells.into_iter().map(Field::text).collect());
            }
            out.rows(&grid)?;
        }
    }
    match what.gaps && !view.gaps.is_empty() {
        true => Err(Failure::Findings),
        false => Ok(()),
    }
}

fn persons(facts: &dyn Facts, asked: &PeopleAsked, out: Output) -> Result<(), Failure> {
    let view = Reporter::new(facts).people(asked)?;
    match out.format {
        Format::Json => out.json(&v1::people(facts, asked)?)?,
        Format::Csv => out.line(tables::people(&view).trim_end())?,
        Format::Table => {
            let mut grid = Grid::new(&[
                "Person",
                "Name",
                "Reports to",
                "There",
                "Manages",
                "Accountable for",
                "With her",
            ]);
            for of in &view.persons {
                let there = match (&of.away_until, &of.substitute) {
                    (None, _) => "yes".to_owned(),
                    (Some(until), Some(by)) => format!("away until {until}, {} acts", by.id),
                    (Some(until), None) => format!("away until {until}, NOBODY acts"),
                };
                let items = of.items.map_or(String::new(), |(open, overdue)| match overdue {
                    0 => open.to_string(),
                    n => format!("{open}, {n} overdue"),
                });
                let lines = of.reports_to.iter().map(|to| to.id.clone());
                let lines = lines.chain(of.dotted_to.iter().map(|to| format!("({})", to.id)));
                let cells = [
                    of.person.id.clone(),
                    of.person.name.clone(),
                    lines.collect::<Vec<_>>().join(" "),
                    there,
                    ids(&of.manages),
                    ids(&of.accountable),
                    items,
                ];
                grid.push(cells.into_iter().map(Field::text).collect());
            }
            out.rows(&grid)?;
            if view.gaps > 0 {
                out.remark(&format!("missing: {} (`kepi people --gaps`)", view.gaps));
            }
        }
    }
    Ok(())
}

fn ids(all: &[Named]) -> String {
    all.iter().map(|of| of.id.as_str()).collect::<Vec<_>>().join(", ")
}
