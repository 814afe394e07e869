//! `kepi what-if`: a score as it would be.

use kepi_report::{
    Reporter,
    api::v1,
    facts::Facts,
    reader::{ScorecardQuery, WhatIfQuery},
    view::{Outcome, Points, WhatIfView},
};

use super::show::print_bridge;
use crate::{
    cli::{Format, WhatIf},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Prints the score before and after, and by what the two differ.
pub fn what_if(what: &WhatIf, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let query = WhatIfQuery {
        of: ScorecardQuery {
            scorecard: what.scorecard.clone(),
            unit: what.unit.clone(),
            period: what.period.clone(),
        },
        values: what.value.clone(),
        weights: what.weight.clone(),
    };
    if out.format == Format::Json {
        return Ok(out.json(&v1::what_if(facts, &query)?)?);
    }
    let view = Reporter::new(facts).what_if(&query)?;
    if let Some(problem) = view.problem {
        return Err(Failure::Other(problem));
    }
    if out.format == Format::Table {
        heading(&view, out)?;
    }
    if let Some(bridge) =
        view.bridge.as_ref().filter(|bridge| out.format == Format::Table && !bridge.parts.is_empty())
    {
        print_bridge(bridge, out)?;
        out.line("")?;
    }
    Ok(out.rows(&weights(&view))?)
}

fn heading(view: &WhatIfView, out: Output) -> Result<(), Failure> {
    let unit = view.unit.as_ref().map(|u| format!(" · {}", u.name)).unwrap_or_default();
    let score = |of: &Outcome<Points>| match of {
        Outcome::Value(points) => points.text.clone(),
        Outcome::Reason(reason) => format!("no score ({})", reason.text),
    };
    let gained = view.gained.as_ref().map(|g| format!(" ({})", g.text)).unwrap_or_default();
    let name = &view.scorecard.name;
    out.line(&format!(
        "{name}{unit} · {}: {} → {}{gained}",
        view.period,
        score(&view.before),
        score(&view.after)
    ))?;
    Ok(out.line("nothing of this is kept")?)
}

/// What hangs on each weight.
fn weights(view: &WhatIfView) -> Grid {
    let mut grid = Grid::new(&[
        "What",
        "Name",
        "Weight",
        "Supposed",
        "Value",
        "5 points less",
        "5 points more",
        "Same order of units",
    ]);
    for place in &view.places {
        let points = |of: &Option<Points>| {
            Field::figure(of.as_ref().map_or("", |p| p.text.as_str()), of.as_ref().map(Points::as_f64))
        };
        let supposed = place.supposed_weight.as_ref();
        let value = match (&place.value, &place.supposed_value) {
            (value, Some(supposed)) => format!("{} → {supposed}", value.as_deref().unwrap_or("none")),
            (value, None) => value.clone().unwrap_or_default(),
        };
        let share = |w: &kepi_report::view::Weight| Some(f64::from(w.basis_points) / 1e4);
        let order = place.same_order.as_ref().map(|(low, high)| format!("{} to {}", low.text, high.text));
        grid.push(vec![
            Field::text(place.kind),
            Field::text(&place.of.id),
            Field::figure(&place.weight.text, share(&place.weight)),
            Field::figure(supposed.map_or("", |w| w.text.as_str()), supposed.and_then(share)),
            Field::text(value),
            points(&place.less),
            points(&place.more),
            Field::text(order.unwrap_or_default()),
        ]);
    }
    grid
}
