//! `kepi show` and `kepi explain`: what is published, as text; as JSON the answers of the interface, `/api/v1`.

use std::{collections::BTreeSet, io};

use kepi_model::project::ValueUnit;
use kepi_report::{
    Reporter,
    api::v1,
    facts::Facts,
    format,
    operating_plan::PlanBeside,
    reader::{KpiQuery, QuarantineQuery, ScorecardQuery, ViewError},
    tidy,
    view::{
        Bridge, Coverage, ExplainNode, KpiRow, Measured, Outcome, Points, RowCounts, ScorecardView, Verdict,
    },
};
use serde::Serialize;

use crate::{
    cli::{Explain, Format, Show, ShowKpi, ShowQuarantine, ShowScorecard},
    failure::Failure,
    output::{Field, Grid, Output, counted},
};

/// Prints what is asked for.
pub fn show(what: &Show, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    match what {
        Show::Scorecard(which) => scorecard(which, facts, out),
        Show::Kpi(which) => kpi(which, facts, out),
        Show::Sources => super::sources::sources(facts, None, out),
        Show::Benchmarks => benchmarks(facts, out),
        Show::Quarantine(which) => quarantine(which, facts, out),
    }
}

/// Prints whether a stage gate is open; that it is shut is a finding.
pub fn gate(id: Option<&str>, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let Some(id) = id else {
        let mut grid = Grid::new(&["gate", "name", "state"]);
        for gate in Reporter::new(facts).gates() {
            let open = Reporter::new(facts).gate(&gate.id)?.open;
            let state = if open { "open" } else { "shut" };
            grid.push(vec![Field::text(&gate.id), Field::text(&gate.name), Field::text(state)]);
        }
        return Ok(out.rows(&grid)?);
    };
    let view = Reporter::new(facts).gate(id)?;
    if out.format == Format::Json {
        out.json(&v1::gate(facts, id)?)?;
    } else {
        if out.format == Format::Table {
            out.line(&format!("{}: {}", view.gate.name, if view.open { "open" } else { "shut" }))?;
        }
        let mut grid = Grid::new(&["kpi", "asked", "period", "figure", "holds", "why"]);
        for of in &view.demands {
            grid.push(vec![
                Field::text(&of.kpi.id),
                Field::text(&of.asked),
                Field::text(of.period.clone().unwrap_or_default()),
                Field::text(of.value.clone().unwrap_or_default()),
                Field::text(match of.holds {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "not known",
                }),
                Field::text(of.why.clone().unwrap_or_default()),
            ]);
        }
        out.rows(&grid)?;
    }
    if view.open { Ok(()) } else { Err(Failure::Findings) }
}

/// Prints how a score or a value came about.
pub fn explain(which: &Explain, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let query = ScorecardQuery {
        scorecard: which.what.clone(),
        unit: which.unit.clone(),
        period: which.period.clone(),
    };
    match Reporter::new(facts).explain(&query) {
        Ok(view) => {
            match out.format {
                Format::Json => out.json(&v1::explain(facts, &query)?)?,
                Format::Csv => out.rows(&explanation_grid(&view.root))?,
                Format::Table => {
                    let unit = view.unit.as_ref().map(|u| format!(" · {}", u.name)).unwrap_or_default();
                    out.line(&format!("{}{unit} · {}", view.scorecard.name, view.period))?;
                    out.line(&view.missing_rule)?;
                    print_node(&view.root, 0, out)?;
                    if let Some(bridge) = &view.bridge {
                        print_bridge(bridge, out)?;
                    }
                    if let Some(linked) = &view.linked {
                        out.line(&format!(
                            "linked index {}: moved since the first period by performance alone",
                            linked.text
                        ))?;
                    }
                }
            }
            Ok(())
        }
        // Not a scorecard: perhaps a KPI.
        Err(ViewError::NotFound { what, suggestions }) => match &which.what {
            Some(id) => {
                let query =
                    KpiQuery { unit: which.unit.clone(), segment: None, period: which.period.clone() };
                match Reporter::new(facts).kpi(id, &query) {
                    Ok(view) if out.format == Format::Table => print_kpi(&view, out),
                    Ok(_) => {
                        kpi(&ShowKpi { kpi: id.clone(), unit: query.unit, period: query.period }, facts, out)
                    }
                    Err(_) => Err(Failure::View(ViewError::NotFound { what, suggestions })),
                }
            }
            None => Err(Failure::View(ViewError::NotFound { what, suggestions })),
        },
        Err(error) => Err(error.into()),
    }
}

fn scorecard(which: &ShowScorecard, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let query = ScorecardQuery {
        scorecard: which.scorecard.clone(),
        unit: which.unit.clone(),
        period: which.period.clone(),
    };
    if out.format == Format::Json {
        return Ok(out.json(&v1::scorecard(facts, &query, None)?)?);
    }
    let view = Reporter::new(facts).scorecard(&query)?;
    match out.format {
        Format::Csv => Ok(out.rows(&scorecard_grid(&view, out))?),
        Format::Table | Format::Json => {
            let unit = view.unit.as_ref().map(|u| format!(" · {}", u.name)).unwrap_or_default();
            let provisional = if view.complete { "" } else { " (provisional)" };
            out.line(&format!("{}{unit} · {}{provisional}", view.scorecard.name, view.period))?;
            out.line(&format!(
                "{} · {} {} · {} of weight has a value · {}",
                match &view.overall.score {
                    Outcome::Value(points) => format!("score {} (on target at 100)", points.text),
                    Outcome::Reason(reason) => format!("no score: {}", reason.text),
                },
                view.overall.status.shape(),
                view.overall.status.label(),
                view.overall.coverage.text,
                view.freshness.text,
            ))?;
            if let Some(units) = view.mean_of {
                let units = counted(units as u64, "unit");
                out.line(&format!("the score is the mean of its {units}; what follows is of all its rows together, and comes to another"))?;
            }
            if let Some(of) = &view.official {
                out.line(&format!("{} was closed {}: {}", of.period, of.at, of.words()))?;
            }
            if view.freshness.restated {
                out.line("figures of it were restated since they were final")?;
            }
            if let Some(of) = &view.partial {
                let late = of.late.iter().map(|(unit, _, says)| format!("{} is late: {says}", unit.name));
                let without = of.without.as_ref().and_then(|of| of.score.value());
                let without = without
                    .map_or(String::new(), |points| format!("; by that rule the score is {}", points.text));
                let closed = if of.closed { ", closed so" } else { "" };
                out.line(&format!("partial{closed}: {}{without}", late.collect::<Vec<_>>().join("; ")))?;
            }
            if let Some(day) = &view.in_force_from {
                out.line(&format!("weights and KPIs in force from {day}"))?;
            }
            for floor in &view.floors {
                out.line(floor)?;
            }
            for moved in &view.moves {
                out.line(&moved.words())?;
            }
            if !view.deviations.is_empty() {
                out.line("\nNeeds attention")?;
                for deviation in &view.deviations {
                    let who =
                        deviation.accountable.as_ref().map(|p| format!(" → {}", p.name)).unwrap_or_default();
                    // Where there is no value, what is off says so.
                    let value = deviation.value.value().map(|m| {
                        format!("{}, ", format!("{} {}", m.value.text, interval_text(m)).trim_end())
                    });
                    let (shape, value) = (deviation.status.shape(), value.unwrap_or_default());
                    // Behind a value the sentence goes on.
                    let what = match (value.is_empty(), deviation.what.strip_prefix("Less than")) {
                        (false, Some(rest)) => format!("less than{rest}"),
                        _ => deviation.what.clone(),
                    };
                    out.line(&format!("{shape} {}: {value}{what}", deviation.kpi.name))?;
                    for why in &deviation.why {
                        out.line(&format!("    {why}"))?;
                    }
                    out.line(&format!("    {}{who}", deviation.action))?;
                }
            }
            out.line("")?;
            out.rows(&scorecard_grid(&view, out))?;
            match &view.plan {
                Some(plan) => print_plan(plan, out),
                None => Ok(()),
            }
        }
    }
}

/// What was planned and spent, beside what it came to.
fn print_plan(plan: &PlanBeside, out: Output) -> Result<(), Failure> {
    let unit = ValueUnit::Money { currency: plan.currency.clone() };
    let shown = |of: f64| format::value(of, &unit, format::decimals(of, None, &unit));
    let money = |of: f64| Field::digits(shown(of), of.to_string());
    let number = |of: Option<f64>, shown: &dyn Fn(f64) -> String| {
        Field::digits(of.map_or("–".to_owned(), shown), of.map_or(String::new(), |of| of.to_string()))
    };
    let versions: Vec<String> = plan.versions.iter().map(|of| format!("{} of {}", of.id, of.since)).collect();
    let said = if versions.is_empty() { "nothing yet".to_owned() } else { versions.join(", ") };
    let (from, until, day) = (&plan.from, &plan.until, &plan.day);
    out.line(&format!("\n{}, {from} until {until}, as of {day}: {said}", plan.name))?;
    let mut grid =
        Grid::new(&["objective", "weight", "first planned", "planned", "spent", "score", "before the plan"]);
    for line in &plan.lines {
        let mut row = vec![Field::text(&line.name), number(line.weight, &format::share)];
        row.push(money(line.planned.first().copied().unwrap_or_default()));
        row.push(money(line.plan()));
        row.push(match (line.spent, &line.spent_reason) {
            (Some(spent), _) => money(spent),
            (None, why) => Field::text(why.as_deref().unwrap_or("not known")),
        });
        row.push(number(line.score, &|of| format!("{of:.1}")));
        row.push(number(line.before, &|of| format!("{of:.1}")));
        grid.push(row);
    }
    out.rows(&grid)?;
    for (line, of) in plan.lines.iter().flat_map(|line| line.initiatives.iter().map(move |of| (line, of))) {
        let spent = of.spent.map_or("not known".to_owned(), shown);
        let (planned, budget) = (shown(of.planned), shown(of.budget));
        let text = format!(
            "{} for {}: {planned} planned, {spent} spent, of a budget of {budget}",
            of.name, line.name
        );
        out.line(&text)?;
    }
    if let Some(text) = plan.of_units(&shown) {
        out.line(&text)?;
    }
    for version in plan.versions.iter().filter(|of| !of.agree.is_empty()) {
        out.line(&version.agreement())?;
    }
    for of in &plan.misaligned {
        out.line(&format!("MISALIGNED {}", of.text))?;
    }
    for by in &plan.by {
        out.line(&format!("\nSpending and what came of it, by: {}", by.name))?;
        let mut grid = Grid::new(&["member", "spent", "share", "KPI", "value", "score", "before the plan"]);
        for member in &by.members {
            let spent = match (member.spent, &member.spent_reason) {
                (Some(spent), _) => money(spent),
                (None, why) => Field::text(why.as_deref().unwrap_or("not known")),
            };
            let own = || vec![Field::text(&member.name), spent.clone(), number(member.share, &format::share)];
            if member.results.is_empty() {
                let nothing = || Field::text("–");
                grid.push([own(), vec![nothing(), nothing(), nothing(), nothing()]].concat());
            }
            for of in &member.results {
                let points = |of: Option<f64>| number(of, &|of| format!("{of:.1}"));
                let value = Field::text(of.value.as_deref().unwrap_or("–"));
                let result = vec![Field::text(&of.name), value, points(of.score), points(of.before)];
                grid.push([own(), result].concat());
            }
        }
        out.rows(&grid)?;
        by.reallocation.iter().try_for_each(|text| out.line(text))?;
    }
    Ok(())
}

/// One row a KPI. A table names each perspective once, in a row of its own; data repeat it.
fn scorecard_grid(view: &ScorecardView, out: Output) -> Grid {
    let figures =
        ["Status", "Value", "Interval", "n", "Target", "Score", "Change", "Coverage", "Accountable"];
    let for_people = out.format == Format::Table;
    let places: &[&str] = if for_people { &["KPI"] } else { &["Perspective", "Objective", "KPI"] };
    let mut grid = Grid::new(&[places, &figures].concat());
    for perspective in &view.perspectives {
        if for_people {
            let name = format!("{} ({})", perspective.perspective.name, perspective.weight.text);
            let mut heading = vec![Field::text(name), Field::status(perspective.score.status)];
            heading.extend((0..4).map(|_| Field::text("")));
            heading.push(points_field(&perspective.score.score));
            heading.extend((0..3).map(|_| Field::text("")));
            grid.push(heading);
        }
        for objective in &perspective.objectives {
            for row in &objective.kpis {
                let as_of = row.as_of.as_ref().map(|period| format!(", as of {period}")).unwrap_or_default();
                let mut fields = if for_people {
                    // No-break: a name that needs two lines keeps its place.
                    vec![Field::text(format!("\u{a0}\u{a0}{}{as_of}", row.kpi.name))]
                } else {
                    vec![
                        Field::text(&perspective.perspective.name),
                        Field::text(&objective.objective.name),
                        Field::text(&row.kpi.name),
                    ]
                };
                fields.extend(row_fields(row));
                grid.push(fields);
            }
        }
    }
    grid
}

fn row_fields(row: &KpiRow) -> Vec<Field> {
    let change = match &row.change {
        // The usual case needs no words: what is not marked is within its usual variation.
        Outcome::Value(c) => Field::text(match c.verdict {
            Verdict::Beyond | Verdict::Drifting => format!("{} {}", c.difference.text, c.said),
            _ => c.difference.text.clone(),
        }),
        Outcome::Reason(reason) if row.value.value().is_some() => Field::text(&reason.text),
        // Why there is no value is said already.
        Outcome::Reason(_) => Field::text(""),
    };
    vec![
        Field::status(row.status),
        value_field(&row.value),
        Field::text(row.value.value().map(interval_text).unwrap_or_default()),
        n_field(&row.value),
        Field::text(row.target.as_ref().map(|t| t.target.clone()).unwrap_or_default()),
        points_field(&row.score),
        change,
        Field::figure(Coverage::shown(row.coverage.as_ref()), row.coverage.as_ref().map(|of| of.share)),
        Field::text(row.accountable.as_ref().map(|p| p.name.clone()).unwrap_or_default()),
    ]
}

/// How many rows a value rests on.
fn n_field(value: &Outcome<Measured>) -> Field {
    let n = value.value().map(|measured| measured.n);
    Field::digits(n.map(format::count).unwrap_or_default(), n.map(|n| n.to_string()).unwrap_or_default())
}

fn value_field(value: &Outcome<Measured>) -> Field {
    match value {
        Outcome::Value(measured) => Field::digits(measured.value.text.clone(), measured.value.digits()),
        Outcome::Reason(reason) => Field::none(&reason.text),
    }
}

fn points_field(score: &Outcome<Points>) -> Field {
    match score {
        Outcome::Value(points) => Field::figure(points.text.clone(), Some(points.as_f64())),
        Outcome::Reason(reason) => Field::none(&reason.text),
    }
}

/// The interval of a value, and whether people said it in place of what was computed.
fn interval_text(measured: &Measured) -> String {
    let interval = measured.interval.value().map(|i| i.text.clone());
    interval.into_iter().chain(measured.mark.clone()).collect::<Vec<_>>().join(" ")
}

fn outcome<T>(outcome: &Outcome<T>, text: impl Fn(&T) -> String) -> String {
    match outcome {
        Outcome::Value(value) => text(value),
        Outcome::Reason(reason) => reason.text.clone(),
    }
}

/// What programs are told of a KPI, and every value of it.
#[derive(Serialize)]
struct KpiWithValues {
    #[serde(flatten)]
    kpi: v1::KpiInFull,
    values: Vec<tidy::Row>,
}

fn kpi(which: &ShowKpi, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let query = KpiQuery { unit: which.unit.clone(), segment: None, period: which.period.clone() };
    let rows = || tidy::rows(facts, &which.kpi, &query);
    match out.format {
        Format::Table => print_kpi(&Reporter::new(facts).kpi(&which.kpi, &query)?, out),
        Format::Json => {
            let kpi = v1::kpi(facts, &which.kpi, &query)?;
            Ok(out.json(&KpiWithValues { kpi, values: rows()? })?)
        }
        Format::Csv => Ok(out.line(tidy::to_csv(&rows()?).trim_end())?),
    }
}

/// What is to be read beside a value, itself first.
fn print_beside(view: &kepi_report::view::KpiView, out: Output) -> Result<(), Failure> {
    if view.beside.is_empty() {
        return Ok(());
    }
    out.line("\nSide by side")?;
    let mut grid = Grid::new(&["KPI", "Value", "Interval", "n", "Coverage"]);
    let own = (&view.current.kpi.name, &view.current.value, &view.current.coverage);
    let others = view.beside.iter().map(|of| (&of.kpi.name, &of.value, &of.coverage));
    for (name, value, coverage) in std::iter::once(own).chain(others) {
        grid.push(vec![
            Field::text(name),
            value_field(value),
            Field::text(value.value().map(interval_text).unwrap_or_default()),
            n_field(value),
            Field::text(coverage.as_ref().map(|of| of.text.clone()).unwrap_or_default()),
        ]);
    }
    Ok(out.rows(&grid)?)
}

/// Its figures beside those of what succeeds it, and on the level of that.
fn print_succession(view: &kepi_report::view::KpiView, out: Output) -> Result<(), Failure> {
    let found = view.ending.as_ref().and_then(|of| of.successor.as_ref().zip(of.bridge.as_ref()));
    let Some((successor, bridge)) = found.filter(|(_, bridge)| !bridge.rows.is_empty()) else {
        return Ok(());
    };
    out.line(&format!("\nBeside {}", successor.name))?;
    let mut grid = Grid::new(&["Period", "Old", "New", "Difference", "On the new level", "Interval"]);
    for row in bridge.rows.iter().take(kepi_report::view::MOST_BRIDGED) {
        let text = |of: &Option<String>| Field::text(of.clone().unwrap_or_default());
        let moved = row.moved.as_ref();
        grid.push(vec![
            Field::text(&row.period),
            text(&row.old),
            text(&row.new),
            text(&row.difference),
            Field::text(moved.map(|of| of.value.text.clone()).unwrap_or_default()),
            Field::text(moved.map(interval_text).unwrap_or_default()),
        ]);
    }
    Ok(out.rows(&grid)?)
}

/// What a KPI is computed of; in an index what each adds, which sums to it.
fn print_inputs(view: &kepi_report::view::KpiView, out: Output) -> Result<(), Failure> {
    if view.inputs.is_empty() {
        return Ok(());
    }
    out.line("\nComputed of")?;
    let is_index = view.inputs.iter().any(|input| input.part.is_some());
    let index: &[&str] = if is_index { &["0 at", "100 at", "Points", "Weight", "Adds"] } else { &[] };
    let mut grid = Grid::new(&[&["Name", "KPI", "Period", "Value", "Interval", "n"], index].concat());
    for input in &view.inputs {
        let mut row = vec![
            Field::text(&input.name),
            Field::text(&input.kpi.name),
            Field::text(&input.period),
            value_field(&input.value),
            Field::text(input.value.value().map(interval_text).unwrap_or_default()),
            n_field(&input.value),
        ];
        if let Some(part) = &input.part {
            let points = |of: Option<&Points>| {
                Field::figure(of.map(|p| p.text.clone()).unwrap_or_default(), of.map(Points::as_f64))
            };
            row.extend([Field::text(&part.zero), Field::text(&part.hundred)]);
            row.extend([
                points(part.points.value()),
                Field::text(&part.weight.text),
                points(part.adds.as_ref()),
            ]);
        }
        grid.push(row);
    }
    Ok(out.rows(&grid)?)
}

fn print_kpi(view: &kepi_report::view::KpiView, out: Output) -> Result<(), Failure> {
    let row = &view.current;
    out.line(&format!("{} · {}", row.kpi.name, view.period))?;
    let interval = row.value.value().map(interval_text).unwrap_or_default();
    let value = outcome(&row.value, |m| m.value.text.clone());
    let line = format!("{} {}  {value} {interval}", row.status.shape(), row.status.label());
    out.line(line.trim_end())?;
    for item in &view.disputed {
        out.line(&format!("DISPUTED: somebody says that this figure is not right: `kepi item {item}`"))?;
    }
    for of in &view.open {
        out.line(&format!("open: item {}, {}: {}", of.number, of.state, of.title))?;
    }
    out.line(&format!("\n{}", view.definition.words))?;
    out.line(&format!("  formula     {}", view.definition.formula))?;
    if let Some(window) = &view.definition.window {
        out.line(&format!("  window      {window}; neighbouring values share rows"))?;
    }
    if let Some(said) = &view.definition.without_data {
        out.line(&format!("  no data     {said}"))?;
    }
    if let Some(said) = view.definition.publication {
        out.line(&format!("  published   {said}"))?;
    }
    if let Some(day) = &view.definition.in_force_from {
        out.line(&format!("  in force    from {day}"))?;
    }
    for of in &view.breaks {
        out.line(&format!(
            "  break       from {} on computed otherwise than before. Before: {}. Since: {}",
            of.period, of.before, of.after
        ))?;
    }
    for of in &view.restatements {
        let name = if of.name.is_empty() { String::new() } else { format!(", {}", of.name) };
        let (then, now, why) = (&of.published, &of.now, &of.reason);
        out.line(&format!("  restated    {}{name}: published {then}, now {now}; {why}", of.period))?;
    }
    out.line(&format!("  defined in  {}", view.definition.place))?;
    if let Some(coverage) = &row.coverage {
        out.line(&format!("  coverage    {}", coverage.text))?;
    }
    if let Some(all) = &view.quality.unscreened {
        out.line(&format!("  unscreened  {}", all.words()))?;
    }
    if let Some(response) = &view.quality.response {
        out.line(&format!("  response    {}", response.words()))?;
    }
    if let Some(alike) = &view.quality.representativity {
        out.line(&format!(
            "  alike       representativity {} (R, 100 % if all margins answered alike)",
            alike.text
        ))?;
    }
    for left_out in &view.quality.left_out {
        out.line(&format!("  left out    {} {}", format::count(left_out.count), left_out.reason))?;
    }
    if view.quality.quarantined > 0 {
        let rejected = format::count(view.quality.quarantined);
        out.line(&format!(
            "  rejected    {rejected} of its sources' rows, in no figure: `kepi show quarantine`"
        ))?;
    }
    out.line(&format!("  data        {}", row.freshness.text))?;
    if let Some(target) = &row.target {
        out.line(&format!("  target      {} (threshold {})", target.target, target.threshold))?;
    }
    for of in &view.weights {
        let others = of.pay.iter().map(|(plan, share)| format!("pay by {} {share}", plan.name));
        let money = of.money.iter().map(|(plan, share)| format!("money of {} {share}", plan.name));
        let all: Vec<String> = others.chain(money).collect();
        let apart = if of.apart.is_empty() { "" } else { " (too far apart)" };
        out.line(&format!("  weighs      {} {}, {}{apart}", of.card.name, of.weight, all.join(", ")))?;
    }
    for of in &view.benchmarks {
        out.line(&format!("  benchmark   {}, published {}", of.words(), of.published))?;
    }
    if let Some(ending) = &view.ending {
        let instead = ending.successor.as_ref().map_or(String::new(), |of| format!("; instead: {}", of.id));
        out.line(&format!("  ending      {}{instead}", ending.words()))?;
        if let Some(bridge) = &ending.bridge {
            out.line(&format!("  bridge      {}", bridge.said))?;
        }
    }
    if let Some(person) = &view.people.accountable {
        out.line(&format!("  accountable {}", person.name))?;
    }
    match &view.pins {
        Outcome::Value(pins) => {
            out.line(&format!("  definition  {}", pins.definition))?;
            out.line(&format!("  snapshot    {}", pins.snapshot))?;
            out.line(&format!("  engine      {}", pins.engine))?;
            out.line(&format!("  states      {}", pins.states))?;
            out.line(&format!("  reproduce   {}", pins.reproduce))?;
        }
        Outcome::Reason(reason) => out.line(&format!("  pins        {}", reason.text))?,
    }
    if let Some(why) = &view.standing.not_renewed {
        out.line(&format!("  not renewed {why}"))?;
    }
    for said in &view.standing.late {
        out.line(&format!("  late        {said}"))?;
    }
    for said in &view.standing.moved_on {
        out.line(&format!("  moved on    {said}"))?;
    }
    print_beside(view, out)?;
    print_succession(view, out)?;
    print_inputs(view, out)?;
    out.line("")?;
    let mut grid = Grid::new(&["Period", "Status", "Value", "Interval", "n"]);
    for point in &view.trend {
        grid.push(vec![
            Field::text(format!("{}{}", point.period, if point.complete { "" } else { " (provisional)" })),
            Field::status(point.status),
            value_field(&point.value),
            Field::text(point.value.value().map(interval_text).unwrap_or_default()),
            n_field(&point.value),
        ]);
    }
    out.rows(&grid)?;
    if let Some(of) = &view.official {
        out.line(&format!("\nOfficial\n  {} was closed {}: {}", of.period, of.at, of.words()))?;
    }
    if !view.overrides.is_empty() {
        out.line("\nOverridden")?;
        for of in &view.overrides {
            out.line(&format!("  {}", of.words()))?;
        }
    }
    if !view.standing.withdrawn.is_empty() {
        out.line("\nWithdrawn: no longer computed, kept in history")?;
        let mut grid = Grid::new(&["Period", "Segment", "Was", "Why"]);
        for gone in &view.standing.withdrawn {
            grid.push(vec![
                Field::text(&gone.period),
                Field::text(&gone.segment),
                Field::text(gone.was.clone().unwrap_or_default()),
                Field::text(&gone.reason),
            ]);
        }
        out.rows(&grid)?;
    }
    for dimension in &view.dimensions {
        out.line(&format!("\nBy {} in {}", dimension.dimension.name, view.period))?;
        // The target of all stands above; a column of its own only where segments have their own.
        let has_own = dimension.members.iter().any(|member| member.has_own);
        let has_response = dimension.members.iter().any(|member| member.response.is_some());
        let mut columns = vec!["Segment", "Status", "Value", "Interval", "n"];
        columns.extend(has_own.then_some("Target"));
        columns.extend(has_response.then_some("Response"));
        let mut grid = Grid::new(&columns);
        for member in &dimension.members {
            let target = member.target.as_ref().map(|of| of.target.clone()).unwrap_or_default();
            let target = has_own.then(|| Field::text(target));
            let row = vec![
                Field::text(&member.name),
                Field::status(member.status),
                value_field(&member.value),
                Field::text(member.value.value().map(interval_text).unwrap_or_default()),
                n_field(&member.value),
            ];
            let response = member.response.as_ref().map(|of| of.short()).unwrap_or_default();
            let response = has_response.then(|| Field::text(response));
            grid.push(row.into_iter().chain(target).chain(response).collect());
        }
        out.rows(&grid)?;
        if let Some(note) = &dimension.note {
            out.line(note)?;
        }
    }
    Ok(())
}

/// Columns of [`count_fields`].
pub const ROW_COUNTS: [&str; 8] =
    ["Read", "Out of scope", "Landed", "Accepted", "Superseding", "Quarantined", "Duplicate", "Erased"];

/// What became of rows, in the order of [`ROW_COUNTS`].
pub fn count_fields(of: RowCounts) -> [Field; 8] {
    let RowCounts { read, out_of_scope, accepted, superseding, quarantined, duplicate, erased } = of;
    [read, out_of_scope, of.landed(), accepted, superseding, quarantined, duplicate, erased].map(count)
}

fn count(n: u64) -> Field {
    Field::figure(n.to_string(), Some(n as f64))
}

fn quarantine(which: &ShowQuarantine, facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let ask = |page| {
        let query = QuarantineQuery { source: which.source.clone(), page: Some(page) };
        v1::quarantine(facts, &query)
    };
    let mut found = ask(1)?;
    for page in 2..=found.pages {
        if found.rows.len() as u64 >= which.limit {
            break;
        }
        found.rows.extend(ask(page)?.rows);
    }
    found.rows.truncate(usize::try_from(which.limit).unwrap_or(usize::MAX));
    if out.format == Format::Json {
        return Ok(out.json(&found)?);
    }
    let mut grid = Grid::new(&["Source", "Rule", "Reason", "File", "Row", "Column"]);
    for row in &found.rows {
        grid.push(vec![
            Field::text(&row.source.name),
            Field::text(&row.rule),
            Field::text(&row.reason),
            Field::text(&row.file),
            Field::figure(row.row.to_string(), Some(row.row as f64)),
            Field::text(row.column.clone().unwrap_or_default()),
        ]);
    }
    out.rows(&grid)?;
    if out.format == Format::Table {
        out.line(&format!("{} of {} rows in quarantine", found.rows.len(), found.total))?;
        for rule in &found.rules {
            out.line(&format!("  {:>8}  {} · {}", rule.count, rule.source.name, rule.rule))?;
        }
    }
    Ok(())
}

fn print_node(node: &ExplainNode, depth: usize, out: Output) -> io::Result<()> {
    let indent = "  ".repeat(depth);
    let contribution = node.contribution.as_ref().map(|p| format!("  adds {}", p.text)).unwrap_or_default();
    let weight = match (&node.weight, &node.effective_weight) {
        (Some(weight), Some(effective)) if weight.text != *effective => {
            format!("  weight {} (counts {effective})", weight.text)
        }
        (Some(weight), _) => format!("  weight {}", weight.text),
        (None, _) => String::new(),
    };
    out.line(&format!(
        "{indent}{} {}  {}{weight}{contribution}",
        node.status.shape(),
        node.of.name,
        outcome(&node.score, |p| p.text.clone()),
    ))?;
    for step in &node.steps {
        out.line(&format!("{indent}    {step}"))?;
    }
    node.children.iter().try_for_each(|child| print_node(child, depth + 1, out))
}

/// What moved the score, to the last digit.
pub(super) fn print_bridge(bridge: &Bridge, out: Output) -> io::Result<()> {
    out.line(&format!("\nWhat moved it since {}", bridge.from_label))?;
    let mut grid = Grid::new(&["Effect", "Part", "KPI", "Its score", "Points"]);
    let end = |label: &str, points: &Points| {
        let points = format::points(points.micro, 6);
        vec![
            Field::text(label),
            Field::text(""),
            Field::text(""),
            Field::text(""),
            Field::figure(points, None),
        ]
    };
    grid.push(end(&bridge.from_label, &bridge.from));
    for part in &bridge.parts {
        for kpi in &part.kpis {
            grid.push(vec![
                Field::text(part.effect),
                Field::text(&part.name),
                Field::text(&kpi.kpi.name),
                Field::text(&kpi.score),
                Field::figure(&kpi.points.text, None),
            ]);
        }
    }
    grid.push(end(&bridge.to_label, &bridge.to));
    out.rows(&grid)
}

fn explanation_grid(root: &ExplainNode) -> Grid {
    fn walk(node: &ExplainNode, path: &str, grid: &mut Grid) {
        let path = if path.is_empty() { node.of.id.clone() } else { format!("{path}/{}", node.of.id) };
        grid.push(vec![
            Field::text(&path),
            Field::status(node.status),
            Field::figure("", node.score.value().map(kepi_report::view::Points::as_f64)),
            Field::figure("", node.weight.as_ref().map(|w| f64::from(w.basis_points) / 1e4)),
            Field::figure("", node.contribution.as_ref().map(kepi_report::view::Points::as_f64)),
        ]);
        node.children.iter().for_each(|child| walk(child, &path, grid));
    }
    let mut grid = Grid::new(&["Node", "Status", "Score", "Weight", "Contribution"]);
    walk(root, "", &mut grid);
    grid
}

fn benchmarks(facts: &dyn Facts, out: Output) -> Result<(), Failure> {
    let of = Reporter::new(facts).benchmarks().benchmarks;
    match out.format {
        Format::Json => Ok(out.json(&v1::Benchmarks { benchmarks: of })?),
        Format::Csv => Ok(out.line(kepi_report::benchmarks::table(&of).trim_end())?),
        Format::Table if of.is_empty() => {
            Ok(out.line("no benchmark is on record: a document `benchmark: …` puts one there")?)
        }
        Format::Table => {
            let mut grid = Grid::new(&[
                "Benchmark",
                "Value",
                "N",
                "Evidence",
                "Published",
                "Holds until",
                "Targets of",
                "Measured otherwise",
            ]);
            for benchmark in &of {
                let (kpis, otherwise): (Vec<_>, Vec<_>) = benchmark
                    .targets
                    .iter()
                    .map(|target| {
                        let each = target
                            .otherwise
                            .iter()
                            .map(|o| format!("{} ({}, here {})", o.aspect, o.theirs, o.ours));
                        (target.kpi.clone(), each.collect::<Vec<_>>())
                    })
                    .unzip();
                let otherwise: BTreeSet<String> = otherwise.into_iter().flatten().collect();
                let until = match benchmark.expired {
                    true => format!("{} (expired)", benchmark.expires),
                    false => benchmark.expires.clone(),
                };
                grid.push(vec![
                    Field::text(&benchmark.name),
                    Field::text(&benchmark.value),
                    Field::text(benchmark.n.map_or("–".to_owned(), kepi_report::format::count)),
                    Field::text(&benchmark.grade),
                    Field::text(&benchmark.published),
                    Field::text(until),
                    Field::text(if kpis.is_empty() { "–".to_owned() } else { kpis.join(", ") }),
                    Field::text(if otherwise.is_empty() {
                        "–".to_owned()
                    } else {
                        Vec::from_iter(otherwise).join("; ")
                    }),
                ]);
            }
            Ok(out.rows(&grid)?)
        }
    }
}
