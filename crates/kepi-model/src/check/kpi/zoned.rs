//! KPIs as scorecards of other zones read them: each a KPI of its own, whose days and periods begin there.
//!
//! They are read once more from what is written, so that days in their conditions are days of that zone, too.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::{super::Context, Surroundings, read_all};
use crate::{
    calendar::Calendar,
    codes,
    decode::Placed,
    definitions as written,
    derived::{Derivation, Made, Rows},
    entity::Entity,
    expression::{Expression, Node, Path, Type},
    findings::Findings,
    id::{EntityId, KpiId, ScorecardId},
    measure::{Reading, Zoned},
    project::{Kpi, Scorecard},
};

/// Adds what scorecards of other zones read, and lets them read it.
pub(in crate::check) fn read(
    documents: &[Placed<written::Kpi>],
    around: &Surroundings<'_>,
    (kpis, scorecards): (&mut BTreeMap<KpiId, Kpi>, &mut BTreeMap<ScorecardId, Scorecard>),
    context: &mut Context<'_>,
) {
    let own = &around.calendar.zone;
    let zones: BTreeSet<String> =
        scorecards.values().filter_map(|of| of.time_zone.clone()).filter(|zone| zone != own).collect();
    for name in zones {
        let Ok(zone) = TimeZone::get(&name) else { continue };
        let calendar = Calendar { zone: name.clone(), ..around.calendar.clone() };
        let there = Surroundings { calendar: &calendar, zone: &zone, ..*around };
        // What is wrong with them was said when they were read first.
        let mut said = Findings::default();
        let mut again = Context { findings: &mut said, ..*context };
        let all = read_all(documents, &there, &mut again);
        for scorecard in scorecards.values_mut().filter(|of| of.time_zone.as_ref() == Some(&name)) {
            let at = scorecard.span;
            let earlier = scorecard.earlier.iter_mut().flat_map(|of| &mut of.perspectives);
            let perspectives = scorecard.perspectives.iter_mut().chain(earlier);
            for (id, _) in perspectives.flat_map(|of| &mut of.objectives).flat_map(|of| &mut of.kpis) {
                let Some(kpi) = all.get(id) else { continue };
                match dated(kpi, around.entities) {
                    // A day is that day wherever somebody looks at it.
                    Dated::Days => {}
                    Dated::Both(what) => {
                        context
                            .report(
                                codes::ZONE,
                                at,
                                format!("`{id}` reads days of {what}, which begin in {own}, beside instants, of which {name} makes days"),
                            )
                            .related(kpi.span, "the KPI");
                    }
                    Dated::Instants => {
                        let Some(named) = named(id, &name) else {
                            let message = format!("the name `{id}` is too long to be read in another zone");
                            context.report(codes::ZONE, at, message).related(kpi.span, "the KPI");
                            continue;
                        };
                        kpis.entry(named.clone()).or_insert_with(|| zoned(kpi, &named, &name));
                        *id = named;
                    }
                }
            }
        }
    }
}

/// What it is called there: `nps` in Asia/Tokyo is `nps__asia_tokyo`.
fn named(id: &KpiId, zone: &str) -> Option<KpiId> {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let zone: String = zone.chars().map(word).collect();
    format!("{id}__{zone}").parse().ok()
}

fn zoned(kpi: &Kpi, named: &KpiId, zone: &str) -> Kpi {
    let one = |of: &Kpi| Kpi {
        id: named.clone(),
        name: format!("{} ({zone})", of.name),
        zoned: Some(Zoned { zone: zone.to_owned(), of: of.id.clone() }),
        ..of.clone()
    };
    Kpi { earlier: kpi.earlier.iter().map(one).collect(), ..one(kpi) }
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
