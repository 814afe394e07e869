//! KPIs as scorecards of other calendars read them: each a KPI of its own, whose days begin in that zone, and whose weeks, months
//! and years are made as there.
//!
//! They are read once more from what is written, so that days in their conditions are days of that zone, too.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::{super::Context, Surroundings, read_all};
use crate::{
    calendar::{Begins, Calendar},
    codes,
    decode::Placed,
    definitions as written,
    derived::{Derivation, Made, Rows, last_by},
    entity::Entity,
    expression::{Expression, Node, Path, Type},
    findings::Findings,
    id::{EntityId, KpiId, ScorecardId},
    measure::{Elsewhere, Reading},
    project::{Kpi, Measure, Scorecard},
    word::Word,
};

/// Adds what scorecards of other calendars read, and lets them read it.
pub(in crate::check) fn read(
    documents: &[Placed<written::Kpi>],
    around: &Surroundings<'_>,
    (kpis, scorecards): (&mut BTreeMap<KpiId, Kpi>, &mut BTreeMap<ScorecardId, Scorecard>),
    context: &mut Context<'_>,
) {
    let own = around.calendar;
    let mut calendars: Vec<Calendar> = Vec::new();
    for scorecard in scorecards.values().filter(|of| of.calendar != *own) {
        if !calendars.contains(&scorecard.calendar) {
            calendars.push(scorecard.calendar.clone());
        }
    }
    for calendar in calendars {
        let elsewhere = all_by(&calendar, documents, around, context);
        let is_of_days = calendar.zone != own.zone && calendar.fiscal() != own.fiscal();
        // Days that landed as days begin in the project's zone whoever looks at them.
        let by_days = own.with(calendar.fiscal());
        let of_days = if is_of_days { all_by(&by_days, documents, around, context) } else { BTreeMap::new() };
        for scorecard in scorecards.values_mut().filter(|of| of.calendar == calendar) {
            let at = scorecard.span;
            let earlier = scorecard.earlier.iter_mut().flat_map(|of| &mut of.perspectives);
            let perspectives = scorecard.perspectives.iter_mut().chain(earlier);
            let ids = perspectives.flat_map(|of| &mut of.objectives).flat_map(|of| {
                let apart = of.segments.iter_mut().flat_map(|of| &mut of.kpis);
                of.kpis.iter_mut().chain(apart).map(|(id, _)| id).chain(&mut of.weigh_by)
            });
            for id in ids {
                let Some(kpi) = elsewhere.get(id) else { continue };
                if let Some(entered) = entered(kpi, own, &calendar) {
                    context
                        .report(codes::ELSEWHERE, at, format!("`{id}` reads {entered}, of which the scorecard's calendar has none"))
                        .related(kpi.span, "the KPI")
                        .fix("leave the KPI to a scorecard of the project's calendar, or enter the figure for another KPI, by day");
                    continue;
                }
                let (kpi, by) = match dated(kpi, around.entities) {
                    // A day is that day wherever somebody looks at it.
                    Dated::Days if calendar.fiscal() == own.fiscal() => continue,
                    Dated::Days => (of_days.get(id).unwrap_or(kpi), &by_days),
                    Dated::Both(what) if calendar.zone != own.zone => {
                        let (own, name) = (&own.zone, &calendar.zone);
                        context
                            .report(
                                codes::ELSEWHERE,
                                at,
                                format!("`{id}` reads days of {what}, which begin in {own}, beside instants, of which {name} makes days"),
                            )
                            .related(kpi.span, "the KPI");
                        continue;
                    }
                    Dated::Both(_) | Dated::Instants => (kpi, &calendar),
                };
                let Some(named) = named(id, own, by) else {
                    let message = format!("the name `{id}` is too long to be read in another calendar");
                    context.report(codes::ELSEWHERE, at, message).related(kpi.span, "the KPI");
                    continue;
                };
                kpis.entry(named.clone()).or_insert_with(|| computed(kpi, &named, own, by));
                *id = named;
            }
        }
    }
}

/// All KPIs as they are read by a calendar.
fn all_by(
    calendar: &Calendar,
    documents: &[Placed<written::Kpi>],
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<KpiId, Kpi> {
    let Ok(zone) = TimeZone::get(&calendar.zone) else { return BTreeMap::new() };
    let mut entities = around.entities.clone();
    last_by(calendar, &mut entities);
    let there = Surroundings { calendar, zone: &zone, entities: &entities, ..*around };
    // What is wrong with them was said when they were read first, but for what is wrong by this calendar alone.
    let mut said = Findings::default();
    let all = read_all(documents, &there, &mut Context { findings: &mut said, ..*context });
    context.findings.add_errors(said);
    all
}

/// How a calendar differs from the project's, each in a word.
fn differences(own: &Calendar, by: &Calendar) -> Vec<String> {
    let mut all = Vec::new();
    if by.zone != own.zone {
        all.push(by.zone.clone());
    }
    if by.weeks != own.weeks {
        all.push(by.weeks.map_or_else(|| "months".to_owned(), |weeks| weeks.pattern.word().to_owned()));
        let is_last = by.weeks.is_some_and(|weeks| weeks.begins == Begins::Last);
        all.extend(is_last.then(|| Begins::Last.word().to_owned()));
    }
    if by.fiscal_year_start != own.fiscal_year_start {
        let month = written::Month::MEMBERS.get(usize::from(by.fiscal_year_start) - 1);
        all.extend(month.map(|month| capital(month.word())));
    }
    if by.week_start != own.week_start {
        let day = written::Weekday::MEMBERS.get(usize::from(by.week_start));
        all.extend(day.map(|day| capital(day.word())));
    }
    all
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    format!("{}{rest}", first.to_uppercase())
}

/// What it is called there: `nps` in Asia/Tokyo is `nps__asia_tokyo`, by 4-4-5 from February `nps__4_4_5_february`.
fn named(id: &KpiId, own: &Calendar, by: &Calendar) -> Option<KpiId> {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let by: String = differences(own, by).join("_").chars().map(word).collect();
    format!("{id}__{by}").parse().ok()
}

fn computed(kpi: &Kpi, named: &KpiId, own: &Calendar, by: &Calendar) -> Kpi {
    let differences = differences(own, by).join(", ");
    let one = |of: &Kpi| Kpi {
        id: named.clone(),
        name: format!("{} ({differences})", of.name),
        elsewhere: Some(Elsewhere { calendar: by.clone(), of: of.id.clone() }),
        ..of.clone()
    };
    Kpi { earlier: kpi.earlier.iter().map(one).collect(), ..one(kpi) }
}

/// Of what is computed of figures that people enter by other periods than a calendar has: which.
fn entered(kpi: &Kpi, own: &Calendar, by: &Calendar) -> Option<String> {
    let is_entered = matches!(kpi.measure, Measure::Entered(_));
    if is_entered && own.fiscal().of(kpi.period) != by.fiscal().of(kpi.period) {
        return Some(format!("`{}`, which people enter by the {} of the project", kpi.id, kpi.period.word()));
    }
    kpi.measure.kind().inputs().into_iter().find_map(|input| entered(&input.kpi, own, by))
}

/// By what rows of a KPI are put into periods.
enum Dated {
    Days,
    Instants,
    /// By both, and what has days.
    Both(String),
}

fn dated(kpi: &Kpi, entities: &BTreeMap<EntityId, Entity>) -> Dated {
    let mut found = (None, false);
    look(kpi, entities, &mut found);
    match found {
        (Some(days), true) => Dated::Both(days),
        (Some(_), false) => Dated::Days,
        (None, _) => Dated::Instants,
    }
}

/// An attribute that holds days, and whether there are instants.
fn look(kpi: &Kpi, entities: &BTreeMap<EntityId, Entity>, found: &mut (Option<String>, bool)) {
    let mut see = |base: &EntityId, path: &Path| match days(base, path, entities) {
        Some(name) => found.0 = Some(name),
        None => found.1 = true,
    };
    for of in kpi.wordings() {
        for Reading { rows, .. } in of.measure.kind().readings() {
            see(&rows.of, &rows.at);
        }
        for made in &of.made {
            let Made::Attribute(id, attribute) = made else { continue };
            let Some(Derivation::Gathered(gathered)) = entities.get(id).and_then(|e| e.derivation(attribute))
            else {
                continue;
            };
            // What is gathered over the periods of a panel is held against where these begin.
            let in_panel =
                entities.get(id).and_then(|e| e.rows.as_ref()).is_some_and(|rows| rows.panel().is_some());
            if let (true, Expression { node: Node::Path(path), .. }) = (in_panel, &gathered.dated) {
                see(&gathered.of, path);
            }
        }
    }
    kpi.measure.kind().inputs().into_iter().for_each(|input| look(&input.kpi, entities, found));
}

/// The attribute that a path leads to, if it holds days that landed.
fn days(base: &EntityId, path: &Path, entities: &BTreeMap<EntityId, Entity>) -> Option<String> {
    let last = path.references.last().map_or(base, |(_, next)| next);
    let entity = entities.get(last)?;
    let is_panel = matches!(entity.rows, Some(Rows::Panel(_)));
    let holds_days = entity.attribute(&path.attribute).is_some_and(|of| of.type_ == Type::Date);
    (holds_days && !is_panel).then(|| format!("`{}.{}`", entity.id, path.attribute))
}
