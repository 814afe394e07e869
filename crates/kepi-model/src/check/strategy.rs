//! The strategy: objectives in perspectives, and how they work on each other.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::{
    codes,
    decode::{Field, Keyed, Map, Name, Placed},
    definitions::{self as written, Definitions},
    id::ObjectiveId,
    project::{CauseEffect, Goal, Indicator, Objective, Perspective, Pillar, Strategy, Theme},
    source_text::Span,
};

/// Reads the strategy, if there is one.
pub(super) fn read(strategies: &[Placed<written::Strategy>], context: &mut Context<'_>) -> Option<Strategy> {
    let (first, others) = strategies.split_first()?;
    let written = &first.value;
    for other in others {
        context
            .report(codes::STRATEGY_COUNT, other.value.strategy.span, "there is more than one strategy")
            .related(written.strategy.span, "the first one")
            .fix("bring them together in one document");
    }
    let objectives = each(&written.objectives, |id, o| {
        Some(Objective {
            id,
            name: o.name.cloned()?,
            description: o.description.cloned(),
            perspective: o.perspective.cloned()?,
            pillar: o.pillar.cloned(),
            theme: o.theme.cloned(),
            owner: o.owner.cloned(),
        })
    });
    same_objective(written, &objectives, context);
    let links = links(written, context);
    Some(Strategy {
        id: written.strategy.get()?.id.clone()?,
        mission: written.mission.cloned()?,
        pillars: each(&written.pillars, |id, p| {
            Some(Pillar { id, name: p.name.cloned()?, themes: p.themes.values() })
        }),
        themes: each(&written.themes, |id, t| Some(Theme { id, name: t.name.cloned()? })),
        goals: each(&written.goals, |id, g| {
            Some(Goal { id, name: g.name.cloned()?, measured_by: g.measured_by.cloned() })
        }),
        perspectives: each(&written.perspectives, |id, p| Some(Perspective { id, name: p.name.cloned()? })),
        objectives,
        links,
    })
}

/// The entries of a map of things that are named here.
fn each<I: Clone, T, R>(map: &Field<Map<Name<I>, T>>, read: impl Fn(I, &T) -> Option<R>) -> Vec<R> {
    let entry = |e: &Keyed<Name<I>, T>| read(e.key.as_ref()?.id.clone()?, e.value.as_ref()?);
    map.items().iter().filter_map(entry).collect()
}

/// Where each objective is written.
fn objective_places(written: &written::Strategy) -> BTreeMap<&str, Span> {
    written.objectives.items().iter().map(|e| (e.text.as_str(), e.span)).collect()
}

/// One aim under two perspectives.
fn same_objective(written: &written::Strategy, objectives: &[Objective], context: &mut Context<'_>) {
    let mut names: BTreeMap<String, &Objective> = BTreeMap::new();
    let places = objective_places(written);
    let place = |id: &ObjectiveId| places.get(id.as_str()).copied().unwrap_or(written.span);
    for objective in objectives {
        match names.get(&objective.name.to_lowercase()) {
            Some(first) if first.perspective != objective.perspective => {
                context
                    .report(
                        codes::OBJECTIVE_TWICE,
                        place(&objective.id),
                        format!(
                            "`{}` stands in {} and in {}",
                            objective.name, first.perspective, objective.perspective
                        ),
                    )
                    .related(place(&first.id), "the other one")
                    .fix("keep it where it belongs, and link it to what it works on");
            }
            Some(_) => {}
            None => {
                names.insert(objective.name.to_lowercase(), objective);
            }
        }
    }
}

fn links(written: &written::Strategy, context: &mut Context<'_>) -> Vec<CauseEffect> {
    let mut links = Vec::new();
    let mut edges: BTreeMap<ObjectiveId, BTreeSet<ObjectiveId>> = BTreeMap::new();
    for link in written.links.items().iter().map(|l| &l.value) {
        let (Some(from), Some(to)) = (link.from.cloned(), link.to.cloned()) else { continue };
        if from == to {
            context
                .report(codes::LINK_TO_ITSELF, link.to.span, format!("`{from}` is linked to itself"))
                .fix("name the objective that it works on");
            continue;
        }
        // The way back that this link closes, if there is one.
        if let Some(way) = way(&edges, &to, &from) {
            let shown: Vec<String> = std::iter::once(&from).chain(&way).map(ToString::to_string).collect();
            context
                .report(
                    codes::LINK_CYCLE,
                    link.span,
                    format!("effects run in a circle: {}", shown.join(" → ")),
                )
                .fix("remove the weakest link, or give the links a lag and keep the circle knowingly");
        }
        edges.entry(from.clone()).or_default().insert(to.clone());
        let Some(sign) = link.sign.cloned() else { continue };
        links.push(CauseEffect {
            from,
            to,
            sign,
            lag: link.lag.get().map(|lag| (lag.0, lag.1)),
            strength: link.strength.cloned(),
            why: link.why.cloned(),
        });
    }
    links
}

/// A way along the edges, both ends included.
fn way(
    edges: &BTreeMap<ObjectiveId, BTreeSet<ObjectiveId>>,
    from: &ObjectiveId,
    to: &ObjectiveId,
) -> Option<Vec<ObjectiveId>> {
    let mut before: BTreeMap<&ObjectiveId, &ObjectiveId> = BTreeMap::new();
    let mut open = vec![from];
    while let Some(here) = open.pop() {
        if here == to {
            let mut way = vec![to.clone()];
            let mut at = to;
            while let Some(previous) = before.get(at) {
                way.push((*previous).clone());
                at = previous;
            }
            way.reverse();
            return Some(way);
        }
        for next in edges.get(here).into_iter().flatten() {
            if next != from && !before.contains_key(next) {
                before.insert(next, here);
                open.push(next);
            }
        }
    }
    None
}

/// What objectives and KPIs say of each other.
pub(super) fn together(definitions: &Definitions, strategy: Option<&Strategy>, context: &mut Context<'_>) {
    let (Some(strategy), Some(written)) = (strategy, definitions.strategies.first()) else { return };
    // Also KPIs whose definition is broken serve their objective.
    let mut serving: BTreeMap<&ObjectiveId, Vec<&written::Kpi>> = BTreeMap::new();
    for kpi in definitions.kpis.iter().map(|k| &k.value) {
        if let Some(objective) = kpi.objective.get() {
            serving.entry(objective).or_default().push(kpi);
        }
    }
    let places = objective_places(&written.value);
    for objective in &strategy.objectives {
        let at = places.get(objective.id.as_str()).copied().unwrap_or(written.value.span);
        let own = serving.get(&objective.id).map(Vec::as_slice).unwrap_or_default();
        if own.is_empty() {
            context
                .report(
                    codes::OBJECTIVE_WITHOUT_KPI,
                    at,
                    format!("no KPI serves the objective `{}`", objective.id),
                )
                .fix(format!("add `objective: {}` to a KPI", objective.id));
            continue;
        }
        if own.iter().all(|k| k.indicator.get() == Some(&Indicator::Lagging)) {
            context
                .report(
                    codes::ONLY_LAGGING,
                    at,
                    format!("all KPIs of the objective `{}` are lagging", objective.id),
                )
                .fix("add a leading KPI: something that moves before the outcome does");
        }
    }
}
