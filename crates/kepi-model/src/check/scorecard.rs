//! Scorecards: weights, where KPIs stand, and the cascade to units below.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Context, codes, id, is_defined,
    kpi::{declared_dimensions, grain},
    name_place, of_kind, place, text,
};
use crate::{
    calendar::Grain,
    id::{KpiId, LevelId, PerspectiveId, UnitId},
    lexical, meaning,
    project::{
        BasisPoints, Cascade, CascadeTargets, CascadeValue, Kpi, MissingRule, Scorecard, ScorecardObjective,
        ScorecardPerspective, Strategy, Unit,
    },
    source_text::Span,
    table::Symbol,
    yaml::{Entry, Node},
};

/// Reads a scorecard.
pub(super) fn read(
    root: &Node,
    strategy: Option<&Strategy>,
    kpis: &BTreeMap<KpiId, Kpi>,
    units: &BTreeMap<UnitId, Unit>,
    context: &mut Context<'_>,
) -> Option<Scorecard> {
    let period = root.get_text("period").and_then(grain);
    let perspective_entries = root.get("perspectives").map(Node::entries).unwrap_or_default();
    sums(
        perspective_entries.iter().map(|e| e.value.get("weight")),
        "perspectives",
        place_of_key(root, "perspectives"),
        context,
    );
    let mut perspectives = Vec::new();
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for entry in perspective_entries {
        let objective_entries = entry.value.get("objectives").map(Node::entries).unwrap_or_default();
        sums(
            objective_entries.iter().map(|e| e.value.get("weight")),
            &format!("objectives of {}", entry.key),
            entry.key_span,
            context,
        );
        let mut objectives = Vec::new();
        for objective in objective_entries {
            stands_right(objective, entry, strategy, context);
            let kpi_entries = objective.value.get("kpis").map(Node::entries).unwrap_or_default();
            sums(
                kpi_entries.iter().map(|e| Some(&e.value)),
                &format!("KPIs of {}", objective.key),
                objective.key_span,
                context,
            );
            for kpi in kpi_entries {
                if let Some(first) = seen.insert(&kpi.key, kpi.key_span) {
                    context
                        .findings
                        .report(
                            codes::KPI_TWICE,
                            kpi.key_span,
                            format!("`{}` stands on this scorecard twice", kpi.key),
                        )
                        .related(first, "the first place")
                        .fix("keep it where it belongs");
                }
                if let Some(checked) = kpis.values().find(|k| k.id.as_str() == kpi.key) {
                    placed(checked, objective, kpi, period, root, context);
                }
            }
            objectives.extend(read_objective(objective));
        }
        if let (Ok(id), Some(weight)) = (entry.key.parse(), weight(entry.value.get("weight"))) {
            perspectives.push(ScorecardPerspective { id, weight, objectives });
        }
    }
    let order: BTreeMap<&PerspectiveId, usize> = strategy
        .map(|s| s.perspectives.iter().enumerate().map(|(i, p)| (&p.id, i)).collect())
        .unwrap_or_default();
    perspectives.sort_by_key(|p| order.get(&p.id).copied().unwrap_or(usize::MAX));
    let unit: Option<UnitId> = id(root, "unit");
    let cascade = root.get("cascade").and_then(|node| cascade(node, unit.as_ref(), units, context));
    let missing = root.get("missing");
    let mut scorecard = Scorecard {
        id: id(root, "scorecard")?,
        name: text(root, "name")?,
        unit,
        period: period?,
        missing: match missing.and_then(|m| m.get_text("rule")).unwrap_or("ignore") {
            "ignore" => MissingRule::Ignore,
            "block" => MissingRule::Block,
            "worst_case" => MissingRule::WorstCase,
            _ => return None,
        },
        minimum_coverage: missing
            .and_then(|m| m.get_text("minimum_coverage"))
            .map_or(Some(0.0), |t| lexical::share(t).map(lexical::Decimal::to_f64))?,
        perspectives,
        cascade,
        hash: crate::id::Hash([0; 32]),
        span: name_place(root),
    };
    scorecard.hash = meaning::scorecard(&scorecard, kpis);
    Some(scorecard)
}

fn place_of_key(root: &Node, key: &str) -> Span {
    root.entries().iter().find(|e| e.key == key).map_or(root.span, |e| e.key_span)
}

fn read_objective(entry: &Entry) -> Option<ScorecardObjective> {
    Some(ScorecardObjective {
        id: entry.key.parse().ok()?,
        weight: weight(entry.value.get("weight"))?,
        kpis: entry
            .value
            .get("kpis")?
            .entries()
            .iter()
            .filter_map(|k| Some((k.key.parse().ok()?, weight(Some(&k.value))?)))
            .collect(),
    })
}

/// A weight in parts of 10 000; finer ones are no weights.
fn weight(node: Option<&Node>) -> Option<BasisPoints> {
    let share = lexical::share(node?.text()?)?;
    u32::try_from(share.at_scale(4)?).ok()
}

/// Siblings' weights sum to 100 %.
fn sums<'a>(nodes: impl Iterator<Item = Option<&'a Node>>, what: &str, at: Span, context: &mut Context<'_>) {
    let mut total = 0;
    let mut places = Vec::new();
    for node in nodes {
        let Some(node) = node else { return };
        let Some(part) = weight(Some(node)) else {
            if node.text().and_then(lexical::share).is_some() {
                context
                    .findings
                    .report(codes::WEIGHTS, node.span, "this weight is too fine")
                    .expected("a weight in hundredths of a per cent at most, such as `33.33%`");
            }
            return;
        };
        total += part;
        places.push(node.span);
    }
    if total == 10_000 || places.is_empty() {
        return;
    }
    let shown = |p: i64| {
        if p % 100 == 0 { format!("{}%", p / 100) } else { format!("{}.{:02}%", p / 100, p % 100) }
    };
    let difference = 10_000 - i64::from(total);
    let finding = context.findings.report(
        codes::WEIGHTS,
        at,
        format!("the weights of the {what} sum to {}", shown(i64::from(total))),
    );
    finding.expected("100%").fix(if difference > 0 {
        format!("add {} to one of them, or share it out", shown(difference))
    } else {
        format!("take {} from one of them", shown(-difference))
    });
    for place in places.iter().take(8) {
        finding.related(*place, "");
    }
}

/// An objective stands under its own perspective.
fn stands_right(
    objective: &Entry,
    perspective: &Entry,
    strategy: Option<&Strategy>,
    context: &mut Context<'_>,
) {
    let own = strategy.and_then(|s| s.objectives.iter().find(|o| o.id.as_str() == objective.key));
    if let Some(own) = own
        && own.perspective.as_str() != perspective.key
        && is_defined(context, Symbol::Perspective, &perspective.key)
        && is_defined(context, Symbol::Perspective, own.perspective.as_str())
    {
        let finding = context.findings.report(
            codes::OTHER_OBJECTIVE,
            objective.key_span,
            format!(
                "the strategy puts `{}` under {}, not {}",
                objective.key, own.perspective, perspective.key
            ),
        );
        if let Some(span) = context.symbols.span(Symbol::Objective, &objective.key) {
            finding.related(span, "in the strategy");
        }
        finding.fix(format!("move it to `{}`", own.perspective));
    }
}

/// A KPI stands under its own objective, is no coarser than the scorecard and has a target.
fn placed(
    kpi: &Kpi,
    objective: &Entry,
    entry: &Entry,
    period: Option<Grain>,
    root: &Node,
    context: &mut Context<'_>,
) {
    if let Some(own) = &kpi.objective
        && own.as_str() != objective.key
        && is_defined(context, Symbol::Objective, &objective.key)
        && is_defined(context, Symbol::Objective, own.as_str())
    {
        context
            .findings
            .report(
                codes::OTHER_OBJECTIVE,
                entry.key_span,
                format!("`{}` serves {own}, but stands under {}", kpi.id, objective.key),
            )
            .related(kpi.span, "the KPI")
            .fix(format!("move it to `{own}`, or change the KPI's objective"));
    }
    if let Some(period) = period
        && period < kpi.period
    {
        context
            .findings
            .report(
                codes::PERIOD_TOO_FINE,
                place(root, "period"),
                format!("`{}` has a value each {}, which is longer", kpi.id, meaning::grain_word(kpi.period)),
            )
            .related(kpi.span, "the KPI")
            .fix(format!("write `period: {}`, or make the KPI finer", meaning::grain_word(kpi.period)));
    }
}

fn cascade(
    node: &Node,
    unit: Option<&UnitId>,
    units: &BTreeMap<UnitId, Unit>,
    context: &mut Context<'_>,
) -> Option<Cascade> {
    let mut levels = BTreeMap::new();
    for entry in node.get("match").map(Node::entries).unwrap_or_default() {
        if is_defined(context, Symbol::Level, &entry.key) {
            let below = units.values().any(|u| {
                u.level.as_ref().is_some_and(|l| l.as_str() == entry.key)
                    && unit.is_none_or(|top| u.id != *top && is_below(u, top, units))
            });
            if !below && unit.is_none_or(|u| units.contains_key(u)) {
                context
                    .findings
                    .report(
                        codes::CASCADE_LEVEL,
                        entry.key_span,
                        format!("no unit of level `{}` lies below the scorecard's", entry.key),
                    )
                    .fix("give the units of that level this scorecard's unit as an ancestor, or match another level");
            }
        }
        if let (Ok(level), Some(dimension)) =
            (entry.key.parse::<LevelId>(), entry.value.text().and_then(|t| t.parse().ok()))
        {
            levels.insert(level, dimension);
        }
    }
    Some(Cascade {
        levels,
        value: match node.get_text("value").unwrap_or("recompute") {
            "recompute" => CascadeValue::Recompute,
            "average_of_children" => CascadeValue::AverageOfChildren,
            _ => return None,
        },
        targets: match node.get_text("targets").unwrap_or("inherit") {
            "inherit" => CascadeTargets::Inherit,
            "own" => CascadeTargets::Own,
            _ => return None,
        },
    })
}

/// Whether a unit lies below another; circles end the walk.
fn is_below(unit: &Unit, top: &UnitId, units: &BTreeMap<UnitId, Unit>) -> bool {
    let mut at = unit.parent.as_ref();
    for _ in 0..=units.len() {
        match at {
            Some(parent) if parent == top => return true,
            Some(parent) => at = units.get(parent).and_then(|u| u.parent.as_ref()),
            None => return false,
        }
    }
    false
}

/// What scorecards and KPIs say of each other: dimensions of the cascade, KPIs on no scorecard.
pub(super) fn together(
    documents: &[crate::yaml::Document],
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let kpi_roots: BTreeMap<&str, &Node> =
        of_kind(documents, "kpi").filter_map(|d| Some((d.root.get_text("kpi")?, &d.root))).collect();
    for document in of_kind(documents, "scorecard") {
        let root = &document.root;
        let on_it: Vec<&Entry> = root
            .get("perspectives")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .flat_map(|p| p.value.get("objectives").map(Node::entries).unwrap_or_default())
            .flat_map(|o| o.value.get("kpis").map(Node::entries).unwrap_or_default())
            .collect();
        for entry in &on_it {
            if let Some(kpi) = kpi_roots.get(entry.key.as_str())
                && kpi.get("targets").is_none_or(|t| t.items().is_empty())
            {
                context
                    .findings
                    .report(
                        codes::KPI_WITHOUT_TARGET,
                        entry.key_span,
                        format!("`{}` has no target and so no score", entry.key),
                    )
                    .related(name_place(kpi), "the KPI")
                    .fix("add `targets` to the KPI");
            }
        }
        let on_it: Vec<&str> = on_it.into_iter().map(|e| e.key.as_str()).collect();
        used.extend(&on_it);
        let matched = root.get("cascade").and_then(|c| c.get("match")).map(Node::entries).unwrap_or_default();
        for entry in matched {
            let Some(dimension) = entry.value.text() else { continue };
            let without: Vec<&str> = on_it
                .iter()
                .copied()
                .filter(|k| kpi_roots.get(k).is_some_and(|r| !declared_dimensions(r).contains(dimension)))
                .collect();
            if without.is_empty() {
                continue;
            }
            let list = without.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
            let finding = context.findings.report(
                codes::CASCADE_DIMENSION,
                entry.value.span,
                format!("the dimension `{dimension}` is not in the `by` of {list}"),
            );
            for kpi in without.iter().take(8) {
                if let Some(kpi_root) = kpi_roots.get(kpi) {
                    finding.related(name_place(kpi_root), "this KPI cannot be computed for a unit");
                }
            }
            finding.fix(format!(
                "add a path that ends with `{dimension}` to the `by` of {list}, or match another dimension"
            ));
        }
    }
    // Where there is no scorecard yet, or none is wanted, no KPI was forgotten.
    let some = of_kind(documents, "scorecard").next().is_some();
    for kpi in kpis.values().filter(|k| some && !used.contains(k.id.as_str())) {
        context
            .findings
            .report(codes::NO_SCORECARD, kpi.span, format!("`{}` stands on no scorecard", kpi.id))
            .fix("add it under its objective on a scorecard, or remove it");
    }
}
