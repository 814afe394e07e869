//! `kepi analyse`: what analyses say of published figures.

use std::collections::BTreeMap;

use kepi_report::{
    Reporter,
    api::v1,
    facts::Facts,
    reader::KpiQuery,
    view::{Outcome, Verdict},
};

use crate::{
    cli::{Analyse, Format},
    failure::Failure,
    output::{Field, Grid, Output, counted},
};

/// Prints what is asked for: of one KPI every analysis, of all what is called out.
pub fn analyse(what: &Analyse, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    if let Some(name) = &what.analysis
        && !kepi_insight::ANALYSES.iter().any(|analysis| analysis.name == name)
    {
        let names: Vec<&str> = kepi_insight::ANALYSES.iter().map(|analysis| analysis.name).collect();
        let message = format!("there is no analysis `{name}`; there are {}", names.join(", "));
        return Err(Failure::Other(message));
    }
    match (&what.kpi, &what.analysis) {
        (Some(kpi), _) => one(kpi, what, facts, out),
        (None, Some(name)) => of_all(name, facts, out),
        (None, None) => all(facts, out),
    }
}

fn one(kpi: &str, what: &Analyse, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let query = KpiQuery { period: what.period.clone(), ..KpiQuery::default() };
    let only = what.analysis.as_deref();
    if out.format == Format::Json {
        return Ok(out.json(&v1::insights(facts, kpi, &query, only)?)?);
    }
    let (period, analyses) = Reporter::new(facts).analyse(kpi, &query, only)?;
    if out.format == Format::Csv {
        let mut grid = Grid::new(&["Analysis", "Verdict", "Says", "Compared"]);
        for of in &analyses {
            grid.push(vec![
                Field::text(of.name),
                Field::text(of.verdict),
                Field::text(of.says.join(" ")),
                Field::figure(of.looked_at.to_string(), Some(of.looked_at as f64)),
            ]);
        }
        return Ok(out.rows(&grid)?);
    }
    let name = facts.project().kpis.values().find(|k| k.id.as_str() == kpi).map_or(kpi, |k| k.name.as_str());
    out.line(&format!("{name} · {period}"))?;
    if analyses.is_empty() {
        out.remark("it asks nothing here: some questions need a change that is called out, ten members of a dimension or what is believed to move the KPI \
             (docs/methods/usual-variation.md says which); `kepi analyse KPI` lists what there is");
    }
    for of in &analyses {
        out.line("")?;
        out.line(of.question)?;
        for sentence in &of.says {
            out.line(&format!("  {sentence}"))?;
        }
        if let Some(exhibit) = &of.exhibit {
            let mut header = vec!["  Of"];
            header.extend(&exhibit.columns);
            let mut grid = Grid::new(&header);
            for (name, figures) in &exhibit.rows {
                let mut row = vec![Field::text(format!("  {name}"))];
                row.extend(figures.iter().map(|(text, raw)| Field::figure(text.clone(), Some(*raw))));
                grid.push(row);
            }
            out.rows(&grid)?;
        }
    }
    Ok(())
}

/// One question to every KPI.
fn of_all(name: &str, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    if out.format == Format::Json {
        return Ok(out.json(&v1::insights_of_all(facts, name)?)?);
    }
    let asked = Reporter::new(facts).analyse_all(name)?;
    let mut verdicts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut grid = Grid::new(&["KPI", "Period", "Verdict", "Says", "Compared"]);
    for (kpi, period, of) in &asked {
        *verdicts.entry(of.verdict).or_default() += 1;
        grid.push(vec![
            Field::text(if out.format == Format::Csv { &kpi.id } else { &kpi.name }),
            Field::text(period),
            Field::text(of.verdict),
            Field::text(of.says.join(" ")),
            Field::figure(of.looked_at.to_string(), Some(of.looked_at as f64)),
        ]);
    }
    out.rows(&grid)?;
    let counts: Vec<String> = verdicts.into_iter().map(|(verdict, n)| format!("{verdict} {n}")).collect();
    let all = facts.project().kpis.len();
    let said = if counts.is_empty() { "nothing to ask".to_owned() } else { counts.join(", ") };
    out.remark(&format!("{said}; it asks of {} of {}", asked.len(), counted(all as u64, "KPI")));
    Ok(())
}

fn all(facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let view = Reporter::new(facts).kpis()?;
    let judged = |row: &&kepi_report::view::KpiListRow| matches!(&row.row.change, Outcome::Value(c) if c.usual.value().is_some());
    let compared = view.kpis.iter().filter(judged).count();
    if out.format == Format::Json {
        return Ok(out.json(&v1::kpis(facts)?)?);
    }
    let mut grid = Grid::new(&["KPI", "Period", "Value", "Change", "Verdict", "Usual from", "to"]);
    let mut called_out = 0;
    // By reason, so that nobody takes what is not listed for quiet.
    let mut others: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for listed in &view.kpis {
        let change = match &listed.row.change {
            Outcome::Value(change) => change,
            Outcome::Reason(why) => {
                others.entry(&why.text).or_default().push(&listed.row.kpi.name);
                continue;
            }
        };
        called_out += usize::from(matches!(change.verdict, Verdict::Beyond | Verdict::Drifting));
        let value = listed.row.value.value().map(|m| m.value.clone());
        let usual = change.usual.value();
        let limit = |number: Option<&kepi_report::view::Number>| {
            Field::figure(number.map(|n| n.text.clone()).unwrap_or_default(), number.map(|n| n.raw))
        };
        grid.push(vec![
            Field::text(&listed.row.kpi.name),
            Field::text(&listed.period),
            limit(value.as_ref()),
            Field::figure(change.difference.text.clone(), Some(change.difference.raw)),
            Field::text(change.said),
            limit(usual.map(|u| &u.low)),
            limit(usual.map(|u| &u.high)),
        ]);
    }
    out.rows(&grid)?;
    out.remark(&format!(
        "{called_out} of {compared} KPIs with a verdict are called out; where nothing is going on, at most {attention} of periods show anything, \
         otherwise at most {attention} of what is called out is false",
        attention = view.project.attention
    ));
    for (why, names) in others {
        out.remark(&format!("not listed: {}: {why}", names.join(", ")));
    }
    Ok(())
}
