//! Whether somebody could act: lines that end somewhere, and alerts that can be raised and reach somebody.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Context, rule};
use crate::{
    acting::{Alert, Ladder, Rung, Severity, Signal},
    codes,
    decode::{Either, Field, Keyed, Placed},
    definitions as written,
    id::{AlertId, KpiId, LadderId, PersonId},
    project::{Kpi, Person},
    source_text::Span,
};

/// Nobody reports to herself, however far up, and nobody substitutes for herself. Two who stand in for each other are away at different times; if not, the
/// line goes on.
pub(super) fn lines(
    written: &[Placed<written::Person>],
    persons: &BTreeMap<PersonId, Person>,
    context: &mut Context<'_>,
) {
    let changes = persons.values().flat_map(|of| &of.reports_to).filter_map(|line| line.from);
    let days: BTreeSet<Date> = changes.chain([Date::MIN]).collect();
    for person in written.iter().map(|person| &person.value) {
        let Some(id) = person.person.get().and_then(|name| name.id.as_ref()) else { continue };
        for field in [&person.reports_to, &person.dotted_to] {
            one_a_day(field, context);
        }
        // Where lines change, each of their days may lead back.
        let superiors = days.iter().find_map(|day| circle(id, persons, |of| of.reports_to(*day)));
        let substitutes = circle(id, persons, |of| of.substitute.as_ref()).filter(|way| way.len() <= 2);
        for (at, way) in [(person.reports_to.span, superiors), (person.substitute.span, substitutes)] {
            let Some(way) = way else { continue };
            let names: Vec<&str> = way.iter().map(|id| id.as_str()).collect();
            context
                .report(codes::LINES, at, format!("this leads back: {}", names.join(" → ")))
                .fix("let the line end with somebody");
        }
        for absence in person.away.items() {
            let (from, until) = (absence.value.from.get(), absence.value.until.get());
            if let (Some(from), Some(until)) = (from, until)
                && from >= until
            {
                let at = absence.value.until.span;
                let message =
                    format!("`until` is the first day back, which {until} is not if it begins on {from}");
                context.report(codes::LINES, at, message).fix("write the day after the last one away");
            }
        }
    }
}

/// On each day there is at most one line, and none ends before it begins.
fn one_a_day(field: &Field<written::ReportingLines>, context: &mut Context<'_>) {
    let Some(Either::That(lines)) = field.get() else { return };
    let ends = |of: &written::ReportingLine| {
        (of.from.cloned().unwrap_or(Date::MIN), of.until.cloned().unwrap_or(Date::MAX))
    };
    for (at, line) in lines.iter().enumerate() {
        let (from, until) = ends(&line.value);
        if from >= until {
            let message =
                format!("`until` is the first day without it, which {until} is not if it begins on {from}");
            context
                .report(codes::LINES, line.value.until.span, message)
                .fix("write the day after the last one");
        }
        let meets = |other: &&Placed<written::ReportingLine>| {
            let (begins, ends) = ends(&other.value);
            begins < until && from < ends
        };
        if let Some(other) = lines.iter().take(at).find(meets) {
            context
                .report(codes::LINES, line.span, "on one day this leads to two")
                .related(other.span, "the other line")
                .fix("let one end where the other begins");
        }
    }
}

/// The way from somebody back to herself, told at the least of those on it.
fn circle<'a>(
    start: &'a PersonId,
    persons: &'a BTreeMap<PersonId, Person>,
    next: impl Fn(&'a Person) -> Option<&'a PersonId>,
) -> Option<Vec<&'a PersonId>> {
    let mut way = vec![start];
    let mut seen = BTreeSet::from([start]);
    loop {
        let to = next(persons.get(*way.last()?)?)?;
        way.push(to);
        if to == start {
            return (seen.first() == Some(&start)).then_some(way);
        }
        if !seen.insert(to) {
            return None;
        }
    }
}

/// Reads all alerts.
pub(super) fn alerts(
    all: &[Placed<written::Alert>],
    kpis: &BTreeMap<KpiId, Kpi>,
    somebody: bool,
    context: &mut Context<'_>,
) -> BTreeMap<AlertId, Alert> {
    let mut alerts = BTreeMap::new();
    let mut places: BTreeMap<AlertId, Span> = BTreeMap::new();
    for written in all.iter().map(|alert| &alert.value) {
        let Some(id) = written.alert.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.alert.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::ALERT, at, format!("there is another alert `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        if !somebody {
            context
                .report(codes::ALERT, at, "nobody could act on it: the project has no person")
                .fix("write who answers for what: `person: …`, and `accountable: …` at the KPIs");
        }
        let Some(alert) = one(id, written, kpis, context) else { continue };
        let aims = |kpi: &KpiId| kpis.get(kpi).is_none_or(|kpi| kpi.aims());
        if alert.on == BTreeSet::from([Signal::Red]) && !alert.kpis.is_empty() && !alert.kpis.iter().any(aims)
        {
            context
                .report(
                    codes::ALERT,
                    written.kpis.span,
                    "none of these KPIs has a target, so none is ever red",
                )
                .fix("give one of them `targets`, or write `on: [beyond]`");
        }
        if alert.on.contains(&Signal::Bound) && alert.bounds.is_empty() {
            context
                .report(codes::ALERT, written.on.span, "`bound` never comes: no bound is said")
                .fix("say what a KPI may be, such as `bounds: {nps: {at_least: 30}}`");
        }
        for Keyed { key, span, .. } in written.bounds.items() {
            let Some(kpi) = key.as_ref().filter(|kpi| !alert.kpis.is_empty() && !alert.kpis.contains(*kpi))
            else {
                continue;
            };
            context
                .report(codes::ALERT, *span, format!("`{kpi}` is none of the alert's `kpis`"))
                .fix(format!("add `{kpi}` to `kpis`"));
        }
        alerts.insert(alert.id.clone(), alert);
    }
    alerts
}

fn one(
    id: AlertId,
    written: &written::Alert,
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) -> Option<Alert> {
    let mut bounds = BTreeMap::new();
    for Keyed { key, span, value, .. } in written.bounds.items() {
        // A KPI that is not there or broken has its own finding.
        let (Some(kpi), Some(of)) = (key.as_ref().and_then(|id| kpis.get(id)), value) else { continue };
        let found = rule::bound(&of.at_least, &of.at_most, kpi, *span, codes::ALERT, context);
        bounds.extend(found.map(|bound| (kpi.id.clone(), bound)));
    }
    let whole = |number: Option<i64>| number.and_then(|number| u16::try_from(number).ok());
    let worth = written.worth.items().iter();
    let worth = worth.filter_map(|of| Some((of.key.clone()?, whole(Some(of.value.as_ref()?.0))?)));
    Some(Alert {
        id,
        name: written.name.cloned()?,
        on: written.on.values().into_iter().collect(),
        kpis: written.kpis.values().into_iter().collect(),
        by_unit: written.by_unit.cloned()?,
        bounds,
        capacity: whole(written.capacity.get().map(|n| n.0)),
        worth: worth.collect(),
        persistence: whole(written.persistence.get().map(|n| n.0))?,
        clear: whole(written.clear.get().map(|n| n.0))?,
        severity: written.severity.cloned()?,
        ladder: written.ladder.cloned(),
    })
}

/// Reads all ladders.
pub(super) fn ladders(
    all: &[Placed<written::Ladder>],
    context: &mut Context<'_>,
) -> BTreeMap<LadderId, Ladder> {
    let mut ladders = BTreeMap::new();
    let mut severities: BTreeMap<Severity, Span> = BTreeMap::new();
    for written in all.iter().map(|ladder| &ladder.value) {
        let Some(id) = written.ladder.get().and_then(|name| name.id.clone()) else { continue };
        if let Some(severity) = written.severity.get()
            && let Some(first) = severities.insert(*severity, written.severity.span)
        {
            context
                .report(
                    codes::LADDER,
                    written.severity.span,
                    format!("another ladder is that of severity `{}`", severity.word()),
                )
                .related(first, "the other one")
                .fix("leave `severity` out of one of them; alerts name it by `ladder`");
        }
        if written.rungs.is_written() && written.rungs.items().is_empty() {
            context
                .report(codes::LADDER, written.rungs.span, "it has no rung")
                .fix("write who is told, such as `[{to: coo, hours: 4}]`, or leave the ladder out");
        }
        let whole = |n: i64| u16::try_from(n).ok();
        let rung = |of: &Placed<written::Rung>| {
            Some(Rung {
                to: of.value.to.cloned(),
                hours: whole(of.value.hours.get()?.0)?,
                lasts: of.value.lasts.get().and_then(|n| whole(n.0)),
            })
        };
        let Some(name) = written.name.cloned() else { continue };
        let rungs = written.rungs.items().iter().filter_map(rung).collect();
        ladders.insert(id.clone(), Ladder { id, name, severity: written.severity.cloned(), rungs });
    }
    ladders
}
