//! Segments that are judged by KPIs of their own: that there are such figures, that no case counts twice, and whether all count.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, WrittenObjective, is_defined, sums};
use crate::{
    codes,
    decode::{Keyed, Placed},
    definitions as written,
    id::{KpiId, ObjectiveId},
    measure::Carry,
    project::Kpi,
    table::Symbol,
    wording::{shorten, some_of},
};

/// Checks the segments of an objective. `cascaded` are the dimensions whose members are units.
pub(super) fn check(
    objective: &Keyed<ObjectiveId, WrittenObjective>,
    cascaded: &[&str],
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) {
    let Some(of) = &objective.value else { return };
    let all = of.segments.items();
    if of.kpis.is_written() == of.segments.is_written() {
        let text = match of.kpis.is_written() {
            true => "whoever is in a segment would count twice: by `kpis` and by `segments`",
            false => "nothing says what the objective is judged by",
        };
        context
            .report(codes::SEGMENTS, objective.span, text)
            .expected("`kpis`, or `segments` that have `kpis`")
            .fix("keep one of them; KPIs over all cases go to an objective of their own");
        return;
    }
    if all.is_empty() {
        if of.weigh_by.is_written() {
            let message = "`weigh_by` weighs segments, and there are none";
            context.report(codes::SEGMENTS, of.weigh_by.key, message).fix("leave it out, or add `segments`");
        }
        return;
    }
    weights(objective, of, kpis, context);
    for segment in all.iter().map(|item| &item.value) {
        let entries = segment.kpis.items();
        let each = entries.iter().map(|k| Some((k.value.as_ref(), k.at)));
        sums(each, "KPIs of a segment", segment.kpis.key, context);
        let known = entries.iter().filter_map(|entry| Some((entry.span, kpis.get(entry.key.as_ref()?)?)));
        let worth = of.weigh_by.get().and_then(|id| kpis.get(id)).map(|kpi| (of.weigh_by.span, kpi));
        for (span, kpi) in known.chain(worth) {
            has_figures(kpi, span, segment, cascaded, context);
        }
    }
    overlaps(all, context);
    gaps(objective, all, kpis, context);
}

/// What segments weigh is given, or said by a total.
fn weights(
    objective: &Keyed<ObjectiveId, WrittenObjective>,
    of: &WrittenObjective,
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) {
    let all = of.segments.items();
    let given = all.iter().filter(|of| of.value.weight.is_written()).count();
    let expected = if of.weigh_by.is_written() { 0 } else { all.len() };
    if given != expected {
        let text = match of.weigh_by.is_written() {
            true => "the segments have weights, and `weigh_by` says what they weigh",
            false => "a segment has no weight",
        };
        context
            .report(codes::SEGMENTS, of.segments.key, text)
            .expected("a weight for each segment, or `weigh_by` with a total, such as customers or revenue")
            .fix("keep the weights or `weigh_by`");
    } else if !of.weigh_by.is_written() {
        let weights = all.iter().map(|of| Some((of.value.weight.get(), of.value.weight.span)));
        sums(weights, &format!("segments of {}", objective.text), of.segments.key, context);
    }
    if let Some(worth) = of.weigh_by.get()
        && is_defined(context, Symbol::Kpi, worth.as_str())
        && let Some(kpi) = kpis.get(worth)
        && kpi.measure.kind().over_units() == Carry::Stays
    {
        context
            .report(
                codes::SEGMENTS,
                of.weigh_by.span,
                format!("`{worth}` is no total: it does not say how much of the whole a segment is"),
            )
            .related(kpi.span, "the KPI")
            .expected("a KPI that counts or adds up, such as customers or revenue");
    }
}

/// A KPI that judges a segment, or weighs it, has figures of it; of a cascade also together with each unit.
fn has_figures(
    kpi: &Kpi,
    at: crate::source_text::Span,
    of: &written::ScorecardSegment,
    cascaded: &[&str],
    context: &mut Context<'_>,
) {
    let before = context.findings.count();
    let mut together: BTreeSet<&str> = BTreeSet::new();
    for of in of.segment.items() {
        together.insert(&of.text);
        let Some(dimension) = kpi.by.iter().find(|dimension| dimension.id.as_str() == of.text) else {
            let message = format!("`{}` has no figures by `{}`", kpi.id, shorten(&of.text));
            let known = kpi.by.iter().map(|dimension| dimension.id.as_str());
            let finding = context.findings.unknown(codes::NO_SUCH_SEGMENT, of.span, message, &of.text, known);
            if finding.fix.is_none() {
                finding.fix("add it to the `by` of the KPI, or choose another KPI for this segment");
            }
            finding.related(at, "the KPI here");
            continue;
        };
        let Some(member) = &of.value else { continue };
        let known = dimension.members();
        if !known.is_empty() && !known.contains(&member.as_str()) {
            let message = format!("`{}` has no member `{}`", dimension.id, shorten(member));
            context.findings.unknown(codes::NO_SUCH_SEGMENT, of.at, message, member, known);
        }
        if cascaded.contains(&of.text.as_str()) {
            context
                .report(
                    codes::NO_SUCH_SEGMENT,
                    of.span,
                    format!(
                        "the cascade reads units by `{}`, so no unit has several of its members",
                        of.text
                    ),
                )
                .fix("choose another dimension, or leave the cascade to a scorecard without segments");
        }
    }
    if context.findings.count() != before {
        return;
    }
    let units = cascaded.iter().map(Some).chain([None]);
    for unit in units {
        let all: BTreeSet<&str> = together.iter().copied().chain(unit.copied()).collect();
        let crossed = kpi
            .cross
            .iter()
            .any(|of| of.len() == all.len() && of.iter().all(|dimension| all.contains(dimension.as_str())));
        if all.len() > 1 && !crossed {
            let names: Vec<&str> = all.into_iter().collect();
            let message = format!("`{}` has no figures by {} together", kpi.id, names.join(" and "));
            context
                .report(codes::NO_SUCH_SEGMENT, at, message)
                .related(kpi.span, "the KPI")
                .fix(format!("add `[{}]` to its `cross`", names.join(", ")));
        }
    }
}

/// Two segments have no case in common only where a dimension tells them apart.
fn overlaps(all: &[Placed<written::ScorecardSegment>], context: &mut Context<'_>) {
    for (place, one) in all.iter().enumerate() {
        for other in all.iter().skip(place + 1) {
            let apart = one.value.segment.items().iter().any(|of| {
                let same = other.value.segment.items().iter().find(|other| other.text == of.text);
                same.is_some_and(|other| other.value != of.value)
            });
            if !apart {
                context
                    .report(
                        codes::SEGMENTS_OVERLAP,
                        other.value.segment.span,
                        "a case can be in this segment and in another of the objective, and would count twice",
                    )
                    .related(one.value.segment.span, "the other segment")
                    .fix("name another member of a dimension of the other segment, or make one segment of the two");
            }
        }
    }
}

/// Members of which no segment is.
fn gaps(
    objective: &Keyed<ObjectiveId, WrittenObjective>,
    all: &[Placed<written::ScorecardSegment>],
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) {
    let of_one = |of: &Placed<written::ScorecardSegment>| match of.value.segment.items() {
        [one] => Some((one.text.clone(), one.value.clone()?)),
        _ => None,
    };
    let Some(named) = all.iter().map(of_one).collect::<Option<Vec<_>>>() else { return };
    let Some((dimension, _)) = named.first() else { return };
    let entries = all.iter().flat_map(|of| of.value.kpis.items());
    let judged = entries.filter_map(|entry| kpis.get(entry.key.as_ref()?));
    let mut known = judged.flat_map(|kpi| &kpi.by).filter(|of| of.id.as_str() == dimension);
    let Some(members) = known.next().map(|of| of.members()) else { return };
    let missing: Vec<&str> =
        members.into_iter().filter(|member| !named.iter().any(|(_, of)| of == member)).collect();
    if !missing.is_empty() {
        let list = some_of(missing.iter().copied());
        context
            .report(
                codes::SEGMENTS_GAP,
                objective.span,
                format!("no KPI of `{}` judges {dimension} {list}", objective.text),
            )
            .fix("add a segment for it, or leave it out on purpose: pages say that it is not judged");
    }
}
