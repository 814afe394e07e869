//! Reviews that can be held, and gates that can be answered.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, rule};
use crate::{
    business_hours::{BusinessHours, NamedHours, nth_open_day, nth_open_day_before},
    codes,
    decode::{Either, Keyed, Placed},
    definitions as written,
    id::{BusinessHoursId, KpiId, OperatingPlanId, ReviewId, ScorecardId, StageGateId, UnitId},
    operating_plan::OperatingPlan,
    project::{Demand, Kpi, Scorecard, StageGate, Unit},
    review::Review,
    source_text::Span,
    word::Word,
    wording::shorten,
};

/// Operating plans by name.
type Plans = BTreeMap<OperatingPlanId, OperatingPlan>;

/// Reads all reviews.
pub(super) fn reviews(
    all: &[Placed<written::Review>],
    (scorecards, units): (&BTreeMap<ScorecardId, Scorecard>, &BTreeMap<UnitId, Unit>),
    (plans, hours): (&Plans, &BTreeMap<BusinessHoursId, NamedHours>),
    context: &mut Context<'_>,
) -> BTreeMap<ReviewId, Review> {
    let mut reviews = BTreeMap::new();
    let mut places: BTreeMap<ReviewId, Span> = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.review.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.review.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::REVIEW, at, format!("there is another review `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        let Some(mut review) = one(id, written) else { continue };
        // A scorecard that is not there or broken has its own finding.
        let Some(card) = scorecards.get(&review.scorecard) else { continue };
        if review.period < card.period {
            let message = format!(
                "`{}` has figures by {}, so nobody can go through them by {}",
                card.id,
                card.period.word(),
                review.period.word()
            );
            context
                .report(codes::REVIEW, written.period.span, message)
                .fix(format!("write `period: {}`, or a longer one", card.period.word()));
        }
        if let Some(unit) = review.unit.as_ref().and_then(|id| units.get(id)) {
            let level = |level| card.cascade.as_ref().is_some_and(|of| of.levels.contains_key(level));
            if card.unit.as_ref() != Some(&unit.id) && !unit.level.as_ref().is_some_and(level) {
                context
                    .report(
                        codes::REVIEW,
                        written.unit.span,
                        format!("`{}` has no figures of `{}`", card.id, unit.id),
                    )
                    .fix("name a unit of its cascade, or leave `unit` out");
            }
        }
        if let Some(gates) = written.gates.get() {
            let own = review.business_hours.as_ref().and_then(|id| hours.get(id));
            opens_by(&mut review, gates, plans, own.map(|of| &of.hours), context);
        }
        reviews.insert(review.id.clone(), review);
    }
    without_review(all, plans, context);
    reviews
}

/// The days on which a review opens by gates of planning.
fn opens_by(
    review: &mut Review,
    written: &written::ReviewGates,
    plans: &Plans,
    hours: Option<&BusinessHours>,
    context: &mut Context<'_>,
) {
    let days = |of: Option<i64>| of.and_then(|n| u16::try_from(n).ok());
    let (before, after) = (days(written.before.get().map(|n| n.0)), days(written.after.get().map(|n| n.0)));
    if before.is_some() && after.is_some() {
        context
            .report(codes::REVIEW, written.after.span, "it opens before a gate or after it, and not both")
            .fix("keep one of `before` and `after`");
    }
    review.by_gates = review.on.is_empty();
    for only in written.only.items() {
        let named = written.of.items().iter().filter_map(|of| named(plans, &of.value));
        let known: BTreeSet<&str> = named.flat_map(|of| of.gates.keys().map(String::as_str)).collect();
        if !known.contains(only.value.as_str()) {
            let message = format!("no plan that it names has a gate `{}`", only.value);
            context.findings.unknown(codes::REVIEW, only.span, message, &only.value, known.iter().copied());
        }
    }
    let only = written.only.is_written().then(|| written.only.values());
    for of in written.of.items() {
        let Some(plan) = named(plans, &of.value) else {
            // One that is broken has its own finding.
            if !context.findings.any(&[codes::OPERATING_PLAN]) {
                let message = format!("there is no operating plan `{}`", shorten(&of.value));
                let known: Vec<&str> = plans.keys().map(OperatingPlanId::as_str).collect();
                context.findings.unknown(codes::REVIEW, of.span, message, &of.value, known.iter().copied());
            }
            continue;
        };
        if plan.gates.is_empty() {
            context
                .report(codes::REVIEW, of.span, format!("`{}` has no gates", plan.id))
                .related(plan.span, "the plan")
                .fix(
                    "say there by when planning comes to something, such as `gates: {forecast: 2026-06-30}`",
                );
        }
        for (name, gate) in &plan.gates {
            if only.as_ref().is_some_and(|only| !only.contains(name)) {
                continue;
            }
            let (day, how) = match (before, after) {
                (Some(n), None) => {
                    (nth_open_day_before(n, *gate, hours), format!("{} before ", of_business(n)))
                }
                (None, Some(n)) => (nth_open_day(n, *gate, hours), format!("{} after ", of_business(n))),
                _ => (Some(*gate), String::new()),
            };
            let Some(day) = day else { continue };
            review.on.insert(day);
            review.gates.insert(day, format!("{how}{name} of {} ({gate})", plan.name));
        }
    }
}

fn named<'a>(plans: &'a Plans, name: &str) -> Option<&'a OperatingPlan> {
    plans.values().find(|plan| plan.id.as_str() == name)
}

fn of_business(n: u16) -> String {
    match n {
        1 => "1 day of business".to_owned(),
        n => format!("{n} days of business"),
    }
}

/// Gates around which nobody meets.
fn without_review(all: &[Placed<written::Review>], plans: &Plans, context: &mut Context<'_>) {
    let names = |plan: &OperatingPlan, gate: &String| {
        all.iter().filter_map(|of| of.value.gates.get()).any(|gates| {
            let only = gates.only.is_written().then(|| gates.only.values());
            gates.of.items().iter().any(|of| of.value == plan.id.as_str())
                && only.is_none_or(|only| only.contains(gate))
        })
    };
    for plan in plans.values() {
        let lonely: Vec<String> = plan
            .gates
            .iter()
            .filter(|(gate, _)| !names(plan, gate))
            .map(|(gate, day)| format!("`{gate}` ({day})"))
            .collect();
        if !lonely.is_empty() {
            context.report(
                codes::GATE_WITHOUT_REVIEW,
                plan.span,
                format!("no review opens around {} of `{}`", lonely.join(", "), plan.id),
            );
        }
    }
}

fn one(id: ReviewId, written: &written::Review) -> Option<Review> {
    let whole = |number: Option<i64>| number.and_then(|number| u16::try_from(number).ok());
    Some(Review {
        id,
        name: written.name.cloned()?,
        scorecard: written.scorecard.cloned()?,
        unit: written.unit.cloned(),
        period: written.period.cloned()?,
        after: whole(written.after.get().map(|n| n.0))?,
        on: written.on.values().into_iter().collect(),
        gates: BTreeMap::new(),
        by_gates: false,
        business_hours: written.business_hours.cloned(),
        chair: written.chair.cloned()?,
        participants: written.participants.values().into_iter().collect(),
        plans: whole(written.plans.get().map(|n| n.0))?,
        ladder: written.ladder.cloned(),
        days: whole(written.days.get().map(|n| n.0))?,
        rotation: whole(written.rotation.get().map(|n| n.0)),
    })
}

/// Reads all gates.
pub(super) fn gates(
    all: &[Placed<written::StageGate>],
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) -> BTreeMap<StageGateId, StageGate> {
    let mut gates = BTreeMap::new();
    let mut places: BTreeMap<StageGateId, Span> = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.stage_gate.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.stage_gate.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::STAGE_GATE, at, format!("there is another stage gate `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        if let Some(gate) = gate(id, written, kpis, context) {
            gates.insert(gate.id.clone(), gate);
        }
    }
    gates
}

fn gate(
    id: StageGateId,
    written: &written::StageGate,
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) -> Option<StageGate> {
    let all = written.when.get()?;
    if all.is_empty() {
        context
            .report(codes::STAGE_GATE, written.when.span, "no KPI is named, so nothing could hold it shut")
            .fix("name one with what it has to be, such as `nps: {at_least: 30}`");
    }
    let mut when = BTreeMap::new();
    for Keyed { key, span, value, .. } in all {
        // A KPI that is not there or broken has its own finding.
        let Some(kpi) = key.as_ref().and_then(|id| kpis.get(id)) else { continue };
        let demand = match value {
            Some(Either::This(_)) => Some(Demand::NotWorse),
            Some(Either::That(of)) => {
                rule::bound(&of.at_least, &of.at_most, kpi, *span, codes::STAGE_GATE, context)
                    .map(Demand::Within)
            }
            None => None,
        };
        when.extend(demand.map(|demand| (kpi.id.clone(), demand)));
    }
    Some(StageGate {
        id,
        name: written.name.cloned()?,
        description: written.description.cloned(),
        when,
        unit: written.unit.cloned(),
        age: written.age.get().and_then(|n| u16::try_from(n.0).ok())?,
    })
}
