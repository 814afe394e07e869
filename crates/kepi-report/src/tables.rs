//! Cohorts, journeys and stocks as tables for spreadsheets: a row for each figure.

use std::collections::BTreeSet;

use crate::{
    csv,
    facts::Facts,
    reader::ViewError,
    reporter::Reporter,
    trace::plain,
    view::{
        Cell, ClosedView, DirectoryView, DisclosureView, InboxView, ItemRow, LatencyView, LogView, Named,
        OfficialView, Outcome, OwnershipView, PeriodsView, ReadinessView, RegisterView, RowsView, Shade,
    },
};

/// Cohorts by age, every cohort there ever was.
///
/// # Errors
/// There is no such KPI, it is not by age, or nothing of it is computed.
pub fn cohorts(facts: &dyn Facts, id: &str) -> Result<String, ViewError> {
    let view = Reporter::new(facts).all_cohorts(id)?;
    let rows = view.cohorts.iter().flat_map(|cohort| {
        view.ages.iter().zip(&cohort.cells).filter_map(|(age, cell)| {
            let first = vec![view.kpi.id.clone(), cohort.period.clone(), age.to_string()];
            Some([first, figure(cell.as_ref()?)].concat())
        })
    });
    let header = ["kpi", "cohort", "age", "period", "value", "low", "high", "n", "reason", "final"];
    Ok(csv::table(&header, rows))
}

/// Stages of a period: KPIs by stage, and by stage and another dimension.
///
/// # Errors
/// There is no such entity, nothing is by stage, or nothing of it is computed.
pub fn journey(facts: &dyn Facts, id: &str, period: Option<&str>) -> Result<String, ViewError> {
    let view = Reporter::new(facts).whole_journey(Some(id), period)?;
    let mut rows = Vec::new();
    for (place, stage) in view.stages.iter().enumerate() {
        let mut add = |kpi: &Named, dimension: &str, member: &str, cell: &Cell| {
            let first = [&stage.id, &kpi.id, dimension, member].map(str::to_owned);
            rows.push([first.to_vec(), figure(cell)].concat());
        };
        if let Some(funnel) = &view.funnel
            && let Some(step) = funnel.steps.get(place)
        {
            add(&funnel.entries, "", "", &step.entries);
            if let Some((kpi, cell)) = funnel.on.as_ref().zip(step.on.as_ref()) {
                add(kpi, "", "", cell);
            }
        }
        for row in &view.kpis {
            if let Some(Some(cell)) = row.cells.get(place) {
                add(&row.kpi, "", "", cell);
            }
        }
        for map in &view.maps {
            for (member, cell) in map.members.iter().zip(map.rows.get(place).into_iter().flatten()) {
                if let Some(cell) = cell {
                    add(&map.kpi, &map.dimension.id, &member.id, cell);
                }
            }
        }
    }
    let header =
        ["stage", "kpi", "dimension", "member", "period", "value", "low", "high", "n", "reason", "final"];
    Ok(csv::table(&header, rows))
}

/// A stock with what came and went, from the first period on.
///
/// # Errors
/// There is no such KPI, it is no stock, or nothing of it is computed.
pub fn flow(facts: &dyn Facts, id: &str) -> Result<String, ViewError> {
    let view = Reporter::new(facts).whole_flow(id)?;
    let rows = view.flows.iter().map(|flow| {
        let amounts = match &flow.amounts {
            Outcome::Value(of) => {
                [&of.opening, &of.came, &of.went, &of.closing].map(|a| a.0.to_string()).to_vec()
            }
            Outcome::Reason(_) => vec![String::new(); 4],
        };
        let reason = flow.amounts.reason().map(|reason| reason.text.clone()).unwrap_or_default();
        [vec![view.kpi.id.clone(), flow.period.clone()], amounts, vec![reason, flow.complete.to_string()]]
            .concat()
    });
    Ok(csv::table(&["kpi", "period", "opening", "came", "went", "closing", "reason", "final"], rows))
}

/// The rows behind a value: what was read of each in a column of its own.
pub fn rows(view: &RowsView) -> String {
    let terms = || view.traced.iter().flat_map(|of| &of.terms);
    let names: BTreeSet<&String> =
        terms().flat_map(|term| term.rows.iter().flat_map(|row| row.read.keys())).collect();
    let header = ["term", "entity", "key", "date", "left_out", "source", "file", "row", "hit", "moves"];
    let header: Vec<&str> = header.into_iter().chain(names.iter().map(|name| name.as_str())).collect();
    let lines = terms().flat_map(|term| term.rows.iter().map(move |row| (term, row))).map(|(term, row)| {
        let mut cells = vec![
            term.term.clone(),
            term.entity.clone(),
            row.key.clone(),
            row.date.clone(),
            row.left_out.clone().unwrap_or_default(),
            row.source.clone().unwrap_or_default(),
            row.file.clone().unwrap_or_default(),
            row.row.map(|row| row.to_string()).unwrap_or_default(),
            row.hit.map(|hit| hit.to_string()).unwrap_or_default(),
            row.moves.map(|moves| moves.to_string()).unwrap_or_default(),
        ];
        cells.extend(names.iter().map(|name| row.read.get(*name).map(plain).unwrap_or_default()));
        cells
    });
    csv::table(&header, lines)
}

/// What waits, and with `all` what has ended.
pub fn items(view: &InboxView) -> String {
    let of = |rows: &[ItemRow], place: &str| -> Vec<Vec<String>> {
        let cells = |row: &ItemRow| {
            vec![
                row.number.to_string(),
                place.to_owned(),
                row.kind.clone(),
                row.state.clone(),
                row.title.clone(),
                row.by.join(", "),
                row.waits.join("; "),
                row.opened.clone(),
                row.due.clone().unwrap_or_default(),
                row.ended.clone().unwrap_or_default(),
                row.why.clone().unwrap_or_default(),
            ]
        };
        rows.iter().map(cells).collect()
    };
    let places =
        [(&view.turn, "mine"), (&view.part, "part"), (&view.others, "others"), (&view.ended, "ended")];
    let rows = places.into_iter().flat_map(|(rows, place)| of(rows, place));
    let header =
        ["item", "place", "kind", "state", "title", "by", "waits_for", "opened", "due", "ended", "why"];
    csv::table(&header, rows)
}

/// What is, was or will be in force.
pub fn register(view: &RegisterView) -> String {
    let rows = view.held.iter().map(|of| {
        let (kind, name) = of.touch.id.split_once('/').unwrap_or((&of.touch.id, ""));
        let cells = [kind, name, &of.touch.name, &of.touch.from, &of.at, &of.by];
        cells.into_iter().map(str::to_owned).chain([of.event.to_string()]).collect()
    });
    csv::table(&["kind", "id", "name", "from", "adopted_at", "by", "event"], rows)
}

/// The log: each event a row, the newest first.
pub fn log(view: &LogView) -> String {
    let rows = view.events.iter().map(|of| {
        let cells = [&of.at, &of.by, &of.about, &of.kind, &of.said];
        [of.event.to_string()].into_iter().chain(cells.into_iter().cloned()).collect()
    });
    csv::table(&["event", "at", "by", "about", "kind", "text"], rows)
}

/// Periods: each close a row, and those that are open.
pub fn periods(view: &PeriodsView) -> String {
    let rows = view.periods.iter().flat_map(|of| {
        let frozen: Vec<String> = of.frozen.iter().map(|(item, _)| item.to_string()).collect();
        let own = vec![of.period.clone(), of.from.clone(), of.until.clone(), frozen.join(" ")];
        let none = || [own.clone(), vec![String::new(); 4]].concat();
        let close = |close: &ClosedView| {
            let counts = close.figures.map(|(all, restated)| [all.to_string(), restated.to_string()]);
            let closed = vec![close.version.to_string(), close.at.clone()];
            [own.clone(), closed, counts.unwrap_or_default().to_vec()].concat()
        };
        match of.closed.is_empty() {
            true => vec![none()],
            false => of.closed.iter().map(close).collect(),
        }
    });
    let header =
        ["period", "from", "until", "frozen_by", "version", "closed_at", "official_figures", "restated"];
    csv::table(&header, rows)
}

/// The official figures of a period.
pub fn official(view: &OfficialView) -> String {
    let rows = view.figures.iter().map(|of| {
        let now = of.restated.clone().flatten().unwrap_or_default();
        let official = of.official.clone().unwrap_or_default();
        let own = [of.kpi.id.clone(), of.kpi.name.clone(), view.period.clone(), of.segment.clone(), official];
        let plain =
            [of.official_value, of.restated_value].map(|n| n.map(|n| n.to_string()).unwrap_or_default());
        let late = of.late.clone().unwrap_or_default();
        let kind = if of.is_score { "score" } else { "figure" }.to_owned();
        own.into_iter()
            .chain([of.restated.is_some().to_string(), now])
            .chain(plain)
            .chain([late, kind])
            .collect()
    });
    csv::table(
        &[
            "kpi",
            "name",
            "period",
            "segment",
            "official",
            "restated",
            "now",
            "official_value",
            "now_value",
            "late",
            "kind",
        ],
        rows,
    )
}

/// Period, value, interval, n, reason and whether it is final.
fn figure(cell: &Cell) -> Vec<String> {
    let measured = cell.value.value();
    let interval = measured.and_then(|m| m.interval.value());
    let text = |number: Option<f64>| number.map(|n| n.to_string()).unwrap_or_default();
    vec![
        cell.period.clone(),
        text(measured.map(|m| m.value.raw)),
        text(interval.map(|i| i.low.raw)),
        text(interval.map(|i| i.high.raw)),
        measured.map(|m| m.n.to_string()).unwrap_or_default(),
        cell.value.reason().map(|reason| reason.text.clone()).unwrap_or_default(),
        (cell.shade != Shade::Provisional).to_string(),
    ]
}

fn ids(all: &[Named]) -> String {
    all.iter().map(|of| of.id.as_str()).collect::<Vec<_>>().join("; ")
}

fn id(of: Option<&Named>) -> String {
    of.map(|of| of.id.clone()).unwrap_or_default()
}

/// Who is there, a person a row.
pub fn people(view: &DirectoryView) -> String {
    let header = [
        "person",
        "name",
        "role",
        "reports_to",
        "dotted_to",
        "substitute",
        "away_until",
        "manages",
        "seats",
        "accountable",
        "responsible",
        "sources",
        "items",
        "overdue",
    ];
    let rows = view.persons.iter().map(|of| {
        let seats = of.seats.iter().map(|(unit, who)| format!("{} for {}", unit.id, who.id));
        let count = |n: Option<usize>| n.map(|n| n.to_string()).unwrap_or_default();
        vec![
            of.person.id.clone(),
            of.person.name.clone(),
            of.role.clone().unwrap_or_default(),
            id(of.reports_to.as_ref()),
            id(of.dotted_to.as_ref()),
            id(of.substitute.as_ref()),
            of.away_until.clone().unwrap_or_default(),
            ids(&of.manages),
            seats.collect::<Vec<_>>().join("; "),
            ids(&of.accountable),
            of.responsible.to_string(),
            of.sources.to_string(),
            count(of.items.map(|(open, _)| open)),
            count(of.items.map(|(_, overdue)| overdue)),
        ]
    });
    csv::table(&header, rows)
}

/// How far each unit is with a period, a unit a row.
pub fn readiness(view: &ReadinessView) -> String {
    let header = [
        "period",
        "unit",
        "name",
        "state",
        "otherwise",
        "figures",
        "provisional",
        "asked",
        "in_time",
        "statements",
    ];
    let count = |of: Option<usize>| of.map_or(String::new(), |of| of.to_string());
    let rows = view.units.iter().map(|of| {
        let statements =
            of.statements.iter().map(|said| format!("{}: {} ({})", said.source, said.state, said.by));
        vec![
            view.period.clone(),
            of.unit.clone().unwrap_or_default(),
            of.name.clone(),
            of.state.to_owned(),
            of.otherwise.unwrap_or_default().to_owned(),
            count(of.figures),
            count(of.provisional),
            of.asked.to_string(),
            of.in_time.to_string(),
            statements.collect::<Vec<_>>().join("; "),
        ]
    });
    csv::table(&header, rows)
}

/// What is withheld of disclosures, a decision a row.
pub fn withheld(view: &DisclosureView) -> String {
    let header = ["withholding", "name", "of", "withheld", "duty", "why", "owner", "since", "until"];
    let rows = view.withheld.iter().map(|of| {
        vec![
            of.of.id.clone(),
            of.of.name.clone(),
            of.from.iter().map(|of| of.id.clone()).collect::<Vec<_>>().join("; "),
            of.withheld.join("; "),
            of.duty.clone(),
            of.why.clone(),
            of.owner.as_ref().map(|person| person.name.clone()).unwrap_or_default(),
            of.since.clone(),
            of.until.clone().unwrap_or_default(),
        ]
    });
    csv::table(&header, rows)
}

/// Who answers for what, a duty a row, with the codes of what is missing.
pub fn ownership(view: &OwnershipView) -> String {
    let header = [
        "of",
        "name",
        "accountable",
        "role",
        "acts",
        "responsible",
        "consulted",
        "informed",
        "units",
        "missing",
    ];
    let rows = view.duties.iter().map(|of| {
        let units = of.units.iter().map(|(unit, by)| format!("{}: {}", unit.id, by.id));
        let missing = view.gaps.iter().filter(|gap| gap.of == of.of).map(|gap| gap.code);
        vec![
            of.of.clone(),
            of.name.clone(),
            id(of.accountable.as_ref()),
            id(of.role.as_ref()),
            id(of.acts.as_ref()),
            ids(&of.responsible),
            ids(&of.consulted),
            ids(&of.informed),
            units.collect::<Vec<_>>().join("; "),
            missing.collect::<Vec<_>>().join("; "),
        ]
    });
    csv::table(&header, rows)
}

/// How long what waited took, a step of a row each.
pub fn latency(view: &LatencyView) -> String {
    let header = [
        "by",
        "id",
        "name",
        "items",
        "step",
        "of",
        "open",
        "median_seconds",
        "low_seconds",
        "high_seconds",
        "reason",
    ];
    let mut rows = Vec::new();
    for group in &view.groups {
        for of in &group.rows {
            for step in &of.steps {
                let (median, low, high, reason) = match &step.median {
                    Ok((median, low, high)) => {
                        (median.to_string(), low.to_string(), high.map(|of| of.to_string()), String::new())
                    }
                    Err(why) => (String::new(), String::new(), None, why.clone()),
                };
                rows.push(vec![
                    group.by.to_owned(),
                    of.id.clone(),
                    of.name.clone(),
                    of.items.to_string(),
                    step.step.to_owned(),
                    step.of.to_string(),
                    step.open.to_string(),
                    median,
                    low,
                    high.unwrap_or_default(),
                    reason,
                ]);
            }
        }
    }
    csv::table(&header, rows)
}
