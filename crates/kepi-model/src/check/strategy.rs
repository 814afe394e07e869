//! The strategy: objectives in perspectives, and how they work on each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, codes, id, ids, name_place, of_kind, place, text};
use crate::{
    id::ObjectiveId,
    lexical,
    project::{CauseEffect, Goal, Objective, Perspective, Pillar, Sign, Strategy, Strength, Theme},
    source_text::Span,
    yaml::{Document, Entry, Node},
};

fn entries<'a>(root: &'a Node, field: &str) -> &'a [Entry] {
    root.get(field).map(Node::entries).unwrap_or_default()
}

/// Reads the strategy, if there is one.
pub(super) fn read(documents: &[Document], context: &mut Context<'_>) -> Option<Strategy> {
    let mut all = of_kind(documents, "strategy");
    let first = all.next()?;
    for other in all {
        context
            .findings
            .report(codes::STRATEGY_COUNT, name_place(&other.root), "there is more than one strategy")
            .related(name_place(&first.root), "the first one")
            .fix("bring them together in one document");
    }
    let root = &first.root;
    let objectives: Vec<Objective> = entries(root, "objectives")
        .iter()
        .filter_map(|e| {
            Some(Objective {
                id: e.key.parse().ok()?,
                name: text(&e.value, "name")?,
                description: text(&e.value, "description"),
                perspective: id(&e.value, "perspective")?,
                pillar: id(&e.value, "pillar"),
                theme: id(&e.value, "theme"),
                owner: id(&e.value, "owner"),
            })
        })
        .collect();
    same_objective(root, &objectives, context);
    let links = links(root, context);
    Some(Strategy {
        id: id(root, "strategy")?,
        mission: text(root, "mission")?,
        pillars: entries(root, "pillars")
            .iter()
            .filter_map(|e| {
                Some(Pillar {
                    id: e.key.parse().ok()?,
                    name: text(&e.value, "name")?,
                    themes: ids(&e.value, "themes"),
                })
            })
            .collect(),
        themes: entries(root, "themes")
            .iter()
            .filter_map(|e| Some(Theme { id: e.key.parse().ok()?, name: text(&e.value, "name")? }))
            .collect(),
        goals: entries(root, "goals")
            .iter()
            .filter_map(|e| {
                Some(Goal {
                    id: e.key.parse().ok()?,
                    name: text(&e.value, "name")?,
                    measured_by: id(&e.value, "measured_by"),
                })
            })
            .collect(),
        perspectives: entries(root, "perspectives")
            .iter()
            .filter_map(|e| Some(Perspective { id: e.key.parse().ok()?, name: text(&e.value, "name")? }))
            .collect(),
        objectives,
        links,
    })
}

fn key_place(root: &Node, field: &str, key: &str) -> Span {
    entries(root, field).iter().find(|e| e.key == key).map_or(root.span, |e| e.key_span)
}

/// One aim under two perspectives.
fn same_objective(root: &Node, objectives: &[Objective], context: &mut Context<'_>) {
    let mut names: BTreeMap<String, &Objective> = BTreeMap::new();
    for objective in objectives {
        match names.get(&objective.name.to_lowercase()) {
            Some(first) if first.perspective != objective.perspective => {
                let at = key_place(root, "objectives", objective.id.as_str());
                context
                    .findings
                    .report(
                        codes::OBJECTIVE_TWICE,
                        at,
                        format!(
                            "`{}` stands in {} and in {}",
                            objective.name, first.perspective, objective.perspective
                        ),
                    )
                    .related(key_place(root, "objectives", first.id.as_str()), "the other one")
                    .fix("keep it where it belongs, and link it to what it works on");
            }
            Some(_) => {}
            None => {
                names.insert(objective.name.to_lowercase(), objective);
            }
        }
    }
}

fn links(root: &Node, context: &mut Context<'_>) -> Vec<CauseEffect> {
    let mut links = Vec::new();
    let mut edges: BTreeMap<ObjectiveId, BTreeSet<ObjectiveId>> = BTreeMap::new();
    for node in root.get("links").map(Node::items).unwrap_or_default() {
        let (Some(from), Some(to)) = (id::<ObjectiveId>(node, "from"), id::<ObjectiveId>(node, "to")) else {
            continue;
        };
        if from == to {
            context
                .findings
                .report(codes::LINK_TO_ITSELF, place(node, "to"), format!("`{from}` is linked to itself"))
                .fix("name the objective that it works on");
            continue;
        }
        // The way back that this link closes, if there is one.
        if let Some(way) = way(&edges, &to, &from) {
            let shown: Vec<String> = std::iter::once(&from).chain(&way).map(ToString::to_string).collect();
            context
                .findings
                .report(
                    codes::LINK_CYCLE,
                    node.span,
                    format!("effects run in a circle: {}", shown.join(" → ")),
                )
                .fix("remove the weakest link, or give the links a lag and keep the circle knowingly");
        }
        edges.entry(from.clone()).or_default().insert(to.clone());
        let sign = match node.get_text("sign") {
            Some("positive") => Sign::Positive,
            Some("negative") => Sign::Negative,
            _ => continue,
        };
        links.push(CauseEffect {
            from,
            to,
            sign,
            lag: node.get_text("lag").and_then(lexical::lag),
            strength: node.get_text("strength").and_then(|s| match s {
                "weak" => Some(Strength::Weak),
                "moderate" => Some(Strength::Moderate),
                "strong" => Some(Strength::Strong),
                _ => None,
            }),
            why: text(node, "why"),
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
pub(super) fn together(documents: &[Document], strategy: Option<&Strategy>, context: &mut Context<'_>) {
    let (Some(strategy), Some(root)) = (strategy, of_kind(documents, "strategy").next().map(|d| &d.root))
    else {
        return;
    };
    // Also KPIs whose definition is broken serve their objective.
    let all: Vec<&Node> = of_kind(documents, "kpi").map(|d| &d.root).collect();
    for objective in &strategy.objectives {
        let at = key_place(root, "objectives", objective.id.as_str());
        let own: Vec<&&Node> =
            all.iter().filter(|k| k.get_text("objective") == Some(objective.id.as_str())).collect();
        if own.is_empty() {
            context
                .findings
                .report(
                    codes::OBJECTIVE_WITHOUT_KPI,
                    at,
                    format!("no KPI serves the objective `{}`", objective.id),
                )
                .fix(format!("add `objective: {}` to a KPI", objective.id));
            continue;
        }
        if own.iter().all(|k| k.get_text("indicator") == Some("lagging")) {
            context
                .findings
                .report(
                    codes::ONLY_LAGGING,
                    at,
                    format!("all KPIs of the objective `{}` are lagging", objective.id),
                )
                .fix("add a leading KPI: something that moves before the outcome does");
        }
    }
}
