//! Incentive plans: whether each is the pay of somebody, and whether pay puts about the weight on a KPI that the scorecard and the money do.

use std::collections::BTreeMap;

use super::{Context, scorecard::weight};
use crate::{
    codes,
    decode::Placed,
    definitions as written,
    id::{IncentivePlanId, OperatingPlanId, ScorecardId},
    operating_plan::OperatingPlan,
    project::{IncentivePlan, Scorecard, WHOLE, weighed, weight_said},
    source_text::Span,
};

/// Of which objectives the share in the money lies farther from the weight on a scorecard than an operating plan says it may.
fn budgets(
    scorecards: &BTreeMap<ScorecardId, Scorecard>,
    operating_plans: &BTreeMap<OperatingPlanId, OperatingPlan>,
    context: &mut Context<'_>,
) {
    for plan in operating_plans.values() {
        let Some((within, version)) = plan.within.zip(plan.versions.last()) else { continue };
        let all: i128 = version.amounts.values().map(|amount| i128::from(*amount)).sum();
        let last = plan.until.yesterday().ok();
        let cards = scorecards.values().filter(|card| plan.unit.is_none() || plan.unit == card.unit);
        for card in cards.filter_map(|card| card.in_force(last?)) {
            let objectives =
                card.perspectives.iter().flat_map(|p| p.objectives.iter().map(move |o| (p.weight, o)));
            for (above, objective) in objectives {
                let on_card = u64::from(above) * u64::from(objective.weight) * 10_000;
                let part = i128::from(version.amounts.get(&objective.id).copied().unwrap_or(0));
                let share = (part * i128::from(WHOLE)).checked_div(all).and_then(|of| u64::try_from(of).ok());
                let Some(share) =
                    share.filter(|of| of.abs_diff(on_card) > u64::from(within) * (WHOLE / 10_000))
                else {
                    continue;
                };
                let message = format!(
                    "`{}` weighs {} of `{}`, and has {} of the money of `{}` ({})",
                    objective.id,
                    weight_said(on_card),
                    card.id,
                    weight_said(share),
                    plan.id,
                    version.id
                );
                context
                    .report(codes::WEIGHTS_DIFFER, plan.span, message)
                    .related(card.span, "the scorecard")
                    .expected(format!("within {} % of the whole of each other", f64::from(within) / 100.0))
                    .fix("weigh it alike, plan otherwise, or say in `within` how far apart they may be");
            }
        }
    }
}

/// Reads all incentive plans.
pub(super) fn read(
    all: &[Placed<written::IncentivePlan>],
    scorecards: &BTreeMap<ScorecardId, Scorecard>,
    operating_plans: &BTreeMap<OperatingPlanId, OperatingPlan>,
    context: &mut Context<'_>,
) -> BTreeMap<IncentivePlanId, IncentivePlan> {
    budgets(scorecards, operating_plans, context);
    let mut places: BTreeMap<IncentivePlanId, Span> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.incentive_plan.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.incentive_plan.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::INCENTIVE_PLAN, at, format!("there is another incentive plan `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name, such as with its year");
        }
        let Some(plan) = one(id, written, context) else { continue };
        compare(&plan, written, scorecards, operating_plans, context);
        found.insert(plan.id.clone(), plan);
    }
    found
}

fn one(
    id: IncentivePlanId,
    written: &written::IncentivePlan,
    context: &mut Context<'_>,
) -> Option<IncentivePlan> {
    let (from, until) = (written.from.cloned(), written.until.cloned());
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        context
            .report(codes::INCENTIVE_PLAN, written.until.span, format!("`{id}` ends before it begins"))
            .fix(format!("write a day after {from}"));
    }
    if written.people.items().is_empty() && written.units.items().is_empty() {
        context
            .report(
                codes::INCENTIVE_PLAN,
                written.incentive_plan.span,
                format!("`{id}` is the pay of nobody"),
            )
            .fix("add `people: […]`, or `units: […]` whose managers are paid by it");
    }
    let weights: BTreeMap<_, _> = written
        .weights
        .items()
        .iter()
        .filter_map(|of| Some((of.key.clone()?, weight(of.value.as_ref())?)))
        .collect();
    let sum: u32 = weights.values().sum();
    let is_known = written.weights.items().iter().all(|of| of.value.is_some());
    let message = match sum {
        0 if is_known => Some(format!("nothing of `{id}` hangs on a KPI")),
        0..=10_000 => None,
        _ => Some(format!("more hangs on the KPIs of `{id}` than is paid: {} %", f64::from(sum) / 100.0)),
    };
    if let Some(message) = message {
        context
            .report(codes::INCENTIVE_PLAN, written.weights.span, message)
            .expected("weights that sum to 100 % or less");
    }
    Some(IncentivePlan {
        name: written.name.cloned()?,
        description: written.description.cloned(),
        from: from?,
        until,
        weights,
        people: written.people.values().into_iter().collect(),
        units: written.units.values().into_iter().collect(),
        owner: written.owner.cloned(),
        scorecard: written.scorecard.cloned(),
        within: weight(written.within.get())?,
        span: written.incentive_plan.span,
        id,
    })
}

/// Says of which KPIs the weights lie apart, side by side.
fn compare(
    plan: &IncentivePlan,
    written: &written::IncentivePlan,
    scorecards: &BTreeMap<ScorecardId, Scorecard>,
    operating_plans: &BTreeMap<OperatingPlanId, OperatingPlan>,
    context: &mut Context<'_>,
) {
    for card in scorecards.values().filter_map(|card| plan.goes_with(card)) {
        for of in written.weights.items() {
            let Some(kpi) = of.key.as_ref() else { continue };
            let weights = weighed(kpi, card, std::iter::once(plan), operating_plans, plan.days());
            if weights.apart().next().is_none() {
                continue;
            }
            let own = weights
                .pay
                .iter()
                .map(|(_, own)| format!("{} of the pay by `{}`", weight_said(*own), plan.id));
            let card = [format!("{} of `{}`", weight_said(weights.on_card), card.id)];
            let money = weights.money.iter().map(|(of, version, share)| {
                format!("{} of the money of `{}` ({})", weight_said(*share), of.id, version.id)
            });
            let all: Vec<String> = own.chain(card).chain(money).collect();
            context
                .report(codes::WEIGHTS_DIFFER, of.span, format!("`{kpi}` weighs {}", all.join(", ")))
                .expected(format!(
                    "weights within {} % of the whole of each other",
                    f64::from(plan.within) / 100.0
                ))
                .fix("weigh it alike, or say in `within` how far apart they may be");
        }
    }
}
